"""Store and read the texts that a clinic writes itself.

Nothing is changed later: whoever writes a text again, or withdraws it, makes a new version, and the earlier ones stay.
A text has the same use and treatment in all of its versions; its languages are counted each for itself.
"""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

from skinbeam.laser.device import devices
from skinbeam.text import LANGUAGES
from skinbeam_clinic.access import AccessRight
from skinbeam_clinic.clinic_texts.models import LONGEST_TEXT, LONGEST_TITLE, TREATMENT_USES, ClinicText, TextUse
from skinbeam_clinic.database.clinic_access import Repository
from skinbeam_clinic.database.columns import now, time_after
from skinbeam_clinic.database.sealed_record import SealedRecord
from skinbeam_clinic.database.tables import new_id, submission_id
from skinbeam_clinic.database.text_tables import ClinicTextRow, ConsentTextRow
from skinbeam_clinic.database.transaction import ClinicTransaction
from skinbeam_clinic.errors import clinic_error

__all__ = [
    "CONSENT_TEXT_CONTENT",
    "ClinicTextRepository",
    "TextDraft",
    "check_draft",
    "get_shown_texts",
    "in_force",
    "read_consent_texts",
    "save_consent_texts",
    "treatment_kinds",
]

# With these a line is shown in another order than it is stored: what is signed would not be what was read.
_REORDERING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_NEVER = ("Cc", "Cs")  # control characters, and halves of characters
_LONGEST_JSON = 100_000  # characters

CONSENT_TEXT_CONTENT = SealedRecord(ClinicText, ConsentTextRow.text_sealed, _LONGEST_JSON, "texts")


@dataclass(frozen=True)
class TextDraft:
    """A title and a text as they are stored."""

    title: str
    text: str


