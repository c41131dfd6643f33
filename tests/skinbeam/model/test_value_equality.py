"""Records that hold arrays are equal if their values are."""

import dataclasses
import importlib
import pkgutil
import re
from typing import Any

import numpy as np
import pytest

import skinbeam
import skinbeam_clinic
from skinbeam.api.skin import SkinLayer
from skinbeam.model.document import DocumentResult

ARRAY = re.compile(r"numpy\.(ndarray|typing)|NDArray")


def records_with_arrays() -> list[type[Any]]:
    """Every public frozen dataclass with a field of arrays, without documents and those compared by identity."""
    found = {}
    for package in (skinbeam, skinbeam_clinic):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if module.name.endswith("__main__") or "migrations" in module.name:
                continue
            for name, cls in vars(importlib.import_module(module.name)).items():
                if not (isinstance(cls, type) and dataclasses.is_dataclass(cls)) or name.startswith("_"):
                    continue
                holds = any(ARRAY.search(repr(field.type)) for field in dataclasses.fields(cls))
                if holds and cls.__dataclass_params__.frozen and cls.__dataclass_params__.eq:
                    found[cls] = name
    return [cls for cls in found if not issubclass(cls, DocumentResult)]


def filled(cls: type[Any], values: dict[str, Any]) -> Any:
    record = object.__new__(cls)
    for name, value in values.items():
        object.__setattr__(record, name, value)
    return record


def test_every_record_with_arrays_is_compared_by_value() -> None:
    assert len(records_with_arrays()) > 60
    for cls in records_with_arrays():
        names = [field.name for field in dataclasses.fields(cls) if field.compare]
        values = {field.name: np.array([1.0, np.nan, 3.0]) for field in dataclasses.fields(cls)}
        same = {name: value.copy() for name, value in values.items()}
        assert filled(cls, values) == filled(cls, same), cls
        for name in names:
            for other in (np.array([1.0, np.nan, 4.0]), np.array([1.0, np.nan]), "no array"):
                assert filled(cls, values) != filled(cls, same | {name: other}), (cls, name)


@pytest.mark.parametrize("place", [lambda array: {"a": array}, lambda array: (array, 1.0), lambda array: [array]])
def test_arrays_inside_tables_and_lists_are_compared_too(place: Any) -> None:
    cls = SkinLayer
    names = [field.name for field in dataclasses.fields(cls)]
    one, same, other = (
        filled(cls, dict.fromkeys(names, place(np.array(values)))) for values in ([1.0, 2.0], [1.0, 2.0], [1.0, 3.0])
    )
    assert one == same
    assert one != other
