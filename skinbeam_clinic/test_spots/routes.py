"""Routes of test spots: the plan's ladder with a button for each spot, fired spots, and readings.

Consent: a spot is a pulse that may burn, so none is fired before it was explained to the patient and they agreed. A
signature is not required, since the consent form is about the treatment, which awaits the result of the spots. A signed
consent to the device covers its spots; without one, the operator records that it was explained and agreed to orally.
"""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fastapi.responses import Response

from skinbeam.model.consultation import REACTIONS
from skinbeam.model.errors import InputError
from skinbeam.plan_records.course import LadderStep, TestSpotLadder
from skinbeam.plan_records.plan import Plan
from skinbeam.report.formatting import concern_name, site_title
from skinbeam.text import render_message, translate, translate_record
from skinbeam_clinic.consultations.repository import ConsultationState
from skinbeam_clinic.consultations.routes import image_type
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.errors import catalogue_error, clinic_error
from skinbeam_clinic.machines.clinic_devices import ClinicDevices
from skinbeam_clinic.models import ConsultationRecord, PhotographPermissions
from skinbeam_clinic.patients.record_lines import describe_contraindications, describe_pulse
from skinbeam_clinic.plans.contraindications import Contraindication
from skinbeam_clinic.plans.option_ref import OptionRef
from skinbeam_clinic.plans.routes import OpenPlan, open_plan
from skinbeam_clinic.pulse_fields import label_field, read_setting, window_choices, write_fields
from skinbeam_clinic.pulse_settings import (
    OrderedSettings,
    PulseSettings,
    SpotSettings,
    read_fired_settings,
    step_settings,
)
from skinbeam_clinic.test_spots.models import ORAL_CONSENT, SpotFiring, SpotReading, TestSpotRecord
from skinbeam_clinic.treatments.cooling_answer import (
    CooledPulse,
    CoolingAnswer,
    answer_cooling,
    ask_cooling,
    unknown_cooling,
)
from skinbeam_clinic.treatments.cooling_views import describe_cooling
from skinbeam_clinic.treatments.orders import make_order, measured_ita_deg
from skinbeam_clinic.treatments.treatment_form import (
    COOLING_FIELDS,
    FURTHER_COOLING,
    cooling_fields,
    parse_asked_cooling,
    parse_cooling,
)
from skinbeam_clinic.typed_numbers import read_number
from skinbeam_clinic.used_cooling import CoolingKind, UsedCooling, find_cooling_change, planned_cooling
from skinbeam_clinic.web.request import ClinicRequest, skips_altered_rows
from skinbeam_clinic.web.routing import ClinicRouter

__all__ = ["add_test_spot_routes"]

_CHANGEABLE = ("fluence_J_cm2", "energy_mJ", "pulse_ms", "spot_mm")  # what may be set otherwise than planned
_LONGEST_AGO_H = 100_000.0


@dataclass(frozen=True)
class _LadderView:
    """A ladder of test spots.

    Parameters
    ----------
    fired : of each rung, the spot that was fired last.
    consent : id of a signed consent, `ORAL_CONSENT` if recorded before, or empty.
    cooling : what its form is filled with.
    windows : of a lamp, the text of the field of its spot → the sides of a window; empty for round spots.
    """

    place: str
    title: str
    text: str
    rungs: tuple[Mapping[str, str], ...]
    fired: tuple[TestSpotRecord | None, ...]
    consent: str
    blocked: bool
    cooling: Mapping[str, str]
    windows: Mapping[str, str]


@dataclass(frozen=True)
class _SpotView:
    """A fired spot for display; `readings`: reaction in words, reading, and hours after the pulse."""

    record: TestSpotRecord
    pulse: str
    site: str
    planned: str
    cooling: str
    due: bool
    readings: tuple[tuple[str, SpotReading, float], ...]


