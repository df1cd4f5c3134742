"""The pictures of the pages, from shipped scenarios: `python examples/pictures/make.py` (LibreOffice, pdftoppm, Pillow; two minutes)."""

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image, ImageChops, ImageDraw

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
MFF, TINY = ROOT / "scenarios" / "mff-2021-2027", ROOT / "examples" / "tiny" / "tiny.yaml"
BOOKS = {
    "plan": ("run", MFF / "ten-percent-cut.yaml", "--baseline", MFF / "baseline.yaml"),
    "tiny": ("run", TINY),
    "frontier": ("frontier", TINY, "--between", "impact,lowest_coverage"),
}
PICTURES = {
    "cover": ("plan", "Cover", 0.75),
    "cabinet": ("plan", "Cabinet page", 1.0),
    "pledges": ("plan", "Pledges", 1.0),
    "yellow-cells": ("tiny", "Allocation", 0.5),
    "rules": ("tiny", "Rules", 1.0),
    "frontier": ("frontier", "Corners", 1.0),
}
"""Picture: the workbook, its sheet, and how much of the page from the top."""
PAGES, SCALE, GAP, MUCH, YELLOW = 60, 0.57, 12, 40, (255, 249, 224)


def pages_of(name: str, folder: Path) -> list[tuple[str, int, Path]]:
    """Return the text, number and file of the pages that a workbook prints on."""
    book = folder / f"{name}.xlsx"
    subprocess.run([sys.executable, "-m", "fundalloc", *map(str, BOOKS[name]), "-o", book, "-q"], check=True)
    only = f'pdf:calc_pdf_Export:{{"PageRange":{{"type":"string","value":"1-{PAGES}"}}}}'
    subprocess.run(["soffice", "--headless", "--convert-to", only, "--outdir", folder, book], check=True, capture_output=True)
    paper = book.with_suffix(".pdf")
    texts = subprocess.run(["pdftotext", "-layout", paper, "-"], check=True, capture_output=True, text=True).stdout.split("\f")
    return [(text, number, paper) for number, text in enumerate(texts, 1)]


def picture(paper: Path, number: int, part: float) -> Image.Image:
    """Return a page as a picture, without its margins and what stands in them."""
    target = paper.with_suffix("")
    subprocess.run(["pdftoppm", "-r", "150", "-f", str(number), "-l", str(number), "-singlefile", "-png", paper, target], check=True)
    page = Image.open(target.with_suffix(".png")).convert("RGB")
    edge = int(0.06 * min(page.size))
    page = page.crop((0, edge, page.width, int((page.height - edge) * part)))
    left, top, right, bottom = ImageChops.difference(page, Image.new("RGB", page.size, "white")).getbbox()
    page = page.crop((max(left - 15, 0), max(top - 15, 0), min(right + 15, page.width), min(bottom + 15, page.height)))
    return page.resize((round(page.width * SCALE), round(page.height * SCALE)), Image.Resampling.LANCZOS)


def main() -> None:
    with TemporaryDirectory() as folder:
        books = {name: pages_of(name, Path(folder)) for name in BOOKS}
        for name, (book, sheet, part) in PICTURES.items():
            paper, number = next((paper, number) for text, number, paper in books[book] if sheet in text.lstrip().split("\n")[0])
            made = picture(paper, number, part)
            if name == "yellow-cells":
                mark(made)
            made.quantize(64).save(HERE / f"{name}.png", optimize=True)


def mark(page: Image.Image) -> None:
    """Draw a frame around every column that is pale yellow."""
    off = ImageChops.difference(page, Image.new("RGB", page.size, YELLOW)).split()
    near = ImageChops.lighter(ImageChops.lighter(*off[:2]), off[2]).point(lambda value: 255 * (value < 6))
    across, down = (near.resize(size, Image.Resampling.BOX).tobytes() for size in ((page.width, 1), (1, page.height)))
    strip, rows = [value > MUCH for value in across], [y for y, value in enumerate(down) if value > MUCH]
    starts = [x for x in range(page.width) if strip[x] and not any(strip[max(x - GAP, 0) : x])]
    ends = [x for x in range(page.width) if strip[x] and not any(strip[x + 1 : x + GAP])]
    for left, right in zip(starts, ends, strict=True):
        ImageDraw.Draw(page).rectangle((left - 4, rows[0] - 4, right + 4, rows[-1] + 4), outline="#c00000", width=3)


if __name__ == "__main__":
    main()
