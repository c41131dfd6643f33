"""The documents of `simulate` and `threshold`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skinbeam.document import document
from skinbeam.errors import InputError, NotAvailable
from skinbeam.estimate import Estimate, Unknown, Value
from skinbeam.messages import text
from skinbeam.provenance import collect
from skinbeam.schema.load import LoadedCase
from skinbeam.simulate.ensemble import probability, quantiles, summarise
from skinbeam.simulate.exposure import exposure_thresholds
from skinbeam.simulate.microlesion import microlesions
from skinbeam.simulate.observe import Observed, join, observe
from skinbeam.simulate.pulse import respond
from skinbeam.simulate.scene import Scene, run_chunks, scene_of
from skinbeam.simulate.schedule import bath_schedule
from skinbeam.simulate.threshold import bracket_of, default_dose, threshold_doses
from skinbeam.units import J_CM2

__all__ = ["simulate_document", "threshold_document"]

Floats = NDArray[np.float64]

_PROBABILITIES = ("p_closed", "p_melanosome_disrupted")
_ED_LEVEL = 0.68  # ED16 to ED84


def simulate_document(
    loaded: LoadedCase, *, draws: int = 200, seed: int = 0, output: Path | None = None
) -> dict[str, Any]:
    """Return skinbeam.simulate/1 of a pulse case.

    Raises
    ------
    InputError, NotAvailable : what the case or the model refuses.
    """
    scene = scene_of(loaded)
    if scene.bath is not None and scene.bath[1] is None:
        raise InputError(
            "missing-key", '"exposure_s" is missing, nothing was read', field="bath.exposure_s", hint="The time in s."
        )
    if output is not None:
        raise NotAvailable(text("simulate.no-fields"), body={"schema": "skinbeam.simulate/1"})
    with collect() as sources:
        parts = run_chunks(scene, draws, seed, lambda skins: _observe(scene, skins))
    weights = np.concatenate([part[1] for part in parts])
    seen, layers = join([part[0] for part in parts]), parts[0][2]
    return document(
        "skinbeam.simulate/1",
        case_sha256=loaded.sha256(),
        seed=seed,
        warnings=scene.warnings,
        body=_body(seen, weights, layers, tuple(sources)),
    )


def _observe(scene: Scene, skins: Any) -> tuple[Observed, Floats, list[str]]:
    weights = np.asarray(skins["weight"].values, dtype=np.float64)
    layers = [str(name) for name in skins["layer"].values]
    if scene.beam is not None and scene.beam.microbeam is not None:
        return microlesions(skins, scene.beam), weights, layers
    schedule = None
    if scene.bath is not None:
        temperature, exposure = scene.bath
        assert exposure is not None  # checked on entry
        schedule = bath_schedule(temperature, exposure)
    response = respond(skins, scene.beam, scene.cooling, schedule=schedule)
    fluence = 0.0
    if scene.beam is not None:
        assert scene.beam.fluence_J_cm2 is not None  # a dose was required
        fluence = scene.beam.fluence_J_cm2 * J_CM2
    return observe(response, scene.beam, fluence), weights, layers


def _body(seen: Observed, weights: Floats, layers: Sequence[str], basis: Sequence[str]) -> dict[str, Any]:
    def value(name: str) -> Value:
        found = seen.get(name)
        if found is None:
            return Unknown(text("not-apply.microbeam"))
        if isinstance(found, Unknown):
            return found
        if name.rsplit(".", 1)[-1] in _PROBABILITIES:
            return probability(found > 0.5, weights, basis)
        return summarise(found, weights, basis)

    def each_vessel(*names: str) -> list[dict[str, Any]]:
        columns = {name: seen.get(f"vessels.{name}") for name in names}
        first = next(iter(columns.values()))
        if first is None or isinstance(first, Unknown):
            return []
        return [
            {
                name: (
                    probability(column[:, index] > 0.5, weights, basis)
                    if name in _PROBABILITIES
                    else summarise(column[:, index], weights, basis)
                )
                for name, column in columns.items()
                if column is not None and not isinstance(column, Unknown)
            }
            for index in range(first.shape[1])
        ]

    rupture = Unknown(text("not-apply.rupture"))
    return {
        "light": {
            "reflectance": value("light.reflectance"),
            "absorbed": {name: value(f"light.absorbed.{index}") for index, name in enumerate(layers)},
            "fluence_rate_ratio_peak": value("light.fluence_rate_ratio_peak"),
            "penetration_depth_um": value("light.penetration_depth_um"),
        },
        "temperature_C": {
            **{name: value(f"temperature_C.{name}") for name in ("surface_peak", "surface_minimum", "basal_peak")},
            "vessels": each_vessel("lumen_peak", "wall_peak"),
        },
        "damage": {
            **{
                name: value(f"damage.{name}")
                for name in ("epidermis_fraction", "coagulation_depth_um", "coagulation_width_um")
            },
            "vessels": [
                vessel | {"p_ruptured": rupture}
                for vessel in each_vessel("coagulated_fraction", "wall_damaged_fraction", "p_closed")
            ],
            "p_melanosome_disrupted": value("damage.p_melanosome_disrupted"),
        },
        "ablation": {
            "depth_um": value("ablation.depth_um"),
            "width_um": Unknown(text("not-apply.width")),
            "residual_damage_um": value("ablation.residual_damage_um"),
            "p_char": Unknown(text("not-apply.char")),
        },
        "microlesion": {
            name: value(f"microlesion.{name}")
            if f"microlesion.{name}" in seen
            else Unknown(text("not-apply.no-microbeam"))
            for name in ("ablation_depth_um", "depth_um", "width_um", "coverage_fraction")
        },
        "cooling": {"film_ms": Unknown(text("not-apply.film"))},
        "healing": {
            **dict.fromkeys(
                ("reepithelialisation_h", "erythema_days", "oedema_days", "downtime_days", "pigment_recovery_days"),
                Unknown(text("not-apply.healing")),
            ),
            "wound_open_fraction": Unknown(text("not-apply.healing")),
        },
        "harm": dict.fromkeys(("p_pih", "p_hypopigmentation", "p_scar"), Unknown(text("not-apply.harm"))),
    }


def threshold_document(
    loaded: LoadedCase, endpoint: str, *, of: str | None = None, draws: int = 200, seed: int = 0
) -> dict[str, Any]:
    """Return skinbeam.threshold/1: the dose at which half of such skins reach an endpoint.

    Raises
    ------
    InputError : an unknown endpoint or dose, or a case that does not fit them.
    NotAvailable : the model cannot judge the endpoint; the document then holds unknowns.
    """
    scene = scene_of(loaded, dose_required=False)
    name = default_dose(scene, of)
    low, high = bracket_of(scene, name)
    head: dict[str, Any] = {
        "endpoint": endpoint,
        "of": name,
        "model_error": Unknown(text("simulate.no-model-error")),
        "bracket": [low, high],
    }

    def made(body: Mapping[str, Any]) -> dict[str, Any]:
        return document(
            "skinbeam.threshold/1",
            case_sha256=loaded.sha256(),
            seed=seed,
            warnings=scene.warnings,
            body={**head, **body},
        )

    try:
        with collect() as sources:
            if name == "exposure_s":
                parts = run_chunks(scene, draws, seed, lambda skins: exposure_thresholds(scene, skins, endpoint))
            else:
                parts = run_chunks(scene, draws, seed, lambda skins: threshold_doses(scene, skins, endpoint))
    except NotAvailable as error:
        reason = Unknown(error.reason)
        raise NotAvailable(error.reason, body=made({"dose": reason, "reached": False})) from None
    doses = np.concatenate([part[0] for part in parts])
    weights = np.concatenate([part[1] for part in parts])
    tail = (1 - _ED_LEVEL) / 2
    ed16, ed50, ed84 = quantiles(np.where(doses > high, np.inf, doses), weights, (tail, 0.5, 1 - tail))
    if not np.isfinite(ed50):
        return made({"dose": Unknown(text("simulate.not-reached")), "reached": False})
    upper = ed84 if np.isfinite(ed84) else high
    dose = Estimate(ed50, min(ed16, ed50), max(upper, ed50), _ED_LEVEL, "modelled", doses.size, tuple(sources))
    return made({"dose": dose, "reached": True})
