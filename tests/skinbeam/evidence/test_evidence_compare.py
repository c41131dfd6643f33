"""What `compare` promises: who is compared with whom, what a trial found, the network's answer, and honest silence."""

import json
import math
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest

from skinbeam.evidence.comparison import compare as comparing
from skinbeam.evidence.comparison.compare import compare, compare_connected
from skinbeam.evidence.comparison.comparison import DirectComparison
from skinbeam.evidence.comparison.direct import direct_difference
from skinbeam.evidence.comparison.network import ComparisonLink, StudySides, TrialNetwork, study_sides
from skinbeam.evidence.studies.outcomes import counts_after, outcome_counts
from skinbeam.evidence.studies.trial_arm import Arm
from skinbeam.evidence.synthesis.counts import EFFECTS, CountQuestion, draw_share, draw_shares, effect_columns
from skinbeam.evidence.synthesis.design import UNTREATED, Features, design_layout, fitted_arms
from skinbeam.evidence.synthesis.new_clinic import draw_new_clinics
from skinbeam.evidence.synthesis.posterior import Posterior, posterior
from skinbeam.model.document import canonical_json
from skinbeam.model.errors import InputError, NotAvailable
from skinbeam.model.estimate import Estimate
from skinbeam.model.sources import collect_sources
from skinbeam.model.vocabulary import vocabulary_table

CONDITION = "acne-scars"
PEEL, NEEDLES, LASER, FILLER = "chemical-peel", "microneedling", "fractional-ablative", "filler"
BLANK = replace(
    fitted_arms()[0],
    condition=CONDITION,
    subtypes=(),
    design=("randomised",),
    combined_with="",
    unit="patients",
    units=None,
    bins=(),
    mean_pct=None,
    mean_sd_pct=None,
)


def arm(study: str, modality: str, **other: Any) -> Arm:
    given = {"patients": 20, "bins": ((50.0, 10), (None, 10)), "cohort": f"{study}-{modality}"} | other
    return replace(BLANK, study=study, modality=modality, row=f"{study}/{modality}", **given)


def trial(study: str, *modalities: str, **other: Any) -> list[Arm]:
    return [arm(study, modality, **other) for modality in modalities]


def found_in(a: Arm, b: Arm) -> DirectComparison:
    direct = direct_difference(StudySides(a.study, (a,), (b,)))
    assert direct is not None
    return direct


def pairs_of_trials() -> list[tuple[str, str, str]]:
    """Two treatments of a condition that some study did both of."""
    found: dict[tuple[str, str, str], None] = {}
    for one in fitted_arms():
        for other in fitted_arms():
            if (one.study, one.condition) == (other.study, other.condition) and one.modality < other.modality:
                found[one.condition, one.modality, other.modality] = None
    return list(found)


# Who was compared with whom.


def test_a_chain_goes_by_trials_that_compared_and_is_the_shortest() -> None:
    arms = [
        *trial("one", PEEL, NEEDLES),
        *trial("two", NEEDLES, LASER),
        *trial("three", LASER, FILLER),
        *trial("four", FILLER),
    ]
    network = TrialNetwork.from_arms(arms)
    assert network.chain(PEEL, NEEDLES) == (ComparisonLink((PEEL, NEEDLES), ("one",)),)
    assert [link.between for link in network.chain(FILLER, PEEL)] == [
        (FILLER, LASER),
        (LASER, NEEDLES),
        (NEEDLES, PEEL),
    ]
    shorter = TrialNetwork.from_arms([*arms, *trial("five", PEEL, FILLER)])
    assert shorter.chain(FILLER, PEEL) == (ComparisonLink((FILLER, PEEL), ("five",)),)


def test_nothing_connects_what_was_only_ever_tried_alone() -> None:
    network = TrialNetwork.from_arms([*trial("one", PEEL), *trial("two", NEEDLES), *trial("three", NEEDLES, LASER)])
    assert network.chain(PEEL, NEEDLES) == network.chain(PEEL, LASER) == ()
    assert network.neighbours(PEEL) == ()
    assert network.neighbours(NEEDLES) == (LASER,)


