"""What earlier reactions of this skin refuse: a dose that injured it, and lasers whose injuring dose nobody said.

After an injury the same device and wavelength are planned below that dose alone. Where device or dose was not said
there is nothing to stay below, so those lasers wait for a clinician. No other dose, pulse or device is judged by it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from skinbeam.assessment.reactions import Reaction, reactions
from skinbeam.errors import did_you_mean
from skinbeam.laser.device import Device, devices
from skinbeam.messages import Formatter, Message
from skinbeam.plan.rules.reason import Reason
from skinbeam.plan.rules.table import Decision
from skinbeam.schema.case import Case
from skinbeam.schema.names import laser_modalities

__all__ = ["Bar", "bars_of", "earlier_reasons", "without_barred"]

_SOURCE, _STRENGTH = "rulepractice", "practice"


@dataclass(frozen=True)
class Bar:
    """Doses of one device that are not used again.

    Parameters
    ----------
    wavelength_nm : at which; None means each that the device has.
    dose : the least of them, J/cm², or mJ for a microbeam; None means every dose.
    """

    wavelength_nm: float | None
    dose: float | None


def bars_of(case: Case, given: str, device: Device) -> tuple[Bar, ...]:
    """Return which doses of a device earlier injuries refuse. `given` is how the case names the device."""
    found = []
    for one in reactions(case):
        alike = one.done_with(given, device) or _below_a_window(one, device)
        if one.meaning == "harm" and _dosed(one, case) and alike:
            found.append(Bar(one.wavelength_on(device), one.dose_on(device)))
    return tuple(found)


def _below_a_window(one: Reaction, device: Device) -> bool:
    """Whether a device gives the light of a reaction to skin below a window, where nothing cools it."""
    same_light = one.device is not None and one.device.wavelengths_nm == device.wavelengths_nm
    return same_light and device.compression is not None


def without_barred(doses: Sequence[float], wavelength_nm: float, bars: Sequence[Bar]) -> tuple[float, ...]:
    """Return the doses, ascending, that lie below every bar of this wavelength."""
    here = [bar for bar in bars if bar.wavelength_nm in (None, wavelength_nm)]
    return tuple(dose for dose in doses if all(bar.dose is not None and dose < bar.dose for bar in here))


def earlier_reasons(case: Case, modality: str | None) -> list[Reason]:
    """Return what earlier reactions say of a kind of laser; without one, of any."""
    found = []
    for one in reactions(case):
        if one.meaning == "expected":
            continue
        if one.meaning == "unread":
            found.append(_reason("earlier-unread", "with-caution", Message("earlier.unread", {"text": one.kind})))
        elif one.meaning == "sign":
            found.append(_reason("earlier-sign", "with-caution", _told("earlier.sign", one)))
        elif _dosed(one, case):
            found.append(_reason("earlier-injury", "with-caution", _injury(one)))
        else:
            named = "earlier.unknown-device" if one.said and one.device is None else "earlier.undosed"
            meant = {modality} if modality is not None else set(laser_modalities())
            decision: Decision = "refer" if meant <= set(one.modalities) else "with-caution"
            found.append(_reason("earlier-injury-undosed", decision, _told(named, one)))
    return list({(reason.rule, reason.message.text): reason for reason in found}.values())


def _dosed(one: Reaction, case: Case) -> bool:
    """Whether there is a device to keep below a dose. A test spot names its device; no dose then means every dose."""
    own = case.clinic.devices or [] if case.clinic is not None else []
    known = one.device is not None or one.said in own
    return known and (one.of_test_spot or one.has_dose)


def _injury(one: Reaction) -> Message:
    if not one.has_dose:
        return _told("earlier.every-dose", one)
    if one.device is not None and one.dose_on(one.device) is None:
        return _told("earlier.other-dose", one)
    said = ((one.wavelength_nm, "nm"), (one.fluence_J_cm2, "J/cm²"), (one.energy_mJ, "mJ"))
    dose = ", ".join(f"{Formatter().number(value)} {unit}" for value, unit in said if value is not None)
    return _told("earlier.below", one, dose=dose)


def _told(message: str, one: Reaction, **more: str) -> Message:
    if message == "earlier.unknown-device":
        more["hint"] = did_you_mean([one.said], devices()).strip()
    device = one.device.title if one.device is not None else one.said or Message("earlier.no-device").text
    return Message(message, {"reaction": Message(f"reaction.{one.kind}"), "device": device, **more})


def _reason(rule: str, decision: Decision, message: Message) -> Reason:
    return Reason(rule, decision, message, _SOURCE, _STRENGTH)
