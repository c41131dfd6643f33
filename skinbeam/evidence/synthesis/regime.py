"""Classify the light of a trial arm by its effect: family of wavelengths, and class of pulse.

Two lasers of one kind count as alike where both classes are the same. The absorbing chromophore depends on the
wavelength. Whether a grain of pigment bursts depends on the pulse, so the pulse class is used for short-pulse pigment
lasers only.
"""

from bisect import bisect_left

from skinbeam.evidence.settings import evidence_settings
from skinbeam.evidence.studies.trial_arm import Arm

__all__ = ["arm_regime", "light_regime", "pulse_class", "pulse_class_matters", "wavelength_family"]

UNSTATED = "unstated"


def wavelength_family(wavelength_nm: float | None) -> str:
    """Return the family of a wavelength in nm, named by its bounds; None is a family of its own."""
    if wavelength_nm is None:
        return UNSTATED
    edges = evidence_settings().band_edges_nm
    at = bisect_left(edges, wavelength_nm)
    low = 200.0 if at == 0 else edges[at - 1]
    high = edges[at] if at < len(edges) else 20_000.0
    return f"{low:.0f}-{high:.0f} nm"


def pulse_class(pulse_ms: float | None) -> str:
    """Return `ps`, `ns`, `us` or `ms` for a pulse duration in ms; empty where it is None."""
    if pulse_ms is None:
        return ""
    ends = evidence_settings().pulse_ends_ms
    return next((name for name, end in ends.items() if pulse_ms < end), "ms")


def arm_regime(arm: Arm) -> str:
    """Return the regime of a trial arm; empty where the treatment is not light."""
    return light_regime(arm.modality, arm.wavelength_nm, arm.pulse_class or pulse_class(arm.pulse_ms))


def light_regime(modality: str, wavelength_nm: float | None, pulse: str) -> str:
    """Return the regime of a modality at a wavelength in nm with a class of pulse; empty where it is not light."""
    if modality not in evidence_settings().plausible_nm:
        return ""
    return (
        f"{wavelength_family(wavelength_nm)} {pulse}"
        if pulse and pulse_class_matters(modality)
        else wavelength_family(wavelength_nm)
    )


def pulse_class_matters(modality: str) -> bool:
    """Whether the light of a modality is classified by its pulse as well."""
    return modality in evidence_settings().pulse_modalities
