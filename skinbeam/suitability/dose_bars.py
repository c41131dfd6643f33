"""Bar doses of a device after earlier reactions: how much of which light this skin may get.

After an injury no dose above two thirds of that dose is planned for the same device and wavelength, nor for such light
of another device; after a crust, or grey or white skin, where that is not usual, each dose is a step below it; after
redness that stayed for more than four weeks, or something that nobody understood, none above it. Doses of a lamp and of
a laser cannot be compared: after an injury by one the other begins at the least published dose, on test spots. So does
a laser of shorter waves after an injury by a laser, since melanin absorbs more of them, or at two thirds of the dose
that would be computed. Nor can doses behind two filters be compared: after any of these under a lamp no bluer filter is
planned, whatever the dose, and after an injury no shorter pulse.

A later session that this skin bore is what a clinician decided since: the bar of its device is then just above its
dose, in such a pulse or a longer one.

After a bruise, which is no injury, doses of that device stay below it in such a pulse or a shorter one, and at the
greatest dose that left none, if one was tried; but a person who accepts the days of a bruise is planned as if there had
been none, since many clinics aim at a bruise. Where device or dose is not known there is no dose to stay below, so
those lasers wait for a clinician.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Self

from skinbeam.assessment.questionnaire import fact_tables
from skinbeam.assessment.reactions import EarlierReaction, earlier_reactions
from skinbeam.laser.device import Device
from skinbeam.laser.device_class import SHORTEST_MICROSECOND_MS, SHORTEST_NANOSECOND_MS, heats_alike
from skinbeam.laser.setting_grid import GRID_DIGITS
from skinbeam.model.case import Case
from skinbeam.model.document import round_significant
from skinbeam.model.package_data import load_package_table
from skinbeam.model.vocabulary import COLOUR_MODALITIES
from skinbeam.suitability.course_rules import course_rules

__all__ = [
    "BRUISED_SCARS",
    "SHARE_AFTER_INJURY",
    "DoseBar",
    "LightFacts",
    "accepts_bruise",
    "borne_since",
    "bounds_redness",
    "bounds_unread",
    "bruises_as_usual",
    "dose_bars",
    "drop_barred_doses",
    "gives_coloured_light",
    "has_dose_bar",
    "is_endpoint",
    "is_injured_by_other_kind",
    "is_injured_by_redder_laser",
    "is_of_clinic",
    "is_of_other_kind",
    "is_of_redder_laser",
    "is_stop_sign",
]

SHARE_AFTER_INJURY: Final = 2 / 3  # a judgement: a third less is the usual step down after a blister
# At which a session is ended: beside a brown spot, and a colour that changed at a spot, however young it is.
_STOP_SIGNS: Final = ("crust", "dark-mark", "grey", "pale-mark", "pigment-change", "whitening")
# What no dose takes back: a scar, and colour that is lost or may be.
_NEVER_BORNE: Final = ("scar", "pale-mark", "pigment-change")
BRUISED_SCARS: Final = ("hypertrophic-scars", "keloid", "surgical-scars")


@dataclass(frozen=True)
class LightFacts:
    """What tells one light from another: wavelength, whether its pulse is a short one, and whether it is a lamp's."""

    wavelength_nm: float
    short_pulse: bool
    lamp: bool

    @classmethod
    def of_pulse(cls, wavelength_nm: float, pulse_ms: float, *, lamp: bool) -> Self:
        """Return the light of a pulse."""
        return cls(wavelength_nm, pulse_ms < fact_tables().short_pulse_below_ms, lamp)


@dataclass(frozen=True)
class DoseBar:
    """Doses of one device that are not used again.

    Parameters
    ----------
    wavelength_nm : of the barred doses; None means every wavelength of the device.
    dose : the least of them, J/cm², or mJ for a microbeam; None means every dose.
    longest_pulse_ms : the longest pulse in which they are barred; None means any.
    keeps_setting : whether pulse and spot stay as sources print them, and the dose alone is lowered; after a bruise,
        which is less with a longer pulse, others are chosen, and for a filter that is barred another.
    """

    wavelength_nm: float | None
    dose: float | None
    longest_pulse_ms: float | None = None
    keeps_setting: bool = False


