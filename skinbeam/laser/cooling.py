"""How the surface is cooled: the case's words checked against the device, and what they mean for the heat flow.

After a spurt a film of liquid goes on cooling until it has evaporated; frost of the room's water on cold skin is not
modelled. Effective coefficients are those that reproduce measured surface temperatures of skin, not what a spray does
to a metal rod. Each is the best estimate with its spread, which the draws of a simulation carry; what a case states has
no spread.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from skinbeam.errors import InputError
from skinbeam.laser.device import Device
from skinbeam.laser.still_air import resting_skin_C, still_air
from skinbeam.laser.wording import offered
from skinbeam.provenance import used
from skinbeam.schema.device import CoolingHead
from skinbeam.schema.exposure import Cooling
from skinbeam.shipped import shipped_table
from skinbeam.sources import Sourced

__all__ = ["CoolingPlan", "Film", "cooling_values", "resolve"]

BUILT_IN = ("contact", "spray")  # an air cooler stands beside any device
TIMINGS = ("before_ms", "delay_ms", "after_ms")
USUAL_CRYOGEN = "R134a"  # of a spray that nothing more is said of: what every known device sprays


@dataclass(frozen=True)
class Film:
    """Liquid that a spray leaves on the surface.

    Parameters
    ----------
    deposit_kg_m2s : mass that stays there in a second of spray, with its spread.
    latent_J_kg : heat that evaporates it.
    share : its coefficient over that of the spray, with its spread.
    temperature_C : of the film at rest, which boils (docs/methods/heat.md).
    """

    deposit_kg_m2s: Sourced
    latent_J_kg: float
    share: Sourced
    temperature_C: float


@dataclass(frozen=True)
class CoolingPlan:
    """What touches the surface, and when.

    Parameters
    ----------
    kind : none, air, contact or spray.
    temperature, coefficient : of the boundary while the cooling is on, °C and W/m²K, with their spread.
    before_ms, delay_ms : cooling ends `delay_ms` before the pulse and lasts `before_ms`; between them and after the
        cooling the surface meets the room.
    during : whether it goes on through the pulse.
    after_ms : how long it goes on after the pulse.
    air_temperature_C, air_coefficient_W_m2K : the room, whenever the cooling is off.
    film : what a spray leaves; None where it leaves nothing or nobody measured it.
    """

    kind: str
    temperature: Sourced
    coefficient: Sourced
    before_ms: float
    delay_ms: float
    during: bool
    after_ms: float
    air_temperature_C: float
    air_coefficient_W_m2K: float
    film: Film | None = None

    @property
    def temperature_C(self) -> float:
        """The middle of the temperature."""
        return self.temperature.value

    @property
    def coefficient_W_m2K(self) -> float:
        """The middle of the coefficient."""
        return self.coefficient.value


@cache
def cooling_values() -> Mapping[str, Mapping[str, Sourced]]:
    """Return medium → temperature_C and coefficient_W_m2K of `data/cooling.toml`.

    Media: `air`, `contact`, and a spray by its cryogen; `free-air` has a temperature alone.
    """
    return {
        name: {key: Sourced.from_table(table[key]) for key in ("temperature_C", "coefficient_W_m2K") if key in table}
        for name, table in _tables().items()
    }


def _tables() -> Mapping[str, Mapping[str, Any]]:
    return shipped_table("data/cooling.toml")


def _film(cryogen: str) -> Film | None:
    table = _tables()[cryogen].get("film")
    if table is None:
        return None
    keys = ("deposit_kg_m2s", "latent_J_kg", "share", "temperature_C")
    deposit, latent, share, temperature = (Sourced.from_table(table[key]) for key in keys)
    used(deposit.source, latent.source, share.source, temperature.source)
    return Film(deposit, latent.value, share, temperature.value)


def resolve(cooling: Cooling | None, device: Device | None = None) -> CoolingPlan:
    """Return what the case's [cooling] means; no [cooling] means none, whatever the device could do.

    Raises
    ------
    InputError : the words do not fit together, or the device does not cool so.
    """
    air_temperature = _sourced("free-air", "temperature_C").value
    air_coefficient = still_air(resting_skin_C(), air_temperature).total
    if cooling is None or cooling.kind == "none":
        if cooling is not None:
            _nothing_to_time(cooling)
        room = _fixed(air_temperature), _fixed(air_coefficient)
        return CoolingPlan("none", *room, 0.0, 0.0, False, 0.0, air_temperature, air_coefficient)
    head = _built_in(cooling, device)
    cryogen = cooling.cryogen or (None if head is None else head.cryogen)
    if cooling.kind == "spray":
        medium = cryogen or USUAL_CRYOGEN
    else:
        medium = cooling.kind
        if cooling.cryogen is not None:
            _refuse("cooling.cryogen", f'cryogen with kind = "{cooling.kind}"', 'A cryogen goes with kind = "spray".')
    stated_C, stated_W_m2K = cooling.temperature_C, cooling.coefficient_W_m2K
    return CoolingPlan(
        kind=cooling.kind,
        temperature=_temperature(medium, head) if stated_C is None else _fixed(stated_C),
        coefficient=_sourced(medium, "coefficient_W_m2K") if stated_W_m2K is None else _fixed(stated_W_m2K),
        before_ms=cooling.before_ms,
        delay_ms=cooling.delay_ms,
        during=cooling.during,
        after_ms=cooling.after_ms,
        air_temperature_C=air_temperature,
        air_coefficient_W_m2K=air_coefficient,
        film=_film(medium) if cooling.kind == "spray" else None,
    )


def _sourced(medium: str, key: str) -> Sourced:
    sourced = cooling_values()[medium][key]
    used(sourced.source)
    return sourced


def _fixed(value: float) -> Sourced:
    """What a case states, or follows from the room: the value alone."""
    return Sourced(value, value, value, "fixed", "")


def _temperature(medium: str, head: CoolingHead | None) -> Sourced:
    """The medium's own, within what a plate can be set to."""
    known = _sourced(medium, "temperature_C")
    if head is None or head.temperature_C is None:
        return known
    least, most = head.temperature_C.ends
    value, low, high = (min(max(one, least), most) for one in (known.value, known.low, known.high))
    return replace(known, value=value, low=low, high=high)


