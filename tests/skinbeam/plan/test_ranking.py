"""The order of options: what guidelines begin with, what was tried on this condition, and what helped more people."""

from dataclasses import replace

import pytest

from skinbeam.evidence.comparison.compare import helps_significantly_more, joint_shares, treatment_studies
from skinbeam.evidence.expectation.expect import abstention, expect
from skinbeam.evidence.question import EvidenceQuestion
from skinbeam.model.estimate import Estimate, Unknown
from skinbeam.model.vocabulary import usable_modalities, vocabulary_table
from skinbeam.plan.guideline_place import GuidelinePlace
from skinbeam.plan.ranking import OptionRank, OptionStanding, rank_options
from skinbeam.response.goals import laser_use, list_alternatives
from skinbeam.text import Message


def standing(condition: str, modality: str, **asked: float) -> OptionStanding:
    question = EvidenceQuestion(condition, modality, **asked)  # type: ignore[arg-type]
    others = {one.modality: one.use for one in list_alternatives(condition)}
    laser = modality in usable_modalities(condition)
    use = laser_use(condition, modality) if laser else others.get(modality, "possible")
    return OptionStanding(modality, question, use, expect(question).p_at_least["50"], None)


def order(*standings: OptionStanding) -> list[tuple[int, str]]:
    return [(at.rank, standings[at.index].title) for at in rank_options(standings)]


def every(condition: str) -> list[OptionStanding]:
    names = [*usable_modalities(condition), *(one.modality for one in list_alternatives(condition)), "no-treatment"]
    return [standing(condition, name) for name in names]


@pytest.mark.parametrize(
    ("condition", "first"),
    [
        ("melasma", {"sun-protection", "topical-depigmenting"}),
        ("post-inflammatory-hyperpigmentation", {"sun-protection", "topical-depigmenting"}),
        ("keloid", {"intralesional-steroid", "silicone"}),
        ("hypertrophic-scars", {"intralesional-steroid", "silicone"}),
        ("active-acne", {"acne-medication", "topical-retinoid"}),
        ("dynamic-wrinkles", {"botulinum-toxin"}),
    ],
)
def test_what_guidelines_begin_with_stands_before_every_laser(condition: str, first: set[str]) -> None:
    names = [name for _, name in order(*every(condition))]
    assert set(names[: len(first)]) == first


@pytest.mark.parametrize("condition", ["facial-telangiectasia", "spider-angioma", "age-spots", "acne-scars"])
def test_a_laser_leads_where_it_is_what_clinics_use(condition: str) -> None:
    leaders = {name for rank, name in order(*every(condition)) if rank == 1}
    assert leaders & {name for name in usable_modalities(condition) if laser_use(condition, name) == "usual"}


@pytest.mark.parametrize("condition", ["skin-texture", "wrinkles"])
def test_columns_that_wound_stand_behind_closed_ones_where_skin_scars_sooner_and_no_source_names_them(
    condition: str,
) -> None:
    """Fractional CO2 led for the texture of a chest, ahead of 1550 nm, since trials of faces had counted it."""
    closed = replace(standing(condition, "non-ablative-fractional"), use="possible")
    wound = standing(condition, "fractional-ablative")
    assert order(closed, wound)[0][1] == "fractional-ablative"
    warned = replace(wound, scars_sooner=True)
    found = rank_options([warned, closed])
    assert [(at.index, at.rank) for at in found] == [(1, 1), (0, 2)]
    assert found[1].reason.params["place"].id == "plan.place-behind-closed"
    named = replace(warned, place=GuidelinePlace(2, 0, "fx-co2", 3))
    helped = replace(warned, helped_in=1)
    unreached = replace(closed, reached=0.0)
    for first, other in ((named, closed), (helped, closed), (warned, unreached)):
        assert rank_options([other, first])[0].index == 1


