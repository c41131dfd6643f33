"""How far a job is tells of the patient, so it is sealed; what jobs told before is not carried over."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Seal it from now on."""
    op.drop_column("job", "progress")
    op.add_column("job", sa.Column("progress_sealed", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    """Leave it open as before."""
    op.drop_column("job", "progress_sealed")
    op.add_column("job", sa.Column("progress", sa.Text(), nullable=False, server_default="{}"))
