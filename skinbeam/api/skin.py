"""The document of `skin`: layers, spectra and colour of a skin, with the spread of people like it."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from skinbeam.document import document
from skinbeam.errors import InputError, NotAvailable
from skinbeam.estimate import Unknown
from skinbeam.messages import Message
from skinbeam.provenance import collect
from skinbeam.schema.load import LoadedCase
from skinbeam.simulate.appearance import (
    colour_seen,
    reading_warnings,
    reflected,
    weigh_by_reading,
    weighted_median,
)
from skinbeam.simulate.skins.ensemble import LEVEL, quantiles
from skinbeam.skin.colour import COLOUR_WAVELENGTHS_NM, ita_of_lab_deg
from skinbeam.skin.melanin import phototype_range
from skinbeam.skin.model import Skin
from skinbeam.skin.presets import has_epidermis
from skinbeam.skin.properties import Optics, optics, thermal
from skinbeam.skin.spectra import MODEL_RANGE_NM
from skinbeam.units import PER_CM, UM

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["parse_wavelengths", "skin_document"]

SCHEMA = "skinbeam.skin/1"
Array = NDArray[np.float64]
MAX_WAVELENGTHS = 10_000
# Solutions of the radiative transfer equation for one document: bounds its time to some ten seconds.
MAX_SOLUTIONS = 20_000
FEWEST_DRAWS = 20


def parse_wavelengths(text: str) -> list[float]:
    """Return the wavelengths, nm, of e.g. `532,577` or `400:1000:10` (stop included), in the order asked.

    Raises
    ------
    InputError : not of that form, more than 10 000, or where skin is not described.
    """
    found: list[float] = []
    for part in text.split(","):
        found += _range(part.strip(), MAX_WAVELENGTHS - len(found))
    low, high = MODEL_RANGE_NM
    for value in found:
        if not low <= value <= high:
            raise _fault("out-of-range", f"{value:g} nm is out of range", f"From {low:g} to {high:g} nm.")
    return found


def _range(part: str, room: int) -> list[float]:
    form = "Numbers separated by commas, or start:stop:step, such as 400:1000:10."
    try:
        ends = [float(end) for end in part.split(":")]
    except ValueError:
        raise _fault("not-a-number", f'"{part[:40]}" is not a wavelength', form) from None
    if not all(np.isfinite(ends)) or len(ends) not in (1, 3):
        raise _fault("wrong-value", f'"{part[:40]}" is not a wavelength or a range', form)
    if len(ends) == 1:
        count, start, step = 1, ends[0], 0.0
    else:
        start, stop, step = ends
        if step <= 0 or stop < start:
            raise _fault(
                "wrong-value", f'"{part[:40]}" does not rise', "start:stop:step with stop above start, step above 0."
            )
        # A hair more than a whole number of steps still counts as the stop.
        steps = (stop - start) / step + 1e-9
        count = int(min(steps, MAX_WAVELENGTHS)) + 1
    if count > room:
        raise _fault(
            "too-many", "more wavelengths than can be computed were read", f"At most {MAX_WAVELENGTHS:,} in all."
        )
    return [start + index * step for index in range(count)]


def _fault(code: str, message: str, hint: str) -> InputError:
    return InputError(code, message, field="--wavelength", hint=hint)


def skin_document(
    loaded: LoadedCase, wavelengths_nm: Sequence[float], *, draws: int = 200, seed: int = 0
) -> dict[str, Any]:
    """Return the document skinbeam.skin/1: layers, spectra and colour of the median skin, with the population's spread.

    Every number is the weighted median over the draws, value by value; for many wavelengths the draws are fewer, and a
    warning says so.

    Raises
    ------
    InputError : a case of neither a skin nor a patient, or no draw agrees with the reading of the case.
    NotAvailable : a reading where skin is not described; the document then holds unknowns.
    """
    warnings: list[Mapping[str, str]] = []
    try:
        with collect() as sources:
            body = _computed(loaded, wavelengths_nm, draws, seed, warnings)
        body["sources"] = sorted(sources)
    except NotAvailable as error:
        body = _nothing(wavelengths_nm, Unknown(error.reason))
        whole = document(SCHEMA, case_sha256=loaded.sha256(), seed=seed, warnings=warnings, body=body)
        raise NotAvailable(error.reason, body=whole) from None
    return document(SCHEMA, case_sha256=loaded.sha256(), seed=seed, warnings=warnings, body=body)


def _computed(
    loaded: LoadedCase, wavelengths_nm: Sequence[float], draws: int, seed: int, warnings: list[Mapping[str, str]]
) -> dict[str, Any]:
    """The body of the document; what is to be said of it is added to `warnings`."""
    if loaded.case.skin is None and loaded.case.patient is None:
        raise InputError(
            "missing-key",
            "neither [skin] nor [patient] was read",
            field="skin",
            hint='Say whose skin: [skin], where preset = "human" alone is enough, or [patient].',
            file=loaded.file,
        )
    skin = Skin.from_case(loaded.case)
    warnings += skin.warnings
    spectra_nm = list(dict.fromkeys([*wavelengths_nm, *COLOUR_WAVELENGTHS_NM]))
    most = max(FEWEST_DRAWS, MAX_SOLUTIONS // len(spectra_nm))
    if draws > most:
        params = {"draws": most, "asked": draws, "wavelengths": len(wavelengths_nm)}
        warnings.append({"code": "fewer-draws", "message": Message("skin.fewer_draws", params).text})
    if skin.layers:
        warnings.append({"code": "layers-at-one-wavelength", "message": Message("skin.layers_replace").text})
    ds = skin.sample(min(draws, most), seed)
    if skin.reading is not None:
        ds = weigh_by_reading(ds, skin.reading)
    weight = ds["weight"].to_numpy()
    if not weight.sum() > 0.0:
        hint = "Readings as fractions of 1 of a white standard, of untreated skin."
        text = Message("skin.reading_not_skin").text
        raise InputError("reading-not-skin", text, field="skin.reflectance.value", hint=hint, file=loaded.file)
    warnings += reading_warnings(skin.reading, weight)
    at = {nm: optics(ds, nm) for nm in spectra_nm}
    diffuse, surface = (dict(zip(spectra_nm, values.T, strict=True)) for values in reflected(ds, list(at.values())))
    total = {nm: values + surface[nm] for nm, values in diffuse.items()}
    lab = colour_seen(skin, diffuse, surface, weight)
    ita_deg = float(ita_of_lab_deg(lab))
    tail = (1.0 - LEVEL) / 2.0
    bounds = [quantiles(total[nm], weight, (tail, 0.5, 1.0 - tail)) for nm in wavelengths_nm]
    return {
        "wavelength_nm": list(wavelengths_nm),
        "layers": _layers(ds, [at[nm] for nm in wavelengths_nm], weight),
        "reflectance": [median for _, median, _ in bounds],
        "reflectance_low": [low for low, _, _ in bounds],
        "reflectance_high": [high for _, _, high in bounds],
        "level": LEVEL,
        "reflectance_excluded": [weighted_median(diffuse[nm], weight) for nm in wavelengths_nm],
        "Lab": {"L": float(lab.L), "a": float(lab.a), "b": float(lab.b)},
        "ita_deg": ita_deg,
        "phototype_range": _phototypes(skin, ita_deg),
        "draws": int(ds.sizes["sample"]),
    }


def _phototypes(skin: Skin, ita_deg: float) -> str | Unknown:
    """The phototypes of a colour; blood, water and gelatin have none."""
    if not has_epidermis(skin.preset):
        return Unknown(Message("skin.no_phototype", {"preset": skin.preset}).text)
    return phototype_range(ita_deg)


def _nothing(wavelengths_nm: Sequence[float], unknown: Unknown) -> dict[str, Any]:
    """Every key of the document, unknowns in place of what would have been computed."""
    computed = ("reflectance", "reflectance_low", "reflectance_high", "reflectance_excluded", "ita_deg")
    return {
        "wavelength_nm": list(wavelengths_nm),
        "layers": unknown,
        **dict.fromkeys(computed, unknown),
        "level": LEVEL,
        "Lab": dict.fromkeys(("L", "a", "b"), unknown),
        "phototype_range": unknown,
        "draws": 0,
        "sources": [],
    }


def _layers(ds: "xr.Dataset", spectra: Sequence[Optics], weight: Array) -> list[dict[str, Any]]:
    """Each layer of the median skin; the thickness of one that reaches down without end is unknown."""
    heat = thermal(ds)
    layers = []
    for index, name in enumerate(ds["layer"].to_numpy()):
        thickness_m = weighted_median(ds["thickness_m"].to_numpy()[:, index], weight)
        record: dict[str, Any] = {"name": str(name)}
        if np.isfinite(thickness_m):
            record["thickness_um"] = thickness_m / UM
        else:
            record["thickness_um"] = {"unknown": Message("skin.semi_infinite").text}
        record |= {
            "mua_per_cm": [weighted_median(at.mua[:, index], weight) / PER_CM for at in spectra],
            "mus_per_cm": [weighted_median(at.mus[:, index], weight) / PER_CM for at in spectra],
            "g": [weighted_median(at.g[:, index], weight) for at in spectra],
            "n": [weighted_median(at.n[:, index], weight) for at in spectra],
            "density_kg_m3": weighted_median(heat.density[:, index], weight),
            "heat_capacity_J_kgK": weighted_median(heat.heat_capacity[:, index], weight),
            "conductivity_W_mK": weighted_median(heat.conductivity[:, index], weight),
        }
        layers.append(record)
    return layers