def test_columns_that_renew_the_field_for_another_concern_stand_just_before_closed_ones() -> None:
    closed = replace(standing("skin-texture", "non-ablative-fractional"), place=GuidelinePlace(2, 0, "fx-1550", 3))
    cream = replace(standing("skin-texture", "topical-retinoid"), place=GuidelinePlace(1, 0, "topical-retinoid", 3))
    wound = standing("skin-texture", "fractional-ablative")
    for place in (None, GuidelinePlace(3, 0, "fx-co2", 3)):
        for is_warned in (False, True):
            open_columns = replace(wound, place=place, scars_sooner=is_warned)
            assert rank_options([closed, open_columns])[0].index == 0
            found = rank_options([closed, replace(open_columns, shares_field=True)])
            assert [(at.index, at.rank) for at in found] == [(1, 1), (0, 2)]
            told = found[0].reason.params["place"]
            assert told.id == ("plan.place-shares-field" if place is None else "plan.place-and-field")
    found = rank_options([closed, replace(wound, shares_field=True), cream])  # what comes before both stays there
    assert [at.index for at in found] == [2, 1, 0]


@pytest.mark.parametrize("condition", vocabulary_table("condition"))
def test_doing_nothing_is_always_a_choice_and_comes_last(condition: str) -> None:
    found = every(condition)
    assert order(*found)[-1][1] == "no-treatment"
    assert len(order(*found)) == len(found)


def test_tied_options_share_a_rank_and_the_next_counts_them_all() -> None:
    found = every("acne-scars")
    ranks = [rank for rank, _ in order(*found)]
    assert ranks == sorted(ranks)
    for place, rank in enumerate(ranks, 1):
        assert rank == 1 + sum(other < rank for other in ranks)
        assert rank <= place
    assert len(set(ranks)) < len(ranks)


def test_of_tied_options_the_one_with_fewer_lasting_marks_is_written_first() -> None:
    one, other = (standing("uneven-pigmentation", name) for name in ("non-ablative-fractional", "pigment-long-pulse"))
    for fewer, more in ((one, other), (other, one)):
        found = order(replace(more, lasting_marks=0.09), replace(fewer, lasting_marks=0.05))
        assert found == [(1, fewer.title), (1, more.title)]
        assert (
            order(replace(more, lasting_marks=None), replace(fewer, lasting_marks=0.3))[0][1] == fewer.title
        )  # no count, no comfort


def test_what_helps_no_more_and_marks_clearly_more_people_stands_behind() -> None:
    one, other = (standing("uneven-pigmentation", name) for name in ("non-ablative-fractional", "pigment-long-pulse"))
    for fewer, more in ((one, other), (other, one)):
        marked = [replace(more, lasting_marks=0.3), replace(fewer, lasting_marks=0.05)]
        assert order(*marked) == [(1, fewer.title), (2, more.title)]
        (last,) = (at for at in rank_options(marked) if at.rank == 2)
        assert last.reason.params["place"].params["fewer"] == fewer.title
        uncounted = [replace(more, lasting_marks=0.3), replace(fewer, lasting_marks=None)]
        assert {rank for rank, _ in order(*uncounted)} == {1}  # nobody counted: neither comfort nor reproach


def test_of_tied_options_with_as_few_marks_the_one_with_the_most_trials_is_written_first() -> None:
    """Of facial veins 1064 nm has two trials: a share that is greater by one of 100 does not put it before others."""
    lights = [standing("facial-telangiectasia", "vascular", wavelength_nm=nm) for nm in (1064.0, 595.0, 532.0)]
    few, *_ = tried = [replace(one, title=str(one.question.wavelength_nm), lasting_marks=0.02) for one in lights]
    assert isinstance(few.half_improved, Estimate)
    found = order(replace(few, half_improved=replace(few.half_improved, median=0.9)), *tried[1:])
    assert {rank for rank, _ in found} == {1}
    trials = {one.title: one.own_studies for one in tried}
    assert [trials[title] for _, title in found] == sorted(trials.values(), reverse=True)
    assert found[-1][1] == few.title


def test_more_people_helped_leads_where_trials_can_tell() -> None:
    peel, cream = standing("age-spots", "pigment-short-pulse"), standing("age-spots", "topical-depigmenting")
    a, b = joint_shares([peel.question, cream.question])
    assert a is not None
    assert b is not None
    assert helps_significantly_more(a, b)
    assert not helps_significantly_more(b, a)
    alike = [replace(one, use="usual", lasting_marks=marks) for one, marks in ((cream, 0.0), (peel, 0.5))]
    assert order(*alike)[0] == (1, "pigment-short-pulse")


