"""Make the table of the share of light that leaves a vessel and returns to it, by radius and absorption.

It takes some minutes.
"""

import math
from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from research.derived_table import DerivedTable
from skinbeam.model.document import round_significant

__all__ = ["ABSORPTIONS", "ANISOTROPY", "PACKETS", "RADII", "VESSEL_RETURN", "trace_light_return"]

Floats = NDArray[np.float64]

# In transport lengths 1 / mus', and in mus': vessels from 10 um to a millimetre in skin from 500 to 1100 nm.
RADII: Final = (0.02, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6)
ABSORPTIONS: Final = (0.003, 0.01, 0.03, 0.1, 0.3)
PACKETS: Final = 150_000
DIGITS = 3
ANISOTROPY: Final = 0.8  # as of skin at 600 nm

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


# Packets that leave a vessel and return to it: R_n of (sides 2).


def trace_light_return(radius: float, absorptions: ArrayLike, *, packets: int, seed: int = 0) -> tuple[Floats, Floats]:
    """Compute R_0, R_1 and R_2, (order, absorption), and their standard errors by Monte Carlo.

    Parameters
    ----------
    radius : in transport lengths. absorptions : over the reduced scattering, rising from above 0.
    """
    total, squares = _follow_packets(packets, radius, ANISOTROPY, np.array(absorptions, dtype=np.float64), seed)
    mean = total / packets
    return mean, np.sqrt((squares / packets - mean**2) / packets)


@njit(cache=True)
def _follow_packets(  # pragma: no cover - compiled
    packets: int, radius: float, g: float, mua: Floats, seed: int
) -> tuple[Floats, Floats]:
    np.random.seed(seed)
    total, squares = np.zeros((3, mua.size)), np.zeros((3, mua.size))
    mus = 1.0 / (1.0 - g)
    for _ in range(packets):
        # By symmetry every packet starts at the top of the cylinder, and z is measured from its axis downwards.
        cosine = math.sqrt(1.0 - np.random.random())
        sine, turn = math.sqrt(1.0 - cosine * cosine), 2.0 * math.pi * np.random.random()
        x, z, ux, uy, uz = 0.0, -radius, sine * math.cos(turn), sine * math.sin(turn), -cosine
        reach, path, outside = -math.log(1.0 - np.random.random()) / mua[0], 0.0, False
        while True:
            step = -math.log(1.0 - np.random.random()) / mus
            nearing = x * ux + z * uz
            back = False
            if nearing < 0.0 and outside:
                along = ux * ux + uz * uz
                root = nearing * nearing - along * (x * x + z * z - radius * radius)
                if root > 0.0:
                    distance = (-nearing - math.sqrt(root)) / along
                    back = distance <= step
                    step = distance if back else step
            outside = True
            path += step
            if path > reach:
                break
            x, z = x + ux * step, z + uz * step
            if back:
                angle = math.atan2(x, -z)
                for j in range(mua.size):
                    weight = math.exp(-(mua[j] - mua[0]) * path)
                    for n in range(3):
                        part = weight * math.cos(n * angle)
                        total[n, j] += part
                        squares[n, j] += part * part
                break
            ratio = (1.0 - g * g) / (1.0 - g + 2.0 * g * np.random.random())
            cosine = (1.0 + g * g - ratio * ratio) / (2.0 * g)
            sine, turn = math.sqrt(max(0.0, 1.0 - cosine * cosine)), 2.0 * math.pi * np.random.random()
            p, q = sine * math.cos(turn), sine * math.sin(turn)
            side = math.sqrt(max(0.0, 1.0 - uz * uz))
            if side < 1e-6:
                ux, uy, uz = p, q, math.copysign(cosine, uz)
            else:
                ux, uy, uz = (
                    (ux * uz * p - uy * q) / side + ux * cosine,
                    (uy * uz * p + ux * q) / side + uy * cosine,
                    -p * side + uz * cosine,
                )
    return total, squares


# The table depends on nothing but the constants above.
VESSEL_RETURN = DerivedTable(name="vessel_return", header=HEADER, inputs=(), version=1, make=_make_table)
