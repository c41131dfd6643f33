"""What a member of a clinic keeps and finds again, and what no other clinic and no other role does."""

import ast
import datetime
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from diary_samples import WARNING
from record_samples import ANSWERS, MADE, NO_WAIT, begin_consultation, make_plan_record, sign, with_note
from sqlalchemy import func, select
from treated_rows import add_treatment
from treatment_samples import treatment_calls

import skinbeam_clinic
from skinbeam.laser.device import read_catalogue_file
from skinbeam.model.errors import InputError
from skinbeam.text import use_language
from skinbeam_clinic.access import PERMITTED_ROLES, AccessRight, Role, require_right
from skinbeam_clinic.accounts.passwords import PasswordHasher
from skinbeam_clinic.accounts.repository import AccountRepository, create_clinic
from skinbeam_clinic.appointments.models import AppointmentState, Booking, Purpose
from skinbeam_clinic.appointments.reminders import ReminderState
from skinbeam_clinic.audit_log.views import list_entry_views
from skinbeam_clinic.consents.repository import SignatureKind
from skinbeam_clinic.consultations.forms import Submission, make_submission
from skinbeam_clinic.consultations.repository import ConsultationState
from skinbeam_clinic.consultations.suggestions import SuggestionContent, SuggestionDecision
from skinbeam_clinic.database import tables
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.database.connection import Database
from skinbeam_clinic.diaries.diary_access import DiaryAccess
from skinbeam_clinic.errors import ClosedError, ConflictError, DeniedError, RecordNotFoundError
from skinbeam_clinic.follow_ups.models import AestheticChange, ImprovementQuarter, SelfRating
from skinbeam_clinic.follow_ups.pair_analyses import PairAnalysisContent
from skinbeam_clinic.follow_ups.patient_reports import PatientAnswers
from skinbeam_clinic.models import AuditEntry, ConsentAnswers, Member, PhotographPermissions
from skinbeam_clinic.patients.former_identity import list_former_identities
from skinbeam_clinic.pulse_settings import SpotSettings
from skinbeam_clinic.repositories import ClinicRepositories
from skinbeam_clinic.test_spots.models import ORAL_CONSENT, SpotFiring
from skinbeam_clinic.treatments.models import TreatmentState

SPOT = SpotSettings(device="pulsed-dye-595", site="cheeks", fluence_J_cm2=4.0)
ACTION = r"[a-z-]+(?:[.][a-z-]+)+"
HOUR = datetime.timedelta(hours=1)


def test_a_consultation_comes_back_as_it_was_saved(repositories: ClinicRepositories) -> None:
    patient = repositories.patients.add("Blue Heron", year_of_birth=1984)
    made = repositories.consultations.begin(patient.id)
    saved = repositories.consultations.save(made.id, ANSWERS, revision=1)
    assert (saved.answers, saved.revision, saved.state) == (ANSWERS, 2, "draft")
    assert repositories.consultations.get(made.id) == saved
    assert repositories.consultations.of(patient.id) == (saved,)
    assert repositories.patients.get(patient.id) == patient
    assert made.created_at.tzinfo is not None
    assert made.created_at <= saved.saved_at <= now()


def test_saving_what_is_saved_already_is_no_new_revision(repositories: ClinicRepositories) -> None:
    made = begin_consultation(repositories)
    assert repositories.consultations.save(made.id, replace(ANSWERS), revision=1) == made


def test_a_save_that_is_sent_again_since_its_answer_was_lost_is_no_conflict(repositories: ClinicRepositories) -> None:
    made = begin_consultation(repositories)
    saved = repositories.consultations.save(made.id, with_note("new"), revision=1)
    assert repositories.consultations.save(made.id, with_note("new"), revision=1) == saved


def test_of_two_who_edit_one_consultation_the_second_is_shown_who_was_first(
    database: Database, repositories: ClinicRepositories
) -> None:
    ann = AccountRepository(database, repositories.member, PasswordHasher()).add(
        "Ann", Role.CLINICIAN, "four words and a comma"
    )
    made = begin_consultation(repositories)
    theirs = ClinicRepositories(database, ann).consultations.save(made.id, with_note("Ann's"), revision=1)
    with pytest.raises(ConflictError, match="last saved by Ann, ") as found:
        repositories.consultations.save(made.id, with_note("mine"), revision=1)
    assert (found.value.saved_by, found.value.saved_at) == ("Ann", theirs.saved_at)
    assert repositories.consultations.get(made.id).answers == with_note("Ann's")


def test_patients_without_a_pseudonym_get_numbers_that_are_free(repositories: ClinicRepositories) -> None:
    assert [repositories.patients.add(name).pseudonym for name in ("", "P00003", "", "")] == [
        "P00001",
        "P00003",
        "P00004",
        "P00005",
    ]
    with pytest.raises(InputError, match=r"called .* already"):
        repositories.patients.add("P00004")
    assert len(repositories.patients.list_all()) == 4


def test_of_many_patients_the_newest_are_listed_and_any_is_found(repositories: ClinicRepositories) -> None:
    for name in ("Ärmel-1", "B-2", "ärmel-3", "B-4"):
        repositories.patients.add(name)
    assert [one.pseudonym for one in repositories.patients.search("", 2)[0]] == ["B-4", "ärmel-3"]
    found, number = repositories.patients.search("ÄRMEL", 1)
    assert ([one.pseudonym for one in found], number) == (["ärmel-3"], 2)
    assert repositories.patients.search("%", 5) == ((), 0)


@pytest.mark.parametrize(
    ("pseudonym", "year", "code"),
    [
        ("x" * 41, None, "bad-pseudonym"),
        ("a\x00b", None, "bad-pseudonym"),
        ("", 1700, "bad-year"),
        ("", 3000, "bad-year"),
    ],
)
def test_a_patient_that_cannot_be_is_refused(
    pseudonym: str, year: int | None, code: str, repositories: ClinicRepositories
) -> None:
    with pytest.raises(InputError) as found:
        repositories.patients.add(pseudonym, year_of_birth=year)
    assert found.value.code == code
    assert repositories.patients.list_all() == ()


