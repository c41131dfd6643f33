"""The consent form of a choice: what it must tell, that it can be read, and that it belongs to its plan."""

import datetime
import io
import re
from dataclasses import fields, replace
from typing import Any, get_type_hints

import pytest
from consultations import PERSON, devices, document, example
from consultations import concern as concern_text
from paths import ROOT
from plan_reading import read_plan
from pypdf import PdfReader
from readability import consent_sentences, reading_age_years
from report_samples import sample_plan
from test_report_context import METHODS, nested, typst_names

from skinbeam.course.aftercare import aftercare_advice, call_advice
from skinbeam.model.estimate import Estimate, Unknown
from skinbeam.model.input_files import load_case
from skinbeam.model.vocabulary import vocabulary_table
from skinbeam.plan_records.course import SourceRange
from skinbeam.plan_records.plan import ConcernPlan, Option, Plan
from skinbeam.report import consent_context
from skinbeam.report.consent_context import PHOTO_PERMISSIONS, ConsentPage, ConsentSignature, TeachBackTry
from skinbeam.report.consent_form import (
    consent_page,
    cooling_off_days,
    list_harms,
    make_consent,
    teach_back_questions,
)
from skinbeam.text import catalogue

READING_AGE_YEARS = 12.0
MOST_PAGES = 3
TALK, DAY = datetime.date(2026, 11, 2), datetime.date(2026, 11, 22)
Document = dict[str, Any]


def unknown(document: Document) -> Document:
    """The same plan with every estimate taken away."""

    def strip(value: Any) -> Any:
        if isinstance(value, dict):
            return {"unknown": "nobody knows"} if "median" in value else {k: strip(v) for k, v in value.items()}
        return [strip(item) for item in value] if isinstance(value, list) else value

    stripped: Document = strip(document)
    return stripped


def crowded(document: Document) -> Document:
    """More to do afterwards, and more that this skin adds, than anybody has."""
    aftercare = [
        document["aftercare"][0] | {"text": f"Keep it clean and dry, and look at it each day, {i}."} for i in range(25)
    ]
    risks = [
        {"risk": key.removeprefix("leaflet_own."), "text": "x", "message": {"id": "x", "params": {}}, "source": "x"}
        for key in catalogue()
        if key.startswith("leaflet_own.")
    ]
    assessment = document["assessment"] | {"risks": risks}
    return document | {"aftercare": [*document["aftercare"], *aftercare], "assessment": assessment}


def with_risk(document: Document, name: str) -> Document:
    risk = {"risk": name, "text": "x", "message": {"id": "x", "params": {}}, "source": "x"}
    return document | {"assessment": document["assessment"] | {"risks": [risk]}}


def lasers(plan: Plan) -> list[tuple[ConcernPlan, Option]]:
    return [(concern, option) for concern in plan.concerns for option in concern.options if option.setup is not None]


def first(document: Document) -> tuple[Plan, ConcernPlan, Option]:
    plan = read_plan(document)
    return (plan, *lasers(plan)[0])


def signing(plan: Plan, option: Option, **changed: Any) -> ConsentSignature:
    tries = (TeachBackTry(DAY, "Synthetic Clinician", {}),)
    made = ConsentSignature("S-17", "Synthetic Person", "Synthetic Clinician", TALK, DAY, tries, frozenset({"care"}))
    return replace(made, **changed)


def pages_of(content: bytes) -> list[str]:
    return [" ".join(page.extract_text().split()) for page in PdfReader(io.BytesIO(content)).pages]


@pytest.mark.parametrize("change", [dict, unknown, crowded])
def test_the_form_is_short_and_every_page_names_its_plan(change: Any) -> None:
    plan, concern, option = first(change(sample_plan()))
    for signed in (None, signing(plan, option, strokes=(((0.1, 0.5), (0.9, 0.2)),))):
        pages = pages_of(make_consent(plan, concern, option, signed))
        assert len(pages) <= MOST_PAGES
        for page in pages:
            assert "Demonstration." in page
            assert plan.plan_sha256[:24] in page
            assert f"skinbeam {plan.version}" in page


def test_the_form_is_read_without_a_glass() -> None:
    """Ten points and more; banner and foot alone are smaller."""
    sizes: dict[bool, int] = {True: 0, False: 0}

    def seen(text: str, cm: list[float], tm: list[float], _font: Any, size: float) -> None:
        if not re.match(r"Demonstration|skinbeam|\d+ / \d+", text.strip()):
            sizes[round(size * abs(tm[3]) * abs(cm[3]), 1) >= 10.0] += len(text.strip())

    for page in PdfReader(io.BytesIO(make_consent(*first(sample_plan())))).pages:
        page.extract_text(visitor_text=seen)
    assert sizes[True] > 1000
    assert sizes[False] == 0


