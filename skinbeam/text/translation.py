"""Translate stored English text into the current language: names of the data files and rendered messages.

A plan is stored in English, and parts of it are plain text: names of conditions and devices, reasons why a value is
unknown, messages inside messages. The origin of such a text is found by its English: a name, a message without
parameters, or a message whose parameters are parsed out of the text. All other text is left unchanged: the title of a
paper, words of a person, a message that the catalogue no longer has.
"""

import datetime
import re
import string
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache

from skinbeam.text.catalogues import ENGLISH, current_language, message_template, translations

__all__ = ["NAMES_FILE", "translate"]

NAMES_FILE = "names"  # translations of names that are in data files and not in the English catalogue
_MIN_LETTERS = 4  # of a template that can be recognised: `{nm} nm` would match part of many sentences
_DECIMAL_NUMBER = re.compile(r"(?<![\w.,])(\d{1,3}(?:,\d{3})+|\d+\.\d+)(?![\w.]*\w)")
_NUMBER_WITH_UNIT = re.compile(r"[\d.,–\-+ ]*(?:nm|ms|µs|ns|ps|mm|µm|mJ|J|W|Hz|cm|J/cm²|W/cm²|per cm²|cm²|°C|°|%)?")
_DATE = re.compile(r"\d{1,2} [A-Z][a-z]+ \d{4}")
_NAME_AND_SITE = re.compile(r"(?P<name>.+) \((?P<about>[^()]+)\)")  # a concern and its site

# Studies with the reasons against them, of which some have brackets and commas.
_STUDY_AND_REASON = re.compile(r"(?P<study>\w+) \((?P<reason>.+?)\)(?:, (?=\w+ \()|$)")


@dataclass(frozen=True)
class _SentencePattern:
    prefix: str
    regex: re.Pattern[str]
    translation: str


def translate(english: str) -> str:
    """Return an English text in the current language, or unchanged if there is no translation."""
    return english if current_language() == ENGLISH else _translate_english(english, current_language())


@lru_cache(maxsize=4096)
def _translate_english(english: str, language: str) -> str:
    known = _phrases(language)
    if english in known:
        return known[english]
    if _lower_first(english) in known:
        return _upper_first(known[_lower_first(english)])
    if _upper_first(english) in known:
        return known[_upper_first(english)]
    subject, _, reason = english.partition(": ")  # a device, a concern or an entry of a case, and a statement about it
    if reason in known and (own := _translate_subject(subject, language)):
        return f"{own}: {known[reason]}"
    for pattern in _patterns(language):
        if english.startswith(pattern.prefix) and (match := pattern.regex.fullmatch(english)):
            return pattern.translation.format(
                **{name: _translate_english(value, language) for name, value in match.groupdict().items()}
            )
    if _DATE.fullmatch(english):
        return _translate_date(english, language)
    studies = list(_STUDY_AND_REASON.finditer(english))
    if "".join(study[0] for study in studies) == english and all(
        _lower_first(study["reason"]) in known for study in studies
    ):
        return ", ".join(f"{study['study']} ({_translate_english(study['reason'], language)})" for study in studies)
    if reason and (own := _translate_subject(subject, language)):
        return f"{own}: {_translate_english(reason, language)}"
    if names := _translate_names(english, language):
        return names
    for between in ("; ", ", "):
        parts = english.split(between)
        if len(parts) > 1:
            counted = between == ", " and all(map(_NUMBER_WITH_UNIT.fullmatch, parts))
            own = message_template("number.between")[0] if counted else between
            return own.join(_translate_english(part, language) for part in parts)
    return (
        _DECIMAL_NUMBER.sub(lambda found: _localise_digits(found[0], language), english)
        if _NUMBER_WITH_UNIT.fullmatch(english)
        else english
    )


def _translate_subject(english: str, language: str) -> str:
    """Return names, or an entry of a case such as "Earlier session 1"; empty if it is neither."""
    if names := _translate_names(english, language):
        return names
    own = _translate_english(english, language)
    return "" if own == english else own


def _translate_names(english: str, language: str) -> str:
    """Return a list of known names, each alone or with a site in brackets; empty if one of them is not known."""
    if whole := _translate_name(english, language):
        return whole
    for comma in re.finditer(", ", english):  # names may have commas of their own
        first = _translate_name(english[: comma.start()], language)
        if first and (others := _translate_names(english[comma.end() :], language)):
            return f"{first}, {others}"
    return ""


def _translate_name(english: str, language: str) -> str:
    known = _phrases(language)
    if {english, _lower_first(english)} & known.keys():
        return _translate_english(english, language)
    both = _NAME_AND_SITE.fullmatch(english)
    if both is None or not {both["name"], _lower_first(both["name"])} & known.keys():
        return ""
    return f"{_translate_english(both['name'], language)} ({_translate_english(both['about'], language)})"


def _translate_date(english: str, language: str) -> str:
    """Return a date in a language; text that only looks like one is unchanged."""
    from babel.dates import format_date

    try:
        return str(format_date(datetime.datetime.strptime(english, "%d %B %Y"), "long", language))
    except ValueError:
        return english


@cache
def _phrases(language: str) -> Mapping[str, str]:
    """Return translations of names, as they are written within a sentence, and of messages without parameters."""
    names = {_lower_first(template): own for template, own in translations(language, (NAMES_FILE,)).values()}
    plain = {template: own for template, own in translations(language).values() if "{" not in template}
    # A word of a catalogue that is a name as well stands there within a sentence.
    return {template: own.format() for template, own in plain.items() if _lower_first(template) not in names} | names


@cache
def _patterns(language: str) -> tuple[_SentencePattern, ...]:
    """Return patterns of messages with parameters, those with the most letters of their own first."""
    templates = [(template, own) for template, own in translations(language).values() if "{" in template]
    letters = {
        template: sum(map(str.isalpha, "".join(part for part, *_ in _template_parts(template))))
        for template, _ in templates
    }
    usable = sorted(
        (both for both in templates if letters[both[0]] >= _MIN_LETTERS), key=lambda both: -letters[both[0]]
    )
    return tuple(
        _SentencePattern(_template_parts(template)[0][0], _template_regex(template), own) for template, own in usable
    )


def _lower_first(words: str) -> str:
    return words[:1].lower() + words[1:]


def _upper_first(words: str) -> str:
    return words[:1].upper() + words[1:]


def _template_parts(template: str) -> list[tuple[str, str | None, str | None, str | None]]:
    return list(string.Formatter().parse(template))


def _template_regex(template: str) -> re.Pattern[str]:
    written, seen = "", set[str]()
    for part, name, _, _ in _template_parts(template):
        written += re.escape(part)
        if name:
            read = "[^:]+" if name == "number" else ".+?(?<![,;])"  # after a colon a sentence of its own begins
            written += f"(?P={name})" if name in seen else f"(?P<{name}>{read})"
            seen.add(name)
    return re.compile(written, re.DOTALL)


def _localise_digits(english: str, language: str) -> str:
    from babel.numbers import get_decimal_symbol, get_group_symbol

    signs = {",": get_group_symbol(language), ".": get_decimal_symbol(language)}
    return "".join(signs.get(sign, sign) for sign in english)
