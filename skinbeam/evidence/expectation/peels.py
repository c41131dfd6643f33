"""Kinds of chemical peel in the trials: what was done, and to which skin, site and kind of scar its results are lent.

A dot of strong acid in a pit, phenol on a whole face and a superficial acid are one modality in the trial table. A
result of one of them is no result of another.
"""

from dataclasses import dataclass
from functools import cache

from skinbeam.evidence.question import EvidenceQuestion
from skinbeam.evidence.synthesis.design import arms_for
from skinbeam.model.conditions import known_sites
from skinbeam.model.package_data import load_package_table
from skinbeam.model.sources import cite_sources
from skinbeam.model.vocabulary import PHOTOTYPES

__all__ = ["PEEL", "PeelKind", "lent_peels", "peel_kinds", "tried_peels"]

PEEL = "chemical-peel"


@dataclass(frozen=True)
class PeelKind:
    """A kind of peel; fields as described in `data/peels.toml`."""

    name: str
    rows: tuple[str, ...]
    subtypes: tuple[str, ...] = ()
    face_only: bool = False
    darkest_phototype: str | None = None
    is_last_resort: bool = False
    source: str = ""

    def is_lent_to(self, question: EvidenceQuestion) -> bool:
        """Return whether its results hold for the skin, the site and the kind of condition of a question."""
        if self.subtypes and question.subtypes and not set(self.subtypes) & set(question.subtypes):
            return False
        if self.face_only and question.site is not None and known_sites()[question.site].off_face:
            return False
        darkest = len(PHOTOTYPES) if self.darkest_phototype is None else PHOTOTYPES.index(self.darkest_phototype)
        return question.phototypes is None or question.phototypes[1] <= darkest


@cache
def peel_kinds() -> tuple[PeelKind, ...]:
    """Return the kinds of peel of `data/peels.toml`."""
    entries = load_package_table("data/peels.toml")
    return tuple(
        PeelKind(name, **entry | {"rows": tuple(entry["rows"]), "subtypes": tuple(entry.get("subtypes", ()))})
        for name, entry in entries.items()
    )


def tried_peels(condition: str) -> tuple[PeelKind, ...]:
    """Return the kinds of peel whose results in a condition are fitted."""
    rows = {arm.row for arm in arms_for(condition, PEEL)}
    return tuple(kind for kind in peel_kinds() if rows & set(kind.rows))


def lent_peels(question: EvidenceQuestion) -> tuple[PeelKind, ...]:
    """Return the kinds of peel behind the answer to a question about peels; none where another skin or place had it."""
    found = tuple(kind for kind in tried_peels(question.condition) if kind.is_lent_to(question))
    cite_sources(*(kind.source for kind in tried_peels(question.condition) if kind.source and kind not in found))
    return found
