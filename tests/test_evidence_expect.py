"""What `expect` promises: shapes, abstention with a reason, named studies, wrong questions refused, lightness."""

import json
import subprocess
import sys
from typing import Any

import pytest

from skinbeam.document import canonical_json
from skinbeam.errors import InputError, NotAvailable
from skinbeam.estimate import Estimate, Unknown
from skinbeam.evidence import synthesis
from skinbeam.evidence.ask import ask
from skinbeam.evidence.expect import abstention, expect, expect_document, pih_risk
from skinbeam.evidence.studies import arms
from skinbeam.evidence.words import amount_in_words, share_in_words
from skinbeam.provenance import collect
from skinbeam.schema.names import table
from skinbeam.sources import bibliography

KEYS = {
    "p_at_least",
    "predict",
    "mean_improvement_pct",
    "pih",
    "downtime_days",
    "durability",
    "studies",
    "abstains",
    "in_words",
    "untreated",
}
PAIR = ("acne-scars", "fractional-ablative")
PAIRS = [(c, m) for c in table("condition") for m in table("modality")]


def answered(*pair: str, **options: Any) -> tuple[dict[str, Any], bool]:
    try:
        return expect(*pair, **options), True
    except NotAvailable as error:
        return error.body, False


def unknowns(value: Any) -> list[bool]:
    """Whether each value that could be a number is unknown."""
    if isinstance(value, Unknown | Estimate):
        return [isinstance(value, Unknown)]
    if isinstance(value, dict):
        return [found for item in value.values() for found in unknowns(item)]
    return []


@pytest.mark.parametrize("pair", PAIRS, ids="-x-".join)
def test_every_pair_stands_on_studies_or_abstains(pair: tuple[str, str]) -> None:
    body, known = answered(*pair)
    assert set(body) == KEYS
    assert set(body["untreated"]) == KEYS - {"untreated"}
    usable = {arm.study for arm in synthesis.usable_arms(*pair)}
    if known:
        assert body["abstains"] is False
        assert len(body["studies"]) >= 2
        assert {row["study"] for row in body["studies"]} == usable <= set(bibliography())
        assert sum(row["weight"] for row in body["studies"]) == pytest.approx(1.0)
        assert len(body["predict"]["pmf"]) == 101
    else:
        assert len(usable) < 2
        assert body["abstains"]
        parts = [
            body[key] for key in ("p_at_least", "predict", "mean_improvement_pct", "pih", "downtime_days", "durability")
        ]
        assert all(unknowns(dict(enumerate(parts))))
    assert set(body["p_at_least"]) == {"25", "50", "75"}
    assert set(body["durability"]) == {"3", "6", "12", "24"}
    assert set(body["predict"]["intervals"]) == set(body["pih"]["intervals"]) == {"50", "80", "95"}


def test_no_abstention_where_two_studies_exist() -> None:
    for pair in PAIRS:
        if len({arm.study for arm in synthesis.usable_arms(*pair)}) >= 2:
            assert abstention(ask(*pair)) is None


def test_one_study_is_named_and_predicts_nothing() -> None:
    body, known = answered("freckles", "pigment-short-pulse")
    assert not known
    assert "qsalexandrite2012" in body["abstains"]
    assert [row["weight"] for row in body["studies"]] == [1.0]


@pytest.mark.parametrize(
    ("pair", "options", "word"),
    [
        (PAIR, {"phototype": "VI"}, "VI"),
        (PAIR, {"phototype": "IV-VI"}, "VI"),
        (("dynamic-wrinkles", "ablative"), {"severity": "moderate-severe"}, "movement"),
        (("wrinkles", "ablative"), {"site": "hands"}, "backs of the hands"),
        (("melasma", "ablative"), {}, "No study in the table"),
        (("wrinkles", "botulinum-toxin"), {}, "No study in the table"),
        (("facial-telangiectasia", "no-treatment"), {}, "ipl540rosacea2020"),
        (("hypertrophic-scars", "vascular"), {}, "pdlkeloid2017"),
    ],
)
def test_it_abstains_with_the_reason(pair: tuple[str, str], options: dict[str, str], word: str) -> None:
    with pytest.raises(NotAvailable) as caught:
        expect_document(*pair, **options)
    document = caught.value.body
    assert word in caught.value.reason
    assert document["schema"] == "skinbeam.expect/1"
    assert document["abstains"] == caught.value.reason
    assert document["predict"]["pmf"] == {"unknown": caught.value.reason}
    assert "null" not in json.dumps(document)


@pytest.mark.parametrize(
    ("options", "option"),
    [
        ({"threshold": 0}, "--threshold"),
        ({"threshold": 100}, "--threshold"),
        ({"threshold": 49.5}, "--threshold"),
        ({"threshold": float("nan")}, "--threshold"),
        ({"threshold": float("inf")}, "--threshold"),
        ({"patients": 0}, "--patients"),
        ({"patients": 100_001}, "--patients"),
        ({"patients": True}, "--patients"),
        ({"severity": "extreme"}, "--severity"),
        ({"severity": "severe-mild"}, "--severity"),
        ({"phototype": "VII"}, "--phototype"),
        ({"phototype": "I-II-III"}, "--phototype"),
        ({"site": "toe"}, "--site"),
        ({"site": "forearm"}, "--site"),
        ({"wavelength_nm": -1.0}, "--wavelength"),
        ({"sessions": 0}, "--sessions"),
        ({"follow_up_months": float("inf")}, "--follow-up-months"),
        ({"rater": "mother"}, "--rater"),
        ({"unit": "teeth"}, "--unit"),
    ],
)
def test_a_wrong_question_names_its_option(options: dict[str, Any], option: str) -> None:
    with pytest.raises(InputError) as caught:
        expect(*PAIR, **options)
    assert caught.value.field == option
    assert caught.value.hint


