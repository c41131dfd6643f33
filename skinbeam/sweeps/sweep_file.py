"""Read and validate sweep files (case, axes, answer, outputs), and make the cases of a sweep."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from skinbeam.model.case_tables import CaseTables
from skinbeam.model.document import sha256_hex, to_json_types
from skinbeam.model.errors import InputError, unknown_name_error
from skinbeam.model.fields import FieldError, InputTable, choice, text, value_or_list, whole_number
from skinbeam.model.input_files import LoadedCase, case_from_tables, file_exists, parse_record, read_toml
from skinbeam.model.run_bounds import MAX_DRAWS, MAX_SEED
from skinbeam.model.vocabulary import ENDPOINTS
from skinbeam.simulate.thresholds import default_dose
from skinbeam.sweeps.axes import (
    MOST_CASES,
    PERSON,
    SAMPLE,
    Axis,
    FieldValue,
    Quantile,
    count_cases,
    field_quantile,
    grid_axis,
    population_axis,
    quantile_axis,
)

__all__ = [
    "PopulationTable",
    "SampleTable",
    "Sweep",
    "SweepFile",
    "SweepQuestion",
    "block_shape",
    "grid_blocks",
    "load_sweep",
    "make_sweep",
    "values_at",
]

ANSWERS = ("simulate", "threshold", "consult")
_MOST_OUTPUTS = 100
# Of a range or a distribution.
_KEYS_OF_VALUES = frozenset({"from", "to", "steps", "scale", "distribution", "low", "high", "mean", "sd", "values"})


def _read_each(read: Callable[[str, Any], Any]) -> BeforeValidator:
    """Return a validator that reads each value of a table by the dotted name of its field."""

    def check(table: Any) -> Any:
        if not isinstance(table, Mapping):
            return table
        found: dict[str, Any] = {}
        for field, entry in _fields_in(table):
            if field in found:
                raise FieldError("wrong-value", "is given twice", "Each field once.", field=f'"{field}"')
            found[field] = read(field, entry)
        return found

    return BeforeValidator(check)


def _fields_in(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each field and what is written for it; without quotation marks, TOML reads a dotted name as tables."""
    for key, entry in table.items():
        if isinstance(entry, Mapping) and entry and not entry.keys() & _KEYS_OF_VALUES:
            yield from _fields_in(entry, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", entry


class PopulationTable(InputTable):
    """Number and seed of the virtual patients."""

    n: Annotated[int, whole_number(1, MOST_CASES)]
    seed: Annotated[int, whole_number(0, MAX_SEED)] = 0


class SampleTable(PopulationTable):
    """Number and seed of the sampled rows, and the distribution of each sampled field.

    Distributions may also stand in the table itself, as the values of an axis do.
    """

    fields: Annotated[dict[str, Quantile], _read_each(field_quantile)]

    @model_validator(mode="before")
    @classmethod
    def _gather_fields(cls, table: Any) -> Any:
        if not isinstance(table, Mapping) or "fields" in table:
            return table
        fields = {key: entry for key, entry in table.items() if isinstance(entry, Mapping)}
        rest = {key: entry for key, entry in table.items() if key not in fields}
        return {**rest, "fields": fields} if fields else table


class SweepFile(InputTable):
    """The content of a sweep file."""

    case: Annotated[str, text(200, min_length=1)]
    answer: Annotated[str, choice(*ANSWERS)] = "simulate"
    endpoint: Annotated[str | None, choice(*ENDPOINTS)] = None
    of: Annotated[str | None, choice("fluence_J_cm2", "microbeam_mJ", "exposure_s")] = None
    draws: Annotated[int, whole_number(1, MAX_DRAWS)] = 200
    seed: Annotated[int, whole_number(0, MAX_SEED)] = 0
    outputs: Annotated[list[str], value_or_list(text(200, min_length=1), _MOST_OUTPUTS)]
    axes: Annotated[dict[str, Axis], _read_each(grid_axis)] = Field(default_factory=dict)
    sample: SampleTable | None = None
    population: PopulationTable | None = None


@dataclass(frozen=True)
class SweepQuestion:
    """The question of a sweep: everything a worker needs besides the varied values.

    Parameters
    ----------
    answer : simulate, threshold or consult; of other questions their name, with their `answerer`.
    tables : of the case that is varied.
    folder : folder of the files that the case names.
    file : name of the sweep file, for messages.
    outputs : dotted paths in the answer of one case.
    answerer : returns the document of a case, for a question that no sweep file asks.
    """

    answer: str
    tables: CaseTables
    folder: Path
    file: str
    outputs: tuple[str, ...]
    draws: int
    seed: int
    endpoint: str | None
    dose_quantity: str | None
    answerer: "Callable[[SweepQuestion, LoadedCase], Any] | None" = None


@dataclass(frozen=True)
class Sweep:
    """A validated sweep: its question and its axes, outermost first."""

    question: SweepQuestion
    axes: tuple[Axis, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of places along each axis."""
        return tuple(len(axis.rows) for axis in self.axes)

    def sha256(self) -> str:
        """Return the hash of everything that is asked: question, axes, and files that the case names, by content."""
        return sha256_hex(self.identifying_values())

    def identifying_values(self) -> list[Any]:
        """Return everything that is asked, as JSON types."""
        question = self.question
        return [
            self._first_case().sha256(),
            to_json_types(question.tables.root, 12),
            (question.answer, question.draws, question.seed, question.endpoint or "", question.dose_quantity or ""),
            question.outputs,
            to_json_types([[axis.name, axis.fields, axis.rows] for axis in self.axes], 12),
        ]

    def varied_dose(self) -> str:
        """Return the quantity of the doses of thresholds; empty for other answers."""
        question = self.question
        return default_dose(self._first_case().case, question.dose_quantity) if question.answer == "threshold" else ""

    def _first_case(self) -> LoadedCase:
        question = self.question
        tables = question.tables.with_fields(values_at(self, (0,) * len(self.shape))).root
        return case_from_tables(tables, question.folder, question.file)


def load_sweep(path: Path) -> Sweep:
    """Read the sweep of a file; the case file that it names is in the same folder.

    Raises
    ------
    InputError : the sweep file or the case file is invalid.
    """
    read = parse_record(SweepFile, read_toml(path), file=path.name)
    beside = path.parent / read.case
    if not beside.resolve().is_relative_to(path.parent.resolve()) or not file_exists(beside):
        raise InputError(
            "missing-file",
            f'no file "{read.case}" beside the sweep file',
            field="case",
            hint="The name of a case file in the folder of the sweep file.",
            file=path.name,
        )
    return make_sweep(read, CaseTables(read_toml(beside)), beside.parent, path.name)


def make_sweep(read: SweepFile, tables: CaseTables, folder: Path, file: str) -> Sweep:
    """Validate a sweep over the tables of a case.

    Raises
    ------
    InputError : the axes do not fit the answer; too many cases.
    """
    axes = list(read.axes.values())
    if read.sample is not None:
        axes.insert(0, quantile_axis(SAMPLE, read.sample.n, read.sample.seed, read.sample.fields))
    if read.population is not None:
        axes.insert(0, population_axis(read.population.n, read.population.seed, tables, read.answer))
    _check_sweep(read, axes, file)
    question = SweepQuestion(
        read.answer, tables, folder, file, tuple(read.outputs), read.draws, read.seed, read.endpoint, read.of
    )
    return Sweep(question, tuple(axes))


def _check_sweep(read: SweepFile, axes: list[Axis], file: str) -> None:
    """Reject inconsistent sweeps before any case is made."""
    varied = [field for axis in axes for field in axis.fields]
    if not varied:
        raise InputError(
            "missing-key",
            "nothing varies",
            field="axes",
            hint='Such as "settings.fluence_J_cm2" = [4.0, 6.0, 8.0] below [axes].',
            file=file,
        )
    for place, names in (("axes", varied), ("outputs", read.outputs)):
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise InputError("wrong-value", f'"{twice}" stands twice', field=place, hint="Once is enough.", file=file)
    named = next((name for name in (SAMPLE, PERSON) if name in varied), None)
    if named is not None:
        raise unknown_name_error("field", named, ("settings.fluence_J_cm2", "skin.ita_deg"), field="axes")
    if (read.endpoint is None) != (read.answer != "threshold"):
        raise InputError(
            "missing-key" if read.endpoint is None else "wrong-value",
            f'"endpoint" and answer = "{read.answer}" do not fit',
            field="endpoint",
            hint="A threshold needs an endpoint, and nothing else takes one.",
            file=file,
        )
    count_cases(axes)


# The cases of a sweep.


def values_at(sweep: Sweep, place: Sequence[int]) -> dict[str, FieldValue]:
    """Return the values of the varied fields at a place, given by one index per axis."""
    rows = zip(sweep.axes, place, strict=True)
    return {field: value for axis, k in rows for field, value in zip(axis.fields, axis.rows[k], strict=True)}


def block_shape(shape: Sequence[int], most: int) -> tuple[int, ...]:
    """Return the sides of a block of at most `most` cases: whole inner axes, then a part of the next."""
    sides: list[int] = []
    for length in reversed(shape):
        side = max(1, min(length, most // prod(sides)))
        sides.append(side)
    return tuple(reversed(sides))


def grid_blocks(shape: Sequence[int], sides: Sequence[int]) -> Iterator[tuple[slice, ...]]:
    """Yield the blocks of a grid in order; those at its ends may be smaller."""
    starts = [range(0, length, side) for length, side in zip(shape, sides, strict=True)]
    for corner in product(*starts):
        yield tuple(slice(a, min(a + side, n)) for a, side, n in zip(corner, sides, shape, strict=True))
