"""What published trials say a new clinic would see: the body of `skinbeam.expect/1`.

Numbers come from `clinic`, words from `words`, reasons for silence from here: an answer either stands on named
studies or abstains as a whole. To abstain is to say unknown everywhere; the document keeps every key.
"""

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any, TypedDict

from skinbeam.document import document, sha256_of
from skinbeam.errors import NotAvailable
from skinbeam.estimate import Estimate, Unknown, Value
from skinbeam.evidence.expectation.dose import place, widening
from skinbeam.evidence.expectation.followup import followup_months
from skinbeam.evidence.expectation.lasting import downtime_days, durability, sun_protection
from skinbeam.evidence.expectation.parts import estimate, intervals_of, keys, people_of, title
from skinbeam.evidence.expectation.records import INTERVALS, Expectation, PatientShare, Prediction, StudyShare
from skinbeam.evidence.expectation.risk import OTHER_HARMS, counted_risk, pain
from skinbeam.evidence.expectation.warnings import lesions_per_patient, warnings_of
from skinbeam.evidence.expectation.words import amount_in_words, share_in_words
from skinbeam.evidence.question import Question
from skinbeam.evidence.studies.arm import Arm
from skinbeam.evidence.studies.searches import searched
from skinbeam.evidence.studies.shipped import arms, settings
from skinbeam.evidence.synthesis import regime
from skinbeam.evidence.synthesis.clinic import NewClinics, new_clinics, study_weights
from skinbeam.evidence.synthesis.counts import Asked
from skinbeam.evidence.synthesis.design import UNTREATED, Features, arms_of, like_arms
from skinbeam.evidence.synthesis.distributions import Rate, count_pmf
from skinbeam.evidence.synthesis.posterior import posterior
from skinbeam.messages import Message
from skinbeam.provenance import used
from skinbeam.schema.names import PHOTOTYPES, SEVERITIES, laser_modalities

__all__ = ["SCHEMA", "abstention", "expect", "expect_document", "expect_of_setting"]

SCHEMA = "skinbeam.expect/1"
THRESHOLDS = ("25", "50", "75")
_SEVERE = SEVERITIES.index("severe")
_DARKEST = PHOTOTYPES.index("VI")


class _Counts(TypedDict):
    """What is counted after a kind of laser whatever it treats: fields of an expectation."""

    pih: PatientShare
    satisfaction: PatientShare
    harms: dict[str, PatientShare]
    pain_0_10: Value
    downtime_days: Value


def expect(question: Question, *, seed: int = 0) -> Expectation:
    """Return what trials say of a question; where they cannot, it says why under `abstains`.

    Parameters
    ----------
    seed : of the new clinics that are drawn.
    """
    reason = abstention(question)
    course = _course(question, reason, seed)
    warnings = warnings_of(question) if reason is None else ()
    return replace(course, untreated=_untreated(question, seed), warnings=warnings)


def expect_document(question: Question, *, seed: int = 0) -> dict[str, Any]:
    """Return the whole document `skinbeam.expect/1`; arguments as in `expect`.

    Raises
    ------
    NotAvailable : the evidence abstains; `body` is the document, which holds every key with unknowns.
    """
    found = expect(question, seed=seed)
    said = {key: value for key, value in asdict(question).items() if value is not None}
    whole = document(SCHEMA, case_sha256=sha256_of(said), seed=seed, warnings=found.warnings, body=found.as_record())
    if found.abstains is not None:
        raise NotAvailable(found.abstains.text, body=whole)
    return whole


def expect_of_setting(question: Question, *, seed: int = 0) -> Expectation:
    """Return what a plan shows of a setting; arguments as in `expect`.

    Where nobody counted improvement for this condition the harms of the kind of laser are known all the same, and a
    person who weighs it has to see them. For skin that no study reached they stay unknown.
    """
    found = expect(question, seed=seed)
    if found.abstains is not None and found.abstains.id in ("evidence.no-study", "evidence.none-usable"):
        return replace(found, **_counts(question, seed))
    return found


