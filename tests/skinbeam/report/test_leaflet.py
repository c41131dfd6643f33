"""The patient's leaflet: few pages, plain words, good and bad with the same weight."""

import copy
import json
import re
from dataclasses import replace
from typing import Any

import pytest
from consultations import NAMED, PERSON, devices, document, loaded
from consultations import concern as concern_text
from paths import TESTS
from plan_reading import read_plan
from readability import grade, leaflet_sentences, reading_age_years, syllables
from report_samples import leaflet_pdf

from skinbeam.course.aftercare import aftercare_advice, call_advice
from skinbeam.evidence.guideline.table import named_procedures
from skinbeam.evidence.peel_kinds import PEEL, peel_kinds
from skinbeam.model.vocabulary import laser_modalities, vocabulary_table
from skinbeam.plan_records.course import SourceRange
from skinbeam.report.clinician_page import report_page
from skinbeam.report.consent_form import consent_page, list_harms
from skinbeam.report.formatting import concern_name, ranked_options
from skinbeam.report.graphics.figure_data import FigureData
from skinbeam.report.leaflet.choices import dot_files, follow_up_sentence, options_table
from skinbeam.report.leaflet.leaflet_page import CONCERNS_IN_FULL, leaflet_page
from skinbeam.report.plain_words import light_in_words
from skinbeam.report.report_figures import draw_report_figures
from skinbeam.report.report_files import render_html
from skinbeam.suitability.course_rules import course_rules
from skinbeam.text import catalogue, render_message, use_language

pytestmark = pytest.mark.usefixtures("charts_drawn_once")

READING_AGE_YEARS = 12.0
Plan = dict[str, Any]


@pytest.fixture
def plan() -> Plan:
    loaded: Plan = json.loads((TESTS / "data" / "plan-sample.json").read_text(encoding="utf-8"))
    return loaded


def message(text: str) -> dict[str, Any]:
    return {"id": "x", "params": {}, "text": text}


def harm(name: str, p: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "p": p, "text": message("Synthetic.")}


def everything_unknown(plan: Plan) -> Plan:
    """The same plan with every estimate taken away."""

    def strip(value: Any) -> Any:
        if isinstance(value, dict):
            return {"unknown": "nobody knows"} if "median" in value else {k: strip(v) for k, v in value.items()}
        return [strip(item) for item in value] if isinstance(value, list) else value

    stripped: Plan = strip(plan)
    return stripped


def many_concerns(plan: Plan) -> Plan:
    """Each condition once: far more than a leaflet holds in full."""
    crowded = copy.deepcopy(plan)
    first = crowded["concerns"][0]
    crowded["concerns"] = [
        first | {"condition": name, "title": entry["title"]} for name, entry in vocabulary_table("condition").items()
    ]
    crowded["aftercare"] = [
        *crowded["aftercare"],
        *(plan["aftercare"][0] | {"text": f"Keep it clean, {i}."} for i in range(25)),
    ]
    return crowded


def one_concern(plan: Plan) -> Plan:
    return plan | {"concerns": plan["concerns"][:1]}


def no_concern(plan: Plan) -> Plan:
    return plan | {"concerns": [], "aftercare": [], "when_to_call": []}


def many_reasons(plan: Plan) -> Plan:
    """Twenty plain reasons, more than one person has."""
    whole = [re.sub(r"\{\w+\}", "12", text) for key, text in catalogue().items() if key.startswith("leaflet_why.")]
    lines = sorted(whole, key=len)[-20:]
    reasons = [{"because": [message("You said this.")], "text": message(line)} for line in lines]
    return plan | {"suitability": {"decision": "not-suitable", "reasons": []}, "why": reasons}


@pytest.mark.parametrize("change", [dict, everything_unknown, many_concerns, many_reasons, one_concern, no_concern])
def test_the_leaflet_is_short_and_every_page_has_banner_and_plan(plan: Plan, change: Any) -> None:
    """A page for what holds for all, with many reasons or much advice two, and one for each concern."""
    changed = change(plan)
    plan_read = read_plan(changed)
    pages = [page.extract_text().split() for page in leaflet_pdf(plan_read).pages]
    concerns = leaflet_page(plan_read).concerns
    general = len(pages) - len(concerns)
    assert general <= (1 if change in (dict, everything_unknown, one_concern, no_concern) else 2)
    assert general == 1 or len(pages[1]) > 90, "a page with the last lines of the first looks like a mistake"
    for concern, words in zip(concerns, pages[general:], strict=True):
        assert " ".join(words).count(concern.title) >= 1
        assert len(words) <= 600
    for number, words in enumerate(pages, 1):
        text = " ".join(words)
        assert "Demonstration." in text
        assert plan_read.plan_sha256[:24] in text
        assert f"{number} / {len(pages)}" in text


def test_the_leaflet_is_read_without_a_glass(plan: Plan) -> None:
    """Ten points and more, banner, foot and studies too."""
    sizes: dict[float, int] = {}

    def seen(text: str, cm: list[float], tm: list[float], _font: Any, size: float) -> None:
        points = round(size * abs(tm[3]) * abs(cm[3]), 1)
        sizes[points] = sizes.get(points, 0) + len(text.strip())

    for page in leaflet_pdf(read_plan(many_concerns(plan))).pages:
        page.extract_text(visitor_text=seen)
    assert sum(sizes.values()) > 1000
    assert min(points for points, count in sizes.items() if count) >= 10.0


def test_nothing_is_cut_off(plan: Plan) -> None:
    """The last lines are there even in the most crowded leaflet."""
    crowded = many_concerns(plan)
    text = " ".join(" ".join(page.extract_text().split()) for page in leaflet_pdf(read_plan(crowded)).pages)
    assert leaflet_page(read_plan(crowded)).other_concerns.split(":")[0] in text
    assert leaflet_page(read_plan(crowded)).questions[-1] in text


