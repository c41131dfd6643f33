"""The promises that stand on several suitability rules hold."""

from collections.abc import Mapping
from typing import Any

import pytest
from smallest_cases import DIAGNOSED, spoke, world_of

from skinbeam.assessment.questionnaire import fact_tables
from skinbeam.model.case import Case
from skinbeam.model.errors import InputError
from skinbeam.model.input_files import parse_record
from skinbeam.model.sources import collect_sources
from skinbeam.model.vocabulary import PHOTOTYPES, laser_modalities, resolve_name, vocabulary_table
from skinbeam.suitability.judgement import judge_case, judge_suitability
from skinbeam.suitability.table import DECISIONS, decision_severity, load_rules

SUITABILITY = load_rules("suitability")
_SPOTS = {"condition": "age-spots", "site": "cheeks", **DIAGNOSED}


def _case(patient: Mapping[str, Any] | None = None, *concerns: Mapping[str, Any], **more: Any) -> Case:
    person = {"age_years": 40.0, "phototype": "II"} | dict(patient or {})
    given = concerns or ({"condition": "facial-telangiectasia", "site": "cheeks", **DIAGNOSED},)
    return parse_record(Case, {"patient": person, "concern": [dict(c) for c in given], **more}, file="case")


def _everywhere(case: Case) -> set[str]:
    return {judge_suitability(case, concern=case.concern[0], modality=name).decision for name in laser_modalities()}


def test_nothing_against_it_is_suitable() -> None:
    case = _case({"sex": "female"})
    found = judge_suitability(
        case, concern=case.concern[0], modality="vascular", device_wavelength_nm=595.0, pulse_ms=6.0
    )
    assert found.decision == "suitable"
    assert judge_case(case).decision == "suitable"


PIGMENTED = [
    "age-spots",
    "freckles",
    "melasma",
    "uneven-pigmentation",
    "post-inflammatory-hyperpigmentation",
    "poikiloderma",
]


@pytest.mark.parametrize("condition", PIGMENTED)
@pytest.mark.parametrize("modality", [*laser_modalities(), *fact_tables().modality_groups["fades-or-removes"]])
def test_an_undiagnosed_pigmented_lesion_refers_for_all_that_fades_or_removes_it(condition: str, modality: str) -> None:
    case = _case({}, {"condition": condition, "site": "neck"})
    found = judge_suitability(case, concern=case.concern[0], modality=modality)
    assert "pigmented-lesion-undiagnosed" in spoke(found)
    assert decision_severity(found.decision) >= decision_severity("refer")


def test_the_pigmented_conditions_are_these() -> None:
    assert {name for name, entry in vocabulary_table("condition").items() if entry["pigmented"]} == set(PIGMENTED)


def test_an_undiagnosed_lesion_refers_for_its_neighbour_in_the_field_and_for_the_plan() -> None:
    vessels = {"condition": "facial-telangiectasia", "site": "full-face", **DIAGNOSED}
    case = _case({}, vessels, {"condition": "age-spots", "site": "nose"})
    assert judge_suitability(case, concern=case.concern[0], modality="vascular").decision == "refer"
    apart = _case({}, vessels, {"condition": "age-spots", "site": "hands"})
    assert "pigmented-lesion-undiagnosed" not in spoke(
        judge_suitability(apart, concern=apart.concern[0], modality="vascular")
    )
    assert judge_case(case).decision == judge_case(apart).decision == "refer"


def test_an_undiagnosed_lesion_in_the_beam_refers_everywhere() -> None:
    case = _case(lesion=[{"kind": "undiagnosed"}])
    assert _everywhere(case) == {"refer"}


@pytest.mark.parametrize("sign", ["new", "changing", "bleeding", "irregular", "solitary-pearly"])
def test_a_bad_sign_refers_whatever_the_diagnosis(sign: str) -> None:
    case = _case({}, {"condition": "age-spots", "site": "hands", "lesion_signs": [sign], **DIAGNOSED})
    assert judge_case(case).decision == "refer"


def test_under_eighteen_refers_and_eighteen_does_not() -> None:
    assert judge_case(_case({"age_years": 17.9})).decision == "refer"
    assert judge_case(_case({"age_years": 18.0, "sex": "female"})).decision == "suitable"


