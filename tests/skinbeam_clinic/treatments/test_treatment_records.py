"""What is done under a consent: nothing before the checklist is clear, and nothing that was done is lost or changed."""

import dataclasses
from concurrent.futures import ThreadPoolExecutor

import pytest
from treatment_samples import MADE, ORDERED, agreed, begun, clear_answers, fired, started

from skinbeam.model.errors import InputError
from skinbeam_clinic.access import Role
from skinbeam_clinic.accounts.passwords import PasswordHasher
from skinbeam_clinic.accounts.repository import AccountRepository, create_clinic
from skinbeam_clinic.consultations.forms import Submission
from skinbeam_clinic.database.connection import Database
from skinbeam_clinic.database.verification import verify_database
from skinbeam_clinic.errors import ClosedError, DeniedError, RecordNotFoundError
from skinbeam_clinic.models import Member
from skinbeam_clinic.pulse_settings import SpotSettings
from skinbeam_clinic.repositories import ClinicRepositories
from skinbeam_clinic.test_spots.models import ORAL_CONSENT, SpotFiring
from skinbeam_clinic.treatments.checklist import CHECKLIST_ITEMS, list_items, list_open_items
from skinbeam_clinic.treatments.models import AdverseEventGrade, AdverseEventSource, Treatment, TreatmentState


def other(database: Database, owner: Member, role: Role) -> ClinicRepositories:
    return ClinicRepositories(
        database, AccountRepository(database, owner, PasswordHasher()).add(role, role, "four words and a comma")
    )


def actions(repositories: ClinicRepositories, treatment: Treatment) -> list[str]:
    found = [step for step in repositories.audit_log.newest(200) if step.subject == f"treatment/{treatment.id}"]
    return [step.action for step in found][::-1]


def refused(code: str) -> "pytest.RaisesExc[InputError]":
    return pytest.raises(InputError, check=lambda error: error.code == code)


def test_from_a_consent_to_the_end(repositories: ClinicRepositories) -> None:
    made = started(repositories)
    assert (made.number, made.device, made.serial) == (1, "pulsed-dye-595", "SYN-1")
    row = repositories.treatments.add_area(made.id, fired(site="full-face"))
    done = repositories.treatments.end(made.id, TreatmentState.DONE)
    assert (done.areas, done.valid_areas, done.is_over) == ((row,), (row,), True)
    assert (row.deviations, row.fired.pain_0_10, row.fired.site) == ((), 3.0, "full-face")
    assert repositories.treatments.get(made.id) == done
    assert repositories.treatments.of(made.consultation_id) == (done,)
    checked = ["treatment.checked"] * 2
    assert actions(repositories, made)[:5] == ["treatment.begun", *checked, "treatment.started", "treatment.done"]


def test_the_trail_tells_nothing_of_anybodys_skin(repositories: ClinicRepositories) -> None:
    made = started(repositories)
    repositories.treatments.add_area(made.id, fired(words="greyish rim"))
    repositories.adverse_events.add(
        made.id, kind="blister", grade=AdverseEventGrade.MILD, source=AdverseEventSource.SESSION, words="left cheek"
    )
    trail = " ".join(f"{step.action} {step.subject}" for step in repositories.audit_log.newest(200))
    assert not [word for word in ("greyish", "blister", "cheek", "mild", "7.5") if word in trail]


def test_a_treatment_needs_a_consent_that_holds(repositories: ClinicRepositories) -> None:
    consent = agreed(repositories)
    plan = repositories.plans.get(consent.plan_id)
    withdrawn = repositories.consents.withdraw(consent.id)
    with refused("void"):
        repositories.treatments.begin(withdrawn.id, ORDERED)
    waits = repositories.consents.record_explanation(plan.id, option="0.0", cooling_off=plan.made_at - plan.made_at)
    with refused("not-signed"):
        repositories.treatments.begin(waits.id, ORDERED)
    third = agreed(repositories)
    consultation = repositories.plans.get(third.plan_id).consultation_id
    repositories.consultations.close(consultation, revision=1)
    with pytest.raises(ClosedError):
        repositories.treatments.begin(third.id, ORDERED)
    repositories.consultations.reopen(consultation)
    repositories.consultations.save(consultation, Submission((("patient.tan", "current"),)), revision=1)
    with refused("plan-outdated"):
        repositories.treatments.begin(third.id, ORDERED)


