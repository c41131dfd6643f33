"""Derive consequences of earlier reactions and sessions: barred doses, lasers that wait, and stopped courses.

After an injury no dose above two thirds of that dose is planned for the same device and wavelength, nor for such light
of another device; after a crust, or grey or white skin, where that is not usual, no dose as great as that one. Doses of
a lamp and of a laser cannot be compared: after an injury by one the other begins at the least published dose, on test
spots.

After a pale mark, which may not go away, light for pigment, freezing, medium and deep acid and the removal of the
surface wait for a clinician, and after one of columns these too. After a scar such lasers wait, and whatever else
opens, freezes or heats the depth of the skin: columns and the removal of the surface as needles do. After a blister, a
burn or a wound that did not close where skin was resurfaced, its whole surface is not removed, whatever laser would,
nor, where the whole surface was, any of it in columns.
After an eye that hurt or saw less well every light waits for an eye doctor.

After a bruise, which is no injury, doses of that device stay below it in such a pulse or a shorter one, and at the
greatest dose that left none, if one was tried; but a person who accepts the days of a bruise is planned as if there had
been none, since many clinics aim at a bruise. Where device or dose is not known there is no dose to stay below, so
those lasers wait for a clinician.
"""

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from skinbeam.assessment.questionnaire import sites_overlap
from skinbeam.assessment.reactions import EarlierReaction, earlier_reactions, find_device
from skinbeam.evidence.peel_kinds import PEEL, PeelDepth
from skinbeam.laser.device import Device, devices
from skinbeam.laser.device_class import SHORTEST_MICROSECOND_MS, SHORTEST_NANOSECOND_MS
from skinbeam.model.case import Case
from skinbeam.model.consultation import Concern, EarlierSession
from skinbeam.model.errors import spelling_hint
from skinbeam.model.package_data import load_package_table
from skinbeam.model.vocabulary import (
    COLOUR_MODALITIES,
    COLUMN_MODALITIES,
    HEATING_MODALITIES,
    PIGMENT_MODALITIES,
    SURFACE_MODALITIES,
    WOUNDING_MODALITIES,
    laser_modalities,
    usable_modalities,
)
from skinbeam.suitability.table import Decision, RuleReason
from skinbeam.text import Formatter, Message

__all__ = [
    "DoseBar",
    "SessionResponse",
    "count_sessions_with",
    "dose_bars",
    "drop_barred_doses",
    "is_injured_by_other_kind",
    "reaction_reasons",
    "response_reasons",
    "session_modalities",
    "session_response",
    "wound_reasons",
]

_SHARE_AFTER_INJURY: Final = 2 / 3  # a judgement: a third less is the usual step down after a blister
# At which a session is ended: beside a brown spot, and a colour that changed at a spot, however young it is.
_STOP_SIGNS: Final = ("crust", "dark-mark", "grey", "pale-mark", "pigment-change", "whitening")
_SAME_LIGHT_NM: Final = 15.0  # the dye lasers of 585 and 595 nm heat alike
_COLUMN_MM: Final = 0.5  # narrower than every beam of a whole field, from 0.7 mm on
_SCARS: Final = ("acne-scars", "hypertrophic-scars", "keloid", "surgical-scars")
_MARKED_BY_LIGHT: Final = ("melasma", "post-inflammatory-hyperpigmentation")  # marks of light are what is treated
_PRACTICE_SOURCE, _PRACTICE_STRENGTH = "rulepractice", "practice"
_ENOUGH_PCT: Final = 90.0  # of improvement, from which little is left to gain: a judgement
_EYE: Final = "eye-injury"
_REMOVING: Final = ("ablative", "fractional-ablative")  # skin, all of it or in columns
_FREEZING: Final = "cryotherapy"
_FREEZING_SOURCE: Final = ("andrews2004cryosurgery", "review")  # pale marks are among its harms
_ACID_SOURCE: Final = ("nikalji2012peels", "review")  # pale marks and scars, the more the deeper
_COURSE_SOURCE: Final = "skinbeam-judgement-course"


