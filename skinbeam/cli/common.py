"""Options, printing, plots and errors that several commands share."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, NoReturn, TypeVar

import typer

from skinbeam.model.document import DocumentResult
from skinbeam.model.errors import InputError, NotAvailable
from skinbeam.model.run_bounds import MAX_DRAWS, MAX_SEED
from skinbeam.model.vocabulary import ENDPOINTS

__all__ = [
    "ENDPOINT_LIST",
    "CaseFile",
    "Draws",
    "Json",
    "Plot",
    "Quiet",
    "Seed",
    "answer_uncovered_conditions",
    "check_language",
    "check_plot",
    "draw_plot",
    "name_file_in_errors",
    "name_parameters",
    "output_option",
    "print_document",
    "print_formatted",
    "print_result",
    "raise_not_built",
    "require_path",
    "use_parameters",
]

ResultT = TypeVar("ResultT", bound=DocumentResult)

# Errors name the argument of the function that was called; a command line says how its user writes it.

_PARAMETERS: ContextVar[Mapping[str, str]] = ContextVar("parameters", default=MappingProxyType({}))
_SHORT_NAMES = {"wavelength_nm": "wavelength", "subtypes": "subtype"}  # arguments that a command calls otherwise
_TABLES_OF_A_CASE = ("photo",)  # also an option: an error with that field is of the case


def use_parameters(command: Any, arguments: Sequence[str]) -> None:
    """Remember how the parameters of the command that the arguments call are written: `--draws`, `CASE`."""
    for word in arguments:
        command = getattr(command, "commands", {}).get(word, command)
    _PARAMETERS.set({parameter.name: _written(parameter) for parameter in command.params})


def require_path(text: str) -> Path:
    """Return the path that an option was given; an empty one, which would be the current folder, is rejected."""
    if not text:
        raise typer.BadParameter("it is empty; give . for the current folder")
    return Path(text)


def output_option(metavar: str, help: str) -> Any:
    """Return the option `-o` of a command that writes files."""
    return typer.Option("-o", "--output", parser=require_path, metavar=metavar, help=help)


def _written(parameter: Any) -> str:
    options = [option for option in parameter.opts if option.startswith("--")]
    return options[0] if options else str(parameter.metavar or parameter.name).strip("[].").partition(".")[0].upper()


def name_parameters(error: InputError) -> None:
    """Name the options and arguments of the running command in an error and the further ones with it."""
    written = {name: text for name, text in _PARAMETERS.get().items() if name not in _TABLES_OF_A_CASE}
    for fault in (error, *error.further_errors):
        fault.field = written.get(_SHORT_NAMES.get(fault.field, fault.field), fault.field)
        fault.file = written.get(fault.file, fault.file)


@contextmanager
def name_file_in_errors(path: Path) -> Iterator[None]:
    """Add the name of the input file to input errors inside the block, except errors of command line options."""
    try:
        yield
    except InputError as error:
        name_parameters(error)
        if not error.file and not error.field.startswith("-"):
            error.file = path.name
        raise


@contextmanager
def answer_uncovered_conditions(path: Path) -> Iterator[None]:
    """Answer with the guideline if plans cover none of the conditions of a case and the guideline knows them all.

    Raises
    ------
    NotAvailable : the answer; other faults of the file do not matter then.
    """
    try:
        yield
    except InputError as error:
        if any(fault.code == "not-covered" for fault in (error, *error.further_errors)):
            from skinbeam.api.guideline import uncovered_case_answer
            from skinbeam.model.input_files import read_toml

            answer = uncovered_case_answer(read_toml(path))
            if answer is not None:
                raise answer from None
        raise


def raise_not_built(command: str, reason: str) -> NoReturn:
    """Raise `NotAvailable` for a feature that is not in this release, with the reason."""
    raise NotAvailable(reason, body={"schema": f"skinbeam.{command}/1"})


def check_language(language: str) -> None:
    """Reject a language that there is no catalogue of."""
    from skinbeam.model.errors import unknown_name_error
    from skinbeam.text import LANGUAGES

    if language not in LANGUAGES:
        raise unknown_name_error("language", language, LANGUAGES, field="--language")


def check_plot(plot: Path | None) -> None:
    """Reject a plot file that could not be written, before anything is computed."""
    if plot is not None:
        from skinbeam.report.graphics.curves import check_plot as check

        check(plot)


def draw_plot(result: DocumentResult, plot: Path | None, *, field: str = "plot") -> None:
    """Draw a result into the plot file, if any, which `field` names, or print why there is nothing to draw."""
    if plot is None:
        return
    from skinbeam.report.graphics.curves import write_plot

    reason = write_plot(result, plot, field=field)
    if reason:
        print(reason, file=sys.stderr)


def print_result(result: ResultT, sentences: Callable[[ResultT], list[str]] | None = None, *, json: bool) -> None:
    """Print a result: as JSON, or as text with the answer in sentences followed by its values."""
    print_document(result.to_dict(), () if json or sentences is None else sentences(result), json=json)


def print_formatted(result: ResultT, format_text: Callable[[ResultT], str], *, json: bool) -> None:
    """Print a result: as JSON, or as the text of a function of its own."""
    if json:
        print_result(result, json=True)
    else:
        sys.stdout.write(format_text(result))


def print_document(document: object, sentences: Sequence[str] = (), *, json: bool) -> None:
    """Print a document: as JSON, or as text with the answer in sentences followed by its values."""
    from skinbeam.model.document import pretty_json, to_json_types

    if json:
        sys.stdout.write(pretty_json(document, digits=12))
        return
    from skinbeam.cli.plain_text import format_outline

    sys.stdout.write(format_outline(to_json_types(document, 12), sentences))


# Arguments and options that several commands have.

CaseFile = Annotated[Path, typer.Argument(metavar="CASE.toml", help="The case file.")]
Json = Annotated[bool, typer.Option("--json", help="Print exactly one JSON document.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Print nothing but what is wrong, and what --json asks for.")]
Plot = Annotated[
    Path | None,
    typer.Option("--plot", parser=require_path, metavar="FILE", help="Draw it, as FILE.svg, FILE.png or FILE.pdf."),
]
Draws = Annotated[int, typer.Option("--draws", min=1, max=MAX_DRAWS, help="Sampled skins.")]
ENDPOINT_LIST = ", ".join(sorted(ENDPOINTS))
Seed = Annotated[int, typer.Option("--seed", min=0, max=MAX_SEED, help="Seed of every random draw.")]
