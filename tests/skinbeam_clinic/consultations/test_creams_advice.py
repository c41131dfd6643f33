"""Creams that a plan put before light are told at the next consultation, since its plan would wait for them again."""

import datetime
from dataclasses import replace

import pytest
from clinic_samples import Clinics, made_plan

from skinbeam_clinic.access import Role
from skinbeam_clinic.consultations.creams_advice import read_creams_advice
from skinbeam_clinic.consultations.forms import Submission
from skinbeam_clinic.database.columns import clock_set_to, now

MELASMA = (("concern.0.condition", "melasma"), ("concern.0.site", "cheeks"))
VEINS = (("concern.0.condition", "facial-telangiectasia"), ("concern.0.site", "cheeks"))
TOLD = "had creams and sun protection come first"


def planned(clinics: Clinics, days_ago: int, answers: tuple[tuple[str, str], ...]) -> tuple[str, str]:
    """A patient and a consultation whose plan was made some days ago."""
    repositories = clinics.repositories()
    with clock_set_to(now() - datetime.timedelta(days=days_ago)):
        patient = repositories.patients.add().id
        begun = repositories.consultations.begin(patient, Submission(answers))
        repositories.plans.add(begun.id, made_plan(), revision=begun.revision)
    return patient, begun.id


@pytest.mark.parametrize(
    ("days_ago", "answers", "months"),
    [
        (91, MELASMA, 3.0),  # thirteen weeks
        (60, (*MELASMA, ("concern.0.creams_months", "1")), 3.0),
        (45, MELASMA, 1.5),
        (5, MELASMA, None),
        (91, VEINS, None),
    ],
)
def test_the_next_form_tells_the_months_since_creams_were_advised(
    clinics: Clinics, days_ago: int, answers: tuple[tuple[str, str], ...], months: float | None
) -> None:
    """A plan at the end of three months of creams had them come first for another fourteen weeks."""
    patient, first = planned(clinics, days_ago, answers)
    following = clinics.repositories().consultations.begin(patient).id
    for consultation in (first, following):
        page = clinics.browser(Role.CLINICIAN).get(f"/consultations/{consultation}").text
        assert (TOLD in page) is (months is not None)
        if months is not None:
            assert f"enter {months:g} months" in page
    assert 'name="concern.0.creams_months" type="text" value=""' in page, "nobody has said that they were used"


def test_months_are_counted_from_the_first_plan_and_only_where_one_was_made(clinics: Clinics) -> None:
    patient, first = planned(clinics, 91, MELASMA)
    repositories = clinics.repositories()
    repositories.plans.add(
        first, replace(made_plan(), plan_sha256="b" * 64), revision=repositories.consultations.get(first).revision
    )
    (advice,) = read_creams_advice(repositories, patient)
    assert (advice.condition, advice.site, advice.months_until(now())) == ("melasma", "cheeks", 3.0)
    other = repositories.patients.add().id
    repositories.consultations.begin(other, Submission(MELASMA))
    assert read_creams_advice(repositories, other) == ()
