"""The vessels that a plan is made for where a photograph shows how wide they look, and what is told of that."""

from collections.abc import Mapping, Sequence

from skinbeam.assessment.photograph import SiteSeen, in_short
from skinbeam.errors import NotAvailable
from skinbeam.messages import Message
from skinbeam.plan.search.goals import laser_choices, vessels_of
from skinbeam.schema.case import Case
from skinbeam.schema.consultation import Concern
from skinbeam.schema.names import table
from skinbeam.skin.seen_widths import SeenWidth
from skinbeam.skin.vessels import VesselPopulation

__all__ = ["told_of_vessels", "widths_of"]


def widths_of(case: Case, sites: Sequence[SiteSeen]) -> Mapping[str, SeenWidth]:
    """Return site → how wide its vessels look, where that is sure enough for doses and the case names no vessels."""
    if case.vessel:
        return {}
    return {one.site: SeenWidth(one.vessel_um) for one in sites if one.vessel_um is not None and one.vessels_clear}


def told_of_vessels(case: Case, sites: Sequence[SiteSeen]) -> Mapping[str, Sequence[Message]]:
    """Return what doses take from the vessels seen at each site that has a concern made of vessels."""
    widths = widths_of(case, sites)
    found: dict[str, list[Message]] = {}
    for one in sites:
        for concern in case.concern:
            population = _population(concern) if concern.site == one.site else None
            if population is not None and one.vessel_um is not None:
                told = _told(case, one, concern, population, widths.get(one.site))
                found.setdefault(one.site, []).append(told)
    return found


def _population(concern: Concern) -> VesselPopulation | None:
    """The published vessels of a concern that light for vessels may be planned for; None of another."""
    wheres = [table("modality")[name]["where"] for name in laser_choices(concern.condition, concern.site)[0]]
    if "vessel" not in wheres:
        return None
    try:
        return vessels_of(concern.condition, concern.subtypes)
    except NotAvailable:
        return None


def _told(case: Case, one: SiteSeen, concern: Concern, published: VesselPopulation, width: SeenWidth | None) -> Message:
    assert one.vessel_um is not None  # told of sites that have a width
    params: dict[str, str | float] = {
        "site": table("site")[one.site]["title"],
        "concern": table("condition")[concern.condition]["title"],
        **in_short(one.vessel_um),
        **{f"published_{end}": value for end, value in in_short(published.diameter_um()).items()},
    }
    if width is None:
        return Message("photo-plan.vessels_given" if case.vessel else "photo-plan.vessels_unsure", params)
    joined = published.joined(width)
    if joined.seen is None:
        return Message("photo-plan.vessels_apart", params)
    drawn = {f"drawn_{end}": value for end, value in in_short(joined.diameter_um()).items()}
    return Message("photo-plan.vessels_joined", params | drawn)
