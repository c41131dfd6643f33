"""Cases as callers give them: a path, tables or a loaded case, with settings that are given by name."""

import operator
import types
import typing
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from skinbeam.model.case import Case
from skinbeam.model.consultation import Patient
from skinbeam.model.errors import InputError, spelling_hint
from skinbeam.model.exposure import Bath, Cooling, Laser, Microbeam, Settings, Skin
from skinbeam.model.input_files import LoadedCase, case_from_tables, load_case

__all__ = [
    "CaseLike",
    "OneValue",
    "SettingValue",
    "check_count",
    "check_seed",
    "listed_setting",
    "open_case",
    "plain_numbers",
    "with_settings",
]

OneValue = float | str | bool | np.number[Any]
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
_TABLE_OF = {"ita_deg": "skin"}  # of a name in several tables: the colour of the skin counts before the person's


def open_case(case: CaseLike) -> LoadedCase:
    """Return a case, read and checked.

    Raises
    ------
    InputError : a file that cannot be read, or no valid case.
    """
    if isinstance(case, LoadedCase):
        return case
    if isinstance(case, Case):
        return LoadedCase(case, Path())
    if isinstance(case, Mapping):
        return case_from_tables(_plain(case), Path(), "case")
    return load_case(Path(case))


def with_settings(loaded: LoadedCase, settings: Mapping[str, SettingValue]) -> LoadedCase:
    """Return a case with some of its fields changed.

    Parameters
    ----------
    settings : values by the name of a field, such as `pulse_ms`, `device` or `ita_deg`; `table.field` where several
        tables have a field of that name, such as `cooling.temperature_C`. NumPy values are plain ones.

    Raises
    ------
    InputError : no such field, or a value that it cannot have.
    """
    if not settings:
        return loaded
    return loaded.with_fields({".".join(_locate(name)): _plain(value) for name, value in settings.items()})


def listed_setting(settings: Mapping[str, SettingValue]) -> tuple[str, list[Any]] | None:
    """Return the one setting that is given as a list, tuple or array of values, with its values; None if none is.

    Fields that hold a list themselves, such as `footprint_mm`, are single values.

    Raises
    ------
    InputError : two such settings, no values, or an array of more than one dimension.
    """
    listed = {
        name: list(value)
        for name, value in ((name, _plain(value)) for name, value in settings.items())
        if isinstance(value, list | tuple) and not _holds_list(name)
    }
    if not listed:
        return None
    (name, values), *others = listed.items()
    if others:
        names = ", ".join(listed)
        hint = "Give values of one setting; skinbeam.sweep answers grids of several."
        raise InputError("two-lists", f"several values of {names} were read", field=others[0][0], hint=hint)
    if not values or any(isinstance(value, list | tuple) for value in values):
        raise InputError("wrong-shape", f"{settings[name]!r} was read", field=name, hint="Give a flat list of values.")
    return name, values


def plain_numbers(settings: Mapping[str, SettingValue]) -> dict[str, float]:
    """Return settings as plain numbers.

    Raises
    ------
    InputError : one that is no single number.
    """
    found = {}
    for name, value in settings.items():
        try:
            found[name] = float(value)  # type: ignore[arg-type]  # a list is a TypeError
        except (TypeError, ValueError):
            raise InputError("not-a-number", f"{value!r} was read", field=name, hint="Give one number.") from None
    return found


def check_count(value: int, name: str) -> int:
    """Return a count of at least one as a plain whole number.

    Raises
    ------
    InputError : it is none.
    """
    return _check_whole_number(value, name, 1)


def check_seed(value: int) -> int:
    """Return a seed as a plain whole number.

    Raises
    ------
    InputError : it is none, or negative.
    """
    return _check_whole_number(value, "seed", 0)


def _check_whole_number(value: int, name: str, least: int) -> int:
    try:
        number = operator.index(value)
    except TypeError:
        number = least - 1
    if number < least:
        hint = f"A whole number from {least} on."
        raise InputError("out-of-range", f"{name} = {value!r} was read", field=name, hint=hint)
    return number


def _plain(value: Any) -> Any:
    """Return a value without NumPy types."""
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def _tables_with(name: str) -> dict[str, str]:
    """Return the tables that have a field, with the name of the field in them."""
    table, dot, field = name.rpartition(".")
    return {key: field for key, model in _TABLES.items() if field in model.model_fields and (not dot or key == table)}


def _locate(name: str) -> tuple[str, str]:
    """Return the table and the field of a setting."""
    having = _tables_with(name)
    if not having:
        known = [field for model in _TABLES.values() for field in model.model_fields]
        hint = f"{spelling_hint([name.rpartition('.')[2]], known)}A field of {', '.join(_TABLES)}."
        raise InputError("unknown-key", f"no field {name!r} in a case", field=name, hint=hint)
    if len(having) > 1 and name not in _TABLE_OF:
        full = " or ".join(f"**{{'{table}.{name}': ...}}" for table in having)
        raise InputError("two-fields", f"{', '.join(having)} have a field {name}", field=name, hint=f"Give {full}.")
    table = _TABLE_OF.get(name) or next(iter(having))
    return table, having[table]


def _holds_list(name: str) -> bool:
    return any(_is_list(_TABLES[table].model_fields[field].annotation) for table, field in _tables_with(name).items())


def _is_list(annotation: Any) -> bool:
    origin = typing.get_origin(annotation)
    if origin in (typing.Union, types.UnionType, typing.Annotated):
        return any(_is_list(inner) for inner in typing.get_args(annotation))
    return origin is list
