"""Test spots: the plan's ladder with a button for each spot, what was fired, and what was read.

Consent: a spot is a pulse that may burn, so nobody fires one before the person was told why and agreed. A signature is
not asked for, since the paper that is signed tells of the treatment, and the spots are what it waits for. A signed
consent to that device holds for its spots; without one, who fires notes that it was explained and agreed to by word.
"""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from fastapi.responses import Response

from skinbeam.app.clinic.consultations import kind_of
from skinbeam.app.clinic.course.stops import Stop
from skinbeam.app.clinic.course.told import pulse_told, stops_told
from skinbeam.app.clinic.gate import Gate
from skinbeam.app.clinic.plans import Opened, opened
from skinbeam.app.clinic.visit import Visit, status_of
from skinbeam.app.forms import submission
from skinbeam.errors import InputError
from skinbeam.messages import retell, retold, text
from skinbeam.plan.visits import Ladder, Rung
from skinbeam.records.desk.consultations import State
from skinbeam.records.faults import fault
from skinbeam.records.kept import Consultation, Permissions
from skinbeam.records.spots import ORAL, Firing, SpotReading, TestSpot
from skinbeam.records.store.columns import now
from skinbeam.report.names import site_title
from skinbeam.schema.consultation import REACTIONS

__all__ = ["add_test_spots", "written"]

_SET = ("fluence_J_cm2", "energy_mJ", "pulse_ms", "spot_mm")  # what may be set otherwise than planned
_LONGEST_AGO_H = 100_000.0


@dataclass(frozen=True)
class _Ladder:
    """A ladder of the plan: consent is the name of a signed one, `ORAL` where it was noted before, or empty."""

    place: str
    title: str
    words: str
    rungs: tuple[Mapping[str, str], ...]
    consent: str
    stopped: bool


@dataclass(frozen=True)
class _Spot:
    """A spot that was fired, in words."""

    kept: TestSpot
    pulse: str
    site: str
    planned: str
    due: bool
    readings: tuple[tuple[str, SpotReading, float], ...]


def add_test_spots(gate: Gate) -> None:
    """Open the routes of test spots."""
    gate.add("GET", "/consultations/{consultation}/test-spots", _page)
    gate.add("POST", "/consultations/{consultation}/test-spots", _fire)
    gate.add("POST", "/test-spots/{spot}/reading", _read)


def _page(visit: Visit, error: InputError | None = None, at: str = "") -> Response:
    desk = visit.desk
    kept = desk.consultations.get(at or visit.path("consultation"))
    spots, plan = desk.test_spots.of(kept.id), _last_plan(visit, kept)
    open_ = plan is not None and not plan.outdated and not plan.closed and not _stopped(plan)
    return visit.page(
        "test-spots.html",
        200 if error is None else status_of(error),
        error=error,
        consultation=kept,
        patient=desk.patients.get(kept.patient_id),
        plan=plan,
        open=open_,
        closed=kept.state == State.CLOSED,
        stops=() if plan is None else stops_told(plan.stops, retell(plan.records)),
        ladders=_ladders(visit, plan, spots) if plan is not None and open_ else (),
        spots=tuple(map(_spot, spots)),
        reactions={name: text(f"reaction.{name}") for name in REACTIONS},
        sent=dict(visit.sent),
    )


def _last_plan(visit: Visit, kept: Consultation) -> Opened | None:
    plans = visit.desk.plans.of(kept.id)
    return opened(visit.desk, plans[-1].id) if plans else None


def _stopped(plan: Opened) -> bool:
    """Whether the plan itself says that laser is not right, or not yet."""
    return plan.records.suitability.decision in ("refer", "not-suitable")


def _ladders(visit: Visit, plan: Opened, spots: tuple[TestSpot, ...]) -> tuple[_Ladder, ...]:
    return tuple(
        _Ladder(
            place=str(place),
            title=text("clinic-spots.ladder", {"device": retold(one.device_title), "site": site_title(one.site)}),
            words=one.message.text,
            rungs=tuple({name: written(value) for name, value in _planned(rung).items()} for rung in one.spots),
            consent=_consent(visit, plan, one, spots),
            stopped=_held(plan, one.device) is not None,
        )
        for place, one in enumerate(retell(plan.records).test_spots)
    )


def _planned(rung: Rung) -> dict[str, float]:
    """What the plan sets, in the words of the case file."""
    return {name: value for name in _SET if (value := getattr(rung, name)) is not None}


def written(value: float) -> str:
    """Return a number as a field of the form takes it back, without an exponent: a short pulse has 0.000005 ms."""
    return f"{Decimal(repr(value)).normalize():f}"


