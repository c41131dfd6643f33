"""Writes the pages of the atlas from docs/atlas/atlas.json: an overview with every setting, and a page for each device.

Run `python docs/atlas_pages.py` after a change of the data or of a template; `make atlas` runs it.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from atlas_charts import Place, dose_chart, harm_chart
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from research.atlas.setting_comparison import find_choice
from research.atlas.summary import colour_class
from skinbeam.course.setting_words import describe_settings
from skinbeam.model.vocabulary import vocabulary_table
from skinbeam.plan_records.course import DeviceSetting, MicrobeamSetting
from skinbeam.response.limits import find_limits
from skinbeam.text import Formatter

__all__ = ["pages"]

HERE: Final = Path(__file__).parent / "atlas"
_CLASSES: Final = ("very light", "light", "intermediate", "tan", "brown", "dark")
_SHARES: Final = (
    "planned", "planned_reaches", "textbook", "textbook_with_setting", "textbook_reaches", "top",
)  # fmt: skip
_LEAST_SHOWN: Final = 0.1  # of a hundred
_UM_PER_MM: Final = 1000.0
Row = Mapping[str, Any]


def pages() -> dict[str, str]:
    """Return every page by its name."""
    atlas = json.loads((HERE / "atlas.json").read_text(encoding="utf-8"))
    env = Environment(loader=FileSystemLoader(HERE), undefined=StrictUndefined, autoescape=True, trim_blocks=True)
    made = {"index.html": env.get_template("index.html.jinja").render(**_index(atlas))}
    for device in atlas["devices"]:
        made[f"{device['name']}.html"] = env.get_template("device.html.jinja").render(**_device(device, atlas))
    return made


def _rows(device: Mapping[str, Any], atlas: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The cells of a device: its own sites first, each from light to dark."""
    sites = find_choice(device["name"]).sites
    rows = [dict(zip(atlas["columns"], cell, strict=True)) for cell in device["cells"]]
    return sorted(rows, key=lambda row: ((*sites, row["site"]).index(row["site"]), row["site"], -row["ita_deg"]))


def _index(atlas: Mapping[str, Any]) -> dict[str, Any]:
    devices = atlas["devices"]
    classes = [(name, devices[0]["classes"][name]["people"]) for name in _CLASSES]
    moved = [abs(value) for one in devices for value in one["between"].values() if value is not None]
    return {
        "people": f"{atlas['people']:,}",
        "rows": [_searched(row, device, atlas) for device in devices for row in _rows(device, atlas)],
        "devices": [_summarise_device(one) for one in devices],
        "classes": classes,
        "by_class": [
            {"name": one["name"], "title": one["title"], "cells": [_of_class(one["classes"][c]) for c, _ in classes]}
            for one in devices
        ],
        "moved": _of_100(max(moved)),
        "age": _number(atlas["asked"]["age_years"]),
    }


def _summarise_device(one: Mapping[str, Any]) -> dict[str, Any]:
    every = one["all"]
    return {
        "name": one["name"],
        "title": one["title"],
        "condition": one["condition_title"],
        "microbeams": one["microbeams"],
        "textbook": _textbook(one),
        "observed": _observed(one["textbook"]),
        "able": f"{every['with_setting']:,}",
        "harm": _of_100(every["textbook"]),
        "same": _of_100(every["textbook_with_setting"]),
        "planned": _of_100(every["planned"]),
        "same_reached": _of_100(every["textbook_reaches"]),
        "planned_reached": _of_100(every["planned_reaches"]),
    }


def _of_class(share: Mapping[str, Any]) -> str:
    if not share["people"]:
        return "–"
    able = round(100.0 * share["with_setting"] / share["people"])
    return f"{able} · {_of_100(share['textbook'])} → {_of_100(share['planned'])}"


def _searched(row: Row, device: Mapping[str, Any], atlas: Mapping[str, Any]) -> dict[str, Any]:
    """A row of the table of all."""
    return {
        "device": device["name"],
        "title": device["title"],
        "condition": device["condition_title"],
        "site": _site(row["site"]),
        **_cells(row, device, atlas),
    }


def _cells(row: Row, device: Mapping[str, Any], atlas: Mapping[str, Any]) -> dict[str, Any]:
    why = "" if row["reason"] is None else _without(atlas["reasons"][row["reason"]], device)
    return {
        "colour": f"{_degrees(row['ita_deg'])}, {colour_class(row['ita_deg'])}",
        "people": row["people"],
        "setting": None if row["planned.dose"] is None else _planned(row, device),
        "why": why,
        "inside": bool(row["planned.inside_practice"]),
        "reached": _of_100(row["planned.p_effective"]),
        "planned": _of_100(row["planned.p_harm"]),
        "textbook": _of_100(row["textbook.p_harm"]),
        "span": _span(row["planned.from_dose"], row["planned.to_dose"]),
        "window": _span(row["textbook.from_dose"], row["textbook.to_dose"]),
        "burn_dose": _dose(row["textbook.burn_dose"]),
    }


