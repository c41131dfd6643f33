"""A record beside what FHIR has a field for: whole, as JSON, in an extension, from which it is read back."""

from collections.abc import Iterable
from typing import Any, TypeVar

from pydantic import TypeAdapter

from skinbeam.exchange.fhir.parts import Resource, extended, extension, our_coding

__all__ = ["coded_site", "from_row", "has_row", "measured", "pain_quantity", "row_extension"]

Record = TypeVar("Record")

# Endings of the names of numbers, with the unit as a person and as UCUM writes it.
_UNITS = {
    "_J_cm2": ("J/cm²", "J/cm2"),
    "_mJ": ("mJ", "mJ"),
    "_ms": ("ms", "ms"),
    "_mm": ("mm", "mm"),
    "_nm": ("nm", "nm"),
    "_um": ("µm", "um"),
    "_per_cm2": ("/cm²", "/cm2"),
    "_C": ("°C", "Cel"),
}
_UCUM = "http://unitsofmeasure.org"


def row_extension(name: str, record: Any) -> Resource:
    """Return an extension that holds a record."""
    return extension(name, record=TypeAdapter(type(record)).dump_json(record).decode())


def has_row(resource: Resource, name: str) -> bool:
    """Return whether a resource holds a record of this name."""
    return any(one["url"].endswith(f"/{name}") for one in resource.get("extension", ()))


def from_row(resource: Resource, name: str, kind: type[Record]) -> Record:
    """Return the record that a resource holds.

    Raises
    ------
    ValueError : it is none of this kind.
    """
    return TypeAdapter(kind).validate_json(extended(resource, name)["record"])


def measured(name: str, value: float) -> Resource:
    """Return a number by its name in the case file, whose ending is its unit."""
    shown, code = next((unit for ending, unit in _UNITS.items() if name.endswith(ending)), ("", ""))
    return {"value": value} | ({"unit": shown, "system": _UCUM, "code": code} if code else {})


def pain_quantity(pain_0_10: float) -> Resource:
    """Return a pain from 0 to 10 as its code of LOINC has it."""
    return {"value": pain_0_10, "unit": "{score}", "system": _UCUM, "code": "{score}"}


def coded_site(sites: Iterable[str]) -> list[Resource]:
    """Return places of the body, each once."""
    return [{"coding": [our_coding("site", site)]} for site in dict.fromkeys(sites) if site]
