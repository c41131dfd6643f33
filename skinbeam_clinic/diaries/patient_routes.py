"""The page that a patient's link opens: what is normal today, what warns, and a form. It needs no script.

Entries cannot be read again here. A telephone is often shared, a link is passed on and stays in a history: who opens it
later sees which day it is, and that the clinic has answered, and nothing that anybody wrote.
"""

import secrets
from datetime import datetime

from fastapi.responses import HTMLResponse, RedirectResponse, Response
from limits import RateLimitItemPerMinute

from skinbeam.app.clinic.diary.closed import DIARY, DIARY_HEADERS, callable_number, closed
from skinbeam.app.clinic.diary.followed_plan import followed_plan
from skinbeam.app.clinic.diary.picture import written_anew
from skinbeam.app.clinic.gate import Gate
from skinbeam.app.clinic.visit import Visit
from skinbeam.app.faults import refusal
from skinbeam.app.pages import render
from skinbeam.messages import local, speaking, text
from skinbeam.plan.visit.recovery import PAIN, REDNESS, SIGNS, today, warns
from skinbeam.records.diary import DiaryNote
from skinbeam.records.faults import AbsentError
from skinbeam.records.people.diary_door import LONGEST_QUESTION, Diary, DiaryDoor
from skinbeam.records.store.columns import now

__all__ = ["add_patient_diary", "day_after"]

_WRONG = RateLimitItemPerMinute(20)  # of one address; nobody types a link more often
_RIGHT = RateLimitItemPerMinute(60)  # of one link
_YES = "yes"


def add_patient_diary(gate: Gate) -> None:
    """Open the routes of who holds a link."""
    gate.add("GET", "/diary/{link}", _page)
    gate.add("POST", "/diary/{link}", _write)


def day_after(began: datetime) -> int:
    """Return which day after a treatment it is by the clinic's clocks, from 0; never less, whatever the clock does."""
    return max(0, (local(now()).date() - local(began).date()).days)


def _page(visit: Visit) -> Response:
    diary = _opened(visit)
    return _nothing(visit) if diary is None else _shown(visit, diary, key=visit.request.query_params.get("kept", ""))


def _opened(visit: Visit) -> Diary | None:
    """The diary of a link; None where it opens nothing.

    Wrong ones are counted by address and good ones each for itself: who guesses shuts nobody out who holds a good one.

    Raises
    ------
    RefusedError : 429.
    """
    try:
        diary = DiaryDoor(visit.house.database).open(visit.path("link"))
    except AbsentError:
        return None
    if not visit.house.wrong_links.hit(_RIGHT, f"link {diary.link_id}"):
        raise refusal(503)
    return diary


def _nothing(visit: Visit) -> Response:
    host = visit.request.client.host if visit.request.client else ""
    often = not visit.house.wrong_links.hit(_WRONG, f"address {host}")
    return closed(429 if often else 404, visit.house.outside.phone)


def _shown(visit: Visit, diary: Diary, *, key: str = "", wrong: str = "", warned: bool = False) -> Response:
    """The page of today, with what was filled in where something is missing."""
    status = diary.status(key)
    with speaking(diary.language):
        followed = followed_plan(diary.plan(), diary.option)
        phone = followed.plan.clinic_phone or visit.house.outside.phone
        day = day_after(diary.began)
        page = render(
            "clinic/diary/today.html",
            clinic=diary.clinic,
            day=day,
            normal=today(followed.option, day),
            aftercare=dict.fromkeys(one.message.text for one in followed.plan.aftercare),
            call=dict.fromkeys(one.message.text for one in followed.plan.when_to_call),
            phone=phone,
            number=callable_number(phone),
            status=status,
            warned=warned or status.waiting,
            lost=visit.request.query_params.get("photo") == "lost" and status.kept,
            wrong=wrong and text(f"diary.{wrong}"),
            said=dict(visit.sent),
            entry=visit.said("entry") or secrets.token_hex(16),
            pains=range(PAIN[0], PAIN[1] + 1),
            redness=REDNESS,
            signs=SIGNS,
            longest=LONGEST_QUESTION,
        )
    return HTMLResponse(page, 422 if wrong else 200, DIARY_HEADERS)


def _write(visit: Visit) -> Response:
    """Keep an entry, and lead to what is to be done now; a photograph that is none keeps no entry from being kept."""
    diary = _opened(visit)
    if diary is None:
        return _nothing(visit)
    note, whole = _said(visit)
    warned = bool(warns(note.pain, note.redness, note.signs))
    if not whole or len(note.question) > LONGEST_QUESTION:
        return _shown(visit, diary, wrong="question-long" if whole else "missing", warned=warned)
    sent = visit.uploads.get("photo")
    photograph = None if sent is None else written_anew(sent.content)
    key = visit.said("entry")
    diary.write(key, day_after(diary.began), note, photograph=photograph, alarm=warned)
    lost = "&photo=lost" if sent is not None and photograph is None else ""
    place = f"{DIARY}{visit.path('link')}?kept={key}{lost}"
    return RedirectResponse(place, 303, DIARY_HEADERS)


def _said(visit: Visit) -> tuple[DiaryNote, bool]:
    """What was filled in, and whether nothing is missing; of what is, the least is taken, so that the rest can warn."""
    pain, redness = visit.said("pain"), visit.said("redness")
    felt = pain in map(str, range(PAIN[0], PAIN[1] + 1))
    note = DiaryNote(
        pain=int(pain) if felt else PAIN[0],
        redness=redness if redness in REDNESS else REDNESS[0],
        signs=tuple(name for name in SIGNS if visit.said(f"sign.{name}") == _YES),
        question=visit.said("question"),
    )
    return note, felt and redness in REDNESS
