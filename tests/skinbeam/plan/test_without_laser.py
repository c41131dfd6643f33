"""What is done without a laser is judged by the same rules: refused, told with caution, or left alone."""

from typing import Any

import pytest
from consultations import NAMED, PERSON, concern, devices, document, loaded
from plan_reading import read_plan

from skinbeam.model.estimate import Unknown
from skinbeam.plan.concern import _other_options
from skinbeam.report.leaflet.choices import leaflet_choices
from skinbeam.text import Message, render_message

OTHER_LASER = devices("ndyag-1064")  # for vessels alone, so that nothing is searched


def plan_of(condition: str, person: str = "", *, site: str = "cheeks", extra: str = NAMED) -> Any:
    (part,) = document(PERSON + person + concern(condition, site, extra) + OTHER_LASER)["concerns"]
    return part


def offered(part: Any) -> set[str]:
    return {option["modality"] for option in part["options"]}


def refused(part: Any) -> dict[str, Any]:
    return {one["modality"]: one for one in part["refused"]}


def test_pregnancy_takes_creams_off_the_list_and_says_why() -> None:
    part = plan_of("melasma", "pregnant = true\n")
    assert "topical-depigmenting" not in offered(part)
    assert {"sun-protection", "no-treatment"} <= offered(part)
    cream = refused(part)["topical-depigmenting"]
    assert cream["source"] == "uktishydroquinone"
    assert [one["id"] for one in cream["reasons"]] == ["rules.bleaching-cream-in-pregnancy"]
    assert refused(plan_of("wrinkles", "pregnant = true\n"))["topical-retinoid"]["source"] == "ema2018retinoids"


def test_a_spot_that_nobody_named_is_not_frozen_and_may_be_kept_from_the_sun() -> None:
    part = plan_of("age-spots", extra="")
    assert offered(part) == {"sun-protection", "no-treatment"}
    assert {"cryotherapy", "topical-retinoid", "topical-depigmenting"} <= set(refused(part))


def test_keloids_in_the_past_leave_acne_scars_no_needle_peel_or_knife() -> None:
    part = plan_of("acne-scars", 'history = ["keloid"]\n')
    assert {"chemical-peel", "microneedling", "surgery"} <= set(refused(part))
    assert "filler" in offered(part)  # with a caution
    (filler,) = (one for one in part["options"] if one["modality"] == "filler")
    assert "raised-scars-without-laser" in {reason["rule"] for reason in filler["reasons"]}


@pytest.mark.parametrize("site", ["hands", "decolletage"])
def test_loose_skin_that_no_lift_reaches_is_not_sent_to_a_surgeon_on_the_word_of_face_lifts(site: str) -> None:
    """Surgery stood first for the back of the hand, with the result of face-lifts."""
    part = plan_of("laxity", site=site)
    assert [one["id"] for one in refused(part)["surgery"]["reasons"]] == ["rules.laxity-lift-elsewhere"]
    assert "radiofrequency" in offered(part)
    assert "surgery" in offered(plan_of("laxity", site="neck"))


def test_surgery_of_the_arms_is_not_told_with_the_result_of_a_face_lift() -> None:
    def half_improved(site: str) -> Any:
        options = plan_of("laxity", site=site)["options"]
        (surgery,) = (option for option in options if option["modality"] == "surgery")
        return surgery["expected"]["p_at_least"]["50"]

    assert "another operation" in half_improved("arms")["unknown"]
    assert "median" in half_improved("full-face")


@pytest.mark.parametrize("condition", ["laxity", "wrinkles"])
def test_volume_is_told_for_hands_alone(condition: str) -> None:
    assert "filler" in offered(plan_of(condition, site="hands"))
    assert "filler" not in offered(plan_of(condition, site="arms"))