@pytest.mark.parametrize("patient", [{"pregnant": True}, {"lactating": True}, {"tan": "current"}])
def test_what_passes_is_waited_for(patient: dict[str, Any]) -> None:
    found = judge_case(_case(patient))
    assert found.decision == "not-suitable"


@pytest.mark.parametrize("phototype", ["V", "VI", "II-V"])
def test_dark_skin_is_not_ablated_in_full(phototype: str) -> None:
    case = _case({"phototype": phototype}, {"condition": "wrinkles", "site": "cheeks"})
    assert judge_suitability(case, concern=case.concern[0], modality="ablative").decision == "not-suitable"
    assert judge_case(case).decision == "with-caution"


def test_the_darker_of_phototype_and_ita_counts() -> None:
    dark = _case({"phototype": "I", "ita_deg": 0.0}, {"condition": "wrinkles", "site": "cheeks"})
    assert judge_suitability(dark, concern=dark.concern[0], modality="ablative").decision == "not-suitable"
    light = _case({"phototype": "V", "ita_deg": 60.0}, {"condition": "wrinkles", "site": "cheeks"})
    assert judge_suitability(light, concern=light.concern[0], modality="ablative").decision == "not-suitable"


@pytest.mark.parametrize("site", ["neck", "decolletage", "hands", "arms"])
def test_full_field_ablation_stays_on_the_face(site: str) -> None:
    case = _case({}, {"condition": "wrinkles", "site": site})
    assert judge_suitability(case, concern=case.concern[0], modality="ablative").decision == "not-suitable"


def test_lines_of_movement_and_acne_flares_are_not_lasered() -> None:
    for condition in ("dynamic-wrinkles", "active-acne"):
        case = _case({}, {"condition": condition, "site": "forehead", **DIAGNOSED})
        assert _everywhere(case) == {"not-suitable"}
        assert judge_case(case).decision == "not-suitable"


def test_one_refused_concern_does_not_refuse_the_others_but_shows() -> None:
    lines = {"condition": "dynamic-wrinkles", "site": "glabella", **DIAGNOSED}
    case = _case({"sex": "female"}, {"condition": "facial-telangiectasia", "site": "nose", **DIAGNOSED}, lines)
    found = judge_case(case, {"facial-telangiectasia": ["vascular"]})
    assert found.decision == "with-caution"
    assert [r.about for r in found.reasons if r.rule == "dynamic-lines"] == ["dynamic-wrinkles at glabella"]


@pytest.mark.parametrize("site", ["eyelid", "periorbital"])
@pytest.mark.parametrize("pulse_ms", [2e-7, 1e-5, 3.0, 60.0])
@pytest.mark.parametrize("wavelength_nm", [694.0, 755.0, 810.0, 1064.0])
def test_deep_light_is_refused_inside_the_orbital_rim(site: str, wavelength_nm: float, pulse_ms: float) -> None:
    case = _case({}, {"condition": "age-spots", "site": site, **DIAGNOSED})
    for modality in ("pigment-long-pulse", "pigment-short-pulse", "vascular"):
        found = judge_suitability(
            case,
            concern=case.concern[0],
            modality=modality,
            device_wavelength_nm=wavelength_nm,
            pulse_ms=pulse_ms,
        )
        assert found.decision == "not-suitable"
        assert {"deep-light-near-eye", "eyewear-around-eyes", "corneal-shields"} <= spoke(found)


@pytest.mark.parametrize("wavelength_nm", [532.0, 595.0, 1550.0, 2940.0, 10600.0])
def test_light_that_stays_shallow_is_not_deep_light(wavelength_nm: float) -> None:
    case = _case({}, {"condition": "facial-telangiectasia", "site": "eyelid", **DIAGNOSED})
    found = judge_suitability(
        case, concern=case.concern[0], modality="vascular", device_wavelength_nm=wavelength_nm, pulse_ms=10.0
    )
    assert found.decision == "with-caution"
    assert "corneal-shields" in spoke(found)


def test_intense_pulsed_light_is_refused_there_and_kept_outside_on_the_whole_face() -> None:
    lid = _case({}, {"condition": "facial-telangiectasia", "site": "eyelid", **DIAGNOSED})
    assert judge_suitability(lid, concern=lid.concern[0], modality="vascular", ipl=True).decision == "not-suitable"
    face = _case({}, {"condition": "facial-telangiectasia", "site": "full-face", **DIAGNOSED})
    found = judge_suitability(face, concern=face.concern[0], modality="vascular", ipl=True)
    assert found.decision == "with-caution"
    assert {"deep-light-full-face", "eyewear-around-eyes"} <= spoke(found)


