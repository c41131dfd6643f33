"""What came of a treatment: who was asked what and when, who graded how blind, and who should be seen again."""

import datetime
import io
import json
import zipfile
from dataclasses import replace

import pytest
from diary_samples import WARNING
from record_samples import NO_WAIT, make_plan_record, sign
from sqlalchemy import text
from treated_rows import add_treatment, end_treatment
from treatment_samples import ORDERED

from skinbeam.model.errors import InputError
from skinbeam.model.estimate import Unknown
from skinbeam_clinic.access import Role
from skinbeam_clinic.accounts.passwords import PasswordHasher
from skinbeam_clinic.accounts.repository import AccountRepository
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.database.connection import Database
from skinbeam_clinic.database.verification import verify_database
from skinbeam_clinic.diaries.diary_access import DiaryAccess
from skinbeam_clinic.errors import ClosedError, RecordNotFoundError
from skinbeam_clinic.follow_ups.models import (
    AestheticChange,
    FollowUpMoment,
    ImprovementQuarter,
    ImprovementRange,
    ScaleReading,
    SelfRating,
    leading_improvement,
)
from skinbeam_clinic.follow_ups.pair_analyses import PairAnalysisContent
from skinbeam_clinic.follow_ups.patient_reports import PatientAnswers
from skinbeam_clinic.models import PhotographPermissions
from skinbeam_clinic.pulse_settings import SpotSettings
from skinbeam_clinic.repositories import ClinicRepositories
from skinbeam_clinic.test_spots.models import ORAL_CONSENT, SpotFiring
from skinbeam_clinic.treatments.models import AlsoTreated, TreatmentState

FELT = SelfRating(4, 2)
TIMES = {name: datetime.timedelta(days=days) for name, days in (("after", 90), ("overdue", 180), ("until", 700))}


@pytest.fixture
def consent(repositories: ClinicRepositories) -> str:
    """A signed consent."""
    return sign(
        repositories,
        repositories.consents.record_explanation(make_plan_record(repositories).id, option="0.1", cooling_off=NO_WAIT),
    ).id


@pytest.fixture
def rater(database: Database, repositories: ClinicRepositories) -> ClinicRepositories:
    """The repositories of a clinician who had no hand in the treatment."""
    return ClinicRepositories(
        database,
        AccountRepository(database, repositories.member, PasswordHasher()).add(
            "Rater", Role.CLINICIAN, "seven quiet rivers meet"
        ),
    )


@pytest.fixture
def assistant(database: Database, repositories: ClinicRepositories) -> ClinicRepositories:
    """The repositories of who puts photographs side by side."""
    return ClinicRepositories(
        database,
        AccountRepository(database, repositories.member, PasswordHasher()).add(
            "Helper", Role.ASSISTANT, "eight quiet rivers meet"
        ),
    )


def code_of(error: pytest.ExceptionInfo[InputError]) -> str:
    return error.value.code


def two_faces(repositories: ClinicRepositories, consultation: str) -> tuple[str, str]:
    one, other = (
        repositories.photographs.add(consultation, face, "image/png", PhotographPermissions()) for face in (b"a", b"b")
    )
    return one.id, other.id


def test_months_count_from_the_last_treatment_of_the_course(repositories: ClinicRepositories, consent: str) -> None:
    first = add_treatment(repositories, consent, days_ago=200)
    last = add_treatment(repositories, consent, days_ago=100)
    begun = repositories.follow_ups.begin(first)
    assert (begun.treatment_id, begun.moment) == (last, FollowUpMoment.AFTER)
    assert begun.months_after == pytest.approx(100 / 30.4375, abs=0.06)
    between = repositories.follow_ups.begin(last, seen_at=now() - datetime.timedelta(days=150))
    assert between.treatment_id == first, "what was treated later had not happened yet"


def test_a_follow_up_comes_after_a_treatment_and_not_in_the_future(
    repositories: ClinicRepositories, consent: str
) -> None:
    treatment = add_treatment(repositories, consent)
    with pytest.raises(InputError) as error:
        repositories.follow_ups.begin(treatment)
    assert code_of(error) == "not-treated"
    end_treatment(repositories, treatment, days_ago=1)
    with pytest.raises(InputError) as error:
        repositories.follow_ups.begin(treatment, seen_at=now() + datetime.timedelta(days=1))
    assert code_of(error) == "bad-answer"


