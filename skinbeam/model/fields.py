"""Validators of the values of input files: numbers, words, names, grades and lists, each with its hint."""

import math
import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict

from skinbeam.model.errors import InputError
from skinbeam.model.suggestions import word_hint
from skinbeam.model.vocabulary import NameKind, resolve_name

__all__ = [
    "FieldError",
    "InputTable",
    "choice",
    "exact_length",
    "flag",
    "grade_range",
    "number",
    "person_name",
    "text",
    "value_error",
    "value_or_list",
    "vocabulary_name",
    "whole_number",
    "wrong_length_message",
]

# Words that people enter in a name field without naming a professional, or that mean the patient.
_NOT_A_PERSON = frozenset(
    {
        "me", "i", "no", "yes", "true", "false", "myself", "mine", "own", "self", "nobody", "noone", "none", "null",
        "nil", "na", "nn", "unknown", "anonymous", "anyone", "someone", "somebody", "pending", "tbd", "tba", "tbc",
        "todo", "abc", "xyz", "test", "name", "placeholder", "asdf", "qwerty", "user", "app", "google", "chatgpt",
        "ai", "internet", "online", "web", "unsure", "undiagnosed", "waiting", "yet", "friend", "wife", "husband",
        "mother", "mum", "mom", "father", "dad", "sister", "brother", "neighbour", "neighbor", "herself", "himself",
        "themselves", "niemand", "selbst", "ich", "keiner", "moi", "personne", "nadie", "nessuno",
    }
)  # fmt: skip
_PERSON_NAME_CHARACTERS = 100
_NEAREST_TO_ZERO = 1e-9  # in any unit: the shortest pulse, in ms. Products of much smaller numbers vanish.
# Words that do not name a person by themselves either.
_FILLER_WORDS = frozenset(
    {
        "a", "an", "and", "be", "been", "by", "did", "do", "does", "don", "t", "for", "from", "had", "has", "have",
        "her", "his", "in", "is", "it", "my", "not", "of", "on", "one", "our", "s", "said", "stated", "sure", "the",
        "their", "to", "was", "we", "confirmed", "diagnosed", "know", "known", "patient", "patients", "client",
        "customer", "she", "he", "they",
    }
)  # fmt: skip


