"""The pages of the app: what each template receives, and the templates filled. Every word comes from the catalogue."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise, zip_longest
from pathlib import Path
from typing import Annotated, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from skinbeam.app.forms import Submission, row_of
from skinbeam.app.points import ShownFace
from skinbeam.errors import InputError
from skinbeam.laser.device import devices
from skinbeam.messages import LANGUAGES, catalogue, retold, spoken, text
from skinbeam.report.shown import capital
from skinbeam.schema.consultation import DECIDED, LESION_SIGNS, REACTIONS
from skinbeam.schema.names import PHOTOTYPES, SEVERITIES, subtype_told, subtypes, table

__all__ = [
    "HISTORY_GROUPS",
    "Choice",
    "FormPage",
    "Group",
    "Kinds",
    "PlanPage",
    "ShownFault",
    "form_page",
    "place_of",
    "plan_page",
    "render",
]

CONCERN_ROWS = 6
MEDICATION_ROWS = 4
SPOT_ROWS = 5  # the most of a ladder
SESSION_ROWS = 4

# The words of the schema in the order in which they are asked.
HISTORY_GROUPS: Mapping[str, tuple[str, ...]] = {
    "skin": (
        "active-infection",
        "active-inflammatory-acne",
        "herpes-labialis",
        "eczema-severe",
        "psoriasis",
        "melasma",
        "pih",
        "vitiligo",
        "photosensitivity",
        "skin-cancer",
    ),
    "healing": (
        "keloid",
        "hypertrophic-scar",
        "bleeding-disorder",
        "diabetes-uncontrolled",
        "immunosuppression",
        "hiv",
        "hepatitis-b",
    ),
    "body": (
        "lupus",
        "collagen-vascular-disease",
        "heart-disease",
        "pacemaker",
        "liver-disease",
        "allergy-anaesthetic",
        "body-dysmorphic-concern",
    ),
    "treated": (
        "filler-recent",
        "deep-peel-recent",
        "dermabrasion-recent",
        "laser-resurfacing-recent",
        "face-lift",
        "radiotherapy-field",
        "gold-therapy",
    ),
    "field": ("tattoo-in-field", "permanent-make-up", "self-tanner-recent", "silver-dressing", "argyria"),
}


def _with_between(grades: Sequence[str]) -> tuple[str, ...]:
    """Every grade, and between two the range of both."""
    between = [f"{low}-{high}" for low, high in pairwise(grades)]
    return tuple(word for pair in zip_longest(grades, between) for word in pair if word is not None)


_WORDS = {
    "sex": ("female", "male", "other"),
    "severity": _with_between(SEVERITIES),
    "tan": ("none", "recent", "current"),
    "expectation": ("modest", "noticeable", "perfect"),
    "method": ("examination", "dermoscopy", "biopsy"),
}

_ROW_TITLES = {
    "concern": "app.concern",
    "patient.medications": "app.medicine",
    "test_spot": "app.spot",
    "session": "app.session",
}
_PULSE = {
    "device": "app.device",
    "wavelength_nm": "app.wavelength",
    "fluence_J_cm2": "app.fluence",
    "energy_mJ": "app.energy",
    "pulse_ms": "app.pulse",
    "spot_mm": "app.spot-size",
}
_POINTS = ("right", "left", "mouth")
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
    "concern.diagnosed": "app.diagnosed",
    "concern.diagnosed_by": "app.diagnosed-by",
    "concern.diagnosis_method": "app.diagnosis-method",
    "concern.diagnosis_date": "app.diagnosis-date",
    "test_spot.site": "app.site",
    "test_spot.read_after_h": "app.read-after",
    "test_spot.reaction": "app.reaction",
    "session.week": "app.week",
    "session.treats": "app.treated",
    "session.response_pct": "app.response",
    "session.adverse": "app.adverse",
    **{f"{kind}.{name}": label for kind in ("test_spot", "session") for name, label in _PULSE.items()},
    "clinic.phone": "app.clinic-phone",
    "photo": "app.photo",
    "photo.points": "points.title",
    **{
        f"photo.points.{i}.{k}": f"points.{name}-{axis}"
        for i, name in enumerate(_POINTS)
        for k, axis in enumerate("xy")
    },
}


@dataclass(frozen=True)
class Choice:
    """One value of a list."""

    value: Annotated[str, "what the case file calls it"]
    title: Annotated[str, "what a person reads"]


@dataclass(frozen=True)
class Group:
    """Values that are asked together."""

    title: Annotated[str, "heading of the group"]
    choices: Annotated[tuple[Choice, ...], "the values"]


@dataclass(frozen=True)
class Kinds:
    """Kinds that are told apart of one condition, or alike of several."""

    title: Annotated[str, "heading, with the conditions"]
    conditions: Annotated[tuple[str, ...], "what the case file calls the conditions"]
    choices: Annotated[tuple[Choice, ...], "the kinds"]


@dataclass(frozen=True)
class ShownFault:
    """What could not be read."""

    field: Annotated[str, "name of the field that is marked and gets the focus; empty when none is at fault"]
    where: Annotated[str, "what a person reads at that field, and in which row it stands; empty when none is at fault"]
    text: Annotated[str, "what was wrong"]
    hint: Annotated[str, "what would be right"]


@dataclass(frozen=True)
class FormPage:
    """The consultation form."""

    action: Annotated[str, "address that makes the plan"]
    values: Annotated[Mapping[str, str], "field name → what it holds"]
    ticked: Annotated[frozenset[tuple[str, str]], "field name and value of every box that is ticked"]
    photo: Annotated[str, "SHA-256 of the photograph sent before, offered again; empty when there is none"]
    fault: Annotated[ShownFault | None, "why the form came back"]
    face: Annotated[ShownFace | None, "the photograph with the points of its face, once it was asked for"]
    choices: Annotated[Mapping[str, tuple[Choice, ...]], "list name → its values"]
    history: Annotated[tuple[Group, ...], "what the person has or has had"]
    kinds: Annotated[tuple[Kinds, ...], "what is asked of a concern of those conditions"]
    signs: Annotated[tuple[Choice, ...], "warning signs of a lesion"]
    concern_rows: Annotated[tuple[int, ...], "numbers of the concerns that can be filled in"]
    medication_rows: Annotated[tuple[int, ...], "numbers of the medicines that can be filled in"]
    spot_rows: Annotated[tuple[int, ...], "numbers of the test spots that can be filled in"]
    session_rows: Annotated[tuple[int, ...], "numbers of the sessions that can be filled in"]
    read_only: Annotated[bool, "whether nothing can be changed here"]


@dataclass(frozen=True)
class PlanPage:
    """What stands above a report."""

    name: Annotated[str, "what the plan is kept under"]


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(t=text, label=_label, spoken=spoken, languages=LANGUAGES)
    environment.filters["capital"] = capital
    return environment


def form_page(
    sent: Submission,
    error: InputError | None = None,
    *,
    action: str = "/consult",
    template: str = "form.html",
    read_only: bool = False,
    face: ShownFace | None = None,
    **around: Any,
) -> str:
    """Return the consultation form, filled with what was sent, and the fault at its field when there is one.

    Parameters
    ----------
    template : the form, or one that extends it and reads `around`, too.
    face : the photograph of the form with the points of its face.
    """
    values = dict(sent.entries)
    fault = None if error is None else _fault(sent, error)
    page = FormPage(
        action=action,
        values=values,
        ticked=frozenset(sent.entries),
        photo="" if fault is not None and fault.field == "photo" else sent.photo,
        fault=fault,
        face=face,
        choices=_choices(),
        history=tuple(
            Group(text(f"app-history-group.{group}"), _titled("app-history", words))
            for group, words in HISTORY_GROUPS.items()
        ),
        kinds=_kinds(),
        signs=_titled("app-sign", LESION_SIGNS),
        concern_rows=_rows(sent, "concern", CONCERN_ROWS),
        medication_rows=_rows(sent, "patient.medications", MEDICATION_ROWS),
        spot_rows=_rows(sent, "test_spot", SPOT_ROWS),
        session_rows=_rows(sent, "session", SESSION_ROWS),
        read_only=read_only,
    )
    return render(template, **vars(page), **around)


def plan_page(name: str, report: str) -> str:
    """Return a report, unchanged, with the bar of the app above it."""
    bar = render("plan.html", **vars(PlanPage(name)))
    return report.replace("<body>\n", f"<body>\n{bar}\n", 1)


def render(template: str, **values: Any) -> str:
    """Return a template filled."""
    return _environment().get_template(template).render(values)


def _rows(sent: Submission, kind: str, least: int) -> tuple[int, ...]:
    """The numbers of the rows of a kind: as many as are asked for, or as were sent."""
    used = (row.number + 1 for name, _ in sent.entries if (row := row_of(name)) and row.kind == kind)
    return tuple(range(max((least, *used))))


def _fault(sent: Submission, error: InputError) -> ShownFault:
    message, hint = error.message, error.hint
    if f"app-fault.{error.code}" in catalogue():  # what the schema says in the words of a case file
        message, hint = text(f"app-fault.{error.code}"), text(f"app-fault.{error.code}-hint")
    message = f"{capital(message)}."
    field = sent.field(error.field, error.message)
    if not _label(field):  # a fault of the request, or of something that this form does not ask
        return ShownFault("", "", message, hint)
    return ShownFault(field, place_of(field), message, hint)


def _label(field: str) -> str:
    """What a person reads at a field of the form; empty when the form has no such field."""
    row = row_of(field)
    name = f"{row.kind}.{row.key}" if row else field
    return text(_LABELS[name]) if name in _LABELS else ""


def place_of(field: str) -> str:
    """The label of a field, after the title of its row when it stands in one."""
    row = row_of(field)
    title = f"{text(_ROW_TITLES[row.kind], {'number': row.number + 1})}, " if row else ""
    return f"{title}{_label(field)}"


def _titled(section: str, words: tuple[str, ...]) -> tuple[Choice, ...]:
    return tuple(Choice(word, text(f"{section}.{word}")) for word in words)


def _kinds() -> tuple[Kinds, ...]:
    """The kinds of every condition that has some; conditions that share theirs are asked together."""
    alike: dict[tuple[str, ...], list[str]] = {}
    for name in table("condition"):
        if kinds := subtypes(name):
            alike.setdefault(kinds, []).append(name)
    return tuple(
        Kinds(
            text("app.kind-of", {"conditions": "; ".join(retold(table("condition")[name]["title"]) for name in names)}),
            tuple(names),
            tuple(Choice(word, subtype_told(word)) for word in kinds),
        )
        for kinds, names in alike.items()
    )


def _choices() -> dict[str, tuple[Choice, ...]]:
    lists = {name: _titled(f"app-{name}", words) for name, words in _WORDS.items()}
    lists["phototype"] = tuple(Choice(word, word) for word in _with_between(PHOTOTYPES))
    lists["condition"] = tuple(Choice(name, retold(entry["title"])) for name, entry in table("condition").items())
    lists["site"] = tuple(
        Choice(name, retold(entry["title"])) for name, entry in table("site").items() if entry["use"] == "treatment"
    )
    lists["reaction"] = _titled("reaction", REACTIONS)
    lists["decided"] = tuple(Choice(name, retold(table("modality")[name]["title"])) for name in DECIDED)
    lists["device"] = tuple(Choice(name, retold(device.title)) for name, device in devices().items())
    return lists