@dataclass(frozen=True)
class DoseBar:
    """Doses of one device that are not used again.

    Parameters
    ----------
    wavelength_nm : of the barred doses; None means every wavelength of the device.
    dose : the least of them, J/cm², or mJ for a microbeam; None means every dose.
    longest_pulse_ms : the longest pulse in which they are barred; None means any.
    keeps_setting : whether pulse and spot stay as sources print them, and the dose alone is lowered; after a bruise,
        which is less with a longer pulse, others are chosen.
    """

    wavelength_nm: float | None
    dose: float | None
    longest_pulse_ms: float | None = None
    keeps_setting: bool = False


def dose_bars(case: Case, device_name: str, device: Device) -> tuple[DoseBar, ...]:
    """Return the doses of a device that earlier injuries and bruises bar. `device_name` is its name in the case."""
    found: list[DoseBar] = []
    reactions, accepts_bruise = earlier_reactions(case), _accepts_bruise(case)
    for one in reactions:
        is_own = one.was_made_with(device_name, device)
        if (one.meaning == "harm" and _has_dose_bar(one, case)) or _is_stop_sign(one):
            if is_own or _cools_through_window(one, device):
                least = _least_barred(one, one.dose_on(device))
                found += [DoseBar(nm, least, keeps_setting=True) for nm in _barred_wavelengths_nm(one, device)]
            else:
                found += _bars_of_such_light(one, device)
        elif _is_endpoint(one) and is_own and (dose := one.dose_on(device)):
            bar = math.nextafter(dose, math.inf)
            found.append(DoseBar(one.wavelength_on(device), bar, SHORTEST_MICROSECOND_MS, keeps_setting=True))
        elif one.kind == "purpura" and is_own and not accepts_bruise and (dose := one.dose_on(device)):
            clean = _greatest_clean_dose(reactions, one, dose, device)
            bar = dose if clean is None else math.nextafter(clean, math.inf)
            found.append(DoseBar(one.wavelength_on(device), bar, one.pulse_ms))
    return tuple(found)


def _is_endpoint(one: EarlierReaction) -> bool:
    """Return whether a spot under a short pulse showed what is aimed at: it whitened, or a crust fell off again."""
    is_short = one.device is not None and one.device.pulse_ms[0] < SHORTEST_MICROSECOND_MS
    return is_short and one.meaning == "expected" and one.kind in ("whitening", "crust")


def _accepts_bruise(case: Case) -> bool:
    """Return whether the person accepts as many days as a bruise stays visible."""
    accepted = None if case.patient is None else case.patient.downtime_days_accepted
    longest: float = load_package_table("data/limits.toml")["bruise"]["high_days"]
    return accepted is not None and accepted >= longest


def _is_stop_sign(one: EarlierReaction) -> bool:
    """Return whether a known dose left a crust or another colour of the skin where that is not the usual reaction."""
    has_dose = one.device is not None and one.dose_on(one.device) is not None
    return one.meaning == "sign" and one.kind in _STOP_SIGNS and has_dose


def _least_barred(one: EarlierReaction, dose: float | None) -> float | None:
    """Return the least barred dose: after an injury the one above two thirds of its dose, after a sign its dose."""
    if dose is None:
        return None
    return dose if one.meaning == "sign" else math.nextafter(_SHARE_AFTER_INJURY * dose, math.inf)


def _barred_wavelengths_nm(one: EarlierReaction, device: Device) -> list[float | None]:
    """Return the wavelengths of its device that an injury bars; None means every one.

    Of a lamp they are bluer filters too, which let through more light that melanin absorbs.
    """
    used = one.wavelength_on(device)
    if used is None or not device.is_lamp:
        return [used]
    return [nm for nm in device.wavelengths_nm if nm <= used]


def _bars_of_such_light(one: EarlierReaction, device: Device) -> list[DoseBar]:
    """Return the doses of another device that an injury bars: what one machine's dose did to this skin, another's of
    the same light may do at the same dose.

    A pulse below a microsecond injures at doses that are low for a millisecond, so it bars short pulses alone. A dose
    of nanoseconds says nothing about picoseconds, which injure at a fraction of it, nor the other way round, so that an
    injury bars every dose of those, and a sign none.
    """
    injuring = one.device
    if injuring is None or injuring.microbeam or device.microbeam or injuring.is_lamp != device.is_lamp:
        return []
    pulse_ms = injuring.pulse_ms[1] if one.pulse_ms is None else one.pulse_ms
    is_short = pulse_ms < SHORTEST_MICROSECOND_MS
    longest_ms = SHORTEST_MICROSECOND_MS if is_short else None
    is_other = is_short and device.pulse_ms[0] < SHORTEST_MICROSECOND_MS and not _is_same_pulse(pulse_ms, device)
    if is_other and one.meaning == "sign":
        return []
    least = None if is_other else _least_barred(one, one.fluence_J_cm2)
    made = injuring.wavelengths_nm if one.wavelength_nm is None else (one.wavelength_nm,)
    return [
        DoseBar(nm, least, longest_ms, keeps_setting=True)
        for nm in device.wavelengths_nm
        if one.fluence_J_cm2 is not None
        and any(abs(nm - other) <= _SAME_LIGHT_NM or (device.is_lamp and nm < other) for other in made)
    ]


