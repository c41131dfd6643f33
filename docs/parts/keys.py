"""Tables of the keys of input files: what is right, what holds when a key is left out, what it means."""

import tomllib
import types
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, BeforeValidator

from parts.markdown import table as table_of
from skinbeam.model.case import Case
from skinbeam.model.device_file import DeviceFile
from skinbeam.simulate.layers_schema.layers import LayersFile

__all__ = ["MEANINGS", "keys", "tables"]

MEANINGS: Final = tomllib.loads((Path(__file__).parents[1] / "meanings.toml").read_text(encoding="utf-8"))


def tables(file: str) -> dict[str, type[BaseModel]]:
    """Return the tables of a kind of file by their heading, such as `[patient]` or `[[skin.layer]]`."""
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
    return table_of(("key", "what is right", "left out", "meaning"), rows)


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
