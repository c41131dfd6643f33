"""How many sessions a course has, and how many of them have been done."""

from dataclasses import replace

import pytest
from consultations import PERSON, concern, devices, document, laser_options, loaded
from course_samples import (
    MONTH,
    SCARS,
    SPOTS,
    UNKNOWN,
    VEINS,
    first_step_ids,
    option,
    part,
    session,
    sessions_of,
    with_settings,
)
from earlier_samples import VEINS_CASE

from skinbeam.course.schedule import schedule_course
from skinbeam.course.session_counts import expected_interval, expected_sessions, planned_sessions
from skinbeam.course.totals import course_total
from skinbeam.evidence.studies.trial_table import treatment_arms
from skinbeam.model.estimate import Estimate, Unknown
from skinbeam.model.sources import collect_sources
from skinbeam.model.vocabulary import laser_modalities
from skinbeam.plan_records.course import (
    MicrobeamSetting,
    SourceRange,
)
from skinbeam.suitability.session_response import SessionResponse, session_response


def test_skin_is_removed_once_where_nobody_counted_how_often() -> None:
    (visit,) = schedule_course([part("laxity", option("ablative", "er", UNKNOWN, UNKNOWN), site="eyelid")])
    assert "course.sessions-unknown-once" in {step.id for step in visit.steps}


def test_a_laser_that_reaches_nobody_has_no_sessions_unless_trials_counted_whom_it_helped() -> None:
    """Trials that count people who improved show that the model does not know the light, as that of lamps."""
    counted = replace(VEINS.options[0], p_effective=Estimate(0.0, 0.0, 0.008, 0.8, "modelled"))
    assert isinstance(counted.expected.p_at_least["50"], Estimate)
    unknown = replace(counted.expected, p_at_least=dict.fromkeys(counted.expected.p_at_least, UNKNOWN))
    none = replace(counted, expected=unknown)
    one_in_200 = replace(none, p_effective=Estimate(0.005, 0.001, 0.01, 0.8, "modelled"))
    concerns = [part("redness", none), SPOTS]
    course = schedule_course(concerns)
    assert [visit.treats for visit in course] == [("age-spots at cheeks",)]
    assert course_total(concerns, course).afterwards[0].id == "course.not-reached"
    assert schedule_course([part("redness", none)]) == ()
    assert schedule_course([part("redness", one_in_200)])
    assert schedule_course([part("redness", counted)])
    columns = with_settings(part("acne-scars", none), microbeam=MicrobeamSetting(20.0, 120.0, 100.0, "gaussian"))
    assert schedule_course([columns])  # the depth that they aim at is a judgement


@pytest.mark.parametrize(
    ("span", "planned"),
    [
        (UNKNOWN, 2),  # not one: the second is decided by the first
        (SourceRange(1, 1, "sessions"), 1),
        (SourceRange(1, 3, "sessions"), 2),
        (SourceRange(1, 3, "sessions", usual=1.0), 2),  # never the least of a range
        (SourceRange(2, 6, "sessions", usual=5.0), 5),
        (SourceRange(7.2, 7.2, "sessions"), 8),
    ],
)
def test_room_is_made_for_the_middle_and_never_for_the_least_of_a_range(
    span: SourceRange | Unknown, planned: int
) -> None:
    assert planned_sessions(span, "vascular") == planned
    assert len(schedule_course([part("redness", option("vascular", "dye", span, MONTH))])) == planned


def test_an_unknown_number_of_sessions_is_stated_and_decided_by_the_first() -> None:
    first, second = schedule_course([part("redness", option("vascular", "dye", UNKNOWN, MONTH))])
    assert "course.sessions-unknown" in [step.id for step in first.steps]
    assert second.steps[0].id == "course.review"


@pytest.mark.parametrize("modality", laser_modalities())
@pytest.mark.parametrize("condition", ["acne-scars", "facial-telangiectasia", "age-spots", "melasma", "redness"])
def test_sessions_are_a_range_that_trials_counted(condition: str, modality: str) -> None:
    found = expected_sessions(modality, condition, "cheeks")
    if isinstance(found, SourceRange):
        assert 1.0 <= found.low <= found.high
        assert planned_sessions(found, modality) > found.low or found.low == found.high
        assert found.usual is None or found.low <= found.usual <= found.high


