"""Test spots in the app: fired from the plan's ladder, read when they are due, and what follows for the plan."""

import datetime
import html
import json
import re
import tomllib
from dataclasses import replace
from itertools import product
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from app_samples import LEAST
from clinic_pages import opened_page, served, sign_in
from clinic_samples import Clinics, planned
from playwright.sync_api import Browser, expect
from starlette.testclient import TestClient

from skinbeam.plan_records.document import read_plan
from skinbeam.plan_records.plan import Plan
from skinbeam.report.formatting import concern_name, reference_text
from skinbeam_clinic.access import Role
from skinbeam_clinic.consents.repository import SignatureKind
from skinbeam_clinic.consultations.forms import make_submission
from skinbeam_clinic.models import ConsentAnswers, NewPlan, PlanRecord
from skinbeam_clinic.patients.plan_history import HISTORY_FILE
from skinbeam_clinic.pulse_settings import PulseSettings, SpotSettings, step_settings
from skinbeam_clinic.test_spots.models import ORAL_CONSENT, SpotFiring, TestSpotRecord
from skinbeam_clinic.treatments.spot_judgement import judge_spots
from skinbeam_clinic.typed_numbers import parse_number, write_number
from skinbeam_clinic.used_cooling import CoolingKind, UsedCooling, find_cooling_change

DEVICE = "pulsed-dye-595"
SETTINGS = SpotSettings(device=DEVICE, site="cheeks", wavelength_nm=595.0, fluence_J_cm2=6.0, pulse_ms=6.0)


@pytest.fixture
def client(clinics: Clinics) -> TestClient:
    return clinics.browser(Role.CLINICIAN)


@pytest.fixture
def plan(clinics: Clinics, tmp_path: Path) -> PlanRecord:
    """The sample plan of a new patient, whose ladder is of a pulsed dye laser on the cheeks."""
    repositories, answers = clinics.repositories(), make_submission(LEAST.items())
    consultation = repositories.consultations.begin(repositories.patients.add().id, answers)
    return repositories.plans.add(consultation.id, planned(answers, tmp_path, lambda _: None), revision=1)


def here(plan: PlanRecord) -> str:
    return f"/consultations/{plan.consultation_id}/test-spots"


def page_text(client: TestClient, path: str) -> str:
    page = client.get(path)
    assert page.status_code == 200
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page.text)).split())


def fill(plan: PlanRecord, rung: str = "0.0", **other: str) -> dict[str, str]:
    """What the page sends when one of its buttons is pressed."""
    doses = {"0.0": "4", "0.1": "6", "0.2": "7.5"}
    sent = {f"{place}.fluence_J_cm2": dose for place, dose in doses.items()}
    sent |= {f"{place}.{name}": value for place in doses for name, value in (("pulse_ms", "6"), ("spot_mm", "7"))}
    return sent | {"plan": plan.id, "rung": rung, "agreed": "true"} | other


def fired(clinics: Clinics, plan: PlanRecord, hours: float = 80.0, **settings: Any) -> TestSpotRecord:
    at = datetime.datetime.now(datetime.UTC) - datetime.timedelta(hours=hours)
    firing = SpotFiring(plan.id, replace(SETTINGS, **settings), 72.0, ORAL_CONSENT)
    return clinics.repositories().test_spots.fire(plan.consultation_id, firing, at)


def test_the_ladder_of_the_plan_is_fired_spot_by_spot(client: TestClient, clinics: Clinics, plan: PlanRecord) -> None:
    page = page_text(client, here(plan))
    assert "4, 6 and 7.5 J/cm², read at 72 hours" in page
    assert client.get(here(plan)).text.count('name="rung"') == 3
    assert client.post(here(plan), data=fill(plan)).status_code == 303
    (spot,) = clinics.repositories().test_spots.of(plan.consultation_id)
    assert spot.firing.settings == replace(SETTINGS, spot_mm=7.0, fluence_J_cm2=4.0)
    assert (spot.firing.consent, spot.firing.why, spot.firing.planned) == (ORAL_CONSENT, "", PulseSettings())
    assert spot.firing.ita_deg == 34.0  # of the plan
    assert "to be read from" in page_text(client, here(plan))