@pytest.mark.parametrize("decision", ["suitable", "with-caution", "refer", "not-suitable"])
@pytest.mark.parametrize("change", [dict, everything_unknown])
def test_the_reading_age_is_at_most_twelve(plan: Plan, decision: str, change: Any) -> None:
    changed = change(plan)
    changed["suitability"] = changed["suitability"] | {"decision": decision}
    page = leaflet_page(read_plan(changed))
    assert page.decision
    assert reading_age_years(leaflet_sentences(page)) <= READING_AGE_YEARS


def lasers_last(plan: Plan, places: set[int]) -> Plan:
    """Another treatment comes first for some concerns."""
    concerns = []
    for place, concern in enumerate(plan["concerns"]):
        late = 9 if place in places else 0
        options = [one | {"rank": one["rank"] + late * ("device" in one)} for one in concern["options"]]
        concerns.append(concern | {"options": options})
    return plan | {"concerns": concerns, "suitability": plan["suitability"] | {"decision": "with-caution"}}


def test_where_something_else_comes_first_nobody_reads_a_plain_yes(plan: Plan) -> None:
    yes = leaflet_page(read_plan(lasers_last(plan, set()))).decision
    assert yes[0].startswith("Yes")
    assert not any("first thing" in line for line in yes)
    some = leaflet_page(read_plan(lasers_last(plan, {1}))).decision
    assert some[0].startswith("Yes")
    assert "brown spots" in some[-1] or "age spots" in some[-1]
    every = leaflet_page(read_plan(lasers_last(plan, set(range(9))))).decision
    assert "not the first thing" in every[0]
    assert not any(line.startswith("Yes") for line in every)
    assert reading_age_years(every) <= READING_AGE_YEARS


@pytest.mark.parametrize("name", sorted(vocabulary_table("condition")))
def test_every_condition_is_named_in_plain_words(name: str) -> None:
    lines = [catalogue()[f"leaflet_{part}.{name}"] for part in ("is", "can", "cannot")]
    assert reading_age_years(lines) <= READING_AGE_YEARS
    assert f"leaflet_condition.{name}" in catalogue()


def test_every_choice_and_site_has_a_plain_name() -> None:
    assert {f"leaflet_choice.{name}" for name in vocabulary_table("modality")} <= set(catalogue())
    sites = {name for name, entry in vocabulary_table("site").items() if entry["use"] == "treatment"}
    assert {f"leaflet_site.{name}" for name in sites} <= set(catalogue())


def test_no_plain_word_stands_for_a_name_that_does_not_exist() -> None:
    for kind, names in (
        (
            "choice",
            (
                *vocabulary_table("modality"),
                *(f"{PEEL}-{kind.name}" for kind in peel_kinds()),
                *(f"surgery-{name}" for name in named_procedures("acne-scars", (), "surgery")),
            ),
        ),
        ("site", vocabulary_table("site")),
        ("condition", vocabulary_table("condition")),
    ):
        start = f"leaflet_{kind}."
        assert {key.removeprefix(start) for key in catalogue() if key.startswith(start)} <= set(names)


def test_every_choice_has_a_hundred_dots_for_the_good_and_for_the_bad(plan: Plan) -> None:
    for concern in (*read_plan(plan).concerns, *read_plan(everything_unknown(plan)).concerns):
        files = dot_files(concern)
        assert {name.rpartition("-")[2] for name in files} == {"good.svg", "bad.svg"}
        places = {name: frozenset(re.findall(r"M\d+ \d+", svg.decode())) for name, svg in files.items()}
        assert len(set(places.values())) == 1
        assert len(next(iter(places.values()))) == 100


def test_other_harms_stand_beside_the_one_that_is_drawn_with_their_range(plan: Plan) -> None:
    option = plan["concerns"][0]["options"][0]
    known = {"low": 0.01, "high": 0.06, "level": 0.8, "kind": "pooled", "draws": 0, "basis": []}
    option["harms"] = [
        harm("pih", known | {"median": 0.05}),
        harm("scar", known | {"median": 0.02}),
        harm("infection", {"unknown": "not counted"}),
    ]
    shown = leaflet_page(read_plan(plan)).concerns[0].options[0]
    assert shown.bad.label == "Bad: dark marks"
    assert shown.harms == "Also: scar 2 of 100, range 1 to 6. Not known: infection."


def test_harms_with_the_same_number_are_stated_once(plan: Plan) -> None:
    option = plan["concerns"][0]["options"][0]
    rare = {"median": 0.02, "low": 0.01, "high": 0.06, "level": 0.8, "kind": "pooled", "draws": 0, "basis": []}
    option["harms"] = [harm("pih", rare | {"median": 0.05})]
    option["harms"] += [harm(name, dict(rare)) for name in ("scar", "infection")]
    harms = leaflet_page(read_plan(plan)).concerns[0].options[0].harms
    assert harms == "Also: scar, infection, each 2 of 100, range 1 to 6."


def test_harm_after_a_fault_is_stated_apart_from_what_trials_counted(plan: Plan) -> None:
    option = plan["concerns"][0]["options"][0]
    modelled = {"low": 0.4, "high": 0.6, "level": 0.8, "kind": "modelled", "draws": 200, "basis": []}
    counted = {"median": 0.05, "low": 0.01, "high": 0.06, "level": 0.8, "kind": "pooled", "draws": 0, "basis": []}
    option["harms"] = [
        harm("burn-if-cooling-fails", modelled | {"median": 0.5}),
        harm("pih", counted),
        harm("injury-if-model-errs", modelled | {"median": 0.45}),
    ]
    shown = leaflet_page(read_plan(plan)).concerns[0].options[0]
    assert shown.bad.label == "Bad: dark marks"  # a fault is not what is drawn, however often it would burn
    assert "50 of 100" in shown.harms
    assert "cooling stops" in shown.harms
    assert "45 of 100" not in shown.harms  # nobody in the chair can act on a model that is wrong
    option["harms"] = [harm("pih", counted), harm("burn-if-cooling-fails", {"unknown": "not judged"})]
    assert "model" not in leaflet_page(read_plan(plan)).concerns[0].options[0].harms


