"""What `expect` promises: shapes, abstention with a reason, named studies, wrong questions refused, lightness."""

import json
import subprocess
import sys
from typing import Any

import pytest

from skinbeam.evidence.expectation import expect as expecting
from skinbeam.evidence.expectation.estimates import amount_in_words, share_in_words
from skinbeam.evidence.expectation.expect import abstention, answer_question, expect, expect_for_setting, outcome_share
from skinbeam.evidence.expectation.expectation import Expectation, PatientShare, Prediction
from skinbeam.evidence.question import EvidenceQuestion
from skinbeam.evidence.studies.outcomes import counts_after, outcome_counts
from skinbeam.evidence.studies.trial_arm import parse_grades
from skinbeam.evidence.studies.trial_table import trial_arms
from skinbeam.evidence.synthesis.counts import CountQuestion
from skinbeam.evidence.synthesis.design import UNTREATED, arms_for, longest_follow_up_months
from skinbeam.evidence.synthesis.posterior import posterior
from skinbeam.model.document import canonical_json, to_json_types
from skinbeam.model.errors import InputError, NotAvailable
from skinbeam.model.estimate import Estimate, Unknown
from skinbeam.model.sources import bibliography, collect_sources
from skinbeam.model.vocabulary import PHOTOTYPES, condition_subtypes, laser_modalities, vocabulary_table

KEYS = {
    "p_at_least",
    "predict",
    "mean_improvement_pct",
    "net_of_untreated_pct",
    "pih",
    "harms",
    "pain_0_10",
    "satisfaction",
    "would_repeat",
    "downtime_days",
    "durability",
    "sun_protection",
    "dose",
    "studies",
    "abstains",
    "in_words",
    "person_improvement_pct",
    "untreated",
    "warnings",
}
PAIR = ("acne-scars", "fractional-ablative")
NUMBERS = KEYS - {"studies", "abstains", "in_words", "untreated", "warnings"}
PAIRS = [(c, m) for c in vocabulary_table("condition") for m in vocabulary_table("modality")]


def expectation(*pair: str, **options: Any) -> Expectation:
    return expect(EvidenceQuestion(*pair, **options))


def whole(*pair: str, **options: Any) -> dict[str, Any]:
    return answer_question(EvidenceQuestion(*pair, **options)).to_dict()


def unknowns(value: Any) -> list[bool]:
    """Whether each value that could be a number is unknown."""
    if isinstance(value, Unknown | Estimate):
        return [isinstance(value, Unknown)]
    if isinstance(value, PatientShare | Prediction):
        return unknowns([value.pmf, value.intervals])
    if isinstance(value, dict | list):
        return [found for item in (value.values() if isinstance(value, dict) else value) for found in unknowns(item)]
    return []


@pytest.mark.parametrize("pair", PAIRS, ids="-x-".join)
def test_every_pair_stands_on_studies_or_abstains(pair: tuple[str, str]) -> None:
    body = expectation(*pair)
    record = body.as_record()
    assert set(record) == KEYS
    assert body.untreated is not None
    assert set(to_json_types(body.untreated)) == KEYS - {"untreated", "warnings"}
    usable = {arm.study for arm in arms_for(*pair)}
    if body.abstains is None:
        assert record["abstains"] is False
        assert {row.study for row in body.studies} == usable <= set(bibliography())
        assert sum(row.weight for row in body.studies) == pytest.approx(1.0)
        assert len(body.predict.pmf) == 101
    else:
        assert not usable
        assert record["abstains"] == body.abstains.text
        found = unknowns([getattr(body, name) for name in NUMBERS])
        assert len(found) > len(NUMBERS)
        assert all(found)
    assert set(body.p_at_least) == {"25", "50", "75"}
    assert set(body.durability) == {"3", "6", "12", "24"}
    assert set(body.predict.intervals) == set(body.pih.intervals) == {"50", "80", "95"}


def test_every_question_stands_on_named_studies_or_abstains() -> None:
    """Condition x modality x site x phototype: an answer names its studies, silence names its reason."""
    sites = [name for name, entry in vocabulary_table("site").items() if entry["use"] == "treatment"]
    answers = 0
    for pair in PAIRS:
        named = {arm.study for arm in arms_for(*pair)}
        # Where nobody treated anyone, the place and the skin change nothing.
        for site in sites if named else sites[:1]:
            for phototype in (None, *PHOTOTYPES):
                reason = abstention(EvidenceQuestion(*pair, site=site, phototype=phototype))
                assert reason is not None or (named and named <= set(bibliography()))
                answers += reason is None
    assert answers > 1000


