"""What `skinbeam photo` prints is short, and what a doctor must see stands first."""

from typing import Any

import pytest
from paths import ROOT

from skinbeam.api.analyse_photo import photo_document
from skinbeam.cli.photo_text import LINES_MAX, format_photo
from skinbeam.photo.findings.finding import FINDING_KINDS

REFERRAL = "A doctor must see this."


def finding(kind: str, told: str | None, region: str = "nose", unknown: str | None = None) -> dict[str, Any]:
    area: dict[str, Any] = {"median": 3.0} if unknown is None else {"unknown": unknown}
    return {"kind": kind, "region": region, "area_mm2": area} | ({} if told is None else {"told": told})


def document(findings: list[dict[str, Any]], problems: int = 0) -> dict[str, Any]:
    warnings = [{"code": "uncalibrated-photo", "message": "no card"}, {"code": "spot-to-be-seen", "message": REFERRAL}]
    return {
        "schema": "skinbeam.photo/1",
        "version": "1",
        "warnings": warnings,
        "quality": {"problems": [{"code": "p", "message": f"problem {k}", "takes": "colour"} for k in range(problems)]},
        "findings": findings,
        "colour": {"ita_deg": {"median": 10.0, "low": -40.0, "high": 60.0}},
        "regions_left_out": {"neck": "too dark"},
        "change": {"findings": [1, 2]},
    }


@pytest.mark.parametrize("found", [0, 5, 10])
def test_the_longest_document_has_at_most_25_lines_and_the_referral_stands_first(found: int) -> None:
    kinds = list(FINDING_KINDS)
    findings = [finding(kind, f"told {kind}", f"region-{k}") for kind in kinds[:found] for k in range(12)]
    findings += [finding(kind, None, unknown=f"reason {kind}") for kind in kinds[found:-1]]
    findings += [finding(kinds[-1], None)] if found < len(kinds) else []
    lines = format_photo(document(findings, problems=9)).splitlines()
    assert len(lines) <= LINES_MAX
    assert lines[0] == REFERRAL
    assert sum("told" in line for line in lines) == found


def test_what_was_found_stands_before_what_was_not_readable_and_each_reason_once() -> None:
    found = [finding("spots", "2 brown spots"), finding("vessels", None, unknown="too coarse")]
    found += [finding("pores", None, unknown="too coarse"), finding("redness", None)]
    lines = format_photo(document(found)).splitlines()
    at = {
        word: next(k for k, line in enumerate(lines) if word in line) for word in ("2 brown spots", "redness", "coarse")
    }
    assert at["2 brown spots"] < at["redness"] < at["coarse"]
    assert "vessel, pores" in lines[at["coarse"]]


def test_a_real_photograph_prints_its_findings_in_25_lines() -> None:
    made = photo_document(ROOT / "examples" / "first-consultation" / "face.jpg")
    lines = format_photo(made).splitlines()
    assert len(lines) <= LINES_MAX
    assert any("44 pixels between the pupils" in line for line in lines)
    assert "--json" in lines[-1]
