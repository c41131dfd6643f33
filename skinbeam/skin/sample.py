"""Skins drawn from a distribution, as named arrays.

They are no Dataset of xarray: that library takes half a second to load, and a plan needs nothing else of it.
`SkinSample.to_xarray` makes one for people who look at skins.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["SkinSample"]

Array = NDArray[np.float64]

_UNITS = {
    "thickness_m": "m",
    "vessel_radius_m": "m",
    "mua_per_m": "1/m",
    "mus_per_m": "1/m",
    "density_kg_m3": "kg/m3",
    "heat_capacity_J_kgK": "J/(kg K)",
    "conductivity_W_mK": "W/(m K)",
    "temperature_C": "degC",
    "ita_deg": "degree",
    "vessel_depth_m": "m",
    "lesion_depth_m": "m",
    "vessel_diameter_m": "m",
    "wall_m": "m",
    "melanosome_diameter_m": "m",
    "terminal_follicle_m": "m",
}
_BY_VESSEL = frozenset(("vessel_depth_m", "vessel_diameter_m", "wall_m", "haematocrit", "oxygenation"))


@dataclass(frozen=True, eq=False)
class SkinSample:
    """Drawn skins; `SkinDistribution.sample` lists the arrays.

    Parameters
    ----------
    arrays : by name, each with a leading axis of the draws. `skins["thickness_m"]` reads one.
    layers, materials, tissues : names of each layer, of what it consists of, and of its kind of tissue.
    preset, melanosome : as of `SkinDistribution`.
    vessel_kind : kind of the vessels, "given" or "none".
    numbers : (sample,) number of each draw, which with the seed determines its random numbers.
    typical_m : (layer,) thickness of the layers of the median skin, where the grid of depths follows it.
    """

    arrays: Mapping[str, Array]
    layers: tuple[str, ...]
    materials: tuple[str, ...]
    tissues: tuple[str, ...]
    preset: str
    melanosome: str
    vessel_kind: str
    numbers: NDArray[np.int64]
    typical_m: Array | None = None

    def __getitem__(self, name: str) -> Array:
        return self.arrays[name]

    def __contains__(self, name: str) -> bool:
        return name in self.arrays

    @property
    def count(self) -> int:
        """Number of draws."""
        return len(self.arrays["weight"])

    @property
    def vessel_count(self) -> int:
        """Number of vessels in each draw."""
        return int(self.arrays["vessel_depth_m"].shape[1])

    def select(self, which: "slice | NDArray[np.int64] | NDArray[np.bool_]") -> "SkinSample":
        """Return some of the draws."""
        chosen = {name: array[which] for name, array in self.arrays.items()}
        return replace(self, arrays=chosen, numbers=self.numbers[which])

    def with_arrays(self, **arrays: Array) -> "SkinSample":
        """Return the same draws with some arrays replaced or added."""
        return replace(self, arrays={**self.arrays, **arrays})

    def to_xarray(self) -> "xr.Dataset":
        """Return the draws as a Dataset over `sample`, `layer`, `vessel` and `place`, with units in its attributes."""
        import xarray as xr

        variables = {}
        for name, array in self.arrays.items():
            further = "vessel" if name in _BY_VESSEL else "place" if name == "lesion_depth_m" else "layer"
            dims = ("sample",) if array.ndim == 1 else ("sample", further)
            variables[name] = (dims, array, {"units": _UNITS.get(name, "1")})
        names = {
            "layer": list(self.layers),
            "material": ("layer", list(self.materials)),
            "tissue": ("layer", list(self.tissues)),
        }
        words = {"preset": self.preset, "melanosome": self.melanosome, "vessels": self.vessel_kind}
        return xr.Dataset(variables, names, words)
