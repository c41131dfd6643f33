"""How long creams come before light on melasma and dark marks."""

import math
from dataclasses import dataclass
from typing import Final

from skinbeam.model.package_data import load_package_table
from skinbeam.model.sources import cite_sources
from skinbeam.model.units import WEEKS_PER_MONTH
from skinbeam.text import Message

__all__ = ["DARK_MARKS", "MELASMA", "FirstCreams", "first_creams"]

MELASMA: Final = "melasma"
DARK_MARKS: Final = "post-inflammatory-hyperpigmentation"


@dataclass(frozen=True)
class FirstCreams:
    """How long creams come first.

    Parameters
    ----------
    least : of a unit, weeks or months, as the source prints it.
    """

    least: float
    unit: str
    source: str

    @property
    def message(self) -> Message:
        """How long, in words."""
        return Message(f"course.creams-{self.unit}", {"least": self.least})

    def weeks_left(self, used_months: float, *, at_most_weeks: float = math.inf) -> int:
        """Return how many more weeks they come first, after the months for which they were used.

        Parameters
        ----------
        at_most_weeks : of those months, the weeks that count.
        """
        weeks = self.least * (WEEKS_PER_MONTH if self.unit == "months" else 1.0)
        return max(math.ceil(weeks - min(used_months * WEEKS_PER_MONTH, at_most_weeks)), 0)


def first_creams(condition: str) -> FirstCreams | None:
    """Return how long creams come before light on a condition; None where they need not."""
    table = load_package_table("data/facts.toml")["creams_first"]
    if condition not in table:
        return None
    cite_sources(table[condition]["source"])
    return FirstCreams(**table[condition])
