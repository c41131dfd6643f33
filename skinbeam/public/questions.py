"""The public functions: each answers one question, as the command of the same name does.

A case is a path, the tables of a case file, or a loaded case. What a field of the case is to be instead is given by
name: `simulate(case, pulse_ms=6)`. NumPy scalars are taken as numbers, arrays and lists as several values of a setting.
"""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, overload

import numpy as np

from skinbeam.api.analyse_photo import PhotoReport, report_photo
from skinbeam.api.guideline import GuidelineAnswer, answer_guideline
from skinbeam.api.light import LightBalance, LightOptions, run_light
from skinbeam.api.light_profile import DepthProfile, profile_light
from skinbeam.api.preview import PreviewReport, preview_photo
from skinbeam.api.simulate import simulate_case
from skinbeam.api.skin import SkinSpectra, check_wavelengths, describe_skin, parse_wavelengths
from skinbeam.api.summary import Simulation
from skinbeam.api.threshold import DoseThreshold, find_threshold
from skinbeam.api.window import TherapeuticWindow, find_window
from skinbeam.api.window_at import AskedSettingAnswer, answer_setting, missing_setting_error, parse_asked
from skinbeam.evidence.comparison.compare import compare_connected
from skinbeam.evidence.comparison.comparison import Comparison
from skinbeam.evidence.expectation.expect import ExpectationAnswer, answer_question
from skinbeam.evidence.question import EvidenceQuestion
from skinbeam.laser.device import Device
from skinbeam.laser.device import devices as known_devices
from skinbeam.model.errors import InputError, unknown_name_error
from skinbeam.plan.case_check import check_consultation
from skinbeam.plan.planner import plan_consultation
from skinbeam.plan_records.plan import Plan
from skinbeam.public.cases import (
    CaseLike,
    OneValue,
    SettingValue,
    check_count,
    check_seed,
    load_case,
    plain_numbers,
    plain_value,
    quoted,
    require_path,
    with_settings,
)
from skinbeam.public.curve import SettingCurve, answer_settings
from skinbeam.public.planned import PlannedConsultation
from skinbeam.simulate.light.engines import check_engine_options
from skinbeam.simulate.light.montecarlo import MAX_PHOTONS

__all__ = [
    "analyse_photo",
    "compare",
    "devices",
    "expect",
    "guideline",
    "light",
    "light_profile",
    "plan",
    "preview",
    "simulate",
    "skin",
    "threshold",
    "window",
]


def plan(case: CaseLike, *, photo: Path | str | None = None, draws: int = 200, seed: int = 0) -> PlannedConsultation:
    """Plan a consultation: options for each concern, ranked, with limits, course and aftercare (`skinbeam.plan/2`).

    Parameters
    ----------
    case : path, tables or loaded case, with [patient] and [[concern]].
    photo : path of a photograph in place of the case's own.
    draws : number of simulated skins; limits need some dozens.
    seed : of every random draw; the same case, draws and seed give the same plan.

    Returns
    -------
    The plan: `concerns`, each with `options` in order of rank. An option has `setup` (device and settings, None without
    a device), the probabilities `p_effective` and `p_harm`, `what_if(...)` for another setting and `to_case()` for its
    pulse.

    Raises
    ------
    InputError : what is missing or wrong in the case or the photograph, with the field of the case.

    Example
    -------
    >>> from skinbeam import plan
    >>> made = plan("examples/conditions/facial-telangiectasia-vascular.toml", draws=60)
    >>> best = made.concerns[0].options[0]
    >>> print(best.title, best.p_effective)
    """
    consultation = check_consultation(load_case(case), None if photo is None else require_path(photo, "photo"))
    made = plan_consultation(consultation, lambda _: None, draws=check_count(draws, "draws"), seed=check_seed(seed))
    return PlannedConsultation(made.plan, consultation)


@overload  # a text is a sequence too, so that the first signature that fits counts
def simulate(  # type: ignore[overload-overlap]
    case: CaseLike,
    *,
    draws: int = 200,
    seed: int = 0,
    light: str = "ordinates",
    error: float | None = None,
    **settings: OneValue,
) -> Simulation: ...


@overload
def simulate(
    case: CaseLike,
    *,
    draws: int = 200,
    seed: int = 0,
    light: str = "ordinates",
    error: float | None = None,
    **settings: SettingValue,
) -> SettingCurve: ...


