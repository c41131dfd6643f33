"""The liquid of a spray on skin: how cold evaporation can make it, beside the temperatures that are used."""

import math

import numpy as np
import pytest
from scipy.optimize import brentq

from skinbeam.laser.cooling import cooling_values, resolve_cooling
from skinbeam.model.exposure import Cooling
from skinbeam.model.input_files import parse_record

R134A_KG_MOL, AIR_KG_MOL = 102.03e-3, 28.96e-3
ROOM_C = 22.0
BOILING_C, ATMOSPHERE_KPA = -26.06, 101.325  # freon134a
LATENT_J_KG = 2.25e5  # at -40 °C: 225.5 - 0.9 kJ/kg (mehandbook2015)
VAPOUR_J_KGK, LIQUID_J_KGK, GAS_J_KGK = 750.0, 1254.0, 1000.0  # -40 °C, mehandbook2015; the gas from memory
EPOXY = 525.0  # effusivity, W s^0.5/m2K: from memory
SKIN_FLUX_W_M2 = (1.0e5, 1.8e5)  # what skin gives in 20 to 100 ms of spray, below


# Saturated vapour at -90 and -80 °C (a printed table, scribd.com/document/360255323), -40.69 °C (mehandbook2015) and
# boiling: between them ln p is straight over 1/T.
SATURATED_C, SATURATED_KPA = (-90.0, -80.0, -40.69, BOILING_C), (1.5241, 3.6719, 50.0, ATMOSPHERE_KPA)


def vapour_kPa(t_C: float) -> float:
    inverse = -1 / (np.array(SATURATED_C) + 273.15)
    return float(np.exp(np.interp(-1 / (t_C + 273.15), inverse, np.log(SATURATED_KPA))))


def transfer_number(t_C: float) -> float:
    """Mass fraction of vapour at the liquid over that of the rest, in air that holds none far away."""
    x = min(vapour_kPa(t_C) / ATMOSPHERE_KPA, 1 - 1e-12)
    vapour, air = x * R134A_KG_MOL, (1 - x) * AIR_KG_MOL
    return vapour / air


def liquid_C(from_below_W_m2: float, gas_W_m2K: float, lewis: float = 1.8) -> float:
    """Temperature at which what evaporates takes the heat from below and from the gas: L g ln(1 + B) = q + q_gas.

    The coefficient of mass follows from that of heat, g = h / c Le^(-2/3), and the vapour that leaves holds off a part
    of the gas's heat.
    """
    g = gas_W_m2K / GAS_J_KGK * lewis ** (-2 / 3)

    def gained(t_C: float) -> float:
        rate = g * math.log1p(transfer_number(t_C))
        blown = rate * VAPOUR_J_KGK / gas_W_m2K
        return from_below_W_m2 + gas_W_m2K * blown / math.expm1(blown) * (ROOM_C - t_C) - rate * LATENT_J_KG

    warmest = BOILING_C - 1e-6
    return BOILING_C if gained(warmest) > 0 else float(brentq(gained, -89.0, warmest))


def warming_of_drops_W_m2(arriving_kg_m2s: float, t_C: float) -> float:
    """Heat that droplets from the wet bulb take up in the liquid that they join."""
    return arriving_kg_m2s * LIQUID_J_KGK * (t_C - liquid_C(0.0, 100.0))


def gas_over_epoxy(arriving_kg_m2s: float) -> list[float]:
    """Coefficients of the gas with which epoxy is at -39 °C (li2022film) at the end of spurts of 50 and 100 ms."""
    fluxes = [EPOXY * (ROOM_C + 39.0) / math.sqrt(math.pi * t) for t in (0.05, 0.1)]
    left = [flux - warming_of_drops_W_m2(arriving_kg_m2s, -39.0) for flux in fluxes]
    return [float(brentq(lambda h, q=q: liquid_C(q, h) + 39.0, 5.0, 3000.0)) for q in left]


def under_spray_C(from_skin_W_m2: float, gas_W_m2K: float, arriving_kg_m2s: float) -> float:
    """Liquid on skin that evaporates and takes up the droplets."""

    def left(t_C: float) -> float:
        return liquid_C(from_skin_W_m2 - warming_of_drops_W_m2(arriving_kg_m2s, t_C), gas_W_m2K) - t_C

    return float(brentq(left, -60.0, BOILING_C + 1e-9))


def test_evaporation_alone_makes_the_cold_that_was_measured_of_sprays() -> None:
    """Droplets and films that nothing warms but the room: 58 to 63 °C below zero, however fast the gas flows."""
    assert liquid_C(0.0, 20.0) == pytest.approx(liquid_C(0.0, 400.0), abs=1e-6)
    assert -64.0 < liquid_C(0.0, 100.0, lewis=1.3) < liquid_C(0.0, 100.0, lewis=2.3) < -56.0


def test_what_comes_from_below_warms_the_liquid_up_to_boiling() -> None:
    temperatures = [liquid_C(q, 300.0) for q in (0.0, 1e4, 5e4, 1e5, 2e5, 1e6)]
    assert temperatures == sorted(temperatures)
    assert temperatures[-1] == pytest.approx(BOILING_C, abs=0.01)
    gusts = [liquid_C(1e5, h) for h in (50.0, 150.0, 400.0, 1000.0)]
    assert gusts == sorted(gusts, reverse=True)


def test_what_skin_gives_is_as_counted_here() -> None:
    """Flux at the end of a spurt, with the coefficient in use and a surface of 0 to -13 °C."""
    spray = cooling_values()["R134a"]
    for surface_C in (0.0, -13.0):
        flux = spray["coefficient_W_m2K"].value * (surface_C - spray["temperature_C"].value)
        assert SKIN_FLUX_W_M2[0] <= flux <= SKIN_FLUX_W_M2[1]


def test_liquid_under_the_spray_is_as_cold_as_the_gas_that_cools_epoxy_makes_it() -> None:
    """With droplets that add nothing, and with 1.3 kg/m²s of them, what stays of a spray."""
    found = [
        under_spray_C(q, gas, arriving)
        for arriving in (0.0, 1.3)
        for gas in gas_over_epoxy(arriving)
        for q in SKIN_FLUX_W_M2
    ]
    known = cooling_values()["R134a"]["temperature_C"]
    assert known.low <= min(found) <= known.value <= max(found) <= known.high + 0.1


def test_at_rest_it_boils() -> None:
    """Without the jet the gas takes 20 to 100 W/m²K, and skin gives some 80 kW/m² for tenths of a second."""
    plan = resolve_cooling(parse_record(Cooling, {"kind": "spray", "before_ms": 30.0}, file="case.toml"))
    assert plan.film is not None
    for h in (20.0, 100.0):
        assert plan.film.temperature_C == pytest.approx(liquid_C(8e4, h), abs=0.5)