def test_no_treatment_is_among_the_choices_of_every_concern(plan: Plan) -> None:
    for concern in leaflet_page(read_plan(plan)).concerns:
        assert "Do nothing" in [option.name for option in concern.options]


def test_what_is_not_known_is_stated(plan: Plan) -> None:
    page = leaflet_page(read_plan(everything_unknown(plan)))
    for concern in page.concerns:
        assert {option.good.number for option in concern.options} == {"not known"}
        assert {option.bad.number for option in concern.options} == {"not known"}
    (line,) = (line for line in page.unknowns if "We do not know how many" in line)  # one for all concerns
    assert line.count("(") == len(page.concerns)


def test_concerns_beyond_the_page_are_named(plan: Plan) -> None:
    crowded = many_concerns(plan)
    page = leaflet_page(read_plan(crowded))
    assert len(page.concerns) == CONCERNS_IN_FULL
    for concern in crowded["concerns"][CONCERNS_IN_FULL:]:
        assert catalogue()[f"leaflet_condition.{concern['condition']}"].lower() in page.other_concerns


def test_two_choices_of_one_kind_are_distinguished(plan: Plan) -> None:
    names = [option.name for option in leaflet_page(read_plan(plan)).concerns[0].options]
    assert len(names) == len(set(names))


def test_grade_follows_the_printed_formula() -> None:
    # 3 sentences, 12 words, 15 syllables: 0.39 * 4 + 11.8 * 1.25 - 15.59
    texts = ["The cat sat on a table. It was happy!", "Dogs ran over."]
    words = ["The", "cat", "sat", "on", "a", "table", "It", "was", "happy", "Dogs", "ran", "over"]
    assert sum(map(syllables, words)) == 15
    assert grade(texts) == pytest.approx(0.39 * 12 / 3 + 11.8 * 15 / 12 - 15.59, abs=1e-12)
    assert reading_age_years(texts) == pytest.approx(grade(texts) + 5, abs=1e-12)


def test_grade_rises_with_longer_sentences_and_longer_words() -> None:
    assert (
        grade(["We see. We go."]) < grade(["We see we go."]) < grade(["Hyperpigmentation necessitates consultation."])
    )


def test_a_text_without_words_has_no_grade() -> None:
    with pytest.raises(ValueError, match="without words"):
        grade(["...", ""])


@pytest.mark.parametrize(
    ("word", "count"),
    [
        ("skin", 1),
        ("laser", 2),
        ("treated", 2),
        ("clinician", 3),
        ("people", 2),
        ("heated", 2),
        ("device", 2),
        ("cream", 1),
        ("little", 2),
        ("make", 1),
        ("named", 1),
        ("wanted", 2),
        ("changes", 2),
        ("radio", 3),
        ("doing", 2),
        ("quiet", 2),
        ("choices", 2),
        ("medicine", 3),
        ("question", 2),
        ("clinic's", 2),
        ("30", 1),
        ("be", 1),
        ("million", 2),
    ],
)
def test_syllables(word: str, count: int) -> None:
    assert syllables(word) == count


def test_rare_harms_are_stated_together_with_the_highest_end_of_their_ranges(plan: Plan) -> None:
    option = plan["concerns"][0]["options"][0]
    rare = {"median": 0.002, "low": 0.001, "level": 0.8, "kind": "pooled", "draws": 0, "basis": []}
    option["harms"] = [harm("pih", rare | {"median": 0.05, "high": 0.09})]
    option["harms"] += [harm("scar", rare | {"high": 0.03}), harm("infection", rare | {"high": 0.01})]
    harms = leaflet_page(read_plan(plan)).concerns[0].options[0].harms
    assert harms == "Also: each under 1 of 100, at most 3: scar, infection."


@pytest.mark.parametrize("median", [0.002, 0.00499, 0.005, 0.0095, 0.01, 0.02])
def test_what_is_printed_as_one_of_100_stands_under_no_heading_of_fewer(plan: Plan, median: float) -> None:
    """The form listed "Infection: 1 of 100" as rare, under 1 of 100; the leaflet called the same share under 1."""
    option = plan["concerns"][0]["options"][0]
    span = {"low": 0.001, "high": 0.08, "level": 0.8, "kind": "pooled", "draws": 0, "basis": []}
    option["harms"] = [harm("pih", span | {"median": 0.05}), harm("infection", span | {"median": median})]
    made = read_plan(plan)
    fewer = median < 0.005
    assert ("under 1 of 100, at most 8" in leaflet_page(made).concerns[0].options[0].harms) is fewer
    listed = list_harms(made.concerns[0].options[0])
    assert any(line.startswith("Infection: under 1") for line in listed.rare) is fewer
    assert any(line.startswith("Infection: ") for line in listed.common) is not fewer


def test_whom_to_call_is_what_the_clinic_wrote_or_a_line_to_write_it_on(plan: Plan) -> None:
    assert "____" in leaflet_page(read_plan(plan)).phone
    named = leaflet_pdf(read_plan(plan | {"clinic_phone": "030 1234 567"}))
    assert "030 1234 567" in " ".join(page.extract_text() for page in named.pages)


def test_who_scars_easily_reads_so_beside_every_laser(plan: Plan) -> None:
    plan["assessment"]["risks"] = [
        {"risk": "raised-scars", "text": "x", "message": {"id": "x", "params": {}}, "source": "x"}
    ]
    page = leaflet_page(read_plan(plan))
    for concern, made in zip(page.concerns, read_plan(plan).concerns, strict=True):
        assert any("thick scars" in line for line in concern.personal_harms) == (made.first_laser is not None)
    spot = "A test spot comes first."
    assert sum(line.endswith(spot) for line in page.unknowns) == 1
    assert not any(spot in line for line in leaflet_page(read_plan(plan | {"test_spots": []})).unknowns)


