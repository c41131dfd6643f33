"""What a clinic may hand to a reviewed release: courses in groups in which nobody can be recognised."""

import csv
import datetime
import io
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from skinbeam.app.clinic.learning.judged import Judged
from skinbeam.schema.names import PHOTOTYPES
from skinbeam.shipped import shipped_text

__all__ = ["FEWEST_PEOPLE", "NOTE", "Group", "Table", "entry_of", "grouped", "people_of", "with_harm", "written"]

FEWEST_PEOPLE = 10  # of a row
NOTE = "Counted in the records of a clinic, of people who were followed up after their last session."


@dataclass(frozen=True)
class Group:
    """Courses of people who were treated alike: at least `FEWEST_PEOPLE`; `phototypes` as a table writes them."""

    phototypes: str
    courses: tuple[Judged, ...]


@dataclass(frozen=True)
class Table:
    """A table as it is handed on.

    Parameters
    ----------
    left_out : people who are in no row, since too few were treated like them or their skin or device is not known.
    """

    content: bytes
    rows: int
    people: int
    left_out: int


def grouped(
    courses: Iterable[Judged], key: Callable[[Judged], Hashable]
) -> tuple[dict[Hashable, list[Group]], frozenset[str]]:
    """Return courses by what they have in common, and who is in none.

    Neighbouring phototypes are put together until a group is large enough; what is left over joins the last one.
    """
    alike: dict[Hashable, dict[str, list[Judged]]] = defaultdict(lambda: defaultdict(list))
    everybody = set()
    for one in courses:
        everybody.add(one.course.patient_id)
        if isinstance(one.told.phototype, str) and (name := key(one)) is not None:
            alike[name][one.told.phototype].append(one)
    found = {name: groups for name, mine in alike.items() if (groups := _merged(mine))}
    shown = {one.course.patient_id for groups in found.values() for group in groups for one in group.courses}
    return found, frozenset(everybody - shown)


def _merged(by_phototype: Mapping[str, list[Judged]]) -> list[Group]:
    groups: list[tuple[list[str], list[Judged]]] = []
    for phototype in sorted(by_phototype, key=_order):
        if not groups or len(people_of(groups[-1][1])) >= FEWEST_PEOPLE:
            groups.append(([], []))
        groups[-1][0].append(phototype)
        groups[-1][1].extend(by_phototype[phototype])
    if len(groups) > 1 and len(people_of(groups[-1][1])) < FEWEST_PEOPLE:
        names, courses = groups.pop()
        groups[-1][0].extend(names)
        groups[-1][1].extend(courses)
    return [
        Group(_range(names), tuple(courses)) for names, courses in groups if len(people_of(courses)) >= FEWEST_PEOPLE
    ]


def people_of(courses: Iterable[Judged]) -> frozenset[str]:
    """Return whose courses these are."""
    return frozenset(one.course.patient_id for one in courses)


def with_harm(courses: Iterable[Judged], name: str) -> int:
    """Return how many people had a harm, each once."""
    return len(people_of(one for one in courses if name in one.course.harms))


def written(file: str, rows: Sequence[Mapping[str, object]]) -> bytes:
    """Return rows under the columns of a table that ships; a column that a row does not name is empty."""
    columns = next(csv.reader([shipped_text(f"data/{file}").partition("\n")[0]]))
    out = io.StringIO()
    table = csv.DictWriter(out, columns, restval="", lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    return out.getvalue().encode()


def entry_of(source: str) -> str:
    """Return the entry of the bibliography under which a clinic stands, by its pseudonym alone."""
    year = datetime.datetime.now(datetime.UTC).year
    return f"@misc{{{source},\n  title = {{Outcomes of a clinic}},\n  year = {{{year}}},\n  note = {{{NOTE}}},\n}}\n"


def _order(phototype: str) -> tuple[int, int]:
    ends = phototype.split("-")
    return PHOTOTYPES.index(ends[0]), PHOTOTYPES.index(ends[-1])


def _range(names: Iterable[str]) -> str:
    places = [place for name in names for place in _order(name)]
    low, high = PHOTOTYPES[min(places)], PHOTOTYPES[max(places)]
    return low if low == high else f"{low}-{high}"
