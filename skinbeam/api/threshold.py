"""The document of `threshold`: the dose at which half of sampled skins reach an endpoint."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skinbeam.answers.drawn import draw_warnings
from skinbeam.document import document
from skinbeam.errors import NotAvailable, unknown_name
from skinbeam.estimate import Estimate, Unknown
from skinbeam.messages import Message, Warned, text
from skinbeam.outcome.calibrated import (
    ED_LEVEL,
    DoseError,
    error_of_burns,
    error_of_endpoint,
    preset_of_no_person,
)
from skinbeam.provenance import collect
from skinbeam.schema.load import LoadedCase
from skinbeam.schema.names import ENDPOINTS
from skinbeam.simulate.exposure import exposure_thresholds
from skinbeam.simulate.model_error import model_error
from skinbeam.simulate.removal.microlesion import highest_energy_mJ
from skinbeam.simulate.scene import Scene, case_warnings, run_chunks, scene_of
from skinbeam.simulate.skins.ensemble import quantiles
from skinbeam.simulate.threshold import MiddleVessel, bracket_of, default_dose, threshold_doses
from skinbeam.simulate.vessels.reduction import reduction_error, reduction_error_of

__all__ = ["threshold_document"]

Floats = NDArray[np.float64]

_SOUGHT = ("dose", "reached", "calibrated_dose", "calibration")


def threshold_document(
    loaded: LoadedCase, endpoint: str, *, of: str | None = None, draws: int = 200, seed: int = 0
) -> dict[str, Any]:
    """Return skinbeam.threshold/1: the dose at which half of such skins reach an endpoint.

    Raises
    ------
    InputError : an unknown endpoint or dose, or a case that does not fit them.
    NotAvailable : the model cannot judge the endpoint; the document then holds unknowns.
    """
    if endpoint not in ENDPOINTS:
        raise unknown_name("endpoint", endpoint, ENDPOINTS, field="--endpoint")
    name = default_dose(loaded.case, of)
    low, high = bracket_of(loaded.case, name)
    head: dict[str, Any] = {
        "endpoint": endpoint,
        "of": name,
        "model_error": model_error(endpoint),
        "reduction_error": reduction_error(endpoint),
        "heated_blood": 1.0,
        "methaemoglobin": 1.0,
        "bracket": [low, high],
    }

    def made(body: Mapping[str, Any], warnings: Sequence[Any]) -> dict[str, Any]:
        whole = {**head, **body}
        return document("skinbeam.threshold/1", case_sha256=loaded.sha256(), seed=seed, warnings=warnings, body=whole)

    try:
        with collect() as sources:
            scene = scene_of(loaded, dose_required=False, pulse_required=name != "exposure_s")
            if scene.beam is not None:
                head["reduction_error"] = reduction_error_of(endpoint, scene.middle, scene.beam.spectrum)
            if name == "microbeam_mJ" and scene.beam is not None and scene.beam.microbeam is not None:
                high = highest_energy_mJ(scene.beam)
                head["bracket"] = [low, high]
            of_middle = MiddleVessel(scene, endpoint)
            head["heated_blood"] = of_middle.heated_blood(name)
            find = exposure_thresholds if name == "exposure_s" else threshold_doses
            parts = run_chunks(scene, draws, seed, lambda skins: find(scene, skins, endpoint))
        if name == "fluence_J_cm2":  # a bound, whose sources are none of the dose's
            head["methaemoglobin"] = of_middle.methaemoglobin()
    except NotAvailable as error:
        reason = Unknown(error.reason)
        body = made(dict.fromkeys(_SOUGHT, reason), case_warnings(loaded.case))
        raise NotAvailable(error.reason, body=body) from None
    doses, weights = (np.concatenate([part[index] for part in parts]) for index in (0, 1))
    found, notes = _dose(doses, weights, (low, high), endpoint, tuple(sources))
    off, practice = _error_of(scene, endpoint, name)
    dose = found["dose"]
    if isinstance(dose, Estimate):
        dose = off.dose(doses, weights, high, tuple(dict.fromkeys((*sources, *practice))))
    found |= {"calibrated_dose": dose, "calibration": off}
    return made(found, [*scene.warnings, *draw_warnings(scene, weights), *notes])


def _error_of(scene: Scene, endpoint: str, name: str) -> tuple[DoseError, tuple[str, ...]]:
    """How far doses of the endpoint are off, and the sources of that."""
    of_burns = endpoint == "epidermal-necrosis" and name == "fluence_J_cm2"
    if scene.beam is None or not of_burns or preset_of_no_person(scene.loaded.case) is not None:
        return error_of_endpoint(endpoint), ()
    with collect() as practice:
        error = error_of_burns(scene.beam)
    return error, tuple(practice)


def _dose(
    doses: Floats, weights: Floats, bracket: tuple[float, float], endpoint: str, basis: tuple[str, ...]
) -> tuple[dict[str, Any], list[Warned]]:
    """The dose at which half of the draws (sample,) reach the endpoint, and what is to be said of it."""
    low, high = bracket
    tail = (1 - ED_LEVEL) / 2
    ed16, ed50, ed84 = quantiles(np.where(doses > high, np.inf, doses), weights, (tail, 0.5, 1 - tail))
    if not np.isfinite(ed50):
        why = "simulate.not-closed" if endpoint == "vessel-closure" else "simulate.not-reached"
        return {"dose": Unknown(text(why)), "reached": False}, []
    if not ed50 > 0:
        return {"dose": Unknown(text("simulate.reached-at-rest")), "reached": True}, []
    notes = {"below-bracket": ed50 < low, "high-beyond-bracket": not np.isfinite(ed84)}
    dose = Estimate(ed50, ed16, min(ed84, high), ED_LEVEL, "modelled", doses.size, basis)
    told = [Warned(code, Message(f"simulate.{code}")) for code, holds in notes.items() if holds]
    return {"dose": dose, "reached": True}, told
