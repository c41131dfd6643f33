"""Identities of members at a provider of OpenID Connect."""

import sqlalchemy as sa
from alembic import op

from skinbeam_clinic.database.clinic_table import create_clinic_table

revision = "0013"
down_revision = "0012"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the table."""
    create_clinic_table(
        "oidc_identity",
        sa.Column("issuer", sa.String(200), nullable=False),
        sa.Column("subject", sa.String(255), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("used_at", MOMENT, nullable=True),
        references={"member_id": "member"},
        unique=[["clinic_id", "issuer", "subject"]],
    )


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("oidc_identity")
