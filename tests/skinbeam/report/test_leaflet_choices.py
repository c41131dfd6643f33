"""The choices of the leaflet: good and bad with the same weight."""

import re
from dataclasses import replace
from typing import Any

import pytest
from consultations import PERSON, devices, document
from consultations import concern as concern_text
from leaflet_samples import READING_AGE_YEARS, Plan, everything_unknown, lasers_last, message
from plan_reading import read_plan
from readability import leaflet_sentences, reading_age_years
from report_samples import leaflet_pdf

from skinbeam.model.estimate import Unknown
from skinbeam.plan_records.course import SourceRange
from skinbeam.report.consent_form import consent_page, list_harms
from skinbeam.report.leaflet.choices import combined_sentence, dot_files, follow_up_sentence, other_light_sentence
from skinbeam.report.leaflet.leaflet_page import leaflet_page
from skinbeam.report.plain_words import light_in_words
from skinbeam.text import catalogue

pytestmark = pytest.mark.usefixtures("charts_drawn_once")


def harm(name: str, p: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "p": p, "text": message("Synthetic.")}


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


def test_two_choices_of_one_kind_are_distinguished(plan: Plan) -> None:
    names = [option.name for option in leaflet_page(read_plan(plan)).concerns[0].options]
    assert len(names) == len(set(names))


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


@pytest.mark.parametrize(("site", "face"), [("hands", False), ("forehead", True)])
def test_nobody_reads_of_lashes_and_beard_beside_treated_hands(site: str, face: bool) -> None:
    made = read_plan(document(PERSON + concern_text("age-spots", site) + devices("qs-ndyag-532-1064")))
    (treated,) = made.concerns
    (option,) = [one for one in treated.options if one.setup is not None]
    for told in (leaflet_page(made).concerns[0].personal_harms, consent_page(made, treated, option).personal_harms):
        (line,) = [one for one in told if "hair may" in one]
        assert ("lashes" in line) is ("beard" in line) is face


@pytest.mark.parametrize(
    ("condition", "site", "words"),
    [("perioral-lines", "perioral", "smile"), ("fine-lines-periorbital", "periorbital", "lid")],
)
def test_shots_around_the_mouth_weaken_lips_and_no_lid(condition: str, site: str, words: str) -> None:
    """ "A lid can droop" stood beside shots into the upper lip."""
    made = read_plan(document(PERSON + concern_text(condition, site) + devices("fractional-co2-10600")))
    (line,) = [choice.minus for choice in leaflet_page(made).concerns[0].choices if choice.name == "Botulinum shots"]
    assert {word for word in ("smile", "lid") if word in line} == {words}


@pytest.mark.parametrize(
    ("condition", "site", "device", "is_told"),
    [
        ("wrinkles", "hands", "fractional-co2-10600", True),
        ("wrinkles", "decolletage", "fractional-1550", True),
        ("wrinkles", "cheeks", "fractional-co2-10600", False),
        ("redness", "neck", "pulsed-dye-595", False),
    ],
)
def test_days_of_healing_that_were_counted_on_faces_are_said_to_be_more_elsewhere(
    condition: str, site: str, device: str, is_told: bool
) -> None:
    """Crusts on hands were to be off after four to seven days, which trials counted on faces."""
    made = read_plan(document(PERSON + concern_text(condition, site) + devices(device)))
    (treated,) = made.concerns
    (option,) = [one for one in treated.options if one.setup is not None]
    for told in (leaflet_page(made).concerns[0].healing, " ".join(consent_page(made, treated, option).healing)):
        assert (catalogue()["leaflet.healing_off_face"] in told) is is_told


@pytest.mark.parametrize(("accepted", "is_told"), [(2, True), (60, False)])
def test_whoever_named_fewer_days_than_a_light_shows_reads_so(accepted: int, is_told: bool) -> None:
    """The report said it, and the person who had asked for three days did not read it."""
    person = PERSON.replace("\nage_years", f"\ndowntime_days_accepted = {accepted}\nage_years")
    made = read_plan(document(person + concern_text("wrinkles") + devices("fractional-co2-10600")))
    (treated,) = made.concerns
    (option,) = [one for one in treated.options if one.setup is not None]
    for told in (leaflet_page(made).concerns[0].personal_harms, consent_page(made, treated, option).personal_harms):
        assert any("longer than the days" in line for line in told) is is_told


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
        if not rule.startswith("hair-loss"):
            assert (line in form.personal_harms) is (rule in told), rule
            assert (line in page.concerns[0].personal_harms) is (rule in told - why), rule
    assert reading_age_years(leaflet_sentences(page)) <= READING_AGE_YEARS
    assert len(leaflet_pdf(made).pages) == 2


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


def test_that_some_trials_do_not_say_when_they_looked_is_told() -> None:
    """A leaflet gave the time of one of three choices as that of all; its consent form said that nobody knows it."""
    made = read_plan(document(PERSON + concern_text("facial-telangiectasia") + devices("pulsed-dye-595")))
    (option, *_) = made.concerns[0].options
    looked, silent = (
        replace(option, followup_months=SourceRange(6, 6, "months")),
        replace(option, followup_months=Unknown("not printed")),
    )
    assert "Some trials do not say when" in follow_up_sentence([looked, silent])
    assert "Some" not in follow_up_sentence([looked])


def test_a_result_of_people_who_had_another_treatment_too_is_told_as_such() -> None:
    """Light for keloids stood with 67 of 100 beside shots with 50; those 67 had the shots as well."""
    keloid = PERSON + concern_text("keloid", "decolletage", 'subtypes = ["red"]') + devices("pulsed-dye-595")
    made = read_plan(document(keloid))
    by_name = {option.modality: option for option in made.concerns[0].options}
    assert combined_sentence([by_name["vascular"]])
    assert not combined_sentence([by_name["intralesional-steroid"]])
    told = combined_sentence([by_name["vascular"], by_name["intralesional-steroid"], by_name["no-treatment"]])
    assert "595" in told
    assert "Shots" not in told


def test_the_number_of_other_lasers_is_told_as_such() -> None:
    """1064 nm stood with 71 of 100 beside creams with 53 and 30, and no trial of age spots had used it."""
    dark = PERSON.replace("ita_deg = 60.0", "ita_deg = -10.0").replace('"II"', '"V"')
    made = read_plan(document(dark + concern_text("age-spots") + devices("qs-ndyag-532-1064")))
    (concern,) = leaflet_page(made).concerns
    assert "No trial used this light" in concern.follow_up
    assert "1064" in concern.follow_up
    assert made.concerns[0].first_laser is not None
    option, _ = made.concerns[0].first_laser
    note = consent_page(made, made.concerns[0], option).results_note
    assert note.endswith(
        " No trial used this light for this. The number comes from other lasers. This one may do less."
    )
    assert "  " not in note
    light = read_plan(document(PERSON + concern_text("age-spots") + devices("qs-ndyag-532-1064")))
    assert "No trial used this light" not in leaflet_page(light).concerns[0].follow_up
    assert other_light_sentence([option])
