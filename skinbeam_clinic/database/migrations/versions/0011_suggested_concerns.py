"""What a photograph suggested to treat, and what a clinician did with it."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "suggested_concern",
        sa.Column("photograph_id", sa.String(32), nullable=False),
        sa.Column("suggestion_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("made_by", sa.String(200), nullable=False),
        sa.Column("decision", sa.String(200), nullable=True),
        sa.Column("decided_at", MOMENT, nullable=True),
        sa.Column("decided_by", sa.String(200), nullable=True),
        sa.Column("consultation_id", sa.String(32), nullable=False),
        sa.Column("clinic_id", sa.String(32), nullable=False),
        sa.Column("id", sa.String(32), nullable=False),
        *(
            sa.ForeignKeyConstraint(
                ["clinic_id", column],
                [f"{to}.clinic_id", f"{to}.id"],
                name=f"fk_suggested_concern_clinic_id_{column}",
            )
            for column, to in (("consultation_id", "consultation"), ("photograph_id", "photograph"))
        ),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.id"], name="fk_suggested_concern_clinic_id"),
        sa.PrimaryKeyConstraint("clinic_id", "id", name="pk_suggested_concern"),
    )
    for column in ("consultation_id", "photograph_id"):
        op.create_index(f"ix_suggested_concern_clinic_id_{column}", "suggested_concern", ["clinic_id", column])


def downgrade() -> None:
    """Take it away."""
    op.drop_table("suggested_concern")
