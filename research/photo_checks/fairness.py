"""How well a photograph is read on light and on dark skin, side by side: `python -m research.photo_checks.fairness
FACE`.

Angles are read from made pictures of known skin under lights that are balanced nearly right, in several exposures, by
two cameras of two contrasts. Redness is drawn on made skin of the same tones and looked for; spots and redness are also
painted on the cheeks of a face whose skin is given each tone by the optics of skin. Tables in Markdown are printed.
"""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from research.photo_checks.skin_pictures import (
    Illuminant,
    camera_light,
    encode_picture,
    interpolate_spectra,
    ita_deg,
    repigment_portrait,
    take_picture,
)
from skinbeam.model.estimate import Estimate, Unknown
from skinbeam.photo.analysis import SkinAnalysis, analyse_photograph
from skinbeam.photo.colour import srgb_to_linear
from skinbeam.photo.decoding.photograph import DecodedPhotograph, read_photograph
from skinbeam.photo.face.regions import SkinRegions
from skinbeam.photo.findings.patches import find_redness
from skinbeam.photo.findings.spots import find_round_marks
from skinbeam.photo.pigment_maps.blood_contrast import shows_redness
from skinbeam.photo.pigment_maps.inversion import compute_skin_maps
from skinbeam.photo.pigment_maps.pigment_density import optical_density, pigment_directions
from skinbeam.photo.pigment_maps.skin_level import estimate_skin_level

__all__ = [
    "TONES",
    "AngleError",
    "DetectionRates",
    "angle_error",
    "detection_rates",
    "main",
    "melanin_error",
    "plain_pictures",
]

Array = NDArray[np.float64]

# Volume fraction of melanosomes by class of the typology angle, each in the middle of its class.
TONES = {"very light": 0.016, "light": 0.03, "intermediate": 0.045, "tan": 0.07, "brown": 0.12, "dark": 0.25}
BLOOD = 0.0108
LIGHTS_K, MIRED, STOPS, CAMERAS = (2700.0, 4000.0, 7500.0), (-15.0, 15.0), (-1.0, 0.0, 1.0), ("srgb", "wide")
CONTRASTS = (1.0, 1.3)
SPOT, FLUSH = 2.2, 2.5  # melanin of a lentigo and blood of a flushed cheek, as multiples of the surrounding skin
_GREY = 0.18  # fixed point of a camera's contrast curve
_SIDE, _MM_PER_PX = 128, 0.39  # drawn skin: pixels of a side, and their width
RED_FLUSH = (2.0, 3.0)  # times the blood of flushed cheeks
_CHEEKS = ("cheek-right", "cheek-left")


@dataclass(frozen=True)
class AngleError:
    """Errors of the skin colour angle for one tone.

    The true angle, the root mean square error, the share of intervals that contain it, and their width.
    """

    true_deg: float
    rms_deg: float
    coverage: float
    width_deg: float


def plain_pictures(tone: float) -> Iterator[Array]:
    """Yield linear light (3,) of plain skin with this melanin under every light and exposure, by every camera."""
    for K, mired, stops, camera, contrast in product(LIGHTS_K, MIRED, STOPS, CAMERAS, CONTRASTS):
        light = np.clip(
            camera_light(interpolate_spectra(tone, BLOOD), Illuminant(K, 1e6 / (1e6 / K + mired), stops), camera),
            1e-4,
            1.0,
        )
        yield np.clip(_GREY * (light / _GREY) ** contrast, 1e-4, 1.0)


def angle_error(tone: float) -> AngleError:
    """Return the error of the angle of plain skin with this melanin, estimated without a card."""
    true = ita_deg(tone, BLOOD)
    read_deg = [estimate_skin_level(light, calibrated=False).ita_deg for light in plain_pictures(tone)]
    missed = np.array([estimate.median - true for estimate in read_deg])
    return AngleError(
        true,
        float(np.sqrt((missed**2).mean())),
        float(np.mean([estimate.low <= true <= estimate.high for estimate in read_deg])),
        float(np.median([estimate.high - estimate.low for estimate in read_deg])),
    )