def test_what_is_set_otherwise_needs_a_reason_and_is_shown(
    client: TestClient, clinics: Clinics, plan: PlanRecord
) -> None:
    refused = client.post(here(plan), data=fill(plan, **{"0.0.fluence_J_cm2": "6,5"}))
    assert refused.status_code == 422
    assert "no reason was given" in refused.text
    assert 'value="6,5"' in refused.text
    sent = fill(plan, **{"0.0.fluence_J_cm2": "6,5", "0.0.why": "the dial has no 4"})
    assert client.post(here(plan), data=sent).status_code == 303
    (spot,) = clinics.repositories().test_spots.of(plan.consultation_id)
    assert (spot.firing.settings.fluence_J_cm2, spot.firing.planned) == (6.5, PulseSettings(fluence_J_cm2=4.0))
    page = page_text(client, here(plan))
    assert "6.5 J/cm²" in page
    assert "the dial has no 4" in page


def test_a_dose_that_cannot_be_read_is_refused_before_a_reason_is_asked_for(
    client: TestClient, clinics: Clinics, plan: PlanRecord
) -> None:
    refused = client.post(here(plan), data=fill(plan, **{"0.0.fluence_J_cm2": "6,5 or 7"}))
    assert refused.status_code == 422
    assert "no reason was given" not in refused.text
    assert "6,5 or 7" in refused.text.partition('id="why"')[2].partition("</div>")[0]
    assert clinics.repositories().test_spots.of(plan.consultation_id) == ()


def test_the_cooling_of_a_spot_is_the_planned_one_or_has_its_reason(
    client: TestClient, clinics: Clinics, plan: PlanRecord
) -> None:
    page = client.get(here(plan)).text
    filled = dict(re.findall(r'name="(cooling_\w+)" type="text" inputmode="\w+" value="([^"]*)"', page))
    kinds = page.partition('name="cooling_kind"')[2].partition("</select>")[0]
    assert re.findall(r'value="(\w+)" selected', kinds) == ["spray"]
    assert client.post(here(plan), data=fill(plan, cooling_kind="spray", **filled)).status_code == 303
    for kind in ("none", "air", "gel"):
        sent = fill(plan, "0.1", cooling_kind=kind, **filled)
        refused = client.post(here(plan), data=sent)
        assert refused.status_code == 422
        assert "The plan counts on this cooling: cryogen spray" in html.unescape(refused.text)
        assert f'value="{kind}" selected' in refused.text
        assert "cannot compute what this cooling does" in refused.text  # the plan of the samples is of another version
        why = {"0.1.why": "the bottle was empty"}
        assert client.post(here(plan), data=sent | why).status_code == 422, "not before it was shown what that means"
        (confirmed,) = re.findall(r'name="confirmed" value="([^"]+)"', refused.text)
        yes = why | {"confirmed": confirmed}
        assert client.post(here(plan), data=sent | yes | {"cooling_kind": "ice"}).status_code == 422
        assert client.post(here(plan), data=sent | yes | {"0.1.why": ""}).status_code == 422
        assert client.post(here(plan), data=sent | yes).status_code == 303
    first, *others = clinics.repositories().test_spots.of(plan.consultation_id)
    assert (first.firing.cooling_change, first.firing.cooling is None) == (None, False)
    assert [one.firing.cooling for one in others] == [UsedCooling(kind=CoolingKind(x)) for x in ("none", "air", "gel")]
    assert "cooling: cold gel" in page_text(client, here(plan))
    assert "cooling: not recorded" not in page_text(client, here(plan))
    old = fired(clinics, plan)
    clinics.repositories().test_spots.add_reading(old.id, "none")
    assert "cooling: not recorded" in page_text(client, here(plan))


SPRAY, NONE = UsedCooling(kind=CoolingKind.SPRAY, before_ms=40.0), UsedCooling(kind=CoolingKind.NONE)
WEAK, STRONG = replace(SPRAY, before_ms=20.0), replace(SPRAY, before_ms=60.0)


