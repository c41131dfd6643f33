"""Settings of a clinic that its owners choose: whether members need a second factor."""

import sqlalchemy as sa
from alembic import op

from skinbeam_clinic.database.clinic_table import create_clinic_table

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Create the table; a clinic without a row requires nothing."""
    create_clinic_table(
        "clinic_settings",
        sa.Column("second_factor_required", sa.Boolean, nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.String(200), nullable=False),
    )


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("clinic_settings")
