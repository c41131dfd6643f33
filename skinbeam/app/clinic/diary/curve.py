"""Pain by day as a small drawing; the table beside it says the same."""

from collections.abc import Sequence
from dataclasses import dataclass

from skinbeam.plan.visit.recovery import PAIN
from skinbeam.records.diary import DiaryEntry

__all__ = ["Curve", "curve_of"]

_WIDTH, _HEIGHT, _LEFT, _TOP, _BOTTOM = 640, 200, 34, 12, 30
_TICKS = 8


@dataclass(frozen=True)
class Curve:
    """Where things stand in the drawing: points with what they say, the line, days and grades with their places."""

    width: int
    height: int
    points: tuple[tuple[float, float, bool], ...]
    line: str
    days: tuple[tuple[float, int], ...]
    grades: tuple[tuple[float, int], ...]
    left: int
    bottom: int


def curve_of(entries: Sequence[DiaryEntry], alarmed: frozenset[str]) -> Curve | None:
    """Return the drawing of entries in the order of their days; None of fewer than two.

    Parameters
    ----------
    alarmed : names of the entries that called the clinic, which are marked.
    """
    if len(entries) < 2:
        return None
    last = max(one.day for one in entries) or 1
    width, height = _WIDTH - _LEFT - _TOP, _HEIGHT - _TOP - _BOTTOM
    share = PAIN[1] - PAIN[0]

    def place(day: float, pain: float) -> tuple[float, float]:
        return round(_LEFT + width * day / last, 1), round(_TOP + height * (1 - (pain - PAIN[0]) / share), 1)

    points = tuple((*place(one.day, one.note.pain), one.id in alarmed) for one in entries)
    step = -(-last // _TICKS)
    return Curve(
        width=_WIDTH,
        height=_HEIGHT,
        points=points,
        line=" ".join(f"{x},{y}" for x, y, _ in points),
        days=tuple((place(day, 0)[0], day) for day in range(0, last + 1, step)),
        grades=tuple((place(0, grade)[1], grade) for grade in (PAIN[0], sum(PAIN) // 2, PAIN[1])),
        left=_LEFT,
        bottom=_TOP + height,
    )