def dose_bars(case: Case, device_name: str, device: Device) -> tuple[DoseBar, ...]:
    """Return the doses of a device that earlier injuries and bruises bar. `device_name` is its name in the case."""
    bars: list[DoseBar] = []
    reactions, bruise_accepted = earlier_reactions(case), accepts_bruise(case)
    for reaction in reactions:
        is_own = reaction.was_made_with(device_name, device)
        if (
            (reaction.meaning == "harm" and has_dose_bar(reaction, case))
            or is_stop_sign(reaction)
            or bounds_unread(reaction, case)
            or bounds_redness(reaction, case)
        ):
            if is_own or _cools_through_window(reaction, device):
                bars += _bars_of_own_light(reaction, device, borne_since(reaction, reactions) if is_own else None)
            else:
                bars += _bars_of_such_light(reaction, device)
        elif is_endpoint(reaction) and is_own and (dose := reaction.dose_on(device)):
            bar = math.nextafter(dose, math.inf)
            bars.append(DoseBar(reaction.wavelength_on(device), bar, SHORTEST_MICROSECOND_MS, keeps_setting=True))
        elif reaction.kind == "purpura" and is_own and not bruise_accepted and not bruises_as_usual(reaction):
            if (dose := reaction.dose_on(device)) is None:
                continue
            clean = _greatest_clean_dose(reactions, reaction, dose, device)
            bar = dose if clean is None else math.nextafter(clean, math.inf)
            used = reaction.wavelength_on(device)
            # A bluer filter of a lamp lets through more light that blood absorbs.
            bars += [DoseBar(nm, bar, reaction.pulse_ms) for nm in (used, *_bluer_filters(reaction, device))]
    return tuple(bars)


def _bluer_filters(reaction: EarlierReaction, device: Device) -> list[float]:
    """Return the cut-offs of the filters of a lamp, nm, that let through shorter waves than the one of a reaction."""
    used = reaction.wavelength_on(device)
    filter_nm = reaction.wavelength_nm if used is None else used
    return [nm for nm in device.wavelengths_nm if device.is_lamp and filter_nm is not None and nm < filter_nm]


def is_endpoint(reaction: EarlierReaction) -> bool:
    """Return whether a spot under a short pulse showed what is aimed at: it whitened, or a crust fell off again."""
    is_short = reaction.device is not None and reaction.device.pulse_ms[0] < SHORTEST_MICROSECOND_MS
    return is_short and reaction.meaning == "expected" and reaction.kind in ("whitening", "crust")


def accepts_bruise(case: Case) -> bool:
    """Return whether the person accepts as many days as a bruise stays visible."""
    accepted = None if case.patient is None else case.patient.downtime_days_accepted
    longest: float = load_package_table("data/limits.toml")["bruise"]["high_days"]
    return accepted is not None and accepted >= longest


def bruises_as_usual(reaction: EarlierReaction) -> bool:
    """Return whether a session treated scars, on which the doses that sources print bruise."""
    return reaction.condition in BRUISED_SCARS


def is_stop_sign(reaction: EarlierReaction) -> bool:
    """Return whether a known dose left a crust or another colour of the skin where that is not the usual reaction."""
    has_dose = reaction.device is not None and reaction.dose_on(reaction.device) is not None
    return reaction.meaning == "sign" and reaction.kind in _STOP_SIGNS and has_dose


