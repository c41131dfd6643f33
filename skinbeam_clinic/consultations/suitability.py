"""Whether light is right for this person, told while the form is filled in: the rules of a plan, before any is made."""

from pathlib import Path
from typing import Any

from skinbeam.app.forms import Submission
from skinbeam.app.pages import render
from skinbeam.assessment.skin import colour_of, with_colour
from skinbeam.errors import InputError
from skinbeam.messages import text
from skinbeam.plan.rules.reason import severity
from skinbeam.plan.rules.suitability import judge_case
from skinbeam.plan.search.goals import laser_choices
from skinbeam.schema.load import loaded_case

__all__ = ["live_page", "suitability_of"]

_NEEDED = ("condition", "site")


def live_page(sent: Submission) -> str:
    """Return the part of the form that tells what the rules say so far; empty as long as they say nothing."""
    return render("live.html", told=suitability_of(sent)).strip()


def suitability_of(sent: Submission) -> dict[str, Any]:
    """Return the decision in words with the rules that spoke; nothing as long as the answers do not allow one.

    A concern counts once it is known what and where it is; before any, what decides the whole case is told. What the
    photograph shows is not read.
    """
    tables = {name: table for name, table in sent.tables.items() if name not in ("clinic", "concern")}
    concerns = [one for one in sent.tables.get("concern", ()) if all(one.get(name) for name in _NEEDED)]
    try:
        case = loaded_case(tables | ({"concern": concerns} if concerns else {}), Path(), "form").case
    except InputError:
        return {}
    if case.patient is None:
        return {}
    case = with_colour(case, colour_of(case, None))
    judged = judge_case(case, {one.condition: laser_choices(one.condition, one.site)[0] for one in case.concern})
    if not concerns and severity(judged.decision) < severity("refer"):
        return {}
    spoke = [reason for reason in judged.reasons if reason.decision != "suitable"]
    return {
        "decision": judged.decision,
        "title": text(f"decision.{judged.decision}"),
        "reasons": [{"rule": one.rule, "text": one.message.text, "source": one.source} for one in spoke],
    }
