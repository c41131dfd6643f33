"""Light around vessels: its net flux, its decrease with depth, and the share that returns after leaving a vessel.

Net flux and fluence rate are those of the layers under a wide beam, without the vessel. The return of light that has
left a vessel was computed by Monte Carlo (`data/derived/vessel_return.toml`) in skin that extends in all directions and
absorbs as the dermis does on average; the surface and the epidermis above it reduce it
(`physics.targets.vessel_optics`).
"""

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from skinbeam.model.package_data import load_derived_table
from skinbeam.physics.light.plane_layers import fresnel_reflectance
from skinbeam.physics.numerics.arrays import gauss_legendre
from skinbeam.physics.numerics.interpolation import interpolate_history
from skinbeam.physics.targets.vessel_optics import AmbientLight, light_return_below_surface
from skinbeam.simulate.light.illumination import Illumination, SpectralLine
from skinbeam.simulate.pulse.response import PulseResponse
from skinbeam.skin.layers import EPIDERMIS, FAT, HORNY_LAYER
from skinbeam.skin.vessels import Vessels

__all__ = ["interpolate_light_return", "light_around_vessels"]

Floats = NDArray[np.float64]

LEAST_LOSS = 1e-6  # absorption over reduced scattering
COSINE_NODES = 48
EPIDERMIS_CROSSINGS = (
    4.0  # path of light through the epidermis to the surface and back, in thicknesses: two passes of mean secant two
)


class _ReturnTable(NamedTuple):
    """Logarithms of radius and of absorption relative to scattering, (radius,) and (absorption,), with R_0 and R_1."""

    radius: Floats
    absorption: Floats
    returned: tuple[Floats, Floats]


@cache
def _return_table() -> _ReturnTable:
    found = load_derived_table("vessel_return")
    shares = np.log(np.array(found["returned_0"])), np.log(np.array(found["returned_1"]))
    return _ReturnTable(np.log(found["radius"]), np.log(found["absorption"]), shares)


def interpolate_light_return(radius: Floats, absorption: Floats) -> tuple[Floats, Floats]:
    """Return R_0 and R_1 of (sides 2) in skin without a surface; both arguments have the shape of the results.

    Interpolated in logarithms. Below the smallest radius of the table they are proportional to the radius; elsewhere
    outside the table those of the nearest entry are returned.

    Parameters
    ----------
    radius : of the vessel in transport lengths 1 / mus'. absorption : mua / mus' of the skin.
    """
    table = _return_table()
    smallest = np.exp(table.radius[0])

    def between(nodes: Floats, at: Floats) -> tuple[NDArray[np.int64], Floats]:
        inside = np.clip(at, nodes[0], nodes[-1])
        low = np.clip(np.searchsorted(nodes, inside, side="right") - 1, 0, nodes.size - 2)
        return low, (inside - nodes[low]) / (nodes[low + 1] - nodes[low])

    (i, u), (j, v) = (
        between(nodes, np.log(np.maximum(at, 1e-12)))
        for nodes, at in ((table.radius, radius), (table.absorption, absorption))
    )
    narrow = np.minimum(radius / smallest, 1.0)
    first, second = (
        narrow
        * np.exp(
            (1 - u) * ((1 - v) * share[i, j] + v * share[i, j + 1])
            + u * ((1 - v) * share[i + 1, j] + v * share[i + 1, j + 1])
        )
        for share in table.returned
    )
    return first, second


