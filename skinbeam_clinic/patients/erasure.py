"""The right to be forgotten, within what the law of the place makes a clinic keep.

What tells who somebody is goes at once, and what they are still booked for is cancelled. The records of treatment go
once they need be kept no longer; until then they stay for care alone. The trail stays whole in any case: it holds names
of rows and signatures with a key, and nothing that anybody said. Backups that were made before still hold what was
erased, until they are thrown away.
"""

import datetime
from typing import Any

from sqlalchemy.orm import InstrumentedAttribute

from skinbeam.records.desk.appointments import cancel_ahead
from skinbeam.records.desk.diary.entries import end_links
from skinbeam.records.kept import Holdings, MayGo
from skinbeam.records.roles import Act
from skinbeam.records.store import followed, tables, treated
from skinbeam.records.store.clock import set_forward
from skinbeam.records.store.columns import now
from skinbeam.records.store.tables import Entry, InClinic, files_named
from skinbeam.records.store.work import Access, Work

__all__ = ["KEEP_YEARS", "Erasure"]

# Where nobody says otherwise: § 630f (3) BGB in Germany and § 51 (3) ÄrzteG in Austria ask for ten years.
KEEP_YEARS = 10
_KEPT = "patient.kept"
# What is written down after a consultation was saved, and when.
_AFTER: tuple[tuple[type[treated.OfConsultation], InstrumentedAttribute[Any]], ...] = (
    (treated.TestSpot, treated.TestSpot.fired_at),
    (treated.TestSpot, treated.TestSpot.read_at),
    (treated.Treatment, treated.Treatment.created_at),
    (treated.Treatment, treated.Treatment.ended_at),
    (treated.TreatedArea, treated.TreatedArea.fired_at),
    (treated.AdverseEvent, treated.AdverseEvent.noted_at),
    (treated.AdverseEvent, treated.AdverseEvent.resolved_at),
    (followed.DiaryEntry, followed.DiaryEntry.written_at),
    (followed.FollowUp, followed.FollowUp.noted_at),
)
_YEAR = datetime.timedelta(days=366)
_NAMING_FILES: tuple[type[InClinic], ...] = (tables.Photograph, tables.Plan, tables.Consent)


