"""Patients by pseudonym, and what is asked, photographed, planned, chosen and agreed."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "patient",
        sa.Column("pseudonym", sa.String(200), nullable=False),
        sa.Column("year_of_birth", sa.Integer(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("erased_at", MOMENT, nullable=True),
        sa.Column("clinic_id", sa.String(32), nullable=False),
        sa.Column("id", sa.String(32), nullable=False),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.id"], name="fk_patient_clinic_id"),
        sa.PrimaryKeyConstraint("clinic_id", "id", name="pk_patient"),
        sa.UniqueConstraint("clinic_id", "pseudonym", name="uq_patient_clinic_id_pseudonym"),
    )
    op.create_table(
        "contact",
        sa.Column("contact_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("saved_at", MOMENT, nullable=False),
        sa.Column("clinic_id", sa.String(32), nullable=False),
        sa.Column("id", sa.String(32), nullable=False),
        sa.ForeignKeyConstraint(
            ["clinic_id", "id"], ["patient.clinic_id", "patient.id"], name="fk_contact_clinic_id_id"
        ),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.id"], name="fk_contact_clinic_id"),
        sa.PrimaryKeyConstraint("clinic_id", "id", name="pk_contact"),
    )
    op.create_table(
        "consultation",
        sa.Column("patient_id", sa.String(32), nullable=False),
        sa.Column("state", sa.String(200), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("answers_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("saved_at", MOMENT, nullable=False),
        sa.Column("saved_by", sa.String(200), nullable=False),
        sa.Column("clinic_id", sa.String(32), nullable=False),
        sa.Column("id", sa.String(32), nullable=False),
        sa.ForeignKeyConstraint(
            ["clinic_id", "patient_id"],
            ["patient.clinic_id", "patient.id"],
            name="fk_consultation_clinic_id_patient_id",
        ),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.id"], name="fk_consultation_clinic_id"),
        sa.PrimaryKeyConstraint("clinic_id", "id", name="pk_consultation"),
    )
    op.create_index("ix_consultation_clinic_id_patient_id", "consultation", ["clinic_id", "patient_id"])
    op.create_table(
        "photograph",
        sa.Column("consultation_id", sa.String(32), nullable=False),
        sa.Column("file", sa.String(64), nullable=False),
        sa.Column("media_type", sa.String(200), nullable=False),
        sa.Column("for_care", sa.Boolean(), nullable=False),
        sa.Column("for_teaching", sa.Boolean(), nullable=False),
        sa.Column("for_publication", sa.Boolean(), nullable=False),
        sa.Column("added_at", MOMENT, nullable=False),
        sa.Column("added_by", sa.String(200), nullable=False),
        sa.Column("clinic_id", sa.String(32), nullable=False),
        sa.Column("id", sa.String(32), nullable=False),
        sa.ForeignKeyConstraint(
            ["clinic_id", "consultation_id"],
            ["consultation.clinic_id", "consultation.id"],
            name="fk_photograph_clinic_id_consultation_id",
        ),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.id"], name="fk_photograph_clinic_id"),
        sa.PrimaryKeyConstraint("clinic_id", "id", name="pk_photograph"),
    )
    op.create_index("ix_photograph_clinic_id_consultation_id", "photograph", ["clinic_id", "consultation_id"])
    op.create_table(
        "plan",
        sa.Column("consultation_id", sa.String(32), nullable=False),
        sa.Column("consultation_revision", sa.Integer(), nullable=False),
        sa.Column("case_sha256", sa.String(64), nullable=False),
        sa.Column("plan_sha256", sa.String(64), nullable=False),
        sa.Column("version", sa.String(200), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("draws", sa.Integer(), nullable=False),
        sa.Column("files", sa.Text(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("made_by", sa.String(200), nullable=False),
        sa.Column("clinic_id", sa.String(32), nullable=False),
        sa.Column("id", sa.String(32), nullable=False),
        sa.ForeignKeyConstraint(
            ["clinic_id", "consultation_id"],
            ["consultation.clinic_id", "consultation.id"],
            name="fk_plan_clinic_id_consultation_id",
        ),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.id"], name="fk_plan_clinic_id"),
        sa.PrimaryKeyConstraint("clinic_id", "id", name="pk_plan"),
    )
    op.create_index("ix_plan_clinic_id_consultation_id", "plan", ["clinic_id", "consultation_id"])
    op.create_table(
        "choice",
        sa.Column("plan_id", sa.String(32), nullable=False),
        sa.Column("option", sa.String(200), nullable=False),
        sa.Column("notes_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("made_by", sa.String(200), nullable=False),
        sa.Column("clinic_id", sa.String(32), nullable=False),
        sa.Column("id", sa.String(32), nullable=False),
        sa.ForeignKeyConstraint(
            ["clinic_id", "plan_id"], ["plan.clinic_id", "plan.id"], name="fk_choice_clinic_id_plan_id"
        ),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.id"], name="fk_choice_clinic_id"),
        sa.PrimaryKeyConstraint("clinic_id", "id", name="pk_choice"),
    )
    op.create_index("ix_choice_clinic_id_plan_id", "choice", ["clinic_id", "plan_id"])
    op.create_table(
        "consent",
        sa.Column("plan_id", sa.String(32), nullable=False),
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
        sa.Column("clinic_id", sa.String(32), nullable=False),
        sa.Column("id", sa.String(32), nullable=False),
        sa.ForeignKeyConstraint(
            ["clinic_id", "plan_id"], ["plan.clinic_id", "plan.id"], name="fk_consent_clinic_id_plan_id"
        ),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.id"], name="fk_consent_clinic_id"),
        sa.PrimaryKeyConstraint("clinic_id", "id", name="pk_consent"),
    )
    op.create_index("ix_consent_clinic_id_plan_id", "consent", ["clinic_id", "plan_id"])
    op.create_table(
        "consent_void",
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("voided_at", MOMENT, nullable=False),
        sa.Column("voided_by", sa.String(200), nullable=False),
        sa.Column("clinic_id", sa.String(32), nullable=False),
        sa.Column("id", sa.String(32), nullable=False),
        sa.ForeignKeyConstraint(
            ["clinic_id", "id"], ["consent.clinic_id", "consent.id"], name="fk_consent_void_clinic_id_id"
        ),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.id"], name="fk_consent_void_clinic_id"),
        sa.PrimaryKeyConstraint("clinic_id", "id", name="pk_consent_void"),
    )


def downgrade() -> None:
    """Take them away."""
    op.drop_table("consent_void")
    op.drop_table("consent")
    op.drop_table("choice")
    op.drop_table("plan")
    op.drop_table("photograph")
    op.drop_table("consultation")
    op.drop_table("contact")
    op.drop_table("patient")
