"""The setting that a plan begins with on a machine after earlier sessions on the concern, or after test spots.

A setting that improved this very skin and left no harm is given again: that one person's result says more than the
middle of what sources print, and than a computed target. A dose that improved too little and left no harm is raised by
a step, up to what sources print; where they print none for such skin, it is moved to no less. Columns less deep than
those that did too little are reported as such. Where test spots whitened a brown spot, no smaller dose is computed to
be enough; where they showed that the dose which a plan begins with does nothing, it begins a step above what did
nothing. The limits on harm hold for all.
"""

import math
from dataclasses import replace

from skinbeam.laser.setting_grid import BeamSetting, dose_steps
from skinbeam.model.consultation import Concern
from skinbeam.plan.earlier_result import EarlierResult, EndpointSeen, is_like
from skinbeam.plan.printed_dose import DOSE_ROUNDING
from skinbeam.plan.proposal import Proposal
from skinbeam.response.settings import SearchMachine
from skinbeam.suitability.course_rules import course_rules
from skinbeam.suitability.session_response import is_too_little

__all__ = ["proposal_after", "proposal_at_endpoint", "proposal_beside_deeper"]


def proposal_after(
    earlier: EarlierResult, usual: Proposal | None, concern: Concern, machine: SearchMachine
) -> Proposal | None:
    """Return the proposal of a machine after an earlier result.

    The setting that helped; the usual proposal with a greater dose where a session at such a setting did not, or with
    the same dose where that was judged too early, or with no less where its doses are borrowed from lighter skin; the
    setting of the session where the usual one would be weaker; else the usual proposal. Above what sources print, the
    limits alone bound what is given again: none is computed of a lens array, and columns need their density, since that
    of smaller columns says nothing of greater ones. What skin showed when it was lighter than today repeats and raises
    nothing, and a dose that helped then is not exceeded.
    """
    if earlier.was_skin_lighter:
        return usual if usual is None or not earlier.has_helped else _no_more_than(usual, earlier)
    if earlier.has_helped:
        again, device = _same_again(earlier, usual, concern, machine), machine.device
        is_unbounded = device.lens_array or (device.microbeam and earlier.density_per_cm2 is None)
        return usual if is_unbounded and again.is_beyond_print else again
    if usual is None or usual.machine.device.microbeam or usual.is_least_first:
        return usual
    if _is_weaker(usual, earlier):
        is_raised = is_too_little(earlier.improved_pct) and not earlier.is_early
        start = min(course_rules().dose_step * earlier.dose, usual.high) if is_raised else earlier.dose
        start = max(start, earlier.dose)
        high, printed = max(usual.high, start), usual.printed_range
        return replace(usual, setting=earlier.setting, high=high, printed=printed, raised_start=start, earlier=earlier)
    if not is_too_little(earlier.improved_pct):  # all of it before: more light is no reason for more of it
        return usual
    if not is_like(usual.setting, earlier.setting):
        return usual
    if usual.lighter_phototype is not None:
        is_printed = earlier.dose <= DOSE_ROUNDING * usual.high
        return replace(usual, no_less_than=earlier) if is_printed else usual
    raised = min((1.0 if earlier.is_early else course_rules().dose_step) * earlier.dose, usual.high)
    if raised <= usual.start or (raised <= earlier.dose and not earlier.is_early):
        return usual
    return replace(usual, raised_start=raised, earlier=earlier)


def proposal_beside_deeper(proposal: Proposal, earlier: EarlierResult | None) -> Proposal:
    """Return a proposal of columns with the earlier session whose columns were deeper and did too little, if any.

    Parameters
    ----------
    earlier : the last judged session with such columns, however deep a plan may go.
    """
    if earlier is None or earlier.is_early or not is_too_little(earlier.improved_pct):
        return proposal
    is_deeper = proposal.is_less_deep(proposal.start, earlier.setting, earlier.dose)
    return replace(proposal, deeper_before=earlier) if is_deeper else proposal


