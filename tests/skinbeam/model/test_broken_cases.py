"""Case files that must be refused, each with the field and the words that its first line promises."""

from pathlib import Path

import pytest
from case_check import check_case
from paths import TESTS

from skinbeam.model.errors import InputError

FOLDER = TESTS / "data" / "broken" / "case"
FILES = sorted(FOLDER.glob("*.toml"))
SETTINGS = sorted((TESTS / "data" / "broken" / "settings").glob("*.toml"))


def expectation(file: Path) -> tuple[str, str]:
    first = file.read_text(encoding="utf-8").splitlines()[0]
    field, _, words = first.removeprefix("# expect:").partition("|")
    return field.strip(), words.strip()


def refuse(file: Path) -> InputError:
    from skinbeam.model.input_files import load_case

    with pytest.raises(InputError) as caught:
        check_case(load_case(file))
    return caught.value


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
def test_broken_case_is_refused_with_its_message(file: Path) -> None:
    field, words = expectation(file)
    error = refuse(file)
    assert error.field == field
    assert words in f"{error.message} {error.hint}"
    assert all((error.code, error.message, error.field, error.hint))


@pytest.mark.parametrize("file", SETTINGS, ids=lambda f: f.stem)
def test_settings_that_the_device_cannot_emit_are_refused(file: Path) -> None:
    field, words = expectation(file)
    error = refuse(file)
    assert error.field == field
    assert words in f"{error.message} {error.hint}"


def test_at_least_sixty_files_stand_here() -> None:
    assert len(FILES) >= 60


def test_not_utf8_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "case.toml"
    file.write_bytes(b'title = "\xff"\n')
    error = refuse(file)
    assert error.code == "not-utf8"
    assert "byte 9" in error.message


def test_a_huge_file_is_refused_unread(tmp_path: Path) -> None:
    file = tmp_path / "case.toml"
    file.write_bytes(b"# " + b"x" * 1_000_000)
    assert refuse(file).code == "file-too-large"


def test_deep_nesting_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "case.toml"
    file.write_text("x = " + "[" * 100_000 + "\n")
    refused = refuse(file)
    assert refused.code == "not-toml"
    assert "nested too deeply" in refused.message


def test_a_folder_and_a_missing_file_are_distinguished(tmp_path: Path) -> None:
    assert "is a folder" in refuse(tmp_path).message
    assert "does not exist" in refuse(tmp_path / "none.toml").message


def test_byte_order_mark_and_line_endings_change_nothing(tmp_path: Path) -> None:
    from skinbeam.model.input_files import load_case

    text = '[patient]\nage_years = 42\n[[concern]]\ncondition = "acne"\nsite = "nose"\n'
    files = []
    for name, data in {
        "plain": text.encode(),
        "bom": b"\xef\xbb\xbf" + text.encode(),
        "crlf": text.replace("\n", "\r\n").encode(),
        "cr": text.replace("\n", "\r").encode(),
    }.items():
        file = tmp_path / f"{name}.toml"
        file.write_bytes(data)
        files.append(load_case(file).sha256())
    assert len(set(files)) == 1
