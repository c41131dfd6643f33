"""Why it is no, or not yet: the person is told in plain words, from what they said, and who is next."""

import re
from collections.abc import Mapping
from typing import Any

import pytest
from consultations import NAMED, PERSON, concern, devices, document, laser_options, loaded
from plan_reading import read_plan
from readability import leaflet_sentences, reading_age_years
from report_samples import leaflet_pdf, sample_plan
from smallest_cases import world_of

from skinbeam.assessment.questionnaire import YES_NO_ANSWERS
from skinbeam.model.consultation import HISTORY, LESION_SIGNS
from skinbeam.model.document import build_document, sha256_hex
from skinbeam.model.vocabulary import ABLATIVE_MODALITIES, condition_subtypes, laser_modalities, vocabulary_table
from skinbeam.report.clinician_page import report_page
from skinbeam.report.graphics.figure_data import FigureData
from skinbeam.report.leaflet.leaflet_page import ADULT_YEARS, leaflet_page
from skinbeam.report.overview import are_ruled_out
from skinbeam.report.report_figures import draw_report_figures
from skinbeam.report.report_files import render_html
from skinbeam.report.terminal import plan_summary
from skinbeam.response.goals import laser_choices
from skinbeam.suitability.explanation import explain_decision, explain_no_laser, explain_rule, stated_facts
from skinbeam.suitability.judgement import Suitability, judge_case, judge_suitability
from skinbeam.suitability.table import Rule, decision_severity, load_rules
from skinbeam.text import Message, catalogue, render_message

READING_AGE_YEARS = 12.0
STOPS = [
    rule
    for rule in load_rules("suitability")
    if decision_severity(rule.decision) >= decision_severity("refer") and set(rule.modalities) & set(laser_modalities())
]  # the decision is about light; what else is refused stands in the report
KINDS = [(condition, kind) for condition in vocabulary_table("condition") for kind in condition_subtypes(condition)]
ASKS = ("ask-phototype", "ask-age")
# Reasons that are no row of the rules.
WITHOUT_RULE = (
    "photo-dark-spots",
    "colour-contradicts",
    "columns-sparser",
    "earlier-columns",
    "earlier-eye",
    "earlier-injury",
    "earlier-injury-undosed",
    "earlier-mark",
    "earlier-pale-mark",
    "earlier-scar",
    "earlier-unread",
    "earlier-wound",
    "medication-not-checked",
    "response-marked",
    "response-too-little",
)
CAUTIONS = [
    rule
    for rule in load_rules("suitability")
    if decision_severity(rule.decision) < decision_severity("refer") and f"leaflet_why.{rule.id}" in catalogue()
]
SAID = (*YES_NO_ANSWERS, "age_years", "tan", "expectation", "history", "lesion_signs", "undiagnosed_pigment")
YOUNG = PERSON.replace("age_years = 45", "age_years = 16")


def told_of(case: Any, judged: Suitability) -> list[dict[str, Any]]:
    """The plain reasons as a plan holds them."""
    made = build_document(
        "skinbeam.test/1", case_sha256=sha256_hex({}), seed=0, body={"why": explain_decision(case, judged)}
    )
    found: list[dict[str, Any]] = made["why"]
    return found


def told_by(rule: Rule) -> tuple[Any, dict[str, Any]]:
    """The smallest case in which a rule speaks, and its plain reason."""
    world = world_of(rule, fires=True)
    case = world.case()
    judged = judge_suitability(case, concern=case.concern[0], **world.choice)
    (record,) = (one for one in told_of(case, judged) if one["rule"] == rule.id)
    return case, record


def printed(made: Mapping[str, Any]) -> str:
    pages = leaflet_pdf(read_plan(made)).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())


def lines_of(records: list[dict[str, Any]]) -> list[str]:
    return [one["text"] for record in records for one in (*record["because"], record["text"])]


