"""The session after a signed consent: checklist, what was fired on a face map, what went wrong, and the end of it."""

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from fastapi.responses import Response

from skinbeam.app.clinic.answers import submission_of
from skinbeam.app.clinic.course.changed import CHANGES, rules_told
from skinbeam.app.clinic.course.face_map import OUTLINES, regions
from skinbeam.app.clinic.course.ordered import ordered_of
from skinbeam.app.clinic.course.sent import SETTINGS, fired_sent
from skinbeam.app.clinic.course.stops import Stop, stops_of
from skinbeam.app.clinic.course.telling import (
    Row,
    Sign,
    deviation_told,
    rows_of,
    signs_of,
    stop_seen,
    stopping,
    value_told,
)
from skinbeam.app.clinic.course.told import stops_told
from skinbeam.app.clinic.gate import Gate
from skinbeam.app.clinic.places import option_at
from skinbeam.app.clinic.plans import Opened, opened
from skinbeam.app.clinic.visit import Visit, name_sent, status_of
from skinbeam.errors import InputError
from skinbeam.laser.device import devices
from skinbeam.messages import LANGUAGES, local, retell, retold, speaking, spoken, text
from skinbeam.plan.records import Immediate, Option
from skinbeam.plan.records import Plan as Records
from skinbeam.records.checklist import BY_ITSELF, asked_of, open_items
from skinbeam.records.deviations import deviations
from skinbeam.records.faults import fault
from skinbeam.records.store.tables import new_id
from skinbeam.records.treated import (
    ADVERSE_KINDS,
    Deviation,
    Fired,
    Grade,
    Side,
    Source,
    Treatment,
    TreatmentState,
)
from skinbeam.report.leaflet.alike import phone_told
from skinbeam.report.names import concern_name, device_of, site_title
from skinbeam.report.overview.lines import setting_line
from skinbeam.report.shown import quantity
from skinbeam.schema.names import table

__all__ = ["add_treatments"]


def add_treatments(gate: Gate) -> None:
    """Open the routes of treatments."""
    here = "/treatments/{treatment}"
    gate.add("POST", "/consents/{consent}/treatments", _begin)
    gate.add("GET", here, _page)
    gate.add("GET", f"{here}/aftercare", _aftercare)
    gate.add("POST", f"{here}/machine", _pick)
    gate.add("POST", f"{here}/checklist", _answer)
    gate.add("POST", f"{here}/decision", _decide)
    gate.add("POST", f"{here}/start", _start)
    gate.add("POST", f"{here}/areas", _fire)
    gate.add("POST", f"{here}/events", _event)
    gate.add("POST", "/adverse-events/{event}/end", _resolve)
    gate.add("POST", f"{here}/notes", _note)
    gate.add("POST", f"{here}/end", _end)


@dataclass(frozen=True)
class _Session:
    """A treatment with the plan that it is under, told in the language that is spoken."""

    kept: Treatment
    plan: Opened

    @cached_property
    def records(self) -> Records:
        """The plan in the language that is spoken."""
        return retell(self.plan.records)

    @cached_property
    def option(self) -> Option:
        """The option that was agreed to."""
        return option_at(self.records, self.kept.option)[1]

    @property
    def concern(self) -> int:
        """The number of its concern."""
        return int(self.kept.option.partition(".")[0])

    @property
    def name(self) -> str:
        """What is treated, and with what."""
        concern, option = option_at(self.records, self.kept.option)
        return f"{concern_name(concern)}, {device_of(option)}"

    @cached_property
    def signs(self) -> tuple[Sign, ...]:
        """What may be said to have been seen."""
        return signs_of(self.option)

    @cached_property
    def stops(self) -> tuple[Stop, ...]:
        """What was recorded since the plan was made that speaks against this session."""
        return stops_of(self.plan.told, self.plan.records, self.kept.option)

    @property
    def signs_kept(self) -> tuple[str, ...]:
        """The signs that stop, as the record keeps them: in English."""
        immediate = self.plan.option(self.kept.option)[1].immediate
        return tuple(one.english for one in immediate.stop_at) if isinstance(immediate, Immediate) else ()


def _session(visit: Visit) -> _Session:
    kept = visit.desk.treatments.get(visit.path("treatment"))
    return _Session(kept, opened(visit.desk, kept.plan_id))


def _begin(visit: Visit) -> Response:
    """Begin, or go to the one that is under way."""
    desk, consent = visit.desk, visit.desk.consents.get(visit.path("consent"))
    plan = opened(desk, consent.plan_id)
    ordered = ordered_of(plan.records, *plan.option(consent.option))
    made = desk.treatments.begin(consent.id, ordered, appointment_id=name_sent(visit.said("appointment")) or None)
    _judge(visit, _Session(made, plan))
    return visit.go(f"/treatments/{made.id}")