@pytest.mark.parametrize(("site", "is_first"), [("hands", True), ("cheeks", False)])
def test_melasma_of_the_face_does_not_put_creams_before_the_laser_on_hands(site: str, is_first: bool) -> None:
    """Lamps and ablation asked for past melasma on the face alone; short pulses on hands came after creams."""
    history = PERSON + 'history = ["melasma"]\n'
    (part,) = document(history + concern("age-spots", site, NAMED) + devices("qs-ndyag-532-1064"))["concerns"]
    (light,) = (option for option in part["options"] if option["modality"] == "pigment-short-pulse")
    assert (light["rank"] == 1) is is_first
    assert ("short-pulse-after-melasma" in {reason["rule"] for reason in light["reasons"]}) is not is_first


@pytest.mark.parametrize(("phototype", "ita_deg"), [("IV", 20.0), ("V", -10.0)])
def test_full_field_ablation_of_dark_skin_is_refused_by_one_sentence(phototype: str, ita_deg: float) -> None:
    """Type V read twice, in other words, that the top skin is not taken off."""
    person = PERSON.replace('"II"', f'"{phototype}"').replace("ita_deg = 60.0", f"ita_deg = {ita_deg}")
    (part,) = document(person + concern("perioral-lines", "perioral", NAMED) + devices("co2-10600"))["concerns"]
    reasons = [one["id"] for one in refused(part)["ablative"]["reasons"]]
    assert len([one for one in reasons if one.endswith("-skin-full-field")]) == 1, reasons


@pytest.mark.parametrize(("site", "is_told"), [("hands", True), ("arms", True), ("nose", False)])
def test_small_vessels_of_hands_and_arms_are_looked_at_before_they_are_treated(site: str, is_told: bool) -> None:
    """They had the settings of the face and no word of the diseases that begin with them."""
    (part,) = document(PERSON + concern("facial-telangiectasia", site) + devices("pulsed-dye-595"))["concerns"]
    (light,) = (option for option in part["options"] if option["modality"] == "vascular")
    assert ("veins-off-the-face-ask" in {reason["rule"] for reason in light["reasons"]}) is is_told


@pytest.mark.parametrize(("age", "is_told"), [(60, False), (85, True)])
def test_over_65_years_a_resurfaced_lip_is_said_to_close_later(age: int, is_told: bool) -> None:
    person = PERSON.replace("age_years = 45", f"age_years = {age}")
    (part,) = document(person + concern("perioral-lines", "perioral") + devices("co2-10600"))["concerns"]
    (field,) = (option for option in part["options"] if option["modality"] == "ablative")
    assert ("older-skin-heals-later" in {reason["rule"] for reason in field["reasons"]}) is is_told


def test_a_keloid_itself_may_be_injected_and_frozen() -> None:
    part = plan_of("keloid", site="jaw")
    assert {"intralesional-steroid", "silicone", "cryotherapy"} <= offered(part)
    (knife,) = (one for one in part["refused"] if one["modality"] == "surgery")  # by itself it brings a greater one
    assert knife["source"]


@pytest.mark.parametrize(("phototype", "frozen"), [("II", True), ("IV", False), ("V", False), ("VI", False)])
def test_a_brown_spot_is_frozen_on_light_skin_alone(phototype: str, frozen: bool) -> None:
    person = PERSON.replace('"II"', f'"{phototype}"').replace("ita_deg = 60.0\n", "")
    (part,) = document(person + concern("age-spots") + OTHER_LASER)["concerns"]
    assert ("cryotherapy" in offered(part)) is frozen
    if frozen:
        (cold,) = (one for one in part["options"] if one["modality"] == "cryotherapy")
        assert ("freezing-darker-skin" in {reason["rule"] for reason in cold["reasons"]}) is (phototype == "IV")


def test_a_pacemaker_bars_radiofrequency_and_no_laser() -> None:
    made = document(PERSON + 'history = ["pacemaker"]\n' + concern("laxity", "jaw") + OTHER_LASER)
    (part,) = made["concerns"]
    assert "radiofrequency" not in offered(part)
    assert (
        made["suitability"]["decision"]
        == document(PERSON + concern("laxity", "jaw") + OTHER_LASER)["suitability"]["decision"]
    )