def is_injured_by_other_kind(case: Case, device: Device) -> bool:
    """Return whether a laser injured this skin where a device is a lamp, or a lamp where it is a laser."""
    return _gives_coloured_light(device) and any(
        one.meaning == "harm" and _has_dose_bar(one, case) and _is_of_other_kind(one, lamp=device.is_lamp)
        for one in earlier_reactions(case)
    )


def _is_of_other_kind(one: EarlierReaction, *, lamp: bool) -> bool:
    """Return whether a reaction followed a lamp where another light is a laser's, or the other way round."""
    return one.device is not None and _gives_coloured_light(one.device) and one.device.is_lamp != lamp


def _gives_coloured_light(device: Device) -> bool:
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
        for one in reactions
        if one.device == device
        and one.meaning == "expected"
        and one.kind != "purpura"
        and one.history is None
        and one.wavelength_on(device) == bruise.wavelength_on(device)
        and (dose := one.dose_on(device)) is not None
    ]
    return max((dose for dose in doses if dose < bruising), default=None)


def _cools_through_window(one: EarlierReaction, device: Device) -> bool:
    """Return whether a device gives a reaction's light to skin below a window, where nothing cools it."""
    same_light = one.device is not None and one.device.wavelengths_nm == device.wavelengths_nm
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


def reaction_reasons(case: Case, modality: str | None, *, lamp: bool | None = None) -> list[RuleReason]:
    """Return the reasons that follow from earlier reactions for a kind of laser; without one, for any.

    Parameters
    ----------
    lamp : whether the light is a lamp's; None where no device was chosen.
    """
    found = []
    decision: Decision
    for one in earlier_reactions(case):
        if one.is_mark_of_unknown_colour:
            message = _reaction_message("earlier.mark-unsaid", one)
            found.append(_practice_reason("earlier-mark-unsaid", "with-caution", message))
        if one.meaning == "expected":
            found += _expected_reasons(one, case)
            continue
        if one.kind == _EYE:
            decision = "with-caution" if modality is None else "refer"
            found.append(_practice_reason("earlier-eye", decision, _reaction_message("earlier.eye", one)))
        elif one.meaning == "unread":
            found.append(
                _practice_reason("earlier-unread", "with-caution", Message("earlier.unread", {"text": one.kind}))
            )
        elif one.meaning == "sign":
            named = "earlier.sign" if _is_stop_sign(one) else "earlier.sign-undosed"
            found.append(_practice_reason("earlier-sign", "with-caution", _reaction_message(named, one)))
        elif modality in (waiting := _modalities_after_scar(one, case)) or (
            modality is None and waiting and _possible_modalities(one, case)
        ):
            named = "earlier.surface-scar" if _is_of_surface(one, case) else "earlier.scar"
            decision = "with-caution" if modality is None else "refer"
            found.append(_practice_reason("earlier-scar", decision, _reaction_message(named, one)))
        elif (waiting := _modalities_after_pale_mark(one, case)) and (
            modality in waiting or (modality is None and _possible_modalities(one, case))
        ):
            decision = "with-caution" if modality is None else "refer"
            found.append(_practice_reason("earlier-pale-mark", decision, _reaction_message("earlier.pale-mark", one)))
        elif modality == "ablative" and _is_mark_of_resurfacing(one, case):
            found.append(_practice_reason("earlier-mark", "refer", _reaction_message("earlier.surface-mark", one)))
        elif modality in (waiting := _modalities_after_wound(one, case)) or (
            modality is None and waiting.issuperset(_REMOVING)
        ):
            named = "earlier.removal-wound" if waiting.issuperset(_REMOVING) else "earlier.surface-wound"
            decision = "with-caution" if modality is None else "refer"
            found.append(_practice_reason("earlier-wound", decision, _reaction_message(named, one)))
        elif _has_dose_bar(one, case):
            is_other = lamp is not None and modality in COLOUR_MODALITIES and _is_of_other_kind(one, lamp=lamp)
            message = _reaction_message("earlier.other-kind", one) if is_other else _injury_message(one)
            found.append(_practice_reason("earlier-injury", "with-caution", message))
        else:
            named = "earlier.unknown-device" if one.device_name and one.device is None else "earlier.undosed"
            meant = {modality} if modality is not None else set(laser_modalities())
            decision = "refer" if meant <= set(one.modalities) else "with-caution"
            found.append(_practice_reason("earlier-injury-undosed", decision, _reaction_message(named, one)))
    return list({(reason.rule, reason.message.text): reason for reason in found}.values())


