"""A sample clinic with made-up patients, which `make serve` serves."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from skinbeam.text import render_message
from skinbeam_clinic.access import Role
from skinbeam_clinic.accounts.passwords import PasswordHasher
from skinbeam_clinic.accounts.repository import AccountRepository, create_clinic
from skinbeam_clinic.consultations.answers import serialize_answers
from skinbeam_clinic.consultations.forms import Submission
from skinbeam_clinic.database.connection import FILES_VARIABLE, Database
from skinbeam_clinic.database.encryption import KEY_VARIABLE, generate_key
from skinbeam_clinic.database.revisions import open_database, upgrade_database
from skinbeam_clinic.repositories import ClinicRepositories

__all__ = ["make_sample_clinic"]

_SAMPLE_PATIENTS: tuple[tuple[int, tuple[tuple[str, str], ...]], ...] = (
    (
        1974,
        (
            ("patient.age_years", "52"),
            ("patient.sex", "female"),
            ("patient.phototype", "II"),
            ("concern.0.condition", "facial-telangiectasia"),
            ("concern.0.site", "cheeks"),
            ("concern.0.severity", "mild"),
        ),
    ),
    (
        1991,
        (
            ("patient.age_years", "35"),
            ("patient.sex", "male"),
            ("patient.phototype", "III"),
            ("concern.0.condition", "acne-scars"),
            ("concern.0.site", "cheeks"),
            ("concern.0.severity", "moderate"),
            ("patient.history", "hypertrophic-scar"),
        ),
    ),
    (
        1960,
        (
            ("patient.age_years", "66"),
            ("patient.sex", "female"),
            ("patient.phototype", "V"),
            ("concern.0.condition", "uneven-pigmentation"),
            ("concern.0.site", "full-face"),
        ),
    ),
)


@contextmanager
def make_sample_clinic(folder: Path, password: str) -> Iterator[Database]:
    """Yield a database with one clinic: one member per role, named after it, and made-up patients."""
    environment = {KEY_VARIABLE: generate_key(), FILES_VARIABLE: str(folder / "files")}
    address = str(folder / "clinic.sqlite")
    upgrade_database(address, environment)
    database = open_database(address, environment)
    try:
        operator = create_clinic(database, render_message("clinic.sample"), synthetic=True)
        accounts = AccountRepository(database, operator, PasswordHasher())
        members = {role: accounts.add(role.value, role, password) for role in Role}
        desk = ClinicRepositories(database, members[Role.CLINICIAN])
        for number, (year, entries) in enumerate(_SAMPLE_PATIENTS, 1):
            patient = desk.patients.add(render_message("clinic.sample-patient", {"number": number}), year_of_birth=year)
            desk.consultations.begin(patient.id, serialize_answers(Submission(entries)))
        yield database
    finally:
        database.close()