def test_no_treatment_connects_like_any_other() -> None:
    network = TrialNetwork.from_arms([*trial("one", PEEL, UNTREATED), *trial("two", LASER, UNTREATED)])
    assert [link.between for link in network.chain(LASER, PEEL)] == [(LASER, UNTREATED), (UNTREATED, PEEL)]


def test_several_studies_of_one_comparison_are_all_named() -> None:
    network = TrialNetwork.from_arms([*trial("one", PEEL, LASER), *trial("two", LASER, PEEL)])
    assert network.chain(PEEL, LASER)[0].studies == ("one", "two")


def test_what_only_one_side_was_given_besides_makes_no_comparison() -> None:
    on_one = [arm("one", PEEL, combined_with="a cream"), arm("one", LASER)]
    on_both = trial("two", PEEL, LASER, combined_with="a cream")
    (unfair,) = study_sides(on_one, PEEL, LASER)
    assert not unfair.is_comparable
    assert TrialNetwork.from_arms(on_one).chain(PEEL, LASER) == ()
    (fair,) = study_sides(on_both, PEEL, LASER)
    assert fair.is_comparable
    assert TrialNetwork.from_arms(on_both).chain(PEEL, LASER)


def test_arms_with_and_without_an_addition_are_compared_with_their_like() -> None:
    arms = [arm("one", PEEL), arm("one", PEEL, combined_with="a cream", cohort="c"), arm("one", LASER)]
    (both,) = study_sides(arms, PEEL, LASER)
    assert both.a == (arms[0],)


def test_the_same_people_seen_twice_count_once() -> None:
    early, late = (arm("one", PEEL, cohort="same", followup_months=months) for months in (1.0, 12.0))
    (both,) = study_sides([early, late, arm("one", LASER)], PEEL, LASER)
    assert both.a == (early,)
    assert found_in(*(side[0] for side in (both.a, both.b))).patients == 40


def test_a_study_of_one_treatment_has_no_sides() -> None:
    assert study_sides([*trial("one", PEEL), *trial("two", LASER)], PEEL, LASER) == ()


# What a trial found.


def test_counts_are_given_as_printed_with_newcombes_interval() -> None:
    direct = found_in(
        arm("one", PEEL, patients=70, bins=((50.0, 56), (None, 14))),
        arm("one", LASER, patients=80, bins=((50.0, 48), (None, 32))),
    )
    assert (direct.printed, direct.cut_pct, direct.patients, direct.difference.kind) == (
        "counts",
        50.0,
        150,
        "measured",
    )
    assert direct.difference.median == pytest.approx(0.2)
    # Newcombe 1998, table II, example a (56/70 against 48/80): method 10 gives 0.0524 to 0.3339 at 95 %. At 80 % the
    # interval is as much narrower as the normal law says, but for the second order of a skew interval.
    narrower = 1.2816 / 1.96
    assert direct.difference.low == pytest.approx(0.2 - (0.2 - 0.0524) * narrower, abs=0.006)
    assert direct.difference.high == pytest.approx(0.2 + (0.3339 - 0.2) * narrower, abs=0.006)


def test_the_cut_nearest_to_half_that_both_printed_is_given() -> None:
    fine = arm("one", PEEL, bins=((75.0, 5), (50.0, 5), (None, 10)))
    coarse = arm("one", LASER, bins=((75.0, 2), (25.0, 8), (None, 10)))
    direct = found_in(fine, coarse)
    assert direct.cut_pct == 75.0
    assert direct.difference.median == pytest.approx((5 - 2) / 20)


def test_several_arms_of_a_side_are_added_up() -> None:
    low, high = (
        arm("one", PEEL, cohort=name, bins=((50.0, hits), (None, 20 - hits))) for name, hits in (("l", 4), ("h", 16))
    )
    direct = direct_difference(StudySides("one", (low, high), (arm("one", LASER),)))
    assert direct is not None
    assert direct.difference.median == pytest.approx(0.0)
    assert direct.patients == 60