def melanin_error(tone: float) -> tuple[float, float, bool]:
    """Return the estimated melanin of a spot over that of its skin, its deviation of ln, and whether it is correct."""
    melanin = np.full((20, 40), tone)
    melanin[8:12, 8:12] *= SPOT
    found = compute_skin_maps(
        srgb_to_linear(take_picture(melanin, BLOOD, light=Illuminant(stops=-0.5))), np.ones(melanin.shape, bool)
    )
    spot = slice(9, 11), slice(9, 11)
    ratio = float(np.median(found.melanin[spot]) / found.level.melanin)
    deviation = float(np.median(found.melanin_sd[spot] / found.melanin[spot]))
    return ratio, deviation, abs(np.log(ratio / SPOT)) <= 2 * deviation


@dataclass(frozen=True)
class DetectionRates:
    """Detection rates for one tone: of flushed cheeks by their blood, drawn by the optics of skin.

    `false_spots` is the number of roundish marks of any kind found on plain skin, per hundred square centimetres;
    `redness_unreadable` is the share of pictures of plain skin for which redness is reported as not detectable.
    """

    flushed: tuple[float, ...]
    false_spots: float
    redness_unreadable: float


def detection_rates(tone: float) -> DetectionRates:
    """Return the detection rates on drawn skin with this melanin, under three lights by two cameras."""
    xx = np.arange(_SIDE)[None, :] + np.zeros((_SIDE, 1))
    plain, false = np.ones((_SIDE, _SIDE)), 0
    flushed, untold = [0] * len(RED_FLUSH), 0
    shots = list(product(LIGHTS_K, CAMERAS))
    for seed, (K, camera) in enumerate(shots):
        shot = _TestPicture(tone, Illuminant(K, stops=-0.5), camera, seed)
        light = shot.render(plain, plain)
        level = estimate_skin_level(np.median(light.reshape(-1, 3), axis=0), calibrated=False)
        dense, pigment = optical_density(light), pigment_directions(level)
        false += len(find_round_marks(dense, pigment, level.ita_deg, _SINGLE_REGION, _SCALE))
        untold += not shows_redness(level)
        for k, times in enumerate(RED_FLUSH):
            light = shot.render(plain, np.where(xx < _SIDE // 4, times, 1.0))
            flushed[k] += any(
                mark.region == _BANDS[0]
                for mark in find_redness(optical_density(light), level.ita_deg, _FOUR_REGIONS, _SCALE)
            )
    area_cm2 = len(shots) * (_SIDE * _MM_PER_PX / 10) ** 2
    return DetectionRates(
        tuple(count / len(shots) for count in flushed),
        100 * false / area_cm2,
        untold / len(shots),
    )


@dataclass(frozen=True)
class _TestPicture:
    """One picture of mottled skin: its melanin, light, camera, and the seed of its mottling."""

    tone: float
    light: Illuminant
    camera: str
    seed: int

    def render(self, brown: Array, red: Array) -> Array:
        """Return linear light of skin with multiplied melanin and blood, with noise and a gradient of light."""
        rng = np.random.default_rng(self.seed)
        melanin, blood = (np.exp(0.06 * _field(rng, 8.0)) for _ in range(2))
        shade = np.exp(0.02 * _field(rng, 1.5) + 0.3 * np.linspace(-0.5, 0.5, _SIDE)[:, None])
        shown = take_picture(
            self.tone * melanin * brown, BLOOD * blood * red, shade=shade, light=self.light, camera=self.camera
        )
        noisy = np.clip(np.round(cv2.GaussianBlur(shown, (0, 0), 0.5) + rng.normal(0, 1.5, shown.shape)), 0, 255)
        return np.asarray(cv2.GaussianBlur(srgb_to_linear(noisy.astype(np.uint8)), (0, 0), 0.35 / _MM_PER_PX))


def _field(rng: np.random.Generator, sd_px: float) -> Array:
    noise = cv2.GaussianBlur(rng.standard_normal((_SIDE, _SIDE)), (0, 0), sd_px)
    return np.asarray(noise / noise.std())


_SCALE = Estimate(_MM_PER_PX, 0.9 * _MM_PER_PX, 1.1 * _MM_PER_PX, 0.95, "assumed")
_BANDS = ("cheek-right", "nose", "chin", "cheek-left")
_WHOLE = np.ones((_SIDE, _SIDE), bool)
_SINGLE_REGION = SkinRegions({"cheek-right": _WHOLE}, {}, ())
_FOUR_REGIONS = SkinRegions(
    {name: _WHOLE & (np.arange(_SIDE) * 4 // _SIDE == k) for k, name in enumerate(_BANDS)},
    {},
    (),
)


def _detect_painted(face: DecodedPhotograph, skin: SkinAnalysis, tone: float) -> tuple[int | None, bool | None]:
    """Return how many of two painted spots are found, and whether a painted flush is; None if it cannot be assessed."""
    light = srgb_to_linear(face.rgb)
    yy, xx = np.mgrid[: face.rgb.shape[0], : face.rgb.shape[1]]
    spots, flush = np.zeros(face.rgb.shape[:2]), np.zeros(face.rgb.shape[:2])
    for name in _CHEEKS:
        x, y = np.mean(skin.view.to_picture(skin.regions.polygons[name]), axis=0)
        away = np.hypot(xx - x, yy - y) / (skin.view.place.pupil_px / skin.view.scale)
        spots = np.maximum(spots, np.clip((0.09 - away) / 0.02, 0, 1))
        flush = np.maximum(flush, np.clip((0.32 - away) / 0.05, 0, 1))
    # The whole picture takes the tone, since hair and cloth are never analysed; brightness is then restored.
    toned = repigment_portrait(light, tone / TONES["light"], base_pigment=(TONES["light"], BLOOD))
    toned = toned * min(2.0, float(np.median(light[..., 1]) / np.median(toned[..., 1])))
    spotted = repigment_portrait(toned, 1 + (SPOT - 1) * spots, base_pigment=(tone, BLOOD))
    flushed = repigment_portrait(toned, 1.0, 1 + (FLUSH - 1) * flush, base_pigment=(tone, BLOOD))
    return _count(spotted, face, "spots"), None if (n := _count(flushed, face, "redness")) is None else n > 0


def _count(light: Array, face: DecodedPhotograph, kind: str) -> int | None:
    skin = analyse_photograph(DecodedPhotograph(encode_picture(light), face.sha256)).skin
    if isinstance(skin, Unknown):
        return None
    if any(finding.kind == kind and isinstance(finding.area_mm2, Unknown) for finding in skin.findings):
        return None
    return sum(mark.kind == kind and mark.region in _CHEEKS for mark in skin.marks)


def main(arguments: Sequence[str]) -> int:
    """Print the tables and return the exit code."""
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    face = read_photograph(Path(arguments[0]))
    skin = analyse_photograph(face).skin
    if isinstance(skin, Unknown):
        print(skin.reason, file=sys.stderr)
        return 3
    print("| skin | true ITA | rms error | in interval | width | spot of 2.2 times read as | spots found | redness |")
    print("|---|---|---|---|---|---|---|---|")
    for name, tone in TONES.items():
        angle, (ratio, deviation, _) = angle_error(tone), melanin_error(tone)
        spots, red = _detect_painted(face, skin, tone)
        low, high = ratio * np.exp(-2 * deviation), ratio * np.exp(2 * deviation)
        print(
            f"| {name} | {angle.true_deg:.0f}° | {angle.rms_deg:.0f}° | {100 * angle.coverage:.0f} % "
            f"| {angle.width_deg:.0f}° "
            f"| {ratio:.1f} ({low:.1f} to {high:.1f}) | {'cannot be told' if spots is None else f'{spots} of 2'} "
            f"| {'cannot be told' if red is None else 'found' if red else 'not found'} |"
        )
    print()
    print("| drawn and found | " + " | ".join(TONES) + " |")
    print("|---" * (len(TONES) + 1) + "|")
    found = [detection_rates(tone) for tone in TONES.values()]
    rows = {
        **{
            f"redness of a cheek, {times:g} times the blood": [f"{100 * rates.flushed[k]:.0f} %" for rates in found]
            for k, times in enumerate(RED_FLUSH)
        },
        "false spots in 100 cm² of plain skin": [f"{rates.false_spots:.1f}" for rates in found],
        "redness said not to be told": [f"{100 * rates.redness_unreadable:.0f} %" for rates in found],
    }
    for name, values in rows.items():
        print(f"| {name} | " + " | ".join(values) + " |")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
