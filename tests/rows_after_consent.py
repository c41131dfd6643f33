"""A row in each table of what comes after consent, for what is asked of tables and not of their drawers."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import inspect
from sqlalchemy.types import TypeEngine

from skinbeam.records.desk.desk import Desk
from skinbeam.records.roles import Act
from skinbeam.records.store.columns import Utc
from skinbeam.records.store.followed import OF_CONSULTATION, ApiToken, CalendarFeed
from skinbeam.records.store.tables import InClinic
from skinbeam.records.store.treated import Appointment, Machine
from skinbeam.records.store.work import Access

__all__ = ["add_rows_after_consent"]

MOMENT = datetime(2026, 1, 2, tzinfo=UTC)
SAMPLES: dict[type, Any] = {int: 1, bytes: b"x", str: "x"}


def add_rows_after_consent(desk: Desk, **names: str) -> None:
    """Write a row of each table; `names`: member, patient, consultation, plan, consent and photographs."""
    access = Access(desk._access.database, desk.member)
    made = dict(names)
    with access.work(Act.READ) as work:
        for kind in (Machine, Appointment, *reversed(OF_CONSULTATION), ApiToken, CalendarFeed):
            row = _row(kind, work.clinic_id, made)
            work.keep(row, "made")  # type: ignore[arg-type]
            made[f"{_called(kind)}_id"] = row.id
            if _called(kind) == "diary_entry":
                made["entry_id"] = row.id


def _called(kind: type[InClinic]) -> str:
    return str(kind.__tablename__)  # type: ignore[attr-defined]


def _row(kind: type[InClinic], clinic_id: str, made: dict[str, str]) -> InClinic:
    values = {
        column.key: made.get(column.key, _sample(column.columns[0].type)) for column in inspect(kind).column_attrs
    }
    return kind(**values | {"clinic_id": clinic_id, "id": f"{_called(kind)}-1"})


def _sample(kind: TypeEngine[Any]) -> Any:
    return MOMENT if isinstance(kind, Utc) else SAMPLES[kind.python_type]
