"""A clinic to try: made-up people; `make serve` serves it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from skinbeam.app.clinic.answers import kept_answers
from skinbeam.app.forms import Submission
from skinbeam.messages import text
from skinbeam.records.desk.desk import Desk
from skinbeam.records.people.accounts import Accounts, create_clinic
from skinbeam.records.people.passwords import Passwords
from skinbeam.records.roles import Role
from skinbeam.records.store.database import FOLDER_VARIABLE, Database
from skinbeam.records.store.keys import VARIABLE, fresh_key
from skinbeam.records.store.upgrades import open_database, set_up

__all__ = ["sample_clinic"]

_PEOPLE: tuple[tuple[int, tuple[tuple[str, str], ...]], ...] = (
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
def sample_clinic(folder: Path, password: str) -> Iterator[Database]:
    """Give a database with one clinic: a member of each role, by its name, and made-up patients with consultations."""
    environment = {VARIABLE: fresh_key(), FOLDER_VARIABLE: str(folder / "files")}
    address = str(folder / "clinic.sqlite")
    set_up(address, environment)
    database = open_database(address, environment)
    try:
        operator = create_clinic(database, text("clinic.sample"), synthetic=True)
        accounts = Accounts(database, operator, Passwords())
        members = {role: accounts.add(role.value, role, password) for role in Role}
        desk = Desk(database, members[Role.CLINICIAN])
        for number, (year, entries) in enumerate(_PEOPLE, 1):
            patient = desk.patients.add(text("clinic.sample-patient", {"number": number}), year_of_birth=year)
            desk.consultations.begin(patient.id, kept_answers(Submission(entries)))
        yield database
    finally:
        database.close()
