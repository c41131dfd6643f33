"""Plan one concern: the modalities that may be tried, the devices that can, the search, the ranking."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from skinbeam.assessment.skin import Colour, draw_skins
from skinbeam.errors import NotAvailable
from skinbeam.estimate import Unknown
from skinbeam.laser.cooling import CoolingPlan
from skinbeam.laser.grid import Setting, dose_steps
from skinbeam.messages import Message
from skinbeam.plan.candidates import Machine, built_in_cooling, candidates, thinned
from skinbeam.plan.fractional import microbeam_trial
from skinbeam.plan.full_field import full_field_trial
from skinbeam.plan.goals import (
    LESION_OF,
    Goal,
    alternatives,
    can_and_cannot,
    goal_of,
    laser_choices,
    target_record,
    vessels_of,
)
from skinbeam.plan.limits import target
from skinbeam.plan.options import Option, chance, laser_option, other_option, trials_in_words
from skinbeam.plan.skins import SiteSkins
from skinbeam.plan.suitability import judge, severity
from skinbeam.plan.trial import Trial
from skinbeam.provenance import used
from skinbeam.schema.case import Case
from skinbeam.schema.consultation import Concern
from skinbeam.schema.names import table

__all__ = ["FIGURE_DRAWS", "Planned", "SkinBank", "plan_concern"]

SCREENING_ENERGIES = 6
SCREENING_DRAWS = 20  # settings are compared on these, the chosen one is judged on all
FIGURE_DRAWS = 64  # a figure shows bands and lines that no eye tells from those of all draws


class SkinBank:
    """Draws of this person's skin, made once for each site and lesion."""

    def __init__(self, case: Case, colour: Colour, draws: int, seed: int) -> None:
        self.case, self.colour, self.draws, self.seed = case, colour, draws, seed
        self._made = lru_cache(maxsize=16)(self._make)

    def skins(self, site: str, goal: Goal, *, most: int | None = None) -> SiteSkins:
        """Return the skins of a site with the goal's target in them, `most` at most, or all that were asked for."""
        lesion = LESION_OF.get(goal.condition) if goal.where == "lesion" else None
        vessels = goal.condition if goal.where == "vessel" else None
        return self._made(site, lesion, vessels, self.draws if most is None else min(self.draws, most))

    def _make(self, site: str, lesion: str | None, vessels: str | None, draws: int) -> SiteSkins:
        population = vessels_of(vessels) if vessels is not None else None

        def drawn(kind: str | None, limiting: bool) -> Any:
            return draw_skins(
                self.case,
                self.colour,
                site,
                lesion=kind,
                vessels=population,
                limiting=limiting,
                draws=draws,
                seed=self.seed,
            )

        wanted = drawn(lesion, False)
        # A vessel leaves the epidermis above it as it is; a pigment spot does not.
        apart = self.colour.in_doubt or lesion is not None
        return SiteSkins(site, wanted, drawn(None, True) if apart else wanted)


@dataclass(frozen=True)
class Planned:
    """A concern's part of the plan, and the trial of its first laser option for the figures."""

    record: dict[str, Any]
    goal: Goal | None
    trial: Trial | None


def plan_concern(case: Case, concern: Concern, machines: Sequence[Machine], bank: SkinBank) -> Planned:
    """Return the options of one concern, ranked, with what was refused and why.

    Laser options come first, by the share of skins that reach the target, then by harm; then no treatment, then what
    needs no laser. Where the rules refer or refuse the concern, no laser option is made.
    """
    modalities, refused_here = laser_choices(concern.condition, concern.site)
    refused: list[dict[str, Any]] = [
        {"modality": r.modality, "title": _title(r.modality), "reasons": [r.message], "source": r.source}
        for r in refused_here
    ]
    found: list[tuple[Option, Trial, Goal]] = []
    for modality in modalities:
        judged = judge(case, concern=concern, modality=modality)
        if severity(judged.decision) >= severity("refer"):
            strict = [r.message for r in judged.reasons if severity(r.decision) >= severity("refer")]
            refused.append({"modality": modality, "title": _title(modality), "reasons": strict})
            continue
        if not _has_contrast(concern.condition, modality):
            reasons = [Message("plan.no-contrast")]
            refused.append({"modality": modality, "title": _title(modality), "reasons": reasons})
            continue
        able = [machine for machine in machines if modality in machine.device.modalities]
        if not able:
            reasons = [Message("plan.no-device")]
            refused.append({"modality": modality, "title": _title(modality), "reasons": reasons})
        for option, trial, goal in _by_devices(case, concern, modality, able, bank, refused):
            found.append((option, trial, goal))
    found.sort(key=lambda item: (item[0].warned > 0, -round(item[0].p_effective, 2), item[0].p_harm, -item[0].studies))
    options = [_ranked(option, first=index == 0) for index, (option, _, _) in enumerate(found)]
    options.append(other_option(case, concern, "no-treatment", target().source).record)
    options += [other_option(case, concern, name, source).record for name, source in alternatives(concern.condition)]
    for rank, listed in enumerate(options, 1):
        listed["rank"] = rank
    can, cannot = can_and_cannot(concern.condition)
    record = {
        "condition": concern.condition,
        "site": concern.site,
        "title": table("condition")[concern.condition]["title"],
        "severity": concern.severity if concern.severity is not None else Unknown("not said"),
        "target": target_record(concern.condition),
        "can": can,
        "cannot": cannot,
        "options": options,
        "refused": refused,
    }
    best = found[0] if found else None
    return Planned(record, best[2] if best else None, best[1] if best else None)


