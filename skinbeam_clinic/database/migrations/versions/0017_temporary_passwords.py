"""Passwords that an owner set and the member must replace; and whether a session was begun by a password."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Make the table and the column; passwords that were set earlier stay as they are."""
    op.create_table(
        "temporary_password",
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("clinic_id", sa.String(32), nullable=False),
        sa.Column("id", sa.String(32), nullable=False),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.id"], name="fk_temporary_password_clinic_id"),
        sa.ForeignKeyConstraint(
            ["clinic_id", "id"], ["member.clinic_id", "member.id"], name="fk_temporary_password_clinic_id_id"
        ),
        sa.PrimaryKeyConstraint("clinic_id", "id", name="pk_temporary_password"),
    )
    op.add_column("login_session", sa.Column("by_password", sa.Boolean, nullable=False, server_default=sa.false()))


def downgrade() -> None:
    """Take them away."""
    op.drop_column("login_session", "by_password")
    op.drop_table("temporary_password")
