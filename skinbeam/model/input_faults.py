"""Describe every validation fault of an input file, the fault to correct first at the head."""

from collections.abc import Container, Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError, create_model

from skinbeam.model.errors import InputError
from skinbeam.model.fields import FieldError, wrong_length_message
from skinbeam.model.package_data import load_package_table
from skinbeam.model.suggestions import key_hint, other_file_kind_error

__all__ = ["collect_faults", "nested_table", "oversized_number_error"]

_EXAMPLES_FILE = "data/key_examples.toml"
_SAID_BY_AN_EXAMPLE = ("A text ", "The name of ", "Write ", "See ")  # beginnings of hints that an example says as well
_PROBE_ITEMS = 3  # of a list of what is no value: as many as its bounds allow everywhere
_UNION_MEMBERS = ("function-", "float", "int", "str", "none", "list[", "constrained-")


def collect_faults(model: type[BaseModel], tables: Mapping[str, Any], error: ValidationError, file: str) -> InputError:
    """Return the fault to correct first, with the other faults in it.

    Unknown keys come before missing keys, since an unknown key is often a misspelt missing key. At most one fault is
    reported for each field.
    """
    strange = set(tables) - set(model.model_fields)
    if (kind_error := other_file_kind_error(strange, file)) is not None:
        return kind_error
    raised = sorted(error.errors(include_url=False), key=lambda e: e["type"] != "extra_forbidden")
    faults: dict[str, InputError] = {}
    for entry in raised:
        fault = _describe_fault(model, tables, entry, file)
        faults.setdefault(fault.field, fault)
    first, *others = faults.values()
    return first.with_further_errors(others)


def oversized_number_error(tables: object, file: str) -> InputError | None:
    """Return the error for a whole number outside the 64 bits of TOML; None if there is no such number.

    Python reads hexadecimal numbers of any length, and then refuses to print very long ones.
    """
    waiting: list[tuple[tuple[int | str, ...], Any]] = [((), tables)]
    while waiting:  # no recursion: tables may be nested deeper than the recursion limit
        place, value = waiting.pop()
        if isinstance(value, dict | list):
            inner = value.items() if isinstance(value, dict) else enumerate(value)
            waiting += [((*place, key), item) for key, item in inner]
        elif isinstance(value, int) and not -(2**63) <= value < 2**63:
            return InputError(
                "not-a-number",
                "is a whole number of more than 64 bits",
                field=_dotted_path(place),
                hint="TOML ends at 9,223,372,036,854,775,807.",
                file=file,
            )
    return None


def _describe_fault(
    model: type[BaseModel], tables: Mapping[str, Any], first: Mapping[str, Any], file: str
) -> InputError:
    """Return the error for a validation fault, with the path of its field."""
    location = _file_keys(first["loc"], tables)
    field = _dotted_path(location) or "(file)"
    kind = first["type"]
    if kind == "extra_forbidden":
        # Tables that are present in the file come before others.
        tables_of = {name: list(inner.model_fields) for name, inner in _tables_by_name(model, tables)}
        hint = key_hint(str(location[-1]), _allowed_keys(model, location[:-1]), tables_of)
        return InputError("unknown-key", f'unknown key "{str(location[-1])[:80]}"', field=field, hint=hint, file=file)
    if kind == "missing":
        return InputError(
            "missing-key",
            f'"{location[-1]}" is missing, nothing was read',
            field=field,
            hint=_missing_key_hint(model, location),
            file=file,
        )
    cause = first.get("ctx", {}).get("error")
    if isinstance(cause, FieldError):
        path = ".".join(part for part in (_dotted_path(location), cause.field) if part) or field
        return cause.in_file(file, field=path)
    if kind in ("too_long", "too_short"):
        bound = f"at {'least' if kind == 'too_short' else 'most'}"
        read, count = first["ctx"]["actual_length"], first["ctx"]["min_length" if kind == "too_short" else "max_length"]
        return InputError(
            kind.replace("_", "-"),
            wrong_length_message(read),
            field=field,
            hint=f"A list of {bound} {count} item{'' if count == 1 else 's'}.",
            file=file,
        )
    if kind in ("model_type", "model_attributes_type", "list_type"):
        wanted = "a list" if kind == "list_type" else "a table"
        return InputError(
            "wrong-shape",
            f"is not {wanted}, read {str(first['input'])[:80]}",
            field=field,
            hint=_shape_hint(model, location, wanted, first["input"]),
            file=file,
        )
    return InputError(
        "wrong-value",
        f"{first['msg']}, read {str(first['input'])[:80]}",
        field=field,
        hint="See the case file reference.",
        file=file,
    )


