"""Read the log of literature searches, `data/searches.csv`, which shows whether a gap in the trials was searched for.

One row is one query. `useful_studies` is the number of useful studies that it led to; an empty `condition` or
`modality` means any. Look-ups of one known paper are not listed.
"""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from skinbeam.model.conditions import known_conditions, known_modalities
from skinbeam.model.csv_rows import CsvRow
from skinbeam.model.package_data import load_package_text

__all__ = ["SEARCHES_FILE", "LiteratureSearch", "literature_searches", "read_searches", "searches_for"]

SEARCHES_FILE = "searches.csv"


@dataclass(frozen=True)
class LiteratureSearch:
    """One query of a literature search, worded as it was made."""

    condition: str
    modality: str
    query: str
    date: datetime.date
    useful_studies: int


def searches_for(condition: str, modality: str) -> tuple[LiteratureSearch, ...]:
    """Return the queries for a condition and a modality."""
    return tuple(found for found in literature_searches() if (found.condition, found.modality) == (condition, modality))


@cache
def literature_searches() -> tuple[LiteratureSearch, ...]:
    """Return every query of the shipped table.

    Raises
    ------
    InputError : an invalid row.
    """
    return read_searches(load_package_text(f"data/{SEARCHES_FILE}"))


def read_searches(text: str) -> tuple[LiteratureSearch, ...]:
    """Return the queries of a table in CSV.

    Raises
    ------
    InputError : an unknown name, a missing or repeated query, or an invalid date or count.
    """
    return tuple(row.search() for row in _SearchRow.read_rows(text))


class _SearchRow(CsvRow):
    """One CSV record of a search; its row name is made of its contents, so that a repeated query is refused."""

    file, code = SEARCHES_FILE, "wrong-search-row"

    def __init__(self, record: Mapping[str, str]) -> None:
        name = " ".join(record[column] for column in ("condition", "modality", "query"))
        super().__init__({**record, "row": name})

    def search(self) -> LiteratureSearch:
        useful = self.whole_number("useful_studies")
        if not self.record["query"].strip():
            raise self.error("query", "is missing", "The words that were searched for.")
        if useful is None:
            raise self.error("useful_studies", "is missing", "How many useful studies it led to, 0 for none.")
        return LiteratureSearch(
            condition=self.known_word("condition", known_conditions(), empty=True),
            modality=self.known_word("modality", known_modalities(), empty=True),
            query=self.record["query"],
            date=self._date(),
            useful_studies=useful,
        )

    def _date(self) -> datetime.date:
        value = self.record["date"]
        try:
            return datetime.date.fromisoformat(value)
        except ValueError as error:
            raise self.error("date", f'is no date: "{value}"', "A day such as 2026-11-22.") from error
