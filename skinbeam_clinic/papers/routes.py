"""Routes of papers: card of appointments, labels for photographs, letter to the family doctor from plan or session."""

from collections.abc import Callable, Sequence

from fastapi.responses import Response

from skinbeam.report.pdf import print_page
from skinbeam.text import LANGUAGES, Formatter, to_local_time, translate_record, use_language
from skinbeam_clinic.clinic_texts.models import ClinicText, TextUse
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.errors import clinic_error
from skinbeam_clinic.papers.appointment_card import appointment_card_page
from skinbeam_clinic.papers.doctor_letter import LetterFacts, letter_page
from skinbeam_clinic.papers.photograph_labels import photograph_label_page
from skinbeam_clinic.plans.routes import OpenPlan, open_plan
from skinbeam_clinic.treatments.models import Treatment
from skinbeam_clinic.web.request import ClinicRequest
from skinbeam_clinic.web.routing import ClinicRouter

__all__ = ["add_paper_routes"]


def add_paper_routes(router: ClinicRouter) -> None:
    """Open the routes of papers."""
    router.add("GET", "/patients/{patient}/appointments.pdf", _print_card)
    router.add("GET", "/consultations/{consultation}/labels.pdf", _print_labels)
    router.add("GET", "/plans/{plan}/letter", lambda request: _choose_blocks(request, _find_plan_sessions))
    router.add("GET", "/plans/{plan}/letter/{language}", lambda request: _write_letter(request, _find_plan_sessions))
    router.add("GET", "/treatments/{treatment}/letter", lambda request: _choose_blocks(request, _find_session))
    router.add(
        "GET", "/treatments/{treatment}/letter/{language}", lambda request: _write_letter(request, _find_session)
    )


def _print_card(request: ClinicRequest) -> Response:
    repositories, id = request.repositories, request.path_parameter("patient")
    patient, contact = repositories.patients.get(id), repositories.patients.get_contact(id)
    page = appointment_card_page(
        repositories.appointments.of_person(id),
        clinic=request.member_session.member.clinic,
        contact=request.clinic_contact,
        person=(contact.details.get("name") if contact else "") or patient.pseudonym,
        at=now(),
    )
    return request.show_pdf(print_page("appointments", page), f"appointments-{to_local_time(now()).date()}.pdf")


def _print_labels(request: ClinicRequest) -> Response:
    repositories, today = request.repositories, to_local_time(now()).date()
    consultation = repositories.consultations.get(request.path_parameter("consultation"))
    page = photograph_label_page(
        repositories.photographs.of(consultation.id),
        clinic=request.member_session.member.clinic,
        pseudonym=repositories.patients.get(consultation.patient_id).pseudonym,
        today=today,
    )
    return request.show_pdf(print_page("labels", page), f"labels-{today}.pdf")


# What a letter tells of, found by its address: a plan, and sessions under it that have begun.
_Subject = Callable[[ClinicRequest], tuple[OpenPlan, Sequence[Treatment]]]


def _find_plan_sessions(request: ClinicRequest) -> tuple[OpenPlan, Sequence[Treatment]]:
    plan = open_plan(request.repositories, request.path_parameter("plan"))
    begun = request.repositories.treatments.of(plan.consultation.id)
    return plan, [treatment for treatment in begun if treatment.plan_id == plan.record.id and treatment.started_at]


def _find_session(request: ClinicRequest) -> tuple[OpenPlan, Sequence[Treatment]]:
    treatment = request.repositories.treatments.get(request.path_parameter("treatment"))
    if treatment.started_at is None:
        raise clinic_error("absent", "treatment")
    return open_plan(request.repositories, treatment.plan_id), [treatment]


def _choose_blocks(request: ClinicRequest, find: _Subject) -> Response:
    """The page on which the clinic's own texts for a letter are chosen, by language."""
    plan, _ = find(request)
    repositories, blocks = request.repositories, request.repositories.clinic_texts.list_in_force(TextUse.LETTER)
    return request.page(
        "letter.html",
        here=request.http_request.url.path,
        plan=plan.record,
        patient=repositories.patients.get(plan.consultation.patient_id),
        blocks={language: [text for text in blocks if text.language == language] for language in LANGUAGES},
    )


def _write_letter(request: ClinicRequest, find: _Subject) -> Response:
    plan, treatments = find(request)
    repositories, language = request.repositories, request.path_parameter("language")
    if language not in LANGUAGES:
        raise clinic_error("absent", "language")
    blocks = _chosen_blocks(request, language)
    patient_id = plan.consultation.patient_id
    repositories.dossiers.note_letter(patient_id, [text.id for text in blocks])
    with use_language(language):
        facts = LetterFacts(
            clinic=request.member_session.member.clinic,
            place=request.clinic_contact.place,
            phone=request.clinic_contact.phone,
            patient=repositories.patients.get(patient_id),
            contact=repositories.patients.get_contact(patient_id),
            plan=translate_record(plan.plan),
            choices=repositories.plans.list_choices(plan.record.id),
            treatments=treatments,
            blocks=blocks,
            devices=plan.records_since.devices,
        )
        today = to_local_time(now()).date()
        letter = print_page("letter", letter_page(facts, Formatter().date(today)))
        return request.show_pdf(letter, f"letter-{today}-{language}.pdf")


def _chosen_blocks(request: ClinicRequest, language: str) -> Sequence[ClinicText]:
    """Return the texts that were ticked, in the order of the page.

    Raises
    ------
    RecordNotFoundError : one is not in force, of another language or clinic, or for another paper.
    """
    chosen = set(request.http_request.query_params.getlist("text"))
    if not chosen:
        return ()
    offered = request.repositories.clinic_texts.list_in_force(TextUse.LETTER)
    blocks = [text for text in offered if text.language == language and text.id in chosen]
    if len(blocks) < len(chosen):
        raise clinic_error("absent", "clinictext")
    return blocks
