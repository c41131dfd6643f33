"""Plan test spots for each laser option: the most informative doses, none above the planned one.

A spot splits the doses at which this person may burn in two: below it where it is burnt, above it where it is clean.
Several split them in intervals, and the average information is the entropy of those,

    H = - sum over intervals of p ln p,   p = P(the dose that burns lies in the interval)                  (ladder 1)

The greatest spot has the planned dose, so that the probability that any of them burns is that of one pulse of the plan.
The least burns hardly anybody. Those between are the doses of the device with the greatest H.

A spot has the setting of the session, its size included: a narrower beam heats the skin less at depth, so that a clean
narrow spot does not show that the wider one spares it. Spots take at most a tenth of the field: where they would take
more, they are fewer. Only where two of the session's size would take more are they narrower; the plan then says so, and
promises nothing of clean ones.

None are made where two do not fit beside each other in the field, where the light reaches nobody, or where an earlier
pulse of this setting on this field stands for them (`field_pulses`). Where it bore a lower dose, or fewer columns of
the planned energy, the spots begin there; a spot that was read too early is read again first. A light without test
spots says why it has none, since reasons of its plan may ask for them.

Where there is no calibration of burns, spots are shares of the planned dose. Where that is the least of the device, as
the energy of a microbeam may be, they are sparser patterns of it: less of the skin is injured.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray

from skinbeam.assessment.earlier_sessions import session_number
from skinbeam.assessment.questionnaire import darkest_phototype, has_marked, has_melasma
from skinbeam.course.borne_pulses import BornePulse, field_pulses
from skinbeam.course.finished import is_improved_enough
from skinbeam.course.setting_words import describe_settings_without_light
from skinbeam.laser.device import Device, describe_pulse, describe_window
from skinbeam.laser.setting_grid import BeamSetting, density_steps, dose_steps, iterate_settings
from skinbeam.model.case import Case, has_other_raised_scars
from skinbeam.model.conditions import known_sites
from skinbeam.model.consultation import Concern
from skinbeam.model.estimate import Unknown, Value
from skinbeam.model.package_data import load_package_table
from skinbeam.model.per_hundred import per_hundred
from skinbeam.model.sources import cite_sources
from skinbeam.model.units import HOURS_PER_WEEK, MM, UM
from skinbeam.model.vocabulary import ABLATIVE_MODALITIES, PIGMENT_MODALITIES, SURFACE_MODALITIES
from skinbeam.outcome.dose_error import beam_burn_light
from skinbeam.plan_records.course import DeviceSetting, DeviceSetup, LadderStep, TestSpotLadder
from skinbeam.plan_records.plan import CLINICIAN_SETTING, ImmediateReaction, Option
from skinbeam.published_doses.calibration import DoseCalibration
from skinbeam.published_doses.personal_calibration import SpotObservation, calibrate_person, miss_probability
from skinbeam.response.candidate import BurnDoses, CandidateSetting
from skinbeam.response.settings import SearchMachine, thin_evenly
from skinbeam.response.skin_bank import PulseEvidence, read_earlier_pulses
from skinbeam.simulate.skins.ensemble import weighted_probability, weighted_share
from skinbeam.suitability.table import Decision, RuleReason, strictest_first
from skinbeam.text import DocumentWarning, Formatter, Message, render_message

__all__ = [
    "NO_TEST_SPOTS",
    "add_missing_spots_reasons",
    "distinct_ladders",
    "earlier_pulse_notices",
    "most_informative_doses",
    "plan_test_spots",
]

_test_spot_rules = partial(load_package_table, "data/test_spots.toml")
Floats = NDArray[np.float64]

NO_TEST_SPOTS: Final = "no-test-spots"  # the rule of the reason why a light has none
_IF_ANOTHER: Final = "ladder.if-another"
# Purple is looked for.
_BRUISES: Final = tuple(f"immediate.seek-vascular-{sought}" for sought in ("bruise", "field-bruise", "scar"))
_SHARE_OF_FIELD: Final = 0.1  # of the field's area that test spots take
_LEAST_SPOTS: Final = 2
_MAX_SPOTS = 12  # doses to choose from: all their combinations take a millisecond


def plan_test_spots(
    case: Case, concern: Concern, options: Sequence[Option], trials: Sequence[CandidateSetting]
) -> tuple[TestSpotLadder, ...]:
    """Return the test spots of each laser option of a concern that has sessions, in their order.

    Those of the first light, and of lights tied with it, belong to the plan, the others to whoever chooses their light:
    no skin gets the spots of every light. Where earlier sessions have improved a concern enough, all are for whoever
    decides on another session.

    Parameters
    ----------
    trials : the trial of each option with a device, in the order of the options.
    """
    is_done = is_improved_enough(case, concern, options)
    lasers = [option for option in options if option.setup is not None]
    able = [(laser, trial) for laser, trial in zip(lasers, trials, strict=True) if not laser.reaches_nobody]
    found: list[TestSpotLadder] = []
    for option, trial in able:
        ladder = _make_ladder(case, concern, option, trial)
        if ladder is not None:
            is_first = _comes_first(option, able[0][0])
            if is_done:
                ladder = replace(ladder, message=Message(_IF_ANOTHER, {"spots": ladder.message}))
            found.append(ladder if is_first and not is_done else replace(ladder, when_chosen=True))
    return tuple(found)


def _comes_first(option: Option, first: Option) -> bool:
    """Return whether an option is tied with the first light, or a clinician chose its setting."""
    return option.rank == first.rank or any(reason.rule == CLINICIAN_SETTING for reason in option.reasons)


def distinct_ladders(ladders: Iterable[TestSpotLadder]) -> tuple[TestSpotLadder, ...]:
    """Return the ladders of different settings or sites; of several of one, that which is read last.

    It belongs to the plan if any of them does.
    """
    found: list[TestSpotLadder] = []
    for ladder in ladders:
        same = [
            two
            for two in found
            if (two.device, two.site, two.settings) == (ladder.device, ladder.site, ladder.settings)
        ]
        if not same:
            found.append(ladder)
            continue
        (two,) = same
        later = ladder if ladder.read_after_h > two.read_after_h else two
        chosen = ladder.when_chosen and two.when_chosen
        is_asked = chosen is None and later.message.id == _IF_ANOTHER
        message = later.message.params["spots"] if is_asked else later.message
        found[found.index(two)] = replace(later, when_chosen=chosen, message=message)
    return tuple(found)


@dataclass(frozen=True)
class _SpotSize:
    """The diameter of test spots in mm, and the most of them; None of microbeams, whose patches have no fixed size.

    Parameters
    ----------
    narrower : whether it is less than that of the session.
    """

    spot_mm: float | None
    most: int
    narrower: bool = False


def _promise(before: float, after: float) -> Message:
    """Return how many people of 100 the planned dose burns, now and once every spot is clean."""
    if before < 1.0:
        return Message("ladder.promise-rare")
    if before == after:
        return Message("ladder.promise-same", {"before": before})
    return Message("ladder.promise", {"before": before, "after": after})


def _spot_size(setup: DeviceSetup, device: Device, area_cm2: float | None) -> _SpotSize | None:
    """Return the size and number of test spots for a field; None where two do not fit beside each other.

    That of the session if two of it take a tenth of the field, else the widest narrower spot of which two do, else the
    narrowest.
    """
    settings = setup.settings
    if settings.spot_mm is None or settings.columns is not None or area_cm2 is None:
        return _SpotSize(settings.spot_mm, _MAX_SPOTS)
    sizes = [settings.spot_mm]
    if settings.fluence_J_cm2 is not None:
        narrower = (setting for setting in iterate_settings(device) if _is_narrower(setting, settings))
        able = [
            candidate
            for candidate in narrower
            if min(s := dose_steps(device, candidate)) <= settings.fluence_J_cm2 <= max(s)
        ]
        sizes = sorted({settings.spot_mm, *(candidate.spot_mm for candidate in able)}, reverse=True)
    fit = {size: int(_SHARE_OF_FIELD * area_cm2 / _area_cm2(size)) for size in sizes}
    size = next((size for size, number in fit.items() if number >= _LEAST_SPOTS), min(fit))
    if _area_with_two_cm2(size, is_window=settings.footprint_mm is not None) > area_cm2:
        return None
    return _SpotSize(size, max(fit[size], _LEAST_SPOTS), narrower=size < settings.spot_mm)


def _is_narrower(setting: BeamSetting, planned: DeviceSetting) -> bool:
    return (
        planned.spot_mm is not None
        and setting.spot_mm < planned.spot_mm
        and setting.wavelength_nm == planned.wavelength_nm
    )


def _area_cm2(spot_mm: float) -> float:
    return math.pi / 4 * (spot_mm / 10.0) ** 2


def _area_with_two_cm2(spot_mm: float, *, is_window: bool) -> float:
    """Return the area of the least field in which two spots fit beside each other: a disc, or two windows."""
    return 2 * _area_cm2(spot_mm) if is_window else _area_cm2(2 * spot_mm)


def _make_ladder(case: Case, concern: Concern, option: Option, trial: CandidateSetting) -> TestSpotLadder | None:
    """Return the test spots of an option; None where they have no room in the field, or it bore the planned dose."""
    setup, modality = option.setup, option.modality
    assert setup is not None  # an option with a trial has a device
    site, size = concern.site, _spot_size(setup, trial.machine.device, concern.area_cm2)
    hours = _reading_delay_h(case, concern, modality)
    if size is None:
        return None
    pulses = field_pulses(case, concern, option, trial.machine, hours)
    if pulses.standing is not None:
        return None
    borne = max((pulse.dose for pulse in pulses.borne), default=0.0)
    cite_sources(_test_spot_rules()["ladder"]["source"], _test_spot_rules()["reading"]["source"])
    doses = [*(dose for dose in trial.machine.doses(trial.setting) if borne <= dose < trial.dose), trial.dose]
    densities = [] if setup.settings.columns is None else [setup.settings.columns.density_per_cm2]
    burns = trial.burns
    if burns is None:
        parts = _test_spot_rules()["ladder"]["two" if size.most == _LEAST_SPOTS else "uncalibrated"]
        borne_density = pulses.borne_density_per_cm2
        doses = _doses_at_shares(doses, parts) if borne_density is None else [trial.dose]
        if densities and len(doses) == 1:
            least = (borne_density or 0.0) / (setup.settings.passes or 1)
            tried = [density for density in _densities_to_try(trial, densities[0]) if density >= least]
            densities = _doses_at_shares(tried, parts)
        clean: Value = Unknown(render_message("ladder.no-promise"))
        promises = [Message("ladder.no-promise")]
    else:
        doses = _choose_doses(doses, burns, trial, size.most)
        p = _burn_risk_if_clean(doses, burns, trial)
        clean = weighted_probability(p[0], p[1], trial.basis)
        counts = {"before": per_hundred(trial.p_injury), "after": per_hundred(clean.median)}
        promises = [_promise(counts["before"], counts["after"])]
    if size.narrower:
        clean = Unknown(render_message("ladder.narrow-unknown"))
        promises = [Message("ladder.narrow", {"planned": _describe_size(setup.settings)})]
    if isinstance(option.immediate, ImmediateReaction) and option.immediate.seek.id in _BRUISES:
        promises = [Message("ladder.bruise-expected", {"promise": promises[0]})]
    params = {
        "device": setup.device_title,
        "site": known_sites()[site].title,
        "light": setup.light,
        "doses": _describe_doses(doses, densities),
        "same": _describe_common_settings(setup, densities, trial, size),
        "where": _place_message(site),
        "read": _hours_message(hours),
        "promise": promises[0],
    }
    message = Message("plan.test-spot" if max(len(doses), len(densities)) > 1 else "plan.test-spot-alone", params)
    unread = pulses.unread_spot
    if unread is not None:
        again = {
            "entry": _entry_message(case, unread.entry),
            "seen": unread.read_after_h,
            "read": _hours_message(hours),
        }
        message = Message("ladder.read-again", again | {"spots": message})
    return TestSpotLadder(
        device=setup.device,
        device_title=setup.device_title,
        wavelength_nm=setup.wavelength_nm,
        light=setup.light,
        site=site,
        spots=_make_steps(doses, densities, setup, trial, size),
        p_burn_if_clean=clean,
        read_after_h=hours,
        message=message,
        source=_test_spot_rules()["ladder"]["source"],
        settings=setup.settings,
    )


# Doses, steps and words of a ladder.


def _densities_to_try(trial: CandidateSetting, planned: float) -> list[float]:
    """Return the densities of the device at the planned energy, none above the planned one."""
    offered = density_steps(trial.machine.device, trial.setting, trial.dose)
    return [*(density for density in offered if density < planned), planned]


def _make_steps(
    doses: Sequence[float],
    densities: Sequence[float],
    setup: DeviceSetup,
    trial: CandidateSetting,
    size: _SpotSize,
) -> tuple[LadderStep, ...]:
    """Return a step for every dose at every density, one of which is the planned one."""
    settings, burns = setup.settings, trial.burns
    unknown = Unknown(render_message("ladder.no-promise"))
    if settings.columns is not None:
        spot_mm = settings.columns.diameter_um * UM / MM
        return tuple(
            LadderStep(
                energy_mJ=dose, density_per_cm2=density, pulse_ms=settings.pulse_ms, spot_mm=spot_mm, p_burn=unknown
            )
            for dose in doses
            for density in densities
        )

    round_mm = size.spot_mm
    assert round_mm is not None  # a full field has a spot

    if size.narrower:
        unknown, burns = Unknown(render_message("ladder.narrow-unknown")), None

    def p_of(dose: float) -> Value:
        return unknown if burns is None else weighted_probability(burns.p(dose), trial.weights[1], trial.basis)

    return tuple(
        LadderStep(fluence_J_cm2=dose, pulse_ms=settings.pulse_ms, spot_mm=round_mm, p_burn=p_of(dose))
        for dose in doses
    )


def _choose_doses(doses: Sequence[float], burns: BurnDoses, trial: CandidateSetting, most: int) -> list[float]:
    """Choose at most so many doses of a ladder from those that may be tried, ascending, the last the planned one."""
    rules = _test_spot_rules()["ladder"]
    two = _doses_at_shares(doses, rules["two"])
    if most == _LEAST_SPOTS and weighted_share(burns.p(two[0]), trial.weights[1])[0] <= rules["start_p"]:
        return two
    planned = weighted_share(burns.p(doses[-1]), trial.weights[1])[0]
    (number,) = [count for least, count in rules["spots"] if planned >= least][-1:]
    inside = [dose for dose in doses if dose >= rules["least"] * doses[-1]]
    p = {dose: weighted_share(burns.p(dose), trial.weights[1])[0] for dose in thin_evenly(inside, _MAX_SPOTS)}
    gentle = [dose for dose in p if dose <= rules["start"] * doses[-1] and p[dose] <= rules["start_p"]]
    start = gentle[-1] if gentle else min(p)
    return most_informative_doses({dose: burnt for dose, burnt in p.items() if dose >= start}, min(number, most))


def most_informative_doses(p: Mapping[float, float], number: int) -> list[float]:
    """Return `number` doses, the least and the greatest among them, that split the doses that burn most evenly.

    Parameters
    ----------
    p : dose → probability that it burns, ascending.
    """
    if len(p) <= number:
        return list(p)
    least, *between, greatest = p

    def entropy(inner: Sequence[float]) -> float:
        shares = np.diff([0.0, *(p[dose] for dose in (least, *inner, greatest)), 1.0])
        return float(-sum(share * np.log(share) for share in shares if share > 0.0))

    return [least, *max(combinations(between, number - 2), key=entropy), greatest]


def _doses_at_shares(doses: Sequence[float], shares: Sequence[float]) -> list[float]:
    """Return the doses nearest to shares of the greatest, each once."""
    return sorted({min(doses, key=lambda dose: abs(dose - part * doses[-1])) for part in shares})


def _burn_risk_if_clean(doses: Sequence[float], burns: BurnDoses, trial: CandidateSetting) -> tuple[Floats, Floats]:
    """Return the burn probability of the planned dose for each draw if every spot is clean, and the new weights."""
    known = burns.calibration
    if isinstance(known, DoseCalibration):
        known = calibrate_person(beam_burn_light(trial.beam), [])
    untold = miss_probability(_test_spot_rules()["reading"]["burn_h"])
    assert untold is not None  # the hours are those after which a spot is fully informative
    learned = known.updated_with([SpotObservation(dose / burns.computed_J_cm2, False, untold) for dose in doses])
    # The weights of the draws already include the earlier observations.
    weights = trial.weights[1] * learned.likelihood / known.likelihood
    return learned.p_reached(trial.dose / burns.computed_J_cm2), weights


def _reading_delay_h(case: Case, concern: Concern, modality: str) -> float:
    """Return when spots are read: as soon as burns show, or dark marks or raised scars where these are likely.

    The scar that is treated says nothing about others, and spots on it wait for none.
    """
    rules = _test_spot_rules()["reading"]
    darkest = darkest_phototype(case)
    if modality in SURFACE_MODALITIES and has_other_raised_scars(case, concern):
        return float(rules["raised_scar_h"])
    if modality in PIGMENT_MODALITIES and darkest is not None and darkest >= rules["brown_phototype"]:
        cite_sources(rules["brown_source"])
        return float(rules["brown_h"])
    darkens = has_melasma(case) or has_marked(case) or (darkest is not None and darkest >= rules["pigment_phototype"])
    return float(rules["pigment_h" if darkens or modality in ABLATIVE_MODALITIES else "burn_h"])


def _place_message(site: str) -> Message:
    """Return where on the field of a site spots are made."""
    rules = _test_spot_rules()["ladder"]
    if site in rules["low_on"]:
        return Message("ladder.low-neck")
    return Message("ladder.edge" if site in rules["at_edge"] else "ladder.hidden")


def _hours_message(hours: float) -> Message:
    weeks = hours / HOURS_PER_WEEK
    return Message("ladder.weeks", {"weeks": weeks}) if weeks >= 1.0 else Message("ladder.hours", {"hours": hours})


def _describe_doses(doses: Sequence[float], densities: Sequence[float]) -> str:
    """Format the values in which the spots differ, with the energy where that is their density."""
    *others, last = doses
    if densities:
        energies = (
            render_message("setting.energies", {"others": others, "last": last})
            if others
            else render_message("setting.energy", {"number": last})
        )
        *others, last = densities
        return (
            render_message("setting.densities", {"energies": energies, "others": others, "last": last})
            if others
            else energies
        )
    return (
        render_message("setting.fluences", {"others": others, "last": last})
        if others
        else f"{Formatter().number(last)} J/cm²"
    )


def _describe_common_settings(
    setup: DeviceSetup, densities: Sequence[float], trial: CandidateSetting, size: _SpotSize
) -> str:
    bare = replace(setup.settings, fluence_J_cm2=None)
    if size.narrower and size.spot_mm is not None:
        bare = replace(bare, spot_mm=size.spot_mm, footprint_mm=trial.machine.device.window_mm(size.spot_mm))
    if bare.columns is None:
        return describe_settings_without_light(bare)
    pattern = render_message("setting.microbeams", {"diameter": bare.columns.diameter_um})
    if len(densities) == 1:
        pattern += ", " + render_message("setting.density", {"number": densities[0]})
    return f"{describe_settings_without_light(replace(bare, microbeam=None))}, {pattern}"


def _describe_size(settings: DeviceSetting) -> str:
    """Format the spot of a session, or its window."""
    if settings.footprint_mm is not None:
        return describe_window(settings.footprint_mm)
    return render_message("setting.spot", {"diameter": settings.spot_mm})


# Why a light has no test spots.


def add_missing_spots_reasons(
    case: Case, concern: Concern, options: Sequence[Option], trials: Sequence[CandidateSetting]
) -> tuple[Option, ...]:
    """Return the options of a concern, of which each laser without test spots says why it has none.

    Parameters
    ----------
    trials : as of `plan_test_spots`.
    """
    left = iter(trials)
    return tuple(
        option if option.setup is None else _add_missing_spots_reason(case, concern, option, next(left))
        for option in options
    )


def _add_missing_spots_reason(case: Case, concern: Concern, option: Option, trial: CandidateSetting) -> Option:
    message = _missing_spots(case, concern, option, trial.machine)
    if message is None:
        return option
    source = _test_spot_rules()["ladder"]["source"]
    cite_sources(source)
    about = concern.place
    decision: Decision = "with-caution" if message.id == "ladder.no-room" else "suitable"
    reason = RuleReason(NO_TEST_SPOTS, decision, message, source, "practice", about)
    return replace(option, reasons=strictest_first((*option.reasons, reason)))


def _missing_spots(case: Case, concern: Concern, option: Option, machine: SearchMachine) -> Message | None:
    """Return why a laser has no test spots; None where it has them."""
    setup = option.setup
    if setup is None:
        return None
    device = {"device": setup.device_title}
    if option.reaches_nobody:
        return Message("ladder.reaches-nobody", device)
    hours = _reading_delay_h(case, concern, option.modality)
    standing = field_pulses(case, concern, option, machine, hours).standing
    if standing is not None:
        return _standing_message(case, standing, option, device)
    has_told = any(reason.rule == "window-larger-than-field" for reason in option.reasons)
    if _spot_size(setup, machine.device, concern.area_cm2) is None and not has_told:
        share_pct = round(100.0 * _test_spot_rules()["ladder"]["two"][0])
        return Message("ladder.no-room", device | {"share_pct": share_pct, "read": _hours_message(hours)})
    return None


def _standing_message(case: Case, pulse: BornePulse, option: Option, device: Mapping[str, object]) -> Message:
    """Return which earlier pulse stands for test spots of a light."""
    reaction, setup = pulse.reaction, option.setup
    assert setup is not None  # only a light has pulses
    params = {"entry": _entry_message(case, reaction.entry), **device}
    if setup.settings.columns is not None:
        columns = {"energy": reaction.energy_mJ, "density": reaction.density_per_cm2}
        return Message("ladder.stands-columns", params | columns)
    light = {"dose": reaction.fluence_J_cm2, "spot": reaction.spot_mm}
    params |= light | {"pulse": describe_pulse(reaction.pulse_ms or 0.0)}
    return Message("ladder.stands-step" if pulse.is_step_below else "ladder.stands", params)


# Notices on earlier test spots and sessions.


def earlier_pulse_notices(
    case: Case, machines: Sequence[SearchMachine], evidence: PulseEvidence | None
) -> tuple[DocumentWarning, ...]:
    """Return a notice for each earlier test spot or session: the change that it made in the plan, or why it made none.

    Parameters
    ----------
    evidence : evidence from earlier pulses; None where no device was tried, so that it was not computed.
    """
    pulses, untold = read_earlier_pulses(case, machines)
    if evidence is None:
        changed = [Message("learned.not-computed", {"device": pulse.machine.device.title}) for pulse in pulses]
    else:
        changed = list(evidence.messages)
    return (
        *(DocumentWarning("learned", message) for message in changed),
        *(
            DocumentWarning(
                "not-learned",
                Message("learned.not-learned", {"entry": _entry_message(case, pulse.entry), "reason": pulse.reason}),
            )
            for pulse in untold
        ),
    )


def _entry_message(case: Case, entry: str) -> Message:
    """Return an entry of a case, such as `test_spot[0]`, in words that count from one; a session has one number."""
    kind, _, index = entry.rstrip("]").partition("[")
    number = session_number(case, int(index)) if kind == "session" else int(index) + 1
    return Message(f"learned.{kind.replace('_', '-')}", {"number": number})
