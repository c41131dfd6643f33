"""A clinic's plans and choices as one anonymous table for statistics, with a row for each option of each plan.

People and plans are numbered in the order of random ids, so that a number reveals no time. Age, sex and phototype are
included only where at least `SMALLEST_GROUP` people of the table share all three.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from skinbeam.model.estimate import Unknown, Value
from skinbeam.plan_records.course import DeviceSetup
from skinbeam.plan_records.document import read_plan
from skinbeam.plan_records.plan import Assessment, ConcernPlan
from skinbeam_clinic.clinic_transfer.csv_files import write_csv
from skinbeam_clinic.follow_ups.models import FollowUpMoment, ImprovementRange, leading_improvement
from skinbeam_clinic.models import ConsultationContents, Dossier, PlanContents
from skinbeam_clinic.plans.option_ref import OptionRef
from skinbeam_clinic.treatments.models import AdverseEventGrade

__all__ = ["SMALLEST_GROUP", "PlanOptionRow", "plan_option_csv", "plan_option_rows"]

SMALLEST_GROUP = 5
_GRADES = tuple(AdverseEventGrade)  # the worst last
_AGE_STEP_YEARS = 10


@dataclass(frozen=True, kw_only=True)
class PlanOptionRow:
    """An option of a plan; None where a value is unknown or does not apply.

    Parameters
    ----------
    person, plan : numbers, which differ in a later export once somebody was added.
    last : whether no later plan of the consultation replaces this one.
    age_from_years : the decade, by its first year.
    p_effective, p_harm : shares of the simulated skins that reach the target, and that break a limit.
    p_half : share of people whom trials saw improve by half.
    consent : explained, signed or void; empty where consent was not discussed.
    sessions : treatments of this option in which something was fired; None where there was none.
    pain_0_10 : the worst pain reported in them.
    adverse_events, worst_grade : after them.
    months_after, improvement_low_pct, improvement_high_pct, improvement_rater : of the last follow-up, as returned by
        `leading_improvement`.
    """

    person: int = 0
    plan: int = 0
    year: int
    version: str
    last: bool
    age_from_years: int | None = None
    sex: str | None = None
    phototype: str | None = None
    condition: str
    site: str
    severity: str | None = None
    rank: int
    modality: str
    device: str | None = None
    wavelength_nm: float | None = None
    pulse_ms: float | None = None
    fluence_J_cm2: float | None = None
    spot_mm: float | None = None
    microbeam_mJ: float | None = None
    microbeams_per_cm2: float | None = None
    passes: int | None = None
    p_effective: float | None = None
    p_effective_low: float | None = None
    p_effective_high: float | None = None
    p_harm: float | None = None
    p_harm_low: float | None = None
    p_harm_high: float | None = None
    p_half: float | None = None
    p_half_low: float | None = None
    p_half_high: float | None = None
    chosen: bool
    consent: str | None = None
    sessions: int | None = None
    pain_0_10: float | None = None
    adverse_events: int | None = None
    worst_grade: str | None = None
    months_after: float | None = None
    improvement_low_pct: float | None = None
    improvement_high_pct: float | None = None
    improvement_rater: str | None = None


def plan_option_rows(dossiers: Iterable[Dossier]) -> tuple[PlanOptionRow, ...]:
    """Return the rows of a clinic's patients."""
    rows: list[tuple[str, str, PlanOptionRow]] = []
    traits: dict[str, _Traits] = {}
    for dossier in dossiers:
        for consultation in dossier.consultations:
            for contents in consultation.plans:
                plan = read_plan(json.loads(contents.files["plan.json"]))
                traits[dossier.patient.id] = _read_traits(plan.assessment)
                rows += [
                    (dossier.patient.id, contents.plan.id, row)
                    for row in _consultation_rows(consultation, contents, plan.concerns)
                ]
    people = _number_patients(id for id, _, _ in rows)
    plans = _number_patients(id for _, id, _ in rows)
    shared = Counter(traits.values())
    published = {id: own if shared[own] >= SMALLEST_GROUP else _Traits() for id, own in traits.items()}
    numbered = (
        replace(row, person=people[patient], plan=plans[plan], **asdict(published[patient]))
        for patient, plan, row in rows
    )
    return tuple(sorted(numbered, key=lambda row: (row.person, row.plan)))


def plan_option_csv(rows: Iterable[PlanOptionRow]) -> bytes:
    """Return the rows as CSV for programs of statistics."""
    columns = tuple(field.name for field in fields(PlanOptionRow))
    return write_csv(columns, (tuple(asdict(row).values()) for row in rows), for_spreadsheets=False)


