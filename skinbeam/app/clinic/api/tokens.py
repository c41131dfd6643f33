"""The page of tokens: which programs read the records, until when; made here, shown once, and ended."""

from starlette.responses import Response

from skinbeam.app.clinic.gate import Gate
from skinbeam.app.clinic.visit import Visit, status_of
from skinbeam.errors import InputError
from skinbeam.records.desk.elsewhere.tokens import LONGEST_DAYS
from skinbeam.records.store.columns import now

__all__ = ["add_tokens"]

_USUAL_DAYS = 90


def add_tokens(gate: Gate) -> None:
    """Open the routes of tokens."""
    gate.add("GET", "/tokens", _page)
    gate.add("POST", "/tokens", _make)
    gate.add("POST", "/tokens/{token}/end", _end)


def _page(visit: Visit, error: InputError | None = None) -> Response:
    return visit.page(
        "tokens.html",
        200 if error is None else status_of(error),
        error=error,
        tokens=visit.desk.tokens.all(),
        now=now(),
        name=visit.said("name"),
        days=visit.said("days") or str(_USUAL_DAYS),
        longest=LONGEST_DAYS,
    )


def _make(visit: Visit) -> Response:
    """Make a token and show it: the only page that ever does."""
    days = visit.said("days")
    plain = days.isascii() and days.isdecimal() and len(days) < 10
    try:
        made, token = visit.desk.tokens.make(visit.said("name"), int(days) if plain else 0)
    except InputError as error:
        return _page(visit, error)
    return visit.page("token.html", made=made, token=token, address=visit.address("/fhir/Patient"))


def _end(visit: Visit) -> Response:
    visit.desk.tokens.end(visit.path("token"))
    return visit.go("/tokens")
