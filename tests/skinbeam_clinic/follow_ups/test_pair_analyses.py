"""Pairs of photographs compared by the program: after the blind grade, by the queue, and visible to nobody before."""

import io
import json
import os
import signal
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from app_samples import LEAST
from clinic_pages import looked_at, opened_page, served, sign_in
from clinic_samples import HOME, Clinics, planned
from follow_up_samples import begin_follow_up, page_of, patient_of
from paths import ROOT
from PIL import Image, ImageFilter
from playwright.sync_api import Browser, expect
from record_samples import begin_consultation

from skinbeam.model.errors import InputError
from skinbeam.text import Message
from skinbeam_clinic.access import AccessRight, Role
from skinbeam_clinic.accounts.passwords import PasswordHasher
from skinbeam_clinic.accounts.repository import AccountRepository
from skinbeam_clinic.clinic_transfer.export import export_clinic
from skinbeam_clinic.consultations.forms import Submission
from skinbeam_clinic.database.clinic_access import ClinicAccess
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.database.follow_up_tables import PairAnalysisRow
from skinbeam_clinic.database.verification import verify_database
from skinbeam_clinic.exchange.record_formats import make_exporter
from skinbeam_clinic.follow_ups.models import AestheticChange, FollowUp, ImprovementQuarter, leading_improvement
from skinbeam_clinic.follow_ups.pair_analyses import (
    PAIR_ANALYSIS_CONTENT,
    MarkResult,
    PairAnalysisContent,
    RegionResult,
)
from skinbeam_clinic.follow_ups.pair_subprocess import AFTER_FILE, BEFORE_FILE, measure_pair_in_subprocess
from skinbeam_clinic.follow_ups.routes import NEITHER
from skinbeam_clinic.jobs.queue import MOST_ATTEMPTS
from skinbeam_clinic.jobs.worker import PAIR_JOB, PlanWorker
from skinbeam_clinic.models import Member, NewPlan
from skinbeam_clinic.plans.worker_process import ProcessEndedError

SECRET = "753186429"  # a number that stands nowhere else, not even in a random id
GONE = MarkResult(
    kind="spots",
    region="cheek-right",
    site="cheeks",
    outcome="gone",
    size_mm=4.2,
    finds=3,
    copies=3,
    contrast_change=(-0.25, -0.31, -0.19),
    level=0.95,
    needs_examination=False,
    message=Message("photo-pair.mark_gone"),
)
REDNESS = RegionResult("redness", "nose", "nose", "not-told", Message("photo-pair.redness_untold"))
MEASURED = PairAnalysisContent(None, (GONE,), (REDNESS,), "0")
REFUSED = PairAnalysisContent(Message("photo-pair.mirrored"), (), (), "0")
Heed = Callable[[str], None]


@pytest.fixture
def begun(clinics: Clinics, tmp_path: Path) -> FollowUp:
    return begin_follow_up(clinics, tmp_path)


def grade(clinics: Clinics, one: FollowUp, role: Role = Role.CLINICIAN) -> None:
    sent = {"better": NEITHER, "notes": "even"}
    assert clinics.browser(role).post(f"/follow-ups/{one.id}/grade", data=sent).status_code == 303


def measured(_home: Path, _heed: Heed, _language: str) -> PairAnalysisContent:
    return MEASURED


def page(clinics: Clinics, one: FollowUp, role: Role = Role.CLINICIAN) -> str:
    return page_of(clinics, role, f"/follow-ups/{one.id}")


def add_row(clinics: Clinics, one: FollowUp) -> None:
    """An analysis as no page could store it: before anybody graded."""
    repositories = clinics.repositories(Role.OWNER)
    refused = Message("photo-pair.size", {"before": int(SECRET), "after": 1})
    with ClinicAccess(clinics.database, repositories.member).writing(AccessRight.READ) as work:
        row = PairAnalysisRow(
            clinic_id=work.clinic_id,
            id=one.pairs[0].id,
            consultation_id=one.consultation_id,
            pair_id=one.pairs[0].id,
            measured_at=now(),
            requested_by=work.actor,
        )
        work.seal_record(row, PAIR_ANALYSIS_CONTENT, PairAnalysisContent(refused, (), (), "0"))
        work.save(row, "photographs.measured")


