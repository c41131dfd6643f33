"""What a reader without medical knowledge takes from the papers: no empty advice, no number without its range, no
sentence that points at a page that has nothing, and the same of a choice in each paper."""

import re

import pytest
from consultations import PERSON, concern, devices, document
from plan_reading import read_plan

from skinbeam.model.estimate import Unknown
from skinbeam.plan_records.plan import Plan
from skinbeam.report.consent_form import consent_page
from skinbeam.report.formatting import ranked_options
from skinbeam.report.leaflet.choices import leaflet_options, options_table
from skinbeam.report.leaflet.leaflet_page import leaflet_page
from skinbeam.report.outcomes import improved_share, worst_harm
from skinbeam.report.overview import option_glance, spoken_summary
from skinbeam.report.plain_words import choice_name, is_done_at_home, light_harm_sentences
from skinbeam.text import LANGUAGES, render_message, translate_record, use_language

BROWN = PERSON.replace("ita_deg = 60.0\n", "").replace('"II"', '"IV"')
UNDIAGNOSED = 'severity = "mild"\n'
CASES = {
    "a laser": PERSON + concern("facial-telangiectasia"),
    "no setting": BROWN + concern("freckles") + devices("ktp-532"),
    "pregnant": PERSON + "pregnant = true\n" + concern("redness"),
    "a mark to be seen": PERSON + concern("age-spots", extra=UNDIAGNOSED),
    "a mark beside another": PERSON + concern("age-spots", extra=UNDIAGNOSED) + concern("laxity", "neck"),
    "creams first": PERSON + concern("redness") + concern("melasma"),
}
EVERY_CASE = pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))


def plan_of(case: str) -> Plan:
    return read_plan(document(case))


@EVERY_CASE
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_leaflet_says_when_to_call(case: str, language: str) -> None:
    """Without a session, "When to call us" stood above a telephone number and nothing else."""
    with use_language(language):
        assert leaflet_page(plan_of(case)).call_advice


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("sex", [None, "female", "male"])
def test_no_man_is_asked_about_a_pregnancy(sex: str | None, language: str) -> None:
    """A German leaflet did: the words of its plan are translated, "male" too."""
    stated = "" if sex is None else f'sex = "{sex}"\n'
    plan = plan_of(re.sub(r'sex = "\w+"\n', stated, CASES["a laser"]))
    with use_language(language):
        sentences = " ".join(leaflet_page(translate_record(plan)).concerns[0].preparations)
        male, other = render_message("leaflet.before_tell_not_pregnant"), render_message("leaflet.before_tell")
        assert (male in sentences, other in sentences) == (sex == "male", sex != "male")


@pytest.mark.parametrize(("age", "is_asked"), [(42, True), (68, False)])
def test_no_woman_is_asked_about_a_pregnancy_whom_the_plan_does_not_ask(age: int, is_asked: bool) -> None:
    """A leaflet of a woman of 68 did."""
    text = re.sub(r"age_years = \d+", f"age_years = {age}", re.sub(r'sex = "\w+"', 'sex = "female"', CASES["a laser"]))
    sentences = " ".join(leaflet_page(plan_of(text)).concerns[0].preparations)
    assert ("pregnan" in sentences) is is_asked


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("sex", "age", "is_told"), [("female", 42, True), ("female", 85, False), ("male", 42, False)])
@pytest.mark.parametrize("condition", ["active-acne", "age-spots", "keloid"])
def test_only_who_may_be_pregnant_reads_what_harms_in_pregnancy(
    condition: str, sex: str, age: int, is_told: bool, language: str
) -> None:
    """A man read of a retinoid cream "Not if you are pregnant"."""
    person = re.sub(r"age_years = \d+", f"age_years = {age}", re.sub(r'sex = "\w+"', f'sex = "{sex}"', PERSON))
    plan = plan_of(person + concern(condition))
    with use_language(language):
        choices = leaflet_page(translate_record(plan)).concerns[0].choices
    told = [choice.minus for choice in choices if re.search("pregnan|schwanger", choice.minus, re.IGNORECASE)]
    assert bool(told) is is_told, told


@pytest.mark.parametrize(("case", "is_told"), [("a laser", True), ("pregnant", False)])
def test_who_has_nothing_done_reads_of_no_skin_that_heals(case: str, is_told: bool) -> None:
    """Sun cream and make-up were all that a pregnant woman could choose; "others may see it" while skin heals."""
    told = " ".join(leaflet_page(plan_of(CASES[case])).healing)
    assert ("While skin heals" in told) is is_told
    assert "do nothing" in told


