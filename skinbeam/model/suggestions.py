"""Hints for unknown names: misspelt keys and words, trade names of machines, conditions that are not covered."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from skinbeam.model.errors import InputError, nearest_name, spelling_hint, unknown_name_error
from skinbeam.model.package_data import load_package_table
from skinbeam.text.letters import edit_distance

__all__ = [
    "key_hint",
    "misspelt_site",
    "other_file_kind_error",
    "outside_condition",
    "uncovered_condition_error",
    "unknown_device_error",
    "word_hint",
]

_LEAST_LETTERS, _LONG_LETTERS = 4, 9  # from which on a word of a site may differ by one edit, and by two

# Units of keys of input files, followed by units that other programs use.
_UNIT_SUFFIX = re.compile(
    r"_(?:J_cm2|J_kgK|W_m2K|W_mK|W_cm2|kg_m3|per_cm2|per_cm|mJ|mm|ms|um|nm|cm2|Hz|deg|years|months|weeks|days|fraction"
    r"|C|J|W|s|h|n|mJ_cm2|J_m2|mm2|m2|cm|us|ns|ps|min|kHz|mW|pct|per_mm2|per_mm|per_m|K|F)$"
)


def key_hint(word: str, known: Collection[str], tables: Mapping[str, Collection[str]]) -> str:
    """Return the hint for a key that its table does not have.

    The right key is searched by meaning first, then without its unit, then in another table, then by spelling. A common
    unit at the end of two keys does not count as similar spelling: `precool_ms` is not a misspelling of `delay_ms`.

    Parameters
    ----------
    known : keys of the table in which the word was read.
    tables : keys of each table of the file.
    """
    other_words = load_package_table(_OTHER_WORDS_FILE)
    if word in other_words["names_someone"] and "age_years" in known:
        return "No file here holds what names a person: leave it out."
    meant = other_words["key"].get(word, word)
    without_unit = next((key for key in known if _key_without_unit(key) == _key_without_unit(meant)), None)
    found = meant if meant in known else without_unit
    if found is None:
        elsewhere = next((name for name, keys in tables.items() if meant in keys), None)
        if elsewhere is not None:
            return f'"{meant}" stands in [{elsewhere}].'
        found = _nearest_key(word, known)
    if found is None:
        return f"Known here: {', '.join(known)}."
    return f'Did you mean "{found}"?{_unit_hint(word, found)}'


def word_hint(words: Iterable[str], known: Collection[str]) -> str:
    """Return a "Did you mean" question for the first unknown word: the known word by meaning, then by spelling."""
    word = next((word for word in words if word not in known), "")
    meant = load_package_table(_OTHER_WORDS_FILE)["word"].get(_plain_word(word))
    found = next((key for key in meant or () if key in known), None)
    if found is None:
        return "" if meant == [] else spelling_hint([word], known)
    return f'Did you mean "{found}"? '


def misspelt_site(word: object, known: Iterable[str]) -> str | None:
    """Return the site of which a word is a misspelling; None for another part of the body, however alike its name is.

    Each word of a name of four letters or more may differ by one edit, of nine or more by two.
    """
    if not isinstance(word, str) or _plain_word(word) in load_package_table(_OTHER_WORDS_FILE)["other_body_parts"]:
        return None
    written = _plain_word(word).split()
    alike = [name for name in known if _is_misspelt(written, _plain_word(name).split())]
    return min(alike, key=lambda name: edit_distance(_plain_word(word), _plain_word(name)), default=None)


def _is_misspelt(written: Sequence[str], name: Sequence[str]) -> bool:
    return len(written) == len(name) and all(map(_is_nearly, written, name))


def _is_nearly(written: str, word: str) -> bool:
    edits = (len(word) >= _LEAST_LETTERS) + (len(word) >= _LONG_LETTERS)
    # Lengths first: the distance takes a row for each letter, of which a form may send a hundred thousand.
    return abs(len(written) - len(word)) <= edits and edit_distance(written, word) <= edits


def unknown_device_error(word: str, known: Iterable[str], *, field: str) -> InputError:
    """Return the error for an unknown device; for a machine that a source describes it names the matching device."""
    plain = _plain_word(word)
    for machine in load_package_table(_OTHER_WORDS_FILE)["machine"]:
        if _plain_word(machine["name"]) in plain:
            hint = f'{machine["name"]} is such a device: "{machine["device"]}" ({machine["source"]}). Check its ranges.'
            return InputError("unknown-device", f'unknown device "{word}"', field=field, hint=hint)
    names = tuple(known)
    meant = [name for name in load_package_table(_OTHER_WORDS_FILE)["device"].get(plain, ()) if name in names]
    if meant:
        hint = f"Such devices: {', '.join(meant)}."
        return InputError("unknown-device", f'unknown device "{word}"', field=field, hint=hint)
    return unknown_name_error("device", word, names, field=field)


def other_file_kind_error(unknown_keys: Collection[str], file: str) -> InputError | None:
    """Return the error for a file of another kind, recognised by several of its keys; None if it is not recognised."""
    for kind in load_package_table(_OTHER_WORDS_FILE)["file"]:
        if len(unknown_keys) > 1 and set(unknown_keys) <= set(kind["keys"]):
            return InputError("other-file", f"is {kind['name']}", field="(file)", hint=kind["read_by"], file=file)
    return None


def uncovered_condition_error(word: str, *, field: str) -> InputError | None:
    """Return the error for a treatment that is known not to be covered; None for any other word."""
    wish = _uncovered_wish(word)
    if wish is None:
        return None
    hint = wish.hint
    if wish.guideline is not None:
        hint = f"What clinics do: `skinbeam guideline {wish.guideline}`."
    return InputError("not-covered", f'{wish.title} is not covered, read "{word}"', field=field, hint=hint)


def outside_condition(word: str) -> str | None:
    """Return the name in the guideline of a condition that is not covered; None for any other word."""
    wish = _uncovered_wish(word)
    return None if wish is None else wish.guideline


@dataclass(frozen=True)
class _UncoveredWish:
    """A treatment that is known not to be covered.

    Parameters
    ----------
    words, parts : whole words for it, and parts of words, such as `melanom`, whose nearest spelling of a condition that
        is covered would be another disease.
    guideline : its name in the guideline, if any.
    hint : what to do instead.
    """

    title: str
    words: Sequence[str]
    parts: Sequence[str] = ()
    guideline: str | None = None
    hint: str = "`skinbeam conditions` lists what is covered."


def _uncovered_wish(word: str) -> _UncoveredWish | None:
    words = _plain_word(word).split()
    padded = " ".join(["", *words, "", *(one for one in words if one not in _FILLERS), ""])  # as written, and without
    wishes = (_UncoveredWish(**entry) for entry in load_package_table(_OTHER_WORDS_FILE)["not_covered"])
    return next(
        (
            wish
            for wish in wishes
            if any(f" {name} " in padded for name in wish.words) or any(part in padded for part in wish.parts)
        ),
        None,
    )


_OTHER_WORDS_FILE = "data/other_words.toml"
_FILLERS = frozenset({"of", "on", "in", "at", "the", "my", "both", "an", "am", "den", "der", "die", "dem"})


def _plain_word(word: str) -> str:
    return " ".join(re.sub(r"[^a-z0-9:]+", " ", str(word).lower()).split())


def _key_without_unit(key: str) -> str:
    return _UNIT_SUFFIX.sub("", key)


def _unit_hint(word: str, key: str) -> str:
    """Return a warning if the unit of the known key differs from that of the word: renaming it alone would change the
    value by a factor.
    """
    read, right = _UNIT_SUFFIX.search(word), _UNIT_SUFFIX.search(key)
    if read is None or right is None or read[0] == right[0] or word.lower() == key.lower():
        return ""
    return f" Its unit is another: the value has to be converted from {read[0][1:]} to {right[0][1:]}."


def _nearest_key(word: str, known: Iterable[str]) -> str | None:
    """Return the known key that is nearest without its unit."""
    stems: dict[str, str] = {}
    for key in known:
        stems.setdefault(_key_without_unit(key), key)
    nearest = nearest_name(_key_without_unit(word), stems)
    return None if nearest is None else stems[nearest]
