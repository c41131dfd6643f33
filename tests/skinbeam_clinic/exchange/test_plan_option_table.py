"""Tables of a clinic: a row for each option, nobody's in particular, the same numbers as the plan."""

import csv
import datetime
import io
import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

import pyarrow.parquet as pq
import pytest
from exchange_samples import AT, CONSULTATION, OPTIONS, OWNER, PATIENT, PLAN
from hypothesis import given, settings
from hypothesis import strategies as st

from skinbeam_clinic.exchange.parquet import write_parquet
from skinbeam_clinic.exchange.plan_option_table import SMALLEST_GROUP, PlanOptionRow, plan_option_csv, plan_option_rows
from skinbeam_clinic.follow_ups.models import (
    AestheticChange,
    FollowUp,
    FollowUpMoment,
    ImprovementQuarter,
    PatientReport,
    SelfRating,
)
from skinbeam_clinic.models import (
    Consent,
    ConsentAnswers,
    ConsultationContents,
    Dossier,
    PlanChoice,
    PlanContents,
    PlanRecord,
)
from skinbeam_clinic.pulse_settings import OrderedSettings, PulseSettings
from skinbeam_clinic.treatments.models import (
    AdverseEvent,
    AdverseEventGrade,
    AdverseEventSource,
    AreaFiring,
    TreatedArea,
    Treatment,
    TreatmentOrder,
    TreatmentState,
)


def dossier(number: int, plan: bytes = PLAN, *, plans: int = 1, notes: str = OWNER) -> Dossier:
    """A made-up patient with plans; the last option was chosen and agreed to."""
    patient = replace(PATIENT, id=f"{977 * number:032x}", pseudonym=f"Heron-{number}")
    plan_contents, consents = [], []
    for one in range(plans):
        id = f"{10 * number + one:032x}"
        made = PlanRecord(id, CONSULTATION.id, 1, "c" * 64, "p" * 64, "0.2.0", 0, 200, {"plan.json": "kept"}, AT, "Ann")
        choices = tuple(PlanChoice(f"{id}{i}", id, option, notes, AT, "Ann") for i, option in enumerate(("0.0", "0.1")))
        plan_contents.append(PlanContents(made, {"plan.json": plan}, choices))
        signed = {
            "answers": ConsentAnswers(person=OWNER),
            "signature_kind": "typed",
            "signature": b"",
            "document": "kept",
        }
        about = {"explained_at": AT, "explained_by": "Ann", "not_before": AT, "told": (), "signed_at": AT}
        void = (
            {"void_reason": None, "voided_at": None}
            if one == plans - 1
            else {"void_reason": "new-plan", "voided_at": AT}
        )
        consents.append((Consent(id, id, "0.1", "p" * 64, signed_by="Ann", **about, **signed, **void), None))
    return Dossier(patient, (ConsultationContents(CONSULTATION, (), tuple(plan_contents), tuple(consents)),))


def of(sex: str, age_years: float = 46) -> bytes:
    plan = json.loads(PLAN)
    return json.dumps(plan | {"assessment": plan["assessment"] | {"sex": sex, "age_years": age_years}}).encode()


@pytest.fixture(scope="module")
def rows() -> tuple[PlanOptionRow, ...]:
    return plan_option_rows([dossier(number, plans=2) for number in range(1, SMALLEST_GROUP + 1)])


def test_there_is_a_row_for_each_option_with_the_numbers_of_its_plan(rows: tuple[PlanOptionRow, ...]) -> None:
    plan = json.loads(PLAN)
    options = [(concern, option) for concern in plan["concerns"] for option in concern["options"]]
    assert len(rows) == SMALLEST_GROUP * 2 * len(options) == SMALLEST_GROUP * 2 * len(OPTIONS)
    for row, (concern, option) in zip(rows, options * 2 * SMALLEST_GROUP, strict=True):
        assert (row.condition, row.site, row.modality) == (concern["condition"], concern["site"], option["modality"])
        assert row.device == option.get("device")
        assert row.fluence_J_cm2 == option["settings"].get("fluence_J_cm2")
        assert row.p_effective == option["p_effective"].get("median")
        assert row.p_harm_high == option["p_harm"].get("high")
        assert row.p_half_low == option["expected"]["p_at_least"]["50"].get("low")


def test_what_was_chosen_last_and_agreed_to_is_marked(rows: tuple[PlanOptionRow, ...]) -> None:
    mine = [row for row in rows if row.person == 1]
    assert [row.chosen for row in mine] == [False, True, False, False] * 2
    assert [row.consent for row in mine] == [None, "void", None, None, None, "signed", None, None]
    assert [row.last for row in mine] == [False] * 4 + [True] * 4


