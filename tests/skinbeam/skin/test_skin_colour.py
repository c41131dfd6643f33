import numpy as np
import pytest

from skinbeam.skin.colour import (
    COLOUR_WAVELENGTHS_NM,
    Lab,
    lab_to_ita_deg,
    spectrum_to_lab,
    spectrum_to_xyz,
    xyz_to_lab,
)

ONES = np.ones(len(COLOUR_WAVELENGTHS_NM))


def test_the_white_point_is_d65_at_ten_degrees() -> None:
    # Printed: 94.811, 100, 107.304, summed over 360 to 830 nm; leaving out what lies beyond 400 to 700 nm costs 0.05.
    assert spectrum_to_xyz(ONES) == pytest.approx([94.811, 100.0, 107.304], abs=0.06)


def test_a_perfect_diffuser_is_white() -> None:
    lab = spectrum_to_lab(ONES)
    assert (float(lab.L), float(lab.a), float(lab.b)) == pytest.approx((100.0, 0.0, 0.0), abs=1e-9)


def test_middle_grey_has_half_the_lightness() -> None:
    # L* = 50 at Y = 100 (66/116)³ = 18.4187.
    lab = spectrum_to_lab(0.184187 * ONES)
    assert (float(lab.L), float(lab.a), float(lab.b)) == pytest.approx((50.0, 0.0, 0.0), abs=1e-4)


def test_the_dark_end_is_linear_and_continuous() -> None:
    white = spectrum_to_xyz(ONES)
    # L* = 903.3 Y/Yn below Y/Yn = 0.008856.
    assert float(xyz_to_lab(0.004 * white).L) == pytest.approx(903.2963 * 0.004, rel=1e-6)
    edge = (6 / 29) ** 3
    below, above = (float(xyz_to_lab((edge + step) * white).L) for step in (-1e-9, 1e-9))
    assert below == pytest.approx(above, abs=1e-4)


def test_spectra_give_the_signs_of_their_colours() -> None:
    nm = np.array(COLOUR_WAVELENGTHS_NM)
    red = spectrum_to_lab(np.where(nm > 600, 0.6, 0.2))
    blue = spectrum_to_lab(np.where(nm < 480, 0.6, 0.2))
    assert red.a > 20
    assert blue.b < -20


def test_arrays_keep_their_shape() -> None:
    lab = spectrum_to_lab(np.stack([ONES, 0.5 * ONES]))
    assert lab.L.shape == (2,)
    assert lab.L[0] > lab.L[1]


@pytest.mark.parametrize(
    ("L", "b", "ita"), [(65.0, 15.0, 45.0), (50.0, 15.0, 0.0), (40.0, 10.0, -45.0), (70.0, 0.0, 90.0)]
)
def test_ita_is_the_angle_from_middle_lightness(L: float, b: float, ita: float) -> None:
    assert float(lab_to_ita_deg(Lab(np.array(L), np.array(8.0), np.array(b)))) == pytest.approx(ita)


def test_other_samplings_are_refused() -> None:
    with pytest.raises(ValueError, match="31 reflectances"):
        spectrum_to_xyz(np.ones(30))
