"""What is told on the error stream of a terminal of what takes a while."""

import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from skinbeam.plan.parallel import concern_name
from skinbeam.plan.records import ConcernPlan
from skinbeam.simulate.light.montecarlo import ProgressCallback
from skinbeam.text import Message

__all__ = ["PlanProgress", "print_status", "show_photon_progress"]

_FIRST_OF_LINE, _REST_OF_LINE, _LINE_ABOVE = "\r", "\x1b[K", "\x1b[A"


def print_status(line: str) -> None:
    """Print a line on the error stream, if that is a terminal."""
    if sys.stderr.isatty():
        print(line, file=sys.stderr)


@contextmanager
def show_photon_progress(photons: int | None, *, quiet: bool = False) -> Iterator[ProgressCallback | None]:
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
        self._began: dict[str, float] = {}
        self._stands: set[str] = set()
        self._kept = 0

    def __call__(self, what: Message | ConcernPlan) -> None:
        """Take a concern that stands, or tell where the plan is; of a concern the first setting that stands is kept."""
        if isinstance(what, ConcernPlan):
            self.took_s[what.place] = time.monotonic() - self._began[concern_name(what)]
            if self._shown:
                from skinbeam.report.terminal import concern_rows

                for concern, option, expected, took in concern_rows(what, self.took_s[what.place]):
                    # What is expected comes first: a narrow terminal shows no more than the beginning.
                    self._keep(" · ".join(filter(None, (concern, expected, option, took))))
            return
        concern = str(what.params.get("concern", ""))
        self._began.setdefault(concern, time.monotonic())
        first = what.id == "progress.stands" and concern not in self._stands
        if first:
            self._stands.add(concern)
        (self._keep if first or what.id == "progress.decision" else self._line)(what.text)

    def wipe(self) -> None:
        """Take away what was told, if the answer follows in its place."""
        above = f"{_LINE_ABOVE}{_REST_OF_LINE}" * (self._kept if sys.stdout.isatty() else 0)
        if self._shown:
            print(f"{_FIRST_OF_LINE}{_REST_OF_LINE}{above}", end="", file=sys.stderr, flush=True)

    def _keep(self, line: str) -> None:
        """Write over the last line what stays until all is wiped."""
        self._line(line, end="\n")
        self._kept += self._shown

    def _line(self, line: str, *, end: str = "") -> None:
        """Write over the last line; one line of the terminal, so that it can be written over again."""
        if self._shown:
            cut = line[: shutil.get_terminal_size().columns - 1]
            print(f"{_FIRST_OF_LINE}{_REST_OF_LINE}{cut}", end=end, file=sys.stderr, flush=True)
