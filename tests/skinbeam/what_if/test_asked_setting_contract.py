"""What a setting that is asked about promises of every light: order in dose and colour, and where the known ends."""

import re
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest
from consultations import loaded
from paths import ROOT

from skinbeam.api.window_at import asked_setting_answer, asked_setting_sentences
from skinbeam.laser.device import devices
from skinbeam.laser.setting_grid import dose_steps
from skinbeam.model.errors import InputError, NotAvailable
from skinbeam.model.input_files import LoadedCase
from skinbeam.plan.case_check import check_consultation
from skinbeam.plan.person import AssessedPerson, assess_person
from skinbeam.text import render_message
from skinbeam.what_if.asked_setting import AskedSetting, judge_asked_setting
from skinbeam.what_if.chosen_setting import find_objections

DRAWS = 42  # the least with which a plan is made
DOSES = 7
# A light of each kind: condition, device, and what has to be given since no source prints it.
LIGHTS: dict[str, tuple[str, dict[str, float]]] = {
    "pulsed-dye-595": ("facial-telangiectasia", {}),
    "ndyag-1064": ("facial-telangiectasia", {}),
    "ipl": ("facial-telangiectasia", {}),
    "alexandrite-755": ("age-spots", {}),
    "qs-ndyag-532-1064": ("age-spots", {}),
    "qs-ruby-694": ("age-spots", {}),
    "fractional-1550": ("acne-scars", {"density_per_cm2": 200.0}),
    "co2-10600": ("wrinkles", {"fluence_J_cm2": 2.0}),
}
HEATING = [name for name in LIGHTS if name not in ("fractional-1550", "co2-10600")]
PHOTOTYPES = ("I", "II", "III", "IV", "V", "VI")


@cache
def person(condition: str, phototype: str) -> tuple[AssessedPerson, LoadedCase]:
    checked = check_consultation(loaded(consultation(condition, phototype)))
    return assess_person(checked, DRAWS, 0), checked.loaded


def consultation(condition: str, phototype: str) -> str:
    return f"""
title = "A setting is asked about"
[patient]
age_years = 42
sex = "female"
phototype = "{phototype}"
[[concern]]
condition = "{condition}"
severity = "moderate"
site = "cheeks"
area_cm2 = 20.0
diagnosed = true
diagnosed_by = "clinician"
diagnosis_method = "dermoscopy"
diagnosis_date = 2026-01-02
"""


def ask(light: str, phototype: str, **quantities: float) -> AskedSetting:
    condition, given = LIGHTS[light]
    someone, case = person(condition, phototype)
    return judge_asked_setting(someone, case, {**given, **quantities}, device_name=light)


def setting_of(found: AskedSetting) -> dict[str, float]:
    """Pulse, spot and dose of an answer, to be asked with one of them changed."""
    dose = "energy_mJ" if found.trial.machine.device.microbeam else "fluence_J_cm2"
    setting = found.trial.setting
    return {"pulse_ms": setting.pulse_ms, "spot_mm": setting.spot_mm, dose: found.trial.dose}


