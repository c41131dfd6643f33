"""Healing times of sampled skins: published times for the kind of laser injury of each draw.

The times of a draw are taken from the distributions of `data/healing.toml` with a single standard normal, so that a
person who heals slowly does so in every respect. Without injury the time is 0. A draw without a published time is
infinite: it makes the summary unknown as soon as it reaches into the interval. Two times are computed and not
published: the closure of epidermis over a coagulated column (`column_closure_h`), and the course of pigment after a
short pulse (`pigment_course`), in animals as well as in people.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skinbeam.laser.device_class import SHALLOW_COLUMNS_FROM_NM
from skinbeam.model.case import Case
from skinbeam.model.conditions import known_modalities, known_sites
from skinbeam.model.errors import NotAvailable
from skinbeam.model.estimate import Unknown, Value
from skinbeam.model.package_data import load_package_table
from skinbeam.model.sources import SourcedValue
from skinbeam.model.units import DAY_S, HOUR_S
from skinbeam.outcome.injury import INJURY_KINDS, NO_INJURY, OTHER_INJURY
from skinbeam.simulate.skins.ensemble import SampledQuantities, summarise_draws, weighted_probability
from skinbeam.skin.draws import value_at_normal
from skinbeam.skin.sample import SkinSample
from skinbeam.skin.tables import read_sourced, tissue_table
from skinbeam.text import render_message

__all__ = [
    "HEALING_TIMES",
    "WOUND_DAYS",
    "HealingSummary",
    "PigmentCourse",
    "closure_sources",
    "column_closure_h",
    "healing_table",
    "pigment_course",
    "record_healing",
    "renewal_sources",
    "summarise_healing",
]

Floats = NDArray[np.float64]

# Coverage, counted without overlap, at which the columns of a square pattern touch: they are as wide as their distance.
_TOUCHING_COVERAGE: Final = math.pi / 4


def column_closure_h(width_um: Floats, coverage_fraction: Floats, slowness: Floats) -> Floats:
    """Return the time in h until live epidermis has closed over a column of coagulated skin, (sample,), (closure 1).

    Keratinocytes move in from the rim of the column. The horny layer over such a column remains, so that the cells move
    as on a moist surface and not below a crust. They start after a lag and meet in the middle,

        t = t_lag + w / (2 v),                                                                   (closure 1)

    with the lag and the speed v of keratinocytes in culture and in suction blisters (`data/closure.toml`). Columns heal
    independently until they touch; the time then depends on their number, and it is inf.

    Parameters
    ----------
    width_um, coverage_fraction : of the columns, (sample,).
    slowness : standard normals (sample,), high in people who heal slowly: their cells start late and move slowly.
    """
    content = load_package_table("data/closure.toml")
    lag_h = value_at_normal(SourcedValue.from_table(content["lag_h"]), slowness)
    speed_um_h = value_at_normal(SourcedValue.from_table(content["speed_um_h"]), -slowness)
    # Inverse of the share of skin under columns at random positions (`physics.removal.microbeam.coverage`).
    laid = -np.log1p(-np.minimum(coverage_fraction, 1 - 1e-12))
    return np.where(laid < _TOUCHING_COVERAGE, lag_h + width_um / (2 * speed_um_h), np.inf)


def closure_sources() -> tuple[str, ...]:
    """Return the sources behind `column_closure_h`."""
    entries = load_package_table("data/closure.toml").values()
    return tuple(dict.fromkeys(key for entry in entries for key in (entry["source"], *entry["also"])))


_RENEWAL_TIMES: Final = ("living_days", "horny_days", "doubling_days")


class PigmentCourse(NamedTuple):
    """Days after the pulse, (sample,), at which the loss of pigment begins and at which the pigment has recovered."""

    loss_days: Floats
    recovery_days: Floats


def pigment_course(skins: SkinSample) -> PigmentCourse:
    """Return the course of pigment after a short pulse broke the melanosomes, from the renewal of the epidermis.

    Cells whose granules broke die in place and are no longer renewed from below. New epidermis without pigment grows
    under them and sheds them as a single sheet once it has made a horny layer of its own, so

        loss begins:  t = T_living,                                                              (pigment course 1)

    the time of a cell from the basal to the granular layer. The remaining share s of melanocytes doubles every T_2
    until there are as many as before; the keratinocytes that they then fill move all the way to the surface,

        pigment is back:  t = T_2 log2(1/s) + T_living + T_horny.                                (pigment course 2)

    The times are those of undisturbed epidermis: injured epidermis may renew itself faster, so both are rather upper
    limits. Marks darker than before are not included.

    Raises
    ------
    NotAvailable : there is no source for the renewal of this kind of skin.
    """
    preset = skins.preset
    if preset not in tissue_table("renewal"):
        raise NotAvailable(render_message("healing.no-renewal", {"preset": preset}))
    renewal = tissue_table("renewal")[preset]
    living, horny = (
        value_at_normal(read_sourced(renewal[name]), skins["healing_shift"]) for name in ("living_days", "horny_days")
    )
    doubling = value_at_normal(read_sourced(renewal["doubling_days"]), skins["melanocyte_doubling_shift"])
    left = value_at_normal(
        read_sourced(tissue_table("renewal")["melanocytes"]["left"]), skins["melanocytes_left_shift"]
    )
    # At most as many melanocytes as before remain, even if the drawn share is greater.
    doublings = np.log2(1 / np.minimum(left, 1.0))
    return PigmentCourse(living, doubling * doublings + living + horny)


def renewal_sources(preset: str) -> tuple[str, ...]:
    """Return the sources behind `pigment_course` for a kind of skin."""
    renewal = tissue_table("renewal")
    entries = [*(renewal[preset][name] for name in _RENEWAL_TIMES), renewal["melanocytes"]["left"]]
    return tuple(dict.fromkeys(entry["source"] for entry in entries))


_CLOSURE_TIME: Final = "reepithelialisation_h"
_PIGMENT_TIMES: Final = ("pigment_loss_days", "pigment_recovery_days")
HEALING_TIMES: Final = (_CLOSURE_TIME, "erythema_days", "oedema_days", "downtime_days", *_PIGMENT_TIMES)
WOUND_DAYS: Final = (1, 3, 7, 14, 28)
# After coagulation of vessels below an intact epidermis there is no wound to close and no pigment to recover.
_TIMES_THAT_DO_NOT_APPLY: Final[Mapping[str, tuple[str, ...]]] = {"vascular": (_CLOSURE_TIME, *_PIGMENT_TIMES)}
_PIGMENT_MODALITY: Final = "pigment-short-pulse"
_COLUMN_MODALITY: Final = "non-ablative-fractional"
# The part of the field that is an open wound at first: all, the craters, none.
_OPEN_WOUND_KINDS: Final[Mapping[str, str]] = {
    NO_INJURY: "none",
    "ablative": "all",
    "fractional-ablative": "craters",
    "non-ablative-fractional": "none",
    "vascular": "none",
}


def healing_table() -> Mapping[str, Mapping[str, Any]]:
    """Return `data/healing.toml`: a mapping of modality to quantity to the table of a literature number."""
    return load_package_table("data/healing.toml")


def record_healing(quantities: SampledQuantities, skins: SkinSample, wavelength_nm: float | None) -> None:
    """Store the times of every draw under `healing.NAME`, (sample,), inf if no time is published.

    `quantities` must have `injury.kind`; if that is unknown, so are the times.

    Parameters
    ----------
    wavelength_nm : of the light; None without any.
    """
    is_shallow = wavelength_nm is not None and wavelength_nm > SHALLOW_COLUMNS_FROM_NM
    kinds = quantities["injury.kind"]
    for name in HEALING_TIMES:
        if isinstance(kinds, Unknown):
            quantities[f"healing.{name}"] = kinds
            continue
        times = np.full(kinds.size, np.inf)
        for index, kind in enumerate(INJURY_KINDS):
            here = kinds == index
            if kind == NO_INJURY or name in _TIMES_THAT_DO_NOT_APPLY.get(kind, ()):
                times[here] = 0.0
            elif here.any() and (known := _published_time(kind, name, is_shallow=is_shallow)) is not None:
                times[here] = value_at_normal(SourcedValue.from_table(known), skins["healing_shift"])[here]
        quantities[f"healing.{name}"] = times
    if not isinstance(kinds, Unknown):
        _record_closure(quantities, skins, kinds == INJURY_KINDS.index(_COLUMN_MODALITY))
        _record_pigment(quantities, skins, kinds == INJURY_KINDS.index(_PIGMENT_MODALITY))


def _published_time(kind: str, name: str, *, is_shallow: bool) -> Mapping[str, Any] | None:
    """Return the table of a time, of shallow columns their own where they have one; None where none is published."""
    times = healing_table().get(kind, {})
    own = times.get(f"shallow_{name}") if is_shallow else None
    return own or times.get(name)


def _record_closure(quantities: SampledQuantities, skins: SkinSample, columns: NDArray[np.bool_]) -> None:
    if not columns.any():
        return
    width, cover, known = (
        quantities[name]
        for name in ("microlesion.width_um", "microlesion.coverage_fraction", f"healing.{_CLOSURE_TIME}")
    )
    assert not isinstance(width, Unknown)  # a column has one
    assert not isinstance(cover, Unknown)
    assert not isinstance(known, Unknown)  # the kinds are known
    hours = column_closure_h(width, cover, skins["healing_shift"])
    quantities[f"healing.{_CLOSURE_TIME}"] = np.where(columns, hours, known)


def _record_pigment(quantities: SampledQuantities, skins: SkinSample, broken: NDArray[np.bool_]) -> None:
    if not broken.any():
        return
    try:
        course = pigment_course(skins)
    except NotAvailable as error:
        quantities.update(dict.fromkeys((f"healing.{name}" for name in _PIGMENT_TIMES), Unknown(error.reason)))
        return
    for name, days in zip(_PIGMENT_TIMES, course, strict=True):
        known = quantities[f"healing.{name}"]
        assert not isinstance(known, Unknown)  # the kinds are known
        quantities[f"healing.{name}"] = np.where(broken, days, known)


@dataclass(frozen=True)
class HealingSummary:
    """Times of healing of such skins, and the open share of the field by day; 0 without an injury."""

    reepithelialisation_h: Value
    erythema_days: Value
    oedema_days: Value
    downtime_days: Value
    pigment_loss_days: Value
    pigment_recovery_days: Value
    wound_open_fraction: Mapping[str, Value] | Unknown

    @staticmethod
    def unknown(reason: Unknown) -> "HealingSummary":
        """Return a summary with every field unknown."""
        return HealingSummary(**dict.fromkeys(HEALING_TIMES, reason), wound_open_fraction=reason)


def summarise_healing(
    quantities: SampledQuantities, weights: Floats, case: Case, basis: Sequence[str]
) -> HealingSummary:
    """Return the times of healing of such skins; `basis` are the sources of simulated, not published, times."""
    kinds = quantities["injury.kind"]
    if isinstance(kinds, Unknown):
        return HealingSummary.unknown(kinds)
    counted = {kind: float(weights[kinds == index].sum()) for index, kind in enumerate(INJURY_KINDS)}
    met = [kind for kind, weight in counted.items() if weight > 0]
    other_people = _population_mismatch(met, case)
    values: dict[str, Value] = {}
    for name in HEALING_TIMES:
        times = quantities[f"healing.{name}"]
        own_course = name in _PIGMENT_TIMES and _PIGMENT_MODALITY in met
        if isinstance(times, Unknown):
            values[name] = times
            continue
        if other_people is not None and not own_course:
            values[name] = other_people
            continue
        values[name] = summarise_draws(times, weights, _healing_sources(met, name, case) or basis)
        if isinstance(values[name], Unknown):
            untold = [kind for kind in met if np.isinf(times[kinds == INJURY_KINDS.index(kind)]).any()]
            values[name] = _no_published_time(max(untold, key=counted.__getitem__), name)
    opened = _open_wound_fraction(quantities, weights, met, values[_CLOSURE_TIME], basis)
    return HealingSummary(**values, wound_open_fraction=opened)


def _population_mismatch(met: Sequence[str], case: Case) -> Unknown | None:
    """Return why published times do not apply to this skin, or None."""
    if list(met) == [NO_INJURY]:
        return None
    skin = case.skin
    if skin is not None and skin.preset not in (None, "human"):
        return Unknown(render_message("healing.no-person", {"preset": skin.preset}))
    site = skin.site if skin is not None else None
    on_face = site is None or not known_sites()[site].off_face
    if not on_face and any(healing_table().get(kind, {}).get("face_only", False) for kind in met):
        return Unknown(render_message("healing.face-only", {"site": site}))
    return None


def _no_published_time(kind: str, name: str) -> Unknown:
    if (kind, name) == (_COLUMN_MODALITY, _CLOSURE_TIME):
        return Unknown(render_message("healing.columns-touch"))
    if kind == OTHER_INJURY:
        return Unknown(render_message("healing.other-injury"))
    return Unknown(render_message("healing.not-published", {"modality": known_modalities()[kind].title}))


def _healing_sources(met: Sequence[str], name: str, case: Case) -> tuple[str, ...]:
    if name in _PIGMENT_TIMES:
        preset = case.skin.preset if case.skin is not None else None
        return renewal_sources(preset or "human") if _PIGMENT_MODALITY in met else ()
    entries = [healing_table()[kind][name] for kind in met if name in healing_table().get(kind, {})]
    keys = [key for entry in entries for key in (entry["source"], *entry.get("also", ()))]
    closed = closure_sources() if name == _CLOSURE_TIME and _COLUMN_MODALITY in met else ()
    return tuple(dict.fromkeys((*closed, *keys)))


def _open_wound_fraction(
    quantities: SampledQuantities, weights: Floats, met: Sequence[str], closing: Value, basis: Sequence[str]
) -> Mapping[str, Value] | Unknown:
    """Return the share of the field that is an open wound on each day: the share of such skins that have not closed yet
    times the opened part of each.
    """
    opened = {_OPEN_WOUND_KINDS.get(kind) for kind in met}
    if opened == {"none"}:
        return {str(day): summarise_draws(np.zeros(weights.size), weights, basis) for day in WOUND_DAYS}
    if isinstance(closing, Unknown):
        return closing
    if None in opened:
        return Unknown(render_message("healing.no-wound"))
    kinds, hours = quantities["injury.kind"], quantities[f"healing.{_CLOSURE_TIME}"]
    assert not isinstance(kinds, Unknown)  # or the time would be unknown
    assert not isinstance(hours, Unknown)
    cover = np.ones(weights.size)
    craters = kinds == INJURY_KINDS.index("fractional-ablative")
    if craters.any():
        columns = quantities["microlesion.coverage_fraction"]
        assert not isinstance(columns, Unknown)  # a crater has one
        cover = np.where(craters, columns, cover)
    wound = np.isin(kinds, [INJURY_KINDS.index(kind) for kind in met if _OPEN_WOUND_KINDS[kind] != "none"])
    share = float((cover * wound * weights).sum() / (wound * weights).sum())
    return {
        str(day): weighted_probability(wound & (hours * HOUR_S > day * DAY_S), weights, closing.basis).scaled(share)
        for day in WOUND_DAYS
    }
