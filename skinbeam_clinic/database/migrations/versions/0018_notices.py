"""Notices to a member about their account, and whether the password of a session is one that is guessed soon."""

import sqlalchemy as sa
from alembic import op

from skinbeam_clinic.database.clinic_table import create_clinic_table

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Create the table and the column; earlier events give no notice."""
    create_clinic_table(
        "notice",
        sa.Column("kind", sa.String(200), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("noted_by", sa.String(200), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        references={"member_id": "member"},
    )
    op.add_column("login_session", sa.Column("easy_password", sa.Boolean, nullable=False, server_default=sa.false()))


def downgrade() -> None:
    """Drop the table and the column."""
    op.drop_column("login_session", "easy_password")
    op.drop_table("notice")
