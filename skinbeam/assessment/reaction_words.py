"""Read the free text about an earlier session: which reactions it names, and for how long they stayed.

The words of each reaction are data, `data/reactions.toml`. A text that contains no known word is listed as unread, so
that nothing that was written down is ignored.
"""

import math
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache

from skinbeam.assessment.stated_time import longest_time_h, span_h, without_times
from skinbeam.model.package_data import load_package_table
from skinbeam.model.vocabulary import PIGMENT_MODALITIES, RAISED_SCARS, SURFACE_MODALITIES, usable_modalities

__all__ = [
    "BROWN_SPOTS",
    "MARKS",
    "PALE_MARK",
    "UNKNOWN_MARK",
    "UNREAD_REACTION",
    "ReactionKind",
    "has_denial",
    "longest_stay_h",
    "reaction_kinds",
    "read_reaction_kinds",
    "says_reaction_ended",
    "split_clauses",
    "stated_duration_h",
]

UNREAD_REACTION = ""
_CACHED_TEXTS = 1024  # a plan asks for the reactions of its case a hundred times
PALE_MARK, UNKNOWN_MARK = "pale-mark", "pigment-change"
MARKS = ("dark-mark", PALE_MARK, UNKNOWN_MARK)
_SCARS = ("acne-scars", "surgical-scars", *RAISED_SCARS)
# Conditions whose own colour a session note may name: of a spot, or of a whole field.
BROWN_SPOTS = ("age-spots", "freckles", "uneven-pigmentation")
_BROWN_FIELDS = (
    "melasma",
    "post-inflammatory-hyperpigmentation",
    "uneven-pigmentation",
    "poikiloderma",
    "dull-complexion",
)
_CLAUSE_END = re.compile(r"[;,.!?/\n]|\b(?:but|however|then|except|aber|sondern|jedoch|dann|ausser)\b")
_TWO_LETTERS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})
_DENYING = ("no", "not", "without", "never", "denies", "denied", "neither", "nor")
_DENYING_GERMAN = ("kein", "keine", "keinem", "keinen", "keiner", "keines", "keinerlei", "nicht", "nie", "ohne")
_OF_DENIALS = (
    "a",
    "an",
    "any",
    "signs?",
    "evidence",
    "of",
    "new",
    "visible",
    "neue[nrs]?",
    "anzeichen",
    "zeichen",
    "hinweise?",
    "von",
    "auf",
    "fuer",
    "eine[mnrs]?",
    "sichtbare[nrs]?",
)
_DENIAL = rf"\b(?:{'|'.join((*_DENYING, *_DENYING_GERMAN))})\b(?: (?:{'|'.join(_OF_DENIALS)}))*"
_DENIED_LIST = re.compile(rf"^{_DENIAL} (?P<items>.+)$")
_DOUBLE_DENIAL = re.compile(r"\b(?:not|never|nicht|nie)\s+(?:without|ohne)\b")
_UNHEALED = re.compile(rf"{_DENIAL} (?:healed|well|abgeheilt|gone|faded|resolved|cleared|closed|weg|verschwunden)\b")
_LINKING_VERB = re.compile(r"\b(?:is|are|was|were|ist|sind|war|waren)\s+")
_NEITHER_NOR = re.compile(r"\bweder\b([^;.!?\n]*?)\bnoch\b")  # of which "noch" alone says "still"
_PIGMENT_PAIR = re.compile(r"\b(hypo|hyper)-? ?(/|or|and|nor|oder|und|noch) ?(hypo|hyper)[- ]?(pigment\w*)")
_PIGMENT_PREFIX = re.compile(r"\b(hypo|hyper)[- ]pigment")
_PALER_TARGET = re.compile(r"\b((?:scars?|keloids?|redness|veins?|vessels?|flushing)(?: \w+){0,2}) paler\b(?! than)")
_YES_NO_ANSWER = re.compile(r"(?P<what>[\w ]+?)\s*[:=]\s*(?P<answer>no|none|nil|yes|nein|keine|ja)\b")


