"""What kind of laser a pulse was, by what it did to each sampled skin: whose published course of healing applies.

Skin removed over the field, columns removed or coagulated, melanosomes broken, a pigment spot heated, vessels
coagulated; nothing; or something whose healing nobody published for lasers, such as a burn or too deep a wound.
"""

import math
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from skinbeam.estimate import Unknown
from skinbeam.outcome.burn import burnt_in, is_short
from skinbeam.simulate.pulse.places import depth_through_epidermis, layers_of
from skinbeam.simulate.scene import Scene
from skinbeam.simulate.skins.observed import Observed
from skinbeam.skin.layers import EPIDERMIS, RETICULAR_DERMIS
from skinbeam.units import UM

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["INJURIES", "NOTHING", "OTHER", "enter_injury"]

Floats = NDArray[np.float64]

NOTHING: Final = "none"
OTHER: Final = "other"
INJURIES: Final = (
    NOTHING,
    "ablative",
    "fractional-ablative",
    "non-ablative-fractional",
    "pigment-short-pulse",
    "pigment-long-pulse",
    "vascular",
    OTHER,
)
# The outermost contour of damage that is looked at: below it less than a tenth of the cells die.
DEAD: Final = 1 - math.exp(-0.1)
PIGMENT_SPOTS: Final = ("lentigo", "freckle", "naevus-of-ota")
# Full-field healing was watched where the epidermis had gone and the deeper dermis, which holds the glands and
# follicles that new epidermis grows from, had stayed.
_STAYS: Final = RETICULAR_DERMIS


def enter_injury(seen: Observed, scene: Scene, skins: "xr.Dataset") -> None:
    """Enter `injury.kind`, (sample,) places in `INJURIES`, or why it is unknown."""
    columns = scene.beam is not None and scene.beam.microbeam is not None
    seen["injury.kind"] = _columns(seen) if columns else _field(seen, scene, skins)


def _columns(seen: Observed) -> Floats | Unknown:
    crater, depth = seen["microlesion.ablation_depth_um"], seen["microlesion.depth_um"]
    if isinstance(crater, Unknown) or isinstance(depth, Unknown):
        return crater if isinstance(crater, Unknown) else depth
    return _first((crater > 0, "fractional-ablative"), (depth > 0, "non-ablative-fractional"))


def _field(seen: Observed, scene: Scene, skins: "xr.Dataset") -> Floats | Unknown:
    names = ("ablation.depth_um", "damage.epidermis_fraction", "damage.coagulation_depth_um")
    known: list[Floats] = []
    for name in names:
        value = seen[name]
        if isinstance(value, Unknown):
            return value
        known.append(value)
    removed, dead, coagulated = known
    burnt = burnt_in(seen, scene, skins)
    burnt = dead > DEAD if burnt is None else burnt
    spot = any(lesion.kind in PIGMENT_SPOTS for lesion in scene.loaded.case.lesion)
    return _first(
        ((removed > 0) & _grows_back(skins, coagulated * UM), "ablative"),
        (removed > 0, OTHER),
        (_broken(seen, removed.size) & is_short(scene.beam), "pigment-short-pulse"),
        (burnt, "pigment-long-pulse" if spot else OTHER),
        (_vessels_hit(seen, removed.size), "vascular"),
        (coagulated > 0, OTHER),
    )


def _first(*kinds: tuple[NDArray[np.bool_], str]) -> Floats:
    """Place in `INJURIES` of the first kind that holds of each draw, else of nothing."""
    places = [float(INJURIES.index(kind)) for _, kind in kinds]
    return np.asarray(np.select([holds for holds, _ in kinds], places, float(INJURIES.index(NOTHING))))


def _broken(seen: Observed, draws: int) -> NDArray[np.bool_]:
    broken = seen["damage.p_melanosome_disrupted"]
    return np.zeros(draws, dtype=np.bool_) if isinstance(broken, Unknown) else np.nan_to_num(broken) > 0.5


def _vessels_hit(seen: Observed, draws: int) -> NDArray[np.bool_]:
    """Whether any vessel of a draw is coagulated or has a damaged wall."""
    hit = np.zeros(draws, dtype=np.bool_)
    for name in ("vessels.coagulated_fraction", "vessels.wall_damaged_fraction"):
        share = seen.get(name)
        if share is not None and not isinstance(share, Unknown):
            hit |= (np.nan_to_num(share) > DEAD).any(axis=1)
    return hit


def _grows_back(skins: "xr.Dataset", injury_m: Floats) -> NDArray[np.bool_]:
    """Whether the epidermis has gone and the deeper dermis has stayed; without such layers nobody knows."""
    stays = np.flatnonzero(skins["layer"].values == _STAYS)
    if stays.size == 0 or layers_of(skins, EPIDERMIS).size == 0:
        return np.zeros(injury_m.size, dtype=np.bool_)
    stayed = np.asarray(skins["thickness_m"].values, dtype=np.float64)[:, : stays[0]].sum(axis=1)
    return np.asarray((injury_m >= depth_through_epidermis(skins)) & (injury_m <= stayed))
