"""Checking a device file: a light of no class is named, with what plans do with it."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from paths import ROOT

from skinbeam.api.device_check import check_device_file
from skinbeam.laser.device import devices, read_device_file
from skinbeam.laser.setting_grid import BeamSetting
from skinbeam.model.case import Case
from skinbeam.model.errors import InputError
from skinbeam.model.input_files import LoadedCase, parse_record
from skinbeam.plan.burn_anchor import burn_anchor
from skinbeam.plan.planner import make_plan
from skinbeam.plan_records.plan import ConcernPlan
from skinbeam.response.settings import SearchMachine, build_beam

SPOTS = "[[head.spot]]\nspot_mm = 7.0\nfluence_J_cm2 = { low = 1.0, high = 60.0 }\n"
COLUMNS = """[[head.tip]]
diameter_um = 120.0
energy_mJ = { low = 2.0, high = 60.0 }
density_per_cm2 = { low = 25.0, high = 500.0 }
"""


def device_file(
    folder: Path,
    nm: float,
    *,
    pulse_ms: tuple[float, float] = (5.0, 100.0),
    modality: str = "vascular",
    emission: str = "full-field",
) -> Path:
    outputs = COLUMNS if emission == "microbeam" else SPOTS
    file = folder / "ours.toml"
    file.write_text(
        f"""title = "The laser in room 2"
modalities = ["{modality}"]
emission = "{emission}"
profile = "top-hat"
repetition_Hz = {{ low = 0.5, high = 2.0 }}
eyewear_nm = [[{nm}, {nm}]]
stated = "maker"
source = ["manual"]

[[head]]
wavelength_nm = {nm}
pulse_ms = {{ low = {pulse_ms[0]}, high = {pulse_ms[1]} }}
pulse_shape = "square"

