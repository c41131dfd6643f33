"""Summarise the atlas: every cell in a compact document, and the results for the virtual patients."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from math import nan
from pathlib import Path
from typing import Any, Final

from research.atlas.cells import AtlasPlace, VirtualPatient, atlas_cells, atlas_people
from research.atlas.setting_comparison import (
    ATLAS_OUTPUTS,
    AtlasChoice,
    TextbookSetting,
    atlas_choices,
    atlas_table,
    textbook_setting,
)
from skinbeam._version import __version__
from skinbeam.laser.device import load_device
from skinbeam.model.document import round_significant
from skinbeam.model.errors import InputError
from skinbeam.model.estimate import Unknown
from skinbeam.model.package_data import load_package_table
from skinbeam.model.vocabulary import vocabulary_table
from skinbeam.published_doses.counts import count_harm_near
from skinbeam.response.settings import SearchMachine, build_beam
from skinbeam.sweeps.store import error_rows, load_store

__all__ = ["COLUMNS", "DIGITS", "colour_class", "interpolate_quantity", "summarise_atlas"]

DIGITS: Final = 4  # significant, of every number of a cell
COLUMNS: Final = ("site", "ita_deg", "people", "reason", *ATLAS_OUTPUTS)
_PLANNED_DOSE, _PLANNED_HARM, _TEXTBOOK_HARM = "planned.dose", "planned.p_harm", "textbook.p_harm"
_TEXTBOOK_TOP_HARM: Final = "textbook.p_harm_at_top"
_EVEN_DEG: Final = 10.0
_Row = dict[str, Any]
_Answers = Mapping[AtlasPlace, _Row]


def summarise_atlas(store: Path, n: int) -> dict[str, Any]:
    """Return the document of the atlas of `n` people from its finished store.

    Raises
    ------
    InputError : a cell failed, or is not answered yet.
    """
    answers = _answers(store, n)
    reasons: list[str] = sorted({row["reason"] for row in answers.values() if row["reason"]})
    return {
        "schema": "skinbeam.atlas/1",
        "version": __version__,
        "people": n,
        "asked": {**atlas_table()["asked"], **atlas_table()["cells"], **atlas_table()["person"]},
        "columns": COLUMNS,
        "reasons": reasons,
        "devices": [_device(choice, answers, reasons, n) for choice in atlas_choices()],
    }


def _answers(store: Path, n: int) -> _Answers:
    """The answer of each cell, rounded; an unknown is None."""
    results = load_store(store)
    cells = atlas_cells(n)
    if results["status"].size != len(cells) or not bool((results["status"] > 0).all()):
        raise InputError(
            "unfinished", f'"{store.name}" is not this atlas, or not finished', field="-o", hint="Run it first."
        )
    failed = [row for row in error_rows(results) if row.status > 2]
    if failed:
        raise InputError(
            "failed", f"{len(failed)} cells failed; the first: {failed[0].message}", field="-o", hint="Mend that."
        )
    messages = {row.place["cell"]: row.message for row in error_rows(results)}
    columns = {name: results[name].values.tolist() for name in ATLAS_OUTPUTS}
    return {
        cell: {name: _rounded(columns[name][k]) for name in ATLAS_OUTPUTS} | {"reason": _reason(messages.get(k, ""))}
        for k, cell in enumerate(cells)
    }


def _rounded(value: float) -> float | None:
    return None if value != value else round_significant(value, DIGITS)  # NaN differs from itself


def _reason(message: str) -> str:
    """Return why there is no setting: the first unknown in a cell's message, if it is the planned dose."""
    first = message.split("; planned.pulse_ms: ")[0]
    return first.removeprefix(f"{_PLANNED_DOSE}: ") if first.startswith(f"{_PLANNED_DOSE}: ") else ""


def _device(choice: AtlasChoice, answers: _Answers, reasons: Sequence[str], n: int) -> dict[str, Any]:
    people = atlas_people(choice, n)
    counted = Counter(person.nearest for person in people)
    mine = {cell: row for cell, row in answers.items() if cell.device == choice.name}
    textbook = textbook_setting(choice)
    return {
        "name": choice.name,
        "title": load_device(choice.name).title,
        "condition": choice.condition,
        "condition_title": vocabulary_table("condition")[choice.condition]["title"],
        "modality": choice.modality,
        "microbeams": load_device(choice.name).microbeam,
        "why": choice.why,
        "note": choice.note,
        "textbook": {"unknown": textbook.reason}
        if isinstance(textbook, Unknown)
        else _textbook_record(choice, textbook),
        "all": _shares(people, answers),
        "classes": {
            name: _shares([person for person in people if colour_class(person.ita_deg) == name], answers)
            for name in atlas_table()["classes"]["names"]
        },
        "between": _between_error(choice, mine),
        "cells": [
            [cell.site, cell.ita_deg, counted[cell], reasons.index(row["reason"]) if row["reason"] else None]
            + [row[name] for name in ATLAS_OUTPUTS]
            for cell, row in mine.items()
        ],
    }