@pytest.mark.parametrize("other", ["Finch 1", "finch 1", "FINCH1", " Finch  1 ", "Ｆｉｎｃｈ １"])
def test_no_two_pseudonyms_look_alike(repositories: ClinicRepositories, other: str) -> None:
    patient, wren = repositories.patients.add("Finch 1"), repositories.patients.add("Wren")
    for act in (lambda: repositories.patients.add(other), lambda: repositories.patients.set_pseudonym(wren.id, other)):
        with pytest.raises(InputError) as found:
            act()
        assert found.value.code == "pseudonym-taken"
    assert repositories.patients.set_pseudonym(patient.id, "FINCH 1").pseudonym == "FINCH 1"  # one's own may change so
    assert [one.pseudonym for one in repositories.patients.list_all()] == ["FINCH 1", "Wren"]


@pytest.mark.parametrize("typed", ["p00002", "P 00002", "Ｐ００００２"])
def test_no_free_number_looks_like_a_pseudonym_that_was_typed(repositories: ClinicRepositories, typed: str) -> None:
    renamed = repositories.patients.add(typed)
    assert repositories.patients.add().pseudonym == "P00003"
    assert repositories.patients.set_pseudonym(renamed.id).pseudonym == "P00004"
    wren = repositories.patients.add("p 00005")
    assert repositories.patients.set_pseudonym(repositories.patients.add("Wren").id).pseudonym == "P00006"
    assert repositories.patients.get(wren.id).pseudonym == "p 00005"


@pytest.mark.parametrize("year", [None, 1974, 1980])
def test_a_date_of_birth_decides_the_year_of_birth(repositories: ClinicRepositories, year: int | None) -> None:
    patient = repositories.patients.add(year_of_birth=year)
    repositories.patients.set_contact(patient.id, {"name": "Zoë"})
    assert repositories.patients.get(patient.id).year_of_birth == year
    known = repositories.patients.get_contact(patient.id)
    assert known is not None
    repositories.patients.set_contact(patient.id, {"name": "Zoë", "born": "1974-04-03"}, version=known.version)
    assert repositories.patients.get(patient.id).year_of_birth == 1974
    changes = [one for one in repositories.audit_log.newest(99) if one.action == "patient.year-changed"]
    assert len(changes) == (year != 1974)


def test_a_corrected_name_or_date_of_birth_stays_known(repositories: ClinicRepositories) -> None:
    """A record shows what stood there, and the log that it was replaced, without the name."""
    patient = repositories.patients.add()
    for details in (
        {"name": "Zoë", "born": "1980-04-03"},
        {"name": "Zoë", "born": "1980-04-03", "phone": "1"},
        {"name": "Zoë", "born": "1974-04-03", "phone": "1"},
        {"name": "Ann", "born": "1974-04-03", "phone": "1"},
    ):
        known = repositories.patients.get_contact(patient.id)
        repositories.patients.set_contact(patient.id, details, version=known.version if known else "")
    known = repositories.patients.get_contact(patient.id)
    assert known is not None
    assert [each.text for each in list_former_identities(known.details)] == ["Zoë, 3 April 1980", "Zoë, 3 April 1974"]
    log = list_entry_views(repositories.audit_log.newest(99))
    assert [entry.action for entry in log if ";" in entry.action] == [
        "Contact details saved; name replaced",
        "Year of birth changed; 1980 → 1974",
        "Contact details saved; date of birth replaced",
    ]


def test_the_log_tells_which_facts_about_the_person_were_replaced(repositories: ClinicRepositories) -> None:
    answers = {"patient.sex": "female", "patient.phototype": "III"}
    consultation = repositories.consultations.begin(repositories.patients.add().id, make_submission(answers.items()))
    changed = make_submission((answers | {"patient.phototype": "V", "patient.age_years": "40"}).items())
    repositories.consultations.save(consultation.id, changed, revision=1)
    (saved,) = (one for one in repositories.audit_log.newest(9) if one.action == "consultation.saved")
    assert list(saved.changes) == ["patient.phototype"]


def test_contact_data_lie_apart_and_encrypted(
    database: Database, repositories: ClinicRepositories, address: str
) -> None:
    patient = repositories.patients.add()
    assert repositories.patients.get_contact(patient.id) is None
    repositories.patients.set_contact(patient.id, {"name": "Zoë Nightingale", "phone": "0123"})
    first = repositories.patients.get_contact(patient.id)
    assert first is not None
    details = {"name": "Zoë Nightingale", "phone": "+44 5555"}
    repositories.patients.set_contact(patient.id, details, version=first.version)
    found = repositories.patients.get_contact(patient.id)
    assert found is not None
    assert found.details == {"name": "Zoë Nightingale", "phone": "+44 5555"}
    repositories.consultations.begin(patient.id, with_note("Nightingale asked"))
    for table in tables.Base.metadata.sorted_tables:
        with database.reading() as session:
            assert "Nightingale" not in str(session.execute(select(table)).all())
            assert "44 5555" not in str(session.execute(select(table)).all())


def test_a_pseudonym_holds_no_name_of_the_person_and_can_be_changed(repositories: ClinicRepositories) -> None:
    patient = repositories.patients.add("Nightingale-3")
    with pytest.raises(InputError) as found:
        repositories.patients.set_contact(patient.id, {"name": "Zoë Nightingale"})
    assert (found.value.code, found.value.field) == ("pseudonym-name", "renumbered")
    assert repositories.patients.get_contact(patient.id) is None
    third = repositories.patients.add("Nightingale-4")
    for _ in range(2):  # sent again, since the answer was lost
        repositories.patients.set_contact(third.id, {"name": "Zoë Nightingale"}, renumbered=True)
    renamed = repositories.patients.get(third.id).pseudonym
    assert "nightingale" not in renamed.casefold()
    stored = repositories.patients.get_contact(third.id)
    assert stored is not None
    repositories.patients.set_contact(third.id, {"name": "Zoë N."}, version=stored.version, renumbered=True)
    assert repositories.patients.get(third.id).pseudonym == renamed, "one without a name stays"
    other = repositories.patients.set_pseudonym(patient.id).pseudonym
    assert "nightingale" not in other.casefold()
    repositories.patients.set_contact(patient.id, {"name": "Zoë Nightingale"})
    for name in ("ZOË-1", "nightingale"):
        with pytest.raises(InputError) as found:
            repositories.patients.set_pseudonym(patient.id, name)
        assert found.value.code == "pseudonym-name"
    assert repositories.patients.set_pseudonym(patient.id, "S-40").pseudonym == "S-40"
    with pytest.raises(ConflictError):  # the form showed the name before
        repositories.patients.set_pseudonym(patient.id, "S-41", previous=other)
    assert repositories.patients.set_pseudonym(patient.id, "S-40", previous=other).pseudonym == "S-40"  # sent again
    with pytest.raises(InputError, match=r"called .* already"):
        repositories.patients.set_pseudonym(repositories.patients.add().id, "S-40")


