"""Estimate melanin and blood of a whole face from its colour, as far as light and camera permit.

In a picture without a card, the colour and strength of the light cannot be separated from those of the skin. Prior
knowledge of both is combined with the observed colour. The difference between two places of a face is far more certain
than the level of the face. More melanin first makes skin yellower and then, beyond brown, greyer, so at the same hue
only brightness separates the two.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from skinbeam.model.estimate import Estimate
from skinbeam.model.sources import cite_sources
from skinbeam.model.value_equality import compared_by_value
from skinbeam.photo.limits import limit
from skinbeam.photo.pigment_maps.skin_colours import skin_colour_grid

__all__ = ["SkinLevel", "estimate_skin_level", "pigment_deviance", "remove_contrast"]

Array = NDArray[np.float64]
_ITA_SLOPE_MIN = 5.0  # degrees per e-fold of melanin: at the ends of the table the angle hardly changes
_GREY = float(np.log(0.18))


@compared_by_value
@dataclass(frozen=True)
class SkinLevel:
    """Pigment of the median skin of a face, and the effects of light and camera on it.

    Parameters
    ----------
    melanin, blood : volume fractions, of melanosomes in the epidermis and of blood in the dermis.
    melanin_ln_sd, blood_ln_sd : standard deviations of their logarithms: of the face's level, the same in every pixel.
    contrast, contrast_ln_sd : factor of the camera on the logarithm of light, and the standard deviation of its
        logarithm.
    gain : brightness of the middle of the face relative to such skin under white light of 1, contrast removed.
    cast : (3,), colour of light and camera relative to white, 1 in green, contrast removed.
    ita_deg : the angle that an instrument would measure, with its uncertainty.
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

    def with_melanin(self, melanin: float) -> "SkinLevel":
        """Return the level that has the same colour with another value of melanin."""
        made = skin_colour_grid().colours
        over = made(self.melanin, self.blood) / made(melanin, self.blood) * self.cast
        return replace(self, melanin=melanin, gain=float(self.gain * over[1]), cast=over / over[1])


def remove_contrast(ln: Array, contrast: Array | float) -> Array:
    """Return the logarithm of light without the contrast that a camera adds; a grey of 18 % stays."""
    return np.asarray(_GREY + (ln - _GREY) / contrast)


def estimate_skin_level(light: Array, *, calibrated: bool) -> SkinLevel:
    """Return the level of a face from the median linear light (3,) of its skin.

    The prior is uniform in the typology angle, so that no colour of skin is favoured. Blood, colour and strength of the
    light, the contrast of the camera and the differences between skins of the same pigment are normal in their
    logarithms (`data/photo.toml`, and the spread in the tables). The result is the mean and the standard deviation of
    the posterior (photo 3), summed over the grid of colours. A camera's exposure meter brings a face towards grey, so
    the prior of the light's apparent strength is higher for dark skin than for light skin.
    """
    colours = skin_colour_grid()
    kind = "card" if calibrated else "light"
    centre, spread = np.log(limit("maps", "contrast")), limit("maps", f"{kind}_contrast_ln")
    # The normal law is truncated at two standard deviations, so nine nodes are enough for the sum.
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
    before = pigment_deviance(ita, u, v)
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


def pigment_deviance(ita: Array, ln_melanin: Array, ln_blood: Array) -> Array:
    """Return -2 ln of the prior of pigments, (blood, melanin): uniform in the typology angle, normal in ln blood."""
    slope = -np.gradient(ita, ln_melanin[0], axis=1)
    blood = (ln_blood - np.log(limit("maps", "blood_middle"))) / limit("maps", "blood_ln")
    return np.asarray(-2 * np.log(np.maximum(slope, _ITA_SLOPE_MIN)) + blood**2)


def _angle_estimate(ita: Array, weight: Array) -> Estimate:
    """Return the median and the central interval of angles with these weights."""
    level, order = limit("maps", "level"), ita.argsort(axis=None)
    share = np.cumsum(weight.ravel()[order])
    ends = np.interp([(1 - level) / 2, 0.5, (1 + level) / 2], share, ita.ravel()[order])
    low, middle, high = (float(value) for value in np.clip(ends, -90.0, 90.0))
    cite_sources("chardon1991")
    return Estimate(middle, low, high, level, "assumed", basis=("skinbeam2026photo", "skinbeam2026skin", "chardon1991"))


def _moments(values: Array, weight: Array) -> tuple[float, float]:
    """Return the weighted mean and standard deviation."""
    mean = float((values * weight).sum())
    return mean, float(np.sqrt((weight * (values - mean) ** 2).sum()))
