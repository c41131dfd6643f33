"""What is read from the rules for the time after a session: advice, days, sessions, minutes."""

from collections.abc import Iterable
from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from skinbeam.course import aftercare
from skinbeam.course.aftercare import (
    RuleRange,
    TreatedConcern,
    aftercare_advice,
    call_advice,
    downtime_range,
    find_range,
    interval_range,
    minutes_range,
    record_keeping_advice,
    session_range,
)
from skinbeam.model.case import Case
from skinbeam.model.consultation import Concern
from skinbeam.model.document import to_json_types
from skinbeam.model.errors import InputError
from skinbeam.model.estimate import Unknown
from skinbeam.model.input_files import parse_record
from skinbeam.model.sources import bibliography, collect_sources
from skinbeam.model.vocabulary import ABLATIVE_MODALITIES, laser_modalities, vocabulary_table
from skinbeam.plan_records.plan import Advice
from skinbeam.suitability.judgement import covers_modality
from skinbeam.suitability.table import load_rules

HISTORY_OF_ADVICE = ["bleeding-disorder", "herpes-labialis", "smoking"]  # which some advice is for


def _case(*sites: str, condition: str = "wrinkles", **patient: Any) -> Case:
    concerns = [{"condition": condition, "site": site} for site in sites or ("cheeks",)]
    return parse_record(Case, {"patient": {"age_years": 40.0, **patient}, "concern": concerns}, file="case")


def _treated(modalities: Iterable[str], case: Case) -> tuple[list[TreatedConcern], Case]:
    """Every concern of the case with each of these lasers, and the case."""
    return [(concern, name) for concern in case.concern for name in modalities], case


def _ids(advice: Any) -> list[str]:
    return [item.rule for item in advice]


def test_every_aftercare_rule_is_shown_to_someone() -> None:
    rules = set()
    for modality in laser_modalities():
        for condition in ("wrinkles", "age-spots", "melasma", "poikiloderma"):
            case = _case("full-face", "eyelid", "neck", condition=condition, history=HISTORY_OF_ADVICE)
            rules |= {
                *_ids(aftercare_advice(*_treated([modality], case))),
                *_ids(call_advice(*_treated([modality], case))),
            }
    for modality in set(vocabulary_table("modality")) - set(laser_modalities()):
        treated = _treated([modality], _case("hands", condition="acne-scars"))
        rules |= {*_ids(aftercare_advice(*treated)), *_ids(call_advice(*treated))}
    assert rules == {rule.id for rule in load_rules("aftercare")}


@pytest.mark.parametrize("modality", ["chemical-peel", "cryotherapy", "microneedling"])
def test_whoever_has_a_wound_without_a_laser_is_told_of_the_sun_and_whom_to_call(modality: str) -> None:
    treated = _treated([modality], _case())
    with collect_sources() as keys:
        care, calls = aftercare_advice(*treated), call_advice(*treated)
    assert any("sunscreen" in one.message.text for one in care)
    assert any("fever" in one.message.text for one in calls)
    assert all(one.source in keys and one.treats is None for one in (*care, *calls))


@pytest.mark.parametrize("condition", vocabulary_table("condition"))
@pytest.mark.parametrize("site", ["cheeks", "neck", "eyelid"])
def test_radiofrequency_by_needles_has_the_care_of_needles(condition: str, site: str) -> None:
    """Radiofrequency that began rolling scars had no care, since the rules name needles."""
    case = _case(site, condition=condition)
    (concern,) = case.concern
    needles = next(rule for rule in load_rules("suitability") if rule.id == "keloid-needling")
    is_needled = covers_modality(needles, "radiofrequency", concern)
    for advise in (aftercare_advice, call_advice):
        by_heat, by_needles = (_ids(advise([(concern, name)], case)) for name in ("radiofrequency", "microneedling"))
        assert by_heat == (by_needles if is_needled else [])


OTHERS = ["chemical-peel", "cryotherapy", "microneedling"]


@pytest.mark.parametrize(("other", "laser"), list(product(OTHERS, laser_modalities())))
def test_advice_after_a_laser_and_after_something_else_names_its_place(other: str, laser: str) -> None:
    """A blister was normal on frozen hands, and a reason to call at once everywhere, which was meant for the nose."""
    treated, case = _two((other, "age-spots"), (laser, "age-spots"))
    places = [f"{concern.condition} at {concern.site}" for concern, _ in treated]
    for advise in (aftercare_advice, call_advice):
        alone = [_messages(advise([pair], case)) for pair in treated]
        advice = advise(treated, case)
        assert all(one.after_laser is None for one in advice)
        for place, own in zip(places, alone, strict=True):
            assert {one.message.id for one in advice if one.treats is None or place in one.treats} == own