ELSEWHERE = (("full-face", "V"), ("hands", "I-III"), ("decolletage", "I-III"))


@pytest.mark.parametrize(
    ("site", "phototype"),
    [
        *(("full-face", "I-III"), ("hands", "V"), ("decolletage", "V")),
        *(pytest.param(*pair, marks=pytest.mark.long) for pair in ELSEWHERE),
    ],
)
def test_answers_of_a_sample_of_questions_are_whole(site: str, phototype: str) -> None:
    """The sweep above asks for reasons alone; here numbers are made, for each pair that has a study."""
    bodies = [expectation(*pair, site=site, phototype=phototype, patients=20) for pair in PAIRS if arms_for(*pair)]
    answered = [body for body in bodies if body.abstains is None]
    assert answered
    for body in answered:
        assert sum(body.predict.pmf) == pytest.approx(1.0, abs=1e-4)
        assert body.studies
        assert all(estimate.basis for estimate in body.p_at_least.values())


def test_no_abstention_where_two_studies_exist() -> None:
    tried = [pair for pair in PAIRS if len({arm.study for arm in arms_for(*pair)}) >= 2]
    assert tried
    assert len(tried) < len(PAIRS)
    assert [pair for pair in tried if abstention(EvidenceQuestion(*pair)) is not None] == []


def test_one_study_is_named_and_leaves_the_answer_wide() -> None:
    document = whole("wrinkles", "microneedling")
    assert [(row["study"], row["weight"]) for row in document["studies"]] == [("alqam2022", 1.0)]
    assert any(w["code"] == "one-study" and "alqam2022" in w["message"] for w in document["warnings"])
    many = whole("acne-scars", "microneedling")
    # Of means, and of one kind of treatment: the share of responders near its ceiling makes every width small.
    widths = [doc["mean_improvement_pct"]["high"] - doc["mean_improvement_pct"]["low"] for doc in (document, many)]
    assert widths[0] > widths[1]


@pytest.mark.parametrize(
    ("pair", "options", "word"),
    [
        (PAIR, {"phototype": "VI"}, "VI"),
        (PAIR, {"phototype": "IV-VI"}, "VI"),
        (("dynamic-wrinkles", "ablative"), {"severity": "moderate-severe"}, "movement"),
        (("dynamic-wrinkles", "botulinum-toxin"), {"follow_up_months": 6.0}, "so long"),
        (("wrinkles", "ablative"), {"site": "hands"}, "backs of the hands"),
        (("freckles", "microneedling"), {}, "No study in the table"),
        (("melasma", "ablative"), {}, "manaloto1999"),
        (("wrinkles", "botulinum-toxin"), {}, "No study in the table"),
        (("freckles", "no-treatment"), {}, "without treatment"),
        (("facial-telangiectasia", "vascular"), {"wavelength_nm": 10600.0}, "10,600 nm"),
        (("wrinkles", "filler"), {}, "grimes2009"),
        (("keloid", "microneedling"), {}, "No study in the table"),
    ],
)
def test_it_abstains_with_the_reason(pair: tuple[str, str], options: dict[str, str], word: str) -> None:
    with pytest.raises(NotAvailable) as caught:
        whole(*pair, **options)
    document = caught.value.body
    assert word in caught.value.reason
    assert document["schema"] == "skinbeam.expect/1"
    assert document["abstains"] == caught.value.reason
    assert document["predict"]["pmf"] == {"unknown": caught.value.reason}
    assert "null" not in json.dumps(document)


