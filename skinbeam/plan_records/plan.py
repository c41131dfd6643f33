"""Frozen records of a plan, which planner, report, page and file share.

The document `skinbeam.plan/2` is the plan written field by field, in the order of the fields, with the `language` of
its sentences. A field that is None does not apply, and the document leaves it out; a value that applies and is not
known is an `Unknown`, with its reason. `skinbeam.plan/1` was the same without `language`, its sentences in English.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from functools import cached_property
from typing import Any, Literal, TypeVar

from skinbeam.assessment.risks import PersonalRisk
from skinbeam.evidence.expectation.expectation import Expectation
from skinbeam.model.document import dataclass_fields, round_significant, sha256_hex, to_json_types
from skinbeam.model.estimate import Estimate, Unknown, Value
from skinbeam.model.json_fields import TEXT_AND_MESSAGE, Entries, json_entries
from skinbeam.photo.findings.finding import ConcernSuggestion
from skinbeam.plan_records.course import CourseTotal, DeviceSetup, Duration, SourceRange, TestSpotLadder, Visit
from skinbeam.response.records import LimitCheck, Target
from skinbeam.suitability.judgement import Suitability
from skinbeam.suitability.table import PlainReason, RuleReason
from skinbeam.text import (
    ENGLISH,
    DocumentWarning,
    Message,
    translate_texts,
    use_document_language,
    use_language,
)

__all__ = [
    "CLINICIAN_SETTING",
    "PLAN_SCHEMA",
    "TRANSLATION_HASH",
    "Advice",
    "Assessment",
    "CareAfterLaser",
    "ConcernPlan",
    "HarmShare",
    "HealingDayText",
    "ImmediateReaction",
    "LesionExamination",
    "Medicine",
    "NearestOption",
    "Option",
    "Plan",
    "RefusedOption",
    "SpellingCorrection",
    "care_after_laser",
    "round_record",
]

RecordT = TypeVar("RecordT")

PLAN_SCHEMA = "skinbeam.plan/2"
TRANSLATION_HASH = "translation_sha256"  # key of the hash of a document in another language than English

CLINICIAN_SETTING = "clinician-setting"  # rule of the reason that a clinician chose a setting


@dataclass(frozen=True)
class Advice:
    """A sentence of advice for a person, with the rule that gives it and the rule's source.

    Parameters
    ----------
    treats : the concerns that it holds for, as in visits; None where it holds after every treatment of the plan.
    after_laser : of concerns that begin without a laser and have one too, whether it holds after the laser alone, or
        after what they begin with alone; None where it holds after either.
    """

    rule: str
    message: Message = field(metadata=TEXT_AND_MESSAGE)
    source: str
    strength: str
    treats: tuple[str, ...] | None = None
    after_laser: bool | None = None

    def is_for_laser(self, place: str) -> bool:
        """Return whether it holds after treatment of a concern with a laser."""
        return (self.treats is None or place in self.treats) and self.after_laser is not False


@dataclass(frozen=True)
class CareAfterLaser:
    """What a person does after treatment with a laser, and when to call."""

    aftercare: tuple[Advice, ...]
    when_to_call: tuple[Advice, ...]

    @property
    def sentences(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """What to do, and when to call."""
        return self.aftercare_sentences, self.call_sentences

    @property
    def aftercare_sentences(self) -> tuple[str, ...]:
        """What to do, each sentence once."""
        return _sentences(self.aftercare)

    @property
    def call_sentences(self) -> tuple[str, ...]:
        """When to call, each sentence once."""
        return _sentences(self.when_to_call)


def care_after_laser(aftercare: Iterable[Advice], when_to_call: Iterable[Advice], place: str) -> CareAfterLaser:
    """Return the advice of a whole plan that holds after treatment of a concern with a laser."""
    return CareAfterLaser(
        tuple(advice for advice in aftercare if advice.is_for_laser(place)),
        tuple(advice for advice in when_to_call if advice.is_for_laser(place)),
    )


def _sentences(advice: Iterable[Advice]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.message.text for part in advice))


@dataclass(frozen=True)
class SpellingCorrection:
    """A word of the case that names no medicine, and the name that was recognised instead."""

    written: str
    name: str


@dataclass(frozen=True)
class Medicine:
    """A medicine as stated, the known names that it matches, and the parts that no rule checked."""

    name: str
    last_dose_months: float
    matched: tuple[str, ...]
    taken_as: tuple[SpellingCorrection, ...]
    not_checked: tuple[str, ...]


@dataclass(frozen=True)
class Assessment:
    """The assessed person, and the skin colour that the plan uses."""

    age_years: float
    sex: str | Unknown
    phototype: str | Unknown
    ita_deg: float | Unknown
    colour_basis: Message
    risks: tuple[PersonalRisk, ...]
    medications: tuple[Medicine, ...]
    photo: Message
    keloid_decision: Message | None = None
    photo_told: tuple[Message, ...] | None = None


@dataclass(frozen=True)
class ImmediateReaction:
    """The reaction that shows a hit, the signs that stop treatment, and how to begin."""

    seek: Message
    stop_at: tuple[Message, ...]
    first_pulses: Message


@dataclass(frozen=True)
class HealingDayText:
    """The usual appearance on a day after a session."""

    day: int
    text: Message
    source: str


@dataclass(frozen=True)
class HarmShare:
    """A harm, the share of people whom it affects, and what that share counts."""

    name: str
    p: Value
    text: Message

    @property
    def needs_fault(self) -> bool:
        """Whether it happens only after a fault of the device, or an error of the model."""
        return self.name in ("burn-if-cooling-fails", "bruise-if-glass-lifts", "injury-if-model-errs")


def _setup_entries(setup: DeviceSetup | None) -> Entries:
    """Return the fields of a setup, which are in a document among those of its option."""
    return (("settings", {}),) if setup is None else dataclass_fields(setup).items()


@dataclass(frozen=True, kw_only=True)
class Option:
    """One way to treat a concern, including no treatment.

    Parameters
    ----------
    setup : the device and its settings; None where no device is used.
    p_effective, p_harm : shares of the simulated skins that reach the target, and that break a limit.
    p_purpura, purpura_days : probability and duration of a bruise of the skin around; None where no vessels are heated.
        The probability is unknown for light after which no bruise was counted.
    expected : result that people see in trials.
    shows_days, shows : the longest duration of a visible change, and every duration that is known.
    beside_trials : the computed effect beside the count of trials; None without a device.
    practice : comparison of the setting with those that clinics, makers and trials published; None without a device.
    beyond_practice : whether its dose, spot or pulse is outside those, or nobody published any.
    basis : whether effect and harm of a device are simulated, or the setting is one that sources print and the model
        cannot judge; None without a device.
    source : source for including a choice without a device.
    technique : the kind of a treatment without a device, where its trials or sources name one; None where they do not.
    care : what is to do after this laser, where another laser is the first choice of its concern, for which the advice
        of the plan is; None where that advice holds.
    rank : its rank, from 1, shared by options that trials cannot distinguish; 0 until the concern's are ranked.
    """

    modality: str
    title: str
    setup: DeviceSetup | None = field(metadata=json_entries(_setup_entries))
    p_effective: Value
    p_harm: Value
    p_purpura: Value | None = None
    purpura_days: SourceRange | None = None
    expected: Expectation
    followup_months: SourceRange | Unknown
    sessions: SourceRange | Unknown
    interval_weeks: SourceRange | Unknown
    minutes: SourceRange | Unknown
    pain_0_10: Value
    downtime_days: Value
    shows_days: Duration | Unknown
    shows: tuple[Duration, ...]
    immediate: ImmediateReaction | Unknown
    healing: tuple[HealingDayText, ...]
    harms: tuple[HarmShare, ...]
    reasons: tuple[RuleReason, ...]
    limits: tuple[LimitCheck, ...]
    rank_reason: Message
    beside_trials: Message | None = None
    practice: Message | None = None
    beyond_practice: bool = False
    basis: Literal["simulated", "published"] | None = None
    source: str | None = None
    technique: str | None = None
    care: CareAfterLaser | None = None
    rank: int = 0

    @property
    def reaches_nobody(self) -> bool:
        """Whether the light reaches its target in none of the simulated skins, and no trial counted who improved.

        Where trials did, as with lamps on redness, the model does not know the light. The depth that columns aim at is
        a judgement, so that only trials can show that they reach nobody.
        """
        p = self.p_effective
        is_column = self.setup is not None and self.setup.settings.microbeam is not None
        return (
            not is_column
            and isinstance(p, Estimate)
            and p.median == 0.0
            and isinstance(self.expected.p_at_least["50"], Unknown)
        )


@dataclass(frozen=True)
class RefusedOption:
    """A modality, or a device for it, that is not offered, with the reasons."""

    modality: str
    title: str
    source: str | None
    device: str | None
    reasons: tuple[Message, ...]


@dataclass(frozen=True, kw_only=True)
class NearestOption:
    """The setting that came nearest to being offered where none was, at the greatest dose that may be tried.

    Parameters
    ----------
    setup : the device and its settings; none of it is offered.
    p_effective, p_effective_required : share of the simulated skins that reach the target, and that have to.
    reaching_J_cm2 : dose of the same setting at which so many do; None of microbeams, whose pattern changes with it.
    why : what prevents that dose.
    limit : the limit that it breaks, checked at that dose; None where something else prevents it.
    practice : comparison of the setting with those that clinics, makers and trials published.
    expected : result that people see in trials of such light.
    """

    modality: str
    title: str
    setup: DeviceSetup = field(metadata=json_entries(_setup_entries))
    p_effective: Estimate
    p_effective_required: float
    reaching_J_cm2: float | Unknown | None
    why: Message
    limit: LimitCheck | None
    practice: Message
    expected: Expectation


@dataclass(frozen=True)
class LesionExamination:
    """That a doctor examines a lesion before anything is chosen for it.

    Parameters
    ----------
    message, plain : the sentence for clinicians and the one for patients, each with the time limit.
    within_days : the latest day of the examination; None where the source names none.
    """

    message: Message
    plain: Message
    source: str
    within_days: float | None = None


@dataclass(frozen=True, kw_only=True)
class ConcernPlan:
    """A concern with its options, in order of rank, and the refused ones.

    Parameters
    ----------
    examination : that a doctor sees it first; its options are then not compared, and none of them is a first choice.
    is_done : true where earlier sessions with its first laser have improved it enough, so that the course reserves no
        other; else None.
    subtypes, severity : as the person or the clinician stated; no subtypes where the condition has none.
    can, cannot : what a laser can do about it, and what it cannot.
    no_laser : why no laser is offered, in plain words; empty where one is.
    nearest : the setting that came nearest, where settings were tried and none is offered.
    """

    condition: str
    site: str
    title: str
    subtypes: tuple[str, ...] | Unknown | None
    severity: str | Unknown
    target: Target
    can: Message
    cannot: Message
    options: tuple[Option, ...]
    refused: tuple[RefusedOption, ...]
    no_laser: tuple[PlainReason, ...]
    nearest: NearestOption | None = None
    examination: LesionExamination | None = None
    is_done: Literal[True] | None = None

    @property
    def place(self) -> str:
        """Condition and site, as `Concern.place`."""
        return f"{self.condition} at {self.site}"

    @property
    def first_laser(self) -> tuple[Option, DeviceSetup] | None:
        """The first option with a device, and its settings."""
        return next(((option, option.setup) for option in self.options if option.setup is not None), None)

    def first_options(self, most: int) -> tuple[Option, ...]:
        """Return the first `most` options that treat, always with the first laser among them.

        People ask for the laser.
        """
        treated = [option for option in self.options if option.modality != "no-treatment"]
        first = self.first_laser
        if first is None or first[0] in treated[:most]:
            return tuple(treated[:most])
        return (*treated[: most - 1], first[0])


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A whole plan, which does not change any more.

    Its numbers are those of the document (`round_record`), so that a sentence, a page and the file agree.

    Parameters
    ----------
    case_sha256, seed, draws, data_release, version : what it was made from.
    clinic_phone : number to call, as the clinic wrote it; None where it did not.
    suggested : concerns that the photograph suggests and the case does not have; they change nothing in the plan. None
        where there are none.
    sources : keys of all sources that were used.
    """

    schema: str
    version: str
    case_sha256: str
    seed: int
    warnings: tuple[DocumentWarning, ...]
    mode: str
    intended_use: Message
    assessment: Assessment
    suitability: Suitability
    why: tuple[PlainReason, ...]
    concerns: tuple[ConcernPlan, ...]
    course: tuple[Visit, ...]
    course_total: CourseTotal
    test_spots: tuple[TestSpotLadder, ...]
    titration: tuple[Advice, ...]
    anaesthesia: tuple[Advice, ...]
    photographs: tuple[Advice, ...]
    complications: tuple[Advice, ...]
    consent: tuple[Advice, ...]
    aftercare: tuple[Advice, ...]
    when_to_call: tuple[Advice, ...]
    clinic_phone: str | None = None
    suggested: tuple[ConcernSuggestion, ...] | None = None
    unknowns: tuple[Message, ...]
    sources: tuple[str, ...]
    draws: int
    data_release: str

    def care_after(self, concern: ConcernPlan, option: Option) -> CareAfterLaser:
        """Return what is to do after treatment of a concern with this laser, and when to call."""
        return option.care or care_after_laser(self.aftercare, self.when_to_call, concern.place)

    @cached_property
    def plan_sha256(self) -> str:
        """The identity of the plan: the hash of everything in it, in English."""
        with use_document_language(ENGLISH):
            return sha256_hex(dataclass_fields(self))

    @cached_property
    def document(self) -> Mapping[str, Any]:
        """The plan in JSON types, with English sentences: `skinbeam.plan/2`."""
        return self.document_in(ENGLISH)

    def document_in(self, language: str) -> Mapping[str, Any]:
        """Return the plan in JSON types, with sentences in a language; its hash is the same in every language.

        A document in another language than English has the hash of everything that it says as well.
        """
        identity = self.plan_sha256
        with use_language(language), use_document_language(language):
            entries = dataclass_fields(translate_texts(self)) | {"language": language, "plan_sha256": identity}
            document = {name: to_json_types(value) for name, value in entries.items()}
        return document if language == ENGLISH else document | {TRANSLATION_HASH: sha256_hex(document)}


def round_record(value: RecordT) -> RecordT:
    """Return a record with every number rounded as in a document. Sentences keep their original numbers."""
    whole: RecordT = _round_value(value)
    return whole


def _round_value(value: Any) -> Any:
    if isinstance(value, float):
        return round_significant(value)
    if isinstance(value, str | int) or value is None:  # most values; the other questions take longer
        return value
    if isinstance(value, Mapping):
        return {key: _round_value(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return type(value)(_round_value(item) for item in value)
    if is_dataclass(value) and not isinstance(value, type | Message):
        return replace(value, **{field.name: _round_value(getattr(value, field.name)) for field in fields(value)})
    return value
