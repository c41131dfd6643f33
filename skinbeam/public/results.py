"""Results of the public functions: a document in JSON types, whose attributes are typed values.

One view serves every document, because the document is the contract that commands, files and pages share: a class for
each nested group would repeat some two hundred names of it. The first level, which a caller sees first, has a class for
each question, so that help, completion and a type checker know its fields.
"""

import copy
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from skinbeam.model.errors import NotAvailable
from skinbeam.model.estimate import Estimate, Unknown, Value

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
    from matplotlib.figure import Figure

    from skinbeam.evidence.expectation.expectation import Expectation
    from skinbeam.model.document import DocumentResult

__all__ = [
    "HEAD_KEYS",
    "ComparisonResult",
    "ExpectationResult",
    "LightProfileResult",
    "LightResult",
    "Record",
    "Result",
    "SettingResult",
    "SimulationResult",
    "SkinResult",
    "ThresholdResult",
    "WindowResult",
    "source_keys",
    "typed_value",
]

Floats = NDArray[np.float64]
HEAD_KEYS = 5  # that every document begins with
_ESTIMATE_KEYS = frozenset(("median", "low", "high", "level", "kind", "draws", "basis"))


def typed_value(value: Any) -> Any:
    """Return a value of a document as what it means.

    An estimate becomes an `Estimate`, what is not known an `Unknown`, a list of numbers (or of equally long lists of
    them) an array, another list a tuple, and an object a `Record`.
    """
    if isinstance(value, Mapping):
        if value.keys() == _ESTIMATE_KEYS:
            return Estimate(**{**value, "basis": tuple(value["basis"])})
        if value.keys() == {"unknown"}:
            return Unknown(value["unknown"])
        return Record(value)
    if isinstance(value, list):
        return np.array(value) if value and _is_numeric(value) else tuple(map(typed_value, value))
    return value


def _is_numeric(value: list[Any]) -> bool:
    """Return whether a list holds numbers alone, or equally long lists of numbers."""
    if all(isinstance(item, list) for item in value):
        return len({len(item) for item in value}) == 1 and all(item and _is_numeric(item) for item in value)
    return all(isinstance(item, int | float) and not isinstance(item, bool) for item in value)


