"""Identities of members at a provider of OpenID Connect."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "oidc_identity",
        sa.Column("member_id", sa.String(32), nullable=False),
        sa.Column("issuer", sa.String(200), nullable=False),
        sa.Column("subject", sa.String(255), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("used_at", MOMENT, nullable=True),
        sa.Column("clinic_id", sa.String(32), nullable=False),
        sa.Column("id", sa.String(32), nullable=False),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.id"], name="fk_oidc_identity_clinic_id"),
        sa.ForeignKeyConstraint(
            ["clinic_id", "member_id"], ["member.clinic_id", "member.id"], name="fk_oidc_identity_clinic_id_member_id"
        ),
        sa.PrimaryKeyConstraint("clinic_id", "id", name="pk_oidc_identity"),
        sa.UniqueConstraint("clinic_id", "issuer", "subject", name="uq_oidc_identity_clinic_id_issuer_subject"),
    )
    op.create_index("ix_oidc_identity_clinic_id_member_id", "oidc_identity", ["clinic_id", "member_id"])


def downgrade() -> None:
    """Take it away."""
    op.drop_table("oidc_identity")