@pytest.mark.parametrize(
    "patient", [{"history": ["gold-therapy"]}, {"medications": [{"name": "Ridaura", "last_dose_months": 300}]}]
)
def test_gold_refuses_short_pulses_alone(patient: dict[str, Any]) -> None:
    case = _case(patient, {"condition": "age-spots", "site": "hands", **DIAGNOSED})
    concern = case.concern[0]
    assert judge_suitability(case, concern=concern, modality="pigment-short-pulse").decision == "not-suitable"
    assert judge_suitability(case, concern=concern, modality="ablative", pulse_ms=1e-5).decision == "not-suitable"
    long = judge_suitability(
        case, concern=concern, modality="pigment-long-pulse", device_wavelength_nm=532.0, pulse_ms=5.0
    )
    assert "gold" not in spoke(long)


@pytest.mark.parametrize(("wavelength_nm", "warns"), [(531.0, False), (532.0, True), (1100.0, True), (1550.0, False)])
def test_hair_is_warned_of_where_light_reaches_it(wavelength_nm: float, warns: bool) -> None:
    case = _case({"sex": "male"})
    found = judge_suitability(case, concern=case.concern[0], modality="vascular", device_wavelength_nm=wavelength_nm)
    assert ("hair-loss" in spoke(found)) is warns


def test_isotretinoin_is_told_from_every_side_and_the_strictest_wins() -> None:
    patient = {"medications": [{"name": "Roaccutane 20 mg", "last_dose_months": 3}]}
    case = _case(patient, {"condition": "acne-scars", "site": "cheeks", **DIAGNOSED})
    found = {name: judge_suitability(case, concern=case.concern[0], modality=name) for name in laser_modalities()}
    assert found["ablative"].decision == "not-suitable"
    assert found["fractional-ablative"].decision == found["non-ablative-fractional"].decision == "with-caution"
    for name in ("ablative", "fractional-ablative", "non-ablative-fractional", "vascular"):
        assert "sources-differ-isotretinoin" in spoke(found[name])
    differing = next(r for r in found["fractional-ablative"].reasons if r.rule == "sources-differ-isotretinoin")
    assert "Spring says suitable" in differing.message.text
    assert "Waldman says with caution" in differing.message.text


@pytest.mark.parametrize(("months", "decision"), [(6.0, "not-suitable"), (6.1, "with-caution"), (12.1, "suitable")])
def test_isotretinoin_wears_off(months: float, decision: str) -> None:
    patient = {"medications": [{"name": "isotretinoin", "last_dose_months": months}]}
    case = _case(patient, {"condition": "wrinkles", "site": "cheeks", **DIAGNOSED})
    assert judge_suitability(case, concern=case.concern[0], modality="ablative").decision == decision


def test_what_is_not_known_is_asked_for() -> None:
    concern = {"condition": "wrinkles", "site": "cheeks"}
    case = parse_record(Case, {"patient": {"age_years": 40.0, "sex": "female"}, "concern": [concern]}, file="case")
    for found in (
        judge_case(case),
        judge_suitability(case),
        judge_suitability(case, concern=case.concern[0], modality="ablative"),
    ):
        assert "ask-phototype" in spoke(found)
    nobody = parse_record(Case, {"concern": [concern]}, file="case")
    assert {"ask-age", "ask-phototype"} <= spoke(judge_case(nobody))


@pytest.mark.parametrize("sites", [("cheeks",), ("cheeks", "hands"), ("cheeks", "hands", "neck")])
def test_a_question_is_asked_once_of_a_whole_plan(sites: tuple[str, ...]) -> None:
    """ "The phototype is not known" stood three times, each time with another number of rules."""
    names = ("facial-telangiectasia", "age-spots", "wrinkles")
    concerns = [{"condition": name, "site": site, **DIAGNOSED} for name, site in zip(names, sites, strict=False)]
    case = parse_record(Case, {"concern": concerns}, file="case")
    asked = [reason for reason in judge_case(case).reasons if reason.rule.startswith("ask-")]
    assert sorted(reason.rule for reason in asked) == ["ask-age", "ask-phototype"]
    for reason in asked:
        single = [
            one.message.params["rules"]
            for concern in case.concern
            for one in judge_suitability(case, concern=concern).reasons
            if one.rule == reason.rule
        ]
        assert reason.message.params["rules"] >= max(single)