class InputTable(BaseModel):
    """A table of an input file: immutable; unknown keys are rejected, whole numbers are read as decimals."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, validate_default=False)


class FieldError(ValueError):
    """An invalid value of a field, with the hint that the loader reports.

    `field` is the path of the value to correct, inside the table that was checked; `params` are the values of the
    fault, for a page that puts it into its own words.
    """

    def __init__(
        self, code: str, message: str, hint: str, *, field: str = "", params: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.code, self.message, self.hint, self.field = code, message, hint, field
        self.params = params or {}

    def in_file(self, file: str, *, field: str = "") -> InputError:
        """Return the error of the file that holds the value, at a path in that file if it is not its own."""
        error = InputError(self.code, self.message, field=field or self.field, hint=self.hint, file=file)
        return error.with_params(self.params)


def value_error(read: Any, what: str, hint: str, code: str = "wrong-value", **bounds: float) -> FieldError:
    """Return the error for a value: what is wrong with it, and the value as it stands in the file, shortened.

    Parameters
    ----------
    bounds : of a number: `low` and `high`, or `above` in place of `low`, which is then not a possible value.
    """
    quoted = _quote_value(read)
    shown = read if isinstance(read, float) else quoted
    return FieldError(code, f"{what}, read {quoted}", hint, params={"read": shown, **bounds})


def _quote_value(read: Any) -> str:
    shown = f'"{read}"' if isinstance(read, str) else str(read).lower() if isinstance(read, bool) else str(read)
    return shown if len(shown) <= 80 else shown[:77] + "..."


def _number_hint(read: Any) -> str:
    """Return how to write a number that was quoted, or has a decimal comma or a unit; empty for any other value."""
    match = re.fullmatch(r"\s*([+-]?\d+)(?:[.,](\d+))?\s*[^\d.,\s]*\s*", read) if isinstance(read, str) else None
    if match is None:
        return ""
    plain = match[1] + (f".{match[2]}" if match[2] else "")
    return f"Write {plain}, without quotation marks. "


def number(
    low: float, high: float, unit: str, *, exclude_low: bool = False, exclude_high: bool = False
) -> BeforeValidator:
    """Return the validator of a decimal in [low, high], without `low` when `exclude_low`, without `high` when
    `exclude_high`.

    Only finite numbers are accepted. A number nearer to zero than any quantity of these files is read as zero.
    """
    start = f"above {low:g} up" if exclude_low else f"from {low:g}"
    allowed = f"A number {start} to {'below ' if exclude_high else ''}{high:g}{' ' + unit if unit else ''}."
    bounds = {"above" if exclude_low else "low": low, "high": high}

    def check(read: Any) -> float:
        if isinstance(read, bool) or not isinstance(read, int | float):
            raise value_error(read, "is not a number", _number_hint(read) + allowed, "not-a-number", **bounds)
        if isinstance(read, float) and not math.isfinite(read):
            raise value_error(read, "is not a finite number", allowed, "not-a-number", **bounds)
        value = 0.0 if abs(read) < _NEAREST_TO_ZERO else read
        if value > high or value < low or (exclude_low and value == low) or (exclude_high and value == high):
            nearness = "" if value == read else f" Nearer to zero than {_NEAREST_TO_ZERO:g} counts as zero."
            raise value_error(read, "is out of range", allowed + nearness, "out-of-range", **bounds)
        return float(value)

    return BeforeValidator(check)


def whole_number(low: int, high: int) -> BeforeValidator:
    """Return the validator of a whole number in [low, high]; 3.0 is read as 3."""
    allowed = f"A whole number from {low} to {high}."

    def check(read: Any) -> int:
        if (
            isinstance(read, bool)
            or not isinstance(read, int | float)
            or (isinstance(read, float) and not read.is_integer())
        ):
            raise value_error(read, "is not a whole number", allowed, "not-a-number", low=low, high=high)
        if not low <= read <= high:
            raise value_error(read, "is out of range", allowed, "out-of-range", low=low, high=high)
        return int(read)

    return BeforeValidator(check)


def value_or_list(item_validator: BeforeValidator, max_items: int) -> BeforeValidator:
    """Return the validator of a single value or a list of up to `max_items` values, each checked by `item_validator`.

    A single value is read as a list with one item.
    """

    def check(read: Any) -> list[Any]:
        values = read if isinstance(read, list) else [read]
        if not 1 <= len(values) <= max_items:
            raise value_error(
                read, "is not one value or a list of them", f"One value, or a list of at most {max_items}."
            )
        return [item_validator.func(value) for value in values]  # type: ignore[call-arg] # checks here take the value alone

    return BeforeValidator(check)


def choice(*names: str) -> BeforeValidator:
    """Return the validator of a text that is one of `names`; an error suggests the nearest name."""

    def check(read: Any) -> str:
        if not isinstance(read, str):
            raise value_error(read, "is not a text", f"One of: {', '.join(names)}.", "not-a-text")
        if read not in names:
            hint = f"{word_hint([read], names)}One of: {', '.join(names)}."
            raise value_error(read, "is not one of the known words", hint, "unknown-word")
        return read

    return BeforeValidator(check)


def grade_range(order: tuple[str, ...], name: str) -> BeforeValidator:
    """Return the validator of a grade or a range such as `III-IV`, whose ends are in the order of the grades."""
    hint = f"One of {', '.join(order)}, or a range such as {order[1]}-{order[2]}."

    def check(read: Any) -> str:
        if not isinstance(read, str):
            raise value_error(read, f"is not a {name}", hint, "not-a-text")
        ends = [part.strip() for part in read.replace("–", "-").split("-")]
        if not 1 <= len(ends) <= 2 or any(end not in order for end in ends):
            raise value_error(read, f"is not a {name}", word_hint(ends, order) + hint, "unknown-word")
        low, high = ends[0], ends[-1]
        if order.index(low) > order.index(high):
            raise value_error(read, "is a range with its ends exchanged", hint)
        return low if low == high else f"{low}-{high}"

    return BeforeValidator(check)


def vocabulary_name(kind: NameKind) -> BeforeValidator:
    """Return the validator of a vocabulary name or an everyday word for it; the value is the name."""

    def check(read: Any) -> str:
        if not isinstance(read, str):
            raise value_error(read, "is not a text", f"The name of a {kind}.", "not-a-text")
        try:
            return resolve_name(kind, read, field="")
        except InputError as error:
            raise FieldError(error.code, error.message, error.hint) from None

    return BeforeValidator(check)


def text(max_length: int, *, min_length: int = 0) -> BeforeValidator:
    """Return the validator of a text of `min_length` to `max_length` characters, without control characters.

    Surrounding spaces do not count towards `min_length`.
    """
    allowed = (
        f"A text of {f'{min_length} to' if min_length else 'at most'} {max_length} characters, without line breaks."
    )

    def check(read: Any) -> str:
        if not isinstance(read, str):
            raise value_error(read, "is not a text", allowed, "not-a-text")
        if len(read) > max_length or not read.isprintable():
            raise value_error(read, "is too long or holds unprintable characters", allowed)
        if len(read.strip()) < min_length:
            raise value_error(read, "is empty", allowed)
        return read

    return BeforeValidator(check)


def wrong_length_message(items: int) -> str:
    """Return what is wrong with a list of so many items."""
    return f"is a list of the wrong length, read {items} item{'' if items == 1 else 's'}"


def exact_length(length: int) -> AfterValidator:
    """Return the validator of a list of `length` items, such as the two sides of a window."""

    def check(read: list[Any]) -> list[Any]:
        if len(read) != length:
            code = "too-short" if len(read) < length else "too-long"
            raise FieldError(code, wrong_length_message(len(read)), f"A list of exactly {length} items.")
        return read

    return AfterValidator(check)


def person_name() -> BeforeValidator:
    """Return the validator of the person who decided: a name or a profession, without surrounding spaces.

    Texts that name no person are rejected, such as "none", "?", "my friend" or "self-diagnosed", whatever their case
    and punctuation. Words of mixed alphabets are rejected too, as they only look like another word.
    """
    allowed = "Who it was, by profession or name, such as dermatologist."
    check_text = text(_PERSON_NAME_CHARACTERS).func

    def check(read: Any) -> str:
        name: str = check_text(read).strip()  # type: ignore[call-arg] # checks here take the value alone
        plain = unicodedata.normalize("NFKC", name).casefold()
        words = re.findall(r"[^\W\d_]+", plain)
        letters = {letter for word in words for letter in word if "FILLER" not in unicodedata.name(letter, "")}
        # "m.e." is "me"; a list such as "me, myself" does not name a person either.
        nobody = "".join(words) in _NOT_A_PERSON or _NOT_A_PERSON & set(words) or set(words) <= _FILLER_WORDS
        if len(letters) < 2 or "?" in plain or nobody or any(map(_mixes_alphabets, words)):
            raise value_error(read, "names nobody", allowed, "names-nobody")
        return name

    return BeforeValidator(check)


def _mixes_alphabets(word: str) -> bool:
    """Whether a word mixes letters of alphabets that look alike."""
    kinds = {unicodedata.name(letter, "").split(" ")[0] for letter in word}
    return len(kinds & {"LATIN", "CYRILLIC", "GREEK"}) > 1


def flag() -> BeforeValidator:
    """Return the validator of true or false."""

    def check(read: Any) -> bool:
        if not isinstance(read, bool):
            raise value_error(read, "is not true or false", "true or false, without quotation marks.", "not-a-flag")
        return read

    return BeforeValidator(check)
