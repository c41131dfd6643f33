"""Messages that were read from the JSON of sealed columns, so that they are rendered in the language of the reader."""

from collections.abc import Mapping

from skinbeam.text import Message

__all__ = ["restore_message"]


def restore_message(stored: Message) -> Message:
    """Return a stored message with the messages among its parameters, of which the JSON was read."""
    params = {
        name: restore_message(Message(**one)) if isinstance(one, Mapping) else one
        for name, one in stored.params.items()
    }
    return Message(stored.id, params)