def test_light_that_nobody_tried_on_the_condition_is_borrowed_and_cannot_lead() -> None:
    tried = standing("facial-telangiectasia", "vascular", wavelength_nm=595.0)
    untried = standing("facial-telangiectasia", "vascular", wavelength_nm=755.0)
    assert treatment_studies(tried.question)
    assert not treatment_studies(untried.question)
    for pair in ((tried, untried), (untried, tried)):
        assert order(*pair)[0] == (1, tried.title)
        (last,) = [at for at in rank_options(pair) if at.rank == 2]
        assert last.reason.params["place"].id == "plan.place-borrowed"


def test_a_dose_unlike_that_of_trials_cannot_lead() -> None:
    alike = standing("facial-telangiectasia", "vascular", wavelength_nm=595.0)
    unlike = replace(alike, title="unlike", difference=Message("plan.unranked"))
    assert order(unlike, alike) == [(1, "vascular"), (2, "unlike")]


def test_what_nobody_counted_stands_behind_and_is_called_so() -> None:
    counted, unknown = standing("wrinkles", "fractional-ablative"), standing("wrinkles", "topical-retinoid")
    assert abstention(unknown.question) is not None
    assert isinstance(unknown.half_improved, Unknown)
    last: OptionRank = rank_options([unknown, counted])[-1]
    assert last.index == 0
    assert last.reason.params["found"].id == "plan.rank-uncounted"


def test_the_same_clinics_tell_treatments_apart_better_than_two_shares_do() -> None:
    """What a clinic's raters and patients are like falls out of a difference within it."""
    peel, needling = EvidenceQuestion("acne-scars", "chemical-peel"), EvidenceQuestion("acne-scars", "microneedling")
    a, b = joint_shares([peel, needling])
    (apart,) = joint_shares([needling], seed=1)
    assert a is not None
    assert b is not None
    assert apart is not None
    assert (a - b).std() < (a - apart).std()


def test_light_that_reaches_nothing_in_the_model_leads_no_treatment_that_was_counted() -> None:
    """At a dose of clinics people outweigh the model, so it stands before treatments whose effect nobody counted.

    A lamp on facial veins stood behind make-up, though ten trials counted its effect.
    """
    lamp = replace(standing("facial-telangiectasia", "vascular", wavelength_nm=1064.0), title="lamp", reached=0.0)
    assert isinstance(lamp.half_improved, Estimate)
    nothing = standing("facial-telangiectasia", "camouflage")
    assert isinstance(nothing.half_improved, Unknown)
    usual = replace(lamp, at_usual_dose=True)
    assert order(usual, nothing) == [(1, "lamp"), (2, "camouflage")]
    assert order(lamp, nothing) == [(1, "camouflage"), (2, "lamp")]  # a dose that was moved down
    counted = standing("facial-telangiectasia", "vascular", wavelength_nm=595.0)
    for one in (lamp, usual):
        assert order(one, counted)[0][1] == "vascular"


def test_a_lamp_that_the_model_does_not_know_is_tied_with_lasers_of_its_place() -> None:
    """Only of columns does the reach order what has the same place: where trials counted a lamp, the model errs."""
    place = GuidelinePlace(1, 0, "", 3)
    laser = replace(standing("facial-telangiectasia", "vascular", wavelength_nm=595.0), title="dye", place=place)
    lamp = replace(laser, title="lamp", reached=0.0, at_usual_dose=True)
    assert [rank for rank, _ in order(laser, lamp)] == [1, 1]
    columns = replace(lamp, title="columns", are_named_columns=True)
    assert order(columns, laser) == [(1, "dye"), (2, "columns")]


def test_what_the_guideline_names_in_a_combination_alone_ranks_between_two_places_and_says_so() -> None:
    plain = standing("spider-angioma", "vascular")
    part = GuidelinePlace(1, 0, "ndyag-1064", 4, partners=("pdl-585",))
    places = {"second": GuidelinePlace(2, 0, "ipl", 4), "part": part, "first": GuidelinePlace(1, 1, "pdl", 4)}
    ranked = rank_options([replace(plain, title=title, place=place) for title, place in places.items()])
    assert [(at.rank, list(places)[at.index]) for at in ranked] == [(1, "first"), (2, "part"), (3, "second")]
    told = ["together with: pulsed dye laser, 585 nm" in at.reason.text for at in ranked]
    assert told == [False, True, False]