def test_a_consent_that_was_taken_back_meanwhile_starts_nothing(repositories: ClinicRepositories) -> None:
    made = begun(repositories)
    repositories.treatments.add_answers(made.id, clear_answers())
    repositories.consents.withdraw(made.consent_id)
    with refused("void"):
        repositories.treatments.start(made.id)
    assert repositories.treatments.end(made.id, TreatmentState.STOPPED).state == "stopped"


def test_two_who_begin_find_one_treatment_and_the_next_session_is_another(repositories: ClinicRepositories) -> None:
    made = started(repositories)
    assert repositories.treatments.begin(made.consent_id, ORDERED).id == made.id
    repositories.treatments.add_area(made.id, fired())
    repositories.treatments.end(made.id, TreatmentState.DONE)
    stopped = repositories.treatments.begin(made.consent_id, ORDERED)
    assert stopped.number == 2
    repositories.treatments.end(stopped.id, TreatmentState.STOPPED)
    assert repositories.treatments.begin(made.consent_id, ORDERED).number == 2


def test_a_session_that_ended_before_its_first_pulse_is_not_counted(repositories: ClinicRepositories) -> None:
    made = started(repositories)
    repositories.treatments.end(made.id, TreatmentState.STOPPED)
    assert repositories.treatments.begin(made.consent_id, ORDERED).number == 1


def test_a_session_never_gets_the_number_of_another_one(repositories: ClinicRepositories) -> None:
    """The rows of the first were struck out; the second keeps its number on every paper, and the next is the third."""
    first = started(repositories)
    area = repositories.treatments.add_area(first.id, fired())
    repositories.treatments.end(first.id, TreatmentState.DONE)
    second = repositories.treatments.begin(first.consent_id, ORDERED)
    assert first.machine_id is not None
    repositories.treatments.choose_machine(second.id, first.machine_id)
    repositories.treatments.add_answers(second.id, clear_answers())
    repositories.treatments.start(second.id)
    repositories.treatments.add_area(second.id, fired())
    repositories.treatments.end(second.id, TreatmentState.DONE)
    repositories.treatments.add_area(first.id, fired(corrects=area.id, why="it was another patient", struck=True))
    assert [second.number, repositories.treatments.begin(first.consent_id, ORDERED).number] == [2, 3]


def test_nothing_is_fired_before_every_item_is_answered(repositories: ClinicRepositories) -> None:
    made = begun(repositories)
    asked = [item.name for item in list_items(made.ordered) if item.name not in made.current_answers]
    assert asked[:2] == ["identity", "consent"]
    assert "shields" not in asked  # the plan gives no cause
    for item, answer in clear_answers().items():
        with refused("checklist-open"):
            repositories.treatments.start(made.id)
        made = repositories.treatments.add_answers(made.id, {item: answer})
    with refused("checklist-open"):
        repositories.treatments.add_area(made.id, fired())
    assert repositories.treatments.start(made.id).state == "treating"


@pytest.mark.parametrize("item", [item for item in CHECKLIST_ITEMS.values() if item.name not in ("device", "shields")])
def test_an_answer_that_stops_stops_until_it_is_decided_or_put_right(
    repositories: ClinicRepositories, item: object
) -> None:
    item = CHECKLIST_ITEMS[item.name]  # type: ignore[attr-defined]
    made = begun(repositories)
    stopping = next(answer for answer in item.answers if answer not in item.accepted_answers)
    made = repositories.treatments.add_answers(made.id, clear_answers() | {item.name: (stopping, "seen now")})
    assert [one.name for one in list_open_items(made)] == [item.name]
    with refused("checklist-open"):
        repositories.treatments.start(made.id)
    if item.is_mandatory:
        with refused("bad-checklist"):
            repositories.treatments.overrule(made.id, item.name, "it is urgent")
        repositories.treatments.add_answers(made.id, {item.name: (item.accepted_answers[0], "put right")})
    else:
        with refused("no-reason"):
            repositories.treatments.overrule(made.id, item.name, "")
        decided = (
            repositories.treatments.overrule(made.id, item.name, "seen, and judged slight")
            .current_answers[item.name]
            .decision
        )
        assert decided is not None
        assert decided.why == "seen, and judged slight"
    assert repositories.treatments.start(made.id).started_at is not None


def test_a_decision_holds_for_the_answer_that_it_was_made_on(repositories: ClinicRepositories) -> None:
    made = begun(repositories)
    repositories.treatments.add_answers(made.id, clear_answers() | {"tan": ("yes", "a little")})
    repositories.treatments.overrule(made.id, "tan", "hardly any")
    made = repositories.treatments.add_answers(made.id, {"tan": ("yes", "deep, from last week")})
    assert [one.name for one in list_open_items(made)] == ["tan"]
    assert [one.words for one in made.answers if one.item == "tan"] == ["a little", "deep, from last week"]


