"""What every page of the clinic says while an alarm waits: how many, since when, and that nobody is called outside."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import HTMLResponse

from skinbeam.plan.recovery import PAIN_RANGE
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
    "closed_page",
    "describe_age",
    "dialable_number",
    "draw_pain_curve",
    "is_diary_request",
    "loudness",
    "make_alarm_banner",
]

_LOUD, _LOUDEST = timedelta(minutes=15), timedelta(hours=1)


@dataclass(frozen=True)
class AlarmBanner:
    """The banner: `loud` is new, loud or loudest; `outside` what is wrong with calling somebody outside."""

    number: int
    text: str
    loud: str
    outside: str


def make_alarm_banner(count: AlarmCount, *, mailed: bool) -> AlarmBanner | None:
    """Return what is said of the alarms that wait; None where none does."""
    if count.since is None:
        return None
    waited = now() - count.since
    outside = (
        ""
        if mailed and not count.unsent
        else render_message("alarm.unsent")
        if mailed
        else render_message("alarm.no-way-out")
    )
    said = render_message("alarm.banner", {"number": count.number, "age": describe_age(waited)})
    return AlarmBanner(count.number, said, loudness(waited), outside)


def loudness(waited: timedelta) -> str:
    """Return how loud an alarm is that has waited for so long."""
    return "loudest" if waited >= _LOUDEST else "loud" if waited >= _LOUD else "new"


def describe_age(waited: timedelta) -> str:
    """Return for how long somebody has waited; nothing less than no time, where the clock was set back."""
    minutes = max(0, int(waited.total_seconds() // 60))
    if minutes < 2 * 60:
        return render_message("alarm.minutes", {"number": minutes})
    hours = minutes // 60
    return (
        render_message("alarm.hours", {"number": hours})
        if hours < 48
        else render_message("alarm.days", {"number": hours // 24})
    )


# What a link answers that opens nothing: one page, the same for every reason, in both languages.
#
# It names no patient and does not tell whether there ever was a diary. Who stands before it may have something to say
# that cannot wait, so it says whom to call.

DIARY_PATH = "/diary/"
# Nothing of the address goes anywhere, and nothing runs.
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
    """Return whether a request is for the page of a patient."""
    return request.url.path.startswith(DIARY_PATH)


def closed_page(status: int, phone: str) -> HTMLResponse:
    """Return the page that opens nothing.

    Parameters
    ----------
    status : 404 for a link that is none; another where something else went wrong, which may be tried again.
    phone : of the clinic; empty where it is not known.
    """
    said = {
        language: _closed_text(language, "gone" if status in _CLOSED_STATUSES else "failed", phone)
        for language in LANGUAGES
    }
    page = render_template("clinic/diary/closed.html", said=said, number=dialable_number(phone))
    return HTMLResponse(page, status, DIARY_HEADERS)


def dialable_number(phone: str) -> str:
    """Return what a telephone dials of a number as it was written."""
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


# Pain by day as a small drawing; the table beside it says the same.

_WIDTH, _HEIGHT, _LEFT, _TOP, _BOTTOM = 640, 200, 34, 12, 30
_TICKS = 8


@dataclass(frozen=True)
class PainCurve:
    """Where things stand in the drawing: points with what they say, the line, days and grades with their places."""

    width: int
    height: int
    points: tuple[tuple[float, float, bool], ...]
    line: str
    days: tuple[tuple[float, int], ...]
    grades: tuple[tuple[float, int], ...]
    left: int
    bottom: int


def draw_pain_curve(entries: Sequence[DiaryEntry], alarmed: frozenset[str]) -> PainCurve | None:
    """Return the drawing of entries in the order of their days; None of fewer than two.

    Parameters
    ----------
    alarmed : names of the entries that called the clinic, which are marked.
    """
    if len(entries) < 2:
        return None
    last = max(one.day for one in entries) or 1
    width, height = _WIDTH - _LEFT - _TOP, _HEIGHT - _TOP - _BOTTOM
    share = PAIN_RANGE[1] - PAIN_RANGE[0]

    def place(day: float, pain: float) -> tuple[float, float]:
        return round(_LEFT + width * day / last, 1), round(_TOP + height * (1 - (pain - PAIN_RANGE[0]) / share), 1)

    points = tuple((*place(one.day, one.note.pain), one.id in alarmed) for one in entries)
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
