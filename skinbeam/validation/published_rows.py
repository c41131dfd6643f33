"""The published rows: what was measured, how near counts as right, and how it is asked of the model.

One file a group in `rows/`, checked when read. A row holds a number (`value`, or `low` and `high`), one end alone with
`bound`, or `words` where no number was given; and either `pose`, how to ask, or `not_posed`, why it cannot be asked.
Nothing here sets a parameter of the model.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any, Literal

from pydantic import Field, model_validator

from skinbeam.errors import unknown_name
from skinbeam.schema.fields import Section
from skinbeam.shipped import shipped_table

__all__ = ["Calibrated", "Group", "Ordering", "Pose", "Row", "Tolerance", "calibrated", "calibrators", "groups"]


class Tolerance(Section):
    """How far the model may lie from what was measured; exactly one of the first four.

    Parameters
    ----------
    factor : above 1, either way. share : of the value, either way. absolute : in the unit of the row, either way.
    within : `range`, the measured range itself.
    reason : where it comes from.
    """

    factor: float | None = None
    share: float | None = None
    absolute: float | None = None
    within: Literal["range"] | None = None
    reason: str

    @model_validator(mode="after")
    def _one(self) -> "Tolerance":
        if sum(part is not None for part in (self.factor, self.share, self.absolute, self.within)) != 1:
            raise ValueError("exactly one of factor, share, absolute, within")
        if (self.factor is not None and self.factor <= 1) or (self.share is not None and not 0 < self.share < 1):
            raise ValueError("a factor above one, a share between zero and one")
        return self

    def limits(self, low: float, high: float) -> tuple[float, float]:
        """Return the lowest and highest value that count as right of a measured range."""
        if self.factor is not None:
            return low / self.factor, high * self.factor
        if self.share is not None:
            return low * (1 - self.share), high * (1 + self.share)
        apart = self.absolute or 0.0
        return low - apart, high + apart


class Pose(Section):
    """A question to the model.

    Parameters
    ----------
    case : a table `[case.NAME]` of the same file: the content of a case file.
    set : dotted keys of the case that are changed, such as `settings.pulse_ms` or `vessel.0.diameter_um`.
    threshold : an endpoint, whose dose is asked; or
    simulate : a dotted path into `skinbeam.simulate/1`; or
    function : a name of `functions.FUNCTIONS`, with `arguments`.
    over : further changes; the result is then the ratio of the case to the one so changed.
    less : further changes; the result is then the case less the one so changed.
    scale : factor to the unit of the row.
    """

    case: str
    set: dict[str, Any] = Field(default={})
    threshold: str | None = None
    simulate: str | None = None
    function: str | None = None
    arguments: dict[str, float] = Field(default={})
    over: dict[str, Any] = Field(default={})
    less: dict[str, Any] = Field(default={})
    scale: float = 1.0

    @model_validator(mode="after")
    def _one(self) -> "Pose":
        if sum(part is not None for part in (self.threshold, self.simulate, self.function)) != 1:
            raise ValueError("exactly one of threshold, simulate, function")
        if self.over and self.less:
            raise ValueError("over or less, not both")
        return self


class Row(Section):
    """One published figure; `assumed` says which conditions it leaves open and what stands for them."""

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
    pose: Pose | None = None
    not_posed: str | None = None

    @model_validator(mode="after")
    def _whole(self) -> "Row":
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
        """The measured range; None where it has no end."""
        return (self.value, self.value) if self.value is not None else (self.low, self.high)


class Ordering(Section):
    """Values that rise from one to the next: ids of rows, or questions of their own."""

    id: str
    compares: str
    source: str
    rising: list[str | Pose]


class Group(Section):
    """The content of one file: cases that rows share, rows, orderings."""

    case: dict[str, dict[str, Any]] = Field(default={})
    row: list[Row]
    ordering: list[Ordering] = Field(default=[])


class Calibrated(Section):
    """A parameter that calibration rows set, their ids and their sources."""

    parameter: str
    rows: list[str]
    sources: list[str]


class _TakenOver(Section):
    """A parameter that others fitted to what rows judge, and the sources."""

    parameter: str
    sources: list[str]


class _CalibratedFile(Section):
    calibrated: list[Calibrated]
    taken_over: list[_TakenOver]


def groups(only: str | None = None) -> Mapping[str, Group]:
    """Return every group by name, or the one that is named.

    Raises
    ------
    InputError : no such group; the nearest is named.
    """
    known = _groups()
    if only is None:
        return known
    if only not in known:
        raise unknown_name("group", only, known, field="--only")
    return {only: known[only]}


@cache
def _groups() -> Mapping[str, Group]:
    folder = resources.files("skinbeam.validation") / "rows"
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".toml")), key=lambda file: file.name)
    return {
        file.name.removesuffix(".toml"): Group.model_validate(shipped_table(f"validation/rows/{file.name}"))
        for file in files
    }


def calibrated() -> Sequence[Calibrated]:
    """Return the parameters that calibration rows set."""
    return _calibrated_file().calibrated


def calibrators() -> Sequence[str]:
    """Return the sources that set a parameter, here or as it was taken over, each once."""
    file = _calibrated_file()
    sources = [one.sources for one in file.calibrated] + [one.sources for one in file.taken_over]
    return tuple(dict.fromkeys(key for some in sources for key in some))


@cache
def _calibrated_file() -> _CalibratedFile:
    return _CalibratedFile.model_validate(shipped_table("validation/calibrated.toml"))
