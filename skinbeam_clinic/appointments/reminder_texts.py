"""What a reminder of an appointment says: day, time, place and the clinic's telephone, and nothing of the treatment.

Member, machine, room and purpose would tell what a patient comes for to whoever reads along.
"""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from skinbeam.text import Formatter, render_message, to_local_time
from skinbeam_clinic.appointments.closed_days import ClosedDays, next_working_day
from skinbeam_clinic.appointments.times import span_days

__all__ = ["ReminderText", "mail_link", "reminder_text", "reminder_until"]

_DAY = datetime.timedelta(days=1)


@dataclass(frozen=True)
class ReminderText:
    """The subject of a mail and its text, which is also what to say on the telephone."""

    subject: str
    body: str


def reminder_text(starts_at: datetime.datetime, *, clinic: str, place: str, phone: str) -> ReminderText:
    """Return the text of a reminder in the current language, with the time by the clinic's clocks.

    Parameters
    ----------
    place : the clinic's address; empty if it is not set.
    phone : the clinic's telephone; empty if it is not set.
    """
    write, day = Formatter(), to_local_time(starts_at).date()
    about = {"clinic": clinic, "day": f"{write.weekday(day)}, {write.date(day)}", "time": write.clock(starts_at)}
    lines = [render_message("clinic-reminder.text", about)]
    lines += [render_message("clinic-reminder.place", {"place": place})] if place else []
    lines += [render_message("clinic-reminder.phone", {"phone": phone})] if phone else []
    return ReminderText(render_message("clinic-reminder.subject", {"clinic": clinic}), "\n".join(lines))


def mail_link(address: str, text: ReminderText) -> str:
    """Return the address of a link that opens a mail with this text in the member's own program."""
    body = text.body.replace("\n", "\r\n")
    return f"mailto:{quote(address, safe='@')}?subject={quote(text.subject, safe='')}&body={quote(body, safe='')}"


def reminder_until(at: datetime.datetime, working_days: int, closed: Sequence[ClosedDays] = ()) -> datetime.datetime:
    """Return the end of the last of the next working days; what lies between them is passed over and included.

    Parameters
    ----------
    closed : the days on which the clinic is closed, which are no working days.
    """
    day = to_local_time(at).date()
    for _ in range(working_days):
        day = next_working_day(day + _DAY, closed)
    return span_days(day)[1]
