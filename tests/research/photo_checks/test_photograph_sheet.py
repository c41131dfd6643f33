"""The contact sheet of a folder shows each picture at each size, and what could not be read."""

import json
import shutil
from pathlib import Path

import pytest
from paths import ROOT

from research.photo_checks.photo_sheet import write_sheet

PORTRAIT = ROOT / "examples" / "first-consultation" / "face.jpg"


def test_a_folder_becomes_a_sheet(tmp_path: Path) -> None:
    folder, out = tmp_path / "pictures", tmp_path / "sheet"
    folder.mkdir()
    shutil.copy(PORTRAIT, folder / "one.jpg")
    (folder / "two.png").write_bytes(b"no picture")
    (folder / "notes.txt").write_text("not looked at")
    write_sheet(folder, out, (100, 512))
    rows = json.loads((out / "table.json").read_text(encoding="utf-8"))
    assert [(row["file"], row["side_px"]) for row in rows] == [("one.jpg", 100), ("one.jpg", 512), ("two.png", 0)]
    small, whole, broken = rows
    assert small["problems"][0].startswith(("too-small", "no-face"))  # 44 px of 512 become 9
    assert "two.png" in broken["refused"]
    assert whole["pupils_apart_of_the_side"] == pytest.approx(43 / 512, rel=0.05)  # by hand in test_photo_face
    assert whole["region_px"]["nose"] > 0
    page = (out / "index.html").read_text(encoding="utf-8")
    assert {"face", "regions", "melanin", "haemoglobin"} <= set(whole["pictures"])
    for file in whole["pictures"].values():
        assert (out / file).stat().st_size > 0
        assert f'src="{file}"' in page
