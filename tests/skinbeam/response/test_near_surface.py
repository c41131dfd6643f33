"""Temperatures that a search for burns remembers: of the epidermis and the papillary dermis alone, and the same."""

from dataclasses import replace

import numpy as np
import pytest
from consultations import PERSON, concern, loaded

from skinbeam.assessment.skin_draws import assess_colour
from skinbeam.laser.device import load_device
from skinbeam.laser.setting_grid import BeamSetting
from skinbeam.model.sources import collect_sources
from skinbeam.response.goals import treatment_goal
from skinbeam.response.settings import SearchMachine, build_beam, built_in_cooling
from skinbeam.response.skin_bank import SkinBank
from skinbeam.simulate.pulse.locations import basal_layer_response, papillary_border_response

DYE = SearchMachine("pulsed-dye-595", load_device("pulsed-dye-595"))


@pytest.mark.parametrize("cooling_share", [0.0, 1.0])
def test_what_is_remembered_near_the_surface_is_what_all_of_the_skin_has_there(cooling_share: float) -> None:
    """A spot whose heat leaves sideways, so that what is kept of it counts too; bit for bit, as nothing is rounded."""
    case = loaded(PERSON + concern("facial-telangiectasia", extra="")).case
    goal = treatment_goal("facial-telangiectasia", "vascular")
    setting = BeamSetting(595.0, 40.0, 7.0)
    beam, (cooling, _) = build_beam(DYE, setting, DYE.doses(setting)[0]), built_in_cooling(DYE.device)
    whole, near = (
        SkinBank(case, assess_colour(case, None), 20, 0)
        .skins("cheeks", goal)
        .respond(beam, cooling, limiting=True, cooling_share=cooling_share, near_surface=near)
        for near in (False, True)
    )
    assert near.unit_K.shape[2] < whole.unit_K.shape[2] / 2
    for place in (basal_layer_response, papillary_border_response):
        for one, other in zip(place(near), place(whole), strict=True):
            np.testing.assert_array_equal(one, other)
    assert np.all(near.unit_K.max(axis=(1, 2)) > 0)


def test_what_is_known_of_all_of_the_skin_is_not_computed_again_near_its_surface() -> None:
    case = loaded(PERSON + concern("facial-telangiectasia", extra="")).case
    skins = SkinBank(case, assess_colour(case, None), 20, 0).skins(
        "cheeks", treatment_goal("facial-telangiectasia", "vascular")
    )
    setting = BeamSetting(595.0, 40.0, 7.0)
    beam, (cooling, _) = build_beam(DYE, setting, DYE.doses(setting)[0]), built_in_cooling(DYE.device)
    whole = skins.respond(beam, cooling, limiting=False)
    with collect_sources() as sources:
        near = skins.respond(replace(beam, fluence_J_cm2=3.0), cooling, limiting=True, near_surface=True)
    assert near.unit_K is whole.unit_K
    assert near.beam is not None
    assert near.beam.fluence_J_cm2 == 3.0
    assert sources
    assert skins.respond(replace(beam, spot_mm=10.0), cooling, limiting=False).unit_K is not whole.unit_K
