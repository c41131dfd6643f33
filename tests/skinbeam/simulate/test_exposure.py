"""Thresholds of time: baths, and light of constant irradiance."""

import math
from typing import Any

import numpy as np
import pytest
from pulse_samples import loaded, median
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.special import erfc

from skinbeam.api.simulate import simulate_case
from skinbeam.api.threshold import find_threshold
from skinbeam.model.errors import InputError, NotAvailable
from skinbeam.model.units import GAS_CONSTANT_J_MOL_K, UM, ZERO_CELSIUS_K
from skinbeam.simulate.endpoints.bath import bath_pain_times
from skinbeam.simulate.scene import build_scene
from skinbeam.simulate.skins.depth_grid import build_layer_grid
from skinbeam.simulate.skins.tissue_kinetics import CELL_DEATH_KINETICS, sample_kinetics
from skinbeam.skin.distribution import SkinDistribution
from skinbeam.skin.properties import perfusion_coefficient
from skinbeam.skin.tables import read_number, tissue_table

# One material: conduction then has a closed form.
LAYERS = [
    {
        "name": name,
        **({"thickness_um": 80.0} if name == "epidermis" else {}),
        "mua_per_cm": 200.0,
        "mus_per_cm": 0.0,
        "g": 0.0,
        "n": 1.0,
        "density_kg_m3": 1100.0,
        "heat_capacity_J_kgK": 3600.0,
        "conductivity_W_mK": 0.35,
    }
    for name in ("epidermis", "dermis")
]
PULSE = {"pulse_ms": 1e-3, "spot_mm": 3.0, "fluence_J_cm2": 1.0}
KAPPA = 0.35 / (1100.0 * 3600.0)


def asked(case: Any, endpoint: str = "epidermal-necrosis", *, draws: int = 16, **changes: Any) -> dict[str, Any]:
    return find_threshold(loaded(case, **changes), endpoint, of="exposure_s", draws=draws).to_dict()


def rates(k: int) -> Any:
    """The rate of cell death of draw k, 1/s, at a temperature in K."""
    moved = sample_kinetics(CELL_DEATH_KINETICS, SkinDistribution().sample(k + 1, 0))

    def rate(kelvin: float) -> float:
        if kelvin <= 0:  # a loss that goes on for as long as the search looks
            return 0.0
        stages = zip(moved.frequency_1_s[k], moved.activation_J_mol[k], strict=True)
        one, other = (float(a * math.exp(-e / GAS_CONSTANT_J_MOL_K / kelvin)) for a, e in stages)
        return one * other / (one + other) if one > 0 else 0.0  # Henriques's is the first to vanish in the cold

    return rate


@pytest.mark.parametrize("bath_C", [50.0, 58.0, 70.0])
def test_a_bath_burns_by_the_heat_that_has_come_through_and_stays(bath_C: float) -> None:
    case = {"skin": {"temperature_C": 34.0, "layer": LAYERS}, "bath": {"temperature_C": bath_C}}
    rate, depth = rates(0), 80 * UM

    def held(z: Any, t: float) -> Any:
        # Half-space with a held surface (Carslaw and Jaeger, 2.4).
        return 34.0 + (bath_C - 34.0) * erfc(z / (2 * math.sqrt(KAPPA * t)))

    def damage(contact: float, loss_W_m2: float) -> float:
        # In the square root of time, in which the history is smooth at its start.
        during = quad(lambda r: 2 * r * rate(ZERO_CELSIUS_K + held(depth, r * r)), 1e-6, math.sqrt(contact), limit=400)
        # Afterwards an insulated surface: the profile and its image spread (2.2), less what a steady loss takes (2.9).
        x = np.linspace(0, depth + 12 * math.sqrt(KAPPA * contact), 4001)
        there = held(x, contact) - 34.0

        def after(s: float) -> float:
            width = 4 * KAPPA * s
            images = np.exp(-((depth - x) ** 2) / width) + np.exp(-((depth + x) ** 2) / width)
            left = np.trapezoid(there * images, x) / math.sqrt(math.pi * width)
            root = math.sqrt(KAPPA * s)
            taken = 2 * root / math.sqrt(math.pi) * math.exp(-(depth**2) / width) - depth * erfc(depth / (2 * root))
            return ZERO_CELSIUS_K + 34.0 + float(left) - loss_W_m2 / 0.35 * taken

        shortest = (x[1] ** 2) / KAPPA  # below it the profile is not resolved, and does not change
        times = np.geomspace(max(shortest, 1e-4), 5 + contact, 300)
        rest = np.array([rate(after(float(s))) for s in times])
        return during[0] + float(np.trapezoid(rest, times) + rest[0] * times[0]) - 1

    loss = 40.0 * (bath_C - 22.0)  # more than wet skin loses by a coefficient of 30 to 37
    short, long = (brentq(lambda t, q=q: damage(t, q), 1e-3, 1e5, rtol=1e-4) for q in (0.0, loss))
    # Temperature at 80 µm, between cells of 8 µm: (8/80)² / 12 = 8e-4 of a rise of 30 K is 0.03 K, and 0.1 K is 5 % of
    # a rate, 3 % of a time.
    found = median(asked(case, draws=1)["dose"])
    assert short * 0.97 < found < long * 1.03
    # The loss is no more than a few per cent of the heat: the two closed forms bracket closely.
    assert long < 1.12 * short


