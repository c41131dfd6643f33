"""What the fits follow from, as a hash: the numbers that go in, and versions of the code that uses them."""

from typing import Any, Final

from skinbeam.derived import values_sha256
from skinbeam.evidence.fit.count_data import count_data, counts_seen
from skinbeam.evidence.fit.data import arrays, observed, table_data
from skinbeam.evidence.studies.outcomes import pain_columns
from skinbeam.evidence.studies.shipped import settings
from skinbeam.evidence.synthesis.counts import columns
from skinbeam.evidence.synthesis.design import layout

__all__ = ["calibration_sha256", "checks_sha256", "inputs_sha256"]

# To be raised when `fit.model` describes another model, and when the long checks draw, leave out or score otherwise.
MODEL_VERSION: Final = 3
CHECKS_VERSION: Final = 2


def inputs_sha256() -> str:
    """Return the hash of the arrays of the table, the columns, the priors and the version of the model."""
    parts = {type(part).__name__: arrays(part) for part in (table_data(), observed(), count_data(), counts_seen())}
    names = [layout().columns, columns(), pain_columns()]
    return values_sha256(MODEL_VERSION, [parts, names, _priors()])


def calibration_sha256() -> str:
    """Return the hash of the model and its priors: what calibration by simulation judges, whatever the table holds."""
    return values_sha256(MODEL_VERSION, _priors())


def checks_sha256() -> str:
    """Return the hash of all that the long checks follow from."""
    return values_sha256(CHECKS_VERSION, inputs_sha256())


def _priors() -> dict[str, Any]:
    return {part: settings()[part] for part in ("improvement", "outcomes", "counts", "pain", "shape")}
