"""Answer one case of the atlas: the planned setting for one skin and device, and the textbook setting for comparison.

`data/atlas.toml` lists the devices, the condition of each, and the skins.
"""

import math
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from functools import cache
from statistics import median_high
from typing import Any, ClassVar, Final

import numpy as np

from skinbeam.assessment.questionnaire import darkest_phototype
from skinbeam.laser.device import Device, load_device
from skinbeam.laser.setting_grid import BeamSetting, density_steps, dose_steps, iterate_settings
from skinbeam.model.document import DocumentResult
from skinbeam.model.errors import NotAvailable
from skinbeam.model.estimate import Unknown, Value
from skinbeam.model.input_files import LoadedCase
from skinbeam.model.package_data import load_package_table
from skinbeam.model.units import CM, MM
from skinbeam.model.vocabulary import PHOTOTYPES
from skinbeam.plan.burn_anchor import burn_anchor
from skinbeam.plan.concern import ConcernResult
from skinbeam.plan.planner import make_plan
from skinbeam.plan_records.plan import Option
from skinbeam.published_doses.settings import PublishedSetting
from skinbeam.response.candidate import CandidateSetting
from skinbeam.response.envelope import PracticeEnvelope, PracticeLight, find_envelope, span_ends
from skinbeam.response.fractional import compute_columns, p_any_limit_broken
from skinbeam.response.goals import TreatmentGoal, treatment_goal
from skinbeam.response.limits import SettingLimit, find_limits, judge_limit
from skinbeam.response.practice_place import ENERGY, FLUENCE
from skinbeam.response.response_table import ResponseTable
from skinbeam.response.settings import SearchMachine, build_beam
from skinbeam.response.skins import SiteSkins
from skinbeam.simulate.skins.ensemble import weighted_share
from skinbeam.suitability.judgement import judge_suitability
from skinbeam.sweeps.sweep_file import SweepQuestion
from skinbeam.text import render_message

__all__ = [
    "ATLAS_OUTPUTS",
    "AtlasCell",
    "AtlasChoice",
    "PlannedAtlasSetting",
    "TextbookAtlasResult",
    "TextbookSetting",
    "answer_cell",
    "atlas_cell",
    "atlas_choices",
    "atlas_table",
    "find_choice",
    "textbook_setting",
]


@dataclass(frozen=True)
class AtlasChoice:
    """A device of the atlas with the condition that it treats.

    Parameters
    ----------
    modality : the kind of treatment of the device for the condition.
    wavelength_nm : wavelength of the textbook setting; for a lamp the cut-off of its filter.
    sites : body sites where the condition is treated.
    note : a remark for readers of its figures.
    """

    name: str
    condition: str
    modality: str
    wavelength_nm: float
    sites: tuple[str, ...]
    why: str
    note: str = ""


@cache
def atlas_choices() -> tuple[AtlasChoice, ...]:
    """Return the devices of the atlas, in the order of the file."""
    return tuple(AtlasChoice(**{**row, "sites": tuple(row["sites"])}) for row in atlas_table()["device"])


def find_choice(device: str) -> AtlasChoice:
    """Return the atlas entry of a device."""
    return next(choice for choice in atlas_choices() if choice.name == device)


def atlas_table() -> Mapping[str, Any]:
    """Return `data/atlas.toml`."""
    return load_package_table("data/atlas.toml")


# Textbook settings.

_SAME_LIGHT_TOLERANCE: Final = 0.01  # of the wavelength: dyes of 585 and 595 nm are two lights


@dataclass(frozen=True)
class TextbookSetting:
    """The textbook setting of a device.

    Parameters
    ----------
    dose, top : J/cm², or mJ of a microbeam: the middle of the published doses, and the greatest dose that half of the
        sources did not exceed.
    density_per_cm2 : of microbeams, of all passes together.
    sources : the sources of the dose.
    """

    setting: BeamSetting
    dose: float
    top: float
    density_per_cm2: float | None
    sources: tuple[str, ...]