def _consent(visit: Visit, plan: Opened, ladder: Ladder, spots: tuple[TestSpot, ...]) -> str:
    """What already allows spots of a ladder: a consent to its device that was signed and holds, or what was noted."""
    for one in visit.desk.consents.of(plan.kept.consultation_id):
        if one.plan_id == plan.kept.id and one.signed_at is not None and one.void_reason is None:
            _, option = plan.option(one.option)
            if option.setup is not None and option.setup.device == ladder.device:
                return one.id
    noted = (one for one in spots if one.firing.plan_id == plan.kept.id)
    return ORAL if any(one.firing.settings["device"] == ladder.device for one in noted) else ""


def _held(plan: Opened, device: str) -> Stop | None:
    """What stops any pulse of a device until a new plan is made."""
    told = (one for one in plan.stops if one.final and one.fact is not None)
    return next((one for one in told if one.fact is not None and one.fact.row["device"] == device), None)


def _spot(spot: TestSpot) -> _Spot:
    firing, last = spot.firing, spot.readings[-1:]
    return _Spot(
        kept=spot,
        pulse=pulse_told(firing.settings),
        site=site_title(firing.settings["site"]),
        planned=pulse_told(dict(firing.settings) | dict(firing.planned)) if firing.why else "",
        due=not last and spot.due_at <= now(),
        readings=tuple((text(f"reaction.{one.reaction}"), one, round(spot.hours(one), 1)) for one in spot.readings),
    )


def _fire(visit: Visit) -> Response:
    here = f"/consultations/{visit.path('consultation')}/test-spots"
    try:
        firing = _firing(visit)
        visit.desk.test_spots.fire(visit.path("consultation"), firing, _when(visit))
    except InputError as error:
        if status_of(error) != 422:
            raise
        return _page(visit, error)
    return visit.go(here)


def _firing(visit: Visit) -> Firing:
    """What was fired, from the form and from the plan.

    Raises
    ------
    InputError : the plan is not the last one or holds no more, nobody agreed, or it is not said why it was set so.
    """
    plan = _last_plan(visit, visit.desk.consultations.get(visit.path("consultation")))
    if plan is None or plan.kept.id != visit.said("plan") or plan.outdated:
        raise fault("plan-outdated", "plan")
    ladders = plan.records.test_spots
    place, _, number = visit.said("rung").partition(".")
    known = {str(i): {str(j): rung for j, rung in enumerate(one.spots)} for i, one in enumerate(ladders)}
    if number not in known.get(place, {}):
        raise fault("absent", "test_spot")
    ladder, rung = ladders[int(place)], known[place][number]
    if _stopped(plan) or _held(plan, ladder.device) is not None:
        raise _wrong("stopped")
    consent = _consent(visit, plan, ladder, visit.desk.test_spots.of(plan.kept.consultation_id))
    if not consent and visit.said("agreed") != "true":
        raise _wrong("agreed")
    planned, start = _planned(rung), f"{place}.{number}."
    sent = submission((f"test_spot.0.{name}", visit.said(f"{start}{name}")) for name in planned)
    typed = dict(next(iter(sent.tables.get("test_spot", ())), {}))
    other = {name: value for name, value in planned.items() if typed.get(name) != value}
    why = visit.said(f"{start}why")
    if other and not why:
        raise _wrong("why")
    density = {} if rung.density_per_cm2 is None else {"density_per_cm2": rung.density_per_cm2}
    where = {"device": ladder.device, "site": ladder.site, "wavelength_nm": ladder.wavelength_nm}
    return Firing(plan.kept.id, where | typed | density, ladder.read_after_h, consent or ORAL, other, why)


def _read(visit: Visit) -> Response:
    """Keep a reading, with a photograph where one came; what follows is told on the page that it leads to."""
    spot, upload = visit.desk.test_spots.get(visit.path("spot")), visit.uploads.get("photo")
    try:
        seen_at, photograph = _when(visit), None
        if upload is not None:
            kind = kind_of(upload)
            photograph = visit.desk.photographs.add(spot.consultation_id, upload.content, kind, Permissions()).id
        visit.desk.test_spots.read(
            spot.id, visit.said("reaction"), seen_at=seen_at, note=visit.said("note"), photograph_id=photograph
        )
    except InputError as error:
        if status_of(error) != 422:
            raise
        return _page(visit, error, spot.consultation_id)
    return visit.go(f"/consultations/{spot.consultation_id}/test-spots")


def _when(visit: Visit) -> datetime.datetime | None:
    """When it was, from how many hours ago; None for now.

    Raises
    ------
    InputError : that is no number of hours.
    """
    typed = visit.said("hours_ago").replace(",", ".")
    if not typed:
        return None
    try:
        hours = float(typed)
    except ValueError:
        hours = -1.0
    if not 0 <= hours <= _LONGEST_AGO_H:
        raise _wrong("hours")
    return now() - datetime.timedelta(hours=hours)


def _wrong(code: str) -> InputError:
    hint = text(f"clinic-spots-fault.{code}-hint")
    return InputError(f"spot-{code}", text(f"clinic-spots-fault.{code}"), field=code, hint=hint)
