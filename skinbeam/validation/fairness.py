"""How well a photograph is read on light and on dark skin, side by side: `python -m skinbeam.validation.fairness FACE`.

Angles are read from made pictures of known skin under lights that are balanced nearly right, in several exposures, by
three cameras. Spots and redness are painted on the cheeks of a face whose skin is given each tone by the optics of
skin, and looked for. A table in Markdown is printed.
"""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from skinbeam.estimate import Unknown
from skinbeam.photo.colour import linear
from skinbeam.photo.look import SeenSkin, look_at
from skinbeam.photo.maps.inverse import skin_maps
from skinbeam.photo.maps.level import level_of
from skinbeam.photo.reading.read import Photograph, read
from skinbeam.validation.skin_pictures import (
    Light,
    encoded,
    ita_deg,
    on_portrait,
    photographed,
    seen,
    spectra,
)

__all__ = ["TONES", "AngleError", "angle_error", "main", "melanin_error", "pictures"]

Array = NDArray[np.float64]

# Volume fraction of melanosomes by class of the typology angle, each in the middle of its class.
TONES = {"very light": 0.016, "light": 0.03, "intermediate": 0.045, "tan": 0.07, "brown": 0.12, "dark": 0.25}
BLOOD = 0.0108
LIGHTS_K, MIRED, STOPS, CAMERAS = (2700.0, 4000.0, 7500.0), (-15.0, 0.0, 15.0), (-1.0, 0.0, 1.0), ("srgb", "wide")
SPOT, FLUSH = 2.2, 2.5  # times the melanin of a lentigo, times the blood of a flushed cheek
_CHEEKS = ("cheek-right", "cheek-left")


@dataclass(frozen=True)
class AngleError:
    """Of one tone: the true angle, the root mean square error, the share of intervals that hold it, their width."""

    true_deg: float
    rms_deg: float
    held: float
    width_deg: float


def pictures(tone: float) -> Iterator[Array]:
    """Yield linear light (3,) of plain skin of such melanin under every light, exposure and camera."""
    for K, mired, stops, camera in product(LIGHTS_K, MIRED, STOPS, CAMERAS):
        yield seen(spectra(tone, BLOOD), Light(K, 1e6 / (1e6 / K + mired), stops), camera)


def angle_error(tone: float) -> AngleError:
    """Return how well the angle of plain skin of such melanin is read without a card."""
    true = ita_deg(tone, BLOOD)
    read_deg = [level_of(np.clip(light, 1e-4, 1.0), calibrated=False).ita_deg for light in pictures(tone)]
    missed = np.array([one.median - true for one in read_deg])
    return AngleError(
        true,
        float(np.sqrt((missed**2).mean())),
        float(np.mean([one.low <= true <= one.high for one in read_deg])),
        float(np.median([one.high - one.low for one in read_deg])),
    )


def melanin_error(tone: float) -> tuple[float, float, bool]:
    """Return how many times its skin's melanin a spot is read to hold, the deviation of ln, and whether both agree."""
    melanin = np.full((20, 40), tone)
    melanin[8:12, 8:12] *= SPOT
    found = skin_maps(linear(photographed(melanin, BLOOD, light=Light(stops=-0.5))), np.ones(melanin.shape, bool))
    spot = slice(9, 11), slice(9, 11)
    ratio = float(np.median(found.melanin[spot]) / found.level.melanin)
    deviation = float(np.median(found.melanin_sd[spot] / found.melanin[spot]))
    return ratio, deviation, abs(np.log(ratio / SPOT)) <= 2 * deviation


def _marked(face: Photograph, skin: SeenSkin, tone: float) -> tuple[int | None, bool | None]:
    """How many of two painted spots are found, and whether a painted flush is; None where the reader cannot tell."""
    light = linear(face.rgb)
    yy, xx = np.mgrid[: face.rgb.shape[0], : face.rgb.shape[1]]
    spots, flush = np.zeros(face.rgb.shape[:2]), np.zeros(face.rgb.shape[:2])
    for name in _CHEEKS:
        x, y = np.mean(skin.view.back(skin.regions.polygons[name]), axis=0)
        away = np.hypot(xx - x, yy - y) / (skin.view.place.pupil_px / skin.view.scale)
        spots = np.maximum(spots, np.clip((0.09 - away) / 0.02, 0, 1))
        flush = np.maximum(flush, np.clip((0.32 - away) / 0.05, 0, 1))
    # All of the picture takes the tone: hair and cloth are no skin before and after. Light is brought back to the face.
    toned = on_portrait(light, tone / TONES["light"], of=(TONES["light"], BLOOD))
    toned = toned * min(2.0, float(np.median(light[..., 1]) / np.median(toned[..., 1])))
    spotted = on_portrait(toned, 1 + (SPOT - 1) * spots, of=(tone, BLOOD))
    flushed = on_portrait(toned, 1.0, 1 + (FLUSH - 1) * flush, of=(tone, BLOOD))
    return _count(spotted, face, "spots"), None if (n := _count(flushed, face, "redness")) is None else n > 0


def _count(light: Array, face: Photograph, kind: str) -> int | None:
    skin = look_at(Photograph(encoded(light), face.sha256)).skin
    if isinstance(skin, Unknown):
        return None
    if any(one.kind == kind and isinstance(one.area_mm2, Unknown) for one in skin.findings):
        return None
    return sum(mark.kind == kind and mark.region in _CHEEKS for mark in skin.marks)


def main(arguments: Sequence[str]) -> int:
    """Print the table and return the exit code."""
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    face = read(Path(arguments[0]))
    skin = look_at(face).skin
    if isinstance(skin, Unknown):
        print(skin.reason, file=sys.stderr)
        return 3
    print("| skin | true ITA | rms error | in interval | width | spot of 2.2 times read as | spots found | redness |")
    print("|---|---|---|---|---|---|---|---|")
    for name, tone in TONES.items():
        angle, (ratio, deviation, _) = angle_error(tone), melanin_error(tone)
        spots, red = _marked(face, skin, tone)
        low, high = ratio * np.exp(-2 * deviation), ratio * np.exp(2 * deviation)
        print(
            f"| {name} | {angle.true_deg:.0f}° | {angle.rms_deg:.0f}° | {100 * angle.held:.0f} % "
            f"| {angle.width_deg:.0f}° "
            f"| {ratio:.1f} ({low:.1f} to {high:.1f}) | {'cannot be told' if spots is None else f'{spots} of 2'} "
            f"| {'cannot be told' if red is None else 'found' if red else 'not found'} |"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
