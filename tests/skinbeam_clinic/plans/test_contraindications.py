"""What stops a course: the planner's rules, asked again of what was recorded since the plan was made."""

import datetime
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from report_samples import sample
from treatment_samples import ORDERED

from skinbeam.assessment.reactions import earlier_reactions
from skinbeam.course.resurfacing import weeks_before_ablation
from skinbeam.model.consultation import EarlierSession, EarlierTestSpot
from skinbeam.model.estimate import Unknown
from skinbeam.plan_records.course import SourceRange, Visit
from skinbeam.suitability.course_rules import course_rules
from skinbeam.text import use_language, use_time_zone
from skinbeam_clinic.consultations.forms import Submission
from skinbeam_clinic.database.columns import clock_set_to
from skinbeam_clinic.follow_ups.models import (
    AestheticChange,
    ClinicianGrade,
    FollowUp,
    FollowUpMoment,
    ImprovementQuarter,
)
from skinbeam_clinic.machines.clinic_devices import CATALOGUE
from skinbeam_clinic.patients.history import HistoryFact, case_from_fact, list_session_facts
from skinbeam_clinic.patients.history_join import join_history
from skinbeam_clinic.patients.record_lines import describe_fact
from skinbeam_clinic.plans.contraindications import (
    Contraindication,
    RecordsSincePlan,
    find_contraindications,
    find_early_session,
)
from skinbeam_clinic.treatments.models import (
    AdverseEvent,
    AdverseEventGrade,
    AdverseEventSource,
    AreaFiring,
    TreatedArea,
    Treatment,
    TreatmentState,
)
from skinbeam_clinic.used_cooling import CoolingChange

PLAN, PLACE = "p1", "0.0"  # the vascular option of the sample, one to three sessions
BEGUN = datetime.datetime(2026, 3, 2, 9, tzinfo=datetime.UTC)


def event(kind: str, grade: AdverseEventGrade = AdverseEventGrade.MILD, words: str = "") -> AdverseEvent:
    return AdverseEvent("e", "t", "c", AdverseEventSource.DIARY, kind, grade, "", words, BEGUN, BEGUN, "who", None, "")


def treatment(weeks: float, *events: AdverseEvent, plan: str = PLAN, place: str = PLACE, **doses: float) -> Treatment:
    at = BEGUN + datetime.timedelta(weeks=weeks)
    settings = [replace(ORDERED.settings.pulse, fluence_J_cm2=dose) for dose in (doses or {"only": 6.5}).values()]
    areas = tuple(
        TreatedArea(f"a{i}", AreaFiring(site="cheeks", settings=one, endpoint="seek"), (), at, "who")
        for i, one in enumerate(settings)
    )
    ordered = replace(ORDERED, condition="facial-telangiectasia", device="pulsed-dye-595")
    made: dict[str, Any] = dict.fromkeys(("appointment_id", "machine_id", "device", "serial"))
    return Treatment(
        id=f"t{weeks}",
        consultation_id="c",
        plan_id=plan,
        option=place,
        consent_id="s",
        number=1,
        state=TreatmentState.DONE,
        ordered=ordered,
        answers=(),
        areas=areas,
        events=events,
        notes=(),
        created_at=at,
        created_by="who",
        started_at=at,
        started_by="who",
        ended_at=at,
        ended_by="who",
        **made,
    )


def follow_up(treated: Treatment, quarter: ImprovementQuarter) -> FollowUp:
    grade = ClinicianGrade(quarter, AestheticChange.SAME, (), "", False, False, False, BEGUN, "who", "m1")
    about = ("f", "c", treated.id, treated.plan_id, treated.option, treated.started_at)
    return FollowUp(*about, FollowUpMoment.AFTER, 1.0, BEGUN, "who", None, (grade,))


def stops(
    facts: list[HistoryFact], known: tuple[HistoryFact, ...] = (), place: str = PLACE
) -> tuple[Contraindication, ...]:
    return find_contraindications(RecordsSincePlan(PLAN, Submission(), known, tuple(facts)), sample(), place)


def names(found: tuple[Contraindication, ...]) -> list[str]:
    return [one.message.id for one in found]


@pytest.mark.parametrize("change", [None, *CoolingChange])
@pytest.mark.parametrize(("kind", "harms"), [("", False), ("purpura", False), ("blister", True)])
def test_a_plan_takes_no_dose_as_borne_that_another_cooling_may_have_spared(
    change: CoolingChange | None, kind: str, *, harms: bool
) -> None:
    """Otherwise an expected reaction would show that the planned cooling is enough for this dose."""
    done = treatment(0.0, *([event(kind)] if kind else []))
    cooled = replace(done, areas=tuple(replace(one, cooling_change=change) for one in done.areas))
    (fact,) = list_session_facts([cooled], [follow_up(cooled, ImprovementQuarter.SECOND)])
    spared = change in (CoolingChange.OTHER, CoolingChange.STRONGER, CoolingChange.ADDED) and not harms
    assert fact.values.get("fluence_J_cm2") == (None if spared else 6.5)
    assert fact.is_spared == spared
    assert fact.values["response_pct"] == 37.5, "it still counts as a session of the course"
    found = earlier_reactions(case_from_fact(fact))
    assert [one.meaning for one in found] == (["harm"] if harms else ["expected"] if kind else [])
    assert all(one.has_dose != spared for one in found)
    assert ("no dose of it" in describe_fact(CATALOGUE, fact).text) == spared


