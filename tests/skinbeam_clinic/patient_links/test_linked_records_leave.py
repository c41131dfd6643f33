"""Two records of one person in copies, exports, Bundles and erasures."""

import io
import json
import zipfile

import pytest
from document_samples import LETTER, PDF
from record_samples import ANSWERS, import_copy
from sqlalchemy import text
from test_patient_links import patients, spot

from skinbeam.model.errors import InputError
from skinbeam_clinic.accounts.repository import create_clinic
from skinbeam_clinic.clinic_transfer.mapping import ImportKind
from skinbeam_clinic.clinic_transfer.planning import ImportFile
from skinbeam_clinic.clinic_transfer.preview import plan_files
from skinbeam_clinic.consultations.forms import Submission
from skinbeam_clinic.database.connection import Database
from skinbeam_clinic.database.verification import verify_database
from skinbeam_clinic.exchange.deidentification import deidentify_dossier
from skinbeam_clinic.exchange.fhir.bundle import make_bundle, parse_whole_bundle, read_bundle
from skinbeam_clinic.patients.recorded_history import read_history
from skinbeam_clinic.repositories import ClinicRepositories

TYPED = Submission(
    (
        ("session.0.week", "0"),
        ("session.0.treats", "redness"),
        ("session.0.device", "pulsed-dye-595"),
        ("session.0.fluence_J_cm2", "9"),
        ("session.0.adverse", "burn"),
    )
)


@pytest.fixture
def linked(repositories: ClinicRepositories) -> tuple[str, str]:
    """A closed record with a blister after a spot, a note and a file, and the one that is kept in its place."""
    closed, kept = patients(repositories, 2)
    repositories.patients.set_contact(closed, {"name": "Ann Maier", "born": "1980-04-03"})
    repositories.patients.set_contact(kept, {"name": "Ann Huber", "born": "1980-04-03"})
    spot(repositories, repositories.consultations.begin(closed, TYPED).id, "blister")
    repositories.consultations.begin(kept, ANSWERS)
    repositories.notes.add(closed, "Calm.")
    repositories.attachments.add(closed, PDF, **LETTER)
    repositories.patient_links.link(closed, kept, "Married.")
    return closed, kept


def read_copy(content: bytes) -> dict:  # type: ignore[type-arg]
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        found: dict = json.loads(archive.read("record.json"))  # type: ignore[type-arg]
        assert all(one["file"] in archive.namelist() for one in found["attachments"])
    return found


def test_the_copy_of_the_kept_record_has_both_and_another_clinic_makes_one_patient(
    database: Database, repositories: ClinicRepositories, linked: tuple[str, str]
) -> None:
    closed, kept = linked
    content = repositories.patient_copies.make(kept)
    copy = read_copy(content)
    assert {one["patient_id"] for one in copy["consultations"]} == {closed, kept}
    assert [one["contact"]["name"] for one in copy["replaced"]] == ["Ann Maier"]
    assert [one["reason"] for one in copy["links"]] == ["Married."]
    assert (len(copy["notes"]), len(copy["attachments"])) == (1, 1)
    other = ClinicRepositories(database, create_clinic(database, "Hill Clinic"))
    taken = import_copy(other, content)
    assert len(other.consultations.of(taken.id)) >= 2
    reactions = [getattr(fact.row, "reaction", "") for fact in read_history(other, taken.id).facts]
    assert "blister" in reactions, "the reaction in the duplicate reaches the plans of the other clinic"
    newest = other.consultations.of(taken.id)[-1].answers
    assert any("burn" in value for _, value in newest.entries), "so do the sessions that were typed there"


def test_a_link_that_was_undone_is_in_no_copy_since_it_is_about_somebody_else(
    repositories: ClinicRepositories, linked: tuple[str, str]
) -> None:
    closed, kept = linked
    repositories.patient_links.undo(repositories.patient_links.of(kept)[0].id, "Two persons.")
    for id in linked:
        copy = read_copy(repositories.patient_copies.make(id))
        assert (copy["links"], copy["replaced"]) == ([], [])
        assert {one["patient_id"] for one in copy["consultations"]} == {id}
    assert closed != kept


