"""Documents as text for a person at a terminal."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from skinbeam.estimate import Unknown
from skinbeam.messages import text
from skinbeam.schema.names import table

if TYPE_CHECKING:  # an answer of `expect` needs no plan
    from skinbeam.plan.records import ConcernPlan, Option, Plan
    from skinbeam.plan.rules.reason import Reason

__all__ = ["foremost", "outline", "summary"]

_HEAD = ("schema", "version", "case_sha256", "seed", "warnings")
_LONG_LIST = 8
_SHOWN = 3  # options of a concern


def outline(document: Mapping[str, Any]) -> str:
    """Return a document as indented lines; estimates as `median (low to high)`, long lists shortened."""
    lines = [f"{document.get('schema', 'skinbeam')}   version {document.get('version', '')}"]
    for warning in document.get("warnings", []):
        lines.append(f"warning: {warning['message']}")
    for key, value in document.items():
        if key not in _HEAD:
            lines.extend(_lines(key, value, 0))
    return "\n".join(lines) + "\n"


def summary(plan: "Plan") -> str:
    """Return the heart of a plan in a few lines: decision, reasons, the first options of each concern."""
    from skinbeam.report.shown import plain_reasons  # late: an answer of `expect` needs no report

    lines = [text("terminal.decision", {"decision": text(f"decision.{plan.suitability.decision}")})]
    # One rule may speak for several concerns; a person reads its sentence once.
    reasons = _cautions(plan.suitability.reasons)
    lines += [f"  - {reason}" for reason in reasons]
    lines += [text("terminal.why", {"text": one}) for one in plain_reasons(plan.why)]
    for concern in plan.concerns:
        lines += foremost(concern)
        shown = concern.foremost(_SHOWN)
        laser = () if concern.first_laser is None else (concern.first_laser[0],)
        # What speaks about one option alone is no reason of the decision, and has to be read with it.
        cautions = _cautions(reason for option in laser for reason in option.reasons)
        lines += [text("terminal.caution", {"text": caution}) for caution in cautions if caution not in reasons]
        for option in (option for option in shown if option.setup is None):
            also = (one for one in _cautions(option.reasons) if one not in reasons)
            lines += [text("terminal.caution-other", {"title": option.title, "text": one}) for one in also]
        if concern.first_laser is None:
            lines += [text("terminal.no-laser", {"text": one}) for one in plain_reasons(concern.no_laser)]
            of_lasers = (one for one in concern.refused if table("modality")[one.modality]["laser"])
            why = dict.fromkeys(reason.text for refused in of_lasers for reason in refused.reasons)
            lines += [text("terminal.refused", {"text": one}) for one in why if one not in reasons]
        for refused in (one for one in concern.refused if not table("modality")[one.modality]["laser"]):
            lines += [
                text("terminal.refused-other", {"title": refused.title, "text": reason.text})
                for reason in refused.reasons
            ]
    lines.append(text("terminal.plan", {"hash": plan.plan_sha256}))
    return "\n".join(lines)


def foremost(concern: "ConcernPlan") -> list[str]:
    """Return a concern and its first options, a line each."""
    site = table("site")[concern.site]["title"]
    told = concern.title.lower().endswith(site.lower())
    title = concern.title if told else text("terminal.concern", {"title": concern.title, "site": site})
    return [title, *map(_option_line, concern.foremost(_SHOWN))]


def _cautions(reasons: Iterable["Reason"]) -> list[str]:
    """What rules say that is not plainly yes, each sentence once."""
    return list(dict.fromkeys(reason.message.text for reason in reasons if reason.decision != "suitable"))


def _option_line(option: "Option") -> str:
    from skinbeam.laser.wording import named_with_light  # late, as above
    from skinbeam.report.shown import people

    setup, half = option.setup, option.expected.p_at_least["50"]
    name = option.title
    if setup is not None:
        name = named_with_light(setup.device_title, setup.wavelength_nm, lamp=setup.lamp)
    if isinstance(half, Unknown):
        return text("terminal.option-unknown", {"name": name})
    share, low, high = (people(end) for end in (half.median, half.low, half.high))
    return text("terminal.option", {"name": name, "share": share, "low": low, "high": high})


def _lines(key: str, value: Any, depth: int) -> Iterator[str]:
    pad = "  " * depth
    if isinstance(value, Mapping):
        if (short := _one_line(value)) is not None:
            yield f"{pad}{key}: {short}"
            return
        yield f"{pad}{key}:"
        for inner, item in value.items():
            yield from _lines(str(inner), item, depth + 1)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        if all(isinstance(item, str | int | float) for item in value):
            shown = ", ".join(_plain(item) for item in value[:_LONG_LIST])
            more = f", ... ({len(value)} in all)" if len(value) > _LONG_LIST else ""
            yield f"{pad}{key}: {shown or '-'}{more}"
            return
        yield f"{pad}{key}:"
        for index, item in enumerate(value):
            name = item.get("name", item.get("id", str(index))) if isinstance(item, Mapping) else str(index)
            yield from _lines(str(name), item, depth + 1)
    else:
        yield f"{pad}{key}: {_plain(value)}"


def _one_line(value: Mapping[str, Any]) -> str | None:
    """The short form of an estimate, an unknown or a message; None for any other table."""
    if "unknown" in value and len(value) == 1:
        return f"unknown: {value['unknown']}"
    if {"median", "low", "high", "level"} <= value.keys():
        low, median, high = (_plain(value[name]) for name in ("low", "median", "high"))
        return f"{median} ({low} to {high}, {100 * value['level']:g} %, {value['kind']})"
    if value.keys() == {"id", "params", "text"}:
        return str(value["text"])
    return None


def _plain(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
