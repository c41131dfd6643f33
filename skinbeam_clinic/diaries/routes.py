"""Routes of diaries for the clinic: links, entries by day, and answers to alarms with a clinician's decision."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

import segno
from fastapi.responses import HTMLResponse, Response

from skinbeam.course.recovery import WarningSign, count_diary_days, sign_advice, warning_signs
from skinbeam.model.errors import InputError
from skinbeam.plan_records.plan import Advice
from skinbeam.report.formatting import reference_text, treatment_site_titles
from skinbeam.text import ENGLISH, LANGUAGES
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.diaries.models import Alarm, DiaryEntry, DiarySubject
from skinbeam_clinic.diaries.views import DIARY_PATH, alarm_level, describe_age, draw_pain_curve, make_alarm_banner
from skinbeam_clinic.plans.document import PlanOption, read_plan_option
from skinbeam_clinic.treatments.adverse_events import parse_grade
from skinbeam_clinic.treatments.models import ADVERSE_KINDS, AdverseEventGrade, AdverseEventSource
from skinbeam_clinic.web.pages import render_template
from skinbeam_clinic.web.request import ClinicRequest, skips_altered_rows
from skinbeam_clinic.web.routing import ClinicRouter

__all__ = [
    "add_alarm_routes",
    "add_diary_routes",
]

_UNREAD_LIMIT = 100  # rows of the list: where nobody reads the diaries, it grows without end


@dataclass(frozen=True)
class _EntryRow:
    """An entry for display, with the alarm that it raised and the plan's advice on its signs."""

    entry: DiaryEntry
    alarm: Alarm | None
    signs: tuple[str, ...]
    advice: tuple[Advice, ...]


@dataclass(frozen=True)
class _OpenAlarm:
    """An alarm for display: how long it has waited, in words and as a level, and whether its signs are an emergency."""

    alarm: Alarm
    age: str
    level: str
    signs: tuple[str, ...]
    is_emergency: bool


def add_diary_routes(router: ClinicRouter) -> None:
    """Open the routes of diaries."""
    router.add("GET", "/treatments/{treatment}/diary", _show_diary, only_reads=True)
    router.add("POST", "/treatments/{treatment}/diary/link", _make_link)
    router.add("POST", "/treatments/{treatment}/diary/ending", _end_link)
    router.add("POST", "/treatments/{treatment}/diary/reading", _mark_read)


@skips_altered_rows
def _show_diary(request: ClinicRequest) -> Response:
    repositories = request.repositories
    about = repositories.diaries.get_subject(request.path_parameter("treatment"))
    alarms = {alarm.id: alarm for alarm in repositories.alarms.of_consultation(about.consultation_id)}
    followed = _read_diary_plan(request, about)
    entries = repositories.diaries.of(about.treatment_id)
    links = repositories.diaries.list_links(about.treatment_id)
    good = [link for link in links if link.ended_at is None and link.expires_at > now()]
    return request.page(
        "diary/diary.html",
        about=about,
        named={about.patient_id},
        rows=tuple(_entry_row(followed, entry, alarms.get(entry.id)) for entry in entries),
        curve=draw_pain_curve(
            [entry for entry in entries if entry.id not in repositories.altered_ids()], frozenset(alarms)
        ),
        unread=sum(entry.read_at is None for entry in entries),
        link=good[-1] if good else None,
        made=len(links),
        days=count_diary_days(followed.option),
        reference=reference_text,
        told_in=LANGUAGES.get(good[-1].language, "") if good else "",
    )


def _entry_row(plan_option: PlanOption, entry: DiaryEntry, alarm: Alarm | None) -> _EntryRow:
    note = entry.note
    signs = warning_signs(note.pain, note.redness, note.signs)
    return _EntryRow(entry, alarm, tuple(sign.name for sign in signs), sign_advice(plan_option.plan, signs))


def _read_diary_plan(request: ClinicRequest, subject: DiarySubject) -> PlanOption:
    return read_plan_option(request.repositories.plans.read_file(subject.plan_id, "plan.json"), subject.option)


def _make_link(request: ClinicRequest) -> Response:
    """Make a link and show it this once; a page that is loaded again makes another, and ends this one."""
    about = request.repositories.diaries.get_subject(request.path_parameter("treatment"))
    language = request.text("language")
    language = language if language in LANGUAGES else ENGLISH
    until = (about.started_at or now()) + timedelta(days=count_diary_days(_read_diary_plan(request, about).option))
    new = request.repositories.diaries.create_link(about.treatment_id, language=language, until=until)
    address = f"{request.services.outside_contact.address or request.address('')}{DIARY_PATH}{new.token}"
    picture = segno.make_qr(address, error="m").svg_data_uri(scale=5, dark="#000", light="#fff")
    return request.page(
        "diary/link.html",
        about=about,
        link=new.link,
        address=address,
        picture=picture,
        here=not request.services.outside_contact.address,
        over=until <= now(),
    )


