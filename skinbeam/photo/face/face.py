"""A face as a record, whichever finder saw it."""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from skinbeam.photo.gates import limit

__all__ = ["Face"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Face:
    """One face, in pixels of an upright picture; right and left are the person's own.

    Parameters
    ----------
    right_pupil, left_pupil, mouth : x, y.
    box : x, y, width, height of the detection.
    backend : `cascades` or `mesh`.
    points : (478, 2) mesh points, or None.
    iris_px : horizontal diameter of the visible iris, the same for both eyes, or None where its edge is not seen.
    """

    right_pupil: tuple[float, float]
    left_pupil: tuple[float, float]
    mouth: tuple[float, float]
    box: tuple[float, float, float, float]
    backend: str
    points: Array | None = None
    iris_px: float | None = None

    @property
    def pupil_px(self) -> float:
        """Distance between the pupils."""
        return math.dist(self.right_pupil, self.left_pupil)

    @property
    def roll_deg(self) -> float:
        """Turn in the picture plane; 0 when the eyes are level, ±180 when upside down."""
        (x0, y0), (x1, y1) = self.right_pupil, self.left_pupil
        return math.degrees(math.atan2(y1 - y0, x1 - x0))

    @property
    def stretch(self) -> float:
        """Length of the lower face against that of the template (`face.mouth_at`)."""
        return math.dist(self.middle, self.mouth) / (self.pupil_px * limit("face", "mouth_at"))

    @property
    def middle(self) -> tuple[float, float]:
        """The point midway between the pupils."""
        (x0, y0), (x1, y1) = self.right_pupil, self.left_pupil
        return (x0 + x1) / 2, (y0 + y1) / 2

    def place(self, template: Array) -> Array:
        """Return template points (n, 2), in pupil distances from `middle`, as pixels; the lower face is stretched."""
        (x0, y0), (x1, y1) = self.right_pupil, self.left_pupil
        across = np.array([x1 - x0, y1 - y0])
        down = np.array([-across[1], across[0]])
        x, y = template[:, 0], template[:, 1]
        y = np.where(y > 0, y * self.stretch, y)
        return np.asarray(self.middle + x[:, None] * across + y[:, None] * down)

    def moved(self, scale: float, dx: float, dy: float) -> "Face":
        """Return this face in a picture cut at (dx, dy) and then scaled."""

        def to(point: tuple[float, float]) -> tuple[float, float]:
            # Pixel centres keep their place under a resize that maps edges to edges.
            return (point[0] + 0.5 - dx) * scale - 0.5, (point[1] + 0.5 - dy) * scale - 0.5

        x, y = to((self.box[0], self.box[1]))
        points = None if self.points is None else (self.points + 0.5 - (dx, dy)) * scale - 0.5
        return replace(
            self,
            right_pupil=to(self.right_pupil),
            left_pupil=to(self.left_pupil),
            mouth=to(self.mouth),
            box=(x, y, self.box[2] * scale, self.box[3] * scale),
            points=points,
            iris_px=None if self.iris_px is None else self.iris_px * scale,
        )
