"""How many draws fit into memory at once, and when a case asks for more work than is done in reasonable time."""

from dataclasses import dataclass

from skinbeam.errors import InputError
from skinbeam.messages import text
from skinbeam.simulate.skins.ensemble import CHUNK

__all__ = ["Effort"]

# Bytes that the histories of one chunk may take. Whole processes stay well under 3 GB with it.
MEMORY_BYTES = 600_000_000
# Steps of cells in all that a run may take: about a minute on two cores.
MOST_CELL_STEPS = 4_000_000_000
# Arrays of (step, cell) and of (step, vessel) that are alive at once; cells around one vessel.
_ARRAYS, _VESSEL_ARRAYS, _VESSEL_CELLS = 8, 30, 60
_BYTES = 8


@dataclass(frozen=True)
class Effort:
    """What one draw of a case takes: steps of time, cells of depth, vessels."""

    steps: int
    cells: int
    vessels: int

    def draws_at_once(self, draws: int) -> int:
        """Return how many draws to simulate at once.

        Raises
        ------
        InputError : `draws` such draws take too long, or not even one fits into memory.
        """
        work = self.steps * (2 * self.cells + _VESSEL_CELLS * self.vessels)
        size = _BYTES * self.steps * (_ARRAYS * self.cells + _VESSEL_ARRAYS * self.vessels)
        most = min(MOST_CELL_STEPS // max(work, 1), 0 if size > MEMORY_BYTES else draws)
        if most < draws:
            raise InputError(
                "too-much-work",
                text("simulate.too-much-work", {"steps": self.steps, "vessels": self.vessels, "draws": draws}),
                field="--draws",
                hint=f"At most {most} draws for such a case." if most else "Fewer pulses, passes or vessels.",
            )
        return max(1, min(MEMORY_BYTES // max(size, 1), CHUNK))
