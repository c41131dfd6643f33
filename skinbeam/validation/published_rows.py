"""Read the published measurements that the model is compared with, and find which are independent of its calibration.

There is one file for each group in `rows/`, validated on reading. A row holds a number (`value`, or `low` and `high`),
one end alone with `bound`, or `words` where no number was given; and either `pose`, the question to the model, or
`not_posed`, why the model cannot be asked. Rows set no parameter of the model.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Literal

from pydantic import Field, model_validator

from skinbeam.model.case_tables import CaseTables, WrittenValue
from skinbeam.model.errors import unknown_name_error
from skinbeam.model.fields import InputTable
from skinbeam.model.package_data import load_package_table

__all__ = [
    "CalibratedParameter",
    "ModelQuestion",
    "PublishedRow",
    "RowGroup",
    "RowOrdering",
    "Tolerance",
    "calibrated_parameters",
    "calibrator_sources",
    "find_calibrator",
    "laboratories",
    "row_groups",
    "source_origin",
]


class Tolerance(InputTable):
    """The tolerated deviation of the model from the measured value; exactly one of the first four fields.

    Parameters
    ----------
    factor : above 1, either way. share : of the value, either way. absolute : in the unit of the row, either way.
    within : `range`, the measured range itself.
    reason : why this tolerance was chosen.
    """

    factor: float | None = None
    share: float | None = None
    absolute: float | None = None
    within: Literal["range"] | None = None
    reason: str

    @model_validator(mode="after")
    def _require_one_kind(self) -> "Tolerance":
        if sum(part is not None for part in (self.factor, self.share, self.absolute, self.within)) != 1:
            raise ValueError("exactly one of factor, share, absolute, within")
        if (self.factor is not None and self.factor <= 1) or (self.share is not None and not 0 < self.share < 1):
            raise ValueError("a factor above one, a share between zero and one")
        return self

    def limits(self, low: float, high: float) -> tuple[float, float]:
        """Return the lowest and highest accepted value for a measured range."""
        if self.factor is not None:
            return low / self.factor, high * self.factor
        if self.share is not None:
            return low * (1 - self.share), high * (1 + self.share)
        apart = self.absolute or 0.0
        return low - apart, high + apart


class ModelQuestion(InputTable):
    """A question to the model.

    Parameters
    ----------
    case : a table `[case.NAME]` of the same file: the content of a case file.
    set : dotted keys of the case that are changed, such as `settings.pulse_ms` or `vessel.0.diameter_um`.
    threshold : an endpoint whose dose is computed; or
    simulate : a dotted path into `skinbeam.simulate/1`; or
    function : a name of `model_query.FUNCTIONS`, with `arguments`.
    over : further changes; the result is then the ratio of the case to the one so changed.
    less : further changes; the result is then the case less the one so changed.
    scale : factor to the unit of the row.
    """

    case: str
    set: dict[str, WrittenValue] = Field(default={})
    threshold: str | None = None
    simulate: str | None = None
    function: str | None = None
    arguments: dict[str, float] = Field(default={})
    over: dict[str, WrittenValue] = Field(default={})
    less: dict[str, WrittenValue] = Field(default={})
    scale: float = 1.0

    @model_validator(mode="after")
    def _require_one_kind(self) -> "ModelQuestion":
        if sum(part is not None for part in (self.threshold, self.simulate, self.function)) != 1:
            raise ValueError("exactly one of threshold, simulate, function")
        if self.over and self.less:
            raise ValueError("over or less, not both")
        return self


class PublishedRow(InputTable):
    """One published figure; `assumed` states the conditions that it leaves open and the values assumed for them."""

    id: str
    quantity: str
    conditions: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    bound: Literal["lower", "upper"] | None = None
    words: str | None = None
    unit: str
    tolerance: Tolerance
    source: str
    grade: Literal["A", "B", "C"]
    assumed: str | None = None
    pose: ModelQuestion | None = None
    not_posed: str | None = None

    @model_validator(mode="after")
    def _check_consistency(self) -> "PublishedRow":
        ends = {name for name in ("value", "low", "high", "words") if getattr(self, name) is not None}
        expected: tuple[set[str], ...] = ({"value"}, {"low", "high"}, {"words"})
        if self.bound is not None:
            expected = ({"low"},) if self.bound == "lower" else ({"high"},)
        if ends not in expected:
            raise ValueError(f"{self.id}: a value, a range, the end that is bound, or words")
        if (self.pose is None) == (self.not_posed is None):
            raise ValueError(f"{self.id}: either pose or not_posed")
        if self.words is not None and self.pose is not None:
            raise ValueError(f"{self.id}: words cannot be compared with a number")
        return self

    @property
    def numeric(self) -> bool:
        """Whether a number was measured."""
        return self.words is None

    @property
    def ends(self) -> tuple[float | None, float | None]:
        """The measured range; an open end is None."""
        return (self.value, self.value) if self.value is not None else (self.low, self.high)


class RowOrdering(InputTable):
    """A published order of rising values: ids of rows, or questions of their own."""

    id: str
    compares: str
    source: str
    rising: list[str | ModelQuestion]


class RowGroup(InputTable):
    """The content of one file: shared cases, rows, and orderings."""

    case: dict[str, CaseTables] = Field(default={})
    row: list[PublishedRow]
    ordering: list[RowOrdering] = Field(default=[])


class CalibratedParameter(InputTable):
    """A parameter set by calibration rows, with their ids and sources."""

    parameter: str
    rows: list[str]
    sources: list[str]


class _AdoptedParameter(InputTable):
    """A parameter adopted from others who fitted it to measurements of the kind compared here, with the sources."""

    parameter: str
    sources: list[str]


class _CalibratedFile(InputTable):
    calibrated: list[CalibratedParameter]
    taken_over: list[_AdoptedParameter]


def row_groups(only: str | None = None) -> Mapping[str, RowGroup]:
    """Return every group by name, or only the named one.

    Raises
    ------
    InputError : no such group; the nearest name is suggested.
    """
    known = _groups()
    if only is None:
        return known
    if only not in known:
        raise unknown_name_error("group", only, known, field="only")
    return {only: known[only]}


@cache
def _groups() -> Mapping[str, RowGroup]:
    folder = resources.files("skinbeam.validation") / "rows"
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".toml")), key=lambda file: file.name)
    return {
        file.name.removesuffix(".toml"): RowGroup.model_validate(load_package_table(f"validation/rows/{file.name}"))
        for file in files
    }


def calibrated_parameters() -> Sequence[CalibratedParameter]:
    """Return the parameters that are set by calibration rows."""
    return _calibrated_file().calibrated


def calibrator_sources() -> Sequence[str]:
    """Return the sources that set a parameter, by calibration or by adoption, without duplicates."""
    file = _calibrated_file()
    sources = [entry.sources for entry in file.calibrated] + [entry.sources for entry in file.taken_over]
    return tuple(dict.fromkeys(key for keys in sources for key in keys))


@cache
def _calibrated_file() -> _CalibratedFile:
    return _CalibratedFile.model_validate(load_package_table("validation/calibrated.toml"))


# Independence: no paper of the same laboratory set a number of the model.


class _Laboratory(InputTable):
    """Papers of one laboratory, and why they are assigned to it."""

    name: str
    sources: list[str]
    reason: str


class _UnknownLaboratory(InputTable):
    sources: list[str]
    reason: str


class _LaboratoriesFile(InputTable):
    laboratory: list[_Laboratory]
    unknown: _UnknownLaboratory


@cache
def laboratories() -> Mapping[str, str]:
    """Return the laboratory of each source key, or the key itself where the laboratory is not known.

    Raises
    ------
    ValueError : a source is listed in two laboratories.
    """
    file = _LaboratoriesFile.model_validate(load_package_table("validation/laboratories.toml"))
    found = {key: key for key in file.unknown.sources}
    for laboratory in file.laboratory:
        if twice := found.keys() & set(laboratory.sources):
            raise ValueError(f"validation/laboratories.toml: {', '.join(sorted(twice))} in two laboratories")
        found |= dict.fromkeys(laboratory.sources, laboratory.name)
    return found


def source_origin(source: str) -> str:
    """Return the unit that counts as one source: the laboratory, or the paper where that is not known."""
    return laboratories().get(source, source)


def find_calibrator(source: str) -> str | None:
    """Return a calibrating source of the same paper, else of the same laboratory; None for an independent source."""
    if source in calibrator_sources():
        return source
    return next((key for key in calibrator_sources() if source_origin(key) == source_origin(source)), None)
