"""The pictures of docs/evidence.md: their files and alternative texts, and the hash of their content.

`docs/evidence_figures.py` draws them, and ships the numbers that the page prints as `data/derived/evidence_shown.json`.
"""

import json
import textwrap
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from research.derived_table import HASH_KEY, values_sha256
from research.evidence_fit.ship import posterior_record
from research.evidence_pictures.forest import Forest, forests
from research.evidence_pictures.funnel import FUNNEL_OUTCOMES, funnel_points, study_counts
from research.evidence_pictures.harms import HarmQuestion, harm_interval, harm_questions, predicted_count
from skinbeam.model.package_data import load_package_text

__all__ = [
    "FOLDER",
    "FUNNEL",
    "GAPS",
    "NUMBERS_FILE",
    "EvidencePicture",
    "compute_numbers",
    "forest_picture",
    "harm_picture",
    "pictures_sha256",
    "shipped_numbers",
]

NUMBERS_FILE = "data/derived/evidence_shown.json"
FOLDER = "images/evidence"  # beside the page
VERSION: Final = 1  # raise it when the pictures change for the same numbers


@dataclass(frozen=True)
class EvidencePicture:
    """One picture file in `FOLDER` with its alternative text."""

    file: str
    alt: str

    @property
    def markdown(self) -> str:
        """The Markdown of the picture, wrapped to readable lines."""
        return textwrap.fill(
            f"![{self.alt}]({FOLDER}/{self.file})", 128, break_long_words=False, break_on_hyphens=False
        )


FUNNEL = EvidencePicture(
    "funnel.svg",
    "Funnels of dark marks, light marks and scars: log-odds of harm against the number of patients of each "
    "study, with a symbol for each kind of treatment",
)
GAPS = EvidencePicture(
    "unstudied.svg",
    "Conditions by treatments: in each field the number of studies of improvement and of those that counted dark "
    "marks; most fields are empty",
)


def forest_picture(forest: Forest) -> EvidencePicture:
    """Return the picture of a forest."""
    kinds = ", ".join(f"{group.title.partition(' (')[0].lower()} ({len(group.lines)})" for group in forest.groups)
    text = f"{forest.title}. Improvement in trials, arms by treatment: {kinds}; under each the answer for a new clinic"
    return EvidencePicture(f"forest-{forest.name}.svg", text)


def harm_picture(harm: HarmQuestion) -> EvidencePicture:
    """Return the picture of a harm question."""
    text = (
        f"{harm.title}. Shares counted in {len(harm.study_counts)} groups of patients, and the answers for a new clinic"
    )
    return EvidencePicture(f"{harm.name}.svg", text)


def pictures_sha256() -> str:
    """Return the hash of the content of the pictures: the trials drawn, and how the posterior was made."""
    trials = [
        [asdict(forest) for forest in forests()],
        [[asdict(mark) for mark in funnel_points(outcome)] for outcome in FUNNEL_OUTCOMES],
        [asdict(cell) for cell in study_counts()],
        [[asdict(asked) for _, asked in harm.variants] for harm in harm_questions()],
        [
            [(row.arm.row, row.events, row.patients, row.months, row.phototypes) for row in harm.study_counts]
            for harm in harm_questions()
        ],
    ]
    return values_sha256(VERSION, [trials, posterior_record()])


def compute_numbers() -> dict[str, Any]:
    """Return the numbers that the page prints, from the shipped posterior: predicted harms, and counts of studies."""
    return {
        HASH_KEY: pictures_sha256(),
        "harms": {
            harm.name: {
                "answers": [{"asked": label} | asdict(harm_interval(asked)) for label, asked in harm.variants],
                "beside": [
                    {"row": row.arm.row, "events": row.events, "of": row.patients, "predicted": predicted_count(row)}
                    for row in harm.study_counts
                ],
            }
            for harm in harm_questions()
        },
    }


def shipped_numbers() -> Mapping[str, Any]:
    """Return the shipped numbers of the pictures."""
    numbers: Mapping[str, Any] = json.loads(load_package_text(NUMBERS_FILE))
    return numbers
