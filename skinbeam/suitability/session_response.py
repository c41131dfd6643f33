"""Judge what earlier sessions improved: whether a course goes on, is enough, or stops."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from skinbeam.assessment.earlier_sessions import (
    TreatedPlace,
    count_sessions,
    is_place_known,
    sessions_on,
    weeks_since,
)
from skinbeam.assessment.questionnaire import fact_tables, sites_overlap
from skinbeam.assessment.reaction_words import BROWN_SPOTS
from skinbeam.assessment.reactions import earlier_reactions
from skinbeam.laser.case_devices import find_device
from skinbeam.laser.device_class import heats_alike
from skinbeam.laser.setting_grid import one_of_each_light
from skinbeam.model.case import Case
from skinbeam.model.consultation import Concern, EarlierSession
from skinbeam.model.vocabulary import COLOUR_MODALITIES, PIGMENT_MODALITIES, usable_modalities
from skinbeam.suitability.course_rules import course_rules
from skinbeam.suitability.dose_bars import LightFacts
from skinbeam.suitability.history import reaction_message
from skinbeam.suitability.table import Decision, RuleReason
from skinbeam.text import Message

__all__ = [
    "MARKS_OF_LIGHT",
    "SessionResponse",
    "begins_course",
    "count_sessions_of_course",
    "count_sessions_with",
    "course_notice",
    "freezing_reasons",
    "is_judged_early",
    "is_too_little",
    "response_reasons",
    "session_modalities",
    "session_response",
]

MARKS_OF_LIGHT: Final = ("melasma", "post-inflammatory-hyperpigmentation")
"""Conditions in which a mark of light cannot be told from what is treated."""
_PRACTICE_SOURCE, _PRACTICE_STRENGTH = "rulepractice", "practice"


@dataclass(frozen=True)
class SessionResponse:
    """The result of the sessions of a course on a condition so far.

    Parameters
    ----------
    sessions : how many took place.
    improved_pct : improvement since before the first, as judged at the last judged session; None where none was judged.
    judged_after : how many had taken place when it was judged; 0 where none was judged.
    is_last_judged : whether it was judged after the last session.
    is_severe_today : whether the case calls the condition severe all the same.
    is_past : whether the last session was so long ago that another one begins a new course.
    """

    sessions: int
    improved_pct: float | None
    judged_after: int = 0
    is_last_judged: bool = False
    is_severe_today: bool = False
    is_past: bool = False

    @property
    def has_returned(self) -> bool:
        """Whether nearly all was better, and it is severe today: it has come back, or one of the two is wrong."""
        return self.is_severe_today and self._has_nearly_gone

    @property
    def restarts_count(self) -> bool:
        """Whether sessions are counted from one again: the finding has returned, or is new since the last course."""
        return self.has_returned or self.is_past

    @property
    def is_enough(self) -> bool:
        """Whether so much is better that another session needs a decision: it can gain little, and it can harm."""
        return self._has_nearly_gone and not self.is_severe_today and not self.is_past

    @property
    def _has_nearly_gone(self) -> bool:
        return self.improved_pct is not None and self.improved_pct >= course_rules().enough_pct

    @property
    def is_worse(self) -> bool:
        """Whether the condition is worse than before the first session."""
        return self.improved_pct is not None and self.improved_pct < 0.0

    def is_too_little_after(self, sessions: float) -> bool:
        """Return whether so many sessions, by which a course should show, had improved too little as judged."""
        return self.improved_pct is not None and self.judged_after >= sessions and is_too_little(self.improved_pct)


def is_too_little(improved_pct: float) -> bool:
    """Return whether so little got better that a course is not repeated of itself."""
    return improved_pct < course_rules().stop_below_pct


def is_judged_early(case: Case, session: EarlierSession) -> bool:
    """Return whether what a session improved was judged sooner than another one may follow: less than it will show."""
    ago = weeks_since(case, session)
    return ago is not None and ago < course_rules().least_weeks


def session_response(case: Case, place: TreatedPlace) -> SessionResponse:
    """Return the result of the last course of a case on a condition at a site."""
    return _response_to(_sessions_of_course(case, place), case, place)


def _sessions_of_course(case: Case, place: TreatedPlace) -> tuple[EarlierSession, ...]:
    """Return the sessions on a condition at a site since the last pause after which a course starts again."""
    done = sessions_on(case, place)
    begins = (number for number in range(len(done) - 1, 0, -1) if begins_course(done[number], done[number - 1]))
    return done[next(begins, 0) :]


def begins_course(session: EarlierSession, before: EarlierSession) -> bool:
    """Return whether a session is the first of a new course, so long after the one before it."""
    return session.week - before.week > course_rules().new_course_after_weeks


def _response_to(done: Sequence[EarlierSession], case: Case, place: TreatedPlace) -> SessionResponse:
    judged = [number for number, session in enumerate(done, start=1) if session.response_pct is not None]
    last = judged[-1] if judged else 0
    improved_pct = done[last - 1].response_pct if last else None
    is_last_judged = last == len(done) > 0
    here = [concern for concern in case.concern if concern.condition == place.condition]
    if is_place_known(case, place):
        here = [concern for concern in here if concern.site == place.site]
    is_severe = any(concern.severity == "severe" for concern in here)
    ago = weeks_since(case, done[-1]) if done else None
    is_past = ago is not None and ago > course_rules().new_course_after_weeks
    return SessionResponse(
        count_sessions(done), improved_pct, count_sessions(done[:last]), is_last_judged, is_severe, is_past
    )


def count_sessions_of_course(case: Case, place: TreatedPlace, modality: str, light: LightFacts) -> int:
    """Return how many sessions of the course of a light have been done.

    Of light for blood and pigment they are those that may have been done with such light: what another colour did is
    none of the sessions that this one needs, whether it helped or failed. Columns and the removal of skin heat water,
    whatever their wavelength. None are where a course starts again.
    """
    if session_response(case, place).restarts_count:
        return 0
    alike = [done for done in _sessions_of_course(case, place) if modality in session_modalities(case, done)]
    if modality in COLOUR_MODALITIES:
        alike = [done for done in alike if _may_be_of(case, done, light)]
    return count_sessions(alike)


def count_sessions_with(case: Case, place: TreatedPlace | None, modality: str | None) -> int:
    """Return how many sessions on a condition at a site may have been done with a modality.

    A session whose device is missing or not known may have been done with any laser for the condition.
    """
    if place is None or modality is None:
        return 0
    return count_sessions(done for done in sessions_on(case, place) if modality in session_modalities(case, done))


def session_modalities(case: Case, session: EarlierSession) -> Collection[str]:
    """Return the modalities that a session may have been done with: every usable one where its device is not known."""
    known = find_device(session.device or "", case)
    return usable_modalities(session.treats) if known is None else known.modalities


def response_reasons(
    case: Case, concern: Concern | None, modality: str | None, light: LightFacts | None
) -> list[RuleReason]:
    """Return the reasons where sessions with a laser have improved a concern too little, or left marks in melasma.

    Parameters
    ----------
    light : of the setting that is judged; None where only the modality is known.
    """
    if concern is None or modality is None:
        return []
    about = concern.place
    reasons = []
    stopped = _stopping_message(case, concern, modality, light)
    if stopped is not None:
        decision, message = stopped
        source = course_rules().source
        reasons.append(RuleReason("response-too-little", decision, message, source, _PRACTICE_STRENGTH, about))
    if concern.condition in MARKS_OF_LIGHT and modality in PIGMENT_MODALITIES:
        marks = {message.text: message for message in _lasting_mark_messages(case, concern)}.values()
        reasons += [
            RuleReason("response-marked", "refer", message, _PRACTICE_SOURCE, _PRACTICE_STRENGTH, about)
            for message in marks
        ]
    return reasons


def freezing_reasons(case: Case, concern: Concern | None, modality: str) -> list[RuleReason]:
    """Return the reason to look at a brown spot again before it is frozen, where light has improved it too little.

    Freezing leaves nothing to examine.
    """
    if concern is None or modality != "cryotherapy" or concern.condition not in BROWN_SPOTS:
        return []
    notice = course_notice(case, concern)
    if notice is None or notice.id not in ("response.too-little", "response.too-little-so-far", "response.worse"):
        return []
    source = course_rules().source
    message = Message("response.before-freezing")
    return [
        RuleReason("response-too-little", "with-caution", message, source, _PRACTICE_STRENGTH, concern.place),
    ]


def _stopping_message(
    case: Case, concern: Concern, modality: str, light: LightFacts | None
) -> tuple[Decision, Message] | None:
    """Return whether and why a course stops for a clinician to look again; None where it goes on.

    A course that made a condition worse, or that has not brought a quarter of improvement after two sessions, three of
    columns, after which skin is rebuilt for months, is not repeated automatically (a judgement): the diagnosis, the
    light or the dose is wrong, or no further improvement is possible. Another light may still be planned, and where the
    condition is on several sites and a session names none, nobody knows which of them it treated. Light that failed in
    an earlier course has failed all the same. Long and short pulses for pigment are one kind here: what neither clears
    may be no harmless spot.
    """
    done = sessions_on(case, concern)
    kind = PIGMENT_MODALITIES if modality in PIGMENT_MODALITIES else (modality,)
    alike = [session for session in done if not set(kind).isdisjoint(session_modalities(case, session))]
    response = _response_to(done, case, concern)
    if not alike:
        return None
    if response.is_worse:
        return "refer", Message("response.worse", {"sessions": response.judged_after})
    rules = course_rules()
    if not response.is_too_little_after(rules.stop_after(modality)):
        return None
    params = {"sessions": response.judged_after, "improved": response.improved_pct}
    # Where sessions follow each other sooner than they show, those before the last ones have shown by now.
    shown = count_sessions(session for session in done if not is_judged_early(case, session))
    if response.is_last_judged and shown < rules.stop_after(modality):
        return "with-caution", Message("response.too-early", params | {"least": rules.least_weeks})
    if not is_place_known(case, concern):
        return "with-caution", Message("response.too-little-somewhere", params)
    if light is not None:
        is_other = not _may_be_light_of(case, alike, light)
    elif any(modality in session_modalities(case, session) for session in alike):
        is_other = _offers_other_light(case, modality, alike)
    else:
        is_other = True
    if is_other:
        return "with-caution", Message("response.too-little-so-far", params)
    return "refer", Message("response.too-little", params)


def course_notice(case: Case, concern: Concern) -> Message | None:
    """Return why the sessions on a concern are to be looked at before the next; None where they go on."""
    messages = [_stopping_message(case, concern, modality, None) for modality in usable_modalities(concern.condition)]
    stopped = sorted((effect for effect in messages if effect is not None), key=lambda effect: effect[0] != "refer")
    return stopped[0][1] if stopped else None


def _offers_other_light(case: Case, modality: str, sessions: Sequence[EarlierSession]) -> bool:
    """Return whether a device that the clinic may use for a modality gives light that no session may have been."""
    if any(find_device(session.device or "", case) is None for session in sessions):
        return False
    listed = None if case.clinic is None else case.clinic.devices
    if listed is None:
        return True
    able = [find_device(name, case) for name in listed]
    lights = (
        LightFacts.of_pulse(candidate.wavelength_nm, candidate.pulse_ms, lamp=device.is_lamp)
        for device in able
        if device is not None and modality in device.modalities
        for candidate in one_of_each_light(device)
    )
    return None in able or any(not _may_be_light_of(case, sessions, light) for light in lights)


def _may_be_light_of(case: Case, sessions: Sequence[EarlierSession], light: LightFacts) -> bool:
    """Return whether one of the sessions may have been done with such light."""
    return any(_may_be_of(case, session, light) for session in sessions)


def _may_be_of(case: Case, session: EarlierSession, light: LightFacts) -> bool:
    """Return whether a session may have been done with such light: a lamp, or a laser of its wavelength and pulse."""
    device = find_device(session.device or "", case)
    if device is None:
        return True
    if device.is_lamp or light.lamp:
        return device.is_lamp and light.lamp
    made = device.wavelengths_nm if session.wavelength_nm is None else (session.wavelength_nm,)
    pulse_ms = device.pulse_ms[1] if session.pulse_ms is None else session.pulse_ms
    is_short = pulse_ms < fact_tables().short_pulse_below_ms
    return is_short == light.short_pulse and any(heats_alike(nm, light.wavelength_nm) for nm in made)


def _lasting_mark_messages(case: Case, concern: Concern) -> Iterator[Message]:
    """Yield a sentence for each pulse for pigment that left dark or pale marks in a concern."""
    for reaction in earlier_reactions(case):
        is_here = reaction.condition == concern.condition or (
            reaction.site is not None and sites_overlap(reaction.site, concern.site)
        )
        if is_here and reaction.is_lasting_mark and not set(reaction.modalities).isdisjoint(PIGMENT_MODALITIES):
            yield reaction_message("response.marked", reaction)
