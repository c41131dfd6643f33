"""Read the copy of a patient's records, as another clinic gave it out, with the times of that clinic.

Consents given and appointments made elsewhere, and follow-ups of treatments under them, are in the copy but are not
imported, since consent is to what this clinic has explained. Treatments done elsewhere become text in the notes of
their plan, and past sessions in the answers, each with the improvement that a clinician graded: plans made there are
outdated by them, and the next consultation begins with them.
"""

import datetime
import io
import json
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from skinbeam.model.errors import InputError
from skinbeam.text import render_message, to_local_time
from skinbeam_clinic.consultations.answers import carry_past_sessions, is_session_field
from skinbeam_clinic.consultations.forms import Submission, form_entries, make_submission
from skinbeam_clinic.consultations.repository import PAGE_MEDIA_TYPES, ConsultationState, unsupported_photograph_error
from skinbeam_clinic.database.sealed_record import parse_values
from skinbeam_clinic.documents.sealed_content import parse_copied_attachments, parse_copied_notes
from skinbeam_clinic.errors import clinic_error
from skinbeam_clinic.follow_ups.models import FollowUp
from skinbeam_clinic.models import (
    ConsultationContents,
    ConsultationRecord,
    Dossier,
    PatientRecord,
    PhotographRecord,
    PlanChoice,
    PlanContents,
    PlanRecord,
)
from skinbeam_clinic.patients.contact_details import REMINDER_WAY
from skinbeam_clinic.patients.history import HistoryFact, list_session_facts, list_typed_facts
from skinbeam_clinic.patients.history_join import join_history
from skinbeam_clinic.test_spots.sealed_content import parse_copied_spots
from skinbeam_clinic.treatments.models import AreaFiring, Treatment
from skinbeam_clinic.used_cooling import UsedCooling

__all__ = [
    "COPY_SCHEMA",
    "RECORD_FILE",
    "CopiedPatient",
    "parse_copy",
    "summarize_treatment",
]

COPY_SCHEMA = "skinbeam.copy/1"
RECORD_FILE = "record.json"
_MOST_BYTES = 2_000_000_000  # of a whole copy, unpacked
# Of what is no such file, down to a ZIP that is encrypted, cut off or packed in another way.
_READ_ERRORS = (
    zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, KeyError, ValueError, TypeError, AttributeError,
    OverflowError,
)  # fmt: skip
# Records that belong to the consents, machines and members of the other clinic, by the name of their list.
_LOCAL_RECORDS = ("consents", "diary", "follow_ups", "suggested_concerns")


@dataclass(frozen=True)
class CopiedPatient:
    """A patient of another clinic.

    Parameters
    ----------
    dossier : what a clinic can take over; treatments are notes of the choices under which they were done.
    contact : identity and contact details; empty where the other clinic had none.
    left_out : kind of record → how many are in the copy alone.
    """

    dossier: Dossier
    contact: Mapping[str, str]
    left_out: Mapping[str, int]


