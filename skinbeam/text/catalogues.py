"""The catalogue: the English of every sentence by its id, which is the source, and its translations.

English is the folder `data/messages/en/`: TOML tables `[section] name = "text with {parameter}"`; the id of a message
is `section.name`. Another language is a gettext file for each English one, `data/messages/de/NAME.po`: the id is the
context, the English the message. German whose English has changed since is not shown: that sentence is English again,
and a test says so.
"""

import datetime
import string
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from importlib import resources

__all__ = [
    "ENGLISH",
    "LANGUAGES",
    "catalogue",
    "current_language",
    "from_local_time",
    "message_parameters",
    "message_template",
    "to_local_time",
    "translations",
    "use_language",
    "use_time_zone",
]

# Which language is spoken, and by which clocks: a person's while a page or a paper of theirs is made, else English.
#
# Plans, hashes, logs and the command line are English, so that the same inputs give the same bytes whoever asks.

ENGLISH = "en"
LANGUAGES = {ENGLISH: "English", "de": "Deutsch"}  # as those call them who speak them

_current_language: ContextVar[str] = ContextVar("spoken", default=ENGLISH)
_current_time_zone: ContextVar[datetime.tzinfo | None] = ContextVar(
    "zone", default=datetime.UTC
)  # None: that of this machine


def current_language() -> str:
    """Return the language that is spoken here."""
    return _current_language.get()


def to_local_time(moment: datetime.datetime) -> datetime.datetime:
    """Return a moment by the clocks of the place where it is read."""
    return moment.astimezone(_current_time_zone.get())


def from_local_time(shown: datetime.datetime) -> datetime.datetime:
    """Return the moment, in UTC, at which the clocks of that place show a time; the first where they show it twice.

    Raises
    ------
    ValueError : they never show it: it is in the hour that is left out when summer time begins.
    """
    zone = _current_time_zone.get()
    moment = (shown.astimezone() if zone is None else shown.replace(tzinfo=zone)).astimezone(datetime.UTC)
    if to_local_time(moment).replace(tzinfo=None) != shown:
        raise ValueError(f"no clock shows {shown}")
    return moment


@contextmanager
def use_language(language: str) -> Iterator[None]:
    """Speak a language within the block, or, as a decorator, within a function.

    Raises
    ------
    ValueError : nobody has translated the catalogue into it.
    """
    if language not in LANGUAGES:
        raise ValueError(f'no catalogue for language "{language}"; known: {", ".join(LANGUAGES)}')
    before = _current_language.set(language)
    try:
        yield
    finally:
        _current_language.reset(before)


@contextmanager
def use_time_zone(zone: datetime.tzinfo | None) -> Iterator[None]:
    """Tell moments by the clocks of a time zone within the block; those of this machine where it is None."""
    before = _current_time_zone.set(zone)
    try:
        yield
    finally:
        _current_time_zone.reset(before)


@cache
def catalogue() -> Mapping[str, str]:
    """Return message id → English template.

    Raises
    ------
    ValueError : the same id stands in two files.
    """
    return _read_templates(tuple(_english_files()))


def message_template(id: str) -> tuple[str, str]:
    """Return the template of a message, and its language: the one that is spoken, or English without a translation.

    Raises
    ------
    KeyError : the id is not in the catalogue.
    """
    english, language = _section_templates(id.partition(".")[0])[id], current_language()
    if language != ENGLISH:
        said, own = _section_translations(id.partition(".")[0], language).get(id, ("", ""))
        if said == english:
            return own, language
    return english, ENGLISH


@cache
def message_parameters(id: str) -> frozenset[str]:
    """Return the names of the parameters that the sentence of message `id` takes.

    Raises
    ------
    KeyError : the id is not in the catalogue.
    """
    found = string.Formatter().parse(_section_templates(id.partition(".")[0])[id])
    return frozenset(name for _, name, _, _ in found if name)


@cache
def translations(language: str, names: tuple[str, ...] = ()) -> Mapping[str, tuple[str, str]]:
    """Return message id → the English that was translated, and what it is in `language`.

    Parameters
    ----------
    names : of files, without their ending; none for all of the catalogue.
    """
    return {
        id: both for name in names or tuple(_english_files()) for id, both in _read_translation(name, language).items()
    }


@cache
def _english_files() -> Mapping[str, str]:
    """Name of each English file → its text."""
    folder = resources.files("skinbeam") / "data" / "messages" / ENGLISH
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".toml")), key=lambda file: file.name)
    return {file.name: file.read_text(encoding="utf-8") for file in files}


@cache
def _files_with_section(section: str) -> tuple[str, ...]:
    return tuple(name for name, text in _english_files().items() if f"[{section}]" in text)


@cache
def _section_templates(section: str) -> Mapping[str, str]:
    """The templates of the files that hold a section: a short answer need not read the whole catalogue."""
    return _read_templates(_files_with_section(section))


@cache
def _section_translations(section: str, language: str) -> Mapping[str, tuple[str, str]]:
    return {id: both for name in _files_with_section(section) for id, both in _read_translation(name, language).items()}


def _read_templates(names: tuple[str, ...]) -> Mapping[str, str]:
    messages: dict[str, str] = {}
    for file in names:
        for section, entries in tomllib.loads(_english_files()[file]).items():
            for name, said in entries.items():
                key = f"{section}.{name}"
                if key in messages:
                    raise ValueError(f"message id {key} stands twice, the second time in {file}")
                messages[key] = said
    return messages


@cache
def _read_translation(name: str, language: str) -> Mapping[str, tuple[str, str]]:
    """What the translation of an English file holds; nothing where nobody has translated it."""
    from babel.messages.pofile import read_po  # who speaks English does not wait for it

    folder = resources.files("skinbeam") / "data" / "messages" / language
    file = folder / f"{name.removesuffix('.toml')}.po"
    if not file.is_file():
        return {}
    with file.open("rb") as lines:
        held = read_po(lines, locale=language)
    return {str(one.context): (str(one.id), str(one.string)) for one in held if one.id and one.string and not one.fuzzy}
