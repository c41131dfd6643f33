"""A dose that no source prints for such skin is offered where its light reaches enough of them, and else refused."""

from dataclasses import replace

import numpy as np
import pytest
from consultations import NAMED, PERSON, PLAN_DRAWS, concern, devices, document, loaded
from consultations import laser_options as offered
from plan_reading import read_plan

from skinbeam.evidence.guideline.table import guideline_cell
from skinbeam.evidence.question import EvidenceQuestion
from skinbeam.model.estimate import Estimate, Unknown
from skinbeam.plan import laser_options, without_dose
from skinbeam.plan.guideline_place import GuidelinePlace, are_named_columns
from skinbeam.plan.planner import make_plan
from skinbeam.plan.ranking import LEAST_REACHED, OptionStanding, rank_options
from skinbeam.response.limits import effect_target


@pytest.mark.parametrize("reached", [0.0, 0.5, 2.0])
@pytest.mark.parametrize(("kind", "least"), [("fine-red", LEAST_REACHED), ("over-1-mm", effect_target().least)])
def test_a_computed_dose_is_offered_from_the_least_share_upwards(
    monkeypatch: pytest.MonkeyPatch, kind: str, least: float, reached: float
):
    """`reached` is the share that reaches the target, over the least one: sources name green light first for fine veins
    and third for wide ones.
    """
    plan_without_dose = without_dose.plan_without_dose

    def with_share(*asked):
        trial = plan_without_dose(*asked)
        count = round(reached * least * trial.effective.size)
        return replace(trial, effective=np.arange(trial.effective.size) < count)

    monkeypatch.setattr(without_dose, "plan_without_dose", with_share)
    veins = PERSON + concern("facial-telangiectasia", extra=f'subtypes = ["{kind}"]') + devices("ktp-532")
    (part,) = read_plan(make_plan(loaded(veins), draws=PLAN_DRAWS).document).concerns
    refusals = [message.id for one in part.refused for message in one.reasons]
    assert (part.first_laser is not None) == (reached > 1.0)
    assert any(one.startswith("plan.too-weak") for one in refusals) == (reached < 1.0)


def test_green_light_is_offered_for_a_spider_angioma_of_type_iii() -> None:
    """Sources name it first for such skin; it reaches a fifth of the arterioles of the model, and was refused."""
    spider = PERSON.replace("60.0", "35.0").replace('"II"', '"III"')
    plan = document(spider + concern("spider-angioma", extra=NAMED) + devices("ktp-532"))
    (option,) = offered(plan)
    assert LEAST_REACHED <= option["p_effective"]["median"] < effect_target().least


def test_infrared_light_is_offered_for_age_spots_of_type_v() -> None:
    """Sources name Q-switched 1064 nm first for such skin, and no other light; a fifth of the spots are reached.

    No trial of age spots had it, so that creams, which trials had, stand before it.
    """
    brown = PERSON.replace("ita_deg = 60.0\n", "").replace('"II"', '"V"')
    plan = document(brown + concern("age-spots", extra=NAMED) + devices("qs-ndyag-532-1064"))
    (option,) = offered(plan)
    assert option["settings"]["wavelength_nm"] == 1064.0
    assert option["rank"] > 1
    assert LEAST_REACHED <= option["p_effective"]["median"] < effect_target().least


@pytest.mark.parametrize("phototype", ["II", "III", "IV"])
def test_infrared_light_is_offered_for_a_spider_angioma_of_light_skin_too(phototype: str) -> None:
    """All of 26 people of types II to V were markedly better (ozyurt2012); types I and II were told of no source."""
    person = PERSON.replace("ita_deg = 60.0\n", "").replace('"II"', f'"{phototype}"')
    assert offered(document(person + concern("spider-angioma", extra=NAMED) + devices("ndyag-1064")))