def test_a_follow_up_or_a_pair_that_is_sent_again_is_one(repositories: ClinicRepositories, consent: str) -> None:
    treatment = add_treatment(repositories, consent)
    before = repositories.follow_ups.begin(treatment, FollowUpMoment.BEFORE, form_key="a")
    assert repositories.follow_ups.begin(treatment, FollowUpMoment.BEFORE, form_key="a") == before
    end_treatment(repositories, treatment, days_ago=90)
    begun = repositories.follow_ups.begin(treatment, form_key="a")
    assert repositories.follow_ups.begin(treatment, form_key="a").id == begun.id != before.id
    assert repositories.follow_ups.begin(treatment, form_key="b").id != begun.id
    faces = two_faces(repositories, begun.consultation_id)
    for _ in range(2):
        paired = repositories.follow_ups.add_pair(begun.id, *faces)
    assert len(paired.pairs) == 1


def test_what_was_before_is_asked_once_and_before_it_is_only_remembered(
    repositories: ClinicRepositories, consent: str
) -> None:
    treatment = add_treatment(repositories, consent)
    asked = repositories.follow_ups.save_report(
        repositories.follow_ups.begin(treatment, FollowUpMoment.BEFORE).id, PatientAnswers(FELT)
    )
    assert (asked.months_after, asked.said and asked.said.now) == (0.0, FELT)
    with pytest.raises(InputError) as error:
        repositories.follow_ups.begin(treatment, FollowUpMoment.BEFORE)
    assert code_of(error) == "asked-before"
    end_treatment(repositories, treatment, days_ago=0)
    with pytest.raises(InputError) as error:
        repositories.follow_ups.begin(treatment, FollowUpMoment.BEFORE)
    assert code_of(error) == "too-late"
    after = repositories.follow_ups.begin(treatment)
    assert repositories.follow_ups.get_baseline(after.id) == asked
    report = repositories.follow_ups.save_report(
        after.id, PatientAnswers(SelfRating(8, 0), baseline_rating=SelfRating(3, 5))
    ).said
    assert report is not None
    assert report.before == SelfRating(3, 5, remembered=True)
    assert not report.now.remembered


def test_what_was_answered_is_never_written_over(repositories: ClinicRepositories, consent: str) -> None:
    id = repositories.follow_ups.begin(add_treatment(repositories, consent, days_ago=90)).id
    quarter, change, words = ImprovementQuarter.SECOND, AestheticChange.BETTER, "Better, but I had hoped for more."
    ratings = {"quarter": quarter, "change": change, "satisfied_1_5": 3, "words": words, "days_away": 4}
    report = repositories.follow_ups.save_report(id, PatientAnswers(FELT, **ratings), self_completed=True).said  # type: ignore[arg-type]
    assert report is not None
    shown = (report.now, report.quarter, report.change, report.satisfied_1_5, report.words, report.days_away)
    assert (*shown, report.alone) == (FELT, quarter, change, 3, words, 4, True)
    with pytest.raises(InputError) as error:
        repositories.follow_ups.save_report(id, PatientAnswers(SelfRating(10, 0)))
    assert code_of(error) == "said-already"
    assert repositories.follow_ups.get(id).said == report


@pytest.mark.parametrize(
    "about",
    [
        {"satisfied_1_5": 6},
        {"satisfied_1_5": 0},
        {"days_away": -1},
        {"days_away": 366},
        {"baseline_rating": SelfRating(-1, 0)},
    ],
)
def test_answers_out_of_their_scale_are_refused(
    about: dict[str, object], repositories: ClinicRepositories, consent: str
) -> None:
    id = repositories.follow_ups.begin(add_treatment(repositories, consent, days_ago=90)).id
    for felt in (FELT, SelfRating(11, 0)):
        with pytest.raises(InputError) as error:
            repositories.follow_ups.save_report(id, PatientAnswers(felt, **about))  # type: ignore[arg-type]
        assert code_of(error) == "bad-answer"
    assert repositories.follow_ups.get(id).said is None