def add_test_spot_routes(router: ClinicRouter) -> None:
    """Open the routes of test spots."""
    router.add("GET", "/consultations/{consultation}/test-spots", _show_test_spots, only_reads=True)
    router.add("POST", "/consultations/{consultation}/test-spots", _save_firing, form=_show_test_spots)
    router.add("GET", "/consultations/{consultation}/test-spots/cooling", _ask_cooling)
    router.add("POST", "/test-spots/{spot}/reading", _save_reading, form=_show_refused_spot)
    router.add("POST", "/test-spots/{spot}/striking", _strike_spot, form=_show_refused_spot)


@skips_altered_rows
def _show_test_spots(
    request: ClinicRequest, error: InputError | None = None, read: TestSpotRecord | None = None
) -> Response:
    """Render the ladders and the spots, with what was typed of a refused spot, or of a refused reading of one."""
    repositories = request.repositories
    consultation = repositories.consultations.get(
        request.path_parameter("consultation") if read is None else read.consultation_id
    )
    every, plan = repositories.test_spots.list_every(consultation.id), _open_last_plan(request, consultation)
    spots = tuple(spot for spot in every if spot.struck is None)
    warned, confirm, answer = "", "", None
    if plan is not None and error is not None and error.code == "spot-cooling":
        warned, confirm, answer = _warn_of_cooling(request, plan)
    open_ = plan is not None and not plan.outdated and not plan.closed and not _rules_out_laser(plan)
    open_ = open_ and not repositories.list_altered()  # what cannot be read may be a burn
    known = repositories.own_devices.read()
    return request.page(
        "test-spots.html",
        error=error,
        label_field=label_field,
        consultation=consultation,
        patient=repositories.patients.get(consultation.patient_id),
        named={consultation.patient_id},
        plan=plan,
        open=open_,
        closed=consultation.state == ConsultationState.CLOSED,
        stops=()
        if plan is None
        else describe_contraindications(known, plan.contraindications, translate_record(plan.plan)),
        ladders=_ladder_views(request, plan, spots) if plan is not None and open_ else (),
        spots=tuple(_spot_view(known, spot) for spot in spots),
        struck=tuple(_spot_view(known, spot) for spot in every if spot.struck is not None),
        reactions={name: render_message(f"reaction.{name}") for name in REACTIONS},
        sent=dict(request.fields),
        refused="" if read is None else read.id,
        warned=warned,
        confirm=confirm,
        cooling_answer=answer,
        cooling_form=COOLING_FIELDS,
        cooling_kinds=list(CoolingKind),
        further_cooling=FURTHER_COOLING,
    )


def _open_last_plan(request: ClinicRequest, consultation: ConsultationRecord) -> OpenPlan | None:
    plans = request.repositories.plans.of(consultation.id)
    return open_plan(request.repositories, plans[-1].id) if plans else None


def _rules_out_laser(plan: OpenPlan) -> bool:
    """Return whether the plan itself decides that laser is not suitable, or not yet."""
    return plan.plan.suitability.decision in ("refer", "not-suitable")


def _ladder_views(request: ClinicRequest, plan: OpenPlan, spots: tuple[TestSpotRecord, ...]) -> tuple[_LadderView, ...]:
    """Return the ladders of the plan, those of light that was not chosen, or that it does not begin with, last."""
    choices = request.repositories.plans.list_choices(plan.record.id)
    last = {OptionRef.parse(choice.option).concern: choice.option for choice in choices}
    chosen = [option.setup.device for _, option in map(plan.find_option, last.values()) if option.setup is not None]
    translated = translate_record(plan.plan)
    placed = [
        (place, spot, spot.device not in chosen if last else bool(spot.when_chosen))
        for place, spot in enumerate(translated.test_spots)
    ]
    return tuple(
        _LadderView(
            place=str(place),
            title=render_message(
                "clinic-spots.ladder-when-chosen" if waits else "clinic-spots.ladder",
                {"device": translate(ladder.device_title), "site": _site_words(translated, ladder)},
            ),
            text=ladder.message.text,
            rungs=tuple(write_fields(_changeable(ladder, rung)) for rung in ladder.spots),
            windows=window_choices(plan.records_since.devices.find(ladder.device), ladder.spots[0].spot_mm),
            fired=_fired_rungs(ladder, spots),
            consent=_ladder_consent(request, plan, ladder, spots),
            blocked=_device_contraindications(plan, ladder.device) is not None,
            cooling=cooling_fields(_ladder_cooling(plan, plan.plan.test_spots[place])),
        )
        for place, ladder, waits in sorted(placed, key=lambda numbered: numbered[2])
    )


