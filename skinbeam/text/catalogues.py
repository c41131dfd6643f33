"""The message catalogue: English templates by message id, their translations, and the current language and time zone.

English is the source, in the folder `data/messages/en/`: TOML tables `[section] name = "text with {parameter}"`; the id
of a message is `section.name`. Each other language has a gettext file for every English file, such as
`data/messages/de/NAME.po`, in which the id is the context and the English text is the message. A translation whose
English text has changed since is not used: the message is then shown in English, and a test fails.
"""

import datetime
import string
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from importlib import resources
from typing import TypeVar

import rtoml

__all__ = [
    "ENGLISH",
    "LANGUAGES",
    "catalogue",
    "current_language",
    "document_language",
    "from_local_time",
    "message_parameters",
    "message_template",
    "text_direction",
    "to_local_time",
    "translations",
    "use_document_language",
    "use_language",
    "use_time_zone",
]

SettingT = TypeVar("SettingT")

# The current language and time zone: those of a person while a page or a paper is made for them, else English and UTC.
#
# Hashes, logs and the command line are English, so that the same inputs give the same bytes for every user. A document
# is English too, whatever the current language, unless its writer sets the language of documents.

ENGLISH = "en"
LANGUAGES = {ENGLISH: "English", "de": "Deutsch"}  # each by its own name

_current_language: ContextVar[str] = ContextVar("spoken", default=ENGLISH)
_document_language: ContextVar[str] = ContextVar("document_language", default=ENGLISH)
_current_time_zone: ContextVar[datetime.tzinfo | None] = ContextVar(
    "zone", default=datetime.UTC
)  # None: the time zone of this machine


def current_language() -> str:
    """Return the code of the current language."""
    return _current_language.get()


def document_language() -> str:
    """Return the code of the language of documents."""
    return _document_language.get()


def text_direction() -> str:
    """Return how the current language is written: `ltr`, or `rtl` from right to left."""
    if (language := current_language()) == ENGLISH:
        return "ltr"
    from babel import Locale  # imported late: English does not need it

    return Locale.parse(language).text_direction


def to_local_time(moment: datetime.datetime) -> datetime.datetime:
    """Return a moment in the current time zone."""
    return moment.astimezone(_current_time_zone.get())


def from_local_time(local_time: datetime.datetime) -> datetime.datetime:
    """Return the moment, in UTC, of a local time in the current time zone; the first if the time occurs twice.

    Raises
    ------
    ValueError : the local time does not exist: it is in the hour that is skipped when summer time begins.
    """
    zone = _current_time_zone.get()
    moment = (local_time.astimezone() if zone is None else local_time.replace(tzinfo=zone)).astimezone(datetime.UTC)
    if to_local_time(moment).replace(tzinfo=None) != local_time:
        raise ValueError(f"no clock shows {local_time}")
    return moment


@contextmanager
def use_language(language: str) -> Iterator[None]:
    """Set the current language within the block or, as a decorator, within a function.

    Raises
    ------
    ValueError : there is no catalogue for the language.
    """
    with _use(_current_language, _check_language(language)):
        yield


@contextmanager
def use_document_language(language: str) -> Iterator[None]:
    """Set the language of documents within the block.

    Raises
    ------
    ValueError : there is no catalogue for the language.
    """
    with _use(_document_language, _check_language(language)):
        yield


def _check_language(language: str) -> str:
    if language not in LANGUAGES:
        raise ValueError(f'no catalogue for language "{language}"; known: {", ".join(LANGUAGES)}')
    return language


@contextmanager
def use_time_zone(zone: datetime.tzinfo | None) -> Iterator[None]:
    """Set the current time zone within the block; None is the time zone of this machine."""
    with _use(_current_time_zone, zone):
        yield


@contextmanager
def _use(variable: ContextVar[SettingT], value: SettingT) -> Iterator[None]:
    """Set a variable within the block."""
    before = variable.set(value)
    try:
        yield
    finally:
        variable.reset(before)


@cache
def catalogue() -> Mapping[str, str]:
    """Return a mapping of message id to English template.

    Raises
    ------
    ValueError : two files have the same id.
    """
    return _read_templates(tuple(_english_files()))


def message_template(id: str) -> tuple[str, str]:
    """Return the template of a message and its language: the current language, or English without a translation.

    Raises
    ------
    KeyError : the id is not in the catalogue.
    """
    english, language = _english_template(id), current_language()
    if language != ENGLISH:
        source, own = _section_translations(id.partition(".")[0], language).get(id, ("", ""))
        if source == english:
            return own, language
    return english, ENGLISH


@cache
def message_parameters(id: str) -> frozenset[str]:
    """Return the names of the parameters of message `id`.

    Raises
    ------
    KeyError : the id is not in the catalogue.
    """
    found = string.Formatter().parse(_english_template(id))
    return frozenset(name for _, name, _, _ in found if name)


@cache
def translations(language: str, names: tuple[str, ...] = ()) -> Mapping[str, tuple[str, str]]:
    """Return a mapping of message id to the English text that was translated and its translation into `language`.

    Parameters
    ----------
    names : of files, without their ending; empty for the whole catalogue.
    """
    return {
        id: both for name in names or tuple(_english_files()) for id, both in _read_translation(name, language).items()
    }


@cache
def _english_files() -> Mapping[str, str]:
    """Return a mapping of the name of each English file to its text."""
    folder = resources.files("skinbeam") / "data" / "messages" / ENGLISH
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".toml")), key=lambda file: file.name)
    return {file.name: file.read_text(encoding="utf-8") for file in files}


@cache
def _files_with_section(section: str) -> tuple[str, ...]:
    return tuple(name for name, text in _english_files().items() if f"[{section}]" in text)


@cache
def _section_templates(section: str) -> Mapping[str, str]:
    """Return the templates of the files that have a section, so that a single message need not read all files."""
    return _read_templates(_files_with_section(section))


def _english_template(id: str) -> str:
    section, _, key = id.partition(".")
    templates = _section_templates(section)
    if id not in templates:
        where = ", ".join(_files_with_section(section)) or "a file"
        raise KeyError(f"no message {id}: write `{key}` under [{section}] of {where} in data/messages/{ENGLISH}")
    return templates[id]


@cache
def _section_translations(section: str, language: str) -> Mapping[str, tuple[str, str]]:
    return {id: both for name in _files_with_section(section) for id, both in _read_translation(name, language).items()}


def _read_templates(names: tuple[str, ...]) -> Mapping[str, str]:
    messages: dict[str, str] = {}
    for name in names:
        for key, template in _templates_of_file(name).items():
            if key in messages:
                raise ValueError(f"message id {key} stands twice, the second time in {name}")
            messages[key] = template
    return messages


@cache
def _templates_of_file(name: str) -> Mapping[str, str]:
    """Return the templates of an English file; a file with many sections is parsed once."""
    sections = rtoml.loads(_english_files()[name])
    return {f"{section}.{key}": text for section, entries in sections.items() for key, text in entries.items()}


@cache
def _read_translation(name: str, language: str) -> Mapping[str, tuple[str, str]]:
    """Return the translation of an English file; empty if there is none."""
    from babel.messages.pofile import read_po  # imported late: English does not need it

    folder = resources.files("skinbeam") / "data" / "messages" / language
    file = folder / f"{name.removesuffix('.toml')}.po"
    if not file.is_file():
        return {}
    with file.open("rb") as lines:
        translation = read_po(lines, locale=language)
    return {
        str(entry.context): (str(entry.id), str(entry.string))
        for entry in translation
        if entry.id and entry.string and not entry.fuzzy
    }
