"""The rules by which published settings stand for conditions and skins with few of their own: `data/envelopes.toml`.

The comments of that file say what each means and why.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from skinbeam.model.package_data import load_package_table

__all__ = ["EnvelopeRules", "NeverDose", "envelope_rules"]


@dataclass(frozen=True)
class NeverDose:
    """A dose of green and yellow light on vessels that is never reached in some skins or at some sites.

    Parameters
    ----------
    from_J_cm2, above_J_cm2 : doses of at least the one, and above the other, are not given.
    lasers_only : whether lamps may reach it.
    """

    source: str
    phototypes: tuple[int, ...] = ()
    sites: tuple[str, ...] = ()
    from_J_cm2: float = math.inf
    above_J_cm2: float = math.inf
    lasers_only: bool = False

    def allows(self, dose_J_cm2: float) -> bool:
        """Return whether a dose is below it."""
        return dose_J_cm2 < self.from_J_cm2 and dose_J_cm2 <= self.above_J_cm2


@dataclass(frozen=True)
class EnvelopeRules:
    """Which published settings are near enough, and how many of them are enough.

    Parameters
    ----------
    phototype_classes : lowest and highest phototype, 1 to 6, of skins whose settings are reported together.
    untold_phototypes : those of a row that names neither phototype nor people.
    near_pulse_ratio, near_spot_ratio, near_cut_off_ratio : within which a published setting is near.
    enough_sources, least_sources : for a range without those of other skins and conditions, and at all.
    usual_range_ratio : highest over lowest dose of one clinic.
    rounding_ratio : within which a setting beside a published range lies in it.
    practised_only : conditions for which nothing but published settings of full-field light is tried.
    unbruised_pulse_ms : the pulse of green and yellow light that bruised nobody; a shorter one is none for
        `unbruised_fields`, nor for `unbruised_veins` on a laser that has such pulses.
    lenders : condition → those whose settings are taken where it has none, the nearest first.
    site_words : word of a source → group of sites.
    """

    source: str
    phototype_classes: tuple[tuple[int, int], ...]
    untold_phototypes: tuple[int, int]
    near_pulse_ratio: float
    near_spot_ratio: float
    near_cut_off_ratio: float
    enough_sources: int
    least_sources: int
    usual_range_ratio: float
    rounding_ratio: float
    practised_only: frozenset[str]
    unbruised_pulse_ms: float
    unbruised_source: str
    unbruised_fields: frozenset[str]
    unbruised_veins: frozenset[str]
    never: tuple[NeverDose, ...]
    thick_scars: frozenset[str]
    lenders: Mapping[str, tuple[str, ...]]
    site_words: Mapping[str, str]


@cache
def envelope_rules() -> EnvelopeRules:
    """Return the rules of `data/envelopes.toml`."""
    table = load_package_table("data/envelopes.toml")
    near, few, unbruised = table["near"], table["few"], table["unbruised"]
    return EnvelopeRules(
        source=table["source"],
        phototype_classes=tuple((low, high) for low, high in table["phototypes"]),
        untold_phototypes=(table["untold"]["phototypes"][0], table["untold"]["phototypes"][1]),
        near_pulse_ratio=near["pulse"],
        near_spot_ratio=near["spot"],
        near_cut_off_ratio=near["cut_off"],
        enough_sources=few["enough"],
        least_sources=few["least"],
        usual_range_ratio=table["usual"]["range"],
        rounding_ratio=table["rounding"]["ratio"],
        practised_only=frozenset(table["bound"]["conditions"]),
        unbruised_pulse_ms=unbruised["pulse_ms"],
        unbruised_source=unbruised["source"],
        unbruised_fields=frozenset(unbruised["fields"]),
        unbruised_veins=frozenset(unbruised["veins"]),
        never=tuple(
            NeverDose(**dose | {name: tuple(dose.get(name, ())) for name in ("phototypes", "sites")})
            for dose in table["never"]
        ),
        thick_scars=frozenset(table["thick"]["conditions"]),
        lenders={condition: tuple(lenders) for condition, lenders in table["borrowed"].items()},
        site_words=table["site_words"],
    )
