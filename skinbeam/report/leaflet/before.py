"""What comes before the first visit, in plain words."""

from collections.abc import Iterable

from skinbeam.messages import Formatter
from skinbeam.plan.records import Plan
from skinbeam.plan.visits import Ladder
from skinbeam.report.leaflet.words import light_in_words, plain
from skinbeam.report.shown import join, say

__all__ = ["before_first_visit"]

_HOURS_A_DAY = 24.0


def before_first_visit(plan: Plan) -> Iterable[str]:
    """Return the test spots of each light and site, with their doses."""
    lasers = (concern.first_laser for concern in plan.concerns)
    setups = {(laser[1].device, laser[1].wavelength_nm): laser[1] for laser in lasers if laser is not None}
    ladders = [ladder for ladder in plan.test_spots if (ladder.device, ladder.wavelength_nm) in setups]
    for ladder in ladders:
        yield say(
            "leaflet.before_spots",
            light=light_in_words(setups[ladder.device, ladder.wavelength_nm]),
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
        return say("leaflet.before_patterns", densities=_listed(densities))
    fluences = _each(spot.fluence_J_cm2 for spot in ladder.spots)
    if fluences:
        return f"{_listed(fluences)} J/cm²"
    return f"{_listed(_each(spot.energy_mJ for spot in ladder.spots))} mJ"


def _each(values: Iterable[float | None]) -> list[float]:
    """Every value that is there, once."""
    return list(dict.fromkeys(value for value in values if value is not None))


def _listed(values: Iterable[float]) -> str:
    return join(map(Formatter().number, values))
