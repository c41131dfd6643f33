"""Passkeys and recovery codes of members, and what passkeys are asked to sign."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "passkey",
        sa.Column("member_id", sa.String(32), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("credential", sa.String(1364), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("used_at", MOMENT, nullable=True),
        sa.Column("clinic_id", sa.String(32), nullable=False),
        sa.Column("id", sa.String(32), nullable=False),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.id"], name="fk_passkey_clinic_id"),
        sa.ForeignKeyConstraint(
            ["clinic_id", "member_id"], ["member.clinic_id", "member.id"], name="fk_passkey_clinic_id_member_id"
        ),
        sa.PrimaryKeyConstraint("clinic_id", "id", name="pk_passkey"),
        sa.UniqueConstraint("credential", name="uq_passkey_credential"),
    )
    op.create_index("ix_passkey_clinic_id_member_id", "passkey", ["clinic_id", "member_id"])
    op.create_table(
        "recovery",
        sa.Column("signatures", sa.Text(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("clinic_id", sa.String(32), nullable=False),
        sa.Column("id", sa.String(32), nullable=False),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.id"], name="fk_recovery_clinic_id"),
        sa.ForeignKeyConstraint(
            ["clinic_id", "id"], ["member.clinic_id", "member.id"], name="fk_recovery_clinic_id_id"
        ),
        sa.PrimaryKeyConstraint("clinic_id", "id", name="pk_recovery"),
    )
    op.create_table(
        "login_challenge",
        sa.Column("challenge_hash", sa.String(64), nullable=False),
        sa.Column("until", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("challenge_hash", name="pk_login_challenge"),
    )


def downgrade() -> None:
    """Take them away."""
    op.drop_table("login_challenge")
    op.drop_table("recovery")
    op.drop_table("passkey")
