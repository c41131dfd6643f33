"""Make photographs of skin with known melanin and blood by the exact forward model, with a chosen light and camera.

`take_picture` returns the bytes that a camera makes of maps of melanin and blood; `repigment_portrait` adds or removes
both on the skin of a real photograph. Spectra are computed at nodes, by the exact method used for pulses and not by the
tables under test, and interpolated between them.
"""

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import RectBivariateSpline

from research.derived_tables.skin_colours import skin_spectra, skin_with_pigment, spectra_to_srgb
from skinbeam.photo.colour import linear_to_srgb
from skinbeam.photo.decoding.photograph import DecodedPhotograph, read_photograph
from skinbeam.photo.face.face import Face
from skinbeam.photo.face.finder import find_single_face
from skinbeam.skin.colour import COLOUR_WAVELENGTHS_NM, spectrum_to_xyz

Array = NDArray[np.float64]
NM = np.asarray(COLOUR_WAVELENGTHS_NM)
MELANIN = np.geomspace(0.005, 0.64, 10)
BLOOD = np.geomspace(0.001, 0.2, 7)
SMALL_PUPIL_PX = 110.0
# Middle and half width (one standard deviation), nm, of the red, green and blue channel of made-up cameras.
BANDS = {"narrow": ((600, 28), (535, 30), (460, 24)), "wide": ((590, 40), (530, 45), (455, 35))}


@dataclass(frozen=True)
class Illuminant:
    """A black body of `K`, the white balance of the camera, and `stops` of exposure over white at full level."""

    K: float = 6500.0
    balanced_K: float | None = None
    stops: float = 0.0


@cache
def _nodes(surface: float, draw: int) -> tuple[RectBivariateSpline, ...]:
    """Return splines of the spectra at every wavelength: of the median skin, or of drawn skin `draw`, from 1 on."""
    values = np.empty((BLOOD.size, MELANIN.size, NM.size))
    for i, blood in enumerate(BLOOD):
        for k, melanin in enumerate(MELANIN):
            skin = skin_with_pigment(melanin, blood) if draw == 0 else skin_with_pigment(melanin, blood, draws=draw)
            diffuse, first = skin_spectra(skin.select(slice(-1, None)))
            values[i, k] = (diffuse + surface * first)[0]
    return tuple(RectBivariateSpline(np.log(BLOOD), np.log(MELANIN), np.log(values[..., n])) for n in range(NM.size))


def interpolate_spectra(melanin: ArrayLike, blood: ArrayLike, *, surface: float = 0.25, draw: int = 0) -> Array:
    """Return the reflectance (..., 31) of skin, with a part of the light that its surface reflects."""
    m, b = np.broadcast_arrays(np.log(melanin), np.log(blood))
    return np.stack([np.exp(node.ev(b, m)) for node in _nodes(surface, draw)], axis=-1)


def black_body(K: float) -> Array:
    """Return the spectral power at `NM`, 1 at 560 nm (Planck)."""
    power = (NM / 560.0) ** -5 / np.expm1(1.4388e7 / (NM * K))
    return np.asarray(power / np.interp(560.0, NM, power))


@cache
def _matrix(camera: str) -> Array:
    """Return the matrix from white-balanced raw channels (3,) to linear sRGB.

    It is a least-squares fit over smooth spectra that keeps white fixed.
    """
    rng = np.random.default_rng(7)
    waves = np.cumsum(rng.normal(0, 0.25, (400, NM.size)), axis=1)
    training = 1 / (1 + np.exp(-(waves + rng.normal(0, 1, (400, 1)))))
    raw, wanted = _raw(training, black_body(6500.0), camera), spectra_to_srgb(training)
    # Each row sums to one, so that (1, 1, 1) is mapped to itself.
    over, aim = raw[:, :2] - raw[:, 2:], wanted - raw[:, 2:]
    found = np.linalg.lstsq(over, aim, rcond=None)[0].T
    return np.column_stack([found, 1 - found.sum(axis=1)])


def _raw(reflectance: Array, light: Array, camera: str) -> Array:
    bands = np.stack([np.exp(-0.5 * ((NM - at) / width) ** 2) for at, width in BANDS[camera]], axis=1)
    return np.asarray((reflectance * light) @ bands / (light @ bands))


