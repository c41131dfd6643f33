"""What `skinbeam preview` prints is short: what is drawn, how often, what is not drawn and what a doctor must see."""

from dataclasses import replace

import pytest
from preview_samples import improving, look, plan, seen
from report_samples import sample

from skinbeam.api.preview import make_preview
from skinbeam.cli.preview_text import LINES_MAX, format_preview
from skinbeam.model.estimate import Unknown
from skinbeam.text import DocumentWarning, Message


def lines(improved: object = None, **how: str) -> list[str]:
    made = plan(improved, **how)  # type: ignore[arg-type]
    return format_preview(make_preview(made, look()).report).splitlines()


@pytest.mark.parametrize("only", ["", *(concern.condition for concern in sample().concerns)])
@pytest.mark.parametrize("improved", [improving(), improving(-9.0), Unknown("Nobody counted it.")], ids=str)
def test_a_preview_prints_what_it_drew_in_25_lines(only: str, improved: object) -> None:
    found = lines(improved, only=only)
    assert len(found) <= LINES_MAX
    assert "--json" in found[-1]
    text = "\n".join(found)
    assert "End of the course:" in text
    assert "not a photograph of a result" in text
    assert "unknown:" not in text  # a reason stands as a sentence, not as a field of a document


def test_each_gain_and_harm_has_its_file_and_its_count() -> None:
    text = "\n".join(lines(only="age-spots"))
    for percentile in (10, 50, 90):
        assert f"(end-p{percentile}.png)" in text
    assert "(harm-dark-mark.png)" in text
    assert "of 100 have it" in text


def test_a_spot_that_a_doctor_must_see_stands_first() -> None:
    made = make_preview(plan(), look()).report
    referral = DocumentWarning("spot-to-be-seen", Message("finding.doctor_must_see", {"told": "a spot"}))
    assert format_preview(replace(made, warnings=(*made.warnings, referral))).startswith("A doctor must see this")


def test_a_photograph_without_a_face_that_can_be_used_prints_no_pictures() -> None:
    analysis = replace(look(), skin=Unknown("No face was found."))
    assert seen() is not None
    text = format_preview(make_preview(plan(), analysis).report)
    assert ".png" not in text
