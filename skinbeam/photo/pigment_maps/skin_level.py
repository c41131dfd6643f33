"""Melanin and blood of a whole face from its colour, as far as light and camera let it be told.

A picture without a card tells neither the colour nor the strength of the light from those of the skin. What is known of
both beforehand is weighed by the colour that is seen: how two places of one face differ is far more certain than its
level. Melanin first makes skin yellower and then, past brown, greyer: there brightness alone tells one from the other.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from skinbeam.model.estimate import Estimate
from skinbeam.model.sources import cite_sources
from skinbeam.photo.limits import limit
from skinbeam.photo.pigment_maps.skin_colours import skin_colour_grid

__all__ = ["SkinLevel", "estimate_skin_level", "remove_contrast"]

Array = NDArray[np.float64]
_ITA_SLOPE_MIN = 5.0  # degrees to an e-fold of melanin: at the ends of the table the angle hardly moves
_GREY = float(np.log(0.18))


@dataclass(frozen=True)
class SkinLevel:
    """The skin of a face in the middle, and how light and camera show it.

    Parameters
    ----------
    melanin, blood : volume fractions, of melanosomes in the epidermis and of blood in the dermis.
    melanin_ln_sd, blood_ln_sd : standard deviations of their logarithms: of the face's level, the same in every pixel.
    contrast : how many times the logarithm of light the camera shows that of its own, and that of its logarithm.
    gain : brightness of the middle of the face over that of such skin under white light of 1, contrast taken out.
    cast : (3,), colour of light and camera over white, 1 in green, contrast taken out.
    ita_deg : what an instrument would read, as far as this leaves it.
    """

    melanin: float
    blood: float
    melanin_ln_sd: float
    blood_ln_sd: float
    contrast: float
    contrast_ln_sd: float
    gain: float
    cast: Array
    ita_deg: Estimate

    def holding(self, melanin: float) -> "SkinLevel":
        """Return the level that shows the same colour with so much melanin instead."""
        made = skin_colour_grid().colours
        over = made(self.melanin, self.blood) / made(melanin, self.blood) * self.cast
        return replace(self, melanin=melanin, gain=float(self.gain * over[1]), cast=over / over[1])


def remove_contrast(ln: Array, contrast: Array | float) -> Array:
    """Return the logarithm of light as it was before a camera gave the picture contrast; a grey of 18 % stays."""
    return np.asarray(_GREY + (ln - _GREY) / contrast)


def estimate_skin_level(light: Array, *, calibrated: bool) -> SkinLevel:
    """Return the level of a face from the median linear light (3,) of its skin.

    Every typology angle is as likely as any other beforehand: no colour of skin is favoured. Blood, colour and strength
    of the light, the contrast of the camera and what differs between skins of the same pigment are normal in their
    logarithms (`data/photo.toml`, and the tables' own spread); the answer is the mean and the standard deviation of
    what is then probable (photo 3), summed over the grid of colours. A camera's meter brings a face towards grey, so
    that the light on a dark one is believed to look stronger than that on a light one.
    """
    colours = skin_colour_grid()
    kind = "card" if calibrated else "light"
    centre, spread = np.log(limit("maps", "contrast")), limit("maps", f"{kind}_contrast_ln")
    # As the normal is cut at two deviations, nine steps of it are sums enough.
    contrasts = np.exp(centre + spread * np.linspace(-2, 2, 9))[:, None, None]
    u, v = np.meshgrid(colours.ln_melanin[::2], colours.ln_blood[::2])
    made, covariance = colours.planes[::2, ::2, :3], colours.covariance[::2, ::2]
    shown = remove_contrast(np.log(light), contrasts)[..., None, :]  # (contrast, 1, 1, channel)
    missed = (shown[..., :2] - shown[..., 1:]) - (made[..., :2] - made[..., 1:])
    cast_sd, strength_sd = limit("maps", f"{kind}_ln"), limit("maps", f"{kind}_strength_ln")
    rr, rg, gg = covariance[..., 0] + cast_sd**2, covariance[..., 1], covariance[..., 2] + cast_sd**2
    determinant = rr * gg - rg**2
    squared = gg * missed[..., 0] ** 2 - 2 * rg * missed[..., 0] * missed[..., 1] + rr * missed[..., 1] ** 2
    ita = colours.planes[::2, ::2, 9]
    before = -2 * np.log(np.maximum(-np.gradient(ita, u[0], axis=1), _ITA_SLOPE_MIN))
    before = before + ((v - np.log(limit("maps", "blood_middle"))) / limit("maps", "blood_ln")) ** 2
    metered = -limit("maps", f"{kind}_metered") * (made[..., 1] - _GREY)
    before = before + ((shown[..., 1] - made[..., 1] - metered) / strength_sd) ** 2
    before = before + (np.log(contrasts) - centre) ** 2 / spread**2
    logarithm = -0.5 * (squared / determinant + np.log(determinant) + before)
    weight = np.exp(logarithm - logarithm.max())
    weight /= weight.sum()
    (mu, su), (mv, sv), (mc, sc) = (_moments(values, weight) for values in (u, v, np.log(contrasts)))
    over = np.exp(remove_contrast(np.log(light), np.exp(mc))) / colours.colours(np.exp(mu), np.exp(mv))
    return SkinLevel(
        float(np.exp(mu)),
        float(np.exp(mv)),
        su,
        sv,
        float(np.exp(mc)),
        sc,
        gain=float(over[1]),
        cast=over / over[1],
        ita_deg=_angle_estimate(ita, weight.sum(axis=0)),
    )


def _angle_estimate(ita: Array, weight: Array) -> Estimate:
    """The middle and the central span of angles of such weights."""
    level, order = limit("maps", "level"), ita.argsort(axis=None)
    share = np.cumsum(weight.ravel()[order])
    found = np.interp([(1 - level) / 2, 0.5, (1 + level) / 2], share, ita.ravel()[order])
    low, middle, high = (float(value) for value in np.clip(found, -90.0, 90.0))
    cite_sources("chardon1991")
    return Estimate(middle, low, high, level, "assumed", basis=("skinbeam2026photo", "skinbeam2026skin", "chardon1991"))


def _moments(values: Array, weight: Array) -> tuple[float, float]:
    """Weighted mean and standard deviation."""
    mean = float((values * weight).sum())
    return mean, float(np.sqrt((weight * (values - mean) ** 2).sum()))
