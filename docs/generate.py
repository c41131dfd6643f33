"""Writes the parts of these pages that follow from the package: command help, tables of keys, names, limits, sources.

Run `python docs/generate.py` after a change; a test compares. A part stands between two comments:

    <!-- generated: help consult -->
    ...
    <!-- end -->
"""

import io
import os
import re
import tomllib
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from contextlib import redirect_stdout, suppress
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, BeforeValidator

if TYPE_CHECKING:
    from skinbeam.practice.row import PracticeRow

__all__ = ["PAGES", "commands", "rendered", "tables"]

HERE = Path(__file__).parent
PAGES = (*sorted(HERE.rglob("*.md")), HERE.parent / "README.md", HERE.parent / "CONTRIBUTING.md")
PART = re.compile(r"(<!-- generated: (.+?) -->\n).*?(<!-- end -->)", re.DOTALL)
HELP_COLUMNS = "88"
MEANINGS = tomllib.loads((HERE / "meanings.toml").read_text(encoding="utf-8"))


def rendered(page: str) -> str:
    """Return a page with its generated parts as they should be."""
    return PART.sub(lambda found: f"{found[1]}\n{part(found[2])}\n\n{found[3]}", page)


def part(name: str) -> str:
    """Return one part: `help COMMAND`, `keys FILE TABLE`, or a name of `_PARTS`."""
    kind, _, rest = name.partition(" ")
    if kind == "help":
        return f"```text\n{help_of(rest.split())}\n```"
    if kind == "keys":
        file, _, table = rest.partition(" ")
        return keys(file, table)
    return _PARTS[name]()


# --- the command line -----------------------------------------------------------------------------------------------


def help_of(command: list[str]) -> str:
    """Return what `skinbeam COMMAND --help` prints on a terminal of a fixed width."""
    from skinbeam.cli import main

    before = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = HELP_COLUMNS
    try:
        with redirect_stdout(io.StringIO()) as printed, suppress(SystemExit):
            main([*command, "--help"])
    finally:
        if before is None:
            del os.environ["COLUMNS"]
        else:
            os.environ["COLUMNS"] = before
    return "\n".join(line.rstrip() for line in printed.getvalue().strip().splitlines())


def commands() -> list[str]:
    """Return every command, with the commands below `lasers`; those below `records` are not there yet."""
    import typer

    from skinbeam.cli.commands import app

    group: Any = typer.main.get_command(app)
    return [*group.commands, "lasers check"]


# --- tables of keys -------------------------------------------------------------------------------------------------


def tables(file: str) -> dict[str, type[BaseModel]]:
    """Return the tables of a kind of file by their heading, such as `[patient]` or `[[skin.layer]]`."""
    from skinbeam.schema.case import Case
    from skinbeam.schema.device import DeviceFile
    from skinbeam.schema.layers import LayersFile

    root: type[BaseModel] = {"case": Case, "device": DeviceFile, "layers": LayersFile}[file]
    return {"top": root} | dict(_below(root, ""))


def _below(model: type[BaseModel], path: str) -> Iterator[tuple[str, type[BaseModel]]]:
    for name, field in model.model_fields.items():
        inner, many = _section(field.annotation)
        if inner is not None and not _inline(inner):
            whole = f"{path}{name}"
            yield (f"[[{whole}]]" if many else f"[{whole}]"), inner
            yield from _below(inner, f"{whole}.")


def keys(file: str, table: str) -> str:
    """Return a table of the keys of one table: what is right, what holds when it is left out, what it means."""
    model = tables(file)[table]
    rows = []
    for name, field in model.model_fields.items():
        inner, many = _section(field.annotation)
        if inner is not None and not _inline(inner):
            continue
        path = f"{table.strip('[]')}.{name}".removeprefix("top.")
        meaning = MEANINGS.get(file, {}).get(path, "")
        right = f"{'A list of tables' if many else 'A table'}: {_offer(inner)}" if inner else _right(field)
        rows.append((f"`{name}`", right, _left_out(field), meaning))
    return _table(("key", "what is right", "left out", "meaning"), rows)


