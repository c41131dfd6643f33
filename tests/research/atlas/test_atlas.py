"""The atlas: what is asked of whom, what its document says, and that its numbers are those that are computed now."""

import json
import math
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from atlas_pages import HERE, pages

from research.atlas.cells import AtlasPlace, atlas_cells, atlas_people, atlas_sweep, person_at
from research.atlas.setting_comparison import atlas_choices, atlas_table, textbook_setting
from research.atlas.summary import COLUMNS, DIGITS, colour_class, interpolate_quantity
from skinbeam.laser.device import load_device
from skinbeam.laser.setting_grid import dose_steps
from skinbeam.model.estimate import Unknown
from skinbeam.model.vocabulary import vocabulary_table
from skinbeam.published_doses.rows import practice_rows
from skinbeam.sweeps.sweep_file import values_at
from skinbeam.sweeps.worker import answer_cases

ATLAS: dict[str, Any] = json.loads((HERE / "atlas.json").read_text(encoding="utf-8"))
# Light and dark, with a setting and without, of every kind of light; very dark ones for vessels take ten times as long.
SAMPLE = (
    ("pulsed-dye-595", "full-face", 50.0),
    ("ndyag-1064", "cheeks", 40.0),
    ("qs-ruby-694", "hands", 60.0),
    ("qs-ruby-694", "arms", -20.0),
    ("qs-alexandrite-755", "full-face", 30.0),
    ("alexandrite-755", "full-face", 40.0),
    ("fractional-1550", "full-face", 45.0),
    ("fractional-co2-10600", "cheeks", 20.0),
)


def rows(device: str) -> list[dict[str, Any]]:
    (found,) = (one for one in ATLAS["devices"] if one["name"] == device)
    return [dict(zip(ATLAS["columns"], cell, strict=True)) for cell in found["cells"]]


@pytest.mark.check
def test_a_sample_of_the_atlas_is_what_is_computed_now() -> None:
    by_device = {choice.name: choice for choice in atlas_choices()}
    cells = [AtlasPlace(name, by_device[name].condition, site, ita) for name, site, ita in SAMPLE]
    sweep = atlas_sweep(cells)
    answered = answer_cases(sweep.question, [values_at(sweep, (k,)) for k in range(len(cells))])
    for cell, row in zip(cells, answered, strict=True):
        (held,) = (one for one in rows(cell.device) if (one["site"], one["ita_deg"]) == (cell.site, cell.ita_deg))
        for name, now in zip(sweep.question.outputs, row.values, strict=True):
            if held[name] is None:
                assert math.isnan(now), (cell, name)
            else:
                # The same draws give the same numbers: they differ by the digits that are kept, half of the last.
                assert math.isclose(now, held[name], rel_tol=0.51 * 10.0 ** (1 - DIGITS), abs_tol=1e-9), (cell, name)


def test_every_device_is_asked_for_what_its_condition_is_treated_with() -> None:
    assert len({choice.name for choice in atlas_choices()}) == 12
    for choice in atlas_choices():
        device = load_device(choice.name)
        assert choice.modality in device.modalities
        assert choice.wavelength_nm in {head.wavelength_nm for head in device.heads}
        assert vocabulary_table("condition")[choice.condition]["modality"][choice.modality]["use"] in (
            "usual",
            "possible",
        )


def test_a_textbook_setting_can_be_set_and_is_of_no_source_that_is_kept_aside() -> None:
    aside = {row.source for row in practice_rows() if row.role == "validation"}
    known = [
        (choice, textbook)
        for choice in atlas_choices()
        if not isinstance(textbook := textbook_setting(choice), Unknown)
    ]
    assert len(known) > len(atlas_choices()) / 2
    for choice, textbook in known:
        steps = dose_steps(load_device(choice.name), textbook.setting)
        assert textbook.dose in steps
        assert textbook.dose <= textbook.top
        assert textbook.sources
        assert not aside & set(textbook.sources)


def test_people_stand_between_two_cells_that_are_asked() -> None:
    held = set(atlas_cells(64))
    for choice in atlas_choices():
        for one in atlas_people(choice, 64):
            assert set(one.cells) <= held
            dark, light = (cell.ita_deg for cell in one.cells)
            at = dark + one.share * (light - dark)
            # Beyond the lightest colour that is asked, the lightest answers.
            assert math.isclose(at, min(one.ita_deg, atlas_table()["cells"]["other_deg"][-1]))


