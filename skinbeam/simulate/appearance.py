"""Reflectance and colour of sampled skins, and the likelihood of the draws given a measured reflectance.

The reflectance of whole skin needs both the skin and a light engine, so this module is part of `simulate` and not of
`skin`.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from skinbeam.model.errors import InputError
from skinbeam.model.exposure import Reflectance
from skinbeam.physics.light.photon_scene import LightTally
from skinbeam.simulate.layers_schema.layers import LightBeam
from skinbeam.simulate.light.engines import SKIN_ORDINATES
from skinbeam.simulate.light.medium import LayeredMedium
from skinbeam.simulate.skins.ensemble import weighted_quantiles
from skinbeam.skin.colour import COLOUR_WAVELENGTHS_NM, Lab, lab_to_ita_deg, port_loss_fraction, spectrum_to_lab
from skinbeam.skin.distribution import SkinDistribution
from skinbeam.skin.melanin import ita_of_melanin_deg
from skinbeam.skin.properties import OpticalProperties, optical_properties
from skinbeam.skin.sample import SkinSample
from skinbeam.skin.tables import read_number, tissue_table
from skinbeam.text import DocumentWarning, Message, render_message

__all__ = [
    "apparent_colour",
    "ita_of_reading",
    "median_ita_deg",
    "reading_not_skin_error",
    "reading_warnings",
    "reflectance",
    "reflectance_parts",
    "weight_by_reading",
    "weighted_median",
]

Array = NDArray[np.float64]
MAX_READINGS = 61
FAR_READING_SD = 3.0  # standard deviations of a reading; one normal value in 400 is further off
MAX_ROWS = 256
# Share of the spread of melanin that a reading may leave. Readings from 550 to 910 nm leave at most 0.42 of it in skin
# of −45 to 55°, one at 1000 nm 0.66 and more, one at 2000 nm all.
_MOST_SPREAD_LEFT = 0.5


def reflectance(ds: SkinSample, wavelengths_nm: Sequence[float], *, specular: bool = True) -> Array:
    """Return the directional-hemispherical reflectance of drawn skins under normal incidence, (sample, wavelength).

    Parameters
    ----------
    specular : whether the first reflection at the surface counts.

    Raises
    ------
    NotAvailable : a wavelength at which skin is not described.
    """
    diffuse, surface = reflectance_parts(ds, [optical_properties(ds, nm) for nm in wavelengths_nm])
    return diffuse + surface if specular else diffuse


def reflectance_parts(ds: SkinSample, optics: Sequence[OpticalProperties]) -> tuple[Array, Array]:
    """Return the diffuse reflectance and the specular reflectance of the surface, (sample, wavelength) each.

    Several wavelengths are solved in one call of the engine.
    """
    thickness = ds["thickness_m"]
    samples = thickness.shape[0]
    together = max(1, MAX_ROWS // samples)
    diffuse, surface = [], []
    for start in range(0, len(optics), together):
        part = optics[start : start + together]
        media = LayeredMedium.concatenate([LayeredMedium.from_optics(properties, thickness) for properties in part])
        light = SKIN_ORDINATES.compute_light(media, LightBeam(), LightTally())
        diffuse.append(np.reshape(light.reflectance_diffuse, (len(part), samples)).T)
        surface.append(np.reshape(light.reflectance_specular, (len(part), samples)).T)
    return np.concatenate(diffuse, axis=1), np.concatenate(surface, axis=1)


def weight_by_reading(ds: SkinSample, reading: Reflectance) -> SkinSample:
    """Return the draws weighted by the likelihood of a measured reflectance, with a normal error in each value.

    Errors at neighbouring wavelengths are correlated, so each value is weighted by one over the number of values within
    `reading_width` of it: a fine spectrum carries no more information than a coarse one over the same range. Of a
    reading with more than `MAX_READINGS` values, that many are used, evenly spaced.

    The weights are likelihoods (skin 9), not normalised, so that chunks of draws can be joined.

    Raises
    ------
    NotAvailable : a wavelength at which skin is not described.
    """
    at, value, near = _reading_bands(reading)
    modelled = reflectance(ds, at.tolist(), specular=reading.specular == "included")
    deviation = (modelled - value) / read_number(tissue_table("optics")["reading_deviation"])
    likelihood = np.exp(-0.5 * np.sum(deviation**2 / near, axis=1))
    return ds.with_arrays(weight=ds["weight"] * likelihood)


def reading_warnings(reading: Reflectance | None, weight: Array) -> list[DocumentWarning]:
    """Return a warning if no draw is close to the reading.

    It is given where the best draw misses the reading by more than `FAR_READING_SD` deviations in each band.

    Parameters
    ----------
    weight : of all draws, as returned by `weight_by_reading`; at least one is above zero.
    """
    if reading is None:
        return []
    bands = float(np.sum(1.0 / _reading_bands(reading)[2]))
    missed = float(np.sqrt(-2.0 * np.log(weight.max()) / bands))
    if missed <= FAR_READING_SD:
        return []
    apart = missed * read_number(tissue_table("optics")["reading_deviation"])
    return [DocumentWarning("reading-far", Message("skin.reading_far", {"apart": round(apart, 2)}))]


def reading_not_skin_error(file: str) -> InputError:
    """Return the error for a reading that no drawn skin agrees with."""
    return InputError(
        "reading-not-skin",
        render_message("skin.reading_not_skin"),
        field="skin.reflectance.value",
        hint="Readings as fractions of 1 of a white standard, of untreated skin.",
        file=file,
    )


def _reading_bands(reading: Reflectance) -> tuple[Array, Array, Array]:
    """Return the values of a reading that are used: wavelength, value, and the number of values in the band of each."""
    order = np.argsort(reading.wavelength_nm, kind="stable")
    chosen = order[np.linspace(0, order.size - 1, min(order.size, MAX_READINGS)).round().astype(int)]
    at, value = np.asarray(reading.wavelength_nm)[chosen], np.asarray(reading.value)[chosen]
    half = read_number(tissue_table("optics")["reading_width"]) / 2
    near = np.searchsorted(at, at + half, side="right") - np.searchsorted(at, at - half, side="left")
    return at, value, np.asarray(near, dtype=np.float64)


def apparent_colour(
    skin: SkinDistribution, diffuse: Mapping[float, Array], surface: Mapping[float, Array], weight: Array
) -> Lab:
    """Return the colour of the median skin.

    For skin of people it is the colour that an instrument reads through its port; for other skin, and for layers given
    in the case, it is the colour itself.
    """

    def lab(reflectance: Array) -> Lab:
        pairs = zip(COLOUR_WAVELENGTHS_NM, reflectance, strict=True)
        return spectrum_to_lab([weighted_median(diffuse[nm] * share + surface[nm], weight) for nm, share in pairs])

    whole = lab(np.ones(len(COLOUR_WAVELENGTHS_NM)))
    if skin.preset != "human" or skin.layers:
        return whole
    return lab(1.0 - port_loss_fraction(float(lab_to_ita_deg(whole))))


def median_ita_deg(skin: SkinDistribution) -> float:
    """Return the individual typology angle of a person's median skin as an instrument reads it, degrees."""
    at = list(COLOUR_WAVELENGTHS_NM)
    median = skin.median()
    diffuse, surface = (
        dict(zip(at, values.T, strict=True))
        for values in reflectance_parts(median, [optical_properties(median, nm) for nm in at])
    )
    return float(lab_to_ita_deg(apparent_colour(skin, diffuse, surface, np.ones(1))))


