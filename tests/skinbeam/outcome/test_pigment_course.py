"""Course of pigment after a short pulse: from the renewal of cells, of the species whose renewal is sourced."""

from typing import Any

import numpy as np
import pytest
from pulse_samples import loaded, median

from skinbeam.api.simulate import simulate_case
from skinbeam.model.errors import NotAvailable
from skinbeam.model.sources import bibliography
from skinbeam.outcome.healing import pigment_course, renewal_sources
from skinbeam.skin.distribution import SkinDistribution

RUBY: dict[str, Any] = {
    "skin": {"preset": "guinea-pig"},
    "laser": {"wavelength_nm": 694.0},
    "settings": {"spot_mm": 2.5, "fluence_J_cm2": 0.8, "pulse_ms": 40e-6},
}


def test_the_middle_skin_loses_its_pigment_in_a_transit_and_gets_it_back_after_doublings_and_another() -> None:
    course = pigment_course(SkinDistribution(preset="guinea-pig").median())
    assert course.loss_days == pytest.approx([8.0])
    # A tenth doubles 3.32 times in 5 days each; then 8 + 5.5 days to the surface.
    assert course.recovery_days == pytest.approx([5.0 * np.log2(10) + 13.5])


def test_pigment_comes_back_after_it_went_in_every_skin_and_later_in_people() -> None:
    pig, person = (pigment_course(SkinDistribution(preset=preset).sample(400, 1)) for preset in ("guinea-pig", "human"))
    for course in (pig, person):
        assert np.all(course.loss_days > 0)
        assert np.all(course.recovery_days > course.loss_days)
    # Human epidermis renews itself in twice the time: the medians are apart by more than their sampling error.
    assert np.median(person.loss_days) > 1.5 * np.median(pig.loss_days)
    assert np.median(person.recovery_days) > 1.5 * np.median(pig.recovery_days)


def test_more_melanocytes_left_bring_pigment_back_earlier_and_change_no_loss() -> None:
    skins = SkinDistribution(preset="guinea-pig").median()
    few, many = (
        pigment_course(skins.with_arrays(melanocytes_left_shift=skins["melanocytes_left_shift"] + shift))
        for shift in (-1.0, 1.0)
    )
    # From 0.03 to 0.33 of them: log2(11) fewer doublings of 5 days.
    assert few.recovery_days - many.recovery_days == pytest.approx([5.0 * np.log2(11)])
    assert many.loss_days == few.loss_days
    # However many are left, pigment is not back before new cells have come up.
    all_left = pigment_course(skins.with_arrays(melanocytes_left_shift=skins["melanocytes_left_shift"] + 9.0))
    assert all_left.recovery_days == pytest.approx([13.5])


def test_a_pulse_that_breaks_melanosomes_has_the_course_and_one_that_does_not_has_none() -> None:
    healing = simulate_case(loaded(RUBY), draws=40).to_dict()["healing"]
    assert 0 < median(healing["pigment_loss_days"]) < median(healing["pigment_recovery_days"])
    assert tuple(healing["pigment_loss_days"]["basis"]) == renewal_sources("guinea-pig")
    assert set(renewal_sources("guinea-pig")) | set(renewal_sources("human")) <= set(bibliography())
    # Times of people are not told of an animal.
    assert "guinea-pig" in healing["downtime_days"]["unknown"]
    weak = simulate_case(loaded(RUBY, settings__fluence_J_cm2=0.05), draws=40).to_dict()["healing"]
    assert median(weak["pigment_loss_days"]) == median(weak["pigment_recovery_days"]) == 0


def test_a_skin_whose_renewal_nobody_measured_has_no_course() -> None:
    with pytest.raises(NotAvailable, match="minipig"):
        pigment_course(SkinDistribution(preset="minipig").median())
    healing = simulate_case(loaded(RUBY, skin__preset="minipig", settings__fluence_J_cm2=8.0), draws=8).to_dict()[
        "healing"
    ]
    assert "minipig" in healing["pigment_loss_days"]["unknown"]
    assert "renew" in healing["pigment_loss_days"]["unknown"]
