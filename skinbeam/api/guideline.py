"""The guideline for a condition (`skinbeam.guideline/1`), and the answer for a condition that plans do not cover."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from skinbeam.evidence.guideline.device_classes import guideline_conditions, guideline_sites, outside_conditions
from skinbeam.evidence.guideline.doses import doses_of_cell
from skinbeam.evidence.guideline.records import GuidelineCell, GuidelineDose, GuidelineTreatment
from skinbeam.evidence.guideline.table import guideline_cell, load_cells, load_choices
from skinbeam.evidence.guideline.words import (
    avoidance_words,
    cell_words,
    condition_words,
    device_words,
    dose_words,
    short_treatment_words,
    treatment_words,
)
from skinbeam.evidence.question import parse_grade_range
from skinbeam.model.document import DocumentResult, sha256_hex
from skinbeam.model.errors import InputError, NotAvailable, unknown_name_error
from skinbeam.model.estimate import Unknown
from skinbeam.model.sources import cite_sources
from skinbeam.model.suggestions import outside_condition
from skinbeam.model.vocabulary import PHOTOTYPES, phototype_range, resolve_name
from skinbeam.plan_records.plan import PLAN_SCHEMA
from skinbeam.text import render_message

__all__ = [
    "CellEntry",
    "DoseEntry",
    "GuidelineAnswer",
    "NamedTreatment",
    "PlaceEntry",
    "StatementEntry",
    "answer_guideline",
    "find_cells",
    "uncovered_case_answer",
]


def find_cells(
    condition: str, *, phototype: str | None = None, site: str | None = None, subtype: str | None = None
) -> tuple[GuidelineCell, ...]:
    """Return the cells of a condition: all of them, or those of a phototype, of a site and of a kind.

    With a site or a kind, the most specific cell of each phototype is returned, as for a plan.

    Parameters
    ----------
    condition, site : names or everyday words.
    phototype : I to VI, or a range such as III-IV.
    subtype : a kind of the condition.

    Raises
    ------
    InputError : an unknown name; the nearest is named.
    """
    name = _resolve_condition(condition)
    skin = parse_grade_range(phototype, PHOTOTYPES, "phototype")
    place = None if site is None else _resolve_site(site)
    kinds = {cell.subtype for cell in load_cells() if cell.condition == name and cell.subtype}
    if subtype is not None and subtype not in kinds:
        raise unknown_name_error("kind", subtype, kinds or {"no kinds"}, field="subtype")
    if place is None and subtype is None:
        return tuple(
            cell for cell in load_cells() if cell.condition == name and _includes_phototype(cell.phototype, skin)
        )
    asked = (number for number in PHOTOTYPES if _includes_phototype(number, skin))
    cells = (guideline_cell(name, subtype or "", place or "", number) for number in asked)
    return tuple(dict.fromkeys(cell for cell in cells if cell is not None))


@dataclass(frozen=True)
class NamedTreatment:
    """A treatment, and its title."""

    name: str
    title: str


@dataclass(frozen=True)
class DoseEntry:
    """A printed dose of a treatment."""

    device_class: str
    quantity: str
    low: float
    high: float
    setting: str
    title: str
    sources: tuple[str, ...]


@dataclass(frozen=True)
class PlaceEntry:
    """A treatment at one of the three places, with its devices and doses."""

    treatment: str
    title: str
    device_classes: tuple[str, ...]
    devices: str
    setting: str
    doses: tuple[DoseEntry, ...]


@dataclass(frozen=True)
class CellEntry:
    """What sources do for a group of phototypes."""

    name: str
    title: str
    subtype: str
    site: str
    phototype: str
    first: PlaceEntry | Unknown
    second: PlaceEntry | Unknown
    third: PlaceEntry | Unknown
    endpoint: str
    sessions: str
    adjuncts: tuple[NamedTreatment, ...]
    avoid: tuple[NamedTreatment, ...]
    firmness: str
    sources: tuple[str, ...]


@dataclass(frozen=True)
class StatementEntry:
    """What a source says about a treatment, of one class of device that it names."""

    condition: str
    subtype: str
    site: str
    phototypes: str
    place: str
    treatment: str
    device_class: str
    statement: str
    grade: str
    sources: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class GuidelineAnswer(DocumentResult):
    """The guideline for a condition.

    Parameters
    ----------
    covered : whether plans cover the condition.
    cells : for each group of phototypes the three places, what to avoid, doses and sources.
    rows : what each source says about a treatment.
    """

    schema: ClassVar[str] = "skinbeam.guideline/1"

    condition: str
    title: str
    covered: bool
    cells: tuple[CellEntry, ...]
    rows: tuple[StatementEntry, ...]
    sources: tuple[str, ...]


def answer_guideline(
    condition: str, *, phototype: str | None = None, site: str | None = None, subtype: str | None = None
) -> GuidelineAnswer:
    """Return the guideline for a condition; arguments and errors as in `find_cells`."""
    cells = find_cells(condition, phototype=phototype, site=site, subtype=subtype)
    name, skin = cells[0].condition, parse_grade_range(phototype, PHOTOTYPES, "phototype")
    rows = tuple(_statements(name, skin, site, subtype))
    sources = dict.fromkeys(
        (*(key for cell in cells for key in _sources_of(cell)), *(key for row in rows for key in row.sources))
    )
    cite_sources(*sources)
    place = None if site is None else _resolve_site(site)  # of one question, however it is worded
    asked = {"command": "guideline", "condition": name, "phototype": skin, "site": place, "subtype": subtype}
    return GuidelineAnswer(
        case_sha256=sha256_hex({key: value for key, value in asked.items() if value is not None}),
        seed=0,
        condition=name,
        title=condition_words(name),
        covered=name not in outside_conditions(),
        cells=tuple(map(_cell_entry, cells)),
        rows=rows,
        sources=tuple(sources),
    )


def uncovered_case_answer(tables: Mapping[str, Any]) -> NotAvailable | None:
    """Return the answer for a case whose conditions are all known to the guideline and not covered by plans.

    It says what clinics do in the phototype of the case, or in all if the case gives none. None for any other case.

    Parameters
    ----------
    tables : the tables of a case file.
    """
    concerns = tables.get("concern")
    words = [concern.get("condition") for concern in concerns] if isinstance(concerns, list) else []
    names = [outside_condition(word) if isinstance(word, str) else None for word in words]
    if not names or None in names:
        return None
    patient = tables.get("patient")
    phototype = _readable_phototype(patient.get("phototype")) if isinstance(patient, Mapping) else None
    sentences: list[str] = []
    for name in dict.fromkeys(name for name in names if name is not None):
        sentences.append(render_message("guideline.not-covered", {"condition": condition_words(name)}))
        for cell in find_cells(name, phototype=phototype):
            sentences += _practice_sentences(cell)
        sentences.append(render_message("guideline.clinics-more", {"name": name}))
    return NotAvailable(" ".join(sentences), body={"schema": PLAN_SCHEMA})


def _readable_phototype(written: object) -> str | None:
    """Return a phototype or range of a case that was not checked; None where it is none."""
    try:
        return parse_grade_range(written, PHOTOTYPES, "phototype") if isinstance(written, str) else None
    except InputError:
        return None


def _practice_sentences(cell: GuidelineCell) -> Iterator[str]:
    about, others = cell_words(cell), cell.treatments
    if cell.first is None:
        yield render_message("guideline.clinics-unknown", {"about": about})
    else:
        yield render_message(
            "guideline.clinics-begin", {"about": about, "treatment": short_treatment_words(cell.first)}
        )
        others = others[1:]
    if others:
        treatments = "; ".join(map(short_treatment_words, others))
        yield render_message("guideline.clinics-then", {"treatments": treatments})
    if cell.avoid:
        yield render_message("guideline.clinics-avoid", {"treatments": "; ".join(map(avoidance_words, cell.avoid))})


def _cell_entry(cell: GuidelineCell) -> CellEntry:
    doses = doses_of_cell(cell)
    return CellEntry(
        name=cell.row,
        title=cell_words(cell),
        subtype=cell.subtype,
        site=cell.site,
        phototype=cell.phototype,
        first=_place_entry("first", cell.first, doses),
        second=_place_entry("second", cell.second, doses),
        third=_place_entry("third", cell.third, doses),
        endpoint=cell.endpoint_text,
        sessions=cell.sessions_text,
        adjuncts=tuple(NamedTreatment(name, avoidance_words(name)) for name in cell.adjuncts),
        avoid=tuple(NamedTreatment(name, avoidance_words(name)) for name in cell.avoid),
        firmness=cell.firmness,
        sources=tuple(_sources_of(cell)),
    )


def _statements(
    condition: str, phototype: str | None, site: str | None, subtype: str | None
) -> Iterator[StatementEntry]:
    """Yield what each source says about a treatment of a condition, restricted to what is asked for."""
    place = None if site is None else _resolve_site(site)
    for choice in load_choices():
        if choice.condition != condition or not _includes_phototype(choice.phototype, phototype):
            continue
        if place is not None and choice.site not in ("", place):
            continue
        if subtype is not None and choice.subtypes and subtype not in choice.subtypes:
            continue
        for device_class in choice.device_classes or ("",):
            yield StatementEntry(
                condition=choice.condition,
                subtype="; ".join(choice.subtypes),
                site=choice.site,
                phototypes=choice.phototype,
                place=choice.place,
                treatment=choice.treatment,
                device_class=device_class,
                statement=choice.statement,
                grade=choice.grade,
                sources=(choice.source,),
            )


def _place_entry(
    place: str, treatment: GuidelineTreatment | None, doses: tuple[GuidelineDose, ...]
) -> PlaceEntry | Unknown:
    if treatment is None:
        return Unknown(render_message(f"guideline.no-{place}"))
    return PlaceEntry(
        treatment=treatment.treatment,
        title=treatment_words(treatment),
        device_classes=tuple(treatment.device_classes),
        devices=device_words(treatment.device_classes),
        setting=treatment.setting_text,
        doses=tuple(_dose_entry(dose) for dose in doses if dose.place == place),
    )


def _dose_entry(dose: GuidelineDose) -> DoseEntry:
    return DoseEntry(
        device_class=dose.component or dose.device_class,
        quantity=dose.quantity,
        low=dose.low,
        high=dose.high,
        setting=dose.setting_text,
        title=dose_words(dose),
        sources=tuple(dose.sources),
    )


def _sources_of(cell: GuidelineCell) -> dict[str, None]:
    return dict.fromkeys((*cell.sources, *(key for dose in doses_of_cell(cell) for key in dose.sources)))


def _includes_phototype(treated: str, phototype: str | None) -> bool:
    """Return whether phototypes are among those of a cell or a choice; a source that names none means all."""
    if phototype is None or not treated:
        return True
    (low, high), (lightest, darkest) = phototype_range(treated), phototype_range(phototype)
    return low <= darkest and lightest <= high


def _resolve_condition(word: str) -> str:
    """Return the name of a condition that plans cover or that only the guideline knows."""
    try:
        return resolve_name("condition", word, field="condition")
    except InputError as error:
        outside = outside_condition(word)
        if outside is not None:
            return outside
        if error.code == "not-covered":
            raise
        raise unknown_name_error("condition", word, guideline_conditions(), field="condition") from None


def _resolve_site(word: str) -> str:
    """Return the name of a site of case files, or of another one that only the guideline knows."""
    if word in guideline_sites():
        return word
    try:
        return resolve_name("site", word, field="site")
    except InputError as error:
        if error.hint.startswith("Known"):
            error.hint = f"Known: {', '.join(guideline_sites())}."
        raise
