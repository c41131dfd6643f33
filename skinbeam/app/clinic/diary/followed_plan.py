"""The plan that a treatment followed, read out of its document for the days after."""

import json
from dataclasses import dataclass

from skinbeam.app.clinic.places import option_at
from skinbeam.messages import retell
from skinbeam.plan.reading import read_plan
from skinbeam.plan.records import Option, Plan

__all__ = ["FollowedPlan", "followed_plan"]


@dataclass(frozen=True)
class FollowedPlan:
    """A plan in the language that is spoken, and the option of it that was treated."""

    plan: Plan
    option: Option


def followed_plan(document: bytes, place: str) -> FollowedPlan:
    """Return the plan of a document, and its option at a place such as `0.1`."""
    plan = retell(read_plan(json.loads(document)))
    return FollowedPlan(plan, option_at(plan, place)[1])
