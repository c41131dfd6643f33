"""Simulate the outcomes of plans and textbook settings for virtual people: burns, treated targets, clean test spots."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from research.virtual_people.offers import TreatmentOffer, planned_offer, regimes, textbook_offer
from research.virtual_people.people import CLASSES, VirtualPeople, draw_people
from research.virtual_people.true_doses import ClinicErrors, TrueDoses, draw_clinic_errors, practice_biases
from skinbeam.model.package_data import load_package_table
from skinbeam.published_doses.calibration import DoseCalibration
from skinbeam.published_doses.personal_calibration import miss_probability
from skinbeam.response.goals import LESION_BY_CONDITION

__all__ = ["VirtualOutcomes", "equal_burn_dose", "simulate_outcomes"]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_MOST_SPOTS: Final = 5
_DOSES_J_CM2: Final = (0.01, 10_000.0)  # search range of the textbook dose
_WIDTH: Final = 1e-4


@dataclass(frozen=True)
class VirtualOutcomes:
    """Outcomes of virtual people, each (person,); without an offer all are false and numbers are NaN.

    Parameters
    ----------
    offered : whether a setting is offered.
    p_true : probability that the setting burns them, over all clinics.
    p_burn, p_effective, p_burn_if_clean : predictions of their plans: that they burn, that the target is reached, and
        that they burn although every test spot was clean.
    burnt, reached : by the setting. burnt_elsewhere : where the field does not share the error of its spots.
    clean : whether all test spots are clean.
    book_burnt, book_reached : by textbook settings, with one dose for all of a class and a regime, at which they are
        burnt with the same probability, over all clinics, as by their plans.
    """

    people: VirtualPeople
    offered: Bools
    p_true: Floats
    p_burn: Floats
    p_effective: Floats
    p_burn_if_clean: Floats
    burnt: Bools
    burnt_elsewhere: Bools
    reached: Bools
    clean: Bools
    book_burnt: Bools
    book_reached: Bools

    @property
    def p_burnt_after_clean(self) -> Floats:
        """Probability of a burn if the share of fields without the error of their spots is as a plan assumes."""
        unshared = miss_probability(load_package_table("data/test_spots.toml")["reading"]["burn_h"]) or 0.0
        return (1.0 - unshared) * self.burnt + unshared * self.burnt_elsewhere


@dataclass(frozen=True)
class _Doses:
    """Doses in J/cm², (person,): computed dose that burns the skin around, and true dose that reaches the target."""

    burn_J_cm2: Floats
    target_J_cm2: Floats


def simulate_outcomes(count: int) -> VirtualOutcomes:
    """Plan for `count` virtual people, and return their outcomes."""
    people = draw_people(count)
    errors = draw_clinic_errors(people, [regime.light for regime in regimes()])
    offers = _offers(people)
    books = [
        None if offer is None else textbook_offer(regimes()[regime_index], int(said) + 1)
        for offer, regime_index, said in zip(offers, people.regime, people.phototype, strict=True)
    ]
    plan, book = _doses(people, errors, offers), _doses(people, errors, books)
    given = np.array([np.nan if offer is None else offer.dose_J_cm2 for offer in offers])
    offered = np.isfinite(given)
    field = np.exp(errors.people * people.draws.normal("field"))
    burnt = given >= plan.burn_J_cm2 * np.exp(errors.clinic) * field
    bias = np.exp(np.array(practice_biases()))[people.kinetics]
    p_true = _p_burnt(people, given, plan.burn_J_cm2 * bias)
    by_book = _textbook_doses(people, p_true, book.burn_J_cm2 * bias)
    return VirtualOutcomes(
        people=people,
        offered=offered,
        p_true=p_true,
        p_burn=_offer_values(offers, "p_burn"),
        p_effective=_offer_values(offers, "p_effective"),
        p_burn_if_clean=_offer_values(offers, "p_burn_if_clean"),
        burnt=burnt,
        burnt_elsewhere=given >= plan.burn_J_cm2 * np.exp(errors.independent_clinic) * field,
        reached=given >= plan.target_J_cm2,
        clean=offered & ~_burnt_by_test_spots(people, errors, offers, plan.burn_J_cm2),
        book_burnt=by_book >= book.burn_J_cm2 * np.exp(errors.clinic) * field,
        book_reached=by_book >= book.target_J_cm2,
    )


def _offers(people: VirtualPeople) -> list[TreatmentOffer | None]:
    """Return the offer of each person; people with the same regime and the same reading share one plan."""
    made: dict[tuple[int, float | str], TreatmentOffer | None] = {}
    for key in zip(people.regime.tolist(), people.reported_colour, strict=True):
        if key not in made:
            made[key] = planned_offer(regimes()[key[0]], key[1])
    return [made[key] for key in zip(people.regime.tolist(), people.reported_colour, strict=True)]


def _offer_values(offers: Sequence[TreatmentOffer | None], name: str) -> Floats:
    return np.array([np.nan if offer is None else getattr(offer, name) for offer in offers])


def _doses(people: VirtualPeople, errors: ClinicErrors, offers: Sequence[TreatmentOffer | None]) -> _Doses:
    """Return the doses of each person at the setting of their offer; people of one class at one setting share a run."""
    groups: dict[tuple[int, TreatmentOffer], list[int]] = defaultdict(list)
    for who, offer in enumerate(offers):
        if offer is not None:
            groups[int(people.colour_class[who]), TreatmentOffer(offer.regime, offer.setting, 1.0)].append(who)
    doses = _Doses(np.full(people.count, np.nan), np.full(people.count, np.nan))
    lesion = np.exp(errors.clinic + errors.people * people.draws.normal("lesion"))
    truths = {
        condition: TrueDoses.for_condition(people, condition)
        for condition in {regime.condition for regime in regimes()}
    }
    for (_, offer), members in groups.items():
        subset, condition = np.array(members), offer.regime.condition
        truth = truths[condition].subset(subset)
        doses.burn_J_cm2[subset] = truth.burn_dose_J_cm2(offer.beam, offer.cooling)
        if condition in LESION_BY_CONDITION:
            doses.target_J_cm2[subset] = (
                truth.burn_dose_J_cm2(offer.beam, offer.cooling, in_target=True) * lesion[subset]
            )
        else:
            doses.target_J_cm2[subset] = truth.closure_dose_J_cm2(offer.beam, offer.cooling) * np.exp(
                errors.closure[subset]
            )
    return doses


def _burnt_by_test_spots(
    people: VirtualPeople, errors: ClinicErrors, offers: Sequence[TreatmentOffer | None], burns: Floats
) -> Bools:
    """Return who is burnt by any of the test spots; each spot is at another place of their skin."""
    burnt = np.zeros(people.count, dtype=np.bool_)
    for spot in range(_MOST_SPOTS):
        doses = np.array(
            [np.nan if offer is None or spot >= len(offer.spots) else offer.spots[spot] for offer in offers]
        )
        here = np.exp(errors.clinic + errors.people * people.draws.normal(f"test spot {spot}"))
        burnt |= doses >= burns * here
    return burnt


def equal_burn_dose(p_burnt: Callable[[float], float], wanted: float) -> float:
    """Return the dose, J/cm², at which people are burnt with the probability `wanted`, which rises with the dose."""
    low, high = _DOSES_J_CM2
    while high / low > 1.0 + _WIDTH:
        middle = np.sqrt(low * high)
        low, high = (middle, high) if p_burnt(middle) < wanted else (low, middle)
    return float(low)


def _p_burnt(people: VirtualPeople, dose: Floats, burns: Floats) -> Floats:
    """Return the probability of a burn, over all clinics; `burns` are computed doses with each kinetics set's bias."""
    shares = np.full(people.count, np.nan)
    for index, regime in enumerate(regimes()):
        subset = (people.regime == index) & np.isfinite(dose)
        shares[subset] = regime.error.p_reached(dose[subset] / burns[subset])
    return shares


def _textbook_doses(people: VirtualPeople, wanted: Floats, burns: Floats) -> Floats:
    """Return one dose for all of a class and a regime, at which as many are burnt as by their plans, (person,).

    Parameters
    ----------
    wanted : probability of a burn by their plan, over all clinics; NaN without an offer.
    burns : computed doses that burn at the settings of the textbook, with the bias of each kinetics set.
    """
    dose = np.full(people.count, np.nan)
    for index, regime in enumerate(regimes()):
        for colour in range(len(CLASSES)):
            subset = (people.colour_class == colour) & (people.regime == index) & np.isfinite(wanted)
            if subset.any():

                def p_burnt(
                    dose_J_cm2: float, error: DoseCalibration = regime.error, burns: Floats = burns[subset]
                ) -> float:
                    return float(error.p_reached(dose_J_cm2 / burns).mean())

                dose[subset] = equal_burn_dose(p_burnt, float(wanted[subset].mean()))
    return dose
