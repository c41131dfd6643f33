"""Addresses at which members' own calendar programs read their appointments."""

import sqlalchemy as sa
from alembic import op

from skinbeam_clinic.database.clinic_table import create_clinic_table

revision = "0009"
down_revision = "0008"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the table."""
    create_clinic_table(
        "calendar_feed",
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("until", MOMENT, nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        references={"member_id": "member"},
        unique=[["token_hash"]],
    )


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("calendar_feed")
