"""A treatment on the way, without a browser: a plan that was agreed to, the checklist answered, a row fired."""

import datetime
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from skinbeam.plan_records.document import read_plan
from skinbeam_clinic.consents.repository import SignatureKind
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.models import Consent, ConsentAnswers, NewPlan, PlanRecord
from skinbeam_clinic.pulse_settings import OrderedSettings, PulseSettings, step_settings
from skinbeam_clinic.repositories import ClinicRepositories
from skinbeam_clinic.test_spots.models import ORAL_CONSENT, SpotFiring
from skinbeam_clinic.treatments.checklist import list_items
from skinbeam_clinic.treatments.models import (
    AdverseEventGrade,
    AdverseEventSource,
    AreaFiring,
    Treatment,
    TreatmentOrder,
    TreatmentState,
)

__all__ = [
    "FIRED",
    "MADE",
    "ORDERED",
    "agreed",
    "begun",
    "clear_answers",
    "fired",
    "read_spots",
    "started",
    "treatment_calls",
]

MADE = NewPlan("c" * 64, "p" * 64, "0.2.0", 2**62, 200, {"plan.json": b'{"a": 1.0}', "report.pdf": b"%PDF-1.7 \x00"})
ORDERED = TreatmentOrder(
    condition="facial-telangiectasia",
    site="cheeks",
    device="pulsed-dye-595",
    settings=OrderedSettings(wavelength_nm=595.0, fluence_J_cm2=7.5, pulse_ms=6.0, spot_mm=7.0),
    emitted=PulseSettings(fluence_J_cm2=40.0),
    asked=("spots", "cooling"),
)
FIRED = AreaFiring(site="cheeks", settings=ORDERED.settings.pulse, pulses=40, endpoint="seek", pain_0_10=3.0)


def agreed(repositories: ClinicRepositories) -> Consent:
    """A signed consent of a new patient."""
    consultation = repositories.consultations.begin(repositories.patients.add().id)
    plan = repositories.plans.add(consultation.id, MADE, revision=1)
    consent = repositories.consents.record_explanation(plan.id, option="0.0", cooling_off=datetime.timedelta(0))
    repositories.consents.record_teach_back(consent.id, {}, ())
    signature: Mapping[str, Any] = {"kind": SignatureKind.TYPED, "signature": b"S", "document": b"%PDF"}
    return repositories.consents.sign(consent.id, answers=ConsentAnswers(), signed_at=now(), **signature)


def begun(repositories: ClinicRepositories, ordered: TreatmentOrder = ORDERED) -> Treatment:
    """A treatment whose machine is picked; the owner's repositories are needed for that machine."""
    known = [one for one in repositories.machines.list_all() if one.device == ordered.device]
    machine = known[0] if known else repositories.machines.add(device=ordered.device, serial="SYN-1", name="Dye laser")
    return repositories.treatments.choose_machine(
        repositories.treatments.begin(agreed(repositories).id, ordered).id, machine.id
    )


def clear_answers(ordered: TreatmentOrder = ORDERED) -> dict[str, tuple[str, str]]:
    """An answer to every item with which it goes on."""
    return {item.name: (item.accepted_answers[0], "") for item in list_items(ordered) if item.name != "device"}


def started(repositories: ClinicRepositories, ordered: TreatmentOrder = ORDERED) -> Treatment:
    """A treatment in which pulses may be fired."""
    made = begun(repositories, ordered)
    repositories.treatments.add_answers(made.id, clear_answers(ordered))
    return repositories.treatments.start(made.id)


def fired(**changed: Any) -> AreaFiring:
    """A row of what was fired, with some of it otherwise."""
    settings = replace(FIRED.settings, **changed.pop("settings", {}))
    return replace(FIRED, settings=settings, **changed)


def read_spots(
    repositories: ClinicRepositories, plan: PlanRecord, *, reaction: str = "none", hours_ago: float = 100.0
) -> None:
    """Fire the ladders of a kept plan so long ago, and read each spot now."""
    for ladder in read_plan(json.loads(repositories.plans.read_file(plan.id, "plan.json"))).test_spots:
        for step in ladder.spots:
            firing = SpotFiring(plan.id, step_settings(ladder, step), ladder.read_after_h, ORAL_CONSENT)
            fired_at = now() - datetime.timedelta(hours=hours_ago)
            spot = repositories.test_spots.fire(plan.consultation_id, firing, fired_at)
            if reaction:
                repositories.test_spots.add_reading(spot.id, reaction)


def treatment_calls(repositories: ClinicRepositories, mine: ClinicRepositories) -> dict[str, Callable[[], Any]]:
    """Every call of repositories about treatments, on things that the repositories `mine` keep."""
    consent, prepared, ready, running = agreed(mine), begun(mine), begun(mine), started(mine)
    mine.treatments.add_answers(prepared.id, {"tan": ("yes", "")})
    mine.treatments.add_answers(ready.id, clear_answers())
    event = mine.adverse_events.add(
        running.id, kind="crust", grade=AdverseEventGrade.MILD, source=AdverseEventSource.SESSION
    )
    about = {"kind": "burn", "grade": AdverseEventGrade.MILD, "source": AdverseEventSource.DIARY}
    return {
        "treatments.begin": lambda: repositories.treatments.begin(consent.id, ORDERED),
        "treatments.get": lambda: repositories.treatments.get(running.id),
        "treatments.of": lambda: repositories.treatments.of(running.consultation_id),
        "treatments.choose_machine": lambda: repositories.treatments.choose_machine(
            prepared.id, str(prepared.machine_id)
        ),
        "treatments.add_answers": lambda: repositories.treatments.add_answers(prepared.id, {"identity": ("yes", "")}),
        "treatments.overrule": lambda: repositories.treatments.overrule(prepared.id, "tan", "slight"),
        "treatments.start": lambda: repositories.treatments.start(ready.id),
        "treatments.add_area": lambda: repositories.treatments.add_area(running.id, FIRED),
        "treatments.add_note": lambda: repositories.treatments.add_note(running.id, "seen"),
        "treatments.end": lambda: repositories.treatments.end(running.id, TreatmentState.STOPPED),
        "adverse_events.add": lambda: repositories.adverse_events.add(running.id, **about),
        "adverse_events.resolve": lambda: repositories.adverse_events.resolve(event.id),
        "adverse_events.of": lambda: repositories.adverse_events.of(running.consultation_id),
    }