def bounds_unread(reaction: EarlierReaction, case: Case) -> bool:
    """Return whether a text that was not understood bounds doses: none above its own, until somebody said what it was.

    Without a dose of the device there is none to stay at, and it is only reported.
    """
    has_dose = reaction.has_dose if reaction.device is None else reaction.dose_on(reaction.device) is not None
    return reaction.meaning == "unread" and has_dose and has_dose_bar(reaction, case)


def bounds_redness(reaction: EarlierReaction, case: Case) -> bool:
    """Return whether redness that stayed too long bounds doses: none above its own, which heated the skin enough.

    After a dose below those of its device none of them is left.
    """
    has_dose = reaction.has_dose if reaction.device is None else reaction.given_dose(reaction.device) is not None
    return reaction.is_long_redness and has_dose and has_dose_bar(reaction, case)


def _least_barred(reaction: EarlierReaction, dose: float | None) -> float | None:
    """Return the least barred dose: after an injury the one above two thirds of its dose, after a sign the one above a
    step below its dose, after long redness and what was not understood the one above it."""
    if dose is None:
        return None
    if reaction.meaning == "unread" or reaction.is_long_redness:
        return math.nextafter(dose, math.inf)
    share = 1.0 / course_rules().dose_step if reaction.meaning == "sign" else SHARE_AFTER_INJURY
    # Rounded as the steps of a device are: two thirds of 0.3 are 0.2, and not the number just below it.
    return math.nextafter(round_significant(share * dose, GRID_DIGITS), math.inf)


def _bars_of_own_light(reaction: EarlierReaction, device: Device, borne: EarlierReaction | None) -> list[DoseBar]:
    """Return the doses of its device that a reaction bars.

    Of a lamp they are every dose behind a bluer filter, which lets through more light that melanin absorbs.

    Parameters
    ----------
    borne : a later session at more than the bar leaves, which this skin bore; None without any.
    """
    dose = reaction.given_dose(device) if reaction.is_long_redness else reaction.dose_on(device)
    used = reaction.wavelength_on(device)
    if dose is None and (reaction.meaning == "unread" or reaction.is_long_redness):
        return []  # in another unit than a device file of the clinic is set in
    least = _least_barred(reaction, dose)
    bars = [DoseBar(used, least, keeps_setting=True)]
    if borne is not None and (borne_dose := borne.dose_on(device)) is not None:
        pulse_ms = device.pulse_ms[1] if borne.pulse_ms is None else borne.pulse_ms
        shorter = DoseBar(used, least, math.nextafter(pulse_ms, 0.0), keeps_setting=True)
        bars = [shorter, DoseBar(used, math.nextafter(borne_dose, math.inf), keeps_setting=True)]
    if device.is_lamp:
        bars += _bars_of_shorter_pulses(reaction, used, borne)
    return bars + [DoseBar(nm, None) for nm in _bluer_filters(reaction, device)]


def _bars_of_shorter_pulses(
    reaction: EarlierReaction, wavelength_nm: float | None, borne: EarlierReaction | None = None
) -> list[DoseBar]:
    """Return the pulses of a lamp that an injury bars: in a shorter one less light injures; no share is known.

    Parameters
    ----------
    borne : as of `_bars_of_own_light`; a pulse as short as this one shows what the skin bears.
    """
    if reaction.meaning != "harm" or reaction.pulse_ms is None:
        return []
    shown_ms = math.inf if borne is None or borne.pulse_ms is None else borne.pulse_ms
    shortest_ms = min(reaction.pulse_ms, shown_ms)
    return [DoseBar(wavelength_nm, None, math.nextafter(shortest_ms, 0.0), keeps_setting=True)]


