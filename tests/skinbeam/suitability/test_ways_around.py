"""Hazards by ways around them: whatever closes a gate stays closed however it is written, and wherever it comes in.

A row is a hazard, a column a way to leave it unsaid, to contradict it, to say it of another concern, to spell it
otherwise, or to bring it in by another door. Each cell says what must happen: a rule that speaks, or a refused input.
"""

import copy
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hazard_table import DOORS, TABLE, VEINS, WAYS, Cell, Hazard

from skinbeam.model.errors import InputError
from skinbeam.model.input_files import LoadedCase, case_from_tables, load_case
from skinbeam.suitability.judgement import judge_suitability
from skinbeam.suitability.table import decision_severity
from skinbeam_clinic.consultations.forms import make_submission


def tables_of(hazard: Hazard, cell: Cell) -> dict[str, Any]:
    """The tables of a case file; what a cell sets to None is left out."""
    patient = {"age_years": 40.0, "sex": "female", "phototype": "II"} | dict(cell.patient)
    concerns = cell.concerns or (hazard.concern,)
    return copy.deepcopy(
        {
            "patient": {key: value for key, value in patient.items() if value is not None},
            "concern": [{key: value for key, value in one.items() if value is not None} for one in concerns],
            **cell.more,
        }
    )


def rules_that_close(loaded: LoadedCase, hazard: Hazard) -> set[str]:
    """Rules that say at least what the hazard asks for, of every concern of the case."""
    case = loaded.case
    closed = []
    for concern in case.concern:
        found = judge_suitability(case, concern=concern, **hazard.choice)
        closed.append(
            {r.rule for r in found.reasons if decision_severity(r.decision) >= decision_severity(_least(hazard))}
        )
    return set.union(*closed)


def _least(hazard: Hazard) -> Any:
    return hazard.least


def spoken(loaded: LoadedCase, hazard: Hazard) -> set[str]:
    return {
        r.rule for c in loaded.case.concern for r in judge_suitability(loaded.case, concern=c, **hazard.choice).reasons
    }


def as_toml(value: Any) -> str:
    """A value of JSON types in one line of TOML."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {as_toml(one)}" for key, one in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(as_toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def by_file(tables: Mapping[str, Any], folder: Path) -> LoadedCase:
    file = folder / "case.toml"
    file.write_text("\n".join(f"{key} = {as_toml(value)}" for key, value in tables.items()), encoding="utf-8")
    return load_case(file)


def by_json(tables: Mapping[str, Any], folder: Path) -> LoadedCase:
    return case_from_tables(json.loads(json.dumps(tables)), folder, "case.json")


def by_form(tables: Mapping[str, Any], folder: Path) -> LoadedCase:
    fields: list[tuple[str, str]] = []

    def put(name: str, value: Any) -> None:
        if isinstance(value, bool):
            fields.append((name, "true" if value else "false"))
        elif isinstance(value, Mapping):
            for key, one in value.items():
                put(f"{name}.{key}", one)
        elif isinstance(value, list) and value and isinstance(value[0], Mapping):
            for index, one in enumerate(value):
                put(f"{name}.{index}", one)
        elif isinstance(value, list):
            for one in value:
                put(name, one)
        else:
            fields.append((name, str(value)))

    for key, value in tables.items():
        put(key, value)
    return case_from_tables(make_submission(fields).tables, folder, "form")


BY = {"file": by_file, "form": by_form, "json": by_json}
# What the form has no field for is refused there as an unknown key: nothing that was sent is passed over.
NOT_ON_THE_FORM = ("lesion",)


def test_every_cell_stands_in_the_table() -> None:
    for name, hazard in TABLE.items():
        assert tuple(hazard.cells) == WAYS, name


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", TABLE)
def test_a_hazard_stays_closed_whatever_the_way_and_the_door(name: str, way: str, door: str, tmp_path: Path) -> None:
    hazard = TABLE[name]
    cell = hazard.cells[way]
    tables = tables_of(hazard, cell)
    if door == "form" and set(tables) & set(NOT_ON_THE_FORM):
        with pytest.raises(InputError):
            by_form(tables, tmp_path)
        return
    if cell.fault:
        # A form leaves empty fields out, as a person leaves a line empty: then what is missing is told.
        empty = door == "form" and way == "blank"
        if empty and (name == "a tan" or cell.fault.endswith("[0]")):
            return  # an empty line of the form says nothing, and nothing is what it is read as
        with pytest.raises(InputError) as caught:
            BY[door](tables, tmp_path)
        assert caught.value.field == cell.fault or empty
        return
    loaded = BY[door](tables, tmp_path)
    if cell.rule == "pregnancy-ask" or cell.rule.startswith("medication-"):  # asked, not refused
        assert cell.rule in spoken(loaded, hazard)
    else:
        assert (cell.rule or hazard.rule) in rules_that_close(loaded, hazard)


@pytest.mark.parametrize("name", TABLE)
def test_without_the_hazard_the_same_choice_is_open(name: str, tmp_path: Path) -> None:
    """Or the cells above would be closed by something else."""
    hazard = TABLE[name]
    inert = Cell(concerns=(VEINS,) if "eye" in name or "melasma" in name else ())
    loaded = by_json(tables_of(hazard, inert), tmp_path)
    assert hazard.rule not in spoken(loaded, hazard)
    assert all(
        decision_severity(judge_suitability(loaded.case, concern=one, **hazard.choice).decision)
        < decision_severity("refer")
        for one in loaded.case.concern
    )
