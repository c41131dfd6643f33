"""The sources behind an answer, as BibTeX."""

from collections.abc import Iterable
from typing import Any

from skinbeam.document import document, sha256_of
from skinbeam.sources import bibliography, bibtex, cite

__all__ = ["cite_document", "cite_text"]


def cite_text(keys: Iterable[str] = ()) -> str:
    """Return the BibTeX of the sources named, each once, in the order given; of all when none is named.

    Raises
    ------
    InputError : no such key; the nearest is named.
    """
    return bibtex(dict.fromkeys(keys) or bibliography())


def cite_document(keys: Iterable[str] = ()) -> dict[str, Any]:
    """Return `skinbeam.cite/1`: `sources`, each with its key, kind and fields, in the order of `cite_text`.

    Raises
    ------
    InputError : no such key; the nearest is named.
    """
    asked = list(dict.fromkeys(keys))
    found = [cite(key) for key in asked or bibliography()]
    return document(
        "skinbeam.cite/1",
        case_sha256=sha256_of({"command": "cite", "keys": asked}),
        seed=0,
        body={"sources": [{"key": source.key, "kind": source.kind, **source.fields} for source in found]},
    )