def test_lesions_of_one_patient_are_not_independent() -> None:
    people = [arm("one", m, patients=40, bins=((50.0, 20), (None, 20))) for m in (PEEL, LASER)]
    lesions = [replace(one, patients=10, unit="lesions", units=40) for one in people]
    widths = [direct.difference.high - direct.difference.low for direct in (found_in(*people), found_in(*lesions))]
    assert widths[1] > 1.2 * widths[0]


def test_means_go_through_the_law_of_patients() -> None:
    better, worse = (
        arm("one", PEEL, bins=(), mean_pct=70.0, patients=200),
        arm("one", LASER, bins=(), mean_pct=30.0, patients=200),
    )
    direct = found_in(better, worse)
    assert (direct.printed, direct.cut_pct, direct.difference.kind) == ("means", 50.0, "modelled")
    # X ~ N(theta, sd²) with means 20 above and below the cut and no ceiling near: 2 Phi(20 / sd) - 1.
    sd = float(np.exp(np.median(posterior()["sd_mid"])))
    assert direct.difference.median == pytest.approx(math.erf(20.0 / sd / math.sqrt(2.0)), abs=0.06)
    assert 0.0 < direct.difference.low < direct.difference.high < 1.0


def test_a_printed_spread_is_used() -> None:
    def printed(sd: float) -> DirectComparison:
        return found_in(
            *(
                arm("one", m, bins=(), mean_pct=mean, mean_sd_pct=sd, patients=50)
                for m, mean in ((PEEL, 60.0), (LASER, 40.0))
            )
        )

    assert printed(10.0).difference.median == pytest.approx(math.erf(10.0 / 10.0 / math.sqrt(2.0)), abs=0.02)
    assert printed(40.0).difference.median < 0.5 * printed(10.0).difference.median


def test_more_people_narrow_what_a_trial_found() -> None:
    for outcome in ({"bins": ((50.0, 10), (None, 10))}, {"bins": (), "mean_pct": 50.0}):
        widths = []
        for times in (1, 16):
            more = {"patients": 20 * times} | outcome
            if outcome["bins"]:
                more["bins"] = tuple((cut, times * count) for cut, count in outcome["bins"])
            difference = found_in(*(arm("one", m, **more) for m in (PEEL, LASER))).difference
            widths.append(difference.high - difference.low)
        assert widths[1] < 0.4 * widths[0]


def test_a_mean_at_the_ceiling_is_still_a_share() -> None:
    direct = found_in(arm("one", PEEL, bins=(), mean_pct=100.0), arm("one", LASER, bins=(), mean_pct=-40.0))
    assert 0.8 < direct.difference.low <= direct.difference.high <= 1.0


def test_sides_that_were_printed_in_different_ways_are_not_subtracted() -> None:
    counts, mean = arm("one", PEEL), arm("one", LASER, bins=(), mean_pct=50.0)
    assert direct_difference(StudySides("one", (counts,), (mean,))) is None
    no_common_cut = arm("one", LASER, bins=((75.0, 10), (None, 10)))
    assert direct_difference(StudySides("one", (counts,), (no_common_cut,))) is None


def test_it_is_stated_whether_each_person_had_both_and_whether_chance_decided() -> None:
    assert not found_in(*trial("one", PEEL, LASER)).same_people
    assert found_in(*trial("one", PEEL, LASER, cohort="halves")).same_people
    assert found_in(*trial("one", PEEL, LASER)).randomised
    assert not found_in(*trial("one", PEEL, LASER, design=("split",))).randomised


# The network's answer.


def test_every_direct_comparison_of_the_table_has_its_answer() -> None:
    pairs = pairs_of_trials()
    assert len(pairs) > 20
    for condition, a, b in pairs:
        answer = compare(condition, a, b)
        assert answer.direct or answer.left_out
        if answer.direct:
            assert len(answer.chain) == 1
            assert isinstance(answer.difference, Estimate)
            assert -1.0 <= answer.difference.low < answer.difference.high <= 1.0
            assert {one.study for one in answer.direct} <= set(answer.chain[0].studies) <= set(answer.difference.basis)


