"""Answer for one setting (`skinbeam.window/1` with the key `at`): effect, burns, bruises and limits.

A consultation is judged as its plan is: on the person's skins, with P(burn) anchored to what clinics counted. A pulse
case without a person is judged by the endpoints of its window.
"""

import math
from collections.abc import Mapping
from typing import Any, Final

from skinbeam.api.window import DEPTH_HARM, allowed_harm, chosen_endpoints, endpoint_doses
from skinbeam.course.sessions import describe_settings
from skinbeam.model.case import Case
from skinbeam.model.document import build_document, dataclass_fields
from skinbeam.model.errors import InputError, NotAvailable
from skinbeam.model.estimate import Estimate, Unknown, Value
from skinbeam.model.input_files import LoadedCase, parse_record
from skinbeam.model.per_hundred import per_hundred
from skinbeam.plan.case_check import check_consultation
from skinbeam.plan.options import build_setup
from skinbeam.plan.planner import assess_person
from skinbeam.simulate.model_error import ErrorSide
from skinbeam.simulate.scene import build_scene
from skinbeam.simulate.skins.ensemble import weighted_probability
from skinbeam.text import Message, render_message
from skinbeam.what_if.asked_setting import ASKED_QUANTITIES, AskedSetting, judge_asked_setting

__all__ = [
    "asked_setting_document",
    "asked_setting_sentences",
    "parse_asked",
    "window_at_document",
    "with_asked",
]

_SCHEMA = "skinbeam.window/1"
_SIMULATED: Final[Mapping[str, Any]] = {"basis": "simulated", "error": 0.0}  # nothing is interpolated


def parse_asked(text: str) -> dict[str, float]:
    """Return the quantities of "fluence_J_cm2=8,pulse_ms=10" with their values.

    Raises
    ------
    InputError : a part that is no quantity with a number.
    """
    found: dict[str, float] = {}
    for part in text.split(","):
        name, _, written = (piece.strip() for piece in part.partition("="))
        try:
            value = float(written)
        except ValueError:
            value = math.nan
        if name not in ASKED_QUANTITIES or not (math.isfinite(value) and value > 0.0):
            hint = f"Write quantity=number, such as fluence_J_cm2=8,pulse_ms=10. Known: {', '.join(ASKED_QUANTITIES)}."
            raise InputError("not-a-setting", f'"{part}" was read', field="at", hint=hint)
        if name in found:
            raise InputError("given-twice", f"{name} was read twice", field="at", hint="Give each quantity once.")
        found[name] = value
    return found


def window_at_document(
    loaded: LoadedCase, asked: Mapping[str, float], *, device: str | None = None, draws: int = 200, seed: int = 0
) -> dict[str, Any]:
    """Return skinbeam.window/1 of one setting, which is simulated.

    Parameters
    ----------
    asked : quantities and values, as of `parse_asked`; what is left out is as the case says, or as a plan begins.
    device : of a consultation; None for that of the case's [laser], else the one that the guideline names first.

    Raises
    ------
    InputError : no device, or a setting that it cannot have; the nearest is named.
    NotAvailable : the model cannot judge the light; the document then says why.
    """
    try:
        if loaded.case.concern:
            person = assess_person(check_consultation(loaded), draws, seed)
            found = judge_asked_setting(person, loaded, asked, device_name=device)
            return asked_setting_document(loaded, found, seed)
        body = {"at": _pulse_record(loaded, asked, device, draws, seed)}
    except NotAvailable as error:
        unknown = dict.fromkeys(("p_effective", "p_burn", "p_harm"), Unknown(error.reason))
        nothing = _document(loaded, seed, {"at": {"settings": dict(asked), **unknown}})
        raise NotAvailable(error.reason, body=nothing) from None
    return _document(loaded, seed, body)


def asked_setting_document(loaded: LoadedCase, found: AskedSetting, seed: int) -> dict[str, Any]:
    """Return skinbeam.window/1 of a setting that was judged for a person."""
    return _document(loaded, seed, {"in_words": asked_setting_sentences(found), "at": _planned_record(found)})


def _document(loaded: LoadedCase, seed: int, body: Mapping[str, Any]) -> dict[str, Any]:
    return build_document(_SCHEMA, case_sha256=loaded.sha256(), seed=seed, body=body)


