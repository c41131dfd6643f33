"""Measure both pictures of a pair and simulated copies of them, which give the error for unchanged skin.

A copy of a picture differs from it as the other picture of the pair does, in everything but the skin. A measurement on
the copy should equal the one on the picture. Copies are stored well and nothing else differs between them, so the same
measurement on plain skin, where the two pictures should not differ, adds what a poor file, a filter or the gloss of the
day make of them. Both together are a lower bound of the error: a flush or a look changes the marks, too.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from skinbeam.model.estimate import Estimate
from skinbeam.model.value_equality import compared_by_value
from skinbeam.photo.colour import encode_srgb, srgb_to_linear
from skinbeam.photo.comparison.blur import blur_light, masked_mean
from skinbeam.photo.comparison.contrast import (
    ContrastMeasure,
    DensityParts,
    ReferenceSkin,
    density_parts,
    measure_contrasts,
    measure_unevenness,
    subtract_parts,
)
from skinbeam.photo.comparison.frame import ComparisonFrame
from skinbeam.photo.comparison.illumination import LightChange, log_gain
from skinbeam.photo.comparison.registration import RegisteredPicture, register
from skinbeam.photo.face.face import Face
from skinbeam.photo.limits import limit
from skinbeam.photo.pigment_maps.pigment_density import PigmentDirections

__all__ = [
    "MAPS",
    "ComparisonSetup",
    "RepeatedMeasurement",
    "comparison_estimate",
    "joint_factor",
    "make_copy",
    "measure_repeatedly",
]

Image = NDArray[np.float32]


def make_copy(
    light: Image, face: Face, change: LightChange, flow_pupil: float, rng: np.random.Generator
) -> tuple[Image, Face]:
    """Return a simulated copy of linear light (height, width, 3), and its face as a finder may locate it.

    Light, contrast and noise change as between the two pictures; the head turns by as much as their flow; the picture
    is rotated, reduced and compressed again.
    """
    ln = np.log(np.maximum(light, 1e-4))
    middle = np.median(ln, axis=(0, 1))
    ln = middle + change.contrast * (ln - middle) + change.gain_ln + change.field
    ln = ln + change.noise_ln * rng.standard_normal(ln.shape)
    exposed = np.exp(ln)
    height, width = light.shape[:2]
    zoom = rng.uniform(1 - limit("pair", "copy_smaller"), 1.0)
    turn = zoom * np.exp(1j * np.radians(rng.normal(0, limit("pair", "copy_turn_deg"))))
    middle_px = complex(*face.middle)
    shift = middle_px - turn * middle_px + complex(*rng.uniform(-0.5, 0.5, 2))
    y, x = np.mgrid[:height, :width].astype(np.float64)
    of = ((x + 1j * y) - shift) / turn
    wave = _displacement_wave(light.shape[:2], face.pupil_px, flow_pupil * face.pupil_px, rng)
    at = np.stack([of.real + wave[0], of.imag + wave[1]], axis=-1).astype(np.float32)
    laid = cv2.remap(exposed.astype(np.float32), at, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return _jpeg_round_trip(laid), _perturb_face(face, turn, shift, rng)


def _displacement_wave(shape: tuple[int, ...], pupil_px: float, size_px: float, rng: np.random.Generator) -> Image:
    """Return a smooth displacement (2, height, width) whose 95th percentile is about `size_px`."""
    wide = limit("pair", "copy_wave_pupil") * pupil_px
    coarse = max(1.0, wide / 4)
    grid = tuple(max(4, round(side / coarse)) for side in shape)
    raw = [cv2.GaussianBlur(rng.standard_normal(grid).astype(np.float32), (0, 0), 4.0) for _ in range(2)]
    waves = np.stack([cv2.resize(wave, shape[::-1], interpolation=cv2.INTER_CUBIC) for wave in raw])
    return np.asarray(waves * (size_px / max(float(np.quantile(np.hypot(*waves), 0.95)), 1e-9)), np.float32)


def _jpeg_round_trip(light: Image) -> Image:
    """Return light after JPEG compression."""
    coded = encode_srgb(light.astype(np.float64))
    quality = [cv2.IMWRITE_JPEG_QUALITY, int(limit("pair", "copy_quality"))]
    _, data = cv2.imencode(".jpg", coded[..., ::-1], quality)
    decoded = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
    return srgb_to_linear(decoded[..., ::-1]).astype(np.float32)


def _perturb_face(face: Face, turn: complex, shift: complex, rng: np.random.Generator) -> Face:
    """Return the face of a transformed picture, with the localisation error of a finder added to its points."""
    missed = limit("pair", "points_sd_pupil") * face.pupil_px * abs(turn)

    def to(point: tuple[float, float]) -> tuple[float, float]:
        there = turn * complex(*point) + shift + missed * complex(*rng.standard_normal(2))
        return there.real, there.imag

    return replace(
        face, right_pupil=to(face.right_pupil), left_pupil=to(face.left_pupil), mouth=to(face.mouth), points=None
    )


# Measurement of both pictures of a pair, with its error for unchanged skin.

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

MAPS = ("melanin", "haemoglobin")
_SEED = 20_260_000  # for the copies, so that the same pair gives the same numbers


@dataclass(frozen=True)
class ComparisonSetup:
    """The settings of a comparison of two pictures.

    Parameters
    ----------
    measures : how each group of marks is measured; None where it is not.
    pigment : directions at the skin level of the face.
    blur_px : blur of the light before it is decomposed.
    """

    frame: ComparisonFrame
    measures: tuple[ContrastMeasure | None, ...]
    reference: ReferenceSkin
    pigment: PigmentDirections
    blur_px: float

    def contrasts(self, parts: DensityParts) -> Array:
        """Return the contrast of each group (place)."""
        return measure_contrasts(parts, self.measures, self.reference, self.frame.pupil_px)

    def parts(self, light: Image) -> DensityParts:
        """Decompose linear light (height, width, 3)."""
        return density_parts(light, self.pigment, self.blur_px)

    @property
    def map_px(self) -> float:
        """Width of the smoothing of a map."""
        return max(0.7, limit("pair", "map_smooth_pupil") * self.frame.pupil_px)

    @property
    def spot_px(self) -> float:
        """Area in pixels of one independent spot of a map: a disc of two standard deviations of both blurs together."""
        return float(np.pi * 4 * (self.map_px**2 + self.blur_px**2))

    def smooth(self, parts: DensityParts, name: str) -> Image:
        """Return one of the parts, smoothed as a map."""
        return np.asarray(cv2.GaussianBlur(getattr(parts, name), (0, 0), self.map_px), np.float32)


@compared_by_value
@dataclass(frozen=True)
class RepeatedMeasurement:
    """Measurements of two pictures, and the differences of their copies.

    Parameters
    ----------
    before, after : (place), contrast of each group; NaN where too little of it is visible.
    spread : (place), root mean square error over the copies, together with that of plain skin between the pictures.
    unevenness : (place), root mean square contrast of plain skin of the picture before.
    single_factor : factor on `spread` for the interval of a single group.
    change : of melanin and haemoglobin, (height, width) each, in green optical density.
    significant : where that change exceeds the joint limit for all spots of such a map.
    """

    before: Array
    after: Array
    spread: Array
    unevenness: Array
    single_factor: float
    change: dict[str, Image]
    significant: dict[str, Mask]


def measure_repeatedly(
    setup: ComparisonSetup, registered: RegisteredPicture, light_change: LightChange, blur_px: tuple[float, float]
) -> RepeatedMeasurement:
    """Measure a registered picture and its frame, and copies of both.

    Half of the copies are of the picture before, under the light of the one after, and half the other way round. There
    are few copies, so Student's t is used for the limits; the mean of the errors is not subtracted, since it is an
    error, too.

    Parameters
    ----------
    light_change : difference in light between the registered picture and the frame.
    blur_px : blur of each of the two.
    """
    frame, even = setup.frame, setup.reference.unmarked
    seen = [blur_light(light, px) for light, px in zip((frame.light, registered.light), blur_px, strict=True)]
    parts = [setup.parts(light) for light in (seen[0], (seen[1] / np.exp(light_change.gain_ln)).astype(np.float32))]
    own = [setup.contrasts(part) for part in parts]
    maps = {name: [setup.smooth(part, name) for part in parts] for name in MAPS}
    back = replace(
        light_change, gain_ln=-light_change.gain_ln, field=-light_change.field, contrast=1 / light_change.contrast
    )
    number, rng = int(limit("pair", "copies")), np.random.default_rng(_SEED)
    missed, squares = [], {name: np.zeros(even.shape, np.float32) for name in MAPS}
    for k in range(number):
        side = k % 2
        copy_of = make_copy(seen[side], frame.face, (light_change, back)[side], registered.flow_pupil, rng)
        again = register(*copy_of, frame)
        gain = log_gain(again.light, frame, even & again.inside_mask)
        copy = setup.parts((again.light / np.exp(gain)).astype(np.float32))
        missed.append(setup.contrasts(copy) - own[side])
        for name in MAPS:
            squares[name] += (setup.smooth(copy, name) - maps[name][side]) ** 2 / number
    all_over = joint_factor(setup.reference.skin.sum() / setup.spot_px)
    change = {name: np.asarray(maps[name][1] - maps[name][0], np.float32) for name in MAPS}
    significant = {name: _significant_change(change[name], squares[name], setup, all_over) for name in MAPS}
    pictures = (parts[0], subtract_parts(parts[1], parts[0]))
    uneven, differing = measure_unevenness(pictures, setup.measures, setup.reference, frame.pupil_px)
    spread = np.hypot(np.sqrt(np.mean(np.square(missed), axis=0)), np.nan_to_num(differing))
    return RepeatedMeasurement(own[0], own[1], spread, uneven, joint_factor(1), change, significant)


def joint_factor(places: float) -> float:
    """Return the factor on a spread for the interval of so many places at once, by Student's t of the copies."""
    from scipy.special import stdtrit  # imported late: a page without a photograph does not need it

    outside = (1 - limit("pair", "level")) / 2
    return float(stdtrit(int(limit("pair", "copies")), 1 - outside / max(places, 1)))


def comparison_estimate(value: float, reach: float) -> Estimate:
    """Return a measured change with the interval that the copies give."""
    copies, level = int(limit("pair", "copies")), limit("pair", "level")
    return Estimate(value, value - reach, value + reach, level, "measured", copies, ("skinbeam2026photo",))


def _significant_change(change: Image, squares: Image, compared: ComparisonSetup, times: float) -> Mask:
    """Return where a change exceeds the local error and the error of the surroundings."""
    wide = limit("pair", "light_wide_pupil") * compared.frame.pupil_px
    skin = compared.reference.skin
    error = np.sqrt(np.maximum(masked_mean(squares, skin, wide), squares))
    return np.asarray(skin & (np.abs(change) > times * error))
