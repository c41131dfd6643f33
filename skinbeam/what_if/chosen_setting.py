"""Plan with a setting that a clinician chose for a device, in place of the one that the plan proposes.

The setting is an input of the plan beside the case. It is judged as a plan judges its own (`what_if.asked_setting`),
and effect, harm, limits, visits, test spots, figures and reports are made from that judgement. If only the record of a
plan were changed, its reports would say something else.

A plan does not give a setting that breaks a limit, that a rule refuses or refers, that is above the greatest ever
published for such a site and skin, or whose dose an earlier reaction of this skin bars. A warning does not stop it: a
limit that is kept with a warning, a dose above those that sources print for such skin, or a pulse or spot outside
them, where what is known ends and not what is safe. Whoever asks for the plan has to give a reason then.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from skinbeam.course.setting_words import describe_settings
from skinbeam.model.consultation import Concern
from skinbeam.model.errors import InputError
from skinbeam.model.input_files import LoadedCase
from skinbeam.plan.device_option import LaserOption, make_option
from skinbeam.plan.person import AssessedPerson
from skinbeam.plan.setting_rules import judge_setting
from skinbeam.plan_records.plan import CLINICIAN_SETTING, Option, Plan
from skinbeam.suitability.table import Decision, RuleReason
from skinbeam.text import Message, render_message
from skinbeam.what_if.asked_setting import AskedSetting, judge_asked_setting, planned_quantities

__all__ = [
    "ChosenSetting",
    "ChosenSettings",
    "SettingObjections",
    "find_objections",
    "list_chosen_settings",
    "read_clinician_message",
]

_WARNINGS: Final = ("above-published",)  # obstacles of `AskedSetting` that do not stop a setting


@dataclass(frozen=True)
class ChosenSetting:
    """A setting that a clinician chose.

    Parameters
    ----------
    treatment : condition, site and modality of the option whose setting it replaces.
    device : the name of its device.
    quantities : every quantity of `what_if.asked_setting.ASKED_QUANTITIES` that is set, with its value.
    """

    treatment: tuple[str, str, str]
    device: str
    quantities: Mapping[str, float]

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "ChosenSetting":
        """Return the setting that was written as JSON."""
        condition, site, modality = record["treatment"]
        return cls((condition, site, modality), record["device"], dict(record["quantities"]))

    def replaces(self, condition: str, site: str, option: Option) -> bool:
        """Return whether it is chosen for the device and the treatment of an option."""
        device = None if option.setup is None else option.setup.device
        return (self.treatment, self.device) == ((condition, site, option.modality), device)


@dataclass(frozen=True)
class SettingObjections:
    """Objections to a setting: `stops` forbid it in a plan, `warnings` need a reason."""

    stops: tuple[Message, ...]
    warnings: tuple[Message, ...]


def find_objections(asked_setting: AskedSetting) -> SettingObjections:
    """Return the objections to a setting that was judged."""
    stops: list[Message] = []
    warnings: list[Message] = []
    for verdict in asked_setting.trial.verdicts:
        if verdict.status != "met":
            limit = Message(f"limit-in-short.{verdict.limit.id}")
            message = Message(f"asked.limit-{verdict.status}", {"limit": limit})
            (warnings if verdict.status == "warn" else stops).append(message)
    for name, message in asked_setting.obstacles:
        (warnings if name in _WARNINGS else stops).append(message)
    return SettingObjections(tuple(stops), (*warnings, *asked_setting.unpublished))


@dataclass(frozen=True)
class ChosenSettings:
    """The settings that a clinician chose for a plan; `loaded` is its case."""

    loaded: LoadedCase
    settings: Sequence[ChosenSetting] = ()

    def replace_setting(self, person: AssessedPerson, concern: Concern, proposed: LaserOption) -> LaserOption:
        """Return a laser option at the setting that was chosen for it; the option itself where none was.

        Raises
        ------
        InputError : a setting that the device cannot have, or that a plan does not give; the reasons are named.
        NotAvailable : the model cannot judge the setting.
        """
        for chosen in self.settings:
            if chosen.replaces(concern.condition, concern.site, proposed.option):
                answer = judge_asked_setting(
                    person, self.loaded, chosen.quantities, device_name=chosen.device, treated=chosen.treatment
                )
                return _make_option(person, concern, proposed, answer)
        return proposed

    def check(self, plan: Plan) -> None:
        """Raise where a plan has no option for a setting that was chosen, since its device is no longer offered.

        Raises
        ------
        InputError : `setting-without-option`.
        """
        made = list_chosen_settings(plan)
        for chosen in self.settings:
            if all((setting.treatment, setting.device) != (chosen.treatment, chosen.device) for setting in made):
                message = render_message("asked.without-option", {"device": chosen.device})
                hint = render_message("asked.without-option-hint")
                raise InputError("setting-without-option", message, field="option", hint=hint)


def list_chosen_settings(plan: Plan) -> tuple[ChosenSetting, ...]:
    """Return the settings of a plan that a clinician chose."""
    return tuple(
        ChosenSetting(
            (concern.condition, concern.site, option.modality),
            option.setup.device,
            planned_quantities(option.setup.settings),
        )
        for concern in plan.concerns
        for option in concern.options
        if option.setup is not None and read_clinician_message(option) is not None
    )


def read_clinician_message(option: Option) -> Message | None:
    """Return the message of an option whose setting a clinician chose, with what was proposed; None of another."""
    return next((reason.message for reason in option.reasons if reason.rule == CLINICIAN_SETTING), None)


def _make_option(
    person: AssessedPerson, concern: Concern, proposed: LaserOption, asked_setting: AskedSetting
) -> LaserOption:
    """Return the option of a chosen setting, whose reasons name the setting that it replaces."""
    objections, trial, setup = find_objections(asked_setting), asked_setting.trial, proposed.option.setup
    assert setup is not None  # a laser has one
    if objections.stops:
        reasons = "; ".join(message.text.rstrip(".") for message in objections.stops)
        raise InputError(
            "setting-stopped",
            render_message("asked.stopped", {"reasons": reasons}),
            field="option",
            hint=render_message("asked.stopped-hint"),
        )
    rules = judge_setting(person.case, concern, asked_setting.goal.modality, trial.machine, trial.setting)
    decision: Decision = "with-caution" if objections.warnings else "suitable"
    message = Message("plan.clinician-setting", {"proposed": describe_settings(setup.settings, lamp=setup.lamp)})
    about = concern.place
    reason = RuleReason(CLINICIAN_SETTING, decision, message, "rulepractice", "practice", about)
    judged, proposal = replace(rules, reasons=(*rules.reasons, reason)), asked_setting.proposal
    if proposal is None:
        return make_option(person.case, concern, asked_setting.goal, trial, judged)
    practised = proposal.place(concern.condition, trial.dose, is_planned=False)
    is_usual = proposal.condition == concern.condition and proposal.is_begun_with(trial.dose)
    return make_option(person.case, concern, asked_setting.goal, trial, judged, practised, at_usual_dose=is_usual)