@dataclass(frozen=True)
class ReactionKind:
    """What a reaction of `data/reactions.toml` means for the next pulse.

    Parameters
    ----------
    words : how it is called in a free text, as `_normalise_words` returns it, the longest first.
    harm : whether the skin was injured. harm_after_h : only if it is still there after so many hours.
    burnt : whether the epidermis was burnt; None where the mark does not show it.
    expected_after : modalities whose usual reaction it is; None of every one. expected_for_h : only for so many hours.
    expected_longer_h : modality → hours for which it is expected after it, where they are more.
    brown_spots_only : whether it is expected only of what is treated as a brown spot.
    history : word of the history that it stands for; None of most.
    """

    words: tuple[str, ...]
    harm: bool
    harm_after_h: float
    burnt: bool | None
    expected_after: frozenset[str] | None
    expected_for_h: float
    expected_longer_h: Mapping[str, float]
    brown_spots_only: bool
    history: str | None


@cache
def reaction_kinds() -> Mapping[str, ReactionKind]:
    """Return the reactions of `data/reactions.toml` by name."""
    return {
        name: ReactionKind(
            words=tuple(sorted(map(_normalise_words, entry["words"]), key=len, reverse=True)),
            harm=entry["harm"],
            harm_after_h=entry.get("harm_after_h", 0.0),
            burnt=entry.get("burnt"),
            expected_after=None
            if entry.get("expected_after") == "every"
            else frozenset(entry.get("expected_after", ())),
            expected_for_h=entry.get("expected_for_h", math.inf),
            expected_longer_h=entry.get("expected_longer_h", {}),
            brown_spots_only=entry.get("brown_spots_only", False),
            history=entry.get("history"),
        )
        for name, entry in load_package_table("data/reactions.toml")["reaction"].items()
    }


@lru_cache(_CACHED_TEXTS)
def read_reaction_kinds(text: str, treats: str = "") -> tuple[str, ...]:
    """Return the reactions that a free text names, each once; `UNREAD_REACTION` where a part of it was not understood.

    "none" where every reaction in it is denied. A text is read clause by clause. A clause that names a reaction without
    denying it reports it; other words beside an injury do not matter. Beside anything milder every word has to be
    known, or the clause counts as unread, so that an injury in other words, or misspelt, is not missed.

    Parameters
    ----------
    treats : the condition that was treated; a scar may be the one that was there before.
    """
    if _normalise_words(text) in _no_reaction_words():
        return ("none",)
    kinds: dict[str, None] = {}
    for clause in split_clauses(text):
        kinds |= dict.fromkeys(_clause_reactions(clause, treats))
    if len(kinds) > 1:
        kinds.pop("none", None)
    return tuple(kinds)


def _normalise_words(text: str) -> str:
    """Return a text as lower-case words with single spaces between them."""
    return " ".join(re.findall(r"\w+", _fold_letters(text)))


def _fold_letters(text: str) -> str:
    """Return a text in lower case and with umlauts as two letters, however it writes them: "Bläschen", "Blaeschen"."""
    return unicodedata.normalize("NFC", text.casefold()).translate(_TWO_LETTERS)


def has_denial(words: str) -> bool:
    """Return whether a clause denies something."""
    return re.search(_DENIAL, words) is not None


def split_clauses(text: str) -> Iterator[str]:
    """Yield the clauses, in lower case and with umlauts as two letters.

    "blister: no" is turned into "no blister", and a list after a denial stays in one piece.
    """
    plain = _in_plain_words(_YES_NO_ANSWER.sub(_phrase_answer, _fold_letters(text)))
    for sentence in re.split(r"[;.!?\n]", plain):
        if _is_pure_denial(_normalise_words(sentence)):
            yield _normalise_words(sentence)
            continue
        yield from _join_endings(words for part in _CLAUSE_END.split(sentence) if (words := _normalise_words(part)))


def _join_endings(clauses: Iterable[str]) -> Iterator[str]:
    """Yield clauses, each with those after it that only say how it went on: "dark marks for 4 months, faded"."""
    whole = ""
    for words in clauses:
        if whole and _says_only_ended(words):
            whole = f"{whole} {words}"
            continue
        if whole:
            yield whole
        whole = words
    if whole:
        yield whole


def _says_only_ended(words: str) -> bool:
    """Return whether a clause says nothing but that something is gone, or is there still."""
    gone = _known_words("gone") | _known_words("shed")
    tells = gone | _known_words("present") | (_known_words("still") - {"old", "alte", "alten", "alter"})
    rest = set(without_times(words).split()) - (_known_words("beside") - tells)
    return bool(rest) and rest <= tells


