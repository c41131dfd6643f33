"""Who has read an entry of a diary, and what a clinician made of an alarm."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

MOMENT = sa.DateTime(timezone=True)
NAMES = {"alarm_decision": ("alarm_id", "adverse_event_id"), "diary_reading": ("entry_id",)}


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "diary_reading",
        sa.Column("entry_id", sa.String(32), nullable=False),
        sa.Column("read_at", MOMENT, nullable=False),
        sa.Column("read_by", sa.String(200), nullable=False),
        *_place("diary_reading"),
        _refers("diary_reading", "entry_id", "diary_entry"),
    )
    op.create_table(
        "alarm_decision",
        sa.Column("alarm_id", sa.String(32), nullable=False),
        sa.Column("adverse_event_id", sa.String(32), nullable=True),
        sa.Column("reason_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("decided_at", MOMENT, nullable=False),
        sa.Column("decided_by", sa.String(200), nullable=False),
        *_place("alarm_decision"),
        _refers("alarm_decision", "alarm_id", "alarm"),
        _refers("alarm_decision", "adverse_event_id", "adverse_event"),
    )
    for table, columns in NAMES.items():
        for column in ("consultation_id", *columns):
            op.create_index(f"ix_{table}_clinic_id_{column}", table, ["clinic_id", column])


def downgrade() -> None:
    """Take them away."""
    op.drop_table("alarm_decision")
    op.drop_table("diary_reading")


def _place(table: str) -> tuple[sa.schema.SchemaItem, ...]:
    """Clinic, name and consultation of a row."""
    return (
        sa.Column("consultation_id", sa.String(32), nullable=False),
        sa.Column("clinic_id", sa.String(32), nullable=False),
        sa.Column("id", sa.String(32), nullable=False),
        _refers(table, "consultation_id", "consultation"),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.id"], name=f"fk_{table}_clinic_id"),
        sa.PrimaryKeyConstraint("clinic_id", "id", name=f"pk_{table}"),
    )


def _refers(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["clinic_id", column], [f"{to}.clinic_id", f"{to}.id"], name=f"fk_{table}_clinic_id_{column}"
    )
