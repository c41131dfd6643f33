"""Findings of a photograph: spots and redness that colour carries, and what cannot be seen, with its reason."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

from skinbeam.estimate import Estimate, Unknown, Value
from skinbeam.messages import Message
from skinbeam.photo.gates import limit
from skinbeam.photo.marks import Redness, Spots
from skinbeam.photo.regions import SITES

__all__ = ["Finding", "too_fine", "with_colour", "without_colour"]

# What only a close picture shows → the condition it would suggest.
_DETAIL = {"fine-lines": "fine-lines-periorbital", "pores": "skin-texture", "vessels": "facial-telangiectasia"}
_SUGGESTS = {"spots": "age-spots", "redness": "redness"}


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that a photograph shows of a region, or why it shows nothing of it.

    Parameters
    ----------
    site : of the case file.
    area_px : in pixels of the picture.
    suggests : condition.
    contrast : of spots in red optical density, of redness in haemoglobin index.
    """

    kind: str
    region: str = "full-face"
    site: str = "full-face"
    count: int | Unknown
    area_mm2: Value
    area_px: float | None = None
    severity: Unknown
    confidence: Literal["low"] | Unknown
    suggests: str
    note: Message | None = None
    contrast: float | None = None

    def as_record(self) -> dict[str, Any]:
        """Return the JSON shape; what an unknown finding does not have is left out."""
        record = {field.name: getattr(self, field.name) for field in fields(self)}
        if self.note is not None:
            record["note"] = self.note.english
        return {name: value for name, value in record.items() if value is not None}


def with_colour(
    dark: Mapping[str, Spots], red: Mapping[str, Redness], view_scale: float, scale: Estimate
) -> list[Finding]:
    """Return the spots and the redness of each region; of a kind that was seen nowhere, a zero.

    Parameters
    ----------
    view_scale : pixels that were looked at to a pixel of the picture.
    scale : mm to a pixel of the picture.
    """
    uncounted = Unknown(Message("photo-finding.not_counted").text)
    spots = [
        _mark("spots", name, spot.count, spot.area_px / view_scale**2, scale, spot.contrast)
        for name, spot in dark.items()
    ]
    redness = [
        _mark("redness", name, uncounted, patch.area_px / view_scale**2, scale, patch.contrast)
        for name, patch in red.items()
    ]
    return [
        *(spots or [_mark("spots", "full-face", 0, 0.0, scale)]),
        *(redness or [_mark("redness", "full-face", uncounted, 0.0, scale)]),
    ]


def without_colour(reason: str) -> list[Finding]:
    """Return an unknown of each kind that colour carries."""
    return [_unknown(kind, condition, reason) for kind, condition in _SUGGESTS.items()]


def too_fine(pupil_px: float) -> list[Finding]:
    """Return the unknowns for what needs more pixels or a reader that does not exist."""
    least = limit("gate", "pupil_px_detail")
    if pupil_px < least:
        message = Message("photo-finding.too_few_pixels", {"pupils": round(pupil_px), "least": least})
    else:
        message = Message("photo-finding.no_reader")
    return [_unknown(kind, condition, message.text) for kind, condition in _DETAIL.items()]


def _area(area_px: float, scale: Estimate) -> Estimate:
    """Return pixels of the picture as mm²; the spread is that of the scale."""
    return Estimate(
        area_px * scale.median**2,
        area_px * scale.low**2,
        area_px * scale.high**2,
        scale.level,
        scale.kind,
        basis=scale.basis,
    )


def _mark(
    kind: str, region: str, count: int | Unknown, area_px: float, scale: Estimate, contrast: float | None = None
) -> Finding:
    seen = area_px > 0
    params = {"mm": limit("spots", "diameter_px_min") * scale.median} if kind == "spots" and not seen else {}
    return Finding(
        kind=kind,
        region=region,
        site=SITES.get(region, region),
        count=count,
        area_mm2=_area(area_px, scale),
        area_px=area_px,
        severity=Unknown(Message("photo-finding.no_severity").text),
        confidence="low",
        suggests=_SUGGESTS[kind],
        note=Message(f"photo-finding.{kind}{'' if seen else '_none'}", params),
        contrast=contrast,
    )


def _unknown(kind: str, condition: str, reason: str) -> Finding:
    unknown = Unknown(reason)
    return Finding(kind=kind, count=unknown, area_mm2=unknown, severity=unknown, confidence=unknown, suggests=condition)
