"""True doses that burn virtual people or reach their target, by their own skin and their clinic's error.

A set of kinetics that the planner does not use would, unchanged, burn at doses that clinics give every day. As for
the planner's own set, practice corrects it: each set gets a bias that leaves published doses, in the middle, where the
planner's set has them,

    bias of the set = middle + median over sources of ln(planner's computed dose / the set's)
    ln(true / computed by the set) = bias of the set + N(0, error²) + N(0, people²)

with the middle of the regime's light, error and people from one draw of the calibration (practice 1). Differences
between the sets from setting to setting remain. `error` is one number for a person in a clinic; `people` may differ
from place to place of one field, so each spot has its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from statistics import median
from typing import Final

import numpy as np
from numpy.typing import NDArray

from research.burn_calibration.scenarios import exclusion_reason, simulate_responses
from research.virtual_people.people import SITE, VirtualPeople, design
from skinbeam.laser.beam import Beam
from skinbeam.laser.cooling import CoolingPlan
from skinbeam.model.package_data import load_derived_table
from skinbeam.model.units import J_CM2
from skinbeam.physics.damage.arrhenius import Kinetics, read_kinetics, shift_kinetics
from skinbeam.published_doses.calibration import BURN_CLASS, BurnLight, error_parts
from skinbeam.published_doses.rows import practice_rows
from skinbeam.response.goals import LESION_BY_CONDITION, condition_vessels
from skinbeam.response.skins import SiteSkins
from skinbeam.simulate.model_error import model_error
from skinbeam.simulate.pulse.damage_dose import cell_death_dose, damage_dose
from skinbeam.simulate.pulse.locations import basal_layer_response
from skinbeam.simulate.pulse.response import PulseResponse
from skinbeam.simulate.vessels.heated_blood import dose_with_heated_blood
from skinbeam.simulate.vessels.vessel_endpoints import closure_dose
from skinbeam.skin.sample import SkinSample
from skinbeam.skin.tables import read_number, tissue_table

__all__ = ["ClinicErrors", "TrueDoses", "draw_clinic_errors", "practice_biases"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

CLOSURE: Final = "vessel-closure"


@dataclass(frozen=True)
class ClinicErrors:
    """Logarithms of true over computed doses, each (person,).

    Parameters
    ----------
    clinic, independent_clinic : of burns, the error that a clinic's device and hands share on one person, and a second
        draw.
    people : spread of the differences from place to place of their skin.
    closure : of the dose that closes vessels.
    """

    clinic: Floats
    independent_clinic: Floats
    people: Floats
    closure: Floats


def draw_clinic_errors(people: VirtualPeople, lights: Sequence[BurnLight]) -> ClinicErrors:
    """Return the errors of the clinics that treat these people, with one draw of the calibration for each person.

    Parameters
    ----------
    lights : light of each regime.
    """
    parts = [error_parts(light) for light in lights]
    means, error = (np.array([getattr(part, name) for part in parts]) for name in ("means", "error"))
    drawn = np.asarray(people.draws.uniform("draw of the calibration") * means.shape[1], dtype=np.int64)
    own = means[people.regime, drawn] + np.array(practice_biases())[people.kinetics]
    shared = error[people.regime, drawn]
    return ClinicErrors(
        clinic=own + shared * people.draws.normal("clinic"),
        independent_clinic=own + shared * people.draws.normal("clinic elsewhere"),
        people=np.asarray(load_derived_table("burn_calibration")[BURN_CLASS]["draw"]["people"], dtype=np.float64)[
            drawn
        ],
        closure=np.log(model_error(CLOSURE)) * people.draws.normal("closure"),
    )


@cache
def practice_biases() -> tuple[float, ...]:
    """Return the correction from practice to the bias of each set of kinetics of the design."""
    off: dict[str, list[Floats]] = {}
    for row in practice_rows():
        if row.role != "validation" and exclusion_reason(row) is None:
            every = [np.log(_ratios(response)) for response in simulate_responses(row, design()["practice_draws"])]
            off.setdefault(row.source, []).append(np.median(np.concatenate(every, axis=1), axis=1))
    by_source = np.array([np.mean(rows, axis=0) for rows in off.values()])
    return tuple(float(median(column)) for column in by_source.T)


def _ratios(response: PulseResponse) -> Floats:
    """Return the planner's dose over that of each set, (set, sample)."""
    place = basal_layer_response(response)
    computed = cell_death_dose(response, place)
    return np.array([computed / damage_dose(response, place, of) for of in _kinetics_sets(response.skins)])


def _kinetics_sets(skins: SkinSample) -> list[Kinetics]:
    """Return the kinetics sets of the design, each shifted in temperature like that of each skin."""
    shift = read_number(tissue_table("kinetics")["spread"]["threshold_K"]) * skins["kinetics_shift"]
    return [
        shift_kinetics(read_kinetics(name), shift, reference_s=design()["hold_s"]) for name in design()["epidermis"]
    ]


@dataclass(frozen=True)
class TrueDoses:
    """The skins of virtual people, and the true effects of light on them.

    Parameters
    ----------
    indices : their indices among all.
    surrounding_skins, target_skins : their skin, and the same with the treated lesion or vessels in it.
    """

    people: VirtualPeople
    indices: Ints
    surrounding_skins: SkinSample
    target_skins: SkinSample

    @classmethod
    def for_condition(cls, people: VirtualPeople, condition: str) -> "TrueDoses":
        """Return the true doses of people who are treated for a condition."""
        lesion = LESION_BY_CONDITION.get(condition)
        vessels = None if lesion is not None else condition_vessels(condition)
        return cls(people, np.arange(people.count), people.skins(vessels), target_skins=people.skins(vessels, lesion))

    def subset(self, who: Ints) -> "TrueDoses":
        """Return the part for the people with these indices."""
        return replace(
            self,
            indices=self.indices[who],
            surrounding_skins=self.surrounding_skins.select(who),
            target_skins=self.target_skins.select(who),
        )

    def burn_dose_J_cm2(self, beam: Beam, cooling: CoolingPlan, *, in_target: bool = False) -> Floats:
        """Return the computed dose at which the basal cells die, by each person's own kinetics, (person,)."""
        response = self._response(beam, cooling, within=in_target, near_surface=True)
        place = basal_layer_response(response)
        doses = np.array([damage_dose(response, place, of) for of in _kinetics_sets(response.skins)]) / J_CM2
        return np.asarray(doses[self.people.kinetics[self.indices], np.arange(self.indices.size)])

    def closure_dose_J_cm2(self, beam: Beam, cooling: CoolingPlan) -> Floats:
        """Return the computed dose that closes the vessel, by the other kinetics of blood, (person,)."""
        response = self._response(beam, cooling, within=True, near_surface=False)
        closure = partial(closure_dose, blood=design()["blood"])
        return np.asarray(dose_with_heated_blood(response, closure)[:, 0] / J_CM2)

    def _response(self, beam: Beam, cooling: CoolingPlan, *, within: bool, near_surface: bool) -> PulseResponse:
        skins = self.target_skins if within else self.surrounding_skins
        ratio = self.people.scattering_ratio(beam.mean_wavelength_nm)[self.indices]
        lit = skins.with_arrays(scattering_factor=skins["scattering_factor"] * ratio)
        return SiteSkins(SITE, lit, lit).respond(beam, cooling, limiting=False, near_surface=near_surface)