def test_before_a_treatment_nothing_is_asked_that_only_comes_after(
    repositories: ClinicRepositories, consent: str
) -> None:
    id = repositories.follow_ups.begin(add_treatment(repositories, consent), FollowUpMoment.BEFORE).id
    for about in (
        {"quarter": ImprovementQuarter.FIRST},
        {"change": AestheticChange.SAME},
        {"satisfied_1_5": 3},
        {"days_away": 0},
        {"baseline_rating": FELT},
    ):
        with pytest.raises(InputError):
            repositories.follow_ups.save_report(id, PatientAnswers(FELT, **about))  # type: ignore[arg-type]
    with pytest.raises(InputError) as error:
        repositories.follow_ups.add_grade(id, ImprovementQuarter.FIRST, AestheticChange.SAME)
    assert code_of(error) == "not-treated"


def test_blind_is_who_neither_treated_nor_knew(
    repositories: ClinicRepositories, rater: ClinicRepositories, assistant: ClinicRepositories, consent: str
) -> None:
    begun = repositories.follow_ups.begin(add_treatment(repositories, consent, days_ago=90))
    assistant.follow_ups.add_pair(begun.id, *two_faces(assistant, begun.consultation_id))
    readings = (ScaleReading("masi", 12.4, 6.0),)
    repositories.follow_ups.add_grade(
        begun.id, ImprovementQuarter.FOURTH, AestheticChange.VERY_MUCH_BETTER, hidden=True
    )
    mine, theirs = rater.follow_ups.add_grade(
        begun.id, ImprovementQuarter.THIRD, AestheticChange.MUCH_BETTER, readings=readings, notes="cheeks", hidden=True
    ).grades
    assert (mine.treated, mine.blinded, theirs.treated, theirs.blinded) == (True, False, False, True)
    assert (theirs.rater, theirs.readings, theirs.notes) == ("Rater", readings, "cheeks")
    found = leading_improvement(rater.follow_ups.get(begun.id))
    assert found == ImprovementRange(50.0, 75.0, "blinded"), "a blind grade counts before that of who treated"


def test_a_grade_after_a_look_at_the_answers_is_not_blind_and_neither_is_a_second_one(
    repositories: ClinicRepositories, rater: ClinicRepositories, assistant: ClinicRepositories, consent: str
) -> None:
    begun = repositories.follow_ups.begin(add_treatment(repositories, consent, days_ago=90))
    assistant.follow_ups.add_pair(begun.id, *two_faces(assistant, begun.consultation_id))
    assert rater.member.id in rater.follow_ups.mark_report_read(begun.id).opened_by
    opened = rater.follow_ups.add_grade(
        begun.id, ImprovementQuarter.SECOND, AestheticChange.BETTER, hidden=True
    ).grades[-1]
    assert (opened.unseen, opened.blinded) == (False, False)
    first = repositories.follow_ups.add_grade(
        begun.id, ImprovementQuarter.FIRST, AestheticChange.SAME, hidden=True
    ).grades[-1]
    corrected = repositories.follow_ups.add_grade(
        begun.id, ImprovementQuarter.WORSE, AestheticChange.WORSE, hidden=True
    )
    assert (first.hidden, corrected.grades[-1].hidden, len(corrected.grades)) == (True, False, 3)
    mine = corrected.find_grade(repositories.member.id)
    assert mine is not None
    assert mine.quarter is ImprovementQuarter.WORSE


def test_who_put_the_photographs_side_by_side_knows_which_is_which(
    repositories: ClinicRepositories, rater: ClinicRepositories, consent: str
) -> None:
    begun = repositories.follow_ups.begin(add_treatment(repositories, consent, days_ago=90))
    rater.follow_ups.add_pair(begun.id, *two_faces(repositories, begun.consultation_id))
    assert (
        not rater.follow_ups.add_grade(begun.id, ImprovementQuarter.FIRST, AestheticChange.SAME, hidden=True)
        .grades[0]
        .hidden
    )