def all_outputs(clinics: Clinics, one: FollowUp, folder: Path) -> dict[str, str]:
    """Every way out of the records of this patient → what is told there."""
    patient = patient_of(clinics, one)
    outputs = {
        f"{role} {path}": clinics.browser(role).get(path).text
        for role in Role
        for path in (
            f"/follow-ups/{one.id}",
            f"/follow-ups/{one.id}/grade",
            f"/patients/{patient}",
            f"/patients/{patient}/follow-ups",
            f"/consultations/{one.consultation_id}",
        )
    }
    outputs["fhir"] = clinics.reader().get(f"/fhir/Patient/{patient}/$everything").text
    owner = clinics.repositories(Role.OWNER)  # who copies, and so grades blind no more
    pseudonym = owner.patients.get(patient).pseudonym
    for name, whose in (("copy", pseudonym), ("fhir", pseudonym), ("csv", "")):
        content, _ = make_exporter(name, whose)(owner, patient)
        outputs[f"export {name}"] = _unpacked(content)
    folder.mkdir()
    export_clinic(owner, folder / "all")
    for file in sorted((folder / "all").rglob("*")):
        if file.is_file():
            outputs[f"clinic {file.name}"] = _unpacked(file.read_bytes())
    return outputs


def _unpacked(content: bytes | str) -> str:
    if isinstance(content, str):
        return content
    if not zipfile.is_zipfile(io.BytesIO(content)):
        return content.decode("utf-8", "replace")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return "\n".join(archive.read(name).decode("utf-8", "replace") for name in archive.namelist())


def test_before_the_blind_grade_nothing_is_measured(clinics: Clinics, begun: FollowUp) -> None:
    """Neither by itself, nor where somebody asks, nor after a grade of who treated."""
    path = f"/follow-ups/{begun.id}/pairs/{begun.pairs[0].id}/analysis"
    assert clinics.browser(Role.CLINICIAN).post(path, data={"x": "y"}).status_code == 422
    grade(clinics, begun, Role.OWNER)
    assert clinics.browser(Role.OWNER).post(path, data={"x": "y"}).status_code == 422
    assert "once they are graded blind" in page(clinics, begun, Role.OWNER)
    repositories = clinics.repositories()
    assert repositories.jobs.find_last(PAIR_JOB, "pair", begun.pairs[0].id) is None
    with pytest.raises(InputError) as refused:
        repositories.pair_analyses.add(begun.id, begun.pairs[0].id, MEASURED)
    assert refused.value.code == "not-graded-blind"


def test_a_result_is_shown_nowhere_before_the_blind_grade_and_then_to_who_has_graded(
    clinics: Clinics, begun: FollowUp, tmp_path: Path
) -> None:
    add_row(clinics, begun)
    for way, content in all_outputs(clinics, begun, tmp_path / "before").items():
        assert SECRET not in content, way
    assert clinics.repositories().pair_analyses.of(begun.id) == ()
    grade(clinics, begun)
    assert SECRET in page(clinics, begun).replace(",", "")
    content = all_outputs(clinics, begun, tmp_path / "after")
    assert SECRET in content["export copy"]  # the patient's own


def test_who_may_still_grade_is_shown_no_result(clinics: Clinics, begun: FollowUp) -> None:
    add_row(clinics, begun)
    grade(clinics, begun)
    assert SECRET in page(clinics, begun).replace(",", "")
    for path in ("", "/grade"):
        assert SECRET not in page_of(clinics, Role.OWNER, f"/follow-ups/{begun.id}{path}").replace(",", "")


# A clinic in which nobody can grade blind.


@pytest.fixture
def alone(clinics: Clinics, begun: FollowUp) -> Iterator[FollowUp]:
    """The owner, who treated, is the one who may grade: the clinician has left."""
    leave(clinics)
    yield begun
    come_back(clinics)


def leave(clinics: Clinics, *, back: bool = False) -> None:
    accounts = AccountRepository(clinics.database, owner_of(clinics), PasswordHasher())
    accounts.set_access(clinics.members[HOME, Role.CLINICIAN].id, allowed=back)
    clinics.tokens.pop((HOME, Role.CLINICIAN), None)  # their sessions end


def come_back(clinics: Clinics) -> None:
    leave(clinics, back=True)


