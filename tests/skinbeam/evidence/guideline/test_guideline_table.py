"""The guideline as data: every row reads, resolves and is refused when broken, and the nearest cell is found."""

import csv
import hashlib
import io
from pathlib import Path

import pytest
from csv_text import written
from reserved_studies import is_reserved

import skinbeam
from skinbeam.evidence.guideline.device_classes import (
    default_subtype,
    guideline_classes,
    guideline_conditions,
    includes_class,
    is_light,
    outside_conditions,
)
from skinbeam.evidence.guideline.doses import DOSES_FILE, doses_of_cell, load_doses, read_doses
from skinbeam.evidence.guideline.records import GuidelineCell, GuidelineDose, GuidelineTreatment
from skinbeam.evidence.guideline.table import (
    CELLS_FILE,
    CHOICES_FILE,
    guideline_cell,
    load_cells,
    load_choices,
    read_cells,
    read_choices,
)
from skinbeam.model.errors import InputError
from skinbeam.model.sources import bibliography
from skinbeam.model.vocabulary import PHOTOTYPES, condition_subtypes, phototype_range, vocabulary_table
from skinbeam.published_doses.rows import practice_rows

DATA = Path(skinbeam.__file__).parent / "data"
USUAL_SITES = {
    "fine-lines-periorbital": "periorbital",
    "perioral-lines": "perioral",
    "poikiloderma": "neck",
    "dynamic-wrinkles": "forehead",
}


def records_of(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO((DATA / name).read_text(encoding="utf-8"))))


def broken(name: str, row: str, **changes: str) -> str:
    """The table with one row only, and cells of it changed."""
    record = next(record for record in records_of(name) if record["row"] == row)
    return written(list(record), record | changes)


@pytest.mark.parametrize("phototype", PHOTOTYPES)
@pytest.mark.parametrize("condition", list(vocabulary_table("condition")))
def test_every_condition_and_phototype_has_a_first_treatment_with_a_source(condition: str, phototype: str) -> None:
    for subtype in ("", *condition_subtypes(condition)):
        cell = guideline_cell(condition, subtype, USUAL_SITES.get(condition, "cheeks"), phototype)
        assert cell is not None
        assert cell.first is not None
        assert cell.condition == condition
        assert set(cell.sources) <= set(bibliography())
        # Only where nobody treats such skin does no source stand behind the first place.
        assert cell.sources or cell.firmness == "none"


@pytest.mark.parametrize("condition", list(outside_conditions()))
def test_conditions_that_plans_do_not_cover_have_cells_for_every_phototype(condition: str) -> None:
    assert condition not in vocabulary_table("condition")
    for phototype in PHOTOTYPES:
        assert guideline_cell(condition, "", outside_conditions()[condition], phototype) is not None


def test_cells_of_a_kind_and_a_site_divide_the_phototypes() -> None:
    """No phototype is missing, and none has two cells."""
    groups: dict[tuple[str, str, str], list[int]] = {}
    for cell in load_cells():
        low, high = phototype_range(cell.phototype)
        groups.setdefault((cell.condition, cell.subtype, cell.site), []).extend(range(low, high + 1))
    assert {key for key, numbers in groups.items() if sorted(numbers) != [1, 2, 3, 4, 5, 6]} == set()


def test_the_most_specific_cell_wins() -> None:
    def row(condition: str, subtype: str, site: str) -> str:
        cell = guideline_cell(condition, subtype, site, "III")
        return "" if cell is None else cell.row

    assert row("facial-telangiectasia", "fine-red", "nose") == "facial-telangiectasia/fine-red/nose/III"
    assert row("facial-telangiectasia", "fine-red", "cheeks") == "facial-telangiectasia/fine-red/III"
    assert row("facial-telangiectasia", "over-1-mm", "nose") == "facial-telangiectasia/over-1-mm/III"
    assert row("facial-telangiectasia", "", "nose") == "facial-telangiectasia/fine-red/nose/III"
    assert row("facial-telangiectasia", "blue", "cheeks") == "facial-telangiectasia/blue/periorbital/III"
    assert row("wrinkles", "", "hands") == "wrinkles/hands/III"
    assert row("wrinkles", "", "forehead") == "wrinkles/III"
    assert row("melasma", "epidermal", "cheeks") == "melasma/III"
    assert row("melasma", "dermal", "cheeks") == "melasma/dermal/III"
    assert row("laxity", "", "full-face") == "laxity/mild/III"
    assert row("laxity", "", "neck") == "laxity/mild/neck/III"
    assert row("poikiloderma", "", "decolletage") == "poikiloderma/neck/III"
    assert row("skin-texture", "pores", "hands") == "skin-texture/hands/III"
    assert row("wrinkles", "severe", "forehead") == "wrinkles/severe/III"
    assert row("wrinkles", "severe", "perioral") == "perioral-lines/perioral/III"
    assert row("wrinkles", "mild", "perioral") == "perioral-lines/mild/perioral/III"
    assert row("wrinkles", "severe", "periorbital") == row("wrinkles", "", "eyelid")
    assert row("wrinkles", "", "eyelid") == "fine-lines-periorbital/periorbital/III"


