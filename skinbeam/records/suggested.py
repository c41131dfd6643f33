"""A concern that a photograph suggested, as it was told, and what became of it."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

__all__ = ["Decision", "SuggestedConcern"]


class Decision(StrEnum):
    """What a clinician did with a suggestion."""

    KEPT = "kept"
    DISMISSED = "dismissed"


@dataclass(frozen=True)
class SuggestedConcern:
    """A suggestion.

    Parameters
    ----------
    severity : empty where no published scale tells one.
    seen : what was found, in English sentences.
    told : the same as messages, `id` and `params` each, to be said in other languages.
    decision : None while nobody has decided.
    """

    id: str
    consultation_id: str
    photograph_id: str
    condition: str
    site: str
    severity: str
    seen: tuple[str, ...]
    told: tuple[Mapping[str, Any], ...]
    made_at: datetime.datetime
    decision: Decision | None
    decided_at: datetime.datetime | None
    decided_by: str
