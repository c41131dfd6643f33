"""Classify reactions of the skin to earlier test spots and sessions: expected, warning sign, injury, or not understood.

The meaning of each reaction is data, `data/reactions.toml`.
"""

import math
from dataclasses import dataclass, replace
from typing import Final, Literal

from skinbeam.assessment.earlier_colour import was_skin_lighter
from skinbeam.assessment.lamp_windows import read_spot_mm
from skinbeam.assessment.reaction_words import (
    BROWN_SPOTS,
    MARKS,
    PALE_MARK,
    UNKNOWN_MARK,
    UNREAD_REACTION,
    ReactionKind,
    longest_stay_h,
    reaction_kinds,
    read_reaction_kinds,
    says_reaction_ended,
    stated_duration_h,
)
from skinbeam.laser.case_devices import find_device, is_same_name
from skinbeam.laser.device import Device
from skinbeam.laser.device_class import SHORTEST_MICROSECOND_MS, is_same_wavelength
from skinbeam.model.case import Case
from skinbeam.model.consultation import EarlierSession, EarlierTestSpot
from skinbeam.model.units import J_CM2, MJ, MM
from skinbeam.model.vocabulary import ABLATIVE_MODALITIES, PIGMENT_MODALITIES, laser_modalities, usable_modalities

__all__ = ["EarlierReaction", "earlier_reactions", "session_pulse"]

_SCAR: Final = "scar"
ReactionMeaning = Literal["expected", "sign", "harm", "unread"]


@dataclass(frozen=True)
class EarlierReaction:
    """One reaction of the skin.

    Parameters
    ----------
    kind : name in `data/reactions.toml`, or the text as written where none of its words matches.
    meaning : an expected reaction, a warning sign, an injury (harm), or a text that was not understood (unread).
    entry : "test_spot[0]" or "session[0]", for messages.
    device_name : the name of the device as written in the case; empty where there is none.
    device : the device of that name, or None.
    wavelength_nm : of the pulse; None where it is not in the case.
    fluence_J_cm2, energy_mJ : the dose; None where it is not in the case.
    density_per_cm2 : of columns, all passes together; None where it is not in the case.
    modalities : lasers that may have been used.
    site : where a test spot was made, or what a session treated; None of a session that names no site.
    condition : the condition that a session treated; empty of a test spot.
    pulse_ms, spot_mm : of the pulse; None where they are not in the case. Of the window of a lamp, its disc.
    read_after_h : when a test spot was read; None of a session, for which the case has no such time.
    week : of a session; None of a test spot.
    was_skin_lighter : whether the skin was lighter then than it is today (`earlier_colour`).
    has_ended : whether the text of a session says that it is gone.
    """

    kind: str
    meaning: ReactionMeaning
    entry: str
    device_name: str
    device: Device | None
    wavelength_nm: float | None
    fluence_J_cm2: float | None
    energy_mJ: float | None
    modalities: tuple[str, ...]
    site: str | None = None
    condition: str = ""
    pulse_ms: float | None = None
    spot_mm: float | None = None
    density_per_cm2: float | None = None
    read_after_h: float | None = None
    week: float | None = None
    was_skin_lighter: bool = False
    has_ended: bool = False

    @property
    def is_burn(self) -> bool | None:
        """Whether the epidermis was burnt; None where the reaction does not show it.

        The usual reaction beside a laser's target is no burn, though a burn may look alike.
        """
        burnt = reaction_kinds()[self.kind].burnt if self.kind in reaction_kinds() else None
        if self.meaning == "expected":
            return None if burnt else burnt
        return burnt if burnt else None

    @property
    def is_lasting_mark(self) -> bool:
        """Whether it is a dark or pale mark that stayed."""
        return self.kind in MARKS and self.meaning == "harm"

    @property
    def is_pale_mark(self) -> bool:
        """Whether it is a pale mark that stayed, which is lasting harm."""
        return self.kind == PALE_MARK and self.meaning == "harm"

    @property
    def is_long_redness(self) -> bool:
        """Whether it is redness that stayed for longer than is usual."""
        return self.kind == "redness" and self.meaning == "sign"

    @property
    def is_open_burn(self) -> bool:
        """Whether it is a burn, a blister or a wound that nobody saw heal; a scar is a healed one."""
        return self.meaning == "harm" and self.is_burn is True and self.kind != _SCAR and not self.has_ended

    @property
    def is_mark_of_unknown_colour(self) -> bool:
        """Whether it is a mark that stayed, of which nobody said whether it is dark or pale."""
        return self.kind == UNKNOWN_MARK and self.meaning == "harm"

    @property
    def history(self) -> str | None:
        """The word of the history that it stands for; of an injury, where it was one."""
        entry = reaction_kinds().get(self.kind)
        return None if entry is None or (entry.harm and self.meaning != "harm") else entry.history

    @property
    def is_test_spot(self) -> bool:
        """Whether the reaction was observed at a test spot."""
        return self.entry.startswith("test_spot")

    @property
    def index(self) -> int:
        """The place of its entry among the test spots or the sessions of the case, from 0."""
        return int(self.entry.partition("[")[2].rstrip("]"))

    @property
    def has_dose(self) -> bool:
        """Whether the case contains any dose."""
        return self.fluence_J_cm2 is not None or self.energy_mJ is not None

    def was_made_with(self, device_name: str, device: Device) -> bool:
        """Return whether a device, which the case names as `device_name`, caused the reaction."""
        names = (device_name, device.name, device.title)
        return self.device == device or any(is_same_name(self.device_name, name) for name in names)

    def was_made_as(self, other: "EarlierReaction") -> bool:
        """Return whether the device and the wavelength of another reaction caused this one."""
        if self.device is None or other.device is None:
            is_same = self.device is other.device and is_same_name(self.device_name, other.device_name)
            return is_same and self.wavelength_nm == other.wavelength_nm
        is_same = self.device == other.device
        return is_same and self.wavelength_on(self.device) == other.wavelength_on(other.device)

    def dose_on(self, device: Device) -> float | None:
        """Return the dose in the unit that a device is set in: mJ of a microbeam, else J/cm².

        None where the case has no dose, or one that the device cannot emit, such as a dose in another unit.
        """
        dose = self.given_dose(device)
        low, high = device.dose
        return dose if dose is not None and low <= dose <= high else None

    def given_dose(self, device: Device) -> float | None:
        """Return the dose as `dose_on`, also where the device cannot emit it; None where the case has none."""
        return self.energy_mJ if device.microbeam else self.fluence_J_cm2

    def wavelength_on(self, device: Device) -> float | None:
        """Return which of a device's wavelengths was used; None where it is unknown, or the device does not have it."""
        if len(device.wavelengths_nm) == 1:
            return device.wavelengths_nm[0]
        used = self.wavelength_nm
        if used is None:
            return None
        same = (own for own in device.wavelengths_nm if is_same_wavelength(own, used))
        return min(same, key=lambda own: abs(own - used), default=None)  # lamps have filters that are 5 nm apart