def test_another_device_than_the_planned_one_waits_for_a_clinician(repositories: ClinicRepositories) -> None:
    made = begun(repositories)
    green = repositories.machines.add(device="ktp-532", serial="SYN-2", name="Green laser")
    repositories.treatments.add_answers(made.id, clear_answers())
    picked = repositories.treatments.choose_machine(made.id, green.id, "the dye laser is broken")
    machine_items = ["cooling", "eyewear-patient", "eyewear-room"]
    assert (picked.device, [one.name for one in list_open_items(picked)]) == ("ktp-532", ["device", *machine_items])
    repositories.treatments.add_answers(made.id, clear_answers())
    repositories.treatments.overrule(made.id, "device", "test spots with it were clean")
    assert repositories.treatments.start(made.id).device == "ktp-532"


def test_a_retired_machine_is_not_picked(repositories: ClinicRepositories) -> None:
    made = begun(repositories)
    repositories.machines.set_in_use(str(made.machine_id), in_use=False)
    with pytest.raises(RecordNotFoundError):
        repositories.treatments.choose_machine(made.id, str(made.machine_id))


def test_the_checklist_does_not_change_once_pulses_may_be_fired(repositories: ClinicRepositories) -> None:
    made = started(repositories)
    for change in (
        lambda: repositories.treatments.add_answers(made.id, {"tan": ("yes", "")}),
        lambda: repositories.treatments.choose_machine(made.id, str(made.machine_id)),
        lambda: repositories.treatments.overrule(made.id, "tan", "why"),
        lambda: repositories.treatments.start(made.id),
    ):
        with refused("treatment-begun"):
            change()


def test_more_than_the_plan_waits_for_a_reason_and_is_kept_with_it(repositories: ClinicRepositories) -> None:
    made = started(repositories)
    more = fired(settings={"fluence_J_cm2": 9.0})
    with refused("beyond-plan"):
        repositories.treatments.add_area(made.id, more)
    row = repositories.treatments.add_area(made.id, dataclasses.replace(more, reason="no closure at 7.5"))
    (found,) = row.deviations
    assert (found.name, found.planned, found.fired, found.hotter, found.most) == (
        "fluence_J_cm2",
        7.5,
        9.0,
        True,
        None,
    )
    assert found.pct == pytest.approx(20.0)
    assert repositories.treatments.get(made.id).areas == (row,)


def test_less_than_the_plan_is_noted_and_needs_no_reason(repositories: ClinicRepositories) -> None:
    (found,) = repositories.treatments.add_area(
        started(repositories).id, fired(settings={"fluence_J_cm2": 6.0})
    ).deviations
    assert not found.hotter
    assert found.pct == pytest.approx(-20.0)


def test_a_sign_that_stops_ends_the_treatment_with_its_row(repositories: ClinicRepositories) -> None:
    made = started(repositories)
    row = repositories.treatments.add_area(made.id, fired(endpoint="stop.0", endpoint_words="Grey skin"))
    stopped = repositories.treatments.get(made.id)
    assert (stopped.state, stopped.areas) == ("stopped", (row,))


@pytest.mark.parametrize(
    ("grade", "state"), [(AdverseEventGrade.MODERATE, "treating"), (AdverseEventGrade.SEVERE, "stopped")]
)
def test_a_severe_event_in_the_session_ends_it(
    repositories: ClinicRepositories, grade: AdverseEventGrade, state: str
) -> None:
    made = started(repositories)
    event = repositories.adverse_events.add(
        made.id, kind="blister", grade=grade, source=AdverseEventSource.SESSION, site="cheeks"
    )
    now = repositories.treatments.get(made.id)
    assert (now.state, now.events) == (state, (event,))


def test_an_event_after_the_session_leaves_it_as_it_ended_and_is_resolved_once(
    repositories: ClinicRepositories,
) -> None:
    made = started(repositories)
    repositories.treatments.add_area(made.id, fired())
    done = repositories.treatments.end(made.id, TreatmentState.DONE)
    event = repositories.adverse_events.add(
        made.id, kind="pih", grade=AdverseEventGrade.SERIOUS, source=AdverseEventSource.DIARY, words="dark"
    )
    assert repositories.treatments.get(made.id).ended_at == done.ended_at
    over = repositories.adverse_events.resolve(event.id, words="faded")
    assert (over.resolved, over.words, over.kind) == ("faded", "dark", "pih")
    assert repositories.adverse_events.resolve(event.id, words="again") == over
    assert repositories.adverse_events.of(made.consultation_id) == (over,)