def test_a_name_that_an_earlier_version_left_in_a_pseudonym_goes_although_the_details_stay(
    repositories: ClinicRepositories, monkeypatch: pytest.MonkeyPatch
) -> None:
    patient, details = repositories.patients.add("Nightingale-3"), {"name": "Zoë Nightingale"}
    with monkeypatch.context() as patch:
        patch.setattr("skinbeam_clinic.patients.repository.contains_name", lambda *_: False)
        repositories.patients.set_contact(patient.id, details)
    stored = repositories.patients.get_contact(patient.id)
    assert stored is not None
    repositories.patients.set_contact(patient.id, details, version=stored.version, renumbered=True)
    assert "nightingale" not in repositories.patients.get(patient.id).pseudonym.casefold()
    assert repositories.patients.get_contact(patient.id) == stored


def test_an_erased_identity_takes_the_pseudonym_along_and_the_record_says_so(
    database: Database, repositories: ClinicRepositories
) -> None:
    made = repositories.consultations.begin(repositories.patients.add("Zoë N").id, ANSWERS)
    assert repositories.patients.identity_erased_at(made.patient_id) is None
    assert repositories.erasure.erase(made.patient_id, retention_years=10) is not None
    assert "Zoë" not in repositories.patients.get(made.patient_id).pseudonym
    assert repositories.patients.identity_erased_at(made.patient_id) is not None
    for table in tables.Base.metadata.sorted_tables:
        with database.reading() as session:
            assert "Zoë N" not in str(session.execute(select(table)).all())


def test_photographs_are_encrypted_files_and_come_back(database: Database, repositories: ClinicRepositories) -> None:
    made, content = begin_consultation(repositories), b"\xff\xd8 a face" * 1000
    photograph = repositories.photographs.add(
        made.id, content, "image/jpeg", PhotographPermissions(care=True, teaching=True)
    )
    assert repositories.photographs.read_content(photograph.id) == (photograph, content)
    assert repositories.photographs.of(made.id) == (photograph,)
    again = repositories.photographs.set_permissions(
        photograph.id, PhotographPermissions(care=True), version=photograph.version
    )
    assert (again.permissions.care, again.permissions.teaching) == (True, False)
    (file,) = [path for path in database.files.folder.rglob("*") if path.is_file()]
    assert b"a face" not in file.read_bytes()
    assert file.stat().st_mode & 0o077 == 0 or file.parent.stat().st_mode & 0o077 == 0
    assert list(database.files.names(repositories.member.clinic_id)) == [photograph.file]


def test_what_is_sent_again_since_its_answer_was_lost_is_kept_once(
    database: Database, repositories: ClinicRepositories
) -> None:
    patient, content = repositories.patients.add(), b"\xff\xd8 a face" * 1000
    made = repositories.consultations.begin(patient.id, form_key="a")
    assert repositories.consultations.begin(patient.id, form_key="a") == made
    assert repositories.consultations.begin(patient.id, form_key="b") != made
    assert len(repositories.consultations.of(patient.id)) == 2
    photograph = repositories.photographs.add(made.id, content, "image/jpeg", PhotographPermissions(care=True))
    assert repositories.photographs.add(made.id, content, "image/jpeg", PhotographPermissions()) == photograph
    other = repositories.photographs.add(
        begin_consultation(repositories).id, content, "image/jpeg", PhotographPermissions()
    )
    assert other.id != photograph.id
    assert repositories.photographs.of(made.id) == (photograph,)
    assert list(database.files.names(repositories.member.clinic_id)) == [photograph.file]


def test_a_plan_is_kept_whole(repositories: ClinicRepositories) -> None:
    plan = make_plan_record(repositories)
    assert {name: repositories.plans.read_file(plan.id, name) for name in plan.files} == MADE.files
    assert repositories.plans.get(plan.id) == plan
    assert (plan.seed, plan.draws, plan.plan_sha256, plan.consultation_revision) == (2**62, 200, "p" * 64, 1)
    assert repositories.consultations.get(plan.consultation_id).state == "planned"
    choice = repositories.plans.choose(plan.id, "vascular", "she prefers fewer visits")
    assert repositories.plans.list_choices(plan.id) == (choice,)


def test_a_plan_of_answers_that_were_changed_meanwhile_is_not_kept(repositories: ClinicRepositories) -> None:
    made = begin_consultation(repositories)
    repositories.consultations.save(made.id, with_note("other"), revision=1)
    with pytest.raises(ConflictError):
        repositories.plans.add(made.id, MADE, revision=1)
    assert repositories.plans.of(made.id) == ()


def test_consent_is_sealed_with_its_plan_and_a_new_plan_makes_it_void(repositories: ClinicRepositories) -> None:
    plan = make_plan_record(repositories)
    signed = sign(repositories, repositories.consents.record_explanation(plan.id, option="0.0", cooling_off=NO_WAIT))
    assert repositories.consents.read_document(signed.id) == b"%PDF the document"
    assert (signed.answers, signed.signature, signed.plan_sha256) == (
        ConsentAnswers(("care",), "Zoë"),
        "Zoë".encode(),
        plan.plan_sha256,
    )
    assert signed.void_reason is None
    assert repositories.consultations.get(plan.consultation_id).state == "agreed"
    with pytest.raises(InputError, match="signed already"):
        sign(repositories, signed)
    repositories.plans.add(plan.consultation_id, replace(MADE, plan_sha256="q" * 64), revision=1)
    (void,) = repositories.consents.of(plan.consultation_id)
    assert (void.void_reason, void.signature) == ("new-plan", signed.signature)
    assert repositories.consultations.get(plan.consultation_id).state == "planned"


def test_consent_waits_for_the_cooling_off_time(repositories: ClinicRepositories) -> None:
    consent = repositories.consents.record_explanation(
        make_plan_record(repositories).id, option="0.0", cooling_off=datetime.timedelta(hours=24)
    )
    assert consent.not_before - consent.explained_at == datetime.timedelta(hours=24)
    with pytest.raises(InputError, match="lasts until"):
        sign(repositories, consent)


