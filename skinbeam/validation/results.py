"""The result of the comparison with published experiments, and its document `skinbeam.validate/1`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from skinbeam.model.document import build_document, sha256_hex
from skinbeam.validation.published_rows import CalibratedParameter
from skinbeam.validation.verdict import EndpointError, RowVerdict, row_shares, score_verdicts

if TYPE_CHECKING:
    from skinbeam.validation.guideline_plans import GuidelineAgreement

__all__ = ["PARTS", "SCHEMA", "OrderingVerdict", "Part", "ValidationResult", "rows_of_part"]

SCHEMA = "skinbeam.validate/1"
Part = Literal["independent", "dependent"]
PARTS: Final[tuple[Part, ...]] = ("independent", "dependent")


@dataclass(frozen=True)
class OrderingVerdict:
    """A published order of rising values, and whether the model's values rise too.

    Parameters
    ----------
    posed : whether the model has every value. values : the model's, empty where one is missing.
    reason : why it does not hold; empty where it does.
    independent : whether no source of it calibrated the model.
    """

    id: str
    group: str
    compares: str
    posed: bool
    holds: bool
    values: tuple[float, ...]
    reason: str
    source: str
    independent: bool


@dataclass(frozen=True)
class ValidationResult:
    """Every published row with the model's answer and its verdict.

    Parameters
    ----------
    only : the one group that was asked for; None of all.
    draws, seed : of the sampled skins.
    groups : the verdicts by name of the group, in the order of the files.
    guideline : plans beside the guideline; None where they were not made.
    """

    only: str | None
    draws: int
    seed: int
    groups: Mapping[str, tuple[RowVerdict, ...]]
    orderings: tuple[OrderingVerdict, ...]
    endpoints: tuple[EndpointError, ...]
    calibrated: tuple[CalibratedParameter, ...]
    guideline: "GuidelineAgreement | None" = None

    @property
    def rows(self) -> tuple[RowVerdict, ...]:
        """The verdicts of all groups."""
        return tuple(verdict for found in self.groups.values() for verdict in found)

    @property
    def is_posed(self) -> bool:
        """Whether any row can be posed to the model."""
        return any(verdict.verdict != "not-posed" for verdict in self.rows)

    @property
    def arguments_sha256(self) -> str:
        """The hash of what was asked: of no arguments where all groups are."""
        return sha256_hex({"only": self.only} if self.only is not None else {})

    def orderings_of_part(self, part: Part) -> tuple[OrderingVerdict, ...]:
        """Return the orderings whose sources calibrated the model, or those whose sources did not."""
        return tuple(order for order in self.orderings if order.independent == (part == "independent"))

    def to_dict(self) -> dict[str, Any]:
        """Return skinbeam.validate/1."""
        body = {
            "draws": self.draws,
            "shares": vars(row_shares(self.rows)) | {part: row_shares(rows_of_part(self.rows, part)) for part in PARTS},
            "groups": [
                {"name": name, **vars(score_verdicts(found))}
                | {part: score_verdicts(rows_of_part(found, part)) for part in PARTS}
                for name, found in self.groups.items()
            ],
            "rows": [_row_record(name, verdict) for name, found in self.groups.items() for verdict in found],
            "orderings": self.orderings,
            "endpoints": self.endpoints,
            "calibrated": [parameter.model_dump() for parameter in self.calibrated],
        }
        if self.guideline is not None:
            body["guideline"] = self.guideline
        return build_document(SCHEMA, case_sha256=self.arguments_sha256, seed=self.seed, body=body)


def rows_of_part(verdicts: Sequence[RowVerdict], part: Part) -> tuple[RowVerdict, ...]:
    """Return the rows whose sources calibrated the model, or those whose sources did not."""
    return tuple(verdict for verdict in verdicts if verdict.independent == (part == "independent"))


def _row_record(group: str, verdict: RowVerdict) -> dict[str, Any]:
    row = verdict.row
    return {
        "id": row.id,
        "group": group,
        "quantity": row.quantity,
        "conditions": row.conditions,
        "unit": row.unit,
        "measured": row.model_dump(include={"value", "low", "high", "bound", "words"}, exclude_none=True),
        "computed": verdict.computed,
        "ratio": verdict.ratio,
        "tolerance": row.tolerance.model_dump(exclude_none=True),
        "verdict": verdict.verdict,
        "reason": verdict.reason,
        "assumed": row.assumed or "",
        "grade": row.grade,
        "source": row.source,
        "independent": verdict.independent,
        "calibrator": verdict.calibrator or "",
    }
