"""Names of the guideline: classes of devices with the classes that they include, treatments, sites and conditions."""

from collections.abc import Collection, Mapping
from functools import cache, partial

from skinbeam.laser.device_class import class_table
from skinbeam.model.conditions import known_conditions, known_modalities, known_sites
from skinbeam.model.package_data import load_package_table
from skinbeam.model.vocabulary import laser_modalities

__all__ = [
    "class_parts",
    "condition_of_site",
    "default_subtype",
    "guideline_classes",
    "guideline_conditions",
    "guideline_sites",
    "guideline_treatments",
    "includes_class",
    "is_alike",
    "is_light",
    "is_of_class",
    "is_same_class",
    "kind_of_row",
    "outside_conditions",
]

_guideline_names = partial(load_package_table, "data/guideline.toml")
_ANY_LAMP = "ipl-any"
_WIDE_CLASSES = ("pdl", "ipl", "ndyag-1064")


def guideline_classes() -> Collection[str]:
    """Return every class of device, drug and procedure that the guideline names."""
    return tuple(_guideline_names()["device_classes"])


def guideline_treatments() -> Collection[str]:
    """Return the modalities and the other treatments of the guideline."""
    return (*known_modalities(), *_guideline_names()["other_treatments"])


def guideline_sites() -> Collection[str]:
    """Return the sites of case files and the other sites of the guideline."""
    return (*known_sites(), *_guideline_names()["sites"])


def guideline_conditions() -> Collection[str]:
    """Return the conditions that plans cover, and then those that only the guideline knows."""
    return (*known_conditions(), *outside_conditions())


def outside_conditions() -> Mapping[str, str]:
    """Return the conditions that the guideline knows and plans do not cover, with their usual site."""
    outside: Mapping[str, str] = _guideline_names()["outside"]
    return outside


def default_subtype(condition: str) -> str:
    """Return the subtype that stands for a condition whose kind is not told; empty if any kind is treated alike."""
    return str(_guideline_names()["default_subtype"].get(condition, ""))


def kind_of_row(condition: str, kind: str) -> str:
    """Return the kind whose rows hold for a kind or a degree of a condition; nearly always itself."""
    degrees: Mapping[str, str] = _guideline_names()["row_of_degree"].get(condition, {})
    return degrees.get(kind, kind)


def condition_of_site(condition: str, site: str) -> str:
    """Return the condition whose rows hold for a condition at a site; nearly always itself."""
    sites: Mapping[str, str] = _guideline_names()["condition_of_site"].get(condition, {})
    return sites.get(site, condition)


@cache
def is_alike(name: str, other: str) -> bool:
    """Return whether the lights of two classes stand for each other: columns of 1540, 1550 and 1565 nm do."""
    return any(name in group and other in group for group in _guideline_names()["alike"])


@cache
def is_light(treatment: str) -> bool:
    """Return whether a treatment uses a laser or strong light, alone or after a drug."""
    return treatment in laser_modalities() or treatment in _guideline_names()["light"]


def class_parts(device_class: str) -> tuple[str, ...]:
    """Return the classes of a combination such as `pdl-595+ndyag-1064`; a single class is its only part."""
    return tuple(device_class.split("+"))


@cache
def includes_class(wide: str, narrow: str) -> bool:
    """Return whether every device of the class `narrow` belongs to the class `wide`, as `ipl-560` does to `ipl-any`.

    `data/device_classes.toml` states it for the classes of shipped devices; for other classes the name does.
    """
    if wide == narrow or wide in class_table().get(narrow, {"within": ()})["within"]:
        return True
    stem = wide.removesuffix("-any")
    return (stem != wide or wide in _WIDE_CLASSES) and f"{narrow}-".startswith(f"{stem}-")


def is_of_class(classes: Collection[str], name: str) -> bool:
    """Return whether a device of these classes is of a class, or of a part of a combination such as `a+b`."""
    return any(is_same_class(part, classes) for part in class_parts(name))


def is_same_class(name: str, classes: Collection[str]) -> bool:
    """Return whether a device of these classes is of a class, which may be a combination as a whole.

    Lamps differ less by their filter than sources do, so that a lamp has the place of any other.
    """
    if any(includes_class(name, own) for own in classes):
        return True
    return includes_class(_ANY_LAMP, name) and any(includes_class(_ANY_LAMP, own) for own in classes)
