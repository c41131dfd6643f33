"""The main job: a consultation in, a plan and its reports out. The command line and the app both call this."""

from pathlib import Path

from skinbeam._version import __version__
from skinbeam.assessment.questionnaire import darkest_phototype
from skinbeam.document import pretty_json, write_atomically
from skinbeam.errors import InputError
from skinbeam.estimate import Unknown
from skinbeam.messages import text
from skinbeam.photo.document import document_of
from skinbeam.plan.check import Consultation
from skinbeam.plan.concern import FIGURE_DRAWS, Planned
from skinbeam.plan.plan import MadePlan, plan_consultation
from skinbeam.plan.records import Plan
from skinbeam.plan.search.bank import SkinBank
from skinbeam.plan.search.place import ENERGY, FLUENCE
from skinbeam.plan.section import Section, section_of
from skinbeam.plan.window.around import Window, window_of
from skinbeam.report.figures import ConcernFigures, DoseRange, FigureData, LayerMark, SectionData, WindowData
from skinbeam.report.report import write_report
from skinbeam.report.shown import join, quantity, say

__all__ = ["consult", "figures_of"]

PHOTO_FOLDER = "photo"


def consult(consultation: Consultation, folder: Path, *, draws: int = 200, seed: int = 0) -> tuple[Plan, list[Path]]:
    """Make the plan of a consultation, write it with its reports into `folder`, and return both.

    Each file is written whole or not at all; files of others in the folder are left alone.

    Raises
    ------
    InputError : `folder` cannot be written.
    """
    _usable(folder)
    overlays = folder / PHOTO_FOLDER
    made = plan_consultation(consultation, draws=draws, seed=seed)
    plan, look = made.plan, made.photo
    files = [folder / "plan.json", folder / "run.json"]
    write_atomically(files[0], pretty_json(plan.document))
    photo = None if look is None or isinstance(look.skin, Unknown) else document_of(look, overlays)
    files += write_report(plan, figures_of(made), folder, photo=photo, photo_folder=overlays)
    run = {
        "schema": "skinbeam.run/1",
        "version": __version__,
        "case_sha256": plan.case_sha256,
        "plan_sha256": plan.plan_sha256,
        "data_release": plan.data_release,
        "seed": seed,
        "draws": draws,
        "files": sorted(str(file.relative_to(folder)) for file in files),
    }
    write_atomically(files[1], pretty_json(run))
    return plan, sorted(files)


def _usable(folder: Path) -> None:
    """Refuse a folder that cannot be made or written, before any work is done."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(folder / ".skinbeam", "")
        (folder / ".skinbeam").unlink(missing_ok=True)
    except OSError as error:
        raise InputError(
            "unwritable-folder",
            f'"{folder.name}" cannot be written: {error.strerror}',
            field="--output",
            hint="A folder that can be written, or that can be made.",
        ) from None


def figures_of(made: MadePlan) -> FigureData:
    """Return what the figures of a plan are drawn from."""
    return FigureData(tuple(_concern_figures(made.bank, part) for part in made.concerns))


def _concern_figures(bank: SkinBank, part: Planned) -> ConcernFigures:
    condition, site = part.record.condition, part.record.site
    if part.trial is None or part.goal is None:
        none = Unknown(text("plan.no-laser-option"))
        return ConcernFigures(condition, site, none, none)
    # Columns are counted, so that a limit turns on a few draws; the plan has computed most of them already.
    skins = bank.skins(site, part.goal, most=None if part.trial.density_per_cm2 is not None else FIGURE_DRAWS)
    return ConcernFigures(
        condition,
        site,
        _section(section_of(part.trial, part.goal, skins)),
        _window(window_of(part.trial, part.goal, skins, darkest_phototype(bank.case)), part),
    )


def _section(section: Section | Unknown) -> SectionData | Unknown:
    if isinstance(section, Unknown):
        return section
    light, peak = section.light, section.peak_C
    layers = [LayerMark(name, top) for name, top in section.layers]
    return SectionData(section.depth_um, *light, *peak, layers, section.level, section.target_um)


def _window(window: Window, part: Planned) -> WindowData | Unknown:
    laser = part.record.first_laser
    if part.trial is None or part.goal is None or laser is None:
        return Unknown(text("plan.no-laser-option"))
    _, setup = laser
    return WindowData(
        FLUENCE if window.by == "pulse_ms" else ENERGY,
        window.dose,
        window.rows,
        window.p_effect,
        window.p_harm,
        text(f"endpoint-title.{part.goal.endpoint}"),
        say("any_limit") if part.trial.burns is None else text("endpoint-title.epidermal-necrosis"),
        spent=window.spent,
        limits=join(quantity(limit)[0] for limit in window.broken),
        practised=[DoseRange(one.row, one.low, one.high) for one in window.practised],
        makers=[DoseRange(one.row, one.low, one.high) for one in window.makers],
        chosen_dose=part.trial.dose,
        chosen_row=part.trial.density_per_cm2 or part.trial.setting.pulse_ms,
        light=setup.light,
        by=window.by,
    )
