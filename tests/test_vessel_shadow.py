"""Vessels among others: what they hold, the shadow of one on another, and the even blood that stands for all."""

from pathlib import Path

import numpy as np
import pytest

from skinbeam.schema.case import Case
from skinbeam.schema.load import LoadedCase, parse
from skinbeam.simulate.scene import scene_of
from skinbeam.simulate.vessel_shadow import Section, network_section, vessel_shadow
from skinbeam.skin.vessels import vessel_network
from skinbeam.units import MM, UM

CELL = 2 * MM
TALLIED = ("papillary dermis", "upper plexus", "reticular dermis", "deep plexus")


@pytest.fixture(scope="module")
def skin():
    tables = {"skin": {"preset": "human", "site": "cheeks"}, "laser": {"wavelength_nm": 595.0}}
    tables["settings"] = {"fluence_J_cm2": 1.0, "pulse_ms": 1.0, "spot_mm": 10.0}
    return scene_of(LoadedCase(parse(Case, tables, file="test"), Path(), "test")).middle


def section(*rows):
    """Of (x, depth, diameter) in µm."""
    x, depth, diameter = (np.array(column) * UM for column in zip(*rows, strict=True))
    return Section(x, depth, diameter, np.full(x.shape, 0.4), np.full(x.shape, 0.75))


def test_a_section_holds_the_blood_of_the_dermis_but_for_a_vessel_of_each_kind(skin):
    network, _ = vessel_network(skin)
    names = [str(name) for name in skin["layer"].values]
    layers = [names.index(name) for name in TALLIED]
    blood = (skin["blood_fraction"].values[0] * skin["thickness_m"].values[0])[layers].sum() * CELL
    for seed in range(3):
        found = network_section(skin, cell_m=CELL, seed=seed)
        held = (np.pi / 4 * found.diameter**2).sum()
        assert abs(held - blood) <= (np.pi / 4 * network.diameter[0] ** 2).sum()
    np.testing.assert_array_equal(found.x, network_section(skin, cell_m=CELL, seed=2).x)


def test_vessels_of_a_section_do_not_meet(skin):
    found = network_section(skin, cell_m=CELL, seed=1)
    across = (found.x[:, None] - found.x + CELL / 2) % CELL - CELL / 2
    apart = np.hypot(across, found.depth[:, None] - found.depth) - (found.diameter[:, None] + found.diameter) / 2
    assert (apart[~np.eye(found.x.size, dtype=bool)] > 0).all()
    assert (found.depth - found.diameter / 2 > 0).all()


def test_one_vessel_is_its_own_alone(skin):
    shadow = vessel_shadow(skin, 595.0, section((0.0, 350.0, 100.0)), cell_m=CELL, packets=40_000)
    # Two runs of other packets: 4 standard errors.
    assert abs(shadow.factor[0] - 1.0) < 4 * shadow.standard_error[0]
    assert shadow.standard_error[0] < 0.05


def test_a_wide_vessel_shades_what_lies_below_it_and_not_what_lies_aside(skin):
    rows = (0.0, 300.0, 270.0), (0.0, 520.0, 60.0), (1000.0, 520.0, 60.0)
    shadow = vessel_shadow(skin, 532.0, section(*rows), cell_m=CELL, packets=60_000)
    wide, below, aside = shadow.factor
    error = shadow.standard_error
    assert below < 0.6
    assert wide > 0.95 - 4 * error[0]
    assert below + 4 * np.hypot(error[1], error[2]) < aside
    # The two at 520 µm share the run that has one of them alone.
    assert shadow.alone[1] == shadow.alone[2]


def test_the_edge_of_the_cell_is_not_seen(skin):
    """Everything moved by half a cell: the wide one is cut by the edge."""
    rows = np.array([(0.0, 300.0, 270.0), (0.0, 520.0, 60.0)])
    moved = rows + np.array([1000.0, 0.0, 0.0])
    one, other = (vessel_shadow(skin, 532.0, section(*each), cell_m=CELL, packets=60_000) for each in (rows, moved))
    error = np.hypot(one.standard_error, other.standard_error)
    assert (np.abs(one.factor - other.factor) < 4 * error).all()


def test_vessels_out_of_place_are_refused(skin):
    with pytest.raises(ValueError, match="depth: a vessel reaches out"):
        vessel_shadow(skin, 595.0, section((0.0, 30.0, 100.0)))
    with pytest.raises(ValueError, match="diameter: a vessel is as wide"):
        vessel_shadow(skin, 595.0, section((0.0, 3000.0, 2500.0)))


def test_even_blood_stands_for_the_shadow_of_all_vessels(skin):
    """At 532 nm ten vessels of 50 µm take a good part of the light from each other, which their even blood counts.

    All of them together: by chance the sums are off by 5 % at most, two runs of ten and one vessels.
    """
    random = np.random.default_rng(5)
    rows = [(100.0 * i - 450.0, 250.0 + 600.0 * random.random(), 50.0) for i in range(10)]
    bloodless = skin.assign(blood_fraction=skin["blood_fraction"] * 0.0)
    same = {"cell_m": CELL / 2, "packets": 15_000}
    even = vessel_shadow(skin, 532.0, section(*rows), own=True, **same)
    bare = vessel_shadow(bloodless, 532.0, section(*rows), **same)
    # Both have the same vessels in the same layers together; what differs is the light that one alone is put into.
    np.testing.assert_array_equal(even.together, bare.together)
    shares = [one.together.sum() / one.alone.sum() for one in (even, bare)]
    # For the vessels of a skin 1.02 to 1.06 was measured (docs/methods/targets.md); four times the error by chance.
    assert 0.84 < shares[0] < 1.24
    assert shares[1] < 0.85 * shares[0]
