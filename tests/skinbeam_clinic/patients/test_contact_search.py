"""A patient is found by what the desk is told: a name, a date of birth, a telephone, a number; by nobody else."""

import pytest
from clinic_samples import Clinics

from skinbeam_clinic.access import Role
from skinbeam_clinic.audit_log.repository import AuditLogRepository
from skinbeam_clinic.patients.contact_search import parse_contact_query
from skinbeam_clinic.repositories import ClinicRepositories

CONTACT = {
    "name": "Zoë Müller-Lüdenscheid",
    "born": "1974-03-05",
    "phone": "+49 (0)30 555-1234",
    "email": "zoe@example.org",
    "number": "A-4711",
}


@pytest.mark.parametrize(
    "asked",
    [
        *("zoe", "ZOË", "müller", "muller", "Ludensch", "Müller, Zoë", "mull zo"),
        *("1974-03-05", "5.3.1974", "05.03.1974"),
        *("030 5551234", "555 12 34", "+49 30 555", "0305551"),
        *("a-4711", " A-4711 "),
    ],
)
def test_who_is_meant_is_found(asked: str) -> None:
    assert parse_contact_query(asked).matches(CONTACT)


@pytest.mark.parametrize(
    "asked",
    [
        *("", " ", "z", "oë", "anna", "zoe anna", "%", "*", "example.org"),
        *("1974", "5.3.1975", "5.4.1974", "31.02.1974", "0", "555", "99555", "471", "A-471"),
    ],
)
def test_who_is_not_meant_is_not(asked: str) -> None:
    assert not parse_contact_query(asked).matches(CONTACT)
    assert not parse_contact_query(asked).matches({})


@pytest.mark.parametrize(
    "spellings",
    [
        ("Müller", "Muller", "Mueller", "Mu\u0308ller", "MÜLLER"),
        ("Weiß", "Weiss", "WEISS"),
        ("Løvgren", "Lovgren", "Loevgren"),
        ("Åsa", "Asa", "Aasa"),
        ("İbrahim Yılmaz", "ibrahim yilmaz", "IBRAHIM YILMAZ"),
        ("Þór Hróðmarsson", "Thor Hrodmarsson"),
        ("O'Donnell", "odonnell", "O’Donnell", "O\N{ZERO WIDTH SPACE}Donnell"),
        ("Anna-Lena", "Annalena", "anna\N{SOFT HYPHEN}lena"),
        ("مُحَمَّد", "محمد"),
    ],
)
def test_a_name_is_found_however_a_keyboard_spells_it(spellings: tuple[str, ...]) -> None:
    proper, *others = spellings
    for other in others:
        assert parse_contact_query(other).matches({"name": proper}), other
        assert parse_contact_query(proper).matches({"name": other}), other


@pytest.mark.parametrize("digits", ["19800101", "1980-01-01", "01.01.1980"])
def test_digits_are_looked_for_in_every_detail_that_they_may_be(digits: str) -> None:
    """Numbers of other programs, and of telephones, may read like a day on which somebody is born."""
    for detail in ({"born": "1980-01-01"}, {"number": digits}, {"phone": digits}):
        assert parse_contact_query(digits).matches(detail), detail


def test_a_number_is_found_with_or_without_the_code_of_its_country() -> None:
    stored = CONTACT | {"phone": "030 555 1234"}
    assert parse_contact_query("+49 30 5551234").matches(stored)
    assert not parse_contact_query("+49 40 5551234").matches(stored)


def test_a_search_finds_by_contact_who_has_the_right_to_it_and_writes_it_down(clinics: Clinics) -> None:
    repositories = clinics.repositories()
    patient = repositories.patients.add("Kestrel")
    repositories.patients.add("Zoetrope")
    repositories.patients.set_contact(patient.id, CONTACT)
    for role in (Role.OWNER, Role.CLINICIAN, Role.ASSISTANT):
        page = clinics.browser(role).post("/search", data={"pseudonym": "5.3.1974"}).text
        assert "Kestrel" in page
        assert "Zoetrope" not in page
        assert "Müller" in page
    page = clinics.browser(Role.OWNER).post("/search", data={"pseudonym": "zoe"}).text
    assert {"Kestrel", "Zoetrope"} <= {text.strip(" ·") for text in page.replace("<", ">").split(">")}
    log = clinics.repositories(Role.OWNER).audit_log
    before = searches(log)
    assert before == 4
    hidden = clinics.browser(Role.AUDITOR).post("/search", data={"pseudonym": "5.3.1974"}).text
    assert "Kestrel" not in hidden
    assert "Pseudonym contains" in hidden
    assert searches(log) == before


def searches(log: AuditLogRepository) -> int:
    """How often contact details were searched."""
    return sum("contacts.searched" in str(one.records_read) for one in log.newest(1000))


def test_nobody_who_was_erased_is_found(repositories: ClinicRepositories) -> None:
    patient = repositories.patients.add("Merlin")
    repositories.patients.set_contact(patient.id, CONTACT)
    assert repositories.patients.search("müller", 10)[1] == 1
    repositories.erasure.erase(patient.id, retention_years=0)
    assert repositories.patients.search("müller", 10) == ((), 0)
