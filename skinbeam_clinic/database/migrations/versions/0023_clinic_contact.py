"""The address and the telephone of a clinic, which its owners enter."""

import sqlalchemy as sa
from alembic import op

from skinbeam_clinic.database.clinic_table import create_clinic_table

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    """Create the table; a clinic without a row has those of the server."""
    create_clinic_table(
        "clinic_contact",
        sa.Column("place", sa.String(200), nullable=False),
        sa.Column("phone", sa.String(200), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.String(200), nullable=False),
    )


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("clinic_contact")
