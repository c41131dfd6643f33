"""Medicines are found by brand, language, spelling and slip, and what is not understood is never passed in silence."""

import pytest

from skinbeam.assessment.medicines import match_medication, medications, read_medication
from skinbeam.assessment.questionnaire import read_questionnaire
from skinbeam.model.case import Case
from skinbeam.model.input_files import parse_record
from skinbeam.model.sources import collect_sources
from skinbeam.plan.planner import _medicine_record
from skinbeam.plan_records.plan import Medicine
from skinbeam.report.clinician_page import _medication
from skinbeam.suitability.judgement import Suitability, judge_case, judge_suitability, unchecked_parts
from skinbeam.text import translate, use_language
from skinbeam.text.letters import edit_distance


def _case(*names: str) -> Case:
    person = {"age_years": 40.0, "phototype": "I", "medications": [{"name": name} for name in names]}
    return parse_record(
        Case, {"patient": person, "concern": [{"condition": "wrinkles", "site": "cheeks"}]}, file="case"
    )


def _medication_reasons(found: Suitability) -> dict[str, str]:
    return {r.rule: r.message.text for r in found.reasons if r.rule.startswith("medication-")}


def _codes(*names: str) -> list[str]:
    return [warning.code for warning in read_questionnaire(_case(*names)).warnings]


@pytest.mark.parametrize(
    ("written", "medicine"),
    [
        ("Roacutan", "isotretinoin"),
        ("Aknenormin", "isotretinoin"),
        ("isotretinoïn", "isotretinoin"),
        ("isotretinoi\N{COMBINING DIAERESIS}n", "isotretinoin"),
        ("iso-tretinoin", "isotretinoin"),
        ("iso tretinoin", "isotretinoin"),
        ("Isotrétinoïne", "isotretinoin"),
        ("isotretinoína", "isotretinoin"),
        ("Roacutan 20 mg Kapseln", "isotretinoin"),
        ("isotretinoin 20mg/day", "isotretinoin"),
        ("isotretinoin20mg", "isotretinoin"),
        ("Isotretinoinkapseln", "isotretinoin"),
        ("isotret-hexal 10", "isotretinoin"),
        ("Prednison", "systemic-steroid"),
        ("Prednison 5 mg 1-0-0", "systemic-steroid"),
        ("Prednisolontabletten", "systemic-steroid"),
        ("ASS 100", "aspirin"),
        ("Acetylsalicylsäure", "aspirin"),
        ("Marcumar®", "vitamin-k-antagonist"),
        ("Johanniskraut", "st-johns-wort"),
        ("millepertuis", "st-johns-wort"),
        ("Sulfasalazin", "sulfonamide"),
        ("8-MOP", "psoralen"),
        ("vemurafenib", "light-sensitising-cancer-drug"),
        ("Olumiant", "jak-inhibitor"),
        ("Stelara 90 mg injection", "biologic"),
        ("Tegretal retard 400", "carbamazepine"),
        ("Lamotrigin 100 mg", "lamotrigine"),
        ("Valproinsäure", "other-antiepileptic"),
        ("Keppra", "other-antiepileptic"),
        ("Flammazine cream", "silver-on-skin"),
        ("Aspirin Cardio 100", "aspirin"),
        ("Pigmanorm Creme", "bleaching-triple-cream"),
        ("Soolantra 10 mg/g", "ivermectin-on-skin"),
        ("metronidazole 400 mg tablets", "metronidazole"),
        ("brimonidine eye drops", "brimonidine-in-eyes"),
        ("Micardis plus", "hydrochlorothiazide"),
        ("Ramipril comp. 5/25", "hydrochlorothiazide"),
        ("Candesartan-comp", "hydrochlorothiazide"),
        ("co-enalapril", "hydrochlorothiazide"),
        ("Beloc-Zok comp", "hydrochlorothiazide"),
        ("Concor Plus", "hydrochlorothiazide"),
        ("Coversum Combi", "other-thiazide"),
        ("BisoHEXAL 5", "beta-blocker"),
        ("Felis 425", "st-johns-wort"),
        ("Amiogamma 200", "amiodarone"),
        ("Skid 50 mg", "minocycline"),
        ("Dytide H", "hydrochlorothiazide"),
        ("Arcoxia 60", "other-nsaid"),
        ("Amaryl 2 mg", "sulfonylurea"),
        ("dabrafenib", "light-sensitising-cancer-drug"),
        ("Braftovi", "light-sensitising-cancer-drug"),
        ("Chemotherapie", "chemotherapy"),
        ("FOLFOX", "chemotherapy"),
        ("Litalir 500", "chemotherapy"),
        ("Melanotan II", "tanning-hormone"),
        ("Bräunungsspritze", "tanning-hormone"),
    ],
)
def test_a_medicine_is_found_by_brand_language_and_spelling(written: str, medicine: str) -> None:
    read = read_medication(written)
    assert read.medicines == (medicine,)
    assert (read.slips, read.unread) == ((), ())
    assert _codes(written) == []


