"""Data of the simulated figures of a report, as plain lists."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from skinbeam.model.estimate import Unknown

__all__ = ["ConcernFigures", "DoseRange", "FigureData", "LayerMark", "SectionData", "WindowData"]


@dataclass(frozen=True)
class LayerMark:
    """A layer of the section: its name and the depth of its top in µm."""

    name: str
    top_um: float


@dataclass(frozen=True)
class SectionData:
    """Light and peak temperature by depth, for the skins that were drawn.

    Parameters
    ----------
    depth_um : depths below the surface, ascending, shape (depth,).
    fluence_rate_ratio_median, .._low, .._high : fluence rate over irradiance, same shape.
    peak_C_median, .._low, .._high : highest temperature reached at each depth in °C, same shape; empty when heat
        was not simulated.
    layers : layers from the surface down.
    level : probability between low and high.
    target_um : top and bottom of the target in µm, or None.
    """

    depth_um: Sequence[float]
    fluence_rate_ratio_median: Sequence[float]
    fluence_rate_ratio_low: Sequence[float]
    fluence_rate_ratio_high: Sequence[float]
    peak_C_median: Sequence[float]
    peak_C_low: Sequence[float]
    peak_C_high: Sequence[float]
    layers: Sequence[LayerMark]
    level: float
    target_um: tuple[float, float] | None = None


@dataclass(frozen=True)
class DoseRange:
    """A range of published doses at one row of a window: a pulse length or a density."""

    row: float
    low: float
    high: float


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
    published_doses: Sequence[DoseRange] = ()
    maker_doses: Sequence[DoseRange] = ()
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
    section: SectionData | Unknown
    window: WindowData | Unknown
    curves: Sequence[WindowData | None] = ()


@dataclass(frozen=True)
class FigureData:
    """All figure data of a report, which the plan document does not contain."""

    concerns: Sequence[ConcernFigures] = field(default_factory=tuple)

    def for_concern(self, condition: str, site: str) -> ConcernFigures | None:
        """Return the figure data of a concern, or None."""
        found: Mapping[tuple[str, str], ConcernFigures] = {(c.condition, c.site): c for c in self.concerns}
        return found.get((condition, site))