def abstention(question: Question) -> Message | None:
    """Return why the evidence cannot answer, or None."""
    names: dict[str, str | Message] = {
        "condition": title("condition", question.condition),
        "modality": title("modality", question.modality),
    }
    rule = settings()["rule"]
    severe = question.severities is not None and question.severities[1] == _SEVERE
    if question.condition == "dynamic-wrinkles" and severe and question.modality in laser_modalities():
        return Message("evidence.severe-dynamic")
    if question.modality == "ablative" and question.site in rule["off_face"]:
        return Message("evidence.off-face", {"site": title("site", question.site or "")})
    rows = [arm for arm in arms() if arm.condition == question.condition and arm.modality == question.modality]
    darkest = question.phototypes is not None and question.phototypes[1] == _DARKEST
    if darkest and not any(arm.phototypes and arm.phototypes[1] == _DARKEST for arm in rows):
        return Message("evidence.phototype-vi", names)
    low, high = settings()["plausible_nm"].get(question.modality, (0.0, float("inf")))
    if question.wavelength_nm is not None and not low <= question.wavelength_nm <= high:
        return Message("evidence.no-such-light", names | {"wavelength_nm": question.wavelength_nm})
    if len(keys(arms_of(question.condition, question.modality))) >= rule["least_studies"]:
        return _later_than_followed(question)
    if question.modality == UNTREATED:
        return Message("evidence.no-study-untreated", {"condition": names["condition"]})
    names["searched"] = _searched(question)
    if not rows:
        return Message("evidence.no-study", names)
    reasons = [
        Message("evidence.left-out", {"study": s, "reason": r})
        for s, r in dict.fromkeys((a.study, a.excluded) for a in rows)
    ]
    return Message("evidence.none-usable", names | {"reasons": reasons})


def _later_than_followed(question: Question) -> Message | None:
    """Return why a late time is not told: how fast the gain of a drug wears off cannot be learnt from that of light.

    A late time after light is answered with a warning (`warnings`), the course of people left alone as it is.
    """
    if question.follow_up_months is None or question.modality in (*laser_modalities(), UNTREATED):
        return None
    printed = [arm.followup_months for arm in arms_of(question.condition, question.modality)]
    followed = [months for months in printed if months is not None]
    if not followed or question.follow_up_months <= max(followed):
        return None
    names = {"condition": title("condition", question.condition), "modality": title("modality", question.modality)}
    return Message("evidence.not-followed", names | {"months": max(followed)})


def _searched(question: Question) -> Message:
    """How often such studies were searched for, and when last."""
    found = [search for search in searched(question.condition, question.modality) if not search.useful_studies]
    if not found:
        return Message("evidence.not-searched")
    return Message("evidence.searched", {"count": len(found), "last": max(search.date for search in found)})


def _course(question: Question, reason: Message | None, seed: int) -> Expectation:
    """The answer without the untreated course; `reason` to abstain, or None."""
    return _answer(question, seed) if reason is None else _silence(question, reason)


def _answer(question: Question, seed: int) -> Expectation:
    usable = arms_of(question.condition, question.modality)
    basis = keys(usable)
    used(*basis, settings()["source"])
    placed = place(question)
    clinics, untreated = _clinics(question, seed)
    at_least = {t: estimate(clinics.share(float(t)), basis) for t in THRESHOLDS}
    mean = estimate(clinics.mean_pct, basis)
    counts = _counts(question, seed)
    asked = estimate(clinics.share(float(question.threshold)), basis)
    return Expectation(
        p_at_least=at_least,
        predict=_predicted(question, clinics, usable),
        mean_improvement_pct=mean,
        net_of_untreated_pct=_net(question, clinics, untreated, basis),
        **counts,
        would_repeat=_would_repeat(question),
        durability=durability(question),
        sun_protection=sun_protection(),
        dose=_no_dose(question) if placed is None else placed,
        studies=_studies(like_arms(question)),
        abstains=None,
        in_words=_words(question, at_least["50"], asked, mean, counts["pih"].p),
        person_improvement_pct=_person(question, clinics, usable, seed),
    )


def _counts(question: Question, seed: int) -> _Counts:
    pulse = regime.pulse_class(question.pulse_ms)
    light = None
    if question.wavelength_nm is not None and (pulse or not regime.told_by_pulse(question.modality)):
        light = regime.of_light(question.modality, question.wavelength_nm, pulse)

    months = question.follow_up_months
    months = settings()["counts"]["told_at_months"] if months is None else months

    def share(outcome: str) -> PatientShare:
        asked = Asked(outcome, question.modality, question.condition, light, question.phototypes, months)
        return counted_risk(asked, patients=question.patients, seed=seed)

    return {
        "pih": share("pih"),
        "satisfaction": share("satisfaction"),
        "harms": {harm: share(harm) for harm in OTHER_HARMS},
        "pain_0_10": pain(question.modality, seed=seed),
        "downtime_days": downtime_days(question.modality),
    }


def _predicted(question: Question, clinics: NewClinics, usable: Sequence[Arm]) -> Prediction:
    """How many of the patients asked about improve by the threshold; lesions of one patient respond alike."""
    people = question.patients
    rate = Rate.of_draws(clinics.share(float(question.threshold)), people)
    if question.unit == "lesions":
        rate = rate.alike(people, 1.0 + (lesions_per_patient(usable) - 1.0) * float(posterior()["icc"].mean()))
    pmf = count_pmf(rate, people)
    return Prediction(people, question.threshold, tuple(pmf), intervals_of(pmf))


