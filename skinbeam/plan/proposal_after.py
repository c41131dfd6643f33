"""The setting that a plan begins with on a machine after earlier sessions on the concern, or after test spots.

A setting that improved this very skin and left no harm is given again: that one person's result says more than the
middle of what sources print, and than a computed target. A dose that improved too little and left no harm is raised by
a step, up to what sources print. Where test spots showed at which dose a brown spot whitens and that the dose which a
plan begins with does nothing, it begins there. The limits on harm hold for all.
"""

from dataclasses import replace
from typing import Final

from skinbeam.model.consultation import Concern
from skinbeam.plan.earlier_result import EarlierResult, EndpointSeen, is_like
from skinbeam.plan.proposal import Proposal
from skinbeam.response.settings import SearchMachine
from skinbeam.suitability.session_response import is_too_little

__all__ = ["proposal_after", "proposal_at_endpoint"]

_STEP: Final = 1.15  # after a session without effect: the step of a ladder that a clinic goes up (a judgement)


def proposal_after(
    earlier: EarlierResult, usual: Proposal | None, concern: Concern, machine: SearchMachine
) -> Proposal | None:
    """Return the proposal of a machine after an earlier result.

    The setting that helped; the usual proposal with a greater dose where a session at such a setting did not; else the
    usual proposal.
    """
    if earlier.has_helped:
        return _same_again(earlier, usual, concern, machine)
    if usual is None or usual.machine.device.microbeam or usual.is_least_first:
        return usual
    if not is_too_little(earlier.improved_pct):  # all of it before: more light is no reason for more of it
        return usual
    raised = min(_STEP * earlier.dose, usual.high)
    if (
        not is_like(usual.setting, earlier.setting)
        or usual.lighter_phototype is not None
        or raised <= max(usual.start, earlier.dose)
    ):
        return usual
    return replace(usual, raised_start=raised, earlier=earlier)


def _same_again(earlier: EarlierResult, usual: Proposal | None, concern: Concern, machine: SearchMachine) -> Proposal:
    """Return the setting of an earlier session, with what sources print at it where they do."""
    densities = None if usual is None else usual.densities_per_cm2
    if earlier.density_per_cm2 is not None:
        densities = earlier.density_per_cm2, earlier.density_per_cm2
    is_printed = usual is not None and usual.setting.wavelength_nm == earlier.setting.wavelength_nm
    return Proposal(
        machine,
        earlier.setting,
        earlier.dose,
        earlier.dose,
        earlier.dose,
        densities,
        usual.sources if usual is not None and is_printed else (),
        concern.condition,
        printed=(usual.printed or (usual.low, usual.high)) if usual is not None and is_printed else None,
        is_of_site=True,
        earlier=earlier,
    )


def proposal_at_endpoint(seen: EndpointSeen, usual: Proposal) -> Proposal:
    """Return a proposal that begins where test spots showed the endpoint, if the usual dose showed nothing.

    No cap of practice bounds it: at this site the skin has borne it.
    """
    if usual.is_least_first or seen.nothing < usual.start:
        return usual
    return replace(
        usual,
        machine=replace(usual.machine, caps=None),
        high=max(usual.high, seen.dose),
        printed=usual.printed or (usual.low, usual.high),
        raised_start=seen.dose,
        endpoint=seen,
    )
