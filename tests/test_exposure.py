"""Thresholds of time: baths, and light of constant irradiance."""

import math
from typing import Any

import numpy as np
import pytest
from pulse_samples import loaded, median
from scipy.integrate import quad
from scipy.optimize import brentq

from skinbeam.physics.damage import kinetics, shift_kinetics
from skinbeam.simulate.damage_model import CELL_DEATH, REFERENCE_S, SPREAD_K
from skinbeam.simulate.documents import threshold_document
from skinbeam.skin.model import Skin
from skinbeam.units import GAS_CONSTANT_J_MOL_K, UM, ZERO_CELSIUS_K

# One material: conduction then has a closed form.
LAYERS = [
    {
        "name": name,
        **({"thickness_um": 80.0} if name == "epidermis" else {}),
        "mua_per_cm": 200.0,
        "mus_per_cm": 0.0,
        "g": 0.0,
        "n": 1.0,
        "density_kg_m3": 1100.0,
        "heat_capacity_J_kgK": 3600.0,
        "conductivity_W_mK": 0.35,
    }
    for name in ("epidermis", "dermis")
]
KAPPA = 0.35 / (1100.0 * 3600.0)


def asked(case: Any, endpoint: str = "epidermal-necrosis", *, draws: int = 16, **changes: Any) -> dict[str, Any]:
    return threshold_document(loaded(case, **changes), endpoint, of="exposure_s", draws=draws)


def rates(k: int) -> Any:
    """The rate of cell death of draw k, 1/s, at a temperature in K."""
    shift = Skin().sample(k + 1, 0)["kinetics_shift"].values[k : k + 1]
    moved = shift_kinetics(kinetics(CELL_DEATH), SPREAD_K * shift, reference_s=REFERENCE_S[CELL_DEATH])

    def rate(kelvin: float) -> float:
        total = 0.0
        for a, e, low, high in zip(
            moved.frequency_1_s[0], moved.activation_J_mol[0], moved.low_K[0], moved.high_K[0], strict=True
        ):
            total += a * math.exp(-e / GAS_CONSTANT_J_MOL_K / kelvin) if low <= kelvin < high else 0.0
        return total

    return rate


@pytest.mark.parametrize("bath_C", [50.0, 58.0, 70.0])
def test_a_bath_burns_when_its_heat_has_come_through(bath_C: float) -> None:
    case = {"skin": {"temperature_C": 34.0, "layer": LAYERS}, "bath": {"temperature_C": bath_C}}
    rate = rates(0)

    def temperature(t: float) -> float:
        # Half-space with a held surface (Carslaw and Jaeger, 2.4).
        through = math.erfc(80 * UM / (2 * math.sqrt(KAPPA * t)))
        return ZERO_CELSIUS_K + 34.0 + (bath_C - 34.0) * through

    def damage(t: float) -> float:
        # In the square root of time, in which the history is smooth at its start.
        return quad(lambda r: 2 * r * rate(temperature(r * r)), 1e-6, math.sqrt(t), limit=400)[0] - 1

    expected = brentq(damage, 1e-3, 1e5, rtol=1e-8)
    # Temperature at 80 µm, between cells of 8 µm: (8/80)² / 12 = 8e-4 of a rise of 30 K is 0.03 K, and 0.1 K is 5 % of
    # a rate; over minutes the bottom at 6 mm holds 34 °C, which takes 80/6000 of the rise: 0.2 to 0.5 K, 10 to 25 %.
    slow = 0.25 if expected > 20 else 0.0
    found = median(asked(case, draws=1)["dose"])
    assert found == pytest.approx(expected, rel=0.03 + slow)


def test_baths_of_the_burn_tables_have_their_order_of_magnitude() -> None:
    found = [median(asked("bath", bath__temperature_C=c)["dose"]) for c in (48.0, 52.0, 56.0, 60.0)]
    assert found == sorted(found, reverse=True)
    # Henriques' own table of porcine and human skin: 15 min at 48 °C, 1.5 min at 52 °C, 3 to 5 s at 60 °C. The spread
    # between skins is a factor of two to three either way.
    for time, measured in zip(found, (900.0, 90.0, 16.0, 5.0), strict=True):
        assert measured / 4 < time < 4 * measured


def test_deep_burns_take_longer() -> None:
    shallow, deep = (median(asked("bath", endpoint)["dose"]) for endpoint in ("epidermal-necrosis", "dermal-necrosis"))
    assert deep > 1.2 * shallow


def test_a_bath_that_never_burns_is_answered() -> None:
    found = asked("bath", bath__temperature_C=36.0)
    assert found["reached"] is False
    assert "unknown" in found["dose"]
    assert found["bracket"] == [0.01, 1e5]


@pytest.mark.parametrize("irradiance_W_cm2", [50.0, 500.0, 5000.0, 5e5])
def test_time_at_constant_irradiance_agrees_with_the_fluence_of_such_a_pulse(irradiance_W_cm2: float) -> None:
    how = {"settings__pulse_ms": 1.0, "settings__fluence_J_cm2": irradiance_W_cm2 / 1000}
    time_s = median(asked("layers", draws=1, **how)["dose"])
    pulse = threshold_document(loaded("layers", settings__pulse_ms=time_s * 1000), "epidermal-necrosis", draws=1)
    fluence = median(pulse["dose"])
    # Between the runs ln Omega is straight to a tenth, of a slope in ln(time) of ten and more.
    assert fluence == pytest.approx(irradiance_W_cm2 * time_s, rel=0.01)


def test_more_irradiance_takes_less_time() -> None:
    found = [median(asked("layers", settings__fluence_J_cm2=x, draws=2)["dose"]) for x in (1.0, 3.0, 9.0, 27.0)]
    assert found == sorted(found, reverse=True)
    # Without conduction the time would go as one over the irradiance; with it, heat leaves the slower ones.
    assert found[0] / found[1] > 2.9


def test_the_beam_starts_after_the_cooling() -> None:
    late, soon = (
        median(asked("vessel", cooling__before_ms=20.0, cooling__delay_ms=delay, draws=4)["dose"])
        for delay in (100.0, 10.0)
    )
    # Counted from the start of the beam: a longer delay lets the skin warm up again, and shortens the time.
    assert late < soon
    assert late < 0.05


def test_quantiles_of_time_bracket_the_median() -> None:
    found = asked("bath", draws=64)["dose"]
    times = np.array([found["low"], found["median"], found["high"]])
    # Skins differ by 3 K in the temperature of damage, a factor of two or so in time at 60 °C.
    assert (times[1:] / times[:-1] > 1.2).all()
    assert (times[1:] / times[:-1] < 6).all()