@pytest.mark.parametrize("condition", ["facial-telangiectasia", "redness", "age-spots", "spider-angioma"])
def test_the_place_in_the_guideline_leads_where_trials_and_the_model_disagree(condition: str) -> None:
    """A light with trials of its own at the dose of clinics keeps its place, and the plan says that the model errs."""
    modality = next(name for name in usable_modalities(condition) if laser_use(condition, name) == "usual")
    plain = standing(condition, modality)
    assert plain.own_studies
    second, third = GuidelinePlace(2, 0, "ipl", 9), GuidelinePlace(3, 0, "ndyag-1064-long", 9)
    missed = replace(plain, title="second", place=second, reached=0.0, at_usual_dose=True)
    reaches = replace(plain, title="third", place=third, reached=1.0, at_usual_dose=True)
    found = rank_options([reaches, missed])
    assert [(reaches, missed)[at.index].title for at in found] == ["second", "third"]
    assert "the model does not know this light" in found[0].reason.text
    assert "the model does not know" not in found[1].reason.text
    for weaker in (replace(missed, at_usual_dose=False), replace(missed, is_kind_tried=False)):
        assert order(reaches, weaker)[-1][1] == "second"  # nobody saw people improve after it


def test_trials_of_one_kind_outweigh_no_model_about_another_kind() -> None:
    lamp = replace(standing("facial-telangiectasia", "vascular"), title="lamp", reached=0.0, at_usual_dose=True)
    other = replace(lamp, is_kind_tried=False, place=GuidelinePlace(1, 0, "pdl", 6))
    assert order(other, standing("facial-telangiectasia", "camouflage"))[0][1] == "camouflage"


def test_of_two_treatments_that_nobody_counted_the_one_done_at_home_ranks_first() -> None:
    away, home = standing("redness", "botulinum-toxin"), standing("redness", "camouflage")
    for pair in ((away, home), (home, away)):
        alike = [replace(one, half_improved=Unknown("nobody counted"), use="possible") for one in pair]
        assert order(*alike) == [(1, "camouflage"), (2, "botulinum-toxin")]


def test_a_last_resort_stands_behind_all_but_no_treatment() -> None:
    found = [replace(one, is_last_resort=one.title == "chemical-peel") for one in every("freckles")]
    assert [name for _, name in order(*found)][-2:] == ["chemical-peel", "no-treatment"]


@pytest.mark.parametrize("condition", vocabulary_table("condition"))
def test_of_treatments_that_nobody_counted_those_at_home_stand_before_wounds_and_lasers(condition: str) -> None:
    """On dark hands nobody counted columns of CO2 for texture, however usual they are: a cream costs no dark mark.

    Columns of 1550 nm led on the uneven pigment of phototype VI, before sunscreen and creams.
    """
    found = [replace(one, half_improved=Unknown("nobody counted")) for one in every(condition)]
    ranks = {found[at.index].title: at.rank for at in rank_options(found)}
    uncounted = [one for one in found if one.is_uncounted]
    for one in uncounted:
        needs_reason = one.is_wounding or one.is_laser
        compared = [other for other in uncounted if other.is_at_home and (needs_reason or other.use == one.use)]
        assert one.is_at_home or all(ranks[other.title] < ranks[one.title] for other in compared), one.title


def test_only_what_wounds_says_that_it_stands_behind_what_is_done_at_home() -> None:
    """Where toxin is usual it comes before a cream that nobody counted either, so that it must not say the contrary."""
    uncounted = [
        replace(standing("perioral-lines", name), half_improved=Unknown("nobody counted"), use=use)
        for name, use in (("botulinum-toxin", "usual"), ("topical-retinoid", "possible"), ("ablative", "usual"))
    ]
    found = rank_options(uncounted)
    assert [uncounted[one.index].title for one in found] == ["botulinum-toxin", "topical-retinoid", "ablative"]
    told = [one.reason.params["place"].id for one in found]
    assert told == ["plan.place-uncounted", "plan.place-uncounted", "plan.place-uncounted-wound"]
