"""A submitted consultation form as the tables of a case file.

Field names are the dotted paths of the case file (`patient.age_years`, `concern.0.site`), so that a fault found in a
case points at the field of the form. Empty fields are left out, as in a file.
"""

import re
from collections.abc import Iterable
from typing import Any

__all__ = ["case_tables", "field_of"]

_LISTS = {"patient.history", "clinic.devices"}
_FLAGS = {"patient.pregnant", "patient.lactating", "diagnosed"}
_NUMBERS = {
    "patient.age_years",
    "patient.ita_deg",
    "patient.downtime_days_accepted",
    "area_cm2",
    "last_dose_months",
}


def case_tables(fields: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Return the tables of a case file from the fields of the form, in the order of the form."""
    tables: dict[str, Any] = {}
    concerns: dict[int, dict[str, Any]] = {}
    medications: dict[int, dict[str, Any]] = {}
    for name, raw in fields:
        text = raw.strip()
        if not text:
            continue
        if match := re.fullmatch(r"(concern|patient\.medications)\.(\d{1,3})\.(\w+)", name):
            kind, index, key = match.groups()
            rows = concerns if kind == "concern" else medications
            rows.setdefault(int(index), {})[key] = _value(key, text)
        elif match := re.fullmatch(r"(patient|clinic)\.(\w+)", name):
            table, key = match.groups()
            section = tables.setdefault(table, {})
            if name in _LISTS:
                section.setdefault(key, []).append(text)
            else:
                section[key] = _value(name, text)
    # A row that names no condition, or no medicine, was not used.
    medicines = [row for _, row in sorted(medications.items()) if "name" in row]
    if medicines:
        tables.setdefault("patient", {})["medications"] = medicines
    wanted = [row for _, row in sorted(concerns.items()) if "condition" in row]
    if wanted:
        tables["concern"] = wanted
    return tables


def field_of(path: str) -> str:
    """Return the form field of a path in a case: `concern[0].site` is `concern.0.site`."""
    return re.sub(r"\[(\d+)\]", r".\1", path)


def _value(name: str, text: str) -> Any:
    if name in _FLAGS:
        return text == "true"
    if name in _NUMBERS:
        try:
            return float(text.replace(",", "."))
        except ValueError:
            return text  # the schema says what is wrong with it
    return text
