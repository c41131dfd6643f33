"""Forms, and stand-ins for a browser and for the planning, shared by the tests of the app."""

import functools
import html.parser
import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
import uvicorn
from paths import ROOT
from report_samples import sample, sample_plan

from skinbeam.plan.case_check import CheckedConsultation, check_consultation
from skinbeam_clinic.consultations.case_files import case_from_form
from skinbeam_clinic.consultations.forms import Submission
from skinbeam_clinic.models import NewPlan
from skinbeam_clinic.plans.plan_subprocess import PHOTOGRAPH_FILE, PLAN_FILES
from skinbeam_clinic.web import server

EXAMPLE = ROOT / "examples" / "first-consultation"
PAGE = {"accept": "text/html,application/xhtml+xml"}

# The smallest form that is a consultation.
LEAST = {"patient.age_years": "42", "concern.0.condition": "redness", "concern.0.site": "cheeks"}

# A form with something in every kind of field, two rows of each table skipped.
FULL: list[tuple[str, str]] = [
    ("patient.age_years", "52"),
    ("patient.sex", "female"),
    ("patient.phototype", "III-IV"),
    ("patient.ita_deg", "31,5"),
    ("patient.tan", "recent"),
    ("patient.downtime_days_accepted", "3"),
    ("patient.expectation", "noticeable"),
    ("patient.lactating", "true"),
    ("concern.0.condition", "facial-telangiectasia"),
    ("concern.0.site", "cheeks"),
    ("concern.0.subtypes", "blue"),
    ("concern.0.subtypes", "over-1-mm"),
    ("concern.0.severity", "moderate-severe"),
    ("concern.0.area_cm2", "40"),
    ("concern.2.condition", "age-spots"),
    ("concern.2.site", "nose"),
    ("concern.2.lesion_signs", "new"),
    ("concern.2.lesion_signs", "irregular"),
    ("concern.2.diagnosed", "true"),
    ("concern.2.diagnosed_by", 'a "dermatologist" & <others>'),
    ("concern.2.diagnosis_method", "dermoscopy"),
    ("concern.2.diagnosis_date", "2026-11-02"),
    ("patient.medications.0.name", "doxycycline"),
    ("patient.medications.2.name", "isotretinoin"),
    ("patient.medications.2.last_dose_months", "14"),
    ("patient.history", "herpes-labialis"),
    ("patient.history", "keloid"),
    ("patient.keloid_decision.by", "dermatologist"),
    ("patient.keloid_decision.date", "2026-11-02"),
    ("patient.keloid_decision.allows", "fractional-ablative"),
    ("test_spot.1.device", "pulsed-dye-595"),
    ("test_spot.1.site", "cheeks"),
    ("test_spot.1.fluence_J_cm2", "7,5"),
    ("test_spot.1.pulse_ms", "6"),
    ("test_spot.1.spot_mm", "7"),
    ("test_spot.1.read_after_h", "72"),
    ("test_spot.1.reaction", "purpura"),
    ("session.0.treats", "facial-telangiectasia"),
    ("session.0.week", "0"),
    ("session.0.device", "pulsed-dye-595"),
    ("session.0.wavelength_nm", "595"),
    ("session.0.fluence_J_cm2", "7"),
    ("session.0.response_pct", "-5"),
    ("session.0.adverse", "a blister on the nose"),
    ("clinic.phone", "+31 20 555 0100"),
    ("clinic.devices", "ktp-532"),
    ("clinic.devices", "pulsed-dye-595"),
]
FULL_TABLES = {
    "patient": {
        "age_years": 52.0,
        "sex": "female",
        "phototype": "III-IV",
        "ita_deg": 31.5,
        "tan": "recent",
        "downtime_days_accepted": 3.0,
        "expectation": "noticeable",
        "lactating": True,
        "history": ["herpes-labialis", "keloid"],
        "keloid_decision": {"by": "dermatologist", "date": "2026-11-02", "allows": ["fractional-ablative"]},
        "medications": [{"name": "doxycycline"}, {"name": "isotretinoin", "last_dose_months": 14.0}],
    },
    "concern": [
        {
            "condition": "facial-telangiectasia",
            "site": "cheeks",
            "subtypes": ["blue", "over-1-mm"],
            "severity": "moderate-severe",
            "area_cm2": 40.0,
        },
        {
            "condition": "age-spots",
            "site": "nose",
            "lesion_signs": ["new", "irregular"],
            "diagnosed": True,
            "diagnosed_by": 'a "dermatologist" & <others>',
            "diagnosis_method": "dermoscopy",
            "diagnosis_date": "2026-11-02",
        },
    ],
    "test_spot": [
        {
            "device": "pulsed-dye-595",
            "site": "cheeks",
            "fluence_J_cm2": 7.5,
            "pulse_ms": 6.0,
            "spot_mm": 7.0,
            "read_after_h": 72.0,
            "reaction": "purpura",
        }
    ],
    "session": [
        {
            "treats": "facial-telangiectasia",
            "week": 0.0,
            "device": "pulsed-dye-595",
            "wavelength_nm": 595.0,
            "fluence_J_cm2": 7.0,
            "response_pct": -5.0,
            "adverse": ["a blister on the nose"],
        }
    ],
    "clinic": {"phone": "+31 20 555 0100", "devices": ["ktp-532", "pulsed-dye-595"]},
}


