"""Analyse a folder of photographs at several sizes and lay out the findings for inspection by eye.

python -m research.photo_checks.photo_sheet FOLDER [-o OUT] [--sides 300,640,1024,3000]

OUT gets `index.html` (each picture with its pupils, irises, regions, maps and findings, as large as they were read) and
`table.json` (the same as numbers). The sheet shows people's faces: store it only where the folder may be stored.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from jinja2 import Environment, FunctionLoader, StrictUndefined

from skinbeam.api.analyse_photo import report_analysis
from skinbeam.model.document import write_atomically
from skinbeam.model.errors import InputError
from skinbeam.model.estimate import Unknown
from skinbeam.photo.analysis import SkinAnalysis, analyse_photograph
from skinbeam.photo.decoding.photograph import DecodedPhotograph, Picture, read_photograph
from skinbeam.text import render_message

__all__ = ["SIDES_PX", "analyse_at_size", "main", "write_sheet"]

SIDES_PX = (300, 450, 640, 1024, 1500, 2200, 3000)  # usual lengths of the longer side of a portrait
_SUFFIXES = {".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp", ".heic", ".heif", ".dcm"}
_WIDTH_PX = 900  # of the drawn face: a pixel of a small picture is then several of the sheet
_EYE = (60, 255, 60)
# Neighbours in the list have distant hues: 7 and 24 share no factor.
_HUES = (7 * np.arange(24) % 24 * 255 / 24).astype(np.uint8)
_COLOURS = cv2.applyColorMap(_HUES[:, None], cv2.COLORMAP_HSV)[:, 0, ::-1]

_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>{{ text("photo-sheet.title") }}</title>
<style>body{font:14px/1.4 system-ui,sans-serif;margin:1em;background:#fff;color:#111}section{border-top:2px solid #555}
figure{display:inline-block;margin:.3em;vertical-align:top}figure img{width:30em;max-width:95vw}
dl{display:grid;grid-template-columns:max-content 1fr;gap:0 1em}dd{margin:0}dt{font-weight:600}</style>
<h1>{{ text("photo-sheet.title") }}</h1><p>{{ text("photo-sheet.note") }}</p>
{% for row in rows %}<section><h2>{{ row.file }}, {{ row.side_px }} px</h2>
{% for name, file in row.pictures.items() %}<figure><a href="{{ file }}"><img src="{{ file }}" alt="{{ name }}"
loading="lazy"></a><figcaption>{{ name }}</figcaption></figure>{% endfor %}
<dl>{% for key, value in row.items() if key not in ("file", "side_px", "pictures") %}<dt>{{ key }}</dt>
<dd>{% if value is mapping or value is string or value is number %}{{ value }}{% else %}
{% for line in value %}{{ line }}<br>{% endfor %}{% endif %}</dd>{% endfor %}</dl></section>{% endfor %}</html>"""


def analyse_at_size(photograph: DecodedPhotograph, side_px: int, folder: Path) -> dict[str, Any]:
    """Return the analysis of a photograph resized to a longer side of `side_px`; its pictures go to `folder`."""
    look = analyse_photograph(_resize(photograph, side_px))
    document = report_analysis(look, folder).to_dict()
    row: dict[str, Any] = {"side_px": side_px, "faces": look.faces, "pictures": {}}
    row["problems"] = [
        f"{problem['code']} ({problem['takes']}): {problem['message']}" for problem in document["quality"]["problems"]
    ]
    if isinstance(look.skin, Unknown):
        return row | {"unknown": look.skin.reason}
    face = document["face"]
    drawn = _draw_regions(look.skin)
    _write(folder / "face.png", drawn)
    files = {"face": "face.png"} | {name: file for name, file in document["maps"].items() if isinstance(file, str)}
    skin = look.skin.regions
    return row | {
        "pictures": {name: f"{folder.name}/{file}" for name, file in files.items()},
        "pupils_apart_px": face["pupil_distance_px"],
        "pupils_apart_of_the_side": round(face["pupil_distance_px"] / side_px, 4),
        "roll_deg": face["roll_deg"],
        "iris_px": face.get("iris_px", render_message("photo-sheet.not_measured")),
        "scale_mm_per_px": document["scale_mm_per_px"],
        "region_px": {name: int(mask.sum()) for name, mask in skin.masks.items()},
        "colour": document["colour"],
        "findings": document["findings"],
    }


