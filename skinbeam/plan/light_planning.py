"""Plan a proposed light: move the published dose by what the model computes for this skin, and judge it.

The dose begins at the middle of what sources print; after an injury by light of another kind, at the least. Where this
skin is injured sooner than the skin that sources treated, it goes down by the ratio of the computed doses that burn
(plan 6), and further while the probability of a burn is above its limit. It never goes above the middle of what was
printed for such skin or a lighter one, and a dose that is borrowed from lighter skin is no more than enough.

P(burn) is anchored (`burn_anchor`): where the model computes more burns at the usual doses of clinics than they counted
at such light, all computed doses that burn are raised by the factor that makes both agree, and the model says only how
the probability moves with dose and skin.
"""

import math
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from skinbeam.assessment.questionnaire import darkest_phototype
from skinbeam.assessment.skin_draws import PersonColour
from skinbeam.laser.setting_grid import BeamSetting, dose_steps
from skinbeam.model.case import Case
from skinbeam.model.errors import NotAvailable
from skinbeam.model.vocabulary import PHOTOTYPES
from skinbeam.plan.burn_anchor import burn_anchor
from skinbeam.plan.proposal import Proposal
from skinbeam.plan.ranking import LEAST_REACHED
from skinbeam.published_doses.personal_calibration import PersonalCalibration
from skinbeam.response.candidate import BurnDoses, CandidateSetting
from skinbeam.response.fractional import search_microbeams
from skinbeam.response.full_field import search_full_field
from skinbeam.response.goals import MIDDLE, TreatmentGoal
from skinbeam.response.limits import effect_target
from skinbeam.response.reference_burns import reference_burn_median_J_cm2
from skinbeam.response.response_table import ResponseTable, basal_burn_doses, goal_doses_J_cm2, reaches_share
from skinbeam.response.settings import SearchMachine, build_beam, is_facial
from skinbeam.response.skin_bank import SkinBank
from skinbeam.response.skins import SiteSkins
from skinbeam.simulate.skins.ensemble import weighted_quantiles, weighted_share
from skinbeam.text import Message

__all__ = [
    "is_depth_of_practice",
    "judge_heating_dose",
    "misjudges_print",
    "plan_proposal",
    "plan_without_dose",
    "search_proposed_columns",
    "with_limits_of_practice",
]

Floats = NDArray[np.float64]

_NEAR: Final = 1.02  # in dose: darker skin needs more but for sampling and the heat of its epidermis, 1 %
_FEW_DRAWS: Final = 20
_SURE_ERRORS: Final = 4.0  # of the share of a few draws


def plan_proposal(
    case: Case,
    goal: TreatmentGoal,
    proposal: Proposal,
    site: str,
    bank: SkinBank,
    *,
    darker: Callable[[int], Proposal | None] | None = None,
    unknown_target: Message | None = None,
) -> CandidateSetting | None:
    """Return the setting to offer, judged on all draws; None where no published dose keeps the limits.

    A light that the model cannot judge is returned without a judgement.

    Parameters
    ----------
    darker : gives the proposal of a darker phototype, 1 to 6, at the same setting; it is asked only where it counts.
    unknown_target : what is not known of the target, so that nothing can be simulated.
    """
    if not proposal.doses:  # an earlier injury bars them all
        return None
    unjudged = Message("plan.lens-array") if proposal.machine.device.lens_array else unknown_target
    if unjudged is not None:
        return _published_candidate(goal, proposal, unjudged.text)
    try:
        if proposal.machine.device.microbeam:
            return _plan_columns(goal, proposal, site, bank)
        return _plan_heating(case, goal, proposal, site, bank, darker)
    except NotAvailable as error:
        return _published_candidate(goal, proposal, error.reason)


def plan_without_dose(
    case: Case, goal: TreatmentGoal, machine: SearchMachine, setting: BeamSetting, site: str, bank: SkinBank
) -> CandidateSetting | None:
    """Return a setting whose dose no source prints, at the dose that reaches the target.

    None where no dose keeps the limits.

    Raises
    ------
    NotAvailable : the model cannot judge the target at such a setting.
    """
    if machine.device.microbeam:
        skins = bank.skins(site, goal)
        return search_microbeams(machine, setting, goal, skins, energies=machine.doses(setting))
    # A dose for vessels is aimed on skins that are the same for every seed.
    aimed = bank.design_bank.skins(site, goal) if goal.location == "vessel" else None
    table = bank.response_table(machine, goal, site)
    if goal.modality != "ablative":
        table = _anchored(table, case, setting)
    most = math.inf if aimed is None else _most_of_device_J_cm2(table, setting)
    found = search_full_field(table, setting, aimed=aimed, most=most)
    if found is None:
        return None
    return _with_bruising(table, found)


