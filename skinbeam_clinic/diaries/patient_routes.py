"""Routes of the diary for patients: the page that a link opens, new entries, and re-encoded photographs.

A photograph is decoded in a process of its own, scaled down, and encoded again without the metadata of its camera.
"""

import io
import secrets
import threading
from datetime import datetime

from fastapi.responses import HTMLResponse, RedirectResponse, Response
from limits import RateLimitItemPerMinute
from PIL import Image

from skinbeam.course.recovery import PAIN_RANGE, REDNESS_GRADES, SIGN_NAMES, expectation_on_day, warning_signs
from skinbeam.model.errors import InputError
from skinbeam.photo.decoding.photograph import decode_photograph
from skinbeam.photo.limits import limit
from skinbeam.text import render_message, to_local_time, use_language
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.diaries.diary_access import LONGEST_QUESTION, DiaryAccess, OpenDiary
from skinbeam_clinic.diaries.models import DiaryNote
from skinbeam_clinic.diaries.views import DIARY_HEADERS, DIARY_PATH, dialable_number, invalid_link_page
from skinbeam_clinic.errors import RecordNotFoundError
from skinbeam_clinic.plans.document import read_plan_option
from skinbeam_clinic.web.client import find_network
from skinbeam_clinic.web.errors import refusal
from skinbeam_clinic.web.pages import render_template
from skinbeam_clinic.web.request import ClinicRequest
from skinbeam_clinic.web.routing import ClinicRouter

__all__ = [
    "add_patient_diary_routes",
    "days_since",
]

_SIDE_PX = 2400  # resolves pores at arm's length; telephones take four thousand and more
_QUALITY = 88
_DECODE_SLOTS = threading.Semaphore(2)  # each may take a gigabyte


def _reencode_photograph(content: bytes) -> bytes | None:
    """Return a photograph as JPEG of its pixels alone; None if it is no photograph, or exceeds the limits."""
    if len(content) > limit("read", "bytes_max"):
        return None
    try:
        with _DECODE_SLOTS:
            image = Image.fromarray(decode_photograph(content, name="photograph"))
    except InputError:
        return None
    image.thumbnail((_SIDE_PX, _SIDE_PX))
    file = io.BytesIO()
    image.save(file, "JPEG", quality=_QUALITY)
    return file.getvalue()


# The page that a patient's link opens: what is normal today, warning signs, and a form. It needs no script.
#
# Entries cannot be read again on this page. A telephone is often shared, and a link may be passed on and stays in a
# browser's history: a later visitor sees the day and that the clinic has answered, and no entry.

_WRONG_LINKS = RateLimitItemPerMinute(20)  # for an address; nobody types a link more often
_GOOD_LINKS = RateLimitItemPerMinute(60)  # for a link
_YES = "yes"


def add_patient_diary_routes(router: ClinicRouter) -> None:
    """Open the routes of who holds a link."""
    router.add("GET", "/diary/{link}", _show_today)
    router.add("POST", "/diary/{link}", _write_entry)


def days_since(started_at: datetime) -> int:
    """Return the days since a treatment in the clinic's local time; never negative, even if the clock was set back."""
    return max(0, (to_local_time(now()).date() - to_local_time(started_at).date()).days)


def _show_today(request: ClinicRequest) -> Response:
    diary = _open_diary(request)
    return (
        _show_closed_page(request)
        if diary is None
        else _diary_page(request, diary, key=request.http_request.query_params.get("kept", ""))
    )


def _open_diary(request: ClinicRequest) -> OpenDiary | None:
    """The diary of a link; None where it opens nothing.

    The rate of invalid links is limited by address and that of each valid link by itself, so that guessing does not
    lock out patients with a valid link.

    Raises
    ------
    RefusedError : 503: the valid link is requested too often.
    """
    try:
        diary = DiaryAccess(request.services.database).open(request.path_parameter("link"))
    except RecordNotFoundError:
        return None
    if not request.services.wrong_link_rate.hit(_GOOD_LINKS, f"link {diary.link_id}"):
        raise refusal(503)
    return diary


def _show_closed_page(request: ClinicRequest) -> Response:
    often = not request.services.wrong_link_rate.hit(_WRONG_LINKS, f"address {find_network(request.http_request)}")
    return invalid_link_page(429 if often else 404, request.services.outside_contact.phone)


def _diary_page(
    request: ClinicRequest, diary: OpenDiary, *, key: str = "", wrong: str = "", warned: bool = False
) -> Response:
    """Render today's page, with the submitted fields if something is missing."""
    status = diary.status(key)
    with use_language(diary.language):
        followed = read_plan_option(diary.read_plan(), diary.option)
        phone = followed.plan.clinic_phone or diary.read_phone() or request.services.outside_contact.phone
        day = days_since(diary.started_at)
        care = followed.plan.care_after(followed.concern, followed.option)
        page = render_template(
            "clinic/diary/today.html",
            clinic=diary.clinic,
            day=day,
            normal=expectation_on_day(followed.option, day),
            aftercare=care.aftercare_sentences,
            call=care.call_sentences,
            phone=phone,
            number=dialable_number(phone),
            status=status,
            warned=warned or status.has_open_alarm,
            lost=request.http_request.query_params.get("photo") == "lost" and status.is_stored,
            wrong=wrong and render_message(f"diary.{wrong}"),
            said=dict(request.fields),
            entry=request.text("entry") or secrets.token_hex(16),
            pains=range(PAIN_RANGE[0], PAIN_RANGE[1] + 1),
            redness=REDNESS_GRADES,
            signs=SIGN_NAMES,
            longest=LONGEST_QUESTION,
        )
    return HTMLResponse(page, 422 if wrong else 200, DIARY_HEADERS)


def _write_entry(request: ClinicRequest) -> Response:
    """Store an entry, and redirect to the next step; a file that is no photograph does not prevent it."""
    diary = _open_diary(request)
    if diary is None:
        return _show_closed_page(request)
    note, whole = _parse_note(request)
    warned = bool(warning_signs(note.pain, note.redness, note.signs))
    if not whole or len(note.question) > LONGEST_QUESTION:
        return _diary_page(request, diary, wrong="question-long" if whole else "missing", warned=warned)
    sent = request.uploads.get("photo")
    photograph = None if sent is None else _reencode_photograph(sent.content)
    key = request.text("entry")
    diary.add_entry(key, days_since(diary.started_at), note, photograph=photograph, alarm=warned)
    lost = "&photo=lost" if sent is not None and photograph is None else ""
    place = f"{DIARY_PATH}{request.path_parameter('link')}?kept={key}{lost}"
    return RedirectResponse(place, 303, DIARY_HEADERS)


def _parse_note(request: ClinicRequest) -> tuple[DiaryNote, bool]:
    """What was filled in, and whether nothing is missing; of what is, the least is taken, so that the rest can warn."""
    pain, redness = request.text("pain"), request.text("redness")
    felt = pain in map(str, range(PAIN_RANGE[0], PAIN_RANGE[1] + 1))
    note = DiaryNote(
        pain=int(pain) if felt else PAIN_RANGE[0],
        redness=redness if redness in REDNESS_GRADES else REDNESS_GRADES[0],
        signs=tuple(name for name in SIGN_NAMES if request.text(f"sign.{name}") == _YES),
        question=request.text("question"),
    )
    return note, felt and redness in REDNESS_GRADES
