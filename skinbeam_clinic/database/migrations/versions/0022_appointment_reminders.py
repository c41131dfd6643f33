"""Reminders of appointments, and whether the pages of a session show pseudonyms alone."""

import sqlalchemy as sa
from alembic import op

from skinbeam_clinic.database.clinic_table import create_clinic_table

revision = "0022"
down_revision = "0021"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the table and the column; earlier reminders are not recorded."""
    create_clinic_table(
        "appointment_reminder",
        sa.Column("starts_at", MOMENT, nullable=False),
        sa.Column("way", sa.String(200), nullable=False),
        sa.Column("state", sa.String(200), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("fault", sa.String(200), nullable=True),
        sa.Column("retry_at", MOMENT, nullable=True),
        sa.Column("noted_at", MOMENT, nullable=False),
        sa.Column("noted_by", sa.String(200), nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        references={"appointment_id": "appointment", "patient_id": "patient"},
    )
    op.add_column("login_session", sa.Column("names_hidden", sa.Boolean, nullable=False, server_default=sa.false()))


def downgrade() -> None:
    """Drop the table and the column."""
    op.drop_column("login_session", "names_hidden")
    op.drop_table("appointment_reminder")