def test_who_took_a_photograph_knows_which_it_is(
    repositories: ClinicRepositories, rater: ClinicRepositories, assistant: ClinicRepositories, consent: str
) -> None:
    begun = repositories.follow_ups.begin(add_treatment(repositories, consent, days_ago=90))
    before, _ = two_faces(assistant, begun.consultation_id)
    after = rater.photographs.add(begun.consultation_id, b"c", "image/png", PhotographPermissions()).id
    assistant.follow_ups.add_pair(begun.id, before, after)
    (grade,) = rater.follow_ups.add_grade(begun.id, ImprovementQuarter.FIRST, AestheticChange.SAME, hidden=True).grades
    assert (grade.hidden, grade.blinded) == (False, False)


def test_a_course_is_one_concern_of_a_consultation(repositories: ClinicRepositories, consent: str) -> None:
    treatment = add_treatment(repositories, consent)
    plan = repositories.plans.of(repositories.follow_ups.begin(treatment, FollowUpMoment.BEFORE).consultation_id)[0]
    other = sign(repositories, repositories.consents.record_explanation(plan.id, option="1.0", cooling_off=NO_WAIT)).id
    second = add_treatment(repositories, other, days_ago=3)
    patient = repositories.consultations.get(plan.consultation_id).patient_id
    veins, spots = repositories.follow_ups.list_courses(patient)[::-1]
    assert (veins.sessions, veins.treated_at, veins.has_baseline, veins.treatment_id) == (0, None, True, treatment)
    assert (spots.sessions, spots.has_baseline, spots.treatment_id, spots.follow_ups) == (1, False, second, ())


def test_without_photographs_nothing_was_hidden(
    repositories: ClinicRepositories, rater: ClinicRepositories, consent: str
) -> None:
    begun = repositories.follow_ups.begin(add_treatment(repositories, consent, days_ago=90))
    assert (
        not rater.follow_ups.add_grade(begun.id, ImprovementQuarter.FIRST, AestheticChange.SAME, hidden=True)
        .grades[0]
        .blinded
    )


def test_worse_is_worse_by_either_scale(repositories: ClinicRepositories, consent: str) -> None:
    id = repositories.follow_ups.begin(add_treatment(repositories, consent, days_ago=90)).id
    for quarter, change in (
        (ImprovementQuarter.WORSE, AestheticChange.BETTER),
        (ImprovementQuarter.THIRD, AestheticChange.WORSE),
    ):
        with pytest.raises(InputError) as error:
            repositories.follow_ups.add_grade(id, quarter, change)
        assert code_of(error) == "bad-answer"


def test_what_counts_is_unknown_then_the_patients_then_the_clinicians(
    repositories: ClinicRepositories, consent: str
) -> None:
    id = repositories.follow_ups.begin(add_treatment(repositories, consent, days_ago=90)).id
    assert isinstance(leading_improvement(repositories.follow_ups.get(id)), Unknown)
    asked = repositories.follow_ups.save_report(id, PatientAnswers(FELT, quarter=ImprovementQuarter.FOURTH))
    assert leading_improvement(asked) == ImprovementRange(75.0, 100.0, "patient")
    graded = repositories.follow_ups.add_grade(id, ImprovementQuarter.WORSE, AestheticChange.WORSE)
    assert leading_improvement(graded) == ImprovementRange(-100.0, 0.0, "physician")


def test_who_asked_the_patient_has_heard_the_answers(repositories: ClinicRepositories, consent: str) -> None:
    id = repositories.follow_ups.begin(add_treatment(repositories, consent, days_ago=90)).id
    assert repositories.member.id in repositories.follow_ups.save_report(id, PatientAnswers(FELT)).opened_by


def test_pairs_are_of_one_patient_and_stay_once_they_were_graded(
    repositories: ClinicRepositories, consent: str
) -> None:
    begun = repositories.follow_ups.begin(add_treatment(repositories, consent, days_ago=90))
    before, after = two_faces(repositories, begun.consultation_id)
    stranger = repositories.consultations.begin(repositories.patients.add().id)
    other = repositories.photographs.add(stranger.id, b"c", "image/png", PhotographPermissions())
    with pytest.raises(RecordNotFoundError):
        repositories.follow_ups.add_pair(begun.id, before, other.id)
    with pytest.raises(InputError) as error:
        repositories.follow_ups.add_pair(begun.id, before, before)
    assert code_of(error) == "same-photograph"
    (pair,) = repositories.follow_ups.add_pair(begun.id, before, after).pairs
    assert repositories.follow_ups.remove_pair(begun.id, pair.id).pairs == ()
    (pair,) = repositories.follow_ups.add_pair(begun.id, before, after).pairs
    repositories.follow_ups.add_grade(begun.id, ImprovementQuarter.FIRST, AestheticChange.SAME, hidden=True)
    with pytest.raises(InputError) as error:
        repositories.follow_ups.remove_pair(begun.id, pair.id)
    assert code_of(error) == "graded-already"
    assert repositories.follow_ups.add_pair(begun.id, before, after).pairs == (pair,)  # sent again
    with pytest.raises(InputError) as error:
        repositories.follow_ups.add_pair(begun.id, after, before)
    assert code_of(error) == "graded-already"


