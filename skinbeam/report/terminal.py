"""Summarise a plan as text for the terminal: the decision, one line per concern, and cautions.

The full reasons are in the report. A sentence that decides is printed whole; of a caution only the first sentence is.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from skinbeam.model.conditions import known_modalities
from skinbeam.model.estimate import Unknown
from skinbeam.plan_records.plan import ConcernPlan, Option, Plan
from skinbeam.report.formatting import (
    concern_name,
    device_name,
    join_items,
    leading_options,
    option_title,
    people_of_100,
    plain_reasons,
)
from skinbeam.report.outcomes import improved_share
from skinbeam.report.overview import option_glance
from skinbeam.suitability.clearance import CLEARANCE
from skinbeam.suitability.table import RuleReason, decision_severity
from skinbeam.text import render_message

__all__ = ["align_columns", "concern_rows", "plan_summary"]

_SENTENCE = re.compile(r".*?[.!?](?=\s+[A-ZÀ-Þ]|$)", re.DOTALL)


def plan_summary(plan: Plan) -> str:
    """Return the summary of a plan: decision and reasons, first option of each concern, and cautions about those."""
    lines = [render_message(f"decision.{plan.suitability.decision}")]
    # Reasons that stop treatment are printed whole and in plain words; a rule that covers several concerns, once.
    stops = (
        plan.suitability.decision if decision_severity(plan.suitability.decision) >= decision_severity("refer") else ""
    )
    why = plain_reasons(plan.why) if stops else ()
    lines += [render_message("terminal.why", {"text": reason}) for reason in why]
    spoke = [reason for reason in plan.suitability.reasons if not why or reason.decision != stops]
    lines += [render_message("terminal.caution", {"text": _first_sentence(caution)}) for caution in _cautions(spoke)]
    rows = [row for concern in plan.concerns for row in concern_rows(concern)]
    lines += ["", *align_columns(rows), ""]
    minded: dict[str, list[str]] = {}
    for concern in plan.concerns:
        for about, text in (*_about_options(concern, _cautions(plan.suitability.reasons)), *_no_laser(concern)):
            minded.setdefault(text, []).append(about)
    lines += [
        render_message("terminal.minded", {"about": "; ".join(about), "text": text}) for text, about in minded.items()
    ]
    lines += [
        render_message("terminal.caution", {"text": warning.message.text})
        for warning in plan.warnings
        if warning.code == CLEARANCE
    ]
    return "\n".join([*lines, render_message("terminal.plan", {"hash": plan.plan_sha256})])


def concern_rows(concern: ConcernPlan) -> list[tuple[str, str, str]]:
    """Return table rows for the first option of a concern and, where that has no laser, for its first laser option.

    Each row has three cells: concern, option with its settings, expected result.
    """
    if concern.examination is not None:
        return [(concern_name(concern), concern.examination.message.text, "")]
    first, *laser = leading_options(concern)
    mark = render_message("terminal.with-laser" if concern.first_laser is not None else "terminal.without-laser")
    rows = [(f"{mark} {concern_name(concern)}", *_option_cells(concern, first))]
    return rows + [(render_message("terminal.laser"), *_option_cells(concern, option)) for option in laser]


def align_columns(rows: Sequence[Sequence[str]], gap: str = "   ") -> list[str]:
    """Return rows as lines with aligned columns, each as wide as its widest cell.

    Nothing is cut, however narrow the terminal is.
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [gap.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _option_cells(concern: ConcernPlan, option: Option) -> tuple[str, str]:
    """Return an option with its settings, and the share of people who improved in trials."""
    half = improved_share(option)
    name = join_items([device_name(option) or option_title(option), option_glance(concern, option).setting])
    if isinstance(half, Unknown):
        return name, render_message("terminal.expected-unknown")
    share, low, high = (people_of_100(end) for end in (half.median, half.low, half.high))
    return name, render_message("terminal.expected", {"share": share, "low": low, "high": high})


def _about_options(concern: ConcernPlan, lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield cautions about the leading options, each with its subject; those in `lines` are left out."""
    for option in leading_options(concern):
        for caution in (text for text in _cautions(option.reasons) if text not in lines):
            names = {"concern": concern_name(concern), "option": device_name(option) or option.title}
            yield render_message("terminal.about-option", names), _first_sentence(caution)


def _no_laser(concern: ConcernPlan) -> Iterator[tuple[str, str]]:
    """Yield why no laser is offered: the plain reasons where there are any, else the refusals of each kind of laser."""
    if concern.first_laser is not None:
        return
    of_lasers = (refusal for refusal in concern.refused if known_modalities()[refusal.modality].laser)
    refused = dict.fromkeys(reason.text for refusal in of_lasers for reason in refusal.reasons)
    for reason in plain_reasons(concern.no_laser) or refused:
        yield concern_name(concern), render_message("terminal.no-laser", {"text": reason})


def _cautions(reasons: Iterable[RuleReason]) -> list[str]:
    """Return the texts of all reasons other than `suitable`, without duplicates."""
    return list(dict.fromkeys(reason.message.text for reason in reasons if reason.decision != "suitable"))


def _first_sentence(text: str) -> str:
    match = _SENTENCE.match(text)
    return text if match is None else match[0]
