"""The page with which a patient reads a copy of their records: what is in it, from when, and in which file.

It shows nothing that `record.json` does not hold, and leaves out what only programs need, such as hashes. It is one
HTML file without scripts, pictures or styles from elsewhere, which can be printed.
"""

import datetime
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from skinbeam.model.vocabulary import vocabulary_table
from skinbeam.plan_records.plan import Plan
from skinbeam.report.formatting import capitalise, concern_name, device_name, option_title, site_title, title_at_site
from skinbeam.text import Formatter, render_message, to_local_time, translate, translate_record
from skinbeam_clinic.appointments.models import Appointment, AppointmentState
from skinbeam_clinic.diaries.models import Alarm, DiaryEntry
from skinbeam_clinic.documents.attachment_content import ENDINGS
from skinbeam_clinic.documents.models import DocumentStrike
from skinbeam_clinic.errors import RecordNotFoundError
from skinbeam_clinic.follow_ups.models import ClinicianGrade, FollowUp, FollowUpMoment, PatientReport
from skinbeam_clinic.machines.clinic_devices import ClinicDevices
from skinbeam_clinic.models import Consent, ConsultationContents, Dossier, PlanContents
from skinbeam_clinic.papers.photograph_labels import describe_uses
from skinbeam_clinic.patients.contact_details import describe_birth
from skinbeam_clinic.plans.document import find_option, parse_plan
from skinbeam_clinic.pulse_settings import PulseSettings
from skinbeam_clinic.test_spots.models import TestSpotRecord
from skinbeam_clinic.treatments.cooling_views import describe_cooling
from skinbeam_clinic.treatments.models import Treatment
from skinbeam_clinic.treatments.views import (
    SkinSign,
    describe_event,
    describe_reaction,
    describe_value,
    firing_rows,
    list_signs,
    list_treated_titles,
)
from skinbeam_clinic.web.pages import render_template

__all__ = ["OVERVIEW_FILE", "CopiedRecords", "CopyPaths", "render_overview"]

OVERVIEW_FILE = "overview.html"
_ENDINGS = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp"}  # of photographs
_CONTACT = ("name", "born", "phone", "email", "address", "number")
_PLAN_FILES = ("report.pdf", "appendix.pdf", "leaflet.pdf", "report.html")  # those that are written for people


@dataclass(frozen=True)
class CopyPaths:
    """Where each file lies in a copy, by the id of its record; those of a plan by id and name."""

    photographs: Mapping[str, str]
    plans: Mapping[str, Mapping[str, str]]
    documents: Mapping[str, str]
    attachments: Mapping[str, str]

    @classmethod
    def assign(cls, records: Sequence[Dossier], consultations: Sequence[ConsultationContents]) -> "CopyPaths":
        """Return where each file is to lie: a folder for each consultation, files by the number of their record."""
        numbered = [(f"{number:03}", consultation) for number, consultation in enumerate(consultations, 1)]
        attachments = (attachment for record in records for attachment, _ in record.attachments)
        return cls(
            photographs={
                photograph.id: f"{folder}/photograph-{number:02}.{_ENDINGS[photograph.media_type]}"
                for folder, consultation in numbered
                for number, (photograph, _) in enumerate(consultation.photographs, 1)
            },
            plans={
                contents.plan.id: {name: f"{folder}/plan-{number:02}/{name}" for name in contents.files}
                for folder, consultation in numbered
                for number, contents in enumerate(consultation.plans, 1)
            },
            documents={
                consent.id: f"{folder}/consent-{number:02}.pdf"
                for folder, consultation in numbered
                for number, (consent, document) in enumerate(consultation.consents, 1)
                if document is not None
            },
            attachments={
                attachment.id: f"attachments/{number:03}{ENDINGS[attachment.media_type]}"
                for number, attachment in enumerate(attachments, 1)
            },
        )


