"""Routes of treatments: the checklist, treated areas on a face map, adverse events, notes, end, and aftercare."""

import datetime
from dataclasses import replace

from fastapi.responses import Response

from skinbeam.model.errors import InputError
from skinbeam.plan_records.plan import ImmediateReaction
from skinbeam.report.formatting import treatment_site_titles
from skinbeam.report.overview import setting_line
from skinbeam.report.plain_words import phone_line
from skinbeam.text import LANGUAGES, current_language, render_message, to_local_time, use_language
from skinbeam_clinic.clinic_texts.models import TextUse
from skinbeam_clinic.clinic_texts.repository import in_force
from skinbeam_clinic.errors import clinic_error
from skinbeam_clinic.patients.record_lines import describe_fact
from skinbeam_clinic.plans.routes import open_plan
from skinbeam_clinic.plans.shared_patterns import list_also_treated, pattern_lines
from skinbeam_clinic.treatments.adverse_events import parse_grade
from skinbeam_clinic.treatments.checklist import AUTOMATIC_ITEMS, list_items
from skinbeam_clinic.treatments.cooling_answer import answer_cooling
from skinbeam_clinic.treatments.face_map import OUTLINES, list_regions
from skinbeam_clinic.treatments.firing_form import confirmation_text, fill_form, judge_cooling
from skinbeam_clinic.treatments.models import (
    ADVERSE_KINDS,
    AdverseEventGrade,
    AdverseEventSource,
    AreaFiring,
    BodySide,
    Deviation,
    TreatmentState,
    find_deviations,
)
from skinbeam_clinic.treatments.orders import make_order
from skinbeam_clinic.treatments.session_checklist import view_checklist
from skinbeam_clinic.treatments.session_page import SessionPage, add_current_judgement, judge_checklist, load_session
from skinbeam_clinic.treatments.treatment_form import COOLING_FIELDS, FURTHER_COOLING, parse_asked_cooling, parse_firing
from skinbeam_clinic.treatments.views import describe_value, find_stop_signs, firing_rows, list_treated_titles
from skinbeam_clinic.used_cooling import CoolingKind
from skinbeam_clinic.web.request import ClinicRequest, check_name
from skinbeam_clinic.web.routing import ClinicRouter

__all__ = ["add_adverse_event", "add_treatment_routes"]


def add_treatment_routes(router: ClinicRouter) -> None:
    """Open the routes of treatments."""
    here = "/treatments/{treatment}"
    router.add("POST", "/consents/{consent}/treatments", _begin_treatment)
    router.add("GET", here, _show_treatment, only_reads=True)
    router.add("GET", f"{here}/aftercare", _show_aftercare)
    router.add("GET", f"{here}/cooling", _ask_cooling)
    router.add("POST", f"{here}/machine", _pick_machine, form=_show_treatment)
    router.add("POST", f"{here}/checklist", _save_answers, form=_show_treatment)
    router.add("POST", f"{here}/decision", _save_decision, form=_show_treatment)
    router.add("POST", f"{here}/start", _start_treatment, form=_show_treatment)
    router.add("POST", f"{here}/areas", _save_firing, form=_show_treatment)
    router.add("POST", f"{here}/events", _save_event, form=_show_treatment)
    router.add("POST", "/adverse-events/{event}/end", _resolve_event)
    router.add("POST", f"{here}/notes", _save_note, form=_show_treatment)
    router.add("POST", f"{here}/end", _end_treatment, form=_show_treatment)


def _begin_treatment(request: ClinicRequest) -> Response:
    """Begin a treatment, or go to the one in progress."""
    repositories, consent = request.repositories, request.repositories.consents.get(request.path_parameter("consent"))
    plan = open_plan(repositories, consent.plan_id)
    also = list_also_treated(plan.plan, repositories.plans.list_choices(consent.plan_id), consent.option)
    ordered = make_order(plan.records_since.devices, plan.plan, *plan.find_option(consent.option), also)
    made = repositories.treatments.begin(
        consent.id, ordered, appointment_id=check_name(request.text("appointment")) or None
    )
    judge_checklist(request, SessionPage(made, plan))
    return request.redirect(f"/treatments/{made.id}")


