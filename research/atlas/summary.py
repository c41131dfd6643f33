"""What the atlas says: every cell in a compact document, and what the answers mean for the people."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from math import nan
from pathlib import Path
from typing import Any, Final

from skinbeam._version import __version__
from skinbeam.document import round_significant
from skinbeam.errors import InputError
from skinbeam.estimate import Unknown
from skinbeam.laser.device import load_device
from skinbeam.plan.search.candidates import Machine, beam_of
from skinbeam.practice.counted import counted_near
from skinbeam.schema.names import table
from skinbeam.shipped import shipped_table
from skinbeam.sweeps.atlas.answer import OUTPUTS
from skinbeam.sweeps.atlas.cells import Cell, Person, cells_of, people_of
from skinbeam.sweeps.atlas.choices import Choice, asked, choices
from skinbeam.sweeps.atlas.textbook import Textbook, textbook_of
from skinbeam.sweeps.store import errors_of, opened

__all__ = ["COLUMNS", "DIGITS", "atlas_of", "between", "colour_class"]

DIGITS: Final = 4  # significant, of every number of a cell
COLUMNS: Final = ("site", "ita_deg", "people", "reason", *OUTPUTS)
_DOSE, _PLANNED, _TEXTBOOK = "planned.dose", "planned.p_harm", "textbook.p_harm"
_TOP: Final = "textbook.p_harm_at_top"
_EVEN_DEG: Final = 10.0
_Row = dict[str, Any]
_Answers = Mapping[Cell, _Row]


def atlas_of(store: Path, n: int) -> dict[str, Any]:
    """Return the document of the atlas of `n` people from its finished store.

    Raises
    ------
    InputError : a cell failed, or was not answered yet.
    """
    answers = _answers(store, n)
    reasons: list[str] = sorted({row["reason"] for row in answers.values() if row["reason"]})
    return {
        "schema": "skinbeam.atlas/1",
        "version": __version__,
        "people": n,
        "asked": {**asked()["asked"], **asked()["cells"], **asked()["person"]},
        "columns": COLUMNS,
        "reasons": reasons,
        "devices": [_device(choice, answers, reasons, n) for choice in choices()],
    }


def _answers(store: Path, n: int) -> _Answers:
    """The answer of each cell, rounded; an unknown is None."""
    results = opened(store)
    cells = cells_of(n)
    if results["status"].size != len(cells) or not bool((results["status"] > 0).all()):
        raise InputError(
            "unfinished", f'"{store.name}" is not this atlas, or not finished', field="-o", hint="Run it first."
        )
    failed = [row for row in errors_of(results) if row["status"] > 2]
    if failed:
        raise InputError(
            "failed", f"{len(failed)} cells failed; the first: {failed[0]['message']}", field="-o", hint="Mend that."
        )
    said = {row["cell"]: row["message"] for row in errors_of(results)}
    columns = {name: results[name].values.tolist() for name in OUTPUTS}
    return {
        cell: {name: _short(columns[name][k]) for name in OUTPUTS} | {"reason": _reason(said.get(k, ""))}
        for k, cell in enumerate(cells)
    }


def _short(value: float) -> float | None:
    return None if value != value else round_significant(value, DIGITS)  # NaN differs from itself


def _reason(message: str) -> str:
    """Why there is no setting: the first unknown of a cell is its dose, if that is unknown."""
    first = message.split("; planned.pulse_ms: ")[0]
    return first.removeprefix(f"{_DOSE}: ") if first.startswith(f"{_DOSE}: ") else ""


def _device(choice: Choice, answers: _Answers, reasons: Sequence[str], n: int) -> dict[str, Any]:
    people = people_of(choice, n)
    counted = Counter(one.nearest for one in people)
    mine = {cell: row for cell, row in answers.items() if cell.device == choice.name}
    textbook = textbook_of(choice)
    return {
        "name": choice.name,
        "title": load_device(choice.name).title,
        "condition": choice.condition,
        "condition_title": table("condition")[choice.condition]["title"],
        "modality": choice.modality,
        "microbeams": load_device(choice.name).microbeam,
        "why": choice.why,
        "note": choice.note,
        "textbook": {"unknown": textbook.reason} if isinstance(textbook, Unknown) else _textbook(choice, textbook),
        "all": _shares(people, answers),
        "classes": {
            name: _shares([one for one in people if colour_class(one.ita_deg) == name], answers)
            for name in asked()["classes"]["names"]
        },
        "between": _between_error(choice, mine),
        "cells": [
            [cell.site, cell.ita_deg, counted[cell], reasons.index(row["reason"]) if row["reason"] else None]
            + [row[name] for name in OUTPUTS]
            for cell, row in mine.items()
        ],
    }


def _textbook(choice: Choice, textbook: Textbook) -> dict[str, Any]:
    """The textbook's setting, with the people that clinics counted as burned by such light, at whatever dose."""
    told = asdict(textbook) | {"setting": textbook.setting._asdict()}
    if textbook.density_per_cm2 is not None:
        return told
    device = load_device(choice.name)
    beam = beam_of(Machine(choice.name, device, Path()), textbook.setting, textbook.dose)
    lamp = device.is_lamp
    counted = counted_near(beam.mean_wavelength_nm, beam.pulse_ms, lamp=lamp)
    return told | {"counted": None if counted is None else counted._asdict()}


