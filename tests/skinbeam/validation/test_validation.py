"""Published experiments beside the model: the rows, how they are judged and counted, the page, the command.

No test here asks that a row be met: what the model gets wrong is what the comparison is for.
"""

import ast
import json
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from store import stored

import skinbeam
from skinbeam.model.case import Case
from skinbeam.model.case_tables import CaseTables
from skinbeam.model.document import canonical_json
from skinbeam.model.errors import InputError
from skinbeam.model.estimate import Estimate, Unknown
from skinbeam.model.input_files import parse_record
from skinbeam.model.sources import bibliography
from skinbeam.validation.model_query import FUNCTIONS, ModelAnswer, ModelRuns
from skinbeam.validation.published_rows import (
    ModelQuestion,
    PublishedRow,
    RowOrdering,
    Tolerance,
    calibrated_parameters,
    find_calibrator,
    row_groups,
    source_origin,
)
from skinbeam.validation.results import ValidationResult
from skinbeam.validation.validate import validate_model
from skinbeam.validation.validation_page import is_drawable, render_validation, validation_text
from skinbeam.validation.verdict import judge_row, row_shares, score_verdicts

QUICK = ("arrhenius", "fractional", "thermal_relaxation")  # seconds in all; the whole is in tests/long
SHOWN = [*QUICK, pytest.param("ablative", marks=pytest.mark.long)]  # as long as the others together
ROWS = {row.id: (name, row) for name, group in row_groups().items() for row in group.row}
ORDERINGS: dict[str, tuple[str, RowOrdering]] = {
    one.id: (name, one) for name, group in row_groups().items() for one in group.ordering
}

# The widest that may count as right: from the acceptance tolerances of the field notes where they have the group, and
# narrow judgements where they do not (relaxation, optical change, recoil, shares of patients). Words in the quantity
# choose the line; the first that fits holds.
WIDEST: tuple[tuple[str, str, dict[str, float]], ...] = (
    ("ablative", "depth removed", {"factor": 1.4}),
    ("ablative", "further passes", {"factor": 1.4}),
    ("ablative", "damage", {"factor": 1.5}),
    ("arrhenius", "", {"factor": 2.0}),
    ("blood", "", {"absolute": 5.0}),
    ("burn_threshold", "", {"factor": 2.0}),
    ("fractional", "", {"share": 0.3}),
    ("healing", "", {"share": 0.3, "absolute": 10.0}),
    ("nir_lesion", "", {"factor": 1.3}),
    ("optical_dynamics", "", {"absolute": 3.0}),
    ("pigment", "", {"factor": 1.5, "share": 0.3}),
    ("thermal_relaxation", "", {"factor": 1.2}),
    ("vascular", "cleared", {"absolute": 10.0}),
    ("vascular", "", {"factor": 1.3}),
)


def row(**changes: Any) -> PublishedRow:
    content = {
        "id": "group-01",
        "quantity": "threshold",
        "conditions": "any",
        "value": 10.0,
        "unit": "J/cm²",
        "tolerance": {"factor": 1.3, "reason": "a test"},
        "source": "kimel1994",
        "grade": "A",
        "pose": {"case": "any", "threshold": "ablation"},
    }
    return PublishedRow.model_validate({key: value for key, value in (content | changes).items() if value is not None})


def answer(median: float) -> ModelAnswer:
    return ModelAnswer(Estimate(median, 0.9 * median, 1.1 * median, 0.68, "modelled", 200, ("kimel1994",)))


@pytest.fixture(scope="module")
def documents() -> dict[str, dict[str, Any]]:
    return {name: compared(name) for name in QUICK}


def result_of(name: str) -> ValidationResult:
    made: ValidationResult = stored(validate_model, name)
    return made


def compared(name: str) -> dict[str, Any]:
    return result_of(name).to_dict()


# --- the rows -------------------------------------------------------------------------------------------------------


