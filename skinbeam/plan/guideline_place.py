"""Place of a treatment in the guideline for a person's concern: first, second or third, or advised against.

What the guideline puts first is named without what the rules refuse, so that no refusal recommends it.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Final, Literal

from skinbeam.assessment.questionnaire import darkest_phototype
from skinbeam.evidence.expectation.estimates import inline_title
from skinbeam.evidence.guideline.device_classes import class_parts, includes_class, is_alike, is_same_class, kind_of_row
from skinbeam.evidence.guideline.records import GuidelineCell, GuidelineTreatment
from skinbeam.evidence.guideline.table import guideline_cell, load_cells, load_choices
from skinbeam.evidence.guideline.words import name_message
from skinbeam.laser.device import Device, devices
from skinbeam.laser.setting_grid import BeamSetting, device_classes, one_of_each_light
from skinbeam.model.case import Case
from skinbeam.model.conditions import known_conditions, known_modalities
from skinbeam.model.consultation import Concern
from skinbeam.model.sources import cite_sources
from skinbeam.model.vocabulary import COLUMN_MODALITIES, PHOTOTYPES, phototype_range
from skinbeam.plan.setting_rules import judge_setting
from skinbeam.response.envelope import is_thick_scar
from skinbeam.response.settings import SearchMachine, is_facial
from skinbeam.suitability.judgement import judge_suitability
from skinbeam.text import Message

__all__ = [
    "AdviceAgainst",
    "GuidelinePlace",
    "advice_against",
    "are_named_columns",
    "concern_cells",
    "concern_kinds",
    "first_choice_name",
    "guideline_place",
    "is_light_of_place",
    "kind_cells",
    "message_of_kind",
    "place_number",
]

_UNPLACED: Final = 4  # behind the third place

PlaceNumber = Literal[1, 2, 3]
_AGAINST = ("avoid", "contraindicated")


@dataclass(frozen=True)
class GuidelinePlace:
    """Place of a treatment in the guideline for a concern.

    Parameters
    ----------
    number : 1 for the first choice, to 3.
    order : index of its class of device among the alternatives of that place.
    device_class : the class that names it; of a combination the part; empty for a treatment without a device.
    sources : how many sources are behind the cell.
    kinds : kinds of the condition that it has this place for, where the concern has others too; else empty.
    partners : the other classes of a combination, where the cell names it in combinations alone; else empty.
    is_between : whether it is that of lighter and of darker skin, where the cell of such skin does not name it.
    is_of_alike : whether it is that of a light that does the same to skin, where the cell does not name its own.
    """

    number: PlaceNumber
    order: int
    device_class: str
    sources: int
    kinds: tuple[str, ...] = ()
    partners: tuple[str, ...] = ()
    is_between: bool = False
    is_of_alike: bool = False

    @property
    def is_indirect(self) -> bool:
        """Whether the cell names it in combinations alone, or names a light like it, or the cells around it do."""
        return bool(self.partners) or self.is_of_alike or self.is_between

    @property
    def standing(self) -> tuple[int, bool, bool, int]:
        """What places are sorted by.

        Of the same number, a class that is named alone comes before part of a combination, and a named class before
        one that is like it.
        """
        return self.number, bool(self.partners), self.is_of_alike, self.order


@dataclass(frozen=True)
class AdviceAgainst:
    """The advice of sources against a treatment: the message, and the key of one source that gives it."""

    message: Message
    source: str


def concern_cells(case: Case, concern: Concern) -> tuple[GuidelineCell, ...]:
    """Return the cells of the guideline for a concern, one of each kind; empty where the guideline has none.

    The darkest phototype that the answers allow counts; without any answer it is VI, because a missing answer must not
    reduce caution.
    """
    number = darkest_phototype(case)
    phototype = PHOTOTYPES[-1 if number is None else number - 1]
    return kind_cells(concern, phototype)


def kind_cells(concern: Concern, phototype: str) -> tuple[GuidelineCell, ...]:
    """Return the cells for all kinds of a concern in skin of a phototype, each once."""
    kinds = concern_kinds(concern)
    cells = (guideline_cell(concern.condition, kind, concern.site, phototype) for kind in kinds)
    return tuple(dict.fromkeys(cell for cell in cells if cell is not None))


def concern_kinds(concern: Concern) -> tuple[str, ...]:
    """Return the kinds of a concern by which the guideline sorts: all that are stated, else the severity.

    A severity that the row of another one holds for takes that row: moderate laxity stands in the row of the severe.
    """
    kinds = concern.subtypes or (concern.severity or "",)
    return tuple(kind_of_row(concern.condition, kind) for kind in kinds)


def guideline_place(
    cells: Sequence[GuidelineCell], modality: str, classes: Collection[str] | None = None
) -> GuidelinePlace | None:
    """Return the best place that any of the cells of a concern gives a treatment; None where none names it.

    What the cells of lighter and of darker skin name, and that of such skin does not, has the later of their places.

    Parameters
    ----------
    classes : of the device at its setting, empty for light of no class; None for a treatment without a device.
    """
    found = [(cell, place) for cell in cells if (place := _place_in_cell(cell, modality, classes)) is not None]
    if not found:
        found = [pair for cell in cells if (pair := _place_between(cell, modality, classes)) is not None]
    if not found:
        return None
    cell, best = min(found, key=lambda pair: pair[1].standing)
    cite_sources(*cell.sources)
    kinds = tuple(other.subtype for other, place in found if place.number == best.number)
    return replace(best, kinds=kinds) if len(kinds) < len(cells) and all(kinds) else best


def _place_between(
    cell: GuidelineCell, modality: str, classes: Collection[str] | None
) -> tuple[GuidelineCell, GuidelinePlace] | None:
    """Return the later of the places that a treatment has in lighter and in darker skin, with its cell, or None.

    A cell has three places, and sources that do not split by phototype fill them unlike in skin between two others.
    None where either has none, and where the cell gives the treatment beside others or advises against it.
    """
    if modality in cell.adjuncts or _cell_against(cell, modality, classes) is not None:
        return None
    around = [
        next(
            ((neighbour, place) for neighbour in side if (place := _place_in_cell(neighbour, modality, classes))), None
        )
        for side in _cells_around(cell)
    ]
    if None in around:
        return None
    named, later = max((pair for pair in around if pair is not None), key=lambda pair: pair[1].standing)
    return named, replace(later, is_between=True)


@cache
def _cells_around(cell: GuidelineCell) -> tuple[tuple[GuidelineCell, ...], tuple[GuidelineCell, ...]]:
    """Return the cells of the same kind and site for lighter and for darker skin, the nearest first."""
    low, high = phototype_range(cell.phototype)
    alike = [
        other
        for other in load_cells()
        if (other.condition, other.subtype, other.site) == (cell.condition, cell.subtype, cell.site)
    ]
    lighter = [other for other in alike if phototype_range(other.phototype)[1] < low]
    darker = [other for other in alike if phototype_range(other.phototype)[0] > high]
    lighter.sort(key=lambda other: -phototype_range(other.phototype)[1])
    darker.sort(key=lambda other: phototype_range(other.phototype)[0])
    return tuple(lighter), tuple(darker)


def place_number(cells: Sequence[GuidelineCell], modality: str, classes: Collection[str]) -> int:
    """Return the number of the best place of a device, with one behind all others where it has none."""
    place = guideline_place(cells, modality, classes)
    return _UNPLACED if place is None else place.number


def _place_in_cell(cell: GuidelineCell, modality: str, classes: Collection[str] | None) -> GuidelinePlace | None:
    """Return the best place of a treatment in one cell; None where the cell does not name it.

    The place of a combination, such as two lights in sequence, counts for a part only where neither this part nor a
    class within it is named alone.
    """
    places: tuple[tuple[PlaceNumber, GuidelineTreatment | None], ...] = (
        (1, cell.first),
        (2, cell.second),
        (3, cell.third),
    )
    found = [
        GuidelinePlace(number, order, part, len(cell.sources), partners=partners, is_of_alike=is_of_alike)
        for number, treatment in places
        if treatment is not None and treatment.treatment == modality
        for order, part, partners, is_of_alike in _named_classes(treatment, classes)
    ]
    named_alone = [
        name for treatment in cell.treatments for name in treatment.device_classes if len(class_parts(name)) == 1
    ]
    alone = [place for place in found if not place.partners]
    return min(alone, key=lambda place: place.standing, default=None) or next(
        (place for place in found if not any(includes_class(place.device_class, name) for name in named_alone)), None
    )


def are_named_columns(
    place: GuidelinePlace | None, modality: str, concern: Concern, cells: Sequence[GuidelineCell]
) -> bool:
    """Return whether the guideline names columns for a concern of the face, for a scar, or for this very site.

    They stay, and keep their place, however few skins they reach: the depth that columns aim at is a judgement.
    Elsewhere skin scars sooner, and what the guideline says of lines and texture without a site is of the face. A scar
    is thicker than the skin around it, wherever it is.

    Parameters
    ----------
    cells : of the guideline, one with the place.
    """
    if place is None or modality not in COLUMN_MODALITIES:
        return False
    return (
        is_thick_scar(concern.condition) or any(cell.site == concern.site for cell in cells) or is_facial(concern.site)
    )


def _named_classes(
    treatment: GuidelineTreatment, classes: Collection[str] | None
) -> Iterator[tuple[int, str, tuple[str, ...], bool]]:
    """Yield index, name and partners of the alternatives that one of the classes is of, or a part of.

    With each goes whether it is only like the class. A device of no class gives the light of no named class.
    """
    if classes is None or not treatment.device_classes:
        yield 0, "", (), False
        return
    for index, name in enumerate(treatment.device_classes):
        parts = class_parts(name)
        own = next((part for part in parts if is_same_class(part, classes)), None)
        alike = next((part for part in parts if any(is_alike(part, other) for other in classes)), None)
        named = own or alike
        if named is not None:
            yield index, named, tuple(part for part in parts if part != named), own is None


def is_light_of_place(treatment: GuidelineTreatment, classes: Collection[str]) -> bool:
    """Return whether a device of these classes gives the light of a treatment, or one light of its combination."""
    return any(_named_classes(treatment, classes))


def advice_against(
    case: Case, concern: Concern, cells: Sequence[GuidelineCell], modality: str, classes: Collection[str] | None = None
) -> AdviceAgainst | None:
    """Return the advice of a firm or fair cell against a treatment; None where none is given.

    Advice for one kind does not count where the cell of another kind of the concern gives the treatment a place. What
    the cell puts first is reported where the rules leave it to the person.

    Parameters
    ----------
    cells : of the concern.
    classes : as in `guideline_place`.
    """
    for cell in cells:
        if any(_place_in_cell(other, modality, classes) is not None for other in cells if other != cell):
            continue
        found = _cell_against(cell, modality, classes)
        if found is not None:
            return _advice(case, concern, cell, *found, is_one_of_kinds=len(cells) > 1)
    return None


def _cell_against(
    cell: GuidelineCell, modality: str, classes: Collection[str] | None
) -> tuple[GuidelineCell, str] | None:
    """Return the cell for one kind that advises against a treatment, and by which name.

    A source that names no site is about every site, and one about a device on lighter skin is also about darker
    skin all the more: beside the cell of a site the general one counts, and the cells of lighter skin for a device,
    unless the cell itself gives the treatment a place.
    """
    general = guideline_cell(cell.condition, cell.subtype, "", cell.phototype.partition("-")[0])
    lighter = () if classes is None else _cells_around(cell)[0]
    for source in dict.fromkeys((cell, general, *lighter)):
        if source is None or not source.is_graded:
            continue
        name = next((name for name in source.avoid if _is_meant(name, modality, classes)), None)
        if name is not None and (source is cell or _place_in_cell(cell, modality, classes) is None):
            return source, name
    return None


def _advice(
    case: Case, concern: Concern, own: GuidelineCell, against: GuidelineCell, name: str, *, is_one_of_kinds: bool
) -> AdviceAgainst:
    """Return the advice of a cell against a treatment or a class of devices, with what comes first in such skin.

    Parameters
    ----------
    own : the cell of the concern in such skin.
    against : the cell that advises against it: this one, that of any site, or one of lighter skin.
    """
    source = _source_against(against, name)
    cite_sources(source)
    condition: Message | str = known_conditions()[against.condition].title.lower()
    if against.subtype and (is_one_of_kinds or _is_of_kind_alone(against, name)):
        condition = message_of_kind(condition, against.subtype)
    words = {
        "treatment": _inline_name(name),
        "condition": condition,
        "phototype": against.phototype.replace("-", "–"),
    }
    is_of_lighter = against.phototype != own.phototype
    telling = own if is_of_lighter else against
    first = None if telling.first is None else first_choice_name(case, concern, telling.first)
    id = f"plan.guideline-against{'-lighter' if is_of_lighter else ''}"
    if first is None:
        return AdviceAgainst(Message(id, words), source)
    return AdviceAgainst(Message(f"{id}-for", words | {"first": first}), source)


def _is_of_kind_alone(cell: GuidelineCell, name: str) -> bool:
    """Return whether a cell advises against what the cell of the usual kind of its condition does not."""
    usual = guideline_cell(cell.condition, "", cell.site, cell.phototype.partition("-")[0])
    return usual is not None and name not in usual.avoid


def first_choice_name(case: Case, concern: Concern, treatment: GuidelineTreatment) -> Message | str | None:
    """Return the first class of devices of a treatment, else the treatment, as written inside a sentence.

    None where the rules refer or refuse it for this person.
    """
    name = _possible_class(case, concern, treatment)
    return None if name is None else _inline_name(name)


def message_of_kind(what: Message | str, kind: str) -> Message:
    """Return a sentence with the kind of the condition that it is about."""
    return Message("plan.of-kind", {"what": what, "kind": Message(f"guideline-subtype.{kind}")})


def _inline_name(name: str) -> Message | str:
    """Return a treatment or a class of devices as written inside a sentence."""
    return inline_title("modality", name) if isinstance(name_or_title := name_message(name), str) else name_or_title


def _is_meant(name: str, modality: str, classes: Collection[str] | None) -> bool:
    """Return whether advice against a treatment is about a modality or a class; of lamps with any filter."""
    return name == modality or is_same_class(name, classes or ())


def _source_against(cell: GuidelineCell, name: str) -> str:
    """Return the key of the source that advises against a treatment in this cell, else of the first behind it."""
    rows = (choice for choice in load_choices() if choice.row in cell.choice_ids and choice.place in _AGAINST)
    named = (row.source for row in rows if name in (row.treatment, *row.device_classes))
    return next(named, cell.sources[0])


def _possible_class(case: Case, concern: Concern, treatment: GuidelineTreatment) -> str | None:
    """Return the first class of devices of a treatment that the rules leave to a person, else the treatment itself.

    Of a combination its first part. None where the rules refer or refuse all of it. A class without a known device is
    judged as its treatment is.
    """
    modality = treatment.treatment
    is_known = modality in known_modalities()
    if is_known and judge_suitability(case, concern=concern, modality=modality).opposing_reasons:
        return None
    if not treatment.device_classes:
        return modality
    for name in treatment.device_classes:
        parts = class_parts(name)
        if not is_known or all(_has_allowed_light(case, concern, modality, part) for part in parts):
            return parts[0]
    return None


def _has_allowed_light(case: Case, concern: Concern, modality: str, device_class: str) -> bool:
    """Return whether the rules leave any light of a class of known devices to a person; true where no device is known.

    Rules ask for the wavelength and for how the device is built, and of the pulse whether it is a short one, as all of
    one kind of laser are.
    """
    lights: dict[tuple[str, float], tuple[Device, BeamSetting]] = {}
    for device in devices().values():
        if modality in device.modalities:
            for setting in one_of_each_light(device):
                if is_same_class(device_class, device_classes(device, setting)):
                    lights.setdefault((device.name, setting.wavelength_nm), (device, setting))
    return not lights or any(
        not judge_setting(case, concern, modality, SearchMachine(device.name, device), setting).opposing_reasons
        for device, setting in lights.values()
    )
