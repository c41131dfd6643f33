"""A kept plan: its options side by side, what was chosen of it and why, and its files."""

import json
from dataclasses import dataclass
from functools import cached_property

from fastapi.responses import Response

from skinbeam.app.clinic.answers import submission_of
from skinbeam.app.clinic.apart import PHOTOGRAPH, preview_name
from skinbeam.app.clinic.course.stops import Stop, Told, stops_of, told_since
from skinbeam.app.clinic.course.told import stops_told
from skinbeam.app.clinic.gate import Gate
from skinbeam.app.clinic.places import option_at
from skinbeam.app.clinic.visit import Visit
from skinbeam.app.points import ONE_PHOTOGRAPH, points_of
from skinbeam.app.security import REPORT_POLICY
from skinbeam.document import sha256_of
from skinbeam.messages import LANGUAGES, retell, retold, speaking
from skinbeam.photo.look import look_at
from skinbeam.photo.reading.read import Photograph, decode
from skinbeam.plan.reading import read_plan
from skinbeam.plan.records import ConcernPlan, Option
from skinbeam.plan.records import Plan as Records
from skinbeam.preview.document import LISTED, Preview, preview_of
from skinbeam.records.desk.consultations import State
from skinbeam.records.desk.desk import Desk
from skinbeam.records.faults import fault
from skinbeam.records.kept import Choice, Consultation, Plan
from skinbeam.report.context import Glance
from skinbeam.report.names import concern_name
from skinbeam.report.overview.lines import glance
from skinbeam.report.report import make_leaflet

__all__ = ["Opened", "add_plans", "opened"]

_TYPES = {
    "json": "application/json",
    "html": "text/html; charset=utf-8",
    "pdf": "application/pdf",
    "png": "image/png",
}


@dataclass(frozen=True)
class Opened:
    """A kept plan with what its document says.

    Parameters
    ----------
    outdated : its answers have changed, or a later plan replaces it.
    told : what was recorded of the patient, and what of it the plan was made of.
    """

    kept: Plan
    records: Records
    outdated: bool
    consultation: Consultation
    told: Told

    @cached_property
    def stops(self) -> tuple[Stop, ...]:
        """What was recorded since that speaks against it: it is signed no more."""
        return stops_of(self.told, self.records)

    @property
    def closed(self) -> bool:
        """Whether nothing is added to its consultation any more."""
        return self.consultation.state == State.CLOSED

    def option(self, place: str) -> tuple[ConcernPlan, Option]:
        """Return the option at a place, such as `0.1`: the second of the first concern.

        Raises
        ------
        AbsentError : the plan has none there.
        """
        return option_at(self.records, place)


@dataclass(frozen=True)
class _Row:
    """An option in one line."""

    place: str
    line: Glance
    laser: bool


@dataclass(frozen=True)
class _Concern:
    """The options of a concern, and which was chosen last."""

    title: str
    rows: tuple[_Row, ...]
    choice: Choice | None


@dataclass(frozen=True)
class _Pair:
    """The photograph and what may come, as two files of the plan; `frequency` tells how many see more or less."""

    before: str
    after: str
    label: str
    frequency: str


@dataclass(frozen=True)
class _Preview:
    """What the page of a plan shows of its pictures: pairs, the whole strip, and what they rest on."""

    pairs: tuple[_Pair, ...]
    strip: str
    below: tuple[str, ...]


def add_plans(gate: Gate) -> None:
    """Open the routes of plans."""
    gate.add("GET", "/plans/{plan}", _page)
    gate.add("GET", "/plans/{plan}/files/{name}", _file)
    gate.add("GET", "/plans/{plan}/leaflet/{language}", _leaflet)
    gate.add("POST", "/plans/{plan}/choice", _choose)


