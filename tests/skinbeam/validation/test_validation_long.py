"""The whole comparison with published experiments: `make validate` runs it and prints the verdicts by group."""

import pytest

from skinbeam.report.validation_page import is_drawable, render_validation, validation_text
from skinbeam.validation.published_rows import row_groups
from skinbeam.validation.validate import validate_document

pytestmark = pytest.mark.long


def test_every_row_has_a_verdict_and_every_number_its_figure() -> None:
    made = validate_document()
    print("\n" + validation_text(made).split("\nablative\n")[0])
    assert [row["id"] for row in made["rows"]] == [row.id for group in row_groups().values() for row in group.row]
    assert sum(group["rows"] for group in made["groups"]) == len(made["rows"])
    with_numbers = {(row["group"], row["independent"]) for row in made["rows"] if is_drawable(row)}
    assert render_validation(made).count("<img") == len(with_numbers) > 0
