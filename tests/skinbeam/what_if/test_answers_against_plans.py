"""Answers about settings beside plans and beside other askings: `make validate` prints the table.

No answer is interpolated: each setting that is asked about is simulated, so that there is no error between nodes to
measure. What can go wrong is that an answer depends on the way to it. So the settings of plans are asked about and
compared with what the plan says, and other settings of the same lights are asked about twice: of a person who has
answered other questions, and of the same person assessed anew, in the opposite order.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest
from consultations import loaded

from skinbeam.laser.device import devices
from skinbeam.laser.setting_grid import density_steps, dose_steps, iterate_settings
from skinbeam.model.errors import NotAvailable
from skinbeam.model.estimate import Estimate
from skinbeam.model.input_files import LoadedCase
from skinbeam.plan.case_check import CheckedConsultation, check_consultation
from skinbeam.plan.option_reasons import bruise_share
from skinbeam.plan.person import AssessedPerson, assess_person
from skinbeam.plan.planner import plan_consultation
from skinbeam.plan_records.plan import Option
from skinbeam.what_if.asked_setting import judge_asked_setting, planned_quantities

PEOPLE = 30
DRAWS, SEED = 42, 0  # the least draws with which a plan is made
MOVED = 3  # other settings of each light
MEDIAN, NEARLY_ALL = 0.01, 0.04  # the greatest difference of probabilities, of the median and of 95 of 100
CONDITIONS = ("facial-telangiectasia", "age-spots", "acne-scars", "wrinkles", "rosacea")
PHOTOTYPES = ("I", "II", "III", "IV", "V", "VI")

Treated = tuple[str, str, str]


@dataclass(frozen=True)
class Asked:
    """A setting of a device, as it is asked about."""

    device: str
    treated: Treated
    quantities: dict[str, float]


def consultation(number: int) -> CheckedConsultation:
    """A virtual person: every condition in every colour, by turns, at other ages."""
    text = f"""
title = "Somebody of no clinic"
[patient]
age_years = {25 + 7 * number % 50}
sex = "{("female", "male")[number % 2]}"
phototype = "{PHOTOTYPES[number % len(PHOTOTYPES)]}"
[[concern]]
condition = "{CONDITIONS[number % len(CONDITIONS)]}"
severity = "{("mild", "moderate", "severe")[number // 2 % 3]}"
site = "cheeks"
area_cm2 = 20.0
diagnosed = true
diagnosed_by = "clinician"
diagnosis_method = "dermoscopy"
diagnosis_date = 2026-01-02
"""
    return check_consultation(loaded(text))


def probabilities(option: Option) -> dict[str, float]:
    shares = {"effect": option.p_effective, "harm": option.p_harm, "bruise": option.p_purpura}
    return {name: value.median for name, value in shares.items() if isinstance(value, Estimate)}


def answer(person: AssessedPerson, case: LoadedCase, asked: Asked) -> dict[str, float]:
    found = judge_asked_setting(person, case, asked.quantities, device_name=asked.device, treated=asked.treated)
    bruised = bruise_share(found.trial)
    shares = {"effect": found.p_effective.median, "harm": found.p_harm.median}
    return shares | {"bruise": bruised.median} if isinstance(bruised, Estimate) else shares


def moved(asked: Asked, rng: np.random.Generator) -> Iterator[Asked]:
    """Other settings that the same light of the device can have."""
    device = devices()[asked.device]
    same = [one for one in iterate_settings(device) if one.wavelength_nm == asked.quantities["wavelength_nm"]]
    light = [one for one in same if dose_steps(device, one)]
    for _ in range(MOVED):
        setting = light[rng.integers(len(light))]
        dose = float(rng.choice(dose_steps(device, setting)))
        other = {"wavelength_nm": setting.wavelength_nm, "pulse_ms": setting.pulse_ms, "spot_mm": setting.spot_mm}
        if device.microbeam:
            other |= {"energy_mJ": dose, "density_per_cm2": float(rng.choice(density_steps(device, setting, dose)))}
        else:
            other |= {"fluence_J_cm2": dose}
        yield Asked(asked.device, asked.treated, other)


def compare(
    differences: dict[tuple[str, str], list[float]], kind: str, one: dict[str, float], other: dict[str, float]
) -> None:
    assert one.keys() == other.keys()
    for name in one:
        differences[kind, name].append(abs(one[name] - other[name]))


@pytest.mark.long
def test_an_answer_is_that_of_the_plan_and_does_not_depend_on_the_way_to_it() -> None:
    differences: dict[tuple[str, str], list[float]] = defaultdict(list)
    rng, unanswered = np.random.default_rng(SEED), 0
    for number in range(PEOPLE):
        checked = consultation(number)
        plan = plan_consultation(checked, lambda _: None, draws=DRAWS, seed=SEED).plan
        person, again = (assess_person(checked, DRAWS, SEED) for _ in range(2))
        others: list[tuple[Asked, dict[str, float]]] = []
        for concern in plan.concerns:
            for option in concern.options:
                if option.setup is None or option.basis == "published" or option.setup.device not in devices():
                    continue
                if option.setup.settings.subpulse_delay_ms is not None or not probabilities(option):
                    continue
                treated = (concern.condition, concern.site, option.modality)
                planned = Asked(option.setup.device, treated, planned_quantities(option.setup.settings))
                compare(differences, "plan", probabilities(option), answer(person, checked.loaded, planned))
                for asked in moved(planned, rng):
                    try:
                        others.append((asked, answer(person, checked.loaded, asked)))
                    except NotAvailable:
                        unanswered += 1
        for asked, first in reversed(others):
            compare(differences, "anew", first, answer(again, checked.loaded, asked))
    print(f"\nanswers about settings of {PEOPLE} people, {DRAWS} draws; {unanswered} without an answer of the model")
    print(f"{'compared with':14s}{'probability':12s}{'settings':>9s}{'median':>8s}{'95 of 100':>11s}{'worst':>8s}")
    for (kind, name), found in differences.items():
        median, nearly_all = np.quantile(found, (0.5, 0.95))
        print(f"{kind:14s}{name:12s}{len(found):9d}{median:8.4f}{nearly_all:11.4f}{max(found):8.4f}")
        assert median <= MEDIAN, (kind, name)
        assert nearly_all <= NEARLY_ALL, (kind, name)
    assert {("plan", "effect"), ("anew", "effect"), ("anew", "bruise")} <= differences.keys()
