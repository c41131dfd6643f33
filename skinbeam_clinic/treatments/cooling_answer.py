"""Compute what a setting does with the cooling that was used, compared with the cooling that was planned.

It is asked as another setting of a plan is: of the same drawn skins, in a kept process. Nothing is stored.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from fastapi.responses import Response

from skinbeam.model.errors import InputError
from skinbeam.text import render_message
from skinbeam_clinic.plans.routes import OpenPlan, describe_outdated
from skinbeam_clinic.plans.setting_quantities import is_simulated, planned_settings
from skinbeam_clinic.plans.setting_routes import planned_question, read_planned_person
from skinbeam_clinic.pulse_settings import OrderedSettings
from skinbeam_clinic.treatments.cooling_views import describe_further_cooling
from skinbeam_clinic.treatments.treatment_form import cooling_fields
from skinbeam_clinic.typed_numbers import write_number
from skinbeam_clinic.used_cooling import UsedCooling
from skinbeam_clinic.web.client import is_poll
from skinbeam_clinic.web.request import ClinicRequest

__all__ = ["CooledPulse", "CoolingAnswer", "answer_cooling", "ask_cooling", "unknown_cooling"]

_WAIT_S = 5.0  # for an answer; the page asks again
_REFRESH_S = 2  # of a page without scripts whose answer is being computed


@dataclass(frozen=True)
class CoolingAnswer:
    """What the cooling that was used does to the risk, for display.

    Parameters
    ----------
    sentence : the answer, or why there is none; empty while it is being computed.
    pending : address to ask again, where it is being computed; otherwise empty.
    """

    sentence: str = ""
    pending: str = ""


def unknown_cooling() -> CoolingAnswer:
    """Return that the model cannot tell what a cooling does."""
    return CoolingAnswer(_text("unknown"))


@dataclass(frozen=True)
class CooledPulse:
    """What was fired, of which option of a plan, and how the skin was cooled."""

    place: str
    settings: OrderedSettings
    cooling: UsedCooling


def ask_cooling(request: ClinicRequest, plan: OpenPlan, pulse: CooledPulse, again: str) -> CoolingAnswer:
    """Return how many of 100 such skins are injured with the cooling as used and as planned, at what was fired.

    Parameters
    ----------
    again : address without a query of the route that asks it.
    """
    concern, option = plan.find_option(pulse.place)
    if outdated := describe_outdated(plan):
        return CoolingAnswer(_text("unknown-why", why=outdated))
    if option.setup is None or not is_simulated(option, plan.records_since.devices.find(option.setup.device)):
        return unknown_cooling()
    planned = planned_settings(option.setup)
    known = planned.numbers()  # the quantities in which the device is set
    fired = {name: value for name, value in pulse.settings.numbers().items() if name in known}
    question = planned_question(plan, concern, option, replace(planned, **fired), pulse.cooling)
    try:
        answer = request.services.setting_simulator.ask(
            question,
            lambda: read_planned_person(request.repositories, plan),
            (request.member_session.member.id, plan.record.id, pulse.place, "cooling"),
            wait_s=0.0 if is_poll(request.http_request) else _WAIT_S,
        )
    except InputError as error:
        return CoolingAnswer(_text("unknown-why", why=f"{error.message[:1].upper()}{error.message[1:]}."))
    if answer is None:
        return CoolingAnswer(pending=f"{again}?{urlencode(_query(pulse))}")
    name = "burnt" if answer.is_burn else "harmed"
    sentence = _text(name, used=answer.cooled, planned=answer.harmed)
    if not pulse.cooling.kind.is_modelled:
        kind = render_message(f"clinic-cooling.kind-{pulse.cooling.kind}")
        sentence = _text(f"{name}-at-most", kind=kind, uncooled=answer.cooled, planned=answer.harmed)
    if pulse.cooling.also:
        sentence += " " + _text("beside-untold", also=describe_further_cooling(pulse.cooling))
    return CoolingAnswer(sentence)


def answer_cooling(request: ClinicRequest, ask: Callable[[ClinicRequest], CoolingAnswer], back: str) -> Response:
    """Send the computed answer: as the part of the page that htmx swaps in, or as a page of its own.

    Parameters
    ----------
    ask : given the request with its query in place of a form.
    back : address of the page that asks.
    """
    error, answer = None, None
    try:
        answer = ask(replace(request, fields=request.http_request.query_params.multi_items()))
    except InputError as fault:
        error = fault
    is_pending = answer is not None and bool(answer.pending)
    if is_pending and is_poll(request.http_request):
        return Response(status_code=204)  # htmx leaves the page as it is, and asks again
    if request.http_request.headers.get("hx-request"):
        return request.fragment("cooling-answer.html", error=error, cooling_answer=answer)
    page = request.page("cooling.html", error=error, back=back, cooling_answer=answer)
    if is_pending:
        page.headers["Refresh"] = str(_REFRESH_S)
    return page


def _query(pulse: CooledPulse) -> dict[str, str]:
    """Return what is asked about; what was seen at the skin is in no address, since addresses are logged."""
    fields = {name: write_number(value) for name, value in pulse.settings.numbers().items()}
    return {"option": pulse.place} | fields | cooling_fields(pulse.cooling)


def _text(name: str, **params: str) -> str:
    return render_message(f"clinic-cooling.{name}", params)