def test_why_there_is_no_laser_tells_nothing_of_other_treatments() -> None:
    part = plan_of("melasma", "pregnant = true\n")
    said = {one["text"]["text"] for one in part["no_laser"]}
    assert render_message("rules.bleaching-cream-in-pregnancy") not in said


@pytest.mark.parametrize(
    ("person", "frozen"),
    [
        ('history = ["melasma"]', True),  # light skin: with caution
        ('history = ["melasma"]', False),
        ('tan = "current"', False),
        ('tan = "none"', True),
    ],
)
def test_a_spot_is_not_frozen_beside_melasma_of_darker_skin_nor_under_a_tan(person: str, frozen: bool) -> None:
    phototype = "II" if frozen or "tan" in person else "IV"
    patient = PERSON.replace('"II"', f'"{phototype}"').replace("ita_deg = 60.0\n", "")
    (part,) = document(patient + person + "\n" + concern("age-spots") + OTHER_LASER)["concerns"]
    assert ("cryotherapy" in offered(part)) is frozen


def test_a_scar_may_be_frozen_beside_melasma() -> None:
    assert "cryotherapy" in offered(plan_of("keloid", 'history = ["melasma"]\ntan = "recent"\n', site="jaw"))


def test_vitiligo_takes_the_bleaching_cream_off_the_list() -> None:
    assert "topical-depigmenting" in offered(plan_of("melasma"))
    part = plan_of("melasma", 'history = ["vitiligo"]\n')
    assert refused(part)["topical-depigmenting"]["source"] == "swisshydroquinone"
    assert "sun-protection" in offered(part)


def test_breast_feeding_is_told_by_what_is_put_off_and_what_is_not() -> None:
    part = plan_of("wrinkles", "lactating = true\n")
    assert {"botulinum-toxin", "chemical-peel", "topical-retinoid"} & offered(part)
    for option in part["options"]:
        rules = {reason["rule"] for reason in option["reasons"]}
        if option["modality"] in ("botulinum-toxin", "chemical-peel"):
            assert "lactation-peel-or-toxin" in rules
        if option["modality"] == "topical-retinoid":
            assert "cream-while-breast-feeding" in rules


NEEDLES_AND_PEELS = {"chemical-peel", "microneedling"}


@pytest.mark.parametrize(
    ("history", "wounded"),
    [
        (["diabetes-uncontrolled"], {"chemical-peel"}),
        (["immunosuppression"], {"chemical-peel"}),
        (["hiv", "immunosuppression"], {"chemical-peel"}),  # one risk under two words
        (["diabetes-uncontrolled", "immunosuppression"], set()),
    ],
)
def test_two_things_that_hinder_healing_leave_no_needle_and_no_peel(history: list[str], wounded: set[str]) -> None:
    told = f"history = {history}\n".replace("'", '"')
    assert offered(plan_of("melasma", told)) & NEEDLES_AND_PEELS == wounded
    # The acid of scars wounds the dermis: one risk is enough.
    assert offered(plan_of("acne-scars", told)) & NEEDLES_AND_PEELS == set()


@pytest.mark.parametrize(
    ("condition", "site", "subtypes", "kind"),
    [
        ("acne-scars", "cheeks", '["ice-pick"]', "acid-dots"),
        ("freckles", "cheeks", "", "phenol"),
        ("melasma", "cheeks", "", "superficial"),
    ],
)
def test_a_peel_is_named_by_what_was_done_in_its_trials(condition: str, site: str, subtypes: str, kind: str) -> None:
    extra = NAMED + (f"subtypes = {subtypes}" if subtypes else "")
    plan = read_plan(document(PERSON + concern(condition, site, extra) + devices("ndyag-1064")))
    (peel,) = (option for option in plan.concerns[0].options if option.modality == "chemical-peel")
    assert peel.technique == kind
    # The days after a superficial peel are not those after acid in pits, nor after phenol.
    assert isinstance(peel.downtime_days, Unknown) == (kind != "superficial")
    assert Message(f"peel.{kind}").text in peel.rank_reason.text
    names = [choice.name for choice in leaflet_choices(plan.concerns[0], may_be_pregnant=True)]
    assert render_message(f"leaflet_choice.chemical-peel-{kind}") in names


