"""The texts that the sample clinic has written itself, in each language of the program."""

from skinbeam.text import ENGLISH, LANGUAGES, render_message, use_language
from skinbeam_clinic.clinic_texts.models import TextUse
from skinbeam_clinic.sample_clinic.staff import SampleStaff
from skinbeam_clinic.sample_clinic.timetable import Story, Timetable

__all__ = ["clinic_text_story"]

_WRITTEN_DAYS, _CHANGED_DAYS = 400, 100  # ago: before the oldest consent, and while the others are explained


def clinic_text_story(staff: SampleStaff, days: Timetable) -> Story:
    """A paragraph of consent forms, of which a second version was written later, and a block of letters."""
    texts = staff.owner.clinic_texts
    yield days.at(-_WRITTEN_DAYS, 8)
    written = {}
    for use in (TextUse.CONSENT, TextUse.LETTER):
        first = texts.add(use=use, language=ENGLISH, **_words(use, ENGLISH))
        written[use] = first.text_id
        for language in LANGUAGES:
            if language != ENGLISH:
                texts.revise(first.text_id, language=language, number=0, **_words(use, language))
    yield days.at(-_CHANGED_DAYS, 8)
    for language in LANGUAGES:
        changed = _words(TextUse.CONSENT, language, "medicines")
        texts.revise(written[TextUse.CONSENT], language=language, number=1, **changed)


def _words(use: TextUse, language: str, *more: str) -> dict[str, str]:
    """Return title and text in a language; the first paragraph says that all of it is made up."""
    with use_language(language):
        parts = ("made-up", f"{use}", *more)
        return {
            "title": render_message(f"clinic-sample-text.{use}-title"),
            "text": "\n\n".join(render_message(f"clinic-sample-text.{part}") for part in parts),
        }
