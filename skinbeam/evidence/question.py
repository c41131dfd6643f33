"""A validated question to the evidence: names resolved, ranges parsed, errors labelled with their option."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from skinbeam.evidence.studies.trial_arm import RATERS, Grades, parse_grades
from skinbeam.model.conditions import check_treated_site
from skinbeam.model.errors import InputError, spelling_hint, unknown_name_error
from skinbeam.model.vocabulary import PHOTOTYPES, SEVERITIES, condition_subtypes, resolve_name

__all__ = ["EvidenceQuestion", "parse_grade_range"]

# Ends of the names of numbers, and the units that they stand for.
_NUMBER_UNITS = {"nm": "nm", "ms": "ms", "mm": "mm", "mJ": "mJ", "J_cm2": "J/cm²", "months": "months"}
UNITS = ("patients", "lesions")


@dataclass(frozen=True)
class EvidenceQuestion:
    """A question to the trials, with None where nothing is specified. The constructor validates every field.

    Parameters
    ----------
    condition, modality, site : names or everyday words; stored as names.
    severity, phototype : a grade or a range such as `III-IV`.
    patients, threshold : people of the new clinic, and the improvement in per cent that counts.
    rater, unit : who judged; whether patients or lesions are counted.
    subtypes : kinds of the condition (`model.vocabulary.condition_subtypes`); empty means all.
    fluence_J_cm2, pulse_ms, spot_mm, microbeam_mJ : the settings of a plan, compared with those of the trials.
    lamp : whether the light is from a filtered lamp.

    Raises
    ------
    InputError : an unknown name, an impossible range, a number out of range; the field is the option's name.
    """

    condition: str
    modality: str
    severity: str | None = None
    site: str | None = None
    wavelength_nm: float | None = None
    sessions: float | None = None
    follow_up_months: float | None = None
    phototype: str | None = None
    patients: int = 100
    threshold: int = 50
    rater: str | None = None
    unit: str = "patients"
    fluence_J_cm2: float | None = None
    pulse_ms: float | None = None
    spot_mm: float | None = None
    lamp: bool | None = None
    microbeam_mJ: float | None = None
    subtypes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        checked = {
            "condition": resolve_name("condition", self.condition, field="condition"),
            "modality": resolve_name("modality", self.modality, field="modality"),
            "severity": parse_grade_range(self.severity, SEVERITIES, "severity"),
            "site": _resolve_treated_site(self.site),
            "wavelength_nm": _check_number(self.wavelength_nm, 200, 20_000, "wavelength_nm"),
            "sessions": _check_number(self.sessions, 1, 100, "sessions"),
            "follow_up_months": _check_number(self.follow_up_months, 0, 600, "follow_up_months"),
            "phototype": parse_grade_range(self.phototype, PHOTOTYPES, "phototype"),
            "patients": _check_whole_number(self.patients, 1, 100_000, "patients"),
            "threshold": _check_whole_number(self.threshold, 1, 99, "threshold"),
            "rater": None if self.rater is None else _resolve_name(self.rater, RATERS, "rater"),
            "unit": _resolve_name(self.unit, UNITS, "unit"),
            "fluence_J_cm2": _check_number(self.fluence_J_cm2, 1e-6, 1e5, "fluence_J_cm2"),
            "pulse_ms": _check_number(self.pulse_ms, 1e-10, 1e6, "pulse_ms"),
            "spot_mm": _check_number(self.spot_mm, 1e-3, 1e3, "spot_mm"),
            "microbeam_mJ": _check_number(self.microbeam_mJ, 1e-6, 1e5, "microbeam_mJ"),
            "subtypes": _resolve_subtypes(resolve_name("condition", self.condition, field="condition"), self.subtypes),
        }
        for name, value in checked.items():
            object.__setattr__(self, name, value)

    @cached_property
    def severities(self) -> Grades | None:
        """The severity as a pair of indices in `SEVERITIES`."""
        return None if self.severity is None else parse_grades(self.severity, SEVERITIES)

    @cached_property
    def phototypes(self) -> Grades | None:
        """The phototype as a pair of indices in `PHOTOTYPES`."""
        return None if self.phototype is None else parse_grades(self.phototype, PHOTOTYPES)


def _resolve_name(value: str, known: tuple[str, ...], kind: str) -> str:
    if value not in known:
        raise unknown_name_error(kind, str(value), known, field=kind)
    return value


def _resolve_subtypes(condition: str, given: Any) -> tuple[str, ...]:
    words = given if isinstance(given, list | tuple) else [given]
    for word in words:
        if word not in condition_subtypes(condition):
            raise unknown_name_error("subtype", word, condition_subtypes(condition), field="subtypes")
    return tuple(dict.fromkeys(words))


def parse_grade_range(value: str | None, order: tuple[str, ...], kind: str) -> str | None:
    """Return one grade or a range, with its ends in the order of grades."""
    if value is None:
        return None
    hint = f"One of {', '.join(order)}, or a range such as {order[1]}-{order[2]}."
    word = str(value).strip().replace("–", "-")
    word = word.upper() if kind == "phototype" else word.lower()
    try:
        low, high = parse_grades(word, order)
    except ValueError as error:
        ends = [end.strip() for end in word.split("-")]
        raise InputError(
            "wrong-value",
            f'is no {kind} or range of them, read "{value}"',
            field=kind,
            hint=spelling_hint(ends, order) + hint,
        ) from error
    return order[low] if low == high else f"{order[low]}-{order[high]}"


def _resolve_treated_site(site: str | None) -> str | None:
    """Return the name of a site that is treated; the other sites of the vocabulary only describe skin."""
    if site is None:
        return None
    name = resolve_name("site", site, field="site")
    check_treated_site(name, field="site")
    return name


def _check_number(value: Any, low: float, high: float, option: str) -> float | None:
    if value is None:
        return None
    hint = f"A number from {low:g} to {high:g}{_unit_words(option)}."
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise InputError("not-a-number", f"is not a number, read {value!r}", field=option, hint=hint)
    if not low <= value <= high:
        raise InputError("out-of-range", f"is out of range, read {value:g}", field=option, hint=hint)
    return float(value)


def _unit_words(option: str) -> str:
    """Return the unit at the end of the name of an option, such as ", in nm"; empty for a number without a unit."""
    return next((f", in {text}" for ending, text in _NUMBER_UNITS.items() if option.endswith(f"_{ending}")), "")


def _check_whole_number(value: Any, low: int, high: int, option: str) -> int:
    hint = f"A whole number from {low} to {high}."
    if isinstance(value, bool) or not isinstance(value, int | float) or not float(value).is_integer():
        raise InputError("not-a-whole-number", f"is not a whole number, read {value!r}", field=option, hint=hint)
    if not low <= value <= high:
        raise InputError("out-of-range", f"is out of range, read {value:g}", field=option, hint=hint)
    return int(value)
