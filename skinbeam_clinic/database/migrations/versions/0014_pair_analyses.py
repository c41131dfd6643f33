"""What was measured on pairs of photographs after the blind grade."""

import sqlalchemy as sa
from alembic import op

from skinbeam_clinic.database.clinic_table import create_clinic_table

revision = "0014"
down_revision = "0013"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the table."""
    create_clinic_table(
        "pair_analysis",
        sa.Column("result_sealed", sa.LargeBinary, nullable=False),
        sa.Column("measured_at", MOMENT, nullable=False),
        sa.Column("requested_by", sa.String(200), nullable=False),
        references={"pair_id": "photograph_pair", "consultation_id": "consultation"},
    )


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("pair_analysis")
