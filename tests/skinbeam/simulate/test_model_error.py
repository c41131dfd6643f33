"""The error of each endpoint beside experiments: how it is counted, kept as data, and what a plan makes of it."""

import math
from typing import Any

import numpy as np
import pytest
from pulse_samples import loaded

from research.derived_tables.model_error import endpoint_table
from skinbeam.api.window import find_window
from skinbeam.model.case_tables import CaseTables
from skinbeam.model.estimate import Estimate, Unknown
from skinbeam.model.package_data import load_derived_table
from skinbeam.simulate import model_error as errors
from skinbeam.simulate.model_error import default_error_factor, draw_error_factor, min_sources, model_error
from skinbeam.skin.distribution import SkinDistribution
from skinbeam.validation.model_query import ModelAnswer, ModelRuns
from skinbeam.validation.published_rows import ModelQuestion, PublishedRow
from skinbeam.validation.verdict import ObservedError, RowVerdict, endpoint_errors, judge_row

ABLATION = {"case": "any", "threshold": "ablation"}


def posed(number: int, computed: float | None, *, beyond: float | None = None, **changes: Any) -> RowVerdict:
    """A verdict of a row that measured 10, tolerance 1.3, of a source of its own; None: the model cannot say, or not up
    to `beyond`."""
    content = {
        "id": f"group-{number:02}",
        "quantity": "threshold",
        "conditions": "any",
        "value": 10.0,
        "unit": "J/cm²",
        "tolerance": {"factor": 1.3, "reason": "a test"},
        "source": f"study{number}",
        "grade": "A",
        "assumed": "nothing",
        "pose": ABLATION,
    }
    row = PublishedRow.model_validate({key: value for key, value in (content | changes).items() if value is not None})
    found = Unknown("no") if computed is None else Estimate(computed, computed, computed, 0.8, "modelled")
    return judge_row(row, ModelAnswer(found, beyond))


def factor(*verdicts: RowVerdict) -> float:
    (found,) = endpoint_errors(verdicts)
    return found.geometric_error


def test_the_error_is_about_one_so_that_a_bias_counts() -> None:
    """Five rows all twice too high have no spread, and an error of 2."""
    assert factor(*(posed(k, 20.0) for k in range(5))) == pytest.approx(2.0)
    mixed = [20.0, 5.0, 20.0, 5.0, 20.0]
    assert factor(*(posed(k, value) for k, value in enumerate(mixed))) == pytest.approx(2.0)
    rms = math.exp(math.sqrt((math.log(3) ** 2) / 5))
    assert factor(*(posed(k, 30.0 if k == 0 else 10.0) for k in range(5))) == pytest.approx(rms, rel=5e-3)


def test_it_is_never_below_the_tolerance_of_its_rows() -> None:
    assert factor(*(posed(k, 10.0) for k in range(5))) == 1.3
    share = {"share": 0.4, "reason": "a test"}
    assert factor(*(posed(k, 10.0, **({"tolerance": share} if k == 0 else {})) for k in range(5))) == 1.4


@pytest.mark.parametrize("computed", [10.0, 11.0, 300.0])
def test_few_sources_are_a_factor_of_two_and_what_they_say_stands_beside_it(computed: float) -> None:
    (found,) = endpoint_errors([posed(k, computed) for k in range(min_sources() - 1)])
    assert found.geometric_error == default_error_factor() == 2.0
    assert found.sources == found.rows == min_sources() - 1
    assert found.observed == pytest.approx(computed / 10.0)


def test_each_source_weighs_once_however_many_rows_it_has() -> None:
    """Four sources that agree beside one that is four times too high in the middle of its three rows."""
    met = [posed(k, 10.0) for k in range(4)]
    one, many = factor(*met, posed(4, 40.0)), factor(*met, *(posed(4, value) for value in (20.0, 40.0, 80.0)))
    assert many == one == pytest.approx(math.exp(math.log(4) / math.sqrt(5)), rel=5e-3)
    (found,) = endpoint_errors([posed(4, value) for value in (20.0, 40.0, 80.0, 40.0, 40.0)])
    assert (found.sources, found.rows) == (1, 5)
    assert found.geometric_error == default_error_factor(), "five rows of one source are one source"


def test_papers_of_one_laboratory_weigh_as_one() -> None:
    (found,) = endpoint_errors([posed(1, 40.0, source="hantash2007"), posed(2, 10.0, source="bedi2007")])
    assert (found.sources, found.rows, found.observed) == (1, 2, 2.0)


def test_rows_that_share_a_source_with_a_calibration_stand_apart_and_make_no_error() -> None:
    met = [posed(k, 10.0) for k in range(5)]
    others = [posed(6, 40.0, source="tanghetti2002"), posed(7, 40.0, source="kaufmann1996")]
    (found,) = endpoint_errors([*met, *others])
    assert (found.sources, found.geometric_error) == (5, 1.3)
    assert found.dependent == ObservedError(2, 2, 4.0)
    (alone,) = endpoint_errors(others)
    assert (alone.sources, alone.rows, alone.geometric_error) == (0, 0, default_error_factor())
    assert alone.observed is None


