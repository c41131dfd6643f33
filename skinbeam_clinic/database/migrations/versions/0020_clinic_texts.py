"""Texts that a clinic writes itself, with all their versions, and those that a consent was explained with."""

import sqlalchemy as sa
from alembic import op

from skinbeam_clinic.database.clinic_table import create_clinic_table

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Create the tables; no earlier consent was explained with such a text."""
    create_clinic_table(
        "clinic_text",
        sa.Column("text_id", sa.String(32), nullable=False),
        sa.Column("use", sa.String(200), nullable=False),
        sa.Column("treatment", sa.String(200), nullable=False),
        sa.Column("language", sa.String(200), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("written_by", sa.String(200), nullable=False),
        unique=[("clinic_id", "text_id", "language", "number")],
    )
    create_clinic_table(
        "consent_text",
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("text_sealed", sa.LargeBinary(), nullable=False),
        references={"consent_id": "consent"},
    )


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("consent_text")
    op.drop_table("clinic_text")