@dataclass(frozen=True)
class CopiedRecords:
    """What a copy holds.

    Parameters
    ----------
    records : that of the patient, then those that were closed as duplicates of it.
    consultations : of all records, the oldest first.
    alarms : by the id of the diary entry that raised it.
    devices : those that the clinic knows.
    """

    clinic: str
    contact: Mapping[str, str]
    records: tuple[Dossier, ...]
    consultations: tuple[ConsultationContents, ...]
    alarms: Mapping[str, Alarm]
    paths: CopyPaths
    devices: ClinicDevices


_Facts = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class _Entry:
    """A record: its title, which may be empty, facts with their labels, sentences, and files with their labels."""

    title: str
    facts: _Facts = ()
    lines: tuple[str, ...] = ()
    files: _Facts = ()


@dataclass(frozen=True)
class _Part:
    """Records of a kind; a part without entries is not shown."""

    heading: str
    entries: tuple[_Entry, ...]


@dataclass(frozen=True)
class _Section:
    """A consultation, or what belongs to none."""

    heading: str
    facts: _Facts
    parts: tuple[_Part, ...]


def render_overview(copied: CopiedRecords, made_at: datetime.datetime) -> str:
    """Return the page as HTML, in the current language."""
    sections = (
        *(_consultation_section(copied, consultation) for consultation in copied.consultations),
        _Section(_say("general"), (), tuple(_general_parts(copied))),
    )
    counts = {
        "consultations": len(copied.consultations),
        "photographs": len(copied.paths.photographs),
        "plans": len(copied.paths.plans),
        "consents": sum(len(consultation.consents) for consultation in copied.consultations),
        "treatments": sum(len(consultation.treatments) for consultation in copied.consultations),
        "attachments": len(copied.paths.attachments),
    }
    return render_template(
        "clinic/copy-overview.html",
        clinic=copied.clinic,
        made_at=_date(made_at),
        person=tuple(_person_facts(copied)),
        counts=tuple((_say(f"count-{name}"), str(count)) for name, count in counts.items()),
        sections=[section for section in sections if section.facts or any(part.entries for part in section.parts)],
    )


def _person_facts(copied: CopiedRecords) -> Iterator[tuple[str, str]]:
    patient, details = copied.records[0].patient, copied.contact
    year = "" if patient.year_of_birth is None else str(patient.year_of_birth)
    for name in _CONTACT:
        if text := details.get(name, ""):
            yield render_message(f"clinic-contact.{name}"), describe_birth(text) if name == "born" else text
    if year and not details.get("born"):
        yield _say("year"), year
    yield _say("pseudonym"), ", ".join(record.patient.pseudonym for record in copied.records)


def _general_parts(copied: CopiedRecords) -> Iterator[_Part]:
    """Yield what belongs to the person and to no consultation: appointments, notes and attachments."""
    appointments = [appointment for record in copied.records for appointment in record.appointments]
    times = tuple(map(_appointment_fact, sorted(appointments, key=lambda appointment: appointment.starts_at)))
    yield _Part(_say("appointments"), (_Entry("", times),) if times else ())
    yield _Part(
        _say("notes"),
        tuple(
            _Entry(
                render_message("clinic-document.noted", {"at": note.noted_at, "by": note.noted_by}),
                lines=(*note.words.splitlines(), *_struck_lines(note.struck)),
            )
            for record in copied.records
            for note in record.notes
        ),
    )
    yield _Part(
        _say("attachments"),
        tuple(
            _Entry(
                render_message(f"clinic-document.{attachment.kind}"),
                (
                    (_say("date"), Formatter().moment(attachment.added_at)),
                    *(((_say("description"), attachment.description),) if attachment.description else ()),
                ),
                _struck_lines(attachment.struck),
                ((attachment.name, copied.paths.attachments[attachment.id]),),
            )
            for record in copied.records
            for attachment, _ in record.attachments
        ),
    )


def _appointment_fact(appointment: Appointment) -> tuple[str, str]:
    words = [render_message(f"appointment-for.{appointment.purpose}"), appointment.member]
    if appointment.state is not AppointmentState.BOOKED:
        words.append(render_message(f"appointment-state.{appointment.state}"))
    return Formatter().moment(appointment.starts_at), ", ".join(words)


