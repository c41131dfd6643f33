"""Virtual people: their colour, what a clinic learns of it, and skins made otherwise than the planner makes them.

The planner draws skins about the middle of what is known; these people take one end each. Their melanin lies in the
basal cells alone or evenly in the epidermis, its amount is one of the five inversions of measured spectra, their dermis
scatters as one of the published data sets and not as the mean of all, and their epidermis dies by one of four published
sets of kinetics. Each person is treated in another clinic.
"""

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from skinbeam.derived import derived_table
from skinbeam.schema.names import PHOTOTYPES
from skinbeam.shipped import shipped_table
from skinbeam.skin.basal import with_basal_layer
from skinbeam.skin.draws import RandomDraws, key_of
from skinbeam.skin.layers import BASAL_LAYER, HUMAN_LAYERS
from skinbeam.skin.melanin import column_of_ita_m, exposure_factor, ita_range_deg
from skinbeam.skin.model import Skin
from skinbeam.skin.properties import reduced_scattering
from skinbeam.skin.spread import spread
from skinbeam.skin.tables import sourced, table
from skinbeam.skin.vessels import VesselPopulation
from skinbeam.units import PER_CM, UM

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["CLASSES", "SITE", "People", "design", "people_of"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SITE: Final = "cheeks"
CLASSES: Final = ("very light", "light", "intermediate", "tan", "brown", "dark")  # chardon1991
_EXPOSED: Final = True  # the sun reaches the cheeks
_AGE_YEARS, _SEX = 45.0, "female"
_GRID_DEG: Final = np.linspace(-90.0, 90.0, 1801)


@dataclass(frozen=True)
class People:
    """Virtual people, each an entry of every array.

    Parameters
    ----------
    colour_class : index of `CLASSES`. regime : index of the regimes of the design.
    ita_deg : of the skin at `SITE`. told : what a clinic learns, a reading in degrees or a phototype.
    phototype : index of what they say when asked, whether or not a plan is made from it.
    kinetics : index of the set by which the epidermis dies. scattering : index of the data set of the dermis.
    inversion : index of the inversion of spectra. even : whether melanin lies evenly.
    """

    draws: RandomDraws
    colour_class: Ints
    regime: Ints
    ita_deg: Floats
    told: tuple[float | str, ...]
    phototype: Ints
    kinetics: Ints
    scattering: Ints
    inversion: Ints
    even: NDArray[np.bool_]

    @property
    def count(self) -> int:
        """How many people."""
        return self.ita_deg.size

    @property
    def column_m(self) -> Floats:
        """Volume of melanosomes over an area of their skin, m, (person,)."""
        logs = np.log(np.asarray(derived_table("melanin_by_colour")["fractions"]))
        ratios = logs - logs.mean(axis=1, keepdims=True)
        centres = table("melanin")["by_ita"]["ita_deg"]
        ratio = [np.interp(ita, centres, ratios[:, k]) for ita, k in zip(self.ita_deg, self.inversion, strict=True)]
        return column_of_ita_m(self.ita_deg, site=SITE) * np.exp(ratio)

    def skins(self, vessels: VesselPopulation | None, lesion: str | None = None) -> "xr.Dataset":
        """Return their skins at `SITE`, with the vessels or in the lesion that is treated."""
        drawn = Skin(site=SITE, age_years=_AGE_YEARS, sex=_SEX, population=vessels, vessel_kind="normal")
        skins = drawn.sample(self.count, _seed())
        names = list(skins["layer"].values)
        upper, basal = names.index(HUMAN_LAYERS[1]), names.index(BASAL_LAYER)
        living = skins["thickness_m"].values[:, [upper, basal]].sum(axis=1)
        column = self.column_m
        if lesion is not None:
            ratio = sourced(table("melanin")["lesion_ratio"][lesion])
            column = column * spread(self.draws, "lesion melanin", ratio)
        whole = {"thickness_m": living[:, None], "melanosome_fraction": np.minimum(column / living, 1.0)[:, None]}
        basal_m = spread(self.draws, "basal layer", sourced(table("melanin")["by_depth"]["basal_um"])) * UM
        parted = with_basal_layer(whole, 0, basal_m, self.even.astype(np.float64))
        made = {}
        for name, values in parted.items():
            every = skins[name].values.copy()
            every[:, [upper, basal]] = values
            made[name] = (skins[name].dims, every, skins[name].attrs)
        return skins.assign(made)

    def scattering_ratio(self, wavelength_nm: float) -> Floats:
        """Return how much more their skin scatters than the mean of the published data sets, (person,)."""
        here = wavelength_nm / 500.0
        sets = [
            one["a_per_cm"] * PER_CM * (one["rayleigh"] * here**-4 + (1.0 - one["rayleigh"]) * here ** -one["mie"])
            for one in table("optics")["scattering"]["dermis"]["sets"]
        ]
        return np.asarray(np.array(sets)[self.scattering] / reduced_scattering("dermis", wavelength_nm))


@cache
def design() -> Any:
    """Return `design.toml`."""
    return shipped_table("validation/people/design.toml")


def people_of(count: int) -> People:
    """Return virtual people, as many of each class of colour, and in each as many of each regime."""
    draws = RandomDraws(key_of(_seed()), count)
    number = np.arange(count)
    colour_class, regime = number % len(CLASSES), number // len(CLASSES) % len(design()["regime"])
    least, most = ita_range_deg()
    bounds = np.array([most, *shipped_table("data/facts.toml")["ita_classes"]["bounds_deg"], least])
    upper, lower = bounds[colour_class], bounds[colour_class + 1]
    ita = lower + (upper - lower) * draws.uniform("colour in its class")
    phototype = _phototype(draws, ita)
    step = design()["rounded_deg"]
    read = ita + design()["reading_deg"] * draws.normal("reading")
    reading = step * np.round(read / step) + 0.0  # no reading is -0
    by_reading = draws.uniform("measured") < design()["measured"]
    told = tuple(
        float(deg) if measured else PHOTOTYPES[said]
        for deg, said, measured in zip(reading, phototype, by_reading, strict=True)
    )
    return People(
        draws=draws,
        colour_class=colour_class,
        regime=regime,
        ita_deg=ita,
        told=told,
        phototype=phototype,
        kinetics=_one_of(draws, "kinetics of the epidermis", len(design()["epidermis"])),
        scattering=_one_of(draws, "scattering data set", len(table("optics")["scattering"]["dermis"]["sets"])),
        inversion=_one_of(draws, "inversion", len(derived_table("melanin_by_colour")["fractions"][0])),
        even=draws.uniform("even melanin") < 0.5,
    )


def _seed() -> int:
    return int(design()["seed"])


def _one_of(draws: RandomDraws, name: str, many: int) -> Ints:
    return np.asarray(draws.uniform(name) * many, dtype=np.int64)


def _phototype(draws: RandomDraws, ita_deg: Floats) -> Ints:
    """What they answer, 0 for I: by the colour of their skin where no sun reaches it, with which it agrees loosely."""
    entry = table("melanin")
    covered = column_of_ita_m(ita_deg, site=SITE) / exposure_factor(draws, exposed=_EXPOSED, tan="none")
    known = column_of_ita_m(_GRID_DEG)
    constitutive = np.interp(-covered, -known, _GRID_DEG)
    centre, deviation = (np.array(entry["phototype"][name]) for name in ("ita_deg", "spread_deg"))
    density = np.exp(-0.5 * ((constitutive[:, None] - centre) / deviation) ** 2) / deviation
    shares = np.cumsum(density * np.array(entry["population"]["shares"]), axis=1)
    asked = draws.uniform("phototype said") * shares[:, -1]
    return np.asarray((shares < asked[:, None]).sum(axis=1), dtype=np.int64)
