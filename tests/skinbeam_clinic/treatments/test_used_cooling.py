"""The cooling that was used: how it differs from the plan, that a weaker one needs a reason, and where it is kept."""

import dataclasses
import html
import json
import re
from itertools import product
from pathlib import Path
from types import SimpleNamespace

import pytest
from app_samples import LEAST
from clinic_samples import Clinics, planned
from treated_rows import agree
from treatment_samples import ORDERED, clear_answers, fired, read_spots, started

from skinbeam.model.errors import InputError
from skinbeam.text import render_message
from skinbeam_clinic.access import Role
from skinbeam_clinic.consultations.forms import make_submission
from skinbeam_clinic.exchange.copied_patient import summarize_treatment
from skinbeam_clinic.exchange.deidentification import deidentify_dossier
from skinbeam_clinic.exchange.fhir.bundle import make_bundle, read_bundle
from skinbeam_clinic.machines.clinic_devices import CATALOGUE
from skinbeam_clinic.patients.history import list_session_facts
from skinbeam_clinic.patients.timeline import make_timeline
from skinbeam_clinic.repositories import ClinicRepositories
from skinbeam_clinic.treatments import routes
from skinbeam_clinic.treatments.cooling_views import (
    describe_cooling,
    describe_cooling_change,
    describe_further_cooling,
)
from skinbeam_clinic.treatments.orders import make_order
from skinbeam_clinic.treatments.treatment_form import FURTHER_COOLING, cooling_fields, parse_cooling
from skinbeam_clinic.used_cooling import (
    COOLING_SETTINGS,
    CoolingChange,
    CoolingKind,
    UsedCooling,
    find_cooling_change,
)

SPRAY = UsedCooling(kind=CoolingKind.SPRAY, temperature_C=-44.0, before_ms=40.0, delay_ms=30.0)
NONE = UsedCooling(kind=CoolingKind.NONE)
COOLED = dataclasses.replace(ORDERED, cooling=SPRAY)
LESS = {"temperature_C": 5.0, "before_ms": -5.0, "delay_ms": 5.0, "after_ms": -5.0}  # change that cools less


@pytest.mark.parametrize(("planned_kind", "used_kind"), list(product(CoolingKind, CoolingKind)))
def test_another_kind_is_a_change_and_only_one_that_adds_to_none_needs_no_reason(
    planned_kind: CoolingKind, used_kind: CoolingKind
) -> None:
    change = find_cooling_change(UsedCooling(kind=planned_kind), UsedCooling(kind=used_kind))
    assert (change is None) == (planned_kind is used_kind)
    if change is not None:
        assert (change is CoolingChange.OMITTED) == (used_kind is CoolingKind.NONE)
        assert change.needs_reason == (planned_kind is not CoolingKind.NONE)


@pytest.mark.parametrize(("planned_kind", "used_kind", "more"), list(product(CoolingKind, CoolingKind, CoolingKind)))
def test_what_was_used_beside_a_kind_counts_as_more_cooling(
    planned_kind: CoolingKind, used_kind: CoolingKind, more: CoolingKind
) -> None:
    planned, used = UsedCooling(kind=planned_kind), UsedCooling(kind=used_kind)
    if CoolingKind.NONE in (used_kind, more) or used_kind is more:
        return
    alone = find_cooling_change(planned, used)
    change = find_cooling_change(planned, dataclasses.replace(used, also=(more,)))
    assert change is not None
    assert change.may_protect_more, "no plan learns from it"
    assert change.needs_reason == (alone is not None and alone.needs_reason)


@pytest.mark.parametrize("name", COOLING_SETTINGS)
def test_what_was_used_beside_a_weaker_cooling_spares_nobody_the_reason(name: str) -> None:
    plan = UsedCooling(kind=CoolingKind.CONTACT, temperature_C=5.0, before_ms=1000.0, delay_ms=10.0, after_ms=500.0)
    less = dataclasses.replace(plan, also=(CoolingKind.AIR,), **{name: getattr(plan, name) + LESS[name]})
    change = find_cooling_change(plan, less)
    assert change is CoolingChange.OTHER
    assert (change.needs_reason, change.may_protect_more) == (True, True)


@pytest.mark.parametrize("name", COOLING_SETTINGS)
def test_each_setting_that_cools_less_is_weaker_whatever_the_others_do(name: str) -> None:
    plan = UsedCooling(kind=CoolingKind.CONTACT, temperature_C=5.0, before_ms=1000.0, delay_ms=10.0, after_ms=500.0)
    less = dataclasses.replace(plan, **{name: getattr(plan, name) + LESS[name]})
    more = dataclasses.replace(plan, **{name: getattr(plan, name) - LESS[name]})
    assert find_cooling_change(plan, less) is CoolingChange.WEAKER
    assert find_cooling_change(plan, more) is CoolingChange.STRONGER
    assert find_cooling_change(plan, dataclasses.replace(plan, **{name: None})) is None  # not noted is not otherwise
    for other in set(COOLING_SETTINGS) - {name}:
        both = dataclasses.replace(less, **{other: getattr(plan, other) - LESS[other]})
        assert find_cooling_change(plan, both) is CoolingChange.WEAKER


