"""Sessions that improved too little, or left marks in melasma, stop their course."""

import pytest
from consultations import PERSON, concern, devices, document, loaded
from course_samples import VEINS, session, sessions_of
from earlier_samples import MONTH_H, VEINS_CASE, spot

from skinbeam.course.schedule import schedule_course
from skinbeam.model.case import Case
from skinbeam.suitability.judgement import Suitability, judge_suitability
from skinbeam.suitability.session_response import session_response


@pytest.mark.parametrize(
    ("responses", "stops"), [((10,), False), ((10, 24), True), ((10, 25), False), ((30, 20), True), ((-10,), True)]
)
def test_less_than_a_quarter_after_two_sessions_stops_the_course(responses: tuple[int, ...], stops: bool) -> None:
    case = loaded(VEINS_CASE + "".join(session(r, 6 * n) for n, r in enumerate(responses))).case

    def judge(modality: str, nm: float, *, pulse_ms: float = 10.0, ipl: bool = False) -> Suitability:
        light = {"device_wavelength_nm": nm, "pulse_ms": pulse_ms, "ipl": ipl}
        return judge_suitability(case, concern=case.concern[0], modality=modality, **light)

    judged = judge("vascular", 595.0)
    assert ("response-too-little" in [reason.rule for reason in judged.reasons]) is stops
    assert (judged.decision == "refer") is stops
    assert judge("fractional-ablative", 10600.0, pulse_ms=1.0).decision != "refer"  # another kind of light
    if not any(one < 0 for one in responses):  # nothing else heats veins that light made worse
        others = [judge("vascular", 1064.0), judge("vascular", 532.0), judge("vascular", 560.0, ipl=True)]
        assert {one.decision == "refer" for one in others} == {False}
        told = {"response-too-little" in [reason.rule for reason in one.reasons] for one in others}
        assert told == {stops}  # the diagnosis is looked at before other light


def test_a_session_that_nobody_judged_stops_no_course() -> None:
    """One session had helped by 10 % when it was judged; the second, after which nobody looked, made two of it."""
    unjudged = session(0, 6).replace("response_pct = 0\n", "")
    for done, stops in ((session(10, 0) + unjudged, False), (session(20, 0) + session(10, 6) + unjudged, True)):
        case = loaded(VEINS_CASE + done.replace("week = 6", "week = 12", done.count("week = 6") - 1)).case
        judged = judge_suitability(case, concern=case.concern[0], modality="vascular", device_wavelength_nm=595.0)
        assert ("response-too-little" in [reason.rule for reason in judged.reasons]) is stops


def test_a_course_stops_for_all_light_where_nobody_knows_which_it_was_or_the_clinic_has_no_other() -> None:
    unknown = session(10, 0, "our old laser") + session(10, 6, "our old laser")
    known = session(10, 0) + session(10, 6)
    decisions = {
        name: judge_suitability(loaded(VEINS_CASE + text).case, concern=veins, modality="vascular").decision == "refer"
        for veins in loaded(VEINS_CASE).case.concern
        for name, text in {
            "unknown": unknown,
            "only": known + '\n[clinic]\ndevices = ["pulsed-dye-595"]\n',
            "another": known + '\n[clinic]\ndevices = ["pulsed-dye-595", "ndyag-1064"]\n',
            "any": known,
        }.items()
    }
    assert decisions == {"unknown": True, "only": True, "another": False, "any": False}


def test_skin_that_is_rebuilt_for_months_is_judged_after_the_third_session_of_columns() -> None:
    scars = PERSON + concern("acne-scars", extra="")
    after = {
        number: judge_suitability(
            (case := loaded(scars + sessions_of("acne-scars", "fractional-1550", number, 22.0)).case),
            concern=case.concern[0],
            modality="non-ablative-fractional",
            device_wavelength_nm=1550.0,
            pulse_ms=3.0,
        ).decision
        == "refer"
        for number in (2, 3)
    }
    assert after == {2: False, 3: True}


@pytest.mark.parametrize(("severity", "is_done"), [("severe", False), ("mild", True)])
def test_what_is_severe_again_is_not_done_however_much_was_better(severity: str, is_done: bool) -> None:
    """Veins that had come back after years got no session: "little is left to gain"."""
    text = VEINS_CASE.replace("area_cm2", f'severity = "{severity}"\narea_cm2', 1)
    response = session_response(loaded(text + session(95, 0)).case, VEINS)
    assert (response.is_enough, response.has_returned) == (is_done, not is_done)
    assert not session_response(loaded(text + session(50, 0)).case, VEINS).has_returned


