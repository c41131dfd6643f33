"""What packets do not tell: shares that none of them reached, and shares that few heavy ones carry."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from skinbeam.api.light import LightBalance, LightOptions, run_light

HALF_SPACE = {"name": "deep", "mua_per_cm": 1.0, "mus_per_cm": 100.0, "g": 0.0, "n": 1.0}


def traced(*layers: dict[str, Any], photons: int, seed: int = 0, method: str = "montecarlo") -> LightBalance:
    tables = {"beam": {"kind": "pencil"}, "layer": list(layers), "tally": {"nz": 1, "dz_um": 100.0}}
    if method == "ordinates":
        return run_light(tables, LightOptions(method=method)).balance
    return run_light(tables, LightOptions(method=method, photons=photons, seed=seed)).balance


def clear_slab(depth: float) -> dict[str, Any]:
    """A slab without scattering or reflection that transmits exp(-depth)."""
    return {"name": "slab", "thickness_um": 1e4, "mua_per_cm": depth, "mus_per_cm": 0.0, "g": 0.0, "n": 1.0}


def test_a_share_of_none_has_the_limit_of_three_packets() -> None:
    found = traced(clear_slab(40.0), HALF_SPACE | {"mua_per_cm": 0.5}, photons=3200)
    assert found.absorbed["deep"] == 0.0
    # (1 - p) ** n = 0.05
    exact = 1.0 - 0.05 ** (1.0 / 3200)
    assert found.upper_limit is not None
    assert found.upper_limit["absorbed.deep"] == pytest.approx(exact, rel=1.5 / 3200)  # ln 20 / 2n is left out
    (warning,) = found.warnings
    assert warning.code == "no-packet"
    assert "absorbed.deep" in warning.message.text
    assert "0.000936" in warning.message.text
    assert found.to_dict()["upper_limit"]["absorbed.deep"] == pytest.approx(found.upper_limit["absorbed.deep"])


@pytest.mark.parametrize("depth", [6.0, 7.0, 8.0, 9.0])
def test_the_limit_is_seldom_below_what_a_clear_slab_transmits(depth: float) -> None:
    """At most five in a hundred runs: no packet, although the slab transmits more than the limit.

    Of 100 runs with a chance of 0.05, 11 or more have a chance of 0.011; packets of weights below 1 reach more often.
    """
    exact = math.exp(-depth)
    found = [traced(clear_slab(depth), photons=1024, seed=seed) for seed in range(100)]
    limits = [one.upper_limit["transmittance"] for one in found if one.upper_limit and one.transmittance == 0.0]
    assert sum(limit < exact for limit in limits) <= 10
    assert all(one.transmittance > 0.0 or one.upper_limit is not None for one in found)


def test_bins_to_which_no_packet_came_are_not_said_to_be_dark() -> None:
    """Of ten bins of 4 optical depths packets reach the first few; what lies below the slab is dark indeed."""
    tables = {"beam": {"kind": "pencil"}, "layer": [clear_slab(40.0)], "tally": {"nz": 12, "dz_um": 1000.0}}
    found = run_light(tables, LightOptions(method="montecarlo", photons=320)).balance
    empty = int((found.fluence_rate_ratio[:10] == 0.0).sum())
    assert 3 <= empty < 10
    params = {warning.code: warning.message.params for warning in found.warnings}
    assert params["no-packet-in-bins"] == {"empty": empty, "bins": 10}
    shallow = tables | {"layer": [clear_slab(1.0)]}
    assert not run_light(shallow, LightOptions(method="montecarlo", photons=3200)).balance.warnings
    assert not run_light(tables, LightOptions(method="ordinates")).balance.warnings


def test_what_no_light_can_reach_has_no_limit() -> None:
    """Nothing is transmitted by a layer without end, absorbed where nothing absorbs, or returned without a turn."""
    clear = clear_slab(0.0)
    assert traced(clear, clear_slab(1.0) | {"name": "b"}, photons=3200).upper_limit is None
    assert traced(HALF_SPACE, photons=3200).upper_limit is None
    assert traced(HALF_SPACE, photons=0, method="ordinates").upper_limit is None
    assert "upper_limit" not in traced(HALF_SPACE, photons=3200).to_dict()


@pytest.mark.parametrize(("turns", "angle_deg", "is_known"), [(0.0, 0.0, True), (1e-6, 0.0, False), (0.0, 1.0, False)])
def test_sides_of_voxels_that_no_packet_reached_have_a_limit(
    tmp_path: Path, turns: float, angle_deg: float, is_known: bool
) -> None:
    """A straight beam down a clear cube meets no side; one that might turn, or lies aslant, may."""
    np.savez(tmp_path / "cube.npz", medium=np.zeros((3, 3, 2), np.uint8))
    medium = {"name": "slab", "mua_per_cm": 40.0, "mus_per_cm": turns, "g": 0.0, "n": 1.0}
    file = tmp_path / "cube.toml"
    file.write_text(
        f'[beam]\nkind = "pencil"\nangle_deg = {angle_deg}\n[voxels]\nfile = "cube.npz"\nsize_um = 500.0\n[[medium]]\n'
        + "\n".join(f"{name} = {value!r}" for name, value in medium.items()),
        encoding="utf-8",
    )
    found = run_light(file, LightOptions(method="montecarlo", photons=320)).balance
    assert found.escaped_sides == 0.0
    assert ("escaped_sides" in (found.upper_limit or {})) is not is_known


def test_shares_that_few_heavy_packets_carry_have_an_honest_error() -> None:
    """By the scatter of batches alone some of these runs were wrong by many errors."""
    layer = HALF_SPACE | {"mua_per_cm": 1e-4}
    exact = traced(layer, photons=0, method="ordinates").absorbed["deep"]
    runs = [traced(layer, photons=2000, seed=seed) for seed in range(12)]
    errors = [one.standard_error.absorbed["deep"] for one in runs if one.standard_error is not None]
    deviations = np.array([one.absorbed["deep"] - exact for one in runs]) / errors
    # The error of a run without a heavy packet is that of the roulette itself, good to a third with 2000 packets.
    assert np.abs(deviations).max() < 3.5


def test_ordinary_errors_stay_those_of_batches() -> None:
    """The roulette of small weights is far too small to be an error of what scatters as ordinary skin does."""
    found = run_light(
        {
            "beam": {"kind": "pencil"},
            "layer": [clear_slab(3.0) | {"mus_per_cm": 100.0, "g": 0.9}],
            "tally": {"nz": 1, "dz_um": 9.0},
        },
        LightOptions(method="montecarlo", photons=6400),
    ).field
    error = found.standard_error
    assert error is not None
    assert 0.0 < error.roulette_balance < 3.2e-4 / math.sqrt(6400) * 1.5
    assert error.transmittance != error.roulette_balance
