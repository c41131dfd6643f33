"""Render a patient's records and contraindications to a plan as one line of text each."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass

from skinbeam.laser.device import describe_window
from skinbeam.model.consultation import EarlierTestSpot
from skinbeam.model.document import round_significant
from skinbeam.model.units import MM, UM
from skinbeam.model.vocabulary import vocabulary_table
from skinbeam.plan_records.plan import Plan
from skinbeam.report.formatting import display_value, reference_text, site_title, title_at_site
from skinbeam.text import Formatter, render_message, translate
from skinbeam_clinic.machines.clinic_devices import ClinicDevices
from skinbeam_clinic.patients.history import HistoryFact, IncompleteRow
from skinbeam_clinic.plans.contraindications import Contraindication
from skinbeam_clinic.pulse_settings import PulseSettings
from skinbeam_clinic.treatments.models import ADVERSE_KINDS
from skinbeam_clinic.web.pages import describe_field

__all__ = [
    "ContraindicationView",
    "RecordLine",
    "describe_contraindications",
    "describe_fact",
    "describe_incomplete_row",
    "describe_pulse",
]

_UNITS = (("fluence_J_cm2", "J/cm²"), ("energy_mJ", "mJ"), ("density_per_cm2", "/cm²"))
# The rules of the plan's advice on complications, by the reaction or adverse event that a case file names.
_ADVICE_RULES: Mapping[str, tuple[str, ...]] = {
    **{kind.case_words: kind.advice_rules for kind in ADVERSE_KINDS.values()},
    "dark-mark": ("complication-dark-marks",),
    "pale-mark": ("complication-pale-marks",),
    "pigment-change": ("complication-dark-marks", "complication-pale-marks"),
}


@dataclass(frozen=True)
class RecordLine:
    """A recorded event as text, with the address of the page that shows it."""

    at: datetime.datetime
    text: str
    path: str


@dataclass(frozen=True)
class ContraindicationView:
    """A contraindication for display: the record, the rule's text and source, and advice on what to do now."""

    key: str
    text: str
    source: str
    final: bool
    line: RecordLine | None
    advice: tuple[str, ...]


def describe_pulse(devices: ClinicDevices, name: str, settings: PulseSettings) -> str:
    """Return a pulse in words: the device of this name, and its settings."""
    write, numbers, known = Formatter().number, settings.numbers(), devices.find(name)
    device = devices.title(name)
    light = "" if settings.wavelength_nm is None else f"{write(settings.wavelength_nm)} nm"
    parts = [
        device,
        "" if light in device else light,
        *(f"{write(numbers[key])} {unit}" for key, unit in _UNITS if key in numbers),
    ]
    if settings.spot_mm is not None:
        window = None if known is None else known.window_mm(settings.spot_mm)
        parts.append(_describe_spot(settings.spot_mm) if window is None else describe_window(window))
    if settings.pulse_ms is not None:
        parts.append(render_message("setting.pulse", {"length": display_value(settings.pulse_ms, "ms").text}))
    return ", ".join(part for part in parts if part)


def _describe_spot(spot_mm: float) -> str:
    """Return the diameter of a spot in words; one below a millimetre is a column, which is measured in µm."""
    if spot_mm < 1.0:
        return render_message("setting.microbeams", {"diameter": round_significant(spot_mm * MM / UM, 9)})
    return render_message("setting.spot", {"diameter": spot_mm})


def describe_fact(devices: ClinicDevices, fact: HistoryFact) -> RecordLine:
    """Return a record in one line."""
    row = fact.row
    pulse = describe_pulse(devices, row.device or "", PulseSettings.of_earlier(row))
    if isinstance(row, EarlierTestSpot):
        about = {"reaction": render_message(f"reaction.{row.reaction}"), "hours": row.read_after_h}
        about |= {"pulse": pulse, "site": site_title(row.site)}
        return RecordLine(fact.fired_at, render_message("clinic-spots.line", about), fact.path)
    treats = translate(vocabulary_table("condition")[row.treats]["title"])
    if site := fact.site or row.site:
        treats = title_at_site(treats, site)
    adverse = "; ".join(map(_adverse_words, row.adverse)) or render_message("clinic-spots.no-adverse")
    about = {"treats": treats, "pulse": pulse, "week": row.week, "adverse": adverse}
    line = render_message("clinic-spots.session-line", about)
    if fact.is_spared:
        line = render_message("clinic-spots.session-spared", {"line": line})
    return RecordLine(fact.fired_at, line, fact.path)


def _adverse_words(text: str) -> str:
    """Return what went wrong in the current language where a case file names a kind of it, and otherwise as written."""
    kind = next((name for name, one in ADVERSE_KINDS.items() if one.case_words == text), None)
    return text if kind is None else render_message(f"clinic-adverse.{kind}")


def describe_incomplete_row(row: IncompleteRow) -> RecordLine:
    """Return in one line what is missing in a row that no plan takes in."""
    line = render_message("clinic-spots.incomplete-line", {"field": describe_field(row.field)})
    return RecordLine(row.typed_at, line, row.path)


def describe_contraindications(
    devices: ClinicDevices, contraindications: tuple[Contraindication, ...], plan: Plan
) -> tuple[ContraindicationView, ...]:
    """Return the contraindications for display, each with the plan's advice on complications."""
    advice = {complication.rule: complication.message.text for complication in plan.complications}
    return tuple(
        ContraindicationView(
            contraindication.key,
            contraindication.message.text,
            reference_text(contraindication.source),
            contraindication.final,
            None if contraindication.fact is None else describe_fact(devices, contraindication.fact),
            tuple(advice[rule] for rule in _list_advice(contraindication) if rule in advice),
        )
        for contraindication in contraindications
    )


def _list_advice(contraindication: Contraindication) -> tuple[str, ...]:
    if contraindication.fact is None:
        return ()
    row = contraindication.fact.row
    seen = [row.reaction] if isinstance(row, EarlierTestSpot) else row.adverse
    return tuple(dict.fromkeys(rule for reaction in seen for rule in _ADVICE_RULES.get(reaction, ())))
