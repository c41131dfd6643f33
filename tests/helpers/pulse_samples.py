"""Pulse cases for the tests: the files of `data/cases`, with single keys changed, and what every document promises."""

import io
import json
import math
import tomllib
from collections.abc import Mapping
from contextlib import redirect_stdout
from typing import Any

from document_keys import unlisted_keys
from paths import TESTS

from skinbeam.api.simulate import simulate_case
from skinbeam.model.case import Case
from skinbeam.model.input_files import LoadedCase, parse_record
from skinbeam.simulate.light.lighting import illuminate
from skinbeam.simulate.pulse.response import PulseResponse, simulate_pulse
from skinbeam.simulate.scene import PulseScene, build_scene, run_chunks

FOLDER = TESTS / "data" / "cases"
FILES = sorted(FOLDER.glob("*.toml"))

# One clear absorbing layer, as water with ink: n = 1 leaves no reflection, and 1/mua = 100 µm.
INK: dict[str, Any] = {
    "skin": {
        "temperature_C": 20.0,
        "layer": [
            {
                "name": name,
                **({"thickness_um": 70.0} if name == "epidermis" else {}),
                "mua_per_cm": 100.0,
                "mus_per_cm": 0.0,
                "g": 0.0,
                "n": 1.0,
                "density_kg_m3": 1000.0,
                "heat_capacity_J_kgK": 4000.0,
                "conductivity_W_mK": 0.6,
            }
            for name in ("epidermis", "dermis")
        ],
    },
    "laser": {"wavelength_nm": 600.0},
    "settings": {"fluence_J_cm2": 2.0, "pulse_ms": 1e-3, "spot_mm": 5.0},
}

HEAD = ("schema", "version", "case_sha256", "seed", "warnings")
GROUPS: dict[str, tuple[str, ...]] = {
    "light": ("reflectance", "absorbed", "fluence_rate_ratio_peak", "penetration_depth_um"),
    "temperature_C": ("surface_peak", "surface_minimum", "basal_peak", "vessels"),
    "damage": (
        "epidermis_fraction",
        "coagulation_depth_um",
        "coagulation_width_um",
        "vessels",
        "p_melanosome_disrupted",
        "p_breakdown",
        "contours",
        "burn",
    ),
    "ablation": ("depth_um", "width_um", "residual_damage_um", "p_char"),
    "microlesion": ("ablation_depth_um", "depth_um", "width_um", "coverage_fraction", "bulk_rise_K"),
    "cooling": ("film_ms",),
    "healing": (
        "reepithelialisation_h",
        "erythema_days",
        "oedema_days",
        "downtime_days",
        "pigment_loss_days",
        "pigment_recovery_days",
        "wound_open_fraction",
    ),
    "harm": ("p_burn", "p_pih", "p_hypopigmentation", "p_scar"),
}
VESSEL_KEYS = {
    "temperature_C": {"lumen_peak", "lumen_peak_unheated", "wall_peak"},
    "damage": {
        "coagulated_fraction",
        "coagulated_fraction_agah",
        "wall_damaged_fraction",
        "p_closed",
        "p_closed_agah",
        "p_ruptured",
    },
}
THRESHOLD = (
    *HEAD,
    *(
        "endpoint",
        "of",
        "model_error",
        "reduction_error",
        "heated_blood",
        "methaemoglobin",
        "bracket",
        "dose",
        "reached",
        "calibrated_dose",
        "calibration",
    ),
)


