"""The answer of a document in sentences, which stand before its values."""

from collections.abc import Mapping, Sequence
from typing import Any

from skinbeam.messages import text

__all__ = ["in_words"]

_HALF = 0.5
_UNIT_OF = {"fluence_J_cm2": "J/cm²", "microbeam_mJ": "mJ", "exposure_s": "s"}


def in_words(document: Mapping[str, Any]) -> list[str]:
    """Return the sentences of a document: its own, doses that reach an endpoint, P(burn) and tolerated doses."""
    if "in_words" in document:
        return [sentence["text"] for sentence in document["in_words"]]
    if "p_harm_allowed" in document:
        return _window(document)
    if "calibrated_dose" in document:
        doses = (document["dose"], document["calibrated_dose"])
        return _doses(document["endpoint"], doses, _UNIT_OF[document["of"]], document["calibration"])
    if "p_burn" not in document.get("harm", {}):
        return []
    share, burn = document["harm"]["p_burn"], document["damage"]["burn"]
    if "unknown" in share:
        return [text("terminal.burned-unknown", {"reason": share["unknown"]})]
    told = [text("terminal.burned", {"share": _short(100 * share["median"])})]
    if "unknown" in burn:
        return told
    doses = (burn["computed_dose_J_cm2"], burn["calibrated_dose_J_cm2"])
    told.append(_tolerated(burn["tolerated"]))
    return told + _doses(text("terminal.burn-of-epidermis"), doses, "J/cm²", burn["calibration"])


def _window(document: Mapping[str, Any]) -> list[str]:
    """From which dose the effect is reached and the harm is more likely than allowed, at each pulse length."""
    unit, allowed = _UNIT_OF[document["of"]], document["p_harm_allowed"]
    told = []
    for row, pulse in enumerate(document["pulse_ms"]):
        reached = _first(document["p_effect"], row, _HALF, document["dose"], unit)
        said = {"pulse": _short(pulse), "effect": document["effect"], "from": reached}
        if isinstance(allowed, Mapping):
            told.append(text("terminal.window-effect", said))
            continue
        harmed = _first(document["p_harm"], row, allowed, document["dose"], unit)
        harm = {"harm": document["harm"], "share": _short(100 * allowed), "harmed": harmed}
        told.append(text("terminal.window-both", said | harm))
    return told


def _first(rows: Any, row: int, share: float, doses: Sequence[float], unit: str) -> str:
    """The least computed dose at which at least that share is reached."""
    if isinstance(rows, Mapping):
        return text("terminal.window-unknown")
    dose = next((dose for dose, p in zip(doses, rows[row], strict=True) if p >= share), None)
    if dose is None:
        return text("terminal.window-never", {"dose": _short(doses[-1]), "unit": unit})
    return text("terminal.window-from", {"dose": _short(dose), "unit": unit})


def _tolerated(practice: Mapping[str, Any]) -> str:
    """The doses of clinics beside that of the case."""
    if "unknown" in practice:
        return text("terminal.tolerated-unknown", {"reason": practice["unknown"]})
    counts = {name: practice[name] for name in ("harmed", "of")}
    counted = text("terminal.tolerated-counted", counts) if practice["of"] else text("terminal.tolerated-uncounted")
    doses = {name: _short(practice[name]) for name in ("low", "high")}
    return text(
        "terminal.tolerated", {**doses, "rows": practice["rows"], "sources": practice["sources"], "counted": counted}
    )


def _doses(end: str, doses: tuple[Mapping[str, Any], Mapping[str, Any]], unit: str, behind: Any) -> list[str]:
    """Both doses and what the calibration rests on; nothing where they are unknown."""
    if any("unknown" in dose for dose in doses):
        return []
    computed, calibrated = ({name: _short(dose[name]) for name in ("median", "low", "high")} for dose in doses)
    return [
        text("terminal.dose-computed", {"end": end, "unit": unit, **computed}),
        text("terminal.dose-calibrated", {"unit": unit, **calibrated}),
        _rests_on(behind),
    ]


def _rests_on(behind: Mapping[str, Any]) -> str:
    from skinbeam.practice.calibration import BURN  # late: they bring the array library
    from skinbeam.simulate.model_error import least_sources

    rows, spread = behind["rows"], _short(behind["spread"])
    if rows == 0:
        return text("terminal.rests-on-nothing", {"spread": spread})
    if behind["class"] == BURN:
        told = {"rows": rows, "sources": behind["sources"], "bias": _short(behind["bias"]), "spread": spread}
        return text("terminal.rests-on-practice", told)
    sources = behind["sources"]
    if sources < least_sources():
        return text(
            "terminal.rests-on-few-experiments", {"sources": sources, "least": least_sources(), "spread": spread}
        )
    return text("terminal.rests-on-experiments", {"rows": rows, "sources": sources, "spread": spread})


def _short(value: float) -> str:
    return f"{value:.3g}"
