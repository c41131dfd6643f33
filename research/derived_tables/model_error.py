"""Make the table of the model's error at each endpoint by running the comparison with published experiments.

It takes half a minute to some minutes, which is why thresholds read a table instead of running the comparison.
"""

from collections.abc import Iterable
from typing import Any

from research.derived_table import DerivedTable
from skinbeam.model.document import to_json_types
from skinbeam.validation.validate import validate_model
from skinbeam.validation.verdict import EndpointError

__all__ = ["MODEL_ERROR", "endpoint_table"]

HEADER = """\
# How far the model lies from published experiments at each endpoint: geometric error about 1 over independent sources,
# each weighing once, with the numbers of sources and rows behind it. `observed` is what the rows alone say, before the
# floor of their tolerance and the rule for few sources; it is a lower bound where `unreached` rows count as the end of
# the searched range. `dependent` tells the same of rows whose paper or laboratory set a number of the model; they make
# no error.
# Made by `make derived`, which runs the comparison; not to be edited.
"""


def endpoint_table(errors: Iterable[EndpointError]) -> dict[str, Any]:
    """Return the tables of `data/derived/model_error.toml`."""
    kept = ("sources", "rows", "unreached", "observed", "geometric_error", "dependent")
    records = {error.endpoint: to_json_types(error) for error in errors}
    return {"endpoint": {key: {name: row[name] for name in kept if name in row} for key, row in records.items()}}


def _make_table() -> dict[str, Any]:
    return endpoint_table(validate_model().endpoints)


MODEL_ERROR = DerivedTable(
    name="model_error",
    header=HEADER,
    inputs=(
        "data/tissue/",
        "data/spectra/",
        "data/cooling.toml",
        "data/still_air.toml",
        "data/comparison.toml",
        "data/derived/melanin_by_colour.toml",
        "data/derived/melanin_by_site.toml",
        "data/derived/vessel_return.toml",
        "validation/calibrated.toml",
        "validation/laboratories.toml",
        "validation/rows/",
    ),
    version=2,
    make=_make_table,
)
