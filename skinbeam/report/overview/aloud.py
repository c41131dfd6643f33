"""Two plain sentences on a concern, for reading aloud: what comes first and how many it helps, then what it costs."""

from skinbeam.estimate import Unknown
from skinbeam.plan.records import ConcernPlan, Option
from skinbeam.report.leaflet.words import choice_name, harm_in_words, plain, range_in_words
from skinbeam.report.names import ranked
from skinbeam.report.outcomes import good_of, worst_harm
from skinbeam.report.showing import days_in_words
from skinbeam.report.shown import capital, people, say, within

__all__ = ["aloud"]


def aloud(concern: ConcernPlan) -> tuple[str, ...]:
    """Return two sentences."""
    first = ranked(concern)[0]
    return capital(_helps(concern, first)), _costs(first)


def _helps(concern: ConcernPlan, first: Option) -> str:
    name, choice = plain("condition", concern.condition, concern.title), choice_name(first)
    site = plain("site", concern.site)
    told = {"concern": within(name), "site": site, "choice": within(choice[:1]) + choice[1:]}
    p = good_of(first)
    if isinstance(p, Unknown):
        return say("aloud.helps_unknown", **told)
    shares = {"people": people(p.median), "low": people(p.low), "high": people(p.high)}
    if first.modality == "no-treatment":
        return say("aloud.nothing", concern=told["concern"], site=site, **shares)
    return say("aloud.helps", **told, **shares)


def _costs(first: Option) -> str:
    """The harm that is known best, visits and days; what is not known is said to be so."""
    key, _, p = worst_harm(first)
    sessions, shows = first.sessions, first.shows_days
    if isinstance(p, Unknown) and isinstance(sessions, Unknown) and isinstance(shows, Unknown):
        return say("aloud.costs_unknown")
    parts = [
        say("aloud.harm_unknown")
        if isinstance(p, Unknown)
        else say("aloud.harm", harm=harm_in_words(key), people=people(p.median)),
        say("aloud.visits_unknown")
        if isinstance(sessions, Unknown)
        else say("aloud.visits", visits=range_in_words(sessions)),
        say("aloud.days_unknown") if isinstance(shows, Unknown) else say("aloud.days", days=days_in_words(first)),
    ]
    return capital("; ".join(parts) + ".")
