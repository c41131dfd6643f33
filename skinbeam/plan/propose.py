"""Propose a setting of a machine from published practice: the middle of what sources print, and the range around it.

At one setting darker skin gets no more than lighter skin, and off the face no deeper columns in any beam. Where the
guideline names lamps away from the face and prints no dose there, as for the backs of the hands, a lamp gets a share of
the one for the face, and where doses are printed with a bluer filter alone than the guideline names, that dose with the
filter it names. Light that a source calls like another gets the doses of that, moved by the model. A machine for which
nobody printed any of these gets no proposal.
"""

from collections.abc import Collection
from dataclasses import replace
from typing import Final

from skinbeam.assessment.questionnaire import darkest_phototype
from skinbeam.evidence.synthesis.regime import pulse_class_matters
from skinbeam.laser.device import load_device
from skinbeam.laser.setting_grid import BeamSetting, device_classes, iterate_settings
from skinbeam.model.case import Case
from skinbeam.model.consultation import Concern
from skinbeam.model.package_data import load_package_table
from skinbeam.model.sources import cite_sources, collect_sources
from skinbeam.model.vocabulary import PHOTOTYPES
from skinbeam.plan.guideline_place import guideline_place, kind_cells
from skinbeam.plan.printed_dose import log_ratio
from skinbeam.plan.proposal import Proposal, SimilarLight, UncooledDoses
from skinbeam.plan.setting_rules import barred_lights_nm
from skinbeam.plan.source_proposal import (
    bounded_by,
    cell_lenders,
    machine_cells,
    propose_beside_cell,
    propose_from_sources,
    settings_of_cells,
)
from skinbeam.response.reference_burns import reference_burn_median_J_cm2
from skinbeam.response.settings import PracticeRegion, PulseCaps, SearchMachine, built_in_cooling, is_facial
from skinbeam.suitability.dose_bars import is_injured_by_other_kind, is_injured_by_redder_laser

__all__ = ["propose_for_darker", "propose_setting"]

_FACE: Final = "full-face"


def propose_setting(
    case: Case,
    concern: Concern,
    modality: str,
    machine: SearchMachine,
    *,
    wavelength_nm: float | None = None,
    phototype: int | None = None,
) -> Proposal | None:
    """Return the setting to begin with on a machine; None where no source prints one that it can be set to.

    Earlier injuries bound its dose but do not choose its pulse and spot: a published dose that is low enough because
    its pulse is shorter would be no gentler. A lens array has its doses in hand pieces of one pulse, of which the wider
    are the gentler.

    Parameters
    ----------
    wavelength_nm : of several that the machine has, the only one to propose; None for any.
    phototype : 1 to 6; None for that of the case.
    """
    array = machine.device.lens_array
    choosing = tuple(bar for bar in machine.dose_bars if array or not bar.keeps_setting)
    phototype = phototype or darkest_phototype(case) or len(PHOTOTYPES)
    barred_nm = set(barred_lights_nm(case, concern, modality, machine))
    if wavelength_nm is not None:
        barred_nm |= set(machine.device.wavelengths_nm) - {wavelength_nm}
    region = PracticeRegion(concern.condition, modality, phototype)
    unbarred = replace(machine, dose_bars=choosing)
    proposal = _propose_no_more_than_lighter(unbarred, concern, region, barred_nm)
    if proposal is None:
        proposal = _propose_from_similar_light(unbarred, concern, region, barred_nm)
    if proposal is None:
        return None
    if proposal.is_cooled and modality == "vascular" and not machine.device.cooling and not machine.device.is_lamp:
        proposal = _without_cooling(proposal, concern.site, region)
        if not proposal.published_doses:
            return None
    is_of_site = proposal.is_of_site or region.names_site(
        machine.device, proposal.setting, proposal.sources, concern.site
    )
    proposal = _gentler_off_face(replace(proposal, is_of_site=is_of_site), concern.site)
    if pulse_class_matters(modality) and not is_facial(concern.site) and not is_of_site:
        proposal = _least_off_face(proposal, concern, region, barred_nm)
    is_least_first = is_injured_by_other_kind(case, machine.device) or is_injured_by_redder_laser(
        case, machine.device, proposal.setting.wavelength_nm
    )
    return replace(proposal, machine=machine, is_least_first=is_least_first)