def ita_of_reading(skin: SkinDistribution, reading: Reflectance, *, draws: int, seed: int) -> float | DocumentWarning:
    """Return the individual typology angle of the skins that agree with a reflectance, by their melanin, degrees.

    A warning says why it has none: no drawn skin is near the reading, or skins of most colours agree with it.

    Parameters
    ----------
    skin : of people of all colours, at the place that was read.

    Raises
    ------
    NotAvailable : a wavelength at which skin is not described.
    """
    drawn = skin.sample(draws, seed)
    weight = weight_by_reading(drawn, reading)["weight"]
    if not weight.sum() > 0.0:
        return DocumentWarning("reading-not-skin", Message("skin.reading_not_skin"))
    if far := reading_warnings(reading, weight):
        return far[0]
    thickness = np.where(np.isfinite(drawn["thickness_m"]), drawn["thickness_m"], 0.0)  # fat has no end
    columns = np.sum(drawn["melanosome_fraction"] * thickness, axis=1)
    before, after = (np.log(weighted_quantiles(columns, weights, (0.1, 0.9))) for weights in (drawn["weight"], weight))
    if np.diff(after) > _MOST_SPREAD_LEFT * np.diff(before):
        return DocumentWarning("reading-tells-no-melanin", Message("skin.reading_tells_no_melanin"))
    return ita_of_melanin_deg(weighted_median(columns, weight), skin.site)


def weighted_median(values: Array, weight: Array) -> float:
    """Return the weighted median of one value per draw."""
    return weighted_quantiles(values, weight, (0.5,))[0]
