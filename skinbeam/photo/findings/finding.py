"""Records of the findings of a photograph, and the concerns that they suggest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Any, Literal

from skinbeam.model.conditions import known_sites
from skinbeam.model.estimate import Estimate, Unknown, Value
from skinbeam.model.json_fields import Entries, json_entries, json_sentence
from skinbeam.photo.findings.mark import Repeatability
from skinbeam.photo.limits import limit
from skinbeam.text import Message, render_message

__all__ = [
    "AREA_KINDS",
    "FACE_ONLY_KINDS",
    "FINDING_KINDS",
    "LINE_KINDS",
    "ConcernSuggestion",
    "Confidence",
    "MarkRecord",
    "SkinFinding",
    "finding_message",
    "group_suggested",
    "is_extensive",
    "referral_message",
    "region_words",
    "suggest_concerns",
    "unknown_finding",
]

# low: the marks may as well be lighting, make-up or noise. moderate: simulated marks as strong and as large as most of
# these are found 9 times in 10 (docs/photo.md). The program has not been validated on real faces with marks counted by
# hand, so there is no higher class.
Confidence = Literal["low", "moderate"]

# Kind of finding → the condition that it suggests by default; None where a doctor has to say what it is.
FINDING_KINDS: Mapping[str, str | None] = {
    "dark-spots": None,
    "spots": "age-spots",
    "unclassified-spots": None,
    "diffuse-pigment": "uneven-pigmentation",
    "redness": "redness",
    "inflamed": "active-acne",
    "scars": "acne-scars",
    "vessels": "facial-telangiectasia",
    "fine-lines": "fine-lines-periorbital",
    "pores": "skin-texture",
}
# Kinds whose limits were set on faces, and whose suggested conditions occur only there.
FACE_ONLY_KINDS = ("inflamed", "scars", "fine-lines", "pores")
# Kinds whose amount is an area or a length, not a number.
AREA_KINDS, LINE_KINDS = ("redness", "diffuse-pigment"), ("vessels", "fine-lines")


@dataclass(frozen=True, kw_only=True)
class MarkRecord:
    """One reported mark of a finding.

    Parameters
    ----------
    id : kind, region and number; it names a mark of this photograph, and its place finds it in another one.
    x_mm, y_mm : of its middle, from the point between the pupils (of a site, from the middle of the picture): along the
        line of the eyes to the right of the picture, and down the face.
    contrast : optical density in its map.
    repeatability : on how many copies of the photograph it is found again, or why it is not looked for on them.
    """

    id: str
    x_mm: float
    y_mm: float
    size_mm: Estimate
    contrast: float
    repeatability: Repeatability | Unknown


def _suggestion_entries(condition: str | None) -> Entries:
    yield "suggests", Unknown(render_message("photo-finding.no_condition")) if condition is None else condition


@dataclass(frozen=True, kw_only=True)
class SkinFinding:
    """The marks of one kind in a region of a photograph, or why they are unknown.

    Parameters
    ----------
    site : of the case file.
    area_px : in pixels of the picture.
    severity : by a published scale (`severity_source`), or why there is none.
    suggests : condition, or None where a doctor has to say what it is.
    told : the finding in words.
    note : limits of the finding.
    contrast : optical density that the marks add to the map in which they are measured.
    size_mm : the median of the marks, from the smallest to the largest.
    length_mm, length_mm_per_cm2 : total of lines.
    width_mm : of lines, the median, from the narrowest to the widest.
    orientation_deg : of most lines: 0 along the line of the eyes, or of the picture's width off the face, 90 across it.
    per_cm2 : number per square centimetre.
    roughness : standard deviation of the fine shade, in optical density.
    freckle_like, lentigo_like : number of spots classified by their size.
    to_be_seen : number of spots that a doctor must examine before any laser.
    found_count : marks found in the photograph, those that did not come back on its copies and are not told too.
    count_interval : the least and the most marks that another photograph of the same skin would report.
    marks : each reported mark.
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
    suggests: str | None = field(metadata=json_entries(_suggestion_entries))
    told: Message | None = field(default=None, metadata=json_sentence("told"))
    note: Message | None = field(default=None, metadata=json_sentence("note"))
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
    found_count: int | None = None
    count_interval: tuple[int, int] | None = None
    marks: tuple[MarkRecord, ...] | None = None