def test_every_rule_that_stops_or_asks_has_its_plain_sentence() -> None:
    wanted = {f"leaflet_why.{name}" for name in (*(rule.id for rule in STOPS), *ASKS, *WITHOUT_RULE)}
    missing = sorted(wanted - set(catalogue()))
    assert not missing, f"write why.toml [leaflet_why] for: {', '.join(missing)}"
    known = wanted | {f"leaflet_why.{rule.id}" for rule in CAUTIONS}
    left = sorted(key for key in catalogue() if key.startswith("leaflet_why.") and key not in known)
    assert not left, f"no rule has this id: {', '.join(left)}"


def test_every_answer_of_yes_or_no_has_the_words_for_the_leaflet() -> None:
    missing = [name for name in YES_NO_ANSWERS if f"leaflet_fact.{name}" not in catalogue()]
    assert not missing, f"write why.toml [leaflet_fact] for: {', '.join(missing)}"


@pytest.mark.parametrize("rule", CAUTIONS, ids=lambda rule: rule.id)
def test_a_caution_that_has_a_plain_sentence_is_told_in_it(rule: Rule) -> None:
    _, record = told_by(rule)
    assert record["text"]["id"] == f"leaflet_why.{rule.id}"
    assert record["decision"] == rule.decision


@pytest.mark.parametrize("rule", STOPS, ids=lambda rule: rule.id)
def test_the_leaflet_of_a_case_that_a_rule_stops_says_why(rule: Rule) -> None:
    _, record = told_by(rule)
    assert record["decision"] == rule.decision
    assert record["text"]["id"] == f"leaflet_why.{rule.id}"
    asked = [test.fact for test in rule.when.tests()]
    if any(fact in SAID or fact.startswith("medication.") for fact in asked):
        assert record["because"], f"{rule.id}: what the person said is not told"
    plan = sample_plan() | {"suitability": {"decision": rule.decision, "reasons": []}, "why": [record]}
    page = leaflet_page(read_plan(plan))
    (told,) = page.refusal_reasons
    assert told.endswith(record["text"]["text"])
    assert all(one["text"] in told for one in record["because"])
    assert told in leaflet_sentences(page)
    assert reading_age_years(leaflet_sentences(page)) <= READING_AGE_YEARS


@pytest.mark.parametrize("rule", STOPS, ids=lambda rule: rule.id)
def test_what_the_rule_says_is_read_at_twelve(rule: Rule) -> None:
    """The names of medicines and illnesses are the person's own words, so they are left out of the count."""
    _, record = told_by(rule)
    assert reading_age_years([record["text"]["text"]]) <= READING_AGE_YEARS


@pytest.mark.parametrize("rule", STOPS, ids=lambda rule: rule.id)
def test_a_laser_that_a_rule_refuses_is_told_in_plain_words_though_rules_share_a_sentence(rule: Rule) -> None:
    """The sentence for clinicians may be that of a rule on peels as well, which has no words for the person."""
    world = world_of(rule, fires=True)
    case = world.case()
    (told,) = explain_no_laser(case, case.concern[0], [rule.message], stopped=False)
    assert told.text.id.startswith("leaflet_why.")


def test_everything_that_may_be_told_is_read_at_twelve() -> None:
    sections = ("leaflet_why.", "leaflet_fact.", "leaflet_no_laser.", "leaflet_shows.")
    lines = [re.sub(r"\{\w+\}", "it", value) for key, value in catalogue().items() if key.startswith(sections)]
    assert reading_age_years(lines) <= READING_AGE_YEARS


def test_who_refers_says_who_is_next() -> None:
    referring = [rule.id for rule in STOPS if rule.decision == "refer"]
    assert referring
    for name in referring:
        assert re.search(r"doctor|surgeon|someone|talk", catalogue()[f"leaflet_why.{name}"], re.I), name


def test_no_plain_sentence_tells_anyone_to_stop_a_medicine() -> None:
    for section in ("leaflet_why.", "leaflet_no_laser."):
        plain = {key: said.lower() for key, said in catalogue().items() if key.startswith(section)}
        assert plain
        assert [key for key, said in plain.items() if "stop" in said.replace("do not stop", "")] == []


