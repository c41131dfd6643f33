"""The command that runs many cases: its cost first, then what became of them."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from skinbeam.cli.told import missing_group, show

__all__ = ["sweep"]


def sweep(
    file: Annotated[Path, typer.Argument(metavar="SWEEP.toml", help="The sweep file.")],
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE.zarr", help="Results; a sweep that was cut off goes on.")
    ],
    cluster: Annotated[
        str | None, typer.Option("--cluster", metavar="ADDRESS", help="Scheduler of Dask; this machine without it.")
    ] = None,
    workers: Annotated[int | None, typer.Option("--workers", min=1, max=1024, help="On this machine.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Tell the cost and stop there.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but what is wrong.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print exactly one JSON document.")] = False,
) -> None:
    """Many cases on many processors: a grid or a sample over any field of a case, into a Zarr store."""
    try:
        import distributed  # noqa: F401
    except ModuleNotFoundError as error:
        raise missing_group("sweep", error, "sweep") from None
    from skinbeam.sweeps.cost import cost_of
    from skinbeam.sweeps.file import load_sweep
    from skinbeam.sweeps.run import run_sweep
    from skinbeam.sweeps.store import is_ours

    asked = load_sweep(file)
    cost = None if is_ours(output) and not dry_run else cost_of(asked)
    if cost is not None and (dry_run or not (quiet or json)):
        told = cost.document()
        if dry_run:
            show(told, json=json)
            return
        print(cost.sentence(), file=sys.stderr)
    with _progress(quiet=quiet) as (hear, tell):
        document = run_sweep(asked, output, cost=cost, cluster=cluster, count=workers, hear=hear, tell=tell)
    if not quiet or json:
        show(document, json=json)


@contextmanager
def _progress(*, quiet: bool) -> Iterator[tuple[Callable[[int, int], None], Callable[[str], None]]]:
    """Give what hears how many cases are done, and what hears sentences; a bar where somebody looks at a terminal."""
    if quiet or not sys.stderr.isatty():
        yield (lambda done, cases: None), (lambda sentence: None if quiet else print(sentence, file=sys.stderr))
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("cases"), MofNCompleteColumn(), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:

        def hear(done: int, cases: int) -> None:
            if bar.task_ids:
                bar.update(bar.task_ids[0], completed=done)
            else:  # what stood before took no time now, and must not make the rest look as fast
                bar.add_task("cases", completed=done, total=cases)

        yield hear, bar.console.print