def unknown_finding(kind: str, reason: str, site: str) -> SkinFinding:
    """Return the finding of a kind that cannot be determined on a whole site."""
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


# Suggested concerns: one for each condition and site, with its findings as the reason.

_SEVERITIES = ("mild", "moderate", "severe")


@dataclass(frozen=True)
class ConcernSuggestion:
    """A concern that a photograph suggests; nobody has examined the skin, so a clinician accepts or dismisses it.

    Parameters
    ----------
    condition, site : of the case file.
    seen : the findings, one message for each region.
    severity : by a published scale; None where there is none.
    """

    condition: str
    site: str
    seen: tuple[Message, ...] = field(metadata=json_sentence("seen"))
    severity: str | None


def suggest_concerns(findings: Sequence[SkinFinding]) -> tuple[ConcernSuggestion, ...]:
    """Return the concerns that the findings suggest, in order of their first findings; weak findings suggest none."""
    return tuple(
        ConcernSuggestion(condition, site, tuple(finding_message(finding) for finding in found), _severity(found))
        for (condition, site), found in group_suggested(findings).items()
    )


def group_suggested(findings: Sequence[SkinFinding]) -> dict[tuple[str, str], tuple[SkinFinding, ...]]:
    """Return the findings behind each suggested concern, by its condition and site."""
    strong: dict[tuple[str, str], list[SkinFinding]] = {}
    for finding in findings:
        suggests_concern = finding.told is not None and finding.region != "full-face" and finding.kind != "pores"
        if suggests_concern and finding.suggests is not None:
            strong.setdefault((finding.suggests, finding.site), []).append(finding)
    return {concern: tuple(found) for concern, found in strong.items() if _is_enough(found)}


def _is_enough(findings: Sequence[SkinFinding]) -> bool:
    """Whether the findings are extensive enough to be a concern, or hold a spot that a doctor must see."""
    kind = findings[0].kind
    if kind in AREA_KINDS:
        return is_extensive(kind, _sum(finding.area_mm2 for finding in findings))
    if kind in LINE_KINDS:
        return is_extensive(kind, _sum(finding.length_mm for finding in findings))
    if kind == "inflamed":  # graded by every lesion, as `acne_severity`
        counted = sum(finding.found_count for finding in findings if finding.found_count is not None)
    else:
        counted = sum(finding.count for finding in findings if isinstance(finding.count, int))
    return is_extensive(kind, counted) or any(finding.to_be_seen for finding in findings)


def is_extensive(kind: str, amount: float) -> bool:
    """Whether so much of a kind on one site is a concern: more than one freckle or one line.

    Parameters
    ----------
    amount : mm² of an area, mm of lines, otherwise a number of marks.
    """
    name = "area_mm2_min" if kind in AREA_KINDS else "length_mm_min" if kind in LINE_KINDS else "count_min"
    return amount >= limit("suggest", name)


def _sum(values: Any) -> float:
    return float(sum(value.median for value in values if isinstance(value, Estimate)))


def _severity(findings: Sequence[SkinFinding]) -> str | None:
    grades = [finding.severity for finding in findings if not isinstance(finding.severity, Unknown)]
    return max(grades, key=_SEVERITIES.index, default=None)


def finding_message(finding: SkinFinding) -> Message:
    """Return the finding in words, with its site and side of the body."""
    assert finding.told is not None
    return Message("finding.seen_at", {"told": finding.told, "where": region_words(finding.site, finding.region)})


def region_words(site: str, region: str) -> Message | str:
    """Return the name of a region's site with its side of the body."""
    title = known_sites()[site].title.lower()
    side = next((side for side in ("right", "left") if region.endswith(f"-{side}")), "")
    return Message(f"finding-side.{side}", {"site": title}) if side else title


def referral_message(findings: Sequence[SkinFinding]) -> Message | None:
    """Return that a doctor must see the spots of these findings before any laser, or None if there are none."""
    parts: list[Message] = []
    for finding in findings:
        if finding.to_be_seen:
            seen = finding_message(finding)
            whole = finding.to_be_seen == finding.count
            parts.append(
                seen if whole else Message("finding.some_to_be_seen", {"count": finding.to_be_seen, "told": seen})
            )
    if not parts:
        return None
    # Joined by semicolons: a place has a comma of its own.
    joined = reduce(lambda message, more: Message("finding.also_to_be_seen", {"told": message, "more": more}), parts)
    return Message("finding.doctor_must_see", {"told": joined})