def _show_treatment(
    request: ClinicRequest,
    error: InputError | None = None,
    *,
    hot_deviations: tuple[Deviation, ...] = (),
    firing: AreaFiring | None = None,
) -> Response:
    """Render the treatment in its current state; a form that was rejected keeps its fields."""
    session = load_session(request)
    session = replace(session, treatment=add_current_judgement(request, session))
    treatment, repositories = session.treatment, request.repositories
    rows = firing_rows(treatment, session.signs)
    form = fill_form(request, session, rows, hot_deviations, firing)
    immediate = session.option.immediate
    return request.page(
        "treatment.html",
        422 if form.hot else None,
        error=error,
        session=treatment,
        name=session.name,
        plan=session.plan,
        patient=repositories.patients.get(session.plan.consultation.patient_id),
        named={session.plan.consultation.patient_id},
        consent_gone=_explain_consent_loss(request, session),
        device=session.plan.records_since.devices.title(treatment.device or treatment.ordered.device),
        setting="" if session.option.setup is None else setting_line(session.option.setup),
        patterns=pattern_lines(
            session.translated_plan, repositories.plans.list_choices(treatment.plan_id), treatment.option
        ),
        counts_for="; ".join(list_treated_titles(treatment.ordered)) if treatment.ordered.also else "",
        treated_today=[describe_fact(session.plan.records_since.devices, fact) for fact in session.treated_today],
        most=[
            render_message("clinic-session.most-allowed", {"value": describe_value(*quantity)})
            for quantity in treatment.ordered.allowed.numbers().items()
        ],
        immediate=immediate if isinstance(immediate, ImmediateReaction) else None,
        first_aid=[complication.message.text for complication in session.translated_plan.complications],
        seen=find_stop_signs(treatment, rows),
        **vars(view_checklist(request, session)),
        rows=rows,
        map=list_regions(
            [
                (row.number, row.area.fired.site, row.area.fired.side)
                for row in rows
                if row.area in treatment.valid_areas
            ]
        ),
        outlines=OUTLINES,
        **vars(form),
        sides=list(BodySide),
        cooling_fields=COOLING_FIELDS,
        cooling_kinds=list(CoolingKind),
        further_cooling=FURTHER_COOLING,
        sites=treatment_site_titles(),
        kinds=tuple(ADVERSE_KINDS),
        note_blocks=request.repositories.clinic_texts.list_in_force(TextUse.NOTE),
        typed_note=request.text("note"),
        grades=list(AdverseEventGrade),
    )


def _explain_consent_loss(request: ClinicRequest, session: SessionPage) -> str:
    """Why nothing more may be done under the consent, in words; empty where it holds or the treatment is over."""
    if session.treatment.is_over:
        return ""
    if request.repositories.consents.get(session.treatment.consent_id).void_reason is not None:
        return render_message("clinic-session.consent-void")
    return render_message("clinic-session.consent-outdated") if session.plan.outdated else ""


def _pick_machine(request: ClinicRequest) -> Response:
    id = request.path_parameter("treatment")
    request.repositories.treatments.choose_machine(id, request.text("machine"), request.text("why"))
    return request.redirect(f"/treatments/{id}")


def _save_answers(request: ClinicRequest) -> Response:
    """Store the answers; items that were left open stay open."""
    treatment = request.repositories.treatments.get(request.path_parameter("treatment"))
    items = [item.name for item in list_items(treatment.ordered) if item.name not in AUTOMATIC_ITEMS]
    given = {item: (request.text(item), request.text(f"{item}.words")) for item in items if request.text(item)}
    answer, medicine = given.get("medicines", ("", ""))
    contradicts = answer == "no" and bool(medicine)
    if contradicts:
        del given["medicines"]
    request.repositories.treatments.add_answers(treatment.id, given)
    if contradicts:  # the other answers are saved, so that they need not be given again
        raise clinic_error("medicine-named", "medicines", medicine=medicine)
    return request.redirect(f"/treatments/{treatment.id}")


def _save_decision(request: ClinicRequest) -> Response:
    id, item = request.path_parameter("treatment"), request.text("item")
    contraindications = judge_checklist(request, load_session(request)) if item in AUTOMATIC_ITEMS else ()
    if item == "course" and any(contraindication.final for contraindication in contraindications):
        raise clinic_error("plan-outdated", "plan")
    request.repositories.treatments.overrule(id, item, request.text(f"why-{item}"))
    return request.redirect(f"/treatments/{id}")


def _start_treatment(request: ClinicRequest) -> Response:
    """Start the treatment after the rules were applied again: more may be recorded since it was begun."""
    if any(contraindication.final for contraindication in judge_checklist(request, load_session(request))):
        raise clinic_error("plan-outdated", "plan")
    started = request.repositories.treatments.start(request.path_parameter("treatment"))
    return request.redirect(f"/treatments/{started.id}")


