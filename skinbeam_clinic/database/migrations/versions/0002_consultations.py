"""Patients by pseudonym, and what is asked, photographed, planned, chosen and agreed."""

import sqlalchemy as sa
from alembic import op

from skinbeam_clinic.database.clinic_table import create_clinic_table

revision = "0002"
down_revision = "0001"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the tables."""
    create_clinic_table(
        "patient",
        sa.Column("pseudonym", sa.String(200), nullable=False),
        sa.Column("year_of_birth", sa.Integer(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("erased_at", MOMENT, nullable=True),
        unique=[["clinic_id", "pseudonym"]],
    )
    create_clinic_table(
        "contact",
        sa.Column("contact_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("saved_at", MOMENT, nullable=False),
        references={"id": "patient"},
    )
    create_clinic_table(
        "consultation",
        sa.Column("state", sa.String(200), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("answers_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("saved_at", MOMENT, nullable=False),
        sa.Column("saved_by", sa.String(200), nullable=False),
        references={"patient_id": "patient"},
    )
    create_clinic_table(
        "photograph",
        sa.Column("file", sa.String(64), nullable=False),
        sa.Column("media_type", sa.String(200), nullable=False),
        sa.Column("for_care", sa.Boolean(), nullable=False),
        sa.Column("for_teaching", sa.Boolean(), nullable=False),
        sa.Column("for_publication", sa.Boolean(), nullable=False),
        sa.Column("added_at", MOMENT, nullable=False),
        sa.Column("added_by", sa.String(200), nullable=False),
        references={"consultation_id": "consultation"},
    )
    create_clinic_table(
        "plan",
        sa.Column("consultation_revision", sa.Integer(), nullable=False),
        sa.Column("case_sha256", sa.String(64), nullable=False),
        sa.Column("plan_sha256", sa.String(64), nullable=False),
        sa.Column("version", sa.String(200), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("draws", sa.Integer(), nullable=False),
        sa.Column("files", sa.Text(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("made_by", sa.String(200), nullable=False),
        references={"consultation_id": "consultation"},
    )
    create_clinic_table(
        "choice",
        sa.Column("option", sa.String(200), nullable=False),
        sa.Column("notes_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("made_by", sa.String(200), nullable=False),
        references={"plan_id": "plan"},
    )
    create_clinic_table(
        "consent",
        sa.Column("option", sa.String(200), nullable=False),
        sa.Column("plan_sha256", sa.String(64), nullable=False),
        sa.Column("explained_at", MOMENT, nullable=False),
        sa.Column("explained_by", sa.String(200), nullable=False),
        sa.Column("not_before", MOMENT, nullable=False),
        sa.Column("answers_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("signature_kind", sa.String(200), nullable=True),
        sa.Column("signature_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("document", sa.String(64), nullable=True),
        sa.Column("signed_at", MOMENT, nullable=True),
        sa.Column("signed_by", sa.String(200), nullable=True),
        references={"plan_id": "plan"},
    )
    create_clinic_table(
        "consent_void",
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("voided_at", MOMENT, nullable=False),
        sa.Column("voided_by", sa.String(200), nullable=False),
        references={"id": "consent"},
    )


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("consent_void")
    op.drop_table("consent")
    op.drop_table("choice")
    op.drop_table("plan")
    op.drop_table("photograph")
    op.drop_table("consultation")
    op.drop_table("contact")
    op.drop_table("patient")
