"""The settings of a device that lie where practice is: pulses, spots and doses that were published for a condition.

The search begins here. Within a published range the values are tried that sources are about, and not its ends: the
ends are what one clinic dared.
"""

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from skinbeam.laser.device import Device, beam_sizes_mm
from skinbeam.laser.grid import Setting, pulse_steps
from skinbeam.plan.search.caps import bruises, least_pulse_ms
from skinbeam.plan.search.envelope import DARKEST, Envelope, Light, Practised, ends_of, envelope_of, settings_table
from skinbeam.provenance import used
from skinbeam.schema.device import Head

__all__ = ["Region", "bound_to_practice", "from_between", "undosed_sources"]

# Where among published values those lie that are tried; among the values of a device where nothing was published.
_TWO: Final = (1 / 3, 2 / 3)
_THREE: Final = (1 / 4, 1 / 2, 3 / 4)


def bound_to_practice(condition: str) -> bool:
    """Return whether nothing but published settings is tried, since the wrong light makes the condition worse."""
    return condition in settings_table()["bound"]["conditions"]


def undosed_sources(condition: str, modality: str, phototype: int | None, device: Device) -> tuple[str, ...]:
    """Return who treated such skin with such light for a condition, where nobody printed a dose for such skin."""
    found: dict[str, None] = {}
    for head in device.heads:
        pulse_ms = head.pulse_ms.ends[0]
        light = Light(modality, head.wavelength_nm, pulse_ms, lamp=head.band_nm is not None)
        envelope = envelope_of(condition, light, phototype)
        if device.microbeam or envelope is None or envelope.nearest != (condition, True):
            continue
        dose = envelope.dose("fluence_J_cm2", pulse_ms=pulse_ms, spot_mm=None)
        if dose is None or not (dose.such_skin and dose.condition == condition):
            rows = envelope.tiers[0].rows
            dosed = {row.source for row in rows if ends_of(row.fluence_J_cm2)}
            found |= {row.source: None for row in rows if row.source not in dosed}
    used(*found)
    return tuple(found)


