"""The therapeutic window: dose by pulse length, with probability of effect and of harm."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from skinbeam.assessment.questionnaire import darkest_phototype
from skinbeam.document import document
from skinbeam.errors import InputError, NotAvailable
from skinbeam.estimate import Unknown
from skinbeam.laser.grid import offers
from skinbeam.laser.settings import Beam
from skinbeam.messages import text
from skinbeam.outcome.calibrated import burn_ratios
from skinbeam.plan.search.burns import BURN
from skinbeam.plan.search.candidates import thinned
from skinbeam.plan.search.envelope import Light, envelope_of
from skinbeam.plan.search.fractional import COLUMN_DEPTH, CRATER_DEPTH
from skinbeam.plan.search.full_field import ABOVE_DEEPER_DERMIS, CRATER
from skinbeam.plan.search.limits import Limit, limits_for
from skinbeam.plan.search.place import ENERGY, FLUENCE
from skinbeam.plan.window.grid import doses_of, spaced
from skinbeam.plan.window.practice import Practised, makers_of, practised_of
from skinbeam.practice.published import published
from skinbeam.schema.load import LoadedCase
from skinbeam.schema.names import table
from skinbeam.simulate.ends.endpoints import named_endpoint
from skinbeam.simulate.light.illumination import axis_ratio
from skinbeam.simulate.model_error import Side, error_factor
from skinbeam.simulate.pulse.places import depth_through
from skinbeam.simulate.removal.ablation import injury_dose, removes
from skinbeam.simulate.removal.microlesion import energy_through
from skinbeam.simulate.scene import Scene, run_chunks, scene_of
from skinbeam.simulate.skins.ensemble import share
from skinbeam.simulate.threshold import threshold_doses
from skinbeam.units import J_CM2

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["window_document"]

Floats = NDArray[np.float64]

PULSES = 7
OPEN_DECADES = 1.0  # without a device: pulses so far to either side of the case's own
SHORTEST_MS = 1e-9  # a case file takes no shorter pulse
OPEN_DOSE = (0.5, 100.0)
KEYS = ("of", "dose", "pulse_ms", "p_effect", "p_harm", "p_harm_allowed", "practised", "makers")
ABOVE_FAT = "deep plexus"  # the last layer above it
DEPTH = "depth-limit"  # of the site: what lasers that remove skin or work in columns may break


def window_document(
    loaded: LoadedCase, *, effect: str | None = None, harm: str | None = None, draws: int = 200, seed: int = 0
) -> dict[str, Any]:
    """Return skinbeam.window/1 of a pulse case.

    Raises
    ------
    InputError : no effect can be guessed, or an unknown endpoint.
    NotAvailable : neither endpoint can be judged; every key then holds an unknown. One that cannot be judged alone is
        unknown beside the other; a pulse length that cannot be judged is left out, with a warning.
    """
    try:
        scene = scene_of(loaded, dose_required=False)
    except NotAvailable as error:
        body = dict.fromkeys(("effect", "harm", *KEYS), Unknown(error.reason))
        whole = document("skinbeam.window/1", case_sha256=loaded.sha256(), seed=seed, body=body)
        raise NotAvailable(error.reason, body=whole) from None
    if scene.beam is None:
        raise InputError(
            "missing-key", "no laser was read", field="laser", hint="A window needs [laser] and [settings]."
        )
    wanted = effect or _guessed(loaded, scene.beam)
    avoided = harm or (DEPTH if scene.beam.microbeam is not None or removes(scene.beam) else BURN)
    head = {"effect": wanted, "harm": avoided}

    def made(extra: Mapping[str, Any], warnings: Sequence[Mapping[str, str]]) -> dict[str, Any]:
        return document(
            "skinbeam.window/1",
            case_sha256=loaded.sha256(),
            seed=seed,
            warnings=warnings,
            body={**head, **extra},
        )

    pulses, doses = _grid(scene.beam)
    found = {
        "p_effect": _rows(scene, wanted, "effect", pulses, doses, draws, seed),
        "p_harm": _rows(scene, avoided, "harm", pulses, doses, draws, seed),
    }
    known = {name: rows for name, (rows, _) in found.items() if rows}
    reasons = list(dict.fromkeys(reason for _, why in found.values() for reason in why))
    if not known:
        raise NotAvailable(reasons[0], body=made(dict.fromkeys(KEYS, Unknown(reasons[0])), scene.warnings))
    kept = [pulse for pulse in pulses if all(pulse in rows for rows in known.values())]
    left_out = [{"code": "pulse-not-judged", "message": reason} for reason in reasons if len(kept) < len(pulses)]
    return made(
        {
            "of": "microbeam_mJ" if scene.beam.microbeam is not None else "fluence_J_cm2",
            "dose": doses,
            "pulse_ms": kept,
            **{
                name: [rows[pulse] for pulse in kept] if rows else Unknown(why[0])
                for name, (rows, why) in found.items()
            },
            "p_harm_allowed": _allowed(scene.beam, avoided, scene.skin.site or ""),
            **{name: [_told(one) for one in found] for name, found in _practice(loaded, scene.beam, kept).items()},
        },
        (*scene.warnings, *left_out),
    )


def _allowed(beam: Beam, harm: str, site: str) -> float | Unknown:
    """How likely a harm may be at most: what the limits of a plan hold it to."""
    if harm == BURN:
        return next(limit.stop for limit in limits_for("vascular", site) if limit.quantity == "p_burn")
    if harm != DEPTH:
        return Unknown(text("plan.no-limit-of-endpoint", {"endpoint": harm}))
    try:
        return 1.0 - _depth_limit(beam, site).share_required
    except NotAvailable as error:
        return Unknown(error.reason)


def _told(published: Practised) -> dict[str, float]:
    return {"pulse_ms": published.row, "low": published.low, "high": published.high}


def _practice(loaded: LoadedCase, beam: Beam, pulses: Sequence[float]) -> dict[str, tuple[Practised, ...]]:
    """Published doses of the first concern with such light, and what makers recommend of such light for anything."""
    lamp = len(beam.spectrum) > 1
    made = [one for one in published() if one.lamp is lamp and one.wavelength_nm == beam.wavelength_nm]
    makers = () if beam.spot_mm is None else makers_of(made, spot_mm=beam.spot_mm)
    case, modality = loaded.case, _modality(loaded, beam)
    if modality is None or not pulses:
        return {"practised": (), "makers": makers}
    light = Light(modality, beam.wavelength_nm, beam.pulse_ms, lamp=lamp)
    envelope = envelope_of(case.concern[0].condition, light, darkest_phototype(case))
    if envelope is None:
        return {"practised": (), "makers": makers}
    quantity = FLUENCE if beam.microbeam is None else ENERGY
    ends = pulses[0], pulses[-1]
    found = practised_of(envelope, quantity, spot_mm=beam.spot_mm, pulse_ms=beam.pulse_ms, pulses=ends)
    return {"practised": found, "makers": makers}


def _rows(
    scene: Scene, endpoint: str, side: Side, pulses: Sequence[float], doses: Sequence[float], draws: int, seed: int
) -> tuple[dict[float, list[float]], list[str]]:
    """The shares that reach an endpoint by pulse length, and why there are none for the others."""
    assert scene.beam is not None  # checked on entry
    rows, reasons = {}, []
    try:
        if endpoint != DEPTH or side == "effect":
            _known(endpoint, f"--{side}")
    except NotAvailable as error:
        return {}, [error.reason]
    for pulse in pulses:
        try:
            here = replace(scene, beam=scene.beam.lasting(pulse))
            rows[pulse] = _row(here, endpoint, side, doses, draws, seed)
        except NotAvailable as error:
            reasons.append(error.reason)
    return rows, reasons


def _row(scene: Scene, endpoint: str, side: Side, doses: Sequence[float], draws: int, seed: int) -> list[float]:
    """Share of such skins that reach an endpoint at each dose, the model's error counted."""
    doses_of = partial(_depth_doses, scene) if endpoint == DEPTH else partial(_doubted_doses, scene, endpoint, side)
    parts = run_chunks(scene, draws, seed, doses_of)
    values, weights = (np.concatenate(column) for column in zip(*parts, strict=True))
    return [share(values <= dose, weights)[0] for dose in doses]


