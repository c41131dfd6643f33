"""Each time that somebody told back what was explained to them."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "tell_back",
        sa.Column("consent_id", sa.String(32), nullable=False),
        sa.Column("answers_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told_by", sa.String(200), nullable=False),
        sa.Column("clinic_id", sa.String(32), nullable=False),
        sa.Column("id", sa.String(32), nullable=False),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.id"], name="fk_tell_back_clinic_id"),
        sa.ForeignKeyConstraint(
            ["clinic_id", "consent_id"], ["consent.clinic_id", "consent.id"], name="fk_tell_back_clinic_id_consent_id"
        ),
        sa.PrimaryKeyConstraint("clinic_id", "id", name="pk_tell_back"),
    )
    op.create_index("ix_tell_back_clinic_id_consent_id", "tell_back", ["clinic_id", "consent_id"])


def downgrade() -> None:
    """Take it away."""
    op.drop_table("tell_back")
