"""Read and write CSV files: encoding and delimiter as told, rows with their line numbers, formulas made harmless.

A cell that begins with `=`, `+`, `-` or `@` is a formula for spreadsheet programs, which may run it. Such a cell is
written with an apostrophe before it, which spreadsheets do not show, and read without it. What a spreadsheet adds to a
file of others is read as it is meant: `="007"`, a text that must not become a number, the line `sep=;` before the names
of the columns, and columns without a name and without a cell.
"""

import codecs
import csv
import io
import itertools
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from skinbeam.model.errors import InputError
from skinbeam.text import message_parameters, render_message

__all__ = [
    "DELIMITERS",
    "ENCODINGS",
    "CsvFile",
    "CsvLayout",
    "CsvLine",
    "count_rows",
    "import_error",
    "read_csv",
    "write_csv",
    "write_csv_lines",
]

ENCODINGS = ("utf-8", "utf-16", "windows-1252", "iso-8859-15")
DELIMITERS = (",", ";", "\t", "|")
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_APOSTROPHE = "'"
_TEXT_FORMULA = re.compile('="((?:[^"]|"")*)"')  # how other programs keep spreadsheets from reading a text as a number
_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?\r?\n')  # the delimiter, for spreadsheets alone
_LONGEST_CELL = 2_000  # characters; the longest field of a record is an address


@dataclass(frozen=True)
class CsvLayout:
    """How a CSV file is written."""

    encoding: str = "utf-8"
    delimiter: str = ","


@dataclass(frozen=True)
class CsvLine:
    """A row with the line on which it begins, counted from 1, and its cells by column."""

    line: int
    cells: Mapping[str, str]