def _doubted_doses(scene: Scene, endpoint: str, side: Side, skins: "xr.Dataset") -> tuple[Floats, Floats]:
    doses, weights = threshold_doses(scene, skins, endpoint)
    assert scene.beam is not None  # checked on entry
    return _error(endpoint, scene.beam, skins, side) * doses, weights


def _error(endpoint: str, beam: Beam, skins: "xr.Dataset", side: Side) -> Floats:
    """What a computed dose is off by, (sample,): of burns as practice calibrates it."""
    return burn_ratios(beam, skins, side) if endpoint == BURN else error_factor(endpoint, skins, side)


def _depth_doses(scene: Scene, skins: "xr.Dataset") -> tuple[Floats, Floats]:
    """Doses that reach the depth limit of the site, (sample,), J/cm² or mJ, and the weights, the model's error counted.

    A depth that is too great by a factor reaches a border that lies higher by it.

    Raises
    ------
    NotAvailable : no limit is set there, or no sourced data for such a beam.
    """
    beam = scene.beam
    assert beam is not None  # checked on entry
    weights = np.asarray(skins["weight"].values, dtype=np.float64)
    limit = _depth_limit(beam, scene.skin.site or "")
    if beam.microbeam is not None:
        size = CRATER_DEPTH if removes(beam) else COLUMN_DEPTH
        border = limit.stop * depth_through(skins, ABOVE_FAT) / error_factor(size, skins, "harm")
        return energy_through(skins, beam, scene.middle, border), weights
    border = limit.stop * depth_through(skins, ABOVE_DEEPER_DERMIS) / error_factor(CRATER, skins, "harm")
    doses = injury_dose(skins, beam, border)
    return doses / J_CM2 / axis_ratio(beam), weights