def test_unknown_names_get_the_nearest() -> None:
    with pytest.raises(InputError, match="acne") as caught:
        expect("acne-scar5", "vascular")
    assert caught.value.field == "--condition"
    with pytest.raises(InputError) as caught:
        expect("acne-scars", "vasculr")
    assert caught.value.field == "--modality"


def test_everyday_words_and_names_are_one_question() -> None:
    assert canonical_json(expect_document("acne scar", "ablative fractional", phototype=" iii-iv ")) == canonical_json(
        expect_document(*PAIR, phototype="III-IV")
    )


def test_the_document_is_whole_and_the_same_each_time() -> None:
    first = expect_document(*PAIR, patients=20, threshold=60, site="neck", phototype="I")
    synthesis.improvement.cache_clear()
    assert canonical_json(first) == canonical_json(
        expect_document(*PAIR, patients=20, threshold=60, site="neck", phototype="I")
    )
    assert {"schema", "version", "case_sha256", "seed", "warnings"} < set(first)
    assert {w["code"] for w in first["warnings"]} == {"not-modelled", "site-not-studied", "phototype-not-studied"}
    other = expect_document(*PAIR, patients=20, threshold=61)
    assert other["case_sha256"] != first["case_sha256"]


def test_pmf_threshold_and_estimates_agree() -> None:
    body = expect(*PAIR, patients=400, threshold=50)
    k = range(401)
    mean = sum(a * p for a, p in zip(k, body["predict"]["pmf"], strict=True)) / 400
    low, high = body["predict"]["intervals"]["80"]
    share = body["p_at_least"]["50"]
    assert share.low < mean < share.high
    # 400 patients add a sampling spread of at most 0.5 / 20 to the clinic's own share, which is far wider.
    assert low / 400 == pytest.approx(share.low, abs=0.025)
    assert high / 400 == pytest.approx(share.high, abs=0.025)
    shares = [body["p_at_least"][t].median for t in ("25", "50", "75")]
    assert shares == sorted(shares, reverse=True)


def test_fewer_patients_more_scatter() -> None:
    widths = []
    for patients in (10, 100, 1000):
        low, high = expect(*PAIR, patients=patients)["predict"]["intervals"]["80"]
        widths.append((high - low) / patients)
    assert widths == sorted(widths, reverse=True)


def test_lesions_are_taken_to_come_in_groups() -> None:
    of = {unit: expect_document("age-spots", "pigment-short-pulse", unit=unit) for unit in ("patients", "lesions")}
    widths = {unit: (lambda ends: ends[1] - ends[0])(doc["predict"]["intervals"]["95"]) for unit, doc in of.items()}
    assert widths["lesions"] > widths["patients"]
    assert "lesions-alike" in {w["code"] for w in of["lesions"]["warnings"]}


def test_unverified_rows_are_said() -> None:
    warnings = expect_document("freckles", "pigment-long-pulse")["warnings"]
    assert any(w["code"] == "unverified" and "kawada2002" in w["message"] for w in warnings)


def test_pih_is_never_zero_and_grows_with_skin_colour() -> None:
    for modality in {arm.modality for arm in arms() if arm.pih and not arm.harms_excluded}:
        light, dark = (pih_risk(modality, phototype=p) for p in ("I-III", "IV-V"))
        assert isinstance(light, dict)
        assert isinstance(dark, dict)
        assert 0 < light["p"].low < dark["p"].low
        assert light["p"].median < dark["p"].median
        assert light["pmf"][0] < 1
    assert isinstance(pih_risk("cryotherapy"), Unknown)


def test_durability_is_unknown_and_says_what_one_study_saw() -> None:
    kept = expect(*PAIR)["durability"]
    assert "ortiz2010" in kept["12"].reason
    assert "3 months" in kept["3"].reason


def test_sources_used_are_collected() -> None:
    with collect() as keys:
        expect(*PAIR)
    assert {"majid2014", "hedelund2012"} < set(keys)


def share(low: float, high: float) -> Estimate:
    return Estimate((low + high) / 2, low, high, 0.8, "pooled")


def test_words_hold_for_the_whole_interval() -> None:
    said = {share_in_words(share(*ends)).id for ends in ((0.95, 0.99), (0.6, 0.8), (0.4, 0.9), (0.01, 0.05))}
    assert said == {"share.almost-everybody", "share.most", "share.varies", "share.almost-nobody"}
    assert share_in_words(share(0.1, 0.45)).id == "share.fewer-than-half"
    amounts = [amount_in_words(share(low, 90.0)).id for low in (80.0, 55.0, 30.0, 5.0, -20.0)]
    assert amounts == ["amount.near-complete", "amount.marked", "amount.moderate", "amount.some", "amount.uncertain"]
    with pytest.raises(ValueError, match="share"):
        share_in_words(share(0.5, 1.2))


def test_expect_loads_numpy_alone_and_is_quick() -> None:
    code = (
        "import sys, time\n"
        "from skinbeam.evidence.expect import expect_document\n"
        "start = time.perf_counter()\n"
        "expect_document('acne-scars', 'fractional-ablative')\n"
        "print(time.perf_counter() - start)\n"
        "print([m for m in ('xarray', 'numba', 'scipy', 'matplotlib', 'pydantic', 'pandas') if m in sys.modules])\n"
        "print('numpy' in sys.modules)\n"
    )
    out = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split("\n")
    # 0.3 s is promised on an idle machine, where it takes 0.2 s; tests share theirs, so ten times that is left.
    assert float(out[0]) < 3.0
    assert out[1] == "[]"
    assert out[2] == "True"
