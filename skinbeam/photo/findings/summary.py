"""Marks put together: of each kind and region a finding with its count, areas, sizes and class of confidence."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from skinbeam.estimate import Estimate, Unknown, Value
from skinbeam.messages import Message
from skinbeam.photo.face.regions import SITES
from skinbeam.photo.findings.finding import KINDS, Confidence, Finding
from skinbeam.photo.findings.mark import Mark
from skinbeam.photo.findings.pores import Texture
from skinbeam.photo.findings.severity import of_acne
from skinbeam.photo.gates import limit
from skinbeam.units import CM, MM

__all__ = ["Measure", "findings_of", "texture_findings"]

_UNCOUNTED = ("redness", "diffuse-pigment")
_LINES = ("vessels", "fine-lines")
_ROUND = ("spots", "inflamed", "scars")
_WRINKLES = {"periorbital": "fine-lines-periorbital", "perioral": "perioral-lines"}
_MM2_CM2 = (CM / MM) ** 2


@dataclass(frozen=True)
class Measure:
    """How pixels become millimetres.

    Parameters
    ----------
    mm_per_px : of the view.
    site : of all of the skin that is read.
    view_scale : pixels of the view to a pixel of the picture.
    roll_deg : how the line of the eyes lies in the view.
    area_px : region → its pixels in the view.
    """

    mm_per_px: Estimate
    site: str
    view_scale: float
    roll_deg: float
    area_px: Mapping[str, float]

    def mm2(self, area_px: float) -> Estimate:
        """Return pixels of the view as mm²; the spread is that of the scale."""
        scale = self.mm_per_px
        low, middle, high = (area_px * value**2 for value in (scale.low, scale.median, scale.high))
        return replace(scale, median=middle, low=low, high=high)

    def per_cm2(self, number: float, area_px: float, power: int = 2) -> Estimate:
        """Return a number of things, or pixels of length (`power` 1), to a square centimetre of so many pixels."""
        scale = self.mm_per_px
        low, middle, high = (number / area_px * _MM2_CM2 / v**power for v in (scale.high, scale.median, scale.low))
        return replace(scale, median=middle, low=low, high=high)


def findings_of(kind: str, marks: Sequence[Mark], measure: Measure) -> list[Finding]:
    """Return a finding for each region where marks of a kind lie; where there are none, one that says so."""
    mine = [mark for mark in marks if mark.kind == kind]
    if not mine:
        return [_none(kind, measure)]
    found = [
        _finding(kind, name, [mark for mark in mine if mark.region == name], measure)
        for name in dict.fromkeys(mark.region for mark in mine)
    ]
    if kind != "inflamed":
        return found
    severity = of_acne(mine)
    return [replace(one, severity=severity, severity_source="hayashi2008") for one in found]


def texture_findings(found: Mapping[str, Texture], measure: Measure) -> list[Finding]:
    """Return a finding of the pores of each region; the area is what was looked at."""
    scale = measure.mm_per_px
    findings = []
    for name, one in found.items():
        per_cm2 = measure.per_cm2(one.pores, one.area_mm2 / scale.median**2)
        area = replace(scale.scaled(one.area_mm2 / scale.median), level=scale.level)
        findings.append(
            Finding(
                kind="pores",
                region=name,
                site=SITES.get(name, name),
                count=one.pores,
                area_mm2=area,
                severity=_no_scale(),
                confidence="low",
                suggests=KINDS["pores"],
                told=Message("finding.told_pores", {"count": round(per_cm2.median)}),
                note=Message("photo-finding.pores"),
                contrast=one.contrast,
                per_cm2=per_cm2,
                roughness=one.roughness,
            )
        )
    return findings


def _none(kind: str, measure: Measure) -> Finding:
    least = limit("spots", "diameter_px_min") * measure.mm_per_px.median
    return Finding(
        kind=kind,
        region=measure.site,
        site=measure.site,
        count=_uncounted() if kind in _UNCOUNTED else 0,
        area_mm2=measure.mm2(0.0),
        area_px=0.0,
        severity=_no_scale(),
        confidence="low",
        suggests=KINDS[kind],
        note=Message(f"photo-finding.{_word(kind)}_none", {"mm": least} if kind == "spots" else {}),
    )


def _finding(kind: str, region: str, marks: Sequence[Mark], measure: Measure) -> Finding:
    area = sum(mark.area_px for mark in marks)
    found = Finding(
        kind=kind,
        region=region,
        site=SITES.get(region, region),
        count=_uncounted() if kind in _UNCOUNTED else len(marks),
        area_mm2=_of_discs(marks, measure.mm2(area)) if kind in _ROUND else measure.mm2(area),
        area_px=area / measure.view_scale**2,
        severity=_no_scale(),
        confidence=_confidence(kind, marks),
        suggests=_suggested(kind, region, marks),
        note=Message(f"photo-finding.{_word(kind)}"),
        contrast=sum(mark.contrast * mark.area_px for mark in marks) / area,
        size_mm=_span([mark.size_mm for mark in marks]),
    )
    added = _of_lines(marks, measure) if kind in _LINES else _of_spots(marks) if kind == "spots" else {}
    found = replace(found, **added)
    if found.to_be_seen:
        found = replace(found, note=Message("photo-finding.spots_seen", {"count": found.to_be_seen}))
    return replace(found, told=_told(found, measure))


def _of_discs(marks: Sequence[Mark], area: Estimate) -> Estimate:
    """Return the area of roundish marks with the spread of their widths, which are unsurer than the scale."""
    low, high = (sum(math.pi / 4 * getattr(mark.size_mm, end) ** 2 for mark in marks) for end in ("low", "high"))
    return replace(area, low=low, high=high)


def _of_spots(marks: Sequence[Mark]) -> dict[str, Any]:
    small = sum(mark.size_mm.median <= limit("spots", "freckle_mm_max") for mark in marks)
    seen = sum(mark.to_be_seen for mark in marks)
    return {"freckle_like": small, "lentigo_like": len(marks) - small, "to_be_seen": seen}


def _of_lines(marks: Sequence[Mark], measure: Measure) -> dict[str, Any]:
    length_px = sum(mark.size_mm.median for mark in marks) / measure.mm_per_px.median
    widths = [mark.width_mm for mark in marks if isinstance(mark.width_mm, Estimate)]
    unknown = next((mark.width_mm for mark in marks if isinstance(mark.width_mm, Unknown)), None)
    return {
        "length_mm": measure.mm_per_px.scaled(length_px),
        "length_mm_per_cm2": measure.per_cm2(length_px, measure.area_px[marks[0].region], power=1),
        "width_mm": _span(widths) if widths else unknown,
        "orientation_deg": _orientation(marks, measure.roll_deg),
    }


def _orientation(marks: Sequence[Mark], roll_deg: float) -> float:
    """Return the direction of most of the length of lines, 0 to 180 degrees, 0 along the eyes: twice the angle is a
    direction, of which the mean can be taken."""
    steps = np.concatenate([np.diff(mark.line, axis=0) for mark in marks if mark.line is not None])
    length = np.hypot(steps[:, 0], steps[:, 1])
    twice = 2 * (np.arctan2(steps[:, 1], steps[:, 0]) - math.radians(roll_deg))
    angle = math.atan2(float((length * np.sin(twice)).sum()), float((length * np.cos(twice)).sum())) / 2
    return math.degrees(angle) % 180


def _span(sizes: Sequence[Estimate]) -> Estimate:
    """Return the middle of sizes, from the low end of the smallest to the high end of the largest."""
    middle = float(np.median([size.median for size in sizes]))
    low, high = min(size.low for size in sizes), max(size.high for size in sizes)
    return replace(sizes[0], median=middle, low=low, high=high)


def _confidence(kind: str, marks: Sequence[Mark]) -> Confidence:
    """Return the class that most of what the marks cover has."""
    if kind not in ("spots", "inflamed", *_LINES):
        return "low"
    contrast, size = limit(f"confidence-{kind}", "contrast_min"), limit(f"confidence-{kind}", "size_mm_min")
    strong = [mark for mark in marks if mark.contrast >= contrast and _thickness(mark) >= size]
    half = sum(mark.area_px for mark in marks) / 2
    return "moderate" if sum(mark.area_px for mark in strong) >= half else "low"


def _thickness(mark: Mark) -> float:
    """Return the width of a line, 0 where it is not told, or the diameter of a spot, in mm."""
    size: Value | None = mark.size_mm if mark.line is None else mark.width_mm
    return size.median if isinstance(size, Estimate) else 0.0


def _suggested(kind: str, region: str, marks: Sequence[Mark]) -> str:
    if kind == "fine-lines":
        return _WRINKLES.get(SITES.get(region, region), "wrinkles")
    if kind == "spots" and 2 * _of_spots(marks)["freckle_like"] > len(marks):
        return "freckles"
    return KINDS[kind]


def _told(found: Finding, measure: Measure) -> Message:
    params: dict[str, Any] = {"count": found.count} if isinstance(found.count, int) else {}
    if found.kind in _LINES and found.length_mm is not None:
        params["mm"] = round(found.length_mm.median)
        if found.kind == "vessels" and isinstance(found.width_mm, Estimate):
            return Message("finding.told_vessels_wide", {**params, **_ends(found.width_mm)})
    elif found.kind in _UNCOUNTED and isinstance(found.area_mm2, Estimate):
        params["cm2"] = found.area_mm2.median / _MM2_CM2
    elif found.size_mm is not None:
        params |= _ends(found.size_mm)
    return Message(f"finding.told_{_word(found.kind)}", params)


def _ends(size: Estimate) -> dict[str, float]:
    return {"low": size.low, "high": size.high}


def _word(kind: str) -> str:
    return kind.replace("-", "_")


def _uncounted() -> Unknown:
    return Unknown(Message("photo-finding.not_counted").text)


def _no_scale() -> Unknown:
    return Unknown(Message("photo-finding.no_severity").text)
