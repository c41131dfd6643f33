"""Search the devices for the settings that reach a target within the limits, where practice is and beyond it else.

Settings are compared on few skins, which are the same for every seed; what is offered is judged on all draws, and what
the few show to be far from the target is refused without a number. Settings for vessels that a first look does not
tell apart are compared again on twice as many, and twice as many again tell how high their dose is aimed.
"""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from skinbeam.assessment.questionnaire import darkest_phototype
from skinbeam.errors import NotAvailable
from skinbeam.evidence.comparison.together import own_studies
from skinbeam.laser.cooling import CoolingPlan
from skinbeam.laser.grid import Setting, offers
from skinbeam.messages import Message
from skinbeam.plan.course import settings_in_words
from skinbeam.plan.expected import question_of
from skinbeam.plan.options import laser_option
from skinbeam.plan.ranking import Standing, chance
from skinbeam.plan.records import Option, Refused
from skinbeam.plan.rules.reason import Reason, severity
from skinbeam.plan.rules.suitability import Suitability, judge
from skinbeam.plan.search.bank import COMPARED, SkinBank
from skinbeam.plan.search.bruising import bruising_of
from skinbeam.plan.search.candidates import Machine, beam_of, built_in_cooling, candidates, narrower, thinned
from skinbeam.plan.search.caps import PulseCaps
from skinbeam.plan.search.envelope import settings_table
from skinbeam.plan.search.fractional import microbeam_trial
from skinbeam.plan.search.full_field import full_field_trial
from skinbeam.plan.search.goals import Goal, goal_of
from skinbeam.plan.search.limits import fewest_draws, target
from skinbeam.plan.search.place import light_of, place_of
from skinbeam.plan.search.preference import abreast, gentlest, in_order, merit
from skinbeam.plan.search.region import Region, bound_to_practice, undosed_sources
from skinbeam.plan.search.skins import SiteSkins, Spectrum
from skinbeam.plan.search.trial import Trial
from skinbeam.plan.work.progress import in_short, say
from skinbeam.provenance import used
from skinbeam.schema.case import Case
from skinbeam.schema.consultation import Concern
from skinbeam.schema.names import table
from skinbeam.simulate.removal.ablation import pulse_answered

__all__ = ["Found", "NotOffered", "at_its_dose", "laser_options", "refusal"]

SCREENING_ENERGIES = 6
SCREENING_DRAWS = 32  # of the skins that settings are compared on: a first look takes half of them
# How far below the least share a first look may find a setting before it is refused: two standard errors of a quarter.
SCREENING_MARGIN = 0.15


@dataclass(frozen=True)
class Found:
    """A laser option of a concern: its record, what it is ranked by, and what it was made of."""

    option: Option
    standing: Standing
    trial: Trial
    goal: Goal


@dataclass(frozen=True)
class NotOffered:
    """Why a device is not offered, and its best setting within the limits where one could be judged."""

    record: Refused
    goal: Goal
    trial: Trial | None = None


def laser_options(
    case: Case, concern: Concern, modality: str, machines: Sequence[Machine], bank: SkinBank
) -> tuple[list[Found], list[NotOffered]]:
    """Return the option of each device that can, and why the others are refused.

    Where the clinic did not say what it has, the best device of each light that trials of the concern used has one, and
    of other light the best of all where none of those can.
    """
    bounds = judge(case, concern=concern, modality=modality).bounds
    goal = goal_of(concern.condition, modality, concern.severity, bounds, concern.subtypes)
    if machines and bank.draws < (needed := fewest_draws()):
        few = Message("plan.too-few-draws", {"draws": bank.draws, "needed": needed})
        return [], [NotOffered(refusal(modality, [few]), goal)]
    bank.designed.skins(concern.site, goal, most=SCREENING_DRAWS).light_up(_spectra(case, concern, goal, machines))
    screened, refused = _screened(case, concern, goal, machines, bank)
    all_of_them = case.clinic is not None and case.clinic.devices is not None
    options: list[Found] = []
    offered: set[tuple[str, bool]] = set()
    looks = [(look, _tried(case, concern, modality, look.best[0])) for look in screened]
    if not all_of_them:
        looks.sort(key=lambda item: not item[1])
    for look, tried in looks:
        light = light_of(look.best[0], modality)
        kind = light.regime, light.lamp
        if not all_of_them and options and (kind in offered or not tried):
            continue
        say(Message("progress.all-skins", {"concern": in_short(concern), "device": look.held[0].device.title}))
        trial = _offered(case, concern, goal, look, bank)
        if isinstance(trial, NotOffered):
            refused.append(trial)
            continue
        machine = replace(trial.machine, region=None)  # a ladder of test spots begins below practice
        trial = replace(trial, machine=machine)
        rules = _judged(case, concern, modality, machine, trial.setting)
        judged = _with_effect(rules, case, concern, goal, trial)
        shown = None if machine.device.microbeam or modality == "ablative" else built_in_cooling(machine.device)[1]
        option, standing = laser_option(case, concern, trial, modality, shown, judged)
        options.append(Found(option, standing, trial, goal))
        assert option.setup is not None  # a laser has one
        words = settings_in_words(option.setup.settings, lamp=option.setup.lamp)
        stands = {"concern": in_short(concern), "device": machine.device.title, "settings": words}
        say(Message("progress.stands", stands))
        offered.add(kind)
    return options, refused


