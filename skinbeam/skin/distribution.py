"""Skin as a distribution: from a case to draws of layers, melanin, blood, water, heat properties and vessels.

Everything that differs between people is drawn; what the case gives is fixed. Draw k is the same whatever
number of draws is asked for.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from skinbeam.schema.case import Case
from skinbeam.schema.exposure import Layer, Reflectance, Vessel
from skinbeam.skin.basal import with_basal_layer
from skinbeam.skin.draws import BLOCK, Draws, Median, RandomDraws, key_of
from skinbeam.skin.layers import BASAL_LAYER, HUMAN_LAYERS, PAPILLARY_DERMIS, tissue_of
from skinbeam.skin.materials import drawn_heat, drawn_index
from skinbeam.skin.melanin import colour_warnings, column_of_ita_m, exposure_factor, ita_prior_deg, lesion_ratio
from skinbeam.skin.presets import Site, has_epidermis, preset, site_of
from skinbeam.skin.spread import spread
from skinbeam.skin.stack import stacked
from skinbeam.skin.tables import number, sourced, table
from skinbeam.skin.unused import reading_counts, unused
from skinbeam.skin.vessels import VesselKind, VesselPopulation, Vessels, given_vessels, stained, vessel_population
from skinbeam.sources import Sourced
from skinbeam.units import PER_CM, UM

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["SHIFTS", "Skin"]

Array = NDArray[np.float64]
Layers = tuple[list[str], list[str], dict[str, Array], dict[str, Array]]  # names, materials, (sample, layer), (sample,)
# Standard normals that a simulation turns into its own uncertain parameters; drawn here, they belong to the draw.
SHIFTS = (
    "kinetics",
    "pulsed_kinetics",
    "blood_kinetics",
    "ablation_ejection",
    "ablation_penetration",
    "ablation_enthalpy",
    "ablation_vented",
    "ablation_rewetting",
    "ablation_jet",
    "nucleation",
    "rupture",
    "roof",
    "heated_blood",
    "cooling",
    "cooling_temperature",
    "film_deposit",
    "film_share",
    "train",
    "perfusion",
    "heated_scattering",
    "denatured_scattering",
    "healing",
    "melanocyte_doubling",
    "melanocytes_left",
    "endpoint",
    "effect_error",
    "harm_error",
)
_VASCULAR: Mapping[str, VesselKind] = {
    "telangiectasia": "facial-telangiectasia",
    "spider": "facial-telangiectasia",
    "port-wine-stain": "port-wine-stain",
}
_UNITS = {
    "thickness_m": "m",
    "vessel_radius_m": "m",
    "mua_per_m": "1/m",
    "mus_per_m": "1/m",
    "density_kg_m3": "kg/m3",
    "heat_capacity_J_kgK": "J/(kg K)",
    "conductivity_W_mK": "W/(m K)",
    "temperature_C": "degC",
    "ita_deg": "degree",
    "vessel_depth_m": "m",
    "lesion_depth_m": "m",
    "vessel_diameter_m": "m",
    "wall_m": "m",
    "melanosome_diameter_m": "m",
    "terminal_follicle_m": "m",
}


@dataclass(frozen=True)
class Skin:
    """What is known of a skin; `sample` draws such skins.

    Parameters
    ----------
    preset, site : as in the case file; `site` counts for `human` alone.
    age_years, sex : of the person; None when not said.
    ita_deg : measured colour, or None. phototype : used only without a measured colour and without a reading.
    tan : none, recent or current; counts only where the colour is not measured.
    temperature_C, hydration : fixed where given.
    melanosome : cutaneous or retinal.
    melanin_ratio : of a lesion in the beam over the skin around it.
    vessels : given vessels, else `population` draws them, else `vessel_kind`; None draws none.
    layers : explicit layers, which replace the preset's.
    reading : a reflectance reading, for `simulate.appearance.weigh_by_reading`.
    warnings : records with `code` and `message`.
    """

    preset: str = "human"
    site: str | None = None
    age_years: float | None = None
    sex: str | None = None
    ita_deg: float | None = None
    phototype: str | None = None
    tan: str = "none"
    temperature_C: float | None = None
    hydration: float | None = None
    melanosome: str = "cutaneous"
    melanin_ratio: Sourced | None = None
    vessels: tuple[Vessel, ...] = ()
    vessel_kind: VesselKind | None = None
    population: VesselPopulation | None = None
    layers: tuple[Layer, ...] = ()
    reading: Reflectance | None = None
    warnings: tuple[Mapping[str, str], ...] = field(default=(), compare=False)

    @classmethod
    def from_case(cls, case: Case, *, site: str | None = None) -> "Skin":
        """Return the skin of a case, at its own site, else at `site`, else where its first concern is."""
        part, person = case.skin, case.patient
        name = part.preset if part is not None else "human"
        layered = part is not None and bool(part.layer)
        ita = _first(part and part.ita_deg, person and person.ita_deg)
        phototype = person.phototype if person is not None else None
        reading = part.reflectance if part is not None and reading_counts(name, layered=layered) else None
        ratio, warnings = lesion_ratio(case.lesion)
        warnings += [*colour_warnings(ita, phototype), *unused(case)]
        place = _first(part and part.site, site, case.concern[0].site if case.concern else None)
        kinds = [_VASCULAR[lesion.kind] for lesion in case.lesion if lesion.kind in _VASCULAR]
        has_vessels = not layered and not {"material", "layer"} & preset(name).keys()
        return cls(
            preset=name,
            site=place,
            age_years=person.age_years if person is not None else None,
            sex=person.sex if person is not None else None,
            ita_deg=ita,
            phototype=None if ita is not None or reading is not None else phototype,
            tan=person.tan if person is not None else "none",
            temperature_C=part.temperature_C if part is not None else None,
            hydration=part.hydration if part is not None else None,
            melanosome=(part.melanosome if part is not None else None) or "cutaneous",
            melanin_ratio=ratio,
            vessels=tuple(case.vessel),
            vessel_kind=kinds[0] if kinds else "normal" if has_vessels else None,
            layers=tuple(part.layer) if part is not None else (),
            reading=reading,
            warnings=tuple(warnings),
        )

    def sample(self, n: int, rng: int | np.random.Generator, start: int = 0) -> "xr.Dataset":
        """Return draws `start` to `start + n` as a Dataset with leading `sample`, `weight` and units in attrs.

        Variables (sample, layer): `thickness_m` (the last may be inf), composition, heat properties; or the optics of
        explicit layers. (sample, vessel): `vessel_depth_m` of the axis, `vessel_diameter_m`, `wall_m`, `haematocrit`,
        `oxygenation`; the attribute `vessels` names their kind, "given" or "none". (sample, place): `lesion_depth_m` of
        what stands for the vessels of a port-wine stain. (sample): `ita_deg` (the drawn or given colour),
        `temperature_C`, `melanosome_diameter_m`, `melanosome_density` (absorption inside a granule over
        `melanosome_mua`), `terminal_follicle_m` of people, `heated_share` (of the absorbed light, in a cuvette of
        blood), and standard normals `NAME_shift` for the names in `SHIFTS`.
        A generator gives its key once: chunks of the same draws need a seed.
        """
        if n < 1 or start < 0:
            raise ValueError(f"at least one draw, from 0 on: {n} from {start}")
        # Whole blocks, cut afterwards: vector instructions may round the last few numbers of an array differently.
        first = start - start % BLOCK
        last = -(-(start + n) // BLOCK) * BLOCK
        whole = self._dataset(RandomDraws(key_of(rng), last - first, first))
        return whole.isel(sample=slice(start - first, start - first + n))

    def median(self) -> "xr.Dataset":
        """Return the one skin in the middle of every distribution, in the form of `sample`."""
        return self._dataset(Median())

    def _dataset(self, draws: Draws) -> "xr.Dataset":
        import xarray as xr

        if self.layers:
            names, layered = _explicit(draws, self.layers)
            material = ["explicit"] * len(names)
            own: dict[str, Array] = {}
        elif "material" in preset(self.preset):
            names, material, layered, own = self._bulk(draws)
        elif "layer" in preset(self.preset):
            names, material, layered, own = self._stack(draws)
        else:
            names, material, layered, own = self._skin(draws)
        own |= {"weight": np.ones(draws.count), "temperature_C": self._temperature(draws)}
        diameter = sourced(table("melanin")["melanosome"][self.melanosome]["diameter_um"])
        own["melanosome_diameter_m"] = spread(draws, "melanosome diameter", diameter) * UM
        own["melanosome_density"] = self._melanosome_density(draws)
        own |= {f"{name}_shift": draws.normal(f"{name} shift") for name in SHIFTS}
        vessels = self._vessels(draws, names, layered["thickness_m"])
        kind = self._kind_of(vessels)
        by_vessel = {
            "vessel_depth_m": vessels.depth,
            "vessel_diameter_m": vessels.diameter,
            "wall_m": vessels.wall,
            "haematocrit": vessels.haematocrit,
            "oxygenation": vessels.oxygenation,
        }
        places = {"lesion_depth_m": self._population().lesion_depths(draws)} if kind == "port-wine-stain" else {}
        variables: dict[str, Any] = {}
        for dim, values in ((None, own), ("layer", layered), ("vessel", by_vessel), ("place", places)):
            dims = ("sample", dim) if dim else ("sample",)
            variables |= {name: (dims, array, {"units": _UNITS.get(name, "1")}) for name, array in values.items()}
        coords = {
            "layer": names,
            "material": ("layer", material),
            "tissue": ("layer", [tissue_of(name) for name in names]),
        }
        attrs = {"preset": self.preset, "melanosome": self.melanosome, "vessels": kind}
        return xr.Dataset(variables, coords, attrs)

    def _skin(self, draws: Draws) -> Layers:
        """The layers of human skin, in a person or an animal; one more where the basal cells hold more melanin."""
        place = site_of(self.preset, self.site)
        thickness = self._thickness(draws, place)
        optics, one = table("optics"), np.ones(draws.count)
        hydration_entry = sourced(optics["water"]["hydration"])
        hydration = (
            np.clip(spread(draws, "hydration", hydration_entry), 0.0, 1.0)
            if self.hydration is None
            else self.hydration * one
        )
        wet = hydration / hydration_entry.value

        def water(name: str) -> Array:
            return np.clip(spread(draws, f"water {name}", sourced(optics["water"][name])) * wet, 0.0, 1.0)

        dermis, fat = [hydration] * 4, place.below == "fat"
        water_below = spread(draws, "water fat", sourced(optics["water"]["fat"])) if fat else one
        lipid = spread(draws, "lipid fat", sourced(optics["lipid"]["fat"])) if fat else 0.0 * one
        baseline = spread(draws, "baseline", sourced(optics["baseline"]["factor"]))
        ita, melanin = self._melanin(draws, thickness[1], place.melanosome_fraction, exposed=place.exposed)
        blood = self._blood(draws, place, thickness)
        zero = np.zeros(draws.count)
        radii = [optics["vessel_radius_um"][name] for name in ("papillary", *["plexus"] * 4)]
        radius = [spread(draws, f"radius {i}", sourced(entry)) * UM for i, entry in enumerate(radii)]
        if self.vessel_kind == "port-wine-stain":
            blood, radius = stained(draws, blood, radius)
        layered = {
            "thickness_m": thickness,
            "melanosome_fraction": [zero, melanin, zero, zero, zero, zero, zero],
            "blood_fraction": [zero, zero, *(blood if fat else [*blood[:-1], zero])],
            "vessel_radius_m": [zero, zero, *radius],
            "water_fraction": [water("corneum"), water("epidermis"), *dermis, water_below],
            "lipid_fraction": [zero] * 6 + [lipid],
            "baseline_factor": [baseline] * 6 + [zero],
        }
        thermal = ["corneum", "epidermis", *["dermis"] * 4, place.below]
        result = {name: np.stack(columns, axis=1) for name, columns in layered.items()}
        result["index_589"] = drawn_index(draws, thermal)
        if place.thermal:
            thermal = [f"{place.thermal}-{name}" for name in ("epidermis", "epidermis", *["dermis"] * 4, "fat")]
        material = ["corneum", "epidermis", *[place.scattering] * 4, place.below]
        own = self._scattering_and_blood(draws) | {"ita_deg": ita}
        if self.preset == "human":
            follicle = sourced(table("layers")["hair"]["terminal_follicle_um"])
            own["terminal_follicle_m"] = spread(draws, "terminal follicle", follicle) * UM
        names = [*HUMAN_LAYERS[:-1], place.below]
        result |= drawn_heat(draws, thermal)
        if place.basal is not None:
            at = names.index(HUMAN_LAYERS[1])
            above = zero if place.above_basal is None else spread(draws, "above basal", sourced(place.above_basal))
            result = with_basal_layer(result, at, spread(draws, "basal layer", sourced(place.basal)) * UM, above)
            names.insert(at + 1, BASAL_LAYER)
            material.insert(at + 1, material[at])
        return names, material, result, own

    def _stack(self, draws: Draws) -> Layers:
        """Layers that the preset lists."""
        entry = preset(self.preset)
        layered, own = stacked(draws, entry, self.hydration), self._scattering_and_blood(draws)
        names = [layer["name"] for layer in entry["layer"]]
        if has_epidermis(self.preset):
            at = names.index(HUMAN_LAYERS[1])
            fraction = entry["layer"][at]["melanosome_fraction"]
            thickness = layered["thickness_m"][:, at]
            own["ita_deg"], layered["melanosome_fraction"][:, at] = self._melanin(draws, thickness, fraction)
        return names, [layer["material"] for layer in entry["layer"]], layered, own

    def _scattering_and_blood(self, draws: Draws) -> dict[str, Array]:
        """What is one number a draw in tissue: its scattering over the tables', haematocrit and oxygenation."""
        entry = preset(self.preset).get("scattering_factor", table("optics")["scattering_factor"])
        return self._blood_kind(draws) | {"scattering_factor": spread(draws, "scattering", sourced(entry))}

    def _thickness(self, draws: Draws, place: Site) -> list[Array]:
        """Thickness of the seven layers, m; what lies below the fat is treated as more of it."""
        corneum = spread(draws, "stratum corneum", sourced(place.stratum_corneum)) * UM
        living = spread(draws, "living epidermis", sourced(place.living_epidermis)) * UM
        if "both" in place.dermis:
            dermis = spread(draws, "dermis", sourced(place.dermis["both"])) * UM
        else:
            female, male = (spread(draws, "dermis", sourced(place.dermis[sex])) * UM for sex in ("female", "male"))
            dermis = female if self.sex == "female" else male if self.sex == "male" else 0.5 * (female + male)
        if self.preset == "human":
            living, dermis = living * self._ageing("epidermis"), dermis * self._ageing("dermis")
        share = table("layers")["dermis_share"]
        papillary, upper, deep = (
            dermis * spread(draws, name, sourced(share[name])) for name in ("papillary", "upper_plexus", "deep_plexus")
        )
        below = np.full(draws.count, np.inf)
        return [corneum, living, papillary, upper, dermis - papillary - upper - deep, deep, below]

    def _ageing(self, part: str) -> float:
        """Thickness over that at the reference age."""
        entry = table("layers")["age"]
        limits = sourced(entry["range_years"])
        reference = number(entry["reference_years"])
        age = reference if self.age_years is None else min(max(self.age_years, limits.low), limits.high)
        if part == "dermis":
            per_decade = number(entry["dermis_per_decade"])
        else:
            sexes = [self.sex] if self.sex in ("female", "male") else ["female", "male"]
            per_decade = float(np.mean([number(entry[f"epidermis_{sex}_per_decade"]) for sex in sexes]))
        return 1.0 - per_decade * (age - reference) / 10.0

    def _melanin(
        self, draws: Draws, living_m: Array, fraction: Mapping[str, Any] | None, *, exposed: bool = False
    ) -> tuple[Array, Array]:
        """Colour of the skin around a lesion, degrees, and volume fraction of melanosomes in the living epidermis.

        By (skin 8). A measured colour is that of the site; one drawn for a phototype is a class of mixed sites.
        `fraction` is that of an animal whose colour is not given, over the epidermis of the ITA table.
        """
        one, shift = np.ones(draws.count), draws.normal("melanin inversion")
        if self.ita_deg is not None:
            ita, site = self.ita_deg * one, self.site or preset("human")["site"]
            column = column_of_ita_m(ita, shift, site if self.preset == "human" else None)
        elif fraction is not None:
            ita = np.full(draws.count, np.nan)
            epidermis_m = table("melanin")["by_ita"]["epidermis_um"] * UM
            column = spread(draws, "melanin", sourced(fraction)) * epidermis_m
        else:
            ita = ita_prior_deg(draws, self.phototype)
            column = column_of_ita_m(ita, shift) * exposure_factor(draws, exposed=exposed, tan=self.tan)
        if self.melanin_ratio is not None:
            column = column * spread(draws, "lesion melanin", self.melanin_ratio)
        return ita, np.minimum(column / living_m, 1.0)

    def _melanosome_density(self, draws: Draws) -> Array:
        """How much more a granule absorbs inside than `melanosome_mua` says; fractions count granules of that law."""
        entry = {} if self.layers else preset(self.preset)
        if "melanosome_density" not in entry:
            return np.ones(draws.count)
        return spread(draws, "melanosome density", sourced(entry["melanosome_density"]))

    def _blood(self, draws: Draws, place: Site, thickness: list[Array]) -> list[Array]:
        """Blood fractions of the five lower layers: the dermis in the proportions of a layer model, the fat its own."""
        entry = table("optics")["blood_fraction"]
        mean = spread(draws, "blood", sourced(entry[place.blood]))
        profile = np.asarray(entry["profile"]["values"])
        dermis = np.stack(thickness[2:6], axis=1)
        norm = dermis.sum(axis=1) / (dermis * profile).sum(axis=1)
        return [mean * ratio * norm for ratio in profile] + [spread(draws, "blood fat", sourced(entry["fat"]))]

    def _bulk(self, draws: Draws) -> Layers:
        """One semi-infinite layer of something that is not skin."""
        entry = preset(self.preset)
        material = str(entry["material"])
        one, zero = np.ones((draws.count, 1)), np.zeros((draws.count, 1))
        water = one
        if material == "gelatin":
            drawn = spread(draws, "water gelatin", sourced(entry["water_fraction"]))
            water = (drawn if self.hydration is None else self.hydration * np.ones(draws.count))[:, None]
        if material == "gelatin":
            # Takata's rules are of mass fractions; gelatin and water differ little in density, so that volume serves.
            heat = {
                name: rule["constant"] + rule["slope"] * water for name, rule in table("thermal")["gelatin"].items()
            }
            dry = spread(draws, "index gelatin", sourced(table("optics")["index"]["gelatin_dry"]))[:, None]
            index = dry + (number(table("optics")["index"]["water"]) - dry) * water
        else:
            heat, index = drawn_heat(draws, [material]), drawn_index(draws, [material])
        layered = {
            "thickness_m": np.full((draws.count, 1), np.inf),
            "melanosome_fraction": zero,
            "blood_fraction": one if material == "blood" else zero,
            "vessel_radius_m": zero,
            "water_fraction": zero if material == "blood" else water,
            "lipid_fraction": zero,
            "baseline_factor": zero,
            "index_589": index,
        } | heat
        own = self._blood_kind(draws) | {"scattering_factor": np.ones(draws.count)}
        if "heated_share" in entry:
            own["heated_share"] = spread(draws, "heated share", sourced(entry["heated_share"]))
        return [self.preset if material != "water" else "water"], [material], layered, own

    def _temperature(self, draws: Draws) -> Array:
        if self.temperature_C is not None:
            return np.full(draws.count, self.temperature_C)
        entry = preset(self.preset)
        where = "living" if self.layers or "material" not in entry else "dish"
        return spread(
            draws, "temperature", sourced(entry.get("temperature_C", table("thermal")["temperature_C"][where]))
        )

    def _blood_kind(self, draws: Draws) -> dict[str, Array]:
        """Haematocrit and oxygenation of the blood of the tissue, (sample,)."""
        entry = table("optics")["blood"] | preset(self.preset).get("vessel", {})
        haematocrit = np.clip(spread(draws, "tissue haematocrit", sourced(entry["haematocrit"])), 0.0, 1.0)
        oxygenation = spread(draws, "tissue oxygenation", sourced(entry["oxygenation"]))
        return {"blood_haematocrit": haematocrit, "blood_oxygenation": oxygenation}

    def _kind_of(self, vessels: Vessels) -> str:
        """Whose vessels the draws hold: given ones, a population's, or none."""
        if self.vessels or vessels.depth.shape[1] == 0:
            return "given" if self.vessels else "none"
        return self._population().kind

    def _population(self) -> VesselPopulation:
        return self.population or vessel_population(self.vessel_kind or "normal")

    def _vessels(self, draws: Draws, names: list[str], thickness: Array) -> Vessels:
        if self.vessels or self.vessel_kind is None or thickness.shape[1] < len(HUMAN_LAYERS):
            return given_vessels(draws, self.vessels, preset(self.preset).get("vessel", {}))
        bottoms, papillary = np.cumsum(thickness, axis=1), names.index(PAPILLARY_DERMIS)
        population, plexus = self._population(), thickness[:, papillary + 1]
        return population.draw(draws, bottoms[:, papillary - 1], bottoms[:, papillary], plexus)


def _first(*values: Any) -> Any:
    """The first value that is given."""
    return next((value for value in values if value is not None), None)


def _explicit(draws: Draws, layers: tuple[Layer, ...]) -> tuple[list[str], dict[str, Array]]:
    """Layers as the case gives them, the same in every draw."""
    per_cm = {"mua_per_m": "mua_per_cm", "mus_per_m": "mus_per_cm"}
    plain = ("g", "n", "density_kg_m3", "heat_capacity_J_kgK", "conductivity_W_mK")

    def column(values: list[float]) -> Array:
        return np.tile(np.array(values), (draws.count, 1))

    layered = {name: column([getattr(layer, key) * PER_CM for layer in layers]) for name, key in per_cm.items()}
    layered |= {name: column([getattr(layer, name) for layer in layers]) for name in plain}
    thick = [np.inf if layer.thickness_um is None else layer.thickness_um * UM for layer in layers]
    return [layer.name for layer in layers], layered | {"thickness_m": column(thick)}
