"""Use the width of vessels on a photograph for doses, and say how it is used."""

from collections.abc import Mapping, Sequence

from skinbeam.assessment.photograph import SitePhotoFindings, estimate_parameters
from skinbeam.model.case import Case
from skinbeam.model.conditions import known_conditions, known_modalities, known_sites
from skinbeam.model.consultation import Concern
from skinbeam.model.errors import NotAvailable
from skinbeam.response.goals import concern_lasers, condition_vessels
from skinbeam.skin.vessels import PhotographedVesselWidth, VesselPopulation
from skinbeam.text import Message

__all__ = ["photo_vessel_widths", "vessel_messages"]


def photo_vessel_widths(case: Case, sites: Sequence[SitePhotoFindings]) -> Mapping[str, PhotographedVesselWidth]:
    """Return the apparent width of the vessels at each site.

    A site is included where the width is certain enough for doses, and only if the case names no vessels.
    """
    if case.vessel:
        return {}
    return {
        site.site: PhotographedVesselWidth(site.vessel_um)
        for site in sites
        if site.vessel_um is not None and site.vessels_clear
    }


def vessel_messages(case: Case, sites: Sequence[SitePhotoFindings]) -> Mapping[str, Sequence[Message]]:
    """Return messages on how doses use the vessels visible at each site that has a concern made of vessels."""
    widths = photo_vessel_widths(case, sites)
    messages: dict[str, list[Message]] = {}
    for site in sites:
        for concern in case.concern:
            population = _concern_vessels(concern) if concern.site == site.site else None
            if population is not None and site.vessel_um is not None:
                message = _vessel_message(case, site, concern, population, widths.get(site.site))
                messages.setdefault(site.site, []).append(message)
    return messages


def _concern_vessels(concern: Concern) -> VesselPopulation | None:
    """Return the published vessels of a concern that light for vessels may be planned for; None for other concerns."""
    wheres = [known_modalities()[name].location for name in concern_lasers(concern)]
    if "vessel" not in wheres:
        return None
    try:
        return condition_vessels(concern.condition, concern.subtypes)
    except NotAvailable:
        return None


def _vessel_message(
    case: Case,
    findings: SitePhotoFindings,
    concern: Concern,
    published: VesselPopulation,
    width: PhotographedVesselWidth | None,
) -> Message:
    assert findings.vessel_um is not None  # called only for sites that have a width
    params: dict[str, str | float] = {
        "site": known_sites()[findings.site].title,
        "concern": known_conditions()[concern.condition].title,
        **estimate_parameters(findings.vessel_um),
        **{f"published_{end}": value for end, value in estimate_parameters(published.diameter_um()).items()},
    }
    if width is None:
        return Message("photo-plan.vessels_given" if case.vessel else "photo-plan.vessels_unsure", params)
    joined = published.with_photographed_width(width)
    if joined.photographed_width is None:
        return Message("photo-plan.vessels_apart", params)
    drawn = {f"drawn_{end}": value for end, value in estimate_parameters(joined.diameter_um()).items()}
    return Message("photo-plan.vessels_joined", params | drawn)
