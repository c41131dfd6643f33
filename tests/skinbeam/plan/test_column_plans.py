"""Plans of heated columns in beams of another diameter than those that sources used."""

from typing import Any

import pytest
from consultations import PERSON, concern, devices, document, laser_options


def _columns(condition: str, device: str, site: str = "cheeks") -> tuple[dict[str, Any], dict[str, Any]]:
    """The first option of a device and its microbeams."""
    option = laser_options(document(PERSON + concern(condition, site) + devices(device)))[0]
    return option, option["settings"]["microbeam"]


def test_wrinkles_get_the_printed_energy_as_deep_in_the_beam_of_the_machine() -> None:
    """51 to 61 mJ at 1540 nm are printed of pixels of 300 um, which no known machine of this light makes."""
    option, microbeam = _columns("wrinkles", "fractional-1540")
    assert microbeam["diameter_um"] == 150.0
    assert 28.0 <= microbeam["energy_mJ"] <= 40.0
    assert option["p_effective"]["median"] > 0.5
    assert "51 to 61 mJ in beams of 300 µm" in option["practice"]["text"]


@pytest.mark.parametrize("condition", ["wrinkles", "acne-scars", "fine-lines-periorbital"])
def test_a_machine_with_wide_beams_alone_is_no_weaker_than_the_one_of_the_trials(condition: str) -> None:
    """All printed energies are of 1550 nm, most of them of beams of 60 um; at 1565 nm the beam has 140 um."""
    site = "periorbital" if condition == "fine-lines-periorbital" else "cheeks"
    option, microbeam = _columns(condition, "fractional-1565", site)
    assert microbeam["diameter_um"] == 140.0
    assert microbeam["energy_mJ"] >= 15.0
    assert option["p_effective"]["median"] > 0.25


def test_melasma_gets_the_energies_of_a_thulium_fibre_laser_and_not_those_of_a_diode() -> None:
    """5 mJ are printed of the diode, whose beam has 140 um; clinics set fibre lasers to 10 to 20 mJ (polder2011)."""
    _, fibre = _columns("melasma", "thulium-1927")
    assert 10.0 <= fibre["energy_mJ"] <= 20.0
    _, diode = _columns("melasma", "fractional-diode-1440-1927")
    assert diode["energy_mJ"] <= 10.0


def test_the_beam_of_the_trials_keeps_the_printed_energies() -> None:
    option, microbeam = _columns("wrinkles", "fractional-1550")
    assert (microbeam["diameter_um"], microbeam["energy_mJ"]) == (60.0, 8.0)
    assert "beams" not in option["practice"]["text"]
