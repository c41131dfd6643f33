"""Compute `skinbeam.photo/1`: findings of a photograph, unknowns with their reasons, and overlays."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from skinbeam.model.document import DocumentResult, sha256_hex
from skinbeam.model.errors import NotAvailable
from skinbeam.model.estimate import Unknown, Value, map_known
from skinbeam.photo.analysis import PhotoAnalysis, SkinAnalysis, analyse_photograph
from skinbeam.photo.colour import PhotoColour
from skinbeam.photo.colour_target import ColourCalibration
from skinbeam.photo.comparison.change_document import ChangeReport, report_change
from skinbeam.photo.decoding.photograph import read_photograph
from skinbeam.photo.face.face import Face
from skinbeam.photo.findings.finding import SkinFinding
from skinbeam.photo.overlays import MAP_FILES, write_overlays
from skinbeam.photo.quality import QualityProblem
from skinbeam.text import Message

__all__ = ["PhotoFace", "PhotoQuality", "PhotoReport", "report_analysis", "report_photo"]

Points = NDArray[np.float64]


@dataclass(frozen=True)
class PhotoQuality:
    """Whether a photograph can be used, its faults, and what to ask the person who takes it."""

    ok: bool
    problems: tuple[QualityProblem, ...]
    ask: str


@dataclass(frozen=True)
class PhotoFace:
    """The face: which detector found it, and where its parts are, in pixels of the picture."""

    backend: str
    pupil_distance_px: float
    roll_deg: float
    right_pupil: tuple[float, float]
    left_pupil: tuple[float, float]
    mouth: tuple[float, float]
    box: tuple[float, float, float, float]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class PhotoReport(DocumentResult):
    """The findings of a photograph.

    Parameters
    ----------
    faces : number of faces found.
    regions : name → outline in pixels of the picture. regions_left_out : name → why.
    maps : name → file, or why there is none.
    card : the colour calibration.
    change : since an earlier picture; None where none was given.
    """

    schema: ClassVar[str] = "skinbeam.photo/1"

    faces: int
    face: PhotoFace | Unknown
    quality: PhotoQuality
    regions: Mapping[str, Points] | Unknown
    regions_note: str
    regions_left_out: Mapping[str, str] | Unknown
    maps: Mapping[str, str | Unknown] | Unknown
    colour: PhotoColour | Unknown
    card: ColourCalibration | Unknown
    findings: tuple[SkinFinding, ...] | Unknown
    scale_mm_per_px: Value
    change: ChangeReport | Unknown | None = None


def report_photo(
    path: Path | str,
    out: Path | None = None,
    *,
    white_card: Sequence[float] | None = None,
    points: Sequence[float] | None = None,
    site: str | None = None,
    length: Sequence[float] | None = None,
    before: Path | str | None = None,
) -> PhotoReport:
    """Return the findings of a photograph and write its overlays into `out`.

    Parameters
    ----------
    path : the picture file.
    out : folder for the overlays; none are written without it.
    white_card : x, y, width, height in pixels of the upright picture.
    points : x and y of right pupil, left pupil and mouth, if a person has set them.
    site : site of a picture without a face: hands, arms, neck, décolletage, back or abdomen.
    length : x and y of two points and the mm between them: a ruler on the skin, or an object of known length.
    before : an earlier picture of the same face; the changes since then are then included.

    Raises
    ------
    InputError : a file cannot be read, the card or a point is outside the picture, or the length is impossible.
    NotAvailable : no face, or no skin of the site, can be used; its body is the whole document with unknowns.
    """
    look = analyse_photograph(read_photograph(path), white_card, points, site=site, length=length)
    earlier = None if before is None else analyse_photograph(read_photograph(before, field="before"), site=site)
    report = report_analysis(look, out, earlier)
    if isinstance(look.skin, Unknown):
        raise NotAvailable(look.skin.reason, answer=report)
    return report


def report_analysis(analysis: PhotoAnalysis, out: Path | None, earlier: PhotoAnalysis | None = None) -> PhotoReport:
    """Return the findings of an analysed photograph and write its overlays into `out`.

    With an earlier picture of the same face, `change` has the changes since then, or why they are unknown.
    """
    seen, case = analysis.skin, analysis.case_sha256
    change = None if earlier is None else report_change(earlier, analysis, out)
    kind = "photo-quality" if isinstance(seen, Unknown) or seen.face is not None else "photo-site"
    return PhotoReport(
        case_sha256=case if earlier is None else sha256_hex({"after": case, "before": earlier.case_sha256}),
        seed=0,
        warnings=analysis.warnings,
        faces=analysis.faces,
        face=map_known(seen, lambda skin: _face_record(skin.face)),
        quality=PhotoQuality(not isinstance(seen, Unknown), analysis.problems, Message(f"{kind}.ask").text),
        regions=map_known(seen, _outlines),
        regions_note=Message("photo-site.approximate" if kind == "photo-site" else "photo-finding.approximate").text,
        regions_left_out=map_known(seen, _absence_reasons),
        maps=map_known(seen, lambda skin: _write_maps(skin, out)),
        colour=map_known(seen, lambda skin: skin.colour),
        card=analysis.calibration,
        findings=map_known(seen, lambda skin: skin.findings),
        scale_mm_per_px=map_known(seen, lambda skin: skin.scale_mm_per_px),
        change=change,
    )


def _face_record(face: Face | None) -> PhotoFace | Unknown:
    if face is None:
        return Unknown(Message("photo-site.no_face").text)
    return PhotoFace(
        backend=face.backend,
        pupil_distance_px=face.pupil_px,
        roll_deg=face.roll_deg,
        right_pupil=face.right_pupil,
        left_pupil=face.left_pupil,
        mouth=face.mouth,
        box=face.box,
    )


def _outlines(analysis: SkinAnalysis) -> dict[str, Points]:
    return {name: analysis.view.to_picture(points) for name, points in analysis.regions.polygons.items()}


def _absence_reasons(analysis: SkinAnalysis) -> dict[str, str]:
    return {name: Message(f"photo-region.{why}").text for name, why in analysis.regions.absence_reasons.items()}


def _write_maps(analysis: SkinAnalysis, out: Path | None) -> dict[str, str | Unknown]:
    """Return a mapping of map to file name, or to the reason why there is none."""
    if out is None:
        return dict.fromkeys(MAP_FILES, Unknown(Message("photo-finding.no_folder").text))
    written: dict[str, str | Unknown] = {**write_overlays(out, analysis)}
    if isinstance(analysis.maps, Unknown):
        return {name: written.get(name, analysis.maps) for name in MAP_FILES}
    return written