@pytest.mark.parametrize("degree", ["", "mild", "moderate", "severe"])
@pytest.mark.parametrize("site", ["neck", "decolletage", "hands", "periorbital", "eyelid"])
def test_no_degree_brings_whole_field_ablation_where_skin_scars_sooner(site: str, degree: str) -> None:
    for phototype in PHOTOTYPES:
        cell = guideline_cell("wrinkles", degree, site, phototype)
        assert cell is not None
        places = (cell.first, cell.second, cell.third)
        assert "ablative" not in {place.treatment for place in places if place is not None}


def test_unknown_names_are_refused_with_the_nearest() -> None:
    with pytest.raises(InputError, match="melasma"):
        guideline_cell("melsma", "", "cheeks", "III")
    with pytest.raises(InputError, match="phototype"):
        guideline_cell("melasma", "", "cheeks", "VII")


def test_every_source_resolves_and_every_entry_of_the_file_is_used() -> None:
    cited = {choice.source for choice in load_choices()} | {key for cell in load_cells() for key in cell.sources}
    cited |= {key for dose in load_doses() for key in dose.sources}
    assert cited <= set(bibliography())
    own = {
        line.partition("{")[2].rstrip(",")
        for line in (DATA / "sources" / "guideline.bib").read_text(encoding="utf-8").splitlines()
        if line.startswith("@")
    }
    assert own <= cited
    assert all(bibliography()[key].fields.get("url") for key in own)


def test_a_cell_names_the_sources_of_its_choices() -> None:
    source_of = {choice.row: choice.source for choice in load_choices()}
    source_of |= {row.row: row.source for row in practice_rows()}
    for cell in load_cells():
        assert {source_of[choice] for choice in cell.choice_ids} <= set(cell.sources), cell.row


def test_every_place_rests_on_a_choice_or_a_published_row_of_that_treatment() -> None:
    choices = {choice.row: choice for choice in load_choices()}
    published = {row.row for row in practice_rows()}

    def supports(name: str, treatment: GuidelineTreatment) -> bool:
        if name in published:
            return True
        choice = choices[name]
        parts = {part for one in treatment.device_classes for part in one.split("+")}
        classes = {part for one in choice.device_classes for part in one.split("+")}
        same = any(includes_class(a, b) or includes_class(b, a) for a in parts for b in classes)
        return (same or choice.treatment in (treatment.treatment, "any")) and choice.place not in (
            "avoid",
            "contraindicated",
        )

    unsupported = [
        (cell.row, treatment.treatment)
        for cell in load_cells()
        for treatment in cell.treatments
        if not any(supports(name, treatment) for name in cell.choice_ids)
        and not any(set(dose.sources) and dose.device_class in treatment.device_classes for dose in doses_of_cell(cell))
    ]
    # Its sessions come from a trial of settings, which is a source of the cell and makes no choice.
    assert unsupported == [("striae/alba/abdomen/I-II", "fractional-ablative")]


def test_nothing_that_a_source_advises_against_for_that_skin_leads() -> None:
    warnings = [choice for choice in load_choices() if choice.place in ("avoid", "contraindicated")]
    assert len(warnings) > 20
    for choice in warnings:
        low, high = phototype_range(choice.phototype or "I-VI")
        for cell in load_cells():
            least, most = phototype_range(cell.phototype)
            is_about = (
                cell.condition == choice.condition
                and low <= least <= most <= high
                and choice.subtypes in ((), (cell.subtype,))
                and choice.site in ("", "full-face", cell.site)
            )
            if is_about and cell.first is not None:
                assert not set(cell.first.device_classes) & set(choice.device_classes), (cell.row, choice.row)


