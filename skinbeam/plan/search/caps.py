"""The widest spot, the greatest energy of a pulse and that of a microbeam that were published of a condition at a site.

A published fluence tells nothing of a spot in which nobody gave it: the wider the spot, the deeper and the hotter the
same fluence heats, and the larger is what it harms. So nothing is tried beyond what was published, wherever else the
search goes. What was published of the same skin counts first, of other conditions too; where nothing was, that of the
skin which `data/envelopes.toml` names as the nearest.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from skinbeam.evidence.studies.shipped import settings
from skinbeam.laser.device import Device
from skinbeam.laser.grid import Setting
from skinbeam.plan.search.envelope import Light, alike, ends_of, settings_table
from skinbeam.practice.published import Published
from skinbeam.provenance import used

__all__ = ["Cap", "PulseCaps", "cap_of", "pulse_energy_J"]

_MM2_PER_CM2: Final = 100.0
_MJ_PER_J: Final = 1000.0


@dataclass(frozen=True)
class Cap:
    """The greatest published value of a quantity.

    Parameters
    ----------
    conditions : whose settings they are, the nearest first.
    sites : group of sites that they were given at, as `evidence.toml` groups them.
    """

    value: float
    conditions: tuple[str, ...]
    sites: str
    sources: tuple[str, ...]

    def allows(self, value: float) -> bool:
        """Whether a value is no greater, but for the rounding of sources."""
        return value <= self.value * float(settings_table()["rounding"]["ratio"])


@dataclass(frozen=True)
class PulseCaps:
    """What bounds every setting of a modality for a condition at a site, whichever machine has it."""

    condition: str
    modality: str
    site: str

    def kept(self, device: Device, setting: Setting, doses: Sequence[float]) -> tuple[float, ...]:
        """Return those of the doses of a setting, J/cm², or mJ for a microbeam, that keep the caps."""
        lamp = any(head.band_nm is not None for head in device.heads if head.wavelength_nm == setting.wavelength_nm)
        light = Light(self.modality, setting.wavelength_nm, setting.pulse_ms, lamp=lamp)
        if device.microbeam:
            most = cap_of("microbeam_mJ", self.condition, light, self.site)
            return tuple(dose for dose in doses if _keeps(most, dose))
        if not _keeps(cap_of("spot_mm", self.condition, light, self.site), setting.spot_mm):
            return ()
        most = cap_of("pulse_energy_J", self.condition, light, self.site)
        return tuple(dose for dose in doses if _keeps(most, pulse_energy_J(dose, setting.spot_mm)))


def pulse_energy_J(fluence_J_cm2: float, spot_mm: float) -> float:
    """Return the energy of one pulse in a round spot."""
    return fluence_J_cm2 * math.pi / 4.0 * spot_mm**2 / _MM2_PER_CM2


def cap_of(quantity: str, condition: str, light: Light, site: str) -> Cap | None:
    """Return the greatest published value of `spot_mm`, `pulse_energy_J` or `microbeam_mJ`; None where none was printed.

    Skin that is removed has none: few sources print how, and what limits it is the depth that is computed.
    """
    found = None if light.modality == "ablative" else _cap(quantity, condition, light, site)
    if found is not None:
        used(settings_table()["source"], *found.sources)
    return found


def _keeps(cap: Cap | None, value: float) -> bool:
    return cap is None or cap.allows(value)


@cache
def _cap(quantity: str, condition: str, light: Light, site: str) -> Cap | None:
    rows = [row for row in alike(light) if _greatest(quantity, row) is not None]
    group, untold = _group_of(site), settings_table()["untold"]["site"]
    for place in (group, *settings_table()["nearest_sites"][group]):
        here = [row for row in rows if place in _groups_of(row)]
        told = _enough([[row for row in here if row.condition == one] for one in _lenders(condition)])
        sources = tuple(dict.fromkeys(row.source for row in told))
        # Of a site that few treat one source is all there is; where most is tried, few sources do not show how far.
        if sources and (len(sources) >= settings_table()["few"]["enough"] or place == group != untold):
            most = max(_greatest(quantity, row) or 0.0 for row in told)
            return Cap(most, tuple(dict.fromkeys(row.condition for row in told)), place, sources)
    slow = quantity == "microbeam_mJ" and group in settings_table()["slow_healing"]["sites"]
    return _most_careful(quantity, rows) if slow else None


def _most_careful(quantity: str, rows: Sequence[Published]) -> Cap | None:
    """The least of what each source went up to, whatever it treated; None of few sources."""
    most: dict[str, float] = {}
    for row in rows:
        most[row.source] = max(most.get(row.source, 0.0), _greatest(quantity, row) or 0.0)
    if len(most) < settings_table()["few"]["enough"]:
        return None
    conditions = tuple(dict.fromkeys(row.condition for row in rows))
    return Cap(min(most.values()), conditions, settings_table()["untold"]["site"], tuple(most))


def _lenders(condition: str) -> tuple[str, ...]:
    """The condition, those that lend settings to it, and those that lend to them, the nearest first."""
    borrowed: Mapping[str, Sequence[str]] = settings_table()["borrowed"]
    first = (condition, *borrowed.get(condition, ()))
    return tuple(dict.fromkeys((*first, *(one for lender in first for one in borrowed.get(lender, ())))))


def _enough(tiers: Sequence[Sequence[Published]]) -> list[Published]:
    """The rows of as many tiers as it takes to have enough sources."""
    told: list[Published] = []
    for tier in tiers:
        if len({row.source for row in told}) < settings_table()["few"]["enough"]:
            told += tier
    return told


def _greatest(quantity: str, row: Published) -> float | None:
    """The greatest value that a row prints; of an energy what its doses and spots make at least.

    Wide spots go with low doses, so the ends of two ranges are taken crosswise.
    """
    if quantity != "pulse_energy_J":
        return max(ends_of(getattr(row, quantity)), default=None)
    doses, spots = ends_of(row.fluence_J_cm2), ends_of(row.spot_mm)
    if not doses or not spots:
        return None
    return max(pulse_energy_J(doses[-1], spots[0]), pulse_energy_J(doses[0], spots[-1]))


def _group_of(site: str) -> str:
    groups: Mapping[str, Sequence[str]] = settings()["site_groups"]
    return next((name for name, sites in groups.items() if site in sites), settings_table()["untold"]["site"])


@cache
def _groups_of(row: Published) -> frozenset[str]:
    """The groups of sites that a row treated; where it does not say, that of `untold`."""
    if not row.site:
        return frozenset((settings_table()["untold"]["site"],))
    words: Mapping[str, str] = settings_table()["site_words"]
    return frozenset(words[word] for word in re.findall(r"[a-z-]+", row.site.lower()) if word in words)