def _section(annotation: Any) -> tuple[type[BaseModel] | None, bool]:
    """Return the table that a key holds and whether it holds a list of them; None for a plain value."""
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (types.UnionType, typing.Union):
        return _section(next(kind for kind in inner if kind is not type(None)))
    if origin is typing.Annotated:
        return _section(inner[0])
    if origin is list:
        found, _ = _section(inner[0])
        return found, found is not None
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, False
    return None, False


def _inline(model: type[BaseModel]) -> bool:
    """Whether a table is written in braces on one line: what a device offers, a medication, a decision."""
    return model.__name__.startswith("Offer") or model.__name__ in ("Medication", "KeloidDecision")


def _offer(model: type[BaseModel]) -> str:
    if not model.__name__.startswith("Offer"):
        return ", ".join(
            f"`{name}` ({_right(field)[0].lower()}{_right(field)[1:]})" for name, field in model.model_fields.items()
        )
    numbers = _right(model.model_fields["low"])
    return f"`values`, or `low` and `high` with or without `step`. {numbers}"


def _right(field: Any) -> str:
    """Return what the key accepts, in the words of its own refusal."""
    found = _validator([field.annotation, *field.metadata])
    if found is None:
        raise TypeError(f"no kind of value in {field!r}")
    try:
        found.func(object())  # type: ignore[call-arg] # what no key accepts: the refusal says what is right
    except ValueError as fault:
        hint = str(fault.hint).rstrip(".")  # type: ignore[attr-defined] # a FieldFault
    many = typing.get_origin(_bare(field.annotation)) is list
    return (f"A list; each: {hint[0].lower()}{hint[1:]}" if many else hint).replace("|", "\\|")


def _bare(annotation: Any) -> Any:
    if typing.get_origin(annotation) in (types.UnionType, typing.Union):
        return _bare(next(kind for kind in typing.get_args(annotation) if kind is not type(None)))
    return _bare(typing.get_args(annotation)[0]) if typing.get_origin(annotation) is typing.Annotated else annotation


def _validator(parts: Any) -> BeforeValidator | None:
    for piece in parts:
        if isinstance(piece, BeforeValidator):
            return piece
        if found := _validator((*typing.get_args(piece), *getattr(piece, "__metadata__", ()))):
            return found
    return None


def _left_out(field: Any) -> str:
    if field.is_required():
        return "**required**"
    default = field.get_default(call_default_factory=True)
    if default is None or default == "":
        return ""
    if isinstance(default, list | tuple):
        return "none"
    return f"`{str(default).lower()}`" if isinstance(default, bool) else f"`{default}`"


# --- names, limits, sources -----------------------------------------------------------------------------------------


def _names(kind: Any) -> str:
    from skinbeam.schema.names import table

    rows = [(f"`{name}`", entry["title"], ", ".join(entry["aliases"])) for name, entry in table(kind).items()]
    return _table(("name", "what it is", "also understood"), rows)


def _kinds() -> str:
    from skinbeam.messages import text
    from skinbeam.schema.names import subtypes, table

    rows = [
        (
            f"`{name}`",
            f"`{word}`",
            text(f"subtype-title.{word}"),
            text(f"subtype-definition.{word}"),
            _cited(entry["subtypes_source"]) if "subtypes_source" in entry else "common term",
        )
        for name, entry in table("condition").items()
        for word in subtypes(name)
    ]
    return _table(("condition", "kind", "what it is", "how a clinician tells it", "source"), rows)


def _devices() -> str:
    from skinbeam.laser.device import devices

    rows = [
        (
            f"`{name}`",
            device.title,
            ", ".join(f"{nm:g}" for nm in device.wavelengths_nm),
            f"{device.pulse_ms[0]:g} to {device.pulse_ms[1]:g}",
            f"{device.dose[0]:g} to {device.dose[1]:g} {'mJ' if device.microbeam else 'J/cm²'}",
            device.file.stated,
        )
        for name, device in devices().items()
    ]
    return _table(("name", "machine", "wavelengths, nm", "pulse, ms", "dose", "ranges as stated by"), rows)