def borne_since(injury: EarlierReaction, reactions: Sequence[EarlierReaction]) -> EarlierReaction | None:
    """Return the reaction to the greatest dose of a later session that this skin bore after an injury, or None.

    It is a session of the same condition with the same device and wavelength, on skin that was no lighter than today's,
    after which nothing but what is usual was noted, at a dose above two thirds of the injuring one and below it. Of a
    scar and of a pale mark, or a mark that may be one, nothing is taken back.
    """
    dose = _set_dose(injury)
    if injury.meaning != "harm" or injury.week is None or dose is None or injury.kind in _NEVER_BORNE:
        return None
    later = [
        reaction
        for reaction in reactions
        if reaction.week is not None
        and reaction.week > injury.week
        and reaction.condition == injury.condition
        and reaction.was_made_as(injury)
        and (given := _set_dose(reaction)) is not None
        and SHARE_AFTER_INJURY * dose < given < dose
        and reaction.history is None
        and not reaction.was_skin_lighter
        and all(also.meaning == "expected" for also in reactions if also.entry == reaction.entry)
    ]
    return max(later, key=lambda reaction: _set_dose(reaction) or 0.0, default=None)


def _set_dose(reaction: EarlierReaction) -> float | None:
    """Return the dose of a reaction in the unit of its device, or of a device file of the clinic as it was noted."""
    if reaction.device is not None:
        return reaction.dose_on(reaction.device)
    return reaction.fluence_J_cm2 if reaction.energy_mJ is None else reaction.energy_mJ


def _bars_of_such_light(reaction: EarlierReaction, device: Device) -> list[DoseBar]:
    """Return the doses of another device that an injury bars: what one machine's dose did to this skin, another's of
    the same light may do at the same dose.

    A pulse below a microsecond injures at doses that are low for a millisecond, so it bars short pulses alone. A dose
    of nanoseconds says nothing about picoseconds, which injure at a fraction of it, nor the other way round, so that an
    injury bars every dose of those, and what is none does not. Behind a bluer filter of a lamp every dose is barred.
    """
    injuring = reaction.device
    if injuring is None or injuring.microbeam or device.microbeam or injuring.is_lamp != device.is_lamp:
        return []
    pulse_ms = injuring.pulse_ms[1] if reaction.pulse_ms is None else reaction.pulse_ms
    is_short = pulse_ms < SHORTEST_MICROSECOND_MS
    longest_ms = SHORTEST_MICROSECOND_MS if is_short else None
    is_other = is_short and device.pulse_ms[0] < SHORTEST_MICROSECOND_MS and not _is_same_pulse(pulse_ms, device)
    if reaction.fluence_J_cm2 is None or (is_other and reaction.meaning != "harm"):
        return []
    least = None if is_other else _least_barred(reaction, reaction.fluence_J_cm2)
    made = injuring.wavelengths_nm if reaction.wavelength_nm is None else (reaction.wavelength_nm,)
    bars = []
    for nm in device.wavelengths_nm:
        is_bluer = device.is_lamp and nm < max(made)
        if is_bluer or any(heats_alike(nm, other) for other in made):
            is_barred = is_bluer and reaction.wavelength_nm is not None
            bars.append(DoseBar(nm, None if is_barred else least, longest_ms, keeps_setting=not is_barred))
            bars += _bars_of_shorter_pulses(reaction, nm) if device.is_lamp else []
    return bars


def is_injured_by_other_kind(case: Case, device: Device) -> bool:
    """Return whether a laser injured this skin where a device is a lamp, or a lamp where it is a laser."""
    return gives_coloured_light(device) and any(
        is_of_other_kind(injury, lamp=device.is_lamp) for injury in _injuries_with_bars(case)
    )


def is_injured_by_redder_laser(case: Case, device: Device, wavelength_nm: float) -> bool:
    """Return whether a laser of longer waves than those of a laser injured this skin (`is_of_redder_laser`)."""
    light = LightFacts.of_pulse(wavelength_nm, device.pulse_ms[1], lamp=device.is_lamp)
    return gives_coloured_light(device) and any(
        is_of_redder_laser(injury, light) for injury in _injuries_with_bars(case)
    )


