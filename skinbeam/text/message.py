"""Messages: an id with parameters, rendered in the current language; and translation of records."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any, TypeVar

from skinbeam.text.catalogues import (
    ENGLISH,
    current_language,
    document_language,
    message_parameters,
    message_template,
    use_language,
)
from skinbeam.text.formatter import Formatter
from skinbeam.text.translation import translate

__all__ = [
    "DocumentWarning",
    "Message",
    "render_message",
    "translate_record",
    "translate_texts",
]


def render_message(id: str, params: Mapping[str, Any] | None = None) -> str:
    """Render message `id` with its parameters in the current language.

    Raises
    ------
    KeyError : the id is not in the catalogue.
    ValueError : the parameters are not exactly those of the message.
    """
    params = params or {}
    if message_parameters(id) != set(params):
        raise ValueError(f"message {id} takes {sorted(message_parameters(id))}, not {sorted(params)}")
    template, language = message_template(id)
    if not params:
        return template.format()
    with use_language(language):  # numbers and names in a message without a translation are English too
        return template.format(**{name: Formatter().value(value) for name, value in params.items()})


@dataclass(frozen=True)
class Message:
    """A message: its id in the catalogue and its parameters."""

    id: str
    params: Mapping[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The message in the current language; parameters that are English text are translated too."""
        return render_message(self.id, {name: _translate_parameter(value) for name, value in self.params.items()})

    @property
    def english(self) -> str:
        """The message in English."""
        with use_language(ENGLISH):
            return self.text

    @property
    def document_text(self) -> str:
        """The message in the language of documents."""
        with use_language(document_language()):
            return self.text

    def as_record(self) -> dict[str, Any]:
        """Return id, parameters and the text."""
        return {"id": self.id, "params": dict(self.params), "text": self.document_text}


def _translate_parameter(value: Any) -> Any:
    """Translate a parameter that comes from data files; text that a person typed goes to `render_message` directly."""
    if isinstance(value, list | tuple):
        return [_translate_parameter(item) for item in value]
    return translate(value) if isinstance(value, str) else value


@dataclass(frozen=True)
class DocumentWarning:
    """A warning of a document: a code for programs, and a message for people."""

    code: str
    message: Message

    def as_record(self) -> dict[str, str]:
        """Return the JSON shape of a warning."""
        return {"code": self.code, "message": self.message.document_text}


# Translation of a record whose names and reasons are English text.
#
# Messages are rendered in the current language wherever they are shown; plain text is looked up by its English text
# (`translate`). Ids, keys and text that a person typed are not changed.

Translatable = TypeVar("Translatable")

# Fields of a plan and of its figure data whose text is for people.
_TEXT_FIELDS = frozenset({"title", "device_title", "light", "reason", "message", "effect", "harm", "limits"})
# Fields with one of a few words, which programs read and pages show.
_WORD_FIELDS = frozenset({"severity", "sex", "strength"})
_HASH_FIELD = "plan_sha256"


def translate_record(record: Translatable) -> Translatable:
    """Return a plan or its figure data for people, in the current language; the hash of a plan does not change."""
    return _translate_fields(record, _TEXT_FIELDS | _WORD_FIELDS)


def translate_texts(record: Translatable) -> Translatable:
    """Return a plan for its document in the current language; words that programs read stay as they are."""
    return _translate_fields(record, _TEXT_FIELDS)


def _translate_fields(record: Translatable, names: frozenset[str]) -> Translatable:
    if current_language() == ENGLISH:
        return record
    translated: Translatable = _translate_value(record, names)
    if hasattr(record, _HASH_FIELD):
        vars(translated)[_HASH_FIELD] = getattr(record, _HASH_FIELD)
    return translated


def _translate_value(value: Any, names: frozenset[str]) -> Any:
    if isinstance(value, tuple | list):
        return type(value)(_translate_value(item, names) for item in value)
    if isinstance(value, Mapping):
        return {key: _translate_value(item, names) for key, item in value.items()}
    if not is_dataclass(value) or isinstance(value, type | Message):
        return value
    fields_of_value = {field.name: getattr(value, field.name) for field in fields(value)}
    values = {
        name: translate(item) if name in names and isinstance(item, str) else _translate_value(item, names)
        for name, item in fields_of_value.items()
    }
    return replace(value, **values)