def _site_words(plan: Plan, ladder: TestSpotLadder) -> str:
    """Return the site of a ladder; where the plan has another one of its device there, the concerns that it is for."""
    alike = [other for other in plan.test_spots if (other.device, other.site) == (ladder.device, ladder.site)]
    setups = ((concern, option.setup) for concern in plan.concerns for option in concern.options)
    names = dict.fromkeys(
        concern_name(concern)
        for concern, setup in setups
        if setup is not None and (setup.device, setup.settings) == (ladder.device, ladder.settings)
    )
    return "; ".join(names) if len(alike) > 1 and names else site_title(ladder.site)


def _changeable(ladder: TestSpotLadder, step: LadderStep) -> dict[str, float]:
    """Return the settings of a step that may be set otherwise, by name."""
    planned = step_settings(ladder, step).numbers()
    return {name: planned[name] for name in _CHANGEABLE if name in planned}


def _fired_rungs(ladder: TestSpotLadder, spots: Sequence[TestSpotRecord]) -> tuple[TestSpotRecord | None, ...]:
    """Return of each rung of a ladder the spot that was fired last, also under an earlier plan with the same rung.

    One with other settings counts for its rung.
    """
    planned = {_planned_settings(spot.firing): spot for spot in spots}
    return tuple(planned.get(step_settings(ladder, rung)) for rung in ladder.spots)


def _leaves_lower_out(ladder: TestSpotLadder, number: int, spots: Sequence[TestSpotRecord]) -> bool:
    """Return whether neither the rung below nor any higher one was fired: a reason once given holds for those above."""
    return number > 0 and not any(_fired_rungs(ladder, spots)[number - 1 :])


def _planned_settings(firing: SpotFiring) -> SpotSettings:
    pulse = PulseSettings(**{**firing.settings.numbers(), **firing.planned.numbers()})
    return SpotSettings(device=firing.settings.device, site=firing.settings.site, **vars(pulse))


def _ladder_consent(
    request: ClinicRequest, plan: OpenPlan, ladder: TestSpotLadder, spots: tuple[TestSpotRecord, ...]
) -> str:
    """Return the consent that already covers spots of a ladder; empty without one.

    It is the id of a signed and valid consent to its device, or `ORAL_CONSENT` if the plan has spots of the device.
    """
    for consent in request.repositories.consents.of(plan.record.consultation_id):
        if consent.plan_id == plan.record.id and consent.signed_at is not None and consent.void_reason is None:
            _, option = plan.find_option(consent.option)
            if option.setup is not None and option.setup.device == ladder.device:
                return consent.id
    noted = (spot for spot in spots if spot.firing.plan_id == plan.record.id)
    return ORAL_CONSENT if any(spot.firing.settings.device == ladder.device for spot in noted) else ""


def _device_contraindications(plan: OpenPlan, device: str) -> Contraindication | None:
    """Return the final contraindication to any pulse of a device, which only a new plan resolves; None without one.

    One of no record is against the plan as a whole: its doses were made from what somebody else's skin has borne.
    """
    final = (contraindication for contraindication in plan.contraindications if contraindication.final)
    return next(
        (
            contraindication
            for contraindication in final
            if contraindication.fact is None or contraindication.fact.row.device == device
        ),
        None,
    )


def _spot_view(devices: ClinicDevices, spot: TestSpotRecord) -> _SpotView:
    firing = spot.firing
    return _SpotView(
        record=spot,
        pulse=describe_pulse(devices, firing.settings.device, firing.settings),
        site=site_title(firing.settings.site),
        planned=describe_pulse(devices, firing.settings.device, _planned_settings(firing)) if firing.why else "",
        cooling=render_message("clinic-cooling.used", {"cooling": describe_cooling(firing.cooling)}),
        due=not spot.is_read and spot.due_at <= now(),
        readings=tuple(
            (render_message(f"reaction.{reading.reaction}"), reading, round(spot.hours(reading), 1))
            for reading in spot.readings
        ),
    )