def _limits() -> str:
    rows = [
        (
            f"`{row['id']}`",
            f"`{row['quantity']}` {row['operator']} {row['stop']:g}",
            f"{row['warn']:g}",
            f"{row['share']:g}" if "share" in row else "all, on average",
            ", ".join(row["modalities"]),
            ", ".join(row["sites"]) or "all",
            ", ".join(row.get("conditions", ())) or "all",
            _cited(row["source"]),
        )
        for row in _data("limits.toml")["limit"]
    ]
    return _table(
        ("limit", "holds while", "warns at", "share of skins", "modalities", "sites", "conditions", "source"), rows
    )


def _bounds() -> str:
    rows = [
        (
            f"`{rule}`",
            ", ".join(entry["modalities"]) if isinstance(entry["modalities"], list) else entry["modalities"],
            f"`{bound['quantity']}`",
            f"{bound['factor']:g} of what would be chosen" if "factor" in bound else f"at most {bound['maximum']:g}",
            _cited(bound["source"]),
            bound["conditions"],
        )
        for rule, entry in _data("rules.toml").items()
        for bound in entry.get("bound", ())
    ]
    return _table(("rule", "modalities", "quantity", "is held to", "source", "found in"), rows)


def _endpoints() -> str:
    from skinbeam.schema.names import ENDPOINTS

    return _table(("endpoint", "reached when"), [(f"`{name}`", MEANINGS["endpoint"][name]) for name in ENDPOINTS])


def _kinetics() -> str:
    rows = [
        (f"`{name}`", entry["role"], entry["conditions"], _cited(entry["source"]))
        for name, entry in _data("tissue/kinetics.toml")["set"].items()
    ]
    return _table(("set", "meant for", "measured on", "source"), rows)


def _sources() -> str:
    from skinbeam.sources import bibliography

    lines = []
    for key, source in sorted(bibliography().items()):
        where = [source.fields.get(name, "") for name in ("journal", "booktitle", "publisher")]
        shown = ". ".join(piece.strip(". ") for piece in (source.short, *where) if piece)
        doi = source.fields.get("doi")
        link = f" [doi:{doi}](https://doi.org/{doi})" if doi else ""
        note = f" *{source.fields['note'].rstrip('.')}.*" if "note" in source.fields else ""
        lines.append(f'- <a id="{key}"></a>**{key}**: {_plain(shown)}.{link}{_plain(note)}')
    return "\n".join(lines)


def _published_doses() -> str:
    from skinbeam.practice.rows import practice_rows

    cells: dict[str, dict[str, list[PracticeRow]]] = {}
    for row in practice_rows():
        cells.setdefault(_light(row), {}).setdefault(_skin(row), []).append(row)
    lights = sorted(cells, key=list(_LIGHTS).index)
    lines = [(light, *(_counts(cells[light].get(skin, [])) for skin in _SKINS)) for light in lights]
    total = ("together", *(_counts([row for row in practice_rows() if _skin(row) == skin]) for skin in _SKINS))
    return _table(("light", *_SKINS), [*lines, total])


# Upper ends in nm of what stands in one line; pulses of nanoseconds and less apart from longer ones.
_SHORT_MS = 1e-3
_SHORT_WORDS = ("qs ", "nanosec", "picosec", "q-switched")
_LONG_WORDS = ("ktp", "millisec")
_LIGHTS = {
    "532 nm, nanoseconds and less": 540,
    "532 nm, milliseconds": 540,
    "532 nm, pulse not printed": 540,
    "dye lasers and 577 to 600 nm": 600,
    "694 to 760 nm": 760,
    "800 to 980 nm": 980,
    "1064 nm": 1100,
    "1320 to 1940 nm": 2000,
    "2790 to 10600 nm": 20_000,
    "lamps": 0,
    "no light, or its wavelength not printed": 0,
}
_SKINS = ("I to III", "to IV", "some of V or VI", "V and VI alone", "not printed")
_DARK, _DARKEST = 4, 5


