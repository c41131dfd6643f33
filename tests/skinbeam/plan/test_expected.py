"""What is asked of the trials for a concern."""

from consultations import NAMED, PERSON, concern, loaded

from skinbeam.plan.expected_result import trial_expectation, trial_question


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
