"""What the reader of any document should know of the draws behind it."""

import numpy as np
from numpy.typing import NDArray

from skinbeam.messages import text
from skinbeam.simulate.appearance import reading_warnings
from skinbeam.simulate.scene import Scene
from skinbeam.simulate.skins.ensemble import effective_draws

__all__ = ["draw_warnings"]

FEW_DRAWS = 20  # below, fewer than two draws lie beyond either end of an interval of 0.8


def draw_warnings(scene: Scene, weights: NDArray[np.float64]) -> list[dict[str, str]]:
    """Return warnings of a reading that hardly any draw agrees with, and of draws too few for an interval."""
    warnings = reading_warnings(scene.skin.reading, weights)
    if effective_draws(weights) < FEW_DRAWS <= weights.size:
        params = {"effective": round(effective_draws(weights), 1), "draws": weights.size}
        warnings.append({"code": "few-effective-draws", "message": text("simulate.few-effective-draws", params)})
    return warnings
