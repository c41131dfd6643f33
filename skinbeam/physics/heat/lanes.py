"""One step of (heat 1) for several rows of cells side by side, which the compiler makes into vector instructions.

Everything of `LANES` rows lies in one array, cell by cell, and in a cell field by field: the places of a field in
neighbouring cells then differ by numbers that the compiler knows, so that it can see that no two overlap. Indices are
unsigned, since a signed one could count from the end of the array and has to be asked.

Before the first cell and after the last lies one that takes part in nothing and has a temperature of zero: what flows
in from outside is among the sources.
"""

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from skinbeam.physics.heat.row import DIAGONAL, WEIGHT

__all__ = [
    "CELL",
    "FACE",
    "FED",
    "LANES",
    "POWER",
    "SINK",
    "SOURCE",
    "STAGE",
    "STORE",
    "T",
    "accept",
    "advance",
    "feed",
    "place",
]

Array = NDArray[np.float64]

U = np.uint64
LANES: Final = 16
# W/K unless said: heat capacity (J/K), conductance of the face above, perfusion, power when it is on and heat from
# elsewhere (W), the two together in a step, temperature before and after it (K); the rest is room to work in.
STORE, FACE, SINK, POWER, FED, SOURCE, T, STAGE, FLOW, PIVOT, UPPER = (U(LANES * field) for field in range(11))
CELL: Final = U(11 * LANES)
_LANES, _ONE = U(LANES), U(1)


@njit(cache=True)
def place(cell: int, lane: int):  # type: ignore[no-untyped-def]  # pragma: no cover - compiled
    """Return where the fields of a cell begin, to which one of the names above is added."""
    return (U(cell) + _ONE) * CELL + U(lane)


@njit(cache=True, error_model="numpy")
def advance(  # pragma: no cover - compiled
    cells: int, rows: Array, step_s: Array, outside: Array, blood: Array, taken: Array
) -> None:
    """One step of all lanes, from `T` to `STAGE`.

    Parameters
    ----------
    step_s, blood : (lane,) s, K. outside : (2, lane) temperature outside the first face and the last, K.
    taken : (3, lane) becomes the heat taken up through the first face, through the last, and from perfusion.
    """
    first, beyond = CELL, (U(cells) + _ONE) * CELL
    # Thomas factorisation of (store - a L), the matrix of both stages.
    for cell in range(first, beyond, CELL):
        for lane in range(_LANES):
            at = cell + lane
            a = DIAGONAL * step_s[lane]
            diagonal = rows[at + STORE] + a * (rows[at + FACE] + rows[at + CELL + FACE] + rows[at + SINK])
            inverse = 1.0 / (diagonal - a * rows[at + FACE] * rows[at - CELL + UPPER])
            rows[at + PIVOT] = inverse
            rows[at + UPPER] = a * rows[at + CELL + FACE] * inverse
            rows[at + FLOW] = 0.0
    taken[:] = 0.0
    through_top, through_bottom, from_blood = taken
    for solved in range(3):
        # Heat flows of the newest state, weighted into the balance of the whole step.
        now = T if solved == 0 else STAGE
        share = WEIGHT if solved < 2 else DIAGONAL
        last = beyond - CELL
        for lane in range(_LANES):
            weight = share * step_s[lane]
            through_top[lane] += weight * rows[first + FACE + lane] * (outside[0, lane] - rows[first + now + lane])
            through_bottom[lane] += weight * rows[beyond + FACE + lane] * (outside[1, lane] - rows[last + now + lane])
        for cell in range(first, beyond, CELL):
            for lane in range(_LANES):
                at = cell + lane
                from_blood[lane] += share * step_s[lane] * rows[at + SINK] * (blood[lane] - rows[at + now])
        if solved == 2:
            break
        for cell in range(first, beyond, CELL):
            for lane in range(_LANES):
                at = cell + lane
                here = rows[at + now]
                flow = rows[at + SOURCE] - rows[at + SINK] * here + rows[at + FACE] * (rows[at - CELL + now] - here)
                rows[at + FLOW] += flow + rows[at + CELL + FACE] * (rows[at + CELL + now] - here)
        # Both stages solve (store - a L) stage = store t + known flows.
        known_weight = DIAGONAL if solved == 0 else WEIGHT
        for cell in range(first, beyond, CELL):
            for lane in range(_LANES):
                at = cell + lane
                a = DIAGONAL * step_s[lane]
                known = rows[at + STORE] * rows[at + T] + known_weight * step_s[lane] * rows[at + FLOW]
                known += a * (rows[at + SOURCE] + rows[at + FACE] * rows[at - CELL + STAGE])
                rows[at + STAGE] = known * rows[at + PIVOT]
        for back in range(first, beyond, CELL):
            for lane in range(_LANES):
                up = beyond - back + lane
                rows[up + STAGE] += rows[up + UPPER] * rows[up + CELL + STAGE]


@njit(cache=True)
def feed(cells: int, rows: Array, power_on: Array) -> None:  # pragma: no cover - compiled
    """Set what flows into the cells in a step in which `power_on` (lane,) of the power is."""
    for cell in range(CELL, (U(cells) + _ONE) * CELL, CELL):
        for lane in range(_LANES):
            rows[cell + lane + SOURCE] = power_on[lane] * rows[cell + lane + POWER] + rows[cell + lane + FED]


@njit(cache=True)
def accept(cells: int, rows: Array) -> None:  # pragma: no cover - compiled
    """Let the next step begin from what the last one led to."""
    for cell in range(CELL, (U(cells) + _ONE) * CELL, CELL):
        for lane in range(_LANES):
            rows[cell + lane + T] = rows[cell + lane + STAGE]