def _planned_record(found: AskedSetting) -> dict[str, Any]:
    """Return the record of a setting that was judged for a person."""
    trial, span = found.trial, found.proposal
    record: dict[str, Any] = {
        "device": trial.machine.device.name,
        "concern": {"condition": found.concern.condition, "site": found.concern.site},
        "modality": found.goal.modality,
        "settings": dataclass_fields(build_setup(trial, None).settings),
        "p_effective": found.p_effective,
        "p_burn": found.p_burn or Unknown(render_message("asked.no-burn")),
        "p_harm": found.p_harm,
    }
    if trial.bruising is not None:
        record["p_purpura"] = trial.bruising.p
    record["limits"] = [{"id": verdict.limit.id, "status": verdict.status} for verdict in trial.verdicts]
    record["limits"] += [{"id": name, "status": "not_met"} for name, _ in found.obstacles]
    if span is not None:
        record["published"] = {
            "of": "energy_mJ" if trial.machine.device.microbeam else "fluence_J_cm2",
            "low": span.low,
            "high": span.high,
            "place": found.place,
            "sources": list(span.sources),
        }
    return {**record, "beyond_practice": bool(found.unpublished), **_SIMULATED}


def asked_setting_sentences(found: AskedSetting) -> list[Message]:
    """Return the answer in sentences."""
    trial, span = found.trial, found.proposal
    setup = build_setup(trial, None)
    told: dict[str, str | float] = {
        "device": setup.device_title,
        "settings": describe_settings(setup.settings, lamp=setup.lamp),
        "effective": per_hundred(trial.p_effective),
        "harm": per_hundred(trial.p_injury),
    }
    sentences = [Message("asked.answer", told)]
    if trial.bruising is not None:
        sentences.append(Message("asked.answer-bruise", {"bruised": per_hundred(trial.bruising.p.median)}))
    if span is None:
        sentences.append(Message("asked.unprinted"))
    else:
        sentences.append(Message(f"asked.{found.place}", {"low": span.low, "high": span.high, "unit": span.unit}))
    sentences += found.unpublished
    broken = [f"limit-in-short.{one.limit.id}" for one in trial.verdicts if one.status not in ("met", "warn")]
    obstacles = [Message(name) for name in broken] + [message for _, message in found.obstacles]
    if not obstacles:
        return [*sentences, Message("asked.kept")]
    limits = "; ".join(message.text.rstrip(".") for message in obstacles)
    return [*sentences, Message("asked.broken", {"limits": limits})]


def _pulse_record(
    loaded: LoadedCase, asked: Mapping[str, float], device: str | None, draws: int, seed: int
) -> dict[str, Any]:
    """Return the record of a pulse without a person: the effect and the harm of the case's window at one setting."""
    case = with_asked(loaded.case, asked, device)
    scene = build_scene(LoadedCase(case, loaded.folder, loaded.file))
    beam = scene.beam
    if beam is None:
        raise InputError("missing-key", "no laser was read", field="laser", hint="A setting needs [laser].")
    wanted, avoided = chosen_endpoints(loaded, beam, None, None)
    dose = beam.fluence_J_cm2 if beam.microbeam is None else beam.microbeam.energy_mJ
    if dose is None:
        raise InputError("missing-key", "no fluence was read", field="at", hint="Give fluence_J_cm2.")

    def share(endpoint: str, side: ErrorSide) -> Value:
        try:
            values, weights = endpoint_doses(scene, endpoint, side, draws, seed)
        except NotAvailable as error:
            return Unknown(error.reason)
        return weighted_probability(values <= dose, weights, ())

    harm = share(avoided, "harm")
    allowed = allowed_harm(beam, avoided, scene.skin.site or "")
    limits = []
    if isinstance(allowed, float) and isinstance(harm, Estimate):
        limits = [{"id": avoided, "status": "met" if harm.median <= allowed else "not_met"}]
    no_burn = Unknown(render_message("asked.no-burn"))
    return {
        "settings": dict(asked),
        "effect": wanted,
        "harm": avoided,
        "p_effective": share(wanted, "effect"),
        "p_burn": harm if avoided != DEPTH_HARM else no_burn,
        "p_harm": harm,
        "limits": limits,
        **_SIMULATED,
    }


def with_asked(case: Case, asked: Mapping[str, float], device: str | None) -> Case:
    """Return a pulse case with the asked quantities in place of its own."""
    tables = case.model_dump(exclude_none=True, exclude_defaults=True)
    for name, value in asked.items():
        if name == "wavelength_nm":
            tables.setdefault("laser", {})[name] = value
        elif name in ("energy_mJ", "density_per_cm2") and "microbeam" in tables:
            tables["microbeam"][name] = value
        else:
            tables.setdefault("settings", {})[name] = value
    if device is not None:
        tables.setdefault("laser", {})["device"] = device
    return parse_record(Case, tables, file="at")