def test_what_is_no_event_is_refused(repositories: ClinicRepositories) -> None:
    made = started(repositories)
    with refused("bad-event"):
        repositories.adverse_events.add(
            made.id, kind="happiness", grade=AdverseEventGrade.MILD, source=AdverseEventSource.SESSION
        )
    with refused("bad-event"):
        repositories.adverse_events.add(
            made.id, kind="burn", grade=AdverseEventGrade.MILD, source=AdverseEventSource.SESSION, site="moon"
        )
    later = made.created_at.replace(year=made.created_at.year + 1)
    with refused("not-yet"):
        repositories.adverse_events.add(
            made.id, kind="burn", grade=AdverseEventGrade.MILD, source=AdverseEventSource.SESSION, seen_at=later
        )


def test_what_is_ended_changes_by_new_rows_alone_and_says_why(repositories: ClinicRepositories) -> None:
    made = started(repositories)
    first = repositories.treatments.add_area(made.id, fired())
    repositories.treatments.end(made.id, TreatmentState.DONE)
    for late in (fired(pulses=9), fired(corrects=first.id)):
        with refused("no-reason"):
            repositories.treatments.add_area(made.id, late)
    second = repositories.treatments.add_area(made.id, fired(corrects=first.id, pulses=44, why="miscounted"))
    third = repositories.treatments.add_area(made.id, fired(pulses=9, why="forgotten"))
    now = repositories.treatments.get(made.id)
    assert (now.state, now.areas, now.valid_areas) == ("done", (first, second, third), (second, third))
    with refused("corrected"):
        repositories.treatments.add_area(made.id, fired(corrects=first.id, why="again"))
    with pytest.raises(RecordNotFoundError):
        repositories.treatments.add_area(made.id, fired(corrects="f" * 32, why="another"))
    repositories.treatments.add_area(made.id, fired(corrects=third.id, why="it was another patient", struck=True))
    assert repositories.treatments.get(made.id).valid_areas == (second,)
    assert repositories.treatments.add_note(made.id, "seen by a colleague").notes[0].words == "seen by a colleague"


def test_a_row_that_is_sent_twice_is_kept_once(repositories: ClinicRepositories) -> None:
    made = started(repositories)
    row = repositories.treatments.add_area(made.id, fired(), form_key="a")
    assert repositories.treatments.add_area(made.id, fired(), form_key="a") == row
    assert repositories.treatments.get(made.id).areas == (row,)
    other = repositories.treatments.add_area(made.id, fired(pulses=9), form_key="a")  # who went back in the browser
    assert repositories.treatments.get(made.id).areas == (row, other)


def test_an_event_or_a_note_that_is_sent_twice_is_kept_once(repositories: ClinicRepositories) -> None:
    made = started(repositories)
    for words in ("left cheek", "left cheek", "nose", "left cheek"):
        about = {"kind": "crust", "grade": AdverseEventGrade.MILD, "source": AdverseEventSource.SESSION}
        repositories.adverse_events.add(made.id, words=words, form_key="a", **about)  # type: ignore[arg-type]
    # Sent again from the page that showed none; then on purpose from the page that shows the two that are stored.
    for words, shown in (("cooled", 0), ("cooled", 0), ("cooled longer", 1), ("cooled", 2), ("cooled", 2)):
        repositories.treatments.add_note(made.id, words, shown=shown)
    stored = repositories.treatments.get(made.id)
    assert [event.words for event in stored.events] == ["left cheek", "nose"]
    assert [note.words for note in stored.notes] == ["cooled", "cooled longer", "cooled"]


def test_an_alarm_has_one_event_that_is_corrected_until_it_is_decided(repositories: ClinicRepositories) -> None:
    made = started(repositories)
    about = {"kind": "crust", "source": AdverseEventSource.DIARY, "alarm_id": "a"}
    ids = {
        repositories.adverse_events.add(made.id, grade=grade, **about).id  # type: ignore[arg-type]
        for grade in (AdverseEventGrade.MILD, AdverseEventGrade.SEVERE, AdverseEventGrade.SEVERE)
    }
    (event,) = repositories.treatments.get(made.id).events
    assert ({event.id}, event.grade) == (ids, AdverseEventGrade.SEVERE)


