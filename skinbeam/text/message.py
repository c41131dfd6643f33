"""Sentences: a message is an id with parameters, and is said in the language that is spoken."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from skinbeam.messages.files import parameters, template
from skinbeam.messages.formatter import Formatter
from skinbeam.messages.language import ENGLISH, speaking
from skinbeam.messages.retold import retold

__all__ = ["Message", "Warned", "text"]


def text(id: str, params: Mapping[str, Any] | None = None) -> str:
    """Return the sentence of message `id`, its parameters filled in.

    Raises
    ------
    KeyError : the id is not in the catalogue.
    ValueError : the parameters are not exactly those that the sentence names.
    """
    params = params or {}
    if parameters(id) != set(params):
        raise ValueError(f"message {id} takes {sorted(parameters(id))}, not {sorted(params)}")
    said, language = template(id)
    if not params:
        return said.format()
    with speaking(language):  # a sentence that nobody has translated is English with its numbers and names
        return said.format(**{name: Formatter().value(value) for name, value in params.items()})


@dataclass(frozen=True)
class Message:
    """A sentence by id and parameters."""

    id: str
    params: Mapping[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The sentence in the language that is spoken, and so what it names in English text."""
        return text(self.id, {name: _retold(value) for name, value in self.params.items()})

    @property
    def english(self) -> str:
        """The sentence as documents hold it."""
        with speaking(ENGLISH):
            return self.text

    def as_record(self) -> dict[str, Any]:
        """Return id, parameters and the English text."""
        return {"id": self.id, "params": dict(self.params), "text": self.english}


def _retold(value: Any) -> Any:
    """A parameter of a message that was made of the data files; what somebody typed goes to `text` itself."""
    if isinstance(value, list | tuple):
        return [_retold(item) for item in value]
    return retold(value) if isinstance(value, str) else value


@dataclass(frozen=True)
class Warned:
    """A warning of a document: a code that programs read, and its sentence."""

    code: str
    message: Message

    def as_record(self) -> dict[str, str]:
        """Return the JSON shape of a warning."""
        return {"code": self.code, "message": self.message.english}
