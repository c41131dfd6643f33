"""A bubble of steam bursts when what is below the horny layer fills it beyond what that layer holds."""

from dataclasses import replace

import numpy as np
import pytest
from pulse_samples import loaded, wide_response

from skinbeam.api.threshold import find_threshold
from skinbeam.model.errors import NotAvailable
from skinbeam.model.units import MPA
from skinbeam.physics.removal.steam_bubble import bubble_filling_kg, roof_strength_Pa
from skinbeam.simulate.endpoints.registry import endpoint_fluence
from skinbeam.simulate.endpoints.surface import read_steam
from skinbeam.simulate.pulse.nonlinear_response import vapour_onset_K
from skinbeam.simulate.pulse.response import simulate_pulse
from skinbeam.simulate.scene import build_scene
from skinbeam.skin.tables import read_number, tissue_table

DRAWS = 24


def case(preset="human", *, pulse_ms=5.0, spot_mm=4.0, profile="gaussian", wavelength_nm=755.0, **parts):
    settings = {"pulse_ms": pulse_ms, "spot_mm": spot_mm, "profile": profile, "fluence_J_cm2": 1.0}
    laser = {"wavelength_nm": wavelength_nm}
    return loaded({"skin": {"preset": preset}, "laser": laser, "settings": settings} | parts)


def response(*args, draws=DRAWS, narrowed=False, **kwargs):
    made = build_scene(case(*args, **kwargs))
    skins = made.skin.sample(draws, 0)
    if not narrowed:
        return wide_response(skins, made)
    return simulate_pulse(skins, made.beam, made.cooling, illumination=made.illuminate(skins))


def median_draws(made, **changes):
    """The same response with every draw's roof at the middle of its strength, and what else is changed."""
    middle = made.skins.with_arrays(roof_shift=np.zeros(made.skins.count))
    return replace(made, skins=middle, **changes)


def burst(made):
    return endpoint_fluence("surface-rupture", made)


@pytest.mark.parametrize("preset", ["human", "pig", "minipig", "guinea-pig"])
@pytest.mark.parametrize(("profile", "narrowed"), [("gaussian", False), ("gaussian", True), ("top-hat", False)])
def test_a_bubble_bursts_after_it_has_risen(preset, profile, narrowed):
    made = response(preset, profile=profile, narrowed=narrowed)
    bubble, ends = endpoint_fluence("surface-bubble", made), burst(made)
    assert np.all(np.isfinite(ends))
    assert np.all(ends > bubble)


def test_the_steam_that_bursts_a_wide_bubble_is_the_heat_beyond_boiling():
    """The balance in words: under a flat beam the heat beyond T_b where vapour forms is the latent heat of the filling.

    Of all times, the one at which the dose of the bubble is least.
    """
    made = median_draws(response(profile="top-hat", spot_mm=3.0, draws=6))
    dose, water, radius = burst(made), read_steam(), 1.5e-3
    thickness = made.skins["thickness_m"][:, 0]
    held = roof_strength_Pa(read_number(tissue_table("surface")["roof"]["strength_MPa"]) * MPA, thickness, radius)
    boils = water.boiling_point_K(water.reference_Pa + held)
    start = vapour_onset_K(made.skins)
    capacity = made.heat.heat_capacity_vol[:, made.grid.layer] * made.grid.widths
    lifted = (made.grid.layer > 0) & (made.grid.layer <= made.layers.index("papillary dermis"))
    for k in range(dose.size):
        when = (made.base_K + dose[k] * made.unit_K)[k][:, lifted].max(axis=1).argmax()

        def steam_at(one, k=k, when=when):
            hot = made.base_K[k, when] + one * made.unit_K[k, when]
            counts = lifted & (hot >= max(start[k], boils[k]))
            return (capacity[k] * np.where(counts, hot - boils[k], 0.0)).sum() * np.pi * radius**2 / water.latent_J_kg

        needed = float(bubble_filling_kg(water, held[k], radius))
        # A cell begins to give steam at once, so that steam may jump at the dose: it lies between just below and at it.
        assert steam_at(dose[k] * (1 - 1e-5)) <= needed <= steam_at(dose[k] * (1 + 1e-5))


