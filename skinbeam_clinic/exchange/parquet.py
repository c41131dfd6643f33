"""Write the table of plans and choices as Parquet, with typed columns."""

import io
import types
from collections.abc import Iterable
from dataclasses import asdict, fields
from typing import get_args, get_type_hints

import pyarrow as pa
import pyarrow.parquet as pq

from skinbeam_clinic.exchange.plan_option_table import PlanOptionRow

__all__ = ["write_parquet"]

_TYPES = {bool: pa.bool_(), int: pa.int64(), float: pa.float64(), str: pa.string()}


def write_parquet(rows: Iterable[PlanOptionRow]) -> bytes:
    """Return a table as Parquet; unknown values are null."""
    written = io.BytesIO()
    pq.write_table(pa.Table.from_pylist([asdict(row) for row in rows], schema=_schema()), written)
    return written.getvalue()


def _schema() -> pa.Schema:
    hints = get_type_hints(PlanOptionRow)
    return pa.schema([_column(field.name, hints[field.name]) for field in fields(PlanOptionRow)])


def _column(name: str, kind: type | types.UnionType) -> pa.Field:
    kinds = get_args(kind) or (kind,)
    return pa.field(name, _TYPES[kinds[0]], nullable=len(kinds) > 1)