@pytest.mark.parametrize("site", ["cheeks", "decolletage"])
def test_cold_sores_are_told_once_and_of_light_on_the_face(site: str) -> None:
    """Who has cold sores read "Cold sores can come back." beside the sentence on the light, and of a chest alone."""
    person = PERSON.replace('sex = "female"', 'sex = "female"\nhistory = ["herpes-labialis"]')
    made = read_plan(document(person + concern_text("uneven-pigmentation", site)))
    (concern,), (page,) = made.concerns, leaflet_page(made).concerns
    assert concern.first_laser is not None
    form = consent_page(made, concern, concern.first_laser[0]).personal_harms
    assert sum("cold sores" in line.lower() for line in form) == (site == "cheeks")
    told = (*leaflet_page(made).refusal_reasons, *page.personal_harms)
    assert sum("cold sores" in line.lower() for line in told) == (site == "cheeks")


def test_a_paragraph_of_reasons_says_once_what_this_person_said() -> None:
    """ "Your skin is dark, or it may be." stood before each light that dark skin rules out."""
    person = PERSON.replace("ita_deg = 60.0\n", "").replace('"II"', '"V"')
    made = read_plan(document(person + concern_text("age-spots", "arms")))
    text = leaflet_page(made).concerns[0].no_laser_text
    assert text.count("Your skin is dark") == 1
    assert text.count("Short flashes") == 2


def test_words_for_a_condition_or_a_treatment_fit_every_site_where_it_may_be() -> None:
    """Poikiloderma of the chest was a "red and brown neck", and needles at a raised scar softened its dents."""
    texts = catalogue()
    assert "neck" not in texts["leaflet_condition.poikiloderma"]
    assert "chest" in texts["leaflet_is.poikiloderma"]
    assert "dents" not in texts["leaflet_plus.microneedling"]


@pytest.mark.parametrize("modality", list(laser_modalities()))
def test_words_for_a_light_name_nothing_that_some_of_its_uses_lack(modality: str) -> None:
    """Scars were offered a "laser for red veins", and large pores a "laser for brown spots"."""
    words = " ".join(catalogue()[f"leaflet_{part}.{modality}"] for part in ("choice", "plus", "minus"))
    assert not re.search(r"\b(veins|spots|wrinkles|dents)\b", words)


def test_one_small_spot_is_named_as_one(plan: Plan) -> None:
    for number, words in ((1, "one small spot first"), (2, "2 small spots first")):
        few = copy.deepcopy(plan)
        for ladder in few["test_spots"]:
            ladder["spots"] = ladder["spots"][:number]
        sentences = " ".join(line for concern in leaflet_page(read_plan(few)).concerns for line in concern.preparations)
        assert words in sentences
        assert "1 small spots" not in sentences
        assert ("if the spots stay well" in sentences) is (number > 1)


@pytest.mark.parametrize(
    ("case", "offered"),
    [
        (PERSON + concern_text("facial-telangiectasia") + devices("pulsed-dye-595"), True),
        (PERSON + concern_text("active-acne"), False),
        (PERSON.replace('sex = "female"', 'sex = "female"\npregnant = true') + concern_text("redness"), False),
        (PERSON.replace('sex = "female"', 'sex = "female"\ntan = "current"') + concern_text("age-spots"), False),
        (PERSON + concern_text("laxity", "hands") + devices("ndyag-1064"), False),
    ],
)
def test_a_laser_is_no_decision_of_whoever_is_offered_none(case: str, offered: bool) -> None:
    """ "No, not now" stood beside "You have to decide: have laser, ..."."""
    made = read_plan(document(case))
    assert any(one.first_laser is not None for one in made.concerns) is offered
    intro = " ".join(leaflet_page(made).intro)
    assert ("have laser" in intro) is offered
    assert ("No laser is offered now" in intro) is not offered


@pytest.mark.parametrize(
    ("condition", "site", "lines"),
    [("fine-lines-periorbital", "periorbital", 0), ("freckles", "full-face", 0), ("facial-telangiectasia", "nose", 1)],
)
def test_care_that_the_place_calls_for_is_no_risk_of_the_person(condition: str, site: str, lines: int) -> None:
    """Shields for the eyes made a decision "with care", of which the page said that the skin raises the risk."""
    person = (
        PERSON.replace('sex = "female"', 'sex = "female"\nmedications = [{ name = "warfarin" }]') if lines else PERSON
    )
    made = read_plan(document(person + concern_text(condition, site)))
    assert made.suitability.decision == "with-caution"
    page = leaflet_page(made)
    assert len(page.refusal_reasons) == lines
    told = " ".join(page.decision)
    assert ("your skin raise the risk" in told) is bool(lines)
    assert ("the place or the kind of laser" in told.lower()) is (lines == 0)


@pytest.mark.parametrize(
    ("condition", "patient", "words"),
    [
        ("age-spots", 'history = ["gold-therapy"]', "your skin raise the risk"),
        ("acne-scars", 'history = ["hypertrophic-scar"]', "your skin raise the risk"),
        ("redness", "downtime_days_accepted = 0", "ask your clinician"),
        ("keloid", "", "ask your clinician"),
        ("melasma", "", "ask your clinician"),
    ],
)
def test_care_that_a_person_or_what_is_treated_calls_for_is_not_blamed_on_the_place(
    condition: str, patient: str, words: str
) -> None:
    """Gold in the skin, raised scars and melasma were "the place or the kind of laser"."""
    made = read_plan(document(PERSON.replace('sex = "female"', f'sex = "female"\n{patient}') + concern_text(condition)))
    assert made.suitability.decision == "with-caution"
    told = " ".join(leaflet_page(made).decision).lower()
    assert "the place" not in told
    if not made.why and any(one.first_laser is not None for one in made.concerns):
        assert words in told


