"""What is said of a file that is refused: everything at once, by meaning before spelling, and what is not covered."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from paths import ROOT

from skinbeam.laser.device import devices, load_device
from skinbeam.model.case import Case
from skinbeam.model.consultation import HISTORY, REACTIONS
from skinbeam.model.errors import InputError
from skinbeam.model.input_faults import nested_table
from skinbeam.model.input_files import load_case
from skinbeam.model.package_data import load_package_table
from skinbeam.model.sources import bibliography
from skinbeam.model.suggestions import key_hint, uncovered_condition_error
from skinbeam.model.vocabulary import PHOTOTYPES, SEVERITIES, resolve_name, vocabulary_table

WORDS = load_package_table("data/other_words.toml")
PULSE = """
[skin]
site = "cheeks"
[laser]
device = "{device}"
[settings]
{dose}
pulse_ms = 6.0
spot_mm = 7.0
[cooling]
kind = "spray"
{spray}
"""

Run = Callable[..., Any]


def refused(text: str, folder: Path) -> InputError:
    (folder / "case.toml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_case(folder / "case.toml")
    return caught.value


def pulse(device: str = "pulsed-dye-595", dose: str = "fluence_J_cm2 = 7.5", spray: str = "before_ms = 30") -> str:
    return PULSE.format(device=device, dose=dose, spray=spray)


def test_every_fault_is_reported_at_once_and_json_holds_the_first(run: Run, tmp_path: Path) -> None:
    (tmp_path / "case.toml").write_text(
        '[patient]\nage_years = 200\nsex = "femal"\nphototyp = "II"\n[[concern]]\ncondition = "melasma"\n',
        encoding="utf-8",
    )
    ran = run("consult", str(tmp_path / "case.toml"), "-o", str(tmp_path / "out"))
    lines = ran.err.splitlines()
    fields = ["patient.phototyp", "patient.age_years", "patient.sex", "concern[0].site"]
    assert [line.split(": ")[2] for line in lines] == fields  # an unknown key first: a missing one may be the same
    assert all(line.startswith("error: case.toml: ") for line in lines)
    first = run("consult", str(tmp_path / "case.toml"), "-o", str(tmp_path / "out"), "--json").document["error"]
    assert first["field"] == fields[0]
    assert set(first) == {"code", "message", "field", "hint", "file"}


def test_a_field_has_one_fault(tmp_path: Path) -> None:
    """Of a value that may be several things, each is refused in turn."""
    error = refused('[patient]\nage_years = 40\nphototype = 7\n[[concern]]\ncondition = 3\nsite = "hands"\n', tmp_path)
    fields = [error.field, *(other.field for other in error.further_errors)]
    assert len(fields) == len(set(fields)) == 2


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ({"spray": "precool_ms = 30"}, 'Did you mean "before_ms"?'),
        ({"spray": "spurt_ms = 30"}, 'Did you mean "before_ms"?'),
        ({"dose": "energy_density_J_cm2 = 7"}, 'Did you mean "fluence_J_cm2"?'),
        ({"dose": "fluence = 7"}, 'Did you mean "fluence_J_cm2"?'),
        ({"dose": "wavelength_nm = 595.0"}, '"wavelength_nm" stands in [laser].'),
        ({"spray": "befor_ms = 30"}, 'Did you mean "before_ms"?'),
    ],
)
def test_a_key_is_known_by_its_meaning_its_table_or_its_spelling(
    written: dict[str, str], meant: str, tmp_path: Path
) -> None:
    assert refused(pulse(**written), tmp_path).hint == meant


def test_a_key_in_another_unit_says_that_its_value_is_to_be_converted(tmp_path: Path) -> None:
    """Who renames `last_dose_weeks` alone says twelve months for twelve weeks."""
    for key, right, units in (
        ("medications = [{name = 'isotretinoin', last_dose_weeks = 12}]", "last_dose_months", "from weeks to months"),
        ("[[concern]]\ncondition = 'redness'\nsite = 'cheeks'\narea_mm2 = 400", "area_cm2", "from mm2 to cm2"),
    ):
        hint = refused(f"[patient]\nage_years = 40\n{key}\n", tmp_path).hint
        assert f'Did you mean "{right}"?' in hint
        assert units in hint


@pytest.mark.parametrize(
    ("line", "right"),
    [
        ("age_years = 38,5", "Write a decimal with a point: age_years = 38.5"),
        ("phototype = II", 'phototype = "II"'),
        ("phototype = “II”", "straight quotation marks"),
        ("age_years: 38", "Write age_years = "),
        ("age_years = 38 years", "Write the number alone, its unit stands in the key: age_years = 38"),
        ("pregnant = No", "pregnant = true or pregnant = false"),
        ("diagnosis_date = 2.11.2026", "year first"),
        ('file = "C:\\photos\\me.jpg"', "path with /"),
        ("diagnosis_date = 2026-13-02", "a day that the calendar has"),
        ("age_years = = 38", "https://toml.io"),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_slip_in_the_format_is_reported_with_its_line_and_how_it_is_written(
    line: str, right: str, end: str, tmp_path: Path
) -> None:
    (tmp_path / "case.toml").write_bytes(f"[patient]{end}{line}{end}sex = 'female'{end}".encode())
    with pytest.raises(InputError) as caught:
        load_case(tmp_path / "case.toml")
    assert caught.value.code == "not-toml"
    assert f"read {line}" in caught.value.message
    assert right in caught.value.hint


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("age_years = 38\nage_years = 39", "This key stands in the table already"),
        ("age_years = 38\n[patient]\nsex = 'female'", "This table stands in the file already"),
        ("age_years = 38\n[[patient]]\nsex = 'female'", "This table stands in the file already"),
    ],
)
def test_what_stands_twice_is_said_to(text: str, right: str, tmp_path: Path) -> None:
    """The parser says "Cannot overwrite a value", and nobody meant to overwrite one."""
    refusal = refused(f"[patient]\n{text}\n", tmp_path)
    assert refusal.code == "not-toml"
    assert right in refusal.hint


def test_a_letter_of_another_encoding_is_reported_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "case.toml").write_bytes('title = "a"\n[patient]\nphone = "Büro"\n'.encode("latin-1"))
    with pytest.raises(InputError, match="not UTF-8, in line 3"):
        load_case(tmp_path / "case.toml")


@pytest.mark.parametrize(
    ("text", "field", "right"),
    [
        ('age_years = "38,5"', "patient.age_years", "Write 38.5, without quotation marks."),
        ('age_years = "38 years"', "patient.age_years", "Write 38, without quotation marks."),
        ('age_years = 38\nphototype = "2"', "patient.phototype", 'Did you mean "II"?'),
        ('age_years = 38\nsex = "F"', "patient.sex", 'Did you mean "female"?'),
        ('age_years = 38\nhistory = ["Cold sores"]', "patient.history[0]", 'Did you mean "herpes-labialis"?'),
        ('age_years = 38\nmedications = ["aspirin"]', "patient.medications[0]", '{ name = "aspirin" }'),
        ('age_years = 38\nmedications = "aspirin"', "patient.medications", 'medications = [{ name = "aspirin" }]'),
        ('age_years = 38\n[clinic]\ndevices = "ktp-532"', "clinic.devices", 'Write a list: devices = ["ktp-532"]'),
        ('age_years = 38\n[concern]\ncondition = "redness"', "concern", "Write [[concern]], with two brackets"),
        ('age_years = 38\nname = "Mrs X"', "patient.name", "No file here holds what names a person"),
    ],
)
def test_what_is_right_is_written_as_it_stands_in_the_file(text: str, field: str, right: str, tmp_path: Path) -> None:
    error = refused(f"[patient]\n{text}\n", tmp_path)
    assert error.field == field
    assert right in error.hint


def test_a_bruise_is_no_blister_and_rosacea_no_pacemaker(tmp_path: Path) -> None:
    """By spelling they are: who follows such a hint changes the plan."""
    spot = "[[test_spot]]\ndevice = 'ktp-532'\nsite = 'cheeks'\nread_after_h = 72\nreaction = 'bruise'\n"
    assert refused(f"[patient]\nage_years = 38\n{spot}", tmp_path).hint.startswith('Did you mean "purpura"?')
    assert "Did you mean" not in refused("[patient]\nage_years = 38\nhistory = ['rosacea']\n", tmp_path).hint


def test_every_other_word_of_a_list_means_one_that_there_is() -> None:
    known = {*HISTORY, *REACTIONS, *PHOTOTYPES, *SEVERITIES, "female", "male"}
    assert {word for words in WORDS["word"].values() for word in words} <= known
    assert not known & set(WORDS["word"])


@pytest.mark.parametrize("word", ["pdl", "PDL", "Nd:YAG", "pulsed-dye"])
def test_what_people_call_a_kind_of_laser_names_such_devices(word: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        load_device(word, tmp_path)
    assert caught.value.hint.startswith("Such devices: ")


def test_every_other_word_for_devices_means_some_that_there_are() -> None:
    assert {name for names in WORDS["device"].values() for name in names} <= set(devices())


def test_a_slip_in_a_device_file_names_that_file_with_all_its_faults(run: Run, tmp_path: Path) -> None:
    (tmp_path / "case.toml").write_text(
        '[patient]\nage_years = 40\n[[concern]]\ncondition = "redness"\nsite = "cheeks"\n'
        '[clinic]\ndevices = ["ktp-532", "mine.toml"]\n',
        encoding="utf-8",
    )
    (tmp_path / "mine.toml").write_text('title = "mine"\nprofile = "tophat"\nfluence = 3\n', encoding="utf-8")
    ran = run("consult", str(tmp_path / "case.toml"), "-o", str(tmp_path / "out"))
    assert ran.code == 2
    lines = ran.err.splitlines()
    assert all(line.startswith("error: mine.toml: ") for line in lines)
    assert {line.split(": ")[2] for line in lines} >= {"fluence", "profile", "emission"}


@pytest.mark.parametrize(
    ("command", "file", "message"),
    [
        ("light", "examples/first-consultation/case.toml", "is a case file. `skinbeam consult`"),
        ("simulate", "examples/light/vessel.toml", "is a layers file. `skinbeam light`"),
        ("simulate", "skinbeam/data/lasers/ktp-532.toml", "is a device file. Name it in [laser]"),
    ],
)
def test_a_file_of_another_kind_says_what_reads_it(run: Run, command: str, file: str, message: str) -> None:
    ran = run(command, str(ROOT / file))
    assert ran.code == 2
    assert message in ran.err
    assert len(ran.err.splitlines()) == 1


def test_a_unit_alone_is_no_likeness() -> None:
    assert key_hint("zzz_ms", ["delay_ms", "after_ms"], {}) == "Known here: delay_ms, after_ms."


def test_every_other_word_means_a_key_that_there_is() -> None:
    from skinbeam.model.device_file import DeviceFile
    from skinbeam.simulate.layers_schema.layers import LayersFile
    from skinbeam.sweeps.sweep_file import SweepFile

    known: set[str] = set()
    for root, kind in zip((Case, LayersFile, DeviceFile, SweepFile), WORDS["file"], strict=True):
        assert set(kind["keys"]) <= set(root.model_fields)
        known |= set(root.model_fields)
        for field in root.model_fields.values():
            inner = nested_table(field.annotation)
            known |= set() if inner is None else set(inner.model_fields)
    assert set(WORDS["key"].values()) <= known
    assert all(word != meant for word, meant in WORDS["key"].items())


def test_a_file_in_the_place_of_another_is_said_to_be_what_it_is(run: Run, tmp_path: Path) -> None:
    (tmp_path / "sweep.toml").write_text('case = "case.toml"\noutputs = ["harm.p_burn"]\n[axes]\na = [1]\n')
    files = {
        "a case file": (ROOT / "examples" / "pulse-in-a-vessel" / "case.toml", ["simulate"]),
        "a layers file": (ROOT / "examples" / "light" / "vessel.toml", ["light"]),
        "a device file": (ROOT / "skinbeam" / "data" / "lasers" / "ktp-532.toml", ["lasers", "check"]),
        "a sweep file": (tmp_path / "sweep.toml", ["sweep", "-o", str(tmp_path / "out.zarr")]),
    }
    for name, (file, own) in files.items():
        for _, command in files.values():
            if command != own:
                error = run(*command, str(file), "--json").document["error"]
                assert (error["code"], error["message"]) == ("other-file", f"is {name}")


def test_a_machine_is_recognized_by_what_a_source_names(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        load_device("vbeam")
    assert '"pulsed-dye-595" (vbeammanual)' in caught.value.hint
    with pytest.raises(InputError) as caught:
        load_device("Candela Vbeam Perfecta")
    assert '"pulsed-dye-595"' in caught.value.hint
    with pytest.raises(InputError, match="pulsed-dye-595") as caught:
        load_device("pulsed-dye-59")
    assert caught.value.hint.startswith("Did you mean")


@pytest.mark.parametrize("machine", WORDS["machine"], ids=lambda machine: machine["name"])
def test_a_trade_name_stands_in_its_source(machine: dict[str, str]) -> None:
    """In its title, in its note, or in the rows that were read from it."""
    assert machine["device"] in devices()
    source = bibliography()[machine["source"]]
    rows = [
        line
        for line in (ROOT / "skinbeam/data/practice.csv").read_text(encoding="utf-8").splitlines()
        if line.split(",")[1] == machine["source"]
    ]
    assert machine["name"].lower() in " ".join([*source.fields.values(), *rows]).lower()


@pytest.mark.parametrize("asked", ["tattoo removal", "Remove my tattoo", "hair removal", "leg veins", "stretch marks"])
def test_what_people_ask_of_lasers_and_is_not_covered_is_named_as_such(asked: str) -> None:
    with pytest.raises(InputError) as caught:
        resolve_name("condition", asked, field="concern[0].condition")
    assert caught.value.code == "not-covered"
    assert " is not covered" in caught.value.message
    assert len(str(caught.value)) < 200


CANCERS = (
    "melanoma",
    "melanomas",
    "Melanom",
    "lentigo maligna",
    "malignant lentigo",
    "skin cancer",
    "cancer",
    "Hautkrebs",
)
CANCERS += ("BCC", "basal cell", "Basaliom", "squamous cell carcinomas", "Karzinom", "sarcoma", "lymphoma", "tumour")
CANCERS += ("melanoma in-situ", "precancerous spot", "actinic keratoses", "Bowen's disease", "Merkel cell", "Kaposi")
OTHERS = (
    "changing spot",
    "bleeding spot",
    "ulcerated spot",
    "ulzerierter Fleck",
    "veränderter Fleck",
    "pigmented lesion",
    "nodule",
    "dysplastischer Nävus",
    "Nävuszellnävus",
    "Nävus flammeus",
    "Hämangiom",
    "moles",
    "Muttermal",
    "Leberfleck",
    "keratosis",
    "cyst",
    "granuloma",
    "herpes",
    "cold sores",
    "impetigo",
    "scabies",
)


@pytest.mark.parametrize("asked", [*CANCERS, *OTHERS])
def test_no_disease_is_taken_for_the_condition_that_is_spelt_like_it(asked: str) -> None:
    """Melanomas are near melasma, a changing spot is near an age spot, and who takes such a hint would treat it."""
    with pytest.raises(InputError) as caught:
        resolve_name("condition", asked, field="concern[0].condition")
    assert caught.value.code == "not-covered"
    assert "Did you mean" not in caught.value.hint
    assert ("cancer" in caught.value.message.partition(",")[0]) == (asked in CANCERS)


@pytest.mark.parametrize(
    ("asked", "title"),
    [
        ("senile angioma", "cherry angiomas"),
        ("Kirschangiome", "cherry angiomas"),
        ("hand veins", "the wide veins of the hands"),
        ("veins on the backs of the hands", "the wide veins of the hands"),
        ("spider veins of the legs", "veins of the legs"),
        ("hypopigmentation", "pale marks"),
        ("white spots on the arms", "pale marks"),
    ],
)
def test_what_another_laser_clinic_treats_is_named_and_no_condition_that_is_spelt_like_it(
    asked: str, title: str
) -> None:
    """A senile angioma was asked whether it is a spider angioma, and hand veins whether they are thread veins."""
    with pytest.raises(InputError) as caught:
        resolve_name("condition", asked, field="concern[0].condition")
    assert caught.value.message == f'Treatment of {title} is not covered, read "{asked}"'
    assert "Did you mean" not in caught.value.hint


@pytest.mark.parametrize(("asked", "name"), [("earlobe keloid", "keloid"), ("keloid of the ear", "keloid")])
def test_a_condition_that_is_named_with_its_place_is_recognized(asked: str, name: str) -> None:
    with pytest.raises(InputError) as caught:
        resolve_name("condition", asked, field="concern[0].condition")
    assert caught.value.hint == f'Did you mean "{name}"?'


def test_nothing_that_is_covered_is_called_not_covered() -> None:
    for name, entry in vocabulary_table("condition").items():
        for word in (name, entry["title"], *entry["aliases"]):
            assert resolve_name("condition", word, field="x") == name
            plural = re.sub(r"us\b", "i", word) if word.endswith("us") else f"{word}s"
            if not word.endswith(("s", "i")) or word.endswith("us"):
                assert plural in entry["aliases"] or uncovered_condition_error(plural, field="x") is None
    with pytest.raises(InputError) as caught:
        resolve_name("condition", "xyzzy", field="x")
    assert caught.value.code == "unknown-condition"
    assert len(str(caught.value)) < 600
    with pytest.raises(InputError, match="facial") as caught:
        resolve_name("condition", "facial vein", field="x")
    assert caught.value.code == "unknown-condition"


def test_a_fault_found_deep_inside_names_the_file(run: Run, tmp_path: Path) -> None:
    case = tmp_path / "mine.toml"
    case.write_text(pulse("vbeam"), encoding="utf-8")
    for command in (("simulate",), ("threshold", "--endpoint", "pain"), ("window", "--effect", "pain")):
        ran = run(command[0], str(case), *command[1:])
        assert ran.err.startswith("error: mine.toml: laser.device: ")
    case.write_text(pulse(), encoding="utf-8")
    ran = run("threshold", str(case), "--endpoint", "pai")
    assert ran.err.startswith("error: --endpoint: ")  # an option is in no file


def test_a_fault_of_a_picture_or_a_cube_names_that_file(run: Run, tmp_path: Path) -> None:
    (tmp_path / "face.jpg").write_bytes((ROOT / "examples" / "first-consultation" / "face.jpg").read_bytes())
    case = tmp_path / "case.toml"
    case.write_text(
        '[patient]\nage_years = 40\n[[concern]]\ncondition = "redness"\nsite = "cheeks"\n'
        '[photo]\nfile = "face.jpg"\nwhite_card = [90000, 0, 60, 60]\n',
        encoding="utf-8",
    )
    assert run("consult", str(case), "-o", str(tmp_path / "out")).err.startswith("error: face.jpg: photo.white_card: ")
    for points in ("[[200, 100], [9000, 100], [224, 146]]", "[[247, 103], [204, 101], [224, 146]]"):
        case.write_text(
            '[patient]\nage_years = 40\n[[concern]]\ncondition = "redness"\nsite = "cheeks"\n'
            f'[photo]\nfile = "face.jpg"\npoints = {points}\n',
            encoding="utf-8",
        )
        assert run("consult", str(case), "-o", str(tmp_path / "out")).err.startswith("error: face.jpg: photo.points: ")
    (tmp_path / "cube.npz").write_bytes(b"PK")
    layers = tmp_path / "layers.toml"
    layers.write_text(
        '[voxels]\nfile = "cube.npz"\nsize_um = 10.0\n[[medium]]\nname = "a"\nmua_per_cm = 1.0\n'
        "mus_per_cm = 1.0\ng = 0.0\nn = 1.4\n",
        encoding="utf-8",
    )
    assert '"cube.npz"' in run("light", str(layers)).err