def test_what_is_not_recorded_is_no_change_and_is_never_called_none() -> None:
    assert find_cooling_change(None, NONE) is None
    assert find_cooling_change(SPRAY, None) is None
    assert describe_cooling(None) == "not recorded"
    assert describe_cooling(NONE) == "none"


@pytest.mark.parametrize("change", CoolingChange)
def test_every_change_and_every_kind_has_its_words(change: CoolingChange) -> None:
    assert describe_cooling_change(change, SPRAY, NONE)
    for kind in CoolingKind:
        assert describe_cooling(UsedCooling(kind=kind, **dict.fromkeys(COOLING_SETTINGS, 1.0)))


@pytest.mark.parametrize(
    "used",
    [
        NONE,
        UsedCooling(kind=CoolingKind.AIR),
        UsedCooling(kind=CoolingKind.ICE),
        dataclasses.replace(SPRAY, before_ms=20.0),
        dataclasses.replace(SPRAY, before_ms=60.0),
        SPRAY,
    ],
)
def test_a_cooling_that_may_burn_waits_for_a_reason_and_is_kept_with_it(
    repositories: ClinicRepositories, used: UsedCooling
) -> None:
    made = started(repositories, COOLED)
    change = find_cooling_change(SPRAY, used)
    row = fired(cooling=used)
    if change is not None and change.needs_reason:
        with pytest.raises(InputError, check=lambda error: error.code == "beyond-plan"):
            repositories.treatments.add_area(made.id, row)
        row = dataclasses.replace(row, reason="the bottle was empty")
    kept = repositories.treatments.add_area(made.id, row)
    assert (kept.cooling_change, kept.fired.cooling) == (change, used)
    assert repositories.treatments.get(made.id).areas == (kept,)
    (fact,) = list_session_facts([repositories.treatments.get(made.id)], [])
    assert fact.values["cooling"] == used.kind


def test_rows_without_a_record_stay_without_one_everywhere(repositories: ClinicRepositories) -> None:
    made = started(repositories, COOLED)
    repositories.treatments.add_area(made.id, fired())
    done = repositories.treatments.get(made.id)
    (fact,) = list_session_facts([done], [])
    assert "cooling" not in fact.values
    assert "cooling" not in summarize_treatment(done)
    patient = repositories.consultations.get(done.consultation_id).patient_id
    assert not [
        one for one in make_timeline(repositories, repositories.consultations.of(patient)) if "none" in one.text
    ]


# On the page.

ROW = {"site": "cheeks", "side": "right", "fluence_J_cm2": "7.5", "pulse_ms": "6", "spot_mm": "7", "endpoint": "seek"}