def simulate(
    case: CaseLike,
    *,
    draws: int = 200,
    seed: int = 0,
    light: str = "ordinates",
    error: float | None = None,
    **settings: SettingValue,
) -> Simulation | SettingCurve:
    """Simulate light, heat, damage and healing of one pulse, train or bath (`skinbeam.simulate/1`).

    Parameters
    ----------
    case : path, tables or loaded case, with [skin], [laser] and [settings], or with [bath].
    draws : number of simulated skins. seed : of every random draw.
    light : `ordinates` (a wide beam, and the share of it that the spot keeps in the middle skin) or `montecarlo` (the
        axis of the spot in every drawn skin, by packets). error : relative standard error at which the packets end.
    settings : fields of the case that are to be other, by name: `fluence_J_cm2`, `pulse_ms`, `spot_mm`, `device`,
        `wavelength_nm`, `ita_deg` (°), ...; `table.field` where several tables have it. NumPy values are taken. Several
        values of one of them, as a list, tuple or array, (value,), give a curve.

    Returns
    -------
    The result, whose values are estimates over such skins: temperatures in °C, lengths in µm, times in the unit of
    their name, probabilities and fractions from 0 to 1. With several values a `SettingCurve`.

    Raises
    ------
    InputError : no such field, or a setting that the device cannot have.
    NotAvailable : the model cannot simulate such a pulse, at any of the values.

    Example
    -------
    >>> from skinbeam import simulate
    >>> pulse = simulate("examples/pulse-in-a-vessel/case.toml", draws=50, pulse_ms=3)
    >>> print(pulse.damage.vessels[0].p_closed, pulse.harm.p_burn)
    """
    count, start = check_count(draws, "draws"), check_seed(seed)
    aim = None if error is None else plain_numbers({"error": error})["error"]
    check_engine_options("light", light, "cpu", aim)
    return answer_settings(
        case, settings, lambda loaded: simulate_case(loaded, draws=count, seed=start, light=light, error=aim)
    )


@overload
def threshold(  # type: ignore[overload-overlap]
    case: CaseLike, endpoint: str, *, of: str | None = None, draws: int = 200, seed: int = 0, **settings: OneValue
) -> DoseThreshold: ...


@overload
def threshold(
    case: CaseLike, endpoint: str, *, of: str | None = None, draws: int = 200, seed: int = 0, **settings: SettingValue
) -> SettingCurve: ...


def threshold(
    case: CaseLike, endpoint: str, *, of: str | None = None, draws: int = 200, seed: int = 0, **settings: SettingValue
) -> DoseThreshold | SettingCurve:
    """Compute the dose at which half of such skins reach an endpoint (`skinbeam.threshold/1`).

    Parameters
    ----------
    case : path, tables or loaded case; the value of the dose itself may be left out.
    endpoint : such as `vessel-closure`, `epidermal-necrosis` or `purpura`.
    of : the dose: `fluence_J_cm2`, `microbeam_mJ` or `exposure_s`; left out, that of the case.
    draws : number of simulated skins. seed : of every random draw.
    settings : fields of the case that are to be other, by name: `fluence_J_cm2`, `pulse_ms`, `spot_mm`, `device`,
        `wavelength_nm`, `ita_deg` (°), ...; `table.field` where several tables have it. NumPy values are taken. Several
        values of one of them, as a list, tuple or array, (value,), give a curve.

    Returns
    -------
    The result, with `dose` and `calibrated_dose` in the unit that `of` names. With several values a `SettingCurve`:
    `curve.dose` is (value,), and `to_xarray()`, `to_dataframe()` and `plot()` have the intervals, too.

    Raises
    ------
    InputError : an unknown endpoint or field, or a setting that the device cannot have.
    NotAvailable : the model cannot judge the endpoint, at any of the values.

    Example
    -------
    >>> from skinbeam import threshold
    >>> case = "examples/pulse-in-a-vessel/case.toml"
    >>> closure = threshold(case, "vessel-closure", draws=50, pulse_ms=[1, 3, 10])
    >>> print(closure.to_dataframe()[["dose_low", "dose", "dose_high"]])
    """
    count, start = check_count(draws, "draws"), check_seed(seed)
    return answer_settings(
        case, settings, lambda loaded: find_threshold(loaded, endpoint, of=of, draws=count, seed=start)
    )