def _light(row: "PracticeRow") -> str:
    words = row.device.lower()
    if row.wavelength_nm is None:
        name = "dye lasers and 577 to 600 nm" if "dye" in words else list(_LIGHTS)[-1]
        return "lamps" if "lamp" in words or "ipl" in words else name
    name = next(name for name, end in _LIGHTS.items() if end and row.wavelength_nm <= end)
    if not name.startswith("532"):
        return name
    pulse_ms = (row.pulse_ms or (None,))[0]
    if any(word in words for word in _SHORT_WORDS) or (pulse_ms is not None and pulse_ms < _SHORT_MS):
        return "532 nm, nanoseconds and less"
    told = pulse_ms is not None or any(word in words for word in _LONG_WORDS)
    return "532 nm, milliseconds" if told else "532 nm, pulse not printed"


def _skin(row: "PracticeRow") -> str:
    from skinbeam.schema.fields import phototype_range

    if not row.phototype:
        return "not printed"
    low, high = phototype_range(row.phototype)
    if low >= _DARKEST:
        return "V and VI alone"
    return "some of V or VI" if high >= _DARKEST else "to IV" if high == _DARK else "I to III"


def _counts(rows: "list[PracticeRow]") -> str:
    harms = [row.harm for row in rows if row.harm]
    counted, hurt = sum(h.counted for h in harms), sum(h.counts_skin_injury for h in harms)
    return f"{len(rows)} ({counted}, {hurt})" if rows else ""


def _practice_rows() -> str:
    """Every posed row: what was reported beside what the fit foretells that has not seen its source."""
    from skinbeam.derived import derived_table

    checks, posed = derived_table("practice_checks"), derived_table("practice_doses")["row"]
    rows = []
    for side, name in (("left_out", "left out"), ("kept_aside", "kept aside")):
        for row in checks[side]:
            told, reported, interval = posed[row["row"]], row["kind"], ""
            if row["kind"] == "counted":
                reported = f"{row['harmed']} of {row['of']}"
                interval = f"{row['low']} to {row['high']}" + ("" if row["holds"] else ", missed")
            light = f"{told['wavelength_nm']:.0f} nm, {told['pulse_ms']:.3g} ms"
            over = _middle_of(told["over_computed"])
            rows.append(
                (row["row"], name, light, told["phototype"], f"{over:.2g}", _in_100(row["share"]), reported, interval)
            )
    head = ("row", "fit", "light", "phototype", "dose over computed", "foretold, %", "reported", "80 % interval")
    return _table(head, rows)


def _practice_cells() -> str:
    """Foretold against reported burns of all counted rows, by light and skin."""
    from skinbeam.derived import derived_table

    checks, posed = derived_table("practice_checks"), derived_table("practice_doses")["row"]
    counted = [row for side in ("left_out", "kept_aside") for row in checks[side] if row["kind"] == "counted"]
    cells: dict[tuple[str, str], list[Any]] = {}
    for row in counted:
        told = posed[row["row"]]
        cells.setdefault((_light_of(told["wavelength_nm"]), told["phototype"] or "not known"), []).append(row)
    rows = [
        (
            light,
            skin,
            str(len(found)),
            f"{sum(row['harmed'] for row in found)} of {sum(row['of'] for row in found)}",
            f"{sum(row['share'] * row['of'] for row in found):.1f}",
            f"{sum(row['holds'] for row in found)} of {len(found)}",
        )
        for (light, skin), found in sorted(cells.items())
    ]
    for side, name in (("left_out", "all, source left out"), ("kept_aside", "all, kept aside")):
        found = [row for row in checks[side] if row["kind"] == "counted"]
        rows.append((name, "", str(len(found)), "", "", f"{sum(row['holds'] for row in found)} of {len(found)}"))
    return _table(("light", "phototype", "rows", "reported", "foretold", "80 % intervals that hold"), rows)


