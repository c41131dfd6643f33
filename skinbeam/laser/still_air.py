"""What skin loses to still air: convection, radiation and evaporation as one coefficient.

    h = h_c + 4 e s Tm³ + E / (T_skin - T_room),   Tm the mean of both temperatures in K        (air 1)

The radiation is linear about Tm, which for skin at 60 °C in a room at 22 °C is 1 % from the difference of the fourth
powers. Dry skin evaporates E = L x its insensible loss of water. Wet skin evaporates by Lewis' relation,
E = 16.5 K/kPa x h_c (p_s(T_skin) - r p_s(T_room)), with the saturation pressure p_s after Magnus, in kPa:

    p_s = 0.61094 exp(17.625 t / (t + 243.04)),   t in °C                                       (air 2)
"""

import math
from dataclasses import dataclass
from functools import cache

from skinbeam.provenance import used
from skinbeam.shipped import shipped_table
from skinbeam.sources import Sourced
from skinbeam.units import G_KG, ZERO_CELSIUS_K

__all__ = ["StillAir", "resting_skin_C", "still_air"]

STEFAN_BOLTZMANN_W_m2K4 = 5.670374419e-8
HOUR_S = 3600.0


@dataclass(frozen=True)
class StillAir:
    """Parts of the coefficient, W/(m² K)."""

    convection: float
    radiation: float
    evaporation: float

    @property
    def total(self) -> float:
        """All parts together."""
        return self.convection + self.radiation + self.evaporation


def resting_skin_C() -> float:
    """Return the temperature of skin at rest, about which the loss of skin under treatment is linear."""
    return _number("skin_C")


def still_air(skin_C: float, room_C: float, *, wet: bool = False) -> StillAir:
    """Return what skin at one temperature loses to a room at another, (air 1).

    Raises
    ------
    ValueError : skin that is not warmer than the room, where evaporation has no coefficient.
    """
    if not skin_C > room_C:
        raise ValueError(f"skin at {skin_C} °C is not warmer than a room at {room_C} °C")
    convection = _number("convection_W_m2K")
    middle_K = (skin_C + room_C) / 2 + ZERO_CELSIUS_K
    radiation = 4 * _number("emissivity") * STEFAN_BOLTZMANN_W_m2K4 * middle_K**3
    if wet:
        vapour_kPa = _saturation_kPa(skin_C) - _number("humidity") * _saturation_kPa(room_C)
        evaporated = _number("lewis_K_kPa") * convection * vapour_kPa
    else:
        evaporated = _number("latent_J_kg") * _number("water_loss_g_m2h") / G_KG / HOUR_S
    return StillAir(convection, radiation, evaporated / (skin_C - room_C))


@cache
def _values() -> dict[str, Sourced]:
    return {name: Sourced.from_table(table) for name, table in shipped_table("data/still_air.toml").items()}


def _number(name: str) -> float:
    value = _values()[name]
    used(value.source)
    return value.value


def _saturation_kPa(temperature_C: float) -> float:
    """Saturation pressure over water, (air 2)."""
    used("alduchov1996")
    return 0.61094 * math.exp(17.625 * temperature_C / (temperature_C + 243.04))
