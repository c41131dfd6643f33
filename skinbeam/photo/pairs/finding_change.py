"""What became of the marks of a kind in a region, in numbers with their interval and in words."""

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from skinbeam.estimate import Estimate, Unknown, Value
from skinbeam.messages import Message
from skinbeam.photo.face.regions import SITES
from skinbeam.photo.gates import limit
from skinbeam.photo.pairs.light import LightChange
from skinbeam.photo.pairs.places import Place
from skinbeam.photo.pairs.repeated import Repeated

__all__ = ["FindingChange", "finding_changes"]

_BY_SHADE = ("scars", "fine-lines")
_SUREST = 1 - 1e-12  # the rank beyond which a normal law ends here, at seven deviations
_NODES = 200  # of each law: its ends are then good to half a percent of it


@dataclass(frozen=True, kw_only=True)
class FindingChange:
    """What became of the marks of a kind in a region, or why nothing can be said of them.

    Parameters
    ----------
    before, after : how many marks were found in each picture; a mark at the edge of what is found may be in one alone.
    contrast_before, contrast_after : at the same places, in optical density; a margin around each mark counts with it.
    contrast_change : after less before, with what the comparison errs by.
    change_pct : of what the marks themselves add before; never below -100.
    changed : `not-told` where the change does not pass what all comparisons of the pair err by together.
    told : in words.
    """

    kind: str
    region: str
    site: str
    before: int
    after: int
    contrast_before: float | Unknown
    contrast_after: float | Unknown
    contrast_change: Value
    change_pct: Value
    changed: Literal["weaker", "stronger", "not-told"]
    told: Message


def finding_changes(places: tuple[Place, ...], found: Repeated, lit: LightChange) -> tuple[FindingChange, ...]:
    """Return the change at each place."""
    return tuple(_at(place, k, found, lit) for k, place in enumerate(places))


def _at(place: Place, k: int, found: Repeated, lit: LightChange) -> FindingChange:
    before, after, spread = (float(values[k]) for values in (found.before, found.after, found.spread))
    if place.kind in _BY_SHADE and lit.spread_ln > limit("pair", "relief_spread_max"):
        return _unknown(place, Message("photo-pair.relief"))
    if math.isnan(before + after + spread):
        return _unknown(place, Message("photo-pair.little_seen"))
    change, reach, surely = after - before, found.one * spread, found.all_together * spread
    moved = _estimate(change, change - reach, change + reach)
    share = _share(before, after, reach, surely, float(found.uneven[k]))
    changed: Literal["weaker", "stronger", "not-told"] = "not-told"
    if abs(change) > surely:
        changed = "weaker" if change < 0 else "stronger"
    told = _told(changed, share, surely / before if before > surely else None)
    return FindingChange(
        **_of(place),
        contrast_before=before,
        contrast_after=after,
        contrast_change=moved,
        change_pct=share,
        changed=changed,
        told=told,
    )


def _of(place: Place) -> dict[str, Any]:
    site = SITES.get(place.region, place.region)
    return {"kind": place.kind, "region": place.region, "site": site, "before": place.before, "after": place.after}


def _estimate(value: float, low: float, high: float) -> Estimate:
    copies = int(limit("pair", "copies"))
    level = limit("pair", "level")
    return Estimate(value, low, high, level, "measured", copies, ("skinbeam2026photo",))


def _share(before: float, after: float, reach: float, surely: float, uneven: float) -> Value:
    """Return the change as a percentage of what the marks themselves add before.

    What is read holds how skin without the mark would read there, which nobody sees: normal, with the unevenness of
    plain skin as its standard deviation, but not so that a mark would add less than nothing in either picture.
    """
    from scipy.special import ndtr, ndtri  # late: a page without a photograph need not load it

    nothing = Unknown(Message("photo-pair.nothing_before").text)
    if math.isnan(uneven):
        return nothing
    middle = (np.arange(_NODES) + 0.5) / _NODES
    least = -min(before, after)
    sd = max(uneven, 1e-9)
    ranks = np.minimum(ndtr(least / sd) + middle * (1 - ndtr(least / sd)), _SUREST)
    below = np.maximum(sd * ndtri(ranks), least)
    own = before + below
    outside = (1 - limit("pair", "level")) / 2
    if np.quantile(own, outside) <= surely:
        return nothing
    change = after - before + reach / ndtri(1 - outside) * ndtri(middle)
    share = np.maximum(100 * change[:, None] / own, -100.0)
    low, half, high = (float(value) for value in np.quantile(share, (outside, 0.5, 1 - outside)))
    return _estimate(half, low, high)


def _told(changed: str, share: Value, least: float | None) -> Message:
    if changed == "not-told":
        if isinstance(share, Unknown) or least is None:
            return Message("photo-pair.same")
        return Message("photo-pair.same_within", {"percent": math.ceil(100 * least)})
    if isinstance(share, Unknown):
        return Message(f"photo-pair.{changed}")
    # A change that is told lies on one side of nothing, but its share may reach there by rounding.
    sign = -1 if changed == "weaker" else 1
    low, half, high = sorted(max(round(sign * value), 0) for value in (share.low, share.median, share.high))
    return Message(f"photo-pair.{changed}_by", {"percent": half, "low": low, "high": high})


def _unknown(place: Place, why: Message) -> FindingChange:
    no = Unknown(why.text)
    return FindingChange(
        **_of(place),
        contrast_before=no,
        contrast_after=no,
        contrast_change=no,
        change_pct=no,
        changed="not-told",
        told=why,
    )
