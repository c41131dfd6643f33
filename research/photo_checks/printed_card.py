"""How well the printed card is found and read in drawn photographs: `python -m research.photo_checks.printed_card`.

A table in Markdown is printed: of 200 scenes the share in which the card is found, the error of the scale, and, where a
colour is reported, its error, the width of its interval and the share of intervals that hold the true angle. Limits
were chosen on the first 80 scenes; the others judge them. It takes some ten minutes.
"""

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from research.photo_checks.card_scenes import card_scene
from skinbeam.model.estimate import Estimate, Unknown
from skinbeam.photo.analysis import analyse_photograph
from skinbeam.photo.decoding.photograph import DecodedPhotograph
from skinbeam.photo.printed_card.finder import find_printed_card

__all__ = ["CHOSEN_ON", "SCENES", "CardReadingResult", "main", "read_scene", "table_rows"]

CHOSEN_ON, SCENES = 80, 200
_CLASSES = {"dark and brown": (-90.0, 10.0), "tan and intermediate": (10.0, 41.0), "light": (41.0, 90.0)}


@dataclass(frozen=True)
class CardReadingResult:
    """What was read in one scene.

    Parameters
    ----------
    seed, ita_deg, stops : of the scene.
    is_found : whether the card was.
    scale_ratio : scale read over the true one; None where nothing was read.
    read_deg : angle read beside the card; None where none is reported.
    """

    seed: int
    ita_deg: float
    stops: float
    is_found: bool
    scale_ratio: float | None
    read_deg: Estimate | None


def read_scene(seed: int) -> CardReadingResult:
    """Draw the scene of a seed and read it as a forearm without a face."""
    scene = card_scene(seed)
    analysis = analyse_photograph(DecodedPhotograph(scene.rgb, "0" * 64), site="arms")
    scale, angle = None, None
    if not isinstance(analysis.skin, Unknown):
        if isinstance(analysis.skin.scale_mm_per_px, Estimate):
            scale = analysis.skin.scale_mm_per_px.median / scene.mm_per_px
        colour = analysis.skin.colour
        angle = None if isinstance(colour, Unknown) or not colour.calibrated else colour.ita_deg
    return CardReadingResult(seed, scene.ita_deg, scene.stops, find_printed_card(scene.rgb) is not None, scale, angle)


def table_rows(results: Sequence[CardReadingResult]) -> list[list[str]]:
    """Return the rows of the table (scenes, found, reported, error, width, share held) for all and for parts."""
    parts = {"all": results, "not used to choose limits": [result for result in results if result.seed >= CHOSEN_ON]}
    parts |= {
        name: [result for result in results if low <= result.ita_deg < high] for name, (low, high) in _CLASSES.items()
    }
    parts["at most half a stop over"] = [result for result in results if result.stops <= 0.5]
    return [[name, *_figures(part)] for name, part in parts.items()]


def _figures(results: Sequence[CardReadingResult]) -> Iterable[str]:
    readings = [(result.ita_deg, result.read_deg) for result in results if result.read_deg is not None]
    missed: NDArray[np.float64] = np.array([read.median - true for true, read in readings])
    width = np.median([read.high - read.low for _, read in readings])
    covered = np.mean([read.low <= true <= read.high for true, read in readings])
    scales = np.array([result.scale_ratio for result in results if result.scale_ratio is not None])
    yield f"{len(results)}"
    yield f"{sum(result.is_found for result in results)}"
    yield f"{100 * np.quantile(np.abs(scales - 1), 0.9):.1f} %"
    yield f"{len(readings)}"
    yield f"{missed.mean():+.0f}°, {np.sqrt((missed**2).mean()):.0f}°"
    yield f"{width:.0f}°"
    yield f"{100 * covered:.0f} %"


def main(arguments: Sequence[str]) -> None:
    """Print the table of so many scenes."""
    count = int(arguments[0]) if arguments else SCENES
    head = ["scenes", "number", "found", "scale, 9 in 10 within", "colour told", "mean and rms error", "width", "held"]
    print("| " + " | ".join(head) + " |\n|" + "---|" * len(head))
    for row in table_rows([read_scene(seed) for seed in range(count)]):
        print("| " + " | ".join(row) + " |")


if __name__ == "__main__":
    main(sys.argv[1:])
