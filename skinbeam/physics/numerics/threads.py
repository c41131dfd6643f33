"""Run compiled code for many samples in threads.

Numba's own parallel loops compile all code that they call a second and a third time, which takes half a minute for the
longest kernels. A kernel of one sample that lets go of the interpreter lock is compiled once, and calling it takes some
ten microseconds.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numba

__all__ = ["map_in_threads"]

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_in_threads(work: Callable[[Item], Result], items: Sequence[Item], *, most: int | None = None) -> list[Result]:
    """Return the results of `work` in order, from as many threads as Numba may use, which have ended by then.

    Parameters
    ----------
    most : greatest number of threads, where each takes much memory; None for no bound.
    """
    # `numba.get_num_threads` would begin Numba's own threads, and a forked copy of a process that has them is ended at
    # its first parallel kernel.
    threads = min(numba.config.NUMBA_NUM_THREADS, len(items), most or len(items))
    if threads <= 1:
        return [work(item) for item in items]
    with ThreadPoolExecutor(max_workers=threads) as pool:
        return list(pool.map(work, items))