def test_every_id_is_unique_and_names_its_group() -> None:
    found = [row.id for group in row_groups().values() for row in group.row]
    assert len(found) == len(set(found)) == 84
    assert all(re.fullmatch(rf"{name}-\d\d", key) for key, (name, _) in ROWS.items())
    orders = [one.id for group in row_groups().values() for one in group.ordering]
    assert len(orders) == len(set(orders))
    assert not set(orders) & set(found)


@pytest.mark.parametrize("key", ROWS)
def test_every_row_is_posed_or_says_why(key: str) -> None:
    name, found = ROWS[key]
    assert found.source in bibliography()
    if found.pose is None:
        assert found.not_posed is not None
        assert len(found.not_posed.split()) >= 4
        return
    assert found.assumed, "what the row leaves open is said"
    _sound(name, found.pose)


@pytest.mark.parametrize("key", ORDERINGS)
def test_every_ordering_compares_what_is_there(key: str) -> None:
    name, found = ORDERINGS[key]
    assert found.source in bibliography()
    assert len(found.rising) >= 2
    for one in found.rising:
        if isinstance(one, str):
            assert ROWS[one][0] == name
            assert ROWS[one][1].numeric
        else:
            _sound(name, one)


def _sound(group: str, pose: ModelQuestion) -> None:
    """The case is one that a file could hold, and the question is one that there is."""
    case = row_groups()[group].case[pose.case]
    for keys in ({}, pose.set, {**pose.set, **pose.over}):
        parse_record(Case, case.with_fields(keys).root, file="row")
    assert pose.function is None or pose.function in FUNCTIONS


def test_every_case_is_asked() -> None:
    for name, group in row_groups().items():
        poses = [row.pose for row in group.row if row.pose is not None]
        poses += [one for order in group.ordering for one in order.rising if isinstance(one, ModelQuestion)]
        assert {pose.case for pose in poses} == set(group.case), name


@pytest.mark.parametrize("key", ROWS)
def test_no_tolerance_is_wider_than_that_of_its_group(key: str) -> None:
    name, found = ROWS[key]
    if found.tolerance.within is not None:
        assert found.value is None, "a range or a bound is needed to lie within"
        return
    assert found.bound is None, "a bound is held as it stands"
    most = next(limits for group, words, limits in WIDEST if group == name and words in found.quantity)
    given = {kind: value for kind in ("factor", "share", "absolute") if (value := getattr(found.tolerance, kind))}
    assert set(given) <= set(most)
    assert all(value <= most[kind] for kind, value in given.items())


def test_rows_that_set_a_parameter_judge_nothing() -> None:
    assert not {key for one in calibrated_parameters() for key in one.rows} & set(ROWS)


def test_nothing_but_the_command_reads_the_rows() -> None:
    root = Path(skinbeam.__file__).parent
    for file in root.rglob("*.py"):
        inside = file.relative_to(root).parts[0]
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("skinbeam.validation"):
                assert inside in ("validation", "cli"), file.name


BROKEN: dict[str, dict[str, Any]] = {
    "two tolerances": {"tolerance": {"factor": 1.3, "share": 0.3, "reason": "two"}},
    "a factor of one": {"tolerance": {"factor": 1.0, "reason": "nothing would be right"}},
    "value and range": {"low": 1.0, "high": 2.0},
    "a bound on the wrong side": {"value": None, "high": 2.0, "bound": "lower"},
    "posed and not": {"not_posed": "both"},
    "neither": {"pose": None},
    "words with a pose": {"value": None, "words": "some"},
    "two questions": {"pose": {"case": "any", "threshold": "ablation", "simulate": "ablation.depth_um"}},
    "unknown key": {"tolerence": {}},
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_row_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="validation error"):
        row(**BROKEN[name])


# --- verdicts and counts --------------------------------------------------------------------------------------------


