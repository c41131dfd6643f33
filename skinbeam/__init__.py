"""Plan laser skin treatment: simulated light, heat and damage joined to published evidence.

The public names are loaded when they are first used, so that the command line starts fast.
"""

from importlib import import_module
from typing import Any

from skinbeam._version import __version__

_HOMES = {
    "Estimate": "skinbeam.model.estimate",
    "InputError": "skinbeam.model.errors",
    "NotAvailable": "skinbeam.model.errors",
    "Unknown": "skinbeam.model.estimate",
    "guideline": "skinbeam.api.guideline",
    "load_case": "skinbeam.model.input_files",
    "sweep": "skinbeam.sweeps.run",
}

__all__ = ["Estimate", "InputError", "NotAvailable", "Unknown", "__version__", "guideline", "load_case", "sweep"]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'skinbeam' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
