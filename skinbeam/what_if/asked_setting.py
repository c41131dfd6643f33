"""Judge a setting that a clinician asks about, as a plan judges its own.

What the question leaves out is what a plan of the case would begin with on that device: wavelength, pulse, spot and
dose of practice, and the densest pattern of columns that the limits allow at the energy.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, NoReturn

from skinbeam.assessment.questionnaire import darkest_phototype
from skinbeam.laser.device import load_device
from skinbeam.laser.setting_grid import (
    BeamSetting,
    density_steps,
    device_classes,
    dose_steps,
    iterate_settings,
    nearest_setting,
    one_of_each_light,
)
from skinbeam.model.case import Case
from skinbeam.model.consultation import Concern
from skinbeam.model.document import round_significant
from skinbeam.model.errors import InputError, NotAvailable
from skinbeam.model.estimate import Estimate, Value
from skinbeam.model.input_files import LoadedCase
from skinbeam.model.units import MM, UM
from skinbeam.plan.concern import unknown_target_message
from skinbeam.plan.earlier_result import earlier_result
from skinbeam.plan.guideline_place import advice_against, concern_cells, guideline_place
from skinbeam.plan.light_planning import (
    is_depth_of_practice,
    judge_heating_dose,
    search_proposed_columns,
    with_limits_of_practice,
)
from skinbeam.plan.parallel import concern_name
from skinbeam.plan.person import AssessedPerson
from skinbeam.plan.proposal import Proposal
from skinbeam.plan.propose import propose_setting
from skinbeam.plan.setting_rules import judge_setting
from skinbeam.plan.source_proposal import usual_settings
from skinbeam.plan_records.course import DeviceSetting
from skinbeam.response.candidate import CandidateSetting
from skinbeam.response.fractional import judge_microbeams
from skinbeam.response.goals import TreatmentGoal, concern_lasers, laser_choices, treatment_goal, unknown_depth
from skinbeam.response.practice_place import unpublished_quantities
from skinbeam.response.settings import PulseCaps, SearchMachine, build_beam
from skinbeam.simulate.skins.ensemble import weighted_probability
from skinbeam.suitability.dose_bars import dose_bars, drop_barred_doses
from skinbeam.suitability.judgement import judge_suitability
from skinbeam.suitability.table import RuleReason
from skinbeam.text import Message, render_message

__all__ = [
    "ASKED_QUANTITIES",
    "AskedSetting",
    "DosePlace",
    "SettingNotOfferedError",
    "judge_asked_setting",
    "planned_quantities",
]

ASKED_QUANTITIES: Final = (
    "fluence_J_cm2",
    "energy_mJ",
    "pulse_ms",
    "spot_mm",
    "wavelength_nm",
    "density_per_cm2",
    "passes",
)
DosePlace = Literal["inside", "below", "above"]
_SAME_VALUE: Final = 1e-6  # relative: the same number, read as a decimal


class SettingNotOfferedError(InputError):
    """A device cannot be set to a value: `quantity` and `read` say to which, and `nearest` is the nearest that it has.

    A page that shows settings in words of its own reads these in place of the message.
    """

    quantity: str
    read: float
    nearest: float


@dataclass(frozen=True)
class AskedSetting:
    """A setting that was asked about, judged.

    Parameters
    ----------
    concern : the concern that it would treat.
    trial : effect, harm and the verdict of every limit.
    proposal : what sources print for the device; None where nobody prints a dose of it.
    is_barred : whether an earlier reaction of this skin bars the dose.
    is_capped : whether it is above what anybody published for such a site and skin.
    has_helped : whether an earlier session with such a setting, and no less light, helped this skin without harm.
    opposing : rules that refuse or refer it.
    against : what the guideline says against such light for this concern and skin; None where it says nothing.
    unpublished : how far its pulse and spot are outside those that were published.
    """

    concern: Concern
    goal: TreatmentGoal
    trial: CandidateSetting
    proposal: Proposal | None
    is_barred: bool
    is_capped: bool
    has_helped: bool
    opposing: tuple[RuleReason, ...]
    against: Message | None
    unpublished: tuple[Message, ...] = ()

    @property
    def place(self) -> DosePlace | None:
        """How the dose compares with those that sources print; None where nobody prints one."""
        return self.place_of(self.trial.dose)

    def place_of(self, dose: float, spot_mm: float | None = None) -> DosePlace | None:
        """Return how a dose of this device compares with those that sources print, J/cm² or mJ of a microbeam.

        Parameters
        ----------
        spot_mm : as of `printed_at`.
        """
        printed = self.printed_at(spot_mm)
        if printed is None:
            return None
        if printed.includes(dose):
            return "inside"
        return "below" if dose < printed.low else "above"

    def printed_at(self, spot_mm: float | None) -> Proposal | None:
        """Return what sources print, of heated columns in beams of a diameter; None where nobody prints a dose.

        Parameters
        ----------
        spot_mm : the diameter of microbeams; None for that of this setting.
        """
        if self.proposal is None or spot_mm is None:
            return self.proposal
        return self.proposal.in_columns_of(self.proposal.setting._replace(spot_mm=spot_mm))

    @property
    def p_effective(self) -> Value:
        """Share of such skins that reach the target; unknown where the depth of the stated kinds is."""
        unaimed = unknown_depth(self.concern.condition, self.goal.modality, self.concern.subtypes)
        if unaimed is not None:
            return unaimed
        return weighted_probability(self.trial.effective, self.trial.weights[0], self.trial.basis)

    @property
    def p_harm(self) -> Estimate:
        """Share of such skins that are injured beside the target."""
        return weighted_probability(self.trial.injury_probability, self.trial.weights[1], self.trial.basis)

    @property
    def p_burn(self) -> Estimate | None:
        """Share of such skins that are burnt; None where a burn is not what the light risks."""
        return self.p_harm if self.trial.burns is not None else None

    @property
    def obstacles(self) -> tuple[tuple[str, Message], ...]:
        """Why no plan gives the setting beside its limits: rules, guideline, earlier harm, what nobody published."""
        found = [(rule.rule, rule.message) for rule in self.opposing]
        if self.against is not None:
            found.append(("guideline-against", self.against))
        if self.is_barred:
            found.append(("earlier-reaction", Message("asked.earlier-reaction")))
        if self.has_helped:  # what this skin bore with benefit is given again, whatever others publish
            return tuple(found)
        if self.place == "above":
            found.append(("above-published", Message("asked.above-published")))
        if self.is_capped:
            found.append(("greatest-published", Message("asked.greatest-published")))
        return tuple(found)


def planned_quantities(settings: DeviceSetting) -> dict[str, float]:
    """Return the settings of an option as quantities of `ASKED_QUANTITIES`, to be asked with some of them changed."""
    planned = {"wavelength_nm": settings.wavelength_nm, "pulse_ms": settings.pulse_ms}
    if settings.columns is not None:
        diameter_mm = round_significant(settings.columns.diameter_um * UM / MM, 9)  # without the error of the unit
        planned |= {"spot_mm": diameter_mm, "energy_mJ": settings.columns.energy_mJ}
        planned["density_per_cm2"] = settings.columns.density_per_cm2
    elif settings.spot_mm is not None and settings.fluence_J_cm2 is not None:
        planned |= {"spot_mm": settings.spot_mm, "fluence_J_cm2": settings.fluence_J_cm2}
    return planned | ({"passes": float(settings.passes)} if settings.passes is not None else {})


def judge_asked_setting(
    person: AssessedPerson,
    loaded: LoadedCase,
    quantities: Mapping[str, float],
    *,
    device_name: str | None = None,
    treated: tuple[str, str, str] | None = None,
) -> AskedSetting:
    """Return the judgement of a setting.

    Parameters
    ----------
    quantities : quantities of `ASKED_QUANTITIES` with their values.
    device_name : a known device or a device file of the case; None for the device of the case's [laser], else the
        device that the guideline names first.
    treated : condition, site and modality of an option; None for the first concern that the device treats.

    Raises
    ------
    InputError : no device, an unknown quantity, or a setting that the device cannot have; the nearest is named.
    NotAvailable : the device treats no concern of the case, or the model cannot judge the light.
    """
    machine = _find_machine(loaded, person, device_name, quantities)
    treatment = _find_treatment(person, machine, treated, _asked_light(machine, quantities))
    concern, machine = treatment.concern, treatment.machine
    unknown = unknown_target_message(concern.condition, treatment.modality)
    if unknown is not None:
        raise NotAvailable(unknown.text)
    bounds = judge_suitability(person.case, concern=concern, modality=treatment.modality).bounds
    goal = treatment_goal(concern.condition, treatment.modality, concern.severity, bounds, concern.subtypes)
    _check_quantities(machine, treatment.modality, quantities)
    setting = _resolve_setting(machine, quantities, treatment.begun)
    proposal = None if treatment.proposal is None else treatment.proposal.in_columns_of(setting)
    dose = _resolve_dose(machine, setting, quantities, proposal)
    trial = _judge(person, goal, proposal, machine, setting, dose, quantities, concern.site)
    if proposal is not None and proposal.includes(dose):
        is_kept = not machine.device.microbeam or is_depth_of_practice(proposal, concern.site)
        trial = with_limits_of_practice(trial, proposal) if is_kept else trial
    free = drop_barred_doses([dose], setting.wavelength_nm, setting.pulse_ms, machine.dose_bars)
    rules = judge_setting(person.case, concern, treatment.modality, machine, setting)
    earlier = earlier_result(person.case, concern, machine)
    classes = device_classes(machine.device, setting)
    cells = concern_cells(person.case, concern)
    against = advice_against(person.case, concern, cells, treatment.modality, classes)
    return AskedSetting(
        concern,
        goal,
        trial,
        proposal,
        is_barred=not free,
        is_capped=not treatment.caps.doses(machine.device, setting, [dose]),
        has_helped=earlier is not None and earlier.has_helped_at(setting, dose),
        opposing=tuple(rules.opposing_reasons),
        against=None if against is None else against.message,
        unpublished=_list_unpublished(trial, treatment, person.case),
    )


def _list_unpublished(trial: CandidateSetting, treatment: "_Treatment", case: Case) -> tuple[Message, ...]:
    """Return how far pulse and spot are outside those that were published; those of the proposal are not."""
    quantities = unpublished_quantities(trial, treatment.concern.condition, treatment.modality, darkest_phototype(case))
    printed = None if treatment.proposal is None else treatment.proposal.setting
    return tuple(
        message
        for name, message in quantities.items()
        if printed is None or getattr(printed, name) != getattr(trial.setting, name)
    )


@dataclass(frozen=True)
class _Treatment:
    """What a device would treat, and how practice begins.

    Parameters
    ----------
    machine : the device with `caps`, the spots and energies that no setting exceeds.
    begun : the setting of practice; None where the device has no dose that may be given.
    proposal : what sources print; None where nobody prints a dose of it.
    """

    concern: Concern
    modality: str
    machine: SearchMachine
    caps: PulseCaps
    begun: BeamSetting | None
    proposal: Proposal | None


def _find_machine(
    loaded: LoadedCase, person: AssessedPerson, device_name: str | None, quantities: Mapping[str, float]
) -> SearchMachine:
    """Return the device that was asked about, with what earlier reactions bar."""
    laser = loaded.case.laser
    name = device_name or (None if laser is None else laser.device)
    if name is None:
        return _first_choice_machine(person, quantities)
    if machine := person.find_machine(name):
        return machine
    device = load_device(name, loaded.folder, field="device" if device_name else "laser.device")
    return SearchMachine(name, device, dose_bars(person.case, name, device))


def _first_choice_machine(person: AssessedPerson, quantities: Mapping[str, float]) -> SearchMachine:
    """Return the device that the guideline names first for the first concern, of the clinic's that give such a dose.

    Raises
    ------
    InputError : none of them.
    """
    concern = person.case.concern[0]
    cells, modalities = concern_cells(person.case, concern), concern_lasers(concern)
    is_energy = "energy_mJ" in quantities

    def place_of(machine: SearchMachine) -> tuple[int, bool, bool, int, bool] | None:
        """Return the best place of a device in the guideline, one with cooling first; None where it has none."""
        able = {modality: doing for modality in modalities if (doing := machine.device.doing(modality)) is not None}
        places = [
            guideline_place(cells, modality, device_classes(device, light))
            for modality, device in able.items()
            for light in one_of_each_light(device)
        ]
        standings = [place.standing for place in places if place is not None]
        return (*min(standings), not machine.device.cooling) if standings else None

    alike = [
        machine
        for machine in person.machines
        if machine.device.microbeam == is_energy and not machine.device.lens_array
    ]
    placed = {index: place for index, machine in enumerate(alike) if (place := place_of(machine)) is not None}
    if not placed and len(alike) == 1:
        return alike[0]
    if not placed:
        raise InputError(
            "missing-key",
            "no device was named, and the guideline names none of the clinic's for the first concern",
            field="device",
            hint="Give a device; `skinbeam lasers` lists the known ones.",
        )
    return alike[min(placed, key=lambda index: placed[index])]


def _asked_light(machine: SearchMachine, quantities: Mapping[str, float]) -> float | None:
    """Return the wavelength that was asked about as the device has it, nm; None where none, or another, was asked."""
    wanted = quantities.get("wavelength_nm")
    lights = machine.device.wavelengths_nm
    return next((nm for nm in lights if wanted is not None and math.isclose(nm, wanted, rel_tol=_SAME_VALUE)), None)


def _find_treatment(
    person: AssessedPerson,
    machine: SearchMachine,
    treated: tuple[str, str, str] | None,
    wavelength_nm: float | None,
) -> _Treatment:
    """Return the treatment of the first concern that a device treats, with the light that was asked about.

    A lamp may treat the red or the brown of a concern: what sources print for it comes first.
    """
    for concern in person.case.concern:
        asked = [
            modality
            for modality in concern_lasers(concern)
            if treated is None or treated == (concern.condition, concern.site, modality)
        ]
        able = {modality: doing for modality in asked if (doing := machine.doing(modality)) is not None}
        treatments = [
            _begin_treatment(person, doing, concern, modality, wavelength_nm) for modality, doing in able.items()
        ]
        if treatments:
            return next((treatment for treatment in treatments if treatment.proposal is not None), treatments[0])
    for concern in person.case.concern:
        for refusal in laser_choices(concern.condition, concern.site, concern.subtypes)[1]:
            if machine.doing(refusal.modality) is not None:
                params = {"device": machine.device.title, "concern": concern_name(concern), "reason": refusal.message}
                raise NotAvailable(render_message("asked.refused-concern", params))
    raise NotAvailable(render_message("asked.no-concern", {"device": machine.device.title}))


def _begin_treatment(
    person: AssessedPerson, machine: SearchMachine, concern: Concern, modality: str, wavelength_nm: float | None
) -> _Treatment:
    """Return the treatment of a concern with a device, as practice begins it.

    A device of several lights has doses of each: those of one say nothing of another.
    """
    caps = PulseCaps(concern.condition, modality, concern.site, darkest_phototype(person.case))
    bounded = replace(machine, caps=caps)
    proposal = None
    if modality != "ablative":
        proposal = propose_setting(person.case, concern, modality, bounded, wavelength_nm=wavelength_nm)
    if proposal is not None and wavelength_nm in (None, proposal.setting.wavelength_nm):
        return _Treatment(concern, modality, bounded, caps, proposal.setting, proposal)
    usual = usual_settings(person.case, concern, modality, bounded, concern_cells(person.case, concern))
    return _Treatment(concern, modality, bounded, caps, usual[0] if usual else None, None)


def _check_quantities(machine: SearchMachine, modality: str, quantities: Mapping[str, float]) -> None:
    """Raise where a quantity is unknown or is not set on the device, so that none is left out of the answer."""
    beam = ("energy_mJ", "density_per_cm2") if machine.device.microbeam else ("fluence_J_cm2",)
    known = ("wavelength_nm", "pulse_ms", "spot_mm", *beam, "passes")
    for name, value in quantities.items():
        if name not in known:
            hint = f"{machine.device.title} is set in {', '.join(known)}."
            raise InputError("wrong-quantity", f'"{name}" was read', field="at", hint=hint)
        if name == "passes" and (value != round(value) or (value != 1 and modality != "ablative")):
            hint = "Whole passes, and more than one only of light that removes the whole skin surface."
            raise InputError("wrong-quantity", f"passes = {value:g} was read", field="at", hint=hint)


def _resolve_setting(machine: SearchMachine, quantities: Mapping[str, float], begun: BeamSetting | None) -> BeamSetting:
    """Return the setting that was asked about; what the question leaves out is as in the setting to begin with."""
    base = begun or next(iterate_settings(machine.device))
    wanted = BeamSetting(
        *(quantities.get(name, getattr(base, name)) for name in ("wavelength_nm", "pulse_ms", "spot_mm"))
    )
    lights = machine.device.wavelengths_nm
    nearest_nm = min(lights, key=lambda nm: abs(nm - wanted.wavelength_nm))
    near = nearest_setting(machine.device, nearest_nm, wanted.pulse_ms, wanted.spot_mm)
    assert near is not None  # it emits this wavelength
    for name in ("wavelength_nm", "pulse_ms", "spot_mm"):
        if name in quantities and not math.isclose(getattr(near, name), quantities[name], rel_tol=_SAME_VALUE):
            _raise_not_offered(machine, name, quantities[name], getattr(near, name))
    return near


def _resolve_dose(
    machine: SearchMachine, setting: BeamSetting, quantities: Mapping[str, float], proposal: Proposal | None
) -> float:
    """Return the dose that was asked about, J/cm² or mJ; that of practice where none was."""
    name = "energy_mJ" if machine.device.microbeam else "fluence_J_cm2"
    doses = dose_steps(machine.device, setting)
    if not doses:
        raise InputError(
            "cannot-emit",
            f"{machine.device.title} has no dose in such a pulse and spot",
            field="at",
            hint="Choose another pulse or spot.",
        )
    if name in quantities:
        _check_dose(machine, setting, name, quantities[name], doses)
        return quantities[name]
    if proposal is None:
        raise InputError("missing-key", f"no {name} was read", field="at", hint=f"Give {name}: no source prints one.")
    return min(doses, key=lambda dose: abs(math.log(dose / proposal.middle)))


def _check_dose(machine: SearchMachine, setting: BeamSetting, name: str, dose: float, doses: Sequence[float]) -> None:
    """Raise where the device does not offer a dose, with the nearest that it offers."""
    nearest = min(doses, key=lambda offered: abs(offered - dose))
    densities = density_steps(machine.device, setting, nearest) if machine.device.microbeam else (None,)
    try:
        build_beam(machine, setting, dose, densities[0])
    except InputError:
        _raise_not_offered(machine, name, dose, nearest, setting)


def _resolve_density(
    machine: SearchMachine,
    setting: BeamSetting,
    energy_mJ: float,
    quantities: Mapping[str, float],
    proposal: Proposal | None,
) -> float:
    """Return the density of microbeams that was asked about; the printed one where none was."""
    name = "density_per_cm2"
    offered = density_steps(machine.device, setting, energy_mJ)
    printed = None if proposal is None else proposal.density_per_cm2
    if name not in quantities and printed is None:
        hint = f"Give {name}, such as {offered[len(offered) // 2]:g}: no source prints one beside this energy."
        raise InputError("missing-key", f"no {name} was read", field="at", hint=hint)
    wanted = quantities.get(name, printed or 0.0)
    nearest = min(offered, key=lambda value: abs(value - wanted))
    if name not in quantities:
        return nearest
    try:
        build_beam(machine, setting, energy_mJ, wanted)
    except InputError:
        _raise_not_offered(machine, name, wanted, nearest, setting)
    return wanted


def _raise_not_offered(
    machine: SearchMachine, name: str, read: float, nearest: float, setting: BeamSetting | None = None
) -> NoReturn:
    """Raise for a value that a device cannot have; `setting` : of a dose, whose range depends on pulse and spot."""
    beside = "" if setting is None else f" in a pulse of {setting.pulse_ms:g} ms and a spot of {setting.spot_mm:g} mm"
    error = SettingNotOfferedError(
        "cannot-emit",
        f"{machine.device.title} cannot be set to {name} = {read:g}{beside}",
        field="at",
        hint=f"The nearest that it can have{beside and ' there'} is {name} = {nearest:g}.",
    )
    error.quantity, error.read, error.nearest = name, read, nearest
    raise error


def _judge(
    person: AssessedPerson,
    goal: TreatmentGoal,
    proposal: Proposal | None,
    machine: SearchMachine,
    setting: BeamSetting,
    dose: float,
    quantities: Mapping[str, float],
    site: str,
) -> CandidateSetting:
    """Return the setting judged by the model of its light.

    Raises
    ------
    NotAvailable : the model cannot judge it.
    """
    if machine.device.lens_array:
        raise NotAvailable(render_message("plan.lens-array"))
    if machine.device.microbeam:
        skins = person.bank.skins(site, goal)
        planned = None
        if proposal is not None and "density_per_cm2" not in quantities:
            planned = search_proposed_columns(goal, proposal, setting, skins, site, dose)
        if planned is None or planned.density_per_cm2 is None:
            density = _resolve_density(machine, setting, dose, quantities, proposal)
        else:
            density = planned.density_per_cm2
        return judge_microbeams(machine, setting, goal, skins, dose, density)
    if goal.modality == "ablative":
        table = person.bank.response_table(machine, goal, site)
        return table.judge(setting, dose, passes=round(quantities.get("passes", 1)))
    return judge_heating_dose(person.case, goal, machine, setting, dose, person.bank, site)