@dataclass(frozen=True)
class CsvFile:
    """A CSV file; each column has a name of its own."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[CsvLine, ...]


def import_error(code: str, file: str, line: int, column: str = "", **read: str) -> InputError:
    """Return an error of a line of a file, and of a column where it is of one.

    Parameters
    ----------
    read : parameters of the message and its hint: what was read, and what would be right.
    """

    def render(id: str) -> str:
        values = read | {"line": str(line), "column": column} if id.startswith("import-place") else read
        return render_message(id, {name: values[name] for name in message_parameters(id)})

    return InputError(
        f"import-{code}",
        render(f"import-fault.{code}"),
        field=render("import-place.column" if column else "import-place.line"),
        hint=render(f"import-fault.{code}-hint"),
        file=file,
    )


def read_csv(content: bytes, name: str, layout: CsvLayout) -> tuple[CsvFile, tuple[InputError, ...]]:
    """Return a CSV file, and the errors of rows that cannot be read, which are left out.

    Raises
    ------
    InputError : the whole file cannot be read: its encoding or delimiter is not the one told, or it has no usable line
        of column names.
    """
    lines = _iterate_lines(content, name, layout)
    first = next(lines, None)
    if first is None:
        raise import_error("empty", name, 1)
    filled = [(line, cells) for line, cells in lines if any(cell.strip() for cell in cells)]
    head = _without_empty_columns(first[1], [cells for _, cells in filled])
    columns = _check_columns(head, name, layout)
    rows: list[CsvLine] = []
    errors: list[InputError] = []
    for line, cells in filled:
        if any(cell.strip() for cell in cells[len(columns) :]) or len(cells) not in (len(columns), len(first[1])):
            errors.append(import_error("cells", name, line, read=str(len(cells)), right=str(len(columns))))
            continue
        plain = [_plain_cell(cell) for cell in cells[: len(columns)]]
        wrong = next((n for n, cell in enumerate(plain) if len(cell) > _LONGEST_CELL or not cell.isprintable()), None)
        if wrong is not None:
            errors.append(import_error("cell", name, line, columns[wrong], longest=str(_LONGEST_CELL)))
            continue
        rows.append(CsvLine(line, dict(zip(columns, plain, strict=True))))
    return CsvFile(name, columns, tuple(rows)), tuple(errors)


def count_rows(content: bytes, name: str, layout: CsvLayout) -> int:
    """Return the number of rows of a CSV file that are not empty, with that of the column names.

    Raises
    ------
    InputError : the file cannot be read in its encoding, or its quotes do not match.
    """
    return sum(any(cell.strip() for cell in cells) for _, cells in _iterate_lines(content, name, layout))


def write_csv(columns: Sequence[str], rows: Iterable[Sequence[object]], *, for_spreadsheets: bool = True) -> bytes:
    """Return a table as CSV in UTF-8; unknown values are empty, and texts cannot act as formulas.

    Parameters
    ----------
    for_spreadsheets : whether it begins with a byte order mark, which spreadsheets need and other programs take for a
        part of the first name.
    """
    lines = write_csv_lines(itertools.chain([columns], rows), line_end="\r\n" if for_spreadsheets else "\n")
    return codecs.BOM_UTF8 + lines if for_spreadsheets else lines


def write_csv_lines(rows: Iterable[Sequence[object]], *, line_end: str = "\r\n") -> bytes:
    """Return rows of a table as CSV in UTF-8, for a file that begins with the names of its columns (`write_csv`)."""
    written = io.StringIO()
    csv.writer(written, lineterminator=line_end).writerows(map(_csv_cell, row) for row in rows)
    return written.getvalue().encode()


def _csv_cell(value: object) -> object:
    if isinstance(value, bool):
        return "true" if value else "false"
    return _protect(value) if isinstance(value, str) else value


def _protect(text: str) -> str:
    return f"{_APOSTROPHE}{text}" if text.lstrip(_APOSTROPHE).startswith(_FORMULA_STARTS) else text


def _plain_cell(text: str) -> str:
    """Return the text of a cell in one line, with letters in the form in which the records hold them.

    A letter with an accent may be one character or two, which look the same; unlike ones would not be found as equal.
    """
    return unicodedata.normalize("NFC", " ".join(_restore(text).replace("\r", "").replace("\n", ", ").split()))


def _restore(text: str) -> str:
    """Return a cell as it was before `_protect`, and the text of a formula that is nothing but a text."""
    if (formula := _TEXT_FORMULA.fullmatch(text.strip())) is not None:
        return formula[1].replace('""', '"')
    bare = text.lstrip(_APOSTROPHE)
    return text[1:] if text.startswith(_APOSTROPHE) and bare.startswith(_FORMULA_STARTS) else text


def _decode(content: bytes, name: str, layout: CsvLayout) -> str:
    """Return the text of a file in the encoding that was told, which must not contradict the file."""
    if layout.encoding == "utf-8":
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = content[: error.start].count(b"\n") + 1
            raise import_error("encoding", name, line, read=f"0x{content[error.start]:02x}", told="utf-8") from None
    if layout.encoding != "utf-16" and not content.isascii() and _is_utf8(content):
        raise import_error("is-utf-8", name, 1, told=layout.encoding)
    try:
        return content.decode(layout.encoding)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise import_error("encoding", name, line, read=f"0x{content[error.start]:02x}", told=layout.encoding) from None


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _iterate_lines(content: bytes, name: str, layout: CsvLayout) -> Iterator[tuple[int, list[str]]]:
    """Yield each row with the line on which it begins: a quoted cell may have several lines."""
    decoded = _decode(content, name, layout)
    separator = _SEPARATOR_LINE.match(decoded)
    if separator is not None and separator[1] != layout.delimiter:
        raise import_error("delimiter", name, 1, read=separator[0].strip(), told=layout.delimiter, right=separator[1])
    text = io.StringIO(decoded[separator.end() :] if separator else decoded, newline="")
    reader = csv.reader(text, delimiter=layout.delimiter, strict=True)
    while True:
        line = reader.line_num + (2 if separator else 1)
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise import_error("quotes", name, line, read=str(error)) from None
        yield line, cells


def _without_empty_columns(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Sequence[str]:
    """Return the names of the columns without those at the end that have neither a name nor a cell.

    A line without any name is returned whole, for the error.
    """
    named = max((number for number, cell in enumerate(head, 1) if cell.strip()), default=0)
    used = max((number for cells in rows for number, cell in enumerate(cells, 1) if cell.strip()), default=0)
    return head[: max(named, min(used, len(head)))] if named else head


def _check_columns(cells: Sequence[str], name: str, layout: CsvLayout) -> tuple[str, ...]:
    columns = tuple(map(_plain_cell, cells))
    if len(columns) == 1:
        other = next((mark for mark in DELIMITERS if mark != layout.delimiter and mark in cells[0]), "")
        if other:
            raise import_error("delimiter", name, 1, read=columns[0][:60], told=layout.delimiter, right=other)
    for number, column in enumerate(columns, 1):
        if not column or not column.isprintable():
            raise import_error("no-name", name, 1, number=str(number))
        if column in columns[: number - 1]:
            raise import_error("same-column", name, 1, column)
    return columns