def test_a_sentence_of_two_rules_is_said_once_with_the_lights_of_both() -> None:
    """ "This light can wake your cold sores. [...] This light can wake your cold sores." stood on one page."""
    lips = concern("perioral-lines", "perioral") + devices("co2-10600", "fractional-1550")
    plan = plan_of(PERSON.replace("[patient]", '[patient]\nhistory = ["herpes-labialis"]') + lips)
    sentences = light_harm_sentences(plan.concerns[0].options, "perioral")
    told = [sentence for sentence in sentences if "cold sores" in sentence]
    assert len(told) == 1
    assert all(light in told[0] for light in ("10,600", "1550"))


def test_that_a_reason_is_on_the_first_page_comes_before_reasons_that_are_not() -> None:
    """ "One kind of laser is not used at this place. The reason is on the first page.": the page had none of that."""
    _, laxity = leaflet_page(plan_of(CASES["a mark beside another"])).concerns
    stopped = render_message("leaflet_no_laser.stopped")
    assert render_message("leaflet_no_laser.not-at-site") in laxity.no_laser_text
    assert laxity.no_laser_text.startswith(stopped)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_nearest_setting_says_whose_number_is_whose(language: str) -> None:
    """ "It works in 22 of 100 people. In trials, 71 of 100 got half better.": a model's number, and no range."""
    with use_language(language):
        (spots,) = leaflet_page(plan_of(CASES["no setting"])).concerns
        model = {"en": "A model says", "de": "Ein Modell sagt"}[language]
        between = {"en": "from clinic to clinic", "de": "von Klinik zu Klinik"}[language]
        assert model in spots.no_laser_text
        assert re.search(rf"\(.*\d+ .*{between}\)", spots.no_laser_text)


@EVERY_CASE
def test_each_first_choice_of_which_a_number_is_unknown_is_named_for_that_number(case: str) -> None:
    plan = plan_of(case)
    lines = leaflet_page(plan).unknowns
    starts = {
        (True, True): "leaflet.unknown_both",
        (True, False): "leaflet.unknown_good",
        (False, True): "leaflet.unknown_bad",
    }
    for one in plan.concerns:
        if one.examination is not None:
            continue
        first = ranked_options(one)[0]
        unknown = (
            isinstance(improved_share(first), Unknown),
            isinstance(worst_harm(first)[1], Unknown) and first.modality != "no-treatment",
        )
        told = [line for line in lines if choice_name(first)[1:] in line]
        start = render_message(starts[unknown], {"choices": ""}).rstrip(".") if any(unknown) else None
        assert [line.startswith(start) for line in told] == [True] if start else not told


@EVERY_CASE
def test_report_and_leaflet_agree_that_what_is_done_at_home_takes_no_visit(case: str) -> None:
    """The report said "how many visits it takes is not known" of a cream, the leaflet "none, you use it at home"."""
    plan = plan_of(case)
    for one in plan.concerns:
        drawn = options_table(one)[0]
        for option, told in zip(drawn, leaflet_options(one), strict=True):
            at_home = is_done_at_home(option)
            assert (told.visits == render_message("leaflet.at_home")) is at_home
            assert (option_glance(one, option).visits == render_message("report.brief_at_home")) is at_home
        if drawn and is_done_at_home(ranked_options(one)[0]):
            assert "visits it takes" not in " ".join(spoken_summary(one))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_consent_form_tells_of_eyes_of_no_benefit_and_of_costs(language: str) -> None:
    plan = plan_of(PERSON + concern("acne-scars") + devices("fractional-co2-10600"))
    (scars,) = plan.concerns
    assert scars.first_laser is not None
    with use_language(language):
        page = consent_page(plan, scars, scars.first_laser[0])
        eyes, no_benefit, costs = {
            "en": ("eyes are covered", "or not at all", "the cost of all visits"),
            "de": ("Augen werden bedeckt", "gar nicht", "was alle Besuche kosten"),
        }[language]
        assert eyes in " ".join(page.aim)
        assert no_benefit in page.results_note
        assert costs in " ".join(page.agreement)
        # Leaflet and form say the same of doing nothing.
        nothing = leaflet_options(scars)[-1]
        assert page.choices[-1].bad == nothing.bad.number