def _anchored(table: ResponseTable, case: Case, setting: BeamSetting) -> ResponseTable:
    """Return a table whose burns are anchored to what clinics counted of the light of a setting."""
    phototype = darkest_phototype(case) or len(PHOTOTYPES)
    return table.anchored(burn_anchor(table.machine, table.beam(setting), table.skins.site, phototype))


def _most_of_device_J_cm2(table: ResponseTable, setting: BeamSetting) -> float:
    """Return the greatest dose of a device at a setting, less for darker skin by the ratio of doses that burn (plan 6).

    Nobody treated at that dose: a device that ends before any limit would give skin of every colour the same.
    """
    beam, skins = table.beam(setting), table.skins
    own_doses = basal_burn_doses(beam, skins, table.cooling)
    lightest = reference_burn_median_J_cm2(skins.site, PHOTOTYPES[0], beam, table.cooling)
    ratio = _median_J_cm2(own_doses, skins.weights[1]) / lightest
    return max(dose_steps(table.machine.device, setting)) * min(1.0, ratio)


def _plan_columns(goal: TreatmentGoal, proposal: Proposal, site: str, bank: SkinBank) -> CandidateSetting | None:
    """Return a published energy with the densest pattern that the limits allow, the deeper the more severe."""
    skins = bank.skins(site, goal)
    for energy in _doses_downwards(proposal, _energy_to_begin_with_mJ(goal, proposal)):
        found = search_proposed_columns(goal, proposal, proposal.setting, skins, site, energy)
        if found is not None:
            return found
    return None


def search_proposed_columns(
    goal: TreatmentGoal, proposal: Proposal, setting: BeamSetting, skins: SiteSkins, site: str, energy_mJ: float
) -> CandidateSetting | None:
    """Return an energy in the densest pattern up to the printed one that the limits allow; None where they allow none.

    Raises
    ------
    NotAvailable : no sourced data for such a beam.
    """
    return search_microbeams(
        proposal.machine,
        setting,
        goal,
        skins,
        energies=[energy_mJ],
        most_density_per_cm2=proposal.density_per_cm2,
        is_density_printed=proposal.is_density_of_such_skin,
        usual_density_per_cm2=proposal.usual_density_per_cm2,
        is_borne_since_harm=proposal.earlier is not None and not proposal.earlier.is_hurt_since,
        borne_density_per_cm2=proposal.borne_density_per_cm2,
        is_published=is_depth_of_practice(proposal, site),
    )


def is_depth_of_practice(proposal: Proposal, site: str) -> bool:
    """Return whether sources print its energy of columns for such skin, so that a broken limit of depth is a warning.

    Skin away from the face is thinner than that of most sources.
    """
    return proposal.is_energy_printed and is_facial(site)


def _energy_to_begin_with_mJ(goal: TreatmentGoal, proposal: Proposal) -> float:
    """Return the published energy of columns to begin with: the middle, less for mild and more for severe concerns.

    What is borrowed from other skin does not exceed its middle.
    """
    if proposal.lighter_phototype is not None and goal.aim_fraction >= MIDDLE:
        return proposal.middle
    share = 2.0 * abs(goal.aim_fraction - MIDDLE)
    end = proposal.low if goal.aim_fraction < MIDDLE else proposal.high
    wanted = proposal.middle * (end / proposal.middle) ** share
    return min(proposal.doses, key=lambda energy: abs(math.log(energy / wanted)))


def _plan_heating(
    case: Case,
    goal: TreatmentGoal,
    proposal: Proposal,
    site: str,
    bank: SkinBank,
    darker: Callable[[int], Proposal | None] | None,
) -> CandidateSetting | None:
    """Return the published dose of light that heats, moved to this skin.

    The darker skin of a phototype gets no less than the lighter skin of the next one.
    """
    table = bank.response_table(proposal.machine, goal, site)
    ratio = 1.0 if proposal.is_borne else _ratio_to_treated_skin(case, proposal, table)
    wanted = proposal.start * min(1.0, ratio)
    phototype = darkest_phototype(case) or len(PHOTOTYPES)
    while darker is not None and wanted < proposal.start and _is_measured(case) and phototype < len(PHOTOTYPES):
        phototype += 1
        darker_proposal = darker(phototype)
        if darker_proposal is None:
            break
        moved = darker_proposal.start * min(1.0, _ratio_to_phototype(phototype, darker_proposal, table))
        wanted = max(wanted, min(moved, proposal.start))
    if proposal.no_less_than is not None:
        wanted = max(wanted, proposal.no_less_than.dose)
    table = _anchored(table, case, proposal.setting)
    for dose in _doses_downwards(proposal, wanted):
        trial = with_limits_of_practice(table.judge(proposal.setting, dose), proposal)
        if trial.keeps_limits:
            lighter = _lighter_skins_that_borrow(case, proposal, table, bank.colour)
            return _with_bruising(table, _least_enough(table, goal, proposal, trial, lighter))
    return None


