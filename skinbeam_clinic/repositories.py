"""`ClinicRepositories`: all repositories of a clinic, with the rights of one member."""

from contextlib import AbstractContextManager

from skinbeam_clinic.accounts.clinic_contact import ClinicContactRepository
from skinbeam_clinic.accounts.notices import NoticeRepository
from skinbeam_clinic.accounts.second_factors import SecondFactorPolicy
from skinbeam_clinic.accounts.tokens import ApiTokenRepository
from skinbeam_clinic.appointments.calendar_feeds import CalendarFeedRepository
from skinbeam_clinic.appointments.closed_days import ClosedDaysRepository
from skinbeam_clinic.appointments.next_steps import NextStepReader
from skinbeam_clinic.audit_log.repository import AuditLogRepository
from skinbeam_clinic.clinic_texts.repository import ClinicTextRepository
from skinbeam_clinic.clinic_transfer.repository import ImportRepository
from skinbeam_clinic.database.altered_rows import AlteredRow
from skinbeam_clinic.database.clinic_access import ClinicAccess
from skinbeam_clinic.database.connection import Database
from skinbeam_clinic.exchange.patient_copy import PatientCopyRepository
from skinbeam_clinic.exchange.repository import DossierImporter, DossierRepository
from skinbeam_clinic.jobs.repository import JobRepository
from skinbeam_clinic.machines.repository import MachineRepository
from skinbeam_clinic.machines.upkeep import MachineUpkeepRepository
from skinbeam_clinic.models import Member
from skinbeam_clinic.outcome_audit.repository import OutcomeRepository
from skinbeam_clinic.patients.erasure import ErasureRepository
from skinbeam_clinic.patients.photograph_erasure import PhotographErasureRepository
from skinbeam_clinic.record_repositories import RecordRepositories
from skinbeam_clinic.treatments.adverse_events import AdverseEventRepository

__all__ = ["ClinicRepositories"]


class ClinicRepositories(RecordRepositories):
    """The repositories with which a member works; made for each request, since a role may change."""

    def __init__(self, database: Database, member: Member) -> None:
        access = ClinicAccess(database, member)
        super().__init__(access)
        self.member = member
        self._access = access
        self.machines = MachineRepository(access)
        self.machine_upkeep = MachineUpkeepRepository(access)
        self.clinic_texts = ClinicTextRepository(access)
        self.calendar_feeds = CalendarFeedRepository(access)
        self.next_steps = NextStepReader(access)
        self.adverse_events = AdverseEventRepository(access)
        self.outcomes = OutcomeRepository(access)
        self.jobs = JobRepository(access)
        self.tokens = ApiTokenRepository(access)
        self.second_factors = SecondFactorPolicy(access)
        self.closed_days = ClosedDaysRepository(access)
        self.clinic_contact = ClinicContactRepository(access)
        self.notices = NoticeRepository(access)
        self.audit_log = AuditLogRepository(access)
        self.patient_copies = PatientCopyRepository(access)
        self.dossiers = DossierRepository(access)
        self.dossier_importer = DossierImporter(access)
        self.erasure = ErasureRepository(access)
        self.photograph_erasure = PhotographErasureRepository(access)
        self.imports = ImportRepository(access)

    def combine_reads(self) -> AbstractContextManager[None]:
        """Record all reads within a `with` block as one entry of the audit log, written when the block ends."""
        return self._access.combine_reads()

    def reading_one_moment(self) -> AbstractContextManager[None]:
        """Read everything within a `with` block, which only reads, in one transaction and as one entry of the log."""
        return self._access.reading_one_moment()

    def skipping_altered(self) -> AbstractContextManager[None]:
        """Skip altered rows in lists within a `with` block that only shows records."""
        return self._access.skipping_altered()

    def list_altered(self) -> tuple[AlteredRow, ...]:
        """Return the altered rows that were met so far, each once."""
        return self._access.list_altered()

    def altered_ids(self) -> frozenset[str]:
        """Return the ids of the altered rows that were met so far."""
        return frozenset(row.id for row in self._access.list_altered())

    def log_length(self) -> int:
        """Return how many entries the clinic's audit log has, of the moment that is read."""
        return self._access.log_length()

    def has_changed_since(self, log_length: int) -> bool:
        """Return whether anything of the clinic was written since its audit log had this many entries."""
        return self._access.has_changed_since(log_length)
