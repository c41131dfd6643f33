"""Outcomes of an option: as many good ones as bad ones, of the same hundred people, with the time and the class."""

import copy
import re
from typing import Any

import pytest
from report_samples import sample_plan

from skinbeam.estimate import Estimate, Unknown
from skinbeam.report.icons import icon_arrays
from skinbeam.report.options import expected_pictures
from skinbeam.report.outcomes import expected_arrays, expected_rows, good_of, harm_values, reference, worst_harm

PLAN = sample_plan()
OPTIONS = [(concern, option) for concern in PLAN["concerns"] for option in concern["options"]]
KNOWN = {"median": 0.2, "low": 0.1, "high": 0.4, "level": 0.8, "kind": "pooled", "draws": 0, "basis": []}


def harms(**shares: float) -> list[dict[str, Any]]:
    return [
        {"name": name, "p": KNOWN | {"median": p, "low": p / 2, "high": min(1.0, 2 * p)}, "text": ""}
        for name, p in shares.items()
    ]


def drawn(option: Any) -> str:
    return "".join(map(icon_arrays, expected_rows(option)))


@pytest.mark.parametrize(("concern", "option"), OPTIONS)
def test_every_option_is_drawn_with_as_many_good_as_bad_of_a_hundred(concern: Any, option: Any) -> None:
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
    option = copy.deepcopy(PLAN["concerns"][0]["options"][0])
    option["harms"] = [{"name": "hsv", "p": {"unknown": "not counted"}}, *harms(infection=0.3, pih=0.1, scar=0.02)]
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
    option = {"harms": [{"name": "scar", "p": {"unknown": "not counted"}}, *harms(pih=0.1)]}
    assert [(key, type(p)) for key, _, p in harm_values(option)] == [("pih", Estimate), ("scar", Unknown)]
    assert drawn(option).count(">?</text>") == 3  # both improvements and the scar


def test_a_burn_without_cooling_is_no_outcome_of_the_treatment() -> None:
    assert worst_harm({"harms": harms(**{"burn-if-cooling-fails": 0.9, "pih": 0.1})})[0] == "pih"


def test_the_caption_says_of_whom_and_when() -> None:
    option = {"expected": {"p_at_least": {"50": KNOWN}}, "followup_months": {"low": 1.0, "high": 6.0, "unit": "months"}}
    assert isinstance(good_of(option), Estimate)
    assert "people like those in the trials" in reference(option)
    assert "1 to 6 months after the last session" in reference(option)
    assert "do not print" in reference(option | {"followup_months": {"unknown": "not printed"}})
    assert "cannot say how many" in reference({})
    assert "Rings" not in reference({})
