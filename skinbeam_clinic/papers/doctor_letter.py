"""Build the letter to a patient's family doctor: what is recorded of a plan and its sessions, and nothing else."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from skinbeam.plan_records.plan import ConcernPlan, Option, Plan
from skinbeam.report.formatting import concern_name, device_name
from skinbeam.report.letter_context import LetterPage, LetterPart
from skinbeam.report.overview import setting_line
from skinbeam.text import Formatter, render_message, to_local_time, translate
from skinbeam_clinic.clinic_texts.models import ClinicText
from skinbeam_clinic.machines.clinic_devices import CATALOGUE, ClinicDevices
from skinbeam_clinic.models import Contact, PatientRecord, PlanChoice
from skinbeam_clinic.patients.contact_details import describe_birth
from skinbeam_clinic.plans.document import find_option
from skinbeam_clinic.plans.option_ref import OptionRef
from skinbeam_clinic.treatments.models import Treatment
from skinbeam_clinic.treatments.views import (
    describe_event,
    describe_reaction,
    firing_rows,
    list_signs,
    list_treated_titles,
)

__all__ = ["LetterFacts", "letter_page"]

_WORDS = ("to", "sign")


@dataclass(frozen=True)
class LetterFacts:
    """The records that a letter is made of.

    Parameters
    ----------
    place, phone : the address and the telephone of the clinic; empty where none is set.
    plan : the plan in the current language.
    choices : the choices of options, oldest first.
    treatments : the sessions that the letter tells of, oldest first.
    blocks : the clinic's own texts that were chosen for it.
    devices : those that the clinic knows.
    """

    clinic: str
    place: str
    phone: str
    patient: PatientRecord
    contact: Contact | None
    plan: Plan
    choices: Sequence[PlanChoice]
    treatments: Sequence[Treatment]
    blocks: Sequence[ClinicText] = ()
    devices: ClinicDevices = CATALOGUE


def letter_page(facts: LetterFacts, date: str) -> LetterPage:
    """Return the page of a letter in the current language."""
    return LetterPage(
        words={name: _say(name) for name in _WORDS} | {"foot": _say("foot-texts" if facts.blocks else "foot")},
        title=_say("title"),
        sender=tuple(filter(None, (facts.clinic, facts.place, facts.phone))),
        date=date,
        about=tuple(_patient_facts(facts)),
        parts=(
            *_planned_parts(facts),
            *(_session_part(facts, treatment) for treatment in facts.treatments),
            _watch_part(facts),
            *(LetterPart(text.title, paragraphs=text.paragraphs) for text in facts.blocks),
        ),
    )


def _patient_facts(facts: LetterFacts) -> Iterator[tuple[str, str]]:
    details = {} if facts.contact is None else facts.contact.details
    yield _say("patient"), details.get("name") or facts.patient.pseudonym
    year = "" if facts.patient.year_of_birth is None else str(facts.patient.year_of_birth)
    if born := details.get("born") or year:
        yield _say("born"), describe_birth(born)


def _planned_parts(facts: LetterFacts) -> Iterator[LetterPart]:
    """Yield a part for the last option of each concern, chosen or of a session; without any, one with the concerns."""
    last = _last_options(facts)
    for concern, option in last:
        lines = [(_say("concern"), concern_name(concern)), (_say("treatment"), device_name(option))]
        if option.setup is not None:
            lines.append((_say("settings"), setting_line(option.setup)))
        yield LetterPart(_say("planned"), tuple(lines))
    if not last:
        concerns = tuple((_say("concern"), concern_name(concern)) for concern in facts.plan.concerns)
        yield LetterPart(_say("planned"), concerns, (_say("not-chosen"),))


def _last_options(facts: LetterFacts) -> Sequence[tuple[ConcernPlan, Option]]:
    """Return the last option of each concern, chosen or of a session."""
    chosen = map(
        OptionRef.parse,
        [*(choice.option for choice in facts.choices), *(treatment.option for treatment in facts.treatments)],
    )
    last = {place.concern: place for place in chosen}
    return [find_option(facts.plan, str(place)) for place in sorted(last.values())]


def _session_part(facts: LetterFacts, treatment: Treatment) -> LetterPart:
    """Return a session: when and by whom, what was fired where, how the skin reacted, and adverse events."""
    _, option = find_option(facts.plan, treatment.option)
    lines = []
    if treatment.ordered.also:
        lines += [(_say("concern"), title) for title in list_treated_titles(treatment.ordered)]
    if treatment.started_at:
        lines.append((_say("on"), Formatter().date(to_local_time(treatment.started_at).date())))
    if treatment.started_by:
        lines.append((_say("by"), treatment.started_by))
    lines.append((_say("state"), render_message(f"clinic-session.state-{treatment.state}")))
    used = facts.devices.find(treatment.device)
    lines.append((_say("device"), device_name(option) if used is None else translate(used.title)))
    valid = {area.id for area in treatment.valid_areas}
    for row in firing_rows(treatment, list_signs(option)):
        if row.area.id in valid:
            lines += [(row.place, f"{row.settings}; {row.cooling}"), (_say("reaction"), describe_reaction(row))]
    events = tuple(map(describe_event, treatment.events)) or (_say("no-events"),)
    return LetterPart(render_message("clinic-letter.session", {"number": treatment.number}), tuple(lines), events)


def _watch_part(facts: LetterFacts) -> LetterPart:
    """Return what the patient was given to watch for: after the lasers of the letter, else as the plan has it."""
    lasers = [(concern, option) for concern, option in _last_options(facts) if option.setup is not None]
    given = [advice for laser in lasers for advice in facts.plan.care_after(*laser).when_to_call]
    watched = given or facts.plan.when_to_call
    return LetterPart(_say("watch"), (), tuple(dict.fromkeys(advice.message.text for advice in watched)))


def _say(name: str) -> str:
    return render_message(f"clinic-letter.{name}")
