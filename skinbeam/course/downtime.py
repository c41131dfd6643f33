"""Describe the time after a session: immediate reaction, healing days, and how long changes stay visible.

`downtime_days` of an option is one of several durations: until the wound has closed, the crusts are off or the swelling
has gone. Redness and the last changes outlast it, so that the shorter number alone would mislead.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from skinbeam.course.aftercare import visible_ranges
from skinbeam.evidence.settings import evidence_settings
from skinbeam.model.conditions import known_conditions, known_modalities
from skinbeam.model.consultation import Concern
from skinbeam.model.estimate import Estimate, Unknown, Value
from skinbeam.model.package_data import load_package_table
from skinbeam.model.sources import cite_sources
from skinbeam.plan_records.course import Duration
from skinbeam.plan_records.plan import HealingDayText, ImmediateReaction
from skinbeam.response.goals import is_field_pigment
from skinbeam.response.limits import bruise_limit
from skinbeam.suitability.course_rules import course_rules
from skinbeam.suitability.dose_bars import BRUISED_SCARS
from skinbeam.suitability.table import RuleReason
from skinbeam.text import Message, catalogue, render_message

__all__ = [
    "SessionDuration",
    "days_until_marks_show",
    "describe_healing_days",
    "downtime_reason",
    "duration_records",
    "immediate_reaction",
    "longest_duration",
    "longest_duration_record",
    "session_durations",
]

# Immediate reaction, signs that stop treatment, and healing days, by modality.

_HEALING_SOURCE = "skinbeam-judgement-healing"
_STOP_SIGNS: Mapping[str, tuple[str, ...]] = {
    "vascular": ("blister", "grey", "pain", "spread"),
    "pigment-short-pulse": ("blister", "white", "pain", "spread"),
    "pigment-short-pulse-fair": ("blister", "tearing", "pain", "spread"),
    "field-pigment": ("whitening", "petechiae", "blister", "pain", "spread"),
    "lens-array": ("whitening", "petechiae", "blister", "pain", "spread"),
    "pigment-long-pulse": ("blister", "grey", "pain", "spread"),
    "non-ablative-fractional": ("blister", "grey", "pain", "spread"),
    "fractional-ablative": ("char", "pain", "spread"),
    "ablative": ("char", "pain", "spread"),
}


def _first_pulse_wait_minutes(modality: str) -> float:
    """Return how long to wait after the first pulse, and record the source as used."""
    waits = load_package_table("data/limits.toml")["first_pulse"]
    cite_sources(waits["source"])
    minutes: float = waits[modality]
    return minutes


def immediate_reaction(
    modality: str,
    condition: str,
    light: str,
    *,
    may_whiten: bool = False,
    bruises: bool = False,
    heats_deep: bool = False,
) -> ImmediateReaction:
    """Return the immediate reaction to a laser modality.

    Parameters
    ----------
    light : of the pulses, in words.
    may_whiten : whether a spot may turn evenly ash-white, which is the sign of nanosecond pulses in fair skin; skin
        that darkens after light gets no more than a faint whitening, and so does a picosecond pulse.
    bruises : whether light for vessels bruises most such skins at its setting.
    heats_deep : whether light for vessels heats the dermis through, so that a scar does not change under the pulse.
    """
    minutes = _first_pulse_wait_minutes(modality)
    seen = _appearance_key(modality, condition)
    sought = f"{seen}-fair" if seen == "pigment-short-pulse" and may_whiten else seen
    if seen == "vascular" and condition in BRUISED_SCARS:
        sought = "vascular-scar-deep" if heats_deep else "vascular-scar"
    elif seen == "vascular":
        # A single vessel is seen to darken or go; elsewhere a field is red.
        of = "vascular" if condition in evidence_settings().single_lesions else "vascular-field"
        sought = f"{of}-bruise" if bruises else of
    elif seen == "pigment-long-pulse" and condition in course_rules().background:
        sought = "pigment-long-pulse-field"
    return ImmediateReaction(
        Message(f"immediate.seek-{sought}"),
        tuple(Message(f"immediate.stop-{sign}") for sign in _STOP_SIGNS[sought if sought in _STOP_SIGNS else seen]),
        Message("immediate.first-pulses", {"light": light, "minutes": minutes}),
    )


def describe_healing_days(modality: str, condition: str, *, bruises: bool = False) -> tuple[HealingDayText, ...]:
    """Return the usual appearance on the days after a session, by day, in order; `bruises` as of the reaction."""
    cite_sources(_HEALING_SOURCE)
    return _healing_days(
        "bruising-light" if bruises and modality == "vascular" else _appearance_key(modality, condition)
    )


@cache
def _healing_days(appearance: str) -> tuple[HealingDayText, ...]:
    prefix = f"healing-day.{appearance}-"
    days = sorted(int(key.removeprefix(prefix)) for key in catalogue() if key.startswith(prefix))
    return tuple(HealingDayText(day, Message(f"{prefix}{day}"), _HEALING_SOURCE) for day in days)


def _appearance_key(modality: str, condition: str) -> str:
    """Return the key of the messages that describe a modality.

    A field whose colour is faded looks unlike a spot that is whitened. What has no pigment is treated with short pulses
    through lens arrays alone.
    """
    if not is_field_pigment(modality, condition):
        return modality
    return "field-pigment" if known_conditions()[condition].pigmented else "lens-array"


_DAYS_PER_UNIT = {"days": 1.0, "weeks": 7.0}
_LOOK_FOR_MARKS = ("pigment-short-pulse", "field-pigment", "lens-array")  # whose last day of healing asks for new marks
_SOON_AS_BEFORE = ("field-pigment", "lens-array")  # skin that looks as before when that day has come


def days_until_marks_show(modality: str, condition: str) -> int:
    """Return the day on which late marks of a spot are looked for, before other light; 0 where there is none."""
    seen = _appearance_key(modality, condition)
    is_looked_at = seen in _LOOK_FOR_MARKS and seen not in _SOON_AS_BEFORE
    return describe_healing_days(modality, condition)[-1].day if is_looked_at else 0


@dataclass(frozen=True)
class SessionDuration:
    """One duration of a visible change after a session.

    Parameters
    ----------
    kind : downtime, redness or covering (of a rule), trials, calendar (the last day that is described) or bruise.
    low, high : days.
    median : the printed mean or the middle, by which it is compared where it is not the longest.
    rule : id of the rule that gives it; empty where none does.
    sources, message : its sources, and its sentence.
    """

    kind: str
    low: float
    high: float
    median: float
    rule: str
    sources: tuple[str, ...]
    message: Message

    @property
    def estimate(self) -> Estimate:
        """The days as an estimate; its kind is always assumed (plan/aftercare)."""
        return Estimate(self.median, self.low, self.high, 0.8, "assumed", basis=self.sources)

    @property
    def record(self) -> Duration:
        """The record of this duration in a plan."""
        source = self.sources[0] if len(self.sources) == 1 else self.sources
        return Duration(self.kind, self.low, self.high, "days", source, self.message, self.rule or None)


def session_durations(
    concern: Concern, modality: str, downtime: Value, *, bruise_likely: bool = False, pulse: str = ""
) -> tuple[SessionDuration, ...]:
    """Return every duration that is known of a session with a modality.

    Parameters
    ----------
    downtime : days of visible healing of the option; those of trials are among the durations.
    bruise_likely : whether a bruise is likely.
    pulse : as of `aftercare.find_range`.
    """
    found = [
        SessionDuration(
            quantity,
            span.low * _DAYS_PER_UNIT[span.unit],
            span.high * _DAYS_PER_UNIT[span.unit],
            span.estimate().median * _DAYS_PER_UNIT[span.unit],
            span.rule,
            (span.source,),
            span.message,
        )
        for quantity, span in visible_ranges(modality, concern.condition, site=concern.site, pulse=pulse)
    ]
    if isinstance(downtime, Estimate) and downtime.kind != "assumed":  # an assumed one is the span of a rule
        message = Message("plan.shows-trials", {"days": downtime})
        found.append(
            SessionDuration("trials", downtime.low, downtime.high, downtime.median, "", tuple(downtime.basis), message)
        )
    seen = _appearance_key(modality, concern.condition)
    if known_modalities()[modality].laser and seen not in _SOON_AS_BEFORE:
        is_look = seen in _LOOK_FOR_MARKS
        day = describe_healing_days(modality, concern.condition)[-2 if is_look else -1]
        last = float(day.day)
        if is_look:  # until crusts have gone, as of other light, and not until all pink has, which no calendar tells
            last = max([last, *(duration.high for duration in found)])
        message = Message("plan.shows-crusts" if is_look else "plan.shows-calendar", {"days": last})
        found.append(SessionDuration("calendar", last, last, last, "", (day.source,), message))
    if bruise_likely:
        limit = bruise_limit()
        message = Message("plan.shows-bruise", {"low": limit.low_days, "high": limit.high_days})
        middle = (limit.low_days + limit.high_days) / 2.0
        found.append(SessionDuration("bruise", limit.low_days, limit.high_days, middle, "", (limit.source,), message))
    cite_sources(*(key for duration in found for key in duration.sources))
    return tuple(found)


def longest_duration(durations: Sequence[SessionDuration]) -> SessionDuration | None:
    """Return the duration that ends last; None where none is known."""
    return max(durations, key=lambda duration: (duration.high, duration.low), default=None)


def longest_duration_record(durations: Sequence[SessionDuration]) -> Duration | Unknown:
    """Return the record of the longest duration; unknown where there is none."""
    duration = longest_duration(durations)
    return Unknown(render_message("plan.shows-unknown")) if duration is None else duration.record


def duration_records(durations: Sequence[SessionDuration]) -> tuple[Duration, ...]:
    """Return the records of all durations, the longest first."""
    return tuple(
        duration.record for duration in sorted(durations, key=lambda duration: (-duration.high, -duration.low))
    )


# Visible changes that last longer than the person accepts.

_DOWNTIME_RULE_SOURCE = "rulepractice"  # of the caution; each duration has its own source
_VISIBLE_QUANTITIES = ("downtime", "covering", "trials")  # durations that count as visible healing of an option


def downtime_reason(
    concern: Concern, modality: str, downtime: Value, accepted_days: float | None, *, pulse: str = ""
) -> RuleReason | None:
    """Return a caution that visible changes last longer than the person accepts; None where they do not.

    It changes no setting. Healing and redness count where their median is longer, and the longest duration where its
    upper end is, because its middle alone would mislead. The time that a column needs to close under the microscope is
    not counted, because it is not visible.

    Parameters
    ----------
    downtime : days of visible healing of the option.
    accepted_days : as the person stated; None without an answer.
    pulse : as of `aftercare.find_range`.
    """
    if accepted_days is None:
        return None
    known = session_durations(concern, modality, downtime, pulse=pulse)
    red = longest_duration([duration for duration in known if duration.kind == "redness"])
    seen = {"healing-seen": downtime} | ({} if red is None else {"healing-redness": red.estimate})
    lasting: dict[str, Estimate | float] = {
        name: days for name, days in seen.items() if isinstance(days, Estimate) and days.median > accepted_days
    }
    is_look = _appearance_key(modality, concern.condition) in _LOOK_FOR_MARKS
    last = longest_duration([duration for duration in known if not (is_look and duration.kind == "calendar")])
    if last is not None and last.high > accepted_days:
        name = "healing-seen" if last.kind in _VISIBLE_QUANTITIES else f"healing-{last.kind}"
        lasting.setdefault(name, last.estimate if last.low < last.high else last.high)
    if not lasting:
        return None
    cite_sources(
        _DOWNTIME_RULE_SOURCE, *(key for days in lasting.values() if isinstance(days, Estimate) for key in days.basis)
    )
    durations = [Message(f"plan.{name}", {"days": days}) for name, days in lasting.items()]
    message = Message("plan.healing-longer", {"accepted": accepted_days, "lasting": durations})
    about = concern.place
    return RuleReason("healing-longer-than-accepted", "with-caution", message, _DOWNTIME_RULE_SOURCE, "practice", about)
