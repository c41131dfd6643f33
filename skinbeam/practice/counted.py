"""What clinics counted near a setting: people with a blister, a crust or a burn, at published doses of such light."""

from typing import Final, NamedTuple

import numpy as np

from skinbeam.derived import derived_table
from skinbeam.practice.rows import practice_rows
from skinbeam.provenance import used

__all__ = ["Counted", "counted_near"]

# How far a published dose may lie from a setting, as a ratio: alexandrite and diode lasers are a sixteenth apart, and a
# burn hardly knows a pulse that is four times as long.
_WAVELENGTH: Final = 1.05
_PULSE: Final = 4.0


class Counted(NamedTuple):
    """People harmed of people treated, over so many sources."""

    harmed: int
    of: int
    sources: int


def counted_near(wavelength_nm: float, pulse_ms: float, *, lamp: bool = False) -> Counted | None:
    """Return what was counted at doses of about this wavelength and pulse length, whatever the dose, or None.

    Lasers count for lasers and lamps for lamps, these by the middle of their light.
    """
    lamps = {row.row for row in practice_rows() if row.wavelength_nm is None}
    near = [
        row
        for name, row in derived_table("practice_doses")["row"].items()
        if row["kind"] == "counted"
        and (name in lamps) is lamp
        and abs(np.log(row["wavelength_nm"] / wavelength_nm)) < np.log(_WAVELENGTH)
        and abs(np.log(row["pulse_ms"] / pulse_ms)) <= np.log(_PULSE)
    ]
    if not near:
        return None
    sources = sorted({row["source"] for row in near})
    used(*sources)
    return Counted(sum(row["harmed"] for row in near), sum(row["of"] for row in near), len(sources))
