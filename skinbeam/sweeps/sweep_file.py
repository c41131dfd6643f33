"""The sweep file: which case, what varies, what is asked, which of its numbers are kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from skinbeam.errors import InputError, unknown_name
from skinbeam.schema.fields import FieldFault, Section, choice, some_of, text, whole
from skinbeam.schema.load import is_there, parse, read_toml
from skinbeam.schema.names import ENDPOINTS
from skinbeam.sweeps.axes import SAMPLE, Axis, check_size, grid_axis, sample_axis
from skinbeam.sweeps.population import PERSON, population_axis

__all__ = ["PopulationTable", "Question", "SampleTable", "Sweep", "SweepFile", "load_sweep", "sweep_of"]

ANSWERS = ("simulate", "threshold", "consult")
_MOST_OUTPUTS = 100


class SampleTable(Section):
    """How many rows are drawn, from which seed, and each sampled field with its distribution."""

    n: Annotated[int, whole(1, 10_000_000)]
    seed: Annotated[int, whole(0, 2**63 - 1)] = 0
    fields: dict[str, Any]


class PopulationTable(Section):
    """How many people are drawn, from which seed."""

    n: Annotated[int, whole(1, 10_000_000)]
    seed: Annotated[int, whole(0, 2**63 - 1)] = 0


class SweepFile(Section):
    """A sweep file as it is written."""

    case: Annotated[str, text(200, least=1)]
    answer: Annotated[str, choice(*ANSWERS)] = "simulate"
    endpoint: Annotated[str | None, choice(*ENDPOINTS)] = None
    of: Annotated[str | None, choice("fluence_J_cm2", "microbeam_mJ", "exposure_s")] = None
    draws: Annotated[int, whole(1, 100_000)] = 200
    seed: Annotated[int, whole(0, 2**63 - 1)] = 0
    outputs: Annotated[list[str], some_of(text(200, least=1), _MOST_OUTPUTS)]
    axes: dict[str, Any] = Field(default_factory=dict)
    sample: SampleTable | None = None
    population: PopulationTable | None = None


@dataclass(frozen=True)
class Question:
    """What is asked of every case of a sweep; all that a worker needs beside the values that vary.

    Parameters
    ----------
    answer : simulate, threshold or consult.
    tables : of the case that varies.
    folder : that the files of the case are looked up in.
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
    of: str | None


@dataclass(frozen=True)
class Sweep:
    """A checked sweep: what is asked, and what varies, outermost axis first."""

    question: Question
    axes: tuple[Axis, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """Places along each axis."""
        return tuple(len(axis.rows) for axis in self.axes)


def load_sweep(path: Path) -> Sweep:
    """Return the sweep of a file; the case that it names lies beside it.

    Raises
    ------
    InputError : whatever is wrong with it or with the case file.
    """
    read = parse(SweepFile, read_toml(path), file=path.name)
    beside = path.parent / read.case
    if not beside.resolve().is_relative_to(path.parent.resolve()) or not is_there(beside):
        raise InputError(
            "missing-file",
            f'no file "{read.case}" beside the sweep file',
            field="case",
            hint="The name of a case file in the folder of the sweep file.",
            file=path.name,
        )
    return sweep_of(read, read_toml(beside), beside.parent, path.name)


def sweep_of(read: SweepFile, tables: Mapping[str, Any], folder: Path, file: str) -> Sweep:
    """Return the checked sweep over the tables of a case.

    Raises
    ------
    InputError : an axis, a distribution or a field is wrong; too many cases.
    """
    try:
        axes = [grid_axis(field, told) for field, told in read.axes.items()]
    except FieldFault as fault:
        raise _of_field(fault, "axes", file) from None
    if read.sample is not None:
        try:
            axes.insert(0, sample_axis(read.sample.n, read.sample.seed, read.sample.fields))
        except FieldFault as fault:
            raise _of_field(fault, "sample.fields", file) from None
    if read.population is not None:
        axes.insert(0, population_axis(read.population.n, read.population.seed, tables, read.answer))
    _check(read, axes, file)
    question = Question(
        read.answer, tables, folder, file, tuple(read.outputs), read.draws, read.seed, read.endpoint, read.of
    )
    return Sweep(question, tuple(axes))


def _check(read: SweepFile, axes: list[Axis], file: str) -> None:
    """Refuse what no case could be made of, before any is."""
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
        raise unknown_name("field", named, ("settings.fluence_J_cm2", "skin.ita_deg"), field="axes")
    if (read.endpoint is None) != (read.answer != "threshold"):
        raise InputError(
            "missing-key" if read.endpoint is None else "wrong-value",
            f'"endpoint" and answer = "{read.answer}" do not fit',
            field="endpoint",
            hint="A threshold needs an endpoint, and nothing else takes one.",
            file=file,
        )
    check_size(axes)


def _of_field(fault: FieldFault, table: str, file: str) -> InputError:
    return InputError(fault.code, str(fault), field=f'{table}."{fault.field}"', hint=fault.hint, file=file)
