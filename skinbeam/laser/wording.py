"""How a device is spoken of: what it offers, in numbers with units, and which of its lights is meant."""

import math
import re
from collections.abc import Iterable, Iterator
from typing import Any

from skinbeam.messages import text
from skinbeam.schema.device import Offer
from skinbeam.units import MS

__all__ = ["light_of", "named_with_light", "offered", "pulse_offered"]

_PREFIXES = {-12: "ps", -9: "ns", -6: "µs", -3: "ms", 0: "s"}
MOST_VALUES = 12  # listed one by one; a longer list is told by its ends


def light_of(wavelength_nm: float, *, lamp: bool) -> str:
    """Return a light in words: `595 nm`, or of a filtered lamp, whose wavelength is its cut-off, `from 560 nm`."""
    return text("light-of.lamp" if lamp else "light-of.laser", {"nm": wavelength_nm})


def named_with_light(title: str, wavelength_nm: float, *, lamp: bool) -> str:
    """Return a device's title with one of its lights, once.

    A title that names two wavelengths says of neither that it is meant, and one that names a filter says no laser line.
    """
    nm = f"{wavelength_nm:g}"
    alone = set(re.findall(r"\d{3,5}(?:\.\d+)?", title)) == {nm} and f"{nm} nm" in title
    return title if alone and not lamp else f"{title}, {light_of(wavelength_nm, lamp=lamp)}"


def offered(offers: Iterable[Offer[Any]], unit: str) -> str:
    """Return e.g. `5 to 20 ms; 0.45, 1.5 or 3 ms`, each way of setting once and ranges that meet as one."""
    texts = dict.fromkeys(_one(offer) for offer in _joined(offers))
    return "; ".join(f"{text} {unit}".rstrip() for text in texts)


def pulse_offered(offers: Iterable[Offer[Any]]) -> str:
    """Return what pulses are offered in ms, and in the unit people use for them when that is another."""
    kept = list(offers)
    text = offered(kept, "ms")
    low, high = min(o.ends[0] for o in kept), max(o.ends[1] for o in kept)
    if _thousands(low * MS) <= -3 <= _thousands(high * MS):
        return text
    exponent = min(max(_thousands(low * MS), min(_PREFIXES)), max(_PREFIXES))
    ends = [f"{end * MS / 10.0**exponent:.4g}" for end in dict.fromkeys((low, high))]
    return f"{text} ({' to '.join(ends)} {_PREFIXES[exponent]})"


def _thousands(value: float) -> int:
    """The power of ten, a multiple of three, that leaves `value` between 1 and 1000."""
    return 3 * math.floor(math.log10(value * (1 + 1e-9)) / 3)


def _joined(offers: Iterable[Offer[Any]]) -> Iterator[Offer[Any]]:
    """Yield the offers, a range without steps in one with that which begins where it ends."""
    before: Offer[Any] | None = None
    for offer in offers:
        if before is not None and _dial(before) and _dial(offer) and before.ends[1] == offer.ends[0]:
            before = before.model_copy(update={"high": offer.high})
            continue
        if before is not None:
            yield before
        before = offer
    if before is not None:
        yield before


def _dial(offer: Offer[Any]) -> bool:
    return offer.values is None and offer.step is None


def _one(offer: Offer[Any]) -> str:
    low, high = offer.ends
    if offer.values is not None and len(offer.values) <= MOST_VALUES:
        *first, last = (f"{value:g}" for value in offer.values)
        return f"{', '.join(first)} or {last}" if first else last
    text = f"{low:g} to {high:g}" if low < high else f"{low:g}"
    return text if offer.step is None else f"{text} in steps of {offer.step:g}"
