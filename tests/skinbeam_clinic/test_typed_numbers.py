"""Numbers that people type are read by one rule, in the languages of all who write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skinbeam.model.errors import InputError
from skinbeam.text import use_language
from skinbeam_clinic.typed_numbers import parse_number, parse_whole_number, read_number, write_number


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("40", 40.0),
        (" 4,25 ", 4.25),
        (".5", 0.5),
        ("−12,5", -12.5),
        ("0.125", 0.125),
        ("1234.567", 1234.567),
        ("12 500", 12_500.0),
        ("12\N{NARROW NO-BREAK SPACE}500,5", 12_500.5),
        ("1\N{RIGHT SINGLE QUOTATION MARK}200", 1200.0),
        ("1,234,567", 1_234_567.0),
        ("1.234,5", 1234.5),
        ("1,234.5", 1234.5),
        ("10 J/cm²", 10.0),
        ("10J / cm2", 10.0),
        ("10 J/cm^2", 10.0),
    ],
)
def test_what_can_mean_one_number_is_read(text: str, value: float) -> None:
    assert parse_number(text, "fluence_J_cm2") == value


@pytest.mark.parametrize(
    "text",
    [
        "1,000",
        "1.200",
        "12.345",
        "",
        "ten",
        "5,",
        "1,2,3",
        "1 2",
        "12,34.5",
        "1e308",
        "9" * 309,
        "nan",
        "inf",
        "10 mJ",
        "٣",
        "4²",
    ],
)
def test_what_is_unclear_or_no_number_is_not_read(text: str) -> None:
    assert parse_number(text, "fluence_J_cm2") is None


@pytest.mark.parametrize(("language", "decimal"), [("en", "1.2"), ("de", "1,2")])
def test_who_types_an_unclear_number_is_told_both_readings(language: str, decimal: str) -> None:
    with use_language(language), pytest.raises(InputError, match=r"1\.200") as refused:
        read_number("1.200", "fluence_J_cm2", "Fluence")
    assert refused.value.code == "number-unclear"
    assert f"{decimal}" in refused.value.hint
    assert "1200" in refused.value.hint


def test_the_unit_of_a_time_is_read_in_the_language_of_the_page() -> None:
    with use_language("de"):
        assert parse_number("42 Jahre", "patient.age_years") == 42.0


@pytest.mark.parametrize(("text", "count"), [("1,000", 1000), ("125.000", 125_000), ("24", 24), ("30 min", 30)])
def test_in_a_whole_number_a_sign_can_only_separate_thousands(text: str, count: int) -> None:
    assert parse_whole_number(text, "minutes") == count


@pytest.mark.parametrize("text", ["1.5", "-3", "", "1 5", "12 h"])
def test_what_is_no_whole_number_is_not_read(text: str) -> None:
    assert parse_whole_number(text, "minutes") is None


@given(st.integers(-(10**9), 10**9), st.integers(0, 6))
def test_what_is_written_into_a_field_is_read_back(digits: int, decimals: int) -> None:
    value = digits / 10**decimals
    assert parse_number(write_number(value)) == value
