"""Make the plan of a consultation and write its reports. Both the command line and the web application call this."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skinbeam._version import __version__
from skinbeam.model.atomic_files import replace_file_set, work_folder
from skinbeam.model.document import pretty_json, sha256_hex, unwritable_error, write_atomically
from skinbeam.model.estimate import Unknown
from skinbeam.model.sources import bibliography
from skinbeam.plan.case_check import CheckedConsultation
from skinbeam.plan.parallel import run_in_parallel
from skinbeam.plan.planner import plan_consultation
from skinbeam.plan_records.plan import Plan
from skinbeam.report.graphics.figure_data import FigureData, concern_figures
from skinbeam.text import ENGLISH, use_document_language, use_language
from skinbeam.what_if.chosen_setting import ChosenSetting, ChosenSettings

if TYPE_CHECKING:
    from skinbeam.api.analyse_photo import PhotoReport
    from skinbeam.api.preview import Preview
    from skinbeam.photo.analysis import PhotoAnalysis
    from skinbeam.photo.mark_selection import MarkPlace

__all__ = ["PREVIEW_FOLDER", "consult"]

PHOTO_FOLDER, PREVIEW_FOLDER = "photo", "preview"
RUN_FILE, PLAN_FILE = "run.json", "plan.json"


def consult(
    consultation: CheckedConsultation,
    folder: Path,
    *,
    draws: int = 200,
    seed: int = 0,
    language: str = ENGLISH,
    plan_language: str = ENGLISH,
    chosen: Sequence[ChosenSetting] = (),
    confirmed_marks: "Sequence[MarkPlace] | None" = None,
) -> tuple[Plan, list[Path]]:
    """Make the plan of a consultation, write it with its reports into `folder`, and return both.

    All files are first written elsewhere and then moved into `folder`, `plan.json` last: as long as `plan.json` exists,
    all files belong to one run. Files of an earlier consultation that this run does not write are removed. Other files
    in the folder are left alone.

    Parameters
    ----------
    language : of the reports.
    plan_language : of the sentences in `plan.json`; its numbers and its hash are the same in every language.
    chosen : settings that a clinician chose in place of those that the plan proposes.
    confirmed_marks : the marks on the photograph that preview pictures may change; all of them if left out.

    Raises
    ------
    InputError : `folder` cannot be written, or a plan does not give a setting that was chosen.
    """
    with ExitStack() as stack:
        try:
            made_in = stack.enter_context(work_folder(folder, "consult"))
        except OSError as error:
            raise unwritable_error(folder, error) from None
        settings = ChosenSettings(consultation.loaded, chosen)
        plan = _write_consultation(
            consultation,
            settings,
            made_in,
            draws=draws,
            seed=seed,
            language=language,
            plan_language=plan_language,
            confirmed_marks=confirmed_marks,
        )
        try:
            return plan, replace_file_set(made_in, folder, manifest=RUN_FILE, last_file=PLAN_FILE)
        except OSError as error:
            raise unwritable_error(folder, error) from None


@use_language(ENGLISH)
def _write_consultation(
    consultation: CheckedConsultation,
    settings: ChosenSettings,
    folder: Path,
    *,
    draws: int,
    seed: int,
    language: str,
    plan_language: str,
    confirmed_marks: "Sequence[MarkPlace] | None",
) -> Plan:
    """Make the plan and write the whole set of files into an empty folder."""
    made = plan_consultation(
        consultation,
        concern_figures,
        draws=draws,
        seed=seed,
        on_started=_load_report_libraries,
        revise=settings.replace_setting,
    )
    from skinbeam.report.report_figures import draw_calendar_figure, draw_concern_figures, join_report_figures
    from skinbeam.report.report_files import make_leaflet, write_report

    plan, look, overlays = made.plan, consultation.photo_analysis, folder / PHOTO_FOLDER
    identity = plan.plan_sha256  # computed before processes are forked, most of which need it
    settings.check(plan)
    seen = None if look is None or isinstance(look.skin, Unknown) else look
    figures = FigureData(made.concerns)

    def preview_and_leaflet() -> "tuple[Preview | None, bytes]":
        shown = None if seen is None else _write_preview(plan, seen, confirmed_marks, folder / PREVIEW_FOLDER)
        return shown, make_leaflet(plan, shown)

    work: list[Callable[[], Any]] = [  # what takes longest first
        preview_and_leaflet,
        lambda: None if seen is None else _report_photo(seen, overlays),
        *(partial(draw_concern_figures, plan, place, figures) for place in range(len(plan.concerns))),
        lambda: write_atomically(folder / PLAN_FILE, pretty_json(plan.document_in(plan_language))),
        partial(draw_calendar_figure, plan),
    ]
    with use_language(language), use_document_language(plan_language):
        (preview, leaflet), photo, *of_concerns, _, calendar = run_in_parallel(lambda part: part(), work)
        drawn = join_report_figures([*of_concerns, calendar])
        write_report(plan, drawn, leaflet, folder, photo=photo, photo_folder=overlays, preview=preview)
    sums = {
        str(file.relative_to(folder)): sha256_hex(file.read_bytes()) for file in folder.rglob("*") if file.is_file()
    }
    run = {
        "schema": "skinbeam.run/1",
        "version": __version__,
        "case_sha256": plan.case_sha256,
        "plan_sha256": identity,
        "data_release": plan.data_release,
        "seed": seed,
        "warnings": plan.warnings,
        "draws": draws,
        "files": sorted([*sums, RUN_FILE]),
        "sha256": dict(sorted(sums.items())),
    }
    with use_document_language(plan_language):
        write_atomically(folder / RUN_FILE, pretty_json(run))
    return plan


def _write_preview(
    plan: Plan, analysis: "PhotoAnalysis", confirmed_marks: "Sequence[MarkPlace] | None", folder: Path
) -> "Preview":
    """Draw the plan on its photograph in the current language, and write the pictures into `folder`."""
    from skinbeam.api.preview import make_preview  # imported late: a plan without a photograph does not need them
    from skinbeam.photo.mark_selection import select_marks

    preview = make_preview(plan, select_marks(analysis, confirmed_marks))
    for name, content in preview.files.items():
        write_atomically(folder / name, content)
    return preview


def _report_photo(analysis: "PhotoAnalysis", folder: Path) -> "PhotoReport":
    """Write the maps of a photograph into `folder`, and return its findings."""
    from skinbeam.api.analyse_photo import report_analysis  # imported late, as above

    return report_analysis(analysis, folder)


def _load_report_libraries() -> None:
    """Load what writes the report, while the skins are computed."""
    import skinbeam.report.report_files  # noqa: F401

    bibliography()
