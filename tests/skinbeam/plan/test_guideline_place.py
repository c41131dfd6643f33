"""The place that the guideline gives a treatment for a person, and what it advises against."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain, combinations, permutations, product

import pytest
from consultations import NAMED, PERSON, concern, document, laser_options, loaded

from skinbeam.evidence.guideline.device_classes import is_of_class
from skinbeam.evidence.guideline.records import GuidelineCell
from skinbeam.evidence.guideline.table import guideline_cell, load_cells
from skinbeam.laser.device import devices
from skinbeam.laser.setting_grid import device_classes, iterate_settings, one_of_each_light
from skinbeam.model.case import Case
from skinbeam.model.conditions import known_conditions, known_modalities, known_sites
from skinbeam.model.consultation import Concern
from skinbeam.model.input_files import parse_record
from skinbeam.model.vocabulary import condition_subtypes
from skinbeam.plan.guideline_place import AdviceAgainst, advice_against, concern_cells, guideline_place
from skinbeam.plan.planner import make_plan
from skinbeam.plan.setting_rules import judge_setting
from skinbeam.plan_records.plan import ConcernPlan
from skinbeam.response.settings import SearchMachine
from skinbeam.suitability.judgement import judge_suitability


def cells(condition: str, phototype: str, site: str = "cheeks", **said: object) -> tuple[GuidelineCell, ...]:
    concern = {"condition": condition, "site": site, **said}
    case = parse_record(
        Case, {"patient": {"age_years": 40.0, "phototype": phototype}, "concern": [concern]}, file="case"
    )
    found = concern_cells(case, case.concern[0])
    assert found
    return found


def advised_against(
    found: Sequence[GuidelineCell], modality: str, classes: frozenset[str] | None = None, **person: object
) -> AdviceAgainst | None:
    """The advice of cells to a person, whom the rules keep from nothing unless told otherwise."""
    patient = {"age_years": 40.0, "sex": "male", "phototype": "II"} | person
    concern = {"condition": found[0].condition, "site": found[0].site or "cheeks", **NAMED_CONCERN}
    case = parse_record(Case, {"patient": patient, "concern": [concern]}, file="case")
    return advice_against(case, case.concern[0], found, modality, classes)


NAMED_CONCERN = {
    "diagnosed": True,
    "diagnosed_by": "dermatologist",
    "diagnosis_method": "dermoscopy",
    "diagnosis_date": "2026-03-02",
}


def classes_of(name: str) -> frozenset[str]:
    device = devices()[name]
    return device_classes(device, next(iter(iterate_settings(device))))


@pytest.mark.parametrize(
    ("condition", "phototype", "modality", "device", "number"),
    [
        ("facial-telangiectasia", "II", "vascular", "pulsed-dye-595", 1),
        ("facial-telangiectasia", "V", "vascular", "pulsed-dye-595", 1),
        ("age-spots", "III", "pigment-long-pulse", "pulsed-dye-595-compression", 2),
        ("acne-scars", "IV", "non-ablative-fractional", "fractional-1550", 1),
    ],
)
def test_a_device_has_the_place_of_its_class(
    condition: str, phototype: str, modality: str, device: str, number: int
) -> None:
    found = guideline_place(cells(condition, phototype), modality, classes_of(device))
    assert found is not None
    assert found.number == number
    assert found.sources > 0


ONE_OF_EACH_LIGHT = {
    device_classes(device, light) for device in devices().values() for light in one_of_each_light(device)
}


def test_light_of_no_class_has_no_place_among_named_classes() -> None:
    """A diode of 940 nm, which no class has, stood first wherever the guideline puts any device of its modality."""
    for cell in load_cells():
        for treatment in cell.treatments:
            place = guideline_place((cell,), treatment.treatment, frozenset())
            assert place is None or not place.device_class
            named = [one for one in cell.treatments if one.treatment == treatment.treatment]
            if all(one.device_classes for one in named):
                assert place is None
            assert guideline_place((cell,), treatment.treatment) is not None


def test_a_part_of_a_combination_has_the_place_at_which_it_is_named_alone() -> None:
    """Two lights in sequence stood first, and each of them with that, one ahead of its own second place."""
    combined = [
        cell for cell in load_cells() if any("+" in name for one in cell.treatments for name in one.device_classes)
    ]
    assert combined
    for cell, classes in product(combined, ONE_OF_EACH_LIGHT):
        modality = cell.treatments[0].treatment
        named = [
            (number, name)
            for number, one in enumerate(cell.treatments, 1)
            for name in one.device_classes
            if one.treatment == modality and is_of_class(classes, name)
        ]
        alone = [number for number, name in named if "+" not in name]
        found = guideline_place((cell,), modality, classes)
        assert found is not None or not alone
        if found is not None:
            assert found.number == (alone or [number for number, _ in named])[0]
            assert bool(found.partners) is not bool(alone)


def test_1064_nm_alone_is_second_where_it_is_first_in_sequence_only() -> None:
    here = cells("spider-angioma", "IV")
    device = devices()["ndyag-1064"]
    pulses = {device_classes(device, one) for one in iterate_settings(device)}
    found = [place for one in pulses if (place := guideline_place(here, "vascular", one)) is not None]
    assert {(place.number, place.device_class) for place in found} == {(2, "ndyag-1064-long")}
    dye = guideline_place(here, "vascular", classes_of("pulsed-dye-595"))
    assert dye is not None
    assert (dye.number, dye.device_class) == (1, "pdl")


@pytest.mark.parametrize(
    ("condition", "site", "number", "owned", "named"),
    [
        ("wrinkles", "neck", 1, "fractional-1550", "fx-1540"),
        ("skin-texture", "cheeks", 2, "fractional-1550", "fx-1540"),
        ("acne-scars", "cheeks", 1, "fractional-1540", "fx-1550"),
        ("acne-scars", "cheeks", 1, "fractional-1565", "fx-1550"),
    ],
)
def test_columns_of_erbium_glass_light_stand_for_each_other(
    condition: str, site: str, number: int, owned: str, named: str
) -> None:
    """A clinic with columns of 1550 nm was given no place where the trials of a neck had used 1540 nm."""
    here = cells(condition, "III" if condition != "acne-scars" else "IV", site)
    own = guideline_place(here, "non-ablative-fractional", classes_of(owned))
    other = guideline_place(here, "non-ablative-fractional", {named})
    assert own is not None
    assert other is not None
    assert (own.number, own.device_class, own.is_of_alike, other.is_of_alike) == (number, named, True, False)
    assert other.standing < own.standing
    shallow = guideline_place(here, "non-ablative-fractional", classes_of("thulium-1927"))
    assert shallow is None or not shallow.is_of_alike  # water absorbs ten times as much


def test_a_light_that_a_row_names_itself_stands_for_no_other() -> None:
    place = guideline_place(cells("wrinkles", "IV"), "non-ablative-fractional", {"fx-1550"})
    assert place is not None
    assert (place.order, place.device_class, place.is_of_alike) == (1, "fx-1550", False)


def test_a_part_of_a_combination_alone_stands_behind_what_is_named_alone_and_names_its_partner() -> None:
    (known,) = cells("spider-angioma", "IV")
    assert known.first is not None
    pair = replace(known.first, device_classes=("pdl-585+ndyag-1064", "ktp-532"))
    cell = replace(known, first=pair, second=None, third=None)
    part, alone = (guideline_place((cell,), "vascular", classes_of(name)) for name in ("ndyag-1064", "ktp-532"))
    assert part is not None
    assert alone is not None
    assert (part.number, alone.number) == (1, 1)
    assert alone.standing < part.standing
    assert part.partners == ("pdl-585",)


@pytest.mark.parametrize(
    ("condition", "said", "modality", "device_class", "number"),
    [
        ("age-spots", {}, "pigment-short-pulse", "qs-532", 1),
        ("acne-scars", {"subtypes": ["boxcar"]}, "non-ablative-fractional", "fx-1550", 2),
        ("acne-scars", {"subtypes": ["rolling"]}, "non-ablative-fractional", "fx-1550", 2),
        ("melasma", {"subtypes": ["dermal"]}, "non-ablative-fractional", "fx-1927", 3),
    ],
)
def test_light_for_lighter_and_for_darker_skin_has_the_later_place_between(
    condition: str, said: dict[str, object], modality: str, device_class: str, number: int
) -> None:
    """Nanoseconds of 532 nm stood first for age spots of type II and of IV, and behind creams for those of III."""
    place = guideline_place(cells(condition, "III", **said), modality, {device_class})
    assert place is not None
    assert (place.number, place.is_between) == (number, True)
    around = [
        guideline_place(cells(condition, phototype, **said), modality, {device_class}) for phototype in ("II", "IV")
    ]
    assert max(one.number for one in around if one is not None) == number
    assert not any(one.is_between for one in around if one is not None)


@pytest.mark.parametrize(
    ("condition", "modality", "classes"),
    [
        ("age-spots", "cryotherapy", set()),  # second for type II, advised against from III on
        ("age-spots", "pigment-short-pulse", {"qs-694"}),  # for type II alone
        ("age-spots", "topical-retinoid", set()),  # beside others
    ],
)
def test_what_darker_skin_is_not_treated_with_has_no_place_between(
    condition: str, modality: str, classes: set[str]
) -> None:
    assert guideline_place(cells(condition, "III"), modality, classes) is None


def test_what_is_named_for_such_skin_comes_before_what_is_named_for_lighter_and_darker_skin() -> None:
    """Both are third for melasma of type III; 1927 nm is named for II and for IV."""
    text = PERSON.replace('"II"\nita_deg = 60.0', '"III"') + concern("melasma")
    options = make_plan(loaded(text), draws=100).document["concerns"][0]["options"]
    places = {
        one["settings"]["wavelength_nm"]: one["rank_reason"]["params"]["place"]["id"]
        for one in options
        if "device" in one
    }
    assert list(places.items()) == [(1064.0, "plan.place-guideline-3"), (1927.0, "plan.place-between-3")]


@pytest.mark.parametrize("phototype", ["I", "II", "III"])
def test_mild_lines_around_the_mouth_do_not_begin_with_full_field_ablation(phototype: str) -> None:
    """It was the first choice for mild lines, beside the caution that trials treated moderate and severe ones."""
    mild = cells("perioral-lines", phototype, "perioral", severity="mild")
    assert guideline_place(mild, "ablative", {"co2"}) is None
    first = guideline_place(mild, "botulinum-toxin")
    assert first is not None
    assert first.number == 1
    for severity in ("moderate", "severe"):
        place = guideline_place(cells("perioral-lines", phototype, "perioral", severity=severity), "ablative", {"co2"})
        assert place is not None
        assert place.number == (2 if phototype == "III" else 1)


def test_advice_against_a_treatment_of_one_kind_names_the_kind() -> None:
    """What is said of deep melasma alone was told of all melasma."""
    told = advised_against(cells("melasma", "III", subtypes=["dermal"]), "chemical-peel")
    assert told is not None
    assert "melasma (dermal)" in told.message.text
    other = advised_against(cells("melasma", "III", subtypes=["dermal"]), "ablative")
    assert other is not None
    assert "(dermal)" not in other.message.text


def test_a_device_of_another_class_has_no_place() -> None:
    """A picosecond 755 nm laser belongs to the widest classes of lasers too, which gives it no place of 532 nm."""
    assert guideline_place(cells("age-spots", "II"), "pigment-short-pulse", classes_of("ps-alexandrite-755")) is None
    assert not is_of_class({"ps-755", "ps-any", "laser-any"}, "ps-532")
    assert is_of_class({"ipl-640", "ipl-any"}, "ipl-560")  # a lamp stands for lamps


@pytest.mark.parametrize("phototype", ["III", "IV", "V"])
def test_freezing_and_long_pulses_of_755_nm_are_advised_against_for_age_spots_of_darker_skin(phototype: str) -> None:
    here = cells("age-spots", phototype)
    for modality, classes in (("cryotherapy", None), ("pigment-long-pulse", classes_of("alexandrite-755"))):
        advice = advised_against(here, modality, classes)
        assert advice is not None
        assert phototype[0] in advice.message.text
        assert advice.source
    assert advised_against(cells("age-spots", "II"), "cryotherapy") is None


@pytest.mark.parametrize("phototype", ["III", "V", "VI"])
def test_what_sources_advise_against_for_skin_of_any_site_is_advised_against_on_the_hands(phototype: str) -> None:
    hands = cells("age-spots", phototype, "hands")
    assert [cell.site for cell in hands] == ["hands"]
    assert advised_against(hands, "pigment-long-pulse", classes_of("alexandrite-755")) is not None


def test_green_light_on_vessels_of_dark_skin_is_advised_against_and_yellow_light_is_not() -> None:
    dark = cells("facial-telangiectasia", "V")
    assert advised_against(dark, "vascular", classes_of("ktp-532")) is not None
    assert advised_against(dark, "vascular", classes_of("pulsed-dye-595")) is None


@pytest.mark.parametrize("device", devices())
def test_a_device_that_is_advised_against_on_brown_skin_is_so_on_darker_skin_unless_it_has_a_place_there(
    device: str,
) -> None:
    """Pigment is what most light harms: fractional CO2 around the eyes was advised against on type IV, and not on V."""
    about = devices()[device].modalities
    planned = [cell for cell in load_cells() if cell.phototype == "IV" and cell.condition in known_conditions()]
    for brown in planned:
        dark = guideline_cell(brown.condition, brown.subtype, brown.site, "V")
        assert dark is not None
        for modality in about:
            if advised_against([brown], modality, classes_of(device)) is None:
                continue
            advice = advised_against([dark], modality, classes_of(device), phototype="V")
            has_place = guideline_place([dark], modality, classes_of(device)) is not None
            assert (advice is None) is has_place, (brown.row, modality)


def test_advice_against_a_light_on_lighter_skin_tells_that_skin_and_what_comes_first_in_this_one() -> None:
    eyes = cells("fine-lines-periorbital", "V", "periorbital")
    advice = advised_against(eyes, "fractional-ablative", classes_of("fractional-co2-10600"), phototype="V")
    assert advice is not None
    assert "in skin type IV, and darker skin is harmed more easily" in advice.message.text
    assert "botulinum toxin" in advice.message.text
    erbium = classes_of("fractional-er-yag-2940")
    assert advised_against(eyes, "fractional-ablative", erbium, phototype="V") is None


def test_without_a_phototype_the_darkest_counts() -> None:
    case = parse_record(
        Case, {"patient": {"age_years": 40.0}, "concern": [{"condition": "age-spots", "site": "cheeks"}]}, file="case"
    )
    (concern,) = case.concern
    assert isinstance(concern, Concern)
    assert concern_cells(case, concern) == cells("age-spots", "VI")


def test_severe_laxity_is_a_kind_of_its_own() -> None:
    (severe,), (mild,) = (cells("laxity", "II", severity=one) for one in ("severe", "mild"))
    assert severe.first != mild.first


def test_each_degree_of_laxity_has_its_row() -> None:
    """Surgery is the choice for moderate to severe looseness, and devices suit mild to moderate looseness."""
    mild, moderate, severe = (cells("laxity", "II", severity=degree) for degree in ("mild", "moderate", "severe"))
    assert cells("laxity", "II", severity="moderate-severe") == severe
    assert cells("laxity", "II", severity="mild-moderate") == cells("laxity", "II", severity=None) == mild
    columns = classes_of("fractional-co2-10600")
    for row, is_surgery_first, has_columns in ((mild, False, True), (moderate, True, True), (severe, True, False)):
        assert (row[0].treatments[0].treatment == "surgery") is is_surgery_first
        assert (guideline_place(row, "fractional-ablative", columns) is not None) is has_columns


@pytest.mark.parametrize("device", ["co2-10600", "er-yag-2940"])
def test_deep_lines_of_fair_faces_have_whole_field_ablation_behind_columns(device: str) -> None:
    (severe,) = cells("wrinkles", "II", site="full-face", severity="severe")
    columns = guideline_place([severe], "fractional-ablative", classes_of("fractional-co2-10600"))
    field = guideline_place([severe], "ablative", classes_of(device))
    assert columns is not None
    assert field is not None
    assert columns.number < field.number
    for others in (cells("wrinkles", "II", severity="moderate"), cells("wrinkles", "IV", severity="severe")):
        assert guideline_place(others, "ablative", classes_of(device)) is None


# Concerns of several kinds.

CONDITIONS_OF_KINDS = [name for name in known_conditions() if len(condition_subtypes(name)) > 1]


def kinds_of(condition: str) -> Iterator[tuple[str, ...]]:
    every = condition_subtypes(condition)
    return chain.from_iterable(combinations(every, count) for count in range(2, len(every) + 1))


@pytest.mark.parametrize("phototype", ["II", "III", "IV", "VI"])
@pytest.mark.parametrize("condition", CONDITIONS_OF_KINDS)
def test_what_the_guideline_names_for_any_kind_of_a_concern_has_its_best_place(condition: str, phototype: str) -> None:
    for kinds in kinds_of(condition):
        mixed = cells(condition, phototype, subtypes=list(kinds))
        alone = [cells(condition, phototype, subtypes=[kind]) for kind in kinds]
        for treatment in {one.treatment for (cell,) in alone for one in cell.treatments}:
            places = [place for own in alone if (place := guideline_place(own, treatment)) is not None]
            found = guideline_place(mixed, treatment)
            assert found is not None
            assert found.number == min(place.number for place in places)
            first = [
                cell.subtype
                for (cell,) in alone
                if (place := guideline_place((cell,), treatment)) is not None and place.number == found.number
            ]
            assert set(found.kinds) <= set(first)
            assert not found.kinds or len(set(first)) < len(mixed)


@pytest.mark.parametrize("phototype", ["II", "III", "IV", "VI"])
@pytest.mark.parametrize("condition", CONDITIONS_OF_KINDS)
def test_advice_for_one_kind_does_not_hold_against_what_another_kind_of_the_concern_is_treated_with(
    condition: str, phototype: str
) -> None:
    for kinds in kinds_of(condition):
        mixed = cells(condition, phototype, subtypes=list(kinds))
        alone = [cells(condition, phototype, subtypes=[kind]) for kind in kinds]
        for name in {name for cell in mixed for name in cell.avoid if name in known_modalities()}:
            against = [own for own in alone if advised_against(own, name) is not None]
            named = [own for own in alone if guideline_place(own, name) is not None]
            is_advised = bool(against) and all(own in against for own in named)
            assert (advised_against(mixed, name) is not None) is is_advised


def test_a_peel_that_sources_advise_against_for_deep_pigment_is_a_choice_for_pigment_at_both_depths() -> None:
    assert advised_against(cells("melasma", "IV", subtypes=["dermal"]), "chemical-peel") is not None
    assert advised_against(cells("melasma", "IV", subtypes=["dermal", "epidermal"]), "chemical-peel") is None
    told = advised_against(cells("melasma", "II", subtypes=["dermal", "epidermal"]), "chemical-peel")
    assert told is not None
    assert "(dermal)" in told.message.text


def planned(condition: str, phototype: str, kinds: Sequence[str]) -> ConcernPlan:
    case = loaded(
        PERSON.replace('phototype = "II"\nita_deg = 60.0', f'phototype = "{phototype}"')
        + concern(condition, extra=f"subtypes = {json.dumps(kinds)}\n{NAMED}")
    )
    (found,) = make_plan(case, draws=64).plan.concerns
    return found


@pytest.mark.parametrize(
    ("condition", "phototype", "kinds"),
    [
        ("acne-scars", "V", ("boxcar", "ice-pick")),
        ("melasma", "IV", ("epidermal", "dermal")),
        ("facial-telangiectasia", "II", ("fine-red", "blue")),
    ],
)
def test_the_order_of_kinds_changes_no_plan_and_nothing_that_a_kind_is_treated_with_is_left_out(
    condition: str, phototype: str, kinds: tuple[str, str]
) -> None:
    shown = []
    for ordered in permutations(kinds):
        found = planned(condition, phototype, ordered)
        shown.append([(one.rank, one.modality, one.setup, one.rank_reason) for one in found.options])
        told = {one.modality for one in (*found.options, *found.refused)}
        for cell in cells(condition, phototype, subtypes=list(kinds)):
            assert {one.treatment for one in cell.treatments if one.treatment in known_modalities()} <= told
        firsts = {cell.first.treatment for cell in cells(condition, phototype, subtypes=list(kinds)) if cell.first}
        leading = {one.modality for one in found.options if "put it first" in one.rank_reason.text}
        assert leading == firsts
    assert shown[0] == shown[1]


def is_refused(case: Case, modality: str, name: str) -> bool:
    """Whether the rules leave a person no light of a class, or no such treatment."""
    lights = [
        (device, light)
        for device in devices().values()
        if modality in device.modalities
        for light in one_of_each_light(device)
        if is_of_class(device_classes(device, light), name)
    ]
    judged = [
        judge_setting(case, case.concern[0], modality, SearchMachine(device.name, device), light)
        for device, light in lights
    ] or [judge_suitability(case, concern=case.concern[0], modality=modality)]
    return all(one.opposing_reasons for one in judged)


@pytest.mark.parametrize(
    "person", [{"phototype": "IV"}, {"phototype": "V"}, {"phototype": "VI"}, {"pregnant": True}], ids=str
)
def test_no_advice_against_a_treatment_recommends_what_the_rules_refuse(person: dict[str, object]) -> None:
    """ "They begin with: Q-switched Nd:YAG laser, 532 nm" stood beside the refusal of 532 nm in phototype V."""
    told = 0
    for cell in load_cells():
        if cell.condition not in known_conditions() or cell.first is None or not cell.is_graded:
            continue
        if cell.site and cell.site not in known_sites():
            continue
        patient = {"age_years": 40.0, "sex": "female", "phototype": "V"} | person
        concern = {"condition": cell.condition, "site": cell.site or "cheeks", **NAMED_CONCERN}
        case = parse_record(Case, {"patient": patient, "concern": [concern]}, file="case")
        for name in cell.avoid:
            is_modality = name in known_modalities()
            modality, classes = (name, None) if is_modality else (cell.first.treatment, frozenset({name}))
            advice = advice_against(case, case.concern[0], (cell,), modality, classes)
            if advice is None or "first" not in advice.message.params:
                continue
            told += 1
            treatment = cell.first.treatment
            if treatment in known_modalities():
                kept = [one for one in cell.first.device_classes if not is_refused(case, treatment, one)]
                assert kept or not cell.first.device_classes
                assert not judge_suitability(case, concern=case.concern[0], modality=treatment).opposing_reasons
    assert told or person.get("pregnant")


def test_green_light_is_not_recommended_where_it_is_refused() -> None:
    for condition, phototype in product(("freckles", "age-spots"), ("V", "VI")):
        found = cells(condition, phototype)
        for name in (name for cell in found for name in cell.avoid):
            modality, classes = (
                (name, None) if name in known_modalities() else ("pigment-short-pulse", frozenset({name}))
            )
            advice = advised_against(found, modality, classes, phototype=phototype)
            assert advice is None or "532" not in advice.message.text.partition("They begin")[2]


def test_a_place_between_lighter_and_darker_skin_names_the_kinds_that_have_it() -> None:
    """Of boxcar and rolling scars, which both have it, it was told of the first alone."""
    kinds = []
    for subtypes in (["boxcar", "rolling"], ["rolling", "boxcar"], ["ice-pick", "rolling", "boxcar"]):
        place = guideline_place(cells("acne-scars", "III", subtypes=subtypes), "non-ablative-fractional", {"fx-1550"})
        assert place is not None
        assert (place.number, place.is_between) == (2, True)
        kinds.append(place.kinds)
    assert kinds == [(), (), ("boxcar", "rolling")]


@pytest.mark.parametrize("phototype", ["II", "III"])
def test_infrared_light_stands_behind_dye_and_green_light_for_fine_veins_of_a_nose(phototype: str) -> None:
    """It cleared what both had left (VC014), and led in every clinic without a machine of two lights."""
    person = PERSON.replace("ita_deg = 60.0\n", "").replace('"II"', f'"{phototype}"')
    veins = concern("facial-telangiectasia", "nose", extra='subtypes = ["fine-red"]')
    owned = '[clinic]\ndevices = ["ndyag-1064", "pulsed-dye-595", "ktp-532"]\n'
    plan = document(person + veins + owned)
    ranks = {option["device"]: option["rank"] for option in laser_options(plan)}
    assert ranks["ndyag-1064"] > max(ranks["pulsed-dye-595"], ranks["ktp-532"])


def test_of_lights_that_stand_for_each_other_a_clinic_without_a_list_is_told_the_named_one() -> None:
    """A clinic that owns another has that one: trials of the backs of hands used 1550 nm."""
    person = PERSON.replace("ita_deg = 60.0\n", "").replace('"II"', '"IV"')
    lines = concern("wrinkles", "hands")

    def columns(owned: str = "") -> list[str]:
        plan = document(person + lines + owned)
        return [one["device"] for one in laser_options(plan) if one["modality"] == "non-ablative-fractional"]

    assert columns() == ["fractional-1550"]
    assert columns('[clinic]\ndevices = ["fractional-1540"]\n') == ["fractional-1540"]
