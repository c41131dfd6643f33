"""Routes of other settings of a plan's option: what one would do, and a plan whose option has it.

Asking stores nothing. A setting that a clinician chooses is the input of a new plan, which the worker makes from the
same answers and the same records: its option is judged again, and every paper follows it. So a setting that was
chosen goes the way of every plan. A version is never changed, consents to the earlier one become void, and consent,
treatment and records read the setting from the plan that they belong to. Who chose it and why is the choice that is
stored with the new plan.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from urllib.parse import urlencode

from fastapi.responses import Response

from skinbeam.model.document import sha256_hex
from skinbeam.model.errors import InputError
from skinbeam.model.estimate import Estimate
from skinbeam.plan_records.plan import ConcernPlan, Option
from skinbeam.report.formatting import per_100
from skinbeam.report.overview import option_glance, setting_line
from skinbeam.text import current_language, render_message, translate_record
from skinbeam.what_if.chosen_setting import ChosenSetting, list_chosen_settings
from skinbeam_clinic.access import AccessRight
from skinbeam_clinic.consultations.case_files import case_from_form
from skinbeam_clinic.errors import BusyError, clinic_error
from skinbeam_clinic.jobs.plan_requests import request_plan
from skinbeam_clinic.patients.history_join import join_history
from skinbeam_clinic.plans.document import ChosenPlanSettings
from skinbeam_clinic.plans.open_plan_cache import OpenPlanCache
from skinbeam_clinic.plans.routes import OpenPlan, describe_outdated, open_plan
from skinbeam_clinic.plans.setting_answer import SettingAnswer, SettingQuestion
from skinbeam_clinic.plans.setting_process import PlannedPerson
from skinbeam_clinic.plans.setting_quantities import is_simulated, offered_doses, planned_settings, read_quantities
from skinbeam_clinic.pulse_settings import OrderedSettings
from skinbeam_clinic.repositories import ClinicRepositories
from skinbeam_clinic.typed_numbers import write_number
from skinbeam_clinic.used_cooling import UsedCooling
from skinbeam_clinic.web.client import is_poll
from skinbeam_clinic.web.request import ClinicRequest
from skinbeam_clinic.web.routing import ClinicRouter

__all__ = ["add_setting_routes", "planned_question", "read_planned_person"]

_LONGEST_REASON = 1000  # characters
_WAIT_S, _WAIT_TO_USE_S = 5.0, 60.0  # for an answer; a page asks again, a form that was sent does not
_REFRESH_S = 2  # of a page without scripts whose answer is being computed


@dataclass(frozen=True)
class _ComparisonRow:
    """A line of the answer: the planned setting beside the one that was asked about; `is_broken`: of a limit."""

    label: str
    planned: str
    asked: str
    is_broken: bool = False


@dataclass(frozen=True)
class _AnswerView:
    """The answer on the page.

    Parameters
    ----------
    place : of the option in the plan.
    steps : the doses that the device offers with the pulse and spot that were asked about, for the sliders.
    outdated : why there is no answer; empty where there is one.
    pending : address to ask again, where the answer is being computed; otherwise empty.
    stops, warnings : what forbids the setting in a plan, and what needs a reason.
    quantities : of the setting, where it may be chosen, or may be sent again; otherwise empty.
    reason : as it was sent.
    """

    place: str
    outdated: str = ""
    pending: str = ""
    sentences: tuple[str, ...] = ()
    rows: tuple[_ComparisonRow, ...] = ()
    stops: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    steps: dict[str, tuple[float, ...]] | None = None
    quantities: Mapping[str, float] = field(default_factory=dict)
    reason: str = ""

    @property
    def fields(self) -> dict[str, str]:
        """The quantities as the form sends them."""
        return {name: write_number(value) for name, value in self.quantities.items()}


def add_setting_routes(router: ClinicRouter) -> None:
    """Open the routes."""
    router.add("GET", "/plans/{plan}/what-if/{option}", partial(_ask_setting, OpenPlanCache()))
    router.add("POST", "/plans/{plan}/what-if/{option}", _choose_setting)


def _ask_setting(open_plans: OpenPlanCache, request: ClinicRequest) -> Response:
    plan = open_plans.open(request.repositories, request.path_parameter("plan"))
    sent = request.http_request.query_params
    quantities = ((name, value) for name, value in sent.multi_items() if name != "page")
    view, error = _answer(request, plan, quantities, page=sent.get("page", ""))
    return _render_answer(request, plan, view, error)


def _choose_setting(request: ClinicRequest) -> Response:
    """Request a plan with the setting; one that is forbidden, or lacks a needed reason, is answered with the reason."""
    plan, reason = open_plan(request.repositories, request.path_parameter("plan")), request.text("reason")
    if plan.closed:
        raise clinic_error("closed", "consultation")
    view, error = _answer(request, plan, ((name, value) for name, value in request.fields if name != "reason"))
    view = replace(view, reason=reason)
    if error is None:
        error = _find_refusal(view)
    if error is not None:
        return _render_answer(request, plan, view, error)
    concern, option = plan.find_option(view.place)
    assert option.setup is not None  # it has been simulated
    treatment = (concern.condition, concern.site, option.modality)
    chosen = ChosenSetting(treatment, option.setup.device, view.quantities)
    others = [
        setting
        for setting in list_chosen_settings(plan.plan)
        if (setting.treatment, setting.device) != (chosen.treatment, chosen.device)
    ]
    names = {
        "consultation": plan.record.consultation_id,
        "revision": plan.record.consultation_revision,
        "language": current_language(),
    }
    content = ChosenPlanSettings((*others, chosen), reason)
    try:
        job = request_plan(request, names, content.to_json())
    except InputError as refused:
        return _render_answer(request, plan, view, refused)
    return request.redirect(f"/jobs/{job.id}")


def _find_refusal(view: _AnswerView) -> InputError | None:
    """Return why a setting that was simulated makes no plan; None where it does."""
    if view.outdated:
        return clinic_error("plan-outdated", "plan")
    if view.stops:
        return clinic_error("settings-stopped", "option")
    if view.warnings and not view.reason:
        return clinic_error("settings-reason", "reason")
    if len(view.reason) > _LONGEST_REASON:
        return clinic_error("too-long", "reason", hint={"longest": _LONGEST_REASON})
    return None


def _answer(
    request: ClinicRequest, plan: OpenPlan, fields: Iterable[tuple[str, str]], page: str = ""
) -> tuple[_AnswerView, InputError | None]:
    """Return what a setting of the option in the path would do, or why it cannot be told.

    Parameters
    ----------
    page : id of the page that asks: what another page of the same member waits for is still wanted.
    """
    place = request.path_parameter("option")
    concern, option = plan.find_option(place)
    view = _AnswerView(place, outdated=describe_outdated(plan))
    if view.outdated:
        return view, None
    device = None if option.setup is None else plan.records_since.devices.find(option.setup.device)
    if option.setup is None or device is None or not is_simulated(option, device):
        raise clinic_error("absent", "plan")
    planned = planned_settings(option.setup)
    is_sent = request.http_request.method == "POST"
    try:
        quantities = replace(planned, **read_quantities(fields))
        steps = offered_doses(device, quantities)
        view = _AnswerView(place, steps=steps)
        question = planned_question(plan, concern, option, quantities)
        answer = request.services.setting_simulator.ask(
            question,
            lambda: read_planned_person(request.repositories, plan),
            (request.member_session.member.id, plan.record.id, place, page),
            wait_s=_waiting_time_s(request),
        )
        if answer is None and is_sent:
            raise clinic_error("settings-computing", "option")
    except BusyError as fault:  # a form that was sent comes back filled, to be sent again
        return replace(view, quantities=quantities.numbers() if is_sent else {}), fault
    except InputError as fault:
        return view, fault
    if answer is None:
        sent = urlencode({"page": page} | {name: write_number(value) for name, value in quantities.numbers().items()})
        return replace(view, pending=f"/plans/{plan.record.id}/what-if/{place}?{sent}"), None
    rows = tuple(_comparison_rows(plan.plan.assessment.phototype, option, answer))
    may_be_chosen = quantities != planned and not answer.stops and not plan.closed
    return (
        replace(
            view,
            sentences=answer.sentences,
            rows=rows,
            stops=answer.stops,
            warnings=answer.warnings,
            quantities=quantities.numbers() if may_be_chosen else {},
        ),
        None,
    )


def _waiting_time_s(request: ClinicRequest) -> float:
    """Return how long a request waits for an answer; a slider that moves meanwhile waits for the one before."""
    if request.http_request.method == "POST":
        return _WAIT_TO_USE_S
    return 0.0 if is_poll(request.http_request) else _WAIT_S


def planned_question(
    plan: OpenPlan,
    concern: ConcernPlan,
    option: Option,
    quantities: OrderedSettings,
    cooling: UsedCooling | None = None,
) -> SettingQuestion:
    """Return the question about a setting in place of the planned one of an option, which is simulated."""
    assert option.setup is not None
    planned = planned_settings(option.setup)
    return SettingQuestion(
        plan.record.plan_sha256,
        plan.record.draws,
        plan.record.seed,
        option.setup.device,
        (concern.condition, concern.site, option.modality),
        planned.energy_mJ or planned.fluence_J_cm2 or 0.0,
        quantities,
        current_language(),
        cooling,
        planned.spot_mm,
    )


def read_planned_person(repositories: ClinicRepositories, plan: OpenPlan) -> PlannedPerson:
    """Return what the plan was made from.

    Raises
    ------
    InputError : `plan-outdated`: it was made from something else, such as a reading that was corrected since.
    """
    since = plan.records_since
    sent = join_history(plan.consultation.answers, since.facts_at_planning, since.joined_at)
    photograph = repositories.photographs.read_content(sent.photo)[1] if sent.photo else None
    photo_sha256 = "" if photograph is None else sha256_hex(photograph)
    with since.devices.open_folder() as home:
        case_sha256 = case_from_form(sent, home).sha256(photo_sha256)
    if case_sha256 != plan.record.case_sha256:
        raise clinic_error("plan-outdated", "plan")
    return PlannedPerson(sent, photograph, since.devices.own)


def _comparison_rows(phototype: object, option: Option, answer: SettingAnswer) -> Iterator[_ComparisonRow]:
    """Yield the lines of the answer."""
    setup = option.setup
    assert setup is not None
    uncooled = replace(setup, settings=replace(setup.settings, cooling=None))  # the cooling is that of the plan
    yield _ComparisonRow(_text("setting"), setting_line(uncooled), answer.setting)
    yield _ComparisonRow(_text("effective"), per_100(option.p_effective).text, answer.effective)
    yield _ComparisonRow(_text("burnt" if answer.is_burn else "harmed"), per_100(option.p_harm).text, answer.harmed)
    if answer.bruised and isinstance(option.p_purpura, Estimate):
        yield _ComparisonRow(_text("bruised"), per_100(option.p_purpura).text, answer.bruised)
    known = isinstance(phototype, str)
    label = _text("published-phototype", phototype=phototype) if known else _text("published")
    if answer.published is None:
        yield _ComparisonRow(label, _text("unprinted"), _text("unprinted"))
    else:
        dose = answer.published
        ranges = (dose.planned_place, dose.planned_range), (dose.asked_place, dose.asked_range)
        planned, asked = (_text(place, low=low, high=high, unit=dose.unit) for place, (low, high) in ranges)
        yield _ComparisonRow(label, planned, asked)
    before = {limit.id: limit.status for limit in option.limits}
    for name in {**before, **answer.limits}:
        states = [statuses.get(name, "unknown") for statuses in (before, answer.limits)]
        planned, asked = (_text(f"limit-{status}") for status in states)
        label = _text("limit", limit=render_message(f"limit-in-short.{name}"))
        yield _ComparisonRow(label, planned, asked, is_broken=states[1] == "not_met")


def _text(name: str, **params: object) -> str:
    return render_message(f"clinic-what-if.{name}", params)


def _render_answer(request: ClinicRequest, plan: OpenPlan, view: _AnswerView, error: InputError | None) -> Response:
    """Answer with the part of the page that htmx swaps in; a browser without scripts gets a page of its own."""
    headers = request.http_request.headers
    if view.pending and is_poll(request.http_request):
        return Response(status_code=204)  # htmx leaves the page as it is, and asks again
    if not request.has_right(AccessRight.TREAT):
        view = replace(view, quantities={})
    if headers.get("hx-request"):
        return request.fragment("what-if/answer.html", error=error, answer=view, plan=plan.record)
    concern, option = plan.find_option(view.place)
    page = request.page(
        "what-if/page.html",
        error=error,
        answer=view,
        plan=plan.record,
        option=option_glance(translate_record(concern), translate_record(option)),
    )
    if view.pending:
        page.headers["Refresh"] = str(_REFRESH_S)
    return page
