"""Care before and after a treatment, and whom it is for."""

from dataclasses import replace

import pytest
from consultations import PERSON, devices, document, loaded
from consultations import concern as concern_text
from leaflet_samples import READING_AGE_YEARS, Plan
from plan_reading import read_plan
from readability import leaflet_sentences, reading_age_years
from report_samples import leaflet_pdf

from skinbeam.course.aftercare import aftercare_advice, call_advice
from skinbeam.evidence.peel_kinds import PEEL
from skinbeam.report.clinician_page import report_page
from skinbeam.report.consent_form import consent_page
from skinbeam.report.formatting import concern_name, ranked_options
from skinbeam.report.graphics.figure_data import FigureData
from skinbeam.report.leaflet.choices import options_table
from skinbeam.report.leaflet.leaflet_page import leaflet_page
from skinbeam.report.plain_words import light_in_words
from skinbeam.report.report_figures import draw_report_figures
from skinbeam.report.report_files import render_html
from skinbeam.text import catalogue

pytestmark = pytest.mark.usefixtures("charts_drawn_once")


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


@pytest.mark.parametrize("condition", ["melasma", "active-acne"])
def test_a_pregnant_woman_reads_which_cream_she_may_use(condition: str) -> None:
    """Her leaflet for melasma named sun cream alone, and the report azelaic acid as the choice then."""

    def creams(pregnant: str) -> str:
        made = document(PERSON + pregnant + concern_text(condition) + devices("ndyag-1064"))
        return leaflet_page(read_plan(made)).concerns[0].creams

    assert "azelaic acid" in creams("pregnant = true\n")
    assert not creams("")


def test_advice_that_holds_after_the_laser_of_one_and_for_others_is_said_once() -> None:
    """A leaflet of four concerns said how to care for the skin twice, and its page was six instead of five."""
    person = PERSON.replace("ita_deg = 60.0\n", "").replace('"II"', '"VI"')
    both = concern_text("acne-scars") + concern_text("surgical-scars", "neck")
    made = read_plan(document(person + both + devices("fractional-1550")))
    lines = " ".join(leaflet_page(made).aftercare)
    told = [advice.message.text for advice in made.aftercare]
    assert len(told) > len(set(told))  # after the laser for acne scars, and for the other scars
    assert all(lines.count(text) == 1 for text in told)


def test_a_paragraph_of_reasons_says_once_what_this_person_said() -> None:
    """ "Your skin is dark, or it may be." stood before each light that dark skin rules out."""
    person = PERSON.replace("ita_deg = 60.0\n", "").replace('"II"', '"V"')
    owned = devices("ps-ndyag-532-1064", "qs-ruby-694")
    made = read_plan(document(person + concern_text("age-spots", "arms") + owned))
    text = leaflet_page(made).concerns[0].no_laser_text
    assert text.count("Your skin is dark") == 1
    assert text.count("Short flashes") == 2


@pytest.mark.parametrize(
    ("phototype", "said"),
    [("VI", "Your skin is dark."), ("IV", "Your skin is dark."), ("III-V", "Your skin is dark, or it may be.")],
)
def test_skin_that_is_dark_is_not_said_to_be_so_perhaps(phototype: str, said: str) -> None:
    person = PERSON.replace("ita_deg = 60.0\n", "").replace('"II"', f'"{phototype}"')
    made = read_plan(document(person + concern_text("acne-scars") + devices("fractional-1550")))
    assert any(line.startswith(said) for line in leaflet_page(made).refusal_reasons)


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


@pytest.mark.parametrize(("sex", "told"), [("male", True), ("female", False)])
def test_a_beard_is_shaved_before_light_and_left_alone_after_it(sex: str, told: bool) -> None:
    """A man whose neck gets a lamp read neither: hair above the skin burns it, and a razor rubs it."""
    person = PERSON.replace('sex = "female"', f'sex = "{sex}"')
    page = leaflet_page(read_plan(document(person + concern_text("poikiloderma", "neck") + devices("ipl"))))
    before = " ".join(line for concern in page.concerns for line in concern.preparations)
    assert ("Shave your beard" in before) is told
    assert any("not shave" in line for line in page.aftercare) is told


def test_spots_off_the_face_are_told_to_heal_more_slowly() -> None:
    """It was told of columns alone, although crusts of hands stay for longer than those of faces."""
    for site, told in (("hands", True), ("cheeks", False)):
        (page,) = leaflet_page(read_plan(document(PERSON + concern_text("age-spots", site)))).concerns
        assert ("Off the face" in page.healing) is told, site


def test_backs_of_hands_get_no_acne() -> None:
    """ "More acne: no one knows how often" stood among the harms of hands."""
    for site, told in (("hands", False), ("cheeks", True)):
        (concern,) = read_plan(document(PERSON + concern_text("age-spots", site))).concerns
        assert concern.first_laser is not None
        assert ("acne-flare" in {harm.name for harm in concern.first_laser[0].harms}) is told, site


def test_a_field_under_a_lamp_has_no_brown_spots() -> None:
    made = read_plan(document(PERSON + concern_text("poikiloderma", "neck") + devices("ipl")))
    told = " ".join(leaflet_page(made).call_advice)
    assert "Brown skin turns darker" in told
    assert "spots" not in told


def test_brown_patches_get_a_tinted_sunscreen() -> None:
    """Visible light darkens them too, and a trial found iron oxides better; a plain sunscreen was told."""
    for condition, told in (("melasma", True), ("age-spots", False)):
        page = leaflet_page(read_plan(document(PERSON + concern_text(condition))))
        assert any("tinted sunscreen" in line for line in page.aftercare) is told, condition


@pytest.mark.parametrize(("condition", "told"), [("wrinkles", True), ("acne-scars", True), ("redness", False)])
def test_whoever_waits_for_new_collagen_reads_how_long(condition: str, told: bool) -> None:
    """Nobody was told when lines and scars show what a laser did: after months, while redness goes within weeks."""
    owned = devices("fractional-1550", "pulsed-dye-595")
    made = read_plan(document(PERSON + concern_text(condition) + owned))
    (concern,), (page,) = made.concerns, leaflet_page(made).concerns
    assert concern.first_laser is not None
    form = " ".join(consent_page(made, concern, concern.first_laser[0]).healing)
    for text in (page.healing, form):
        assert ("about 6 months to show" in text) is told


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