def parse_copy(content: bytes) -> CopiedPatient:
    """Return the patient of a copy.

    Raises
    ------
    InputError : `bad-copy`: it is none, or not complete; `bad-photograph`, or what is wrong with an attachment.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(member.file_size for member in archive.infolist()) > _MOST_BYTES:
                raise clinic_error("bad-copy", "copy")
            files = {name: archive.read(name) for name in archive.namelist()}
        record = json.loads(files[RECORD_FILE])
        if record["schema"] != COPY_SCHEMA:
            raise clinic_error("bad-copy", "copy")
        return _parse_record(record, files)
    except _READ_ERRORS as error:
        raise error if isinstance(error, InputError) else clinic_error("bad-copy", "copy") from None


def _parse_record(record: Mapping[str, Any], files: Mapping[str, bytes]) -> CopiedPatient:
    patient = replace(parse_values(PatientRecord, record["patient"]), erased_at=None)
    treated = [
        parse_values(tuple[Treatment, ...], consultation.get("treatments", ()))
        for consultation in record["consultations"]
    ]
    consultations = tuple(
        _parse_consultation(consultation, patient.id, files, treatments)
        for consultation, treatments in zip(record["consultations"], treated, strict=True)
    )
    follow_ups = [
        follow_up
        for consultation in record["consultations"]
        for follow_up in parse_values(tuple[FollowUp, ...], consultation.get("follow_ups", ()))
    ]
    in_order = sorted(
        (treatment for treatments in treated for treatment in treatments),
        key=lambda treatment: treatment.started_at or treatment.created_at,
    )
    facts = list_session_facts(in_order, follow_ups)
    # Of a record that was closed as a duplicate there, what was typed of earlier sessions is carried on here, too.
    records = (parse_values(ConsultationRecord, consultation) for consultation in record["consultations"])
    elsewhere = [consultation for consultation in records if consultation.patient_id != patient.id]
    facts += [fact for fact in list_typed_facts(elsewhere, facts) if fact.kind == "session"]
    if facts := list(map(_with_site, facts)):
        consultations_with_sessions = (_with_sessions(consultation, facts) for consultation in consultations)
        consultations = (*consultations_with_sessions, _past_sessions(consultations, facts))
    contact = {str(name): str(text) for name, text in record["contact"].items()}
    contact.pop(REMINDER_WAY, None)  # what a patient agreed to elsewhere; this clinic asks them itself
    notes = parse_copied_notes(record.get("notes", ()))
    attachments = parse_copied_attachments(record.get("attachments", ()), files)
    dossier = Dossier(patient, consultations, notes=notes, attachments=attachments)
    return CopiedPatient(dossier, contact, dict(_count_left_out(record)))


def _count_left_out(record: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    counts = {"appointments": len(record.get("appointments", ()))}
    for name in _LOCAL_RECORDS:
        counts[name] = sum(len(consultation.get(name, ())) for consultation in record["consultations"])
    yield from ((name, count) for name, count in counts.items() if count)


def _parse_consultation(
    values: Mapping[str, Any], patient_id: str, files: Mapping[str, bytes], treatments: Sequence[Treatment]
) -> ConsultationContents:
    copied = parse_values(ConsultationRecord, values)
    consultation = replace(copied, patient_id=patient_id, state=ConsultationState(copied.state), saved_by="")
    return ConsultationContents(
        consultation,
        tuple((_parse_photograph(photograph), files[photograph["file"]]) for photograph in values["photographs"]),
        tuple(_parse_plan(plan, files, treatments) for plan in values["plans"]),
        test_spots=parse_copied_spots(values.get("test_spots", ())),
    )


def _with_sessions(contents: ConsultationContents, facts: Sequence[HistoryFact]) -> ConsultationContents:
    """Return a consultation whose answers tell of what the other clinic treated, which no record of this clinic does.

    Its plans are outdated by that: nobody is treated under a plan that knows nothing of a burn after it.
    """
    consultation = contents.consultation
    others = (entry for entry in consultation.answers.entries if not is_session_field(entry[0]))
    answers = replace(consultation.answers, entries=(*others, *_session_entries(consultation.answers, facts)))
    state = ConsultationState.CLOSED if consultation.state == ConsultationState.CLOSED else ConsultationState.DRAFT
    return replace(
        contents, consultation=replace(consultation, answers=answers, revision=consultation.revision + 1, state=state)
    )


def _past_sessions(consultations: Sequence[ConsultationContents], facts: Sequence[HistoryFact]) -> ConsultationContents:
    """Return a closed consultation with the sessions that the other clinic treated, as an import of a table makes it.

    The next consultation begins with them (`carry_past_sessions`), so that plans take them and what came of them into
    account. Those that somebody typed there are among them, since the newest consultation with sessions is carried on.
    """
    typed = carry_past_sessions([consultation.consultation.answers for consultation in consultations])
    newest = max(
        *(consultation.consultation.created_at for consultation in consultations), *(fact.fired_at for fact in facts)
    )
    at = newest + datetime.timedelta(seconds=1)  # after each of the others, so that these are carried on and not theirs
    return ConsultationContents(
        ConsultationRecord(
            id="",
            patient_id=consultations[0].consultation.patient_id,
            state=ConsultationState.CLOSED,
            revision=1,
            answers=make_submission(_session_entries(typed, facts)),
            created_at=at,
            saved_at=at,
            saved_by="",
        )
    )


def _with_site(fact: HistoryFact) -> HistoryFact:
    """Return a session that says where it was; how long ago it was, the other clinic knows for days that are past."""
    row = fact.row_on(fact.fired_at).model_copy(update={"weeks_ago": None})
    return replace(fact, row=row)


def _session_entries(answers: Submission, facts: Sequence[HistoryFact]) -> tuple[tuple[str, str], ...]:
    """Return the fields of the sessions that were typed and of those that were treated, each session once."""
    return tuple(form_entries({"session": join_history(answers, facts).tables["session"]}))


def _parse_photograph(values: Mapping[str, Any]) -> PhotographRecord:
    photograph = replace(parse_values(PhotographRecord, values), added_by="", version="")
    if photograph.media_type not in PAGE_MEDIA_TYPES:
        raise unsupported_photograph_error(PAGE_MEDIA_TYPES)
    return photograph


def _parse_plan(values: Mapping[str, Any], files: Mapping[str, bytes], treatments: Sequence[Treatment]) -> PlanContents:
    plan = replace(parse_values(PlanRecord, values), made_by="")
    choices = [replace(value, id="", made_by="") for value in parse_values(tuple[PlanChoice, ...], values["choices"])]
    choices += [
        PlanChoice("", plan.id, done.option, summarize_treatment(done), done.started_at or done.created_at, "")
        for done in treatments
        if done.plan_id == plan.id
    ]
    contents = {name: files[place] for name, place in plan.files.items()}
    return PlanContents(plan, contents, tuple(sorted(choices, key=lambda choice: choice.made_at)))


def summarize_treatment(treatment: Treatment) -> str:
    """Return a treatment in words: device, every valid row, adverse events."""
    about = {
        "number": treatment.number,
        "at": to_local_time(treatment.started_at or treatment.created_at).date().isoformat(),
        "state": treatment.state.value,
        "device": treatment.device or treatment.ordered.device,
        "serial": treatment.serial or "-",
        "rows": "; ".join(_firing_summary(area.fired) for area in treatment.valid_areas) or "-",
        "events": "; ".join(f"{event.kind}, {event.grade.value}" for event in treatment.events) or "-",
    }
    return render_message("records-copy.treatment", about)


def _firing_summary(firing: AreaFiring) -> str:
    settings = ", ".join(f"{name} {value:g}" for name, value in firing.settings.numbers().items())
    place = f"{firing.site} ({firing.side.value})"
    cooled = "" if firing.cooling is None else f", cooling {_cooling_summary(firing.cooling)}"
    return f"{place}: {settings}{cooled}, pulses {firing.pulses or '-'}, seen {firing.endpoint}"


def _cooling_summary(cooling: UsedCooling) -> str:
    settings = (f"{name} {value:g}" for name, value in cooling.numbers().items())
    return " ".join([cooling.kind.value, *settings, *(f"and {kind.value}" for kind in cooling.also)])
