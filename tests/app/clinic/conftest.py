"""One app for the tests of a file."""

from collections.abc import Iterator

import pytest
from clinic_samples import Clinics, two_clinics


@pytest.fixture(scope="module")
def clinics(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinics]:
    with two_clinics(tmp_path_factory.mktemp("clinics")) as made:
        yield made
