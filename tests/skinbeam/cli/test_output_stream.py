"""Standard output of any encoding, full, closed or left by its reader: no traceback, and JSON stays JSON."""

import errno
import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from paths import ROOT

from skinbeam.cli.output_stream import encodable_output

VEINS = str(ROOT / "examples" / "conditions" / "facial-telangiectasia-vascular.toml")
PRINTING = pytest.mark.parametrize(
    "arguments",
    [("lasers",), ("cite",), ("lasers", "--json"), ("--help",), ("--version",), ("lasers", "--colour", "--json")],
    ids=" ".join,
)


def ran(command: str, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[bytes]":
    """A command line of the shell, in which `$@` is skinbeam with these arguments."""
    return subprocess.run(
        ["bash", "-c", command, "bash", sys.executable, "-m", "skinbeam", *arguments],
        capture_output=True,
        cwd=ROOT,
        env=os.environ | environment,
        check=False,
    )


@PRINTING
@pytest.mark.parametrize(("place", "reason"), [("/dev/full", "No space left on device"), ("&-", "it is closed")])
def test_output_that_cannot_be_written_is_one_line(place: str, reason: str, arguments: tuple[str, ...]) -> None:
    if place == "/dev/full" and not Path(place).exists():
        pytest.skip("this system has no such device")
    found = ran(f'"$@" >{place}', *arguments)
    assert found.returncode == 2
    (line,) = found.stderr.decode().splitlines()
    assert line.startswith(f"error: standard output: cannot be written: {reason}.")


@PRINTING
def test_a_reader_who_leaves_changes_nothing(arguments: tuple[str, ...]) -> None:
    found = ran('"$@" | true; exit ${PIPESTATUS[0]}', *arguments)
    assert (found.returncode, found.stderr) == (2 if "--colour" in arguments else 0, b"")


def test_an_error_of_another_file_is_not_taken_for_one_of_the_output() -> None:
    with pytest.raises(OSError, match="another file"), encodable_output(is_json=False) as output:
        raise OSError(errno.ENOSPC, "another file")
    assert output.failure is None


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1", "utf-16", "utf-8"])
@pytest.mark.parametrize("arguments", [("cite", "--json"), ("conditions", "--json")], ids=" ".join)
def test_json_has_the_same_values_in_every_encoding(arguments: tuple[str, ...], encoding: str) -> None:
    found = ran('"$@"', *arguments, PYTHONIOENCODING=encoding)
    assert (found.returncode, found.stderr) == (0, b"")
    plain = plain_output(*arguments)
    assert json.loads(found.stdout.decode(encoding)) == json.loads(plain)
    assert not plain.isascii()  # else nothing was tried


@cache
def plain_output(*arguments: str) -> bytes:
    return ran('"$@"', *arguments, PYTHONIOENCODING="utf-8").stdout


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1"])
def test_text_is_printed_in_every_encoding(encoding: str, tmp_path: Path) -> None:
    consult = ("consult", VEINS, "-o", str(tmp_path / "out"), "--draws", "2")
    for arguments in (("lasers",), ("cite",), ("claims",), ("guideline", "melasma"), ("conditions",), consult):
        found = ran('"$@"', *arguments, PYTHONIOENCODING=encoding)
        assert (found.returncode, found.stderr) == (0, b""), arguments
        assert found.stdout.decode(encoding), arguments
    lasers = ran('"$@"', "lasers", PYTHONIOENCODING=encoding).stdout.decode(encoding)
    assert ("J/cm2" if encoding == "ascii" else "J/cm²") in lasers


def test_a_name_that_is_no_text_stands_in_the_error(tmp_path: Path) -> None:
    """File names may hold bytes that no encoding has; JSON has an escape for them."""
    found = ran("\"$@\" $'caf\\xe9.toml' --json", "simulate")
    assert found.returncode == 2
    assert "caf\udce9.toml" in json.loads(found.stdout)["error"]["message"]


def test_units_keep_their_meaning_without_their_signs() -> None:
    with encodable_output(is_json=False):
        near = "8 J/cm², 120 µm, 33 °C, 2–3, Lukač ✓".encode("ascii", "skinbeam-text").decode()
    assert near == "8 J/cm2, 120 um, 33 degC, 2-3, Lukac +"
