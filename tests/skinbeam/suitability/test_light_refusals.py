"""Skin on which light is refused or waits: beside melasma and acne, after radiation, and with epilepsy."""

from typing import Any

import pytest
from decision_samples import NAMED, decide

from skinbeam.model.case import Case
from skinbeam.model.conditions import known_sites
from skinbeam.model.consultation import HISTORY
from skinbeam.model.input_files import parse_record
from skinbeam.model.suggestions import word_hint
from skinbeam.model.vocabulary import COLOUR_MODALITIES, SURFACE_MODALITIES, WOUNDING_MODALITIES, laser_modalities
from skinbeam.suitability.judgement import judge_case, judge_suitability


def test_no_lamp_on_what_lies_beside_melasma() -> None:
    spots = {"choice": {"device_wavelength_nm": 560.0, "pulse_ms": 2.0, "ipl": True}}
    assert decide("pigment-long-pulse", "age-spots", beside="melasma", **spots)[0] == "not-suitable"
    assert decide("pigment-long-pulse", "age-spots", **spots)[0] != "not-suitable"
    assert decide("vascular", "facial-telangiectasia", beside="melasma", **spots)[0] == "not-suitable"
    dye = {"choice": {"device_wavelength_nm": 595.0, "pulse_ms": 10.0}}
    assert decide("vascular", "facial-telangiectasia", beside="melasma", **dye)[0] == "with-caution"


def test_a_lens_array_is_no_spot_of_755_nm_on_dark_skin() -> None:
    light = {"device_wavelength_nm": 755.0, "pulse_ms": 7.5e-7}
    dark = {"phototype": "V", "choice": light}
    spot, _ = decide("pigment-short-pulse", "uneven-pigmentation", **dark)
    array, _ = decide("pigment-short-pulse", "uneven-pigmentation", phototype="V", choice=light | {"lens_array": True})
    assert spot == "not-suitable"
    assert array == "with-caution"


@pytest.mark.parametrize(
    ("light", "rule"),
    [
        ({"device_wavelength_nm": 585.0, "pulse_ms": 20.0, "ipl": True}, "lamp-dark-skin"),
        ({"device_wavelength_nm": 755.0, "pulse_ms": 20.0}, "long-pulse-red-dark-skin"),
        ({"device_wavelength_nm": 595.0, "pulse_ms": 10.0, "cooled": True}, None),
        ({"device_wavelength_nm": 1064.0, "pulse_ms": 30.0}, None),
    ],
)
@pytest.mark.parametrize("phototype", ["IV", "V", "VI"])
def test_lamps_and_long_pulses_of_755_nm_are_not_for_the_darkest_skin(
    light: dict[str, Any], rule: str | None, phototype: str
) -> None:
    """On scars and wide veins of such skin they were refused for want of a printed dose, which no doctor would say."""
    decision, rules = decide("vascular", "facial-telangiectasia", phototype=phototype, choice=light)
    is_barred = rule is not None and phototype != "IV"
    assert (decision == "not-suitable") is is_barred
    assert rule is None or (rule in rules) is is_barred


@pytest.mark.parametrize("condition", ["acne-scars", "skin-texture"])
def test_a_lens_array_does_not_rebuild_skin_over_acne(condition: str) -> None:
    """Where columns wait for acne of the same cheeks, scars got four sessions of a lens array from week 0 on."""
    light = {"choice": {"device_wavelength_nm": 755.0, "pulse_ms": 5.5e-7, "lens_array": True}}
    assert decide("pigment-short-pulse", condition, beside="active-acne", **light)[0] == "not-suitable"
    assert decide("pigment-short-pulse", condition, **light)[0] != "not-suitable"


LAMP = {"ipl": True, "device_wavelength_nm": 560.0, "pulse_ms": 10.0}


def test_light_that_leaves_the_skin_closed_does_not_wait_for_acne_beside() -> None:
    """Resurfacing makes acne flare; light for vessels does not, and many who redden have some spots."""
    assert "inflamed-acne-beside" not in decide("vascular", "redness", beside="active-acne")[1]


@pytest.mark.parametrize(
    ("modality", "condition", "light"),
    [
        ("vascular", "redness", {"device_wavelength_nm": 595.0, "pulse_ms": 6.0}),
        ("pigment-short-pulse", "age-spots", {"device_wavelength_nm": 532.0, "pulse_ms": 1e-5}),
    ],
)
def test_inflamed_acne_holds_light_back_ticked_or_listed(modality: str, condition: str, light: dict[str, Any]) -> None:
    """A tick at "Inflamed acne now" refused a dye laser, and moderate acne listed for the same cheeks did not."""
    light = light | {"lens_array": False}

    def listed(severity: str) -> str:
        concerns = [
            {"condition": condition, "site": "cheeks", **NAMED},
            {"condition": "active-acne", "site": "full-face", "severity": severity},
        ]
        person = {"age_years": 40.0, "sex": "female", "phototype": "II"}
        case = parse_record(Case, {"patient": person, "concern": concerns}, file="case")
        return judge_suitability(case, concern=case.concern[0], modality=modality, **light).decision

    ticked, _ = decide(modality, condition, history=["active-inflammatory-acne"], choice=light)
    assert ticked == listed("moderate") == listed("mild-severe") == "not-suitable"
    assert listed("mild") == "suitable"


