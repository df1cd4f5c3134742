"""A scenario's own words, in every language."""

from fundalloc.labels import Language

WORDS = {
    "instrument": {"en": "fund", "bg": "фонд", "de": "Fonds", "fr": "fonds"},
    "instruments": {"en": "funds", "bg": "фондове", "de": "Fonds", "fr": "fonds"},
    "partnership": {"en": "Member State", "bg": "държава членка", "de": "Mitgliedstaat", "fr": "État membre"},
    "partnerships": {"en": "Member States", "bg": "държави членки", "de": "Mitgliedstaaten", "fr": "États membres"},
    "area": {"en": "category of region", "bg": "категория региони", "de": "Regionenkategorie", "fr": "catégorie de régions"},
    "areas": {"en": "categories of region", "bg": "категории региони", "de": "Regionenkategorien", "fr": "catégories de régions"},
    "total": {"en": "EU funding", "bg": "финансиране от ЕС", "de": "EU-Mittel", "fr": "financement de l’UE"},
}


def spoken(language: str) -> Language:
    return Language(language, {key: said[language] for key, said in WORDS.items()})
