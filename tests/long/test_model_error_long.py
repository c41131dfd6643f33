"""The errors that ship against a run of the whole comparison: `make model-error` writes them anew."""

from importlib import resources

import pytest

from skinbeam.validation.model_error_file import written
from skinbeam.validation.validate import validate_document

pytestmark = pytest.mark.long


def test_the_errors_that_ship_are_those_of_a_fresh_run() -> None:
    shipped = (resources.files("skinbeam") / "data" / "model_error.toml").read_text(encoding="utf-8")
    assert shipped == written(validate_document()["endpoints"]), "run make model-error"
