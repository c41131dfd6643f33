"""Devices that a clinic describes itself, each by the text of a device file."""

import sqlalchemy as sa
from alembic import op

from skinbeam_clinic.database.clinic_table import create_clinic_table

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    """Create the table, without any device."""
    create_clinic_table(
        "own_device",
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("text_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("added_by", sa.String(200), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        unique=[["clinic_id", "name"]],
    )


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("own_device")
