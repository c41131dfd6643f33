"""For how many months creams may have come first on a patient's concerns, by the plans that advised them.

A plan puts creams before light on melasma and dark marks. Whether they were used nobody knows but the patient, so that
the form tells the months and a clinician enters them.
"""

import datetime
from collections.abc import Iterator
from dataclasses import dataclass

from skinbeam.model.units import DAYS_PER_MONTH
from skinbeam.model.vocabulary import CREAMS_FIRST
from skinbeam_clinic.consultations.forms import Submission
from skinbeam_clinic.repositories import ClinicRepositories
from skinbeam_clinic.typed_numbers import parse_stored_number

__all__ = ["CreamsAdvice", "read_creams_advice"]

_LEAST_MONTHS = 0.5


@dataclass(frozen=True)
class CreamsAdvice:
    """The first plan that put creams before light on a condition at a site.

    Parameters
    ----------
    months_before : for which they had been used by then, as it was entered.
    """

    condition: str
    site: str
    months_before: float
    planned_at: datetime.datetime

    def months_until(self, day: datetime.datetime) -> float:
        """Return the months until a day if they were used ever since, in halves."""
        since = (day - self.planned_at).days / DAYS_PER_MONTH
        return self.months_before + round(since / _LEAST_MONTHS) * _LEAST_MONTHS

    def is_worth_telling(self, day: datetime.datetime) -> bool:
        """Return whether months have passed that nobody has entered yet."""
        return self.months_until(day) >= self.months_before + _LEAST_MONTHS


def read_creams_advice(repositories: ClinicRepositories, patient_id: str) -> tuple[CreamsAdvice, ...]:
    """Return the first advice on each condition at each site, in all records of the person, oldest first."""
    found: dict[tuple[str, str], CreamsAdvice] = {}
    for consultation in repositories.consultations.of_person(patient_id):
        concerns = list(_concerns_with_creams(consultation.answers))
        plans = repositories.plans.of(consultation.id) if concerns else ()
        for condition, site, months in concerns if plans else ():
            advice = CreamsAdvice(condition, site, months, plans[0].made_at)
            found.setdefault((condition, site), advice)
    return tuple(found.values())


def _concerns_with_creams(answers: Submission) -> Iterator[tuple[str, str, float]]:
    """Yield condition, site and the entered months of each concern on which creams come first."""
    values = dict(answers.entries)
    for number in answers.row_numbers("concern"):
        condition, site = (values.get(f"concern.{number}.{key}", "") for key in ("condition", "site"))
        if condition in CREAMS_FIRST and site:
            yield condition, site, parse_stored_number(values.get(f"concern.{number}.creams_months", "")) or 0.0
