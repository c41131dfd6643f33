"""The forms of `records export` and `records import`: each a function, whose library is asked for first."""

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

from skinbeam.cli.told import not_built
from skinbeam.errors import unknown_name
from skinbeam.messages import text
from skinbeam.records.faults import fault

if TYPE_CHECKING:
    from skinbeam.records.desk.desk import Desk
    from skinbeam.records.kept import Patient

__all__ = ["Exported", "exporter", "importer"]

Exported = tuple[bytes, dict[str, Any]]  # the content, and what is told of it
_Import = Callable[["Desk"], tuple["Patient", dict[str, list[str]]]]  # the new patient, and what does not hold here
_Export = Callable[["Desk", str], Exported]  # the desk, and the name of the patient


def exporter(form: str, pseudonym: str) -> _Export:
    """Return what writes a patient's records, or those of the clinic, in a form.

    Raises
    ------
    InputError : `unknown-form`, or a pseudonym that is missing or too much.
    NotAvailable : the library of the form is not installed.
    """
    if form not in _FORMS:
        raise unknown_name("form", form, _FORMS, field="--as")
    if pseudonym and form in _OF_THE_CLINIC:
        raise fault("of-the-clinic", "PSEUDONYM", form=form)
    if not pseudonym and form not in _OF_THE_CLINIC:
        raise fault("of-one", "PSEUDONYM", form=form)
    try:
        return _FORMS[form]()
    except ModuleNotFoundError as error:
        _missing(error, "parquet" if form == "parquet" else "exchange")


def importer(content: bytes) -> _Import:
    """Return what takes in what `records export` has written: a Bundle of FHIR, which is text, or a copy.

    Raises
    ------
    InputError : it is a Bundle of which not all can be kept.
    NotAvailable : the library of FHIR is not installed.
    """
    if not content.lstrip().startswith(b"{"):
        return lambda desk: (desk.copies.take_in(content), {})
    try:
        from skinbeam.exchange.fhir.whole import whole_dossier
    except ModuleNotFoundError as error:
        _missing(error, "exchange")
    dossier = whole_dossier(content)
    consents = [consent for one in dossier.consultations for consent, _ in one.consents]
    told = {
        "consents_void": [consent.id for consent in consents if consent.void_reason is None],
        "documents_left_out": [consent.document for consent in consents if consent.document is not None],
    }
    return lambda desk: (desk.arrivals.take_in(dossier), {name: held for name, held in told.items() if held})


def _missing(error: ModuleNotFoundError, group: str) -> NoReturn:
    line = f'{sys.executable} -m pip install "skinbeam[{group}]"'
    not_built("records", text("exchange.missing", {"name": error.name, "line": line}))


def _copy() -> _Export:
    return lambda desk, patient: (desk.copies.make(patient), {})


def _fhir() -> _Export:
    from skinbeam.exchange.fhir.bundle import bundle_of
    from skinbeam.exchange.handed_on import handed_on

    def export(desk: "Desk", patient: str) -> Exported:
        handed = handed_on(desk.dossiers.of(patient, "fhir"))
        return bundle_of(handed, desk.member.clinic), _unread(handed.unread)

    return export


def _dicom() -> _Export:
    from skinbeam.exchange.dicom import dicom_files
    from skinbeam.exchange.handed_on import handed_on

    def export(desk: "Desk", patient: str) -> Exported:
        content, unread = dicom_files(handed_on(desk.dossiers.of(patient, "dicom")))
        return content, _unread(unread)

    return export


def _csv() -> _Export:
    from skinbeam.exchange.tables import as_csv, rows_of

    return lambda desk, _: (as_csv(rows_of(desk.dossiers.plans("csv"))), {})


def _parquet() -> _Export:
    from skinbeam.exchange.parquet import as_parquet
    from skinbeam.exchange.tables import rows_of

    return lambda desk, _: (as_parquet(rows_of(desk.dossiers.plans("parquet"))), {})


def _released(form: str) -> _Export:
    """A table for a reviewed release, with the entry of the bibliography that its source key needs."""
    from skinbeam.app.clinic.learning.evidence_table import evidence_table
    from skinbeam.app.clinic.learning.judged import Reader
    from skinbeam.app.clinic.learning.practice_table import practice_table
    from skinbeam.app.clinic.learning.released import entry_of

    def export(desk: "Desk", _: str) -> Exported:
        read, pseudonym = Reader().exported(desk, form)
        table = (practice_table if form == "practice" else evidence_table)(read, f"clinic{pseudonym}")
        told = {"rows": table.rows, "people": table.people, "people_left_out": table.left_out}
        return table.content, told | {"bibliography": entry_of(f"clinic{pseudonym}")}

    return export


def _unread(photographs: tuple[str, ...]) -> dict[str, Any]:
    return {"photographs_left_out": list(photographs)} if photographs else {}


_FORMS: dict[str, Callable[[], _Export]] = {
    "copy": _copy,
    "fhir": _fhir,
    "dicom": _dicom,
    "csv": _csv,
    "parquet": _parquet,
    "practice": lambda: _released("practice"),
    "evidence": lambda: _released("evidence"),
}
_OF_THE_CLINIC = ("csv", "parquet", "practice", "evidence")
