"""Messages as JSON in sealed columns, so that they are rendered in the language of whoever reads them."""

from collections.abc import Mapping
from typing import Any

from skinbeam.text import Message

__all__ = ["message_record", "read_message"]


def message_record(message: Message) -> dict[str, Any]:
    """Return id and parameters of a message as JSON; parameters may be messages."""
    params = {name: message_record(one) if isinstance(one, Message) else one for name, one in message.params.items()}
    return {"id": message.id, "params": params}


def read_message(data: Mapping[str, Any]) -> Message:
    """Return the message of its JSON."""
    params = {name: read_message(one) if isinstance(one, Mapping) else one for name, one in data["params"].items()}
    return Message(data["id"], params)
