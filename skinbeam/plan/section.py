"""Compute a section through the simulated skins for a figure: light and peak temperature by depth, as plain lists."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skinbeam.model.conditions import known_conditions
from skinbeam.model.estimate import Unknown
from skinbeam.model.units import J_CM2, MM, UM, ZERO_CELSIUS_K
from skinbeam.response.candidate import CandidateSetting
from skinbeam.response.goals import TreatmentGoal, unknown_depth
from skinbeam.response.settings import built_in_cooling
from skinbeam.response.skins import SiteSkins
from skinbeam.simulate.pulse.nonlinear_response import response_at_dose
from skinbeam.simulate.skins.ensemble import INTERVAL_LEVEL, weighted_quantiles
from skinbeam.text import render_message

__all__ = ["SkinSection", "compute_section"]

Floats = NDArray[np.float64]

QuantileBand = tuple[list[float], list[float], list[float]]  # median, low, high

SECTION_DEPTH_M = 1.5 * MM
SECTION_POINTS = 60


@dataclass(frozen=True)
class SkinSection:
    """Quantiles by depth; the interval from low to high contains `level` of such skins.

    `layers` are names and median depths of their tops in µm; `target_um` top and bottom of the target, or None.
    """

    depth_um: list[float]
    light: QuantileBand
    peak_C: QuantileBand
    layers: list[tuple[str, float]]
    target_um: tuple[float, float] | None
    level: float


def compute_section(trial: CandidateSetting, goal: TreatmentGoal, skins: SiteSkins) -> SkinSection | Unknown:
    """Return the section at the settings of a plan: median, low and high over the target skins."""
    if trial.machine.device.microbeam or goal.modality == "ablative":
        return Unknown(render_message("plan.section-not-drawn"))
    cooling, _ = built_in_cooling(trial.machine.device)
    response = skins.respond(trial.beam, cooling, limiting=False)
    lit = response.illumination
    assert lit is not None  # a trial has a beam
    peak = response_at_dose(response, trial.dose * J_CM2).base_K.max(axis=1) - ZERO_CELSIUS_K
    depths = np.geomspace(2 * UM, SECTION_DEPTH_M, SECTION_POINTS)
    weights = skins.weights[0]
    tops = np.concatenate([[0.0], np.cumsum(np.median(skins.target["thickness_m"][:, :-1], axis=0))])
    names = list(skins.target.layers)
    return SkinSection(
        [float(z / UM) for z in depths],
        _quantile_bands(lit.fluence_rate_ratio, lit.grid.centres, depths, weights),
        _quantile_bands(peak, lit.grid.centres, depths, weights),
        [(name, float(top / UM)) for name, top in zip(names, tops, strict=True)],
        _target_depths_um(goal),
        INTERVAL_LEVEL,
    )


def _quantile_bands(values: Floats, centres: Floats, depths: Floats, weights: Floats) -> QuantileBand:
    at = np.stack([np.interp(depths, z, row) for z, row in zip(centres, values, strict=True)])
    rows = [
        weighted_quantiles(at[:, i], weights, (0.5, (1 - INTERVAL_LEVEL) / 2, (1 + INTERVAL_LEVEL) / 2))
        for i in range(depths.size)
    ]
    median, low, high = (list(band) for band in zip(*rows, strict=True))
    return median, low, high


def _target_depths_um(goal: TreatmentGoal) -> tuple[float, float] | None:
    if unknown_depth(goal.condition, goal.modality, goal.subtypes) is not None:
        return None
    for target in known_conditions()[goal.condition].targets:
        if target.depth_um is not None:
            return target.depth_um.low, target.depth_um.high
    return None
