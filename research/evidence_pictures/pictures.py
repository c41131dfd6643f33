"""The pictures of docs/evidence.md: their files and texts, and the hash of all that they show.

`docs/evidence_figures.py` draws them, and ships the numbers that the page prints as `data/derived/evidence_shown.json`.
"""

import json
import textwrap
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from skinbeam.derived import HASH_KEY, values_sha256
from skinbeam.evidence.shown.forest import Forest, forests
from skinbeam.evidence.shown.funnel import OUTCOMES, marks
from skinbeam.evidence.shown.gaps import cells
from skinbeam.evidence.shown.harms import Harm, answer, harms, predicted
from skinbeam.evidence.synthesis.posterior import record
from skinbeam.shipped import shipped_text

__all__ = ["FOLDER", "FUNNEL", "GAPS", "SHOWN_FILE", "Picture", "made", "of_forest", "of_harm", "shown", "shown_sha256"]

SHOWN_FILE = "data/derived/evidence_shown.json"
FOLDER = "images/evidence"  # beside the page
VERSION: Final = 1  # to be raised when the pictures show something else of the same numbers


@dataclass(frozen=True)
class Picture:
    """One file in `FOLDER`, and what a person reads who cannot see it."""

    file: str
    alt: str

    @property
    def markdown(self) -> str:
        """The picture as it stands on the page, in lines that a person can read."""
        return textwrap.fill(
            f"![{self.alt}]({FOLDER}/{self.file})", 128, break_long_words=False, break_on_hyphens=False
        )


FUNNEL = Picture(
    "funnel.svg",
    "Funnels of dark marks, light marks and scars: log-odds of harm against the number of patients of each "
    "study, with a symbol for each kind of treatment",
)
GAPS = Picture(
    "unstudied.svg",
    "Conditions by treatments: in each field the number of studies of improvement and of those that counted dark "
    "marks; most fields are empty",
)


def of_forest(forest: Forest) -> Picture:
    """Return the picture of a forest."""
    kinds = ", ".join(f"{group.title.partition(' (')[0].lower()} ({len(group.lines)})" for group in forest.groups)
    text = f"{forest.title}. Improvement in trials, arms by treatment: {kinds}; under each the answer for a new clinic"
    return Picture(f"forest-{forest.name}.svg", text)


def of_harm(harm: Harm) -> Picture:
    """Return the picture of an answer about a harm."""
    text = f"{harm.title}. Shares counted in {len(harm.beside)} groups of patients, and the answers for a new clinic"
    return Picture(f"{harm.name}.svg", text)


def shown_sha256() -> str:
    """Return the hash of what the pictures show: the trials drawn, and how the posterior was made."""
    trials = [
        [asdict(forest) for forest in forests()],
        [[asdict(mark) for mark in marks(outcome)] for outcome in OUTCOMES],
        [asdict(cell) for cell in cells()],
        [[asdict(asked) for _, asked in harm.asked] for harm in harms()],
        [[(row.arm.row, row.events, row.of, row.months, row.phototypes) for row in harm.beside] for harm in harms()],
    ]
    return values_sha256(VERSION, [trials, record()])


def made() -> dict[str, Any]:
    """Return the numbers that the page prints, of the posterior that ships: answers about harms, and their studies."""
    return {
        HASH_KEY: shown_sha256(),
        "harms": {
            harm.name: {
                "answers": [{"asked": label} | asdict(answer(asked)) for label, asked in harm.asked],
                "beside": [
                    {"row": row.arm.row, "events": row.events, "of": row.of, "predicted": predicted(row)}
                    for row in harm.beside
                ],
            }
            for harm in harms()
        },
    }


def shown() -> Mapping[str, Any]:
    """Return the numbers that ship with the pictures."""
    found: Mapping[str, Any] = json.loads(shipped_text(SHOWN_FILE))
    return found