def test_a_bundle_of_either_record_names_the_other_and_is_read_back(repositories: ClinicRepositories) -> None:
    linked = patients(repositories, 2)
    for one in linked:
        repositories.consultations.begin(one, ANSWERS)
    repositories.patient_links.link(*linked, "One person.")
    names = [repositories.patients.get(id).pseudonym for id in linked]
    told = {linked[0]: ("replaced-by", False, names[1]), linked[1]: ("replaces", True, names[0])}
    for id, (relation, is_active, other) in told.items():
        bundle = make_bundle(deidentify_dossier(repositories.dossiers.export(id, "fhir")), "Harbour Clinic")
        resources = [entry["resource"] for entry in json.loads(bundle)["entry"]]
        (patient,) = [one for one in resources if one["resourceType"] == "Patient"]
        (link,) = patient["link"]
        assert (patient["active"], link["type"]) == (is_active, relation)
        assert link["other"]["identifier"]["value"] == other
        assert "reference" not in link["other"], "no reference leads out of a Bundle"
        (read,) = read_bundle(bundle).links
        assert (read.relation, read.pseudonym) == (relation, other)
        with pytest.raises(InputError, match=r"Patient\.link"):
            parse_whole_bundle(bundle)  # the other record, and what was done there, are not in it


def test_an_erasure_is_of_the_person_and_leaves_nothing_of_either_record(
    database: Database, repositories: ClinicRepositories, linked: tuple[str, str]
) -> None:
    closed, kept = linked
    before = repositories.erasure.preview(kept, retention_years=10)
    assert (before.consultations, before.notes, before.attachments) == (2, 1, 1)
    assert repositories.erasure.erase(kept, retention_years=10) is not None
    assert repositories.patients.get_contact(closed) is None
    assert repositories.patients.get_contact(kept) is None
    assert repositories.patients.identity_erased_at(closed) is not None
    assert {fact.record.partition("/")[0] for fact in read_history(repositories, kept).facts} == {
        "consultation",
        "test_spot",
    }
    assert repositories.erasure.erase(kept, retention_years=0) is None
    assert all(repositories.patients.get(id).erased_at for id in linked)
    with database.reading() as session:
        for table in ("consultation", "clinical_note", "attachment", "patient_link", "contact"):
            assert session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() == 0, table
    (checked,) = verify_database(database)
    assert (checked.findings, checked.spare_files) == ((), 0)


def test_the_years_to_keep_count_from_the_last_entry_in_any_record_of_the_person(
    repositories: ClinicRepositories,
) -> None:
    old, new = patients(repositories, 2)
    repositories.consultations.begin(new, ANSWERS)
    repositories.patient_links.link(new, old, "One person.")
    assert repositories.erasure.list_erasable(retention_years=1) == ()
    (due,) = repositories.erasure.list_erasable(retention_years=0)
    assert due.id == old, "the record that is kept, once"
    assert repositories.erasure.preview(old, retention_years=1).retain_until is not None


def test_tables_for_statistics_and_outcomes_have_one_person(
    repositories: ClinicRepositories, linked: tuple[str, str]
) -> None:
    closed, kept = linked
    dossiers = {one.patient.id: one for one in repositories.dossiers.plans("csv")}
    assert closed not in dossiers
    assert {one.consultation.patient_id for one in dossiers[kept].consultations} == {closed, kept}


def test_an_import_whose_patient_is_linked_is_not_undone(repositories: ClinicRepositories) -> None:
    file = ImportFile(ImportKind.PATIENTS, "patients.csv", b"pseudonym\nIMPORTED-1\n")
    made = repositories.imports.write(plan_files([file], None))
    (imported,) = repositories.patients.list_all()
    repositories.patient_links.link(repositories.patients.add().id, imported.id, "One person.")
    with pytest.raises(InputError) as found:
        repositories.imports.undo(made.id)
    assert found.value.code == "import-in-use"
