"""Kinds of chemical peel: what the trials did, how deep it wounds, and to which skin, site and kind of scar it is lent.

A dot of strong acid in a pit, phenol on a whole face and a superficial acid are one modality in the trial table. A
result of one of them is no result of another.
"""

from dataclasses import dataclass
from functools import cache
from typing import Final, Literal

from skinbeam.evidence.guideline.table import load_cells
from skinbeam.evidence.question import EvidenceQuestion
from skinbeam.evidence.studies.trial_table import trial_arms
from skinbeam.model.conditions import known_sites
from skinbeam.model.package_data import load_package_table
from skinbeam.model.vocabulary import PHOTOTYPES

__all__ = ["PEEL", "PEEL_DEPTHS", "PeelDepth", "PeelKind", "peel_depth", "peel_kinds"]

PEEL: Final = "chemical-peel"
PeelDepth = Literal["not-named", "superficial", "medium", "deep"]
PEEL_DEPTHS: tuple[PeelDepth, ...] = ("not-named", "superficial", "medium", "deep")


@dataclass(frozen=True)
class PeelKind:
    """A kind of peel; fields as described in `data/peels.toml`."""

    name: str
    rows: tuple[str, ...]
    classes: tuple[str, ...]
    depth: PeelDepth
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
        PeelKind(name, **entry | {key: tuple(entry.get(key, ())) for key in ("rows", "classes", "subtypes")})
        for name, entry in entries.items()
    )


@cache
def peel_depth(condition: str) -> PeelDepth:
    """Return how deep a peel of a condition wounds: the deepest that its trials did or that its guideline names.

    "not-named" where nobody says which acid is meant.
    """
    rows = {arm.row for arm in trial_arms() if (arm.condition, arm.modality) == (condition, PEEL)}
    named = {
        name
        for cell in load_cells()
        for one in cell.treatments
        if (cell.condition, one.treatment) == (condition, PEEL)
        for name in one.device_classes
    }
    kinds = (kind for kind in peel_kinds() if rows & set(kind.rows) or named & set(kind.classes))
    return max((kind.depth for kind in kinds), key=PEEL_DEPTHS.index, default="not-named")
