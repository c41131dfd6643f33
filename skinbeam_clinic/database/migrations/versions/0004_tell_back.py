"""Each time that somebody told back what was explained to them."""

import sqlalchemy as sa
from alembic import op

from skinbeam_clinic.database.clinic_table import create_clinic_table

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Create the table."""
    create_clinic_table(
        "tell_back",
        sa.Column("answers_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told_by", sa.String(200), nullable=False),
        references={"consent_id": "consent"},
    )


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("tell_back")
