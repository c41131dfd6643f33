"""Summarise marks as findings: count, area, size, severity and confidence for each kind and region.

Severity is graded by a published scale that counts what a photograph shows; most kinds have no such scale.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from skinbeam.model.estimate import Estimate, Unknown, Value
from skinbeam.model.units import CM, MM
from skinbeam.photo.face.region_sites import REGION_SITES
from skinbeam.photo.findings.finding import (
    AREA_KINDS,
    FINDING_KINDS,
    LINE_KINDS,
    Confidence,
    MarkRecord,
    SkinFinding,
)
from skinbeam.photo.findings.mark import Mark
from skinbeam.photo.findings.rereading import count_interval, is_repeated
from skinbeam.photo.findings.texture import SkinTexture
from skinbeam.photo.limits import limit
from skinbeam.text import Message

__all__ = [
    "PixelScale",
    "acne_severity",
    "summarise_marks",
    "summarise_textures",
]


def acne_severity(regions: Sequence[str]) -> Literal["mild", "moderate", "severe"] | Unknown:
    """Grade inflamed spots by their number on the worse half of the face (Hayashi 2008).

    The paper counts on the skin, also from the side. A frontal photograph shows fewer spots, and other red spots may be
    counted as inflamed. Spots in the middle count for neither half. "Very severe" of the paper is graded severe. Below
    `few` the scale would call a single red spot acne.

    Parameters
    ----------
    regions : the region of each spot that was found. The paper's cuts are of every lesion, so those that copies do not
        show again count too.
    """
    halves = [sum(region.endswith(side) for region in regions) for side in ("-right", "-left")]
    most = max(halves)
    if most < limit("acne", "few"):
        return Unknown(Message("finding.too_few_for_acne").text)
    if most <= limit("acne", "mild_max"):
        return "mild"
    return "moderate" if most <= limit("acne", "moderate_max") else "severe"


# Summary of marks: for each kind and region a finding with its count, areas, sizes and class of confidence.

_ROUND = ("dark-spots", "spots", "unclassified-spots", "inflamed", "scars")
_MAY_NEED_EXAMINATION = ("dark-spots", "spots", "unclassified-spots")
_SINGULAR = {
    "dark-spots": "dark_spot",
    "spots": "spot",
    "unclassified-spots": "unclassified_spot",
    "inflamed": "inflamed_spot",
    "scars": "scar",
    "vessels": "vessel",
    "fine-lines": "fine_line",
}  # kind → the word of a message about one mark
_WRINKLES = {"periorbital": "fine-lines-periorbital", "perioral": "perioral-lines"}
_MM2_CM2 = (CM / MM) ** 2


@dataclass(frozen=True)
class PixelScale:
    """Conversion of pixels to millimetres.

    Parameters
    ----------
    mm_per_px : of the view.
    site : of all skin that is analysed.
    view_scale : pixels of the view per pixel of the picture.
    roll_deg : angle of the line of the eyes in the view.
    area_px : region → its pixels in the view.
    middle_px : point of the view from which places are measured.
    """

    mm_per_px: Estimate
    site: str
    view_scale: float
    roll_deg: float
    area_px: Mapping[str, float]
    middle_px: tuple[float, float] = (0.0, 0.0)

    def place_mm(self, mark: Mark) -> tuple[float, float]:
        """Return how far the middle of a mark is from that point: along the line of the eyes, and down the face."""
        right, down = np.mean(mark.points, axis=0) - self.middle_px
        turn = complex(right, down) * np.exp(-1j * math.radians(self.roll_deg)) * self.mm_per_px.median
        return float(turn.real), float(turn.imag)

    def mm2(self, area_px: float) -> Estimate:
        """Convert pixels of the view to mm²; the spread is that of the scale."""
        scale = self.mm_per_px
        low, middle, high = (area_px * value**2 for value in (scale.low, scale.median, scale.high))
        return replace(scale, median=middle, low=low, high=high)

    def per_cm2(self, number: float, area_px: float, power: int = 2) -> Estimate:
        """Return a number of marks, or pixels of length (`power` 1), per square centimetre of an area in pixels."""
        scale = self.mm_per_px
        low, middle, high = (number / area_px * _MM2_CM2 / v**power for v in (scale.high, scale.median, scale.low))
        return replace(scale, median=middle, low=low, high=high)


def summarise_marks(kind: str, marks: Sequence[Mark], pixel_scale: PixelScale) -> list[SkinFinding]:
    """Return a finding for each region with marks of a kind; if there are none, one that says so.

    Parameters
    ----------
    marks : all that were found; those that did not come back count for the interval of the number and the severity.
    """
    all_mine = [mark for mark in marks if mark.kind == kind]
    repeated = [mark for mark in all_mine if is_repeated(mark)]
    if not repeated:
        return [_empty_finding(kind, pixel_scale, all_mine)]
    findings = []
    for name in dict.fromkeys(mark.region for mark in repeated):
        finding = _region_finding(kind, name, [mark for mark in repeated if mark.region == name], pixel_scale)
        if kind not in AREA_KINDS:
            here = [mark for mark in all_mine if mark.region == name]
            finding = replace(finding, found_count=len(here), count_interval=count_interval(here))
        findings.append(finding)
    if kind != "inflamed":
        return findings
    severity = acne_severity([mark.region for mark in all_mine])
    return [replace(finding, severity=severity, severity_source="hayashi2008") for finding in findings]


def summarise_textures(textures: Mapping[str, SkinTexture], pixel_scale: PixelScale) -> list[SkinFinding]:
    """Return a finding of the pores of each region; the area is that of the searched skin."""
    scale = pixel_scale.mm_per_px
    findings = []
    for name, texture in textures.items():
        per_cm2 = pixel_scale.per_cm2(texture.pores, texture.area_mm2 / scale.median**2)
        area = replace(scale.scaled(texture.area_mm2 / scale.median), level=scale.level)
        findings.append(
            SkinFinding(
                kind="pores",
                region=name,
                site=REGION_SITES.get(name, name),
                count=texture.pores,
                area_mm2=area,
                severity=_unknown_scale(),
                confidence="low",
                suggests=FINDING_KINDS["pores"],
                told=Message("finding.told_pores", {"count": round(per_cm2.median)}),
                note=Message("photo-finding.pores"),
                contrast=texture.contrast,
                per_cm2=per_cm2,
                roughness=texture.roughness,
            )
        )
    return findings


def _empty_finding(kind: str, measure: PixelScale, untold: Sequence[Mark]) -> SkinFinding:
    """Return that nothing of a kind is reported: nothing was found, or nothing that copies of the photograph repeat."""
    least = limit("spots", "diameter_px_min") * measure.mm_per_px.median
    if kind == "dark-spots":
        least = max(least, limit("dark-spots", "told_mm"))
    note = Message(f"photo-finding.{_word(kind)}_none", {"mm": least} if kind.endswith("spots") else {})
    counted = bool(untold) and kind not in AREA_KINDS
    return SkinFinding(
        kind=kind,
        region=measure.site,
        site=measure.site,
        count=_unknown_count() if kind in AREA_KINDS else 0,
        area_mm2=measure.mm2(0.0),
        area_px=0.0,
        severity=_unknown_scale(),
        confidence="low",
        suggests=FINDING_KINDS[kind],
        note=Message("photo-finding.not_repeated", {"count": len(untold)}) if untold else note,
        found_count=len(untold) if counted else None,
        count_interval=count_interval(untold) if counted else None,
    )


def _region_finding(kind: str, region: str, marks: Sequence[Mark], measure: PixelScale) -> SkinFinding:
    area = sum(mark.area_px for mark in marks)
    finding = SkinFinding(
        kind=kind,
        region=region,
        site=REGION_SITES.get(region, region),
        count=_unknown_count() if kind in AREA_KINDS else len(marks),
        area_mm2=_disc_area(marks, measure.mm2(area)) if kind in _ROUND else measure.mm2(area),
        area_px=area / measure.view_scale**2,
        severity=_unknown_scale(),
        confidence=_confidence(kind, marks),
        suggests=_suggested_condition(kind, region, marks),
        note=Message(f"photo-finding.{_word(kind)}"),
        contrast=sum(mark.contrast * mark.area_px for mark in marks) / area,
        size_mm=_span([mark.size_mm for mark in marks]),
        marks=tuple(_mark_record(number, mark, measure) for number, mark in enumerate(marks, 1)),
    )
    if kind in LINE_KINDS:
        finding = _measure_lines(finding, marks, measure)
    elif kind in _MAY_NEED_EXAMINATION:
        finding = replace(finding, to_be_seen=sum(mark.needs_examination for mark in marks))
    if kind == "spots":
        freckles = _count_freckles(marks)
        finding = replace(finding, freckle_like=freckles, lentigo_like=len(marks) - freckles)
    if finding.to_be_seen and kind != "dark-spots":
        finding = replace(finding, note=Message(f"photo-finding.{_word(kind)}_seen", {"count": finding.to_be_seen}))
    return replace(finding, told=_finding_text(finding, measure))


def _mark_record(number: int, mark: Mark, measure: PixelScale) -> MarkRecord:
    x_mm, y_mm = measure.place_mm(mark)
    return MarkRecord(
        id=f"{mark.kind}-{mark.region}-{number}",
        x_mm=x_mm,
        y_mm=y_mm,
        size_mm=mark.size_mm,
        contrast=mark.contrast,
        repeatability=mark.repeatability or Unknown(Message("photo-finding.not_reread").text),
    )


def _disc_area(marks: Sequence[Mark], area: Estimate) -> Estimate:
    """Return the area of roundish marks with the spread of their widths, which are less certain than the scale."""
    low, high = (sum(math.pi / 4 * getattr(mark.size_mm, end) ** 2 for mark in marks) for end in ("low", "high"))
    return replace(area, low=low, high=high)


def _count_freckles(marks: Sequence[Mark]) -> int:
    """Return how many spots are as small as a freckle."""
    return sum(mark.size_mm.median <= limit("spots", "freckle_mm_max") for mark in marks)


def _measure_lines(finding: SkinFinding, marks: Sequence[Mark], measure: PixelScale) -> SkinFinding:
    length_px = sum(mark.size_mm.median for mark in marks) / measure.mm_per_px.median
    widths = [mark.width_mm for mark in marks if isinstance(mark.width_mm, Estimate)]
    unknown = next((mark.width_mm for mark in marks if isinstance(mark.width_mm, Unknown)), None)
    return replace(
        finding,
        length_mm=measure.mm_per_px.scaled(length_px),
        length_mm_per_cm2=measure.per_cm2(length_px, measure.area_px[marks[0].region], power=1),
        width_mm=_span(widths) if widths else unknown,
        orientation_deg=_orientation(marks, measure.roll_deg),
    )


def _orientation(marks: Sequence[Mark], roll_deg: float) -> float:
    """Return the mean direction of lines weighted by length, 0 to 180 degrees, 0 along the eyes.

    The mean is taken of twice the angle, since a line has no sense of direction.
    """
    steps = np.concatenate([np.diff(mark.line, axis=0) for mark in marks if mark.line is not None])
    length = np.hypot(steps[:, 0], steps[:, 1])
    twice = 2 * (np.arctan2(steps[:, 1], steps[:, 0]) - math.radians(roll_deg))
    angle = math.atan2(float((length * np.sin(twice)).sum()), float((length * np.cos(twice)).sum())) / 2
    return math.degrees(angle) % 180


def _span(sizes: Sequence[Estimate]) -> Estimate:
    """Return the median of sizes, from the low end of the smallest to the high end of the largest."""
    middle = float(np.median([size.median for size in sizes]))
    low, high = min(size.low for size in sizes), max(size.high for size in sizes)
    return replace(sizes[0], median=middle, low=low, high=high)


def _confidence(kind: str, marks: Sequence[Mark]) -> Confidence:
    """Return the confidence class of most of the area that the marks cover."""
    if kind not in ("spots", "inflamed", *LINE_KINDS):
        return "low"
    contrast, size = limit(f"confidence-{kind}", "contrast_min"), limit(f"confidence-{kind}", "size_mm_min")
    strong = [mark for mark in marks if mark.contrast >= contrast and _thickness(mark) >= size]
    half = sum(mark.area_px for mark in marks) / 2
    return "moderate" if sum(mark.area_px for mark in strong) >= half else "low"


def _thickness(mark: Mark) -> float:
    """Return the width of a line, 0 where it is unknown, or the diameter of a spot, in mm."""
    size: Value | None = mark.size_mm if mark.line is None else mark.width_mm
    return size.median if isinstance(size, Estimate) else 0.0


def _suggested_condition(kind: str, region: str, marks: Sequence[Mark]) -> str | None:
    if kind == "fine-lines":
        return _WRINKLES.get(REGION_SITES.get(region, region), "wrinkles")
    if kind == "spots" and 2 * _count_freckles(marks) > len(marks):
        return "freckles"
    return FINDING_KINDS[kind]


def _finding_text(finding: SkinFinding, measure: PixelScale) -> Message:
    params: dict[str, float | str] = {"count": finding.count} if isinstance(finding.count, int) else {}
    word = _word(finding.kind)
    if finding.count == 1 and finding.kind in _SINGULAR:
        word = _SINGULAR[finding.kind]
        del params["count"]
    if finding.kind in LINE_KINDS and finding.length_mm is not None:
        params["mm"] = round(finding.length_mm.median)
        if finding.kind == "vessels" and isinstance(finding.width_mm, Estimate):
            params |= _ends(finding.width_mm)
            word += "_wide"
    elif finding.kind in AREA_KINDS and isinstance(finding.area_mm2, Estimate):
        params["cm2"] = finding.area_mm2.median / _MM2_CM2
    elif finding.size_mm is not None:
        params |= _ends(finding.size_mm)
    return Message(f"finding.told_{word}", params)


def _ends(size: Estimate) -> dict[str, float]:
    """Return both ends of a size with two digits: the width of the interval gives no sense to a third."""
    return {name: float(f"{value:.1e}") for name, value in (("low", size.low), ("high", size.high))}


def _word(kind: str) -> str:
    return kind.replace("-", "_")


def _unknown_count() -> Unknown:
    return Unknown(Message("photo-finding.not_counted").text)


def _unknown_scale() -> Unknown:
    return Unknown(Message("photo-finding.no_severity").text)
