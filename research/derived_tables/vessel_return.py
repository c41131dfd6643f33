"""Make the table of the share of light that leaves a vessel and returns to it, by radius and absorption.

It takes some minutes.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from skinbeam.model.document import round_significant
from skinbeam.model.package_data import DerivedTable
from skinbeam.physics.targets.vessel_optics import trace_light_return

__all__ = ["ABSORPTIONS", "PACKETS", "RADII", "VESSEL_RETURN"]

Floats = NDArray[np.float64]

# In transport lengths 1 / mus', and in mus': vessels from 10 um to a millimetre in skin from 500 to 1100 nm.
RADII: Final = (0.02, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6)
ABSORPTIONS: Final = (0.003, 0.01, 0.03, 0.1, 0.3)
PACKETS: Final = 150_000
DIGITS = 3

HEADER = """\
# Share of the light that leaves a vessel and comes back to it, as the mean and as cos(angle) over its circumference,
# in skin without a surface; rows by `radius` of the vessel times the reduced scattering, columns by `absorption` over
# the reduced scattering. Computed by packets; `standard_error` is the largest of all.
# Made by `make derived`; not to be edited.
"""


def _make_table() -> dict[str, Any]:
    found = [trace_light_return(radius, ABSORPTIONS, packets=PACKETS, seed=i) for i, radius in enumerate(RADII)]
    error = max(float(errors[:2].max()) for _, errors in found)
    shares = [[[round_significant(float(x), DIGITS) for x in of[order]] for of, _ in found] for order in (0, 1)]
    return {
        "radius": RADII,
        "absorption": ABSORPTIONS,
        "standard_error": round_significant(error, 2),
        "returned_0": shares[0],
        "returned_1": shares[1],
    }


# The table depends on nothing but the constants above.
VESSEL_RETURN = DerivedTable(name="vessel_return", header=HEADER, inputs=(), version=1, make=_make_table)
