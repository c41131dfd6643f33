"""Compute `skinbeam.skin/1`: layers, spectra and colour of a skin, with the spread of the population."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from skinbeam.api.array_result import ArrayResult
from skinbeam.model.document import build_document
from skinbeam.model.errors import InputError, NotAvailable
from skinbeam.model.estimate import Unknown
from skinbeam.model.input_files import LoadedCase
from skinbeam.model.sources import collect_sources
from skinbeam.model.units import PER_CM, UM
from skinbeam.model.value_equality import compared_by_value
from skinbeam.simulate.appearance import (
    apparent_colour,
    reading_not_skin_error,
    reading_warnings,
    reflectance_parts,
    weight_by_reading,
    weighted_median,
)
from skinbeam.simulate.skins.ensemble import INTERVAL_LEVEL, weighted_quantiles
from skinbeam.skin.colour import COLOUR_WAVELENGTHS_NM, Lab, lab_to_ita_deg
from skinbeam.skin.distribution import SkinDistribution
from skinbeam.skin.melanin import matching_phototypes
from skinbeam.skin.presets import has_epidermis
from skinbeam.skin.properties import OpticalProperties, optical_properties, thermal_properties
from skinbeam.skin.sample import SkinSample
from skinbeam.skin.tables import MODEL_RANGE_NM
from skinbeam.text import DocumentWarning, Message

__all__ = [
    "LabColour",
    "SkinLayer",
    "SkinSpectra",
    "check_has_skin",
    "check_wavelengths",
    "describe_skin",
    "parse_wavelengths",
]

Floats = NDArray[np.float64]
MAX_WAVELENGTHS = 10_000
# Limit of solutions of the radiative transfer equation in a document, and the fewest draws whose spread is told. Where
# the limit leaves fewer for each wavelength, those that are nearer than this share are interpolated: no more than 3,400
# are solved, so that a document takes about fifteen seconds.
MAX_SOLUTIONS = 20_000
MIN_DRAWS = 20
LEAST_STEP = 0.001


def parse_wavelengths(text: str) -> list[float]:
    """Return the wavelengths, nm, of e.g. `532,577` or `400:1000:10` (stop included), in the given order.

    Raises
    ------
    InputError : not of that form, more than 10 000, or outside the range of the skin model.
    """
    wavelengths_nm: list[float] = []
    for part in text.split(","):
        wavelengths_nm += _parse_range(part.strip(), MAX_WAVELENGTHS - len(wavelengths_nm))
    return check_wavelengths(wavelengths_nm)


def check_wavelengths(values: Iterable[Any]) -> list[float]:
    """Return wavelengths, nm, as plain numbers.

    Raises
    ------
    InputError : none, more than 10 000, no numbers, or outside the range of the skin model.
    """
    try:
        wavelengths_nm = [float(value) for value in values]
    except (TypeError, ValueError):
        raise _wavelength_error("not-a-number", f"{values!r} are no wavelengths", "Numbers in nm.") from None
    if not 0 < len(wavelengths_nm) <= MAX_WAVELENGTHS:
        hint = f"From one to {MAX_WAVELENGTHS:,} wavelengths."
        raise _wavelength_error("wrong-value", f"{len(wavelengths_nm)} wavelengths were read", hint)
    low, high = MODEL_RANGE_NM
    for value in wavelengths_nm:
        if not low <= value <= high:
            raise _wavelength_error("out-of-range", f"{value:g} nm is out of range", f"From {low:g} to {high:g} nm.")
    return wavelengths_nm


def _parse_range(part: str, room: int) -> list[float]:
    form = "Numbers separated by commas, or start:stop:step, such as 400:1000:10."
    try:
        ends = [float(end) for end in part.split(":")]
    except ValueError:
        raise _wavelength_error("not-a-number", f'"{part[:40]}" is not a wavelength', form) from None
    if not all(np.isfinite(ends)) or len(ends) not in (1, 3):
        raise _wavelength_error("wrong-value", f'"{part[:40]}" is not a wavelength or a range', form)
    if len(ends) == 1:
        count, start, step = 1, ends[0], 0.0
    else:
        start, stop, step = ends
        if step <= 0 or stop < start:
            raise _wavelength_error(
                "wrong-value", f'"{part[:40]}" does not rise', "start:stop:step with stop above start, step above 0."
            )
        # The small addition includes the stop despite rounding error.
        steps = (stop - start) / step + 1e-9
        count = int(min(steps, MAX_WAVELENGTHS)) + 1
    if count > room:
        raise _wavelength_error(
            "too-many", "more wavelengths than can be computed were read", f"At most {MAX_WAVELENGTHS:,} in all."
        )
    return [start + index * step for index in range(count)]


def _wavelength_error(code: str, message: str, hint: str) -> InputError:
    return InputError(code, message, field="wavelength_nm", hint=hint)


@compared_by_value
@dataclass(frozen=True)
class SkinLayer:
    """A layer of the median skin; optical properties have one value per wavelength.

    Parameters
    ----------
    thickness_um : unknown of a semi-infinite layer.
    """

    name: str
    thickness_um: float | Unknown
    mua_per_cm: Floats
    mus_per_cm: Floats
    g: Floats
    n: Floats
    density_kg_m3: float
    heat_capacity_J_kgK: float
    conductivity_W_mK: float


@dataclass(frozen=True)
class LabColour:
    """The colour under D65 at 10°."""

    L: float
    a: float
    b: float


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class SkinSpectra(ArrayResult):
    """Layers, spectra and colour of the median skin, with the population's spread.

    Parameters
    ----------
    wavelength_nm : (wavelength,).
    layers : from the surface down.
    reflectance : fractions, (wavelength,), specular included, with low and high of the central `level` of the
        population. reflectance_excluded : without the specular part.
    ita_deg : the individual typology angle; unknown for a bluish colour, which has none.
    """

    schema: ClassVar[str] = "skinbeam.skin/1"
    axes: ClassVar[tuple[str, ...]] = ("wavelength_nm",)
    arrays: ClassVar[tuple[str, ...]] = ("reflectance", "reflectance_low", "reflectance_high", "reflectance_excluded")

    wavelength_nm: Floats
    layers: tuple[SkinLayer, ...]
    reflectance: Floats
    reflectance_low: Floats
    reflectance_high: Floats
    level: float
    reflectance_excluded: Floats
    Lab: LabColour
    ita_deg: float | Unknown
    phototype_range: str | Unknown
    draws: int
    sources: tuple[str, ...]


def describe_skin(
    loaded: LoadedCase, wavelengths_nm: Sequence[float], *, draws: int = 200, seed: int = 0
) -> SkinSpectra:
    """Return the document skinbeam.skin/1: layers, spectra and colour of the median skin, with the population's spread.

    Every number is the weighted median over the draws, each value separately; for many wavelengths fewer draws are
    used, and reflectance is interpolated between some of them, each with a warning.

    Raises
    ------
    InputError : a case with neither a skin nor a patient, or no draw agrees with the reading of the case.
    NotAvailable : a reading outside the range of the skin model; the document then has unknowns in place of values.
    """
    warnings: list[DocumentWarning] = []
    try:
        with collect_sources() as sources:
            spectra = _compute_spectra(loaded, wavelengths_nm, draws, seed, warnings)
    except NotAvailable as error:
        body = _empty_body(wavelengths_nm, Unknown(error.reason))
        whole = build_document(SkinSpectra.schema, case_sha256=loaded.sha256(), seed=seed, warnings=warnings, body=body)
        raise NotAvailable(error.reason, body=whole) from None
    return replace(spectra, sources=tuple(sorted(sources)))


def _compute_spectra(
    loaded: LoadedCase, wavelengths_nm: Sequence[float], draws: int, seed: int, warnings: list[DocumentWarning]
) -> SkinSpectra:
    """Return the result without its sources; warnings about it are appended to `warnings`."""
    check_has_skin(loaded)
    skin = SkinDistribution.from_case(loaded.case)
    warnings += skin.warnings
    spectra_nm = list(dict.fromkeys([*wavelengths_nm, *COLOUR_WAVELENGTHS_NM]))
    solved_nm = _solved_wavelengths(spectra_nm)
    if len(solved_nm) < len(spectra_nm):
        params = {"solved": len(solved_nm), "wavelengths": len(wavelengths_nm), "apart": 100.0 * LEAST_STEP}
        warnings.append(DocumentWarning("interpolated-spectra", Message("skin.interpolated", params)))
    most = max(MIN_DRAWS, MAX_SOLUTIONS // len(solved_nm))
    if draws > most:
        params = {"draws": most, "asked": draws, "wavelengths": len(wavelengths_nm)}
        warnings.append(DocumentWarning("fewer-draws", Message("skin.fewer_draws", params)))
    if skin.layers:
        warnings.append(DocumentWarning("layers-at-one-wavelength", Message("skin.layers_replace")))
    ds = skin.sample(min(draws, most), seed)
    if skin.reading is not None:
        ds = weight_by_reading(ds, skin.reading)
    weight = ds["weight"]
    if not weight.sum() > 0.0:
        raise reading_not_skin_error(loaded.file)
    warnings += reading_warnings(skin.reading, weight)
    at = {nm: optical_properties(ds, nm) for nm in spectra_nm}
    diffuse, surface = (
        dict(zip(spectra_nm, _interpolate(values, solved_nm, spectra_nm).T, strict=True))
        for values in reflectance_parts(ds, [at[nm] for nm in solved_nm])
    )
    total = {nm: values + surface[nm] for nm, values in diffuse.items()}
    lab = apparent_colour(skin, diffuse, surface, weight)
    ita_deg = _typology_angle(lab)
    tail = (1.0 - INTERVAL_LEVEL) / 2.0
    bounds = [weighted_quantiles(total[nm], weight, (tail, 0.5, 1.0 - tail)) for nm in wavelengths_nm]
    return SkinSpectra(
        case_sha256=loaded.sha256(),
        seed=seed,
        warnings=tuple(warnings),
        wavelength_nm=np.array(wavelengths_nm),
        layers=_layers(ds, [at[nm] for nm in wavelengths_nm], weight),
        reflectance=np.array([median for _, median, _ in bounds]),
        reflectance_low=np.array([low for low, _, _ in bounds]),
        reflectance_high=np.array([high for _, _, high in bounds]),
        level=INTERVAL_LEVEL,
        reflectance_excluded=np.array([weighted_median(diffuse[nm], weight) for nm in wavelengths_nm]),
        Lab=LabColour(float(lab.L), float(lab.a), float(lab.b)),
        ita_deg=ita_deg,
        phototype_range=_colour_phototypes(skin, ita_deg),
        draws=int(ds.count),
        sources=(),
    )


def _solved_wavelengths(spectra_nm: list[float]) -> list[float]:
    """Return the wavelengths at which light is computed: all, or of very many those that are far enough apart."""
    if len(spectra_nm) <= MAX_SOLUTIONS // MIN_DRAWS:
        return spectra_nm
    rising = sorted(spectra_nm)
    solved = {rising[-1], *COLOUR_WAVELENGTHS_NM}
    last = 0.0
    for nm in rising:
        if nm >= last * (1.0 + LEAST_STEP):
            solved.add(nm)
            last = nm
    return sorted(solved)


def _interpolate(values: Floats, solved_nm: list[float], wanted_nm: list[float]) -> Floats:
    """Return values of each draw at the wanted wavelengths, linear between those at which light was computed."""
    if solved_nm == wanted_nm:
        return values
    solved, wanted = np.array(solved_nm), np.array(wanted_nm)
    right = np.clip(np.searchsorted(solved, wanted), 1, len(solved) - 1)
    share = (wanted - solved[right - 1]) / (solved[right] - solved[right - 1])
    return np.asarray(values[:, right - 1] * (1.0 - share) + values[:, right] * share)


def check_has_skin(loaded: LoadedCase) -> None:
    """Reject a case that does not say whose skin it is.

    Raises
    ------
    InputError : it has neither a skin nor a patient.
    """
    if loaded.case.skin is None and loaded.case.patient is None:
        raise InputError(
            "missing-key",
            "neither [skin] nor [patient] was read",
            field="skin",
            hint='Say whose skin: [skin], where preset = "human" alone is enough, or [patient].',
            file=loaded.file,
        )


def _typology_angle(lab: Lab) -> float | Unknown:
    """Return the individual typology angle, which is defined for yellowish colours: the angle of others is no measure.

    Without that, a thin ear without hair, whose colour is blue, would have the angle of a black or white person.
    """
    if not lab.b > 0.0:
        return Unknown(Message("skin.no_ita").text)
    return float(lab_to_ita_deg(lab))


def _colour_phototypes(skin: SkinDistribution, ita_deg: float | Unknown) -> str | Unknown:
    """Return the phototypes of a colour; blood, water and gelatin have none."""
    if not has_epidermis(skin.preset):
        return Unknown(Message("skin.no_phototype", {"preset": skin.preset}).text)
    return ita_deg if isinstance(ita_deg, Unknown) else matching_phototypes(ita_deg)


def _empty_body(wavelengths_nm: Sequence[float], unknown: Unknown) -> Mapping[str, object]:
    """Return every key of the document, with unknowns in place of computed values."""
    computed = ("reflectance", "reflectance_low", "reflectance_high", "reflectance_excluded", "ita_deg")
    return {
        "wavelength_nm": list(wavelengths_nm),
        "layers": unknown,
        **dict.fromkeys(computed, unknown),
        "level": INTERVAL_LEVEL,
        "Lab": dict.fromkeys(("L", "a", "b"), unknown),
        "phototype_range": unknown,
        "draws": 0,
        "sources": [],
    }


def _layers(ds: SkinSample, spectra: Sequence[OpticalProperties], weight: Floats) -> tuple[SkinLayer, ...]:
    heat, layers = thermal_properties(ds), []
    for index, name in enumerate(ds.layers):
        thickness_m = weighted_median(ds["thickness_m"][:, index], weight)
        is_finite = bool(np.isfinite(thickness_m))
        layers.append(
            SkinLayer(
                name=str(name),
                thickness_um=thickness_m / UM if is_finite else Unknown(Message("skin.semi_infinite").text),
                mua_per_cm=np.array([weighted_median(at.mua[:, index], weight) / PER_CM for at in spectra]),
                mus_per_cm=np.array([weighted_median(at.mus[:, index], weight) / PER_CM for at in spectra]),
                g=np.array([weighted_median(at.g[:, index], weight) for at in spectra]),
                n=np.array([weighted_median(at.n[:, index], weight) for at in spectra]),
                density_kg_m3=weighted_median(heat.density[:, index], weight),
                heat_capacity_J_kgK=weighted_median(heat.heat_capacity[:, index], weight),
                conductivity_W_mK=weighted_median(heat.conductivity[:, index], weight),
            )
        )
    return tuple(layers)
