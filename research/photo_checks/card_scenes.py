"""Draw photographs of a forearm with the printed card beside it, with everything known: `card_scene(seed)`.

The card is the rendered page that the clinic prints. Ink spreads at its edges, paper is measured paper with more or
less ultraviolet in the light, skin is simulated skin of any tone with differences between people. Light is that of a
black body on a near or far lamp to one side; cameras mix colours, balance white wrongly and lay a curve. Pictures are
tilted, turned, blurred, noisy and stored as JPEG.
"""

import json
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from statistics import NormalDist

import cv2
import matplotlib
import numpy as np
import typst
from numpy.typing import NDArray

from research.photo_checks.skin_pictures import (
    NM,
    Illuminant,
    camera_light,
    encode_picture,
    interpolate_spectra,
    ita_deg,
)
from skinbeam.photo.decoding.photograph import Picture
from skinbeam.photo.printed_card.finder import find_printed_card
from skinbeam.photo.printed_card.layout import CARD_MM
from skinbeam.report.pdf import typst_folder
from skinbeam.report.photo_card import card_page

__all__ = ["CardScene", "card_drawing", "card_scene", "drawn_card_scene"]

Array = NDArray[np.float64]

# Reflectance of unprinted matt paper without ultraviolet (M2) and what a lamp's ultraviolet adds (M0 less M2), 400 to
# 700 nm in steps of 20 nm (balci2025).
_PAPER_NM = np.arange(400, 701, 20)
_PAPER = np.array(
    [0.794, 0.842, 0.873, 0.889, 0.904, 0.910, 0.913, 0.912, 0.906, 0.904, 0.903, 0.905, 0.909, 0.914, 0.911, 0.909]
)
_GLOW = np.array(
    [0.0485, 0.1846, 0.1408, 0.0716, 0.0292, 0.0084, 0.0034, 0.0013, 0.0006, 0.0003, 0.0001, 0.0, 0.0, 0.0, 0.0, 0.0]
)
_PX_PER_MM, _FINER = 12.0, 4  # of the drawing of the card that is warped; parts of a pixel in each direction
_GREY, _LIT = 0.18, 0.8  # fixed point of a camera's curve; linear light of white paper at 0 stops
_PPI = 600
_TABLE = np.array([0.12, 0.16, 0.30])  # a blue cloth under card and arm


@dataclass(frozen=True)
class CardScene:
    """A drawn photograph and what is true of it.

    Parameters
    ----------
    ita_deg : of the skin, as an instrument measures it.
    mm_per_px : at the middle of the card, along the direction that is not foreshortened.
    card, skin : corners (4, 2) of the card, and mask (height, width) of bare skin.
    """

    rgb: Picture
    ita_deg: float
    mm_per_px: float
    card: Array
    skin: NDArray[np.bool_]
    K: float
    stops: float
    contrast: float


@cache
def card_drawing() -> NDArray[np.float32]:
    """Return the ink of the printed card, 0 to 1, from its upper left corner, as printers with 600 dpi draw it."""
    with typst_folder({}) as root:
        png = typst.compile(
            str(root / "card.typ"),
            root=str(root),
            format="png",
            ppi=_PPI,
            sys_inputs={"page": json.dumps(asdict(card_page())), "language": "en"},
            font_paths=[str(Path(matplotlib.get_data_path()) / "fonts" / "ttf")],
            ignore_system_fonts=True,
        )
    sheet = np.asarray(cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR), np.uint8)
    card = find_printed_card(np.ascontiguousarray(sheet[..., ::-1]))
    assert card is not None
    left, top = np.round(card.outline[0] + 0.5).astype(int)
    width, height = (round(side / 25.4 * _PPI) for side in CARD_MM)
    return (sheet[top : top + height, left : left + width, 0] < 128).astype(np.float32)


def _printed(ink: NDArray[np.float32], spread_mm: float) -> NDArray[np.float32]:
    """Return ink (0 to 1) whose edges have moved outwards by `spread_mm`, softened as ink and light spread in paper."""
    sd = 0.05 * _PPI / 25.4
    soft = cv2.GaussianBlur(ink, (0, 0), sd)
    level = 1 - NormalDist().cdf(spread_mm / 0.05)
    wide = np.clip((soft - level) / (2 * min(level, 1 - level)) + 0.5, 0, 1)  # bare paper stays bare
    size = tuple(round(side * _PX_PER_MM) for side in CARD_MM)
    return np.asarray(cv2.resize(wide, size, interpolation=cv2.INTER_AREA))


