"""The temperature of the surface beside the closed form of an insulated half-space."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import erfcx

from skinbeam.api.simulate import simulate_case
from skinbeam.model.input_files import LoadedCase, case_from_tables

CONDUCTIVITY, DENSITY, HEAT_CAPACITY = 0.4, 1100.0, 3500.0
ALPHA = CONDUCTIVITY / (DENSITY * HEAT_CAPACITY)


def pulse(mua_per_cm: float, fluence_J_cm2: float, pulse_ms: float) -> LoadedCase:
    """A wide pulse in skin that does not scatter."""
    layer: dict[str, Any] = {
        "mua_per_cm": mua_per_cm,
        "mus_per_cm": 0.0,
        "g": 0.0,
        "n": 1.0,
        "density_kg_m3": DENSITY,
        "heat_capacity_J_kgK": HEAT_CAPACITY,
        "conductivity_W_mK": CONDUCTIVITY,
    }
    return case_from_tables(
        {
            "skin": {
                "layer": [layer | {"name": "epidermis", "thickness_um": 100.0}, layer | {"name": "dermis"}],
                "temperature_C": 34.0,
            },
            "laser": {"wavelength_nm": 755.0},
            "settings": {"fluence_J_cm2": fluence_J_cm2, "pulse_ms": pulse_ms, "spot_mm": 30.0},
        },
        Path(),
        "case",
    )


def exact_rise_K(mua_per_cm: float, fluence_J_cm2: float, pulse_ms: float) -> float:
    """The rise at an insulated surface at the end of a square pulse of light absorbed as exp(-μ z).

    A thin source at the depth z heats the surface by exp(-z² / 4αs) / √(π α s) after the time s; with exp(-μ z) that is
    the integral of μ exp(α μ² s) erfc(μ √(α s)) over s.
    """
    mu, end = 100.0 * mua_per_cm, 1e-3 * pulse_ms
    root = np.linspace(0.0, np.sqrt(end), 20_001)  # s = root², so that the integrand is smooth at the beginning
    integrand = mu * erfcx(mu * np.sqrt(ALPHA) * root) * 2.0 * root
    return float(1e4 * fluence_J_cm2 / end / (DENSITY * HEAT_CAPACITY) * np.trapezoid(integrand, root))


@pytest.mark.parametrize(
    ("mua_per_cm", "pulse_ms", "is_resolved"),
    [
        (10.0, 1e-3, True),
        (10.0, 100.0, True),
        (200.0, 1e-3, True),
        (500.0, 1e-3, True),
        (1000.0, 0.1, True),
        (5000.0, 1.0, True),
        (1000.0, 1e-3, False),
        (5000.0, 1e-3, False),
        (5000.0, 0.1, False),
        (30000.0, 0.25, False),
    ],
)
def test_the_surface_is_as_hot_as_the_closed_form_or_a_warning_says_that_it_is_hotter(
    mua_per_cm: float, pulse_ms: float, is_resolved: bool
) -> None:
    """The middle of the uppermost cell, 1.5 µm below the surface, was given as the surface without a word."""
    fluence = 20.0 / mua_per_cm
    found = simulate_case(pulse(mua_per_cm, fluence, pulse_ms), draws=1)
    lost = 1.0 - (found.temperature_C.surface_peak.median - 34.0) / exact_rise_K(mua_per_cm, fluence, pulse_ms)
    assert (lost < 0.1) == is_resolved
    assert lost > -0.01  # heat that the air takes, and steps of time
    assert ("surface-not-resolved" not in [warning.code for warning in found.warnings]) == is_resolved