def opened(desk: Desk, id: str) -> Opened:
    """Return a kept plan.

    Raises
    ------
    AbsentError : this clinic has none of that name.
    """
    kept = desk.plans.get(id)
    records = read_plan(json.loads(desk.plans.file(id, "plan.json")))
    last, now = desk.plans.of(kept.consultation_id)[-1], desk.consultations.get(kept.consultation_id)
    outdated = last.id != kept.id or now.revision != kept.consultation_revision
    return Opened(kept, records, outdated, now, told_since(desk, kept, now))


def _page(visit: Visit) -> Response:
    desk, plan = visit.desk, opened(visit.desk, visit.path("plan"))
    choices, records = desk.plans.choices(plan.kept.id), retell(plan.records)
    return visit.page(
        "plan.html",
        plan=plan.kept,
        outdated=plan.outdated,
        stops=stops_told(plan.stops, records),
        closed=plan.closed,
        decision=records.suitability.decision,
        concerns=tuple(_concern(number, one, choices) for number, one in enumerate(records.concerns)),
        consents=tuple(one for one in desk.consents.of(plan.kept.consultation_id) if one.plan_id == plan.kept.id),
        patient=desk.patients.get(plan.consultation.patient_id),
        preview=_preview(desk, plan.kept),
    )


def _preview(desk: Desk, kept: Plan) -> _Preview | None:
    """The pictures that were made with a plan; None where its photograph was of no use, or none was there."""
    if LISTED not in kept.files:
        return None
    told = json.loads(desk.plans.file(kept.id, LISTED))
    shown = [one for one in told["pictures"] if one["at"] in ("end", "months", "harm") and isinstance(one["file"], str)]
    pairs = (
        _Pair(
            preview_name("before.png"),
            preview_name(one["file"]),
            retold(one["label"]),
            retold(one.get("frequency", "")),
        )
        for one in shown
    )
    below = (told["marked"], told["assumption"], *told["not_drawn"])
    return _Preview(tuple(pairs), preview_name(told["strip"]), tuple(map(retold, below)))


def _concern(number: int, concern: ConcernPlan, choices: tuple[Choice, ...]) -> _Concern:
    mine = [one for one in choices if one.option.startswith(f"{number}.")]
    rows = (_Row(f"{number}.{i}", glance(concern, one), one.setup is not None) for i, one in enumerate(concern.options))
    return _Concern(concern_name(concern), tuple(rows), mine[-1] if mine else None)


def _leaflet(visit: Visit) -> Response:
    """The leaflet for a patient who reads another language than whoever made the plan."""
    plan, language = opened(visit.desk, visit.path("plan")), visit.path("language")
    if language not in LANGUAGES:
        raise fault("absent", "language")
    with speaking(language):
        return Response(make_leaflet(plan.records, _drawn_again(visit.desk, plan)), media_type=_TYPES["pdf"])


def _drawn_again(desk: Desk, plan: Opened) -> Preview | None:
    """The pictures of a plan in the language that is spoken; None where it has none, or the form was changed since."""
    sent = submission_of(plan.consultation.answers)
    changed = plan.consultation.revision != plan.kept.consultation_revision
    if LISTED not in plan.kept.files or changed or not sent.photo:
        return None
    _, content = desk.photographs.content(sent.photo)
    with ONE_PHOTOGRAPH:
        photograph = Photograph(decode(content, name=PHOTOGRAPH), sha256_of(content))
        return preview_of(plan.records, look_at(photograph, points=points_of(sent)))


def _choose(visit: Visit) -> Response:
    plan = opened(visit.desk, visit.path("plan"))
    place = visit.said("option")
    plan.option(place)
    visit.desk.plans.choose(plan.kept.id, place, visit.said("notes"))
    return visit.go(f"/plans/{plan.kept.id}")


def _file(visit: Visit) -> Response:
    name = visit.path("name")
    content = visit.desk.plans.file(visit.path("plan"), name)
    headers = {"Content-Security-Policy": REPORT_POLICY} if name == "report.html" else None
    return Response(content, media_type=_TYPES[name.rpartition(".")[2]], headers=headers)