def owner_of(clinics: Clinics) -> Member:
    return clinics.members[HOME, Role.OWNER]


def ask(clinics: Clinics, one: FollowUp, role: Role = Role.OWNER) -> int:
    path = f"/follow-ups/{one.id}/pairs/{one.pairs[0].id}/analysis"
    return clinics.browser(role).post(path, data={"x": "y"}).status_code


def test_where_one_doctor_works_alone_the_pair_is_compared_after_their_grade_and_says_that_it_is_not_blind(
    clinics: Clinics, alone: FollowUp
) -> None:
    repositories = clinics.repositories(Role.OWNER)
    assert ask(clinics, alone) == 422
    assert repositories.jobs.find_last(PAIR_JOB, "pair", alone.pairs[0].id) is None
    grade(clinics, alone, Role.OWNER)
    clinics.work(measure=measured)
    shown = page(clinics, alone, Role.OWNER)
    assert "<strong>1 gone.</strong>" in shown
    assert "Compared after a grade that is not blind" in shown
    (analysis,) = repositories.pair_analyses.of(alone.id)
    assert not analysis.graded_blind
    assert not any(one.blinded for one in repositories.follow_ups.get(alone.id).grades)


def test_nothing_is_shown_before_the_grade_of_who_works_alone(
    clinics: Clinics, alone: FollowUp, tmp_path: Path
) -> None:
    add_row(clinics, alone)
    come_back(clinics)  # whose pages are looked at, too
    outputs = all_outputs(clinics, alone, tmp_path / "before")
    leave(clinics)
    # The export of the whole clinic holds what was told of other patients.
    assert [way for way, text in outputs.items() if SECRET in text and not way.startswith("clinic ")] == []
    assert {way.split()[0] for way in outputs} >= {*Role, "fhir", "export"}
    grade(clinics, alone, Role.OWNER)
    # What was measured before any grade, as no page could, is not told after one that may have followed it.
    assert SECRET not in page(clinics, alone, Role.OWNER).replace(",", "")


def test_who_could_still_grade_blind_is_waited_for(clinics: Clinics, begun: FollowUp) -> None:
    grade(clinics, begun, Role.OWNER)
    assert ask(clinics, begun) == 422
    clinics.browser(Role.CLINICIAN).post(f"/follow-ups/{begun.id}/opening")  # and has seen the answers now
    assert ask(clinics, begun) == 303
    clinics.work(measure=measured)
    assert "Compared after a grade that is not blind" in page(clinics, begun, Role.OWNER)


def test_who_joins_the_clinic_later_grades_blind_and_is_shown_nothing_before(clinics: Clinics, alone: FollowUp) -> None:
    grade(clinics, alone, Role.OWNER)
    clinics.work(measure=measured)
    come_back(clinics)
    assert "1 gone" in page(clinics, alone, Role.OWNER)
    for path in ("", "/grade"):
        assert "1 gone" not in page_of(clinics, Role.CLINICIAN, f"/follow-ups/{alone.id}{path}")
    grade(clinics, alone)
    assert clinics.repositories().follow_ups.get(alone.id).grades[-1].blinded
    assert "1 gone" in page(clinics, alone)
    assert "Compared after a grade that is not blind" in page(clinics, alone)  # it was, whoever graded later


def test_who_copies_a_patients_records_grades_blind_no_more(clinics: Clinics, alone: FollowUp) -> None:
    """The copy holds answers, grades and what was measured."""
    grade(clinics, alone, Role.OWNER)
    clinics.work(measure=measured)
    come_back(clinics)
    clinician = clinics.repositories()
    pseudonym = clinician.patients.get(patient_of(clinics, alone)).pseudonym
    make_exporter("copy", pseudonym)(clinician, patient_of(clinics, alone))
    grade(clinics, alone)
    assert not clinician.follow_ups.get(alone.id).grades[-1].blinded


def test_a_grade_after_the_comparison_was_shown_does_not_replace_the_one_before(
    clinics: Clinics, alone: FollowUp
) -> None:
    repositories = clinics.repositories(Role.OWNER)
    grade(clinics, alone, Role.OWNER)
    before = leading_improvement(repositories.follow_ups.get(alone.id))
    clinics.work(measure=measured)
    repositories.follow_ups.add_grade(alone.id, ImprovementQuarter.FOURTH, AestheticChange.VERY_MUCH_BETTER)
    graded = repositories.follow_ups.get(alone.id)
    assert [one.measured for one in graded.grades] == [False, True]
    assert leading_improvement(graded) == before
    assert "the grade before it counts" in page(clinics, alone, Role.OWNER)


