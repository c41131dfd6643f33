"""Search energy and density of a fractional setting: deep enough for the target, with enough untreated skin in between.

The limits hold for everyone. The bounds of rules for this person apply within the limits: a share of the density that
would be chosen, a greatest energy, a greatest share of the skin.
"""

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from skinbeam.laser.beam import Beam, coverage_pct
from skinbeam.laser.setting_grid import BeamSetting, density_steps
from skinbeam.model.sources import cite_sources, collect_sources
from skinbeam.model.units import MM, UM
from skinbeam.model.value_equality import compared_by_value
from skinbeam.response.candidate import CandidateSetting
from skinbeam.response.envelope import is_thick_scar
from skinbeam.response.goals import TreatmentGoal
from skinbeam.response.limits import InjuryDepths, LimitValues, SettingLimit, effect_target, find_limits, judge_limit
from skinbeam.response.settings import SearchMachine, build_beam
from skinbeam.response.skins import SiteSkins
from skinbeam.simulate.model_error import draw_error_factor
from skinbeam.simulate.removal.ablation import is_ablative
from skinbeam.simulate.skins.ensemble import weighted_share
from skinbeam.skin.sample import SkinSample

__all__ = [
    "COLUMN_DEPTH",
    "CRATER_DEPTH",
    "MicrobeamColumns",
    "compute_columns",
    "judge_microbeams",
    "p_any_limit_broken",
    "search_microbeams",
]

Floats = NDArray[np.float64]

_COVERAGES = ("beam_coverage_fraction", "coverage_fraction")
CRATER_DEPTH, COLUMN_DEPTH, WIDTH = (f"microlesion.{name}_um" for name in ("ablation_depth", "depth", "width"))


@dataclass(frozen=True)
class _EnergyCandidate:
    """An energy under test: its sparsest beam, the densities on offer, the draws that it reaches, its sources.

    Parameters
    ----------
    is_printed : whether sources print the greatest of the densities for such skin.
    usual_densities : those of a plan without an earlier session, of which rules take their share; empty where there is
        none.
    borne_per_cm2 : the density that sources print for darker skin, so that rules on darker skin spare it; 0 for none.
    is_borne_since_harm : whether the densities are those of a session after all harm by columns, whose share is then
        taken of what a plan without that session would set.
    """

    beam: Beam
    energy_mJ: float
    densities: Sequence[float]
    effective: NDArray[np.bool_]
    basis: tuple[str, ...]
    is_printed: bool = False
    usual_densities: Sequence[float] = ()
    borne_per_cm2: float = 0.0
    is_borne_since_harm: bool = False


def search_microbeams(
    machine: SearchMachine,
    setting: BeamSetting,
    goal: TreatmentGoal,
    skins: SiteSkins,
    *,
    energies: Sequence[float],
    most_density_per_cm2: float | None = None,
    is_density_printed: bool = False,
    usual_density_per_cm2: float | None = None,
    borne_density_per_cm2: float = 0.0,
    is_borne_since_harm: bool = False,
    is_published: bool = False,
) -> CandidateSetting | None:
    """Return the least of `energies` that reaches the target, with its density, or the greatest that keeps the limits.

    Parameters
    ----------
    energies : mJ, ascending; searched by bisection.
    most_density_per_cm2 : the greatest density to try; None for all of the device.
    is_density_printed : whether sources print that density for such skin, so that rules on darker skin spare it.
    usual_density_per_cm2 : the greatest density of a plan without an earlier session, where the one to try is that of a
        session: rules take their share of what the plan would set, and not of what this skin has borne already.
    borne_density_per_cm2 : the density that sources print for darker skin; 0 for none.
    is_borne_since_harm : whether the density to try is that of a session later than all harm by columns, which was
        lowered then and is not lowered again.
    is_published : whether sources print such an energy for such skin, so that a broken limit of depth is a warning.

    Raises
    ------
    NotAvailable : no sourced data for such a beam.
    """
    energies = [energy for energy in energies if energy <= goal.bounds.energy_mJ(setting.spot_mm * MM / UM)]
    candidates: dict[int, CandidateSetting | None] = {}
    counts_m, aimed_m = goal.column_depths_m(_depth_of_fat_m(skins.target))

    def enough(index: int) -> bool:
        """Return whether the target or a limit is reached; more energy only goes deeper, so this stays true."""
        every = density_steps(machine.device, setting, energies[index])
        offered = [
            density for density in every if most_density_per_cm2 is None or density <= most_density_per_cm2
        ] or every[:1]
        beam = build_beam(machine, setting, energies[index], offered[0])
        with collect_sources() as sources:
            depth = skins.lesion(beam, energies[index], limiting=False).depth
        looked = _EnergyCandidate(
            beam,
            energies[index],
            offered,
            np.asarray(depth >= counts_m),
            tuple(sources),
            is_density_printed,
            [density for density in every if density <= (usual_density_per_cm2 or 0.0)],
            borne_density_per_cm2,
            is_borne_since_harm,
        )
        densest = _densest_pattern(machine, setting, goal, skins, looked, is_published=is_published)
        if densest is None:
            candidates[index] = None
            return True
        deep = weighted_share(depth >= aimed_m, skins.weights[0])[0]
        candidates[index] = replace(densest, deep_share=deep)
        # Where a rule bounds the energy, less is aimed at than counts as reached.
        reached = weighted_share(depth >= np.minimum(counts_m, aimed_m), skins.weights[0])[0]
        return reached >= effect_target().wanted and deep >= effect_target().aimed

    first = bisect_left(range(len(energies)), True, key=enough)
    return candidates.get(first) or candidates.get(first - 1)


