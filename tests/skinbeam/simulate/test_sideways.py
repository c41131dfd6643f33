"""Heat that leaves the axis of a spot sideways: beside the kernel in r and z, closed forms, what stays wide."""

import numpy as np
import pytest
from pulse_samples import loaded

from skinbeam.physics.heat.axisymmetric import conduct_rz
from skinbeam.physics.heat.cells import HeatSource, Material, RobinBoundary, graded_faces
from skinbeam.physics.heat.conduction_1d import HeatProblem1D, conduct_1d
from skinbeam.physics.heat.linear_conduction import LinearConduction
from skinbeam.physics.heat.problem import HeatProblem
from skinbeam.simulate.light.illumination import SpotShare
from skinbeam.simulate.light.lighting import illuminate, light_first_skin
from skinbeam.simulate.light.medium import LayeredMedium
from skinbeam.simulate.pulse.lateral_conduction import axis_retention, has_lateral_loss
from skinbeam.simulate.pulse.response import simulate_pulse
from skinbeam.simulate.pulse.schedule import pulse_schedule
from skinbeam.simulate.scene import PulseScene, build_scene
from skinbeam.skin.properties import thermal_properties

DEVICE = {"laser__device": None, "laser__wavelength_nm": 1540.0}


BEAM = [(1540.0, 1.0)]


def scene(spot_mm: float, pulse_ms: float, profile: str = "top-hat") -> PulseScene:
    settings = {"settings__spot_mm": spot_mm, "settings__pulse_ms": pulse_ms, "settings__profile": profile}
    return build_scene(loaded("vessel", **DEVICE, **settings))


def unspread() -> tuple[SpotShare]:
    """Light that goes straight on."""
    return (SpotShare(np.array([0.0, 1e-2]), np.ones(2), LayeredMedium((1.0,), (1.0,), (0.0,), (1.4,), (1.0,))),)


@pytest.mark.parametrize("profile", ["top-hat", "gaussian"])
@pytest.mark.parametrize("pulse_ms", [0.6, 1000.0])
def test_on_the_axis_it_is_what_the_kernel_in_r_and_z_computes(profile: str, pulse_ms: float) -> None:
    """Skin of several layers under a millimetre of light; 2 % of what a wide beam would have, of both grids."""
    posed = scene(1.0, pulse_ms, profile)
    beam, plan = posed.beam, pulse_schedule(posed.beam, posed.cooling)
    assert beam is not None
    retention = axis_retention(light_first_skin(posed.median_skin, BEAM), beam, unspread(), plan, perfused=False)
    lit = illuminate(posed.median_skin, beam.spectrum)
    tissue = lit.grid.material(thermal_properties(posed.median_skin))
    power = lit.heating_per_m / plan.pulse_s
    film = RobinBoundary(plan.h_W_m2K, 0.0)
    wide = conduct_1d(
        HeatProblem1D(
            lit.grid.cells,
            tissue,
            0.0,
            plan.step_s,
            HeatSource(power, plan.power_on),
            film,
            lit.grid.lower_boundary(0.0),
        ),
        LinearConduction(),
    )
    r = graded_faces([[8e-3]], finest_m=2e-5, growth=0.06)[0][0]
    centres = (r[1:] + r[:-1]) / 2
    if profile == "gaussian":
        shape = np.exp(-2 * (centres / 5e-4) ** 2)
    else:  # the ring on the edge is lit as far as the edge
        shape = np.clip((5e-4**2 - r[:-1] ** 2) / (r[1:] ** 2 - r[:-1] ** 2), 0.0, 1.0)
    columns = np.arange(0, lit.grid.layer.size, 4)
    found = conduct_rz(
        (r, lit.grid.faces[0]),
        HeatProblem(
            Material(*(np.asarray(part)[:, None, :] for part in tissue)),
            0.0,
            plan.step_s,
            HeatSource(power[:, None, :] * shape[None, :, None], plan.power_on),
            surface=film,
            bottom=0.0,
            record_cells=np.stack([np.zeros_like(columns), columns], axis=1),
            tolerance_K=0.002 * float(wide.cell_temperature.max()),
        ),
    )
    expected = found.cell_temperature[0]
    quick = (retention.cells * wide.cell_temperature[0])[:, columns]
    np.testing.assert_allclose(quick, expected, atol=0.02 * float(wide.cell_temperature.max()))


@pytest.mark.parametrize("profile", ["top-hat", "gaussian"])
def test_a_deep_even_heat_leaves_by_the_closed_form(profile: str) -> None:
    """Deep below a flash the heat is as old as the flash, and what is left of it is F(t) of a disc or a Gaussian."""
    posed = scene(2.0, 0.1, profile)
    beam, plan = posed.beam, pulse_schedule(posed.beam, posed.cooling)
    assert beam is not None
    retention = axis_retention(light_first_skin(posed.median_skin, BEAM), beam, unspread(), plan, perfused=False)
    heat = thermal_properties(posed.median_skin)
    kappa = float(heat.conductivity[0, -2] / heat.heat_capacity_vol[0, -2])
    time = np.concatenate([[0.0], np.cumsum(plan.step_s)])
    age = time - time[np.flatnonzero(plan.is_lit)[0]] - plan.pulse_s / 2
    late = (age > 0.05) & (age < 3.0)
    turn = 1e-3**2 / (4 * kappa * age[late])
    exact = 1 - np.exp(-turn) if profile == "top-hat" else 1 / (1 + 2 / turn)
    deep = int(np.searchsorted(retention.depth_m, 1e-3))
    # Layers conduct differently by a tenth and more: 0.03 of a wide beam's rise.
    np.testing.assert_allclose(retention.cells[late, deep], exact, atol=0.03)


def test_narrower_spots_keep_less_and_wide_ones_all() -> None:
    each = []
    for spot in (0.7, 1.5, 3.0):
        posed = scene(spot, 100.0)
        assert posed.beam is not None
        plan = pulse_schedule(posed.beam, posed.cooling)
        each.append(
            axis_retention(
                light_first_skin(posed.median_skin, BEAM), posed.beam, unspread(), plan, perfused=False
            ).cells[-1]
        )
    assert np.all(np.diff(each, axis=0) > 0)
    wide = scene(10.0, 100.0)
    assert wide.beam is not None
    assert not has_lateral_loss(wide.beam, pulse_schedule(wide.beam, wide.cooling))


def test_it_counts_in_the_response_of_every_draw() -> None:
    posed = scene(1.0, 500.0)
    skins = posed.skin.sample(3, 0)
    lit = posed.illuminate(skins)
    assert lit is not None
    narrow = simulate_pulse(skins, posed.beam, posed.cooling, illumination=lit)
    without = simulate_pulse(
        skins, posed.beam, posed.cooling, illumination=illuminate(skins, BEAM).narrow_to_spot(posed.spot_shares)
    )
    left = narrow.unit_K / np.maximum(without.unit_K, 1e-300)
    felt = without.unit_K > 1e-3 * without.unit_K.max()
    assert np.all(left[felt] <= 1)
    assert 0.2 < np.median(left[:, -20:][felt[:, -20:]]) < 0.95