def test_a_bound_counts_where_it_is_broken_and_a_zero_or_a_pair_of_cases_never() -> None:
    bound = {"value": None, "low": 10.0, "bound": "lower", "tolerance": {"within": "range", "reason": "a bound"}}
    (found,) = endpoint_errors([posed(1, 5.0, **bound), posed(2, 20.0, **bound)])
    assert (found.rows, found.observed) == (1, 2.0)
    (none,) = endpoint_errors([posed(1, 0.0)])
    assert none.rows == 0
    assert none.observed is None
    assert endpoint_errors([posed(1, None), posed(2, 10.0, pose={**ABLATION, "over": {"a.b": 1}})]) == ()


def test_a_row_that_no_dose_reaches_counts_to_the_end_of_the_search() -> None:
    """Measured 10 and not reached with 1000: off by a hundred at least, in the rows and so in the error."""
    met = [posed(k, 10.0) for k in range(4)]
    (found,) = endpoint_errors([*met, posed(4, None, beyond=1000.0)])
    assert (found.rows, found.unreached) == (5, 1)
    # Written with three digits.
    assert found.geometric_error == pytest.approx(math.exp(math.log(100) / math.sqrt(5)), rel=5e-3)
    assert found.geometric_error > factor(*met, posed(4, 900.0)), "nothing that was found is further off"
    (none,) = endpoint_errors([*met, posed(4, 20.0)])
    assert none.unreached is None
    assert endpoint_table([found])["endpoint"]["ablation"]["unreached"] == 1


def test_a_search_that_ends_below_what_was_measured_says_no_more_than_that() -> None:
    (found,) = endpoint_errors([posed(k, None, beyond=5.0) for k in range(5)])
    assert (found.unreached, found.observed) == (5, 1.0)
    bound = {"value": None, "tolerance": {"within": "range", "reason": "a bound"}}
    above = posed(1, None, beyond=50.0, bound="lower", low=10.0, **bound)
    below = posed(2, None, beyond=50.0, bound="upper", high=10.0, **bound)
    (found,) = endpoint_errors([above, below])
    assert (found.rows, found.unreached, found.observed) == (1, 1, 5.0), "only the one that is broken"


def test_an_unreached_dose_is_stated_in_the_unit_of_its_row() -> None:
    case = {"skin": {"preset": "human"}, "bath": {"temperature_C": 40.0}}
    asked = ModelRuns({"a": CaseTables(case)}, draws=4, seed=0)
    in_s, in_ms = (
        asked.answer(
            ModelQuestion(case="a", threshold="epidermal-necrosis", set={"bath.temperature_C": 20.0}, scale=scale)
        ).insufficient_dose
        for scale in (1.0, 1000.0)
    )
    assert in_s is not None
    assert in_ms == 1000.0 * in_s


def test_sizes_have_an_error_of_their_own_and_shares_none() -> None:
    size = {"case": "any", "simulate": "microlesion.depth_um"}
    share = {"case": "any", "simulate": "harm.p_pih"}
    found = endpoint_errors([posed(1, 10.0, pose=size), posed(2, 10.0, pose=share), posed(3, 10.0)])
    assert [one.endpoint for one in found] == ["ablation", "microlesion.depth_um"]


def test_the_file_is_what_the_errors_say(monkeypatch: pytest.MonkeyPatch) -> None:
    content = endpoint_table(endpoint_errors([posed(k, 40.0) for k in range(5)]))
    monkeypatch.setattr(errors, "load_derived_table", lambda name: content)
    assert model_error("ablation") == 4.0
    assert model_error("purpura") == default_error_factor()  # never compared


def test_no_shipped_error_is_below_what_the_rule_allows() -> None:
    shipped = load_derived_table("model_error")["endpoint"]
    assert shipped
    for name, found in shipped.items():
        assert found["geometric_error"] > 1, name
        if found["sources"] < min_sources():
            assert found["geometric_error"] == default_error_factor()
        else:
            assert found["geometric_error"] >= found["observed"]


def test_the_factor_is_lognormal_about_one_and_apart_for_effect_and_harm() -> None:
    skins = SkinDistribution().sample(2000, 0)
    logs = [np.log(draw_error_factor("purpura", skins, side)) for side in ("effect", "harm")]
    for log in logs:
        # Four standard errors of a mean, and of a deviation, of 2000 normals with the deviation ln 2.
        assert abs(log.mean()) < 4 * math.log(2) / math.sqrt(2000)
        assert log.std() == pytest.approx(math.log(2), rel=4 / math.sqrt(2 * 2000))
    assert abs(np.corrcoef(*logs)[0, 1]) < 4 / math.sqrt(2000)
    assert np.array_equal(draw_error_factor("purpura", SkinDistribution().sample(7, 0), "harm"), np.exp(logs[1][:7]))


def test_a_window_is_wider_the_less_the_model_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """The dose where effect passes one in twenty falls, and that where it passes nineteen in twenty rises."""

    def window(size: float) -> dict[str, Any]:
        monkeypatch.setattr(errors, "model_error", lambda _endpoint: size)
        return find_window(loaded("vessel"), effect="vessel-closure", draws=40).to_dict()

    narrow, wide = window(1.0 + 1e-9), window(2.0)
    rows = [(np.array(a), np.array(b)) for a, b in zip(narrow["p_effect"], wide["p_effect"], strict=True)]
    spans = [[np.sum((p > 0.05) & (p < 0.95)) for p in pair] for pair in rows]
    assert sum(after for _, after in spans) > sum(before for before, _ in spans)
    assert narrow["p_harm"] == wide["p_harm"]  # the error of burns is learned from published doses
