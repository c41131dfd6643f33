"""A clinician's grade: by photographs whose order is hidden, if there are any, and before the patient's grade is seen.

Which side the photograph of now stands on is drawn for each rater and follow-up. Who grades says which side looks
better and by how much; that it got worse is what comes out when the better one is from before. So nobody steers the
grade towards what was hoped for, not even without meaning to, and what was foretold is shown only afterwards.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from fastapi.responses import Response

from skinbeam.app.clinic.followed.follow_ups import option_of
from skinbeam.app.clinic.followed.pictures import beside
from skinbeam.app.clinic.gate import Gate
from skinbeam.app.clinic.visit import Visit, status_of
from skinbeam.errors import InputError
from skinbeam.evidence.studies.scales import Scale, scales_for
from skinbeam.records.faults import fault
from skinbeam.records.followed import Change, FollowUp, Moment, Quarter, Reading
from skinbeam.report.names import concern_name
from skinbeam.sources import cite

__all__ = ["add_grades"]

LEFT, RIGHT, NEITHER = "left", "right", "neither"


@dataclass(frozen=True)
class _Offered:
    """A scale that is offered, and where to find what its scores mean."""

    scale: Scale
    source: str


def add_grades(gate: Gate) -> None:
    """Open the routes of grades."""
    gate.add("GET", "/follow-ups/{follow_up}/grade", _page)
    gate.add("POST", "/follow-ups/{follow_up}/grade", _grade)


def _page(visit: Visit, error: InputError | None = None) -> Response:
    desk, one = visit.desk, visit.desk.follow_ups.get(visit.path("follow_up"))
    if one.moment is not Moment.AFTER:
        raise fault("not-treated", "follow-up")
    concern, _ = option_of(desk, one)
    swapped = _hidden(visit, one) and _after_left(visit, one)
    pictures = [(pair.after_id, pair.before_id) if swapped else (pair.before_id, pair.after_id) for pair in one.pairs]
    return visit.page(
        "followed/grade.html",
        200 if error is None else status_of(error),
        error=error,
        one=one,
        patient=desk.patients.get(desk.consultations.get(one.consultation_id).patient_id),
        concern=concern_name(concern),
        hidden=_hidden(visit, one),
        mine=one.graded_by(visit.signed.member.id),
        pictures=[beside(desk, *both, pair.id) for both, pair in zip(pictures, one.pairs, strict=True)],
        scales=[_Offered(scale, cite(scale.source).short) for scale in _scales(visit, one)],
        sent=dict(visit.sent),
    )


def _grade(visit: Visit) -> Response:
    one = visit.desk.follow_ups.get(visit.path("follow_up"))
    try:
        hidden = _hidden(visit, one)
        swapped = hidden and _after_left(visit, one)
        quarter, change = _compared(visit, after=LEFT if swapped else RIGHT) if hidden else _told(visit)
        readings = _readings(visit, _scales(visit, one), swapped=swapped)
        notes = visit.said("notes")
        visit.desk.follow_ups.grade(one.id, quarter, change, readings=readings, notes=notes, hidden=hidden)
    except InputError as error:
        if status_of(error) != 422:
            raise
        return _page(visit, error)
    return visit.go(f"/follow-ups/{one.id}")


def _hidden(visit: Visit, one: FollowUp) -> bool:
    """Whether the order of the photographs is hidden from who asks: not if they know it already."""
    id = visit.signed.member.id
    return bool(one.pairs) and one.graded_by(id) is None and id not in one.paired_by


def _after_left(visit: Visit, one: FollowUp) -> bool:
    """Whether the photographs of now stand on the left: as good as drawn, and the same whenever the page is asked."""
    return hashlib.sha256(f"{one.id}/{visit.signed.member.id}".encode()).digest()[0] % 2 == 0


def _scales(visit: Visit, one: FollowUp) -> tuple[Scale, ...]:
    concern, option = option_of(visit.desk, one)
    return scales_for(concern.condition, [study.study for study in option.expected.studies])


def _compared(visit: Visit, *, after: str) -> tuple[Quarter, Change]:
    """What comes out of a comparison of two sides."""
    better = visit.said("better")
    if better == NEITHER:
        return Quarter.FIRST, Change.SAME
    quarter, change = _told(visit)
    if better not in (LEFT, RIGHT) or quarter is Quarter.WORSE or change > Change.BETTER:
        raise fault("bad-answer", "better")
    return (quarter, change) if better == after else (Quarter.WORSE, Change.WORSE)


def _told(visit: Visit) -> tuple[Quarter, Change]:
    try:
        return Quarter(visit.said("quarter")), Change(int(visit.said("change")[:1] or 0))
    except ValueError:
        raise fault("bad-answer", "quarter") from None


def _readings(visit: Visit, offered: Sequence[Scale], *, swapped: bool) -> list[Reading]:
    """The scores that were given, the earlier photograph's first."""
    found = []
    for scale in offered:
        one, other = (_score(visit.said(f"{scale.name}.{side}"), scale) for side in (LEFT, RIGHT))
        if one is not None or other is not None:
            found.append(Reading(scale.name, other, one) if swapped else Reading(scale.name, one, other))
    return found


def _score(typed: str, scale: Scale) -> float | None:
    if not typed:
        return None
    try:
        score = float(typed.replace(",", ".")[:20])
    except ValueError:
        score = float("nan")
    if not scale.holds(score):
        raise fault("bad-answer", scale.name)
    return score