def wound_reasons(case: Case, modality: str, depth: PeelDepth | None) -> list[RuleReason]:
    """Return the reasons that follow from earlier reactions to light for a treatment without a laser.

    Skin that scarred may scar from any wound, whatever made the first, and colour that was lost may go further where
    cold or acid kills the cells that make it. What is done at home, injected or superficial waits for neither.

    Parameters
    ----------
    depth : of a peel; one that nobody named may be deep, so it is told with caution.
    """
    is_acid = modality == PEEL and depth != "superficial"
    wounds, takes_colour = is_acid or modality in WOUNDING_MODALITIES, is_acid or modality == _FREEZING
    decision: Decision = "with-caution" if depth == "not-named" else "refer"
    found = []
    for one in earlier_reactions(case):
        if one.meaning == "unread" and wounds:
            message = Message("earlier.unread", {"text": one.kind})
            found.append(_practice_reason("earlier-unread", "with-caution", message))
        elif _leaves_new_scar(one) and wounds:
            message = _reaction_message("earlier.scar-wound", one)
            source = _ACID_SOURCE if is_acid else (_PRACTICE_SOURCE, _PRACTICE_STRENGTH)
            found.append(RuleReason("earlier-scar", decision, message, *source))
        elif one.is_pale_mark and takes_colour:
            message = _reaction_message("earlier.pale-mark", one)
            source = _ACID_SOURCE if is_acid else _FREEZING_SOURCE
            found.append(RuleReason("earlier-pale-mark", decision, message, *source))
        elif one.is_mark_of_unknown_colour and takes_colour:
            message = _reaction_message("earlier.mark-unsaid", one)
            found.append(_practice_reason("earlier-mark-unsaid", "with-caution", message))
    return list({(reason.rule, reason.message.text): reason for reason in found}.values())


def _leaves_new_scar(one: EarlierReaction) -> bool:
    """Return whether a reaction is a scar that light made.

    The text of a session that treated a scar may mean that one. A test spot has no text: its reaction is what it left.
    """
    return one.kind == "scar" and one.condition not in _SCARS


def _modalities_after_scar(one: EarlierReaction, case: Case) -> frozenset[str]:
    """Return the kinds of laser that wait after a scar: that of the device, and those that heat or wound.

    No share of the dose that scarred is known to be safe, nor how the density of columns adds to it. Columns and the
    removal of the surface wound the skin whatever light made the first scar, as needles do (`wound_reasons`).
    """
    if not _leaves_new_scar(one):
        return frozenset()
    modalities = _possible_modalities(one, case)
    heating = () if modalities.isdisjoint(HEATING_MODALITIES) else HEATING_MODALITIES
    return modalities.union(SURFACE_MODALITIES, heating)


def _is_of_surface(one: EarlierReaction, case: Case) -> bool:
    """Return whether columns or the removal of the surface, and no other light, made a reaction."""
    modalities = _possible_modalities(one, case)
    return bool(modalities) and modalities <= set(SURFACE_MODALITIES)