def _practice_fit() -> str:
    """The parameters with and without recommended doses, and what covariates gain."""
    from skinbeam.derived import derived_table

    checks = derived_table("practice_checks")
    both = checks["parameters"], checks["parameters_without_recommended"]
    rows = [
        (name, *("{1:.3g} ({0:.3g} to {2:.3g})".format(*found[name]) for found in both))
        for name in ("bias", "between", "people", "lapse")
    ]
    gains = checks["gains"], checks["gains_without_recommended"]
    rows += [(f"gain of {name}", *("{:+.2f} ± {:.2f}".format(*found[name]) for found in gains)) for name in gains[0]]
    return _table(("", "with recommended doses", "without"), rows)


def _practice_unposed() -> str:
    """How many rows are not posed, by reason."""
    from collections import Counter

    from skinbeam.practice.posing import unposed
    from skinbeam.practice.rows import practice_rows

    counts = Counter(unposed(row) or "posed" for row in practice_rows())
    return _table(("why not", "rows"), [(_UNPOSED[key], str(count)) for key, count in counts.most_common()])


_UNPOSED: Mapping[str, str] = {
    "posed": "posed",
    "burns-not-counted": "tells nothing of burns that could be counted",
    "short-pulses": "pulses below 0.1 ms",
    "other-light": "light outside 500 to 1200 nm",
    "no-fluence": "no fluence printed",
    "no-wavelength": "no wavelength printed",
    "microbeams": "microbeams",
    "pigment-is-the-target": "a burn of the pigment is the aim",
    "lip": "lips",
}


def _light_of(wavelength_nm: float) -> str:
    ends = ((570.0, "below 570 nm"), (650.0, "570 to 650 nm"), (790.0, "650 to 790 nm"), (1000.0, "790 to 1000 nm"))
    return next((name for end, name in ends if wavelength_nm < end), "1000 nm and more")


def _middle_of(logs: list[float]) -> float:
    from math import exp

    return exp(logs[len(logs) // 2])


def _in_100(share: float) -> str:
    return f"{100 * share:.2g}"


def _plain(text: str) -> str:
    return text.replace("{", "").replace("}", "").replace("<", "&lt;").replace("|", "\\|")


def _cited(key: str) -> str:
    return f"[{key}](../sources.md#{key})"


def _data(name: str) -> Mapping[str, Any]:
    return tomllib.loads((resources.files("skinbeam") / "data" / name).read_text(encoding="utf-8"))


def _planning(name: str) -> str:
    """A table of what befalls virtual people by their plans."""
    from skinbeam.validation.people.tables import shipped, table_of

    head, *rows = table_of(name, shipped())
    return _table(head, rows)


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(" ".join(str(cell).split()) for cell in line) + " |" for line in lines)


_PARTS: Mapping[str, Callable[[], str]] = {
    "conditions": lambda: _names("condition"),
    "kinds": _kinds,
    "sites": lambda: _names("site"),
    "modalities": lambda: _names("modality"),
    "devices": _devices,
    "limits": _limits,
    "bounds": _bounds,
    "endpoints": _endpoints,
    "kinetics": _kinetics,
    "published doses": _published_doses,
    "practice fit": _practice_fit,
    "practice cells": _practice_cells,
    "practice rows": _practice_rows,
    "practice unposed": _practice_unposed,
    "planning burnt": lambda: _planning("burnt"),
    "planning treated": lambda: _planning("treated"),
    "planning clean": lambda: _planning("clean"),
    "sources": _sources,
}


if __name__ == "__main__":
    for file in PAGES:
        old = file.read_text(encoding="utf-8")
        if (new := rendered(old)) != old:
            file.write_text(new, encoding="utf-8")
            print(f"wrote {file.relative_to(HERE.parent)}")