def _in_plain_words(text: str) -> str:
    """Return a text in words that can be matched: pairs of pigment and "weder ... noch" written out, scars that paled.

    A scar or a vessel that is paler has improved; what is not without a scar has one.
    """
    paired = _PIGMENT_PAIR.sub(_phrase_pair, _DOUBLE_DENIAL.sub("", _LINKING_VERB.sub("", text)))
    written_out = _NEITHER_NOR.sub(lambda listed: f"keine {listed[1].replace(',', '; keine')}; keine ", paired)
    return _PALER_TARGET.sub(r"\1 better", _PIGMENT_PREFIX.sub(r"\1pigment", written_out))


def _phrase_pair(pair: "re.Match[str]") -> str:
    joined = "noch" if pair[2] == "noch" else "or"  # which ends "weder"
    return f"{pair[1]}{pair[4]} {joined} {pair[3]}{pair[4]}"


def _phrase_answer(answer: "re.Match[str]") -> str:
    denied = answer["answer"] not in ("yes", "ja")
    return f"{'no ' if denied else ''}{answer['what'].strip()};"


def _is_pure_denial(words: str) -> bool:
    """Return whether a sentence only denies a list of reactions: "no redness, blister or burn"."""
    listed = _DENIED_LIST.match(words)
    if listed is None or not re.search(r"\b(?:or|nor|oder)\b", words):
        return False
    rest = _remove_words(listed["items"], (word for kind in _reaction_entries().values() for word in kind.words))
    return set(rest.split()) <= {"or", "nor", "and", "any", "oder", "und"}


def _clause_reactions(words: str, treats: str) -> Iterator[str]:
    if words in _no_reaction_words() or _is_pure_denial(words):
        yield "none"
        return
    if _is_vessel_that_was_hit(words):
        yield "none"
        return
    if _is_spot_that_fell_off(words, treats):
        yield "crust"
        return
    rest = _remove_words(words, _known_words("place"))
    named: dict[str, list[str]] = {}
    for kind, entry in _reaction_entries().items():
        for word in entry.words:
            if _has_word(rest, word):  # else no pattern is compiled: hundreds of words are asked for
                rest = re.sub(rf"{_DENIAL} {word}(?= |$)", "", rest)
            if _has_word(rest, word):
                rest = _remove_words(rest, (word,))
                named.setdefault(kind, []).append(word)
    if len(named) > 1 and _known_words("shape").issuperset(named.get(UNKNOWN_MARK, ())):
        named.pop(UNKNOWN_MARK, None)  # "redness in stripes"
    injured = any(_reaction_entries()[kind].harm for kind in named)
    if injured and _is_of_before(words, rest, set(named), treats):
        yield UNREAD_REACTION  # "old scar softer": an earlier scar seems to have improved
        return
    yield from named
    rest = _without_ending(rest) if named else rest
    if "crust" in named:
        rest = _remove_words(rest, _known_words("fell"))
    if _flakes_as_usual(words, treats):
        rest = _remove_words(without_times(rest), _known_words("flaking"))
    beside = set(rest.split()) - _known_words("beside") - {"no", "not", "without", "keine", "nicht", "ohne"}
    if not injured and (_UNHEALED.search(rest) or any(not word.isdecimal() for word in beside)):
        yield UNREAD_REACTION
    elif not named:
        yield "none"


def _without_ending(rest: str) -> str:
    """Return the words beside a reaction without for how long it stayed, and that it is gone or was there still.

    That something is there still needs the time since then, or nobody knows whether it stayed too long.
    """
    if _UNHEALED.search(rest):
        return rest
    is_timed = longest_time_h(rest) is not None
    ending = _known_words("gone") | (_known_words("still") | _known_words("present") if is_timed else frozenset())
    return _remove_words(without_times(rest), ending)


def _is_of_before(words: str, rest: str, named: set[str], treats: str) -> bool:
    """Return whether a clause describes a scar or a mark that was there before, since it improved or is there still.

    A mark of which a clause says after what time it was gone is one that light left, unless it may be what was treated.
    A raised scar is a new one where light treated no raised scar, however it is now, and so is a lid that was drawn
    outwards. That a scar is there still is about the treated one only where a scar was treated.

    Parameters
    ----------
    words, rest : of the clause, and those that name no injury.
    """
    is_other = _has_words(words, "new") or (_has_words(words, "raised") and treats not in ("", *RAISED_SCARS))
    if "scar" in named and is_other:
        return False
    if named <= {"scar", *MARKS} and _has_words(rest, "better"):
        return "scar" in named or not _is_mark_with_end(words, named, treats)
    return treats in _SCARS and "scar" in named <= {"scar", "redness"} and _has_words(rest, "still")


