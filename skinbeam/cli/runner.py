"""Run the command line: map every outcome to an exit code and, with `--json`, to exactly one document on stdout."""

import errno
import gc
import os
import re
import sys
from contextlib import suppress
from typing import Any
from unicodedata import category

import typer

from skinbeam._version import __version__
from skinbeam.cli.commands import app, full_app
from skinbeam.cli.common import name_parameters, print_document, use_parameters
from skinbeam.cli.output_stream import OutputState, encodable_output
from skinbeam.model.document import UNWRITABLE_CODE
from skinbeam.model.errors import InputError, NotAvailable, nearest_name
from skinbeam.model.package_data import load_package_table

__all__ = ["run_command_line"]

EXIT_DEFECT, EXIT_INPUT, EXIT_UNKNOWN = 1, 2, 3
# Matrices are small, so that threads of the linear algebra would only wait for each other. Arrow, which pandas imports
# where it is installed, would free memory in a thread; with threads, no concern is planned in a process of its own.
# Pydantic would look through all installed distributions for plugins. The variables are read when NumPy, pandas and
# pydantic are first imported, which no command has done yet.
LIBRARY_ENVIRONMENT = {
    "OPENBLAS_NUM_THREADS": "1",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
    "PYDANTIC_DISABLE_PLUGINS": "__all__",
}
# Objects created between two garbage collections: with Python's default of 700, imports alone start hundreds of them.
GARBAGE_COLLECTION_THRESHOLD = 500_000

# Typer carries its own copy of Click and exports only this leaf of its usage errors.
UsageError: type[Exception] = typer.BadParameter.__mro__[1]
# Faults of a number, as pydantic calls them, which reads the values of options.
_UNREAD = ("int_parsing", "int_from_float", "int_parsing_size", "float_parsing")
_OUTSIDE = ("greater_than_equal", "less_than_equal")

_WITH_UNIT = re.compile(r"\s*[-+]?[\d.]+\s*[A-Za-zµ°%].*")


def run_command_line(arguments: list[str]) -> int:
    """Run the command line and return its exit code."""
    for name, value in LIBRARY_ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    gc.set_threshold(GARBAGE_COLLECTION_THRESHOLD)
    json = "--json" in arguments
    code = 0
    with encodable_output(is_json=json) as output:
        code = _run_command(arguments, json=json, output=output)
    if output.failure is not None:
        code = _print_output_failure(output.failure, code)
    return code


def _run_command(arguments: list[str], *, json: bool, output: OutputState | None = None) -> int:
    command: Any = typer.main.get_command(app)
    if not arguments or arguments[0] not in command.commands:
        command = typer.main.get_command(full_app())
    use_parameters(command, arguments)
    try:
        code = command(arguments, prog_name="skinbeam", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except UsageError as error:
        if type(error).__name__ == "NoArgsIsHelpError":
            print(error)
            return 0
        return _print_error(_usage_error(error), json=json)
    except InputError as error:
        name_parameters(error)
        return _print_error(error, json=json)
    except NotAvailable as error:
        return _print_unknown(error, json=json)
    except Exception as error:
        if not json or (output is not None and output.failure is not None):
            raise
        import traceback

        traceback.print_exc()
        record = {
            "code": "defect",
            "message": f"{type(error).__name__}: {error}",
            "field": "skinbeam",
            "hint": "This is a defect of skinbeam; please report it with the case file.",
        }
        print_document({"error": record}, json=True)
        return EXIT_DEFECT


def _print_output_failure(failure: OSError, code: int) -> int:
    """Print why standard output could not be written, and return the exit code: `code` if its reader has left."""
    if failure.errno == errno.EPIPE:
        return code
    reason = "it is closed" if failure.errno == errno.EBADF else failure.strerror
    error = InputError(
        UNWRITABLE_CODE,
        f"cannot be written: {reason}",
        field="standard output",
        hint="Print to a place that can be written and has room.",
    )
    with suppress(OSError):
        _print_error(error, json=False)
    return EXIT_INPUT


def _print_error(error: InputError, *, json: bool) -> int:
    if json:
        print_document({"error": error.as_record()}, json=True)
    else:
        for fault in (error, *error.further_errors):
            print(f"error: {_without_control_codes(str(fault))}", file=sys.stderr)
    return EXIT_INPUT


def _print_unknown(error: NotAvailable, *, json: bool) -> int:
    if json:
        head = {"schema": "skinbeam/1", "version": __version__, "warnings": []}
        # A whole document has the reason in each of its keys; otherwise the reason is added once.
        document = error.body if "case_sha256" in error.body else head | error.body | {"unknown": error.reason}
        print_document(document, json=True)
    else:
        print(f"unknown: {_without_control_codes(error.reason)}", file=sys.stderr)
    return EXIT_UNKNOWN


def _without_control_codes(text: str) -> str:
    """Return a text with control characters as escapes: a value quoted from a file must not command the terminal."""
    return "".join(
        c.encode("unicode_escape").decode() if category(c) in ("Cc", "Cf") and c != "\n" else c for c in text
    )


def _usage_error(error: Any) -> InputError:
    """Return the error for a command line that could not be parsed; a misspelt name gets the nearest known name."""
    message = str(error.format_message()).rstrip(".")
    context, parameter = error.ctx, getattr(error, "param", None)
    command: Any = None if context is None else context.command
    known: list[str] = []
    if hasattr(error, "option_name"):
        field = error.option_name
        known = [] if command is None else [o for p in command.params for o in p.opts if o.startswith("--")]
    elif parameter is not None:
        field = max(parameter.opts, key=len)
        if (unread := _number_error(error, field)) is not None:
            return unread
    elif hasattr(command, "commands") and "'" in message:
        field = message.split("'")[1] or "command line"
        known = list(command.commands)
    else:
        field = "command line"
    meant = load_package_table("data/other_words.toml")["command"].get(field)
    near = meant if meant in known else nearest_name(field, known)
    path = "skinbeam" if context is None else context.command_path
    described = getattr(parameter, "help", None)  # what is right for an option that is missing or cannot be read
    more = f"{described} See {path} --help." if described else f"See {path} --help."
    hint = f'Did you mean "{near}"?' if near else f"Known: {', '.join(sorted(known))}." if known else more
    return InputError("usage", message.split(". Did you mean")[0], field=field, hint=hint)


def _number_error(error: Any, field: str) -> InputError | None:
    """Return the error for a value of an option that is no number, or none of its range; None for other faults."""
    faults: list[Any] = getattr(error.__cause__, "errors", list)()
    if len(faults) != 1 or faults[0]["type"] not in (*_UNREAD, *_OUTSIDE):
        return None
    read = faults[0]["input"]
    low, high = (getattr(error.param, end, None) for end in ("min", "max"))
    is_whole = low is not None or faults[0]["type"].startswith("int_")  # every range of an option is of whole numbers
    kind = "whole number" if is_whole else "number"
    span = "" if low is None else f" of at least {low:,}" if high is None else f" from {low:,} to {high:,}"
    if faults[0]["type"] in _OUTSIDE:
        code, message = "out-of-range", f"is out of range, read {read}"
    else:
        code, message = "not-a-number", f'is not a {kind}, read "{read}"'
    described = getattr(error.param, "help", None) or ""
    without_unit = (
        f" without its unit. {described}".rstrip() if not is_whole and _WITH_UNIT.fullmatch(str(read)) else "."
    )
    return InputError(code, message, field=field, hint=f"A {kind}{span}{without_unit}")