def test_an_erased_photograph_takes_its_pairs_and_no_grade_entry_or_reading(
    database: Database, repositories: ClinicRepositories, rater: ClinicRepositories, consent: str
) -> None:
    treatment = add_treatment(repositories, consent, days_ago=90)
    begun = repositories.follow_ups.begin(treatment)
    consultation = begun.consultation_id
    until = now() + datetime.timedelta(1)
    token = repositories.diaries.create_link(treatment, language="en", until=until).token
    DiaryAccess(database).open(token).add_entry("0" * 32, 1, WARNING, photograph=b"a", alarm=False)
    before, after = two_faces(repositories, consultation)
    (pair,) = repositories.follow_ups.add_pair(begun.id, before, after).pairs
    rater.follow_ups.add_grade(begun.id, ImprovementQuarter.FIRST, AestheticChange.SAME, hidden=True)
    repositories.pair_analyses.add(begun.id, pair.id, PairAnalysisContent(None, (), (), "0"))
    settings = SpotSettings(device="pulsed-dye-595", site="cheeks", fluence_J_cm2=4.0)
    spot = repositories.test_spots.fire(consultation, SpotFiring(begun.plan_id, settings, 48.0, ORAL_CONSENT))
    repositories.test_spots.add_reading(spot.id, "none", photograph_id=before)
    (entry,) = repositories.diaries.of(treatment)
    assert entry.photograph_id == before  # the same picture is stored once
    held = repositories.photograph_erasure.preview(before)
    assert (held.pairs, held.diary_entries, held.readings, held.plans, held.refusal) == (1, 1, 1, 0, None)
    assert repositories.photograph_erasure.erase(before) == consultation
    graded = repositories.follow_ups.get(begun.id)
    assert (graded.pairs, len(graded.grades)) == ((), 1)
    assert repositories.pair_analyses.of(begun.id) == ()
    assert repositories.diaries.of(treatment) == (replace(entry, photograph_id=None),)
    assert repositories.test_spots.get(spot.id).readings[0].photograph_id is None
    assert [photograph.id for photograph in repositories.photographs.of(consultation)] == [after]
    assert verify_database(database)[0].findings == ()


def test_of_whom_nothing_was_heard_since_the_last_treatment_is_due(
    repositories: ClinicRepositories, consent: str
) -> None:
    first = add_treatment(repositories, consent, days_ago=200)
    (late,) = repositories.follow_ups.list_due(**TIMES)
    assert late.overdue
    assert (now() - late.treated_at).days == 200
    again = add_treatment(repositories, consent, days_ago=100)
    (late,) = repositories.follow_ups.list_due(**TIMES)
    assert not late.overdue, "time runs from the last one"
    repositories.follow_ups.begin(first, seen_at=now() - datetime.timedelta(days=150))
    assert repositories.follow_ups.list_due(**TIMES) == (late,), "seen before the last one"
    repositories.consultations.close(late.consultation_id, revision=1)
    assert repositories.follow_ups.list_due(**TIMES) == (late,), "who is done with is still to be seen"
    repositories.consultations.reopen(late.consultation_id)
    repositories.follow_ups.begin(again)
    assert repositories.follow_ups.list_due(**TIMES) == ()


def consent_to_other_concern(repositories: ClinicRepositories, treatment: str) -> str:
    """A signed consent to an option of the second concern of the plan of a treatment."""
    plan = repositories.treatments.get(treatment).plan_id
    return sign(repositories, repositories.consents.record_explanation(plan, option="1.0", cooling_off=NO_WAIT)).id