def test_a_comparison_after_a_blind_grade_says_nothing_else(clinics: Clinics, begun: FollowUp) -> None:
    grade(clinics, begun)
    clinics.work(measure=measured)
    assert "1 gone" in page(clinics, begun)
    assert "Compared after a grade that is not blind" not in page(clinics, begun)


def test_the_blind_grade_has_the_pair_compared_and_the_page_tells_what_came_of_it(
    clinics: Clinics, begun: FollowUp
) -> None:
    grade(clinics, begun)
    assert "being compared" in page(clinics, begun)
    clinics.work(measure=measured)
    shown = page(clinics, begun)
    assert "<strong>1 gone.</strong>" in shown
    assert "was seen before and is not seen any more" in shown
    assert "found again on 3 of 3 copies" in shown
    assert "95 % interval" in shown
    assert "a change of redness is not told" in shown
    assert "neither a rater&#39;s grade nor an outcome" in shown
    client = clinics.browser(Role.CLINICIAN)
    client.post("/language", data={"language": "de"})
    assert "war davor zu sehen und ist nicht mehr zu sehen" in client.get(f"/follow-ups/{begun.id}").text
    assert all(one.findings == () for one in verify_database(clinics.database))


def test_a_plan_is_made_before_the_comparisons_that_wait(clinics: Clinics, begun: FollowUp) -> None:
    done: list[str] = []

    def compared(*_: object) -> PairAnalysisContent:
        done.append("comparison")
        return MEASURED

    def made(sent: Submission, home: Path, heed: Heed, language: str) -> NewPlan:
        done.append("plan")
        return planned(sent, home, heed, language)

    grade(clinics, begun)
    consultation = begin_consultation(clinics.repositories())
    client = clinics.browser(Role.CLINICIAN)
    asked = client.post(f"/consultations/{consultation.id}/plan", data=LEAST | {"revision": "1"})
    assert asked.status_code == 303
    clinics.work(made, compared)
    assert done == ["plan", "comparison"]


def test_a_comparison_that_waits_goes_with_its_patient(clinics: Clinics, begun: FollowUp) -> None:
    grade(clinics, begun)
    pair = begun.pairs[0].id
    assert clinics.repositories().jobs.find_last(PAIR_JOB, "pair", pair) is not None
    clinics.repositories(Role.OWNER).erasure.erase(patient_of(clinics, begun), retention_years=0)
    assert clinics.repositories().jobs.find_last(PAIR_JOB, "pair", pair) is None


def test_the_result_can_be_read_on_a_phone_and_on_a_desk(clinics: Clinics, begun: FollowUp, browser: Browser) -> None:
    grade(clinics, begun)
    nevus = replace(GONE, kind="dark-spots", outcome="new", needs_examination=True)
    content = replace(MEASURED, marks=(GONE, nevus))
    clinics.work(measure=lambda *_: content)
    with served(clinics.app) as address, opened_page(browser) as opened:
        sign_in(opened, address, "clinician")
        opened.goto(f"{address}/follow-ups/{begun.id}")
        opened.get_by_text("Each mark").press("Enter")
        expect(opened.get_by_text("A doctor must examine the marked spots")).to_be_visible()
        expect(opened.get_by_role("row").filter(has_text="a doctor must see it")).to_have_count(1)
        looked_at(opened, "measured")


def test_a_pair_that_cannot_be_compared_tells_why(clinics: Clinics, begun: FollowUp) -> None:
    grade(clinics, begun)
    clinics.work(measure=lambda *_: REFUSED)
    assert "mirror image of the other" in page(clinics, begun)


