"""Derive the order of a treatment from an option of a plan: settings, limits, and additional checklist items.

The limits are the greatest values that a rule of the plan or the device gives.
"""

import math
from collections.abc import Sequence

from skinbeam.laser.device import Device
from skinbeam.model.estimate import Unknown
from skinbeam.model.vocabulary import vocabulary_table
from skinbeam.plan_records.course import DeviceSetup
from skinbeam.plan_records.plan import ConcernPlan, Option, Plan
from skinbeam.suitability.bounds import RuleBounds
from skinbeam_clinic.errors import clinic_error
from skinbeam_clinic.machines.clinic_devices import ClinicDevices
from skinbeam_clinic.pulse_settings import NO_SETTINGS, OrderedSettings, PulseSettings
from skinbeam_clinic.treatments.models import AlsoTreated, TreatmentOrder
from skinbeam_clinic.treatments.spot_judgement import find_ladder
from skinbeam_clinic.used_cooling import planned_cooling

__all__ = ["make_order", "measured_ita_deg"]


def make_order(
    devices: ClinicDevices, plan: Plan, concern: ConcernPlan, option: Option, also: Sequence[AlsoTreated] = ()
) -> TreatmentOrder:
    """Return the settings and limits with which a treatment by this option is compared.

    Parameters
    ----------
    also : the other concerns that its pulses treat.

    Raises
    ------
    RecordNotFoundError : the option has no device.
    """
    if option.setup is None:
        raise clinic_error("absent", "plan")
    return TreatmentOrder(
        condition=concern.condition,
        site=concern.site,
        device=option.setup.device,
        settings=_order_settings(option.setup),
        allowed=_rule_limits(plan, option, option.setup),
        emitted=_device_limits(devices.find(option.setup.device)),
        asked=tuple(_checklist_causes(devices, plan, concern, option.setup)),
        cooling=planned_cooling(option.setup),
        ita_deg=measured_ita_deg(plan),
        also=tuple(also),
    )


def measured_ita_deg(plan: Plan) -> float | None:
    """Return the colour of the skin that a plan was made for; None where nobody measured it."""
    ita_deg = plan.assessment.ita_deg
    return None if isinstance(ita_deg, Unknown) else ita_deg


def _order_settings(setup: DeviceSetup) -> OrderedSettings:
    settings, beam = setup.settings, setup.settings.columns
    return OrderedSettings(
        wavelength_nm=settings.wavelength_nm,
        fluence_J_cm2=settings.fluence_J_cm2,
        energy_mJ=None if beam is None else beam.energy_mJ,
        density_per_cm2=None if beam is None else beam.density_per_cm2,
        spot_mm=settings.spot_mm,
        pulse_ms=settings.pulse_ms,
        passes=None if settings.passes is None else float(settings.passes),
    )


def _rule_limits(plan: Plan, option: Option, setup: DeviceSetup) -> PulseSettings:
    """Return the greatest values that rules allow; bounds relative to a density were met when it was chosen."""
    beam = setup.settings.columns
    if beam is None:
        return NO_SETTINGS
    reasons = (*plan.suitability.reasons, *option.reasons)
    most = RuleBounds(tuple(bound for reason in reasons for bound in reason.bounds)).energy_mJ(beam.diameter_um)
    return PulseSettings(energy_mJ=None if math.isinf(most) else most)


def _device_limits(device: Device | None) -> PulseSettings:
    """Return the most that a device emits; nothing of one of another clinic, whose plan was imported."""
    if device is None:
        return NO_SETTINGS
    most = device.dose[1]
    return PulseSettings(energy_mJ=most) if device.microbeam else PulseSettings(fluence_J_cm2=most)


def _checklist_causes(devices: ClinicDevices, plan: Plan, concern: ConcernPlan, setup: DeviceSetup) -> list[str]:
    device, site = devices.find(setup.device), vocabulary_table("site").get(concern.site, {})
    cooled = setup.settings.cooling is not None or (device is not None and bool(device.cooling))
    causes = {
        "spots": find_ladder(plan, concern, setup) is not None,
        "cooling": cooled,
        "shields": bool(site.get("inside_orbital_rim")),
    }
    return [name for name, cause in causes.items() if cause]