def test_no_source_of_the_guideline_is_reserved() -> None:
    keys = {choice.source for choice in load_choices()} | {key for cell in load_cells() for key in cell.sources}
    for key in keys:
        fields = bibliography()[key].fields
        surname = fields.get("author", "").partition(" and ")[0].partition(",")[0]
        assert not is_reserved(surname, fields.get("year", ""), fields.get("url", "")), key


def test_a_reserved_study_is_recognised_by_author_or_address() -> None:
    listed = frozenset(
        hashlib.sha256(key.encode()).hexdigest()[:20] for key in ("muller|2001", "u|example.org/study", "p|12345678")
    )
    assert is_reserved("Müller KM", "2001", "", listed=listed)
    assert is_reserved("Other", "1999", "https://www.example.org/study/", listed=listed)
    assert is_reserved("", "", "https://pubmed.ncbi.nlm.nih.gov/12345678/", listed=listed)
    assert not is_reserved("Müller KM", "2002", "https://example.org/other", listed=listed)


def test_places_hold_no_treatment_that_the_cell_avoids() -> None:
    """A class that is avoided stands in no place of the same cell, alone or as the only way to do it."""
    for cell in load_cells():
        for treatment in cell.treatments:
            assert treatment.treatment not in cell.avoid, cell.row
            if treatment.device_classes:
                allowed = [
                    name for name in treatment.device_classes if not any(includes_class(a, name) for a in cell.avoid)
                ]
                assert allowed, cell.row


def test_full_field_ablation_leads_in_no_dark_skin() -> None:
    for cell in load_cells():
        if phototype_range(cell.phototype)[0] >= 4 and cell.first is not None:
            assert cell.first.treatment != "ablative", cell.row


def test_wide_classes_include_narrow_ones() -> None:
    assert includes_class("ipl-any", "ipl-560")
    assert includes_class("ipl", "ipl-560")
    assert includes_class("ipl-any", "ipl")
    assert includes_class("pdl", "pdl-595-compression")
    assert not includes_class("pdl-595", "pdl-595-compression")
    assert not includes_class("ipl-560", "ipl")
    assert not includes_class("ps-any", "qs-532")
    assert not includes_class("ps-755", "ps-755-array")


def test_light_is_distinguished_from_other_treatments() -> None:
    assert is_light("vascular")
    assert is_light("photodynamic")
    assert not is_light("topical-retinoid")
    assert not is_light("sclerotherapy")


def test_a_default_kind_is_a_kind_of_a_cell() -> None:
    for condition in guideline_conditions():
        kinds = {cell.subtype for cell in load_cells() if cell.condition == condition}
        assert "" in kinds or default_subtype(condition) in kinds, condition


def test_every_device_class_is_used() -> None:
    used = {name for choice in load_choices() for name in choice.device_classes}
    used |= {name for cell in load_cells() for treatment in cell.treatments for name in treatment.device_classes}
    used |= {name for cell in load_cells() for name in cell.avoid}
    parts = {part for name in used for part in name.split("+")}
    unused = set(guideline_classes()) - parts
    assert not unused, "no row of the guideline names these classes: take them out of data/guideline.toml"


def doses_of_class(condition: str, subtype: str, site: str, phototype: str, device_class: str) -> list[GuidelineDose]:
    """The doses of a class of devices in the cell of a person."""
    cell = guideline_cell(condition, subtype, site, phototype)
    return [] if cell is None else [dose for dose in doses_of_cell(cell) if dose.device_class == device_class]


def test_doses_split_by_pulse() -> None:
    """At 532 nm, nanoseconds take some ten times the fluence of picoseconds; one range for both would burn or do
    nothing."""
    short = doses_of_class("age-spots", "", "cheeks", "II", "ps-532")
    long = doses_of_class("age-spots", "", "cheeks", "II", "qs-532")
    assert [(dose.low, dose.high) for dose in short] == [(0.1, 0.6)]
    assert [(dose.low, dose.high) for dose in long] == [(2.0, 5.0)]


def test_no_class_has_both_pulses_in_one_range() -> None:
    for dose in load_doses():
        assert dose.high <= 4 * dose.low or dose.quantity != "fluence_J_cm2" or dose.device_class == "ps-532", dose.row


def test_a_dose_is_borrowed_from_no_lighter_skin() -> None:
    assert doses_of_class("facial-telangiectasia", "", "cheeks", "II", "pdl-595")
    assert doses_of_class("facial-telangiectasia", "", "cheeks", "IV", "pdl-595") == []