def _depth_limit(beam: Beam, site: str) -> Limit:
    """The limit of depth at a site.

    Raises
    ------
    NotAvailable : no limit is set there.
    """
    columns = "fractional-ablative" if removes(beam) else "non-ablative-fractional"
    modality = "ablative" if beam.microbeam is None else columns
    found = [limit for limit in limits_for(modality, site) if limit.quantity.endswith("depth_fraction")]
    if not found:
        raise NotAvailable(text("plan.no-depth-limit"))
    return found[0]


def _known(endpoint: str, field: str) -> None:
    try:
        named_endpoint(endpoint)
    except InputError as error:
        raise InputError(error.code, error.message, field=field, hint=error.hint) from None


def _guessed(loaded: LoadedCase, beam: Beam) -> str:
    """The goal of the first concern, else what the case holds, else what the wavelength does."""
    case, modality = loaded.case, _modality(loaded, beam)
    if modality is not None:
        return str(table("modality")[modality]["endpoint"])
    if case.vessel or any(lesion.kind in ("telangiectasia", "spider", "port-wine-stain") for lesion in case.lesion):
        return "vessel-closure"
    if any(lesion.kind in ("lentigo", "freckle", "naevus-of-ota") for lesion in case.lesion):
        return "melanosome-disruption"
    if removes(beam):
        return "ablation"
    raise InputError(
        "no-effect",
        "nothing in the case says which effect is wanted",
        field="--effect",
        hint="Give --effect, such as collagen-coagulation or vessel-closure.",
    )


def _modality(loaded: LoadedCase, beam: Beam) -> str | None:
    """What the device is used as for the first concern; None where none is named, or the device is of no use for it."""
    if not loaded.case.concern:
        return None
    fits = table("condition")[loaded.case.concern[0].condition].get("modality", {})
    offered = beam.device.modalities if beam.device is not None else tuple(fits)
    return next((name for name in fits if name in offered and fits[name]["use"] != "not"), None)


def _grid(beam: Beam) -> tuple[list[float], list[float]]:
    """Pulse lengths and doses: of the device where there is one, else of what such lasers span."""
    device = beam.device
    if device is None:
        shortest, longest = (max(beam.pulse_ms * 10.0**step, SHORTEST_MS) for step in (-OPEN_DECADES, OPEN_DECADES))
        return spaced(shortest, longest, PULSES), spaced(*OPEN_DOSE)
    every = [o for o in offers(device) if o.wavelength_nm == beam.wavelength_nm]
    pulses = thinned(sorted({o.pulse_ms for o in every}), PULSES)
    return pulses, doses_of(device, beam.wavelength_nm)
