"""Show progress on the error stream if it is a terminal: status lines, photon counts, the making of a plan."""

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from skinbeam.plan_records.plan import ConcernPlan
from skinbeam.simulate.light.montecarlo import ProgressCallback
from skinbeam.text import Message

__all__ = ["PlanProgress", "print_status", "show_photon_progress"]

_FIRST_OF_LINE, _REST_OF_LINE, _LINE_ABOVE = "\r", "\x1b[K", "\x1b[A"


def print_status(line: str) -> None:
    """Print a line on the error stream if it is a terminal."""
    if sys.stderr.isatty():
        print(line, file=sys.stderr)


@contextmanager
def show_photon_progress(photons: int | None, *, quiet: bool = False) -> Iterator[ProgressCallback | None]:
    """Provide the progress callback of a Monte Carlo run, which updates a bar; None without a terminal.

    Parameters
    ----------
    photons : number of photons to launch; None if a standard error ends the run.
    quiet : whether progress is not shown.
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
            error_text = "" if error == float("inf") else f"standard error {100.0 * error:.2g} %"
            bar.update(task, completed=packets, packets=packets, error=error_text)

        yield update


class PlanProgress:
    """Progress listener of a plan: print each finished concern and the current step.

    Its lines are erased if the answer is printed on the same terminal. It hides no cursor and runs no thread, so that
    an interrupt at any moment leaves the terminal intact.

    Parameters
    ----------
    quiet : whether progress is not shown.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self._enabled = not quiet and sys.stderr.isatty()
        self._concerns_with_setting: set[str] = set()
        self._persistent_lines = 0

    def __call__(self, what: Message | ConcernPlan) -> None:
        """Handle a progress event: a finished concern, or a message about the current step.

        The lines of finished concerns, of decisions and of the first setting of each concern remain on the terminal;
        each other line is overwritten by the next.
        """
        if isinstance(what, ConcernPlan):
            if self._enabled:
                from skinbeam.report.terminal import concern_rows

                for concern, option, expected in concern_rows(what):
                    # The expected result is near the beginning, since a narrow terminal cuts the line.
                    self._print_persistent(" · ".join(filter(None, (concern, expected, option))))
            return
        concern = str(what.params.get("concern", ""))
        first = what.id == "progress.stands" and concern not in self._concerns_with_setting
        if first:
            self._concerns_with_setting.add(concern)
        (self._print_persistent if first or what.id == "progress.decision" else self._print_line)(what.text)

    def erase(self) -> None:
        """Erase the progress lines if the answer is printed on the same terminal, else only the last line."""
        above = f"{_LINE_ABOVE}{_REST_OF_LINE}" * (self._persistent_lines if sys.stdout.isatty() else 0)
        if self._enabled:
            print(f"{_FIRST_OF_LINE}{_REST_OF_LINE}{above}", end="", file=sys.stderr, flush=True)

    def _print_persistent(self, line: str) -> None:
        """Overwrite the last line with a line that remains until `wipe`."""
        self._print_line(line, end="\n")
        self._persistent_lines += self._enabled

    def _print_line(self, line: str, *, end: str = "") -> None:
        """Overwrite the last line, cut to the width of the terminal so that it can be overwritten again."""
        if self._enabled:
            cut = line[: shutil.get_terminal_size().columns - 1]
            print(f"{_FIRST_OF_LINE}{_REST_OF_LINE}{cut}", end=end, file=sys.stderr, flush=True)
