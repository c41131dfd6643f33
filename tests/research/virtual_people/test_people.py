"""Virtual people: that they are who they should be, and that what befalls them is counted right."""

from dataclasses import replace

import numpy as np
import pytest

from research.virtual_people import outcomes, true_doses
from research.virtual_people.offers import Regime, TreatmentOffer, regimes, textbook_offer
from research.virtual_people.outcomes import VirtualOutcomes, equal_burn_dose, simulate_outcomes
from research.virtual_people.people import CLASSES, design, draw_people
from research.virtual_people.summary import ALL, summary
from research.virtual_people.tables import TABLES, result_table, shipped_results
from skinbeam.model.vocabulary import PHOTOTYPES
from skinbeam.published_doses.rows import practice_rows
from skinbeam.response.envelope import PracticeLight, find_envelope
from skinbeam.response.goals import condition_vessels

COUNT = 60 * len(CLASSES)


def test_darker_classes_hold_more_melanin_and_say_darker_phototypes() -> None:
    people = draw_people(COUNT)
    of_class = [people.colour_class == place for place in range(len(CLASSES))]
    columns = [float(np.median(people.column_m[one])) for one in of_class]
    mean_phototypes = [float(people.phototype[one].mean()) for one in of_class]
    assert columns == sorted(columns)
    assert max(mean_phototypes[:2]) < 1.5 < min(mean_phototypes[3:])
    assert mean_phototypes[-1] > 3.5


def test_a_clinic_learns_a_colour_near_that_of_the_skin_or_a_phototype() -> None:
    people = draw_people(COUNT)
    read = np.array([isinstance(reported, float) for reported in people.reported_colour])
    assert 0.4 < read.mean() < 0.6
    assert {reported for reported in people.reported_colour if isinstance(reported, str)} <= set(PHOTOTYPES)
    off = np.array(
        [
            reported - ita
            for reported, ita in zip(people.reported_colour, people.ita_deg, strict=True)
            if isinstance(reported, float)
        ]
    )
    expected = np.hypot(design()["reading_deg"], design()["rounded_deg"] / np.sqrt(12))
    assert abs(off.mean()) < 3 * expected / np.sqrt(off.size)
    assert off.std() == pytest.approx(expected, rel=0.3)


def test_their_skin_holds_the_melanin_of_its_colour_wherever_it_lies_and_spots_hold_more() -> None:
    people = draw_people(COUNT)
    around, spot = people.skins(None), people.skins(None, "lentigo")
    held = [(one["thickness_m"][:, 1:3] * one["melanosome_fraction"][:, 1:3]).sum(axis=1) for one in (around, spot)]
    assert held[0] == pytest.approx(people.column_m, rel=1e-6)
    assert (held[1] >= held[0]).all()
    above = around["melanosome_fraction"][:, 1]
    assert (above[people.even_melanin] > 0.0).all()
    assert (above[~people.even_melanin] == 0.0).all()


def test_their_random_numbers_are_not_those_of_a_plan() -> None:
    people = draw_people(COUNT)
    own = people.skins(condition_vessels("facial-telangiectasia"))["kinetics_shift"]
    from skinbeam.skin.distribution import SkinDistribution

    assert abs(np.corrcoef(own, SkinDistribution().sample(COUNT, 0)["kinetics_shift"])[0, 1]) < 0.25


def test_the_textbook_is_a_setting_that_the_device_emits_and_no_source_that_is_kept_aside() -> None:
    aside = {row.source for row in practice_rows() if row.role == "validation"}
    for regime in regimes():
        for phototype in range(1, 7):
            setting = textbook_offer(regime, phototype).setting
            assert regime.machine.doses(setting)
            light = PracticeLight(regime.modality, setting.wavelength_nm, setting.pulse_ms, lamp=regime.device == "ipl")
            envelope = find_envelope(regime.condition, light, phototype)
            assert envelope is not None
            assert not aside & {row.source for tier in envelope.tiers for row in tier.rows}