def test_without_a_colour_no_laser_that_removes_skin_or_heats_pigment_is_planned() -> None:
    """Leaving the phototype out must not be milder than saying V."""
    unsaid = parse_record(Case, {"patient": {"age_years": 40.0}, "concern": [_SPOTS]}, file="case")
    for modality in laser_modalities():
        found = judge_suitability(unsaid, concern=unsaid.concern[0], modality=modality)
        withheld = modality != "non-ablative-fractional"  # heats water, which every skin holds alike
        assert (found.decision == "refer") is withheld
        assert ("colour-not-known" in spoke(found)) is withheld
        for colour in ({"phototype": "V"}, {"ita_deg": -20.0}):
            said = parse_record(Case, {"patient": {"age_years": 40.0, **colour}, "concern": [_SPOTS]}, file="case")
            assert "colour-not-known" not in spoke(judge_suitability(said, concern=said.concern[0], modality=modality))


@pytest.mark.parametrize("wavelength_nm", [510.0, 532.0, 585.0])
@pytest.mark.parametrize("phototype", PHOTOTYPES)
def test_no_short_green_pulse_for_melasma_and_dark_marks_nor_on_the_darkest_skins(
    phototype: str, wavelength_nm: float
) -> None:
    dark = phototype in ("V", "VI")
    for condition, refused in (
        ("melasma", True),
        ("post-inflammatory-hyperpigmentation", True),
        ("age-spots", dark),
        ("freckles", dark),
        ("uneven-pigmentation", dark),
    ):
        case = _case({"phototype": phototype}, {"condition": condition, "site": "cheeks", **DIAGNOSED})
        choice: dict[str, Any] = {"concern": case.concern[0], "modality": "pigment-short-pulse", "pulse_ms": 1e-5}
        found = judge_suitability(case, **choice, device_wavelength_nm=wavelength_nm)
        assert (found.decision == "not-suitable") is refused
        assert judge_suitability(case, **choice, device_wavelength_nm=1064.0).decision != "not-suitable"


@pytest.mark.parametrize("modality", ["vascular", "pigment-long-pulse", "non-ablative-fractional"])
def test_a_short_green_pulse_is_one_whatever_the_device_is_called(modality: str) -> None:
    melasma = _case({"phototype": "II"}, {"condition": "melasma", "site": "cheeks", **DIAGNOSED})
    dark = _case({"phototype": "V"}, {"condition": "facial-telangiectasia", "site": "cheeks", **DIAGNOSED})
    for case in (melasma, dark):
        choice: dict[str, Any] = {"concern": case.concern[0], "modality": modality, "device_wavelength_nm": 532.0}
        assert judge_suitability(case, **choice, pulse_ms=1e-5).decision == "not-suitable"
        long = judge_suitability(case, **choice, pulse_ms=10.0)
        assert not {"short-pulse-green-melasma", "short-pulse-green-dark-skin"} & spoke(long)


@pytest.mark.parametrize("site", ["cheeks", "full-face"])
def test_spots_that_share_skin_with_melasma_get_no_short_green_pulse(site: str) -> None:
    melasma = {"condition": "melasma", "site": "cheeks", **DIAGNOSED}
    case = _case({"phototype": "II"}, melasma, {"condition": "age-spots", "site": site, **DIAGNOSED})
    choice: dict[str, Any] = {"concern": case.concern[1], "modality": "pigment-short-pulse", "pulse_ms": 1e-5}
    assert judge_suitability(case, **choice, device_wavelength_nm=532.0).decision == "not-suitable"
    found = judge_suitability(case, **choice, device_wavelength_nm=1064.0)
    assert found.decision == "with-caution"
    assert "melasma-history" in spoke(found)
    apart = _case({"phototype": "II"}, melasma, {"condition": "age-spots", "site": "hands", **DIAGNOSED})
    free = judge_suitability(
        apart, concern=apart.concern[1], modality="pigment-short-pulse", device_wavelength_nm=532.0
    )
    assert not {"short-pulse-green-melasma", "melasma-history"} & spoke(free)


def test_words_that_name_melasma_among_others_mean_melasma() -> None:
    assert resolve_name("condition", "uneven pigmentation (PIH, melasma, mixed)", field="x") == "melasma"