def test_consent_to_answers_that_have_changed_is_not_signed(repositories: ClinicRepositories) -> None:
    plan = make_plan_record(repositories)
    consent = repositories.consents.record_explanation(plan.id, option="0.0", cooling_off=NO_WAIT)
    repositories.consultations.save(plan.consultation_id, with_note("pregnant"), revision=1)
    with pytest.raises(InputError, match="not made from the current answers"):
        sign(repositories, consent)
    with pytest.raises(InputError, match="not made from the current answers"):
        repositories.consents.record_explanation(plan.id, option="0.0", cooling_off=NO_WAIT)


def test_consent_may_be_withdrawn_and_is_then_not_signed(repositories: ClinicRepositories) -> None:
    plan = make_plan_record(repositories)
    signed = sign(repositories, repositories.consents.record_explanation(plan.id, option="0.0", cooling_off=NO_WAIT))
    assert repositories.consents.withdraw(signed.id).void_reason == "withdrawn"
    assert repositories.consultations.get(plan.consultation_id).state == "planned"
    other = repositories.consents.withdraw(
        repositories.consents.record_explanation(plan.id, option="0.0", cooling_off=NO_WAIT).id
    )
    with pytest.raises(InputError, match="void"):
        sign(repositories, other)


def test_nothing_is_signed_whose_last_teach_back_failed(repositories: ClinicRepositories) -> None:
    consent = repositories.consents.record_explanation(
        make_plan_record(repositories).id, option="0.0", cooling_off=NO_WAIT
    )
    about = {
        "answers": ConsentAnswers(),
        "kind": SignatureKind.TYPED,
        "signature": b"Z",
        "document": b"%PDF",
        "signed_at": now(),
    }
    for right in (None, True, False):
        if right is not None:
            answered = {"free": "No." if right else "Yes."}
            repositories.consents.record_teach_back(consent.id, answered, () if right else ("free",))
        if right is not True:
            with pytest.raises(InputError, match="answered correctly yet"):
                repositories.consents.sign(consent.id, **about)  # type: ignore[arg-type]
    signed = sign(repositories, consent)
    assert [(one.answers, one.wrong) for one in signed.told] == [
        ({"free": "No."}, ()),
        ({"free": "Yes."}, ("free",)),
        ({"free": "No."}, ()),
    ]
    with pytest.raises(InputError, match="signed already"):
        repositories.consents.record_teach_back(consent.id, {"free": "No."}, ())


def test_nothing_is_added_to_a_closed_consultation(repositories: ClinicRepositories) -> None:
    plan = make_plan_record(repositories)
    consent = repositories.consents.record_explanation(plan.id, option="0.0", cooling_off=NO_WAIT)
    repositories.consultations.close(plan.consultation_id, revision=1)
    refused: tuple[Callable[[], Any], ...] = (
        lambda: repositories.consultations.save(plan.consultation_id, Submission(), revision=1),
        lambda: repositories.photographs.add(plan.consultation_id, b"x", "image/png", PhotographPermissions()),
        lambda: repositories.plans.add(plan.consultation_id, replace(MADE, plan_sha256="q" * 64), revision=1),
        lambda: repositories.plans.choose(plan.id, "vascular"),
        lambda: repositories.consents.record_explanation(plan.id, option="0.0", cooling_off=NO_WAIT),
        lambda: sign(repositories, consent),
    )
    for attempt in refused:
        with pytest.raises(ClosedError, match="closed"):
            attempt()


def test_what_is_closed_is_as_far_on_as_it_was_when_it_is_opened_again(repositories: ClinicRepositories) -> None:
    plan = make_plan_record(repositories)
    for state in ("planned", "agreed", "planned"):
        if state == "agreed":
            signed = sign(
                repositories, repositories.consents.record_explanation(plan.id, option="0.0", cooling_off=NO_WAIT)
            )
        closed = repositories.consultations.close(plan.consultation_id, revision=1)
        assert (closed.state, closed.revision) == ("closed", 1)
        assert repositories.consultations.close(plan.consultation_id, revision=1) == closed
        if state == "agreed":
            assert repositories.consents.of(plan.consultation_id)[-1].void_reason is None
        assert repositories.consultations.reopen(plan.consultation_id).state == state
        assert repositories.consultations.reopen(plan.consultation_id).state == state
        if state == "agreed":
            repositories.consents.withdraw(signed.id)
    repositories.consultations.save(plan.consultation_id, Submission(), revision=1)
    repositories.consultations.close(plan.consultation_id, revision=2)
    with pytest.raises(ConflictError):
        repositories.consultations.close(plan.consultation_id, revision=1)
    assert repositories.consultations.reopen(plan.consultation_id).state == "draft"


NOTHING_SEEN = PairAnalysisContent(None, (), (), "0")


PDF = b"%PDF-1.4\na letter\n%%EOF\n"
LETTER = {"kind": "referral-letter", "name": "letter.pdf"}


def ungraded(attempt: Callable[[], object]) -> None:
    """Measure a pair that exists and may be measured, but was not graded blind."""
    try:
        attempt()
    except InputError as error:
        if "blind" not in str(error):
            raise


