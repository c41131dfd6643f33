"""Draw virtual people: their colour, a clinic's reading of it, and skins that differ from the planner's.

The planner draws skins about the middle of the known range; these people have one extreme each. Their melanin is in the
basal cells alone or evenly in the epidermis, its amount is one of the five inversions of measured spectra, their dermis
scatters as one of the published data sets and not as the mean of all, and their epidermis dies by one of four published
sets of kinetics. Each person is treated in another clinic.
"""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from skinbeam.model.package_data import load_derived_table, load_package_table
from skinbeam.model.units import PER_CM, UM
from skinbeam.model.vocabulary import PHOTOTYPES
from skinbeam.skin.distribution import SkinDistribution
from skinbeam.skin.draws import RandomDraws, draw_value, stream_key
from skinbeam.skin.layers import BASAL_LAYER, HUMAN_LAYERS, add_basal_layer
from skinbeam.skin.melanin import draw_sun_exposure_factor, ita_range_deg, melanin_column_m
from skinbeam.skin.properties import reduced_scattering
from skinbeam.skin.sample import SkinSample
from skinbeam.skin.tables import read_sourced, tissue_table
from skinbeam.skin.vessels import VesselPopulation

__all__ = ["CLASSES", "SITE", "VirtualPeople", "design", "draw_people"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SITE: Final = "cheeks"
CLASSES: Final = ("very light", "light", "intermediate", "tan", "brown", "dark")  # chardon1991
_EXPOSED: Final = True  # the sun reaches the cheeks
_AGE_YEARS, _SEX = 45.0, "female"
_GRID_DEG: Final = np.linspace(-90.0, 90.0, 1801)


@dataclass(frozen=True)
class VirtualPeople:
    """Virtual people, each an entry of every array.

    Parameters
    ----------
    colour_class : index of `CLASSES`. regime : index of the regimes of the design.
    ita_deg : of the skin at `SITE`. told : the clinic's information, a reading in degrees or a phototype.
    phototype : index of the phototype that they report when asked, whether or not a plan is made from it.
    kinetics : index of the set by which the epidermis dies. scattering : index of the data set of the dermis.
    inversion : index of the inversion of spectra. even : whether melanin is distributed evenly.
    """

    draws: RandomDraws
    colour_class: Ints
    regime: Ints
    ita_deg: Floats
    reported_colour: tuple[float | str, ...]
    phototype: Ints
    kinetics: Ints
    scattering: Ints
    inversion: Ints
    even_melanin: NDArray[np.bool_]

    @property
    def count(self) -> int:
        """Number of people."""
        return self.ita_deg.size

    @property
    def column_m(self) -> Floats:
        """Volume of melanosomes over an area of their skin, m, (person,)."""
        logs = np.log(np.asarray(load_derived_table("melanin_by_colour")["fractions"]))
        ratios = logs - logs.mean(axis=1, keepdims=True)
        centres = tissue_table("melanin")["by_ita"]["ita_deg"]
        ratio = [np.interp(ita, centres, ratios[:, k]) for ita, k in zip(self.ita_deg, self.inversion, strict=True)]
        return melanin_column_m(self.ita_deg, site=SITE) * np.exp(ratio)

    def skins(self, vessels: VesselPopulation | None, lesion: str | None = None) -> SkinSample:
        """Return their skins at `SITE`, with the vessels or in the lesion that is treated."""
        drawn = SkinDistribution(site=SITE, age_years=_AGE_YEARS, sex=_SEX, population=vessels, vessel_kind="normal")
        skins = drawn.sample(self.count, _seed())
        names = list(skins.layers)
        upper, basal = names.index(HUMAN_LAYERS[1]), names.index(BASAL_LAYER)
        living = skins["thickness_m"][:, [upper, basal]].sum(axis=1)
        column = self.column_m
        if lesion is not None:
            ratio = read_sourced(tissue_table("melanin")["lesion_ratio"][lesion])
            column = column * draw_value(self.draws, "lesion melanin", ratio)
        whole = {"thickness_m": living[:, None], "melanosome_fraction": np.minimum(column / living, 1.0)[:, None]}
        basal_m = (
            draw_value(self.draws, "basal layer", read_sourced(tissue_table("melanin")["by_depth"]["basal_um"])) * UM
        )
        parted = add_basal_layer(whole, 0, basal_m, self.even_melanin.astype(np.float64))
        made = {}
        for name, values in parted.items():
            every = skins[name].copy()
            every[:, [upper, basal]] = values
            made[name] = every
        return skins.with_arrays(**made)

    def scattering_ratio(self, wavelength_nm: float) -> Floats:
        """Return the scattering of their skin over the mean of the published data sets, (person,)."""
        here = wavelength_nm / 500.0
        sets = [
            scattering["a_per_cm"]
            * PER_CM
            * (scattering["rayleigh"] * here**-4 + (1.0 - scattering["rayleigh"]) * here ** -scattering["mie"])
            for scattering in tissue_table("optics")["scattering"]["dermis"]["sets"]
        ]
        return np.asarray(np.array(sets)[self.scattering] / reduced_scattering("dermis", wavelength_nm))


@cache
def design() -> Any:
    """Return the content of `design.toml`."""
    return tomllib.loads(Path(__file__).with_name("design.toml").read_text(encoding="utf-8"))


def draw_people(count: int) -> VirtualPeople:
    """Return virtual people, evenly divided between the classes of colour, and within each between the regimes."""
    draws = RandomDraws(stream_key(_seed()), count)
    number = np.arange(count)
    colour_class, regime = number % len(CLASSES), number // len(CLASSES) % len(design()["regime"])
    least, most = ita_range_deg()
    bounds = np.array([most, *load_package_table("data/facts.toml")["ita_classes"]["bounds_deg"], least])
    upper, lower = bounds[colour_class], bounds[colour_class + 1]
    ita = lower + (upper - lower) * draws.uniform("colour in its class")
    phototype = _phototype(draws, ita)
    step = design()["rounded_deg"]
    read = ita + design()["reading_deg"] * draws.normal("reading")
    reading = step * np.round(read / step) + 0.0  # turns -0 into 0
    by_reading = draws.uniform("measured") < design()["measured"]
    reported = tuple(
        float(deg) if measured else PHOTOTYPES[said]
        for deg, said, measured in zip(reading, phototype, by_reading, strict=True)
    )
    return VirtualPeople(
        draws=draws,
        colour_class=colour_class,
        regime=regime,
        ita_deg=ita,
        reported_colour=reported,
        phototype=phototype,
        kinetics=_choose_index(draws, "kinetics of the epidermis", len(design()["epidermis"])),
        scattering=_choose_index(
            draws, "scattering data set", len(tissue_table("optics")["scattering"]["dermis"]["sets"])
        ),
        inversion=_choose_index(draws, "inversion", len(load_derived_table("melanin_by_colour")["fractions"][0])),
        even_melanin=draws.uniform("even melanin") < 0.5,
    )


def _seed() -> int:
    return int(design()["seed"])


def _choose_index(draws: RandomDraws, name: str, many: int) -> Ints:
    return np.asarray(draws.uniform(name) * many, dtype=np.int64)


def _phototype(draws: RandomDraws, ita_deg: Floats) -> Ints:
    """Return the reported phototype, 0 for I; it agrees loosely with the colour of skin without sun exposure."""
    entry = tissue_table("melanin")
    covered = melanin_column_m(ita_deg, site=SITE) / draw_sun_exposure_factor(draws, sun_exposed=_EXPOSED, tan="none")
    known = melanin_column_m(_GRID_DEG)
    constitutive = np.interp(-covered, -known, _GRID_DEG)
    centre, deviation = (np.array(entry["phototype"][name]) for name in ("ita_deg", "spread_deg"))
    density = np.exp(-0.5 * ((constitutive[:, None] - centre) / deviation) ** 2) / deviation
    shares = np.cumsum(density * np.array(entry["population"]["shares"]), axis=1)
    asked = draws.uniform("phototype said") * shares[:, -1]
    return np.asarray((shares < asked[:, None]).sum(axis=1), dtype=np.int64)