def test_a_spot_that_is_sent_twice_is_kept_once(repositories: ClinicRepositories) -> None:
    consultation = repositories.consultations.begin(repositories.patients.add().id).id
    plan = repositories.plans.add(consultation, MADE, revision=1).id
    doses = (4.0, 4.0, 5.0)
    for dose in doses:
        settings = SpotSettings(device="pulsed-dye-595", site="cheeks", fluence_J_cm2=dose)
        repositories.test_spots.fire(consultation, SpotFiring(plan, settings, 72.0, ORAL_CONSENT), form_key="a")
    fired_doses = [one.firing.settings.fluence_J_cm2 for one in repositories.test_spots.of(consultation)]
    assert sorted(fired_doses, key=float) == [4.0, 5.0]


def test_nobodys_row_is_lost_when_two_write_at_once(repositories: ClinicRepositories) -> None:
    made = started(repositories)
    numbers = range(1, 13)
    with ThreadPoolExecutor(4) as pool:
        areas = list(pool.map(lambda n: repositories.treatments.add_area(made.id, fired(pulses=n)), numbers))
        list(pool.map(lambda n: repositories.treatments.add_note(made.id, f"note {n}"), range(8)))
    now = repositories.treatments.get(made.id)
    assert {one.id for one in now.areas} == {one.id for one in areas}
    assert sorted(one.words for one in now.notes) == [f"note {n}" for n in range(8)]


def test_two_answer_one_checklist_and_each_item_keeps_its_last_answer(repositories: ClinicRepositories) -> None:
    made, answers = begun(repositories), clear_answers()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda item: repositories.treatments.add_answers(made.id, {item: answers[item]}), answers))
    assert not list_open_items(repositories.treatments.get(made.id))


def test_nothing_done_is_no_session(repositories: ClinicRepositories) -> None:
    made = started(repositories)
    with refused("nothing-fired"):
        repositories.treatments.end(made.id, TreatmentState.DONE)
    assert repositories.treatments.end(made.id, TreatmentState.STOPPED).state == "stopped"


@pytest.mark.parametrize("settings", [{"fluence_J_cm2": -1.0}, {"pulse_ms": 1e9}])
def test_settings_that_no_case_file_could_hold_are_refused(
    repositories: ClinicRepositories, settings: dict[str, float]
) -> None:
    with pytest.raises(InputError):
        repositories.treatments.add_area(started(repositories).id, fired(settings=settings))


def test_an_assistant_prepares_and_a_clinician_treats(
    database: Database, operator: Member, repositories: ClinicRepositories
) -> None:
    helper, made = other(database, operator, Role.ASSISTANT), begun(repositories)
    helper.treatments.add_answers(made.id, clear_answers())
    for act in (
        lambda: helper.treatments.start(made.id),
        lambda: helper.treatments.overrule(made.id, "tan", "why"),
        lambda: helper.treatments.add_area(made.id, fired()),
        lambda: helper.treatments.end(made.id, TreatmentState.STOPPED),
        lambda: helper.adverse_events.add(
            made.id, kind="burn", grade=AdverseEventGrade.MILD, source=AdverseEventSource.SESSION
        ),
    ):
        with pytest.raises(DeniedError):
            act()
    assert helper.treatments.get(made.id).current_answers["tan"].by == "assistant"


def test_another_clinic_finds_nothing(database: Database, repositories: ClinicRepositories) -> None:
    made = started(repositories)
    stranger = ClinicRepositories(database, create_clinic(database, "Hill Clinic", synthetic=True))
    for act in (
        lambda: stranger.treatments.get(made.id),
        lambda: stranger.treatments.of(made.consultation_id),
        lambda: stranger.treatments.add_area(made.id, fired()),
        lambda: stranger.treatments.begin(made.consent_id, ORDERED),
        lambda: stranger.adverse_events.of(made.consultation_id),
    ):
        with pytest.raises(RecordNotFoundError):
            act()


def test_what_was_kept_is_found_whole_by_verify(database: Database, repositories: ClinicRepositories) -> None:
    made = started(repositories)
    repositories.treatments.add_area(made.id, fired())
    event = repositories.adverse_events.add(
        made.id, kind="burn", grade=AdverseEventGrade.SEVERE, source=AdverseEventSource.SESSION
    )
    repositories.adverse_events.resolve(event.id)
    assert [one.findings for one in verify_database(database)] == [()]
