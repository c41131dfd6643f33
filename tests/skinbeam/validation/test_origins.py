"""Which published rows are independent of what set the numbers of the model."""

import csv
import re
from collections.abc import Mapping
from importlib import resources
from typing import Any

from skinbeam.model.package_data import load_package_table
from skinbeam.model.sources import bibliography
from skinbeam.validation.published_rows import (
    calibrated_parameters,
    calibrator_sources,
    find_calibrator,
    laboratories,
    row_groups,
    source_origin,
)

SOURCES = {row.source for group in row_groups().values() for row in group.row}
SOURCES |= {one.source for group in row_groups().values() for one in group.ordering}


def test_every_row_and_every_calibrator_has_its_laboratory() -> None:
    known = set(laboratories())
    assert SOURCES | set(calibrator_sources()) == known
    assert known <= set(bibliography())


def test_every_laboratory_says_why_and_none_holds_a_source_twice() -> None:
    table: Mapping[str, Any] = load_package_table("validation/laboratories.toml")
    entries = [*table["laboratory"], table["unknown"]]
    assert all(len(one["reason"].split()) >= 4 for one in entries)
    names = [one["name"] for one in table["laboratory"]]
    assert len(names) == len(set(names))
    keys = [key for one in entries for key in one["sources"]]
    assert len(keys) == len(set(keys))


def test_a_row_of_the_same_paper_or_laboratory_is_not_independent() -> None:
    assert find_calibrator("tanghetti2002") == "tanghetti2002", "its paper set the share of leaking vessels"
    assert find_calibrator("kaufmann1996") == "hibst1991", "the same two authors"
    assert find_calibrator("barton1999") in ("pfefer1999", "agah1994")
    assert find_calibrator("antiscald") == "henriques1947", "burns of the kinds that the kinetics were fitted to"
    assert find_calibrator("kimel1994") is None
    assert find_calibrator("bedi2007") is None


def test_papers_of_one_laboratory_are_one_source_and_an_unknown_laboratory_is_its_own() -> None:
    assert source_origin("hantash2007") == source_origin("bedi2007") != source_origin("kimel1994")
    assert source_origin("belislaser") == "belislaser"
    assert source_origin("a paper that stands nowhere") == "a paper that stands nowhere"


def test_every_calibrated_parameter_names_its_sources() -> None:
    for one in calibrated_parameters():
        assert one.sources, one.parameter
        assert set(one.sources) <= set(bibliography())


def test_every_kinetics_of_damage_is_a_calibrator() -> None:
    kinetics = (resources.files("skinbeam") / "data/tissue/kinetics.toml").read_text(encoding="utf-8")
    fitted = set(re.findall(r'^source = "([^"]+)"', kinetics, flags=re.M))
    assert fitted
    assert fitted <= set(calibrator_sources())


def test_no_study_that_the_evidence_learns_from_is_an_independent_row() -> None:
    studies = resources.files("skinbeam") / "data/studies.csv"
    with studies.open(encoding="utf-8") as file:
        learned = {source_origin(line["study"]) for line in csv.DictReader(file)}
    assert not {key for key in SOURCES if source_origin(key) in learned and find_calibrator(key) is None}
