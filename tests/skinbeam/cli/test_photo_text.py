"""What `skinbeam photo` prints is short, and what a doctor must see stands first."""

from dataclasses import replace

import pytest
from paths import ROOT

from skinbeam.api.analyse_photo import PhotoQuality, PhotoReport, report_photo
from skinbeam.cli.photo_text import LINES_MAX, format_photo
from skinbeam.model.estimate import Estimate, Unknown
from skinbeam.photo.colour import PhotoColour
from skinbeam.photo.face.region_sites import REGION_SITES
from skinbeam.photo.findings.finding import FINDING_KINDS, SkinFinding, referral_message
from skinbeam.photo.quality import QualityProblem
from skinbeam.plan_records.document import StoredMessage
from skinbeam.text import DocumentWarning

REFERRAL = "A doctor must see this."
SIDES = ((1, "right"), (3, "left"))


def finding(kind: str, message: str | None, region: str = "cheek-left", unknown: str | None = None) -> SkinFinding:
    known = Estimate(3.0, 2.0, 4.0, 0.8, "measured")
    return SkinFinding(
        kind=kind,
        region=region,
        site=REGION_SITES.get(region, region),
        count=1,
        area_mm2=known if unknown is None else Unknown(unknown),
        severity=Unknown("no scale"),
        confidence=Unknown("no study"),
        suggests=None,
        told=None if message is None else stored_message(message),
    )


def stored_message(text: str) -> StoredMessage:
    return StoredMessage("", {}, text)


def report(findings: list[SkinFinding], problems: int = 0) -> PhotoReport:
    return PhotoReport(
        case_sha256="0" * 64,
        seed=0,
        warnings=(
            DocumentWarning("uncalibrated-photo", stored_message("no card")),
            DocumentWarning("spot-to-be-seen", stored_message(REFERRAL)),
        ),
        faces=1,
        face=Unknown("not asked"),
        quality=PhotoQuality(
            True, tuple(QualityProblem("p", stored_message(f"problem {k}"), "colour") for k in range(problems)), "again"
        ),
        regions={},
        regions_note="",
        regions_left_out=dict.fromkeys(REGION_SITES, "too dark"),
        maps={},
        colour=PhotoColour(Estimate(10.0, -40.0, 60.0, 0.8, "measured"), {}, 10.0, calibrated=False),
        card=Unknown("no card"),
        findings=tuple(findings),
        scale_mm_per_px=Unknown("not asked"),
        change=Unknown("another face"),
    )


@pytest.mark.parametrize("found", [0, 5, 10])
def test_the_longest_document_has_at_most_25_lines_and_the_referral_stands_first(found: int) -> None:
    kinds = list(FINDING_KINDS)
    findings = [finding(kind, f"told {kind}", region) for kind in kinds[:found] for region in REGION_SITES]
    findings += [finding(kind, None, unknown=f"reason {kind}") for kind in kinds[found:-1]]
    findings += [finding(kinds[-1], None)] if found < len(kinds) else []
    lines = format_photo(report(findings, problems=9)).splitlines()
    assert len(lines) <= LINES_MAX
    assert lines[0] == REFERRAL
    assert sum("told" in line for line in lines) == found


def test_what_was_found_stands_before_what_was_not_readable_and_each_reason_once() -> None:
    found = [finding("spots", "2 brown spots"), finding("vessels", None, unknown="too coarse")]
    found += [finding("pores", None, unknown="too coarse"), finding("redness", None)]
    lines = format_photo(report(found)).splitlines()
    at = {
        word: next(k for k, line in enumerate(lines) if word in line) for word in ("2 brown spots", "redness", "coarse")
    }
    assert at["2 brown spots"] < at["redness"] < at["coarse"]
    assert "vessel, pores" in lines[at["coarse"]]


@pytest.mark.parametrize("kind", FINDING_KINDS)
def test_places_have_names_that_people_use(kind: str) -> None:
    """Never those of programs: a region with a hyphen, as in `jaw-left`."""
    text = format_photo(report([finding(kind, "told", region) for region in REGION_SITES]))
    assert [region for region in REGION_SITES if "-" in region and region in text] == []
    assert "cheeks, the person's left" in text


def test_spots_to_be_seen_are_told_apart_and_counted() -> None:
    spots = [replace(finding("spots", f"{n} spots, told", f"cheek-{side}"), count=n, to_be_seen=1) for n, side in SIDES]
    message = referral_message(spots)
    assert message is not None
    assert message.text.startswith(
        "A doctor must see this before any laser: 1 spots, told (cheeks, the person's right);"
        " 1 of 3 spots, told (cheeks, the person's left). "
    )


def test_a_real_photograph_prints_its_findings_in_25_lines() -> None:
    made = report_photo(ROOT / "examples" / "first-consultation" / "face.jpg")
    lines = format_photo(made).splitlines()
    assert len(lines) <= LINES_MAX
    assert any("44 pixels between the pupils" in line for line in lines)
    assert "--json" in lines[-1]