def _tried(case: Case, concern: Concern, modality: str, trial: Trial) -> bool:
    """Whether trials of the concern used such light."""
    return bool(own_studies(question_of(case, concern, modality, trial)))


@dataclass(frozen=True)
class _Look:
    """A first look at a device.

    Parameters
    ----------
    best : its best settings on few skins; empty where none keeps the limits.
    held : the machine held to the region that they were found in, and then to each wider one.
    """

    best: list[Trial]
    held: tuple[Machine, ...]


def _screened(
    case: Case, concern: Concern, goal: Goal, machines: Sequence[Machine], bank: SkinBank
) -> tuple[list[_Look], list[NotOffered]]:
    """The devices that may reach the target within the limits, the best first, and why the others are refused."""
    looks: list[_Look] = []
    refused: list[NotOffered] = []
    for machine in machines:
        say(Message("progress.device", {"concern": in_short(concern), "device": machine.device.title}))
        try:
            look = _looked(case, concern, goal, _held_to_practice(case, concern, goal, machine), bank)
        except NotAvailable as error:
            refused.append(_refusal_of(goal, machine, "plan.not-judged", reason=error.reason))
            continue
        if not look.best:
            refused.append(_refusal_of(goal, machine, _no_dose(look.held[0])))
        elif _is_weak(case, concern, goal, look.best[0], SCREENING_MARGIN):
            refused.append(_too_weak(case, concern, goal, look.best[0]))
        else:
            looks.append(look)
    looks.sort(key=lambda look: (-len(look.held), merit(look.best[0])))
    return looks, refused


def _looked(case: Case, concern: Concern, goal: Goal, held: Sequence[Machine], bank: SkinBank) -> _Look:
    """The best settings in the first region that has some which keep the limits and are not too weak.

    Raises
    ------
    NotAvailable : no setting can be judged, wherever it lies.
    """
    for place, machine in enumerate(held[:-1]):
        with contextlib.suppress(NotAvailable):
            best = _best_settings(case, concern, goal, machine, bank)
            if best and not _is_weak(case, concern, goal, best[0], SCREENING_MARGIN):
                return _Look(best, tuple(held[place:]))
    return _Look(_best_settings(case, concern, goal, held[-1], bank), (held[-1],))


def _offered(case: Case, concern: Concern, goal: Goal, look: _Look, bank: SkinBank) -> Trial | NotOffered:
    """The setting to offer, judged on all draws, in the first region that has one; else why there is none.

    Of settings that are too weak that of the first region is told, which is the one nearest to practice.
    """
    machine, *wider = look.held
    cooling, _ = built_in_cooling(machine.device)
    best = _compared(goal, machine, look.best, bank.designed.skins(concern.site, goal, most=COMPARED), cooling)
    trial = _settled(goal, machine, best, bank, concern.site, cooling)
    if trial is not None and not _is_weak(case, concern, goal, trial):
        return trial
    if wider:
        with contextlib.suppress(NotAvailable):
            further = _looked(case, concern, goal, wider, bank)
            if further.best:
                found = _offered(case, concern, goal, further, bank)
                if isinstance(found, Trial) or trial is None:
                    return found
    return _refusal_of(goal, machine, _no_dose(machine)) if trial is None else _too_weak(case, concern, goal, trial)