@pytest.mark.parametrize(
    ("phototype", "decision"), [("III", "suitable"), ("IV", "with-caution"), ("V", "with-caution")]
)
def test_dark_skin_is_never_told_a_plain_yes(phototype: str, decision: str) -> None:
    case = _case({"phototype": phototype}, {"condition": "facial-telangiectasia", "site": "cheeks", **DIAGNOSED})
    assert judge_case(case).decision == decision


def test_a_tattoo_is_named_before_every_laser_and_in_the_decision() -> None:
    for word in ("tattoo-in-field", "permanent-make-up"):
        case = _case({"history": [word]}, {"condition": "wrinkles", "site": "cheeks", **DIAGNOSED})
        for modality in laser_modalities():
            assert "tattoo" in spoke(judge_suitability(case, concern=case.concern[0], modality=modality))
        (told,) = [r for r in judge_case(case, {"wrinkles": ["ablative"]}).reasons if r.rule == "tattoo"]
        assert "Cover it" in told.message.text


def test_reasons_are_ordered_and_cited() -> None:
    case = _case(
        {"history": ["lupus", "keloid", "vitiligo"], "tan": "recent"}, {"condition": "wrinkles", "site": "neck"}
    )
    with collect_sources() as keys:
        found = judge_suitability(case, concern=case.concern[0], modality="ablative")
    weights = [decision_severity(reason.decision) for reason in found.reasons]
    assert weights == sorted(weights, reverse=True)
    assert found.decision == found.reasons[0].decision
    order = {rule.id: rule.order for rule in load_rules()}
    places = [(-decision_severity(r.decision), order[r.rule]) for r in found.reasons if r.rule in order]
    assert places == sorted(places)
    assert set(keys) == {reason.source for reason in found.reasons}
    record = found.as_record()
    assert set(record["reasons"][0]) >= {"rule", "text", "source"}


def test_a_plan_is_never_milder_than_what_decides_the_case() -> None:
    deciding = [rule for rule in SUITABILITY if rule.decides == "case"]
    assert deciding
    for rule in deciding:
        case = world_of(rule, fires=True).case()
        lasers = [name for name in laser_modalities() if name in rule.modalities]
        assert lasers
        # A rule on some lasers decides where one of them would be the mildest choice.
        offered = None if set(lasers) == set(laser_modalities()) else {one.condition: lasers for one in case.concern}
        assert decision_severity(judge_case(case, offered).decision) >= decision_severity(rule.decision), rule.id


def test_an_unknown_modality_is_named() -> None:
    with pytest.raises(InputError, match='unknown modality "lazer"'):
        judge_suitability(_case(), modality="lazer")


def test_decisions_are_ordered() -> None:
    assert [decision_severity(decision) for decision in DECISIONS] == [0, 1, 2, 3]


def test_what_is_stated_is_not_asked_nor_told_twice() -> None:
    """Epilepsy that is in the history is not asked for, and cold sores have one sentence on the antiviral."""
    told = {
        history: judge_suitability(
            case := _case(
                {"history": list(history), "medications": [{"name": "levetiracetam"}]},
                {"condition": "perioral-lines", "site": "perioral"},
            ),
            concern=case.concern[0],
            modality="fractional-ablative",
        )
        for history in ((), ("epilepsy", "herpes-labialis"))
    }
    assert {"antiepileptic-ask", "antiviral-around-mouth"} <= spoke(told[()])
    assert spoke(told[("epilepsy", "herpes-labialis")]).isdisjoint({"antiepileptic-ask", "antiviral-around-mouth"})
    assert {"epilepsy-light", "antiviral-history"} <= spoke(told[("epilepsy", "herpes-labialis")])


@pytest.mark.parametrize(("wavelength_nm", "site"), [(1064.0, "nose"), (1064.0, "cheeks"), (595.0, "nose")])
def test_deep_light_is_never_stacked_and_spares_the_wing_of_the_nose(wavelength_nm: float, site: str) -> None:
    case = _case({}, {"condition": "facial-telangiectasia", "site": site})
    found = judge_suitability(
        case, concern=case.concern[0], modality="vascular", device_wavelength_nm=wavelength_nm, pulse_ms=30.0
    )
    assert ("deep-light-not-stacked" in spoke(found)) is (wavelength_nm > 1000.0)
    assert ("deep-light-on-nose" in spoke(found)) is (wavelength_nm > 1000.0 and site == "nose")
