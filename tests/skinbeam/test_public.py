"""The public functions: what a script asks is what the command answers, in the shape that a script holds."""

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from consultations import NAMED, PERSON, concern, devices, document, loaded
from matplotlib.figure import Figure
from paths import ROOT

import skinbeam
from skinbeam.api.simulate import simulate_document
from skinbeam.api.threshold import threshold_document
from skinbeam.model.errors import InputError, NotAvailable
from skinbeam.model.input_files import load_case

DRAWS = 60
PULSE = ROOT / "examples" / "pulse-in-a-vessel" / "case.toml"
TABLES = {
    "skin": {"site": "cheeks", "ita_deg": 45.0},
    "laser": {"device": "ktp-532"},
    "settings": {"fluence_J_cm2": 8.0, "pulse_ms": 10.0, "spot_mm": 4.0},
}
VEINS = PERSON + concern("facial-telangiectasia", extra=NAMED) + devices("pulsed-dye-595")


def answer(function: str, *asked: Any, **more: Any) -> Any:
    return getattr(skinbeam, function)(*asked, **more)


def test_a_case_is_a_path_a_text_tables_or_a_loaded_case() -> None:
    whole = threshold_document(load_case(PULSE), "epidermal-necrosis", draws=DRAWS)
    for case in (PULSE, str(PULSE), load_case(PULSE), load_case(str(PULSE))):
        assert answer("threshold", case, "epidermal-necrosis", draws=DRAWS).to_dict() == whole
    assert answer("simulate", TABLES, draws=DRAWS)["schema"] == "skinbeam.simulate/1"


def test_a_setting_given_by_name_takes_the_place_of_the_case_s() -> None:
    changed = TABLES | {"settings": TABLES["settings"] | {"pulse_ms": 6.0}}
    whole = simulate_document(answer("load_case", PULSE), draws=DRAWS)
    assert answer("simulate", PULSE, draws=DRAWS).to_dict() == whole
    by_name = answer("simulate", TABLES, draws=DRAWS, pulse_ms=np.int64(6)).to_dict()
    by_table = answer("simulate", changed, draws=DRAWS).to_dict()
    assert by_name == by_table
    assert by_name["damage"] != answer("simulate", TABLES, draws=DRAWS).to_dict()["damage"]


def test_a_longer_pulse_burns_at_a_higher_dose() -> None:
    doses = [
        answer("threshold", TABLES, "epidermal-necrosis", draws=DRAWS, pulse_ms=one)["dose"]["median"]
        for one in (1, 10, 50)
    ]
    assert doses == sorted(doses)
    assert doses[0] < doses[-1]


@pytest.mark.parametrize("draws", [0, -3, 1.5, "many"])
def test_draws_that_are_no_count_are_named(draws: Any) -> None:
    with pytest.raises(InputError) as raised:
        answer("simulate", TABLES, draws=draws)
    assert raised.value.field == "draws"


def test_a_setting_that_is_no_number_is_named() -> None:
    with pytest.raises(InputError) as raised:
        answer("simulate", TABLES, draws=DRAWS, pulse_ms=[1.0, 10.0])
    assert raised.value.field == "pulse_ms"


def test_a_plan_is_the_plan_of_the_command_and_its_options_answer() -> None:
    plan = answer("plan", loaded(VEINS), draws=DRAWS)
    assert plan.to_dict() == document(VEINS, draws=DRAWS)
    option = plan.concerns[0].options[0]
    assert option.setup.device == "pulsed-dye-595"
    assert option.rank == 1
    same = option.what_if()["at"]
    assert same["p_effective"]["median"] == option.p_effective.median
    assert same["p_burn"]["median"] == option.p_harm.median
    less, more = (option.what_if(fluence_J_cm2=dose)["at"] for dose in (6.5, np.float64(8.5)))
    assert less["p_effective"]["median"] < more["p_effective"]["median"]
    assert less["p_burn"]["median"] <= more["p_burn"]["median"]
    with pytest.raises(InputError, match="80"):
        option.what_if(fluence_J_cm2=80)
    without = next(one for one in plan.concerns[0].options if one.setup is None)
    with pytest.raises(NotAvailable, match="without a device"):
        without.what_if(fluence_J_cm2=8)
    assert set(plan.citations()) == set(plan.to_dict()["sources"])
    assert max(len(repr(one)) for one in (plan, plan.concerns[0], option)) < 120


def test_one_setting_of_a_window() -> None:
    found = answer("window", loaded(VEINS), at={"fluence_J_cm2": 8}, device="pulsed-dye-595", draws=DRAWS)
    assert found["at"]["settings"]["fluence_J_cm2"] == 8.0
    assert "jasim2004" in found.citations()
    with pytest.raises(NotAvailable, match="no figure"):
        found.plot()


def test_answers_have_figures_sources_and_short_names() -> None:
    answers = [
        answer("window", TABLES, effect="vessel-closure", draws=DRAWS),
        answer("threshold", TABLES, "epidermal-necrosis", draws=DRAWS),
        answer("skin", TABLES, "400:700:50", draws=DRAWS),
        answer("skin", TABLES, [532, np.float64(1064)], draws=DRAWS),
        answer("expect", "acne-scars", "fractional-ablative", phototype="III"),
    ]
    for one in answers:
        assert isinstance(one.plot(), Figure)
        assert len(repr(one)) < 400
        assert one["schema"] in repr(one)
    assert answers[-1].citations()
    assert answer("compare", "melasma", "chemical-peel", "pigment-short-pulse").citations() is not None
    assert "pulsed-dye-595" in answer("devices")


def test_light_in_layers() -> None:
    layers = next((ROOT / "examples" / "light").glob("*.toml"))
    assert 0.0 < answer("light", layers)["reflectance_diffuse"] < 1.0


def test_a_package_of_the_same_name_is_still_a_package() -> None:
    """In a process of its own, where nothing was imported before."""
    script = (
        "from skinbeam import plan, simulate, skin, preview\n"
        "import skinbeam.plan.ranking as ranking\n"
        "import skinbeam.skin.melanin\n"
        "assert callable(plan) and callable(simulate) and callable(skin) and callable(preview)\n"
        "assert plan.ranking is ranking\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_every_public_name_is_there() -> None:
    for name in skinbeam.__all__:
        assert getattr(skinbeam, name) is not None
    with pytest.raises(AttributeError, match="no attribute"):
        _ = skinbeam.nothing  # type: ignore[attr-defined]
