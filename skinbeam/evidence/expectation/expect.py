"""Answer a question from published trials: improvement, harms, satisfaction, pain and downtime in a new clinic.

Numbers are from `synthesis.new_clinic` and `synthesis.counts`, words from `expectation.estimates`. The improvement is
either based on named studies or the answer abstains: every value is then unknown, and the document (body of
`skinbeam.expect/1`) still has every key.

Harms and satisfaction are counted per patient and course, and studies of every condition that a modality treats are
pooled. No events in a study never means no risk. A harm that no study counted after a modality is unknown, and so is a
harm that was counted per treatment only.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, ClassVar, TypedDict

from skinbeam.evidence.expectation.applicability import (
    expectation_warnings,
    lesions_per_patient,
    place_setting,
    widening,
)
from skinbeam.evidence.expectation.durability import downtime_days, durability, followup_months, sun_protection
from skinbeam.evidence.expectation.estimates import (
    amount_in_words,
    estimate_from_draws,
    inline_title,
    patient_count,
    patient_share,
    share_in_words,
    study_keys,
)
from skinbeam.evidence.expectation.expectation import INTERVAL_LEVELS, Expectation, PatientShare, Prediction, StudyShare
from skinbeam.evidence.expectation.peels import lent_peels, tried_peels
from skinbeam.evidence.peel_kinds import PEEL
from skinbeam.evidence.question import EvidenceQuestion
from skinbeam.evidence.settings import evidence_settings
from skinbeam.evidence.studies.outcomes import HARMS, counts_after
from skinbeam.evidence.studies.searches import searches_for
from skinbeam.evidence.studies.trial_arm import Arm
from skinbeam.evidence.studies.trial_table import treatment_arms, trial_arms
from skinbeam.evidence.synthesis import regime
from skinbeam.evidence.synthesis.counts import CountQuestion, draw_share, pain_points
from skinbeam.evidence.synthesis.design import UNTREATED, Features, arms_for, similar_arms
from skinbeam.evidence.synthesis.distributions import UncertainRate, count_intervals, count_pmf
from skinbeam.evidence.synthesis.new_clinic import NewClinics, draw_new_clinics, study_weights
from skinbeam.evidence.synthesis.posterior import posterior
from skinbeam.model.document import DocumentResult, sha256_hex
from skinbeam.model.errors import NotAvailable
from skinbeam.model.estimate import Estimate, Unknown, Value
from skinbeam.model.sources import cache_with_sources, cite_sources
from skinbeam.model.vocabulary import PHOTOTYPES, SEVERITIES, laser_modalities
from skinbeam.text import DocumentWarning, Message, current_language

__all__ = [
    "OTHER_HARMS",
    "ExpectationAnswer",
    "abstention",
    "answer_question",
    "expect",
    "expect_for_setting",
    "expect_unknown",
    "expect_without_improvement",
    "mean_pain",
    "outcome_share",
]

OTHER_HARMS = tuple(harm for harm in HARMS if harm != "pih")


def outcome_share(question: CountQuestion, *, patients: int = 100, seed: int = 0) -> PatientShare:
    """Return the share of patients with an outcome, or why it is unknown, with counts of `patients` patients."""
    rows = counts_after(question.outcome, question.modality)
    if not rows:
        reason = Message("evidence.nobody-counted", {"modality": inline_title("modality", question.modality)})
        return PatientShare.unknown(Unknown(reason.text))
    basis = study_keys(rows)
    cite_sources(*basis)
    return _drawn_share(question, patients, seed, basis)


@cache_with_sources(512)
def _drawn_share(question: CountQuestion, patients: int, seed: int, basis: tuple[str, ...]) -> PatientShare:
    """Return the share from its draws, which the options of a plan and its other concerns mostly ask for again."""
    return patient_share(draw_share(question, seed=seed), patients, basis)


def mean_pain(modality: str, *, seed: int = 0) -> Value:
    """Return the mean pain of a new clinic's patients, 0 to 10, where a study of the modality printed one."""
    arms = [arm for arm in trial_arms() if arm.modality == modality and arm.pain_0_10]
    if not arms:
        return Unknown(Message("evidence.no-pain", {"modality": inline_title("modality", modality)}).text)
    cite_sources(*study_keys(arms))
    return _drawn_pain(modality, seed, study_keys(arms))


