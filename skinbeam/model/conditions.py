"""Records of conditions, sites and modalities, read once from their tables."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, Literal

from skinbeam.model.document import DocumentResult, sha256_hex
from skinbeam.model.errors import InputError
from skinbeam.model.sources import SourcedValue
from skinbeam.model.vocabulary import NameKind, vocabulary_table
from skinbeam.text import render_message

__all__ = [
    "AlternativeUse",
    "Condition",
    "ConditionName",
    "ConditionTarget",
    "LaserFit",
    "LaserUse",
    "Modality",
    "ModalityName",
    "NameList",
    "Site",
    "SiteName",
    "SubtypeName",
    "check_treated_site",
    "known_conditions",
    "known_modalities",
    "known_names",
    "known_sites",
    "list_names",
    "title_with_site",
]

LaserUse = Literal["first", "usual", "possible"]
"""How a treatment is used: what its source says to begin with, what clinics usually do, or what may help else."""

_TARGET_NUMBERS = ("depth_um", "size_um", "melanin_ratio")


@dataclass(frozen=True)
class ConditionTarget:
    """What a treatment of a condition has to reach; what is None is unknown.

    Parameters
    ----------
    layer : of the human skin.
    depth_um : below the surface. size_um : of the thing itself, such as the diameter of a vessel.
    melanin_ratio : of the lesion over the skin around it.
    subtypes : kinds of the condition that have it; empty for all others.
    """

    chromophore: str
    layer: str
    depth_um: SourcedValue | None = None
    size_um: SourcedValue | None = None
    melanin_ratio: SourcedValue | None = None
    subtypes: tuple[str, ...] = ()


@dataclass(frozen=True)
class AlternativeUse:
    """How a modality without a laser is used for a condition, with the source.

    Parameters
    ----------
    use : `first` is to begin with. kinds : that it names; empty where it is for all but those apart.
    sites : where alone it is for the condition; empty where it is for every site.
    """

    use: LaserUse
    source: str
    kinds: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()


@dataclass(frozen=True)
class LaserFit:
    """How a laser modality is used for a condition, with the source.

    Parameters
    ----------
    reason_id : of the message why not, or None. kinds : that it names; empty where it is for all but those apart.
    """

    use: LaserUse | Literal["not"]
    source: str
    reason_id: str | None = None
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True)
class Condition:
    """A condition.

    Parameters
    ----------
    pigmented : an undiagnosed one always refers.
    source : what the definition was read in.
    lasers : use by laser modality; one that is not listed has no target here.
    alternatives : use by modality without a laser.
    subtypes : kinds that trials tell apart. subtypes_source : None where they are common terms.
    subtypes_apart : kinds of another nature, which get only treatments that name them and no result of the others.
    """

    name: str
    title: str
    aliases: tuple[str, ...]
    pigmented: bool
    source: tuple[str, ...]
    targets: tuple[ConditionTarget, ...]
    lasers: Mapping[str, LaserFit]
    alternatives: Mapping[str, AlternativeUse]
    subtypes: tuple[str, ...] = ()
    subtypes_source: str | None = None
    subtypes_apart: tuple[str, ...] = ()

    def kinds_for(self, treatment: "LaserFit | AlternativeUse") -> tuple[str, ...]:
        """Return the kinds that a treatment of this condition is for, as names; empty where it is for all."""
        usual = tuple(kind for kind in self.subtypes if kind not in self.subtypes_apart)
        return treatment.kinds or (usual if self.subtypes_apart else ())


@dataclass(frozen=True)
class Site:
    """A site of treatment, or of `[skin]` alone, which counts as off the face and far from the eyes.

    Parameters
    ----------
    hair_bearing : in which people: all, men or no.
    acne : whether acne comes there, so that light can make it flare.
    treated_as : the site under which a site of `[skin]` is treated; None where it is not.
    area_cm2 : usually treated, both sides together; None of a site of `[skin]`.
    """

    name: str
    title: str
    aliases: tuple[str, ...]
    use: Literal["treatment", "skin"]
    inside_orbital_rim: bool = False
    around_eyes: bool = False
    off_face: bool = True
    hair_bearing: Literal["all", "men", "no"] = "all"
    acne: bool = True
    treated_as: str | None = None
    area_cm2: SourcedValue | None = None


@dataclass(frozen=True)
class Modality:
    """A way to treat.

    Parameters
    ----------
    endpoint, location : what a laser has to reach, and in what (skin, lesion, vessel); empty without a laser.
    not_at : sites where it is not used, with the source.
    """

    name: str
    title: str
    aliases: tuple[str, ...]
    laser: bool
    endpoint: str = ""
    location: str = ""
    not_at: tuple[str, ...] = ()
    source: str | None = None


@cache
def known_conditions() -> Mapping[str, Condition]:
    """Return the conditions by name, in the order of their table."""
    return {name: _read_condition(name, **entry) for name, entry in vocabulary_table("condition").items()}


@cache
def known_sites() -> Mapping[str, Site]:
    """Return the sites by name, in the order of their table."""
    return {name: _read_site(name, **entry) for name, entry in vocabulary_table("site").items()}


def check_treated_site(site: str, *, field: str, file: str = "") -> None:
    """Refuse a site that only describes skin.

    Raises
    ------
    InputError : `not-treated`, with the sites that are treated.
    """
    entry = known_sites()[site]
    if entry.use != "treatment":
        known = [name for name, other in known_sites().items() if other.use == "treatment"]
        own = f"It is treated as {entry.treated_as}. " if entry.treated_as else ""
        hint = f"{own}Known: {', '.join(known)}."
        raise InputError("not-treated", f'"{site}" is a site of [skin] alone', field=field, hint=hint, file=file)


def title_with_site(title: str, site: str) -> str:
    """Return the title of a concern with the site in brackets, unless it names it, as the messages of a plan do."""
    name = known_sites()[site].title
    return title if name.lower() in title.lower() else f"{title} ({name})"


@cache
def known_modalities() -> Mapping[str, Modality]:
    """Return the modalities by name, in the order of their table."""
    return {name: _read_modality(name, **entry) for name, entry in vocabulary_table("modality").items()}


def known_names(kind: NameKind) -> Mapping[str, Condition | Site | Modality]:
    """Return the records of a kind of name, in the order of their table."""
    tables: Mapping[NameKind, Mapping[str, Condition | Site | Modality]] = {
        "condition": known_conditions(),
        "site": known_sites(),
        "modality": known_modalities(),
    }
    return tables[kind]


def _read_condition(
    name: str, *, target: Any, modality: Any = (), alternative: Any = (), aliases: Any, source: Any, **held: Any
) -> Condition:
    return Condition(
        name=name,
        aliases=tuple(aliases),
        source=tuple(source),
        targets=tuple(_read_target(**entry) for entry in target),
        lasers={other: _read_laser_fit(**use) for other, use in dict(modality).items()},
        alternatives={other: _read_alternative(**use) for other, use in dict(alternative).items()},
        **held | {key: tuple(held.get(key, ())) for key in ("subtypes", "subtypes_apart")},
    )


def _read_laser_fit(*, use: Any, source: str, why: str | None = None, kinds: Any = ()) -> LaserFit:
    return LaserFit(use, source, why, tuple(kinds))


def _read_alternative(*, use: Any, source: str, kinds: Any = (), sites: Any = ()) -> AlternativeUse:
    return AlternativeUse(use, source, tuple(kinds), tuple(sites))


def _read_target(*, subtypes: Any = (), **held: Any) -> ConditionTarget:
    held |= {key: SourcedValue.from_table(held[key]) for key in _TARGET_NUMBERS if key in held}
    return ConditionTarget(**held, subtypes=tuple(subtypes))


def _read_modality(name: str, *, aliases: Any, where: str = "", not_at: Any = (), **held: Any) -> Modality:
    return Modality(name, aliases=tuple(aliases), location=where, not_at=tuple(not_at), **held)


def _read_site(name: str, *, aliases: Any, area_cm2: Any = None, **held: Any) -> Site:
    area = None if area_cm2 is None else SourcedValue.from_table(area_cm2)
    return Site(name, aliases=tuple(aliases), area_cm2=area, **held)


# The list of all names that a case file may use: `skinbeam.conditions/1`.


@dataclass(frozen=True)
class SubtypeName:
    """A kind of a condition."""

    name: str
    title: str


@dataclass(frozen=True)
class ConditionName:
    """A condition with its everyday words and its kinds."""

    name: str
    aliases: tuple[str, ...]
    title: str
    pigmented: bool
    subtypes: tuple[SubtypeName, ...]


@dataclass(frozen=True)
class SiteName:
    """A site with its everyday words."""

    name: str
    aliases: tuple[str, ...]
    title: str
    use: str


@dataclass(frozen=True)
class ModalityName:
    """A modality with its everyday words."""

    name: str
    aliases: tuple[str, ...]
    title: str
    laser: bool


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class NameList(DocumentResult):
    """Every name that a case file may use."""

    schema: ClassVar[str] = "skinbeam.conditions/1"

    conditions: tuple[ConditionName, ...]
    sites: tuple[SiteName, ...]
    modalities: tuple[ModalityName, ...]


def list_names() -> NameList:
    """Return every name that a case file may use, with its everyday words."""
    return NameList(
        case_sha256=sha256_hex({"command": "conditions"}),
        seed=0,
        conditions=tuple(
            ConditionName(
                condition.name,
                condition.aliases,
                condition.title,
                condition.pigmented,
                tuple(SubtypeName(kind, render_message(f"subtype-title.{kind}")) for kind in condition.subtypes),
            )
            for condition in known_conditions().values()
        ),
        sites=tuple(SiteName(site.name, site.aliases, site.title, site.use) for site in known_sites().values()),
        modalities=tuple(
            ModalityName(modality.name, modality.aliases, modality.title, modality.laser)
            for modality in known_modalities().values()
        ),
    )