@pytest.mark.parametrize("reached", [0.0, 0.5, 2.0])
@pytest.mark.parametrize(("phototype", "is_printed"), [("III", True), ("V", False)])
def test_a_dose_moved_from_print_is_planned_from_the_least_share_upwards(
    monkeypatch: pytest.MonkeyPatch, phototype: str, is_printed: bool, reached: float
):
    """Trials counted people after ordinary doses: where such skin gets less, their counts outweigh no simulation.

    `reached` is the share that reaches the target, over the least one.
    """
    plan_proposal = laser_options.plan_proposal

    def with_share(*asked, **options):
        trial = plan_proposal(*asked, **options)
        count = round(reached * LEAST_REACHED * trial.effective.size)
        return replace(trial, effective=np.arange(trial.effective.size) < count)

    monkeypatch.setattr(laser_options, "plan_proposal", with_share)
    person = f'[patient]\nage_years = 45\nsex = "female"\nphototype = "{phototype}"\n'
    case = loaded(person + concern("redness", extra="") + devices("pulsed-dye-595"))
    document = make_plan(case, draws=PLAN_DRAWS).document
    (part,) = read_plan(document).concerns
    is_planned = is_printed or reached > 1.0
    assert (part.first_laser is not None) == is_planned
    assert bool(document["course"]) == bool(document["test_spots"]) == is_planned
    assert bool(part.no_laser) != is_planned


HALF = Estimate(median=0.5, low=0.3, high=0.7, level=0.8, kind="pooled", draws=100, basis=("hedelund2012",))


def columns(title: str, reached: float, place: GuidelinePlace | None, site: str = "cheeks") -> OptionStanding:
    question = EvidenceQuestion("wrinkles", "fractional-ablative")
    (asked,) = loaded(PERSON + concern("wrinkles", site, "")).case.concern
    cells = [cell for cell in (guideline_cell("wrinkles", "", "cheeks", "II"),) if cell is not None]
    named = are_named_columns(place, question.modality, asked, cells)
    return OptionStanding(title, question, "usual", HALF, None, place=place, reached=reached, are_named_columns=named)


@pytest.mark.parametrize("place", [None, 1, 2, 3])
@pytest.mark.parametrize("site", ["cheeks", "hands", "neck", "perioral"])
def test_columns_that_reach_few_stand_behind_those_of_the_same_place_that_reach_more(place, site):
    where = None if place is None else GuidelinePlace(place, 0, "fx-co2", 3)
    few = columns("few", 0.5 * LEAST_REACHED, where, site)
    more = columns("more", 2.0 * LEAST_REACHED, where, site)
    for standings in ([few, more], [more, few]):
        ranked = {standings[one.index].title: one.rank for one in rank_options(standings)}
        assert ranked == {"more": 1, "few": 2}


def test_columns_that_reach_few_keep_a_place_on_the_face_alone_and_say_so():
    """Away from the face skin scars sooner, and the guideline speaks of the face."""
    second = columns("second", 2.0 * LEAST_REACHED, GuidelinePlace(2, 0, "fx-1550", 3))
    first = GuidelinePlace(1, 0, "fx-co2", 3)
    for site, leader, reason in (
        ("cheeks", "few", "plan.place-despite-depth"),
        ("hands", "second", "plan.place-out-of-reach"),
    ):
        standings = [columns("few", 0.0, first, site), second]
        ranked = rank_options(standings)
        assert standings[ranked[0].index].title == leader
        (told,) = (one.reason for one in ranked if standings[one.index].title == "few")
        assert told.params["place"].id == reason


@pytest.mark.parametrize("site", ["neck", "hands", "cheeks"])
def test_columns_that_the_guideline_names_for_scars_keep_their_place_at_any_site(site: str) -> None:
    """A scar is thicker than the skin around."""
    place = GuidelinePlace(1, 0, "fx-1550", 5)
    for condition in ("surgical-scars", "wrinkles"):
        (asked,) = loaded(PERSON + concern(condition, site, "")).case.concern
        cells = [cell for cell in (guideline_cell(condition, "", "cheeks", "II"),) if cell is not None]
        is_kept = condition == "surgical-scars" or site == "cheeks"
        assert are_named_columns(place, "non-ablative-fractional", asked, cells) is is_kept
        assert not are_named_columns(None, "non-ablative-fractional", asked, cells)


