"""Links between two records of one person, and the ends of links that were a mistake."""

import sqlalchemy as sa
from alembic import op

from skinbeam_clinic.database.clinic_table import create_clinic_table

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    """Create the tables."""
    create_clinic_table(
        "patient_link",
        sa.Column("link_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("linked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("linked_by", sa.String(200), nullable=False),
        references={"patient_id": "patient", "kept_id": "patient"},
    )
    create_clinic_table(
        "patient_link_end",
        sa.Column("end_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_by", sa.String(200), nullable=False),
        references={"id": "patient_link"},
    )


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("patient_link_end")
    op.drop_table("patient_link")
