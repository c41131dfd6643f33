"""The hint for a missing key says what to give: of every kind of input file, and of every key that may be missing."""

import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError, create_model

from skinbeam.model.case import Case
from skinbeam.model.device_file import DeviceFile
from skinbeam.model.errors import InputError
from skinbeam.model.input_faults import nested_table
from skinbeam.model.input_files import parse_record
from skinbeam.model.package_data import load_package_table
from skinbeam.simulate.layers_schema.layers import LayersFile
from skinbeam.sweeps.sweep_file import SweepFile

Place = tuple[str, ...]
SHOWN = load_package_table("data/key_examples.toml")
SAYS = ("One of: ", "one of: ", "such as ", "Write [[head]]", "[sample.fields]")


def required(model: type[BaseModel], above: Place = ()) -> Iterator[tuple[Place, type[BaseModel]]]:
    """Every required key with its place and the table that it stands in."""
    for name, field in model.model_fields.items():
        if field.is_required():
            yield (*above, name), model
        inner = nested_table(field.annotation)
        if inner is not None:
            yield from required(inner, (*above, name))


KEYS = [(top, place, table) for top in (Case, DeviceFile, LayersFile, SweepFile) for place, table in required(top)]


def tables_without(model: type[BaseModel], place: Place) -> dict[str, object]:
    """The tables that lead to a key, without the key."""
    if len(place) == 1:
        return {}
    field = model.model_fields[place[0]]
    inner = nested_table(field.annotation)
    assert inner is not None
    below = tables_without(inner, place[1:])
    return {place[0]: [below] if "list[" in str(field.annotation) else below}


def missing_hint(model: type[BaseModel], place: Place) -> str:
    with pytest.raises(InputError) as refused:
        parse_record(model, tables_without(model, place), file="file.toml")
    for fault in (refused.value, *refused.value.further_errors):
        if fault.code == "missing-key" and fault.field.replace("[0]", "") == ".".join(place):
            return fault.hint
    raise AssertionError(f"{place} was not missed")


@pytest.mark.parametrize(
    ("model", "place", "table"), KEYS, ids=lambda value: ".".join(value) if isinstance(value, tuple) else None
)
def test_a_missing_key_is_shown_by_a_value_that_it_takes(
    model: type[BaseModel], place: Place, table: type[BaseModel]
) -> None:
    hint = missing_hint(model, place)
    assert any(words in hint for words in SAYS), (place, hint)
    start = f"Give it, such as {place[-1]} = "
    if hint.startswith(start):
        written = SHOWN["example"].get(".".join(place[-2:])) or SHOWN["example"][place[-1]]
        assert hint.startswith(f"{start}{written}.")
        field = table.model_fields[place[-1]]
        declared: Any = {place[-1]: (field.annotation, field)}
        probe = create_model("Probe", **declared)
        try:
            probe.model_validate(tomllib.loads(f"{place[-1]} = {written}"))
        except ValidationError as error:
            pytest.fail(f"{place}: {error}")


def test_every_example_and_meaning_is_of_a_key_that_may_be_missing() -> None:
    named = {name for _, place, _ in KEYS for name in (place[-1], ".".join(place[-2:]))}
    assert set(SHOWN["example"]) | set(SHOWN["meaning"]) <= named


@pytest.mark.parametrize(
    ("model", "place", "words"),
    [
        (Case, ("concern", "site"), 'site = "cheeks"'),
        (Case, ("concern", "condition"), "`skinbeam conditions`"),
        (Case, ("patient", "age_years"), "A number from 0 to 120 years."),
        (Case, ("patient", "keloid_decision", "allows"), "each item is one of: ablative, fractional-ablative."),
        (Case, ("test_spot", "device"), "`skinbeam lasers`"),
        (Case, ("test_spot", "read_after_h"), "hours"),
        (Case, ("test_spot", "reaction"), "One of: none, redness"),
        (Case, ("skin", "layer", "g"), "The anisotropy of scattering"),
        (Case, ("microbeam", "density_per_cm2"), "1/cm²"),
        (SweepFile, ("sample", "n"), "n = 1000"),
    ],
)
def test_hints_name_unit_meaning_and_known_words(model: type[BaseModel], place: Place, words: str) -> None:
    assert words in missing_hint(model, place)
