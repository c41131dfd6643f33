"""Read the numbers that people type into forms, by one rule for all forms, and write them so that it reads them again.

A comma and a point are both decimal signs. Thousands are separated by spaces or apostrophes, or by commas or points
where these can be nothing else ("12 500", "1.234,5", "1,234,567"). The unit of the field may follow the number. "1,200"
and "1.200" mean 1.2 to some people and 1200 to others, so they are refused with both readings, whatever the language
of the page: the paper from which a number is copied may be in another one.
"""

import re
import unicodedata
from decimal import Decimal

from skinbeam.model.errors import InputError
from skinbeam.report.formatting import quantity_label
from skinbeam.text import Formatter, translate
from skinbeam_clinic.errors import clinic_error

__all__ = [
    "find_readings",
    "number_error",
    "parse_number",
    "parse_stored_number",
    "parse_whole_number",
    "read_number",
    "read_whole_number",
    "write_number",
]

_MINUS = "\N{MINUS SIGN}"  # of print: what is copied from a page or a paper has it
_SPACES = " \N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}\N{THIN SPACE}"
_BETWEEN = rf"{_SPACES}'’"
_PARTS = re.compile(rf"(?P<number>[+-]?[\d.,{_BETWEEN}]*\d)(?P<unit>\D.*)?", re.ASCII | re.DOTALL)
_UNCLEAR = re.compile(r"[+-]?(?!0[.,])\d{1,3}[.,]\d{3}", re.ASCII)
_PLAIN = re.compile(r"[+-]?(\d+([.,]\d+)?|[.,]\d+)", re.ASCII)
_STORED = re.compile(r"[+-]?\d+\.\d+", re.ASCII)
_GROUPED = re.compile(
    rf"[+-]?\d{{1,3}}(?P<between>[{_BETWEEN}.,])\d{{3}}((?P=between)\d{{3}})*(?P<decimal>(?!(?P=between))[.,]\d+)?",
    re.ASCII,
)
_MOST_DIGITS = 15  # a float holds each of them
_LONGEST_TYPED = 40  # characters of what was typed that an error repeats


def parse_number(text: str, field: str = "") -> float | None:
    """Return the number that a person typed; None where it is no number, is unclear, or has another unit.

    Parameters
    ----------
    field : name of the quantity, which ends in its unit; empty where no unit may follow the number.
    """
    parts = _split_unit(text)
    if parts is None or _UNCLEAR.fullmatch(parts[0]) or not _is_unit_of(parts[1], field):
        return None
    number = parts[0]
    if _PLAIN.fullmatch(number):
        return float(number.replace(",", "."))
    grouped = _GROUPED.fullmatch(number)
    assert grouped is not None  # as `_split_unit` has found
    decimal = grouped["decimal"] or ""
    whole = number.removesuffix(decimal).replace(grouped["between"], "")
    return float(whole + decimal.replace(",", "."))


def parse_stored_number(text: str) -> float | None:
    """Return the number of a stored answer: a point is its decimal sign, whatever stands behind it.

    It was checked when it was sent, or is of an earlier version, which read it so.
    """
    return float(text) if _STORED.fullmatch(text) else parse_number(text)


def parse_whole_number(text: str, field: str = "") -> int | None:
    """Return the whole number that a person typed, as `parse_number`; a comma or point can only separate thousands."""
    parts = _split_unit(text)
    if parts is None or not _is_unit_of(parts[1], field):
        return None
    grouped = _GROUPED.fullmatch(parts[0])
    digits = parts[0].replace(grouped["between"], "") if grouped and not grouped["decimal"] else parts[0]
    return int(digits) if digits.isascii() and digits.isdecimal() else None


def read_number(text: str, field: str, name: str, quantity: str = "") -> float:
    """Return the number that a person typed.

    Parameters
    ----------
    field : of the form.
    name : the label of the field, as a sentence has it.
    quantity : whose name ends in the unit of the field; `field` where it is empty.

    Raises
    ------
    InputError : `number-unclear`, `number-unread`.
    """
    number = parse_number(text, quantity or field)
    if number is None:
        raise number_error(text, field, name, quantity)
    return number


def read_whole_number(text: str, field: str, name: str, quantity: str = "") -> int:
    """Return the whole number that a person typed; parameters as of `read_number`.

    Raises
    ------
    InputError : `number-not-whole`.
    """
    number = parse_whole_number(text, quantity or field)
    if number is None:
        raise clinic_error("number-not-whole", field, name=name, read=_shorten_typed(text))
    return number


def number_error(text: str, field: str, name: str, quantity: str = "") -> InputError:
    """Return why the text of a field is no number, with what was read; parameters as of `read_number`."""
    read = _shorten_typed(text)
    if readings := find_readings(text, quantity or field):
        return clinic_error("number-unclear", field, readings, name=name, read=read)
    if unit := quantity_label(quantity or field)[1]:
        return clinic_error("number-not-in-unit", field, {"unit": translate(unit)}, name=name, read=read)
    return clinic_error("number-unread", field, name=name, read=read)


def find_readings(text: str, field: str = "") -> dict[str, str]:
    """Return the two numbers that an unclear one may be, as text: `decimal` and `whole`; empty for any other text."""
    parts = _split_unit(text)
    if parts is None or not _UNCLEAR.fullmatch(parts[0]) or not _is_unit_of(parts[1], field):
        return {}
    decimal = Formatter().number(float(parts[0].replace(",", ".")), _MOST_DIGITS)
    return {
        "decimal": f"{decimal}0" if _UNCLEAR.fullmatch(decimal) else decimal,
        "whole": re.sub("[.,+]", "", parts[0]),
    }


def write_number(value: float) -> str:
    """Return a number as text for a form field: without an exponent, and never unclear."""
    text = f"{Decimal(repr(value)).normalize():f}"
    return f"{text}0" if _UNCLEAR.fullmatch(text) else text


def _shorten_typed(text: str) -> str:
    return text.strip()[:_LONGEST_TYPED]


def _split_unit(text: str) -> tuple[str, str] | None:
    """Return the digits of a number and the unit behind them; None where they can be no number."""
    found = _PARTS.fullmatch(text.strip().replace(_MINUS, "-"))
    if found is None or sum(map(str.isdecimal, found["number"])) > _MOST_DIGITS:
        return None
    number = found["number"]
    return (number, found["unit"] or "") if _PLAIN.fullmatch(number) or _GROUPED.fullmatch(number) else None


def _is_unit_of(typed: str, field: str) -> bool:
    """Return whether what follows a number is nothing, or the unit of the field."""
    unit = quantity_label(field)[1]
    return not typed.strip() or (bool(unit) and _plain_unit(typed) in {_plain_unit(unit), _plain_unit(translate(unit))})


def _plain_unit(unit: str) -> str:
    """Return a unit without the differences between ways to type it: µm and um, cm² and cm^2, J/cm² and J / cm2."""
    plain = unicodedata.normalize("NFKC", unit).casefold().replace("\N{GREEK SMALL LETTER MU}", "u")
    return re.sub(r"[\s^]", "", plain)
