"""Make the table of melanin by colour: spectra inverted again with the light that an instrument loses at its port.

The inversions of `by_ita` in `data/tissue/melanin.toml` neglected this loss. They are exact at 690 nm, so that they
give the reading: the light of that melanin in their geometry, an epidermis 70 um thick on a dermis without end,
both of index 1.4. Two of them differ in their scattering, which is not stated. The first is taken to be that of the
package's tables, the second that times one factor for each layer: the readings of both then have to agree in all
classes. In those inversions melanin is even; the reading is inverted with melanin distributed as in people, at the
middle of the drawn range.

The port loss is traced in the median skin of a cheek and of a forearm. Traced light spreads too far: it gives two
ports twice the difference that was measured at 700 nm (takiwaki2002). So all its lengths are divided by the number that
makes them agree. Half of that loss, and half of the loss of the light as traced, are the ends. It takes two to six
minutes on a quiet or a busy machine.

The traced skin has the melanin of the shipped tables, including those made here, on which the loss hardly depends. The
blood of the inversions is printed and is entered by hand as `blood.face` of `data/tissue/optics.toml`.
"""

from functools import cache
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq, least_squares

from research.derived_table import DerivedTable
from research.pencil_beam.traced_light import PencilBeamLight, trace_pencil_beam
from skinbeam.model.units import UM
from skinbeam.physics.light.photon_scene import LightTally
from skinbeam.simulate.layers_schema.layers import LightBeam
from skinbeam.simulate.light.engines import SKIN_ORDINATES
from skinbeam.simulate.light.medium import LayeredMedium
from skinbeam.skin.colour import COLOUR_WAVELENGTHS_NM
from skinbeam.skin.distribution import SkinDistribution
from skinbeam.skin.properties import (
    anisotropy,
    baseline_mua,
    blood_mua,
    melanosome_mua,
    optical_properties,
    reduced_scattering,
)
from skinbeam.skin.tables import read_number, tissue_table

__all__ = ["MELANIN_BY_COLOUR", "Losses"]

Array = NDArray[np.float64]

SITES = ("cheeks", "forearm")  # of the archive half is of faces
TRACED_nm = (400.0, 500.0, 550.0, 600.0, 650.0, 700.0)
RING_m, RINGS = 2.5e-4, 320
INVERTED_nm = 690.0
INDEX = 1.4
# The two ports as lit and as read, mm; the wider one is taken for the archive's.
WIDE_mm, NARROW_mm = (11.0, 8.0), (5.0, 3.0)
PACKETS: Final = 30_000

HEADER = """\
# Volume fraction of melanosomes, averaged over an epidermis as thick as `by_ita` of tissue/melanin.toml has it that
# absorbs by melanosome.cutaneous, that returns the mean measured spectrum of each of its colour classes, the light that
# the instrument loses at the edge of its port given back to it, with melanin as by_depth has it. `fractions` are five
# inversions: joint with blood, at 690 nm with two scatterings, and joint with the lower and the higher end of that
# loss. `port_loss` is the share of the diffuse reflectance that a port loses which is lit over 11 mm and read over 8, a
# row a wavelength.
# Made by `make derived`; not to be edited.
"""
SOURCE_NOTE: Final = (
    "inversion of the mean spectra of 15256 measurements, sites mixed; class centres judged from the bounds of the "
    "classes and their counts; loss at the edge traced, and shortened to what two ports measure (skinbeam2026skin)"
)
LOSS_NOTE: Final = (
    "mean of a cheek and a forearm: packets in the middle skin with all lengths divided by {shorter}, at which the "
    "wide port reads a tenth more than the narrow one; from half of this to half of what undivided lengths give is as "
    "likely"
)


