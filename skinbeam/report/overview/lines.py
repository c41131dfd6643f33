"""An option in one line: what is set, the good and the bad of 100 people with their range, visits, days, evidence."""

from skinbeam.document import fields_of
from skinbeam.estimate import Unknown, Value
from skinbeam.messages import retold
from skinbeam.plan.records import ConcernPlan, Option
from skinbeam.plan.setup import Setup
from skinbeam.report.context import Glance, Shown, Span
from skinbeam.report.leaflet.words import harm_in_words
from skinbeam.report.names import concern_name, device_of, slug
from skinbeam.report.outcomes import good_of, worst_harm
from skinbeam.report.overview.evidence import evidence_told
from skinbeam.report.showing import days_brief, days_shown
from skinbeam.report.shown import capital, join, people, per_100, quantity, say, show

__all__ = ["glance", "setting_line", "span_of"]

_SAID = ("fluence_J_cm2", "energy_mJ", "diameter_um", "density_per_cm2", "spot_mm", "pulse_ms")


def glance(concern: ConcernPlan, option: Option, phototype: str | None = None) -> Glance:
    """Return an option in one line; where the phototype is known, its evidence counts the trials of such skin."""
    key, _, p = worst_harm(option)
    harm = harm_in_words(key)
    good, bad = per_100(good_of(option)), per_100(p)
    glanced = {
        "good": good,
        "bad": Shown(say("harm_share", harm=capital(harm), share=bad.text), "", True) if bad.known else bad,
        "sessions": show(option.sessions),
        "downtime": days_shown(option),
    }
    trials, evidence = evidence_told(concern, option, phototype)
    setting = "" if option.setup is None else setting_line(option.setup)
    return Glance(
        anchor=f"option-{slug(concern, option)}",
        without="",
        concern=concern_name(concern),
        option=join([option.title, device_of(option)]),
        name=device_of(option) or option.title,
        setting=join(filter(None, (setting, say("beyond_practice") if option.beyond_practice else ""))),
        counted=any(value.known for value in glanced.values()),
        good_span=span_of(good_of(option)),
        bad_name=harm if bad.known else "",
        bad_span=span_of(p),
        visits=_visits(option),
        days=days_brief(option),
        trials=trials,
        evidence=evidence,
        **{name: Shown(value.text, "", value.known) for name, value in glanced.items()},  # why stands with the option
    )


def span_of(p: Value) -> Span | None:
    """Return a share of people as a bar; none where it is unknown."""
    if isinstance(p, Unknown):
        return None
    low, median, high = (round(100 * x, 1) for x in (p.low, p.median, p.high))
    return Span(low, median, high, people(p.median), per_100(p).text)


def _visits(option: Option) -> str:
    sessions = option.sessions
    if isinstance(sessions, Unknown):
        return ""
    low, high = (show(end).text for end in (sessions.low, sessions.high))
    return low if low == high else say("brief_range", low=low, high=high)


def setting_line(setup: Setup) -> str:
    """Return what is set on a device, as it is said: dose, density, spot, pulse, passes and cooling."""
    held = setup.settings
    columns = {} if held.microbeam is None else fields_of(held.microbeam)
    values = {"fluence_J_cm2": held.fluence_J_cm2, **columns, "spot_mm": held.spot_mm, "pulse_ms": held.pulse_ms}
    said = [show(values[name], quantity(name)[1]).text for name in _SAID if values.get(name) is not None]
    if held.passes is not None and held.passes > 1:
        said.append(say("passes", passes=held.passes))
    if held.compression is not None:
        said.append(say("pressed", what=retold(held.compression)))
    if held.cooling is not None:
        before, delay = (show(x, "ms").text for x in (held.cooling.before_ms or 0.0, held.cooling.delay_ms or 0.0))
        spray = held.cooling.kind == "spray"
        said.append(
            say("cooled_by_spray", before=before, delay=delay)
            if spray
            else say("cooled_by", kind=retold(held.cooling.kind))
        )
    return join(said)
