"""The place of an option in a plan, as rows, forms and addresses name it."""

import re
from dataclasses import dataclass

from skinbeam_clinic.errors import clinic_error

__all__ = ["OptionRef"]

_TEXT = re.compile(r"(\d{1,3})\.(\d{1,3})", re.ASCII)


@dataclass(frozen=True, order=True)
class OptionRef:
    """The numbers of a concern in its plan and of an option in its concern, from 0; as text `0.1`."""

    concern: int
    option: int

    @classmethod
    def find(cls, text: str) -> "OptionRef | None":
        """Return the place that a text names; None where it names none, such as in a record of another clinic."""
        match = _TEXT.fullmatch(text)
        return None if match is None else cls(int(match[1]), int(match[2]))

    @classmethod
    def parse(cls, text: str) -> "OptionRef":
        """Return the place that a text names.

        Raises
        ------
        RecordNotFoundError : it names none.
        """
        found = cls.find(text)
        if found is None:
            raise clinic_error("absent", "plan")
        return found

    def __str__(self) -> str:
        return f"{self.concern}.{self.option}"