def test_a_value_moved_out_of_tolerance_is_outside_and_says_which_way() -> None:
    # The factor 1.3 about 10: 7.69 to 13.
    for computed, verdict in ((7.7, "within"), (12.99, "within"), (7.68, "outside"), (13.01, "outside")):
        assert judge_row(row(), answer(computed)).verdict == verdict, computed
    assert judge_row(row(), answer(20.0)).reason == "2 times too high"
    assert judge_row(row(), answer(4.0)).reason == "2.5 times too low"
    assert judge_row(row(), answer(12.0)).reason == ""
    assert judge_row(row(), answer(12.0)).ratio == pytest.approx(1.2)


def test_each_kind_of_tolerance() -> None:
    def limits(**one: Any) -> tuple[float, float]:
        return Tolerance.model_validate({**one, "reason": "a test"}).limits(20.0, 30.0)

    assert limits(factor=2.0) == (10.0, 60.0)
    assert limits(share=0.5) == (10.0, 45.0)
    assert limits(absolute=5.0) == (15.0, 35.0)
    assert limits(within="range") == (20.0, 30.0)


def test_a_bound_holds_on_its_own_side_alone() -> None:
    exact = {"within": "range", "reason": "a bound"}
    above = row(value=None, low=10.0, bound="lower", tolerance=exact)
    below = row(value=None, high=10.0, bound="upper", tolerance=exact)
    assert [judge_row(above, answer(x)).verdict for x in (9.9, 10.1, 1e6)] == ["outside", "within", "within"]
    assert [judge_row(below, answer(x)).verdict for x in (1e-6, 9.9, 10.1)] == ["within", "within", "outside"]
    assert judge_row(above, answer(5.0)).reason == "2 times too low"
    assert isinstance(judge_row(above, answer(20.0)).ratio, Unknown)


def test_a_dose_that_nothing_reaches_counts_as_high() -> None:
    never = ModelAnswer(Unknown("no dose"), insufficient_dose=1000.0)
    assert judge_row(row(), never).verdict == "outside"
    assert "1000 J/cm²" in judge_row(row(), never).reason
    bound = row(value=None, low=10.0, bound="lower", tolerance={"within": "range", "reason": "a bound"})
    assert judge_row(bound, never).verdict == "within"


def test_what_the_model_cannot_say_is_not_posed_with_its_reason() -> None:
    found = judge_row(row(), ModelAnswer(Unknown("rupture is not modelled")))
    assert (found.verdict, found.reason) == ("not-posed", "rupture is not modelled")
    found = judge_row(row(pose=None, not_posed="no such skin"), None)
    assert (found.verdict, found.reason) == ("not-posed", "no such skin")


def test_nothing_where_something_was_measured_is_outside_and_has_no_logarithm() -> None:
    found = judge_row(row(), ModelAnswer(Estimate(0.0, 0.0, 1.0, 0.8, "modelled", 200, ("kimel1994",))))
    assert found.verdict == "outside"
    assert score_verdicts([found, judge_row(row(), answer(10.0)), judge_row(row(), answer(40.0))]).compared == 2


def test_mean_ratio_and_spread_by_hand() -> None:
    # Ratios 1/2, 1, 4: logarithms -1, 0, 2 of base 2, mean 1/3, sum of squares 42/9, deviation sqrt(7/3).
    found = score_verdicts([judge_row(row(), answer(x)) for x in (5.0, 10.0, 40.0)])
    assert (found.rows, found.posed, found.within, found.compared) == (3, 3, 1, 3)
    assert found.geometric_mean_ratio == pytest.approx(2 ** (1 / 3))
    assert found.geometric_spread == pytest.approx(2 ** math.sqrt(7 / 3))


def test_fewer_than_two_numbers_have_no_mean() -> None:
    found = score_verdicts([judge_row(row(), answer(5.0)), judge_row(row(pose=None, not_posed="no such skin"), None)])
    assert (found.rows, found.posed, found.compared) == (2, 1, 1)
    assert isinstance(found.geometric_mean_ratio, Unknown)
    assert isinstance(found.geometric_spread, Unknown)


