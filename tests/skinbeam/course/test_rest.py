"""How long a course waits for the skin of earlier sessions, and for what they left."""

from dataclasses import replace

import pytest
from consultations import PERSON, concern, loaded
from course_samples import (
    HALF_A_YEAR_WEEKS,
    MONTH,
    ONCE,
    SCARS,
    THREE_TO_FOUR,
    VEINS,
    first_step_ids,
    option,
    part,
    session,
    sessions_of,
    weeks,
)
from earlier_samples import VEINS_CASE

from skinbeam.assessment.earlier_sessions import weeks_since
from skinbeam.course.resurfacing import weeks_before_ablation
from skinbeam.course.schedule import schedule_course
from skinbeam.plan_records.course import (
    SourceRange,
)
from skinbeam.suitability.judgement import judge_suitability


@pytest.mark.parametrize("word", ["deep-peel-recent", "dermabrasion-recent", "laser-resurfacing-recent"])
def test_light_on_skin_that_was_resurfaced_in_recent_months_begins_after_its_redness(word: str) -> None:
    fresh = PERSON + f'history = ["{word}"]\n' + concern("facial-telangiectasia", extra="")
    steps = schedule_course([VEINS], loaded(fresh).case)[0].steps
    (waits,) = (step for step in steps if step.id == "course.since-fresh-skin")
    rule = judge_suitability(loaded(fresh).case, concern=loaded(fresh).case.concern[0], modality="vascular")
    (reason,) = (reason for reason in rule.reasons if reason.rule == "recent-resurfacing-gentle")
    assert waits.params["weeks"] == reason.message.params["weeks"]
    assert "course.since-fresh-skin" not in first_step_ids(concern("facial-telangiectasia", extra=""), VEINS)


def test_a_further_session_waits_for_the_last_one_and_for_its_mark() -> None:
    veins = concern("facial-telangiectasia", extra="")
    once = '\n[[session]]\nweek = 0\ntreats = "facial-telangiectasia"\ndevice = "pulsed-dye-595"\nfluence_J_cm2 = 6.0\n'
    assert "course.since-last" not in first_step_ids(veins, VEINS)
    assert "course.since-last" in first_step_ids(veins + once, VEINS)
    assert "course.after-mark" not in first_step_ids(veins + once, VEINS)
    assert "course.after-mark" in first_step_ids(veins + once + 'adverse = ["dark mark"]\n', VEINS)


@pytest.mark.parametrize(
    ("noted", "step", "waits"),
    [
        ("dark mark for 4 months", "course.after-mark", True),
        ("dark mark, gone after 4 months", "course.after-mark", False),
        ("dark mark for 4 months, not gone", "course.after-mark", True),
        ("redness for 8 weeks", "course.after-redness", True),
        ("redness for 8 weeks, gone", "course.after-redness", False),
        ("blister", "course.after-burn", True),
        ("crust on the left cheek", "course.after-burn", True),
        ("blister, healed in 5 days", "course.after-burn", False),
        ("redness for 3 days", "course.after-burn", False),
    ],
)
def test_what_has_faded_is_not_waited_for(noted: str, step: str, waits: bool) -> None:
    """ "Begin only when it has faded" stood beside a note that it had; nothing stood beside a blister of last month."""
    once = '\n[[session]]\nweek = 0\ntreats = "facial-telangiectasia"\ndevice = "pulsed-dye-595"\n'
    noted_so = f'fluence_J_cm2 = 6.0\nadverse = ["{noted}"]\n'
    assert (step in first_step_ids(concern("facial-telangiectasia", extra="") + once + noted_so, VEINS)) is waits


def test_a_session_of_unknown_time_hides_none_whose_time_is_known() -> None:
    """Veins were treated a week ago: since nobody knew when the redness was, their course began at once."""
    red = '\n[[session]]\nweek = 0\ntreats = "redness"\nsite = "cheeks"\n'
    text = VEINS_CASE + concern("redness", extra="") + session(50, 0) + "weeks_ago = 1.0\n" + red
    veins = part("facial-telangiectasia", option("vascular", "dye", SourceRange(4, 4, "sessions"), MONTH))
    first, *_ = schedule_course([veins], loaded(text).case)
    assert first.week == 3
    assert {"course.rests-since-last", "course.since-last"} <= {step.id for step in first.steps}


