"""Routes of links between two records of one person: look for the other one, compare both, link them, undo a link."""

from fastapi.responses import Response

from skinbeam.model.errors import InputError
from skinbeam.text import Formatter
from skinbeam_clinic.errors import catalogue_error
from skinbeam_clinic.patient_links.comparison import compare_facts, summarize_record
from skinbeam_clinic.patients.routes import show_patient
from skinbeam_clinic.web.request import ClinicRequest, check_name, skips_altered_rows
from skinbeam_clinic.web.routing import ClinicRouter

__all__ = ["add_patient_link_routes"]

_MOST_FOUND = 20


def add_patient_link_routes(router: ClinicRouter) -> None:
    """Open the routes of links between records."""
    router.add("GET", "/patients/{patient}/duplicate", _show_search, only_reads=True)
    router.add("POST", "/patients/{patient}/duplicate", _show_search)
    router.add("GET", "/patients/{duplicate}/duplicate/{kept}", _show_comparison, only_reads=True)
    router.add("POST", "/patients/{duplicate}/duplicate/{kept}", _link_records, form=_show_comparison)
    router.add("POST", "/patient-links/{patient_link}/undoing", _undo_link, form=_show_refused_undoing)


@skips_altered_rows
def _show_search(request: ClinicRequest) -> Response:
    """Answer with the records that are found; at first, with those that have the same date of birth."""
    id, repositories = request.path_parameter("patient"), request.repositories
    patient, asked = repositories.patients.get(id), request.text("pseudonym")
    hidden = request.member_session.names_hidden
    contact = None if hidden or asked else repositories.patients.get_contact(id)
    born = "" if contact is None else contact.details.get("born", "")
    query = asked or born
    found, number = repositories.patients.search(query, _MOST_FOUND) if query else ((), 0)
    others = tuple(other for other in found if other.id != id)
    return request.page(
        "patient-links/search.html",
        patient=patient,
        named={id, *(other.id for other in others)},
        asked=asked,
        is_suggested=bool(born) and not asked,
        found=others,
        is_more=number > len(found),
    )


@skips_altered_rows
def _show_comparison(request: ClinicRequest, error: InputError | None = None) -> Response:
    repositories, hidden = request.repositories, request.member_session.names_hidden
    ids = request.path_parameter("duplicate"), request.path_parameter("kept")
    closed, kept = (summarize_record(repositories, id, names_hidden=hidden) for id in ids)
    facts = compare_facts(closed, kept)
    return request.page(
        "patient-links/comparison.html",
        error=error,
        patient=closed.patient,
        named=set(ids),
        closed=closed,
        kept=kept,
        facts=facts,
        birth_differs=hidden or any(fact.name == "born" and fact.differs for fact in facts),
        reason=request.text("reason"),
        day=Formatter().date,
    )


def _link_records(request: ClinicRequest) -> Response:
    links, id, kept = request.repositories.patient_links, *map(request.path_parameter, ("duplicate", "kept"))
    for each in (id, kept):
        request.repositories.patients.get(each)  # said before anything of the form is
    if request.text("confirmed") != "true":
        raise catalogue_error("link-unconfirmed", "clinic-link.unconfirmed", "confirmed")
    confirmed = request.text("birth_confirmed") == "true"
    links.link(id, kept, request.text("reason"), birth_confirmed=confirmed)
    return request.redirect(f"/patients/{kept}#person")


def _undo_link(request: ClinicRequest) -> Response:
    id = request.path_parameter("patient_link")
    undone = request.repositories.patient_links.undo(id, request.text("reason"))
    return request.redirect(f"/patients/{undone.patient_id}#person")


def _show_refused_undoing(request: ClinicRequest, error: InputError) -> Response:
    id = check_name(request.path_parameter("patient_link"))
    return show_patient(request, request.repositories.patient_links.find_patient_id(id), error, refused=id)