def test_everything_that_a_person_can_say_has_its_words() -> None:
    facts = {key.removeprefix("leaflet_fact.") for key in catalogue() if key.startswith("leaflet_fact.")}
    missing = {f"history-{word}" for word in HISTORY} | {f"sign-{sign}" for sign in LESION_SIGNS}
    missing -= facts
    assert not missing, "write these in why.toml [leaflet_fact]"
    assert {"tan-current", "tan-recent", "expectation-perfect", "pregnant", "lactating", "age"} <= facts
    sites = {name for name, entry in vocabulary_table("site").items() if entry["use"] == "treatment"}
    assert {f"leaflet_at.{site}" for site in sites} == {key for key in catalogue() if key.startswith("leaflet_at.")}


@pytest.mark.parametrize(
    ("case", "rule", "said"),
    [
        (YOUNG + concern("acne-scars"), "under-age", "You are 16 years old."),
        (PERSON + 'tan = "recent"\n' + concern("acne-scars"), "tanned-skin", "Your skin was tanned not long ago."),
        (
            PERSON + concern("age-spots", "hands", extra=""),
            "pigmented-lesion-undiagnosed",
            "No doctor has said yet what the brown mark on your hands is.",
        ),
        (
            PERSON + concern("redness", extra='lesion_signs = ["bleeding"]') + concern("acne-scars", "chin"),
            "lesion-signs",
            "A spot on your cheeks bleeds.",
        ),
        (PERSON + 'history = ["lupus", "vitiligo"]\n' + concern("acne-scars"), "lupus", "You have lupus."),
        (
            PERSON
            + 'medications = [{name = "Visudyne (verteporfin)", last_dose_months = 2}]\n'
            + concern("acne-scars"),
            "photosensitiser-pdt",
            "You last took Visudyne (verteporfin) 2 months ago.",
        ),
    ],
)
def test_the_reason_begins_with_what_this_person_said(case: str, rule: str, said: str) -> None:
    made = document(case)
    (record,) = (one for one in made["why"] if one["rule"] == rule)
    assert said in [one["text"] for one in record["because"]]
    (line,) = (line for line in leaflet_page(read_plan(made)).refusal_reasons if record["text"]["text"] in line)
    assert line.startswith(record["because"][0]["text"])
    assert line in printed(made)
    report = report_page(
        read_plan(made),
        draw_report_figures(read_plan(made), FigureData()).pictures,
        (),
        embedded_figures={},
        photo=None,
    )
    assert line in report.decision.refusal_reasons
    assert f"for the person: {line}" in plan_summary(read_plan(made))
    html = " ".join(re.sub(r"<[^>]+>", " ", render_html(read_plan(made), FigureData())).replace("&#39;", "'").split())
    assert line in html


@pytest.mark.parametrize(
    ("months", "said"),
    [
        (0, "You take isotretinoin."),
        (0.5, "You took isotretinoin in the last weeks."),
        (3, "You last took isotretinoin 3 months ago."),
    ],
)
def test_a_medicine_is_told_by_its_name_and_time(months: float, said: str) -> None:
    taken = f'medications = [{{name = "isotretinoin", last_dose_months = {months}}}, {{name = "aspirin"}}]\n'
    case = loaded(PERSON + taken + concern("perioral-lines", "perioral")).case
    (rule,) = (rule for rule in STOPS if rule.id == "isotretinoin-full-field-ablation")
    assert [one.text for one in stated_facts(rule, case, case.concern)] == [said]


def test_who_took_isotretinoin_three_months_ago_reads_so_in_the_leaflet() -> None:
    """Of lasers that experts allow then: "some things about you raise the risk" named none of them."""
    taken = 'medications = [{name = "isotretinoin", last_dose_months = 3}]\n'
    made = document(PERSON + taken + concern("redness") + devices("pulsed-dye-595"))
    assert made["suitability"]["decision"] == "with-caution"
    (said,) = [one for one in leaflet_page(read_plan(made)).refusal_reasons if "isotretinoin" in one]
    assert said.startswith("You last took isotretinoin 3 months ago. Many clinics wait 6 months")


