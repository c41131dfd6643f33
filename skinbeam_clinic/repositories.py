"""The desk of a member: everything they may see and do in their clinic, each kind of record in its drawer."""

from contextlib import AbstractContextManager

from skinbeam.records.desk.adverse_events import AdverseEvents
from skinbeam.records.desk.appointments import Appointments
from skinbeam.records.desk.consents import Consents
from skinbeam.records.desk.consultations import Consultations
from skinbeam.records.desk.copies import Copies
from skinbeam.records.desk.course.suggestions import Suggestions
from skinbeam.records.desk.course.test_spots import TestSpots
from skinbeam.records.desk.diary.alarms import Alarms
from skinbeam.records.desk.diary.entries import Diaries
from skinbeam.records.desk.elsewhere.arrivals import Arrivals
from skinbeam.records.desk.elsewhere.dossiers import Dossiers
from skinbeam.records.desk.elsewhere.tokens import Tokens
from skinbeam.records.desk.erasure import Erasure
from skinbeam.records.desk.follow_ups import FollowUps
from skinbeam.records.desk.jobs import Jobs
from skinbeam.records.desk.machines import Machines
from skinbeam.records.desk.outcomes import Outcomes
from skinbeam.records.desk.patients import Patients
from skinbeam.records.desk.photographs import Photographs
from skinbeam.records.desk.plans import Plans
from skinbeam.records.desk.trail import Trail
from skinbeam.records.desk.treatments import Treatments
from skinbeam.records.kept import Member
from skinbeam.records.store.database import Database
from skinbeam.records.store.work import Access

__all__ = ["Desk"]


class Desk:
    """What a member works at; made for each request, since a role may change.

    Parameters
    ----------
    database : an open one.
    member : as they signed in.
    """

    def __init__(self, database: Database, member: Member) -> None:
        access = Access(database, member)
        self.member = member
        self._access = access
        self.patients = Patients(access)
        self.consultations = Consultations(access)
        self.photographs = Photographs(access)
        self.plans = Plans(access)
        self.consents = Consents(access)
        self.test_spots = TestSpots(access)
        self.suggestions = Suggestions(access)
        self.machines = Machines(access)
        self.appointments = Appointments(access)
        self.follow_ups = FollowUps(access)
        self.treatments = Treatments(access)
        self.adverse_events = AdverseEvents(access)
        self.outcomes = Outcomes(access)
        self.diaries = Diaries(access)
        self.alarms = Alarms(access)
        self.jobs = Jobs(access)
        self.tokens = Tokens(access)
        self.trail = Trail(access)
        self.copies = Copies(access)
        self.dossiers = Dossiers(access)
        self.arrivals = Arrivals(access)
        self.erasure = Erasure(access)

    def page(self) -> AbstractContextManager[None]:
        """Write one entry into the trail for all that is seen in a block, when it ends."""
        return self._access.page()