def _injuries_with_bars(case: Case) -> Iterator[EarlierReaction]:
    reactions = earlier_reactions(case)
    return (reaction for reaction in reactions if reaction.meaning == "harm" and has_dose_bar(reaction, case))


def is_of_other_kind(reaction: EarlierReaction, *, lamp: bool) -> bool:
    """Return whether a reaction followed a lamp where another light is a laser's, or the other way round."""
    return reaction.device is not None and gives_coloured_light(reaction.device) and reaction.device.is_lamp != lamp


def is_of_redder_laser(reaction: EarlierReaction, light: LightFacts) -> bool:
    """Return whether a reaction followed a laser of longer waves than those of a laser, in a pulse as short or long."""
    injuring = reaction.device
    if injuring is None or injuring.is_lamp or light.lamp or not gives_coloured_light(injuring):
        return False
    used = reaction.wavelength_on(injuring)
    if used is None or light.wavelength_nm >= used or heats_alike(light.wavelength_nm, used):
        return False
    injuring_light = LightFacts.of_pulse(used, reaction.pulse_ms or injuring.pulse_ms[1], lamp=False)
    return injuring_light.short_pulse == light.short_pulse


def gives_coloured_light(device: Device) -> bool:
    """Return whether a device lights the whole field with what blood or melanin absorbs."""
    return not device.microbeam and not set(device.modalities).isdisjoint(COLOUR_MODALITIES)


def _is_same_pulse(pulse_ms: float, device: Device) -> bool:
    """Return whether a device makes such short pulses: picoseconds as well, or nanoseconds as well."""
    is_picosecond = pulse_ms < SHORTEST_NANOSECOND_MS
    return (
        device.pulse_ms[0] < SHORTEST_NANOSECOND_MS if is_picosecond else device.pulse_ms[1] >= SHORTEST_NANOSECOND_MS
    )


def _greatest_clean_dose(
    reactions: Sequence[EarlierReaction], bruise: EarlierReaction, bruising: float, device: Device
) -> float | None:
    """Return the greatest dose below a bruising one that left none with the same device; None where none was tried."""
    doses = [
        dose
        for reaction in reactions
        if reaction.device == device
        and reaction.meaning == "expected"
        and reaction.kind != "purpura"
        and reaction.history is None
        and not reaction.was_skin_lighter
        and reaction.wavelength_on(device) == bruise.wavelength_on(device)
        and (dose := reaction.dose_on(device)) is not None
    ]
    return max((dose for dose in doses if dose < bruising), default=None)


def _cools_through_window(reaction: EarlierReaction, device: Device) -> bool:
    """Return whether a device gives a reaction's light to skin below a window, where nothing cools it."""
    same_light = reaction.device is not None and reaction.device.wavelengths_nm == device.wavelengths_nm
    return same_light and device.compression is not None


def drop_barred_doses(
    doses: Sequence[float], wavelength_nm: float, pulse_ms: float, bars: Sequence[DoseBar]
) -> tuple[float, ...]:
    """Return the doses, ascending, that are below every bar of this wavelength and pulse."""
    here = [
        bar
        for bar in bars
        if bar.wavelength_nm in (None, wavelength_nm)
        and (bar.longest_pulse_ms is None or pulse_ms <= bar.longest_pulse_ms)
    ]
    if not here:
        return tuple(doses)
    return tuple(dose for dose in doses if all(bar.dose is not None and dose < bar.dose for bar in here))


def has_dose_bar(reaction: EarlierReaction, case: Case) -> bool:
    """Return whether the device is known, so that a reaction can bar its doses.

    A test spot names its device; without a dose every dose is barred.
    """
    return (reaction.device is not None or is_of_clinic(reaction, case)) and (
        reaction.is_test_spot or reaction.has_dose
    )


def is_of_clinic(reaction: EarlierReaction, case: Case) -> bool:
    """Return whether the clinic lists the device of a reaction."""
    return case.clinic is not None and reaction.device_name in (case.clinic.devices or [])
