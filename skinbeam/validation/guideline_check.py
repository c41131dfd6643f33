"""Check plans against the guideline: what leads, what is to be avoided, and doses.

A plan agrees with a cell of the guideline if one of its first two options is the first treatment of the cell, if
nothing that the cell advises against is among the options of the first three ranks, and if the doses of the first
treatment lie within the doses that the cell prints.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from skinbeam.evidence.guideline.device_classes import includes_class, is_of_class
from skinbeam.evidence.guideline.doses import doses_of_cell
from skinbeam.evidence.guideline.records import GuidelineCell, GuidelineDose, GuidelineTreatment
from skinbeam.laser.device import devices
from skinbeam.laser.device_class import head_classes, widen_classes
from skinbeam.model.vocabulary import laser_modalities
from skinbeam.plan.printed_dose import DOSE_ROUNDING
from skinbeam.plan_records.course import DeviceSetting, DeviceSetup
from skinbeam.plan_records.plan import ConcernPlan

__all__ = [
    "DoseCheck",
    "GuidelineCheck",
    "GuidelineScore",
    "OfferedTreatment",
    "check_against_cell",
    "is_treatment_of",
    "offer_treatment",
    "read_offers",
    "score_checks",
]

LEADING_OPTIONS = 2  # options among which the cell's first treatment is looked for
LEADING_RANKS = 3  # ranks among which nothing is to be avoided
_COMPRESSION = "-compression"


@dataclass(frozen=True)
class OfferedTreatment:
    """What a check reads of an option of a plan.

    Parameters
    ----------
    modality : of the option.
    rank : 1 for the best; options of equal rank are tied.
    device : its device; empty without one.
    device_classes : classes of its device with the wider ones; empty without a device.
    fluence_J_cm2, energy_mJ : its dose; None where it has none.
    """

    modality: str
    rank: int
    device_classes: frozenset[str] = frozenset()
    fluence_J_cm2: float | None = None
    energy_mJ: float | None = None
    device: str = ""


@dataclass(frozen=True)
class DoseCheck:
    """An option for which the cell prints doses, its dose, these doses, and whether the dose lies in one of them."""

    offer: OfferedTreatment
    dose: float
    doses: tuple[GuidelineDose, ...]
    is_within: bool


@dataclass(frozen=True)
class GuidelineCheck:
    """A plan beside a cell.

    Parameters
    ----------
    cell : the cell.
    offers : the options that treat, best first.
    leads : whether the cell's first treatment is among the first options; None if the cell has no first treatment.
    avoided : options of the first ranks that the cell advises against.
    doses : options whose dose can be compared.
    """

    cell: GuidelineCell
    offers: tuple[OfferedTreatment, ...]
    leads: bool | None
    avoided: tuple[OfferedTreatment, ...]
    doses: tuple[DoseCheck, ...]


@dataclass(frozen=True)
class GuidelineScore:
    """Numbers over many plans: cells whose first treatment leads, cells without anything to avoid, doses within.

    Parameters
    ----------
    cells : firm and fair cells with a first treatment.
    leading, without_avoided : of these.
    doses, doses_within : doses that could be compared in these, and those that lie within.
    """

    cells: int
    leading: int
    without_avoided: int
    doses: int
    doses_within: int


def check_against_cell(cell: GuidelineCell, offers: Sequence[OfferedTreatment]) -> GuidelineCheck:
    """Check the options of a plan, best first, against a cell; no treatment is no option here."""
    first = cell.first
    treating = tuple(offer for offer in offers if offer.modality != "no-treatment")
    chosen = [offer for offer in treating if first is not None and is_treatment_of(offer, first)]
    return GuidelineCheck(
        cell=cell,
        offers=treating,
        leads=None if first is None else any(offer in chosen for offer in treating[:LEADING_OPTIONS]),
        avoided=tuple(offer for offer in treating if offer.rank <= LEADING_RANKS and _is_avoided(offer, cell)),
        doses=tuple(check for offer in chosen if (check := _check_dose(offer, cell)) is not None),
    )


def score_checks(checks: Iterable[GuidelineCheck]) -> GuidelineScore:
    """Count over the checks of firm and fair cells."""
    graded = [check for check in checks if check.leads is not None and check.cell.is_graded]
    doses = [dose for check in graded for dose in check.doses]
    return GuidelineScore(
        cells=len(graded),
        leading=sum(check.leads is True for check in graded),
        without_avoided=sum(not check.avoided for check in graded),
        doses=len(doses),
        doses_within=sum(dose.is_within for dose in doses),
    )


def is_treatment_of(offer: OfferedTreatment, treatment: GuidelineTreatment) -> bool:
    """Return whether an option is a treatment of the guideline.

    A laser or lamp is recognised by the class of its device, a lamp with any filter and a combination by one of its
    parts; a treatment without a named device by its modality.
    """
    if treatment.treatment not in laser_modalities() or not treatment.device_classes:
        return offer.modality == treatment.treatment
    return any(is_of_class(offer.device_classes, name) for name in treatment.device_classes)


def read_offers(concern: ConcernPlan) -> tuple[OfferedTreatment, ...]:
    """Return the options of a planned concern, in its order."""
    return tuple(offer_treatment(option.modality, option.rank, option.setup) for option in concern.options)


def offer_treatment(modality: str, rank: int, setup: DeviceSetup | None = None) -> OfferedTreatment:
    """Return an option with the classes and the dose of its device; a device that is not shipped has no classes."""
    if setup is None:
        return OfferedTreatment(modality, rank)
    columns = setup.settings.columns
    return OfferedTreatment(
        modality=modality,
        rank=rank,
        device_classes=_classes_of_setting(setup.device, setup.settings),
        fluence_J_cm2=setup.settings.fluence_J_cm2,
        energy_mJ=None if columns is None else columns.energy_mJ,
        device=setup.device,
    )


def _classes_of_setting(device: str, settings: DeviceSetting) -> frozenset[str]:
    """Return the classes of the head of a device that emits the settings, with the wider ones."""
    if device not in devices():
        return frozenset()
    file = devices()[device].file
    classes: set[str] = set()
    for head in file.head:
        same_light = head.wavelength_nm == settings.wavelength_nm
        same_spot = bool(head.tip) == (settings.columns is not None)  # a lens array has a spot
        if same_light and same_spot and head.pulse_ms.contains(settings.pulse_ms):
            classes.update(head_classes(file, head))
    return widen_classes(classes)


def _is_avoided(offer: OfferedTreatment, cell: GuidelineCell) -> bool:
    return any(name == offer.modality or _is_device_of(name, offer) for name in cell.avoid)


def _is_device_of(name: str, offer: OfferedTreatment) -> bool:
    """Return whether the device of an option is of a class, pressed with glass or not."""
    return any(
        includes_class(name, narrow.removesuffix(_COMPRESSION)) or includes_class(name, narrow)
        for narrow in offer.device_classes
    )


def _check_dose(offer: OfferedTreatment, cell: GuidelineCell) -> DoseCheck | None:
    """Compare the dose of an option with the doses that the cell prints of its first treatment; None if it has none.

    The dose of one light of a pair is none of that light alone where the cell prints one of it alone.
    """
    quantity, value = "energy_mJ", offer.energy_mJ
    if value is None:
        quantity, value = "fluence_J_cm2", offer.fluence_J_cm2
    own = [dose for dose in doses_of_cell(cell) if dose.quantity == quantity and _is_dose_of(dose, offer)]
    is_alone = any(not dose.component for dose in own)
    printed = tuple(dose for dose in own if dose.place == "first" and not (is_alone and dose.component))
    if value is None or not printed:
        return None
    within = any(dose.low / DOSE_ROUNDING <= value <= dose.high * DOSE_ROUNDING for dose in printed)
    return DoseCheck(offer, value, printed, within)


def _is_dose_of(dose: GuidelineDose, offer: OfferedTreatment) -> bool:
    name = dose.component or dose.device_class
    return any(includes_class(name, narrow) for narrow in offer.device_classes)
