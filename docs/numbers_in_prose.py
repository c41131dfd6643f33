"""Compare numbers in the prose of README and manual with what the program prints or holds, by `numbers.toml`.

    python docs/numbers_in_prose.py            # prints what pages say and what is so
    python docs/numbers_in_prose.py --write    # puts the values into the pages

A test does the same comparison. Numbers in sentences that no table names are not compared.
"""

import contextlib
import io
import json
import os
import re
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from skinbeam.cli import main
from skinbeam.model.package_data import load_package_table

__all__ = ["Comparison", "ProseSentence", "command_document", "compare", "read_sentences", "write_values"]

ROOT = Path(__file__).parent.parent
_FILE_BLOCK = re.compile(r'^```toml title="([^"]+)"\n(.*?)^```$', re.MULTILINE | re.DOTALL)
_MOST_ROUNDED = 0.05  # a number that is rounded by more, such as 3.48 to 3, is another number
CommandRunner = Callable[[str, tuple[tuple[str, str], ...], str], Any]
_NUMBER = r"(-?\d+(?:\.\d+)?)"


@dataclass(frozen=True)
class ProseSentence:
    """A sentence of a page with numbers that the program prints, or that its data hold; see `numbers.toml`."""

    name: str
    page: str
    sentence: str
    paths: tuple[str, ...]
    command: str = ""
    data: str = ""
    without: str = ""
    slow: bool = False

    @property
    def pattern(self) -> re.Pattern[str]:
        """The sentence as a pattern with a group for each number; a line of the page may end at any space."""
        words = r"\s+".join(map(re.escape, self.sentence.split()))
        return re.compile(words.replace(re.escape("{}"), _NUMBER))

    @property
    def text(self) -> str:
        """The text of the page."""
        return (ROOT / self.page).read_text(encoding="utf-8")


@dataclass(frozen=True)
class Comparison:
    """A number as a page writes it, and the value that it stands for."""

    path: str
    written: str
    value: float

    @property
    def digits(self) -> int:
        """Number of decimals that the page writes."""
        return len(self.written.partition(".")[2])

    @property
    def agrees(self) -> bool:
        """Whether the page writes the value, rounded to its own digits, and with enough of them."""
        error = abs(float(self.written) - self.value)
        return error <= 0.5 * 10.0**-self.digits + 1e-9 and error <= _MOST_ROUNDED * abs(self.value)


def read_sentences() -> tuple[ProseSentence, ...]:
    """Return the sentences of `numbers.toml`."""
    table = tomllib.loads((ROOT / "docs" / "numbers.toml").read_text(encoding="utf-8"))
    return tuple(ProseSentence(name, **{**entry, "paths": tuple(entry["paths"])}) for name, entry in table.items())


def compare(sentence: ProseSentence, run: CommandRunner | None = None) -> list[Comparison]:
    """Return each number of a sentence as the page writes it, beside its value.

    Parameters
    ----------
    run : returns the document of a command, as `command_document` does.

    Raises
    ------
    ValueError : the page does not contain the sentence, or more than once, or there is not one path for each number.
    """
    found = list(sentence.pattern.finditer(sentence.text))
    if len(found) != 1:
        raise ValueError(f"{sentence.page} contains the sentence {len(found)} times: {sentence.sentence}")
    written = found[0].groups()
    if len(written) != len(sentence.paths):
        raise ValueError(f"{sentence.name}: {len(sentence.paths)} paths for {len(written)} numbers")
    document = _document(sentence, run or command_document)
    values = (_value(document, path) for path in sentence.paths)
    return [Comparison(*parts) for parts in zip(sentence.paths, written, values, strict=True)]


def write_values(sentence: ProseSentence) -> None:
    """Put the values into the page, with as many digits as it writes."""
    compared, text = compare(sentence), sentence.text
    found = sentence.pattern.search(text)
    assert found is not None  # compared above
    for group in range(len(compared), 0, -1):  # from the last on, so that the places of the others stay
        one, (low, high) = compared[group - 1], found.span(group)
        text = f"{text[:low]}{one.value:.{one.digits}f}{text[high:]}"
    (ROOT / sentence.page).write_text(text, encoding="utf-8")


def _run_quietly(arguments: Sequence[str], folder: Path) -> Any:
    before = Path.cwd()
    os.chdir(folder)
    try:
        with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
            try:
                main([*arguments, "--json"])
            except SystemExit as end:
                if end.code:
                    raise RuntimeError(f"{' '.join(arguments)}: {err.getvalue()}") from end
    finally:
        os.chdir(before)
    return json.loads(out.getvalue())


def _document(sentence: ProseSentence, run: CommandRunner) -> Any:
    if sentence.data:
        return load_package_table(f"data/{sentence.data}")
    files = tuple(_FILE_BLOCK.findall(sentence.text))
    return run(sentence.command, files, sentence.without)


@cache
def command_document(command: str, files: tuple[tuple[str, str], ...] = (), without: str = "") -> Any:
    """Return the JSON document of a command that runs in a folder with the examples and these files.

    Parameters
    ----------
    files : name and text of each file.
    without : the table that is left out of the files.

    Raises
    ------
    RuntimeError : the command fails.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "examples").symlink_to(ROOT / "examples")
        for title, text in files:
            (folder / title).write_text(_leave_out(text, without), encoding="utf-8")
        return _run_quietly(command.split(), folder)


def _leave_out(text: str, table: str) -> str:
    """Return a TOML text without one of its tables."""
    return re.sub(rf"^\[{re.escape(table)}\]\n(?:(?!\[).*\n?)*", "", text, flags=re.MULTILINE) if table else text


def _value(document: Mapping[str, Any], path: str) -> float:
    factor, _, keys = path.rpartition(" * ")
    value: Any = document
    for key in keys.split("."):
        value = value[key]
    return float(factor or 1.0) * float(value)


def _print_comparisons(write: bool) -> Iterator[str]:
    for sentence in read_sentences():
        for one in compare(sentence):
            mark = " " if one.agrees else "!"
            yield f"{mark} {sentence.page}: {one.written} is {one.value:.6g} ({one.path})"
        if write:
            write_values(sentence)


if __name__ == "__main__":
    for line in _print_comparisons("--write" in sys.argv[1:]):
        print(line)
