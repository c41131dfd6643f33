"""Refer a person for what no plan may pass over: a suspicious lesion, a very dark spot, or a contradicting colour."""

from typing import TYPE_CHECKING

from skinbeam.assessment.questionnaire import is_pigmented
from skinbeam.assessment.skin_draws import PersonColour
from skinbeam.model.case import Case
from skinbeam.model.consultation import Concern
from skinbeam.model.estimate import Unknown
from skinbeam.model.exposure import Lesion
from skinbeam.model.package_data import load_package_table
from skinbeam.model.sources import cite_sources
from skinbeam.model.units import DAYS_PER_WEEK
from skinbeam.model.vocabulary import laser_modalities
from skinbeam.photo.findings.finding import finding_message
from skinbeam.plan_records.plan import LesionExamination
from skinbeam.suitability.judgement import Suitability, judge_suitability
from skinbeam.suitability.table import Decision, RuleReason, decision_severity, strictest_first
from skinbeam.text import Message

if TYPE_CHECKING:
    from skinbeam.photo.analysis import PhotoAnalysis


__all__ = ["case_with_dark_spots", "lesion_examination", "refer_contradicting_colour", "refer_dark_spots"]


def lesion_examination(case: Case, concern: Concern) -> LesionExamination | None:
    """Return that a doctor examines the lesion of a concern first, the soonest of what applies; None where none does.

    While nobody knows what a lesion is, no treatment of it can be compared with another, nor with doing nothing. What
    lies beside it on the same skin waits for the doctor too, as the rules say, but can be compared.
    """
    unnamed = case.lesion if is_pigmented(concern.condition) else []
    alone = case.model_copy(update={"concern": [concern], "lesion": unnamed})
    reasons = judge_suitability(alone, concern=concern, modality=laser_modalities()[0]).opposing_reasons
    rules = {reason.rule for reason in reasons}
    times = load_package_table("data/lesion_examination.toml")
    found = next(((rule, entry) for rule, entry in times.items() if rule in rules), None)
    if found is None:
        return None
    rule, entry = found
    cite_sources(entry["source"])
    days = entry.get("within_days")
    params = {} if days is None else {"weeks": days / DAYS_PER_WEEK}
    message, plain = Message(f"examination.{rule}", params), Message(f"leaflet_examination.{rule}", params)
    return LesionExamination(message, plain, entry["source"], days)


def case_with_dark_spots(case: Case, photo: "PhotoAnalysis | None") -> Case:
    """Return the case with an undiagnosed lesion for the rules, if its photograph shows a very dark spot.

    Nothing that fades or removes a spot, such as freezing, is then offered before a doctor has examined it.
    """
    if not _dark_spot_messages(photo) or _are_examined(case):
        return case
    return case.model_copy(update={"lesion": [*case.lesion, Lesion(kind="undiagnosed")]})


def refer_dark_spots(suitability: Suitability, case: Case, photo: "PhotoAnalysis | None") -> Suitability:
    """Return the decision on a plan with the very dark spots of its photograph as a reason, the strictest first.

    The person is referred until the case says that a doctor has examined them; that remains a caution.
    """
    messages = _dark_spot_messages(photo)
    if not messages:
        return suitability
    examined = _are_examined(case)
    decision: Decision = "with-caution" if examined else "refer"
    name = "dark-spots-examined" if examined else "dark-spots"
    message = Message(f"rules.photo-{name}", {"told": messages})
    return _with_reason(suitability, RuleReason(f"photo-{name}", decision, message, "aggrawal2014", "expert"))


def refer_contradicting_colour(suitability: Suitability, colour: PersonColour) -> Suitability:
    """Return the decision on a plan with a phototype that no such measured colour has as a reason.

    One of the two is wrong, and a dose for the wrong one burns or does nothing. The person is referred until the colour
    has been measured again, or the phototype asked again.
    """
    if not colour.is_contradictory:
        return suitability
    params = {"phototype": colour.phototype, "ita_deg": colour.ita_deg}
    message = Message("rules.colour-contradicts", params)
    return _with_reason(suitability, RuleReason("colour-contradicts", "refer", message, "rulepractice", "practice"))


def _with_reason(suitability: Suitability, reason: RuleReason) -> Suitability:
    """Return a decision with one more reason, the strictest first."""
    reasons = strictest_first((reason, *suitability.reasons))
    return Suitability(max(suitability.decision, reason.decision, key=decision_severity), reasons)


def _dark_spot_messages(photo: "PhotoAnalysis | None") -> list[Message]:
    findings = () if photo is None or isinstance(photo.skin, Unknown) else photo.skin.findings
    return [finding_message(finding) for finding in findings if finding.kind == "dark-spots" and finding.to_be_seen]


def _are_examined(case: Case) -> bool:
    return case.photo is not None and bool(case.photo.spots_examined)