# Cautions that ask something of clinicians: how a setting or a pulse is chosen, or what is checked before.
OF_CLINICIANS = (
    "dark-marks-topicals-first",
    "deep-light-full-face",
    "drug-pigment",
    "dye-laser-compression",
    "eyewear-around-eyes",
    "face-lift",
    "fractional-ablative-darker-raised-scar",
    "fractional-ablative-darker-skin",
    "gold-at-any-light",
    "isotretinoin-fractional-ablative-not-listed",
    "isotretinoin-year-full-field",
    "keloid-first-line",
    "keloid-specialist-decision",
    "laxity-adjunct",
    "lower-density",
    "melasma-hormones",
    "melasma-topicals-first",
    "mild-lip-lines-full-field",
    "mild-whitening",
    "neck-fractional",
    "no-days-off",
    "off-face-columns",
    "phototype-six-thin-evidence",
    "raised-scars-columns",
    "retinoid-by-mouth-as-isotretinoin",
    "short-pulse-after-melasma",
    "spider-liver",
    "supplement-that-bleeds",
    "thin-skin-columns",
    "veins-off-the-face-ask",
    "visible-light-on-darker-skin",
    "warfarin-inr",
)


def test_every_caution_is_told_to_the_patient_or_asks_something_of_clinicians() -> None:
    """A new one is told to the person, in why.toml or as what a light may do (leaflet.toml), or listed above."""
    cautions = {
        rule.id
        for rule in load_rules("suitability")
        if rule.decision == "with-caution" and not set(laser_modalities()).isdisjoint(rule.modalities)
    }
    told = {key.partition(".")[2] for key in catalogue() if key.startswith(("leaflet_light.", "leaflet_why."))}
    assert sorted(cautions - told) == sorted(OF_CLINICIANS)
    of_lights = {key.partition(".")[2] for key in catalogue() if key.startswith("leaflet_light.")}
    of_plans = {"healing-longer-than-accepted"}  # by the days that the person accepts, in course/downtime.py
    assert {name.removesuffix("-off-face") for name in of_lights} <= cautions | of_plans


@pytest.mark.parametrize("site", ["perioral", "full-face"])
@pytest.mark.parametrize("modality", ABLATIVE_MODALITIES)
def test_whoever_is_ablated_around_the_mouth_reads_of_cold_sores(modality: str, site: str) -> None:
    """The rule holds for people who recall none, and only clinicians read it."""
    for history, told in (("", "antiviral-around-mouth"), ('history = ["herpes-labialis"]\n', "antiviral-history")):
        case = loaded(PERSON + history + concern("wrinkles", site)).case
        judged = judge_suitability(case, modality=modality, concern=case.concern[0])
        cold_sores = [one.rule for one in explain_decision(case, judged) if one.rule and "antiviral" in one.rule]
        assert cold_sores == [told]


def test_what_holds_for_two_concerns_is_told_once_with_both() -> None:
    made = document(PERSON + concern("age-spots", "hands", extra="") + concern("melasma", "forehead", extra=""))
    (record,) = (one for one in made["why"] if one["rule"] == "pigmented-lesion-undiagnosed")
    assert {one["params"]["at"]["id"] for one in record["because"]} == {"leaflet_at.hands", "leaflet_at.forehead"}


def test_a_rule_without_plain_words_keeps_its_own() -> None:
    case = loaded(PERSON + concern("acne-scars")).case
    (rule,) = (rule for rule in load_rules("suitability") if rule.id == "eyewear")
    assert explain_rule(case, case.concern, rule.id, rule.message)[1] == rule.message


def test_who_is_suitable_is_told_no_reason_against_it() -> None:
    made = document(PERSON + concern("acne-scars") + devices("co2-10600"))
    assert made["why"] == []
    assert leaflet_page(read_plan(made)).refusal_reasons == ()
    for state in ("refer", "not-suitable"):
        page = leaflet_page(read_plan(sample_plan() | {"suitability": {"decision": state, "reasons": []}}))
        assert page.refusal_reasons == (render_message("leaflet.why_not_said"),)


def test_what_is_not_known_of_the_colour_is_asked_for_in_plain_words() -> None:
    unsaid = PERSON.replace('phototype = "II"\nita_deg = 60.0\n', "")
    for others in (concern("acne-scars") + devices("co2-10600"), concern("redness")):
        lines = leaflet_page(read_plan(document(unsaid + others))).refusal_reasons
        assert sum("how dark your skin is" in line for line in lines) == 1  # two rules ask for it