class ClinicTextRepository(Repository):
    """The texts of a clinic."""

    def add(
        self, *, use: str, language: str, title: str, text: str, treatment: str = "", form_key: str = ""
    ) -> ClinicText:
        """Store the first version of a text.

        Parameters
        ----------
        use : of `TextUse`.
        treatment : of `treatment_kinds`; empty for every treatment.
        form_key : of the form, so that a text submitted twice is stored once (`submission_id`).

        Raises
        ------
        InputError : `bad-clinic-text`: of the use, the treatment, the language, the title or the text.
        """
        with self._access.writing(AccessRight.TREAT) as work:
            draft = check_draft(use=use, language=language, title=title, text=text, treatment=treatment)
            content = f"{use}/{treatment}/{language}/{draft.title}/{draft.text}"
            id = submission_id(form_key, work.clinic_id, content.encode())
            if sent := work.find(ClinicTextRow, id):
                return _read_text(work, sent)
            row = work.new_row(
                ClinicTextRow,
                id=id,
                text_id=id,
                use=use,
                treatment=treatment,
                language=language,
                number=1,
                title=draft.title,
                text=draft.text,
                withdrawn=False,
                written_at=now(),
                written_by=work.actor,
            )
            work.save(row, "clinic-text.written", language=language, number=1)
            return _read_text(work, row)

    def revise(self, text_id: str, *, language: str, title: str, text: str, number: int) -> ClinicText:
        """Store the next version of a text, or its first one in another language.

        Parameters
        ----------
        number : of the newest version in this language that was read; 0 if there was none.

        Raises
        ------
        ConflictError : somebody else wrote a version in the meantime.
        InputError : `bad-clinic-text`.
        """
        with self._access.writing(AccessRight.TREAT) as work:
            first = _get_first(work, text_id)
            draft = check_draft(use=first.use, language=language, title=title, text=text, treatment=first.treatment)
            newest = _newest(work, text_id, language)
            same = (
                newest is not None and not newest.withdrawn and (newest.title, newest.text) == (draft.title, draft.text)
            )
            if newest is not None and same:
                return _read_text(work, newest)  # nothing is new, or the same form was sent again
            return _add_version(work, first, newest, language, draft, number, withdrawn=False)

    def withdraw(self, text_id: str, *, language: str, number: int) -> ClinicText:
        """Store that a text is printed nowhere any more in a language; a withdrawn one stays as it is.

        Parameters
        ----------
        number : of the newest version that was read.

        Raises
        ------
        RecordNotFoundError : this clinic has no such text, or not in this language.
        ConflictError : somebody else wrote a version in the meantime.
        """
        if language not in LANGUAGES:
            raise clinic_error("absent", "clinictext")
        with self._access.writing(AccessRight.TREAT) as work:
            first, newest = _get_first(work, text_id), _newest(work, text_id, language)
            if newest is None:
                raise clinic_error("absent", "clinictext")
            if newest.withdrawn:
                return _read_text(work, newest)
            draft = TextDraft(newest.title, newest.text)
            return _add_version(work, first, newest, language, draft, number, withdrawn=True)

    def list_versions(self, text_id: str) -> tuple[ClinicText, ...]:
        """Return all versions of a text, by language and the oldest first.

        Raises
        ------
        InputError : `altered-data`: none of them can be read.
        """
        with self._access.reading_unlogged(AccessRight.READ) as work:
            _get_first(work, text_id)
            rows = work.rows(
                ClinicTextRow,
                ClinicTextRow.text_id == text_id,
                order=(ClinicTextRow.language, ClinicTextRow.number),
            )
            versions = tuple(work.read_each(rows, partial(_read_text, work)))
            return versions or (
                work.read_one(rows[0], partial(_read_text, work)),
            )  # each was altered: said of the first

    def list_all(self) -> tuple[ClinicText, ...]:
        """Return all versions of all texts in the order in which they were written."""
        with self._access.reading_unlogged(AccessRight.READ) as work:
            rows = work.rows(ClinicTextRow, order=(ClinicTextRow.written_at, ClinicTextRow.number))
            return tuple(work.read_each(rows, lambda row: _read_text(work, row)))

    def list_in_force(self, use: TextUse, modality: str = "") -> tuple[ClinicText, ...]:
        """Return the versions that are printed today, the text that was written first before the others.

        Parameters
        ----------
        modality : of the treatment whose papers are made; a text of one kind alone is for no other.
        """
        return tuple(text for text in in_force(self.list_all()) if text.use is use and text.is_for(modality))


def treatment_kinds() -> tuple[str, ...]:
    """Return the modalities that use a device, which alone have a consent form."""
    return tuple(sorted({modality for device in devices().values() for modality in device.modalities}))


def in_force(versions: Iterable[ClinicText]) -> tuple[ClinicText, ...]:
    """Return the newest version of each text and language unless it was withdrawn, in the order of the texts."""
    newest: dict[tuple[str, str], ClinicText] = {}
    for version in versions:
        newest[version.text_id, version.language] = version  # a later one replaces it, and keeps its place
    return tuple(text for text in newest.values() if not text.withdrawn)


def check_draft(*, use: str, language: str, title: str, text: str, treatment: str = "") -> TextDraft:
    """Return a title and a text as they are stored: without spaces around lines, and paragraphs one line apart.

    Raises
    ------
    InputError : `bad-clinic-text`.
    """
    for field, is_known in (
        ("use", use in set(TextUse)),
        ("treatment", treatment in ("", *(treatment_kinds() if use in TREATMENT_USES else ()))),
        ("language", language in LANGUAGES),
    ):
        if not is_known:
            raise clinic_error("bad-clinic-text", field, hint={"title": LONGEST_TITLE, "text": LONGEST_TEXT})
    lines = [" ".join(line.split()) for line in text.splitlines()]
    paragraphs = "\n".join(lines).strip("\n")
    while "\n\n\n" in paragraphs:
        paragraphs = paragraphs.replace("\n\n\n", "\n\n")
    draft = TextDraft(" ".join(title.split()), paragraphs)
    for field, words, longest in (("title", draft.title, LONGEST_TITLE), ("text", draft.text, LONGEST_TEXT)):
        if not 0 < len(words) <= longest or any(map(_is_refused, words)):
            raise clinic_error("bad-clinic-text", field, hint={"title": LONGEST_TITLE, "text": LONGEST_TEXT})
    return draft