def _judge(visit: Visit, session: _Session) -> tuple[Stop, ...]:
    """Answer in the checklist whether a rule speaks against this session, and return what does.

    The answer names what speaks, so that a decision holds for that and for nothing that is recorded later.
    """
    found = session.stops
    if session.kept.state is TreatmentState.PREPARING:
        answer = ("speaks", " ".join(one.key for one in found)) if found else ("quiet", "")
        visit.desk.treatments.answer(session.kept.id, {"course": answer})
    return found


def _page(
    visit: Visit, error: InputError | None = None, *, warned: tuple[Deviation, ...] = (), said: Fired | None = None
) -> Response:
    """Answer with the treatment as far as it is; what was typed stays in the form that was refused."""
    session = _session(visit)
    kept, desk = session.kept, visit.desk
    rows = rows_of(kept, session.signs)
    immediate = session.option.immediate
    return visit.page(
        "treatment.html",
        200 if error is None and not warned else 422 if error is None else status_of(error),
        error=error,
        session=kept,
        name=session.name,
        plan=session.plan,
        patient=desk.patients.get(session.plan.consultation.patient_id),
        consent_gone=_consent_gone(visit, session),
        device=_device(kept),
        setting="" if session.option.setup is None else setting_line(session.option.setup),
        most=[text("clinic-session.most-allowed", {"value": value_told(*one)}) for one in kept.ordered.allowed.items()],
        immediate=immediate if isinstance(immediate, Immediate) else None,
        first_aid=[one.message.text for one in session.records.complications],
        seen=stop_seen(kept, rows),
        **_checklist(visit, session),
        rows=rows,
        map=regions([(row.number, row.area.fired.site, row.area.fired.side) for row in rows if _stands(kept, row)]),
        outlines=OUTLINES,
        **_form(visit, session, rows, warned, said),
        sites={name: site_title(name) for name, entry in table("site").items() if entry["use"] == "treatment"},
        kinds=ADVERSE_KINDS,
        grades=list(Grade),
    )


def _stands(kept: Treatment, row: Row) -> bool:
    return row.area in kept.standing


def _consent_gone(visit: Visit, session: _Session) -> str:
    """Why nothing more may be done under the consent, in words; empty where it holds or the treatment is over."""
    if session.kept.ended:
        return ""
    if visit.desk.consents.get(session.kept.consent_id).void_reason is not None:
        return text("clinic-session.consent-void")
    return text("clinic-session.consent-outdated") if session.plan.outdated else ""


def _device(kept: Treatment) -> str:
    name = kept.device or kept.ordered.device
    return retold(devices()[name].title) if name in devices() else name


def _checklist(visit: Visit, session: _Session) -> dict[str, Any]:
    """What is asked, what was answered, and what of it stops, with the words of rules."""
    kept, modality = session.kept, session.option.modality
    asked = [item for item in asked_of(kept.ordered) if item.name not in BY_ITSELF]
    setup = session.option.setup
    told = rules_told(submission_of(session.plan.consultation.answers), (session.concern, modality), kept.answered)
    return {
        "asked": asked,
        "answered": kept.answered,
        "light": "" if setup is None else setup.light,
        "stopping": stopping(asked_of(kept.ordered), kept.answered),
        "rules": told,
        "course": stops_told(session.stops, session.records) if kept.state is TreatmentState.PREPARING else (),
        "changes": CHANGES,
        "open_items": open_items(kept),
        "machines": [one for one in visit.desk.machines.all() if one.retired_at is None],
    }


def _form(
    visit: Visit, session: _Session, rows: tuple[Row, ...], warned: tuple[Deviation, ...], said: Fired | None
) -> dict[str, Any]:
    """What stands in the form of a row: what was sent, what is corrected, or what the plan orders."""
    planned = session.kept.ordered.settings
    corrected = visit.said("corrects") or visit.request.query_params.get("corrects", "")
    row = next((one for one in rows if one.area.id == corrected), None)
    filled = {name: f"{value:g}" for name, value in planned.items()}
    filled |= {"site": session.kept.ordered.site, "side": Side.BOTH.value, "row": new_id()}
    if row is not None:
        filled |= _filled(row.area.fired)
    for name in ("site", "side"):  # the map without a script is links
        filled[name] = visit.request.query_params.get(name, filled[name])
    names = [name for name in SETTINGS if name in planned]
    return {
        "filled": filled | dict(visit.sent),
        "fields": {name: (*quantity(name), value_told(name, planned[name])) for name in names},
        "signs": session.signs,
        "sides": list(Side),
        "correcting": row,
        "warned": [deviation_told(one) for one in warned],
        "hot": _hot(warned),
        "reason_asked": bool(warned or (said is not None and said.reason)),
    }


def _filled(fired: Fired) -> dict[str, str]:
    held = {"passes": fired.passes, "pulses": fired.pulses, "pain_0_10": fired.pain_0_10} | dict(fired.settings)
    said = {name: f"{value:g}" for name, value in held.items() if value is not None}
    return said | {"site": fired.site, "side": fired.side.value, "endpoint": fired.endpoint, "words": fired.words}