def _least_enough(
    table: ResponseTable,
    goal: TreatmentGoal,
    proposal: Proposal,
    trial: CandidateSetting,
    lighter: Sequence[SiteSkins],
) -> CandidateSetting:
    """Return a borrowed dose, or one that a rule bounds, lowered to the least that reaches enough skins.

    Nobody tried a borrowed dose on such skin, so that what is more than enough there is only a risk. A dose that
    sources print for such skin stays as it is unless a rule asks for no more than enough. Where a dose helped this
    skin, or less was tried on it and did too little, or a test spot showed what is enough, the model does not say it.

    Parameters
    ----------
    lighter : lighter skins that borrow the dose as well, the lightest first; no more is given than is enough of them.
    """
    is_borrowed = proposal.lighter_phototype is not None
    if proposal.raised_start or proposal.has_helped or (is_borrowed and trial.p_effective < LEAST_REACHED):
        return trial  # one that reaches so few is refused as it is
    wanted = min(goal.bounds.effective_share, effect_target().wanted if is_borrowed else math.inf)
    shown = proposal.whitened if proposal.no_less_than is None else proposal.no_less_than.dose
    least = shown if shown <= 1.001 * trial.dose else 0.0
    doses = [dose for dose in proposal.doses if least / 1.001 <= dose < trial.dose]
    place, has_enough = len(doses), trial.p_effective >= wanted
    if has_enough:
        place = bisect_left(doses, True, key=lambda dose: table.judge(proposal.setting, dose).p_effective >= wanted)
    if (
        lighter
        and place
        and (has_enough or not _surely_misses(table, proposal.setting, lighter[0], trial.dose, wanted))
    ):
        place = _place_of_enough(table, proposal.setting, lighter, doses[:place], wanted)
    if place == len(doses):
        return trial
    return with_limits_of_practice(table.judge(proposal.setting, doses[place]), proposal)


def _lighter_skins_that_borrow(
    case: Case, proposal: Proposal, table: ResponseTable, colour: PersonColour
) -> Sequence[SiteSkins]:
    """Return the lighter skins that the dose must not be more than enough of, the lightest first.

    A darker epidermis lets less light through, while a brown spot is itself darker in darker skin. So a dose for
    vessels is held against every lighter skin that borrows it too, and one for spots against the lightest skin of the
    same phototype, where the colour is measured. The lightest skin of all stands before those of each phototype. Of a
    measured colour those at the borders of the phototypes follow it, and the first that borrows begins where the skin
    ends that sources treated.
    """
    lender = proposal.lighter_phototype
    is_measured = colour.ita_deg is not None
    if lender is None or (table.goal.location != "vessel" and not is_measured):
        return ()
    if table.goal.location != "vessel":
        lender = (darkest_phototype(case) or len(PHOTOTYPES)) - 1
    return table.skins.lighter_skins[lender if is_measured else lender + 1 :]


def misjudges_print(goal: TreatmentGoal, proposal: Proposal, site: str, bank: SkinBank) -> bool:
    """Return whether the model lets the printed dose reach next to nobody in the lighter skin that sources treated.

    It then does not know the light, and says nothing of darker skin, whose dose is borrowed, either.
    """
    table, lender = bank.response_table(proposal.machine, goal, site), proposal.lighter_phototype
    lighter = table.skins.lighter_skins
    if lender is None or not lighter:
        return False
    treated = lighter[lender] if lender < len(lighter) else table.skins  # it is itself at the border
    reached = goal_doses_J_cm2(goal, table.beam(proposal.setting), treated, table.cooling)
    share, _ = weighted_share(reached <= proposal.middle, treated.weights[0])
    return share < LEAST_REACHED


def _place_of_enough(
    table: ResponseTable, setting: BeamSetting, lighter: Sequence[SiteSkins], doses: Sequence[float], wanted: float
) -> int:
    """Return the place of the least dose that reaches enough of lighter skins, the lightest first; else their number.

    The lightest need the least but for effects of sampling, so that the others are simulated only where it comes near.
    """
    place = len(doses)
    for skins in lighter:
        reached = goal_doses_J_cm2(table.goal, table.beam(setting), skins, table.cooling)
        is_enough = reaches_share(reached, skins.weights[0], wanted)
        place = bisect_left(doses[:place], True, key=is_enough)
        if not place or not is_enough(_NEAR * doses[place - 1]):
            break
    return place


