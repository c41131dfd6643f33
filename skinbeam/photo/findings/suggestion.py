"""What findings suggest to be treated: a concern for each condition and site, with what was seen as its reason."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from skinbeam.estimate import Estimate, Unknown
from skinbeam.messages import Message
from skinbeam.photo.findings.finding import Finding
from skinbeam.photo.gates import limit
from skinbeam.schema.names import table

__all__ = ["Suggestion", "seen_at", "suggested"]

_SEVERITIES = ("mild", "moderate", "severe")


@dataclass(frozen=True)
class Suggestion:
    """A concern that a photograph suggests; nobody has examined the skin, and a clinician keeps or dismisses it.

    Parameters
    ----------
    condition, site : of the case file.
    severity : by a published scale; None where there is none.
    seen : what was found there, one message a region.
    """

    condition: str
    site: str
    severity: str | None
    seen: tuple[Message, ...]

    def as_record(self) -> dict[str, Any]:
        """Return the JSON shape; without a severity there is no such key."""
        record = {"condition": self.condition, "site": self.site, "seen": [one.english for one in self.seen]}
        return record if self.severity is None else {**record, "severity": self.severity}


def suggested(findings: Sequence[Finding]) -> tuple[Suggestion, ...]:
    """Return the concerns that findings suggest, those of most findings first; weak findings suggest none."""
    strong: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        if finding.told is not None and finding.region != "full-face" and finding.kind != "pores":
            strong.setdefault((finding.suggests, finding.site), []).append(finding)
    return tuple(
        Suggestion(condition, site, _severity(found), tuple(seen_at(one) for one in found))
        for (condition, site), found in strong.items()
        if _is_enough(found)
    )


def _is_enough(found: Sequence[Finding]) -> bool:
    """Whether so much was found that a person may have come for it: not one freckle, not one line."""
    kind = found[0].kind
    if kind in ("redness", "diffuse-pigment"):
        return _sum(one.area_mm2 for one in found) >= limit("suggest", "area_mm2_min")
    if kind in ("vessels", "fine-lines"):
        return _sum(one.length_mm for one in found) >= limit("suggest", "length_mm_min")
    counted = sum(one.count for one in found if isinstance(one.count, int))
    return counted >= limit("suggest", "count_min") or any(one.to_be_seen for one in found)


def _sum(values: Any) -> float:
    return float(sum(value.median for value in values if isinstance(value, Estimate)))


def _severity(found: Sequence[Finding]) -> str | None:
    grades = [one.severity for one in found if not isinstance(one.severity, Unknown)]
    return max(grades, key=_SEVERITIES.index, default=None)


def seen_at(finding: Finding) -> Message:
    """Return what was found in a region, and on which side of the person."""
    assert finding.told is not None
    site = table("site")[finding.site]["title"].lower()
    side = next((side for side in ("right", "left") if finding.region.endswith(f"-{side}")), "")
    where = Message(f"finding-side.{side}", {"site": site}) if side else site
    return Message("finding.seen_at", {"told": finding.told, "where": where})
