"""Cache of drawn skins, for cases that differ in the beam only, and the limits of memory and time of a run.

Cached skins are shared, so their arrays are read-only.
"""

from dataclasses import dataclass, replace

from skinbeam.model.errors import InputError
from skinbeam.model.sources import cache_with_sources
from skinbeam.simulate.skins.ensemble import CHUNK_DRAWS
from skinbeam.skin.distribution import SkinDistribution
from skinbeam.skin.sample import SkinSample
from skinbeam.text import render_message

__all__ = [
    "DrawCost",
    "cached_median",
    "cached_sample",
]

_CACHED_SKINS = 4  # skins, each of some 2 MB


def cached_sample(skin: SkinDistribution, n: int, seed: int, start: int) -> SkinSample:
    """Return draws `start` to `start + n` of a skin, with `typical_m`.

    Those are the layers of its median, with which the grid of a draw does not depend on the other draws.
    """
    return _sample_bare(_without_reading(skin), n, seed, start)


def cached_median(skin: SkinDistribution) -> SkinSample:
    """Return the median skin: the median of every distribution."""
    return _median_bare(_without_reading(skin))


def _without_reading(skin: SkinDistribution) -> SkinDistribution:
    """Return the skin without its reading.

    A reading weights draws without changing them, and its lists are not hashable.
    """
    return replace(skin, reading=None)


@cache_with_sources(_CACHED_SKINS)
def _sample_bare(skin: SkinDistribution, n: int, seed: int, start: int) -> SkinSample:
    typical = _median_bare(skin)["thickness_m"][0]
    return _make_read_only(replace(skin.sample(n, seed, start), typical_m=typical))


@cache_with_sources(_CACHED_SKINS)
def _median_bare(skin: SkinDistribution) -> SkinSample:
    return _make_read_only(skin.median())


def _make_read_only(skins: SkinSample) -> SkinSample:
    for array in (*skins.arrays.values(), skins.numbers):
        array.flags.writeable = False
    return skins


# Bytes that the histories of one chunk may take; a process then uses well under 3 GB.
MAX_HISTORY_BYTES = 600_000_000
# Total steps of cells that a run may take: about a minute on two cores.
MAX_CELL_STEPS = 4_000_000_000
# Arrays of (step, cell) and of (step, vessel) that exist at once; cells around one vessel.
_ARRAYS, _VESSEL_ARRAYS, _VESSEL_CELLS = 8, 30, 60
_BYTES = 8


@dataclass(frozen=True)
class DrawCost:
    """Cost of one draw of a case: time steps, depth cells, vessels."""

    steps: int
    cells: int
    vessels: int

    def draws_per_chunk(self, draws: int) -> int:
        """Return how many draws to simulate at once.

        Raises
        ------
        InputError : `draws` such draws take too long, or a single one does not fit into memory.
        """
        work = self.steps * (2 * self.cells + _VESSEL_CELLS * self.vessels)
        size = _BYTES * self.steps * (_ARRAYS * self.cells + _VESSEL_ARRAYS * self.vessels)
        most = min(MAX_CELL_STEPS // max(work, 1), 0 if size > MAX_HISTORY_BYTES else draws)
        if most < draws:
            raise InputError(
                "too-much-work",
                render_message(
                    "simulate.too-much-work", {"steps": self.steps, "vessels": self.vessels, "draws": draws}
                ),
                field="draws",
                hint=f"At most {most} draws for such a case." if most else "Fewer pulses, passes or vessels.",
            )
        return max(1, min(MAX_HISTORY_BYTES // max(size, 1), CHUNK_DRAWS))