class Erasure:
    """Erases a clinic's patients."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def foresee(self, patient_id: str, *, keep_years: int) -> Holdings:
        """Return what is kept of a patient, and until when an erasure now would have to leave it.

        Raises
        ------
        AbsentError : this clinic has no such patient.
        """
        with self._access.see(Act.ERASE) as work:
            patient = work.get(tables.Patient, patient_id)
            name = f"patient/{patient_id}"
            work.note("patient.holdings.seen", name)
            consultations = work.rows(tables.Consultation, tables.Consultation.patient_id == patient_id)
            names = [one.id for one in consultations]
            plans = work.rows(tables.Plan, tables.Plan.consultation_id.in_(names))
            until = _keep_until(work, patient, consultations, keep_years)
            asked = work.entries(Entry.subject == name, Entry.action == _KEPT, limit=1)
            return Holdings(
                contact=bool(work.rows(tables.Contact, tables.Contact.id == patient_id)),
                consultations=len(consultations),
                photographs=len(_photographs(work, consultations)),
                plans=len(plans),
                consents=len(work.rows(tables.Consent, tables.Consent.plan_id.in_([plan.id for plan in plans]))),
                treatments=len(work.rows(treated.Treatment, treated.Treatment.consultation_id.in_(names))),
                keep_until=until,
                asked_at=asked[0].at if asked else None,
            )

    def due(self, *, keep_years: int) -> tuple[MayGo, ...]:
        """Return every patient whose records the law no longer makes a clinic keep, those of longest ago first."""
        with self._access.see(Act.ERASE) as work:
            work.note("patients.due.listed", "patient")
            at, found = now() - set_forward(), []
            last = _last_entries(work)
            for patient in work.rows(tables.Patient, tables.Patient.erased_at.is_(None)):
                latest = last.get(patient.id, patient.created_at)
                if latest + keep_years * _YEAR <= at:
                    found.append(MayGo(patient.id, patient.pseudonym, latest, latest + keep_years * _YEAR))
            return tuple(sorted(found, key=lambda one: (one.last_entry, one.id)))

    def erase(self, patient_id: str, *, keep_years: int) -> datetime.datetime | None:
        """Erase what may be erased of a patient; return until when the rest must be kept, None where nothing is left.

        Parameters
        ----------
        keep_years : after the last entry, for which the law of the place makes a clinic keep records of treatment.

        Raises
        ------
        AbsentError : this clinic has no such patient.
        """
        with self._access.work(Act.ERASE) as work:
            patient = work.get(tables.Patient, patient_id)
            for contact in work.rows(tables.Contact, tables.Contact.id == patient_id):
                work.drop(contact, "contact.erased")
            consultations = work.rows(tables.Consultation, tables.Consultation.patient_id == patient_id)
            until = _keep_until(work, patient, consultations, keep_years)
            if until is not None:
                cancel_ahead(work, patient_id)
                end_links(work, [one.id for one in consultations])
                for photograph in _photographs(work, consultations):
                    photograph.for_teaching = photograph.for_publication = False
                    work.keep(photograph, "photograph.permitted")
                work.note(_KEPT, f"patient/{patient_id}", until=until.isoformat())
                return until
            files = _drop(work, patient_id, consultations)
            patient.pseudonym, patient.year_of_birth, patient.erased_at = f"erased {patient_id}", None, now()
            work.keep(patient, "patient.erased")
            others = {name for table in _NAMING_FILES for row in work.rows(table) for name in files_named(row)}
        for name in files - others:
            self._access.database.files.remove(self._access.member.clinic_id, name)
        return None


def _keep_until(
    work: Work, patient: tables.Patient, consultations: list[tables.Consultation], keep_years: int
) -> datetime.datetime | None:
    """Until when records of treatment must be kept, counted from the last entry; None where nothing must."""
    names = [one.id for one in consultations]
    after = [
        at for table, moment in _AFTER for at in work.newest(table, moment, table.consultation_id.in_(names)).values()
    ]
    last = max((*after, *(one.saved_at for one in consultations)), default=patient.created_at)
    until = last + keep_years * _YEAR
    return until if consultations and until > now() - set_forward() else None


def _last_entries(work: Work) -> dict[str, datetime.datetime]:
    """Return each patient with a consultation, and when something was last written about them."""
    after = [work.newest(table, moment) for table, moment in _AFTER]
    last: dict[str, datetime.datetime] = {}
    table = tables.Consultation
    for id, patient_id, saved_at in work.held(table, table.id, table.patient_id, table.saved_at):
        known = [last[patient_id]] if patient_id in last else []
        last[patient_id] = max([saved_at, *known, *(moments[id] for moments in after if id in moments)])
    return last


def _photographs(work: Work, consultations: list[tables.Consultation]) -> list[tables.Photograph]:
    return work.rows(tables.Photograph, tables.Photograph.consultation_id.in_([one.id for one in consultations]))


def _drop(work: Work, patient_id: str, consultations: list[tables.Consultation]) -> set[str]:
    """Remove appointments, and consultations with all that hangs on them; return the files that their rows spoke of."""
    plans = work.rows(tables.Plan, tables.Plan.consultation_id.in_([one.id for one in consultations]))
    names = [plan.id for plan in plans]
    consents = work.rows(tables.Consent, tables.Consent.plan_id.in_(names))
    voids = work.rows(tables.ConsentVoid, tables.ConsentVoid.id.in_([consent.id for consent in consents]))
    languages = work.rows(tables.ConsentLanguage, tables.ConsentLanguage.id.in_([consent.id for consent in consents]))
    told = work.rows(tables.TellBack, tables.TellBack.consent_id.in_([consent.id for consent in consents]))
    choices = work.rows(tables.Choice, tables.Choice.plan_id.in_(names))
    of_these = {one.id for one in consultations}
    after = [row for kind in followed.OF_CONSULTATION for row in work.rows(kind, kind.consultation_id.in_(of_these))]
    jobs = [job for job in work.rows(tables.Job) if job.payload.get("consultation") in of_these]
    rows: list[InClinic] = [
        *jobs,
        *after,
        *work.rows(treated.Appointment, treated.Appointment.patient_id == patient_id),
        *languages,
        *voids,
        *told,
        *consents,
        *choices,
        *plans,
        *_photographs(work, consultations),
        *consultations,
    ]
    files = {name for row in rows for name in files_named(row)}
    for row in rows:
        work.drop(row, "erased")
    return files
