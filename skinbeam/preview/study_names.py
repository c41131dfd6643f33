"""Name studies in texts for patients by first author and year, in place of the key that programs read."""

import re

from skinbeam.model.sources import BibliographyEntry, bibliography
from skinbeam.text import render_message

__all__ = ["name_studies", "short_source"]

_TITLE_WORDS = 6
_WORD = re.compile(r"\w+")


def name_studies(text: str) -> str:
    """Return a text in which each word that is a key of the bibliography is replaced by the short name of its source.

    The reasons of a plan are stored as text, with the keys of the studies that they name.
    """
    known = bibliography()
    return _WORD.sub(lambda word: short_source(known[word[0]]) if word[0] in known else word[0], text)


def short_source(source: BibliographyEntry) -> str:
    """Return first author and year; for a source with unread authors, the beginning of its title in quotes."""
    first = source.first_author
    if not first:
        words = source.fields.get("title", source.key).strip("[]{}").split()
        title = f"{' '.join(words[:_TITLE_WORDS])}{' …' if len(words) > _TITLE_WORDS else ''}"
        first = render_message("leaflet.study_title", {"title": title})
    year = source.fields.get("year", "")
    return f"{first} {year}" if year.isdigit() else first