JUDGED = (  # on which cooling the plan counts, what was used at the spots, and whether they allow a session
    *((cooling, None, True) for cooling in (NONE, SPRAY)),
    *((SPRAY, cooling, True) for cooling in (SPRAY, WEAK, NONE)),
    *((SPRAY, cooling, False) for cooling in (STRONG, UsedCooling(kind=CoolingKind.ICE))),
    *((NONE, cooling, False) for cooling in (SPRAY, WEAK, UsedCooling(kind=CoolingKind.GEL))),
)


def test_a_spot_that_was_cooled_more_or_otherwise_than_planned_allows_nothing(
    clinics: Clinics, plan: PlanRecord
) -> None:
    """Harmless with less cooling is harmless with more; the other way round nothing is known."""
    records = read_plan(json.loads(clinics.repositories().plans.read_file(plan.id, "plan.json")))
    (ladder,) = records.test_spots
    for step in ladder.spots:
        firing = SpotFiring(plan.id, step_settings(ladder, step), ladder.read_after_h, ORAL_CONSENT)
        at = datetime.datetime.now(datetime.UTC) - datetime.timedelta(hours=100)
        spot = clinics.repositories().test_spots.fire(plan.consultation_id, firing, at)
        clinics.repositories().test_spots.add_reading(spot.id, "none")
    fired_spots = clinics.repositories().test_spots.of(plan.consultation_id)
    for (counted_on, used, allows), under in product(JUDGED, (NONE, SPRAY, STRONG)):
        # Whatever the plan counted on under which they were fired.
        cooled = {"cooling": used, "cooling_change": find_cooling_change(under, used)}
        spots = [replace(one, firing=replace(one.firing, **cooled)) for one in fired_spots]
        answer = judge_spots(ladder, spots, (), counted_on).answer
        assert answer == ("allowed" if allows else "not-fired"), (counted_on, used, under)


def test_a_higher_spot_is_fired_after_every_lower_one_or_with_a_reason(
    client: TestClient, clinics: Clinics, plan: PlanRecord
) -> None:
    for rung in ("0.1", "0.2"):
        refused = client.post(here(plan), data=fill(plan, rung))
        assert refused.status_code == 422
        assert "a lower spot was not fired yet" in refused.text.lower()
    client.post(here(plan), data=fill(plan, "0.0", **{"0.0.fluence_J_cm2": "4.1", "0.0.why": "the dial has no 4"}))
    assert client.post(here(plan), data=fill(plan, "0.2")).status_code == 422
    assert client.post(here(plan), data=fill(plan, "0.1")).status_code == 303
    assert client.post(here(plan), data=fill(plan, "0.2")).status_code == 303
    assert len(re.findall(r"Spot [123]</?[^>]*> – fired|Spot [123] – fired", client.get(here(plan)).text)) == 3
    again = {"0.1.why": "the first burst at 4", "hours_ago": "0"}
    assert client.post(here(plan), data=fill(plan, "0.1", **again)).status_code == 303


@pytest.mark.parametrize("order", [("0.2", "0.1", "0.0"), ("0.1", "0.2", "0.0"), ("0.2", "0.0", "0.1")])
def test_a_lower_spot_that_was_left_out_needs_one_reason(
    client: TestClient, clinics: Clinics, plan: PlanRecord, order: tuple[str, ...]
) -> None:
    assert client.post(here(plan), data=fill(plan, order[0])).status_code == 422
    first = fill(plan, order[0], **{f"{order[0]}.why": "the others were fired elsewhere"})
    for sent in (first, *(fill(plan, rung) for rung in order[1:])):
        assert client.post(here(plan), data=sent).status_code == 303
    page = page_text(client, here(plan))
    assert page.count("Reason: the others were fired elsewhere") == 1


def test_a_spot_of_an_earlier_plan_counts_for_the_same_rung_of_the_next(
    client: TestClient, clinics: Clinics, plan: PlanRecord, tmp_path: Path
) -> None:
    client.post(here(plan), data=fill(plan))
    repositories, answers = clinics.repositories(), make_submission((LEAST | {"patient.age_years": "53"}).items())
    revision = repositories.consultations.save(plan.consultation_id, answers, revision=1).revision
    made = planned(answers, tmp_path, lambda _: None)
    later = repositories.plans.add(plan.consultation_id, made, revision=revision)
    assert client.post(here(later), data=fill(later, "0.2")).status_code == 422
    assert client.post(here(later), data=fill(later, "0.1")).status_code == 303