def window(
    case: CaseLike,
    *,
    effect: str | None = None,
    harm: str | None = None,
    at: Mapping[str, float] | str | None = None,
    device: str | None = None,
    draws: int = 200,
    seed: int = 0,
    **settings: OneValue,
) -> TherapeuticWindow | AskedSettingAnswer:
    """Compute the therapeutic window, or with `at` judge one setting of a device (`skinbeam.window/1`).

    Parameters
    ----------
    case : path, tables or loaded case.
    effect, harm : endpoints; left out, those of the first concern, the targets of the case or the light.
    at : one setting instead, such as `{"fluence_J_cm2": 8, "pulse_ms": 10}` or "fluence_J_cm2=8,pulse_ms=10"; in a
        consultation, what is left out is as a plan begins.
    device : of a consultation, with `at`; left out, the one that the guideline names first.
    draws : number of simulated skins. seed : of every random draw.
    settings : fields of the case that are to be other, by name, such as `ita_deg` or `spot_mm`.

    Returns
    -------
    The window: `dose` (dose,) in the unit that `of` names, `pulse_ms` (pulse,), and the probabilities `p_effect` and
    `p_harm`, (pulse, dose). With `at` an `AskedSettingAnswer`.

    Raises
    ------
    InputError : no effect can be inferred, a device without a setting, or a setting that the device cannot have; the
        nearest is named.
    NotAvailable : the model cannot judge the light.

    Example
    -------
    >>> from skinbeam import window
    >>> result = window("examples/pulse-in-a-vessel/case.toml", draws=50)
    >>> assert result.p_effect.shape == (result.pulse_ms.size, result.dose.size)
    >>> figure = result.plot()
    """
    loaded, count, start = with_settings(load_case(case), settings), check_count(draws, "draws"), check_seed(seed)
    if at is not None:
        asked = plain_numbers(at) if isinstance(at, Mapping) else parse_asked(str(at))
        return answer_setting(loaded, asked, device=device, effect=effect, harm=harm, draws=count, seed=start)
    if device is not None:
        raise missing_setting_error("device")
    return find_window(loaded, effect=effect, harm=harm, draws=count, seed=start)


def light(
    layers: Path | str | Mapping[str, Any],
    *,
    method: str | None = None,
    photons: int | None = None,
    error: float | None = None,
    device: str = "cpu",
    seed: int = 0,
    split: bool = False,
) -> LightBalance:
    """Compute the light in a layers file alone (`skinbeam.light/1`).

    Parameters
    ----------
    layers : path of the layers file, or its tables.
    method : `ordinates` (exact, plane layers) or `montecarlo`; left out, the exact method where it can be used.
    photons, error : size of a Monte Carlo run, or the relative standard error that ends it.
    device : `cpu` or `cuda`. seed : of the packets. split : whether packets are split where they become rare.

    Returns
    -------
    The result: fractions of the incident power, and `depth_um` with `fluence_rate_ratio`, (depth,).

    Raises
    ------
    InputError : the file, a table or an option is wrong.
    NotAvailable : the method or the device is not there.

    Example
    -------
    >>> from skinbeam import light
    >>> balance = light("examples/light/coverslip.toml")
    >>> print(balance.reflectance_diffuse, balance.absorbed["water"])
    """
    count = None if photons is None else check_count(photons, "photons", MAX_PHOTONS)
    aim = None if error is None else plain_numbers({"error": error})["error"]
    options = LightOptions(method, count, aim, device, check_seed(seed), bool(split))
    tables = isinstance(layers, Mapping)
    return run_light(plain_value(layers) if tables else require_path(layers, "layers"), options).balance


def light_profile(
    case: CaseLike,
    wavelength_nm: float,
    *,
    deepest_um: float | None = None,
    bins: int = 200,
    draws: int = 200,
    seed: int = 0,
    **settings: OneValue,
) -> DepthProfile:
    """Compute the fluence rate over depth in the skin of a case (`skinbeam.light-profile/1`).

    The beam is collimated, perpendicular and wide. In a small spot less light reaches the depth, which `simulate` takes
    into account.

    Parameters
    ----------
    case : path, tables or loaded case, with [skin] or [patient].
    wavelength_nm : from 400 to 11000 nm.
    deepest_um : the depth at which the profile ends, µm; left out, 2000, or the depth of a thinner skin.
    bins : number of equal bins, at most 1000.
    draws : number of skins. seed : of every random draw.
    settings : fields of the case that are to be other, by name, such as `ita_deg` or `site`.

    Returns
    -------
    The result: `depth_um`, `fluence_rate_ratio` (fluence rate over irradiance, the median of such skins) and its `_low`
    and `_high`, each (depth,), with `layers`. It has `to_xarray()`, `to_dataframe()` and `plot()`.

    Raises
    ------
    InputError : no skin, or a wavelength, depth or number of bins out of range.

    Example
    -------
    >>> from skinbeam import light_profile
    >>> profile = light_profile("examples/pulse-in-a-vessel/case.toml", 595, draws=50)
    >>> assert profile.fluence_rate_ratio.shape == profile.depth_um.shape == (200,)
    """
    depth_um = None if deepest_um is None else plain_numbers({"deepest_um": deepest_um})["deepest_um"]
    return profile_light(
        with_settings(load_case(case), settings),
        plain_numbers({"wavelength_nm": wavelength_nm})["wavelength_nm"],
        deepest_um=depth_um,
        bins=check_count(bins, "bins"),
        draws=check_count(draws, "draws"),
        seed=check_seed(seed),
    )


