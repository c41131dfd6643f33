"""Recoil of thrown-out matter: energy, momentum, its limits, and what it is asked for."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skinbeam.model.errors import NotAvailable
from skinbeam.physics.removal.ablation_front import sonic_recoil
from skinbeam.simulate.removal.ablation import recoil_stress
from skinbeam.skin.distribution import SkinDistribution
from skinbeam.validation.model_query import FUNCTIONS

fluxes = st.floats(1e2, 1e6)
bonds = st.floats(1e5, 1e7)
ratios = st.floats(1.01, 1.66)


@given(fluxes, bonds, st.floats(1.001, 100.0), ratios)
def test_the_jet_carries_the_energy_it_was_given(flux: float, bond: float, excess: float, gamma: float) -> None:
    energy = excess * bond
    stress = float(sonic_recoil(flux, energy, bond, gamma))
    # From the stress back: u, then p and rho at a sonic plane, and enthalpy with motion per mass.
    speed = stress / flux / (1 + 1 / gamma)
    density = flux / speed
    pressure = density * speed**2 / gamma
    assert stress == pytest.approx(pressure + density * speed**2, rel=1e-9)
    carried = gamma / (gamma - 1) * pressure / density + speed**2 / 2
    assert bond + carried == pytest.approx(energy, rel=1e-9)
    # All of the energy as motion is the most.
    assert stress < flux * math.sqrt(2 * (energy - bond)) * (1 + 1e-9)


@given(bonds, ratios)
def test_of_one_irradiance_most_recoil_is_at_twice_the_bond(bond: float, gamma: float) -> None:
    irradiance, energies = 1e12, bond * np.array([1.5, 2.0, 3.0])
    stress = sonic_recoil(irradiance / energies, energies, bond, gamma)
    assert stress[1] > max(stress[0], stress[2])
    bound = irradiance * (1 + 1 / gamma) * math.sqrt((gamma - 1) / (2 * (gamma + 1) * bond))
    assert stress[1] == pytest.approx(bound, rel=1e-9)


def test_what_is_not_torn_out_does_not_push() -> None:
    assert sonic_recoil(1e4, 1e6, 2e6, 1.3) == 0
    with pytest.raises(ValueError, match="above 1"):
        sonic_recoil(1e4, 1e7, 2e6, 1.0)


def test_a_stronger_pulse_pushes_harder_and_a_longer_one_less() -> None:
    skins = SkinDistribution(preset="human").sample(8, 0)
    weak, strong = (recoil_stress(skins, 2940.0, 70e-9, dose) for dose in (2e4, 6e4))
    assert (weak > 0).all()
    assert (weak < strong).all()
    # Heat that spreads in the longer pulse is kappa tau/delta^2 = 1e-2 of what the layer holds.
    assert recoil_stress(skins, 2940.0, 140e-9, 6e4) == pytest.approx(strong / 2, rel=1e-2)
    assert recoil_stress(skins, 2940.0, 70e-9, 1e2) == pytest.approx(0.0)
    asked = FUNCTIONS["recoil_MPa"](skins, wavelength_nm=2940.0, pulse_ns=70.0, fluence_J_cm2=6.0)
    assert asked == pytest.approx(strong / 1e6)


def test_a_pulse_that_does_not_confine_its_heat_is_unknown() -> None:
    with pytest.raises(NotAvailable, match="before heat leaves"):
        recoil_stress(SkinDistribution(preset="human").sample(2, 0), 2940.0, 250e-6, 5e4)