def _save_firing(request: ClinicRequest) -> Response:
    consultation = request.path_parameter("consultation")
    firing, fired_at = _parse_firing(request), _parse_time(request)
    if fired_at is not None and fired_at < request.repositories.plans.of(consultation)[0].made_at:
        raise _spot_error("before-plan")
    request.repositories.test_spots.fire(consultation, firing, fired_at, form_key=request.text("row"))
    return request.redirect(f"/consultations/{consultation}/test-spots")


def _parse_firing(request: ClinicRequest) -> SpotFiring:
    """What was fired, from the form and from the plan.

    Raises
    ------
    InputError : the plan is not the last one or is outdated, a rule or record rules out the device, consent is missing,
        or a deviation, such as a lower spot that was left out, has no reason.
    """
    plan = _open_last_plan(request, request.repositories.consultations.get(request.path_parameter("consultation")))
    if plan is None or plan.record.id != request.text("plan") or plan.outdated:
        raise clinic_error("plan-outdated", "plan")
    ladders = plan.plan.test_spots
    place, _, number = request.text("rung").partition(".")
    known = {str(i): {str(j): rung for j, rung in enumerate(ladder.spots)} for i, ladder in enumerate(ladders)}
    if number not in known.get(place, {}):
        raise clinic_error("absent", "test_spot")
    ladder, rung = ladders[int(place)], known[place][number]
    if _rules_out_laser(plan) or _device_contraindications(plan, ladder.device) is not None:
        raise _spot_error("stopped")
    spots = request.repositories.test_spots.of(plan.record.consultation_id)
    consent = _ladder_consent(request, plan, ladder, spots)
    if not consent and request.text("agreed") != "true":
        raise _spot_error("agreed")
    planned, start = _changeable(ladder, rung), f"{place}.{number}."
    typed = {name: read_setting(request.text, name, start) for name in planned}
    other = {name: value for name, value in planned.items() if typed[name] != value}
    fired = read_fired_settings(step_settings(ladder, rung), typed)
    why = request.text(f"{start}why")
    if other and not why:
        raise _spot_error("why")
    if _leaves_lower_out(ladder, int(number), spots) and not why:
        raise _spot_error("lowest-first")
    changed = PulseSettings(**other)
    ordered = _ladder_cooling(plan, ladder)
    cooling = parse_cooling(request, ordered)
    change = find_cooling_change(ordered, cooling)
    is_confirmed = why and request.text("confirmed") == _confirmation_text(cooling)
    if change is not None and change.needs_reason and not is_confirmed:
        raise _spot_error("cooling", planned=describe_cooling(ordered))
    return SpotFiring(
        plan.record.id,
        fired,
        ladder.read_after_h,
        consent or ORAL_CONSENT,
        changed,
        why,
        cooling,
        change,
        measured_ita_deg(plan.plan),
    )


def _ladder_place(plan: OpenPlan, ladder: TestSpotLadder) -> str | None:
    """Return the place of the option whose setting a ladder tries; None where no option has it."""
    return next(
        (
            str(OptionRef(number, i))
            for number, concern in enumerate(plan.plan.concerns)
            for i, option in enumerate(concern.options)
            if option.setup is not None and ladder.tries(option.setup, concern.site)
        ),
        None,
    )


def _ladder_cooling(plan: OpenPlan, ladder: TestSpotLadder) -> UsedCooling | None:
    """Return the cooling with which a plan counts at the spots of a ladder; None where it does not say."""
    place = _ladder_place(plan, ladder)
    setup = None if place is None else plan.find_option(place)[1].setup
    return None if setup is None else planned_cooling(setup)


def _confirmation_text(cooling: UsedCooling | None) -> str:
    """Return a cooling to confirm as text, so that another one chosen after the warning causes another one."""
    return ";".join(f"{name}={value}" for name, value in cooling_fields(cooling).items())