@pytest.mark.parametrize("hours", ["0.5", "1", "72", "1000"])
def test_no_spot_lies_before_the_first_plan_of_its_consultation(
    client: TestClient, clinics: Clinics, plan: PlanRecord, hours: str
) -> None:
    refused = client.post(here(plan), data=fill(plan, hours_ago=hours))
    assert refused.status_code == 422
    assert "this is before the plan was made" in refused.text.lower()
    assert clinics.repositories().test_spots.of(plan.consultation_id) == ()


def test_nothing_is_fired_before_somebody_agreed(client: TestClient, clinics: Clinics, plan: PlanRecord) -> None:
    sent = fill(plan)
    del sent["agreed"]
    refused = client.post(here(plan), data=sent)
    assert refused.status_code == 422
    assert "agreement is not recorded" in refused.text
    assert client.post(here(plan), data=fill(plan)).status_code == 303
    assert client.post(here(plan), data=sent).status_code == 303  # noted with the spot before
    assert len(clinics.repositories().test_spots.of(plan.consultation_id)) == 2


def test_a_signed_consent_to_the_device_holds_for_its_spots(
    client: TestClient, clinics: Clinics, plan: PlanRecord
) -> None:
    repositories = clinics.repositories()
    consent = repositories.consents.record_explanation(plan.id, option="0.0", cooling_off=datetime.timedelta(0))
    repositories.consents.record_teach_back(consent.id, {}, ())
    signed = {"kind": SignatureKind.TYPED, "signature": b"S", "document": b"%PDF", "signed_at": consent.not_before}
    repositories.consents.sign(consent.id, answers=ConsentAnswers(), **signed)  # type: ignore[arg-type]
    sent = fill(plan)
    del sent["agreed"]
    assert client.post(here(plan), data=sent).status_code == 303
    (spot,) = repositories.test_spots.of(plan.consultation_id)
    assert spot.firing.consent == consent.id


def test_an_outdated_plan_is_not_fired(client: TestClient, clinics: Clinics, plan: PlanRecord) -> None:
    answers = make_submission((LEAST | {"patient.age_years": "43"}).items())
    clinics.repositories().consultations.save(plan.consultation_id, answers, revision=1)
    assert client.post(here(plan), data=fill(plan)).status_code == 422
    assert "No spot may be fired with this plan" in page_text(client, here(plan))
    assert clinics.repositories().test_spots.of(plan.consultation_id) == ()


def store_plan(clinics: Clinics, made: NewPlan, plan: Plan) -> PlanRecord:
    """Store a plan that was changed after it was made, in a new record."""
    repositories = clinics.repositories()
    files = {**made.files, "plan.json": json.dumps(plan.document).encode()}
    consultation = repositories.consultations.begin(repositories.patients.add().id, make_submission(LEAST.items()))
    return repositories.plans.add(
        consultation.id, replace(made, plan_sha256=plan.plan_sha256, files=MappingProxyType(files)), revision=1
    )


def test_spots_of_light_that_a_plan_does_not_begin_with_come_last_and_say_so(
    client: TestClient, clinics: Clinics, tmp_path: Path
) -> None:
    made = planned(make_submission(LEAST.items()), tmp_path, lambda _: None)
    plan = read_plan(json.loads(made.files["plan.json"]))
    (ladder,) = plan.test_spots
    both = replace(plan, test_spots=(replace(ladder, read_after_h=1008.0, when_chosen=True), ladder))
    stored = store_plan(clinics, made, both)
    page = page_text(client, here(stored))
    assert page.count("only if this light is chosen") == 1
    assert page.index("cheeks") < page.index("only if this light is chosen")
    rungs = re.findall(r'name="rung" value="([0-9.]+)"', client.get(here(stored)).text)
    assert [rung[0] for rung in rungs] == ["1", "1", "1", "0", "0", "0"]  # their places in the plan


