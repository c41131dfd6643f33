"""Join the rows of a patient's records with those typed into a form; a row that is both counts once, as typed."""

import datetime
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import count

from skinbeam.model.case import find_torn_times
from skinbeam.model.consultation import EarlierSession, EarlierTestSpot
from skinbeam_clinic.consultations.forms import RecordedRow, Submission, row_values
from skinbeam_clinic.patients.history import LONGEST_ADVERSE, HistoryFact
from skinbeam_clinic.patients.typed_rows import EMPTY_ROW, TypedRow, pair_rows, typed_rows

__all__ = ["join_history", "list_missing_facts"]


def join_history(
    submission: Submission, facts: Sequence[HistoryFact], day: datetime.datetime | None = None
) -> Submission:
    """Return a form's answers with the recorded rows added; a row both typed and recorded appears once, as typed.

    Parameters
    ----------
    day : on which the answers are read, from which sessions are so many weeks ago; None leaves out their times and
        sites, so that the answers are the same on every day.
    """
    rows = [fact.row if day is None else fact.row_on(day) for fact in facts]
    spots = [row for row in rows if isinstance(row, EarlierTestSpot)]
    sessions = [row for row in rows if isinstance(row, EarlierSession)]
    added = (*_recorded_spots(submission, spots), *_recorded_sessions(submission, sessions))
    return replace(submission, recorded=(*submission.recorded, *added)) if added else submission


def _recorded_spots(submission: Submission, spots: Sequence[EarlierTestSpot]) -> Iterator[RecordedRow]:
    """Yield the recorded test spots that add something to the typed ones."""
    typed = typed_rows(submission, "test_spot")
    both, free = pair_rows(spots, typed), count(max(typed, default=-1) + 1)
    for index, spot in enumerate(spots):
        number = both[index] if index in both else next(free)
        if typed.get(number, EMPTY_ROW).lacks(spot):
            yield RecordedRow(number, spot)


def _recorded_sessions(submission: Submission, sessions: Sequence[EarlierSession]) -> Iterator[RecordedRow]:
    """Yield the recorded sessions that add something to the typed ones, each with the reactions that are not typed."""
    typed = typed_rows(submission, "session")
    sessions, both = _match_sessions(sessions, typed)
    sessions = _without_torn_times(sessions, [row for number, row in typed.items() if number not in both.values()])
    free = count(max(typed, default=-1) + 1)
    for index, session in enumerate(sessions):
        number = both[index] if index in both else next(free)
        known = typed.get(number, EMPTY_ROW)
        adverse = [reaction for reaction in session.adverse if reaction not in known.adverse]
        if adverse or known.lacks(session) or known.is_dated_unlike(session):
            yield RecordedRow(number, session.model_copy(update={"adverse": _join_texts(adverse)}))


def list_missing_facts(submission: Submission, facts: Sequence[HistoryFact]) -> tuple[HistoryFact, ...]:
    """Return the recorded rows that are missing in the form's answers."""
    return tuple(fact for fact in facts if join_history(submission, (fact,)) != submission)


def _join_texts(reactions: list[str]) -> list[str]:
    """Return several reactions as one text, as in the form, if it is short enough."""
    together = "; ".join(reactions)
    return [together] if together and len(together) <= LONGEST_ADVERSE else reactions


def _match_sessions(
    sessions: Sequence[EarlierSession], typed: Mapping[int, TypedRow]
) -> tuple[list[EarlierSession], dict[int, int]]:
    """Return the recorded sessions with shifted weeks, and the number of the typed one that matches each, by index.

    Typed weeks may be counted from a session done elsewhere, so the shift of weeks with the most matches is used.
    Without a match, the recorded sessions are taken as the later ones, since the typed ones were never recorded.
    """
    weeks = [row.week for row in typed.values() if row.week is not None]
    begins = {0.0, *weeks}
    best = max(sorted(begins), key=lambda begin: len(pair_rows(_shift_weeks(sessions, begin), typed)))
    both = pair_rows(_shift_weeks(sessions, best), typed)
    return _shift_weeks(sessions, best if both else max(begins)), both


def _without_torn_times(sessions: Sequence[EarlierSession], typed: Sequence[TypedRow]) -> list[EarlierSession]:
    """Return recorded sessions without their weeks until today, where some session of a later week is longer ago.

    Each record and each form counts weeks from a first session of its own. A case refuses that, and nobody could mend
    it in the form, which has no field of a recorded session.
    """
    rows = [row_values(session) for session in sessions] + [dict(row.values) for row in typed]
    dated = [
        (str(session.get("treats")), week, ago)
        for session in rows
        if isinstance(week := session.get("week"), float) and isinstance(ago := session.get("weeks_ago"), float)
    ]
    torn = {treats for treats, _, _ in dated if find_torn_times([time for time in dated if time[0] == treats])}
    return [
        session.model_copy(update={"weeks_ago": None}) if session.treats in torn else session for session in sessions
    ]


def _shift_weeks(sessions: Sequence[EarlierSession], weeks: float) -> list[EarlierSession]:
    return [session.model_copy(update={"week": round(session.week + weeks, 2)}) for session in sessions]