{outputs}
[[cooling]]
kind = "contact"
temperature_C = {{ low = 4.0, high = 10.0 }}
during = true
""",
        encoding="utf-8",
    )
    return file


def warnings_of(file: Path) -> list[str]:
    return [warning["message"] for warning in check_device_file(file).to_dict()["warnings"]]


def concern_plan(folder: Path, condition: str, phototype: str = "II", *, devices: str = "ours.toml") -> ConcernPlan:
    """The concern of a plan for a clinic whose only device is the file of this test."""
    tables = {
        "patient": {
            "age_years": 40.0,
            "sex": "male",
            "phototype": phototype,
            "tan": "none",
            "medications": [],
            "history": [],
        },
        "concern": [{"condition": condition, "site": "cheeks", "severity": "moderate"}],
        "clinic": {"devices": [devices]},
    }
    case = parse_record(Case, tables, file="case.toml")
    return make_plan(LoadedCase(case, folder), draws=60).plan.concerns[0]


@pytest.mark.parametrize("name", sorted(devices()))
def test_shipped_devices_are_sound_and_those_that_are_never_offered_are_named(name: str) -> None:
    """`docs/limits.md`: Er:YSGG and fractional Er:YAG lasers are never offered."""
    warnings = check_device_file(ROOT / "skinbeam" / "data" / "lasers" / f"{name}.toml").warnings
    is_never_offered = name in ("ysgg-2790", "fractional-ysgg-2790", "fractional-er-yag-2940")
    assert [warning.code for warning in warnings] == ["removal-unknown"] * is_never_offered


@pytest.mark.parametrize(
    ("nm", "pulse_ms", "near"),
    [
        (577.0, (5.0, 100.0), "ktp-532 (532 nm), pdl-585 (585 nm)"),
        (1726.0, (10.0, 100.0), "ndyag-1064-long (1064 nm), er-ysgg (2790 nm)"),
        # Long pulses of the ruby line: the class of its nanosecond pulses is named too.
        (694.0, (1.0, 10.0), "pdl-595 (595 nm), pdl-595-compression (595 nm), qs-694 (694 nm), alex-755-long (755 nm)"),
        (940.0, (5.0, 100.0), "diode-810 (810 nm), ndyag-1064-long (1064 nm)"),
    ],
)
def test_a_light_of_no_class_is_named_with_the_classes_near_it(
    nm: float, pulse_ms: tuple[float, float], near: str, tmp_path: Path
) -> None:
    (words,) = warnings_of(device_file(tmp_path, nm, pulse_ms=pulse_ms))
    assert words.startswith(f"{nm:g} nm in pulses of ")
    assert f"Nearest classes: {near}." in words
    assert "`simulate`, `threshold`, `window` and `light` compute it" in words


@pytest.mark.parametrize(
    ("nm", "options"),
    [
        (585.0, {}),
        (808.0, {}),
        (2940.0, {"modality": "ablative", "pulse_ms": (0.2, 0.6)}),
        (1540.0, {"modality": "non-ablative-fractional", "emission": "microbeam"}),
        (1927.0, {"modality": "non-ablative-fractional", "emission": "microbeam"}),
    ],
)
def test_a_light_of_a_class_is_not_warned_of(nm: float, options: dict[str, str], tmp_path: Path) -> None:
    assert warnings_of(device_file(tmp_path, nm, **options)) == []  # type: ignore[arg-type]


def test_a_plan_does_with_such_light_what_the_check_says(tmp_path: Path) -> None:
    """What no source prints, no plan offers; what sources print for some conditions is tried there and nowhere else."""
    (nothing,) = warnings_of(device_file(tmp_path, 1726.0))
    assert "no plan uses it" in nothing
    concern = concern_plan(tmp_path, "facial-telangiectasia")
    assert not [option for option in concern.options if option.setup is not None]
    assert [reason.id for refused in concern.refused if refused.device for reason in refused.reasons] == [
        "plan.no-practice"
    ]

    (printed,) = warnings_of(device_file(tmp_path, 577.0))
    assert "(facial-telangiectasia, " in printed
    assert "age-spots" not in printed
    concern = concern_plan(tmp_path, "facial-telangiectasia")
    tried = [option for option in concern.options if option.setup is not None] or [
        reason for refused in concern.refused if refused.device for reason in refused.reasons
    ]
    assert tried
    assert "plan.no-practice" not in [getattr(one, "id", "") for one in tried]


@pytest.mark.parametrize(
    ("nm", "pulse_ms", "stated", "is_other"),
    [
        (1726.0, (10.0, 100.0), "pdl-595", True),
        (755.0, (1.0, 10.0), "qs-755", True),
        (755.0, (5e-5, 1e-4), "alex-755-long", True),
        (577.0, (5.0, 100.0), "pdl-585", False),
        (1064.0, (0.3, 100.0), "ndyag-1064-us", False),
        (595.0, (0.5, 10.0), "laser-any", False),
    ],
)
def test_a_class_that_is_stated_of_other_light_is_named(
    nm: float, pulse_ms: tuple[float, float], stated: str, is_other: bool, tmp_path: Path
) -> None:
    """A laser of 1726 nm that was stated to be a dye laser of 595 nm got its doses without a word."""
    file = device_file(tmp_path, nm, pulse_ms=pulse_ms)
    file.write_text(f'classes = ["{stated}"]\n{file.read_text(encoding="utf-8")}', encoding="utf-8")
    warnings = check_device_file(file).warnings
    assert [warning.code for warning in warnings] == ["class-of-other-light"] * is_other
    assert all(stated in warning.message.text and f"{nm:g} nm" in warning.message.text for warning in warnings)


def test_columns_of_no_class_are_said_to_be_planned_by_their_depth(tmp_path: Path) -> None:
    (words,) = warnings_of(device_file(tmp_path, 1470.0, modality="non-ablative-fractional", emission="microbeam"))
    assert "by its computed depth" in words


def test_a_lens_array_of_no_class_is_said_to_be_used_by_nothing(tmp_path: Path) -> None:
    file = device_file(tmp_path, 1064.0, pulse_ms=(1e-5, 2e-5), modality="pigment-short-pulse", emission="lens-array")
    (words,) = warnings_of(file)
    assert "nothing uses it" in words
    assert "qs-1064 (1064 nm)" in words


@pytest.mark.parametrize("name", sorted(devices()))
def test_every_light_of_a_shipped_device_does_all_that_the_device_is_for(name: str) -> None:
    device = devices()[name]
    assert all(device.doing(modality) is device for modality in device.modalities)


@pytest.mark.parametrize(
    ("nm", "modality", "emission", "condition"),
    [
        (1470.0, "vascular", "microbeam", "facial-telangiectasia"),
        (532.0, "pigment-long-pulse", "microbeam", "age-spots"),
        (10600.0, "ablative", "microbeam", "wrinkles"),
        (10600.0, "non-ablative-fractional", "microbeam", "melasma"),
        (1550.0, "fractional-ablative", "microbeam", "acne-scars"),
        (10600.0, "fractional-ablative", "full-field", "acne-scars"),
        (1726.0, "ablative", "full-field", "wrinkles"),
    ],
)
def test_what_no_light_of_a_device_does_is_named_and_not_planned(
    nm: float, modality: str, emission: str, condition: str, tmp_path: Path
) -> None:
    """Plans with columns for vessels, pigment or a full field crashed, and CO2 columns got the place of heated ones."""
    file = device_file(tmp_path, nm, pulse_ms=(1.0, 10.0), modality=modality, emission=emission)
    warnings = check_device_file(file).warnings
    assert warnings[0].code == "modality-not-done"
    assert modality in warnings[0].message.text
    concern = concern_plan(tmp_path, condition)
    assert not [option for option in concern.options if option.setup is not None]


def test_a_machine_that_removes_columns_with_one_light_and_heats_them_with_another_does_each_with_its_own(
    tmp_path: Path,
) -> None:
    """Melasma and brown skin were planned with heated columns of a CO2 laser, other scars with removal at 1570 nm."""
    file = device_file(tmp_path, 10600.0, pulse_ms=(0.1, 10.0), modality="fractional-ablative", emission="microbeam")
    text = file.read_text(encoding="utf-8")
    head = text[text.index("[[head]]") : text.index("[[cooling]]")]
    text = text.replace('"fractional-ablative"', '"fractional-ablative", "non-ablative-fractional"')
    text = text.replace("[[10600.0, 10600.0]]", "[[10600.0, 10600.0], [1570.0, 1570.0]]")
    file.write_text(text.replace(head, head + head.replace("= 10600.0", "= 1570.0")), encoding="utf-8")
    assert "modality-not-done" not in [warning.code for warning in check_device_file(file).warnings]
    lights = {"fractional-ablative": 10600.0, "non-ablative-fractional": 1570.0}
    planned = {
        (option.modality, option.setup.settings.wavelength_nm)
        for condition in ("melasma", "acne-scars", "surgical-scars")
        for option in concern_plan(tmp_path, condition).options
        if option.setup is not None
    }
    assert planned == set(lights.items())


@pytest.mark.parametrize(
    ("right", "wrong", "hint"),
    [
        ("[[595.0, 595.0]]", "[595.0, 595.0]", "eyewear_nm = [["),
        ("{ low = 5.0, high = 100.0 }", "[5.0, 100.0]", "pulse_ms = { values = [5.0, 100.0] }"),
        ('kind = "contact"', 'kind = "spray"', "names its cryogen"),
    ],
)
def test_what_is_right_in_a_device_file_is_written_as_it_stands_there(
    right: str, wrong: str, hint: str, tmp_path: Path
) -> None:
    """The list in a list was to be written as `0 = [...]`, and a spray had "cryogen = None"."""
    file = device_file(tmp_path, 595.0)
    file.write_text(file.read_text(encoding="utf-8").replace(right, wrong), encoding="utf-8")
    with pytest.raises(InputError) as raised:
        check_device_file(file)
    assert hint in raised.value.hint
    assert "None" not in str(raised.value)


def machine_of_two_lasers(*names: str) -> dict[str, Any]:
    """Return the file of a machine with the heads of two devices of the catalogue."""
    folder = ROOT / "skinbeam" / "data" / "lasers"
    parts = [tomllib.loads((folder / f"{name}.toml").read_text(encoding="utf-8")) for name in names]
    return parts[0] | {key: [item for part in parts for item in part[key]] for key in ("head", "eyewear_nm")}


def test_the_burns_of_a_light_do_not_depend_on_the_other_lights_of_its_machine(tmp_path: Path) -> None:
    """The same pulse of 1064 nm burned 4 of 100 people of phototype V, and 10 where the file has 595 nm as well."""
    factors = []
    for names in (("ndyag-1064",), ("pulsed-dye-595", "ndyag-1064")):
        file = tmp_path / f"{len(names)}.toml"
        file.write_text(tomli_w.dumps(machine_of_two_lasers(*names)), encoding="utf-8")
        machine = SearchMachine(file.stem, read_device_file(file))
        beam = build_beam(machine, BeamSetting(1064.0, 50.0, 3.0), 80.0)
        factors.append(burn_anchor(machine, beam, "cheeks", 5))
    assert factors[0] == pytest.approx(factors[1])


def test_dark_skin_gets_the_other_laser_of_a_machine_where_the_first_reaches_next_to_nobody(tmp_path: Path) -> None:
    """With 595 and 1064 nm in one file, dark skin got nothing; with the same lasers in two files it got 1064 nm."""
    whole = machine_of_two_lasers("pulsed-dye-595", "ndyag-1064")
    (tmp_path / "ours.toml").write_text(tomli_w.dumps(whole), encoding="utf-8")
    light, dark, of_two_files = (
        [
            (option.setup.settings.wavelength_nm, option.setup.settings.fluence_J_cm2)
            for option in concern_plan(tmp_path, "facial-telangiectasia", phototype, devices=listed).options
            if option.setup is not None
        ]
        for phototype, listed in (("II", "ours.toml"), ("V", "ours.toml"), ("V", "ndyag-1064"))
    )
    assert [nm for nm, _ in light] == [595.0]
    assert dark == of_two_files
    assert [nm for nm, _ in dark] == [1064.0]
