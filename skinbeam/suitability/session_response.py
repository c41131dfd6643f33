"""Judge what earlier sessions improved: whether a course goes on, is enough, or stops."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

from skinbeam.assessment.questionnaire import sites_overlap
from skinbeam.assessment.reactions import earlier_reactions, find_device
from skinbeam.model.case import Case
from skinbeam.model.consultation import Concern, EarlierSession
from skinbeam.model.package_data import load_package_table
from skinbeam.model.vocabulary import PIGMENT_MODALITIES, usable_modalities
from skinbeam.suitability.history import reaction_message
from skinbeam.suitability.table import RuleReason
from skinbeam.text import Message

__all__ = [
    "SessionResponse",
    "count_sessions_with",
    "response_reasons",
    "session_modalities",
    "session_response",
]

_MARKED_BY_LIGHT: Final = ("melasma", "post-inflammatory-hyperpigmentation")  # marks of light are what is treated
_PRACTICE_SOURCE, _PRACTICE_STRENGTH = "rulepractice", "practice"
_ENOUGH_PCT: Final = 90.0  # of improvement, from which little is left to gain: a judgement
_COURSE_SOURCE: Final = "skinbeam-judgement-course"


@dataclass(frozen=True)
class SessionResponse:
    """The result of the sessions on a condition so far.

    Parameters
    ----------
    sessions : how many took place.
    improved_pct : improvement since before the first, as judged at the last judged session; None where none was judged.
    is_last_judged : whether it was judged after the last session.
    """

    sessions: int
    improved_pct: float | None
    is_last_judged: bool = False

    @property
    def is_enough(self) -> bool:
        """Whether so much is better that another session is decided anew: little is left to gain, and each can harm."""
        return self.improved_pct is not None and self.improved_pct >= _ENOUGH_PCT

    @property
    def stopping_message(self) -> Message | None:
        """Why the course stops for a clinician to look again; None where it goes on.

        A course that made a condition worse, or that has not brought a quarter of improvement after two sessions, is
        not repeated automatically (a judgement): the diagnosis, the light or the dose is wrong, or no further
        improvement is possible.
        """
        if self.improved_pct is None:
            return None
        rule = load_package_table("data/limits.toml")["course"]
        if self.improved_pct < 0.0:
            return Message("response.worse", {"sessions": self.sessions})
        if self.sessions < rule["stop_after_sessions"] or self.improved_pct >= rule["stop_below_pct"]:
            return None
        return Message("response.too-little", {"sessions": self.sessions, "improved": self.improved_pct})


def session_response(case: Case, condition: str) -> SessionResponse:
    """Return the result of the sessions of a case on a condition."""
    done = sorted((one for one in case.session if one.treats == condition), key=lambda one: one.week)
    judged = [one.response_pct for one in done if one.response_pct is not None]
    is_last_judged = bool(done) and done[-1].response_pct is not None
    return SessionResponse(len(done), judged[-1] if judged else None, is_last_judged)


def count_sessions_with(case: Case, condition: str | None, modality: str | None) -> int:
    """Return how many sessions on a condition may have been done with a modality.

    A session whose device is missing or not known may have been done with any laser for the condition.
    """
    if condition is None or modality is None:
        return 0
    return sum(modality in session_modalities(one) for one in case.session if one.treats == condition)


def session_modalities(done: EarlierSession) -> Collection[str]:
    """Return the modalities that a session may have been done with: every usable one where its device is not known."""
    known = find_device(done.device or "")
    return usable_modalities(done.treats) if known is None else known.modalities


def response_reasons(case: Case, concern: Concern | None, modality: str | None) -> list[RuleReason]:
    """Return referrals where sessions with a laser have improved a concern too little, or left marks in melasma."""
    if concern is None or modality is None:
        return []
    about = f"{concern.condition} at {concern.site}"
    found = []
    message = session_response(case, concern.condition).stopping_message
    if message is not None and count_sessions_with(case, concern.condition, modality):
        found.append(RuleReason("response-too-little", "refer", message, _COURSE_SOURCE, _PRACTICE_STRENGTH, about))
    if concern.condition in _MARKED_BY_LIGHT and modality in PIGMENT_MODALITIES:
        marks = {message.text: message for message in _marks_left(case, concern)}.values()
        found += [
            RuleReason("response-marked", "refer", message, _PRACTICE_SOURCE, _PRACTICE_STRENGTH, about)
            for message in marks
        ]
    return found


def _marks_left(case: Case, concern: Concern) -> Iterator[Message]:
    """Yield for each pulse for pigment that left dark or pale marks in a concern that it says so."""
    for one in earlier_reactions(case):
        is_here = one.condition == concern.condition or (one.site is not None and sites_overlap(one.site, concern.site))
        if is_here and one.is_lasting_mark and not set(one.modalities).isdisjoint(PIGMENT_MODALITIES):
            yield reaction_message("response.marked", one)