def _reflectance(
    fraction: Array, blood: Array, nm: Array, factors: tuple[float, float] = (1.0, 1.0), *, even: bool = False
) -> Array:
    """Return the diffuse reflectance in the geometry of the inversion.

    All arguments have one shape; `factors` multiply the scattering of epidermis and dermis.
    """
    fraction, blood, nm = np.broadcast_arrays(fraction, blood, nm)
    shape, epidermis_m = fraction.shape, tissue_table("melanin")["by_ita"]["epidermis_um"] * UM
    by_depth = tissue_table("melanin")["by_depth"]
    above = 1.0 if even else read_number(by_depth["above_basal"])
    share = read_number(by_depth["basal_um"]) * UM / epidermis_m
    rows = []
    for f, b, at in zip(fraction.ravel(), blood.ravel(), nm.ravel(), strict=True):
        melanosome, whole, bloodless, epidermis, dermis, g = _optics_at(float(at))
        both = np.array([above * f, above * f + (1 - above) * f / share])
        absorption = *(both * melanosome + (1 - both) * bloodless), b * whole + (1 - b) * bloodless
        scattering = np.array([factors[0] * epidermis, factors[0] * epidermis, factors[1] * dermis]) / (1 - g)
        rows.append((*absorption, *scattering, g))
    values = np.array(rows)
    mua, mus, alike = values[:, :3], values[:, 3:6], np.ones((len(values), 3))
    thickness = alike * [epidermis_m * (1 - share), epidermis_m * share, np.inf]
    media = LayeredMedium(mua, mus, alike * values[:, 6:], alike * INDEX, thickness)
    light = SKIN_ORDINATES.compute_light(media, LightBeam(), LightTally())
    return np.reshape(light.reflectance_diffuse, shape)


@cache
def _optics_at(nm: float) -> tuple[float, ...]:
    """Return absorption of melanosomes, blood and bloodless tissue, reduced scattering of both layers, mean cosine."""
    entry = tissue_table("optics")
    blood = blood_mua(nm, read_number(entry["blood"]["haematocrit"]), read_number(entry["blood"]["oxygenation"]))
    bloodless = read_number(entry["baseline"]["factor"]) * baseline_mua(nm)
    scattering = reduced_scattering("epidermis", nm), reduced_scattering("dermis", nm)
    return melanosome_mua(nm), float(blood), bloodless, *scattering, anisotropy(nm)


def _trace_pencil(site: str, ita_deg: float, nm: float, packets: int) -> PencilBeamLight:
    """Trace a pencil beam in the median skin of a site."""
    skin = SkinDistribution(site=site, ita_deg=ita_deg).median()
    medium = LayeredMedium.from_optics(optical_properties(skin, nm), skin["thickness_m"]).select_draw(0)
    return trace_pencil_beam(medium, np.array([0.0, 1e-3]), RING_m, RINGS, packets)


def _loss(light: PencilBeamLight, port_mm: tuple[float, float], shorter: float) -> float:
    """Return the share of the diffuse reflectance that a port loses, with all lengths of light divided by `shorter`."""
    whole = float(light.escaped[:, 0].sum() / light.packets.sum()) * (1.0 - light.reflectance_specular)
    return 1.0 - light.port_reflectance(port_mm[0] * shorter, port_mm[1] * shorter)[0] / whole


def _wide_port_excess(light: PencilBeamLight, shorter: float) -> float:
    """Return how much more the wide port reads than the narrow one, as a share of the latter."""
    return (1.0 - _loss(light, WIDE_mm, shorter)) / (1.0 - _loss(light, NARROW_mm, shorter)) - 1.0


class Losses(NamedTuple):
    """Losses of the wide port, (colour, wavelength), with shortened and with traced lengths; `length_divisors` is by
    site."""

    length_divisors: tuple[float, ...]
    ita_deg: tuple[float, ...]
    shortened: Array
    traced: Array


def _losses(packets: int) -> Losses:
    """Return the mean losses of the sites."""
    ita = tissue_table("melanin")["by_ita"]["ita_deg"]
    measured = read_number(tissue_table("melanin")["port"]["wide_over_narrow"])
    reached = (ita[0], ita[2], ita[4])
    found = np.zeros((2, len(reached), len(TRACED_nm)))
    lengths = []
    for site in SITES:
        judge = _trace_pencil(site, ita[3], 700.0, packets)
        shorter = float(brentq(lambda s, judge=judge: _wide_port_excess(judge, s) - measured, 1.0, 3.5, xtol=0.02))
        lengths.append(shorter)
        print(
            f"{site}: wide over narrow {_wide_port_excess(judge, 1.0):.3f} as traced; lengths divided by {shorter:.2f}"
        )
        for row, colour in enumerate(reached):
            for column, nm in enumerate(TRACED_nm):
                light = _trace_pencil(site, colour, nm, packets)
                found[0, row, column] += _loss(light, WIDE_mm, shorter) / len(SITES)
                found[1, row, column] += _loss(light, WIDE_mm, 1.0) / len(SITES)
    return Losses(tuple(lengths), reached, found[0], found[1])


def _by_class(losses: Losses, values: Array) -> Array:
    """Return the losses of the classes at `COLOUR_WAVELENGTHS_NM`, (class, wavelength)."""
    classes = tissue_table("melanin")["by_ita"]["ita_deg"]
    rows = np.array([np.interp(classes, losses.ita_deg, column) for column in values.T])
    return np.array([np.interp(COLOUR_WAVELENGTHS_NM, TRACED_nm, row) for row in rows.T])


