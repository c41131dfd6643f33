"""Services of a machine, calibrations of its energy meter, and what its own counter of shots showed."""

import sqlalchemy as sa
from alembic import op

from skinbeam_clinic.database.clinic_table import create_clinic_table

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Create the table; earlier services are not recorded."""
    create_clinic_table(
        "machine_upkeep",
        sa.Column("kind", sa.String(200), nullable=False),
        sa.Column("done_on", sa.String(200), nullable=False),
        sa.Column("due_on", sa.String(200), nullable=True),
        sa.Column("shots", sa.BigInteger(), nullable=True),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("noted_by", sa.String(200), nullable=False),
        references={"machine_id": "machine"},
    )


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("machine_upkeep")
