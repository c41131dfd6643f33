"""Derive which lasers and other treatments wait after earlier reactions.

After a pale mark, which may not go away, light for pigment, lamps, which heat it whatever they aim at, freezing, medium
and deep acid and the removal of the surface wait for a clinician, and after one of columns these too. After a scar such
lasers wait, and whatever else opens, freezes or heats the depth of the skin: columns and the removal of the surface as
needles do. After a blister, a burn or a wound that did not close where skin was resurfaced, its whole surface is not
removed, whatever laser would, nor, where the whole surface was or columns of heat burnt it, any of it in columns. After
an eye that hurt or saw less well every light waits for an eye doctor.
"""

from typing import Final

from skinbeam.assessment.reactions import EarlierReaction, earlier_reactions, session_pulse
from skinbeam.evidence.peel_kinds import PEEL, PeelDepth
from skinbeam.laser.device import devices
from skinbeam.model.case import Case
from skinbeam.model.errors import spelling_hint
from skinbeam.model.vocabulary import (
    ABLATIVE_MODALITIES,
    COLOUR_MODALITIES,
    COLUMN_MODALITIES,
    HEATING_MODALITIES,
    PIGMENT_MODALITIES,
    SURFACE_MODALITIES,
    WOUNDING_MODALITIES,
    laser_modalities,
)
from skinbeam.suitability.dose_bars import (
    LightFacts,
    accepts_bruise,
    borne_since,
    bounds_redness,
    bounds_unread,
    bruises_as_usual,
    gives_coloured_light,
    has_dose_bar,
    is_endpoint,
    is_of_clinic,
    is_of_other_kind,
    is_of_redder_laser,
    is_stop_sign,
)
from skinbeam.suitability.table import Decision, RuleReason
from skinbeam.text import Formatter, Message

__all__ = ["possible_modalities", "reaction_message", "reaction_reasons", "wound_reasons"]

_COLUMN_MM: Final = 0.5  # narrower than every beam of a whole field, from 0.7 mm on
_PRACTICE_SOURCE, _PRACTICE_STRENGTH = "rulepractice", "practice"
_EYE: Final = "eye-injury"
_HEATED_COLUMNS: Final = "non-ablative-fractional"
_FREEZING: Final = "cryotherapy"
_FREEZING_SOURCE: Final = ("andrews2004cryosurgery", "review")  # pale marks are among its harms
_ACID_SOURCE: Final = ("nikalji2012peels", "review")  # pale marks and scars, the more the deeper


