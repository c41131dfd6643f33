"""Where the leaflet comes from: its studies, its date, when there will be a newer one, and who paid for it."""

import datetime
from collections.abc import Iterator

from skinbeam._version import __date__
from skinbeam.estimate import Estimate, Unknown
from skinbeam.plan.records import ConcernPlan, Plan
from skinbeam.report.leaflet.choices import options_table
from skinbeam.report.outcomes import good_of, harm_values
from skinbeam.report.shown import keys_of, say
from skinbeam.sources import Source, bibliography

__all__ = ["about", "studies"]

_OWN = "skinbeam"  # the author of a judgement of this project: no study
_NOT_READ = "Authors not read"
_TITLE_WORDS = 6
_STUDIES_NAMED = 12


def about(plan: Plan) -> tuple[str, ...]:
    """Return version and date, the way to a newer one, and the funding."""
    return (
        say(
            "leaflet.about_date",
            version=plan.version,
            date=datetime.date.fromisoformat(__date__),
            data=plan.data_release[:12],
        ),
        say("leaflet.about_update"),
        say("leaflet.about_funding"),
    )


def studies(concern: ConcernPlan) -> str:
    """Return the studies behind the numbers of a concern in short: first who alone says how long it shows, then the
    studies of the most people.

    A page has room for a few; how many more there are is said, and where they stand. Empty where there are none.
    """
    known = bibliography()
    people = {study.study: study.patients for option in options_table(concern)[0] for study in option.expected.studies}
    found = {key: known[key] for key in _keys(concern) if key in known and known[key].fields.get("author") != _OWN}
    alone = set(_behind_time(concern))
    ordered = sorted(found, key=lambda key: (key not in alone, -people.get(key, 0), _short(found[key]).casefold()))
    names = list(dict.fromkeys(_short(found[key]) for key in ordered))
    named = "; ".join(names[:_STUDIES_NAMED])
    more = len(names) - _STUDIES_NAMED
    return say("leaflet.studies_more", names=named, more=more) if more > 0 else named


def _behind_time(concern: ConcernPlan) -> Iterator[str]:
    for option in options_table(concern)[0]:
        yield from () if isinstance(option.shows_days, Unknown) else keys_of(option.shows_days.source)


def _keys(concern: ConcernPlan) -> Iterator[str]:
    for option in options_table(concern)[0]:
        for value in (good_of(option), *(p for _, _, p in harm_values(option)), option.downtime_days):
            yield from value.basis if isinstance(value, Estimate) else ()
        yield from () if isinstance(option.sessions, Unknown) else keys_of(option.sessions.source)
        yield from keys_of(option.source)
    yield from _behind_time(concern)


def _short(source: Source) -> str:
    """First author and year; a source whose authors were not read, by the beginning of its title."""
    author = source.fields.get("author", "").replace("{", "").replace("}", "")
    names = author.split(" and ")
    first = names[0].split(",")[0]
    if not author or author == _NOT_READ:
        first = " ".join(source.fields.get("title", source.key).strip("[]{}").split()[:_TITLE_WORDS])
    elif len(names) == 1 and not author.startswith(first + ","):
        first = author
    year = source.fields.get("year", "")
    return f"{first} {year}" if year.isdigit() else first
