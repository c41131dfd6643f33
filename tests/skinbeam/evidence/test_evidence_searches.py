"""The list of searches: what it holds, that a broken row is refused, and that silence names it."""

import datetime

import pytest
from csv_text import written

from skinbeam.evidence.expectation.expect import abstention
from skinbeam.evidence.question import EvidenceQuestion
from skinbeam.evidence.studies.searches import LiteratureSearch, literature_searches, read_searches, searches_for
from skinbeam.model.errors import InputError
from skinbeam.model.vocabulary import vocabulary_table

HEAD = ["condition", "modality", "query", "date", "useful_studies"]
GOOD = dict(zip(HEAD, ("keloid", "silicone", "silicone keloid", "2026-11-22", "2"), strict=True))


def test_a_good_row_is_read_whole() -> None:
    (found,) = read_searches(written(HEAD, GOOD))
    assert found == LiteratureSearch("keloid", "silicone", "silicone keloid", datetime.date(2026, 11, 22), 2)
    (found,) = read_searches(written(HEAD, GOOD | {"condition": "", "modality": ""}))
    assert (found.condition, found.modality) == ("", "")


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("condition", "keloids"),
        ("modality", "any"),
        ("query", " "),
        ("date", "22 November"),
        ("useful_studies", ""),
        ("useful_studies", "uzair2020"),
    ],
)
def test_a_broken_row_is_refused(column: str, value: str) -> None:
    with pytest.raises(InputError) as caught:
        read_searches(written(HEAD, GOOD | {column: value}))
    assert str(caught.value.field).endswith(f".{column}")


def test_a_query_stands_once() -> None:
    with pytest.raises(InputError, match="twice"):
        read_searches(written(HEAD, GOOD, GOOD | {"useful_studies": "0"}))


def test_every_condition_was_searched_for() -> None:
    assert {search.condition for search in literature_searches()} >= set(vocabulary_table("condition"))


def test_silence_names_what_was_searched() -> None:
    looked_for = EvidenceQuestion("keloid", "silicone")
    reason = abstention(looked_for)
    found = [search for search in searches_for("keloid", "silicone") if not search.useful_studies]
    assert reason is not None
    assert f"that found none: {len(found)}, the last on 22 November 2026" in reason.text
    neglected = abstention(EvidenceQuestion("spider-angioma", "silicone"))
    assert not searches_for("spider-angioma", "silicone")
    assert neglected is not None
    assert "No search for it by name was made." in neglected.text
