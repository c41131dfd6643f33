"""Metadata for fields of records that a JSON document holds in another form than by their name and value.

A field that is declared with it, as `field(metadata=json_name("class"))`, needs no code where its record is written.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import Field
from typing import Any, Final

from skinbeam.text import Message

__all__ = [
    "NOT_IN_DOCUMENT",
    "TEXT_AND_MESSAGE",
    "Entries",
    "field_entries",
    "json_entries",
    "json_name",
    "json_sentence",
]

Entries = Iterable[tuple[str, Any]]  # keys of the document, with their values
Metadata = Mapping[str, Callable[[Any], Entries]]
_ENTRIES = "json_entries"


def field_entries(declared: "Field[Any]", value: Any) -> Entries:
    """Return the keys and values of a document for the value of a field; None does not apply and has none."""
    if _ENTRIES in declared.metadata:
        entries: Callable[[Any], Entries] = declared.metadata[_ENTRIES]
        return entries(value)
    return () if value is None else ((declared.name, value),)


def json_entries(entries: Callable[[Any], Entries]) -> Metadata:
    """Return the metadata of a field whose keys and values in a document are made from its value."""
    return {_ENTRIES: entries}


def json_name(key: str) -> Metadata:
    """Return the metadata of a field that has another name in a document."""
    return json_entries(lambda value: ((key, value),))


def json_sentence(key: str) -> Metadata:
    """Return the metadata of a field whose message, or messages, are sentences in a document.

    None is left out.
    """

    def sentences(value: Message | tuple[Message, ...] | None) -> Entries:
        if isinstance(value, tuple):
            return ((key, [message.document_text for message in value]),)
        return () if value is None else ((key, value.document_text),)

    return json_entries(sentences)


# Of a field that a document does not contain.
NOT_IN_DOCUMENT: Final = json_entries(lambda value: ())

# Of a field whose message is in a document as `text`, the sentence, and `message`, its id and parameters.
TEXT_AND_MESSAGE: Final = json_entries(
    lambda message: (("text", message.document_text), ("message", {"id": message.id, "params": message.params}))
)
