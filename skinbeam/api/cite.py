"""Cite sources of the bibliography as BibTeX or as the document `skinbeam.cite/1`."""

from collections.abc import Iterable
from typing import Any

from skinbeam.model.document import build_document, sha256_hex
from skinbeam.model.sources import bibliography, find_source, format_bibtex

__all__ = ["cite_document", "cite_text"]


def cite_text(keys: Iterable[str] = ()) -> str:
    """Return the BibTeX of the sources with these keys, each once, in the order given; of all sources without keys.

    Raises
    ------
    InputError : no such key; the nearest is named.
    """
    return format_bibtex(dict.fromkeys(keys) or bibliography())


def cite_document(keys: Iterable[str] = ()) -> dict[str, Any]:
    """Return `skinbeam.cite/1`, in which `sources` has the key, kind and fields of each, in the order of `cite_text`.

    Raises
    ------
    InputError : no such key; the nearest is named.
    """
    asked = list(dict.fromkeys(keys))
    found = [find_source(key) for key in asked or bibliography()]
    return build_document(
        "skinbeam.cite/1",
        case_sha256=sha256_hex({"command": "cite", "keys": asked}),
        seed=0,
        body={"sources": [{"key": source.key, "kind": source.kind, **source.fields} for source in found]},
    )
