"""Propose a setting of a machine as sources print it for such skin at such a site, or for the nearest skin of them.

The doses of the guideline's cell come first, then the settings of clinics and trials for such skin, then those for
lighter skin, which are borrowed and moved down. Lighter skin bears what darker skin bears: where nothing of that prints
a dose, it gets the one of the guideline's cell for the next darker skin, and columns, whose depth depends on no colour,
get it too where it is greater, as lamps do where clinics treated darker skin alone; other light begins with no less
than the least of that cell, where clinics print as much for lighter skin.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import Final

from skinbeam.assessment.questionnaire import darkest_phototype
from skinbeam.evidence.guideline.device_classes import default_subtype, guideline_conditions, is_of_class
from skinbeam.evidence.guideline.doses import doses_of_cell
from skinbeam.evidence.guideline.records import GuidelineCell
from skinbeam.evidence.guideline.table import guideline_cell
from skinbeam.laser.setting_grid import BeamSetting, device_classes, iterate_settings, one_of_each_light
from skinbeam.model.case import Case
from skinbeam.model.consultation import Concern
from skinbeam.model.sources import cite_sources, collect_sources
from skinbeam.model.vocabulary import HEATING_MODALITIES, PHOTOTYPES
from skinbeam.plan.guideline_place import guideline_place, kind_cells, place_number
from skinbeam.plan.printed_dose import (
    DOSE_ROUNDING,
    PrintedDose,
    darker_phototype,
    lighter_phototype,
    log_ratio,
    nearest_practice,
    order_by_distance,
    practice_doses,
    read_dose,
)
from skinbeam.plan.proposal import Proposal
from skinbeam.response.column_energy import HEATED_COLUMNS
from skinbeam.response.envelope import least_field_spot_mm, lending_conditions
from skinbeam.response.practice_place import FLUENCE
from skinbeam.response.settings import PracticeRegion, SearchMachine, is_facial
from skinbeam.simulate.removal.ablation import is_pulse_calibrated

__all__ = [
    "bounded_by",
    "cell_lenders",
    "machine_cells",
    "propose_beside_cell",
    "propose_from_sources",
    "settings_of_cells",
    "usual_settings",
]

# Doses for port-wine stains close many vessels at once and bruise; veins and redness are treated below them.
_LENDS_NO_CELL: Final = ("port-wine-stain",)
_FACE: Final = "full-face"
_LAMP_CLASS = re.compile(r"ipl-(\d+)")


def propose_from_sources(
    machine: SearchMachine, concern: Concern, region: PracticeRegion, barred_nm: Collection[float]
) -> Proposal | None:
    """Return the setting to begin with on a machine whose doses no injury bars, whatever lighter skin gets."""
    phototype = region.phototype or len(PHOTOTYPES)
    own_cells = machine_cells(machine, concern, region, phototype)
    every = settings_of_cells(machine, region.modality, kind_cells(concern, PHOTOTYPES[phototype - 1]))
    settings = [spot for spot in _covering_spots(every, region) if spot.wavelength_nm not in barred_nm]
    own = _propose_from_cells(machine, settings, own_cells, region, None)
    if own is not None:
        return own
    is_column = machine.device.microbeam
    found = propose_beside_cell(machine, settings, concern, region)
    if is_column and not is_facial(concern.site):
        return found  # columns that facial skin bears reach too deep in thinner skin
    is_of_darker = found is not None and found.darker_phototype is not None
    if found is not None and not is_column and not (machine.device.is_lamp and is_of_darker):
        return _no_less_than_darker(found, settings, concern, region)
    darker = _propose_from_darker_cells(machine, settings, concern, region)
    return max(
        (proposal for proposal in (found, darker) if proposal is not None),
        key=lambda proposal: proposal.middle,
        default=None,
    )


def _no_less_than_darker(
    proposal: Proposal, settings: Sequence[BeamSetting], concern: Concern, region: PracticeRegion
) -> Proposal:
    """Return a proposal of practice that begins with no less than the guideline prints for darker skin.

    It is the least of the next darker phototype at the same wavelength and spot, where sources of such skin print as
    much.
    """
    machine, theirs = proposal.machine, replace(region, condition=proposal.condition)
    if proposal.lighter_phototype is not None or machine.device.is_lamp:
        return proposal
    for darker in range((region.phototype or len(PHOTOTYPES)) + 1, len(PHOTOTYPES) + 1):
        with collect_sources() as sources:
            cells = machine_cells(machine, concern, theirs, darker)
            printed = _propose_from_cells(machine, settings, cells, theirs, None)
        if printed is not None:
            break
    else:
        return proposal
    is_same_light = proposal.setting._replace(pulse_ms=printed.setting.pulse_ms) == printed.setting
    if not is_same_light or not proposal.middle < printed.low <= proposal.high:
        return proposal
    cite_sources(*sources)
    return replace(proposal, least_of_darker=printed.low)


def propose_beside_cell(
    machine: SearchMachine, settings: Sequence[BeamSetting], concern: Concern, region: PracticeRegion
) -> Proposal | None:
    """Return the proposal from practice, from conditions that lend their settings, or from lighter skin."""
    practice = _propose_from_practice(machine, settings, region)
    if practice is None or practice.condition != concern.condition:
        practice = _propose_from_lending_cells(machine, settings, concern, region) or practice
    is_lent = practice is None or practice.condition != concern.condition
    borrowed = _propose_from_lighter_cells(machine, settings, concern, region, with_lenders=is_lent)
    if practice is None or borrowed is None:
        return practice or borrowed
    if practice.lighter_phototype is not None and practice.condition in (concern.condition, borrowed.condition):
        is_nearer = practice.lighter_phototype > (borrowed.lighter_phototype or 0) and practice.low <= borrowed.high
        if machine.device.microbeam and is_nearer:  # columns of the next lighter skin, which that skin gets bounded so
            return bounded_by(practice, borrowed)
        return min(borrowed, practice, key=lambda proposal: proposal.middle)  # darker skin gets no more than lighter
    if practice.lighter_phototype is not None or practice.low > borrowed.high:
        return borrowed
    return bounded_by(practice, borrowed)


def usual_settings(
    case: Case, concern: Concern, modality: str, machine: SearchMachine, cells: Sequence[GuidelineCell]
) -> list[BeamSetting]:
    """Return the settings of a machine by their distance from the pulses and spots of most sources.

    Those without a dose that may be given are left out.
    """
    region = PracticeRegion(concern.condition, modality, darkest_phototype(case) or len(PHOTOTYPES))
    ordered = order_by_distance(machine, settings_of_cells(machine, modality, cells), region, 0.5)
    return [spot for spot in _covering_spots(ordered, region) if machine.doses(spot)]


def _covering_spots(settings: Iterable[BeamSetting], region: PracticeRegion) -> list[BeamSetting]:
    """Return the settings without spots that are traced along vessels where the concern is a whole field."""
    narrowest_mm = least_field_spot_mm(region.condition, region.modality)
    return [setting for setting in settings if setting.spot_mm >= narrowest_mm]


def _propose_from_lending_cells(
    machine: SearchMachine, settings: Sequence[BeamSetting], concern: Concern, region: PracticeRegion
) -> Proposal | None:
    """Return the proposal from the cell of a condition that lends its settings to the concern's, for such skin."""
    for lender in cell_lenders(machine, region)[1:]:
        lent = replace(region, condition=lender)
        cells = machine_cells(machine, concern, lent, region.phototype or len(PHOTOTYPES))
        proposal = _propose_from_cells(machine, settings, cells, lent, None)
        if proposal is not None:
            return proposal
    return None