@pytest.mark.parametrize(
    ("written", "name", "medicine"),
    [
        ("isotretinion", "isotretinoin", "isotretinoin"),
        ("iso-tretinion", "isotretinoin", "isotretinoin"),
        ("Rocutane 20 mg", "roaccutane", "isotretinoin"),
        ("Prednisoloon", "prednisolon", "systemic-steroid"),
        ("warfrin", "warfarin", "vitamin-k-antagonist"),
        ("Xerelto", "xarelto", "direct-anticoagulant"),
        ("doxycicline", "doxycycline", "doxycycline"),
        ("amiodorone", "amiodarone", "amiodarone"),
        ("aspirn", "aspirin", "aspirin"),
    ],
)
def test_a_slip_is_taken_and_reported(written: str, name: str, medicine: str) -> None:
    read = read_medication(written)
    assert read.medicines == (medicine,)
    assert [(slip.name, slip.medicine) for slip in read.slips] == [(name, medicine)]
    assert read_questionnaire(_case(written)).facts[f"medication.{medicine}"] == 0.0
    assert _codes(written) == ["medication-taken-as"]
    reason = _medication_reasons(judge_case(_case(written)))["medication-taken-as"]
    assert read.slips[0].written in reason
    assert name in reason


def test_chemotherapy_bars_what_opens_the_skin_as_other_medicines_that_weaken_its_defence() -> None:
    """It matched no rule: ablation of the whole field beside docetaxel was "suitable"."""
    case = _case("docetaxel")
    found = judge_suitability(case, concern=case.concern[0], modality="ablative")
    assert found.decision == "not-suitable"
    assert "healing-disease-full-field" in {r.rule for r in found.reasons}


@pytest.mark.parametrize(("months", "decision"), [(0.0, "refer"), (2.0, "refer"), (12.0, "suitable")])
def test_injected_tan_is_seen_to_by_a_dermatologist_before_light(months: float, decision: str) -> None:
    person = {
        "age_years": 40.0,
        "phototype": "II",
        "medications": [{"name": "melanotan 2", "last_dose_months": months}],
    }
    record = {"patient": person, "concern": [{"condition": "facial-telangiectasia", "site": "cheeks"}]}
    assert judge_case(parse_record(Case, record, file="case")).decision == decision


@pytest.mark.parametrize("written", ["kojic acid", "vitamin E 400"])
def test_what_looks_like_another_supplement_is_not_taken_for_it(written: str) -> None:
    """Kojic acid was read as folic acid, and vitamin E asked about as vitamin D."""
    read = read_medication(written)
    assert (read.medicines, read.possible_names) == ((), ())
    assert read.unread


def test_a_slip_moves_the_rules_as_the_medicine_does() -> None:
    right, slip = (
        judge_suitability(case, concern=case.concern[0], modality="ablative")
        for case in map(_case, ("isotretinoin", "isotretinion"))
    )
    assert right.decision == slip.decision == "not-suitable"
    assert {r.rule for r in slip.reasons} - {r.rule for r in right.reasons} == {"medication-taken-as"}


# One edit from a name of 6 to 8 letters, two from a longer one; none in words of fewer than 6.
@pytest.mark.parametrize(
    ("written", "taken"),
    [
        ("xareltoo", True),
        ("xareltooo", False),
        ("imurann", True),
        ("arav", False),
        ("asaa", False),
        ("isotretnion", True),
        ("isotrtnion", False),
    ],
)
def test_a_slip_is_one_edit_in_short_names_and_two_in_long_ones(written: str, taken: bool) -> None:
    assert bool(match_medication(written)) is taken


def test_edits_count_a_swap_of_neighbours_once() -> None:
    pairs = {("abcd", "abcd"): 0, ("abcd", "abdc"): 1, ("abcd", "abc"): 1, ("abcd", "xbcde"): 2, ("", "abc"): 3}
    assert {pair: edit_distance(*pair) for pair in pairs} == pairs
    assert {pair: edit_distance(*reversed(pair)) for pair in pairs} == pairs