def propose_for_darker(
    case: Case, concern: Concern, modality: str, proposal: Proposal, phototype: int
) -> Proposal | None:
    """Return what a darker phototype, 1 to 6, begins with at the setting of a proposal.

    None where sources print no dose of it for both.
    """
    if proposal.lighter_phototype is not None:
        return None
    caps = PulseCaps(concern.condition, modality, concern.site, phototype)
    machine, nm = replace(proposal.machine, caps=caps), proposal.setting.wavelength_nm
    with collect_sources() as sources:
        darker_proposal = propose_setting(case, concern, modality, machine, wavelength_nm=nm, phototype=phototype)
    if (
        darker_proposal is None
        or darker_proposal.lighter_phototype is not None
        or darker_proposal.condition != proposal.condition
    ):
        return None
    if darker_proposal.setting != proposal.setting:
        return None
    cite_sources(*sources)
    return darker_proposal


def _propose_from_similar_light(
    machine: SearchMachine, concern: Concern, region: PracticeRegion, barred_nm: Collection[float]
) -> Proposal | None:
    """Return the proposal with the doses of a light that a source calls like that of a machine, moved to it.

    Both burn the skin that sources treated alike: the doses are multiplied by the ratio of the computed doses that do.
    The setting is the one of the nearest spot in which the machine has such a dose.
    """
    device, table = machine.device, load_package_table("data/lending.toml")["light"]
    row = next((row for row in table if row["device_class"] in device.classes), None)
    if row is None:
        return None
    able = [
        offered
        for offered in iterate_settings(device)
        if offered.wavelength_nm not in barred_nm and row["device_class"] in device_classes(device, offered)
    ]
    if not able:
        return None
    lender = replace(machine, case_name=row["lender"], device=load_device(row["lender"]), dose_bars=())
    lent = _propose_no_more_than_lighter(lender, concern, region, barred_nm)
    if lent is None:
        return None
    nearest = sorted(
        able,
        key=lambda offered: (
            log_ratio(offered.spot_mm, lent.setting.spot_mm),
            log_ratio(offered.pulse_ms, lent.setting.pulse_ms),
        ),
    )
    spots: dict[float, BeamSetting] = {}
    for setting in nearest:
        spots.setdefault(setting.spot_mm, setting)
    tried = (_move_to_light(lent, machine, setting, concern.site, region) for setting in spots.values())
    moved = next((proposal for proposal in tried if proposal.published_doses), None)
    if moved is not None:
        cite_sources(row["source"])
    return moved


def _move_to_light(
    lent: Proposal, machine: SearchMachine, setting: BeamSetting, site: str, region: PracticeRegion
) -> Proposal:
    """Return a proposal of other light with a setting of a machine, at doses that burn the skin of sources alike."""
    treated = PHOTOTYPES[: lent.lighter_phototype or region.phototype or len(PHOTOTYPES)]
    own = replace(lent, machine=machine, setting=setting)
    # Ratios of drawn skins vary; that of lighter skin bounds them, so that darker skin gets no more.
    factor = min(_median_burn_J_cm2(own, site, skin) / _median_burn_J_cm2(lent, site, skin) for skin in treated)
    similar = SimilarLight(lent.setting.wavelength_nm, factor, lent.printed_range)
    return replace(_with_doses_times(own, factor), similar_light=similar)


def _with_doses_times(proposal: Proposal, factor: float) -> Proposal:
    """Return a proposal with all its doses multiplied by a factor."""
    low, high = proposal.printed_range
    return replace(
        proposal,
        low=factor * proposal.low,
        middle=factor * proposal.middle,
        high=factor * proposal.high,
        printed=(factor * low, factor * high),
    )


