"""Which published rows are independent of what set the numbers of the model."""

import csv
import re
from collections.abc import Mapping
from importlib import resources
from typing import Any

from skinbeam.shipped import shipped_table
from skinbeam.sources import bibliography
from skinbeam.validation.origins import calibrator_of, laboratories, origin
from skinbeam.validation.rows import calibrated, calibrators, groups

SOURCES = {row.source for group in groups().values() for row in group.row}
SOURCES |= {one.source for group in groups().values() for one in group.ordering}


def test_every_row_and_every_calibrator_has_its_laboratory() -> None:
    known = set(laboratories())
    assert SOURCES | set(calibrators()) == known
    assert known <= set(bibliography())


def test_every_laboratory_says_why_and_none_holds_a_source_twice() -> None:
    table: Mapping[str, Any] = shipped_table("validation/laboratories.toml")
    entries = [*table["laboratory"], table["unknown"]]
    assert all(len(one["reason"].split()) >= 4 for one in entries)
    names = [one["name"] for one in table["laboratory"]]
    assert len(names) == len(set(names))
    keys = [key for one in entries for key in one["sources"]]
    assert len(keys) == len(set(keys))


def test_a_row_of_the_same_paper_or_laboratory_is_not_independent() -> None:
    assert calibrator_of("tanghetti2002") == "tanghetti2002", "its paper set the share of leaking vessels"
    assert calibrator_of("kaufmann1996") == "hibst1991", "the same two authors"
    assert calibrator_of("barton1999") in ("pfefer1999", "agah1994")
    assert calibrator_of("antiscald") == "henriques1947", "burns of the kinds that the kinetics were fitted to"
    assert calibrator_of("kimel1994") is None
    assert calibrator_of("bedi2007") is None


def test_papers_of_one_laboratory_are_one_source_and_an_unknown_laboratory_is_its_own() -> None:
    assert origin("hantash2007") == origin("bedi2007") != origin("kimel1994")
    assert origin("belislaser") == "belislaser"
    assert origin("a paper that stands nowhere") == "a paper that stands nowhere"


def test_every_calibrated_parameter_names_its_sources() -> None:
    for one in calibrated():
        assert one.sources, one.parameter
        assert set(one.sources) <= set(bibliography())


def test_every_kinetics_of_damage_is_a_calibrator() -> None:
    kinetics = (resources.files("skinbeam") / "data/tissue/kinetics.toml").read_text(encoding="utf-8")
    fitted = set(re.findall(r'^source = "([^"]+)"', kinetics, flags=re.M))
    assert fitted
    assert fitted <= set(calibrators())


def test_no_study_that_the_evidence_learns_from_is_an_independent_row() -> None:
    studies = resources.files("skinbeam") / "data/studies.csv"
    with studies.open(encoding="utf-8") as file:
        learned = {origin(line["study"]) for line in csv.DictReader(file)}
    assert not {key for key in SOURCES if origin(key) in learned and calibrator_of(key) is None}