def test_epilepsy_leaves_flashing_lamps_to_the_doctor_and_covers_the_eyes_for_every_light() -> None:
    asked = {"modality": "vascular", "condition": "redness", "history": ["epilepsy"]}
    assert decide(**asked, choice=LAMP)[0] == "refer"
    decision, rules = decide(**asked, choice={"device_wavelength_nm": 595.0, "pulse_ms": 10.0})
    assert decision == "with-caution"
    assert "epilepsy-light" in rules
    assert word_hint(["seizures"], HISTORY) == word_hint(["epileptic"], HISTORY) == 'Did you mean "epilepsy"? '


@pytest.mark.parametrize("condition", ["post-inflammatory-hyperpigmentation", "melasma", "uneven-pigmentation"])
def test_a_field_is_not_toned_over_inflamed_acne(condition: str) -> None:
    short = {"choice": {"pulse_ms": 5e-6, "device_wavelength_nm": 1064.0}}
    assert "inflamed-acne-marks" not in decide("pigment-short-pulse", condition, **short)[1]
    decision, rules = decide("pigment-short-pulse", condition, beside="active-acne", **short)
    assert decision == "not-suitable"
    assert "inflamed-acne-marks" in rules
    assert "inflamed-acne-marks" not in decide("pigment-short-pulse", "age-spots", beside="active-acne", **short)[1]


@pytest.mark.parametrize("condition", ["age-spots", "freckles"])
@pytest.mark.parametrize("wavelength_nm", [532.0, 694.0, 730.0, 755.0, 785.0])
@pytest.mark.parametrize("pulse_ms", [5e-7, 5e-5])
def test_no_pulse_that_whitens_a_spot_is_fired_into_melasma(
    condition: str, wavelength_nm: float, pulse_ms: float
) -> None:
    chosen = {"choice": {"pulse_ms": pulse_ms, "device_wavelength_nm": wavelength_nm}}
    assert decide("pigment-short-pulse", condition, beside="melasma", **chosen)[0] == "not-suitable"
    assert decide("pigment-short-pulse", condition, **chosen)[0] != "not-suitable"


@pytest.mark.parametrize("condition", ["acne-scars", "wrinkles", "facial-telangiectasia", "age-spots"])
@pytest.mark.parametrize("site", ["nose", "full-face", "cheeks"])
def test_melasma_next_to_a_field_is_told_of_whatever_heats_or_wounds_it(condition: str, site: str) -> None:
    patient = {"age_years": 40.0, "sex": "male", "phototype": "III"}
    concerns = [{"condition": condition, "site": "cheeks", **NAMED}, {"condition": "melasma", "site": site, **NAMED}]
    case = parse_record(Case, {"patient": patient, "concern": concerns}, file="case")
    alone = parse_record(Case, {"patient": patient, "concern": concerns[:1]}, file="case")
    for modality in (*COLOUR_MODALITIES, *SURFACE_MODALITIES):
        found = judge_suitability(case, concern=case.concern[0], modality=modality)
        assert found.decision != "suitable"
        new = {one.rule for one in found.reasons} - {
            one.rule for one in judge_suitability(alone, concern=alone.concern[0], modality=modality).reasons
        }
        assert any("melasma" in rule for rule in new)
        if modality in ("ablative", "fractional-ablative"):
            assert found.decision in ("refer", "not-suitable")


LAMPS = [("pigment-long-pulse", "age-spots", {}), ("vascular", "redness", {"choice": {"ipl": True}})]


@pytest.mark.parametrize(("modality", "condition", "choice"), LAMPS)
@pytest.mark.parametrize("site", sorted(name for name, one in known_sites().items() if one.use == "treatment"))
def test_a_past_melasma_bars_lamps_where_it_nearly_always_was_and_is_asked_about_elsewhere(
    modality: str, condition: str, choice: Any, site: str
) -> None:
    decision, rules = decide(modality, condition, site, history=["melasma"], **choice)
    if site in ("decolletage", "hands", "arms", "back", "abdomen"):
        assert decision == "with-caution"
        assert "lamp-after-melasma-elsewhere" in rules
        assert decide(modality, condition, site, beside="melasma", **choice)[0] == "not-suitable"
    else:
        assert decision == "not-suitable"
        assert "lamp-after-melasma-elsewhere" not in rules