def _propose_from_lighter_cells(
    machine: SearchMachine,
    settings: Sequence[BeamSetting],
    concern: Concern,
    region: PracticeRegion,
    *,
    with_lenders: bool,
) -> Proposal | None:
    """Return the proposal from the cell of the next lighter phototype that gives a dose.

    Its dose is no greater than that of any lighter phototype at the same setting.

    Parameters
    ----------
    with_lenders : whether the cells of conditions that lend their settings count too.
    """
    conditions = cell_lenders(machine, region) if with_lenders else (concern.condition,)
    nearest: Proposal | None = None
    for lighter in range((region.phototype or len(PHOTOTYPES)) - 1, 0, -1):
        for condition in conditions:
            other_region = replace(region, condition=condition)
            cells = machine_cells(machine, concern, other_region, lighter)
            proposal = _propose_from_cells(machine, settings, cells, other_region, lighter)
            if proposal is None:
                continue
            if nearest is None:
                nearest = proposal
            elif proposal.setting == nearest.setting and proposal.high >= nearest.low:
                nearest = bounded_by(nearest, proposal)
            break
    return nearest


def cell_lenders(machine: SearchMachine, region: PracticeRegion) -> tuple[str, ...]:
    """Return the conditions whose cells give doses for that of a region: itself, and those that lend theirs."""
    lenders = lending_conditions(region.condition, region.modality, lamp=machine.device.is_lamp)
    return tuple(lender for lender in lenders if lender == region.condition or lender not in _LENDS_NO_CELL)


