"""What a patient may ask for: a copy of everything that is kept of them, and that it is erased."""

from fastapi.responses import Response

from skinbeam.app.clinic.gate import Gate
from skinbeam.app.clinic.visit import Visit, status_of
from skinbeam.errors import InputError
from skinbeam.messages import text
from skinbeam.records.store.columns import now

__all__ = ["add_rights"]


def add_rights(gate: Gate) -> None:
    """Open the routes of what a patient may ask for."""
    gate.add("POST", "/patients/{patient}/copy", _copy)
    gate.add("GET", "/erasures", _due)
    gate.add("GET", "/patients/{patient}/erasure", _page)
    gate.add("POST", "/patients/{patient}/erasure", _erase)


def _copy(visit: Visit) -> Response:
    """The archive that `skinbeam records export` writes; its name tells no pseudonym to who looks over a shoulder."""
    content = visit.desk.copies.make(visit.path("patient"))
    name = text("clinic.copy-file", {"date": now().date().isoformat()})
    return visit.download(content, name, "application/zip")


def _due(visit: Visit) -> Response:
    """Whose records may go; each leads to the page that tells what would, and asks."""
    years = visit.house.keep_years
    return visit.page("erasures.html", due=visit.desk.erasure.due(keep_years=years), years=years)


def _page(visit: Visit, error: InputError | None = None) -> Response:
    id, desk, years = visit.path("patient"), visit.desk, visit.house.keep_years
    held = desk.erasure.foresee(id, keep_years=years)
    counts = {name: getattr(held, name) for name in ("consultations", "photographs", "plans", "consents", "treatments")}
    return visit.page(
        "erasure.html",
        200 if error is None else status_of(error),
        error=error,
        patient=desk.patients.get(id),
        held=held,
        records=text("clinic.erasure-records", counts),
        years=years,
    )


def _erase(visit: Visit) -> Response:
    """Erase once the pseudonym was typed, then show what is left."""
    id, desk = visit.path("patient"), visit.desk
    if visit.said("pseudonym") != desk.patients.get(id).pseudonym:
        return _page(
            visit,
            InputError(
                "erasure-pseudonym",
                text("clinic-fault.pseudonym"),
                field="pseudonym",
                hint=text("clinic-fault.pseudonym-hint"),
            ),
        )
    desk.erasure.erase(id, keep_years=visit.house.keep_years)
    return visit.go(f"/patients/{id}/erasure")