def test_a_recorded_session_names_its_site_and_what_went_wrong_in_the_language_of_the_page() -> None:
    """The word of the case file, "pih", stood on German pages and English ones alike."""
    (fact,) = list_session_facts(
        [
            treatment(0.0, event("pih"), event("other", words="itched")),
        ],
        [],
    )
    assert "Visible facial veins, cheeks;" in describe_fact(CATALOGUE, fact).text
    assert describe_fact(CATALOGUE, fact).text.endswith("dark marks; itched.")
    with use_language("de"):
        assert describe_fact(CATALOGUE, fact).text.endswith("dunkle Flecken; itched.")


def test_the_least_dose_is_that_of_the_areas_which_were_cooled_as_planned_unless_one_harmed() -> None:
    done = treatment(0.0, event("purpura"), cheeks=7.0, nose=6.0)
    areas = (done.areas[0], replace(done.areas[1], cooling_change=CoolingChange.STRONGER))
    harmless, harmed = replace(done, areas=areas), replace(done, areas=areas, events=(event("blister"),))
    doses = [list_session_facts([one], [])[0].values["fluence_J_cm2"] for one in (harmless, harmed)]
    assert doses == [7.0, 6.0]


def at_two_sites(*events: AdverseEvent) -> list[HistoryFact]:
    """The rows of a session of the cheeks with 8.5 J/cm², in which the nose had 7."""
    done = treatment(0.0, *events, cheeks=8.5, nose=7.0)
    named = zip(done.areas, ("cheeks", "nose"), strict=True)
    areas = tuple(replace(area, fired=replace(area.fired, site=name)) for area, name in named)
    return list_session_facts([replace(done, areas=areas)], [follow_up(done, ImprovementQuarter.FOURTH)])


@pytest.mark.parametrize(
    ("site", "harmed"),
    [("cheeks", {"cheeks"}), ("nose", {"nose"}), ("chin", {"cheeks", "nose"}), ("", {"cheeks", "nose"})],
)
def test_each_site_of_a_session_has_its_own_dose_and_its_own_harm(site: str, harmed: set[str]) -> None:
    """A blister of the cheeks after 8.5 J/cm² was told after the 7 of the nose, which no plan knew to be treated."""
    facts = at_two_sites(replace(event("blister"), site=site))
    assert {fact.site: fact.values["fluence_J_cm2"] for fact in facts} == {"cheeks": 8.5, "nose": 7.0}
    assert {fact.site for fact in facts if fact.values.get("adverse") == ["blister"]} == harmed


def test_what_was_fired_beside_the_site_of_a_plan_is_no_session_of_its_course() -> None:
    nose, cheeks = at_two_sites()  # what was judged comes last, as in a case whose last session was judged
    assert (cheeks.option, cheeks.values["response_pct"]) == (PLACE, 87.5)
    assert (nose.option, nose.values.get("response_pct")) == ("", None)
    assert stops([nose, cheeks]) == ()


def test_a_session_that_treated_another_site_alone_is_of_that_site() -> None:
    """It stood as one of the cheeks, so that the nose could be treated again the next day."""
    done = treatment(0.0, cheeks=8.5)
    areas = tuple(replace(area, fired=replace(area.fired, site="nose")) for area in done.areas)
    (fact,) = list_session_facts([replace(done, areas=areas)], [follow_up(done, ImprovementQuarter.FOURTH)])
    assert (fact.site, fact.option, fact.values["response_pct"]) == ("nose", PLACE, 87.5)


def test_a_harm_on_a_part_of_the_site_of_a_plan_counts_with_the_dose_of_that_part() -> None:
    done = treatment(0.0, replace(event("blister"), site="cheeks"), cheeks=8.5, nose=7.0)
    named = zip(done.areas, ("cheeks", "nose"), strict=True)
    areas = tuple(replace(area, fired=replace(area.fired, site=name)) for area, name in named)
    (fact,) = list_session_facts([replace(done, areas=areas, ordered=replace(done.ordered, site="full-face"))], [])
    assert (fact.site, fact.values["fluence_J_cm2"]) == ("full-face", 8.5)