def _no_more_than(usual: Proposal, earlier: EarlierResult) -> Proposal:
    """Return a usual proposal with no more than the dose that helped skin when it was lighter, of the same light."""
    if not is_like(usual.setting, earlier.setting) or usual.start <= earlier.dose:
        return usual
    low, middle, high = (min(dose, earlier.dose) for dose in (usual.low, usual.middle, usual.high))
    return replace(usual, low=low, middle=middle, high=high, printed=usual.printed_range, no_more_than=earlier)


def _is_weaker(usual: Proposal, earlier: EarlierResult) -> bool:
    """Return whether a usual proposal is weaker than a setting that this skin bore, within what sources print.

    Less of the same light, in a pulse as long or longer, is no answer to what did too little or adds nothing more.
    """
    before, after = earlier.setting, usual.setting
    is_same_light = is_like(before._replace(pulse_ms=after.pulse_ms), after)
    is_less = after.pulse_ms >= before.pulse_ms and usual.start <= earlier.dose
    is_same = is_like(before, after) and usual.start >= earlier.dose
    is_printed = usual.lighter_phototype is None and usual.low <= DOSE_ROUNDING * earlier.dose
    is_printed &= earlier.dose <= DOSE_ROUNDING * usual.high
    return is_same_light and is_less and is_printed and not is_same


def _same_again(earlier: EarlierResult, usual: Proposal | None, concern: Concern, machine: SearchMachine) -> Proposal:
    """Return the setting of an earlier session, with what sources print at it for such skin where they do."""
    densities = printed_densities = None if usual is None else usual.densities_per_cm2
    density = earlier.density_per_cm2
    if density is not None:
        densities = density, density
    is_density_printed = usual is not None and usual.is_density_of_such_skin
    if density is not None and printed_densities is not None:
        is_density_printed &= density <= printed_densities[1]
    printed = usual.in_columns_of(earlier.setting) if usual and _is_printed_at(usual, earlier.setting) else None
    is_inside = printed is not None and printed.place(concern.condition, earlier.dose).is_inside
    return Proposal(
        machine,
        earlier.setting,
        earlier.dose,
        earlier.dose,
        earlier.dose,
        densities,
        () if printed is None or printed.darker_phototype is not None else printed.sources,
        concern.condition,
        # Of an unknown density the one that darker skin bears is named for lighter skin as in a plan without a session.
        darker_phototype=printed.darker_phototype if printed is not None and density is None else None,
        printed=None if printed is None else printed.printed_range,
        columns=None if printed is None else printed.columns,
        is_of_site=True,
        earlier=earlier,
        usual_range=printed.published_range if printed is not None and is_inside else None,
        usual_borne_density_per_cm2=None if printed is None else printed.borne_density_per_cm2,
        is_density_printed=is_density_printed,
        usual_density_per_cm2=None if density is None else (usual and usual.density_per_cm2) or math.inf,
    )


def _is_printed_at(usual: Proposal, setting: BeamSetting) -> bool:
    """Return whether the doses of a proposal are printed for such skin, at a setting.

    How deep a column reaches depends on no colour, so that what is printed for darker skin holds for columns too.
    """
    is_column = usual.machine.device.microbeam
    is_of_such_skin = usual.lighter_phototype is None and (is_column or usual.darker_phototype is None)
    is_same_light = usual.setting.wavelength_nm == setting.wavelength_nm and usual.similar_light is None
    return is_of_such_skin and is_same_light and (is_column or is_like(usual.setting, setting))


def proposal_at_endpoint(endpoint: EndpointSeen, usual: Proposal) -> Proposal:
    """Return a proposal that begins a step above the test spots that showed nothing, if the usual dose is among them.

    Else it is the usual one, not lowered below what whitened. It is no greater than the dose that whitened, which may
    be far above. No cap of practice bounds it: at this site the skin has borne more.
    """
    if usual.is_least_first or endpoint.nothing < usual.start:
        return replace(usual, whitened=endpoint.dose)
    above = (
        step
        for step in dose_steps(usual.machine.device, usual.setting)
        if step >= course_rules().dose_step * endpoint.nothing
    )
    start = min(endpoint.dose, next(above, endpoint.dose))
    return replace(
        usual,
        machine=replace(usual.machine, caps=None),
        high=max(usual.high, start),
        printed=usual.printed_range,
        raised_start=start,
        endpoint=endpoint,
    )