def _possible_modalities(one: EarlierReaction, case: Case) -> frozenset[str]:
    """Return the kinds of laser that made a reaction.

    Of a device file of the clinic, which no case contains, those that it may be: an energy without a spot, or in a
    narrow one, is one of columns, a fluence alone of a whole field, unless what it treated is done with neither. Empty
    of any other device that is not known, after which every laser waits that it may have been.
    """
    if one.device is not None:
        return frozenset(one.device.modalities)
    if not _is_of_clinic(one, case):
        return frozenset()
    columns = frozenset(COLUMN_MODALITIES)
    may_be = frozenset(one.modalities)
    likely = may_be
    if one.energy_mJ is not None and (one.spot_mm is None or one.spot_mm < _COLUMN_MM):
        likely = may_be & columns
    elif one.energy_mJ is None and one.fluence_J_cm2 is not None:
        likely = may_be - columns
    return likely or may_be


def _modalities_after_pale_mark(one: EarlierReaction, case: Case) -> frozenset[str]:
    """Return the kinds of laser that wait after a pale mark.

    Colour that was lost may not come back. Light for pigment takes more of it, and the removal of a field passes over
    it again; so do columns, where columns or the removal of the surface may have left the mark. Of a device that is not
    known, the lasers that it may have been wait too, as after any injury.
    """
    if not one.is_pale_mark:
        return frozenset()
    modalities = _possible_modalities(one, case) or frozenset(one.modalities)
    is_of_surface = not modalities.isdisjoint(SURFACE_MODALITIES)
    return frozenset((*PIGMENT_MODALITIES, "ablative", *(SURFACE_MODALITIES if is_of_surface else ())))


def _is_mark_of_resurfacing(one: EarlierReaction, case: Case) -> bool:
    """Return whether columns or the removal of the surface left a dark or pale mark."""
    return one.is_lasting_mark and not _possible_modalities(one, case).isdisjoint(SURFACE_MODALITIES)


def _modalities_after_wound(one: EarlierReaction, case: Case) -> frozenset[str]:
    """Return the kinds of laser that wait after resurfacing burnt this skin, or left a wound that did not close.

    Doses of two such lasers cannot be compared, so that no share of one is known to be safe on the other. After columns
    it is the removal of the whole surface, after that columns that remove skin as well.
    """
    modalities = _possible_modalities(one, case)
    if one.meaning != "harm" or not one.is_burn or modalities.isdisjoint(SURFACE_MODALITIES):
        return frozenset()
    return frozenset(_REMOVING if "ablative" in modalities else ("ablative",))


def _expected_reasons(one: EarlierReaction, case: Case) -> list[RuleReason]:
    """Return the reason that follows from an expected reaction at a known dose: a bruise, or what was aimed at."""
    if one.kind == "purpura":
        rule, message = "earlier-bruise", "earlier.bruise-accepted" if _accepts_bruise(case) else "earlier.bruise"
    elif _is_endpoint(one):
        rule, message = "earlier-endpoint", "earlier.endpoint"
    else:
        return []
    if one.fluence_J_cm2 is None:
        return []
    dose = f"{Formatter().number(one.fluence_J_cm2)} J/cm²"
    return [_practice_reason(rule, "with-caution", _reaction_message(message, one, dose=dose))]


def _has_dose_bar(one: EarlierReaction, case: Case) -> bool:
    """Return whether the device is known, so that a reaction can bar its doses.

    A test spot names its device; without a dose every dose is barred.
    """
    return (one.device is not None or _is_of_clinic(one, case)) and (one.is_test_spot or one.has_dose)


def _is_of_clinic(one: EarlierReaction, case: Case) -> bool:
    """Return whether the clinic lists the device of a reaction."""
    return case.clinic is not None and one.device_name in (case.clinic.devices or [])


def _injury_message(one: EarlierReaction) -> Message:
    if not one.has_dose:
        return _reaction_message("earlier.every-dose", one)
    if one.device is not None and one.dose_on(one.device) is None:
        return _reaction_message("earlier.other-dose", one)
    quantities = ((one.wavelength_nm, "nm"), (one.fluence_J_cm2, "J/cm²"), (one.energy_mJ, "mJ"))
    dose = ", ".join(f"{Formatter().number(value)} {unit}" for value, unit in quantities if value is not None)
    device = one.device
    if device is None or not _gives_coloured_light(device):
        return _reaction_message("earlier.below", one, dose=dose)
    return _reaction_message("earlier.below-lamps" if device.is_lamp else "earlier.below-lasers", one, dose=dose)