@cache_with_sources(64)
def _drawn_pain(modality: str, seed: int, basis: tuple[str, ...]) -> Estimate:
    return estimate_from_draws(pain_points(modality, seed=seed), basis)


# The answer to a question: the body of `skinbeam.expect/1`.

THRESHOLDS = ("25", "50", "75")
_MOST_PATIENTS_KEPT = 1000
_SEVERE = SEVERITIES.index("severe")
_DARKEST = PHOTOTYPES.index("VI")


class _CountedOutcomes(TypedDict):
    """Outcomes counted after a kind of laser, whatever it treats: fields of an expectation."""

    pih: PatientShare
    satisfaction: PatientShare
    harms: dict[str, PatientShare]
    pain_0_10: Value
    downtime_days: Value


def expect(question: EvidenceQuestion, *, seed: int = 0) -> Expectation:
    """Return the results to expect in a new clinic according to the trials; where unknown, `abstains` has the reason.

    Parameters
    ----------
    seed : of the new clinics that are drawn.
    """
    reason = abstention(question)
    course = _expect_course(question, reason, seed)
    warnings = expectation_warnings(question) if reason is None else ()
    return replace(course, untreated=_expect_untreated(question, seed), warnings=warnings)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ExpectationAnswer(DocumentResult, Expectation):
    """The expectation of a question, as a document."""

    schema: ClassVar[str] = "skinbeam.expect/1"


def answer_question(question: EvidenceQuestion, *, seed: int = 0) -> ExpectationAnswer:
    """Return the answer to a question; arguments as in `expect`.

    Raises
    ------
    NotAvailable : the evidence abstains; `body` is the document, which holds every key with unknowns.
    """
    found = expect(question, seed=seed)
    given = {key: value for key, value in asdict(question).items() if value is not None}
    answer = ExpectationAnswer(case_sha256=sha256_hex(given), seed=seed, **vars(found))
    if found.abstains is not None:
        raise NotAvailable(found.abstains.text, answer=answer)
    return answer


def expect_for_setting(question: EvidenceQuestion) -> Expectation:
    """Return the expectation that a plan shows for a setting.

    Where no study counted improvement for this condition, the harms of the kind of laser are still known, and a person
    who considers it needs to see them. For skin that no study included they stay unknown.
    """
    found = expect(question)
    if found.abstains is None or found.abstains.id not in ("evidence.no-study", "evidence.none-usable"):
        return found
    counts = _counted_outcomes(question, seed=0)
    if isinstance(counts["pih"].p, Estimate) and found.abstains.id == "evidence.no-study":
        elsewhere = DocumentWarning("marks-of-other-conditions", Message("evidence-warning.marks-elsewhere"))
        found = replace(found, warnings=(*found.warnings, elsewhere))
    return replace(found, **counts)


def expect_without_improvement(question: EvidenceQuestion, reason: Message) -> Expectation:
    """Return an expectation whose improvement is unknown for a reason, with the harms that were counted."""
    return replace(expect_unknown(question, reason), **_counted_outcomes(question, seed=0))


def expect_unknown(question: EvidenceQuestion, reason: Message) -> Expectation:
    """Return an expectation whose every result of the treatment is unknown for a reason, harms too."""
    return replace(_abstain(question, reason), untreated=_expect_untreated(question, seed=0))