def test_what_was_done_and_came_of_it_stands_with_its_option() -> None:
    one = dossier(1)
    (held,) = one.consultations
    fired = AreaFiring(site="cheeks", settings=PulseSettings(fluence_J_cm2=8.0), endpoint="seek", pain_0_10=6.0)
    areas = (
        TreatedArea("a1", replace(fired, pain_0_10=9.0), (), AT, "Ann"),
        TreatedArea("a2", replace(fired, corrects="a1"), (), AT, "Ann"),
    )
    event = AdverseEvent(
        "e1",
        "t1",
        "",
        AdverseEventSource.DIARY,
        "pih",
        AdverseEventGrade.SEVERE,
        "",
        "",
        AT,
        AT,
        "Ann",
        resolved_at=None,
        resolved="",
    )
    treatment = Treatment(
        id="t1",
        consultation_id=CONSULTATION.id,
        plan_id=held.plans[0].plan.id,
        option="0.1",
        consent_id="c",
        appointment_id=None,
        machine_id=None,
        device=None,
        serial=None,
        number=1,
        state=TreatmentState.DONE,
        ordered=TreatmentOrder("redness", "cheeks", "x", OrderedSettings()),
        answers=(),
        areas=areas,
        events=(replace(event, id="e0", grade=AdverseEventGrade.MILD), event),
        notes=(),
        created_at=AT,
        created_by="Ann",
        started_at=AT,
        started_by="Ann",
        ended_at=AT,
        ended_by="Ann",
    )
    report = PatientReport(
        SelfRating(5, 1), None, ImprovementQuarter.FOURTH, AestheticChange.BETTER, 4, "", True, AT, "Ann"
    )
    course = ("t1", held.plans[0].plan.id, "0.1", AT)
    seen = FollowUp("f", CONSULTATION.id, *course, FollowUpMoment.AFTER, 6.0, AT, "Ann", report)
    before = replace(seen, id="b", moment=FollowUpMoment.BEFORE, seen_at=AT + datetime.timedelta(days=9), said=None)
    after = replace(held, treatments=(treatment, replace(treatment, id="t2", areas=())), follow_ups=(seen, before))
    rows = plan_option_rows([replace(one, consultations=(after,))])
    assert [row.sessions for row in rows] == [None, 1, None, None]
    row = rows[1]
    assert (row.pain_0_10, row.adverse_events, row.worst_grade) == (6.0, 2, "severe"), "a corrected row counts no more"
    outcome = (row.months_after, row.improvement_low_pct, row.improvement_high_pct, row.improvement_rater)
    assert outcome == (6.0, 75.0, 100.0, "patient")


@settings(max_examples=15)
@given(st.lists(st.sampled_from(["female", "male", "other"]), min_size=1, max_size=14))
def test_no_traits_stand_there_that_fewer_than_five_share(sexes: list[str]) -> None:
    rows = plan_option_rows(dossier(number, PLANS[sex]) for number, sex in enumerate(sexes, 1))
    shown = {row.person: (row.age_from_years, row.sex, row.phototype) for row in rows}
    assert len(shown) == len(sexes)
    for sex in set(sexes):
        there = sum(traits == (40, sex, "III") for traits in shown.values())
        assert there == (sexes.count(sex) if sexes.count(sex) >= SMALLEST_GROUP else 0)
    few = sum(sexes.count(sex) for sex in set(sexes) if sexes.count(sex) < SMALLEST_GROUP)
    assert sum(traits == (None, None, None) for traits in shown.values()) == few


PLANS: Mapping[str, bytes] = {sex: of(sex) for sex in ("female", "male", "other")}


def test_nobody_is_named(rows: tuple[PlanOptionRow, ...]) -> None:
    table = plan_option_csv(rows).decode()
    for secret in (OWNER, "Heron", "Ann", PATIENT.id, "1984", "2026-11"):
        assert secret not in table


def test_a_number_tells_no_time() -> None:
    """People come in the order in which they were added; their numbers follow names that are drawn by chance."""
    late, early = dossier(1), dossier(2)
    assert plan_option_rows([late, early]) == plan_option_rows([early, late])


def as_written(value: Any) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def test_both_files_hold_the_same_rows(rows: tuple[PlanOptionRow, ...]) -> None:
    expected = [asdict(row) for row in rows]
    table = pq.read_table(io.BytesIO(write_parquet(rows)))
    assert table.to_pylist() == expected
    written = list(csv.DictReader(io.StringIO(plan_option_csv(rows).decode())))
    assert written == [{name: as_written(value) for name, value in row.items()} for row in expected]
    assert plan_option_csv(()).decode().count("\n") == 1
    assert pq.read_table(io.BytesIO(write_parquet(()))).column_names == list(expected[0])
