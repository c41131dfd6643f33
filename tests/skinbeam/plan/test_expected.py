"""What is asked of the trials for a concern."""

import pytest
from consultations import NAMED, PERSON, concern, loaded

from skinbeam.assessment.questionnaire import darkest_phototype, fact_tables
from skinbeam.model.estimate import Estimate
from skinbeam.model.vocabulary import PHOTOTYPES
from skinbeam.plan.expected_result import trial_expectation, trial_question
from skinbeam.response.goals import kind_names
from skinbeam.text import use_language


def test_the_kind_of_a_condition_reaches_the_trials() -> None:
    # Nobody in the table says that a cream was given for dermal melasma.
    codes = []
    for said in ("", 'subtypes = ["dermal"]'):
        case = loaded(PERSON + concern("melasma", extra=NAMED + said)).case
        codes.append(
            {
                warning.code
                for warning in trial_expectation(
                    case, trial_question(case, case.concern[0], "topical-depigmenting")
                ).warnings
            }
        )
    assert codes[1] - codes[0] == {"subtype-not-studied"}


@pytest.mark.parametrize("modality", ["vascular", "pigment-short-pulse", "chemical-peel"])
def test_a_measured_colour_is_asked_like_the_phototype_that_the_rules_take_it_for(modality: str) -> None:
    harms = []
    bounds = fact_tables().ita_bounds_deg
    for number, bound in enumerate(bounds, start=2):  # the darker side of each border between two classes
        answers = {}
        for answer in (f"ita_deg = {bound}", f'phototype = "{PHOTOTYPES[number - 1]}"'):
            case = loaded(f"[patient]\nage_years = 45\n{answer}\n" + concern("age-spots", extra=NAMED)).case
            assert darkest_phototype(case) == number
            answers[answer] = trial_expectation(case, trial_question(case, case.concern[0], modality))
        measured, stated = answers.values()
        assert (measured.pih, measured.p_at_least) == (stated.pih, stated.p_at_least)
        harms.append(measured.pih.p)
    assert harms[0] != harms[-1]  # the question reaches counts that differ between phototypes


@pytest.mark.parametrize("stated", ["II", "I-III"])
def test_a_darker_measured_colour_outweighs_a_lighter_stated_phototype(stated: str) -> None:
    answers = [f'phototype = "{stated}"\nita_deg = -40', 'phototype = "VI"']
    cases = [loaded(f"[patient]\nage_years = 45\n{one}\n" + concern("age-spots", extra=NAMED)).case for one in answers]
    asked = [trial_question(case, case.concern[0], "vascular") for case in cases]
    assert asked[0] == asked[1]


@pytest.mark.parametrize(
    ("condition", "modality", "kind", "is_tried"),
    [
        ("facial-telangiectasia", "vascular", "fine-red", True),
        ("facial-telangiectasia", "vascular", "over-1-mm", False),
        ("facial-telangiectasia", "vascular", "blue", False),
        ("acne-scars", "chemical-peel", "ice-pick", True),
    ],
)
def test_light_that_reaches_nothing_gets_no_result_of_another_kind(
    condition: str, modality: str, kind: str, is_tried: bool
) -> None:
    case = loaded(PERSON + concern(condition, extra=NAMED + f'subtypes = ["{kind}"]')).case
    question = trial_question(case, case.concern[0], modality)
    reaching, missing = (trial_expectation(case, question, reached) for reached in (1.0, 0.0))
    assert isinstance(reaching.p_at_least["50"], Estimate)
    assert isinstance(missing.p_at_least["50"], Estimate) == is_tried
    assert missing.pih == reaching.pih  # what it does to the skin around was counted all the same
    if not is_tried:
        with use_language("de"):
            (reason,) = (message.text for message in missing.in_words if message.id == "plan.other-kind-not-lent")
            assert kind_names([kind])[0].text in reason  # not as programs write it


@pytest.mark.parametrize(("condition", "is_told"), [("acne-scars", True), ("wrinkles", False)])
def test_dark_marks_of_other_conditions_are_said_to_be_theirs(condition: str, is_told: bool) -> None:
    """ "No study used this for acne scars: filler" stood beside "dark marks 5 of 100, pooled from trials"."""
    case = loaded(PERSON + concern(condition, extra=NAMED)).case
    answer = trial_expectation(case, trial_question(case, case.concern[0], "filler"))
    assert isinstance(answer.pih.p, Estimate)
    assert ("marks-of-other-conditions" in {warning.code for warning in answer.warnings}) is is_told
