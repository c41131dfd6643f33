"""Read the size of an earlier pulse of a lamp as clinicians write it: by a side of its window."""

from skinbeam.laser.device import Device

__all__ = ["read_spot_mm"]


def read_spot_mm(device: Device, written_mm: float) -> float:
    """Return the diameter of the spot that a written size names.

    Of the window of a lamp clinicians write a side, its width before its length, and a device file has the disc of
    equal area. A size that lies outside the sides of every window is one of another head, and is returned as written.
    """
    windows = {
        spot.diameter_mm: sorted(spot.footprint_mm)
        for head in device.heads
        for spot in head.spot
        if device.is_lamp and spot.footprint_mm is not None
    }
    named = {disc: sides for disc, sides in windows.items() if sides[0] <= written_mm <= sides[1]}

    def distances_mm(disc: float) -> tuple[float, float]:
        width, length = named[disc]
        return min(abs(mm - written_mm) for mm in (disc, width, length)), abs(width - written_mm)

    return min(named, key=distances_mm, default=written_mm)