def judge_microbeams(
    machine: SearchMachine,
    setting: BeamSetting,
    goal: TreatmentGoal,
    skins: SiteSkins,
    energy_mJ: float,
    density_per_cm2: float,
) -> CandidateSetting:
    """Return any energy and density of microbeams, judged as the search judges its own.

    Raises
    ------
    NotAvailable : no sourced data for such a beam.
    """
    counts_m, aimed_m = goal.column_depths_m(_depth_of_fat_m(skins.target))
    beam = build_beam(machine, setting, energy_mJ, density_per_cm2)
    with collect_sources() as sources:
        depth = skins.lesion(beam, energy_mJ, limiting=False).depth
    looked = _EnergyCandidate(beam, energy_mJ, [density_per_cm2], np.asarray(depth >= counts_m), tuple(sources))
    columns = compute_columns(skins, beam, energy_mJ, density_per_cm2)
    judge = _pattern_judge(machine, setting, goal, skins, looked, columns, is_published=False)
    return replace(judge(density_per_cm2), deep_share=weighted_share(depth >= aimed_m, skins.weights[0])[0])


@compared_by_value
@dataclass(frozen=True)
class MicrobeamColumns:
    """Columns of one microbeam energy in the skin that limits are checked against.

    Parameters
    ----------
    depth : depth of a column, relative to the skin above the fat.
    diameter_um : of the beams.
    area_cm2 : injured by one column, heat beside the beam included, (sample,).
    temperature_C : of the skin before: no cooling is planned with microbeams, so nothing gets colder.
    """

    depth: InjuryDepths
    diameter_um: float
    area_cm2: Floats
    temperature_C: float

    def coverage(self, density_per_cm2: float) -> Floats:
        """Return the share of the skin that columns of a density injure, (sample,)."""
        return np.asarray(-np.expm1(-density_per_cm2 * self.area_cm2))

    def values(self, density_per_cm2: float) -> dict[str, LimitValues]:
        """Return the quantities of limits at a density, (sample,)."""
        under_beams = coverage_pct(self.diameter_um, density_per_cm2) / 100.0
        return {
            "microlesion_depth_fraction": self.depth,
            "beam_coverage_fraction": np.full(self.area_cm2.size, under_beams),
            "coverage_fraction": self.coverage(density_per_cm2),
            "basal_minimum_C": np.full(self.area_cm2.size, self.temperature_C),
        }


def compute_columns(skins: SiteSkins, beam: Beam, energy_mJ: float, density_per_cm2: float) -> MicrobeamColumns:
    """Return the columns of an energy in the skin that limits are checked against.

    Coverage is 1 - exp(-density x area); that of the beam's own density gives the area, infinite when it is 1.

    Raises
    ------
    ValueError : a beam without microbeams.
    """
    if beam.microbeam is None:
        raise ValueError("the beam has no microbeams")
    harmed = skins.lesion(beam, energy_mJ, limiting=True)
    with np.errstate(divide="ignore"):
        area = -np.log1p(-harmed.coverage) / density_per_cm2
    depth = InjuryDepths(harmed.depth, _depth_of_fat_m(skins.limiting), skins.borders(_depth_of_fat_m))
    return MicrobeamColumns(depth, beam.microbeam.diameter_um, area, skins.temperature_C)


def p_any_limit_broken(limits: Sequence[SettingLimit], values: Mapping[str, LimitValues]) -> Floats:
    """Return the probability that each draw breaks any of the limits.

    The skin in which a column ends is drawn, its width is computed.
    """
    p_met = [np.asarray(limit.draws_within(values[limit.quantity], limit.stop), dtype=np.float64) for limit in limits]
    return np.asarray(1.0 - np.prod(p_met, axis=0))


def _depth_of_fat_m(skins: SkinSample) -> Floats:
    """Thickness of epidermis and dermis, (sample,)."""
    return np.asarray(skins["thickness_m"][:, :-1].sum(axis=1))


