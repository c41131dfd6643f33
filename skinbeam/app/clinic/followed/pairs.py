"""Photographs of a follow-up: taken now or kept already, put beside one from before."""

from fastapi.responses import Response

from skinbeam.app.clinic.consultations import kind_of
from skinbeam.app.clinic.gate import Gate
from skinbeam.app.clinic.visit import Visit
from skinbeam.records.faults import fault
from skinbeam.records.kept import Permissions

__all__ = ["add_pairs"]


def add_pairs(gate: Gate) -> None:
    """Open the routes of pairs."""
    gate.add("POST", "/follow-ups/{follow_up}/pairs", _pair)
    gate.add("POST", "/follow-ups/{follow_up}/pairs/{pair}/parting", _part)


def _pair(visit: Visit) -> Response:
    """Keep a photograph that was sent, and put it beside the one that was chosen."""
    desk = visit.desk
    one = desk.follow_ups.get(visit.path("follow_up"))
    before, after, upload = visit.said("before"), visit.said("after"), visit.uploads.get("photo")
    if not before or not (after or upload):
        raise fault("bad-answer", "photographs")
    desk.photographs.get(before)  # said before anything is kept
    if upload is not None:
        after = desk.photographs.add(one.consultation_id, upload.content, kind_of(upload), Permissions()).id
    return visit.go(f"/follow-ups/{desk.follow_ups.pair(one.id, before, after).id}#photographs")


def _part(visit: Visit) -> Response:
    parted = visit.desk.follow_ups.part(visit.path("follow_up"), visit.path("pair"))
    return visit.go(f"/follow-ups/{parted.id}#photographs")