@pytest.mark.parametrize("change", [dict, unknown, crowded])
@pytest.mark.parametrize("decision", ["suitable", "with-caution", "refer", "not-suitable"])
def test_the_reading_age_is_at_most_twelve(change: Any, decision: str) -> None:
    document = change(sample_plan())
    plan = read_plan(document | {"suitability": document["suitability"] | {"decision": decision}})
    for concern, option in lasers(plan):
        assert reading_age_years(consent_sentences(consent_page(plan, concern, option))) <= READING_AGE_YEARS


def test_every_sentence_of_its_own_is_plain() -> None:
    """Each kind of sentence alone, so that short ones do not make up for a hard one."""
    own = [text for key, text in catalogue().items() if key.startswith("consent.") and text.count(" ") > 3]
    assert len(own) > 20
    assert reading_age_years(own) <= READING_AGE_YEARS
    assert max(reading_age_years([text]) for text in own) <= READING_AGE_YEARS + 2


def test_the_same_plan_and_signature_give_the_same_bytes_and_another_plan_others() -> None:
    plan, concern, option = first(sample_plan())
    signed = signing(plan, option)
    assert make_consent(plan, concern, option, signed) == make_consent(plan, concern, option, signed)
    other = replace(plan, seed=plan.seed + 1)
    assert make_consent(other, concern, option, signed) != make_consent(plan, concern, option, signed)


def test_it_tells_the_aim_the_alternatives_and_doing_nothing() -> None:
    plan = read_plan(sample_plan())
    for concern, option in lasers(plan):
        page = consent_page(plan, concern, option)
        assert [row.is_chosen for row in page.choices] == [True] + [False] * (len(page.choices) - 1)
        assert page.choices[-1].name == "Do nothing"
        choices = " ".join([*(row.name for row in page.choices), page.other_choices]).lower()
        for other in concern.options:
            assert catalogue()[f"leaflet_choice.{other.modality}"].lower() in choices
        assert len(page.results) == 3


def test_every_harm_is_stated_once_counted_or_not() -> None:
    plan = read_plan(sample_plan())
    for concern, option in lasers(plan):
        page = consent_page(plan, concern, option)
        harms = [*page.common_harms, *page.rare_harms, *page.lasting_harms, *page.uncounted_harms]
        for harm in option.harms:
            if harm.name.startswith(("burn-if", "injury-if")):
                continue
            name = catalogue()[f"leaflet_harm.{harm.name}"].capitalize()
            assert sum(line.startswith(f"{name}:") for line in harms) == 1
        assert not any("no one knows" in line for line in (*page.common_harms, *page.rare_harms))


def test_choices_of_the_form_are_told_apart() -> None:
    """Two lasers of one kind and one light had one name and two numbers; the leaflet named their devices."""
    plan = read_plan(document(PERSON + concern_text("freckles") + devices("qs-ndyag-532-1064", "ps-ndyag-532-1064")))
    assert len(lasers(plan)) >= 2
    for concern, option in lasers(plan):
        names = [row.name for row in consent_page(plan, concern, option).choices]
        assert len(set(names)) == len(names)


def test_nobody_is_told_to_ask_about_the_choice_that_they_sign_for() -> None:
    """ "You can also ask about: Light for blood vessels" stood below the laser for blood vessels that was chosen."""
    wide = concern_text("facial-telangiectasia", "nose", extra='subtypes = ["over-1-mm"]\n')
    plan = read_plan(document(PERSON + wide + devices("ipl", "ndyag-1064")))
    chosen = {
        option.setup.device: consent_page(plan, concern, option) for concern, option in lasers(plan) if option.setup
    }
    assert "lamp light" in chosen["ndyag-1064"].other_choices
    assert "Light for blood vessels" not in chosen["ipl"].other_choices


def test_who_signs_for_a_setting_that_no_clinic_published_reads_so() -> None:
    """The leaflet said so of it, and the form was silent."""
    plan, concern, option = first(sample_plan())
    for beyond in (False, True):
        chosen = replace(option, beyond_practice=beyond)
        page = consent_page(plan, replace(concern, options=(chosen,)), chosen)
        assert ("no clinic has published" in page.choices[0].name) is beyond
        assert (catalogue()["consent.aim_beyond"] in page.aim) is beyond