def test_the_share_leaves_out_suspect_rows_and_words() -> None:
    out = [
        judge_row(row(), answer(10.0)),
        judge_row(row(grade="B"), answer(99.0)),
        judge_row(row(grade="C"), answer(10.0)),
        judge_row(row(pose=None, not_posed="no such skin"), None),
        judge_row(row(value=None, words="some", pose=None, not_posed="no number is given"), None),
    ]
    found = row_shares(out)
    assert (found.rows, found.posed, found.within) == (3, 2, 1)
    assert found.within_of_posed_fraction == pytest.approx(1 / 2)
    assert found.within_of_all_fraction == pytest.approx(1 / 3)
    assert score_verdicts(out).within == 2


# --- questions to the model -----------------------------------------------------------------------------------------

CASES = {
    "slab": CaseTables(
        {
            "skin": {"preset": "human", "site": "forearm"},
            "vessel": [{"depth_um": 300.0, "diameter_um": 30.0}],
            "laser": {"wavelength_nm": 2940.0},
            "settings": {"fluence_J_cm2": 10.0, "pulse_ms": 0.25, "spot_mm": 3.0},
        }
    )
}


def test_keys_are_changed_in_a_copy() -> None:
    changes = {"settings.pulse_ms": 1.0, "vessel.0.diameter_um": 60.0, "patient.age_years": 40}
    case = CASES["slab"].with_fields(changes).root
    assert (case["settings"]["pulse_ms"], case["vessel"][0]["diameter_um"], case["patient"]) == (
        1.0,
        60.0,
        {"age_years": 40},
    )
    assert CASES["slab"].root["settings"] == {"fluence_J_cm2": 10.0, "pulse_ms": 0.25, "spot_mm": 3.0}


def test_scale_and_ratio() -> None:
    asked = ModelRuns(CASES, 20, 0)
    depth = {"case": "slab", "simulate": "ablation.depth_um"}
    alone = asked.answer(ModelQuestion.model_validate(depth)).value
    tenth = asked.answer(ModelQuestion.model_validate({**depth, "scale": 0.1})).value
    same = asked.answer(ModelQuestion.model_validate({**depth, "over": {"settings.fluence_J_cm2": 10.0}})).value
    less = asked.answer(ModelQuestion.model_validate({**depth, "over": {"settings.fluence_J_cm2": 5.0}})).value
    assert all(isinstance(one, Estimate) for one in (alone, tenth, same, less))
    assert tenth.median == pytest.approx(alone.median / 10)
    assert (same.low, same.median, same.high) == pytest.approx((1.0, 1.0, 1.0))
    # Depth goes with fluence less a threshold: the ratio of 10 to 5 J/cm² is above two.
    assert 2.0 < less.low <= less.median <= less.high


def test_a_difference_is_of_the_same_skins_and_has_no_ratio() -> None:
    asked = ModelRuns(CASES, 20, 0)
    depth = {"case": "slab", "simulate": "ablation.depth_um"}
    whole = asked.answer(ModelQuestion.model_validate(depth)).value
    part = asked.answer(ModelQuestion.model_validate({**depth, "set": {"settings.fluence_J_cm2": 5.0}})).value
    pose = ModelQuestion.model_validate({**depth, "less": {"settings.fluence_J_cm2": 5.0}})
    found = asked.answer(pose).value
    assert isinstance(whole, Estimate)
    assert isinstance(part, Estimate)
    assert isinstance(found, Estimate)
    assert found.median == pytest.approx(whole.median - part.median)
    assert found.low <= found.median <= found.high
    posed = row().model_copy(update={"pose": pose})
    assert isinstance(judge_row(posed, ModelAnswer(found)).ratio, Unknown)


