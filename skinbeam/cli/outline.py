"""Documents as indented text for a person; `--json` has every digit and every value."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from skinbeam.estimate import Estimate
from skinbeam.messages import Formatter, text

__all__ = ["outline"]

_HEAD = ("schema", "version", "case_sha256", "seed", "warnings")
_LONG_LIST = 8
_ENDS = 3  # values of a long list that are shown at each end
_DISTRIBUTION = "pmf"  # 101 probabilities say nothing to a reader; its intervals stand beside it


def outline(document: Mapping[str, Any]) -> str:
    """Return a document as indented lines: estimates as `median (low to high)`, rounded as far as their width carries.

    Of long lists of numbers both ends are shown. What is unknown for one reason in all its parts is said once.
    """
    lines = [f"{document.get('schema', 'skinbeam')}   version {document.get('version', '')}"]
    for warning in document.get("warnings", []):
        lines.append(f"warning: {warning['message']}")
    for key, value in document.items():
        if key not in _HEAD:
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
            if inner != _DISTRIBUTION:
                yield from _lines(str(inner), item, depth + 1)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        if all(isinstance(item, str | int | float) for item in value):
            yield f"{pad}{key}: {_listed(value) or '-'}"
            return
        yield f"{pad}{key}:"
        for index, item in enumerate(value):
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


def _one_line(value: Mapping[str, Any]) -> str | None:
    """The short form of an estimate, an unknown or a message; None for any other table."""
    if {"median", "low", "high", "level"} <= value.keys():
        about = {name: value[name] for name in ("median", "low", "high", "level", "kind")}
        told = Formatter().interval(Estimate(**about)).removesuffix(")")
        return f"{told}, {100 * value['level']:g} %, {value['kind']})"
    if value.keys() == {"id", "params", "text"}:
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
