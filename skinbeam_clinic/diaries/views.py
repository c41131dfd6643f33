"""Render the alarm banner of the clinic's pages, the page of an invalid diary link, and the pain curve of a diary."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import HTMLResponse

from skinbeam.course.recovery import PAIN_RANGE
from skinbeam.text import LANGUAGES, render_message, use_language
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.diaries.models import AlarmCount, DiaryEntry
from skinbeam_clinic.web.pages import render_template
from skinbeam_clinic.web.security import HEADERS

__all__ = [
    "DIARY_HEADERS",
    "DIARY_PATH",
    "AlarmBanner",
    "PainCurve",
    "alarm_level",
    "describe_age",
    "dialable_number",
    "draw_pain_curve",
    "invalid_link_page",
    "is_diary_request",
    "make_alarm_banner",
]

_LOUD, _LOUDEST = timedelta(minutes=15), timedelta(hours=1)


@dataclass(frozen=True)
class AlarmBanner:
    """The alarm banner: `level` is new, loud or loudest; `notification_problem`: the problem with notifications, if
    any."""

    number: int
    text: str
    level: str
    notification_problem: str


def make_alarm_banner(count: AlarmCount, *, mail_configured: bool) -> AlarmBanner | None:
    """Return the banner for the unanswered alarms; None without any."""
    if count.since is None:
        return None
    waited = now() - count.since
    outside = (
        ""
        if mail_configured and not count.has_unsent
        else render_message("alarm.unsent")
        if mail_configured
        else render_message("alarm.no-way-out")
    )
    text = render_message("alarm.banner", {"number": count.count, "age": describe_age(waited)})
    return AlarmBanner(count.count, text, alarm_level(waited), outside)


def alarm_level(waiting_time: timedelta, *, emergency: bool = False) -> str:
    """Return the level of an alarm by its waiting time: new, loud or loudest, which an emergency is at once."""
    return "loudest" if emergency or waiting_time >= _LOUDEST else "loud" if waiting_time >= _LOUD else "new"


def describe_age(waiting_time: timedelta) -> str:
    """Return a waiting time in words; 0 minutes if it is negative since the clock was set back."""
    minutes = max(0, int(waiting_time.total_seconds() // 60))
    if minutes < 2 * 60:
        return render_message("alarm.minutes", {"number": minutes})
    hours = minutes // 60
    return (
        render_message("alarm.hours", {"number": hours})
        if hours < 48
        else render_message("alarm.days", {"number": hours // 24})
    )


# The page of an invalid link: the same for every reason, in both languages.
#
# It names no patient and does not reveal whether a diary ever existed. The visitor may have an urgent concern, so it
# states whom to call.

DIARY_PATH = "/diary/"
# The address is sent nowhere as a referrer, and no script runs.
DIARY_HEADERS = {
    "Content-Security-Policy": HEADERS["Content-Security-Policy"].replace(
        "script-src 'self'; connect-src 'self'; ", ""
    ),
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex, nofollow",
}
_CLOSED_STATUSES = (404, 429)
_DIALABLE = "+0123456789"


def is_diary_request(request: Request) -> bool:
    """Return whether a request is for the diary page of a patient."""
    return request.url.path.startswith(DIARY_PATH)


def invalid_link_page(status: int, phone: str) -> HTMLResponse:
    """Return the page of an invalid link or an error.

    Parameters
    ----------
    status : 404 for an invalid link; another status for other errors, after which the patient may try again.
    phone : telephone of the clinic; empty where it is unknown.
    """
    sentences = {
        language: _closed_text(language, "gone" if status in _CLOSED_STATUSES else "failed", phone)
        for language in LANGUAGES
    }
    page = render_template("clinic/diary/closed.html", said=sentences, number=dialable_number(phone))
    return HTMLResponse(page, status, DIARY_HEADERS)


def dialable_number(phone: str) -> str:
    """Return the dialable characters of a telephone number as written."""
    return "".join(sign for sign in phone if sign in _DIALABLE)


def _closed_text(language: str, what: str, phone: str) -> tuple[str, str, str, str]:
    with use_language(language):
        call = render_message("diary.call-number", {"phone": phone}) if phone else render_message("diary.call-blank")
        return (
            render_message(f"diary.{what}"),
            render_message(f"diary.{what}-why"),
            call,
            render_message("diary.emergency"),
        )


# Pain by day as a small drawing; the table beside it has the same values.

_WIDTH, _HEIGHT, _LEFT, _TOP, _BOTTOM = 640, 200, 34, 12, 30
_TICKS = 8


@dataclass(frozen=True)
class PainCurve:
    """Coordinates of the drawing: points with their alarm flag, the line, and the ticks of days and grades."""

    width: int
    height: int
    points: tuple[tuple[float, float, bool], ...]
    line: str
    days: tuple[tuple[float, int], ...]
    grades: tuple[tuple[float, int], ...]
    left: int
    bottom: int


def draw_pain_curve(entries: Sequence[DiaryEntry], alarm_ids: frozenset[str]) -> PainCurve | None:
    """Return the drawing of entries in the order of their days; None for fewer than two entries.

    Parameters
    ----------
    alarm_ids : ids of the entries that raised an alarm, which are marked.
    """
    if len(entries) < 2:
        return None
    last = max(entry.day for entry in entries) or 1
    width, height = _WIDTH - _LEFT - _TOP, _HEIGHT - _TOP - _BOTTOM
    share = PAIN_RANGE[1] - PAIN_RANGE[0]

    def place(day: float, pain: float) -> tuple[float, float]:
        return round(_LEFT + width * day / last, 1), round(_TOP + height * (1 - (pain - PAIN_RANGE[0]) / share), 1)

    points = tuple((*place(entry.day, entry.note.pain), entry.id in alarm_ids) for entry in entries)
    step = -(-last // _TICKS)
    return PainCurve(
        width=_WIDTH,
        height=_HEIGHT,
        points=points,
        line=" ".join(f"{x},{y}" for x, y, _ in points),
        days=tuple((place(day, 0)[0], day) for day in range(0, last + 1, step)),
        grades=tuple((place(0, grade)[1], grade) for grade in (PAIN_RANGE[0], sum(PAIN_RANGE) // 2, PAIN_RANGE[1])),
        left=_LEFT,
        bottom=_TOP + height,
    )