def earlier_reactions(case: Case) -> tuple[EarlierReaction, ...]:
    """Return the reactions to earlier test spots and sessions, in the order of the file."""
    reactions: list[EarlierReaction] = []
    for index, spot in enumerate(case.test_spot):
        made = _start_reaction(case, spot, f"test_spot[{index}]", spot.device, laser_modalities())
        reactions.append(_test_spot_reaction(made, spot.reaction, spot.read_after_h))
    for index, done in enumerate(case.session):
        made = session_pulse(case, index)
        reactions += [
            _session_reaction(made, kind, text, done.treats)
            for text in done.adverse
            for kind in read_reaction_kinds(text, done.treats)
        ]
    return tuple(reactions)


def session_pulse(case: Case, index: int) -> EarlierReaction:
    """Return the pulse of a session of a case, as the reactions to it have it, without a kind."""
    session = case.session[index]
    usable = usable_modalities(session.treats) or laser_modalities()
    return _start_reaction(case, session, f"session[{index}]", session.device or "", usable)


def _start_reaction(
    case: Case,
    pulse: EarlierTestSpot | EarlierSession,
    where: str,
    device_name: str,
    default_modalities: tuple[str, ...],
) -> EarlierReaction:
    """Return a reaction with its device and dose, and without its meaning.

    `default_modalities` are the lasers that may have been used where the device is not known.
    """
    device = find_device(device_name, case)
    spot_mm = pulse.spot_mm
    if device is not None and spot_mm is not None:
        spot_mm = read_spot_mm(device, spot_mm)
    fluence = pulse.fluence_J_cm2
    if fluence is None and pulse.energy_mJ is not None and spot_mm is not None:
        fluence = pulse.energy_mJ * MJ / (math.pi / 4 * (spot_mm * MM) ** 2) / J_CM2
    modalities = device.modalities if device is not None else default_modalities
    made = EarlierReaction(
        "", "unread", where, device_name, device, pulse.wavelength_nm, fluence, pulse.energy_mJ, modalities
    )
    made = replace(
        made,
        pulse_ms=pulse.pulse_ms,
        spot_mm=spot_mm,
        density_per_cm2=pulse.density_per_cm2,
        was_skin_lighter=was_skin_lighter(case, pulse.ita_deg),
    )
    if isinstance(pulse, EarlierSession):
        return replace(made, condition=pulse.treats, site=pulse.site, week=pulse.week)
    return replace(made, site=pulse.site, read_after_h=pulse.read_after_h)