def _reaction_message(message: str, one: EarlierReaction, **more: str) -> Message:
    if message == "earlier.unknown-device":
        more["hint"] = spelling_hint([one.device_name], devices()).strip()
    device = one.device.title if one.device is not None else one.device_name or Message("earlier.no-device").text
    return Message(message, {"reaction": Message(f"reaction.{one.kind}"), "device": device, **more})


def _practice_reason(rule: str, decision: Decision, message: Message) -> RuleReason:
    return RuleReason(rule, decision, message, _PRACTICE_SOURCE, _PRACTICE_STRENGTH)


# Response to earlier sessions.


@dataclass(frozen=True)
class SessionResponse:
    """The result of the sessions on a condition so far.

    Parameters
    ----------
    sessions : how many took place.
    improved_pct : improvement since before the first, as judged at the last judged session; None where none was judged.
    is_last_judged : whether it was judged after the last session.
    """

    sessions: int
    improved_pct: float | None
    is_last_judged: bool = False

    @property
    def is_enough(self) -> bool:
        """Whether so much is better that another session is decided anew: little is left to gain, and each can harm."""
        return self.improved_pct is not None and self.improved_pct >= _ENOUGH_PCT

    @property
    def stopping_message(self) -> Message | None:
        """Why the course stops for a clinician to look again; None where it goes on.

        A course that made a condition worse, or that has not brought a quarter of improvement after two sessions, is
        not repeated automatically (a judgement): the diagnosis, the light or the dose is wrong, or no further
        improvement is possible.
        """
        if self.improved_pct is None:
            return None
        rule = load_package_table("data/limits.toml")["course"]
        if self.improved_pct < 0.0:
            return Message("response.worse", {"sessions": self.sessions})
        if self.sessions < rule["stop_after_sessions"] or self.improved_pct >= rule["stop_below_pct"]:
            return None
        return Message("response.too-little", {"sessions": self.sessions, "improved": self.improved_pct})


def session_response(case: Case, condition: str) -> SessionResponse:
    """Return the result of the sessions of a case on a condition."""
    done = sorted((one for one in case.session if one.treats == condition), key=lambda one: one.week)
    judged = [one.response_pct for one in done if one.response_pct is not None]
    is_last_judged = bool(done) and done[-1].response_pct is not None
    return SessionResponse(len(done), judged[-1] if judged else None, is_last_judged)


def count_sessions_with(case: Case, condition: str | None, modality: str | None) -> int:
    """Return how many sessions on a condition may have been done with a modality.

    A session whose device is missing or not known may have been done with any laser for the condition.
    """
    if condition is None or modality is None:
        return 0
    return sum(modality in session_modalities(one) for one in case.session if one.treats == condition)


def session_modalities(done: EarlierSession) -> Collection[str]:
    """Return the modalities that a session may have been done with: every usable one where its device is not known."""
    known = find_device(done.device or "")
    return usable_modalities(done.treats) if known is None else known.modalities


def response_reasons(case: Case, concern: Concern | None, modality: str | None) -> list[RuleReason]:
    """Return referrals where sessions with a laser have improved a concern too little, or left marks in melasma."""
    if concern is None or modality is None:
        return []
    about = f"{concern.condition} at {concern.site}"
    found = []
    message = session_response(case, concern.condition).stopping_message
    if message is not None and count_sessions_with(case, concern.condition, modality):
        found.append(RuleReason("response-too-little", "refer", message, _COURSE_SOURCE, _PRACTICE_STRENGTH, about))
    if concern.condition in _MARKED_BY_LIGHT and modality in PIGMENT_MODALITIES:
        marks = {message.text: message for message in _marks_left(case, concern)}.values()
        found += [
            RuleReason("response-marked", "refer", message, _PRACTICE_SOURCE, _PRACTICE_STRENGTH, about)
            for message in marks
        ]
    return found


def _marks_left(case: Case, concern: Concern) -> Iterator[Message]:
    """Yield for each pulse for pigment that left dark or pale marks in a concern that it says so."""
    for one in earlier_reactions(case):
        is_here = one.condition == concern.condition or (one.site is not None and sites_overlap(one.site, concern.site))
        if is_here and one.is_lasting_mark and not set(one.modalities).isdisjoint(PIGMENT_MODALITIES):
            yield _reaction_message("response.marked", one)