def _end_link(request: ClinicRequest) -> Response:
    request.repositories.diaries.end_link(request.path_parameter("treatment"))
    return request.redirect(f"/treatments/{request.path_parameter('treatment')}/diary")


def _mark_read(request: ClinicRequest) -> Response:
    request.repositories.diaries.mark_read(request.path_parameter("treatment"))
    return request.redirect(f"/treatments/{request.path_parameter('treatment')}/diary")


# Alarms: open ones oldest first, with answers and decisions.

_NO_EVENT = "none"


def add_alarm_routes(router: ClinicRouter) -> None:
    """Open the routes of alarms."""
    router.add("GET", "/alarms", _show_alarms, only_reads=True)
    router.add("GET", "/alarms/banner", _show_banner)
    router.add("POST", "/alarms/{alarm}/answer", _answer_alarm, form=_show_alarms)
    router.add("POST", "/alarms/{alarm}/decision", _decide_alarm, form=_show_alarms)


@skips_altered_rows
def _show_alarms(request: ClinicRequest, error: InputError | None = None) -> Response:
    at, waiting = now(), _list_open_alarms(request)
    unread, number = request.repositories.diaries.list_unread(_UNREAD_LIMIT)
    return request.page(
        "diary/alarms.html",
        error=error,
        open=tuple(_open_alarm(alarm, at, request.repositories.altered_ids()) for alarm in waiting),
        named={*(alarm.patient_id for alarm in waiting), *(unread_entry.patient_id for unread_entry in unread)},
        unread=unread,
        unread_number=number,
        kinds=tuple(ADVERSE_KINDS),
        grades=[grade.value for grade in AdverseEventGrade],
        sites=treatment_site_titles(),
        no_event=_NO_EVENT,
        sent={} if error is None else {request.path_parameter("alarm"): request.text},
    )


def _list_open_alarms(request: ClinicRequest) -> tuple[Alarm, ...]:
    """Those that nobody has answered first, what may be an emergency before the others; each kind oldest first."""
    alarms = request.repositories.alarms.list_open()
    altered = request.repositories.altered_ids()
    return tuple(
        sorted(alarms, key=lambda alarm: (alarm.answered_at is not None, not _may_be_emergency(alarm, altered)))
    )


def _may_be_emergency(alarm: Alarm, altered: Collection[str]) -> bool:
    """Return whether its signs are an emergency, or nobody knows them, since its entry is among the altered ones."""
    return alarm.entry.id in altered or _is_emergency(_alarm_signs(alarm))


def _open_alarm(alarm: Alarm, at: datetime, altered: Collection[str]) -> _OpenAlarm:
    waited, signs = at - alarm.raised_at, _alarm_signs(alarm)
    emergency = _is_emergency(signs)
    level = alarm_level(waited, emergency=_may_be_emergency(alarm, altered))
    return _OpenAlarm(alarm, describe_age(waited), level, tuple(sign.name for sign in signs), emergency)


def _alarm_signs(alarm: Alarm) -> tuple[WarningSign, ...]:
    note = alarm.entry.note
    return warning_signs(note.pain, note.redness, note.signs)


def _is_emergency(signs: Collection[WarningSign]) -> bool:
    return any(sign.is_emergency for sign in signs)


def _show_banner(request: ClinicRequest) -> Response:
    """What the banner of a page holds by now; a script asks for it."""
    banner = make_alarm_banner(
        request.repositories.alarms.count(), mail_configured=request.services.outside_contact.mail is not None
    )
    return HTMLResponse(render_template("clinic/diary/banner.html", alarms=banner).strip())


def _answer_alarm(request: ClinicRequest) -> Response:
    request.repositories.alarms.answer(request.path_parameter("alarm"), request.text("done"))
    return request.redirect("/alarms")


def _decide_alarm(request: ClinicRequest) -> Response:
    """Store the decision of a clinician on an alarm: an adverse event that a diary reported, or none."""
    repositories = request.repositories
    with repositories.skipping_altered():  # of the entry, which the clinician has asked the patient about
        alarm = repositories.alarms.get(request.path_parameter("alarm"))
    kind, reason = request.text("kind"), request.text("reason")
    event = None
    if kind != _NO_EVENT and alarm.answered_at is not None and alarm.decided_at is None and reason:
        event = repositories.adverse_events.add(
            alarm.entry.treatment_id,
            kind=kind,
            grade=parse_grade(request.text("grade")),
            source=AdverseEventSource.DIARY,
            seen_at=min(alarm.entry.written_at, now()),
            site=request.text("site"),
            words=reason,
            alarm_id=alarm.id,  # of an event that was stored before the decision could be
        )
    repositories.alarms.decide(alarm.id, reason, adverse_event_id=None if event is None else event.id)
    return request.redirect("/alarms")
