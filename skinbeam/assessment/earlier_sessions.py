"""Which earlier sessions treated a condition at a site, and how many weeks ago they took place."""

from collections import Counter
from collections.abc import Collection, Iterable
from typing import Final, Protocol

from skinbeam.assessment.questionnaire import sites_overlap
from skinbeam.model.case import Case
from skinbeam.model.consultation import EarlierSession

__all__ = [
    "TreatedPlace",
    "count_sessions",
    "is_place_known",
    "may_follow",
    "repeats_row",
    "session_indices",
    "session_number",
    "sessions_on",
    "sessions_on_skin",
    "weeks_since",
]


_OF_CONDITION: Final = ("treats", "response_pct")


class TreatedPlace(Protocol):
    """A condition at a site: a concern of a case or of a plan."""

    @property
    def condition(self) -> str:
        """The name of the condition."""

    @property
    def site(self) -> str:
        """The name of the site."""


def session_indices(case: Case, place: TreatedPlace) -> tuple[int, ...]:
    """Return the indices in the case of the sessions on a condition at a site, in the order of their weeks.

    A session that names no site may have treated every one, and counts.
    """
    here = (
        index
        for index, done in enumerate(case.session)
        if done.treats == place.condition and (done.site is None or sites_overlap(done.site, place.site))
    )
    return tuple(sorted(here, key=lambda index: case.session[index].week))


def sessions_on(case: Case, place: TreatedPlace) -> tuple[EarlierSession, ...]:
    """Return the sessions on a condition at a site, in the order of their weeks (`session_indices`)."""
    return tuple(case.session[index] for index in session_indices(case, place))


def count_sessions(rows: Iterable[EarlierSession]) -> int:
    """Return how many sessions some rows are: those of one week that name several sites are one session."""
    weeks: dict[float, Counter[str | None]] = {}
    for row in rows:
        weeks.setdefault(row.week, Counter())[row.site] += 1
    return sum(sites.pop(None, 0) + max(sites.values(), default=0) for sites in weeks.values())


def repeats_row(case: Case, index: int) -> bool:
    """Return whether an earlier row of the case is the same session, with another condition that its pulses treated."""
    return _first_row_of(case, index) != index


def session_number(case: Case, index: int) -> int:
    """Return the number of the session of a row, from 1, where rows of one session have one number."""
    first = _first_row_of(case, index)
    return sum(not repeats_row(case, row) for row in range(first + 1))


def _first_row_of(case: Case, index: int) -> int:
    """Return the first row of the session of a row: they differ in what was treated, and in how much better that is."""
    row = case.session[index]
    about = row.model_dump(exclude=set(_OF_CONDITION))
    return next(
        place
        for place, other in enumerate(case.session[: index + 1])
        if place == index or (other.treats != row.treats and other.model_dump(exclude=set(_OF_CONDITION)) == about)
    )


def sessions_on_skin(case: Case, sites: Collection[str]) -> tuple[EarlierSession, ...]:
    """Return the sessions that treated skin of some sites, whatever they treated.

    One that names no site did where its condition is a concern there.
    """
    conditions = {concern.condition for concern in case.concern if _overlap_any(concern.site, sites)}
    return tuple(
        done
        for done in case.session
        if (done.treats in conditions if done.site is None else _overlap_any(done.site, sites))
    )


def _overlap_any(site: str, sites: Collection[str]) -> bool:
    return any(sites_overlap(site, other) for other in sites)


def is_place_known(case: Case, place: TreatedPlace) -> bool:
    """Return whether the sessions on a condition are known to have treated a site of it.

    They are where each names its site, and where the condition is a concern at one site alone.
    """
    is_single = sum(concern.condition == place.condition for concern in case.concern) <= 1
    return is_single or all(session.site is not None for session in sessions_on(case, place))


def weeks_since(case: Case, earlier: EarlierSession) -> float | None:
    """Return how many weeks ago a session took place; None where neither it nor another on its condition says so."""
    if earlier.weeks_ago is not None:
        return earlier.weeks_ago
    dated = (session for session in case.session if session.treats == earlier.treats and session.weeks_ago is not None)
    latest = max(dated, key=lambda session: session.week, default=None)
    if latest is None or latest.weeks_ago is None:
        return None
    ago = latest.week + latest.weeks_ago - earlier.week
    return ago if ago >= 0.0 else None


def may_follow(case: Case, session: EarlierSession, other: EarlierSession) -> bool:
    """Return whether a session may be later than another one.

    Weeks of two conditions may be counted from two first sessions, so that the weeks until today decide, where both are
    known; of one week, sessions on two conditions may have followed each other either way.
    """
    if session.treats == other.treats:
        return session.week > other.week
    ago, other_ago = weeks_since(case, session), weeks_since(case, other)
    return session.week >= other.week if ago is None or other_ago is None else ago <= other_ago
