"""Effect and harm of every dose of a device in drawn skins, at each pulse and spot that is asked about.

Along the dose one simulation of a pulse and spot says everything: each drawn skin has a dose at which the target is
reached, and doses at which limits are broken. Of light that removes skin, the depth is computed at each dose. What
proposes a dose, searches one, draws a window or answers a question reads such a table.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from skinbeam.laser.beam import Beam
from skinbeam.laser.cooling import CoolingPlan
from skinbeam.laser.setting_grid import BeamSetting, dose_steps
from skinbeam.model.sources import collect_sources
from skinbeam.model.units import J_CM2, ZERO_CELSIUS_K
from skinbeam.outcome.dose_error import draw_burn_ratios
from skinbeam.response.bruise_thresholds import BruiseThresholds
from skinbeam.response.candidate import (
    BURN_ENDPOINT,
    DISRUPTION_ENDPOINT,
    BruisingEstimate,
    BurnDoses,
    CandidateSetting,
    DoseFunction,
    DoseThresholds,
    burn_doses,
    p_disruption,
)
from skinbeam.response.goals import TreatmentGoal
from skinbeam.response.limits import InjuryDepths, SettingLimit, find_limits, judge_limit
from skinbeam.response.settings import SearchMachine, build_beam, built_in_cooling
from skinbeam.response.skins import SiteSkins
from skinbeam.simulate.endpoints.registry import endpoint_fluence
from skinbeam.simulate.model_error import draw_error_factor
from skinbeam.simulate.pulse import locations
from skinbeam.simulate.pulse.damage_dose import cell_death_dose
from skinbeam.simulate.removal.ablation import injury_by_dose
from skinbeam.simulate.skins.ensemble import weighted_share
from skinbeam.skin.sample import SkinSample

__all__ = [
    "ABOVE_DEEPER_DERMIS",
    "CRATER_QUANTITY",
    "DISRUPTION_QUANTITY",
    "ResponseTable",
    "basal_burn_doses",
    "goal_doses_J_cm2",
    "reaches_share",
]

Floats = NDArray[np.float64]

DISRUPTION_QUANTITY = "p_disruption"
CRATER_QUANTITY = "ablation.depth_um"  # quantity of the model error
ABOVE_DEEPER_DERMIS = "upper plexus"  # the last layer above it
_NEAR_SURFACE = (BURN_ENDPOINT, "melanosome-disruption")  # endpoints of the epidermis

_Node: TypeAlias = "_HeatingNode | DoseThresholds"


@dataclass(frozen=True)
class ResponseTable:
    """The table of a device for a goal in drawn skins.

    Each pulse and spot is simulated when it is first asked about.

    Parameters
    ----------
    burn_scale : factor on computed doses that burn, which anchors them to the burns that clinics counted of this light.
    """

    machine: SearchMachine
    goal: TreatmentGoal
    skins: SiteSkins
    burn_scale: float = 1.0
    _nodes: dict[tuple[BeamSetting, int], _Node] = field(default_factory=dict, repr=False, compare=False)
    _bruises: dict[BeamSetting, BruiseThresholds] = field(default_factory=dict, repr=False, compare=False)

    @property
    def limits(self) -> Sequence[SettingLimit]:
        """The limits of the goal at this site."""
        return find_limits(self.goal.modality, self.skins.site, self.goal.condition)

    @property
    def cooling(self) -> CoolingPlan:
        """The cooling that a plan uses on the device."""
        return built_in_cooling(self.machine.device)[0]

    def beam(self, setting: BeamSetting, dose: float | None = None, *, passes: int = 1) -> Beam:
        """Return the beam of a setting, at the least dose of the device where none is given."""
        least = dose_steps(self.machine.device, setting)[0] if dose is None else dose
        return replace(build_beam(self.machine, setting, least), passes=passes)

    def anchored(self, burn_scale: float) -> "ResponseTable":
        """Return the same table with other anchored burns; nothing is simulated again."""
        return replace(self, burn_scale=burn_scale)

    def at(self, setting: BeamSetting, *, passes: int = 1) -> DoseThresholds:
        """Return effect and harm of every dose at a pulse and spot.

        Raises
        ------
        NotAvailable : the model cannot judge the target at such a setting, or no source gives the depth of such passes.
        """
        if (setting, passes) not in self._nodes:
            beam = self.beam(setting, passes=passes)
            if self.goal.modality == "ablative":
                self._nodes[setting, passes] = _removal_node(beam, self.goal, self.skins, self.limits)
            else:
                self._nodes[setting, passes] = _heating_node(beam, self.goal, self.skins, self.cooling, self.limits)
        node = self._nodes[setting, passes]
        return node if isinstance(node, DoseThresholds) else node.anchored(self.burn_scale, self.limits)

    def judge(self, setting: BeamSetting, dose: float, *, passes: int = 1) -> CandidateSetting:
        """Return a setting at a dose, with effect, harm and the verdict of every limit.

        Raises
        ------
        NotAvailable : as of `at`.
        """
        found, (w_target, w_limit) = self.at(setting, passes=passes), self.skins.weights
        uncooled, doubtful = found.uncooled_burn_probability, found.doubtful_injury_probability
        return CandidateSetting(
            self.machine,
            setting,
            self.beam(setting, dose, passes=passes),
            dose,
            None,
            found.reaches_target(dose),
            found.injury_probability(dose),
            None if uncooled is None else uncooled(dose),
            None if doubtful is None else doubtful(dose),
            tuple(judge_limit(limit, found.value[limit.id](dose), w_limit, found.basis) for limit in self.limits),
            (w_target, w_limit),
            found.basis,
            burns=found.burns,
            thresholds=found,
            deep_share=weighted_share(found.reaches_aim(dose), w_target)[0],
        )

    def bruising(self, trial: CandidateSetting) -> BruisingEstimate:
        """Return which of the target's skins bruise at a setting of this table; draws that are decided are kept."""
        if trial.setting not in self._bruises:
            self._bruises[trial.setting] = BruiseThresholds(self.skins, self.cooling)
        return self._bruises[trial.setting].judge(trial.beam, trial.dose)


