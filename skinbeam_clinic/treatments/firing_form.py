"""The form for an area that was treated: filled, checked against the order, and asked about when it may burn."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from skinbeam_clinic.database.tables import new_id
from skinbeam_clinic.pulse_fields import label_field, quantity_of_field, window_choices, write_fields
from skinbeam_clinic.pulse_settings import SETTINGS
from skinbeam_clinic.treatments.cooling_answer import CooledPulse, CoolingAnswer, ask_cooling, unknown_cooling
from skinbeam_clinic.treatments.cooling_views import (
    describe_cooling,
    describe_cooling_change,
    describe_cooling_settings,
)
from skinbeam_clinic.treatments.models import AreaFiring, BodySide, Deviation, Treatment, is_elsewhere
from skinbeam_clinic.treatments.session_page import SessionPage
from skinbeam_clinic.treatments.treatment_form import FURTHER_COOLING, NO_COOLING_FIELDS, cooling_fields
from skinbeam_clinic.treatments.views import (
    FiringRow,
    SkinSign,
    describe_deviation,
    describe_elsewhere,
    describe_value,
)
from skinbeam_clinic.used_cooling import CoolingChange, CoolingKind, UsedCooling, find_cooling_change
from skinbeam_clinic.web.request import ClinicRequest

__all__ = ["FiringForm", "confirmation_text", "fill_form", "judge_cooling"]


@dataclass(frozen=True)
class FiringForm:
    """The form for an area as the page has it.

    Parameters
    ----------
    filled : field → what is typed into it. fields : field of a setting → its label and its planned value.
    windows : of a lamp, the text of the field of its spot → the sides of a window; `planned_window` the planned one.
    correcting : the row that is corrected; None for a new one.
    warned, hot : deviations that may burn and another site, in words, and the same as a text that is sent back to
        confirm them.
    """

    filled: Mapping[str, str]
    fields: Mapping[str, tuple[str, str]]
    windows: Mapping[str, str]
    planned_window: str
    signs: Sequence[SkinSign]
    correcting: FiringRow | None
    warned: Sequence[str]
    hot: str
    planned_cooling: str
    planned_cooling_settings: Mapping[str, str]
    cooling_warning: str
    cooling_answer: CoolingAnswer | None


def fill_form(
    request: ClinicRequest,
    session: SessionPage,
    rows: tuple[FiringRow, ...],
    hot_deviations: tuple[Deviation, ...],
    firing: AreaFiring | None,
) -> FiringForm:
    """Return the form for an area, filled with the submission, correction, or plan."""
    planned = session.treatment.ordered.settings.numbers()
    corrected = request.text("corrects") or request.http_request.query_params.get("corrects", "")
    row = next((row for row in rows if row.area.id == corrected), None)
    planned_fields = write_fields({name: planned[name] for name in SETTINGS if name in planned})
    filled = planned_fields | ({"passes": f"{planned['passes']:g}"} if "passes" in planned else {})
    filled |= {"site": session.treatment.ordered.site, "side": BodySide.BOTH.value, "row": new_id()}
    filled |= cooling_fields(_expected_cooling(session.treatment))
    if row is not None:
        filled |= _firing_fields(row.area.fired, planned.get("pulse_ms"))
    for name in ("site", "side"):  # the map without a script is links
        filled[name] = request.http_request.query_params.get(name, filled[name])
    named = [(name, quantity_of_field(name)) for name in planned_fields]
    cooling, change = session.treatment.ordered.cooling, None
    read: dict[str, str] = {}
    if request.fields:  # what is no longer ticked is not sent
        filled |= dict.fromkeys(FURTHER_COOLING.values(), "")
    if firing is not None:  # the settings of the planned kind do not stand beside another one
        read = NO_COOLING_FIELDS | cooling_fields(firing.cooling)
        change = _cooling_change(session.treatment, firing)
    warned = firing if _needs_reason(change) else None
    order = session.treatment.ordered
    windows = window_choices(session.plan.records_since.devices.find(order.device), planned.get("spot_mm"))
    elsewhere = [] if firing is None or not is_elsewhere(order, firing) else [describe_elsewhere(order, firing)]
    return FiringForm(
        filled=filled | dict(request.fields) | read,
        fields={name: (label_field(name), describe_value(quantity, planned[quantity])) for name, quantity in named},
        windows=windows,
        planned_window=windows.get(planned_fields.get("spot_mm", ""), ""),
        signs=session.signs,
        correcting=row,
        warned=[*elsewhere, *map(describe_deviation, hot_deviations)],
        hot=confirmation_text(hot_deviations, session.treatment, firing),
        planned_cooling="" if cooling is None else describe_cooling(cooling),
        planned_cooling_settings={} if cooling is None else describe_cooling_settings(cooling),
        cooling_warning=""
        if change is None or warned is None
        else describe_cooling_change(change, cooling, warned.cooling),
        cooling_answer=None if warned is None else judge_cooling(request, session, warned),
    )


def _expected_cooling(treatment: Treatment) -> UsedCooling | None:
    """Return the cooling with which the form is filled: the plan's, or none where the checklist says that it fails."""
    planned, answer = treatment.ordered.cooling, treatment.current_answers.get("cooling")
    if planned is not None and answer is not None and answer.answer == "no":
        return UsedCooling(kind=CoolingKind.NONE)
    return planned


def _firing_fields(firing: AreaFiring, planned_ms: float | None) -> dict[str, str]:
    counts = {"passes": firing.passes, "pulses": firing.pulses, "pain_0_10": firing.pain_0_10}
    values = write_fields(firing.settings.numbers(), planned_ms)
    values |= {name: f"{count:g}" for name, count in counts.items() if count is not None}
    values |= {"site": firing.site, "side": firing.side.value, "endpoint": firing.endpoint, "words": firing.words}
    return values | NO_COOLING_FIELDS | cooling_fields(firing.cooling)


def confirmation_text(deviations: tuple[Deviation, ...], treatment: Treatment, firing: AreaFiring | None) -> str:
    """Return the settings to confirm as text, so that a different dose typed after the warning causes another one."""
    hot = [f"{deviation.name}={deviation.fired:g}" for deviation in deviations if deviation.hotter]
    if firing is not None and is_elsewhere(treatment.ordered, firing):
        hot.append(f"site={firing.site}")
    if firing is not None and firing.cooling is not None and _needs_reason(_cooling_change(treatment, firing)):
        hot += [f"{name}={value}" for name, value in cooling_fields(firing.cooling).items()]
    return ";".join(hot)


def _cooling_change(treatment: Treatment, firing: AreaFiring) -> CoolingChange | None:
    return None if firing.struck else find_cooling_change(treatment.ordered.cooling, firing.cooling)


def _needs_reason(change: CoolingChange | None) -> bool:
    return change is not None and change.needs_reason


def judge_cooling(request: ClinicRequest, session: SessionPage, firing: AreaFiring) -> CoolingAnswer:
    """Return what the cooling of a row does; nothing is known of another machine than the planned one."""
    treatment = session.treatment
    if firing.cooling is None or treatment.device not in (None, treatment.ordered.device):
        return unknown_cooling()
    pulse = CooledPulse(treatment.option, firing.settings_with_passes, firing.cooling)
    return ask_cooling(request, session.plan, pulse, f"/treatments/{treatment.id}/cooling")
