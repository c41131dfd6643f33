"""What comes before the first visit, in plain words."""

from collections.abc import Iterable

from skinbeam.messages import Formatter
from skinbeam.plan.records import ConcernPlan, Plan
from skinbeam.plan.visits import Ladder
from skinbeam.report.leaflet.words import light_in_words, plain
from skinbeam.report.shown import say

__all__ = ["before_first_visit"]

_HOURS_A_DAY = 24.0


def before_first_visit(concern: ConcernPlan, plan: Plan) -> Iterable[str]:
    """Return the test spots of a concern's first laser, with their doses."""
    if concern.first_laser is None:
        return
    _, setup = concern.first_laser
    asked = (setup.device, setup.wavelength_nm, concern.site)
    ladders = [one for one in plan.test_spots if (one.device, one.wavelength_nm, one.site) == asked]
    for ladder in ladders:
        yield say(
            "leaflet.before_spots",
            light=light_in_words(setup),
            site=plain("site", ladder.site),
            number=len(ladder.spots),
            doses=_doses(ladder),
            days=ladder.read_after_h / _HOURS_A_DAY,
        )
    if ladders:
        yield say("leaflet.before_stop")


def _doses(ladder: Ladder) -> str:
    """What the spots differ in: their fluence, or the energy or the number of their microbeams."""
    densities = _each(spot.density_per_cm2 for spot in ladder.spots)
    if len(densities) > 1:
        return say("leaflet.before_patterns", densities=densities)
    fluences = _each(spot.fluence_J_cm2 for spot in ladder.spots)
    if fluences:
        return f"{Formatter().numbers(fluences)} J/cm²"
    return f"{Formatter().numbers(_each(spot.energy_mJ for spot in ladder.spots))} mJ"


def _each(values: Iterable[float | None]) -> list[float]:
    """Every value that is there, once."""
    return list(dict.fromkeys(value for value in values if value is not None))