@pytest.mark.parametrize(
    ("options", "option"),
    [
        ({"threshold": 0}, "threshold"),
        ({"threshold": 100}, "threshold"),
        ({"threshold": 49.5}, "threshold"),
        ({"threshold": float("nan")}, "threshold"),
        ({"threshold": float("inf")}, "threshold"),
        ({"patients": 0}, "patients"),
        ({"patients": 100_001}, "patients"),
        ({"patients": True}, "patients"),
        ({"severity": "extreme"}, "severity"),
        ({"severity": "severe-mild"}, "severity"),
        ({"phototype": "VII"}, "phototype"),
        ({"phototype": "I-II-III"}, "phototype"),
        ({"site": "toe"}, "site"),
        ({"site": "forearm"}, "site"),
        ({"wavelength_nm": -1.0}, "wavelength_nm"),
        ({"sessions": 0}, "sessions"),
        ({"follow_up_months": float("inf")}, "follow_up_months"),
        ({"rater": "mother"}, "rater"),
        ({"unit": "teeth"}, "unit"),
    ],
)
def test_a_wrong_question_names_its_argument(options: dict[str, Any], option: str) -> None:
    with pytest.raises(InputError) as caught:
        expectation(*PAIR, **options)
    assert caught.value.field == option
    assert caught.value.hint


def test_unknown_names_get_the_nearest() -> None:
    with pytest.raises(InputError, match="acne") as caught:
        expectation("acne-scar5", "vascular")
    assert caught.value.field == "condition"
    with pytest.raises(InputError) as caught:
        expectation("acne-scars", "vasculr")
    assert caught.value.field == "modality"


def test_everyday_words_and_names_are_one_question() -> None:
    assert canonical_json(whole("acne scar", "ablative fractional", phototype=" iii-iv ")) == canonical_json(
        whole(*PAIR, phototype="III-IV")
    )


def test_the_document_is_whole_and_the_same_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    first = whole(*PAIR, patients=20, threshold=60, site="neck", phototype="I")
    posterior.cache_clear()
    for cached in ("_answer_question", "_drawn_share", "_drawn_pain"):  # the second answer is drawn anew
        monkeypatch.setattr(expecting, cached, getattr(expecting, cached).__wrapped__)
    assert canonical_json(first) == canonical_json(whole(*PAIR, patients=20, threshold=60, site="neck", phototype="I"))
    assert {"schema", "version", "case_sha256", "seed", "warnings"} < set(first)
    assert {"site-not-studied", "phototype-not-studied"} <= {w["code"] for w in first["warnings"]}
    other = whole(*PAIR, patients=20, threshold=61)
    assert other["case_sha256"] != first["case_sha256"]


def test_pmf_threshold_and_estimates_agree() -> None:
    body = expectation(*PAIR, patients=400, threshold=50)
    k = range(401)
    mean = sum(a * p for a, p in zip(k, body.predict.pmf, strict=True)) / 400
    low, high = body.predict.intervals["80"]
    share = body.p_at_least["50"]
    assert share.low < mean < share.high
    # 400 patients add a sampling spread of at most 0.5 / 20 to the clinic's own share, which is far wider.
    assert low / 400 == pytest.approx(share.low, abs=0.025)
    assert high / 400 == pytest.approx(share.high, abs=0.025)
    shares = [body.p_at_least[t].median for t in ("25", "50", "75")]
    assert shares == sorted(shares, reverse=True)


def test_fewer_patients_more_scatter() -> None:
    widths = []
    for patients in (10, 100, 1000):
        low, high = expectation(*PAIR, patients=patients).predict.intervals["80"]
        widths.append((high - low) / patients)
    assert widths == sorted(widths, reverse=True)


def test_lesions_are_taken_to_come_in_groups() -> None:
    of = {unit: whole("age-spots", "pigment-short-pulse", unit=unit) for unit in ("patients", "lesions")}
    widths = {unit: (lambda ends: ends[1] - ends[0])(doc["predict"]["intervals"]["95"]) for unit, doc in of.items()}
    assert widths["lesions"] > widths["patients"]
    assert "lesions-alike" in {w["code"] for w in of["lesions"]["warnings"]}


def test_unverified_rows_are_reported() -> None:
    warnings = whole("freckles", "pigment-long-pulse")["warnings"]
    assert any(w["code"] == "unverified" and "kawada2002" in w["message"] for w in warnings)


def test_pih_is_never_zero_and_grows_with_skin_colour() -> None:
    for modality, condition in {
        (r.modality, r.condition) for r in outcome_counts() if r.outcome == "pih" and r.condition
    }:
        light, dark = (
            outcome_share(CountQuestion("pih", modality, condition, phototypes=parse_grades(p, PHOTOTYPES)))
            for p in ("I-III", "IV-V")
        )
        assert 0 < light.p.low < dark.p.low
        assert light.p.median < dark.p.median
        assert light.pmf[0] < 1
    assert isinstance(outcome_share(CountQuestion("pih", "camouflage", "age-spots")).p, Unknown)


