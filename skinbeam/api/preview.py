"""Make a preview (`skinbeam.preview/1`) of a plan on a photograph: its pictures, and every change with its origin."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar

from skinbeam.model.document import DocumentResult, pretty_json, sha256_hex, write_atomically
from skinbeam.model.errors import InputError, NotAvailable
from skinbeam.model.estimate import Unknown, map_known
from skinbeam.model.input_files import read_bytes
from skinbeam.photo.analysis import PhotoAnalysis, analyse_photograph
from skinbeam.photo.decoding.photograph import read_photograph
from skinbeam.plan_records.document import is_altered, read_plan
from skinbeam.plan_records.plan import TRANSLATION_HASH, Plan
from skinbeam.preview.page import PreviewDay, PreviewLabels, PreviewPage, PreviewPicture, PreviewRow
from skinbeam.preview.panels import make_strip, omission_message
from skinbeam.preview.sheet import (
    add_caption_band,
    add_footnotes,
    day_words,
    encode_jpeg,
    encode_png,
    footnotes,
    render_sheet,
)
from skinbeam.preview.strip import ChangeRow, CloseUp, Panel, PreviewStrip, UndrawnHarm
from skinbeam.preview.undrawn_harms import undrawn_harm_messages
from skinbeam.text import ENGLISH, Message, document_language, render_message, translate_texts, use_language

__all__ = [
    "DOCUMENT_FILE",
    "CloseUpRecord",
    "PanelRecord",
    "Preview",
    "PreviewReport",
    "make_preview",
    "make_preview_page",
    "preview_photo",
    "read_plan_file",
]

STRIP_FILE, DOCUMENT_FILE = "strip.png", "preview.json"
_PAGE_PICTURE = "preview/picture-{}.jpg"
_PLAN_BYTES_MAX = 50_000_000  # a plan of four concerns has one


@dataclass(frozen=True)
class PanelRecord:
    """A picture: its moment, file or the reason why there is none, and its words."""

    at: str
    day: int | None
    months: int | None
    percentile: int | None
    label: str
    file: str | Unknown
    frequency: str | None
    notes: tuple[str, ...]


@dataclass(frozen=True)
class CloseUpRecord:
    """An enlarged part: what changes, whether it is a harm, and its pictures."""

    title: str
    harm: bool
    pictures: tuple[PanelRecord, ...]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class PreviewReport(DocumentResult):
    """The pictures of a plan on a photograph, and every change with its origin.

    Parameters
    ----------
    marked : the mark on every picture. assumption : links a grade to a picture.
    strip : file of the whole strip. visit : the session after which days are counted.
    """

    schema: ClassVar[str] = "skinbeam.preview/1"

    plan_sha256: str
    photo_sha256: str
    marked: str
    assumption: str
    strip: str | Unknown
    visit: str | Unknown
    pictures: tuple[PanelRecord, ...] | Unknown
    close_ups: tuple[CloseUpRecord, ...] | Unknown
    changes: tuple[ChangeRow, ...] | Unknown
    not_drawn: tuple[str, ...] | Unknown
    harms_not_drawn: tuple[UndrawnHarm, ...] | Unknown
    sources: tuple[str, ...] | Unknown


@dataclass(frozen=True)
class Preview:
    """Pictures of a plan on a photograph.

    Parameters
    ----------
    files : pictures and document by file name; empty if no face can be used, or for a page alone.
    report : its pictures and every change with its origin.
    page : the pictures as a page shows them, in the current language; None if no face can be used.
    page_pictures : the content of the pictures of the page, by file.
    """

    files: Mapping[str, bytes]
    report: PreviewReport
    page: PreviewPage | None = None
    page_pictures: Mapping[str, bytes] = field(default_factory=dict)


def preview_photo(photo: Path | str, plan: Plan | Path | str, out: Path) -> PreviewReport:
    """Draw a plan, or the plan of a file, on a photograph and write its pictures into `out`.

    Raises
    ------
    InputError : the photograph or the plan cannot be read.
    NotAvailable : no face can be used; its body is the whole document with unknowns in place of values.
    """
    made = plan if isinstance(plan, Plan) else read_plan_file(Path(plan))
    look = analyse_photograph(read_photograph(photo))
    preview = make_preview(made, look)
    if isinstance(look.skin, Unknown):
        raise NotAvailable(look.skin.reason, answer=preview.report)
    for name, content in preview.files.items():
        write_atomically(out / name, content)
    return preview.report


def read_plan_file(path: Path) -> Plan:
    """Read a plan from a file.

    Raises
    ------
    InputError : missing, too large, not JSON, not a plan, or `altered-plan`: not that of its hash, or without one.
    """
    data = read_bytes(path, field="plan", max_bytes=_PLAN_BYTES_MAX, description="a plan")
    hint = render_message("preview-plan.hint")
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        message = render_message("preview-plan.not_json", {"file": path.name})
        raise InputError("not-json", message, field="plan", hint=hint, file=path.name) from None
    try:
        if not isinstance(document, dict):
            raise ValueError("plan: an object was expected")
        plan, altered = read_plan(document), is_altered(document)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        message = render_message("preview-plan.not_a_plan", {"file": path.name, "reason": str(error)[:200]})
        raise InputError("not-a-plan", message, field="plan", hint=hint, file=path.name) from None
    if altered:
        hash_name = "plan_sha256" if document.get("language", ENGLISH) == ENGLISH else TRANSLATION_HASH
        id = "preview-plan.altered" if hash_name in document else "preview-plan.no_hash"
        message = render_message(id, {"file": path.name, "hash": hash_name})
        raise InputError("altered-plan", message, field="plan", hint=hint, file=path.name)
    return plan


def make_preview(plan: Plan, analysis: PhotoAnalysis) -> Preview:
    """Make the pictures and the document of a plan on a photograph.

    Text on pictures is in the current language, and that of the document in the language of documents.
    """
    if isinstance(analysis.skin, Unknown):
        return Preview({}, _make_document(plan, analysis, analysis.skin))
    strip = make_strip(plan, analysis.skin)
    made = _make_strip_page(plan, analysis, strip)
    files = {name: _panel_png(panel) for name, panel in strip.files.items()}
    files |= {
        STRIP_FILE: encode_png(add_footnotes(render_sheet(strip), strip), altered=True),
        DOCUMENT_FILE: pretty_json(made.report.to_dict()).encode(),
    }
    return replace(made, files=files)


def make_preview_page(plan: Plan, analysis: PhotoAnalysis) -> Preview:
    """Make what a page or leaflet shows of `make_preview`, without the files, whose pictures take as long again."""
    if isinstance(analysis.skin, Unknown):
        return Preview({}, _make_document(plan, analysis, analysis.skin))
    return _make_strip_page(plan, analysis, make_strip(plan, analysis.skin))


def _make_strip_page(plan: Plan, analysis: PhotoAnalysis, strip: PreviewStrip) -> Preview:
    page, page_pictures = _make_page(strip)
    return Preview({}, _make_document(plan, analysis, strip), page, page_pictures)


def _make_page(strip: PreviewStrip) -> tuple[PreviewPage, Mapping[str, bytes]]:
    """Return the page of a strip in the current language, and the content of its pictures by file."""
    pictures: dict[str, bytes] = {}
    page = PreviewPage(
        gains=_gain_rows(strip, pictures),
        harms=tuple(
            _page_row(close_up.title, close_up.panels, pictures) for close_up in strip.close_ups if close_up.harm
        ),
        undrawn_harms=tuple(message.text for message in undrawn_harm_messages(strip.undrawn_harms)),
        days_title=render_message("preview-label.days") if strip.visit is None else strip.visit.text,
        days=tuple(
            PreviewDay(panel.label.text, day_words(panel)) for panel in strip.panels if panel.moment.kind == "day"
        ),
        footnotes=footnotes(strip),
        labels=PreviewLabels(
            photograph=render_message("preview.photograph"),
            illustration=render_message("preview.marked"),
            harms=render_message("preview-label.harms"),
            pictures_show=render_message("preview-label.notes"),
            slider=render_message("preview.slider"),
            whole_face=render_message("preview-label.whole"),
        ),
    )
    return page, pictures


def _gain_rows(strip: PreviewStrip, pictures: dict[str, bytes]) -> tuple[PreviewRow, ...]:
    """Return the whole face at each percentile, close-ups, and the year after; nothing where no gain is drawn."""
    drawn = [panel for panel in strip.panels if panel.picture is not None]
    before, ends, late = (
        [panel for panel in drawn if panel.moment.kind == kind] for kind in ("before", "end", "months")
    )
    if not ends:
        return ()
    rows = [_page_row(Message("preview-label.end"), [*before, *ends], pictures)]
    rows += [_page_row(close_up.title, close_up.panels, pictures) for close_up in strip.close_ups if not close_up.harm]
    return tuple([*rows, _page_row(late[0].label, [*before, *late], pictures)] if late else rows)


def _page_row(title: Message, panels: Sequence[Panel], pictures: dict[str, bytes]) -> PreviewRow:
    return PreviewRow(title.text, tuple(_page_picture(title, panel, pictures) for panel in panels))


def _page_picture(title: Message, panel: Panel, pictures: dict[str, bytes]) -> PreviewPicture:
    """Return a picture, and add its content to `pictures`."""
    assert panel.picture is not None  # rows for a page hold panels with pictures alone
    altered, percentile = panel.moment.kind != "before", panel.moment.percentile
    # A year later the label is the moment, and the percentile tells the pictures of a row apart.
    late = panel.moment.kind == "months"
    label = Message(f"preview-label.p{percentile}") if late else panel.label
    alt = render_message("preview.alt", {"title": title.text, "label": label.text})
    words = (*(() if panel.frequency is None else (panel.frequency,)), *panel.notes)
    file = _PAGE_PICTURE.format(len(pictures) + 1)
    pictures[file] = encode_jpeg(panel.picture, altered=altered)
    return PreviewPicture(file, alt, label.text, tuple(message.text for message in words), altered)


def _panel_png(panel: Panel) -> bytes:
    assert panel.picture is not None  # a panel without one has no file
    altered = panel.moment.kind != "before"
    mark = render_message("preview.marked" if altered else "preview.photograph")
    return encode_png(add_caption_band(panel.picture, f"{panel.label.text} · {mark}"), altered=altered)


def _make_document(plan: Plan, look: PhotoAnalysis, strip: PreviewStrip | Unknown) -> PreviewReport:
    """Return the document of a strip, in the language of documents."""
    with use_language(document_language()):
        return _make_report(plan, look, strip)


def _make_report(plan: Plan, look: PhotoAnalysis, strip: PreviewStrip | Unknown) -> PreviewReport:
    visit = strip if isinstance(strip, Unknown) else strip.visit
    return PreviewReport(
        case_sha256=sha256_hex({"plan_sha256": plan.plan_sha256, "photo_sha256": look.photo_sha256}),
        seed=plan.seed,
        warnings=look.warnings,
        plan_sha256=plan.plan_sha256,
        photo_sha256=look.photo_sha256,
        marked=Message("preview.described").text,
        assumption=Message("preview.assumption").text,
        strip=map_known(strip, lambda _: STRIP_FILE),
        visit=map_known(visit or Unknown(Message("preview.no-session").text), lambda message: message.text),
        pictures=map_known(strip, lambda drawn: tuple(map(_panel_record, drawn.panels))),
        close_ups=map_known(strip, lambda drawn: tuple(map(_close_up_record, drawn.close_ups))),
        changes=map_known(strip, lambda drawn: drawn.change_rows),
        not_drawn=map_known(
            strip, lambda drawn: tuple(omission_message(omission).text for omission in drawn.omissions)
        ),
        harms_not_drawn=map_known(strip, lambda drawn: translate_texts(drawn.undrawn_harms)),
        sources=map_known(strip, lambda drawn: drawn.sources),
    )


def _close_up_record(close_up: CloseUp) -> CloseUpRecord:
    return CloseUpRecord(close_up.title.text, close_up.harm, tuple(map(_panel_record, close_up.panels)))


def _panel_record(panel: Panel) -> PanelRecord:
    when = panel.moment
    if panel.reason is not None:
        file: str | Unknown = Unknown(panel.reason.text)
    else:
        assert panel.file is not None  # a picture that is drawn has a file
        file = panel.file
    return PanelRecord(
        at=when.kind,
        day=when.day,
        months=when.months,
        percentile=when.percentile,
        label=panel.label.text,
        file=file,
        frequency=None if panel.frequency is None else panel.frequency.text,
        notes=tuple(note.text for note in panel.notes),
    )