@pytest.mark.parametrize("modality", [*laser_modalities(), *WOUNDING_MODALITIES, "chemical-peel"])
@pytest.mark.parametrize("site", ["cheeks", "hands"])
def test_whoever_was_irradiated_is_asked_where_and_refused_until_then(modality: str, site: str) -> None:
    patient = {"age_years": 40.0, "sex": "male", "phototype": "II", "history": ["radiotherapy-field"]}
    case = parse_record(Case, {"patient": patient, "concern": [{"condition": "laxity", "site": site}]}, file="case")
    found = judge_suitability(case, concern=case.concern[0], modality=modality)
    assert found.decision in ("refer", "not-suitable")
    assert any("Ask where it was" in one.message.text for one in found.opposing_reasons)


@pytest.mark.parametrize("modality", ["fractional-ablative", "non-ablative-fractional", "microneedling"])
@pytest.mark.parametrize(("acne", "is_told"), [("cheeks", True), ("decolletage", False)])
def test_acne_beside_scars_is_told_before_they_are_resurfaced(modality: str, acne: str, is_told: bool) -> None:
    """Scars of the jaw beside moderate acne of the cheeks had a session in week 0, and not a word of the acne."""
    concerns = [{"condition": "acne-scars", "site": "jaw"}, {"condition": "active-acne", "site": acne}]
    patient = {"age_years": 30.0, "sex": "male", "phototype": "II"}
    case = parse_record(Case, {"patient": patient, "concern": concerns}, file="case")
    found = judge_suitability(case, concern=case.concern[0], modality=modality)
    assert ("inflamed-acne-touching" in {one.rule for one in found.reasons}) is is_told
    assert found.decision == ("with-caution" if is_told else "suitable")


@pytest.mark.parametrize(
    ("word", "modality", "condition", "there", "elsewhere", "rule"),
    [
        ("active-inflammatory-acne", "pigment-long-pulse", "age-spots", "cheeks", "hands", "inflamed-acne-in-field"),
        ("active-inflammatory-acne", "radiofrequency", "wrinkles", "decolletage", "hands", "inflamed-acne-needling"),
        ("active-inflammatory-acne", "chemical-peel", "age-spots", "cheeks", "hands", "inflamed-acne-without-laser"),
        ("permanent-make-up", "pigment-long-pulse", "age-spots", "cheeks", "hands", "tattoo"),
        ("herpes-labialis", "fractional-ablative", "surgical-scars", "chin", "arms", "antiviral-history"),
    ],
)
def test_what_a_person_has_on_the_face_holds_nothing_back_where_it_cannot_be(
    word: str, modality: str, condition: str, there: str, elsewhere: str, rule: str
) -> None:
    """Acne of the face refused every light on spots of the hands, and a scar of the arm waited for an antiviral."""
    assert rule in decide(modality, condition, there, history=[word])[1]
    assert rule not in decide(modality, condition, elsewhere, history=[word])[1]
    if word == "permanent-make-up":
        assert rule in decide(modality, condition, elsewhere, history=["tattoo-in-field"])[1]


def test_a_dye_laser_is_not_refused_for_what_resurfacing_does_to_acne() -> None:
    person = {"age_years": 40.0, "sex": "female", "phototype": "II", "history": ["active-inflammatory-acne"]}
    case = parse_record(Case, {"patient": person, "concern": [{"condition": "redness", "site": "cheeks"}]}, file="case")
    found = judge_suitability(case, concern=case.concern[0], modality="vascular")
    (told,) = [one.message.text for one in found.opposing_reasons]
    assert "no other light" in told


def test_acne_of_the_face_refuses_the_face_and_not_the_hands_beside_it() -> None:
    """Spots of the hands were refused where spots of the cheeks stood in the same consultation."""
    person = {"age_years": 40.0, "sex": "female", "phototype": "II", "history": ["active-inflammatory-acne"]}
    cheeks, hands = ({"condition": "age-spots", "site": site, **NAMED} for site in ("cheeks", "hands"))
    decisions = []
    for concerns in ([cheeks], [hands], [cheeks, hands]):
        judged = judge_case(parse_record(Case, {"patient": person, "concern": concerns}, file="case"))
        about = {reason.about for reason in judged.reasons if reason.rule == "inflamed-acne-in-field"}
        decisions.append((judged.decision, about))
    here = {"age-spots at cheeks"}
    assert decisions == [("not-suitable", here), ("suitable", set()), ("with-caution", here)]


@pytest.mark.parametrize(
    ("modality", "condition", "is_told"),
    [
        ("vascular", "redness", True),
        ("pigment-long-pulse", "age-spots", True),
        ("pigment-short-pulse", "age-spots", True),
        ("non-ablative-fractional", "wrinkles", False),
    ],
)
def test_moles_are_kept_from_light_that_melanin_absorbs(modality: str, condition: str, is_told: bool) -> None:
    """A plan for a face of moles said nothing of them."""
    decision, rules = decide(modality, condition)
    assert ("moles-in-field" in rules) is is_told
    assert decision == "suitable"