def test_what_is_straight_between_cells_is_given_as_it_is() -> None:
    choice = atlas_choices()[0]
    one = person_at(choice, choice.sites[0], 42.0)
    answers = {cell: {"x": cell.ita_deg / 100.0, "y": None} for cell in one.cells}
    assert math.isclose(interpolate_quantity(one, answers, "x") or 0.0, 0.42)
    assert interpolate_quantity(one, answers, "y") is None


def test_more_people_ask_hardly_more_cells() -> None:
    few, many = set(atlas_cells(100)), set(atlas_cells(400))
    assert few <= many
    assert len(many) < 1.2 * len(few)


def test_the_document_counts_every_person_once() -> None:
    assert tuple(ATLAS["columns"]) == COLUMNS
    for device in ATLAS["devices"]:
        assert sum(row["people"] for row in rows(device["name"])) == ATLAS["people"]
        shares = device["classes"].values()
        assert sum(share["people"] for share in shares) == device["all"]["people"] == ATLAS["people"]
        assert sum(share["with_setting"] for share in shares) == device["all"]["with_setting"]
        for row in rows(device["name"]):
            assert (row["planned.dose"] is None) == (row["reason"] is not None)


def test_a_planned_dose_keeps_the_limit_of_burns_and_its_own_window() -> None:
    for device in ATLAS["devices"]:
        found = [row for row in rows(device["name"]) if row["planned.dose"] is not None]
        if device["microbeams"]:
            continue
        assert all(row["planned.p_harm"] < 0.1 for row in found)
        for row in found:
            assert row["planned.to_dose"] is None or row["planned.dose"] <= row["planned.to_dose"] * 1.001


def test_doses_for_vessels_burn_one_in_twenty_at_most_and_at_one_setting_none_rises_with_darkness() -> None:
    for device in (one for one in ATLAS["devices"] if one["modality"] == "vascular"):
        least: dict[tuple[Any, ...], float] = {}  # dose of the lightest skin yet at each setting
        for row in sorted(rows(device["name"]), key=lambda row: -float(row["ita_deg"])):
            if row["planned.dose"] is None:
                continue
            assert row["planned.p_harm"] < 0.05, (device["name"], row)
            key = tuple(row[name] for name in ("site", "planned.wavelength_nm", "planned.pulse_ms", "planned.spot_mm"))
            assert row["planned.dose"] <= least.get(key, math.inf), (device["name"], row)
            least[key] = row["planned.dose"]


def test_the_textbook_burns_no_fewer_of_darker_skin() -> None:
    for device in ATLAS["devices"]:
        for site in {row["site"] for row in rows(device["name"])}:
            burnt = [
                (row["ita_deg"], row["textbook.p_harm"])
                for row in rows(device["name"])
                # A darker epidermis takes up short green pulses above the basal cells, by which a burn is told.
                if row["site"] == site and row["ita_deg"] >= -20.0 and row["textbook.p_harm"] is not None
            ]
            if device["microbeams"]:
                continue  # how deep a column goes hangs on water, not on colour
            ordered = [p for _, p in sorted(burnt, reverse=True)]
            # The same draws of everything but colour: no more than the digits that are kept.
            assert all(b >= a * (1.0 - 10.0 ** (1 - DIGITS)) for a, b in pairwise(ordered)), (
                device["name"],
                site,
            )


def test_colours_fall_into_the_classes_of_the_rules() -> None:
    classes = Counter(colour_class(ita) for ita in (60.0, 48.0, 35.0, 20.0, 0.0, -40.0))
    assert set(classes) == set(atlas_table()["classes"]["names"])


def test_pages_are_those_of_the_data_and_ask_nobody_else() -> None:
    for name, page in pages().items():
        assert (HERE / name).read_text(encoding="utf-8") == page, f"{name} is old: python docs/atlas_pages.py"
        assert "http" not in page.replace("http://www.w3.org", "")
        for part in page.split('href="')[1:]:
            target = part.split('"')[0]
            assert target.startswith("../") or (HERE / target).is_file(), target


def test_pages_are_small() -> None:
    assert (HERE / "atlas.json").stat().st_size < 300_000
    assert Path(HERE / "index.html").stat().st_size < 300_000
