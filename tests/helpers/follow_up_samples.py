"""A follow-up with two photographs, and its page."""

import io
from pathlib import Path

from app_samples import LEAST
from clinic_samples import Clinics, planned
from PIL import Image
from treated_rows import add_treatment, agree

from skinbeam_clinic.access import Role
from skinbeam_clinic.consultations.forms import make_submission
from skinbeam_clinic.follow_ups.models import FollowUp
from skinbeam_clinic.models import PhotographPermissions
from skinbeam_clinic.repositories import ClinicRepositories

__all__ = ["begin_follow_up", "consent", "page_of", "patient_of", "picture"]


def consent(repositories: ClinicRepositories, folder: Path, option: str = "0.0") -> tuple[str, str]:
    """A consultation with a plan that was consented to."""
    consultation = repositories.consultations.begin(repositories.patients.add().id, make_submission(LEAST.items()))
    record = repositories.plans.add(
        consultation.id, planned(make_submission(LEAST.items()), folder, lambda _: None), revision=1
    )
    return consultation.id, agree(repositories, record.id, option)


def picture(colour: str, size: tuple[int, int] = (300, 400), seconds: float | None = None) -> bytes:
    made, exif = io.BytesIO(), Image.Exif()
    if seconds is not None:
        exif.get_ifd(0x8769)[0x829A] = seconds
    Image.new("RGB", size, colour).save(made, "JPEG", exif=exif)
    return made.getvalue()


def begin_follow_up(clinics: Clinics, folder: Path) -> FollowUp:
    """A follow-up of a patient whom the owner treated; the assistant took two photographs and put them side by side."""
    owner = clinics.repositories(Role.OWNER)
    consultation, agreed = consent(owner, folder)
    made = owner.follow_ups.begin(add_treatment(owner, agreed, days_ago=100))
    faces = [
        clinics.repositories(Role.ASSISTANT)
        .photographs.add(consultation, picture(one), "image/jpeg", PhotographPermissions())
        .id
        for one in ("red", "pink")
    ]
    return clinics.repositories(Role.ASSISTANT).follow_ups.add_pair(made.id, *faces)


def patient_of(clinics: Clinics, one: FollowUp) -> str:
    return clinics.repositories().consultations.get(one.consultation_id).patient_id


def page_of(clinics: Clinics, role: Role, path: str) -> str:
    answer = clinics.browser(role).get(path)
    assert answer.status_code == 200
    return answer.text