def get_shown_texts(work: ClinicTransaction, language: str, ids: Iterable[str]) -> tuple[ClinicText, ...]:
    """Return the versions that a form showed before it was explained, in its order.

    Raises
    ------
    RecordNotFoundError : this clinic has no such version, or it is no text of a consent form in this language.
    InputError : `clinic-text-changed`: one of them is not in force any more.
    """
    shown = []
    for id in ids:
        row = work.get(ClinicTextRow, id)
        if (row.use, row.language) != (TextUse.CONSENT.value, language):
            raise clinic_error("absent", "clinictext")
        if _newest(work, row.text_id, language) is not row or row.withdrawn:
            raise clinic_error("clinic-text-changed", "texts")
        shown.append(_read_text(work, row))
    return tuple(shown)


def save_consent_texts(work: ClinicTransaction, consent_id: str, texts: Iterable[ClinicText], action: str) -> None:
    """Store a copy of each text with which a consent was explained."""
    for place, text in enumerate(texts):
        row = work.new_row(ConsentTextRow, consent_id=consent_id, place=place)
        work.seal_record(row, CONSENT_TEXT_CONTENT, text)
        work.save(row, action)


def read_consent_texts(work: ClinicTransaction, consent_id: str) -> tuple[ClinicText, ...]:
    """Return the texts with which a consent was explained, in the order of the form."""
    rows = work.rows_of(ConsentTextRow, ConsentTextRow.consent_id, consent_id, ConsentTextRow.place)
    return tuple(work.open_record(row, CONSENT_TEXT_CONTENT) for row in rows)


def _add_version(
    work: ClinicTransaction,
    first: ClinicTextRow,
    newest: ClinicTextRow | None,
    language: str,
    draft: TextDraft,
    number: int,
    *,
    withdrawn: bool,
) -> ClinicText:
    last_number = 0 if newest is None else newest.number
    work.check_unchanged(newest or first, str(last_number), str(number))
    row = work.new_row(
        ClinicTextRow,
        id=new_id(),
        text_id=first.text_id,
        use=first.use,
        treatment=first.treatment,
        language=language,
        number=last_number + 1,
        title=draft.title,
        text=draft.text,
        withdrawn=withdrawn,
        written_at=time_after([first.written_at] if newest is None else [newest.written_at]),
        written_by=work.actor,
    )
    action = "clinic-text.withdrawn" if withdrawn else "clinic-text.written"
    work.save(row, action, language=language, number=row.number)
    return _read_text(work, row)


def _get_first(work: ClinicTransaction, text_id: str) -> ClinicTextRow:
    """Return the first version of a text.

    Raises
    ------
    RecordNotFoundError : this clinic has no such text.
    """
    row = work.get(ClinicTextRow, text_id)
    if row.text_id != row.id:
        raise clinic_error("absent", "clinictext")
    return row


def _newest(work: ClinicTransaction, text_id: str, language: str) -> ClinicTextRow | None:
    is_version = (ClinicTextRow.text_id == text_id, ClinicTextRow.language == language)
    return next(reversed(work.rows(ClinicTextRow, *is_version, order=(ClinicTextRow.number,))), None)


def _is_refused(character: str) -> bool:
    if character == "\n":
        return False
    return character in _REORDERING or unicodedata.category(character) in _NEVER


def _read_text(work: ClinicTransaction, row: ClinicTextRow) -> ClinicText:
    return work.read_row(ClinicText, row, use=TextUse(row.use))
