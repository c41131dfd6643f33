"""Hazards by ways around them: whatever closes a gate stays closed however it is written, and wherever it comes in.

A row is a hazard, a column a way to leave it unsaid, to contradict it, to say it of another concern, to spell it
otherwise, or to bring it in by another door. Each cell says what must happen: a rule that speaks, or a refused input.
"""

import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from skinbeam.app.forms import submission
from skinbeam.errors import InputError
from skinbeam.plan.rules.reason import severity
from skinbeam.plan.rules.suitability import judge
from skinbeam.schema.load import LoadedCase, load_case, loaded_case

WAYS = ("plain", "blank", "contradicting", "another concern", "another spelling")
DOORS = ("file", "form", "json")

NAMED = {
    "diagnosed": True,
    "diagnosed_by": "dermatologist",
    "diagnosis_method": "dermoscopy",
    "diagnosis_date": "2026-03-02",
}
VEINS = {"condition": "facial-telangiectasia", "site": "cheeks"}
SPOTS = {"condition": "age-spots", "site": "cheeks", **NAMED}
WRINKLES = {"condition": "wrinkles", "site": "cheeks"}
EYES = {"condition": "facial-telangiectasia", "site": "eyelid"}


@dataclass(frozen=True)
class Cell:
    """What a case file says in a cell, and what must happen: `rule` speaks, or the input is refused at `fault`."""

    patient: Mapping[str, Any] = field(default_factory=dict)
    concerns: tuple[Mapping[str, Any], ...] = ()
    more: Mapping[str, Any] = field(default_factory=dict)
    rule: str = ""
    fault: str = ""


@dataclass(frozen=True)
class Hazard:
    """A row: the choice that must not be open, the rule that closes it, and what each column changes."""

    choice: Mapping[str, Any]
    rule: str
    concern: Mapping[str, Any]
    cells: Mapping[str, Cell]
    least: str = "refer"


def drug(*names: str) -> dict[str, Any]:
    return {"medications": [{"name": name, "last_dose_months": 1.0} for name in names]}


def spot(**changed: Any) -> dict[str, Any]:
    made = {
        "device": "pulsed-dye-595",
        "site": "cheeks",
        "fluence_J_cm2": 6.0,
        "read_after_h": 24.0,
        "reaction": "blister",
    }
    return {"test_spot": [{key: value for key, value in (made | changed).items() if value is not None}]}


ABLATE = {"modality": "ablative"}
SHORT = {"modality": "pigment-short-pulse", "device_wavelength_nm": 1064.0, "pulse_ms": 1e-5}
GREEN = {"modality": "pigment-short-pulse", "device_wavelength_nm": 532.0, "pulse_ms": 1e-5}
DYE = {"modality": "vascular", "device_wavelength_nm": 595.0, "pulse_ms": 10.0}
DEEP = {"modality": "vascular", "device_wavelength_nm": 1064.0, "pulse_ms": 20.0}

