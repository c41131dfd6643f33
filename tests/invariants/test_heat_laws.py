"""What every law of the row march promises, whatever it adds to conduction."""

import numpy as np
import pytest

from skinbeam.physics.damage.arrhenius import kinetics
from skinbeam.physics.damage.perfusion import LAG, StoppingFlow
from skinbeam.physics.heat.boiling import Water
from skinbeam.physics.heat.cells import graded_faces, slab
from skinbeam.physics.heat.linear import Linear, time_steps
from skinbeam.physics.heat.row import March, conduct
from skinbeam.physics.heat.tissue import Film, Material, Source

K, C, BLOOD_K = 0.37, 3.76e6, 310.0
LAWS = {
    "linear": Linear(),
    "perfused": Linear(7e3, BLOOD_K),
    "boiling": Water(373.0, 10.0, 1.4e9, 1.2e6),
    "stopping flow": StoppingFlow(7e3, BLOOD_K, kinetics("agah-artery")),
}
# All samples look at their flow at the same steps, so that it lags by another part of `LAG` in other company: in half a
# second that is at most LAG p / c of the 200 K beside blood. All else is the same to the bit.
APART_K = {StoppingFlow: LAG * 7e3 / C * 0.5 * 200.0}
every_law = pytest.mark.parametrize("law", LAWS.values(), ids=LAWS)


def marched(samples: int = 3) -> March:
    """Skins lit harder and harder, the last until its water boils."""
    faces, _ = graded_faces(np.full((samples, 1), 2e-3), finest_m=4e-6, growth=0.1)
    cells = slab(faces)
    steps, phase = time_steps([0.01, 0.5])
    power = np.linspace(0.1, 1.0, samples)[:, None] * 2e11 * np.exp(-cells.centres / 1e-4)
    source, surface, bottom = Source(power, phase == 0), Film(500.0, 295.0), Film(np.inf, BLOOD_K)
    return March(cells, Material(K, C), BLOOD_K, np.tile(steps, (samples, 1)), source, surface, bottom)


@every_law
def test_a_skin_does_not_depend_on_its_company(law) -> None:
    march = marched()
    for row in range(3):
        cells = type(march.cells)(*(part[row : row + 1] for part in march.cells))
        source = march.source._replace(power_density=march.source.power_density[row])
        alone = conduct(march._replace(cells=cells, step_s=march.step_s[row], source=source), law)
        together = conduct(march, law)
        apart = APART_K.get(type(law), 0.0)
        np.testing.assert_allclose(alone.recorded[0], together.recorded[row], rtol=0, atol=apart)
        np.testing.assert_allclose(alone.surface[0], together.surface[row], rtol=0, atol=apart)


@every_law
def test_each_skin_may_have_steps_of_its_own(law) -> None:
    march = marched()
    own = march.step_s * np.array([1.0, 0.3, 2.0])[:, None]
    both = conduct(march._replace(step_s=own), law).recorded
    for row in range(3):
        same = conduct(march._replace(step_s=own[row]), law).recorded
        np.testing.assert_allclose(both[row], same[row], rtol=0, atol=APART_K.get(type(law), 0.0))


@every_law
def test_what_is_recorded_is_chosen_and_changes_nothing(law) -> None:
    march, kept = marched(), [7, 0, 3]
    whole, some = conduct(march, law), conduct(march._replace(record_cells=kept), law)
    np.testing.assert_array_equal(some.recorded, whole.recorded[:, :, kept])
    np.testing.assert_array_equal(some.surface, whole.surface)


@every_law
def test_skin_as_warm_as_all_around_it_stays_so(law) -> None:
    still = marched()._replace(source=Source(), surface=Film(500.0, BLOOD_K))
    # Rounding of a tridiagonal solve in each of some hundred steps.
    np.testing.assert_allclose(conduct(still, law).recorded, BLOOD_K, rtol=1e-11)


@every_law
@pytest.mark.parametrize("wrong", [{"step_s": [0.0]}, {"material": Material(0.0, C)}, {"material": Material(K, -1.0)}])
def test_what_cannot_be_is_refused(law, wrong) -> None:
    with pytest.raises(ValueError, match="must be positive"):
        conduct(marched()._replace(**wrong), law)
