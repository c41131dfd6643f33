"""All routes of a server with records: of members, of patients' diaries and of other programs."""

from skinbeam_clinic.accounts.oidc_routes import add_oidc_routes
from skinbeam_clinic.accounts.routes import add_account_routes, add_member_routes, add_sign_in_routes
from skinbeam_clinic.appointments.calendar_routes import add_calendar_routes
from skinbeam_clinic.appointments.closed_days_routes import add_closed_days_routes
from skinbeam_clinic.appointments.reminder_routes import add_reminder_routes
from skinbeam_clinic.appointments.routes import add_appointment_routes
from skinbeam_clinic.clinic_texts.routes import add_clinic_text_routes
from skinbeam_clinic.clinic_transfer.routes import add_import_routes
from skinbeam_clinic.consents.routes import add_consent_routes
from skinbeam_clinic.consultations.camera_routes import add_camera_routes
from skinbeam_clinic.consultations.routes import add_consultation_routes
from skinbeam_clinic.consultations.suggestion_routes import add_suggestion_routes
from skinbeam_clinic.diaries.patient_routes import add_patient_diary_routes
from skinbeam_clinic.diaries.routes import add_alarm_routes, add_diary_routes
from skinbeam_clinic.documents.routes import add_document_routes
from skinbeam_clinic.exchange.api_description import add_description_routes
from skinbeam_clinic.exchange.routes import add_api_routes, add_token_routes
from skinbeam_clinic.follow_ups.routes import add_follow_up_routes
from skinbeam_clinic.jobs.routes import add_job_routes
from skinbeam_clinic.machines.routes import add_machine_routes
from skinbeam_clinic.outcome_audit.routes import add_outcome_audit_routes
from skinbeam_clinic.papers.routes import add_paper_routes
from skinbeam_clinic.patient_links.routes import add_patient_link_routes
from skinbeam_clinic.patients.routes import add_patient_rights_routes, add_patient_routes
from skinbeam_clinic.plans.routes import add_plan_routes
from skinbeam_clinic.plans.setting_routes import add_setting_routes
from skinbeam_clinic.test_spots.routes import add_test_spot_routes
from skinbeam_clinic.treatments.routes import add_treatment_routes
from skinbeam_clinic.web.routing import ClinicRouter

__all__ = ["add_clinic_routes"]


def add_clinic_routes(gate: ClinicRouter) -> None:
    """Add the routes of members, of patients' diaries and of other programs."""
    add_follow_up_routes(gate)
    people = (
        add_sign_in_routes,
        add_oidc_routes,
        add_account_routes,
        add_member_routes,
        add_machine_routes,
        add_clinic_text_routes,
        add_import_routes,
        add_patient_routes,
        add_patient_rights_routes,
        add_document_routes,
        add_patient_link_routes,
    )
    programs = (add_token_routes, add_description_routes, add_api_routes)
    diary = (add_patient_diary_routes, add_diary_routes, add_alarm_routes)
    after = (
        add_test_spot_routes,
        add_treatment_routes,
        add_calendar_routes,
        add_appointment_routes,
        add_closed_days_routes,
        add_reminder_routes,
        add_outcome_audit_routes,
        *diary,
    )
    for add in (
        *people,
        add_consultation_routes,
        add_suggestion_routes,
        add_camera_routes,
        add_job_routes,
        add_plan_routes,
        add_setting_routes,
        add_consent_routes,
        add_paper_routes,
        *after,
        *programs,
    ):
        add(gate)
