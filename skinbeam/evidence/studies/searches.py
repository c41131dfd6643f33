"""What was searched for when the table of trials was filled, `data/searches.csv`: silence is told from neglect by it.

One row is one query. `useful_studies` are the studies that it led to and that were of use; an empty `condition` or
`modality` stands for any. Look-ups of one known paper are not listed.
"""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from skinbeam.model.package_data import CsvRow, load_package_text
from skinbeam.model.vocabulary import vocabulary_table

__all__ = ["SEARCHES_FILE", "LiteratureSearch", "literature_searches", "read_searches", "searches_for"]

SEARCHES_FILE = "searches.csv"


@dataclass(frozen=True)
class LiteratureSearch:
    """One query, in the words in which it was made."""

    condition: str
    modality: str
    query: str
    date: datetime.date
    useful_studies: int


def searches_for(condition: str, modality: str) -> tuple[LiteratureSearch, ...]:
    """Return the queries for a condition treated in one way."""
    return tuple(found for found in literature_searches() if (found.condition, found.modality) == (condition, modality))


@cache
def literature_searches() -> tuple[LiteratureSearch, ...]:
    """Return every query of the shipped table.

    Raises
    ------
    InputError : a row that cannot be.
    """
    return read_searches(load_package_text(f"data/{SEARCHES_FILE}"))


def read_searches(text: str) -> tuple[LiteratureSearch, ...]:
    """Return the queries of a table in CSV.

    Raises
    ------
    InputError : an unknown name, no query or the same one again, or what is no date or count.
    """
    return tuple(row.search() for row in _SearchRow.each(text))


class _SearchRow(CsvRow):
    """One record on its way to a search; it is named by what it holds, so that none stands twice."""

    file, code = SEARCHES_FILE, "wrong-search-row"

    def __init__(self, record: Mapping[str, str]) -> None:
        name = " ".join(record[column] for column in ("condition", "modality", "query"))
        super().__init__({**record, "row": name})

    def search(self) -> LiteratureSearch:
        useful = self.whole("useful_studies")
        if not self.record["query"].strip():
            raise self.fault("query", "is missing", "The words that were searched for.")
        if useful is None:
            raise self.fault("useful_studies", "is missing", "How many useful studies it led to, 0 for none.")
        return LiteratureSearch(
            condition=self.one_of("condition", vocabulary_table("condition"), empty=True),
            modality=self.one_of("modality", vocabulary_table("modality"), empty=True),
            query=self.record["query"],
            date=self._date(),
            useful_studies=useful,
        )

    def _date(self) -> datetime.date:
        value = self.record["date"]
        try:
            return datetime.date.fromisoformat(value)
        except ValueError as error:
            raise self.fault("date", f'is no date: "{value}"', "A day such as 2026-11-22.") from error
