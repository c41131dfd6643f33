"""The regions of a face, and the site of the case file that each belongs to."""

from collections.abc import Mapping

__all__ = ["REGION_SITES"]

REGION_SITES: Mapping[str, str] = {
    "forehead": "forehead",
    "glabella": "glabella",
    "periorbital-right": "periorbital",
    "periorbital-left": "periorbital",
    "eyelid-right": "eyelid",
    "eyelid-left": "eyelid",
    "nose": "nose",
    "cheek-right": "cheeks",
    "cheek-left": "cheeks",
    "perioral": "perioral",
    "chin": "chin",
    "jaw-right": "jaw",
    "jaw-left": "jaw",
    "neck": "neck",
    "decolletage": "decolletage",
}