# Ordinary medicines and household words that no rule asks about; several are near in spelling to one that a rule does.
OTHERS = """
verapamil diltiazem nifedipine
tamsulosin finasteride
mirtazapine amitriptyline clomipramine lithium quetiapine olanzapine risperidone aripiprazole diazepam zolpidem
tramadol codeine
ondansetron metoclopramide montelukast salbutamol insulin
allopurinol colchicine alendronate denosumab letrozole testosterone
sildenafil amoxicillin flucloxacillin cefuroxime azithromycin clarithromycin erythromycin clindamycin
fluconazole terbinafine digoxin flecainide dronedarone hydroxyzine hydralazine
chlorphenamine chlorpropamide methyldopa clonidine baclofen levodopa sumatriptan imatinib gefitinib cetuximab
trastuzumab dupilumab biotin melatonin minoxidil ketotifen ketorolac prednimustine promazine clotrimazole
doxazosin doxylamine doxepin methadone viagra testogel prospan felodipine felodipin
humalog valium ventolin eczema asthma migraine collagen cortex goldenseal marigold
"""


@pytest.mark.parametrize(
    "written",
    ["vitamin A", "vaginal clotrimazole", "combined inhaler", "conjugated linoleic acid", "hormonal acne cream"],
)
def test_the_first_word_of_a_longer_name_is_no_medicine(written: str) -> None:
    assert read_medication(written).medicines == ()


@pytest.mark.parametrize("name", ["contraceptive implant", "contraceptive coil", "progesterone-only pill"])
def test_a_contraceptive_without_oestrogen_is_none_with_it(name: str) -> None:
    assert read_medication(name).medicines == ("progestogen",)


@pytest.mark.parametrize("name", OTHERS.split())
def test_no_ordinary_medicine_is_taken_for_another(name: str) -> None:
    read = read_medication(name.capitalize())
    assert read.medicines == ()
    assert read.unread == (name.capitalize(),)
    assert _codes(name) == ["unknown-medication"]


@pytest.mark.parametrize(
    "name", ["pantoprazole", "ramipril", "Candesartan", "Concor 5 mg", "Amlodipin", "Lexapro", "vitamin D 1000 IE"]
)
def test_what_many_people_take_changes_nothing_and_is_no_caution(name: str) -> None:
    """A caution on every stomach tablet is one that nobody reads any more; no list that rules use names these."""
    found = judge_case(_case(name))
    assert _codes(name) == []
    assert _medication_reasons(found) == {}
    assert found.decision == judge_case(_case()).decision


def test_a_plus_that_joins_nothing_is_told_as_unread() -> None:
    """A diuretic that makes skin sensitive to light is in it, whatever its name is without the plus."""
    assert read_medication("Delix 5 plus").unread == read_medication("Delix 5 plus 1-0-0").unread == ("plus",)
    assert read_medication("vitamin D for 3 months").unread == ()
    assert read_medication("Delix 5 plus vitamin D").unread == ()


def test_a_word_as_near_to_two_kinds_is_left_unread_and_both_are_named() -> None:
    # One letter too many for acnemin, which is isotretinoin, and for aknemin, which is minocycline.
    read = read_medication("Acknemin")
    assert read.medicines == ()
    assert read.unread == ("Acknemin",)
    assert set(read.possible_names) == {"acnemin", "aknemin"}
    (warning,) = read_questionnaire(_case("Acknemin")).warnings
    assert '"acnemin" or "aknemin"' in warning.message.text or '"aknemin" or "acnemin"' in warning.message.text
    assert "medication-not-checked" in _medication_reasons(judge_case(_case("Acknemin")))


