"""Who has read an entry of a diary, and what a clinician made of an alarm."""

import sqlalchemy as sa
from alembic import op

from skinbeam_clinic.database.clinic_table import create_clinic_table

revision = "0010"
down_revision = "0009"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the tables."""
    create_clinic_table(
        "diary_reading",
        sa.Column("read_at", MOMENT, nullable=False),
        sa.Column("read_by", sa.String(200), nullable=False),
        references={"entry_id": "diary_entry", "consultation_id": "consultation"},
    )
    create_clinic_table(
        "alarm_decision",
        sa.Column("adverse_event_id", sa.String(32), nullable=True),
        sa.Column("reason_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("decided_at", MOMENT, nullable=False),
        sa.Column("decided_by", sa.String(200), nullable=False),
        references={"alarm_id": "alarm", "adverse_event_id": "adverse_event", "consultation_id": "consultation"},
    )


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("alarm_decision")
    op.drop_table("diary_reading")
