"""What a clinic hands to a reviewed release: our own readers take it, counts are right, nobody can be recognised."""

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from clinic_samples import PASSWORD
from clinic_year import year

from skinbeam.evidence.studies.trial_arm import Arm
from skinbeam.evidence.studies.trial_table import read_arms
from skinbeam.laser.device import read_catalogue_file
from skinbeam.model.estimate import Unknown
from skinbeam.model.package_data import load_package_text
from skinbeam.model.sources import BibliographyEntry, bibliography
from skinbeam.outcome_audit.outcomes import AuditedCourse, ObservedOutcome, PredictedOutcome
from skinbeam.published_doses.rows import PracticeRow, read_practice_rows
from skinbeam_clinic.accounts.repository import clinic_operator
from skinbeam_clinic.database.encryption import KEY_VARIABLE, generate_key
from skinbeam_clinic.database.revisions import open_database, upgrade_database
from skinbeam_clinic.follow_ups.models import ImprovementRange
from skinbeam_clinic.machines.clinic_devices import ClinicDevices, OwnDevice
from skinbeam_clinic.outcome_audit.comparison import ClinicOutcomes, CourseComparison, OutcomeReader, PlanPrediction
from skinbeam_clinic.outcome_audit.dose_table import make_practice_table
from skinbeam_clinic.outcome_audit.evidence_table import make_evidence_table
from skinbeam_clinic.outcome_audit.release import FEWEST_PEOPLE, ReleaseTable, bibliography_entry
from skinbeam_clinic.outcome_audit.repository import CourseOutcome, FiredSettings
from skinbeam_clinic.pulse_settings import PulseSettings
from skinbeam_clinic.repositories import ClinicRepositories
from skinbeam_clinic.used_cooling import CoolingKind

SOURCE = "clinicabcdefgh"
NOT_ASKED = Unknown("nobody asked")
DYE = FiredSettings("pulsed-dye-595", PulseSettings(fluence_J_cm2=8.0, pulse_ms=6.0, spot_mm=7.0), 1)
COLUMNS = FiredSettings("fractional-co2-10600", PulseSettings(energy_mJ=15.0, density_per_cm2=150.0), 2)


def course(
    person: str, phototype: str | Unknown = "II", *, fired: FiredSettings = DYE, better: float = 50.0, harms: str = ""
) -> CourseComparison:
    vein = fired.settings.spot_mm == DYE.settings.spot_mm
    condition, modality = ("facial-telangiectasia", "vascular") if vein else ("acne-scars", "fractional-ablative")
    foretold = PredictedOutcome(NOT_ASKED, {}, NOT_ASKED, NOT_ASKED)
    prediction = PlanPrediction(condition, modality, "cheeks", "moderate", phototype, foretold)
    named = frozenset(harms.split())
    graded = ImprovementRange(better, better + 25, "physician")
    outcome = CourseOutcome(person, "plan", "0.0", frozenset({"ann"}), 3, 4.0, graded, named, 2.0, (fired,) * 3)
    seen = AuditedCourse(
        person, condition, modality, "cheeks", phototype, "ann", foretold, ObservedOutcome(better >= 50, named)
    )
    return CourseComparison(outcome, prediction, seen)


def read_of(*courses: CourseComparison) -> ClinicOutcomes:
    return ClinicOutcomes(len(courses), len({one.course.patient_id for one in courses}), courses, {})