@pytest.mark.parametrize(
    ("written", "medicines"),
    [
        ("tacrolimus", ("tacrolimus",)),
        ("tacrolimus ointment", ("tacrolimus-on-skin",)),
        ("Tacrolimus 0,1 % Salbe", ("tacrolimus-on-skin",)),
        ("tacrolimus 1 mg/g ointment", ("tacrolimus-on-skin",)),
        ("Protopic", ("tacrolimus-on-skin",)),
        ("Prograf capsules", ("tacrolimus",)),
        ("hydrocortisone cream", ("local-steroid",)),
        ("Hydrocortisonsalbe", ("local-steroid",)),
        ("hydrocortisone 20 mg tablets", ("systemic-steroid",)),
        ("hydrocortisone cream for eczema on both hands", ("local-steroid",)),
        ("hydrocortisone", ("systemic-steroid",)),
        ("prednicarbate", ("local-steroid",)),
        ("budesonide inhaler", ("local-steroid",)),
        ("ciclosporin eye drops", ("ciclosporin-in-eyes",)),
        ("tretinoin", ("tretinoin",)),
        ("tretinoin cream", ("tretinoin",)),
        ("tretinoin capsules", ("tretinoin-by-mouth",)),
        ("isotretinoin gel", ("isotretinoin-on-skin",)),
        # What goes through the body counts where the text leaves it open.
        ("isotretinoin 20 mg gel", ("isotretinoin",)),
        ("isotretinoin gel caps", ("isotretinoin",)),
        ("tretinoin cream and capsules", ("tretinoin-by-mouth",)),
        ("isotretinoin (lip cream too)", ("isotretinoin",)),
        ("isotretinoin, cream for the face", ("isotretinoin",)),
        ("isotretinoin topical clindamycin", ("isotretinoin",)),
        ("prednisolone cream and tablets", ("systemic-steroid",)),
        ("prednisolone tablets and hydrocortisone cream", ("systemic-steroid", "local-steroid")),
        ("prednisolone adapalene gel", ("adapalene", "systemic-steroid")),
        ("prednisone, tacrolimus ointment", ("systemic-steroid", "tacrolimus-on-skin")),
    ],
)
def test_what_stays_on_the_skin_is_not_taken_for_what_goes_through_the_body(
    written: str, medicines: tuple[str, ...]
) -> None:
    assert match_medication(written) == medicines


@pytest.mark.parametrize(
    "written", ["use as a cream", "for the retina", "Gold Bond", "golden root", "goldenseal", "orange"]
)
def test_words_that_only_look_like_a_medicine_are_none(written: str) -> None:
    assert match_medication(written) == ()


@pytest.mark.parametrize("written", ["no isotretinoin", "never took Roaccutane", "ohne Prednison"])
def test_what_is_stated_not_to_be_taken_acts_on_nothing_and_is_listed(written: str) -> None:
    read = read_medication(written)
    assert read.medicines == ()
    assert read.unread == (written,)
    assert unchecked_parts(written) == (written,)


@pytest.mark.parametrize("written", ["isotretin", "isotret 20 mg", "Tretinac"])
def test_a_name_that_was_cut_short_is_the_medicine_through_the_body(written: str) -> None:
    assert match_medication(written) == ("isotretinoin",)


@pytest.mark.parametrize(
    "written", ["growth hormone", "human growth hormones", "parathyroid hormone", "adrenal hormone", "Wachstumshormon"]
)
def test_a_hormone_is_no_hormone_replacement_that_was_cut_short(written: str) -> None:
    assert match_medication(written) == ()
    assert unchecked_parts(written) == (written,)


@pytest.mark.parametrize(
    "written", ["HRT", "hormone pills", "hormone therapy", "hormone patch", "hormone replacement", "Hormontabletten"]
)
def test_hormones_of_the_menopause_are_oestrogen(written: str) -> None:
    assert match_medication(written) == ("oestrogen",)


def test_a_slip_between_a_cream_and_tablets_is_neither() -> None:
    read = read_medication("isotretn")
    assert read.medicines == ()
    assert {"isotrexin", "isotretinoin"} <= set(read.possible_names)


@pytest.mark.parametrize(
    "name", ["none", "None.", "nil", "no", "keine", "aucun", "ninguno", "No medication", "keine Medikamente"]
)
def test_words_for_none_state_no_medicine(name: str) -> None:
    assert unchecked_parts(name) == ()
    assert _codes(name) == []
    assert _medication_reasons(judge_case(_case(name))) == {}


@pytest.mark.parametrize("name", ["-", "?", "unknown", "n/a", "20 mg tablets", "Zzyzx forte", "tamsulosin"])
def test_an_unmatched_name_is_listed_as_not_checked_in_the_decision(name: str) -> None:
    case = _case(name, "isotretinoin", name)
    with collect_sources() as sources:
        found = judge_case(case)
    reasons = [reason for reason in found.reasons if reason.rule == "medication-not-checked"]
    assert len(reasons) == 1
    assert reasons[0].decision == "with-caution"
    assert reasons[0].about == ""
    assert reasons[0].message.text.count(f'"{name}"') == 1
    assert "isotretinoin" not in reasons[0].message.text
    assert reasons[0].source in sources
    assert _codes(name) == ["unknown-medication"]


