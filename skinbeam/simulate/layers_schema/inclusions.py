"""Vessels, lesions and the periodic cell of a layers file, and the checks that they fit and do not overlap."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from skinbeam.model.errors import spelling_hint
from skinbeam.model.exposure import Layer
from skinbeam.model.fields import FieldError, InputTable, choice, exact_length, number, text

__all__ = [
    "OVERLAP_SLACK",
    "Floats",
    "LightLesion",
    "LightVessel",
    "PeriodicCell",
    "SolidBody",
    "bodies_overlap",
    "check_inclusions",
    "segment_distances",
]

PathPoint = Annotated[list[Annotated[float, number(-1e6, 1e6, "µm")]], exact_length(3)]
EllipsoidWidths = Annotated[list[Annotated[float, number(0, 1e6, "µm", exclude_low=True)]], exact_length(3)]


class PeriodicCell(InputTable):
    """A cell around x = y = 0 that repeats infinitely in x and y; `height_um` (in y) defaults to `width_um`."""

    width_um: Annotated[float, number(0, 1e6, "µm", exclude_low=True)]
    height_um: Annotated[float, number(0, 1e6, "µm", exclude_low=True)] | None = None


class LightVessel(InputTable):
    """A vessel: an infinite straight tube along y at `depth_um` and `x_um`, or a tube along `path_um`.

    Its refractive index is that of the layer. It contains every point within half its diameter of its axis: cylinders
    with round joints and ends.
    """

    name: Annotated[str, text(100)]
    diameter_um: Annotated[float, number(0, 1e6, "µm", exclude_low=True)]
    depth_um: Annotated[float, number(0, 1e6, "µm", exclude_low=True)] | None = None
    x_um: Annotated[float, number(-1e6, 1e6, "µm")] = 0.0
    path_um: Annotated[list[PathPoint], Field(min_length=2, max_length=200)] | None = None
    branch_of: Annotated[str, text(100)] | None = None
    mua_per_cm: Annotated[float, number(0, 1e6, "1/cm")]
    mus_per_cm: Annotated[float, number(0, 1e6, "1/cm")]
    g: Annotated[float, number(-0.999, 0.999, "")]
    phase: Annotated[str, text(100)] | None = None

    @model_validator(mode="after")
    def _check_course(self) -> "LightVessel":
        if self.depth_um is None and self.path_um is None:
            raise FieldError(
                "missing-key",
                '"depth_um" is missing, nothing was read',
                "Give depth_um for a straight vessel along y, or path_um for points of its axis.",
                field="depth_um",
            )
        for name in ("depth_um", "x_um"):
            if self.path_um is not None and name in self.model_fields_set:
                raise FieldError(
                    "two-courses",
                    f"{name} and path_um are both given",
                    "Keep depth_um with x_um for a straight vessel along y, or path_um.",
                    field=name,
                )
        if self.path_um is None and self.branch_of is not None:
            raise FieldError(
                "branch-without-end",
                "a straight vessel along y has no end where it could branch off",
                "Give path_um instead of depth_um.",
                field="branch_of",
            )
        for index, (point, next_point) in enumerate(pairwise(self.path_um or [])):
            if point == next_point:
                raise FieldError(
                    "point-twice",
                    f"two points in a row are the same, read {next_point}",
                    "Leave one of them out.",
                    field=f"path_um[{index + 1}]",
                )
        return self

    @property
    def points_um(self) -> list[list[float]]:
        """Points of the axis, x, y, z; a single one, with y of 0, for a straight vessel."""
        return self.path_um if self.path_um is not None else [[self.x_um, 0.0, self.depth_um or 0.0]]

    def point_key(self, point: int) -> str:
        """Return the key from which a point of the axis was read."""
        return "depth_um" if self.path_um is None else f"path_um[{point}]"


class LightLesion(InputTable):
    """A lesion: an ellipsoid or an upright disc of full widths `size_um`, with the refractive index of the layer."""

    name: Annotated[str, text(100)]
    shape: Annotated[str, choice("ellipsoid", "disc")] = "ellipsoid"
    centre_um: PathPoint
    size_um: EllipsoidWidths
    mua_per_cm: Annotated[float, number(0, 1e6, "1/cm")]
    mus_per_cm: Annotated[float, number(0, 1e6, "1/cm")]
    g: Annotated[float, number(-0.999, 0.999, "")]
    phase: Annotated[str, text(100)] | None = None


# Geometry: distances between straight segments, and overlap of ellipsoids and upright elliptic discs.
#
# Lengths are in any one unit. Bodies that only touch do not overlap; `OVERLAP_SLACK` allows for the rounding of
# decimals.

Floats = NDArray[np.float64]
OVERLAP_SLACK = 1e-9
CONTACT_SLACK = (
    1e-12  # of the place of the maximum, between 0 and 1: bodies whose sizes differ greatly have it near an end
)


def segment_distances(a: Floats, b: Floats, c: Floats, d: Floats) -> Floats:
    """Return the shortest distances between segments a-b and c-d, any of which may be a point.

    Parameters
    ----------
    a, b, c, d : ends, (..., 3), broadcast against each other.

    Notes
    -----
    The squared distance is a convex quadratic function of the two positions: its minimum is where the two lines are
    nearest if that is inside both segments, else at an end of one of them.
    """
    u, v, w = b - a, d - c, a - c
    uu, uv, vv = _dot(u, u), _dot(u, v), _dot(v, v)
    uw, vw = _dot(u, w), _dot(v, w)
    across = uu * vv - uv * uv
    s = np.clip(_safe_ratio(uv * vw - vv * uw, across), 0.0, 1.0)
    t = np.clip(_safe_ratio(vw + uv * s, vv), 0.0, 1.0)
    inside = _length(w + s[..., None] * u - t[..., None] * v)
    ends = (
        _distance_from_point(a, c, v),
        _distance_from_point(b, c, v),
        _distance_from_point(c, a, u),
        _distance_from_point(d, a, u),
    )
    return np.asarray(np.minimum.reduce([inside, *ends]))


def _distance_from_point(point: Floats, start: Floats, along: Floats) -> Floats:
    away = point - start
    place = np.clip(_safe_ratio(_dot(away, along), _dot(along, along)), 0.0, 1.0)
    return _length(away - place[..., None] * along)


def _dot(first: Floats, second: Floats) -> Floats:
    return np.asarray((first * second).sum(axis=-1), float)


def _length(vector: Floats) -> Floats:
    return np.asarray(np.sqrt(_dot(vector, vector)))


def _safe_ratio(above: Floats, below: Floats) -> Floats:
    out = np.zeros(np.broadcast_shapes(above.shape, below.shape))
    return np.asarray(np.divide(above, below, out=out, where=below > 0))


@dataclass(frozen=True)
class SolidBody:
    """An ellipsoid with axes along x, y, z, or a disc: an upright elliptic cylinder.

    Parameters
    ----------
    centre, half : x, y, z of the centre; half widths.
    """

    centre: Sequence[float]
    half: Sequence[float]
    disc: bool = False


def bodies_overlap(first: SolidBody, second: SolidBody) -> bool:
    """Return whether two bodies share more than a touching point; exact except for rounding."""
    if any(
        abs(p - q) >= (a + b) * (1 - OVERLAP_SLACK)
        for p, q, a, b in zip(first.centre, second.centre, first.half, second.half, strict=True)
    ):
        return False
    if not first.disc and not second.disc:
        return _ellipsoids_meet(first.centre, first.half, second.centre, second.half)
    if first.disc and second.disc:
        return _ellipsoids_meet(first.centre[:2], first.half[:2], second.centre[:2], second.half[:2])
    disc, round_one = (first, second) if first.disc else (second, first)
    # Horizontal sections of an ellipsoid contain those further from its middle: the nearest section overlaps the disc,
    # or none does.
    bottom, top = disc.centre[2] - disc.half[2], disc.centre[2] + disc.half[2]
    level = min(max(round_one.centre[2], bottom), top)
    off = (level - round_one.centre[2]) / round_one.half[2]
    cut = [half * math.sqrt(max(0.0, 1 - off * off)) for half in round_one.half[:2]]
    return _ellipsoids_meet(disc.centre[:2], disc.half[:2], round_one.centre[:2], cut)


def _ellipsoids_meet(p: Sequence[float], a: Sequence[float], q: Sequence[float], b: Sequence[float]) -> bool:
    """Return whether two ellipsoids (or ellipses) with centres p, q and half axes a, b overlap.

    They do if the maximum over 0 < t < 1 of sum((p - q)² t (1 - t) / ((1 - t) a² + t b²)) is below 1; the sum is
    concave in t (Perram and Wertheim, J Comput Phys 1985;58:409).
    """
    from scipy.optimize import minimize_scalar

    def negative_contact(t: float) -> float:
        widths = (
            math.hypot(math.sqrt(1 - t) * half, math.sqrt(t) * other_half)
            for half, other_half in zip(a, b, strict=True)
        )
        return -t * (1 - t) * sum(((x - y) / width) ** 2 for x, y, width in zip(p, q, widths, strict=True))

    found = minimize_scalar(negative_contact, bounds=(0.0, 1.0), options={"xatol": CONTACT_SLACK})
    return bool(-found.fun < 1 - OVERLAP_SLACK)


# Checks of inclusions: they must be inside the layers and the cell, and cross no step of the refractive index. Vessels
# may overlap where one branches off the other or both off a third; a vessel replaces a lesion where they overlap; two
# lesions may not overlap.

MAX_SEGMENTS = 1000


@dataclass(frozen=True)
class _Segments:
    """Straight segments of the axes of vessels.

    Parameters
    ----------
    start, end : their ends, µm, (segment, 3).
    infinite : whether a segment runs along y infinitely and is represented by a point, (segment,).
    owner : index of the vessel of each, (segment,).
    """

    start: Floats
    end: Floats
    infinite: NDArray[np.bool_]
    owner: NDArray[np.int64]

    @classmethod
    def from_vessels(cls, vessels: Sequence[LightVessel]) -> "_Segments":
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

    def select(self, mask: NDArray[np.bool_]) -> "_Segments":
        return _Segments(self.start[mask], self.end[mask], self.infinite[mask], self.owner[mask])

    def select_vessel(self, number: int) -> "_Segments":
        return self.select(self.owner == number)


def check_inclusions(
    layers: Sequence[Layer],
    vessels: Sequence[LightVessel],
    lesions: Sequence[LightLesion],
    cell: PeriodicCell | None,
) -> None:
    """Reject inclusions that reach out of the layers or the cell, cross a step of the refractive index, or overlap.

    Raises
    ------
    FieldError : the first of these.
    """
    _check_inclusion_names(layers, vessels, lesions)
    _check_segment_count(vessels)
    for index, vessel in enumerate(vessels):
        _check_vessel(f"vessel[{index}]", vessel, layers, cell)
    for index, lesion in enumerate(lesions):
        _check_lesion(f"lesion[{index}]", lesion, layers, cell)
    segments = _Segments.from_vessels(vessels)
    _check_branches_join(vessels, segments)
    _check_vessels_separate(vessels, segments)
    _check_lesions_separate(lesions)


def _check_inclusion_names(
    layers: Sequence[Layer], vessels: Sequence[LightVessel], lesions: Sequence[LightLesion]
) -> None:
    taken = {layer.name: "layer" for layer in layers}
    kinds: dict[str, Sequence[LightVessel | LightLesion]] = {"vessel": vessels, "lesion": lesions}
    for kind, things in kinds.items():
        for index, thing in enumerate(things):
            if thing.name in taken:
                raise FieldError(
                    "name-taken",
                    f'a {taken[thing.name]} is called "{thing.name}" already',
                    "The names of layers, vessels and lesions are unique.",
                    field=f"{kind}[{index}].name",
                )
            taken[thing.name] = kind


def _check_segment_count(vessels: Sequence[LightVessel]) -> None:
    count = 0
    for index, vessel in enumerate(vessels):
        count += max(1, len(vessel.points_um) - 1)
        if count > MAX_SEGMENTS:
            raise FieldError(
                "too-many-segments",
                f"the vessels up to this one have {count} straight segments",
                f"At most {MAX_SEGMENTS} in all.",
                field=f"vessel[{index}]",
            )


def _check_vessel(field: str, vessel: LightVessel, layers: Sequence[Layer], cell: PeriodicCell | None) -> None:
    radius, points = vessel.diameter_um / 2, vessel.points_um
    for index, (x, y, z) in enumerate(points):
        where = f"{field}.{vessel.point_key(index)}"
        _check_inside_layers(z - radius, z + radius, layers, f'vessel "{vessel.name}"', where)
        straight = vessel.path_um is None
        side = f"{field}.x_um" if straight else where
        _check_inside_cell(abs(x) + radius, None if straight else abs(y) + radius, cell, vessel.name, side)
    depths = [z for _, _, z in points]
    _check_single_refractive_index(min(depths) - radius, max(depths) + radius, layers, vessel.name, field)


def _check_lesion(field: str, lesion: LightLesion, layers: Sequence[Layer], cell: PeriodicCell | None) -> None:
    (x, y, z), (dx, dy, dz) = lesion.centre_um, lesion.size_um
    where = f"{field}.centre_um"
    _check_inside_layers(z - dz / 2, z + dz / 2, layers, f'lesion "{lesion.name}"', where)
    _check_inside_cell(abs(x) + dx / 2, abs(y) + dy / 2, cell, lesion.name, where)
    _check_single_refractive_index(z - dz / 2, z + dz / 2, layers, lesion.name, field)


def _check_inside_layers(top: float, bottom: float, layers: Sequence[Layer], description: str, field: str) -> None:
    end = _layer_bottoms(layers)[-1]
    if top < -OVERLAP_SLACK * bottom:
        raise FieldError(
            "above-surface",
            f"{description} stands {-top:g} µm out of the surface",
            "Its uppermost point has a depth of at least 0.",
            field=field,
        )
    if bottom > end * (1 + OVERLAP_SLACK):
        raise FieldError(
            "below-layers",
            f"{description} reaches down to {bottom:g} µm, the last layer ends at {end:g} µm",
            "Leave the last layer without thickness_um, or keep to the layers.",
            field=field,
        )


def _check_inside_cell(half_x: float, half_y: float | None, cell: PeriodicCell | None, name: str, field: str) -> None:
    """Reject inclusions that reach out of the cell; `half_y` is None for those that run along y infinitely."""
    if cell is None:
        return
    height = cell.width_um if cell.height_um is None else cell.height_um
    for axis, half, width in (("x", half_x, cell.width_um), ("y", half_y, height)):
        if half is not None and half > width / 2 * (1 + OVERLAP_SLACK):
            raise FieldError(
                "outside-cell",
                f'"{name}" reaches {half:g} µm from the middle along {axis}, the cell {width / 2:g} µm',
                "A wider cell, or all of it inside: what crosses a side would be cut there.",
                field=field,
            )


def _check_single_refractive_index(top: float, bottom: float, layers: Sequence[Layer], name: str, field: str) -> None:
    ends = _layer_bottoms(layers)
    touched = [
        layer
        for layer, start, end in zip(layers, [0.0, *ends], ends, strict=False)
        if start < bottom * (1 - OVERLAP_SLACK) and end * (1 - OVERLAP_SLACK) > top
    ]
    if len({layer.n for layer in touched}) > 1:
        raise FieldError(
            "crosses-index",
            f'"{name}" crosses layers of different refractive index: '
            + ", ".join(f'"{layer.name}" of {layer.n:g}' for layer in touched),
            "Give these layers one n, or keep to layers of one n.",
            field=field,
        )


def _layer_bottoms(layers: Sequence[Layer]) -> list[float]:
    """Return the depths of the lower faces, µm; inf for the last layer if it is semi-infinite."""
    thicknesses = [math.inf if layer.thickness_um is None else layer.thickness_um for layer in layers]
    return [sum(thicknesses[: index + 1]) for index in range(len(layers))]


def _check_branches_join(vessels: Sequence[LightVessel], segments: _Segments) -> None:
    numbers = {vessel.name: number for number, vessel in enumerate(vessels)}
    for index, vessel in enumerate(vessels):
        if vessel.branch_of is None:
            continue
        known = [name for name in numbers if name != vessel.name]
        if vessel.branch_of not in known:
            near = spelling_hint([vessel.branch_of], known)
            raise FieldError(
                "unknown-vessel",
                f'no other vessel is called "{vessel.branch_of}"',
                near or "The name of the [[vessel]] that it leaves.",
                field=f"vessel[{index}].branch_of",
            )
        stem = numbers[vessel.branch_of]
        ends = np.array([vessel.points_um[0], vessel.points_um[-1]])
        gap = float(
            _segment_gaps(
                _Segments(ends, ends, np.zeros(2, bool), np.full(2, index)), segments.select_vessel(stem)
            ).min()
        )
        if gap > vessels[stem].diameter_um / 2 * (1 + OVERLAP_SLACK):
            raise FieldError(
                "branch-apart",
                f'neither end lies in "{vessel.branch_of}": the nearer one is {gap:g} µm from its axis',
                "Begin or end path_um within half the diameter of the other axis.",
                field=f"vessel[{index}].branch_of",
            )


def _check_vessels_separate(vessels: Sequence[LightVessel], segments: _Segments) -> None:
    radius = np.array([vessel.diameter_um / 2 for vessel in vessels])[segments.owner]
    for index, vessel in enumerate(vessels):
        joined = [
            earlier_index for earlier_index, candidate in enumerate(vessels[:index]) if _are_joined(vessel, candidate)
        ]
        others = (segments.owner < index) & ~np.isin(segments.owner, joined)
        gaps = _segment_gaps(segments.select_vessel(index), segments.select(others))
        near = np.argwhere(gaps < (vessel.diameter_um / 2 + radius[others]) * (1 - OVERLAP_SLACK))
        if not len(near):
            continue
        point, segment = near[0]
        neighbour = vessels[segments.owner[others][segment]]
        raise FieldError(
            "vessels-overlap",
            f'"{vessel.name}" and "{neighbour.name}" overlap: axes {gaps[point, segment]:g} µm apart, radii '
            f"{vessel.diameter_um / 2:g} and {neighbour.diameter_um / 2:g} µm",
            f'Move one, or write branch_of = "{neighbour.name}" where one leaves the other.',
            field=f"vessel[{index}].{vessel.point_key(int(point))}",
        )


def _are_joined(first: LightVessel, second: LightVessel) -> bool:
    """Return whether one vessel branches off the other, or both off a third."""
    return (
        first.branch_of == second.name
        or second.branch_of == first.name
        or first.branch_of == second.branch_of is not None
    )


def _segment_gaps(first: _Segments, second: _Segments) -> Floats:
    """Return the distances between two sets of segments, (first, second); y does not count if either is endless."""
    counts = np.where((first.infinite[:, None] | second.infinite)[..., None], [1.0, 0.0, 1.0], 1.0)
    start, end = first.start[:, None] * counts, first.end[:, None] * counts
    return segment_distances(start, end, second.start * counts, second.end * counts)


def _check_lesions_separate(lesions: Sequence[LightLesion]) -> None:
    bodies = [
        SolidBody(lesion.centre_um, [width / 2 for width in lesion.size_um], lesion.shape == "disc")
        for lesion in lesions
    ]
    for index, body in enumerate(bodies):
        met = next(
            (number for number, other_body in enumerate(bodies[:index]) if bodies_overlap(body, other_body)), None
        )
        if met is not None:
            raise FieldError(
                "lesions-overlap",
                f'"{lesions[index].name}" and "{lesions[met].name}" overlap',
                "Move or shrink one of them.",
                field=f"lesion[{index}].centre_um",
            )
