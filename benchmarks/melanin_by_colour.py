"""Melanin by colour, inverted anew with the light that an instrument loses at the edge of its port.

`by_ita` of `data/tissue/melanin.toml` comes from inversions that left this loss in. They are exact at 690 nm, so that
they say what was read: the light of that melanin in their geometry, an epidermis 70 um thick on a dermis without end,
both of index 1.4. Two of them differ in their scattering, which is not stated. The first is taken to be that of the
package's tables, the second that times one factor for each layer: what both then read has to agree in all classes.
There melanin is even; what is read is inverted with it where people have it, in the middle of what is drawn.

What a port loses is traced in the middle skin of a cheek and of a forearm. Traced light spreads too far: it gives two
ports twice the difference that was measured at 700 nm (takiwaki2002). So all its lengths are divided by the number that
makes them agree. Half of that loss, and half of the loss of the light as it was traced, are the ends. It takes two to
six minutes on a quiet or a busy machine.

    python benchmarks/melanin_by_colour.py [--packets N]
"""

import argparse
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq, least_squares

from skinbeam.physics.light.ordinates import solve
from skinbeam.simulate.light.medium import LayeredMedium
from skinbeam.simulate.light.pencil import Pencil, pencil
from skinbeam.skin.colour import COLOUR_WAVELENGTHS_NM
from skinbeam.skin.model import Skin
from skinbeam.skin.properties import anisotropy, baseline_mua, blood_mua, melanosome_mua, optics, reduced_scattering
from skinbeam.skin.tables import number, table
from skinbeam.units import UM

Array = NDArray[np.float64]

SITES = ("cheeks", "forearm")  # of the archive half is of faces
TRACED_nm = (400.0, 500.0, 550.0, 600.0, 650.0, 700.0)
RING_m, RINGS = 2.5e-4, 320
INVERTED_nm = 690.0
INDEX = 1.4
# The two ports as lit and as read, mm; the wider one is taken for the archive's.
WIDE_mm, NARROW_mm = (11.0, 8.0), (5.0, 3.0)


def reflected(
    fraction: Array, blood: Array, nm: Array, factors: tuple[float, float] = (1.0, 1.0), *, even: bool = False
) -> Array:
    """Diffuse reflectance of the geometry of the inversion; arguments of one shape, factors of epidermis and dermis."""
    fraction, blood, nm = np.broadcast_arrays(fraction, blood, nm)
    shape, epidermis_m = fraction.shape, table("melanin")["by_ita"]["epidermis_um"] * UM
    by_depth = table("melanin")["by_depth"]
    above = 1.0 if even else number(by_depth["above_basal"])
    share = number(by_depth["basal_um"]) * UM / epidermis_m
    rows = []
    for f, b, at in zip(fraction.ravel(), blood.ravel(), nm.ravel(), strict=True):
        melanosome, whole, bloodless, epidermis, dermis, g = _at(float(at))
        both = np.array([above * f, above * f + (1 - above) * f / share])
        absorption = *(both * melanosome + (1 - both) * bloodless), b * whole + (1 - b) * bloodless
        scattering = np.array([factors[0] * epidermis, factors[0] * epidermis, factors[1] * dermis]) / (1 - g)
        rows.append((*absorption, *scattering, g))
    values = np.array(rows)
    light = solve(
        values[:, :3],
        values[:, 3:6],
        values[:, 6:],
        INDEX,
        np.tile([epidermis_m * (1 - share), epidermis_m * share, np.inf], (len(values), 1)),
        streams=8,
    )
    return light.reflectance_diffuse.reshape(shape)


@cache
def _at(nm: float) -> tuple[float, ...]:
    """Absorption of melanosomes, blood and bloodless tissue, reduced scattering of both layers, mean cosine."""
    entry = table("optics")
    blood = blood_mua(nm, number(entry["blood"]["haematocrit"]), number(entry["blood"]["oxygenation"]))
    bloodless = number(entry["baseline"]["factor"]) * baseline_mua(nm)
    scattering = reduced_scattering("epidermis", nm), reduced_scattering("dermis", nm)
    return melanosome_mua(nm), float(blood), bloodless, *scattering, anisotropy(nm)


def traced(site: str, ita_deg: float, nm: float, packets: int) -> Pencil:
    """A pencil beam in the middle skin of a site."""
    skin = Skin(site=site, ita_deg=ita_deg).median()
    at = optics(skin, nm)
    mua, mus, g, n, thickness = (
        values[0].tolist() for values in (at.mua, at.mus, at.g, at.n, skin["thickness_m"].to_numpy())
    )
    return pencil(LayeredMedium(mua, mus, g, n, thickness), np.array([0.0, 1e-3]), RING_m, RINGS, packets)


