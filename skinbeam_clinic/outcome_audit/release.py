"""Group courses for a reviewed release, so that nobody can be recognised, and write the tables."""

import csv
import datetime
import io
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from skinbeam.evidence.studies.trial_arm import parse_grades
from skinbeam.model.package_data import load_package_text
from skinbeam.model.vocabulary import PHOTOTYPES
from skinbeam_clinic.outcome_audit.comparison import CourseComparison

__all__ = [
    "FEWEST_PEOPLE",
    "NOTE",
    "CourseGroup",
    "ReleaseTable",
    "bibliography_entry",
    "count_harmed",
    "grade_range",
    "group_courses",
    "list_people",
    "write_table",
]

FEWEST_PEOPLE = 10  # in a row
NOTE = "Counted in the records of a clinic, of people who were followed up after their last session."


@dataclass(frozen=True)
class CourseGroup:
    """Courses of at least `FEWEST_PEOPLE` people with the same treatment; `phototypes` as a table writes them."""

    phototypes: str
    courses: tuple[CourseComparison, ...]


@dataclass(frozen=True)
class ReleaseTable:
    """A table for a release.

    Parameters
    ----------
    people_left_out : people who are in no row, since too few were treated like them or their skin or device is not
        known.
    """

    content: bytes
    rows: int
    people: int
    people_left_out: int


def group_courses(
    courses: Iterable[CourseComparison], key: Callable[[CourseComparison], Hashable]
) -> tuple[dict[Hashable, list[CourseGroup]], frozenset[str]]:
    """Return courses grouped by a key, and the ids of the people who are in no group.

    Neighbouring phototypes are merged until a group is large enough; a remainder is merged into the last group.
    """
    alike: dict[Hashable, dict[str, list[CourseComparison]]] = defaultdict(lambda: defaultdict(list))
    everybody = set()
    for course in courses:
        everybody.add(course.course.patient_id)
        if isinstance(course.prediction.phototype, str) and (name := key(course)) is not None:
            alike[name][course.prediction.phototype].append(course)
    groups_by_name = {name: groups for name, mine in alike.items() if (groups := _merge_phototypes(mine))}
    shown = {
        course.course.patient_id for groups in groups_by_name.values() for group in groups for course in group.courses
    }
    return groups_by_name, frozenset(everybody - shown)


def _merge_phototypes(by_phototype: Mapping[str, list[CourseComparison]]) -> list[CourseGroup]:
    groups: list[tuple[list[str], list[CourseComparison]]] = []
    for phototype in sorted(by_phototype, key=lambda phototypes: parse_grades(phototypes, PHOTOTYPES)):
        if not groups or len(list_people(groups[-1][1])) >= FEWEST_PEOPLE:
            groups.append(([], []))
        groups[-1][0].append(phototype)
        groups[-1][1].extend(by_phototype[phototype])
    if len(groups) > 1 and len(list_people(groups[-1][1])) < FEWEST_PEOPLE:
        names, courses = groups.pop()
        groups[-1][0].extend(names)
        groups[-1][1].extend(courses)
    return [
        CourseGroup(grade_range(names, PHOTOTYPES), tuple(courses))
        for names, courses in groups
        if len(list_people(courses)) >= FEWEST_PEOPLE
    ]


def list_people(courses: Iterable[CourseComparison]) -> frozenset[str]:
    """Return the ids of the people who have these courses."""
    return frozenset(course.course.patient_id for course in courses)


def count_harmed(courses: Iterable[CourseComparison], name: str) -> int:
    """Return the number of people who had a harm, each counted once."""
    return len(list_people(course for course in courses if name in course.course.harms))


TableRow = Mapping[str, str | int]  # column → cell


def write_table(file: str, rows: Sequence[TableRow]) -> bytes:
    """Return rows as CSV with the columns of a shipped table; columns that a row does not have are empty."""
    columns = next(csv.reader([load_package_text(f"data/{file}").partition("\n")[0]]))
    out = io.StringIO()
    table = csv.DictWriter(out, columns, restval="", lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    return out.getvalue().encode()


def bibliography_entry(source: str) -> str:
    """Return the bibliography entry of a clinic, which contains only its pseudonym."""
    year = datetime.datetime.now(datetime.UTC).year
    return f"@misc{{{source},\n  title = {{Outcomes of a clinic}},\n  year = {{{year}}},\n  note = {{{NOTE}}},\n}}\n"


def grade_range(grades: Iterable[str], known: tuple[str, ...]) -> str:
    """Return the range that several grades of a scale span, each of which may be a range, too.

    Parameters
    ----------
    known : the grades of the scale in their order, such as `PHOTOTYPES`.
    """
    places = [place for grade in grades for place in parse_grades(grade, known)]
    low, high = known[min(places)], known[max(places)]
    return low if low == high else f"{low}-{high}"