def _is_mark_with_end(words: str, named: set[str], treats: str) -> bool:
    """Return whether a clause says after what time a mark was gone or better, and it is not what was treated."""
    may_be_target = treats in _BROWN_FIELDS or (treats in ("", *BROWN_SPOTS) and _has_words(words, "spot"))
    if may_be_target and named != {PALE_MARK}:
        return False
    time_h = longest_time_h(words)
    lasted = time_h is not None and time_h >= min(reaction_kinds()[kind].harm_after_h for kind in named)
    return lasted or (time_h is not None and _has_words(words, "gone"))


def _is_vessel_that_was_hit(words: str) -> bool:
    """Return whether a clause only says that a vessel became darker, as light turns one that it reached."""
    named = {word for word in words.split() if not word.isdecimal()} - _known_words("beside")
    vessels, darker = _known_words("vessel"), _known_words("darker")
    return not named.isdisjoint(vessels) and not named.isdisjoint(darker) and named <= vessels | darker


def _is_spot_that_fell_off(words: str, treats: str) -> bool:
    """Return whether a clause only says that treated brown spots became darker and fell off, as light turns them."""
    if treats not in BROWN_SPOTS or not _has_words(words, "fell"):
        return False
    named = {word for word in without_times(words).split() if not word.isdecimal()} - _known_words("beside")
    spots, darker = _known_words("brown_spot"), _known_words("darker")
    known = spots | darker | _known_words("shed") | _known_words("turned")
    return not named.isdisjoint(spots) and not named.isdisjoint(darker) and named <= known


def _flakes_as_usual(words: str, treats: str) -> bool:
    """Return whether skin of a treated condition may flake, and a clause names no longer time than it usually does."""
    flaking = {*SURFACE_MODALITIES, *PIGMENT_MODALITIES}
    if not treats or flaking.isdisjoint(usable_modalities(treats)):
        return False
    usual_h: float = load_package_table("data/reactions.toml")["flaking"]["expected_for_h"]
    return (longest_time_h(words) or 0.0) <= usual_h


@lru_cache(_CACHED_TEXTS)
def stated_duration_h(text: str, kind: str, treats: str) -> float | None:
    """Return for how long a text says that a reaction stayed, hours; None where a clause that names it does not say it.

    A clause with a denial in it, or with a word such as "still", describes no end.
    """
    times = []
    for words in split_clauses(text):
        if kind in _clause_reactions(words, treats):
            gone_h = longest_time_h(words) if _has_words(words, "gone") else None
            open_end = re.search(_DENIAL, words) is not None or _has_words(words, "still")
            times.append(None if open_end else gone_h if gone_h is not None else span_h(words))
    return None if None in times else max((time for time in times if time is not None), default=None)


@lru_cache(_CACHED_TEXTS)
def says_reaction_ended(text: str, kind: str, treats: str) -> bool:
    """Return whether each clause that names a reaction says that it is gone, and none that it is not."""
    named = [words for words in split_clauses(text) if kind in _clause_reactions(words, treats)]
    return bool(named) and all(_has_words(words, "gone") and not re.search(_DENIAL, words) for words in named)


@lru_cache(_CACHED_TEXTS)
def longest_stay_h(text: str, kind: str, treats: str) -> float:
    """Return the longest time that a text names of a reaction that is no injury, hours; 0 without any."""
    named = (words for words in split_clauses(text) if kind in _clause_reactions(words, treats))
    return max((longest_time_h(words) or 0.0 for words in named), default=0.0)


def _has_words(words: str, group: str) -> bool:
    """Return whether a clause contains a word of a group of the data."""
    return any(_has_word(words, word) for word in _known_words(group))


def _has_word(words: str, word: str) -> bool:
    """Return whether a clause contains a word, or several in that order, as a whole."""
    return f" {word} " in f" {words} "


def _remove_words(words: str, taken: Iterable[str]) -> str:
    for word in sorted((word for word in taken if _has_word(words, word)), key=len, reverse=True):
        words = re.sub(rf"(?:^| ){word}(?= |$)", " ", words)
    return words.strip()


@cache
def _reaction_entries() -> Mapping[str, ReactionKind]:
    return {kind: entry for kind, entry in reaction_kinds().items() if kind != "none"}


@cache
def _no_reaction_words() -> frozenset[str]:
    return frozenset(reaction_kinds()["none"].words)


@cache
def _known_words(group: str) -> frozenset[str]:
    return frozenset(map(_normalise_words, load_package_table("data/reactions.toml")["words"][group]))
