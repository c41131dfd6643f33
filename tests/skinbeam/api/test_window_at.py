"""One setting that a clinician asks about is judged as the plan judges its own."""

from itertools import pairwise
from typing import Any

import pytest
from consultations import NAMED, PERSON, concern, devices, document, laser_options, loaded
from paths import ROOT

from skinbeam.api.simulate import simulate_case
from skinbeam.api.window_at import answer_setting, parse_asked
from skinbeam.model.errors import InputError, NotAvailable
from skinbeam.model.input_files import load_case

DRAWS = 100
ASKED_OF_PLANS = ("wavelength_nm", "pulse_ms", "spot_mm", "fluence_J_cm2")
VEINS = PERSON + concern("facial-telangiectasia", extra=NAMED)
BLISTER = (
    '\n[[test_spot]]\ndevice = "pulsed-dye-595"\nsite = "cheeks"\nread_after_h = 48\nreaction = "blister"\n'
    "fluence_J_cm2 = 9.0\n"
)


def at(text: str, device: str, **asked: float) -> Any:
    return answer_setting(loaded(text), asked, device=device, draws=DRAWS).to_dict()["at"]


def broken(record: Any) -> set[str]:
    return {one["id"] for one in record["limits"] if one["status"] == "not_met"}


def test_a_pulse_without_a_person_burns_as_it_does_in_a_simulation() -> None:
    """With the same warning where the burn lies outside what calibrates it."""
    pulse = load_case(ROOT / "examples" / "pulse-in-a-vessel" / "case.toml")
    asked = {"fluence_J_cm2": 9.0, "pulse_ms": 3.0}
    found = answer_setting(pulse, asked, draws=DRAWS)
    fields = {f"settings.{name}": value for name, value in asked.items()}
    simulated = simulate_case(pulse.with_fields(fields), draws=DRAWS)
    assert found.at.p_burn == simulated.harm.p_burn
    assert found.warnings == simulated.warnings


def test_columns_without_a_person_are_judged_by_the_endpoint_that_is_named() -> None:
    columns = loaded(
        '[skin]\nsite = "cheeks"\nita_deg = 45.0\n[laser]\ndevice = "fractional-1550"\n[settings]\npulse_ms = 5.0\n'
        "[microbeam]\nenergy_mJ = 30.0\ndiameter_um = 140.0\ndensity_per_cm2 = 200.0\n"
    )
    asked = {"energy_mJ": 20.0}
    with pytest.raises(InputError) as missing:
        answer_setting(columns, asked, draws=DRAWS)
    found = answer_setting(columns, asked, effect="collagen-coagulation", draws=DRAWS)
    assert missing.value.field == "effect"
    assert found.at.effect == "collagen-coagulation"
    with pytest.raises(InputError) as refused:
        answer_setting(loaded(VEINS), {}, effect="vessel-closure", draws=DRAWS)
    assert refused.value.field == "effect"


@pytest.mark.parametrize(
    ("condition", "device"),
    [
        ("facial-telangiectasia", "pulsed-dye-595"),  # a printed dose
        ("facial-telangiectasia", "ktp-532"),  # a computed dose
        ("age-spots", "qs-ndyag-532-1064"),
        ("acne-scars", "fractional-1550"),
        ("wrinkles", "co2-10600"),
    ],
)
def test_the_setting_of_a_plan_has_the_probabilities_of_the_plan(condition: str, device: str) -> None:
    """Exactly: both read the same draws with the same model."""
    text = PERSON + concern(condition, extra=NAMED) + devices(device)
    option = laser_options(document(text, draws=DRAWS))[0]
    settings = option["settings"]
    asked = {name: settings[name] for name in ASKED_OF_PLANS if name in settings}
    asked |= {"passes": settings["passes"]} if condition == "wrinkles" else {}
    if "microbeam" in settings:
        columns = settings["microbeam"]
        asked = {"pulse_ms": settings["pulse_ms"], "spot_mm": columns["diameter_um"] / 1000}
        asked |= {name: columns[name] for name in ("energy_mJ", "density_per_cm2")}
    found = at(text, device, **asked)
    for name in ("p_effective", "p_harm"):
        assert found[name]["median"] == option[name]["median"]
    if "p_purpura" in option:
        assert found["p_purpura"].get("median") == option["p_purpura"].get("median")
    assert broken(found) == set()
    assert found["error"] == 0.0


def test_effect_and_harm_grow_with_the_dose() -> None:
    doses = (4.0, 6.5, 8.0, 11.0, 15.0)
    found = [at(VEINS, "pulsed-dye-595", fluence_J_cm2=dose) for dose in doses]
    for name in ("p_effective", "p_burn", "p_purpura"):
        values = [one[name]["median"] for one in found]
        assert all(low <= high for low, high in pairwise(values)), name
        assert values[0] < values[-1], name
    assert [one["published"]["place"] for one in found] == ["below", "inside", "inside", "above", "above"]


