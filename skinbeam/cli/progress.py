"""What is told on the error stream of a terminal of what takes a while."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from skinbeam.messages import Message
from skinbeam.plan.records import ConcernPlan
from skinbeam.simulate.light.montecarlo import Progress

__all__ = ["photon_progress", "plan_progress", "tell"]


def tell(line: str) -> None:
    """Print a line on the error stream, if that is a terminal."""
    if sys.stderr.isatty():
        print(line, file=sys.stderr)


@contextmanager
def photon_progress(photons: int | None) -> Iterator[Progress | None]:
    """Give what a Monte Carlo run tells its progress to; None where nobody looks at a terminal.

    Parameters
    ----------
    photons : to be launched; None where an error ends the run.
    """
    if not sys.stderr.isatty():
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


def plan_progress(what: Message | ConcernPlan) -> None:
    """Tell where a plan is, and the first options of a concern as soon as it stands."""
    if not sys.stderr.isatty():
        return
    from skinbeam.report.terminal import foremost

    for line in [what.text] if isinstance(what, Message) else foremost(what):
        tell(line)
