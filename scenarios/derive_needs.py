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

Every need is written with its terms: indicator x parameter x factor + adjustment, what they are, and why it was adjusted.

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
from fractions import Fraction
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


LANGUAGES = ("en", "bg", "fr", "de")
TERMS = {
    "refugees": (
        "million persons in need of protection (weighted) x EUR per person x price scale",
        "милиони лица, нуждаещи се от закрила (претеглени) x EUR на лице x ценови множител",
        "millions de personnes ayant besoin de protection (pondérées) x EUR par personne x échelle des prix",
        "Millionen Schutzbedürftige (gewichtet) x EUR je Person x Preisfaktor",
    ),
    "opportunities": (
        "square root of the population in millions x EUR million x youth unemployment over its lower bound and price scale",
        "корен квадратен от населението в милиони x млн. EUR x младежка безработица спрямо долната ѝ граница и ценови множител",
        "racine carrée de la population en millions x millions d’EUR x chômage des jeunes sur sa borne inférieure et échelle des prix",
        "Quadratwurzel der Bevölkerung in Millionen x Mio. EUR x Jugendarbeitslosigkeit im Verhältnis zu ihrer Untergrenze und Preisfaktor",
    ),
    "smuggling": (
        "square root of first applications in the EU x EUR million x status and price scale",
        "корен квадратен от първите молби в ЕС x млн. EUR x статус и ценови множител",
        "racine carrée des premières demandes dans l’UE x millions d’EUR x statut et échelle des prix",
        "Quadratwurzel der Erstanträge in der EU x Mio. EUR x Status und Preisfaktor",
    ),
    "returns": (
        "square root of first applications in the EU x EUR million x readmission, status and price scale",
        "корен квадратен от първите молби в ЕС x млн. EUR x обратно приемане, статус и ценови множител",
        "racine carrée des premières demandes dans l’UE x millions d’EUR x réadmission, statut et échelle des prix",
        "Quadratwurzel der Erstanträge in der EU x Mio. EUR x Rückübernahme, Status und Preisfaktor",
    ),
    "legal-pathways": (
        "square root of the population in millions x EUR million x Talent Partnership and price scale",
        "корен квадратен от населението в милиони x млн. EUR x партньорство за таланти и ценови множител",
        "racine carrée de la population en millions x millions d’EUR x partenariat destiné à attirer les talents et échelle des prix",
        "Quadratwurzel der Bevölkerung in Millionen x Mio. EUR x Fachkräftepartnerschaft und Preisfaktor",
    ),
    "shared": (
        "needs of the partnerships served, EUR million x share x price scale",
        "потребности на обслужваните партньорства, млн. EUR x дял x ценови множител",
        "besoins des partenariats desservis, millions d’EUR x part x échelle des prix",
        "Bedarf der bedienten Partnerschaften, Mio. EUR x Anteil x Preisfaktor",
    ),
    "fixed": (
        "stated need, EUR million x 1 x price scale",
        "посочена потребност, млн. EUR x 1 x ценови множител",
        "besoin indiqué, millions d’EUR x 1 x échelle des prix",
        "angegebener Bedarf, Mio. EUR x 1 x Preisfaktor",
    ),
}
"""What indicator, parameter and factor are, in the order of LANGUAGES."""
REASONS = {
    "transit": (
        "base on migration routes",
        "база по миграционни маршрути",
        "base sur les routes migratoires",
        "Sockel auf Migrationsrouten",
    ),
    "given": ("given by Member States", "дадено от държави членки", "donné par les États membres", "von Mitgliedstaaten gegeben"),
    "smallest": (
        "raised to the smallest need",
        "увеличено до най-малката потребност",
        "porté au besoin minimal",
        "auf den kleinsten Bedarf angehoben",
    ),
    "decided": (
        "raised to cover money already decided, with a margin",
        "увеличено, за да покрие вече решените средства с резерв",
        "porté à la couverture des montants déjà décidés, avec une marge",
        "angehoben, um schon beschlossene Mittel mit Spielraum zu decken",
    ),
}  # fmt: skip
"""Why a need was adjusted."""


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

    def bilateral_terms(self, row, area):
        """Return indicator, parameter, factor and base of a bilateral partnership, before prices and decided money; None without need."""
        pair = f"{row['id']}:{area}"
        if pair in self.parameter.get("no_need", "").split():
            return None
        if "status:suspended" in tags(row) and area != "refugees":
            return None
        limited = self.number("limited_factor") if "status:limited" in tags(row) else 1
        root_of_applications = math.sqrt(self.indicator(row, "first_applications_eu"))
        root_of_population = math.sqrt(self.indicator(row, "population_million"))
        match area:
            case "refugees":
                return self.protected_persons(row) / 1e6, self.number(f"eur_per_person.{tag(row, 'region')}"), 1, 0
            case "opportunities":
                least, most = self.number("unemployment_least"), self.number("unemployment_most")
                unemployment = min(max(self.indicator(row, "youth_unemployment_percent"), least), most)
                return root_of_population, self.number("opportunities_scale"), unemployment / least, 0
            case "smuggling":
                transit = tag(row, "transit")
                base = self.number(f"transit.{transit}") if transit else 0
                return root_of_applications, self.number("smuggling_scale"), limited, limited * base
            case "returns":
                factor = self.number("readmission_factor") if tag(row, "readmission") else 1
                return root_of_applications, self.number("returns_scale"), limited * factor, 0
            case "legal-pathways":
                factor = self.number("talent_factor") if tag(row, "talent") else 1
                return root_of_population, self.number("legal_scale"), factor, 0

    def bilateral_need(self, row, area):
        """Return the need of a bilateral partnership, before prices and decided money."""
        terms = self.bilateral_terms(row, area)
        return terms[0] * terms[1] * terms[2] + terms[3] if terms else 0

    def served(self, row):
        """Return the bilateral partnerships that a regional or global one serves."""
        routes = {one for one in tags(row) if one.startswith("route:")}
        if row["level"] == "global":
            return self.bilateral
        if routes:
            return [other for other in self.bilateral if routes & tags(other)]
        return [other for other in self.bilateral if row["within"] in self.groupings(other)]

    def shared_terms(self, row, area):
        """Return the terms of a regional or global partnership, before prices and decided money."""
        if (row["id"], f"fixed_need.{area}") in self.indicators:
            return self.indicators[row["id"], f"fixed_need.{area}"], 1, 1, 0
        if row["level"] == "global" and area not in FOCUS.get(tag(row, "focus"), ()):
            return None
        served = sum(self.bilateral_need(other, area) for other in self.served(row))
        return served, self.number(f"{row['level']}_share.{area}"), 1, 0

    def need(self, row, area):
        """Return the need of any partnership with the columns that say its terms; None when there is none."""
        own = row["level"] == "bilateral"
        terms = self.bilateral_terms(row, area) if own else self.shared_terms(row, area)
        rows = [one for one in self.decided if (one["partnership"], one["area"]) == (row["id"], area)]
        indicator, parameter, factor, base = terms or (0, 1, 1, 0)
        raw = indicator * parameter * factor + base
        if not raw and not rows:
            return None
        scale, reasons = self.number("price_scale"), ["transit"] if base else []
        decided = sum(float(one["amount"]) for one in rows)
        given = sum(float(one["amount"]) for one in rows if one["instrument"] == MEMBER_STATES)
        scaled = raw * scale + given
        least, covered = self.number("smallest_need"), decided * self.number("decided_margin")
        need = max(scaled, least, covered)
        reasons += ["given"] * bool(given) + (["smallest" if least >= covered else "decided"] if need > scaled else [])
        kind = area if own else "fixed" if (row["id"], f"fixed_need.{area}") in self.indicators else "shared"
        return f"{need:.1f}", {
            **told_terms(f"{need:.1f}", indicator, parameter, factor * scale, base * scale + given + need - scaled),
            **per_language("terms", TERMS[kind]),
            **per_language("reason", *(REASONS[reason] for reason in reasons)),
        }

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
                found = self.need(row, area)
                if found:
                    need, terms = found
                    own = row["level"] == "bilateral"
                    yield {
                        "partnership": row["id"],
                        "area": area,
                        "need": need,
                        "priority": f"{self.priority(row, area):.2f}",
                        **terms,
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


def told_terms(need, *figures):
    """Write terms with as many digits as it takes for them to give the need as it is written."""
    for digits in range(4, 16):
        texts = [f"{figure:.{digits}f}".rstrip("0").rstrip(".") or "0" for figure in figures]
        indicator, parameter, factor, adjustment = map(Fraction, texts)
        if abs(indicator * parameter * factor + adjustment - Fraction(need)) <= Fraction(1, 20):
            break
    return dict(zip(("indicator", "parameter", "factor", "adjustment"), texts, strict=True))


def per_language(column, *parts):
    """Return the columns of a text in every language; several parts stand one after the other."""
    texts = ["; ".join(part[k] for part in parts) for k in range(len(LANGUAGES))]
    return {column if language == "en" else f"{column}.{language}": text for language, text in zip(LANGUAGES, texts, strict=True)}


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
