"""Every sentence that a person reads: an id, its parameters, a catalogue in English and German, one formatter."""

from skinbeam.messages.files import catalogue, parameters, translated
from skinbeam.messages.formatter import Formatter
from skinbeam.messages.language import ENGLISH, LANGUAGES, living_in, local, moment_of, speaking, spoken
from skinbeam.messages.records import retell
from skinbeam.messages.retold import retold
from skinbeam.messages.sentences import Message, Warned, text

__all__ = [
    "ENGLISH",
    "LANGUAGES",
    "Formatter",
    "Message",
    "Warned",
    "catalogue",
    "living_in",
    "local",
    "moment_of",
    "parameters",
    "retell",
    "retold",
    "speaking",
    "spoken",
    "text",
    "translated",
]
