"""Studies that judge the result and therefore enter no table: known by hashes of author and year, and of addresses."""

import hashlib
import re
import unicodedata
from functools import cache
from pathlib import Path

__all__ = ["is_reserved", "study_keys"]

_LIST = Path(__file__).parent.parent / "data" / "reserved_studies.txt"


def study_keys(surname: str, year: str, address: str) -> set[str]:
    """The keys by which a study may stand in the list."""
    plain = unicodedata.normalize("NFKD", surname).encode("ascii", "ignore").decode().lower()
    first = re.sub("[^a-z]", "", (plain.split() or [""])[0])
    keys = {f"{first}|{year}"} if first and year else set()
    if address:
        keys.add("u|" + re.sub(r"^https?://(www\.)?", "", address.strip().lower()).rstrip("/"))
    numbers = re.findall(r"(?:pubmed[^0-9]*|pmid[^0-9]*|pubmed\.gov/)(\d{6,8})", address.lower())
    return keys | {f"p|{number}" for number in numbers}


def is_reserved(surname: str, year: str, address: str, *, listed: frozenset[str] | None = None) -> bool:
    """Whether the list, or the given one, holds this study."""
    hashes = _listed() if listed is None else listed
    return any(hashlib.sha256(key.encode()).hexdigest()[:20] in hashes for key in study_keys(surname, year, address))


@cache
def _listed() -> frozenset[str]:
    return frozenset(_LIST.read_text(encoding="utf-8").split())
