"""Every language says everything, with the same placeholders, in words of its own, the way its style guide writes numbers."""

from __future__ import annotations

import ast
import re

import pytest
from catalogues import AROUND_OTHER_WORDS, OTHERS, TEXTS

from cases import ROOT
from fundalloc.labels import LANGUAGES, Words, label, languages

HARD = "\u00a0"
ALIKE: dict[str, set[str]] = {
    "bg": set(),
    "fr": {
        "Action", "Agriculture", "Coefficient", "Directive", "Distance", "Euratom", "Exception", "Exceptions", "Fiche", "Flexible", "Force",
        "Formulation", "Instrument", "Instruments", "Migration", "Note", "Notes", "Plan", "Plans", "Points", "Route", "Score",
        "Source", "Sources", "Total", "Transit", "Visas", "flexible", "instrument", "instruments", "optimal", "points",
        "score", "total",
    },
    "de": {
        "Euratom", "Form", "Instrument", "Marker", "Migration", "Name", "Parameter", "Plan", "Region", "Reserve", "Route", "Solver",
        "Status", "Transit", "bilateral", "global", "optimal", "regional",
    },
}  # fmt: skip
"""Words that a language shares with English, letter for letter."""
CODES = re.compile(r"\{\w+\}|`[^`]*`|\bfundalloc( \w+)?|\b(ISO|SHA|EUR|EU|OK|HiGHS|LibreOffice|Excel|CSV|JSON|HTML)\b")
"""What is no word of any language: placeholders, commands, codes."""
SHEET = {
    "bg": r"лист(?:а|ът|ове|овете)? „([^“]+)“",
    "fr": r"feuilles? «\u00a0([^»]+)\u00a0»",
    "de": r"Bl(?:att|atts|ätter|ättern) „([^“]+)“",
}
"""How a sentence of each language names a sheet."""


def placeholders(text: str) -> set[str]:
    return set(re.findall(r"\{(\w*)\}", text))


def all_texts(language: str) -> list[tuple[str, str]]:
    """Return every text, and every one that stands around the words of a scenario."""
    return [*TEXTS[language].items(), *AROUND_OTHER_WORDS[language].items()]


def words(text: str) -> set[str]:
    return set(re.findall(r"[^\W\d_]+", CODES.sub(" ", text)))


def test_the_languages_are_those_of_scenario_texts() -> None:
    assert languages() == sorted(LANGUAGES)


@pytest.mark.parametrize("language", OTHERS)
class TestEveryLanguage:
    def test_says_everything(self, language: str) -> None:
        missing = [key for key in TEXTS["en"] if key not in TEXTS[language]]
        assert not missing, f"not yet in {language}.toml"

    def test_says_nothing_that_english_does_not(self, language: str) -> None:
        assert not [key for key in TEXTS[language] if key not in TEXTS["en"]]

    def test_has_the_same_placeholders(self, language: str) -> None:
        both = TEXTS["en"].keys() & TEXTS[language].keys()
        assert not [key for key in both if placeholders(TEXTS["en"][key]) != placeholders(TEXTS[language][key])]

    def test_is_translated(self, language: str) -> None:
        """A text is equal to English only where its words are the same in both, or where it has no words."""
        both = TEXTS["en"].keys() & TEXTS[language].keys()
        same = {key: words(TEXTS["en"][key]) for key in both if TEXTS[language][key] == TEXTS["en"][key]}
        alike = ALIKE.get(language, set())
        left = {key: found - alike for key, found in same.items() if found - alike}
        assert not left, "translate it, or put a word that is the same in both into ALIKE"
        assert alike == set().union(*same.values()), "drop from ALIKE what it no longer needs"

    def test_names_sheets_by_their_names(self, language: str) -> None:
        names = {text for key, text in TEXTS[language].items() if re.fullmatch(r"(.*\.)?sheet\.\w+\.name|study\.\w+\.name", key)}
        named = [(key, found) for key, text in TEXTS[language].items() for found in re.findall(SHEET[language], text)]
        assert len(named) > 5
        assert not [(key, found) for key, found in named if found not in names]

    def test_ends_sentences_as_english_does(self, language: str) -> None:
        both = (TEXTS["en"].keys() & TEXTS[language].keys()) - {"number.decimal", "workbook.not_applicable"}
        assert not [key for key in both if TEXTS[language][key].endswith(".") != TEXTS["en"][key].endswith(".")]


