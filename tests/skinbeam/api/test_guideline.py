"""The guideline for a condition: its document, its words, and the answer for what plans do not cover."""

from pathlib import Path
from typing import Any

import pytest
from paths import ROOT

import skinbeam
from skinbeam.api.guideline import answer_guideline, find_cells, uncovered_case_answer
from skinbeam.evidence.guideline.device_classes import (
    guideline_classes,
    guideline_conditions,
    guideline_treatments,
    outside_conditions,
)
from skinbeam.evidence.guideline.table import PLACES, load_cells, load_choices
from skinbeam.evidence.guideline.words import avoidance_words, cell_words, device_words, short_treatment_words
from skinbeam.model.errors import InputError
from skinbeam.model.vocabulary import PHOTOTYPES, phototype_range
from skinbeam.text import catalogue, use_language

CASE = ROOT / "examples" / "consultations" / "facial-telangiectasia-III.toml"


def with_condition(tmp_path: Path, condition: str, *, phototype: str = "III") -> Path:
    """A consultation about another condition."""
    lines = []
    for line in CASE.read_text(encoding="utf-8").splitlines():
        if line.startswith("condition ="):
            line = f'condition = "{condition}"'
        elif line.startswith("phototype ="):
            line = f'phototype = "{phototype}"'
        lines.append(line)
    file = tmp_path / "case.toml"
    file.write_text("\n".join(lines), encoding="utf-8")
    return file


@pytest.mark.parametrize("condition", guideline_conditions())
def test_every_condition_has_a_document_with_sources(condition: str) -> None:
    document = answer_guideline(condition).to_dict()
    assert document["covered"] == (condition not in outside_conditions())
    assert document["cells"]
    for cell in document["cells"]:
        assert set(cell["sources"]) <= set(document["sources"])
        for place in ("first", "second", "third"):
            entry = cell[place]
            assert ("unknown" in entry) != bool(entry.get("title"))
            for dose in entry.get("doses", ()):
                assert dose["sources"]
                assert dose["low"] <= dose["high"]


@pytest.mark.parametrize("condition", guideline_conditions())
def test_rows_say_which_source_says_what(condition: str) -> None:
    made = answer_guideline(condition).to_dict()
    rows = made["rows"]
    assert {choice.source for choice in load_choices() if choice.condition == condition} <= set(made["sources"])
    assert {row["place"] for row in rows} <= set(PLACES)
    for row in rows:
        assert row["condition"] == condition
        assert row["statement"]
        assert set(row["sources"]) <= set(made["sources"])
    dark = answer_guideline(condition, phototype="VI").to_dict()["rows"]
    assert [row for row in rows if row in dark] == dark
    assert all(row["phototypes"] == "" or "VI" in row["phototypes"] for row in dark)


def test_a_cell_without_a_third_treatment_says_so() -> None:
    (cell,) = answer_guideline("dynamic-wrinkles", phototype="IV").to_dict()["cells"]
    assert cell["first"]["treatment"] == "botulinum-toxin"
    assert cell["second"] == {"unknown": "No source gives a second treatment."}
    assert cell["third"] == {"unknown": "No source gives a third treatment."}


def test_everyday_words_and_filters_find_the_cells() -> None:
    assert {cell.phototype for cell in find_cells("facial veins")} == {"I-II", "III", "IV", "V-VI"}
    assert {cell.phototype for cell in find_cells("facial veins", phototype="iii–iv")} == {"III", "IV"}
    with pytest.raises(InputError, match="IX"):
        find_cells("facial veins", phototype="IX")
    assert {cell.site for cell in find_cells("facial veins", phototype="IV")} == {"", "periorbital", "nose"}
    assert [cell.row for cell in find_cells("facial veins", phototype="IV", site="nose")] == [
        "facial-telangiectasia/fine-red/nose/IV"
    ]
    assert [cell.row for cell in find_cells("wrinkles", phototype="VI", site="neck")] == ["wrinkles/neck/V-VI"]
    assert len(find_cells("wrinkles", site="neck")) == 4
    assert [cell.row for cell in find_cells("stretch marks", subtype="alba", phototype="V")] == [
        "striae/alba/abdomen/V-VI"
    ]
    assert skinbeam.guideline("port wine stain").condition == "port-wine-stain"