def test_a_deep_peel_and_acid_in_pits_are_told_of_nobody_for_whom_they_may_not_be_meant() -> None:
    """Skin of unknown colour may be dark, and scars of an unstated kind are seldom pits."""
    unknown = PERSON.replace('phototype = "II"\n', "").replace("ita_deg = 60.0\n", "")
    assert unknown != PERSON
    for person, part in ((unknown, concern("freckles")), (PERSON, concern("acne-scars", "cheeks", NAMED))):
        plan = read_plan(document(person + part + devices("ndyag-1064")))
        (peel,) = (option for option in plan.concerns[0].options if option.modality == "chemical-peel")
        assert peel.technique is None
        assert isinstance(peel.expected.p_at_least["50"], Unknown)


@pytest.mark.parametrize(("condition", "site"), [("freckles", "arms"), ("freckles", "decolletage")])
def test_a_number_of_phenol_is_given_for_no_arm_or_chest(condition: str, site: str) -> None:
    plan = read_plan(document(PERSON + concern(condition, site) + devices("ndyag-1064")))
    (peel,) = (option for option in plan.concerns[0].options if option.modality == "chemical-peel")
    assert isinstance(peel.expected.p_at_least["50"], Unknown)
    assert peel.technique is None
    assert all(isinstance(risk.p, Unknown) for risk in peel.expected.harms.values())  # none of phenol's either


def test_phenol_is_the_last_resort_and_no_treatment_of_a_diseased_heart() -> None:
    """It led every laser for freckles, because a series counted 893 of 896 improved."""
    freckles = concern("freckles") + devices("ps-ndyag-532-1064")
    plan = read_plan(document(PERSON + freckles))
    names = [option.modality for option in plan.concerns[0].options]
    assert names[-2:] == ["chemical-peel", "no-treatment"]
    assert len(names) > 3
    peel = plan.concerns[0].options[-2]
    assert "12 of 181" in " ".join(reason.message.text for reason in peel.reasons)
    heart = read_plan(document(PERSON + 'history = ["heart-disease"]\n' + freckles))
    assert "chemical-peel" not in [option.modality for option in heart.concerns[0].options]


def test_a_peel_that_is_not_done_on_such_skin_has_no_place_in_the_guideline() -> None:
    """Strong acid is third for brown spots of hands; in phototype IV nothing is peeled so deep."""
    for phototype, placed in (("III", True), ("IV", False)):
        person = PERSON.replace('"II"', f'"{phototype}"').replace("ita_deg = 60.0\n", "")
        plan = read_plan(document(person + concern("age-spots", "hands") + devices("ps-ndyag-532-1064")))
        (peel,) = (option for option in plan.concerns[0].options if option.modality == "chemical-peel")
        assert ("put it third" in peel.rank_reason.text) is placed


@pytest.mark.parametrize(
    ("subtypes", "technique", "told"),
    [
        ('["rolling"]', "subcision", {"subcision"}),
        ('["ice-pick"]', "punch-excision", {"punch-excision"}),
        ('["boxcar"]', "punch-excision", {"punch-excision"}),
        ('["boxcar", "rolling"]', None, {"subcision", "punch-excision"}),
        ("[]", None, {"subcision", "punch-excision"}),
    ],
)
def test_surgery_of_acne_scars_is_named_by_what_clinics_do(
    subtypes: str, technique: str | None, told: set[str]
) -> None:
    """It was "Surgery: an operation" for every kind of scar."""
    part = concern("acne-scars", "cheeks", NAMED + f"subtypes = {subtypes}\n")
    made = document(PERSON + part + devices("ndyag-1064"))
    (cut,) = (option for option in read_plan(made).concerns[0].options if option.modality == "surgery")
    assert cut.technique == technique
    for name in ("subcision", "punch-excision"):
        assert (Message(f"surgery.{name}").text in cut.rank_reason.text) is (name in told)
    assert "alam2006" in made["sources"]


