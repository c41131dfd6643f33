"""Cases as callers give them: a path, tables or a loaded case, with settings that are given by name."""

import sys
import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from skinbeam.model.case import Case
from skinbeam.model.case_tables import CaseTables
from skinbeam.model.consultation import Patient
from skinbeam.model.errors import InputError
from skinbeam.model.exposure import Bath, Cooling, Laser, Lesion, Microbeam, Settings, Skin, Vessel
from skinbeam.model.input_faults import nested_table
from skinbeam.model.input_files import LoadedCase, case_from_tables, read_toml
from skinbeam.model.input_files import load_case as read_case
from skinbeam.model.quantity_units import output_unit
from skinbeam.model.run_bounds import MAX_DRAWS, MAX_SEED
from skinbeam.model.suggestions import key_hint

__all__ = [
    "CaseLike",
    "OneValue",
    "SettingValue",
    "case_tables",
    "check_count",
    "check_seed",
    "listed_setting",
    "load_case",
    "plain_numbers",
    "plain_value",
    "quoted",
    "require_path",
    "with_settings",
]

OneValue = float | str | bool | np.number[Any]
_UNIT_LETTERS = str.maketrans({"µ": "u", "μ": "u", "²": "2", "³": "3", "°": "deg", "^": "", "*": "", " ": ""})
SettingValue = OneValue | Sequence[float] | Sequence[str] | NDArray[Any]
CaseLike = Path | str | Mapping[str, Any] | LoadedCase | Case
_TABLES: Mapping[str, type[BaseModel]] = {
    "settings": Settings,
    "laser": Laser,
    "microbeam": Microbeam,
    "cooling": Cooling,
    "bath": Bath,
    "skin": Skin,
    "patient": Patient,
}
_WAYS_TO_GIVE = {
    "case": "A path, the tables of a case file, or a loaded case; an option of a plan gives one by to_case().",
    "layers": "A path, or the tables of a layers file.",
    "plan": "A plan as `skinbeam.plan` returns it, or the path of a plan.json.",
}
_MOST_QUOTED = 80  # characters of a value in an error
_TABLE_OF = {"ita_deg": "skin"}  # of a name in several tables: the colour of the skin counts before the person's
_LISTED: Mapping[str, type[BaseModel]] = {
    "vessel.0": Vessel,
    "lesion.0": Lesion,
}  # fields of one of several tables, which are given by its number


def load_case(case: CaseLike) -> LoadedCase:
    """Read and check a case: a path, or the tables of a case file.

    Returns
    -------
    The checked case with the folder of its files; every public function takes it in place of the path.

    Raises
    ------
    InputError : a file that cannot be read, or no valid case.

    Example
    -------
    >>> from skinbeam import load_case
    >>> print(load_case("examples/pulse-in-a-vessel/case.toml").case.settings.pulse_ms)
    """
    if isinstance(case, LoadedCase):
        return case
    if isinstance(case, Case):
        return LoadedCase(case, Path())
    if isinstance(case, Mapping):
        return case_from_tables(plain_value(case), Path(), "case")
    return read_case(require_path(case, "case"))


def case_tables(case: CaseLike) -> tuple[CaseTables, Path, str]:
    """Return the tables of a case, not checked unless it is loaded, with the folder of its files and its name.

    Raises
    ------
    InputError : a file that cannot be read.
    """
    if isinstance(case, LoadedCase | Case):
        loaded = load_case(case)
        return loaded.tables(), loaded.folder, loaded.file
    if isinstance(case, Mapping):
        return CaseTables(plain_value(case)), Path(), "case"
    path = require_path(case, "case")
    return CaseTables(read_toml(path)), path.parent, path.name


def require_path(value: Any, name: str) -> Path:
    """Return a path that a caller has given.

    Raises
    ------
    InputError : it is none.
    """
    if isinstance(value, str) and "\n" in value:
        hint = "A path; the text of a file goes in as its tables: tomllib.loads(text)."
        raise InputError("wrong-type", f"a text of {len(value.splitlines())} lines was read", field=name, hint=hint)
    try:
        return Path(value)
    except TypeError:
        hint = _WAYS_TO_GIVE.get(name, "A path.")
        raise InputError("wrong-type", f"{quoted(value)} was read", field=name, hint=hint) from None


def quoted(value: Any) -> str:
    """Return a value as an error shows it: as Python writes it, shortened."""
    shown = " ".join(repr(value).split())
    return shown if len(shown) <= _MOST_QUOTED else f"{shown[: _MOST_QUOTED - 3]}..."


def with_settings(loaded: LoadedCase, settings: Mapping[str, SettingValue]) -> LoadedCase:
    """Return a case with some of its fields changed.

    Parameters
    ----------
    settings : values by the name of a field, such as `pulse_ms`, `device` or `ita_deg`, or by its path in the case
        file, such as `cooling.temperature_C` or `vessel.0.depth_um`. NumPy values are plain ones.

    Raises
    ------
    InputError : no such field, or a value that it cannot have.
    """
    if not settings:
        return loaded
    return loaded.with_fields({_field_path(name): plain_value(value, name) for name, value in settings.items()})


