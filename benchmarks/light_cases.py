"""The cases of the light benchmark. Lengths in cm, coefficients in 1/cm, fractions of the incident light.

Plain Python, because the driver of the peers runs where skinbeam is not installed.
"""

from dataclasses import dataclass, replace
from types import MappingProxyType

__all__ = ["LAYERED", "VESSEL", "Layered", "Tissue", "Vessel"]


@dataclass(frozen=True)
class Tissue:
    """What fills a layer or a shape, `thickness` for layers only."""

    name: str
    mua: float
    mus: float
    g: float
    n: float
    thickness: float = 0.0


@dataclass(frozen=True)
class Layered:
    """Plane layers under a pencil beam, air above and below; absorption is tallied by depth and radius."""

    title: str
    layers: tuple[Tissue, ...]
    bin: float
    rings: int
    depths: int


@dataclass(frozen=True)
class Vessel:
    """A cube with a blood cylinder along y, everything matched to the outside, faces open, a flat beam on its top.

    Parameters
    ----------
    layers : from the top; the last fills the rest.
    depth : of the axis of the cylinder, under the middle of the top face.
    voxels : along an edge, for codes that work in voxels.
    """

    title: str
    edge: float
    layers: tuple[Tissue, ...]
    blood: Tissue
    radius: float
    depth: float
    beam_radius: float
    voxels: int


_SKIN = Layered(
    "three layers of skin, n 1.4, air above and below",
    (
        Tissue("epidermis", 20.0, 300.0, 0.80, 1.4, 0.006),
        Tissue("dermis", 1.5, 200.0, 0.82, 1.4, 0.2),
        Tissue("fat", 1.0, 150.0, 0.85, 1.4, 0.5),
    ),
    bin=2e-3,
    rings=200,
    depths=360,
)

LAYERED = MappingProxyType(
    {
        "A": Layered("one slab, no surfaces", (Tissue("slab", 10.0, 90.0, 0.75, 1.0, 0.02),), 2e-4, 100, 100),
        "B": _SKIN,
        "B1": replace(
            _SKIN,
            title="the layers of B without surfaces",
            layers=tuple(replace(layer, n=1.0) for layer in _SKIN.layers),
        ),
    }
)

VESSEL = Vessel(
    "vessel cube",
    edge=0.1,
    layers=(
        Tissue("gel", 0.00036, 10.0, 1.0, 1.3, 0.01),
        Tissue("epidermis", 16.6, 376.0, 0.9, 1.3, 0.006),
        Tissue("dermis", 0.459, 357.0, 0.9, 1.3),
    ),
    blood=Tissue("blood", 231.0, 94.0, 0.9, 1.3),
    radius=0.01,
    depth=0.05,  # 0.04 under the skin surface, which lies under 0.01 of gel
    beam_radius=0.03,
    voxels=100,
)
