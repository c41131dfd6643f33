"""Every route of follow-ups."""

from skinbeam.app.clinic.followed.follow_ups import add_follow_ups
from skinbeam.app.clinic.followed.grades import add_grades
from skinbeam.app.clinic.followed.harms import add_harms
from skinbeam.app.clinic.followed.pairs import add_pairs
from skinbeam.app.clinic.followed.said import add_said
from skinbeam.app.clinic.gate import Gate

__all__ = ["add_followed"]


def add_followed(gate: Gate) -> None:
    """Open the routes of follow-ups."""
    for add in (add_follow_ups, add_said, add_grades, add_pairs, add_harms):
        add(gate)