def _struck_lines(struck: DocumentStrike | None) -> tuple[str, ...]:
    if struck is None:
        return ()
    about = {"at": struck.at, "by": struck.by}
    lines = (
        render_message("clinic-document.struck", about),
        render_message("clinic-document.struck-why", {"why": struck.reason}),
    )
    return lines if struck.reason else lines[:1]


def _consultation_section(copied: CopiedRecords, consultation: ConsultationContents) -> _Section:
    record = consultation.consultation
    plans = _read_plans(consultation)
    facts = [(_say("state"), render_message(f"clinic-state.{record.state}"))]
    if concerns := "; ".join(_list_concerns(consultation)):
        facts.append((_say("concerns"), concerns))
    parts = (
        _Part(
            _say("photographs"),
            tuple(
                _Entry(
                    Formatter().moment(photograph.added_at),
                    lines=(describe_uses(photograph),),
                    files=((_say("photograph"), copied.paths.photographs[photograph.id]),),
                )
                for photograph, _ in consultation.photographs
            ),
        ),
        _Part(
            _say("plans"),
            tuple(_plan_entry(copied, contents, plans.get(contents.plan.id)) for contents in consultation.plans),
        ),
        _Part(
            _say("consents"),
            tuple(_consent_entry(copied, consent, plans.get(consent.plan_id)) for consent, _ in consultation.consents),
        ),
        _Part(_say("test-spots"), tuple(_spot_entry(copied, spot) for spot in consultation.test_spots)),
        _Part(
            _say("treatments"),
            tuple(
                _treatment_entry(copied, treatment, plans.get(treatment.plan_id))
                for treatment in consultation.treatments
            ),
        ),
        _Part(_say("diary"), tuple(_diary_entry(copied, consultation, entry) for entry in consultation.diary)),
        _Part(_say("follow-ups"), tuple(_follow_up_entry(copied, follow_up) for follow_up in consultation.follow_ups)),
    )
    heading = _say("consultation", date=_date(record.created_at))
    return _Section(heading, tuple(facts), parts)


def _list_concerns(consultation: ConsultationContents) -> Iterator[str]:
    """Yield the concerns of the answers, each with its site."""
    conditions = vocabulary_table("condition")
    for row in consultation.consultation.answers.tables.get("concern", ()):
        condition, site = str(row.get("condition", "")), str(row.get("site", ""))
        title = translate(conditions[condition]["title"]) if condition in conditions else condition
        yield title_at_site(title, site) if title and site else title or site_title(site)


def _read_plans(consultation: ConsultationContents) -> dict[str, Plan | None]:
    """Return by id the plans of which an option was chosen, consented to or treated; to read one takes some 0.3 s."""
    wanted = {consent.plan_id for consent, _ in consultation.consents}
    wanted |= {treatment.plan_id for treatment in consultation.treatments}
    return {
        contents.plan.id: _read_plan(contents)
        for contents in consultation.plans
        if contents.choices or contents.plan.id in wanted
    }


def _read_plan(contents: PlanContents) -> Plan | None:
    """Return a plan in the current language; None where it came from elsewhere and is no document that can be read."""
    try:
        return translate_record(parse_plan(contents.files["plan.json"]))
    except (KeyError, ValueError, TypeError, AttributeError, RecursionError):  # JSON of any kind
        return None


def _describe_option(plan: Plan | None, place: str) -> str:
    """Return the concern and the treatment of an option; its place in the plan where the plan cannot be read."""
    if plan is not None:
        try:
            concern, option = find_option(plan, place)
        except (RecordNotFoundError, ValueError):
            return place
        return f"{concern_name(concern)}: {device_name(option) or option_title(option)}"
    return place


def _plan_entry(copied: CopiedRecords, contents: PlanContents, plan: Plan | None) -> _Entry:
    paths = copied.paths.plans[contents.plan.id]
    read = [(_say(f"file-{name.replace('.', '-')}"), paths[name]) for name in _PLAN_FILES if name in paths]
    chosen = [
        (_say("chosen", date=_date(choice.made_at)), _with_notes(_describe_option(plan, choice.option), choice.notes))
        for choice in contents.choices
    ]
    title = render_message("clinic-timeline.plan", {"by": contents.plan.made_by})
    return _Entry(title, ((_say("date"), Formatter().moment(contents.plan.made_at)), *chosen), (), tuple(read))


