"""Derive needs.csv, and the absorption column of partnerships.csv, from published indicators.

    python derive_needs.py [FOLDER ...]           rewrites both files of each scenario folder
    python derive_needs.py --check [FOLDER ...]   writes nothing; exit code 1 if a file differs

Without a folder, every folder beside this script that holds a parameters.csv is done. Inputs: indicators.csv
beside this script (published figures), and parameters.csv, partnerships.csv, decided.csv in the folder.
Words in `backticks` are parameters. Amounts are EUR million over the whole period, rounded to 0.1.

Bilateral partnerships
    protected persons = mean of the years given + `unrwa_weight` x UNRWA registrations + `displaced_inside_weight` x displaced inside
    refugees          = `eur_per_person.REGION` x protected persons
    opportunities     = `opportunities_scale` x sqrt(population) x (youth unemployment, kept within
                        `unemployment_least` and `unemployment_most`) / `unemployment_least`
    smuggling         = `transit.major`, `transit.minor` or 0 + `smuggling_scale` x sqrt(first applications in the EU)
    returns           = `returns_scale` x sqrt(first applications in the EU) x `readmission_factor` if readmission is agreed
    legal-pathways    = `legal_scale` x sqrt(population) x `talent_factor` for a Talent Partnership
Means over two or three years keep one re-count (as in Iran or Lebanon in 2025) from moving the money. Unemployment is kept
within bounds because the modelled figure counts informal work as employment and is near zero in the Sahel. A figure that
is missing (Kosovo* is not a row of the statistics) is the mean of the other partners of the same grouping. Smuggling and
returns count `limited_factor` in partnerships with status:limited; status:suspended has needs for refugees only; so has
`no_need` for single pairs.

Regional and global partnerships
    `regional_share.AREA` or `global_share.AREA` of the bilateral needs that they serve. A regional one serves the partners
    with its route, or without a route those of its grouping. A global one serves all partners, in the areas of its focus.
    Money that Member States already give comes on top: the share is what the EU side could usefully do.

Every need
    x `price_scale`, at least `smallest_need`, and at least `decided_margin` x the money already decided for the pair.

Priority
    1, + up to 0.3 for refugees by protected persons per 1 000 inhabitants (full at 50), + 0.1 or - 0.1 for smuggling (on a
    main transit route or not), + 0.1 or - 0.1 for returns (readmission agreed or not), + 0.2 for legal pathways in a
    Talent Partnership; - 0.1 with status:limited; always 0.9 for regional and global partnerships.

Absorption per year
    `absorption_factor` x mean yearly need, at least `smallest_absorption`, at least 1.15 x the largest decided year,
    rounded up to a multiple of 5.
"""

import csv
import io
import math
import sys
from pathlib import Path
from statistics import mean

HERE = Path(__file__).parent
AREAS = ("refugees", "opportunities", "smuggling", "returns", "legal-pathways")
FOCUS = {"displacement": AREAS[:2], "mobility": AREAS[2:]}
NOT_COUNTED = {"efsd-plus", "macro-financial-assistance", "frontex"}  # memo instruments
MEMBER_STATES = "member-states"

SOURCES = {
    "refugees": "UNHCR and UNRWA figures, mean of end 2024 and end 2025; formula in derive_needs.py",
    "opportunities": "World Bank population 2024, ILO youth unemployment 2022; formula in derive_needs.py",
    "smuggling": "UNHCR first asylum applications in the EU, mean of 2023-2025; formula in derive_needs.py",
    "returns": "UNHCR first asylum applications in the EU, mean of 2023-2025; formula in derive_needs.py",
    "legal-pathways": "World Bank population 2024; formula in derive_needs.py",
}


