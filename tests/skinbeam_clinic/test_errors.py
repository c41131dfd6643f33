"""Every fault of the records has its sentence and its way out, and no sentence is left that nobody says."""

import re
from pathlib import Path

import skinbeam_clinic
from skinbeam.text import catalogue
from skinbeam_clinic import errors

ROOT = Path(skinbeam_clinic.__file__).parent
PLACES = sorted(ROOT.rglob("*.py"))


def test_every_fault_has_its_sentence_and_its_way_out() -> None:
    sentences = {
        one or other
        for file in PLACES
        for one, other in re.findall(
            r'(?:clinic_error\(|[Ff]inding\()\s*"([a-z-]+)"|records-fault\.([a-z-]+)',
            file.read_text(encoding="utf-8"),
        )
    }
    known = {id.removeprefix("records-fault.") for id in catalogue() if id.startswith("records-fault.")}
    codes = {code.removesuffix("-hint") for code in sentences}
    assert known == codes | {f"{code}-hint" for code in codes}


def test_every_type_of_fault_is_of_a_code() -> None:
    types = {getattr(errors, name) for name in errors.__all__ if name.endswith("Error")}
    assert types == set(errors._ERROR_TYPES.values())
