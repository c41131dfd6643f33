"""The sources behind an answer, as BibTeX."""

from collections.abc import Iterable

from skinbeam.sources import bibliography, bibtex

__all__ = ["cite_text"]


def cite_text(keys: Iterable[str] = ()) -> str:
    """Return the BibTeX of the sources named, each once, in the order given; of all when none is named.

    Raises
    ------
    InputError : no such key; the nearest is named.
    """
    return bibtex(dict.fromkeys(keys) or bibliography())
