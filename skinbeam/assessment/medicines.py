"""Recognise medicines in free text: exact names, probable spelling mistakes, and words that stay unread.

Names are data: `medications.toml` lists medicines with their names, `medication_words.toml` lists words that are not
medicines. Both the text and the names are folded (case, accents, apostrophes, hyphens), and only whole words match:
"goldenseal" is not gold. Nothing is dropped silently. A word that is neither a medicine nor a dose, a form or a
function word is listed as unread.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache, lru_cache

from skinbeam.model.package_data import load_package_table
from skinbeam.text.letters import edit_distance, strip_marks

__all__ = [
    "MedicationEntry",
    "MedicationReading",
    "SpellingSlip",
    "fact_names_of_medicine",
    "match_medication",
    "medication_facts",
    "medications",
    "read_medication",
]

# Least number of letters of a word that is split or joined unlike its name ("iso-tretinoin", "stjohnswort"): below it,
# "as a" would be read as ASA, and a "retina" as Retin-A.
_MIN_JOINED_LETTERS = 8
# Least length of a word that is checked for spelling mistakes: shorter ones are too close to other real words.
_MIN_SLIP_LETTERS = 6
# Names of 6 to 8 letters may differ by one edit, longer ones by two. An edit is a letter left out, added or replaced,
# or two neighbours swapped.
_LONG_NAME_LETTERS = 9
# Share of letters in common from which a known name is a hint; a worse one would mislead.
_HINT_LIKENESS = 0.84


@dataclass(frozen=True)
class SpellingSlip:
    """A word that is not the name of a medicine and was read as a misspelt one.

    Parameters
    ----------
    written : the word or words as written in the case.
    name : the name that was recognised.
    medicine : the entry of `medications.toml` that has this name.
    """

    written: str
    name: str
    medicine: str


@dataclass(frozen=True)
class MedicationReading:
    """The result of reading one text.

    Parameters
    ----------
    medicines : every medicine that the rules treat as taken, misspelt ones included, in the order of the file.
    slips : those of them that were misspelt.
    unread : words as written that nothing explains; the whole text when it names no medicine at all.
    possible_names : known names that an unread word may mean.
    """

    medicines: tuple[str, ...] = ()
    slips: tuple[SpellingSlip, ...] = ()
    unread: tuple[str, ...] = ()
    possible_names: tuple[str, ...] = ()


@dataclass(frozen=True)
class _TextWord:
    written: str
    folded: str
    part: int  # number of the part of the text; commas, "and" and similar words separate parts


@dataclass(frozen=True)
class _MedicineName:
    text: str
    words: tuple[str, ...]
    medicine: str  # empty for a word that looks like a medicine and is none


@dataclass(frozen=True)
class _NameMatch:
    start: int
    end: int
    names: tuple[_MedicineName, ...]


@dataclass(frozen=True)
class MedicationEntry:
    """A medicine of `data/medications.toml`.

    Parameters
    ----------
    locally, by_mouth : the entry of its topical form, or of its oral form; None where there is no other.
    source : of its classes; None where they are a judgement of this project.
    """

    title: str
    classes: tuple[str, ...]
    aliases: tuple[str, ...]
    locally: str | None = None
    by_mouth: str | None = None
    source: str | None = None


@cache
def medications() -> Mapping[str, MedicationEntry]:
    """Return the medicines by name, in the order of the file."""
    return {
        name: MedicationEntry(**entry | {key: tuple(entry[key]) for key in ("classes", "aliases")})
        for name, entry in load_package_table("data/medications.toml").items()
    }


@cache
def medication_facts() -> frozenset[str]:
    """Return the names that a rule may ask about: every medicine and every class, as `medication.NAME`."""
    return frozenset(fact for name in medications() for fact in fact_names_of_medicine(name))


def fact_names_of_medicine(medicine: str) -> tuple[str, ...]:
    """Return the names under which a rule may ask about one medicine: its own and its classes, as `medication.NAME`."""
    return tuple(f"medication.{name}" for name in (medicine, *medications()[medicine].classes))


def match_medication(text: str) -> tuple[str, ...]:
    """Return the medicines that a free text names, misspelt ones included; empty when none is known."""
    return read_medication(text).medicines


@lru_cache(maxsize=1024)  # a plan reads the same text again for every setting that it tries
def read_medication(text: str) -> MedicationReading:
    """Recognise the medicines in a free text.

    A text that is empty, or says that nothing is taken, yields no medicine and no unread word.
    """
    words = _split_words(text)
    if not text.strip() or " ".join(word.folded for word in words) in _word_list("none"):
        return MedicationReading()
    if words and words[0].folded in _word_list("denying"):
        return MedicationReading(unread=(text.strip(),))  # probably not taken; the list is for medicines that are
    runs = _find_names(words)
    named = [run for run in runs if run.names[0].medicine]
    others = _matched_places(runs) - _matched_places(named)  # of look-alikes, which are no medicines
    ignored = {p for p, word in enumerate(words) if _is_ignored(word)}
    last = max(set(range(len(words))) - ignored, default=-1)
    # A plus that joins nothing says that there is a diuretic in it: "Delix 5 plus".
    ignored -= {p for p in ignored if p > last and words[p].folded == "plus"}
    left = set(range(len(words))) - ignored - _matched_places(runs)
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


# --- words ----------------------------------------------------------------------------------------------------------


def _split_words(text: str) -> list[_TextWord]:
    """Split a text into words and numbers. A letter beside a digit begins a new word, as in "20mg"."""
    plain = unicodedata.normalize("NFKC", re.sub("[®©™℠]", " ", text))
    plain = re.sub("['\N{RIGHT SINGLE QUOTATION MARK}`\N{ACUTE ACCENT}]", "", plain)
    plain = re.sub(r"(?i)\b(m|mc|µ)g\s*/\s*(g|ml)\b", " ", plain)  # the strength of a cream is no dose by mouth
    words_of_text: list[_TextWord] = []
    part = 0
    for piece in re.findall(r"[^\W\d_]+|\d+|[;:+&()\[\]\n]|[,.](?!\d)", plain):
        folded = _fold_letters(piece)
        part += folded in _word_list("joining") or not folded.isalnum()
        if folded.isalnum():
            words_of_text += [_TextWord(written, fold, part) for written, fold in _split_compound(piece, folded)]
    return words_of_text


def _fold_letters(text: str) -> str:
    return strip_marks(text.casefold())


def _split_compound(written: str, folded: str) -> list[tuple[str, str]]:
    """Split a German compound such as "Isotretinoinkapseln" into the medicine and its form."""
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
    """Return every known name, by its letters without any space, with the entries that it names."""
    by_letters: dict[str, list[_MedicineName]] = {}
    entries = [(name, (*entry.aliases, name, entry.title)) for name, entry in medications().items()]
    for medicine, texts in [*entries, ("", tuple(_word_lists()["look_alikes"]))]:
        for text in texts:
            words = tuple(_fold_letters(piece) for piece in re.findall(r"[^\W\d_]+|\d+", text.replace("'", "")))
            same_letters = by_letters.setdefault("".join(words), [])
            if medicine not in [name.medicine for name in same_letters]:
                same_letters.append(_MedicineName(text, words, medicine))
    return {key: tuple(names) for key, names in by_letters.items()}


@cache
def _longest_name() -> int:
    return max(len(name.words) for names in _names_by_letters().values() for name in names)


def _find_names(words: Sequence[_TextWord]) -> list[_NameMatch]:
    """Find the names in a text from left to right, the longest first: "tacrolimus ointment" before "tacrolimus"."""
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
    """Return the medicines that unread words probably misspell, and the names between which a word is ambiguous.

    Neighbouring words are tried together before each alone, so that "iso-tretinion" is read as isotretinoin and not as
    tretinoin. Beside a word that is a name already only one edit is allowed: "izo-tretinoin" is read as isotretinoin,
    "use tretinoin" is not.
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
    """Return the one systemic medicine whose name begins with a word ("isotretin"); empty for several or none.

    Names of several words do not count: "vitamin" is no vitamin K antagonist. Nor does less than half of a name:
    "hormone" is a word of its own, and no "Hormonersatztherapie" that was cut short.
    """
    if len(letters) < _MIN_SLIP_LETTERS or letters in _names_by_letters():
        return ()
    begun = {
        name.medicine: name
        for key, names in _names_by_letters().items()
        if key.startswith(letters) and 2 * len(letters) >= len(key)
        for name in names
        if len(name.words) == 1
    }
    found = [name for medicine, name in begun.items() if not _is_topical(medicine)]
    return tuple(found) if len(found) == 1 and found[0].medicine else ()