def test_sessions_that_name_no_site_hold_back_none_of_several() -> None:
    """Age spots of the cheeks, perhaps never treated, were refused since those of the hands did not fade."""
    both = VEINS_CASE + concern("facial-telangiectasia", "nose", extra="")
    case = loaded(both + session(10, 0) + session(10, 6)).case
    assert [one.site for one in case.concern] == ["cheeks", "nose"]
    for one in case.concern:
        judged = judge_suitability(case, concern=one, modality="vascular", device_wavelength_nm=595.0, pulse_ms=10.0)
        assert judged.decision != "refer"
        assert "response-too-little" in [reason.rule for reason in judged.reasons]


def test_sessions_that_name_their_site_stop_the_course_there_alone() -> None:
    both = VEINS_CASE + concern("facial-telangiectasia", "nose", extra="")
    on_nose = session(10, 0) + 'site = "nose"\n' + session(10, 6) + 'site = "nose"\n'
    case = loaded(both + on_nose).case
    cheeks, nose = (
        judge_suitability(case, concern=one, modality="vascular", device_wavelength_nm=595.0, pulse_ms=10.0)
        for one in case.concern
    )
    assert (cheeks.decision, nose.decision) == ("suitable", "refer")
    assert "response-too-little" not in [reason.rule for reason in cheeks.reasons]
    course = schedule_course([VEINS], case)
    assert "course.since-last" not in [step.id for step in course[0].steps]  # the nose is other skin
    on_face = loaded(both + on_nose.replace("nose", "face")).case
    assert [session_response(on_face, one).sessions for one in on_face.concern] == [2, 2]


@pytest.mark.parametrize(("weeks_ago", "decision"), [(1.5, "with-caution"), (3.9, "with-caution"), (4.0, "refer")])
def test_a_result_that_was_judged_before_it_shows_stops_nothing(weeks_ago: float, decision: str) -> None:
    """Veins fade for weeks after a session; the next is due after four."""
    text = VEINS_CASE + session(10, 0) + session(10, 6) + f"weeks_ago = {weeks_ago}\n"
    case = loaded(text).case
    judged = judge_suitability(
        case, concern=case.concern[0], modality="vascular", device_wavelength_nm=595.0, pulse_ms=10.0
    )
    assert judged.decision == decision
    (reason,) = (one for one in judged.reasons if one.rule == "response-too-little")
    assert reason.message.id == ("response.too-little" if decision == "refer" else "response.too-early")


@pytest.mark.parametrize(("done", "decision"), [(2, "with-caution"), (3, "refer"), (4, "refer")])
def test_sessions_every_two_weeks_stop_when_those_that_show_have_helped_too_little(done: int, decision: str) -> None:
    """Toning of melasma was never stopped: each visit came two weeks after the last session, before it shows."""
    rows = "".join(
        f'\n[[session]]\nweek = {2 * number}\ntreats = "melasma"\ndevice = "qs-ndyag-532-1064"\nresponse_pct = 15\n'
        for number in range(done)
    )
    case = loaded(PERSON + concern("melasma", "cheeks") + rows + "weeks_ago = 2\n").case
    toning = {"device_wavelength_nm": 1064.0, "pulse_ms": 5e-6}
    judged = judge_suitability(case, concern=case.concern[0], modality="pigment-short-pulse", **toning)
    assert [one.decision for one in judged.reasons if one.rule == "response-too-little"] == [decision]


def test_a_plan_says_how_a_course_is_cleared_where_its_laser_has_another_light_that_is_not_for_this() -> None:
    """The laser also gives 532 nm, which is not for melasma: nothing was planned, and nobody was told how to go on."""
    rows = "".join(
        f'\n[[session]]\nweek = {2 * number}\ntreats = "melasma"\ndevice = "qs-ndyag-532-1064"\n'
        "wavelength_nm = 1064\nresponse_pct = 15\n"
        for number in range(3)
    )
    made = document(PERSON + concern("melasma", "cheeks") + rows + "weeks_ago = 5\n" + devices("qs-ndyag-532-1064"))
    (notice,) = (one for one in made["warnings"] if one["code"] == "clearance")
    assert "response-too-little" in notice["message"]


def test_light_that_failed_in_an_earlier_course_is_not_begun_again_unseen() -> None:
    failed = sessions_of("facial-telangiectasia", "pulsed-dye-595", 2, 10.0)
    new = '\n[[session]]\nweek = 208\nweeks_ago = 6\ntreats = "facial-telangiectasia"\ndevice = "pulsed-dye-595"\n'
    made = document(PERSON + concern("facial-telangiectasia", extra="") + devices("pulsed-dye-595") + failed + new)
    assert made["course"] == []
    assert "After session 2, 10 % is better" in str(made["warnings"])


