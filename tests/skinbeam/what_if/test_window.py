"""The therapeutic window as a document: shapes, order in dose, what is guessed and what is asked for."""

from functools import cache
from pathlib import Path
from typing import Any

import pytest
from paths import TESTS

from skinbeam.api.window import find_window
from skinbeam.model.errors import InputError, NotAvailable
from skinbeam.model.input_files import LoadedCase, load_case

CASES = TESTS / "data" / "cases"
GUESSED = {
    "vessel": ("vessel-closure", "epidermal-necrosis", "fluence_J_cm2"),
    "short-pulse": ("melanosome-disruption", "epidermal-necrosis", "fluence_J_cm2"),
    "er-yag": ("ablation", "depth-limit", "fluence_J_cm2"),
    "fractional-co2": ("ablation", "depth-limit", "microbeam_mJ"),
}
each = pytest.mark.parametrize("name", GUESSED)


@cache
def window(name: str, effect: str | None = None, harm: str | None = None, draws: int = 60) -> Any:
    return find_window(load_case(CASES / f"{name}.toml"), effect=effect, harm=harm, draws=draws).to_dict()


def written(text: str, folder: Path) -> LoadedCase:
    file = folder / "case.toml"
    file.write_text(text, encoding="utf-8")
    return load_case(file)


@each
def test_rows_are_pulses_and_columns_are_doses(name: str) -> None:
    made = window(name)
    effect, harm, of = GUESSED[name]
    assert (made["schema"], made["effect"], made["harm"], made["of"]) == ("skinbeam.window/1", effect, harm, of)
    # A device offers pulses longer than those that craters were calibrated for; no result uses a lesion's width.
    codes = {"fractional-co2": ["pulse-not-judged"], "short-pulse": ["not-used-yet"]}.get(name, [])
    assert [warning["code"] for warning in made["warnings"]] == codes
    for key in ("p_effect", "p_harm"):
        assert len(made[key]) == len(made["pulse_ms"]) >= 5
        assert {len(row) for row in made[key]} == {len(made["dose"])}
        assert all(isinstance(p, float) and 0 <= p <= 1 for row in made[key] for p in row)


@each
def test_more_dose_never_does_less(name: str) -> None:
    made = window(name)
    assert made["dose"] == sorted(set(made["dose"]))
    assert made["pulse_ms"] == sorted(set(made["pulse_ms"]))
    for key in ("p_effect", "p_harm"):
        assert all(row == sorted(row) for row in made[key])


def test_a_longer_pulse_spares_the_epidermis_under_a_cooled_surface() -> None:
    """Heat of the epidermis flows out during the pulse; at each dose fewer skins burn."""
    made = window("vessel")
    for column in zip(*made["p_harm"], strict=True):
        assert list(column) == sorted(column, reverse=True)


def test_the_grid_is_the_devices_and_not_the_skins(tmp_path: Path) -> None:
    text = (CASES / "vessel.toml").read_text(encoding="utf-8")
    darker = find_window(written(text.replace("ita_deg = 45.0", "ita_deg = 15.0"), tmp_path), draws=40).to_dict()
    lighter = window("vessel")
    assert (darker["dose"], darker["pulse_ms"]) == (lighter["dose"], lighter["pulse_ms"])
    assert min(lighter["dose"]) >= 3.0
    assert max(lighter["dose"]) <= 20.0
    # The darker skin burns at least as often at every dose.
    for dark, light in zip(darker["p_harm"], lighter["p_harm"], strict=True):
        assert sum(dark) > sum(light)


def test_the_dose_of_the_case_has_no_influence(tmp_path: Path) -> None:
    text = (CASES / "er-yag.toml").read_text(encoding="utf-8")
    other = find_window(
        written(text.replace("fluence_J_cm2 = 8.0", "fluence_J_cm2 = 3.0"), tmp_path), draws=60
    ).to_dict()
    without = find_window(written(text.replace("fluence_J_cm2 = 8.0\n", ""), tmp_path), draws=60).to_dict()
    for key in ("dose", "pulse_ms", "p_effect", "p_harm"):
        assert other[key] == without[key] == window("er-yag")[key]


def test_the_same_case_gives_the_same_window() -> None:
    assert find_window(load_case(CASES / "er-yag.toml"), draws=60).to_dict() == window("er-yag")


@pytest.mark.parametrize("name", ["fractional-1550", "lamp"])
def test_what_cannot_be_guessed_is_asked_for(name: str) -> None:
    with pytest.raises(InputError) as caught:
        window(name)
    assert caught.value.field == "effect"
    assert "an effect" in caught.value.hint


