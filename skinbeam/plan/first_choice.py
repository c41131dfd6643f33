"""Find what a guideline puts first and the rules leave to a person, so that no refusal recommends what is refused."""

from pathlib import Path

from skinbeam.evidence.guideline.device_classes import class_parts, is_same_class
from skinbeam.evidence.guideline.records import GuidelineTreatment
from skinbeam.laser.device import Device, devices
from skinbeam.laser.setting_grid import BeamSetting, device_classes, one_of_each_light
from skinbeam.model.case import Case
from skinbeam.model.conditions import known_modalities
from skinbeam.model.consultation import Concern
from skinbeam.plan.setting_rules import judge_setting
from skinbeam.response.settings import SearchMachine
from skinbeam.suitability.judgement import judge_suitability

__all__ = ["possible_class"]


def possible_class(case: Case, concern: Concern, treatment: GuidelineTreatment) -> str | None:
    """Return the first class of devices of a treatment that the rules leave to a person, else the treatment itself.

    Of a combination its first part. None where the rules refer or refuse all of it. A class without a known device is
    judged as its treatment is.
    """
    modality = treatment.treatment
    is_known = modality in known_modalities()
    if is_known and judge_suitability(case, concern=concern, modality=modality).opposing_reasons:
        return None
    if not treatment.device_classes:
        return modality
    for name in treatment.device_classes:
        parts = class_parts(name)
        if not is_known or all(_is_left(case, concern, modality, part) for part in parts):
            return parts[0]
    return None


def _is_left(case: Case, concern: Concern, modality: str, device_class: str) -> bool:
    """Return whether the rules leave any light of a class of known devices to a person; true where no device is known.

    Rules ask for the wavelength and for how the device is built, and of the pulse whether it is a short one, as all of
    one kind of laser are.
    """
    lights: dict[tuple[str, float], tuple[Device, BeamSetting]] = {}
    for device in devices().values():
        if modality in device.modalities:
            for setting in one_of_each_light(device):
                if is_same_class(device_class, device_classes(device, setting)):
                    lights.setdefault((device.name, setting.wavelength_nm), (device, setting))
    return not lights or any(
        not judge_setting(case, concern, modality, SearchMachine(device.name, device, Path()), setting).opposing_reasons
        for device, setting in lights.values()
    )
