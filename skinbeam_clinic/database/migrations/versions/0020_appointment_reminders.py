"""Whether the pages of a session show pseudonyms alone."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Make the column; every session shows names until somebody hides them."""
    op.add_column("login_session", sa.Column("names_hidden", sa.Boolean, nullable=False, server_default=sa.false()))


def downgrade() -> None:
    """Take it away."""
    op.drop_column("login_session", "names_hidden")
