"""Detect whether CUDA kernels can run on this machine."""

import importlib.util

__all__ = ["missing_cuda_part"]


def missing_cuda_part() -> str | None:
    """Return the part of CUDA that this machine lacks: no-numba-cuda, no-card or no-toolkit; None if it lacks nothing.

    The simulator of numba-cuda counts as a card.
    """
    # Imported in the function, since the import takes a fifth of a second that a run on the processor can save.
    if importlib.util.find_spec("numba_cuda") is None:
        return "no-numba-cuda"
    from numba import config, cuda

    if not cuda.is_available():
        return "no-card"
    if config.ENABLE_CUDASIM:
        return None
    from numba.cuda.cuda_paths import get_cuda_paths

    try:
        get_cuda_paths()
    except RuntimeError:
        return "no-toolkit"
    return None
