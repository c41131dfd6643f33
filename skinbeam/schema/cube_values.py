"""What an array of voxels must be, whatever file it stands in."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skinbeam.schema.fields import FieldFault

__all__ = ["ARRAY", "MOST_VOXELS", "check_array", "first_wrong", "no_such_medium", "nothing_called"]

ARRAY = "medium"
MOST_VOXELS = 2**28
SHOWN_NAMES = 5
SLAB_VALUES = 2**20


def nothing_called(file: str, names: Iterable[str]) -> FieldFault:
    """Return the fault of a file without the array, which names those that are there."""
    there = sorted(set(names))
    shown = ", ".join(ascii(name[:40]) for name in there[:SHOWN_NAMES]) + (", ..." if there[SHOWN_NAMES:] else "")
    return FieldFault(
        "no-array",
        f'"{file}" holds no array `{ARRAY}`, read {shown or "nothing"}',
        f"One integer array called `{ARRAY}`.",
    )


def check_array(shape: Sequence[int], dtype: np.dtype[Any]) -> None:
    """Refuse, by the header alone, what is not a cube of integers of a size that can be held.

    Raises
    ------
    FieldFault : which of these it is.
    """
    if dtype.kind not in "iu":
        read = "objects" if dtype.hasobject else str(dtype)[:40]
        raise FieldFault(
            "not-integers",
            f"`{ARRAY}` does not hold integers, read {read}",
            "Indices into [[medium]] from 0, as uint8.",
        )
    if len(shape) != 3:
        raise FieldFault("not-a-cube", f"`{ARRAY}` has {len(shape)} axes, not 3", "Axes x, y, z, with z downwards.")
    read = " x ".join(str(size)[:20] for size in shape)
    if min(shape) < 1:
        raise FieldFault("empty-cube", f"`{ARRAY}` holds no voxel, read {read}", "At least one voxel along each axis.")
    if math.prod(shape) > MOST_VOXELS:
        raise FieldFault("cube-too-large", f"`{ARRAY}` has {read} voxels", f"At most {MOST_VOXELS:,} in all.")


def first_wrong(values: NDArray[Any], media: int) -> tuple[int, ...] | None:
    """Return the place of the first index without a medium, None when every one has one."""
    if values.min() >= 0 and values.max() < media:
        return None
    # Slab by slab: the comparison of a whole chunk would take as much memory again.
    thick = max(1, SLAB_VALUES // values[0].size)
    for first in range(0, len(values), thick):
        slab = values[first : first + thick]
        wrong = np.argwhere((slab < 0) | (slab >= media))
        if len(wrong):
            return (first + int(wrong[0, 0]), *(int(index) for index in wrong[0, 1:]))
    return None


def no_such_medium(place: Sequence[int], value: int, media: int) -> FieldFault:
    """Return the fault of the voxel at `place`, x, y, z."""
    x, y, z = place
    there = "is one medium" if media == 1 else f"are {media} media"
    return FieldFault(
        "no-such-medium",
        f"the voxel at x {x}, y {y}, z {z} holds {value}, there {there}",
        f"From 0 to {media - 1}: an index into [[medium]] in the order of the file.",
    )