def test_what_sessions_did_is_told_in_plain_words() -> None:
    """The page of who was to look again read "After session 3 5 % is better: less than a quarter."."""
    done = "".join(
        f"""
[[session]]
week = {4 * number}
treats = "melasma"
device = "qs-ndyag-532-1064"
response_pct = 5
"""
        for number in range(3)
    )
    made = document(PERSON + concern("melasma") + devices("qs-ndyag-532-1064") + done)
    (line,) = leaflet_page(read_plan(made)).refusal_reasons
    assert line == render_message("leaflet_why.response-too-little")


def test_no_reason_speaks_of_a_light_that_the_page_has_not_named() -> None:
    """Among reasons without a laser stood "This laser does not cool the skin."."""
    texts = {key: text for key, text in catalogue().items() if key.startswith(("leaflet_why.", "leaflet_no_laser."))}
    assert not [key for key, text in texts.items() if re.search(r"\b[Tt]his (laser|light)\b", text)]


# --- no laser for one concern -----------------------------------------------------------------------------------------


def test_every_reason_of_a_refusal_has_its_plain_sentence() -> None:
    wanted = {key.removeprefix("condition-why.") for key in catalogue() if key.startswith("condition-why.")}
    # What search and concern refuse with; `not-judged` carries a reason of its own.
    wanted |= {
        "not-at-site",
        "not-judged",
        "not-judged-named",
        "published-for-lighter",
        "no-safe-dose",
        "too-weak",
        "too-few-draws",
        "no-contrast",
        "no-device",
        "other-clinic",
    }
    assert all(f"plan.{name}" in catalogue() or f"condition-why.{name}" in catalogue() for name in wanted)
    missing = sorted(name for name in wanted if f"leaflet_no_laser.{name}" not in catalogue())
    assert not missing, f"write why.toml [leaflet_no_laser] for: {', '.join(missing)}"


@pytest.mark.parametrize(
    ("case", "said"),
    [
        (PERSON + concern("acne-scars") + devices("thulium-1927"), render_message("leaflet_no_laser.too-weak")),
        (PERSON + concern("dynamic-wrinkles"), render_message("leaflet_no_laser.movement")),
        (PERSON + concern("active-acne"), render_message("leaflet_no_laser.flare")),
        (PERSON + concern("acne-scars") + devices("ktp-532"), render_message("leaflet_no_laser.no-device")),
        (
            PERSON + 'history = ["gold-therapy"]\n' + concern("age-spots") + devices("qs-ruby-694"),
            f"You were treated with gold. {render_message('leaflet_why.gold')}",
        ),
    ],
)
def test_a_concern_without_a_laser_says_why(case: str, said: str) -> None:
    made = document(case)
    assert not laser_options(made)
    (told,) = leaflet_page(read_plan(made)).concerns
    assert told.no_laser_headline == render_message("leaflet_no_laser.head")
    assert said in told.no_laser_text
    assert said in printed(made)
    assert said in plan_summary(read_plan(made))
    report = report_page(
        read_plan(made),
        draw_report_figures(read_plan(made), FigureData()).pictures,
        (),
        embedded_figures={},
        photo=None,
    )
    assert said in " ".join(report.concerns[0].no_laser_reasons)
    assert reading_age_years(lines_of(made["concerns"][0]["no_laser"])) <= READING_AGE_YEARS + 2  # a few short lines


@pytest.mark.parametrize(("condition", "subtype"), KINDS)
def test_a_laser_for_other_kinds_was_not_sought(condition: str, subtype: str) -> None:
    """Rolling scars beside a dye laser: "no setting was found for the other lasers", though none was sought."""
    text = PERSON + concern(condition, extra=f'{NAMED}subtypes = ["{subtype}"]\n')
    case = loaded(text).case
    _, refusals = laser_choices(condition, "cheeks", [subtype])
    refused = [one.message for one in refusals]
    told = {one.text.id for one in explain_no_laser(case, case.concern[0], refused, stopped=False)}
    others = {message.id for message in refused} - {"plan.other-kinds"}
    assert "leaflet_no_laser.other" not in told
    assert ("leaflet_no_laser.other-kinds" in told) is (bool(refused) and not others)
    beside = explain_no_laser(case, case.concern[0], [*refused, Message("plan.no-device")], stopped=False)
    assert "leaflet_no_laser.other-kinds" not in {one.text.id for one in beside}