def camera_light(reflectance: Array, light: Illuminant = Illuminant(), camera: str = "srgb") -> Array:
    """Return the linear light (..., 3) of spectra in a picture, by the observer (`srgb`) or by a camera's bands."""
    power = black_body(light.K) / black_body(6500.0)
    balance = black_body(light.balanced_K or light.K) / black_body(6500.0)
    if camera == "srgb":
        wrong = spectra_to_srgb(power) / spectra_to_srgb(balance)
        linear = spectra_to_srgb(reflectance * power) / spectra_to_srgb(power)
    else:
        matrix, flat = _matrix(camera), np.ones((1, NM.size))
        lit, taken = black_body(light.K), black_body(light.balanced_K or light.K)
        wrong = (_raw(flat * lit / taken, taken, camera) @ matrix.T)[0]
        linear = _raw(reflectance, lit, camera) @ matrix.T
    return np.asarray(linear * wrong / wrong[1] * 2.0**light.stops)


def encode_picture(linear: Array, *, noise_levels: float = 0.0, seed: int = 0) -> NDArray[np.uint8]:
    """Return linear light as bytes of sRGB, with the noise of a camera in levels of 255."""
    noisy = 255 * linear_to_srgb(linear) + noise_levels * np.random.default_rng(seed).normal(size=linear.shape)
    return np.asarray(np.round(np.clip(noisy, 0, 255)), np.uint8)


def take_picture(
    melanin: ArrayLike,
    blood: ArrayLike,
    *,
    shade: ArrayLike = 1.0,
    light: Illuminant = Illuminant(),
    camera: str = "srgb",
    draw: int = 0,
    surface: float = 0.25,
    noise_levels: float = 0.0,
) -> NDArray[np.uint8]:
    """Return the picture (..., 3) of skin with this melanin and blood under this light."""
    linear = camera_light(interpolate_spectra(melanin, blood, surface=surface, draw=draw), light, camera)
    return encode_picture(linear * np.asarray(shade)[..., None], noise_levels=noise_levels)


def read_small(file: Path) -> DecodedPhotograph:
    """Return a photograph reduced to a size at which colour is read and fine detail is not, which is quick."""
    photograph = read_photograph(file)
    face = find_single_face(photograph.rgb)
    if not isinstance(face, Face):
        return photograph
    share = min(1.0, SMALL_PUPIL_PX / face.pupil_px)
    return replace(photograph, rgb=cv2.resize(photograph.rgb, None, fx=share, fy=share, interpolation=cv2.INTER_AREA))


def face_points(face: Face) -> list[float]:
    """Return x and y of both pupils and the mouth, by which changed copies of a portrait are read in less time."""
    return [*face.right_pupil, *face.left_pupil, *face.mouth]


def repigment_portrait(
    linear: Array,
    melanin_factor: ArrayLike,
    blood_factor: ArrayLike = 1.0,
    *,
    base_pigment: tuple[float, float] = (0.035, 0.0108),
) -> Array:
    """Return linear light (..., 3) of a photograph after multiplying the melanin and blood of its skin.

    Parameters
    ----------
    base_pigment : melanin and blood of the skin in the photograph.
    """
    melanin, blood = base_pigment
    changed = interpolate_spectra(melanin * np.asarray(melanin_factor), blood * np.asarray(blood_factor))
    return np.asarray(linear * camera_light(changed) / camera_light(interpolate_spectra(melanin, blood)))


def ita_deg(melanin: float, blood: float, *, draw: int = 0) -> float:
    """Return the typology angle of skin with all the light that its surface reflects, degrees."""
    xyz = spectrum_to_xyz(interpolate_spectra(melanin, blood, surface=1.0, draw=draw)) / spectrum_to_xyz(
        np.ones(NM.size)
    )
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    return float(np.degrees(np.arctan2(116 * f[1] - 66, 200 * (f[1] - f[2]))))


__all__ = [
    "BANDS",
    "SMALL_PUPIL_PX",
    "Illuminant",
    "black_body",
    "camera_light",
    "encode_picture",
    "face_points",
    "interpolate_spectra",
    "ita_deg",
    "read_small",
    "repigment_portrait",
    "take_picture",
]
