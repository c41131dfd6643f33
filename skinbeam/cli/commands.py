"""Commands of `skinbeam`: each parses its arguments, calls one function and prints one document.

Large modules are imported inside the command that needs them, so that `--help` is fast.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from skinbeam._version import __version__
from skinbeam.cli.common import (
    ENDPOINT_LIST,
    CaseFile,
    Draws,
    Json,
    Plot,
    Quiet,
    Seed,
    answer_uncovered_conditions,
    check_language,
    check_plot,
    draw_plot,
    name_file_in_errors,
    output_option,
    print_document,
    print_formatted,
    print_result,
    raise_not_built,
    require_path,
)
from skinbeam.cli.evidence_commands import cite, claims, compare, expect, guideline
from skinbeam.cli.installed_commands import add_installed_commands
from skinbeam.model.errors import InputError, NotAvailable
from skinbeam.model.run_bounds import MAX_WORKERS
from skinbeam.text import render_message

if TYPE_CHECKING:
    from skinbeam.api.window_at import AskedSettingAnswer

__all__ = [
    "MIN_PHOTONS",
    "app",
    "full_app",
    "lasers",
    "sweep",
]

MIN_PHOTONS = 32  # of a Monte Carlo, whose module is too large to be imported for the help

# Subcommands of `lasers`.

lasers = typer.Typer(help="The lasers that are known; whether a device file is sound.", invoke_without_command=True)


@lasers.callback()
def _lasers(context: typer.Context, json: Json = False) -> None:
    context.obj = json
    if context.invoked_subcommand is None:
        from skinbeam.cli.plain_text import format_devices
        from skinbeam.laser.device import list_devices

        print_formatted(list_devices(), format_devices, json=json)


@lasers.command("check")
def _lasers_check(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A device file.")],
    json: Json = False,
) -> None:
    """Check a device file."""
    from skinbeam.api.device_check import check_device_file

    print_result(check_device_file(file), json=json or bool(context.obj))


def sweep(
    file: Annotated[Path, typer.Argument(metavar="SWEEP.toml", help="The sweep file.")],
    output: Annotated[Path, output_option("FILE.zarr", "Results; a sweep that was cut off goes on.")],
    cluster: Annotated[
        str | None, typer.Option("--cluster", metavar="ADDRESS", help="Scheduler of Dask; this machine without it.")
    ] = None,
    workers: Annotated[int | None, typer.Option("--workers", min=1, max=MAX_WORKERS, help="On this machine.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Tell the cost and stop there.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but what is wrong.")] = False,
    json: Json = False,
) -> None:
    """Many cases on many processors: a grid or a sample over any field of a case, into a Zarr store."""
    try:
        import distributed  # noqa: F401
    except ModuleNotFoundError as error:
        raise InputError(
            "missing-group",
            f"{error.name} is not installed",
            field="sweep",
            hint=f'{sys.executable} -m pip install "skinbeam[sweep]"',
        ) from None
    from skinbeam.sweeps.cost import estimate_cost
    from skinbeam.sweeps.run import run_sweep
    from skinbeam.sweeps.store import is_sweep_store
    from skinbeam.sweeps.sweep_file import load_sweep

    asked = load_sweep(file)
    cost = None if is_sweep_store(output) and not dry_run else estimate_cost(asked)
    if cost is not None and (dry_run or not (quiet or json)):
        if dry_run:
            print_result(cost.document(asked), json=json)
            return
        print(cost.sentence(), file=sys.stderr)
    with _sweep_progress(quiet=quiet) as (on_progress, on_message):
        summary = run_sweep(
            asked, output, cost=cost, cluster=cluster, count=workers, on_progress=on_progress, on_message=on_message
        )
    if not quiet or json:
        print_result(summary, json=json)


@contextmanager
def _sweep_progress(*, quiet: bool) -> Iterator[tuple[Callable[[int, int], None], Callable[[str], None]]]:
    """Provide the callbacks for the number of finished cases and for messages; with a bar if there is a terminal."""
    if quiet or not sys.stderr.isatty():
        yield (lambda done, cases: None), (lambda sentence: None if quiet else print(sentence, file=sys.stderr))
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("cases"), MofNCompleteColumn(), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:

        def hear(finished: int, cases: int) -> None:
            if bar.task_ids:
                bar.update(bar.task_ids[0], completed=finished)
            else:  # the bar starts with the cases of an earlier run, so that they do not distort the remaining time
                bar.add_task("cases", completed=finished, total=cases)

        yield hear, bar.console.print


app = typer.Typer(
    name="skinbeam",
    help="Plan laser skin treatment, from a consultation through simulated light and heat to an explained plan.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

app.add_typer(lasers, name="lasers")


def _print_version(is_asked: bool) -> None:
    if is_asked:
        print(f"skinbeam {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


def _load_planner() -> None:
    """Import the modules that a consultation needs after the analysis of its photograph."""
    import skinbeam.cli.progress
    import skinbeam.workflow  # noqa: F401
    from skinbeam.plan.planner import load_planning_tables

    load_planning_tables()


@app.command()
def consult(
    case: CaseFile,
    output: Annotated[Path, output_option("DIR", "Folder for the plan and the reports.")],
    photo: Annotated[
        Path | None, typer.Option("--photo", parser=require_path, metavar="FACE.jpg", help="A photograph of the face.")
    ] = None,
    draws: Draws = 200,
    seed: Seed = 0,
    language: Annotated[
        str, typer.Option("--language", metavar="CODE", help="Of the plan, the reports and the leaflet: en or de.")
    ] = "en",
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """From a consultation to a plan: suitability, options, expected results, course, report, leaflet."""
    from time import monotonic

    from skinbeam.model.input_files import load_case
    from skinbeam.plan.case_check import check_consultation
    from skinbeam.plan.parallel import listen_to_progress

    began = monotonic()
    check_language(language)
    with name_file_in_errors(case), answer_uncovered_conditions(case):
        checked = check_consultation(load_case(case), photo, on_started=_load_planner)
    from skinbeam.cli.progress import PlanProgress
    from skinbeam.workflow import consult as run

    progress = PlanProgress(quiet=quiet)
    try:
        with listen_to_progress(progress), name_file_in_errors(case):
            plan, _ = run(checked, output, draws=draws, seed=seed, language=language, plan_language=language)
    finally:
        progress.erase()
    if json:
        print_document(plan.document_in(language), json=True)
    elif not quiet:
        from skinbeam.report.terminal import plan_summary
        from skinbeam.text import render_message

        print(plan_summary(plan))
        written = {"report": str(output / "report.html"), "leaflet": str(output / "leaflet.pdf")}
        print(render_message("terminal.files", written | {"seconds": f"{monotonic() - began:.1f}"}))


@app.command()
def simulate(
    case: CaseFile,
    output: Annotated[Path | None, output_option("FILE.zarr", "Write the fields.")] = None,
    light: Annotated[
        str, typer.Option("--light", help="ordinates (a wide beam) or montecarlo (the axis of the spot).")
    ] = "ordinates",
    error: Annotated[float | None, typer.Option("--error", help="Relative standard error of the Monte Carlo.")] = None,
    device: Annotated[str, typer.Option("--device", help="cpu or cuda.")] = "cpu",
    draws: Draws = 200,
    seed: Seed = 0,
    json: Json = False,
) -> None:
    """One pulse, train or pass on one kind of skin."""
    from skinbeam.api.simulate import simulate_case
    from skinbeam.cli.plain_text import simulation_sentences
    from skinbeam.model.input_files import load_case
    from skinbeam.simulate.light.engines import check_engine_options

    check_engine_options("light", light, device, error)
    if device == "cuda":
        raise_not_built("simulate", "CUDA is not in this release for pulses")
    with name_file_in_errors(case):
        result = simulate_case(load_case(case), draws=draws, seed=seed, output=output, light=light, error=error)
    print_result(result, simulation_sentences, json=json)


@app.command()
def threshold(
    case: CaseFile,
    endpoint: Annotated[str, typer.Option("--endpoint", metavar="E", help=f"What is to be reached: {ENDPOINT_LIST}.")],
    of: Annotated[str | None, typer.Option("--of", help="fluence_J_cm2, microbeam_mJ or exposure_s.")] = None,
    draws: Draws = 200,
    plot: Plot = None,
    seed: Seed = 0,
    json: Json = False,
) -> None:
    """The dose at which half of such skins reach an endpoint."""
    from skinbeam.api.threshold import find_threshold
    from skinbeam.cli.plain_text import threshold_sentences
    from skinbeam.model.input_files import load_case

    check_plot(plot)
    with name_file_in_errors(case):
        result = find_threshold(load_case(case), endpoint, of=of, draws=draws, seed=seed)
    draw_plot(result, plot)
    print_result(result, threshold_sentences, json=json)


@app.command()
def window(
    case: CaseFile,
    output: Annotated[Path | None, output_option("DIR", "Folder for the figure.")] = None,
    effect: Annotated[str | None, typer.Option("--effect", help="Endpoint that is wanted.")] = None,
    harm: Annotated[str | None, typer.Option("--harm", help="Endpoint that must not be reached.")] = None,
    at: Annotated[
        str | None,
        typer.Option("--at", metavar="Q=X,...", help="One setting, such as fluence_J_cm2=8,pulse_ms=10."),
    ] = None,
    device: Annotated[
        str | None,
        typer.Option(
            "--device", metavar="D", help="With --at: of this device; else that of [laser], or the first choice."
        ),
    ] = None,
    exact: Annotated[
        bool, typer.Option("--exact", help="With --at: simulate that very setting, as is always done today.")
    ] = False,
    draws: Draws = 200,
    plot: Plot = None,
    seed: Seed = 0,
    json: Json = False,
) -> None:
    """The therapeutic window: dose by pulse length, with probability of effect and of harm; or one setting of it."""
    from skinbeam.api.window import find_window
    from skinbeam.cli.plain_text import window_sentences, worded_sentences
    from skinbeam.model.input_files import load_case

    check_plot(plot)
    if at is None and (exact or device is not None):
        from skinbeam.api.window_at import missing_setting_error

        raise missing_setting_error("device" if device is not None else "exact")
    if at is not None:
        if output or plot:
            raise typer.BadParameter("a single setting has no figure", param_hint="--at")
        answer = _setting_answer(case, at, device, draws, seed, effect=effect, harm=harm)
        print_result(answer, worded_sentences, json=json)
        return
    with name_file_in_errors(case):
        result = find_window(load_case(case), effect=effect, harm=harm, draws=draws, seed=seed)
    if output is not None:
        draw_plot(result, output / "window.svg", field="output")
    draw_plot(result, plot)
    print_result(result, window_sentences, json=json)


def _setting_answer(
    case: Path, at: str, device: str | None, draws: int, seed: int, *, effect: str | None, harm: str | None
) -> "AskedSettingAnswer":
    from skinbeam.api.window_at import answer_setting, parse_asked
    from skinbeam.model.input_files import load_case

    asked = parse_asked(at)
    with name_file_in_errors(case):
        return answer_setting(load_case(case), asked, device=device, effect=effect, harm=harm, draws=draws, seed=seed)


@app.command()
def light(
    layers: Annotated[Path, typer.Argument(metavar="LAYERS.toml", help="The layers file.")],
    method: Annotated[
        str | None, typer.Option("--method", help="ordinates or montecarlo; left out: the exact one where it can.")
    ] = None,
    photons: Annotated[
        int | None, typer.Option("--photons", min=MIN_PHOTONS, help="Photons of the Monte Carlo.")
    ] = None,
    error: Annotated[float | None, typer.Option("--error", help="Relative standard error of the Monte Carlo.")] = None,
    device: Annotated[str, typer.Option("--device", help="cpu or cuda.")] = "cpu",
    split: Annotated[
        bool, typer.Option("--split", help="Split photons at the outer faces, less scatter of what leaves.")
    ] = False,
    checkpoint: Annotated[
        Path | None,
        typer.Option(
            "--checkpoint", parser=require_path, metavar="FILE.npz", help="Keep the run there, and go on from it."
        ),
    ] = None,
    output: Annotated[Path | None, output_option("FILE.zarr", "Write the fields.")] = None,
    plot: Plot = None,
    seed: Seed = 0,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Light alone, in explicit layers, in vessels and lesions in them, or in voxels."""
    from skinbeam.api.light import DEFAULT_PHOTONS, LightOptions, run_light
    from skinbeam.cli.progress import print_status, show_photon_progress

    options = LightOptions(method, photons, error, device, seed, split, checkpoint)
    check_plot(plot)
    expected = photons or (None if error is not None else DEFAULT_PHOTONS)
    with show_photon_progress(expected, quiet=quiet) as progress:
        run = run_light(layers, options, progress=progress, notify=None if quiet else print_status)
    if output is not None:
        from skinbeam.api.light import write_light_fields

        write_light_fields(run, output)
    draw_plot(run.balance, plot)
    if json or not quiet:
        print_document(run.balance.to_dict(), json=json)