def test_no_scar_in_any_study_is_not_no_risk() -> None:
    for modality in {row.modality for row in outcome_counts() if row.outcome == "scar"}:
        risk = outcome_share(CountQuestion("scar", modality, "wrinkles"), patients=1000)
        assert risk.p.low > 0
        assert risk.intervals["95"][1] > 0  # of a thousand people


def test_what_nobody_counted_is_unknown() -> None:
    body = expectation(*PAIR)
    for harm in body.harms:
        assert isinstance(body.harms[harm].p, Unknown) == (not counts_after(harm, PAIR[1]))
    assert isinstance(body.would_repeat, Unknown)


def test_pain_and_satisfaction_stand_on_their_studies() -> None:
    body = expectation("age-spots", "pigment-short-pulse")
    assert "pico730spots2022" in body.pain_0_10.basis
    assert 0 <= body.pain_0_10.low < 3.6 < body.pain_0_10.high <= 10
    printed = {arm.study for arm in trial_arms() if arm.modality == "pigment-short-pulse" and arm.satisfied}
    assert set(body.satisfaction.p.basis) == printed


def test_durability_is_known_where_somebody_followed_it() -> None:
    durability = expectation(*PAIR).durability
    assert durability["12"].basis == ("ortiz2010",)
    assert 0 <= durability["12"].low < 0.74 < durability["12"].high <= 1
    assert "3 months" in durability["3"].reason
    melasma = expectation("melasma", "pigment-short-pulse").durability
    assert melasma["12"].median == pytest.approx(0.257)


def test_the_untreated_course_is_subtracted_where_somebody_followed_it() -> None:
    body = expectation("facial-telangiectasia", "vascular")
    alone = body.untreated.mean_improvement_pct
    assert set(alone.basis) == {"ipl540rosacea2020"}
    assert body.net_of_untreated_pct.median < body.mean_improvement_pct.median - 0.5 * alone.median
    assert isinstance(expectation("freckles", "pigment-short-pulse").net_of_untreated_pct, Unknown)


@pytest.mark.parametrize(
    ("pair", "options", "where"),
    [
        (PAIR, {"wavelength_nm": 10600, "microbeam_mJ": 50.0}, "inside"),
        (PAIR, {"wavelength_nm": 10600, "microbeam_mJ": 80.0}, "outside"),
        (PAIR, {"wavelength_nm": 2940, "microbeam_mJ": 50.0}, "unknown"),
        (("facial-telangiectasia", "vascular"), {"wavelength_nm": 595, "fluence_J_cm2": 8, "pulse_ms": 6}, "inside"),
        (("facial-telangiectasia", "vascular"), {"wavelength_nm": 595, "fluence_J_cm2": 8, "pulse_ms": 400}, "unknown"),
    ],
)
def test_a_setting_is_held_against_the_trials(pair: tuple[str, str], options: dict[str, float], where: str) -> None:
    body = expectation(*pair, **options)
    assert body.dose.where == where


def test_a_dose_outside_the_trials_widens_and_does_not_shift() -> None:
    inside, outside, far = (expectation(*PAIR, wavelength_nm=10600, microbeam_mJ=dose) for dose in (50.0, 80.0, 300.0))
    means = [body.mean_improvement_pct for body in (inside, outside, far)]
    widths = [mean.high - mean.low for mean in means]
    assert widths[0] < widths[1] < widths[2]
    # Both medians are of 16 000 draws of a law some 20 wide: their errors are 1.25 * 20 / sqrt(16 000) = 0.2 each.
    assert means[1].median == pytest.approx(means[0].median, abs=1.0)
    assert "dose-outside-trials" in {
        w["code"] for w in whole(*PAIR, wavelength_nm=10600, microbeam_mJ=80.0)["warnings"]
    }


def test_a_site_that_no_study_of_the_laser_treated_widens() -> None:
    widths = []
    for site in ("full-face", "arms"):
        found = expectation(*PAIR, site=site).mean_improvement_pct
        widths.append(found.high - found.low)
    # Seen by a person who compares the two: their Monte Carlo error is about a fiftieth.
    assert widths[1] > 1.05 * widths[0]