def light_around_vessels(response: PulseResponse, vessels: Vessels, line: SpectralLine) -> AmbientLight:
    """Return the light around each vessel at one wavelength, (sample, vessel) each."""
    lit = response.illumination
    assert lit is not None  # only for lit vessels
    wide, net = _wide_beam_light(lit, line)
    radius = vessels.diameter / 2

    def at(values: Floats, depth: Floats) -> Floats:
        return interpolate_history(lit.grid.centres, values[:, None], depth)[..., 0]

    middle = at(wide, vessels.depth)
    # Without light there is no lit side.
    over = np.divide(1.0, middle, out=np.zeros(middle.shape), where=middle > 0)
    slope = (at(wide, vessels.depth - radius) - at(wide, vessels.depth + radius)) * over / 2
    scattering, absorption, reflected = _dermis_optics(response, line)
    turned = scattering[:, None] > 0  # a clear medium returns nothing
    # Without loss light reaches the surface from any depth: the law of the image source needs a small loss.
    loss = np.divide(absorption, scattering, out=np.ones(scattering.shape), where=scattering > 0)[:, None]
    loss = np.maximum(loss, LEAST_LOSS)
    reduced, back = np.where(turned, scattering[:, None], 1.0), reflected[:, None]
    reduced_radius = radius * reduced
    first, second = interpolate_light_return(reduced_radius, np.broadcast_to(loss, reduced_radius.shape))
    first = light_return_below_surface(first, reduced_radius, vessels.depth * reduced, loss, back)
    return AmbientLight(
        at(net, vessels.depth) * over, slope, (np.where(turned, first, 0.0), np.where(turned, second, 0.0))
    )


def _wide_beam_light(lit: Illumination, line: SpectralLine) -> tuple[Floats, Floats]:
    """Return fluence rate and downward net flux of a wide beam in the cells, over the irradiance, (sample, cell)."""
    wide = line.light.fluence_rate_ratio
    if lit.spot_shares is not None:
        which = next(i for i, spectral_line in enumerate(lit.spectral_lines) if spectral_line is line)
        share = lit.spot_shares[which].at(lit.grid.centres)
        wide = np.divide(wide, share, out=np.zeros(wide.shape), where=share > 0)  # without packets there is no light
    taken = line.optics.mua[:, lit.grid.layer] * wide * lit.grid.widths
    entered = np.asarray(1 - line.light.reflectance_specular - line.light.reflectance_diffuse)
    return wide, np.maximum(entered[:, None] - np.cumsum(taken, axis=1) + taken / 2, 0.0)


def _dermis_optics(response: PulseResponse, line: SpectralLine) -> tuple[Floats, Floats, Floats]:
    """Return mus' and mean mua of the dermis, 1/m, and the internal reflectance at the surface above, (sample,) each.

    The reflectance includes the absorption of the layers above the dermis. Skin without named layers counts as dermis.
    """
    tissue = list(response.skins.tissues)
    above = [i for i, name in enumerate(tissue) if name in (HORNY_LAYER, EPIDERMIS)]
    dermis = [i for i, name in enumerate(tissue) if name not in (HORNY_LAYER, EPIDERMIS, FAT)] or above
    thickness = response.skins["thickness_m"]
    weight = np.where(np.isinf(thickness[:, dermis]), 1.0, thickness[:, dermis])
    weight = weight / weight.sum(axis=1, keepdims=True)
    optics = line.optics
    scattering = (weight * (optics.mus * (1 - optics.g))[:, dermis]).sum(axis=1)
    absorption = (weight * optics.mua[:, dermis]).sum(axis=1)
    passed = (optics.mua * thickness)[:, above].sum(axis=1) if dermis != above else np.zeros(len(thickness))
    index = (weight * optics.n[:, dermis]).sum(axis=1)
    return scattering, absorption, _internal_reflectance(index) * np.exp(-EPIDERMIS_CROSSINGS * passed)


def _internal_reflectance(index: Floats) -> Floats:
    """Return the share of diffuse light from within that a surface against air reflects, in the shape of `index`."""
    node, weight = gauss_legendre(COSINE_NODES)
    cosine = (node + 1) / 2
    ratio = np.asarray(index)[..., None]
    reflected = fresnel_reflectance(ratio**2 * (1 - cosine**2), ratio, np.ones(1))
    return np.asarray(reflected @ (weight * cosine))
