"""What is known of conditions, sites and modalities beyond their names: targets, what suits them, what to mind.

The sentences stand in the message catalogue: `condition-definition.NAME`, `condition-can.NAME`,
`condition-cannot.NAME`, `site-definition.NAME`, `site-note.NAME` and `modality-definition.NAME`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from itertools import chain
from typing import Any

from skinbeam.model.sources import SourcedValue
from skinbeam.model.vocabulary import NameKind, vocabulary_table
from skinbeam.text import Message

__all__ = [
    "Condition",
    "Fit",
    "Modality",
    "Site",
    "Target",
    "condition",
    "modality",
    "site",
]

CHROMOPHORES = ("melanin", "blood", "water", "none")
LAYERS = (
    "stratum corneum",
    "living epidermis",
    "papillary dermis",
    "upper plexus",
    "reticular dermis",
    "deep plexus",
    "fat",
)
USES = ("usual", "possible", "not")
HAIR = ("all", "men", "no")
NO_TARGET = "condition-why.no-target"


@dataclass(frozen=True)
class Target:
    """What the treatment has to reach. What is None is unknown.

    Parameters
    ----------
    chromophore : melanin, blood, water or none; layer : of the human skin.
    depth_um : below the surface; size_um : of the thing itself (vessel diameter, melanosome length, scar width).
    melanin_ratio : of the lesion over the skin around it.
    """

    chromophore: str
    layer: str
    depth_um: SourcedValue | None = None
    size_um: SourcedValue | None = None
    melanin_ratio: SourcedValue | None = None


@dataclass(frozen=True)
class Fit:
    """Whether a modality suits a condition: usual, possible or not, and then why."""

    use: str
    source: str | None
    why: Message | None = None


@dataclass(frozen=True)
class Condition:
    """A condition. `fits` holds every laser modality; `alternatives` non-laser ones by name with their source.

    `subtypes_source` is None where its kinds are common terms, or where it has none.
    """

    name: str
    title: str
    pigmented: bool
    source: tuple[str, ...]
    targets: tuple[Target, ...]
    fits: Mapping[str, Fit]
    alternatives: Mapping[str, str]
    subtypes: tuple[str, ...]
    subtypes_source: str | None

    @property
    def definition(self) -> Message:
        """What it is."""
        return Message(f"condition-definition.{self.name}")

    @property
    def laser_can(self) -> Message:
        """What a laser can do for it."""
        return Message(f"condition-can.{self.name}")

    @property
    def laser_cannot(self) -> Message:
        """What a laser cannot do for it."""
        return Message(f"condition-cannot.{self.name}")


@dataclass(frozen=True)
class Site:
    """A site of treatment. `hair_bearing`: all, men or no; `area_cm2`: usually treated, both sides together."""

    name: str
    title: str
    inside_orbital_rim: bool
    around_eyes: bool
    off_face: bool
    hair_bearing: str
    area_cm2: SourcedValue

    @property
    def definition(self) -> Message:
        """Where it begins and ends."""
        return Message(f"site-definition.{self.name}")

    @property
    def note(self) -> Message:
        """What to mind there."""
        return Message(f"site-note.{self.name}")


@dataclass(frozen=True)
class Modality:
    """A way to treat. A laser one seeks its `endpoint` somewhere (skin, lesion, vessel) and is `not_at` some sites."""

    name: str
    title: str
    laser: bool
    endpoint: str | None
    where: str | None
    not_at: tuple[str, ...]
    source: str | None

    @property
    def definition(self) -> Message:
        """What it is."""
        return Message(f"modality-definition.{self.name}")


@cache
def modality(name: str) -> Modality:
    """Return the modality called `name`, one of the names of its table."""
    entry = _entry("modality", name, {"endpoint", "where", "not_at", "source"}, {"laser"})
    return Modality(
        name,
        entry["title"],
        entry["laser"],
        entry.get("endpoint"),
        entry.get("where"),
        tuple(entry.get("not_at", ())),
        entry.get("source"),
    )


@cache
def site(name: str) -> Site:
    """Return the site of treatment called `name`.

    Raises
    ------
    KeyError : no such site, or one of [skin] alone.
    """
    wanted = {"inside_orbital_rim", "around_eyes", "off_face", "hair_bearing", "area_cm2"}
    if vocabulary_table("site")[name]["use"] != "treatment":
        raise KeyError(name)
    entry = _entry("site", name, {"acne"}, wanted | {"use"})
    _one_of(entry["hair_bearing"], HAIR, f"sites.toml: {name}.hair_bearing")
    return Site(
        name,
        entry["title"],
        entry["inside_orbital_rim"],
        entry["around_eyes"],
        entry["off_face"],
        entry["hair_bearing"],
        SourcedValue.from_table(entry["area_cm2"]),
    )


@cache
def condition(name: str) -> Condition:
    """Return the condition called `name`.

    Raises
    ------
    KeyError : no such condition. ValueError : its table does not hold to the form.
    """
    entry = _entry(
        "condition",
        name,
        {"modality", "alternative", "subtypes", "subtypes_apart", "subtypes_source"},
        {"pigmented", "source", "target"},
    )
    lasers = [key for key, other in vocabulary_table("modality").items() if other["laser"]]
    stated = entry.get("modality", {})
    for key in stated:
        _one_of(key, lasers, f"conditions.toml: {name}.modality")
    for kind in entry.get("subtypes_apart", ()):
        _one_of(kind, entry["subtypes"], f"conditions.toml: {name}.subtypes_apart")
    uses = (*stated.values(), *entry.get("alternative", {}).values())
    for kind in chain.from_iterable(use.get("kinds", ()) for use in uses):
        _one_of(kind, entry["subtypes"], f"conditions.toml: {name}: kinds")
    for key in entry.get("alternative", {}):
        _one_of(
            key, [m for m in vocabulary_table("modality") if m not in lasers], f"conditions.toml: {name}.alternative"
        )
    return Condition(
        name=name,
        title=entry["title"],
        pigmented=entry["pigmented"],
        source=tuple(entry["source"]),
        targets=tuple(_target(target, name) for target in entry["target"]),
        fits={key: _fit(stated.get(key), name) for key in lasers},
        alternatives={key: value["source"] for key, value in entry.get("alternative", {}).items()},
        subtypes=tuple(entry.get("subtypes", ())),
        subtypes_source=entry.get("subtypes_source"),
    )


def _fit(entry: Mapping[str, Any] | None, name: str) -> Fit:
    if entry is None:
        return Fit("not", None, Message(NO_TARGET))
    _keys(entry, {"use", "source"}, {"why", "kinds"}, f"conditions.toml: {name}.modality")
    _one_of(entry["use"], USES, f"conditions.toml: {name}.modality.use")
    if (entry["use"] == "not") != ("why" in entry):
        raise ValueError(f'conditions.toml: {name}: a modality has `why` if and only if use = "not"')
    return Fit(entry["use"], entry["source"], Message(entry["why"]) if "why" in entry else None)


def _target(entry: Mapping[str, Any], name: str) -> Target:
    numbers = ("depth_um", "size_um", "melanin_ratio")
    _keys(entry, {"chromophore", "layer"}, {*numbers, "subtypes"}, f"conditions.toml: {name}.target")
    for kind in entry.get("subtypes", ()):
        _one_of(kind, vocabulary_table("condition")[name]["subtypes"], f"conditions.toml: {name}.target.subtypes")
    _one_of(entry["chromophore"], CHROMOPHORES, f"conditions.toml: {name}.target.chromophore")
    _one_of(entry["layer"], LAYERS, f"conditions.toml: {name}.target.layer")
    values = {key: SourcedValue.from_table(entry[key]) for key in numbers if key in entry}
    return Target(entry["chromophore"], entry["layer"], **values)


def _entry(kind: NameKind, name: str, optional: set[str], required: set[str]) -> Mapping[str, Any]:
    entry = vocabulary_table(kind)[name]
    _keys(entry, required | {"title", "aliases"}, optional, f"{kind}: {name}")
    return entry


def _keys(entry: Mapping[str, Any], required: set[str], optional: set[str], where: str) -> None:
    """Hold a table of the package to its keys.

    Raises
    ------
    ValueError : a key is missing or unknown.
    """
    if missing := required - set(entry):
        raise ValueError(f"{where}: {', '.join(sorted(missing))} missing")
    if unknown := set(entry) - required - optional:
        raise ValueError(f"{where}: unknown key {', '.join(sorted(unknown))}")


def _one_of(read: str, known: Any, where: str) -> None:
    if read not in known:
        raise ValueError(f'{where}: "{read}" is not one of {", ".join(known)}')
