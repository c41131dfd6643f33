"""What every solver of heat is given: tissue, light, and what lies beyond an end."""

from typing import Final, NamedTuple

from numpy.typing import ArrayLike

__all__ = ["DARK", "INSULATED", "Film", "Material", "Source"]


class Material(NamedTuple):
    """What conducts and holds heat in each cell, W/mK and J/m³K."""

    conductivity: ArrayLike
    heat_capacity_vol: ArrayLike


class Source(NamedTuple):
    """Power density of each cell, W/m³, and the share of it that is on in each step: pulses and pauses."""

    power_density: ArrayLike = 0.0
    power_on: ArrayLike = 1.0


class Film(NamedTuple):
    """What lies beyond an end: heat transfer coefficient, W/m²K, and temperature, K, of (heat 2).

    A coefficient of 0 is insulation, an infinite one a held temperature.
    """

    h: ArrayLike = 0.0
    outside: ArrayLike = 0.0


DARK: Final = Source()
INSULATED: Final = Film()
