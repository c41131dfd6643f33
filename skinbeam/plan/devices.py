"""Search the devices for the settings that reach a target within the limits.

Settings are compared on a few draws; what is offered is judged on all of them, and what a few draws show to be far
from the target is refused without a number. Settings for vessels that the few draws do not tell apart are compared
again on all of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from skinbeam.errors import NotAvailable
from skinbeam.laser.cooling import CoolingPlan
from skinbeam.laser.grid import Setting
from skinbeam.messages import Message
from skinbeam.plan.options import laser_option
from skinbeam.plan.ranking import Standing, chance
from skinbeam.plan.records import Option, Refused
from skinbeam.plan.rules.reason import severity
from skinbeam.plan.rules.suitability import Suitability, judge
from skinbeam.plan.search.bank import SkinBank
from skinbeam.plan.search.bruising import bruising_of
from skinbeam.plan.search.candidates import Machine, beam_of, built_in_cooling, candidates, narrower, thinned
from skinbeam.plan.search.fractional import microbeam_trial
from skinbeam.plan.search.full_field import full_field_trial
from skinbeam.plan.search.goals import Goal, goal_of
from skinbeam.plan.search.limits import fewest_draws, target
from skinbeam.plan.search.preference import abreast, gentlest, merit
from skinbeam.plan.search.skins import SiteSkins, Spectrum
from skinbeam.plan.search.trial import Trial
from skinbeam.provenance import used
from skinbeam.schema.case import Case
from skinbeam.schema.consultation import Concern
from skinbeam.schema.names import table
from skinbeam.simulate.removal.ablation import pulse_answered

__all__ = ["Found", "laser_options", "refusal"]

SCREENING_ENERGIES = 6
SCREENING_DRAWS = 20  # settings are compared on these, the chosen one is judged on all
# How far below the least share a first look may find a setting before it is refused: two standard errors of a quarter.
SCREENING_MARGIN = 0.19


@dataclass(frozen=True)
class Found:
    """A laser option of a concern: its record, what it is ranked by, and what it was made of."""

    option: Option
    standing: Standing
    trial: Trial
    goal: Goal


def laser_options(
    case: Case, concern: Concern, modality: str, machines: Sequence[Machine], bank: SkinBank
) -> tuple[list[Found], list[Refused]]:
    """Return the option of each device that can, and why the others are refused.

    Where the clinic did not say what it has, only the best device's option is returned.
    """
    goal = goal_of(concern.condition, modality)
    if machines and bank.draws < (needed := fewest_draws()):
        few = Message("plan.too-few-draws", {"draws": bank.draws, "needed": needed})
        return [], [refusal(modality, [few])]
    bank.skins(concern.site, goal, most=SCREENING_DRAWS).light_up(_spectra(goal, machines))
    screened, refused = _screened(case, concern, goal, machines, bank)
    all_of_them = case.clinic is not None and case.clinic.devices is not None
    options: list[Found] = []
    for best, machine in screened:
        if options and not all_of_them:
            break
        cooling, words = built_in_cooling(machine.device)
        trial = _settled(goal, machine, best, bank.skins(concern.site, goal), cooling)
        if trial is None:
            refused.append(_refusal_of(modality, machine, _no_dose(machine)))
        elif trial.p_effective < target().least:
            refused.append(_too_weak(modality, machine))
        else:
            judged = _judged(case, concern, modality, machine, trial.setting)
            shown = None if machine.device.microbeam or modality == "ablative" else words
            option, standing = laser_option(case, concern, trial, modality, shown, judged)
            options.append(Found(option, standing, trial, goal))
    return options, refused


def _screened(
    case: Case, concern: Concern, goal: Goal, machines: Sequence[Machine], bank: SkinBank
) -> tuple[list[tuple[list[Trial], Machine]], list[Refused]]:
    """The devices that may reach the target within the limits, the best first, and why the others are refused."""
    screened: list[tuple[list[Trial], Machine]] = []
    refused: list[Refused] = []
    for machine in machines:
        try:
            best = _best_settings(case, concern, goal, machine, bank)
        except NotAvailable as error:
            refused.append(_refusal_of(goal.modality, machine, "plan.not-judged", reason=error.reason))
            continue
        if not best:
            refused.append(_refusal_of(goal.modality, machine, _no_dose(machine)))
        elif best[0].p_effective < target().least - SCREENING_MARGIN:
            refused.append(_too_weak(goal.modality, machine))
        else:
            screened.append((best, machine))
    screened.sort(key=lambda item: merit(item[0][0]))
    return screened, refused


def _judged(case: Case, concern: Concern, modality: str, machine: Machine, setting: Setting) -> Suitability:
    """What the rules say of a setting of a device."""
    return judge(
        case,
        concern=concern,
        modality=modality,
        device_wavelength_nm=setting.wavelength_nm,
        pulse_ms=setting.pulse_ms,
        ipl=any(head.band_nm is not None for head in machine.device.heads),
    )


def _too_weak(modality: str, machine: Machine) -> Refused:
    """A dose that reaches too few; where an injury bars greater ones, that is the reason to tell."""
    if machine.bars:
        return _refusal_of(modality, machine, "plan.no-dose-below-injury")
    return _refusal_of(modality, machine, "plan.too-weak", least=chance(target().least))


def _no_dose(machine: Machine) -> str:
    return "plan.no-dose-below-injury" if machine.bars else "plan.no-safe-dose"


def _best_settings(case: Case, concern: Concern, goal: Goal, machine: Machine, bank: SkinBank) -> list[Trial]:
    """The best of a device's settings on a few draws, among those that the rules allow for its wavelength and pulse.

    Of settings for vessels those that the draws cannot tell from it follow.

    Raises
    ------
    NotAvailable : no setting can be judged; the last reason is given.
    """
    skins = bank.skins(concern.site, goal, most=SCREENING_DRAWS)
    cooling, _ = built_in_cooling(machine.device)
    found: list[Trial] = []
    reason, judged_any = "", False
    every_size = machine.device.microbeam or goal.modality == "ablative"
    pulses = 2 if machine.device.microbeam else 3
    answered = pulse_answered if machine.device.microbeam else None
    for setting in candidates(machine.device, every_size=every_size, pulses=pulses, answered=answered):
        allowed = _judged(case, concern, goal.modality, machine, setting)
        if severity(allowed.decision) >= severity("refer"):
            strict = next(r for r in allowed.reasons if severity(r.decision) >= severity("refer"))
            used(strict.source)
            reason = strict.message.text
            continue
        try:
            trial = _first_look(goal, machine, setting, skins, cooling)
            if not every_size and trial is not None:
                trial = _in_a_narrower_spot(goal, machine, trial, skins, cooling)
        except NotAvailable as error:
            reason = error.reason
            continue
        judged_any = True
        if trial is not None:
            found.append(trial)
    if not judged_any and reason:
        raise NotAvailable(reason)
    return abreast(found)[: None if _of_vessels(goal) else 1]


def _in_a_narrower_spot(goal: Goal, machine: Machine, trial: Trial, skins: SiteSkins, cooling: CoolingPlan) -> Trial:
    """The trial, or a better one in a narrower spot where doses of the wider ones end before the target or a limit."""
    for setting in narrower(machine, trial.setting):
        if trial.dose < machine.doses(trial.setting)[-1] or trial.p_effective >= target().wanted:
            break
        found = _first_look(goal, machine, setting, skins, cooling)
        if found is not None and merit(found) < merit(trial):
            trial = found
    return trial


def _first_look(goal: Goal, machine: Machine, setting: Setting, skins: SiteSkins, cooling: CoolingPlan) -> Trial | None:
    """The best dose of a setting on few draws."""
    if not machine.device.microbeam:
        return full_field_trial(machine, setting, goal, skins, cooling, quick=True)
    every = machine.doses(setting)
    if not every:
        return None
    found = microbeam_trial(machine, setting, goal, skins, energies=thinned(every, SCREENING_ENERGIES), quick=True)
    if found is not None and (found.p_effective >= target().least or found.dose == every[-1]):
        return found
    # What would be refused is looked at again at every step: the limits may hold between two of the few.
    return microbeam_trial(machine, setting, goal, skins, energies=every, quick=True)


def _settled(
    goal: Goal, machine: Machine, looked: Sequence[Trial], skins: SiteSkins, cooling: CoolingPlan
) -> Trial | None:
    """The setting to offer, judged on all draws; of those for vessels that are abreast, the one that bruises least."""
    found = (_on_all_draws(goal, machine, one, skins, cooling) for one in looked)
    judged = [trial for trial in found if trial is not None]
    if not judged or not _of_vessels(goal):
        return judged[0] if judged else None
    best = abreast(judged)
    return gentlest([replace(one, bruising=bruising_of(one.beam, one.dose, skins, cooling)) for one in best])


def _of_vessels(goal: Goal) -> bool:
    """Whether blood is heated, and so in the vessels of the skin around too."""
    return goal.where == "vessel"


def _on_all_draws(goal: Goal, machine: Machine, looked: Trial, skins: SiteSkins, cooling: CoolingPlan) -> Trial | None:
    """The best dose of the setting that was chosen; an energy is sought around the one that few draws found."""
    if not machine.device.microbeam:
        return full_field_trial(machine, looked.setting, goal, skins, cooling)
    every = machine.doses(looked.setting)
    few = thinned(every, SCREENING_ENERGIES)
    lower = max((e for e in few if e < looked.dose), default=every[0])
    upper = min((e for e in few if e > looked.dose), default=every[-1])
    around = [energy for energy in every if lower <= energy <= upper]
    found = microbeam_trial(machine, looked.setting, goal, skins, energies=around)
    inside = found is not None and (
        (found.dose > around[0] or around[0] == every[0])
        and (found.dose < around[-1] or found.p_effective >= target().wanted or around[-1] == every[-1])
    )
    return found if inside else microbeam_trial(machine, looked.setting, goal, skins, energies=every)


def _spectra(goal: Goal, machines: Sequence[Machine]) -> list[Spectrum]:
    """The spectra of all settings that will be tried where light is computed in layers, each once."""
    if goal.modality == "ablative":
        return []
    found: dict[Spectrum, None] = {}
    for machine in machines:
        if not machine.device.microbeam:
            for setting in candidates(machine.device, every_size=False, pulses=1):
                doses = machine.doses(setting)
                if doses:
                    found[beam_of(machine, setting, doses[0]).spectrum] = None
    return list(found)


def refusal(
    modality: str, reasons: Sequence[Message], *, source: str | None = None, device: str | None = None
) -> Refused:
    """Return the record of a modality, or of a device for it, that is not offered."""
    return Refused(modality, table("modality")[modality]["title"], source, device, tuple(reasons))


def _refusal_of(modality: str, machine: Machine, message: str, **params: Any) -> Refused:
    reason = Message(message, {"device": machine.device.title} | params)
    return refusal(modality, [reason], device=machine.device.name)
