"""Read form bodies, and reject truncated forms and duplicate fields.

A field that is lost is not a field that was left empty: without `patient.pregnant` a plan counts nobody as pregnant.
"""

from collections.abc import Collection, Sequence

from fastapi import Request
from python_multipart.multipart import parse_options_header
from starlette.datastructures import FormData, UploadFile
from starlette.requests import ClientDisconnect

from skinbeam_clinic.consultations.forms import MARK_FIELDS_MAX, TABLES, Submission, find_repeated_field
from skinbeam_clinic.errors import catalogue_error
from skinbeam_clinic.web.errors import RefusedError, refusal

__all__ = ["FIELD_BYTES", "read_form"]

_MOST_FIELDS = 500 + MARK_FIELDS_MAX  # a form with every row of every table, and with every mark of a photograph
FIELD_BYTES = 10_000
_IMPORT_FILES = ("patients", "appointments", "sessions", "closed_days", "mapping")
_MOST_FILES = len(_IMPORT_FILES) + 1  # one more is read so that the error can name it
_FILE_FIELDS = ("photo", "case", "attachment", "device_file", *_IMPORT_FILES)
_LINE_END = b"\r\n"
_FORM_TYPES = (b"application/x-www-form-urlencoded", b"multipart/form-data")


async def read_form(request: Request, *, field_bytes: int = FIELD_BYTES, lines: Collection[str] = ()) -> FormData:
    """Return the fields of a complete form that has each field once; lists repeat with other values.

    Parameters
    ----------
    field_bytes : the greatest length of a field.
    lines : fields that may contain several lines.

    Raises
    ------
    RefusedError : 400, 415 where the body is not a form, or 413 from the guard; the answers are saved for the error
        page, unless some are lost.
    HTTPException : the body cannot be read as a form.
    """
    try:
        body = await request.body()
    except ClientDisconnect:
        raise refusal(400) from None
    if body and parse_options_header(request.headers.get("content-type"))[0] not in _FORM_TYPES:
        raise refusal(415)  # the library would read no field of it, and a save would empty all of them
    length = request.headers.get("content-length", str(len(body)))
    if length != str(len(body)) or not _is_complete(request.headers.get("content-type", ""), body):
        raise _field_refusal("body-cut-off", "request")
    data = await request.form(max_files=_MOST_FILES, max_fields=_MOST_FIELDS, max_part_size=field_bytes)
    try:
        _check_fields(request, data, lines)
    except BaseException:
        await data.close()
        raise
    return data


def _is_complete(content_type: str, body: bytes) -> bool:
    """Return whether the body of a form ends where it should: nothing is missing, and nothing follows the end.

    The library that reads the parts takes what it got when the body ends: it does not require the closing boundary (its
    `finalize` contains a note that it should), drops an unfinished part, and skips what follows the first closing
    boundary. So the raw body is checked, whose size is bounded. In a URL-encoded form every field must have its `=`.
    """
    kind, options = parse_options_header(content_type)
    if kind == b"application/x-www-form-urlencoded":
        return all(b"=" in field for field in body.split(b"&") if field)
    if kind != b"multipart/form-data" or b"boundary" not in options:
        return True  # not a form: empty, or refused when it is read
    closing = _LINE_END + b"--" + options[b"boundary"] + b"--"
    _, found, rest = (_LINE_END + body).partition(closing)
    return bool(found) and not rest.strip()


def _check_fields(request: Request, data: FormData, several: Collection[str]) -> None:
    """Reject what our own forms never send, and what would silently lose a field."""
    entries = data.multi_items()
    texts = [(name, value) for name, value in entries if isinstance(value, str)]
    if any(isinstance(value, UploadFile) and name not in _FILE_FIELDS for name, value in entries):
        raise refusal(400)  # a field sent as a file would be ignored
    if any(name in TABLES for name, _ in entries):
        raise refusal(400)
    # No other field may contain line breaks: one that does may have swallowed the fields after it.
    single = ((name, value) for name, value in texts if name not in several)
    if lines := next((name for name, value in single if "\n" in value or "\r" in value), ""):
        raise _field_refusal("field-of-lines", lines)
    photographs: Sequence[tuple[str, str]] = [(name, "") for name, value in entries if not isinstance(value, str)]
    if twice := find_repeated_field([*texts, *photographs]):
        request.state.submission = Submission(tuple((name, value) for name, value in texts if value.strip()))
        raise _field_refusal("field-twice", twice)


def _field_refusal(code: str, field: str) -> RefusedError:
    params = {} if field == "request" else {"field": field}
    return RefusedError(400, catalogue_error(code, f"app-body.{code}", field, **params))
