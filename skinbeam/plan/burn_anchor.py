"""Anchor P(burn) of a light to what clinics counted, with one factor whatever is treated.

A pulse burns the epidermis of a cheek alike whether it is meant for a vessel or for a scar. So all conditions that
sources treat with a light of a machine count together: at their usual doses such skin burns as often as was counted,
on average. What a plan prints of one setting then means the same in every plan.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from skinbeam.laser.beam import Beam
from skinbeam.laser.device import Device, devices
from skinbeam.laser.setting_grid import BeamSetting, dose_steps
from skinbeam.model.case import Case
from skinbeam.model.device_file import DeviceFile
from skinbeam.model.package_data import load_derived_table
from skinbeam.model.sources import cache_with_sources
from skinbeam.model.vocabulary import PHOTOTYPES, vocabulary_table
from skinbeam.plan.proposal import Proposal
from skinbeam.plan.propose import propose_setting
from skinbeam.published_doses.burn_anchor import anchor_scale, counted_burn_share
from skinbeam.published_doses.counts import count_harm_that_calibrates
from skinbeam.response.candidate import BurnDoses
from skinbeam.response.goals import laser_choices
from skinbeam.response.limits import find_limits
from skinbeam.response.reference_burns import reference_burn_doses
from skinbeam.response.settings import PulseCaps, SearchMachine, build_beam, built_in_cooling

__all__ = ["ANCHOR_TABLE", "burn_anchor", "compute_burn_anchor", "light_name", "usual_proposals"]

ANCHOR_TABLE = "burn_anchors"
_AGE_YEARS = 40.0  # any adult: what is proposed does not depend on it


def burn_anchor(machine: SearchMachine, setting: BeamSetting, site: str, phototype: int) -> float:
    """Return the factor on computed doses that burn at which usual doses burn as many as clinics counted.

    1 where the model computes no more than they counted, and for a light of which no source prints a dose.

    Parameters
    ----------
    phototype : 1 to 6.
    """
    light = light_name(machine, setting.wavelength_nm)
    if devices().get(machine.device.name) != machine.device:  # a clinic's own
        device = machine.device
        return _own_anchor(
            (machine.case_name, machine.folder, device.name, device.file.model_dump_json()), light, site, phototype
        )
    factors = load_derived_table(ANCHOR_TABLE).get(site, {}).get(machine.device.name, {}).get(light)
    if factors is None:
        return 1.0
    beam = build_beam(machine, setting, dose_steps(machine.device, setting)[0])
    # Records the sources of the counts at this light.
    count_harm_that_calibrates(beam.mean_wavelength_nm, beam.pulse_ms, lamp=machine.device.is_lamp)
    return float(factors[phototype - 1])


@cache_with_sources(64)
def _own_anchor(owned: tuple[str, Path, str, str], light: str, site: str, phototype: int) -> float:
    case_name, folder, name, file_json = owned
    device = Device(name, DeviceFile.model_validate_json(file_json))
    return compute_burn_anchor(SearchMachine(case_name, device, folder), light, site, phototype)


def light_name(machine: SearchMachine, wavelength_nm: float) -> str:
    """Return the name of a light of a machine: its wavelength, or `lamp` whatever its filter."""
    return "lamp" if machine.device.is_lamp else f"{wavelength_nm:g} nm"


def compute_burn_anchor(machine: SearchMachine, light: str, site: str, phototype: int) -> float:
    """Return the factor as `burn_anchor`, from the usual doses of all conditions that sources treat with a light."""
    (limit,) = [one for one in find_limits("vascular", "cheeks") if one.quantity == "p_burn"]
    usual: dict[tuple[BeamSetting, float, int | None], tuple[BurnDoses, float]] = {}
    counted: list[float] = []
    for proposal in usual_proposals(machine, site, phototype):
        setting, key = proposal.setting, (proposal.setting, proposal.middle, proposal.lighter_phototype)
        if key in usual or light_name(machine, setting.wavelength_nm) != light:
            continue  # a dose that another condition lends counts once
        beam = build_beam(machine, setting, dose_steps(machine.device, setting)[0])
        skin = PHOTOTYPES[(proposal.lighter_phototype or phototype) - 1]
        usual[key] = reference_burn_doses(site, skin, beam, built_in_cooling(machine.device)[0]), proposal.middle
        counted.append(_counted_share(beam, limit.warn))
    if not usual:
        return 1.0

    def share(scale: float) -> float:
        return float(np.mean([burns.p(middle / scale) for burns, middle in usual.values()]))

    return anchor_scale(share, float(np.mean(counted)))


def _counted_share(beam: Beam, most: float) -> float:
    lamp = bool(beam.spectrum[1:])
    return counted_burn_share(beam.mean_wavelength_nm, beam.pulse_ms, lamp=lamp, most=most)


def usual_proposals(machine: SearchMachine, site: str, phototype: int) -> Iterator[Proposal]:
    """Yield what a plan begins with on a machine whose light heats, for each condition that it treats at a site."""
    device = machine.device
    if device.microbeam or device.lens_array:
        return
    for condition in vocabulary_table("condition"):
        patient = {"age_years": _AGE_YEARS, "phototype": PHOTOTYPES[phototype - 1]}
        case = Case.model_validate({"patient": patient, "concern": [{"condition": condition, "site": site}]})
        (concern,) = case.concern
        for modality in laser_choices(condition, site)[0]:
            if modality not in device.modalities or modality == "ablative":
                continue
            capped = replace(machine, caps=PulseCaps(condition, modality, site, phototype))
            found = propose_setting(case, concern, modality, capped)
            if found is not None:
                yield found