def _densest_pattern(
    machine: SearchMachine,
    setting: BeamSetting,
    goal: TreatmentGoal,
    skins: SiteSkins,
    candidate: "_EnergyCandidate",
    *,
    is_published: bool,
) -> CandidateSetting | None:
    """Return the densest pattern without a warning of coverage, within the bounds of rules.

    None when no pattern is sparse enough.
    """
    beam, energy, offered = candidate.beam, candidate.energy_mJ, candidate.densities
    with collect_sources() as sources:
        cite_sources(*candidate.basis)
        harmed = compute_columns(skins, beam, energy, offered[0])
    candidate = replace(candidate, basis=tuple(sources))
    at = _pattern_judge(machine, setting, goal, skins, candidate, harmed, is_published=is_published)
    densest = _densest_within_limits(at, offered)
    if densest is None or densest.density_per_cm2 is None:
        return None
    would_be = _densest_within_limits(at, candidate.usual_densities) or densest
    share_of = max(densest.density_per_cm2, would_be.density_per_cm2 or 0.0)
    within_rules = _densities_within_rules(candidate, share_of, goal, setting)
    usual = [density for density in within_rules if density <= densest.density_per_cm2]
    unharmed = usual
    if candidate.is_borne_since_harm and candidate.usual_densities and would_be.density_per_cm2 is not None:
        every = replace(candidate, densities=candidate.usual_densities)
        unharmed = [
            density
            for density in _densities_within_rules(every, share_of, goal, setting)
            if density <= would_be.density_per_cm2
        ]
    most = goal.bounds.density_after_harm_per_cm2(unharmed[-1]) if unharmed else 0.0
    allowed_densities = [density for density in usual if density <= most]
    if not allowed_densities:
        return None
    densest = densest if allowed_densities[-1] == densest.density_per_cm2 else at(allowed_densities[-1])
    lowered = usual[-1] if allowed_densities[-1] < usual[-1] else None
    return replace(
        densest, beam=build_beam(machine, setting, energy, allowed_densities[-1]), density_before_harm_per_cm2=lowered
    )


def _pattern_judge(
    machine: SearchMachine,
    setting: BeamSetting,
    goal: TreatmentGoal,
    skins: SiteSkins,
    candidate: "_EnergyCandidate",
    harmed: MicrobeamColumns,
    *,
    is_published: bool,
) -> Callable[[float], CandidateSetting]:
    """Return the function that judges an energy at any density."""
    limits = find_limits(goal.modality, skins.site, goal.condition)
    in_doubt = _columns_with_model_error(harmed, candidate.beam, skins)

    def at(density: float) -> CandidateSetting:
        values = harmed.values(density)
        verdicts = tuple(
            judge_limit(limit, values[limit.quantity], skins.weights[1], candidate.basis) for limit in limits
        )
        if is_published:
            verdicts = tuple(verdict.as_published for verdict in verdicts)
        return CandidateSetting(
            machine,
            setting,
            candidate.beam,
            candidate.energy_mJ,
            density,
            candidate.effective,
            p_any_limit_broken(limits, values),
            None,
            p_any_limit_broken(limits, in_doubt.values(density)),
            verdicts,
            skins.weights,
            candidate.basis,
        )

    return at


def _densities_within_rules(
    candidate: _EnergyCandidate, densest: float, goal: TreatmentGoal, setting: BeamSetting
) -> list[float]:
    """Return the densities within the bounds of rules, which take their share of the densest."""
    is_scar = is_thick_scar(goal.condition)
    most = goal.bounds.density_per_cm2(densest, is_printed=candidate.is_printed, is_scar=is_scar)
    borne = min(candidate.borne_per_cm2, densest)
    most = max(most, goal.bounds.density_per_cm2(borne, is_printed=True, is_scar=is_scar))
    most_pct = 100.0 * goal.bounds.beam_coverage_fraction
    diameter_um = setting.spot_mm * MM / UM
    return [
        density for density in candidate.densities if density <= most and coverage_pct(diameter_um, density) <= most_pct
    ]


def _columns_with_model_error(columns: MicrobeamColumns, beam: Beam, skins: SiteSkins) -> MicrobeamColumns:
    """Return the columns made deeper and wider by the model's error in experiments."""
    deeper = draw_error_factor(CRATER_DEPTH if is_ablative(beam) else COLUMN_DEPTH, skins.limiting, "harm")
    wider = draw_error_factor(WIDTH, skins.limiting, "harm")
    return MicrobeamColumns(
        replace(columns.depth, depth_m=deeper * columns.depth.depth_m),
        columns.diameter_um,
        columns.area_cm2 * wider**2,
        columns.temperature_C,
    )


def _densest_within_limits(
    at: Callable[[float], CandidateSetting], densities: Sequence[float]
) -> CandidateSetting | None:
    """Return the densest pattern before a limit breaks or coverage has a warning, which the sparsest alone may have.

    More columns only cover more, so that the densities, ascending, are searched by bisection.
    """

    def is_too_dense(density: float) -> bool:
        trial = at(density)
        warned = any(v.status == "warn" for v in trial.verdicts if v.limit.quantity in _COVERAGES)
        return not trial.keeps_limits or (warned and density > densities[0])

    place = bisect_left(densities, True, key=is_too_dense)
    return at(densities[place - 1]) if place else None