@pytest.mark.parametrize(("sex", "asked"), [("female", True), ("male", False), ("other", True)])
def test_a_man_is_not_asked_for_a_pregnancy_before_each_visit(sex: str, asked: bool) -> None:
    person = PERSON.replace('sex = "female"', f'sex = "{sex}"')
    made = read_plan(document(person + concern_text("facial-telangiectasia", "nose")))
    lines = [line for concern in leaflet_page(made).concerns for line in concern.preparations]
    (told,) = [line for line in lines if line.startswith("Before each visit, tell us")]
    assert ("pregnancy" in told) is asked


def test_what_is_done_before_each_visit_is_told_once_and_fits_the_place() -> None:
    for sites, lenses in ((("hands",), False), (("cheeks", "hands"), True), (("hands", "cheeks"), True)):
        made = read_plan(document(PERSON + "".join(concern_text("age-spots", site) for site in sites)))
        lines = [line for concern in leaflet_page(made).concerns for line in concern.preparations]
        (told,) = [line for line in lines if line.startswith("Before each visit, tell us")]
        assert ("cold sore" in told) is lenses
        assert sum("Come without" in line for line in lines) == 1
        assert any("contact lenses" in line for line in lines) is lenses


def test_what_is_used_at_home_needs_no_visit_and_says_once_that_harm_is_not_known() -> None:
    """Make-up had "Visits: not known" and "Not known: side effects" beside "any harm: not known"."""
    made = read_plan(document(PERSON + concern_text("redness") + devices("pulsed-dye-595")))
    (concern,), (page,) = made.concerns, leaflet_page(made).concerns
    drawn, _ = options_table(concern)
    for option, shown in zip(drawn, page.options, strict=True):
        if option.modality in ("rosacea-medication", "topical-vasoconstrictor", "sun-protection", "camouflage"):
            assert shown.visits == catalogue()["leaflet.at_home"]
        assert not (shown.bad.number == "not known" and shown.harms == "Not known: side effects.")


@pytest.mark.parametrize("modality", ["sun-protection", "topical-retinoid", "microneedling", "radiofrequency"])
def test_what_a_choice_does_holds_for_every_condition_that_has_it(modality: str) -> None:
    """Melasma was offered needles that "soften scars", pits of acne heat that "can firm the skin"."""
    words = " ".join(catalogue()[f"leaflet_{part}.{modality}"] for part in ("plus", "minus"))
    assert not re.search(r"\b(scars?|lines?|spots?|marks?|firm|stays)\b", words)


def test_before_the_first_laser_the_leaflet_asks_once_for_weeks_without_sun(plan: Plan) -> None:
    """The course began with weeks without a tan; the person, who alone can act on it, was not told."""
    weeks = 6  # of the plan, whatever the rules say when it is printed
    step = {"id": "course.sun", "params": {"weeks": weeks}, "text": "Synthetic."}
    plan["course"][0]["steps"].insert(0, step)
    plan_read = read_plan(lasers_last(plan, set()))
    asked = [
        any(f"{weeks} weeks before each visit" in line for line in told.preparations)
        for told in leaflet_page(plan_read).concerns
    ]
    lasers = [planned.first_laser is not None for planned in plan_read.concerns]
    assert any(lasers)
    assert asked == [place == lasers.index(True) for place in range(len(lasers))]


def test_the_weeks_without_sun_are_those_of_the_course_rules() -> None:
    made = read_plan(document(PERSON + concern_text("redness") + devices("pulsed-dye-595")))
    (told,) = leaflet_page(made).concerns
    (line,) = (line for line in told.preparations if "tanning bed" in line)
    assert f" {course_rules().least_weeks} weeks " in line
    assert line in " ".join(" ".join(page.extract_text().split()) for page in leaflet_pdf(made).pages)


def test_care_after_one_treatment_names_its_concern_and_stands_after_the_rest(plan: Plan) -> None:
    """Care of a wound and of whole skin was one list. The consent form prints what holds for its own concern."""
    plan["concerns"] = plan["concerns"][:2]
    first, second = read_plan(plan).concerns
    for advice, place in zip(plan["aftercare"], (first.place, first.place, second.place), strict=False):
        advice["treats"] = [place]
    plan_read = read_plan(plan)
    *general, of_first, of_second = leaflet_page(plan_read).aftercare
    texts = [one.message.text for one in plan_read.aftercare]
    assert general == texts[3:]
    for line, treated, own in ((of_first, first, texts[:2]), (of_second, second, texts[2:3])):
        assert line.lower() == f"{catalogue()[f'leaflet_condition.{treated.condition}']}: {' '.join(own)}".lower()
    for treated, own in ((first, texts[:2]), (second, texts[2:3])):
        assert treated.first_laser is not None
        assert consent_page(plan_read, treated, treated.first_laser[0]).aftercare == (*own, *texts[3:])


def test_one_condition_at_two_sites_with_care_of_their_own_is_told_apart_by_the_site(plan: Plan) -> None:
    plan["concerns"] = [plan["concerns"][0], plan["concerns"][0] | {"site": "neck"}]
    plan["aftercare"][0]["treats"] = [read_plan(plan).concerns[0].place]
    *_, line = leaflet_page(read_plan(plan)).aftercare
    assert f"({catalogue()['leaflet_site.cheeks']}): " in line


MAN = PERSON.replace("female", "male")


