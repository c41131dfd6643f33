"""Ask the model what a row asks."""

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from skinbeam.answers.simulate import simulate_document
from skinbeam.answers.threshold import threshold_document
from skinbeam.document import canonical_json
from skinbeam.errors import NotAvailable
from skinbeam.estimate import Estimate, Unknown
from skinbeam.messages import text
from skinbeam.provenance import collect
from skinbeam.schema.case import Case
from skinbeam.schema.load import LoadedCase, parse
from skinbeam.simulate.skins.ensemble import summarise
from skinbeam.skin.model import Skin
from skinbeam.validation.functions import FUNCTIONS
from skinbeam.validation.rows import Pose

__all__ = ["Answer", "Asked", "changed"]


@dataclass(frozen=True)
class Answer:
    """What the model says.

    Parameters
    ----------
    value : in the unit of the row; unknown where the model cannot say, or where no dose in its range is enough.
    beyond : the dose that was not enough, in the same unit, or None.
    """

    value: Estimate | Unknown
    beyond: float | None = None


@dataclass
class Asked:
    """Questions about the cases of one group; the same run is made once.

    Parameters
    ----------
    cases : `[case.NAME]` of the group.
    """

    cases: Mapping[str, Mapping[str, Any]]
    draws: int
    seed: int
    _made: dict[str, Any] = field(default_factory=dict)

    def answer(self, pose: Pose) -> Answer:
        """Return the answer to one question; what the model cannot say is an unknown with its reason."""
        case = changed(self.cases[pose.case], pose.set)
        found = self._one(pose, case)
        if pose.over:
            found = _ratio(found, self._one(pose, changed(case, pose.over)))
        if pose.less:
            found = _difference(found, self._one(pose, changed(case, pose.less)))
        if isinstance(found.value, Unknown):
            return Answer(found.value, None if found.beyond is None else found.beyond * pose.scale)
        return Answer(found.value.scaled(pose.scale))

    def _one(self, pose: Pose, case: dict[str, Any]) -> Answer:
        try:
            if pose.threshold is not None:
                return _dose(self._run(threshold_document, case, pose.threshold))
            if pose.simulate is not None:
                return Answer(_at(self._run(simulate_document, case), pose.simulate))
            assert pose.function is not None  # exactly one of the three is given
            return Answer(self._skins(pose.function, case, pose.arguments))
        except NotAvailable as error:
            return Answer(Unknown(error.reason))

    def _run(self, make: Callable[..., dict[str, Any]], case: dict[str, Any], *what: str) -> dict[str, Any]:
        key = canonical_json([make.__name__, case, what])
        if key not in self._made:
            try:
                self._made[key] = make(_loaded(case), *what, draws=self.draws, seed=self.seed)
            except NotAvailable as error:
                self._made[key] = error
        if isinstance(self._made[key], NotAvailable):
            raise self._made[key]
        document: dict[str, Any] = self._made[key]
        return document

    def _skins(self, name: str, case: dict[str, Any], arguments: Mapping[str, float]) -> Estimate | Unknown:
        with collect() as sources:
            skins = Skin.from_case(_loaded(case).case).sample(self.draws, self.seed)
            values = FUNCTIONS[name](skins, **arguments)
        return summarise(values, np.asarray(skins["weight"].values, dtype=np.float64), tuple(sources))


def changed(case: Mapping[str, Any], keys: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy of a case with dotted keys set; a number in a key counts the tables of a list."""
    content = copy.deepcopy(dict(case))
    for path, value in keys.items():
        *parents, last = path.split(".")
        here: Any = content
        for parent in parents:
            here = here[int(parent)] if isinstance(here, list) else here.setdefault(parent, {})
        here[last] = value
    return content


def _loaded(case: Mapping[str, Any]) -> LoadedCase:
    return LoadedCase(parse(Case, case, file="validation"), Path(), "validation")


def _dose(document: Mapping[str, Any]) -> Answer:
    if document["reached"] is False:
        return Answer(_value(document["dose"]), beyond=document["bracket"][1])
    return Answer(_value(document["dose"]))


def _at(document: Mapping[str, Any], path: str) -> Estimate | Unknown:
    here: Any = document
    for name in path.split("."):
        if "unknown" in here:
            break
        here = here[name]
    return _value(here)


def _value(record: Mapping[str, Any]) -> Estimate | Unknown:
    if "unknown" in record:
        return Unknown(record["unknown"])
    return Estimate(**{**record, "basis": tuple(record["basis"])})


def _difference(whole: Answer, part: Answer) -> Answer:
    """One answer less another of the same skins; their ends are taken together, as in a ratio."""
    more, fewer = whole.value, part.value
    if isinstance(more, Unknown) or isinstance(fewer, Unknown):
        return Answer(more if isinstance(more, Unknown) else fewer)
    ends = sorted((more.low - fewer.low, more.median - fewer.median, more.high - fewer.high))
    basis = tuple(dict.fromkeys((*more.basis, *fewer.basis)))
    return Answer(Estimate(more.median - fewer.median, ends[0], ends[2], more.level, more.kind, more.draws, basis))


def _ratio(above: Answer, below: Answer) -> Answer:
    """Ratio of two answers of the same skins: their ends are taken together, since what moves a skin moves both."""
    over, under = above.value, below.value
    if isinstance(over, Unknown) or isinstance(under, Unknown):
        return Answer(over if isinstance(over, Unknown) else under)
    if min(under.low, under.median, under.high) <= 0:
        return Answer(Unknown(text("validate.ratio-to-nothing")))
    ends = sorted((over.low / under.low, over.median / under.median, over.high / under.high))
    basis = tuple(dict.fromkeys((*over.basis, *under.basis)))
    return Answer(Estimate(over.median / under.median, ends[0], ends[2], over.level, over.kind, over.draws, basis))
