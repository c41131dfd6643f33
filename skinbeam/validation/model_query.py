"""Compute the model's answer to a published row: a threshold, a simulated value, or a property of the sampled skins."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from operator import sub, truediv
from pathlib import Path
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from skinbeam.api.simulate import simulate_case
from skinbeam.api.summary import Simulation
from skinbeam.api.threshold import DoseThreshold, find_threshold
from skinbeam.model.case import Case
from skinbeam.model.case_tables import CaseTables
from skinbeam.model.document import canonical_json, round_significant
from skinbeam.model.errors import NotAvailable
from skinbeam.model.estimate import Estimate, Unknown, Value
from skinbeam.model.input_files import LoadedCase, parse_record
from skinbeam.model.sources import collect_sources
from skinbeam.model.units import J_CM2, MM, MPA, MS, NS, PER_CM, UM, ZERO_CELSIUS_K
from skinbeam.physics.damage.arrhenius import omega
from skinbeam.physics.targets.vessel import cylinder_relaxation_time, lumen_relaxation_time
from skinbeam.plan_records.plan import round_record
from skinbeam.simulate.light.lighting import illuminate
from skinbeam.simulate.light.medium import LayeredMedium
from skinbeam.simulate.light.spot import SHARE_PHOTONS, spot_share
from skinbeam.simulate.pulse.locations import epidermis_bottom_m, tissue_layer_indices
from skinbeam.simulate.removal.ablation import recoil_stress, side_wall_dwell
from skinbeam.simulate.removal.heated_optics import denaturation_end_C, scattering_after_hold, scattering_peak_C
from skinbeam.simulate.skins.ensemble import summarise_draws
from skinbeam.simulate.skins.tissue_kinetics import CELL_DEATH_KINETICS, sample_kinetics
from skinbeam.skin.distribution import SkinDistribution
from skinbeam.skin.layers import EPIDERMIS, RETICULAR_DERMIS
from skinbeam.skin.properties import blood_thermal_properties, melanosome_mua, thermal_properties
from skinbeam.skin.sample import SkinSample
from skinbeam.text import render_message
from skinbeam.validation.published_rows import ModelQuestion

__all__ = [
    "FUNCTIONS",
    "ModelAnswer",
    "ModelRuns",
]

Floats = NDArray[np.float64]
ResultT = TypeVar("ResultT")

# Properties of sampled skins: each function takes the skins and its arguments, and returns an array (sample,).

SLAB = 8.0  # d²/8κ, the relaxation time of a layer in common use


def _diffusivity(skins: SkinSample) -> tuple[Floats, list[str]]:
    """Return the thermal diffusivity (sample, layer), m²/s, and the names of the layers."""
    heat = thermal_properties(skins)
    return heat.conductivity / heat.heat_capacity_vol, list(skins.layers)


def _cylinder_diameter_um(skins: SkinSample, relaxation_ms: float) -> Floats:
    """Return the diameter of a vessel (blood in dermis) with this relaxation time, which grows with its square."""
    heat = thermal_properties(skins)
    layer = list(skins.layers).index(RETICULAR_DERMIS)
    dermis = heat.conductivity[:, layer], heat.heat_capacity_vol[:, layer]
    of_a_metre = lumen_relaxation_time(1.0, blood=blood_thermal_properties(), dermis=dermis)
    return np.asarray(np.sqrt(relaxation_ms * MS / of_a_metre) / UM)


def _epidermis_relaxation_ms(skins: SkinSample) -> Floats:
    diffusivity, _ = _diffusivity(skins)
    layer = int(tissue_layer_indices(skins, EPIDERMIS)[-1])
    thickness = epidermis_bottom_m(skins)  # the horny layer belongs to the whole epidermis
    return np.asarray(thickness**2 / (SLAB * diffusivity[:, layer]) / MS)


def _fluence_rate_ratio(skins: SkinSample, wavelength_nm: float, depth_um: float, spot_mm: float) -> Floats:
    """Return the fluence rate at a depth on the axis of a top-hat beam over its irradiance; the skin has no vessel."""
    lit = illuminate(skins, [(wavelength_nm, 1.0)])
    middle = LayeredMedium.from_optics(lit.spectral_lines[0].optics, skins["thickness_m"]).median()
    share = spot_share(middle, spot_mm * MM, "top-hat", SHARE_PHOTONS)
    lit = lit.narrow_to_spot(None if share is None else (share,))
    at = zip(lit.grid.centres, lit.fluence_rate_ratio, strict=True)
    return np.array([np.interp(depth_um * UM, centres, ratio) for centres, ratio in at])


def _follicle_relaxation_ms(skins: SkinSample) -> Floats:
    """Return the relaxation time of a terminal hair follicle, shaft and sheaths, as a cylinder in the dermis."""
    diffusivity, layers = _diffusivity(skins)
    width = skins["terminal_follicle_m"]
    return np.asarray(cylinder_relaxation_time(width, diffusivity[:, layers.index(RETICULAR_DERMIS)]) / MS)


def _time_of_cell_death_s(skins: SkinSample, temperature_C: float) -> Floats:
    """Return the hold time at which the damage integral of cell death is 1; the integral is proportional to time."""
    temperature_K = np.full((skins.count, 2), temperature_C + ZERO_CELSIUS_K)
    return 1.0 / omega(temperature_K, [1.0], sample_kinetics(CELL_DEATH_KINETICS, skins))


def _melanosome_absorption_per_cm(skins: SkinSample, wavelength_nm: float) -> Floats:
    return np.full(skins.count, melanosome_mua(wavelength_nm, skins.melanosome) / PER_CM)


def _recoil_MPa(skins: SkinSample, wavelength_nm: float, pulse_ns: float, fluence_J_cm2: float) -> Floats:
    return recoil_stress(skins, wavelength_nm, pulse_ns * NS, fluence_J_cm2 * J_CM2) / MPA


def _side_wall_dwell_ms(skins: SkinSample, wavelength_nm: float) -> Floats:
    return side_wall_dwell(skins, wavelength_nm) / MS


def _scattering_ratio_after_hold(
    skins: SkinSample, temperature_C: float, hold_s: float, wavelength_nm: float
) -> Floats:
    return scattering_after_hold(skins, np.array([temperature_C]), hold_s=hold_s, wavelength_nm=wavelength_nm)[:, 0]


FUNCTIONS: Final[Mapping[str, Callable[..., Floats]]] = {
    "cylinder_diameter_um": _cylinder_diameter_um,
    "epidermis_relaxation_ms": _epidermis_relaxation_ms,
    "fluence_rate_ratio": _fluence_rate_ratio,
    "follicle_relaxation_ms": _follicle_relaxation_ms,
    "held_scattering_ratio": _scattering_ratio_after_hold,
    "melanosome_absorption_per_cm": _melanosome_absorption_per_cm,
    "recoil_MPa": _recoil_MPa,
    "side_wall_dwell_ms": _side_wall_dwell_ms,
    "scattering_rises_up_to_C": scattering_peak_C,
    "scattering_settles_at_C": denaturation_end_C,
    "time_of_cell_death_s": _time_of_cell_death_s,
}

# Model runs.


@dataclass(frozen=True)
class ModelAnswer:
    """The model's answer to a question.

    Parameters
    ----------
    value : in the unit of the row; unknown where the model has no answer, or where no dose in its range is enough.
    insufficient_dose : the dose that was not enough, in the same unit, or None.
    """

    value: Estimate | Unknown
    insufficient_dose: float | None = None


@dataclass
class ModelRuns:
    """Run the questions on the cases of one group; identical runs are cached.

    Parameters
    ----------
    cases : `[case.NAME]` of the group.
    """

    cases: Mapping[str, CaseTables]
    draws: int
    seed: int
    _doses: dict[str, DoseThreshold | NotAvailable] = field(default_factory=dict)
    _simulations: dict[str, Simulation | NotAvailable] = field(default_factory=dict)

    def answer(self, question: ModelQuestion) -> ModelAnswer:
        """Return the answer to one question; an unknown with its reason where the model has none."""
        case = self.cases[question.case].with_fields(question.set)
        computed = self._answer_case(question, case)
        if question.over:
            computed = _combine(computed, self._answer_case(question, case.with_fields(question.over)), truediv)
        if question.less:
            computed = _combine(computed, self._answer_case(question, case.with_fields(question.less)), sub)
        if isinstance(computed.value, Unknown):
            return ModelAnswer(
                computed.value,
                None if computed.insufficient_dose is None else computed.insufficient_dose * question.scale,
            )
        return ModelAnswer(computed.value.scaled(question.scale))

    def _answer_case(self, pose: ModelQuestion, case: CaseTables) -> ModelAnswer:
        try:
            if pose.threshold is not None:
                return _dose_answer(self._run(self._doses, find_threshold, case, pose.threshold))
            if pose.simulate is not None:
                return ModelAnswer(_value_at(self._run(self._simulations, simulate_case, case), pose.simulate))
            assert pose.function is not None  # exactly one of the three is given
            return ModelAnswer(self._answer_from_skins(pose.function, case, pose.arguments))
        except NotAvailable as error:
            return ModelAnswer(Unknown(error.reason))

    def _run(
        self,
        answers: dict[str, ResultT | NotAvailable],
        make: Callable[..., ResultT],
        case: CaseTables,
        *what: str,
    ) -> ResultT:
        key = canonical_json([case.root, what])
        if key not in answers:
            try:
                answers[key] = make(_load(case), *what, draws=self.draws, seed=self.seed)
            except NotAvailable as error:
                answers[key] = error
        found = answers[key]
        if isinstance(found, NotAvailable):
            raise found
        return found

    def _answer_from_skins(self, name: str, case: CaseTables, arguments: Mapping[str, float]) -> Value:
        with collect_sources() as sources:
            skins = SkinDistribution.from_case(_load(case).case).sample(self.draws, self.seed)
            values = FUNCTIONS[name](skins, **arguments)
        return summarise_draws(values, skins["weight"], tuple(sources))


def _load(case: CaseTables) -> LoadedCase:
    return LoadedCase(parse_record(Case, case.root, file="validation"), Path(), "validation")


def _dose_answer(threshold: DoseThreshold) -> ModelAnswer:
    """Return the dose with the digits of the document."""
    dose = round_record(threshold.dose)
    if threshold.reached is False:
        return ModelAnswer(dose, insufficient_dose=round_significant(threshold.bracket[1]))
    return ModelAnswer(dose)


def _value_at(simulation: Simulation, path: str) -> Value:
    """Return the value at a dotted path of a simulation, with the digits of the document."""
    here: object = simulation
    for name in path.split("."):
        if isinstance(here, Unknown):
            break
        here = here[name] if isinstance(here, Mapping) else getattr(here, name)
    if not isinstance(here, Estimate | Unknown):
        raise TypeError(f"{path} is no value of a simulation")
    return round_record(here)


def _combine(first: ModelAnswer, second: ModelAnswer, operation: Callable[[float, float], float]) -> ModelAnswer:
    """Return the ratio or the difference of two answers for the same skins.

    Their ends are paired, since a skin moves both alike.
    """
    a, b = first.value, second.value
    if isinstance(a, Unknown) or isinstance(b, Unknown):
        return ModelAnswer(a if isinstance(a, Unknown) else b)
    if operation is truediv and min(b.low, b.median, b.high) <= 0:
        return ModelAnswer(Unknown(render_message("validate.ratio-to-nothing")))
    middle = operation(a.median, b.median)
    low, _, high = sorted((operation(a.low, b.low), middle, operation(a.high, b.high)))
    basis = tuple(dict.fromkeys((*a.basis, *b.basis)))
    return ModelAnswer(Estimate(middle, low, high, a.level, a.kind, a.draws, basis))
