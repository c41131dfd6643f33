"""Anchor P(burn) of a light to what clinics counted, with one factor whatever is treated.

A pulse burns the epidermis of a cheek alike whether it is meant for a vessel or for a scar. So all conditions that
sources treat with a light of a machine count together: at their usual doses such skin burns as often as was counted,
on average. Skin that nobody treated has the factor of the next lighter skin, and the model alone says how much sooner
it burns. What a plan prints of one setting then means the same in every plan.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from skinbeam.laser.beam import Beam
from skinbeam.laser.cooling import CoolingPlan
from skinbeam.laser.device import Device, devices
from skinbeam.laser.setting_grid import BeamSetting
from skinbeam.model.case import Case
from skinbeam.model.device_file import DeviceFile
from skinbeam.model.sources import cache_with_sources
from skinbeam.model.vocabulary import PHOTOTYPES, vocabulary_table
from skinbeam.plan.proposal import Proposal
from skinbeam.plan.propose import propose_setting
from skinbeam.published_doses.burn_anchors import light_name, shipped_anchor
from skinbeam.published_doses.counted_burns import anchor_scale, usual_burn_share
from skinbeam.published_doses.counts import count_harm_that_calibrates
from skinbeam.response.candidate import BurnDoses
from skinbeam.response.goals import laser_choices
from skinbeam.response.limits import find_limits
from skinbeam.response.reference_burns import reference_burn_doses, shipped_reference_doses
from skinbeam.response.settings import PulseCaps, SearchMachine, built_in_cooling

__all__ = ["burn_anchor", "compute_burn_anchors", "usual_proposals"]

_AGE_YEARS = 40.0  # any adult: what is proposed does not depend on it


def burn_anchor(machine: SearchMachine, beam: Beam, site: str, phototype: int) -> float:
    """Return the factor on computed doses that burn at which usual doses burn as many as clinics counted.

    1 where the model computes no more than they counted, and for a light of which no source prints a dose.

    Parameters
    ----------
    phototype : 1 to 6.
    """
    device = machine.device
    if devices().get(device.name) != device:  # a clinic's own
        light = light_name(device, beam.wavelength_nm)
        return _own_anchor((device.name, device.file.model_dump_json()), light, site, phototype)
    factor = shipped_anchor(device, beam.wavelength_nm, site, phototype)
    if factor is None:
        return 1.0
    # Records the sources of the counts at this light.
    count_harm_that_calibrates(beam.mean_wavelength_nm, beam.pulse_ms, lamp=device.is_lamp)
    return factor


@cache_with_sources(64)
def _own_anchor(owned: tuple[str, str], light: str, site: str, phototype: int) -> float:
    name, file_json = owned
    machine = SearchMachine(name, Device(name, DeviceFile.model_validate_json(file_json)))
    factors = _factors_of_light(machine, light, site)
    return 1.0 if factors is None else factors[phototype - 1]


def compute_burn_anchors(machine: SearchMachine, site: str) -> dict[str, list[float]]:
    """Return the factors as `burn_anchor` of each light that sources treat with, for phototypes I to VI.

    Lighter skin bears what darker skin bears: its factor is no less than that with which the same setting burns it as
    often.
    """
    lights = sorted({light_name(machine.device, head.wavelength_nm) for head in machine.device.heads})
    factors = {light: _factors_of_light(machine, light, site) for light in lights}
    return {light: of_skins for light, of_skins in factors.items() if of_skins is not None}


def _factors_of_light(machine: SearchMachine, light: str, site: str) -> list[float] | None:
    """Return the factors of one light of a machine; None where no source prints a dose of it.

    It is taken alone: which of several lights guidelines put first says nothing of its burns.
    """
    heads = [head for head in machine.device.heads if light_name(machine.device, head.wavelength_nm) == light]
    alone = replace(machine, device=machine.device.with_heads(heads))
    usual = _usual_by_skin(alone, site)
    return _anchor_skins(alone, site, usual) if usual else None


def _anchor_skins(machine: SearchMachine, site: str, usual: Mapping[int, Sequence[Proposal]]) -> list[float]:
    treated = {skin: _anchor_of_skin(machine, site, skin, proposals) for skin, proposals in usual.items()}
    factors = [treated[_treated_skin(usual, phototype)[0]] for phototype in range(1, len(PHOTOTYPES) + 1)]
    lights = [proposal.least_beam for proposals in usual.values() for proposal in proposals]
    for lighter in reversed(range(len(PHOTOTYPES) - 1)):
        least = factors[lighter + 1] * _share_borne(site, lighter + 1, lights, _cooling(machine))
        factors[lighter] = max(factors[lighter], least)
    return factors


def _usual_by_skin(machine: SearchMachine, site: str) -> dict[int, list[Proposal]]:
    """Return the usual settings of a machine by the phototype that sources treated, 1 to 6, the lightest first.

    A dose that another condition lends counts once.
    """
    found: dict[int, dict[tuple[BeamSetting, float], Proposal]] = {}
    for phototype in range(1, len(PHOTOTYPES) + 1):
        for proposal in usual_proposals(machine, site, phototype):
            skin = proposal.lighter_phototype or phototype
            found.setdefault(skin, {})[proposal.setting, proposal.middle] = proposal
    return {skin: list(found[skin].values()) for skin in sorted(found)}


def _treated_skin(usual: Mapping[int, Sequence[Proposal]], phototype: int) -> tuple[int, Sequence[Proposal]]:
    """Return the darkest treated skin that is no darker than a phototype, else the lightest, and its settings."""
    skin = max((treated for treated in usual if treated <= phototype), default=min(usual))
    return skin, usual[skin]


def _anchor_of_skin(machine: SearchMachine, site: str, skin: int, proposals: Sequence[Proposal]) -> float:
    """Return the factor at which the usual doses burn a treated skin as often as was counted, on average."""
    (limit,) = [limit for limit in find_limits("vascular", "cheeks") if limit.quantity == "p_burn"]
    burns: list[tuple[BurnDoses, float]] = []
    counted: list[float] = []
    for proposal in proposals:
        beam = proposal.least_beam
        doses = reference_burn_doses(site, PHOTOTYPES[skin - 1], beam, _cooling(machine))
        burns.append((doses, proposal.middle))
        log_dose = float(np.mean(np.log(proposal.middle / doses.computed_J_cm2)))
        lamp = machine.device.is_lamp
        counted.append(usual_burn_share(beam.mean_wavelength_nm, beam.pulse_ms, log_dose, lamp=lamp, most=limit.warn))

    def share(scale: float) -> float:
        return float(np.mean([doses.p(middle / scale) for doses, middle in burns]))

    return anchor_scale(share, float(np.mean(counted)))


def _share_borne(site: str, lighter: int, lights: Sequence[Beam], cooling: CoolingPlan) -> float:
    """Return the greatest share of its own doses that the next darker skin bears, of lights shipped for both; else 1.

    Parameters
    ----------
    lighter : the phototype of the lighter skin, 1 to 5.
    """
    names = PHOTOTYPES[lighter - 1], PHOTOTYPES[lighter]
    both = [[shipped_reference_doses(site, name, beam, cooling) for name in names] for beam in lights]
    shares = [float(np.max(dark / light)) for light, dark in both if light is not None and dark is not None]
    return max(shares, default=1.0)


def _cooling(machine: SearchMachine) -> CoolingPlan:
    return built_in_cooling(machine.device)[0]


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
            proposal = propose_setting(case, concern, modality, capped)
            if proposal is not None:
                yield proposal