@dataclass(frozen=True)
class Region:
    """What was published of a condition with a modality.

    Parameters
    ----------
    phototype : the darkest that the person may have, 1 to 6; None where nothing is known.
    dosed : whether doses are held to; else light, pulses and spots alone.
    beside : whether the device's next narrower and wider spots are tried too.
    """

    condition: str
    modality: str
    phototype: int | None
    dosed: bool = True
    beside: bool = False

    def settings(self, device: Device) -> Iterator[Setting]:
        """Yield the full-field settings of a device that lie inside, each once; none where nobody published such."""
        seen: set[Setting] = set()
        for head in self._heads(device):
            envelope = self._envelope(head, head.pulse_ms.ends[0])
            if envelope is None:
                continue
            pulses = _chosen(
                "pulse_ms",
                pulse_steps(head.pulse_ms),
                envelope,
                holds=head.pulse_ms.holds,
                least=least_pulse_ms(self.condition, self.modality, device, head.wavelength_nm),
                longer=bruises(self.modality, device, head.wavelength_nm),
            )
            offered = sorted(beam_sizes_mm(head))
            # The windows of lamps are wide, and few sources tell of them.
            sizes = _chosen("spot_mm", offered, envelope, _THREE) if head.band_nm is None else offered[-1:]
            if sizes:
                first, last, beside = offered.index(sizes[0]), offered.index(sizes[-1]), int(self.beside)
                sizes = offered[max(0, first - beside) : last + beside + 1]
            for setting in itertools.starmap(Setting, itertools.product([head.wavelength_nm], pulses, sizes)):
                if setting not in seen:
                    seen.add(setting)
                    yield setting

    def doses(self, device: Device, setting: Setting, doses: Sequence[float]) -> tuple[float, ...]:
        """Return those of the doses that lie inside, up to what half of the sources did not go beyond.

        Nor is there more for darker skin than for lighter, whichever sources happened to treat the one and the other.
        """
        if not self.dosed:
            return tuple(doses)
        lighter = [replace(self, phototype=one)._dose(device, setting) for one in range(1, self.phototype or DARKEST)]
        span = self._dose(device, setting)
        if span is None:
            return ()
        most = min(one.usual for one in (*lighter, span) if one is not None)
        low, high = span.low / settings_table()["rounding"]["ratio"], max(most, span.low)
        return tuple(dose for dose in doses if low <= dose <= high)

    def middle_spot_mm(self, device: Device, setting: Setting) -> float | None:
        """Return the spot that sources of such light are about; None where none prints one."""
        envelope = self._envelope_at(device, setting)
        return next(iter(envelope.about("spot_mm", [1 / 2])), None) if envelope is not None else None

    def _dose(self, device: Device, setting: Setting) -> Practised | None:
        """What was published of the dose at a setting."""
        envelope = self._envelope_at(device, setting)
        if envelope is None:
            return None
        quantity = "microbeam_mJ" if device.microbeam else "fluence_J_cm2"
        spot = None if device.microbeam else setting.spot_mm
        return envelope.dose(quantity, pulse_ms=setting.pulse_ms, spot_mm=spot)

    def _envelope_at(self, device: Device, setting: Setting) -> Envelope | None:
        head = next(head for head in device.heads if head.wavelength_nm == setting.wavelength_nm)
        return self._envelope(head, setting.pulse_ms)

    def _envelope(self, head: Head, pulse_ms: float) -> Envelope | None:
        light = Light(self.modality, head.wavelength_nm, pulse_ms, lamp=head.band_nm is not None)
        return envelope_of(self.condition, light, self.phototype)

    def _heads(self, device: Device) -> list[Head]:
        """The heads of a laser; of a lamp those whose filters are what sources are about."""
        heads = list(device.heads)
        lamps = [head for head in heads if head.band_nm is not None]
        envelope = self._envelope(lamps[0], lamps[0].pulse_ms.ends[0]) if lamps else None
        if envelope is None:
            return heads
        filters = _chosen("wavelength_nm", sorted({head.wavelength_nm for head in lamps}), envelope)
        return [head for head in heads if head.band_nm is None or head.wavelength_nm in filters]


def _chosen(
    quantity: str,
    offered: Sequence[float],
    envelope: Envelope,
    places: Sequence[float] = _TWO,
    holds: Callable[[float], bool] = lambda _value: False,
    least: float = 0.0,
    longer: bool = False,
) -> list[float]:
    """The values of a device that come nearest to what sources are about, ascending; none where all lie outside.

    Parameters
    ----------
    offered : ascending.
    holds : whether the device takes a value that is not among them.
    least : no value below it is taken.
    longer : whether the device's next greater value that was published is taken too.
    """
    span = envelope.practised(quantity)
    if span is None:
        offered = [value for value in offered if value >= least]
        return from_between(offered, len(places))
    ratio = settings_table()["rounding"]["ratio"]
    inside = [value for value in offered if max(span.low / ratio, least) <= value <= span.high * ratio]
    wanted = [max(value, least) for value in envelope.about(quantity, places)]
    near = (min(inside, key=lambda value: abs(math.log(value / one)), default=None) for one in wanted)
    found = {one if holds(one) else value for one, value in zip(wanted, near, strict=True)}
    taken = sorted(value for value in found if value is not None)
    return [*taken, *[value for value in inside if value > taken[-1]][:1]] if longer and taken else taken


def from_between(values: Sequence[float], most: int) -> list[float]:
    """Return at most `most` of the values, evenly taken from between the first and the last; all where they are few."""
    if len(values) <= most:
        return list(values)
    places = (round(index * (len(values) - 1) / (most + 1)) for index in range(1, most + 1))
    return [values[place] for place in dict.fromkeys(places)]
