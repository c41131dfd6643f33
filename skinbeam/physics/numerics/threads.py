"""Run compiled code for many samples in threads.

Numba's own parallel loops compile all code that they call a second and a third time, which takes half a minute for the
longest kernels. A kernel of one sample that lets go of the interpreter lock is compiled once, and calling it takes some
ten microseconds.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numba

__all__ = ["run_in_threads"]


def run_in_threads(work: Callable[[int], None], count: int) -> None:
    """Call `work` with 0 to `count` - 1, in as many threads as Numba may use; they have ended when this returns."""
    threads = min(numba.get_num_threads(), count)
    if threads <= 1:
        for number in range(count):
            work(number)
        return
    with ThreadPoolExecutor(max_workers=threads) as pool:
        for _ in pool.map(work, range(count)):
            pass  # an error is raised here