def calls(repositories: ClinicRepositories, mine: ClinicRepositories) -> dict[str, Callable[[], Any]]:
    """Every call of repositories, on things that those of `mine` keep: all by name, so that none can be forgotten."""
    plan = make_plan_record(mine)
    consultation = mine.consultations.get(plan.consultation_id)
    photograph = mine.photographs.add(consultation.id, b"face", "image/png", PhotographPermissions())
    consent = mine.consents.record_explanation(plan.id, option="0.0", cooling_off=NO_WAIT)
    reached = {"name": "N", "phone": "030 1", "remind_by": "phone"}
    mine.patients.set_contact(consultation.patient_id, reached)
    contact = mine.patients.get_contact(consultation.patient_id)
    assert contact is not None
    held = sign(mine, mine.consents.record_explanation(make_plan_record(mine).id, option="0.0", cooling_off=NO_WAIT))
    treatment = add_treatment(mine, held.id, days_ago=90)
    follow_up = mine.follow_ups.begin(treatment)
    faces = [
        mine.photographs.add(follow_up.consultation_id, face, "image/png", PhotographPermissions()).id
        for face in (b"before", b"after")
    ]
    (pair,) = mine.follow_ups.add_pair(follow_up.id, *faces).pairs
    mistaken = mine.photographs.add(consultation.id, b"mistaken", "image/png", PhotographPermissions())
    token = mine.diaries.create_link(treatment, language="en", until=now() + datetime.timedelta(1)).token
    DiaryAccess(mine._access.database).open(token).add_entry("0" * 32, 1, WARNING, photograph=None, alarm=True)
    (alarm,) = mine.alarms.list_open()
    until = alarm.raised_at
    machine = mine.machines.add(device="ktp-532", serial="1", name="Green")
    device = mine.own_devices.add(read_catalogue_file("ktp-532"), "green.toml")
    written = mine.clinic_texts.add(use="letter", language="en", title="Thanks", text="Thank you.")
    token = mine.tokens.make("reader", 1)[0]
    accounts = AccountRepository(mine._access.database, mine.member, PasswordHasher())
    doctor = accounts.add("Doctor", Role.CLINICIAN, "four words and a comma").id
    at, later = now(), now() + 24 * HOUR
    booking = Booking(consultation.patient_id, doctor, Purpose.SESSION, at, at + HOUR)
    first, second = mine.appointments.book(booking, replace(booking, starts_at=at + HOUR, ends_at=at + 2 * HOUR))
    spot = mine.test_spots.fire(consultation.id, SpotFiring(plan.id, SPOT, 72.0, ORAL_CONSENT))
    struck = mine.test_spots.fire(consultation.id, SpotFiring(plan.id, SPOT, 48.0, ORAL_CONSENT))
    shown = SuggestionContent(condition="age-spots", site="cheeks", findings=("two spots",), messages=())
    (suggestion,) = mine.suggestions.add(consultation.id, photograph.id, [shown])
    note = mine.notes.add(consultation.patient_id, "Restless.")
    letter = mine.attachments.add(consultation.patient_id, PDF, **LETTER)
    duplicate, another = mine.patients.add().id, mine.patients.add().id
    patient_link = mine.patient_links.link(duplicate, consultation.patient_id, "One person.")
    return {
        "patient_links.link": lambda: repositories.patient_links.link(another, consultation.patient_id, "One person."),
        "patient_links.undo": lambda: repositories.patient_links.undo(patient_link.id, "Two persons."),
        "patient_links.of": lambda: repositories.patient_links.of(consultation.patient_id),
        "patient_links.find_patient_id": lambda: repositories.patient_links.find_patient_id(patient_link.id),
        "patient_links.read_person": lambda: repositories.patient_links.read_person(duplicate),
        "dossiers.read_replaced": lambda: repositories.dossiers.read_replaced(duplicate),
        "consultations.of_person": lambda: repositories.consultations.of_person(consultation.patient_id),
        "consultations.require_open": lambda: repositories.consultations.require_open(consultation.id),
        "appointments.of_person": lambda: repositories.appointments.of_person(consultation.patient_id),
        "appointments.course_sessions": lambda: repositories.appointments.course_sessions(
            consultation.patient_id, consultation.id
        ),
        "suggestions.add": lambda: repositories.suggestions.add(consultation.id, photograph.id, [shown]),
        "suggestions.of": lambda: repositories.suggestions.of(consultation.id),
        "suggestions.decide": lambda: repositories.suggestions.decide(suggestion.id, SuggestionDecision.ACCEPTED),
        "dossiers.note_letter": lambda: repositories.dossiers.note_letter(consultation.patient_id),
        "own_devices.get": lambda: repositories.own_devices.get(device.id),
        "own_devices.set_offered": lambda: repositories.own_devices.set_offered(device.id, offered=False),
        "machines.get": lambda: repositories.machines.get(machine.id),
        "machines.update": lambda: repositories.machines.update(
            machine.id, name="Blue", room="", version=machine.version
        ),
        "machines.set_in_use": lambda: repositories.machines.set_in_use(machine.id, in_use=True),
        "notes.add": lambda: repositories.notes.add(consultation.patient_id, "Calm."),
        "notes.strike": lambda: repositories.notes.strike(note.id, "of somebody else"),
        "notes.of": lambda: repositories.notes.of(consultation.patient_id),
        "notes.find_patient_id": lambda: repositories.notes.find_patient_id(note.id),
        "attachments.add": lambda: repositories.attachments.add(consultation.patient_id, PDF, **LETTER),
        "attachments.strike": lambda: repositories.attachments.strike(letter.id, "of somebody else"),
        "attachments.of": lambda: repositories.attachments.of(consultation.patient_id),
        "attachments.find_patient_id": lambda: repositories.attachments.find_patient_id(letter.id),
        "attachments.read_content": lambda: repositories.attachments.read_content(letter.id),
        "machine_upkeep.add": lambda: repositories.machine_upkeep.add(machine.id, kind="service", done_on="2026-01-05"),
        "clinic_texts.revise": lambda: repositories.clinic_texts.revise(
            written.text_id, language="de", title="Danke", text="Danke.", number=0
        ),
        "clinic_texts.withdraw": lambda: repositories.clinic_texts.withdraw(written.text_id, language="en", number=1),
        "clinic_texts.list_versions": lambda: repositories.clinic_texts.list_versions(written.text_id),
        "patients.get": lambda: repositories.patients.get(consultation.patient_id),
        "patients.set_pseudonym": lambda: repositories.patients.set_pseudonym(consultation.patient_id, "P-200"),
        "patients.identity_erased_at": lambda: repositories.patients.identity_erased_at(consultation.patient_id),
        "patients.set_contact": lambda: repositories.patients.set_contact(
            consultation.patient_id, reached | {"name": "M"}, version=contact.version
        ),
        "patients.get_contact": lambda: repositories.patients.get_contact(consultation.patient_id),
        "consents.think_time_end": lambda: repositories.consents.think_time_end(consultation.id),
        "consultations.begin": lambda: repositories.consultations.begin(consultation.patient_id),
        "consultations.get": lambda: repositories.consultations.get(consultation.id),
        "consultations.export": lambda: repositories.consultations.export(consultation.id),
        "consultations.of": lambda: repositories.consultations.of(consultation.patient_id),
        "consultations.save": lambda: repositories.consultations.save(consultation.id, ANSWERS, revision=1),
        "photographs.add": lambda: repositories.photographs.add(
            consultation.id, b"x", "image/png", PhotographPermissions()
        ),
        "photographs.set_permissions": lambda: repositories.photographs.set_permissions(
            photograph.id, PhotographPermissions(), version=photograph.version
        ),
        "photographs.of": lambda: repositories.photographs.of(consultation.id),
        "photographs.get": lambda: repositories.photographs.get(photograph.id),
        "photograph_erasure.preview": lambda: repositories.photograph_erasure.preview(photograph.id),
        "photograph_erasure.erase": lambda: repositories.photograph_erasure.erase(mistaken.id),
        "photographs.read_content": lambda: repositories.photographs.read_content(photograph.id),
        "plans.add": lambda: repositories.plans.add(consultation.id, MADE, revision=1),
        "plans.get": lambda: repositories.plans.get(plan.id),
        "plans.read_file": lambda: repositories.plans.read_file(plan.id, "plan.json"),
        "plans.of": lambda: repositories.plans.of(consultation.id),
        "plans.choose": lambda: repositories.plans.choose(plan.id, "vascular"),
        "plans.list_choices": lambda: repositories.plans.list_choices(plan.id),
        "consents.record_explanation": lambda: repositories.consents.record_explanation(
            mine.plans.of(consultation.id)[-1].id, option="0.0", cooling_off=NO_WAIT
        ),
        "consents.sign": lambda: sign(repositories, mine.consents.of(consultation.id)[-1]),
        "consents.record_teach_back": lambda: repositories.consents.record_teach_back(consent.id, {"free": "No."}, ()),
        "consents.get": lambda: repositories.consents.get(consent.id),
        "consents.of": lambda: repositories.consents.of(consultation.id),
        "consents.read_document": lambda: repositories.consents.read_document(mine.consents.of(consultation.id)[-1].id),
        "consents.withdraw": lambda: repositories.consents.withdraw(consent.id),
        "consultations.close": lambda: repositories.consultations.close(consultation.id, revision=1),
        "consultations.reopen": lambda: repositories.consultations.reopen(consultation.id),
        "pair_analyses.open_pair": lambda: ungraded(
            lambda: repositories.pair_analyses.open_pair(follow_up.id, pair.id)
        ),
        "pair_analyses.add": lambda: ungraded(
            lambda: repositories.pair_analyses.add(follow_up.id, pair.id, NOTHING_SEEN)
        ),
        "pair_analyses.of": lambda: repositories.pair_analyses.of(follow_up.id),
        "pair_analyses.list_measured": lambda: repositories.pair_analyses.list_measured(follow_up.id),
        "pair_analyses.may_measure": lambda: repositories.pair_analyses.may_measure(follow_up.id),
        "follow_ups.begin": lambda: repositories.follow_ups.begin(treatment),
        "follow_ups.save_report": lambda: repositories.follow_ups.save_report(
            follow_up.id, PatientAnswers(SelfRating(5, 5))
        ),
        "follow_ups.mark_report_read": lambda: repositories.follow_ups.mark_report_read(follow_up.id),
        "follow_ups.add_pair": lambda: repositories.follow_ups.add_pair(follow_up.id, *faces),
        "follow_ups.remove_pair": lambda: repositories.follow_ups.remove_pair(follow_up.id, pair.id),
        "follow_ups.add_grade": lambda: repositories.follow_ups.add_grade(
            follow_up.id, ImprovementQuarter.FIRST, AestheticChange.SAME
        ),
        "follow_ups.get": lambda: repositories.follow_ups.get(follow_up.id),
        "follow_ups.of": lambda: repositories.follow_ups.of(follow_up.consultation_id),
        "follow_ups.list_courses": lambda: repositories.follow_ups.list_courses(
            mine.consultations.get(follow_up.consultation_id).patient_id
        ),
        "follow_ups.get_baseline": lambda: repositories.follow_ups.get_baseline(follow_up.id),
        "diaries.create_link": lambda: repositories.diaries.create_link(treatment, language="en", until=until),
        "diaries.end_link": lambda: repositories.diaries.end_link(treatment),
        "diaries.get_subject": lambda: repositories.diaries.get_subject(treatment),
        "diaries.list_links": lambda: repositories.diaries.list_links(treatment),
        "diaries.of": lambda: repositories.diaries.of(treatment),
        "diaries.of_consultation": lambda: repositories.diaries.of_consultation(follow_up.consultation_id),
        "diaries.mark_read": lambda: repositories.diaries.mark_read(treatment),
        "alarms.get": lambda: repositories.alarms.get(alarm.id),
        "alarms.of_consultation": lambda: repositories.alarms.of_consultation(follow_up.consultation_id),
        "alarms.is_course_stopped": lambda: repositories.alarms.is_course_stopped(follow_up.consultation_id),
        "alarms.answer": lambda: repositories.alarms.answer(alarm.id, "Called."),
        "alarms.decide": lambda: answered_and_decided(repositories, mine, alarm.id),
        "dossiers.export": lambda: repositories.dossiers.export(consultation.patient_id, "fhir"),
        "dossiers.exporting": lambda: begin_export(repositories, consultation.patient_id),
        "dossiers.read": lambda: repositories.dossiers.read(consultation.patient_id, "Observation"),
        "dossiers.find_patient_id": lambda: repositories.dossiers.find_patient_id(consultation.id),
        "tokens.end": lambda: repositories.tokens.end(token.id),
        "test_spots.fire": lambda: repositories.test_spots.fire(consultation.id, spot.firing),
        "test_spots.add_reading": lambda: repositories.test_spots.add_reading(spot.id, "none"),
        "test_spots.strike": lambda: repositories.test_spots.strike(struck.id, "never fired"),
        "test_spots.get": lambda: repositories.test_spots.get(spot.id),
        "test_spots.of": lambda: repositories.test_spots.of(consultation.id),
        "test_spots.of_patient": lambda: repositories.test_spots.of_patient(consultation.patient_id),
        "test_spots.list_every": lambda: repositories.test_spots.list_every(consultation.id),
        "appointments.book": lambda: repositories.appointments.book(
            replace(booking, starts_at=later, ends_at=later + HOUR)
        ),
        "appointments.get": lambda: repositories.appointments.get(first.id),
        "appointments.of": lambda: repositories.appointments.of(consultation.patient_id),
        "appointments.set_attendance": lambda: repositories.appointments.set_attendance(
            first.id, attended=True, revision=1
        ),
        "appointments.move": lambda: repositories.appointments.move(
            second.id,
            starts_at=later + 2 * HOUR,
            ends_at=later + 3 * HOUR,
            member_id=booking.member_id,
            machine_id=None,
            revision=1,
        ),
        "reminders.mark": lambda: repositories.reminders.mark(second.id, revision=2),
        "reminders.of": lambda: repositories.reminders.of(consultation.patient_id),
        "appointments.cancel": lambda: repositories.appointments.cancel(second.id, revision=2),
        **treatment_calls(repositories, mine),
    }