@pytest.mark.parametrize("pair", [p for p in PAIRS if arms_for(*p)], ids="-x-".join)
def test_more_sessions_help_and_time_beyond_all_trials_changes_nothing(pair: tuple[str, str]) -> None:
    means = [expectation(*pair, sessions=n).mean_improvement_pct.median for n in (1, 2.5, 6)]
    assert means == sorted(means)
    longest = longest_follow_up_months()
    if pair[1] not in (*laser_modalities(), UNTREATED):
        return
    late = [whole(*pair, follow_up_months=months) for months in (longest, 600.0)]
    assert late[0]["p_at_least"] == late[1]["p_at_least"]
    assert "longer-than-followed" in {w["code"] for w in late[1]["warnings"]}


@pytest.mark.parametrize("pair", [p for p in PAIRS if arms_for(*p)], ids="-x-".join)
def test_what_may_wear_off_is_not_stated_later_than_trials_looked(pair: tuple[str, str]) -> None:
    followed = [arm.followup_months for arm in arms_for(*pair) if arm.followup_months is not None]
    silent = bool(followed) and pair[1] not in (*laser_modalities(), UNTREATED)
    assert abstention(EvidenceQuestion(*pair)) is None
    if followed:
        assert abstention(EvidenceQuestion(*pair, follow_up_months=max(followed))) is None
    assert (abstention(EvidenceQuestion(*pair, follow_up_months=600.0)) is not None) == silent


def test_an_answer_says_when_trials_looked() -> None:
    ids = {
        pair: {sentence.id for sentence in expectation(*pair).in_words}
        for pair in (PAIR, ("redness", "topical-vasoconstrictor"))
    }
    assert "evidence.looked" in ids[PAIR]
    assert "evidence.looked-during" in ids["redness", "topical-vasoconstrictor"]


def test_lines_of_movement_are_silent_for_light_alone() -> None:
    severe = {"severity": "severe"}
    assert abstention(EvidenceQuestion("dynamic-wrinkles", "botulinum-toxin", **severe)) is None
    assert expectation("dynamic-wrinkles", "botulinum-toxin", **severe).untreated.abstains is None
    assert abstention(EvidenceQuestion("dynamic-wrinkles", "fractional-ablative", **severe)) is not None


@pytest.mark.parametrize(
    ("modality", "pulse_ms"), [("pigment-short-pulse", 10.0), ("vascular", 1e-5), ("ablative", 1000.0)]
)
def test_a_pulse_that_no_light_of_this_kind_has_is_not_answered(modality: str, pulse_ms: float) -> None:
    """A slip of the unit, such as milliseconds of a nanosecond laser, got the answer of the right pulse."""
    found = abstention(EvidenceQuestion("age-spots", modality, pulse_ms=pulse_ms))
    assert found is not None
    assert found.id == "evidence.no-such-pulse"


@pytest.mark.parametrize(
    ("pair", "options", "codes"),
    [
        (("acne-scars", "microneedling"), {"wavelength_nm": 595.0, "pulse_ms": 10.0}, {"light-not-counted"}),
        (PAIR, {"wavelength_nm": 10600.0, "pulse_ms": 1.0}, {"pulse-not-counted"}),
        (("melasma", "pigment-short-pulse"), {"pulse_ms": 1e-5}, {"pulse-not-counted"}),
        (("melasma", "pigment-short-pulse"), {"wavelength_nm": 1064.0, "pulse_ms": 1e-5}, set()),
    ],
)
def test_light_that_changes_nothing_is_reported(
    pair: tuple[str, str], options: dict[str, float], codes: set[str]
) -> None:
    spoken = {warning.code for warning in expectation(*pair, **options).warnings}
    assert spoken & {"light-not-counted", "pulse-not-counted", "wavelength-not-studied"} == codes
    without_pulse = expectation(*pair, **{name: value for name, value in options.items() if name != "pulse_ms"})
    if "pulse-not-counted" in codes:
        assert without_pulse.p_at_least == expectation(*pair, **options).p_at_least


def test_creams_and_needles_have_no_dose_of_light() -> None:
    assert "only for light" in expectation("acne-scars", "microneedling").dose.reason
    assert "No setting" in expectation(*PAIR).dose.reason


