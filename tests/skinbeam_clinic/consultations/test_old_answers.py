"""Answers that count until the day on which they were typed are older by the next plan of the same consultation."""

import datetime

import pytest
from clinic_samples import Clinics

from skinbeam_clinic.access import Role
from skinbeam_clinic.consultations.forms import Submission
from skinbeam_clinic.database.columns import clock_set_to, now

SAID = "correct them to today"
SESSION = (("session.0.week", "0"), ("session.0.treats", "redness"))


@pytest.mark.parametrize(
    ("days_ago", "answers", "is_said"),
    [
        (7, (*SESSION, ("session.0.weeks_ago", "3")), True),
        (6, (*SESSION, ("session.0.weeks_ago", "3")), False),
        (7, SESSION, False),
        (7, (("patient.medications.0.name", "isotretinoin"), ("patient.medications.0.last_dose_months", "2")), True),
        (7, (("patient.medications.0.name", "isotretinoin"), ("patient.medications.0.last_dose_months", "0")), False),
    ],
)
def test_the_form_of_an_older_consultation_asks_for_times_until_today(
    clinics: Clinics, days_ago: int, answers: tuple[tuple[str, str], ...], is_said: bool
) -> None:
    repositories = clinics.repositories()
    with clock_set_to(now() - datetime.timedelta(days=days_ago)):
        begun = repositories.consultations.begin(repositories.patients.add().id, Submission(answers))
    here = f"/consultations/{begun.id}"
    assert (SAID in clinics.browser(Role.CLINICIAN).get(here).text) == is_said
    assert SAID not in clinics.browser(Role.AUDITOR).get(here).text  # who only reads corrects nothing
