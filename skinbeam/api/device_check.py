"""Check a device file, and say of which of its lights plans know little or nothing."""

from collections.abc import Iterator
from pathlib import Path

from skinbeam.laser.device import (
    Device,
    DeviceList,
    beam_sizes_mm,
    describe_light,
    describe_pulses,
    read_device_file,
    shortest_removing_nm,
)
from skinbeam.laser.device_class import head_classes, is_light_of_class, nearest_classes
from skinbeam.laser.setting_grid import BeamSetting, pulse_steps
from skinbeam.model.conditions import known_conditions
from skinbeam.model.device_file import DeviceHead
from skinbeam.model.document import sha256_hex
from skinbeam.model.errors import NotAvailable
from skinbeam.model.units import MS
from skinbeam.model.vocabulary import ABLATIVE_MODALITIES, SURFACE_MODALITIES
from skinbeam.response.settings import PracticeRegion
from skinbeam.simulate.removal.ablation import removal_calibration
from skinbeam.simulate.removal.microlesion import crater_calibration
from skinbeam.text import DocumentWarning, Message

__all__ = ["check_device_file", "device_warnings"]

_EMISSIONS = {"full-field": "spots", "microbeam": "columns", "lens-array": "array"}


def check_device_file(path: Path) -> DeviceList:
    """Validate a device file and return it as a list, so that its owner can check how it was read.

    A warning names each light of no class of devices, with what a plan does with it, each class that is stated of other
    light, and each light of which nobody knows what it removes.

    Raises
    ------
    InputError : a fault of the file, with the path of the key.
    """
    device = read_device_file(path)
    asked = sha256_hex({"command": "lasers", "file": sha256_hex(path.read_bytes())})
    return DeviceList(case_sha256=asked, seed=0, warnings=device_warnings(device), lasers=(device,))


def device_warnings(device: Device) -> tuple[DocumentWarning, ...]:
    """Return of which lights of a device plans know little or nothing, and which classes are stated of other light.

    Also what its light does not do, though the file says so.
    """
    return (*_modality_warnings(device), *_class_warnings(device), *_removal_warnings(device))


def _modality_warnings(device: Device) -> Iterator[DocumentWarning]:
    """Yield a warning of each modality that no head of the device does."""
    for modality in device.modalities:
        if device.doing(modality) is None:
            words = {"modality": modality, "nm": shortest_removing_nm()}
            yield DocumentWarning("modality-not-done", Message("laser-class.not-done", words))


def _class_warnings(device: Device) -> Iterator[DocumentWarning]:
    """Yield a warning of each head whose light no class has, and of each that is stated to have another light."""
    for head in device.heads:
        light = describe_light(head.wavelength_nm, lamp=head.band_nm is not None)
        pulses = describe_pulses([head.pulse_ms])
        own = head_classes(device.file, head)
        emitting = (head,) if head.classes else device.heads  # classes of the file are of all its heads together
        for name in own:
            if not any(is_light_of_class(other, name) for other in emitting):
                stated = {"light": light, "pulses": pulses, "name": name}
                yield DocumentWarning("class-of-other-light", Message("laser-class.other-light", stated))
        if own:
            continue
        near = ", ".join(f"{name} ({line:g} nm)" for name, line in nearest_classes(device.file, head))
        words = {
            "light": light,
            "pulses": pulses,
            "emission": Message(f"laser-class.{_EMISSIONS[device.file.emission]}"),
            "near": near,
            "planned": _planned(device, head),
        }
        yield DocumentWarning("no-class", Message("laser-class.none", words))


def _removal_warnings(device: Device) -> Iterator[DocumentWarning]:
    """Yield a warning of each light of a device that removes skin, in none of whose pulses it is known how much."""
    removing = [head for head in device.heads if any(device.does(modality, head) for modality in ABLATIVE_MODALITIES)]
    for head in removing:
        reasons = [_unknown_removal(head, pulse_ms) for pulse_ms in pulse_steps(head.pulse_ms)]
        if all(reasons):
            words = {"light": describe_light(head.wavelength_nm, lamp=head.band_nm is not None), "reason": reasons[0]}
            yield DocumentWarning("removal-unknown", Message("laser-class.removal-unknown", words))


def _unknown_removal(head: DeviceHead, pulse_ms: float) -> str:
    """Return why it is not known what a pulse of a head removes; empty where it is."""
    try:
        if head.tip:
            crater_calibration(head.wavelength_nm)
        else:
            removal_calibration(head.wavelength_nm, pulse_ms * MS)
    except NotAvailable as missing:
        return missing.reason
    return ""


def _planned(device: Device, head: DeviceHead) -> Message:
    """Return what a plan does with a head of no class."""
    if device.lens_array:
        return Message("laser-class.array-not-planned")
    if any(device.does(modality, head) for modality in SURFACE_MODALITIES):
        return Message("laser-class.planned-by-depth")
    conditions = ", ".join(_conditions_with_doses(device, head))
    if not conditions:
        return Message("laser-class.not-planned")
    return Message("laser-class.planned-as-printed", {"conditions": conditions})


def _conditions_with_doses(device: Device, head: DeviceHead) -> Iterator[str]:
    """Yield the conditions for which sources print a dose of such light, by name."""
    settings = [
        BeamSetting(head.wavelength_nm, pulse_ms, size_mm)
        for pulse_ms in pulse_steps(head.pulse_ms)
        for size_mm in beam_sizes_mm(head)
    ]
    for name, condition in known_conditions().items():
        regions = [
            PracticeRegion(name, modality, None)
            for modality in device.modalities
            if device.does(modality, head) and modality in condition.lasers and condition.lasers[modality].use != "not"
        ]
        if any(region.dose_range(device, setting) is not None for region in regions for setting in settings):
            yield name
