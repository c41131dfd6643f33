"""Format documents as plain text: the answer in sentences, values as indented lines, and lists of names."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from skinbeam._version import __version__
from skinbeam.model.estimate import Estimate, Unknown, Value
from skinbeam.text import Formatter, Message, render_message

if TYPE_CHECKING:
    from skinbeam.api.guideline import CellEntry, GuidelineAnswer
    from skinbeam.api.summary import Simulation
    from skinbeam.api.threshold import DoseThreshold
    from skinbeam.api.window import Floats, TherapeuticWindow
    from skinbeam.cli.doctor import MachineReport
    from skinbeam.laser.device import Device, DeviceList
    from skinbeam.model.conditions import NameList
    from skinbeam.model.document import DocumentResult
    from skinbeam.outcome.burn import BurnDoseSummary
    from skinbeam.outcome.dose_error import DoseError
    from skinbeam.published_doses.counts import ToleratedDoses

__all__ = [
    "WordedResult",
    "format_devices",
    "format_guideline",
    "format_machine",
    "format_names",
    "format_outline",
    "simulation_sentences",
    "threshold_sentences",
    "window_sentences",
    "worded_sentences",
]

_HEAD_KEYS = ("schema", "version", "case_sha256", "seed", "warnings", "in_words")
# Codes of warnings that stand above everything else, since nobody may read past them.
_FIRST_WARNINGS = ("spot-to-be-seen",)
_MAX_LISTED_VALUES = 8
_LISTED_AT_EACH_END = 3  # values of a long list that are shown at each end
_SENTENCE_KEYS = {"id", "params", "text"}
_MAX_RECORD_CHARACTERS = 180  # characters of a record that stands in one line
# Hundreds of probabilities do not help a reader: intervals, sentences and a figure replace them.
_OMITTED_KEYS = ("pmf", "p_effect", "p_harm")


def format_outline(document: Mapping[str, Any], sentences: Sequence[str] = ()) -> str:
    """Format a document: its warnings, the answer in sentences, then its values as indented lines.

    Estimates are written as `median (low to high)`, rounded according to their width. Only the ends of long lists of
    numbers are printed. A table whose parts are all unknown for the same reason is a single line.
    """
    warnings = document.get("warnings", [])
    lines = [warning["message"] for warning in warnings if warning["code"] in _FIRST_WARNINGS]
    lines.append(f"{document.get('schema', 'skinbeam')}   version {document.get('version', '')}")
    lines += [f"warning: {warning['message']}" for warning in warnings if warning["code"] not in _FIRST_WARNINGS]
    if sentences:
        lines.extend((*sentences, ""))
    for key, value in document.items():
        if key not in _HEAD_KEYS and not (key in _OMITTED_KEYS and isinstance(value, list)):
            lines.extend(_outline_lines(key, value, 0))
    return "\n".join(lines) + "\n"


def _outline_lines(key: str, value: Any, depth: int) -> Iterator[str]:
    pad = "  " * depth
    if isinstance(value, Mapping):
        if (short := _format_table(value)) is not None:
            yield f"{pad}{key}: {short}"
            return
        yield f"{pad}{key}:"
        for inner, item in value.items():
            if not (inner in _OMITTED_KEYS and isinstance(item, list)):
                yield from _outline_lines(str(inner), item, depth + 1)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        if all(isinstance(item, str | int | float) for item in value):
            yield f"{pad}{key}: {_format_list(value) or '-'}"
            return
        yield f"{pad}{key}:"
        for index, item in enumerate(value):
            if (short := _format_record(item)) is not None:
                yield f"{pad}  - {short}"
                continue
            name = item.get("name", item.get("id", str(index))) if isinstance(item, Mapping) else str(index)
            yield from _outline_lines(str(name), item, depth + 1)
    else:
        yield f"{pad}{key}: {_format_scalar(value)}"


def _format_list(values: Sequence[Any]) -> str:
    """Format a list: all words, but only the ends of a long list of numbers."""
    if len(values) <= _MAX_LISTED_VALUES or any(isinstance(value, str) for value in values):
        return ", ".join(map(_format_scalar, values))
    first, last = (
        ", ".join(map(_format_scalar, end)) for end in (values[:_LISTED_AT_EACH_END], values[-_LISTED_AT_EACH_END:])
    )
    return render_message("terminal.long-list", {"first": first, "last": last, "count": len(values)})


def _format_record(item: Any) -> str | None:
    """Format a message, or a record of a few short values, in a single line; None for any other value."""
    if not isinstance(item, Mapping) or "name" in item:
        return None
    if item.keys() == _SENTENCE_KEYS:
        return str(item["text"])
    parts = []
    for key, value in item.items():
        short = _format_table(value) if isinstance(value, Mapping) else _format_scalar(value)
        if short is None or (isinstance(value, Sequence) and not isinstance(value, str)):
            return None
        parts.append(f"{key} {short}")
    joined = "; ".join(parts)
    return joined if len(joined) <= _MAX_RECORD_CHARACTERS else None


def _format_table(value: Mapping[str, Any]) -> str | None:
    """Return the short form of an estimate, an unknown or a message; None for any other table."""
    if {"median", "low", "high", "level"} <= value.keys():
        about = {name: value[name] for name in ("median", "low", "high", "level", "kind")}
        interval = Formatter().interval(Estimate(**about)).removesuffix(")")
        return f"{interval}, {100 * value['level']:g} %, {value['kind']})"
    if value.keys() == _SENTENCE_KEYS:
        return str(value["text"])
    reasons = set(_unknown_reasons(value))
    return f"unknown: {reasons.pop()}" if len(reasons) == 1 and None not in reasons else None


def _unknown_reasons(value: Any) -> Iterator[str | None]:
    """Yield the reason of each unknown part, and None for each known part."""
    if not isinstance(value, Mapping):
        yield None
    elif value.keys() == {"unknown"}:
        yield value["unknown"]
    else:
        for item in value.values():
            yield from _unknown_reasons(item)


def _format_scalar(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


# Lists of names, with a line for each: the lasers, and the conditions, sites and modalities with their everyday words.


class _NamedRow(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def aliases(self) -> tuple[str, ...]: ...


def format_devices(result: "DeviceList") -> str:
    """Format a list of devices with a line for each; `--json` has all details."""
    lines = [(device.name, _laser_line(device)) for device in result.lasers]
    return _format_head(result) + _format_rows("lasers", lines)


def format_names(result: "NameList") -> str:
    """Format the names that a case file may use with a line for each; `--json` has all details."""
    kinds: tuple[tuple[str, Sequence[_NamedRow]], ...] = (
        ("conditions", result.conditions),
        ("sites", result.sites),
        ("modalities", result.modalities),
    )
    parts = [_format_rows(kind, [(row.name, _name_line(row)) for row in rows]) for kind, rows in kinds]
    return _format_head(result) + "".join(parts)


def format_machine(report: "MachineReport") -> str:
    """Format the checks of a machine with a line for each, and the fix for what is missing."""
    rows = [(check.name, check.found if check.ok else f"{check.found}. Fix: {check.fix}") for check in report.checks]
    return _format_head(report) + _format_rows("checks", rows)


def _format_head(result: "DocumentResult") -> str:
    return format_outline({"schema": result.schema, "version": __version__})


def _format_rows(title: str, rows: Sequence[tuple[str, str]]) -> str:
    wide = max(len(name) for name, _ in rows)
    return "\n".join([f"{title}:", *(f"  {name:<{wide}}  {line}" for name, line in rows)]) + "\n"


def _laser_line(device: "Device") -> str:
    (low, high), (shortest, longest) = device.dose, device.pulse_ms
    offers = {"shortest": shortest, "longest": longest, "low": low, "high": high}
    unit = "mJ" if device.microbeam else "J/cm²"
    words = {"title": device.title, "unit": unit} | {name: f"{value:g}" for name, value in offers.items()}
    if not device.classes:
        return render_message("terminal.laser-offers-no-class", words)
    return render_message("terminal.laser-offers", words | {"classes": ", ".join(device.classes)})


def _name_line(row: _NamedRow) -> str:
    aliases = ", ".join(row.aliases)
    return render_message("terminal.also-called", {"title": row.title, "aliases": aliases}) if aliases else row.title


def format_guideline(answer: "GuidelineAnswer") -> str:
    """Format the guideline: for each group of phototypes the places, doses, what to avoid and sources."""
    head = {"schema": answer.schema, "version": __version__, "warnings": answer.warnings}
    lines = [format_outline(head).rstrip()]
    if not answer.covered:
        lines.append(render_message("guideline.not-covered", {"condition": answer.title}))
    for cell in answer.cells:
        lines += ["", cell.title, *(f"  {line}" for line in _cell_lines(cell))]
    return "\n".join(lines) + "\n"


def _cell_lines(cell: "CellEntry") -> Iterator[str]:
    """Yield the lines of one group of phototypes, each part that is given."""
    for place, entry in (("first", cell.first), ("second", cell.second), ("third", cell.third)):
        word = _guideline_word(place)
        if isinstance(entry, Unknown):
            yield f"{word}: {entry.reason}"
            continue
        yield f"{word}: {entry.title}"
        doses = [f"  {dose.title} [{', '.join(dose.sources)}]" for dose in entry.doses]
        yield from doses or ([f"  {entry.setting}"] if entry.setting else [])
    for name, words in (("endpoint", cell.endpoint), ("sessions", cell.sessions)):
        if words:
            yield f"{_guideline_word(name)}: {words}"
    for name, treatments in (("adjuncts", cell.adjuncts), ("avoid", cell.avoid)):
        if treatments:
            yield f"{_guideline_word(name)}: {'; '.join(treatment.title for treatment in treatments)}"
    firmness = render_message(f"guideline-firmness.{cell.firmness}")
    yield f"{_guideline_word('firmness')}: {firmness}"
    yield f"{_guideline_word('sources')}: {', '.join(cell.sources)}"


def _guideline_word(name: str) -> str:
    return render_message(f"guideline-words.{name}")


# The answer in sentences, which are printed before the values.

_HALF_SHARE = 0.5
_UNITS = {"fluence_J_cm2": "J/cm²", "microbeam_mJ": "mJ", "exposure_s": "s"}


class WordedResult(Protocol):
    """A result that has its answer in sentences, or may have it."""

    @property
    def in_words(self) -> Sequence[Message] | None:
        """The sentences; None where there are none."""
        ...


def worded_sentences(result: WordedResult) -> list[str]:
    """Return the sentences of a result that has them."""
    return [sentence.english for sentence in result.in_words or ()]


def simulation_sentences(result: "Simulation") -> list[str]:
    """Return the probability of a burn, and the doses from which it follows."""
    share, burn = result.harm.p_burn, result.damage.burn
    if isinstance(share, Unknown):
        return [render_message("terminal.burned-unknown", {"reason": share.reason})]
    sentences = [render_message("terminal.burned", {"share": _three_digits(100 * share.median)})]
    if isinstance(burn, Unknown):
        return sentences
    sentences.append(_uncalibrated_sentence(result.temperature_C.basal_peak, burn))
    sentences.append(_tolerated_sentence(burn.tolerated))
    doses = (burn.computed_dose_J_cm2, burn.calibrated_dose_J_cm2)
    return sentences + _dose_sentences(render_message("terminal.burn-of-epidermis"), doses, "J/cm²", burn.calibration)


def threshold_sentences(result: "DoseThreshold") -> list[str]:
    """Return the computed and the calibrated dose, and what the calibration rests on."""
    doses = (result.dose, result.calibrated_dose)
    return _dose_sentences(result.endpoint, doses, _UNITS[result.of], result.calibration)


def window_sentences(result: "TherapeuticWindow") -> list[str]:
    """Return a sentence for each pulse length: from which dose the effect is reached and the harm is too likely."""
    allowed = result.p_harm_allowed
    sentences = []
    for row, pulse in enumerate(result.pulse_ms):
        reached = _first_dose_sentence(result, result.p_effect, row, _HALF_SHARE)
        params = {"pulse": _three_digits(pulse), "effect": result.effect, "from": reached}
        if isinstance(allowed, Unknown):
            sentences.append(render_message("terminal.window-effect", params))
            continue
        harmed = _first_dose_sentence(result, result.p_harm, row, allowed)
        harm = {"harm": result.harm, "share": _three_digits(100 * allowed), "harmed": harmed}
        sentences.append(render_message("terminal.window-both", params | harm))
    return sentences


def _first_dose_sentence(window: "TherapeuticWindow", rows: "Floats | Unknown", row: int, share: float) -> str:
    """Return the least computed dose of the grid with at least that share, in words."""
    if isinstance(rows, Unknown):
        return render_message("terminal.window-unknown")
    unit = _UNITS[window.of]
    dose = next((dose for dose, p in zip(window.dose, rows[row], strict=True) if p >= share), None)
    if dose is None:
        return render_message("terminal.window-never", {"dose": _three_digits(window.dose[-1]), "unit": unit})
    return render_message("terminal.window-from", {"dose": _three_digits(dose), "unit": unit})


def _uncalibrated_sentence(peak: Value, burn: "BurnDoseSummary") -> str:
    """Return the share burned by the computed dose alone, and why computed temperatures go with that share."""
    at_peak = ""
    if isinstance(peak, Estimate):
        at_peak = render_message("terminal.burned-basal-peak", {"temperature": _three_digits(peak.median)})
    share, bias = _three_digits(100 * burn.p_uncalibrated.median), _three_digits(burn.calibration.bias)
    return render_message("terminal.burned-by-computed-dose", {"share": share, "bias": bias, "peak": at_peak})


def _tolerated_sentence(practice: "ToleratedDoses | Unknown") -> str:
    """Return a sentence on the doses that clinics report as tolerated near the setting of the case."""
    if isinstance(practice, Unknown):
        return render_message("terminal.tolerated-unknown", {"reason": practice.reason})
    counted = (
        render_message("terminal.tolerated-counted", {"harmed": practice.harmed, "of": practice.of})
        if practice.of
        else render_message("terminal.tolerated-uncounted")
    )
    if practice.bound:
        counted = render_message("terminal.tolerated-most", {"counted": counted})
    params = {
        "doses": _tolerated_doses(practice),
        "skin": _tolerant_skin(practice),
        "cooling": ", ".join(render_message(f"terminal.cooled-{kind}") for kind in practice.cooling),
        "rows": practice.rows,
        "sources": practice.sources,
        "grades": ", ".join(render_message(f"terminal.read-{grade}") for grade in practice.grades),
        "counted": counted,
    }
    return render_message("terminal.tolerated", params)


def _tolerated_doses(practice: "ToleratedDoses") -> str:
    """Return the range of tolerated doses in words; an upper end is no dose that somebody is known to have had."""
    high = _three_digits(practice.high)
    if isinstance(practice.low, Unknown):
        return render_message("terminal.tolerated-bound", {"high": high})
    low = _three_digits(practice.low)
    if low == high:
        return low
    name = "tolerated-to-bound" if practice.bound else "tolerated-range"
    return render_message(f"terminal.{name}", {"low": low, "high": high})


def _tolerant_skin(practice: "ToleratedDoses") -> str:
    if isinstance(practice.phototypes, Unknown):
        return render_message("terminal.tolerated-skin-unstated")
    name = "tolerated-skin-mixed" if practice.mixed else "tolerated-skin"
    return render_message(f"terminal.{name}", {"phototypes": practice.phototypes})


def _dose_sentences(end: str, doses: tuple[Value, Value], unit: str, behind: "DoseError | Unknown") -> list[str]:
    """Return sentences on both doses and the basis of the calibration; none if a dose is unknown."""
    known = [
        {"median": _three_digits(dose.median), "low": _three_digits(dose.low), "high": _three_digits(dose.high)}
        for dose in doses
        if isinstance(dose, Estimate)
    ]
    if len(known) < len(doses) or isinstance(behind, Unknown):
        return []
    computed, calibrated = known
    return [
        render_message("terminal.dose-computed", {"end": end, "unit": unit, **computed}),
        render_message("terminal.dose-calibrated", {"unit": unit, **calibrated}),
        _basis_sentence(behind),
    ]


def _basis_sentence(behind: "DoseError") -> str:
    from skinbeam.published_doses.calibration import BURN_CLASS  # imported late, as it imports the array library
    from skinbeam.simulate.model_error import min_sources

    rows, sources, spread = behind.rows, behind.sources, _three_digits(behind.spread)
    if rows == 0:
        return render_message("terminal.rests-on-nothing", {"spread": spread})
    if behind.endpoint_class == BURN_CLASS:
        params = {"rows": rows, "sources": sources, "bias": _three_digits(behind.bias), "spread": spread}
        return render_message("terminal.rests-on-practice", params)
    if sources < min_sources():
        return render_message(
            "terminal.rests-on-few-experiments", {"sources": sources, "least": min_sources(), "spread": spread}
        )
    return render_message("terminal.rests-on-experiments", {"rows": rows, "sources": sources, "spread": spread})


def _three_digits(value: float) -> str:
    return f"{value:.3g}"
