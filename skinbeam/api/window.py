"""Compute `skinbeam.window/1`, the therapeutic window: probability of effect and harm by dose and pulse length."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from skinbeam.api.array_result import ArrayResult
from skinbeam.api.plan_anchor import lesion_burn_warnings, plan_anchor
from skinbeam.assessment.questionnaire import darkest_phototype
from skinbeam.laser.beam import Beam
from skinbeam.laser.setting_grid import iterate_settings
from skinbeam.model.conditions import known_conditions, known_modalities
from skinbeam.model.document import build_document
from skinbeam.model.errors import InputError, NotAvailable
from skinbeam.model.estimate import Unknown
from skinbeam.model.input_files import LoadedCase
from skinbeam.model.sources import collect_sources
from skinbeam.model.units import J_CM2
from skinbeam.outcome.burn import burn_coverage_warnings
from skinbeam.outcome.dose_error import draw_burn_ratios
from skinbeam.published_doses.settings import published_settings
from skinbeam.response.candidate import BURN_ENDPOINT
from skinbeam.response.envelope import PracticeLight, find_envelope
from skinbeam.response.fractional import COLUMN_DEPTH, CRATER_DEPTH
from skinbeam.response.goals import is_for_kinds
from skinbeam.response.limits import SettingLimit, find_limits
from skinbeam.response.practice_place import ENERGY, FLUENCE
from skinbeam.response.response_table import ABOVE_DEEPER_DERMIS, CRATER_QUANTITY
from skinbeam.response.settings import thin_evenly
from skinbeam.simulate.endpoints.registry import endpoint_function
from skinbeam.simulate.light.illumination import axis_fluence_ratio
from skinbeam.simulate.model_error import ErrorSide, draw_error_factor
from skinbeam.simulate.pulse.locations import layer_bottom_m
from skinbeam.simulate.removal.ablation import injury_dose, is_ablative
from skinbeam.simulate.removal.microlesion import energy_for_depth_mJ
from skinbeam.simulate.scene import PulseScene, build_scene, run_chunks
from skinbeam.simulate.skins.ensemble import weighted_share
from skinbeam.simulate.thresholds import threshold_doses
from skinbeam.skin.sample import SkinSample
from skinbeam.text import DocumentWarning, Message, render_message
from skinbeam.what_if.window import PublishedDoseRange, dose_grid, log_spaced, maker_dose_ranges, published_dose_ranges

__all__ = [
    "DEPTH_HARM",
    "TherapeuticWindow",
    "WindowDoseRange",
    "allowed_harm",
    "chosen_endpoints",
    "endpoint_doses",
    "find_window",
]

Floats = NDArray[np.float64]

PULSE_COUNT = 7
OPEN_DECADES = 1.0  # without a device: range of pulse lengths to either side of that of the case
SHORTEST_MS = 1e-9  # shortest pulse of a case file
OPEN_DOSE_RANGE = (0.5, 100.0)
WINDOW_KEYS = ("of", "dose", "pulse_ms", "p_effect", "p_harm", "p_harm_allowed", "practised", "makers", "sources")
ABOVE_FAT = "deep plexus"  # the last layer above the fat
DEPTH_HARM = "depth-limit"  # of the site: the harm of lasers that remove skin or work in columns


@dataclass(frozen=True)
class WindowDoseRange:
    """Published doses at a pulse length."""

    pulse_ms: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class TherapeuticWindow(ArrayResult):
    """Probability of effect and of harm by dose and pulse length.

    Parameters
    ----------
    effect, harm : the wanted and the avoided endpoint. of : the quantity of the dose, with its unit.
    dose, pulse_ms : (dose,) and (pulse,).
    p_effect, p_harm : (pulse, dose). p_harm_allowed : the greatest probability of the harm that a plan allows.
    practised, makers : doses that practice and makers print, by pulse length.
    """

    schema: ClassVar[str] = "skinbeam.window/1"
    axes: ClassVar[tuple[str, ...]] = ("pulse_ms", "dose")
    arrays: ClassVar[tuple[str, ...]] = ("p_effect", "p_harm")

    effect: str
    harm: str
    of: str
    dose: Floats
    pulse_ms: Floats
    p_effect: Floats | Unknown
    p_harm: Floats | Unknown
    p_harm_allowed: float | Unknown
    practised: tuple[WindowDoseRange, ...]
    makers: tuple[WindowDoseRange, ...]
    sources: tuple[str, ...]


def find_window(
    loaded: LoadedCase, *, effect: str | None = None, harm: str | None = None, draws: int = 200, seed: int = 0
) -> TherapeuticWindow:
    """Return the therapeutic window of a pulse case.

    Raises
    ------
    InputError : the effect cannot be inferred, or an unknown endpoint.
    NotAvailable : neither endpoint can be evaluated; every key is then unknown. If only one endpoint cannot be
        evaluated, it alone is unknown; a pulse length that cannot be evaluated is left out, with a warning.
    """
    try:
        scene = build_scene(loaded, dose_required=False)
    except NotAvailable as error:
        raise NotAvailable(error.reason, body=_unknown_document(loaded, seed, error.reason)) from None
    if scene.beam is None:
        raise InputError(
            "missing-key", "no laser was read", field="laser", hint="A window needs [laser] and [settings]."
        )
    wanted, avoided = chosen_endpoints(loaded, scene.beam, effect, harm)
    pulses, doses = _window_grid(scene.beam)
    with collect_sources() as sources:
        rows_by_name = {
            "p_effect": _probability_rows(scene, wanted, "effect", pulses, doses, draws, seed),
            "p_harm": _probability_rows(scene, avoided, "harm", pulses, doses, draws, seed),
        }
    known = {name: rows for name, (rows, _) in rows_by_name.items() if rows}
    reasons = list(dict.fromkeys(reason for _, why in rows_by_name.values() for reason in why))
    if not known:
        body = _unknown_document(loaded, seed, reasons[0], scene.warnings, effect=wanted, harm=avoided)
        raise NotAvailable(reasons[0], body=body)
    common_pulses = [pulse for pulse in pulses if all(pulse in rows for rows in known.values())]
    left_out = [
        DocumentWarning("pulse-not-judged", Message("simulate.pulse-not-judged", {"reason": reason}))
        for reason in reasons
        if len(common_pulses) < len(pulses)
    ]
    p_effect, p_harm = (
        np.array([rows[pulse] for pulse in common_pulses]) if rows else Unknown(why[0])
        for rows, why in rows_by_name.values()
    )
    practised, makers = (
        tuple(WindowDoseRange(published.row_value, published.low, published.high) for published in ranges)
        for ranges in _published_ranges(loaded, scene.beam, common_pulses)
    )
    return TherapeuticWindow(
        case_sha256=loaded.sha256(),
        seed=seed,
        warnings=(*scene.warnings, *left_out, *(_burn_warnings(scene) if avoided == BURN_ENDPOINT else ())),
        effect=wanted,
        harm=avoided,
        of="microbeam_mJ" if scene.beam.microbeam is not None else "fluence_J_cm2",
        dose=np.array(doses),
        pulse_ms=np.array(common_pulses),
        p_effect=p_effect,
        p_harm=p_harm,
        p_harm_allowed=allowed_harm(scene.beam, avoided, scene.skin.site or ""),
        practised=practised,
        makers=makers,
        sources=tuple(sorted(sources)),
    )


def _burn_warnings(scene: PulseScene) -> list[DocumentWarning]:
    """Return warnings of burns that rest on few people, and where a plan tells other probabilities of a burn."""
    warnings = [*burn_coverage_warnings(scene), *lesion_burn_warnings(scene)]
    if factor := plan_anchor(scene):
        message = Message("simulate.plan-anchors-window", {"factor": factor})
        warnings.append(DocumentWarning("plan-anchors-burns", message))
    return warnings


def _unknown_document(
    loaded: LoadedCase, seed: int, reason: str, warnings: Sequence[DocumentWarning] = (), **endpoints: str
) -> Mapping[str, object]:
    """Return the document of a window in which everything but the endpoints that are given is unknown."""
    body = dict.fromkeys(("effect", "harm", *WINDOW_KEYS), Unknown(reason)) | endpoints
    return build_document(
        TherapeuticWindow.schema, case_sha256=loaded.sha256(), seed=seed, warnings=warnings, body=body
    )


def chosen_endpoints(loaded: LoadedCase, beam: Beam, effect: str | None, harm: str | None) -> tuple[str, str]:
    """Return the wanted and the avoided endpoint: those asked for, else those of the concern, the case or the light.

    Raises
    ------
    InputError : the effect cannot be inferred.
    """
    wanted = effect or _default_effect(loaded, beam)
    return wanted, harm or (DEPTH_HARM if beam.microbeam is not None or is_ablative(beam) else BURN_ENDPOINT)


def allowed_harm(beam: Beam, harm: str, site: str) -> float | Unknown:
    """Return the greatest probability of a harm that the limits of a plan allow."""
    if harm == BURN_ENDPOINT:
        return next(limit.stop for limit in find_limits("vascular", site) if limit.quantity == "p_burn")
    if harm != DEPTH_HARM:
        return Unknown(render_message("plan.no-limit-of-endpoint", {"endpoint": harm}))
    try:
        return 1.0 - _depth_limit(beam, site).share_required
    except NotAvailable as error:
        return Unknown(error.reason)


def _published_ranges(
    loaded: LoadedCase, beam: Beam, pulses: Sequence[float]
) -> tuple[tuple[PublishedDoseRange, ...], tuple[PublishedDoseRange, ...]]:
    """Return published doses of such light for the first concern, and doses that makers recommend for any condition."""
    lamp = len(beam.spectrum) > 1
    made = [
        setting
        for setting in published_settings()
        if setting.lamp is lamp and setting.wavelength_nm == beam.wavelength_nm
    ]
    makers = () if beam.spot_mm is None else maker_dose_ranges(made, spot_mm=beam.spot_mm)
    case, modality = loaded.case, _device_modality(loaded, beam)
    if modality is None or not pulses:
        return (), makers
    beam_um = None if beam.microbeam is None else beam.microbeam.diameter_um
    light = PracticeLight(
        modality, beam.wavelength_nm, beam.pulse_ms, lamp=lamp, beam_um=beam_um, lens_array=beam.lens_array
    )
    envelope = find_envelope(case.concern[0].condition, light, darkest_phototype(case))
    if envelope is None:
        return (), makers
    quantity = FLUENCE if beam.microbeam is None else ENERGY
    ends = pulses[0], pulses[-1]
    ranges = published_dose_ranges(envelope, quantity, spot_mm=beam.spot_mm, pulse_ms=beam.pulse_ms, pulses=ends)
    return ranges, makers


def _probability_rows(
    scene: PulseScene,
    endpoint: str,
    side: ErrorSide,
    pulses: Sequence[float],
    doses: Sequence[float],
    draws: int,
    seed: int,
) -> tuple[dict[float, list[float]], list[str]]:
    """Return the shares of such skins that reach an endpoint at each dose, by pulse length, and reasons for no shares.

    The model error is included.
    """
    assert scene.beam is not None  # checked on entry
    rows, reasons = {}, []
    for pulse in pulses:
        try:
            here = replace(scene, beam=scene.beam.with_pulse_length(pulse))
            values, weights = endpoint_doses(here, endpoint, side, draws, seed)
            rows[pulse] = [weighted_share(values <= dose, weights)[0] for dose in doses]
        except NotAvailable as error:
            reasons.append(error.reason)
    return rows, reasons


def endpoint_doses(scene: PulseScene, endpoint: str, side: ErrorSide, draws: int, seed: int) -> tuple[Floats, Floats]:
    """Return the dose at which each drawn skin reaches an endpoint, with the model error, J/cm² or mJ, and the weights.

    Raises
    ------
    InputError : an unknown endpoint.
    NotAvailable : it cannot be evaluated for such a pulse.
    """
    if endpoint != DEPTH_HARM or side == "effect":
        endpoint_function(endpoint, field=side)
    doses_of = (
        partial(_depth_doses, scene) if endpoint == DEPTH_HARM else partial(_doses_with_error, scene, endpoint, side)
    )
    parts = run_chunks(scene, draws, seed, doses_of)
    values, weights = (np.concatenate(column) for column in zip(*parts, strict=True))
    return values, weights


def _doses_with_error(scene: PulseScene, endpoint: str, side: ErrorSide, skins: SkinSample) -> tuple[Floats, Floats]:
    doses, weights = threshold_doses(scene, skins, endpoint)
    assert scene.beam is not None  # checked on entry
    # True over computed doses: those of burns are calibrated with published doses.
    is_burn = endpoint == BURN_ENDPOINT
    ratios = draw_burn_ratios(scene.beam, skins, side) if is_burn else draw_error_factor(endpoint, skins, side)
    return ratios * doses, weights


def _depth_doses(scene: PulseScene, skins: SkinSample) -> tuple[Floats, Floats]:
    """Return the doses that reach the depth limit of the site, (sample,), J/cm² or mJ, and the weights.

    The model error is included: if the true depth is greater by a factor, a border that is higher by it is reached.

    Raises
    ------
    NotAvailable : the site has no depth limit, or there is no sourced data for such a beam.
    """
    beam = scene.beam
    assert beam is not None  # checked on entry
    weights = skins["weight"]
    limit = _depth_limit(beam, scene.skin.site or "")
    if beam.microbeam is not None:
        size = CRATER_DEPTH if is_ablative(beam) else COLUMN_DEPTH
        border = limit.stop * layer_bottom_m(skins, ABOVE_FAT) / draw_error_factor(size, skins, "harm")
        return energy_for_depth_mJ(skins, beam, scene.median_skin, border), weights
    border = limit.stop * layer_bottom_m(skins, ABOVE_DEEPER_DERMIS) / draw_error_factor(CRATER_QUANTITY, skins, "harm")
    doses = injury_dose(skins, beam, border)
    return doses / J_CM2 / axis_fluence_ratio(beam), weights


def _depth_limit(beam: Beam, site: str) -> SettingLimit:
    """Return the depth limit of a site.

    Raises
    ------
    NotAvailable : the site has no depth limit.
    """
    columns = "fractional-ablative" if is_ablative(beam) else "non-ablative-fractional"
    modality = "ablative" if beam.microbeam is None else columns
    limits = [limit for limit in find_limits(modality, site) if limit.quantity.endswith("depth_fraction")]
    if not limits:
        raise NotAvailable(render_message("plan.no-depth-limit"))
    return limits[0]


def _default_effect(loaded: LoadedCase, beam: Beam) -> str:
    """Return the effect of the first concern, else of the vessels or lesions of the case, else of the wavelength."""
    case, modality = loaded.case, _device_modality(loaded, beam)
    if modality is not None:
        return known_modalities()[modality].endpoint
    if case.vessel or any(lesion.kind in ("telangiectasia", "spider", "port-wine-stain") for lesion in case.lesion):
        return "vessel-closure"
    if any(lesion.kind in ("lentigo", "freckle", "naevus-of-ota") for lesion in case.lesion):
        return "melanosome-disruption"
    if is_ablative(beam):
        return "ablation"
    raise InputError(
        "no-effect",
        "nothing in the case says which effect is wanted",
        field="effect",
        hint="Give an effect, such as collagen-coagulation or vessel-closure.",
    )


def _device_modality(loaded: LoadedCase, beam: Beam) -> str | None:
    """Return the modality of the device for the first concern; None without a concern or a suitable modality."""
    if not loaded.case.concern:
        return None
    concern = loaded.case.concern[0]
    offered = {
        name: fit
        for name, fit in known_conditions()[concern.condition].lasers.items()
        if is_for_kinds(fit, concern.condition, concern.subtypes) and fit.use != "not"
    }
    modalities = beam.device.modalities if beam.device is not None else tuple(offered)
    return next((name for name in offered if name in modalities), None)


def _window_grid(beam: Beam) -> tuple[list[float], list[float]]:
    """Return the grid of pulse lengths and doses: those of the device, else a range around the pulse of the case."""
    device = beam.device
    if device is None:
        shortest, longest = (max(beam.pulse_ms * 10.0**step, SHORTEST_MS) for step in (-OPEN_DECADES, OPEN_DECADES))
        return log_spaced(shortest, longest, PULSE_COUNT), log_spaced(*OPEN_DOSE_RANGE)
    pulses = sorted({setting.pulse_ms for setting in iterate_settings(device, beam.wavelength_nm)})
    return thin_evenly(pulses, PULSE_COUNT), dose_grid(device, beam.wavelength_nm)