def test_sessions_of_vessels_come_from_many_trials() -> None:
    found = expected_sessions("vascular", "facial-telangiectasia", "cheeks")
    assert isinstance(found, SourceRange)
    assert found.text is not None
    assert found.text.params["trials"] >= 10
    assert (found.low, found.high) == (1.0, 3.0)  # as the review of practice says too


def test_sessions_of_picosecond_pulses_are_not_those_of_nanosecond_pulses() -> None:
    nanosecond, picosecond = (
        expected_sessions("pigment-short-pulse", "melasma", "cheeks", pulse) for pulse in ("nanosecond", "picosecond")
    )
    assert isinstance(nanosecond, SourceRange)
    assert isinstance(picosecond, SourceRange)
    assert nanosecond.text is not None
    assert nanosecond.text.params["trials"] >= 9
    assert (picosecond.low, picosecond.high) == (3.0, 5.0)  # three in one trial, five in another
    assert isinstance(
        expected_sessions("pigment-short-pulse", "post-inflammatory-hyperpigmentation", "cheeks", "picosecond"), Unknown
    )  # nobody counted them


@pytest.mark.parametrize("condition", ["keloid", "hypertrophic-scars"])
def test_raised_scars_get_infrared_light_for_as_long_as_its_series_gave_it(condition: str) -> None:
    """A plan had three sessions of 1064 nm on a keloid, as trials of dye lasers; the series treated for a year."""
    found = expected_sessions("vascular", condition, "decolletage", "infrared")
    weeks = expected_interval("vascular", condition, "decolletage", "infrared")
    assert isinstance(found, SourceRange)
    assert isinstance(weeks, SourceRange)
    assert (found.low, found.high, weeks.low, weeks.high) == (13.0, 17.0, 3.0, 4.0)
    dye = expected_sessions("vascular", condition, "decolletage")
    assert isinstance(dye, SourceRange)
    assert dye.high < found.low
    told = expected_interval("vascular", condition, "decolletage")
    assert isinstance(told, SourceRange)
    assert (told.low, told.high) == (4.0, 4.0)  # monthly


@pytest.mark.parametrize(("device", "low"), [("ndyag-1064", 13.0), ("pulsed-dye-595", 3.0)])
def test_a_plan_for_a_keloid_counts_the_sessions_of_its_light(device: str, low: float) -> None:
    text = PERSON + concern("keloid", "decolletage", extra='subtypes = ["red"]') + devices(device)
    (planned,) = laser_options(document(text))
    assert planned["sessions"]["low"] == low
    assert "unknown" not in planned["interval_weeks"]


def test_a_trial_that_prints_its_pulse_counts_for_no_other_pulse() -> None:
    """Age spots had the visits of trials of 10 and 20 ns among those of picosecond pulses, and of 0.8 ns in return."""
    arms = treatment_arms("age-spots", "pigment-short-pulse")
    picosecond = {arm.study for arm in arms if arm.pulse_class == "ps" or 0.0 < (arm.pulse_ms or 0.0) < 1e-6}
    nanosecond = {arm.study for arm in arms if arm.pulse_class == "ns" or (arm.pulse_ms or 0.0) >= 1e-6}
    for pulse, others in (("nanosecond", picosecond - nanosecond), ("picosecond", nanosecond - picosecond)):
        with collect_sources() as sources:
            expected_sessions("pigment-short-pulse", "age-spots", "cheeks", pulse)
        assert len(others) >= 4
        assert others.isdisjoint(sources)


def test_sessions_that_took_place_are_counted_and_the_last_response_is_taken() -> None:
    case = loaded(VEINS_CASE + session(30, 6) + session(10, 0)).case
    assert session_response(case, case.concern[0]) == SessionResponse(2, 30.0, 2, is_last_judged=True)
    assert session_response(case, part("age-spots")) == SessionResponse(0, None)
    course = schedule_course(
        [part("facial-telangiectasia", option("vascular", "dye", SourceRange(4, 4, "sessions"), MONTH))], case
    )
    assert len(course) == 2