def loss(light: Pencil, port_mm: tuple[float, float], shorter: float) -> float:
    """Share of the diffuse reflectance that a port loses when all lengths of the light are divided by a number."""
    whole = float(light.out[:, 0].sum() / light.packets.sum()) * (1.0 - light.reflectance_specular)
    return 1.0 - light.port(port_mm[0] * shorter, port_mm[1] * shorter)[0] / whole


def more_in_the_wide(light: Pencil, shorter: float) -> float:
    """How much more the wide port reads than the narrow one, as a share of the latter."""
    return (1.0 - loss(light, WIDE_mm, shorter)) / (1.0 - loss(light, NARROW_mm, shorter)) - 1.0


def losses(packets: int) -> tuple[Array, Array]:
    """Losses at `COLOUR_WAVELENGTHS_NM` for each class, (class, wavelength), with light shortened and as traced."""
    ita = table("melanin")["by_ita"]["ita_deg"]
    measured = number(table("melanin")["port"]["wide_over_narrow"])
    reached = (ita[0], ita[2], ita[4])
    found = np.zeros((2, len(reached), len(TRACED_nm)))
    for site in SITES:
        judge = traced(site, ita[3], 700.0, packets)
        shorter = float(brentq(lambda s, judge=judge: more_in_the_wide(judge, s) - measured, 1.0, 3.5, xtol=0.02))
        print(
            f"{site}: wide over narrow {more_in_the_wide(judge, 1.0):.3f} as traced; lengths divided by {shorter:.2f}"
        )
        for row, colour in enumerate(reached):
            for column, nm in enumerate(TRACED_nm):
                light = traced(site, colour, nm, packets)
                found[0, row, column] += loss(light, WIDE_mm, shorter) / len(SITES)
                found[1, row, column] += loss(light, WIDE_mm, 1.0) / len(SITES)
    print("loss of the port at", TRACED_nm, "nm, colours", reached)
    print(np.round(found, 3))
    by_class = np.array([[np.interp(ita, reached, one) for one in part.T] for part in found])
    by_wavelength = np.array(
        [[np.interp(COLOUR_WAVELENGTHS_NM, TRACED_nm, one) for one in part.T] for part in by_class]
    )  # fmt: skip
    return by_wavelength[0], by_wavelength[1]


def main() -> None:
    """Print what was read, how far both inversions agree on it, and melanin and blood with the loss corrected."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--packets", type=int, default=30_000)
    np.set_printoptions(precision=4, suppress=True, linewidth=140)
    entry = table("melanin")["by_ita"]["uncorrected"]
    joint, first, second = np.array(entry["fractions"]).T
    blood = np.array(entry["blood_fraction"])
    nm = np.array(COLOUR_WAVELENGTHS_NM)
    read = reflected(first, blood, np.array(INVERTED_nm), even=True)
    fitted = least_squares(
        lambda k: reflected(second, blood, np.array(INVERTED_nm), tuple(k), even=True) - read, [1.5, 1.2]
    )
    print("read at 690 nm, without the surface:", read)
    print("factors of the second scattering:", fitted.x, "- both inversions differ by", fitted.fun)
    spectra = reflected(joint[:, None], blood[:, None], nm[None], even=True)
    shortened, as_traced = losses(parser.parse_args().packets)
    at = int(np.argmin(np.abs(nm - INVERTED_nm)))
    for name, share in (("low", 0.5 * shortened), ("middle", shortened), ("high", 0.5 * as_traced)):
        rows = []
        for k in range(len(joint)):
            one = read[k] / (1.0 - share[k, at])
            alone = [
                brentq(
                    lambda f, factors=factors, one=one, k=k: float(
                        reflected(np.array(f), blood[k], np.array(INVERTED_nm), factors) - one
                    ),
                    0.002,
                    0.6,
                )
                for factors in ((1.0, 1.0), tuple(fitted.x))
            ]
            target = spectra[k] / (1.0 - share[k])
            both = least_squares(
                lambda p, target=target: reflected(np.exp(p[0]), np.exp(p[1]), nm) - target,
                np.log([0.8 * joint[k], blood[k]]),
            )
            rows.append([np.exp(both.x[0]), *alone, np.exp(both.x[1]), np.sqrt(np.mean(both.fun**2))])
        found = np.array(rows)
        print(f"\n{name}: joint, 690 nm, 690 nm with the second scattering, blood, rms of the joint one")
        print(found)
        print("over the uncorrected:", found[:, :3] / np.array(entry["fractions"]), found[:, 3] / blood, sep="\n")


if __name__ == "__main__":
    main()
