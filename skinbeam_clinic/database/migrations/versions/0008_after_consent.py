"""What comes after consent: machines, appointments, test spots, treatments, diary, follow-ups, and readers' tokens."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "api_token",
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("until", MOMENT, nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("made_by", sa.String(200), nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("clinic_id", sa.String(32), nullable=False),
        sa.Column("id", sa.String(32), nullable=False),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.id"], name="fk_api_token_clinic_id"),
        sa.PrimaryKeyConstraint("clinic_id", "id", name="pk_api_token"),
        sa.UniqueConstraint("token_hash", name="uq_api_token_token_hash"),
    )
    op.create_index("ix_api_token_clinic_id_until", "api_token", ["clinic_id", "until"])
    op.create_table(
        "machine",
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("device", sa.String(200), nullable=False),
        sa.Column("serial", sa.String(200), nullable=False),
        sa.Column("room", sa.String(200), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("retired_at", MOMENT, nullable=True),
        sa.Column("clinic_id", sa.String(32), nullable=False),
        sa.Column("id", sa.String(32), nullable=False),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.id"], name="fk_machine_clinic_id"),
        sa.PrimaryKeyConstraint("clinic_id", "id", name="pk_machine"),
        sa.UniqueConstraint("clinic_id", "device", "serial", name="uq_machine_clinic_id_device_serial"),
    )
    op.create_table(
        "appointment",
        sa.Column("patient_id", sa.String(32), nullable=False),
        sa.Column("consultation_id", sa.String(32), nullable=True),
        sa.Column("member_id", sa.String(32), nullable=False),
        sa.Column("machine_id", sa.String(32), nullable=True),
        sa.Column("purpose", sa.String(200), nullable=False),
        sa.Column("starts_at", MOMENT, nullable=False),
        sa.Column("ends_at", MOMENT, nullable=False),
        sa.Column("state", sa.String(200), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("created_by", sa.String(200), nullable=False),
        sa.Column("clinic_id", sa.String(32), nullable=False),
        sa.Column("id", sa.String(32), nullable=False),
        sa.ForeignKeyConstraint(
            ["clinic_id", "consultation_id"],
            ["consultation.clinic_id", "consultation.id"],
            name="fk_appointment_clinic_id_consultation_id",
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "machine_id"], ["machine.clinic_id", "machine.id"], name="fk_appointment_clinic_id_machine_id"
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "member_id"], ["member.clinic_id", "member.id"], name="fk_appointment_clinic_id_member_id"
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "patient_id"], ["patient.clinic_id", "patient.id"], name="fk_appointment_clinic_id_patient_id"
        ),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.id"], name="fk_appointment_clinic_id"),
        sa.PrimaryKeyConstraint("clinic_id", "id", name="pk_appointment"),
    )
    op.create_index("ix_appointment_clinic_id_patient_id", "appointment", ["clinic_id", "patient_id"])
    op.create_index("ix_appointment_clinic_id_starts_at", "appointment", ["clinic_id", "starts_at"])
    op.create_table(
        "test_spot",
        sa.Column("machine_id", sa.String(32), nullable=True),
        sa.Column("spot_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("fired_at", MOMENT, nullable=False),
        sa.Column("fired_by", sa.String(200), nullable=False),
        sa.Column("reading_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("read_at", MOMENT, nullable=True),
        sa.Column("read_by", sa.String(200), nullable=True),
        sa.Column("consultation_id", sa.String(32), nullable=False),
        sa.Column("clinic_id", sa.String(32), nullable=False),
        sa.Column("id", sa.String(32), nullable=False),
        sa.ForeignKeyConstraint(
            ["clinic_id", "consultation_id"],
            ["consultation.clinic_id", "consultation.id"],
            name="fk_test_spot_clinic_id_consultation_id",
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "machine_id"], ["machine.clinic_id", "machine.id"], name="fk_test_spot_clinic_id_machine_id"
        ),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.id"], name="fk_test_spot_clinic_id"),
        sa.PrimaryKeyConstraint("clinic_id", "id", name="pk_test_spot"),
    )
    op.create_index("ix_test_spot_clinic_id_consultation_id", "test_spot", ["clinic_id", "consultation_id"])
    op.create_index("ix_test_spot_clinic_id_machine_id", "test_spot", ["clinic_id", "machine_id"])
    op.create_table(
        "treatment",
        sa.Column("plan_id", sa.String(32), nullable=False),
        sa.Column("option", sa.String(200), nullable=False),
        sa.Column("consent_id", sa.String(32), nullable=False),
        sa.Column("appointment_id", sa.String(32), nullable=True),
        sa.Column("machine_id", sa.String(32), nullable=True),
        sa.Column("device", sa.String(200), nullable=True),
        sa.Column("serial", sa.String(200), nullable=True),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(200), nullable=False),
        sa.Column("checklist_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("notes_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("created_by", sa.String(200), nullable=False),
        sa.Column("started_at", MOMENT, nullable=True),
        sa.Column("started_by", sa.String(200), nullable=True),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("ended_by", sa.String(200), nullable=True),
        sa.Column("consultation_id", sa.String(32), nullable=False),
        sa.Column("clinic_id", sa.String(32), nullable=False),
        sa.Column("id", sa.String(32), nullable=False),
        sa.ForeignKeyConstraint(
            ["clinic_id", "appointment_id"],
            ["appointment.clinic_id", "appointment.id"],
            name="fk_treatment_clinic_id_appointment_id",
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "consent_id"], ["consent.clinic_id", "consent.id"], name="fk_treatment_clinic_id_consent_id"
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "consultation_id"],
            ["consultation.clinic_id", "consultation.id"],
            name="fk_treatment_clinic_id_consultation_id",
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "machine_id"], ["machine.clinic_id", "machine.id"], name="fk_treatment_clinic_id_machine_id"
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "plan_id"], ["plan.clinic_id", "plan.id"], name="fk_treatment_clinic_id_plan_id"
        ),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.id"], name="fk_treatment_clinic_id"),
        sa.PrimaryKeyConstraint("clinic_id", "id", name="pk_treatment"),
    )
    op.create_index("ix_treatment_clinic_id_appointment_id", "treatment", ["clinic_id", "appointment_id"])
    op.create_index("ix_treatment_clinic_id_consent_id", "treatment", ["clinic_id", "consent_id"])
    op.create_index("ix_treatment_clinic_id_consultation_id", "treatment", ["clinic_id", "consultation_id"])
    op.create_index("ix_treatment_clinic_id_machine_id", "treatment", ["clinic_id", "machine_id"])
    op.create_index("ix_treatment_clinic_id_plan_id", "treatment", ["clinic_id", "plan_id"])
    op.create_table(
        "adverse_event",
        sa.Column("treatment_id", sa.String(32), nullable=False),
        sa.Column("source", sa.String(200), nullable=False),
        sa.Column("event_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.Column("noted_at", MOMENT, nullable=False),
        sa.Column("noted_by", sa.String(200), nullable=False),
        sa.Column("resolved_at", MOMENT, nullable=True),
        sa.Column("consultation_id", sa.String(32), nullable=False),
        sa.Column("clinic_id", sa.String(32), nullable=False),
        sa.Column("id", sa.String(32), nullable=False),
        sa.ForeignKeyConstraint(
            ["clinic_id", "consultation_id"],
            ["consultation.clinic_id", "consultation.id"],
            name="fk_adverse_event_clinic_id_consultation_id",
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "treatment_id"],
            ["treatment.clinic_id", "treatment.id"],
            name="fk_adverse_event_clinic_id_treatment_id",
        ),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.id"], name="fk_adverse_event_clinic_id"),
        sa.PrimaryKeyConstraint("clinic_id", "id", name="pk_adverse_event"),
    )
    op.create_index("ix_adverse_event_clinic_id_consultation_id", "adverse_event", ["clinic_id", "consultation_id"])
    op.create_index("ix_adverse_event_clinic_id_treatment_id", "adverse_event", ["clinic_id", "treatment_id"])
    op.create_table(
        "diary_entry",
        sa.Column("treatment_id", sa.String(32), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("entry_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("photograph_id", sa.String(32), nullable=True),
        sa.Column("written_at", MOMENT, nullable=False),
        sa.Column("consultation_id", sa.String(32), nullable=False),
        sa.Column("clinic_id", sa.String(32), nullable=False),
        sa.Column("id", sa.String(32), nullable=False),
        sa.ForeignKeyConstraint(
            ["clinic_id", "consultation_id"],
            ["consultation.clinic_id", "consultation.id"],
            name="fk_diary_entry_clinic_id_consultation_id",
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "photograph_id"],
            ["photograph.clinic_id", "photograph.id"],
            name="fk_diary_entry_clinic_id_photograph_id",
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "treatment_id"],
            ["treatment.clinic_id", "treatment.id"],
            name="fk_diary_entry_clinic_id_treatment_id",
        ),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.id"], name="fk_diary_entry_clinic_id"),
        sa.PrimaryKeyConstraint("clinic_id", "id", name="pk_diary_entry"),
    )
    op.create_index("ix_diary_entry_clinic_id_consultation_id", "diary_entry", ["clinic_id", "consultation_id"])
    op.create_index("ix_diary_entry_clinic_id_photograph_id", "diary_entry", ["clinic_id", "photograph_id"])
    op.create_index("ix_diary_entry_clinic_id_treatment_id", "diary_entry", ["clinic_id", "treatment_id"])
    op.create_table(
        "diary_link",
        sa.Column("treatment_id", sa.String(32), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("language", sa.String(200), nullable=False),
        sa.Column("until", MOMENT, nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("made_by", sa.String(200), nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("consultation_id", sa.String(32), nullable=False),
        sa.Column("clinic_id", sa.String(32), nullable=False),
        sa.Column("id", sa.String(32), nullable=False),
        sa.ForeignKeyConstraint(
            ["clinic_id", "consultation_id"],
            ["consultation.clinic_id", "consultation.id"],
            name="fk_diary_link_clinic_id_consultation_id",
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "treatment_id"],
            ["treatment.clinic_id", "treatment.id"],
            name="fk_diary_link_clinic_id_treatment_id",
        ),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.id"], name="fk_diary_link_clinic_id"),
        sa.PrimaryKeyConstraint("clinic_id", "id", name="pk_diary_link"),
        sa.UniqueConstraint("token_hash", name="uq_diary_link_token_hash"),
    )
    op.create_index("ix_diary_link_clinic_id_consultation_id", "diary_link", ["clinic_id", "consultation_id"])
    op.create_index("ix_diary_link_clinic_id_treatment_id", "diary_link", ["clinic_id", "treatment_id"])
    op.create_table(
        "follow_up",
        sa.Column("treatment_id", sa.String(32), nullable=False),
        sa.Column("judged_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.Column("noted_at", MOMENT, nullable=False),
        sa.Column("noted_by", sa.String(200), nullable=False),
        sa.Column("consultation_id", sa.String(32), nullable=False),
        sa.Column("clinic_id", sa.String(32), nullable=False),
        sa.Column("id", sa.String(32), nullable=False),
        sa.ForeignKeyConstraint(
            ["clinic_id", "consultation_id"],
            ["consultation.clinic_id", "consultation.id"],
            name="fk_follow_up_clinic_id_consultation_id",
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "treatment_id"],
            ["treatment.clinic_id", "treatment.id"],
            name="fk_follow_up_clinic_id_treatment_id",
        ),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.id"], name="fk_follow_up_clinic_id"),
        sa.PrimaryKeyConstraint("clinic_id", "id", name="pk_follow_up"),
    )
    op.create_index("ix_follow_up_clinic_id_consultation_id", "follow_up", ["clinic_id", "consultation_id"])
    op.create_index("ix_follow_up_clinic_id_treatment_id", "follow_up", ["clinic_id", "treatment_id"])
    op.create_table(
        "treated_area",
        sa.Column("treatment_id", sa.String(32), nullable=False),
        sa.Column("fired_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("fired_at", MOMENT, nullable=False),
        sa.Column("fired_by", sa.String(200), nullable=False),
        sa.Column("consultation_id", sa.String(32), nullable=False),
        sa.Column("clinic_id", sa.String(32), nullable=False),
        sa.Column("id", sa.String(32), nullable=False),
        sa.ForeignKeyConstraint(
            ["clinic_id", "consultation_id"],
            ["consultation.clinic_id", "consultation.id"],
            name="fk_treated_area_clinic_id_consultation_id",
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "treatment_id"],
            ["treatment.clinic_id", "treatment.id"],
            name="fk_treated_area_clinic_id_treatment_id",
        ),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.id"], name="fk_treated_area_clinic_id"),
        sa.PrimaryKeyConstraint("clinic_id", "id", name="pk_treated_area"),
    )
    op.create_index("ix_treated_area_clinic_id_consultation_id", "treated_area", ["clinic_id", "consultation_id"])
    op.create_index("ix_treated_area_clinic_id_treatment_id", "treated_area", ["clinic_id", "treatment_id"])
    op.create_table(
        "alarm",
        sa.Column("entry_id", sa.String(32), nullable=False),
        sa.Column("raised_at", MOMENT, nullable=False),
        sa.Column("answered_at", MOMENT, nullable=True),
        sa.Column("answered_by", sa.String(200), nullable=True),
        sa.Column("answer_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("consultation_id", sa.String(32), nullable=False),
        sa.Column("clinic_id", sa.String(32), nullable=False),
        sa.Column("id", sa.String(32), nullable=False),
        sa.ForeignKeyConstraint(
            ["clinic_id", "consultation_id"],
            ["consultation.clinic_id", "consultation.id"],
            name="fk_alarm_clinic_id_consultation_id",
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "entry_id"], ["diary_entry.clinic_id", "diary_entry.id"], name="fk_alarm_clinic_id_entry_id"
        ),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.id"], name="fk_alarm_clinic_id"),
        sa.PrimaryKeyConstraint("clinic_id", "id", name="pk_alarm"),
    )
    op.create_index("ix_alarm_clinic_id_consultation_id", "alarm", ["clinic_id", "consultation_id"])
    op.create_index("ix_alarm_clinic_id_entry_id", "alarm", ["clinic_id", "entry_id"])
    op.create_table(
        "photograph_pair",
        sa.Column("follow_up_id", sa.String(32), nullable=False),
        sa.Column("before_id", sa.String(32), nullable=False),
        sa.Column("after_id", sa.String(32), nullable=False),
        sa.Column("consultation_id", sa.String(32), nullable=False),
        sa.Column("clinic_id", sa.String(32), nullable=False),
        sa.Column("id", sa.String(32), nullable=False),
        sa.ForeignKeyConstraint(
            ["clinic_id", "after_id"],
            ["photograph.clinic_id", "photograph.id"],
            name="fk_photograph_pair_clinic_id_after_id",
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "before_id"],
            ["photograph.clinic_id", "photograph.id"],
            name="fk_photograph_pair_clinic_id_before_id",
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "consultation_id"],
            ["consultation.clinic_id", "consultation.id"],
            name="fk_photograph_pair_clinic_id_consultation_id",
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "follow_up_id"],
            ["follow_up.clinic_id", "follow_up.id"],
            name="fk_photograph_pair_clinic_id_follow_up_id",
        ),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.id"], name="fk_photograph_pair_clinic_id"),
        sa.PrimaryKeyConstraint("clinic_id", "id", name="pk_photograph_pair"),
    )
    op.create_index("ix_photograph_pair_clinic_id_after_id", "photograph_pair", ["clinic_id", "after_id"])
    op.create_index("ix_photograph_pair_clinic_id_before_id", "photograph_pair", ["clinic_id", "before_id"])
    op.create_index("ix_photograph_pair_clinic_id_consultation_id", "photograph_pair", ["clinic_id", "consultation_id"])
    op.create_index("ix_photograph_pair_clinic_id_follow_up_id", "photograph_pair", ["clinic_id", "follow_up_id"])


def downgrade() -> None:
    """Take them away."""
    op.drop_table("photograph_pair")
    op.drop_table("alarm")
    op.drop_table("treated_area")
    op.drop_table("follow_up")
    op.drop_table("diary_link")
    op.drop_table("diary_entry")
    op.drop_table("adverse_event")
    op.drop_table("treatment")
    op.drop_table("test_spot")
    op.drop_table("appointment")
    op.drop_table("machine")
    op.drop_table("api_token")
