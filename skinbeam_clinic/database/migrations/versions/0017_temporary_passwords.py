"""Passwords that an owner set and the member must replace; and whether a session was begun by a password."""

import sqlalchemy as sa
from alembic import op

from skinbeam_clinic.database.clinic_table import create_clinic_table

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Create the table and the column; passwords that were set earlier stay as they are."""
    create_clinic_table(
        "temporary_password",
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        references={"id": "member"},
    )
    op.add_column("login_session", sa.Column("by_password", sa.Boolean, nullable=False, server_default=sa.false()))


def downgrade() -> None:
    """Drop the table and the column."""
    op.drop_column("login_session", "by_password")
    op.drop_table("temporary_password")
