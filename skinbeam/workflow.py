"""Make the plan of a consultation and write its reports. Both the command line and the web application call this."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from skinbeam._version import __version__
from skinbeam.api.analyse_photo import report_analysis
from skinbeam.api.preview import make_preview
from skinbeam.assessment.questionnaire import darkest_phototype
from skinbeam.model.atomic_files import replace_file_set, work_folder
from skinbeam.model.document import pretty_json, sha256_hex, unwritable_error, write_atomically
from skinbeam.model.estimate import Unknown
from skinbeam.photo.mark_selection import MarkPlace, select_marks
from skinbeam.plan.case_check import CheckedConsultation
from skinbeam.plan.concern import FIGURE_DRAWS, ConcernResult
from skinbeam.plan.planner import PlanResult, plan_consultation
from skinbeam.plan.section import SkinSection, compute_section
from skinbeam.plan_records.course import DeviceSetup
from skinbeam.plan_records.plan import Plan
from skinbeam.report.formatting import join_items, quantity_label, report_text
from skinbeam.report.graphics.figure_data import (
    ConcernFigures,
    DoseRange,
    FigureData,
    LayerMark,
    SectionData,
    WindowData,
)
from skinbeam.response.candidate import CandidateSetting
from skinbeam.response.goals import TreatmentGoal
from skinbeam.response.practice_place import ENERGY, FLUENCE
from skinbeam.text import ENGLISH, render_message, translate_record, use_language
from skinbeam.what_if.chosen_setting import ChosenSetting, ChosenSettings
from skinbeam.what_if.window import PlanWindow, compute_curve, compute_window

__all__ = ["PREVIEW_FOLDER", "collect_figure_data", "consult"]

PHOTO_FOLDER, PREVIEW_FOLDER = "photo", "preview"
RUN_FILE, PLAN_FILE = "run.json", "plan.json"


def consult(
    consultation: CheckedConsultation,
    folder: Path,
    *,
    draws: int = 200,
    seed: int = 0,
    language: str = ENGLISH,
    chosen: Sequence[ChosenSetting] = (),
    kept_marks: Sequence[MarkPlace] | None = None,
) -> tuple[Plan, list[Path]]:
    """Make the plan of a consultation, write it with its reports into `folder`, and return both.

    The plan is the same in every language; its reports are written in `language`.

    All files are first written elsewhere and then moved into `folder`, `plan.json` last: as long as `plan.json` exists,
    all files belong to one run. Files of an earlier consultation that this run does not write are removed. Other files
    in the folder are left alone.

    Parameters
    ----------
    chosen : settings that a clinician chose in place of those that the plan proposes.
    kept_marks : the marks on the photograph that preview pictures may change; all of them if left out.

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
            consultation, settings, made_in, draws=draws, seed=seed, language=language, kept_marks=kept_marks
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
    kept_marks: Sequence[MarkPlace] | None,
) -> Plan:
    """Make the plan and write the whole set of files into an empty folder."""
    made = plan_consultation(
        consultation,
        _concern_figures,
        draws=draws,
        seed=seed,
        on_started=_load_report_writer,
        revise=settings.replace_setting,
    )
    plan, look, overlays = made.plan, made.photo, folder / PHOTO_FOLDER
    settings.check(plan)
    write_atomically(folder / PLAN_FILE, pretty_json(plan.document))
    seen = None if look is None or isinstance(look.skin, Unknown) else look
    photo = None if seen is None else report_analysis(seen, overlays)
    with use_language(language):
        preview = None if seen is None else make_preview(translate_record(plan), select_marks(seen, kept_marks))
        for name, content in ({} if preview is None else preview.files).items():
            write_atomically(folder / PREVIEW_FOLDER / name, content)
        _load_report_writer()(
            plan, FigureData(made.concerns), folder, photo=photo, photo_folder=overlays, preview=preview
        )
    sums = {
        str(file.relative_to(folder)): sha256_hex(file.read_bytes()) for file in folder.rglob("*") if file.is_file()
    }
    run = {
        "schema": "skinbeam.run/1",
        "version": __version__,
        "case_sha256": plan.case_sha256,
        "plan_sha256": plan.plan_sha256,
        "data_release": plan.data_release,
        "seed": seed,
        "draws": draws,
        "files": sorted([*sums, RUN_FILE]),
        "sha256": dict(sorted(sums.items())),
    }
    write_atomically(folder / RUN_FILE, pretty_json(run))
    return plan


