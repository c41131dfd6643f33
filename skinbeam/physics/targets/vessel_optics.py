"""Light in a vessel that is lit from one side, and the reduction of that light by the vessel's own absorption.

Around a vessel of radius a, at an angle theta from the side that the light comes from (theta = 0 there), light is
nearly isotropic: with phi the fluence rate and F the net flux in the skin without the vessel (Ishimaru 1978),

    L = (phi + 3 F cos(Omega, F)) / 4 pi,   phi(r, theta) = phi_axis (1 + s (r/a) cos(theta)).               (sides 1)

Blood scatters about as skin does, and absorbs along the path l from the edge: phi exp(-mua l) for each direction. Part
of the light M(theta) that is missing from the light that leaves the vessel at its edge would have come back. Of its
part of the form cos(n theta) the share R_n comes back, spread evenly over directions; of the light that enters in this
form, T_n leaves again. So less enters, in terms of a flux by

    J_n = -R_n M_n / (1 - R_n T_n).                                                                          (sides 2)

With the means <.> of (vessel 1) over chords s and of (vessel 5) over paths, a(x) = <1 - exp(-mua s)> = x shading(x), x
= mua d and f = F / phi:

    M_0 = phi a / 4,   M_1 = phi (s a / 4 - f b / 2),   b = <1 - exp(-mua s)> weighted with the cosine of exit,
    T_n = <exp(-mua s) cos(n (pi - 2 psi))>,                                                                 (sides 3)
    phi_0(r) = (phi + 4 J_0) profile(r),
    phi_1(r) = phi (s (r/a) profile(r) + 3 f <cos(e_r, -Omega) exp(-mua l)>)
               + 4 J_1 <exp(-mua l) cos(delta)>,                                                             (sides 4)

delta the angle about the axis between a place and where its light entered. The fluence rate is phi_0 + phi_1
cos(theta). The part that varies as cos(2 theta) is a product of two small quantities, and left out.

R_n depends on the radius in transport lengths, and on the albedo of the skin: the caller provides it. The surface of
skin lets light out, so that less comes back. An image of the opposite sign, as far above the plane at which the fluence
rate goes to zero, reduces the number of returns R_0 / (1 - R_0), in diffusion with the coefficient D and the
attenuation kappa, lengths in units of 1 / mus', by

    (a / 4 D) K_0(2 kappa (h + z)),   z = 2 D (1 + r) / (1 - r),                                             (sides 5)

h the depth of the axis and r the share of diffuse light that the surface, and absorbers above, send back.

R_n is computed by Monte Carlo for a cylinder in unbounded skin. Packets start on the cylinder uniformly, in outward
directions by their cosine (Lambert), scatter by Henyey and Greenstein (1941) and end on the cylinder, or when they are
absorbed. With w their weight and delta the angle about the axis between start and end, R_n = <w cos(n delta)>. One run
serves every absorption: a packet that comes back after the path L counts exp(-mua L). Lengths are in units of 1 / mus'.
"""

import math
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skinbeam.physics.numerics.arrays import gauss_legendre
from skinbeam.physics.targets.vessel import lumen_cells, lumen_paths, lumen_profile

__all__ = [
    "AmbientLight",
    "light_return_below_surface",
    "lumen_light",
]

Array = NDArray[np.float64]

_SMALLEST, _LARGEST, _NODES = 1e-3, 300.0, 400  # range of optical diameters, and the number of nodes
_ANGLES = 48  # Gauss nodes in a right angle of the directions of a chord


class AmbientLight(NamedTuple):
    """Light around a vessel, as it would be without the vessel; all fields broadcast.

    Parameters
    ----------
    net_flux_ratio : net flux over fluence rate at the axis, f of (sides 1).
    slope : relative excess of the fluence rate at the side that the light comes from, s of (sides 1).
    return_shares : R_0 and R_1 of (sides 2), at least 0 and below 1.
    """

    net_flux_ratio: Array
    slope: Array
    return_shares: tuple[Array, Array]


class _LumenLightTable(NamedTuple):
    """Quantities of each optical diameter, (node,) or (node, cell)."""

    direction_mean: Array  # <cos(e_r, -Omega) exp(-mua l)>
    entry_mean: Array  # <exp(-mua l) cos(delta)>
    relative_radius: Array  # radius of the cells over that of the lumen, (cell,)
    transmission: Array  # T_1
    exit_weighted_absorption: Array  # b