@app.command()
def skin(
    case: CaseFile,
    wavelength: Annotated[str, typer.Option("--wavelength", metavar="400:1000:10", help="Wavelengths in nm.")],
    draws: Draws = 200,
    plot: Plot = None,
    seed: Seed = 0,
    json: Json = False,
) -> None:
    """Optical and thermal properties of this skin, its reflectance spectrum, its colour."""
    from skinbeam.api.skin import describe_skin, parse_wavelengths
    from skinbeam.model.input_files import load_case

    check_plot(plot)
    nm = parse_wavelengths(wavelength)
    with name_file_in_errors(case):
        result = describe_skin(load_case(case), nm, draws=draws, seed=seed)
    draw_plot(result, plot)
    print_document(result.to_dict(), json=json)


app.command()(expect)
app.command()(compare)
app.command()(guideline)


@app.command()
def photo(
    image: Annotated[Path, typer.Argument(metavar="FACE.jpg", help="The photograph.")],
    output: Annotated[Path | None, output_option("DIR", "Folder for the overlays.")] = None,
    points: Annotated[
        tuple[float, float, float, float, float, float] | None,
        typer.Option("--points", metavar="X Y X Y X Y", help="Right pupil, left pupil and mouth, set by hand, px."),
    ] = None,
    site: Annotated[
        str | None,
        typer.Option("--site", metavar="SITE", help="Without a face: hands, arms, neck, decolletage, back, abdomen."),
    ] = None,
    length: Annotated[
        tuple[float, float, float, float, float] | None,
        typer.Option("--length", metavar="X Y X Y MM", help="Two points, px, and the mm between them: a ruler."),
    ] = None,
    before: Annotated[
        Path | None,
        typer.Option(
            "--before",
            parser=require_path,
            metavar="BEFORE.jpg",
            help="An earlier picture of the same face: what changed since.",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Regions, maps and findings of a photograph: JPEG, PNG, WebP, TIFF, HEIC or DICOM."""
    from skinbeam.api.analyse_photo import report_photo
    from skinbeam.cli.photo_text import format_photo

    report = report_photo(image, output, points=points, site=site, length=length, before=before)
    print_formatted(report, format_photo, json=json)


@app.command()
def card(
    output: Annotated[Path, output_option("FILE.pdf", "Where the card is written.")] = Path("card.pdf"),
    language: Annotated[str, typer.Option("--language", metavar="CODE", help="Of the instructions: en or de.")] = "en",
    json: Json = False,
) -> None:
    """The clinic's colour and scale card as PDF, to be printed and held beside the skin in a photograph."""
    from skinbeam.report.photo_card import write_card
    from skinbeam.text import use_document_language, use_language

    check_language(language)
    with use_language(language), use_document_language(language):
        print_result(write_card(output), json=json)


@app.command()
def preview(
    image: Annotated[Path, typer.Argument(metavar="FACE.jpg", help="The photograph.")],
    plan: Annotated[
        Path, typer.Option("--plan", parser=require_path, metavar="plan.json", help="The plan that `consult` wrote.")
    ],
    output: Annotated[Path, output_option("DIR", "Folder for the pictures.")],
    json: Json = False,
) -> None:
    """Before and after, and what may go wrong: illustrations at the 10th, 50th and 90th percentile."""
    from skinbeam.api.preview import preview_photo
    from skinbeam.cli.preview_text import format_preview

    print_formatted(preview_photo(image, plan, output), format_preview, json=json)


app.command()(sweep)


@app.command()
def validate(
    only: Annotated[str | None, typer.Option("--only", metavar="GROUP", help="One group of rows.")] = None,
    output: Annotated[Path | None, output_option("DIR", "Folder for the page.")] = None,
    json: Json = False,
) -> None:
    """Every published row that the model can be compared with, with its verdict, and plans beside the guideline."""
    from skinbeam.validation.validate import validate_model

    result = validate_model(only)
    if not result.is_posed:
        raise NotAvailable(render_message("validate.none-posed"), body=result.to_dict())
    if only is None:
        from skinbeam.validation.guideline_plans import compare_with_guideline

        result = replace(result, guideline=compare_with_guideline())
    if output is not None:
        from skinbeam.validation.validation_page import write_validation

        write_validation(result, output)
    if json:
        print_document(result.to_dict(), json=True)
        return
    from skinbeam.validation.validation_page import validation_text

    sys.stdout.write(validation_text(result))


app.command()(claims)
app.command()(cite)


@app.command()
def conditions(json: Json = False) -> None:
    """The conditions, sites and modalities that are known, with the everyday words for them."""
    from skinbeam.cli.plain_text import format_names
    from skinbeam.model.conditions import list_names

    print_formatted(list_names(), format_names, json=json)


@app.command()
def doctor(
    cluster: Annotated[
        str | None, typer.Option("--cluster", metavar="ADDRESS", help="Scheduler of Dask that sweeps would go to.")
    ] = None,
    json: Json = False,
) -> None:
    """What this machine can do, and a cluster, with the fix for what is missing."""
    from skinbeam.cli.doctor import check_machine
    from skinbeam.cli.plain_text import format_machine
    from skinbeam.sweeps.health import check_sweep_health

    print_formatted(check_machine(check_sweep_health(cluster)), format_machine, json=json)


@cache
def full_app() -> typer.Typer:
    """Return the app with the commands that other installed distributions add."""
    add_installed_commands(app)
    return app