def test_two_ladders_of_a_device_on_a_site_say_which_concern_each_is_for(
    client: TestClient, clinics: Clinics, tmp_path: Path
) -> None:
    """A lamp treats veins by long pulses and age spots by short ones, with the same heading and other doses."""
    made = planned(make_submission(LEAST.items()), tmp_path, lambda _: None)
    plan = read_plan(json.loads(made.files["plan.json"]))
    (ladder,), (veins, spots, *others) = plan.test_spots, plan.concerns
    setup = veins.options[0].setup
    assert setup is not None
    short = replace(setup, settings=replace(setup.settings, pulse_ms=1.5))
    spots = replace(spots, options=(replace(spots.options[0], setup=short), *spots.options[1:]))
    ladders = tuple(replace(ladder, settings=each.settings) for each in (setup, short))
    both = replace(plan, concerns=(veins, spots, *others), test_spots=ladders)
    stored = store_plan(clinics, made, both)
    headings = re.findall(r"<h2[^>]*>(.*?)</h2>", client.get(here(stored)).text)
    titles = [f"{ladder.device_title}, {concern_name(concern)}" for concern in (veins, spots)]
    assert [heading for heading in map(html.unescape, headings) if ladder.device_title in heading] == titles


@pytest.mark.parametrize("choices", [(), ("0.0",), ("0.1",), ("0.1", "0.0"), ("0.0", "0.1")])
def test_the_ladder_of_light_that_was_not_chosen_says_so(
    client: TestClient, clinics: Clinics, plan: PlanRecord, choices: tuple[str, ...]
) -> None:
    for choice in choices:
        clinics.repositories().plans.choose(plan.id, choice, "")
    assert ("only if this light is chosen" in page_text(client, here(plan))) == (choices[-1:] == ("0.1",))


@pytest.mark.parametrize("rung", ["", "9.0", "0.9", "0", "x.y", "-1.0", "0.1.2"])
def test_a_spot_that_no_ladder_has_is_not_there(client: TestClient, plan: PlanRecord, rung: str) -> None:
    assert client.post(here(plan), data=fill(plan, rung)).status_code == 404


def test_what_is_due_stands_on_the_front_page_until_it_is_read(
    client: TestClient, clinics: Clinics, plan: PlanRecord
) -> None:
    fired(clinics, plan, 10.0)
    assert "Test spots to be read now" not in client.get("/").text
    spot = fired(clinics, plan)
    front = client.get("/").text
    assert "Test spots to be read now" in front
    assert f'href="{here(plan)}"' in front
    assert "to be read now" in page_text(client, here(plan))
    reader = clinics.browser(Role.ASSISTANT)
    sent = {"reaction": "none", "hours_ago": "2"}
    files = {"photo": ("a.jpg", b"\xff\xd8\xff spot", "image/jpeg")}
    assert reader.post(f"/test-spots/{spot.id}/reading", data=sent, files=files).status_code == 303
    assert "Test spots to be read now" not in client.get("/").text
    read = clinics.repositories().test_spots.get(spot.id)
    (reading,) = read.readings
    assert read.hours(reading) == pytest.approx(78.0, abs=0.01)
    assert reading.read_by == Role.ASSISTANT.value
    assert reading.photograph_id is not None
    assert client.get(f"/photographs/{reading.photograph_id}").content == b"\xff\xd8\xff spot"


def test_a_reading_that_cannot_be_is_reported(client: TestClient, clinics: Clinics, plan: PlanRecord) -> None:
    spot = fired(clinics, plan)
    for sent in ({"reaction": "fine"}, {"reaction": ""}, {"reaction": "none", "hours_ago": "soon"}):
        refused = client.post(f"/test-spots/{spot.id}/reading", data=sent)
        assert refused.status_code == 422, sent
        assert 'role="alert"' in refused.text
    other = fired(clinics, plan, fluence_J_cm2=6.5)
    files = {"photo": ("notes.jpg", b"no photograph", "image/jpeg")}
    typed = {"reaction": "blister", "note": "one, 2 mm", "hours_ago": "1"}
    refused = client.post(f"/test-spots/{spot.id}/reading", data=typed, files=files)
    of = dict(re.findall(r'(?s)<form[^>]*action="/test-spots/(\w+)/reading"(.*?)</form>', refused.text))
    for shown in ('<option value="blister" selected>', 'value="one, 2 mm"', 'value="1"'):
        assert shown in of[spot.id]  # nothing has to be chosen again
        assert shown not in of[other.id]
    assert clinics.repositories().test_spots.get(spot.id).readings == ()


