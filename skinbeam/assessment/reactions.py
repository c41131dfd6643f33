"""What earlier test spots and sessions did to this skin: each reaction, how it was made, and what follows from it.

What a reaction means stands in `data/reactions.toml`. A text that no word of it matches is kept as unread, so that
nothing that was written down is passed over.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from skinbeam.assessment.adverse import UNREAD, kinds_in, reaction_kinds
from skinbeam.laser.device import Device, devices
from skinbeam.schema.case import Case
from skinbeam.schema.consultation import SessionDone, TestSpot
from skinbeam.schema.names import laser_modalities, usable_modalities
from skinbeam.units import J_CM2, MJ, MM

__all__ = ["Reaction", "reactions"]

# What a short pulse turns white or into a crust when it has hit.
_BROWN_SPOTS = ("age-spots", "freckles", "uneven-pigmentation")
Meaning = Literal["expected", "sign", "harm", "unread"]


@dataclass(frozen=True)
class Reaction:
    """One reaction of the skin.

    Parameters
    ----------
    kind : name in `data/reactions.toml`, or the text that was written where none of its words matches.
    meaning : the usual reaction; a sign to mind; an injury; or a text that was not understood.
    where : "test_spot[0]" or "session[0]", for messages.
    said : the device as it was named; empty where it was not.
    device : the device of that name, or None.
    wavelength_nm : of the pulse; None where it was not said.
    fluence_J_cm2, energy_mJ : the dose; None where it was not said.
    modalities : lasers that it may have been done with.
    site : where a test spot was made; None of a session, which names a condition.
    treats : the condition that a session treated; empty of a test spot.
    pulse_ms, spot_mm : of the pulse; None where they were not said.
    read_after_h : when a test spot was read; None of a session, where nobody said.
    """

    kind: str
    meaning: Meaning
    where: str
    said: str
    device: Device | None
    wavelength_nm: float | None
    fluence_J_cm2: float | None
    energy_mJ: float | None
    modalities: tuple[str, ...]
    site: str | None = None
    treats: str = ""
    pulse_ms: float | None = None
    spot_mm: float | None = None
    read_after_h: float | None = None

    @property
    def burnt(self) -> bool | None:
        """Whether the epidermis was burnt; None where the mark does not tell.

        What a laser leaves as a rule is no burn beside its target, though a burn may look alike.
        """
        told = reaction_kinds().get(self.kind, {}).get("burnt")
        if self.meaning == "expected":
            return None if told else told
        return told if told else None

    @property
    def of_test_spot(self) -> bool:
        """Whether a test spot showed it."""
        return self.where.startswith("test_spot")

    @property
    def has_dose(self) -> bool:
        """Whether any dose was said."""
        return self.fluence_J_cm2 is not None or self.energy_mJ is not None

    def done_with(self, given: str, device: Device) -> bool:
        """Return whether it was done with a device, which the case names as `given`."""
        return self.device == device or _letters(self.said) in map(_letters, (given, device.name, device.title))

    def dose_on(self, device: Device) -> float | None:
        """Return the dose in the unit that a device is set in: mJ of a microbeam, else J/cm².

        None where it was not said, or is one that the device cannot emit, such as one in another unit.
        """
        said = self.energy_mJ if device.microbeam else self.fluence_J_cm2
        low, high = device.dose
        return said if said is not None and low <= said <= high else None

    def wavelength_on(self, device: Device) -> float | None:
        """Return which of a device's wavelengths it was; None where that was not said, or it has no such wavelength."""
        if len(device.wavelengths_nm) == 1:
            return device.wavelengths_nm[0]
        said = self.wavelength_nm
        return next((own for own in device.wavelengths_nm if said is not None and _same(own, said)), None)


def reactions(case: Case) -> tuple[Reaction, ...]:
    """Return what earlier test spots and sessions did, in the order of the file."""
    found: list[Reaction] = []
    for index, spot in enumerate(case.test_spot):
        made = _made(spot, f"test_spot[{index}]", spot.device, laser_modalities())
        found.append(_read(made, spot.reaction, spot.read_after_h))
    for index, done in enumerate(case.session):
        usable = usable_modalities(done.treats) or laser_modalities()
        made = _made(done, f"session[{index}]", done.device or "", usable)
        found += [_of_session(made, kind, text, done.treats) for text in done.adverse for kind in kinds_in(text)]
    return tuple(found)


def _made(done: TestSpot | SessionDone, where: str, said: str, otherwise: tuple[str, ...]) -> Reaction:
    """How it was done; `otherwise` are the lasers that it may have been where the device is not known."""
    device = _device(said)
    fluence = done.fluence_J_cm2
    if fluence is None and done.energy_mJ is not None and done.spot_mm is not None:
        fluence = done.energy_mJ * MJ / (math.pi / 4 * (done.spot_mm * MM) ** 2) / J_CM2
    modalities = device.modalities if device is not None else otherwise
    made = Reaction("", "unread", where, said, device, done.wavelength_nm, fluence, done.energy_mJ, modalities)
    made = replace(made, pulse_ms=done.pulse_ms, spot_mm=done.spot_mm)
    if isinstance(done, SessionDone):
        return replace(made, treats=done.treats)
    return replace(made, site=done.site, read_after_h=done.read_after_h)


def _read(made: Reaction, kind: str, seen_after_h: float) -> Reaction:
    """The reaction that a test spot showed, with what it means after such a laser."""
    entry = reaction_kinds()[kind]
    if seen_after_h <= entry.get("expected_for_h", math.inf) and _usual(made, entry):
        return replace(made, kind=kind, meaning="expected")
    injured = entry["harm"] and seen_after_h >= entry.get("harm_after_h", 0.0)
    return replace(made, kind=kind, meaning="harm" if injured else "sign")


def _of_session(made: Reaction, kind: str, text: str, treats: str) -> Reaction:
    """The same of a session. Nobody said when it was seen: an injury that is worth telling later has lasted."""
    if kind == UNREAD:
        return replace(made, kind=text)
    entry = reaction_kinds()[kind]
    if entry["harm"]:
        return replace(made, kind=kind, meaning="harm")
    on_target = treats in _BROWN_SPOTS or not entry.get("brown_spots_only", False) or _removes(made)
    return replace(made, kind=kind, meaning="expected" if on_target and _usual(made, entry) else "sign")


def _usual(made: Reaction, entry: Mapping[str, Any]) -> bool:
    """Whether such lasers leave it as a rule: all that the device can be used as, since nobody said as which."""
    usual = entry.get("expected_after", ())
    return usual == "every" or (made.device is not None and bool(set(made.modalities) & set(usual)))


def _removes(made: Reaction) -> bool:
    return bool(set(made.modalities) & {"ablative", "fractional-ablative"})


def _device(said: str) -> Device | None:
    """The known device of that name or title, however it is spaced and punctuated."""
    wanted = _letters(said)
    return next((d for d in devices().values() if wanted and wanted in (_letters(d.name), _letters(d.title))), None)


def _letters(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter.isalnum())


def _same(own_nm: float, said_nm: float) -> bool:
    return abs(own_nm - said_nm) < 10.0  # 585 and 595 nm are two lasers; 1060 and 1064 nm are written for one
