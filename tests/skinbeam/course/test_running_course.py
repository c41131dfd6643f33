"""A course that has begun: whether it goes on, is done, or begins anew."""

from dataclasses import replace

import pytest
from consultations import PERSON, concern, devices, document, loaded
from course_samples import (
    MONTH,
    ONCE,
    SCARS,
    SPOTS,
    THREE_TO_FOUR,
    VEINS,
    first_step_ids,
    option,
    part,
    sessions_of,
    step_ids,
)

from skinbeam.course.finished import mark_done_concerns
from skinbeam.course.schedule import schedule_course
from skinbeam.course.totals import course_total
from skinbeam.model.estimate import Estimate
from skinbeam.plan.expected_result import response_notices
from skinbeam.plan_records.course import (
    SessionGain,
    SourceRange,
)


def test_the_rule_to_stop_stands_before_the_third_session() -> None:
    course = schedule_course([part("redness", option("vascular", "dye", SourceRange(4, 4, "sessions"), MONTH))])
    assert [index for index, ids in enumerate(step_ids(course)) if "course.stop-rule" in ids] == [2]


def test_columns_are_judged_after_the_session_after_which_their_course_stops() -> None:
    """A calendar asked to stop after two sessions of columns, where the plan of the third visit goes on."""
    columns = option("non-ablative-fractional", "fractional", SourceRange(5, 5, "sessions"), MONTH)
    course = schedule_course([part("acne-scars", columns)])
    assert [index for index, ids in enumerate(step_ids(course)) if "course.stop-rule" in ids] == [3]


@pytest.mark.parametrize(("every", "sessions"), [(2, 3), (1, 5), (6, 2)])
def test_sessions_that_follow_sooner_than_they_show_are_judged_after_more_of_them(every: int, sessions: int) -> None:
    """Toning every two weeks was to stop after two sessions, the second of them two weeks ago."""
    toning = option("pigment-short-pulse", "toning", SourceRange(8, 8, "sessions"), SourceRange(every, every, "weeks"))
    course = schedule_course([part("melasma", toning)])
    asked = [(visit.session, step) for visit in course for step in visit.steps if step.id == "course.stop-rule"]
    assert [(number, step.params["sessions"]) for number, step in asked] == [(sessions + 1, sessions)]


def test_the_rule_to_stop_names_its_concern_where_a_visit_treats_several() -> None:
    """The same sentence stood twice in one visit, and nobody knew of what."""
    both = concern("facial-telangiectasia", "nose") + concern("age-spots", "hands")
    made = document(PERSON + both + devices("pulsed-dye-595", "ps-ndyag-532-1064"))
    told = [step["text"] for visit in made["course"] for step in visit["steps"] if "do not go on" in step["text"]]
    assert len(told) == len(set(told)) == 2
    assert any("nose" in sentence for sentence in told)


@pytest.mark.parametrize("better", [40.0, 85.0, 95.0])
@pytest.mark.parametrize(("ago", "is_anew"), [(6, False), (51, False), (104, True)])
def test_who_comes_back_after_more_than_a_year_begins_a_new_course(better: float, ago: int, is_anew: bool) -> None:
    """85 % of two years ago was told as "is better", with one session left, and 95 % as done."""
    veins = PERSON + concern("facial-telangiectasia", extra='severity = "moderate"\n') + devices("pulsed-dye-595")
    done = sessions_of("facial-telangiectasia", "pulsed-dye-595", 2, better) + f"weeks_ago = {ago}\n"
    made, first = document(veins + done), document(veins)
    if is_anew:
        assert len(made["course"]) == len(first["course"]) > 1
    else:
        assert len(made["course"]) < len(first["course"])
    assert made["concerns"][0].get("is_done", False) is (better > 90.0 and not is_anew)
    assert ("is better" in str(made["warnings"])) is not is_anew
    assert ("come back or is new" in str(made["warnings"])) is is_anew