def test_a_treatment_is_one_session_by_its_least_dose() -> None:
    first = treatment(0.0, cheeks=7.0, nose=6.0)
    later = treatment(5.0, event("pih"), event("prolonged-erythema"))
    facts = list_session_facts([first, later], [follow_up(later, ImprovementQuarter.SECOND)])
    rows = [fact.row for fact in facts if isinstance(fact.row, EarlierSession)]
    assert [(row.week, row.fluence_J_cm2, row.adverse, row.response_pct) for row in rows] == [
        (0.0, 6.0, [], None),
        (5.0, 6.5, ["pih", "prolonged erythema"], 37.5),
    ]
    assert join_history(Submission(), list_session_facts([first, later], [])).tables["session"][1]["week"] == 5.0


def test_the_sessions_that_a_plan_counts_stop_nothing() -> None:
    for done in range(3):
        assert stops(list_session_facts([treatment(5.0 * one) for one in range(done)], [])) == ()


def test_one_more_session_than_the_plan_stated_waits_for_a_reason() -> None:
    facts = list_session_facts([treatment(5.0 * one) for one in range(3)], [])
    (stop,) = stops(facts)
    assert (stop.message.id, stop.final) == ("clinic-spots.stop-sessions", False)
    assert stops(facts, place="0.1") == ()


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("blister", "earlier.below-lasers"),
        ("burn", "earlier.below-lasers"),
        ("scar", "earlier.scar"),
        ("atrophy", "earlier.scar"),
        ("hypopigmentation", "earlier.below-lasers"),
        ("crust", "earlier.below-lasers"),  # beside vessels a burn of the epidermis
        ("infection", "earlier.sign-undosed"),
    ],
)
def test_a_harm_in_a_session_speaks_with_the_words_of_the_rule(kind: str, message: str) -> None:
    found = stops(list_session_facts([treatment(0.0, event(kind))], []))
    assert names(found) == [message]
    assert not found[0].final  # a clinician may decide
    assert found[0].source == "rulepractice"


def test_what_is_usual_speaks_once_it_was_graded_as_more_than_mild() -> None:
    assert stops(list_session_facts([treatment(0.0, event("other", words="redness"))], [])) == ()
    moderate = event("other", AdverseEventGrade.MODERATE, words="redness")
    found = stops(list_session_facts([treatment(0.0, moderate)], []))
    assert names(found) == ["clinic-spots.stop-event"]


def test_a_bruise_speaks_because_its_dose_is_not_planned_again() -> None:
    assert names(stops(list_session_facts([treatment(0.0, event("purpura"))], []))) == ["earlier.bruise"]


def test_what_the_plan_was_made_of_speaks_no_more_and_what_came_since_does() -> None:
    known = list_session_facts([treatment(0.0, event("blister"))], [])
    assert stops(known, tuple(known)) == ()
    again = list_session_facts([treatment(0.0, event("blister"), event("scar"))], [])
    assert set(names(stops(again, tuple(known)))) == {"earlier.below-lasers", "earlier.scar"}
    assert stops(known)[0].key != stops(again)[0].key  # a decision on the one is none on the other


@pytest.mark.parametrize(
    ("quarter", "after_one", "after_two"),
    [
        (ImprovementQuarter.FIRST, [], ["response.too-little"]),
        (ImprovementQuarter.WORSE, ["response.worse"], ["response.worse"]),
        (ImprovementQuarter.SECOND, [], []),
    ],
)
def test_too_little_after_two_sessions_and_worse_after_one_stop_the_next(
    quarter: ImprovementQuarter, after_one: list[str], after_two: list[str]
) -> None:
    done = [treatment(0.0), treatment(5.0)]
    assert names(stops(list_session_facts(done[:1], [follow_up(done[0], quarter)]))) == after_one
    assert names(stops(list_session_facts(done, [follow_up(done[1], quarter)]))) == after_two


def test_of_a_plan_made_from_records_what_came_since_stops_it_alike() -> None:
    """Its own day is before these sessions, so that they are no weeks ago on it."""
    done = [treatment(0.0), treatment(5.0)]
    known = list_session_facts(done[:1], [])
    facts = list_session_facts(done, [follow_up(done[1], ImprovementQuarter.FIRST)])
    planned = RecordsSincePlan(PLAN, Submission(), tuple(known), tuple(facts), BEGUN + datetime.timedelta(days=1))
    assert names(find_contraindications(planned, sample(), PLACE)) == ["response.too-little"]


@pytest.mark.parametrize(("weeks", "found"), [(1.0, []), (4.0, ["response.too-little"])])
def test_what_was_judged_before_its_effect_shows_stops_no_session(weeks: float, found: list[str]) -> None:
    """A plan made anew says to judge it again: the plan of these sessions does not call the course a failure either."""
    done = [treatment(0.0), treatment(5.0)]
    facts = list_session_facts(done, [follow_up(done[1], ImprovementQuarter.FIRST)])
    with clock_set_to(BEGUN + datetime.timedelta(weeks=5.0 + weeks)):
        assert names(stops(facts)) == found


