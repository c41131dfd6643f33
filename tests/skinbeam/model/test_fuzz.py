"""Case files, forms and pictures that nobody would write: refused with the field, or taken; nothing else comes out."""

import copy
import io
import json
import random
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from app_samples import FULL, Planner
from case_check import check_case
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from paths import ROOT
from PIL import Image
from starlette.testclient import TestClient

from skinbeam.model.errors import InputError
from skinbeam.model.input_files import load_case
from skinbeam.photo.decoding.budget import DecoderBudget, RefusedPictureError
from skinbeam.photo.decoding.decoder import count_scans, decode_picture

pytestmark = pytest.mark.check

FOLDERS = ("examples/conditions", "examples/first-consultation", "tests/data/cases")
CASES = [
    tomllib.loads(file.read_text(encoding="utf-8"))
    for folder in FOLDERS
    for file in sorted((ROOT / folder).glob("*.toml"))
]


def tried(examples: int) -> Any:
    """So many examples; fixtures serve all of them, since each writes anew what it reads."""
    return settings(max_examples=examples, suppress_health_check=[HealthCheck.function_scoped_fixture])


def refused_with_its_field(record: dict[str, Any]) -> None:
    assert {"code", "message", "field", "hint"} <= set(record)
    assert all(record.values())
    assert len(record["message"]) < 500
    assert "Traceback" not in record["message"]


# --- case files -------------------------------------------------------------------------------------------------------

ODD = ["", " ", "x" * 300, "µ" * 255, "..", "../x.toml", "/", "a.toml", "a\0b", "nan", "VI-I", "mild-severe", 2**63, 0]
VALUES = st.recursive(
    st.sampled_from(ODD) | st.integers() | st.floats() | st.booleans() | st.dates() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def places(value: Any, here: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where something stands in a case."""
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield (*here, key)
            yield from places(inner, (*here, key))


def checked(content: bytes, folder: Path) -> None:
    file = folder / "case.toml"
    file.write_bytes(content)
    try:
        check_case(load_case(file))
    except InputError as error:
        refused_with_its_field(error.as_record())


@tried(300)
@given(case=st.sampled_from(CASES), place=st.integers(0), value=VALUES, more=st.text(max_size=8))
def test_any_value_anywhere_in_a_case(case: dict[str, Any], place: int, value: Any, more: str, tmp_path: Path) -> None:
    there = list(places(case))
    *above, key = there[place % len(there)]
    for changed in (value, None):
        tables = copy.deepcopy(case)
        table: Any = tables
        for step in above:
            table = table[step]
        if changed is not None:
            table[key] = changed
        elif isinstance(table, dict):
            table[more] = table.pop(key)
        checked(tomli_w.dumps(tables).encode("utf-8", "surrogatepass"), tmp_path)


@tried(150)
@given(case=st.sampled_from(CASES), seed=st.integers(0, 2**32), data=st.binary(max_size=40))
def test_any_bytes_in_a_case(case: dict[str, Any], seed: int, data: bytes, tmp_path: Path) -> None:
    checked(damaged(tomli_w.dumps(case).encode(), seed, data), tmp_path)
    checked(data, tmp_path)


def damaged(whole: bytes, seed: int, piece: bytes) -> bytes:
    """Bytes cut, doubled, exchanged and overwritten at places that the seed draws."""
    draw = random.Random(seed)
    made = bytearray(whole)
    for _ in range(draw.randint(1, 4)):
        at, end = sorted(draw.randrange(len(made) + 1) for _ in range(2))
        match draw.randrange(5):
            case 0:
                del made[at : min(end, at + 50)]
            case 1:
                made[at:at] = made[at : min(end, at + 200)]
            case 2:
                made[at:at] = piece
            case 3:
                made[at : at + len(piece)] = piece
            case 4:
                del made[max(at, 1) :]
    return bytes(made)


# --- forms ------------------------------------------------------------------------------------------------------------


def multipart(fields: list[tuple[str, str]], boundary: str = "x") -> bytes:
    parts = (f'--{boundary}\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n' for n, v in fields)
    return "".join(parts).encode("utf-8", "surrogatepass") + f"--{boundary}--\r\n".encode()


def answered(client: TestClient, content: bytes, kind: str) -> None:
    """Asked for a plan, and for what is told of suitability meanwhile."""
    for path, well in (("/consult", 303), ("/suitability", 200)):
        answer = client.post(path, content=content, headers={"content-type": kind})
        assert answer.status_code in (well, 400, 413, 422)
        if answer.status_code != well:
            refused_with_its_field(answer.json()["error"])


@tried(150)
@given(
    seed=st.integers(0, 2**32),
    piece=st.binary(max_size=40),
    kind=st.sampled_from(["x", '"x"', "", "x\0", "y", "x" * 80]),
)
def test_any_bytes_in_a_form(client: TestClient, planner: Planner, seed: int, piece: bytes, kind: str) -> None:
    answered(client, damaged(multipart(FULL), seed, piece), f"multipart/form-data; boundary={kind}")
    answered(
        client, damaged(b"patient.age_years=42&concern.0.site=nose", seed, piece), "application/x-www-form-urlencoded"
    )


TABLES = ["patient", "concern", "clinic", "test_spot", "session", "patient.medications", "patient.keloid_decision"]
OTHERS = ["photo", "photo.kept", "photo.file", "concern.999.site", "concern.0.x", "concern.0", "title", "clinic.phone"]
NAMES = st.sampled_from([name for name, _ in FULL] + TABLES * 3 + OTHERS)


@tried(150)
@given(
    place=st.integers(0, len(FULL) - 1),
    name=NAMES | st.text(max_size=20),
    value=st.sampled_from(ODD).map(str) | st.text(),
)
def test_any_answer_to_any_question(client: TestClient, planner: Planner, place: int, name: str, value: str) -> None:
    fields = [*FULL[:place], (name, value), *FULL[place + 1 :]]
    answered(client, multipart(fields), "multipart/form-data; boundary=x")


# --- pictures ---------------------------------------------------------------------------------------------------------

LIMITS = DecoderBudget(pixels=1_000_000, side_px=64, scans=100, memory_bytes=2**40, seconds=60)


def saved(kind: str, mode: str, **options: Any) -> bytes:
    file = io.BytesIO()
    Image.radial_gradient("L").resize((96, 80)).convert(mode).save(file, kind, **options)
    return file.getvalue()


PICTURES = [
    saved("JPEG", "RGB"),
    saved("JPEG", "RGB", progressive=True),
    saved("JPEG", "CMYK"),
    saved("PNG", "RGBA"),
    saved("PNG", "P"),
    saved("PNG", "I;16"),
    saved("WEBP", "RGB"),
    saved("TIFF", "RGB", compression="tiff_lzw"),
    saved("TIFF", "F"),
]


@tried(400)
@given(which=st.integers(0, len(PICTURES) - 1), seed=st.integers(0, 2**32), piece=st.binary(max_size=12))
def test_any_bytes_in_a_picture(which: int, seed: int, piece: bytes) -> None:
    content = damaged(PICTURES[which], seed, piece)
    assert count_scans(content) <= len(content)
    try:
        picture = decode_picture(content, LIMITS)
    except RefusedPictureError as refused:
        json.dumps(refused.params)
        return
    assert picture.mode == "RGB"
    assert picture.width * picture.height <= LIMITS.pixels
