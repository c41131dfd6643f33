"""Vessels and lesions inside the layers of a layers file, and the cell that repeats them."""

from itertools import pairwise
from typing import Annotated

from pydantic import Field, model_validator

from skinbeam.schema.fields import FieldFault, Section, choice, number, text

__all__ = ["Cell", "LightLesion", "LightVessel"]

Point = Annotated[list[Annotated[float, number(-1e6, 1e6, "µm")]], Field(min_length=3, max_length=3)]
Widths = Annotated[list[Annotated[float, number(0, 1e6, "µm", above=True)]], Field(min_length=3, max_length=3)]


class Cell(Section):
    """A cell around x = y = 0 that repeats without end in x and y; `height_um` (in y) is `width_um` when left out."""

    width_um: Annotated[float, number(0, 1e6, "µm", above=True)]
    height_um: Annotated[float, number(0, 1e6, "µm", above=True)] | None = None


class LightVessel(Section):
    """A tube: straight along y without end at `depth_um` and `x_um`, or along `path_um`; n is that of the layer.

    It holds every point within half its diameter of its axis: cylinders with round joints and ends.
    """

    name: Annotated[str, text(100)]
    diameter_um: Annotated[float, number(0, 1e6, "µm", above=True)]
    depth_um: Annotated[float, number(0, 1e6, "µm", above=True)] | None = None
    x_um: Annotated[float, number(-1e6, 1e6, "µm")] = 0.0
    path_um: Annotated[list[Point], Field(min_length=2, max_length=200)] | None = None
    branch_of: Annotated[str, text(100)] | None = None
    mua_per_cm: Annotated[float, number(0, 1e6, "1/cm")]
    mus_per_cm: Annotated[float, number(0, 1e6, "1/cm")]
    g: Annotated[float, number(-0.999, 0.999, "")]
    phase: Annotated[str, text(100)] | None = None

    @model_validator(mode="after")
    def _one_course(self) -> "LightVessel":
        if self.depth_um is None and self.path_um is None:
            raise FieldFault(
                "missing-key",
                '"depth_um" is missing, nothing was read',
                "Give depth_um for a straight vessel along y, or path_um for points of its axis.",
                field="depth_um",
            )
        for name in ("depth_um", "x_um"):
            if self.path_um is not None and name in self.model_fields_set:
                raise FieldFault(
                    "two-courses",
                    f"{name} and path_um are both given",
                    "Keep depth_um with x_um for a straight vessel along y, or path_um.",
                    field=name,
                )
        if self.path_um is None and self.branch_of is not None:
            raise FieldFault(
                "branch-without-end",
                "a straight vessel along y has no end where it could branch off",
                "Give path_um instead of depth_um.",
                field="branch_of",
            )
        for index, (one, other) in enumerate(pairwise(self.path_um or [])):
            if one == other:
                raise FieldFault(
                    "point-twice",
                    f"two points in a row are the same, read {other}",
                    "Leave one of them out.",
                    field=f"path_um[{index + 1}]",
                )
        return self

    @property
    def points_um(self) -> list[list[float]]:
        """Points of the axis, x, y, z; one, with y of 0, for a straight vessel."""
        return self.path_um if self.path_um is not None else [[self.x_um, 0.0, self.depth_um or 0.0]]

    def field_of(self, point: int) -> str:
        """Return the key that a point of the axis was read from."""
        return "depth_um" if self.path_um is None else f"path_um[{point}]"


class LightLesion(Section):
    """An ellipsoid, or a disc that stands upright; `size_um` are its full widths; n is that of the layer."""

    name: Annotated[str, text(100)]
    shape: Annotated[str, choice("ellipsoid", "disc")] = "ellipsoid"
    centre_um: Point
    size_um: Widths
    mua_per_cm: Annotated[float, number(0, 1e6, "1/cm")]
    mus_per_cm: Annotated[float, number(0, 1e6, "1/cm")]
    g: Annotated[float, number(-0.999, 0.999, "")]
    phase: Annotated[str, text(100)] | None = None
