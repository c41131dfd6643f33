"""Look in the records for everything that the people of `chaos.py` were told is kept: each of it once, whole, and no
alarm without its ring.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from chaos_people import Ledger, Save
from clinic_people import MARK
from sqlalchemy import select

from skinbeam_clinic.access import AccessRight
from skinbeam_clinic.appointments.models import AppointmentState
from skinbeam_clinic.database import follow_up_tables, tables, treatment_tables
from skinbeam_clinic.database.clinic_access import ClinicAccess
from skinbeam_clinic.database.connection import Database
from skinbeam_clinic.database.verification import verify_database
from skinbeam_clinic.diaries.alarm_notifier import notification_id
from skinbeam_clinic.models import ConsultationRecord, Member
from skinbeam_clinic.repositories import ClinicRepositories

__all__ = ["Verdict", "judge", "print_verdict"]

_SAVES = ("consultation.saved",)  # entries of the audit log, of which one save of answers makes one
_SHOWN = 5


@dataclass
class Verdict:
    """What was found.

    Parameters
    ----------
    lost, doubled : by kind, saves that were told and are not there, or there more than once.
    rung, unrung : alarms of which the first message came, and those of which none came.
    answered_first : alarms that somebody answered, and of which no message came.
    rung_again : first messages that came more than once, each time as the same message.
    false_alarms : alarms of entries without a warning, and entries of the audit log without a reason.
    from_backup : what is lost in the restored backup.
    """

    found: Counter[str] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    rung: int = 0
    unrung: list[str] = field(default_factory=list)
    answered_first: int = 0
    rung_again: int = 0
    reminders: int = 0
    false_alarms: list[str] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)
    from_backup: list[str] = field(default_factory=list)
    log_entries: int = 0
    clock_set_back: int = 0

    @property
    def wrong(self) -> list[str]:
        """Everything that must not be."""
        return [*self.lost, *self.doubled, *self.unrung, *self.false_alarms, *self.findings, *self.from_backup]


def judge(database: Database, operator: Member, ledger: Ledger, messages: Iterable[tuple[str, str]]) -> Verdict:
    """Look for everything that was told."""
    verdict = Verdict(findings=[one.code for clinic in verify_database(database) for one in clinic.findings])
    there = _marks(database, operator)
    saves = _log_subjects(database, _SAVES)
    answers = {one.id: dict(one.answers.entries).get(MARK, "") for one in _consultations(database, operator)}
    told = [save for save in ledger.saves if save.told]
    last = {save.about: save for save in told if save.kind == "answers"}
    for kind in sorted({save.kind for save in told} - {"answers"}):
        for save in ledger.confirmed_saves(kind):
            _count(verdict, save, there[kind][save.mark])
    edits = Counter(save.about for save in told if save.kind in ("answers", "photograph"))
    for consultation, count in edits.items():
        done = saves[f"consultation/{consultation}"]
        verdict.found["answers"] += min(done, count)
        verdict.lost += [f"a save of consultation {consultation}"] * max(0, count - done)
        verdict.doubled += [f"a save of consultation {consultation}"] * max(0, done - count)
    for consultation, save in last.items():
        if answers.get(consultation) != save.mark and not _saved_later(told, save):
            verdict.lost.append(f"the last answers of consultation {consultation}")
    _judge_alarms(verdict, database, operator, ledger, messages)
    with database.reading() as session:
        entries = session.scalars(select(tables.AuditEntryRow.action)).all()
    verdict.log_entries, verdict.clock_set_back = len(entries), sum(action == "clock.set-back" for action in entries)
    return verdict


def _saved_later(told: list[Save], save: Save) -> bool:
    """Return whether a photograph was saved with other answers after these."""
    return any(one.kind == "photograph" and one.about == save.about for one in told[told.index(save) :])


def _count(verdict: Verdict, save: Save, number: int) -> None:
    name = f"{save.kind} {save.mark[:32]}"
    verdict.found[save.kind] += number > 0
    if number == 0:
        verdict.lost.append(name)
    elif number > 1:
        verdict.doubled.append(f"{name}: {number} times, sent {save.tries} times")


def _consultations(database: Database, operator: Member) -> Iterator[ConsultationRecord]:
    desk = ClinicRepositories(database, operator)
    with desk.reading_one_moment():
        for patient in desk.patients.list_all():
            yield from desk.consultations.of(patient.id)


def _marks(database: Database, operator: Member) -> Mapping[str, Counter[str]]:
    """How often each mark stands in the records, by kind of save."""
    desk, found = ClinicRepositories(database, operator), {}
    with ClinicAccess(database, operator).reading_unlogged(AccessRight.READ) as work:
        found["patient"] = Counter(row.pseudonym for row in work.rows(tables.PatientRow))
        found["consultation"] = Counter(row.patient_id for row in work.rows(tables.ConsultationRow))
        files = [row.file for row in work.rows(tables.PhotographRow)]
        treatments = [row.id for row in work.rows(treatment_tables.TreatmentRow)]
        consultations = [row.id for row in work.rows(tables.ConsultationRow)]
        alarms = [row.id for row in work.rows(follow_up_tables.AlarmRow)]
        booked = [
            row
            for row in work.rows(treatment_tables.AppointmentRow)
            if row.state == AppointmentState.BOOKED and row.member_id
        ]
        found["appointment"] = Counter(f"{row.member_id} {row.starts_at:%Y-%m-%dT%H:%M}" for row in booked)
    found["photograph"] = Counter(database.files.get(operator.clinic_id, file).hex() for file in files)
    sessions = [desk.treatments.get(one) for one in treatments]
    found["note"] = Counter(note.words for one in sessions for note in one.notes)
    found["area"] = Counter(area.fired.words for one in sessions for area in one.areas)
    found["event"] = Counter(event.words for one in consultations for event in desk.adverse_events.of(one))
    found["answer"] = Counter(desk.alarms.get(one).answer for one in alarms)
    found["decision"] = Counter(desk.alarms.get(one).reason for one in alarms)
    entries = Counter(entry.note.question for one in treatments for entry in desk.diaries.of(one))
    found["entry"] = found["warning"] = entries
    return found


def _judge_alarms(
    verdict: Verdict, database: Database, operator: Member, ledger: Ledger, messages: Iterable[tuple[str, str]]
) -> None:
    """Whether each warning raised one alarm, which rang once, and nothing else raised any."""
    desk = ClinicRepositories(database, operator)
    with ClinicAccess(database, operator).reading_unlogged(AccessRight.READ) as work:
        alarms = [row.id for row in work.rows(follow_up_tables.AlarmRow)]
    marks = {one: desk.alarms.get(one).entry.note.question for one in alarms}
    warnings = {save.mark for save in ledger.saves if save.kind == "warning"}
    raised = Counter(marks.values())
    for save in ledger.confirmed_saves("warning"):
        if raised[save.mark] != 1:
            verdict.unrung.append(f"warning {save.mark} raised {raised[save.mark]} alarms")
    entries = _log_subjects(database, ("alarm.raised", "alarm.answered"))
    answered = {save.about for save in ledger.confirmed_saves("answer")}
    for alarm, mark in marks.items():
        if mark not in warnings or entries[f"alarm/{alarm}"] != 1 + (alarm in answered):
            verdict.false_alarms.append(f"alarm {alarm}")
    came = Counter(id for id, _ in messages)
    first = {alarm: came[f"<{notification_id(alarm, 0)}@example.org>"] for alarm in alarms}
    silent = [alarm for alarm, count in first.items() if not count]
    verdict.unrung += [f"alarm {alarm} never rang" for alarm in silent if alarm not in answered]
    verdict.answered_first = sum(alarm in answered for alarm in silent)  # the program tells nobody of those
    verdict.rung = sum(count > 0 for count in first.values())
    verdict.rung_again = sum(max(0, count - 1) for count in first.values())
    verdict.reminders = sum(came.values()) - sum(first.values())


def _log_subjects(database: Database, actions: tuple[str, ...]) -> Counter[str]:
    """How many entries of these kinds the audit log has about each record."""
    asked = select(tables.AuditEntryRow.subject).where(tables.AuditEntryRow.action.in_(actions))
    with database.reading() as session:
        return Counter(session.scalars(asked))


def print_verdict(verdict: Verdict, ledger: Ledger, defects: list[dict[str, object]]) -> None:
    """Print what was sent, told, found, lost and doubled."""
    told, sent = Counter(one.kind for one in ledger.saves if one.told), Counter(one.kind for one in ledger.saves)
    again = Counter(one.kind for one in ledger.saves if one.told and one.tries > 1)
    print(f"  {'':14s}{'wanted':>8s}{'told':>8s}{'sent again':>12s}{'found':>8s}")
    for kind in sorted(sent):
        # A save of a photograph is one of answers, too, and counted by itself.
        found = verdict.found[kind] - (told["photograph"] if kind == "answers" else 0)
        print(f"  {kind:14s}{sent[kind]:8d}{told[kind]:8d}{again[kind]:12d}{found:8d}")
    print(
        f"  {sum(told.values())} saves told, {len(verdict.lost)} lost, {len(verdict.doubled)} doubled; "
        f"{len(verdict.from_backup)} lost in the restored backup"
    )
    print(
        f"  {verdict.rung} alarms rang, {verdict.answered_first} were answered first, {len(verdict.unrung)} did not, "
        f"{len(verdict.false_alarms)} without a warning; "
        f"{verdict.rung_again} first messages came again, with their Message-ID; {verdict.reminders} reminders"
    )
    print(
        f"  audit log: {verdict.log_entries} entries, {len(verdict.findings)} findings; "
        f"{verdict.clock_set_back} notes that the clock was set back"
    )
    statuses = ", ".join(f"{one or 'none'} {count}" for one, count in sorted(ledger.answers.items()))
    print(f"  answers: {statuses}; {ledger.sign_ins} sign-ins; {len(defects)} errors in the log")
    undone = [f"asked again for what was told to be kept: {one}" for one in ledger.undone]
    for line in (*verdict.wrong[:_SHOWN], *undone, *sorted(set(ledger.refused)), *map(str, defects[:_SHOWN])):
        print(f"  ! {line}")