@pytest.mark.parametrize(
    ("case", "lost"),
    [
        (MAN + concern_text("uneven-pigmentation") + devices("ipl"), True),
        (PERSON + concern_text("uneven-pigmentation") + devices("ipl"), False),  # no beard
        (MAN + concern_text("facial-telangiectasia", "chin") + devices("ndyag-1064"), True),
        (MAN + concern_text("redness", "nose") + devices("ipl"), False),
        (PERSON + concern_text("redness", "forehead") + devices("ipl"), True),
        (MAN + concern_text("acne-scars") + devices("co2-10600"), False),
    ],
)
def test_whoever_may_lose_hair_by_a_light_reads_it_in_leaflet_and_consent_form(case: str, lost: bool) -> None:
    """The rule tests the light, so it is a reason of options and never of the decision, from which leaflets told."""
    made = read_plan(document(case))
    (treated,) = made.concerns
    lasers = [option for option in treated.options if option.setup is not None]
    assert lasers
    assert any(reason.rule == "hair-loss" for option in lasers for reason in option.reasons) is lost
    page = leaflet_page(made)
    (told,) = page.concerns
    sentences = [line for line in told.personal_harms if "hair may" in line]
    assert bool(sentences) is lost
    assert reading_age_years(leaflet_sentences(page)) <= READING_AGE_YEARS
    for option in lasers:
        assert option.setup is not None
        by_it = any(reason.rule == "hair-loss" for reason in option.reasons)
        asked = [line for line in consent_page(made, treated, option).personal_harms if "hair may" in line]
        assert bool(asked) is by_it
        assert all(light_in_words(option.setup) in line for line in (*asked, *(sentences if by_it else ())))
    pages = [" ".join(one.extract_text().split()) for one in leaflet_pdf(made).pages]
    assert len(pages) == 2
    assert all(line in pages[1] for line in sentences)


@pytest.mark.parametrize(
    ("condition", "site", "device", "told"),
    [
        ("perioral-lines", "perioral", "co2-10600", {"antiviral-around-mouth"}),
        ("perioral-lines", "perioral", "er-yag-2940", {"antiviral-around-mouth"}),
        ("wrinkles", "full-face", "fractional-co2-10600", {"antiviral-around-mouth", "full-face-lids"}),
        ("fine-lines-periorbital", "periorbital", "fractional-co2-10600", {"lower-eyelid", "corneal-shields"}),
        ("fine-lines-periorbital", "periorbital", "fractional-1540", {"corneal-shields"}),
        ("facial-telangiectasia", "nose", "ndyag-1064", {"deep-light-on-nose"}),
        ("redness", "neck", "pulsed-dye-595", {"neck-light"}),
        ("poikiloderma", "decolletage", "ipl", {"neck-light", "decolletage"}),
        ("facial-telangiectasia", "cheeks", "pulsed-dye-595", set()),
    ],
)
def test_leaflet_and_form_say_what_a_light_may_do_at_this_place(
    condition: str, site: str, device: str, told: set[str]
) -> None:
    """Neither said a word of cold sores before lips were ablated, or of the lid before fractional CO2 beside it."""
    made = read_plan(document(PERSON + concern_text(condition, site) + devices(device)))
    (treated,) = made.concerns
    (option,) = [one for one in treated.options if one.setup is not None]
    assert option.setup is not None
    light = light_in_words(option.setup)
    said = {
        rule: catalogue()[f"leaflet_light.{rule}"].format(light=light)
        for rule in (key.removeprefix("leaflet_light.") for key in catalogue() if key.startswith("leaflet_light."))
    }
    page, form = leaflet_page(made), consent_page(made, treated, option)
    why = {one.rule for one in made.why}
    for rule, line in said.items():
        if rule != "hair-loss":
            assert (line in form.personal_harms) is (rule in told), rule
            assert (line in page.concerns[0].personal_harms) is (rule in told - why), rule
    assert reading_age_years(leaflet_sentences(page)) <= READING_AGE_YEARS
    assert len(leaflet_pdf(made).pages) == 2


OF_ONE_PLACE = ("perioral-lines", "fine-lines-periorbital", "dynamic-wrinkles")  # by name


@pytest.mark.parametrize("condition", sorted(set(vocabulary_table("condition")) - set(OF_ONE_PLACE)))
def test_what_a_concern_is_names_no_place_that_may_be_another(condition: str) -> None:
    """Red skin of the neck was red skin on the face: a case may name any site for a condition."""
    texts = [catalogue()[f"leaflet_is.{condition}"]]
    if condition in ("redness", "melasma"):  # of the others the name itself says where
        texts.append(catalogue()[f"condition-definition.{condition}"])
    for text in texts:
        named = re.search(r"\b(face|neck|chest|cheeks|hands|arms)\b", text)
        assert named is None or "most often" in text[: named.start()]


FROZEN = PERSON + concern_text("age-spots", "hands")


def test_whoever_begins_without_a_laser_reads_how_long_it_shows_whom_to_call_and_how_to_care() -> None:
    """After freezing or acid nothing stood under the headings, and the days were not known but further down."""
    made = read_plan(document(FROZEN + devices("ndyag-1064")))
    first = ranked_options(made.concerns[0])[0]
    assert first.modality == "cryotherapy"
    page = leaflet_page(made)
    assert page.concerns[0].options[0].days == "7 to 21"
    assert any("sunscreen" in line for line in page.aftercare)
    assert any("blister" in line and "normal" in line for line in page.aftercare)
    assert any("fever" in line for line in page.call_advice)
    assert reading_age_years(leaflet_sentences(page)) <= READING_AGE_YEARS
    told = " ".join(" ".join(one.extract_text().split()) for one in leaflet_pdf(made).pages)
    assert all(line in told for line in (*page.aftercare, *page.call_advice))
    report = render_html(made, FigureData())
    assert catalogue()["aftercare.frozen-blister"] in report
    assert 'id="source-kingstoncryotherapy"' in report


def test_care_after_acid_stands_beside_that_after_a_laser_with_its_concern() -> None:
    made = read_plan(
        document(
            PERSON.replace('"II"\nita_deg = 60.0', '"III"')
            + concern_text("facial-telangiectasia", "nose")
            + concern_text("age-spots", "hands")
            + devices("ndyag-1064")
        )
    )
    spots = made.concerns[1]
    assert ranked_options(spots)[0].modality == PEEL
    page = leaflet_page(made)
    (line,) = (line for line in page.aftercare if "peels" in line)
    assert line.startswith(f"{catalogue()['leaflet_condition.age-spots']}: ")
    assert sum("fever" in line for line in page.call_advice) == 1