@pytest.fixture(autouse=True)
def _known_source(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {**bibliography(), SOURCE: BibliographyEntry(SOURCE, "misc")}
    monkeypatch.setattr("skinbeam.model.csv_rows.source_keys", lambda: known)


def doses(table: ReleaseTable) -> tuple[PracticeRow, ...]:
    return read_practice_rows(table.content.decode())


def arms(table: ReleaseTable) -> tuple[Arm, ...]:
    return read_arms(table.content.decode())


def test_no_name_of_a_device_that_a_clinic_describes_leaves_it() -> None:
    """Its title may name a room, a street or the doctor; its light and doses are told as of any other device."""
    text = read_catalogue_file("pulsed-dye-595").replace(b'title = "', b'title = "Harbour Clinic, ', 1).decode()
    own = OwnDevice("1", "harbour-room-2", text, datetime(2026, 1, 2, tzinfo=UTC), "ann", None)
    known = ClinicDevices((own,))
    used = replace(DYE, device=own.name, settings=replace(DYE.settings, wavelength_nm=None))
    read = replace(read_of(*[course(f"p{i}", fired=used) for i in range(12)]), devices=known)
    for make in (make_practice_table, make_evidence_table):
        table = make(read, SOURCE).content.decode()
        assert "595" in table
        assert "arbour" not in table


def test_doses_and_harms_are_read_by_our_own_reader() -> None:
    dyed = [course(f"p{i}", harms="blister pih" if i < 2 else "pih infection" if i == 2 else "") for i in range(12)]
    table = make_practice_table(read_of(*dyed), SOURCE)
    assert table.content.decode().partition("\n")[0] == load_package_text("data/practice.csv").partition("\n")[0]
    blister, pih = doses(table)
    assert (blister.condition, blister.phototype, blister.wavelength_nm) == ("facial-telangiectasia", "II", 595.0)
    assert (blister.patients, blister.treatments, blister.sessions) == (12, 36, (3.0, 3.0))
    assert (blister.fluence_J_cm2, blister.pulse_ms, blister.spot_mm) == ((8.0, 8.0), (6.0, 6.0), (7.0, 7.0))
    assert blister.harm is not None
    assert blister.harm.counts_skin_injury
    assert (blister.harm.kind, blister.harm.events, blister.harm.total, blister.harm.unit) == (
        "blister",
        2,
        12,
        "patients",
    )
    assert pih.harm is not None
    assert (pih.harm.kind, pih.harm.events) == ("pih", 3)
    assert "infection: 1 of 12" in pih.note, "the table of doses has no word for it"


@pytest.mark.parametrize(
    ("used", "told"),
    [
        ([kind], kind.value if kind.is_modelled else "")  # the table has no word for gel and ice
        for kind in CoolingKind
    ]
    + [([None], ""), ([CoolingKind.SPRAY, None], ""), ([CoolingKind.SPRAY, CoolingKind.NONE], "")],
)
def test_the_cooling_is_told_where_every_area_had_the_same(used: list[CoolingKind | None], told: str) -> None:
    fired = [replace(DYE, cooling=used[i % len(used)]) for i in range(12)]
    rows = doses(make_practice_table(read_of(*(course(f"p{i}", fired=one) for i, one in enumerate(fired))), SOURCE))
    assert {row.cooling for row in rows} == {told}


def test_that_nobody_was_harmed_is_a_count() -> None:
    rows = doses(make_practice_table(read_of(*(course(f"p{i}", fired=COLUMNS) for i in range(10))), SOURCE))
    assert {row.harm.kind: (row.harm.events, row.harm.total) for row in rows if row.harm} == {
        "blister": (0, 10),
        "pih": (0, 10),
    }
    assert all(row.microbeams and row.microbeam_mJ == (15.0, 15.0) and row.density_of == "pass" for row in rows)


def test_outcomes_are_read_by_our_own_reader() -> None:
    better = [75.0] * 3 + [50.0] * 4 + [25.0] * 2 + [0.0, -100.0]
    table = make_evidence_table(
        read_of(*(course(f"p{i}", better=low, harms="scar") for i, low in enumerate(better))), SOURCE
    )
    assert table.content.decode().partition("\n")[0] == load_package_text("data/studies.csv").partition("\n")[0]
    (arm,) = arms(table)
    assert arm.is_fitted
    assert arm.bins == ((75.0, 3), (50.0, 4), (25.0, 2), (None, 2))
    assert (arm.patients, arm.graded_count, arm.count_reaching(50.0), arm.unit) == (11, 11, 7, "patients")
    assert (arm.pih and (arm.pih.events, arm.pih.patients), arm.harms["scar"].events) == ((0, 11), 11)
    assert (arm.rater, arm.fluence_J_cm2, arm.followup_months) == ("physician", (8.0, 8.0), 4.0)


def test_who_was_treated_twice_is_one_patient_with_two_areas() -> None:
    twice = [course(f"p{i % 10}") for i in range(12)]
    (arm,) = arms(make_evidence_table(read_of(*twice), SOURCE))
    assert (arm.patients, arm.units, arm.unit) == (10, 12, "areas")


def test_neighbouring_phototypes_are_put_together_until_there_are_enough() -> None:
    few = [course(f"a{i}", "I") for i in range(4)] + [course(f"b{i}", "II") for i in range(7)]
    more = [course(f"c{i}", "III") for i in range(10)] + [course(f"d{i}", "V") for i in range(3)]
    rows = doses(make_practice_table(read_of(*few, *more), SOURCE))
    assert {(row.phototype, row.patients) for row in rows} == {("I-II", 11), ("III-V", 13)}


def test_whom_few_others_are_like_is_left_out_and_counted() -> None:
    few = [course(f"a{i}", fired=COLUMNS) for i in range(FEWEST_PEOPLE - 1)]
    unknown = [course("u", Unknown("nobody looked"))]
    table = make_practice_table(read_of(*few, *unknown, *(course(f"b{i}") for i in range(FEWEST_PEOPLE))), SOURCE)
    assert {row.wavelength_nm for row in doses(table)} == {595.0}
    assert (table.people, table.people_left_out) == (FEWEST_PEOPLE, FEWEST_PEOPLE)
    assert make_evidence_table(read_of(*few), SOURCE).people_left_out == FEWEST_PEOPLE - 1


@pytest.mark.parametrize("seed", range(20))
def test_no_row_is_of_fewer_people_than_may_be(seed: int) -> None:
    chance = random.Random(seed)
    some = [
        course(
            f"p{chance.randrange(60)}", chance.choice(("I", "II-III", "IV", "VI")), fired=chance.choice((DYE, COLUMNS))
        )
        for _ in range(chance.randrange(1, 90))
    ]
    read = read_of(*some)
    table, outcomes = make_practice_table(read, SOURCE), make_evidence_table(read, SOURCE)
    assert all((row.patients or 0) >= FEWEST_PEOPLE for row in (*doses(table), *arms(outcomes)))
    for one in (table, outcomes):
        assert one.people + one.people_left_out == read.people


@pytest.mark.check
def test_the_command_names_nobody_and_no_clinic(
    run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    house, environment = (
        "Synthetic House",
        {KEY_VARIABLE: generate_key(), "SKINBEAM_DB": str(tmp_path / "clinic.sqlite")},
    )
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    upgrade_database(environment["SKINBEAM_DB"], environment)
    database = open_database(environment["SKINBEAM_DB"], environment)
    year(database, house, PASSWORD, people=120)
    repositories = ClinicRepositories(database, clinic_operator(database, house))
    read = OutcomeReader().read(repositories)
    names = [house, *read.names.values(), *read.names, *(one.course.patient_id for one in read.comparisons), "P000"]
    for form in ("practice", "evidence"):
        files = [tmp_path / f"{form}-{again}" for again in ("one", "two")]
        for file in files:
            ran = run("records", "export", "--clinic", house, "--as", form, "-o", str(file), "--json")
            assert ran.code == 0, ran.err
        written = files[0].read_text(encoding="utf-8")
        assert written == files[1].read_text(encoding="utf-8"), "the pseudonym stays"
        assert not [name for name in names if name in written or name in ran.document["bibliography"]]
        assert ran.document["rows"] == written.count("\n") - 1 > 0
        assert ran.document["people"] + ran.document["people_left_out"] == read.people - read.without_follow_up
        key = ran.document["bibliography"].partition("{")[2].partition(",")[0]
        assert bibliography_entry(key) == ran.document["bibliography"]
        assert f",{key}," in written
    assert [step.action for step in repositories.audit_log.newest(50)].count("outcomes.exported") == 4
    database.close()
