"""Routes of the texts that a clinic writes itself: write, preview, withdraw, and compare their versions."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from fastapi.responses import Response

from skinbeam.model.errors import InputError
from skinbeam.text import LANGUAGES, current_language
from skinbeam_clinic.clinic_texts.models import LONGEST_TEXT, LONGEST_TITLE, ClinicText, TextUse, split_paragraphs
from skinbeam_clinic.clinic_texts.printed import TextPiece, compare_texts
from skinbeam_clinic.clinic_texts.repository import check_draft, treatment_kinds
from skinbeam_clinic.errors import ConflictError, clinic_error
from skinbeam_clinic.web.request import ClinicRequest, skips_altered_rows
from skinbeam_clinic.web.routing import ClinicRouter

__all__ = ["add_clinic_text_routes"]

_FIELDS = ("use", "treatment", "language", "title", "words")
_PREVIEW = "preview"


@dataclass(frozen=True)
class _TextEntry:
    """A text in the list: its newest version in each language, which may be withdrawn."""

    newest: Mapping[str, ClinicText]

    @property
    def main_version(self) -> ClinicText:
        """The version that names it: in the language of the page where there is one."""
        return self.newest.get(current_language()) or next(iter(self.newest.values()))


@dataclass(frozen=True)
class _Comparison:
    """Two versions of a text in one language, and the pieces of title and text that differ."""

    older: ClinicText
    newer: ClinicText
    title: Sequence[TextPiece]
    text: Sequence[TextPiece]


@dataclass(frozen=True)
class _Preview:
    """A text that is not stored yet, as papers print it."""

    language: str
    title: str
    paragraphs: tuple[tuple[str, ...], ...]


def add_clinic_text_routes(router: ClinicRouter) -> None:
    """Open the routes of the clinic's own texts."""
    router.add("GET", "/texts", _show_texts)
    router.add("POST", "/texts", _add_text, form=_show_texts)
    router.add("GET", "/texts/{text}", _show_text)
    router.add("POST", "/texts/{text}", _revise_text, form=_show_text)
    router.add("POST", "/texts/{text}/withdrawal", _withdraw_text, form=_show_text)


@skips_altered_rows
def _show_texts(request: ClinicRequest, error: InputError | None = None, preview: _Preview | None = None) -> Response:
    entries = _list_entries(request.repositories.clinic_texts.list_all())
    return request.page(
        "texts.html",
        error=error,
        preview=preview,
        entries={use: [entry for entry in entries if entry.main_version.use is use] for use in TextUse},
        uses=list(TextUse),
        kinds=treatment_kinds(),
        sent=_sent_fields(request) | {"language": request.text("language") or current_language()},
        longest_title=LONGEST_TITLE,
        longest_text=LONGEST_TEXT,
    )


def _add_text(request: ClinicRequest) -> Response:
    sent = _sent_fields(request)
    if request.text("step") == _PREVIEW:
        return _show_texts(request, preview=_make_preview(sent, use=sent["use"], treatment=sent["treatment"]))
    text = request.repositories.clinic_texts.add(
        use=sent["use"],
        treatment=sent["treatment"],
        language=sent["language"],
        title=sent["title"],
        text=sent["words"],
        form_key=request.text("row"),
    )
    return request.redirect(f"/texts/{text.text_id}")


@skips_altered_rows
def _show_text(request: ClinicRequest, error: InputError | None = None, preview: _Preview | None = None) -> Response:
    versions = request.repositories.clinic_texts.list_versions(request.path_parameter("text"))
    (entry,) = _list_entries(versions)
    return request.page(
        "text.html",
        error=error,
        preview=preview,
        text=entry.main_version,
        newest=entry.newest,
        versions={code: [version for version in versions if version.language == code][::-1] for code in LANGUAGES},
        comparison=_compare_versions(request, versions),
        sent=_sent_fields(request),
        sent_number="" if isinstance(error, ConflictError) else request.text("number"),  # the newest is read now
        longest_title=LONGEST_TITLE,
        longest_text=LONGEST_TEXT,
    )


def _revise_text(request: ClinicRequest) -> Response:
    first, sent = _get_first(request), _sent_fields(request)
    if request.text("step") == _PREVIEW:
        return _show_text(request, preview=_make_preview(sent, use=first.use, treatment=first.treatment))
    request.repositories.clinic_texts.revise(
        first.text_id,
        language=sent["language"],
        title=sent["title"],
        text=sent["words"],
        number=request.whole_number("number") or 0,
    )
    return request.redirect(f"/texts/{first.text_id}")


def _withdraw_text(request: ClinicRequest) -> Response:
    first = _get_first(request)
    request.repositories.clinic_texts.withdraw(
        first.text_id, language=request.text("language"), number=request.whole_number("number") or 0
    )
    return request.redirect(f"/texts/{first.text_id}")


def _get_first(request: ClinicRequest) -> ClinicText:
    """Return a version of the text that is changed, before what was typed is judged."""
    return request.repositories.clinic_texts.list_versions(request.path_parameter("text"))[0]


def _sent_fields(request: ClinicRequest) -> dict[str, str]:
    return {name: request.text(name) for name in _FIELDS}


def _make_preview(values: Mapping[str, str], *, use: str, treatment: str) -> _Preview:
    draft = check_draft(
        use=use, treatment=treatment, language=values["language"], title=values["title"], text=values["words"]
    )
    return _Preview(values["language"], draft.title, split_paragraphs(draft.text))


def _list_entries(versions: Iterable[ClinicText]) -> list[_TextEntry]:
    """Return each text with its newest versions, the text that was written first before the others."""
    texts: dict[str, dict[str, ClinicText]] = {}
    for version in versions:
        texts.setdefault(version.text_id, {})[version.language] = version
    return [_TextEntry(newest) for newest in texts.values()]


def _compare_versions(request: ClinicRequest, versions: Sequence[ClinicText]) -> _Comparison | None:
    """Return the comparison that the address asks for; None where it asks for none.

    Raises
    ------
    RecordNotFoundError : the text has no such version.
    """
    asked = request.http_request.query_params
    if not {"older", "newer"} <= asked.keys():
        return None
    by_number = {str(version.number): version for version in versions if version.language == asked.get("language", "")}
    older, newer = by_number.get(asked["older"]), by_number.get(asked["newer"])
    if older is None or newer is None:
        raise clinic_error("absent", "clinictext")
    return _Comparison(older, newer, compare_texts(older.title, newer.title), compare_texts(older.text, newer.text))
