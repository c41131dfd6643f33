"""What is told on the error stream of a terminal of what takes a while."""

import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from skinbeam.messages import Message
from skinbeam.plan.records import ConcernPlan
from skinbeam.schema.names import table
from skinbeam.simulate.light.montecarlo import Progress

__all__ = ["PlanProgress", "photon_progress", "tell"]

_FIRST_OF_LINE, _REST_OF_LINE, _LINE_ABOVE = "\r", "\x1b[K", "\x1b[A"


def tell(line: str) -> None:
    """Print a line on the error stream, if that is a terminal."""
    if sys.stderr.isatty():
        print(line, file=sys.stderr)


@contextmanager
def photon_progress(photons: int | None, *, quiet: bool = False) -> Iterator[Progress | None]:
    """Give what a Monte Carlo run tells its progress to; None where nobody looks at a terminal.

    Parameters
    ----------
    photons : to be launched; None where an error ends the run.
    quiet : whether nothing is to be told.
    """
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.fields[packets]:,} photons"), BarColumn(), TextColumn("{task.fields[error]}"))
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("light", total=photons, packets=0, error="")

        def update(packets: int, error: float) -> None:
            told = "" if error == float("inf") else f"standard error {100.0 * error:.2g} %"
            bar.update(task, completed=packets, packets=packets, error=told)

        yield update


class PlanProgress:
    """Hears a plan being made: tells a terminal each concern as soon as it stands and where the plan is now, and takes
    the time of each concern.

    What it told is wiped away where the answer follows on the same terminal. It draws no cursor and runs no thread, so
    that an interrupt at any moment leaves the terminal as it was.

    Parameters
    ----------
    quiet : whether nothing is to be told.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self.took_s: dict[str, float] = {}
        self._shown = not quiet and sys.stderr.isatty()
        self._began: dict[str, float] = {}  # of each concern that is worked on: several are, side by side
        self._kept = 0

    def __call__(self, what: Message | ConcernPlan) -> None:
        """Take a concern that stands, or tell where the plan is."""
        if isinstance(what, ConcernPlan):
            titles = {name: table(name)[getattr(what, name)]["title"] for name in ("condition", "site")}
            began = self._began.pop(Message("progress.concern", titles).text)
            self.took_s[what.place] = time.monotonic() - began
            self._tell_concern(what)
        elif what.id == "progress.concern":
            self._began[what.text] = time.monotonic()
            self._line("; ".join(self._began))
        else:
            self._line(f"{'; '.join(self._began)} · {what.text}")

    def _tell_concern(self, concern: ConcernPlan) -> None:
        if not self._shown:
            return
        from skinbeam.report.terminal import concern_rows

        for name, option, expected, took in concern_rows(concern, self.took_s[concern.place]):
            # What is expected comes first: a narrow terminal shows no more than the beginning.
            self._line(" · ".join(filter(None, (name, expected, option, took))), end="\n")
            self._kept += 1

    def wipe(self) -> None:
        """Take away what was told, if the answer follows in its place."""
        above = f"{_LINE_ABOVE}{_REST_OF_LINE}" * (self._kept if sys.stdout.isatty() else 0)
        if self._shown:
            print(f"{_FIRST_OF_LINE}{_REST_OF_LINE}{above}", end="", file=sys.stderr, flush=True)

    def _line(self, line: str, *, end: str = "") -> None:
        """Write over the last line; one line of the terminal, so that it can be written over again."""
        if self._shown:
            cut = line[: shutil.get_terminal_size().columns - 1]
            print(f"{_FIRST_OF_LINE}{_REST_OF_LINE}{cut}", end=end, file=sys.stderr, flush=True)