def with_roof(made, *, shift=0.0, factor=1.0):
    """Roofs stronger by standard deviations, or thicker in the roof alone: light and heat stay those of the skins."""
    thickness = made.skins["thickness_m"].copy()
    thickness[:, 0] *= factor
    changed = made.skins.with_arrays(roof_shift=made.skins["roof_shift"] + shift, thickness_m=thickness)
    return replace(made, skins=changed)


def test_a_stronger_or_a_thicker_roof_bursts_later():
    made = response()
    assert np.all(burst(with_roof(made, shift=1.0)) > burst(made))
    assert np.all(burst(with_roof(made, factor=2.0)) > burst(made))


def test_thickness_and_strength_of_a_roof_are_worth_the_same():
    made = median_draws(response())
    entry = tissue_table("surface")["roof"]["strength_MPa"]
    weak_and_thick = with_roof(made, shift=-1.0, factor=entry["value"] / entry["low"])
    # Doses are found to a millionth.
    np.testing.assert_allclose(burst(weak_and_thick), burst(made), rtol=1e-5)


def test_a_wider_spot_bursts_its_bubble_sooner_until_it_takes_more_steam_than_strength():
    """Light of a wide beam in all of them: only the width differs."""
    made = median_draws(response(profile="top-hat"))
    found = {
        spot: np.median(burst(replace(made, beam=replace(made.beam, spot_mm=spot))))
        for spot in (0.5, 1.0, 2.0, 12.0, 24.0)
    }
    assert found[0.5] > found[1.0] > found[2.0]
    assert found[12.0] < found[24.0]


def test_a_gaussian_bursts_later_than_a_top_hat_of_the_same_peak():
    """Its bubble is narrower at every dose, and below it is less heat."""
    made = median_draws(response(profile="gaussian", spot_mm=2.0))
    flat = replace(made, beam=replace(made.beam, profile="top-hat"))
    assert np.all(burst(made) > burst(flat))


def test_light_that_spreads_widens_the_bubble_of_a_gaussian():
    """What the axis has lost is found beside it, so at the same doses on the axis a bubble is wider."""
    narrow = median_draws(response(spot_mm=1.0, narrowed=True))
    unspread = replace(narrow, illumination=replace(narrow.illumination, spot_shares=None))
    assert np.all(burst(narrow) < burst(unspread))


def test_what_no_horny_layer_covers_is_not_judged():
    with pytest.raises(NotAvailable, match="no epidermis"):
        burst(response("chick-membrane", draws=2))
    layer = {"name": "epidermis", "mua_per_cm": 20.0, "mus_per_cm": 100.0, "g": 0.8, "n": 1.4, "density_kg_m3": 1e3}
    layer |= {"heat_capacity_J_kgK": 3600.0, "conductivity_W_mK": 0.3}
    bare = {"skin": {"layer": [layer]}}
    with pytest.raises(NotAvailable, match="horny layer"):
        burst(response(draws=2, **bare))


def test_what_next_to_nothing_heats_is_no_fault():
    """Of 2940 nm the deepest cells get 1e-300 of the light: the dose that would boil them is beyond any number."""
    made = case(wavelength_nm=2940.0, pulse_ms=1e-3, profile="top-hat")
    with pytest.raises(NotAvailable, match="surface-rupture below a crater"):
        find_threshold(made, "surface-rupture", draws=8)


def test_vapour_that_forms_deep_is_not_judged():
    """At 755 nm the plexus of a white rat is hotter than its epidermis."""
    with pytest.raises(NotAvailable, match="papillary"):
        burst(response("rat"))


def test_a_threshold_tells_the_spread_of_the_strength():
    found = find_threshold(case(profile="top-hat", spot_mm=8.0), "surface-rupture", draws=DRAWS, seed=0).to_dict()
    assert found["reached"] is True
    assert found["dose"]["low"] < found["dose"]["median"] < found["dose"]["high"]
    assert {"skinbeam2026thermal", "harvey1998"} <= set(found["dose"]["basis"])
