"""Factors for the conversion of units, which is done nowhere else.

Interfaces of the package use clinical units (J/cm², ms, µm, mm, °C); `physics/` uses SI units.
All conversions are plain arithmetic, so they work with floats and arrays.
"""

from typing import Final

__all__ = [
    "CM",
    "DAYS_PER_MONTH",
    "DAYS_PER_WEEK",
    "DAY_S",
    "GAS_CONSTANT_J_MOL_K",
    "GIGABYTE",
    "G_KG",
    "HOURS_PER_WEEK",
    "HOUR_S",
    "J_CM2",
    "MEGABYTE",
    "MJ",
    "ML_MIN_KG",
    "MM",
    "MPA",
    "MS",
    "NM",
    "NS",
    "PER_CM",
    "PS",
    "UM",
    "US",
    "WEEKS_PER_MONTH",
    "W_CM2",
    "ZERO_CELSIUS_K",
]

# Each factor is the unit in SI: `pulse_s = pulse_ms * MS`, `pulse_ms = pulse_s / MS`.
UM: Final = 1e-6
MM: Final = 1e-3
CM: Final = 1e-2
NM: Final = 1e-9
MS: Final = 1e-3
US: Final = 1e-6
NS: Final = 1e-9
PS: Final = 1e-12
MJ: Final = 1e-3  # millijoule
J_CM2: Final = 1e4  # J/m² in one J/cm²
W_CM2: Final = 1e4
ML_MIN_KG: Final = 1e-6 / 60  # m³ a second and kilogram in one millilitre a minute and kilogram
MPA: Final = 1e6
PER_CM: Final = 1e2  # 1/m in one 1/cm
G_KG: Final = 1000.0  # grams in one kilogram: `mass_kg = mass_g / G_KG`
MEGABYTE: Final = 1e6  # bytes
GIGABYTE: Final = 1e9
HOUR_S: Final = 3600.0
DAY_S: Final = 86400.0
DAYS_PER_WEEK: Final = 7
HOURS_PER_WEEK: Final = 168
DAYS_PER_MONTH: Final = 365.25 / 12
WEEKS_PER_MONTH: Final = DAYS_PER_MONTH / DAYS_PER_WEEK
ZERO_CELSIUS_K: Final = 273.15
GAS_CONSTANT_J_MOL_K: Final = 8.314462618  # exact by definition of the SI since 2019
