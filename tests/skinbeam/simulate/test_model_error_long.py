"""The errors that ship against a run of the whole comparison: `make derived` writes them anew."""

import pytest

from research.derived_tables.model_error import endpoint_table
from skinbeam.model.package_data import load_derived_table
from skinbeam.validation.validate import validate_model

pytestmark = pytest.mark.long


def test_the_errors_that_ship_are_those_of_a_fresh_run() -> None:
    found = endpoint_table(validate_model().endpoints)["endpoint"]
    assert load_derived_table("model_error")["endpoint"] == found, "run python -m research.derived_tables model_error"