def test_an_unmatched_name_alone_is_never_plainly_suitable() -> None:
    assert judge_case(_case()).decision == "suitable"
    assert judge_case(_case("Zzyzx")).decision == "with-caution"
    case = _case("Zzyzx")
    assert "medication-not-checked" in _medication_reasons(
        judge_suitability(case, concern=case.concern[0], modality="non-ablative-fractional")
    )


def test_all_names_that_were_not_checked_stand_in_one_reason() -> None:
    reasons = _medication_reasons(judge_case(_case("Zzyzx", "aspirin", "frobnicate")))
    assert list(reasons) == ["medication-not-checked"]
    assert '"Zzyzx"; "frobnicate"' in reasons["medication-not-checked"]


def test_the_known_part_acts_and_the_unknown_part_is_listed() -> None:
    case = _case("isotretinoin and foobarol")
    assert read_questionnaire(case).facts["medication.isotretinoin"] == 0.0
    (warning,) = read_questionnaire(case).warnings
    assert "(foobarol)" in warning.message.text
    assert (
        '"isotretinoin and foobarol" (of this: foobarol)'
        in _medication_reasons(judge_case(case))["medication-not-checked"]
    )


@pytest.mark.parametrize(
    "name", ["isotretinoin 20 mg twice daily since March", "Prednison seit 3 Monaten", "aspirina 100 mg al día"]
)
def test_doses_forms_and_times_are_no_unknown_part(name: str) -> None:
    assert unchecked_parts(name) == ()
    assert _codes(name) == []


@pytest.mark.parametrize("name", ["ketoconazole shampoo", "Protopic", "hydrocortisone cream"])
def test_a_known_medicine_without_any_rule_is_not_passed_either(name: str) -> None:
    assert len(match_medication(name)) == 1
    assert unchecked_parts(name) == (name,)
    assert f'"{name}"' in _medication_reasons(judge_case(_case(name)))["medication-not-checked"]


def test_a_name_that_is_not_taken_gets_the_nearest_as_a_hint() -> None:
    (warning,) = read_questionnaire(_case("Elikquiss")).warnings
    assert 'Did you mean "eliquis"?' in warning.message.text
    (plain,) = read_questionnaire(_case("Zzyzx")).warnings
    assert "Did you mean" not in plain.message.text


def test_every_other_form_of_a_medicine_exists() -> None:
    for key in ("locally", "by_mouth"):
        forms = {name: form for name, entry in medications().items() if (form := getattr(entry, key)) is not None}
        assert forms
        alike = [name for name, form in forms.items() if medications()[form].classes == medications()[name].classes]
        assert alike == []


def _record(name: str) -> Medicine:
    patient = _case(name).patient
    assert patient is not None
    return _medicine_record(patient.medications[0])


@pytest.mark.parametrize(
    ("name", "text", "note", "known"),
    [
        ("Roacutan", "isotretinoin", "", True),
        ("isotretinion", "isotretinoin", '"isotretinion" was taken to be isotretinoin', True),
        ("Zzyzx", "not checked", "no rule speaks of Zzyzx", False),
        ("aspirin and foobarol", "aspirin, not checked", "no rule speaks of foobarol", False),
        ("acitretin", "acitretin", "", True),
        ("ketoconazole shampoo", "an azole on the skin, not checked", "no rule speaks of ketoconazole shampoo", False),
        ("none", "no medicine is named", "", True),
    ],
)
def test_the_table_says_what_a_name_was_taken_for_or_that_it_is_not_checked(
    name: str, text: str, note: str, known: bool
) -> None:
    fact = _medication(_record(name))
    assert name in fact.name
    assert fact.value.text == text
    assert note in fact.value.note
    assert fact.value.is_known is known


def test_a_warning_of_a_medicine_is_in_the_language_of_the_reader_also_where_it_is_stored_in_english() -> None:
    (warning,) = read_questionnaire(_case("Elikquiss")).warnings
    stored = warning.message.english
    assert "Did you mean" in stored
    with use_language("de"):
        for shown in (warning.message.text, translate(stored)):
            assert 'Meinten Sie "eliquis"?' in shown
            assert "The medicine" not in shown
