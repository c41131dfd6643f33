"""Why a plan tells another probability of a burn than a simulated pulse of a known device on the skin of a person."""

from skinbeam.laser.device import devices
from skinbeam.published_doses.burn_anchors import shipped_anchor
from skinbeam.simulate.scene import PulseScene
from skinbeam.text import DocumentWarning, Message

__all__ = ["lesion_burn_warnings", "plan_anchor"]

_UNSEEN = 0.05  # a difference of dose that no machine is set to


def plan_anchor(scene: PulseScene) -> float | None:
    """Return the factor by which a plan raises the doses that burn; None where that is nearly 1, or no plan is made."""
    case, beam = scene.loaded_case.case, scene.beam
    if case.laser is None or beam is None or not _is_planned(scene):
        return None
    from skinbeam.assessment.questionnaire import darkest_phototype  # imported late: many pulses name no device

    phototype, device = darkest_phototype(case), devices()[case.laser.device or ""]
    factor = phototype and shipped_anchor(device, beam.wavelength_nm, scene.skin.site or "", phototype)
    return factor if factor and abs(factor - 1.0) > _UNSEEN else None


def lesion_burn_warnings(scene: PulseScene) -> list[DocumentWarning]:
    """Return a warning where the pulse burns a dark spot, and a plan counts the skin around it."""
    if not _is_planned(scene) or scene.skin.melanin_ratio is None:
        return []
    return [DocumentWarning("burn-of-the-lesion", Message("simulate.burn-of-the-lesion"))]


def _is_planned(scene: PulseScene) -> bool:
    laser = scene.loaded_case.case.laser
    return laser is not None and laser.device in devices() and not scene.skin.layers