def test_a_kind_that_no_study_treated_is_reported() -> None:
    usable = {kind for arm in arms_for("acne-scars", "microneedling") for kind in arm.subtypes}
    for kind in condition_subtypes("acne-scars"):
        codes = {warning.code for warning in expectation("acne-scars", "microneedling", subtypes=(kind,)).warnings}
        assert ("subtype-not-studied" in codes) == (kind not in usable)


def test_harms_stay_known_where_nobody_counted_improvement() -> None:
    """Trials of full-field ablation for texture counted the dark marks alone."""
    body = expect_for_setting(EvidenceQuestion("skin-texture", "ablative", phototype="III"))
    assert isinstance(body.mean_improvement_pct, Unknown)
    assert body.abstains
    assert body.pih.p.low > 0.02  # of 50 people with such light 21 to 23 darkened (tanzi2003)
    darkest = expect_for_setting(EvidenceQuestion("skin-texture", "ablative", phototype="VI"))
    assert isinstance(darkest.pih.p, Unknown)  # nobody of that skin was counted


def test_lines_of_the_face_after_full_field_ablation_are_counted_without_those_of_the_eyes() -> None:
    """The mean of 259 people was left out, since 83 of them are a row of their own (alster1996)."""
    rows = {arm.row: arm for arm in trial_arms() if arm.study == "alster1996"}
    everyone, eyes, others = (rows[f"alster1996/{name}"] for name in ("all", "periorbital", "other-areas"))
    assert everyone.patients == eyes.patients + others.patients
    total = eyes.patients * eyes.mean_pct + others.patients * others.mean_pct
    # Means are printed to 1 %, and the derived one to 0.1 %.
    assert total / everyone.patients == pytest.approx(everyone.mean_pct, abs=0.1)
    assert everyone.cohort == eyes.cohort == others.cohort
    body = expectation("wrinkles", "ablative")
    assert isinstance(body.mean_improvement_pct, Estimate)
    assert body.mean_improvement_pct.high < others.mean_pct  # one trial of people who were chosen, in other hands


def test_share_kept_does_not_depend_on_when_one_asks() -> None:
    shares = [expectation("melasma", "pigment-short-pulse", follow_up_months=m).durability["12"] for m in (0.0, 12.0)]
    assert shares[0] == shares[1]


def test_sources_used_are_collected() -> None:
    with collect_sources() as keys:
        expectation(*PAIR)
    assert {"majid2014", "hedelund2012"} < set(keys)


def share(low: float, high: float) -> Estimate:
    return Estimate((low + high) / 2, low, high, 0.8, "pooled")


def test_words_hold_for_the_whole_interval() -> None:
    ids = {share_in_words(share(*ends)).id for ends in ((0.95, 0.99), (0.6, 0.8), (0.4, 0.9), (0.01, 0.05))}
    assert ids == {"share.almost-everybody", "share.most", "share.varies", "share.almost-nobody"}
    assert share_in_words(share(0.1, 0.45)).id == "share.fewer-than-half"
    amounts = [amount_in_words(share(low, 90.0)).id for low in (80.0, 55.0, 30.0, 5.0, -20.0)]
    assert amounts == ["amount.near-complete", "amount.marked", "amount.moderate", "amount.some", "amount.uncertain"]
    with pytest.raises(ValueError, match="share"):
        share_in_words(share(0.5, 1.2))


def test_expect_loads_numpy_alone_and_is_quick() -> None:
    code = (
        "import sys, time\n"
        "from skinbeam.evidence.expectation.expect import answer_question\n"
        "from skinbeam.evidence.question import EvidenceQuestion as Question\n"
        "start = time.perf_counter()\n"
        "answer_question(Question('acne-scars', 'fractional-ablative')).to_dict()\n"
        "print(time.perf_counter() - start)\n"
        "print([m for m in ('xarray', 'numba', 'scipy', 'matplotlib', 'pydantic', 'pandas') if m in sys.modules])\n"
        "print('numpy' in sys.modules)\n"
    )
    out = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split("\n")
    # 0.3 s is promised on an idle machine, where it takes 0.2 s; tests share theirs, so ten times that is left.
    assert float(out[0]) < 3.0
    assert out[1] == "[]"
    assert out[2] == "True"
