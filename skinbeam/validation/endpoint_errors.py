"""How far the model lies from experiments at each endpoint: what thresholds print and plans count as model error."""

import math
from collections.abc import Sequence
from typing import Any

from skinbeam.document import round_significant
from skinbeam.estimate import Unknown
from skinbeam.simulate.model_error import default_factor, least_sources
from skinbeam.validation.origins import origin
from skinbeam.validation.rows import Pose, Row
from skinbeam.validation.verdict import Verdict

__all__ = ["endpoint_errors"]

# Sizes that a simulation gives and experiments measured; temperatures, times and shares have no ratio of their own.
SIZES = ("ablation.", "microlesion.", "damage.")
DIGITS = 3


def endpoint_errors(verdicts: Sequence[Verdict]) -> list[dict[str, Any]]:
    """Return `endpoint`, `sources`, `rows`, `observed`, `unreached`, `geometric_error` and `dependent`; by name.

    Independent rows alone make the error, and each source, a laboratory where it is known, weighs once: of its rows
    the mean of ln(computed / measured) counts. The error is exp of the root mean square of these means, so that a
    bias counts as much as a spread. It is never below the widest tolerance of the rows, and a factor of 2 where fewer
    than five sources stand behind it. What the other rows show, counted alike, stands in `dependent`, where any has a
    ratio, and makes nothing.

    A bound counts where it is broken, by how far. A computed zero has no ratio, and a row that compares two cases
    says nothing of one. A row that no dose reaches counts as the end of the range that was searched, which is the
    least that it can be: `unreached` tells how many there are, left out where there are none, and the error is then a
    lower bound. `observed` is left out where no row has a ratio.
    """
    found: dict[str, list[Verdict]] = {}
    for one in verdicts:
        name = _endpoint(one.row.pose)
        if name is not None and one.verdict != "not-posed":
            found.setdefault(name, []).append(one)
    return [_error(name, found[name]) for name in sorted(found)]


def _endpoint(pose: Pose | None) -> str | None:
    if pose is None or pose.over or pose.less:
        return None
    if pose.threshold is not None:
        return pose.threshold
    size = pose.simulate
    return size if size is not None and size.startswith(SIZES) and size.endswith("_um") else None


def _error(name: str, verdicts: Sequence[Verdict]) -> dict[str, Any]:
    independent = [one for one in verdicts if one.independent]
    observed, record = _observed(independent)
    factor = default_factor()
    if observed is not None and record["sources"] >= least_sources():
        factor = max(observed, *(_floor(one.row) for one in independent))
    record = {"endpoint": name, **record, "geometric_error": round_significant(factor, DIGITS)}
    _, others = _observed([one for one in verdicts if not one.independent])
    return record | ({"dependent": others} if others["rows"] else {})


def _observed(verdicts: Sequence[Verdict]) -> tuple[float | None, dict[str, Any]]:
    """The error about 1 over sources, None where no row has a ratio, and what is told of it."""
    logs: dict[str, list[float]] = {}
    unreached = 0
    for one in verdicts:
        log = _log_ratio(one)
        if log is not None:
            logs.setdefault(origin(one.row.source), []).append(log)
            unreached += one.beyond is not None
    record: dict[str, Any] = {"sources": len(logs), "rows": sum(map(len, logs.values()))}
    if not logs:
        return None, record
    means = [sum(some) / len(some) for some in logs.values()]
    observed = math.exp(math.sqrt(sum(mean * mean for mean in means) / len(means)))
    record["observed"] = round_significant(observed, DIGITS)
    return observed, record | ({"unreached": unreached} if unreached else {})


def _log_ratio(found: Verdict) -> float | None:
    if not isinstance(found.ratio, Unknown):
        return math.log(found.ratio) if found.ratio > 0 else None
    ends = [end for end in found.row.ends if end is not None]
    if found.beyond is not None and found.verdict == "outside":
        # As a ratio would count it, from the middle of what was measured. Beyond the search nothing is known.
        return max(0.0, math.log(found.beyond / math.exp(sum(map(math.log, ends)) / len(ends))))
    if found.row.bound is None or found.verdict != "outside" or isinstance(found.computed, Unknown):
        return None
    return math.log(found.computed.median / ends[0]) if found.computed.median > 0 else None


def _floor(row: Row) -> float:
    """The tolerance of a row as a factor; a range has none of its own."""
    tolerance = row.tolerance
    if tolerance.factor is not None:
        return tolerance.factor
    return 1.0 + tolerance.share if tolerance.share is not None else 1.0
