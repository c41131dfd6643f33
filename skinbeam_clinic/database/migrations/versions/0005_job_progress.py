"""The progress of a job contains data about the patient, so it is sealed; earlier progress is not carried over."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Replace the plain column by a sealed one."""
    op.drop_column("job", "progress")
    op.add_column("job", sa.Column("progress_sealed", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    """Restore the plain column."""
    op.drop_column("job", "progress_sealed")
    op.add_column("job", sa.Column("progress", sa.Text(), nullable=False, server_default="{}"))
