"""The checklist of a session as its page shows it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from skinbeam.laser.device import describe_light
from skinbeam.text import render_message
from skinbeam_clinic.patients.record_lines import ContraindicationView, describe_contraindications
from skinbeam_clinic.plans.contraindications import CHANGE_ITEMS, judge_changes
from skinbeam_clinic.treatments.checklist import AUTOMATIC_ITEMS, ChecklistItem, list_items, list_open_items
from skinbeam_clinic.treatments.models import ChecklistAnswer, ClinicMachine
from skinbeam_clinic.treatments.session_page import SessionPage, open_contraindications
from skinbeam_clinic.treatments.views import list_blocking_items
from skinbeam_clinic.web.request import ClinicRequest

__all__ = ["ChecklistView", "view_checklist"]


@dataclass(frozen=True)
class ChecklistView:
    """The checklist as the page has it: what is asked, what was answered, and what of it stops, in the words of rules.

    Parameters
    ----------
    light : which eyewear must stop.
    rules : messages that a change since the plan raises, by its item. course : contraindications to this session.
    overdue : what should have been done to the machine before today.
    """

    questions: Sequence[ChecklistItem]
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


def view_checklist(request: ClinicRequest, session: SessionPage) -> ChecklistView:
    """Return the checklist of a session with its answers, and what of them stops it."""
    treatment, modality = session.treatment, session.option.modality
    questions = [item for item in list_items(treatment.ordered) if item.name not in AUTOMATIC_ITEMS]
    with session.plan.records_since.devices.open_folder() as home:
        rules = judge_changes(
            session.plan.consultation.answers, home, (session.concern_index, modality), treatment.current_answers
        )
    return ChecklistView(
        questions=questions,
        answered=treatment.current_answers,
        light=_eyewear_light(session),
        stopping=list_blocking_items(list_items(treatment.ordered), treatment.current_answers),
        rules=rules,
        course=describe_contraindications(
            session.plan.records_since.devices, open_contraindications(session), session.translated_plan
        ),
        changes=CHANGE_ITEMS,
        open_items=list_open_items(treatment),
        machines=[machine for machine in request.repositories.machines.list_all() if machine.retired_at is None],
        overdue=_list_overdue(request, treatment.machine_id),
        is_stopped=request.repositories.alarms.is_course_stopped(treatment.consultation_id),
    )


def _eyewear_light(session: SessionPage) -> str:
    """Return the light that eyewear must stop: that of the planned setting, or all that another device emits."""
    setup, chosen = session.option.setup, session.plan.records_since.devices.find(session.treatment.device)
    if setup is None or chosen is None or session.treatment.device == setup.device:
        return "" if setup is None else setup.light
    widest = chosen.wavelengths_nm[:1] if chosen.is_lamp else chosen.wavelengths_nm
    return ", ".join(describe_light(nm, lamp=chosen.is_lamp) for nm in widest)


def _list_overdue(request: ClinicRequest, machine_id: str | None) -> tuple[str, ...]:
    """Return what should have been done to the machine of a session before today, in words."""
    done = request.repositories.machine_upkeep.list_newest().get(machine_id or "", {})
    return tuple(render_message(f"clinic-machine-upkeep.{kind}") for kind, upkeep in done.items() if upkeep.is_overdue)
