"""The case of one pulse of an option: what a plan would fire, on this person's skin, as a case file says it."""

from typing import Any

import numpy as np

from skinbeam.model.case import Case
from skinbeam.model.document import dataclass_fields, round_significant
from skinbeam.model.exposure import Skin
from skinbeam.model.input_files import LoadedCase, parse_record
from skinbeam.model.units import UM
from skinbeam.plan.person import AssessedPerson
from skinbeam.plan_records.course import DeviceSetting, DeviceSetup
from skinbeam.response.goals import LESION_BY_CONDITION, TreatmentGoal, treatment_goal
from skinbeam.simulate.skins.ensemble import weighted_quantiles
from skinbeam.suitability.judgement import judge_suitability

__all__ = ["option_pulse_case"]

_MADE_BY_THE_DEVICE = ("subpulses", "subpulse_ms")  # and not set on it, unless their delay is
_NO_SETTING = ("wavelength_nm", "compression", "microbeam", "cooling")


def option_pulse_case(
    person: AssessedPerson, loaded: LoadedCase, place: tuple[str, str], modality: str, setup: DeviceSetup
) -> LoadedCase:
    """Return the case of one pulse of a planned setting on the person's skin.

    The skin has the colour that the plan uses, the site of the concern, and its lesion or vessel: of vessels, the
    median size and depth of those that the plan drew.

    Parameters
    ----------
    place : condition and site of the concern.
    modality, setup : of the option.
    """
    condition, site = place
    case = person.case
    concern = next(concern for concern in case.concern if (concern.condition, concern.site) == place)
    bounds = judge_suitability(case, concern=concern, modality=modality).bounds
    goal = treatment_goal(condition, modality, concern.severity, bounds, concern.subtypes)
    assert case.patient is not None  # a consultation has one
    ita_deg, phototype = person.colour.ita_deg, person.colour.phototype
    patient = case.patient.model_copy(update={"ita_deg": ita_deg, "phototype": phototype})
    skin = (case.skin or Skin()).model_copy(update={"site": site, "ita_deg": ita_deg})
    machine = person.find_machine(setup.device)
    tables = {
        "title": f"{condition} at {site}: one pulse of {setup.device}",
        "patient": patient.model_dump(exclude_none=True, exclude_defaults=True),
        "skin": skin.model_dump(exclude_none=True, exclude_defaults=True),
        **_target_tables(person, goal, site),
        **_laser_tables(setup.settings, setup.device if machine is None else machine.case_name),
    }
    return LoadedCase(parse_record(Case, tables, file=loaded.file), loaded.folder, loaded.file)


def _target_tables(person: AssessedPerson, goal: TreatmentGoal, site: str) -> dict[str, Any]:
    if goal.location == "lesion" and goal.condition in LESION_BY_CONDITION:
        return {"lesion": [{"kind": LESION_BY_CONDITION[goal.condition]}]}
    if goal.location != "vessel":
        return {}
    skins = person.bank.skins(site, goal).target
    weights = skins["weight"]
    depth_m, diameter_m = (
        weighted_quantiles(np.asarray(skins[name][:, 0]), weights, (0.5,))[0]
        for name in ("vessel_depth_m", "vessel_diameter_m")
    )
    return {
        "vessel": [
            {"depth_um": round_significant(depth_m / UM), "diameter_um": round_significant(diameter_m / UM)},
        ]
    }


def _laser_tables(settings: DeviceSetting, device: str) -> dict[str, Any]:
    values = dataclass_fields(settings)
    left_out = _NO_SETTING if settings.subpulse_delay_ms is not None else (*_NO_SETTING, *_MADE_BY_THE_DEVICE)
    tables = {
        "laser": {"device": device, "wavelength_nm": settings.wavelength_nm},
        "settings": {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in values.items()
            if name not in left_out
        },
    }
    if settings.columns is not None:
        tables["microbeam"] = dataclass_fields(settings.columns)
    if settings.cooling is not None:
        # Temperature and coefficient are left to the device: the plan was computed with their spread.
        cooling = dataclass_fields(settings.cooling)
        tables["cooling"] = {
            name: value for name, value in cooling.items() if name not in ("temperature_C", "coefficient_W_m2K")
        }
    return tables
