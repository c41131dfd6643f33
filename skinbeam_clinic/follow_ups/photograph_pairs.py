"""Compare two photographs displayed side by side: differences in size and lighting, which are not of the skin."""

import io
from dataclasses import dataclass

from PIL import Image
from PIL.ExifTags import IFD, Base

from skinbeam.text import Formatter, render_message
from skinbeam_clinic.models import PhotographRecord
from skinbeam_clinic.repositories import ClinicRepositories

__all__ = ["PhotographComparison", "compare_photographs"]


@dataclass(frozen=True)
class PhotographComparison:
    """A pair of photographs with the known differences in size and lighting.

    Parameters
    ----------
    pair : id of the pair.
    differences : sentences; empty without a known difference.
    """

    pair: str
    first: PhotographRecord
    second: PhotographRecord
    differences: tuple[str, ...]


@dataclass(frozen=True)
class _ShotData:
    """Size, exposure, sensitivity and flash from the file of a photograph; None where unknown."""

    size_px: tuple[int, int] | None = None
    exposure_s: float | None = None
    sensitivity: int | None = None
    flash: bool | None = None


def compare_photographs(
    repositories: ClinicRepositories, first_id: str, second_id: str, pair: str
) -> PhotographComparison:
    """Return two photographs as they are shown together."""
    (photograph, first), (other, second) = map(repositories.photographs.read_content, (first_id, second_id))
    return PhotographComparison(pair, photograph, other, _list_differences(_read_shot(first), _read_shot(second)))


def _list_differences(first: _ShotData, second: _ShotData) -> tuple[str, ...]:
    """Return the differences of two shots in sentences; an unknown value is mentioned only for the size."""
    number = Formatter().number
    if first.size_px is None or second.size_px is None:
        differences = [render_message("followed.size-unknown")]
    elif first.size_px != second.size_px:
        differences = [
            render_message(
                "followed.size-differs", {"one": _describe_size(first.size_px), "other": _describe_size(second.size_px)}
            )
        ]
    else:
        differences = []
    if first.exposure_s and second.exposure_s and first.exposure_s != second.exposure_s:
        times = {"one": number(1 / first.exposure_s), "other": number(1 / second.exposure_s)}
        differences.append(render_message("followed.exposure-differs", times))
    if first.sensitivity and second.sensitivity and first.sensitivity != second.sensitivity:
        differences.append(
            render_message("followed.iso-differs", {"one": str(first.sensitivity), "other": str(second.sensitivity)})
        )
    if first.flash is not None and second.flash is not None and first.flash != second.flash:
        differences.append(render_message("followed.flash-differs"))
    return tuple(differences)


def _describe_size(size_px: tuple[int, int]) -> str:
    return f"{size_px[0]} × {size_px[1]}"


def _read_shot(content: bytes) -> _ShotData:
    """Read size and lighting from the metadata of a file, and neither place nor time."""
    try:
        with Image.open(io.BytesIO(content)) as picture:
            exif = picture.getexif()
            turned = exif.get(Base.Orientation, 1) in (5, 6, 7, 8)
            how = exif.get_ifd(IFD.Exif)
            width, height = picture.size
            exposure, sensitivity, flash = (
                how.get(tag) for tag in (Base.ExposureTime, Base.ISOSpeedRatings, Base.Flash)
            )
            return _ShotData(
                (height, width) if turned else (width, height),
                None if exposure is None else float(exposure),
                None if sensitivity is None else int(sensitivity),
                None if flash is None else bool(int(flash) & 1),
            )
    except Exception:  # an uploaded picture may be corrupt in any way
        return _ShotData()
