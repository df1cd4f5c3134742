"""The pages that people read, and what stands on one of them."""

from pathlib import Path

from cases import ROOT

PAGES = (
    *("README.md", "CONTRIBUTING.md", "scenarios/README.md"),
    *sorted(path.relative_to(ROOT).as_posix() for path in Path(ROOT, "examples").rglob("*.md")),
)


def page(name: str) -> str:
    return (ROOT / name).read_text("utf-8")
