"""Tables of what the package knows by name: conditions, devices, limits, bounds of rules, endpoints, sources."""

import tomllib
from collections.abc import Mapping
from importlib import resources
from typing import Any

from parts import markdown
from parts.keys import MEANINGS
from parts.markdown import cited, plain
from skinbeam.laser.device import devices as all_devices
from skinbeam.model.sources import bibliography
from skinbeam.model.vocabulary import ENDPOINTS, condition_subtypes, vocabulary_table
from skinbeam.text import render_message

__all__ = ["bounds", "devices", "endpoints", "kinds", "kinetics", "limits", "names", "sources"]


def names(kind: Any) -> str:
    """What is understood of conditions, sites or modalities."""
    rows = [
        (f"`{name}`", entry["title"], ", ".join(entry["aliases"])) for name, entry in vocabulary_table(kind).items()
    ]
    return markdown.table(("name", "what it is", "also understood"), rows)


def kinds() -> str:
    """The subtypes of each condition."""
    rows = [
        (
            f"`{name}`",
            f"`{word}`",
            render_message(f"subtype-title.{word}"),
            render_message(f"subtype-definition.{word}"),
            cited(entry["subtypes_source"]) if "subtypes_source" in entry else "common term",
        )
        for name, entry in vocabulary_table("condition").items()
        for word in condition_subtypes(name)
    ]
    return markdown.table(("condition", "kind", "what it is", "how a clinician tells it", "source"), rows)


def devices() -> str:
    """The devices that are shipped, and what they emit."""
    rows = [
        (
            f"`{name}`",
            device.title,
            ", ".join(f"{nm:g}" for nm in device.wavelengths_nm),
            f"{device.pulse_ms[0]:g} to {device.pulse_ms[1]:g}",
            f"{device.dose[0]:g} to {device.dose[1]:g} {'mJ' if device.microbeam else 'J/cm²'}",
            ", ".join(f"`{key}`" for key in device.classes),
            device.file.stated,
        )
        for name, device in all_devices().items()
    ]
    return markdown.table(
        ("name", "machine", "wavelengths, nm", "pulse, ms", "dose", "classes", "ranges as stated by"), rows
    )


def limits() -> str:
    """The limits of a setting."""
    rows = [
        (
            f"`{row['id']}`",
            f"`{row['quantity']}` {row['operator']} {row['stop']:g}",
            f"{row['warn']:g}",
            f"{row['share']:g}" if "share" in row else "all, on average",
            ", ".join(row["modalities"]),
            ", ".join(row["sites"]) or "all",
            ", ".join(row.get("conditions", ())) or "all",
            cited(row["source"]),
        )
        for row in _data("limits.toml")["limit"]
    ]
    return markdown.table(
        ("limit", "holds while", "warns at", "share of skins", "modalities", "sites", "conditions", "source"), rows
    )


def bounds() -> str:
    """What rules hold numbers to."""
    rows = [
        (
            f"`{rule}`",
            ", ".join(entry["modalities"]) if isinstance(entry["modalities"], list) else entry["modalities"],
            f"`{bound['quantity']}`",
            f"{bound['factor']:g} of what would be chosen" if "factor" in bound else f"at most {bound['maximum']:g}",
            cited(bound["source"]),
            bound["conditions"],
        )
        for rule, entry in _data("rules.toml").items()
        for bound in entry.get("bound", ())
    ]
    return markdown.table(("rule", "modalities", "quantity", "bound", "source", "found in"), rows)


def endpoints() -> str:
    """The endpoints that a dose is asked for."""
    return markdown.table(
        ("endpoint", "reached when"), [(f"`{name}`", MEANINGS["endpoint"][name]) for name in ENDPOINTS]
    )


def kinetics() -> str:
    """The sets of kinetics, and on what each was measured."""
    rows = [
        (f"`{name}`", entry["role"], entry["conditions"], cited(entry["source"]))
        for name, entry in _data("tissue/kinetics.toml")["set"].items()
    ]
    return markdown.table(("set", "meant for", "measured on", "source"), rows)


def sources() -> str:
    """The bibliography, with an anchor at each key."""
    lines = []
    for key, source in sorted(bibliography().items()):
        where = [source.fields.get(name, "") for name in ("journal", "booktitle", "publisher")]
        shown = ". ".join(piece.strip(". ") for piece in (source.citation, *where) if piece)
        doi = source.fields.get("doi")
        link = f" [doi:{doi}](https://doi.org/{doi})" if doi else ""
        note = f" *{source.fields['note'].rstrip('.')}.*" if "note" in source.fields else ""
        lines.append(f'- <a id="{key}"></a>**{key}**: {plain(shown)}.{link}{plain(note)}')
    return "\n".join(lines)


def _data(name: str) -> Mapping[str, Any]:
    return tomllib.loads((resources.files("skinbeam") / "data" / name).read_text(encoding="utf-8"))
