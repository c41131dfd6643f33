"""Trials of chemical peels behind an answer: which kinds were tried, and which are lent to a person's skin and site."""

from skinbeam.evidence.peel_kinds import PEEL, PeelKind, peel_kinds
from skinbeam.evidence.question import EvidenceQuestion
from skinbeam.evidence.synthesis.design import arms_for
from skinbeam.model.sources import cite_sources

__all__ = ["lent_peels", "tried_peels"]


def tried_peels(condition: str) -> tuple[PeelKind, ...]:
    """Return the kinds of peel whose results in a condition are fitted."""
    rows = {arm.row for arm in arms_for(condition, PEEL)}
    return tuple(kind for kind in peel_kinds() if rows & set(kind.rows))


def lent_peels(question: EvidenceQuestion) -> tuple[PeelKind, ...]:
    """Return the kinds of peel behind the answer to a question about peels; none where another skin or place had it."""
    lent = tuple(kind for kind in tried_peels(question.condition) if kind.is_lent_to(question))
    cite_sources(*(kind.source for kind in tried_peels(question.condition) if kind.source and kind not in lent))
    return lent
