"""Read the face template of `data/photo.toml`: outlines and holes in pupil distances from the middle of the eyes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from skinbeam.model.package_data import load_package_table
from skinbeam.model.sources import cite_sources
from skinbeam.model.value_equality import compared_by_value

__all__ = ["DarkSpotTemplate", "FaceTemplate", "face_template", "mirror_outline"]

Outline: TypeAlias = NDArray[np.float64]  # points (n, 2)
Ellipse: TypeAlias = Sequence[float]  # centre x and y, and half axes


@compared_by_value
@dataclass(frozen=True)
class DarkSpotTemplate:
    """The area in which very dark spots are searched for, and what is dark in it by itself.

    Eye, nostril and brow are those of one side.
    """

    outline: Outline
    mouth: Outline
    eye: Ellipse
    nostril: Ellipse
    brow: Outline


@compared_by_value
@dataclass(frozen=True)
class FaceTemplate:
    """Outlines by region, the outline of the sample of skin colour, the holes of one side, and the dark spots' area."""

    regions: Mapping[str, Outline]
    colour_sample: Outline
    holes: Mapping[str, Ellipse]
    dark_spots: DarkSpotTemplate


def face_template() -> FaceTemplate:
    """Return the face template."""
    template, source = _read_template()
    cite_sources(source)
    return template


@cache
def _read_template() -> tuple[FaceTemplate, str]:
    table: Any = load_package_table("data/photo.toml")["template"]
    regions: dict[str, Outline] = {}
    for name, points in table["half"].items():
        right = np.array(points)
        if name in table["middle"]:
            regions[name] = mirror_outline(right)
        else:
            regions[f"{name}-right"], regions[f"{name}-left"] = right, right * (-1, 1)
    dark = table["dark_spots"]
    dark_spots = DarkSpotTemplate(
        outline=mirror_outline(np.array(dark["outline"])),
        mouth=mirror_outline(np.array(dark["mouth"])),
        eye=dark["eye"],
        nostril=dark["nostril"],
        brow=np.array(dark["brow"]),
    )
    sample = mirror_outline(np.array(table["learn"]["half"]))
    return FaceTemplate(regions, sample, table["holes"], dark_spots), table["source"]


def mirror_outline(half: Outline) -> Outline:
    """Return an outline of which the points of one side are given, from top to bottom."""
    return np.concatenate([half, half[::-1] * (-1, 1)])
