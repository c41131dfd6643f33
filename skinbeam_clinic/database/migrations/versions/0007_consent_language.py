"""The language in which a consent was explained; those before were explained in English."""

import sqlalchemy as sa
from alembic import op

from skinbeam_clinic.database.clinic_table import create_clinic_table

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Make the table: a column would change what the trail has signed of older consents."""
    create_clinic_table(
        "consent_language",
        sa.Column("language", sa.String(200), nullable=False),
        references={"id": "consent"},
    )


def downgrade() -> None:
    """Take it away."""
    op.drop_table("consent_language")
