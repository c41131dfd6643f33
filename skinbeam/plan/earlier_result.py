"""What earlier sessions and test spots with a machine showed on a concern: what helped, and what reached the target."""

import math
from dataclasses import dataclass, replace
from typing import Final

from skinbeam.assessment.earlier_sessions import count_sessions, is_place_known, session_indices
from skinbeam.assessment.questionnaire import sites_overlap
from skinbeam.assessment.reactions import EarlierReaction, earlier_reactions, session_pulse
from skinbeam.laser.device import Device
from skinbeam.laser.device_class import is_same_pulse_length, is_same_wavelength
from skinbeam.laser.setting_grid import BeamSetting, dose_steps, iterate_settings, nearest_setting
from skinbeam.model.case import Case
from skinbeam.model.consultation import Concern, EarlierSession
from skinbeam.plan.printed_dose import DOSE_ROUNDING, log_ratio
from skinbeam.response.settings import SearchMachine
from skinbeam.simulate.removal.ablation import is_pulse_calibrated
from skinbeam.suitability.column_harm import is_hurt_since
from skinbeam.suitability.dose_bars import is_endpoint, is_injured_by_other_kind
from skinbeam.suitability.session_response import begins_course, is_judged_early, is_too_little

__all__ = ["EarlierResult", "EndpointSeen", "earlier_result", "endpoint_seen", "is_like"]

_INFECTION: Final = "infection"  # which says nothing about the dose
_NO_ENDPOINT: Final = ("none", "redness")
_SAME_SPOT: Final = math.log(1.25)  # spots of machines differ from what is noted by so much


@dataclass(frozen=True)
class EarlierResult:
    """The last judged session on a concern with a machine, which left no harm.

    Parameters
    ----------
    number : of the session among those of its course on the condition, from 1.
    setting : its setting, on the steps of the machine.
    dose : J/cm², or mJ of a microbeam, on the steps of the machine, and no greater than what was given.
    density_per_cm2 : of columns; None where it is not in the case.
    improved_pct : improvement since before the first session of its course.
    has_helped : whether enough got better, and part of it since the session before.
    is_early : whether that was judged before its effect shows.
    is_site_named : whether the session names its site, which then is this one.
    was_skin_lighter : whether the skin was lighter then than it is today.
    is_hurt_since : whether columns, of whatever device, may have hurt this skin later.
    """

    number: int
    setting: BeamSetting
    dose: float
    density_per_cm2: float | None
    improved_pct: float
    has_helped: bool
    is_early: bool = False
    is_site_named: bool = False
    was_skin_lighter: bool = False
    is_hurt_since: bool = False

    def has_helped_at(self, setting: BeamSetting, dose: float) -> bool:
        """Return whether it helped such skin as today's at such a setting, with no less than a dose."""
        return (
            self.has_helped
            and not self.was_skin_lighter
            and is_like(self.setting, setting)
            and dose <= 1.001 * self.dose
        )


@dataclass(frozen=True)
class EndpointSeen:
    """Doses of test spots on a brown spot, J/cm².

    Parameters
    ----------
    nothing : the greatest that showed nothing, below the other; 0 without one.
    dose : the least that whitened it.
    """

    nothing: float
    dose: float


def earlier_result(case: Case, concern: Concern, machine: SearchMachine) -> EarlierResult | None:
    """Return what the last judged session with a machine showed on a concern; None where it says nothing.

    It says nothing where the case has the condition on several sites and a session names none, where it left harm or
    something that was not understood, where another cooling may have spared the skin, and where its setting is not
    known, not one of the machine, or barred. Nor does it where a lamp injured this skin, of a laser,
    or the other way round, after which a machine begins with the least published dose.
    """
    if not is_place_known(case, concern) or is_injured_by_other_kind(case, machine.device):
        return None
    reactions = earlier_reactions(case)
    result: EarlierResult | None = None
    before = 0.0
    done: list[EarlierSession] = []
    for index in session_indices(case, concern):
        session = case.session[index]
        if done and begins_course(session, done[-1]):
            done, before = [], 0.0
        done.append(session)
        pulse = session_pulse(case, index)
        if pulse.was_made_with(machine.case_name, machine.device):
            result = None
            marks = [reaction for reaction in reactions if reaction.entry == pulse.entry]
            is_borne = all(
                mark.meaning == "expected" or mark.kind == _INFECTION for mark in marks
            ) and not _may_be_spared(session, machine.device)
            if session.response_pct is not None and is_borne:
                result = _read_result(machine, pulse, count_sessions(done), session.response_pct, before)
                if result is not None:
                    is_named = session.site is not None
                    result = replace(
                        result,
                        is_early=is_judged_early(case, session),
                        is_site_named=is_named,
                        was_skin_lighter=pulse.was_skin_lighter,
                        is_hurt_since=is_hurt_since(case, session),
                    )
        before = before if session.response_pct is None else session.response_pct
    return result


