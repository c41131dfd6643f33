"""What commands do with what they computed: print it, draw it, or say that it is not there."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from skinbeam.errors import InputError, NotAvailable

__all__ = ["check_plot", "draw", "missing_group", "not_built", "of_file", "show", "show_names"]


@contextmanager
def of_file(path: Path) -> Iterator[None]:
    """Name the input file in what is wrong with it, however deep inside that was found; an option names itself."""
    try:
        yield
    except InputError as error:
        if not error.file and not error.field.startswith("-"):
            error.file = path.name
        raise


def not_built(command: str, reason: str) -> NoReturn:
    """End a command that is not in this release, with the reason."""
    raise NotAvailable(reason, body={"schema": f"skinbeam.{command}/1"})


def missing_group(command: str, error: ModuleNotFoundError, group: str = "app") -> InputError:
    """Return the error of a command whose group of dependencies is not installed, with what installs it."""
    return InputError(
        "missing-group",
        f"{error.name} is not installed",
        field=command,
        hint=f'{sys.executable} -m pip install "skinbeam[{group}]"',
    )


def check_plot(plot: Path | None) -> None:
    """Refuse a picture that could not be written, before anything is computed."""
    if plot is not None:
        from skinbeam.report.curves.plot import check_plot as check

        check(plot)


def draw(document: Mapping[str, Any], plot: Path | None, **keywords: Any) -> None:
    """Draw a document where that was asked, or say why there is nothing to draw."""
    if plot is None:
        return
    from skinbeam.report.curves.plot import write_plot

    reason = write_plot(document, plot, **keywords)
    if reason:
        print(reason, file=sys.stderr)


def show(document: Mapping[str, Any], *, json: bool) -> None:
    """Print a document: as JSON, or for a person the answer in sentences and then its values."""
    from skinbeam.cli.in_words import in_words
    from skinbeam.cli.outline import outline
    from skinbeam.document import pretty_json

    if json:
        sys.stdout.write(pretty_json(document, digits=12))
        return
    sys.stdout.write(outline(document, in_words(document)))


def show_names(document: Mapping[str, Any], *, json: bool) -> None:
    """Print a document of what is known by name: as JSON, or for a person each in a line."""
    from skinbeam.cli.listing import listing

    if json:
        show(document, json=True)
    else:
        sys.stdout.write(listing(document))
