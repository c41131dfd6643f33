"""Settings of a clinic that its owners choose: whether members need a second factor."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Make the table; a clinic without a row requires nothing."""
    op.create_table(
        "clinic_settings",
        sa.Column("second_factor_required", sa.Boolean, nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.String(200), nullable=False),
        sa.Column("clinic_id", sa.String(32), nullable=False),
        sa.Column("id", sa.String(32), nullable=False),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.id"], name="fk_clinic_settings_clinic_id"),
        sa.PrimaryKeyConstraint("clinic_id", "id", name="pk_clinic_settings"),
    )


def downgrade() -> None:
    """Take it away."""
    op.drop_table("clinic_settings")
