"""A section through the simulated skins for a figure: light and peak temperature by depth, as plain lists."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skinbeam.estimate import Unknown
from skinbeam.messages import text
from skinbeam.plan.search.candidates import built_in_cooling
from skinbeam.plan.search.goals import Goal
from skinbeam.plan.search.skins import SiteSkins
from skinbeam.plan.search.trial import Trial
from skinbeam.schema.names import table
from skinbeam.simulate.pulse.boiling import at_dose
from skinbeam.simulate.skins.ensemble import LEVEL, quantiles
from skinbeam.units import J_CM2, MM, UM, ZERO_CELSIUS_K

__all__ = ["Section", "section_of"]

Floats = NDArray[np.float64]

Band = tuple[list[float], list[float], list[float]]  # median, low, high

SHOWN_M = 1.5 * MM
POINTS = 60


@dataclass(frozen=True)
class Section:
    """Quantiles by depth; low and high hold `level` of such skins between them.

    `layers` are names and median depths of their tops in µm; `target_um` top and bottom of the target, or None.
    """

    depth_um: list[float]
    light: Band
    peak_C: Band
    layers: list[tuple[str, float]]
    target_um: tuple[float, float] | None
    level: float


def section_of(trial: Trial, goal: Goal, skins: SiteSkins) -> Section | Unknown:
    """Return the section at the settings of a plan: median, low and high over the target skins."""
    if trial.machine.device.microbeam or goal.modality == "ablative":
        return Unknown(text("plan.section-not-drawn"))
    cooling, _ = built_in_cooling(trial.machine.device)
    response = skins.respond(trial.beam, cooling, limiting=False)
    lit = response.lit
    assert lit is not None  # a trial has a beam
    peak = at_dose(response, trial.dose * J_CM2).base_K.max(axis=1) - ZERO_CELSIUS_K
    depths = np.geomspace(2 * UM, SHOWN_M, POINTS)
    weights = skins.weights[0]
    tops = np.concatenate([[0.0], np.cumsum(np.median(skins.target["thickness_m"].values[:, :-1], axis=0))])
    names = [str(name) for name in skins.target["layer"].values]
    return Section(
        [float(z / UM) for z in depths],
        _bands(lit.fluence_rate_ratio, lit.grid.centres, depths, weights),
        _bands(peak, lit.grid.centres, depths, weights),
        [(name, float(top / UM)) for name, top in zip(names, tops, strict=True)],
        _target_um(goal.condition),
        LEVEL,
    )


def _bands(values: Floats, centres: Floats, depths: Floats, weights: Floats) -> Band:
    at = np.stack([np.interp(depths, z, row) for z, row in zip(centres, values, strict=True)])
    rows = [quantiles(at[:, i], weights, (0.5, (1 - LEVEL) / 2, (1 + LEVEL) / 2)) for i in range(depths.size)]
    median, low, high = (list(band) for band in zip(*rows, strict=True))
    return median, low, high


def _target_um(condition: str) -> tuple[float, float] | None:
    for target in table("condition")[condition].get("target", []):
        if "depth_um" in target:
            depth = target["depth_um"]
            return float(depth.get("low", depth["value"])), float(depth.get("high", depth["value"]))
    return None
