"""Make the table of errors of the reduced vessel model, compared with full cross-sections on a few skins and pulses.

It takes some minutes of packets.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from research.derived_table import DerivedTable
from skinbeam.model.case import Case
from skinbeam.model.document import round_significant
from skinbeam.model.input_files import LoadedCase, parse_record
from skinbeam.simulate.light.lighting import illuminate
from skinbeam.simulate.pulse.response import simulate_pulse
from skinbeam.simulate.scene import build_scene
from skinbeam.simulate.vessels.cross_section import (
    PACKETS,
    heat_section,
    light_section,
    section_endpoint_doses,
    section_vessel,
)
from skinbeam.simulate.vessels.reduction_error import first_vessel_mua
from skinbeam.simulate.vessels.vessel_response import simulate_vessels

__all__ = [
    "PULSES_MS",
    "SKINS",
    "VESSELS_UM",
    "VESSEL_REDUCTION",
    "BEAMS_nm",
    "DoseRatio",
    "compare_with_full_vessels",
    "summarise_ratios",
]

BEAMS_nm = (532.0, 595.0)  # strong absorption by blood, and four times less
SKINS = (None, 0, 1)  # the median skin, and draws
VESSELS_UM = ((30.0, 250.0), (100.0, 350.0), (300.0, 500.0))  # diameter and depth of the axis
PULSES_MS = (0.45, 10.0, 40.0)
# Immediate purpura follows from the rupture of a vessel, so it has the same ratios.
SAME = {"purpura-immediate": "vessel-rupture"}
DIGITS = 3

HEADER = """\
# Doses of vessels in full (a cross-section: packets that meet the vessel as a cylinder, heat in x and z) over those of
# the reduced model (a lit and a dark side, in the light of their depth): wide beam, no cooling, three human
# skins, vessels of 30, 100 and 300 um at 250, 350 and 500 um, pulses of 0.45, 10 and 40 ms.
# Made by `make derived`; not to be edited. `one_sided` cases reach the end in one of the two alone.
"""


class DoseRatio(NamedTuple):
    """The dose of the full model over that of the reduced one; nan where only one of them reaches the endpoint."""

    endpoint: str
    wavelength_nm: float
    diameter_um: float
    pulse_ms: float
    mua_per_m: float  # of the blood
    ratio: float


def compare_with_full_vessels(
    skins: Sequence[int | None] = SKINS,
    wavelengths_nm: Sequence[float] = BEAMS_nm,
    vessels_um: Sequence[tuple[float, float]] = VESSELS_UM,
    pulses_ms: Sequence[float] = PULSES_MS,
    *,
    packets: int = PACKETS,
) -> Iterator[DoseRatio]:
    """Yield the ratios of every skin, wavelength, vessel and pulse, but for endpoints that neither model reaches."""
    for draw, wavelength, (diameter, depth) in product(skins, wavelengths_nm, vessels_um):
        lit = section = None
        for pulse in pulses_ms:
            scene = build_scene(_case(wavelength, diameter, depth, pulse))
            beam = scene.beam
            assert beam is not None  # the case has a laser
            skin = scene.median_skin if draw is None else scene.skin.sample(1, 0, start=draw)
            lit = illuminate(skin, beam.spectrum) if lit is None else lit
            response = simulate_pulse(skin, beam, scene.cooling, illumination=lit)
            section = light_section(response, packets=packets) if section is None else section
            reduced = simulate_vessels(response)
            assert reduced is not None  # the case has a vessel
            mua = first_vessel_mua(skin, beam.spectrum)
            full = section_endpoint_doses(response, section_vessel(response, heat_section(response, section)))
            for name, dose in section_endpoint_doses(response, reduced).items():
                if math.isfinite(dose) or math.isfinite(full[name]):
                    both = math.isfinite(dose) and math.isfinite(full[name])
                    yield DoseRatio(name, wavelength, diameter, pulse, mua, full[name] / dose if both else math.nan)


def _case(wavelength_nm: float, diameter_um: float, depth_um: float, pulse_ms: float) -> LoadedCase:
    tables = {
        "skin": {"preset": "human"},
        "laser": {"wavelength_nm": wavelength_nm},
        "settings": {"fluence_J_cm2": 1.0, "pulse_ms": pulse_ms, "spot_mm": 10.0},
        "vessel": [{"depth_um": depth_um, "diameter_um": diameter_um}],
    }
    return LoadedCase(parse_record(Case, tables, file="vessel-reduction"), Path(), "vessel-reduction")


def summarise_ratios(ratios: Iterable[DoseRatio]) -> dict[str, dict[str, Any]]:
    """Return by endpoint the cases, their geometric mean, spread and error about 1, and the means by size and pulse."""
    ratios_by_group: dict[str, list[DoseRatio]] = {}
    for ratio in ratios:
        ratios_by_group.setdefault(ratio.endpoint, []).append(ratio)
    for name, like in SAME.items():
        ratios_by_group[name] = ratios_by_group[like]
    return {name: _summary(ratios_by_group[name]) for name in sorted(ratios_by_group)}


def _summary(ratios: Sequence[DoseRatio]) -> dict[str, Any]:
    known = [ratio for ratio in ratios if not math.isnan(ratio.ratio)]
    mean, spread, error = _moments(known)
    pulses = sorted({ratio.pulse_ms for ratio in known})
    return {
        "cases": len(known),
        "one_sided": len(ratios) - len(known),
        "geometric_mean": mean,
        "geometric_sd": spread,
        "geometric_error": error,
        "mean_by_pulse_ms": {
            f"{ms:g}": _moments([ratio for ratio in known if ratio.pulse_ms == ms])[0] for ms in pulses
        },
        "light": [
            _by_diameter([ratio for ratio in known if ratio.wavelength_nm == nm])
            for nm in sorted({ratio.wavelength_nm for ratio in known})
        ],
    }


def _by_diameter(ratios: Sequence[DoseRatio]) -> dict[str, Any]:
    """Return means and errors of one wavelength."""
    moments = {
        f"{um:g}": _moments([ratio for ratio in ratios if ratio.diameter_um == um])
        for um in sorted({ratio.diameter_um for ratio in ratios})
    }
    return {
        "wavelength_nm": ratios[0].wavelength_nm,
        "mua_per_m": round_significant(float(np.mean([ratio.mua_per_m for ratio in ratios])), DIGITS),
        "mean_by_diameter_um": {um: found[0] for um, found in moments.items()},
        "error_by_diameter_um": {um: found[2] for um, found in moments.items()},
    }


def _moments(ratios: Sequence[DoseRatio]) -> tuple[float, float, float]:
    """Return geometric mean, standard deviation and error about 1."""
    logs = np.log([ratio.ratio for ratio in ratios])
    return tuple(  # type: ignore[return-value]  # three numbers in, three out
        round_significant(math.exp(float(value)), DIGITS)
        for value in (logs.mean(), logs.std(), np.sqrt((logs**2).mean()))
    )


def _make_table() -> dict[str, Any]:
    ratios = []
    for ratio in compare_with_full_vessels():
        print(*ratio)
        ratios.append(ratio)
    return {"endpoint": summarise_ratios(ratios)}


VESSEL_REDUCTION = DerivedTable(
    name="vessel_reduction",
    header=HEADER,
    inputs=(
        *(
            f"data/tissue/{name}.toml"
            for name in (
                "boiling",
                "heated",
                "kinetics",
                "layers",
                "melanin",
                "optics",
                "presets",
                "thermal",
                "vessels",
            )
        ),
        "data/spectra/",
        "data/still_air.toml",
        "data/derived/melanin_by_colour.toml",
        "data/derived/vessel_return.toml",
    ),
    version=1,
    make=_make_table,
)
