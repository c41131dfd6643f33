"""Ask the physics what a setting does with the cooling that was used, beside the cooling that was planned.

It is asked as another setting of a plan is: of the same drawn skins, in a kept process. Nothing is stored.
"""

from dataclasses import dataclass, replace
from urllib.parse import urlencode

from skinbeam.model.errors import InputError
from skinbeam.text import current_language, render_message
from skinbeam_clinic.plans.routes import OpenPlan, describe_outdated
from skinbeam_clinic.plans.setting_answer import SettingQuestion
from skinbeam_clinic.plans.setting_quantities import is_simulated, planned_settings
from skinbeam_clinic.plans.setting_routes import read_planned_person
from skinbeam_clinic.pulse_settings import PulseSettings
from skinbeam_clinic.treatments.models import AreaFiring, Treatment
from skinbeam_clinic.treatments.treatment_form import cooling_fields
from skinbeam_clinic.web.client import is_poll
from skinbeam_clinic.web.request import ClinicRequest

__all__ = ["CoolingAnswer", "ask_cooling"]

_WAIT_S = 5.0  # for an answer; the page asks again


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


def ask_cooling(request: ClinicRequest, treatment: Treatment, plan: OpenPlan, firing: AreaFiring) -> CoolingAnswer:
    """Return how many of 100 such skins are injured with the cooling as used and as planned, at what was fired."""
    concern, option = plan.find_option(treatment.option)
    if firing.cooling is None or option.setup is None:
        return CoolingAnswer(_text("unknown"))
    if outdated := describe_outdated(plan):
        return CoolingAnswer(_text("unknown-why", why=outdated))
    if not is_simulated(option) or treatment.device not in (None, treatment.ordered.device):
        return CoolingAnswer(_text("unknown"))
    planned = planned_settings(option.setup)
    question = SettingQuestion(
        plan.record.plan_sha256,
        plan.record.draws,
        plan.record.seed,
        option.setup.device,
        (concern.condition, concern.site, option.modality),
        planned.energy_mJ or planned.fluence_J_cm2 or 0.0,
        replace(planned, **_fired_quantities(firing, planned)),
        current_language(),
        firing.cooling,
    )
    try:
        answer = request.services.setting_simulator.ask(
            question,
            lambda: read_planned_person(request.repositories, plan),
            (request.member_session.member.id, plan.record.id, treatment.option, "cooling"),
            wait_s=0.0 if is_poll(request.http_request) else _WAIT_S,
        )
    except InputError as error:
        return CoolingAnswer(_text("unknown-why", why=f"{error.message[:1].upper()}{error.message[1:]}."))
    if answer is None:
        return CoolingAnswer(pending=f"/treatments/{treatment.id}/cooling?{urlencode(_query(firing))}")
    name = "burnt" if answer.is_burn else "harmed"
    sentence = _text(name, used=answer.cooled, planned=answer.harmed)
    if not firing.cooling.kind.is_modelled:
        kind = render_message(f"clinic-cooling.kind-{firing.cooling.kind}")
        sentence = _text(f"{name}-at-most", kind=kind, uncooled=answer.cooled, planned=answer.harmed)
    return CoolingAnswer(sentence)


def _fired_quantities(firing: AreaFiring, planned: PulseSettings) -> dict[str, float]:
    """Return what was fired of the quantities in which the device is set."""
    known = planned.numbers()
    return {name: value for name, value in firing.settings_with_passes.numbers().items() if name in known}


def _query(firing: AreaFiring) -> dict[str, str]:
    """Return what is asked about; what was seen at the skin is in no address, since addresses are logged."""
    fields = {name: f"{value:.9g}" for name, value in firing.settings_with_passes.numbers().items()}
    return fields | cooling_fields(firing.cooling)


def _text(name: str, **params: str) -> str:
    return render_message(f"clinic-cooling.{name}", params)