def abstention(question: EvidenceQuestion) -> Message | None:
    """Return why the evidence cannot answer, or None."""
    names = _titles(question)
    settings = evidence_settings()
    severe = question.severities is not None and question.severities[1] == _SEVERE
    if question.condition == "dynamic-wrinkles" and severe and question.modality in laser_modalities():
        return Message("evidence.severe-dynamic")
    if question.modality == "ablative" and question.site in settings.off_face:
        return Message("evidence.off-face", {"site": inline_title("site", question.site or "")})
    rows = treatment_arms(question.condition, question.modality)
    darkest = question.phototypes is not None and question.phototypes[1] == _DARKEST
    if darkest and not any(arm.phototypes and arm.phototypes[1] == _DARKEST for arm in rows):
        return Message("evidence.phototype-vi", names)
    low, high = settings.plausible_nm.get(question.modality, (0.0, float("inf")))
    if question.wavelength_nm is not None and not low <= question.wavelength_nm <= high:
        return Message("evidence.no-such-light", names | {"wavelength_nm": question.wavelength_nm})
    if question.pulse_ms is not None and (strange := _strange_pulse(question.modality, question.pulse_ms)):
        return Message("evidence.no-such-pulse", names | {"pulse": strange})
    if question.modality == PEEL and tried_peels(question.condition) and not lent_peels(question):
        kinds = [Message(f"peel.{kind.name}") for kind in tried_peels(question.condition)]
        return Message("evidence.peel-not-lent", {"condition": names["condition"], "kinds": kinds})
    if len(study_keys(arms_for(question.condition, question.modality))) >= settings.least_studies:
        return _beyond_follow_up(question)
    if question.modality == UNTREATED:
        return Message("evidence.no-study-untreated", {"condition": names["condition"]})
    searched = names | {"searched": _search_message(question)}
    if not rows:
        return Message("evidence.no-study", searched)
    reasons = [
        Message("evidence.left-out", {"study": s, "reason": r})
        for s, r in dict.fromkeys((a.study, a.excluded) for a in rows)
    ]
    return Message("evidence.none-usable", searched | {"reasons": reasons})


def _strange_pulse(modality: str, pulse_ms: float) -> str:
    """Return a pulse in words where no known device of a kind of light may fire it; empty where one may."""
    from skinbeam.laser.device import describe_pulse, devices  # imported late: questions without a pulse need none
    from skinbeam.laser.earlier_pulses import can_be_pulse_of

    fired_by = [device for device in devices().values() if modality in device.modalities]
    may_be = not fired_by or any(can_be_pulse_of(device, pulse_ms) for device in fired_by)
    return "" if may_be else describe_pulse(pulse_ms)


def _beyond_follow_up(question: EvidenceQuestion) -> Message | None:
    """Return why an answer after a long time is refused: the loss of a drug's gain cannot be learnt from that of light.

    A late time after light is answered with a warning (`expectation_warnings`); the course without treatment is
    answered as it is.
    """
    if question.follow_up_months is None or question.modality in (*laser_modalities(), UNTREATED):
        return None
    printed = [arm.followup_months for arm in arms_for(question.condition, question.modality)]
    followed = [months for months in printed if months is not None]
    if not followed or question.follow_up_months <= max(followed):
        return None
    return Message("evidence.not-followed", _titles(question) | {"months": max(followed)})


def _titles(question: EvidenceQuestion) -> dict[str, str]:
    """Return the condition and the modality of a question as parameters of a message."""
    return {
        "condition": inline_title("condition", question.condition),
        "modality": inline_title("modality", question.modality),
    }


def _search_message(question: EvidenceQuestion) -> Message:
    """Return how often such studies were searched for without success, and when last."""
    searches = [search for search in searches_for(question.condition, question.modality) if not search.useful_studies]
    if not searches:
        return Message("evidence.not-searched")
    return Message("evidence.searched", {"count": len(searches), "last": max(search.date for search in searches)})


def _expect_course(question: EvidenceQuestion, reason: Message | None, seed: int) -> Expectation:
    """Return the answer without the untreated course; it abstains where `reason` is not None.

    The distribution of very many people takes megabytes, so that such an answer is not kept.
    """
    if reason is not None:
        return _abstain(question, reason)
    if question.patients > _MOST_PATIENTS_KEPT:
        return _draw_answer(question, seed)
    found = _answer_question(question, seed, current_language())
    # Who asks may change the mappings of the answer.
    return replace(found, p_at_least=dict(found.p_at_least), harms=dict(found.harms), durability=dict(found.durability))


@cache_with_sources(256)
def _answer_question(question: EvidenceQuestion, seed: int, language: str) -> Expectation:
    """Return the answer in a language; all options of a plan ask for the same course without treatment."""
    return _draw_answer(question, seed)


