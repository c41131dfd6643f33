"""The therapeutic window: dose by pulse length, with probability of effect and of harm."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from skinbeam.document import document, round_significant
from skinbeam.errors import InputError, NotAvailable
from skinbeam.estimate import Unknown
from skinbeam.laser.device import Device
from skinbeam.laser.grid import dose_steps, offers
from skinbeam.laser.settings import Beam
from skinbeam.messages import text
from skinbeam.outcome.calibrated import burn_ratios
from skinbeam.plan.search.burns import BURN, burns_of
from skinbeam.plan.search.candidates import Machine, beam_of, built_in_cooling, thinned
from skinbeam.plan.search.fractional import COLUMN_DEPTH, CRATER_DEPTH
from skinbeam.plan.search.full_field import ABOVE_DEEPER_DERMIS, CRATER
from skinbeam.plan.search.goals import Goal
from skinbeam.plan.search.limits import limits_for
from skinbeam.plan.search.skins import SiteSkins
from skinbeam.plan.search.trial import Trial
from skinbeam.schema.load import LoadedCase
from skinbeam.schema.names import table
from skinbeam.simulate.ends.endpoints import fluence_for, named_endpoint
from skinbeam.simulate.light.illumination import axis_ratio
from skinbeam.simulate.model_error import Side, error_factor
from skinbeam.simulate.pulse.dose import cell_death_dose
from skinbeam.simulate.pulse.places import basal_layer, depth_through
from skinbeam.simulate.removal.ablation import injury_dose, removes
from skinbeam.simulate.removal.microlesion import energy_through
from skinbeam.simulate.scene import Scene, run_chunks, scene_of
from skinbeam.simulate.skins.ensemble import share
from skinbeam.simulate.threshold import threshold_doses
from skinbeam.units import J_CM2

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["Window", "window_document", "window_of"]

Floats = NDArray[np.float64]

PULSES, DOSES = 7, 24
OPEN_DECADES = 1.0  # without a device: pulses so far to either side of the case's own
SHORTEST_MS = 1e-9  # a case file takes no shorter pulse
OPEN_DOSE = (0.5, 100.0)
KEYS = ("of", "dose", "pulse_ms", "p_effect", "p_harm")
ABOVE_FAT = "deep plexus"  # the last layer above it
DEPTH = "depth-limit"  # of the site: what lasers that remove skin or work in columns may break


@dataclass(frozen=True)
class Window:
    """Probabilities over a grid; rows are pulse lengths, columns doses."""

    of: str
    dose: list[float]
    pulse_ms: list[float]
    p_effect: list[list[float]]
    p_harm: list[list[float]]


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
        },
        (*scene.warnings, *left_out),
    )


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
    columns = "fractional-ablative" if removes(beam) else "non-ablative-fractional"
    modality = "ablative" if beam.microbeam is None else columns
    found = [
        limit for limit in limits_for(modality, scene.skin.site or "") if limit.quantity.endswith("depth_fraction")
    ]
    if not found:
        raise NotAvailable(text("plan.no-depth-limit"))
    if beam.microbeam is not None:
        size = CRATER_DEPTH if removes(beam) else COLUMN_DEPTH
        border = found[0].stop * depth_through(skins, ABOVE_FAT) / error_factor(size, skins, "harm")
        return energy_through(skins, beam, scene.middle, border), weights
    border = found[0].stop * depth_through(skins, ABOVE_DEEPER_DERMIS) / error_factor(CRATER, skins, "harm")
    doses = injury_dose(skins, beam, border)
    return doses / J_CM2 / axis_ratio(beam), weights


def _known(endpoint: str, field: str) -> None:
    try:
        named_endpoint(endpoint)
    except InputError as error:
        raise InputError(error.code, error.message, field=field, hint=error.hint) from None


def _guessed(loaded: LoadedCase, beam: Beam) -> str:
    """The goal of the first concern, else what the case holds, else what the wavelength does."""
    case = loaded.case
    if case.concern:
        fits = table("condition")[case.concern[0].condition].get("modality", {})
        offered = beam.device.modalities if beam.device is not None else tuple(fits)
        for modality in fits:
            if modality in offered and fits[modality]["use"] != "not":
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


def _grid(beam: Beam) -> tuple[list[float], list[float]]:
    """Pulse lengths and doses: of the device where there is one, else of what such lasers span."""
    device = beam.device
    if device is None:
        shortest, longest = (max(beam.pulse_ms * 10.0**step, SHORTEST_MS) for step in (-OPEN_DECADES, OPEN_DECADES))
        return _spaced(shortest, longest, PULSES), _spaced(*OPEN_DOSE)
    every = [o for o in offers(device) if o.wavelength_nm == beam.wavelength_nm]
    pulses = thinned(sorted({o.pulse_ms for o in every}), PULSES)
    return pulses, _doses(device, beam.wavelength_nm)


def _doses(device: Device, wavelength_nm: float) -> list[float]:
    doses = {dose for o in offers(device) if o.wavelength_nm == wavelength_nm for dose in dose_steps(device, *o)}
    return _spaced(min(doses), max(doses))


def _spaced(low: float, high: float, count: int = DOSES) -> list[float]:
    return [round_significant(float(x), 3) for x in np.geomspace(low, high, count)]


def window_of(trial: Trial, goal: Goal, skins: SiteSkins, machine: Machine) -> Window | Unknown:
    """Return the window around the settings of a plan, on the skins that it was screened with.

    Harm is the probability of a burn of the skin around the target, as in the limits. The effect counts the model's
    error, which the share of a plan counts of burns alone.
    """
    if machine.device.microbeam or goal.modality == "ablative":
        return Unknown(text("plan.window-not-drawn"))
    cooling, _ = built_in_cooling(machine.device)
    settings = [o for o in offers(machine.device) if o.wavelength_nm == trial.setting.wavelength_nm]
    pulses = sorted({trial.setting.pulse_ms, *thinned(sorted({o.pulse_ms for o in settings}), 4)})
    doses = _doses(machine.device, trial.setting.wavelength_nm)
    effect: list[list[float]] = []
    harm: list[list[float]] = []
    w_target, w_limit = skins.weights
    for pulse in pulses:
        setting = trial.setting  # its pulse may be one of practice, between those that stand for what the device spans
        if pulse != setting.pulse_ms:
            same = (o for o in settings if o.pulse_ms == pulse)
            setting = min(same, key=lambda o: abs(o.spot_mm - trial.setting.spot_mm))
        beam = beam_of(machine, setting, dose_steps(machine.device, *setting)[0])
        around = skins.respond(beam, cooling, limiting=True, near_surface=True)
        treated = skins.respond(beam, cooling, limiting=False)
        try:
            wanted = fluence_for(goal.endpoint, treated) / J_CM2 * _error(goal.endpoint, beam, treated.skins, "effect")
        except NotAvailable as error:
            return Unknown(error.reason)
        burns = burns_of(beam, cell_death_dose(around, basal_layer(around)) / J_CM2, skins.learned_of(beam))
        effect.append([share(wanted <= dose, w_target)[0] for dose in doses])
        harm.append([share(burns.p(dose), w_limit)[0] for dose in doses])
    return Window("fluence_J_cm2", doses, pulses, effect, harm)