def answered_and_decided(repositories: ClinicRepositories, mine: ClinicRepositories, alarm: str) -> Any:
    if mine.alarms.get(alarm).answered_at is None:
        mine.alarms.answer(alarm, "Called.")
    return repositories.alarms.decide(alarm, "Nothing.", adverse_event_id=None)


# They name nothing that another clinic could have, and the next steps are asked for with appointments that were read;
# jobs, trail, copies, imports, feeds and erasure have tests of their own.
UNBOUND = {
    "imports.list_done",
    "imports.note_export",
    "imports.preview",
    "imports.undo",
    "imports.write",
    "patients.add",
    "patients.list_all",
    "patients.list_by",
    "patient_links.has_undone",
    "patient_links.list_all",
    "patient_links.list_kept_ids",
    "patient_links.list_linked",
    "patient_links.list_replaced",
    "calendar_feeds.create",
    "calendar_feeds.end",
    "calendar_feeds.list_open",
    "second_factors.is_required",
    "second_factors.set_required",
    "tokens.all",
    "tokens.make",
    "notices.list_unread",
    "notices.mark_read",
    "dossier_importer.import_dossier",
    "patients.search",
    "patients.list_names",
    "reminders.list_ahead",
    "follow_ups.list_due",
    "appointments.between",
    "appointments.count_on_closed_days",
    "appointments.list_bookable_members",
    "appointments.list_taken_spans",
    "machines.add",
    "test_spots.list_due",
    "machines.list_all",
    "own_devices.add",
    "own_devices.read",
    "own_devices.list_all",
    "closed_days.list_all",
    "closed_days.add",
    "closed_days.remove",
    "clinic_contact.get",
    "clinic_contact.save",
    "clinic_texts.add",
    "clinic_texts.list_all",
    "clinic_texts.list_in_force",
    "machine_upkeep.list_all",
    "machine_upkeep.list_newest",
    "next_steps.read",
    "outcomes.find_change",
    "outcomes.courses",
    "outcomes.export_courses",
    "outcomes.member_names",
    "outcomes.plan",
    "diaries.list_unread",
    "alarms.list_open",
    "alarms.count",
    "jobs.add",
    "jobs.get",
    "jobs.cancel",
    "jobs.find_last",
    "jobs.cancel_earlier",
    "audit_log.newest",
    "patient_copies.make",
    "patient_copies.pack",
    "dossiers.plans",
    "erasure.list_erasable",
    "erasure.erase",
    "erasure.preview",
}


