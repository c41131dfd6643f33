"""The members of the sample clinic, its machines and its own texts, and where the steps of its tour lead."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field

from skinbeam.text import ENGLISH, LANGUAGES, render_message, to_local_time, use_language
from skinbeam_clinic.access import Role
from skinbeam_clinic.accounts.passwords import PasswordHasher
from skinbeam_clinic.accounts.repository import AccountRepository
from skinbeam_clinic.clinic_texts.models import TextUse
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.database.connection import Database
from skinbeam_clinic.machines.upkeep import UpkeepKind
from skinbeam_clinic.models import Member
from skinbeam_clinic.repositories import ClinicRepositories
from skinbeam_clinic.sample_clinic.planned_cases import DEVICES
from skinbeam_clinic.sample_clinic.timetable import Story, Timetable

__all__ = [
    "TOUR_STEPS",
    "SampleStaff",
    "clinic_text_story",
    "hire_staff",
    "upkeep_story",
]

# Step of the tour → path of its page; where it is empty, a story fills it in.
TOUR_STEPS: Mapping[str, str] = {
    "today": "/appointments",
    "person": "",
    "plan": "",
    "spots": "",
    "consent": "",
    "session": "",
    "alarms": "/alarms",
    "result": "",
    "outcomes": "/learning",
    "trail": "/trail",
}
_SHOTS_A_YEAR = 100_000  # made up, like everything here
COLLEAGUE = "clinician-2"  # who did not treat, and grades blind


@dataclass(frozen=True)
class SampleStaff:
    """What each member works at, and the ids of the machines by their device.

    Parameters
    ----------
    names : with which the members sign in.
    clinicians : two, each of whom grades what the other has treated.
    tour : `TOUR_STEPS`, filled in as the stories go.
    """

    database: Database
    names: tuple[str, ...]
    owner: ClinicRepositories
    clinicians: tuple[ClinicRepositories, ClinicRepositories]
    assistant: ClinicRepositories
    machines: Mapping[str, str]
    tour: dict[str, str] = field(default_factory=lambda: dict(TOUR_STEPS))


def hire_staff(database: Database, operator: Member, password: str) -> SampleStaff:
    """Add a member of each role, named after it, and a second clinician; and the machines, one of them retired."""
    accounts = AccountRepository(database, operator, PasswordHasher())
    desks = {role: ClinicRepositories(database, accounts.add(role.value, role, password)) for role in Role}
    colleague = ClinicRepositories(database, accounts.add(COLLEAGUE, Role.CLINICIAN, password))
    owner = desks[Role.OWNER]
    machines = {
        device: owner.machines.add(
            device=device,
            serial=f"SYN-{number}",
            name=render_message("clinic.sample-machine", {"number": number}),
            room=render_message("clinic.sample-room", {"number": number}),
        ).id
        for number, device in enumerate(DEVICES, 1)
    }
    old = owner.machines.add(
        device="pulsed-dye-585",
        serial="SYN-0",
        name=render_message("clinic.sample-machine", {"number": 0}),
    )
    owner.machines.set_in_use(old.id, in_use=False)
    return SampleStaff(
        database,
        (*(role.value for role in Role), COLLEAGUE),
        owner,
        (desks[Role.CLINICIAN], colleague),
        desks[Role.ASSISTANT],
        machines,
    )


def upkeep_story(staff: SampleStaff, days: Timetable) -> Story:
    """Each machine is serviced, and its energy meter calibrated, once a year; the last of them was forgotten."""
    year, add = datetime.timedelta(days=365), staff.owner.machine_upkeep.add
    *kept, forgotten = staff.machines.values()
    for ago, machines in ((400, (forgotten,)), (300, kept)):
        yield days.at(-ago, 8)
        done = to_local_time(now()).date()
        for number, machine in enumerate(machines, 1):
            when = {"done_on": done.isoformat(), "due_on": (done + year).isoformat()}
            add(machine, kind=UpkeepKind.SERVICE, shots=str(number * _SHOTS_A_YEAR), **when)
            add(machine, kind=UpkeepKind.METER, **when)


_WRITTEN_DAYS, _CHANGED_DAYS = 400, 100  # ago: before the oldest consent, and while the others are explained


def clinic_text_story(staff: SampleStaff, days: Timetable) -> Story:
    """A paragraph of consent forms, of which a second version was written later, and a block of letters."""
    texts = staff.owner.clinic_texts
    yield days.at(-_WRITTEN_DAYS, 8)
    written = {}
    for use in (TextUse.CONSENT, TextUse.LETTER):
        first = texts.add(use=use, language=ENGLISH, **_words(use, ENGLISH))
        written[use] = first.text_id
        for language in LANGUAGES:
            if language != ENGLISH:
                texts.revise(first.text_id, language=language, number=0, **_words(use, language))
    yield days.at(-_CHANGED_DAYS, 8)
    for language in LANGUAGES:
        changed = _words(TextUse.CONSENT, language, "medicines")
        texts.revise(written[TextUse.CONSENT], language=language, number=1, **changed)


def _words(use: TextUse, language: str, *more: str) -> dict[str, str]:
    """Return title and text in a language; the first paragraph says that all of it is made up."""
    with use_language(language):
        parts = ("made-up", f"{use}", *more)
        return {
            "title": render_message(f"clinic-sample-text.{use}-title"),
            "text": "\n\n".join(render_message(f"clinic-sample-text.{part}") for part in parts),
        }
