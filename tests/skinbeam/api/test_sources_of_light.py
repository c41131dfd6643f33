"""Every document that light was computed for names the sources of the method, at the first question and at the next."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from consultations import PERSON, concern, devices, document
from pulse_samples import loaded

from skinbeam.api.simulate import simulate_case
from skinbeam.api.skin import describe_skin
from skinbeam.api.threshold import find_threshold
from skinbeam.model.sources import find_source

EXACT = {"chandrasekhar1960", "nakajima1986", "stamnes1988", "plass1973", "wiscombe1977"}
PACKETS = {"wang1995", "woodcock1965"}
DOCUMENTS: dict[str, tuple[Callable[[], Any], set[str]]] = {
    "skin": (lambda: describe_skin(loaded("vessel"), [600.0], draws=2).to_dict(), EXACT),
    "simulate": (lambda: simulate_case(loaded("vessel"), draws=2).to_dict(), EXACT | PACKETS),
    "simulate by packets": (
        lambda: simulate_case(loaded("vessel"), draws=2, light="montecarlo").to_dict(),
        EXACT | PACKETS,
    ),
    "threshold": (lambda: find_threshold(loaded("vessel"), "vessel-closure", draws=2).to_dict(), EXACT | PACKETS),
    "explicit layers": (lambda: simulate_case(loaded("layers"), draws=2).to_dict(), EXACT | PACKETS),
    "microbeams": (lambda: simulate_case(loaded("fractional-1550"), draws=2).to_dict(), PACKETS),
}


def named(part: Any) -> Iterator[str]:
    """The sources of a document, and of the estimates in it."""
    if isinstance(part, dict):
        for name, value in part.items():
            yield from value if name in ("sources", "basis") and isinstance(value, list) else named(value)
    elif isinstance(part, list):
        for value in part:
            yield from named(value)


@pytest.mark.parametrize(("ask", "wanted"), DOCUMENTS.values(), ids=DOCUMENTS)
def test_the_sources_of_light_are_named_every_time(ask: Callable[[], Any], wanted: set[str]) -> None:
    for _ in range(2):
        found = set(named(ask()))
        assert wanted <= found
        assert all(find_source(key).citation for key in found)


def test_a_plan_names_the_sources_of_its_light() -> None:
    """Each of its settings does too, although they share the light that was computed for the first."""
    plan = document(PERSON + concern("facial-telangiectasia", extra="") + devices("pulsed-dye-595"))
    assert set(plan["sources"]) >= EXACT | PACKETS
    effects = [option["p_effective"] for each in plan["concerns"] for option in each["options"]]
    known = [effect for effect in effects if "median" in effect]
    assert known
    for effect in known:
        assert set(effect["basis"]) >= EXACT