def test_redness_that_is_called_long_and_thin_skin_are_among_what_may_stay() -> None:
    plan = read_plan(sample_plan())
    for concern, option in lasers(plan):
        page = consent_page(plan, concern, option)
        elsewhere = (*page.common_harms, *page.rare_harms, *page.uncounted_harms)
        assert not any(line.startswith(("Long redness", "Thin skin")) for line in elsewhere)


@pytest.mark.parametrize(
    ("p", "group"),
    [
        (Estimate(0.21, 0.08, 0.42, 0.8, "modelled", 200), "common"),
        (Estimate(0.003, 0.001, 0.01, 0.8, "modelled", 200), "rare"),
        (Unknown("Synthetic."), "uncounted"),
    ],
)
def test_a_bruise_is_among_what_may_go_wrong(p: Estimate | Unknown, group: str) -> None:
    """The most frequent harm was "blisters: 1 of 100" where a model of the skin said bruises in 34."""
    _, _, option = first(sample_plan())
    others = tuple(harm for harm in option.harms if harm.name != "purpura")
    listed = list_harms(replace(option, harms=others, p_purpura=p, purpura_days=SourceRange(7, 14, "days")))
    where = [
        name for name in ("common", "rare", "lasting", "uncounted") if "Bruises" in " ".join(getattr(listed, name))
    ]
    assert where == [group]


@pytest.mark.parametrize(
    "case",
    [
        concern_text("facial-telangiectasia") + devices("pulsed-dye-595"),
        concern_text("age-spots") + devices("qs-ruby-694"),
        concern_text("acne-scars") + devices("fractional-1550"),
        concern_text("perioral-lines", "perioral") + devices("co2-10600"),
        concern_text("facial-telangiectasia") + concern_text("age-spots", "hands"),
    ],
)
def test_who_answers_as_the_form_says_calls_as_soon_as_it_says(case: str) -> None:
    """Beside "call at once if the skin blisters" the right answer was "the same day"."""
    plan = read_plan(document(PERSON + case))
    assert lasers(plan)
    for concern, option in lasers(plan):
        page = consent_page(plan, concern, option)
        (asked,) = [one for one in teach_back_questions(plan, option) if one.id == "call"]
        haste = {"at once" in line for line in page.call_advice if "skin blisters" in line}
        assert haste == {"at once" in asked.answers[asked.right_index]}


def test_a_scar_that_nobody_counted_is_stated_to_be_unknown_and_to_stay() -> None:
    plan, concern, option = first(unknown(sample_plan()))
    page = consent_page(plan, concern, option)
    assert "Scar: no one knows how often" in page.lasting_harms
    assert all(row.treated_share == row.untreated_share == "not known" for row in page.results)
    assert "No one knows" in next(one for one in page.questions if "half better" in one.question).answers


@pytest.mark.parametrize(("risk", "words"), [("raised-scars", "thick scars"), ("dark-marks", "Dark marks come more")])
def test_what_this_skin_adds_is_stated_to_whom_it_meets(risk: str, words: str) -> None:
    without = consent_page(*first(sample_plan() | {"assessment": sample_plan()["assessment"] | {"risks": []}}))
    page = consent_page(*first(with_risk(sample_plan(), risk)))
    assert any(words in line for line in page.personal_harms)
    assert not without.personal_harms
    assert any("Trials did not count people like you" in line for line in page.unknowns) == (risk == "raised-scars")


def test_the_time_to_think_is_there_and_what_rules_ask_of_the_clinician_is_not() -> None:
    """A third page of what the patient takes home said what a record holds, and what lawsuits complain of."""
    plan, concern, option = first(sample_plan())
    text = " ".join(pages_of(make_consent(plan, concern, option, signing(plan, option))))
    for point in plan.consent:
        assert point.message.text not in text
    assert "We talked on 2 November 2026. I signed on 22 November 2026." in text
    assert f"{cooling_off_days()} days" in " ".join(consent_page(plan, concern, option).agreement)


def test_photographs_are_asked_apart_and_nothing_is_given_unasked() -> None:
    plan, concern, option = first(sample_plan())
    assert {one.answer for one in consent_page(plan, concern, option).permissions} == {""}
    for use in PHOTO_PERMISSIONS:
        page = consent_page(plan, concern, option, signing(plan, option, permitted_uses=frozenset({use})))
        assert [one.answer for one in page.permissions] == ["yes" if one == use else "no" for one in PHOTO_PERMISSIONS]


