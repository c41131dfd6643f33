"""The line to a PostgreSQL server: encrypted and checked where it leaves this machine, and never less in silence."""

import pytest

from skinbeam.model.errors import InputError
from skinbeam_clinic.database.connection import database_url


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PGHOST", "PGHOSTADDR", "PGSERVICE", "PGSSLMODE", "PGSSLROOTCERT"):
        monkeypatch.delenv(name, raising=False)


def query(address: str) -> dict[str, object]:
    return dict(database_url(address).query)


@pytest.mark.parametrize(
    "address",
    [
        "postgresql:///clinic",
        "postgresql://user@/clinic?host=/run/postgresql",
        "postgresql://user@localhost/clinic",
        "postgresql://user@127.0.0.1:5433/clinic",
        "postgresql://user@[::1]/clinic",
    ],
)
def test_on_this_machine_the_address_stays_as_it_is(address: str) -> None:
    assert "sslmode" not in query(address)


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://user@db.clinic.example/clinic",
        "postgres://user@192.0.2.7:5432/clinic",
        "postgresql://user@/clinic?host=db.clinic.example",
        "postgresql://user@localhost/clinic?hostaddr=192.0.2.7",
        "postgresql://user@/clinic?service=far",
        "postgresql://user@/clinic?host=/run/postgresql,db.clinic.example",
    ],
)
def test_to_another_machine_the_certificate_is_checked(address: str) -> None:
    assert query(address) | {"sslmode": "verify-full", "sslrootcert": "system"} == query(address)


@pytest.mark.parametrize(
    ("name", "value"), [("PGHOST", "db.clinic.example"), ("PGHOSTADDR", "192.0.2.7"), ("PGSERVICE", "far")]
)
def test_the_host_of_the_environment_counts_too(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    assert query("postgresql:///clinic")["sslmode"] == "verify-full"


def test_a_private_authority_stays_the_one_that_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    named = query("postgresql://user@db.clinic.example/clinic?sslrootcert=/etc/skinbeam/ca.pem")
    assert (named["sslmode"], named["sslrootcert"]) == ("verify-full", "/etc/skinbeam/ca.pem")
    monkeypatch.setenv("PGSSLROOTCERT", "/etc/skinbeam/ca.pem")
    assert "sslrootcert" not in query("postgresql://user@db.clinic.example/clinic")


@pytest.mark.parametrize("mode", ["allow", "prefer"])
def test_a_mode_that_gives_way_is_refused(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match=f"sslmode={mode} would go on without encryption"):
        database_url(f"postgresql://user@db.clinic.example/clinic?sslmode={mode}")
    monkeypatch.setenv("PGSSLMODE", mode)
    with pytest.raises(InputError, match="without encryption"):
        database_url("postgresql://user@db.clinic.example/clinic")


def test_two_modes_are_refused() -> None:
    with pytest.raises(InputError, match="sslmode=prefer,prefer would go on without encryption"):
        database_url("postgresql://user@db.clinic.example/clinic?sslmode=prefer&sslmode=prefer")


@pytest.mark.parametrize("mode", ["disable", "require", "verify-ca"])
def test_what_somebody_wrote_on_purpose_is_taken(mode: str) -> None:
    assert query(f"postgresql://user@db.clinic.example/clinic?sslmode={mode}") == {"sslmode": mode}