def test_the_goal_of_the_first_concern_comes_before_anything_else(tmp_path: Path) -> None:
    text = (CASES / "vessel.toml").read_text(encoding="utf-8")
    concern = '\n[[concern]]\ncondition = "age-spots"\nsite = "cheeks"\n'
    person = "\n[patient]\nage_years = 40\n"
    other = text.replace('device = "pulsed-dye-595"', 'device = "alexandrite-755"').replace("= 7.5", "= 20.0")
    other = other.replace("pulse_ms = 6.0", "pulse_ms = 3.0").replace("spot_mm = 7.0", "spot_mm = 12.0")
    made = find_window(written(other + person + concern, tmp_path), draws=20).to_dict()
    assert made["effect"] == "epidermal-necrosis"  # of the spot, the goal of long pulses that this device emits


@pytest.mark.parametrize(
    ("given", "field", "nearest"),
    [({"effect": "vessel-closur"}, "effect", "vessel-closure"), ({"harm": "burn"}, "harm", "epidermal-necrosis")],
)
def test_an_unknown_endpoint_names_its_argument(given: dict[str, str], field: str, nearest: str) -> None:
    with pytest.raises(InputError) as caught:
        find_window(load_case(CASES / "vessel.toml"), **given, draws=5)  # type: ignore[arg-type]  # one of two
    assert caught.value.field == field
    assert nearest in caught.value.hint


def test_what_the_model_cannot_judge_keeps_every_key() -> None:
    with pytest.raises(NotAvailable) as caught:
        window("vessel", effect="blood-coagulation", harm="blood-coagulation")
    body = caught.value.body
    assert body["schema"] == "skinbeam.window/1"
    for key in ("of", "dose", "pulse_ms", "p_effect", "p_harm"):
        assert set(body[key]) == {"unknown"}


def test_one_endpoint_that_can_be_judged_is_answered() -> None:
    made = window("vessel", effect="blood-coagulation")
    assert set(made["p_effect"]) == {"unknown"}
    assert len(made["p_harm"]) == len(made["pulse_ms"]) > 0
    made = window("vessel", harm="blood-coagulation")
    assert set(made["p_harm"]) == {"unknown"}
    assert len(made["p_effect"]) == len(made["pulse_ms"]) > 0


def test_a_pulse_that_cannot_be_judged_is_left_out_and_reported(tmp_path: Path) -> None:
    text = (CASES / "er-yag.toml").read_text(encoding="utf-8").replace("pulse_ms = 0.3", "pulse_ms = 2.0")
    made = find_window(written(text, tmp_path), draws=20).to_dict()
    assert {warning["code"] for warning in made["warnings"]} == {"pulse-not-judged"}
    assert 0 < len(made["pulse_ms"]) < 7
    assert len(made["p_effect"]) == len(made["pulse_ms"])


def test_a_contact_burn_has_no_window() -> None:
    with pytest.raises(InputError) as caught:
        window("bath")
    assert caught.value.field == "laser"


def test_a_window_says_how_much_harm_a_plan_allows() -> None:
    assert window("vessel")["p_harm_allowed"] == 0.1
    assert window("er-yag")["p_harm_allowed"] == pytest.approx(0.05)
    assert set(window("vessel", harm="purpura")["p_harm_allowed"]) == {"unknown"}


def test_published_doses_stand_beside_the_window_of_a_named_condition(tmp_path: Path) -> None:
    assert window("vessel")["practised"] == []
    text = (CASES / "vessel.toml").read_text(encoding="utf-8")
    concern = '\n[patient]\nage_years = 40\n\n[[concern]]\ncondition = "facial-telangiectasia"\nsite = "cheeks"\n'
    made = find_window(written(text + concern, tmp_path), draws=10).to_dict()
    at = [one["pulse_ms"] for one in made["practised"]]
    assert at == sorted(at)
    assert len(at) > 1
    assert all(0.0 < one["low"] <= one["high"] for one in made["practised"])


def test_what_makers_recommend_stands_beside_a_window(tmp_path: Path) -> None:
    """A maker's table for hair: 755 nm, 3 ms, 18 mm, 14 to 20 J/cm² in light skin, 6 to 16 in the darkest."""
    made = find_window(
        written(
            '[skin]\npreset = "human"\nita_deg = 45.0\n\n[laser]\ndevice = "alexandrite-755"\n\n'
            "[settings]\nfluence_J_cm2 = 14.0\npulse_ms = 3.0\nspot_mm = 18.0\n",
            tmp_path,
        ),
        effect="epidermal-necrosis",
        draws=10,
    ).to_dict()
    assert {"pulse_ms": 3.0, "low": 14.0, "high": 20.0} in made["makers"]
    assert {"pulse_ms": 3.0, "low": 6.0, "high": 16.0} in made["makers"]
    assert {"pulse_ms": 3.0, "low": 30.0, "high": 40.0} not in made["makers"]  # of a spot of 8 mm
