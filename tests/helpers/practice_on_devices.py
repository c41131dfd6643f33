"""Whether the settings of a published row can be set on a device of its class."""

from collections.abc import Iterator

from skinbeam.laser.device import devices
from skinbeam.laser.device_class import head_classes, widen_classes
from skinbeam.model.device_file import DeviceHead, Offer, SpotOutput
from skinbeam.published_doses.rows import PracticeRow, PrintedSpan

# Spots and pulses are printed to one or two digits: half a unit of the last one. A window is printed by one side.
SAME_SPOT = 0.05
SAME_PULSE = 0.02


def class_heads(name: str) -> Iterator[DeviceHead]:
    """Yield the heads of shipped devices of a class."""
    for device in devices().values():
        yield from (head for head in device.heads if name in widen_classes(head_classes(device.file, head)))


def unsettable(row: PracticeRow) -> list[str]:
    """Return what of a row cannot be set on any head of its class: each printed end of pulse, spot and dose."""
    assert row.device_class is not None
    heads, faults = list(class_heads(row.device_class)), []
    for pulse in _ends(row.pulse_ms):
        if not any(head.pulse_ms.contains(pulse, SAME_PULSE) for head in heads):
            faults.append(f"pulse {pulse:g} ms")
    # Any head that reaches into the printed pulses can be the one whose dose is printed.
    heads = [head for head in heads if _reaches(head.pulse_ms, row.pulse_ms, SAME_PULSE)]
    if row.microbeams:
        tips = [tip for head in heads for tip in head.tip]
        for energy in _ends(row.microbeam_mJ):
            able = [tip for tip in tips if _on_dial(tip.energy_mJ, energy)]
            if not able:
                faults.append(f"{energy:g} mJ")
            elif row.density_of == "pass":
                densities = _ends(row.density_per_cm2)
                faults += [f"{n:g} 1/cm²" for n in densities if not any(_on_dial(t.density_per_cm2, n) for t in able)]
        return faults
    spots = [spot for head in heads for spot in head.spot]
    for size in _ends(row.spot_mm):
        if not any(_has_size(spot, (size, size)) for spot in spots):
            faults.append(f"spot {size:g} mm")
    for dose in _ends(row.fluence_J_cm2):
        if not any(_has_size(s, row.spot_mm) and _on_dial(s.fluence_J_cm2, dose) for s in spots):
            faults.append(f"{dose:g} J/cm²")
    return faults


def _ends(span: PrintedSpan | None) -> list[float]:
    return sorted({end for end in span or () if end is not None})


def _has_size(spot: SpotOutput, span: PrintedSpan | None) -> bool:
    """Return whether the diameter of a spot, or a side of a window, lies within a printed span."""
    ends = _ends(span)
    sizes = [spot.diameter_mm, *(spot.footprint_mm or ())]
    return not ends or any(ends[0] * (1 - SAME_SPOT) <= size <= ends[-1] * (1 + SAME_SPOT) for size in sizes)


def _reaches(offer: Offer[float], span: PrintedSpan | None, slack: float) -> bool:
    (low, high), ends = offer.ends, _ends(span)
    return not ends or (low <= ends[-1] * (1 + slack) and ends[0] <= high * (1 + slack))


def _on_dial(offer: Offer[float], value: float) -> bool:
    """Return whether a dial stands within half a step of the value."""
    low, high = offer.ends
    half = 0.5 * (offer.step or 0.0) + 0.01 * value
    values = offer.values
    if values is not None:
        return any(abs(value - listed) <= half for listed in values)
    return low - half <= value <= high + half