def test_blood_lengthens_long_baths_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def times() -> list[float]:
        ask = {"endpoint": "dermal-necrosis", "skin__temperature_C": 33.0}
        return [median(asked("bath", bath__temperature_C=c, **ask)["dose"]) for c in (45.0, 60.0)]

    real = times()
    monkeypatch.setattr(
        "skinbeam.simulate.endpoints.bath.perfusion_coefficient", lambda skins: 1e-9 * perfusion_coefficient(skins)
    )
    bare = times()
    # Two hours at 45 °C: blood at 37 °C holds the bottom of the papillary dermis 0.1 K lower, of which 0.15 K is 10 %.
    assert 1.01 < real[0] / bare[0] < 1.2
    # Six seconds at 60 °C: a hundredth of the relaxation time of 500 s.
    assert real[1] / bare[1] == pytest.approx(1.0, abs=0.01)


def test_a_power_needs_no_pulse_where_the_time_is_sought() -> None:
    power = {"settings__fluence_J_cm2": None, "settings__power_W": 25.0, "settings__pulse_ms": None}
    given = dict(power, settings__pulse_ms=7.0)
    alone, ignored = (median(asked("layers", draws=2, **how)["dose"]) for how in (power, given))
    assert alone == pytest.approx(ignored, rel=1e-9)
    with pytest.raises(InputError) as caught:
        find_threshold(loaded("layers", **power), "epidermal-necrosis", draws=2)
    assert caught.value.field == "settings.pulse_ms"


def test_baths_of_the_burn_tables_have_their_order_of_magnitude() -> None:
    found = [median(asked("bath", bath__temperature_C=c)["dose"]) for c in (48.0, 52.0, 56.0, 60.0)]
    assert found == sorted(found, reverse=True)
    # Henriques' own table of porcine and human skin: 15 min at 48 °C, 1.5 min at 52 °C, 3 to 5 s at 60 °C. The spread
    # between skins is a factor of two to three either way.
    for time, measured in zip(found, (900.0, 90.0, 16.0, 5.0), strict=True):
        assert measured / 4 < time < 4 * measured


def test_deep_burns_take_longer() -> None:
    shallow, deep = (median(asked("bath", endpoint)["dose"]) for endpoint in ("epidermal-necrosis", "dermal-necrosis"))
    assert deep > 1.2 * shallow


def test_a_bath_that_never_burns_is_answered() -> None:
    found = asked("bath", bath__temperature_C=36.0)
    assert found["reached"] is False
    assert "unknown" in found["dose"]
    assert found["bracket"] == [0.01, 1e5]


@pytest.mark.parametrize("irradiance_W_cm2", [50.0, 500.0, 5000.0, 5e5])
def test_time_at_constant_irradiance_agrees_with_the_fluence_of_such_a_pulse(irradiance_W_cm2: float) -> None:
    how = {"settings__pulse_ms": 1.0, "settings__fluence_J_cm2": irradiance_W_cm2 / 1000}
    time_s = median(asked("layers", draws=1, **how)["dose"])
    pulse = find_threshold(loaded("layers", settings__pulse_ms=time_s * 1000), "epidermal-necrosis", draws=1).to_dict()
    fluence = median(pulse["dose"])
    # Between the runs ln Omega is straight to a tenth, of a slope in ln(time) of ten and more.
    assert fluence == pytest.approx(irradiance_W_cm2 * time_s, rel=0.01)


def test_more_irradiance_takes_less_time() -> None:
    found = [median(asked("layers", settings__fluence_J_cm2=x, draws=2)["dose"]) for x in (1.0, 3.0, 9.0, 27.0)]
    assert found == sorted(found, reverse=True)
    # Without conduction the time would go as one over the irradiance; with it, heat leaves the slower ones.
    assert found[0] / found[1] > 2.9


def test_the_beam_starts_after_the_cooling() -> None:
    late, soon = (
        median(asked("vessel", cooling__before_ms=20.0, cooling__delay_ms=delay, draws=4)["dose"])
        for delay in (100.0, 10.0)
    )
    # Counted from the start of the beam: a longer delay lets the skin warm up again, and shortens the time.
    assert late < soon
    assert late < 0.05


def test_quantiles_of_time_bracket_the_median() -> None:
    found = asked("bath", draws=64)["dose"]
    times = np.array([found["low"], found["median"], found["high"]])
    # Skins differ by 3 K in the temperature of damage, a factor of two or so in time at 60 °C.
    assert (times[1:] / times[:-1] > 1.2).all()
    assert (times[1:] / times[:-1] < 6).all()


