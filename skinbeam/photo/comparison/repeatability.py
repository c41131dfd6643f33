"""What is measured on both pictures of a pair, and by how much it would differ if the skin had not changed."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from skinbeam.photo.findings.pigment import Pigments
from skinbeam.photo.gates import limit
from skinbeam.photo.pairs.contrasts import Ground, Measure, Parts, contrasts, parts_of, unevenness
from skinbeam.photo.pairs.copies import copied
from skinbeam.photo.pairs.light import LightChange, gain_ln
from skinbeam.photo.pairs.registration import Registered, registered
from skinbeam.photo.pairs.sharpness import softened
from skinbeam.photo.pairs.shot import Frame
from skinbeam.photo.pairs.soft import mean_within

__all__ = ["MAPS", "Compared", "Repeated", "repeated"]

Array = NDArray[np.float64]
Image = NDArray[np.float32]
Mask = NDArray[np.bool_]

MAPS = ("melanin", "haemoglobin")
_SEED = 20_260_000  # of the copies: the same pair gives the same numbers


@dataclass(frozen=True)
class Compared:
    """What two pictures are compared by.

    Parameters
    ----------
    places : how each is measured; None where it is not.
    pigment : directions at the level of the face.
    blur_px : of the light, before it is parted.
    """

    frame: Frame
    places: tuple[Measure | None, ...]
    ground: Ground
    pigment: Pigments
    blur_px: float

    def contrasts(self, parts: Parts) -> Array:
        """Return how much each place stands out (place)."""
        return contrasts(parts, self.places, self.ground, self.frame.pupil_px)

    def parts(self, light: Image) -> Parts:
        """Return the parts of linear light (height, width, 3)."""
        return parts_of(light, self.pigment, self.blur_px)

    @property
    def map_px(self) -> float:
        """How far a map is smoothed."""
        return max(0.7, limit("pair", "map_smooth_pupil") * self.frame.pupil_px)

    @property
    def spot_px(self) -> float:
        """Pixels of a map over which it tells one thing: a disc of two deviations of its blurs together."""
        return float(np.pi * 4 * (self.map_px**2 + self.blur_px**2))

    def smooth(self, parts: Parts, name: str) -> Image:
        """Return one of the parts as a map that is told."""
        return np.asarray(cv2.GaussianBlur(getattr(parts, name), (0, 0), self.map_px), np.float32)


@dataclass(frozen=True)
class Repeated:
    """What was measured on two pictures, and what copies of them differ from them by.

    Parameters
    ----------
    before, after : (place), how much each stands out; NaN where too little of it is seen.
    spread : (place), root mean square over the copies.
    uneven : (place), what plain skin of the picture before reads, root mean square.
    one, all_together : times `spread` that hold a single place, and all places of the pair at once.
    change : of melanin and haemoglobin, (height, width) each, in green optical density.
    told : where that change passes what holds all places of such a map at once.
    """

    before: Array
    after: Array
    spread: Array
    uneven: Array
    one: float
    all_together: float
    change: dict[str, Image]
    told: dict[str, Mask]


def repeated(compared: Compared, laid: Registered, lit: LightChange, soft_px: tuple[float, float]) -> Repeated:
    """Measure a registered picture and its frame, and copies of both.

    Half of the copies are of the picture before, under the light of the one after, and half the other way round. Their
    errors are few, so that Student's t holds them; their mean is not taken off, since it is an error, too.

    Parameters
    ----------
    lit : how the light of the registered picture differs from that of the frame.
    soft_px : by how much each of the two is blurred.
    """
    from scipy.special import stdtrit  # late: a page without a photograph need not load it

    frame, even = compared.frame, compared.ground.even
    seen = [softened(light, px) for light, px in zip((frame.light, laid.light), soft_px, strict=True)]
    parts = [compared.parts(light) for light in (seen[0], (seen[1] / np.exp(lit.gain_ln)).astype(np.float32))]
    own = [compared.contrasts(one) for one in parts]
    maps = {name: [compared.smooth(one, name) for one in parts] for name in MAPS}
    back = replace(lit, gain_ln=-lit.gain_ln, field=-lit.field, contrast=1 / lit.contrast)
    number, rng = int(limit("pair", "copies")), np.random.default_rng(_SEED)
    missed, squares = [], {name: np.zeros(even.shape, np.float32) for name in MAPS}
    for k in range(number):
        side = k % 2
        copy_of = copied(seen[side], frame.face, (lit, back)[side], laid.flow_pupil, rng)
        again = registered(*copy_of, frame)
        gain = gain_ln(again.light, frame, even & again.inside)
        copy = compared.parts((again.light / np.exp(gain)).astype(np.float32))
        missed.append(compared.contrasts(copy) - own[side])
        for name in MAPS:
            squares[name] += (compared.smooth(copy, name) - maps[name][side]) ** 2 / number
    outside = 1 - limit("pair", "level")
    spots = compared.ground.skin.sum() / compared.spot_px
    one, together, all_over = (
        float(stdtrit(number, 1 - outside / (2 * max(n, 1)))) for n in (1, len(compared.places), spots)
    )
    change = {name: np.asarray(maps[name][1] - maps[name][0], np.float32) for name in MAPS}
    told = {name: _told(change[name], squares[name], compared, all_over) for name in MAPS}
    uneven = unevenness(parts[0], compared.places, compared.ground, frame.pupil_px)
    spread = np.sqrt(np.mean(np.square(missed), axis=0))
    return Repeated(own[0], own[1], spread, uneven, one, together, change, told)


def _told(change: Image, squares: Image, compared: Compared, times: float) -> Mask:
    """Return where a change passes the error there, and the error of what lies around."""
    wide = limit("pair", "light_wide_pupil") * compared.frame.pupil_px
    skin = compared.ground.skin
    error = np.sqrt(np.maximum(mean_within(squares, skin, wide), squares))
    return np.asarray(skin & (np.abs(change) > times * error))
