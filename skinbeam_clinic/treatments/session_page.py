"""A treatment with its plan, and what the records say for and against it now."""

from dataclasses import dataclass, replace
from functools import cached_property

from skinbeam.assessment.questionnaire import sites_overlap
from skinbeam.model.consultation import EarlierSession
from skinbeam.plan_records.plan import ConcernPlan, ImmediateReaction, Option
from skinbeam.plan_records.plan import Plan as Records
from skinbeam.report.formatting import concern_name, device_name
from skinbeam.text import to_local_time, translate_record
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.patients.history import HistoryFact
from skinbeam_clinic.plans.contraindications import Contraindication, find_contraindications, find_early_session
from skinbeam_clinic.plans.document import find_option
from skinbeam_clinic.plans.option_ref import OptionRef
from skinbeam_clinic.plans.routes import OpenPlan, open_plan
from skinbeam_clinic.treatments.models import ChecklistAnswer, Treatment, TreatmentState
from skinbeam_clinic.treatments.spot_judgement import SpotJudgement, find_ladder, judge_spots
from skinbeam_clinic.treatments.views import SkinSign, list_signs
from skinbeam_clinic.used_cooling import planned_cooling
from skinbeam_clinic.web.request import ClinicRequest

__all__ = ["SessionPage", "add_current_judgement", "judge_checklist", "load_session", "open_contraindications"]


@dataclass(frozen=True)
class SessionPage:
    """A treatment with its plan, for display in the current language."""

    treatment: Treatment
    plan: OpenPlan

    @cached_property
    def translated_plan(self) -> Records:
        """The plan in the current language."""
        return translate_record(self.plan.plan)

    @cached_property
    def option(self) -> Option:
        """The consented option."""
        return find_option(self.translated_plan, self.treatment.option)[1]

    @property
    def concern(self) -> ConcernPlan:
        """The concern that the option treats."""
        return find_option(self.translated_plan, self.treatment.option)[0]

    @property
    def concern_index(self) -> int:
        """The index of its concern in the plan."""
        return OptionRef.parse(self.treatment.option).concern

    @property
    def name(self) -> str:
        """The name of the concern and of the device."""
        concern, option = find_option(self.translated_plan, self.treatment.option)
        return f"{concern_name(concern)}, {device_name(option)}"

    @cached_property
    def signs(self) -> tuple[SkinSign, ...]:
        """The selectable endpoints."""
        return list_signs(self.option)

    @cached_property
    def contraindications(self) -> tuple[Contraindication, ...]:
        """The contraindications to this session: recorded since the plan was made, or too soon after the last one."""
        recorded = find_contraindications(self.plan.records_since, self.plan.plan, self.treatment.option)
        if self.treatment.started_at is not None:
            return recorded
        place, also = self.treatment.option, self.treatment.ordered.also
        return (*recorded, *find_early_session(self.plan.records_since, self.plan.plan, place, now(), also))

    @property
    def treated_today(self) -> tuple[HistoryFact, ...]:
        """The sessions of the day that treated skin of the same site, as long as pulses may follow."""
        if self.treatment.is_over:
            return ()
        today = to_local_time(now()).date()
        return tuple(
            fact
            for fact in self.plan.records_since.current_facts
            if isinstance(fact.row, EarlierSession)
            and fact.plan_id
            and not fact.is_also
            and fact.record != f"treatment/{self.treatment.id}"
            and sites_overlap(fact.site, self.treatment.ordered.site)
            and to_local_time(fact.fired_at).date() == today
        )

    @property
    def recorded_signs(self) -> tuple[str, ...]:
        """The signs to stop at in English, as they are stored."""
        immediate = self.plan.find_option(self.treatment.option)[1].immediate
        return (
            tuple(message.english for message in immediate.stop_at) if isinstance(immediate, ImmediateReaction) else ()
        )


def load_session(request: ClinicRequest) -> SessionPage:
    """Return the treatment that the address names, with its plan."""
    treatment = request.repositories.treatments.get(request.path_parameter("treatment"))
    plan = open_plan(request.repositories, treatment.plan_id)
    return SessionPage(_with_planned_cooling(treatment, plan), plan)


def _with_planned_cooling(treatment: Treatment, plan: OpenPlan) -> Treatment:
    """Return a treatment whose order tells the cooling of its plan, which orders of earlier versions do not."""
    setup = plan.find_option(treatment.option)[1].setup
    if treatment.ordered.cooling is not None or setup is None:
        return treatment
    return replace(treatment, ordered=replace(treatment.ordered, cooling=planned_cooling(setup)))


def judge_checklist(request: ClinicRequest, session: SessionPage) -> tuple[Contraindication, ...]:
    """Answer in the checklist what the records answer, and return the rules that object to this session.

    The answers contain keys of the records behind them, so that a decision covers these and none that come later.
    """
    contraindications = session.contraindications
    if session.treatment.state is TreatmentState.PREPARING:
        answers = {
            "course": ("speaks", " ".join(contraindication.key for contraindication in contraindications))
            if contraindications
            else ("quiet", "")
        }
        if (judged := _judge_spots(request, session)) is not None:
            answers["spots"] = (judged.answer, judged.key)
        request.repositories.treatments.add_answers(session.treatment.id, answers)
    return contraindications


def _judge_spots(request: ClinicRequest, session: SessionPage) -> SpotJudgement | None:
    """Judge the records of the test spots that the plan requires; None where it requires none."""
    concern, option = session.plan.find_option(session.treatment.option)
    if "spots" not in session.treatment.ordered.asked or option.setup is None:
        return None
    ladder = find_ladder(session.plan.plan, concern, option.setup)
    if ladder is None:
        return None
    facts = [
        contraindication.fact
        for contraindication in session.contraindications
        if contraindication.fact is not None and contraindication.fact.kind == "test_spot"
    ]
    harmed = [fact.record.rpartition("/")[2] for fact in facts]
    spots = request.repositories.test_spots.of_patient(session.plan.consultation.patient_id)
    return judge_spots(ladder, spots, harmed, planned_cooling(option.setup))


def add_current_judgement(request: ClinicRequest, session: SessionPage) -> Treatment:
    """Return the treatment with what the records of its test spots answer now: more may be read since it was begun."""
    treatment = session.treatment
    judged = _judge_spots(request, session) if treatment.state is TreatmentState.PREPARING else None
    stored = treatment.current_answers.get("spots")
    if judged is None or (stored is not None and (stored.answer, stored.words) == (judged.answer, judged.key)):
        return treatment
    answer = ChecklistAnswer("spots", judged.answer, judged.key, now(), "")
    return replace(treatment, answers=(*treatment.answers, answer))


def open_contraindications(session: SessionPage) -> tuple[Contraindication, ...]:
    """Return the contraindications to decide about before the start; after it, those that no decision covered.

    While a session runs, an injury may be read or a link of two records made or undone.
    """
    if session.treatment.is_over:
        return ()
    contraindications = session.contraindications
    is_started = session.treatment.state is TreatmentState.TREATING
    return (
        tuple(contraindication for contraindication in contraindications if contraindication.final)
        if is_started
        else contraindications
    )
