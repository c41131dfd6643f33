"""Compute what a course removes: the findings of each treated concern, by the improvement of one patient in trials.

A concern without a drawing has a reason: no laser is offered, trials counted responders only, the photograph cannot
show it or does not, or a doctor has to examine it first.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from skinbeam.evidence.synthesis.design import fitted_arms
from skinbeam.model.conditions import known_sites
from skinbeam.model.estimate import Unknown, Value
from skinbeam.model.vocabulary import laser_modalities
from skinbeam.photo.analysis import SkinAnalysis
from skinbeam.photo.face.region_sites import REGION_SITES
from skinbeam.photo.findings.finding import SkinFinding
from skinbeam.plan_records.plan import ConcernPlan, Option
from skinbeam.preview.light_changes import LightChanges, visible_difference
from skinbeam.preview.settings import finding_kinds, late_months, setting
from skinbeam.preview.strip import PERCENTILES, Omission, Removal
from skinbeam.text import Message

__all__ = ["concern_message", "find_removals", "finding_message", "is_on_site", "most_counted_pct"]


@dataclass(frozen=True)
class _ConcernRemovals:
    removals: tuple[Removal, ...]
    omissions: tuple[Omission, ...]


def find_removals(
    concerns: Sequence[ConcernPlan], skin: SkinAnalysis, changes: LightChanges | None
) -> tuple[tuple[Removal, ...], tuple[Omission, ...]]:
    """Return what is removed from each concern of a plan, and what is not drawn.

    Parameters
    ----------
    changes : None where the maps of the photograph are unknown.
    """
    drawn = [_concern_removals(concern, skin, changes) for concern in concerns]
    removals = tuple(removal for concern_removals in drawn for removal in concern_removals.removals)
    return removals, tuple(omission for concern_removals in drawn for omission in concern_removals.omissions)


def _concern_removals(concern: ConcernPlan, analysis: SkinAnalysis, changes: LightChanges | None) -> _ConcernRemovals:
    title = concern_message(concern)
    if concern.first_laser is None:
        return _no_removals(title, Message("preview.no-laser"))
    option = concern.first_laser[0]
    improved = option.expected.person_improvement_pct
    if improved is None:
        return _no_removals(title, Message("preview.old-plan"))
    if isinstance(improved, Unknown):
        return _no_removals(title, Message("preview.not-counted", {"reason": improved.reason}))
    kinds = finding_kinds(concern.condition)
    if not kinds:
        return _no_removals(title, Message("preview.not-in-a-photograph"))
    if isinstance(analysis.maps, Unknown) or changes is None:
        reason = analysis.maps.reason if isinstance(analysis.maps, Unknown) else ""
        return _no_removals(title, Message("preview.not-seen", {"reason": reason}))
    most = most_counted_pct(concern.condition)
    if most == 0:
        return _no_removals(title, Message("preview.no-counted-gain"))
    found, left = [], []
    marks = [mark for mark in analysis.marks if mark.kind in kinds and is_on_site(mark.region, concern.site)]
    if doubtful := sum(mark.needs_examination for mark in marks):
        left.append(Omission((title,), Message("preview.seen-by-a-doctor", {"count": doubtful})))
    for kind in kinds:
        treated = [mark for mark in marks if mark.kind == kind and not mark.needs_examination]
        for carried_by in dict.fromkeys(mark.map_name for mark in treated):
            together = [mark for mark in treated if mark.map_name == carried_by]
            removal = Removal(
                concern=concern.place,
                title=title,
                finding=kind,
                count=len(together),
                map_name=carried_by,
                ln_light=changes.of_removal(together, carried_by),
                treatment=option.modality,
                improvement_pct=improved,
                most_counted_pct=most,
                remaining_fraction=_lasting_fraction(option),
            )
            best = np.float32(removal.share_removed(PERCENTILES[-1], 1.0)) * removal.ln_light
            if visible_difference(changes.light, best) >= setting("size", "seen_E"):
                found.append(removal)
            else:
                left.append(
                    Omission((title,), Message("preview.too-faint", {"finding": finding_message(kind, len(together))}))
                )
    if not found and not left:
        left.append(Omission((title,), _no_finding_message(kinds, analysis.findings, concern)))
    return _ConcernRemovals(tuple(found), tuple(left))


@cache
def most_counted_pct(condition: str) -> float:
    """Return the greatest improvement of a condition, in per cent, that a trial of a laser printed.

    It is the lower cut of a trial's best class, or its mean: no trial says how often more came. 0 without a trial.
    """
    lasers = laser_modalities()
    return max(
        (
            value
            for arm in fitted_arms()
            if arm.condition == condition and arm.modality in lasers
            for value in (arm.mean_pct, *(cut for cut, count in arm.bins if count > 0))
            if value is not None
        ),
        default=0.0,
    )


def _no_removals(title: Message, why: Message) -> _ConcernRemovals:
    return _ConcernRemovals((), (Omission((title,), why),))


def concern_message(concern: ConcernPlan) -> Message:
    """Return condition and site in words."""
    site = known_sites()[concern.site].title
    if site.lower() in concern.title.lower():
        return Message("preview.named", {"concern": concern.title})
    return Message("preview.place", {"concern": concern.title, "site": site})


def finding_message(kind: str, count: int) -> Message:
    """Return the kind of marks and how many were found, in words."""
    return Message(f"preview-finding.{kind}", {"count": count})


def is_on_site(region: str, site: str) -> bool:
    """Return whether a region of the photograph belongs to a site; neck and décolletage are no part of a full face."""
    place = REGION_SITES.get(region, region)
    return place == site or (site == "full-face" and place not in ("neck", "decolletage"))


def _lasting_fraction(option: Option) -> Value:
    fraction = option.expected.durability.get(str(late_months()))
    return Unknown(Message("preview.not-followed", {"months": late_months()}).text) if fraction is None else fraction


def _no_finding_message(kinds: Iterable[str], findings: Sequence[SkinFinding], concern: ConcernPlan) -> Message:
    """Return why the photograph shows nothing of a concern: it cannot be judged, or nothing was found."""
    of_kinds = [finding for finding in findings if finding.kind in kinds]
    here = [
        mark_finding
        for mark_finding in of_kinds
        if mark_finding.site == "full-face" or is_on_site(mark_finding.region, concern.site)
    ]
    for finding in here:
        if isinstance(finding.count, Unknown) and isinstance(finding.area_mm2, Unknown):
            return Message("preview.not-seen", {"reason": finding.count.reason})
    if any(not isinstance(mark_finding.count, Unknown) and mark_finding.count != 0 for mark_finding in here):
        return Message("preview.no-outline")
    if any(finding.told is not None for finding in here):  # it was found, and a person did not confirm it
        return Message("preview.none-confirmed")
    return Message("preview.none-found") if of_kinds else Message("preview.no-reader")