@pytest.mark.parametrize(("phototype", "number"), [("III", 2), ("IV", None), ("VI", None)])
def test_what_goes_with_others_is_offered_where_other_skin_gets_it_in_a_place_of_its_own(
    phototype: str, number: int | None
) -> None:
    """Tranexamic acid is second for melasma of phototype III, and goes with the cream in darker skin."""
    case = loaded(PERSON.replace('"II"', f'"{phototype}"').replace("ita_deg = 60.0\n", "") + concern("melasma")).case
    options, refused = _other_options(case, case.concern[0])
    (standing,) = (standing for option, standing in options if option.modality == "tranexamic-acid")
    assert (None if standing.place is None else standing.place.number) == number
    assert standing.is_adjunct is (number is None)
    risky = loaded(PERSON + 'history = ["thrombosis"]\n' + concern("melasma")).case
    options, refused = _other_options(risky, risky.concern[0])
    assert "tranexamic-acid" in [one.modality for one in refused]


@pytest.mark.parametrize(
    ("phototype", "severity", "number"),
    [("II", "moderate", 2), ("II", "severe", None), ("III", "mild", 1), ("III", "severe", None), ("V", "severe", 1)],
)
def test_toxin_for_deep_lip_lines_at_rest_goes_with_resurfacing(
    phototype: str, severity: str, number: int | None
) -> None:
    """It weakens movement; where sources name no resurfacing for such skin, it keeps its place."""
    person = PERSON.replace('"II"', f'"{phototype}"').replace("ita_deg = 60.0\n", "")
    case = loaded(person + concern("perioral-lines", "perioral", f'severity = "{severity}"')).case
    (standing,) = (
        standing
        for option, standing in _other_options(case, case.concern[0])[0]
        if option.modality == "botulinum-toxin"
    )
    assert (None if standing.place is None else standing.place.number) == number
    assert standing.is_adjunct is (number is None)


def test_no_number_of_sessions_is_told_of_a_peel_that_is_not_the_one_of_the_trials() -> None:
    """Freckles of the arms had one session of a peel: that of phenol on the face, which is not done there."""
    case = loaded(PERSON + concern("freckles", "arms")).case
    (peel,) = (option for option, _ in _other_options(case, case.concern[0])[0] if option.modality == "chemical-peel")
    assert isinstance(peel.sessions, Unknown)
    scars = loaded(PERSON + concern("melasma")).case
    (acid,) = (option for option, _ in _other_options(scars, scars.concern[0])[0] if option.modality == "chemical-peel")
    assert not isinstance(acid.sessions, Unknown)


@pytest.mark.parametrize(
    ("device", "word", "decision", "is_told"),
    [
        ("ndyag-1064", "herpes-labialis", "suitable", False),
        ("fractional-1550", "herpes-labialis", "with-caution", True),
        ("ndyag-1064", "psoriasis", "refer", True),
    ],
)
def test_no_caution_is_told_about_a_laser_that_the_clinic_does_not_have(
    device: str, word: str, decision: str, is_told: bool
) -> None:
    """ "The plan sets half the density", and tablets against cold sores, stood above "No laser is offered"."""
    scar = concern("surgical-scars", extra=NAMED + 'subtypes = ["white"]\n')
    made = document(PERSON.replace('"II"', '"III"') + f'history = ["{word}"]\n' + scar + devices(device))
    rules = {reason["rule"] for reason in made["suitability"]["reasons"]}
    assert made["suitability"]["decision"] == decision
    assert (not rules.isdisjoint({"herpes-other-lasers", "psoriasis-or-eczema"})) is is_told
    assert ("lower-density" in rules) <= is_told