def test_a_concern_is_due_until_it_was_looked_at_whatever_else_of_the_consultation_was(
    repositories: ClinicRepositories, consent: str
) -> None:
    """Who came for the veins was off the list for the spots, and spots waited for the last session of the veins."""
    veins = add_treatment(repositories, consent, days_ago=200)
    spots = add_treatment(repositories, consent_to_other_concern(repositories, veins), days_ago=150)
    (due,) = repositories.follow_ups.list_due(**TIMES)
    assert ((now() - due.treated_at).days, due.overdue) == (200, True)
    repositories.follow_ups.begin(veins)
    (due,) = repositories.follow_ups.list_due(**TIMES)
    assert ((now() - due.treated_at).days, due.overdue) == (150, False)
    add_treatment(repositories, consent, days_ago=10)
    (due,) = repositories.follow_ups.list_due(**TIMES)
    assert (now() - due.treated_at).days == 150, "the session of the other concern does not put it off"
    repositories.follow_ups.begin(spots)
    assert repositories.follow_ups.list_due(**TIMES) == ()


def test_a_session_that_treats_another_concern_too_is_followed_up_for_both(
    repositories: ClinicRepositories, consent: str
) -> None:
    """The look at the spots after it is a look at the spots, though the session was ordered for the veins."""
    veins = add_treatment(repositories, consent, days_ago=250)
    add_treatment(repositories, consent_to_other_concern(repositories, veins), days_ago=200)
    both = replace(ORDERED, also=(AlsoTreated("age-spots", "cheeks", "1.0"),))
    shared = repositories.treatments.begin(consent, both).id
    end_treatment(repositories, shared, days_ago=100)
    (due,) = repositories.follow_ups.list_due(**TIMES)
    assert (now() - due.treated_at).days == 100, "it is the last session of the spots as well"
    repositories.follow_ups.begin(shared, option="1.0")
    repositories.follow_ups.begin(shared)
    assert repositories.follow_ups.list_due(**TIMES) == ()


def test_who_was_sent_home_before_the_first_pulse_was_not_treated(
    repositories: ClinicRepositories, consent: str
) -> None:
    """Nobody asks them how it came out, and the grade of the course stays with the session that was fired."""
    ever = {"after": datetime.timedelta(0), "overdue": datetime.timedelta(1), "until": datetime.timedelta(700)}
    tanned = repositories.treatments.end(add_treatment(repositories, consent), TreatmentState.STOPPED)
    assert repositories.follow_ups.list_due(**ever) == ()
    with pytest.raises(InputError) as raised:
        repositories.follow_ups.begin(tanned.id)
    assert code_of(raised) == "not-treated"
    real = add_treatment(repositories, consent, days_ago=100)
    repositories.treatments.end(add_treatment(repositories, consent), TreatmentState.STOPPED)
    patient = repositories.consultations.get(tanned.consultation_id).patient_id
    (course,) = repositories.follow_ups.list_courses(patient)
    assert (course.sessions, course.treatment_id) == (1, real)
    begun = repositories.follow_ups.begin(tanned.id)
    assert (begun.treatment_id, round(begun.months_after, 1)) == (real, 3.3)


def test_of_a_session_whose_rows_were_all_struck_nobody_is_followed_up(
    repositories: ClinicRepositories, consent: str
) -> None:
    """They were recorded in the record of somebody else."""
    mistaken = add_treatment(repositories, consent, days_ago=100)
    (due,) = repositories.follow_ups.list_due(**TIMES)
    strike(repositories, mistaken)
    assert repositories.follow_ups.list_due(**TIMES) == ()
    with pytest.raises(InputError) as raised:
        repositories.follow_ups.begin(mistaken)
    assert code_of(raised) == "not-treated"
    add_treatment(repositories, consent, days_ago=200)
    strike(repositories, add_treatment(repositories, consent, days_ago=10))
    (before,) = repositories.follow_ups.list_due(**TIMES)
    assert (before.consultation_id, before.overdue) == (due.consultation_id, True), "of the session that was fired"