def _median_burn_J_cm2(proposal: Proposal, site: str, phototype: str) -> float:
    """Return the median dose of the light of a proposal that burns the skin that sources treated."""
    cooling, _ = built_in_cooling(proposal.machine.device)
    return reference_burn_median_J_cm2(site, phototype, proposal.least_beam, cooling)


def _without_cooling(proposal: Proposal, site: str, region: PracticeRegion) -> Proposal:
    """Return the proposal of a laser without cooling, whose doses sources print for cooled skin, at less.

    The doses burn the skin that they treated as they would below a spray. Lighter skin bounds the ratio, so that darker
    skin gets no more, and so does the skin of the face, which loses most without cooling: thinner skin, or skin that
    heals more slowly, gets no more than the face.
    """
    rule = load_package_table("data/lending.toml")["cooled"]
    spray, _ = built_in_cooling(load_device(rule["device"]))
    none, _ = built_in_cooling(proposal.machine.device)
    beam = proposal.least_beam
    treated = PHOTOTYPES[: proposal.lighter_phototype or region.phototype or len(PHOTOTYPES)]
    factor = min(
        reference_burn_median_J_cm2(place, skin, beam, none) / reference_burn_median_J_cm2(place, skin, beam, spray)
        for place in dict.fromkeys((site, _FACE))
        for skin in treated
    )
    cite_sources(rule["source"])
    return replace(_with_doses_times(proposal, factor), uncooled=UncooledDoses(factor, proposal.printed_range))


def _gentler_off_face(proposal: Proposal, site: str) -> Proposal:
    """Return a proposal of a lamp with the share of the doses for the face that other skin gets."""
    gentler = load_package_table("data/lamps.toml")["gentler"]
    if not proposal.machine.device.is_lamp or site not in gentler["sites"]:
        return proposal
    cite_sources(gentler["source"])
    share = float(gentler["share"])
    return replace(
        proposal,
        low=share * proposal.low,
        middle=share * proposal.middle,
        high=share * proposal.high,
        printed=proposal.printed_range,
        facial_share=share,
    )


def _least_off_face(
    proposal: Proposal, concern: Concern, region: PracticeRegion, barred_nm: Collection[float]
) -> Proposal:
    """Return a proposal of short pulses that begins with the least printed dose, on lids and away from the face.

    Sources print such doses for the face, or for spots wherever they were; lids are thinner, and other skin heals more
    slowly. A spot whitens at once where the dose is enough, so that less costs nothing but a second pulse; a whole
    field, which must not whiten, is treated again in any case.
    """
    least = replace(proposal, is_least_off_face=True)
    for number in range((region.phototype or len(PHOTOTYPES)) + 1, len(PHOTOTYPES) + 1):
        with collect_sources():
            darker_proposal = propose_from_sources(
                proposal.machine, concern, replace(region, phototype=number), barred_nm
            )
        if (
            darker_proposal is None
            or darker_proposal.lighter_phototype is not None
            or darker_proposal.low <= least.start
        ):
            continue
        if (darker_proposal.setting, darker_proposal.condition) == (proposal.setting, proposal.condition):
            cite_sources(*darker_proposal.sources)
            least = replace(least, least_of_darker=darker_proposal.low)
    return least


