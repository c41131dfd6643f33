"""`RecordRepositories`: the repositories of the records of a clinic's patients, which pages and copies read."""

from skinbeam_clinic.appointments.reminders import ReminderRepository
from skinbeam_clinic.appointments.repository import AppointmentRepository
from skinbeam_clinic.consents.repository import ConsentRepository
from skinbeam_clinic.consultations.repository import ConsultationRepository, PhotographRepository
from skinbeam_clinic.consultations.suggestions import SuggestionRepository
from skinbeam_clinic.database.clinic_access import ClinicAccess
from skinbeam_clinic.diaries.repository import AlarmRepository, DiaryRepository
from skinbeam_clinic.documents.attachments import AttachmentRepository
from skinbeam_clinic.documents.notes import NoteRepository
from skinbeam_clinic.follow_ups.pair_analyses import PairAnalysisRepository
from skinbeam_clinic.follow_ups.repository import FollowUpRepository
from skinbeam_clinic.machines.own_devices import OwnDeviceRepository
from skinbeam_clinic.patient_links.repository import PatientLinkRepository
from skinbeam_clinic.patients.repository import PatientRepository
from skinbeam_clinic.plans.repository import PlanRepository
from skinbeam_clinic.test_spots.repository import TestSpotRepository
from skinbeam_clinic.treatments.repository import TreatmentRepository

__all__ = ["RecordRepositories"]


class RecordRepositories:
    """The repositories of the records of patients, with the access of a member."""

    def __init__(self, access: ClinicAccess) -> None:
        self.own_devices = OwnDeviceRepository(access)
        self.patients = PatientRepository(access)
        self.patient_links = PatientLinkRepository(access)
        self.consultations = ConsultationRepository(access)
        self.photographs = PhotographRepository(access)
        self.plans = PlanRepository(access)
        self.consents = ConsentRepository(access)
        self.test_spots = TestSpotRepository(access)
        self.suggestions = SuggestionRepository(access)
        self.notes = NoteRepository(access)
        self.attachments = AttachmentRepository(access)
        self.appointments = AppointmentRepository(access)
        self.reminders = ReminderRepository(access)
        self.follow_ups = FollowUpRepository(access)
        self.pair_analyses = PairAnalysisRepository(access)
        self.treatments = TreatmentRepository(access)
        self.diaries = DiaryRepository(access)
        self.alarms = AlarmRepository(access)
