"""Answer cases one by one on a worker; a case that fails becomes a row with its error message."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from skinbeam._version import __version__
from skinbeam.model.errors import InputError, NotAvailable
from skinbeam.model.input_files import LoadedCase, case_from_tables
from skinbeam.sweeps.axes import FieldValue
from skinbeam.sweeps.sweep_file import SweepQuestion

__all__ = ["ANSWERED", "FAILED", "PARTLY", "CaseRow", "answer_block", "answer_cases", "is_dose_field", "read_value"]

# Status of a case; 0 is not answered yet.
ANSWERED: Final = 1
PARTLY: Final = 2  # an output is unknown
FAILED: Final = 3
_DOSES = ("settings", "cooling", "microbeam", "bath")  # tables that change neither skin nor light, at most the spot
_ABSENT = "is no number of the answer"


@dataclass(frozen=True)
class CaseRow:
    """The results of one case.

    Parameters
    ----------
    values : a number for each output, NaN where it is unknown.
    message : why the case failed, or which outputs are unknown and why.
    absent : indices of outputs that its answer does not contain.
    paths : paths of all numbers in its answer, if some outputs are absent.
    """

    values: tuple[float, ...]
    status: int
    message: str = ""
    absent: tuple[int, ...] = ()
    paths: tuple[str, ...] = ()


def answer_block(version: str, question: SweepQuestion, cases: Sequence[Mapping[str, FieldValue]]) -> list[CaseRow]:
    """Return the row of each case; called on a worker, which may have joined late with another version.

    Raises
    ------
    InputError : the worker has another version than the caller.
    """
    if version != __version__:
        raise InputError(
            "other-version",
            f"a worker that joined has skinbeam {__version__}",
            field="cluster",
            hint=f"Install skinbeam {version} there. The same command goes on with what is missing.",
        )
    return answer_cases(question, cases)


def answer_cases(question: SweepQuestion, cases: Sequence[Mapping[str, FieldValue]]) -> list[CaseRow]:
    """Return the row of each case, given by its varied values.

    Cases with the same skin and light are answered one after the other, since a worker caches the last skins and light.
    """
    rows = {
        k: _answer_case(question, cases[k]) for k in sorted(range(len(cases)), key=lambda k: _skin_and_light(cases[k]))
    }
    return [rows[k] for k in range(len(cases))]


def _skin_and_light(values: Mapping[str, FieldValue]) -> list[str]:
    """Return the values that distinguish the skin and light of a case from those of others."""
    return [str(value) for field, value in values.items() if not is_dose_field(field)]


def is_dose_field(field: str) -> bool:
    """Return whether a field changes neither the skins of a case nor their light."""
    return field.partition(".")[0] in _DOSES


def _answer_case(question: SweepQuestion, values: Mapping[str, FieldValue]) -> CaseRow:
    nothing = tuple(math.nan for _ in question.outputs)
    try:
        loaded = case_from_tables(question.tables.with_fields(values).root, question.folder, question.file)
        document = (question.answerer or _ANSWERERS[question.answer])(question, loaded)
    except NotAvailable as silence:
        return CaseRow(nothing, PARTLY, silence.reason)
    except InputError as error:
        return CaseRow(nothing, FAILED, str(error))
    except Exception as defect:  # one case of a million must not end the others
        return CaseRow(nothing, FAILED, f"defect: {type(defect).__name__}: {defect}")
    outputs = [read_value(document, path) for path in question.outputs]
    reasons = [f"{path}: {why}" for path, (_, why) in zip(question.outputs, outputs, strict=True) if why]
    absent = tuple(k for k, (_, why) in enumerate(outputs) if why == _ABSENT)
    paths = tuple(_number_paths(document, "")) if absent else ()
    numbers = tuple(number for number, _ in outputs)
    return CaseRow(numbers, PARTLY if reasons else ANSWERED, "; ".join(reasons), absent, paths)


def read_value(document: Any, path: str) -> tuple[float, str]:
    """Return the number at a dotted path of a document, or NaN and the reason why there is none.

    For a record with a median the median is returned; `true` and `false` become 1 and 0.
    """
    value = document
    for key in path.split("."):
        if isinstance(value, Mapping) and "unknown" in value:
            break
        if isinstance(value, Mapping) and key in value:
            value = value[key]
        elif isinstance(value, list) and key.isdecimal() and int(key) < len(value):
            value = value[int(key)]
        else:
            return math.nan, _ABSENT
    if isinstance(value, Mapping) and "unknown" in value:
        return math.nan, str(value["unknown"])
    if isinstance(value, Mapping) and "median" in value:
        value = value["median"]
    if isinstance(value, int | float):
        return float(value), ""
    return math.nan, _ABSENT


def _number_paths(value: Any, path: str) -> Iterator[str]:
    """Yield the paths of numbers in a document; a record with a median counts as a number."""
    if isinstance(value, int | float) or (isinstance(value, Mapping) and not {"median", "unknown"}.isdisjoint(value)):
        yield path
    elif isinstance(value, Mapping | list):
        for key, inner in value.items() if isinstance(value, Mapping) else enumerate(value):
            yield from _number_paths(inner, f"{path}.{key}" if path else str(key))


def _simulate(question: SweepQuestion, loaded: LoadedCase) -> Any:
    from skinbeam.api.simulate import simulate_case

    return simulate_case(loaded, draws=question.draws, seed=question.seed).to_dict()


def _threshold(question: SweepQuestion, loaded: LoadedCase) -> Any:
    from skinbeam.api.threshold import find_threshold

    return find_threshold(
        loaded, str(question.endpoint), of=question.dose_quantity, draws=question.draws, seed=question.seed
    ).to_dict()


def _consult(question: SweepQuestion, loaded: LoadedCase) -> Any:
    from skinbeam.plan.planner import make_plan

    return make_plan(loaded, draws=question.draws, seed=question.seed).document


_ANSWERERS: Mapping[str, Callable[[SweepQuestion, LoadedCase], Any]] = {
    "simulate": _simulate,
    "threshold": _threshold,
    "consult": _consult,
}