def reaction_reasons(case: Case, modality: str | None, *, light: LightFacts | None = None) -> list[RuleReason]:
    """Return the reasons that follow from earlier reactions for a kind of laser; without one, for any.

    Parameters
    ----------
    light : of the device; None where none was chosen.
    """
    lamp = None if light is None else light.lamp
    reasons = _lighter_skin_reasons(case, modality)
    decision: Decision
    for reaction in earlier_reactions(case):
        if reaction.is_mark_of_unknown_colour:
            message = reaction_message("earlier.mark-unsaid", reaction)
            reasons.append(_practice_reason("earlier-mark-unsaid", "with-caution", message))
        if reaction.meaning == "expected":
            made_with = possible_modalities(reaction, case)
            if modality is None or not made_with or modality in made_with:
                reasons += _expected_reasons(reaction, case)
            continue
        if reaction.kind == _EYE:
            decision = "with-caution" if modality is None else "refer"
            reasons.append(_practice_reason("earlier-eye", decision, reaction_message("earlier.eye", reaction)))
        elif reaction.meaning == "unread":
            reasons.append(_practice_reason("earlier-unread", "with-caution", _unread_message(reaction, case)))
        elif reaction.meaning == "sign":
            reasons.append(_practice_reason("earlier-sign", "with-caution", _sign_message(reaction, case)))
        elif modality in (waiting := _modalities_after_scar(reaction, case)) or (
            modality is None and waiting and possible_modalities(reaction, case)
        ):
            named = "earlier.surface-scar" if _is_of_surface(reaction, case) else "earlier.scar"
            decision = "with-caution" if modality is None else "refer"
            reasons.append(_practice_reason("earlier-scar", decision, reaction_message(named, reaction)))
        elif (waiting := _modalities_after_pale_mark(reaction, case)) and (
            modality in waiting or lamp or (modality is None and possible_modalities(reaction, case))
        ):
            decision = "with-caution" if modality is None else "refer"
            reasons.append(
                _practice_reason("earlier-pale-mark", decision, reaction_message("earlier.pale-mark", reaction))
            )
        elif modality == "ablative" and _is_mark_of_resurfacing(reaction, case):
            reasons.append(
                _practice_reason("earlier-mark", "refer", reaction_message("earlier.surface-mark", reaction))
            )
        elif modality in (waiting := _modalities_after_wound(reaction, case)) or (
            modality is None and waiting.issuperset(ABLATIVE_MODALITIES)
        ):
            is_of_removal = "ablative" in possible_modalities(reaction, case)
            named = "earlier.removal-wound" if is_of_removal else "earlier.column-wound"
            named = named if waiting.issuperset(ABLATIVE_MODALITIES) else "earlier.surface-wound"
            decision = "with-caution" if modality is None else "refer"
            reasons.append(_practice_reason("earlier-wound", decision, reaction_message(named, reaction)))
            if modality is None and not is_of_removal and has_dose_bar(reaction, case):  # its own light is bounded too
                reasons.append(_practice_reason("earlier-injury", "with-caution", _injury_message(reaction)))
        elif has_dose_bar(reaction, case):
            other = _other_light_message(reaction, light) if modality in COLOUR_MODALITIES else None
            reasons.append(_practice_reason("earlier-injury", "with-caution", other or _injury_message(reaction)))
            borne = None if other is not None else borne_since(reaction, earlier_reactions(case))
            if borne is not None:
                borne_message = Message("earlier.borne", {"device": _device_name(borne), "dose": _dose_words(borne)})
                reasons.append(_practice_reason("earlier-injury", "with-caution", borne_message))
        else:
            named = "earlier.unknown-device" if reaction.device_name and reaction.device is None else "earlier.undosed"
            meant = {modality} if modality is not None else set(laser_modalities())
            decision = "refer" if meant <= set(reaction.modalities) else "with-caution"
            reasons.append(_practice_reason("earlier-injury-undosed", decision, reaction_message(named, reaction)))
    told: dict[tuple[str, str], RuleReason] = {}
    for reason in reasons:
        told.setdefault((reason.rule, _text_of_any_injury(reason)), reason)
    return list(told.values())


def _text_of_any_injury(reason: RuleReason) -> str:
    """Return the text of a reason without which injury it was: two that one pulse left mean the same."""
    message = reason.message
    if not reason.rule.startswith("earlier-injury") or "reaction" not in message.params:
        return message.text
    return Message(message.id, {**message.params, "reaction": ""}).text


def _lighter_skin_reasons(case: Case, modality: str | None) -> list[RuleReason]:
    """Return the reason of earlier pulses of a kind of laser on skin that was lighter than it is today."""
    spots = [reaction for reaction in earlier_reactions(case) if reaction.is_test_spot]
    pulses = [*spots, *(session_pulse(case, index) for index in range(len(case.session)))]
    lighter = [
        (case.test_spot if pulse.is_test_spot else case.session)[pulse.index].ita_deg or 0.0
        for pulse in pulses
        if pulse.was_skin_lighter and (modality is None or modality in possible_modalities(pulse, case))
    ]
    if not lighter:
        return []
    message = Message("earlier.lighter-skin", {"then_deg": max(lighter), "today_deg": min(case.measured_ita_deg)})
    return [_practice_reason("earlier-lighter-skin", "with-caution", message)]


def wound_reasons(case: Case, modality: str, depth: PeelDepth | None) -> list[RuleReason]:
    """Return the reasons that follow from earlier reactions to light for a treatment without a laser.

    Skin that scarred may scar from any wound, whatever made the first, and colour that was lost may go further where
    cold or acid kills the cells that make it. What is done at home, injected or superficial waits for neither.

    Parameters
    ----------
    depth : of a peel; one that nobody named may be deep, so it is reported with caution.
    """
    is_acid = modality == PEEL and depth != "superficial"
    wounds, takes_colour = is_acid or modality in WOUNDING_MODALITIES, is_acid or modality == _FREEZING
    decision: Decision = "with-caution" if depth == "not-named" else "refer"
    reasons = []
    for reaction in earlier_reactions(case):
        if reaction.meaning == "unread" and wounds:
            message = Message("earlier.unread", {"text": reaction.kind})
            reasons.append(_practice_reason("earlier-unread", "with-caution", message))
        elif _leaves_new_scar(reaction) and wounds:
            message = reaction_message("earlier.scar-wound", reaction)
            source = _ACID_SOURCE if is_acid else (_PRACTICE_SOURCE, _PRACTICE_STRENGTH)
            reasons.append(RuleReason("earlier-scar", decision, message, *source))
        elif reaction.is_pale_mark and takes_colour:
            message = reaction_message("earlier.pale-mark", reaction)
            source = _ACID_SOURCE if is_acid else _FREEZING_SOURCE
            reasons.append(RuleReason("earlier-pale-mark", decision, message, *source))
        elif reaction.is_mark_of_unknown_colour and takes_colour:
            message = reaction_message("earlier.mark-unsaid", reaction)
            reasons.append(_practice_reason("earlier-mark-unsaid", "with-caution", message))
    return list({(reason.rule, reason.message.text): reason for reason in reasons}.values())


