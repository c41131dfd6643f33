"""Why a concern has no laser, in plain words: the reasons, how near a setting came, and what may change it."""

from skinbeam.estimate import Estimate
from skinbeam.plan.records import Assessment, ConcernPlan
from skinbeam.report.leaflet.words import light_in_words
from skinbeam.report.outcomes import good_of
from skinbeam.report.overview.without import colour_may_change
from skinbeam.report.shown import people, plain_reasons, say

__all__ = ["no_laser_told"]


def no_laser_told(concern: ConcernPlan, person: Assessment) -> str:
    """Return why no laser is offered; empty where one is."""
    reasons = plain_reasons(concern.no_laser)
    if not reasons:
        return ""
    told = [say("leaflet_no_laser.head"), *reasons]
    near = concern.nearest
    if near is not None:
        light = light_in_words(near.setup)
        told.append(say("leaflet.nearest", light=light, people=people(near.p_effective.median)))
        half = good_of(near)
        if isinstance(half, Estimate):
            told.append(say("leaflet.nearest_trials", people=people(half.median)))
    if colour_may_change(concern, person):
        told.append(say("leaflet.change_colour"))
    return " ".join(told)