def _test_spot_reaction(reaction: EarlierReaction, kind: str, seen_after_h: float) -> EarlierReaction:
    """Return the reaction of a test spot, with its meaning after such a laser."""
    entry = reaction_kinds()[kind]
    if seen_after_h <= _expected_for_h(reaction, entry) and _is_usual(reaction, entry):
        return replace(reaction, kind=kind, meaning="expected")
    injured = entry.harm and seen_after_h >= entry.harm_after_h
    return replace(reaction, kind=kind, meaning="harm" if injured else "sign")


def _session_reaction(reaction: EarlierReaction, kind: str, text: str, treats: str) -> EarlierReaction:
    """Return the reaction of a session, with its meaning.

    The case has no time of observation: an injury that is still reported at a later visit has lasted, unless the text
    says that it stayed for a shorter time. A crust under a long pulse of light for vessels is a burn of the epidermis.
    """
    if kind == UNREAD_REACTION:
        return replace(reaction, kind=text)
    entry = reaction_kinds()[kind]
    reaction = replace(reaction, has_ended=says_reaction_ended(text, kind, treats))
    if entry.harm:
        stayed_h = stated_duration_h(text, kind, treats)
        if stayed_h is not None and stayed_h <= _expected_for_h(reaction, entry) and _is_usual(reaction, entry):
            return replace(reaction, kind=kind, meaning="expected")
        was_brief = stayed_h is not None and stayed_h < entry.harm_after_h
        return replace(reaction, kind=kind, meaning="sign" if was_brief else "harm")
    if longest_stay_h(text, kind, treats) > _expected_for_h(reaction, entry):
        return replace(reaction, kind=kind, meaning="sign")
    on_target = treats in BROWN_SPOTS or not entry.brown_spots_only or _removes_skin(reaction)
    is_usual = on_target and (_is_usual(reaction, entry) or (kind == "crust" and _heats_spots(reaction)))
    if not is_usual and kind == "crust" and _burns_beside_vessels(reaction, treats):
        return replace(reaction, kind=kind, meaning="harm")
    return replace(reaction, kind=kind, meaning="expected" if is_usual else "sign")


def _burns_beside_vessels(reaction: EarlierReaction, treats: str) -> bool:
    """Return whether a known dose of light for vessels, in no short pulse, was given where vessels are treated."""
    device = reaction.device
    if device is None or device.microbeam or device.pulse_ms[0] < SHORTEST_MICROSECOND_MS:
        return False
    usable = set(usable_modalities(treats))
    is_for_vessels = "vascular" in usable & set(device.modalities) and usable.isdisjoint(PIGMENT_MODALITIES)
    return is_for_vessels and reaction.dose_on(device) is not None


def _heats_spots(reaction: EarlierReaction) -> bool:
    """Return whether it was a lamp or a long pulse, after which brown spots crust; a test spot does not say on what."""
    return reaction.device is not None and "pigment-long-pulse" in reaction.device.modalities


def _is_usual(reaction: EarlierReaction, entry: ReactionKind) -> bool:
    """Return whether such lasers usually cause the reaction.

    All modalities of the device count, because the case does not record which of them was used.
    """
    usual = entry.expected_after
    return usual is None or (reaction.device is not None and bool(usual & set(reaction.modalities)))


def _expected_for_h(reaction: EarlierReaction, entry: ReactionKind) -> float:
    """Return for how many hours a reaction is expected after a pulse."""
    longer = (entry.expected_longer_h.get(modality, 0.0) for modality in reaction.modalities if reaction.device)
    return max([entry.expected_for_h, *longer])


def _removes_skin(reaction: EarlierReaction) -> bool:
    return not set(reaction.modalities).isdisjoint(ABLATIVE_MODALITIES)
