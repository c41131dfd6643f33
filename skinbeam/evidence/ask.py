"""A question to the evidence, checked: names resolved, ranges read, every fault named like the option it came in by."""

import math
from dataclasses import dataclass
from typing import Any

from skinbeam.errors import InputError, did_you_mean, unknown_name
from skinbeam.evidence.arm import PHOTOTYPES, RATERS, SEVERITIES, grades
from skinbeam.schema.names import resolve, table

__all__ = ["Question", "ask"]

UNITS = ("patients", "lesions")


@dataclass(frozen=True)
class Question:
    """What a person wants to know; None where nothing was said."""

    condition: str
    modality: str
    severity: str | None
    site: str | None
    wavelength_nm: float | None
    sessions: float | None
    follow_up_months: float | None
    phototype: str | None
    patients: int
    threshold: int
    rater: str | None
    unit: str
    fluence_J_cm2: float | None = None
    pulse_ms: float | None = None
    microbeam_mJ: float | None = None


def ask(
    condition: str,
    modality: str,
    *,
    severity: str | None = None,
    site: str | None = None,
    wavelength_nm: float | None = None,
    sessions: float | None = None,
    follow_up_months: float | None = None,
    phototype: str | None = None,
    patients: int = 100,
    threshold: int = 50,
    rater: str | None = None,
    unit: str = "patients",
    fluence_J_cm2: float | None = None,
    pulse_ms: float | None = None,
    microbeam_mJ: float | None = None,
) -> Question:
    """Return the checked question. The last three are the setting that a plan means to use, held against the trials'.

    Raises
    ------
    InputError : an unknown name, a range that cannot be, a number out of range.
    """
    return Question(
        condition=resolve("condition", condition, field="--condition"),
        modality=resolve("modality", modality, field="--modality"),
        severity=None if severity is None else _graded(severity, SEVERITIES, "severity"),
        site=None if site is None else _treated(site),
        wavelength_nm=None if wavelength_nm is None else _number(wavelength_nm, 200, 20_000, "--wavelength"),
        sessions=None if sessions is None else _number(sessions, 1, 100, "--sessions"),
        follow_up_months=None if follow_up_months is None else _number(follow_up_months, 0, 600, "--follow-up-months"),
        phototype=None if phototype is None else _graded(phototype, PHOTOTYPES, "phototype"),
        patients=_whole(patients, 1, 100_000, "--patients"),
        threshold=_whole(threshold, 1, 99, "--threshold"),
        rater=None if rater is None else _chosen(rater, RATERS, "rater"),
        unit=_chosen(unit, UNITS, "unit"),
        fluence_J_cm2=None if fluence_J_cm2 is None else _number(fluence_J_cm2, 1e-6, 1e5, "fluence_J_cm2"),
        pulse_ms=None if pulse_ms is None else _number(pulse_ms, 1e-10, 1e6, "pulse_ms"),
        microbeam_mJ=None if microbeam_mJ is None else _number(microbeam_mJ, 1e-6, 1e5, "microbeam_mJ"),
    )


def _chosen(value: str, known: tuple[str, ...], kind: str) -> str:
    if value not in known:
        raise unknown_name(kind, str(value), known, field=f"--{kind}")
    return value


def _graded(value: str, order: tuple[str, ...], kind: str) -> str:
    """Return one grade or a range, its ends in the order of grades."""
    hint = f"One of {', '.join(order)}, or a range such as {order[1]}-{order[2]}."
    word = str(value).strip().replace("–", "-")
    word = word.upper() if kind == "phototype" else word.lower()
    try:
        low, high = grades(word, order)
    except ValueError as error:
        ends = [end.strip() for end in word.split("-")]
        raise InputError(
            "wrong-value",
            f'is no {kind} or range of them, read "{value}"',
            field=f"--{kind}",
            hint=did_you_mean(ends, order) + hint,
        ) from error
    return order[low] if low == high else f"{order[low]}-{order[high]}"


def _treated(site: str) -> str:
    """Return the name of a site that people have treated; the others describe skin alone."""
    name = resolve("site", site, field="--site")
    treated = [known for known, entry in table("site").items() if entry["use"] == "treatment"]
    if name not in treated:
        raise unknown_name("site", site, treated, field="--site")
    return name


def _number(value: Any, low: float, high: float, option: str) -> float:
    hint = f"A number from {low:g} to {high:g}."
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise InputError("not-a-number", f"is not a number, read {value!r}", field=option, hint=hint)
    if not low <= value <= high:
        raise InputError("out-of-range", f"is out of range, read {value:g}", field=option, hint=hint)
    return float(value)


def _whole(value: Any, low: int, high: int, option: str) -> int:
    hint = f"A whole number from {low} to {high}."
    if isinstance(value, bool) or not isinstance(value, int | float) or not float(value).is_integer():
        raise InputError("not-a-whole-number", f"is not a whole number, read {value!r}", field=option, hint=hint)
    if not low <= value <= high:
        raise InputError("out-of-range", f"is out of range, read {value:g}", field=option, hint=hint)
    return int(value)
