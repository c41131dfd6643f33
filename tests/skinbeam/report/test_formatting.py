"""Names within sentences."""

from typing import get_args

import pytest

from skinbeam.model.estimate import Estimate, EstimateKind
from skinbeam.report.formatting import display_value, inline_name
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


@pytest.mark.parametrize("kind", get_args(EstimateKind))
def test_no_range_counts_draws_that_were_not_made(kind: EstimateKind) -> None:
    """The gain that is kept after years is modelled from studies; it stood as "of such skins; modelled, 0 draws"."""
    note = display_value(Estimate(0.5, 0.2, 0.8, kind=kind, level=0.8, draws=0, basis=("a",))).note
    assert note
    assert "draws" not in note
    assert "skins" not in note