def goal_doses_J_cm2(goal: TreatmentGoal, beam: Beam, skins: SiteSkins, cooling: CoolingPlan) -> Floats:
    """Return the dose that reaches the goal, (sample,).

    For a burn or a field's pigment, which limits bound too, it includes the model's error.
    """
    response = skins.respond(beam, cooling, limiting=False, near_surface=goal.endpoint in _NEAR_SURFACE)
    computed = endpoint_fluence(goal.endpoint, response) / J_CM2
    if goal.endpoint == BURN_ENDPOINT:
        return computed * draw_burn_ratios(beam, skins.target, "effect")
    return (
        computed * draw_error_factor(DISRUPTION_ENDPOINT, skins.target, "effect")
        if goal.fades_field_pigment
        else computed
    )


def reaches_share(goal_doses_J_cm2: Floats, weights: Floats, wanted: float) -> Callable[[float], bool]:
    """Return a function that tells whether a dose, J/cm², brings at least the wanted share of skins to the target."""
    return lambda dose: weighted_share(goal_doses_J_cm2 <= dose, weights)[0] >= wanted


def basal_burn_doses(beam: Beam, skins: SiteSkins, cooling: CoolingPlan) -> BurnDoses:
    """Return the doses at which the basal layer of the skin around the target dies, with their calibration."""
    around = skins.respond(beam, cooling, limiting=True, near_surface=True)
    computed = cell_death_dose(around, locations.basal_layer_response(around)) / J_CM2
    return burn_doses(beam, computed, skins.calibration_for(beam))


@dataclass(frozen=True)
class _HeatingNode:
    """What one simulation of light that heats says of every dose, J/cm², before burns are anchored.

    Parameters
    ----------
    wanted : doses that reach the target, (sample,).
    burns : doses that burn the skin around.
    lasting : doses that kill the papillary dermis without cooling, so that the burn heals with a mark.
    uncooled : doses that burn without the cooling, of everybody and as this person's earlier pulses correct them; empty
        where nothing is cooled. Clean pulses, which their cooling may have spared, speak for none without it.
    basal_minimum_C : the coldest that the basal layer gets, (sample,).
    disrupted : probability that a dose breaks half of the melanosomes beside the target; None where no limit asks.
    """

    beam: Beam
    wanted: Floats
    burns: BurnDoses
    lasting: BurnDoses
    uncooled: tuple[BurnDoses, ...]
    basal_minimum_C: Floats
    disrupted: DoseFunction | None
    basis: tuple[str, ...]

    def anchored(self, scale: float, limits: Sequence[SettingLimit]) -> DoseThresholds:
        """Return effect and harm of every dose with computed doses that burn times a factor."""
        burns = _scaled(self.burns, scale)
        quantities: dict[str, DoseFunction] = {
            "p_burn": burns.p,
            "p_lasting_burn_uncooled": _scaled(self.lasting, scale).p,
            "basal_minimum_C": lambda _dose: self.basal_minimum_C,
        }
        if self.disrupted is not None:
            quantities[DISRUPTION_QUANTITY] = self.disrupted
        value = {limit.id: quantities[limit.quantity] for limit in limits}

        def reached(dose: float) -> NDArray[np.bool_]:
            return np.asarray(self.wanted <= dose)

        def burns_uncooled(dose: float) -> Floats:
            return np.asarray(np.max([_scaled(bare, scale).p(dose) for bare in self.uncooled], axis=0))

        return DoseThresholds(
            self.beam,
            reached,
            reached,
            value,
            burns.p,
            burns_uncooled if self.uncooled else None,
            None,
            self.basis,
            burns,
            burn_scale=scale,
        )


