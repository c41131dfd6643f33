"""The window around the settings of a plan: what other doses and pulses would do, judged as the plan was.

Effect and limits are those of the search, so that what a figure calls allowed is what the search allowed. The pulse of
the plan is told of all draws; those beside it of fewer, which no eye tells from all of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from skinbeam.errors import NotAvailable
from skinbeam.estimate import Unknown
from skinbeam.laser.grid import dose_steps, offers
from skinbeam.messages import text
from skinbeam.plan.search.candidates import beam_of, built_in_cooling, thinned
from skinbeam.plan.search.envelope import envelope_of
from skinbeam.plan.search.full_field import heating_thresholds
from skinbeam.plan.search.goals import Goal
from skinbeam.plan.search.limits import limits_for
from skinbeam.plan.search.place import FLUENCE, light_of
from skinbeam.plan.search.skins import SiteSkins
from skinbeam.plan.search.thresholds import Thresholds
from skinbeam.plan.search.trial import Trial
from skinbeam.plan.window.grid import doses_of
from skinbeam.plan.window.practice import Practised, makers_of, practised_of
from skinbeam.simulate.skins.ensemble import share

__all__ = ["Window", "window_of"]

Floats = NDArray[np.float64]

_PULSES: Final = 4  # that stand for what the device spans, beside that of the plan
_Rows = tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class Window:
    """Probabilities over a grid; rows are pulse lengths, columns doses.

    Parameters
    ----------
    p_effect : share of such skins that reach the target, as the plan tells it.
    p_harm : probability of a burn of the skin around it.
    spent : how much of the limit that is nearest to being broken a dose uses up; 1 at the limit.
    broken : quantities of the limits that doses of the window break.
    practised, makers : what was published of this condition and light.
    """

    dose: tuple[float, ...]
    pulse_ms: tuple[float, ...]
    p_effect: _Rows
    p_harm: _Rows
    spent: _Rows
    broken: tuple[str, ...]
    practised: tuple[Practised, ...]
    makers: tuple[Practised, ...]


@dataclass(frozen=True)
class _Row:
    """One pulse length: for each dose what it reaches, how likely it burns, and the limit it is nearest to breaking."""

    effect: tuple[float, ...]
    harm: tuple[float, ...]
    nearest: tuple[tuple[float, str], ...]


def window_of(trial: Trial, goal: Goal, skins: SiteSkins, phototype: int | None) -> Window | Unknown:
    """Return the window around the settings of a plan.

    Parameters
    ----------
    skins : for the pulses beside that of the plan.
    phototype : whose practice stands beside it, 1 to 6.
    """
    machine, chosen = trial.machine, trial.setting
    if machine.device.microbeam or goal.modality == "ablative" or trial.thresholds is None:
        return Unknown(text("plan.window-not-drawn"))
    cooling, _ = built_in_cooling(machine.device)
    same = [one for one in offers(machine.device) if one.wavelength_nm == chosen.wavelength_nm]
    pulses = sorted({chosen.pulse_ms, *thinned(sorted({one.pulse_ms for one in same}), _PULSES)})
    doses = tuple(sorted({trial.dose, *doses_of(machine.device, chosen.wavelength_nm)}))
    rows = {chosen.pulse_ms: _row(trial.thresholds, goal, skins.site, doses, trial.weights)}
    for pulse in pulses:
        if pulse == chosen.pulse_ms:
            continue
        setting = min((one for one in same if one.pulse_ms == pulse), key=lambda one: abs(one.spot_mm - chosen.spot_mm))
        beam = beam_of(machine, setting, dose_steps(machine.device, *setting)[0])
        try:
            found = heating_thresholds(beam, goal, skins, cooling)
        except NotAvailable:
            continue  # a pulse of the device that the model cannot judge
        rows[pulse] = _row(found, goal, skins.site, doses, skins.weights)
    kept = [rows[pulse] for pulse in sorted(rows)]
    return Window(
        doses,
        tuple(sorted(rows)),
        tuple(row.effect for row in kept),
        tuple(row.harm for row in kept),
        tuple(tuple(spent for spent, _ in row.nearest) for row in kept),
        tuple(dict.fromkeys(limit for row in kept for spent, limit in row.nearest if spent > 1.0)),
        *_practice(trial, goal, phototype, (min(rows), max(rows))),
    )


def _row(found: Thresholds, goal: Goal, site: str, doses: Sequence[float], weights: tuple[Floats, Floats]) -> _Row:
    limits = {limit.id: limit for limit in limits_for(goal.modality, site, goal.condition)}
    nearest = []
    for dose in doses:
        spent = found.spent(list(limits.values()), dose, weights[1])
        worst = max(spent, key=spent.__getitem__)
        nearest.append((spent[worst], limits[worst].quantity))
    return _Row(
        tuple(share(found.wanted(dose), weights[0])[0] for dose in doses),
        tuple(share(found.broken(dose), weights[1])[0] for dose in doses),
        tuple(nearest),
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
