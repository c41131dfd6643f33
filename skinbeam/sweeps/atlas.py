"""What the atlas asks of one skin and one device: the setting that a plan chooses, and the textbook's beside it.

Both are judged on the same drawn skins by the code of the plan: how many reach the target, and how likely the skin
around burns, or of columns how likely a limit breaks.
"""

from bisect import bisect_left
from collections.abc import Callable
from typing import Any, Final

import numpy as np

from skinbeam.document import document
from skinbeam.errors import NotAvailable
from skinbeam.estimate import Unknown
from skinbeam.laser.device import load_device
from skinbeam.laser.grid import dose_steps
from skinbeam.messages import text
from skinbeam.plan.concern import Planned
from skinbeam.plan.plan import make_plan
from skinbeam.plan.records import Option
from skinbeam.plan.rules.suitability import judge
from skinbeam.plan.search.candidates import Machine, beam_of, built_in_cooling
from skinbeam.plan.search.fractional import any_broken, columns_in
from skinbeam.plan.search.full_field import thresholds_of
from skinbeam.plan.search.goals import Goal, goal_of
from skinbeam.plan.search.limits import judge_limit, limits_for
from skinbeam.plan.search.skins import SiteSkins
from skinbeam.plan.search.trial import Trial
from skinbeam.schema.load import LoadedCase
from skinbeam.simulate.skins.ensemble import share
from skinbeam.sweeps.atlas.choices import Choice, asked, choice_of
from skinbeam.sweeps.atlas.textbook import Textbook, textbook_of

__all__ = ["OUTPUTS", "atlas_document"]

_STEP: Final = 1.01  # doses are told to a hundredth
_STEPS: Final = 463  # from a tenth of a dose to ten times as much
_PLANNED: Final = (
    "dose", "pulse_ms", "spot_mm", "wavelength_nm", "density_per_cm2", "inside_practice", "p_effective", "p_harm",
    "from_dose", "to_dose",
)  # fmt: skip
_TEXTBOOK: Final = ("p_effective", "p_harm", "p_harm_at_top", "from_dose", "to_dose", "burn_dose")
OUTPUTS: Final = (*(f"planned.{name}" for name in _PLANNED), *(f"textbook.{name}" for name in _TEXTBOOK))


def atlas_document(loaded: LoadedCase, *, draws: int, seed: int) -> dict[str, Any]:
    """Return what a plan chooses for a case of one concern and one device, and what the textbook's setting does there.

    Doses are J/cm², or mJ of a microbeam. `from_dose` brings half of such skins to the target, `to_dose` keeps every
    limit: of the planned setting on the device's steps, with the error of the draws counted as a plan counts it; of the
    textbook's pulse and spot to a hundredth, as a first look has it. `burn_dose` burns one in ten.
    """
    concern = loaded.case.concern[0]
    devices = loaded.case.clinic.devices if loaded.case.clinic is not None else None
    assert devices is not None  # the atlas names one
    choice = choice_of(devices[0])
    made = make_plan(loaded, draws=draws, seed=seed)
    (planned,) = made.concerns
    bounds = judge(loaded.case, concern=concern, modality=choice.modality).bounds
    goal = goal_of(choice.condition, choice.modality, concern.severity, bounds, concern.subtypes)
    body = {
        "planned": _of_plan(planned, choice),
        "textbook": _of_textbook(textbook_of(choice), goal, planned.bank.skins(concern.site, goal), choice, loaded),
    }
    return document("skinbeam.atlas/1", case_sha256=loaded.sha256(), seed=seed, warnings=(), body=body)


def _of_plan(planned: Planned, choice: Choice) -> dict[str, Any]:
    first = planned.record.first_laser
    if first is None or first[0].modality != choice.modality or planned.trial is None:
        none = Unknown(text("atlas.no-setting"))
        return {**dict.fromkeys(_PLANNED, none), "dose": Unknown(_why_not(planned, choice))}
    option, setup = first
    settings = setup.settings
    micro = settings.microbeam
    return {
        "dose": settings.fluence_J_cm2 if micro is None else micro.energy_mJ,
        "pulse_ms": settings.pulse_ms,
        "spot_mm": settings.spot_mm if micro is None else planned.trial.setting.spot_mm,
        "wavelength_nm": setup.wavelength_nm,
        "density_per_cm2": 0.0 if micro is None else micro.density_per_cm2,
        "inside_practice": _inside(option),
        "p_effective": option.p_effective,
        "p_harm": option.p_harm,
        **_window_of(planned.trial),
    }


