"""The envelope of published settings: with which pulse, spot, dose and density a condition was treated by such light.

Rows of published doses and arms of trials are one list. Light is parted as the evidence parts it, and a lamp or
microbeams from the beam of a laser. Where a condition has no settings of its own for a class of phototypes, those of
its other phototypes follow, then those of conditions that `data/envelopes.toml` names; an answer says whose it is.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from statistics import median_low
from typing import Any

from skinbeam.evidence.studies.arm import Arm
from skinbeam.evidence.studies.shipped import arms
from skinbeam.evidence.synthesis.regime import of_light, pulse_class, told_by_pulse
from skinbeam.plan.search.goals import COLUMNS
from skinbeam.practice.published import Published, published
from skinbeam.practice.row import Span, is_lamp, named_nm
from skinbeam.practice.rows import practice_rows
from skinbeam.provenance import used
from skinbeam.shipped import shipped_table

__all__ = ["Envelope", "Light", "Practised", "envelope_of", "phototypes_of", "settings_table"]

_SHORT = ("ps", "ns")


@dataclass(frozen=True)
class Light:
    """Light of a modality: its wavelength in nm (of a lamp the cut-off), its pulse in ms, and whether a lamp's."""

    modality: str
    wavelength_nm: float
    pulse_ms: float
    lamp: bool = False

    @property
    def regime(self) -> str:
        """Regime of the evidence."""
        return of_light(self.modality, self.wavelength_nm, pulse_class(self.pulse_ms))


@dataclass(frozen=True)
class Practised:
    """A published range of one quantity.

    Parameters
    ----------
    usual : what half of the sources did not go beyond.
    middle : what the sources are about, each counted once: the middle of the middles of their ranges.
    condition, phototypes : whose settings they are: of this condition and class of phototypes, or borrowed ones;
        `phototypes` is empty where they are those of other skins.
    """

    low: float
    high: float
    usual: float
    middle: float
    sources: tuple[str, ...]
    condition: str
    phototypes: str


@dataclass(frozen=True)
class _Tier:
    """Rows that stand equally near to what was asked."""

    condition: str
    phototypes: str
    rows: tuple[Published, ...]


@dataclass(frozen=True)
class Envelope:
    """Published settings of a condition, a light and a class of phototypes, the nearest rows first."""

    condition: str
    phototypes: str
    tiers: tuple[_Tier, ...]

    @property
    def sources(self) -> tuple[str, ...]:
        """Every source of the nearest rows, whichever settings they print."""
        return _sources(self.tiers[0].rows)

    @property
    def nearest(self) -> tuple[str, str]:
        """Condition and phototypes of the nearest rows; these are empty where they are not those that were asked."""
        return self.tiers[0].condition, self.tiers[0].phototypes

    def practised(self, quantity: str) -> Practised | None:
        """Return the range of a quantity, such as `spot_mm`; None where too few sources print one for a range.

        It is that of the nearest rows, and where few sources are among them, of the next ones with them.
        """
        few = settings_table()["few"]
        rows = _told(quantity, self.tiers, few["enough"])
        return _practised(quantity, self.tiers[0], rows) if len(_sources(rows)) >= few["least"] else None

    def dose(self, quantity: str, *, pulse_ms: float, spot_mm: float | None) -> Practised | None:
        """Return the range of a dose at about this pulse and spot; where nobody printed one near them, at any.

        The dose of one source alone is joined by those that other skins got for the same condition; what another
        condition got is not mixed in. `spot_mm` is None of microbeams, whose width sources do not print.
        """
        near = settings_table()["near"]

        def is_near(row: Published) -> bool:
            pulse, spot = _off(row.pulse_ms, pulse_ms), _off(row.spot_mm, spot_mm)
            return bool(pulse <= near["pulse"] and spot <= near["spot"])

        return self._dose(quantity, is_near) or self._dose(quantity, lambda _row: True)

    def _dose(self, quantity: str, wanted: Callable[[Published], bool]) -> Practised | None:
        tiers = [replace(tier, rows=tuple(row for row in tier.rows if wanted(row))) for tier in self.tiers]
        whose = next((tier for tier in tiers if _told(quantity, [tier], 1)), None)
        if whose is None:
            return None
        own = [tier for tier in tiers[tiers.index(whose) :] if tier.condition == whose.condition]
        return _practised(quantity, whose, _told(quantity, own, settings_table()["few"]["least"]))


def envelope_of(condition: str, light: Light, phototype: int | None) -> Envelope | None:
    """Return what was published of a condition under such light; None where nobody published any of it.

    Parameters
    ----------
    phototype : 1 to 6; unknown, that of the darkest, since no caution is given up for what was not said.
    """
    found = _envelope(condition, light.modality, light.regime, light.lamp, phototypes_of(phototype))
    if found is not None:
        used(settings_table()["source"])
    return found


