"""Read and validate sweep files (case, axes, answer, outputs), and make the cases of a sweep."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from skinbeam.model.errors import InputError, unknown_name_error
from skinbeam.model.fields import FieldError, InputTable, choice, text, value_or_list, whole_number
from skinbeam.model.input_files import file_exists, parse_record, read_toml
from skinbeam.model.vocabulary import ENDPOINTS
from skinbeam.sweeps.axes import PERSON, SAMPLE, Axis, FieldValue, count_cases, grid_axis, population_axis, sample_axis

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
    "set_fields",
    "values_at",
]

ANSWERS = ("simulate", "threshold", "consult")
_MOST_OUTPUTS = 100


class SampleTable(InputTable):
    """Number and seed of the sampled rows, and the distribution of each sampled field."""

    n: Annotated[int, whole_number(1, 10_000_000)]
    seed: Annotated[int, whole_number(0, 2**63 - 1)] = 0
    fields: dict[str, Any]


class PopulationTable(InputTable):
    """Number and seed of the virtual patients."""

    n: Annotated[int, whole_number(1, 10_000_000)]
    seed: Annotated[int, whole_number(0, 2**63 - 1)] = 0


class SweepFile(InputTable):
    """The content of a sweep file."""

    case: Annotated[str, text(200, min_length=1)]
    answer: Annotated[str, choice(*ANSWERS)] = "simulate"
    endpoint: Annotated[str | None, choice(*ENDPOINTS)] = None
    of: Annotated[str | None, choice("fluence_J_cm2", "microbeam_mJ", "exposure_s")] = None
    draws: Annotated[int, whole_number(1, 100_000)] = 200
    seed: Annotated[int, whole_number(0, 2**63 - 1)] = 0
    outputs: Annotated[list[str], value_or_list(text(200, min_length=1), _MOST_OUTPUTS)]
    axes: dict[str, Any] = Field(default_factory=dict)
    sample: SampleTable | None = None
    population: PopulationTable | None = None


@dataclass(frozen=True)
class SweepQuestion:
    """The question of a sweep: everything a worker needs besides the varied values.

    Parameters
    ----------
    answer : simulate, threshold or consult.
    tables : of the case that is varied.
    folder : folder of the files that the case names.
    file : name of the sweep file, for messages.
    outputs : dotted paths in the answer of one case.
    """

    answer: str
    tables: Mapping[str, Any]
    folder: Path
    file: str
    outputs: tuple[str, ...]
    draws: int
    seed: int
    endpoint: str | None
    dose_quantity: str | None


@dataclass(frozen=True)
class Sweep:
    """A validated sweep: its question and its axes, outermost first."""

    question: SweepQuestion
    axes: tuple[Axis, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of places along each axis."""
        return tuple(len(axis.rows) for axis in self.axes)


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
    return make_sweep(read, read_toml(beside), beside.parent, path.name)


def make_sweep(read: SweepFile, tables: Mapping[str, Any], folder: Path, file: str) -> Sweep:
    """Validate a sweep over the tables of a case.

    Raises
    ------
    InputError : an axis, a distribution or a field is wrong; too many cases.
    """
    try:
        axes = [grid_axis(field, told) for field, told in read.axes.items()]
    except FieldError as fault:
        raise _field_error(fault, "axes", file) from None
    if read.sample is not None:
        try:
            axes.insert(0, sample_axis(read.sample.n, read.sample.seed, read.sample.fields))
        except FieldError as fault:
            raise _field_error(fault, "sample.fields", file) from None
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
    twice = next((field for field in varied if varied.count(field) > 1), None)
    if twice is not None:
        raise InputError("wrong-value", f'"{twice}" varies twice', field="axes", hint="Once is enough.", file=file)
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


def _field_error(fault: FieldError, table: str, file: str) -> InputError:
    return InputError(fault.code, str(fault), field=f'{table}."{fault.field}"', hint=fault.hint, file=file)


# The cases of a sweep.

_DIGITS = 6  # most digits of an index into a list of tables, plus one


def values_at(sweep: Sweep, place: Sequence[int]) -> dict[str, FieldValue]:
    """Return the values of the varied fields at a place, given by one index per axis."""
    rows = zip(sweep.axes, place, strict=True)
    return {field: value for axis, k in rows for field, value in zip(axis.fields, axis.rows[k], strict=True)}


def set_fields(tables: Mapping[str, Any], values: Mapping[str, FieldValue]) -> dict[str, Any]:
    """Return the tables of a case with fields set; `tables` is not changed.

    Raises
    ------
    InputError : a path leads through a value that is no table, or to an item that a list does not have.
    """
    made: Any = tables
    for field, value in values.items():
        made = _set_path(made, field.split("."), value, field)
    return dict(made)


def _set_path(held: Any, path: Sequence[str], value: FieldValue, field: str) -> Any:
    """Return a copy with the value at the path; all other parts are shared, not copied."""
    if not path:
        return value
    key, rest = path[0], path[1:]
    if isinstance(held, Mapping):
        return {**held, key: _set_path(held.get(key, {}), rest, value, field)}
    if not isinstance(held, list):
        raise InputError(
            "unknown-field", f'"{key}" lies in no table', field=field, hint="A field of a case, such as skin.ita_deg."
        )
    if not (key.isdecimal() and len(key) < _DIGITS and int(key) < len(held)):
        raise InputError(
            "unknown-field",
            f'"{key}" is none of {len(held)} tables',
            field=field,
            hint="Tables of a list are counted from 0, such as concern.0.severity.",
        )
    return [_set_path(item, rest, value, field) if k == int(key) else item for k, item in enumerate(held)]


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