def _is_weak(case: Case, concern: Concern, goal: Goal, trial: Trial, margin: float = 0.0) -> bool:
    """Whether too few skins reach the target for the setting to be offered.

    Where clinics and trials treat such skin so, what people saw is what counts, and the target is a check beside it.
    One source is not enough for that; nor are sources that print no dose, nor those of a condition for a kind of it
    whose target is another. Nothing speaks for a setting that reaches none of 100, as far as all draws tell.
    """
    if not margin and chance(trial.p_effective) < 1:
        return True
    if trial.p_effective >= target().least - margin or trial.machine.region is None:
        return trial.p_effective < target().least - margin
    place = place_of(trial, concern.condition, goal.modality, darkest_phototype(case))
    alone = len(place.sources) < settings_table()["few"]["least"]
    return not (place.inside and place.dosed) or place.other_skin or alone or goal.told_apart


def _held_to_practice(case: Case, concern: Concern, goal: Goal, machine: Machine) -> list[Machine]:
    """The machine held to published doses, then to the light, pulses and spots of practice, then to these and the spots
    next to them, then to nothing but the caps on spot and energy, which hold everywhere.

    Of microbeams practice holds the energy alone, and of full-field ablation nothing: too little is published. A lamp
    is held to published doses of its filters: what its maker calls a fluence is not measured alike, and its spectrum is
    not told.
    """
    practice = Region(concern.condition, goal.modality, darkest_phototype(case))
    machine = replace(machine, caps=PulseCaps(concern.condition, goal.modality, concern.site, darkest_phototype(case)))
    dosed = replace(machine, region=practice)
    if machine.device.is_lamp:
        return [dosed]
    if machine.device.microbeam:
        return [dosed, machine]
    if goal.modality == "ablative":
        return [machine]
    if bound_to_practice(concern.condition):
        return [dosed]
    wider = (replace(practice, dosed=False, beside=beside) for beside in (False, True))
    return [dosed, *(replace(machine, region=region) for region in wider), machine]


def _judged(case: Case, concern: Concern, modality: str, machine: Machine, setting: Setting) -> Suitability:
    """What the rules say of a setting of a device."""
    return judge(
        case,
        concern=concern,
        modality=modality,
        device_wavelength_nm=setting.wavelength_nm,
        pulse_ms=setting.pulse_ms,
        ipl=machine.device.is_lamp,
        compression=machine.device.compression is not None,
        cooled=bool(machine.device.cooling),
    )


def _too_weak(case: Case, concern: Concern, goal: Goal, trial: Trial) -> NotOffered:
    """A dose that reaches too few; where an injury bars greater ones, that is the reason to tell.

    Where clinics treat such skin with such light all the same, and none printed how, that is told too.
    """
    machine = trial.machine
    if machine.bars:
        return _refusal_of(goal, machine, "plan.no-dose-below-injury", trial)
    least = chance(target().least)
    sources = undosed_sources(concern.condition, goal.modality, darkest_phototype(case), machine.device)
    if sources:
        return _refusal_of(goal, machine, "plan.too-weak-undosed", trial, least=least, sources=len(sources))
    return _refusal_of(goal, machine, "plan.too-weak", trial, least=least)


def _no_dose(machine: Machine) -> str:
    """Why there is no dose; of a machine that is held to practice, whether none was published."""
    if machine.region is not None and not any(machine.doses(setting) for setting in offers(machine.device)):
        return "plan.no-lamp-dose" if machine.device.is_lamp else "plan.no-practice"
    return "plan.no-dose-below-injury" if machine.bars else "plan.no-safe-dose"


def _with_effect(judged: Suitability, case: Case, concern: Concern, goal: Goal, trial: Trial) -> Suitability:
    """The judgement of the rules, with what is computed where that would refuse a setting which practice uses."""
    if trial.p_effective >= target().least:
        return judged
    place = place_of(trial, concern.condition, goal.modality, darkest_phototype(case))
    weak = Message("practice.weak", {"effective": chance(trial.p_effective), "sources": len(place.sources)})
    source, about = settings_table()["source"], f"{concern.condition} at {concern.site}"
    return replace(
        judged, reasons=(*judged.reasons, Reason("computed-weak", "suitable", weak, source, "practice", about))
    )


def _best_settings(case: Case, concern: Concern, goal: Goal, machine: Machine, bank: SkinBank) -> list[Trial]:
    """The best of a device's settings in a first look, among those that the rules allow for its wavelength and pulse.

    Light that trials of the concern used goes before other light of the same device: only theirs can stand first. Of
    settings for vessels those that few skins cannot tell from it follow, of others the next best.

    Raises
    ------
    NotAvailable : no setting can be judged; the last reason is given.
    """
    skins = bank.designed.skins(concern.site, goal, most=SCREENING_DRAWS)
    cooling, _ = built_in_cooling(machine.device)
    found: list[Trial] = []
    reason, judged_any = "", False
    every_size = machine.device.microbeam or goal.modality == "ablative" or machine.region is not None
    for setting in _settings(goal, machine):
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
    best = [trial for trial in found if _tried(case, concern, goal.modality, trial)] or found
    if _of_vessels(goal):
        return abreast(best)
    ordered = in_order(best)
    return [one for one in ordered if one.setting.wavelength_nm == ordered[0].setting.wavelength_nm][:2]