@pytest.mark.parametrize("language", LANGUAGES)
class TestEveryText:
    def test_is_a_text(self, language: str) -> None:
        assert not [key for key, text in TEXTS[language].items() if not isinstance(text, str) or not text.strip()]

    def test_begins_and_ends_with_spaces_where_english_does(self, language: str) -> None:
        for key in TEXTS["en"].keys() & TEXTS[language].keys():
            ours, english = TEXTS[language][key], TEXTS["en"][key]
            assert (ours[:1] == " ", ours[-1:] == " ") == (english[:1] == " ", english[-1:] == " "), key

    def test_has_no_half_placeholder(self, language: str) -> None:
        assert not [
            key for key, text in TEXTS[language].items() if re.sub(r"\{\w+\}", "", text).strip("{}") != re.sub(r"\{\w+\}", "", text)
        ]

    def test_fits_where_it_goes(self, language: str) -> None:
        """Sheet names as Excel allows them; headings without the signs that references escape; no straight double quote."""
        for book in ("sheet", "comparison.sheet"):
            names = [text for key, text in TEXTS[language].items() if re.fullmatch(rf"{book}\.\w+\.name", key)]
            assert len({name.casefold() for name in names}) == len(names)
            assert not [name for name in names if len(name) > 31 or re.search(r"[\[\]:*?/\\']", name)]
        headings = [text for key, text in TEXTS[language].items() if key.startswith("workbook.column.")]
        assert not [text for text in headings if re.search(r"['\[\]#@\"\n]", text) or len(text) > 60]
        assert not [key for key, text in TEXTS[language].items() if '"' in text]

    def test_words_that_formulas_look_for_are_not_patterns(self, language: str) -> None:
        """COUNTIF takes *, ? and ~ for patterns, and <, > and = for comparisons."""
        sought = ("status.", "workbook.counts.", "workbook.check.passed", "workbook.check.failed", "workbook.whole_period", "workbook.none")
        assert not [key for key, text in TEXTS[language].items() if key.startswith(sought) and re.search(r"[*?~]|^[<>=]", text)]

    def test_status_words_differ(self, language: str) -> None:
        for group in ("status.", "workbook.check.passed|workbook.check.failed", "workbook.counts.", "workbook.force.", "workbook.side."):
            words = [text.casefold() for key, text in TEXTS[language].items() if key.startswith(tuple(group.split("|")))]
            assert len(set(words)) == len(words)

    def test_units_follow_the_style_guide(self, language: str) -> None:
        """Interinstitutional Style Guide 7.3.3: the code before the amount in English, after it elsewhere, hard spaces between."""
        for key, text in all_texts(language):
            assert not re.search(r"[\d}] (?:%|EUR|млн\.|Mio\.|millions? d)", text), f"{key}: a soft space before a unit"
            assert not re.search(r"EUR [\d{]", text), f"{key}: a soft space after EUR"
            if language == "en":
                assert not re.search(r"[\d}]\s(?:million )?EUR\b", text), key
            else:
                assert not re.search(r"EUR\s*[\d{]", text), key
            assert "€" not in text, key

    def test_quotes_and_spaces_are_those_of_the_language(self, language: str) -> None:
        for key, text in all_texts(language):
            if language == "fr":
                assert "'" not in text, f"{key}: write ’"
                assert not re.search(r"(?<!\u00a0)[;:!?»](?!\w)", re.sub(r"`[^`]*`|\{\w+\}:|\w:\w", "", text)), (
                    f"{key}: a hard space before {text}"
                )
                assert not re.search(r"«(?!\u00a0)", text), key
            elif language in ("bg", "de"):
                assert text.count("„") == text.count("“"), key
                assert not re.search("[«»”‘]", text), key

    def test_bulgarian_has_no_latin_look_alikes(self, language: str) -> None:
        """A Latin a or o inside a Cyrillic word cannot be seen, and cannot be found."""
        if language == "bg":
            mixed = [
                key
                for key, text in all_texts("bg")
                if re.search(r"[а-яА-Я][a-zA-Z]|[a-zA-Z][а-яА-Я]", re.sub(r"\{\w+\}|`[^`]*`", " ", text))
            ]
            assert not mixed


class TestWords:
    def test_numbers(self) -> None:
        assert Words("en").number(12500.25, 1) == f"12{HARD}500.2"
        assert Words("bg").number(12500.25, 1) == f"12{HARD}500,2"
        assert Words("de").signed(-1234.5, 1) == f"-1{HARD}234,5"
        assert Words("fr").signed(2, 1) == "+2,0"
        assert Words("fr").signed(-0.04, 1) == "0,0"

    def test_money_and_shares(self) -> None:
        written = {language: Words(language).money(12.5, 1) for language in LANGUAGES}
        assert (
            written.items()
            >= {
                "en": f"EUR{HARD}12.5 million",
                "bg": f"12,5{HARD}млн.{HARD}EUR",
                "fr": f"12,5{HARD}millions d’EUR",
                "de": f"12,5{HARD}Mio.{HARD}EUR",
            }.items()
        )
        assert Words("en").share(0.125, 1) == "12.5%"
        assert {Words(language).share(0.125, 1) for language in ("bg", "fr", "de")} == {f"12,5{HARD}%"}

    def test_a_missing_text_is_never_replaced(self) -> None:
        with pytest.raises(KeyError):
            label("workbook.no_such_text", "bg")


def test_every_key_that_the_code_names_exists() -> None:
    """Literal keys given to label() or words(); those put together from parts are met when sheets and reports are built."""
    named = set()
    for path in sorted((ROOT / "src").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("label", "words") and node.args:
                first = node.args[0]
                if isinstance(first, ast.Constant) and isinstance(first.value, str) and "." in first.value:
                    named.add(first.value)
    assert len(named) > 10
    assert not sorted(named - TEXTS["en"].keys())
