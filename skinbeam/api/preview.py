"""Make a preview (`skinbeam.preview/1`) of a plan on a photograph: its pictures, and every change with its origin."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from skinbeam.model.document import build_document, pretty_json, sha256_hex, write_atomically
from skinbeam.model.errors import InputError, NotAvailable
from skinbeam.model.estimate import Unknown
from skinbeam.model.input_files import read_bytes
from skinbeam.photo.analysis import PhotoAnalysis, analyse_photograph
from skinbeam.photo.decoding.photograph import read_photograph
from skinbeam.plan_records.document import read_plan
from skinbeam.plan_records.plan import Plan
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
from skinbeam.preview.strip import CloseUp, Panel, PreviewStrip
from skinbeam.preview.undrawn_harms import undrawn_harm_messages
from skinbeam.text import Message, render_message

__all__ = [
    "DOCUMENT_FILE",
    "SCHEMA",
    "Preview",
    "PreviewPicture",
    "PreviewRow",
    "make_preview",
    "preview_document",
    "read_plan_file",
]

SCHEMA = "skinbeam.preview/1"
STRIP_FILE, DOCUMENT_FILE = "strip.png", "preview.json"
_PLAN_BYTES_MAX = 50_000_000  # a plan of four concerns has one to two


@dataclass(frozen=True)
class PreviewPicture:
    """A picture for a page, as JPEG, with its words. `altered` : whether it is an illustration, not the photograph."""

    content: bytes
    alt: str
    label: str
    words: tuple[str, ...]
    altered: bool


@dataclass(frozen=True)
class PreviewRow:
    """Pictures side by side of the same skin: the photograph first, then what may come."""

    title: str
    pictures: tuple[PreviewPicture, ...]


@dataclass(frozen=True)
class Preview:
    """Pictures of a plan on a photograph.

    Parameters
    ----------
    files : pictures and document by file name; empty if no face can be used.
    document : `skinbeam.preview/1`.
    gains, harms : rows of pictures for a page: the whole face and close-ups.
    undrawn_harms : sentences that name the harms without a picture, with their counts.
    days_title, days : the session after which days are counted, and what shows on each.
    footnotes : footnotes below the rows. All text is in the current language.
    """

    files: Mapping[str, bytes]
    document: dict[str, Any]
    gains: tuple[PreviewRow, ...] = ()
    harms: tuple[PreviewRow, ...] = ()
    undrawn_harms: tuple[str, ...] = ()
    days_title: str = ""
    days: tuple[tuple[str, str], ...] = ()
    footnotes: tuple[str, ...] = ()


def preview_document(photo: Path | str, plan: Path | str, out: Path) -> dict[str, Any]:
    """Return the document `skinbeam.preview/1` of a plan on a photograph, and write its pictures into `out`.

    Raises
    ------
    InputError : the photograph or the plan cannot be read.
    NotAvailable : no face can be used; its body is the whole document with unknowns in place of values.
    """
    made = read_plan_file(Path(plan))
    look = analyse_photograph(read_photograph(photo))
    preview = make_preview(made, look)
    if isinstance(look.skin, Unknown):
        raise NotAvailable(look.skin.reason, body=preview.document)
    for name, content in preview.files.items():
        write_atomically(out / name, content)
    return preview.document


def read_plan_file(path: Path) -> Plan:
    """Read a plan from a file.

    Raises
    ------
    InputError : missing, too large, not JSON, or not a plan.
    """
    data = read_bytes(path, field="plan", max_bytes=_PLAN_BYTES_MAX, description="a plan")
    hint = render_message("preview-plan.hint")
    try:
        held = json.loads(data)
    except (ValueError, RecursionError):
        said = render_message("preview-plan.not_json", {"file": path.name})
        raise InputError("not-json", said, field="plan", hint=hint, file=path.name) from None
    try:
        if not isinstance(held, dict):
            raise ValueError("plan: an object was expected")
        return read_plan(held)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        said = render_message("preview-plan.not_a_plan", {"file": path.name, "reason": str(error)[:200]})
        raise InputError("not-a-plan", said, field="plan", hint=hint, file=path.name) from None


def make_preview(plan: Plan, analysis: PhotoAnalysis) -> Preview:
    """Make the pictures and the document of a plan on a photograph.

    Text on pictures is in the current language; the document is English.
    """
    if isinstance(analysis.skin, Unknown):
        return Preview({}, _make_document(plan, analysis, analysis.skin))
    strip = make_strip(plan, analysis.skin)
    whole = _make_document(plan, analysis, strip)
    files = {name: _panel_png(panel) for name, panel in strip.files.items()}
    files |= {
        STRIP_FILE: encode_png(add_footnotes(render_sheet(strip), strip), altered=True),
        DOCUMENT_FILE: pretty_json(whole).encode(),
    }
    return Preview(
        files,
        whole,
        gains=_gain_rows(strip),
        harms=tuple(_page_row(close_up.title, close_up.panels) for close_up in strip.close_ups if close_up.harm),
        undrawn_harms=tuple(message.text for message in undrawn_harm_messages(strip.undrawn_harms)),
        days_title=render_message("preview-label.days") if strip.visit is None else strip.visit.text,
        days=tuple((panel.label.text, day_words(panel)) for panel in strip.panels if panel.moment.kind == "day"),
        footnotes=tuple(footnote.text for footnote in footnotes(strip)),
    )


def _gain_rows(strip: PreviewStrip) -> tuple[PreviewRow, ...]:
    """Return the whole face at each percentile, close-ups, and the year after; nothing where no gain is drawn."""
    drawn = [panel for panel in strip.panels if panel.picture is not None]
    before, ends, late = ([one for one in drawn if one.moment.kind == kind] for kind in ("before", "end", "months"))
    if not ends:
        return ()
    rows = [_page_row(Message("preview-label.end"), [*before, *ends])]
    rows += [_page_row(close_up.title, close_up.panels) for close_up in strip.close_ups if not close_up.harm]
    return tuple([*rows, _page_row(late[0].label, [*before, *late])] if late else rows)


def _page_row(title: Message, panels: Sequence[Panel]) -> PreviewRow:
    return PreviewRow(title.text, tuple(_page_picture(title, panel) for panel in panels))


def _page_picture(title: Message, panel: Panel) -> PreviewPicture:
    assert panel.picture is not None  # rows for a page hold panels with pictures alone
    altered, percentile = panel.moment.kind != "before", panel.moment.percentile
    label = panel.label if percentile is None else Message(f"preview-label.p{percentile}")  # also a year later
    alt = render_message("preview.alt", {"title": title.text, "label": label.text})
    words = (*(() if panel.frequency is None else (panel.frequency,)), *panel.notes)
    content = encode_jpeg(panel.picture, altered=altered)
    return PreviewPicture(content, alt, label.text, tuple(message.text for message in words), altered)


def _panel_png(panel: Panel) -> bytes:
    assert panel.picture is not None  # a panel without one has no file
    altered = panel.moment.kind != "before"
    mark = render_message("preview.marked" if altered else "preview.photograph")
    return encode_png(add_caption_band(panel.picture, f"{panel.label.text} · {mark}"), altered=altered)


def _make_document(plan: Plan, look: PhotoAnalysis, strip: PreviewStrip | Unknown) -> dict[str, Any]:
    body: dict[str, Any] = {
        "plan_sha256": plan.plan_sha256,
        "photo_sha256": look.photo_sha256,
        "marked": Message("preview.described").english,
        "assumption": Message("preview.assumption").english,
    }
    parts = ("strip", "visit", "pictures", "close_ups", "changes", "not_drawn", "harms_not_drawn", "sources")
    if isinstance(strip, Unknown):
        body |= dict.fromkeys(parts, strip)
    else:
        body |= {
            "strip": STRIP_FILE,
            "visit": Unknown(Message("preview.no-session").english) if strip.visit is None else strip.visit.english,
            "pictures": [_panel_record(panel) for panel in strip.panels],
            "close_ups": [_close_up_record(close_up) for close_up in strip.close_ups],
            "changes": strip.change_rows,
            "not_drawn": [omission_message(omission).english for omission in strip.omissions],
            "harms_not_drawn": strip.undrawn_harms,
            "sources": strip.sources,
        }
    case = sha256_hex({"plan_sha256": plan.plan_sha256, "photo_sha256": look.photo_sha256})
    return build_document(SCHEMA, case_sha256=case, seed=plan.seed, warnings=look.warnings, body=body)


def _close_up_record(close_up: CloseUp) -> dict[str, Any]:
    pictures = [_panel_record(panel) for panel in close_up.panels]
    return {"title": close_up.title.english, "harm": close_up.harm, "pictures": pictures}


def _panel_record(panel: Panel) -> dict[str, Any]:
    when = panel.moment
    told = {"day": when.day, "months": when.months, "percentile": when.percentile}
    why = panel.reason
    return {
        "at": when.kind,
        **{name: value for name, value in told.items() if value is not None},
        "label": panel.label.english,
        "file": panel.file if why is None else Unknown(why.english),
        **({} if panel.frequency is None else {"frequency": panel.frequency.english}),
        "notes": [note.english for note in panel.notes],
    }
