"""The case of a form, checked as a case file is, except that it names no file of this machine."""

from pathlib import Path

from skinbeam.app.forms import Submission
from skinbeam.laser.device import devices
from skinbeam.schema.load import LoadedCase, loaded_case
from skinbeam.schema.refusals.meant import unknown_device

__all__ = ["case_of"]


def case_of(sent: Submission, home: Path) -> LoadedCase:
    """Return the case of what was sent.

    Parameters
    ----------
    home : the folder that stands for that of a case file.

    Raises
    ------
    InputError : it holds no case, or names a device that is not known.
    """
    for name in sent.tables.get("clinic", {}).get("devices", ()):
        if name not in devices():  # a case file may name a device file; a form must not read files of this machine
            raise unknown_device(name, devices(), field="clinic.devices")
    return loaded_case(sent.tables, home, "form")
