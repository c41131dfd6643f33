"""Convert a patient's records to rows of a case file: `[[test_spot]]` and `[[session]]`.

The records of all consultations of a patient count, since the skin is the same.
"""

import datetime
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from skinbeam.assessment.questionnaire import sites_overlap
from skinbeam.assessment.reactions import earlier_reactions
from skinbeam.model.case import Case
from skinbeam.model.consultation import Clinic, EarlierSession, EarlierTestSpot
from skinbeam.model.errors import InputError
from skinbeam.model.input_files import parse_record
from skinbeam_clinic.consultations.forms import CaseRow, Submission, row_kind, row_values
from skinbeam_clinic.follow_ups.models import FollowUp, FollowUpMoment, ImprovementRange, leading_improvement
from skinbeam_clinic.models import ConsultationRecord
from skinbeam_clinic.patients.typed_rows import is_close, pair_rows, typed_rows
from skinbeam_clinic.pulse_settings import DOSES, case_session, case_test_spot
from skinbeam_clinic.test_spots.models import TestSpotRecord
from skinbeam_clinic.treatments.models import (
    ADVERSE_KINDS,
    AdverseEvent,
    AdverseEventGrade,
    AreaFiring,
    TreatedArea,
    Treatment,
)
from skinbeam_clinic.used_cooling import CoolingChange

__all__ = [
    "LONGEST_ADVERSE",
    "History",
    "HistoryFact",
    "IncompleteRow",
    "case_from_fact",
    "list_incomplete_rows",
    "list_session_facts",
    "list_spot_facts",
    "list_typed_facts",
]

LONGEST_ADVERSE = 100  # characters of a text in a case file
_SERIOUSNESS = ("expected", "sign", "unread", "harm")
_CASE_ROWS: Mapping[str, type[CaseRow]] = {"test_spot": EarlierTestSpot, "session": EarlierSession}


@dataclass(frozen=True)
class HistoryFact:
    """A row of the case file made from a stored test spot or treatment.

    Parameters
    ----------
    record : name of the record in the audit log.
    path : address of the page that shows it.
    plan_id : the plan under which it was done.
    option, site : position of the option in the plan, and the site of its concern; empty for a test spot. Of what was
        fired beside that site, the option is empty.
    serious_events : adverse events of it that were graded as more than mild.
    is_also : whether it is of another concern that the same pulses treated, whose harms the row of their own one tells.
    is_spared : the skin may have been spared by another cooling than planned, so the row has no dose.
    """

    record: str
    row: CaseRow
    fired_at: datetime.datetime
    path: str
    plan_id: str
    option: str = ""
    site: str = ""
    serious_events: tuple[AdverseEvent, ...] = ()
    is_spared: bool = False
    is_also: bool = False

    @property
    def kind(self) -> str:
        """The table of the case file."""
        return row_kind(self.row)

    def row_on(self, day: datetime.datetime) -> CaseRow:
        """Return the row as it stands in a case of some day: a session with its site and how long ago it was.

        One that was typed into another record has both as they were typed, and is older by now. Of one that came after
        that day the case does not say how long ago it was.
        """
        if not isinstance(self.row, EarlierSession):
            return self.row
        ago = 0.0 if self.plan_id else self.row.weeks_ago
        if day < self.fired_at:
            ago = None
        elif ago is not None:
            ago = round(ago + (day - self.fired_at).days / 7, 2)
        return self.row.model_copy(update={"site": self.site or self.row.site, "weeks_ago": ago})

    @property
    def values(self) -> dict[str, Any]:
        """What is given of the row, by name, as JSON holds it."""
        return row_values(self.row)


@dataclass(frozen=True)
class IncompleteRow:
    """A row that was typed into a consultation of another record, and that is no complete row of a case file.

    Parameters
    ----------
    field : the first form field of it that is missing or wrong.
    values : what it says, as far as it is filled in.
    typed_at : when its consultation began.
    """

    kind: str
    field: str
    values: Mapping[str, Any]
    typed_at: datetime.datetime
    path: str

    def is_contained_in(self, row: CaseRow) -> bool:
        """Return whether a complete row holds all values of this one; its weeks may have another origin."""
        row_fields, names = row_values(row), self.values.keys() - {"week", "weeks_ago"}
        return row_kind(row) == self.kind and all(
            _is_same_value(row_fields.get(name), self.values[name]) for name in names
        )


