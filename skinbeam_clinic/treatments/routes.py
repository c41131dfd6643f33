"""Routes of treatments: the checklist, treated areas on a face map, adverse events, notes, end, and aftercare."""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from fastapi.responses import Response

from skinbeam.laser.device import describe_light
from skinbeam.model.errors import InputError
from skinbeam.plan_records.plan import ConcernPlan, ImmediateReaction, Option
from skinbeam.plan_records.plan import Plan as Records
from skinbeam.report.formatting import concern_name, device_name, quantity_label, treatment_site_titles
from skinbeam.report.overview import setting_line
from skinbeam.report.plain_words import phone_line
from skinbeam.text import (
    LANGUAGES,
    current_language,
    render_message,
    to_local_time,
    translate_record,
    use_language,
)
from skinbeam_clinic.clinic_texts.models import TextUse
from skinbeam_clinic.clinic_texts.repository import in_force
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.database.tables import new_id
from skinbeam_clinic.errors import clinic_error
from skinbeam_clinic.patients.record_lines import ContraindicationView, describe_contraindications
from skinbeam_clinic.plans.contraindications import (
    CHANGE_ITEMS,
    Contraindication,
    find_contraindications,
    find_early_session,
    judge_changes,
)
from skinbeam_clinic.plans.document import find_option
from skinbeam_clinic.plans.option_ref import OptionRef
from skinbeam_clinic.plans.routes import OpenPlan, open_plan
from skinbeam_clinic.pulse_settings import SETTINGS
from skinbeam_clinic.treatments.adverse_events import parse_grade
from skinbeam_clinic.treatments.checklist import AUTOMATIC_ITEMS, ChecklistItem, list_items, list_open_items
from skinbeam_clinic.treatments.cooling_answer import (
    CooledPulse,
    CoolingAnswer,
    answer_cooling,
    ask_cooling,
    unknown_cooling,
)
from skinbeam_clinic.treatments.cooling_views import (
    describe_cooling,
    describe_cooling_change,
    describe_cooling_settings,
)
from skinbeam_clinic.treatments.face_map import OUTLINES, list_regions
from skinbeam_clinic.treatments.models import (
    ADVERSE_KINDS,
    AdverseEventGrade,
    AdverseEventSource,
    AreaFiring,
    BodySide,
    ChecklistAnswer,
    ClinicMachine,
    Deviation,
    Treatment,
    TreatmentState,
    find_deviations,
)
from skinbeam_clinic.treatments.orders import make_order
from skinbeam_clinic.treatments.spot_judgement import SpotJudgement, find_ladder, judge_spots
from skinbeam_clinic.treatments.treatment_form import (
    COOLING_FIELDS,
    FURTHER_COOLING,
    NO_COOLING_FIELDS,
    cooling_fields,
    parse_asked_cooling,
    parse_firing,
)
from skinbeam_clinic.treatments.views import (
    FiringRow,
    SkinSign,
    describe_deviation,
    describe_value,
    find_stop_signs,
    firing_rows,
    list_blocking_items,
    list_signs,
)
from skinbeam_clinic.used_cooling import (
    CoolingChange,
    CoolingKind,
    UsedCooling,
    find_cooling_change,
    planned_cooling,
)
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