def _propose_no_more_than_lighter(
    machine: SearchMachine, concern: Concern, region: PracticeRegion, barred_nm: Collection[float]
) -> Proposal | None:
    """Return the setting to begin with, with no more than what lighter skin gets at it.

    Sources of darker skin print greater doses and bluer filters of lamps here and there, because others wrote them. The
    dose of what is borrowed from lighter skin is bounded already.
    """
    found = _propose_at_site(machine, concern, region, barred_nm)
    lighter = (region.phototype or len(PHOTOTYPES)) - 1
    if found is None or not lighter:
        return found
    if machine.device.microbeam and not is_facial(concern.site) and not found.is_of_site:
        found = _no_deeper_than_lighter(found, machine, concern, replace(region, phototype=lighter), barred_nm)
    is_published_only = found.is_published_only  # no computed dose that burns bounds it for darker skin
    if found.lighter_phototype is not None and not machine.device.is_lamp and not is_published_only:
        return found
    with collect_sources() as sources:
        # Of a lamp sources leave out a phototype between others; its filter is then that of the next lighter one.
        regions = [replace(region, phototype=number) for number in range(lighter, 0, -1)]
        tried = (_propose_no_more_than_lighter(machine, concern, other, barred_nm) for other in regions)
        of_lighter = (
            next((proposal for proposal in tried if proposal is not None), None)
            if machine.device.is_lamp
            else next(tried)
        )
    if machine.device.is_lamp and of_lighter is not None:
        found = _with_light_of_lighter_skin(found, of_lighter.setting)
    if is_published_only and of_lighter is not None and _is_greater_at_other_spot(found, of_lighter):
        cite_sources(*sources)
        return _at_spot_of_lighter_skin(found, of_lighter, lighter)
    if found.lighter_phototype is not None:
        return found
    if of_lighter is None or (of_lighter.setting, of_lighter.condition) != (found.setting, found.condition):
        return found
    if of_lighter.high >= found.high and of_lighter.middle >= found.middle:
        return found
    cite_sources(*sources)
    printed = found.printed_range
    if of_lighter.high < found.low:
        own = of_lighter.lighter_phototype or lighter
        return replace(of_lighter, lighter_phototype=own, printed=printed, bounding_phototype=lighter)
    bounded = replace(bounded_by(found, of_lighter), printed=printed)
    return replace(bounded, bounding_phototype=lighter) if bounded.middle < found.middle else bounded


def _no_deeper_than_lighter(
    proposal: Proposal,
    machine: SearchMachine,
    concern: Concern,
    lighter: PracticeRegion,
    barred_nm: Collection[float],
) -> Proposal:
    """Return a proposal of columns off the face, or that of lighter skin where its columns are less deep.

    Sources print deep columns for the face of darker skin alone. Lighter skin is kept from them off the face, where the
    skin is thinner or heals more slowly; darker skin, which such columns mark sooner, gets no deeper ones.
    """
    with collect_sources() as sources:
        of_lighter = _propose_no_more_than_lighter(machine, concern, lighter, barred_nm)
    if of_lighter is None:
        return proposal
    moved = proposal.in_columns_of(of_lighter.setting)
    if moved.setting.spot_mm != of_lighter.setting.spot_mm or moved.middle <= of_lighter.middle:
        return proposal
    cite_sources(*sources)
    is_own_deeper = proposal.lighter_phototype is None or of_lighter.is_own_deeper
    return replace(
        of_lighter, lighter_phototype=of_lighter.lighter_phototype or lighter.phototype, is_own_deeper=is_own_deeper
    )


def _propose_at_site(
    machine: SearchMachine, concern: Concern, region: PracticeRegion, barred_nm: Collection[float]
) -> Proposal | None:
    """Return the setting to begin with on a machine, whatever lighter skin gets.

    A lamp takes the dose for the face where the site has none, or only that of darker skin, which is injured sooner.
    """
    found = propose_from_sources(machine, concern, region, barred_nm)
    if not machine.device.is_lamp or (found is not None and found.darker_phototype is None):
        return found
    of_face = _propose_from_face(machine, concern, region, barred_nm)
    if of_face is not None and (found is None or found.middle < of_face.middle):
        return of_face
    return found or _propose_with_redder_filter(machine, concern, region, barred_nm)


