"""Compute optical and thermal properties of drawn skins, layer by layer, in SI.

Absorption of a layer is the sum of its parts by volume (jacques2013, equation 12): melanosomes, blood, and the rest,
which consists of water, lipid and the baseline of bloodless tissue. Melanosomes are taken to displace nothing. Blood is
confined to vessels, so light that it absorbs strongly does not reach all of it: its part is multiplied by (1 - exp(-2
mua r)) / (2 mua r) for vessels of radius r (svaasand1995).

From 1900 nm on water dominates absorption. Scattering falls beyond 1600 nm as an assumed power law. Melanosomes beyond
1930 nm and lipid outside 429 to 1098 nm, for which there are no measurements, are left out; the bands of fat near 1210
and 1720 nm are missing.

The module also returns how optics change with heat, by material and wavelength; the equations are in
`physics.light.thermal_optics`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skinbeam.model.errors import NotAvailable
from skinbeam.model.sources import SourcedValue, cache_with_sources, cite_sources
from skinbeam.model.units import ML_MIN_KG, PER_CM
from skinbeam.model.value_equality import compared_by_value
from skinbeam.skin.draws import value_at_normal
from skinbeam.skin.sample import SkinSample
from skinbeam.skin.tables import check_wavelength, read_number, read_sourced, read_spectrum, tissue_table
from skinbeam.text import Message

__all__ = [
    "DERMIS_MATERIALS",
    "OpticalProperties",
    "ThermalProperties",
    "anisotropy",
    "baseline_mua",
    "blood_mua",
    "blood_thermal_properties",
    "denatured_scattering_share",
    "fibril_share",
    "lipid_mua",
    "melanosome_mua",
    "methaemoglobin_mua",
    "optical_properties",
    "perfusion_coefficient",
    "reduced_scattering",
    "scattering_slope",
    "thermal_properties",
    "water_absorption_slope",
    "water_mua",
]

Array = NDArray[np.float64]
_INDEX_REFERENCE_NM = 589.0


@compared_by_value
@dataclass(frozen=True)
class OpticalProperties:
    """Absorption and scattering coefficients (1/m), mean cosine and refractive index; all (sample, layer)."""

    mua: Array
    mus: Array
    g: Array
    n: Array

    def select_draws(self, which: NDArray[np.int64]) -> "OpticalProperties":
        """Return the properties of a selection of samples."""
        return OpticalProperties(self.mua[which], self.mus[which], self.g[which], self.n[which])


@compared_by_value
@dataclass(frozen=True)
class ThermalProperties:
    """Conductivity W/(m K), heat capacity J/(m³ K), density kg/m³, heat capacity J/(kg K); all (sample, layer)."""

    conductivity: Array
    heat_capacity_vol: Array
    density: Array
    heat_capacity: Array

    def select_draws(self, which: NDArray[np.int64]) -> "ThermalProperties":
        """Return the properties of a selection of samples."""
        columns = (self.conductivity, self.heat_capacity_vol, self.density, self.heat_capacity)
        return ThermalProperties(*(part[which] for part in columns))


def water_mua(wavelength_nm: float) -> float:
    """Return the absorption coefficient of water near 22 °C, 1/m (Segelstein, Kou, Wieliczka; 400 to 11000 nm).

    Raises
    ------
    NotAvailable : outside the range.
    """
    return float(read_spectrum("water").at("absorption_per_m", wavelength_nm))


def lipid_mua(wavelength_nm: float) -> float:
    """Return the absorption coefficient of fat, 1/m (van Veen; 429 to 1098 nm).

    Raises
    ------
    NotAvailable : outside the range.
    """
    return float(read_spectrum("fat").at("absorption_per_m", wavelength_nm))


def blood_mua(wavelength_nm: float, haematocrit: ArrayLike, oxygenation: ArrayLike) -> Array:
    """Return the absorption coefficient of whole blood in bulk, its water included, 1/m; arguments broadcast (skin 5).

    The table is for blood at haematocrit 0.45; absorption in excess of that of its water is due to the cells and
    proportional to the haematocrit. Above 1995 nm the table (rowe2017) holds for any oxygenation.

    Raises
    ------
    NotAvailable : outside 400 to 11000 nm.
    """
    blood, entry = read_spectrum("blood"), tissue_table("optics")["blood"]
    share = np.asarray(oxygenation, dtype=np.float64)
    whole = share * blood.at("oxy_per_m", wavelength_nm) + (1.0 - share) * blood.at("deoxy_per_m", wavelength_nm)
    cells = np.maximum(whole - read_number(entry["water_fraction"]) * water_mua(wavelength_nm), 0.0)
    ratio = np.asarray(haematocrit, dtype=np.float64) / read_number(entry["table_haematocrit"])
    return np.asarray(whole + (ratio - 1.0) * cells)


def methaemoglobin_mua(wavelength_nm: float, haematocrit: ArrayLike) -> Array:
    """Return the absorption coefficient of blood whose haemoglobin is all methaemoglobin, 1/m, its water included.

    The result has the shape of the haematocrit, on which it depends as `blood_mua` does.

    Raises
    ------
    NotAvailable : outside 450 to 1000 nm.
    """
    entry = tissue_table("optics")["blood"]
    cells = read_spectrum("methaemoglobin").at("cells_per_m", wavelength_nm)
    ratio = np.asarray(haematocrit, dtype=np.float64) / read_number(entry["table_haematocrit"])
    return np.asarray(read_number(entry["water_fraction"]) * water_mua(wavelength_nm) + ratio * cells)


def melanosome_mua(wavelength_nm: float, kind: str = "cutaneous") -> float:
    """Return the absorption coefficient of the interior of a melanosome, 1/m (skin 3).

    A power law (jacques2013, equation 8), in skin steeper beyond the visible colours (jacques1998photo). In the
    infrared that of the eye goes through the values measured there, and falls beyond as eumelanin does, exponentially
    (jacques2013, equation 10).

    Raises
    ------
    NotAvailable : outside 400 to 1930 nm.
    """
    entry, limits = (
        tissue_table("melanin")["melanosome"][kind],
        read_sourced(tissue_table("melanin")["melanosome_range_nm"]),
    )
    if not limits.low <= wavelength_nm <= limits.high:
        params = {"what": f"{kind} melanosomes", "wavelength_nm": wavelength_nm}
        params |= {"low_nm": limits.low, "high_nm": limits.high}
        raise NotAvailable(Message("skin.outside_table", params).text)

    def law(at_nm: float) -> float:
        beyond = entry.get("beyond")
        turn_nm = at_nm if beyond is None else min(at_nm, read_number(beyond["from_nm"]))
        seen = float(
            read_number(entry["a_per_cm"])
            * (turn_nm / read_number(entry["reference_nm"])) ** -read_number(entry["exponent"])
        )
        return seen if beyond is None else float(seen * (at_nm / turn_nm) ** -read_number(beyond["exponent"]))

    infrared = entry.get("infrared")
    if infrared is None or wavelength_nm <= read_number(infrared["from_nm"]):
        return law(wavelength_nm) * PER_CM
    start, anchor, there = (read_number(infrared[name]) for name in ("from_nm", "anchor_nm", "per_cm"))
    if wavelength_nm > anchor:
        return float(there * np.exp(-read_number(infrared["decay_per_nm"]) * (wavelength_nm - anchor)) * PER_CM)
    share = np.log(wavelength_nm / start) / np.log(anchor / start)
    return float(law(start) ** (1 - share) * there**share * PER_CM)


def baseline_mua(wavelength_nm: float) -> float:
    """Return the absorption coefficient of bloodless, dry skin, 1/m (skin 4); constant in the infrared."""
    entry = tissue_table("optics")["baseline"]
    falling = np.exp(-(wavelength_nm - read_number(entry["origin_nm"])) / read_number(entry["scale_nm"]))
    return float((read_number(entry["constant_per_cm"]) + read_number(entry["exponential_per_cm"]) * falling) * PER_CM)


@cache_with_sources(4096)
def reduced_scattering(material: str, wavelength_nm: float) -> float:
    """Return the reduced scattering coefficient of `corneum`, `epidermis`, `dermis` or `fat`, 1/m (skin 6).

    Geometric mean of the data sets (jacques2013, equation 2); beyond the last of them an assumed power law.
    """
    sets, beyond = tissue_table("optics")["scattering"], tissue_table("optics")["scattering_beyond"]
    entry = sets[sets[material].get("like", material)]
    last = read_number(beyond["from_nm"])
    inside = min(wavelength_nm, last) / 500.0
    logs = []
    for fit in entry["sets"]:
        cite_sources(fit["source"])
        shape = fit["rayleigh"] * inside**-4 + (1.0 - fit["rayleigh"]) * inside ** -fit["mie"]
        logs.append(np.log(fit["a_per_cm"] * PER_CM * shape))
    tail = (max(wavelength_nm, last) / last) ** -read_number(beyond["exponent"])
    return float(np.exp(np.mean(logs)) * tail)


def anisotropy(wavelength_nm: float) -> float:
    """Return the mean cosine of scattering of skin."""
    nodes = tissue_table("optics")["anisotropy"]["nodes"]
    cite_sources(*(node["source"] for node in nodes))
    return float(
        np.interp(np.log(wavelength_nm), np.log([n["wavelength_nm"] for n in nodes]), [n["value"] for n in nodes])
    )


def optical_properties(ds: SkinSample, wavelength_nm: float) -> OpticalProperties:
    """Return the optics of drawn skins at a wavelength, by (skin 1) and (skin 7).

    Explicit layers have the values of the case, at any wavelength.

    Parameters
    ----------
    ds : from `SkinDistribution.sample`.

    Raises
    ------
    NotAvailable : a wavelength at which skin is not described (explicit layers excepted).
    """
    if "mua_per_m" in ds:
        return OpticalProperties(*(ds[name] for name in ("mua_per_m", "mus_per_m", "g", "n")))
    check_wavelength(wavelength_nm)
    water = water_mua(wavelength_nm)
    lipid = lipid_mua(wavelength_nm) if read_spectrum("fat").covers(wavelength_nm) else 0.0
    blood = blood_mua(wavelength_nm, ds["blood_haematocrit"], ds["blood_oxygenation"])[:, None]
    fraction = ds["blood_fraction"]
    rest = ds["water_fraction"] * water + ds["lipid_fraction"] * lipid
    rest = rest + ds["baseline_factor"] * baseline_mua(wavelength_nm)
    reached = _lit_blood_share(2.0 * blood * ds["vessel_radius_m"])
    mua = fraction * reached * blood + (1.0 - fraction) * rest + _melanin_absorption(ds, wavelength_nm)

    materials = list(ds.materials)
    g = np.full(mua.shape, anisotropy(wavelength_nm))
    mus = np.empty_like(mua)
    factor = ds["scattering_factor"]
    for column, material in enumerate(materials):
        if material == "blood":
            table_ = read_spectrum("blood")
            mus[:, column] = table_.at("scattering_per_m", wavelength_nm)
            g[:, column] = table_.at("anisotropy", wavelength_nm)
        elif material in ("water", "gelatin"):
            mus[:, column] = 0.0
        else:
            mus[:, column] = factor * reduced_scattering(material, wavelength_nm) / (1.0 - g[:, column])
    index = read_spectrum("water")
    dispersion = float(index.at("index", wavelength_nm) - index.at("index", _INDEX_REFERENCE_NM))
    n = np.maximum(ds["index_589"] + ds["water_fraction"] * dispersion, 1.0)
    return OpticalProperties(mua, mus, g, n)


def thermal_properties(ds: SkinSample) -> ThermalProperties:
    """Return the heat properties of drawn skins."""
    density, capacity = ds["density_kg_m3"], ds["heat_capacity_J_kgK"]
    return ThermalProperties(ds["conductivity_W_mK"], density * capacity, density, capacity)


def perfusion_coefficient(ds: SkinSample) -> Array:
    """Return the heat exchange of blood at rest with drawn skins, (sample, layer), W/(m³ K); 0 where none flows.

    Perfusion by mass, times the density of the layer, times the heat capacity of blood by volume (Pennes). Explicit
    layers, and materials that are not skin, have none.
    """
    _, capacity = blood_thermal_properties()
    flow = np.zeros(ds["density_kg_m3"].shape)
    for column, material in enumerate(ds.materials):
        entry = tissue_table("thermal").get(material, {}).get("perfusion_ml_minkg")
        if entry is not None:
            flow[:, column] = value_at_normal(read_sourced(entry), ds["perfusion_shift"]) * ML_MIN_KG
    return np.asarray(flow * ds["density_kg_m3"] * capacity)


def blood_thermal_properties() -> tuple[float, float]:
    """Return conductivity, W/(m K), and heat capacity by volume, J/(m³ K), of blood."""
    entry = tissue_table("thermal")["blood"]
    capacity = read_number(entry["density_kg_m3"]) * read_number(entry["heat_capacity_J_kgK"])
    return read_number(entry["conductivity_W_mK"]), capacity


def _lit_blood_share(optical_diameter: Array) -> Array:
    """Return the share of the blood in a vessel that light reaches: (1 - exp(-x)) / x, 1 at x = 0 (skin 2)."""
    x = np.maximum(optical_diameter, 1e-12)
    return np.asarray(-np.expm1(-x) / x)


def _melanin_absorption(ds: SkinSample, wavelength_nm: float) -> Array:
    limits = read_sourced(tissue_table("melanin")["melanosome_range_nm"])
    fraction = ds["melanosome_fraction"]
    if not limits.low <= wavelength_nm <= limits.high:
        return np.zeros_like(fraction)
    return np.asarray(fraction * melanosome_mua(wavelength_nm, ds.melanosome))


# Change of optics with heat.

DERMIS_MATERIALS = ("dermis", "rodent-dermis")


def scattering_slope(material: str) -> SourcedValue | None:
    """Return the relative change of scattering with temperature, 1/K, not yet cited; None if not measured."""
    entry = tissue_table("heated")["scattering"]["slope_1_K"].get(_tabulated_material(material))
    return None if entry is None else SourcedValue.from_table(entry)


def fibril_share(wavelength_nm: float) -> float:
    """Return the share of the scattering of dermis that is Rayleigh scattering by fibrils, 0 to 1.

    The rest is the geometric mean over the fits of human skin that separate the two. Fits of rodents do not separate
    them.
    """
    rest = []
    for fit in tissue_table("optics")["scattering"]["dermis"]["sets"]:
        if fit["rayleigh"] > 0:
            cite_sources(fit["source"])
            small, large = (wavelength_nm / 500.0) ** -4, (wavelength_nm / 500.0) ** -fit["mie"]
            rest.append(1 - fit["rayleigh"] * small / (fit["rayleigh"] * small + (1 - fit["rayleigh"]) * large))
    return float(1 - np.exp(np.mean(np.log(rest))))


def denatured_scattering_share(material: str, wavelength_nm: float) -> float:
    """Return the share of the scattering of a material that remains when its collagen is denatured: 1 if it holds none.

    It is d of (heated 3) before the spread of `denatured.bundles`, by which it is multiplied in dermis.
    """
    if material not in DERMIS_MATERIALS:
        return 1.0
    cite_sources("kirsch1998", "gross1964")
    return 1.0 - fibril_share(wavelength_nm)


def water_absorption_slope(wavelength_nm: float) -> float:
    """Return the relative change of the absorption of water, 1/K; 0 outside the wavelengths of the table."""
    nodes = tissue_table("heated")["water"]["slope"]
    at = [node["wavelength_nm"] for node in nodes]
    if not at[0] <= wavelength_nm <= at[-1]:
        return 0.0
    return float(np.interp(wavelength_nm, at, [read_number(node) for node in nodes]))


def _tabulated_material(material: str) -> str:
    return DERMIS_MATERIALS[0] if material in DERMIS_MATERIALS else material
