"""What was measured on pairs of photographs after the blind grade."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "pair_analysis",
        sa.Column("pair_id", sa.String(32), nullable=False),
        sa.Column("result_sealed", sa.LargeBinary, nullable=False),
        sa.Column("measured_at", MOMENT, nullable=False),
        sa.Column("requested_by", sa.String(200), nullable=False),
        sa.Column("consultation_id", sa.String(32), nullable=False),
        sa.Column("clinic_id", sa.String(32), nullable=False),
        sa.Column("id", sa.String(32), nullable=False),
        sa.ForeignKeyConstraint(
            ["clinic_id", "consultation_id"],
            ["consultation.clinic_id", "consultation.id"],
            name="fk_pair_analysis_clinic_id_consultation_id",
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "pair_id"],
            ["photograph_pair.clinic_id", "photograph_pair.id"],
            name="fk_pair_analysis_clinic_id_pair_id",
        ),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.id"], name="fk_pair_analysis_clinic_id"),
        sa.PrimaryKeyConstraint("clinic_id", "id", name="pk_pair_analysis"),
    )
    op.create_index("ix_pair_analysis_clinic_id_consultation_id", "pair_analysis", ["clinic_id", "consultation_id"])
    op.create_index("ix_pair_analysis_clinic_id_pair_id", "pair_analysis", ["clinic_id", "pair_id"])


def downgrade() -> None:
    """Take it away."""
    op.drop_table("pair_analysis")
