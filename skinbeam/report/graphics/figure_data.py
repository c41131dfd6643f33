"""Data of the simulated figures of a report, which are computed while the skins of a concern are in memory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from skinbeam.assessment.questionnaire import darkest_phototype
from skinbeam.model.estimate import Unknown
from skinbeam.plan.concern import FIGURE_DRAWS, ConcernResult
from skinbeam.plan.section import SkinSection, compute_section
from skinbeam.plan_records.course import DeviceSetup
from skinbeam.report.formatting import join_items, quantity_label, report_text
from skinbeam.response.candidate import CandidateSetting
from skinbeam.response.goals import TreatmentGoal
from skinbeam.response.practice_place import ENERGY, FLUENCE
from skinbeam.text import render_message
from skinbeam.what_if.window import PlanWindow, PublishedDoseRange, compute_curve, compute_window

__all__ = ["ConcernFigures", "FigureData", "WindowData", "concern_figures"]


@dataclass(frozen=True)
class WindowData:
    """Probability of effect and of harm over dose and pulse length, or of microbeams over energy and density.

    Parameters
    ----------
    dose : doses, ascending, shape (dose,), in the unit that `dose_quantity` names (`fluence_J_cm2`, `microbeam_mJ`).
    rows : pulse lengths in ms or densities in 1/cm², as `row_quantity` says, ascending, shape (row,).
    p_effect, p_harm : probabilities, [row][dose]; empty where one is not known.
    effect, harm : the endpoints of these probabilities, in words.
    limit_fraction : fraction of a limit that a dose uses up, [row][dose]: values above 1 are not allowed; empty without
        a limit.
    limits : the limits that `limit_fraction` refers to, in words.
    published_doses, maker_doses : doses that clinics and trials used, by row ascending, and that makers recommend.
    chosen_dose, chosen_row : the settings of the plan, both on the grid; None when there are none.
    offered : whether the plan offers these settings; else they are the nearest ones.
    row_quantity : quantity of the rows, `pulse_ms` or `density_per_cm2`.
    light : the light in words, for the axis of the dose; empty where the caller's document names it.
    """

    dose_quantity: str
    dose: Sequence[float]
    rows: Sequence[float]
    p_effect: Sequence[Sequence[float]]
    p_harm: Sequence[Sequence[float]]
    effect: str
    harm: str
    limit_fraction: Sequence[Sequence[float]] = ()
    limits: str = ""
    published_doses: Sequence[PublishedDoseRange] = ()
    maker_doses: Sequence[PublishedDoseRange] = ()
    chosen_dose: float | None = None
    chosen_row: float | None = None
    light: str = ""
    row_quantity: str = "pulse_ms"
    offered: bool = True


@dataclass(frozen=True)
class ConcernFigures:
    """Figure data of a concern's leading option; an unknown gives the reason for a missing figure.

    Parameters
    ----------
    curves : of each further laser option, in their order, the window of its planned pulse; None where there is none.
    """

    condition: str
    site: str
    section: SkinSection | Unknown
    window: WindowData | Unknown
    curves: Sequence[WindowData | None] = ()


@dataclass(frozen=True)
class FigureData:
    """All figure data of a report, which the plan document does not contain."""

    concerns: Sequence[ConcernFigures] = field(default_factory=tuple)

    def for_concern(self, condition: str, site: str) -> ConcernFigures | None:
        """Return the figure data of a concern, or None."""
        figures: Mapping[tuple[str, str], ConcernFigures] = {(c.condition, c.site): c for c in self.concerns}
        return figures.get((condition, site))


def concern_figures(result: ConcernResult) -> ConcernFigures:
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
        compute_section(trial, goal, skins),
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
        published_doses=window.published,
        maker_doses=window.recommended,
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
