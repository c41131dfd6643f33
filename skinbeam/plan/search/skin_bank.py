"""The skins that a plan is made on: this person's, drawn once for each site and target."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from skinbeam.assessment.skin import Colour, Place, draw_skins, lighter_colours
from skinbeam.plan.search.candidates import Machine
from skinbeam.plan.search.earlier_pulses import earlier_pulses
from skinbeam.plan.search.goals import LESION_OF, Goal, vessels_of
from skinbeam.plan.search.skins import SiteSkins
from skinbeam.plan.search.told import Told, told_of
from skinbeam.schema.case import Case
from skinbeam.skin.seen_widths import SeenWidth

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["COMPARED", "SkinBank"]

# Where a limit is kept by a share of the skins, a handful of a few hundred decides, so depths are computed in so many
# times more and held against their layers; a first look, against the layers alone. A mean probability needs none
# (docs/methods/planning.md).
LIMITING = 4
# Skins that tell how high a dose for vessels is aimed, and those of them that settings are compared on: powers of two,
# since so many draws hold each quantity evenly. A tenth of 64 is a handful, which puts some doses a seventh too high.
AIMED, COMPARED = 128, 64
_DESIGN = 1  # the seed that they are drawn with, whatever that of the plan
_Vessels = tuple[str, tuple[str, ...]]  # condition and its kinds
_Key = tuple[str, str | None, _Vessels | None, int, int]  # draws, and those of layers


class SkinBank:
    """Draws of this person's skin, made once for each site and lesion.

    Parameters
    ----------
    machines : of the clinic; an earlier pulse may have been of one that no list holds.
    widths : site → how wide vessels look there, where a photograph shows it well enough for doses.
    """

    def __init__(
        self,
        case: Case,
        colour: Colour,
        draws: int,
        seed: int,
        machines: Sequence[Machine] | None = None,
        widths: Mapping[str, SeenWidth] | None = None,
    ) -> None:
        self.case, self.colour, self.draws, self.seed = case, colour, draws, seed
        self._machines, self._widths = machines or (), widths or {}
        # A cache of the method would tie the bank to itself, and its gigabytes would wait for the garbage collector.
        self._made: dict[_Key, SiteSkins] = {}

    def skins(self, site: str, goal: Goal, *, most: int | None = None) -> SiteSkins:
        """Return the skins of a site with the goal's target in them, `most` at most, or all that were asked for."""
        lesion = LESION_OF.get(goal.condition) if goal.where == "lesion" else None
        vessels = (goal.condition, goal.subtypes) if goal.where == "vessel" else None
        draws = self.draws if most is None else min(self.draws, most)
        layered = LIMITING * draws if goal.of_depth else draws
        key = (site, lesion, vessels, layered if most is None else draws, layered)
        if key not in self._made:
            self._made[key] = self._make(*key)
        return self._made[key]

    @cached_property
    def designed(self) -> "SkinBank":
        """Skins of this person that are the same for every seed and number of draws: settings are compared on them, and
        they tell how high a dose is aimed.

        Neither is chance: settings that lie close would else change places with the seed, and a dose would move where
        the share that it reaches rises slowly. Limits and probabilities are of the drawn skins alone.
        """
        return SkinBank(self.case, self.colour, AIMED, _DESIGN, self._machines, self._widths)

    @cached_property
    def told(self) -> Told | None:
        """What earlier pulses on this person's skin teach; None without any that can be computed."""
        pulses, _ = earlier_pulses(self.case, self._machines)
        made: dict[str, SiteSkins] = {}

        def draw(site: str) -> SiteSkins:
            if site not in made:
                around = Place(site, limiting=True)
                skins = draw_skins(self.case, self.colour, around, draws=LIMITING * self.draws, seed=self.seed)
                made[site] = SiteSkins(site, skins, skins)
            return made[site]

        return told_of(pulses, draw)

    def _weighed(self, skins: "xr.Dataset") -> "xr.Dataset":
        """The skins with weights that what earlier pulses showed has changed."""
        if self.told is None:
            return skins
        weights = skins["weight"] * self.told.likelihood[: skins.sizes["sample"]]
        return skins.assign(weight=weights / weights.sum())

    def _make(
        self, site: str, lesion: str | None, vessels: _Vessels | None, draws: int, layered_draws: int
    ) -> SiteSkins:
        population = vessels_of(*vessels).joined(self._widths.get(site)) if vessels is not None else None
        around = Place(site, vessels=population, limiting=True)
        target = replace(around, lesion=lesion, limiting=False)
        wanted = self._weighed(draw_skins(self.case, self.colour, target, draws=draws, seed=self.seed))
        # A vessel leaves the epidermis above it as it is; a pigment spot does not.
        apart = self.colour.in_doubt or lesion is not None or self.colour.times_at(site) > 1.0
        lighter = (
            draw_skins(_without_reading(self.case), colour, target, draws=draws, seed=self.seed)
            for colour in lighter_colours(self.colour)
        )
        limiting, layered = wanted, None
        if apart:
            limiting = self._weighed(draw_skins(self.case, self.colour, around, draws=draws, seed=self.seed))
        if layered_draws != draws:
            layered = self._weighed(draw_skins(self.case, self.colour, around, draws=layered_draws, seed=self.seed))
        return SiteSkins(
            site,
            wanted,
            limiting,
            lighter=tuple(SiteSkins(site, skins, skins) for skins in lighter),
            layered=layered,
            learned={} if self.told is None else self.told.first(limiting.sizes["sample"]),
        )


def _without_reading(case: Case) -> Case:
    """The case without what an instrument read, which would make a lighter skin as dark as this one."""
    skin = None if case.skin is None else case.skin.model_copy(update={"reflectance": None})
    return case.model_copy(update={"skin": skin})
