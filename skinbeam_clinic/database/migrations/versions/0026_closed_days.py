"""The days on which a clinic is closed, which its owners enter."""

import sqlalchemy as sa
from alembic import op

from skinbeam_clinic.database.clinic_table import create_clinic_table

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    """Create the table, without any day."""
    create_clinic_table(
        "closed_days",
        sa.Column("first_day", sa.String(200), nullable=False),
        sa.Column("last_day", sa.String(200), nullable=False),
        sa.Column("yearly", sa.Boolean(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("added_by", sa.String(200), nullable=False),
    )


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("closed_days")
