"""English that was written down, said again in the language that is spoken: names of the data files and old sentences.

A plan is written in English, once, and parts of it as text alone: names of conditions and devices, reasons why
something is unknown, sentences inside sentences. What a text was made from is found again by its English: a name, a
sentence without parameters, or a sentence whose parameters are read back out of it. What is none of these stays as it
is: the title of a paper, the words of a person, a sentence that the catalogue no longer has.
"""

import re
import string
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache

from skinbeam.messages.files import template, translated
from skinbeam.messages.language import ENGLISH, spoken

__all__ = ["NAMES", "retold"]

NAMES = "names"  # the file of names that stand in data files, and not in the English catalogue
_FEWEST_LETTERS = 4  # of a template, for a sentence to be known by: `{nm} nm` may stand within any
_NUMBER = re.compile(r"(?<![\w.,])(\d{1,3}(?:,\d{3})+|\d+\.\d+)(?![\w.]*\w)")
_ALONE = re.compile(r"[\d.,–\-+ ]*(?:nm|ms|µs|ns|ps|mm|µm|mJ|J|W|Hz|cm|J/cm²|W/cm²|per cm²|cm²|°C|°|%)?")
_TOLD_OF = re.compile(r"(?P<name>[^(]+?): (?P<about>.+)", re.DOTALL)  # a device, and why not
_AT = re.compile(r"(?P<name>.+) \((?P<about>[^()]+)\)")  # a concern, and where


@dataclass(frozen=True)
class _Pattern:
    start: str
    english: re.Pattern[str]
    own: str


def retold(english: str) -> str:
    """Return a text in the language that is spoken, or as it is where nobody has translated it."""
    return english if spoken() == ENGLISH else _retold(english, spoken())


@lru_cache(maxsize=4096)
def _retold(english: str, language: str) -> str:
    known = _phrases(language)
    if english in known:
        return known[english]
    if _small(english) in known:
        return _large(known[_small(english)])
    if _large(english) in known:
        return known[_large(english)]
    for pattern in _patterns(language):
        if english.startswith(pattern.start) and (match := pattern.english.fullmatch(english)):
            return pattern.own.format(**{name: _retold(value, language) for name, value in match.groupdict().items()})
    for form, own in ((_TOLD_OF, "{}: {}"), (_AT, "{} ({})")):
        if (both := form.fullmatch(english)) and {both["name"], _small(both["name"])} & known.keys():
            return own.format(_retold(both["name"], language), _retold(both["about"], language))
    for between in ("; ", ", "):
        parts = english.split(between)
        if len(parts) > 1:
            counted = between == ", " and all(map(_ALONE.fullmatch, parts))
            own = template("number.between")[0] if counted else between
            return own.join(_retold(part, language) for part in parts)
    return _NUMBER.sub(lambda found: _number(found[0], language), english) if _ALONE.fullmatch(english) else english


@cache
def _phrases(language: str) -> Mapping[str, str]:
    """Names, as they stand within a sentence, and sentences without parameters."""
    sentences = {said: own.format() for said, own in translated(language).values() if "{" not in said}
    return sentences | {_small(said): own for said, own in translated(language, (NAMES,)).values()}


@cache
def _patterns(language: str) -> tuple[_Pattern, ...]:
    """Sentences with parameters; those that say most themselves come first."""
    found = [(said, own) for said, own in translated(language).values() if "{" in said]
    letters = {said: sum(map(str.isalpha, "".join(part for part, *_ in _parts(said)))) for said, _ in found}
    kept = sorted((both for both in found if letters[both[0]] >= _FEWEST_LETTERS), key=lambda both: -letters[both[0]])
    return tuple(_Pattern(_parts(said)[0][0], _regex(said), own) for said, own in kept)


def _small(words: str) -> str:
    return words[:1].lower() + words[1:]


def _large(words: str) -> str:
    return words[:1].upper() + words[1:]


def _parts(template: str) -> list[tuple[str, str | None, str | None, str | None]]:
    return list(string.Formatter().parse(template))


def _regex(template: str) -> re.Pattern[str]:
    written, seen = "", set[str]()
    for part, name, _, _ in _parts(template):
        written += re.escape(part)
        if name:
            written += f"(?P={name})" if name in seen else f"(?P<{name}>.+?(?<![,;]))"
            seen.add(name)
    return re.compile(written, re.DOTALL)


def _number(english: str, language: str) -> str:
    from babel.numbers import get_decimal_symbol, get_group_symbol

    signs = {",": get_group_symbol(language), ".": get_decimal_symbol(language)}
    return "".join(signs.get(sign, sign) for sign in english)
