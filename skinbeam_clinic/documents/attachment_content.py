"""Judge the file of an attachment by its content: a whole PDF, JPEG or PNG of a bounded size.

A picture is decoded as a photograph is, in a process of its own, so that one of a billion pixels or one that was cut
off is refused. Of a PDF only beginning and end are looked at: it is stored and handed out, and never opened here.
"""

from collections.abc import Mapping

from skinbeam.photo.decoding.photograph import decode_photograph
from skinbeam.photo.limits import limit
from skinbeam_clinic.consultations.face_points import PHOTOGRAPH_LOCK
from skinbeam_clinic.errors import clinic_error, sizes_apart

__all__ = ["ENDINGS", "judge_content"]

ENDINGS: Mapping[str, str] = {"application/pdf": ".pdf", "image/jpeg": ".jpg", "image/png": ".png"}
_SIGNATURES = {b"%PDF-": "application/pdf", b"\xff\xd8\xff": "image/jpeg", b"\x89PNG\r\n\x1a\n": "image/png"}
_PDF_END, _PDF_END_WITHIN = b"%%EOF", 1024  # readers look for the mark within the last so many bytes
_FIELD = "attachment"


def judge_content(content: bytes) -> str:
    """Return the media type of an attachment.

    Raises
    ------
    InputError : `empty-attachment`, `attachment-too-large`, `bad-attachment`: of another kind; `attachment-cut-off`; or
        what the decoder says of a picture.
    """
    most = int(limit("read", "bytes_max"))
    if not content:
        raise clinic_error("empty-attachment", _FIELD)
    if len(content) > most:
        raise clinic_error("attachment-too-large", _FIELD, **sizes_apart(len(content), most))
    kind = next((kind for start, kind in _SIGNATURES.items() if content.startswith(start)), None)
    if kind is None:
        raise clinic_error("bad-attachment", _FIELD)
    if kind == "application/pdf":
        if _PDF_END not in content[-_PDF_END_WITHIN:]:
            raise clinic_error("attachment-cut-off", _FIELD)
    else:
        with PHOTOGRAPH_LOCK:
            decode_photograph(content, name=f"attachment{ENDINGS[kind]}", field=_FIELD)
    return kind
