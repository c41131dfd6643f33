"""The Jinja environment, and the context and rendering of the consultation form.

Every text comes from the message catalogue.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise, zip_longest
from pathlib import Path
from typing import Annotated, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from skinbeam.model.consultation import CLEARABLE_RULES, HISTORY_GROUPS, LESION_SIGNS, REACTIONS
from skinbeam.model.errors import InputError
from skinbeam.model.vocabulary import (
    ABLATIVE_MODALITIES,
    PHOTOTYPES,
    SEVERITIES,
    condition_subtypes,
    subtype_description,
    vocabulary_table,
)
from skinbeam.report.formatting import capitalise, treatment_site_titles
from skinbeam.text import (
    LANGUAGES,
    Formatter,
    catalogue,
    current_language,
    render_message,
    text_direction,
    translate,
)
from skinbeam_clinic.consultations.earlier_pulses import PulseFieldView, device_pulse_fields, pulse_field_views
from skinbeam_clinic.consultations.face_points import FacePointsView
from skinbeam_clinic.consultations.forms import Submission, parse_mark_field, parse_row_field
from skinbeam_clinic.machines.clinic_devices import CATALOGUE, ClinicDevices
from skinbeam_clinic.typed_numbers import find_readings
from skinbeam_clinic.used_cooling import CoolingKind

__all__ = [
    "FormChoice",
    "FormChoiceGroup",
    "FormFault",
    "FormPage",
    "SubtypeChoice",
    "describe_error",
    "describe_field",
    "render_form",
    "render_template",
]

CONCERN_ROWS = 6
MEDICATION_ROWS = 4
SPOT_ROWS = 5  # the longest series of test spots
SESSION_ROWS = 4
CLEARANCE_ROWS = 3


def _with_ranges(grades: Sequence[str]) -> tuple[str, ...]:
    """Return every grade, and between each two neighbours their range."""
    between = [f"{low}-{high}" for low, high in pairwise(grades)]
    return tuple(word for pair in zip_longest(grades, between) for word in pair if word is not None)


_WORDS = {
    "sex": ("female", "male", "other"),
    "severity": _with_ranges(SEVERITIES),
    "tan": ("none", "recent", "current"),
    "expectation": ("modest", "noticeable", "perfect"),
    "method": ("examination", "dermoscopy", "biopsy"),
}

_ROW_TITLES = {
    "concern": "app.concern",
    "patient.medications": "app.medicine",
    "test_spot": "app.spot",
    "session": "app.session",
    "clearance": "app.clearance",
}
_PULSE = {
    "device": "app.device",
    "wavelength_nm": "app.wavelength",
    "fluence_J_cm2": "app.fluence",
    "energy_mJ": "app.energy",
    "density_per_cm2": "app.density",
    "pulse_ms": "app.pulse",
    "spot_mm": "app.spot-size",
}
_POINTS = ("right", "left", "mouth")
_MARK_LABELS = {
    "kind": "marks.kind",
    "region": "marks.region",
    "x_mm": "marks.across",
    "y_mm": "marks.down",
    "size_mm": "marks.size",
    "decision": "marks.decision",
}
_LABELS = {
    "patient.age_years": "app.age",
    "patient.sex": "app.sex",
    "patient.phototype": "app.phototype",
    "patient.ita_deg": "app.ita",
    "patient.tan": "app.tan",
    "patient.downtime_days_accepted": "app.downtime",
    "patient.expectation": "app.expectation",
    "patient.keloid_decision.by": "app.keloid-by",
    "patient.keloid_decision.date": "app.keloid-date",
    "patient.keloid_decision.allows": "app.keloid-allows",
    "patient.medications.name": "app.medicine-name",
    "patient.medications.last_dose_months": "app.medicine-months",
    "concern.condition": "app.condition",
    "concern.site": "app.site",
    "concern.subtypes": "app.kind",
    "concern.severity": "app.severity",
    "concern.area_cm2": "app.area",
    "concern.creams_months": "app.creams-months",
    "concern.diagnosed": "app.diagnosed",
    "concern.diagnosed_by": "app.diagnosed-by",
    "concern.diagnosis_method": "app.diagnosis-method",
    "concern.diagnosis_date": "app.diagnosis-date",
    "test_spot.site": "app.site",
    "test_spot.read_after_h": "app.read-after",
    "test_spot.reaction": "app.reaction",
    "session.week": "app.week",
    "session.weeks_ago": "app.weeks-ago",
    "session.site": "app.site",
    "session.treats": "app.treated",
    "session.response_pct": "app.response",
    "session.adverse": "app.adverse",
    "session.cooling": "clinic-cooling.asked",
    **{f"{kind}.ita_deg": "app.ita-then" for kind in ("test_spot", "session")},
    **{f"{kind}.{name}": label for kind in ("test_spot", "session") for name, label in _PULSE.items()},
    "clearance.rule": "app.clearance-rule",
    "clearance.condition": "app.clearance-condition",
    "clearance.by": "app.keloid-by",
    "clearance.date": "app.keloid-date",
    "clinic.phone": "app.clinic-phone",
    "photo": "app.photograph",  # its label says more: the kinds of files that a page takes
    "photo.spots_examined": "app.spots-examined",
    "photo.points": "points.title",
    **{
        f"photo.points.{i}.{k}": f"points.{name}-{axis}"
        for i, name in enumerate(_POINTS)
        for k, axis in enumerate("xy")
    },
}


@dataclass(frozen=True)
class FormChoice:
    """One value of a list."""

    value: Annotated[str, "what the case file calls it"]
    title: Annotated[str, "what a person reads"]


@dataclass(frozen=True)
class FormChoiceGroup:
    """Choices that are shown together under a heading."""

    title: Annotated[str, "heading of the group"]
    choices: Annotated[tuple[FormChoice, ...], "the values"]


@dataclass(frozen=True)
class SubtypeChoice:
    """A subtype that one condition has, or several conditions share."""

    conditions: Annotated[tuple[str, ...], "what the case file calls the conditions"]
    choice: Annotated[FormChoice, "the kind"]


@dataclass(frozen=True)
class FormFault:
    """An error in the form, with the field to mark."""

    field: Annotated[str, "name of the field that is marked and gets the focus; empty when none is at fault"]
    where: Annotated[str, "what a person reads at that field, and in which row it stands; empty when none is at fault"]
    text: Annotated[str, "what was wrong"]
    hint: Annotated[str, "what would be right"]


@dataclass(frozen=True)
class FormPage:
    """Template context of the consultation form."""

    action: Annotated[str, "address that makes the plan"]
    values: Annotated[Mapping[str, str], "field name → what it holds"]
    ticked: Annotated[frozenset[tuple[str, str]], "field name and value of every box that is ticked"]
    photo: Annotated[str, "SHA-256 of the photograph sent before, offered again; empty when there is none"]
    fault: Annotated[FormFault | None, "why the form came back"]
    face: Annotated[FacePointsView | None, "the photograph with the points of its face, once it was asked for"]
    choices: Annotated[Mapping[str, tuple[FormChoice, ...]], "list name → its values"]
    history: Annotated[tuple[FormChoiceGroup, ...], "what the person has or has had"]
    kinds: Annotated[tuple[SubtypeChoice, ...], "what is asked of a concern of those conditions"]
    signs: Annotated[tuple[FormChoice, ...], "warning signs of a lesion"]
    concern_rows: Annotated[tuple[int, ...], "numbers of the concerns that can be filled in"]
    medication_rows: Annotated[tuple[int, ...], "numbers of the medicines that can be filled in"]
    spot_rows: Annotated[tuple[int, ...], "numbers of the test spots that can be filled in"]
    session_rows: Annotated[tuple[int, ...], "numbers of the sessions that can be filled in"]
    clearance_rows: Annotated[tuple[int, ...], "numbers of the clearances that can be filled in"]
    read_only: Annotated[bool, "whether nothing can be changed here"]
    creams: Annotated[tuple[str, ...], "since when earlier plans have creams come first, in words"]
    pulses: Annotated[Mapping[str, PulseFieldView], "beginning of its name → the field of a pulse"]
    device_pulses: Annotated[Mapping[str, tuple[str, str, str]], "device → the key, label and range of its pulses"]


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(t=render_message, label=_field_label, spoken=current_language, languages=LANGUAGES)
    environment.globals.update(direction=text_direction)
    environment.filters["capital"] = capitalise
    return environment


def render_form(
    submission: Submission,
    error: InputError | None = None,
    *,
    action: str = "/consult",
    template: str = "form.html",
    read_only: bool = False,
    face: FacePointsView | None = None,
    creams: tuple[str, ...] = (),
    devices: ClinicDevices = CATALOGUE,
    **context: Any,
) -> str:
    """Return the consultation form as HTML, filled with a submission, and with an error at its field if there is one.

    Parameters
    ----------
    template : the form, or one that extends it and reads `context`, too.
    face : the photograph of the form with the points of its face.
    creams : since when earlier plans have creams come first, in words.
    devices : those that the clinic knows.
    """
    values = dict(submission.entries)
    fault = None if error is None else _form_fault(submission, error)
    page = FormPage(
        action=action,
        values=values,
        ticked=frozenset(submission.entries),
        photo="" if fault is not None and fault.field == "photo" else submission.photo,
        fault=fault,
        face=face,
        choices=_choice_lists(devices, submission),
        history=tuple(
            FormChoiceGroup(render_message(f"app-history-group.{group}"), _titled_choices("app-history", words))
            for group, words in HISTORY_GROUPS.items()
        ),
        kinds=_subtype_choices(),
        signs=_titled_choices("app-sign", LESION_SIGNS),
        concern_rows=_row_numbers(submission, "concern", CONCERN_ROWS),
        medication_rows=_row_numbers(submission, "patient.medications", MEDICATION_ROWS),
        spot_rows=_row_numbers(submission, "test_spot", SPOT_ROWS),
        session_rows=_row_numbers(submission, "session", SESSION_ROWS),
        clearance_rows=_row_numbers(submission, "clearance", CLEARANCE_ROWS),
        read_only=read_only,
        creams=creams,
        pulses=pulse_field_views(values, _row_starts(submission), devices),
        device_pulses=device_pulse_fields(devices),
    )
    return render_template(template, **vars(page), **context)


def render_template(template: str, **values: Any) -> str:
    """Render a template."""
    return _environment().get_template(template).render(values)


def _row_numbers(submission: Submission, kind: str, least: int) -> tuple[int, ...]:
    """Return the numbers of the rows of a kind: at least `least`, or as many as were submitted."""
    used = (row.number + 1 for name, _ in submission.entries if (row := parse_row_field(name)) and row.kind == kind)
    return tuple(range(max((least, *used))))


def _row_starts(submission: Submission) -> Iterator[str]:
    for kind, least in (("test_spot", SPOT_ROWS), ("session", SESSION_ROWS)):
        yield from (f"{kind}.{number}." for number in _row_numbers(submission, kind, least))


def _form_fault(submission: Submission, error: InputError) -> FormFault:
    field = submission.find_field(error.field, error.message)
    message, hint = describe_error(error)
    if f"app-fault.{error.code}" in catalogue():  # the schema's message is about a case file, this one about the form
        message, hint = render_message(f"app-fault.{error.code}"), render_message(f"app-fault.{error.code}-hint")
    message = f"{capitalise(message)}."
    if not _field_label(field):  # an error of the request, or of something that is no field of this form
        return FormFault("", "", message, hint)
    return FormFault(field, describe_field(field), message, hint)


def describe_error(error: InputError) -> tuple[str, str]:
    """Return the message and the hint of an error, in words of a form where a value of the schema was wrong.

    The messages of the schema are in English, and about how a case file is written.
    """
    message, params = f"form-fault.{error.code}", dict(error.params)
    if not params or message not in catalogue():
        return error.message, error.hint
    read = params.pop("read")
    if isinstance(read, str) and (readings := find_readings(read.strip('"'))):
        message = render_message("form-fault.number-unclear", {"read": read})
        return message, render_message("records-fault.number-unclear-hint", readings)
    if isinstance(read, float):  # with all its digits, since the end of the range may be rounded to the same
        read = Formatter().number(read, digits=12)
    hint = next((name for name in ("above", "low") if name in params), error.code)
    return render_message(message, {"read": read}), render_message(f"form-fault.{hint}-hint", params)


def _field_label(field: str) -> str:
    """Return the label of a form field; empty when the form has no such field."""
    row = parse_row_field(field)
    name = f"{row.kind}.{row.key}" if row else field
    return render_message(_LABELS[name]) if name in _LABELS else ""


def describe_field(field: str) -> str:
    """Return the label of a field, after the title of its row when it is in one."""
    if mark := parse_mark_field(field):
        title = render_message("marks.field", {"number": mark.number + 1})
        return f"{title}, {render_message(_MARK_LABELS[mark.key])}"
    row = parse_row_field(field)
    title = f"{render_message(_ROW_TITLES[row.kind], {'number': row.number + 1})}, " if row else ""
    return f"{title}{_field_label(field)}"


def _titled_choices(section: str, words: tuple[str, ...]) -> tuple[FormChoice, ...]:
    return tuple(FormChoice(word, render_message(f"{section}.{word}")) for word in words)


def _subtype_choices() -> tuple[SubtypeChoice, ...]:
    """Return the subtypes of all conditions, each once, with the conditions that have it."""
    conditions: dict[str, list[str]] = {}
    for name in vocabulary_table("condition"):
        for kind in condition_subtypes(name):
            conditions.setdefault(kind, []).append(name)
    return tuple(
        SubtypeChoice(tuple(names), FormChoice(kind, subtype_description(kind))) for kind, names in conditions.items()
    )


def _choice_lists(devices: ClinicDevices, submission: Submission) -> dict[str, tuple[FormChoice, ...]]:
    lists = {name: _titled_choices(f"app-{name}", words) for name, words in _WORDS.items()}
    lists["phototype"] = tuple(FormChoice(word, word) for word in _with_ranges(PHOTOTYPES))
    lists["condition"] = tuple(
        FormChoice(name, translate(entry["title"])) for name, entry in vocabulary_table("condition").items()
    )
    lists["site"] = tuple(FormChoice(name, title) for name, title in treatment_site_titles().items())
    lists["reaction"] = _titled_choices("reaction", REACTIONS)
    lists["cooling"] = tuple(FormChoice(kind, render_message(f"clinic-cooling.kind-{kind}")) for kind in CoolingKind)
    lists["cleared"] = _titled_choices("app-clearance", CLEARABLE_RULES)
    lists["decided"] = tuple(
        FormChoice(name, translate(vocabulary_table("modality")[name]["title"])) for name in ABLATIVE_MODALITIES
    )
    lists["device"] = tuple(FormChoice(name, devices.title(name)) for name in devices.all_devices)
    lists["clinic_device"] = tuple(
        choice
        for choice in lists["device"]
        if choice.value in devices.offered_devices or ("clinic.devices", choice.value) in submission.entries
    )
    return lists
