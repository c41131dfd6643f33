"""Doses that burn the skin that sources treated: shipped for the settings that plans begin with, else computed."""

import itertools
from dataclasses import replace
from typing import NoReturn

import numpy as np
import pytest
from paths import ROOT

from research.derived_table import HASH_KEY
from skinbeam.laser.beam import Beam
from skinbeam.laser.cooling import CoolingPlan
from skinbeam.laser.device import load_device
from skinbeam.laser.setting_grid import BeamSetting
from skinbeam.model.input_files import load_case
from skinbeam.model.package_data import load_derived_table
from skinbeam.model.sources import collect_sources
from skinbeam.model.vocabulary import PHOTOTYPES, vocabulary_table
from skinbeam.plan.planner import make_plan
from skinbeam.response import reference_burns
from skinbeam.response.reference_burns import (
    compute_reference_doses,
    reference_burn_doses,
    reference_setting_key,
    reference_table_name,
)
from skinbeam.response.settings import SearchMachine, build_beam, built_in_cooling

DYE = SearchMachine("pulsed-dye-595", load_device("pulsed-dye-595"))
UNUSUAL = BeamSetting(595.0, 40.0, 12.0)  # no plan begins with it
COOLING, _ = built_in_cooling(DYE.device)


def refuse_to_compute(*_asked: object) -> NoReturn:
    raise AssertionError("this setting is not shipped")


@pytest.mark.parametrize("site", vocabulary_table("site"))
def test_darker_skin_burns_at_lower_doses_in_every_shipped_setting(site: str) -> None:
    shipped = load_derived_table(reference_table_name(site))
    assert len(shipped[HASH_KEY]) == 64
    lights = {key for phototype in PHOTOTYPES for key in shipped.get(phototype, {})}
    assert lights
    for light in lights:
        doses = [np.array(shipped[one][light]) for one in PHOTOTYPES if light in shipped.get(one, {})]
        for lighter, darker in itertools.pairwise(doses):
            assert (np.diff(lighter) >= 0).all(), light
            assert np.median(darker) < np.median(lighter), light


def test_what_is_shipped_is_what_is_computed() -> None:
    """Value by value, where the darkest and the lightest skin lie far apart."""
    shipped = load_derived_table(reference_table_name("cheeks"))
    setting = BeamSetting(595.0, 10.0, 7.0)
    beam = build_beam(DYE, setting, 4.0)
    key = reference_setting_key(beam, COOLING)
    known = [one for one in PHOTOTYPES if key in shipped.get(one, {})]
    assert known
    for phototype in known:
        assert compute_reference_doses("cheeks", phototype, beam, COOLING) == tuple(shipped[phototype][key])


def test_a_plan_with_a_measured_colour_finds_its_published_settings_shipped(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one other light of this plan is green, of which no source prints a dose."""

    def compute(site: str, phototype: str, beam: Beam, cooling: CoolingPlan) -> tuple[float, ...]:
        is_green = beam.wavelength_nm == 532.0 and beam.pulse_ms >= 1.0
        return compute_reference_doses(site, phototype, beam, cooling) if is_green else refuse_to_compute()

    monkeypatch.setattr(reference_burns, "compute_reference_doses", compute)
    case = load_case(ROOT / "examples" / "first-consultation" / "case.toml")
    assert case.case.patient is not None
    measured = case.case.patient.model_copy(update={"ita_deg": 48.0})
    plain = replace(case, case=case.case.model_copy(update={"patient": measured, "photo": None}))
    made = make_plan(plain, draws=60)
    assert any(option.setup is not None for concern in made.plan.concerns for option in concern.options)


def test_an_unusual_setting_is_computed_and_like_its_neighbours() -> None:
    """Between shipped ones a longer pulse at one spot needs a higher dose to burn."""
    found = reference_burn_doses("cheeks", "II", build_beam(DYE, UNUSUAL, 4.0), COOLING)
    shorter = reference_burn_doses("cheeks", "II", build_beam(DYE, UNUSUAL._replace(pulse_ms=10.0), 4.0), COOLING)
    assert found.computed_J_cm2.size == shorter.computed_J_cm2.size
    assert (found.computed_J_cm2 > shorter.computed_J_cm2).all()


def test_the_sources_of_computed_doses_are_cited_each_time() -> None:
    """A plan's sources and hash would else depend on what its process planned before."""
    beam = build_beam(DYE, UNUSUAL, 4.0)
    cited = []
    for _ in range(2):
        with collect_sources() as sources:
            compute_reference_doses("cheeks", "II", beam, COOLING)
        cited.append(set(sources))
    assert cited[0]
    assert cited[0] == cited[1]


def test_neither_light_pulse_nor_cooling_of_another_device_is_mistaken() -> None:
    beam = build_beam(DYE, UNUSUAL, 4.0)
    others = [
        replace(beam, spectrum=((585.0, 1.0),)),
        replace(beam, pulses=2, repetition_Hz=10.0),
        replace(beam, profile="gaussian"),
    ]
    keys = {reference_setting_key(one, COOLING) for one in (beam, *others)}
    keys.add(reference_setting_key(beam, replace(COOLING, before_ms=COOLING.before_ms + 10.0)))
    assert len(keys) == 5
    dosed = replace(beam, fluence_J_cm2=9.0)  # the dose is no part of the key
    assert reference_setting_key(dosed, COOLING) == reference_setting_key(beam, COOLING)