def skin(
    case: CaseLike,
    wavelength_nm: Sequence[float] | float | str,
    *,
    draws: int = 200,
    seed: int = 0,
    **settings: OneValue,
) -> SkinSpectra:
    """Compute layers, spectra and colour of a skin (`skinbeam.skin/1`).

    Parameters
    ----------
    case : path, tables or loaded case, with [skin] or [patient].
    wavelength_nm : one wavelength, several, (wavelength,), or a text such as "400:1000:10", stop included.
    draws : number of skins. seed : of every random draw.
    settings : fields of the case that are to be other, by name, such as `ita_deg` or `site`.

    Returns
    -------
    The result: `reflectance` (a fraction, specular part included) with `_low` and `_high`, each (wavelength,), `layers`
    with `mua_per_cm` and `mus_per_cm`, `Lab` and `ita_deg`.

    Raises
    ------
    InputError : no skin, or wavelengths out of range.
    NotAvailable : a reading outside the range of the skin model.

    Example
    -------
    >>> from skinbeam import skin
    >>> spectrum = skin("examples/pulse-in-a-vessel/case.toml", "450:700:50", draws=50)
    >>> print(spectrum.ita_deg, spectrum.reflectance)
    """
    if isinstance(wavelength_nm, str):
        nm = parse_wavelengths(wavelength_nm)
    else:
        nm = check_wavelengths(np.ravel(plain_value(wavelength_nm, "wavelength_nm")).tolist())
    loaded = with_settings(load_case(case), settings)
    return describe_skin(loaded, nm, draws=check_count(draws, "draws"), seed=check_seed(seed))


def expect(condition: str, modality: str, *, seed: int = 0, **question: Any) -> ExpectationAnswer:
    """Predict the results that a new clinic would see, from published trials (`skinbeam.expect/1`).

    Parameters
    ----------
    condition, modality : names, or everyday words for them. seed : of every random draw.
    question : `phototype`, `severity` (one or a range), `site`, `subtypes`, `sessions`, `follow_up_months`, `patients`,
        `threshold` (per cent improvement of a responder), `rater`, `unit`, `wavelength_nm`, `fluence_J_cm2`,
        `pulse_ms`, `spot_mm`, `microbeam_mJ`.

    Returns
    -------
    The result: shares from 0 to 1, improvement in per cent, `predict.pmf` of the number of responders, (patients + 1,).

    Raises
    ------
    InputError : an unknown name, or a value out of range.
    NotAvailable : the evidence abstains; the document is the `body`.

    Example
    -------
    >>> from skinbeam import expect
    >>> answer = expect("acne-scars", "fractional-ablative", phototype="III", patients=50)
    >>> print(answer.p_at_least["50"], answer.predict.intervals["80"])
    """
    known = {field.name for field in fields(EvidenceQuestion)}
    for name in question:
        if name not in known:
            raise unknown_name_error("keyword", name, known, field=name)
    asked = {name: plain_value(value, name) for name, value in question.items()}
    return answer_question(EvidenceQuestion(condition, modality, **asked), seed=check_seed(seed))


def compare(condition: str, a: str, b: str, *, seed: int = 0) -> Comparison:
    """Compare two treatments by the trials that did both, or that a chain of trials connects (`skinbeam.compare/1`).

    Parameters
    ----------
    condition, a, b : names of the condition and of the two treatments. seed : of every random draw.

    Returns
    -------
    The result: `difference`, the share of patients with at least half improvement, a minus b, and the trials.

    Raises
    ------
    InputError : an unknown name.
    NotAvailable : no chain of trials connects the two.

    Example
    -------
    >>> from skinbeam import compare
    >>> comparison = compare("melasma", "chemical-peel", "pigment-short-pulse")
    >>> print(comparison.difference, [trial.study for trial in comparison.direct])
    """
    return compare_connected(condition, a, b, seed=check_seed(seed))


