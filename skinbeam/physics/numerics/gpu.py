"""Detect whether CUDA kernels can run on this machine."""

import importlib
import importlib.util

__all__ = ["missing_cuda_part"]


def missing_cuda_part() -> str | None:
    """Return the part of CUDA that this machine lacks; None if it lacks nothing.

    It is no-numba-cuda, no-card, no-toolkit or, where numba-cuda does not work with the installed NumPy, unfit-numpy.

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
    try:
        importlib.import_module("numba.cuda.cudaimpl")  # which every kernel is compiled with
    except (AttributeError, ImportError):
        return "unfit-numpy"
    return None