class _Inversions(NamedTuple):
    """The inversions that neglected the loss, by class, and the readings at 690 nm that follow from them."""

    joint: Array
    blood: Array
    readings: Array
    factors: tuple[float, float]  # of the second scattering: epidermis and dermis


def _uncorrected_inversions() -> _Inversions:
    """Return the inversions of `by_ita.uncorrected`."""
    entry = tissue_table("melanin")["by_ita"]["uncorrected"]
    joint, first, second = np.array(entry["fractions"]).T
    blood = np.array(entry["blood_fraction"])
    nm = np.array(INVERTED_nm)
    read = _reflectance(first, blood, nm, even=True)
    fitted = least_squares(lambda k: _reflectance(second, blood, nm, tuple(k), even=True) - read, [1.5, 1.2])
    print("read at 690 nm, without the surface:", read)
    print("factors of the second scattering:", fitted.x, "- both inversions differ by", fitted.fun)
    return _Inversions(joint, blood, read, (float(fitted.x[0]), float(fitted.x[1])))


def _corrected_melanin(inversions: _Inversions, share: Array) -> Array:
    """Return melanin by the three inversions, blood and the residual of the joint one, (class, 5), loss corrected.

    Parameters
    ----------
    share : share lost at the port, (class, wavelength).
    """
    nm = np.array(COLOUR_WAVELENGTHS_NM)
    spectra = _reflectance(inversions.joint[:, None], inversions.blood[:, None], nm[None], even=True)
    at = int(np.argmin(np.abs(nm - INVERTED_nm)))
    rows = []
    for k in range(len(inversions.joint)):
        reading = inversions.readings[k] / (1.0 - share[k, at])
        alone = [_at_690(reading, inversions.blood[k], factors) for factors in ((1.0, 1.0), inversions.factors)]
        target = spectra[k] / (1.0 - share[k])
        both = least_squares(
            lambda p, target=target: _reflectance(np.exp(p[0]), np.exp(p[1]), nm) - target,
            np.log([0.8 * inversions.joint[k], inversions.blood[k]]),
        )
        rows.append([np.exp(both.x[0]), *alone, np.exp(both.x[1]), np.sqrt(np.mean(both.fun**2))])
    return np.array(rows)


def _at_690(read: float, blood: float, factors: tuple[float, float]) -> float:
    nm = np.array(INVERTED_nm)
    return float(brentq(lambda f: float(_reflectance(np.array(f), np.array(blood), nm, factors) - read), 0.002, 0.6))


def _values(fractions: Array, losses: Losses) -> dict[str, Any]:
    """Return the content of the file; `fractions` has a row for each class, with its five inversions."""
    lengths = " and ".join(f"{divisor:.1f}" for divisor in losses.length_divisors)
    return {
        "source": "issa2025",
        "conditions": SOURCE_NOTE,
        "fractions": np.round(fractions, 4).tolist(),
        "port_loss": {
            "source": "skinbeam2026skin",
            "conditions": LOSS_NOTE.format(shorter=lengths),
            "ita_deg": losses.ita_deg,
            "wavelength_nm": TRACED_nm,
            "share": np.round(losses.shortened.T, 3).tolist(),
        },
    }


def _make_table() -> dict[str, Any]:
    given, lost = _uncorrected_inversions(), _losses(PACKETS)
    print("loss of the port at", TRACED_nm, "nm, colours", lost.ita_deg, "shortened and as traced")
    print(lost.shortened, lost.traced, sep="\n")
    ends = {"low": 0.5 * lost.shortened, "middle": lost.shortened, "high": 0.5 * lost.traced}
    found = {}
    for name, share in ends.items():
        found[name] = _corrected_melanin(given, _by_class(lost, share))
        print(
            f"{name}: joint, 690 nm, 690 nm with the second scattering, blood, rms of the joint one",
            found[name],
            sep="\n",
        )
    middle = found["middle"][:, :3]
    return _values(np.column_stack([middle, found["low"][:, 0], found["high"][:, 0]]), lost)


MELANIN_BY_COLOUR = DerivedTable(
    name="melanin_by_colour",
    header=HEADER,
    inputs=(
        *(f"data/tissue/{name}.toml" for name in ("layers", "melanin", "optics", "presets", "vessels")),
        "data/spectra/",
    ),
    version=1,
    make=_make_table,
)