def _hot(found: tuple[Deviation, ...]) -> str:
    """What has to be confirmed, so that another dose typed after the warning is warned of again."""
    return ";".join(f"{one.name}={one.fired:g}" for one in found if one.hotter)


def _pick(visit: Visit) -> Response:
    return _done(visit, lambda id: visit.desk.treatments.pick(id, visit.said("machine"), visit.said("why")))


def _answer(visit: Visit) -> Response:
    """Keep what was answered; what was left open stays open."""
    kept = visit.desk.treatments.get(visit.path("treatment"))
    items = [item.name for item in asked_of(kept.ordered) if item.name not in BY_ITSELF]
    given = {item: (visit.said(item), visit.said(f"{item}.words")) for item in items if visit.said(item)}
    return _done(visit, lambda id: visit.desk.treatments.answer(id, given))


def _decide(visit: Visit) -> Response:
    item = visit.said("item")
    if item == "course" and any(one.final for one in _judge(visit, _session(visit))):
        return _told(visit, fault("plan-outdated", "plan"))
    return _done(visit, lambda id: visit.desk.treatments.decide(id, item, visit.said(f"why-{item}")))


def _start(visit: Visit) -> Response:
    """Let the first pulse be fired, once the rules were asked again: more may be recorded since it was begun."""
    if any(one.final for one in _judge(visit, _session(visit))):
        return _told(visit, fault("plan-outdated", "plan"))
    return _done(visit, visit.desk.treatments.start)


def _fire(visit: Visit) -> Response:
    """Keep a row; what is hotter than the plan is shown first and kept once it is confirmed, with its reason."""
    session = _session(visit)
    found: tuple[Deviation, ...] = ()
    try:
        said = fired_sent(visit, session.kept.ordered, session.signs_kept)
        if not said.struck:
            passes = {} if said.passes is None else {"passes": float(said.passes)}
            found = deviations(session.kept.ordered, {**said.settings, **passes})
        if _hot(found) and (not said.reason or visit.said("confirmed") != _hot(found)):
            return _page(visit, warned=tuple(one for one in found if one.hotter), said=said)
        visit.desk.treatments.fire(session.kept.id, said, row_id=_row_id(visit))
    except InputError as error:
        return _told(visit, error)
    return visit.go(f"/treatments/{session.kept.id}#fired")


def _row_id(visit: Visit) -> str:
    """The name that the page gave the row; none where it is not of our making."""
    id = visit.said("row")
    return id if len(id) == len(new_id()) and all(sign in "0123456789abcdef" for sign in id) else ""


def _event(visit: Visit) -> Response:
    kind, grade, site, words = (visit.said(name) for name in ("kind", "grade", "event-site", "event-words"))
    if grade not in set(Grade):
        return _told(visit, fault("bad-event", "grade", hint={"kinds": ", ".join(Grade)}))
    add, bad = visit.desk.adverse_events.add, Grade(grade)
    return _done(visit, lambda id: add(id, kind=kind, grade=bad, source=Source.SESSION, site=site, words=words))


def _resolve(visit: Visit) -> Response:
    event = visit.desk.adverse_events.resolve(visit.path("event"), words=visit.said("words"))
    return visit.go(f"/treatments/{event.treatment_id}#events")


def _note(visit: Visit) -> Response:
    return _done(visit, lambda id: visit.desk.treatments.note(id, visit.said("note")))


def _end(visit: Visit) -> Response:
    state = TreatmentState.DONE if visit.said("state") == "done" else TreatmentState.STOPPED
    return _done(visit, lambda id: visit.desk.treatments.end(id, state))


def _done(visit: Visit, change: Callable[[str], object]) -> Response:
    """Make a change, and show the treatment again, with what was wrong when something was."""
    id = visit.path("treatment")
    try:
        change(id)
    except InputError as error:
        return _told(visit, error)
    return visit.go(f"/treatments/{id}")


def _told(visit: Visit, error: InputError) -> Response:
    if status_of(error) != 422:
        raise error
    return _page(visit, error)


def _aftercare(visit: Visit) -> Response:
    """The days after it on paper, in the language that the patient reads."""
    session = _session(visit)
    asked = visit.request.query_params.get("language", "")
    language = asked if asked in LANGUAGES else spoken()
    day = local(session.kept.started_at or session.kept.created_at).date()
    with speaking(language):
        told = _Session(session.kept, session.plan)
        return visit.page(
            "aftercare.html",
            language=language,
            session=session.kept,
            name=told.name,
            day=day,
            days=told.option.healing,
            dates=[day + datetime.timedelta(days=one.day) for one in told.option.healing],
            care=[one.message.text for one in told.records.aftercare],
            call=[one.message.text for one in told.records.when_to_call],
            phone=phone_told(told.records),
            patient=visit.desk.patients.get(session.plan.consultation.patient_id),
        )
