"""Numbers in prose about what the program prints are those that it prints; `docs/numbers.toml` names them."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from numbers_in_prose import Comparison, ProseSentence, command_document, compare, read_sentences
from paths import ROOT
from store import stored

from skinbeam.validation.guideline_plans import plan_cell, planned_cells, summarise_cell_plans
from skinbeam.validation.published_rows import row_groups
from skinbeam.validation.results import ValidationResult
from skinbeam.validation.validate import validate_model
from skinbeam.validation.verdict import endpoint_errors

SENTENCES = read_sentences()


def run_once(command: str, files: tuple[tuple[str, str], ...] = (), without: str = "") -> Any:
    """Return the document of a command, which all workers of a run share: some take a minute."""
    return stored(scores_of_rows) if command == "validate" else stored(command_document, command, files, without)


def scores_of_rows() -> dict[str, Any]:
    """Return the document of `validate` without the plans of the guideline, which take most of its time.

    It is put together from its groups, some of which the tests of the validation make, too.
    """
    parts = [stored(validate_model, name) for name in row_groups()]
    verdicts = {name: found for part in parts for name, found in part.groups.items()}
    return replace(
        parts[0],
        only=None,
        groups=verdicts,
        orderings=tuple(one for part in parts for one in part.orderings),
        endpoints=endpoint_errors([verdict for found in verdicts.values() for verdict in found]),
    ).to_dict()


def scores_of_guideline(*_: Any) -> Any:
    """Return that part of the document of `validate`, from the plans of cells that the test of the guideline makes."""
    plans = [stored(plan_cell, cell) for cell in planned_cells()]
    return ValidationResult(None, 200, 0, {}, (), (), (), summarise_cell_plans(plans)).to_dict()


def is_of_guideline(sentence: ProseSentence) -> bool:
    return sentence.command == "validate" and all(path.startswith("guideline.") for path in sentence.paths)


def assert_printed_as_written(sentence: ProseSentence, run: Callable[..., Any] = run_once) -> None:
    for one in compare(sentence, run):
        assert one.agrees, (
            f"{sentence.page}: {one.path} is {one.value:.6g}, and the page says {one.written}; "
            "`python docs/numbers_in_prose.py --write` renews it"
        )


@pytest.mark.parametrize("sentence", [one for one in SENTENCES if not one.slow], ids=lambda one: one.name)
def test_a_number_in_prose_is_what_the_program_prints(sentence: ProseSentence) -> None:
    assert_printed_as_written(sentence)


TABLE_ROW = re.compile(r"^\| `(\w+)` \| (\d+) \| (\d+) \| (\d+) \| ([\d.]*) \| ([\d.]*) \|$", re.MULTILINE)


@pytest.mark.long  # it runs the command that `make validate` is for
def test_the_numbers_and_tables_of_scores_are_those_of_the_command() -> None:
    """One test, so that no worker waits while another one runs the command."""
    for sentence in SENTENCES:
        if sentence.slow and not is_of_guideline(sentence):
            assert_printed_as_written(sentence)
    text = (ROOT / "docs" / "validation.md").read_text(encoding="utf-8")
    parts = text.split("Independent rows:")[1].split("Rows that share a source with a calibration:")
    groups: dict[str, Any] = {group["name"]: group for group in run_once("validate")["groups"]}
    for part, kind in zip(parts, ("independent", "dependent"), strict=True):
        rows = TABLE_ROW.findall(part)
        assert {row[0] for row in rows} == {name for name, group in groups.items() if group[kind]["rows"]}
        for name, *counts, ratio, spread in rows:
            counted = groups[name][kind]
            assert [int(count) for count in counts] == [counted["rows"], counted["posed"], counted["within"]], name
            for written, key in ((ratio, "geometric_mean_ratio"), (spread, "geometric_spread")):
                value = counted[key]
                assert bool(written) is not isinstance(value, dict), (name, key)
                if written:
                    assert Comparison(key, written, value).agrees, (name, key, written, value)


@pytest.mark.long
def test_the_numbers_of_the_guideline_are_those_of_the_command() -> None:
    (sentence,) = filter(is_of_guideline, SENTENCES)
    assert_printed_as_written(sentence, scores_of_guideline)


def test_a_number_that_is_not_so_is_found() -> None:
    assert Comparison("x", "0.28", 0.2822).agrees
    assert not Comparison("x", "2", 0.2822).agrees
    assert not Comparison("x", "6", 4.479).agrees
    assert not Comparison("x", "0", 0.2822).agrees  # some are burnt
    melanin = next(one for one in SENTENCES if one.name == "melanin")
    (known,) = compare(melanin)
    assert known.agrees
    assert not replace(known, written="3").agrees


def test_a_sentence_that_the_page_lacks_is_refused() -> None:
    lost = replace(SENTENCES[0], sentence="Of 100 such people {} fly")
    with pytest.raises(ValueError, match="0 times"):
        compare(lost)


# What a sentence says of people or of times is a number of the program, of a source, or of the reader's own arithmetic.
VAGUE = re.compile(
    r"\b(?:[Aa]bout|[Rr]oughly|[Ss]ome) (?:\d[\d.]*|one|two|three|four|five|six|seven|eight|nine|ten) "
    r"(?:of 100|times|per cent|%)"
)
FENCED = re.compile(r"^```.*?^```$|<!-- generated:.*?<!-- end -->", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(
    "page", [ROOT / "README.md", *sorted((ROOT / "docs" / "guide").glob("*.md"))], ids=lambda page: page.name
)
def test_no_guide_rounds_by_word_what_the_program_prints(page: Path) -> None:
    """ "About six times" went stale unseen: a number of the program stands in `numbers.toml`, to the digits printed."""
    prose = " ".join(FENCED.sub("", page.read_text(encoding="utf-8")).split())
    assert not VAGUE.findall(prose), "name the number with its sentence in docs/numbers.toml, to the digits printed"


def test_every_number_has_a_page_a_source_and_a_path() -> None:
    for one in SENTENCES:
        assert (ROOT / one.page).is_file()
        assert bool(one.command) is not bool(one.data)
        assert one.sentence.count("{}") == len(one.paths) > 0
