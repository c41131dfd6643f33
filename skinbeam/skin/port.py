"""What an instrument misses of skin: light that comes out beside the port through which it lights and reads.

Measured colours, the individual typology angle among them, are read through such a port.
"""

import numpy as np
from numpy.typing import NDArray

from skinbeam.derived import derived_table
from skinbeam.provenance import used
from skinbeam.skin.colour import COLOUR_WAVELENGTHS_NM
from skinbeam.skin.tables import table

__all__ = ["port_loss"]


def port_loss(ita_deg: float) -> NDArray[np.float64]:
    """Return the share of the diffuse reflectance that a port of 11 mm, read over 8 mm, loses, (31,).

    At `COLOUR_WAVELENGTHS_NM`, of people's skin of a colour; darker and lighter ones than the table holds are taken as
    its ends. Traced light, its lengths shortened until two ports differ as measured (takiwaki2002).
    """
    loss = derived_table("melanin_by_colour")["port_loss"]
    used(loss["source"], table("melanin")["port"]["wide_over_narrow"]["source"])
    of_colour = [np.interp(ita_deg, loss["ita_deg"], row) for row in loss["share"]]
    return np.asarray(np.interp(COLOUR_WAVELENGTHS_NM, loss["wavelength_nm"], of_colour))
