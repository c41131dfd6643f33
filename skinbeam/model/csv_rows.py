"""Read CSV tables of the package row by row: every cell is checked, and every error names file, row and column."""

import csv
import io
from collections.abc import Collection, Iterator, Mapping
from typing import ClassVar, Self

from skinbeam.model.errors import InputError, spelling_hint
from skinbeam.model.sources import source_keys
from skinbeam.model.vocabulary import phototype_range

__all__ = ["CsvRow"]


class CsvRow:
    """Validate the cells of one row of a CSV table of the package; every error names file, row and column.

    The column `row` names the rows; an empty cell means that the source prints no value. Readers of tables derive from
    this class and set `file`, the name of the table, and `code`, the code of its errors.
    """

    file: ClassVar[str]
    code: ClassVar[str]

    def __init__(self, record: Mapping[str, str]) -> None:
        self.record = record
        self.name = record["row"]

    @classmethod
    def read_rows(cls, text: str) -> Iterator[Self]:
        """Yield the rows of a table in CSV.

        Raises
        ------
        InputError : two rows have the same name.
        """
        names: set[str] = set()
        for record in csv.DictReader(io.StringIO(text)):
            row = cls(record)
            yield row
            if row.name in names:
                raise row.error("row", "stands twice", "A name of its own for each row.")
            names.add(row.name)

    def error(self, column: str, message: str, hint: str) -> InputError:
        """Return the error for a column of this row."""
        return InputError(self.code, message, field=f"{self.name}.{column}", hint=hint, file=self.file)

    def known_word(self, column: str, known: Collection[str], *, empty: bool = False) -> str:
        """Return the value of a cell that must be a known word, or may be empty if `empty` is set.

        Raises
        ------
        InputError : the value is not known.
        """
        value = self.record[column]
        if value or not empty:
            self.check_word(column, value, known)
        return value

    def parts(self, column: str, separator: str | None = ";") -> tuple[str, ...]:
        """Return the parts of a cell; those between spaces if the separator is None."""
        return tuple(part.strip() for part in self.record[column].split(separator) if part.strip())

    def known_words(self, column: str, known: Collection[str], separator: str | None = ";") -> tuple[str, ...]:
        """Return the parts of a cell, each a known word.

        Raises
        ------
        InputError : a part is not known.
        """
        parts = self.parts(column, separator)
        for part in parts:
            self.check_word(column, part, known)
        return parts

    def source_key(self, column: str) -> str:
        """Return the key of a source in a cell.

        Raises
        ------
        InputError : the bibliography has no such key.
        """
        self.check_sources(column, [self.record[column]])
        return self.record[column]

    def source_keys(self, column: str) -> tuple[str, ...]:
        """Return the keys of sources in a cell.

        Raises
        ------
        InputError : the bibliography has no such key.
        """
        keys = self.parts(column)
        self.check_sources(column, keys)
        return keys

    def check_sources(self, column: str, keys: Collection[str]) -> None:
        """Reject keys of sources that the bibliography does not have.

        Raises
        ------
        InputError : it has not; the nearest key is named.
        """
        unknown = [key for key in keys if key not in source_keys()]
        if unknown:
            hint = f"{spelling_hint(unknown, source_keys())}A new source is an entry of a file in data/sources."
            raise self.error(column, f'unknown value "{unknown[0]}"', hint)

    def check_word(self, column: str, word: str, known: Collection[str]) -> None:
        """Reject a word that is not known.

        Raises
        ------
        InputError : it is not; some known words are named.
        """
        if word not in known:
            hint = f"Known: {', '.join(list(known)[:40]) or 'nothing'}."
            raise self.error(column, f'unknown value "{word}"', hint)

    def phototype(self, *, empty: bool = False) -> str:
        """Return the phototype or range of phototypes in the column of that name, such as `III-V`.

        Raises
        ------
        InputError : neither; an empty cell is allowed if `empty` is set.
        """
        value = self.record["phototype"]
        if empty and not value:
            return value
        try:
            low, high = phototype_range(value)
        except ValueError:
            low, high = 1, 0
        if low > high or value.count("-") > 1:
            raise self.error("phototype", f'cannot read "{value}"', "I to VI, or a range such as III-V.")
        return value

    def number(self, column: str, low: float, high: float) -> float | None:
        """Return a number from `low` to `high`; None for an empty cell.

        Raises
        ------
        InputError : not a number, or out of range.
        """
        value = self.record[column]
        if not value:
            return None
        try:
            number = float(value)
        except ValueError as error:
            raise self.error(column, f'is no number: "{value}"', f"A number from {low:g} to {high:g}.") from error
        if not low <= number <= high:
            raise self.error(column, f"is out of range: {value}", f"A number from {low:g} to {high:g}.")
        return number

    def number_range(
        self, name: str, low: float, high: float, *, unit: str = ""
    ) -> tuple[float | None, float | None] | None:
        """Return both ends of a range, from the columns `NAME_low_UNIT` and `NAME_high_UNIT`; None if both are empty.

        Raises
        ------
        InputError : an end that is not a number from `low` to `high`, or the higher end first.
        """
        first, last = f"{name}_low{unit}", f"{name}_high{unit}"
        least, most = self.number(first, low, high), self.number(last, low, high)
        if least is None and most is None:
            return None
        if least is not None and most is not None and least > most:
            raise self.error(first, f"{least:g} to {most:g} cannot be", "The lower end first.")
        return least, most

    def whole_number(self, column: str) -> int | None:
        """Return a count; None for an empty cell.

        Raises
        ------
        InputError : not a whole number.
        """
        value = self.record[column]
        if not value:
            return None
        if not value.isdecimal():
            raise self.error(column, f'is no count: "{value}"', "A whole number.")
        return int(value)