def begin_export(repositories: ClinicRepositories, patient_id: str) -> None:
    with repositories.dossiers.exporting((patient_id,), "csv"):
        pass


def public(repositories: ClinicRepositories) -> set[str]:
    """The calls of every repository."""
    drawers = {name: drawer for name, drawer in vars(repositories).items() if name not in ("member", "_access")}
    return {f"{name}.{call}" for name, drawer in drawers.items() for call in dir(drawer) if not call.startswith("_")}


def test_another_clinic_cannot_reach_anything_by_any_call(database: Database, repositories: ClinicRepositories) -> None:
    stranger = ClinicRepositories(database, create_clinic(database, "Other Clinic"))
    attempts = calls(stranger, repositories)
    untried = public(repositories) - set(attempts) - UNBOUND
    assert not untried, "add an attempt of another clinic to `calls`, or the name to UNBOUND where it names no record"
    assert set(attempts) | UNBOUND == public(repositories), "these calls are gone: take them out of `calls` or UNBOUND"
    with database.reading() as session:
        before = session.scalar(select(func.count()).select_from(tables.PlanRow))
    for name, attempt in attempts.items():
        if name == "consents.sign":
            continue  # its document is kept before its consent is looked for; asserted below
        with pytest.raises(RecordNotFoundError):
            attempt()
    with pytest.raises(RecordNotFoundError):
        attempts["consents.sign"]()
    assert stranger.patients.list_all() == ()
    assert stranger.patients.search("", 9) == ((), 0)
    assert (stranger.patient_links.list_all(), stranger.patient_links.list_kept_ids()) == ((), {})
    assert stranger.patient_links.list_linked() == {}
    assert stranger.patient_links.list_replaced([one.id for one in repositories.patients.list_all()]) == {}
    assert stranger.patients.list_names([one.id for one in repositories.patients.list_all()]) == {}
    assert stranger.reminders.list_ahead(now() + 1000 * HOUR).entries == ()
    assert all(
        one.action in ("clinic.made", "patients.listed", "patient-links.listed", "reminders.listed", "trail.seen")
        for one in stranger.audit_log.newest(1000)
    )
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(tables.PlanRow)) == before