def _systemic_alternatives(letters: str, near: Sequence[_MedicineName]) -> tuple[_MedicineName, ...]:
    """Return systemic medicines that begin like a word whose nearest name is a topical one: it may be either."""
    if not near or not all(_is_topical(name.medicine) for name in near):
        return ()
    alike = (
        name
        for key, names in _names_by_letters().items()
        if key.startswith(letters[:_MIN_SLIP_LETTERS])
        for name in names
    )
    alternatives = {name.medicine: name for name in alike if name.medicine and not _is_topical(name.medicine)}
    return tuple(alternatives.values())


def _is_topical(medicine: str) -> bool:
    return bool(medicine) and medications()[medicine].by_mouth is not None


@lru_cache(maxsize=1024)
def _nearest_names(letters: str, most: int) -> tuple[_MedicineName, ...]:
    """Return the names nearest to a word within the allowed distance, one for each medicine.

    Empty for a word that is itself a name. `most` is the number of edits allowed, in addition to the limit by the
    length of the name.
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
    return medications()[medicine].classes if medicine else ()


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
    """Choose between the oral and the topical entry of a medicine.

    Where a text leaves it open, a medicine counts as systemic, because more rules apply then. It counts as a cream only
    if its part of the text names one medicine and has nothing unread (it may be the cream of another medicine), neither
    tablets nor a dose in milligrams, and if no tablets are named alone in another part.
    """
    entry = medications()[medicine]
    taken_parts = {words[match.start].part for match in runs}
    part = words[run.start].part
    own = {word.folded for word in words if word.part == part}
    loose = {word.folded for word in words if word.part not in taken_parts}
    by_mouth, locally = _word_list("by_mouth"), _word_list("locally")
    if entry.by_mouth is not None and (own | loose) & by_mouth:
        return entry.by_mouth
    alone = sum(words[match.start].part == part for match in runs) == 1 and part not in unknown_parts
    if entry.locally is not None and alone and own & locally and not (own | loose) & by_mouth and "mg" not in own:
        return entry.locally
    return medicine


# --- data -----------------------------------------------------------------------------------------------------------


@cache
def _word_lists() -> Mapping[str, list[str]]:
    return load_package_table("data/medication_words.toml")


@cache
def _word_list(name: str) -> frozenset[str]:
    return frozenset(_fold_letters(word) for word in _word_lists()[name])
