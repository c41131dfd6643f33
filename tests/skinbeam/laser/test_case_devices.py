"""The devices that a case names: which files are read, which are refused, and how one is found by its name."""

import pickle
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from consultations import PERSON, loaded
from paths import ROOT

from skinbeam.laser.case_devices import clinic_devices, find_device, read_device_files
from skinbeam.laser.device import devices
from skinbeam.model.case import Case
from skinbeam.model.errors import InputError

DYE, GREEN = "pulsed-dye-595", "ktp-532"


def put_copy(folder: Path, file: str, device: str = DYE, title: str = "") -> None:
    """Put the file of a known device beside a case, under another name and perhaps with another title."""
    content = (ROOT / "skinbeam" / "data" / "lasers" / f"{device}.toml").read_text(encoding="utf-8")
    if title:
        content = content.replace(f'title = "{devices()[device].title}"', f'title = "{title}"')
        assert f'"{title}"' in content
    (folder / file).parent.mkdir(exist_ok=True)
    (folder / file).write_text(content, encoding="utf-8")


def session(device: str) -> str:
    return f'\n[[session]]\nweek = 0\ntreats = "redness"\ndevice = "{device}"\n'


def spot(device: str) -> str:
    return f'\n[[test_spot]]\nsite = "cheeks"\nread_after_h = 24\nreaction = "none"\ndevice = "{device}"\n'


def read(folder: Path, *pulses: str, listed: Sequence[str] = ()) -> Case:
    clinic = f"\n[clinic]\ndevices = {list(listed)}\n" if listed else ""
    return read_device_files(loaded(PERSON + "".join(pulses) + clinic, folder)).case


def found(name: str, case: Case) -> str | None:
    device = find_device(name, case)
    return None if device is None else device.name


@pytest.mark.parametrize("pulse", [session, spot])
def test_a_file_that_only_an_earlier_pulse_names_is_read(pulse: Callable[[str], str], tmp_path: Path) -> None:
    put_copy(tmp_path, "my-dye.toml")
    case = read(tmp_path, pulse("my-dye.toml"))
    device = find_device("my-dye.toml", case)
    assert device is not None
    assert (device.name, device.file) == ("my-dye", devices()[DYE].file)
    assert clinic_devices(case) == devices()  # which it does not join


def test_an_own_device_is_found_by_its_file_its_name_and_its_title(tmp_path: Path) -> None:
    put_copy(tmp_path, "rooms/my-dye.toml", title="Dye laser, room 2")
    case = read(tmp_path, session("dye laser room-2"), listed=["rooms/my-dye.toml", GREEN])
    for name in ("rooms/my-dye.toml", "my-dye", "My dye", "Dye laser, room 2", "dye laser room-2"):
        assert found(name, case) == "my-dye", name
    assert found("dye laser", case) is None
    assert found("", case) is None
    assert list(clinic_devices(case)) == ["rooms/my-dye.toml", GREEN]


def test_a_known_name_is_that_of_the_known_device(tmp_path: Path) -> None:
    """Only its ending says that a clinic's own is meant."""
    put_copy(tmp_path, f"{DYE}.toml", device=GREEN)
    case = read(tmp_path, session(f"{DYE}.toml"))
    own, known = find_device(f"{DYE}.toml", case), find_device(DYE, case)
    assert known is devices()[DYE]
    assert own is not None
    assert own.wavelengths_nm == devices()[GREEN].wavelengths_nm


def test_a_title_of_two_own_devices_is_neither(tmp_path: Path) -> None:
    put_copy(tmp_path, "one.toml", title="The old laser")
    put_copy(tmp_path, "two.toml", device=GREEN, title="The old laser")
    case = read(tmp_path, listed=["one.toml", "two.toml"])
    assert found("The old laser", case) is None
    assert found("two", case) == "two"


def test_what_does_not_end_like_a_file_is_a_name_in_any_words(tmp_path: Path) -> None:
    case = read(tmp_path, session("../some laser/elsewhere"), spot("my-dye"))
    assert case.device_files == {}


def test_a_copy_of_a_case_keeps_its_devices_and_a_new_one_has_none(tmp_path: Path) -> None:
    put_copy(tmp_path, "my-dye.toml")
    case = read(tmp_path, session("my-dye.toml"))
    kept = case.model_copy(update={"title": "changed"})
    for copied in (kept, pickle.loads(pickle.dumps(case))):
        assert found("my-dye.toml", copied) == "my-dye"
    assert found("my-dye.toml", Case.model_validate(case.model_dump())) is None
    assert "device_files" not in case.model_dump()


@pytest.mark.parametrize("pulse", [session, spot])
@pytest.mark.parametrize(
    ("name", "code", "file"),
    [
        ("absent.toml", "missing-file", "case.toml"),
        ("../my-dye.toml", "outside-folder", "case.toml"),
        ("broken.toml", "missing-key", "broken.toml"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_at_the_pulse_that_names_it(
    pulse: Callable[[str], str], name: str, code: str, file: str, tmp_path: Path
) -> None:
    folder = tmp_path / "case"
    put_copy(tmp_path, "my-dye.toml")
    put_copy(folder, "fine.toml")
    (folder / "broken.toml").write_text('title = "broken"\n', encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read(folder, pulse("fine.toml"), pulse(name))
    assert (caught.value.code, caught.value.file) == (code, file)
    if file == "case.toml":
        assert caught.value.field == f"{'session' if pulse is session else 'test_spot'}[1].device"


@pytest.mark.parametrize("pulse", [session, spot])
def test_a_hash_has_the_content_of_a_device_file_in_place_of_its_name(
    pulse: Callable[[str], str], tmp_path: Path
) -> None:
    for name in ("one", "two"):
        put_copy(tmp_path, f"{name}.toml")
    put_copy(tmp_path, "other.toml", title="Dye laser, room 2")

    def sha256(name: str) -> str:
        return loaded(PERSON + pulse(name), tmp_path).sha256()

    assert sha256("one.toml") == sha256("two.toml")
    assert len({sha256(name) for name in ("one.toml", "other.toml", "one", "two")}) == 4
    with pytest.raises(InputError, match=r'no file "three\.toml"'):
        sha256("three.toml")