@dataclass(frozen=True)
class _SessionPage:
    """A treatment with its plan, for display in the current language."""

    treatment: Treatment
    plan: OpenPlan

    @cached_property
    def translated_plan(self) -> Records:
        """The plan in the current language."""
        return translate_record(self.plan.plan)

    @cached_property
    def option(self) -> Option:
        """The consented option."""
        return find_option(self.translated_plan, self.treatment.option)[1]

    @property
    def concern(self) -> ConcernPlan:
        """The concern that the option treats."""
        return find_option(self.translated_plan, self.treatment.option)[0]

    @property
    def concern_index(self) -> int:
        """The index of its concern in the plan."""
        return OptionRef.parse(self.treatment.option).concern

    @property
    def name(self) -> str:
        """The name of the concern and of the device."""
        concern, option = find_option(self.translated_plan, self.treatment.option)
        return f"{concern_name(concern)}, {device_name(option)}"

    @cached_property
    def signs(self) -> tuple[SkinSign, ...]:
        """The selectable endpoints."""
        return list_signs(self.option)

    @cached_property
    def contraindications(self) -> tuple[Contraindication, ...]:
        """The contraindications to this session: recorded since the plan was made, or too soon after the last one."""
        recorded = find_contraindications(self.plan.records_since, self.plan.plan, self.treatment.option)
        if self.treatment.started_at is not None:
            return recorded
        place = self.treatment.option
        return (*recorded, *find_early_session(self.plan.records_since, self.plan.plan, place, now()))

    @property
    def recorded_signs(self) -> tuple[str, ...]:
        """The signs to stop at in English, as they are stored."""
        immediate = self.plan.find_option(self.treatment.option)[1].immediate
        return (
            tuple(message.english for message in immediate.stop_at) if isinstance(immediate, ImmediateReaction) else ()
        )


@dataclass(frozen=True)
class _ChecklistView:
    """The checklist as the page has it: what is asked, what was answered, and what of it stops, in the words of rules.

    Parameters
    ----------
    light : which eyewear must stop.
    rules : messages that a change since the plan raises, by its item. course : contraindications to this session.
    overdue : what should have been done to the machine before today.
    """

    asked: Sequence[ChecklistItem]
    answered: Mapping[str, ChecklistAnswer]
    light: str
    stopping: Sequence[tuple[ChecklistItem, ChecklistAnswer]]
    rules: Mapping[str, Sequence[str]]
    course: Sequence[ContraindicationView]
    changes: Sequence[str]
    open_items: Sequence[ChecklistItem]
    machines: Sequence[ClinicMachine]
    overdue: Sequence[str]
    is_stopped: bool


@dataclass(frozen=True)
class _FiringForm:
    """The form for an area as the page has it.

    Parameters
    ----------
    filled : field → what is typed into it. fields : setting → its words, its unit and its planned value.
    correcting : the row that is corrected; None for a new one.
    warned, hot : deviations that may burn, in words, and the same as a text that is sent back to confirm them.
    """

    filled: Mapping[str, str]
    fields: Mapping[str, tuple[str, str, str]]
    signs: Sequence[SkinSign]
    correcting: FiringRow | None
    warned: Sequence[str]
    hot: str
    planned_cooling: str
    planned_cooling_settings: Mapping[str, str]
    cooling_warning: str
    cooling_answer: CoolingAnswer | None


def _load_session(request: ClinicRequest) -> _SessionPage:
    treatment = request.repositories.treatments.get(request.path_parameter("treatment"))
    plan = open_plan(request.repositories, treatment.plan_id)
    return _SessionPage(_with_planned_cooling(treatment, plan), plan)


def _with_planned_cooling(treatment: Treatment, plan: OpenPlan) -> Treatment:
    """Return a treatment whose order tells the cooling of its plan, which orders of earlier versions do not."""
    setup = plan.find_option(treatment.option)[1].setup
    if treatment.ordered.cooling is not None or setup is None:
        return treatment
    return replace(treatment, ordered=replace(treatment.ordered, cooling=planned_cooling(setup)))


def _begin_treatment(request: ClinicRequest) -> Response:
    """Begin, or go to the one that is under way."""
    repositories, consent = request.repositories, request.repositories.consents.get(request.path_parameter("consent"))
    plan = open_plan(repositories, consent.plan_id)
    ordered = make_order(plan.records_since.devices, plan.plan, *plan.find_option(consent.option))
    made = repositories.treatments.begin(
        consent.id, ordered, appointment_id=check_name(request.text("appointment")) or None
    )
    _judge_checklist(request, _SessionPage(made, plan))
    return request.redirect(f"/treatments/{made.id}")


