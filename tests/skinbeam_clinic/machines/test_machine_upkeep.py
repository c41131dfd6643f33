"""What was done to a machine: the last entry of a kind counts, and what is overdue is told before a session."""

import datetime
import re

import pytest
from clinic_samples import Clinics

from skinbeam.model.errors import InputError
from skinbeam.text import LANGUAGES, Formatter, use_language
from skinbeam_clinic.access import Role
from skinbeam_clinic.machines.upkeep import UpkeepKind
from skinbeam_clinic.repositories import ClinicRepositories

TODAY = datetime.datetime.now(datetime.UTC).date()


def day(days: int) -> str:
    return (TODAY + datetime.timedelta(days=days)).isoformat()


def a_machine(repositories: ClinicRepositories, serial: str = "SYN-1") -> str:
    return repositories.machines.add(device="pulsed-dye-595", serial=serial, name=f"Dye laser {serial}").id


def test_the_last_entry_of_each_kind_counts(repositories: ClinicRepositories) -> None:
    machine, other = a_machine(repositories), a_machine(repositories, "SYN-2")
    add = repositories.machine_upkeep.add
    add(machine, kind="service", done_on=day(-400), due_on=day(-40))
    newest = add(machine, kind="service", done_on=day(-3), due_on=day(300), shots="120345")
    meter = add(machine, kind="meter", done_on=day(-400), due_on=day(-1))
    assert repositories.machine_upkeep.list_newest() == {machine: {UpkeepKind.SERVICE: newest, UpkeepKind.METER: meter}}
    assert (newest.shots, newest.is_overdue, meter.is_overdue) == (120345, False, True)
    again = add(other, kind="meter", done_on=day(0))
    assert repositories.machine_upkeep.list_newest()[other] == {UpkeepKind.METER: again}
    assert not again.is_overdue, "nobody said when it is due"
    actions = [one.action for one in repositories.audit_log.newest(20)]
    assert actions.count("machine.upkeep") == 4


@pytest.mark.parametrize(("wrong", "right"), [(-3, -400), (-400, -3), (-3, -3)])
def test_whatever_was_entered_wrongly_is_put_right_by_another_entry(
    repositories: ClinicRepositories, wrong: int, right: int
) -> None:
    """A day too late, a day too early, and a day that was right with another one when it is due."""
    machine, add = a_machine(repositories), repositories.machine_upkeep.add
    add(machine, kind="meter", done_on=day(wrong), due_on=day(wrong + 900))
    again = add(machine, kind="meter", done_on=day(right), due_on=day(right + 1))
    assert repositories.machine_upkeep.list_newest()[machine][UpkeepKind.METER] == again
    assert again.is_overdue


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_number_of_shots_is_read_as_a_page_writes_it(repositories: ClinicRepositories, language: str) -> None:
    with use_language(language):
        for shots in (0, 12, 9_999, 120_345, 12_000_000, 999_999_999_999):
            machine = a_machine(repositories, f"{language}-{shots}")
            for text in (str(shots), Formatter().number(shots)):
                assert repositories.machine_upkeep.add(machine, kind="meter", done_on=day(0), shots=text).shots == shots
    for text in ("120'345", "120’345", "120 345", "120\u202f345"):
        assert repositories.machine_upkeep.add(machine, kind="meter", done_on=day(0), shots=text).shots == 120_345


def test_an_entry_that_is_sent_twice_is_kept_once(clinics: Clinics, names: dict[str, str]) -> None:
    owner, records = clinics.browser(Role.OWNER), clinics.repositories().machine_upkeep
    here, before = f"/machines/{names['machine']}/upkeep", len(records.list_all())
    row = re.search(rf'action="{here}"><input type="hidden" name="row" value="(\w{{32}})"', owner.get("/machines").text)
    assert row
    for done_on in (day(-5), day(-5), day(-4)):
        assert owner.post(here, data={"kind": "service", "done_on": done_on, "row": row[1]}).status_code == 303
    assert len(records.list_all()) == before + 2, "filled in otherwise, the same form makes another entry"


def test_what_is_due_today_is_not_overdue(repositories: ClinicRepositories) -> None:
    machine = a_machine(repositories)
    assert not repositories.machine_upkeep.add(machine, kind="service", done_on=day(-9), due_on=day(0)).is_overdue


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"kind": "paint"}, "kind"),
        ({"done_on": day(2)}, "done_on"),
        ({"done_on": "31.02.2026"}, "done_on"),
        ({"done_on": "0001-01-01"}, "done_on"),
        ({"due_on": day(-20)}, "due_on"),
        ({"due_on": "soon"}, "due_on"),
        ({"shots": "-1"}, "shots"),
        ({"shots": "1.5"}, "shots"),
        ({"shots": "9" * 13}, "shots"),
        *(
            ({"shots": text}, "shots")
            for text in ("12,34", "1,2345", "1.234,567", "1,234,", ",234", "1,234,567,890,123")
        ),
    ],
)
def test_what_nobody_did_is_refused(repositories: ClinicRepositories, changed: dict[str, str], field: str) -> None:
    machine = a_machine(repositories)
    with pytest.raises(InputError) as found:
        repositories.machine_upkeep.add(machine, **{"kind": "service", "done_on": day(-10)} | changed)
    assert found.value.code in ("bad-upkeep", "number-not-whole")
    assert found.value.field == field
    assert repositories.machine_upkeep.list_newest() == {}


def test_the_page_shows_it_and_a_session_warns_of_what_is_overdue(clinics: Clinics, names: dict[str, str]) -> None:
    owner, session = clinics.browser(Role.OWNER), f"/treatments/{names['treatment']}"
    clinics.repositories().treatments.choose_machine(names["treatment"], names["machine"])
    assert "overdue" not in owner.get(session).text
    here = f"/machines/{names['machine']}/upkeep"
    wrong = owner.post(here, data={"kind": "service", "done_on": day(-400), "due_on": day(-500)})
    assert wrong.status_code == 422
    assert f'value="{day(-400)}"' in wrong.text, "what was typed is lost"
    sent = {"kind": "service", "done_on": day(-400), "due_on": day(-35), "shots": "99000"}
    assert owner.post(here, data=sent).status_code == 303
    page = owner.get("/machines").text
    assert "99,000 shots on its counter" in page
    assert "was due" in page
    assert "never entered" in page  # the energy meter
    assert "Overdue on this machine: Service." in owner.get(session).text
    owner.post(here, data=sent | {"done_on": day(-1), "due_on": day(300)})
    assert "overdue" not in owner.get(session).text
