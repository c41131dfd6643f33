"""The window around the settings of a plan: what other doses and pulses would do, judged as the plan was.

Effect and limits are those of the search, so that what a figure calls allowed is what the search allowed. The pulse of
the plan is told of all draws; those beside it of fewer, which no eye tells from all of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from skinbeam.errors import NotAvailable
from skinbeam.laser.grid import densities, dose_steps, offers
from skinbeam.plan.search.candidates import beam_of, built_in_cooling, thinned
from skinbeam.plan.search.envelope import envelope_of
from skinbeam.plan.search.fractional import any_broken, columns_in
from skinbeam.plan.search.full_field import thresholds_of
from skinbeam.plan.search.goals import Goal
from skinbeam.plan.search.limits import Limit, Quantity, limits_for
from skinbeam.plan.search.place import ENERGY, FLUENCE, light_of
from skinbeam.plan.search.skins import SiteSkins
from skinbeam.plan.search.thresholds import Thresholds
from skinbeam.plan.search.trial import Trial
from skinbeam.plan.window.grid import doses_of
from skinbeam.plan.window.practice import Practised, makers_of, practised_of
from skinbeam.simulate.skins.ensemble import share

__all__ = ["Window", "window_of"]

Floats = NDArray[np.float64]

_ENERGIES, _DENSITIES = 6, 7
_PULSES: Final = 4  # that stand for what the device spans, beside that of the plan
_Rows = tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class Window:
    """Probabilities over a grid; columns are doses, or energies of a microbeam.

    Parameters
    ----------
    by, rows : pulse lengths (`pulse_ms`), or densities of microbeams (`density_per_cm2`).
    p_effect : share of such skins that reach the target, as the plan tells it.
    p_harm : probability of a burn of the skin around it; where skin is removed or treated in columns, that any limit is
        broken.
    spent : how much of the limit that is nearest to being broken a dose uses up; 1 at the limit.
    broken : quantities of the limits that doses of the window break.
    practised, makers : what was published of this condition and light.
    """

    by: Literal["pulse_ms", "density_per_cm2"]
    dose: tuple[float, ...]
    rows: tuple[float, ...]
    p_effect: _Rows
    p_harm: _Rows
    spent: _Rows
    broken: tuple[str, ...]
    practised: tuple[Practised, ...]
    makers: tuple[Practised, ...]


@dataclass(frozen=True)
class _Row:
    """One row: for each dose what it reaches, how likely it burns, and the limit it is nearest to breaking."""

    effect: tuple[float, ...]
    harm: tuple[float, ...]
    nearest: tuple[tuple[float, str], ...]


def window_of(trial: Trial, goal: Goal, skins: SiteSkins, phototype: int | None) -> Window:
    """Return the window around the settings of a plan.

    Parameters
    ----------
    skins : for the pulses beside that of the plan.
    phototype : whose practice stands beside it, 1 to 6.
    """
    machine, chosen = trial.machine, trial.setting
    if trial.density_per_cm2 is not None:
        return _of_columns(trial, goal, skins, phototype)
    assert trial.thresholds is not None  # a trial of a full field
    cooling, _ = built_in_cooling(machine.device)
    same = [one for one in offers(machine.device) if one.wavelength_nm == chosen.wavelength_nm]
    pulses = sorted({chosen.pulse_ms, *thinned(sorted({one.pulse_ms for one in same}), _PULSES)})
    doses = tuple(sorted({trial.dose, *doses_of(machine.device, chosen.wavelength_nm)}))
    rows = {chosen.pulse_ms: _row(trial.thresholds, goal, skins.site, doses, trial.weights)}
    for pulse in pulses:
        if pulse == chosen.pulse_ms:
            continue
        setting = min((one for one in same if one.pulse_ms == pulse), key=lambda one: abs(one.spot_mm - chosen.spot_mm))
        beam = replace(beam_of(machine, setting, dose_steps(machine.device, *setting)[0]), passes=trial.passes)
        try:
            found = thresholds_of(beam, goal, skins, cooling)
        except NotAvailable:
            continue  # a pulse of the device that the model cannot judge
        rows[pulse] = _row(found, goal, skins.site, doses, skins.weights)
    beside = _practice(trial, goal, phototype, (min(rows), max(rows)))
    return _window("pulse_ms", doses, rows, *beside)


def _window(
    by: Literal["pulse_ms", "density_per_cm2"],
    doses: tuple[float, ...],
    rows: Mapping[float, _Row],
    practised: tuple[Practised, ...],
    makers: tuple[Practised, ...],
) -> Window:
    kept = [rows[place] for place in sorted(rows)]
    return Window(
        by,
        doses,
        tuple(sorted(rows)),
        tuple(row.effect for row in kept),
        tuple(row.harm for row in kept),
        tuple(tuple(spent for spent, _ in row.nearest) for row in kept),
        tuple(dict.fromkeys(limit for row in kept for spent, limit in row.nearest if spent > 1.0)),
        practised,
        makers,
    )


def _of_columns(trial: Trial, goal: Goal, skins: SiteSkins, phototype: int | None) -> Window:
    """The window of microbeams: energy by density, on the skins that the plan was judged on."""
    device, chosen = trial.machine.device, trial.setting
    assert trial.density_per_cm2 is not None  # a trial of columns
    limits = limits_for(goal.modality, skins.site, goal.condition)
    counts_m, _ = goal.column_depths_m(skins.target["thickness_m"].values[:, :-1].sum(axis=1))
    places = sorted({trial.density_per_cm2, *thinned(densities(device, *chosen, trial.dose), _DENSITIES)})
    cells: dict[float, list[tuple[float, float, tuple[float, str]]]] = {}
    for energy in sorted({trial.dose, *thinned(dose_steps(device, *chosen), _ENERGIES)}):
        sparsest = densities(device, *chosen, energy)[0]
        beam = beam_of(trial.machine, chosen, energy, sparsest)
        try:
            depth = skins.lesion(beam, energy, limiting=False).depth
            columns = columns_in(skins, beam, energy, sparsest)
        except NotAvailable:
            continue  # an energy of the device that the model cannot judge
        reached = share(depth >= counts_m, skins.weights[0])[0]
        cells[energy] = [(reached, *_columns_at(columns.values(place), limits, skins.weights[1])) for place in places]
    by_place = zip(places, zip(*cells.values(), strict=True), strict=True)
    rows = {place: _Row(*(tuple(column) for column in zip(*row, strict=True))) for place, row in by_place}
    return _window("density_per_cm2", tuple(cells), rows, _practised_columns(trial, goal, phototype), ())


def _columns_at(
    values: Mapping[str, Quantity], limits: Sequence[Limit], weights: Floats
) -> tuple[float, tuple[float, str]]:
    """How likely columns break any limit, and the limit that they are nearest to breaking."""
    shares = (share(limit.kept(values[limit.quantity], limit.stop), weights)[0] for limit in limits)
    spent = [(limit.spent(p), limit.quantity) for limit, p in zip(limits, shares, strict=True)]
    return share(any_broken(limits, values), weights)[0], max(spent)


def _practised_columns(trial: Trial, goal: Goal, phototype: int | None) -> tuple[Practised, ...]:
    """The published energies, over the published densities; empty where either is not printed."""
    envelope = envelope_of(goal.condition, light_of(trial, goal.modality), phototype)
    if envelope is None:
        return ()
    energies = envelope.dose(ENERGY, pulse_ms=trial.setting.pulse_ms, spot_mm=None)
    spread = envelope.practised("density_per_cm2")
    if energies is None or spread is None:
        return ()
    return tuple(Practised(end, energies.low, energies.high) for end in (spread.low, spread.high))


def _row(found: Thresholds, goal: Goal, site: str, doses: Sequence[float], weights: tuple[Floats, Floats]) -> _Row:
    limits = limits_for(goal.modality, site, goal.condition)
    quantities = {limit.id: limit.quantity for limit in limits}
    every = (found.spent(limits, dose, weights[1]) for dose in doses)
    return _Row(
        tuple(share(found.wanted(dose), weights[0])[0] for dose in doses),
        tuple(share(found.broken(dose), weights[1])[0] for dose in doses),
        tuple(max((spent, quantities[name]) for name, spent in one.items()) for one in every),
    )


def _practice(
    trial: Trial, goal: Goal, phototype: int | None, pulses: tuple[float, float]
) -> tuple[tuple[Practised, ...], tuple[Practised, ...]]:
    """What was published of this condition and light, and what makers recommend of it."""
    envelope = envelope_of(goal.condition, light_of(trial, goal.modality), phototype)
    if envelope is None:
        return (), ()
    spot_mm, pulse_ms = trial.setting.spot_mm, trial.setting.pulse_ms
    rows = (row for tier in envelope.tiers for row in tier.rows)
    return (
        practised_of(envelope, FLUENCE, spot_mm=spot_mm, pulse_ms=pulse_ms, pulses=pulses),
        makers_of(rows, spot_mm=spot_mm),
    )
