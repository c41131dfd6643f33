"""Read from the records of a clinic what was done to a patient's skin there and what came of it."""

from skinbeam_clinic.patients.history import HistoryFact, list_session_facts, list_spot_facts
from skinbeam_clinic.repositories import ClinicRepositories

__all__ = ["read_history"]


def read_history(repositories: ClinicRepositories, patient_id: str) -> tuple[HistoryFact, ...]:
    """Return what was done to a patient's skin and what came of it, oldest first.

    A spot without a reading is left out, and so is a treatment in which nothing was fired.
    """
    spots = list_spot_facts(repositories.test_spots.of_patient(patient_id))
    consultations = [one.id for one in repositories.consultations.of(patient_id)]
    done = [one for id in consultations for one in repositories.treatments.of(id) if one.started_at and one.valid_areas]
    judged = [one for id in consultations if done for one in repositories.follow_ups.of(id)]
    return tuple(sorted([*spots, *list_session_facts(done, judged)], key=lambda fact: fact.fired_at))
