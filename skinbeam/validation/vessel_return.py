"""How much of the light that leaves a vessel comes back to it, as a table by radius and absorption.

`python -m skinbeam.validation.vessel_return` runs them, some minutes, and writes `data/vessel_return.toml`.
"""

from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from skinbeam.document import round_significant, write_atomically
from skinbeam.physics.targets.vessel_return import returns

__all__ = ["ABSORPTIONS", "PACKETS", "RADII", "main", "written"]

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
# Made by `make vessel-return`; not to be edited.
"""


def written(found: Sequence[tuple[Floats, Floats]]) -> str:
    """Return the content of `data/vessel_return.toml`, from `returns` of every radius."""

    def row(values: Floats | Sequence[float]) -> str:
        return "[" + ", ".join(str(round_significant(float(value), DIGITS)) for value in values) + "]"

    def table(order: int) -> str:
        return "[\n" + "".join(f"  {row(shares[order])},\n" for shares, _ in found) + "]"

    error = round_significant(max(float(errors[:2].max()) for _, errors in found), 2)
    return (
        f"{HEADER}radius = {row(RADII)}\nabsorption = {row(ABSORPTIONS)}\nstandard_error = {error}\n"
        f"returned_0 = {table(0)}\nreturned_1 = {table(1)}\n"
    )


def main() -> None:
    """Follow packets from every radius and write what comes back beside the other data."""
    content = written([returns(radius, ABSORPTIONS, packets=PACKETS, seed=i) for i, radius in enumerate(RADII)])
    with resources.as_file(resources.files("skinbeam") / "data") as folder:
        write_atomically(Path(folder) / "vessel_return.toml", content)
    print(content, end="")


if __name__ == "__main__":
    main()
