"""The public functions: each answers one question, as the command of the same name does.

A case is a path, the tables of a case file, or a loaded case. What a field of the case is to be instead is given by
name: `simulate(case, pulse_ms=6)`. NumPy scalars are taken as numbers, arrays and lists as several values of a setting.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, overload

from skinbeam.api.analyse_photo import photo_document
from skinbeam.api.light import LightOptions, run_light
from skinbeam.api.light_profile import light_profile_document
from skinbeam.api.preview import preview_document
from skinbeam.api.simulate import simulate_document
from skinbeam.api.skin import parse_wavelengths, skin_document
from skinbeam.api.threshold import threshold_document
from skinbeam.api.window import window_document
from skinbeam.api.window_at import window_at_document
from skinbeam.evidence.comparison.compare import compare_document
from skinbeam.evidence.expectation.expect import expect_document
from skinbeam.evidence.question import EvidenceQuestion
from skinbeam.laser.device import Device
from skinbeam.laser.device import devices as known_devices
from skinbeam.model.document import pretty_json
from skinbeam.plan.case_check import check_consultation
from skinbeam.plan.planner import plan_consultation
from skinbeam.public.cases import CaseLike, OneValue, SettingValue, check_count, open_case, plain_numbers
from skinbeam.public.curve import SettingCurve, answer_settings
from skinbeam.public.planned import PlannedConsultation
from skinbeam.public.results import (
    ComparisonResult,
    ExpectationResult,
    LightProfileResult,
    LightResult,
    Result,
    SettingResult,
    SimulationResult,
    SkinResult,
    ThresholdResult,
    WindowResult,
)

__all__ = [
    "analyse_photo",
    "compare",
    "devices",
    "expect",
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
    """Return the plan of a consultation.

    Parameters
    ----------
    photo : a photograph in place of the case's own.

    Raises
    ------
    InputError : what is missing or wrong in the case or the photograph.
    """
    consultation = check_consultation(open_case(case), None if photo is None else Path(photo))
    made = plan_consultation(consultation, lambda _: None, draws=check_count(draws, "draws"), seed=seed)
    return PlannedConsultation(made.plan, consultation)


@overload  # a text is a sequence too, so that the first signature that fits counts
def simulate(  # type: ignore[overload-overlap]
    case: CaseLike, *, draws: int = 200, seed: int = 0, **settings: OneValue
) -> SimulationResult: ...


@overload
def simulate(case: CaseLike, *, draws: int = 200, seed: int = 0, **settings: SettingValue) -> SettingCurve: ...


def simulate(
    case: CaseLike, *, draws: int = 200, seed: int = 0, **settings: SettingValue
) -> SimulationResult | SettingCurve:
    """Return light, heat, damage and healing of one pulse (`skinbeam.simulate/1`).

    Parameters
    ----------
    settings : what is to be other than in the case: `fluence_J_cm2`, `pulse_ms`, `spot_mm`, ...

    Raises
    ------
    InputError : a setting that the device cannot have.
    NotAvailable : such a pulse cannot be simulated.
    """
    count = check_count(draws, "draws")
    return answer_settings(
        case, settings, SimulationResult, lambda loaded: simulate_document(loaded, draws=count, seed=seed)
    )


@overload
def threshold(  # type: ignore[overload-overlap]
    case: CaseLike, endpoint: str, *, of: str | None = None, draws: int = 200, seed: int = 0, **settings: OneValue
) -> ThresholdResult: ...


@overload
def threshold(
    case: CaseLike, endpoint: str, *, of: str | None = None, draws: int = 200, seed: int = 0, **settings: SettingValue
) -> SettingCurve: ...


def threshold(
    case: CaseLike, endpoint: str, *, of: str | None = None, draws: int = 200, seed: int = 0, **settings: SettingValue
) -> ThresholdResult | SettingCurve:
    """Return the dose at which half of such skins reach an endpoint (`skinbeam.threshold/1`).

    Parameters
    ----------
    of : `fluence_J_cm2`, `microbeam_mJ` or `exposure_s`.
    settings : as of `simulate`.
    """
    count = check_count(draws, "draws")
    return answer_settings(
        case,
        settings,
        ThresholdResult,
        lambda loaded: threshold_document(loaded, endpoint, of=of, draws=count, seed=seed),
    )


def window(
    case: CaseLike,
    *,
    effect: str | None = None,
    harm: str | None = None,
    at: Mapping[str, float] | None = None,
    device: str | None = None,
    draws: int = 200,
    seed: int = 0,
) -> WindowResult | SettingResult:
    """Return the therapeutic window, or with `at` one setting of a device (`skinbeam.window/1`).

    Raises
    ------
    InputError : no effect can be inferred, or a setting that the device cannot have; the nearest is named.
    NotAvailable : the model cannot judge the light.
    """
    loaded, count = open_case(case), check_count(draws, "draws")
    if at is not None:
        return SettingResult(window_at_document(loaded, plain_numbers(at), device=device, draws=count, seed=seed))
    return WindowResult(window_document(loaded, effect=effect, harm=harm, draws=count, seed=seed))


def light(layers: Path | str, options: LightOptions | None = None) -> LightResult:
    """Return the light in a layers file (`skinbeam.light/1`)."""
    return LightResult(run_light(Path(layers), options).document)


def light_profile(
    case: CaseLike,
    wavelength_nm: float,
    *,
    deepest_um: float = 2000.0,
    bins: int = 200,
    draws: int = 200,
    seed: int = 0,
) -> LightProfileResult:
    """Return the fluence rate over depth in the skin of a case (`skinbeam.light-profile/1`)."""
    numbers = plain_numbers({"wavelength_nm": wavelength_nm, "deepest_um": deepest_um})
    return LightProfileResult(
        light_profile_document(
            open_case(case),
            numbers["wavelength_nm"],
            deepest_um=numbers["deepest_um"],
            bins=check_count(bins, "bins"),
            draws=check_count(draws, "draws"),
            seed=seed,
        )
    )


def skin(case: CaseLike, wavelength_nm: Sequence[float] | str, *, draws: int = 200, seed: int = 0) -> SkinResult:
    """Return layers, spectra and colour of a skin (`skinbeam.skin/1`).

    Parameters
    ----------
    wavelength_nm : wavelengths, or a text such as "400:1000:10".
    """
    nm = parse_wavelengths(wavelength_nm) if isinstance(wavelength_nm, str) else [float(one) for one in wavelength_nm]
    return SkinResult(skin_document(open_case(case), nm, draws=check_count(draws, "draws"), seed=seed))


def expect(condition: str, modality: str, *, seed: int = 0, **question: Any) -> ExpectationResult:
    """Return the results that a new clinic would see, from published trials (`skinbeam.expect/1`).

    Parameters
    ----------
    question : as of `skinbeam.evidence.question.EvidenceQuestion`: `phototype`, `site`, `severity`, `patients`, ...

    Raises
    ------
    NotAvailable : the evidence abstains; the document is the `body`.
    """
    return ExpectationResult(expect_document(EvidenceQuestion(condition, modality, **question), seed=seed))


def compare(condition: str, a: str, b: str, *, seed: int = 0) -> ComparisonResult:
    """Return what trials that compared two treatments found (`skinbeam.compare/1`).

    Raises
    ------
    NotAvailable : no chain of trials connects the two.
    """
    return ComparisonResult(compare_document(condition, a, b, seed=seed))


def devices() -> Mapping[str, Device]:
    """Return the known devices by name."""
    return known_devices()


def analyse_photo(photo: Path | str, folder: Path | str | None = None, **options: Any) -> Result:
    """Return the findings of a photograph (`skinbeam.photo/1`); with a folder its overlays are written there.

    Parameters
    ----------
    options : `white_card`, `points`, `site`, `length`, `before`, as of `skinbeam.api.analyse_photo.photo_document`.
    """
    return Result(photo_document(photo, None if folder is None else Path(folder), **options))


def preview(photo: Path | str, plan: PlannedConsultation | Path | str, folder: Path | str) -> Result:
    """Write the preview of a plan on a photograph into a folder, and return `skinbeam.preview/1`."""
    if not isinstance(plan, PlannedConsultation):
        return Result(preview_document(photo, plan, Path(folder)))
    with TemporaryDirectory() as made:
        file = Path(made) / "plan.json"
        file.write_text(pretty_json(plan.to_dict()), encoding="utf-8")
        return Result(preview_document(photo, file, Path(folder)))
