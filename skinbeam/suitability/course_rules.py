"""Read the rules of a course from `data/limits.toml`: order and spacing of treatments, and when it stops."""

from dataclasses import dataclass
from functools import cache

from skinbeam.model.package_data import load_package_table
from skinbeam.model.vocabulary import COLUMN_MODALITIES

__all__ = ["CourseRules", "course_rules"]


@dataclass(frozen=True)
class CourseRules:
    """Order and spacing of treatments in a course, and when it stops.

    Parameters
    ----------
    order : modalities, those first that are done first.
    one_visit : modalities that leave skin closed, whose single targets one device treats in one visit.
    background : conditions of a whole field, which lines and single spots of the same field come before.
    renewed_together : conditions of a whole field that one pattern of columns renews together.
    least_weeks, least_weeks_between_craters : between two sessions; between two that remove columns of skin, where no
        source gives an interval.
    longest_wait : how many times its least weeks a session may wait for the visits of another course, where no source
        gives an interval.
    unknown_sessions : planned where nobody counted sessions.
    beside_source : of light and columns in one visit, on fields that touch.
    between_source : of light for vessels and for brown spots of one skin in one visit, by two lasers.
    stop_after_sessions, stop_after_sessions_of_columns : by then a course must have improved something.
    stop_below_pct : a course that has improved less by then is not repeated of itself.
    enough_pct : of improvement, from which little is left to gain and another session needs a new decision.
    dose_step : the share by which a clinic raises a dose that left no harm and did too little.
    new_course_after_weeks : so long after the last session another one begins a new course.
    """

    order: tuple[str, ...]
    one_visit: tuple[str, ...]
    background: tuple[str, ...]
    renewed_together: tuple[str, ...]
    least_weeks: int
    least_weeks_between_craters: int
    longest_wait: float
    unknown_sessions: int
    stop_after_sessions: int
    stop_after_sessions_of_columns: int
    stop_below_pct: float
    enough_pct: float
    dose_step: float
    new_course_after_weeks: float
    source: str
    beside_source: str
    between_source: str

    def stop_after(self, modality: str) -> int:
        """Return after how many sessions a course must have improved something: more of columns, which rebuild skin."""
        return self.stop_after_sessions_of_columns if modality in COLUMN_MODALITIES else self.stop_after_sessions


@cache
def course_rules() -> CourseRules:
    """Return the rules of `data/limits.toml`."""
    table = load_package_table("data/limits.toml")["course"]
    lists = {key: tuple(table[key]) for key in ("order", "one_visit", "background", "renewed_together")}
    return CourseRules(**{**table, **lists})
