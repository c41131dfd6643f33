"""Routes of the consent to one option of a plan: explanation, teach-back, signature and withdrawal."""

import datetime
import json
from dataclasses import dataclass
from functools import cached_property

from fastapi.responses import Response

from skinbeam.model.errors import InputError
from skinbeam.plan_records.plan import ConcernPlan, Option, Plan
from skinbeam.report.consent_context import PHOTO_PERMISSIONS, ConsentSignature, Stroke, TeachBackQuestion
from skinbeam.report.consent_form import (
    agreement_text,
    consent_page,
    cooling_off_days,
    make_consent,
    teach_back_questions,
    tries_in_words,
)
from skinbeam.text import LANGUAGES, current_language, to_local_time, translate_record, use_language
from skinbeam_clinic.appointments.models import Appointment, AppointmentState
from skinbeam_clinic.clinic_texts.models import ClinicText, TextUse
from skinbeam_clinic.clinic_texts.printed import clinic_parts
from skinbeam_clinic.consents.repository import SignatureKind, VoidReason, teach_back_tries
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.errors import catalogue_error, clinic_error
from skinbeam_clinic.models import Consent, ConsentAnswers, PhotographPermissions
from skinbeam_clinic.patients.record_lines import describe_contraindications
from skinbeam_clinic.plans.document import find_option
from skinbeam_clinic.plans.routes import OpenPlan, open_plan
from skinbeam_clinic.plans.shared_patterns import pattern_lines
from skinbeam_clinic.web.request import ClinicRequest
from skinbeam_clinic.web.routing import ClinicRouter

__all__ = ["add_consent_routes"]

_MOST_DAYS = 365
_MOST_POINTS = 3_000  # points of a signature: minutes of drawing
_LONGEST_NAME = 200
_ID_SEPARATOR = "."


@dataclass(frozen=True)
class _ConsentForm:
    """The plan, option, consents and language of a consent page.

    Parameters
    ----------
    place : position of the option in the plan, such as `0.1`.
    consents : consents to this option, the newest first.
    texts : the clinic's own texts: those with which the current consent was explained, otherwise those of today.
    missing_texts : titles of texts that the clinic has, but not in this language; empty once it is explained.
    clinic : its name.
    """

    plan: OpenPlan
    place: str
    consents: tuple[Consent, ...]
    language: str
    texts: tuple[ClinicText, ...]
    missing_texts: tuple[str, ...]
    clinic: str

    @property
    def path(self) -> str:
        """The address of the page."""
        return f"/plans/{self.plan.record.id}/consent/{self.place}"

    @cached_property
    def translated(self) -> tuple[Plan, ConcernPlan, Option]:
        """The plan, the concern and the option in the language of the form."""
        with use_language(self.language):
            plan = translate_record(self.plan.plan)
        return plan, *find_option(plan, self.place)

    @property
    def laser_ruled_out(self) -> bool:
        """Whether a rule of the plan rules out laser for now, so that no consent is possible."""
        return self.plan.plan.suitability.decision in ("refer", "not-suitable")

    @property
    def blocking_error(self) -> InputError | None:
        """The error if no consent is possible: the plan rules out laser for now, or there are contraindications."""
        return (
            _consent_error("stopped")
            if self.laser_ruled_out
            else clinic_error("plan-outdated", "plan")
            if self.plan.contraindications
            else None
        )

    @cached_property
    def questions(self) -> tuple[TeachBackQuestion, ...]:
        """The questions of the teach-back."""
        plan, _, option = self.translated
        with use_language(self.language):
            return teach_back_questions(plan, option)

    @property
    def current(self) -> Consent | None:
        """The newest consent if it is not void, signed or not."""
        return self.consents[0] if self.consents and self.consents[0].void_reason is None else None

    def make_pdf(self, signing: ConsentSignature | None = None) -> bytes:
        """Return the consent form as PDF, signed if `signing` is given."""
        with use_language(self.language):
            return make_consent(*self.translated, signing, clinic_parts(self.texts), self.clinic)

    @property
    def text_versions(self) -> str:
        """The ids of the versions of the texts, as the form that says what was explained sends them back."""
        return _ID_SEPARATOR.join(text.id for text in self.texts)

    def is_taught_back(self, consent: Consent) -> bool:
        """Return whether the last teach-back answered all current questions correctly."""
        last = consent.told[-1:]
        return (
            bool(last) and not last[0].wrong and {question.id for question in self.questions} <= last[0].answers.keys()
        )


@dataclass(frozen=True)
class _TeachBackItem:
    """A teach-back question for display, with the last answer and earlier attempts."""

    id: str
    question: str
    answers: tuple[str, ...]
    last_answer: str
    wrong: bool
    attempts: str