def _judge_checklist(request: ClinicRequest, session: _SessionPage) -> tuple[Contraindication, ...]:
    """Answer in the checklist what the records answer, and return the rules that speak against this session.

    The answers contain keys of the records behind them, so that a decision covers these and none that come later.
    """
    contraindications = session.contraindications
    if session.treatment.state is TreatmentState.PREPARING:
        answers = {
            "course": ("speaks", " ".join(contraindication.key for contraindication in contraindications))
            if contraindications
            else ("quiet", "")
        }
        if (judged := _judge_spots(request, session)) is not None:
            answers["spots"] = (judged.answer, judged.key)
        request.repositories.treatments.add_answers(session.treatment.id, answers)
    return contraindications


def _judge_spots(request: ClinicRequest, session: _SessionPage) -> SpotJudgement | None:
    """Judge the records of the test spots that the plan requires; None where it requires none."""
    concern, option = session.plan.find_option(session.treatment.option)
    if "spots" not in session.treatment.ordered.asked or option.setup is None:
        return None
    ladder = find_ladder(session.plan.plan, concern, option.setup)
    if ladder is None:
        return None
    facts = [
        contraindication.fact
        for contraindication in session.contraindications
        if contraindication.fact is not None and contraindication.fact.kind == "test_spot"
    ]
    harmed = [fact.record.rpartition("/")[2] for fact in facts]
    spots = request.repositories.test_spots.of_patient(session.plan.consultation.patient_id)
    return judge_spots(ladder, spots, harmed, planned_cooling(option.setup))


def _add_current_judgement(request: ClinicRequest, session: _SessionPage) -> Treatment:
    """Return the treatment with what the records of its test spots answer now: more may be read since it was begun."""
    treatment = session.treatment
    judged = _judge_spots(request, session) if treatment.state is TreatmentState.PREPARING else None
    stored = treatment.current_answers.get("spots")
    if judged is None or (stored is not None and (stored.answer, stored.words) == (judged.answer, judged.key)):
        return treatment
    answer = ChecklistAnswer("spots", judged.answer, judged.key, now(), "")
    return replace(treatment, answers=(*treatment.answers, answer))


def _show_treatment(
    request: ClinicRequest,
    error: InputError | None = None,
    *,
    hot_deviations: tuple[Deviation, ...] = (),
    firing: AreaFiring | None = None,
) -> Response:
    """Render the treatment in its current state; a form that was rejected keeps its fields."""
    session = _load_session(request)
    session = replace(session, treatment=_add_current_judgement(request, session))
    treatment, repositories = session.treatment, request.repositories
    rows = firing_rows(treatment, session.signs)
    form = _fill_form(request, session, rows, hot_deviations, firing)
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
        most=[
            render_message("clinic-session.most-allowed", {"value": describe_value(*quantity)})
            for quantity in treatment.ordered.allowed.numbers().items()
        ],
        immediate=immediate if isinstance(immediate, ImmediateReaction) else None,
        first_aid=[complication.message.text for complication in session.translated_plan.complications],
        seen=find_stop_signs(treatment, rows),
        **vars(_view_checklist(request, session)),
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


def _explain_consent_loss(request: ClinicRequest, session: _SessionPage) -> str:
    """Why nothing more may be done under the consent, in words; empty where it holds or the treatment is over."""
    if session.treatment.is_over:
        return ""
    if request.repositories.consents.get(session.treatment.consent_id).void_reason is not None:
        return render_message("clinic-session.consent-void")
    return render_message("clinic-session.consent-outdated") if session.plan.outdated else ""


def _eyewear_light(session: _SessionPage) -> str:
    """Return the light that eyewear must stop: that of the planned setting, or all that another device emits."""
    setup, chosen = session.option.setup, session.plan.records_since.devices.find(session.treatment.device)
    if setup is None or chosen is None or session.treatment.device == setup.device:
        return "" if setup is None else setup.light
    widest = chosen.wavelengths_nm[:1] if chosen.is_lamp else chosen.wavelengths_nm
    return ", ".join(describe_light(nm, lamp=chosen.is_lamp) for nm in widest)


