"""Thousands of people, each with one hazard more: what was closed stays closed, whatever else is true of them."""

import random
from collections.abc import Mapping
from typing import Any

import pytest
from hazard_table import TABLE, Cell, Hazard

from skinbeam.model.case import Case
from skinbeam.model.errors import InputError
from skinbeam.model.input_files import parse_record
from skinbeam.model.vocabulary import PHOTOTYPES, laser_modalities, vocabulary_table
from skinbeam.suitability.judgement import Suitability, judge_suitability
from skinbeam.suitability.table import decision_severity

PEOPLE = (5_000, pytest.param(15_000, marks=pytest.mark.long))
LIGHTS: Mapping[str, tuple[tuple[float, float], ...]] = {  # wavelength in nm and pulse in ms, by modality
    "vascular": ((595.0, 10.0), (532.0, 12.0), (1064.0, 20.0), (560.0, 10.0)),
    "pigment-long-pulse": ((755.0, 3.0), (810.0, 30.0), (560.0, 10.0)),
    "pigment-short-pulse": ((532.0, 1e-5), (694.0, 3e-5), (1064.0, 1e-5)),
    "fractional-ablative": ((10_600.0, 1.0), (2940.0, 0.3)),
    "non-ablative-fractional": ((1550.0, 3.0), (1927.0, 3.0)),
    "ablative": ((10_600.0, 1.0), (2940.0, 0.3)),
}
Tables = dict[str, Any]


def _joined(tables: Tables, cell: Cell) -> Tables:
    """The tables with what a hazard adds: lists grow, skin only gets darker, and who the person is stays."""
    joined = {name: list(one) if isinstance(one, list) else dict(one) for name, one in tables.items()}
    for key, value in cell.patient.items():
        said = joined["patient"].get(key)
        if isinstance(said, list) and isinstance(value, list):
            joined["patient"][key] = [*said, *value]
        elif key == "phototype":
            joined["patient"][key] = max(said, value, key=PHOTOTYPES.index)
        elif key not in ("age_years", "sex"):
            joined["patient"][key] = value
    joined["concern"] += [dict(one) for one in cell.concerns if one["condition"] not in _conditions(joined)]
    for key, value in cell.more.items():
        joined[key] = [*joined.get(key, []), *value]
    return joined


def _conditions(tables: Tables) -> set[str]:
    return {one["condition"] for one in tables["concern"]}


def _someone(rng: random.Random, hazards: list[Hazard]) -> Tables:
    """A person with a concern, and with none to two hazards already."""
    conditions = [name for name, entry in vocabulary_table("condition").items() if entry.get("modality")]
    sites = [name for name, entry in vocabulary_table("site").items() if entry["use"] == "treatment"]
    patient = {
        "age_years": float(rng.randint(19, 79)),
        "sex": rng.choice(["female", "male"]),
        "phototype": rng.choice(PHOTOTYPES),
        "tan": "none",
        "pregnant": False,
        "medications": [],
        "history": [],
    }
    named = {"diagnosed": True, "diagnosed_by": "dermatologist", "diagnosis_method": "dermoscopy"}
    concern = {"condition": rng.choice(conditions), "site": rng.choice(sites), **named, "diagnosis_date": "2026-03-02"}
    tables: Tables = {"patient": patient, "concern": [concern]}
    for hazard in rng.sample(hazards, rng.randint(0, 2)):
        tables = _joined(tables, hazard.cells["plain"])
    return tables


def _judged(tables: Tables, modality: str, light: tuple[float, float]) -> Suitability | None:
    """The judgement of the first concern; None where the case contradicts itself and is refused as a whole."""
    try:
        case = parse_record(Case, tables, file="case")
    except InputError:
        return None
    nm, pulse_ms = light
    return judge_suitability(
        case, concern=case.concern[0], modality=modality, device_wavelength_nm=nm, pulse_ms=pulse_ms, cooled=True
    )


# A rule for brown skin gives way to the one for dark skin, which closes the same with more proof, in one sentence.
GIVES_WAY = {"brown-skin-full-field": "dark-skin-full-field"}


def _closing(found: Suitability) -> set[str]:
    """The rules that close, each by the name of the one that it gives way to."""
    return {GIVES_WAY.get(reason.rule, reason.rule) for reason in found.opposing_reasons}


@pytest.mark.check
@pytest.mark.parametrize("people", PEOPLE)
def test_one_hazard_more_never_opens_what_was_closed(people: int) -> None:
    rng = random.Random(20_261_126)
    hazards = list(TABLE.values())
    opened, forgotten, unordered, judged = [], [], [], 0
    assert set(LIGHTS) == set(laser_modalities())
    for _ in range(people):
        person, hazard = _someone(rng, hazards), rng.choice(hazards)
        modality = rng.choice(list(LIGHTS))
        light = rng.choice(LIGHTS[modality])
        before, more = _judged(person, modality, light), _joined(person, hazard.cells["plain"])
        after = _judged(more, modality, light)
        if before is None or after is None:
            continue
        judged += 1
        told = (modality, light, person, hazard.rule)
        if decision_severity(after.decision) < decision_severity(before.decision):
            opened.append(told)
        if not _closing(before) <= _closing(after):
            forgotten.append((*told, _closing(before) - _closing(after)))
        turned = more | {"patient": more["patient"] | {"history": more["patient"]["history"][::-1]}}
        turned["patient"]["medications"] = more["patient"]["medications"][::-1]
        again = _judged(turned, modality, light)
        if again is None or _closing(again) != _closing(after):
            unordered.append(told)
    assert judged > 0.9 * people
    assert opened == []
    assert forgotten == []
    assert unordered == []
