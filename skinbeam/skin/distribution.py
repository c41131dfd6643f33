"""Draw skins from the distribution that a case describes: layers, melanin, blood, water, heat properties and vessels.

Everything that differs between people is drawn; values that the case gives are fixed. Draw k is the same for any number
of requested draws.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skinbeam.model.case import Case
from skinbeam.model.exposure import Layer, Reflectance, Vessel
from skinbeam.model.sources import SourcedValue
from skinbeam.model.units import PER_CM, UM
from skinbeam.skin.draws import BLOCK, MedianDraw, RandomDraws, StandardDraws, draw_value, stream_key
from skinbeam.skin.input_warnings import is_reading_used, unused_input_warnings
from skinbeam.skin.layers import BASAL_LAYER, HUMAN_LAYERS, PAPILLARY_DERMIS, add_basal_layer, layer_tissue
from skinbeam.skin.melanin import (
    colour_warnings,
    draw_constitutive_ita_deg,
    draw_sun_exposure_factor,
    lesion_melanin_ratio,
    melanin_column_m,
)
from skinbeam.skin.presets import (
    SiteLayers,
    draw_heat_properties,
    draw_preset_layers,
    draw_refractive_index,
    has_epidermis,
    preset_site,
    read_preset,
)
from skinbeam.skin.sample import SkinSample
from skinbeam.skin.tables import cite_value, read_number, read_sourced, tissue_table
from skinbeam.skin.vessels import (
    VesselKind,
    VesselPopulation,
    Vessels,
    add_port_wine_stain,
    case_vessels,
    vessel_population,
)
from skinbeam.text import DocumentWarning

__all__ = ["SHIFT_NAMES", "SkinDistribution"]

Array = NDArray[np.float64]
LayerDraws = tuple[
    list[str], list[str], dict[str, Array], dict[str, Array]
]  # names, materials, (sample, layer), (sample,)
# Names of standard normals from which a simulation computes its own uncertain parameters; they are drawn with the skin,
# so that they belong to the draw.
SHIFT_NAMES = (
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
_VESSEL_KIND_OF_LESION: Mapping[str, VesselKind] = {
    "telangiectasia": "facial-telangiectasia",
    "spider": "facial-telangiectasia",
    "port-wine-stain": "port-wine-stain",
}


@dataclass(frozen=True)
class SkinDistribution:
    """Distribution of the properties of a skin; `sample` draws skins from it.

    Parameters
    ----------
    preset, site : as in the case file; `site` counts for `human` alone.
    age_years, sex : of the person; None when unknown.
    ita_deg : measured colour, or None. phototype : used only without a measured colour and without a reading.
    tan : none, recent or current; counts only where the colour is not measured.
    temperature_C, hydration : fixed where given.
    melanosome : cutaneous or retinal.
    melanin_ratio : of a lesion in the beam over the skin around it.
    vessels : vessels given by the case; if empty, `population` draws them, or else the population of `vessel_kind`;
        with `vessel_kind` None none are drawn.
    layers : explicit layers, which replace the preset's.
    reading : a reflectance reading, for `simulate.appearance.weight_by_reading`.
    warnings : about inputs that contradict each other or change no result.
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
    melanin_ratio: SourcedValue | None = None
    vessels: tuple[Vessel, ...] = ()
    vessel_kind: VesselKind | None = None
    population: VesselPopulation | None = None
    layers: tuple[Layer, ...] = ()
    reading: Reflectance | None = None
    warnings: tuple[DocumentWarning, ...] = field(default=(), compare=False)

    @classmethod
    def from_case(cls, case: Case) -> "SkinDistribution":
        """Return the skin of a case, at its own site, else at the site of its first concern."""
        part, person = case.skin, case.patient
        name = part.preset if part is not None else "human"
        layered = part is not None and bool(part.layer)
        ita = _first_value(part and part.ita_deg, person and person.ita_deg)
        phototype = person.phototype if person is not None else None
        reading = part.reflectance if part is not None and is_reading_used(name, layered=layered) else None
        ratio, warnings = lesion_melanin_ratio(case.lesion)
        warnings += [*colour_warnings(ita, phototype), *unused_input_warnings(case)]
        place = _first_value(part and part.site, case.concern[0].site if case.concern else None)
        kinds = [_VESSEL_KIND_OF_LESION[lesion.kind] for lesion in case.lesion if lesion.kind in _VESSEL_KIND_OF_LESION]
        has_vessels = not layered and not {"material", "layer"} & read_preset(name).keys()
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

    def sample(self, n: int, rng: int | np.random.Generator, start: int = 0) -> SkinSample:
        """Return draws `start` to `start + n`, with a `weight` of each.

        Arrays (sample, layer): `thickness_m` (the last may be inf), composition, heat properties; or the optics of
        explicit layers. (sample, vessel): `vessel_depth_m` of the axis, `vessel_diameter_m`, `wall_m`, `haematocrit`,
        `oxygenation`. (sample, place):
        `lesion_depth_m`, depths that represent the vessels of a port-wine stain. (sample): `ita_deg` (the drawn or
        given colour), `temperature_C`, `melanosome_diameter_m`, `melanosome_density` (absorption inside a granule over
        `melanosome_mua`), `terminal_follicle_m` of people, `heated_share` (of the absorbed light, in a cuvette of
        blood), and standard normals `NAME_shift` for the names in `SHIFT_NAMES`.
        A generator yields a new key at every call: to draw chunks of the same draws, pass a seed.
        """
        if n < 1 or start < 0:
            raise ValueError(f"at least one draw, from 0 on: {n} from {start}")
        # Draw whole blocks and cut them afterwards: vector instructions may round the last few numbers of an array
        # differently.
        first = start - start % BLOCK
        last = -(-(start + n) // BLOCK) * BLOCK
        whole = self._draw_skins(RandomDraws(stream_key(rng), last - first, first), first)
        return whole.select(slice(start - first, start - first + n))

    def median(self) -> SkinSample:
        """Return a single skin with the median of every distribution, in the form of `sample`."""
        return self._draw_skins(MedianDraw())

    def _draw_skins(self, draws: StandardDraws, first: int = 0) -> SkinSample:
        if self.layers:
            names, layered = _explicit_layers(draws, self.layers)
            material = ["explicit"] * len(names)
            own: dict[str, Array] = {}
        elif "material" in read_preset(self.preset):
            names, material, layered, own = self._draw_bulk_layer(draws)
        elif "layer" in read_preset(self.preset):
            names, material, layered, own = self._draw_preset_stack(draws)
        else:
            names, material, layered, own = self._draw_skin_layers(draws)
        own |= {"weight": np.ones(draws.count), "temperature_C": self._draw_temperature(draws)}
        diameter = read_sourced(tissue_table("melanin")["melanosome"][self.melanosome]["diameter_um"])
        own["melanosome_diameter_m"] = draw_value(draws, "melanosome diameter", diameter) * UM
        own["melanosome_density"] = self._draw_melanosome_density(draws)
        own |= {f"{name}_shift": draws.normal(f"{name} shift") for name in SHIFT_NAMES}
        vessels = self._draw_vessels(draws, names, layered["thickness_m"])
        kind = self._vessel_kind(vessels)
        by_vessel = {
            "vessel_depth_m": vessels.depth,
            "vessel_diameter_m": vessels.diameter,
            "wall_m": vessels.wall,
            "haematocrit": vessels.haematocrit,
            "oxygenation": vessels.oxygenation,
        }
        places = {"lesion_depth_m": self._population().lesion_depths(draws)} if kind == "port-wine-stain" else {}
        return SkinSample(
            own | layered | by_vessel | places,
            tuple(names),
            tuple(material),
            tuple(layer_tissue(name) for name in names),
            self.preset,
            self.melanosome,
            kind,
            np.arange(first, first + draws.count),
        )

    def _draw_skin_layers(self, draws: StandardDraws) -> LayerDraws:
        """Draw the layers of human skin, or an animal's; one more layer where the basal cells hold more melanin."""
        place = preset_site(self.preset, self.site)
        thickness = self._draw_thickness(draws, place)
        optics, ones = tissue_table("optics"), np.ones(draws.count)
        hydration_entry = read_sourced(optics["water"]["hydration"])
        hydration = (
            np.clip(draw_value(draws, "hydration", hydration_entry), 0.0, 1.0)
            if self.hydration is None
            else self.hydration * ones
        )
        wet = hydration / hydration_entry.value

        def water(name: str) -> Array:
            return np.clip(draw_value(draws, f"water {name}", read_sourced(optics["water"][name])) * wet, 0.0, 1.0)

        dermis, fat = [hydration] * 4, place.material_below == "fat"
        water_below = draw_value(draws, "water fat", read_sourced(optics["water"]["fat"])) if fat else ones
        lipid = draw_value(draws, "lipid fat", read_sourced(optics["lipid"]["fat"])) if fat else 0.0 * ones
        baseline = draw_value(draws, "baseline", read_sourced(optics["baseline"]["factor"]))
        ita, melanin = self._draw_melanin(draws, thickness[1], place.melanosome_fraction, sun_exposed=place.sun_exposed)
        blood = self._draw_blood_fractions(draws, place, thickness)
        zero = np.zeros(draws.count)
        radii = [optics["vessel_radius_um"][name] for name in ("papillary", *["plexus"] * 4)]
        radius = [draw_value(draws, f"radius {i}", read_sourced(entry)) * UM for i, entry in enumerate(radii)]
        if self.vessel_kind == "port-wine-stain":
            blood, radius = add_port_wine_stain(draws, blood, radius)
        layered = {
            "thickness_m": thickness,
            "melanosome_fraction": [zero, melanin, zero, zero, zero, zero, zero],
            "blood_fraction": [zero, zero, *(blood if fat else [*blood[:-1], zero])],
            "vessel_radius_m": [zero, zero, *radius],
            "water_fraction": [water("corneum"), water("epidermis"), *dermis, water_below],
            "lipid_fraction": [zero] * 6 + [lipid],
            "baseline_factor": [baseline] * 6 + [zero],
        }
        thermal = ["corneum", "epidermis", *["dermis"] * 4, place.material_below]
        result = {name: np.stack(columns, axis=1) for name, columns in layered.items()}
        result["index_589"] = draw_refractive_index(draws, thermal)
        if place.thermal:
            thermal = [f"{place.thermal}-{name}" for name in ("epidermis", "epidermis", *["dermis"] * 4, "fat")]
        material = ["corneum", "epidermis", *[place.scattering] * 4, place.material_below]
        own = self._draw_scattering_and_blood(draws) | {"ita_deg": ita}
        if self.preset == "human":
            follicle = read_sourced(tissue_table("layers")["hair"]["terminal_follicle_um"])
            own["terminal_follicle_m"] = draw_value(draws, "terminal follicle", follicle) * UM
        names = [*HUMAN_LAYERS[:-1], place.material_below]
        result |= draw_heat_properties(draws, thermal)
        if place.basal_height is not None:
            at = names.index(HUMAN_LAYERS[1])
            above = (
                zero
                if place.melanin_above_basal is None
                else draw_value(draws, "above basal", cite_value(place.melanin_above_basal))
            )
            result = add_basal_layer(
                result, at, draw_value(draws, "basal layer", cite_value(place.basal_height)) * UM, above
            )
            names.insert(at + 1, BASAL_LAYER)
            material.insert(at + 1, material[at])
        return names, material, result, own

    def _draw_preset_stack(self, draws: StandardDraws) -> LayerDraws:
        entry = read_preset(self.preset)
        layered, own = draw_preset_layers(draws, entry, self.hydration), self._draw_scattering_and_blood(draws)
        names = [layer["name"] for layer in entry["layer"]]
        if has_epidermis(self.preset):
            at = names.index(HUMAN_LAYERS[1])
            fraction = SourcedValue.from_table(entry["layer"][at]["melanosome_fraction"])
            thickness = layered["thickness_m"][:, at]
            own["ita_deg"], layered["melanosome_fraction"][:, at] = self._draw_melanin(draws, thickness, fraction)
        return names, [layer["material"] for layer in entry["layer"]], layered, own

    def _draw_scattering_and_blood(self, draws: StandardDraws) -> dict[str, Array]:
        """Draw the tissue quantities with one value in each draw.

        They are the scattering over that of the tables, haematocrit and oxygenation.
        """
        entry = read_preset(self.preset).get("scattering_factor", tissue_table("optics")["scattering_factor"])
        return self._draw_blood_properties(draws) | {
            "scattering_factor": draw_value(draws, "scattering", read_sourced(entry))
        }

    def _draw_thickness(self, draws: StandardDraws, place: SiteLayers) -> list[Array]:
        """Draw the thickness of the seven layers, m; tissue below the fat is treated as more fat."""
        corneum = draw_value(draws, "stratum corneum", cite_value(place.stratum_corneum)) * UM
        living = draw_value(draws, "living epidermis", cite_value(place.living_epidermis)) * UM
        if "both" in place.dermis:
            dermis = draw_value(draws, "dermis", cite_value(place.dermis["both"])) * UM
        else:
            female, male = (
                draw_value(draws, "dermis", cite_value(place.dermis[sex])) * UM for sex in ("female", "male")
            )
            dermis = female if self.sex == "female" else male if self.sex == "male" else 0.5 * (female + male)
        if self.preset == "human":
            living, dermis = living * self._age_factor("epidermis"), dermis * self._age_factor("dermis")
        share = tissue_table("layers")["dermis_share"]
        papillary, upper, deep = (
            dermis * draw_value(draws, name, read_sourced(share[name]))
            for name in ("papillary", "upper_plexus", "deep_plexus")
        )
        below = np.full(draws.count, np.inf)
        return [corneum, living, papillary, upper, dermis - papillary - upper - deep, deep, below]

    def _age_factor(self, part: str) -> float:
        """Return the thickness of a part of the skin over that at the reference age."""
        entry = tissue_table("layers")["age"]
        limits = read_sourced(entry["range_years"])
        reference = read_number(entry["reference_years"])
        age = reference if self.age_years is None else min(max(self.age_years, limits.low), limits.high)
        if part == "dermis":
            per_decade = read_number(entry["dermis_per_decade"])
        else:
            sexes = [self.sex] if self.sex in ("female", "male") else ["female", "male"]
            per_decade = float(np.mean([read_number(entry[f"epidermis_{sex}_per_decade"]) for sex in sexes]))
        return 1.0 - per_decade * (age - reference) / 10.0

    def _draw_melanin(
        self, draws: StandardDraws, living_m: Array, fraction: SourcedValue | None, *, sun_exposed: bool = False
    ) -> tuple[Array, Array]:
        """Draw the colour of the skin around a lesion, degrees, and the melanosome fraction of the living epidermis.

        By (skin 8). A measured colour is that of the site; one drawn for a phototype is a class of mixed sites.
        `fraction` is that of an animal whose colour is not given, over the epidermis of the ITA table.
        """
        ones, shift = np.ones(draws.count), draws.normal("melanin inversion")
        if self.ita_deg is not None:
            ita, site = self.ita_deg * ones, self.site or read_preset("human")["site"]
            column = melanin_column_m(ita, shift, site if self.preset == "human" else None)
        elif fraction is not None:
            ita = np.full(draws.count, np.nan)
            epidermis_m = tissue_table("melanin")["by_ita"]["epidermis_um"] * UM
            column = draw_value(draws, "melanin", cite_value(fraction)) * epidermis_m
        else:
            ita = draw_constitutive_ita_deg(draws, self.phototype)
            column = melanin_column_m(ita, shift) * draw_sun_exposure_factor(
                draws, sun_exposed=sun_exposed, tan=self.tan
            )
        if self.melanin_ratio is not None:
            column = column * draw_value(draws, "lesion melanin", self.melanin_ratio)
        return ita, np.minimum(column / living_m, 1.0)

    def _draw_melanosome_density(self, draws: StandardDraws) -> Array:
        """Draw the absorption inside a granule over `melanosome_mua`.

        Volume fractions of melanosomes refer to granules that absorb as `melanosome_mua`.
        """
        entry = {} if self.layers else read_preset(self.preset)
        if "melanosome_density" not in entry:
            return np.ones(draws.count)
        return draw_value(draws, "melanosome density", read_sourced(entry["melanosome_density"]))

    def _draw_blood_fractions(self, draws: StandardDraws, place: SiteLayers, thickness: list[Array]) -> list[Array]:
        """Draw the blood fractions of the five lower layers.

        The layers of the dermis have the proportions of a layer model, the fat has a fraction of its own.
        """
        entry = tissue_table("optics")["blood_fraction"]
        mean = draw_value(draws, "blood", read_sourced(entry[place.blood]))
        profile = np.asarray(entry["profile"]["values"])
        dermis = np.stack(thickness[2:6], axis=1)
        norm = dermis.sum(axis=1) / (dermis * profile).sum(axis=1)
        return [mean * ratio * norm for ratio in profile] + [draw_value(draws, "blood fat", read_sourced(entry["fat"]))]

    def _draw_bulk_layer(self, draws: StandardDraws) -> LayerDraws:
        """Return a single semi-infinite layer of a material that is not skin."""
        entry = read_preset(self.preset)
        material = str(entry["material"])
        ones, zero = np.ones((draws.count, 1)), np.zeros((draws.count, 1))
        water = ones
        if material == "gelatin":
            drawn = draw_value(draws, "water gelatin", read_sourced(entry["water_fraction"]))
            water = (drawn if self.hydration is None else self.hydration * np.ones(draws.count))[:, None]
        if material == "gelatin":
            # Takata's rules use mass fractions; gelatin and water differ little in density, so that volume fractions
            # may replace them.
            heat = {
                name: rule["constant"] + rule["slope"] * water
                for name, rule in tissue_table("thermal")["gelatin"].items()
            }
            dry = draw_value(draws, "index gelatin", read_sourced(tissue_table("optics")["index"]["gelatin_dry"]))[
                :, None
            ]
            index = dry + (read_number(tissue_table("optics")["index"]["water"]) - dry) * water
        else:
            heat, index = draw_heat_properties(draws, [material]), draw_refractive_index(draws, [material])
        layered = {
            "thickness_m": np.full((draws.count, 1), np.inf),
            "melanosome_fraction": zero,
            "blood_fraction": ones if material == "blood" else zero,
            "vessel_radius_m": zero,
            "water_fraction": zero if material == "blood" else water,
            "lipid_fraction": zero,
            "baseline_factor": zero,
            "index_589": index,
        } | heat
        own = self._draw_blood_properties(draws) | {"scattering_factor": np.ones(draws.count)}
        if "heated_share" in entry:
            own["heated_share"] = draw_value(draws, "heated share", read_sourced(entry["heated_share"]))
        return [self.preset if material != "water" else "water"], [material], layered, own

    def _draw_temperature(self, draws: StandardDraws) -> Array:
        if self.temperature_C is not None:
            return np.full(draws.count, self.temperature_C)
        entry = read_preset(self.preset)
        where = "living" if self.layers or "material" not in entry else "dish"
        return draw_value(
            draws,
            "temperature",
            read_sourced(entry.get("temperature_C", tissue_table("thermal")["temperature_C"][where])),
        )

    def _draw_blood_properties(self, draws: StandardDraws) -> dict[str, Array]:
        """Draw haematocrit and oxygenation of the blood of the tissue, (sample,)."""
        entry = tissue_table("optics")["blood"] | read_preset(self.preset).get("vessel", {})
        haematocrit = np.clip(draw_value(draws, "tissue haematocrit", read_sourced(entry["haematocrit"])), 0.0, 1.0)
        oxygenation = draw_value(draws, "tissue oxygenation", read_sourced(entry["oxygenation"]))
        return {"blood_haematocrit": haematocrit, "blood_oxygenation": oxygenation}

    def _vessel_kind(self, vessels: Vessels) -> str:
        """Return the origin of the vessels: `given`, the kind of the population they are drawn from, or `none`."""
        if self.vessels or vessels.depth.shape[1] == 0:
            return "given" if self.vessels else "none"
        return self._population().kind

    def _population(self) -> VesselPopulation:
        return self.population or vessel_population(self.vessel_kind or "normal")

    def _draw_vessels(self, draws: StandardDraws, names: list[str], thickness: Array) -> Vessels:
        if self.vessels or self.vessel_kind is None or thickness.shape[1] < len(HUMAN_LAYERS):
            own = read_preset(self.preset).get("vessel", {})
            return case_vessels(draws, self.vessels, {key: SourcedValue.from_table(own[key]) for key in own})
        bottoms, papillary = np.cumsum(thickness, axis=1), names.index(PAPILLARY_DERMIS)
        population, plexus = self._population(), thickness[:, papillary + 1]
        return population.draw(draws, bottoms[:, papillary - 1], bottoms[:, papillary], plexus)


def _first_value(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)


def _explicit_layers(draws: StandardDraws, layers: tuple[Layer, ...]) -> tuple[list[str], dict[str, Array]]:
    """Return layers as the case gives them, the same in every draw."""
    per_cm = {"mua_per_m": "mua_per_cm", "mus_per_m": "mus_per_cm"}
    plain = ("g", "n", "density_kg_m3", "heat_capacity_J_kgK", "conductivity_W_mK")

    def column(values: list[float]) -> Array:
        return np.tile(np.array(values), (draws.count, 1))

    layered = {name: column([getattr(layer, key) * PER_CM for layer in layers]) for name, key in per_cm.items()}
    layered |= {name: column([getattr(layer, name) for layer in layers]) for name in plain}
    thick = [np.inf if layer.thickness_um is None else layer.thickness_um * UM for layer in layers]
    return [layer.name for layer in layers], layered | {"thickness_m": column(thick)}