def _with_notes(text: str, notes: str) -> str:
    return f"{text}; {notes}" if notes else text


def _consent_entry(copied: CopiedRecords, consent: Consent, plan: Plan | None) -> _Entry:
    write = Formatter().moment
    facts = [(_say("explained"), f"{write(consent.explained_at)}, {consent.explained_by}")]
    if consent.signed_at is not None:
        facts.append((_say("signed"), f"{write(consent.signed_at)}, {consent.signed_by}"))
    if consent.voided_at is not None:
        reason = render_message(f"clinic-void.{consent.void_reason}")
        facts.append((_say("void"), f"{write(consent.voided_at)}: {reason}"))
    lines = tuple(f"{text.title}: {text.text}" for text in consent.texts)
    path = copied.paths.documents.get(consent.id)
    files = ((_say("document"), path),) if path else ()
    return _Entry(_describe_option(plan, consent.option), tuple(facts), lines, files)


def _spot_entry(copied: CopiedRecords, spot: TestSpotRecord) -> _Entry:
    fired, write = spot.firing, Formatter().moment
    facts = [
        (_say("date"), f"{write(spot.fired_at)}, {spot.fired_by}"),
        (_say("place"), capitalise(site_title(fired.settings.site))),
        (_say("settings"), f"{_describe_pulse(fired.settings)}; {_describe_used_cooling(spot)}"),
        *(
            (write(reading.seen_at), _with_notes(render_message(f"reaction.{reading.reaction}"), reading.note))
            for reading in spot.readings
        ),
    ]
    lines: tuple[str, ...] = ()
    if spot.struck is not None:
        about = {"at": spot.struck.at, "by": spot.struck.by, "why": spot.struck.reason}
        lines = (render_message("clinic-spots.struck", about),)
    shown = [copied.paths.photographs.get(reading.photograph_id or "", "") for reading in spot.readings]
    files = tuple((_say("photograph"), path) for path in dict.fromkeys(filter(None, shown)))
    return _Entry(copied.devices.title(fired.settings.device), tuple(facts), lines, files)


def _describe_used_cooling(spot: TestSpotRecord) -> str:
    return render_message("clinic-cooling.used", {"cooling": describe_cooling(spot.firing.cooling)})


def _describe_pulse(settings: PulseSettings) -> str:
    return ", ".join(describe_value(name, value) for name, value in settings.numbers().items())


def _treatment_entry(copied: CopiedRecords, treatment: Treatment, plan: Plan | None) -> _Entry:
    write, ordered = Formatter().moment, treatment.ordered
    facts = [(_say("state"), render_message(f"clinic-session.state-{treatment.state}"))]
    for label, at, by in (
        ("began", treatment.started_at, treatment.started_by),
        ("ended", treatment.ended_at, treatment.ended_by),
    ):
        if at is not None:
            facts.append((_say(label), f"{write(at)}, {by}"))
    serial = f" ({treatment.serial})" if treatment.serial else ""
    facts += [
        *((_say("concerns"), title) for title in list_treated_titles(ordered)),
        (_say("device"), f"{copied.devices.title(treatment.device or ordered.device)}{serial}"),
    ]
    valid = {area.id for area in treatment.valid_areas}
    for row in firing_rows(treatment, _find_signs(plan, treatment.option)):
        if row.area.id in valid:
            facts.append((capitalise(row.place), f"{row.settings}; {row.cooling}"))
            facts += [(_say("deviation"), line) for _, line in row.deviations]
            facts.append((_say("reaction"), describe_reaction(row)))
    lines = [describe_event(event) for event in treatment.events]
    lines += [
        f"{render_message('clinic-session.note-of', {'by': note.by, 'at': note.at})}: {note.words}"
        for note in treatment.notes
    ]
    if len(valid) < len(treatment.areas):
        lines.append(_say("corrected"))
    return _Entry(_say("session", number=treatment.number), tuple(facts), tuple(lines))


