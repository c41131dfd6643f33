"""Findings of a photograph as records, and the concerns that they suggest.

Findings of a photograph: what is seen of a region, in numbers, or why nothing can be said of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal

from skinbeam.model.estimate import Estimate, Unknown, Value
from skinbeam.model.vocabulary import vocabulary_table
from skinbeam.photo.limits import limit
from skinbeam.text import Message

__all__ = [
    "FACE_ONLY_KINDS",
    "FINDING_KINDS",
    "ConcernSuggestion",
    "Confidence",
    "SkinFinding",
    "finding_message",
    "suggest_concerns",
    "unknown_finding",
]

# low: what is counted may as well be light, make-up or noise. moderate: drawn marks as strong and as large as most of
# these are found 9 times in 10 (docs/photo.md). Nobody has held this program against real faces whose marks were
# counted by hand, so that there is no higher class.
Confidence = Literal["low", "moderate"]

# What is looked for → the condition that it suggests where a finding does not say otherwise.
FINDING_KINDS = {
    "spots": "age-spots",
    "diffuse-pigment": "uneven-pigmentation",
    "redness": "redness",
    "inflamed": "active-acne",
    "scars": "acne-scars",
    "vessels": "facial-telangiectasia",
    "fine-lines": "fine-lines-periorbital",
    "pores": "skin-texture",
}
# Their limits were set on faces, where alone there are the conditions that they suggest.
FACE_ONLY_KINDS = ("inflamed", "scars", "fine-lines", "pores")


@dataclass(frozen=True, kw_only=True)
class SkinFinding:
    """One thing that a photograph shows of a region, or why it shows nothing of it.

    Parameters
    ----------
    site : of the case file.
    area_px : in pixels of the picture.
    severity : by a published scale (`severity_source`), or why there is none.
    suggests : condition.
    told : what is seen, in words.
    note : what it cannot tell.
    contrast : what the marks add to the map that carries them, in optical density.
    size_mm : the middle one of the marks, from the smallest to the largest.
    length_mm, length_mm_per_cm2 : of lines together.
    width_mm : of lines, the middle one, from the narrowest to the widest.
    orientation_deg : of most lines: 0 along the line of the eyes, or of the picture's width off the face, 90 across it.
    per_cm2 : how many to a square centimetre.
    roughness : standard deviation of the fine shade, in optical density.
    freckle_like, lentigo_like : spots by their size.
    to_be_seen : spots that a doctor must see before any laser.
    """

    kind: str
    region: str
    site: str
    count: int | Unknown
    area_mm2: Value
    area_px: float | None = None
    severity: Literal["mild", "moderate", "severe"] | Unknown
    severity_source: str | None = None
    confidence: Confidence | Unknown
    suggests: str
    told: Message | None = None
    note: Message | None = None
    contrast: float | None = None
    size_mm: Estimate | None = None
    length_mm: Estimate | None = None
    length_mm_per_cm2: Estimate | None = None
    width_mm: Value | None = None
    orientation_deg: float | None = None
    per_cm2: Estimate | None = None
    roughness: float | None = None
    freckle_like: int | None = None
    lentigo_like: int | None = None
    to_be_seen: int | None = None

    def as_record(self) -> dict[str, Any]:
        """Return the JSON shape; what a finding does not have is left out."""
        record = {field.name: getattr(self, field.name) for field in fields(self)}
        for name in ("told", "note"):
            if record[name] is not None:
                record[name] = record[name].english
        return {name: value for name, value in record.items() if value is not None}


def unknown_finding(kind: str, reason: str, site: str) -> SkinFinding:
    """Return the finding of a kind that cannot be judged on all of a site."""
    unknown = Unknown(reason)
    return SkinFinding(
        kind=kind,
        region=site,
        site=site,
        count=unknown,
        area_mm2=unknown,
        severity=unknown,
        confidence=unknown,
        suggests=FINDING_KINDS[kind],
    )


# What findings suggest to be treated: a concern for each condition and site, with what was seen as its reason.

_SEVERITIES = ("mild", "moderate", "severe")


@dataclass(frozen=True)
class ConcernSuggestion:
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


def suggest_concerns(findings: Sequence[SkinFinding]) -> tuple[ConcernSuggestion, ...]:
    """Return the concerns that findings suggest, those of most findings first; weak findings suggest none."""
    strong: dict[tuple[str, str], list[SkinFinding]] = {}
    for finding in findings:
        if finding.told is not None and finding.region != "full-face" and finding.kind != "pores":
            strong.setdefault((finding.suggests, finding.site), []).append(finding)
    return tuple(
        ConcernSuggestion(condition, site, _severity(found), tuple(finding_message(one) for one in found))
        for (condition, site), found in strong.items()
        if _is_enough(found)
    )


def _is_enough(found: Sequence[SkinFinding]) -> bool:
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


def _severity(found: Sequence[SkinFinding]) -> str | None:
    grades = [one.severity for one in found if not isinstance(one.severity, Unknown)]
    return max(grades, key=_SEVERITIES.index, default=None)


def finding_message(finding: SkinFinding) -> Message:
    """Return what was found in a region, and on which side of the person."""
    assert finding.told is not None
    site = vocabulary_table("site")[finding.site]["title"].lower()
    side = next((side for side in ("right", "left") if finding.region.endswith(f"-{side}")), "")
    where = Message(f"finding-side.{side}", {"site": site}) if side else site
    return Message("finding.seen_at", {"told": finding.told, "where": where})
