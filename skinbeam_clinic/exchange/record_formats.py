"""The formats of `records export` and `records import`: functions that load their libraries only when needed."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from skinbeam.cli.common import raise_not_built
from skinbeam.model.errors import unknown_name_error
from skinbeam.text import render_message
from skinbeam_clinic.errors import clinic_error
from skinbeam_clinic.exchange.copied_patient import parse_copy
from skinbeam_clinic.exchange.record_moments import check_moments

if TYPE_CHECKING:
    from skinbeam_clinic.models import Dossier, PatientRecord
    from skinbeam_clinic.repositories import ClinicRepositories

__all__ = ["ExportFacts", "ExportResult", "make_bundler", "make_exporter", "make_importer"]


@dataclass(frozen=True)
class ExportFacts:
    """What is told about an export besides its content; what does not apply to its format is None."""

    rows: int | None = None
    people: int | None = None
    people_left_out: int | None = None
    bibliography: str | None = None
    photographs_left_out: tuple[str, ...] | None = None


ExportResult = tuple[bytes, ExportFacts]
_Import = Callable[
    ["ClinicRepositories"], tuple["PatientRecord", Mapping[str, Any]]
]  # the new patient, and what was voided or left out
_Export = Callable[["ClinicRepositories", str], ExportResult]  # the repositories, and the patient's id


def make_exporter(file_format: str, pseudonym: str) -> _Export:
    """Return a function that exports a patient's records, or those of the clinic, in a format.

    Raises
    ------
    InputError : `unknown-form`, or a pseudonym that is missing or too much.
    NotAvailable : the library of the format is not installed.
    """
    if file_format not in _EXPORTERS:
        raise unknown_name_error("form", file_format, _EXPORTERS, field="--as")
    if pseudonym and file_format in _CLINIC_FORMATS:
        raise clinic_error("of-the-clinic", "PSEUDONYM", form=file_format)
    if not pseudonym and file_format not in _CLINIC_FORMATS:
        raise clinic_error("of-one", "PSEUDONYM", form=file_format)
    try:
        return _EXPORTERS[file_format]()
    except ModuleNotFoundError as error:
        _raise_missing_group(error, "parquet" if file_format == "parquet" else "exchange")


def make_importer(content: bytes) -> _Import:
    """Return a function that imports an output of `records export`: a FHIR Bundle, which is text, or a copy.

    Raises
    ------
    InputError : it is neither, or a Bundle of which not everything can be stored; `impossible-moment`.
    NotAvailable : the FHIR library is not installed.
    """
    if not content.lstrip().startswith(b"{"):
        copied = parse_copy(content)
        check_moments(copied.dossier, "copy")
        left_out = {"left_out": copied.left_out} if copied.left_out else {}
        return lambda repositories: (
            repositories.dossier_importer.import_dossier(copied.dossier, copied.contact),
            left_out,
        )
    try:
        from skinbeam_clinic.exchange.fhir.bundle import parse_whole_bundle
    except ModuleNotFoundError as error:
        _raise_missing_group(error, "exchange")
    dossier = parse_whole_bundle(content)
    check_moments(dossier, "bundle")
    consents = [consent for consultation in dossier.consultations for consent, _ in consultation.consents]
    counts = {
        "consents_void": [consent.id for consent in consents if consent.void_reason is None],
        "documents_left_out": [consent.document for consent in consents if consent.document is not None],
        "notes_left_out": [note.id for note in dossier.notes],
        "attachments_left_out": [attachment.id for attachment, _ in dossier.attachments],
    }
    return lambda repositories: (
        repositories.dossier_importer.import_dossier(dossier),
        {name: held for name, held in counts.items() if held},
    )


def _raise_missing_group(error: ModuleNotFoundError, group: str) -> NoReturn:
    line = f'{sys.executable} -m pip install "skinbeam-clinic[{group}]"'
    raise_not_built("records", render_message("exchange.missing", {"name": error.name, "line": line}))


def _copy_exporter() -> _Export:
    return lambda repositories, patient: (repositories.patient_copies.make(patient), ExportFacts())


def _fhir_exporter() -> _Export:
    bundle = make_bundler()
    return lambda repositories, patient: bundle(
        repositories.dossiers.export(patient, "fhir"), repositories.member.clinic
    )


def make_bundler() -> Callable[["Dossier", str], ExportResult]:
    """Return a function that makes the Bundle of a dossier of a clinic.

    Raises
    ------
    NotAvailable : the FHIR library is not installed.
    """
    try:
        from skinbeam_clinic.exchange.deidentification import deidentify_dossier
        from skinbeam_clinic.exchange.fhir.bundle import make_bundle
    except ModuleNotFoundError as error:
        _raise_missing_group(error, "exchange")

    def bundle(dossier: "Dossier", clinic: str) -> ExportResult:
        handed = deidentify_dossier(dossier)
        facts = ExportFacts(photographs_left_out=handed.unreadable_photograph_ids or None)
        return make_bundle(handed, clinic), facts

    return bundle


def _dicom_exporter() -> _Export:
    from skinbeam_clinic.exchange.deidentification import deidentify_dossier
    from skinbeam_clinic.exchange.dicom import make_dicom_archive

    def export(repositories: "ClinicRepositories", patient: str) -> ExportResult:
        handed = deidentify_dossier(repositories.dossiers.export(patient, "dicom"))
        if not handed.unreadable_photograph_ids and not any(one.photographs for one in handed.dossier.consultations):
            raise clinic_error("no-photographs", "patient")
        content, unread = make_dicom_archive(handed)
        return content, ExportFacts(photographs_left_out=unread or None)

    return export


def _csv_exporter() -> _Export:
    from skinbeam_clinic.exchange.plan_option_table import plan_option_csv, plan_option_rows

    return lambda repositories, _: (
        plan_option_csv(plan_option_rows(repositories.dossiers.plans("csv"))),
        ExportFacts(),
    )


def _parquet_exporter() -> _Export:
    from skinbeam_clinic.exchange.parquet import write_parquet
    from skinbeam_clinic.exchange.plan_option_table import plan_option_rows

    return lambda repositories, _: (
        write_parquet(plan_option_rows(repositories.dossiers.plans("parquet"))),
        ExportFacts(),
    )


def _release_exporter(form: str) -> _Export:
    """Return an exporter of a table for a reviewed release, with the bibliography entry that its source key needs."""
    from skinbeam_clinic.outcome_audit.comparison import OutcomeReader
    from skinbeam_clinic.outcome_audit.dose_table import make_practice_table
    from skinbeam_clinic.outcome_audit.evidence_table import make_evidence_table
    from skinbeam_clinic.outcome_audit.release import bibliography_entry

    def export(repositories: "ClinicRepositories", _: str) -> ExportResult:
        read, pseudonym = OutcomeReader().read_for_export(repositories, form)
        table = (make_practice_table if form == "practice" else make_evidence_table)(read, f"clinic{pseudonym}")
        entry = bibliography_entry(f"clinic{pseudonym}")
        return table.content, ExportFacts(table.rows, table.people, table.people_left_out, entry)

    return export


_EXPORTERS: dict[str, Callable[[], _Export]] = {
    "copy": _copy_exporter,
    "fhir": _fhir_exporter,
    "dicom": _dicom_exporter,
    "csv": _csv_exporter,
    "parquet": _parquet_exporter,
    "practice": lambda: _release_exporter("practice"),
    "evidence": lambda: _release_exporter("evidence"),
}
_CLINIC_FORMATS = ("csv", "parquet", "practice", "evidence")