@pytest.mark.parametrize(
    ("case", "endpoint", "pulse_ms"),
    [
        ("short-pulse", "minimum-visible-lesion", 1e-4),
        ("short-pulse", "whitening", 1e-4),
        ("vessel", "vessel-closure", 10.0),
        ("vessel", "collagen-coagulation", 500.0),
        ("vessel", "pain", 3.0),
    ],
)
def test_any_end_of_a_beam_takes_the_time_of_the_pulse_that_reaches_it(
    case: str, endpoint: str, pulse_ms: float
) -> None:
    changes: dict[str, Any] = {"laser": {"wavelength_nm": 595.0}, "settings__pulse_ms": pulse_ms}
    fluence = median(find_threshold(loaded(case, **changes), endpoint, draws=4).to_dict()["dose"])
    found = median(asked(case, endpoint, settings__fluence_J_cm2=fluence, draws=4, **changes)["dose"])
    # Each draw's own time is interpolated between pulses 1.5 times as long, right to some thousandths; the median of
    # four is the mean of two of them, in time as in dose.
    assert found == pytest.approx(pulse_ms / 1e3, rel=0.02)


def test_what_heated_blood_changes_is_not_stated_of_times() -> None:
    found = asked("vessel", "vessel-closure", draws=2)
    assert found["reached"]
    assert "not for a time" in found["heated_blood"]["unknown"]


def test_what_no_dose_reaches_takes_forever() -> None:
    skin = {"preset": "guinea-pig-albino"}
    found = asked({"skin": skin, "laser": {"wavelength_nm": 694.0}, "settings": PULSE}, "whitening", draws=2)
    assert found["reached"] is False


def test_a_mark_takes_no_longer_than_any_that_counts() -> None:
    changes: dict[str, Any] = {"laser": {"wavelength_nm": 595.0}, "settings__pulse_ms": 1e-3}
    mark, broken = (
        median(asked("short-pulse", name, draws=8, **changes)["dose"])
        for name in ("minimum-visible-lesion", "melanosome-disruption")
    )
    # Broken melanosomes are a mark, and at such an irradiance long before the epidermis is.
    assert mark <= broken * (1 + 1e-6)


def test_what_a_pulse_would_be_too_short_to_tell_is_unknown() -> None:
    changes: dict[str, Any] = {"laser": {"wavelength_nm": 595.0}, "settings__pulse_ms": 1e-3}
    with pytest.raises(NotAvailable, match=r"0\.1 ms"):
        asked("vessel", "pain", draws=2, settings__fluence_J_cm2=5.0, **changes)


@pytest.mark.parametrize("bath_C", [48.0, 55.0, 70.0])
def test_a_bath_hurts_when_its_heat_has_come_to_the_nerves(bath_C: float) -> None:
    case = loaded({"skin": {"temperature_C": 34.0, "layer": LAYERS}, "bath": {"temperature_C": bath_C}})
    made = build_scene(case)
    grid = build_layer_grid(made.median_skin["thickness_m"])
    heat = tissue_table("pain")["heat"]
    pain_C = read_number(heat["temperature_C"])
    # In a half-space with a held surface (Carslaw and Jaeger, 2.4) half of the epidermis is at 40 um.
    share = (pain_C - 34.0) / (bath_C - 34.0)
    root = brentq(lambda u: erfc(u) - share, 1e-6, 3.0)
    wide = float(grid.widths[0, 0])
    least, most = ((40 * UM + side * wide) ** 2 / (4 * KAPPA * root**2) for side in (-0.5, 0.5))
    found = float(bath_pain_times(made.median_skin, bath_C, 22.0)[0])
    # The nerves stand in the cell that holds the middle; their channel lags by milliseconds.
    assert 0.98 * least < found < 1.02 * most + 2 * read_number(heat["lag_s"])


def test_a_bath_that_is_no_hotter_than_pain_never_hurts() -> None:
    assert asked("bath", "pain", bath__temperature_C=41.0)["reached"] is False
    with pytest.raises(NotAvailable, match="human"):
        asked("bath", "pain", draws=2, skin={"preset": "pig"})


@pytest.mark.parametrize("bath_C", [60.0, 75.0])
def test_a_bath_coagulates_collagen_to_where_a_simulation_finds_it(bath_C: float) -> None:
    case = {"skin": {"temperature_C": 34.0, "layer": LAYERS}, "bath": {"temperature_C": bath_C}}
    found = median(asked(case, "collagen-coagulation", draws=1)["dose"])
    ends = loaded(case, bath__exposure_s=found)
    depth = median(simulate_case(ends, draws=1).to_dict()["damage"]["coagulation_depth_um"])
    # 20 um of the dermis below 80 um of epidermis; the place is that of a cell, 8 um wide there.
    assert depth == pytest.approx(100.0, abs=8.0)


def test_what_a_bath_does_not_tell_is_unknown() -> None:
    with pytest.raises(NotAvailable, match="time of a bath"):
        asked("bath", "vessel-closure", draws=2)
