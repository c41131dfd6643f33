"""Names within sentences."""

import pytest

from skinbeam.report.formatting import inline_name
from skinbeam.text import use_language


@pytest.mark.parametrize(
    ("name", "inline"),
    [("Acne scars", "acne scars"), ("Vitamin A cream", "vitamin A cream"), ("CO2 laser", "CO2 laser"), ("", "")],
)
def test_a_name_begins_in_lower_case_within_an_english_sentence(name: str, inline: str) -> None:
    assert inline_name(name) == inline


def test_a_german_name_keeps_its_capital() -> None:
    with use_language("de"):
        assert inline_name("Aknenarben") == "Aknenarben"