def _view_checklist(request: ClinicRequest, session: _SessionPage) -> _ChecklistView:
    treatment, modality = session.treatment, session.option.modality
    asked = [item for item in list_items(treatment.ordered) if item.name not in AUTOMATIC_ITEMS]
    with session.plan.records_since.devices.open_folder() as home:
        rules = judge_changes(
            session.plan.consultation.answers, home, (session.concern_index, modality), treatment.current_answers
        )
    return _ChecklistView(
        asked=asked,
        answered=treatment.current_answers,
        light=_eyewear_light(session),
        stopping=list_blocking_items(list_items(treatment.ordered), treatment.current_answers),
        rules=rules,
        course=describe_contraindications(
            session.plan.records_since.devices, _open_contraindications(session), session.translated_plan
        ),
        changes=CHANGE_ITEMS,
        open_items=list_open_items(treatment),
        machines=[machine for machine in request.repositories.machines.list_all() if machine.retired_at is None],
        overdue=_list_overdue(request, treatment.machine_id),
        is_stopped=request.repositories.alarms.is_course_stopped(treatment.consultation_id),
    )


def _open_contraindications(session: _SessionPage) -> tuple[Contraindication, ...]:
    """Return the contraindications to decide about before the start; after it, those that no decision covered.

    While a session runs, an injury may be read or a link of two records made or undone.
    """
    if session.treatment.is_over:
        return ()
    contraindications = session.contraindications
    is_started = session.treatment.state is TreatmentState.TREATING
    return (
        tuple(contraindication for contraindication in contraindications if contraindication.final)
        if is_started
        else contraindications
    )


def _list_overdue(request: ClinicRequest, machine_id: str | None) -> tuple[str, ...]:
    """Return what should have been done to the machine of a session before today, in words."""
    done = request.repositories.machine_upkeep.list_newest().get(machine_id or "", {})
    return tuple(render_message(f"clinic-machine-upkeep.{kind}") for kind, upkeep in done.items() if upkeep.is_overdue)


def _fill_form(
    request: ClinicRequest,
    session: _SessionPage,
    rows: tuple[FiringRow, ...],
    hot_deviations: tuple[Deviation, ...],
    firing: AreaFiring | None,
) -> _FiringForm:
    """Return the form for an area, filled with the submission, correction, or plan."""
    planned = session.treatment.ordered.settings.numbers()
    corrected = request.text("corrects") or request.http_request.query_params.get("corrects", "")
    row = next((row for row in rows if row.area.id == corrected), None)
    filled = {name: f"{value:g}" for name, value in planned.items()}
    filled |= {"site": session.treatment.ordered.site, "side": BodySide.BOTH.value, "row": new_id()}
    filled |= cooling_fields(_expected_cooling(session.treatment))
    if row is not None:
        filled |= _firing_fields(row.area.fired)
    for name in ("site", "side"):  # the map without a script is links
        filled[name] = request.http_request.query_params.get(name, filled[name])
    names = [name for name in SETTINGS if name in planned]
    cooling, change = session.treatment.ordered.cooling, None
    read: dict[str, str] = {}
    if request.fields:  # what is no longer ticked is not sent
        filled |= dict.fromkeys(FURTHER_COOLING.values(), "")
    if firing is not None:  # the settings of the planned kind do not stand beside another one
        read = NO_COOLING_FIELDS | cooling_fields(firing.cooling)
        change = _cooling_change(session.treatment, firing)
    warned = firing if _needs_reason(change) else None
    return _FiringForm(
        filled=filled | dict(request.fields) | read,
        fields={name: (*quantity_label(name), describe_value(name, planned[name])) for name in names},
        signs=session.signs,
        correcting=row,
        warned=[describe_deviation(deviation) for deviation in hot_deviations],
        hot=_confirmation_text(hot_deviations, session.treatment, firing),
        planned_cooling="" if cooling is None else describe_cooling(cooling),
        planned_cooling_settings={} if cooling is None else describe_cooling_settings(cooling),
        cooling_warning=""
        if change is None or warned is None
        else describe_cooling_change(change, cooling, warned.cooling),
        cooling_answer=None if warned is None else _judge_cooling(request, session, warned),
    )


def _expected_cooling(treatment: Treatment) -> UsedCooling | None:
    """Return the cooling with which the form is filled: the plan's, or none where the checklist says that it fails."""
    planned, answer = treatment.ordered.cooling, treatment.current_answers.get("cooling")
    if planned is not None and answer is not None and answer.answer == "no":
        return UsedCooling(kind=CoolingKind.NONE)
    return planned


