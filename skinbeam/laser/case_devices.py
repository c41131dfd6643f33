"""The devices that a case names: known ones, and own ones of a clinic, whose files lie beside the case."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import PurePath

from skinbeam.laser.device import Device, devices, load_device
from skinbeam.model.case import Case
from skinbeam.model.device_file import DeviceFile
from skinbeam.model.errors import InputError
from skinbeam.model.input_files import LoadedCase

__all__ = ["clinic_devices", "find_device", "is_same_name", "read_device_files"]


def read_device_files(loaded: LoadedCase) -> LoadedCase:
    """Return the case with the content of each device file that it names.

    A device of `[clinic]` has to be known. A test spot or a session may name the machine of another clinic in any
    words; only what ends in `.toml` is a file.

    Raises
    ------
    InputError : a device of the clinic is unknown; a file is missing, invalid, or outside the folder of the case.
    """
    files: dict[str, DeviceFile] = {}
    for field, name in _named_devices(loaded.case):
        if name in files:
            continue
        try:
            device = load_device(name, loaded.folder, field=field)
        except InputError as error:
            error.file = error.file or loaded.file  # an error in a device file names that file itself
            raise
        if name.endswith(".toml"):
            files[name] = device.file
    return replace(loaded, case=loaded.case.with_device_files(files))


def _named_devices(case: Case) -> Iterator[tuple[str, str]]:
    """Yield the field and the name of each device of the clinic, and of each device file of an earlier pulse."""
    if case.clinic is not None:
        yield from ((f"clinic.devices[{index}]", name) for index, name in enumerate(case.clinic.devices or ()))
    earlier = [(f"test_spot[{index}].device", spot.device) for index, spot in enumerate(case.test_spot)]
    earlier += [(f"session[{index}].device", done.device or "") for index, done in enumerate(case.session)]
    yield from ((field, name) for field, name in earlier if name.endswith(".toml"))


def clinic_devices(case: Case) -> Mapping[str, Device]:
    """Return the devices of the clinic by their names in a case whose files were read; every known one without a list.

    Raises
    ------
    KeyError : a device that `read_device_files` refuses.
    """
    if case.clinic is None or case.clinic.devices is None:
        return devices()
    known = {**devices(), **_own_devices(case)}
    return {name: known[name] for name in case.clinic.devices}


def find_device(name: str, case: Case) -> Device | None:
    """Find the device of a name or title, whatever the spaces and punctuation: a known one, or an own one of a case.

    None where two own ones have that name.
    """
    own = _own_devices(case)
    if name in own:
        return own[name]
    wanted = _letters_only(name)
    if not wanted:
        return None
    for among in (devices(), own):
        alike = [one for one in among.values() if wanted in (_letters_only(one.name), _letters_only(one.title))]
        if alike:
            return alike[0] if all(one == alike[0] for one in alike) else None
    return None


def _own_devices(case: Case) -> Mapping[str, Device]:
    return {name: Device(PurePath(name).stem, file) for name, file in case.device_files.items()}


def is_same_name(name: str, other: str) -> bool:
    """Return whether two names have the same letters and digits, whatever the spaces and punctuation."""
    return _letters_only(name) == _letters_only(other)


def _letters_only(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter.isalnum())