def test_rolling_scars_in_a_clinic_without_a_machine_for_them_say_that_it_has_none() -> None:
    scars = concern("acne-scars", extra=f'{NAMED}subtypes = ["rolling"]\n')
    page = leaflet_page(read_plan(document(PERSON + scars + devices("pulsed-dye-595"))))
    assert page.decision == (render_message("leaflet.decision_no_machine_1"),)
    (told,) = page.concerns
    expected = [render_message(f"leaflet_no_laser.{name}") for name in ("no-device", "other-clinic")]
    assert told.no_laser_text == " ".join(expected)


def test_a_concern_with_a_laser_says_nothing_of_the_kind() -> None:
    made = document(PERSON + concern("acne-scars") + devices("co2-10600"))
    assert [one.no_laser_text for one in leaflet_page(read_plan(made)).concerns] == [""]


def test_what_was_never_tried_is_not_called_a_lack_of_devices() -> None:
    made = document(YOUNG + concern("facial-telangiectasia"))
    assert render_message("plan.no-device") not in plan_summary(read_plan(made))
    (told,) = leaflet_page(read_plan(made)).concerns
    assert told.no_laser_text == render_message("leaflet_no_laser.stopped")


def test_a_concern_that_is_refused_beside_another_says_why() -> None:
    neck = concern("laxity", "neck", NAMED + 'severity = "severe"')
    made = document(PERSON + concern("acne-scars") + neck + devices("fractional-co2-10600"))
    assert made["suitability"]["decision"] != "refer"
    assert laser_options(made)
    told = [one.no_laser_text for one in leaflet_page(read_plan(made)).concerns]
    assert told[0] == ""
    assert render_message("leaflet_why.laxity-severe") in told[1]


# --- under eighteen ---------------------------------------------------------------------------------------------------


def test_under_eighteen_nobody_reads_that_the_page_is_for_adults() -> None:
    made = document(YOUNG + concern("acne-scars"))
    page = leaflet_page(read_plan(made))
    assert page.state == "refer"
    whole = printed(made)
    assert "adults" not in whole
    assert "parent or guardian" in whole
    assert render_message("leaflet.intro_young") in page.intro
    assert render_message("leaflet.intro_young") in whole
    assert "You have to decide" not in whole
    assert reading_age_years(leaflet_sentences(page)) <= READING_AGE_YEARS


def test_an_adult_reads_that_it_is_for_adults() -> None:
    page = leaflet_page(read_plan(document(PERSON + concern("acne-scars") + devices("co2-10600"))))
    assert any("for adults" in line for line in page.intro)
    assert not any("guardian" in line for line in page.intro)


def test_the_age_of_the_page_is_that_of_the_rule() -> None:
    (rule,) = (rule for rule in STOPS if rule.id == "under-age")
    assert [test.value for test in rule.when.tests()] == [ADULT_YEARS]


def test_an_injury_whose_dose_nobody_said_is_told_to_the_person() -> None:
    done = '\n[[session]]\nweek = 4\ntreats = "facial-telangiectasia"\nadverse = ["blister"]\n'
    case = loaded(PERSON + concern("facial-telangiectasia", extra="") + done).case
    judged = judge_suitability(case, concern=case.concern[0], modality="vascular")
    (record,) = (one for one in told_of(case, judged) if one["rule"] == "earlier-injury-undosed")
    assert record["decision"] == "refer"
    assert record["text"]["id"] == "leaflet_why.earlier-injury-undosed"
    assert reading_age_years([record["text"]["text"]]) <= READING_AGE_YEARS


@pytest.mark.parametrize("word", ["tattoo-in-field", "permanent-make-up"])
def test_the_person_is_told_to_cover_a_tattoo(word: str) -> None:
    case = loaded(PERSON + f'history = ["{word}"]\n' + concern("wrinkles", extra="")).case
    (record,) = (one for one in told_of(case, judge_case(case)) if one["rule"] == "tattoo")
    assert record["because"]
    assert "covered" in record["text"]["text"]