def test_an_injury_says_at_once_what_to_do_and_stops_the_device(
    client: TestClient, clinics: Clinics, plan: PlanRecord
) -> None:
    spot = fired(clinics, plan)
    answer = client.post(f"/test-spots/{spot.id}/reading", data={"reaction": "blister"})
    page = page_text(client, answer.headers["location"])
    assert "no more than two thirds of that dose is planned" in page
    assert "No pulse of this device until a new plan is made" in page
    assert client.post(here(plan), data=fill(plan)).status_code == 422
    assert len(clinics.repositories().test_spots.of(plan.consultation_id)) == 1
    assert "This plan can no longer be signed" in page_text(client, f"/plans/{plan.id}")
    consent = f"/plans/{plan.id}/consent/0.0"
    assert "This plan can no longer be signed" in page_text(client, consent)
    refused = client.post(f"{consent}/talk", data={"days": "0"})
    assert refused.status_code == 422
    assert clinics.repositories().consents.of(plan.consultation_id) == ()


def test_a_bruise_asks_for_a_plan_that_stays_below_it(client: TestClient, clinics: Clinics, plan: PlanRecord) -> None:
    spot = fired(clinics, plan)
    client.post(f"/test-spots/{spot.id}/reading", data={"reaction": "purpura"})
    page = client.get(f"/plans/{plan.id}").text
    assert 'id="stops"' in page
    assert f"Source: {reference_text('rulepractice')}" in page
    assert "Source: rulepractice" not in page


@pytest.mark.parametrize("reaction", ["none", "redness"])
def test_a_usual_reaction_leaves_the_plan_as_it_is(
    client: TestClient, clinics: Clinics, plan: PlanRecord, reaction: str
) -> None:
    spot = fired(clinics, plan)
    client.post(f"/test-spots/{spot.id}/reading", data={"reaction": reaction})
    assert 'id="stops"' not in client.get(f"/plans/{plan.id}").text
    assert client.post(f"/plans/{plan.id}/consent/0.0/talk", data={"days": "0"}).status_code == 303
    assert client.post(here(plan), data=fill(plan)).status_code == 303


def test_a_spot_that_healed_was_burnt_all_the_same(client: TestClient, clinics: Clinics, plan: PlanRecord) -> None:
    spot = fired(clinics, plan, 1000.0)
    for reaction in ("burn", "none"):
        client.post(f"/test-spots/{spot.id}/reading", data={"reaction": reaction})
    assert 'id="stops"' in client.get(f"/plans/{plan.id}").text


def test_the_next_plan_is_made_of_what_was_read_and_holds(
    client: TestClient, clinics: Clinics, plan: PlanRecord
) -> None:
    spot = fired(clinics, plan)
    client.post(f"/test-spots/{spot.id}/reading", data={"reaction": "blister"})
    seen = []

    def look(sent, home, heed, _language="en"):  # type: ignore[no-untyped-def]
        seen.append(sent.tables)
        return planned(sent, home, heed)

    made = clinics.plan(client, f"/consultations/{plan.consultation_id}", make=look)
    (row,) = seen[0]["test_spot"]
    assert row == SETTINGS.as_record() | {"read_after_h": 80.0, "reaction": "blister"}
    assert made != f"/plans/{plan.id}"
    held = json.loads(clinics.repositories().plans.read_file(made.rpartition("/")[2], HISTORY_FILE))
    assert [one["record"] for one in held["records"]] == [f"test_spot/{spot.id}"]
    assert 'id="stops"' not in client.get(made).text
    assert client.post(f"{made}/consent/0.0/talk", data={"days": "0"}).status_code == 303
    # What a later consultation of the same patient is planned of, too.
    patient = clinics.repositories().consultations.get(plan.consultation_id).patient_id
    another = client.post(f"/patients/{patient}/consultations").headers["location"]
    clinics.plan(client, another, make=look)
    assert seen[1]["test_spot"] == seen[0]["test_spot"]


