"""What earlier sessions brought: how many there were, what the last one reached, and whether that is too little.

A course that has not brought a quarter of improvement after two sessions is not repeated of itself (a judgement): the
diagnosis, the light or the dose is wrong, or nothing more is to be had.
"""

from collections.abc import Collection
from dataclasses import dataclass

from skinbeam.laser.device import devices
from skinbeam.messages import Message
from skinbeam.plan.rules.reason import Reason
from skinbeam.schema.case import Case
from skinbeam.schema.consultation import Concern, SessionDone
from skinbeam.schema.names import usable_modalities
from skinbeam.shipped import shipped_table

__all__ = ["Response", "response_of", "response_reasons", "sessions_with"]


@dataclass(frozen=True)
class Response:
    """What sessions on a condition have brought so far.

    Parameters
    ----------
    sessions : how many took place.
    improved_pct : since before the first, as the last that was judged says; None where none was.
    """

    sessions: int
    improved_pct: float | None

    @property
    def too_little(self) -> bool:
        """Whether the course stops for a clinician to look again."""
        rule = shipped_table("data/limits.toml")["course"]
        enough = self.improved_pct is None or self.improved_pct >= rule["stop_below_pct"]
        return self.sessions >= rule["stop_after_sessions"] and not enough


def response_of(case: Case, condition: str) -> Response:
    """Return what the sessions of a case have brought for a condition."""
    done = sorted((one for one in case.session if one.treats == condition), key=lambda one: one.week)
    judged = [one.response_pct for one in done if one.response_pct is not None]
    return Response(len(done), judged[-1] if judged else None)


def sessions_with(case: Case, concern: Concern | None, modality: str | None) -> int:
    """Return how many sessions on a concern may have been done with a modality.

    A session whose device was not said, or is not known, may have been done with any laser for the condition.
    """
    if concern is None or modality is None:
        return 0
    return sum(modality in _lasers_of(one) for one in case.session if one.treats == concern.condition)


def _lasers_of(done: SessionDone) -> Collection[str]:
    """What a session may have been done with."""
    known = devices().get(done.device or "")
    return usable_modalities(done.treats) if known is None else known.modalities


def response_reasons(case: Case, concern: Concern | None, modality: str | None) -> list[Reason]:
    """Return that a laser waits for a clinician where sessions with it have brought too little for a concern."""
    if concern is None or modality is None:
        return []
    response = response_of(case, concern.condition)
    if not response.too_little or response.improved_pct is None:
        return []
    if not sessions_with(case, concern, modality):
        return []
    params = {"sessions": response.sessions, "improved": response.improved_pct}
    message = Message("response.too-little", params)
    about = f"{concern.condition} at {concern.site}"
    return [Reason("response-too-little", "refer", message, "skinbeam-judgement-course", "practice", about)]
