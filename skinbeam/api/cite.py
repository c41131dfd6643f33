"""Cite sources of the bibliography as BibTeX or as the document `skinbeam.cite/1`."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from skinbeam.model.document import DocumentResult, named_sources, sha256_hex
from skinbeam.model.errors import InputError, NotAvailable
from skinbeam.model.estimate import Unknown
from skinbeam.model.input_files import file_exists, read_bytes
from skinbeam.model.sources import bibliography, find_source, format_bibtex, source_keys

__all__ = ["Bibliography", "cite_document", "cite_text"]

_FIELD = "KEY"
_DOCUMENT_SUFFIX = ".json"
_MAX_DOCUMENT_BYTES = 50_000_000  # a plan of four concerns has a million


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Bibliography(DocumentResult):
    """Sources with their `key`, `kind` and fields of BibTeX; unknown where a document names none."""

    schema: ClassVar[str] = "skinbeam.cite/1"

    sources: tuple[Mapping[str, str], ...] | Unknown


def cite_text(names: Iterable[str] = ()) -> str:
    """Return the BibTeX of these sources, each once, in the order given; of all sources without a name.

    Parameters
    ----------
    names : keys of sources, and paths of JSON documents of skinbeam, which stand for the sources that they name.

    Raises
    ------
    InputError : no such key, and the nearest is named; a file that cannot be read, or is no such document.
    NotAvailable : none of the documents names a source.
    """
    return format_bibtex(_asked_keys(names) or bibliography())


def cite_document(names: Iterable[str] = ()) -> Bibliography:
    """Return `skinbeam.cite/1`, with the sources in the order of `cite_text`.

    Raises
    ------
    InputError, NotAvailable : as for `cite_text`.
    """
    asked = _asked_keys(names)
    sources = map(find_source, asked or bibliography())
    return _bibliography_of(
        asked, tuple({"key": source.key, "kind": source.kind, **source.fields} for source in sources)
    )


def _bibliography_of(keys: list[str], sources: tuple[Mapping[str, str], ...] | Unknown) -> Bibliography:
    return Bibliography(case_sha256=sha256_hex({"command": "cite", "keys": keys}), seed=0, sources=sources)


def _asked_keys(names: Iterable[str]) -> list[str]:
    """Return the keys that are named, alone or in documents, each once; empty if nothing was named."""
    names = list(names)
    keys = list(dict.fromkeys(key for name in names for key in _keys_behind(name)))
    if names and not keys:
        files = ", ".join(Path(name).name for name in names)
        reason = f"no source is named in {files}"
        raise NotAvailable(reason, answer=_bibliography_of([], Unknown(reason)))
    return keys


def _keys_behind(name: str) -> Iterator[str]:
    """Yield the key itself, or the sources of the document at that path: of the whole, else of its parts."""
    path = Path(name)
    if name in source_keys() or not (path.suffix == _DOCUMENT_SUFFIX or file_exists(path)):
        yield name
        return
    for key in dict.fromkeys(_document_keys(path)):
        try:
            find_source(key)
        except InputError as error:
            error.file = path.name
            raise
        yield key


def _document_keys(path: Path) -> list[str]:
    """Return the sources that a document of skinbeam names.

    Raises
    ------
    InputError : missing, too large, not JSON, or another file.
    """
    data = read_bytes(
        path, field=_FIELD, max_bytes=_MAX_DOCUMENT_BYTES, description="a plan or another document of skinbeam"
    )
    try:
        document = json.loads(data)
        if not str(document["schema"]).startswith("skinbeam."):
            raise ValueError("the schema is another")
        return list(named_sources({"sources": document.get("sources")})) or list(named_sources(document))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise InputError(
            "not-a-document",
            f'"{path.name}" is no JSON document of skinbeam',
            field=_FIELD,
            hint="A source key, or a file such as plan.json, which `consult` writes, or what --json printed.",
            file=path.name,
        ) from None