def _textbook_record(choice: AtlasChoice, textbook: TextbookSetting) -> dict[str, Any]:
    """Return the textbook setting, with counts of people burnt by such light at any dose."""
    record = asdict(textbook) | {"setting": textbook.setting._asdict()}
    if textbook.density_per_cm2 is not None:
        return record
    device = load_device(choice.name)
    beam = build_beam(SearchMachine(choice.name, device), textbook.setting, textbook.dose)
    lamp = device.is_lamp
    counted = count_harm_near(beam.mean_wavelength_nm, beam.pulse_ms, lamp=lamp)
    return record | {"counted": None if counted is None else counted._asdict()}


def colour_class(ita_deg: float) -> str:
    """Return the name of the class of a colour, by the bounds that the rules of a plan use."""
    bounds: Sequence[float] = load_package_table("data/facts.toml")["ita_classes"]["bounds_deg"]
    names: Sequence[str] = atlas_table()["classes"]["names"]
    return names[sum(ita_deg <= bound for bound in bounds)]


def _shares(people: Sequence[VirtualPatient], answers: _Answers) -> dict[str, Any]:
    """Return the number of people, of those with a setting, and the shares that each setting harms.

    The textbook's share is given for all people, and for those with a setting, since only these can be compared with
    the plan: for them the shares that reach the target are given too, since a greater dose increases both.
    """
    able = [person for person in people if answers[person.nearest][_PLANNED_DOSE] is not None]
    why = Counter(answers[person.nearest]["reason"] for person in people if answers[person.nearest]["reason"])
    return {
        "people": len(people),
        "with_setting": len(able),
        "textbook": _mean(interpolate_quantity(person, answers, _TEXTBOOK_HARM) for person in people),
        "textbook_with_setting": _mean(interpolate_quantity(person, answers, _TEXTBOOK_HARM) for person in able),
        "planned": _mean(interpolate_quantity(person, answers, _PLANNED_HARM) for person in able),
        "textbook_reaches": _mean(interpolate_quantity(person, answers, "textbook.p_effective") for person in able),
        "planned_reaches": _mean(interpolate_quantity(person, answers, "planned.p_effective") for person in able),
        "top": _mean(interpolate_quantity(person, answers, _TEXTBOOK_TOP_HARM) for person in people),
        "without": [[reason, count] for reason, count in why.most_common(3)],
    }


def interpolate_quantity(person: VirtualPatient, answers: _Answers, name: str) -> float | None:
    """Return a quantity at a person's own colour, interpolated between two cells; from the nearer if one has none."""
    dark, light = (answers[cell][name] for cell in person.cells)
    if dark is None or light is None:
        nearest: float | None = answers[person.nearest][name]
        return nearest
    return float(dark + (light - dark) * person.share)


def _mean(values: Iterable[float | None]) -> float | None:
    known = [nan if value is None else value for value in values]
    return _rounded(sum(known) / len(known)) if known else None


def _between_error(choice: AtlasChoice, answers: _Answers) -> dict[str, float | None]:
    """Return the greatest deviation of a cell from the straight line between its neighbours, for the main site.

    People are nearer to a cell than that, most of them at half the distance, where interpolation errs by less.

    Parameters
    ----------
    answers : of one device.
    """
    colours = sorted(cell.ita_deg for cell in answers if cell.site == choice.sites[0])
    row = [answers[AtlasPlace(choice.name, choice.condition, choice.sites[0], ita)] for ita in colours]
    moved: dict[str, float | None] = {}
    for name in (_TEXTBOOK_HARM, _PLANNED_HARM):
        off = []
        for k, ita in enumerate(colours):
            if ita % _EVEN_DEG:  # colours in the middle between two others
                ends, here = [row[k - 1][name], row[k + 1][name]], row[k][name]
                off += [] if None in (*ends, here) else [abs(here - sum(ends) / 2.0)]
        moved[name] = _rounded(max(off)) if off else None
    return moved