def test_sessions_beyond_the_usual_number_are_named_as_such() -> None:
    veins = concern("facial-telangiectasia", extra="")
    done = "".join(f'\n[[session]]\nweek = {4 * k}\ntreats = "facial-telangiectasia"\n' for k in range(4))
    usual = replace(
        VEINS, options=(replace(VEINS.options[0], sessions=SourceRange(1, 3, "sessions")), *VEINS.options[1:])
    )
    assert "course.sessions-exceeded" in first_step_ids(veins + done, usual)
    assert "course.sessions-exceeded" not in first_step_ids(veins, usual)


def test_sessions_with_another_laser_do_not_exceed_the_usual_number() -> None:
    scars = concern("acne-scars", extra="")
    done = "".join(
        f'\n[[session]]\nweek = {4 * k}\ntreats = "acne-scars"\ndevice = "fractional-1550"\n' for k in range(4)
    )
    assert "course.sessions-exceeded" not in first_step_ids(scars + done, SCARS)


@pytest.mark.parametrize(
    ("device", "left"),
    [("fractional-co2-10600", 2), ("fractional-er-yag-2940", 2), ("our old laser", 2), ("fractional-1550", 4), ("", 4)],
)
def test_sessions_with_a_laser_of_another_kind_are_none_of_those_that_are_needed(device: str, left: int) -> None:
    """After eight sessions of toning melasma had room for "9" sessions of columns, of which one was left."""
    scars = part("acne-scars", option("fractional-ablative", "co2", SourceRange(4, 4, "sessions"), MONTH))
    done = sessions_of("acne-scars", device, 2) if device else ""
    course = schedule_course([scars], loaded(PERSON + concern("acne-scars", extra="") + done).case)
    assert len(course) == left
    spread = part("acne-scars", option("fractional-ablative", "co2", SourceRange(3, 5, "sessions"), MONTH))
    course = schedule_course([spread], loaded(PERSON + concern("acne-scars", extra="") + done).case)
    (told,) = [step for step in course[0].steps if step.id in ("course.sessions", "course.sessions-begun")]
    shown = {key: told.params[key] for key in ("planned", "done", "left") if key in told.params}
    assert shown == ({"planned": 4} if left == 4 else {"done": 2, "left": 2})
    assert len(course) == left


@pytest.mark.parametrize(("device", "alike"), [("pulsed-dye-595", 0), ("co2-10600", 0), ("fractional-1550", 2)])
def test_each_visit_says_what_trials_found_after_as_many_sessions_with_its_laser(device: str, alike: int) -> None:
    """The first session of columns after two of another laser had the result of three, and the last visits none."""
    done = sessions_of("acne-scars", device, 2, 30.0)
    made = document(PERSON + concern("acne-scars") + devices("fractional-1550") + done)
    gains = [gain for visit in made["course"] for gain in visit["expected"]]
    assert [gain["sessions"] for gain in gains] == [alike + number for number in range(1, len(made["course"]) + 1)]
    for gain in gains:
        assert ("if_place_kept_pct" in gain) is (alike > 0)  # the response to other light shows no rank


@pytest.mark.parametrize(
    ("device", "done"),
    [("pulsed-dye-595", 2), ("pulsed-dye-585", 2), ("ipl", 0), ("ktp-532", 0), ("ndyag-1064", 0), ("another lamp", 2)],
)
def test_what_another_light_did_is_no_session_of_this_one(device: str, done: int) -> None:
    """After two sessions of a failing dye laser a lamp had room for two of its four sessions."""
    veins = part("facial-telangiectasia", option("vascular", "dye", SourceRange(4, 4, "sessions"), MONTH))
    text = PERSON + concern("facial-telangiectasia", extra="") + sessions_of("facial-telangiectasia", device, 2, 30.0)
    assert len(schedule_course([veins], loaded(text).case)) == 4 - done