def lumen_light(mua: ArrayLike, diameter_m: ArrayLike, ambient: AmbientLight) -> tuple[Array, Array]:
    """Return phi_0 and phi_1 of (sides 4) in each cell of a lumen, over the axial fluence rate without the vessel.

    Parameters
    ----------
    mua : absorption coefficient of the blood, 1/m. diameter_m : of the lumen. They broadcast, with `ambient`.

    Returns
    -------
    Two arrays, (..., cell).

    Raises
    ------
    ValueError : as `vessel.lumen_profile`.
    """
    profile = lumen_profile(mua, diameter_m)
    x = np.asarray(mua, dtype=np.float64) * np.asarray(diameter_m, dtype=np.float64)
    table = _lumen_light_table()
    place = np.log(np.clip(x, _SMALLEST, _LARGEST) / _SMALLEST) / math.log(_LARGEST / _SMALLEST) * (_NODES - 1)
    below = np.minimum(place.astype(np.int64), _NODES - 2)
    share = place - below

    def at(values: Array) -> Array:
        part = share[..., None] if values.ndim > 1 else share
        return np.asarray((1 - part) * values[below] + part * values[below + 1])

    _, volume = lumen_cells()
    taken = x * (profile @ volume)
    first, second = ambient.return_shares
    even = -first * taken / 4 / (1 - first * (1 - taken))
    missing = ambient.slope * taken / 4 - ambient.net_flux_ratio * at(table.exit_weighted_absorption) / 2
    uneven = -second * missing / (1 - second * at(table.transmission))
    lit = ambient.slope[..., None] * table.relative_radius * profile + 3 * ambient.net_flux_ratio[..., None] * at(
        table.direction_mean
    )
    return profile * (1 + 4 * even[..., None]), lit + 4 * uneven[..., None] * at(table.entry_mean)


def light_return_below_surface(
    return_share: ArrayLike, radius: ArrayLike, depth: ArrayLike, absorption: ArrayLike, surface_reflectance: ArrayLike
) -> Array:
    """Return R_0 below a surface (sides 5), from that in unbounded skin (`return_share`); all arguments broadcast.

    Parameters
    ----------
    radius, depth : of the vessel and of its axis, in transport lengths 1 / mus'. absorption : mua / mus' of the skin.
    surface_reflectance : r.
    """
    from scipy.special import k0  # imported late: commands without vessels need not load it

    share, away = np.asarray(return_share, dtype=np.float64), np.asarray(depth, dtype=np.float64)
    loss, back = np.asarray(absorption, dtype=np.float64), np.asarray(surface_reflectance, dtype=np.float64)
    diffusion = 1 / (3 * (1 + loss))
    attenuation = np.sqrt(loss / diffusion)
    beyond = 2 * diffusion * (1 + back) / (1 - back)
    image = np.asarray(radius) / (4 * diffusion) * k0(2 * attenuation * (away + beyond))
    returns = np.maximum(share / (1 - share) - image, 0.0)
    return np.asarray(returns / (1 + returns))


@cache
def _lumen_light_table() -> _LumenLightTable:
    nodes = np.geomspace(_SMALLEST, _LARGEST, _NODES)
    paths = lumen_paths()
    aimed, entered = np.empty((2, _NODES, len(paths.relative_length)))
    for i, x in enumerate(nodes):
        left = np.exp(-x * paths.relative_length)
        aimed[i] = (left * paths.inward_cosine) @ paths.weight
        entered[i] = (left * paths.entry_cosine) @ paths.weight
    node, weight = gauss_legendre(_ANGLES)
    angle = (node + 1) * math.pi / 4
    chord = np.cos(angle)[None, :] / np.sin(angle)[:, None]
    flux = np.multiply.outer(weight * np.sin(angle) ** 2, weight * np.cos(angle))
    twice = flux * np.multiply.outer(np.sin(angle), np.cos(angle))
    passed = np.exp(-nodes[:, None, None] * chord)
    through = (passed * flux * np.cos(np.pi - 2 * angle)).sum(axis=(1, 2)) / flux.sum()
    absorbed = ((1 - passed) * twice).sum(axis=(1, 2)) / twice.sum()
    return _LumenLightTable(aimed, entered, paths.relative_radius, through, absorbed)
