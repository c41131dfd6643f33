"""Judge from the records whether the test spots that a plan requires were fired, read in time, and without harm.

A spot covers a step of the ladder if no setting of the step is hotter than what was fired, and it was cooled no more
than this plan counts on, also where it was fired under another plan: skin that another or a stronger cooling protected
says nothing of the planned one. A reading before the time that the ladder gives is not conclusive.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from skinbeam.plan_records.course import DeviceSetup, LadderStep, TestSpotLadder
from skinbeam.plan_records.plan import ConcernPlan, Plan
from skinbeam_clinic.pulse_settings import OrderedSettings, step_settings
from skinbeam_clinic.test_spots.models import TestSpotRecord
from skinbeam_clinic.treatments.models import TreatmentOrder, find_deviations
from skinbeam_clinic.used_cooling import UsedCooling, find_cooling_change

__all__ = ["SpotJudgement", "find_ladder", "judge_spots"]


@dataclass(frozen=True)
class SpotJudgement:
    """What the records answer to the item `spots` of the checklist.

    Parameters
    ----------
    answer : one of the answers of the item.
    key : identifies the records behind it, so that a decision covers these and none that come later.
    """

    answer: str
    key: str


def find_ladder(plan: Plan, concern: ConcernPlan, setup: DeviceSetup) -> TestSpotLadder | None:
    """Return the ladder of test spots that a plan requires of this setting at this site; None if it requires none."""
    return next((spot for spot in plan.test_spots if spot.tries(setup, concern.site)), None)


def judge_spots(
    ladder: TestSpotLadder, spots: Sequence[TestSpotRecord], harmed: Iterable[str], cooling: UsedCooling
) -> SpotJudgement:
    """Judge the spots of a patient against a ladder.

    Parameters
    ----------
    spots : all test spots of the patient.
    harmed : ids of the spots to whose reaction a rule objects.
    cooling : on which the plan of the ladder counts.
    """
    of_light = [spot for spot in spots if _is_same_light(ladder, spot)]
    conclusive = [spot for spot in of_light if any(spot.hours(each) >= ladder.read_after_h for each in spot.readings)]
    moments = (f"{spot.id} {[each.seen_at.isoformat() for each in spot.readings]}" for spot in of_light)
    key = hashlib.sha256("\n".join(moments).encode()).hexdigest()[:32]
    if {spot.id for spot in of_light} & set(harmed):
        return SpotJudgement("not-allowed", key)
    if not all(any(_covers(ladder, spot, step, cooling) for spot in of_light) for step in ladder.spots):
        return SpotJudgement("not-fired", key)
    read = all(any(_covers(ladder, spot, step, cooling) for spot in conclusive) for step in ladder.spots)
    return SpotJudgement("allowed" if read and len(conclusive) == len(of_light) else "not-read", key)


def _is_same_light(ladder: TestSpotLadder, spot: TestSpotRecord) -> bool:
    settings = spot.firing.settings
    wavelength_nm = ladder.wavelength_nm if settings.wavelength_nm is None else settings.wavelength_nm
    return (settings.device, wavelength_nm, settings.site) == (ladder.device, ladder.wavelength_nm, ladder.site)


def _covers(ladder: TestSpotLadder, spot: TestSpotRecord, step: LadderStep, cooling: UsedCooling) -> bool:
    """Return whether no setting of a step is hotter than the spot that was fired, nor its cooling weaker."""
    change = find_cooling_change(cooling, spot.firing.cooling)
    if change is not None and change.may_protect_more:
        return False
    planned = step_settings(ladder, step).numbers()
    fired = {"wavelength_nm": ladder.wavelength_nm} | spot.firing.settings.numbers()
    if not planned.keys() <= fired.keys():
        return False
    order = TreatmentOrder("", ladder.site, ladder.device, OrderedSettings(**{name: fired[name] for name in planned}))
    return not any(deviation.hotter for deviation in find_deviations(order, OrderedSettings(**planned)))