def _inside(option: Option) -> bool:
    """Whether published settings hold the planned one."""
    return option.practice is not None and option.practice.id.startswith("practice.inside")


def _why_not(planned: Planned, choice: Choice) -> str:
    """The message that refuses the device, by its id and in words."""
    mine = [one for one in planned.record.refused if one.modality == choice.modality]
    said = [reason for one in sorted(mine, key=lambda one: one.device is None) for reason in one.reasons]
    return f"{said[0].id}: {said[0].english}" if said else text("atlas.no-setting")


def _window_of(trial: Trial) -> dict[str, Any]:
    """The doses of the device, at the planned pulse and spot, between too few reached and a limit."""
    found = trial.thresholds
    if found is None:
        return dict.fromkeys(("from_dose", "to_dose"), Unknown(text("atlas.no-window")))
    doses = dose_steps(trial.machine.device, *trial.setting)
    wanted, around = trial.weights
    enough = float(asked()["asked"]["reached"])
    first = bisect_left(doses, True, key=lambda dose: share(found.wanted(dose), wanted)[0] >= enough)
    limits = [verdict.limit for verdict in trial.verdicts]

    def breaks(dose: float) -> bool:
        return any(judge_limit(one, found.value[one.id](dose), around, ()).status == "not_met" for one in limits)

    last = bisect_left(doses, True, key=breaks) - 1
    none = Unknown(text("atlas.out-of-reach"))
    return {"from_dose": doses[first] if first < len(doses) else none, "to_dose": doses[last] if last >= 0 else none}


def _of_textbook(
    textbook: Textbook | Unknown, goal: Goal, skins: SiteSkins, choice: Choice, loaded: LoadedCase
) -> dict[str, Any]:
    if isinstance(textbook, Unknown):
        return dict.fromkeys(_TEXTBOOK, textbook)
    machine = Machine(choice.name, load_device(choice.name), loaded.folder)
    try:
        made = _field if textbook.density_per_cm2 is None else _columns
        return made(machine, textbook, goal, skins)
    except NotAvailable as silence:
        return dict.fromkeys(_TEXTBOOK, Unknown(silence.reason))


def _field(machine: Machine, textbook: Textbook, goal: Goal, skins: SiteSkins) -> dict[str, Any]:
    cooling, _ = built_in_cooling(machine.device)
    found = thresholds_of(beam_of(machine, textbook.setting, textbook.dose), goal, skins, cooling)
    wanted, around = skins.weights
    limits = limits_for(goal.modality, skins.site, goal.condition)
    enough, one_burn = (float(asked()["asked"][name]) for name in ("reached", "burnt"))
    return {
        "p_effective": share(found.wanted(textbook.dose), wanted)[0],
        "p_harm": share(found.broken(textbook.dose), around)[0],
        "p_harm_at_top": share(found.broken(textbook.top), around)[0],
        "from_dose": _dose(textbook, lambda dose: share(found.wanted(dose), wanted)[0] >= enough),
        "to_dose": _dose(textbook, lambda dose: max(found.spent(limits, dose, around).values()) > 1.0),
        "burn_dose": _dose(textbook, lambda dose: share(found.broken(dose), around)[0] >= one_burn),
    }


def _dose(textbook: Textbook, reached: Callable[[float], bool]) -> float | Unknown:
    """The least dose at which something is so, to a hundredth."""
    doses = [textbook.dose / 10.0 * _STEP**step for step in range(_STEPS)]
    place = bisect_left(doses, True, key=reached)
    return doses[place] if place < len(doses) else Unknown(text("atlas.out-of-reach"))


def _columns(machine: Machine, textbook: Textbook, goal: Goal, skins: SiteSkins) -> dict[str, Any]:
    density = textbook.density_per_cm2
    assert density is not None  # of microbeams
    limits = limits_for(goal.modality, skins.site, goal.condition)
    counts_m, _ = goal.column_depths_m(np.asarray(skins.target["thickness_m"].values[:, :-1].sum(axis=1)))

    def at(energy: float) -> tuple[float, float]:
        beam = beam_of(machine, textbook.setting, energy, density)
        depth = skins.lesion(beam, energy, limiting=False).depth
        values = columns_in(skins, beam, energy, density).values(density)
        return share(depth >= counts_m, skins.weights[0])[0], share(any_broken(limits, values), skins.weights[1])[0]

    effective, harm = at(textbook.dose)
    return {
        "p_effective": effective,
        "p_harm": harm,
        "p_harm_at_top": at(textbook.top)[1],
        **dict.fromkeys(("from_dose", "to_dose", "burn_dose"), Unknown(text("atlas.no-window"))),
    }