def test_columns_that_the_guideline_names_for_a_neck_keep_their_place_there() -> None:
    options = document(PERSON + concern("wrinkles", "neck", ""))["concerns"][0]["options"]
    (first,) = {one["modality"] for one in options if one["rank"] == 1}
    assert first == "fractional-ablative"


def test_columns_without_a_place_that_reach_few_stand_behind_every_other_treatment():
    cream = OptionStanding(
        "cream", EvidenceQuestion("wrinkles", "topical-retinoid"), "usual", Unknown("nobody counted it"), None
    )
    standings = [columns("few", 0.5 * LEAST_REACHED, None), cream]
    assert [standings[one.index].title for one in rank_options(standings)] == ["cream", "few"]


@pytest.mark.parametrize(("reached", "before_creams"), [(0.5, False), (2.0, True)])
def test_a_plan_ranks_columns_by_what_they_reach(monkeypatch: pytest.MonkeyPatch, reached: float, before_creams: bool):
    """The guideline names neither for a décolletage of phototype IV, where columns that leave the skin closed lead."""
    plan_proposal = laser_options.plan_proposal

    def with_share(case, goal, *asked, **options):
        trial = plan_proposal(case, goal, *asked, **options)
        share = reached * LEAST_REACHED if goal.modality == "fractional-ablative" else 0.5
        count = round(share * trial.effective.size)
        return replace(trial, effective=np.arange(trial.effective.size) < count)

    monkeypatch.setattr(laser_options, "plan_proposal", with_share)
    person = '[patient]\nage_years = 62\nsex = "male"\nphototype = "IV"\n'
    case = loaded(person + concern("wrinkles", "decolletage", "") + devices("fractional-co2-10600", "fractional-1550"))
    (part,) = read_plan(make_plan(case, draws=PLAN_DRAWS).document).concerns
    assert part.first_laser is not None
    assert part.first_laser[1].device == "fractional-1550"
    ranks = {option.modality: option.rank for option in part.options}
    assert (ranks["fractional-ablative"] < ranks["topical-retinoid"]) is before_creams


@pytest.mark.parametrize(
    ("condition", "site", "is_offered"),
    [
        ("surgical-scars", "arms", True),
        ("hypertrophic-scars", "arms", True),
        ("laxity", "neck", True),
        ("laxity", "hands", False),  # the row is of the face
    ],
)
def test_columns_that_the_guideline_names_for_a_scar_or_a_site_are_offered_off_the_face_too(
    condition: str, site: str, is_offered: bool
) -> None:
    """A white scar of the arm got silicone, since limits kept the columns short of a depth that is a judgement."""
    kind = 'subtypes = ["white"]\n' if condition != "laxity" else 'severity = "mild"\n'
    case = loaded(PERSON + concern(condition, site, NAMED + kind) + devices("fractional-co2-10600"))
    (part,) = read_plan(make_plan(case, draws=PLAN_DRAWS).document).concerns
    assert (part.first_laser is not None) is is_offered
    if part.first_laser is not None:
        laser, _ = part.first_laser
        assert isinstance(laser.p_effective, Estimate)
        assert laser.p_effective.median < effect_target().least
        assert {limit.status for limit in laser.limits} <= {"met", "warn"}


@pytest.mark.parametrize(
    ("condition", "kind", "is_named"),
    [("acne-scars", "boxcar", True), ("acne-scars", "rolling", True), ("laxity", "", False)],
)
def test_light_that_sources_name_and_the_model_cannot_judge_is_no_light_that_does_not_help(
    condition: str, kind: str, is_named: bool
) -> None:
    """Of fractional Er:YAG, which sources name first for scars of light skin, only what the model lacks was told."""
    kinds = f'subtypes = ["{kind}"]' if kind else ""
    plan = document(PERSON + concern(condition, extra=kinds) + devices("fractional-er-yag-2940"))
    (refused,) = (one for one in plan["concerns"][0]["refused"] if one.get("device"))
    (reason,) = refused["reasons"]
    assert reason["id"] == ("plan.not-judged-named" if is_named else "plan.not-judged")
    assert ("Sources name this light" in reason["text"]) == is_named
    assert any("no sourced depth" in unknown["text"] for unknown in plan["unknowns"])