@pytest.mark.parametrize("condition", vocabulary_table("condition"))
def test_an_answer_stands_on_a_chain_and_silence_names_its_reason(condition: str) -> None:
    treatments = sorted({one.modality for one in fitted_arms() if one.condition == condition} | {PEEL, LASER})
    for k, a in enumerate(treatments):
        for b in treatments[k + 1 :]:
            answer = compare(condition, a, b)
            assert isinstance(answer.difference, Estimate) == bool(answer.chain)
            assert isinstance(answer.pih_difference, Estimate) == bool(answer.pih_chain)
            if not answer.chain:
                assert answer.direct == ()
                assert "No trial of" in answer.difference.reason


def test_a_against_b_is_minus_b_against_a() -> None:
    for condition, a, b in pairs_of_trials()[:12]:
        one, other = compare(condition, a, b), compare(condition, b, a)
        assert [comparison.difference for comparison in other.direct] == [
            comparison.difference.negated() for comparison in one.direct
        ]
        for mine, theirs in ((one.difference, other.difference), (one.pih_difference, other.pih_difference)):
            assert theirs == (mine.negated() if isinstance(mine, Estimate) else mine)
        assert [link.between[::-1] for link in other.chain] == [link.between for link in one.chain[::-1]]
        assert (other.a, other.b) == (b, a)


def better(treatment: str, by_pct: float) -> Posterior:
    """The shipped draws with one treatment of acne scars made better in each."""
    draws = dict(posterior().draws)
    beta = draws["beta"].copy()
    beta[:, design_layout().columns.index(("pair", f"{CONDITION} {treatment}"))] += by_pct
    return Posterior(draws | {"beta": beta})


def compare_with(monkeypatch: pytest.MonkeyPatch, given: Posterior, *asked: str) -> Any:
    """The comparison that other draws of the effects would make."""
    for draw in (draw_new_clinics, draw_shares):
        monkeypatch.setattr(comparing, draw.__name__, partial(draw, posterior_override=given))
    return compare(*asked)