def listed_setting(settings: Mapping[str, SettingValue]) -> tuple[str, list[Any]] | None:
    """Return the one setting that is given as a list, tuple or array of values, with its values; None if none is.

    Fields that hold a list themselves, such as `footprint_mm`, are single values.

    Raises
    ------
    InputError : two such settings, no values, or an array of more than one dimension.
    """
    listed = {
        name: list(value)
        for name, value in ((name, plain_value(value, name)) for name, value in settings.items())
        if isinstance(value, list) and not _is_list(_annotation(_field_path(name)))
    }
    if not listed:
        return None
    (name, values), *others = listed.items()
    if others:
        names = ", ".join(listed)
        hint = "Give values of one setting; skinbeam.sweep answers grids of several."
        raise InputError("two-lists", f"several values of {names} were read", field=others[0][0], hint=hint)
    if not values or any(isinstance(value, list) for value in values):
        raise InputError(
            "wrong-shape", f"{quoted(settings[name])} was read", field=name, hint="Give a flat list of values."
        )
    return name, values


def plain_numbers(settings: Mapping[Any, Any]) -> dict[Any, float]:
    """Return settings as plain numbers.

    Raises
    ------
    InputError : one that is no single number.
    """
    numbers = {}
    for name, value in settings.items():
        number = plain_value(value, name)
        if not isinstance(number, int | float) or isinstance(number, bool) or abs(number) > sys.float_info.max:
            raise InputError("not-a-number", f"{quoted(value)} was read", field=str(name), hint="Give one number.")
        numbers[name] = float(number)
    return numbers


def check_count(value: Any, name: str, most: int = MAX_DRAWS) -> int:
    """Return a count of at least one as a plain whole number.

    Raises
    ------
    InputError : it is none.
    """
    return _check_whole_number(value, name, 1, most)


def check_seed(value: Any) -> int:
    """Return a seed as a plain whole number.

    Raises
    ------
    InputError : it is none, or negative.
    """
    return _check_whole_number(value, "seed", 0, MAX_SEED)


def _check_whole_number(value: Any, name: str, least: int, most: int) -> int:
    number = plain_value(value)
    if isinstance(number, bool) or not isinstance(number, int | float) or number % 1 or not least <= number <= most:
        hint = f"A whole number from {least} to {most:,}."
        raise InputError("out-of-range", f"{name} = {quoted(value)} was read", field=name, hint=hint)
    return int(number)


def plain_value(value: Any, name: str = "case") -> Any:
    """Return a value without types of NumPy, pandas or xarray, whose arrays become lists, as iterators do.

    Raises
    ------
    InputError : a quantity with a unit of its own, or an array whose attribute `units` is not the unit of the name: the
        unit would be lost.
    """
    unit, expected = getattr(value, "units", getattr(value, "unit", None)), output_unit(name)
    is_lost = expected != "1" and _spell_unit(unit) not in ("", expected) if isinstance(unit, str) else unit is not None
    if is_lost:
        hint = f"Give the number alone, in {'the unit of its name' if expected == '1' else expected}."
        raise InputError("unit-given", f"{quoted(value)} was read", field=name, hint=hint)
    if hasattr(value, "__array__"):
        return np.asanyarray(value).tolist()
    if isinstance(value, Mapping):
        return {key: plain_value(item, str(key)) for key, item in value.items()}
    if isinstance(value, list | tuple | range | Iterator):
        return [plain_value(item, name) for item in value]
    return value


def _spell_unit(unit: str) -> str:
    """Return a unit as `output_unit` spells it: `J/cm²` and `J/cm^2` are `J/cm2`."""
    spelt = unit.translate(_UNIT_LETTERS)
    return {"degree_Celsius": "degC", "degree": "deg", "degrees": "deg"}.get(spelt, spelt)


def _field_path(name: str) -> str:
    """Return the path of a setting in the tables of a case."""
    if "." in name:
        return name
    having = [table for table, model in _TABLES.items() if name in model.model_fields]
    if not having and nested_table(_annotation(name)) is not None:
        raise InputError("table-given", f"{name} is a table of a case", field=name, hint=_fields_hint(name))
    if not having:
        known = [field for model in _TABLES.values() for field in model.model_fields]
        listed = {table: list(model.model_fields) for table, model in _LISTED.items()}
        raise InputError("unknown-key", f"no field {name!r} in a case", field=name, hint=key_hint(name, known, listed))
    if len(having) > 1 and name not in _TABLE_OF:
        full = " or ".join(f"**{{'{table}.{name}': ...}}" for table in having)
        raise InputError("two-fields", f"{', '.join(having)} have a field {name}", field=name, hint=f"Give {full}.")
    return f"{_TABLE_OF.get(name) or having[0]}.{name}"


def _fields_hint(table: str) -> str:
    """Return how the fields of a table of a case are given."""
    annotation = _annotation(table)
    model = nested_table(annotation)
    fields = [] if model is None else list(model.model_fields)
    if table in _TABLES:
        return f"Give its fields by name: {', '.join(fields)}."
    path = f"{table}.0" if _is_list(annotation) else table
    return f"Give its fields by their path, **{{'{path}.{fields[0]}': ...}}: {', '.join(fields)}."


def _annotation(path: str) -> Any:
    """Return what the value at a path may be; None where a case has no such field."""
    annotation: Any = Case
    for part in path.split("."):
        table = nested_table(annotation)
        if table is not None and not part.isdecimal():
            field = table.model_fields.get(part)
            annotation = None if field is None else field.annotation
    return annotation


def _is_list(annotation: Any) -> bool:
    origin = typing.get_origin(annotation)
    if origin in (typing.Union, types.UnionType, typing.Annotated):
        return any(_is_list(inner) for inner in typing.get_args(annotation))
    return origin is list
