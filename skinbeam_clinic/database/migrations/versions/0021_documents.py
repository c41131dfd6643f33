"""Clinical notes about a patient, and attachments: files that belong to a patient."""

import sqlalchemy as sa
from alembic import op

from skinbeam_clinic.database.clinic_table import create_clinic_table

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Create the tables."""
    create_clinic_table(
        "clinical_note",
        sa.Column("consultation_id", sa.String(32), nullable=True),
        sa.Column("treatment_id", sa.String(32), nullable=True),
        sa.Column("note_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("noted_by", sa.String(200), nullable=False),
        references={"patient_id": "patient", "consultation_id": "consultation", "treatment_id": "treatment"},
    )
    create_clinic_table(
        "attachment",
        sa.Column("kind", sa.String(200), nullable=False),
        sa.Column("media_type", sa.String(200), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("file", sa.String(64), nullable=False),
        sa.Column("attachment_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("added_by", sa.String(200), nullable=False),
        references={"patient_id": "patient"},
    )


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("attachment")
    op.drop_table("clinical_note")