@pytest.mark.parametrize(("other", "laser"), list(product(OTHERS, laser_modalities())))
def test_a_place_that_begins_without_a_laser_and_has_one_too_has_the_care_of_each(other: str, laser: str) -> None:
    """Of one place it said that a blister is normal after cold, and to call about it after the laser."""
    case = _case("hands", condition="age-spots")
    (concern,) = case.concern
    for advise in (aftercare_advice, call_advice):
        advice = advise([(concern, laser), (concern, other)], case)
        for after_laser, name in ((True, laser), (False, other)):
            told = {one.message.id for one in advice if one.after_laser in (None, after_laser)}
            assert told == _messages(advise([(concern, name)], case))
        of_laser = {one.message.id for one in advice if one.is_for_laser("age-spots at hands")}
        assert of_laser == _messages(advise([(concern, laser)], case))


def test_rules_on_what_comes_before_a_laser_are_judged_by_the_case(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that test an answer were left out, since a page that is drawn does not hold the answers."""
    sores = next(rule for rule in load_rules("aftercare") if rule.id == "aftercare-antiviral")
    monkeypatch.setattr(aftercare, "load_rules", lambda use: [replace(sores, modalities=("cryotherapy",))])
    for history in ([], ["herpes-labialis"]):
        advice = aftercare_advice(*_treated(["cryotherapy"], _case(history=history)))
        assert _ids(advice) == [sores.id] * len(history)


def test_what_no_rule_speaks_of_leaves_the_care_of_a_laser_as_it_is() -> None:
    treated, case = _two(("camouflage", "age-spots"), ("vascular", "redness"))
    assert aftercare_advice(treated, case) == aftercare_advice(treated[1:], case)
    frozen, case = _two(("cryotherapy", "age-spots"), ("camouflage", "redness"))
    assert {one.treats for one in aftercare_advice(frozen, case)} == {("age-spots at hands",)}


CRUSTS = {
    ("ablative", ""),
    ("fractional-ablative", ""),
    ("pigment-long-pulse", ""),
    ("pigment-short-pulse", "age-spots"),
}


@pytest.mark.parametrize("condition", ["age-spots", "melasma", "redness", "acne-scars"])
@pytest.mark.parametrize("modality", list(laser_modalities()))
def test_crusts_are_spoken_of_after_a_light_that_makes_some(modality: str, condition: str) -> None:
    """After light for vessels, and after gentle pulses at a whole field, patients were told to let crusts fall off."""
    texts = [one.message.text for one in aftercare_advice(*_treated([modality], _case(condition=condition)))]
    assert any("crust" in text for text in texts) is bool({(modality, ""), (modality, condition)} & CRUSTS)


@pytest.mark.parametrize("modality", list(laser_modalities()))
def test_skin_that_was_never_open_does_not_close_and_make_up_is_of_faces(modality: str) -> None:
    for site in ("cheeks", "decolletage", "hands"):
        case = _case(site)
        text = " ".join(
            one.message.text
            for one in (*aftercare_advice(*_treated([modality], case)), *call_advice(*_treated([modality], case)))
        )
        assert ("closed" in text) is (modality in ("ablative", "fractional-ablative"))
        assert ("make-up" in text) is (site == "cheeks")


@pytest.mark.parametrize("site", ["cheeks", "hands", "eyelid"])
@pytest.mark.parametrize("modality", list(laser_modalities()))
def test_whoever_had_a_laser_reads_of_heat_sport_and_the_way_home(modality: str, site: str) -> None:
    """After light for vessels nobody was told of sauna or sport; that one does not drive, clinicians alone read."""
    texts = [one.message.text for one in aftercare_advice(*_treated([modality], _case(site)))]
    assert sum("sauna" in text and "hard sport" in text for text in texts) == 1
    assert sum("swim" in text for text in texts) == 1
    assert any("take you home" in text for text in texts) is (modality == "ablative")
    assert any("Do not drive" in text for text in texts) is (site == "eyelid")


@pytest.mark.parametrize(
    ("person", "is_told"),
    [({}, False), ({"medications": [{"name": "apixaban"}]}, True), ({"history": ["bleeding-disorder"]}, True)],
)
def test_who_bleeds_easily_takes_no_aspirin_for_the_pain_of_a_wound(person: dict[str, Any], is_told: bool) -> None:
    """ "A simple painkiller can help" was all that a woman on apixaban read."""
    texts = [one.message.text for one in aftercare_advice(*_treated(["ablative"], _case("perioral", **person)))]
    assert any("painkiller" in text for text in texts)
    assert any("no aspirin or ibuprofen" in text for text in texts) is is_told


@pytest.mark.parametrize("modality", laser_modalities())
def test_skin_that_was_opened_gets_sunscreen_once_it_has_closed(modality: str) -> None:
    """No sunscreen on raw skin stood beside sunscreen every day."""
    (advice,) = (one for one in aftercare_advice(*_treated([modality], _case())) if "factor" in one.message.text)
    assert ("Once the skin has closed" in advice.message.text) is (modality in ("ablative", "fractional-ablative"))


@pytest.mark.parametrize("modality", laser_modalities())
@pytest.mark.parametrize("condition", vocabulary_table("condition"))
def test_the_number_of_sessions_names_no_other_interval_than_the_interval(modality: str, condition: str) -> None:
    """Lip lines: two to four weeks stood beside an interval of four to seven."""
    number, interval = session_range(modality, condition), interval_range(modality, condition)
    if isinstance(number, Unknown) or isinstance(interval, Unknown) or "low_weeks" not in number.message.params:
        return
    named = (number.message.params["low_weeks"], number.message.params["high_weeks"])
    assert named == (interval.low, interval.high)


def test_after_light_for_vessels_one_sentence_says_when_to_call_at_once() -> None:
    texts = [one.message.text for one in call_advice(*_treated(["vascular"], _case("arms")))]
    (at_once,) = (text for text in texts if "at once" in text)
    assert "bruise" in at_once


def test_a_spot_that_turns_dark_as_it_should_calls_nobody() -> None:
    for modality in ("pigment-short-pulse", "pigment-long-pulse"):
        text = " ".join(one.message.text for one in call_advice(*_treated([modality], _case(condition="age-spots"))))
        assert "turns grey or black." not in text


def test_each_place_has_the_advice_of_its_own_light() -> None:
    """Lines beside brown spots made crusts of the spots a reason to call."""
    concerns = [{"condition": "age-spots", "site": "hands"}, {"condition": "wrinkles", "site": "cheeks"}]
    case = parse_record(Case, {"patient": {"age_years": 40.0}, "concern": concerns}, file="case")
    spots, lines = case.concern
    assert "call-blisters-field" not in _ids(
        call_advice([(spots, "pigment-short-pulse"), (lines, "non-ablative-fractional")], case)
    )
    assert "aftercare-no-make-up" not in _ids(aftercare_advice([(spots, "fractional-ablative")], case))


@pytest.mark.parametrize("modality", ABLATIVE_MODALITIES)
def test_skin_whose_surface_was_removed_stays_out_of_the_sun_for_months(modality: str) -> None:
    """Full-field ablation, which leaves the largest wound, lacked what columns of it had."""
    assert "aftercare-out-of-sun" in _ids(aftercare_advice(*_treated([modality], _case())))


PAIRS = list(product(product(laser_modalities(), ["age-spots", "melasma"]), repeat=2))


def _two(first: tuple[str, str], second: tuple[str, str]) -> tuple[list[tuple[Concern, str]], Case]:
    """Two concerns of two sites, each with its own laser."""
    concerns = [{"condition": first[1], "site": "hands"}, {"condition": second[1], "site": "cheeks"}]
    case = parse_record(Case, {"patient": {"age_years": 40.0}, "concern": concerns}, file="case")
    return [(case.concern[0], first[0]), (case.concern[1], second[0])], case


@pytest.mark.parametrize("sign", ["skin blisters", "grey", "black", "white", "crusts", "pale dots"])
def test_a_sign_is_a_reason_to_call_once_with_the_most_haste_that_applies(sign: str) -> None:
    """Of one sign a leaflet said to call at once and, in another line, the same day."""
    for first, second in PAIRS:
        treated, case = _two(first, second)
        told = [one for one in call_advice(treated, case) if sign in one.message.text]
        lines = [one.message.text for one in told]
        places = [f"{concern.condition} at {concern.site}" for concern, _ in treated]
        assert all(sum(one.is_for_laser(place) for one in told) <= 1 for place in places)
        assert len({"at once" in line for line in lines}) <= 1
        alone = [one.message.text for pair in treated for one in call_advice([pair], case) if sign in one.message.text]
        assert bool(lines) is bool(alone)
        assert any("at once" in line for line in alone) is any("at once" in line for line in lines)


def test_care_that_holds_after_some_treatments_alone_says_after_which() -> None:
    """Ointment and no make-up, for a wound, stood beside the care of skin that a dye laser had left whole."""
    for first, second in PAIRS:
        treated, case = _two(first, second)
        own = {f"{pair[0].condition} at {pair[0].site}": aftercare_advice([pair], case) for pair in treated}
        every = aftercare_advice(treated, case)
        assert {one.message.id for one in every} == {one.message.id for alone in own.values() for one in alone}
        for advice in every:
            places = tuple(place for place, alone in own.items() if advice.message.id in _messages(alone))
            assert advice.treats == (None if len(places) == len(own) else places)


def _messages(advice: Iterable[Advice]) -> set[str]:
    return {one.message.id for one in advice}


def test_a_rule_gives_way_to_rules_that_exist_and_are_warnings_too() -> None:
    rules = {rule.id: rule for rule in load_rules("aftercare")}
    giving_way = [rule for rule in rules.values() if rule.said_by or rule.rest]
    assert giving_way
    assert all(rule.is_warning_sign and rules[name].is_warning_sign for rule in giving_way for name in rule.said_by)
    assert all(rule.said_by for rule in giving_way)


def test_a_sentence_of_two_lights_is_shown_once() -> None:
    ids = [one.message.id for one in aftercare_advice(*_treated(laser_modalities(), _case(condition="age-spots")))]
    assert len(ids) == len(set(ids))


def test_advice_fits_the_treatment_and_the_person() -> None:
    plain = _ids(aftercare_advice(*_treated(["vascular"], _case())))
    wound = _ids(aftercare_advice(*_treated(["vascular", "ablative"], _case())))
    assert set(plain) < set(wound)
    assert "aftercare-wound" not in plain
    assert "aftercare-antiviral" not in wound
    for site, is_told in (("cheeks", True), ("hands", False)):  # no cold sore wakes on the hands
        sores = _case(site, history=["herpes-labialis"])
        told = _ids(aftercare_advice(*_treated(["fractional-ablative"], sores)))
        assert ("aftercare-antiviral" in told) is is_told
    assert len(wound) == len(set(wound))


def test_eye_signs_are_named_where_the_face_is_treated() -> None:
    assert "call-eyes" not in _ids(call_advice(*_treated(["vascular"], _case("hands"))))
    assert "call-eyes" in _ids(call_advice(*_treated(["vascular"], _case("hands", "nose"))))


def test_nothing_is_advised_after_no_laser() -> None:
    assert aftercare_advice(*_treated(["no-treatment"], _case())) == ()
    assert call_advice(*_treated(["sun-protection"], _case())) == ()


def test_advice_is_cited_and_has_its_record() -> None:
    with collect_sources() as keys:
        advice = (*aftercare_advice(*_treated(["ablative"], _case())), *record_keeping_advice())
    assert set(keys) == {item.source for item in advice} <= set(bibliography())
    assert all(to_json_types(item)["text"] == item.message.text for item in advice)
    assert _ids(record_keeping_advice()) == [rule.id for rule in load_rules("records")]


@pytest.mark.parametrize("modality", list(laser_modalities()))
def test_every_laser_has_days_and_minutes(modality: str) -> None:
    for found, unit in ((downtime_range(modality, "wrinkles"), "days"), (minutes_range(modality), "minutes")):
        assert isinstance(found, RuleRange)
        assert found.unit == unit
        assert found.message.text
        assert found.source in bibliography()


@pytest.mark.parametrize(
    ("quantity", "modality", "condition", "low", "high"),
    [
        # Printed ranges of the guidance table, one a row: G38, G39, G44, G46, G47, G48, G50, G51, G54, G55.
        ("downtime", "ablative", "wrinkles", 7.0, 14.0),
        ("downtime", "fractional-ablative", "acne-scars", 4.0, 7.0),
        ("sessions", "ablative", "perioral-lines", 1.0, 1.0),
        ("sessions", "fractional-ablative", "acne-scars", 3.0, 6.0),
        ("interval", "fractional-ablative", "acne-scars", 4.0, 7.0),
        ("sessions", "non-ablative-fractional", "acne-scars", 1.0, 6.0),
        ("sessions", "pigment-short-pulse", "age-spots", 1.0, 2.0),
        ("sessions", "pigment-short-pulse", "melasma", 6.0, 10.0),
        ("interval", "vascular", "facial-telangiectasia", 4.0, 6.0),
        ("sessions", "pigment-long-pulse", "poikiloderma", 2.0, 4.0),
        ("minutes", "ablative", "wrinkles", 30.0, 120.0),
        ("minutes", "vascular", "redness", 15.0, 90.0),
    ],
)
def test_printed_ranges(quantity: str, modality: str, condition: str, low: float, high: float) -> None:
    found = find_range(quantity, modality, condition)
    assert isinstance(found, RuleRange)
    assert (found.low, found.high) == (low, high)


def test_the_closest_rule_wins() -> None:
    general = session_range("fractional-ablative", "wrinkles")
    hands = session_range("fractional-ablative", "wrinkles", site="hands")
    assert isinstance(general, RuleRange)
    assert isinstance(hands, RuleRange)
    assert (general.low, general.high) == (2.0, 4.0)
    assert (hands.low, hands.high) == (3.0, 3.0)


def test_what_nobody_counted_is_unknown() -> None:
    for found in (
        session_range("vascular", "poikiloderma"),
        session_range("botulinum-toxin", "dynamic-wrinkles"),
        interval_range("ablative", "wrinkles"),
        downtime_range("surgery", "laxity"),
        minutes_range("no-treatment"),
    ):
        assert isinstance(found, Unknown)
        assert "no source" in found.reason


def test_deep_columns_show_for_fewer_days_than_shallow_ones_and_than_drilled_ones() -> None:
    """The week of peeling that is printed of 1927 nm stood at 1550 nm too, beside the week of crusts of CO2."""
    deep, shallow, drilled = (
        downtime_range(modality, "wrinkles", pulse=pulse)
        for modality, pulse in (
            ("non-ablative-fractional", "deep-columns"),
            ("non-ablative-fractional", "shallow-columns"),
            ("fractional-ablative", ""),
        )
    )
    assert isinstance(deep, RuleRange)
    assert isinstance(shallow, RuleRange)
    assert isinstance(drilled, RuleRange)
    assert deep.high < shallow.high
    assert deep.high < drilled.low
    assert downtime_range("non-ablative-fractional", "wrinkles") == shallow  # nobody said which


def test_crusts_after_nanoseconds_stay_longer_than_after_picoseconds() -> None:
    """A picosecond trial counted two days; under nanoseconds the scabs of spots fell after 6 to 12."""
    spots = {
        pulse: downtime_range("pigment-short-pulse", "age-spots", pulse=pulse) for pulse in ("nanosecond", "picosecond")
    }
    longer, shorter = spots.values()
    assert isinstance(longer, RuleRange)
    assert isinstance(shorter, RuleRange)
    assert (longer.low, longer.central, longer.high) == (6.0, 8.0, 12.0)
    assert shorter.high < longer.low
    fading = downtime_range("pigment-short-pulse", "melasma", pulse="nanosecond")
    assert isinstance(fading, RuleRange)
    assert fading.high == 1.0  # nothing whitens there
    assert isinstance(downtime_range("pigment-short-pulse", "dull-complexion", pulse="nanosecond"), Unknown)


def test_a_span_becomes_an_assumed_estimate() -> None:
    printed, mean = (
        session_range("vascular", "facial-telangiectasia"),
        downtime_range("pigment-short-pulse", "age-spots", pulse="picosecond"),
    )
    assert isinstance(printed, RuleRange)
    assert isinstance(mean, RuleRange)
    estimate = printed.estimate()
    assert (estimate.low, estimate.median, estimate.high) == (1.0, 2.0, 3.0)  # 2 is the middle of 1 to 3
    assert estimate.kind == "assumed"
    assert estimate.basis == (printed.source,)
    assert mean.estimate().median == 2.1  # the printed mean


def test_aliases_are_understood_and_wrong_names_refused() -> None:
    assert session_range("nafl", "acne scar") == session_range("non-ablative-fractional", "acne-scars")
    with pytest.raises(InputError, match="unknown condition"):
        session_range("vascular", "acne-scarring-of-mars")
    with pytest.raises(InputError, match="unknown modality"):
        aftercare_advice(*_treated(["lazer"], _case()))


def test_every_printed_value_can_be_found() -> None:
    for rule in (*load_rules("downtime"), *load_rules("sessions")):
        for value in rule.values:
            condition = (rule.conditions or tuple(vocabulary_table("condition")))[0]
            site = rule.sites[0] if rule.sites else None
            found = find_range(value.quantity, rule.modalities[0], condition, site=site, pulse=rule.pulse)
            assert isinstance(found, RuleRange)
            assert found.rule == rule.id
