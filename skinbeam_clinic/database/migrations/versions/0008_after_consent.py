"""What comes after consent: machines, appointments, test spots, treatments, diary, follow-ups, and readers' tokens."""

import sqlalchemy as sa
from alembic import op

from skinbeam_clinic.database.clinic_table import create_clinic_table

revision = "0008"
down_revision = "0007"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the tables."""
    create_clinic_table(
        "api_token",
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("until", MOMENT, nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("made_by", sa.String(200), nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        unique=[["token_hash"]],
        indexed=["until"],
    )
    create_clinic_table(
        "machine",
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("device", sa.String(200), nullable=False),
        sa.Column("serial", sa.String(200), nullable=False),
        sa.Column("room", sa.String(200), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("retired_at", MOMENT, nullable=True),
        unique=[["clinic_id", "device", "serial"]],
    )
    create_clinic_table(
        "appointment",
        sa.Column("consultation_id", sa.String(32), nullable=True),
        sa.Column("machine_id", sa.String(32), nullable=True),
        sa.Column("purpose", sa.String(200), nullable=False),
        sa.Column("starts_at", MOMENT, nullable=False),
        sa.Column("ends_at", MOMENT, nullable=False),
        sa.Column("state", sa.String(200), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("created_by", sa.String(200), nullable=False),
        references={
            "patient_id": "patient",
            "consultation_id": "consultation",
            "member_id": "member",
            "machine_id": "machine",
        },
        indexed=["patient_id", "starts_at"],
    )
    create_clinic_table(
        "test_spot",
        sa.Column("machine_id", sa.String(32), nullable=True),
        sa.Column("spot_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("fired_at", MOMENT, nullable=False),
        sa.Column("fired_by", sa.String(200), nullable=False),
        sa.Column("reading_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("read_at", MOMENT, nullable=True),
        sa.Column("read_by", sa.String(200), nullable=True),
        references={"machine_id": "machine", "consultation_id": "consultation"},
    )
    create_clinic_table(
        "treatment",
        sa.Column("option", sa.String(200), nullable=False),
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
        references={
            "plan_id": "plan",
            "consent_id": "consent",
            "appointment_id": "appointment",
            "machine_id": "machine",
            "consultation_id": "consultation",
        },
    )
    create_clinic_table(
        "adverse_event",
        sa.Column("source", sa.String(200), nullable=False),
        sa.Column("event_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.Column("noted_at", MOMENT, nullable=False),
        sa.Column("noted_by", sa.String(200), nullable=False),
        sa.Column("resolved_at", MOMENT, nullable=True),
        references={"treatment_id": "treatment", "consultation_id": "consultation"},
    )
    create_clinic_table(
        "diary_entry",
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("entry_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("photograph_id", sa.String(32), nullable=True),
        sa.Column("written_at", MOMENT, nullable=False),
        references={
            "treatment_id": "treatment",
            "photograph_id": "photograph",
            "consultation_id": "consultation",
        },
    )
    create_clinic_table(
        "diary_link",
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("language", sa.String(200), nullable=False),
        sa.Column("until", MOMENT, nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("made_by", sa.String(200), nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        references={"treatment_id": "treatment", "consultation_id": "consultation"},
        unique=[["token_hash"]],
    )
    create_clinic_table(
        "follow_up",
        sa.Column("judged_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.Column("noted_at", MOMENT, nullable=False),
        sa.Column("noted_by", sa.String(200), nullable=False),
        references={"treatment_id": "treatment", "consultation_id": "consultation"},
    )
    create_clinic_table(
        "treated_area",
        sa.Column("fired_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("fired_at", MOMENT, nullable=False),
        sa.Column("fired_by", sa.String(200), nullable=False),
        references={"treatment_id": "treatment", "consultation_id": "consultation"},
    )
    create_clinic_table(
        "alarm",
        sa.Column("raised_at", MOMENT, nullable=False),
        sa.Column("answered_at", MOMENT, nullable=True),
        sa.Column("answered_by", sa.String(200), nullable=True),
        sa.Column("answer_sealed", sa.LargeBinary(), nullable=True),
        references={"entry_id": "diary_entry", "consultation_id": "consultation"},
    )
    create_clinic_table(
        "photograph_pair",
        references={
            "follow_up_id": "follow_up",
            "before_id": "photograph",
            "after_id": "photograph",
            "consultation_id": "consultation",
        },
    )


def downgrade() -> None:
    """Drop the tables."""
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
