"""The page on which a clinic reads whether what its plans foretold came true."""

import base64
import threading
from collections.abc import Callable
from typing import TypeVar

from fastapi.responses import Response

from skinbeam.app.clinic.gate import Gate
from skinbeam.app.clinic.visit import Visit
from skinbeam.estimate import Unknown
from skinbeam.learning.enough import FEWEST
from skinbeam.learning.funnel import Funnel
from skinbeam.messages import Formatter, spoken
from skinbeam.report.curves.came_true import curve_figure, funnel_figure
from skinbeam.report.shown import percent

__all__ = ["add_learning"]

T = TypeVar("T")

_DRAWING = threading.Lock()


def add_learning(gate: Gate) -> None:
    """Open the route of outcomes."""
    gate.add("GET", "/learning", _page)


def _page(visit: Visit) -> Response:
    read = visit.house.outcomes.read(visit.desk)
    kinds, hidden_groups, hidden_people = read.kinds
    asked = visit.request.query_params.get("kind", "")
    chosen = next((kind for kind in kinds if kind.name == asked), None)
    found = read.learnt(chosen)
    funnel = found.funnel if isinstance(found.funnel, Funnel) and found.funnel.operators else None
    return visit.page(
        "learning.html",
        read=read,
        kinds=kinds,
        chosen=chosen,
        hidden_groups=hidden_groups,
        hidden_people=hidden_people,
        least=FEWEST,
        found=found,
        curve="" if isinstance(found.groups, Unknown) else _drawn(curve_figure, found.groups),
        funnel=funnel,
        funnel_picture=_drawn(funnel_figure, funnel) if funnel else "",
        names=read.names,
        number=Formatter().number,
        interval=Formatter().interval,
        percent=percent,
    )


def _drawn(figure: Callable[[T, str], str], told: T) -> str:
    """A figure as the address of a picture: the policy of the pages lets no style stand in them.

    One at a time is drawn, since the library's style is one for all threads.
    """
    with _DRAWING:
        svg = figure(told, spoken())
    return f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}"
