"""What is handed to another system: everything of a patient under the pseudonym, never who that is."""

from collections.abc import Iterator, Mapping

from skinbeam.records.desk.appointments import Appointments
from skinbeam.records.desk.consents import Consents
from skinbeam.records.desk.consultations import Consultations
from skinbeam.records.desk.course.test_spots import TestSpots
from skinbeam.records.desk.diary.entries import Diaries
from skinbeam.records.desk.follow_ups import FollowUps
from skinbeam.records.desk.patients import Patients
from skinbeam.records.desk.photographs import Photographs
from skinbeam.records.desk.plans import Plans
from skinbeam.records.desk.treatments import Treatments
from skinbeam.records.faults import fault
from skinbeam.records.kept import Consultation, Dossier, KeptConsultation, KeptPlan
from skinbeam.records.roles import Act
from skinbeam.records.store import followed, tables, treated
from skinbeam.records.store.tables import InClinic
from skinbeam.records.store.work import Access, Work

__all__ = ["Dossiers"]

_PARENTS: Mapping[type[InClinic], str] = {  # table → column that names the row above
    tables.Consultation: "patient_id",
    tables.Photograph: "consultation_id",
    tables.Plan: "consultation_id",
    tables.Choice: "plan_id",
    tables.Consent: "plan_id",
    treated.Appointment: "patient_id",
    **dict.fromkeys(followed.OF_CONSULTATION, "consultation_id"),
}
_ABOVE: Mapping[str, type[InClinic]] = {"consultation_id": tables.Consultation, "plan_id": tables.Plan}


class Dossiers:
    """The records of a clinic's patients, each as a whole."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._patients = Patients(access)
        self._consultations = Consultations(access)
        self._photographs = Photographs(access)
        self._plans = Plans(access)
        self._consents = Consents(access)
        self._treatments = Treatments(access)
        self._follow_ups = FollowUps(access)
        self._appointments = Appointments(access)
        self._test_spots = TestSpots(access)
        self._diaries = Diaries(access)

    def of(self, patient_id: str, form: str) -> Dossier:
        """Return everything of a patient; the trail says in which form it leaves.

        Raises
        ------
        AbsentError : this clinic has no such patient, or has erased them.
        """
        with self._access.work(Act.EXPORT) as work:
            if work.get(tables.Patient, patient_id).erased_at is not None:
                raise fault("absent", "patient")
            work.note("record.exported", f"patient/{patient_id}", form=form)
        with self._access.page():
            return self._of(patient_id)

    def read(self, patient_id: str, what: str, *, pictures: bool = True) -> Dossier:
        """Return everything of a patient to who hands out a part of it, which the trail names.

        Parameters
        ----------
        pictures : whether photographs are read, too.

        Raises
        ------
        AbsentError : this clinic has no such patient, or has erased them.
        """
        with self._access.see(Act.READ) as work:
            if work.get(tables.Patient, patient_id).erased_at is not None:
                raise fault("absent", "patient")
            work.note("record.read", f"patient/{patient_id}", what=what)
        with self._access.unnoted():
            return self._of(patient_id, pictures=pictures)

    def whose(self, id: str) -> str:
        """Return the patient whose records a row belongs to, of whatever kind it is.

        Raises
        ------
        AbsentError : this clinic has no such row.
        """
        with self._access.look(Act.READ) as work:
            for table in _PARENTS:
                if found := work.rows(table, table.id == id):
                    return _patient_of(work, found[0])
        raise fault("absent", "record")

    def plans(self, form: str) -> Iterator[Dossier]:
        """Give every patient with answers, plans, choices and consents: no photographs, reports and signed documents.

        The trail says in which form they leave.
        """
        with self._access.work(Act.EXPORT) as work:
            work.note("plans.exported", "plan", form=form)
        return (
            Dossier(patient, tuple(map(self._planned, self._consultations.of(patient.id))))
            for patient in self._patients.all()
        )

    def _of(self, patient_id: str, *, pictures: bool = True) -> Dossier:
        patient = self._patients.get(patient_id)
        consultations = (self._whole(one, pictures=pictures) for one in self._consultations.of(patient_id))
        return Dossier(patient, tuple(consultations), self._appointments.of(patient_id))

    def _whole(self, one: Consultation, *, pictures: bool) -> KeptConsultation:
        kept = self._photographs.of(one.id) if pictures else ()
        shown = (self._photographs.content(photograph.id) for photograph in kept)
        signed = (
            (consent, None if consent.document is None else self._consents.document(consent.id))
            for consent in self._consents.of(one.id)
        )
        course = (self._treatments.of(one.id), self._follow_ups.of(one.id), self._test_spots.of(one.id))
        diary = self._diaries.of_consultation(one.id)
        return KeptConsultation(one, tuple(shown), self._plans_of(one), tuple(signed), *course, diary)

    def _planned(self, one: Consultation) -> KeptConsultation:
        consents = tuple((consent, None) for consent in self._consents.of(one.id))
        course = (self._treatments.of(one.id), self._follow_ups.of(one.id))
        return KeptConsultation(one, (), self._plans_of(one, "plan.json"), consents, *course)

    def _plans_of(self, one: Consultation, *names: str) -> tuple[KeptPlan, ...]:
        return tuple(
            KeptPlan(
                plan,
                {name: self._plans.file(plan.id, name) for name in plan.files if not names or name in names},
                self._plans.choices(plan.id),
            )
            for plan in self._plans.of(one.id)
        )


def _patient_of(work: Work, row: InClinic) -> str:
    column = _PARENTS[type(row)]
    above: str = getattr(row, column)
    return above if column == "patient_id" else _patient_of(work, work.get(_ABOVE[column], above))