def _find_signs(plan: Plan | None, place: str) -> tuple[SkinSign, ...]:
    """Return what each endpoint of a session was called; of a plan that cannot be read, no sign of its own."""
    if plan is not None:
        return list_signs(find_option(plan, place)[1])
    return ()


def _diary_entry(copied: CopiedRecords, consultation: ConsultationContents, entry: DiaryEntry) -> _Entry:
    note, alarm = entry.note, copied.alarms.get(entry.id)
    numbers = {treatment.id: treatment.number for treatment in consultation.treatments}
    facts = [
        (_say("date"), Formatter().moment(entry.written_at)),
        (_say("pain"), render_message("followed.of-10", {"number": note.pain})),
        (_say("redness"), render_message(f"diary-redness.{note.redness}")),
    ]
    if note.signs:
        facts.append((_say("signs"), "; ".join(render_message(f"diary-sign.{sign}") for sign in note.signs)))
    if note.question:
        facts.append((_say("question"), note.question))
    if alarm is not None and alarm.answered_at is not None:
        facts.append((_say("answer"), f"{alarm.answer} ({Formatter().moment(alarm.answered_at)}, {alarm.answered_by})"))
    if alarm is not None and alarm.decided_at is not None:
        facts.append((_say("decision"), f"{alarm.reason} ({Formatter().moment(alarm.decided_at)}, {alarm.decided_by})"))
    path = copied.paths.photographs.get(entry.photograph_id or "", "")
    title = _say("diary-day", day=entry.day, session=numbers.get(entry.treatment_id, 1))
    return _Entry(title, tuple(facts), (), ((_say("photograph"), path),) if path else ())


def _follow_up_entry(copied: CopiedRecords, follow_up: FollowUp) -> _Entry:
    is_before = follow_up.moment is FollowUpMoment.BEFORE
    title = render_message(f"clinic-timeline.follow-up{'-before' if is_before else ''}", {"by": follow_up.noted_by})
    facts = [(_say("date"), Formatter().moment(follow_up.seen_at))]
    if follow_up.said is not None:
        facts += _report_facts(follow_up.said)
    for grade in follow_up.grades:
        facts.append(
            (render_message("followed.rated-by", {"rater": grade.rater, "at": grade.graded_at}), _grade(grade))
        )
    pairs = [(pair.before_id, pair.after_id) for pair in follow_up.pairs]
    shown = [
        (_say(label), copied.paths.photographs[id])
        for pair in pairs
        for label, id in zip(("before", "after"), pair, strict=True)
        if id in copied.paths.photographs
    ]
    return _Entry(title, tuple(facts), (), tuple(shown))


def _report_facts(report: PatientReport) -> Iterator[tuple[str, str]]:
    """Yield what the patient said."""
    if report.quarter is not None:
        yield render_message("followed.quarter"), render_message(f"followed-quarter.{report.quarter}")
    if report.change is not None:
        yield render_message("followed.change"), render_message(f"followed-change.{int(report.change)}")
    if report.satisfied_1_5 is not None:
        word = render_message(f"followed-satisfied.{report.satisfied_1_5}")
        about = {"number": report.satisfied_1_5, "word": word}
        yield render_message("followed.satisfied"), render_message("followed.of-5", about)
    for name in ("confidence", "pain"):
        number = getattr(report.now, f"{name}_0_10")
        yield render_message(f"followed.{name}"), render_message("followed.of-10", {"number": number})
    if report.days_away is not None:
        yield render_message("followed.days-away"), str(report.days_away)
    if report.words:
        yield render_message("followed.words"), report.words


def _grade(grade: ClinicianGrade) -> str:
    words = (
        render_message(f"followed-quarter.{grade.quarter}"),
        render_message(f"followed-change.{int(grade.change)}"),
    )
    return "; ".join(part for part in (*words, grade.notes) if part)


def _date(at: datetime.datetime) -> str:
    return Formatter().date(to_local_time(at).date())


def _say(name: str, **about: str | float) -> str:
    return render_message(f"clinic-copy.{name}", about)