def test_what_is_made_better_comes_out_better(monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = "fractional-ablative", "non-ablative-fractional"
    medians = [
        compare_with(monkeypatch, better(a, by), CONDITION, a, b).difference.median for by in (-30.0, 0.0, 30.0, 60.0)
    ]
    assert medians == sorted(medians)
    assert medians[-1] - medians[0] > 0.5
    assert compare_with(monkeypatch, better(b, 60.0), CONDITION, a, b).difference.high < 0.0


def test_clinics_do_both_so_that_what_they_share_cancels() -> None:
    courses = [[(Features.from_arm(one), 1.0)] for one in fitted_arms() if one.study == "alajlan2011"]
    a, b = (clinics.share_above(50.0) for clinics in draw_new_clinics(courses))
    apart = draw_new_clinics([courses[1]], seed=1)[0].share_above(50.0)
    assert np.std(a - b) < 0.8 * np.std(a - apart)


def test_dark_marks_of_two_treatments_are_of_the_same_clinics() -> None:
    asked = [
        CountQuestion("pih", modality, CONDITION, phototypes=(1, 4))
        for modality in ("fractional-ablative", "radiofrequency")
    ]
    a, b = draw_shares(asked)
    assert np.array_equal(draw_shares([asked[0]])[0], draw_share(asked[0]))
    apart = draw_share(asked[1], seed=1)
    log_odds = [np.log(p / (1.0 - p)) for p in (a, b, apart)]
    assert np.std(log_odds[0] - log_odds[1]) < 0.8 * np.std(log_odds[0] - log_odds[2])


def test_the_same_treatment_differs_by_its_counts_alone() -> None:
    """Two counts of one study and treatment share every effect: what parts them is the deviation of a count."""
    way = CountQuestion.from_count(next(row for row in counts_after("pih", "fractional-ablative") if row.phototypes))
    shares = draw_shares([way, way])
    log_odds = [np.log(p / (1.0 - p)) for p in shares]
    row = posterior()["count_row"][:, 0]
    # Two independent deviations of each clinic: variance 2 row². Its error with 8000 clinics, whose spread varies from
    # draw to draw, is about 3 %.
    assert np.var(log_odds[0] - log_odds[1]) == pytest.approx(2.0 * float(np.mean(row**2)), rel=0.1)


def test_darker_marks_after_what_marks_more(monkeypatch: pytest.MonkeyPatch) -> None:
    conditions = [row.condition for row in outcome_counts() if row.outcome == "pih"]
    assert CONDITION in conditions
    a, b = "fractional-ablative", "radiofrequency"
    draws = dict(posterior().draws)
    effects = draws["effects"].copy()
    effects[:, effect_columns().index((EFFECTS[0], "pih", a))] += 2.0
    shipped = compare(CONDITION, a, b).pih_difference
    more = compare_with(monkeypatch, Posterior(draws | {"effects": effects}), CONDITION, a, b).pih_difference
    assert more.median > shipped.median


# The document.


def test_the_document_is_whole_and_the_same_each_time() -> None:
    first = compare_connected("acne scars", "fractional ablative", "non-ablative fractional").to_dict()
    names = {
        "condition",
        "a",
        "b",
        "direct",
        "difference",
        "pih_difference",
        "chain",
        "pih_chain",
        "left_out",
        "in_words",
    }
    assert set(first) == names | {"schema", "version", "case_sha256", "seed", "warnings"}
    assert (first["schema"], first["a"]) == ("skinbeam.compare/1", "fractional-ablative")
    assert {"study", "patients", "difference"} < set(first["direct"][0])
    posterior.cache_clear()
    assert canonical_json(first) == canonical_json(
        compare_connected(CONDITION, "fractional-ablative", "non-ablative-fractional").to_dict()
    )
    other = compare_connected(CONDITION, "non-ablative-fractional", "fractional-ablative").to_dict()
    assert other["case_sha256"] != first["case_sha256"]
    assert "null" not in json.dumps(first)


def test_where_nothing_connects_every_key_stays_and_says_why() -> None:
    with pytest.raises(NotAvailable) as caught:
        compare_connected("melasma", "ablative", "vascular").to_dict()
    body = caught.value.body
    assert set(body["difference"]) == set(body["pih_difference"]) == {"unknown"}
    assert body["direct"] == body["chain"] == []
    assert "full-field ablative laser" in body["difference"]["unknown"]


def test_silence_names_what_each_was_compared_with_and_what_was_left_out() -> None:
    with pytest.raises(NotAvailable) as caught:
        compare_connected("keloid", "intralesional-steroid", "intralesional-5-fluorouracil").to_dict()
    assert "khan2014 (one side received another treatment as well)" in caught.value.reason
    answer = compare(CONDITION, "microneedling", UNTREATED)
    assert "compared with: topical retinoid" in answer.difference.reason
    assert "fractional ablative laser" in answer.difference.reason


def test_words_say_what_the_answer_rests_on() -> None:
    direct = compare("dynamic-wrinkles", "botulinum-toxin", UNTREATED)
    assert [sentence.id for sentence in direct.in_words][:2] == ["compare.direct", "compare.helps-more"]
    against = compare("dynamic-wrinkles", UNTREATED, "botulinum-toxin")
    assert against.in_words[1] == direct.in_words[1]  # the better one stands first either way
    assert any("66 per cent" in sentence.text for sentence in direct.in_words)
    chain = compare(CONDITION, "pigment-short-pulse", "radiofrequency")
    assert chain.in_words[0].id == "compare.chain"
    assert "zhang2013b" in chain.in_words[0].text


@pytest.mark.parametrize(
    ("asked", "field", "hint"),
    [
        (("acne-scar5", LASER, PEEL), "condition", "acne"),
        ((CONDITION, "vasculr", PEEL), "a", "vascular"),
        ((CONDITION, LASER, "peal"), "b", "peel"),
        ((CONDITION, LASER, "ablative fractional"), "b", "Another"),
    ],
)
def test_a_wrong_question_names_what_is_wrong(asked: tuple[str, str, str], field: str, hint: str) -> None:
    with pytest.raises(InputError) as caught:
        compare(*asked)
    assert caught.value.field == field
    assert hint in caught.value.hint


def test_sources_used_are_collected() -> None:
    with collect_sources() as keys:
        compare(CONDITION, "fractional-ablative", "non-ablative-fractional")
    assert {"alajlan2011", "lu2022"} <= set(keys)