def _leaves_new_scar(reaction: EarlierReaction) -> bool:
    """Return whether a reaction is a scar that light made.

    A text about the scar that was treated, which improved or is there still, is read as none.
    """
    return reaction.kind == "scar"


def _modalities_after_scar(reaction: EarlierReaction, case: Case) -> frozenset[str]:
    """Return the kinds of laser that wait after a scar: that of the device, and those that heat or wound.

    No share of the dose that scarred is known to be safe, nor how the density of columns adds to it. Columns and the
    removal of the surface wound the skin whatever light made the first scar, as needles do (`wound_reasons`).
    """
    if not _leaves_new_scar(reaction):
        return frozenset()
    modalities = possible_modalities(reaction, case)
    heating = () if modalities.isdisjoint(HEATING_MODALITIES) else HEATING_MODALITIES
    return modalities.union(SURFACE_MODALITIES, heating)


def _is_of_surface(reaction: EarlierReaction, case: Case) -> bool:
    """Return whether columns or the removal of the surface, and no other light, made a reaction."""
    modalities = possible_modalities(reaction, case)
    return bool(modalities) and modalities <= set(SURFACE_MODALITIES)


def possible_modalities(reaction: EarlierReaction, case: Case) -> frozenset[str]:
    """Return the kinds of laser that made a reaction.

    Of a device file of the clinic that was not read, those that it may be: an energy without a spot, or in a
    narrow one, is one of columns, a fluence alone of a whole field, unless what it treated is done with neither. Empty
    of any other device that is not known, after which every laser waits that it may have been.
    """
    if reaction.device is not None:
        return frozenset(reaction.device.modalities)
    if not is_of_clinic(reaction, case):
        return frozenset()
    columns = frozenset(COLUMN_MODALITIES)
    may_be = frozenset(reaction.modalities)
    likely = may_be
    if reaction.energy_mJ is not None and (reaction.spot_mm is None or reaction.spot_mm < _COLUMN_MM):
        likely = may_be & columns
    elif reaction.energy_mJ is None and reaction.fluence_J_cm2 is not None:
        likely = may_be - columns
    return likely or may_be


def _modalities_after_pale_mark(reaction: EarlierReaction, case: Case) -> frozenset[str]:
    """Return the kinds of laser that wait after a pale mark.

    Colour that was lost may not come back. Light for pigment takes more of it, and the removal of a field passes over
    it again; so do columns, where columns or the removal of the surface may have left the mark. Of a device that is not
    known, the lasers that it may have been wait too, as after any injury.
    """
    if not reaction.is_pale_mark:
        return frozenset()
    modalities = possible_modalities(reaction, case) or frozenset(reaction.modalities)
    is_of_surface = not modalities.isdisjoint(SURFACE_MODALITIES)
    return frozenset((*PIGMENT_MODALITIES, "ablative", *(SURFACE_MODALITIES if is_of_surface else ())))


def _is_mark_of_resurfacing(reaction: EarlierReaction, case: Case) -> bool:
    """Return whether columns or the removal of the surface left a dark or pale mark."""
    return reaction.is_lasting_mark and not possible_modalities(reaction, case).isdisjoint(SURFACE_MODALITIES)


def _modalities_after_wound(reaction: EarlierReaction, case: Case) -> frozenset[str]:
    """Return the kinds of laser that wait after resurfacing burnt this skin, scarred it, or left a wound open.

    Doses of two such lasers cannot be compared, so that no share of one is known to be safe on the other. After columns
    that remove skin it is the removal of the whole surface. After that, and after columns of heat, which open nothing
    and burn less, it is columns that remove skin as well.
    """
    modalities = possible_modalities(reaction, case)
    if reaction.meaning != "harm" or not reaction.is_burn or modalities.isdisjoint(SURFACE_MODALITIES):
        return frozenset()
    is_milder = modalities.isdisjoint(("ablative", _HEATED_COLUMNS))
    return frozenset(("ablative",) if is_milder else ABLATIVE_MODALITIES)


