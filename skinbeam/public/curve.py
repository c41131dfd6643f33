"""Curves: the answers for several values of one setting."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, is_dataclass
from math import nan
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from skinbeam._version import __version__
from skinbeam.api.threshold import DoseThreshold
from skinbeam.model.document import HEAD_FIELDS, DocumentResult, dataclass_fields
from skinbeam.model.errors import InputError, NotAvailable, spelling_hint
from skinbeam.model.estimate import Estimate, Unknown, Value
from skinbeam.model.input_files import LoadedCase
from skinbeam.model.quantity_units import output_unit, quantity_name
from skinbeam.model.value_equality import compared_by_value
from skinbeam.public.cases import CaseLike, SettingValue, listed_setting, load_case, with_settings

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
    from matplotlib.figure import Figure

__all__ = ["SettingCurve", "answer_settings"]

ResultT = TypeVar("ResultT", bound=DocumentResult)
_THRESHOLD_DOSES = ("dose", "calibrated_dose")


@compared_by_value
@dataclass(frozen=True, repr=False)
class SettingCurve:
    """Answers for several values of one setting.

    `curve.dose` is the array of the medians of `dose`, (value,), NaN where it is unknown; `curve.results[0].dose` has
    the interval, or the reason.

    Parameters
    ----------
    setting : name of the setting, such as `pulse_ms` or `device`.
    values : its values, as they were given.
    results : the answer for each value.
    """

    setting: str
    values: NDArray[Any]
    results: tuple[DocumentResult, ...]

    def __len__(self) -> int:
        return len(self.results)

    def __getattr__(self, name: str) -> Any:
        numbers = {} if name.startswith("_") else self._numbers()
        if name not in numbers:
            inner = next((f"; to_xarray() has {path!r}" for path in numbers if path.startswith(f"{name}.")), "")
            raise AttributeError(f"the curve has no number {name!r}{inner}", name=name, obj=self)
        return np.array(list(map(_median, numbers[name])))

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *filter(str.isidentifier, self._numbers())]

    def __repr__(self) -> str:
        return f"<curve of {self.results[0].schema} over {len(self)} values of {self.setting}>"

    def to_dict(self) -> dict[str, Any]:
        """Return setting, values and documents in JSON types."""
        return {
            "setting": self.setting,
            "values": self.values.tolist(),
            "results": [result.to_dict() for result in self.results],
        }

    def to_xarray(self) -> "xr.Dataset":
        """Return every number of the answers over the values of the setting.

        A number has the dotted path of its key, `dose` or `harm.p_burn`, the dimension of the setting, and `units`. Of
        an estimate it is the median, and `dose_low` and `dose_high` are the ends of its interval. Where a number is
        unknown it is NaN, and the attribute `unknown` has a line for each reason, with the value of the setting.
        """
        import xarray as xr

        variables = {}
        for name, numbers in self._numbers().items():
            attributes: dict[str, Any] = {"units": output_unit(name, self._dose)}
            estimate = next((value for value in numbers if isinstance(value, Estimate)), None)
            if estimate is not None:
                attributes["level"] = estimate.level
            reasons = [
                f"{at}: {v.reason}" for at, v in zip(self.values, numbers, strict=True) if isinstance(v, Unknown)
            ]
            if reasons:
                attributes["unknown"] = "\n".join(reasons)  # a list is no attribute for every writer of NetCDF
            variables[name] = (self.setting, list(map(_median, numbers)), attributes)
            for end in ("low", "high") if estimate is not None else ():
                ends = [getattr(value, end, nan) for value in numbers]
                variables[f"{name}_{end}"] = (self.setting, ends, attributes)
        coordinate = (self.setting, self.values, {"units": output_unit(self.setting)})
        first = self.results[0]
        words = {"endpoint": first.endpoint, "of": self._dose} if isinstance(first, DoseThreshold) else {}
        head = {"schema": first.schema, "version": __version__, "seed": first.seed}
        return xr.Dataset(variables, {self.setting: coordinate}, head | words)

    def to_dataframe(self) -> "pd.DataFrame":
        """Return the numbers of `to_xarray` as a table with a row for each value of the setting."""
        return self.to_xarray().to_dataframe()

    def plot(self, *numbers: str) -> "Figure":
        """Return a Matplotlib figure of numbers over the setting, with their intervals.

        Parameters
        ----------
        numbers : dotted paths such as `harm.p_burn`; left out, the dose of a threshold and the calibrated dose.

        Raises
        ------
        InputError : none is given for another answer than a threshold, or the answer has no such number.
        """
        from skinbeam.report.graphics.setting_curve import setting_curve_figure

        names = self._numbers()
        asked = numbers or tuple(name for name in _THRESHOLD_DOSES if name in names)
        if not asked or not all(isinstance(name, str) and name in names for name in asked):
            hint = f"{spelling_hint(list(map(str, asked)), names)}Known: {', '.join(names)}."
            read = ", ".join(map(str, asked)) or "nothing"
            raise InputError("no-number", f"{read} was read", field="numbers", hint=hint)
        curves = {name: names[name] for name in asked}
        return setting_curve_figure(self.setting, self.values.tolist(), curves, quantity_name(asked[0], self._dose))

    def citations(self) -> tuple[str, ...]:
        """Return the keys of all sources behind the answers, in alphabetical order."""
        return tuple(sorted({key for result in self.results for key in result.citations()}))

    @property
    def _dose(self) -> str:
        """What a threshold varies; empty for other answers."""
        first = self.results[0]
        return first.of if isinstance(first, DoseThreshold) else ""

    def _numbers(self) -> dict[str, list[Value | float]]:
        """Return every number of the answers by its dotted path: an estimate, an unknown or a plain number of each."""
        numbers_by_result = [dict(_numbers_of(result)) for result in self.results]
        names = dict.fromkeys(name for numbers in numbers_by_result for name in numbers)
        return {
            name: [numbers[name] if name in numbers else _missing(numbers, name) for numbers in numbers_by_result]
            for name in names
        }


def _numbers_of(result: DocumentResult) -> Iterator[tuple[str, Value | float]]:
    """Yield the numbers of an answer with their paths, without those that every document begins with."""
    for name, value in dataclass_fields(result).items():
        if name not in HEAD_FIELDS:
            yield from _numbers_in(value, name)


def _numbers_in(value: Any, path: str) -> Iterator[tuple[str, Value | float]]:
    if isinstance(value, Estimate | Unknown | int | float):
        yield path, value
        return
    if is_dataclass(value):
        value = dataclass_fields(value)
    parts = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list | tuple) else ()
    for name, part in parts:
        yield from _numbers_in(part, f"{path}.{name}")


def _missing(numbers: Mapping[str, Value | float], name: str) -> Unknown:
    """Return why an answer lacks a number that others have: its group is unknown, or not of this answer."""
    around = (value for path, value in numbers.items() if name.startswith(f"{path}."))
    reason = next((value for value in around if isinstance(value, Unknown)), None)
    return reason or Unknown("the answer has no such number")


def _median(value: Value | float) -> float:
    return nan if isinstance(value, Unknown) else float(value)


def answer_settings(
    case: CaseLike,
    settings: Mapping[str, SettingValue],
    answer: Callable[[LoadedCase], ResultT],
) -> ResultT | SettingCurve:
    """Return the answer for a case with some settings changed, or a curve if one of them has several values.

    On a curve, a value for which nothing can be computed has unknowns in place of values.

    Raises
    ------
    InputError : a field that no case has, a value that it cannot have, or several values of two settings.
    NotAvailable : nothing can be computed, for any of the values.
    """
    loaded = load_case(case)
    listed = listed_setting(settings)
    if listed is None:
        return answer(with_settings(loaded, settings))
    name, values = listed
    # All values are checked before the first is computed.
    cases = [with_settings(loaded, {**settings, name: value}) for value in values]
    results: list[DocumentResult] = []
    missing: list[NotAvailable] = []
    for case_at_value in cases:
        try:
            results.append(answer(case_at_value))
        except NotAvailable as silence:
            if not isinstance(silence.answer, DocumentResult):
                raise
            missing.append(silence)
            results.append(silence.answer)
    if len(missing) == len(cases):
        raise missing[0]
    return SettingCurve(name, np.array(values), tuple(results))