def test_what_is_recorded_is_shown_in_the_form_and_in_the_case_file(
    client: TestClient, clinics: Clinics, plan: PlanRecord
) -> None:
    spot = fired(clinics, plan)
    client.post(f"/test-spots/{spot.id}/reading", data={"reaction": "crust"})
    consultation = f"/consultations/{plan.consultation_id}"
    page = client.get(consultation).text
    assert "Recorded in this clinic" in page
    assert 'name="test_spot.0.reaction"' in page  # still free for what was done elsewhere
    assert '<option value="crust" selected' not in page
    (row,) = tomllib.loads(client.get(f"{consultation}/case.toml").text)["test_spot"]
    assert row == SETTINGS.as_record() | {"read_after_h": 80.0, "reaction": "crust"}


def test_a_patient_s_page_tells_what_happened_in_order_with_one_entry_of_the_trail(
    client: TestClient, clinics: Clinics, plan: PlanRecord
) -> None:
    spot = fired(clinics, plan, 0.0)
    client.post(f"/test-spots/{spot.id}/reading", data={"reaction": "redness"})
    patient = clinics.repositories().consultations.get(plan.consultation_id).patient_id
    before = len(clinics.repositories(Role.OWNER).audit_log.newest(500))
    page = client.get(f"/patients/{patient}").text
    assert (
        len(clinics.repositories(Role.OWNER).audit_log.newest(500)) == before + 2
    )  # this reading of the trail is one, too
    lines = re.findall(r'<li><a href="([^"]+)">([^<]+)</a> <span class="hint">', page.partition('id="happened"')[2])
    assert [(path, words.partition(" by ")[0]) for path, words in lines] == [
        (here(plan), "Test spot read"),
        (here(plan), "Test spot fired"),
        (f"/plans/{plan.id}", "Plan made"),
        (f"/consultations/{plan.consultation_id}", "Consultation begun"),
    ]


@pytest.mark.parametrize("value", [4.0, 7.5, 5e-6, 4.5e-7, 1000.0, 0.1, 1.125, 12.345])
def test_a_number_that_the_ladder_shows_is_read_back_as_it_was(value: float) -> None:
    assert parse_number(write_number(value)) == value


def test_a_spot_that_was_recorded_by_mistake_is_struck_and_may_be_fired_again(
    client: TestClient, clinics: Clinics, plan: PlanRecord
) -> None:
    client.post(here(plan), data=fill(plan, **{"0.0.fluence_J_cm2": "400", "0.0.why": "a slip"}))
    (spot,) = clinics.repositories().test_spots.of(plan.consultation_id)
    assert f"/test-spots/{spot.id}/striking" not in clinics.browser(Role.ASSISTANT).get(here(plan)).text
    assert client.post(f"/test-spots/{spot.id}/striking").status_code == 422
    assert client.post(f"/test-spots/{spot.id}/striking", data={"why": "4 was fired"}).headers["location"] == here(plan)
    page = page_text(client, here(plan))
    assert "400 J/cm²" in page
    assert "by clinician: 4 was fired" in page
    assert "to be read from" not in page
    assert client.post(here(plan), data=fill(plan, "0.1")).status_code == 422  # the lowest is to be fired again
    assert client.post(here(plan), data=fill(plan)).status_code == 303


@pytest.mark.check
def test_enter_in_a_field_of_the_ladder_records_no_spot(clinics: Clinics, plan: PlanRecord, browser: Browser) -> None:
    with served(clinics.app) as address, opened_page(browser) as page:
        sign_in(page, address, "clinician")
        page.goto(f"{address}{here(plan)}")
        page.get_by_label("I have explained").check()
        for field in page.get_by_role("textbox").all():
            field.press("Enter")
        page.goto(f"{address}{here(plan)}")
        expect(page.get_by_role("button", name="Fired Spot 1")).to_be_enabled()
    assert clinics.repositories().test_spots.of(plan.consultation_id) == ()