def _surely_misses(table: ResponseTable, setting: BeamSetting, skins: SiteSkins, dose: float, wanted: float) -> bool:
    """Return whether a few draws show that a dose reaches less than the wanted share of skins: they take less time."""
    few = skins.target.select(slice(_FEW_DRAWS))
    reached = goal_doses_J_cm2(table.goal, table.beam(setting), SiteSkins(skins.site, few, few), table.cooling)
    share, error = weighted_share(reached <= dose, few["weight"])
    return share + _SURE_ERRORS * error < wanted


def judge_heating_dose(
    case: Case,
    goal: TreatmentGoal,
    machine: SearchMachine,
    setting: BeamSetting,
    dose: float,
    bank: SkinBank,
    site: str,
) -> CandidateSetting:
    """Return any dose of light that heats, judged as a plan judges its own.

    Raises
    ------
    NotAvailable : the model cannot judge the target at such a setting.
    """
    table = _anchored(bank.response_table(machine, goal, site), case, setting)
    return _with_bruising(table, table.judge(setting, dose))


def _ratio_to_treated_skin(case: Case, proposal: Proposal, table: ResponseTable) -> float:
    """Return the ratio of computed doses that burn, of this skin over the skin that sources treated.

    Of a skin of such a phototype that nobody measured it is what earlier pulses changed, over the same draws: against
    other draws a clean session would lower the dose as often as raise it.
    """
    if proposal.lighter_phototype is None and not _is_measured(case):
        beam, skins = table.beam(proposal.setting), table.skins
        burns = basal_burn_doses(beam, skins, table.cooling)
        if not isinstance(burns.calibration, PersonalCalibration):
            return 1.0
        before = _median_J_cm2(burns, np.ones(burns.computed_J_cm2.size))
        return _median_J_cm2(burns, skins.weights[1]) / before
    number = proposal.lighter_phototype or darkest_phototype(case) or len(PHOTOTYPES)
    return _ratio_to_phototype(number, proposal, table)


def _ratio_to_phototype(phototype: int, proposal: Proposal, table: ResponseTable) -> float:
    """Return the ratio of computed doses that burn, of this skin over skin of a phototype, 1 to 6."""
    beam, skins = table.beam(proposal.setting), table.skins
    own_median = _median_J_cm2(basal_burn_doses(beam, skins, table.cooling), skins.weights[1])
    return own_median / reference_burn_median_J_cm2(skins.site, PHOTOTYPES[phototype - 1], beam, table.cooling)


def _doses_downwards(proposal: Proposal, wanted: float) -> Sequence[float]:
    """Return the doses of a proposal that are no greater than wanted, the greatest first; else its least."""
    below = [dose for dose in proposal.doses if dose <= 1.001 * wanted]
    return below[::-1] or list(proposal.doses[:1])


def _is_measured(case: Case) -> bool:
    """Return whether the colour of the skin was measured, so that it may differ from the skin that sources treated."""
    patient, skin = case.patient, case.skin
    measured = skin is not None and (skin.ita_deg is not None or skin.reflectance is not None)
    return measured or (patient is not None and patient.ita_deg is not None)


def _median_J_cm2(burns: BurnDoses, weights: Floats) -> float:
    """Return the median dose that burns."""
    (median,) = weighted_quantiles(burns.computed_J_cm2, weights, (0.5,))
    return median


def with_limits_of_practice(trial: CandidateSetting, proposal: Proposal) -> CandidateSetting:
    """Return the trial with the limits that published doses of such skin keep in practice as warnings."""
    if proposal.lighter_phototype is not None:
        return trial
    return replace(trial, verdicts=tuple(verdict.as_published for verdict in trial.verdicts))


def _with_bruising(table: ResponseTable, trial: CandidateSetting) -> CandidateSetting:
    """Return the trial with the bruises of the skin around, of vessels or where a pressed window lifts."""
    if table.goal.location == "vessel":
        return replace(trial, bruising=table.bruising(trial))
    if trial.machine.device.compression:
        return replace(trial, bruising_if_lifted=table.bruising(trial))
    return trial


def _published_candidate(goal: TreatmentGoal, proposal: Proposal, reason: str) -> CandidateSetting | None:
    """Return the published dose of a light that the model cannot judge; None where none is published for such skin.

    Parameters
    ----------
    reason : why it cannot be judged.
    """
    if proposal.lighter_phototype is not None or proposal.is_beyond_print or goal.is_limited_by_depth:
        return None
    dose = _doses_downwards(proposal, proposal.start)[0]
    beam = build_beam(proposal.machine, proposal.setting, dose)
    nothing = np.zeros(0)
    return CandidateSetting(
        proposal.machine,
        proposal.setting,
        beam,
        dose,
        None,
        nothing.astype(np.bool_),
        nothing,
        None,
        None,
        (),
        (nothing, nothing),
        proposal.sources,
        unjudged=reason,
    )
