"""What a free text says of medicines: which are named, which are meant by a slip of spelling, and what stays unread.

Names are data: `medications.toml` holds medicines with their names, `medication_words.toml` what is no medicine. Both
sides are folded (case, accents, apostrophes, hyphens), and only whole words count: "goldenseal" is not gold. Nothing
is dropped in silence. A word that is neither a medicine nor a dose, a form or a small word is listed as unread.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache, lru_cache
from typing import Any

from skinbeam.model.package_data import load_package_table

__all__ = [
    "MedicationReading",
    "SpellingSlip",
    "edit_distance",
    "fact_names_of_medicine",
    "match_medication",
    "medication_facts",
    "medications",
    "read_medication",
]

# A word that splits or joins otherwise than its name does ("iso-tretinoin", "stjohnswort") counts from as many letters
# on: "as a" is not ASA, and a "retina" is not Retin-A.
_MIN_JOINED_LETTERS = 8
# A slip is looked for in words from this length on: below, other real words lie too near.
_MIN_SLIP_LETTERS = 6
# Names of 6 to 8 letters may be off by one edit, longer ones by two. An edit is a letter left out, added or replaced,
# or two neighbours that changed places.
_LONG_NAME_LETTERS = 9
# Share of letters in common from which a known name is a hint; a worse one would mislead.
_HINT_LIKENESS = 0.84


@dataclass(frozen=True)
class SpellingSlip:
    """A word that names no medicine and was taken for one that is spelt nearly so.

    Parameters
    ----------
    written : the word or words as they stand in the case.
    name : the name that it was taken for.
    medicine : the entry of `medications.toml` that has this name.
    """

    written: str
    name: str
    medicine: str


@dataclass(frozen=True)
class MedicationReading:
    """How one text was read.

    Parameters
    ----------
    medicines : every medicine that the rules take as taken, slips included, in the order of the file.
    slips : those of them that were not spelt so.
    unread : words as written that nothing explains; the whole text when it names no medicine at all.
    near : known names that an unread word may mean.
    """

    medicines: tuple[str, ...] = ()
    slips: tuple[SpellingSlip, ...] = ()
    unread: tuple[str, ...] = ()
    near: tuple[str, ...] = ()


@dataclass(frozen=True)
class _TextWord:
    written: str
    folded: str
    part: int  # parts of a text are what stands between commas, "and" and the like


@dataclass(frozen=True)
class _MedicineName:
    text: str
    words: tuple[str, ...]
    medicine: str  # empty: looks like a medicine and is none


@dataclass(frozen=True)
class _NameMatch:
    start: int
    end: int
    names: tuple[_MedicineName, ...]


@cache
def medications() -> Mapping[str, Mapping[str, Any]]:
    """Return medicine → title, classes, aliases and source, in the order of the file."""
    return load_package_table("data/medications.toml")


@cache
def medication_facts() -> frozenset[str]:
    """Return the names that a rule may ask about: every medicine and every class, as `medication.NAME`."""
    return frozenset(fact for name in medications() for fact in fact_names_of_medicine(name))


def fact_names_of_medicine(medicine: str) -> tuple[str, ...]:
    """Return the names under which a rule may ask about one medicine: its own and its classes, as `medication.NAME`."""
    return tuple(f"medication.{name}" for name in (medicine, *medications()[medicine]["classes"]))


def match_medication(text: str) -> tuple[str, ...]:
    """Return the medicines that a free text names or means by a slip; empty when none is known."""
    return read_medication(text).medicines


@lru_cache(maxsize=1024)  # a plan asks again for every setting that it tries
def read_medication(text: str) -> MedicationReading:
    """Return how `text` was read. Text that says that nothing is taken, or nothing at all, names and leaves nothing."""
    words = _split_words(text)
    if not text.strip() or " ".join(word.folded for word in words) in _word_list("none"):
        return MedicationReading()
    if words and words[0].folded in _word_list("denying"):
        return MedicationReading(unread=(text.strip(),))  # not taken, it seems; a list is for what is
    runs = _find_names(words)
    named = [run for run in runs if run.names[0].medicine]
    others = _matched_places(runs) - _matched_places(named)  # of names that look like one and are none
    left = {p for p, word in enumerate(words) if not _is_ignored(word)} - _matched_places(runs)
    slipped, unsure = _find_slips(words, left, named)
    left -= _matched_places(slipped)
    unread = tuple(words[place].written for place in sorted(left | others))
    near = dict.fromkeys([*unsure, *_spelling_hints(words[place].folded for place in sorted(left))])
    taken = [*named, *slipped]
    unknown_parts = {words[place].part for place in left | others}
    meant = {
        (run, name): _choose_entry(name.medicine, run, words, taken, unknown_parts)
        for run in taken
        for name in run.names
    }
    return MedicationReading(
        tuple(name for name in medications() if name in meant.values()),
        tuple(
            SpellingSlip(_matched_text(words, run), name.text, meant[run, name])
            for run in slipped
            for name in run.names
        ),
        unread if taken else (text.strip(),),
        tuple(near),
    )


def edit_distance(left: str, right: str) -> int:
    """Return how many letters must be left out, added, replaced or swapped with their neighbour between two words."""
    before: list[int] = []
    row = list(range(len(right) + 1))
    for i, one in enumerate(left, 1):
        older, before, row = before, row, [i]
        for j, other in enumerate(right, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (one != other))
            if i > 1 and j > 1 and one == right[j - 2] and left[i - 2] == other:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
    return row[-1]


# --- words ----------------------------------------------------------------------------------------------------------


def _split_words(text: str) -> list[_TextWord]:
    """The words and numbers of a text. A letter beside a digit begins a new word, as in "20mg"."""
    plain = unicodedata.normalize("NFKC", re.sub("[®©™℠]", " ", text))
    plain = re.sub("['\N{RIGHT SINGLE QUOTATION MARK}`\N{ACUTE ACCENT}]", "", plain)
    plain = re.sub(r"(?i)\b(m|mc|µ)g\s*/\s*(g|ml)\b", " ", plain)  # the strength of a cream is no dose by mouth
    found: list[_TextWord] = []
    part = 0
    for piece in re.findall(r"[^\W\d_]+|\d+|[;:+&()\[\]\n]|[,.](?!\d)", plain):
        folded = _fold_letters(piece)
        part += folded in _word_list("joining") or not folded.isalnum()
        if folded.isalnum():
            found += [_TextWord(written, fold, part) for written, fold in _split_compound(piece, folded)]
    return found


def _fold_letters(text: str) -> str:
    bare = "".join(
        letter for letter in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(letter)
    )
    for letter, plain in (("ø", "o"), ("ł", "l"), ("æ", "ae"), ("œ", "oe")):
        bare = bare.replace(letter, plain)
    return bare


def _split_compound(written: str, folded: str) -> list[tuple[str, str]]:
    """Part a German compound such as "Isotretinoinkapseln" in the medicine and its form."""
    if folded not in _names_by_letters():
        for form in (*_word_list("by_mouth"), *_word_list("locally")):
            stem = folded.removesuffix(form)
            if len(form) > 4 and stem != folded and len(stem) >= _MIN_SLIP_LETTERS and stem in _names_by_letters():
                return [(written[: len(stem)], stem), (written[len(stem) :], form)]
    return [(written, folded)]


def _is_ignored(word: _TextWord) -> bool:
    lists = ("passing", "joining", "by_mouth", "locally")
    return word.folded.isdigit() or any(word.folded in _word_list(name) for name in lists)


# --- names ----------------------------------------------------------------------------------------------------------


@cache
def _names_by_letters() -> Mapping[str, tuple[_MedicineName, ...]]:
    """Every known name by its letters without any space, and what it names."""
    found: dict[str, list[_MedicineName]] = {}
    entries = [(name, (*entry["aliases"], name, entry["title"])) for name, entry in medications().items()]
    for medicine, texts in [*entries, ("", tuple(_word_lists()["look_alikes"]))]:
        for text in texts:
            words = tuple(_fold_letters(piece) for piece in re.findall(r"[^\W\d_]+|\d+", text.replace("'", "")))
            kept = found.setdefault("".join(words), [])
            if medicine not in [name.medicine for name in kept]:
                kept.append(_MedicineName(text, words, medicine))
    return {key: tuple(names) for key, names in found.items()}


@cache
def _longest_name() -> int:
    return max(len(name.words) for names in _names_by_letters().values() for name in names)


def _find_names(words: Sequence[_TextWord]) -> list[_NameMatch]:
    """The names in a text from left to right, the longest first: "tacrolimus ointment" before "tacrolimus"."""
    found = []
    start = 0
    while start < len(words):
        ends = range(min(len(words), start + _longest_name()), start, -1)
        run = next((run for run in (_match_exactly(words, start, end) for end in ends) if run is not None), None)
        if run is not None:
            found.append(run)
        start = start + 1 if run is None else run.end
    return found


def _match_exactly(words: Sequence[_TextWord], start: int, end: int) -> _NameMatch | None:
    parts = tuple(word.folded for word in words[start:end])
    key = "".join(parts)
    names = _names_by_letters().get(key, ())
    fitting = tuple(name for name in names if name.words == parts or len(key) >= _MIN_JOINED_LETTERS)
    return _NameMatch(start, end, fitting) if fitting else None


def _matched_places(runs: Iterable[_NameMatch]) -> set[int]:
    return {place for run in runs for place in range(run.start, run.end)}


def _matched_text(words: Sequence[_TextWord], run: _NameMatch) -> str:
    return " ".join(word.written for word in words[run.start : run.end])


# --- slips ----------------------------------------------------------------------------------------------------------


def _find_slips(
    words: Sequence[_TextWord], unread: set[int], named: Sequence[_NameMatch]
) -> tuple[list[_NameMatch], list[str]]:
    """What unread words were taken for, and the names between which one of them cannot be decided.

    Neighbours are tried together before each alone, so that "iso-tretinion" is isotretinoin and not tretinoin. Beside
    a word that is a name already, one edit is all that is allowed: "izo-tretinoin" is meant, "use tretinoin" is not.
    """
    runs: list[_NameMatch] = []
    unsure: list[str] = []
    left, covered = set(unread), _matched_places(named)
    for length in (3, 2, 1):
        for start in range(len(words) - length + 1):
            places = set(range(start, start + length))
            if not places <= left | covered or not places & left:
                continue
            letters = "".join(word.folded for word in words[start : start + length])
            if len(letters) < (_MIN_SLIP_LETTERS if length == 1 else _LONG_NAME_LETTERS) or not letters.isalpha():
                continue
            near = _complete_prefix(letters) or _nearest_names(letters, 1 if places & covered else 2)
            known = {name.medicine for run in named if places & _matched_places([run]) for name in run.names}
            milder = _systemic_alternatives(letters, near)
            if milder:
                unsure += [name.text for name in (*near, *milder)]
            elif len({_medicine_classes(name.medicine) for name in near}) == 1 and not known & {"", near[0].medicine}:
                runs += [_NameMatch(start, start + length, near)] if near[0].medicine else []
                left -= places if near[0].medicine else set()
            elif length == 1 and any(name.medicine for name in near):
                unsure += [name.text for name in near]
    return runs, unsure


@lru_cache(maxsize=1024)
def _complete_prefix(letters: str) -> tuple[_MedicineName, ...]:
    """The name that a word is the beginning of, if it is that of one medicine through the body alone: "isotretin"."""
    if len(letters) < _MIN_SLIP_LETTERS or letters in _names_by_letters():
        return ()
    begun = {
        name.medicine: name for key, names in _names_by_letters().items() if key.startswith(letters) for name in names
    }
    found = [name for medicine, name in begun.items() if not _is_topical(medicine)]
    return tuple(found) if len(found) == 1 and found[0].medicine else ()


def _systemic_alternatives(letters: str, near: Sequence[_MedicineName]) -> tuple[_MedicineName, ...]:
    """Medicines through the body that begin like a word which comes nearest to one on the skin: it may be either."""
    if not near or not all(_is_topical(name.medicine) for name in near):
        return ()
    alike = (
        name
        for key, names in _names_by_letters().items()
        if key.startswith(letters[:_MIN_SLIP_LETTERS])
        for name in names
    )
    found = {name.medicine: name for name in alike if name.medicine and not _is_topical(name.medicine)}
    return tuple(found.values())


def _is_topical(medicine: str) -> bool:
    return bool(medicine) and "by_mouth" in medications()[medicine]


@lru_cache(maxsize=1024)
def _nearest_names(letters: str, most: int) -> tuple[_MedicineName, ...]:
    """The names within reach of a word that are nearest to it, one for each medicine; none for a word that is a name.

    `most` is the number of edits allowed, beside what the length of a name allows.
    """
    if letters in _names_by_letters():
        return ()
    reached: dict[int, dict[str, _MedicineName]] = {}
    for key, names in _names_by_letters().items():
        allowed = min(most, 1 if len(key) < _LONG_NAME_LETTERS else 2)
        short = _MIN_SLIP_LETTERS if len(names[0].words) == 1 else _LONG_NAME_LETTERS
        if len(key) < short or not key.isalpha() or abs(len(key) - len(letters)) > allowed:
            continue
        distance = edit_distance(letters, key)
        if distance <= allowed:
            for name in names:
                reached.setdefault(distance, {}).setdefault(name.medicine, name)
    return tuple(reached[min(reached)].values()) if reached else ()


def _medicine_classes(medicine: str) -> tuple[str, ...]:
    return tuple(medications()[medicine]["classes"]) if medicine else ()


def _spelling_hints(words: Iterable[str]) -> list[str]:
    known = {key: names[0].text for key, names in _names_by_letters().items() if names[0].medicine}
    near = (
        get_close_matches(word, known, n=1, cutoff=_HINT_LIKENESS) for word in words if word not in _names_by_letters()
    )
    return [known[key] for keys in near for key in keys]


# --- forms ----------------------------------------------------------------------------------------------------------


def _choose_entry(
    medicine: str, run: _NameMatch, words: Sequence[_TextWord], runs: Sequence[_NameMatch], unknown_parts: set[int]
) -> str:
    """The entry that is meant, once creams are told from tablets.

    Where a text leaves it open, a medicine counts as one that goes through the body, because that asks for more: a
    cream is believed only of a part of the text that names one medicine and nothing unread (it may be the cream of
    another one), neither tablets nor a dose in milligrams, and if no tablets stand alone in another part.
    """
    entry = medications()[medicine]
    taken_parts = {words[one.start].part for one in runs}
    part = words[run.start].part
    own = {word.folded for word in words if word.part == part}
    loose = {word.folded for word in words if word.part not in taken_parts}
    by_mouth, locally = _word_list("by_mouth"), _word_list("locally")
    if "by_mouth" in entry and (own | loose) & by_mouth:
        return str(entry["by_mouth"])
    alone = sum(words[one.start].part == part for one in runs) == 1 and part not in unknown_parts
    if "locally" in entry and alone and own & locally and not (own | loose) & by_mouth and "mg" not in own:
        return str(entry["locally"])
    return medicine


# --- data -----------------------------------------------------------------------------------------------------------


@cache
def _word_lists() -> Mapping[str, list[str]]:
    return load_package_table("data/medication_words.toml")


@cache
def _word_list(name: str) -> frozenset[str]:
    return frozenset(_fold_letters(word) for word in _word_lists()[name])
