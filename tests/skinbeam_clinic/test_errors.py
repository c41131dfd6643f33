"""Every fault of the records has its sentence and its way out, and no sentence is left that nobody says."""

import re
from pathlib import Path

import pytest

import skinbeam_clinic
from skinbeam.model.errors import InputError
from skinbeam.photo.limits import limit
from skinbeam.text import LANGUAGES, catalogue, render_message, use_language
from skinbeam_clinic import errors
from skinbeam_clinic.documents.attachment_content import judge_content
from skinbeam_clinic.errors import sizes_apart

ROOT = Path(skinbeam_clinic.__file__).parent
PLACES = sorted(ROOT.rglob("*.py"))


def test_every_fault_has_its_sentence_and_its_way_out() -> None:
    sentences = {
        one or other
        for file in PLACES
        for one, other in re.findall(
            r'(?:clinic_error\(|medium_errors\(|[Ff]inding\()\s*"([a-z-]+)"|records-fault\.([a-z-]+)',
            file.read_text(encoding="utf-8"),
        )
    }
    known = {id.removeprefix("records-fault.") for id in catalogue() if id.startswith("records-fault.")}
    codes = {code.removesuffix("-hint") for code in sentences}
    assert known == codes | {f"{code}-hint" for code in codes}


def test_every_type_of_fault_is_of_a_code() -> None:
    types = {getattr(errors, name) for name in errors.__all__ if name.endswith("Error")}
    assert types == set(errors._ERROR_TYPES.values())


@pytest.mark.parametrize("beyond", [1, 49_999, 50_000, 99_999, 100_001, 10_000_000])
@pytest.mark.parametrize("most", [int(limit("read", "bytes_max")), 1_000_000, 30_499_999])
def test_a_file_that_is_too_large_never_looks_as_large_as_the_limit(most: int, beyond: int) -> None:
    sizes = sizes_apart(most + beyond, most)
    told = [id for id, text in catalogue().items() if "{size_MB}" in text and "{most_MB}" in text]
    assert len(told) > 1
    for language in LANGUAGES:
        with use_language(language):
            for id in told:
                size, limited = re.findall(r"(\d+(?:[.,]\d+)?)\s*MB", render_message(id, sizes))
                assert float(size.replace(",", ".")) > float(limited.replace(",", ".")), id


def test_an_attachment_one_byte_beyond_the_limit_is_told_its_size_and_the_limit() -> None:
    with pytest.raises(InputError, match=r"30\.1 MB.* 30 MB"):
        judge_content(b"%PDF-" + bytes(int(limit("read", "bytes_max")) - 4))
