"""One app for the tests of a file, and planning that takes no time."""

from collections.abc import Iterator
from typing import Any

import pytest
from clinic_samples import Clinics, planned, two_clinics

from skinbeam.app.clinic import consultations


@pytest.fixture(scope="module")
def clinics(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinics]:
    with two_clinics(tmp_path_factory.mktemp("clinics")) as made:
        yield made


@pytest.fixture(autouse=True)
def no_planning(monkeypatch: Any) -> None:
    monkeypatch.setattr(consultations, "consult", planned)
