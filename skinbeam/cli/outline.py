"""Documents as indented text for a person; `--json` has every digit and every value."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from skinbeam.estimate import Estimate
from skinbeam.messages import Formatter, text

__all__ = ["outline"]

_HEAD = ("schema", "version", "case_sha256", "seed", "warnings", "in_words")
_LONG_LIST = 8
_ENDS = 3  # values of a long list that are shown at each end
_SENTENCE = {"id", "params", "text"}
_SHORT_RECORD = 180  # characters of a record that stands in one line
# Hundreds of probabilities say nothing to a reader: intervals, sentences and a figure stand for them.
_LEFT_OUT = ("pmf", "p_effect", "p_harm")


def outline(document: Mapping[str, Any], sentences: Sequence[str] = ()) -> str:
    """Return what a document says: its warnings, the answer in sentences, then its values as indented lines.

    Estimates are told as `median (low to high)`, rounded as far as their width carries. Of long lists of numbers both
    ends are shown. What is unknown for one reason in all its parts is said once.
    """
    lines = [f"{document.get('schema', 'skinbeam')}   version {document.get('version', '')}"]
    for warning in document.get("warnings", []):
        lines.append(f"warning: {warning['message']}")
    if sentences:
        lines.extend((*sentences, ""))
    for key, value in document.items():
        if key not in _HEAD and not (key in _LEFT_OUT and isinstance(value, list)):
            lines.extend(_lines(key, value, 0))
    return "\n".join(lines) + "\n"


def _lines(key: str, value: Any, depth: int) -> Iterator[str]:
    pad = "  " * depth
    if isinstance(value, Mapping):
        if (short := _one_line(value)) is not None:
            yield f"{pad}{key}: {short}"
            return
        yield f"{pad}{key}:"
        for inner, item in value.items():
            if not (inner in _LEFT_OUT and isinstance(item, list)):
                yield from _lines(str(inner), item, depth + 1)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        if all(isinstance(item, str | int | float) for item in value):
            yield f"{pad}{key}: {_listed(value) or '-'}"
            return
        yield f"{pad}{key}:"
        for index, item in enumerate(value):
            if (short := _record(item)) is not None:
                yield f"{pad}  - {short}"
                continue
            name = item.get("name", item.get("id", str(index))) if isinstance(item, Mapping) else str(index)
            yield from _lines(str(name), item, depth + 1)
    else:
        yield f"{pad}{key}: {_plain(value)}"


def _listed(values: Sequence[Any]) -> str:
    """Words all of them; of a long list of numbers both ends."""
    if len(values) <= _LONG_LIST or any(isinstance(value, str) for value in values):
        return ", ".join(map(_plain, values))
    first, last = (", ".join(map(_plain, end)) for end in (values[:_ENDS], values[-_ENDS:]))
    return text("terminal.long-list", {"first": first, "last": last, "count": len(values)})


def _record(item: Any) -> str | None:
    """A sentence, or a record of few and short values, in one line; None for any other."""
    if not isinstance(item, Mapping) or "name" in item:
        return None
    if item.keys() == _SENTENCE:
        return str(item["text"])
    parts = []
    for key, value in item.items():
        short = _one_line(value) if isinstance(value, Mapping) else _plain(value)
        if short is None or (isinstance(value, Sequence) and not isinstance(value, str)):
            return None
        parts.append(f"{key} {short}")
    told = "; ".join(parts)
    return told if len(told) <= _SHORT_RECORD else None


def _one_line(value: Mapping[str, Any]) -> str | None:
    """The short form of an estimate, an unknown or a message; None for any other table."""
    if {"median", "low", "high", "level"} <= value.keys():
        about = {name: value[name] for name in ("median", "low", "high", "level", "kind")}
        told = Formatter().interval(Estimate(**about)).removesuffix(")")
        return f"{told}, {100 * value['level']:g} %, {value['kind']})"
    if value.keys() == _SENTENCE:
        return str(value["text"])
    reasons = set(_reasons(value))
    return f"unknown: {reasons.pop()}" if len(reasons) == 1 and None not in reasons else None


def _reasons(value: Any) -> Iterator[str | None]:
    """The reason of each part that is unknown, and None for each that is known."""
    if not isinstance(value, Mapping):
        yield None
    elif value.keys() == {"unknown"}:
        yield value["unknown"]
    else:
        for item in value.values():
            yield from _reasons(item)


def _plain(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
