"""The names of concerns, sites, options and devices, in words and as they stand in file names."""

from skinbeam.laser.wording import named_with_light
from skinbeam.messages import retold
from skinbeam.plan.records import ConcernPlan, Nearest, Option, Plan
from skinbeam.plan.setup import Setup
from skinbeam.report.shown import say
from skinbeam.schema.names import table

__all__ = ["concern_name", "device_of", "foremost", "lit", "ranked", "site_title", "slug", "treated_names"]


def ranked(concern: ConcernPlan) -> list[Option]:
    """Return the options of a concern in order of rank; equal ranks keep the plan's order."""
    return sorted(concern.options, key=lambda option: option.rank)


def foremost(concern: ConcernPlan) -> list[Option]:
    """Return the first option of a concern, and its first laser where that is another: people ask for it."""
    first, *others = ranked(concern)
    lasers = [option for option in others if option.setup is not None]
    return [first, *lasers[:1]] if first.setup is None else [first]


def concern_name(concern: ConcernPlan) -> str:
    """Return the concern and its site in words."""
    title, site = concern.title, site_title(concern.site)
    return title if site.lower() in title.lower() else say("concern_at_site", concern=title, site=site)


def treated_names(plan: Plan) -> dict[str, str]:
    """Return what the visits of a plan treat, as the plan writes it, to the concern and its site in words."""
    return {concern.place: concern_name(concern) for concern in plan.concerns}


def site_title(name: str) -> str:
    """Return the site in words; a name that is not in the table stands as it is."""
    sites = table("site")
    return retold(str(sites[name]["title"])) if name in sites else name


def slug(concern: ConcernPlan, option: Option) -> str:
    """Return a name for files and anchors, the same for the same option."""
    parts = (concern.condition, concern.site, option.modality, option.setup.device if option.setup is not None else "")
    return "-".join("".join(c if c.isalnum() or c == "-" else "-" for c in part) for part in parts if part)


def device_of(option: Option | Nearest) -> str:
    """Return device and wavelength in words; empty without a device."""
    setup = option.setup
    return "" if setup is None else named_with_light(setup.device_title, setup.wavelength_nm, lamp=setup.lamp)


def lit(name: str, setup: Setup | None) -> str:
    """Return the name of a quantity with the light that it is set for: a row is read alone."""
    return name if setup is None else say("setting_of_light", name=name, light=setup.light)