def _device(device: Mapping[str, Any], atlas: Mapping[str, Any]) -> dict[str, Any]:
    rows, every = _rows(device, atlas), device["all"]
    own_sites = list(find_choice(device["name"]).sites)
    textbook = device["textbook"]
    known = "unknown" not in textbook
    return {
        "title": device["title"],
        "condition": device["condition_title"].lower(),
        "why": device["why"],
        "note": device["note"],
        "microbeams": device["microbeams"],
        "known": known,
        "textbook": _textbook(device),
        "sources": textbook.get("sources", ()),
        "counted": textbook.get("counted"),
        "top": _number(textbook["top"]) if known else "",
        "unit": _unit(device),
        "people": f"{atlas['people']:,}",
        "able": f"{every['with_setting']:,}",
        "shares": {name: _of_100(every[name]) for name in _SHARES},
        "without": [(_without(reason, device), count) for reason, count in every["without"]],
        "sites": [_of_site(site, [row for row in rows if row["site"] == site], device, atlas) for site in own_sites],
        "others": ", ".join(sorted({_site(row["site"]) for row in rows if row["site"] not in own_sites})),
    }


def _unit(device: Mapping[str, Any]) -> str:
    return "mJ" if device["microbeams"] else "J/cm²"


def _of_site(site: str, rows: Sequence[Row], device: Mapping[str, Any], atlas: Mapping[str, Any]) -> dict[str, Any]:
    places = [
        Place(
            row["ita_deg"],
            row["planned.dose"],
            row["planned.from_dose"],
            row["planned.to_dose"],
            row["planned.p_harm"],
            row["textbook.p_harm"],
        )
        for row in rows
    ]
    textbook = device["textbook"].get("dose")
    burns = [one.stop for one in find_limits(device["modality"], site) if one.quantity == "p_burn"]
    where = f"{device['title']}, {_site(site)}"
    return {
        "title": _site(site),
        "people": f"{sum(row['people'] for row in rows):,}",
        "doses": dose_chart(places, title=f"Doses by colour: {where}", unit=_unit(device), textbook=textbook),
        "harms": harm_chart(places, title=f"Harm by colour: {where}", allowed=burns[0] if burns else None),
        "rows": [_cells(row, device, atlas) for row in rows],
    }


def _textbook(device: Mapping[str, Any]) -> str:
    textbook = device["textbook"]
    if "unknown" in textbook:
        return f"unknown: {textbook['unknown']}"
    return _in_words(textbook["setting"], textbook["dose"], textbook["density_per_cm2"], device)


def _observed(textbook: Mapping[str, Any]) -> str:
    """What clinics counted after such light, in short; empty of microbeams."""
    if "counted" not in textbook:
        return ""
    counted = textbook["counted"]
    return f"observed: {counted['harmed']} of {counted['treated']}" if counted else "observed: nobody counted"


def _planned(row: Row, device: Mapping[str, Any]) -> str:
    setting = {name: row[f"planned.{name}"] for name in ("wavelength_nm", "pulse_ms", "spot_mm")}
    return _in_words(setting, row["planned.dose"], row["planned.density_per_cm2"], device)


def _in_words(setting: Mapping[str, float], dose: float, density: float | None, device: Mapping[str, Any]) -> str:
    if device["microbeams"]:
        beam = MicrobeamSetting(dose, setting["spot_mm"] * _UM_PER_MM, density or 0.0, "")
        complete = DeviceSetting(setting["wavelength_nm"], setting["pulse_ms"], microbeam=beam)
    else:
        complete = DeviceSetting(
            setting["wavelength_nm"], setting["pulse_ms"], fluence_J_cm2=dose, spot_mm=setting["spot_mm"]
        )
    return describe_settings(complete, lamp=device["name"] == "ipl")


def _without(reason: str, device: Mapping[str, Any]) -> str:
    """A reason without its id and the name of the device, which the row has."""
    words = reason.split(": ", 1)[-1].removeprefix(f"{device['title']}: ").rstrip(".")
    return words[:1].lower() + words[1:]


def _site(site: str) -> str:
    return str(vocabulary_table("site")[site]["title"])


def _degrees(value: float) -> str:
    return f"{_number(value)}°"


def _number(value: float) -> str:
    return Formatter().number(value).replace("-", "−")


def _dose(value: float | None) -> str:
    return "–" if value is None else _number(float(f"{value:.3g}"))


def _span(low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return "–"
    return "closed" if high < low else f"{_dose(low)} to {_dose(high)}"


def _of_100(p: float | None) -> str:
    """A share of a hundred: tenths below ten."""
    if p is None:
        return "–"
    of_100 = 100.0 * p
    if of_100 == 0.0:
        return "0"
    if of_100 < _LEAST_SHOWN:
        return f"< {_LEAST_SHOWN:g}"
    return f"{of_100:.1f}" if of_100 < 10.0 else f"{of_100:.0f}"


def main() -> None:
    """Write the pages."""
    for name, page in pages().items():
        (HERE / name).write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