def _scaled(burns: BurnDoses, scale: float) -> BurnDoses:
    return replace(burns, computed_J_cm2=scale * burns.computed_J_cm2)


def _heating_node(
    beam: Beam, goal: TreatmentGoal, skins: SiteSkins, cooling: CoolingPlan, limits: Sequence[SettingLimit]
) -> _HeatingNode:
    """Simulate light that heats."""
    with collect_sources() as sources:
        wanted = goal_doses_J_cm2(goal, beam, skins, cooling)
        around = skins.respond(beam, cooling, limiting=True, near_surface=True)
        is_cooled = cooling.kind != "none"
        bare = around
        if is_cooled:
            bare = skins.respond(beam, cooling, limiting=True, cooling_share=0.0, near_surface=True)
        burns = basal_burn_doses(beam, skins, cooling)
        lasting = burn_doses(beam, cell_death_dose(bare, locations.papillary_border_response(bare)) / J_CM2)
        uncooled: tuple[BurnDoses, ...] = ()
        if is_cooled:
            computed = cell_death_dose(bare, locations.basal_layer_response(bare)) / J_CM2
            uncooled = tuple(burn_doses(beam, computed, known) for known in (None, skins.calibration_for(beam)))
        coldest_K = locations.basal_layer_response(around).base_K.min(axis=1)
        disrupted = p_disruption(around) if any(limit.quantity == DISRUPTION_QUANTITY for limit in limits) else None
    return _HeatingNode(beam, wanted, burns, lasting, uncooled, coldest_K - ZERO_CELSIUS_K, disrupted, tuple(sources))


def _removal_node(beam: Beam, goal: TreatmentGoal, skins: SiteSkins, limits: Sequence[SettingLimit]) -> DoseThresholds:
    """Return the thresholds of light that removes skin: the epidermis is removed, the deeper dermis must stay.

    Between them the aim is the deeper the more severe the concern is, no deeper than the target.
    """
    with collect_sources() as sources:
        epidermis = locations.epidermis_bottom_m(skins.target)
        aimed = skins.borders(partial(_aim_depth_m, goal))
        own, deepest = _max_injury_depth_m(skins.limiting), skins.borders(_max_injury_depth_m)

        limiting = injury_by_dose(skins.limiting, beam)
        target = limiting if skins.is_without_target else injury_by_dose(skins.target, beam)
        (limit,) = limits  # depth is the only one of a crater

        def broken(factor: Floats | float) -> DoseFunction:
            return lambda dose: deepest.share_reached(factor * limiting(dose * J_CM2) / limit.stop)

        in_doubt = broken(draw_error_factor(CRATER_QUANTITY, skins.limiting, "harm"))
    return DoseThresholds(
        beam,
        lambda dose: np.asarray(target(dose * J_CM2) >= epidermis),
        lambda dose: aimed.share_reached(target(dose * J_CM2)),
        {limit.id: lambda dose: InjuryDepths(limiting(dose * J_CM2), own, deepest)},
        broken(1.0),
        None,
        in_doubt,
        tuple(sources),
    )


def _max_injury_depth_m(skins: SkinSample) -> Floats:
    """Return the greatest allowed depth of injury, (sample,)."""
    return locations.layer_bottom_m(skins, ABOVE_DEEPER_DERMIS)


def _aim_depth_m(goal: TreatmentGoal, skins: SkinSample) -> Floats:
    """Return the aimed depth, (sample,)."""
    return goal.field_depth_m(locations.epidermis_bottom_m(skins), _max_injury_depth_m(skins))
