"""The place of an option in a plan as text."""

import pytest

from skinbeam_clinic.errors import RecordNotFoundError
from skinbeam_clinic.plans.option_ref import OptionRef


def test_a_place_is_the_concern_and_the_option_in_it() -> None:
    assert OptionRef.parse("2.11") == OptionRef(concern=2, option=11)
    assert str(OptionRef(2, 11)) == "2.11"


def test_places_stand_in_the_order_of_their_numbers() -> None:
    """As texts, 10.0 would stand before 2.0."""
    assert sorted(map(OptionRef.parse, ("10.0", "2.1", "2.0"))) == [OptionRef(2, 0), OptionRef(2, 1), OptionRef(10, 0)]


@pytest.mark.parametrize("text", ["", "1", "1.", ".1", "1.2.3", "-1.0", "1.x", "1.0 ", "1000.0", "١.٠"])
def test_another_text_names_no_option(text: str) -> None:
    assert OptionRef.find(text) is None
    with pytest.raises(RecordNotFoundError):
        OptionRef.parse(text)