TABLE: dict[str, Hazard] = {
    "pregnancy": Hazard(
        DYE,
        "pregnancy",
        VEINS,
        {
            "plain": Cell({"pregnant": True}),
            "blank": Cell({"pregnant": None}, rule="pregnancy-ask"),
            "contradicting": Cell({"pregnant": True, "sex": "male"}),
            "another concern": Cell({"pregnant": True}, (SPOTS, WRINKLES)),
            "another spelling": Cell({"pregnant": "yes"}, fault="patient.pregnant"),
        },
    ),
    "isotretinoin before ablation": Hazard(
        ABLATE,
        "isotretinoin-full-field-ablation",
        WRINKLES,
        {
            "plain": Cell(drug("isotretinoin")),
            "blank": Cell(drug("?"), rule="medication-not-checked"),
            "contradicting": Cell(
                {
                    "medications": [
                        {"name": "isotretinoin", "last_dose_months": 30.0},
                        {"name": "isotretinoin", "last_dose_months": 1.0},
                    ]
                }
            ),
            "another concern": Cell(drug("isotretinoin"), (VEINS,)),
            "another spelling": Cell(drug("Isotretinion 20mg")),
        },
    ),
    "a brand of isotretinoin": Hazard(
        ABLATE,
        "isotretinoin-full-field-ablation",
        WRINKLES,
        {
            "plain": Cell(drug("Roacutan")),
            "blank": Cell(drug("-"), rule="medication-not-checked"),
            "contradicting": Cell(drug("Aknenormin", "none")),
            "another concern": Cell(drug("Aknenormin"), (SPOTS,)),
            "another spelling": Cell(drug("iso-tretinoïn Kapseln")),
        },
    ),
    "steroids by mouth before ablation": Hazard(
        ABLATE,
        "healing-disease-full-field",
        WRINKLES,
        {
            "plain": Cell(drug("prednisolone")),
            "blank": Cell(drug("unknown"), rule="medication-not-checked"),
            "contradicting": Cell(drug("none", "prednisolone")),
            "another concern": Cell(drug("prednisolone"), (VEINS,)),
            "another spelling": Cell(drug("Prednison")),
        },
    ),
    "an undiagnosed brown spot": Hazard(
        SHORT,
        "pigmented-lesion-undiagnosed",
        SPOTS,
        {
            "plain": Cell(concerns=({**SPOTS, **dict.fromkeys(NAMED), "diagnosed": False},)),
            "blank": Cell(concerns=({**SPOTS, "diagnosed_by": " "},), fault="concern[0].diagnosed_by"),
            "contradicting": Cell(more={"lesion": [{"kind": "undiagnosed"}]}),
            "another concern": Cell(concerns=(SPOTS, {"condition": "freckles", "site": "full-face"})),
            "another spelling": Cell(concerns=({"condition": "Liver Spots", "site": "Cheek"},)),
        },
    ),
    "a diagnosis by nobody": Hazard(
        SHORT,
        "pigmented-lesion-undiagnosed",
        SPOTS,
        {
            "plain": Cell(concerns=({**SPOTS, "diagnosed_by": "nobody"},), fault="concern[0].diagnosed_by"),
            "blank": Cell(concerns=({**SPOTS, "diagnosis_method": ""},), fault="concern[0].diagnosis_method"),
            "contradicting": Cell(
                concerns=({**SPOTS, "diagnosis_date": "2999-01-01"},), fault="concern[0].diagnosis_date"
            ),
            "another concern": Cell(
                concerns=(VEINS, {**SPOTS, "diagnosed_by": "N/A"}), fault="concern[1].diagnosed_by"
            ),
            "another spelling": Cell(concerns=({**SPOTS, "diagnosed_by": "My-self"},), fault="concern[0].diagnosed_by"),
        },
    ),
    "a spot that changes": Hazard(
        SHORT,
        "lesion-signs",
        SPOTS,
        {
            "plain": Cell(concerns=({**SPOTS, "lesion_signs": ["changing"]},)),
            "blank": Cell(concerns=({**SPOTS, "lesion_signs": [""]},), fault="concern[0].lesion_signs[0]"),
            "contradicting": Cell(concerns=({**SPOTS, "diagnosis_method": "biopsy", "lesion_signs": ["bleeding"]},)),
            "another concern": Cell(concerns=(SPOTS, {**VEINS, "lesion_signs": ["irregular"]})),
            "another spelling": Cell(
                concerns=({**SPOTS, "lesion_signs": ["Changing"]},), fault="concern[0].lesion_signs[0]"
            ),
        },
    ),
    "a keloid before fractional ablation": Hazard(
        {"modality": "fractional-ablative"},
        "keloid-ablation",
        WRINKLES,
        {
            "plain": Cell({"history": ["keloid"]}),
            "blank": Cell(
                {
                    "history": ["keloid"],
                    "keloid_decision": {"by": "", "date": "2026-03-02", "allows": ["fractional-ablative"]},
                },
                fault="patient.keloid_decision.by",
            ),
            "contradicting": Cell(
                {
                    "history": ["keloid"],
                    "keloid_decision": {"by": "dermatologist", "date": "2026-03-02", "allows": ["ablative"]},
                }
            ),
            "another concern": Cell(concerns=(WRINKLES, {"condition": "keloid", "site": "decolletage"})),
            "another spelling": Cell(concerns=(WRINKLES, {"condition": "Keloids", "site": "chest"})),
        },
    ),
    "dark skin before full-field ablation": Hazard(
        ABLATE,
        "dark-skin-full-field",
        WRINKLES,
        {
            "plain": Cell({"phototype": "V"}),
            "blank": Cell({"phototype": None}, rule="colour-not-known"),
            "contradicting": Cell({"phototype": "II", "ita_deg": -40.0}),
            "another concern": Cell({"phototype": "VI"}, (VEINS, SPOTS)),
            "another spelling": Cell({"phototype": "5"}, fault="patient.phototype"),
        },
    ),
    "dark skin before short green pulses": Hazard(
        GREEN,
        "short-pulse-green-dark-skin",
        SPOTS,
        {
            "plain": Cell({"phototype": "V"}),
            "blank": Cell({"phototype": None}, rule="colour-not-known"),
            "contradicting": Cell({"phototype": "I-V"}),
            "another concern": Cell({"phototype": "VI"}, ({**SPOTS, "condition": "freckles"},)),
            "another spelling": Cell({"phototype": "v"}, fault="patient.phototype"),
        },
    ),
    "melasma before short green pulses": Hazard(
        GREEN,
        "short-pulse-green-melasma",
        {**SPOTS, "condition": "melasma"},
        {
            "plain": Cell(),
            "blank": Cell({"phototype": None}),
            "contradicting": Cell({"phototype": "I", "ita_deg": 58.0}),
            "another concern": Cell(concerns=({**SPOTS, "condition": "melasma"}, SPOTS)),
            "another spelling": Cell(concerns=({**SPOTS, "condition": "dark marks"},)),
        },
    ),
    "a tan": Hazard(
        DYE,
        "tanned-skin",
        VEINS,
        {
            "plain": Cell({"tan": "current"}),
            "blank": Cell({"tan": ""}, fault="patient.tan"),
            "contradicting": Cell({"tan": "none", "history": ["self-tanner-recent"]}, rule="self-tanner"),
            "another concern": Cell({"tan": "recent"}, (WRINKLES, SPOTS)),
            "another spelling": Cell({"tan": "Current"}, fault="patient.tan"),
        },
    ),
    "a child": Hazard(
        DYE,
        "under-age",
        VEINS,
        {
            "plain": Cell({"age_years": 17.9}),
            "blank": Cell({"age_years": None}, fault="patient.age_years"),
            "contradicting": Cell({"age_years": 16.0, "expectation": "modest", "sex": "other"}),
            "another concern": Cell({"age_years": 12.0}, (SPOTS, WRINKLES)),
            "another spelling": Cell({"age_years": "seventeen"}, fault="patient.age_years"),
        },
    ),
    "gold before short pulses": Hazard(
        SHORT,
        "gold",
        SPOTS,
        {
            "plain": Cell({"history": ["gold-therapy"]}),
            "blank": Cell({"history": [""]}, fault="patient.history[0]"),
            "contradicting": Cell({"medications": [{"name": "gold injections", "last_dose_months": 400.0}]}),
            "another concern": Cell({"history": ["gold-therapy"]}, ({**SPOTS, "condition": "freckles"},)),
            "another spelling": Cell(drug("Myocrisin")),
        },
    ),
    "deep light at the eye": Hazard(
        DEEP,
        "deep-light-near-eye",
        EYES,
        {
            "plain": Cell(),
            "blank": Cell(concerns=({**EYES, "site": ""},), fault="concern[0].site"),
            "contradicting": Cell(concerns=({"condition": "fine-lines-periorbital", "site": "cheeks"},)),
            "another concern": Cell(concerns=(EYES, VEINS)),
            "another spelling": Cell(concerns=({**EYES, "site": "Lower Eyelid"},)),
        },
    ),
    "a tattoo in the field": Hazard(
        DYE,
        "tattoo",
        VEINS,
        {
            "plain": Cell({"history": ["tattoo-in-field"]}),
            "blank": Cell({"history": [" "]}, fault="patient.history[0]"),
            "contradicting": Cell({"history": ["permanent-make-up", "melasma"]}),
            "another concern": Cell({"history": ["tattoo-in-field"]}, (WRINKLES,)),
            "another spelling": Cell({"history": ["tattoo"]}, fault="patient.history[0]"),
        },
        least="with-caution",
    ),
    "a dose that blistered": Hazard(
        DYE,
        "earlier-injury",
        VEINS,
        {
            "plain": Cell(more=spot()),
            "blank": Cell(more=spot(fluence_J_cm2=None)),
            "contradicting": Cell(more={"test_spot": [*spot()["test_spot"], *spot(reaction="none")["test_spot"]]}),
            "another concern": Cell(more=spot(site="hands")),
            "another spelling": Cell(more=spot(device="Pulsed dye laser, 595 nm", reaction="burn")),
        },
        least="with-caution",
    ),
    "a session that blistered": Hazard(
        DYE,
        "earlier-injury-undosed",
        VEINS,
        {
            "plain": Cell(more={"session": [{"week": 4.0, "treats": "facial-telangiectasia", "adverse": ["blister"]}]}),
            "blank": Cell(
                more={"session": [{"week": 4.0, "treats": "redness", "device": "", "adverse": ["a burn"]}]},
            ),
            "contradicting": Cell(
                more={
                    "session": [
                        {"week": 4.0, "treats": "redness", "adverse": ["Blisters"]},
                        {"week": 8.0, "treats": "redness", "response_pct": 90.0, "adverse": ["none"]},
                    ]
                },
            ),
            "another concern": Cell(more={"session": [{"week": 4.0, "treats": "spider-angioma", "adverse": ["scar"]}]}),
            "another spelling": Cell(
                more={"session": [{"week": 4.0, "treats": "rosacea", "adverse": ["BLISTERING on the nose"]}]},
            ),
        },
    ),
}


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
        found = judge(case, concern=concern, **hazard.choice)
        closed.append({r.rule for r in found.reasons if severity(r.decision) >= severity(_least(hazard))})
    return set.union(*closed)


def _least(hazard: Hazard) -> Any:
    return hazard.least


def spoken(loaded: LoadedCase, hazard: Hazard) -> set[str]:
    return {r.rule for c in loaded.case.concern for r in judge(loaded.case, concern=c, **hazard.choice).reasons}


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
    return loaded_case(json.loads(json.dumps(tables)), folder, "case.json")


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
    return loaded_case(submission(fields).tables, folder, "form")


BY = {"file": by_file, "form": by_form, "json": by_json}
# What the form has no field for is refused there as an unknown key: nothing that was sent is passed over.
NOT_ON_THE_FORM = ("lesion", "test_spot", "session")


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
        if empty and name in ("a tan", "gold before short pulses", "a tattoo in the field", "a spot that changes"):
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
        severity(judge(loaded.case, concern=one, **hazard.choice).decision) < severity("refer")
        for one in loaded.case.concern
    )