def _settings(goal: Goal, machine: Machine) -> Iterator[Setting]:
    """The settings to look at: where practice is, or all that the device spans."""

    def takes(setting: Setting) -> bool:
        return bool(machine.doses(setting))

    if machine.device.microbeam:
        return candidates(machine.device, every_size=True, pulses=2, answered=pulse_answered, takes=takes)
    if machine.region is not None:
        return machine.region.settings(machine.device)
    return candidates(machine.device, every_size=goal.modality == "ablative", pulses=3, takes=takes)


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
    """The best dose of a setting on few skins."""
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


def _compared(
    goal: Goal, machine: Machine, looked: Sequence[Trial], skins: SiteSkins, cooling: CoolingPlan
) -> Sequence[Trial]:
    """The settings to judge, the one to offer first: of those for vessels that are abreast, what bruises least."""
    if not _of_vessels(goal) or len(looked) == 1:
        return looked
    again = (_first_look(goal, machine, one.setting, skins, cooling) for one in looked)
    best = abreast([trial for trial in again if trial is not None])
    if not best:
        return looked
    first = gentlest([replace(one, bruising=bruising_of(one.beam, one.dose, skins, cooling)) for one in best])
    return [first, *(one for one in looked if one.setting != first.setting)]


def _settled(
    goal: Goal, machine: Machine, looked: Sequence[Trial], bank: SkinBank, site: str, cooling: CoolingPlan
) -> Trial | None:
    """The setting to offer, judged on all draws: the first that reaches the target, since what few skins put first may
    break a limit on more; where none does, the first that keeps the limits.
    """
    found: Trial | None = None
    for one in looked:
        trial = at_its_dose(goal, machine, one, bank, site, cooling)
        if trial is not None and trial.p_effective >= target().least:
            found = trial
            break
        found = trial if found is None else found
    if found is None or not (_of_vessels(goal) or machine.device.compression):
        return found
    bruising = bruising_of(found.beam, found.dose, bank.skins(site, goal), cooling)
    return replace(found, bruising=bruising) if _of_vessels(goal) else replace(found, bruised_if_lifted=bruising)


def _of_vessels(goal: Goal) -> bool:
    """Whether blood is heated, and so in the vessels of the skin around too."""
    return goal.where == "vessel"


def at_its_dose(
    goal: Goal, machine: Machine, looked: Trial, bank: SkinBank, site: str, cooling: CoolingPlan
) -> Trial | None:
    """Return the best dose of a setting that was looked at, judged on all draws, in as many passes.

    A dose for vessels is aimed on skins that no seed moves. An energy is sought around that of the look.
    """
    skins = bank.skins(site, goal)
    if not machine.device.microbeam:
        aimed = bank.designed.skins(site, goal) if _of_vessels(goal) else None
        return full_field_trial(machine, looked.setting, goal, skins, cooling, aimed=aimed, passes=looked.passes)
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


def _spectra(case: Case, concern: Concern, goal: Goal, machines: Sequence[Machine]) -> list[Spectrum]:
    """The spectra of all settings that will be tried where light is computed in layers, each once."""
    if goal.modality == "ablative":
        return []
    found: dict[Spectrum, None] = {}
    for machine in machines:
        if not machine.device.microbeam:
            held = _held_to_practice(case, concern, goal, machine)[0]
            for setting in _settings(goal, held):
                doses = held.doses(setting)
                if doses:
                    found[beam_of(machine, setting, doses[0]).spectrum] = None
    return list(found)


def refusal(
    modality: str, reasons: Sequence[Message], *, source: str | None = None, device: str | None = None
) -> Refused:
    """Return the record of a modality, or of a device for it, that is not offered."""
    return Refused(modality, table("modality")[modality]["title"], source, device, tuple(reasons))


def _refusal_of(goal: Goal, machine: Machine, message: str, trial: Trial | None = None, **params: Any) -> NotOffered:
    reason = Message(message, {"device": machine.device.title} | params)
    return NotOffered(refusal(goal.modality, [reason], device=machine.device.name), goal, trial)