def _draw_answer(question: EvidenceQuestion, seed: int) -> Expectation:
    usable = arms_for(question.condition, question.modality)
    basis = study_keys(usable)
    cite_sources(*basis, evidence_settings().source)
    placed = place_setting(question)
    clinics, untreated = _draw_clinics(question, seed)
    at_least = {t: estimate_from_draws(clinics.share_above(float(t)), basis) for t in THRESHOLDS}
    mean = estimate_from_draws(clinics.mean_pct, basis)
    counts = _counted_outcomes(question, seed)
    asked = estimate_from_draws(clinics.share_above(float(question.threshold)), basis)
    return Expectation(
        p_at_least=at_least,
        predict=_predict_count(question, clinics, usable),
        mean_improvement_pct=mean,
        net_of_untreated_pct=_net_improvement(question, clinics, untreated, basis),
        **counts,
        # No study of the table asked whether patients would repeat the treatment.
        would_repeat=Unknown(
            Message("evidence.nobody-asked", {"modality": inline_title("modality", question.modality)}).text
        ),
        durability=durability(question),
        sun_protection=sun_protection(),
        dose=_unknown_dose(question) if placed is None else placed,
        studies=_study_shares(similar_arms(question)),
        abstains=None,
        in_words=_answer_sentences(question, at_least["50"], asked, mean, counts["pih"].p),
        person_improvement_pct=_single_patient(question, clinics, usable, seed),
    )


def _counted_outcomes(question: EvidenceQuestion, seed: int) -> _CountedOutcomes:
    pulse = regime.pulse_class(question.pulse_ms)
    light = None
    if question.wavelength_nm is not None and (pulse or not regime.pulse_class_matters(question.modality)):
        light = regime.light_regime(question.modality, question.wavelength_nm, pulse)

    months = question.follow_up_months
    months = evidence_settings().told_at_months if months is None else months

    def share(outcome: str) -> PatientShare:
        asked = CountQuestion(outcome, question.modality, question.condition, light, question.phototypes, months)
        return outcome_share(asked, patients=question.patients, seed=seed)

    return {
        "pih": share("pih"),
        "satisfaction": share("satisfaction"),
        "harms": {harm: share(harm) for harm in OTHER_HARMS},
        "pain_0_10": mean_pain(question.modality, seed=seed),
        "downtime_days": downtime_days(question.modality),
    }


def _predict_count(question: EvidenceQuestion, clinics: NewClinics, usable: Sequence[Arm]) -> Prediction:
    """Return how many of the question's patients improve by the threshold; lesions of one patient are correlated."""
    people = question.patients
    rate = UncertainRate.from_draws(clinics.share_above(float(question.threshold)), people)
    if question.unit == "lesions":
        rate = rate.with_correlated_groups(
            people, 1.0 + (lesions_per_patient(usable) - 1.0) * float(posterior()["icc"].mean())
        )
    pmf = count_pmf(rate, people)
    return Prediction(people, question.threshold, tuple(pmf), count_intervals(pmf))


def _single_patient(question: EvidenceQuestion, clinics: NewClinics, usable: Sequence[Arm], seed: int) -> Value:
    """Return the improvement of one patient; unknown where the trials only separated responders from others."""
    if not any(arm.mean_pct is not None or len(arm.cuts) > 1 for arm in usable):
        return Unknown(Message("evidence.responders-only", _titles(question)).text)
    return estimate_from_draws(clinics.patient_pct(seed=seed), study_keys(usable))


def _draw_clinics(question: EvidenceQuestion, seed: int) -> tuple[NewClinics, NewClinics | None]:
    """Draw new clinics that treat, and the same clinics without treatment, where a study followed untreated people."""
    done = [Features.from_question(question)]
    if question.modality != UNTREATED and arms_for(question.condition, UNTREATED):
        done.append([(replace(done[0][0][0], modality=UNTREATED), 1.0)])
    clinics = draw_new_clinics(done, seed=seed, widen=[widening(question)] * len(done))
    return clinics[0], clinics[1] if len(clinics) > 1 else None


