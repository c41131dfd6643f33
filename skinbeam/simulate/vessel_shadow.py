"""How much vessels shade each other: what a vessel among others absorbs over what it absorbs alone, by packets.

The model of doses puts each vessel alone into the light of layers over which the blood of all of them is spread evenly
(`skin.properties`), so that a mean shadow is there already. What is asked is what is left: whether packets that meet
each vessel as the cylinder that it is bring it as much.

Vessels are straight, lie along y, and repeat with the cell; the beam is wide.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skinbeam.physics.ordinates import solve
from skinbeam.schema.layers import LightBeam
from skinbeam.simulate.medium import LayeredMedium
from skinbeam.simulate.montecarlo import MonteCarlo
from skinbeam.simulate.pulse import STREAMS
from skinbeam.simulate.space import Inclusion, Layers, endless_cylinder
from skinbeam.skin.properties import blood_mua, optics
from skinbeam.skin.spectra import spectrum
from skinbeam.skin.vessels import vessel_network
from skinbeam.units import MM, UM

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["Section", "Shadow", "network_section", "vessel_shadow"]

Floats = NDArray[np.float64]

PACKETS = 200_000
CELL_M = 2.0 * MM
_TRIES = 2_000  # places that are tried for a vessel before it counts as one that finds no room


@dataclass(frozen=True)
class Section:
    """Vessels in a cross-section; all (vessel,), m, and shares of 1.

    Parameters
    ----------
    x, depth : of the axis; x from the middle of the cell.
    diameter : of the lumen.
    haematocrit, oxygenation : of the blood in it.
    """

    x: Floats
    depth: Floats
    diameter: Floats
    haematocrit: Floats
    oxygenation: Floats


class Shadow(NamedTuple):
    """What vessels absorb, (vessel,), of the power on the cell.

    Parameters
    ----------
    factor : among the others over alone. standard_error : of the factor, by the scatter of packets.
    together, alone : what both are made of.
    """

    factor: Floats
    standard_error: Floats
    together: Floats
    alone: Floats


def network_section(skin: "xr.Dataset", *, cell_m: float = CELL_M, seed: int = 0) -> Section:
    """Return vessels of normal skin at random places, which hold the blood of the layers of its dermis.

    Their numbers are rounded by chance; a vessel lies in its layer wherever it meets no other.

    Parameters
    ----------
    skin : one draw.

    Raises
    ------
    ValueError : a cell that is not wider than its widest vessel, or that finds no room for one.
    """
    network, share = vessel_network(skin)
    random = np.random.default_rng(seed)
    names = [str(name) for name in skin["layer"].values]
    thickness = skin["thickness_m"].to_numpy()[0]
    bottom = np.cumsum(thickness)
    held = {names[i] for i in np.unique(np.searchsorted(bottom, network.depth[0]))}
    blood = skin["blood_fraction"].to_numpy()[0] * thickness
    blood_m = sum(float(blood[i]) for i, name in enumerate(names) if name in held)
    area = share[0] * blood_m * cell_m
    wanted = area / (np.pi / 4 * network.diameter[0] ** 2)
    counts = np.floor(wanted + random.random(wanted.size)).astype(np.int64)
    rows: list[tuple[float, float, float, int]] = []
    for kind in np.argsort(-network.diameter[0]):  # the widest first: they need the room
        for _ in range(counts[kind]):
            wide, deep = float(network.diameter[0, kind]), float(network.depth[0, kind])
            rows.append(_placed(rows, wide, deep, bottom, cell_m, random, int(kind)))
    x, depth, diameter = (np.array([row[i] for row in rows]) for i in range(3))
    kinds = np.array([row[3] for row in rows], dtype=np.int64)
    return Section(x, depth, diameter, network.haematocrit[0, kinds], network.oxygenation[0, kinds])


def _placed(
    rows: list[tuple[float, float, float, int]],
    diameter: float,
    typical: float,
    bottom: Floats,
    cell_m: float,
    random: np.random.Generator,
    kind: int,
) -> tuple[float, float, float, int]:
    """A place for a vessel in the layer of its typical depth, where it meets no other."""
    layer = int(np.searchsorted(bottom, typical))
    top, end = float(bottom[layer - 1]) + diameter / 2, float(bottom[layer]) - diameter / 2
    if diameter >= cell_m:
        raise ValueError(f"a cell of {cell_m:g} m is narrower than a vessel of {diameter:g} m")
    for _ in range(_TRIES):
        x = (random.random() - 0.5) * cell_m
        # A vessel as wide as its layer lies in the middle of it.
        z = top + random.random() * (end - top) if end > top else (top + end) / 2
        clear = all(
            np.hypot((x - other + cell_m / 2) % cell_m - cell_m / 2, z - deep) > (diameter + wide) / 2
            for other, deep, wide, _ in rows
        )
        if clear:
            return x, z, diameter, kind
    raise ValueError(f"no room is left for a vessel of {diameter:g} m at {typical:g} m")


def vessel_shadow(
    skin: "xr.Dataset",
    wavelength_nm: float,
    section: Section,
    *,
    cell_m: float = CELL_M,
    own: bool = False,
    packets: int = PACKETS,
    seed: int = 0,
) -> Shadow:
    """Return what each vessel of a section absorbs among the others over what it absorbs alone.

    Parameters
    ----------
    skin : one draw.
    own : the vessels are the skin's own blood: alone, a vessel lies in layers over which the blood of all is spread
        evenly, as in the model of doses, and among the others in layers without. Otherwise they come on top of the
        blood of the layers, which is spread evenly in both.
    packets : of each run. Vessels of the same width and blood share the run that has one of them alone: what another
        would absorb alone follows from the fluence rate of the layers at its depth.

    Raises
    ------
    ValueError : vessels that reach out of the tissue or of the cell.
    """
    thickness = skin["thickness_m"].to_numpy()[0]
    radius = section.diameter / 2
    if np.any(section.depth < radius) or np.any(section.depth + radius > thickness.sum()):
        raise ValueError("depth: a vessel reaches out of the tissue")
    if np.any(section.diameter >= cell_m):
        raise ValueError("diameter: a vessel is as wide as the cell or wider")
    layers = optics(skin.assign(blood_fraction=skin["blood_fraction"] * 0.0) if own else skin, wavelength_nm)
    mua = blood_mua(wavelength_nm, section.haematocrit, section.oxygenation)
    bare = LayeredMedium(layers.mua[0], layers.mus[0], layers.g[0], layers.n[0], tuple(thickness))
    even = replace(bare, mua_per_m=_spread(bare, section, mua, cell_m).tolist()) if own else bare
    many = _absorbed(bare, wavelength_nm, section, mua, np.arange(section.x.size), cell_m, packets, seed)
    fluence = _fluence_at(even, section.depth)
    alone, error = np.empty(section.x.size), np.empty(section.x.size)
    known: dict[tuple[float, ...], tuple[float, float]] = {}
    for index in range(section.x.size):
        key = tuple(float(part[index]) for part in (section.diameter, section.haematocrit, section.oxygenation))
        if key not in known:
            which, run = np.array([index]), seed + 1 + len(known)
            one = _absorbed(even, wavelength_nm, section, mua, which, cell_m, packets, run)
            known[key] = float(one[0][0] / fluence[index]), float(one[1][0] / fluence[index])
        alone[index], error[index] = (part * fluence[index] for part in known[key])
    factor = many[0] / alone
    return Shadow(factor, factor * np.hypot(many[1] / many[0], error / alone), many[0], alone)


def _fluence_at(medium: LayeredMedium, depth: Floats) -> Floats:
    """Fluence rate over irradiance at depths, exact, (vessel,)."""
    thin = 0.5 * UM
    edges, which = np.unique(np.concatenate([[0.0], depth - thin, depth + thin]), return_inverse=True)
    layers = (medium.mua_per_m, medium.mus_per_m, medium.g, medium.n, medium.thickness_m)
    light = solve(*(np.atleast_2d(part) for part in layers), z_edges=edges[None], streams=STREAMS)
    # Bins between the two edges of a depth, where those of others may lie, are put together again.
    total = np.concatenate([[0.0], np.cumsum(light.fluence_rate_ratio[0] * np.diff(edges))])
    start, end = which[1 : depth.size + 1], which[depth.size + 1 :]
    result: Floats = (total[end] - total[start]) / (edges[end] - edges[start])
    return result


def _spread(medium: LayeredMedium, section: Section, mua: Floats, cell_m: float) -> Floats:
    """Absorption of layers over which the blood of vessels is spread evenly, each less what its own edge keeps from it.

    As in `skin.properties`, with the radius and the blood of each vessel; (layer,), 1/m.
    """
    thickness = np.asarray(medium.thickness_m)
    layer = np.searchsorted(np.cumsum(thickness), section.depth)
    area = np.pi / 4 * section.diameter**2
    x = mua * section.diameter
    absorbs = area * mua * -np.expm1(-x) / x
    held, blood = (
        np.bincount(layer, part, minlength=thickness.size) / (thickness * cell_m) for part in (area, absorbs)
    )
    result: Floats = (1.0 - held) * np.asarray(medium.mua_per_m) + blood
    return result


def _absorbed(
    medium: LayeredMedium,
    wavelength_nm: float,
    section: Section,
    mua: Floats,
    which: NDArray[np.int64],
    cell_m: float,
    packets: int,
    seed: int,
) -> tuple[Floats, Floats]:
    """What some of the vessels absorb of the power on the cell, and its standard error, (vessel,)."""
    blood = spectrum("blood")
    # Blood scatters forward: what counts over the width of a vessel is the rest, taken as even in all directions. The
    # thousands of steps that its own scattering would ask for everywhere change nothing that can be seen.
    scatter = float(blood.at("scattering_per_m", wavelength_nm) * (1.0 - blood.at("anisotropy", wavelength_nm)))
    inclusions = []
    for i in which:
        # A vessel that reaches over the edge of the cell comes in at the other side.
        at, radius = section.x[i], float(section.diameter[i]) / 2
        places = [x for x in (at - cell_m, at, at + cell_m) if abs(x) < cell_m / 2 + radius]
        shapes = [endless_cylinder(float(x), float(section.depth[i]), radius) for x in places]
        inclusions.append(Inclusion(shapes, float(mua[i]), scatter, 0.0))
    space = Layers(medium, inclusions, (cell_m, cell_m))
    field = MonteCarlo(packets, seed=seed).trace(space, LightBeam(), np.array([0.0, cell_m]))
    assert field.standard_error is not None  # packets have one
    count = len(medium.thickness_m)
    return np.asarray(field.absorbed_fraction)[count:], np.asarray(field.standard_error.absorbed_fraction)[count:]
