"""The light engines there are, by name.

A new engine is entered in `ENGINES`; the tests of the protocol then run on it.
"""

from collections.abc import Mapping
from types import MappingProxyType

from skinbeam.errors import InputError, did_you_mean
from skinbeam.simulate.light.montecarlo import MonteCarlo
from skinbeam.simulate.light.ordinates import IN_SKINS, Ordinates
from skinbeam.simulate.light.protocol import LightEngine

__all__ = ["ENGINES", "check_engine_options"]

# Words of the interface, whether this release has an engine for them or not.
METHODS = ("ordinates", "montecarlo")
DEVICES = ("cpu", "cuda")

ENGINES: Mapping[str, LightEngine] = MappingProxyType(
    {"ordinates": Ordinates(), "ordinates in skins": IN_SKINS, "montecarlo": MonteCarlo()}
)


def check_engine_options(method_option: str, method: str, device: str, error: float | None) -> None:
    """Refuse a method or device that is no word of the interface, and a standard error outside ]0, 1[.

    Parameters
    ----------
    method_option : the option that `method` was read from.

    Raises
    ------
    InputError : names the option.
    """
    for option, value, known in ((method_option, method, METHODS), ("--device", device, DEVICES)):
        if value not in known:
            raise InputError(
                "unknown-word",
                f'is not one of the known words, read "{value}"',
                field=option,
                hint=f"{did_you_mean([value], known)}One of: {', '.join(known)}.",
            )
    if error is not None and not 0 < error < 1:
        raise InputError(
            "out-of-range",
            f"is out of range, read {error:g}",
            field="--error",
            hint="Above 0 and below 1, such as 0.01.",
        )