BLISTER = "aftercare.frozen-blister"


def test_a_blister_is_normal_at_one_place_and_a_reason_to_call_at_another() -> None:
    """Both sentences stood without a place: normal on frozen hands, a reason to call at once everywhere."""
    veins = concern_text("facial-telangiectasia", "nose")
    made = read_plan(document(PERSON + veins + concern_text("age-spots", "hands") + devices("pulsed-dye-595")))
    nose, hands = made.concerns
    assert nose.first_laser is not None
    assert hands.first_laser is None
    assert {one.message.id for one in made.aftercare} >= {BLISTER}
    assert {one.source for one in (*made.aftercare, *made.when_to_call)} <= set(made.sources)
    page = leaflet_page(made)
    for line in (line for line in (*page.aftercare, *page.call_advice) if "if the skin blisters" in line):
        assert line.startswith(f"{catalogue()['leaflet_condition.facial-telangiectasia']}: ")
    (line,) = (line for line in page.aftercare if catalogue()[BLISTER] in line)
    assert line.startswith(f"{catalogue()['leaflet_condition.age-spots']}: ")
    assert reading_age_years(leaflet_sentences(page)) <= READING_AGE_YEARS
    form = consent_page(made, nose, nose.first_laser[0])
    assert catalogue()[BLISTER] not in form.aftercare
    assert any("blisters" in line for line in form.call_advice)
    report = report_page(made, draw_report_figures(made, FigureData()).pictures, (), embedded_figures={}, photo=None)
    assert {one.subject for one in report.aftercare if one.lead == catalogue()[BLISTER]} == {concern_name(hands)}


def test_of_a_place_that_is_frozen_first_and_has_a_laser_too_each_care_names_its_treatment() -> None:
    case = PERSON + concern_text("age-spots", "hands") + devices("qs-ruby-694")
    made = read_plan(document(case))
    (part,) = made.concerns
    assert part.first_laser is not None
    laser, setup = part.first_laser
    cold = next(option for option in part.options if option.modality == "cryotherapy")
    ordered = (replace(cold, rank=1), replace(laser, rank=2))
    entered = loaded(case).case
    (concern,) = entered.concern
    treated = [(concern, laser.modality), (concern, cold.modality)]
    mixed = replace(
        made,
        concerns=(replace(part, options=ordered),),
        aftercare=aftercare_advice(treated, entered),
        when_to_call=call_advice(treated, entered),
    )
    page = leaflet_page(mixed)
    spots = catalogue()["leaflet_condition.age-spots"]
    (line,) = (line for line in page.aftercare if catalogue()[BLISTER] in line)
    assert line.lower().startswith(f"{spots}, {catalogue()['leaflet_choice.cryotherapy']}: ".lower())
    (line,) = (line for line in page.call_advice if "if the skin blisters" in line)
    assert line.startswith(f"{spots}, {light_in_words(setup)}: ")
    form = consent_page(mixed, mixed.concerns[0], laser)
    assert catalogue()[BLISTER] not in form.aftercare
    assert any("blisters" in line for line in form.call_advice)


def test_after_a_session_that_no_rule_speaks_of_the_leaflet_says_to_ask() -> None:
    made = read_plan(document(PERSON + concern_text("laxity", "hands") + devices("ndyag-1064")))
    assert ranked_options(made.concerns[0])[0].modality in ("focused-ultrasound", "radiofrequency", "surgery")
    page = leaflet_page(made)
    assert page.aftercare == (catalogue()["leaflet.aftercare_1"],)
    assert page.call_advice == (catalogue()["leaflet.call_1"],)


@pytest.mark.parametrize("better", [89.0, 90.0, 100.0])
def test_what_is_better_enough_is_told_and_has_no_visit(better: float) -> None:
    """A concern that was all better was given two more visits, and the note stood among faults."""
    done = f"""
[[session]]
week = 0
treats = "facial-telangiectasia"
device = "pulsed-dye-595"
wavelength_nm = 595
fluence_J_cm2 = 7.5
pulse_ms = 10.0
spot_mm = 7.0
response_pct = {better}
"""
    case = PERSON + concern_text("facial-telangiectasia", extra=NAMED + 'subtypes = ["fine-red"]')
    made = read_plan(document(case + devices("pulsed-dye-595") + done))
    enough = better >= 90.0
    assert (made.course == ()) is enough
    page = leaflet_page(made)
    assert any("no more visits" in line for line in page.decision) is enough
    assert any("laser" in line.lower() for line in page.decision) is not enough  # nor that it is not the first to try
    assert (page.concerns[0].preparations == ()) is enough
    assert made.concerns[0].is_done is (True if enough else None)
    assert made.concerns[0].first_laser is not None
    aim = consent_page(made, made.concerns[0], made.concerns[0].first_laser[0]).aim
    assert (catalogue()["consent.aim_done"] in aim) is enough
    assert any("visits" in line.lower() or "small spots" in line for line in aim if "no more" not in line) is not enough
    assert made.test_spots
    assert all(one.when_chosen is not None for one in made.test_spots) is enough
    assert reading_age_years(leaflet_sentences(page)) <= READING_AGE_YEARS
    assert any(one.id == "course.done" for one in made.course_total.afterwards) is enough
    report = report_page(made, draw_report_figures(made, FigureData()).pictures, (), embedded_figures={}, photo=None)
    assert any(f"{better:.0f} % is better" in line for line in report.earlier)
    assert not [one for one in report.faults if one.code in ("response", "learned", "not-learned")]
    html = render_html(made, FigureData())
    assert catalogue()["report.h_earlier"] in html
    assert ("this course reserves no session" in html) is enough


