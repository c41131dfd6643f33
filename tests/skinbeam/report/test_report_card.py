"""The card as PDF: one page to size, the same bytes each time, in both languages, with its instructions."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from skinbeam.model.errors import InputError
from skinbeam.report.photo_card import card_page, make_card, write_card
from skinbeam.text import use_language


def test_the_card_is_one_page_of_a4_and_the_same_bytes_each_time() -> None:
    made = make_card()
    (page,) = PdfReader(io.BytesIO(made)).pages
    assert (float(page.mediabox.width), float(page.mediabox.height)) == pytest.approx((595.28, 841.89), abs=0.5)
    assert make_card() == made


@pytest.mark.parametrize(
    ("language", "words"), [("en", ("100 %", "ruler", "matt")), ("de", ("100 %", "Lineal", "matt"))]
)
def test_the_page_says_how_to_print_and_use_it(language: str, words: tuple[str, ...]) -> None:
    with use_language(language):
        made, page = make_card(), card_page()
    (sheet,) = PdfReader(io.BytesIO(made)).pages
    text = " ".join(sheet.extract_text().split())
    assert all(word in text for word in words)
    for sentence in (*page.printing, *page.using):
        assert " ".join(sentence.split()[:4]) in text


def test_the_command_writes_it_and_says_what_to_do(run: Callable[..., Any], tmp_path: Path) -> None:
    file = tmp_path / "new" / "card.pdf"
    ran = run("card", "-o", str(file), "--json")
    assert ran.code == 0
    assert file.read_bytes() == make_card()
    assert ran.document["schema"] == "skinbeam.card/1"
    assert ran.document["scale_mm"] == 100
    assert len(ran.document["instructions"]) == 8
    plain = run("card", "-o", str(file))
    assert plain.out.count("\n  - ") == 8
    german = tmp_path / "karte.pdf"
    in_german = run("card", "-o", str(german), "--language", "de", "--json")
    assert in_german.code == 0
    assert [one["id"] for one in in_german.document["instructions"]] == [
        one["id"] for one in ran.document["instructions"]
    ]
    assert in_german.document["instructions"] != ran.document["instructions"]
    assert german.read_bytes() != file.read_bytes()


def test_wrong_arguments_are_named(run: Callable[..., Any], tmp_path: Path) -> None:
    wrong = run("card", "-o", str(tmp_path / "card.pdf"), "--language", "fr", "--json")
    assert wrong.code == 2
    assert wrong.document["error"]["field"] == "--language"
    assert not (tmp_path / "card.pdf").exists()
    assert run("card", "-o", str(tmp_path)).code == 2  # a folder
    picture = run("card", "-o", str(tmp_path / "card.png"), "--json")
    assert (picture.code, picture.document["error"]["field"]) == (2, "--output")
    assert ".pdf" in picture.document["error"]["hint"]
    assert not (tmp_path / "card.png").exists()


def test_a_card_is_not_written_over_a_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="Is a directory"):
        write_card(tmp_path)