def phototypes_of(phototype: int | None) -> str:
    """Return the class of a phototype, 1 to 6, such as `I-II`; that of an unknown one is the darkest."""
    classes: Mapping[str, tuple[int, int]] = settings_table()["phototypes"]
    if phototype is None:
        return list(classes)[-1]
    return next(name for name, (low, high) in classes.items() if low <= phototype <= high)


def settings_table() -> Mapping[str, Any]:
    """Return `data/envelopes.toml`: what counts as near."""
    return shipped_table("data/envelopes.toml")


@cache
def _envelope(condition: str, modality: str, regime: str, lamp: bool, phototypes: str) -> Envelope | None:
    alike = [row for row in _every() if _is_alike(row, modality, regime, lamp)]
    of = (condition, *settings_table()["borrowed"].get(condition, ()))
    tiers = tuple(tier for one in of for tier in _tiers(one, phototypes, alike))
    return Envelope(condition, phototypes, tiers) if tiers else None


def _tiers(condition: str, phototypes: str, rows: Sequence[Published]) -> Iterator[_Tier]:
    """The rows of a condition: those of the class of phototypes, then the others."""
    mine = [row for row in rows if row.condition == condition]
    low, high = settings_table()["phototypes"][phototypes]
    untold: tuple[int, int] = tuple(settings_table()["untold"]["phototypes"])

    def covers(row: Published) -> bool:
        least, most = row.phototypes or untold
        return bool(least <= high and low <= most)

    for name, found in ((phototypes, [r for r in mine if covers(r)]), ("", [r for r in mine if not covers(r)])):
        if found:
            yield _Tier(condition, name, tuple(found))


def _told(quantity: str, tiers: Sequence[_Tier], enough: int) -> list[Published]:
    """The rows that print a quantity, of as many tiers as it takes to have so many sources."""
    told: list[Published] = []
    for tier in tiers:
        if len(_sources(told)) < enough:
            told += [row for row in tier.rows if _ends(getattr(row, quantity))]
    return told


def _is_alike(row: Published, modality: str, regime: str, lamp: bool) -> bool:
    """Whether a row is of the light of a modality. Filters differ from lamp to lamp, so lamps are of one regime."""
    if row.microbeams != (modality in COLUMNS) or row.lamp != lamp:
        return False
    pulse = pulse_class(min(_ends(row.pulse_ms), default=None)) or row.pulse_words
    if not row.microbeams and (pulse in _SHORT) != told_by_pulse(modality):
        return False
    return bool(lamp or of_light(modality, row.wavelength_nm, pulse) == regime)


@cache
def _every() -> tuple[Published, ...]:
    """Every published setting: of practice, and of trials unless practice keeps their source aside."""
    aside = {row.source for row in practice_rows() if row.role == "validation"}
    treated = (arm for arm in arms() if arm.condition and of_light(arm.modality, arm.wavelength_nm, ""))
    return (*published(), *(_of_arm(arm) for arm in treated if arm.study not in aside))


def _of_arm(arm: Arm) -> Published:
    return Published(
        row=arm.row,
        source=arm.study,
        condition=arm.condition,
        wavelength_nm=arm.wavelength_nm or (None if is_lamp(arm.device) else named_nm(arm.device)),
        lamp=is_lamp(arm.device),
        microbeams=arm.modality in COLUMNS or "fractional" in arm.device.lower(),
        pulse_words=arm.pulse_class,
        phototypes=None if arm.phototypes is None else (arm.phototypes[0] + 1, arm.phototypes[1] + 1),
        pulse_ms=_single(arm.pulse_ms),
        spot_mm=_single(arm.spot_mm),
        fluence_J_cm2=arm.fluence_J_cm2,
        microbeam_mJ=arm.microbeam_mJ,
        density_per_cm2=None,
        passes=None,
    )


def _single(value: float | None) -> Span | None:
    return None if value is None else (value, value)


def _practised(quantity: str, tier: _Tier, rows: Sequence[Published]) -> Practised:
    by_source: dict[str, list[float]] = {}
    for row in rows:
        by_source.setdefault(row.source, []).extend(_ends(getattr(row, quantity)))
    lows, highs = ([end(ends) for ends in by_source.values()] for end in (min, max))
    middles = [math.sqrt(low * high) for low, high in zip(lows, highs, strict=True)]
    return Practised(
        low=min(lows),
        high=max(highs),
        usual=median_low(highs),
        middle=median_low(middles),
        sources=tuple(by_source),
        condition=tier.condition,
        phototypes=tier.phototypes,
    )


def _sources(rows: Sequence[Published]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(row.source for row in rows))


def _ends(printed: Span | float | None) -> tuple[float, ...]:
    """The ends of a range that are printed, ascending; a single value is its own end."""
    if isinstance(printed, float):
        return (printed,)
    return tuple(end for end in printed or () if end is not None)


def _off(span: Span | None, value: float | None) -> float:
    """How far a value lies outside a range, as a ratio; 1 inside it, and where nothing is printed or asked."""
    ends = _ends(span)
    return max(1.0, ends[0] / value, value / ends[-1]) if ends and value is not None else 1.0
