"""Clean what was typed about a document, and the names of files that were sent."""

import re
import unicodedata
from pathlib import PurePosixPath

from skinbeam_clinic.errors import clinic_error

__all__ = ["LONGEST_DESCRIPTION", "LONGEST_NOTE", "LONGEST_REASON", "check_text", "clean_file_name"]

LONGEST_NOTE, LONGEST_REASON, LONGEST_DESCRIPTION = 10_000, 500, 200  # characters
_LONGEST_STEM = 80
_LINE_END = re.compile(r"\r\n?|[\u2028\u2029]")
_NO_FILE_NAME = re.compile(r'[<>:"|?*]')  # which some systems take in no name
_DEVICE_NAMES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)  # which Windows opens as no file


def check_text(text: str, field: str, longest: int, *, lines: bool = False) -> str:
    """Return a text without control characters and without spaces around it; only a note has several lines.

    Raises
    ------
    InputError : `too-long`.
    """
    kept = "\n\t" if lines else ""
    plain = "".join(
        sign if sign in kept or unicodedata.category(sign) not in ("Cc", "Cs") else " " if sign.isspace() else ""
        for sign in _LINE_END.sub("\n", text)
    ).strip()
    if len(plain) > longest:
        raise clinic_error("too-long", field, hint={"longest": longest})
    return plain


def clean_file_name(name: str, ending: str, otherwise: str) -> str:
    """Return a name that leads to no other folder, hides nothing of itself, and has the ending of the content.

    Parameters
    ----------
    ending : with its dot.
    otherwise : the name without ending where nothing is left of the given one.
    """
    last = PurePosixPath(unicodedata.normalize("NFC", name).replace("\\", "/")).name
    shown = "".join(sign for sign in last if sign.isprintable())  # no invisible sign that turns the letters round
    stem = _NO_FILE_NAME.sub("_", PurePosixPath(shown).stem).strip(" .")[:_LONGEST_STEM].strip(" .")
    if _DEVICE_NAMES.match(stem):
        stem = f"_{stem}"
    return f"{stem or otherwise}{ending}"
