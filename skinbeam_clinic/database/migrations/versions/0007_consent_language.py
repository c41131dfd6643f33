"""The language in which a consent was explained; those before were explained in English."""

import sqlalchemy as sa
from alembic import op

from skinbeam_clinic.database.clinic_table import create_clinic_table

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Create the table: a column would invalidate the signatures of older consents in the audit log."""
    create_clinic_table(
        "consent_language",
        sa.Column("language", sa.String(200), nullable=False),
        references={"id": "consent"},
    )


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("consent_language")
