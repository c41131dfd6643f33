"""Plans of plain consultations agree with the guideline, cell by cell; what does not is listed with its reason."""

import pytest
from store import stored

from skinbeam.evidence.guideline.records import GuidelineCell
from skinbeam.validation.guideline_plans import CellPlan, case_of_cell, compare_with_guideline, plan_cell, planned_cells
from skinbeam.validation.results import ValidationResult
from skinbeam.validation.validation_page import validation_text

CELLS = planned_cells()
# Cells whose first treatment is not among the first two options, and why that is right, or not yet better.
NOT_LED = {
    "age-spots/V-VI": "no trial treated them with 1064 nm, whose computed dose reaches a fifth: creams come first",
    "freckles/V-VI": "a rule with a source keeps 532 nm off such skin, and the cell's sources are of it",
    "facial-telangiectasia/fine-red/V-VI": "at doses that spare such skin the dye laser reaches fewer than a tenth",
    "facial-telangiectasia/over-1-mm/I-II": "the dye laser borrows the dose of finer vessels, and it reaches few",
    "facial-telangiectasia/blue/periorbital/I-II": "a rule keeps 1064 nm inside the bony rim of the eye",
}


def planned(cell: GuidelineCell) -> CellPlan:
    made: CellPlan = stored(plan_cell, cell)
    return made


# Every third cell and those that are listed; `make validate` has all.
PLANNED = [
    pytest.param(cell, id=cell.row, marks=() if number % 3 == 0 or cell.row in NOT_LED else pytest.mark.long)
    for number, cell in enumerate(CELLS)
]


@pytest.mark.check
@pytest.mark.parametrize("cell", PLANNED)
def test_a_plan_agrees_with_its_cell(cell: GuidelineCell) -> None:
    check = planned(cell).check
    assert not check.avoided
    assert all(dose.is_within for dose in check.doses)
    if cell.row in NOT_LED:
        assert not check.leads, "it leads now: take it from the list"
    else:
        assert check.leads


@pytest.mark.long
def test_nearly_all_lights_have_published_settings() -> None:
    plans = [planned(cell) for cell in CELLS]
    lights, beyond = sum(one.lights for one in plans), sum(one.lights_beyond for one in plans)
    assert lights > len(CELLS)  # in most cells at least one light is offered
    assert beyond <= 0.03 * lights


def test_the_listed_exceptions_are_few_and_exist() -> None:
    assert set(NOT_LED) <= {cell.row for cell in CELLS}
    assert len(NOT_LED) <= 0.05 * len(CELLS)


def test_every_condition_that_the_guideline_grades_is_planned_in_light_and_dark_skin() -> None:
    conditions = {cell.condition for cell in CELLS}
    dark = {cell.condition for cell in CELLS if (person := case_of_cell(cell).patient) and person.phototype == "V"}
    # What of such skin rests on too few sources: both are conditions of fair skin.
    assert conditions - dark == {"poikiloderma", "spider-angioma"}


def test_the_record_names_a_plan_that_disagrees() -> None:
    cell = next(cell for cell in CELLS if cell.row == "freckles/V-VI")
    agreement = compare_with_guideline([cell])
    assert (agreement.cells, agreement.leading) == (1, 0)
    (row,) = agreement.disagreeing
    assert row.cell == cell.row
    assert row.offered
    alone = ValidationResult(None, 200, 0, {}, (), (), (), agreement)
    text = validation_text(alone)
    assert "in 0, nothing that sources advise against" in text
    assert cell.row in text
    assert alone.to_dict()["guideline"]["disagreeing"][0]["cell"] == cell.row