def _save_firing(request: ClinicRequest) -> Response:
    """Store a row; one hotter than the plan, or at another site, is shown first, and stored once it is confirmed."""
    session = load_session(request)
    firing = parse_firing(request, session.treatment.ordered, session.recorded_signs)
    deviations = () if firing.struck else find_deviations(session.treatment.ordered, firing.settings_with_passes)
    confirmation = confirmation_text(deviations, session.treatment, firing)
    if confirmation and (not firing.reason or request.text("confirmed") != confirmation):
        return _show_treatment(
            request, hot_deviations=tuple(deviation for deviation in deviations if deviation.hotter), firing=firing
        )
    planned = session.treatment.ordered.cooling
    request.repositories.treatments.add_area(
        session.treatment.id, firing, form_key=request.text("row"), planned_cooling=planned
    )
    return request.redirect(f"/treatments/{session.treatment.id}#fired")


def _ask_cooling(request: ClinicRequest) -> Response:
    """Answer what the cooling that was used does to the risk, once it is computed."""
    session = load_session(request)
    here = f"/treatments/{session.treatment.id}"
    order = session.treatment.ordered
    return answer_cooling(request, lambda sent: judge_cooling(request, session, parse_asked_cooling(sent, order)), here)


def _save_event(request: ClinicRequest) -> Response:
    id = request.path_parameter("treatment")
    add_adverse_event(request, id, AdverseEventSource.SESSION, site=request.text("event-site"))
    return request.redirect(f"/treatments/{id}")


def add_adverse_event(request: ClinicRequest, treatment_id: str, source: AdverseEventSource, *, site: str) -> None:
    """Store the adverse event of a form.

    Raises
    ------
    InputError : `no-grade`, or as `AdverseEventRepository.add`.
    """
    request.repositories.adverse_events.add(
        treatment_id,
        kind=request.text("kind"),
        grade=parse_grade(request.text("grade")),
        source=source,
        site=site,
        words=request.text("event-words"),
        form_key=request.text("row"),
    )


def _resolve_event(request: ClinicRequest) -> Response:
    event = request.repositories.adverse_events.resolve(request.path_parameter("event"), words=request.text("words"))
    return request.redirect(f"/treatments/{event.treatment_id}#events")


def _save_note(request: ClinicRequest) -> Response:
    id, words = request.path_parameter("treatment"), [request.text("note"), _find_note_block(request)]
    request.repositories.treatments.add_note(id, " ".join(filter(None, words)), shown=request.whole_number("shown"))
    return request.redirect(f"/treatments/{id}")


def _find_note_block(request: ClinicRequest) -> str:
    """Return the clinic's own text that was chosen, in one line as notes are; empty where none was.

    Raises
    ------
    RecordNotFoundError : this clinic has no such text for notes.
    InputError : `clinic-text-changed`: this version of it is not in force any more.
    """
    chosen = request.text("block")
    if not chosen:
        return ""
    versions = request.repositories.clinic_texts.list_all()
    known = next((version for version in versions if version.id == chosen), None)
    if known is None or known.use is not TextUse.NOTE:
        raise clinic_error("absent", "clinictext")
    if known not in in_force(versions):
        raise clinic_error("clinic-text-changed", "block")
    return " ".join(known.text.split())


def _end_treatment(request: ClinicRequest) -> Response:
    state = TreatmentState.DONE if request.text("state") == "done" else TreatmentState.STOPPED
    ended = request.repositories.treatments.end(request.path_parameter("treatment"), state)
    return request.redirect(f"/treatments/{ended.id}")


def _show_aftercare(request: ClinicRequest) -> Response:
    """The days after it on paper, in the language that the patient reads."""
    session = load_session(request)
    asked = request.http_request.query_params.get("language", "")
    language = asked if asked in LANGUAGES else current_language()
    day = to_local_time(session.treatment.started_at or session.treatment.created_at).date()
    with use_language(language):
        page = SessionPage(session.treatment, session.plan)
        texts = request.repositories.clinic_texts.list_in_force(TextUse.AFTERCARE, page.option.modality)
        care = page.translated_plan.care_after(page.concern, page.option)
        return request.page(
            "aftercare.html",
            language=language,
            session=session.treatment,
            name=page.name,
            day=day,
            days=page.option.healing,
            dates=[day + datetime.timedelta(days=text.day) for text in page.option.healing],
            care=care.aftercare_sentences,
            call=care.call_sentences,
            phone=phone_line(page.translated_plan),
            texts=[text for text in texts if text.language == language],
            patient=request.repositories.patients.get(session.plan.consultation.patient_id),
        )
