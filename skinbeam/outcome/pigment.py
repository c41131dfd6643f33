"""Course of pigment after a short pulse broke the melanosomes of the epidermis: from how fast its cells are renewed.

Cells whose granules broke die where they lie and are no longer renewed from below. New epidermis without pigment grows
under them and lifts them off as one sheet once it has made a horny layer of its own, so

    loss begins:  t = T_living,                                                              (pigment course 1)

the time of a cell from the basal to the granular layer. Melanocytes that are left, a share s, double every T_2 until
there are as many as before; the keratinocytes that they then fill take the whole way to the surface,

    pigment is back:  t = T_2 log2(1/s) + T_living + T_horny.                                (pigment course 2)

Times are of undisturbed epidermis: an injured one may renew itself faster, so both are rather at latest. Marks darker
than before are no part of it.
"""

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skinbeam.errors import NotAvailable
from skinbeam.messages import text
from skinbeam.skin.spread import spread_at
from skinbeam.skin.tables import sourced, table

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["PigmentCourse", "pigment_course", "renewal_sources"]

Floats = NDArray[np.float64]

_TIMES: Final = ("living_days", "horny_days", "doubling_days")


class PigmentCourse(NamedTuple):
    """Days after the pulse, (sample,): when pigment begins to go, and when all of it is back."""

    loss_days: Floats
    recovery_days: Floats


def pigment_course(skins: "xr.Dataset") -> PigmentCourse:
    """Return (pigment course 1) and (pigment course 2) in skins whose melanosomes a short pulse broke.

    Raises
    ------
    NotAvailable : the renewal of this kind of skin is not sourced.
    """
    preset = skins.attrs["preset"]
    if preset not in table("renewal"):
        raise NotAvailable(text("healing.no-renewal", {"preset": preset}))
    renewal = table("renewal")[preset]
    living, horny = (
        spread_at(sourced(renewal[name]), skins["healing_shift"]) for name in ("living_days", "horny_days")
    )
    doubling = spread_at(sourced(renewal["doubling_days"]), skins["melanocyte_doubling_shift"])
    left = spread_at(sourced(table("renewal")["melanocytes"]["left"]), skins["melanocytes_left_shift"])
    # More than before are not left, however the spread is drawn.
    doublings = np.log2(1 / np.minimum(left, 1.0))
    return PigmentCourse(living, doubling * doublings + living + horny)


def renewal_sources(preset: str) -> tuple[str, ...]:
    """Return the sources behind `pigment_course` of a kind of skin."""
    renewal = table("renewal")
    entries = [*(renewal[preset][name] for name in _TIMES), renewal["melanocytes"]["left"]]
    return tuple(dict.fromkeys(entry["source"] for entry in entries))
