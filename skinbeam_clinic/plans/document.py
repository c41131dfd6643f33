"""Find an option in a plan document, and describe steps of planning in one line each."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from skinbeam.plan_records.document import read_plan
from skinbeam.plan_records.plan import ConcernPlan, Option, Plan
from skinbeam.text import Message, translate_record
from skinbeam.what_if.chosen_setting import ChosenSetting
from skinbeam_clinic.database.columns import canonical_json
from skinbeam_clinic.errors import clinic_error
from skinbeam_clinic.models import PlanChoice
from skinbeam_clinic.plans.minute_cache import MinuteCache
from skinbeam_clinic.plans.option_ref import OptionRef

__all__ = [
    "ChosenPlanSettings",
    "PlanOption",
    "find_option",
    "find_place",
    "parse_plan",
    "progress_line",
    "put_chosen_first",
    "read_plan_option",
]


@dataclass(frozen=True)
class ChosenPlanSettings:
    """The settings that clinicians chose for a plan, the latest last, with the reason for that one."""

    settings: tuple[ChosenSetting, ...]
    reason: str

    @classmethod
    def from_json(cls, written: str) -> "ChosenPlanSettings":
        """Return what `to_json` wrote."""
        record = json.loads(written)
        return cls(tuple(map(ChosenSetting.from_record, record["settings"])), record["reason"])

    def to_json(self) -> str:
        """Return them as JSON."""
        return canonical_json({"settings": [asdict(setting) for setting in self.settings], "reason": self.reason})


def progress_line(step: Message | ConcernPlan) -> str:
    """Return one line of text for a step of planning, or for a concern whose plan is finished."""
    if isinstance(step, Message):
        return step.text
    from skinbeam.report.terminal import concern_rows

    name, option, expected = concern_rows(step)[0]
    return f"{name}: {option}, {expected}"


_PARSED_PLANS = MinuteCache[bytes, Plan](64)  # as many as clinicians look at; a page of each reads it


def parse_plan(document: bytes) -> Plan:
    """Return the records of a plan's document; neither they nor the stored plan ever change."""
    known = _PARSED_PLANS.get(document)
    if known is not None:
        return known
    records = read_plan(json.loads(document))
    _PARSED_PLANS.add(document, records)
    return records


def find_option(plan: Plan, place: str) -> tuple[ConcernPlan, Option]:
    """Return the option at a position such as `0.1`, with its concern.

    Raises
    ------
    RecordNotFoundError : the plan has no such option.
    """
    ref = OptionRef.parse(place)
    if ref.concern < len(plan.concerns) and ref.option < len(plan.concerns[ref.concern].options):
        return plan.concerns[ref.concern], plan.concerns[ref.concern].options[ref.option]
    raise clinic_error("absent", "plan")


def find_place(plan: Plan, chosen: ChosenSetting) -> str:
    """Return the position of the option whose setting a clinician chose.

    Raises
    ------
    RecordNotFoundError : the plan has no option of that device and treatment.
    """
    for number, concern in enumerate(plan.concerns):
        for i, option in enumerate(concern.options):
            if chosen.replaces(concern.condition, concern.site, option):
                return str(OptionRef(number, i))
    raise clinic_error("absent", "plan")


def put_chosen_first(plan: Plan, choices: Sequence[PlanChoice]) -> Plan:
    """Return a plan in which the last choice of each concern stands first, for papers that tell of the first alone."""
    chosen = {ref.concern: ref.option for ref in (OptionRef.parse(choice.option) for choice in choices)}
    concerns = list(plan.concerns)
    for number, option in chosen.items():
        concern = concerns[number]
        others = (*concern.options[:option], *concern.options[option + 1 :])
        concerns[number] = replace(concern, options=(concern.options[option], *others))
    return replace(plan, concerns=tuple(concerns))


@dataclass(frozen=True)
class PlanOption:
    """A plan in the current language, and its concern and option that were treated."""

    plan: Plan
    concern: ConcernPlan
    option: Option


def read_plan_option(document: bytes, place: str) -> PlanOption:
    """Return the plan of a document in the current language, and its option at a position such as `0.1`."""
    plan = translate_record(parse_plan(document))
    return PlanOption(plan, *find_option(plan, place))
