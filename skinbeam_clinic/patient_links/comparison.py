"""Two records side by side, so that whoever links them sees a mix-up: who each is, and what happened last."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from skinbeam.text import render_message
from skinbeam_clinic.appointments.models import AppointmentState
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.models import ConsultationRecord, PatientRecord
from skinbeam_clinic.patients.record_lines import RecordLine
from skinbeam_clinic.patients.timeline import make_timeline
from skinbeam_clinic.repositories import ClinicRepositories

__all__ = ["ComparedFact", "RecordSummary", "compare_facts", "summarize_record"]

_LAST_VISITS = 6
_FACTS = ("name", "born", "number", "sex", "phototype")


@dataclass(frozen=True)
class RecordSummary:
    """A record as the page shows it beside another one.

    Parameters
    ----------
    facts : fact → what the record says, empty where it says nothing; without those of a person while names are hidden.
    consultations : how many.
    visits : the last things that happened, the newest first.
    ahead : how many appointments are booked.
    """

    patient: PatientRecord
    facts: Mapping[str, str]
    consultations: int
    visits: tuple[RecordLine, ...]
    ahead: int


@dataclass(frozen=True)
class ComparedFact:
    """What two records state about a fact; `differs` where both state something different."""

    name: str
    closed_text: str
    kept_text: str

    @property
    def differs(self) -> bool:
        """Whether both records state something different; a year of birth fits each date in it."""
        one, other = sorted((self.closed_text.casefold(), self.kept_text.casefold()), key=len)
        return bool(one) and one != other and not (self.name == "born" and other.startswith(f"{one}-"))


def compare_facts(closed: RecordSummary, kept: RecordSummary) -> tuple[ComparedFact, ...]:
    """Return what two records say of the facts that at least one of them tells."""
    rows = (ComparedFact(name, closed.facts.get(name, ""), kept.facts.get(name, "")) for name in _FACTS)
    return tuple(row for row in rows if row.closed_text or row.kept_text)


def summarize_record(repositories: ClinicRepositories, patient_id: str, *, names_hidden: bool) -> RecordSummary:
    """Return what a record says of its person, and its last visits.

    Raises
    ------
    RecordNotFoundError : this clinic has no such patient.
    """
    patient, consultations = repositories.patients.get(patient_id), repositories.consultations.of(patient_id)
    contact = None if names_hidden else repositories.patients.get_contact(patient_id)
    details = {} if contact is None else contact.details
    year = "" if patient.year_of_birth is None else str(patient.year_of_birth)
    sex = _last_answer(consultations, "sex")
    facts = {
        "name": details.get("name", ""),
        "born": details.get("born", "") or year,
        "number": details.get("number", ""),
        "sex": render_message(f"app-sex.{sex}") if sex else "",
        "phototype": _last_answer(consultations, "phototype"),
    }
    ahead = (appointment for appointment in repositories.appointments.of(patient_id) if appointment.starts_at > now())
    return RecordSummary(
        patient,
        facts,
        len(consultations),
        make_timeline(repositories, consultations)[:_LAST_VISITS],
        sum(appointment.state is AppointmentState.BOOKED for appointment in ahead),
    )


def _last_answer(consultations: Sequence[ConsultationRecord], name: str) -> str:
    """Return the last answer to a question about the person; empty where nobody answered it."""
    given = (consultation.answers.tables.get("patient", {}).get(name, "") for consultation in reversed(consultations))
    return next((str(answer) for answer in given if answer), "")