@dataclass(frozen=True)
class History:
    """What is known of a person's skin from their records.

    Parameters
    ----------
    facts : the rows that enter a plan, oldest first.
    incomplete : rows typed into other records of the person, which no plan can take in until somebody completes them.
    """

    facts: tuple[HistoryFact, ...]
    incomplete: tuple[IncompleteRow, ...] = ()

    def list_incomplete(self, submission: Submission) -> tuple[IncompleteRow, ...]:
        """Return the incomplete rows that neither the records nor the answers of a form say completely."""
        known = _rows_then(self.facts)
        for kind in _CASE_ROWS:
            typed = (_parse_typed(kind, row.values) for row in typed_rows(submission, kind).values())
            known += [row for row in typed if not isinstance(row, InputError)]
        return tuple(incomplete for incomplete in self.incomplete if not any(map(incomplete.is_contained_in, known)))


def list_spot_facts(spots: Sequence[TestSpotRecord]) -> list[HistoryFact]:
    """Return a row for each test spot that was read.

    A plan computes its pulses with the planned cooling. So a spot without a sign of harm that another cooling may have
    protected is no row: the plan would take its dose as borne. What harmed with such a cooling is one.
    """
    return [fact for spot in spots if spot.readings and _is_informative(spot, fact := _spot_fact(spot))]


def _is_informative(spot: TestSpotRecord, fact: HistoryFact) -> bool:
    """Return whether the reaction to a spot is informative about the planned cooling."""
    return not _may_spare(spot.firing.cooling_change) or _harms(fact)


def _may_spare(change: CoolingChange | None) -> bool:
    return change is not None and change.may_protect_more


def _harms(fact: HistoryFact) -> bool:
    """Return whether a reaction is more than what such light usually leaves."""
    return _seriousness(fact) > _SERIOUSNESS.index("expected")


def _spot_fact(spot: TestSpotRecord) -> HistoryFact:
    """Return a spot with its most serious reading: an injury counts even after it has healed."""
    path = f"/consultations/{spot.consultation_id}/test-spots"
    name, firing = f"test_spot/{spot.id}", spot.firing
    rows = (
        case_test_spot(
            firing.settings, round(spot.hours(reading), 1), reading.reaction, file="records", ita_deg=firing.ita_deg
        )
        for reading in spot.readings
    )
    facts = [HistoryFact(name, row, spot.fired_at, path, firing.plan_id) for row in rows]
    return max(reversed(facts), key=_seriousness)  # the last of several equally serious readings


def list_typed_facts(consultations: Sequence[ConsultationRecord], recorded: Sequence[HistoryFact]) -> list[HistoryFact]:
    """Return a row for each earlier session and test spot that was typed into consultations of another record.

    Of each record and table, the newest consultation that has such rows counts, as for the next consultation of a
    patient (`carry_past_sessions`). A row that says no more than a recorded one is left out, and so is one that is no
    complete row of a case file (`list_incomplete_rows`).
    """
    facts = []
    for consultation, kind in _list_newest(consultations):
        typed = typed_rows(consultation.answers, kind)
        rows = [fact for fact in recorded if fact.kind == kind]
        known = {number: rows[index] for index, number in pair_rows(_rows_then(rows), typed).items()}
        for number, values in typed.items():
            row = _parse_typed(kind, values.values)
            if isinstance(row, InputError):
                continue
            if number not in known or _seriousness_of(row) > _seriousness(known[number]):
                facts.append(
                    HistoryFact(
                        f"consultation/{consultation.id}",
                        row,
                        consultation.created_at,
                        f"/consultations/{consultation.id}",
                        "",
                    )
                )
    return facts


def _rows_then(facts: Sequence[HistoryFact]) -> list[CaseRow]:
    """Return rows as they stood on the day of each, with the site of a session."""
    return [fact.row_on(fact.fired_at) for fact in facts]


def list_incomplete_rows(consultations: Sequence[ConsultationRecord]) -> list[IncompleteRow]:
    """Return the rows of consultations of another record that `list_typed_facts` cannot read.

    The form would not let a plan be made with such a row of its own. In a closed record nobody can complete it any
    more, so it is told, and whoever plans completes it in the record that is kept.
    """
    incomplete = []
    for consultation, kind in _list_newest(consultations):
        for number, typed in typed_rows(consultation.answers, kind).items():
            error = _parse_typed(kind, typed.values)
            if isinstance(error, InputError):
                field = f"{kind}.{number}.{error.field.partition('[')[0]}"
                incomplete.append(
                    IncompleteRow(
                        kind, field, typed.values, consultation.created_at, f"/consultations/{consultation.id}"
                    )
                )
    return incomplete