def bounded_by(proposal: Proposal, lighter: Proposal) -> Proposal:
    """Return a proposal with no more than lighter skin gets, where the ranges meet."""
    middle = max(proposal.low, min(proposal.middle, lighter.middle))
    return replace(proposal, middle=middle, high=min(proposal.high, lighter.high))


def _propose_from_darker_cells(
    machine: SearchMachine, settings: Sequence[BeamSetting], concern: Concern, region: PracticeRegion
) -> Proposal | None:
    """Return the proposal from the cell of the next darker phototype that gives a dose for the condition.

    Cells of the condition itself come before those of conditions that lend their settings.
    """
    for condition in cell_lenders(machine, region):
        for darker in range((region.phototype or len(PHOTOTYPES)) + 1, len(PHOTOTYPES) + 1):
            other_region = replace(region, condition=condition)
            cells = machine_cells(machine, concern, other_region, darker)
            proposal = _propose_from_cells(machine, settings, cells, other_region, None)
            if proposal is not None:
                return replace(proposal, darker_phototype=darker)
    return None


def machine_cells(
    machine: SearchMachine, concern: Concern, region: PracticeRegion, phototype: int
) -> tuple[GuidelineCell, ...]:
    """Return the cells of a condition at the site of a concern; of columns and lamps that of its usual kind after them.

    Of several kinds those come first for which the machine has the better place.

    Few sources print columns for each kind of scar; their depth and density depend on the skin around, which is alike.
    Nor do they print lamps for each kind of vein, or for the nose apart from the face.
    Empty where the guideline does not know the condition.
    """
    if region.condition not in guideline_conditions():
        return ()
    skin = PHOTOTYPES[phototype - 1]
    is_lamp = machine.device.is_lamp
    places = (concern.site, _FACE) if is_lamp and is_facial(concern.site) else (concern.site,)
    usual = [guideline_cell(region.condition, default_subtype(region.condition), place, skin) for place in places]
    usual_cells = tuple(dict.fromkeys(cell for cell in usual if cell is not None))
    if region.condition != concern.condition:
        return usual_cells
    own = kind_cells(concern, skin)
    if len(own) > 1:
        own = tuple(sorted(own, key=lambda cell: _best_place_number(machine, region.modality, cell)))
    return tuple(dict.fromkeys((*own, *usual_cells))) if machine.device.microbeam or is_lamp else own


def _best_place_number(machine: SearchMachine, modality: str, cell: GuidelineCell) -> int:
    """Return the best place of a machine in a cell, with one behind all others where it has none."""
    lights = one_of_each_light(machine.device)
    return min(place_number((cell,), modality, device_classes(machine.device, light)) for light in lights)


def settings_of_cells(machine: SearchMachine, modality: str, cells: Sequence[GuidelineCell]) -> Sequence[BeamSetting]:
    """Return the settings of a machine that the cells have a place for; all where they have a place for none."""
    every = list(iterate_settings(machine.device))
    if machine.device.microbeam:
        every = [
            candidate for candidate in every if is_pulse_calibrated(candidate.wavelength_nm, candidate.pulse_ms)
        ] or every
    classes = {candidate: device_classes(machine.device, candidate) for candidate in every}
    places = {same: guideline_place(cells, modality, same) for same in dict.fromkeys(classes.values())}
    named = [candidate for candidate in every if places[classes[candidate]] is not None]
    first = next((place.device_class for place in places.values() if place is not None), "")
    return _without_bluer_filters(machine, named, first) or every


def _without_bluer_filters(
    machine: SearchMachine, settings: Sequence[BeamSetting], device_class: str
) -> Sequence[BeamSetting]:
    """Return the settings without the filters of a lamp that transmit more than the one that a class names."""
    cut_off = _LAMP_CLASS.fullmatch(device_class)
    if cut_off is None or not machine.device.is_lamp:
        return settings
    return [setting for setting in settings if setting.wavelength_nm >= float(cut_off[1])]