def test_what_fails_tells_why_and_can_be_asked_for_again(clinics: Clinics, begun: FollowUp) -> None:
    def fails(_home: Path, _heed: Heed, _language: str) -> PairAnalysisContent:
        raise InputError("unreadable", "the photograph is truncated", field="photograph", hint="Send it again.")

    grade(clinics, begun)
    clinics.work(measure=fails)
    shown = page(clinics, begun)
    assert "The comparison failed: the photograph is truncated." in shown
    assert "Send it again." in shown
    path = f"/follow-ups/{begun.id}/pairs/{begun.pairs[0].id}/analysis"
    assert path in shown
    assert clinics.browser(Role.ASSISTANT).post(path, data={"x": "y"}).status_code == 403
    assert clinics.browser(Role.CLINICIAN).post(path, data={"x": "y"}).status_code == 303
    clinics.work(measure=measured)
    assert "1 gone" in page(clinics, begun)


def test_a_killed_process_loses_nothing_and_a_second_result_changes_nothing(clinics: Clinics, begun: FollowUp) -> None:
    times: list[int] = []

    def breaks(home: Path, heed: Heed, language: str) -> PairAnalysisContent:
        times.append(1)
        if len(times) < MOST_ATTEMPTS:
            raise ProcessEndedError("killed")
        return measured(home, heed, language)

    grade(clinics, begun)
    clinics.work(measure=breaks)
    repositories = clinics.repositories()
    (first,) = repositories.pair_analyses.of(begun.id)
    assert first.content == MEASURED
    assert repositories.pair_analyses.add(begun.id, begun.pairs[0].id, REFUSED) == first


def test_a_program_that_ends_gives_the_comparison_back(clinics: Clinics, begun: FollowUp) -> None:
    started = threading.Event()

    def slow(_home: Path, heed: Heed, _language: str) -> PairAnalysisContent:
        started.set()
        while True:
            heed("")

    grade(clinics, begun)
    worker = PlanWorker(clinics.database, measure=slow)
    worker.start()
    assert started.wait(10)
    worker.stop()
    assert clinics.repositories().pair_analyses.of(begun.id) == ()
    clinics.work(measure=measured)
    assert "1 gone" in page(clinics, begun)


def test_photographs_reach_the_process_in_their_order(clinics: Clinics, begun: FollowUp) -> None:
    seen: dict[str, tuple[int, int, int]] = {}

    def look(home: Path, _heed: Heed, _language: str) -> PairAnalysisContent:
        for name in (BEFORE_FILE, AFTER_FILE):
            with Image.open(home / name) as image:
                seen[name] = image.convert("RGB").getpixel((5, 5))  # type: ignore[assignment]
        return MEASURED

    grade(clinics, begun)
    clinics.work(measure=look)
    assert seen[BEFORE_FILE][1] < 50 < seen[AFTER_FILE][1]  # red, then pink


# The process itself.


def put_pair(home: Path) -> None:
    with Image.open(ROOT / "examples" / "first-consultation" / "face.jpg") as face:
        larger = face.resize((2 * face.width, 2 * face.height))
        larger.save(home / BEFORE_FILE, "JPEG", quality=95)
        larger.filter(ImageFilter.GaussianBlur(0.6)).save(home / AFTER_FILE, "JPEG", quality=90)


@pytest.mark.check  # the process reads two portraits
def test_the_process_compares_two_portraits(tmp_path: Path) -> None:
    put_pair(tmp_path)
    content = measure_pair_in_subprocess(tmp_path, lambda _: None)
    assert content.refusal is None
    assert {mark.outcome for mark in content.marks} <= {"unchanged", "not-told"}
    assert json.loads(PAIR_ANALYSIS_CONTENT.to_json(content))  # fits into its column


@pytest.mark.check  # a process is begun
def test_what_is_no_picture_comes_back_as_a_fault(tmp_path: Path) -> None:
    put_pair(tmp_path)
    (tmp_path / AFTER_FILE).write_bytes(b"no picture")
    with pytest.raises(InputError) as fault:
        measure_pair_in_subprocess(tmp_path, lambda _: None)
    assert fault.value.field == "photograph"


@pytest.mark.check  # a process is begun
def test_a_process_that_is_killed_is_reported_as_that(tmp_path: Path) -> None:
    put_pair(tmp_path)

    def kill(_: str) -> None:
        for line in Path("/proc").glob("[0-9]*/cmdline"):
            with suppress(OSError):
                if str(tmp_path).encode() in line.read_bytes():
                    os.kill(int(line.parent.name), signal.SIGKILL)

    with pytest.raises(ProcessEndedError):
        measure_pair_in_subprocess(tmp_path, kill)
