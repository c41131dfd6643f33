"""Whether a waiting message of an alarm is a reminder; and alarms that an earlier version gave up wait again."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Add the column, and return messages of alarms that failed to the queue; those of answered alarms end there."""
    # A reminder that waits already is taken for a first message once.
    op.add_column("job", sa.Column("is_reminder", sa.Boolean, nullable=False, server_default=sa.false()))
    op.execute(
        "UPDATE job SET state = 'queued', attempts = 0, lease_until = NULL, ended_at = NULL"
        " WHERE kind = 'alarm' AND state = 'failed'"
    )


def downgrade() -> None:
    """Drop the column."""
    op.drop_column("job", "is_reminder")
