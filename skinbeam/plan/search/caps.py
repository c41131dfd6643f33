"""What bounds a setting everywhere: the widest spot and the greatest energy of a pulse, or of a microbeam, in print.

A published fluence says nothing of a spot in which nobody gave it: the wider the spot, the deeper and the hotter the
same fluence heats, and the larger is what it harms. So no setting exceeds these, inside published doses or beyond them.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from statistics import median
from typing import Final

from skinbeam.evidence.studies.shipped import settings
from skinbeam.laser.device import Device
from skinbeam.laser.grid import Setting
from skinbeam.plan.search.envelope import Light, by_source, lenders, like_rows, settings_table
from skinbeam.practice.published import Published, pulse_energy_J
from skinbeam.provenance import used

__all__ = ["Cap", "PulseCaps", "bruises", "cap_of", "least_pulse_ms", "site_group"]

# Most sources treated the face, and mean it where they name no site.
_FACE: Final = "face"
_MOUTH: Final = "mouth"
# Green and yellow light, which blood takes up so well that a short pulse bursts fine vessels.
_BRUISING_NM: Final = (500.0, 600.0)


@dataclass(frozen=True)
class Cap:
    """The greatest value of a quantity that is tried, and whose settings it comes from."""

    value: float
    sources: tuple[str, ...]

    def allows(self, value: float) -> bool:
        """Return whether a value is no greater, but for the rounding of sources."""
        return value <= self.value * float(settings_table()["rounding"]["ratio"])


@dataclass(frozen=True)
class PulseCaps:
    """What bounds every setting of a modality for a condition at a site, whichever laser has it.

    Parameters
    ----------
    phototype : the darkest that the skin may have, 1 to 6; None where nobody knows.
    """

    condition: str
    modality: str
    site: str
    phototype: int | None = None

    def doses(self, device: Device, setting: Setting, doses: Sequence[float]) -> tuple[float, ...]:
        """Return those of the doses of a setting, J/cm², or mJ of a microbeam, that exceed no cap."""
        least = least_pulse_ms(self.condition, self.modality, device, setting.wavelength_nm)
        if setting.pulse_ms < least <= _longest_pulse_ms(device):
            return ()
        light = Light(self.modality, setting.wavelength_nm, setting.pulse_ms)
        if device.microbeam:
            energy = cap_of("microbeam_mJ", self.condition, light, self.site)
            return tuple(dose for dose in doses if energy is None or energy.allows(dose))
        spot = cap_of("spot_mm", self.condition, light, self.site)
        if spot is not None and not spot.allows(setting.spot_mm):
            return ()
        energy = cap_of("pulse_energy_J", self.condition, light, self.site)
        borne = tuple(d for d in doses if energy is None or energy.allows(pulse_energy_J(d, setting.spot_mm)))
        return self._uninjuring(setting, borne)

    def _uninjuring(self, setting: Setting, doses: tuple[float, ...]) -> tuple[float, ...]:
        """The doses below that which injured skin as dark."""
        injured, (shortest, longest) = settings_table()["injured"], _BRUISING_NM
        heats_vessels = self.modality == "vascular" and shortest <= setting.wavelength_nm <= longest
        if not heats_vessels or self.phototype not in injured["phototypes"]:
            return doses
        used(injured["source"])
        return tuple(dose for dose in doses if dose < injured["fluence_J_cm2"])


def cap_of(quantity: str, condition: str, light: Light, site: str) -> Cap | None:
    """Return the cap of `spot_mm`, `pulse_energy_J` or `microbeam_mJ`; None where too little was published for one.

    At a site where the condition was treated it is the greatest published value, elsewhere the usual one of all sites.
    Of eyelids and off the face, columns that are removed get no more than the most careful source gave any condition:
    such skin is thin or heals slowly, and a column is as deep whatever it treats. Raised scars are thick.

    Lamps have no spot that compares with a laser's. What limits the removal of skin is the depth that is computed.
    """
    if light.lamp or light.modality == "ablative":
        return None
    found = _cap(quantity, condition, light, site_group(site))
    if found is not None:
        used(settings_table()["source"], *found.sources)
    return found


def least_pulse_ms(condition: str, modality: str, device: Device, wavelength_nm: float) -> float:
    """Return the shortest pulse that is tried of a laser whose light bruises; 0 where any is."""
    unbruised = settings_table()["unbruised"]
    least = float(unbruised["pulse_ms"])
    bounded = (*unbruised["fields"], *(unbruised["veins"] if _longest_pulse_ms(device) >= least else ()))
    if not bruises(modality, device, wavelength_nm) or condition not in bounded:
        return 0.0
    used(unbruised["source"])
    return least


def _longest_pulse_ms(device: Device) -> float:
    return max(head.pulse_ms.ends[1] for head in device.heads)


def bruises(modality: str, device: Device, wavelength_nm: float) -> bool:
    """Return whether a laser heats vessels with light that bruises the sooner the shorter its pulse."""
    least_nm, most_nm = _BRUISING_NM
    return modality == "vascular" and not device.is_lamp and least_nm <= wavelength_nm <= most_nm


def site_group(site: str) -> str:
    """Return the group of sites that evidence is parted by; a site of none heals as the face does."""
    groups: Mapping[str, Sequence[str]] = settings()["site_groups"]
    return next((name for name, sites in groups.items() if site in sites), _FACE)


@cache
def _cap(quantity: str, condition: str, light: Light, group: str) -> Cap | None:
    rows = like_rows(light)
    few = settings_table()["few"]
    here = _greatest(quantity, condition, [row for row in rows if group in _groups(row)])
    # Off the face few treat, and one source may be all there is.
    if len(here) >= (few["least"] if group == _FACE else 1):
        return Cap(max(here.values()), tuple(here))
    thin = group not in (_FACE, _MOUTH) and condition not in settings_table()["thick"]["conditions"]
    if thin and light.modality == "fractional-ablative":
        careful = _greatest_by_source(quantity, rows)
        return Cap(min(careful.values()), tuple(careful)) if careful else None
    every = _greatest(quantity, condition, rows)
    return Cap(median(every.values()), tuple(every)) if len(every) >= few["least"] else None


def _greatest(quantity: str, condition: str, rows: Sequence[Published]) -> dict[str, float]:
    """The greatest value of each source of the condition, and of those that lend to it until there are enough."""
    found: dict[str, float] = {}
    for one in lenders(condition):
        if len(found) < settings_table()["few"]["enough"]:
            found |= _greatest_by_source(quantity, [row for row in rows if row.condition == one])
    return found


def _greatest_by_source(quantity: str, rows: Sequence[Published]) -> dict[str, float]:
    return {source: max(values) for source, values in by_source(quantity, rows).items()}


@cache
def _groups(row: Published) -> frozenset[str]:
    """The groups of sites that a row treated, by the words of its source."""
    words = {word: group for group, sites in settings()["site_groups"].items() for word in sites}
    words |= settings_table()["site_words"]
    named = re.findall(r"[a-z-]+", row.site.lower())
    return frozenset(words[word] for word in named if word in words) if named else frozenset((_FACE,))