def add_consent_routes(router: ClinicRouter) -> None:
    """Open the routes of consents."""
    here = "/plans/{plan}/consent/{option}"
    router.add("GET", here, lambda request: _show_consent(request, _load_form(request)))
    router.add("GET", f"{here}/form.pdf", _download_blank)
    router.add("POST", f"{here}/talk", _save_explanation)
    router.add("POST", f"{here}/told-back", _save_teach_back)
    router.add("POST", f"{here}/signature", _save_signature)
    router.add("POST", f"{here}/withdrawal", _withdraw_consent)
    router.add("GET", "/consents/{consent}/document", _download_document)


def _load_form(request: ClinicRequest) -> _ConsentForm:
    """The form in the language in which it was explained, or before that in the one that was chosen here."""
    plan, place = open_plan(request.repositories, request.path_parameter("plan")), request.path_parameter("option")
    _, option = plan.find_option(place)
    if option.setup is None:
        raise clinic_error("absent", "consent")
    every = request.repositories.consents.of(plan.record.consultation_id)
    known = tuple(consent for consent in every if (consent.plan_id, consent.option) == (plan.record.id, place))[::-1]
    holds = known[0].language if known and known[0].void_reason is None else ""
    chosen = request.http_request.query_params.get("language", "")
    language = holds or (chosen if chosen in LANGUAGES else current_language())
    clinic = request.member_session.member.clinic
    if holds:
        return _ConsentForm(plan, place, known, language, known[0].texts, (), clinic)
    today = request.repositories.clinic_texts.list_in_force(TextUse.CONSENT, option.modality)
    texts = tuple(text for text in today if text.language == language)
    spoken = {text.text_id for text in texts}
    missing = dict.fromkeys(text.title for text in today if text.text_id not in spoken)
    return _ConsentForm(plan, place, known, language, texts, tuple(missing), clinic)


def _show_consent(request: ClinicRequest, form: _ConsentForm, error: InputError | None = None) -> Response:
    """The form with what was filled in; what was told back is marked where it was wrong."""
    repositories, current = request.repositories, form.current
    with use_language(form.language):
        paper = consent_page(*form.translated, clinic_parts=clinic_parts(form.texts))
        points = tuple(advice.message.text for advice in form.translated[0].consent)
        agreement = agreement_text(
            (to_local_time(current.explained_at).date(), to_local_time(now()).date()) if current else None
        )
        asked = _teach_back_items(form, current)
    return request.page(
        "consent.html",
        error=error,
        form=paper,
        points=points,
        text_versions=form.text_versions,
        missing_texts=form.missing_texts,
        language=form.language,
        questions=form.questions,
        answered=dict(request.fields),
        asked=asked,
        told_back=current is not None and form.is_taught_back(current),
        here=form.path,
        plan=form.plan.record,
        outdated=form.plan.outdated,
        stops=describe_contraindications(
            form.plan.records_since.devices, form.plan.contraindications, translate_record(form.plan.plan)
        ),
        patterns=pattern_lines(
            translate_record(form.plan.plan), repositories.plans.list_choices(form.plan.record.id), form.place
        ),
        closed=form.plan.closed,
        stopped=form.laser_ruled_out,
        patient=repositories.patients.get(form.plan.consultation.patient_id),
        named={form.plan.consultation.patient_id},
        current=current,
        agreement=agreement,
        may_sign=current is not None and now() >= current.not_before,
        voided=[consent for consent in form.consents if consent.void_reason is not None],
        booked=_booked_sessions(request, form),
        treatments=repositories.treatments.of(form.plan.record.consultation_id),
        permissions=PHOTO_PERMISSIONS,
        days=cooling_off_days(),
    )


def _booked_sessions(request: ClinicRequest, form: _ConsentForm) -> tuple[Appointment, ...]:
    """The sessions ahead that may be of this option, if its consent was withdrawn; oldest first.

    An appointment names a machine and no option: those on another device are left out.
    """
    if not form.consents or form.consents[0].void_reason != VoidReason.WITHDRAWN:
        return ()
    consultation, setup = form.plan.consultation, form.translated[2].setup
    assert setup is not None
    machines = {machine.id for machine in request.repositories.machines.list_all() if machine.device == setup.device}
    return tuple(
        appointment
        for appointment in request.repositories.appointments.course_sessions(consultation.patient_id, consultation.id)
        if appointment.state is AppointmentState.BOOKED
        and appointment.starts_at > now()
        and (appointment.machine_id is None or appointment.machine_id in machines)
    )


def _download_blank(request: ClinicRequest) -> Response:
    return request.show_pdf(_load_form(request).make_pdf(), "consent-form.pdf")


def _save_explanation(request: ClinicRequest) -> Response:
    """Write down that it was explained now, and how long it is slept on."""
    form, days = _load_form(request), request.whole_number("days")
    if form.blocking_error is not None:
        return _show_consent(request, form, form.blocking_error)
    if days is None or days > _MOST_DAYS:
        return _show_consent(request, form, _consent_error("days", most=_MOST_DAYS))
    if request.text("texts") != form.text_versions:
        return _show_consent(request, form, clinic_error("clinic-text-changed", "texts"))
    cooling_off = datetime.timedelta(days=days)
    request.repositories.consents.record_explanation(
        form.plan.record.id,
        option=form.place,
        cooling_off=cooling_off,
        language=form.language,
        texts=[text.id for text in form.texts],
    )
    return request.redirect(form.path)


