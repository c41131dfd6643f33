"""The route that answers what another setting of a plan's option would do; it stores nothing."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from fastapi.responses import Response

from skinbeam.model.document import sha256_hex
from skinbeam.model.errors import InputError
from skinbeam.model.estimate import Estimate
from skinbeam.plan_records.course import DeviceSetup
from skinbeam.plan_records.plan import ConcernPlan, Option
from skinbeam.report.formatting import per_100
from skinbeam.report.overview import option_glance, setting_line
from skinbeam.text import current_language, render_message, translate_record
from skinbeam.what_if.asked_setting import planned_quantities
from skinbeam_clinic.consultations.answers import parse_submission
from skinbeam_clinic.consultations.case_files import case_from_form
from skinbeam_clinic.errors import clinic_error
from skinbeam_clinic.patients.history import join_history
from skinbeam_clinic.plans.routes import OpenPlan, describe_outdated, open_plan
from skinbeam_clinic.plans.setting_answer import PublishedDose, SettingAnswer, SettingQuestion
from skinbeam_clinic.plans.setting_process import PlannedPerson
from skinbeam_clinic.plans.setting_quantities import is_simulated, offered_doses, read_quantities
from skinbeam_clinic.repositories import ClinicRepositories
from skinbeam_clinic.web.request import ClinicRequest, error_status
from skinbeam_clinic.web.routing import ClinicRouter

__all__ = ["add_setting_routes"]


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
    """

    place: str
    outdated: str = ""
    sentences: tuple[str, ...] = ()
    rows: tuple[_ComparisonRow, ...] = ()
    obstacles: tuple[str, ...] = ()
    steps: dict[str, tuple[float, ...]] | None = None


def add_setting_routes(router: ClinicRouter) -> None:
    """Open the route."""
    router.add("GET", "/plans/{plan}/what-if/{option}", _ask_setting)


def _ask_setting(request: ClinicRequest) -> Response:
    plan = open_plan(request.repositories, request.path_parameter("plan"))
    place = request.path_parameter("option")
    concern, option = plan.find_option(place)
    view, error = _AnswerView(place, outdated=describe_outdated(plan)), None
    if not view.outdated:
        if option.setup is None or not is_simulated(option):
            raise clinic_error("absent", "plan")
        quantities = planned_quantities(option.setup.settings)
        try:
            quantities |= read_quantities(request.http_request.query_params.multi_items())
            steps = offered_doses(option.setup.device, quantities)
            view = _AnswerView(place, steps=steps)
            question = _make_question(plan, concern, option, option.setup, quantities)
            answer = request.services.setting_simulator.ask(question, lambda: _read_person(request.repositories, plan))
            rows = tuple(_comparison_rows(translate_record(plan.plan).assessment.phototype, option, answer))
            view = _AnswerView(place, "", answer.sentences, rows, answer.obstacles, steps)
        except InputError as fault:
            error = fault
    return _render_answer(request, plan, concern, option, view, error)


def _make_question(
    plan: OpenPlan, concern: ConcernPlan, option: Option, setup: DeviceSetup, quantities: dict[str, float]
) -> SettingQuestion:
    planned = planned_quantities(setup.settings)
    return SettingQuestion(
        plan.record.plan_sha256,
        plan.record.draws,
        plan.record.seed,
        setup.device,
        (concern.condition, concern.site, option.modality),
        planned.get("energy_mJ") or planned["fluence_J_cm2"],
        quantities,
        current_language(),
    )


def _read_person(repositories: ClinicRepositories, plan: OpenPlan) -> PlannedPerson:
    """Return what the plan was made from.

    Raises
    ------
    InputError : `plan-outdated`: it was made from something else, such as a reading that was corrected since.
    """
    facts = plan.records_since.facts_at_planning
    sent = join_history(parse_submission(plan.consultation.answers), facts)
    photograph = repositories.photographs.read_content(sent.photo)[1] if sent.photo else None
    photo_sha256 = "" if photograph is None else sha256_hex(photograph)
    if case_from_form(sent, Path()).sha256(photo_sha256) != plan.record.case_sha256:
        raise clinic_error("plan-outdated", "plan")
    return PlannedPerson(sent, photograph)


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
        places = answer.published.planned_place, answer.published.asked_place
        planned, asked = (_published_text(answer.published, place) for place in places)
        yield _ComparisonRow(label, planned, asked)
    before = {limit.id: limit.status for limit in option.limits}
    for name in {**before, **answer.limits}:
        states = [held.get(name, "unknown") for held in (before, answer.limits)]
        planned, asked = (_text(f"limit-{status}") for status in states)
        label = _text("limit", limit=render_message(f"limit-in-short.{name}"))
        yield _ComparisonRow(label, planned, asked, is_broken=states[1] == "not_met")


def _published_text(span: PublishedDose, place: str) -> str:
    return _text(place, low=span.low, high=span.high, unit=span.unit)


def _text(name: str, **params: object) -> str:
    return render_message(f"clinic-what-if.{name}", params)


def _render_answer(
    request: ClinicRequest,
    plan: OpenPlan,
    concern: ConcernPlan,
    option: Option,
    view: _AnswerView,
    error: InputError | None,
) -> Response:
    """Answer with the part of the page that htmx swaps in; a browser without scripts gets a page of its own."""
    status = 200 if error is None else error_status(error)
    if request.http_request.headers.get("hx-request"):
        return request.fragment("what-if/answer.html", status, error=error, answer=view)
    return request.page(
        "what-if/page.html",
        status,
        error=error,
        answer=view,
        plan=plan.record,
        option=option_glance(translate_record(concern), translate_record(option)),
    )