def tables(name: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


def loaded(name: str | Mapping[str, Any], **changes: Any) -> LoadedCase:
    """A case by file name or as tables; `settings__pulse_ms=3.0` sets a key, None takes it away."""
    content = tables(name) if isinstance(name, str) else json.loads(json.dumps(name))
    for path, value in changes.items():
        *parents, key = path.split("__")
        here = content
        for parent in parents:
            here = here.setdefault(parent, {})
        if value is None:
            here.pop(key, None)
        else:
            here[key] = value
    return LoadedCase(parse_record(Case, content, file="case.toml"), FOLDER, "case.toml")


def responses(case: Any, draws: int, **changes: Any) -> list[PulseResponse]:
    """The responses of sampled skins, one a chunk."""
    scene = build_scene(loaded(case, **changes))
    return run_chunks(scene, draws, 0, lambda skins: wide_response(skins, scene))


def wide_response(skins: Any, scene: PulseScene, **options: Any) -> PulseResponse:
    """The response to a beam as if it were wide."""
    lit = None if scene.beam is None else illuminate(skins, scene.beam.spectrum)
    return simulate_pulse(skins, scene.beam, scene.cooling, illumination=lit, **options)


def command(*arguments: str) -> tuple[int, Any]:
    """Exit code and the one JSON document that the command line prints."""
    from skinbeam.cli.runner import _run_command

    shown = io.StringIO()
    with redirect_stdout(shown):
        code = _run_command([*arguments, "--json"], json=True)
    return code, json.loads(shown.getvalue(), parse_constant=_refuse)


def _refuse(constant: str) -> None:
    raise AssertionError(f"{constant} in a document")


def well_formed(value: Any) -> None:
    """An estimate whose numbers are in order, or an unknown with its reason."""
    assert isinstance(value, dict), value
    if "unknown" in value:
        assert list(value) == ["unknown"]
        assert value["unknown"].strip()
        return
    assert set(value) == {"median", "low", "high", "level", "kind", "draws", "basis"}
    assert all(math.isfinite(value[name]) for name in ("median", "low", "high"))
    assert value["low"] <= value["median"] <= value["high"]
    assert 0 < value["level"] < 1
    assert value["kind"] in ("measured", "modelled", "pooled", "assumed")
    assert value["basis"]


def check_calibration(value: Any) -> None:
    """What a calibrated dose rests on."""
    assert tuple(value) == ("class", "rows", "sources", "bias", "spread")
    assert value["rows"] >= 0
    assert "unknown" in value["sources"] if isinstance(value["sources"], dict) else value["sources"] <= value["rows"]
    assert value["bias"] > 0
    assert value["spread"] > 1


def no_null(value: Any) -> None:
    assert value is not None
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        no_null(item)


def whole(document: Mapping[str, Any]) -> None:
    """Every key of skinbeam.simulate/1, and every value well formed."""
    unlisted = unlisted_keys(document)
    assert not unlisted, "docs/documents.md does not list these keys"
    assert tuple(document) == (*HEAD, *GROUPS)
    no_null(document)
    for group, names in GROUPS.items():
        assert tuple(document[group]) == names
        for name in names:
            value = document[group][name]
            if name == "vessels":
                assert all(set(vessel) == VESSEL_KEYS[group] for vessel in value)
                for vessel in value:
                    for item in vessel.values():
                        well_formed(item)
            elif name == "contours":
                assert tuple(value) == ("0.1", "1", "10")
                for contour in value.values():
                    assert tuple(contour) == ("depth_um", "width_um")
                    for item in contour.values():
                        well_formed(item)
            elif name == "burn" and "unknown" not in value:
                assert tuple(value) == (
                    "computed_dose_J_cm2",
                    "calibrated_dose_J_cm2",
                    "p_uncalibrated",
                    "tolerated",
                    "calibration",
                )
                well_formed(value["p_uncalibrated"])
                well_formed(value["computed_dose_J_cm2"])
                well_formed(value["calibrated_dose_J_cm2"])
                check_calibration(value["calibration"])
            elif name in ("absorbed", "wound_open_fraction") and "unknown" not in value:
                for item in value.values():
                    well_formed(item)
            else:
                well_formed(value)
    assert len(document["damage"]["vessels"]) == len(document["temperature_C"]["vessels"])


def median(value: Mapping[str, Any]) -> float:
    assert "median" in value, value
    return float(value["median"])


def simulated(case: Any, *, draws: int = 16, **changes: Any) -> dict[str, Any]:
    return simulate_case(loaded(case, **changes), draws=draws).to_dict()


def codes(document: dict[str, Any]) -> set[str]:
    return {warning["code"] for warning in document["warnings"]}
