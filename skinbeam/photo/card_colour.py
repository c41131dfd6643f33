"""Read the skin colour beside a printed card: the angle that an instrument would measure, and its interval.

The card gives the light of skin relative to paper, with the camera's contrast and the change of light over the picture
removed. What is left unknown is normal in ln light and stated in `data/photo.toml`: the paper, the light on the skin
over that on the card, and how the camera mixes colours. The angle is the weighted median over the colours that skin can
have, by the same optics that everything else uses (photo 10). An instrument sees all the light that the surface of the
skin reflects, a camera a part of it; the tables know both.
"""

import math
from collections.abc import Mapping
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from skinbeam.model.estimate import Estimate, Unknown
from skinbeam.model.sources import cite_sources
from skinbeam.photo.colour import PhotoColour, linear_to_lab, region_angles
from skinbeam.photo.limits import limit, limit_entry
from skinbeam.photo.pigment_maps.skin_colours import skin_colour_grid
from skinbeam.photo.pigment_maps.skin_level import pigment_deviance
from skinbeam.photo.printed_card.measurement import PrintedCard
from skinbeam.text import Message

__all__ = ["read_colour_by_card"]

Array = NDArray[np.float64]


def read_colour_by_card(
    medians: Mapping[str, tuple[Array, Array]], card: PrintedCard, *, on_face: bool
) -> PhotoColour | Unknown:
    """Return the colour of skin beside a printed card.

    Parameters
    ----------
    medians : region → median linear light (3,) as the picture shows it, and the pixel (2,) of the picture around which
        it lies.
    on_face : whether the skin is that of a face. A face is no plane beside the card: its light differs more from that
        on the card, and the error that was found on faces after correction with a chart is the least that is reported.
    """
    if not medians:
        return Unknown(Message("photo-colour.no_skin").text)
    paper = limit_entry("printed-card", "paper")
    light, place = (np.array([pair[k] for pair in medians.values()]) for k in (0, 1))
    relative, covariance = card.relative_light(light, place)
    reflectance = relative + np.log(paper["value"])
    lab = linear_to_lab(np.exp(reflectance))
    angles = region_angles(dict(zip(medians, lab, strict=True)))
    if isinstance(angles, Unknown):
        return angles
    usable = [name in angles for name in medians]
    known = covariance[usable].mean(axis=0) + np.diag(np.square(paper["ln_sd"]))
    known += np.diag([1.0, 0.0, 1.0]) * limit("maps", "card_ln") ** 2
    known += limit("maps", "card_strength_ln") ** 2 if on_face else limit("printed-card", "beside_ln") ** 2
    angle = _angle_of_skin(np.median(reflectance[usable], axis=0), known)
    spread = float(np.std(list(angles.values())))
    least = 0.0
    if on_face:
        L, _, b = np.median(lab[usable], axis=0)
        least = math.degrees(math.atan2(limit("colour", "camera_delta_E") / math.sqrt(3), math.hypot(L - 50, b)))
    cite_sources("chardon1991", "iec61966")
    return PhotoColour(_widen(angle, least, spread, paper["source"]), angles, min(angles.values()), calibrated=True)


def _angle_of_skin(reflectance: Array, covariance: Array) -> Estimate:
    """Return the angle of the skins whose ln light (3,) relative to white matches, and its central interval."""
    colours = skin_colour_grid()
    u, v = np.meshgrid(colours.ln_melanin, colours.ln_blood)
    missed = reflectance - colours.planes[..., :3]
    # Skins of one pigment differ in red over green and green over blue; green stands for their brightness.
    rr, rg, gg = np.moveaxis(colours.covariance, -1, 0)
    total = np.broadcast_to(covariance, (*u.shape, 3, 3)).copy()
    total[..., 0, 0] += rr
    total[..., 2, 2] += gg
    total[..., 0, 2] -= rg
    total[..., 2, 0] -= rg
    squared = np.einsum("...c,...cd,...d->...", missed, np.linalg.inv(total), missed)
    ita = colours.planes[..., 9]
    logarithm = -0.5 * (squared + np.log(np.linalg.det(total)) + pigment_deviance(ita, u, v))
    weight = np.exp(logarithm - logarithm.max()).ravel()
    level, order = limit("colour", "level"), ita.argsort(axis=None)
    share = np.cumsum(weight[order]) / weight.sum()
    ends = np.interp([(1 - level) / 2, 0.5, (1 + level) / 2], share, ita.ravel()[order])
    low, middle, high = (float(value) for value in np.clip(ends, -90.0, 90.0))
    return Estimate(middle, low, high, level, "measured")


def _widen(angle: Estimate, least_sd: float, spread_deg: float, paper: str) -> Estimate:
    """Return an angle with the differences between regions in its interval, and at least the given error."""
    reach = NormalDist().inv_cdf((1 + angle.level) / 2)
    down, up = (
        math.hypot(max(side, reach * least_sd), reach * spread_deg)
        for side in (angle.median - angle.low, angle.high - angle.median)
    )
    camera = (str(limit_entry("colour", "camera_delta_E")["source"]),) if least_sd else ()
    basis = ("skinbeam2026photo", "skinbeam2026skin", paper, "chardon1991", *camera)
    low, high = max(angle.median - down, -90.0), min(angle.median + up, 90.0)
    return Estimate(angle.median, low, high, angle.level, "measured", basis=basis)