def test_doses_of_a_pair_are_those_of_the_pair_only() -> None:
    pair = doses_of_class("facial-telangiectasia", "", "nose", "II", "pdl-595+ndyag-1064")
    assert {(dose.component, dose.low) for dose in pair} == {("pdl-595", 10.0), ("ndyag-1064", 70.0)}
    assert doses_of_class("facial-telangiectasia", "", "nose", "II", "pdl-595") == []


def test_every_printed_dose_of_light_has_rows() -> None:
    """A setting that prints J/cm² or mJ has a dose in the table, with a source of its cell."""
    for cell in load_cells():
        doses = doses_of_cell(cell)
        for place in ("first", "second", "third"):
            treatment: GuidelineTreatment | None = getattr(cell, place)
            if treatment is not None and any(unit in treatment.setting_text for unit in ("J/cm2", " mJ")):
                assert any(dose.place == place for dose in doses), (
                    f"{cell.row} prints a dose in the {place} place: give it a row in guideline_doses.csv"
                )
        for dose in doses:
            assert set(dose.sources) <= set(cell.sources), (
                f"{dose.row}: name its source in `setting_sources` of the cell in guideline.csv"
            )


@pytest.mark.parametrize(
    ("row", "changes", "field"),
    [
        ("PGC001", {"condition": "sunspots"}, "condition"),
        ("PGC001", {"place": "fourth"}, "place"),
        ("PGC001", {"treatment": "laser"}, "treatment"),
        ("PGC001", {"device_classes": "pdl-590"}, "device_classes"),
        ("PGC001", {"grade": "rumour"}, "grade"),
        ("PGC001", {"source": "nobody1900"}, "source"),
        ("PGC001", {"phototype": "VI-I"}, "phototype"),
        ("PGC001", {"site": "moon"}, "site"),
    ],
)
def test_a_broken_choice_is_refused_with_its_place(row: str, changes: dict[str, str], field: str) -> None:
    with pytest.raises(InputError) as refused:
        read_choices(broken(CHOICES_FILE, row, **changes))
    assert refused.value.field == f"{row}.{field}"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"condition": "sunspots"}, "condition"),
        ({"phototype": "I to II"}, "phototype"),
        ({"first": ""}, "first"),
        ({"first": "laser"}, "first"),
        ({"second": "", "second_classes": "", "second_setting": ""}, "third"),
        ({"first": "", "first_classes": "", "first_setting": ""}, "firmness"),
        ({"first_classes": "ps-533"}, "first_classes"),
        ({"avoid": "pdl-590"}, "avoid"),
        ({"adjuncts": "prayer"}, "adjuncts"),
        ({"firmness": "certain"}, "firmness"),
        ({"choices": "PGC999"}, "choices"),
        ({"setting_sources": "nobody1900"}, "setting_sources"),
    ],
)
def test_a_broken_cell_is_refused_with_its_place(changes: dict[str, str], field: str) -> None:
    with pytest.raises(InputError) as refused:
        read_cells(broken(CELLS_FILE, "age-spots/III", **changes))
    assert refused.value.field == f"age-spots/III.{field}"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"cell": "age-spots/VII"}, "cell"),
        ({"place": "adjunct"}, "place"),
        ({"device_class": "pdl-595"}, "device_class"),
        ({"component": "ps-532"}, "component"),
        ({"quantity": "power_W"}, "quantity"),
        ({"low": "0.7"}, "low"),
        ({"low": ""}, "low"),
        ({"high": "30000"}, "high"),
        ({"sources": "nobody1900"}, "sources"),
    ],
)
def test_a_broken_dose_is_refused_with_its_place(changes: dict[str, str], field: str) -> None:
    with pytest.raises(InputError) as refused:
        read_doses(broken(DOSES_FILE, "age-spots/I-II/1", **changes))
    assert refused.value.field == f"age-spots/I-II/1.{field}"


def test_a_condition_without_cells_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    from skinbeam.evidence.guideline import table

    empty: tuple[GuidelineCell, ...] = ()
    monkeypatch.setattr(table, "load_cells", lambda: empty)
    table._cells_of_person.cache_clear()
    try:
        assert guideline_cell("melasma", "", "cheeks", "III") is None
    finally:
        table._cells_of_person.cache_clear()
