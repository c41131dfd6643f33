"""Format documents as plain text: the answer in sentences, values as indented lines, and lists of names."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from skinbeam._version import __version__
from skinbeam.model.estimate import Estimate, Unknown
from skinbeam.text import Formatter, render_message

if TYPE_CHECKING:
    from skinbeam.api.guideline import CellEntry, GuidelineAnswer

__all__ = [
    "answer_sentences",
    "format_guideline",
    "format_names",
    "format_outline",
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
    told = "; ".join(parts)
    return told if len(told) <= _MAX_RECORD_CHARACTERS else None


def _format_table(value: Mapping[str, Any]) -> str | None:
    """Return the short form of an estimate, an unknown or a message; None for any other table."""
    if {"median", "low", "high", "level"} <= value.keys():
        about = {name: value[name] for name in ("median", "low", "high", "level", "kind")}
        told = Formatter().interval(Estimate(**about)).removesuffix(")")
        return f"{told}, {100 * value['level']:g} %, {value['kind']})"
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

_NAME_KINDS = ("lasers", "conditions", "sites", "modalities")


def format_names(document: Mapping[str, Any]) -> str:
    """Format `skinbeam.lasers/1` or `skinbeam.conditions/1` with a line for each name; `--json` has all details."""
    head = format_outline({name: value for name, value in document.items() if name not in _NAME_KINDS})
    lines = []
    for kind in (kind for kind in _NAME_KINDS if kind in document):
        rows = document[kind]
        wide = max(len(row["name"]) for row in rows)
        told = _laser_line if kind == "lasers" else _name_line
        lines += [f"{kind}:", *(f"  {row['name']:<{wide}}  {told(row)}" for row in rows)]
    return head + "\n".join(lines) + "\n"


def _laser_line(row: Mapping[str, Any]) -> str:
    unit = "J/cm²" if "fluence_J_cm2" in row else "mJ"
    low, high = row["fluence_J_cm2" if "fluence_J_cm2" in row else "energy_mJ"]
    shortest, longest = row["pulse_ms"]
    offers = {"shortest": shortest, "longest": longest, "low": low, "high": high}
    words = {"title": row["title"], "unit": unit, "classes": ", ".join(row["classes"])}
    id = "terminal.laser-offers" if row["classes"] else "terminal.laser-offers-no-class"
    return render_message(id, words | {k: f"{v:g}" for k, v in offers.items()})


def _name_line(row: Mapping[str, Any]) -> str:
    aliases = ", ".join(row["aliases"])
    return (
        render_message("terminal.also-called", {"title": row["title"], "aliases": aliases}) if aliases else row["title"]
    )


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
    for name, said in (("endpoint", cell.endpoint), ("sessions", cell.sessions)):
        if said:
            yield f"{_guideline_word(name)}: {said}"
    for name, treatments in (("adjuncts", cell.adjuncts), ("avoid", cell.avoid)):
        if treatments:
            yield f"{_guideline_word(name)}: {'; '.join(treatment.title for treatment in treatments)}"
    firmness = render_message(f"guideline-firmness.{cell.firmness}")
    yield f"{_guideline_word('firmness')}: {firmness}"
    yield f"{_guideline_word('sources')}: {', '.join(cell.sources)}"


def _guideline_word(name: str) -> str:
    return render_message(f"guideline-words.{name}")


# The answer of a document in sentences, which are printed before its values.

_HALF_SHARE = 0.5
_UNITS = {"fluence_J_cm2": "J/cm²", "microbeam_mJ": "mJ", "exposure_s": "s"}


def answer_sentences(document: Mapping[str, Any]) -> list[str]:
    """Return the sentences of a document: its own, or its threshold doses, its window or its probability of a burn."""
    if "in_words" in document:
        return [sentence["text"] for sentence in document["in_words"]]
    if "p_harm_allowed" in document:
        return _window_sentences(document)
    if "calibrated_dose" in document:
        doses = (document["dose"], document["calibrated_dose"])
        return _dose_sentences(document["endpoint"], doses, _UNITS[document["of"]], document["calibration"])
    if "p_burn" not in document.get("harm", {}):
        return []
    share, burn = document["harm"]["p_burn"], document["damage"]["burn"]
    if "unknown" in share:
        return [render_message("terminal.burned-unknown", {"reason": share["unknown"]})]
    told = [render_message("terminal.burned", {"share": _three_digits(100 * share["median"])})]
    if "unknown" in burn:
        return told
    doses = (burn["computed_dose_J_cm2"], burn["calibrated_dose_J_cm2"])
    told.append(_uncalibrated_sentence(document, burn))
    told.append(_tolerated_sentence(burn["tolerated"]))
    return told + _dose_sentences(render_message("terminal.burn-of-epidermis"), doses, "J/cm²", burn["calibration"])


def _window_sentences(document: Mapping[str, Any]) -> list[str]:
    """Return a sentence for each pulse length: from which dose the effect is reached and the harm is too likely."""
    unit, allowed = _UNITS[document["of"]], document["p_harm_allowed"]
    told = []
    for row, pulse in enumerate(document["pulse_ms"]):
        reached = _first_dose_sentence(document["p_effect"], row, _HALF_SHARE, document["dose"], unit)
        said = {"pulse": _three_digits(pulse), "effect": document["effect"], "from": reached}
        if isinstance(allowed, Mapping):
            told.append(render_message("terminal.window-effect", said))
            continue
        harmed = _first_dose_sentence(document["p_harm"], row, allowed, document["dose"], unit)
        harm = {"harm": document["harm"], "share": _three_digits(100 * allowed), "harmed": harmed}
        told.append(render_message("terminal.window-both", said | harm))
    return told


def _first_dose_sentence(rows: Any, row: int, share: float, doses: Sequence[float], unit: str) -> str:
    """Return the least computed dose of the grid with at least that share, in words."""
    if isinstance(rows, Mapping):
        return render_message("terminal.window-unknown")
    dose = next((dose for dose, p in zip(doses, rows[row], strict=True) if p >= share), None)
    if dose is None:
        return render_message("terminal.window-never", {"dose": _three_digits(doses[-1]), "unit": unit})
    return render_message("terminal.window-from", {"dose": _three_digits(dose), "unit": unit})


def _uncalibrated_sentence(document: Mapping[str, Any], burn: Mapping[str, Any]) -> str:
    """Return the share burned by the computed dose alone, and why computed temperatures go with that share."""
    peak, share = document["temperature_C"]["basal_peak"], burn["p_uncalibrated"]["median"]
    at_peak = ""
    if "unknown" not in peak:
        at_peak = render_message("terminal.burned-basal-peak", {"temperature": _three_digits(peak["median"])})
    told = {"share": _three_digits(100 * share), "bias": _three_digits(burn["calibration"]["bias"]), "peak": at_peak}
    return render_message("terminal.burned-by-computed-dose", told)


def _tolerated_sentence(practice: Mapping[str, Any]) -> str:
    """Return a sentence on the doses that clinics report as tolerated near the setting of the case."""
    if "unknown" in practice:
        return render_message("terminal.tolerated-unknown", {"reason": practice["unknown"]})
    counts = {name: practice[name] for name in ("harmed", "of")}
    counted = (
        render_message("terminal.tolerated-counted", counts)
        if practice["of"]
        else render_message("terminal.tolerated-uncounted")
    )
    if practice["bound"]:
        counted = render_message("terminal.tolerated-most", {"counted": counted})
    told = {
        "doses": _tolerated_doses(practice),
        "skin": _tolerant_skin(practice),
        "cooling": ", ".join(render_message(f"terminal.cooled-{kind}") for kind in practice["cooling"]),
        "rows": practice["rows"],
        "sources": practice["sources"],
        "grades": ", ".join(render_message(f"terminal.read-{grade}") for grade in practice["grades"]),
        "counted": counted,
    }
    return render_message("terminal.tolerated", told)


def _tolerated_doses(practice: Mapping[str, Any]) -> str:
    """Return the range of tolerated doses in words; an upper end is no dose that somebody is known to have had."""
    high = _three_digits(practice["high"])
    if isinstance(practice["low"], Mapping):
        return render_message("terminal.tolerated-bound", {"high": high})
    low = _three_digits(practice["low"])
    if low == high:
        return low
    name = "tolerated-to-bound" if practice["bound"] else "tolerated-range"
    return render_message(f"terminal.{name}", {"low": low, "high": high})


def _tolerant_skin(practice: Mapping[str, Any]) -> str:
    if isinstance(practice["phototypes"], Mapping):
        return render_message("terminal.tolerated-skin-unstated")
    name = "tolerated-skin-mixed" if practice["mixed"] else "tolerated-skin"
    return render_message(f"terminal.{name}", {"phototypes": practice["phototypes"]})


def _dose_sentences(end: str, doses: tuple[Mapping[str, Any], Mapping[str, Any]], unit: str, behind: Any) -> list[str]:
    """Return sentences on both doses and the basis of the calibration; none if a dose is unknown."""
    if any("unknown" in dose for dose in doses):
        return []
    computed, calibrated = ({name: _three_digits(dose[name]) for name in ("median", "low", "high")} for dose in doses)
    return [
        render_message("terminal.dose-computed", {"end": end, "unit": unit, **computed}),
        render_message("terminal.dose-calibrated", {"unit": unit, **calibrated}),
        _basis_sentence(behind),
    ]


def _basis_sentence(behind: Mapping[str, Any]) -> str:
    from skinbeam.published_doses.calibration import BURN_CLASS  # imported late, as it imports the array library
    from skinbeam.simulate.model_error import min_sources

    rows, spread = behind["rows"], _three_digits(behind["spread"])
    if rows == 0:
        return render_message("terminal.rests-on-nothing", {"spread": spread})
    if behind["class"] == BURN_CLASS:
        told = {"rows": rows, "sources": behind["sources"], "bias": _three_digits(behind["bias"]), "spread": spread}
        return render_message("terminal.rests-on-practice", told)
    sources = behind["sources"]
    if sources < min_sources():
        return render_message(
            "terminal.rests-on-few-experiments", {"sources": sources, "least": min_sources(), "spread": spread}
        )
    return render_message("terminal.rests-on-experiments", {"rows": rows, "sources": sources, "spread": spread})


def _three_digits(value: float) -> str:
    return f"{value:.3g}"
