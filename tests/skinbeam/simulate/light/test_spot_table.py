"""The light of spots from the table: beside packets in skins that it was not made in, and where it has no answer."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from skinbeam.laser.beam import Beam
from skinbeam.laser.beam_of_case import resolve_beam
from skinbeam.model.case import Case
from skinbeam.model.input_files import parse_record
from skinbeam.model.package_data import load_derived_table
from skinbeam.model.units import MM
from skinbeam.simulate.light.spot import median_medium, spot_share, spot_shares
from skinbeam.simulate.light.spot_table import lookup_spot_shares
from skinbeam.skin.distribution import SkinDistribution

PHOTONS = 40_000
DEPTHS_M = np.array([0.05, 0.1, 0.3, 0.6, 1.0]) * MM


def beam(wavelength_nm: float, spot_mm: float, profile: str = "top-hat") -> Beam:
    settings = {"pulse_ms": 1.0, "spot_mm": spot_mm, "fluence_J_cm2": 1.0, "profile": profile}
    return resolve_beam(
        parse_record(Case, {"laser": {"wavelength_nm": wavelength_nm}, "settings": settings}, file="test"), Path()
    )


def relative_error(skin: dict[str, object], light: Beam) -> NDArray[np.float64]:
    """The share by the table beside that by packets in the middle of drawn skins."""
    drawn = SkinDistribution.from_case(parse_record(Case, {"skin": skin}, file="test")).sample(20, 3)
    found = lookup_spot_shares(drawn, light)
    assert found is not None
    assert light.spot_mm is not None
    traced = spot_share(median_medium(drawn, light.wavelength_nm), light.spot_mm * MM, light.profile, PHOTONS)
    assert traced is not None
    return found[0].at(DEPTHS_M) / traced.at(DEPTHS_M) - 1


@pytest.mark.parametrize(
    ("site", "ita_deg", "light"),
    [
        ("forearm", 40.0, beam(577.0, 3.0)),
        ("forearm", -20.0, beam(694.0, 8.0)),
        ("nose", 50.0, beam(532.0, 2.0)),
        ("abdomen", 10.0, beam(940.0, 6.0)),
        ("forearm", 40.0, beam(1064.0, 5.0, "gaussian")),
    ],
)
def test_the_table_gives_what_packets_give_in_other_skins(site: str, ita_deg: float, light: Beam) -> None:
    """Within three of the errors that it states, and those of the packets, about a per cent each."""
    error = load_derived_table("spot_share")["error"]["root_mean_square"]
    off = relative_error({"site": site, "ita_deg": ita_deg}, light)
    assert np.sqrt((off**2).mean()) < 3 * np.hypot(error, 0.01)


def test_a_wider_spot_keeps_more_and_depth_takes_it() -> None:
    skins = SkinDistribution.from_case(
        parse_record(Case, {"skin": {"site": "cheeks", "ita_deg": 40.0}}, file="test")
    ).sample(20, 0)
    found = [lookup_spot_shares(skins, beam(755.0, spot)) for spot in (0.3, 1.0, 3.0, 10.0, 30.0)]
    shares = np.array([one[0].at(DEPTHS_M) for one in found if one is not None])
    assert len(shares) == 5
    assert np.all(np.diff(shares, axis=0) > 0)
    assert np.all(np.diff(shares[:4, 1:], axis=1) < 0)


def test_what_the_table_does_not_hold_is_left_to_packets() -> None:
    """Light beyond its wavelengths, and a case without skin above its dermis; a beam as good as wide needs no share."""
    drawn = SkinDistribution.from_case(
        parse_record(Case, {"skin": {"site": "cheeks", "ita_deg": 40.0}}, file="test")
    ).sample(20, 0)
    assert lookup_spot_shares(drawn, beam(2100.0, 5.0)) is None
    assert spot_shares(drawn, beam(2100.0, 5.0), photons=400) is not None
    assert lookup_spot_shares(drawn, beam(755.0, 60.0)) is None
    layer = {"name": "dermis", "thickness_um": 2000.0, "mua_per_cm": 0.5, "mus_per_cm": 100.0, "g": 0.8, "n": 1.4}
    slab = SkinDistribution.from_case(parse_record(Case, {"skin": {"layer": [layer]}}, file="test")).sample(2, 0)
    assert lookup_spot_shares(slab, beam(755.0, 5.0)) is None