class Form(html.parser.HTMLParser):
    """What a browser would send back from a page, and what the page says."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.filled: list[tuple[str, str]] = []
        self.labels: set[str] = set()
        self.ids: list[str] = []
        self.controls: dict[str, Mapping[str, str | None]] = {}
        self.tags: list[str] = []
        self.words = ""
        self._select = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        seen = dict(attrs)
        if "id" in seen:
            self.ids.append(str(seen["id"]))
        if tag == "label":
            self.labels.add(str(seen["for"]))
        if tag in ("input", "select") and "name" in seen:
            self.controls[str(seen.get("id", seen["name"]))] = seen
        if tag == "select":
            self._select = str(seen["name"])
        elif tag == "option" and "selected" in seen:
            self.filled.append((self._select, str(seen["value"])))
        elif tag == "input" and "name" in seen:
            ticked = seen["type"] == "checkbox" and "checked" in seen
            if ticked or (seen["type"] in ("text", "tel", "date") and seen["value"]):
                self.filled.append((str(seen["name"]), str(seen["value"])))

    def handle_data(self, data: str) -> None:
        self.words += data


class Planner:
    """Stands in for the planning of a case, which takes seconds; counts how many plans are made at once."""

    def __init__(self) -> None:
        self.made = self.at_once = self.most_at_once = 0
        self.seconds = 0.0
        self.fault: Exception | None = None
        self.cases: list[CheckedConsultation] = []

    def __call__(self, sent: Submission, home: Path, on_progress: Callable[[str], None], language: str) -> NewPlan:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            self.cases.append(
                check_consultation(case_from_form(sent, home), home / PHOTOGRAPH_FILE if sent.photo else None)
            )
            begun = time.monotonic()
            while time.monotonic() - begun < self.seconds:
                on_progress("redness, cheeks: first look")
                time.sleep(0.01)
            if self.fault is not None:
                raise self.fault
        finally:
            self.at_once -= 1
        self.made += 1
        return made_plan()


@functools.cache
def made_plan() -> NewPlan:
    """The plan of the samples, and files that look like its reports."""
    plan, report = sample(), b"<html>\n<body>\n<p>report</p>\n"
    files = dict.fromkeys(PLAN_FILES, report) | {"plan.json": json.dumps(sample_plan()).encode()}
    return NewPlan(plan.case_sha256, plan.plan_sha256, plan.version, plan.seed, plan.draws, MappingProxyType(files))


def grouped(entries: list[tuple[str, str]]) -> dict[str, list[str]]:
    return {name: [text for key, text in entries if key == name] for name, _ in entries}


def capture_servers(monkeypatch: pytest.MonkeyPatch) -> list[uvicorn.Config]:
    """Return the list to which each server adds how it is configured, in place of being run."""
    configured: list[uvicorn.Config] = []

    class Captured(server._Server):
        def run(self, sockets: Any = None) -> None:
            configured.append(self.config)
            for one in sockets:
                one.close()

    monkeypatch.setattr(server, "_Server", Captured)
    return configured