def test_the_same_dose_burns_darker_skin_sooner() -> None:
    texts = [VEINS.replace("ita_deg = 60.0\n", "").replace('"II"', f'"{name}"') for name in ("II", "IV", "V")]
    burns = [at(text, "pulsed-dye-595", fluence_J_cm2=8.0, pulse_ms=10.0)["p_burn"]["median"] for text in texts]
    assert burns == sorted(burns)
    assert burns[0] < burns[-1]


def test_what_forbids_a_setting_is_named() -> None:
    dark = VEINS.replace("ita_deg = 60.0\n", "").replace('"II"', '"V"')
    assert "epidermal-burn" in broken(at(dark, "pulsed-dye-595", fluence_J_cm2=15.0, pulse_ms=0.45))
    assert "above-published" in broken(at(VEINS, "pulsed-dye-595", fluence_J_cm2=12.0))
    hurt = at(VEINS + BLISTER, "pulsed-dye-595", fluence_J_cm2=7.0)
    assert "earlier-reaction" in broken(hurt)
    assert "earlier-reaction" not in broken(at(VEINS + BLISTER, "pulsed-dye-595", fluence_J_cm2=6.0))
    assert "greatest-published" in broken(at(dark, "pulsed-dye-595", fluence_J_cm2=12.0))


def test_what_helped_this_skin_is_given_again_here_too() -> None:
    """The plan gives 10 J/cm² again after a session with it; asked about it, this called it above what is printed."""
    helped = (
        '\n[[session]]\nweek = 0\ntreats = "facial-telangiectasia"\ndevice = "pulsed-dye-595"\nfluence_J_cm2 = 10.0\n'
        'pulse_ms = 10.0\nspot_mm = 7.0\nresponse_pct = 40\nadverse = ["none"]\n'
    )
    setting = {"pulse_ms": 10.0, "spot_mm": 7.0}
    assert broken(at(VEINS + helped, "pulsed-dye-595", fluence_J_cm2=10.0, **setting)) == set()
    for more in ({"fluence_J_cm2": 12.0, "spot_mm": 7.0}, {"fluence_J_cm2": 10.0, "spot_mm": 10.0}):
        assert "above-published" in broken(at(VEINS + helped, "pulsed-dye-595", pulse_ms=10.0, **more))


def test_a_setting_in_words_says_dose_effect_and_practice() -> None:
    whole = answer_setting(loaded(VEINS), {"fluence_J_cm2": 8.0}, device="pulsed-dye-595", draws=DRAWS).to_dict()
    words = " ".join(sentence["text"] for sentence in whole["in_words"])
    assert "8 J/cm²" in words
    assert "of 100" in words
    assert "the dose is inside" in words
    assert whole["schema"] == "skinbeam.window/1"


def test_a_computed_burn_and_the_blisters_of_trials_are_told_apart() -> None:
    """Both are probabilities of a blister, and one is a multiple of the other."""
    (option, *_) = laser_options(document(VEINS + devices("pulsed-dye-595"), draws=DRAWS))
    (blisters,) = (harm for harm in option["harms"] if harm["name"] == "blister")
    for words in ("over all sessions", "one session"):
        assert words in blisters["text"]["text"]
    whole = answer_setting(loaded(VEINS), {"fluence_J_cm2": 8.0}, device="pulsed-dye-595", draws=DRAWS).to_dict()
    words = " ".join(sentence["text"] for sentence in whole["in_words"])
    assert "burnt:" in words
    for term in ("one session", "counted in trials"):
        assert term in words


def test_columns_and_removed_skin_are_not_said_to_be_burnt() -> None:
    scars = PERSON + concern("acne-scars", extra=NAMED)
    found = answer_setting(loaded(scars), {"energy_mJ": 40.0}, device="fractional-1550", draws=DRAWS)
    assert found.in_words is not None
    words = " ".join(sentence.text for sentence in found.in_words)
    assert "harmed:" in words
    assert "urnt" not in words


@pytest.mark.parametrize(
    ("asked", "nearest"),
    [
        ({"fluence_J_cm2": 80.0}, "fluence_J_cm2 = 15"),
        ({"pulse_ms": 90.0}, "pulse_ms = 40"),
        ({"spot_mm": 8.0}, "spot_mm = 7"),
        ({"wavelength_nm": 590.0}, "wavelength_nm = 595"),
    ],
)
def test_what_a_device_cannot_have_names_the_nearest(asked: dict[str, float], nearest: str) -> None:
    with pytest.raises(InputError) as raised:
        at(VEINS, "pulsed-dye-595", **asked)
    assert raised.value.field == "at"
    assert nearest in raised.value.hint


