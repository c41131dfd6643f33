"""Judge a setting that a clinician asks about with another cooling than a plan counts on."""

from collections.abc import Mapping
from dataclasses import replace

from skinbeam.laser.cooling import CoolingPlan, resolve_cooling
from skinbeam.laser.device import Device
from skinbeam.model.case import Case
from skinbeam.model.errors import NotAvailable
from skinbeam.model.estimate import Estimate
from skinbeam.model.input_files import parse_record
from skinbeam.model.package_data import load_package_table
from skinbeam.model.sources import SourcedValue, cite_sources, collect_sources
from skinbeam.plan.person import AssessedPerson
from skinbeam.response.response_table import basal_burn_doses
from skinbeam.response.settings import built_in_cooling
from skinbeam.simulate.skins.ensemble import weighted_probability
from skinbeam.text import render_message
from skinbeam.what_if.asked_setting import AskedSetting

__all__ = ["judge_other_cooling", "resolve_other_cooling"]


def judge_other_cooling(
    person: AssessedPerson, asked_setting: AskedSetting, kind: str, settings: Mapping[str, float]
) -> Estimate:
    """Return the probability that a setting burns with a cooling other than that of its plan.

    The computed doses that burn are anchored as those with the planned cooling are, since the burns that clinics
    counted were of skin cooled so.

    Parameters
    ----------
    asked_setting : the setting, judged with the planned cooling.
    kind : of the cooling, as in a case file.
    settings : those that are known, as in a case file; the others are as planned, or as a plan would time such a
        cooling.

    Raises
    ------
    NotAvailable : a burn is not what the light risks, or is computed without cooling.
    InputError : an unknown kind, or a value that no case file may have.
    """
    trial = asked_setting.trial
    if trial.burns is None or trial.thresholds is None:
        raise NotAvailable(render_message("asked.no-cooling"))
    cooling = resolve_other_cooling(trial.machine.device, kind, settings)
    if cooling.kind == "none":
        uncooled = trial.uncooled_injury_probability
        return (
            asked_setting.p_harm if uncooled is None else weighted_probability(uncooled, trial.weights[1], trial.basis)
        )
    with collect_sources() as sources:
        skins = person.bank.skins(asked_setting.concern.site, asked_setting.goal)
        burns = basal_burn_doses(trial.thresholds.beam, skins, cooling)
    anchored = replace(burns, computed_J_cm2=trial.thresholds.burn_scale * burns.computed_J_cm2)
    basis = tuple(dict.fromkeys([*trial.basis, *sources]))
    return weighted_probability(anchored.p(trial.dose), trial.weights[1], basis)


def resolve_other_cooling(device: Device, kind: str, settings: Mapping[str, float]) -> CoolingPlan:
    """Return a cooling of a kind: the device's own as a plan has it, or a separate one that a plan would time so.

    Raises
    ------
    InputError : an unknown kind, or a value that no case file may have.
    """
    own, _ = built_in_cooling(device)
    if kind == own.kind != "none":
        checked = parse_record(Case, {"cooling": {"kind": kind, **settings}}, file="plan").cooling
        assert checked is not None  # it has a kind
        timings = {name: getattr(checked, name) for name in settings if name != "temperature_C"}
        stated_C = checked.temperature_C
        if stated_C is None or stated_C == own.temperature_C:
            return replace(own, **timings)
        return replace(own, temperature=SourcedValue(stated_C, stated_C, stated_C, "fixed", ""), **timings)
    usual = dict(load_package_table("data/limits.toml")["cooling"].get(kind, {}))
    if source := usual.pop("source", None):
        cite_sources(source)
    if kind in ("contact", "air"):  # a plate stays on the skin, and cold air goes on blowing, during the pulse
        usual["during"] = True
    table = {"kind": kind, **usual, **settings} if kind != "none" else {"kind": kind}
    return resolve_cooling(parse_record(Case, {"cooling": table}, file="plan").cooling)
