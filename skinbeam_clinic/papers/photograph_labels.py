"""Build labels for the photographs of a consultation, as PDF: for those that are there, and for those to be taken."""

import datetime
from collections.abc import Sequence

from skinbeam.report.letter_context import PhotographLabel, PhotographLabelPage
from skinbeam.text import Formatter, render_message, to_local_time
from skinbeam_clinic.models import PhotographRecord

__all__ = ["describe_uses", "photograph_label_page"]

_WORDS = ("title", "view")
_LABELS_ON_SHEET = 24
_CODE_CHARACTERS = 8  # of the photograph's id, by which it is found in an export


def photograph_label_page(
    photographs: Sequence[PhotographRecord], *, clinic: str, pseudonym: str, today: datetime.date
) -> PhotographLabelPage:
    """Return the sheets of labels, in the current language; those that are left on the last sheet are for today.

    A label tells what the patient has permitted, since a printed photograph is passed on without its record.
    """
    labels = [
        PhotographLabel(
            pseudonym,
            Formatter().date(to_local_time(photograph.added_at).date()),
            describe_uses(photograph),
            clinic,
            photograph.id[:_CODE_CHARACTERS],
        )
        for photograph in photographs
    ]
    unused = -len(labels) % _LABELS_ON_SHEET or (0 if labels else _LABELS_ON_SHEET)
    labels += [PhotographLabel(pseudonym, Formatter().date(today), "", clinic, "")] * unused
    return PhotographLabelPage({name: render_message(f"clinic-label.{name}") for name in _WORDS}, tuple(labels))


def describe_uses(photograph: PhotographRecord) -> str:
    """Return for what the patient has permitted a photograph to be used."""
    permitted = photograph.permissions
    uses = (("care", permitted.care), ("teaching", permitted.teaching), ("publication", permitted.publication))
    named = [render_message(f"clinic-use.{use}") for use, agreed in uses if agreed]
    return render_message("clinic-label.uses", {"uses": ", ".join(named) or render_message("clinic-use.none")})