def guideline(
    condition: str, *, phototype: str | None = None, site: str | None = None, subtype: str | None = None
) -> GuidelineAnswer:
    """Return what sources put first, second and third for a condition, and what they avoid (`skinbeam.guideline/1`).

    With a site or a kind, the most specific cell of each phototype is returned, as for a plan.

    Parameters
    ----------
    condition, site : names or everyday words.
    phototype : I to VI, or a range such as III-IV; left out, all.
    subtype : a kind of the condition.

    Returns
    -------
    The result: `cells`, each with the places `first`, `second` and `third` (a treatment with its devices and doses, or
    unknown), `avoid` and `firmness`, and `rows`, what each source says.

    Raises
    ------
    InputError : an unknown name; the nearest is named.

    Example
    -------
    >>> from skinbeam import guideline
    >>> for cell in guideline("melasma", phototype="IV", subtype="dermal").cells:
    ...     print(cell.first.treatment, cell.firmness)
    """
    kind = None if subtype is None else str(subtype)
    return answer_guideline(condition, phototype=phototype, site=site, subtype=kind)


def devices() -> Mapping[str, Device]:
    """Return the known devices by name, with what they emit.

    Returns
    -------
    Devices with `title`, `modalities`, `wavelengths_nm`, `spots_mm`, `cooling` and, for each wavelength, `heads`.

    Example
    -------
    >>> from skinbeam import devices
    >>> print(devices()["ktp-532"].wavelengths_nm, devices()["ktp-532"].spots_mm)
    """
    return dict(known_devices())


def analyse_photo(
    photo: Path | str,
    folder: Path | str | None = None,
    *,
    white_card: Sequence[float] | None = None,
    points: Sequence[float] | None = None,
    site: str | None = None,
    length: Sequence[float] | None = None,
    before: Path | str | None = None,
) -> PhotoReport:
    """Analyse a photograph of a face or of skin (`skinbeam.photo/1`).

    Parameters
    ----------
    photo : path of the picture.
    folder : where its overlays are written; left out, none are.
    white_card : x, y, width and height in pixels of the upright picture.
    points : x and y of the person's right pupil, the left pupil and the mouth, in pixels.
    site : of a picture without a face: hands, arms, neck, decolletage, back or abdomen.
    length : x and y of two points, in pixels, and the mm between them. before : path of an earlier picture.

    Returns
    -------
    The result: `quality`, `colour`, `findings` with counts and areas in mm², and `scale_mm_per_px`.

    Raises
    ------
    InputError : a file that cannot be read, or an option that lies outside the picture.
    NotAvailable : no face, or no skin of the site, can be used; the document is the `body`.

    Example
    -------
    >>> from skinbeam import analyse_photo
    >>> photo = analyse_photo("examples/first-consultation/face.jpg")
    >>> print(photo.quality.ok, [finding.kind for finding in photo.findings])
    """
    return report_photo(
        require_path(photo, "photo"),
        None if folder is None else require_path(folder, "folder"),
        white_card=_numbers(white_card, "white_card"),
        points=_numbers(points, "points"),
        site=site,
        length=_numbers(length, "length"),
        before=None if before is None else require_path(before, "before"),
    )


def _numbers(values: Sequence[float] | None, name: str) -> list[float] | None:
    """Return the numbers of an option of a photograph, their count unchecked; None where it is left out."""
    if values is None:
        return None
    try:
        return list(plain_numbers({f"{name}.{at}": value for at, value in enumerate(values)}).values())
    except (TypeError, InputError):
        raise InputError(
            "not-a-number", f"{quoted(values)} was read", field=name, hint="Give a flat list of numbers."
        ) from None


def preview(photo: Path | str, plan: PlannedConsultation | Plan | Path | str, folder: Path | str) -> PreviewReport:
    """Draw a preview of a plan on a photograph (`skinbeam.preview/1`).

    Parameters
    ----------
    photo : path of the picture. plan : a plan, or the path of its `plan.json`. folder : where the pictures are written.

    Returns
    -------
    The result: the files, and every change that was drawn with its origin.

    Raises
    ------
    InputError : the photograph or the plan cannot be read.
    NotAvailable : no face can be used; the document is the `body`.

    Example
    -------
    >>> from skinbeam import plan, preview
    >>> made = plan("examples/conditions/facial-telangiectasia-vascular.toml", draws=60)
    >>> drawn = preview("examples/first-consultation/face.jpg", made, "preview")
    >>> print(drawn.strip)
    """
    made = plan.plan if isinstance(plan, PlannedConsultation) else plan
    if not isinstance(made, Plan):
        made = require_path(made, "plan")
    return preview_photo(require_path(photo, "photo"), made, require_path(folder, "folder"))
