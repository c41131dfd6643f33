"""The whole comparison with published experiments: `make validate` runs it and prints the verdicts by group."""

import pytest

from skinbeam.validation.published_rows import row_groups
from skinbeam.validation.validate import validate_model
from skinbeam.validation.validation_page import is_drawable, render_validation, validation_text

pytestmark = pytest.mark.long


def test_every_row_has_a_verdict_and_every_number_its_figure() -> None:
    made = validate_model()
    print("\n" + validation_text(made).split("\nablative\n")[0])
    assert [found.row.id for found in made.rows] == [row.id for group in row_groups().values() for row in group.row]
    with_numbers = {(name, row.independent) for name, found in made.groups.items() for row in found if is_drawable(row)}
    assert render_validation(made).count("<img") == len(with_numbers) > 0
