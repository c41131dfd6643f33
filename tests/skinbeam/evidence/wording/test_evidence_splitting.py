"""A text is split where its sentences end, so that each is judged for itself."""

import pytest

from skinbeam.evidence.claim_sentences import split_sentences


def sentences(text: str) -> list[str]:
    return [sentence.text for sentence in split_sentences(text)]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("It fades. It returns.", ["It fades.", "It returns."]),
        ("Ask Dr. Weber, e.g. on Mondays. It fades.", ["Ask Dr. Weber, e.g. on Mondays.", "It fades."]),
        ("It takes approx. 30 minutes. It fades.", ["It takes approx. 30 minutes.", "It fades."]),
        ("It lasts 1.5 hours. It fades.", ["It lasts 1.5 hours.", "It fades."]),
        ("It is the end of treatment.The rest fades.", ["It is the end of treatment.", "The rest fades."]),
        ("“It lasts.” We doubt it.", ["“It lasts.”", "We doubt it."]),
        ("Fades spots\nCloses veins\nSoftens scars", ["Fades spots", "Closes veins", "Softens scars"]),
        ("Fades spots • Closes veins | Softens scars", ["Fades spots", "Closes veins", "Softens scars"]),
        ("★ Fades spots\n➤ Closes veins", ["Fades spots", "Closes veins"]),
        ("A line that is wrapped by\nDr. Weber goes on.", ["A line that is wrapped by Dr. Weber goes on."]),
        ("The laser fades spots that the sun has left on the\nface and hands.", None),
        ("1. It fades.\n2. It returns.", ["It fades.", "It returns."]),
        ("Your gain\nIt fades. It returns.", ["Your gain", "It fades.", "It returns."]),
    ],
)
def test_a_sentence_ends_where_it_ends(text: str, parts: list[str] | None) -> None:
    assert sentences(text) == (parts or [" ".join(text.split())])


@pytest.mark.parametrize("between", [" ", "\n", "\n\n", "\nA: "])
@pytest.mark.parametrize("answer", ["No, not at all.", "Yes, it does."])
def test_a_question_and_its_answer_are_one(between: str, answer: str) -> None:
    assert sentences(f"Does it hurt after the treatment?{between}{answer}") == [
        f"Does it hurt after the treatment? {answer}"
    ]


def test_a_question_without_an_answer_stays_alone() -> None:
    assert sentences("Does it hurt? No laser is without pain.") == ["Does it hurt?", "No laser is without pain."]
    assert sentences("Does it hurt?") == ["Does it hurt?"]
