"""Routes of the days on which a clinic is closed: every member sees them, owners add and remove them."""

from fastapi.responses import Response

from skinbeam.model.errors import InputError
from skinbeam.text import Formatter, to_local_time
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.web.request import ClinicRequest, skips_altered_rows
from skinbeam_clinic.web.routing import ClinicRouter

__all__ = ["add_closed_days_routes"]


def add_closed_days_routes(router: ClinicRouter) -> None:
    """Open the routes of closed days."""
    router.add("GET", "/closed-days", _show_closed_days, only_reads=True)
    router.add("POST", "/closed-days", _add_closed_days, form=_show_closed_days)
    router.add("POST", "/closed-days/{closed}/remove", _remove_closed_days, form=_show_closed_days)


@skips_altered_rows
def _show_closed_days(request: ClinicRequest, error: InputError | None = None) -> Response:
    """List the days that are still to come and those of every year, and which of them have appointments."""
    today, closed = to_local_time(now()).date(), request.repositories.closed_days.list_all()
    return request.page(
        "course/closed-days.html",
        error=error,
        closed=[days for days in closed if days.yearly or days.last_day >= today],
        booked=request.repositories.appointments.count_on_closed_days(),
        date=Formatter().date,
        sent={name: request.text(name) for name in ("first_day", "last_day", "yearly")},
    )


def _add_closed_days(request: ClinicRequest) -> Response:
    first, last, yearly = (request.text(name) for name in ("first_day", "last_day", "yearly"))
    request.repositories.closed_days.add(first, last, yearly=yearly == "true")
    return request.redirect("/closed-days")


def _remove_closed_days(request: ClinicRequest) -> Response:
    request.repositories.closed_days.remove(request.path_parameter("closed"))
    return request.redirect("/closed-days")