MELASMA = PERSON + concern("melasma", extra="")


def toned(adverse: str = "", response: float | None = None) -> Case:
    words = f'adverse = ["{adverse}"]\n' if adverse else ""
    judged = "" if response is None else f"response_pct = {response}\n"
    done = '\n[[session]]\nweek = 4\ntreats = "melasma"\ndevice = "qs-ndyag-532-1064"\nwavelength_nm = 1064.0\n'
    return loaded(MELASMA + f"{done}fluence_J_cm2 = 1.6\n{words}{judged}").case


@pytest.mark.parametrize("adverse", ["white spots", "darker"])
def test_light_that_marked_melasma_is_not_repeated(adverse: str) -> None:
    judged = judge_suitability(toned(adverse), concern=toned().concern[0], modality="pigment-short-pulse")
    assert [one.decision for one in judged.reasons if one.rule == "response-marked"] == ["refer"]
    other = judge_suitability(toned(adverse), concern=toned().concern[0], modality="non-ablative-fractional")
    assert "response-marked" not in [one.rule for one in other.reasons]


@pytest.mark.parametrize(("site", "holds"), [("cheeks", True), ("hands", False)])
def test_a_test_spot_within_the_melasma_that_darkened_holds_light_for_pigment(site: str, holds: bool) -> None:
    face = concern("melasma", "full-face", extra="")
    darker = spot("pigment-change", "fluence_J_cm2 = 1.6", device="qs-ndyag-532-1064", hours=2 * MONTH_H)
    tested = loaded(PERSON + face + darker.replace('site = "cheeks"', f'site = "{site}"')).case
    judged = judge_suitability(tested, concern=tested.concern[0], modality="pigment-short-pulse")
    assert ("response-marked" in [one.rule for one in judged.reasons]) is holds


@pytest.mark.parametrize(("response", "stops"), [(-40.0, True), (0.0, False), (40.0, False)])
def test_a_single_session_that_made_it_worse_stops_the_course(response: float, stops: bool) -> None:
    judged = judge_suitability(toned(response=response), concern=toned().concern[0], modality="pigment-short-pulse")
    (worse,) = [one.message.text for one in judged.reasons if one.rule == "response-too-little"] or [""]
    assert ("worse than before" in worse) is stops


@pytest.mark.parametrize("condition", ["wrinkles", "acne-scars"])
def test_active_melasma_keeps_ablation_off_the_same_skin(condition: str) -> None:
    both = loaded(MELASMA + concern(condition, extra="")).case
    for modality in ("ablative", "fractional-ablative"):
        judged = judge_suitability(both, concern=both.concern[1], modality=modality)
        assert "melasma-ablation" in [one.rule for one in judged.reasons if one.decision == "not-suitable"]


@pytest.mark.parametrize(("response", "decision"), [(10, "with-caution"), (30, None), (-10, "refer")])
def test_a_brown_spot_that_a_lamp_did_not_clear_is_looked_at_before_a_laser(
    response: int, decision: str | None
) -> None:
    """A Q-switched laser and freezing followed three sessions of a lamp, and nobody was told to look again."""
    case = loaded(PERSON + concern("age-spots", extra="") + sessions_of("age-spots", "ipl", 3, float(response))).case
    light = {"device_wavelength_nm": 532.0, "pulse_ms": 1e-5}
    laser = judge_suitability(case, concern=case.concern[0], modality="pigment-short-pulse", **light)
    told = {reason.rule: reason.decision for reason in laser.reasons}
    assert told.get("response-too-little") == decision
    cold = judge_suitability(case, concern=case.concern[0], modality="cryotherapy")
    told = {reason.rule: reason.decision for reason in cold.reasons}
    assert told.get("response-too-little") == (None if decision is None else "with-caution")


def test_a_light_that_the_clinic_lacks_is_still_named_after_another_failed() -> None:
    spots = PERSON + concern("age-spots") + sessions_of("age-spots", "qs-ndyag-532-1064", 2, 10.0)
    plan = document(spots + devices("qs-ndyag-532-1064"))
    refused = {r["modality"]: [why["id"] for why in r["reasons"]] for r in plan["concerns"][0]["refused"]}
    assert "plan.no-device" in refused["pigment-long-pulse"]