def colour_class(ita_deg: float) -> str:
    """Return the name of the class of a colour, by the borders that the rules of a plan have."""
    bounds: Sequence[float] = shipped_table("data/facts.toml")["ita_classes"]["bounds_deg"]
    names: Sequence[str] = asked()["classes"]["names"]
    return names[sum(ita_deg <= bound for bound in bounds)]


def _shares(people: Sequence[Person], answers: _Answers) -> dict[str, Any]:
    """How many people there are, how many have a setting, and how many each setting harms, as shares.

    The textbook's harm is of all of them, and of those who have a setting, since only these compare with the plan's:
    with it go the shares that reach the target, since a greater dose does more of both.
    """
    able = [one for one in people if answers[one.nearest][_DOSE] is not None]
    why = Counter(answers[one.nearest]["reason"] for one in people if answers[one.nearest]["reason"])
    return {
        "people": len(people),
        "with_setting": len(able),
        "textbook": _mean(between(one, answers, _TEXTBOOK) for one in people),
        "textbook_with_setting": _mean(between(one, answers, _TEXTBOOK) for one in able),
        "planned": _mean(between(one, answers, _PLANNED) for one in able),
        "textbook_reaches": _mean(between(one, answers, "textbook.p_effective") for one in able),
        "planned_reaches": _mean(between(one, answers, "planned.p_effective") for one in able),
        "top": _mean(between(one, answers, _TOP) for one in people),
        "without": [[reason, count] for reason, count in why.most_common(3)],
    }


def between(one: Person, answers: _Answers, name: str) -> float | None:
    """Return a quantity at a person's own colour, straight between two cells; of the nearer where one has none."""
    dark, light = (answers[cell][name] for cell in one.cells)
    if dark is None or light is None:
        nearest: float | None = answers[one.nearest][name]
        return nearest
    return float(dark + (light - dark) * one.share)


def _mean(values: Iterable[float | None]) -> float | None:
    known = [nan if value is None else value for value in values]
    return _short(sum(known) / len(known)) if known else None


def _between_error(choice: Choice, answers: _Answers) -> dict[str, float | None]:
    """How far a cell lies from the straight line between its neighbours: the greatest, of cells where most people are.

    People stand nearer to a cell than that, most of them at half the distance, where such a line is off by less.

    Parameters
    ----------
    answers : of one device.
    """
    colours = sorted(cell.ita_deg for cell in answers if cell.site == choice.sites[0])
    row = [answers[Cell(choice.name, choice.condition, choice.sites[0], ita)] for ita in colours]
    moved: dict[str, float | None] = {}
    for name in (_TEXTBOOK, _PLANNED):
        off = []
        for k, ita in enumerate(colours):
            if ita % _EVEN_DEG:  # those that lie in the middle between two others
                ends, here = [row[k - 1][name], row[k + 1][name]], row[k][name]
                off += [] if None in (*ends, here) else [abs(here - sum(ends) / 2.0)]
        moved[name] = _short(max(off)) if off else None
    return moved
