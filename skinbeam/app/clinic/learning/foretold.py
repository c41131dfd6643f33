"""What a signed plan foretold of an option, read from the kept document."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from skinbeam.estimate import Estimate, Unknown, Value
from skinbeam.learning.outcome import Foretold
from skinbeam.records.treated import ADVERSE_KINDS

__all__ = ["Told", "told_of"]


@dataclass(frozen=True)
class Told:
    """What a plan says of the option that was signed, and of whom."""

    condition: str
    modality: str
    site: str
    severity: str | Unknown
    phototype: str | Unknown
    foretold: Foretold


def told_of(plan: Mapping[str, Any], option: str) -> Told:
    """Return what a plan's document says of the option at a place, such as `0.1`.

    Of its harms those alone that may be noted as adverse events: what would be if the cooling failed is no forecast.
    """
    place, number = map(int, option.split("."))
    concern = plan["concerns"][place]
    one = concern["options"][number]
    return Told(
        concern["condition"],
        one["modality"],
        concern["site"],
        _word(concern["severity"]),
        _word(plan["assessment"]["phototype"]),
        Foretold(
            _value(one["expected"]["p_at_least"]["50"]),
            {harm["name"]: _value(harm["p"]) for harm in one["harms"] if harm["name"] in ADVERSE_KINDS},
            _value(one["downtime_days"]),
            _value(one["pain_0_10"]),
        ),
    )


def _value(written: Mapping[str, Any]) -> Value:
    return (
        Unknown(written["unknown"])
        if "unknown" in written
        else Estimate(**{**written, "basis": tuple(written["basis"])})
    )


def _word(written: str | Mapping[str, str]) -> str | Unknown:
    return written if isinstance(written, str) else Unknown(written["unknown"])
