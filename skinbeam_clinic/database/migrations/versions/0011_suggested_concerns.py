"""What a photograph suggested to treat, and what a clinician did with it."""

import sqlalchemy as sa
from alembic import op

from skinbeam_clinic.database.clinic_table import create_clinic_table

revision = "0011"
down_revision = "0010"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the table."""
    create_clinic_table(
        "suggested_concern",
        sa.Column("suggestion_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("made_by", sa.String(200), nullable=False),
        sa.Column("decision", sa.String(200), nullable=True),
        sa.Column("decided_at", MOMENT, nullable=True),
        sa.Column("decided_by", sa.String(200), nullable=True),
        references={"consultation_id": "consultation", "photograph_id": "photograph"},
    )


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("suggested_concern")
