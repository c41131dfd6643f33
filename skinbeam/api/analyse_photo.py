"""Compute `skinbeam.photo/1`: findings of a photograph, unknowns with their reasons, and overlays."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from skinbeam.model.document import build_document, sha256_hex
from skinbeam.model.errors import NotAvailable
from skinbeam.model.estimate import Unknown
from skinbeam.photo.analysis import PhotoAnalysis, SkinAnalysis, analyse_photograph
from skinbeam.photo.comparison.change_document import change_record
from skinbeam.photo.decoding.photograph import read_photograph
from skinbeam.photo.face.face import Face
from skinbeam.photo.overlays import MAP_FILES, write_overlays
from skinbeam.text import Message

__all__ = ["analysis_document", "photo_document"]

SCHEMA = "skinbeam.photo/1"


def photo_document(
    path: Path | str,
    out: Path | None = None,
    *,
    white_card: Sequence[float] | None = None,
    points: Sequence[float] | None = None,
    site: str | None = None,
    length: Sequence[float] | None = None,
    before: Path | str | None = None,
) -> dict[str, Any]:
    """Return the document `skinbeam.photo/1` of a photograph and write its overlays into `out`.

    Parameters
    ----------
    path : the picture file.
    out : folder for the overlays; none are written without it.
    white_card : x, y, width, height in pixels of the upright picture.
    points : x and y of right pupil, left pupil and mouth, if a person has set them.
    site : site of a picture without a face: hands, arms, neck or décolletage.
    length : x and y of two points and the mm between them: a ruler on the skin, or an object of known length.
    before : an earlier picture of the same face; the changes since then are then included.

    Raises
    ------
    InputError : a file cannot be read, the card or a point is outside the picture, or the length is impossible.
    NotAvailable : no face, or no skin of the site, can be used; its body is the whole document with unknowns.
    """
    look = analyse_photograph(read_photograph(path), white_card, points, site=site, length=length)
    earlier = None if before is None else analyse_photograph(read_photograph(before, field="before"), site=site)
    whole = analysis_document(look, out, earlier)
    if isinstance(look.skin, Unknown):
        raise NotAvailable(look.skin.reason, body=whole)
    return whole


def analysis_document(
    analysis: PhotoAnalysis, out: Path | None, earlier: PhotoAnalysis | None = None
) -> dict[str, Any]:
    """Return the document of an analysed photograph and write its overlays into `out`.

    With an earlier picture of the same face the key `change` has the changes since then, or why they are unknown.
    """
    seen = analysis.skin
    face = isinstance(seen, Unknown) or seen.face is not None
    body: dict[str, Any] = {
        "faces": analysis.faces,
        "face": seen,
        "quality": {
            "ok": not isinstance(seen, Unknown),
            "problems": analysis.problems,
            "ask": Message("photo-quality.ask" if face else "photo-site.ask").text,
        },
        "regions": seen,
        "regions_note": Message("photo-finding.approximate" if face else "photo-site.approximate").text,
        "regions_left_out": seen,
        "maps": seen,
        "colour": seen,
        "card": analysis.calibration,
        "findings": seen,
        "scale_mm_per_px": seen,
    }
    if not isinstance(seen, Unknown):
        body |= {
            "face": _face_record(seen.face),
            "regions": {name: seen.view.to_picture(points) for name, points in seen.regions.polygons.items()},
            "regions_left_out": {
                name: Message(f"photo-region.{why}").text for name, why in seen.regions.absence_reasons.items()
            },
            "maps": _write_maps(seen, out),
            "colour": seen.colour,
            "findings": seen.findings,
            "scale_mm_per_px": seen.scale_mm_per_px,
        }
    case = analysis.case_sha256
    if earlier is not None:
        body["change"] = change_record(earlier, analysis, out)
        case = sha256_hex({"after": case, "before": earlier.case_sha256})
    return build_document(SCHEMA, case_sha256=case, seed=0, warnings=analysis.warnings, body=body)


def _face_record(face: Face | None) -> dict[str, Any] | Unknown:
    if face is None:
        return Unknown(Message("photo-site.no_face").text)
    return {
        "backend": face.backend,
        "pupil_distance_px": face.pupil_px,
        "roll_deg": face.roll_deg,
        "right_pupil": face.right_pupil,
        "left_pupil": face.left_pupil,
        "mouth": face.mouth,
        "box": face.box,
    }


def _write_maps(seen: SkinAnalysis, out: Path | None) -> dict[str, str | Unknown]:
    """Return a mapping of map to file name, or to the reason why there is none."""
    if out is None:
        return dict.fromkeys(MAP_FILES, Unknown(Message("photo-finding.no_folder").text))
    written: dict[str, str | Unknown] = {**write_overlays(out, seen)}
    if isinstance(seen.maps, Unknown):
        return {name: written.get(name, seen.maps) for name in MAP_FILES}
    return written