def textbook_setting(choice: AtlasChoice) -> TextbookSetting | Unknown:
    """Return the textbook setting of a device for its condition; unknown where no dose was published.

    It is the middle of the published settings, the same for every skin, as a preset would be. Each source counts once,
    whoever was treated: the middle of the published pulses and spots is combined with the middle of the doses that were
    published for about these.
    """
    device = load_device(choice.name)
    head = next(head for head in device.heads if head.wavelength_nm == choice.wavelength_nm)
    shortest_ms = min(setting.pulse_ms for setting in iterate_settings(device, choice.wavelength_nm))
    light = PracticeLight(choice.modality, choice.wavelength_nm, shortest_ms, lamp=head.band_nm is not None)
    envelope = find_envelope(choice.condition, light, None)
    rows = () if envelope is None else envelope.own_rows
    if not light.lamp:
        rows = tuple(row for row in rows if _is_same_light(row.wavelength_nm, choice.wavelength_nm)) or rows
    if envelope is None or not rows:
        return Unknown(render_message("atlas.no-dose"))
    made = _column_textbook if device.microbeam else _full_field_textbook
    return made(device, choice.wavelength_nm, envelope.with_rows(rows))


def _full_field_textbook(device: Device, wavelength_nm: float, envelope: PracticeEnvelope) -> TextbookSetting | Unknown:
    """Return the setting with the pulse and spot of sources that publish a dose, or of all where these give none."""
    same = list(iterate_settings(device, wavelength_nm))
    dosed = [row for row in envelope.own_rows if span_ends(row.fluence_J_cm2)]
    printed_ms, printed_mm = (
        _middle(dosed, name) or _middle(envelope.own_rows, name) for name in ("pulse_ms", "spot_mm")
    )
    step_ms = _nearest_step({offered.pulse_ms for offered in same}, printed_ms)
    spot = _nearest_step({offered.spot_mm for offered in same if offered.pulse_ms == step_ms}, printed_mm)
    has_printed_pulse = printed_ms is not None and dose_steps(device, BeamSetting(wavelength_nm, printed_ms, spot))
    setting = BeamSetting(wavelength_nm, printed_ms if has_printed_pulse and printed_ms else step_ms, spot)
    dose = envelope.dose_range(FLUENCE, pulse_ms=setting.pulse_ms, spot_mm=spot)
    if dose is None:
        return Unknown(render_message("atlas.no-dose"))
    steps = dose_steps(device, setting)
    return TextbookSetting(
        setting, _nearest_step(steps, dose.middle), _nearest_step(steps, dose.usual_high), None, dose.sources
    )


def _column_textbook(device: Device, wavelength_nm: float, envelope: PracticeEnvelope) -> TextbookSetting | Unknown:
    """Return the setting of a fractional device.

    Sources give no width of the microbeam, on which depth depends; it is known where a single width of the device
    allows the energy.
    """
    dose = envelope.dose_range(ENERGY, pulse_ms=1.0, spot_mm=None)
    if dose is None:
        return Unknown(render_message("atlas.no-dose"))
    able = [offered for offered in iterate_settings(device) if _takes_energy(dose_steps(device, offered), dose.middle)]
    widths = {offered.spot_mm for offered in able}
    if len(widths) != 1:
        return Unknown(render_message("atlas.no-width"))
    (width,) = widths
    step_ms = _nearest_step({offered.pulse_ms for offered in able if offered.spot_mm == width}, None)
    setting = BeamSetting(wavelength_nm, step_ms, width)
    steps = dose_steps(device, setting)
    energy = _nearest_step(steps, dose.middle)
    wanted, covered = (_middle(envelope.own_rows, name) for name in ("density_per_cm2", "coverage_pct"))
    if wanted is None and covered is not None:
        # For beams placed at random the covered fraction is 1 - exp(-density x area).
        wanted = -math.log1p(-covered / 100.0) / (math.pi / 4.0 * (width * MM / CM) ** 2)
    if wanted is None:
        return Unknown(render_message("atlas.no-dose"))
    density = _nearest_step(density_steps(device, setting, energy), wanted)
    return TextbookSetting(setting, energy, _nearest_step(steps, dose.usual_high), density, dose.sources)