def read(path):
    """Read a CSV file into one dict per row."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def text_of(header, rows):
    """Return the text of a CSV file."""
    out = io.StringIO()
    writer = csv.DictWriter(out, header, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def read_indicators():
    """Return {(partnership, indicator): mean of the years given}."""
    values = {}
    for row in read(HERE / "indicators.csv"):
        values.setdefault((row["partnership"], row["indicator"]), []).append(float(row["value"]))
    return {key: mean(found) for key, found in values.items()}


class Folder:
    """The inputs of one scenario folder, and the formulas over them."""

    def __init__(self, path, indicators):
        self.path = path
        self.indicators = indicators
        self.parameter = {row["parameter"]: row["value"] for row in read(path / "parameters.csv")}
        self.rows = read(path / "partnerships.csv")
        self.leaves = [row for row in self.rows if row["level"]]
        self.bilateral = [row for row in self.leaves if row["level"] == "bilateral"]
        self.parents = {row["id"]: row["within"] for row in self.rows}
        decided = path / "decided.csv"
        counted = read(decided) if decided.exists() else []
        self.decided = [row for row in counted if row["instrument"] not in NOT_COUNTED]

    def number(self, name):
        """Return a parameter as a number."""
        return float(self.parameter[name])

    def indicator(self, row, name, default=None):
        """Return the figure of this partner; without one, the default or the mean of its neighbours in the grouping."""
        if (row["id"], name) in self.indicators:
            return self.indicators[row["id"], name]
        if default is not None:
            return default
        found = [self.indicators.get((other["id"], name)) for other in self.bilateral if other["within"] == row["within"]]
        return mean(value for value in found if value is not None)

    def groupings(self, row):
        """Yield the groupings around a partnership, from the inside out."""
        at = row["within"]
        while at:
            yield at
            at = self.parents[at]

    def protected_persons(self, row):
        """Return the weighted number of people in need of protection."""
        return (
            self.indicator(row, "protected_persons")
            + self.number("unrwa_weight") * self.indicator(row, "unrwa_registered", 0)
            + self.number("displaced_inside_weight") * self.indicator(row, "displaced_inside", 0)
        )

    def bilateral_need(self, row, area):
        """Return the need of a bilateral partnership, before prices and decided money."""
        pair = f"{row['id']}:{area}"
        if pair in self.parameter.get("no_need", "").split():
            return 0
        if "status:suspended" in tags(row) and area != "refugees":
            return 0
        limited = self.number("limited_factor") if "status:limited" in tags(row) else 1
        root_of_applications = math.sqrt(self.indicator(row, "first_applications_eu"))
        root_of_population = math.sqrt(self.indicator(row, "population_million"))
        match area:
            case "refugees":
                per_person = self.number(f"eur_per_person.{tag(row, 'region')}")
                return per_person * self.protected_persons(row) / 1e6
            case "opportunities":
                least, most = self.number("unemployment_least"), self.number("unemployment_most")
                unemployment = min(max(self.indicator(row, "youth_unemployment_percent"), least), most)
                return self.number("opportunities_scale") * root_of_population * unemployment / least
            case "smuggling":
                transit = tag(row, "transit")
                base = self.number(f"transit.{transit}") if transit else 0
                return limited * (base + self.number("smuggling_scale") * root_of_applications)
            case "returns":
                factor = self.number("readmission_factor") if tag(row, "readmission") else 1
                return limited * self.number("returns_scale") * root_of_applications * factor
            case "legal-pathways":
                factor = self.number("talent_factor") if tag(row, "talent") else 1
                return self.number("legal_scale") * root_of_population * factor

    def served(self, row):
        """Return the bilateral partnerships that a regional or global one serves."""
        routes = {one for one in tags(row) if one.startswith("route:")}
        if row["level"] == "global":
            return self.bilateral
        if routes:
            return [other for other in self.bilateral if routes & tags(other)]
        return [other for other in self.bilateral if row["within"] in self.groupings(other)]

    def shared_need(self, row, area):
        """Return the need of a regional or global partnership, before prices and decided money."""
        if (row["id"], f"fixed_need.{area}") in self.indicators:
            return self.indicators[row["id"], f"fixed_need.{area}"]
        if row["level"] == "global" and area not in FOCUS.get(tag(row, "focus"), ()):
            return 0
        share = self.number(f"{row['level']}_share.{area}")
        return share * sum(self.bilateral_need(other, area) for other in self.served(row))

    def need(self, row, area):
        """Return the need of any partnership; 0 when there is none."""
        raw = self.bilateral_need(row, area) if row["level"] == "bilateral" else self.shared_need(row, area)
        rows = [one for one in self.decided if (one["partnership"], one["area"]) == (row["id"], area)]
        if not raw and not rows:
            return 0
        decided = sum(float(one["amount"]) for one in rows)
        given = sum(float(one["amount"]) for one in rows if one["instrument"] == MEMBER_STATES)
        scaled = raw * self.number("price_scale") + given
        return max(scaled, self.number("smallest_need"), decided * self.number("decided_margin"))

    def priority(self, row, area):
        """Return the weight of one euro of met need."""
        if row["level"] != "bilateral":
            return 0.9
        plus = 0.0
        if area == "refugees":
            per_1000 = self.protected_persons(row) / self.indicator(row, "population_million") / 1000
            plus = 0.3 * min(1, per_1000 / 50)
        elif area == "smuggling":
            plus = 0.1 if tag(row, "transit") == "major" else -0.1
        elif area == "returns":
            plus = 0.1 if tag(row, "readmission") else -0.1
        elif area == "legal-pathways":
            plus = 0.2 if tag(row, "talent") else 0
        return 1 + plus - (0.1 if "status:limited" in tags(row) else 0)

    def needs(self):
        """Yield the rows of needs.csv."""
        for row in self.leaves:
            for area in AREAS:
                need = self.need(row, area)
                if need:
                    own = row["level"] == "bilateral"
                    yield {
                        "partnership": row["id"],
                        "area": area,
                        "need": f"{need:.1f}",
                        "priority": f"{self.priority(row, area):.2f}",
                        "source": SOURCES[area] if own else "rule for regional and global partnerships in derive_needs.py",
                        "confidence": "assumption",  # published indicators, but the parameters of the formula are assumptions
                    }

    def absorption(self, row, needs):
        """Return what a partnership can take in a year."""
        per_year = sum(float(one["need"]) for one in needs if one["partnership"] == row["id"]) / self.number("years")
        decided = {}
        for one in self.decided:
            if one["partnership"] == row["id"]:
                decided[one["year"]] = decided.get(one["year"], 0) + float(one["amount"])
        least = max(self.number("smallest_absorption"), 1.15 * max(decided.values(), default=0))
        return 5 * math.ceil(max(self.number("absorption_factor") * per_year, least) / 5)

    def files(self):
        """Return {path: the text that it should hold}."""
        needs = list(self.needs())
        partnerships = [row | {"absorption": self.absorption(row, needs) if row["level"] else ""} for row in self.rows]
        return {
            self.path / "needs.csv": text_of(list(needs[0]), needs),
            self.path / "partnerships.csv": text_of(list(self.rows[0]), partnerships),
        }


def tags(row):
    """Return the tags of a partnership."""
    return set(row["tags"].split())


def tag(row, group):
    """Return the value of this tag group, or an empty text."""
    return next((one.partition(":")[2] for one in row["tags"].split() if one.startswith(group + ":")), "")


def main(arguments):
    """Run the command line; returns the exit code."""
    check = "--check" in arguments
    named = [Path(one) for one in arguments if one != "--check"]
    folders = named or sorted(path.parent for path in HERE.glob("*/parameters.csv"))
    indicators = read_indicators()
    differ = False
    for path in folders:
        for file, text in Folder(path, indicators).files().items():
            if check and (not file.exists() or file.read_text(encoding="utf-8") != text):
                print(f"{file} differs: run derive_needs.py", file=sys.stderr)
                differ = True
            elif not check:
                file.write_text(text, encoding="utf-8", newline="\n")
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
