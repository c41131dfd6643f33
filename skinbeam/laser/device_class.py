"""Classes of devices, such as `pdl-595`: the names by which guidelines and published settings call a light.

A device file states the classes of its heads. The classes of a head that states none follow from its light. A class is
part of wider classes (`within` in `data/device_classes.toml`): every filtered lamp is an `ipl-any`.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from skinbeam.model.package_data import load_package_table

if TYPE_CHECKING:  # published rows name classes, and an expectation from trials loads no pydantic
    from skinbeam.model.device_file import DeviceFile, DeviceHead

__all__ = ["class_by_light", "class_of_light", "class_table", "head_classes", "widen_classes"]

SHORTEST_NANOSECOND_MS = 1e-6  # shorter pulses are picosecond pulses, by which such machines are named
SHORTEST_MICROSECOND_MS = 1e-3  # shorter pulses come from a Q-switched laser
SHORTEST_MILLISECOND_MS = 1.0
SAME_LINE_NM = 6.0  # makers state the same line with such differences: 530 and 532, 805 and 810, 2936 and 2940 nm
_SHORT_PULSE_LINES_NM = (532.0, 694.0, 730.0, 755.0, 785.0, 1064.0)
_FRACTIONAL_LINES_NM = {
    1440.0: "fx-1440",
    1540.0: "fx-1540",
    1550.0: "fx-1550",
    1565.0: "fx-1565",
    1927.0: "fx-1927",
    2790.0: "fx-er-ysgg",
    2940.0: "fx-er-yag",
    10_600.0: "fx-co2",
}
_FULL_FIELD_LINES_NM = {
    532.0: "ktp-532",
    585.0: "pdl-585",
    595.0: "pdl-595",
    755.0: "alex-755-long",
    800.0: "diode-810",
    810.0: "diode-810",
    1064.0: "ndyag-1064-long",
    2790.0: "er-ysgg",
    2940.0: "er-yag",
    10_600.0: "co2",
}


def head_classes(file: "DeviceFile", head: "DeviceHead") -> tuple[str, ...]:
    """Return the classes that the file states for a head, or the class that follows from its light; without wider ones.

    Empty for light of no class.
    """
    stated = head.classes or file.classes
    return tuple(stated or filter(None, [class_by_light(file, head)]))


def class_table() -> Mapping[str, Mapping[str, Any]]:
    """Return a mapping of every class to its entry in `data/device_classes.toml`."""
    return load_package_table("data/device_classes.toml")


def widen_classes(names: Iterable[str]) -> frozenset[str]:
    """Return classes with every wider class that holds them."""
    narrow = set(names)
    return frozenset(narrow.union(*(class_table()[name]["within"] for name in narrow)))


def class_by_light(file: "DeviceFile", head: "DeviceHead") -> str | None:
    """Return the class of a head that follows from its light; None if no class has such light.

    It is the class of a head for which the device file states none.
    """
    return class_of_light(
        head.wavelength_nm,
        head.pulse_ms.ends[0],
        lamp=head.band_nm is not None,
        microbeams=bool(head.tip),
        lens_array=file.emission == "lens-array",
        compression=file.compression is not None,
    )


def class_of_light(
    wavelength_nm: float,
    pulse_ms: float,
    *,
    lamp: bool = False,
    microbeams: bool = False,
    lens_array: bool = False,
    compression: bool = False,
) -> str | None:
    """Return the class of a light; None if no class has such light.

    Parameters
    ----------
    wavelength_nm : of a lamp the cut-off of its filter.
    microbeams : whether skin is left between columns of which the energy is known.
    lens_array : whether an optic splits the spot into small beams of unknown energy.
    compression : whether a window is pressed on the skin in the pulse.
    """
    if lamp:
        name = f"ipl-{wavelength_nm:.0f}" if f"ipl-{wavelength_nm:.0f}" in class_table() else "ipl-any"
    elif pulse_ms < SHORTEST_MICROSECOND_MS:
        kind, array = "ps" if pulse_ms < SHORTEST_NANOSECOND_MS else "qs", "-array" if lens_array else ""
        name = _nearest_line(wavelength_nm, {line: f"{kind}-{line:.0f}{array}" for line in _SHORT_PULSE_LINES_NM})
    elif microbeams:
        name = _nearest_line(wavelength_nm, _FRACTIONAL_LINES_NM)
    else:
        name = _nearest_line(wavelength_nm, _FULL_FIELD_LINES_NM)
        if name == "ndyag-1064-long" and pulse_ms < SHORTEST_MILLISECOND_MS:
            name = "ndyag-1064-us"
        elif compression:
            name = f"{name}-compression"
    return name if name in class_table() else None


def _nearest_line(nm: float, lines: Mapping[float, str]) -> str:
    """Return the class of the nearest line; empty where none is near."""
    line = min(lines, key=lambda line: abs(line - nm))
    return lines[line] if abs(line - nm) <= SAME_LINE_NM else ""