def _warn_of_cooling(request: ClinicRequest, plan: OpenPlan) -> tuple[str, str, CoolingAnswer]:
    """Return the ladder of the spot that was refused for its cooling, what is to be confirmed, and what it does."""
    place, _, number = request.text("rung").partition(".")
    ladder = plan.plan.test_spots[int(place)]
    cooling = parse_cooling(request, _ladder_cooling(plan, ladder))
    rung = step_settings(ladder, ladder.spots[int(number)])
    typed = {name: read_setting(request.text, name, f"{place}.{number}.") for name in rung.numbers()}
    settings = OrderedSettings(**{**rung.numbers(), **{name: value for name, value in typed.items() if value}})
    return (
        place,
        _confirmation_text(cooling),
        _judge_cooling(request, plan, _ladder_place(plan, ladder), settings, cooling),
    )


def _judge_cooling(
    request: ClinicRequest,
    plan: OpenPlan,
    place: str | None,
    settings: OrderedSettings,
    cooling: UsedCooling | None,
) -> CoolingAnswer:
    if place is None or cooling is None:
        return unknown_cooling()
    again = f"/consultations/{plan.record.consultation_id}/test-spots/cooling"
    return ask_cooling(request, plan, CooledPulse(place, settings, cooling), again)


def _ask_cooling(request: ClinicRequest) -> Response:
    """Answer what the cooling of a spot does to the risk, once it is computed."""
    plan = _open_last_plan(request, request.repositories.consultations.get(request.path_parameter("consultation")))
    if plan is None:
        raise clinic_error("absent", "plan")

    def ask(sent: ClinicRequest) -> CoolingAnswer:
        if not sent.text("option"):
            return unknown_cooling()
        concern, option = plan.find_option(sent.text("option"))
        if option.setup is None:
            return unknown_cooling()
        firing = parse_asked_cooling(sent, make_order(plan.records_since.devices, plan.plan, concern, option))
        return _judge_cooling(request, plan, sent.text("option"), firing.settings_with_passes, firing.cooling)

    return answer_cooling(request, ask, f"/consultations/{plan.record.consultation_id}/test-spots")


def _save_reading(request: ClinicRequest) -> Response:
    """Store a reading, with its photograph if one was sent; the next page says what follows from it."""
    spot, upload = request.repositories.test_spots.get(request.path_parameter("spot")), request.uploads.get("photo")
    seen_at, photograph = _parse_time(request), None
    if upload is not None:
        kind = image_type(upload)
        photograph = request.repositories.photographs.add(
            spot.consultation_id, upload.content, kind, PhotographPermissions()
        ).id
    request.repositories.test_spots.add_reading(
        spot.id,
        request.text("reaction"),
        seen_at=seen_at,
        note=request.text("note"),
        photograph_id=photograph,
        shown=request.whole_number("shown"),
    )
    return request.redirect(f"/consultations/{spot.consultation_id}/test-spots")


def _strike_spot(request: ClinicRequest) -> Response:
    spot = request.repositories.test_spots.get(request.path_parameter("spot"))
    request.repositories.test_spots.strike(spot.id, request.text("why"))
    return request.redirect(f"/consultations/{spot.consultation_id}/test-spots")


def _show_refused_spot(request: ClinicRequest, error: InputError) -> Response:
    spot = request.repositories.test_spots.get(request.path_parameter("spot"))
    return _show_test_spots(request, error, spot)


def _parse_time(request: ClinicRequest) -> datetime.datetime | None:
    """When it was, from how many hours ago; None for now.

    Raises
    ------
    InputError : the field is no valid number of hours.
    """
    typed = request.text("hours_ago")
    if not typed:
        return None
    hours = read_number(typed, "hours_ago", render_message("clinic-spots.hours-ago"), "read_after_h")
    if not 0 <= hours <= _LONGEST_AGO_H:
        raise _spot_error("hours")
    return now() - datetime.timedelta(hours=hours)


def _spot_error(code: str, **hint: str) -> InputError:
    return catalogue_error(f"spot-{code}", f"clinic-spots-fault.{code}", code, hint or None)