def _may_be_spared(session: EarlierSession, device: Device) -> bool:
    """Return whether a session was done with a cooling that a plan of the device does not count on."""
    planned = {"none", *(head.kind for head in device.cooling[:1])}
    return session.cooling is not None and session.cooling not in planned


def _read_result(
    machine: SearchMachine, pulse: EarlierReaction, number: int, improved_pct: float, before_pct: float
) -> EarlierResult | None:
    setting = _setting_of(machine, pulse)
    dose = pulse.dose_on(machine.device)
    if setting is None or dose is None:
        return None
    given = max((step for step in dose_steps(machine.device, setting) if step <= 1.001 * dose), default=0.0)
    if given < dose / DOSE_ROUNDING or given not in machine.doses(setting):  # an earlier injury or bruise bars it
        return None
    has_helped = not is_too_little(improved_pct) and improved_pct > before_pct
    return EarlierResult(number, setting, given, pulse.density_per_cm2, improved_pct, has_helped)


def _setting_of(machine: SearchMachine, pulse: EarlierReaction) -> BeamSetting | None:
    """Return the setting of a machine nearest to an earlier pulse; None where it has none like it.

    Few people note the pulse of columns, whose depth follows their energy.
    """
    device = machine.device
    wavelength_nm, pulse_ms = pulse.wavelength_on(device), pulse.pulse_ms
    if wavelength_nm is None or not is_same_wavelength(wavelength_nm, pulse.wavelength_nm or wavelength_nm):
        return None  # of another wavelength: perhaps another machine
    if device.microbeam and pulse_ms is None:
        dose = pulse.dose_on(device)
        able = (setting for setting in iterate_settings(device, wavelength_nm) if dose in dose_steps(device, setting))
        return next(
            (candidate for candidate in able if is_pulse_calibrated(candidate.wavelength_nm, candidate.pulse_ms)), None
        )
    spot_mm = _narrowest_beam_mm(device, wavelength_nm, pulse) if device.microbeam else pulse.spot_mm
    if pulse_ms is None or spot_mm is None:
        return None
    nearest = nearest_setting(device, wavelength_nm, pulse_ms, spot_mm)
    return nearest if nearest is not None and is_like(nearest, BeamSetting(wavelength_nm, pulse_ms, spot_mm)) else None


def _narrowest_beam_mm(device: Device, wavelength_nm: float, pulse: EarlierReaction) -> float | None:
    """Return the narrowest beam in which a device gives the energy of columns; few people note their diameter."""
    dose = pulse.dose_on(device)
    for setting in sorted(iterate_settings(device, wavelength_nm), key=lambda offered: offered.spot_mm):
        doses = dose_steps(device, setting)
        if dose is not None and doses and doses[0] <= dose <= 1.001 * doses[-1]:
            return setting.spot_mm
    return None


def is_like(setting: BeamSetting, other: BeamSetting) -> bool:
    """Return whether two settings differ by no more than what people note and what machines can be set to."""
    is_same_pulse = is_same_pulse_length(setting.pulse_ms, other.pulse_ms)
    is_same_spot = log_ratio(setting.spot_mm, other.spot_mm) <= _SAME_SPOT
    return setting.wavelength_nm == other.wavelength_nm and is_same_pulse and is_same_spot


def endpoint_seen(case: Case, concern: Concern, machine: SearchMachine, setting: BeamSetting) -> EndpointSeen | None:
    """Return the doses of test spots at a site from which on a setting shows its endpoint; None where none showed it.

    Wider spots count, since a narrower beam does no more at the same dose.
    """
    shown: list[float] = []
    nothing: list[float] = []
    for reaction in earlier_reactions(case):
        dose = reaction.dose_on(machine.device)
        if (
            not reaction.is_test_spot
            or reaction.was_skin_lighter
            or reaction.site is None
            or dose is None
            or not sites_overlap(reaction.site, concern.site)
        ):
            continue
        made = _setting_of(machine, reaction) if reaction.was_made_with(machine.case_name, machine.device) else None
        if made is None or not is_like(made._replace(spot_mm=min(made.spot_mm, setting.spot_mm)), setting):
            continue
        if is_endpoint(reaction):
            shown.append(dose)
        elif reaction.kind in _NO_ENDPOINT:
            nothing.append(dose)
    least = min(shown, default=math.inf)
    return EndpointSeen(max((dose for dose in nothing if dose < least), default=0.0), least) if shown else None
