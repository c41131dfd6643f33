"""Short names of studies and treatments, as they stand beside a mark in a picture."""

import re

from skinbeam.evidence.studies.arm import Arm
from skinbeam.schema.names import NameKind, table
from skinbeam.sources import bibliography

__all__ = ["light", "name_of", "title"]

UNREAD = "Authors not read"


def name_of(study: str) -> str:
    """Return the first author and the year of a study, or its key where nobody has read who wrote it."""
    author = bibliography()[study].fields["author"].split(" and ")[0].split(",")[0]
    if author == UNREAD:
        return study
    words = author.split()
    while len(words) > 1 and words[-1].isupper():  # initials
        words.pop()
    year = re.search(r"\d{4}([a-z](?![a-z]))?", study)  # with the letter that tells two papers of a year apart
    return f"{' '.join(words)} {year[0] if year else ''}".strip()


def light(arm: Arm) -> str:
    """Return the wavelength of an arm, with its class of pulse where that was printed as such; empty without light."""
    if arm.wavelength_nm is None:
        return ""
    return f"{arm.wavelength_nm:g} nm {arm.pulse_class}".strip()


def title(kind: NameKind, name: str) -> str:
    """Return the title of a condition or modality."""
    return str(table(kind)[name]["title"])