def test_an_energy_of_a_full_field_is_refused() -> None:
    with pytest.raises(InputError, match="energy_mJ"):
        at(VEINS, "pulsed-dye-595", energy_mJ=40.0)


@pytest.mark.parametrize("asked", [{"density_per_cm2": 200.0}, {"passes": 2.0}, {"passes": 1.5}, {"energy": 3.0}])
def test_what_the_light_is_not_set_in_is_refused_and_not_left_out(asked: dict[str, float]) -> None:
    with pytest.raises(InputError) as raised:
        at(VEINS, "pulsed-dye-595", fluence_J_cm2=8.0, **asked)
    assert next(iter(asked)) in raised.value.message


def test_without_a_device_the_first_choice_of_the_guideline_answers() -> None:
    first = answer_setting(loaded(VEINS), {"fluence_J_cm2": 8.0}, draws=DRAWS).to_dict()["at"]
    assert first == at(VEINS, "pulsed-dye-595", fluence_J_cm2=8.0)
    scars = PERSON + concern("acne-scars", extra=NAMED)
    columns = answer_setting(loaded(scars), {"energy_mJ": 40.0, "density_per_cm2": 200.0}, draws=DRAWS).to_dict()["at"]
    assert columns["modality"] in ("non-ablative-fractional", "fractional-ablative")
    own = VEINS + devices("ndyag-1064")
    deep = answer_setting(loaded(own), {"fluence_J_cm2": 100.0, "pulse_ms": 20.0}, draws=DRAWS).to_dict()["at"]
    assert deep["device"] == "ndyag-1064"
    with pytest.raises(InputError, match="no device was named"):
        answer_setting(loaded(VEINS), {"energy_mJ": 8.0}, draws=DRAWS).to_dict()


def test_a_device_that_treats_nothing_here_and_a_lens_array_are_not_answered() -> None:
    with pytest.raises(NotAvailable, match="treats no concern"):
        at(VEINS, "fractional-1550", energy_mJ=40.0)
    spots = PERSON + concern("age-spots", extra=NAMED)
    with pytest.raises(NotAvailable) as raised:
        at(spots, "ps-array-755", fluence_J_cm2=0.71, spot_mm=6.0)
    body: Any = raised.value.body
    assert "unknown" in body["at"]["p_effective"]


@pytest.mark.parametrize(
    "text", ["fluence=8", "fluence_J_cm2", "fluence_J_cm2=x", "fluence_J_cm2=-1", "pulse_ms=nan", ""]
)
def test_a_question_that_is_no_setting_is_refused(text: str) -> None:
    with pytest.raises(InputError) as raised:
        parse_asked(text)
    assert raised.value.field == "at"


def test_what_is_no_setting_is_said_to_stand_in_the_case() -> None:
    """ "What if there is no cooling" was answered with a list of quantities."""
    with pytest.raises(InputError) as raised:
        parse_asked("cooling=none")
    assert "stands in the case file" in raised.value.hint


def test_a_quantity_is_asked_once() -> None:
    with pytest.raises(InputError, match="twice"):
        parse_asked("pulse_ms=3,pulse_ms=6")
    assert parse_asked("pulse_ms=3, fluence_J_cm2=8") == {"pulse_ms": 3.0, "fluence_J_cm2": 8.0}


def test_a_pulse_without_a_person_is_judged_by_the_endpoints_of_its_window() -> None:
    case = load_case(ROOT / "examples" / "pulse-in-a-vessel" / "case.toml")
    found = [
        answer_setting(case, {"fluence_J_cm2": dose, "pulse_ms": 6.0}, draws=DRAWS).to_dict()["at"]
        for dose in (1.0, 6.0, 60.0)
    ]
    effects = [one["p_effective"]["median"] for one in found]
    assert effects == sorted(effects)
    assert effects[0] < effects[-1]
    assert found[0]["limits"] == [{"id": "epidermal-necrosis", "status": "met"}]
    assert found[-1]["limits"] == [{"id": "epidermal-necrosis", "status": "not_met"}]


def test_how_many_ice_pick_scars_a_setting_is_enough_for_is_unknown() -> None:
    scars = PERSON + concern("acne-scars", extra=f'subtypes = ["ice-pick"]\n{NAMED}')
    found = answer_setting(loaded(scars), {"energy_mJ": 40.0}, device="fractional-co2-10600", draws=DRAWS)
    assert "ice-pick" in found.to_dict()["at"]["p_effective"]["unknown"]
    assert 0.0 <= found.to_dict()["at"]["p_harm"]["median"] <= 1.0
    assert "reach their target is unknown" in found.in_words[0].text
