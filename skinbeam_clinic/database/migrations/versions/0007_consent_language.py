"""The language in which a consent was explained; those before were explained in English."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Make the table: a column would change what the trail has signed of older consents."""
    op.create_table(
        "consent_language",
        sa.Column("language", sa.String(200), nullable=False),
        sa.Column("clinic_id", sa.String(32), nullable=False),
        sa.Column("id", sa.String(32), nullable=False),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.id"], name="fk_consent_language_clinic_id"),
        sa.ForeignKeyConstraint(
            ["clinic_id", "id"], ["consent.clinic_id", "consent.id"], name="fk_consent_language_clinic_id_id"
        ),
        sa.PrimaryKeyConstraint("clinic_id", "id", name="pk_consent_language"),
    )


def downgrade() -> None:
    """Take it away."""
    op.drop_table("consent_language")
