"""Corrects the colours of a picture by a card in it: a factor for each channel, or a polynomial of 24 patches."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skinbeam.estimate import Unknown
from skinbeam.messages import Message
from skinbeam.photo.card.chart import Chart, fitted, lab_of, reference_light
from skinbeam.photo.gates import limit
from skinbeam.provenance import used

__all__ = ["Calibration", "by_chart", "by_white", "uncorrected"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Calibration:
    """What brings linear light as read to linear light as it is.

    Parameters
    ----------
    matrix : (3, 3), or (6, 3) for light and its root products.
    delta_E : mean error that is left on the patches of a chart, each foretold by the others; None without a chart.
    outline : (4, 2) corners of the chart in pixels of the picture, or None.
    """

    matrix: Array
    delta_E: float | None = None
    outline: Array | None = None

    @property
    def corrects(self) -> bool:
        """Whether it stands for a card; the calibration that changes nothing does not."""
        return not np.array_equal(self.matrix, np.eye(3))

    def __call__(self, light: Array) -> Array:
        """Return light (..., 3) corrected; none is negative."""
        if not self.corrects:
            return np.maximum(light, 0.0)
        terms = light if len(self.matrix) == 3 else _with_roots(light)
        return np.asarray(np.maximum(terms @ self.matrix, 0.0))

    def as_record(self) -> dict[str, Any]:
        """Return the JSON shape."""
        if self.delta_E is None or self.outline is None:
            return {"kind": "white-card"}
        return {"kind": "chart", "delta_E": self.delta_E, "outline": self.outline}


def uncorrected() -> Calibration:
    """Return the calibration that changes nothing."""
    return Calibration(np.eye(3))


def by_white(gain: Array) -> Calibration:
    """Return the calibration by a white card: a factor (3,) for each channel."""
    return Calibration(np.diag(gain))


def by_chart(chart: Chart) -> Calibration | Unknown:
    """Return the calibration by a chart, or why it says nothing.

    A matrix, and light joined by the roots of its products (Finlayson, Mackiewicz and Hurlbert 2015), which an exposure
    scales alike, are both fitted; the one that better foretells each patch from the others is used. Errors weigh as
    in L*, which follows the cube root of light.
    """
    used("finlayson2015")
    kept = ~chart.clipped
    if kept.sum() < limit("chart", "patches_min"):
        return Unknown(Message("photo-colour.chart_clipped").text)
    seen, wanted = chart.light[kept], reference_light()[kept]
    errors = {}
    for count, terms in ((3, seen), (6, _with_roots(seen))):
        others = [np.delete(np.arange(len(seen)), k) for k in range(len(seen))]
        foretold = [terms[k] @ fitted(terms[rest], wanted[rest]) for k, rest in enumerate(others)]
        errors[count] = float(np.mean(np.linalg.norm(lab_of(np.array(foretold)) - lab_of(wanted), axis=1)))
    best = min(errors, key=lambda count: errors[count])
    if errors[best] > limit("chart", "use_delta_E"):
        params = {"delta_E": errors[best], "most": limit("chart", "use_delta_E")}
        return Unknown(Message("photo-colour.chart_uneven", params).text)
    terms = seen if best == 3 else _with_roots(seen)
    return Calibration(fitted(terms, wanted), errors[best], chart.outline)


def _with_roots(light: Array) -> Array:
    light = np.maximum(light, 0.0)
    return np.concatenate([light, np.sqrt(light * np.roll(light, -1, axis=-1))], axis=-1)
