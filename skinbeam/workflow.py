"""The main job: a consultation in, a plan and its reports out. The command line and the app both call this."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from skinbeam._version import __version__
from skinbeam.assessment.questionnaire import darkest_phototype
from skinbeam.document import pretty_json, sha256_of, unwritable, write_atomically
from skinbeam.estimate import Unknown
from skinbeam.files.placed import place
from skinbeam.files.unfinished import work_folder
from skinbeam.messages import ENGLISH, retell, speaking, text
from skinbeam.photo.document import document_of
from skinbeam.plan.check import Consultation
from skinbeam.plan.concern import FIGURE_DRAWS, Planned
from skinbeam.plan.plan import MadePlan, plan_consultation
from skinbeam.plan.records import Plan
from skinbeam.plan.search.goals import Goal
from skinbeam.plan.search.place import ENERGY, FLUENCE
from skinbeam.plan.search.trial import Trial
from skinbeam.plan.section import Section, section_of
from skinbeam.plan.setup import Setup
from skinbeam.plan.window.around import Window, window_of
from skinbeam.preview.document import preview_of
from skinbeam.report.figures import ConcernFigures, DoseRange, FigureData, LayerMark, SectionData, WindowData
from skinbeam.report.shown import join, quantity, say

__all__ = ["PREVIEW_FOLDER", "consult", "figures_of"]

PHOTO_FOLDER, PREVIEW_FOLDER = "photo", "preview"
LEDGER, SEAL = "run.json", "plan.json"


def consult(
    consultation: Consultation, folder: Path, *, draws: int = 200, seed: int = 0, language: str = ENGLISH
) -> tuple[Plan, list[Path]]:
    """Make the plan of a consultation, write it with its reports into `folder`, and return both.

    The plan is the same in every language; its reports are written in `language`.

    Everything is made first and then moved into place, `plan.json` last: while it is there, all files are of one run.
    Those of an earlier consultation that this one does not have go; files of others in the folder are left alone.

    Raises
    ------
    InputError : `folder` cannot be written.
    """
    with ExitStack() as stack:
        try:
            made_in = stack.enter_context(work_folder(folder, "consult"))
        except OSError as error:
            raise unwritable(folder, error) from None
        plan = _written(consultation, made_in, draws=draws, seed=seed, language=language)
        try:
            return plan, place(made_in, folder, ledger=LEDGER, seal=SEAL)
        except OSError as error:
            raise unwritable(folder, error) from None


@speaking(ENGLISH)
def _written(consultation: Consultation, folder: Path, *, draws: int, seed: int, language: str) -> Plan:
    """Make the plan and write the whole set of files into an empty folder."""
    made = plan_consultation(consultation, _concern_figures, draws=draws, seed=seed, meanwhile=_writer)
    plan, look, overlays = made.plan, made.photo, folder / PHOTO_FOLDER
    write_atomically(folder / SEAL, pretty_json(plan.document))
    seen = None if look is None or isinstance(look.skin, Unknown) else look
    photo = None if seen is None else document_of(seen, overlays)
    with speaking(language):
        preview = None if seen is None else preview_of(retell(plan), seen)
        for name, content in ({} if preview is None else preview.files).items():
            write_atomically(folder / PREVIEW_FOLDER / name, content)
        _writer()(plan, FigureData(made.concerns), folder, photo=photo, photo_folder=overlays, preview=preview)
    sums = {str(file.relative_to(folder)): sha256_of(file.read_bytes()) for file in folder.rglob("*") if file.is_file()}
    run = {
        "schema": "skinbeam.run/1",
        "version": __version__,
        "case_sha256": plan.case_sha256,
        "plan_sha256": plan.plan_sha256,
        "data_release": plan.data_release,
        "seed": seed,
        "draws": draws,
        "files": sorted([*sums, LEDGER]),
        "sha256": dict(sorted(sums.items())),
    }
    write_atomically(folder / LEDGER, pretty_json(run))
    return plan


def _writer() -> Callable[..., list[Path]]:
    """What writes the report; its libraries load while the skins are computed."""
    from skinbeam.report.report import write_report

    return write_report


def figures_of(made: MadePlan[Planned]) -> FigureData:
    """Return what the figures of a plan are drawn from."""
    return FigureData(tuple(map(_concern_figures, made.concerns)))


def _concern_figures(part: Planned) -> ConcernFigures:
    """The figures of the first laser, or where none is offered of the setting that came nearest."""
    condition, site = part.record.condition, part.record.site
    if part.shown is None:
        none = Unknown(text("plan.no-laser-option"))
        return ConcernFigures(condition, site, none, none)
    goal, trial, setup = part.shown
    # Columns are counted, so that a limit turns on a few draws; the plan has computed most of them already.
    skins = part.bank.skins(site, goal, most=None if trial.density_per_cm2 is not None else FIGURE_DRAWS)
    return ConcernFigures(
        condition,
        site,
        _section(section_of(trial, goal, skins)),
        _window(
            window_of(trial, goal, skins, darkest_phototype(part.bank.case)),
            goal,
            trial,
            setup,
            offered=part.trial is not None,
        ),
    )


def _section(section: Section | Unknown) -> SectionData | Unknown:
    if isinstance(section, Unknown):
        return section
    light, peak = section.light, section.peak_C
    layers = [LayerMark(name, top) for name, top in section.layers]
    return SectionData(section.depth_um, *light, *peak, layers, section.level, section.target_um)


def _window(window: Window, goal: Goal, trial: Trial, setup: Setup, *, offered: bool) -> WindowData:
    return WindowData(
        FLUENCE if window.by == "pulse_ms" else ENERGY,
        window.dose,
        window.rows,
        window.p_effect,
        window.p_harm,
        _sought(goal),
        say("any_limit") if trial.burns is None else text("endpoint-title.epidermal-necrosis"),
        spent=window.spent,
        limits=join(quantity(limit)[0] for limit in window.broken),
        practised=[DoseRange(one.row, one.low, one.high) for one in window.practised],
        makers=[DoseRange(one.row, one.low, one.high) for one in window.makers],
        chosen_dose=trial.dose,
        chosen_row=trial.density_per_cm2 or trial.setting.pulse_ms,
        light=setup.light,
        by=window.by,
        offered=offered,
    )


def _sought(goal: Goal) -> str:
    """What is to be reached; heat that kills a brown spot is a burn too, and is told from that of the skin around."""
    reached = text(f"endpoint-title.{goal.endpoint}")
    return say("in_the_spot", what=reached) if goal.where == "lesion" else reached
