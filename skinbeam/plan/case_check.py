"""Check that a case file is complete for a consultation, and analyse its photograph."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from skinbeam.laser.case_devices import read_device_files
from skinbeam.laser.earlier_pulses import check_earlier_pulses
from skinbeam.model.conditions import check_treated_site
from skinbeam.model.consultation import Photo
from skinbeam.model.errors import InputError
from skinbeam.model.input_files import LoadedCase
from skinbeam.plan.parallel import run_in_parallel
from skinbeam.text import ENGLISH, use_language

if TYPE_CHECKING:
    from skinbeam.photo.analysis import PhotoAnalysis
    from skinbeam.photo.decoding.photograph import DecodedPhotograph

__all__ = ["CheckedConsultation", "check_consultation"]


@dataclass(frozen=True)
class CheckedConsultation:
    """A checked consultation: the case with its device files, and the analysis of its photograph, if there is one."""

    loaded: LoadedCase
    photo_analysis: "PhotoAnalysis | None"

    def sha256(self) -> str:
        """Return the hash of the case and its photograph."""
        return self.loaded.sha256("" if self.photo_analysis is None else self.photo_analysis.photo_sha256)


def check_consultation(
    loaded: LoadedCase,
    photo: Path | None = None,
    *,
    on_started: Callable[[], object] | None = None,
    with_records: bool = False,
) -> CheckedConsultation:
    """Return a consultation once it has been checked, its photograph read.

    Parameters
    ----------
    photo : a photograph that takes the place of the case's own.
    on_started : work to do while the photograph is analysed.
    with_records : whether pulses come from records of treatments, too, which no rule refuses, and the typed ones were
        checked as they were typed.

    Raises
    ------
    InputError : [patient] or [[concern]] is missing, a device is unknown or unsound, an earlier pulse cannot be one of
        its device, the photograph cannot be read.
    """
    case = loaded.case
    for field, present in (("patient", case.patient is not None), ("concern", bool(case.concern))):
        if not present:
            raise InputError(
                "missing-key",
                f"{field} is missing, nothing was read",
                field=field,
                hint="A consultation needs [patient] and at least one [[concern]].",
                file=loaded.file,
            )
    for index, concern in enumerate(case.concern):
        check_treated_site(concern.site, field=f"concern[{index}].site", file=loaded.file)
    whole = read_device_files(loaded)
    if not with_records:
        check_earlier_pulses(whole.case, file=whole.file)
    return CheckedConsultation(whole, _read_photo(loaded, photo, on_started))


def _read_photo(
    loaded: LoadedCase, photo: Path | None, meanwhile: Callable[[], object] | None
) -> "PhotoAnalysis | None":
    """Analyse the photograph named on the command line, else the one in the case."""
    table = loaded.case.photo
    if photo is None and table is not None:
        if table.file is None:
            raise InputError(
                "missing-key",
                "photo.file is missing, nothing was read",
                field="photo.file",
                hint="[photo] names a file beside the case file, unless another photograph is given.",
                file=loaded.file,
            )
        photo = loaded.resolve_path(table.file, field="photo.file")
    if photo is None:
        return None
    from concurrent.futures import ThreadPoolExecutor  # imported late, as the rest: many cases have no photograph

    from skinbeam.photo.decoding.photograph import read_photograph

    with _errors_of_photo(photo), ThreadPoolExecutor(1) as decoder:
        # Another program decodes it, while this process, which also reads the answer of its copy, imports the analysis.
        decoded = decoder.submit(copy_context().run, read_photograph, photo, field="file")
        import skinbeam.photo.analysis  # noqa: F401

        picture = decoded.result()
    (look,) = run_in_parallel(partial(_analyse_photo, photo=photo, table=table), [picture], on_started=meanwhile)
    return look


def _analyse_photo(picture: "DecodedPhotograph", photo: Path, table: Photo | None) -> "PhotoAnalysis":
    from skinbeam.photo.analysis import analyse_photograph
    from skinbeam.photo.face.manual_landmarks import face_from_landmarks

    card, points = (None, None) if table is None else (table.white_card, table.flat_points)
    with _errors_of_photo(photo):
        if points is not None:
            face_from_landmarks(picture.rgb, points)  # raises errors in the language of the caller
        with use_language(ENGLISH):  # its findings become part of the plan, which is stored in English
            return analyse_photograph(picture, card, points)


@contextmanager
def _errors_of_photo(photo: Path) -> Iterator[None]:
    """Let errors name the field of the case and the file of its photograph."""
    try:
        yield
    except InputError as error:
        field = f"photo.{error.field}"
        raise InputError(error.code, error.message, field=field, hint=error.hint, file=photo.name) from None
