"""What trials say after each session: more sessions help no fewer people, and a place among people is kept."""

import pytest

from skinbeam.evidence.expectation.sessions import half_improved_after_sessions, improvement_at_same_rank
from skinbeam.evidence.question import EvidenceQuestion
from skinbeam.model.estimate import Unknown

SCARS = EvidenceQuestion("acne-scars", "fractional-ablative", phototype="III")


def test_each_further_session_adds_less_than_the_one_before() -> None:
    found = half_improved_after_sessions(SCARS, [1, 2, 4, 8])
    assert not isinstance(found, Unknown)
    gained = [share.median for share in found]
    assert gained == sorted(gained)
    # Between 4 and 8 sessions less is gained than between 1 and 4; the same clinics, drawn apart by sampling of 0.01.
    assert gained[3] - gained[2] < gained[2] - gained[0] + 0.01


def test_where_trials_are_silent_nothing_is_stated() -> None:
    silent = EvidenceQuestion("dull-complexion", "vascular")
    assert isinstance(half_improved_after_sessions(silent, [1, 2]), Unknown)
    assert improvement_at_same_rank(silent, 1, 40.0, [2]) is None


@pytest.mark.parametrize("improved", [5.0, 30.0, 60.0, 95.0])
def test_who_keeps_their_place_is_no_worse_after_more_sessions(improved: float) -> None:
    improvements = improvement_at_same_rank(SCARS, 1, improved, [1, 2, 4])
    assert improvements is not None
    same, *later = improvements
    assert same == pytest.approx(improved, abs=1.0)  # the same sessions: two draws of clinics differ by so much
    assert [same, *later] == sorted([same, *later])
