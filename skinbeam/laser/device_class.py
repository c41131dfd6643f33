"""Classes of devices, such as `pdl-595`: the names by which guidelines and published settings call a light.

A device file states the classes of its heads. The classes of a head that states none follow from its light. A class is
part of wider classes (`within` in `data/device_classes.toml`): every filtered lamp is an `ipl-any`.
"""

import math
from collections.abc import Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Literal, Required, TypedDict, cast

from skinbeam.model.package_data import load_package_table

if TYPE_CHECKING:  # published rows name classes, and an expectation from trials loads no pydantic
    from skinbeam.model.device_file import DeviceFile, DeviceHead

__all__ = [
    "INFRARED_FROM_NM",
    "SHALLOW_COLUMNS_FROM_NM",
    "ClassEntry",
    "class_by_light",
    "class_of_light",
    "class_table",
    "head_classes",
    "heats_alike",
    "is_light_of_class",
    "is_same_pulse_length",
    "is_same_wavelength",
    "nearest_classes",
    "widen_classes",
]

SHORTEST_NANOSECOND_MS = 1e-6  # shorter pulses are picosecond pulses, by which such machines are named
INFRARED_FROM_NM = 900.0  # light of 940 and 1064 nm heats the dermis through: melanin and blood absorb little
SHALLOW_COLUMNS_FROM_NM = 1900.0  # water absorbs ten times as much at 1927 nm as at 1550 nm
SHORTEST_MICROSECOND_MS = 1e-3  # shorter pulses come from a Q-switched laser
SHORTEST_MILLISECOND_MS = 1.0
_SAME_PULSE_RATIO = 1.25  # pulses of machines differ from what is noted by so much
SAME_LINE_NM = 6.0  # makers state the same line with such differences: 530 and 532, 805 and 810, 2936 and 2940 nm


class ClassEntry(TypedDict, total=False):
    """An entry of `data/device_classes.toml`, whose head explains the keys; a wider class has `within` alone."""

    within: Required[list[str]]
    emission: Literal["full-field", "microbeams", "lens-array"]
    line_nm: list[float]
    pulse: Literal["picosecond", "nanosecond", "microsecond", "millisecond"]
    compression: bool


def head_classes(file: "DeviceFile", head: "DeviceHead") -> tuple[str, ...]:
    """Return the classes that the file states for a head, or the class that follows from its light; without wider ones.

    Empty for light of no class.
    """
    stated = head.classes or file.classes
    return tuple(stated or filter(None, [class_by_light(file, head)]))


def class_table() -> Mapping[str, ClassEntry]:
    """Return a mapping of every class to its entry in `data/device_classes.toml`."""
    return cast("Mapping[str, ClassEntry]", load_package_table("data/device_classes.toml"))


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
        filtered = f"ipl-{wavelength_nm:.0f}"
        return filtered if filtered in class_table() else "ipl-any"
    is_short = pulse_ms < SHORTEST_MICROSECOND_MS
    emission = _emission_kind(is_short=is_short, microbeams=microbeams, lens_array=lens_array)
    lines = _class_lines(_pulse_kind(pulse_ms), emission)
    nearest = min(lines, key=lambda line: abs(line - wavelength_nm), default=math.inf)
    if abs(nearest - wavelength_nm) > SAME_LINE_NM:
        return None
    return lines[nearest].get(compression and emission == "full-field" and not is_short)


def is_light_of_class(head: "DeviceHead", name: str) -> bool:
    """Return whether a head can emit the light of a class: about its wavelength, in one of its pulses.

    True of a class without a wavelength, such as that of a filtered lamp, and of a wider class.
    """
    entry = class_table()[name]
    lines = entry.get("line_nm", [head.wavelength_nm])
    is_line = any(heats_alike(line, head.wavelength_nm) for line in lines)
    pulses = {_pulse_kind(end) for end in head.pulse_ms.ends}
    is_long = "pulse" not in entry and bool(pulses & {"microsecond", "millisecond"})
    return is_line and ("line_nm" not in entry or is_long or entry.get("pulse") in pulses)


def nearest_classes(file: "DeviceFile", head: "DeviceHead") -> tuple[tuple[str, float], ...]:
    """Return the classes that are nearest to a head of a laser, each with its wavelength in nm, the shortest first.

    These are the classes with its pulse and emission that have the next shorter and the next longer wavelength, and
    those with its wavelength that differ in pulse or emission.
    """
    wanted = head.wavelength_nm
    found: set[tuple[str, float]] = {
        (name, line)
        for name, entry in class_table().items()
        for line in entry.get("line_nm", ())
        if abs(line - wanted) <= SAME_LINE_NM
    }
    lines = _class_lines(_pulse_kind(head.pulse_ms.ends[0]), _head_emission(file, head))
    shorter = max((line for line in lines if line < wanted), default=None)
    longer = min((line for line in lines if line > wanted), default=None)
    for line in (shorter, longer):
        if line is not None:
            found |= {(name, line) for name in lines[line].values()}
    return tuple(sorted(found, key=lambda pair: (pair[1], pair[0])))


def _head_emission(file: "DeviceFile", head: "DeviceHead") -> str:
    is_short = head.pulse_ms.ends[0] < SHORTEST_MICROSECOND_MS
    return _emission_kind(is_short=is_short, microbeams=bool(head.tip), lens_array=file.emission == "lens-array")


def _emission_kind(*, is_short: bool, microbeams: bool, lens_array: bool) -> str:
    """Return the word by which `data/device_classes.toml` calls an emission."""
    if is_short:
        return "lens-array" if lens_array else "full-field"
    return "microbeams" if microbeams else "full-field"


def _pulse_kind(pulse_ms: float) -> str:
    """Return the word by which `data/device_classes.toml` calls a length of pulse."""
    if pulse_ms < SHORTEST_NANOSECOND_MS:
        return "picosecond"
    if pulse_ms < SHORTEST_MICROSECOND_MS:
        return "nanosecond"
    return "microsecond" if pulse_ms < SHORTEST_MILLISECOND_MS else "millisecond"


@cache
def _class_lines(pulse: str, emission: str) -> Mapping[float, Mapping[bool, str]]:
    """Return the classes that follow from such light, by wavelength and by whether a window is pressed on the skin."""
    lines: dict[float, dict[bool, str]] = {}
    for name, entry in class_table().items():
        pulses = (entry["pulse"],) if "pulse" in entry else ("microsecond", "millisecond")
        if entry.get("emission") == emission and pulse in pulses:
            for line in entry["line_nm"]:
                lines.setdefault(line, {})[entry.get("compression", False)] = name
    return lines


def is_same_wavelength(nm: float, other_nm: float) -> bool:
    """Return whether two wavelengths are of one laser, as people write them: 1060 and 1064 nm, and not 585 and 595."""
    return abs(nm - other_nm) < 10.0


def heats_alike(nm: float, other_nm: float) -> bool:
    """Return whether light of two wavelengths does the same to skin, as the dye lasers of 585 and 595 nm do."""
    return abs(nm - other_nm) <= 15.0


def is_same_pulse_length(pulse_ms: float, other_ms: float) -> bool:
    """Return whether two pulses differ by no more than what people note and what machines can be set to.

    What a pulse of nanoseconds does is set by its dose, whatever its length.
    """
    shorter, longer = sorted((pulse_ms, other_ms))
    are_nanoseconds = shorter >= SHORTEST_NANOSECOND_MS and longer < SHORTEST_MICROSECOND_MS
    return are_nanoseconds or longer <= _SAME_PULSE_RATIO * shorter
