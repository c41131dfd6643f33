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
    "analyse_photo": "skinbeam.public.questions",
    "compare": "skinbeam.public.questions",
    "devices": "skinbeam.public.questions",
    "expect": "skinbeam.public.questions",
    "guideline": "skinbeam.public.questions",
    "light": "skinbeam.public.questions",
    "light_profile": "skinbeam.public.questions",
    "load_case": "skinbeam.public.cases",
    "result_figure": "skinbeam.report.graphics.curves",  # of `DocumentResult.plot`, and no public name
    "sweep": "skinbeam.public.sweep",
    "threshold": "skinbeam.public.questions",
    "window": "skinbeam.public.questions",
}
_CALLABLE_PACKAGES = ("plan", "preview", "simulate", "skin")  # packages of the same names, which are called

__all__ = [
    "Estimate",
    "InputError",
    "NotAvailable",
    "Unknown",
    "__version__",
    "analyse_photo",
    "compare",
    "devices",
    "expect",
    "guideline",
    "light",
    "light_profile",
    "load_case",
    "plan",
    "preview",
    "simulate",
    "skin",
    "sweep",
    "threshold",
    "window",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    if name in _CALLABLE_PACKAGES:
        return import_module(f"skinbeam.{name}")
    raise AttributeError(f"module 'skinbeam' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