def _list_newest(consultations: Sequence[ConsultationRecord]) -> list[tuple[ConsultationRecord, str]]:
    """Return the newest consultation of each record that has rows of a table, with the name of the table."""
    newest = {
        (consultation.patient_id, kind): consultation
        for consultation in consultations
        for kind in _CASE_ROWS
        if kind in consultation.answers.tables
    }
    return [(consultation, kind) for (_, kind), consultation in newest.items()]


def _parse_typed(kind: str, values: Mapping[str, object]) -> CaseRow | InputError:
    try:
        return parse_record(_CASE_ROWS[kind], values, file="records")
    except InputError as error:
        return error


def list_session_facts(treatments: Sequence[Treatment], follow_ups: Sequence[FollowUp]) -> list[HistoryFact]:
    """Return a row for each treatment in which something was fired, for each site beside that of its plan, and for
    each other concern that the same pulses treated.

    Weeks are counted from the first. Of the concern of the order the row of the plan's site comes last, since it may be
    judged.

    Parameters
    ----------
    follow_ups : follow-ups; the last graded one of a concern after a treatment gives the response of that concern, at
        the site of its plan.
    """
    fired = [
        (treatment.started_at, treatment)
        for treatment in treatments
        if treatment.started_at is not None and treatment.valid_areas
    ]
    first = min((at for at, _ in fired), default=None)
    if first is None:
        return []
    facts = []
    for at, treatment in fired:
        *others, (site, main) = _split_by_site(treatment)
        for other_site, part in others:
            facts.append(replace(_session_fact(part, at, at - first, ()), option="", site=other_site))
        facts.append(replace(_session_fact(main, at, at - first, follow_ups), site=site))
        facts += _also_facts(treatment, at, at - first, follow_ups)
    return facts


def _split_by_site(treatment: Treatment) -> list[tuple[str, Treatment]]:
    """Return each site that was treated with what was fired there: that of the plan last, or if it was not, the first.

    A site that shares skin with that of the plan counts as that of the plan.
    """
    areas, planned_site = treatment.valid_areas, treatment.ordered.site
    parts: dict[str, list[TreatedArea]] = {}
    for area in areas:
        site = planned_site if sites_overlap(area.fired.site, planned_site) else area.fired.site
        parts.setdefault(site, []).append(area)
    main = planned_site if planned_site in parts else next(iter(parts))
    in_order = sorted(parts.items(), key=lambda entry: entry[0] == main)
    return [(site, treatment.restrict_to(part)) for site, part in in_order]


def _also_facts(
    treatment: Treatment, at: datetime.datetime, since_first: datetime.timedelta, follow_ups: Sequence[FollowUp]
) -> Iterator[HistoryFact]:
    """Yield a row for each other concern that the pulses of a treatment treated, where they were fired at its site.

    It has the same dose and the same adverse events, which are told with the concern of the order.
    """
    for also in treatment.ordered.also:
        here = [area for area in treatment.valid_areas if sites_overlap(area.fired.site, also.site)]
        if here:
            about = replace(treatment.ordered, condition=also.condition, site=also.site)
            part = replace(treatment.restrict_to(here), ordered=about, option=also.option)
            yield replace(_session_fact(part, at, since_first, follow_ups), serious_events=(), is_also=True)


def _session_fact(
    treatment: Treatment, at: datetime.datetime, since_first: datetime.timedelta, follow_ups: Sequence[FollowUp]
) -> HistoryFact:
    """Return a treatment as one session with the lowest dose of its areas.

    A harm counts with the lowest dose of the areas where it was seen, however they were cooled, or of all areas where
    that is not known. Without a harm, the row claims no more than that the lowest dose was harmless to this skin.

    A plan computes that dose with the planned cooling. So where nothing harmed, the row has the lowest dose of the
    areas that no other cooling may have spared. Without such an area it has none: it counts as a session with its
    response, and no dose is borne.
    """
    mildest = min((area.fired for area in _list_affected_areas(treatment)), key=_dose)
    fact = _area_fact(treatment, mildest, at, since_first, follow_ups)
    if _harms(fact):
        return fact
    planned = [area.fired for area in treatment.valid_areas if not _may_spare(area.cooling_change)]
    if planned:
        return _area_fact(treatment, min(planned, key=_dose), at, since_first, follow_ups)
    return replace(fact, row=fact.row.model_copy(update=dict.fromkeys(DOSES)), is_spared=True)


