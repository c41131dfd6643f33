"""Documents as a person reads them: rounded as far as they are known, nothing cut that a reader needs."""

from dataclasses import replace

import pytest

from skinbeam.cli.plain_text import format_devices, format_names, format_outline
from skinbeam.laser.device import devices, list_devices
from skinbeam.model.conditions import list_names
from skinbeam.model.vocabulary import vocabulary_table

ESTIMATE = {"level": 0.8, "kind": "modelled", "draws": 200, "basis": []}


@pytest.mark.parametrize(
    ("median", "low", "high", "expected"),
    [
        (0.423584, 0.0733404, 0.791087, "0.42 (0.073 to 0.79"),
        (96.1559, 79.6831, 105.458, "96 (80 to 110"),
        (3.7863, 3.7834, 3.7899, "3.79 (3.78 to 3.79"),
        (7000.0, 7000.0, 7000.0, "7000 (7000 to 7000"),
    ],
)
def test_an_estimate_has_the_digits_that_its_interval_can_carry(
    median: float, low: float, high: float, expected: str
) -> None:
    assert format_outline({"x": {"median": median, "low": low, "high": high} | ESTIMATE}).endswith(
        f"x: {expected}, 80 %, modelled)\n"
    )


def test_a_long_list_shows_both_ends_and_words_are_all_there() -> None:
    outline = format_outline({"dose": [float(i) for i in range(50)], "aliases": [f"word {i}" for i in range(20)]})
    assert "dose: 0, 1, 2, ..., 47, 48, 49 (50 in all)" in outline
    assert all(f"word {i}" in outline for i in range(20))


def test_what_is_unknown_for_one_reason_is_stated_once_and_what_differs_each_for_itself() -> None:
    unknown = {"unknown": "nobody counted it"}
    outline = format_outline(
        {"a": {"p": unknown, "intervals": {"50": unknown}}, "b": {"p": unknown, "q": {"unknown": "other"}}}
    )
    assert outline.count("nobody counted it") == 2
    assert "a: unknown: nobody counted it\nb:\n" in outline
    assert "q: unknown: other" in outline


def test_probabilities_of_each_count_are_left_to_json() -> None:
    outline = format_outline({"pih": {"p": 0.5, "pmf": [0.25, 0.5, 0.25]}})
    assert "pmf" not in outline
    assert "p: 0.5" in outline


def test_a_short_record_stands_in_one_line_and_a_long_one_does_not() -> None:
    outline = format_outline({"studies": [{"study": "a2001", "patients": 60}, {"study": "b2002", "note": "x" * 200}]})
    assert "  - study a2001; patients 60\n" in outline
    assert f"  1:\n    study: b2002\n    note: {'x' * 200}\n" in outline


def test_what_is_known_by_name_is_listed_in_a_line_each() -> None:
    lasers = format_devices(list_devices()).splitlines()
    assert [line.split()[0] for line in lasers[2:]] == list(devices())
    dye = next(line for line in lasers if "pulsed-dye-595" in line)
    assert "Pulsed dye laser, 595 nm" in dye
    assert "3 to 20 J/cm²" in dye
    words = format_names(list_names()).splitlines()
    for name in (*vocabulary_table("condition"), *vocabulary_table("site"), *vocabulary_table("modality")):
        assert any(line.startswith(f"  {name} ") for line in words), name
    assert "sun spots" in next(line for line in words if line.startswith("  age-spots "))


def test_a_known_laser_of_no_class_is_listed_as_such() -> None:
    dye = devices()["pulsed-dye-595"]
    heads = [head.model_copy(update={"wavelength_nm": 577.0}) for head in dye.file.head]
    yellow = replace(dye, file=dye.file.model_copy(update={"classes": [], "head": heads}))
    assert format_devices(replace(list_devices(), lasers=(yellow,))).endswith("3 to 20 J/cm²; of no known class\n")


def test_a_spot_that_a_doctor_must_see_stands_in_the_first_line() -> None:
    warnings = [{"code": "uncalibrated-photo", "message": "no card"}, {"code": "spot-to-be-seen", "message": "see it"}]
    lines = format_outline({"schema": "skinbeam.photo/1", "version": "1", "warnings": warnings}).splitlines()
    assert lines == ["see it", "skinbeam.photo/1   version 1", "warning: no card"]