def _missing_key_hint(model: type[BaseModel], location: tuple[int | str, ...]) -> str:
    """Return what to write for a missing key: an example, what the key means, and what its value may be."""
    key, table = str(location[-1]), _find_table(model, location[:-1])
    names = [str(part) for part in location if isinstance(part, str)]
    shown = load_package_table(_EXAMPLES_FILE)
    example, meaning = (
        shown[part].get(".".join(names[-2:]), shown[part].get(key, "")) for part in ("example", "meaning")
    )
    allowed = "" if table is None else _allowed_value_hint(table, key)
    if (example or meaning) and allowed.startswith(_SAID_BY_AN_EXAMPLE):
        allowed = ""
    given = f"Give it, such as {key} = {example}." if example else ""
    return " ".join(filter(None, (given, meaning, allowed))) or f"Give {key}."


def _allowed_value_hint(table: type[BaseModel], key: str) -> str:
    """Return what the value of a key may be, as the hint for a value that is none says it."""
    field = table.model_fields[key]
    declared: Any = {key: (field.annotation, field)}
    probe = create_model("Probe", **declared)

    def refusal(value: Any) -> Mapping[str, Any]:
        try:
            probe.model_validate({key: value})
        except ValidationError as error:
            return error.errors(include_url=False)[0]
        raise AssertionError(f"{key} takes {value!r}")

    first = refusal(None)
    if first["type"] == "list_type" and nested_table(field.annotation) is None:
        each = _describe_fault(probe, {key: [None]}, refusal([None] * _PROBE_ITEMS), "").hint
        return "" if each.startswith(_SAID_BY_AN_EXAMPLE) else f"A list; each item is {each[0].lower()}{each[1:]}"
    return _describe_fault(probe, {key: None}, first, "").hint


def _shape_hint(model: type[BaseModel], location: tuple[int | str, ...], wanted: str, read: Any) -> str:
    """Return how to write the value as the list or table that is expected there."""
    name, inside = location[-1], _find_table(model, location)
    value = f'"{read}"' if isinstance(read, str) else "..."
    if inside is None and isinstance(name, int):
        return f"Write a list of lists: {location[-2]} = [[..., ...], ...]"
    if inside is None:
        return f"Write a list: {name} = [{value}]"
    if wanted == "a table" and isinstance(read, int | float | list) and "values" in inside.model_fields:
        values = ", ".join(map(str, read[:3] if isinstance(read, list) else [read]))
        return f"Write {name} = {{ values = [{values}] }}, or a range, {name} = {{ low = ..., high = ... }}."
    if len(location) == 1:
        head = f"[[{name}]], with two brackets on either side," if wanted == "a list" else f"[{name}]"
        return f"Write {head} on a line of its own, and its keys below."
    item = f"{{ {next(iter(inside.model_fields))} = {value} }}"
    return f"Write a list: {name} = [{item}]" if wanted == "a list" else f"Write a table: {item}"


def _file_keys(location: tuple[int | str, ...], tables: Any) -> tuple[int | str, ...]:
    """Return `location` without the members of unions that pydantic adds and that are not keys of the file.

    A key may be spelled like such a member ("none", "interval"): it is kept if the file has that key there.
    """
    keys: list[int | str] = []
    here = tables
    for part in location:
        try:
            here = here[part]
        except (KeyError, IndexError, TypeError):
            if isinstance(part, str) and part.startswith(_UNION_MEMBERS):
                continue
        keys.append(part)
    return tuple(keys)


def _dotted_path(location: tuple[int | str, ...]) -> str:
    path = ""
    for part in location:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else part
    return path


def _allowed_keys(model: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    """Return the keys that the table at `location` may have."""
    here = _find_table(model, location)
    return [] if here is None else list(here.model_fields)


def _find_table(model: type[BaseModel], location: tuple[int | str, ...]) -> type[BaseModel] | None:
    """Return the model of the table, or list of tables, at `location`; None for a plain value."""
    here: type[BaseModel] | None = model
    for part in location:
        if isinstance(part, str) and here is not None:
            here = nested_table(here.model_fields[part].annotation)
    return here


def _tables_by_name(model: type[BaseModel], present: Container[str]) -> Iterator[tuple[str, type[BaseModel]]]:
    """Yield the tables of a kind of file by name, those that are present first."""
    for name, field in sorted(model.model_fields.items(), key=lambda item: item[0] not in present):
        inner = nested_table(field.annotation)
        if inner is not None:
            yield name, inner


def nested_table(annotation: Any) -> type[BaseModel] | None:
    """Return the model of the table that a key has as its value, alone or in a list; None for a plain value."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for inner in getattr(annotation, "__args__", ()):
        if (table := nested_table(inner)) is not None:
            return table
    return None
