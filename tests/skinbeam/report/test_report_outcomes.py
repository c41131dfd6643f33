"""Outcomes of an option: as many good ones as bad ones, of the same hundred people, with the time and the class."""

import re
from dataclasses import replace

import pytest
from report_samples import sample

from skinbeam.model.estimate import Estimate, Unknown
from skinbeam.plan_records.course import SourceRange
from skinbeam.plan_records.plan import ConcernPlan, HarmShare, Option
from skinbeam.report.graphics.icons import icon_arrays_svg
from skinbeam.report.option_cards import expected_pictures
from skinbeam.report.outcomes import (
    expected_arrays,
    expected_rows,
    harm_values,
    improved_share,
    share_reference,
    worst_harm,
)
from skinbeam.text import Message

PLAN = sample()
OPTIONS = [(concern, option) for concern in PLAN.concerns for option in concern.options]
FIRST = PLAN.concerns[0].options[0]
BARE = PLAN.concerns[0].options[-1]
KNOWN = Estimate(0.2, 0.1, 0.4, 0.8, "pooled")
MESSAGE = Message("plan.harm-other")


def harms(**shares: float) -> tuple[HarmShare, ...]:
    return tuple(
        HarmShare(name, replace(KNOWN, median=p, low=p / 2, high=min(1.0, 2 * p)), MESSAGE)
        for name, p in shares.items()
    )


def drawn(option: Option) -> str:
    return "".join(map(icon_arrays_svg, expected_rows(option)))


@pytest.mark.parametrize(("concern", "option"), OPTIONS)
def test_every_option_is_drawn_with_as_many_good_as_bad_of_a_hundred(concern: ConcernPlan, option: Option) -> None:
    tones = [array.tone for array in expected_arrays(option)]
    assert tones == sorted(tones, reverse=True)
    assert tones.count("good") == tones.count("bad") > 0
    places = [
        {place for d in re.findall(r' d="([^"]+)"', part) for place in re.findall(r"M\d+ \d+", d)}
        for part in drawn(option).split("<g transform")[1:]
    ]
    assert len(places) == len(tones)
    assert all(place == places[0] and len(place) == 100 for place in places)
    rows, pictures = expected_rows(option), expected_pictures(concern, option)
    assert [array for row in rows for array in row] == expected_arrays(option)
    assert len({len(row) for row in rows}) == 1  # equally wide: good and bad stay of one size
    assert len({picture.file for picture in pictures}) == len(rows)
    assert [bool(picture.caption) for picture in pictures] == [False] * (len(rows) - 1) + [True]
    assert "100 people" in pictures[-1].caption


def test_three_harms_stand_beside_three_improvements() -> None:
    uncounted = HarmShare("hsv", Unknown("not counted"), MESSAGE)
    option = replace(FIRST, harms=(uncounted, *harms(infection=0.3, pih=0.1, scar=0.02)))
    assert [array.label for array in expected_arrays(option)] == [
        "Improved by at least a quarter",
        "Improved by at least half",
        "Improved by at least three quarters",
        "Dark marks (post-inflammatory hyperpigmentation)",
        "Scar",
        "Infection",
    ]
    assert len({array.p for array in expected_arrays(option)[:3]}) == 3
    assert worst_harm(option)[0] == "infection"


def test_an_unknown_harm_is_drawn_and_comes_after_the_known_ones() -> None:
    uncounted = HarmShare("scar", Unknown("not counted"), MESSAGE)
    option = replace(BARE, harms=(uncounted, *harms(pih=0.1)))
    assert [(key, type(p)) for key, p in harm_values(option)] == [("pih", Estimate), ("scar", Unknown)]
    assert drawn(option).count(">?</text>") == 3  # both improvements and the scar


def test_a_burn_without_cooling_is_no_outcome_of_the_treatment() -> None:
    assert worst_harm(replace(BARE, harms=harms(**{"burn-if-cooling-fails": 0.9, "pih": 0.1})))[0] == "pih"


def test_the_caption_says_of_whom_and_when() -> None:
    expected = replace(BARE.expected, p_at_least={"50": KNOWN})
    option = replace(BARE, expected=expected, followup_months=SourceRange(1.0, 6.0, "months"))
    assert isinstance(improved_share(option), Estimate)
    assert "people like those in the trials" in share_reference(option)
    assert "1 to 6 months after the last session" in share_reference(option)
    at_end = replace(option, followup_months=SourceRange(0.0, 0.0, "months"))
    assert "improvement when treatment ended" in share_reference(at_end)
    assert "do not print" in share_reference(replace(option, followup_months=Unknown("not printed")))
    assert "cannot say how many" in share_reference(BARE)
    assert "Rings" not in share_reference(BARE)
