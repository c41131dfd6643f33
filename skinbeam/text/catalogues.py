"""The catalogue: the English of every sentence by its id, which is the source, and its translations.

English is the folder `data/messages/en/`: TOML tables `[section] name = "text with {parameter}"`; the id of a message
is `section.name`. Another language is a gettext file for each English one, `data/messages/de/NAME.po`: the id is the
context, the English the message. German whose English has changed since is not shown: that sentence is English again,
and a test says so.
"""

import string
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources

from skinbeam.messages.language import ENGLISH, spoken

__all__ = ["catalogue", "parameters", "template", "translated"]


@cache
def catalogue() -> Mapping[str, str]:
    """Return message id → English template.

    Raises
    ------
    ValueError : the same id stands in two files.
    """
    return _templates(tuple(_files()))


def template(id: str) -> tuple[str, str]:
    """Return the template of a message, and its language: the one that is spoken, or English without a translation.

    Raises
    ------
    KeyError : the id is not in the catalogue.
    """
    english, language = _about(id.partition(".")[0])[id], spoken()
    if language != ENGLISH:
        said, own = _translated_about(id.partition(".")[0], language).get(id, ("", ""))
        if said == english:
            return own, language
    return english, ENGLISH


@cache
def parameters(id: str) -> frozenset[str]:
    """Return the names of the parameters that the sentence of message `id` takes.

    Raises
    ------
    KeyError : the id is not in the catalogue.
    """
    found = string.Formatter().parse(_about(id.partition(".")[0])[id])
    return frozenset(name for _, name, _, _ in found if name)


@cache
def translated(language: str, names: tuple[str, ...] = ()) -> Mapping[str, tuple[str, str]]:
    """Return message id → the English that was translated, and what it is in `language`.

    Parameters
    ----------
    names : of files, without their ending; none for all of the catalogue.
    """
    return {id: both for name in names or tuple(_files()) for id, both in _translation(name, language).items()}


@cache
def _files() -> Mapping[str, str]:
    """Name of each English file → its text."""
    folder = resources.files("skinbeam") / "data" / "messages" / ENGLISH
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".toml")), key=lambda file: file.name)
    return {file.name: file.read_text(encoding="utf-8") for file in files}


@cache
def _holding(section: str) -> tuple[str, ...]:
    return tuple(name for name, text in _files().items() if f"[{section}]" in text)


@cache
def _about(section: str) -> Mapping[str, str]:
    """The templates of the files that hold a section: a short answer need not read the whole catalogue."""
    return _templates(_holding(section))


@cache
def _translated_about(section: str, language: str) -> Mapping[str, tuple[str, str]]:
    return {id: both for name in _holding(section) for id, both in _translation(name, language).items()}


def _templates(names: tuple[str, ...]) -> Mapping[str, str]:
    messages: dict[str, str] = {}
    for file in names:
        for section, entries in tomllib.loads(_files()[file]).items():
            for name, said in entries.items():
                key = f"{section}.{name}"
                if key in messages:
                    raise ValueError(f"message id {key} stands twice, the second time in {file}")
                messages[key] = said
    return messages


@cache
def _translation(name: str, language: str) -> Mapping[str, tuple[str, str]]:
    """What the translation of an English file holds; nothing where nobody has translated it."""
    from babel.messages.pofile import read_po  # who speaks English does not wait for it

    folder = resources.files("skinbeam") / "data" / "messages" / language
    file = folder / f"{name.removesuffix('.toml')}.po"
    if not file.is_file():
        return {}
    with file.open("rb") as lines:
        held = read_po(lines, locale=language)
    return {str(one.context): (str(one.id), str(one.string)) for one in held if one.id and one.string and not one.fuzzy}
