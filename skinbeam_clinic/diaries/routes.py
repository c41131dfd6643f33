"""The diary of a treatment as the clinic sees it: its link, what was written by day, and what was made of alarms."""

from dataclasses import dataclass
from datetime import timedelta

import segno
from fastapi.responses import Response

from skinbeam.app.clinic.diary.closed import DIARY
from skinbeam.app.clinic.diary.curve import curve_of
from skinbeam.app.clinic.diary.followed_plan import FollowedPlan, followed_plan
from skinbeam.app.clinic.gate import Gate
from skinbeam.app.clinic.visit import Visit
from skinbeam.messages import ENGLISH, LANGUAGES
from skinbeam.plan.records import Advice
from skinbeam.plan.visit.recovery import advice_about, link_days, warns
from skinbeam.records.diary import Alarm, DiaryEntry, DiaryOf
from skinbeam.records.store.columns import now

__all__ = ["add_diaries"]


@dataclass(frozen=True)
class _Row:
    """An entry in one line, with the alarm that it raised and what the plan says of its signs."""

    entry: DiaryEntry
    alarm: Alarm | None
    signs: tuple[str, ...]
    advice: tuple[Advice, ...]


def add_diaries(gate: Gate) -> None:
    """Open the routes of diaries."""
    gate.add("GET", "/treatments/{treatment}/diary", _page)
    gate.add("POST", "/treatments/{treatment}/diary/link", _link)
    gate.add("POST", "/treatments/{treatment}/diary/ending", _end)
    gate.add("POST", "/treatments/{treatment}/diary/reading", _read)


def _page(visit: Visit) -> Response:
    desk, about = visit.desk, visit.desk.diaries.about(visit.path("treatment"))
    alarms = {one.id: one for one in desk.alarms.of_consultation(about.consultation_id)}
    followed = _followed(visit, about)
    entries = desk.diaries.of(about.treatment_id)
    links = desk.diaries.links(about.treatment_id)
    good = [one for one in links if one.ended_at is None and one.until > now()]
    return visit.page(
        "diary/diary.html",
        about=about,
        rows=tuple(_row(followed, one, alarms.get(one.id)) for one in entries),
        curve=curve_of(entries, frozenset(alarms)),
        unread=sum(one.read_at is None for one in entries),
        link=good[-1] if good else None,
        made=len(links),
        days=link_days(followed.option),
        told_in=LANGUAGES.get(good[-1].language, "") if good else "",
    )


def _row(followed: FollowedPlan, entry: DiaryEntry, alarm: Alarm | None) -> _Row:
    note = entry.note
    found = warns(note.pain, note.redness, note.signs)
    return _Row(entry, alarm, tuple(one.name for one in found), advice_about(followed.plan, found))


def _followed(visit: Visit, about: DiaryOf) -> FollowedPlan:
    return followed_plan(visit.desk.plans.file(about.plan_id, "plan.json"), about.option)


def _link(visit: Visit) -> Response:
    """Make a link and show it this once; a page that is loaded again makes another, and ends this one."""
    about = visit.desk.diaries.about(visit.path("treatment"))
    language = visit.said("language")
    language = language if language in LANGUAGES else ENGLISH
    until = (about.began or now()) + timedelta(days=link_days(_followed(visit, about).option))
    new = visit.desk.diaries.link(about.treatment_id, language=language, until=until)
    address = f"{visit.house.outside.address or visit.address('')}{DIARY}{new.token}"
    picture = segno.make_qr(address, error="m").svg_data_uri(scale=5, dark="#000", light="#fff")
    return visit.page(
        "diary/link.html",
        about=about,
        link=new.link,
        address=address,
        picture=picture,
        here=not visit.house.outside.address,
        over=until <= now(),
    )


def _end(visit: Visit) -> Response:
    visit.desk.diaries.end(visit.path("treatment"))
    return visit.go(f"/treatments/{visit.path('treatment')}/diary")


def _read(visit: Visit) -> Response:
    visit.desk.diaries.mark_read(visit.path("treatment"))
    return visit.go(f"/treatments/{visit.path('treatment')}/diary")