def _save_teach_back(request: ClinicRequest) -> Response:
    """Store the teach-back answers; the page marks wrong ones, to be explained and asked again."""
    form = _load_form(request)
    if form.blocking_error is not None:
        return _show_consent(request, form, form.blocking_error)
    given = {question.id: _submitted_answer(request, question) for question in form.questions}
    if not all(given.values()):
        return _show_consent(request, form, _consent_error("unanswered"))
    wrong = [question.id for question in form.questions if given[question.id] != question.answers[question.right_index]]
    request.repositories.consents.record_teach_back(_get_current_consent(form).id, given, wrong)
    return request.redirect(form.path)


def _save_signature(request: ClinicRequest) -> Response:
    form = _load_form(request)
    if form.blocking_error is not None:
        return _show_consent(request, form, form.blocking_error)
    waiting = _get_current_consent(form)
    if not form.is_taught_back(waiting):
        raise clinic_error("not-told-back", "consent")
    person, on = request.text("person"), now()
    if not 0 < len(person) <= _LONGEST_NAME or not person.isprintable():
        return _show_consent(request, form, _consent_error("person"))
    strokes = _parse_strokes(request.text("strokes"))
    if strokes is None:
        return _show_consent(request, form, _consent_error("strokes"))
    allowed = frozenset(use for use in PHOTO_PERMISSIONS if request.text(f"photographs.{use}") == "true")
    consultation = form.plan.consultation
    signing = ConsentSignature(
        label=request.repositories.patients.get(consultation.patient_id).pseudonym,
        person=person,
        clinician=request.member_session.member.name,
        explained_on=to_local_time(waiting.explained_at).date(),
        signed_on=to_local_time(on).date(),
        teach_back_tries=teach_back_tries(waiting),
        permitted_uses=allowed,
        strokes=strokes,
    )
    request.repositories.consents.sign(
        waiting.id,
        answers=ConsentAnswers(tuple(sorted(allowed)), person),
        kind=SignatureKind.DRAWN if strokes else SignatureKind.TYPED,
        signature=(json.dumps(strokes) if strokes else person).encode(),
        document=form.make_pdf(signing),
        signed_at=on,
    )
    permissions = PhotographPermissions(**{use: use in allowed for use in PHOTO_PERMISSIONS})
    for photograph in request.repositories.photographs.of(consultation.id):
        request.repositories.photographs.set_permissions(photograph.id, permissions, version=photograph.version)
    return request.redirect(form.path)


def _withdraw_consent(request: ClinicRequest) -> Response:
    form = _load_form(request)
    for consent in form.consents:
        if consent.void_reason is None:
            request.repositories.consents.withdraw(consent.id)
    return request.redirect(form.path)


def _download_document(request: ClinicRequest) -> Response:
    document = request.repositories.consents.read_document(request.path_parameter("consent"))
    return request.show_pdf(document, "consent.pdf")


def _get_current_consent(form: _ConsentForm) -> Consent:
    """Return the newest consent, signed or not.

    Raises
    ------
    RecordNotFoundError : there is none, or it is void.
    """
    waiting = form.current
    if waiting is None:
        raise clinic_error("absent", "consent")
    return waiting


def _submitted_answer(request: ClinicRequest, question: TeachBackQuestion) -> str:
    """What was answered, in words; empty where nothing was."""
    places = {str(place): answer for place, answer in enumerate(question.answers)}
    return places.get(request.text(f"answer.{question.id}"), "")


def _teach_back_items(form: _ConsentForm, consent: Consent | None) -> tuple[_TeachBackItem, ...]:
    tries = () if consent is None else teach_back_tries(consent)
    last = consent.told[-1] if consent is not None and consent.told else None
    return tuple(
        _TeachBackItem(
            id=question.id,
            question=question.question,
            answers=question.answers,
            last_answer="" if last is None else last.answers.get(question.id, ""),
            wrong=last is not None and question.id in last.wrong,
            attempts=tries_in_words(question.id, tries),
        )
        for question in form.questions
    )


def _parse_strokes(text: str) -> tuple[Stroke, ...] | None:
    """Return the strokes of a drawn signature; empty if nothing was drawn, None if the text is no drawing."""
    if not text:
        return ()
    try:
        strokes = tuple(tuple((float(x), float(y)) for x, y in stroke) for stroke in json.loads(text))
    except (ValueError, TypeError, RecursionError):
        return None
    points = [part for stroke in strokes for point in stroke for part in point]
    return strokes if len(points) <= 2 * _MOST_POINTS and all(0 <= part <= 1 for part in points) else None


def _consent_error(code: str, **about: int) -> InputError:
    return catalogue_error(f"consent-{code}", f"clinic-fault.{code}", code, about)