def _propose_with_redder_filter(
    machine: SearchMachine, concern: Concern, region: PracticeRegion, barred_nm: Collection[float]
) -> Proposal | None:
    """Return the proposal of a lamp with the filter that the guideline names, whose doses are printed with a bluer one.

    Melanin absorbs most of what the bluer filter adds, so that the same dose is the gentler.
    """
    cells = kind_cells(concern, PHOTOTYPES[(region.phototype or len(PHOTOTYPES)) - 1])
    every = [setting for setting in iterate_settings(machine.device) if setting.wavelength_nm not in barred_nm]
    named = set(settings_of_cells(machine, region.modality, cells)).intersection(every)
    found = propose_beside_cell(machine, every, concern, region)
    if found is None or not named:
        return None
    cut_off_nm = min(setting.wavelength_nm for setting in named)
    moved = _with_light_of_lighter_skin(found, found.setting._replace(wavelength_nm=cut_off_nm))
    return moved if moved.setting in named else None


def _propose_from_face(
    machine: SearchMachine, concern: Concern, region: PracticeRegion, barred_nm: Collection[float]
) -> Proposal | None:
    """Return the proposal of a lamp for the face, where the guideline names its light at the site without a dose.

    It may name it for a condition that lends its settings.
    """
    phototype = region.phototype or len(PHOTOTYPES)
    of_site = [
        cell
        for condition in cell_lenders(machine, region)
        for cell in machine_cells(machine, concern, replace(region, condition=condition), phototype)
        if cell.site == concern.site
    ]
    if is_facial(concern.site) or not of_site:
        return None
    proposal = propose_from_sources(machine, concern.model_copy(update={"site": _FACE}), region, barred_nm)
    if proposal is None:
        return None
    classes = device_classes(machine.device, proposal.setting)
    return proposal if guideline_place(of_site, region.modality, classes) is not None else None


def _is_greater_at_other_spot(proposal: Proposal, lighter: Proposal) -> bool:
    """Return whether lighter skin begins with less of the same light in a spot of another size."""
    is_same_light = (lighter.setting.wavelength_nm, lighter.condition) == (
        proposal.setting.wavelength_nm,
        proposal.condition,
    )
    is_greater = proposal.middle > lighter.middle or proposal.low > lighter.low
    return is_same_light and lighter.setting != proposal.setting and is_greater


def _at_spot_of_lighter_skin(proposal: Proposal, lighter: Proposal, phototype: int) -> Proposal:
    """Return the proposal for lighter skin as that of darker skin, whose middle is no greater than its own.

    Sources print the same energy for several spots: in the widest the fluence is the least.
    """
    return replace(
        lighter,
        middle=max(lighter.low, min(proposal.middle, lighter.middle)),
        high=max(lighter.low, min(proposal.high, lighter.high)),
        lighter_phototype=proposal.lighter_phototype,
        darker_phototype=None,
        bounding_phototype=phototype,
    )


def _with_light_of_lighter_skin(proposal: Proposal, lighter: BeamSetting) -> Proposal:
    """Return a proposal of a lamp with the filter and the pulse of lighter skin where its own are bluer and shorter.

    Melanin absorbs most of what a bluer filter adds, and a longer pulse lets the epidermis cool, so that its doses are
    the gentler. Unchanged where the lamp has no such setting.
    """
    own = proposal.setting
    cut_off_nm, pulse_ms = max(own.wavelength_nm, lighter.wavelength_nm), max(own.pulse_ms, lighter.pulse_ms)
    emitted = set(iterate_settings(proposal.machine.device))
    for setting in (own._replace(wavelength_nm=cut_off_nm, pulse_ms=pulse_ms), own._replace(wavelength_nm=cut_off_nm)):
        bluer_nm = own.wavelength_nm if cut_off_nm > own.wavelength_nm else proposal.bluer_filter_nm
        shorter_ms = own.pulse_ms if setting.pulse_ms > own.pulse_ms else proposal.shorter_pulse_ms
        moved = replace(proposal, setting=setting, bluer_filter_nm=bluer_nm, shorter_pulse_ms=shorter_ms)
        if setting in emitted and moved.published_doses:
            return moved
    return proposal