@pytest.mark.parametrize(
    ("arguments", "field", "hint"),
    [
        ({"condition": "melsma"}, "condition", "melasma"),
        ({"condition": "melasma", "phototype": "VII"}, "phototype", "VI"),
        ({"condition": "melasma", "site": "cheks"}, "site", "cheeks"),
        ({"condition": "leg-veins", "site": "legs"}, "site", "abdomen, leg, lip"),
        ({"condition": "melasma", "subtype": "dermel"}, "subtype", "dermal"),
        ({"condition": "dynamic-wrinkles", "subtype": "deep"}, "subtype", "no kinds"),
        ({"condition": "tattoo"}, "condition", "skinbeam conditions"),
    ],
)
def test_unknown_names_are_refused_with_the_nearest(arguments: dict[str, str], field: str, hint: str) -> None:
    with pytest.raises(InputError) as refused:
        find_cells(**arguments)
    assert refused.value.field == field
    assert hint in refused.value.hint


def test_one_question_has_one_hash_however_it_is_worded() -> None:
    asked, worded = (
        answer_guideline(name, site=site, phototype=skin)
        for name, site, skin in (("age-spots", "cheeks", "IV"), ("sun spots", "cheek", "iv"))
    )
    assert asked.to_dict() == worded.to_dict()


def test_every_name_of_the_guideline_has_words_in_both_languages() -> None:
    for language in ("en", "de"):
        with use_language(language):
            for name in (*guideline_classes(), *guideline_treatments()):
                assert avoidance_words(name).strip(), name
            for cell in load_cells():
                assert cell_words(cell)
                for treatment in cell.treatments:
                    assert short_treatment_words(treatment)
    known = catalogue()
    assert all(f"device-class.{name}" in known for name in guideline_classes())


def test_a_pair_and_alternatives_read_differently() -> None:
    assert device_words(("pdl-595+ndyag-1064",)) == "pulsed dye laser, 595 nm together with Nd:YAG laser, 1064 nm"
    assert device_words(("pdl-595", "ktp-532")) == "pulsed dye laser, 595 nm or long-pulse KTP laser, 532 nm"


def test_surgery_to_avoid_is_surgery_alone() -> None:
    """Cutting a keloid out is wrong only if nothing keeps it from growing again."""
    assert "alone" in avoidance_words("surgery")


@pytest.mark.parametrize("name", list(outside_conditions()))
def test_a_case_that_plans_do_not_cover_is_answered_with_what_clinics_do(name: str, tmp_path: Path, run: Any) -> None:
    ran = run("consult", str(with_condition(tmp_path, name.replace("-", " "))), "-o", str(tmp_path / "out"))
    assert ran.code == 3
    assert "do not cover" in ran.err
    assert f"skinbeam guideline {name}" in ran.err
    cells = find_cells(name, phototype="III")
    assert all(short_treatment_words(cell.first) in ran.err for cell in cells if cell.first is not None)
    assert not (tmp_path / "out").exists()


def test_the_answer_speaks_of_the_skin_of_the_case() -> None:
    def answer(patient: dict[str, str]) -> str:
        found = uncovered_case_answer({"patient": patient, "concern": [{"condition": "leg veins"}]})
        return "" if found is None else found.reason

    assert "phototype III." in answer({"phototype": "III"})
    assert "phototypes V and VI" not in answer({"phototype": "III"})
    assert "phototypes V and VI" in answer({})


@pytest.mark.parametrize(
    "tables",
    [
        {},
        {"concern": "leg veins"},
        {"concern": [{}]},
        {"concern": [{"condition": "melasma"}]},
        {"concern": [{"condition": "leg veins"}, {"condition": "melasma"}]},
        {"concern": [{"condition": "tattoo removal"}]},
    ],
)
def test_other_cases_have_no_such_answer(tables: dict[str, Any]) -> None:
    assert uncovered_case_answer(tables) is None


def test_a_concern_beside_covered_ones_is_refused_with_the_command(tmp_path: Path, run: Any) -> None:
    file = with_condition(tmp_path, "leg veins")
    text = CASE.read_text(encoding="utf-8")
    file.write_text(file.read_text(encoding="utf-8") + "\n" + text[text.index("[[concern]]") :], encoding="utf-8")
    ran = run("consult", str(file), "-o", str(tmp_path / "out"))
    assert ran.code == 2
    assert "skinbeam guideline leg-veins" in ran.err


def test_the_command_prints_places_doses_avoidance_and_sources(run: Any) -> None:
    ran = run("guideline", "facial veins", "--phototype", "II", "--site", "cheeks")
    assert ran.code == 0
    for words in ("First: ", "pulsed dye laser, 595 nm: 7 to 9 J/cm²", "[jasim2004]", "To avoid: ", "Sources: "):
        assert words in ran.out
    assert run("guideline", "melsma").code == 2


def test_the_phototype_asked_for_lies_in_each_cell() -> None:
    for phototype in PHOTOTYPES:
        for cell in find_cells("redness", phototype=phototype):
            low, high = phototype_range(cell.phototype)
            assert low <= PHOTOTYPES.index(phototype) + 1 <= high
