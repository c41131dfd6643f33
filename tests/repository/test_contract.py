"""Promises of the interface, held from outside: only what a person can type or put into a file."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from paths import ROOT

from skinbeam.laser.cooling import DEFAULT_CRYOGEN
from skinbeam.laser.device import devices
from skinbeam.model.document import sha256_hex
from skinbeam.model.errors import InputError
from skinbeam.model.input_files import load_case, read_toml

FACE = str(ROOT / "examples" / "first-consultation" / "face.jpg")
HEAD = {"schema", "version", "case_sha256", "seed", "warnings"}


Run = Callable[..., Any]


def test_a_clinic_without_its_key_is_not_served(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SKINBEAM_KEY", raising=False)
    ran = run("serve", "--db", "postgresql://nowhere", "--json")
    assert ran.code == 2
    assert ran.document["error"]["code"] == "no-key"


def test_sources_are_one_document_and_each_stands_once(run: Run) -> None:
    ran = run("cite", "clark2004", "anderson1983", "clark2004", "--json")
    assert ran.code == 0
    assert set(ran.document) == HEAD | {"sources"}
    assert [source["key"] for source in ran.document["sources"]] == ["clark2004", "anderson1983"]
    wrong = run("cite", "clark204", "--json")
    assert wrong.code == 2
    assert "clark2004" in wrong.document["error"]["hint"]
    assert run("cite", "clark2004", "clark2004").out.count("@") == 1


def test_json_may_stand_before_the_word_check(run: Run) -> None:
    file = str(ROOT / "skinbeam" / "data" / "lasers" / "ktp-532.toml")
    assert run("lasers", "--json", "check", file).document == run("lasers", "check", file, "--json").document


def test_skin_of_which_nothing_is_known_keeps_every_key(tmp_path: Path, run: Run) -> None:
    known, unknown = tmp_path / "known.toml", tmp_path / "unknown.toml"
    known.write_text('[skin]\npreset = "pig"\n', encoding="utf-8")
    unknown.write_text("[skin.reflectance]\nwavelength_nm = [350]\nvalue = [0.3]\n", encoding="utf-8")
    asked = ("--wavelength", "500,600", "--draws", "2", "--json")
    there, absent = run("skin", str(known), *asked), run("skin", str(unknown), *asked)
    assert (there.code, absent.code) == (0, 3)
    assert set(absent.document) == set(there.document)
    assert absent.document["schema"] == "skinbeam.skin/1"
    assert set(absent.document["Lab"]) == {"L", "a", "b"}
    for key in ("layers", "reflectance", "ita_deg", "phototype_range"):
        assert set(absent.document[key]) == {"unknown"}


def test_blood_has_no_phototype(tmp_path: Path, run: Run) -> None:
    file = tmp_path / "case.toml"
    file.write_text('[skin]\npreset = "blood"\n', encoding="utf-8")
    found = run("skin", str(file), "--wavelength", "500", "--draws", "2", "--json").document
    assert "unknown" in found["phototype_range"]


@pytest.mark.parametrize("where", ["file", "file/inside"])
def test_a_folder_that_cannot_be_made_is_wrong_input(where: str, tmp_path: Path, run: Run) -> None:
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    case = tmp_path / "case.toml"
    case.write_text(
        '[skin]\n[laser]\ndevice = "pulsed-dye-595"\n[settings]\nfluence_J_cm2 = 5.0\npulse_ms = 10.0\nspot_mm = 7.0\n',
        encoding="utf-8",
    )
    folder = str(tmp_path / where)
    window = ("window", str(case), "--effect", "epidermal-necrosis", "--draws", "1")
    for arguments in (window, ("photo", FACE)):
        ran = run(*arguments, "-o", folder, "--json")
        assert ran.code == 2
        assert ran.document["error"]["field"] == "--output"
    assert (tmp_path / "file").read_text(encoding="utf-8") == "mine"


def test_the_doctor_looks_at_cores_gpu_fonts_and_database(run: Run) -> None:
    names = {check["name"] for check in run("doctor", "--json").document["checks"]}
    assert {"cores", "gpu", "fonts", "database"} <= names


HOSTILE = {
    "table of many parts": "[" + "a." * 400_000 + "a]\n",
    "key of many parts": "a." * 400_000 + "a = 1\n",
    "quoted parts": '"a b" . ' * 100_000 + "a = 1\n",
    "key inside a value": "x = {y = '''a'''', " + "a." * 400_000 + "a = 1}\n",
    "many such keys": "\n".join("a." * 33 + f"k{index} = 1" for index in range(12_000)),
    "nested lists": "a = " + "[" * 400_000,
    "open text": 'a = "' + '\\"' * 400_000 + "\n",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_at_once(name: str, tmp_path: Path) -> None:
    file = tmp_path / "case.toml"
    file.write_text(HOSTILE[name], encoding="utf-8")
    start = time.monotonic()
    with pytest.raises(InputError) as caught:
        read_toml(file)
    assert caught.value.code == "not-toml"
    # One pass over a megabyte takes a tenth of a second; what grows with the square of it takes minutes.
    assert time.monotonic() - start < 10.0


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("age_years = {large}", "patient.age_years"),
        ("age_years = 40\nmedications = [{{name = {large}}}]", "patient.medications[0].name"),
        ("age_years = 40\nhistory = [[{large}]]", "patient.history[0][0]"),
    ],
    ids=["value", "in a table", "in a list"],
)
def test_a_whole_number_of_any_length_is_wrong_input(text: str, field: str, tmp_path: Path, run: Run) -> None:
    """In sixteens Python reads whole numbers whatever their length, and then refuses to print them."""
    file = tmp_path / "case.toml"
    file.write_text("[patient]\n" + text.format(large=f"0x{'f' * 5000}"), encoding="utf-8")
    ran = run("consult", str(file), "-o", str(tmp_path / "out"), "--json")
    assert ran.code == 2
    assert (ran.document["error"]["field"], ran.document["error"]["file"]) == (field, "case.toml")


def test_a_name_that_is_too_long_for_the_disk_is_no_file(tmp_path: Path, run: Run) -> None:
    file, layers = tmp_path / "case.toml", tmp_path / "layers.toml"
    long = "µ" * 200  # characters; a disk takes 255 bytes
    consultation = '[patient]\nage_years = 40\n[[concern]]\ncondition = "redness"\nsite = "nose"\n'
    for text, field in (
        (f'[photo]\nfile = "{long}.jpg"\n', "photo.file"),
        (f'[clinic]\ndevices = ["{long[:190]}.toml"]\n', "clinic.devices[0]"),
    ):
        file.write_text(consultation + text, encoding="utf-8")
        ran = run("consult", str(file), "-o", str(tmp_path / "out"), "--json")
        assert (ran.code, ran.document["error"]["field"]) == (2, field)
    layers.write_text(f'[voxels]\nfile = "{long}.npz"\nsize_um = 20\n[[medium]]\nname = "a"\n', encoding="utf-8")
    ran = run("light", str(layers), "--json")
    assert ran.code == 2
    assert run("consult", f"{long}{long}.toml", "-o", str(tmp_path / "out"), "--json").code == 2
    assert run("consult", str(file.with_name("c.toml")), "-o", str(tmp_path / (long + long)), "--json").code == 2


def test_a_name_that_nobody_knows_is_cut_when_it_is_shown(tmp_path: Path, run: Run) -> None:
    file = tmp_path / "case.toml"
    text = f'[patient]\nage_years = 40\n[[concern]]\ncondition = "{"r" * 100_000}"\nsite = "nose"\n'
    file.write_text(text, encoding="utf-8")
    ran = run("consult", str(file), "-o", str(tmp_path / "out"), "--json")
    assert ran.code == 2
    assert len(ran.document["error"]["message"]) < 600


@pytest.mark.parametrize("card", ["[0, 0, 4, 4]", "[5000, 5000, 40, 40]"])
def test_a_fault_of_a_white_card_names_the_photograph(card: str, tmp_path: Path, run: Run) -> None:
    file = tmp_path / "case.toml"
    (tmp_path / "me.jpg").write_bytes(Path(FACE).read_bytes())
    concern = '[[concern]]\ncondition = "redness"\nsite = "nose"\n'
    text = f'[patient]\nage_years = 40\n{concern}[photo]\nfile = "me.jpg"\nwhite_card = {card}\n'
    file.write_text(text, encoding="utf-8")
    error = run("consult", str(file), "-o", str(tmp_path / "out"), "--json").document["error"]
    assert (error["field"], error["file"]) == ("photo.white_card", "me.jpg")


def test_dots_in_texts_comments_and_numbers_are_not_keys(tmp_path: Path) -> None:
    file = tmp_path / "case.toml"
    dots = "a." * 50 + "a"
    text = f'# {dots}\ntitle = "{dots}"\nlong = """{dots}"""\nliteral = \'{dots}\'\nvalue = [{"0.25, " * 10_000}]\n'
    file.write_text(text, encoding="utf-8")
    tables = read_toml(file)
    assert tables["title"] == tables["long"] == tables["literal"] == dots
    assert len(tables["value"]) == 10_000


def test_tables_nested_without_end_are_wrong_input(tmp_path: Path, run: Run) -> None:
    file = tmp_path / "case.toml"
    inner = "{" + "a." * 30 + "a="
    file.write_text("title = " + inner * 150 + "1" + "}" * 150, encoding="utf-8")
    ran = run("simulate", str(file), "--json")
    assert ran.code == 2
    assert all(ran.document["error"].values())


def test_a_list_that_is_too_long_says_how_long_it_may_be(tmp_path: Path, run: Run) -> None:
    file = tmp_path / "case.toml"
    file.write_text("vessel = [" + "1," * 2000 + "]", encoding="utf-8")
    error = run("simulate", str(file), "--json").document["error"]
    assert (error["field"], error["code"]) == ("vessel", "too-long")
    assert "2000" in error["message"]
    assert "1000" in error["hint"]


def test_ctrl_c_leaves_with_130_and_no_traceback(tmp_path: Path) -> None:
    file = tmp_path / "case.toml"
    file.write_text(
        "[skin]\n[laser]\nwavelength_nm = 595\n[settings]\nfluence_J_cm2 = 5\npulse_ms = 10\nspot_mm = 7\n",
        encoding="utf-8",
    )
    words = [sys.executable, "-X", "importtime", "-m", "skinbeam", "simulate", str(file), "--draws", "100000", "--json"]
    running = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert running.stderr is not None
    # The simulation is imported only after the handler of signals stands.
    assert any("skinbeam.api.simulate" in line for line in running.stderr)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=120)
    assert (running.returncode, out) == (130, "")
    assert "Traceback" not in err


def test_a_spray_that_nothing_more_is_stated_of_follows_from_its_kind(tmp_path: Path, run: Run) -> None:
    short, full = tmp_path / "short.toml", tmp_path / "full.toml"
    short.write_text('[skin]\n[cooling]\nkind = "spray"\nbefore_ms = 30\n', encoding="utf-8")
    full.write_text('[skin]\n[cooling]\nkind = "spray"\ncryogen = "R134a"\nbefore_ms = 30\n', encoding="utf-8")
    one, other = (run("simulate", str(file), "--draws", "2", "--json") for file in (short, full))
    assert one.code == other.code == 0
    assert one.document["temperature_C"] == other.document["temperature_C"]


def test_every_known_spray_is_of_the_usual_cryogen() -> None:
    sprays = {head.cryogen for device in devices().values() for head in device.cooling if head.kind == "spray"}
    assert sprays == {DEFAULT_CRYOGEN}


PHOTOGRAPHED = """
[patient]
age_years = 40
[[concern]]
condition = "redness"
site = "cheeks"
[photo]
file = "{name}"
[skin]
[cooling]
kind = "contact"
before_ms = 100
"""


def test_a_photograph_counts_by_its_content_in_every_hash_of_a_case(tmp_path: Path, run: Run) -> None:
    def hashed(name: str, content: bytes) -> str:
        (tmp_path / name).write_bytes(content)
        file = tmp_path / "case.toml"
        file.write_text(PHOTOGRAPHED.format(name=name), encoding="utf-8")
        found = str(run("simulate", str(file), "--draws", "1", "--json").document["case_sha256"])
        assert load_case(file).sha256(sha256_hex(content)) == found
        return found

    assert hashed("one.jpg", b"a face") == hashed("other.jpg", b"a face") != hashed("one.jpg", b"another face")


def test_a_misspelt_grade_gets_the_nearest(tmp_path: Path, run: Run) -> None:
    words = ("expect", "--condition", "acne-scars", "--modality", "ablative", "--json")
    for wrong in ("modrate", "mild-modrate"):
        assert 'Did you mean "moderate"' in run(*words, "--severity", wrong).document["error"]["hint"]
        file = tmp_path / "case.toml"
        text = f'[patient]\nage_years = 40\n[[concern]]\ncondition = "redness"\nsite = "nose"\nseverity = "{wrong}"\n'
        file.write_text(text, encoding="utf-8")
        error = run("consult", str(file), "-o", str(tmp_path / "out"), "--json").document["error"]
        assert error["field"] == "concern[0].severity"
        assert 'Did you mean "moderate"' in error["hint"]
