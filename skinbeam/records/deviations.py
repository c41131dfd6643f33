"""How what was fired differs from what was planned, and which of it is likelier to hurt.

A plan was held against its limits at the settings that it names. More dose, more columns, more passes, a wider spot, a
shorter pulse or another light is what it was not checked at; less is noted, too, since it may explain a poor result.
"""

from collections.abc import Mapping

from skinbeam.records.treated import Deviation, Ordered
from skinbeam.shipped import shipped_table

__all__ = ["deviations"]

# The sense in which a setting gives more heat: +1 with more of it, -1 with less; 0 of light, which is another or not.
_HEAT = {
    "wavelength_nm": 0,
    "fluence_J_cm2": 1,
    "energy_mJ": 1,
    "density_per_cm2": 1,
    "spot_mm": 1,
    "passes": 1,
    "pulse_ms": -1,
}


def deviations(ordered: Ordered, fired: Mapping[str, float]) -> tuple[Deviation, ...]:
    """Return every setting that was fired otherwise than planned, in the order in which settings are told."""
    found = []
    for name, heat in _HEAT.items():
        if name not in fired:
            continue
        value, planned = fired[name], ordered.settings.get(name, fired[name])
        most = min(held.get(name, value) for held in (ordered.allowed, ordered.emitted))
        other = abs(value - planned) > (_same_within() * planned if heat else 0.0)
        if other or value > most:
            hotter = value > most or heat == 0 or heat * (value - planned) > 0
            found.append(Deviation(name, planned, value, hotter, most if value > most else None))
    return tuple(found)


def _same_within() -> float:
    """The share by which a value may differ and still be the planned one, as a display rounds it."""
    return float(shipped_table("data/sessions.toml")["same_within"]["value"])
