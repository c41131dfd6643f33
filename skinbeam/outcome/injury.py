"""Kind of injury of a pulse in each sampled skin, and how often it leads to lasting harm.

Kinds are: skin removed over the field, columns removed or coagulated, melanosomes broken, a pigment spot heated,
vessels coagulated, no injury, or an injury without published healing after lasers, such as a burn or too deep a wound.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from skinbeam.model.case import Case, forms_raised_scars
from skinbeam.model.estimate import Unknown, Value
from skinbeam.model.units import UM
from skinbeam.outcome.burn import burnt_draws, is_short_pulse
from skinbeam.outcome.dose_error import non_human_preset
from skinbeam.simulate.pulse.locations import epidermis_bottom_m, tissue_layer_indices
from skinbeam.simulate.scene import PulseScene
from skinbeam.simulate.skins.ensemble import INTERVAL_LEVEL, SampledQuantities, summarise_draws
from skinbeam.skin.layers import EPIDERMIS, RETICULAR_DERMIS
from skinbeam.skin.sample import SkinSample
from skinbeam.text import render_message

__all__ = [
    "HARM_OUTCOMES",
    "INJURY_KINDS",
    "NO_INJURY",
    "OTHER_INJURY",
    "HarmCounter",
    "HarmProbabilities",
    "record_injury",
    "summarise_harm",
]

Floats = NDArray[np.float64]

NO_INJURY: Final = "none"
OTHER_INJURY: Final = "other"
INJURY_KINDS: Final = (
    NO_INJURY,
    "ablative",
    "fractional-ablative",
    "non-ablative-fractional",
    "pigment-short-pulse",
    "pigment-long-pulse",
    "vascular",
    OTHER_INJURY,
)
# Outermost contour of damage that counts as an injury: below it less than a tenth of the cells die.
DEAD_FRACTION: Final = 1 - math.exp(-0.1)
PIGMENT_SPOTS: Final = ("lentigo", "freckle", "naevus-of-ota")
# Full-field healing was observed after removal of the epidermis while the deeper dermis remained, which contains the
# glands and follicles from which new epidermis grows.
_REMAINING_LAYER: Final = RETICULAR_DERMIS


def record_injury(quantities: SampledQuantities, scene: PulseScene, skins: SkinSample) -> None:
    """Store `injury.kind`, the index of each draw in `INJURY_KINDS`, (sample,), or why it is unknown."""
    columns = scene.beam is not None and scene.beam.microbeam is not None
    quantities["injury.kind"] = _column_injury(quantities) if columns else _field_injury(quantities, scene, skins)


def _column_injury(quantities: SampledQuantities) -> Floats | Unknown:
    crater, depth = quantities["microlesion.ablation_depth_um"], quantities["microlesion.depth_um"]
    if isinstance(crater, Unknown) or isinstance(depth, Unknown):
        return crater if isinstance(crater, Unknown) else depth
    return _first_matching_kind((crater > 0, "fractional-ablative"), (depth > 0, "non-ablative-fractional"))


def _field_injury(quantities: SampledQuantities, scene: PulseScene, skins: SkinSample) -> Floats | Unknown:
    names = ("ablation.depth_um", "damage.epidermis_fraction", "damage.coagulation_depth_um")
    known: list[Floats] = []
    for name in names:
        value = quantities[name]
        if isinstance(value, Unknown):
            return value
        known.append(value)
    removed, dead, coagulated = known
    burnt = burnt_draws(quantities, scene, skins)
    burnt = dead > DEAD_FRACTION if burnt is None else burnt
    spot = any(lesion.kind in PIGMENT_SPOTS for lesion in scene.loaded_case.case.lesion)
    return _first_matching_kind(
        ((removed > 0) & _epidermis_regrows(skins, coagulated * UM), "ablative"),
        (removed > 0, OTHER_INJURY),
        (_pigment_broken(quantities, removed.size) & is_short_pulse(scene.beam), "pigment-short-pulse"),
        (burnt, "pigment-long-pulse" if spot else OTHER_INJURY),
        (_vessels_injured(quantities, removed.size), "vascular"),
        (coagulated > 0, OTHER_INJURY),
    )


def _first_matching_kind(*kinds: tuple[NDArray[np.bool_], str]) -> Floats:
    """Return the index in `INJURY_KINDS` of the first kind that applies to each draw, else of no injury."""
    places = [float(INJURY_KINDS.index(kind)) for _, kind in kinds]
    return np.asarray(np.select([holds for holds, _ in kinds], places, float(INJURY_KINDS.index(NO_INJURY))))


def _pigment_broken(quantities: SampledQuantities, draws: int) -> NDArray[np.bool_]:
    broken = quantities["damage.p_melanosome_disrupted"]
    return np.zeros(draws, dtype=np.bool_) if isinstance(broken, Unknown) else np.nan_to_num(broken) > 0.5


def _vessels_injured(quantities: SampledQuantities, draws: int) -> NDArray[np.bool_]:
    """Return whether any vessel of a draw is coagulated or has a damaged wall."""
    hit = np.zeros(draws, dtype=np.bool_)
    for name in ("vessels.coagulated_fraction", "vessels.wall_damaged_fraction"):
        share = quantities.get(name)
        if share is not None and not isinstance(share, Unknown):
            hit |= (np.nan_to_num(share) > DEAD_FRACTION).any(axis=1)
    return hit


def _epidermis_regrows(skins: SkinSample, injury_m: Floats) -> NDArray[np.bool_]:
    """Return whether the epidermis is removed and the deeper dermis remains; False if the skin lacks these layers."""
    stays = np.flatnonzero(np.array(skins.layers) == _REMAINING_LAYER)
    if stays.size == 0 or tissue_layer_indices(skins, EPIDERMIS).size == 0:
        return np.zeros(injury_m.size, dtype=np.bool_)
    stayed = skins["thickness_m"][:, : stays[0]].sum(axis=1)
    return np.asarray((injury_m >= epidermis_bottom_m(skins)) & (injury_m <= stayed))


HarmCounter = Callable[
    [str, str, Case], Value
]  # outcome and modality, as the evidence names them, and the case → share

HARM_OUTCOMES: Final[Mapping[str, str]] = {"p_pih": "pih", "p_hypopigmentation": "hypopigmentation", "p_scar": "scar"}


@dataclass(frozen=True)
class HarmProbabilities:
    """Probabilities of harm by a pulse: of a burn, as simulated, and of lasting harm, as trials counted it."""

    p_burn: Value
    p_pih: Value
    p_hypopigmentation: Value
    p_scar: Value


def summarise_harm(
    p_burn: Value,
    quantities: SampledQuantities,
    weights: Floats,
    case: Case,
    basis: Sequence[str],
    harm_share: HarmCounter,
) -> HarmProbabilities:
    """Return the probability of a burn with the shares of lasting harm that trials counted after this kind of laser.

    No source relates dose to pigment change or scars, so a share does not grow with the damage of a draw; it is
    proportional to the share of such skins that are injured at all. Without injury it is 0, except for scars of people
    who form raised scars: slight injury may be enough for these, and trials did not count it.

    Parameters
    ----------
    basis : source keys of the simulation.
    harm_share : returns the share of people with a harm in trials.
    """
    return HarmProbabilities(p_burn, **_lasting_harm(quantities, weights, case, basis, harm_share))


def _lasting_harm(
    quantities: SampledQuantities, weights: Floats, case: Case, basis: Sequence[str], harm_share: HarmCounter
) -> dict[str, Value]:
    kinds = quantities["injury.kind"]
    if isinstance(kinds, Unknown):
        return dict.fromkeys(HARM_OUTCOMES, kinds)
    total = weights.sum()
    shares = {kind: float(weights[kinds == index].sum() / total) for index, kind in enumerate(INJURY_KINDS)}
    hurt = 1.0 - shares[NO_INJURY]
    if not hurt > 0.0:
        none = dict.fromkeys(HARM_OUTCOMES, summarise_draws(np.zeros(weights.size), weights, basis))
        return none | ({"p_scar": Unknown(render_message("harm.raised-scars"))} if forms_raised_scars(case) else {})
    if (preset := non_human_preset(case)) is not None:
        return dict.fromkeys(HARM_OUTCOMES, Unknown(render_message("harm.no-person", {"preset": preset})))
    if shares[OTHER_INJURY] > (1 - INTERVAL_LEVEL) / 2:
        return dict.fromkeys(HARM_OUTCOMES, Unknown(render_message("harm.other-injury")))
    modality = max((kind for kind in INJURY_KINDS if kind not in (NO_INJURY, OTHER_INJURY)), key=shares.__getitem__)
    harms = {name: harm_share(outcome, modality, case) for name, outcome in HARM_OUTCOMES.items()}
    return {name: value if isinstance(value, Unknown) else value.scaled(hurt) for name, value in harms.items()}
