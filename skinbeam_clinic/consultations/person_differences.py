"""Compare the answers about a person with earlier ones: sex and phototype do not change from day to day.

Where they differ, one of the two is wrong, or the form is filled in for another person.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from skinbeam.text import render_message, to_local_time
from skinbeam_clinic.consultations.forms import Submission
from skinbeam_clinic.models import ConsultationRecord
from skinbeam_clinic.web.pages import describe_field

__all__ = ["PersonDifference", "find_person_differences"]

_LASTING = ("patient.sex", "patient.phototype")


@dataclass(frozen=True)
class PersonDifference:
    """A fact of which two consultations say different things."""

    field: str
    former: str
    now: str
    told_at: datetime

    @property
    def text(self) -> str:
        """Both answers in words."""
        facts = {"fact": describe_field(self.field), "former": _in_words(self.field, self.former)}
        day = to_local_time(self.told_at).date()
        return render_message("clinic.person-fact", facts | {"day": day, "now": _in_words(self.field, self.now)})


def find_person_differences(answers: Submission, earlier: Sequence[ConsultationRecord]) -> tuple[PersonDifference, ...]:
    """Return what answers say otherwise than the newest of earlier consultations that says anything.

    Parameters
    ----------
    earlier : consultations of the same person, oldest first.
    """
    typed, found = dict(answers.entries), []
    for field in _LASTING:
        differences = (
            PersonDifference(field, former, typed.get(field, ""), consultation.created_at)
            for consultation in reversed(earlier)
            if (former := dict(consultation.answers.entries).get(field))
        )
        difference = next(differences, None)
        if difference is not None and difference.now and difference.now != difference.former:
            found.append(difference)
    return tuple(found)


def _in_words(field: str, answer: str) -> str:
    return render_message(f"app-sex.{answer}") if field == "patient.sex" else answer