def _resize(photograph: DecodedPhotograph, side_px: int) -> DecodedPhotograph:
    scale = side_px / max(photograph.rgb.shape[:2])
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    rgb = cv2.resize(photograph.rgb, None, fx=scale, fy=scale, interpolation=how)
    return replace(photograph, rgb=np.asarray(rgb, np.uint8))


def _draw_regions(skin: SkinAnalysis) -> Picture:
    """Return the face of a view, enlarged, with every region tinted and its pupils and mouth marked."""
    seen = skin.view
    zoom = _WIDTH_PX / seen.rgb.shape[1]
    drawn = np.asarray(cv2.resize(seen.rgb, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_CUBIC), np.uint8)
    for mask, colour in zip(skin.regions.masks.values(), _COLOURS, strict=False):
        scaled_mask = cv2.resize(mask.astype(np.uint8), drawn.shape[1::-1], interpolation=cv2.INTER_NEAREST)
        drawn[scaled_mask > 0] = (0.75 * drawn[scaled_mask > 0] + 0.25 * colour).astype(np.uint8)
        contours, _ = cv2.findContours(scaled_mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(drawn, contours, -1, tuple(int(value) for value in colour), 2)
    assert skin.face is not None  # no site was named
    face = skin.face.transformed(seen.scale, *seen.origin)
    for point in (face.right_pupil, face.left_pupil, face.mouth):
        cv2.drawMarker(drawn, _scale_point(point, zoom), _EYE, cv2.MARKER_CROSS, 12, 1)
    if face.iris_px is not None:
        for point in (face.right_pupil, face.left_pupil):
            cv2.circle(drawn, _scale_point(point, zoom), round(face.iris_px / 2 * zoom), _EYE, 1, cv2.LINE_AA)
    return drawn


def _scale_point(point: Sequence[float], zoom: float) -> tuple[int, int]:
    return round((point[0] + 0.5) * zoom), round((point[1] + 0.5) * zoom)


def _write(file: Path, rgb: Picture) -> None:
    _, data = cv2.imencode(".png", np.ascontiguousarray(rgb[..., ::-1]))
    write_atomically(file, data.tobytes())


def write_sheet(folder: Path, out: Path, sides_px: Sequence[int] = SIDES_PX) -> list[dict[str, Any]]:
    """Analyse every picture of a folder at every size, write the sheet to `out`, and return its rows."""
    rows = list(_sheet_rows(folder, out, sides_px))
    page = Environment(autoescape=True, undefined=StrictUndefined, loader=FunctionLoader(lambda _: _PAGE))
    write_atomically(out / "index.html", page.get_template("").render(rows=rows, text=render_message).encode())
    write_atomically(out / "table.json", (json.dumps(rows, indent=1, default=str) + "\n").encode())
    return rows


def _sheet_rows(folder: Path, out: Path, sides_px: Sequence[int]) -> Iterator[dict[str, Any]]:
    for file in sorted(path for path in folder.iterdir() if path.suffix.lower() in _SUFFIXES):
        try:
            photograph = read_photograph(file)
        except InputError as fault:
            yield {"file": file.name, "side_px": 0, "pictures": {}, "refused": str(fault)}
            continue
        for side_px in sides_px:
            place = out / f"{file.stem}-{side_px}"
            place.mkdir(parents=True, exist_ok=True)
            yield {"file": file.name} | analyse_at_size(photograph, side_px, place)


def main() -> None:
    """Write the sheet of a folder and print one line per analysis."""
    parser = argparse.ArgumentParser(description=render_message("photo-sheet.title"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("-o", "--out", type=Path, default=Path("photographs"))
    parser.add_argument("--sides", default=",".join(map(str, SIDES_PX)))
    options = parser.parse_args()
    for row in write_sheet(options.folder, options.out, [int(side) for side in options.sides.split(",")]):
        figure = row.get("pupils_apart_px", row.get("unknown", row.get("refused")))
        print(row["file"], row["side_px"], figure, *sorted(row.get("region_px", ())))


if __name__ == "__main__":
    main()