def _propose_from_cells(
    machine: SearchMachine,
    settings: Sequence[BeamSetting],
    cells: Sequence[GuidelineCell],
    region: PracticeRegion,
    lighter: int | None,
) -> Proposal | None:
    """Return the proposal from the first dose of cells that the machine can be set to.

    The dose of one light of a pair, which the other light heats beforehand, comes after the doses of a light alone.
    """
    doses = [
        (cell, dose)
        for cell in cells
        for dose in sorted(doses_of_cell(cell), key=lambda printed: bool(printed.component))
    ]
    classes = {setting: device_classes(machine.device, setting) for setting in settings} if doses else {}
    for cell, dose in doses:
        treatment = getattr(cell, dose.place)
        if treatment.treatment != region.modality or dose.quantity != _guideline_quantity(machine):
            continue
        name = dose.component or dose.device_class
        able = [setting for setting in settings if is_of_class(classes[setting], name)]
        able_filters = _without_bluer_filters(machine, able, name)
        proposal = _nearest_proposal(machine, able_filters, read_dose(cell, dose), region, lighter)
        if proposal is not None:
            cite_sources(*proposal.sources)
            return replace(proposal, is_of_site=bool(cell.site))
    return None


def _guideline_quantity(machine: SearchMachine) -> str:
    """Return the quantity of a machine's doses, as the guideline names it."""
    return "energy_mJ" if machine.device.microbeam else "fluence_J_cm2"


def _nearest_proposal(
    machine: SearchMachine,
    settings: Iterable[BeamSetting],
    dose: PrintedDose,
    region: PracticeRegion,
    lighter: int | None,
) -> Proposal | None:
    """Return the proposal of the setting nearest to a printed one, among those at which the machine has such a dose.

    Of settings whose pulses are equally near, those come first at which the machine gives the middle of the doses.
    """

    offered = list(settings)

    def of_setting(setting: BeamSetting) -> PrintedDose:
        return dose.in_columns_of(setting) if region.modality == HEATED_COLUMNS else dose

    def usual_pulse_ms(setting: BeamSetting) -> float | None:
        """Return the pulse of most sources of light that heats, else the middle one of the machine, as of practice."""
        if machine.device.microbeam or region.modality not in HEATING_MODALITIES:
            return None
        printed = region.published_value("pulse_ms", machine.device, setting, beside=FLUENCE)
        pulses = sorted({other.pulse_ms for other in offered if other.wavelength_nm == setting.wavelength_nm})
        return printed or pulses[len(pulses) // 2]

    def distance(setting: BeamSetting) -> tuple[float, bool, float]:
        pulse = log_ratio(setting.pulse_ms, dose.pulse_ms or usual_pulse_ms(setting))
        if machine.device.is_lamp:
            pulse += log_ratio(setting.wavelength_nm, dose.cut_off_nm)
        spot_mm = dose.spot_mm
        if spot_mm is None and not machine.device.microbeam and not machine.device.is_lamp:
            spot_mm = region.published_value("spot_mm", machine.device, setting, beside=FLUENCE)
        if region.modality == HEATED_COLUMNS:
            spot_mm = dose.usual_diameter_mm(setting.wavelength_nm)
        # Where nobody prints a spot the wider one is nearer to what was simulated, and treats an area with fewer
        # pulses; an energy of columns that are removed is that of the narrow ones, which go deep.
        wider = setting.spot_mm if machine.device.microbeam else -setting.spot_mm
        is_weak = max(machine.doses(setting), default=0.0) < of_setting(setting).middle / DOSE_ROUNDING
        return pulse, is_weak, wider if spot_mm is None else log_ratio(setting.spot_mm, spot_mm)

    for setting in sorted(offered, key=distance):
        moved = of_setting(setting)
        proposal = Proposal(
            machine,
            setting,
            moved.low,
            moved.middle,
            moved.high,
            dose.densities_at(setting.spot_mm) if machine.device.microbeam else None,
            dose.sources,
            region.condition,
            lighter,
            is_cooled=dose.is_cooled,
            columns=moved.columns,
        )
        if any(map(proposal.includes, proposal.published_doses)):
            return proposal
    return None


def _propose_from_practice(
    machine: SearchMachine, settings: Sequence[BeamSetting], region: PracticeRegion
) -> Proposal | None:
    """Return the proposal from the settings of clinics and trials; no dose exceeds the usual one of lighter skin."""
    found = nearest_practice(machine, settings, region)
    if found is None:
        return None
    setting, span = found
    middle, high = practice_doses(machine, setting, region, span)
    lighter = None if span.includes_phototype else lighter_phototype(machine, setting, region)
    cite_sources(*span.sources)
    made = Proposal(
        machine,
        setting,
        span.low,
        middle,
        high,
        None,
        span.sources,
        span.condition,
        lighter,
        darker_phototype(machine, setting, region) if not span.includes_phototype and lighter is None else None,
        printed=span.printed,
        is_cooled=span.is_cooled,
        columns=span.columns,
    )
    return made if made.published_doses else None
