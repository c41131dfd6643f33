"""A setting of a device with its dose, as the search found it, and what it does to sampled skins."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skinbeam.laser.grid import Setting
from skinbeam.laser.settings import Beam
from skinbeam.plan.search.bruising import Bruising
from skinbeam.plan.search.burns import Burns
from skinbeam.plan.search.candidates import Machine
from skinbeam.plan.search.limits import Verdict
from skinbeam.plan.search.thresholds import Thresholds
from skinbeam.simulate.skins.ensemble import share

__all__ = ["Trial"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Trial:
    """A setting with its dose.

    Parameters
    ----------
    dose : J/cm², or mJ for a microbeam; `density_per_cm2` goes with the latter.
    effective : (sample,) which draws reach the target.
    broken : (sample,) how likely each draw breaks an injury limit: of burns with the model's error in it.
    broken_uncooled : the same if the cooling fails; None without cooling and in a first look.
    broken_in_doubt : of depths, the same with the model's error beside experiments counted; None where `broken` counts
        it, and in a first look.
    verdicts : every limit, judged at this dose.
    weights : of the draws of `effective` and of the draws of `broken`.
    basis : keys of the sources behind the simulation.
    bruising : which draws bruise around the target; None where it is not vessels that are heated, and in a first look.
    bruised_if_lifted : of a window that empties vessels, which draws bruise where it lifts from the skin.
    burns : what is known of the doses that burn at this setting; None where skin is removed or heated in columns.
    thresholds : what any other dose of the setting does; None of microbeams.
    deep : share of such skins that are reached as deep as the severity asks for; 1 where depth is not the goal.
    held : whether lighter skin would be brought to the target by this dose, so that it was not raised for a darker one.
    """

    machine: Machine
    setting: Setting
    beam: Beam
    dose: float
    density_per_cm2: float | None
    effective: NDArray[np.bool_]
    broken: Floats
    broken_uncooled: Floats | None
    broken_in_doubt: Floats | None
    verdicts: tuple[Verdict, ...]
    weights: tuple[Floats, Floats]
    basis: tuple[str, ...]
    bruising: Bruising | None = None
    bruised_if_lifted: Bruising | None = None
    burns: Burns | None = None
    thresholds: Thresholds | None = None
    deep: float = 1.0
    held: bool = False

    @property
    def passes(self) -> int:
        """How often the field is passed over."""
        return self.beam.passes

    @property
    def band_nm(self) -> tuple[float, float] | None:
        """The band of a filtered lamp, whose lower end is the wavelength of its setting; None of a laser."""
        wavelength_nm = self.setting.wavelength_nm
        band = next(head.band_nm for head in self.machine.device.heads if head.wavelength_nm == wavelength_nm)
        return None if band is None else (band[0], band[1])

    @property
    def p_effective(self) -> float:
        """Share of such skins that reach the target."""
        return share(self.effective, self.weights[0])[0]

    @property
    def p_broken(self) -> float:
        """Probability that such skin breaks an injury limit."""
        return share(self.broken, self.weights[1])[0]

    @property
    def safe(self) -> bool:
        """Whether every limit is met or only warned of."""
        return all(verdict.status in ("met", "warn") for verdict in self.verdicts)
