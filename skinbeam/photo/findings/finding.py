"""Findings of a photograph: what is seen of a region, in numbers, or why nothing can be said of it."""

from dataclasses import dataclass, fields
from typing import Any, Literal

from skinbeam.estimate import Estimate, Unknown, Value
from skinbeam.messages import Message

__all__ = ["KINDS", "ON_FACES", "Confidence", "Finding", "unknown_finding"]

# low: what is counted may as well be light, make-up or noise. moderate: drawn marks as strong and as large as most of
# these are found 9 times in 10 (docs/photo.md). Nobody has held this program against real faces whose marks were
# counted by hand, so that there is no higher class.
Confidence = Literal["low", "moderate"]

# What is looked for → the condition that it suggests where a finding does not say otherwise.
KINDS = {
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
ON_FACES = ("inflamed", "scars", "fine-lines", "pores")


@dataclass(frozen=True, kw_only=True)
class Finding:
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


def unknown_finding(kind: str, reason: str, site: str) -> Finding:
    """Return the finding of a kind that cannot be judged on all of a site."""
    unknown = Unknown(reason)
    return Finding(
        kind=kind,
        region=site,
        site=site,
        count=unknown,
        area_mm2=unknown,
        severity=unknown,
        confidence=unknown,
        suggests=KINDS[kind],
    )
