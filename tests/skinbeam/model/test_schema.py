"""Properties of the case file: whatever is read, the answer is a checked case or one fault with its place."""

import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from skinbeam.model import units
from skinbeam.model.case import Case
from skinbeam.model.errors import InputError
from skinbeam.model.input_files import LoadedCase, parse_record
from skinbeam.model.vocabulary import (
    PHOTOTYPES,
    SEVERITIES,
    condition_subtypes,
    phototype_range,
    severity_range,
    vocabulary_table,
)

TABLES = sorted(Case.model_fields)
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(10**400), 10**400)
    | st.floats()
    | st.text(max_size=12)
    | st.dates()
    | st.sampled_from(["cheeks", "broken capillaries", "III-IV", "mild-moderate", "human", "spray", "pulsed-dye-595"])
)
KNOWN = ["age_years", "condition", "site", "fluence_J_cm2", "pulse_ms", "layer", "thickness_um", "device", "kind"]
keys = st.sampled_from(KNOWN) | st.text(max_size=8)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4), max_leaves=12
)


def read(tables: dict[str, Any]) -> Case | InputError:
    try:
        return parse_record(Case, tables, file="any.toml")
    except InputError as error:
        return error


@pytest.mark.parametrize("key", ["none", "int", "interval", "float", "str", "strata", "function-x", "list[x"])
def test_a_key_spelled_like_a_python_type_is_unknown_by_its_own_name(key: str) -> None:
    for tables, field in (
        ({key: None}, key),
        ({"patient": {key: 1}}, f"patient.{key}"),
        ({"concern": [{key: 1}]}, f"concern[0].{key}"),
    ):
        found = read(tables)
        assert isinstance(found, InputError)
        assert (found.code, found.field) == ("unknown-key", field)
        assert f'"{key}"' in found.message


# Keys spelled like the types that pydantic names in a fault's path once broke that path.
@example({"none": None})
@example({"patient": {"age_years": 40}})  # and what is a case is one, so that both ways are gone
@settings(max_examples=300)
@given(st.dictionaries(st.sampled_from(TABLES) | st.text(max_size=8), values, max_size=5))
def test_anything_is_a_case_or_one_fault(tables: dict[str, Any]) -> None:
    found = read(tables)
    if isinstance(found, InputError):
        assert all((found.code, found.message, found.field, found.hint))
        assert len(found.message) < 500
        return
    again = read(tables)
    assert isinstance(again, Case)
    assert LoadedCase(found, Path()).sha256() == LoadedCase(again, Path()).sha256()


@given(st.integers(0, 120), st.sampled_from(PHOTOTYPES), st.sampled_from(PHOTOTYPES))
def test_whole_numbers_and_ranges_have_one_form(age: int, one: str, other: str) -> None:
    low, high = sorted((one, other), key=PHOTOTYPES.index)
    as_int, as_float = (
        parse_record(Case, {"patient": {"age_years": number, "phototype": f"{low}-{high}"}}, file="x")
        for number in (age, float(age))
    )
    assert LoadedCase(as_int, Path()).sha256() == LoadedCase(as_float, Path()).sha256()
    assert as_int.patient is not None
    grade = as_int.patient.phototype
    assert grade is not None
    assert phototype_range(grade) == (PHOTOTYPES.index(low) + 1, PHOTOTYPES.index(high) + 1)
    if low != high:
        with pytest.raises(InputError, match="ends exchanged"):
            parse_record(Case, {"patient": {"age_years": age, "phototype": f"{high}-{low}"}}, file="x")


@pytest.mark.parametrize("grade", SEVERITIES)
def test_a_single_severity_is_a_range_of_one(grade: str) -> None:
    low, high = severity_range(grade)
    assert low == high == SEVERITIES.index(grade) + 1


@pytest.mark.parametrize(
    "subtypes", [["rolling", "boxcar"], ["boxcar", "rolling"], ["rolling", "boxcar", "rolling"]], ids=" ".join
)
def test_kinds_are_a_set_that_neither_order_nor_repetition_changes(subtypes: list[str]) -> None:
    case = read(case_tables("atrophic acne scars", subtypes))
    assert isinstance(case, Case)
    assert case.concern[0].subtypes == ["boxcar", "rolling"]


@pytest.mark.parametrize("condition", vocabulary_table("condition"))
def test_kinds_may_be_left_out_of_any_condition(condition: str) -> None:
    for tables in (case_tables(condition, []), {"concern": [{"condition": condition, "site": "cheeks"}]}):
        case = read(tables)
        assert isinstance(case, Case)
        assert case.concern[0].subtypes == []


@pytest.mark.parametrize("condition", vocabulary_table("condition"))
@pytest.mark.parametrize("word", ["rolling", "red", "epidermal", "Rolling", "tram-line"])
def test_a_kind_of_another_condition_is_refused_with_those_that_are_known(condition: str, word: str) -> None:
    known, found = condition_subtypes(condition), read(case_tables(condition, [*condition_subtypes(condition), word]))
    if word in known:
        assert isinstance(found, Case)
        return
    assert isinstance(found, InputError)
    assert (found.field, found.code) == ("concern[0].subtypes", "unknown-subtype" if known else "no-subtypes")
    assert f'"{word}"' in found.message
    assert condition in found.message
    assert all(name in found.hint for name in known)


def test_a_condition_that_is_not_known_is_reported_before_its_kinds() -> None:
    found = read(case_tables("scarlets", ["rolling"]))
    assert isinstance(found, InputError)
    assert found.field == "concern[0].condition"


def case_tables(condition: str, subtypes: list[str]) -> dict[str, Any]:
    return {"concern": [{"condition": condition, "site": "cheeks", "subtypes": subtypes}]}


@example("as people write it")
@example("\x00")
@given(st.text(max_size=40))
def test_a_title_never_enters_the_hash(title: str) -> None:
    tables = {"patient": {"age_years": 40}, "concern": [{"condition": "acne", "site": "nose"}]}
    plain = LoadedCase(parse_record(Case, tables, file="x"), Path()).sha256()
    titled = read({"title": title, **tables})
    if isinstance(titled, InputError):
        assert titled.field == "title"
    else:
        assert LoadedCase(titled, Path()).sha256() == plain


@given(st.floats(1e-6, 1e6))
def test_units_are_consistent(x: float) -> None:
    # Two roundings of a product: four units in the last place at most.
    close = {"rel_tol": 1e-15}
    assert math.isclose(x * units.J_CM2, x / units.CM**2, **close)
    assert math.isclose(x * units.PER_CM * units.CM, x, **close)
    assert math.isclose(x * units.MM / units.UM, x * 1000.0, **close)
    assert math.isclose(x * units.UM / units.NM, x * 1000.0, **close)
    assert math.isclose(x * units.DAY_S / units.HOUR_S, x * 24.0, **close)
    assert units.W_CM2 == units.J_CM2