def test_a_plan_without_any_laser_does_not_say_yes() -> None:
    plan = sample_plan()
    bare = [part | {"options": [o for o in part["options"] if "device" not in o]} for part in plan["concerns"]]
    page = leaflet_page(read_plan(plan | {"concerns": bare, "suitability": {"decision": "suitable", "reasons": []}}))
    assert page.decision == (render_message("leaflet.decision_not_offered_1"),)
    assert reading_age_years([*page.decision]) <= READING_AGE_YEARS


PALE = """
[[session]]
week = 0
treats = "age-spots"
device = "qs-ndyag-532-1064"
wavelength_nm = 532
fluence_J_cm2 = 2.0
spot_mm = 2
pulse_ms = 1e-05
adverse = ["pale mark"]
"""


@pytest.mark.parametrize(
    ("case", "cause"),
    [
        (concern("acne-scars") + devices("thulium-1927"), "no_setting"),
        (concern("acne-scars") + devices("ktp-532"), "no_machine"),
        (concern("laxity", "hands") + devices("ndyag-1064"), "no_machine"),
        (concern("age-spots", "hands") + devices("qs-ndyag-532-1064") + PALE, "waits"),
        (concern("acne-scars") + concern("dynamic-wrinkles") + devices("ktp-532"), "not_offered"),
    ],
)
def test_the_first_page_gives_the_cause_that_the_plan_holds(case: str, cause: str) -> None:
    """No setting was found, it said, where the clinic has no such machine or a pale mark has to be looked at."""
    made = document(PERSON + case)
    assert not laser_options(made)
    page = leaflet_page(read_plan(made))
    assert page.decision == (render_message(f"leaflet.decision_{cause}_1"),)
    assert page.decision[0] in printed(made)
    assert reading_age_years([*page.decision]) <= READING_AGE_YEARS


@pytest.mark.parametrize("name", sorted(key for key in catalogue() if key.startswith("leaflet_no_laser.")))
def test_no_setting_was_found_only_where_one_was_sought(name: str) -> None:
    """Alone, and beside another concern whose cause is another."""
    reason = {"because": [], "text": {"id": name, "params": {}, "text": catalogue()[name]}}
    plan = sample_plan() | {"suitability": {"decision": "suitable", "reasons": []}}
    bare = plan["concerns"][0]
    bare = bare | {"options": [o for o in bare["options"] if "device" not in o], "no_laser": [reason]}
    sought = re.search("setting was found (that|below)|Safe setting|too strong for your skin", catalogue()[name], re.I)
    (line,) = leaflet_page(read_plan(plan | {"concerns": [bare]})).decision
    assert ("no setting was found" in line) is bool(sought)
    moved = bare | {"no_laser": [reason | {"text": {"id": "leaflet_no_laser.movement", "params": {}, "text": "x"}}]}
    (line,) = leaflet_page(read_plan(plan | {"concerns": [bare, moved]})).decision
    assert "no setting was found" not in line


@pytest.mark.parametrize(
    ("history", "ruled_out"),
    [('history = ["diabetes-uncontrolled"]\n', True), ("downtime_days_accepted = 1.0\n", False)],
)
def test_where_rules_refuse_every_laser_of_the_clinic_nobody_reads_that_none_is_ruled_out(
    history: str, ruled_out: bool
) -> None:
    """Two machines that remove skin: one illness refuses both, few days off refuse neither by a rule."""
    made = document(PERSON + history + concern("wrinkles", extra="") + devices("co2-10600", "fractional-co2-10600"))
    plan = read_plan(made)
    assert are_ruled_out(plan.concerns) is ruled_out
    if ruled_out:
        assert leaflet_page(plan).decision == (render_message("leaflet.decision_ruled_out_1"),)
        page = printed(made)
        assert "not ruled out" not in page
        assert "diabetes is not under control" in page


def test_a_laser_that_the_clinic_lacks_is_no_laser_that_rules_refuse() -> None:
    made = document(PERSON + concern("wrinkles", extra="") + devices("ndyag-1064"))
    assert not are_ruled_out(read_plan(made).concerns)
