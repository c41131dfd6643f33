"""Compute the window around the settings of a plan: effect and harm of other doses and pulses, judged as in the plan.

Effect and limits are those of the search, so that a figure and the search agree on allowed doses. The pulse of the plan
is computed on all draws; other pulses on fewer, with no visible difference in a figure.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from skinbeam.laser.device import Device
from skinbeam.laser.setting_grid import density_steps, dose_steps, iterate_settings
from skinbeam.model.document import round_significant
from skinbeam.model.errors import NotAvailable
from skinbeam.published_doses.settings import PublishedSetting
from skinbeam.response.candidate import CandidateSetting, DoseThresholds
from skinbeam.response.envelope import PracticeEnvelope, find_envelope, span_ends
from skinbeam.response.envelope_rules import envelope_rules
from skinbeam.response.fractional import compute_columns, p_any_limit_broken
from skinbeam.response.goals import TreatmentGoal
from skinbeam.response.limits import LimitValues, SettingLimit
from skinbeam.response.practice_place import ENERGY, FLUENCE, practice_light
from skinbeam.response.response_table import ResponseTable
from skinbeam.response.settings import build_beam, thin_evenly
from skinbeam.response.skins import SiteSkins
from skinbeam.simulate.skins.ensemble import weighted_share

__all__ = [
    "PlanWindow",
    "PublishedDoseRange",
    "compute_curve",
    "compute_window",
    "dose_grid",
    "log_spaced",
    "maker_dose_ranges",
    "published_dose_ranges",
]

# Grid of a window: doses and pulse lengths over the range of a device, evenly spaced.

_GRID_DOSES: Final = 24


def dose_grid(device: Device, wavelength_nm: float) -> list[float]:
    """Return doses over the range of a device at a wavelength, for any spot and pulse, ascending."""
    doses = {dose for setting in iterate_settings(device, wavelength_nm) for dose in dose_steps(device, setting)}
    return log_spaced(min(doses), max(doses))


def log_spaced(low: float, high: float, count: int = _GRID_DOSES) -> list[float]:
    """Return `count` round numbers from `low` to `high`, evenly spaced in the logarithm."""
    return [round_significant(float(x), 3) for x in np.geomspace(low, high, count)]


# Published doses beside a window: the range of practice by pulse length, and what makers recommend.

_PRACTICE_PULSES: Final = 9  # in the published range of pulses: the range of doses changes in steps between them


@dataclass(frozen=True)
class PublishedDoseRange:
    """Doses in J/cm², or of microbeams in mJ, at a row of a window: a pulse length in ms, or a density in 1/cm²."""

    row_value: float
    low: float
    high: float


def published_dose_ranges(
    envelope: PracticeEnvelope, quantity: str, *, spot_mm: float | None, pulse_ms: float, pulses: Sequence[float]
) -> tuple[PublishedDoseRange, ...]:
    """Return the published doses by pulse length, ascending; empty where nobody printed one.

    Parameters
    ----------
    quantity : `fluence_J_cm2` or `microbeam_mJ`, of which no source prints a spot.
    spot_mm, pulse_ms : the setting to compare with practice; where too few print a pulse, only its own pulse is
        included.
    pulses : first and last pulse length to include.
    """
    span = envelope.published_range("pulse_ms")
    at = [pulse_ms]
    if span is not None:
        low, high = max(span.low, pulses[0]), min(span.high, pulses[-1])
        inside = [pulse_ms] if low <= pulse_ms <= high else []
        at = sorted({*inside, *np.geomspace(low, high, _PRACTICE_PULSES).tolist()}) if low <= high else inside
    found = ((pulse, envelope.dose_range(quantity, pulse_ms=pulse, spot_mm=spot_mm)) for pulse in at)
    return tuple(PublishedDoseRange(pulse, span.low, span.high) for pulse, span in found if span is not None)


def maker_dose_ranges(rows: Iterable[PublishedSetting], *, spot_mm: float) -> tuple[PublishedDoseRange, ...]:
    """Return the doses that makers recommend with spots near this one, each pulse and dose once."""
    near = envelope_rules().near_spot_ratio
    ranges: dict[PublishedDoseRange, None] = {}
    for row in rows:
        pulses, doses, spots = map(span_ends, (row.pulse_ms, row.fluence_J_cm2, row.spot_mm))
        if row.from_manual and pulses and doses and all(1 / near <= spot / spot_mm <= near for spot in spots):
            ranges |= {PublishedDoseRange(pulse, doses[0], doses[-1]): None for pulse in pulses}
    return tuple(ranges)


Floats = NDArray[np.float64]

_WINDOW_ENERGIES, _WINDOW_DENSITIES = 6, 7
_WINDOW_PULSES: Final = 4  # representing the range of the device, in addition to that of the plan
_ProbabilityRows = tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class PlanWindow:
    """Probabilities over a grid; columns are doses, or energies of a microbeam.

    Parameters
    ----------
    row_quantity, rows : pulse lengths (`pulse_ms`), or densities of microbeams (`density_per_cm2`).
    p_effect : share of such skins that reach the target, as in the plan.
    p_harm : probability of a burn of the skin around it; where skin is removed or treated in columns, that any limit is
        broken.
    limit_use : used share of the limit that is nearest to being broken by a dose; 1 at the limit.
    broken_quantities : quantities of the limits that doses of the window break.
    published, recommended : published doses of this condition and light.
    """

    row_quantity: Literal["pulse_ms", "density_per_cm2"]
    dose: tuple[float, ...]
    rows: tuple[float, ...]
    p_effect: _ProbabilityRows
    p_harm: _ProbabilityRows
    limit_use: _ProbabilityRows
    broken_quantities: tuple[str, ...]
    published: tuple[PublishedDoseRange, ...]
    recommended: tuple[PublishedDoseRange, ...]


@dataclass(frozen=True)
class _WindowRow:
    """One row: the effect of each dose, its burn probability, and the limit that it is nearest to breaking."""

    effect: tuple[float, ...]
    harm: tuple[float, ...]
    nearest: tuple[tuple[float, str], ...]


def compute_window(trial: CandidateSetting, goal: TreatmentGoal, skins: SiteSkins, phototype: int | None) -> PlanWindow:
    """Return the window around the settings of a plan.

    Parameters
    ----------
    skins : for the pulses other than that of the plan.
    phototype : of the practice to compare with, 1 to 6.
    """
    machine, chosen = trial.machine, trial.setting
    if trial.density_per_cm2 is not None:
        return _column_window(trial, goal, skins, phototype)
    assert trial.thresholds is not None  # a trial of a full field
    table = ResponseTable(machine, goal, skins, trial.thresholds.burn_scale)
    limits = _binding_limits(trial)
    same = list(iterate_settings(machine.device, chosen.wavelength_nm))
    pulses = sorted({chosen.pulse_ms, *thin_evenly(sorted({candidate.pulse_ms for candidate in same}), _WINDOW_PULSES)})
    doses = tuple(sorted({trial.dose, *dose_grid(machine.device, chosen.wavelength_nm)}))
    rows = {chosen.pulse_ms: _window_row(trial.thresholds, limits, doses, trial.weights)}
    for pulse in pulses:
        if pulse == chosen.pulse_ms:
            continue
        setting = min(
            (candidate for candidate in same if candidate.pulse_ms == pulse),
            key=lambda candidate: abs(candidate.spot_mm - chosen.spot_mm),
        )
        try:
            found = table.at(setting, passes=trial.passes)
        except NotAvailable:
            continue  # a pulse of the device that the model cannot judge
        rows[pulse] = _window_row(found, limits, doses, skins.weights)
    beside = _published_fluences(trial, goal, phototype, (min(rows), max(rows)))
    return _make_window("pulse_ms", doses, rows, *beside)


def compute_curve(trial: CandidateSetting, goal: TreatmentGoal, phototype: int | None) -> PlanWindow:
    """Return the window of the planned pulse alone, which the plan has computed already.

    Parameters
    ----------
    phototype : as of `compute_window`.
    """
    assert trial.thresholds is not None  # a trial of a full field
    pulse_ms = trial.setting.pulse_ms
    doses = tuple(sorted({trial.dose, *dose_grid(trial.machine.device, trial.setting.wavelength_nm)}))
    row = _window_row(trial.thresholds, _binding_limits(trial), doses, trial.weights)
    return _make_window(
        "pulse_ms", doses, {pulse_ms: row}, *_published_fluences(trial, goal, phototype, (pulse_ms,) * 2)
    )


def _make_window(
    row_quantity: Literal["pulse_ms", "density_per_cm2"],
    doses: tuple[float, ...],
    rows: Mapping[float, _WindowRow],
    practised: tuple[PublishedDoseRange, ...],
    makers: tuple[PublishedDoseRange, ...],
) -> PlanWindow:
    in_order = [rows[place] for place in sorted(rows)]
    return PlanWindow(
        row_quantity,
        doses,
        tuple(sorted(rows)),
        tuple(row.effect for row in in_order),
        tuple(row.harm for row in in_order),
        tuple(tuple(spent for spent, _ in row.nearest) for row in in_order),
        tuple(dict.fromkeys(limit for row in in_order for spent, limit in row.nearest if spent > 1.0)),
        practised,
        makers,
    )


def _column_window(trial: CandidateSetting, goal: TreatmentGoal, skins: SiteSkins, phototype: int | None) -> PlanWindow:
    """Return the window of microbeams: energy by density, on the skins that the plan was judged on."""
    device, chosen = trial.machine.device, trial.setting
    assert trial.density_per_cm2 is not None  # a trial of columns
    limits = _binding_limits(trial)
    counts_m, _ = goal.column_depths_m(skins.target["thickness_m"][:, :-1].sum(axis=1))
    places = sorted({trial.density_per_cm2, *thin_evenly(density_steps(device, chosen, trial.dose), _WINDOW_DENSITIES)})
    cells: dict[float, list[tuple[float, float, tuple[float, str]]]] = {}
    for energy in sorted({trial.dose, *thin_evenly(dose_steps(device, chosen), _WINDOW_ENERGIES)}):
        sparsest = density_steps(device, chosen, energy)[0]
        beam = build_beam(trial.machine, chosen, energy, sparsest)
        try:
            depth = skins.lesion(beam, energy, limiting=False).depth
            columns = compute_columns(skins, beam, energy, sparsest)
        except NotAvailable:
            continue  # an energy of the device that the model cannot judge
        reached = weighted_share(depth >= counts_m, skins.weights[0])[0]
        cells[energy] = [
            (reached, *_judge_columns(columns.values(place), limits, skins.weights[1])) for place in places
        ]
    by_place = zip(places, zip(*cells.values(), strict=True), strict=True)
    rows = {place: _WindowRow(*(tuple(column) for column in zip(*row, strict=True))) for place, row in by_place}
    return _make_window("density_per_cm2", tuple(cells), rows, _published_energies(trial, goal, phototype), ())


def _binding_limits(trial: CandidateSetting) -> list[SettingLimit]:
    """Return the limits of a setting without those that it passes as practice does."""
    return [
        verdict.limit
        for verdict in trial.verdicts
        if verdict.status != "warn" or verdict.limit.used_fraction(verdict.share) <= 1.0
    ]


def _judge_columns(
    values: Mapping[str, LimitValues], limits: Sequence[SettingLimit], weights: Floats
) -> tuple[float, tuple[float, str]]:
    """Return the probability that columns break any limit, and the limit that they are nearest to breaking."""
    shares = (weighted_share(limit.draws_within(values[limit.quantity], limit.stop), weights)[0] for limit in limits)
    spent = [(limit.used_fraction(p), limit.quantity) for limit, p in zip(limits, shares, strict=True)]
    return weighted_share(p_any_limit_broken(limits, values), weights)[0], max(spent, default=(0.0, ""))


def _published_energies(
    trial: CandidateSetting, goal: TreatmentGoal, phototype: int | None
) -> tuple[PublishedDoseRange, ...]:
    """Return the published energies, over the published densities; empty where either is not printed."""
    envelope = find_envelope(goal.condition, practice_light(trial, goal.modality), phototype)
    if envelope is None:
        return ()
    energies = envelope.dose_range(ENERGY, pulse_ms=trial.setting.pulse_ms, spot_mm=None)
    spread = envelope.published_range("density_per_cm2")
    if energies is None or spread is None:
        return ()
    return tuple(PublishedDoseRange(end, energies.low, energies.high) for end in (spread.low, spread.high))


def _window_row(
    thresholds: DoseThresholds, limits: Sequence[SettingLimit], doses: Sequence[float], weights: tuple[Floats, Floats]
) -> _WindowRow:
    quantities = {limit.id: limit.quantity for limit in limits}
    every = (thresholds.limit_use(limits, dose, weights[1]) for dose in doses)
    return _WindowRow(
        tuple(weighted_share(thresholds.reaches_target(dose), weights[0])[0] for dose in doses),
        tuple(weighted_share(thresholds.injury_probability(dose), weights[1])[0] for dose in doses),
        tuple(max(((spent, quantities[name]) for name, spent in times.items()), default=(0.0, "")) for times in every),
    )


def _published_fluences(
    trial: CandidateSetting, goal: TreatmentGoal, phototype: int | None, pulses: tuple[float, float]
) -> tuple[tuple[PublishedDoseRange, ...], tuple[PublishedDoseRange, ...]]:
    """Return the published doses of this condition and light, and the recommendations of makers."""
    envelope = find_envelope(goal.condition, practice_light(trial, goal.modality), phototype)
    if envelope is None:
        return (), ()
    spot_mm, pulse_ms = trial.setting.spot_mm, trial.setting.pulse_ms
    rows = (row for tier in envelope.tiers for row in tier.rows)
    return (
        published_dose_ranges(envelope, FLUENCE, spot_mm=spot_mm, pulse_ms=pulse_ms, pulses=pulses),
        maker_dose_ranges(rows, spot_mm=spot_mm),
    )
