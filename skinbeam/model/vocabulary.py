"""Names of conditions, sites and modalities with their everyday words; names of endpoints and grades."""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Literal

from skinbeam.model.errors import ALIKE_NAMES, InputError, nearest_name
from skinbeam.model.package_data import load_package_table
from skinbeam.model.suggestions import misspelt_site, uncovered_condition_error
from skinbeam.text import render_message

__all__ = [
    "ABLATIVE_MODALITIES",
    "COLOUR_MODALITIES",
    "COLUMN_MODALITIES",
    "CREAMS_FIRST",
    "ENDPOINTS",
    "HEATING_MODALITIES",
    "PHOTOTYPES",
    "PIGMENT_MODALITIES",
    "RAISED_SCARS",
    "SEVERITIES",
    "SURFACE_MODALITIES",
    "WOUNDING_MODALITIES",
    "NameKind",
    "condition_subtypes",
    "laser_modalities",
    "phototype_range",
    "resolve_name",
    "severity_range",
    "subtype_description",
    "usable_modalities",
    "vocabulary_table",
]

NameKind = Literal["condition", "site", "modality"]
PHOTOTYPES = ("I", "II", "III", "IV", "V", "VI")
SEVERITIES = ("mild", "moderate", "severe")
ABLATIVE_MODALITIES = ("ablative", "fractional-ablative")  # what removes skin, all of it or in columns
COLUMN_MODALITIES = ("non-ablative-fractional", "fractional-ablative")
SURFACE_MODALITIES = ("ablative", *COLUMN_MODALITIES)  # what works on the surface, and has a depth for a limit
PIGMENT_MODALITIES = ("pigment-short-pulse", "pigment-long-pulse")
HEATING_MODALITIES = ("vascular", "pigment-long-pulse")  # long pulses over a whole field
COLOUR_MODALITIES = ("vascular", *PIGMENT_MODALITIES)  # light that blood or melanin absorbs
# What opens, freezes or heats the depth of the skin without a laser; a peel does where its acid is medium or deep.
WOUNDING_MODALITIES = ("cryotherapy", "focused-ultrasound", "microneedling", "radiofrequency", "surgery")
RAISED_SCARS = ("hypertrophic-scars", "keloid")
CREAMS_FIRST = tuple(load_package_table("data/facts.toml")["creams_first"])  # conditions on which light waits for them
# Endpoints that a dose can reach. `simulate.endpoints.registry` evaluates them; it is not needed for their names.
ENDPOINTS = (
    "epidermal-necrosis",
    "dermal-necrosis",
    "minimum-visible-lesion",
    "vessel-closure",
    "melanosome-disruption",
    "collagen-coagulation",
    "blood-coagulation",
    "ablation",
    "purpura",
    "purpura-immediate",
    "vessel-rupture",
    "blood-vaporisation",
    "surface-distortion",
    "surface-bubble",
    "surface-rupture",
    "whitening",
    "pain",
)
_VOCABULARY_FILES = {"condition": "conditions.toml", "site": "sites.toml", "modality": "modalities.toml"}


def _range_ends(grade: str, order: tuple[str, ...]) -> tuple[int, int]:
    ends = grade.split("-")
    return order.index(ends[0]) + 1, order.index(ends[-1]) + 1


def phototype_range(grade: str) -> tuple[int, int]:
    """Return the lowest and the highest phototype, 1 to 6, of e.g. `III-IV`."""
    return _range_ends(grade, PHOTOTYPES)


def severity_range(grade: str) -> tuple[int, int]:
    """Return the lowest and the highest severity, 1 (mild) to 3 (severe), of e.g. `moderate-severe`."""
    return _range_ends(grade, SEVERITIES)


def vocabulary_table(kind: NameKind) -> Mapping[str, Mapping[str, Any]]:
    """Return a mapping of name to entry for a kind of name, in the order of its file."""
    return load_package_table(f"data/{_VOCABULARY_FILES[kind]}")


def condition_subtypes(condition: str) -> tuple[str, ...]:
    """Return the subtypes of a condition that trials distinguish; empty for an unknown or undivided condition."""
    return tuple(vocabulary_table("condition").get(condition, {}).get("subtypes", ()))


def subtype_description(subtype: str) -> str:
    """Return the title of a subtype and how a clinician recognises it."""
    return f"{render_message(f'subtype-title.{subtype}')}. {render_message(f'subtype-definition.{subtype}')}"


@cache
def laser_modalities() -> tuple[str, ...]:
    """Return the modalities that are a laser or strong light."""
    return tuple(name for name, entry in vocabulary_table("modality").items() if entry["laser"])


def usable_modalities(condition: str) -> tuple[str, ...]:
    """Return the modalities that the table of conditions does not rule out for a condition."""
    listed = vocabulary_table("condition")[condition].get("modality", {})
    return tuple(name for name, choice in listed.items() if choice["use"] != "not")


@cache
def _spellings(kind: NameKind) -> Mapping[str, str]:
    """Return a mapping of every known spelling, in normalised form, to its name."""
    known: dict[str, str] = {}
    for name, entry in vocabulary_table(kind).items():
        for word in (name, entry["title"], *entry["aliases"]):
            known.setdefault(_normalise_word(word), name)
    return known


def _normalise_word(word: str) -> str:
    return " ".join(word.lower().replace("-", " ").replace("_", " ").replace("’", "'").split())


def _name_within(word: str, known: Iterable[str]) -> str | None:
    """Return the longest known name that stands in a word as a whole, as "keloid" does in "keloid of the ear"."""
    padded = f" {_normalise_word(word)} "
    found = [name for name in known if f" {_normalise_word(name)} " in padded]
    return max(found, key=len, default=None)


def resolve_name(kind: NameKind, word: str, *, field: str) -> str:
    """Return the vocabulary name for a name or everyday word.

    Raises
    ------
    InputError : the word is unknown; the hint gives the nearest name, of a site only one that it may misspell.
    """
    name_in_table = _spellings(kind).get(_normalise_word(word)) if isinstance(word, str) else None
    if name_in_table is not None:
        return name_in_table
    wish = uncovered_condition_error(word, field=field) if kind == "condition" else None
    if wish is not None:
        raise wish
    known = [*vocabulary_table(kind), *(a for e in vocabulary_table(kind).values() for a in e["aliases"])]
    near = misspelt_site(word, known) if kind == "site" else nearest_name(word, known, least=ALIKE_NAMES)
    if near is None and kind == "condition" and isinstance(word, str):
        near = _name_within(word, known)
    hint = f'Did you mean "{near}"?' if near else f"Known: {', '.join(vocabulary_table(kind))}."
    raise InputError(f"unknown-{kind}", f'unknown {kind} "{word}"', field=field, hint=hint)