def test_a_dose_that_burns_as_many_is_found_to_a_step_of_no_dial() -> None:
    dose = equal_burn_dose(lambda one: float(np.clip(one / 40.0, 0.0, 1.0)), 0.1)
    assert dose == pytest.approx(4.0, rel=1e-3)


@pytest.fixture(scope="module")
def by_dose() -> dict[float, VirtualOutcomes]:
    """What befalls a few people at one dose and at twice of it, given to everybody."""
    found = {}
    with pytest.MonkeyPatch.context() as patch:
        for module in (outcomes, true_doses):  # each holds the function under its own name
            patch.setattr(module, "practice_biases", lambda: (0.5,) * len(design()["epidermis"]))
        for factor in (1.0, 2.0):

            def offered(regime: Regime, reported_colour: float | str, factor: float = factor) -> TreatmentOffer:
                dose = 12.0 * factor if regime.device != "ndyag-1064" else 120.0 * factor
                probabilities = {"p_burn": 0.1, "p_effective": 0.5, "p_burn_if_clean": 0.05}
                return replace(textbook_offer(regime, 2), dose_J_cm2=dose, spots=(0.5 * dose, dose), **probabilities)

            patch.setattr(outcomes, "planned_offer", offered)
            found[factor] = simulate_outcomes(COUNT // 3)
    return found


@pytest.mark.check
def test_more_light_burns_and_reaches_all_whom_less_did(by_dose: dict[float, VirtualOutcomes]) -> None:
    less, more = by_dose[1.0], by_dose[2.0]
    assert (more.burnt >= less.burnt).all()
    assert (more.reached >= less.reached).all()
    assert more.burnt.sum() > less.burnt.sum()
    assert more.clean.sum() <= less.clean.sum()


@pytest.mark.check
def test_one_dose_for_all_burns_dark_skin_most(by_dose: dict[float, VirtualOutcomes]) -> None:
    found = by_dose[1.0]
    light, dark = (found.burnt[np.isin(found.people.colour_class, classes)].mean() for classes in ((0, 1), (4, 5)))
    assert dark > light


@pytest.mark.check
def test_the_textbook_burns_as_many_as_the_plans(by_dose: dict[float, VirtualOutcomes]) -> None:
    found = by_dose[2.0]
    plans, book = found.burnt.sum(), found.book_burnt.sum()
    assert abs(int(plans) - int(book)) <= 3 * np.sqrt(plans + book)


@pytest.mark.check
def test_clean_spots_leave_fewer_burns_and_less_so_where_the_field_is_another(
    by_dose: dict[float, VirtualOutcomes],
) -> None:
    found = by_dose[1.0]
    before, after = found.burnt.mean(), found.burnt[found.clean].mean()
    assert after < found.p_burnt_after_clean[found.clean].mean() < before


@pytest.mark.check
def test_counts_add_up_and_every_group_is_reported(by_dose: dict[float, VirtualOutcomes]) -> None:
    groups = summary(by_dose[1.0])
    *classes, everybody = groups["measured"]
    assert everybody["group"] == ALL
    assert sum(row["people"] for row in classes) == everybody["people"]
    burnt = [row["burnt"] * row["offered"] for row in (*classes, everybody) if row["offered"]]
    assert sum(burnt[:-1]) == pytest.approx(burnt[-1], abs=0.1)
    for row in (row for row in classes if row["offered"]):
        assert row["burnt_low"] <= row["burnt"] <= row["burnt_high"]
    for name in TABLES:
        head, *lines = result_table(name, groups)
        assert lines
        assert {len(line) for line in lines} == {len(head)}


def test_the_counts_that_ship_are_of_the_people_of_the_design() -> None:
    groups = shipped_results()
    for known in ("measured", "told"):
        assert [row["group"] for row in groups[known]] == [*CLASSES, ALL]
    assert sum(groups[known][-1]["people"] for known in ("measured", "told")) == design()["people"]
