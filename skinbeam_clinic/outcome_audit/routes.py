"""Route of the page that compares a clinic's outcomes with the predictions of its plans."""

import base64
import threading
from collections.abc import Callable
from typing import TypeVar

from fastapi.responses import Response

from skinbeam.model.estimate import Unknown
from skinbeam.outcome_audit.counts import MIN_CASES
from skinbeam.outcome_audit.funnel import FunnelPlot
from skinbeam.report.formatting import percent
from skinbeam.report.graphics.audit_figures import funnel_figure, reliability_figure
from skinbeam.text import Formatter, current_language
from skinbeam_clinic.web.request import ClinicRequest
from skinbeam_clinic.web.routing import ClinicRouter

__all__ = ["add_outcome_audit_routes"]

T = TypeVar("T")

_DRAWING_LOCK = threading.Lock()


def add_outcome_audit_routes(router: ClinicRouter) -> None:
    """Add the route of outcomes."""
    router.add("GET", "/learning", _show_outcomes)


def _show_outcomes(request: ClinicRequest) -> Response:
    read = request.services.outcomes.read(request.repositories)
    kinds, hidden_groups, hidden_people = read.kinds
    asked = request.http_request.query_params.get("kind", "")
    chosen = next((kind for kind in kinds if kind.name == asked), None)
    summary = read.summary(chosen)
    funnel = summary.funnel if isinstance(summary.funnel, FunnelPlot) and summary.funnel.operators else None
    return request.page(
        "learning.html",
        read=read,
        kinds=kinds,
        chosen=chosen,
        hidden_groups=hidden_groups,
        hidden_people=hidden_people,
        least=MIN_CASES,
        found=summary,
        curve="" if isinstance(summary.groups, Unknown) else _draw_figure(reliability_figure, summary.groups),
        funnel=funnel,
        funnel_picture=_draw_figure(funnel_figure, funnel) if funnel else "",
        names=read.names,
        number=Formatter().number,
        interval=Formatter().interval,
        percent=percent,
    )


def _draw_figure(figure: Callable[[T, str], str], data: T) -> str:
    """Return a figure as a data URI, since the pages' Content-Security-Policy allows no inline styles.

    Figures are drawn one at a time, since the library's style is shared by all threads.
    """
    with _DRAWING_LOCK:
        svg = figure(data, current_language())
    return f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}"