@pytest.mark.parametrize("phototype", ["II", "V"])
@pytest.mark.parametrize("light", LIGHTS)
def test_more_dose_reaches_no_fewer_and_harms_no_fewer(light: str, phototype: str) -> None:
    begun = ask(light, "II")
    steps = dose_steps(devices()[light], begun.trial.setting)
    dose = "energy_mJ" if devices()[light].microbeam else "fluence_J_cm2"
    given = setting_of(begun)
    answers = [ask(light, phototype, **given | {dose: value}) for value in steps[:: max(1, len(steps) // DOSES)]]
    for shares in ([one.p_effective.median for one in answers], [one.p_harm.median for one in answers]):
        assert shares == sorted(shares)
        assert shares[0] < shares[-1]
    bruised = [one.trial.bruising.p.median for one in answers if one.trial.bruising is not None]
    assert bruised == sorted(bruised)


def test_the_sentence_counts_whole_people_as_the_table_beside_it_does() -> None:
    """It said that 0.041 of 100 are harmed, and the table that fewer than 1 are."""
    text = " ".join(sentence.text for sentence in asked_setting_sentences(ask(HEATING[0], "II")))
    assert " of 100 " in text
    assert not re.search(r"\d\.\d+ of 100", text)


def test_each_limit_of_a_light_has_a_name_of_its_own() -> None:
    """Two lines of a table that are called alike cannot be told apart."""
    for light in LIGHTS:
        limits = {verdict.limit.id for verdict in ask(light, "II").trial.verdicts}
        names = {render_message(f"limit-in-short.{limit}") for limit in limits}
        assert len(names) == len(limits), light


@pytest.mark.parametrize("light", HEATING)
def test_the_same_setting_harms_no_fewer_in_darker_skin(light: str) -> None:
    """Each draw is the same person in another colour, so that no chance comes between two colours."""
    given = setting_of(ask(light, "II"))
    answers = [ask(light, phototype, **given) for phototype in PHOTOTYPES]
    harmed = [one.p_harm.median for one in answers]
    # Light skins that clinics counted alike are anchored to the same count, each by draws of the skin of those people.
    # They are equal up to those draws, which no answer shows: it is printed in tenths of 100.
    assert all(lighter - darker < 0.0005 for lighter, darker in pairwise(harmed))
    assert harmed[0] < harmed[-1] - 0.0005
    if LIGHTS[light][0] == "facial-telangiectasia":  # a darker epidermis keeps light from the vessels below it
        reached = [one.p_effective.median for one in answers]
        assert reached == sorted(reached, reverse=True)


@pytest.mark.parametrize("light", HEATING)
def test_a_dose_outside_published_ones_says_so(light: str) -> None:
    begun = ask(light, "II")
    assert begun.proposal is not None
    given, low, high = setting_of(begun), begun.proposal.low, begun.proposal.high
    steps = dose_steps(devices()[light], begun.trial.setting)
    places = {dose: ask(light, "II", **given | {"fluence_J_cm2": dose}) for dose in (steps[0], steps[-1])}
    assert steps[0] < low
    assert high < steps[-1]
    below, above = places.values()
    assert (below.place, begun.place, above.place) == ("below", "inside", "above")
    for found, words in ((below, "the dose is below"), (begun, "the dose is inside"), (above, "the dose is above")):
        assert any(words in sentence.text for sentence in asked_setting_sentences(found))
    objections = find_objections(above)
    assert any(
        "above those that sources print" in message.text for message in (*objections.warnings, *objections.stops)
    )


@pytest.mark.parametrize(
    ("light", "quantities", "words"),
    [
        ("ndyag-1064", {"pulse_ms": 100.0}, "the pulse in ms lies 2 times above"),
        ("ipl", {"pulse_ms": 50.0}, "the pulse in ms lies 1.67 times above"),
        ("alexandrite-755", {"spot_mm": 3.0}, "the spot in mm lies 3.33 times below"),
        ("qs-ruby-694", {"spot_mm": 3.0}, "the spot in mm lies 1.33 times below"),
    ],
)
def test_a_pulse_or_a_spot_outside_published_ones_says_so_and_needs_a_reason(
    light: str, quantities: dict[str, float], words: str
) -> None:
    begun = ask(light, "III")
    assert not begun.unpublished
    outside = ask(light, "III", **setting_of(begun) | quantities)
    assert any(words in sentence.text for sentence in asked_setting_sentences(outside))
    assert any(words in message.text for message in find_objections(outside).warnings)
    _, case = person(LIGHTS[light][0], "III")
    beyond_practice = [
        asked_setting_answer(case, one, 0).to_dict()["at"]["beyond_practice"] for one in (begun, outside)
    ]
    assert beyond_practice == [False, True]


def test_what_is_beyond_everything_published_is_stopped() -> None:
    begun = ask("ndyag-1064", "III")
    steps = {"spot_mm": 18.0, "fluence_J_cm2": 20.0}
    stops = find_objections(ask("ndyag-1064", "III", **setting_of(begun) | steps)).stops
    assert any("beyond what anybody published" in message.text for message in stops)


def ask_a_dose(light: str, phototype: str) -> AskedSetting:
    """A dose that may be asked of every skin, since of darker skin sources print none for some lights."""
    doses = {"ipl": 10.0, "qs-ndyag-532-1064": 1.0}
    return ask(light, phototype, **({"fluence_J_cm2": doses[light]} if light in doses else {}))


def published_sentence(found: AskedSetting) -> str:
    (said,) = [
        one.text for one in asked_setting_sentences(found) if "print" in one.text and "would not" not in one.text
    ]
    return said


@pytest.mark.parametrize("light", LIGHTS)
@pytest.mark.parametrize("phototype", PHOTOTYPES)
def test_doses_of_other_skin_are_not_called_doses_for_such_skin(light: str, phototype: str) -> None:
    """Of 7 J/cm² of a dye laser in VI it said "Sources print 7 to 9 J/cm² for such skin", which is of III."""
    found = ask_a_dose(light, phototype)
    said = published_sentence(found)
    proposal = found.proposal
    if proposal is None:
        assert said == "No source prints a dose of this light for such skin."
        return
    is_of_others = proposal.darker_phototype is not None or (
        proposal.lighter_phototype is not None and proposal.bounding_phototype is None
    )
    assert ("none for such skin" in said) is is_of_others
    if proposal.lighter_phototype is not None and is_of_others:
        assert f"the lighter type {PHOTOTYPES[proposal.lighter_phototype - 1]}" in said
    low, high = proposal.printed or (proposal.low, proposal.high)
    assert (" to " in said.split("J/cm²")[0].split(" mJ")[0]) is (low != high)


@pytest.mark.parametrize("condition", ["age-spots", "melasma", "freckles"])
@pytest.mark.parametrize("phototype", PHOTOTYPES)
def test_doses_of_one_light_of_a_device_are_not_told_of_another(condition: str, phototype: str) -> None:
    """Of 532 nm on melasma it said that sources print 0.85 to 2 J/cm², which they print of 1064 nm."""
    someone, case = person(condition, phototype)
    for nm in (532.0, 1064.0):
        asked = {"wavelength_nm": nm, "fluence_J_cm2": 1.0}
        found = judge_asked_setting(someone, case, asked, device_name="qs-ndyag-532-1064")
        assert found.proposal is None or found.proposal.setting.wavelength_nm == nm
        published = asked_setting_answer(case, found, 0).to_dict()["at"].get("published")
        assert (published is None) is (found.proposal is None)


def test_a_limit_that_is_kept_with_a_warning_is_named() -> None:
    """ "It keeps the limits of a plan" was all that was said of pigment that breaks beside the spot."""
    for light in LIGHTS:
        for found in (ask_a_dose(light, phototype) for phototype in PHOTOTYPES):
            *_, verdict = (one.text for one in asked_setting_sentences(found))
            warned = any(one.status == "warn" for one in found.trial.verdicts)
            if verdict.startswith("It keeps"):
                assert ("with a warning" in verdict) is warned, light


def test_what_a_device_cannot_give_in_a_pulse_names_that_pulse() -> None:
    """ "CO2 laser, fractional cannot be set to energy_mJ = 40" was true in the pulse of 0.1 ms alone."""
    with pytest.raises(InputError, match="fluence_J_cm2 = 80 in a pulse of 10 ms and a spot of 7 mm"):
        ask("pulsed-dye-595", "II", fluence_J_cm2=80.0, pulse_ms=10.0, spot_mm=7.0)
    with pytest.raises(InputError) as raised:
        ask("pulsed-dye-595", "II", spot_mm=8.0)
    assert "in a pulse" not in raised.value.message


def test_an_own_device_is_asked_about_by_its_file_or_by_its_name_in_the_plan(tmp_path: Path) -> None:
    """A plan names it without `.toml`; what if could not be asked of its options."""
    shipped = ROOT / "skinbeam" / "data" / "lasers" / "pulsed-dye-595.toml"
    (tmp_path / "room-2.toml").write_bytes(shipped.read_bytes())
    text = consultation("facial-telangiectasia", "II") + '[clinic]\ndevices = ["room-2.toml"]\n'
    checked = check_consultation(loaded(text, tmp_path))
    someone = assess_person(checked, DRAWS, 0)
    found = [
        judge_asked_setting(someone, checked.loaded, {"fluence_J_cm2": 7.0}, device_name=name)
        for name in ("room-2.toml", "room-2")
    ]
    assert [answer.trial.machine.case_name for answer in found] == ["room-2.toml", "room-2.toml"]
    assert found[0].trial.dose == found[1].trial.dose == 7.0
    with pytest.raises(InputError, match='unknown device "room-3"'):
        judge_asked_setting(someone, checked.loaded, {"fluence_J_cm2": 7.0}, device_name="room-3")


@pytest.mark.parametrize(
    ("light", "condition", "phototype", "quantities"),
    [
        ("ktp-532", "facial-telangiectasia", "V", {"fluence_J_cm2": 4.0}),
        ("ipl", "facial-telangiectasia", "VI", {"fluence_J_cm2": 5.0}),
        ("alexandrite-755", "age-spots", "III", {"fluence_J_cm2": 15.0}),
    ],
)
def test_light_that_the_guideline_advises_against_is_given_by_no_plan(
    light: str, condition: str, phototype: str, quantities: dict[str, float]
) -> None:
    """A plan refuses these devices, and the answer said that the setting keeps the limits of a plan."""
    someone, case = person(condition, phototype)
    found = judge_asked_setting(someone, case, quantities, device_name=light)
    assert "guideline-against" in dict(found.obstacles)
    (last,) = [sentence.text for sentence in asked_setting_sentences(found)][-1:]
    assert "A plan would not give it" in last
    assert find_objections(found).stops


def test_light_that_a_concern_refuses_is_told_why() -> None:
    someone, case = person("melasma", "II")
    with pytest.raises(NotAvailable, match=r"Melasma.*closing vessels does not help"):
        judge_asked_setting(someone, case, {"fluence_J_cm2": 7.0}, device_name="pulsed-dye-595")


@pytest.mark.parametrize("light", ["fractional-co2-10600", "fractional-1550"])
def test_a_density_that_is_left_out_is_that_of_a_plan(light: str) -> None:
    """An energy was asked about, and answered at the greatest printed density, which injures everyone."""
    someone, case = person("wrinkles", "II")
    found = judge_asked_setting(someone, case, {"energy_mJ": 8.0 if "1550" in light else 20.0}, device_name=light)
    verdicts = {verdict.limit.id: verdict.status for verdict in found.trial.verdicts}
    assert "not_met" not in verdicts.values(), verdicts
