"""The unit of a number by the name of its quantity, as xarray and its readers write it."""

__all__ = ["output_unit", "quantity_name"]

# By the end of a name, the longest first.
_UNITS = {
    "_per_cm2": "1/cm2", "_J_cm2": "J/cm2", "_W_cm2": "W/cm2", "_cm2": "cm2", "_per_cm": "1/cm", "_W_m2K": "W/m2/K",
    "_kg_m3": "kg/m3", "_J_kgK": "J/kg/K", "_W_mK": "W/m/K", "_mJ": "mJ", "_J": "J", "_W": "W", "_Hz": "Hz",
    "_mm": "mm", "_um": "um", "_nm": "nm", "_deg": "deg", "_C": "degC", "_K": "K", "_pct": "percent", "_ms": "ms",
    "_s": "s", "minutes": "min", "_h": "hour", "_days": "day", "_weeks": "week", "_months": "month", "_years": "year",
}  # fmt: skip
_DOSES = ("dose", "calibrated_dose", "bracket")  # of a threshold, in the unit of what is varied
_PLAIN = ("level", "draws")  # of an estimate, whatever its unit


def quantity_name(path: str, dose: str = "") -> str:
    """Return the part of the dotted path of a number whose ending is its unit: `temperature_C` of `temperature_C.peak`.

    Parameters
    ----------
    dose : what a threshold varies, which is the quantity of its doses.
    """
    parts = path.split(".")
    if dose and parts[0] in _DOSES:
        parts[0] = dose
    named = (part for part in reversed(parts) if part.endswith(tuple(_UNITS)))
    return parts[-1] if parts[-1] in _PLAIN else next(named, parts[-1])


def output_unit(path: str, dose: str = "") -> str:
    """Return the unit of a number, given by its dotted path in an answer, as `quantity_name`; "1" where it has none."""
    name = quantity_name(path, dose)
    return next((unit for end, unit in _UNITS.items() if name.endswith(end)), "1")
