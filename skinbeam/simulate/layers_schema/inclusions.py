"""What makes the inclusions of a layers file impossible.

They lie inside the layers and the cell and meet no step of the refractive index. Vessels may overlap where one
branches off the other or both off a third; a lesion gives way to a vessel; two lesions may not overlap.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from skinbeam.errors import InputError, did_you_mean
from skinbeam.schema.exposure import Layer
from skinbeam.schema.inclusions import Cell, LightLesion, LightVessel
from skinbeam.schema.overlap import SLACK, Body, Floats, overlap, segment_distance

__all__ = ["check_inclusions"]

MOST_SEGMENTS = 1000


@dataclass(frozen=True)
class _Segments:
    """Straight parts of axes.

    Parameters
    ----------
    start, end : their ends, µm, (segment, 3).
    endless : which run along y without end and stand here as a point, (segment,).
    owner : number of the vessel of each, (segment,).
    """

    start: Floats
    end: Floats
    endless: NDArray[np.bool_]
    owner: NDArray[np.int64]

    @classmethod
    def of(cls, vessels: Sequence[LightVessel]) -> "_Segments":
        parts = [
            (start, end, vessel.path_um is None, owner)
            for owner, vessel in enumerate(vessels)
            for start, end in pairwise(vessel.points_um * (2 if vessel.path_um is None else 1))
        ]
        start, end, endless, owner = zip(*parts, strict=True) if parts else ((), (), (), ())
        return cls(
            np.array(start, float).reshape(-1, 3),
            np.array(end, float).reshape(-1, 3),
            np.array(endless, bool),
            np.array(owner, np.int64),
        )

    def part(self, chosen: NDArray[np.bool_]) -> "_Segments":
        return _Segments(self.start[chosen], self.end[chosen], self.endless[chosen], self.owner[chosen])

    def of_vessel(self, number: int) -> "_Segments":
        return self.part(self.owner == number)


def check_inclusions(
    layers: Sequence[Layer],
    vessels: Sequence[LightVessel],
    lesions: Sequence[LightLesion],
    cell: Cell | None,
    *,
    file: str,
) -> None:
    """Refuse inclusions that stand out of the layers or the cell, meet a step of the index, or overlap.

    Raises
    ------
    InputError : the first of these.
    """
    _names_differ(layers, vessels, lesions, file)
    _few_enough(vessels, file)
    for index, vessel in enumerate(vessels):
        _vessel_fits(f"vessel[{index}]", vessel, layers, cell, file)
    for index, lesion in enumerate(lesions):
        _lesion_fits(f"lesion[{index}]", lesion, layers, cell, file)
    segments = _Segments.of(vessels)
    _branches_join(vessels, segments, file)
    _vessels_apart(vessels, segments, file)
    _lesions_apart(lesions, file)


def _names_differ(
    layers: Sequence[Layer], vessels: Sequence[LightVessel], lesions: Sequence[LightLesion], file: str
) -> None:
    taken = {layer.name: "layer" for layer in layers}
    kinds: dict[str, Sequence[LightVessel | LightLesion]] = {"vessel": vessels, "lesion": lesions}
    for kind, things in kinds.items():
        for index, thing in enumerate(things):
            if thing.name in taken:
                raise InputError(
                    "name-taken",
                    f'a {taken[thing.name]} is called "{thing.name}" already',
                    field=f"{kind}[{index}].name",
                    hint="The names of layers, vessels and lesions are unique.",
                    file=file,
                )
            taken[thing.name] = kind


def _few_enough(vessels: Sequence[LightVessel], file: str) -> None:
    count = 0
    for index, vessel in enumerate(vessels):
        count += max(1, len(vessel.points_um) - 1)
        if count > MOST_SEGMENTS:
            raise InputError(
                "too-many-segments",
                f"the vessels up to this one have {count} straight segments",
                field=f"vessel[{index}]",
                hint=f"At most {MOST_SEGMENTS} in all.",
                file=file,
            )


def _vessel_fits(field: str, vessel: LightVessel, layers: Sequence[Layer], cell: Cell | None, file: str) -> None:
    radius, points = vessel.diameter_um / 2, vessel.points_um
    for index, (x, y, z) in enumerate(points):
        where = f"{field}.{vessel.field_of(index)}"
        _inside_layers(z - radius, z + radius, layers, f'vessel "{vessel.name}"', where, file)
        straight = vessel.path_um is None
        side = f"{field}.x_um" if straight else where
        _inside_cell(abs(x) + radius, None if straight else abs(y) + radius, cell, vessel.name, side, file)
    depths = [z for _, _, z in points]
    _one_index(min(depths) - radius, max(depths) + radius, layers, vessel.name, field, file)


def _lesion_fits(field: str, lesion: LightLesion, layers: Sequence[Layer], cell: Cell | None, file: str) -> None:
    (x, y, z), (dx, dy, dz) = lesion.centre_um, lesion.size_um
    where = f"{field}.centre_um"
    _inside_layers(z - dz / 2, z + dz / 2, layers, f'lesion "{lesion.name}"', where, file)
    _inside_cell(abs(x) + dx / 2, abs(y) + dy / 2, cell, lesion.name, where, file)
    _one_index(z - dz / 2, z + dz / 2, layers, lesion.name, field, file)


def _inside_layers(top: float, bottom: float, layers: Sequence[Layer], what: str, field: str, file: str) -> None:
    end = _ends(layers)[-1]
    if top < -SLACK * bottom:
        raise InputError(
            "above-surface",
            f"{what} stands {-top:g} µm out of the surface",
            field=field,
            hint="Its uppermost point has a depth of at least 0.",
            file=file,
        )
    if bottom > end * (1 + SLACK):
        raise InputError(
            "below-layers",
            f"{what} reaches down to {bottom:g} µm, the last layer ends at {end:g} µm",
            field=field,
            hint="Leave the last layer without thickness_um, or keep to the layers.",
            file=file,
        )


def _inside_cell(half_x: float, half_y: float | None, cell: Cell | None, name: str, field: str, file: str) -> None:
    """`half_y` is None for what runs along y without end."""
    if cell is None:
        return
    height = cell.width_um if cell.height_um is None else cell.height_um
    for axis, half, width in (("x", half_x, cell.width_um), ("y", half_y, height)):
        if half is not None and half > width / 2 * (1 + SLACK):
            raise InputError(
                "outside-cell",
                f'"{name}" reaches {half:g} µm from the middle along {axis}, the cell {width / 2:g} µm',
                field=field,
                hint="A wider cell, or all of it inside: what crosses a side would be cut there.",
                file=file,
            )


def _one_index(top: float, bottom: float, layers: Sequence[Layer], name: str, field: str, file: str) -> None:
    ends = _ends(layers)
    touched = [
        layer
        for layer, start, end in zip(layers, [0.0, *ends], ends, strict=False)
        if start < bottom * (1 - SLACK) and end * (1 - SLACK) > top
    ]
    if len({layer.n for layer in touched}) > 1:
        raise InputError(
            "crosses-index",
            f'"{name}" crosses layers of different refractive index: '
            + ", ".join(f'"{layer.name}" of {layer.n:g}' for layer in touched),
            field=field,
            hint="Give these layers one n, or keep to layers of one n.",
            file=file,
        )


def _ends(layers: Sequence[Layer]) -> list[float]:
    """Depths of the lower faces, µm; inf for the last layer when it is endless."""
    thicknesses = [math.inf if layer.thickness_um is None else layer.thickness_um for layer in layers]
    return [sum(thicknesses[: index + 1]) for index in range(len(layers))]


def _branches_join(vessels: Sequence[LightVessel], segments: _Segments, file: str) -> None:
    numbers = {vessel.name: number for number, vessel in enumerate(vessels)}
    for index, vessel in enumerate(vessels):
        if vessel.branch_of is None:
            continue
        known = [name for name in numbers if name != vessel.name]
        if vessel.branch_of not in known:
            near = did_you_mean([vessel.branch_of], known)
            raise InputError(
                "unknown-vessel",
                f'no other vessel is called "{vessel.branch_of}"',
                field=f"vessel[{index}].branch_of",
                hint=near or "The name of the [[vessel]] that it leaves.",
                file=file,
            )
        stem = numbers[vessel.branch_of]
        ends = np.array([vessel.points_um[0], vessel.points_um[-1]])
        gap = float(_gaps(_Segments(ends, ends, np.zeros(2, bool), np.full(2, index)), segments.of_vessel(stem)).min())
        if gap > vessels[stem].diameter_um / 2 * (1 + SLACK):
            raise InputError(
                "branch-apart",
                f'neither end lies in "{vessel.branch_of}": the nearer one is {gap:g} µm from its axis',
                field=f"vessel[{index}].branch_of",
                hint="Begin or end path_um within half the diameter of the other axis.",
                file=file,
            )


def _vessels_apart(vessels: Sequence[LightVessel], segments: _Segments, file: str) -> None:
    radius = np.array([vessel.diameter_um / 2 for vessel in vessels])[segments.owner]
    for index, vessel in enumerate(vessels):
        joined = [other for other, candidate in enumerate(vessels[:index]) if _joined(vessel, candidate)]
        others = (segments.owner < index) & ~np.isin(segments.owner, joined)
        gaps = _gaps(segments.of_vessel(index), segments.part(others))
        near = np.argwhere(gaps < (vessel.diameter_um / 2 + radius[others]) * (1 - SLACK))
        if not len(near):
            continue
        point, segment = near[0]
        other = vessels[segments.owner[others][segment]]
        raise InputError(
            "vessels-overlap",
            f'"{vessel.name}" and "{other.name}" overlap: axes {gaps[point, segment]:g} µm apart, radii '
            f"{vessel.diameter_um / 2:g} and {other.diameter_um / 2:g} µm",
            field=f"vessel[{index}].{vessel.field_of(int(point))}",
            hint=f'Move one, or write branch_of = "{other.name}" where one leaves the other.',
            file=file,
        )


def _joined(one: LightVessel, other: LightVessel) -> bool:
    """Whether one branches off the other, or both off a third."""
    return one.branch_of == other.name or other.branch_of == one.name or one.branch_of == other.branch_of is not None


def _gaps(one: _Segments, other: _Segments) -> Floats:
    """Distances between each segment and each other, (one, other); y does not count for what has no end along it."""
    counts = np.where((one.endless[:, None] | other.endless)[..., None], [1.0, 0.0, 1.0], 1.0)
    start, end = one.start[:, None] * counts, one.end[:, None] * counts
    return segment_distance(start, end, other.start * counts, other.end * counts)


def _lesions_apart(lesions: Sequence[LightLesion], file: str) -> None:
    bodies = [
        Body(lesion.centre_um, [width / 2 for width in lesion.size_um], lesion.shape == "disc") for lesion in lesions
    ]
    for index, body in enumerate(bodies):
        met = next((number for number, other in enumerate(bodies[:index]) if overlap(body, other)), None)
        if met is not None:
            raise InputError(
                "lesions-overlap",
                f'"{lesions[index].name}" and "{lesions[met].name}" overlap',
                field=f"lesion[{index}].centre_um",
                hint="Move or shrink one of them.",
                file=file,
            )
