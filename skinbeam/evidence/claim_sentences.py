"""The sentences of a clinic's text, as the finder of claims reads them: words, clauses, and the heading above.

What takes a promise back (a negation, a warning, a question, a heading) stands in `data/promises.toml`.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import Any, Literal

from skinbeam.evidence.wording.clauses import clauses
from skinbeam.evidence.wording.phrases import beginnings, pattern, stays_in_clause
from skinbeam.shipped import shipped_table

__all__ = ["Heading", "Sentence", "about", "told"]

Heading = Literal["", "risks", "denials"]


@dataclass(frozen=True)
class Sentence:
    """One sentence.

    Parameters
    ----------
    text : as it stands in the text, spaces apart.
    under : what the heading above it is about.
    refused : how many words at its beginning are a question that the rest answers with no.
    """

    text: str
    under: Heading = ""
    refused: int = 0

    @cached_property
    def words(self) -> str:
        """The words in lower case, parted by single spaces, with a space at either end."""
        return f" {' '.join(self._list)} "

    @cached_property
    def makes_no_promise(self) -> bool:
        """Whether the sentence as a whole only speaks of promises, or asks."""
        asks = self.text.endswith("?") and self.begins_with(told()["questions"])
        return asks or self.under == "denials" or any(map(self.holds, told()["denials"]))

    def begins_with(self, phrases: Sequence[str]) -> bool:
        """Whether the sentence begins with one of the phrases."""
        return any(self.words.startswith(f" {phrase} ") for phrase in phrases)

    def holds(self, phrase: str) -> bool:
        """Whether the phrase (`skinbeam.evidence.wording.phrases`) stands in the sentence."""
        return next(self.places(phrase), None) is not None

    def places(self, phrase: str) -> Iterator[range]:
        """Yield the places of the phrase, as numbers of words."""
        if not self._may_hold(phrase):
            return
        for match in pattern(phrase).finditer(self.words):
            place = range(bisect_left(self._starts, match.start()), bisect_left(self._starts, match.end()))
            if not stays_in_clause(phrase) or self._clause(place[0]) == self._clause(place[-1]):
                yield place

    def promises(self, phrase: str, spent: frozenset[int] = frozenset(), *, denied_after: bool = False) -> bool:
        """Whether the phrase stands in the sentence and nothing takes it back.

        Parameters
        ----------
        spent : words that make another promise ("no" of "no pain"), and so take nothing back.
        denied_after : whether a negation shortly after the phrase takes it back, too.
        """
        return any(
            place.stop > self.refused
            and not self._denied(place[0], spent)
            and not (denied_after and self._denied_after(place[-1]))
            for place in self.places(phrase)
        )

    def negations_in(self, phrase: str) -> Iterator[int]:
        """Yield the words of the phrase, where it stands, that would take another promise back."""
        for place in self.places(phrase):
            yield from (k for k in place if self._list[k] in told()["negations"])

    def _may_hold(self, phrase: str) -> bool:
        """Whether a beginning of each part of the phrase stands here: most phrases stand nowhere, told apart fast."""
        for part, words in beginnings(phrase):
            if part not in self._parts:
                self._parts[part] = any(word in self.words for word in words)
            if not self._parts[part]:
                return False
        return True

    @cached_property
    def _parts(self) -> dict[str, bool]:
        """Parts of phrases that were looked for, and whether one of their words stands in the sentence."""
        return {}

    @cached_property
    def _clauses(self) -> list[list[str]]:
        return clauses(self.text, told()["clause_words"])

    @cached_property
    def _list(self) -> list[str]:
        return [word for clause in self._clauses for word in clause]

    @cached_property
    def _starts(self) -> list[int]:
        """Where each word begins in `words`, counted from the space before it."""
        return list(accumulate((len(word) + 1 for word in self._list), initial=0))

    @cached_property
    def _clause_starts(self) -> list[int]:
        """Number of the first word of each clause."""
        return list(accumulate(map(len, self._clauses), initial=0))

    def _clause(self, place: int) -> int:
        return bisect_right(self._clause_starts, place)

    def _negates(self, place: int) -> bool:
        """Whether the word there takes back what follows it."""
        pair = " ".join(self._list[place : place + 2])
        return pair in told()["negating_pairs"] or (
            self._list[place] in told()["negations"] and pair not in told()["not_negations"]
        )

    def _denied(self, place: int, spent: frozenset[int]) -> bool:
        """Whether a negation stands shortly before the word at `place`, in its clause, or is the clause's subject."""
        first = self._clause_starts[self._clause(place) - 1]
        near = range(max(first, place - told()["reach"]), place)
        subject = range(first, first + (first < place and self._list[first] in told()["negating_subjects"]))
        return any(self._negates(k) and k not in spent and not self._ended(k, place) for k in {*near, *subject})

    def _ended(self, negation: int, place: int) -> bool:
        """Whether an "and" ends what a "no" or "without" denies: no pain and lasting results."""
        return self._list[negation] in told()["ended_by_and"] and "and" in self._list[negation:place]

    def _denied_after(self, place: int) -> bool:
        last = min(self._clause_starts[self._clause(place)], place + 1 + told()["reach"])
        return any(map(self._negates, range(place + 1, last)))


def about(heading: str) -> Heading:
    """Return what a heading says of the sentences under it."""
    stands = Sentence(heading).holds
    if any(map(stands, told()["denial_heading"])):
        return "denials"
    return "risks" if any(map(stands, told()["risk_heading"])) else ""


def told() -> Mapping[str, Any]:
    """Return `data/promises.toml`: what takes a promise back."""
    return shipped_table("data/promises.toml")