@pytest.fixture
def here(clinics: Clinics, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of a treatment in which nothing was fired, of the plan of the samples; the order of an earlier
    version does not tell the cooling of the plan."""
    if getattr(request, "param", "") == "earlier version":
        monkeypatch.setattr(routes, "make_order", lambda *of: dataclasses.replace(make_order(*of), cooling=None))
    owner = clinics.repositories(Role.OWNER)
    known = [one for one in owner.machines.list_all() if one.device == "pulsed-dye-595"]
    machine = known[0] if known else owner.machines.add(device="pulsed-dye-595", serial="SYN-7", name="Dye laser")
    repositories = clinics.repositories()
    consultation = repositories.consultations.begin(repositories.patients.add().id, make_submission(LEAST.items()))
    made = planned(make_submission(LEAST.items()), Path(), lambda _: None)
    plan = repositories.plans.add(consultation.id, made, revision=consultation.revision)
    consent = agree(repositories, plan.id)
    read_spots(repositories, plan)
    page = clinics.browser(Role.CLINICIAN).post(f"/consents/{consent}/treatments").headers["location"]
    id = page.rpartition("/")[2]
    repositories.treatments.choose_machine(id, machine.id)
    repositories.treatments.add_answers(id, clear_answers(repositories.treatments.get(id).ordered))
    repositories.treatments.start(id)
    return str(page)


def planned_fields(clinics: Clinics, here: str) -> dict[str, str]:
    """What the form of the page is filled with, of the cooling."""
    page = clinics.browser(Role.CLINICIAN).get(here).text
    filled = dict(re.findall(r'name="(cooling_\w+)" type="text" inputmode="\w+" value="([^"]*)"', page))
    (kind,) = re.findall(
        r'<option value="(\w+)" selected>', page.partition('name="cooling_kind"')[2].partition("</select>")[0]
    )
    return filled | {"cooling_kind": kind}


def test_the_form_is_filled_with_the_plan_and_saved_as_it_stands_without_a_question(
    clinics: Clinics, here: str
) -> None:
    client, repositories = clinics.browser(Role.CLINICIAN), clinics.repositories()
    sent = client.post(f"{here}/areas", data=ROW | planned_fields(clinics, here))
    assert sent.status_code == 303
    treatment = repositories.treatments.get(here.rpartition("/")[2])
    (area,) = treatment.areas
    assert area.fired.cooling == treatment.ordered.cooling is not None
    assert area.cooling_change is None
    assert html.escape(describe_cooling(area.fired.cooling)) in client.get(here).text


@pytest.mark.parametrize("here", ["this version", "earlier version"], indirect=True)
@pytest.mark.parametrize("kind", [kind for kind in CoolingKind if kind is not CoolingKind.SPRAY])
def test_another_kind_is_warned_of_confirmed_and_kept_without_the_settings_of_the_planned_one(
    clinics: Clinics, here: str, kind: CoolingKind
) -> None:
    client, repositories = clinics.browser(Role.CLINICIAN), clinics.repositories()
    filled = planned_fields(clinics, here)
    assert filled["cooling_kind"] == "spray"
    sent = ROW | filled | {"cooling_kind": kind.value}
    warned = client.post(f"{here}/areas", data=sent)
    assert warned.status_code == 422
    words = html.unescape(warned.text)
    assert "the plan counts on" in words
    assert "cannot compute what this cooling does" in words  # the plan of the samples was made of nobody's answers
    (confirmed,) = re.findall(r'name="confirmed" value="([^"]+)"', warned.text)
    yes = {"confirmed": confirmed, "reason": "the bottle was empty"}
    other = CoolingKind.AIR if kind is not CoolingKind.AIR else CoolingKind.NONE
    assert client.post(f"{here}/areas", data=sent | yes | {"cooling_kind": other.value}).status_code == 422
    assert client.post(f"{here}/areas", data=sent | yes | {"reason": ""}).status_code == 422
    assert repositories.treatments.get(here.rpartition("/")[2]).areas == ()
    assert client.post(f"{here}/areas", data=sent | yes).status_code == 303
    (area,) = repositories.treatments.get(here.rpartition("/")[2]).areas
    assert area.fired.cooling == UsedCooling(kind=kind)
    assert "the plan counts on" in html.unescape(client.get(here).text)


@pytest.mark.parametrize("more", FURTHER_COOLING)
def test_what_was_used_beside_the_planned_cooling_is_kept_and_told_without_a_question(
    clinics: Clinics, here: str, more: CoolingKind
) -> None:
    client, repositories = clinics.browser(Role.CLINICIAN), clinics.repositories()
    filled = planned_fields(clinics, here)
    sent = ROW | filled | {FURTHER_COOLING[more]: "true"}
    assert client.post(f"{here}/areas", data=sent).status_code == 303
    (area,) = repositories.treatments.get(here.rpartition("/")[2]).areas
    assert area.fired.cooling is not None
    page = html.unescape(client.get(here).text)
    if more.value == filled["cooling_kind"]:  # it is the one whose settings are recorded
        assert (area.fired.cooling.also, area.cooling_change) == ((), None)
        return
    assert (area.fired.cooling.also, area.cooling_change) == ((more,), CoolingChange.STRONGER)
    assert f"beside it {render_message(f'clinic-cooling.kind-{more}')}" in page
    again = client.get(f"{here}?corrects={area.id}").text
    assert f'name="{FURTHER_COOLING[more]}" value="true" autocomplete="off" checked' in again
    unticked = ROW | filled | {"corrects": area.id, "endpoint": ""}
    refused = client.post(f"{here}/areas", data=unticked)
    assert (refused.status_code, "checked" in refused.text.partition(FURTHER_COOLING[more])[2][:90]) == (422, False)


@pytest.mark.parametrize("kind", ["", "none"])
def test_nothing_was_used_beside_none(clinics: Clinics, here: str, kind: str) -> None:
    sent = ROW | planned_fields(clinics, here) | {"cooling_kind": kind, "cooling_also_gel": "true"}
    answer = clinics.browser(Role.CLINICIAN).post(f"{here}/areas", data=sent)
    message = render_message("clinic-fault.cooling-beside-none")
    assert (answer.status_code, message[2:] in answer.text) == (422, True)
    assert clinics.repositories().treatments.get(here.rpartition("/")[2]).areas == ()


def test_a_link_that_asks_the_model_names_what_was_used_beside_it() -> None:
    asked = {"option": "0.0", "cooling_kind": "contact", "cooling_also_air": "true", "fluence_J_cm2": "7.5"}
    used = parse_cooling(SimpleNamespace(text=lambda name: asked.get(name, "")), None)  # type: ignore[arg-type]
    assert used == UsedCooling(kind=CoolingKind.CONTACT, also=(CoolingKind.AIR,))
    assert cooling_fields(used) == {name: asked[name] for name in ("cooling_kind", "cooling_also_air")}
    assert "cold air" in describe_further_cooling(used)


@pytest.mark.parametrize(
    ("field", "value", "fault"),
    [
        ("cooling_kind", "magic", "no-cooling"),
        ("cooling_temperature_C", "-300", "cooling-range"),
        ("cooling_before_ms", "-1", "cooling-range"),
        ("cooling_delay_ms", "often", "number-not-in-unit"),
        ("cooling_after_ms", "1e9", "number-not-in-unit"),
    ],
)
def test_what_is_no_cooling_is_refused_at_its_field(
    clinics: Clinics, here: str, field: str, value: str, fault: str
) -> None:
    name = render_message(f"clinic-cooling.{field.removeprefix('cooling_')}") if field != "cooling_kind" else ""
    sent = ROW | planned_fields(clinics, here) | {field: value}
    answer = clinics.browser(Role.CLINICIAN).post(f"{here}/areas", data=sent)
    assert answer.status_code == 422
    if fault.startswith("number-"):
        message = render_message(f"records-fault.{fault}", {"name": name, "read": value})
    else:
        message = render_message(f"clinic-fault.{fault}", {"name": name} if name else None)
    assert message.lower() in html.unescape(answer.text).lower()
    assert clinics.repositories().treatments.get(here.rpartition("/")[2]).areas == ()


def test_a_checklist_that_says_the_cooling_fails_fills_the_form_with_none(clinics: Clinics, here: str) -> None:
    treatment = clinics.repositories().treatments.get(here.rpartition("/")[2])
    again = clinics.repositories().treatments
    begun = clinics.browser(Role.CLINICIAN).post(f"/consents/{treatment.consent_id}/treatments").headers["location"]
    assert begun == here  # one session at a time: it is ended before the next
    again.end(treatment.id, again.get(treatment.id).state.STOPPED)
    page = clinics.browser(Role.CLINICIAN).post(f"/consents/{treatment.consent_id}/treatments").headers["location"]
    id = page.rpartition("/")[2]
    assert treatment.machine_id is not None
    again.choose_machine(id, treatment.machine_id)
    again.add_answers(id, clear_answers(treatment.ordered) | {"cooling": ("no", "")})
    again.overrule(id, "cooling", "the lowest dose alone")
    again.start(id)
    assert planned_fields(clinics, page)["cooling_kind"] == "none"


def test_the_cooling_goes_to_fhir_and_back_and_into_every_summary(clinics: Clinics, here: str) -> None:
    repositories, id = clinics.repositories(Role.OWNER), here.rpartition("/")[2]
    used = UsedCooling(kind=CoolingKind.AIR, temperature_C=-10.0, also=(CoolingKind.GEL, CoolingKind.ICE))
    kept = repositories.treatments.add_area(id, fired(cooling=used, reason="no spray left"))
    treatment = repositories.treatments.get(id)
    patient = repositories.consultations.get(treatment.consultation_id).patient_id
    bundle = make_bundle(deidentify_dossier(repositories.dossiers.export(patient, "fhir")), "Harbour Clinic")
    (shown,) = [one["resource"] for one in json.loads(bundle)["entry"] if one["resource"]["id"] == kept.id]
    said = {
        (coding["system"].rpartition("/")[2], coding["code"]): one.get("valueQuantity", one.get("valueCodeableConcept"))
        for one in shown["component"]
        for coding in one["code"]["coding"]
    }
    assert said["observation", "cooling"]["coding"][0]["code"] == "air"
    beside = [
        one["valueCodeableConcept"]["coding"][0]["code"]
        for one in shown["component"]
        if one["code"]["coding"][0]["code"] == "further-cooling"
    ]
    assert beside == ["gel", "ice"]
    assert said["deviation", "cooling"]["coding"][0]["code"] == "other"
    coldness = said["cooling-setting", "temperature_C"]
    assert (coldness["value"], coldness["code"]) == (-10.0, "Cel")
    (again,) = [done for one in read_bundle(bundle).consultations for done in one.treatments]
    assert [(one.fired.cooling, one.cooling_change) for one in again.areas] == [(used, CoolingChange.OTHER)]
    assert again.ordered == treatment.ordered
    assert "cooling air temperature_C -10 and gel and ice" in summarize_treatment(treatment)
    lines = [one.text for one in make_timeline(repositories, repositories.consultations.of(patient))]
    session = next(line for line in lines if f"cooling: {describe_cooling(used)}" in line)
    assert CATALOGUE.title(treatment.device or treatment.ordered.device) in session, "of which laser"