class Record(Mapping[str, Any]):
    """A group of values of a result.

    `group.p_burn` and `group["p_burn"]` are the same typed value; the second form is for keys that are no Python names,
    such as the name of a layer.
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document

    def __getitem__(self, key: str) -> Any:
        return typed_value(self._document[key])

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in self._document:
            raise AttributeError(f"the group has no {name!r}", name=name, obj=self)
        return self[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._document)

    def __len__(self) -> int:
        return len(self._document)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *filter(str.isidentifier, self._document)]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Record) and self._document == other._document

    __hash__ = None  # type: ignore[assignment] # a document holds lists

    def __repr__(self) -> str:
        return f"<group: {', '.join(self._document)}>"


class Result:
    """The answer to one question.

    Attributes are typed values: `result.dose` is an `Estimate`, or an `Unknown` with its reason; lists of numbers are
    arrays, and a group such as `result.harm` has attributes itself. `result["dose"]` and `to_dict()` are the document.

    Parameters
    ----------
    document : the answer in JSON types, as the command prints it with `--json`.
    computed : the record of the answer, which its figure shows; None where there is none, such as for an answer that
        has unknowns alone.
    """

    schema: str
    version: str
    case_sha256: str
    seed: int
    warnings: tuple[Record, ...]

    def __init__(self, document: Mapping[str, Any], computed: "DocumentResult | Expectation | None" = None) -> None:
        self._document = document
        self._computed = computed

    @classmethod
    def from_computed(cls, computed: "DocumentResult") -> Self:
        """Return the view of a computed result."""
        return cls(computed.to_dict(), computed)

    @property
    def document(self) -> Mapping[str, Any]:
        """The answer in JSON types, shared with whoever asks for it; `to_dict` gives a copy."""
        return self._document

    def __getitem__(self, key: str) -> Any:
        return self._document[key]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in self._document:
            raise AttributeError(f"the result has no {name!r}", name=name, obj=self)
        return typed_value(self._document[name])

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *filter(str.isidentifier, self._document)]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Result) and self._document == other._document

    __hash__ = None  # type: ignore[assignment] # a document holds lists

    def __repr__(self) -> str:
        return f"<{self._document['schema']}: {', '.join(list(self._document)[HEAD_KEYS:])}>"

    def to_dict(self) -> dict[str, Any]:
        """Return a copy of the answer in JSON types."""
        return copy.deepcopy(dict(self._document))

    def plot(self) -> "Figure":
        """Return the Matplotlib figure that the command draws with `--plot`.

        Raises
        ------
        NotAvailable : there is no figure of such an answer.
        """
        from skinbeam.report.formatting import report_text
        from skinbeam.report.graphics.curves import DrawnResult, result_figure

        if not isinstance(self._computed, DrawnResult):
            kind = str(self._document["schema"]).removeprefix("skinbeam.").partition("/")[0]
            raise NotAvailable(report_text("curves.none", kind=kind))
        return result_figure(self._computed)

    def citations(self) -> tuple[str, ...]:
        """Return the keys of all sources behind the answer, in alphabetical order."""
        return tuple(sorted(set(source_keys(self._document))))


def source_keys(value: Any) -> Iterator[str]:
    """Yield the sources that a document names anywhere: its own, and the basis of every estimate."""
    if isinstance(value, list):
        for item in value:
            yield from source_keys(item)
    elif isinstance(value, Mapping):
        for name, item in value.items():
            if name in ("sources", "basis") and isinstance(item, list):
                yield from (key for key in item if isinstance(key, str))
            else:
                yield from source_keys(item)


class SimulationResult(Result):
    """One pulse, train or bath in such skins (`skinbeam.simulate/1`); low and high are of the population.

    Every group is always there: what does not apply is unknown, what did not happen is 0.

    Parameters
    ----------
    light : `reflectance`, `absorbed` by layer (fractions of the incident light), `fluence_rate_ratio_peak`,
        `penetration_depth_um`.
    temperature_C : `surface_peak`, `surface_minimum`, `basal_peak`; of each of `vessels` `lumen_peak`, `wall_peak`.
    damage : `epidermis_fraction`, `coagulation_depth_um`, `coagulation_width_um`, `p_melanosome_disrupted`,
        `p_breakdown`; of each of `vessels` `coagulated_fraction`, `wall_damaged_fraction`, `p_closed`, `p_ruptured`;
        `contours` of the damage integral, and `burn`: the computed and the calibrated dose that burns.
    ablation : `depth_um`, `width_um`, `residual_damage_um`, `p_char`.
    microlesion : `ablation_depth_um`, `depth_um`, `width_um`, `coverage_fraction`, `bulk_rise_K`.
    cooling : `film_ms`, how long a spray stays liquid.
    healing : `reepithelialisation_h`, days of erythema, oedema, downtime and pigment recovery, and
        `wound_open_fraction` by day.
    harm : probabilities `p_burn`, `p_pih`, `p_hypopigmentation`, `p_scar`.
    """

    light: Record
    temperature_C: Record
    damage: Record
    ablation: Record
    microlesion: Record
    cooling: Record
    healing: Record
    harm: Record


class ThresholdResult(Result):
    """The dose at which half of such skins reach an endpoint (`skinbeam.threshold/1`).

    Parameters
    ----------
    endpoint, of : the endpoint, and the quantity that was searched: its name ends in the unit of every dose here.
    dose : ED50; low and high are ED16 and ED84, the spread between people.
    calibrated_dose : ED50 moved and widened by what experiments and practice of this class of endpoints found.
    calibration : `class`, `rows`, `sources`, `bias` and `spread` (geometric) of that correction.
    reached : whether a dose in `bracket`, (2,), reaches the endpoint.
    model_error, reduction_error, heated_blood, methaemoglobin : geometric spreads and ratios of the model.
    """

    endpoint: str
    of: str
    model_error: float
    reduction_error: float
    heated_blood: float
    methaemoglobin: float
    bracket: Floats
    dose: Value
    reached: bool
    calibrated_dose: Value
    calibration: Record


class WindowResult(Result):
    """The therapeutic window: effect and harm by dose and pulse length (`skinbeam.window/1`).

    Parameters
    ----------
    effect, harm : the wanted and the avoided endpoint. of : the quantity of `dose`, with its unit.
    dose, pulse_ms : (dose,) and (pulse,).
    p_effect, p_harm : probabilities, (pulse, dose). p_harm_allowed : the greatest harm that a plan allows.
    practised, makers : dose ranges that practice and makers print, by pulse length.
    """

    effect: str
    harm: str
    of: str
    dose: Floats
    pulse_ms: Floats
    p_effect: Floats | Unknown
    p_harm: Floats | Unknown
    p_harm_allowed: float | Unknown
    practised: tuple[Record, ...]
    makers: tuple[Record, ...]


class SettingResult(Result):
    """One setting of a device (`skinbeam.window/1` with `at`).

    Parameters
    ----------
    at : `settings`, probabilities `p_effective`, `p_burn`, `p_harm` and, for vessels, `p_purpura`, the `limits`, and
        the `published` range that the dose lies in, above or below.
    in_words : the answer in sentences, each with `text`; of a consultation alone.
    """

    at: Record
    in_words: tuple[Record, ...]


class SkinResult(Result):
    """Layers, spectra and colour of a skin (`skinbeam.skin/1`).

    Parameters
    ----------
    wavelength_nm : (wavelength,).
    reflectance, reflectance_low, reflectance_high : fractions, (wavelength,), specular included, with the central
        `level` of the population. reflectance_excluded : without the specular part.
    layers : from the surface down, with `name`, `thickness_um`, `mua_per_cm`, `mus_per_cm`, `g`, `n` (one value per
        wavelength), `density_kg_m3`, `heat_capacity_J_kgK`, `conductivity_W_mK`.
    Lab : `L`, `a`, `b` under D65 at 10°. ita_deg : the individual typology angle. phototype_range : as text.
    """

    wavelength_nm: Floats
    layers: tuple[Record, ...]
    reflectance: Floats
    reflectance_low: Floats
    reflectance_high: Floats
    level: float
    reflectance_excluded: Floats
    Lab: Record
    ita_deg: float | Unknown
    phototype_range: str | Unknown
    draws: int
    sources: tuple[str, ...]


class LightResult(Result):
    """The light in a layers file (`skinbeam.light/1`); fractions are of the incident power.

    Parameters
    ----------
    reflectance_specular, reflectance_diffuse, transmittance : fractions. absorbed : fraction by name of the layer.
    depth_um, fluence_rate_ratio : bin centres and fluence rate over irradiance, (depth,).
    standard_error, roulette_balance : of Monte Carlo alone. mean_path_um : by layer, of Monte Carlo alone.
    escaped_sides : of voxels alone.
    """

    reflectance_specular: float
    reflectance_diffuse: float
    transmittance: float
    absorbed: Record
    depth_um: Floats
    fluence_rate_ratio: Floats
    photons: int
    photons_per_second: int
    device: str
    method: str
    sources: tuple[str, ...]
    standard_error: Record
    roulette_balance: float
    mean_path_um: Record
    escaped_sides: float


class LightProfileResult(Result):
    """The fluence rate over the depth of a skin (`skinbeam.light-profile/1`).

    Parameters
    ----------
    wavelength_nm : of the light.
    depth_um : centres of equal bins from the surface down, (depth,).
    fluence_rate_ratio : fluence rate over irradiance, mean of each bin, (depth,): the median of such skins.
        Backscattered light makes it greater than 1 below the surface.
    fluence_rate_ratio_low, fluence_rate_ratio_high : ends of the central `level` of such skins, (depth,).
    layers : `name` and `top_um` of each layer, from the surface down, at median thickness.
    """

    wavelength_nm: float
    depth_um: Floats
    fluence_rate_ratio: Floats
    fluence_rate_ratio_low: Floats
    fluence_rate_ratio_high: Floats
    level: float
    layers: tuple[Record, ...]
    draws: int
    sources: tuple[str, ...]

    def to_xarray(self) -> "xr.Dataset":
        """Return the fluence rate ratio, its low and its high over `depth_um`, with units."""
        import xarray as xr

        names = ("fluence_rate_ratio", "fluence_rate_ratio_low", "fluence_rate_ratio_high")
        return xr.Dataset(
            {name: ("depth_um", self[name], {"units": "1", "level": self.level}) for name in names},
            {"depth_um": ("depth_um", self["depth_um"], {"units": "um"})},
            {"schema": self.schema, "version": self.version, "seed": self.seed, "wavelength_nm": self.wavelength_nm},
        )

    def to_dataframe(self) -> "pd.DataFrame":
        """Return `to_xarray` as a table with a row for each depth."""
        return self.to_xarray().to_dataframe()


class ExpectationResult(Result):
    """Results that a new clinic would see, from published trials (`skinbeam.expect/1`).

    Parameters
    ----------
    p_at_least : share of patients with at least "25", "50" and "75" per cent improvement.
    predict : `pmf`, (patients + 1,), of the number of responders, and its `intervals`.
    mean_improvement_pct, net_of_untreated_pct, person_improvement_pct : per cent; of the clinic, beyond the natural
        course, and of one person.
    pih, satisfaction, harms : share, `pmf` and `intervals`, by harm. pain_0_10 : on a scale from 0 to 10.
    downtime_days : days. durability : share of the gain kept, by month. untreated : the natural course, same keys.
    studies : the trials with their `weight`. abstains : False, or the reason.
    """

    p_at_least: Record
    predict: Record
    mean_improvement_pct: Value
    net_of_untreated_pct: Value
    person_improvement_pct: Value
    pih: Record
    satisfaction: Record
    harms: Record
    pain_0_10: Value
    downtime_days: Value
    would_repeat: Value
    durability: Record
    sun_protection: Record
    dose: Any
    studies: tuple[Record, ...]
    abstains: bool | str
    in_words: tuple[Record, ...]
    untreated: Record


class ComparisonResult(Result):
    """What trials that compared two treatments found (`skinbeam.compare/1`).

    Parameters
    ----------
    difference : share of patients with at least half improvement, a minus b. pih_difference : the same of dark marks.
    direct : trials that compared the two, with `study`, `patients`, `difference`.
    chain, pih_chain : comparisons that connect the two. left_out : trials that were not used, and why.
    """

    condition: str
    a: str
    b: str
    direct: tuple[Record, ...]
    difference: Value
    pih_difference: Value
    chain: tuple[Record, ...]
    pih_chain: tuple[Record, ...]
    left_out: tuple[Record, ...]
    in_words: tuple[Record, ...]