def _refuse(field: str, what: str, hint: str) -> None:
    raise InputError("cooling-impossible", f"{what} cannot be", field=field, hint=hint)


def _nothing_to_time(cooling: Cooling) -> None:
    given = {name: getattr(cooling, name) for name in (*TIMINGS, "during", "cryogen")}
    for name, value in given.items():
        if value:
            shown = str(value).lower() if value is True else value
            _refuse(
                f"cooling.{name}",
                f'{name} = {shown} with kind = "none"',
                "Give the kind of cooling, or leave the rest out.",
            )


def _built_in(cooling: Cooling, device: Device | None) -> CoolingHead | None:
    """The cooling of the device that the case uses; None when it stands beside the device."""
    if device is None:
        return None
    head = next((h for h in device.cooling if h.kind == cooling.kind), None)
    if head is None:
        if cooling.kind in BUILT_IN:
            kinds = ", ".join(h.kind for h in device.cooling) or "none"
            _cannot(
                device, "cooling.kind", f"by {cooling.kind}", f"Built in: {kinds}; an air cooler can stand beside it."
            )
        return None
    if cooling.cryogen is not None and cooling.cryogen != head.cryogen and head.kind == "spray":
        _cannot(device, "cooling.cryogen", f"with {cooling.cryogen}", f"It sprays {head.cryogen}.")
    for name, unit in (("temperature_C", "°C"), *((timing, "ms") for timing in TIMINGS)):
        _within(device, name, unit, getattr(cooling, name), getattr(head, name))
    if cooling.during and not head.during:
        _cannot(device, "cooling.during", f"by {head.kind} during the pulse", "during = false, or leave it out.")
    return head


def _within(device: Device, name: str, unit: str, read: float | None, offer: Any) -> None:
    """Hold a setting to the device; left out, or a timing of 0, means that it is not used."""
    if read is None or (read == 0 and name in TIMINGS):
        return
    if offer is None:
        if name in TIMINGS:
            _cannot(device, f"cooling.{name}", f"with {name} = {read:g}", f"{name} cannot be set: leave it out.")
        return
    if not offer.holds(read):
        _cannot(device, f"cooling.{name}", f"with {name} = {read:g}", f"It offers {offered([offer], unit)}.")


def _cannot(device: Device, field: str, how: str, hint: str) -> None:
    raise InputError("cannot-cool", f"{device.name} cannot cool {how}", field=field, hint=hint)