def test_a_new_course_goes_on_with_its_own_sessions() -> None:
    """After the first session of a new course 95 % of four years ago was called done, and three old ones counted."""
    veins = PERSON + concern("facial-telangiectasia", extra='severity = "moderate"\n') + devices("pulsed-dye-595")
    old = sessions_of("facial-telangiectasia", "pulsed-dye-595", 3, 95.0)
    new = '\n[[session]]\nweek = 208\nweeks_ago = 6\ntreats = "facial-telangiectasia"\ndevice = "pulsed-dye-595"\n'
    for better in ("", "response_pct = 60.0\n"):
        made, alone = document(veins + old + new + better), document(veins + new + better)
        assert made["course"] == alone["course"] != []
        assert made["warnings"] == alone["warnings"]
    settings = "fluence_J_cm2 = 7.0\npulse_ms = 6.0\nspot_mm = 7.0\nresponse_pct = 60.0\n"
    helped = document(veins + old + new + settings)["concerns"][0]["options"][0]
    assert "plan.helped" in str([reason["message"] for reason in helped["reasons"]])


@pytest.mark.parametrize(("done", "visits"), [(0, 4), (5, 4), (8, 2), (9, 1)])
def test_a_new_course_of_toning_ends_with_the_tenth_session_of_a_lifetime(done: int, visits: int) -> None:
    """After nine sessions of two years ago came four, beside "at most 10 sessions in all, earlier ones counted"."""
    old = sessions_of("melasma", "qs-ndyag-532-1064", done, 60.0) + "weeks_ago = 104\n" if done else ""
    toning = option("pigment-short-pulse", "qs-ndyag-532-1064", SourceRange(2, 6, "sessions"), MONTH)
    case = loaded(PERSON + concern("melasma", "cheeks") + old).case
    assert len(schedule_course([part("melasma", toning)], case)) == visits


@pytest.mark.parametrize(("better", "asked"), [(None, True), (35.0, False)])
def test_whether_a_course_goes_on_is_asked_where_nobody_has_answered(better: float | None, asked: bool) -> None:
    """ "If less than 25 % is better after 2 sessions, do not go on" stood beside 35 % after two sessions."""
    veins = part("facial-telangiectasia", option("vascular", "dye", SourceRange(4, 4, "sessions"), MONTH))
    done = sessions_of("facial-telangiectasia", "pulsed-dye-595", 2, better)
    steps = first_step_ids(concern("facial-telangiectasia", extra="") + done, veins)
    assert ("course.stop-rule" in steps) is asked
    once = sessions_of("facial-telangiectasia", "pulsed-dye-595", 1, better)
    course = schedule_course([veins], loaded(PERSON + concern("facial-telangiectasia", extra="") + once).case)
    assert ["course.stop-rule" in {step.id for step in visit.steps} for visit in course] == [False, True, False]


@pytest.mark.parametrize(
    ("done", "better", "severity", "place"),
    [
        (1, 40.0, "mild", "session 2 of usually 3 to 4"),
        (3, 40.0, "mild", "session 4 of usually 3 to 4"),
        (1, 95.0, "severe", ""),  # which has come back
        (1, 20.0, "mild", ""),
        (1, None, "mild", ""),
    ],
)
def test_a_course_that_works_goes_on_with_its_next_session(
    done: int, better: float | None, severity: str, place: str
) -> None:
    """A course at its second session was told like one that begins."""
    veins = part("facial-telangiectasia", option("vascular", "dye", THREE_TO_FOUR, MONTH))
    text = concern("facial-telangiectasia", extra=f'severity = "{severity}"\n') + sessions_of(
        "facial-telangiectasia", "pulsed-dye-595", done, better
    )
    steps = schedule_course([veins], loaded(PERSON + text).case)[0].steps
    named = ("course.sessions", "course.sessions-begun", "course.sessions-running")
    (told,) = (step.text for step in steps if step.id in named)
    assert (place in told) if place else ("usually" not in told)


@pytest.mark.parametrize(
    ("device", "done", "better", "told"),
    [
        ("fractional-co2-10600", 1, 40.0, True),
        ("fractional-co2-10600", 1, 20.0, False),
        ("fractional-co2-10600", 1, 95.0, False),  # enough
        ("fractional-co2-10600", 4, 40.0, False),  # over
        ("our old laser", 1, 40.0, False),  # which may have been the first light
        ("pulsed-dye-595", 1, 40.0, False),  # none of the options
    ],
)
def test_a_course_with_another_laser_that_works_is_named_before_one_begins_anew(
    device: str, done: int, better: float, told: bool
) -> None:
    """One session of columns had helped by 40 % when the plan began with one of the full field."""
    lines = part(
        "acne-scars",
        option("ablative", "co2", ONCE, MONTH),
        option("fractional-ablative", "other", THREE_TO_FOUR, MONTH),
    )
    text = concern("acne-scars", extra="") + sessions_of("acne-scars", device, done, better)
    steps = schedule_course([lines], loaded(PERSON + text).case)[0].steps
    harmed = text + '\nadverse = ["blister"]\n'  # which is not pointed to
    assert "course.other-running" not in first_step_ids(harmed, lines)
    running = [step.text for step in steps if step.id == "course.other-running"]
    assert bool(running) is told
    assert all("session 2 of usually 3 to 4" in one for one in running)