NEEDS_CARE = {
    "patient_links.link",
    "patient_links.undo",
    "pair_analyses.open_pair",
    "pair_analyses.add",
    "consultations.export",
    "consents.record_teach_back",
    "plans.add",
    "plans.choose",
    "consents.record_explanation",
    "consents.sign",
    "consultations.close",
    "consultations.reopen",
    "dossiers.export",
    "dossiers.exporting",
    "dossiers.plans",
    "clinic_texts.revise",
    "clinic_texts.withdraw",
    "follow_ups.mark_report_read",
    "follow_ups.add_grade",
    "dossiers.note_letter",
    "suggestions.add",
    "suggestions.decide",
    "test_spots.fire",
    "test_spots.strike",
    "treatments.overrule",
    "treatments.start",
    "treatments.add_area",
    "treatments.end",
    "adverse_events.add",
    "adverse_events.resolve",
    "alarms.decide",
}
NEEDS_WRITING = {
    "patients.add",
    "patients.set_pseudonym",
    "notes.add",
    "notes.strike",
    "attachments.add",
    "attachments.strike",
    "consultations.begin",
    "consultations.save",
    "photographs.add",
    "photographs.set_permissions",
    "photograph_erasure.erase",
    "consents.withdraw",
    "follow_ups.begin",
    "follow_ups.save_report",
    "follow_ups.add_pair",
    "follow_ups.remove_pair",
    "test_spots.add_reading",
    "appointments.book",
    "appointments.cancel",
    "appointments.set_attendance",
    "appointments.move",
    "treatments.begin",
    "treatments.choose_machine",
    "treatments.add_answers",
    "treatments.add_note",
    "diaries.create_link",
    "diaries.end_link",
    "diaries.mark_read",
    "alarms.answer",
}
NEEDS_CONTACT = {
    "attachments.read_content",
    "patients.get_contact",
    "patients.set_contact",
    "patients.list_names",
    "reminders.list_ahead",
    "reminders.mark",
}
NEEDS_OWNER = {"own_devices.set_offered", "machine_upkeep.add", "machines.update", "machines.set_in_use", "tokens.end"}
REFUSED: dict[Role, set[str]] = {
    Role.OWNER: set(),
    Role.CLINICIAN: NEEDS_OWNER,
    Role.ASSISTANT: NEEDS_OWNER | NEEDS_CARE,
    Role.AUDITOR: NEEDS_OWNER | NEEDS_CARE | NEEDS_WRITING | NEEDS_CONTACT,
}


@pytest.mark.parametrize("role", Role)
def test_every_role_does_what_it_may_by_every_call(role: Role, database: Database, operator: Member) -> None:
    mine, theirs = ClinicRepositories(database, operator), ClinicRepositories(database, replace(operator, role=role))
    attempts = calls(theirs, mine) | {
        "patients.add": theirs.patients.add,
        "patients.list_all": theirs.patients.list_all,
        "patients.list_names": lambda: theirs.patients.list_names(()),
        "reminders.list_ahead": lambda: theirs.reminders.list_ahead(now()),
    }
    attempts["dossiers.plans"] = lambda: theirs.dossiers.plans("csv")
    if role in (Role.ASSISTANT, Role.AUDITOR):
        sign(mine, mine.consents.of(mine.consultations.of(mine.patients.list_all()[0].id)[0].id)[-1])
    refused = set()
    for name, attempt in attempts.items():
        try:
            attempt()
        except DeniedError:
            refused.add(name)
    assert refused == REFUSED[role]


def test_the_table_of_roles_speaks_of_every_kind_of_work() -> None:
    assert all(Role.OWNER in roles for roles in PERMITTED_ROLES.values())
    assert {role for roles in PERMITTED_ROLES.values() for role in roles} == set(Role)


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "x" * 64 + "/", "." * 64, "a" * 63])
def test_a_name_of_a_file_leads_nowhere_else(name: str, database: Database, repositories: ClinicRepositories) -> None:
    with pytest.raises(RecordNotFoundError):
        database.files.get(repositories.member.clinic_id, name)


def test_owner_and_auditor_read_the_trail_newest_first_and_reading_it_is_a_step_of_it(
    repositories: ClinicRepositories,
) -> None:
    patient = repositories.patients.add("S-1")
    first, second, *_ = repositories.audit_log.newest(5)
    assert (first.action, second.action) == ("trail.seen", "patient.added")
    assert second.subject == f"patient/{patient.id}"
    assert first.seq == second.seq + 1
    assert len(repositories.audit_log.newest(1)) == 1


def test_a_consent_says_which_option_it_is_to(repositories: ClinicRepositories) -> None:
    plan = make_plan_record(repositories)
    for option in ("0.0", "1.2"):
        repositories.consents.record_explanation(plan.id, option=option, cooling_off=NO_WAIT)
    assert [one.option for one in repositories.consents.of(plan.consultation_id)] == ["0.0", "1.2"]


def test_the_audit_log_has_words_for_every_action_that_the_code_names_and_every_kind_of_row() -> None:
    writes = {"log", "save", "delete", "end_rows", "reading_row", "save_content", "AuditEvent", "delete_with_files"}
    named = {
        text.value
        for path in Path(skinbeam_clinic.__file__).parent.rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call) and getattr(call.func, "attr", getattr(call.func, "id", "")) in writes
        for argument in call.args
        for text in ast.walk(argument)
        if isinstance(text, ast.Constant) and isinstance(text.value, str) and re.fullmatch(ACTION, text.value)
    }
    assert {"photograph.erased", "sign-in.expired", "diary.written"} <= named
    made = {f"consultation.{state}" for state in ConsultationState}
    made |= {f"treatment.{state}" for state in TreatmentState} | {f"appointment.{state}" for state in AppointmentState}
    made |= {f"reminder.{state}" for state in ReminderState} | {f"suggestion.{word}" for word in SuggestionDecision}
    kinds = {row.name for row in tables.Base.metadata.tables.values() if {"clinic_id", "id"} <= set(row.columns.keys())}
    entries = [AuditEntry(1, now(), "worker", action, "clinic/1", {}) for action in named | made]
    entries += [AuditEntry(1, now(), "worker", "page.seen", f"{kind}/1", {}) for kind in kinds]
    shown = zip(entries, list_entry_views(entries), strict=True)
    bare = [(entry.action, entry.subject) for entry, view in shown if entry.action == view.action]
    assert not bare, "write the words of these actions under [audit-action] of data/messages/en"
    assert not {view.kind for view in list_entry_views(entries)} & kinds


@pytest.mark.parametrize("right", [right for right in AccessRight if PERMITTED_ROLES[right] != set(Role)])
def test_who_is_refused_reads_what_for_and_which_roles_may_in_their_language(right: AccessRight) -> None:
    for role in set(Role) - PERMITTED_ROLES[right]:
        with use_language("de"), pytest.raises(DeniedError) as found:
            require_right(role, right)
        titles = {Role.OWNER: "Inhaber/in", Role.CLINICIAN: "Ärztin/Arzt", Role.ASSISTANT: "Assistenz"}
        titles[Role.AUDITOR] = "Prüfer/in"
        assert f"die Rolle {titles[role]} darf das nicht: " in found.value.message
        assert not found.value.message.endswith(f": {right}")
        allowed = ", ".join(titles[each] for each in Role if each in PERMITTED_ROLES[right])
        assert found.value.hint == f"Diese Rollen dürfen es: {allowed}."
