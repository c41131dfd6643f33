"""Surface cooling of a case: check it against the device, and derive temperatures and heat transfer coefficients.

After a spurt a film of liquid continues to cool until it has evaporated; frost from the humidity of the room on cold
skin is not modelled. Effective coefficients are those that reproduce measured surface temperatures of skin, not those
of a spray on a metal rod. Each is the best estimate with its spread, from which the draws of a simulation are taken;
values that a case states have no spread.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from skinbeam.laser.device import Device, describe_values
from skinbeam.model.device_file import CoolingHead
from skinbeam.model.errors import InputError
from skinbeam.model.exposure import Cooling
from skinbeam.model.package_data import load_package_table
from skinbeam.model.sources import SourcedValue, cite_sources
from skinbeam.model.units import G_KG, ZERO_CELSIUS_K

__all__ = [
    "AirHeatLoss",
    "CoolingPlan",
    "SprayFilm",
    "air_heat_loss",
    "cooling_values",
    "resolve_cooling",
    "resting_skin_temperature_C",
]

_COOLING_FILE = "data/cooling.toml"
STEFAN_BOLTZMANN_W_m2K4 = 5.670374419e-8
HOUR_S = 3600.0


@dataclass(frozen=True)
class AirHeatLoss:
    """Heat transfer coefficient of skin to still air by its parts, W/(m² K)."""

    convection: float
    radiation: float
    evaporation: float

    @property
    def total(self) -> float:
        """Sum of all parts."""
        return self.convection + self.radiation + self.evaporation


def resting_skin_temperature_C() -> float:
    """Return the temperature of resting skin, about which the heat loss of skin under treatment is linearised."""
    return _air_value("skin_C")


def air_heat_loss(skin_C: float, room_C: float, *, wet: bool = False) -> AirHeatLoss:
    """Return the heat transfer coefficient from skin to still air, (air 1).

    Convection, radiation and evaporation add up to a single coefficient:

        h = h_c + 4 e s Tm³ + E / (T_skin - T_room),   Tm the mean of both temperatures in K        (air 1)

    The radiation is linearised about Tm, which for skin at 60 °C in a room at 22 °C differs by 1 % from the difference
    of the fourth powers. Dry skin evaporates E = L x its insensible loss of water. Wet skin evaporates by Lewis'
    relation, E = 16.5 K/kPa x h_c (p_s(T_skin) - r p_s(T_room)), with the saturation pressure p_s of (air 2).

    Raises
    ------
    ValueError : skin that is not warmer than the room, for which evaporation has no coefficient.
    """
    if not skin_C > room_C:
        raise ValueError(f"skin at {skin_C} °C is not warmer than a room at {room_C} °C")
    convection = _air_value("convection_W_m2K")
    middle_K = (skin_C + room_C) / 2 + ZERO_CELSIUS_K
    radiation = 4 * _air_value("emissivity") * STEFAN_BOLTZMANN_W_m2K4 * middle_K**3
    if wet:
        vapour_kPa = _saturation_kPa(skin_C) - _air_value("humidity") * _saturation_kPa(room_C)
        evaporated = _air_value("lewis_K_kPa") * convection * vapour_kPa
    else:
        evaporated = _air_value("latent_J_kg") * _air_value("water_loss_g_m2h") / G_KG / HOUR_S
    return AirHeatLoss(convection, radiation, evaporated / (skin_C - room_C))


@cache
def _air_values() -> dict[str, SourcedValue]:
    return {name: SourcedValue.from_table(table) for name, table in load_package_table("data/still_air.toml").items()}


def _air_value(name: str) -> float:
    value = _air_values()[name]
    cite_sources(value.source)
    return value.value


def _saturation_kPa(temperature_C: float) -> float:
    """Return the saturation pressure p_s over water in kPa, after Magnus, (air 2).

        p_s = 0.61094 exp(17.625 t / (t + 243.04)),   t in °C                                       (air 2)

    The temperature t is the parameter `temperature_C`.
    """
    cite_sources("alduchov1996")
    return 0.61094 * math.exp(17.625 * temperature_C / (temperature_C + 243.04))


BUILT_IN_KINDS = ("contact", "spray")  # an air cooler can be used beside any device
TIMINGS = ("before_ms", "delay_ms", "after_ms")
DEFAULT_CRYOGEN = "R134a"  # of a spray whose cryogen is not stated: every known device sprays it


@dataclass(frozen=True)
class SprayFilm:
    """The film of liquid that a spray leaves on the surface.

    Parameters
    ----------
    deposit_kg_m2s : mass that a second of spray deposits, with its spread.
    latent_J_kg : its heat of evaporation.
    share : its coefficient divided by that of the spray, with its spread.
    temperature_C : of the film at rest, which boils (docs/methods/heat.md).
    """

    deposit_kg_m2s: SourcedValue
    latent_J_kg: float
    share: SourcedValue
    temperature_C: float


@dataclass(frozen=True)
class CoolingPlan:
    """Thermal boundary condition of the surface over time.

    Parameters
    ----------
    kind : none, air, contact or spray.
    temperature, coefficient : of the boundary while the cooling is on, °C and W/m²K, with their spread.
    before_ms, delay_ms : cooling ends `delay_ms` before the pulse and lasts `before_ms`; in the delay and after the
        cooling the surface is exposed to the air of the room.
    during : whether it continues during the pulse.
    after_ms : how long it continues after the pulse.
    air_temperature_C, air_coefficient_W_m2K : of the room, whenever the cooling is off.
    film : the film that a spray leaves; None if there is none or it was not measured.
    """

    kind: str
    temperature: SourcedValue
    coefficient: SourcedValue
    before_ms: float
    delay_ms: float
    during: bool
    after_ms: float
    air_temperature_C: float
    air_coefficient_W_m2K: float
    film: SprayFilm | None = None

    @property
    def temperature_C(self) -> float:
        """Central value of the temperature."""
        return self.temperature.value

    @property
    def coefficient_W_m2K(self) -> float:
        """Central value of the coefficient."""
        return self.coefficient.value


@cache
def cooling_values() -> Mapping[str, Mapping[str, SourcedValue]]:
    """Return a mapping of medium to temperature_C and coefficient_W_m2K of `data/cooling.toml`.

    Media: `air`, `contact`, and a spray by its cryogen; `free-air` has only a temperature.
    """
    return {
        name: {
            key: SourcedValue.from_table(table[key]) for key in ("temperature_C", "coefficient_W_m2K") if key in table
        }
        for name, table in load_package_table(_COOLING_FILE).items()
    }


def _spray_film(cryogen: str) -> SprayFilm | None:
    table = load_package_table(_COOLING_FILE)[cryogen].get("film")
    if table is None:
        return None
    keys = ("deposit_kg_m2s", "latent_J_kg", "share", "temperature_C")
    deposit, latent, share, temperature = (SourcedValue.from_table(table[key]) for key in keys)
    cite_sources(deposit.source, latent.source, share.source, temperature.source)
    return SprayFilm(deposit, latent.value, share, temperature.value)


def resolve_cooling(cooling: Cooling | None, device: Device | None = None) -> CoolingPlan:
    """Resolve the [cooling] of a case; without [cooling] there is none, even if the device could cool.

    Raises
    ------
    InputError : contradictory values, or a cooling that the device does not have.
    """
    air_temperature = _medium_value("free-air", "temperature_C").value
    air_coefficient = air_heat_loss(resting_skin_temperature_C(), air_temperature).total
    if cooling is None or cooling.kind == "none":
        if cooling is not None:
            _check_no_timings(cooling)
        room = _fixed_value(air_temperature), _fixed_value(air_coefficient)
        return CoolingPlan("none", *room, 0.0, 0.0, False, 0.0, air_temperature, air_coefficient)
    head = _built_in_head(cooling, device)
    cryogen = cooling.cryogen or (None if head is None else head.cryogen)
    if cooling.kind == "spray":
        medium = cryogen or DEFAULT_CRYOGEN
    else:
        medium = cooling.kind
        if cooling.cryogen is not None:
            _raise_invalid_cooling(
                "cooling.cryogen", f'cryogen with kind = "{cooling.kind}"', 'A cryogen goes with kind = "spray".'
            )
    stated_C, stated_W_m2K = cooling.temperature_C, cooling.coefficient_W_m2K
    return CoolingPlan(
        kind=cooling.kind,
        temperature=_medium_temperature(medium, head) if stated_C is None else _fixed_value(stated_C),
        coefficient=_medium_value(medium, "coefficient_W_m2K") if stated_W_m2K is None else _fixed_value(stated_W_m2K),
        before_ms=cooling.before_ms,
        delay_ms=cooling.delay_ms,
        during=cooling.during,
        after_ms=cooling.after_ms,
        air_temperature_C=air_temperature,
        air_coefficient_W_m2K=air_coefficient,
        film=_spray_film(medium) if cooling.kind == "spray" else None,
    )


def _medium_value(medium: str, key: str) -> SourcedValue:
    sourced = cooling_values()[medium][key]
    cite_sources(sourced.source)
    return sourced


def _fixed_value(value: float) -> SourcedValue:
    """Return a value without spread, which the case states or which follows from the room."""
    return SourcedValue(value, value, value, "fixed", "")


def _medium_temperature(medium: str, head: CoolingHead | None) -> SourcedValue:
    """Return the temperature of the medium, limited to the range to which the device can be set."""
    known = _medium_value(medium, "temperature_C")
    if head is None or head.temperature_C is None:
        return known
    least, most = head.temperature_C.ends
    value, low, high = (min(max(number, least), most) for number in (known.value, known.low, known.high))
    return replace(known, value=value, low=low, high=high)


def _raise_invalid_cooling(field: str, what: str, hint: str) -> None:
    raise InputError("cooling-impossible", f"{what} cannot be", field=field, hint=hint)


def _check_no_timings(cooling: Cooling) -> None:
    given = {name: getattr(cooling, name) for name in (*TIMINGS, "during", "cryogen")}
    for name, value in given.items():
        if value:
            shown = str(value).lower() if value is True else value
            _raise_invalid_cooling(
                f"cooling.{name}",
                f'{name} = {shown} with kind = "none"',
                "Give the kind of cooling, or leave the rest out.",
            )


def _built_in_head(cooling: Cooling, device: Device | None) -> CoolingHead | None:
    """Return the built-in cooling that the case uses; None for cooling that is separate from the device."""
    if device is None:
        return None
    head = next((h for h in device.cooling if h.kind == cooling.kind), None)
    if head is None:
        if cooling.kind in BUILT_IN_KINDS:
            kinds = ", ".join(h.kind for h in device.cooling) or "none"
            _raise_not_offered(
                device, "cooling.kind", f"by {cooling.kind}", f"Built in: {kinds}; an air cooler can stand beside it."
            )
        return None
    if cooling.cryogen is not None and cooling.cryogen != head.cryogen and head.kind == "spray":
        _raise_not_offered(device, "cooling.cryogen", f"with {cooling.cryogen}", f"It sprays {head.cryogen}.")
    for name, unit in (("temperature_C", "°C"), *((timing, "ms") for timing in TIMINGS)):
        _check_within(device, name, unit, getattr(cooling, name), getattr(head, name))
    if cooling.during and not head.during:
        _raise_not_offered(
            device, "cooling.during", f"by {head.kind} during the pulse", "during = false, or leave it out."
        )
    return head


def _check_within(device: Device, name: str, unit: str, read: float | None, offer: Any) -> None:
    """Check a setting against the device; a setting that is left out, or a timing of 0, is not used."""
    if read is None or (read == 0 and name in TIMINGS):
        return
    if offer is None:
        if name in TIMINGS:
            _raise_not_offered(
                device, f"cooling.{name}", f"with {name} = {read:g}", f"{name} cannot be set: leave it out."
            )
        return
    if not offer.contains(read):
        _raise_not_offered(
            device, f"cooling.{name}", f"with {name} = {read:g}", f"It offers {describe_values([offer], unit)}."
        )


def _raise_not_offered(device: Device, field: str, how: str, hint: str) -> None:
    raise InputError("cannot-cool", f"{device.name} cannot cool {how}", field=field, hint=hint)