def card_scene(seed: int) -> CardScene:
    """Return the scene of a seed: 2,700 to 7,500 K, two stops either way, any turn, up to 30 degrees of tilt."""
    rng = np.random.default_rng(seed)
    melanin, blood = float(np.exp(rng.uniform(np.log(0.014), np.log(0.28)))), float(0.0108 * np.exp(rng.normal(0, 0.4)))
    return drawn_card_scene(rng, melanin=melanin, blood=blood, person=int(rng.integers(0, 6)))


def drawn_card_scene(
    rng: np.random.Generator,
    *,
    melanin: float,
    blood: float = 0.0108,
    person: int = 0,
    K: float | None = None,
    stops: float | None = None,
    mm_per_px: float | None = None,
    roll_deg: float | None = None,
    tilt_deg: tuple[float, float] | None = None,
    quality: int | None = None,
) -> CardScene:
    """Return a scene of such skin; what is left out is drawn from `rng`."""
    K = float(1e6 / rng.uniform(1e6 / 7500, 1e6 / 2700)) if K is None else K
    stops = float(rng.uniform(-2, 2)) if stops is None else stops
    fine = float(np.exp(rng.uniform(np.log(0.22), np.log(0.7)))) if mm_per_px is None else mm_per_px
    roll = float(rng.uniform(-180, 180)) if roll_deg is None else roll_deg
    tilt = tuple(rng.uniform(-30, 30, 2)) if tilt_deg is None else tilt_deg
    contrast = float(rng.uniform(0.95, 1.35))
    camera = str(rng.choice(["srgb", "narrow", "wide"]))
    wrong_mired = float(rng.normal(0, 15)) + float(rng.choice([0.0, 0.5])) * (1e6 / 5500 - 1e6 / K)
    lamp = Illuminant(K, 1e6 / (1e6 / K + wrong_mired))
    width, height = round(400 / fine), round(320 / fine)
    plane = _camera(fine, roll, (float(tilt[0]), float(tilt[1])), (width, height))
    ink, card, skin = _layers(plane, (width, height), _printed(card_drawing(), float(rng.uniform(0.0, 0.05))))
    paper = np.interp(NM, _PAPER_NM, _PAPER) * rng.uniform(0.94, 1.0)
    paper = paper + np.interp(NM, _PAPER_NM, _GLOW) * rng.uniform(0.0, 1.5)
    black = paper * rng.uniform(0.025, 0.045)
    person_spectrum = interpolate_spectra(melanin, blood, draw=person)
    white_light, black_light, skin_light = (
        camera_light(colour, lamp, camera) for colour in (paper, black, person_spectrum)
    )
    mottle = np.exp(0.03 * _mottle(rng, (height, width), 2.5 / fine))
    light = _TABLE * np.ones((height, width, 1))
    light = light * (1 - skin) + skin_light * mottle * skin
    light = light * (1 - card) + (white_light * (1 - ink) + black_light * ink) * card
    lit = _lamp(rng, plane, (width, height))
    linear = cv2.GaussianBlur(light * lit * _LIT / white_light.max() * 2.0**stops, (0, 0), float(rng.uniform(0.5, 1.2)))
    noisy = encode_picture(
        _GREY * (np.clip(linear, 1e-5, None) / _GREY) ** contrast, noise_levels=1.5, seed=int(rng.integers(1 << 30))
    )
    _, data = cv2.imencode(".jpg", noisy[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality or int(rng.integers(70, 96))])
    rgb = np.ascontiguousarray(np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)[..., ::-1])
    corners = cv2.perspectiveTransform(
        _at_card(np.array([(0.0, 0.0), (CARD_MM[0], 0.0), CARD_MM, (0.0, CARD_MM[1])]))[:, None], plane
    )[:, 0]
    middle = _at_card(np.array(CARD_MM) / 2 + np.array([(-1.0, 0.0), (1.0, 0.0), (0.0, -1.0), (0.0, 1.0)]))
    across, down = np.diff(cv2.perspectiveTransform(middle[:, None], plane)[:, 0].reshape(2, 2, 2), axis=1)[:, 0] / 2
    longest = float(np.linalg.svd(np.stack([across, down], axis=1), compute_uv=False)[0])
    return CardScene(
        rgb,
        ita_deg(melanin, blood, draw=person),
        1 / longest,
        corners,
        (skin[..., 0] > 0.99) & (card[..., 0] < 0.01),
        K,
        stops,
        contrast,
    )