def _has_contrast(condition: str, modality: str) -> bool:
    """Whether what is to be heated through is known to be darker than the skin around, which is not to be."""
    entry = table("modality")[modality]
    through = entry["where"] == "lesion" and entry["endpoint"] == "epidermal-necrosis"
    return not through or condition in LESION_OF


def _title(modality: str) -> str:
    return str(table("modality")[modality]["title"])


def _ranked(option: Option, *, first: bool) -> dict[str, Any]:
    params = {
        "effective": chance(option.p_effective),
        "harm": chance(option.p_harm),
        "trials": trials_in_words(option.studies),
    }
    return option.record | {"rank_reason": Message("plan.rank-best" if first else "plan.rank-laser", params)}


def _by_devices(
    case: Case,
    concern: Concern,
    modality: str,
    machines: Sequence[Machine],
    bank: SkinBank,
    refused: list[dict[str, Any]],
) -> list[tuple[Option, Trial, Goal]]:
    """The option of each device that can; where the clinic did not say what it has, only the best device's."""
    goal = goal_of(concern.condition, modality)
    screened: list[tuple[Trial, Machine]] = []
    for machine in machines:
        try:
            best = _best_setting(case, concern, goal, machine, bank)
        except NotAvailable as error:
            _refuse(refused, modality, machine, "plan.not-judged", reason=error.reason)
            continue
        if best is None:
            _refuse(refused, modality, machine, "plan.no-safe-dose")
        elif best.p_effective < target().least:
            _refuse(refused, modality, machine, "plan.too-weak", share=chance(best.p_effective))
        else:
            screened.append((best, machine))
    screened.sort(key=lambda item: _merit(item[0]))
    all_of_them = case.clinic is not None and case.clinic.devices is not None
    options: list[tuple[Option, Trial, Goal]] = []
    for best, machine in screened:
        if options and not all_of_them:
            break
        cooling, words = built_in_cooling(machine.device)
        trial = _try(goal, machine, best.setting, bank.skins(concern.site, goal), cooling)
        if trial is None:
            _refuse(refused, modality, machine, "plan.no-safe-dose")
        elif trial.p_effective < target().least:
            _refuse(refused, modality, machine, "plan.too-weak", share=chance(trial.p_effective))
        else:
            judged = judge(
                case,
                concern=concern,
                modality=modality,
                device_wavelength_nm=trial.setting.wavelength_nm,
                pulse_ms=trial.setting.pulse_ms,
                ipl=_is_lamp(machine),
            )
            shown = {} if machine.device.microbeam or modality == "ablative" else words
            option = laser_option(case, concern, trial, modality, shown, judged)
            options.append((option, trial, goal))
    return options


def _refuse(refused: list[dict[str, Any]], modality: str, machine: Machine, message: str, **params: Any) -> None:
    reason = Message(message, {"device": machine.device.title} | params)
    refused.append(
        {"modality": modality, "title": _title(modality), "device": machine.device.name, "reasons": [reason]}
    )


def _is_lamp(machine: Machine) -> bool:
    return any(head.band_nm is not None for head in machine.device.heads)


def _merit(trial: Trial) -> tuple[float, ...]:
    """Sort key: reaches the target first (in steps of a hundredth), then least harm, then the shorter pulse."""
    return (-round(min(trial.p_effective, target().wanted), 2), trial.p_broken, trial.setting.pulse_ms)


def _best_setting(case: Case, concern: Concern, goal: Goal, machine: Machine, bank: SkinBank) -> Trial | None:
    """The best of a device's settings on a few draws, among those that the rules allow for its wavelength and pulse.

    Raises
    ------
    NotAvailable : no setting can be judged; the last reason is given.
    """
    skins = bank.skins(concern.site, goal, most=SCREENING_DRAWS)
    cooling, _ = built_in_cooling(machine.device)
    best: Trial | None = None
    reason, judged_any = "", False
    every_size = machine.device.microbeam or goal.modality == "ablative"
    pulses = 2 if machine.device.microbeam else 3
    for setting in candidates(machine.device, every_size=every_size, pulses=pulses):
        allowed = judge(
            case,
            concern=concern,
            modality=goal.modality,
            device_wavelength_nm=setting.wavelength_nm,
            pulse_ms=setting.pulse_ms,
            ipl=_is_lamp(machine),
        )
        if severity(allowed.decision) >= severity("refer"):
            strict = next(r for r in allowed.reasons if severity(r.decision) >= severity("refer"))
            used(strict.source)
            reason = strict.message.text
            continue
        try:
            trial = _try(goal, machine, setting, skins, cooling, quick=True)
        except NotAvailable as error:
            reason = error.reason
            continue
        judged_any = True
        if trial is not None and (best is None or _merit(trial) < _merit(best)):
            best = trial
    if not judged_any and reason:
        raise NotAvailable(reason)
    return best


def _try(
    goal: Goal, machine: Machine, setting: Setting, skins: SiteSkins, cooling: CoolingPlan, *, quick: bool = False
) -> Trial | None:
    """The best dose of a setting: on few draws as a first look, or on all."""
    if not machine.device.microbeam:
        return full_field_trial(machine, setting, goal, skins, cooling, quick=quick)
    every = dose_steps(machine.device, *setting)
    if quick:
        found = microbeam_trial(machine, setting, goal, skins, energies=thinned(every, SCREENING_ENERGIES), quick=True)
        if found is not None and (found.p_effective >= target().least or found.dose == every[-1]):
            return found
        # What would be refused is looked at again at every step: the limits may hold between two of the few.
    return microbeam_trial(machine, setting, goal, skins, energies=every, quick=quick)
