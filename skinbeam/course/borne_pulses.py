"""Earlier pulses of a setting that a field has borne, and which of them stands for test spots of that setting.

A pulse that left no more than such light usually leaves, on the same skin and with no less dose, shows what a test spot
would. A session is one, also where somebody judged what it improved and noted no reaction, unless something that makes
skin react may be new since then, a later session injured it, whatever that treated, or it was more than a year ago:
clinics try the skin again after such a time. One whose dose is a usual step below the planned one is enough where spots
would be read for burns alone and few burn: that step is what a clinic goes up between two sessions.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby
from typing import Final

from skinbeam.assessment.earlier_sessions import may_follow, sessions_on_skin, weeks_since
from skinbeam.assessment.questionnaire import sites_overlap
from skinbeam.assessment.reactions import EarlierReaction, earlier_reactions, session_pulse
from skinbeam.course.resurfacing import FULL_FIELD_ABLATION
from skinbeam.laser.device_class import SHORTEST_MICROSECOND_MS, is_same_pulse_length
from skinbeam.model.case import Case
from skinbeam.model.consultation import Concern
from skinbeam.model.package_data import load_package_table
from skinbeam.model.units import HOURS_PER_WEEK
from skinbeam.plan_records.course import DeviceSetting, DeviceSetup
from skinbeam.plan_records.plan import Option
from skinbeam.response.settings import SearchMachine
from skinbeam.suitability.course_rules import course_rules

__all__ = ["BornePulse", "FieldPulses", "field_pulses"]

_NEARLY: Final = 0.999  # doses are noted with few digits
_rules = partial(load_package_table, "data/test_spots.toml")


@dataclass(frozen=True)
class BornePulse:
    """A pulse that a field has borne.

    Parameters
    ----------
    dose : that of the planned spot which heats the epidermis no more, J/cm²; of columns their energy, mJ.
    is_read : whether it was read as late as test spots would be, and nothing that matters may be newer.
    is_step_below : whether its dose is less than the planned one, by a usual step.
    is_sparser : whether it was of fewer columns than planned, which shows nothing of their number.
    """

    dose: float
    reaction: EarlierReaction
    is_read: bool = True
    is_step_below: bool = False
    is_sparser: bool = False


@dataclass(frozen=True)
class FieldPulses:
    """The pulses of a setting on a field that left at most what such light usually leaves, in the order of the file.

    Parameters
    ----------
    planned : the planned fluence, J/cm², or energy of columns, mJ.
    may_step : whether a session of no more than a usual step below the planned dose is enough.
    """

    pulses: tuple[BornePulse, ...]
    planned: float
    may_step: bool

    @property
    def borne(self) -> tuple[BornePulse, ...]:
        """Those that the field has borne, in columns as many as planned."""
        return tuple(pulse for pulse in self.pulses if pulse.is_read and not pulse.is_sparser)

    @property
    def standing(self) -> BornePulse | None:
        """The last one that stands for test spots of the setting; None where none does."""
        enough = [pulse for pulse in self.borne if self._is_enough(pulse)]
        below = [replace(pulse, is_step_below=True) for pulse in self.borne if self._is_step_below(pulse)]
        standing = enough or below
        return standing[-1] if standing else None

    @property
    def unread_spot(self) -> EarlierReaction | None:
        """The last test spot of no less than the planned dose that is still to be read again; None without one."""
        waiting = [
            pulse.reaction
            for pulse in self.pulses
            if pulse.reaction.is_test_spot and not (pulse.is_read or pulse.is_sparser) and self._is_enough(pulse)
        ]
        return waiting[-1] if waiting else None

    @property
    def borne_density_per_cm2(self) -> float | None:
        """The most columns of no less than the planned energy that were borne, if fewer than planned; else None."""
        sparser = (pulse for pulse in self.pulses if pulse.is_sparser and pulse.is_read and self._is_enough(pulse))
        densities = (pulse.reaction.density_per_cm2 for pulse in sparser)
        return max((density for density in densities if density is not None), default=None)

    def _is_enough(self, pulse: BornePulse) -> bool:
        return pulse.dose >= _NEARLY * self.planned

    def _is_step_below(self, pulse: BornePulse) -> bool:
        is_session = not pulse.reaction.is_test_spot
        return is_session and self.may_step and course_rules().dose_step * pulse.dose >= _NEARLY * self.planned


def field_pulses(case: Case, concern: Concern, option: Option, machine: SearchMachine, hours: float) -> FieldPulses:
    """Return the pulses of the setting of an option on the field of a concern.

    Parameters
    ----------
    hours : after which test spots of the setting are read.
    """
    pulses = tuple(_pulses_on_field(case, concern, option, machine, hours))
    return FieldPulses(pulses, _planned_dose(option), _may_step(option, hours))


def _planned_dose(option: Option) -> float:
    """Return the fluence of an option, J/cm², or the energy of its columns, mJ."""
    assert option.setup is not None  # only a light has test spots
    settings = option.setup.settings
    dose = settings.fluence_J_cm2 if settings.columns is None else settings.columns.energy_mJ
    return math.inf if dose is None else dose


def _may_step(option: Option, hours: float) -> bool:
    """Return whether a session of no more than a usual step below a dose of which few burn is enough.

    Columns leave no step: how their energy and density add up is not known. Where a dark mark may follow, which shows
    weeks later, each dose has its own spots.
    """
    is_for_burns = hours <= _rules()["reading"]["burn_h"]
    return is_for_burns and any(limit.id == "epidermal-burn" and limit.status == "met" for limit in option.limits)


def _pulses_on_field(
    case: Case, concern: Concern, option: Option, machine: SearchMachine, hours: float
) -> Iterator[BornePulse]:
    """Yield the pulses of a setting that this field has borne so far, in the order of the file.

    A pulse shows it if it had this light and was as short, on the same skin and when that was no lighter than today,
    and left at most what such light usually leaves, a bruise among it. None counts at or above a dose that left more.
    Of skin that is removed as a whole the passes are as important and not known.
    """
    setup = option.setup
    if setup is None or option.modality == FULL_FIELD_ABLATION:
        return
    noted = [list(group) for _, group in groupby(earlier_reactions(case), key=lambda reaction: reaction.entry)]
    entries = sorted(
        [*noted, *_sessions_without_note(case)], key=lambda marks: (not marks[0].is_test_spot, marks[0].index)
    )
    pulses = [(dose, marks) for marks in entries if (dose := _dose_in_light(marks[0], setup, machine)) is not None]
    harmful = (dose for dose, marks in pulses if any(mark.meaning != "expected" for mark in marks))
    least = min(harmful, default=math.inf)
    is_computed = any(limit.id == "epidermal-burn" for limit in option.limits)
    for dose, marks in pulses:
        reaction = marks[0]
        is_silent = all(mark.history is not None for mark in marks) and not _is_judged(case, reaction)
        if dose >= least or is_silent or reaction.was_skin_lighter:
            continue
        share = _share_of_plan(reaction, setup.settings, is_computed=is_computed)
        if share > 0.0 and _is_on_field(reaction, concern, case):
            is_read = _is_read(case, concern, reaction, option, hours)
            yield BornePulse(share * dose, reaction, is_read, is_sparser=_is_sparser(reaction, setup.settings))


def _sessions_without_note(case: Case) -> Iterator[list[EarlierReaction]]:
    """Yield for each session that somebody judged, and of which no reaction is noted, that it left none."""
    for index, session in enumerate(case.session):
        if session.response_pct is not None and not session.adverse:
            yield [replace(session_pulse(case, index), kind="none", meaning="expected")]


def _dose_in_light(reaction: EarlierReaction, setup: DeviceSetup, machine: SearchMachine) -> float | None:
    """Return the dose of a pulse, J/cm² or mJ of columns; None if it had another device or light, or is not known."""
    device = machine.device
    is_of_light = reaction.was_made_with(machine.case_name, device) and (
        reaction.wavelength_on(device) == setup.wavelength_nm
    )
    return reaction.dose_on(device) if is_of_light else None


def _is_judged(case: Case, reaction: EarlierReaction) -> bool:
    """Return whether somebody judged a session, so that a note of herpes alone says that the skin had nothing else."""
    return not reaction.is_test_spot and case.session[reaction.index].response_pct is not None


def _is_read(case: Case, concern: Concern, reaction: EarlierReaction, option: Option, hours: float) -> bool:
    """Return whether a pulse is known to have been borne, by the time of its reading.

    A test spot is read as late as the ladder would be. A session counts unless something may be newer than it; for
    raised scars, which come late, it has to be as long ago as spots would be read.
    """
    if reaction.read_after_h is not None:
        return reaction.read_after_h >= hours
    if _has_newer_rule(option) or _was_injured_since(case, concern, reaction):
        return False
    shows_late = hours >= _rules()["reading"]["raised_scar_h"]
    ago = weeks_since(case, case.session[reaction.index])
    if ago is None:
        return not shows_late
    return ago <= course_rules().new_course_after_weeks and (not shows_late or HOURS_PER_WEEK * ago >= hours)


def _was_injured_since(case: Case, concern: Concern, borne: EarlierReaction) -> bool:
    """Return whether a later session injured the skin, which has then changed or is healing.

    It is one on the same condition, or one on another that treated this skin; of one week the injury is the later one.
    """
    on_skin = sessions_on_skin(case, {concern.site})
    return any(
        injury.meaning == "harm"
        and not injury.is_test_spot
        and (injury.condition == borne.condition or case.session[injury.index] in on_skin)
        and may_follow(case, case.session[injury.index], case.session[borne.index])
        for injury in earlier_reactions(case)
    )


def _has_newer_rule(option: Option) -> bool:
    """Return whether a rule holds because of what may be newer than any session on the field."""
    anew: Sequence[str] = _rules()["borne"]["not_where"]
    return any(reason.rule in anew or reason.message.id in anew for reason in option.reasons)


def _share_of_plan(reaction: EarlierReaction, settings: DeviceSetting, *, is_computed: bool) -> float:
    """Return the share of a pulse's dose that does no more in the planned setting; 0 where no share is known to.

    Skin below a wider spot scatters more light back, which the share allows for where burns are computed; else the spot
    has to be the same. A longer pulse shows nothing, and neither do columns whose number nobody noted.
    """
    if settings.columns is not None:
        is_same_pulse = reaction.pulse_ms is None or is_same_pulse_length(reaction.pulse_ms, settings.pulse_ms)
        return 1.0 if reaction.density_per_cm2 is not None and is_same_pulse else 0.0
    if reaction.pulse_ms is None or reaction.spot_mm is None or settings.spot_mm is None:
        return 0.0
    is_same_pulse = is_same_pulse_length(reaction.pulse_ms, settings.pulse_ms)
    if not is_computed:
        is_same_spot = math.isclose(reaction.spot_mm, settings.spot_mm, rel_tol=1.0 - _NEARLY)
        return 1.0 if is_same_pulse and is_same_spot else 0.0
    is_short = reaction.pulse_ms <= settings.pulse_ms or (is_same_pulse and settings.pulse_ms < SHORTEST_MICROSECOND_MS)
    if not is_short:
        return 0.0
    return float(min(1.0, (reaction.spot_mm / settings.spot_mm) ** _rules()["borne"]["spot_exponent"]))


def _is_sparser(reaction: EarlierReaction, settings: DeviceSetting) -> bool:
    """Return whether a pulse was of fewer columns than a setting, all its passes together."""
    if settings.columns is None or reaction.density_per_cm2 is None:
        return False
    return reaction.density_per_cm2 < _NEARLY * settings.columns.density_per_cm2 * (settings.passes or 1)


def _is_on_field(reaction: EarlierReaction, concern: Concern, case: Case) -> bool:
    """Return whether a reaction was on the skin of a concern.

    A session that names no site was there if the person has that concern at no other.
    """
    if reaction.site is not None:
        return sites_overlap(reaction.site, concern.site)
    return [two.site for two in case.concern if two.condition == reaction.condition] == [concern.site]
