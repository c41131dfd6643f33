"""Draw and cache the skins of a person for a plan, weighted by the evidence of earlier pulses."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from skinbeam.assessment.earlier_sessions import repeats_row
from skinbeam.assessment.lamp_windows import read_spot_mm
from skinbeam.assessment.reactions import EarlierReaction, earlier_reactions
from skinbeam.assessment.skin_draws import PersonColour, SkinPlace, draw_skins, list_lighter_colours
from skinbeam.laser.beam import Beam
from skinbeam.laser.device import (
    Device,
    describe_light,
    describe_pulse,
    describe_sizes,
)
from skinbeam.laser.setting_grid import BeamSetting
from skinbeam.model.case import Case
from skinbeam.model.device_file import Offer
from skinbeam.model.errors import InputError
from skinbeam.model.units import J_CM2
from skinbeam.model.value_equality import compared_by_value
from skinbeam.model.vocabulary import ABLATIVE_MODALITIES
from skinbeam.outcome.dose_error import beam_burn_calibration, beam_burn_light
from skinbeam.published_doses.personal_calibration import (
    PersonalCalibration,
    SpotObservation,
    calibrate_person,
    miss_probability,
)
from skinbeam.response.goals import LESION_BY_CONDITION, TreatmentGoal, condition_vessels
from skinbeam.response.response_table import ResponseTable
from skinbeam.response.settings import SearchMachine, build_beam, built_in_cooling
from skinbeam.response.skins import SiteSkins
from skinbeam.simulate.pulse.damage_dose import cell_death_dose
from skinbeam.simulate.pulse.locations import basal_layer_response
from skinbeam.simulate.skins.ensemble import weighted_share
from skinbeam.skin.sample import SkinSample
from skinbeam.skin.vessels import PhotographedVesselWidth
from skinbeam.text import Formatter, Message, render_message

__all__ = [
    "EarlierPulse",
    "LightKey",
    "PulseEvidence",
    "SkinBank",
    "UninformativePulse",
    "describe_change",
    "evidence_from_pulses",
    "read_earlier_pulses",
]

# Earlier pulses that a plan can compute.


@dataclass(frozen=True)
class EarlierPulse:
    """A pulse on this person's skin that a plan can compute, and the reaction to it.

    Parameters
    ----------
    reaction : its reaction, as a kind of `data/reactions.toml`.
    missed_share : of a clean pulse, the share of a field's injuries that it does not predict.
    """

    machine: SearchMachine
    beam: Beam
    dose_J_cm2: float
    site: str
    reaction: str
    is_burn: bool
    missed_share: float

    @property
    def light_key(self) -> tuple[str, float]:
        """Device and wavelength, which share one error."""
        return self.machine.device.name, self.beam.wavelength_nm

    @property
    def description(self) -> str:
        """The pulse in words."""
        write = Formatter().number
        lamp = len(self.beam.spectrum) > 1
        parts = (describe_light(self.beam.wavelength_nm, lamp=lamp), f"{write(self.dose_J_cm2)} J/cm²")
        size = render_message("setting.spot", {"diameter": self.beam.spot_mm}) if self.beam.spot_mm is not None else ""
        length = render_message("setting.pulse", {"length": describe_pulse(self.beam.pulse_ms)})
        return ", ".join(part for part in (*parts, size, length) if part)


@dataclass(frozen=True)
class UninformativePulse:
    """An earlier pulse that changed no probability, with the reason."""

    entry: str
    reason: Message


def read_earlier_pulses(
    case: Case, machines: Sequence[SearchMachine]
) -> tuple[tuple[EarlierPulse, ...], tuple[UninformativePulse, ...]]:
    """Return the earlier pulses that are evidence of burns, and those that are not.

    Each test spot and each session counts once, with its worst reaction. A pulse that cannot be computed is reported
    with its reason, so that no entry is ignored silently. A session that treated several conditions is one pulse.

    Parameters
    ----------
    machines : of the clinic, whose own devices no list contains.
    """
    pulses: list[EarlierPulse] = []
    untold: list[UninformativePulse] = []
    for where, group in groupby(earlier_reactions(case), key=lambda reaction: reaction.entry):
        marks = list(group)
        if not marks[0].is_test_spot and repeats_row(case, marks[0].index):
            continue
        read = _read_pulse(case, marks, machines)
        if isinstance(read, Message):
            untold.append(UninformativePulse(where, read))
        else:
            pulses.append(read)
    return tuple(pulses), tuple(untold)


def _read_pulse(
    case: Case, marks: Sequence[EarlierReaction], machines: Sequence[SearchMachine]
) -> EarlierPulse | Message:
    """Return one pulse with all its reactions, or why it is no evidence."""
    worst = next((mark for mark in marks if mark.is_burn), marks[0])
    burnt = bool(worst.is_burn)
    if not burnt and any(mark.is_burn is None for mark in marks):
        return Message("learned.no-sign", {"reaction": _reaction_name(worst)})
    if not burnt and worst.was_skin_lighter:
        return Message("learned.lighter-skin")
    site = worst.site or next((concern.site for concern in case.concern if concern.condition == worst.condition), None)
    # The case has no time at which a session was read; its later report is late enough. It lit the whole field, so that
    # nothing of it is missed; of a field elsewhere it tells as much as a test spot.
    untold = miss_probability(worst.read_after_h if worst.read_after_h is not None else float("inf"))
    if not worst.is_test_spot and {concern.site for concern in case.concern} <= {site}:
        untold = 0.0
    if untold is None and not burnt:
        return Message("learned.too-early", {"hours": worst.read_after_h})
    machine = _find_machine(worst, machines)
    if machine is None or site is None:
        return Message("learned.unknown-device" if machine is None else "learned.unknown-site")
    if machine.device.microbeam or set(machine.device.modalities) <= set(ABLATIVE_MODALITIES):
        return Message("learned.not-calibrated", {"device": machine.device.title})
    wavelength_nm, dose = worst.wavelength_on(machine.device), worst.fluence_J_cm2
    if wavelength_nm is None or dose is None or worst.pulse_ms is None or worst.spot_mm is None:
        return Message("learned.incomplete")
    spot_mm = read_spot_mm(machine.device, worst.spot_mm)
    setting = BeamSetting(wavelength_nm, worst.pulse_ms, spot_mm)
    try:
        beam = build_beam(machine, setting, dose)
    except InputError as error:
        return _not_emitted_message(machine.device, setting, dose, error.field.rpartition(".")[2])
    return EarlierPulse(machine, beam, dose, site, worst.kind, burnt, untold or 0.0)


def _not_emitted_message(device: Device, setting: BeamSetting, dose: float, key: str) -> Message:
    """Return the message of a pulse that a device cannot emit: the key, what was read, and what would be right."""
    heads = [head for head in device.heads if head.wavelength_nm == setting.wavelength_nm]
    spots = [spot for head in heads for spot in head.spot]
    offered: Message | str
    if key == "spot_mm":
        read, unit, offered = setting.spot_mm, "mm", describe_sizes(spots)
    elif key == "pulse_ms":
        read, unit = setting.pulse_ms, "ms"
        offered = _offers_words([head.pulse_ms for head in heads], unit)
    else:
        key, read, unit = "fluence_J_cm2", dose, "J/cm²"
        sized = [spot for spot in spots if math.isclose(spot.diameter_mm, setting.spot_mm, rel_tol=1e-3)]
        offered = _offers_words([spot.fluence_J_cm2 for spot in sized or spots], unit)
    params = {"device": device.title, "key": key, "read": f"{Formatter().number(read)} {unit}", "offered": offered}
    return Message("learned.not-emitted", params)


def _offers_words(offers: Sequence[Offer[float]], unit: str) -> Message | str:
    """Return what several heads or windows offer of one setting: values, or the least, the greatest and the step."""
    values = sorted({value for offer in offers for value in offer.values or ()})
    if values and all(offer.values for offer in offers):
        return f"{Formatter().numbers(values)} {unit}"
    lows, highs = zip(*(offer.ends for offer in offers), strict=True)
    params = {"low": min(lows), "high": max(highs), "unit": unit}
    steps = {offer.step for offer in offers}
    step = steps.pop() if len(steps) == 1 else None
    return Message("plan.dose-span", params) if step is None else Message("learned.steps", {**params, "step": step})


def _reaction_name(reaction: EarlierReaction) -> Message | str:
    return reaction.kind if reaction.meaning == "unread" else Message(f"reaction.{reaction.kind}")


def _find_machine(reaction: EarlierReaction, machines: Sequence[SearchMachine]) -> SearchMachine | None:
    """Return the machine of the clinic that made a reaction, or else a known device of that name."""
    own = next((machine for machine in machines if reaction.was_made_with(machine.case_name, machine.device)), None)
    if own is not None or reaction.device is None:
        return own
    return SearchMachine(reaction.device.name, reaction.device)


# Evidence from earlier pulses.

Floats = NDArray[np.float64]
LightKey = tuple[str, float]  # device, wavelength in nm


@compared_by_value
@dataclass(frozen=True)
class PulseEvidence:
    """Evidence from earlier pulses.

    Parameters
    ----------
    likelihood : of all of them, of each draw, (sample,); a factor on its weight.
    calibrations : calibration of each light that was tried.
    messages : for each pulse, the change of a probability, in words.
    """

    likelihood: Floats
    calibrations: Mapping[LightKey, PersonalCalibration]
    messages: tuple[Message, ...]

    def calibrations_of_first(self, draws: int) -> Mapping[LightKey, PersonalCalibration]:
        """Return the calibration of each light for the first draws."""
        return {light: learned.first_draws(draws) for light, learned in self.calibrations.items()}


def evidence_from_pulses(
    pulses: Sequence[EarlierPulse], draw: Callable[[str], SiteSkins], anchor: Callable[[EarlierPulse], float]
) -> PulseEvidence | None:
    """Return the evidence from earlier pulses on the drawn skins and on the error of each light; None without any.

    The computed dose that burns is found for each drawn skin at the setting and the site of the pulse; draw k is the
    same person at every site, so that its weight holds for every site of the plan
    (`published_doses.personal_calibration`). The skin is the darkest that the answers allow, as for limits, and the
    cooling is the device's own.

    Parameters
    ----------
    draw : function that returns the drawn skins of a site, always the same number.
    anchor : function that returns the factor on computed doses that burn with which a plan judges the light of a pulse,
        so that the probabilities in words are those of the plan.
    """
    if not pulses:
        return None
    weights = draw(pulses[0].site).weights[1]
    over = [pulse.dose_J_cm2 * J_CM2 / _burn_doses_J_m2(pulse, draw(pulse.site)) for pulse in pulses]
    lights: dict[LightKey, PersonalCalibration] = {}
    for light in dict.fromkeys(pulse.light_key for pulse in pulses):
        here = [
            (pulse, SpotObservation(x, pulse.is_burn, pulse.missed_share))
            for pulse, x in zip(pulses, over, strict=True)
            if pulse.light_key == light
        ]
        beam = here[0][0].beam
        lights[light] = calibrate_person(beam_burn_light(beam), [seen for _, seen in here])
    likelihood = np.prod([learned.likelihood for learned in lights.values()], axis=0)
    changed = tuple(
        _change_message(pulse, x / anchor(pulse), weights, weights * likelihood, lights[pulse.light_key])
        for pulse, x in zip(pulses, over, strict=True)
    )
    return PulseEvidence(likelihood, lights, changed)


def _burn_doses_J_m2(pulse: EarlierPulse, skins: SiteSkins) -> Floats:
    """Return the computed dose that burns each draw at the setting of the pulse, (sample,)."""
    cooling, _ = built_in_cooling(pulse.machine.device)
    response = skins.respond(pulse.beam, cooling, limiting=True)
    return cell_death_dose(response, basal_layer_response(response))


def _change_message(
    pulse: EarlierPulse, x: Floats, before: Floats, after: Floats, personal: PersonalCalibration
) -> Message:
    """Return the probability of a burn at the dose of the pulse, before and after all observations, as a message."""
    everybody = _count_of_100(weighted_share(beam_burn_calibration(pulse.beam).p_reached(x), before)[0])
    return describe_change(pulse, everybody, _count_of_100(weighted_share(personal.p_reached(x), after)[0]))


def describe_change(pulse: EarlierPulse, before: float, after: float) -> Message:
    """Return a change of the probability that a pulse burns, of 100, in words that fit its direction and its size.

    The change is that of all pulses together: beside an injury a clean pulse may stand at a probability that rose.
    """
    params: dict[str, str | float | Message] = {
        "device": pulse.machine.device.title,
        "pulse": pulse.description,
        "reaction": Message(f"reaction.{pulse.reaction}"),
        "before": before or Message("learned.below-tenth"),
        "after": after or Message("learned.below-tenth"),
    }
    if pulse.is_burn:
        return Message("learned.burnt-outweighed" if after < before else "learned.burnt", params)
    if after > before:
        return Message("learned.clean-outweighed", params)
    return Message("learned.clean" if pulse.missed_share > 0.0 else "learned.clean-session", params)


def _count_of_100(p: float) -> float:
    return round(100.0 * p, 0 if p >= 0.1 else 1)


# A limit on a share of the skins depends on a handful of a few hundred, so depths are computed in so many times more
# draws and compared with their layers; a figure has more draws of layers only. A mean probability needs none
# (docs/methods/planning.md).
LIMIT_DRAWS_FACTOR = 4
# Draws that decide how high a dose for vessels is aimed: a power of two, since so many cover each quantity evenly. A
# tenth of 64 is a handful, which makes some doses a seventh too high.
DESIGN_DRAWS = 128
_DESIGN_SEED = 1  # their seed, independent of that of the plan
_VesselKey = tuple[str, tuple[str, ...]]  # condition and its kinds
_BankKey = tuple[str, str | None, _VesselKey | None, int, int]  # draws, and those of layers


class SkinBank:
    """Draws of this person's skin, made once for each site and lesion.

    Parameters
    ----------
    machines : of the clinic; an earlier pulse may have been made by a device that no list contains.
    widths : site → apparent width of vessels there, where a photograph shows it well enough for doses.
    pulse_anchor : as `anchor` of `evidence_from_pulses`; 1 for every pulse where it is not given.
    """

    def __init__(
        self,
        case: Case,
        colour: PersonColour,
        draws: int,
        seed: int,
        machines: Sequence[SearchMachine] | None = None,
        widths: Mapping[str, PhotographedVesselWidth] | None = None,
        pulse_anchor: Callable[[EarlierPulse], float] | None = None,
    ) -> None:
        self.case, self.colour, self.draws, self.seed = case, colour, draws, seed
        self._pulse_anchor = pulse_anchor
        self._machines, self._widths = machines or (), widths or {}
        # A cache decorator on the method would reference the bank, and keep gigabytes until the garbage collector runs.
        self._cache: dict[_BankKey, SiteSkins] = {}
        self._tables: dict[tuple[str, str, TreatmentGoal], ResponseTable] = {}

    def skins(self, site: str, goal: TreatmentGoal, *, max_draws: int | None = None) -> SiteSkins:
        """Return the skins of a site with the goal's target in them, `max_draws` at most, or the full number of
        draws."""
        lesion = LESION_BY_CONDITION.get(goal.condition) if goal.location == "lesion" else None
        vessels = (goal.condition, goal.subtypes) if goal.location == "vessel" else None
        draws = self.draws if max_draws is None else min(self.draws, max_draws)
        layered = LIMIT_DRAWS_FACTOR * draws if goal.is_limited_by_depth else draws
        key = (site, lesion, vessels, layered if max_draws is None else draws, layered)
        if key not in self._cache:
            self._cache[key] = self._make(*key)
        return self._cache[key]

    def response_table(self, machine: SearchMachine, goal: TreatmentGoal, site: str) -> ResponseTable:
        """Return the response table of a machine for a goal in the skins of a site; what it has simulated is kept."""
        key = machine.case_name, site, goal
        if key not in self._tables:
            self._tables[key] = ResponseTable(machine, goal, self.skins(site, goal))
        return replace(self._tables[key], machine=machine)  # whose caps may differ

    @cached_property
    def design_bank(self) -> "SkinBank":
        """Skins of this person that are the same for every seed and number of draws.

        Settings are compared on them, and they decide how high a dose is aimed. Neither may depend on chance: settings
        that are close would otherwise swap ranks with the seed, and a dose would move where the share that it reaches
        rises slowly. Limits and probabilities are computed on the drawn skins alone.
        """
        return SkinBank(self.case, self.colour, DESIGN_DRAWS, _DESIGN_SEED, self._machines, self._widths)

    @cached_property
    def pulse_evidence(self) -> PulseEvidence | None:
        """Evidence from earlier pulses on this person's skin; None without any that can be computed."""
        pulses, _ = read_earlier_pulses(self.case, self._machines)
        made: dict[str, SiteSkins] = {}

        def draw(site: str) -> SiteSkins:
            if site not in made:
                around = SkinPlace(site, limiting=True)
                skins = draw_skins(
                    self.case, self.colour, around, draws=LIMIT_DRAWS_FACTOR * self.draws, seed=self.seed
                )
                made[site] = SiteSkins(site, skins, skins)
            return made[site]

        return evidence_from_pulses(pulses, draw, self._pulse_anchor or (lambda _: 1.0))

    def _with_evidence_weights(self, skins: SkinSample) -> SkinSample:
        """Return the skins with weights updated by the evidence of earlier pulses."""
        if self.pulse_evidence is None:
            return skins
        weights = skins["weight"] * self.pulse_evidence.likelihood[: skins.count]
        return skins.with_arrays(weight=weights / weights.sum())

    def _make(
        self, site: str, lesion: str | None, vessels: _VesselKey | None, draws: int, layered_draws: int
    ) -> SiteSkins:
        population = (
            condition_vessels(*vessels).with_photographed_width(self._widths.get(site)) if vessels is not None else None
        )
        around = SkinPlace(site, vessels=population, limiting=True)
        target = replace(around, lesion=lesion, limiting=False)
        wanted = self._with_evidence_weights(draw_skins(self.case, self.colour, target, draws=draws, seed=self.seed))
        # A vessel does not change the epidermis above it; a pigment spot does.
        apart = self.colour.has_darker_limits or lesion is not None or self.colour.melanin_factor_at(site) > 1.0
        lighter = (
            draw_skins(self.case, colour, target, draws=draws, seed=self.seed)
            for colour in list_lighter_colours(self.colour)
        )
        limiting, layered = wanted, None
        if apart:
            limiting = self._with_evidence_weights(
                draw_skins(self.case, self.colour, around, draws=draws, seed=self.seed)
            )
        if layered_draws != draws:
            layered = self._with_evidence_weights(
                draw_skins(self.case, self.colour, around, draws=layered_draws, seed=self.seed)
            )
        return SiteSkins(
            site,
            wanted,
            limiting,
            lighter_skins=tuple(SiteSkins(site, skins, skins) for skins in lighter),
            layer_skins=layered,
            calibrations={}
            if self.pulse_evidence is None
            else self.pulse_evidence.calibrations_of_first(limiting.count),
        )