def strike(repositories: ClinicRepositories, treatment: str) -> None:
    """Strike out the one row of a session."""
    (row,) = repositories.treatments.get(treatment).areas
    struck = replace(row.fired, corrects=row.id, struck=True, why="another patient")
    repositories.treatments.add_area(treatment, struck)


def test_who_was_treated_yesterday_or_years_ago_is_not_waited_for(
    repositories: ClinicRepositories, consent: str
) -> None:
    treatment = add_treatment(repositories, consent, days_ago=1)
    assert repositories.follow_ups.list_due(**TIMES) == ()
    end_treatment(repositories, treatment, days_ago=800)
    assert repositories.follow_ups.list_due(**TIMES) == ()
    end_treatment(repositories, treatment, days_ago=100)
    assert len(repositories.follow_ups.list_due(**TIMES)) == 1


def test_of_a_closed_consultation_nothing_is_written(repositories: ClinicRepositories, consent: str) -> None:
    begun = repositories.follow_ups.begin(add_treatment(repositories, consent, days_ago=90))
    repositories.consultations.close(begun.consultation_id, revision=1)
    for attempt in (
        lambda: repositories.follow_ups.begin(begun.treatment_id),
        lambda: repositories.follow_ups.save_report(begun.id, PatientAnswers(FELT)),
        lambda: repositories.follow_ups.add_grade(begun.id, ImprovementQuarter.FIRST, AestheticChange.SAME),
        lambda: repositories.follow_ups.add_pair(begun.id, "a", "b"),
    ):
        with pytest.raises(ClosedError):
            attempt()
    assert repositories.follow_ups.get(begun.id) == replace(begun)


def test_the_trail_tells_no_answers_and_everything_is_as_it_was_kept(
    database: Database, repositories: ClinicRepositories, consent: str
) -> None:
    begun = repositories.follow_ups.begin(add_treatment(repositories, consent, days_ago=90))
    repositories.follow_ups.save_report(begun.id, PatientAnswers(FELT, words="It burns"))
    repositories.follow_ups.add_grade(begun.id, ImprovementQuarter.FIRST, AestheticChange.SAME, notes="It burns")
    with database.reading() as session:
        for table in ("trail", "follow_up"):
            assert "burns" not in str(session.execute(text(f"SELECT * FROM {table}")).all())
    actions = [one.action for one in repositories.audit_log.newest(100, subject=f"follow_up/{begun.id}")[::-1]]
    assert actions[:3] == ["follow-up.begun", "follow-up.said", "follow-up.graded"]
    assert verify_database(database)[0].findings == ()


def test_a_copy_holds_the_follow_ups_and_they_go_with_the_patient(
    database: Database, repositories: ClinicRepositories, consent: str
) -> None:
    begun = repositories.follow_ups.begin(add_treatment(repositories, consent, days_ago=90))
    repositories.follow_ups.add_pair(begun.id, *two_faces(repositories, begun.consultation_id))
    repositories.follow_ups.save_report(begun.id, PatientAnswers(FELT, words="Better"))
    repositories.follow_ups.add_grade(begun.id, ImprovementQuarter.THIRD, AestheticChange.MUCH_BETTER)
    patient = repositories.consultations.get(begun.consultation_id).patient_id
    with zipfile.ZipFile(io.BytesIO(repositories.patient_copies.make(patient))) as archive:
        record = json.loads(archive.read("record.json"))
    ((held,),) = (one["follow_ups"] for one in record["consultations"])
    assert (held["said"]["words"], held["grades"][0]["quarter"], len(held["pairs"])) == ("Better", "51-75", 1)
    assert repositories.erasure.erase(patient, retention_years=0) is None
    with database.reading() as session:
        for table in ("follow_up", "photograph_pair"):
            assert session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() == 0
    assert verify_database(database)[0].findings == ()


def test_records_are_kept_from_the_last_follow_up_on(repositories: ClinicRepositories, consent: str) -> None:
    begun = repositories.follow_ups.begin(add_treatment(repositories, consent, days_ago=90))
    consultation = repositories.consultations.get(begun.consultation_id)
    until = repositories.erasure.preview(consultation.patient_id, retention_years=10).retain_until
    assert until is not None
    ten_years = datetime.timedelta(days=3652)  # the least: with two leap days
    assert until >= begun.seen_at + ten_years > consultation.saved_at + ten_years
