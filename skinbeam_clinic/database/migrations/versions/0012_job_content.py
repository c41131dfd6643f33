"""What a job needs beside ids of records, such as the setting that a clinician chose; it tells of a patient."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Add the column; jobs that wait need none."""
    op.add_column("job", sa.Column("content_sealed", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    """Drop the column."""
    op.drop_column("job", "content_sealed")