def test_an_unknown_keeps_the_reason_of_the_model() -> None:
    asked = ModelRuns(CASES, 20, 0)
    purpura = asked.answer(ModelQuestion(case="slab", threshold="purpura"))
    assert purpura == ModelAnswer(
        Unknown("skin is removed before this end is reached, and purpura below a crater is not judged in this release")
    )
    healing = asked.answer(ModelQuestion(case="slab", simulate="healing.downtime_days"))
    assert isinstance(healing.value, Unknown)


# --- the document ---------------------------------------------------------------------------------------------------

ROW_KEYS = {
    "id",
    "group",
    "quantity",
    "conditions",
    "unit",
    "measured",
    "computed",
    "ratio",
    "tolerance",
    "verdict",
    "reason",
    "assumed",
    "grade",
    "source",
    "independent",
    "calibrator",
}
SCORE_KEYS = {"rows", "posed", "within", "compared", "geometric_mean_ratio", "geometric_spread"}
GROUP_KEYS = {"name", *SCORE_KEYS, "independent", "dependent"}


@pytest.mark.parametrize("name", SHOWN)
def test_the_document_has_the_shape_that_is_promised(name: str) -> None:
    made = compared(name)
    assert made["schema"] == "skinbeam.validate/1"
    assert [set(group) for group in made["groups"]] == [GROUP_KEYS]
    assert [found["id"] for found in made["rows"]] == [one.id for one in row_groups()[name].row]
    for found in made["rows"]:
        assert set(found) == ROW_KEYS
        assert found["verdict"] in ("within", "outside", "not-posed")
        assert bool(found["reason"]) == (found["verdict"] != "within")
        assert ("unknown" in found["computed"]) == (found["verdict"] == "not-posed")
    for order in made["orderings"]:
        assert isinstance(order["holds"], bool)
        assert bool(order["reason"]) != order["holds"]
        assert order["posed"] or not order["holds"]
    assert {"parameter", "rows", "sources"} == set(made["calibrated"][0])
    group = made["groups"][0]
    parts = {
        "independent": [found for found in made["rows"] if found["independent"]],
        "dependent": [found for found in made["rows"] if not found["independent"]],
    }
    for score, rows in ((group, made["rows"]), *((group[part], some) for part, some in parts.items())):
        counts = [sum(found["verdict"] in kinds for found in rows) for kinds in (("within", "outside"), ("within",))]
        assert [score["posed"], score["within"]] == counts
        assert set(score) >= SCORE_KEYS
    for name_of_count in ("rows", "posed", "within"):
        assert made["shares"][name_of_count] == sum(made["shares"][part][name_of_count] for part in parts)
    assert "null" not in json.dumps(made)


def test_each_row_says_which_calibrator_it_shares_a_source_with(documents: dict[str, dict[str, Any]]) -> None:
    for made in documents.values():
        for found in made["rows"]:
            assert found["independent"] == (not found["calibrator"])
            assert not found["calibrator"] or source_origin(found["calibrator"]) == source_origin(found["source"])
    of_fractional = {found["source"]: found["independent"] for found in documents["fractional"]["rows"]}
    assert not of_fractional["eco2depth"], "two of its craters set the enthalpy of fractional CO2"
    assert of_fractional["bedi2007"]


def test_an_order_is_independent_where_all_that_it_compares_is(documents: dict[str, dict[str, Any]]) -> None:
    found = {one["id"]: one["independent"] for made in documents.values() for one in made["orderings"]}
    assert found["fractional-energy-depth"]
    assert not found["fractional-spot-depth"]
    for key, independent in found.items():
        group, order = ORDERINGS[key]
        sources = {order.source, *(ROWS[one][1].source for one in order.rising if isinstance(one, str))}
        assert independent == (not any(map(find_calibrator, sources))), (group, key)


def test_the_same_run_gives_the_same_bytes(documents: dict[str, dict[str, Any]]) -> None:
    assert canonical_json(validate_model("arrhenius").to_dict()) == canonical_json(documents["arrhenius"])


