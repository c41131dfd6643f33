"""Melanin, blood and brightness are read back from pictures of skin whose melanin and blood are known."""

import numpy as np
import pytest
from scipy.interpolate import CubicSpline

from research.derived_tables.skin_colours import SURFACE, skin_spectra, skin_with_pigment, spectra_to_srgb
from research.photo_checks.skin_pictures import Illuminant, camera_light, interpolate_spectra, take_picture
from skinbeam.photo.colour import srgb_to_linear
from skinbeam.photo.pigment_maps.inversion import SkinMaps, compute_skin_maps
from skinbeam.photo.pigment_maps.skin_colours import cubic_weights, linear_weights, skin_colour_grid
from skinbeam.photo.pigment_maps.skin_level import estimate_skin_level

# Light to dark: very light, intermediate, tan, brown, dark.
TONES = {"very light": 0.022, "light": 0.035, "tan": 0.06, "brown": 0.11, "dark": 0.24}
BLOOD = 0.0108


def patches(tone: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Plain skin with 25 patches of other melanin, blood and shade: melanin, blood, shade, (60, 100)."""
    melanin, blood, shade = np.full((60, 100), tone), np.full((60, 100), BLOOD), np.ones((60, 100))
    for i, factor in enumerate((0.7, 1.0, 1.3, 1.7, 2.2)):
        for k, (bloods, lit) in enumerate(((1.0, 1.0), (0.6, 1.0), (2.5, 1.0), (1.0, 0.7), (1.0, 1.25))):
            here = slice(4 + 11 * i, 12 + 11 * i), slice(4 + 20 * k, 12 + 20 * k)
            melanin[here], blood[here], shade[here] = tone * factor, BLOOD * bloods, lit
    return melanin, blood, shade


def read(rgb: np.ndarray) -> SkinMaps:
    return compute_skin_maps(srgb_to_linear(rgb), np.ones(rgb.shape[:2], bool))


def test_the_table_holds_what_the_forward_model_gives_between_its_nodes() -> None:
    colours = skin_colour_grid()
    for melanin, blood in ((0.0137, 0.0031), (0.041, 0.0123), (0.123, 0.027), (0.31, 0.0071)):
        diffuse, surface = (part[0] for part in skin_spectra(skin_with_pigment(melanin, blood)))
        # Splines between nodes 26 and 50 % apart, and a plane within a step of 3 %: `floor_ln` takes a hundredth.
        np.testing.assert_allclose(
            colours.colours(melanin, blood), spectra_to_srgb(diffuse + SURFACE * surface), rtol=0.005
        )


def test_pigment_beyond_the_table_is_held_at_its_ends() -> None:
    colours = skin_colour_grid()
    np.testing.assert_array_equal(colours.colours(0.0, 0.01), colours.colours(1e-9, 0.01))
    assert np.isfinite(colours.colours([0.0, 5.0], [0.0, 1.0])).all()


@pytest.mark.parametrize("tone", TONES)
@pytest.mark.parametrize("camera", ["srgb", "narrow", "wide"])
def test_differences_of_melanin_and_blood_are_read_back_within_their_deviations(tone: str, camera: str) -> None:
    melanin, blood, shade = patches(TONES[tone])
    found = read(take_picture(melanin, blood, shade=shade, camera=camera, noise_levels=1.0))
    for got, sd, true in ((found.melanin, found.melanin_sd, melanin), (found.blood, found.blood_sd, blood)):
        at = found.valid & (true != np.median(true))
        missed = np.log(got[at] / np.median(got)) - np.log(true[at] / np.median(true))
        # A deviation is one standard deviation; it holds noise, and half of it at least must cover what was missed.
        assert np.mean(np.abs(missed) <= 2 * (sd / got)[at]) >= 0.9


@pytest.mark.parametrize("tone", TONES)
def test_a_spot_of_twice_the_melanin_is_told_from_a_shadow_or_said_not_to_be(tone: str) -> None:
    melanin, blood, shade = patches(TONES[tone])
    found = read(take_picture(melanin, blood, shade=shade))
    spot, shadow = (slice(48, 56), slice(4, 12)), (slice(15, 23), slice(64, 72))
    ratio = [float(np.median(found.melanin[at])) / found.level.melanin for at in (spot, shadow)]
    sds = [float(np.median((found.melanin_sd / found.melanin)[at])) for at in (spot, shadow)]
    if tone not in ("brown", "dark"):  # there colour and shade look alike, and the deviations have to say so
        assert ratio[0] > 1.4
    assert abs(np.log(ratio[0] / 2.2)) < 2 * sds[0]
    assert abs(np.log(ratio[1])) < 2 * sds[1]


@pytest.mark.parametrize("stops", [-1.0, -0.5, 0.4])
def test_exposure_moves_the_brightness_and_not_the_pattern(stops: float) -> None:
    light = camera_light(interpolate_spectra(*patches(TONES["light"])[:2]))
    plain, other = (compute_skin_maps(light * factor, np.ones((60, 100), bool)) for factor in (1.0, 2.0**stops))
    assert other.level.gain / plain.level.gain > 1 if stops > 0 else other.level.gain < plain.level.gain
    ratio = np.log(other.melanin / other.level.melanin) - np.log(plain.melanin / plain.level.melanin)
    # The level moves with the exposure, and with it how much melanin one step of colour stands for: both deviate.
    deviation = np.hypot(other.melanin_sd / other.melanin, plain.melanin_sd / plain.melanin)
    assert np.mean(np.abs(ratio) <= 2 * deviation) > 0.95


def test_maps_turn_and_grow_with_the_picture() -> None:
    light = camera_light(interpolate_spectra(*patches(TONES["tan"])[:2]))
    whole = np.ones((60, 100), bool)
    found = compute_skin_maps(light, whole)
    np.testing.assert_array_equal(compute_skin_maps(np.rot90(light), np.rot90(whole)).melanin, np.rot90(found.melanin))
    twice = compute_skin_maps(light.repeat(2, axis=0).repeat(2, axis=1), np.ones((120, 200), bool))
    np.testing.assert_array_equal(twice.blood[::2, ::2], found.blood)


def test_what_is_no_skin_is_not_known() -> None:
    light = camera_light(interpolate_spectra(*patches(TONES["light"])[:2]))
    light[:8, :8] = (0.1, 0.3, 0.8)  # blue cloth
    light[:8, 12:20] = (0.98, 0.98, 0.99)  # the lamp in a glint
    light[:8, 24:32] = (0.004, 0.004, 0.004)  # a nostril
    found = compute_skin_maps(light, np.ones((60, 100), bool))
    assert not found.valid[:8, :8].any()
    assert not found.valid[:8, 12:20].any()
    assert not found.valid[:8, 24:32].any()
    assert found.valid[20:].mean() > 0.95


@pytest.mark.parametrize("K", [2700.0, 4000.0, 7500.0])
@pytest.mark.parametrize("mired", [-12.0, 12.0])
def test_the_level_of_a_face_lies_in_its_interval_under_light_that_is_balanced_nearly(K: float, mired: float) -> None:
    for tone in TONES.values():
        light = Illuminant(K, balanced_K=1e6 / (1e6 / K + mired), stops=-0.3)
        level = estimate_skin_level(camera_light(interpolate_spectra(tone, BLOOD), light), calibrated=False)
        assert abs(np.log(level.melanin / tone)) < 2 * level.melanin_ln_sd
        assert abs(np.log(level.blood / BLOOD)) < 2 * level.blood_ln_sd


def test_a_card_narrows_the_level() -> None:
    light = camera_light(interpolate_spectra(0.05, BLOOD))
    free, carded = (estimate_skin_level(light, calibrated=card) for card in (False, True))
    assert carded.melanin_ln_sd < 0.6 * free.melanin_ln_sd
    assert abs(np.log(carded.melanin / 0.05)) < carded.melanin_ln_sd


def test_splines_return_every_cubic_and_its_slope_and_are_those_of_scipy() -> None:
    nodes, at = np.log(np.geomspace(0.001, 0.2, 14)), np.linspace(np.log(0.001), np.log(0.2), 97)
    cube = np.polynomial.Polynomial([1.0, -2.0, 0.5, 0.25])
    # Cubes of a span of five, and an inverse of a condition near a million, leave ten digits of sixteen.
    np.testing.assert_allclose(cubic_weights(nodes, at) @ cube(nodes), cube(at), atol=1e-8)
    np.testing.assert_allclose(cubic_weights(nodes, at, slope=True) @ cube(nodes), cube.deriv()(at), atol=1e-8)
    values = np.random.default_rng(3).normal(size=nodes.size)
    np.testing.assert_allclose(cubic_weights(nodes, at) @ values, CubicSpline(nodes, values)(at), atol=1e-8)


def test_straight_lines_are_held_beyond_their_ends() -> None:
    weights = linear_weights(np.array([0.0, 1.0, 3.0]), np.array([-1.0, 0.25, 2.0, 9.0]))
    np.testing.assert_allclose(weights @ [4.0, 8.0, 0.0], [4.0, 5.0, 4.0, 0.0])