@pytest.mark.parametrize(
    ("weeks_ago", "planned", "begins"),
    [
        (1.0, "vascular", 4),  # its sources allow five weeks between sessions, and a course of its own has six
        (5.0, "vascular", 0),
        (1.0, "pigment-short-pulse", 3),  # other light, after the least weeks between two sessions
        (4.5, "pigment-short-pulse", 0),
    ],
)
def test_a_course_begins_when_skin_has_rested_since_a_session_whose_time_is_known(
    weeks_ago: float, planned: str, begins: int
) -> None:
    text = VEINS_CASE + session(50, 0) + session(60, 8) + f"weeks_ago = {weeks_ago}\n"
    course = schedule_course(
        [part("facial-telangiectasia", option(planned, "one", SourceRange(4, 4, "sessions"), weeks(5, 6)))],
        loaded(text).case,
    )
    assert course[0].week == begins
    told = {step.id for step in course[0].steps}
    assert ("course.rests-since-last" in told) is (begins > 0)
    assert not told & {"course.since-last", "course.wait"}


def test_ablation_waits_for_skin_that_was_resurfaced_and_no_longer() -> None:
    made = part("wrinkles", option("ablative", "one", ONCE, MONTH))
    done = '\n[[session]]\nweek = 0\ntreats = "wrinkles"\ndevice = "co2-10600"\nweeks_ago = '
    lines = PERSON + concern("wrinkles", extra="")
    for ago in (2, 20, 100):
        (first, *_) = schedule_course([made], loaded(f"{lines}{done}{ago}\n").case)
        assert first.week == max(weeks_before_ablation() - ago, 0)
        assert ("course.since-resurfacing" in [step.id for step in first.steps]) is (ago < weeks_before_ablation())


def test_the_weeks_since_a_session_follow_from_those_since_a_later_one() -> None:
    case = loaded(VEINS_CASE + session(10, 0) + session(10, 6) + "weeks_ago = 2.0\n").case
    assert [weeks_since(case, one) for one in case.session] == [8.0, 2.0]
    undated = loaded(VEINS_CASE + session(10, 0)).case
    assert weeks_since(undated, undated.session[0]) is None


@pytest.mark.parametrize(
    ("earlier", "planned", "waits"),
    [
        ("co2-10600", "ablative", True),
        ("fractional-co2-10600", "ablative", True),
        ("co2-10600", "fractional-ablative", True),
        ("fractional-co2-10600", "fractional-ablative", False),
        ("fractional-1550", "ablative", False),
        ("co2-10600", "vascular", False),
        ("CO2 laser, 10600 nm", "ablative", True),
        ("our old laser", "ablative", True),  # which may have been any of them
    ],
)
def test_skin_that_was_resurfaced_in_an_earlier_session_waits_before_it_is_ablated(
    earlier: str, planned: str, waits: bool
) -> None:
    lines = concern("wrinkles", extra="")
    done = f'\n[[session]]\nweek = 0\ntreats = "wrinkles"\ndevice = "{earlier}"\n'
    made = part("wrinkles", option(planned, "one", ONCE, MONTH))
    assert ("course.since-resurfacing" in first_step_ids(lines + done, made)) is waits


def test_a_field_beside_one_that_was_removed_waits_until_that_has_healed_and_no_longer() -> None:
    lips = replace(part("perioral-lines", option("ablative", "erbium", ONCE, MONTH)), site="perioral")
    course = schedule_course([SCARS, lips])
    (at_lips,) = [visit for visit in course if lips.place in visit.treats]
    last = max(visit.week for visit in course if SCARS.place in visit.treats)
    assert last < at_lips.week < last + HALF_A_YEAR_WEEKS
    assert "course.wait-beside" in {step.id for step in at_lips.steps}


@pytest.mark.parametrize("condition", ["melasma", "post-inflammatory-hyperpigmentation", "facial-telangiectasia"])
def test_no_mark_that_is_what_is_treated_has_to_fade_first(condition: str) -> None:
    """Melasma that a lamp darkened "must have faded" before melasma was treated."""
    spots = part(condition, option("non-ablative-fractional", "one", THREE_TO_FOUR, MONTH))
    marked = sessions_of(condition, "fractional-1550", 1) + 'adverse = ["dark mark"]\n'
    steps = first_step_ids(concern(condition, extra="") + marked, spots)
    is_itself = condition != "facial-telangiectasia"
    assert ("course.after-darkening" in steps) is is_itself
    assert ("course.after-mark" in steps) is not is_itself