def _load_report_writer() -> Callable[..., list[Path]]:
    """Import and return the function that writes the report; its libraries load while the skins are computed."""
    from skinbeam.report.report_files import write_report

    return write_report


def collect_figure_data(result: PlanResult[ConcernResult]) -> FigureData:
    """Return the data from which the figures of a plan are drawn."""
    return FigureData(tuple(map(_concern_figures, result.concerns)))


def _concern_figures(result: ConcernResult) -> ConcernFigures:
    """Return the figures of the first laser option or, where there is none, of the nearest setting."""
    condition, site = result.record.condition, result.record.site
    if result.figure_setting is None:
        none = Unknown(render_message("plan.no-laser-option"))
        return ConcernFigures(condition, site, none, none)
    goal, trial, setup = result.figure_setting
    # Columns are counted, so that a limit turns on a few draws; the plan has computed most of them already.
    skins = result.bank.skins(site, goal, max_draws=None if trial.density_per_cm2 is not None else FIGURE_DRAWS)
    return ConcernFigures(
        condition,
        site,
        _section_data(compute_section(trial, goal, skins)),
        _window_data(
            compute_window(trial, goal, skins, darkest_phototype(result.bank.case)),
            goal,
            trial,
            setup,
            offered=result.trial is not None,
        ),
        _further_curves(result),
    )


def _further_curves(result: ConcernResult) -> tuple[WindowData | None, ...]:
    """Return the window of the planned pulse of each laser option but the first; None where nothing was computed."""
    phototype = darkest_phototype(result.bank.case)
    setups = [option.setup for option in result.record.options if option.setup is not None]
    return tuple(
        None
        if trial.thresholds is None
        else _window_data(compute_curve(trial, goal, phototype), goal, trial, setup, offered=True)
        for goal, trial, setup in list(zip(result.goals, result.trials, setups, strict=True))[1:]
    )


def _section_data(section: SkinSection | Unknown) -> SectionData | Unknown:
    if isinstance(section, Unknown):
        return section
    light, peak = section.light, section.peak_C
    layers = [LayerMark(name, top) for name, top in section.layers]
    return SectionData(section.depth_um, *light, *peak, layers, section.level, section.target_um)


def _window_data(
    window: PlanWindow, goal: TreatmentGoal, trial: CandidateSetting, setup: DeviceSetup, *, offered: bool
) -> WindowData:
    return WindowData(
        FLUENCE if window.row_quantity == "pulse_ms" else ENERGY,
        window.dose,
        window.rows,
        window.p_effect,
        window.p_harm,
        _goal_description(goal),
        report_text("any_limit") if trial.burns is None else render_message("endpoint-title.epidermal-necrosis"),
        limit_fraction=window.limit_use,
        limits=join_items(quantity_label(limit)[0] for limit in window.broken_quantities),
        published_doses=[
            DoseRange(dose_range.row_value, dose_range.low, dose_range.high) for dose_range in window.published
        ],
        maker_doses=[
            DoseRange(dose_range.row_value, dose_range.low, dose_range.high) for dose_range in window.recommended
        ],
        chosen_dose=trial.dose,
        chosen_row=trial.density_per_cm2 or trial.setting.pulse_ms,
        light=setup.light,
        row_quantity=window.row_quantity,
        offered=offered,
    )


def _goal_description(goal: TreatmentGoal) -> str:
    """Return the target in words. Heat that kills a brown spot is a burn too, so the spot is named to tell it from a
    burn of the surrounding skin.
    """
    reached = render_message(f"endpoint-title.{goal.endpoint}")
    return report_text("in_the_spot", what=reached) if goal.location == "lesion" else reached
