"""What a fit follows from, as a hash: the numbers that go in, and versions of the code that uses them."""

from dataclasses import fields
from typing import Final

from skinbeam.derived import values_sha256
from skinbeam.evidence.fit.data import observed, table_data
from skinbeam.evidence.studies.outcomes import effect_columns, pain_columns
from skinbeam.evidence.studies.shipped import settings
from skinbeam.evidence.synthesis.design import layout

__all__ = ["checks_sha256", "inputs_sha256"]

# To be raised when `fit.model` describes another model, and when the long checks draw, leave out or score otherwise.
MODEL_VERSION: Final = 1
CHECKS_VERSION: Final = 1


def inputs_sha256() -> str:
    """Return the hash of the arrays of the table, the columns, the priors and the version of the model."""
    arrays = {
        type(part).__name__: {field.name: getattr(part, field.name) for field in fields(part)}
        for part in (table_data(), observed())
    }
    columns = [layout().columns, effect_columns(), pain_columns()]
    priors = {part: settings()[part] for part in ("improvement", "outcomes", "pain", "shape")}
    return values_sha256(MODEL_VERSION, [arrays, columns, priors])


def checks_sha256() -> str:
    """Return the hash of all that the long checks follow from."""
    return values_sha256(CHECKS_VERSION, inputs_sha256())