def _list_affected_areas(treatment: Treatment) -> Sequence[TreatedArea]:
    """Return the areas at the sites of the adverse events; all of them where one names no site that was treated."""
    areas: list[TreatedArea] = []
    for event in treatment.events:
        here = [area for area in treatment.valid_areas if sites_overlap(area.fired.site, event.site)]
        if not here:
            return treatment.valid_areas
        areas += here
    return areas or treatment.valid_areas


def _area_fact(
    treatment: Treatment,
    mildest: AreaFiring,
    at: datetime.datetime,
    since_first: datetime.timedelta,
    follow_ups: Sequence[FollowUp],
) -> HistoryFact:
    """Return a treatment as one session with the dose of an area."""
    ordered = treatment.ordered
    # A patient's own rating is left out until a clinician has graded: whoever read it could no longer grade blind.
    after = [
        follow_up
        for follow_up in follow_ups
        if follow_up.is_of(treatment.id, treatment.option)
        and follow_up.moment is FollowUpMoment.AFTER
        and follow_up.grades
    ]
    last = max(reversed(after), key=lambda follow_up: follow_up.seen_at, default=None)
    improved = None if last is None else leading_improvement(last)
    row = case_session(
        replace(ordered.settings.pulse, **mildest.settings.numbers()),
        week=round(since_first / datetime.timedelta(weeks=1), 2),
        treats=ordered.condition,
        device=treatment.device or ordered.device,
        response_pct=_middle_pct(improved) if isinstance(improved, ImprovementRange) else None,
        adverse=tuple(dict.fromkeys(map(_describe_event, treatment.events))),
        cooling=None if mildest.cooling is None else mildest.cooling.kind.value,
        ita_deg=ordered.ita_deg,
    )
    grave = tuple(event for event in treatment.events if event.grade is not AdverseEventGrade.MILD)
    path = f"/treatments/{treatment.id}"
    return HistoryFact(
        f"treatment/{treatment.id}", row, at, path, treatment.plan_id, treatment.option, ordered.site, grave
    )


def _dose(fired: AreaFiring) -> tuple[float, float]:
    settings = fired.settings
    return settings.fluence_J_cm2 or 0.0, settings.energy_mJ or 0.0


def _describe_event(event: AdverseEvent) -> str:
    """Return an adverse event in the words of the case file; one without a kind of its own as it was written."""
    if event.kind == "other" and event.words:
        words = event.words.replace(";", ",")[:LONGEST_ADVERSE]
        return "".join(sign if sign.isprintable() else " " for sign in words)  # a case file has no line breaks
    return ADVERSE_KINDS[event.kind].case_words


def _middle_pct(improvement: ImprovementRange) -> float:
    """Return the middle of the graded range; of a worsening it is negative."""
    return (improvement.low_pct + improvement.high_pct) / 2


def _seriousness(fact: HistoryFact) -> int:
    return _seriousness_of(fact.row)


def _seriousness_of(row: CaseRow) -> int:
    return max((_SERIOUSNESS.index(reaction.meaning) for reaction in earlier_reactions(_case_from_row(row))), default=0)


def case_from_fact(fact: HistoryFact, clinic: Clinic | None = None) -> Case:
    """Return a case that contains this row alone, and the devices of a clinic."""
    return _case_from_row(fact.row, clinic)


def _case_from_row(row: CaseRow, clinic: Clinic | None = None) -> Case:
    if isinstance(row, EarlierTestSpot):
        return Case(test_spot=[row], clinic=clinic)
    return Case(session=[row], clinic=clinic)


def _is_same_value(stored: Any, typed: Any) -> bool:
    """Return whether a value of a complete row is the one that was typed, a number that nobody can read included."""
    if isinstance(typed, list):
        return set(typed) <= set(stored or ())
    return (isinstance(stored, float) and isinstance(typed, str)) or is_close(stored, typed)