def _middle(rows: Iterable[PublishedSetting], quantity: str) -> float | None:
    """Return the median over sources of the geometric middle of each source's values; of two middle ones the greater.

    The greater pulse or spot is the gentler one.
    """
    by_source: dict[str, list[float]] = {}
    for row in rows:
        by_source.setdefault(row.source, []).extend(span_ends(getattr(row, quantity)))
    middles = [math.sqrt(min(ends) * max(ends)) for ends in by_source.values() if ends]
    return median_high(middles) if middles else None


def _nearest_step(values: Iterable[float], wanted: float | None) -> float:
    """Return the value of a device nearest to `wanted`; its middle value where `wanted` is None."""
    offered = sorted(values)
    return offered[len(offered) // 2] if wanted is None else min(offered, key=lambda v: abs(math.log(v / wanted)))


def _takes_energy(steps: tuple[float, ...], energy_mJ: float) -> bool:
    return bool(steps) and steps[0] <= energy_mJ <= steps[-1]


def _is_same_light(printed_nm: float | None, wavelength_nm: float) -> bool:
    return printed_nm is not None and abs(printed_nm / wavelength_nm - 1.0) < _SAME_LIGHT_TOLERANCE


# The answer of one case.

_BEYOND_PRACTICE: Final = ("practice.above", "practice.below", "practice.no-dose", "practice.none")
_STEP: Final = 1.01  # relative resolution of doses
_STEPS: Final = 463  # from a tenth of a dose to ten times as much


@dataclass(frozen=True, kw_only=True)
class PlannedAtlasSetting:
    """The setting that a plan offers.

    Parameters
    ----------
    dose, from_dose, to_dose : J/cm², or mJ of a microbeam.
    from_dose, to_dose : the steps of the device that bring half of such skins to the target, and keep every limit.
    density_per_cm2 : of microbeams; 0 of a full field.
    inside_practice : whether it is not beyond the published range.
    """

    dose: float | Unknown | None
    pulse_ms: float | Unknown
    spot_mm: float | Unknown | None
    wavelength_nm: float | Unknown
    density_per_cm2: float | Unknown
    inside_practice: bool | Unknown
    p_effective: Value
    p_harm: Value
    from_dose: float | Unknown
    to_dose: float | Unknown


@dataclass(frozen=True, kw_only=True)
class TextbookAtlasResult:
    """What the textbook setting does to the same skins.

    Parameters
    ----------
    p_harm_at_top : at the greatest dose that half of the sources did not exceed.
    from_dose, to_dose : doses that bring half of such skins to the target, and keep every limit, to a hundredth.
    burn_dose : the dose that burns one in ten.
    """

    p_effective: float | Unknown
    p_harm: float | Unknown
    p_harm_at_top: float | Unknown
    from_dose: float | Unknown
    to_dose: float | Unknown
    burn_dose: float | Unknown


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class AtlasCell(DocumentResult):
    """The planned setting for a case of one concern and one device, beside the textbook setting."""

    schema: ClassVar[str] = "skinbeam.atlas/1"

    planned: PlannedAtlasSetting
    textbook: TextbookAtlasResult


_PLAN_OUTPUTS: Final = tuple(field.name for field in fields(PlannedAtlasSetting))
_TEXTBOOK_OUTPUTS: Final = tuple(field.name for field in fields(TextbookAtlasResult))
ATLAS_OUTPUTS: Final = (
    *(f"planned.{name}" for name in _PLAN_OUTPUTS),
    *(f"textbook.{name}" for name in _TEXTBOOK_OUTPUTS),
)


def atlas_cell(loaded: LoadedCase, *, draws: int, seed: int) -> AtlasCell:
    """Return the planned setting for a case of one concern and one device, and the results of the textbook setting.

    Both are evaluated on the same drawn skins by the code of the plan: how many reach the target, and how likely the
    skin around burns, or for columns how likely a limit is broken.

    Doses are J/cm², or mJ of a microbeam. `from_dose` brings half of such skins to the target, `to_dose` keeps every
    limit: for the planned setting on the device's steps, with the sampling error counted as a plan counts it; for the
    textbook's pulse and spot to a hundredth. `burn_dose` burns one in ten.
    """
    concern = loaded.case.concern[0]
    devices = loaded.case.clinic.devices if loaded.case.clinic is not None else None
    assert devices is not None  # the atlas names one
    choice = find_choice(devices[0])
    made = make_plan(loaded, draws=draws, seed=seed)
    (planned,) = made.concerns
    bounds = judge_suitability(loaded.case, concern=concern, modality=choice.modality).bounds
    goal = treatment_goal(choice.condition, choice.modality, concern.severity, bounds, concern.subtypes)
    skins = planned.bank.skins(concern.site, goal)
    return AtlasCell(
        case_sha256=loaded.sha256(),
        seed=seed,
        planned=_planned_setting(planned, choice),
        textbook=_textbook_result(textbook_setting(choice), goal, skins, choice, loaded),
    )


def answer_cell(question: SweepQuestion, loaded: LoadedCase) -> dict[str, Any]:
    """Return the document of one cell; called on the workers of the sweep."""
    return atlas_cell(loaded, draws=question.draws, seed=question.seed).to_dict()


def _planned_setting(planned: ConcernResult, choice: AtlasChoice) -> PlannedAtlasSetting:
    first = planned.record.first_laser
    judged = planned.trial is not None and planned.trial.unjudged is None
    if first is None or first[0].modality != choice.modality or planned.trial is None or not judged:
        none = Unknown(render_message("atlas.no-setting"))
        nothing = PlannedAtlasSetting(**dict.fromkeys(_PLAN_OUTPUTS, none))
        return replace(nothing, dose=Unknown(_refusal_reason(planned, choice)))
    option, setup = first
    settings = setup.settings
    micro = settings.columns
    from_dose, to_dose = _dose_window(planned.trial)
    return PlannedAtlasSetting(
        dose=settings.fluence_J_cm2 if micro is None else micro.energy_mJ,
        pulse_ms=settings.pulse_ms,
        spot_mm=settings.spot_mm if micro is None else planned.trial.setting.spot_mm,
        wavelength_nm=setup.wavelength_nm,
        density_per_cm2=0.0 if micro is None else micro.density_per_cm2,
        inside_practice=_is_inside_practice(option),
        p_effective=option.p_effective,
        p_harm=option.p_harm,
        from_dose=from_dose,
        to_dose=to_dose,
    )


def _is_inside_practice(option: Option) -> bool:
    """Return whether the planned setting is not beyond what was published: inside it, lowered from it, or moved."""
    return option.practice is not None and option.practice.id not in _BEYOND_PRACTICE


def _refusal_reason(planned: ConcernResult, choice: AtlasChoice) -> str:
    """Return the id and text of the message that refuses the device."""
    mine = [refusal for refusal in planned.record.refused if refusal.modality == choice.modality]
    reasons = [
        reason for refusal in sorted(mine, key=lambda refusal: refusal.device is None) for reason in refusal.reasons
    ]
    return f"{reasons[0].id}: {reasons[0].english}" if reasons else render_message("atlas.no-setting")


def _dose_window(trial: CandidateSetting) -> tuple[float | Unknown, float | Unknown]:
    """Return the device's doses, at the planned pulse and spot, between reaching enough skins and breaking a limit."""
    thresholds = trial.thresholds
    if thresholds is None:
        silent = Unknown(render_message("atlas.no-window"))
        return silent, silent
    doses = dose_steps(trial.machine.device, trial.setting)
    wanted, around = trial.weights
    enough = float(atlas_table()["asked"]["reached"])
    first = bisect_left(
        doses, True, key=lambda dose: weighted_share(thresholds.reaches_target(dose), wanted)[0] >= enough
    )

    def is_broken(limit: SettingLimit, dose: float) -> bool:
        return judge_limit(limit, thresholds.value[limit.id](dose), around, ()).status == "not_met"

    # A limit that the published dose itself breaks is a warning of the plan, and ends nothing.
    limits = [verdict.limit for verdict in trial.verdicts if not is_broken(verdict.limit, trial.dose)]

    def breaks(dose: float) -> bool:
        return any(is_broken(limit, dose) for limit in limits)

    last = bisect_left(doses, True, key=breaks) - 1
    none = Unknown(render_message("atlas.out-of-reach"))
    return doses[first] if first < len(doses) else none, doses[last] if last >= 0 else none


def _textbook_result(
    textbook: TextbookSetting | Unknown, goal: TreatmentGoal, skins: SiteSkins, choice: AtlasChoice, loaded: LoadedCase
) -> TextbookAtlasResult:
    if isinstance(textbook, Unknown):
        return TextbookAtlasResult(**dict.fromkeys(_TEXTBOOK_OUTPUTS, textbook))
    machine = SearchMachine(choice.name, load_device(choice.name))
    try:
        if textbook.density_per_cm2 is not None:
            return _column_result(machine, textbook, goal, skins)
        return _full_field_result(machine, textbook, goal, skins, darkest_phototype(loaded.case) or len(PHOTOTYPES))
    except NotAvailable as silence:
        return TextbookAtlasResult(**dict.fromkeys(_TEXTBOOK_OUTPUTS, Unknown(silence.reason)))


def _full_field_result(
    machine: SearchMachine, textbook: TextbookSetting, goal: TreatmentGoal, skins: SiteSkins, phototype: int
) -> TextbookAtlasResult:
    """Return the results of light that heats, with burns anchored to counts as those of a plan are.

    Parameters
    ----------
    phototype : of the skin, 1 to 6.
    """
    table = ResponseTable(machine, goal, skins)
    anchor = burn_anchor(machine, table.beam(textbook.setting), skins.site, phototype)
    response = table.anchored(anchor).at(textbook.setting)
    wanted, around = skins.weights
    limits = find_limits(goal.modality, skins.site, goal.condition)
    enough, one_burn = (float(atlas_table()["asked"][name]) for name in ("reached", "burnt"))
    return TextbookAtlasResult(
        p_effective=weighted_share(response.reaches_target(textbook.dose), wanted)[0],
        p_harm=weighted_share(response.injury_probability(textbook.dose), around)[0],
        p_harm_at_top=weighted_share(response.injury_probability(textbook.top), around)[0],
        from_dose=_least_dose(
            textbook, lambda dose: weighted_share(response.reaches_target(dose), wanted)[0] >= enough
        ),
        to_dose=_least_dose(textbook, lambda dose: max(response.limit_use(limits, dose, around).values()) > 1.0),
        burn_dose=_least_dose(
            textbook, lambda dose: weighted_share(response.injury_probability(dose), around)[0] >= one_burn
        ),
    )


def _least_dose(textbook: TextbookSetting, reached: Callable[[float], bool]) -> float | Unknown:
    """Return the least dose, to a hundredth, at which `reached` is true."""
    doses = [textbook.dose / 10.0 * _STEP**step for step in range(_STEPS)]
    place = bisect_left(doses, True, key=reached)
    return doses[place] if place < len(doses) else Unknown(render_message("atlas.out-of-reach"))


def _column_result(
    machine: SearchMachine, textbook: TextbookSetting, goal: TreatmentGoal, skins: SiteSkins
) -> TextbookAtlasResult:
    density = textbook.density_per_cm2
    assert density is not None  # of microbeams
    limits = find_limits(goal.modality, skins.site, goal.condition)
    counts_m, _ = goal.column_depths_m(np.asarray(skins.target["thickness_m"][:, :-1].sum(axis=1)))

    def at(energy: float) -> tuple[float, float]:
        beam = build_beam(machine, textbook.setting, energy, density)
        depth = skins.lesion(beam, energy, limiting=False).depth
        values = compute_columns(skins, beam, energy, density).values(density)
        return weighted_share(depth >= counts_m, skins.weights[0])[0], weighted_share(
            p_any_limit_broken(limits, values), skins.weights[1]
        )[0]

    effective, harm = at(textbook.dose)
    silent = Unknown(render_message("atlas.no-window"))
    return TextbookAtlasResult(
        p_effective=effective,
        p_harm=harm,
        p_harm_at_top=at(textbook.top)[1],
        from_dose=silent,
        to_dose=silent,
        burn_dose=silent,
    )