# The plane of card and arm, in mm from the middle of the picture: the card to the left, the arm to the right of it.
_CARD_AT = np.array([-140.0, -50.0])
_ARM = (52.0, 0.0, 46.0, 95.0)  # middle and half axes of the part of the arm that is shown


def _at_card(mm: Array) -> Array:
    return np.asarray(mm + _CARD_AT)


def _camera(mm_per_px: float, roll_deg: float, tilt_deg: tuple[float, float], size: tuple[int, int]) -> Array:
    """Return the homography (3, 3) from mm in the plane to pixels, of a camera 600 mm away."""
    x, y, z = np.radians((*tilt_deg, roll_deg))
    turn = (
        cv2.Rodrigues(np.array((0, 0, z)))[0]
        @ cv2.Rodrigues(np.array((x, 0, 0)))[0]
        @ cv2.Rodrigues(np.array((0, y, 0)))[0]
    )
    away = 600.0
    view = np.column_stack([turn[:, 0], turn[:, 1], (0, 0, away)])
    lens = np.array([[away / mm_per_px, 0, (size[0] - 1) / 2], [0, away / mm_per_px, (size[1] - 1) / 2], [0, 0, 1]])
    return np.asarray(lens @ view)


def _layers(plane: Array, size: tuple[int, int], ink: NDArray[np.float32]) -> tuple[Array, Array, Array]:
    """Return ink of the card, the card and the arm, 0 to 1, (height, width, 1) each, averaged over every pixel."""
    fine = tuple(side * _FINER for side in size)
    finer = np.array([[_FINER, 0, (_FINER - 1) / 2], [0, _FINER, (_FINER - 1) / 2], [0, 0, 1]]) @ plane
    of_card = finer @ np.array(
        [
            [1 / _PX_PER_MM, 0, _CARD_AT[0] + 0.5 / _PX_PER_MM],
            [0, 1 / _PX_PER_MM, _CARD_AT[1] + 0.5 / _PX_PER_MM],
            [0, 0, 1],
        ]
    )
    layers = [cv2.warpPerspective(layer, of_card, fine, flags=cv2.INTER_LINEAR) for layer in (ink, np.ones_like(ink))]
    angle = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    ring = np.column_stack([_ARM[0] + _ARM[2] * np.cos(angle), _ARM[1] + _ARM[3] * np.sin(angle)])
    arm = np.zeros(fine[::-1], np.float32)
    cv2.fillPoly(arm, [np.round(cv2.perspectiveTransform(ring[:, None], finer)).astype(np.int32)], 1.0)
    of_ink, of_paper, of_arm = (
        cv2.resize(layer, size, interpolation=cv2.INTER_AREA)[..., None].astype(np.float64) for layer in (*layers, arm)
    )
    return of_ink, of_paper, of_arm


def _lamp(rng: np.random.Generator, plane: Array, size: tuple[int, int]) -> Array:
    """Return the light (height, width, 1) of a lamp 0.6 to 2 m away, up to 50 degrees to the side; 1 in the middle."""
    xx, yy = np.meshgrid(np.arange(size[0], dtype=float), np.arange(size[1], dtype=float))
    mm = cv2.perspectiveTransform(np.stack([xx, yy], axis=-1).reshape(-1, 1, 2), np.linalg.inv(plane)).reshape(
        *xx.shape, 2
    )
    far, side, around = rng.uniform(600, 2000), np.radians(rng.uniform(0, 50)), rng.uniform(0, 2 * np.pi)
    at = far * np.array([np.sin(side) * np.cos(around), np.sin(side) * np.sin(around), np.cos(side)])
    away = np.sqrt(((mm - at[:2]) ** 2).sum(axis=-1) + at[2] ** 2)
    return np.asarray(((far / away) ** 3)[..., None])


def _mottle(rng: np.random.Generator, shape: tuple[int, int], sd_px: float) -> Array:
    noise = cv2.GaussianBlur(rng.standard_normal(shape), (0, 0), sd_px)
    return np.asarray(noise / noise.std())[..., None]
