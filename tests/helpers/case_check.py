"""A case checked for the use that its tables indicate, as the commands check it."""

from skinbeam.laser.beam_of_case import resolve_beam
from skinbeam.model.errors import InputError
from skinbeam.model.input_files import LoadedCase
from skinbeam.plan.case_check import check_consultation

__all__ = ["check_case"]


def check_case(loaded: LoadedCase) -> None:
    """Check a case for the use that its tables indicate.

    Raises
    ------
    InputError : what is missing, or what the device or the photograph refuses.
    """
    case = loaded.case
    if case.patient is not None or case.concern:
        check_consultation(loaded)
    elif case.laser is not None or case.settings is not None:
        resolve_beam(case, loaded.folder)
    elif case.bath is None and case.cooling is None and case.skin is None:
        raise InputError(
            "nothing-asked",
            "nothing to plan or simulate was read",
            field="concern",
            hint="A consultation needs [patient] and [[concern]]; a pulse needs [skin], [laser] and [settings].",
            file=loaded.file,
        )
