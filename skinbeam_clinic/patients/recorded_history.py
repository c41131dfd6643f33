"""Read from the records of a clinic what was done to a patient's skin there and what came of it."""

from skinbeam_clinic.patients.history import (
    History,
    list_incomplete_rows,
    list_session_facts,
    list_spot_facts,
    list_typed_facts,
)
from skinbeam_clinic.repositories import ClinicRepositories

__all__ = ["read_history"]


def read_history(repositories: ClinicRepositories, patient_id: str) -> History:
    """Return what was done to a patient's skin and what came of it, in all records of the person.

    A spot without a reading is left out, and so is a treatment in which nothing was fired. Of another record of the
    person, what was typed there of earlier sessions and test spots counts, too: the form of this one never asked it.
    """
    spots = list_spot_facts(repositories.test_spots.of_patient(patient_id))
    consultations = repositories.consultations.of_person(patient_id)
    ids = [consultation.id for consultation in consultations]
    treatments = [treatment for id in ids for treatment in repositories.treatments.of(id)]
    judged = [follow_up for id in ids if treatments for follow_up in repositories.follow_ups.of(id)]
    recorded = [*spots, *list_session_facts(treatments, judged)]
    elsewhere = [consultation for consultation in consultations if consultation.patient_id != patient_id]
    facts = sorted([*recorded, *list_typed_facts(elsewhere, recorded)], key=lambda fact: fact.fired_at)
    return History(tuple(facts), tuple(list_incomplete_rows(elsewhere)))
