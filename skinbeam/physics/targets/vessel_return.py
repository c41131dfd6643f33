"""How much of the light that leaves a vessel comes back to it: packets from a cylinder in skin without end.

Packets start on a cylinder evenly over outward directions by their cosine (Lambert), scatter by Henyey and Greenstein
(1941) and end on the cylinder, or when they are absorbed. With w their weight and delta the angle about the axis
between start and end, R_n = <w cos(n delta)>. One run serves every absorption: a packet that comes back after the path
L counts exp(-mua L). Lengths are in units of 1 / mus'.
"""

import math
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

__all__ = ["ANISOTROPY", "returns"]

Floats = NDArray[np.float64]

ANISOTROPY: Final = 0.8  # as of skin at 600 nm


def returns(radius: float, absorptions: ArrayLike, *, packets: int, seed: int = 0) -> tuple[Floats, Floats]:
    """Return R_0, R_1 and R_2, (order, absorption), and their standard errors.

    Parameters
    ----------
    radius : in transport lengths. absorptions : over the reduced scattering, rising from above 0.
    """
    total, squares = _follow(packets, radius, ANISOTROPY, np.array(absorptions, dtype=np.float64), seed)
    mean = total / packets
    return mean, np.sqrt((squares / packets - mean**2) / packets)


@njit(cache=True)
def _follow(  # pragma: no cover - compiled
    packets: int, radius: float, g: float, mua: Floats, seed: int
) -> tuple[Floats, Floats]:
    np.random.seed(seed)
    total, squares = np.zeros((3, mua.size)), np.zeros((3, mua.size))
    mus = 1.0 / (1.0 - g)
    for _ in range(packets):
        # All of the cylinder is alike: a packet starts at its top, and z rises away from its axis downwards.
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
