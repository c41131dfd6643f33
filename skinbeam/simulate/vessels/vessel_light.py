"""What light around vessels is like: where it flows to, how it falls with depth, and how much of it comes back.

Net flux and fluence rate are those of the layers under a wide beam, without the vessel. What comes back of the light
that leaves a vessel was found by following packets (`data/derived/vessel_return.toml`), in skin that goes on in
all directions and absorbs as the dermis does on average; the surface and the epidermis above it take their part of that
(`physics.targets.vessel_sides`).
"""

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from skinbeam.derived import derived_table
from skinbeam.physics.kernel.between import history_at
from skinbeam.physics.kernel.gauss import gauss_legendre
from skinbeam.physics.light.fresnel import reflectance
from skinbeam.physics.targets.vessel_sides import Around, beside_surface
from skinbeam.simulate.light.illumination import Illumination, Line
from skinbeam.simulate.pulse.response import Response
from skinbeam.skin.layers import EPIDERMIS, FAT, HORNY
from skinbeam.skin.vessels import Vessels

__all__ = ["around_vessels", "returned"]

Floats = NDArray[np.float64]

LEAST_LOSS = 1e-6  # absorption over reduced scattering
COSINES = 48
CROSSED = 4.0  # paths through the epidermis that light takes to the surface and back: two, of mean secant two


class _Returns(NamedTuple):
    """Logarithms of radius and of absorption, both in scattering, (radius,) and (absorption,); R_0 and R_1 at them."""

    radius: Floats
    absorption: Floats
    shares: tuple[Floats, Floats]


@cache
def _returns() -> _Returns:
    found = derived_table("vessel_return")
    shares = np.log(np.array(found["returned_0"])), np.log(np.array(found["returned_1"]))
    return _Returns(np.log(found["radius"]), np.log(found["absorption"]), shares)


def returned(radius: Floats, absorption: Floats) -> tuple[Floats, Floats]:
    """Return R_0 and R_1 of (sides 2) in skin without a surface; both arguments have the shape of the answers.

    Interpolated by logarithms. Below the smallest radius of the table they go as the radius; elsewhere beyond it those
    of the nearest are returned.

    Parameters
    ----------
    radius : of the vessel in transport lengths 1 / mus'. absorption : mua / mus' of the skin.
    """
    table = _returns()
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
        for share in table.shares
    )
    return first, second


def around_vessels(response: Response, vessels: Vessels, line: Line) -> Around:
    """Return the light around each vessel at one wavelength, (sample, vessel) each."""
    lit = response.lit
    assert lit is not None  # asked of vessels that are lit
    wide, net = _wide(lit, line)
    radius = vessels.diameter / 2

    def at(values: Floats, depth: Floats) -> Floats:
        return history_at(lit.grid.centres, values[:, None], depth)[..., 0]

    middle = at(wide, vessels.depth)
    # Where no light comes there is no side to it.
    over = np.divide(1.0, middle, out=np.zeros(middle.shape), where=middle > 0)
    slope = (at(wide, vessels.depth - radius) - at(wide, vessels.depth + radius)) * over / 2
    scattering, absorption, reflected = _medium(response, line)
    turned = scattering[:, None] > 0  # what is clear sends nothing back
    # Light without any loss reaches the surface from everywhere: the law of the image asks for a little.
    loss = np.divide(absorption, scattering, out=np.ones(scattering.shape), where=scattering > 0)[:, None]
    loss = np.maximum(loss, LEAST_LOSS)
    reduced, back = np.where(turned, scattering[:, None], 1.0), reflected[:, None]
    each = radius * reduced
    first, second = returned(each, np.broadcast_to(loss, each.shape))
    first = beside_surface(first, each, vessels.depth * reduced, loss, back)
    return Around(at(net, vessels.depth) * over, slope, (np.where(turned, first, 0.0), np.where(turned, second, 0.0)))


def _wide(lit: Illumination, line: Line) -> tuple[Floats, Floats]:
    """Fluence rate and net flux downwards of a wide beam in the cells, over the irradiance, (sample, cell)."""
    wide = line.light.fluence_rate_ratio
    if lit.shares is not None:
        which = next(i for i, each in enumerate(lit.lines) if each is line)
        share = lit.shares[which].at(lit.grid.centres)
        wide = np.divide(
            wide, share, out=np.zeros(wide.shape), where=share > 0
        )  # where no packet came there is no light
    taken = line.optics.mua[:, lit.grid.layer] * wide * lit.grid.widths
    entered = np.asarray(1 - line.light.reflectance_specular - line.light.reflectance_diffuse)
    return wide, np.maximum(entered[:, None] - np.cumsum(taken, axis=1) + taken / 2, 0.0)


def _medium(response: Response, line: Line) -> tuple[Floats, Floats, Floats]:
    """mus' and mean mua of the dermis, 1/m, and what comes back of light from there to the surface, (sample,) each.

    Skin without named layers counts as dermis.
    """
    tissue = [str(name) for name in response.skins.variables["tissue"].values]
    above = [i for i, name in enumerate(tissue) if name in (HORNY, EPIDERMIS)]
    dermis = [i for i, name in enumerate(tissue) if name not in (HORNY, EPIDERMIS, FAT)] or above
    thickness = np.asarray(response.skins.variables["thickness_m"].values, dtype=np.float64)
    weight = np.where(np.isinf(thickness[:, dermis]), 1.0, thickness[:, dermis])
    weight = weight / weight.sum(axis=1, keepdims=True)
    optics = line.optics
    scattering = (weight * (optics.mus * (1 - optics.g))[:, dermis]).sum(axis=1)
    absorption = (weight * optics.mua[:, dermis]).sum(axis=1)
    passed = (optics.mua * thickness)[:, above].sum(axis=1) if dermis != above else np.zeros(len(thickness))
    index = (weight * optics.n[:, dermis]).sum(axis=1)
    return scattering, absorption, _reflected_within(index) * np.exp(-CROSSED * passed)


def _reflected_within(index: Floats) -> Floats:
    """Share of diffuse light from within that a surface against air sends back, in the shape of `index`."""
    node, weight = gauss_legendre(COSINES)
    cosine = (node + 1) / 2
    each = np.asarray(index)[..., None]
    reflected = reflectance(each**2 * (1 - cosine**2), each, np.ones(1))
    return np.asarray(reflected @ (weight * cosine))