def _expected_reasons(reaction: EarlierReaction, case: Case) -> list[RuleReason]:
    """Return the reason that follows from an expected reaction at a known dose: a bruise, or what was aimed at."""
    if reaction.kind == "purpura":
        rule, message = "earlier-bruise", "earlier.bruise-accepted" if accepts_bruise(case) else "earlier.bruise"
        if bruises_as_usual(reaction):
            message = "earlier.bruise-usual"
    elif is_endpoint(reaction):
        rule, message = "earlier-endpoint", "earlier.endpoint"
    else:
        return []
    if reaction.fluence_J_cm2 is None:
        return []
    dose = f"{Formatter().number(reaction.fluence_J_cm2)} J/cm²"
    return [_practice_reason(rule, "with-caution", reaction_message(message, reaction, dose=dose))]


def _sign_message(reaction: EarlierReaction, case: Case) -> Message:
    """Return the message of an unusual reaction that is no injury, with the doses that it bars."""
    gone = "-gone" if reaction.has_ended else ""
    if reaction.is_long_redness and bounds_redness(reaction, case):
        return reaction_message(f"earlier.long-redness{gone}", reaction, dose=_dose_words(reaction))
    if reaction.is_long_redness:
        return reaction_message(f"earlier.long-redness-undosed{gone}", reaction)
    if not is_stop_sign(reaction):
        return reaction_message("earlier.sign-undosed", reaction)
    is_filtered = reaction.device is not None and reaction.device.is_lamp and reaction.wavelength_nm is not None
    return reaction_message("earlier.sign-lamp" if is_filtered else "earlier.sign", reaction)


def _injury_message(reaction: EarlierReaction) -> Message:
    if not reaction.has_dose:
        return reaction_message("earlier.every-dose", reaction)
    if reaction.device is not None and reaction.dose_on(reaction.device) is None:
        return reaction_message("earlier.other-dose", reaction)
    device = reaction.device
    named = "earlier.below"
    if device is not None and gives_coloured_light(device):
        named = "earlier.below-lasers"
        if device.is_lamp:
            named = "earlier.below-lamps-unsaid" if reaction.wavelength_nm is None else "earlier.below-lamps"
    return reaction_message(named, reaction, dose=_dose_words(reaction))


def _other_light_message(reaction: EarlierReaction, light: LightFacts | None) -> Message | None:
    """Return the message of an injury by light whose doses cannot be compared with a light; None of any other."""
    if light is None:
        return None
    if is_of_redder_laser(reaction, light):
        return reaction_message("earlier.redder-laser", reaction)
    return reaction_message("earlier.other-kind", reaction) if is_of_other_kind(reaction, lamp=light.lamp) else None


def _dose_words(reaction: EarlierReaction) -> str:
    """Return the light and the dose of a reaction in words."""
    quantities = ((reaction.wavelength_nm, "nm"), (reaction.fluence_J_cm2, "J/cm²"), (reaction.energy_mJ, "mJ"))
    return ", ".join(f"{Formatter().number(value)} {unit}" for value, unit in quantities if value is not None)


def _unread_message(reaction: EarlierReaction, case: Case) -> Message:
    """Return the message of a text that was not understood, with the dose that it bounds, if any."""
    if not bounds_unread(reaction, case):
        return Message("earlier.unread", {"text": reaction.kind})
    return Message(
        "earlier.unread-dose", {"text": reaction.kind, "device": _device_name(reaction), "dose": _dose_words(reaction)}
    )


def _device_name(reaction: EarlierReaction) -> str:
    return (
        reaction.device.title
        if reaction.device is not None
        else reaction.device_name or Message("earlier.no-device").text
    )


def reaction_message(message: str, reaction: EarlierReaction, **more: str | float) -> Message:
    """Return a message about a reaction, with what it was and after which device."""
    if message == "earlier.unknown-device":
        more["hint"] = spelling_hint([reaction.device_name], devices()).strip()
    return Message(
        message, {"reaction": Message(f"reaction.{reaction.kind}"), "device": _device_name(reaction), **more}
    )


def _practice_reason(rule: str, decision: Decision, message: Message) -> RuleReason:
    return RuleReason(rule, decision, message, _PRACTICE_SOURCE, _PRACTICE_STRENGTH)