def test_a_group_alone_has_a_hash_of_its_own(documents: dict[str, dict[str, Any]]) -> None:
    assert len({made["case_sha256"] for made in documents.values()}) == len(QUICK)


def test_a_wrong_group_names_the_nearest() -> None:
    with pytest.raises(InputError) as fault:
        validate_model("vasculr")
    assert "vascular" in fault.value.hint
    assert fault.value.field == "only"


def test_a_group_that_cannot_be_posed_keeps_its_document() -> None:
    made = validate_model("blood")
    assert not made.is_posed
    body = made.to_dict()
    assert body["schema"] == "skinbeam.validate/1"
    assert body["rows"][0]["verdict"] == "not-posed"


# --- the page and the command ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SHOWN)
def test_the_page_is_whole_and_has_its_figure(name: str) -> None:
    made, result = compared(name), result_of(name)
    page = render_validation(result)
    assert page.startswith("<!DOCTYPE html>")
    figures = re.findall(r'<img src="data:image/svg\+xml;base64,[\w+/=]{1000,}" alt="[^"]+">', page)
    parts = {found["independent"] for found in made["rows"]}
    drawn = {found.independent for found in result.rows if is_drawable(found)}
    assert len(figures) == page.count("<img") == len(drawn)
    assert not re.search(r'(src|href)="(?!data:|#)', page), "self-contained"
    assert all(f'<th scope="row">{found["id"]}</th>' in page for found in made["rows"])
    orders = {order["independent"] for order in made["orderings"]}
    # Counts and rows of each part, their orders, endpoints where there are any, what was calibrated.
    assert page.count("<caption>") == page.count("<table") == 2 * len(parts) + len(orders) + bool(made["endpoints"]) + 1
    assert render_validation(result) == page


def test_the_page_leads_with_the_independent_rows(documents: dict[str, dict[str, Any]]) -> None:
    made, result = documents["fractional"], result_of("fractional")
    for text in (render_validation(result), validation_text(result)):
        of_rows = {one["id"]: text.rindex(f"{one['id']}") for one in (*made["rows"], *made["orderings"])}
        last = max(of_rows[one["id"]] for one in (*made["rows"], *made["orderings"]) if one["independent"])
        first = min(text.index(one["id"]) for one in (*made["rows"], *made["orderings"]) if not one["independent"])
        assert last < first
        share = made["shares"]["independent"]
        assert text.index(f"{share['within']} of {share['posed']} rows posed") < first
        assert "2 of 2 orders that the model can test hold" in text[:first]
    assert "Not independent of eco2depth" in render_validation(result)


def test_a_group_without_numbers_says_that_there_is_no_figure() -> None:
    page = render_validation(validate_model("blood"))
    assert "<img" not in page
    assert "No row of this group" in page


def test_the_command_writes_its_files_and_leaves_others_alone(run: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    (tmp_path / "validation.json").write_text("old", encoding="utf-8")
    ran = run("validate", "--only", "thermal_relaxation", "-o", str(tmp_path))
    assert ran.code == 0
    assert {file.name for file in tmp_path.iterdir()} == {"notes.txt", "validation.json", "validation.html"}
    assert (tmp_path / "notes.txt").read_text(encoding="utf-8") == "mine"
    written = json.loads((tmp_path / "validation.json").read_text(encoding="utf-8"))
    for found in written["rows"]:
        assert found["id"] in ran.out
    share = written["shares"]["independent"]
    assert f"{share['within']} of {share['posed']} rows posed" in ran.out


def test_exit_codes(run: Callable[..., Any]) -> None:
    assert run("validate", "--only", "arrhenius", "--json").code == 0
    assert run("validate", "--only", "arrhenus", "--json").code == 2
    nothing = run("validate", "--only", "blood", "--json")
    assert nothing.code == 3
    assert nothing.document["schema"] == "skinbeam.validate/1"
    assert "rows" in nothing.document
