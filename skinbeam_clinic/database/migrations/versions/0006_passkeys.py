"""Passkeys and recovery codes of members, and what passkeys are asked to sign."""

import sqlalchemy as sa
from alembic import op

from skinbeam_clinic.database.clinic_table import create_clinic_table

revision = "0006"
down_revision = "0005"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the tables."""
    create_clinic_table(
        "passkey",
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("credential", sa.String(1364), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("used_at", MOMENT, nullable=True),
        references={"member_id": "member"},
        unique=[["credential"]],
    )
    create_clinic_table(
        "recovery",
        sa.Column("signatures", sa.Text(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        references={"id": "member"},
    )
    op.create_table(
        "login_challenge",
        sa.Column("challenge_hash", sa.String(64), nullable=False),
        sa.Column("until", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("challenge_hash", name="pk_login_challenge"),
    )


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("login_challenge")
    op.drop_table("recovery")
    op.drop_table("passkey")
