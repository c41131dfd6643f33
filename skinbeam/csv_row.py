"""One row of a table that ships as CSV, on its way to a record: every complaint names file, row and column.

The column `row` names the rows; an empty cell was not printed. What the rows of one table have beyond that is said by
the reader of the table, which derives from `CsvRow`.
"""

import csv
import io
from collections.abc import Collection, Iterator, Mapping
from typing import ClassVar, Self

from skinbeam.errors import InputError

__all__ = ["CsvRow"]


class CsvRow:
    """A row and its cells, read by column.

    `file` is the name of the table, and `code` that of its complaints.
    """

    file: ClassVar[str]
    code: ClassVar[str]

    def __init__(self, record: Mapping[str, str]) -> None:
        self.record = record
        self.name = record["row"]

    @classmethod
    def each(cls, text: str) -> Iterator[Self]:
        """Yield the rows of a table in CSV.

        Raises
        ------
        InputError : two rows have one name.
        """
        names: set[str] = set()
        for record in csv.DictReader(io.StringIO(text)):
            row = cls(record)
            yield row
            if row.name in names:
                raise row.fault("row", "stands twice", "A name of its own for each row.")
            names.add(row.name)

    def fault(self, column: str, message: str, hint: str) -> InputError:
        """Return a complaint of one column of this row."""
        return InputError(self.code, message, field=f"{self.name}.{column}", hint=hint, file=self.file)

    def one_of(self, column: str, known: Collection[str], *, empty: bool = False) -> str:
        """Return a cell that holds a known word, or nothing where `empty` allows it.

        Raises
        ------
        InputError : it does not.
        """
        value = self.record[column]
        if value in known or (empty and not value):
            return value
        raise self.fault(column, f'unknown value "{value}"', f"Known: {', '.join(list(known)[:40])}.")

    def number(self, column: str, low: float, high: float) -> float | None:
        """Return a number from `low` to `high`; None where none is printed.

        Raises
        ------
        InputError : something else stands there.
        """
        value = self.record[column]
        if not value:
            return None
        try:
            number = float(value)
        except ValueError as error:
            raise self.fault(column, f'is no number: "{value}"', f"A number from {low:g} to {high:g}.") from error
        if not low <= number <= high:
            raise self.fault(column, f"is out of range: {value}", f"A number from {low:g} to {high:g}.")
        return number

    def whole(self, column: str) -> int | None:
        """Return a count; None where none is printed.

        Raises
        ------
        InputError : something else stands there.
        """
        value = self.record[column]
        if not value:
            return None
        if not value.isdecimal():
            raise self.fault(column, f'is no count: "{value}"', "A whole number.")
        return int(value)
