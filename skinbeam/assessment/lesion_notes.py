"""Find in the notes of earlier sessions a mole or a spot that changed, or a cancer, which a doctor has to look at.

The words are data, `data/lesion_words.toml`. A clause that denies it, or says that somebody has looked, mentions none.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache

from skinbeam.assessment.reaction_words import has_denial, split_clauses
from skinbeam.model.case import Case
from skinbeam.model.package_data import load_package_table

__all__ = ["mentions_lesion", "notes_mention_lesion"]


def notes_mention_lesion(case: Case) -> bool:
    """Return whether the note of any earlier session, wherever it was, mentions what a doctor has to look at."""
    return any(mentions_lesion(note) for done in case.session for note in done.adverse)


def mentions_lesion(text: str) -> bool:
    """Return whether a note mentions a mole or a spot that changed, an open wound, or a cancer."""
    return any(map(_is_suspect, split_clauses(text)))


@cache
def _words() -> Mapping[str, Sequence[str]]:
    return load_package_table("data/lesion_words.toml")


def _is_suspect(clause: str) -> bool:
    known, said = _words(), clause.split()
    if any(phrase in clause for phrase in known["unhealed"]):
        return True
    if has_denial(clause) or not set(said).isdisjoint(known["cleared"]):
        return False
    if any(part in clause for part in known["disease"]):
        return True
    is_mole = any(part in word for part in known["moles"] for word in said)
    if is_mole and set(said).isdisjoint(known["vessels"]) and _begins(clause, known["mole_changes"]):
        return True
    return not set(said).isdisjoint(known["spots"]) and _begins(clause, known["spot_changes"])


def _begins(clause: str, stems: Sequence[str]) -> bool:
    """Return whether a word of a clause begins with one of the stems, which may be a phrase."""
    return re.search(rf"\b(?:{'|'.join(map(re.escape, stems))})", clause) is not None
