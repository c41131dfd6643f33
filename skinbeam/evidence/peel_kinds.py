"""Kinds of chemical peel: what the trials did, how deep it wounds, and to which skin, site and kind of scar it is lent.

A dot of strong acid in a pit, phenol on a whole face and a superficial acid are one modality in the trial table. A
result of one of them is no result of another.
"""

from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from typing import Final, Literal

from skinbeam.evidence.guideline.device_classes import default_subtype
from skinbeam.evidence.guideline.table import load_cells
from skinbeam.evidence.question import EvidenceQuestion
from skinbeam.evidence.studies.trial_table import treatment_arms
from skinbeam.model.conditions import known_sites
from skinbeam.model.package_data import load_package_table
from skinbeam.model.vocabulary import PHOTOTYPES, condition_subtypes

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
        darkest = None if question.phototypes is None else question.phototypes[1] + 1
        return self.is_done_for(question.subtypes, question.site, darkest)

    def is_done_for(self, subtypes: Collection[str], site: str | None, darkest_phototype: int | None) -> bool:
        """Return whether it is done for such kinds of a condition, at a site, on skin of a phototype, 1 to 6.

        What is not stated, empty or None, holds nothing back.
        """
        if self.subtypes and subtypes and set(self.subtypes).isdisjoint(subtypes):
            return False
        if self.face_only and site is not None and known_sites()[site].off_face:
            return False
        if self.darkest_phototype is None or darkest_phototype is None:
            return True
        return darkest_phototype <= PHOTOTYPES.index(self.darkest_phototype) + 1


@cache
def peel_kinds() -> tuple[PeelKind, ...]:
    """Return the kinds of peel of `data/peels.toml`."""
    entries = load_package_table("data/peels.toml")
    return tuple(
        PeelKind(name, **entry | {key: tuple(entry.get(key, ())) for key in ("rows", "classes", "subtypes")})
        for name, entry in entries.items()
    )


@cache
def peel_depth(
    condition: str, subtypes: tuple[str, ...] = (), site: str | None = None, darkest_phototype: int | None = None
) -> PeelDepth:
    """Return how deep a peel of a condition wounds in a person: the deepest that may be done there.

    Of what its trials did or its guideline names, that which is lent to such a person; where nothing is, any acid that
    is painted on such skin at such a site. "not-named" where nobody says which acid is meant.

    Parameters
    ----------
    subtypes : kinds of the condition; where none is stated the usual one, as in the questions to the trials.
    darkest_phototype : of the person, 1 to 6; None where it is not known, which holds no acid back.
    """
    kinds = _kinds_for(condition)
    if not kinds:
        return "not-named"
    usual = default_subtype(condition)
    meant = subtypes or ((usual,) if usual in condition_subtypes(condition) else ())
    lent = [kind for kind in kinds if kind.is_done_for(meant, site, darkest_phototype)]
    painted = (kind for kind in peel_kinds() if not kind.subtypes and kind.is_done_for((), site, darkest_phototype))
    return max((kind.depth for kind in lent or painted), key=PEEL_DEPTHS.index)


def _kinds_for(condition: str) -> list[PeelKind]:
    """Return the kinds of peel that trials of a condition did, or that its guideline names."""
    rows = {arm.row for arm in treatment_arms(condition, PEEL)}
    named = {
        name
        for cell in load_cells()
        for treatment in cell.treatments
        if (cell.condition, treatment.treatment) == (condition, PEEL)
        for name in treatment.device_classes
    }
    return [kind for kind in peel_kinds() if rows & set(kind.rows) or named & set(kind.classes)]