@pytest.mark.parametrize("done", [0, 1, 2])
def test_leaflet_and_form_say_how_many_visits_the_plan_has_left(done: int) -> None:
    """ "You come 1 to 3 times" stood on the form of who had been twice, beside a plan of one visit."""
    earlier = "".join(
        f"""
[[session]]
week = {6 * number}
treats = "facial-telangiectasia"
device = "pulsed-dye-595"
fluence_J_cm2 = 7.5
response_pct = 40
"""
        for number in range(done)
    )
    case = PERSON + concern_text("facial-telangiectasia", extra=NAMED + 'subtypes = ["fine-red"]')
    made = read_plan(document(case + devices("pulsed-dye-595") + earlier))
    (concern,) = made.concerns
    assert concern.first_laser is not None
    said = f"Visits with laser still to come in this plan: {len(made.course)}."
    assert len(made.course) == 3 - done
    page = leaflet_page(made)
    assert page.concerns[0].preparations[0] == said
    aim = consent_page(made, concern, concern.first_laser[0]).aim
    assert said in aim
    assert not any(line.startswith("You come") for line in aim)
    assert reading_age_years(leaflet_sentences(page)) <= READING_AGE_YEARS


def test_visits_that_several_concerns_share_are_not_added_up() -> None:
    """Four visits and three read as seven, where spots and redness of one face are treated in the same four."""
    case = PERSON + "".join(concern_text(name, extra=NAMED) for name in ("redness", "age-spots"))
    made = read_plan(document(case + devices("ipl")))
    red, brown = leaflet_page(made).concerns
    assert len(made.course) == max(len([v for v in made.course if one.place in v.treats]) for one in made.concerns)
    assert "Some of these visits are also for: Age spots (cheeks)." in red.preparations
    assert "Some of these visits are also for: Red skin (cheeks)." in brown.preparations
    assert reading_age_years(leaflet_sentences(leaflet_page(made))) <= READING_AGE_YEARS


def test_what_waits_for_melasma_says_so_and_what_lies_elsewhere_does_not() -> None:
    """The plan lets every other light of that skin wait for months of creams; the leaflet was silent."""
    person = PERSON.replace("ita_deg = 60.0\n", "").replace('"II"', '"III"')
    case = person + concern_text("melasma") + concern_text("facial-telangiectasia") + concern_text("age-spots", "hands")
    made = read_plan(document(case))
    pages = leaflet_page(made).concerns
    told = {one.condition: page.preparations for one, page in zip(made.concerns, pages, strict=True)}
    waits = catalogue()["leaflet.visits_melasma"]
    assert {condition: waits in lines for condition, lines in told.items()} == {
        "melasma": False,
        "facial-telangiectasia": True,
        "age-spots": False,
    }
    creams = "Laser comes after 14 weeks at the earliest"
    assert [condition for condition, lines in told.items() if creams in " ".join(lines)] == ["melasma"]
    first = next(visit for visit in made.course if "melasma at cheeks" in visit.treats)
    older = replace(made, course=(replace(first, week=0),))  # so older plans told of creams
    assert not any(
        "weeks at the earliest" in line for page in leaflet_page(older).concerns for line in page.preparations
    )


@pytest.mark.parametrize(("language", "time"), [("en", "after 1 week at"), ("de", "nach 1 Woche,")])
def test_one_week_that_is_left_of_the_creams_is_no_plural(language: str, time: str) -> None:
    case = PERSON.replace("ita_deg = 60.0\n", "").replace('"II"', '"III"')
    made = read_plan(document(case + concern_text("melasma", extra=f"{NAMED}creams_months = 2.8\n")))
    with use_language(language):
        (page,) = leaflet_page(made).concerns
        assert time in " ".join(page.preparations)


def test_what_comes_later_in_the_plan_says_when_it_begins() -> None:
    case = PERSON + concern_text("facial-telangiectasia") + concern_text("acne-scars")
    made = read_plan(document(case + devices("pulsed-dye-595", "fractional-co2-10600")))
    veins, scars = (leaflet.preparations for leaflet in leaflet_page(made).concerns)
    week = next(visit.week for visit in made.course if "acne-scars at cheeks" in visit.treats)
    assert week > 0
    assert f"The first comes {week} weeks after the start of the plan, when your skin is calm." in scars
    assert not any(line.startswith("The first comes") for line in veins)


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (0, 0, "when treatment ended"),
        (0.2, 0.4, "when treatment ended"),
        (0, 3, "or up to 3 months later"),
        (0, 1, "or up to 1 month later"),
        (1, 1, "1 month after"),
        (6, 6, "6 months"),
    ],
)
def test_when_trials_looked_is_no_number_of_zero_months(low: float, high: float, said: str) -> None:
    """ "The trials checked people 0 months after the last visit." """
    made = read_plan(document(PERSON + concern_text("facial-telangiectasia") + devices("pulsed-dye-595")))
    (option, *_) = made.concerns[0].options
    line = follow_up_sentence([replace(option, followup_months=SourceRange(low, high, "months"))])
    assert said in line


def test_a_single_visit_is_told_once() -> None:
    """The form of full-field ablation said "You come once." and, beside it, "Visits with laser in this plan: 1."."""
    made = read_plan(document(PERSON + concern_text("perioral-lines", "perioral") + devices("co2-10600")))
    (concern,) = made.concerns
    assert concern.first_laser is not None
    aim = consent_page(made, concern, concern.first_laser[0]).aim
    assert catalogue()["consent.aim_visits_one"] in aim
    assert not any(line.startswith("Visits with laser") for line in aim)


@pytest.mark.parametrize("language", ["en", "de"])
def test_visible_veins_are_not_called_red_whatever_they_are(language: str) -> None:
    """Blue veins of the cheeks were "small red veins" on the page that their owner took home."""
    colours = {"en": ("red", "blue"), "de": ("rote", "blaue")}[language]
    with use_language(language):
        name, what = (
            render_message(f"{part}.facial-telangiectasia").split() for part in ("leaflet_condition", "leaflet_is")
        )
        assert colours[0] not in name
        assert set(colours) <= set(what)