@pytest.mark.parametrize("better", [89.9, 90.0, 100.0])
def test_what_is_better_enough_has_no_session_before_somebody_looks(better: float) -> None:
    """The others keep theirs. The notice of the plan speaks from the same share on."""
    done = f'[[session]]\nweek = 0\ntreats = "facial-telangiectasia"\nresponse_pct = {better}\n'
    case = loaded(PERSON + concern("facial-telangiectasia") + concern("age-spots") + done).case
    planned = mark_done_concerns([VEINS, SPOTS], case)
    course = schedule_course(planned, case)
    enough = better >= 90.0
    assert {place for visit in course for place in visit.treats} == {SPOTS.place, *(() if enough else (VEINS.place,))}
    assert [bool(one.is_done) for one in planned] == [enough, False]
    veins, _ = course_total(planned, course).afterwards
    assert (veins.id == "course.done") is enough
    notices = response_notices(case, ())
    assert [one.message.id for one in notices] == ["response.enough" if enough else "response.untold"]


@pytest.mark.parametrize(
    ("device", "places", "is_done"),
    [
        ("fractional-co2-10600", ("cheeks",), True),
        ("pulsed-dye-595", ("cheeks",), False),  # which says nothing of what columns add
        ("fractional-co2-10600", ("cheeks", "forehead"), False),  # of which nobody knows which has improved
        ("our old laser", ("cheeks",), True),  # which may have been one of columns
    ],
)
def test_a_course_ends_where_its_own_laser_made_its_only_place_better(
    device: str, places: tuple[str, ...], is_done: bool
) -> None:
    """A dye laser ended the course of columns, and cheeks that were better ended that of the hands."""
    scars = [replace(SCARS, site=place) for place in places]
    done = f'[[session]]\nweek = 0\ntreats = "acne-scars"\ndevice = "{device}"\nresponse_pct = 95\n'
    case = loaded(PERSON + "".join(concern("acne-scars", place) for place in places) + done).case
    planned = mark_done_concerns(scars, case)
    assert [bool(one.is_done) for one in planned] == [is_done] * len(places)
    course = schedule_course(planned, case)
    assert {place for visit in course for place in visit.treats} == (set() if is_done else {one.place for one in scars})
    assert {one.id == "course.done" for one in course_total(planned, course).afterwards} == {is_done}
    told = [one.message for one in response_notices(case, ())]
    if len(places) > 1:
        assert [one.id for one in told] == ["response.of-concern"] * len(places)
        told = [one.params["told"] for one in told]
    assert [one.id for one in told] == ["response.enough"] * len(places)


def test_each_place_of_a_condition_is_told_its_own_next_session() -> None:
    """The nose, which had two sessions, was told what a second one adds: that of the cheeks."""
    done = "".join(
        f'[[session]]\nweek = {week}\ntreats = "facial-telangiectasia"\nsite = "{site}"\nresponse_pct = {better}\n'
        for site, week, better in (("cheeks", 0, 30), ("nose", 0, 40), ("nose", 6, 60))
    )
    veins = [concern("facial-telangiectasia", site) for site in ("cheeks", "nose")]
    case = loaded(PERSON + "".join(veins) + done).case
    share = Estimate(median=0.7, low=0.3, high=0.9, level=0.8, kind="pooled", draws=100, basis=("jasim2004",))
    gains = [
        SessionGain(f"facial-telangiectasia at {site}", sessions, share, kept)
        for site, sessions, kept in (("cheeks", 2, 35.0), ("nose", 3, 65.0))
    ]
    cheeks, nose = (one.message.text for one in response_notices(case, gains))
    assert "cheeks" in cheeks.casefold()
    assert "after session 2; if this patient keeps the same rank among patients, the improvement is then 35 %" in cheeks
    assert "nose" in nose.casefold()
    assert "after session 3; if this patient keeps the same rank among patients, the improvement is then 65 %" in nose
