"""What a plan orders of an option: what a treatment is held against, and what of the checklist it gives cause for.

The dose, the columns and the passes have a greatest value where a rule of the plan or the device names one.
"""

import math

from skinbeam.laser.device import devices
from skinbeam.plan.records import ConcernPlan, Option, Plan
from skinbeam.plan.rules.bound import Bounds
from skinbeam.plan.setup import Setup
from skinbeam.records.faults import fault
from skinbeam.records.treated import Ordered
from skinbeam.schema.names import table

__all__ = ["ordered_of", "spots_ordered"]


def ordered_of(plan: Plan, concern: ConcernPlan, option: Option) -> Ordered:
    """Return what a treatment with this option is held against.

    Raises
    ------
    AbsentError : the option has no device.
    """
    if option.setup is None:
        raise fault("absent", "plan")
    return Ordered(
        condition=concern.condition,
        site=concern.site,
        device=option.setup.device,
        settings=_settings(option.setup),
        allowed=_allowed(plan, option, option.setup),
        emitted=_emitted(option.setup),
        asked=tuple(_asked(plan, concern, option.setup)),
    )


def spots_ordered(plan: Plan, concern: ConcernPlan, setup: Setup) -> bool:
    """Tell whether the plan asks for test spots of this light at this site."""
    asked = (setup.device, setup.wavelength_nm, concern.site)
    return any((one.device, one.wavelength_nm, one.site) == asked for one in plan.test_spots)


def _settings(setup: Setup) -> dict[str, float]:
    held, beam = setup.settings, setup.settings.microbeam
    said = {
        "wavelength_nm": held.wavelength_nm,
        "fluence_J_cm2": held.fluence_J_cm2,
        "energy_mJ": None if beam is None else beam.energy_mJ,
        "density_per_cm2": None if beam is None else beam.density_per_cm2,
        "spot_mm": held.spot_mm,
        "pulse_ms": held.pulse_ms,
        "passes": held.passes,
    }
    return {name: float(value) for name, value in said.items() if value is not None}


def _allowed(plan: Plan, option: Option, setup: Setup) -> dict[str, float]:
    """The greatest values that rules name: a bound that is a share of a density was obeyed when it was chosen."""
    beam = setup.settings.microbeam
    if beam is None:
        return {}
    reasons = (*plan.suitability.reasons, *option.reasons)
    most = Bounds(tuple(bound for one in reasons for bound in one.bounds)).energy_mJ(beam.diameter_um)
    return {} if math.isinf(most) else {"energy_mJ": most}


def _emitted(setup: Setup) -> dict[str, float]:
    device = devices().get(setup.device)  # a plan may be of a device file that the clinic has beside a case
    if device is None:
        return {}
    return {"energy_mJ" if device.microbeam else "fluence_J_cm2": device.dose[1]}


def _asked(plan: Plan, concern: ConcernPlan, setup: Setup) -> list[str]:
    device, site = devices().get(setup.device), table("site").get(concern.site, {})
    cooled = setup.settings.cooling is not None or (device is not None and bool(device.cooling))
    causes = {
        "spots": spots_ordered(plan, concern, setup),
        "cooling": cooled,
        "shields": bool(site.get("inside_orbital_rim")),
    }
    return [name for name, cause in causes.items() if cause]