@dataclass(frozen=True)
class _Traits:
    """Traits that could identify a person."""

    age_from_years: int | None = None
    sex: str | None = None
    phototype: str | None = None


def _read_traits(assessed: Assessment) -> _Traits:
    age = int(assessed.age_years // _AGE_STEP_YEARS * _AGE_STEP_YEARS)
    return _Traits(age, _value_or_none(assessed.sex), _value_or_none(assessed.phototype))


def _number_patients(ids: Iterable[str]) -> dict[str, int]:
    return {id: number for number, id in enumerate(sorted(set(ids)), 1)}


def _consultation_rows(
    consultation: ConsultationContents, contents: PlanContents, concerns: tuple[ConcernPlan, ...]
) -> Iterator[PlanOptionRow]:
    chosen = {ref.concern: ref for choice in contents.choices if (ref := OptionRef.find(choice.option)) is not None}
    for place, concern in enumerate(concerns):
        for number, option in enumerate(concern.options):
            here = OptionRef(place, number)
            row = PlanOptionRow(
                year=contents.plan.made_at.year,
                version=contents.plan.version,
                last=contents is consultation.plans[-1],
                condition=concern.condition,
                site=concern.site,
                severity=_value_or_none(concern.severity),
                rank=option.rank,
                modality=option.modality,
                chosen=chosen.get(place) == here,
                consent=_consent_state(consultation, contents, str(here)),
                **_interval_columns("p_effective", option.p_effective),
                **_interval_columns("p_harm", option.p_harm),
                **_interval_columns("p_half", option.expected.p_at_least["50"]),
            )
            yield _add_outcome(_add_setting(row, option.setup), consultation, contents, str(here))


def _add_setting(row: PlanOptionRow, setup: DeviceSetup | None) -> PlanOptionRow:
    if setup is None:
        return row
    settings, beam = setup.settings, setup.settings.columns
    return replace(
        row,
        device=setup.device,
        wavelength_nm=setup.wavelength_nm,
        pulse_ms=settings.pulse_ms,
        fluence_J_cm2=settings.fluence_J_cm2,
        spot_mm=settings.spot_mm,
        microbeam_mJ=None if beam is None else beam.energy_mJ,
        microbeams_per_cm2=None if beam is None else beam.density_per_cm2,
        passes=settings.passes,
    )


def _interval_columns(name: str, value: Value) -> dict[str, Any]:
    """Return the columns of an estimate; none of what is unknown."""
    if isinstance(value, Unknown):
        return {}
    return {name: value.median, f"{name}_low": value.low, f"{name}_high": value.high}


def _consent_state(consultation: ConsultationContents, contents: PlanContents, option: str) -> str | None:
    consents = [
        consent
        for consent, _ in consultation.consents
        if (consent.plan_id, consent.option) == (contents.plan.id, option)
    ]
    if not consents:
        return None
    return "void" if consents[-1].void_reason else "signed" if consents[-1].signed_at else "explained"


def _add_outcome(
    row: PlanOptionRow, consultation: ConsultationContents, contents: PlanContents, option: str
) -> PlanOptionRow:
    """Return the row with treatments and outcome of its option, without areas that were struck out."""
    treatments = [
        each
        for each in consultation.treatments
        if (each.plan_id, each.option) == (contents.plan.id, option) and each.valid_areas
    ]
    if not treatments:
        return row
    pain = [
        area.fired.pain_0_10 for each in treatments for area in each.valid_areas if area.fired.pain_0_10 is not None
    ]
    grades = [event.grade for each in treatments for event in each.events]
    worst = max(grades, key=_GRADES.index).value if grades else None
    row = replace(
        row,
        sessions=len(treatments),
        pain_0_10=max(pain, default=None),
        adverse_events=len(grades),
        worst_grade=worst,
    )
    after = [each for each in consultation.follow_ups if each.moment is FollowUpMoment.AFTER]
    seen = [each for each in after if (each.plan_id, each.option) == (contents.plan.id, option)]
    if not seen:
        return row
    last = max(seen, key=lambda each: each.seen_at)
    row, better = replace(row, months_after=last.months_after), leading_improvement(last)
    if not isinstance(better, ImprovementRange):
        return row
    return replace(
        row,
        improvement_low_pct=better.low_pct,
        improvement_high_pct=better.high_pct,
        improvement_rater=better.rater,
    )


def _value_or_none(value: str | Unknown) -> str | None:
    return None if isinstance(value, Unknown) else value
