"""What every law of the row march promises, whatever it adds to conduction."""

import numpy as np
import pytest

from skinbeam.physics.damage.arrhenius import read_kinetics
from skinbeam.physics.damage.perfusion import FLOW_LAG, DamageLimitedPerfusion
from skinbeam.physics.heat.boiling import BoilingWater
from skinbeam.physics.heat.cells import HeatSource, Material, RobinBoundary, graded_faces, slab_cells
from skinbeam.physics.heat.conduction_1d import HeatProblem1D, conduct_1d
from skinbeam.physics.heat.linear_conduction import LinearConduction, graded_time_steps

K, C, BLOOD_K = 0.37, 3.76e6, 310.0
LAWS = {
    "linear": LinearConduction(),
    "perfused": LinearConduction(7e3, BLOOD_K),
    "boiling": BoilingWater(373.0, 10.0, 1.4e9, 1.2e6),
    "stopping flow": DamageLimitedPerfusion(7e3, BLOOD_K, read_kinetics("agah-artery")),
}
# All samples look at their flow at the same steps, so that it lags by another part of `FLOW_LAG` in other company: in
# half a second that is at most LAG p / c of the 200 K beside blood. All else is the same to the bit.
APART_K = {DamageLimitedPerfusion: FLOW_LAG * 7e3 / C * 0.5 * 200.0}
every_law = pytest.mark.parametrize("law", LAWS.values(), ids=LAWS)


def marched(samples: int = 3) -> HeatProblem1D:
    """Skins lit harder and harder, the last until its water boils."""
    faces, _ = graded_faces(np.full((samples, 1), 2e-3), finest_m=4e-6, growth=0.1)
    cells = slab_cells(faces)
    steps, phase = graded_time_steps([0.01, 0.5])
    power = np.linspace(0.1, 1.0, samples)[:, None] * 2e11 * np.exp(-cells.centres / 1e-4)
    source, surface, bottom = HeatSource(power, phase == 0), RobinBoundary(500.0, 295.0), RobinBoundary(np.inf, BLOOD_K)
    return HeatProblem1D(cells, Material(K, C), BLOOD_K, np.tile(steps, (samples, 1)), source, surface, bottom)


@every_law
def test_a_skin_does_not_depend_on_its_company(law) -> None:
    march = marched()
    for row in range(3):
        cells = type(march.cells)(*(part[row : row + 1] for part in march.cells))
        source = march.source._replace(power_density=march.source.power_density[row])
        alone = conduct_1d(march._replace(cells=cells, step_s=march.step_s[row], source=source), law)
        together = conduct_1d(march, law)
        apart = APART_K.get(type(law), 0.0)
        np.testing.assert_allclose(alone.cell_temperature[0], together.cell_temperature[row], rtol=0, atol=apart)
        np.testing.assert_allclose(alone.surface[0], together.surface[row], rtol=0, atol=apart)


@every_law
def test_each_skin_may_have_steps_of_its_own(law) -> None:
    march = marched()
    own = march.step_s * np.array([1.0, 0.3, 2.0])[:, None]
    both = conduct_1d(march._replace(step_s=own), law).cell_temperature
    for row in range(3):
        same = conduct_1d(march._replace(step_s=own[row]), law).cell_temperature
        np.testing.assert_allclose(both[row], same[row], rtol=0, atol=APART_K.get(type(law), 0.0))


@every_law
def test_what_is_recorded_is_chosen_and_changes_nothing(law) -> None:
    march, cells = marched(), [7, 0, 3]
    whole, some = conduct_1d(march, law), conduct_1d(march._replace(record_cells=cells), law)
    np.testing.assert_array_equal(some.cell_temperature, whole.cell_temperature[:, :, cells])
    np.testing.assert_array_equal(some.surface, whole.surface)


@every_law
def test_skin_as_warm_as_all_around_it_stays_so(law) -> None:
    still = marched()._replace(source=HeatSource(), surface=RobinBoundary(500.0, BLOOD_K))
    # Rounding of a tridiagonal solve in each of some hundred steps.
    np.testing.assert_allclose(conduct_1d(still, law).cell_temperature, BLOOD_K, rtol=1e-11)


@every_law
@pytest.mark.parametrize("wrong", [{"step_s": [0.0]}, {"material": Material(0.0, C)}, {"material": Material(K, -1.0)}])
def test_what_cannot_be_is_refused(law, wrong) -> None:
    with pytest.raises(ValueError, match="must be positive"):
        conduct_1d(marched()._replace(**wrong), law)