def _person(question: Question, clinics: NewClinics, usable: Sequence[Arm], seed: int) -> Value:
    """What one patient improves by; unknown where trials told responders from others and nothing between."""
    if not any(arm.mean_pct is not None or len(arm.cuts) > 1 for arm in usable):
        names = {"condition": title("condition", question.condition), "modality": title("modality", question.modality)}
        return Unknown(Message("evidence.responders-only", names).text)
    return estimate(clinics.patient_pct(seed=seed), keys(usable))


def _clinics(question: Question, seed: int) -> tuple[NewClinics, NewClinics | None]:
    """New clinics that treat, and the same ones that wait, where somebody followed waiting."""
    done = [Features.of_question(question)]
    if question.modality != UNTREATED and arms_of(question.condition, UNTREATED):
        done.append([(replace(done[0][0][0], modality=UNTREATED), 1.0)])
    clinics = new_clinics(done, seed=seed, widen=[widening(question)] * len(done))
    return clinics[0], clinics[1] if len(clinics) > 1 else None


def _net(question: Question, clinics: NewClinics, untreated: NewClinics | None, basis: tuple[str, ...]) -> Value:
    """Mean improvement beyond what comes without treatment, in the same clinics."""
    if question.modality == UNTREATED:
        return Unknown(Message("evidence.untreated-itself").text)
    if untreated is None:
        return Unknown(Message("evidence.no-control", {"condition": title("condition", question.condition)}).text)
    controls = keys(arms_of(question.condition, UNTREATED))
    return estimate(clinics.mean_pct - untreated.mean_pct, tuple(dict.fromkeys((*basis, *controls))))


def _silence(question: Question, reason: Message) -> Expectation:
    """The answer that abstains: every field, no value."""
    unknown = Unknown(reason.text)
    nobody = PatientShare.unknown(unknown)
    return Expectation(
        p_at_least=dict.fromkeys(THRESHOLDS, unknown),
        predict=Prediction(question.patients, question.threshold, unknown, dict.fromkeys(INTERVALS, unknown)),
        mean_improvement_pct=unknown,
        net_of_untreated_pct=unknown,
        pih=nobody,
        satisfaction=nobody,
        harms=dict.fromkeys(OTHER_HARMS, nobody),
        pain_0_10=unknown,
        downtime_days=unknown,
        would_repeat=unknown,
        durability={str(months): unknown for months in settings()["rule"]["durability_months"]},
        sun_protection=unknown,
        dose=unknown,
        studies=_studies(like_arms(question)),
        abstains=reason,
        in_words=(reason,),
        person_improvement_pct=unknown,
    )


def _untreated(question: Question, seed: int) -> Expectation:
    """The natural course of the same condition, known where control arms were followed."""
    setting: Any = dict.fromkeys(("fluence_J_cm2", "pulse_ms", "spot_mm", "lamp", "microbeam_mJ"))
    alone = replace(question, modality=UNTREATED, **setting)
    if question.modality == UNTREATED:
        return _silence(alone, Message("evidence.untreated-itself"))
    return _course(alone, abstention(alone), seed)


def _no_dose(question: Question) -> Unknown:
    """Why no dose is placed among those of trials."""
    if question.modality in (*laser_modalities(), UNTREATED):
        return Unknown(Message("evidence.dose-not-said").text)
    return Unknown(Message("evidence.dose-not-light", {"modality": title("modality", question.modality)}).text)


def _would_repeat(question: Question) -> Unknown:
    """No study of the table asked it."""
    return Unknown(Message("evidence.nobody-asked", {"modality": title("modality", question.modality)}).text)


def _studies(found: Sequence[Arm]) -> tuple[StudyShare, ...]:
    """Each study once, its cohorts added up, with its share of the information."""
    weights = study_weights(found) if found else {}
    return tuple(
        StudyShare(study, people_of([a for a in found if a.study == study]), weights[study]) for study in keys(found)
    )


def _words(
    question: Question, half: Estimate, asked: Estimate, mean: Estimate, pih: Estimate | Unknown
) -> tuple[Message, ...]:
    """Sentences made from the numbers, through the one table of words."""
    likely, low, high = (round(100 * share) for share in (asked.median, asked.low, asked.high))
    said = [
        Message("evidence.range", {"likely": likely, "low": low, "high": high, "threshold": question.threshold}),
        Message("evidence.in-words", {"who": share_in_words(half), "amount": amount_in_words(mean)}),
    ]
    if not isinstance(pih, Unknown):
        said.append(Message("evidence.pih-words", {"who": share_in_words(pih)}))
    looked = followup_months(question.condition, question.modality, half.basis)
    return (*said, *_looked(looked))


def _looked(months: tuple[float, float] | Unknown) -> tuple[Message, ...]:
    """When the trials looked at their patients, where they print it."""
    if isinstance(months, Unknown):
        return ()
    low, high = months
    if high == 0.0:
        return (Message("evidence.looked-during"),)
    if low == high:
        return (Message("evidence.looked-once", {"months": high}),)
    return (Message("evidence.looked", {"low": low, "high": high}),)
