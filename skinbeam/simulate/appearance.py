"""How skin looks: reflectance and colour of draws, and readings of them as likelihood.

The whole-skin reflectance needs both skin and light, so it stands here and not in `skin`.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from skinbeam.messages import Message
from skinbeam.physics.light.scene import Tally
from skinbeam.schema.exposure import Reflectance
from skinbeam.schema.layers import LightBeam
from skinbeam.simulate.light.medium import LayeredMedium
from skinbeam.simulate.light.ordinates import IN_SKINS
from skinbeam.simulate.skins.ensemble import quantiles
from skinbeam.skin.colour import COLOUR_WAVELENGTHS_NM, Lab, ita_of_lab_deg, lab_of_spectrum
from skinbeam.skin.model import Skin
from skinbeam.skin.port import port_loss
from skinbeam.skin.properties import Optics, optics
from skinbeam.skin.tables import number, table

if TYPE_CHECKING:
    import xarray as xr

__all__ = [
    "colour_seen",
    "middle_ita_deg",
    "reading_warnings",
    "reflectance",
    "reflected",
    "weigh_by_reading",
    "weighted_median",
]

Array = NDArray[np.float64]
MOST_READINGS = 61
FAR = 3.0  # deviations of a reading: of a normal one, one value in 400 lies further from its skin
ROWS_AT_ONCE = 256


def reflectance(ds: "xr.Dataset", wavelengths_nm: Sequence[float], *, specular: bool = True) -> Array:
    """Return the directional-hemispherical reflectance of drawn skins under normal incidence, (sample, wavelength).

    Parameters
    ----------
    specular : whether the first reflection at the surface counts.

    Raises
    ------
    NotAvailable : a wavelength at which skin is not described.
    """
    diffuse, surface = reflected(ds, [optics(ds, nm) for nm in wavelengths_nm])
    return diffuse + surface if specular else diffuse


def reflected(ds: "xr.Dataset", at: Sequence[Optics]) -> tuple[Array, Array]:
    """Return diffuse reflectance and that of the first surface alone, (sample, wavelength).

    Several wavelengths are solved at once.
    """
    thickness = ds["thickness_m"].to_numpy()
    samples = thickness.shape[0]
    together = max(1, ROWS_AT_ONCE // samples)
    diffuse, surface = [], []
    for start in range(0, len(at), together):
        part = at[start : start + together]
        media = LayeredMedium.joined([LayeredMedium.of(one, thickness) for one in part])
        light = IN_SKINS.light(media, LightBeam(), Tally())
        diffuse.append(np.reshape(light.reflectance_diffuse, (len(part), samples)).T)
        surface.append(np.reshape(light.reflectance_specular, (len(part), samples)).T)
    return np.concatenate(diffuse, axis=1), np.concatenate(surface, axis=1)


def weigh_by_reading(ds: "xr.Dataset", reading: Reflectance) -> "xr.Dataset":
    """Return the draws weighted by how well they agree with a reading: normal in each value.

    Values at neighbouring wavelengths deviate together, so each counts as one over the number of those within
    `reading_width` of it: a fine spectrum says no more than a coarse one over the same range. So of more than
    `MOST_READINGS` values that many are used, evenly taken.

    The weights are likelihoods (skin 9), not normalised, so that chunks of draws can be joined.

    Raises
    ------
    NotAvailable : a wavelength at which skin is not described.
    """
    at, value, near = _bands(reading)
    modelled = reflectance(ds, at.tolist(), specular=reading.specular == "included")
    deviation = (modelled - value) / number(table("optics")["reading_deviation"])
    likelihood = np.exp(-0.5 * np.sum(deviation**2 / near, axis=1))
    return ds.assign(weight=ds["weight"].copy(data=ds["weight"].to_numpy() * likelihood))


def reading_warnings(reading: Reflectance | None, weight: Array) -> list[dict[str, str]]:
    """Return that no draw comes near the reading: the best misses it by more than `FAR` deviations in each band.

    Parameters
    ----------
    weight : of all draws, as `weigh_by_reading` makes them, one at least above zero.
    """
    if reading is None:
        return []
    bands = float(np.sum(1.0 / _bands(reading)[2]))
    missed = float(np.sqrt(-2.0 * np.log(weight.max()) / bands))
    if missed <= FAR:
        return []
    apart = missed * number(table("optics")["reading_deviation"])
    return [{"code": "reading-far", "message": Message("skin.reading_far", {"apart": round(apart, 2)}).text}]


def _bands(reading: Reflectance) -> tuple[Array, Array, Array]:
    """The values of a reading that are used: wavelength, value, and how many share the band of each."""
    order = np.argsort(reading.wavelength_nm, kind="stable")
    kept = order[np.linspace(0, order.size - 1, min(order.size, MOST_READINGS)).round().astype(int)]
    at, value = np.asarray(reading.wavelength_nm)[kept], np.asarray(reading.value)[kept]
    half = number(table("optics")["reading_width"]) / 2
    near = np.searchsorted(at, at + half, side="right") - np.searchsorted(at, at - half, side="left")
    return at, value, np.asarray(near, dtype=np.float64)


def colour_seen(skin: Skin, diffuse: Mapping[float, Array], surface: Mapping[float, Array], weight: Array) -> Lab:
    """Return the colour of the median skin: of people's as an instrument reads it through its port, else as it is."""

    def lab(kept: Array) -> Lab:
        pairs = zip(COLOUR_WAVELENGTHS_NM, kept, strict=True)
        return lab_of_spectrum([weighted_median(diffuse[nm] * share + surface[nm], weight) for nm, share in pairs])

    whole = lab(np.ones(len(COLOUR_WAVELENGTHS_NM)))
    if skin.preset != "human" or skin.layers:
        return whole
    return lab(1.0 - port_loss(float(ita_of_lab_deg(whole))))


def middle_ita_deg(skin: Skin) -> float:
    """Return the individual typology angle of a person's middle skin as an instrument reads it, degrees."""
    at = list(COLOUR_WAVELENGTHS_NM)
    median = skin.median()
    diffuse, surface = (
        dict(zip(at, values.T, strict=True)) for values in reflected(median, [optics(median, nm) for nm in at])
    )
    return float(ita_of_lab_deg(colour_seen(skin, diffuse, surface, np.ones(1))))


def weighted_median(values: Array, weight: Array) -> float:
    """Return the weighted median of one value a draw."""
    return quantiles(values, weight, (0.5,))[0]
