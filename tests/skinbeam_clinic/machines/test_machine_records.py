"""The machines of a clinic: added and retired by its owner, and never two of one device with one serial number."""

import pytest

from skinbeam.model.errors import InputError
from skinbeam_clinic.access import Role
from skinbeam_clinic.accounts.passwords import PasswordHasher
from skinbeam_clinic.accounts.repository import AccountRepository, create_clinic
from skinbeam_clinic.database.connection import Database
from skinbeam_clinic.errors import DeniedError, RecordNotFoundError
from skinbeam_clinic.models import Member
from skinbeam_clinic.repositories import ClinicRepositories
from skinbeam_clinic.treatments.models import ClinicMachine


def added(repositories: ClinicRepositories, serial: str = "SYN-1", name: str = "Dye laser") -> ClinicMachine:
    return repositories.machines.add(device="pulsed-dye-595", serial=serial, name=name, room="2")


def test_a_machine_is_added_moved_retired_and_taken_into_use_again(repositories: ClinicRepositories) -> None:
    made = added(repositories)
    assert repositories.machines.get(made.id) == made
    moved = repositories.machines.update(made.id, name="Old dye laser", room="", version=made.version)
    assert (moved.name, moved.room, moved.device, moved.serial) == ("Old dye laser", "", "pulsed-dye-595", "SYN-1")
    gone = repositories.machines.set_in_use(made.id, in_use=False)
    assert gone.retired_at is not None
    assert repositories.machines.set_in_use(made.id, in_use=False) == gone
    assert repositories.machines.list_all() == (gone,)
    assert repositories.machines.set_in_use(made.id, in_use=True) == moved
    done = [step.action for step in repositories.audit_log.newest(10) if step.subject == f"machine/{made.id}"]
    assert done == ["machine.in-use", "machine.retired", "machine.changed", "machine.added"]


def test_machines_stand_by_name(repositories: ClinicRepositories) -> None:
    second, first = added(repositories, "SYN-1", "B"), added(repositories, "SYN-2", "A")
    assert repositories.machines.list_all() == (first, second)


@pytest.mark.parametrize(
    ("changed", "refused"),
    [
        ({"name": "Another"}, True),
        ({"name": "Another", "serial": " syn-1"}, True),
        ({"name": "Another", "serial": "SYN-2"}, False),
        ({"device": "ktp-532"}, True),
        ({"device": "ktp-532", "name": "dye  Laser"}, True),
        ({"device": "ktp-532", "name": "Another"}, False),
        ({"serial": "SYN-2"}, False),
    ],
)
def test_no_two_machines_of_a_device_or_of_a_name_have_one_serial_number(
    repositories: ClinicRepositories, changed: dict[str, str], refused: bool
) -> None:
    first = added(repositories)
    repositories.machines.set_in_use(first.id, in_use=False)  # it stays the machine that it is

    def add() -> ClinicMachine:
        return repositories.machines.add(**{"device": first.device, "serial": "SYN-1", "name": "Dye laser"} | changed)

    if not refused:
        assert add() in repositories.machines.list_all()
        return
    with pytest.raises(InputError, match="has the serial number SYN-1 already") as found:
        add()
    assert (found.value.code, found.value.field) == ("machine-known", "serial")
    assert len(repositories.machines.list_all()) == 1


def test_a_machine_is_not_renamed_to_be_taken_for_another_one(repositories: ClinicRepositories) -> None:
    first = added(repositories)
    second = repositories.machines.add(device="ktp-532", serial=first.serial, name="Green laser")
    with pytest.raises(InputError) as found:
        repositories.machines.update(second.id, name=first.name.upper(), room="", version=second.version)
    assert (found.value.code, found.value.field) == ("machine-known", "name")
    moved = repositories.machines.update(second.id, name="GREEN laser", room="4", version=second.version)
    assert (moved.name, moved.room) == ("GREEN laser", "4")


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"device": "pulsed-dye-596"}, "unknown-device"),
        ({"serial": ""}, "bad-machine"),
        ({"name": "x" * 81}, "bad-machine"),
        ({"room": "2\n"}, "bad-machine"),
    ],
)
def test_what_no_machine_can_be_is_refused(
    repositories: ClinicRepositories, changed: dict[str, str], code: str
) -> None:
    with pytest.raises(InputError) as found:
        repositories.machines.add(**{"device": "pulsed-dye-595", "serial": "SYN-1", "name": "Dye laser"} | changed)
    assert found.value.code == code
    assert repositories.machines.list_all() == ()


def test_only_an_owner_adds_and_all_read(
    database: Database, operator: Member, repositories: ClinicRepositories
) -> None:
    made = added(repositories)
    for role in set(Role) - {Role.OWNER}:
        other = ClinicRepositories(
            database, AccountRepository(database, operator, PasswordHasher()).add(role, role, "four words and a comma")
        )
        assert other.machines.list_all() == (made,)
        with pytest.raises(DeniedError):
            added(other, "SYN-2")
        with pytest.raises(DeniedError):
            other.machines.set_in_use(made.id, in_use=False)


def test_another_clinic_has_none_of_them(database: Database, repositories: ClinicRepositories) -> None:
    made = added(repositories)
    stranger = ClinicRepositories(database, create_clinic(database, "Hill Clinic", synthetic=True))
    assert stranger.machines.list_all() == ()
    with pytest.raises(RecordNotFoundError):
        stranger.machines.get(made.id)
    added(stranger)
