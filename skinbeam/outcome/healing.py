"""How long sampled skins take to heal: published times of the kind of laser that each pulse turned out to be.

A draw takes its times from the distributions of `data/healing.toml` by one standard normal, so that who heals slowly
does so in every respect. Where nothing was hurt the time is 0. A draw whose time nobody published has no end: it makes
the summary unknown as soon as it reaches into the interval. Two are no published times: epidermis closes over a
coagulated column as its cells move (`outcome.closure`), and the course of pigment after a short pulse follows from the
renewal of the epidermis (`outcome.pigment`), of animals as well as of people.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from skinbeam.errors import NotAvailable
from skinbeam.estimate import Unknown, Value
from skinbeam.messages import text
from skinbeam.outcome.closure import closure_sources, column_closure_h
from skinbeam.outcome.injury import INJURIES, NOTHING, OTHER
from skinbeam.outcome.pigment import pigment_course, renewal_sources
from skinbeam.schema.case import Case
from skinbeam.schema.names import table
from skinbeam.shipped import shipped_table
from skinbeam.simulate.skins.ensemble import probability, summarise
from skinbeam.simulate.skins.observed import Observed
from skinbeam.skin.spread import spread_at
from skinbeam.sources import Sourced
from skinbeam.units import DAY_S, HOUR_S

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["TIMES", "WOUND_DAYS", "enter_healing", "healing_group", "published"]

Floats = NDArray[np.float64]

_CLOSED: Final = "reepithelialisation_h"
_PIGMENT: Final = ("pigment_loss_days", "pigment_recovery_days")
TIMES: Final = (_CLOSED, "erythema_days", "oedema_days", "downtime_days", *_PIGMENT)
WOUND_DAYS: Final = (1, 3, 7, 14, 28)
# Light that coagulates vessels below a whole epidermis leaves nothing to close and no pigment to come back.
_ZERO: Final[Mapping[str, tuple[str, ...]]] = {"vascular": (_CLOSED, *_PIGMENT)}
_BROKEN: Final = "pigment-short-pulse"
_COLUMNS: Final = "non-ablative-fractional"
# How much of the field lies open at first: all, the craters, nothing.
_OPEN: Final[Mapping[str, str]] = {
    NOTHING: "none",
    "ablative": "all",
    "fractional-ablative": "craters",
    "non-ablative-fractional": "none",
    "vascular": "none",
}


def published() -> Mapping[str, Mapping[str, Any]]:
    """Return the content of `data/healing.toml`: modality → quantity → table of a literature number."""
    return shipped_table("data/healing.toml")


def enter_healing(seen: Observed, skins: "xr.Dataset") -> None:
    """Enter the times of every draw under `healing.NAME`, (sample,), inf where nobody published one.

    `injury.kind` stands in `seen`; where it is unknown, so are the times.
    """
    kinds = seen["injury.kind"]
    for name in TIMES:
        if isinstance(kinds, Unknown):
            seen[f"healing.{name}"] = kinds
            continue
        times = np.full(kinds.size, np.inf)
        for index, kind in enumerate(INJURIES):
            here = kinds == index
            if kind == NOTHING or name in _ZERO.get(kind, ()):
                times[here] = 0.0
            elif here.any() and (known := published().get(kind, {}).get(name)) is not None:
                times[here] = spread_at(Sourced.from_table(known), skins["healing_shift"])[here]
        seen[f"healing.{name}"] = times
    if not isinstance(kinds, Unknown):
        _enter_closure(seen, skins, kinds == INJURIES.index(_COLUMNS))
        _enter_pigment(seen, skins, kinds == INJURIES.index(_BROKEN))


def _enter_closure(seen: Observed, skins: "xr.Dataset", columns: NDArray[np.bool_]) -> None:
    if not columns.any():
        return
    width, cover, known = (
        seen[name] for name in ("microlesion.width_um", "microlesion.coverage_fraction", f"healing.{_CLOSED}")
    )
    assert not isinstance(width, Unknown)  # a column has one
    assert not isinstance(cover, Unknown)
    assert not isinstance(known, Unknown)  # the kinds are known
    hours = column_closure_h(width, cover, np.asarray(skins["healing_shift"].values, dtype=np.float64))
    seen[f"healing.{_CLOSED}"] = np.where(columns, hours, known)


def _enter_pigment(seen: Observed, skins: "xr.Dataset", broken: NDArray[np.bool_]) -> None:
    if not broken.any():
        return
    try:
        course = pigment_course(skins)
    except NotAvailable as error:
        seen.update(dict.fromkeys((f"healing.{name}" for name in _PIGMENT), Unknown(error.reason)))
        return
    for name, days in zip(_PIGMENT, course, strict=True):
        known = seen[f"healing.{name}"]
        assert not isinstance(known, Unknown)  # the kinds are known
        seen[f"healing.{name}"] = np.where(broken, days, known)


def healing_group(seen: Observed, weights: Floats, case: Case, basis: Sequence[str]) -> dict[str, Any]:
    """Return the group `healing` of the document; `basis` stands behind what was simulated and not published."""
    kinds = seen["injury.kind"]
    if isinstance(kinds, Unknown):
        return dict.fromkeys((*TIMES, "wound_open_fraction"), kinds)
    counted = {kind: float(weights[kinds == index].sum()) for index, kind in enumerate(INJURIES)}
    met = [kind for kind, weight in counted.items() if weight > 0]
    other_people = _other_people(met, case)
    found: dict[str, Any] = {}
    for name in TIMES:
        times = seen[f"healing.{name}"]
        own_course = name in _PIGMENT and _BROKEN in met
        if isinstance(times, Unknown) or (other_people and not own_course):
            found[name] = times if isinstance(times, Unknown) else other_people
            continue
        found[name] = summarise(times, weights, _sources(met, name, case) or basis)
        if isinstance(found[name], Unknown):
            untold = [kind for kind in met if np.isinf(times[kinds == INJURIES.index(kind)]).any()]
            found[name] = _nobody_published(max(untold, key=counted.__getitem__), name)
    found["wound_open_fraction"] = _open(seen, weights, met, found[_CLOSED], basis)
    return found


def _other_people(met: Sequence[str], case: Case) -> Unknown | None:
    """Why published times do not hold for this skin, or None."""
    if list(met) == [NOTHING]:
        return None
    skin = case.skin
    if skin is not None and skin.preset not in (None, "human"):
        return Unknown(text("healing.no-person", {"preset": skin.preset}))
    site = skin.site if skin is not None else None
    on_face = site is None or not table("site")[site].get("off_face", True)
    if not on_face and any(published().get(kind, {}).get("face_only", False) for kind in met):
        return Unknown(text("healing.face-only", {"site": site}))
    return None


def _nobody_published(kind: str, name: str) -> Unknown:
    if (kind, name) == (_COLUMNS, _CLOSED):
        return Unknown(text("healing.columns-touch"))
    if kind == OTHER:
        return Unknown(text("healing.other-injury"))
    return Unknown(text("healing.not-published", {"modality": str(table("modality")[kind]["title"])}))


def _sources(met: Sequence[str], name: str, case: Case) -> tuple[str, ...]:
    if name in _PIGMENT:
        preset = case.skin.preset if case.skin is not None else None
        return renewal_sources(preset or "human") if _BROKEN in met else ()
    entries = [published()[kind][name] for kind in met if name in published().get(kind, {})]
    keys = [key for entry in entries for key in (entry["source"], *entry.get("also", ()))]
    closed = closure_sources() if name == _CLOSED and _COLUMNS in met else ()
    return tuple(dict.fromkeys((*closed, *keys)))


def _open(seen: Observed, weights: Floats, met: Sequence[str], closing: Value, basis: Sequence[str]) -> Any:
    """Share of the field that lies open on a day: of such skins not yet closed, times what was opened of each."""
    opened = {_OPEN.get(kind) for kind in met}
    if opened == {"none"}:
        return {str(day): summarise(np.zeros(weights.size), weights, basis) for day in WOUND_DAYS}
    if isinstance(closing, Unknown):
        return closing
    if None in opened:
        return Unknown(text("healing.no-wound"))
    kinds, hours = seen["injury.kind"], seen[f"healing.{_CLOSED}"]
    assert not isinstance(kinds, Unknown)  # or the time would be unknown
    assert not isinstance(hours, Unknown)
    cover = np.ones(weights.size)
    craters = kinds == INJURIES.index("fractional-ablative")
    if craters.any():
        columns = seen["microlesion.coverage_fraction"]
        assert not isinstance(columns, Unknown)  # a crater has one
        cover = np.where(craters, columns, cover)
    wound = np.isin(kinds, [INJURIES.index(kind) for kind in met if _OPEN[kind] != "none"])
    share = float((cover * wound * weights).sum() / (wound * weights).sum())
    return {
        str(day): probability(wound & (hours * HOUR_S > day * DAY_S), weights, closing.basis).scaled(share)
        for day in WOUND_DAYS
    }
