"""The therapeutic window: dose by pulse length, with probability of effect and of harm."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skinbeam.document import document, round_significant
from skinbeam.errors import InputError, NotAvailable
from skinbeam.estimate import Unknown
from skinbeam.laser.device import Device
from skinbeam.laser.grid import dose_steps, offers
from skinbeam.laser.settings import Beam
from skinbeam.messages import text
from skinbeam.plan.candidates import Machine, beam_of, built_in_cooling, thinned
from skinbeam.plan.full_field import HALF
from skinbeam.plan.goals import Goal
from skinbeam.plan.skins import SiteSkins
from skinbeam.plan.trial import Trial
from skinbeam.schema.load import LoadedCase
from skinbeam.schema.names import table
from skinbeam.simulate.endpoints import basal_layer, cell_death_dose, fluence_for, named_endpoint
from skinbeam.simulate.ensemble import share
from skinbeam.simulate.scene import run_chunks, scene_of
from skinbeam.simulate.threshold import threshold_doses
from skinbeam.units import J_CM2

__all__ = ["Window", "window_document", "window_of"]

Floats = NDArray[np.float64]

PULSES, DOSES = 7, 24
OPEN_PULSES_MS = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0)  # without a device: what long-pulsed lasers span
OPEN_DOSE = (0.5, 100.0)
ABLATIVE_FROM_NM = 2700.0
HARM = "epidermal-necrosis"


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
    NotAvailable : an endpoint that the model cannot judge; every key then holds an unknown.
    """
    scene = scene_of(loaded, dose_required=False)
    if scene.beam is None:
        raise InputError(
            "missing-key", "no laser was read", field="laser", hint="A window needs [laser] and [settings]."
        )
    wanted = effect or _guessed(loaded, scene.beam)
    avoided = harm or HARM
    body: dict[str, Any] = {"effect": wanted, "harm": avoided}

    def made(extra: Mapping[str, Any]) -> dict[str, Any]:
        return document(
            "skinbeam.window/1",
            case_sha256=loaded.sha256(),
            seed=seed,
            warnings=scene.warnings,
            body={**body, **extra},
        )

    try:
        for endpoint, field in ((wanted, "--effect"), (avoided, "--harm")):
            _known(endpoint, field)
        micro = scene.beam.microbeam is not None
        pulses, doses = _grid(scene.beam)
        rows: list[tuple[list[float], list[float]]] = []
        for pulse in pulses:
            here = replace(scene, beam=replace(scene.beam, pulse_ms=pulse))
            found = []
            for endpoint in (wanted, avoided):
                parts = run_chunks(here, draws, seed, partial(threshold_doses, here, endpoint=endpoint))
                values, weights = (np.concatenate(column) for column in zip(*parts, strict=True))
                found.append([share(values <= dose, weights)[0] for dose in doses])
            rows.append((found[0], found[1]))
    except NotAvailable as error:
        unknown = Unknown(error.reason)
        keys = ("of", "dose", "pulse_ms", "p_effect", "p_harm")
        raise NotAvailable(error.reason, body=made(dict.fromkeys(keys, unknown))) from None
    return made(
        {
            "of": "microbeam_mJ" if micro else "fluence_J_cm2",
            "dose": doses,
            "pulse_ms": pulses,
            "p_effect": [row[0] for row in rows],
            "p_harm": [row[1] for row in rows],
        }
    )


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
    if case.vessel:
        return "vessel-closure"
    if any(lesion.kind in ("lentigo", "freckle", "naevus-of-ota") for lesion in case.lesion):
        return "melanosome-disruption"
    if beam.wavelength_nm > ABLATIVE_FROM_NM:
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
        return list(OPEN_PULSES_MS), _spaced(*OPEN_DOSE)
    every = [o for o in offers(device) if o.wavelength_nm == beam.wavelength_nm]
    pulses = thinned(sorted({o.pulse_ms for o in every}), PULSES)
    return pulses, _doses(device, beam.wavelength_nm)


def _doses(device: Device, wavelength_nm: float) -> list[float]:
    doses = {dose for o in offers(device) if o.wavelength_nm == wavelength_nm for dose in dose_steps(device, *o)}
    return _spaced(min(doses), max(doses))


def _spaced(low: float, high: float) -> list[float]:
    return [round_significant(float(x), 3) for x in np.geomspace(low, high, DOSES)]


def window_of(trial: Trial, goal: Goal, skins: SiteSkins, machine: Machine) -> Window | Unknown:
    """Return the window around the settings of a plan, on the skins that it was screened with.

    Harm is a burn of the skin around the target, with half of the cooling, as in the limits.
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
        setting = next(o for o in settings if o.pulse_ms == pulse)
        beam = beam_of(machine, setting, dose_steps(machine.device, *setting)[0])
        half = skins.respond(beam, cooling, limiting=True, cooling_share=HALF)
        full = skins.respond(beam, cooling, limiting=False)
        try:
            wanted = fluence_for(goal.endpoint, full) / J_CM2
        except NotAvailable as error:
            return Unknown(error.reason)
        broken = cell_death_dose(half, basal_layer(half)) / J_CM2
        effect.append(_shares(wanted, w_target, doses))
        harm.append(_shares(broken, w_limit, doses))
    return Window("fluence_J_cm2", doses, pulses, effect, harm)


def _shares(thresholds: Floats, weights: Floats, doses: Sequence[float]) -> list[float]:
    return [share(thresholds <= dose, weights)[0] for dose in doses]