def _firing_fields(firing: AreaFiring) -> dict[str, str]:
    held = {**firing.settings_with_passes.numbers(), "pulses": firing.pulses, "pain_0_10": firing.pain_0_10}
    values = {name: f"{value:g}" for name, value in held.items() if value is not None}
    values |= {"site": firing.site, "side": firing.side.value, "endpoint": firing.endpoint, "words": firing.words}
    return values | NO_COOLING_FIELDS | cooling_fields(firing.cooling)


def _confirmation_text(deviations: tuple[Deviation, ...], treatment: Treatment, firing: AreaFiring | None) -> str:
    """Return the settings to confirm as text, so that a different dose typed after the warning causes another one."""
    hot = [f"{deviation.name}={deviation.fired:g}" for deviation in deviations if deviation.hotter]
    if firing is not None and firing.cooling is not None and _needs_reason(_cooling_change(treatment, firing)):
        hot += [f"{name}={value}" for name, value in cooling_fields(firing.cooling).items()]
    return ";".join(hot)


def _cooling_change(treatment: Treatment, firing: AreaFiring) -> CoolingChange | None:
    return None if firing.struck else find_cooling_change(treatment.ordered.cooling, firing.cooling)


def _needs_reason(change: CoolingChange | None) -> bool:
    return change is not None and change.needs_reason


def _pick_machine(request: ClinicRequest) -> Response:
    id = request.path_parameter("treatment")
    request.repositories.treatments.choose_machine(id, request.text("machine"), request.text("why"))
    return request.redirect(f"/treatments/{id}")


def _save_answers(request: ClinicRequest) -> Response:
    """Keep what was answered; what was left open stays open."""
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
    contraindications = _judge_checklist(request, _load_session(request)) if item in AUTOMATIC_ITEMS else ()
    if item == "course" and any(contraindication.final for contraindication in contraindications):
        raise clinic_error("plan-outdated", "plan")
    request.repositories.treatments.overrule(id, item, request.text(f"why-{item}"))
    return request.redirect(f"/treatments/{id}")


def _start_treatment(request: ClinicRequest) -> Response:
    """Let the first pulse be fired, once the rules were asked again: more may be recorded since it was begun."""
    if any(contraindication.final for contraindication in _judge_checklist(request, _load_session(request))):
        raise clinic_error("plan-outdated", "plan")
    started = request.repositories.treatments.start(request.path_parameter("treatment"))
    return request.redirect(f"/treatments/{started.id}")


def _save_firing(request: ClinicRequest) -> Response:
    """Keep a row; what is hotter than the plan is shown first and kept once it is confirmed, with its reason."""
    session = _load_session(request)
    firing = parse_firing(request, session.treatment.ordered, session.recorded_signs)
    deviations = () if firing.struck else find_deviations(session.treatment.ordered, firing.settings_with_passes)
    confirmation = _confirmation_text(deviations, session.treatment, firing)
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
    session = _load_session(request)
    here = f"/treatments/{session.treatment.id}"
    order = session.treatment.ordered
    return answer_cooling(
        request, lambda sent: _judge_cooling(request, session, parse_asked_cooling(sent, order)), here
    )


def _judge_cooling(request: ClinicRequest, session: _SessionPage, firing: AreaFiring) -> CoolingAnswer:
    """Return what the cooling of a row does; nothing is known of another machine than the planned one."""
    treatment = session.treatment
    if firing.cooling is None or treatment.device not in (None, treatment.ordered.device):
        return unknown_cooling()
    pulse = CooledPulse(treatment.option, firing.settings_with_passes, firing.cooling)
    return ask_cooling(request, session.plan, pulse, f"/treatments/{treatment.id}/cooling")


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
    session = _load_session(request)
    asked = request.http_request.query_params.get("language", "")
    language = asked if asked in LANGUAGES else current_language()
    day = to_local_time(session.treatment.started_at or session.treatment.created_at).date()
    with use_language(language):
        page = _SessionPage(session.treatment, session.plan)
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
