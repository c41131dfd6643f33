"""Fractional beams: light on the axis, the coagulated column, craters and coverage."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import j0

from skinbeam.model.units import MJ, UM
from skinbeam.physics.damage.arrhenius import omega, read_kinetics
from skinbeam.physics.heat.cells import HeatSource, Material, cylinder_cells
from skinbeam.physics.heat.conduction_1d import HeatProblem1D, conduct_1d
from skinbeam.physics.heat.linear_conduction import LinearConduction, graded_time_steps
from skinbeam.physics.removal.calibration import ablation_calibration, microbeam_calibration
from skinbeam.physics.removal.microbeam import (
    DermisProperties,
    axis_light,
    coagulated_column,
    column_heat,
    coverage,
    microbeam_crater,
    rim_below,
)

K, C = 0.37, 3.76e6
DEPTHS = np.linspace(0.0, 1.5e-3, 61)
BEAM = {
    "radius_m": 70e-6,
    "pulse_s": 3e-3,
    "mua": 700.0,
    "mus": 7000.0,
    "g": 0.82,
    "conductivity": K,
    "heat_capacity_vol": C,
    "start_K": 306.0,
    "processes": read_kinetics("henriques"),
}


def coagulated(depths, *, energy_J, processes, radius_m, pulse_s, **dermis):
    return coagulated_column(
        column_heat(depths, DermisProperties(**dermis), radius_m=radius_m, pulse_s=pulse_s), energy_J, processes
    )


def test_without_scattering_the_axis_obeys_beer_and_keeps_its_width():
    light, width = axis_light(DEPTHS, radius_m=50e-6, mua=1e3, mus=0.0, g=0.9)
    # The integral over q is cut at exp(-18) and otherwise exact to rounding.
    np.testing.assert_allclose(light[0], np.exp(-1e3 * DEPTHS), rtol=1e-6)
    np.testing.assert_allclose(width[0], 50e-6, rtol=1e-5)


@pytest.mark.parametrize("z", [1e-4, 4e-4])
def test_light_is_the_inverse_transform_of_the_small_angle_solution(z):
    w0, mua, mus, g = 60e-6, 800.0, 9000.0, 0.85
    a = (1 - g) / math.sqrt(g)

    def integral(r):
        def kernel(p):
            q = p / w0
            unscattered = -math.expm1(-a * q * z) / (a * q)
            return p / 4 * j0(q * r) * math.exp(-(p**2) / 8 - (mua + mus) * z + mus * unscattered)

        return quad(kernel, 1e-9, 12.0, epsabs=1e-13)[0]

    light, width = axis_light([z], radius_m=w0, mua=mua, mus=mus, g=g)
    assert light[0, 0] == pytest.approx(integral(0.0), rel=1e-6)
    # The Gaussian has the curvature of the axis: at a twentieth of the width it differs by its fourth order, 1e-5.
    r = width[0, 0] / 20
    assert integral(r) / integral(0.0) == pytest.approx(math.exp(-2 / 400), abs=2e-5)


@given(st.floats(10e-6, 1e-3), st.floats(10, 5e3), st.floats(0, 2e4), st.floats(0.5, 0.99))
def test_light_lies_between_the_unscattered_and_the_absorbed(radius, mua, mus, g):
    light, width = axis_light(DEPTHS, radius_m=radius, mua=mua, mus=mus, g=g)
    margin = 1 + 1e-6  # of the quadrature
    assert np.all(light[0] <= np.exp(-mua * DEPTHS) * margin)
    assert np.all(light[0] * margin >= np.exp(-(mua + mus) * DEPTHS))
    assert np.all(width[0] * margin >= radius)


def test_the_column_agrees_with_the_heat_kernel_in_a_cylinder():
    # One depth, absorbing only: the same Gaussian heated in the cylindrical finite-volume kernel.
    energy, w0, pulse, mua = 6e-3, 70e-6, 3e-3, 700.0
    found = coagulated(
        [0.0, 1e-6], energy_J=energy, **(BEAM | {"mus": 0.0, "radius_m": w0, "pulse_s": pulse, "mua": mua})
    )
    cells = cylinder_cells(np.linspace(0, 12 * w0, 401))
    steps, phase = graded_time_steps([pulse, 25 * w0**2 / (8 * K / C)], growth=1.05, largest_fraction=0.02)
    profile = energy * 2 / (math.pi * w0**2) * mua / pulse * np.exp(-2 * cells.centres**2 / w0**2)
    history = conduct_1d(
        HeatProblem1D(cells, Material(K, C), 306.0, steps, HeatSource(profile, phase == 0)), LinearConduction()
    ).cell_temperature
    damage = omega(history, steps, read_kinetics("henriques"))[0]
    radius = np.interp(0.0, -np.log(np.maximum(damage, 1e-300)), cells.centres[0])
    # 1 %: the steps of `coagulated_column` are coarse (a tenth, growing by 1.35), and Omega is a steep function of the
    # radius.
    assert found.radius_m[0, 0] == pytest.approx(radius, rel=0.01)
    assert found.peak_K[0, 0] - 306.0 == pytest.approx(history.max() - 306.0, rel=0.01)


def test_many_beams_coagulate_what_each_coagulates_alone():
    # Of more rates of spreading than nodes of ln(rate), histories are interpolated; of one beam they are computed.
    # A cubic through nodes 0.03 apart errs by 0.023 * (18 * 0.03)^4 = 2e-3 of exp(-18) at the outermost near radius and
    # by less inside; ln Omega rises by some 30 times the relative error, and radii by far less than ln Omega.
    random = np.random.default_rng(5)
    radius, energy = random.uniform(40e-6, 90e-6, 40), random.uniform(2e-3, 60e-3, 40)
    many = coagulated(DEPTHS, **(BEAM | {"radius_m": radius}), energy_J=energy)
    for i in (0, 13, 39):
        alone = coagulated(DEPTHS[::6], **(BEAM | {"radius_m": radius[i]}), energy_J=energy[i])
        np.testing.assert_allclose(many.radius_m[i, ::6], alone.radius_m[0], rtol=1e-3)


def test_a_flash_heats_without_loss():
    energy, w0 = 3e-3, 70e-6
    found = coagulated(DEPTHS, energy_J=energy, **(BEAM | {"pulse_s": 1e-9}))
    light, _ = axis_light(DEPTHS, radius_m=w0, mua=700.0, mus=7000.0, g=0.82)
    rise = energy * 2 / (math.pi * w0**2) * 700.0 / C * light[0]
    np.testing.assert_allclose(found.peak_K[0] - 306.0, rise, rtol=1e-5)


@settings(max_examples=15)
@given(st.floats(2e-3, 40e-3), st.floats(1.05, 2.0))
def test_more_energy_coagulates_deeper_and_wider(energy, factor):
    found = coagulated(DEPTHS, energy_J=[energy, factor * energy], **BEAM)
    assert found.depth_m[1] > found.depth_m[0]
    assert found.width_m[1] > found.width_m[0]
    assert np.all(found.radius_m[1] >= found.radius_m[0])


def test_heat_that_spreads_far_forgets_the_width_of_its_beam():
    """The peak at r of heat from a Gaussian of width w comes at w² + 8 kappa t = 2 r², the same for all narrower ones.

    The steps of `coagulated_column` are coarse: 1 %, as beside conduction in r.
    """
    depths = np.linspace(0.0, 4e-3, 13)  # the light is wide at the deepest, which keeps the history long
    narrow, wide = (
        coagulated(depths, energy_J=0.2, **(BEAM | {"radius_m": w, "pulse_s": 1e-6})).radius_m[0, 0]
        for w in (40 * UM, 80 * UM)
    )
    assert narrow > 3 * 80 * UM, "beyond three times the width of the light of either"
    assert narrow == pytest.approx(wide, rel=0.01)


def test_no_energy_does_nothing_and_too_shallow_a_grid_is_reported():
    found = coagulated(DEPTHS, energy_J=0.0, **BEAM)
    assert found.depth_m[0] == 0
    assert found.width_m[0] == 0
    assert math.isinf(coagulated(DEPTHS[:3], energy_J=0.02, **BEAM).depth_m[0])


def test_necrosis_is_wider_than_loss_of_birefringence():
    necrosis = coagulated(DEPTHS, energy_J=0.01, **BEAM)
    collagen = coagulated(DEPTHS, energy_J=0.01, **(BEAM | {"processes": read_kinetics("maitland-walsh-collagen")}))
    assert necrosis.width_m[0] > collagen.width_m[0]
    assert necrosis.depth_m[0] > collagen.depth_m[0]


def calibrated_crater(energy):
    beam = microbeam_calibration(10600.0)
    return microbeam_crater(
        energy_J=energy,
        radius_m=60 * UM,
        threshold_J_m2=ablation_calibration(10600.0).enthalpy.value * ablation_calibration(10600.0).penetration.value,
        enthalpy_J_m3=beam.enthalpy.value,
    )


def test_craters_give_back_the_rows_that_set_them():
    # 520 um vaporised and 720 um in all at 80 mJ; the enthalpy is printed to four digits.
    beam, (depth, _) = microbeam_calibration(10600.0), calibrated_crater(80 * MJ)
    assert depth[0] == pytest.approx(520 * UM, rel=1e-3)
    assert depth[0] + rim_below(80 * MJ, beam.rim.value, beam.rim_energy_J) == pytest.approx(720 * UM, rel=1e-3)


@given(st.floats(1e-3, 0.2), st.floats(30e-6, 1e-3), st.floats(1e3, 1e5), st.floats(1e9, 3e10))
def test_a_crater_takes_no_more_energy_than_the_beam_has(energy, radius, threshold, enthalpy):
    (depth,), (width,) = microbeam_crater(
        energy_J=energy, radius_m=radius, threshold_J_m2=threshold, enthalpy_J_m3=enthalpy
    )
    peak = 2 * energy / (math.pi * radius**2)
    if peak <= threshold:
        assert (depth, width) == (0, 0)
        return
    edge = width / 2
    # At the edge of the crater the exposure is the threshold.
    assert peak * math.exp(-2 * edge**2 / radius**2) == pytest.approx(threshold, rel=1e-6)
    within = energy * -math.expm1(-2 * edge**2 / radius**2) - math.pi * edge**2 * threshold
    volume = quad(lambda r: 2 * math.pi * r * (peak * math.exp(-2 * r**2 / radius**2) - threshold) / enthalpy, 0, edge)[
        0
    ]
    assert volume * enthalpy == pytest.approx(within, rel=1e-6, abs=1e-9 * energy)
    assert volume * enthalpy <= energy


def test_a_top_hat_digs_half_as_deep_as_the_peak_of_a_gaussian():
    common = {
        "energy_J": 0.02,
        "radius_m": 60 * UM,
        "threshold_J_m2": 1e-6,
        "enthalpy_J_m3": 2e10,
    }
    (flat,), (width,) = microbeam_crater(profile="top-hat", **common)
    (round_,), _ = microbeam_crater(profile="gaussian", **common)
    assert round_ == pytest.approx(2 * flat, rel=1e-9)
    assert width == pytest.approx(120 * UM)
    with pytest.raises(ValueError, match="unknown profile"):
        microbeam_crater(profile="ring", **common)


def test_coverage_is_that_of_discs_thrown_at_random():
    # 2000 discs of radius 0.02 on the unit square with periodic edges; standard error from 20 squares.
    rng = np.random.default_rng(5)
    shares = []
    for _ in range(20):
        centres, points = rng.random((200, 2)), rng.random((400, 2))
        apart = np.abs(points[:, None] - centres[None])
        apart = np.minimum(apart, 1 - apart)
        shares.append(((apart**2).sum(axis=2).min(axis=1) < 0.04**2).mean())
    mean, error = np.mean(shares), np.std(shares, ddof=1) / math.sqrt(20)
    assert abs(coverage(200.0, math.pi * 0.04**2) - mean) < 4 * error
    assert coverage(0.0, 1.0) == 0
    with pytest.raises(ValueError, match="negative"):
        coverage(-1.0, 1.0)


@pytest.mark.parametrize("wrong", [{"g": 1.0}, {"mua": 0.0}, {"conductivity": 0.0}, {"pulse_s": 0.0}])
def test_impossible_values_are_refused(wrong):
    with pytest.raises(ValueError, match=r"must be|between"):
        coagulated(DEPTHS, energy_J=0.01, **(BEAM | wrong))