def test_words_in_two_lines_reach_the_next_case_in_one() -> None:
    (fact,) = list_session_facts([treatment(0.0, event("other", words="two lines\nof words"))], [])
    assert case_from_fact(fact).session[0].adverse == ["two lines of words"]


def test_a_session_under_another_plan_speaks_if_it_treats_the_same() -> None:
    assert names(stops(list_session_facts([treatment(0.0, plan="p2")], []))) == ["clinic-spots.stop-elsewhere"]


@pytest.mark.parametrize(
    ("interval", "modality", "weeks"),
    [
        (SourceRange(5.0, 6.0, "weeks"), "vascular", 5),
        (SourceRange(2.0, 4.0, "weeks"), "vascular", course_rules().least_weeks),
        (Unknown("no source gives it"), "vascular", course_rules().least_weeks),
        (Unknown("no source gives it"), "fractional-ablative", course_rules().least_weeks_between_craters),
        (Unknown("no source gives it"), "ablative", weeks_before_ablation()),
    ],
)
def test_a_session_within_the_shortest_interval_on_the_same_skin_waits_for_a_reason(
    interval: SourceRange | Unknown, modality: str, weeks: int
) -> None:
    """It is that of a plan: the notice asked for less than a plan keeps where a source allows it, or gives nothing."""
    concern = sample().concerns[0]
    option = replace(concern.options[0], interval_weeks=interval, modality=modality)
    facts = list_session_facts([treatment(0.0), treatment(9.0)], [])

    def early(days: float, **elsewhere: str) -> list[str]:
        at = BEGUN + datetime.timedelta(weeks=9, days=days)
        plan = replace(sample(), concerns=(replace(concern, options=(option,), **elsewhere),))
        return names(find_early_session(RecordsSincePlan(PLAN, Submission(), (), tuple(facts)), plan, PLACE, at))

    assert early(0.0) == early(7.0 * weeks - 1.0) == ["clinic-spots.stop-early"]
    assert early(7.0 * weeks - 0.2) == []  # earlier in the day than the last session was
    assert early(7.0 * weeks) == []
    with use_time_zone(ZoneInfo("Asia/Tokyo")):  # the last session was at 18:00; seven hours earlier is the same day
        assert early(7.0 * weeks - 7.0 / 24.0) == []
    with use_time_zone(ZoneInfo("America/New_York")):  # it was at 5:00; six hours earlier is the day before
        assert early(7.0 * weeks - 6.0 / 24.0) == ["clinic-spots.stop-early"]
    assert early(0.0, site="hands") == early(0.0, condition="redness") == []
    assert early(0.0, site="full-face") == ["clinic-spots.stop-early"], "the cheeks are a part of it"


def test_a_part_of_a_field_and_the_rest_of_it_are_one_visit_and_none_comes_too_soon() -> None:
    """A course that treats veins of the cheeks and of the face in one visit asked why the second could not wait."""
    veins, *others = sample().concerns
    face = replace(veins, site="full-face")
    (visit, *_) = sample().course
    together = replace(visit, treats=(veins.place, face.place))
    apart = [replace(visit, treats=(one.place,)) for one in (veins, face)]

    def early(*visits: Visit, days: float = 0.1, plan: str = PLAN) -> list[str]:
        facts = tuple(list_session_facts([treatment(0.0, place="1.0", plan=plan)], []))
        planned = replace(sample(), concerns=(veins, face, *others), course=visits)
        at = BEGUN + datetime.timedelta(days=days)
        return names(find_early_session(RecordsSincePlan(PLAN, Submission(), (), facts), planned, PLACE, at))

    assert early(together) == []
    assert early(*apart) == early(together, days=1.0) == early(together, plan="p2") == ["clinic-spots.stop-early"]


@pytest.mark.parametrize(("reaction", "message"), [("blister", "earlier.below-lasers"), ("scar", "earlier.scar")])
def test_an_injury_at_a_spot_is_final_for_its_device_and_for_the_plan(reaction: str, message: str) -> None:
    row = EarlierTestSpot(
        device="pulsed-dye-595", site="cheeks", fluence_J_cm2=6.0, read_after_h=72.0, reaction=reaction
    )
    fact = HistoryFact("test_spot/a", row, BEGUN, "/", PLAN)
    assert [(one.message.id, one.final) for one in stops([fact])] == [(message, True)]
    assert [one.final for one in stops([fact], place="0.1")] == [False]  # another laser: a clinician may decide
    assert {one.final for one in stops([fact], place="")} == {True}
    assert stops([replace(fact, row=row.model_copy(update={"reaction": "redness"}))]) == ()
