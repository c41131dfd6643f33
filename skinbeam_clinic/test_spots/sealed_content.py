"""The sealed columns of test spots, and the test spots in a patient's copy."""

from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from skinbeam_clinic.database.sealed_record import NO_OTHER_KEYS, SealedRecord, record_values
from skinbeam_clinic.database.treatment_tables import TestSpotRow
from skinbeam_clinic.test_spots.models import SpotFiring, SpotReading, SpotStrike, TestSpotRecord

__all__ = [
    "READINGS_CONTENT",
    "SPOT_CONTENT",
    "ReadingsContent",
    "SpotContent",
    "copied_spot_values",
    "parse_copied_spots",
]

_LONGEST_JSON = 5_000  # characters
_COPIED_SPOTS = TypeAdapter(tuple[TestSpotRecord, ...], config=NO_OTHER_KEYS)


@dataclass(frozen=True)
class SpotContent:
    """A spot as it was fired; `by` names who fired it in another clinic, and is empty for a spot of this one."""

    firing: SpotFiring
    by: str = ""
    struck: SpotStrike | None = None


@dataclass(frozen=True)
class ReadingsContent:
    """The readings of a spot, oldest first."""

    readings: tuple[SpotReading, ...]


SPOT_CONTENT = SealedRecord(SpotContent, TestSpotRow.spot_sealed, _LONGEST_JSON, "test_spot")
READINGS_CONTENT = SealedRecord(ReadingsContent, TestSpotRow.reading_sealed, _LONGEST_JSON, "test_spot")


def copied_spot_values(spot: TestSpotRecord) -> dict[str, Any]:
    """Return a test spot as a patient's copy holds it; one that counts says nothing of a strike."""
    return {name: value for name, value in record_values(spot).items() if (name, value) != ("struck", None)}


def parse_copied_spots(spots: Any) -> tuple[TestSpotRecord, ...]:
    """Return the test spots of a patient's copy, from their JSON as written with `asdict`.

    Raises
    ------
    ValueError : the JSON is not that of test spots.
    """
    return _COPIED_SPOTS.validate_python(spots)
