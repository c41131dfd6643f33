"""Phrases: words that may go on, classes of words, gaps; and what takes a phrase back."""

import re
from itertools import chain

import pytest

from skinbeam.evidence.claim_sentences import Sentence
from skinbeam.evidence.claims import claims
from skinbeam.model.package_data import load_package_table

WORDS = load_package_table("data/claim_words.toml")
PROMISES = load_package_table("data/promises.toml")
PHRASES = [
    *chain.from_iterable(chain(chain.from_iterable(claim.find), claim.unless) for claim in claims().values()),
    *PROMISES["denials"],
]


def test_every_class_of_words_is_used_and_exists() -> None:
    assert {name for phrase in PHRASES for name in re.findall(r"<(\w+)>", phrase)} == set(WORDS)


def test_no_phrase_begins_or_ends_with_a_gap() -> None:
    assert all({phrase.split()[0], phrase.split()[-1]}.isdisjoint({"~", "..."}) for phrase in PHRASES)


def test_words_are_as_a_sentence_holds_them() -> None:
    """Lower case, without punctuation: what is written otherwise is found nowhere."""
    assert all(re.fullmatch(r"[^\W_]+\*?( [^\W_]+\*?)*", word) for words in WORDS.values() for word in words)


@pytest.mark.parametrize(
    ("phrase", "text", "holds"),
    [
        ("scar*", "Scarring fades.", True),
        ("scar", "Scarring fades.", False),
        ("<no> ~ pain", "There is no real pain.", True),
        ("<no> ~ pain", "Without any pain.", True),
        ("<no> ~ pain", "There is no fuss, pain comes later.", False),
        ("<no> ~ pain", "No one can say how much pain there is.", False),
        ("scar* ... vanish*", "Scars will soon and quite simply vanish.", True),
        ("scar* ... vanish*", "Scars will never vanish.", False),
    ],
)
def test_where_a_phrase_stands(phrase: str, text: str, holds: bool) -> None:
    assert Sentence(text).contains(phrase) == holds


@pytest.mark.parametrize(
    ("text", "promised"),
    [
        ("It is permanent.", True),
        ("It is not at all permanent.", False),
        ("It is far from permanent.", False),
        ("It is anything but permanent.", False),
        ("No laser of any kind that we know is permanent.", False),
        ("No other laser is permanent.", True),
        ("It is not red, and it is permanent.", True),
        ("It works without scars and is permanent.", True),
        ("It is not red and permanent.", False),
    ],
)
def test_a_negation_takes_back_what_it_reaches(text: str, promised: bool) -> None:
    assert Sentence(text).states_promise("permanent") == promised


def test_a_negation_after_the_phrase_takes_it_back_where_asked() -> None:
    sentence = Sentence("One session will rarely do.")
    assert sentence.states_promise("one session")
    assert not sentence.states_promise("one session", denied_after=True)


def test_a_no_that_makes_a_promise_takes_none_back() -> None:
    sentence = Sentence("No pain with permanent results.")
    assert not sentence.states_promise("permanent")
    assert sentence.states_promise("permanent", frozenset(sentence.negations_in("no pain")))
