"""Records in sealed columns: what earlier versions wrote is read as it was, and is written as it was."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from skinbeam.model.errors import InputError
from skinbeam_clinic.access import AccessRight
from skinbeam_clinic.clinic_texts.repository import CONSENT_TEXT_CONTENT
from skinbeam_clinic.consents.repository import ANSWERS_CONTENT as CONSENT_ANSWERS_CONTENT
from skinbeam_clinic.consents.repository import TEACH_BACK_CONTENT
from skinbeam_clinic.consultations.forms import Submission
from skinbeam_clinic.consultations.repository import ANSWERS_CONTENT, ConsultationRepository
from skinbeam_clinic.consultations.suggestions import SUGGESTION_CONTENT
from skinbeam_clinic.database.clinic_access import ClinicAccess
from skinbeam_clinic.database.columns import canonical_json
from skinbeam_clinic.database.connection import Database
from skinbeam_clinic.database.sealed_record import SealedRecord
from skinbeam_clinic.database.tables import ConsultationRow, new_id
from skinbeam_clinic.database.treatment_tables import AdverseEventRow
from skinbeam_clinic.diaries.repository import NOTE_CONTENT
from skinbeam_clinic.follow_ups.models import AestheticChange, ImprovementQuarter, ScaleReading, SelfRating
from skinbeam_clinic.follow_ups.pair_analyses import PAIR_ANALYSIS_CONTENT
from skinbeam_clinic.follow_ups.sealed_content import FOLLOW_UP_CONTENT
from skinbeam_clinic.jobs.queue import PROGRESS_CONTENT
from skinbeam_clinic.models import ConsentAnswers, JobProgress, Member
from skinbeam_clinic.patients.repository import PatientRepository
from skinbeam_clinic.pulse_settings import PulseSettings
from skinbeam_clinic.test_spots.sealed_content import READINGS_CONTENT, SPOT_CONTENT
from skinbeam_clinic.treatments.models import AdverseEventGrade, BodySide
from skinbeam_clinic.treatments.sealed_content import (
    ADVERSE_EVENT_CONTENT,
    CHECKLIST_CONTENT,
    FIRED_CONTENT,
    NOTES_CONTENT,
    AdverseEventContent,
)

AT = "2026-03-04T05:06:07.000008+00:00"
MOMENT = datetime(2026, 3, 4, 5, 6, 7, 8, tzinfo=UTC)
ORDER = {
    "condition": "rosacea",
    "site": "cheeks",
    "device": "pulsed-dye-595",
    "settings": {"fluence_J_cm2": 7.5, "passes": 1.0},
    "allowed": {},
    "emitted": {"fluence_J_cm2": 40.0},
    "asked": ["spots"],
    "cooling": {"kind": "contact", "temperature_C": 5.0, "before_ms": 1000.0},
}
ANSWER = {"item": "eyewear", "answer": "yes", "words": "", "at": AT, "by": "m1"}
DECIDED = ANSWER | {"decision": {"why": "seen", "at": AT, "by": "m2"}}
FIRED = {
    "site": "cheeks",
    "side": "left",
    "settings": {"fluence_J_cm2": 8.5, "spot_mm": 7.0},
    "passes": None,
    "pulses": 12,
    "endpoint": "stop.0",
    "endpoint_words": "grey",
    "pain_0_10": 3.5,
    "words": "",
    "reason": "no purpura",
    "corrects": None,
    "why": "",
    "struck": False,
    "cooling": {"kind": "contact", "temperature_C": 12.0},
    "cooling_change": "weaker",
    "deviations": [{"name": "fluence_J_cm2", "planned": 7.5, "fired": 8.5, "hotter": True, "most": None}],
}
EVENT = {"kind": "burn", "grade": "moderate", "site": "cheeks", "words": "2 cm"}
GRADE = {
    "quarter": "51-75",
    "change": 2,
    "readings": [["vss", 6.0, None]],
    "notes": "",
    "hidden": True,
    "unseen": False,
    "treated": True,
    "at": AT,
    "by": "m1",
    "measured": False,
}
PAIR = {
    "refusal": None,
    "marks": [
        {
            "kind": "spots",
            "region": "cheek-right",
            "site": "cheeks",
            "outcome": "gone",
            "size_mm": 4.2,
            "finds": 3,
            "copies": 3,
            "contrast_change": [-0.25, -0.31, -0.19],
            "level": 0.95,
            "needs_examination": False,
            "message": {"id": "photo-pair.mark_gone", "params": {}},
        }
    ],
    "regions": [
        {
            "kind": "vessels",
            "region": "nose",
            "site": "nose",
            "direction": "weaker",
            "message": {"id": "photo-pair.weaker", "params": {}},
        }
    ],
    "version": "1",
}
REPORT = {
    "now": [7, 1, False],
    "before": [3, 5, True],
    "quarter": "76-100",
    "change": 1,
    "satisfied_1_5": 4,
    "words": "fine",
    "alone": True,
    "at": AT,
    "by": "patient",
    "days_away": 3,
}
FOLLOW_UP = {"moment": "after", "said": REPORT, "grades": [GRADE], "opened": ["m1"], "paired": []}
FIRING = {
    "plan_id": "p1",
    "settings": {"device": "pulsed-dye-595", "site": "cheeks", "wavelength_nm": 595.0, "fluence_J_cm2": 7.0},
    "read_after_h": 72.0,
    "consent": "oral",
    "planned": {"fluence_J_cm2": 6.5},
    "why": "no purpura",
    "cooling": {"kind": "none"},
    "cooling_change": "omitted",
}
READING = {"reaction": "purpura", "seen_at": AT, "read_by": "Ann", "note": "", "photograph_id": None}
SUGGESTION = {
    "condition": "age-spots",
    "site": "cheeks",
    "seen": ["3 brown spots"],
    "told": [{"id": "finding.told_spots", "params": {"count": 3, "low": 2.0}}],
}
CLINIC_TEXT = {"id": "t2", "text_id": "t1", "use": "consent", "treatment": "", "language": "de", "number": 2}
AS_WRITTEN: list[tuple[SealedRecord[Any], dict[str, Any]]] = [
    (CHECKLIST_CONTENT, {"ordered": ORDER, "answers": [DECIDED]}),
    (
        CHECKLIST_CONTENT,
        {
            "ordered": ORDER
            | {"also": [{"condition": "age-spots", "site": "cheeks", "option": "1.0"}], "ita_deg": 45.0},
            "answers": [],
        },
    ),
    (NOTES_CONTENT, {"notes": [{"words": "calm", "at": AT, "by": "m1"}]}),
    (FIRED_CONTENT, FIRED),
    (ADVERSE_EVENT_CONTENT, EVENT | {"resolved": "healed"}),
    (FOLLOW_UP_CONTENT, FOLLOW_UP),
    (FOLLOW_UP_CONTENT, FOLLOW_UP | {"said": None, "grades": []}),
    (FOLLOW_UP_CONTENT, FOLLOW_UP | {"option": "1.0"}),
    (SPOT_CONTENT, {"firing": FIRING, "by": "Ann of the other clinic", "struck": None}),
    (SPOT_CONTENT, {"firing": FIRING, "by": "", "struck": {"reason": "never fired", "at": AT, "by": "Ann"}}),
    (READINGS_CONTENT, {"readings": [READING, READING]}),
    (NOTE_CONTENT, {"pain": 3, "redness": "slight", "signs": ["blisters"], "question": "?"}),
    (TEACH_BACK_CONTENT, {"answers": {"harms": "a burn"}, "wrong": ["harms"]}),
    (
        SUGGESTION_CONTENT,
        SUGGESTION | {"severity": "moderate", "finding_regions": [["spots", "cheek-right"]], "to_be_seen": 1},
    ),
    (PAIR_ANALYSIS_CONTENT, PAIR),
    (PAIR_ANALYSIS_CONTENT, PAIR | {"refusal": {"id": "photo-pair.mirrored", "params": {}}, "marks": []}),
    (ANSWERS_CONTENT, {"entries": [["concern.0.site", "nose"], ["patient.history", "keloid"]], "photograph": "f1"}),
    (CONSENT_ANSWERS_CONTENT, {"photographs": ["care", "teaching"], "person": "Ann"}),
    (
        CONSENT_TEXT_CONTENT,
        CLINIC_TEXT
        | {"title": "Vorher", "text": "Eins.\n\nZwei.", "withdrawn": False, "written_at": AT, "written_by": "Ann"},
    ),
    (PROGRESS_CONTENT, {"said": "melasma, cheeks"}),
    (PROGRESS_CONTENT, {"plan": "p1"}),
    (PROGRESS_CONTENT, {"fault": {"code": "gave-up", "message": "m", "field": "job", "hint": "h"}}),
    (PROGRESS_CONTENT, {"fault": "OSError", "failed": 2, "sent": 1}),
]


@pytest.mark.parametrize(("sealed", "written"), AS_WRITTEN)
def test_a_record_is_written_again_as_it_was(sealed: SealedRecord[Any], written: dict[str, Any]) -> None:
    stored = canonical_json(written).encode()
    rewritten = sealed.to_json(sealed.from_json(stored))
    assert rewritten == stored, f"a new field stands with its default in this record of AS_WRITTEN: {rewritten!r}"


@pytest.mark.parametrize(("sealed", "written"), AS_WRITTEN)
def test_a_key_that_a_record_does_not_have_is_not_dropped(sealed: SealedRecord[Any], written: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="of-a-later-version"):
        sealed.from_json(canonical_json(written | {"of-a-later-version": 1}).encode())


def test_a_key_within_a_record_is_not_dropped_either() -> None:
    with pytest.raises(ValueError, match="of-a-later-version"):
        FOLLOW_UP_CONTENT.from_json(json.dumps(FOLLOW_UP | {"said": REPORT | {"of-a-later-version": 1}}).encode())


def test_a_setting_that_is_not_known_is_not_dropped() -> None:
    with pytest.raises(ValueError, match="colour"):
        FIRED_CONTENT.from_json(json.dumps(FIRED | {"settings": {"fluence_J_cm2": 8.5, "colour": 1.0}}).encode())


def test_fired_pulses_and_checklists_are_read_with_their_types() -> None:
    fired = FIRED_CONTENT.from_json(json.dumps(FIRED).encode())
    assert (fired.firing.side, fired.firing.settings.spot_mm, fired.firing.pulses) == (BodySide.LEFT, 7.0, 12)
    assert fired.deviations[0].pct == pytest.approx(100 / 7.5)  # one more than 7.5
    checklist = CHECKLIST_CONTENT.from_json(json.dumps({"ordered": ORDER, "answers": [ANSWER, DECIDED]}).encode())
    assert checklist.ordered.asked == ("spots",)
    assert [one.at for one in checklist.answers] == [MOMENT, MOMENT]
    first, second = (one.decision for one in checklist.answers)
    assert first is None
    assert second is not None
    assert second.by == "m2"


def test_rows_and_orders_of_versions_without_cooling_are_read_as_not_recorded_and_not_as_none() -> None:
    old = {name: value for name, value in FIRED.items() if not name.startswith("cooling")}
    fired = FIRED_CONTENT.from_json(json.dumps(old).encode())
    assert (fired.firing.cooling, fired.cooling_change) == (None, None)
    ordered = {name: value for name, value in ORDER.items() if name != "cooling"}
    checklist = CHECKLIST_CONTENT.from_json(json.dumps({"ordered": ordered, "answers": []}).encode())
    assert checklist.ordered.cooling is None


def test_a_setting_of_a_cooling_that_is_not_known_is_not_dropped() -> None:
    with pytest.raises(ValueError, match="pressure"):
        FIRED_CONTENT.from_json(json.dumps(FIRED | {"cooling": {"kind": "air", "pressure": 2.0}}).encode())


def test_an_event_without_an_outcome_is_read_as_one_that_lasts() -> None:
    content = ADVERSE_EVENT_CONTENT.from_json(json.dumps(EVENT).encode())
    assert content == AdverseEventContent("burn", AdverseEventGrade.MODERATE, "cheeks", "2 cm", resolved="")


def test_spots_suggestions_and_grades_without_later_keys_are_read() -> None:
    old = {name: value for name, value in FIRING.items() if not name.startswith("cooling")}
    spot = SPOT_CONTENT.from_json(json.dumps({"firing": old}).encode())
    assert (spot.firing.cooling, spot.firing.cooling_change) == (None, None), "not recorded, and not none"
    assert (spot.by, spot.struck, spot.firing.settings.fluence_J_cm2) == ("", None, 7.0)
    assert spot.firing.planned == PulseSettings(fluence_J_cm2=6.5)
    suggestion = SUGGESTION_CONTENT.from_json(json.dumps(SUGGESTION).encode())
    assert (suggestion.severity, suggestion.messages[0].params["count"]) == ("", 3)
    assert (suggestion.finding_regions, suggestion.to_be_seen) == ((), 0)
    first = {key: value for key, value in GRADE.items() if key != "measured"}
    said = {key: value for key, value in REPORT.items() if key != "days_away"}
    follow_up = FOLLOW_UP_CONTENT.from_json(json.dumps(FOLLOW_UP | {"grades": [first], "said": said}).encode())
    assert not follow_up.grades[0].measured
    assert follow_up.report is not None
    assert follow_up.report.days_away is None


def test_rows_that_were_stored_empty_are_read() -> None:
    """Consultations that began with no answer, jobs that were taken, and consents without answers were stored as {}."""
    assert ANSWERS_CONTENT.from_json(b"{}") == Submission()
    assert PROGRESS_CONTENT.from_json(b"{}") == JobProgress()
    assert CONSENT_ANSWERS_CONTENT.from_json(b"{}") == ConsentAnswers()


def test_answers_of_another_version_are_neither_shown_in_part_nor_saved_over(
    database: Database, operator: Member
) -> None:
    access = ClinicAccess(database, operator)
    patient = PatientRepository(access).add()
    made = ConsultationRepository(access).begin(patient.id)
    with access.writing(AccessRight.WRITE) as work:
        row = work.get(ConsultationRow, made.id)
        work.seal(row, "answers_sealed", b'{"entries": [], "photograph": "", "of-a-later-version": 1}')
        work.save(row, "consultation.saved")
    for attempt in (
        lambda: ConsultationRepository(access).get(made.id),
        lambda: ConsultationRepository(access).save(made.id, Submission(), revision=1),
    ):
        with pytest.raises(InputError) as raised:
            attempt()
        assert (raised.value.code, raised.value.field) == ("bad-answers", f"consultation/{made.id}")


def test_a_reading_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="timezone"):
        READINGS_CONTENT.from_json(json.dumps({"readings": [READING | {"seen_at": "2026-03-04T05:06:07"}]}).encode())


def test_a_follow_up_is_read_with_its_types() -> None:
    content = FOLLOW_UP_CONTENT.from_json(json.dumps(FOLLOW_UP).encode())
    (grade,), report = content.grades, content.report
    assert report is not None
    assert (report.now, report.before) == (SelfRating(7, 1), SelfRating(3, 5, remembered=True))
    assert (report.quarter, report.said_at, report.noted_by) == (ImprovementQuarter.FOURTH, MOMENT, "patient")
    assert (grade.change, grade.rater_id, grade.graded_at) == (AestheticChange.MUCH_BETTER, "m1", MOMENT)
    assert grade.readings == (ScaleReading("vss", 6.0, None),)
    assert not grade.blinded


def test_a_record_opens_at_its_own_row_alone(database: Database, operator: Member) -> None:
    content = AdverseEventContent("burn", AdverseEventGrade.MILD, "", "")
    with ClinicAccess(database, operator).writing(AccessRight.TREAT) as work:
        rows = [AdverseEventRow(clinic_id=work.clinic_id, id=new_id()) for _ in range(2)]
        for row in rows:
            work.seal_record(row, ADVERSE_EVENT_CONTENT, content)
        assert work.open_record(rows[0], ADVERSE_EVENT_CONTENT) == content
        rows[0].event_sealed = rows[1].event_sealed
        with pytest.raises(InputError) as raised:
            work.open_record(rows[0], ADVERSE_EVENT_CONTENT)
    assert raised.value.code == "altered-data"


def test_a_record_that_is_too_long_is_not_sealed() -> None:
    with pytest.raises(InputError) as raised:
        ADVERSE_EVENT_CONTENT.to_json(AdverseEventContent("burn", AdverseEventGrade.MILD, "", "x" * 5_001))
    assert (raised.value.code, raised.value.field) == ("too-long", "words")
