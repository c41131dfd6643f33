"""A row in each table of what comes after consent, for what is asked of tables and not of their drawers."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import inspect
from sqlalchemy.types import TypeEngine

from skinbeam_clinic.access import AccessRight
from skinbeam_clinic.database.clinic_access import ClinicAccess
from skinbeam_clinic.database.columns import UtcDateTime
from skinbeam_clinic.database.follow_up_tables import CONSULTATION_TABLES, ApiTokenRow, CalendarFeedRow
from skinbeam_clinic.database.tables import ClinicScoped
from skinbeam_clinic.database.treatment_tables import (
    AppointmentReminderRow,
    AppointmentRow,
    MachineRow,
    MachineUpkeepRow,
    OwnDeviceRow,
)
from skinbeam_clinic.repositories import ClinicRepositories

__all__ = ["add_rows_after_consent"]

MOMENT = datetime(2026, 1, 2, tzinfo=UTC)
_SHORT_NAMES = {"diary_entry": "entry_id", "photograph_pair": "pair_id"}  # of columns that refer to such a row
SAMPLES: dict[type, Any] = {int: 1, bytes: b"x", str: "x"}


def add_rows_after_consent(repositories: ClinicRepositories, **names: str) -> None:
    """Write a row of each table; `names`: member, patient, consultation, plan, consent and photographs."""
    access = ClinicAccess(repositories._access.database, repositories.member)
    made = dict(names)
    with access.writing(AccessRight.READ) as work:
        for kind in (
            OwnDeviceRow,
            MachineRow,
            MachineUpkeepRow,
            AppointmentRow,
            AppointmentReminderRow,
            *reversed(CONSULTATION_TABLES),
            ApiTokenRow,
            CalendarFeedRow,
        ):
            row = _row(kind, work.clinic_id, made)
            work.save(row, "made")  # type: ignore[arg-type]
            made[f"{_called(kind)}_id"] = row.id
            if _called(kind) in _SHORT_NAMES:
                made[_SHORT_NAMES[_called(kind)]] = row.id


def _called(kind: type[ClinicScoped]) -> str:
    return str(kind.__tablename__)  # type: ignore[attr-defined]


def _row(kind: type[ClinicScoped], clinic_id: str, made: dict[str, str]) -> ClinicScoped:
    values = {
        column.key: made.get(column.key, _sample(column.columns[0].type)) for column in inspect(kind).column_attrs
    }
    return kind(**values | {"clinic_id": clinic_id, "id": f"{_called(kind)}-1"})


def _sample(kind: TypeEngine[Any]) -> Any:
    return MOMENT if isinstance(kind, UtcDateTime) else SAMPLES[kind.python_type]
