"""Judge a setting of a device by the rules, and find the lights of a machine that they forbid."""

from skinbeam.laser.setting_grid import BeamSetting, one_of_each_light
from skinbeam.model.case import Case
from skinbeam.model.consultation import Concern
from skinbeam.response.settings import SearchMachine
from skinbeam.suitability.judgement import Suitability, judge_suitability

__all__ = ["barred_lights_nm", "judge_setting"]


def judge_setting(
    case: Case, concern: Concern, modality: str, machine: SearchMachine, setting: BeamSetting
) -> Suitability:
    """Judge a setting of a device by the rules."""
    return judge_suitability(
        case,
        concern=concern,
        modality=modality,
        device_wavelength_nm=setting.wavelength_nm,
        pulse_ms=setting.pulse_ms,
        ipl=machine.device.is_lamp,
        compression=machine.device.compression is not None,
        lens_array=machine.device.lens_array,
        cooled=bool(machine.device.cooling),
    )


def barred_lights_nm(case: Case, concern: Concern, modality: str, machine: SearchMachine) -> tuple[float, ...]:
    """Return the wavelengths of a laser that rules forbid at every pulse, where they leave it another.

    Where they leave it none, nothing is barred, so that a setting is proposed and its refusal names the rule.
    """
    lights = [] if machine.device.is_lamp else one_of_each_light(machine.device)
    wavelengths = dict.fromkeys(light.wavelength_nm for light in lights)
    if len(wavelengths) < 2:
        return ()
    allowed = {
        light.wavelength_nm
        for light in lights
        if not judge_setting(case, concern, modality, machine, light).opposing_reasons
    }
    return tuple(nm for nm in wavelengths if nm not in allowed) if allowed else ()