def _net_improvement(
    question: EvidenceQuestion, clinics: NewClinics, untreated: NewClinics | None, basis: tuple[str, ...]
) -> Value:
    """Return the mean improvement beyond that without treatment, in the same clinics."""
    if question.modality == UNTREATED:
        return Unknown(Message("evidence.untreated-itself").text)
    if untreated is None:
        return Unknown(
            Message("evidence.no-control", {"condition": inline_title("condition", question.condition)}).text
        )
    controls = study_keys(arms_for(question.condition, UNTREATED))
    cite_sources(*controls)
    return estimate_from_draws(clinics.mean_pct - untreated.mean_pct, tuple(dict.fromkeys((*basis, *controls))))


def _abstain(question: EvidenceQuestion, reason: Message) -> Expectation:
    """Return the answer that abstains: every field is present and unknown."""
    unknown = Unknown(reason.text)
    nobody = PatientShare.unknown(unknown)
    return Expectation(
        p_at_least=dict.fromkeys(THRESHOLDS, unknown),
        predict=Prediction(question.patients, question.threshold, unknown, dict.fromkeys(INTERVAL_LEVELS, unknown)),
        mean_improvement_pct=unknown,
        net_of_untreated_pct=unknown,
        pih=nobody,
        satisfaction=nobody,
        harms=dict.fromkeys(OTHER_HARMS, nobody),
        pain_0_10=unknown,
        downtime_days=unknown,
        would_repeat=unknown,
        durability={str(months): unknown for months in evidence_settings().durability_months},
        sun_protection=unknown,
        dose=unknown,
        studies=_study_shares(similar_arms(question)),
        abstains=reason,
        in_words=(reason,),
        person_improvement_pct=unknown,
    )


def _expect_untreated(question: EvidenceQuestion, seed: int) -> Expectation:
    """Return the natural course of the same condition, known where control arms were followed."""
    setting: Any = dict.fromkeys(("fluence_J_cm2", "pulse_ms", "spot_mm", "lamp", "microbeam_mJ"))
    alone = replace(question, modality=UNTREATED, **setting)
    if question.modality == UNTREATED:
        return _abstain(alone, Message("evidence.untreated-itself"))
    return _expect_course(alone, abstention(alone), seed)


def _unknown_dose(question: EvidenceQuestion) -> Unknown:
    """Return why no dose is compared with those of trials."""
    if question.modality in (*laser_modalities(), UNTREATED):
        return Unknown(Message("evidence.dose-not-said").text)
    return Unknown(Message("evidence.dose-not-light", {"modality": inline_title("modality", question.modality)}).text)


def _study_shares(arms: Sequence[Arm]) -> tuple[StudyShare, ...]:
    """Return each study once, its cohorts added up, with its share of the information."""
    weights = study_weights(arms) if arms else {}
    return tuple(
        StudyShare(study, patient_count([a for a in arms if a.study == study]), weights[study])
        for study in study_keys(arms)
    )


def _answer_sentences(
    question: EvidenceQuestion, half: Estimate, estimate: Estimate, mean: Estimate, pih: Estimate | Unknown
) -> tuple[Message, ...]:
    """Return the sentences of an answer, made from its numbers with the tables of words."""
    likely, low, high = (round(100 * share) for share in (estimate.median, estimate.low, estimate.high))
    sentences = [
        Message("evidence.range", {"likely": likely, "low": low, "high": high, "threshold": question.threshold}),
        Message("evidence.in-words", {"who": share_in_words(half), "amount": amount_in_words(mean)}),
    ]
    if not isinstance(pih, Unknown):
        sentences.append(Message("evidence.pih-words", {"who": share_in_words(pih)}))
    looked = followup_months(question.condition, question.modality, half.basis)
    return (*sentences, *_follow_up_sentences(looked))


def _follow_up_sentences(months: tuple[float, float] | Unknown) -> tuple[Message, ...]:
    """Return when the trials examined their patients, where they print it."""
    if isinstance(months, Unknown):
        return ()
    low, high = months
    if high == 0.0:
        return (Message("evidence.looked-during"),)
    if low == high:
        return (Message("evidence.looked-once", {"months": high}),)
    return (Message("evidence.looked", {"low": low, "high": high}),)