def test_questions_have_one_right_answer_which_the_plan_gives_and_which_moves_its_place() -> None:
    places = set()
    for change in (dict, unknown, crowded):
        plan = read_plan(change(sample_plan()))
        for _, option in lasers(plan):
            questions = teach_back_questions(plan, option)
            assert len(questions) >= 4
            for one in questions:
                assert len(set(one.answers)) == len(one.answers) == 3
                assert not one.answers[one.right_index].startswith(catalogue()[f"consent.question_{one.id}_wrong_1"])
                places.add(one.right_index)
    assert places == {0, 1, 2}


def test_a_changed_plan_changes_the_right_answer() -> None:
    plan, _, option = first(sample_plan())
    half = next(one for one in teach_back_questions(plan, option) if one.id == "half")
    expected = replace(option.expected, p_at_least=dict(first(unknown(sample_plan()))[2].expected.p_at_least))
    other = next(one for one in teach_back_questions(plan, replace(option, expected=expected)) if one.id == "half")
    assert other.answers[other.right_index] != half.answers[half.right_index]


def test_a_signature_is_drawn_from_numbers_and_keeps_to_its_field() -> None:
    plan, concern, option = first(sample_plan())
    drawn = make_consent(plan, concern, option, signing(plan, option, strokes=(((0.0, 0.0), (1.0, 1.0)),)))
    assert drawn != make_consent(plan, concern, option, signing(plan, option))
    with pytest.raises(ValueError, match="leaves its field"):
        make_consent(plan, concern, option, signing(plan, option, strokes=(((0.0, 1.5), (1.0, 1.0)),)))


def test_names_are_printed_as_they_were_typed_and_never_as_markup() -> None:
    plan, concern, option = first(sample_plan())
    hostile = '<script>alert(1)</script> #panic("x") *b* $x$'
    text = " ".join(pages_of(make_consent(plan, concern, option, signing(plan, option, person=hostile))))
    assert hostile in text


def test_nothing_is_explained_of_a_choice_without_a_device() -> None:
    plan, concern, _ = first(sample_plan())
    cream = next(option for option in concern.options if option.setup is None)
    with pytest.raises(ValueError, match="no device"):
        consent_page(plan, concern, cream)


def test_the_template_reads_exactly_what_the_page_holds() -> None:
    variables, attributes, words = typst_names("consent")
    assert variables | {"words"} == {field.name for field in fields(ConsentPage)}
    inner = set().union(*({f.name for f in fields(one)} for one in nested(ConsentPage) - {ConsentPage}))
    assert inner <= attributes
    assert words - METHODS - {"plan"} <= {key.removeprefix("consent.") for key in catalogue()}
    for record in nested(ConsentPage):
        for name, hint in get_type_hints(record, include_extras=True).items():
            assert hint.__metadata__[0].strip(), f"{record.__name__}.{name}"
    assert nested(ConsentPage) <= {
        getattr(consent_context, name) for name in consent_context.__all__ if name != "PERMISSIONS"
    }


def test_every_condition_has_words_for_its_aim() -> None:
    assert {
        f"leaflet_{part}.{name}" for part in ("is", "can", "cannot") for name in vocabulary_table("condition")
    } <= set(catalogue())


@pytest.mark.parametrize("name", ["surgical-scars-IV", "fine-lines-periorbital-II", "poikiloderma-III"])
def test_whoever_signs_for_another_laser_than_the_first_reads_the_care_after_that_one(name: str) -> None:
    file = ROOT / "examples" / "consultations" / f"{name}.toml"
    plan, case = read_plan(example(file)), load_case(file).case
    (concern,), (planned,) = case.concern, plan.concerns
    lasers = [option for option in planned.options if option.setup is not None]
    told = {}
    for option in lasers:
        page, treated = consent_page(plan, planned, option), [(concern, option.modality)]
        assert page.aftercare == tuple(dict.fromkeys(one.message.text for one in aftercare_advice(treated, case)))
        assert page.call_advice[:-1] == tuple(dict.fromkeys(one.message.text for one in call_advice(treated, case)))
        told[option.modality] = page.aftercare, page.call_advice
    assert len(set(told.values())) > 1  # these lasers are told apart


def test_a_bruise_that_is_likely_is_stated_with_the_days_after() -> None:
    plan, concern, option = first(sample_plan())
    assert not any("bruise" in line for line in consent_page(plan, concern, option).healing)
    likely = Estimate(0.21, 0.08, 0.42, 0.8, "modelled", 200)
    bruising = replace(option, p_purpura=likely, purpura_days=SourceRange(7, 14, "days"))
    bruise = consent_page(plan, concern, bruising).healing[-1]
    assert "21 of 100" in bruise
    assert "7 to 14 days" in bruise
