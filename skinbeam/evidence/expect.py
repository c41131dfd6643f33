"""What published trials say a new clinic would see: the body of `skinbeam.expect/1`.

Numbers come from `synthesis`, words from `words`, reasons for silence from here: an answer either stands on named
studies or abstains as a whole. To abstain is to say unknown everywhere; the document keeps every key.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Protocol

import numpy as np

from skinbeam.document import document, sha256_of
from skinbeam.errors import NotAvailable
from skinbeam.estimate import Estimate, Unknown, Value
from skinbeam.evidence import synthesis
from skinbeam.evidence.ask import Question, ask
from skinbeam.evidence.distributions import count_intervals, count_pmf, quantiles
from skinbeam.evidence.studies import PHOTOTYPES, SEVERITIES, Arm, arms, dark_fraction, grades, settings
from skinbeam.evidence.words import amount_in_words, share_in_words
from skinbeam.messages import Message
from skinbeam.provenance import used
from skinbeam.schema.names import table

__all__ = ["SCHEMA", "abstention", "expect", "expect_document", "pih_risk"]

SCHEMA = "skinbeam.expect/1"
THRESHOLDS = ("25", "50", "75")
INTERVALS = ("50", "80", "95")
_UNTREATED = "no-treatment"
_SEVERE = SEVERITIES.index("severe")
_DARKEST = PHOTOTYPES.index("VI")


class _Law(Protocol):
    """A distribution that gives its quantiles."""

    def quantiles(self, wanted: tuple[float, ...]) -> tuple[float, ...]: ...


def expect(condition: str, modality: str, **options: Any) -> dict[str, Any]:
    """Return the body of `skinbeam.expect/1`.

    Parameters
    ----------
    condition, modality : names or everyday words.
    options : severity, site, wavelength_nm, sessions, follow_up_months, phototype, patients=100, threshold=50, rater,
        unit="patients"; see `evidence.ask.ask`.

    Raises
    ------
    InputError : the question is wrong; the field is the option's name.
    NotAvailable : the evidence abstains; `body` holds every key with unknowns.
    """
    return _answered(ask(condition, modality, **options))


def expect_document(condition: str, modality: str, *, seed: int = 0, **options: Any) -> dict[str, Any]:
    """Return the whole document `skinbeam.expect/1`; the same arguments and errors as `expect`.

    Nothing is drawn, so `seed` stands in the document and changes nothing else.

    Raises
    ------
    NotAvailable : the evidence abstains; `body` is then the whole document.
    """
    question = ask(condition, modality, **options)
    said = {key: value for key, value in asdict(question).items() if value is not None}

    def whole(body: Mapping[str, Any], warnings: Sequence[Any]) -> dict[str, Any]:
        return document(SCHEMA, case_sha256=sha256_of(said), seed=seed, warnings=warnings, body=body)

    try:
        body = _answered(question)
    except NotAvailable as error:
        raise NotAvailable(error.reason, body=whole(error.body, [])) from error
    return whole(body, _warnings(question))


def abstention(question: Question) -> Message | None:
    """Return why the evidence cannot answer, or None."""
    names = {"condition": _title("condition", question.condition), "modality": _title("modality", question.modality)}
    rule = settings()["rule"]
    severe = question.severity is not None and grades(question.severity, SEVERITIES)[1] == _SEVERE
    if question.condition == "dynamic-wrinkles" and severe:
        return Message("evidence.severe-dynamic")
    if question.modality == "ablative" and question.site in rule["off_face"]:
        return Message("evidence.off-face", {"site": _title("site", question.site or "")})
    rows = [arm for arm in arms() if arm.condition == question.condition and arm.modality == question.modality]
    usable = synthesis.usable_arms(question.condition, question.modality, question.rater)
    if (
        question.phototype is not None
        and grades(question.phototype, PHOTOTYPES)[1] == _DARKEST
        and not _reached_darkest(rows)
    ):
        return Message("evidence.phototype-vi", names)
    studies = list(dict.fromkeys(arm.study for arm in usable))
    if len(studies) >= rule["least_studies"]:
        return None
    if studies:
        return Message("evidence.one-study", names | {"study": studies[0]})
    if question.modality == _UNTREATED:
        return Message("evidence.no-study-untreated", {"condition": names["condition"]})
    if not rows:
        return Message("evidence.no-study", names)
    reasons = [
        Message("evidence.left-out", {"study": s, "reason": r})
        for s, r in dict.fromkeys((a.study, a.excluded) for a in rows)
    ]
    return Message("evidence.none-usable", names | {"reasons": reasons})


def pih_risk(modality: str, *, phototype: str | None = None, patients: int = 100) -> dict[str, Any] | Unknown:
    """Return the risk of post-inflammatory hyperpigmentation after a modality: `p`, `pmf`, `intervals`.

    Counted per patient. Studies of every condition that the modality treats are pooled, in two groups of phototypes
    (I to III, IV to VI); no events in a study never becomes no risk.

    Parameters
    ----------
    modality : name.
    phototype : a type or a range; None takes the stated share of darker skin.
    patients : how many the counts are of.
    """
    counted = [a for a in arms() if a.modality == modality and a.pih is not None and not a.harms_excluded]
    if not counted:
        return Unknown(Message("evidence.no-pih", {"modality": _title("modality", modality)}).text)
    used(*_keys(counted))
    rate = synthesis.pih()[modality].darkening(dark_fraction(phototype or ""), patients)
    pmf = count_pmf(rate, patients)
    return {"p": _estimate(rate, _keys(counted)), "pmf": pmf, "intervals": count_intervals(pmf)}


def _answered(question: Question) -> dict[str, Any]:
    reason = abstention(question)
    if reason is not None:
        raise NotAvailable(reason.text, body=_silence(question, reason) | {"untreated": _untreated(question)})
    return _answer(question) | {"untreated": _untreated(question)}


def _answer(question: Question) -> dict[str, Any]:
    """The body without the untreated course."""
    clinic = synthesis.improvement(question.rater)[question.condition, question.modality]
    usable = synthesis.usable_arms(question.condition, question.modality, question.rater)
    keys = _keys(usable)
    used(*keys, settings()["source"])
    at_least = {t: _estimate(clinic.at_least(float(t), question.patients), keys) for t in THRESHOLDS}
    rate = clinic.at_least(float(question.threshold), question.patients)
    asked = _estimate(rate, keys)
    if question.unit == "lesions":
        rate = rate.alike(question.patients, _lesions_per_patient(usable))
    pmf = count_pmf(rate, question.patients)
    low, median, high = clinic.mean_pct(_wanted())
    mean = Estimate(median, low, high, settings()["rule"]["level"], "pooled", basis=keys)
    pih = pih_risk(question.modality, phototype=question.phototype, patients=question.patients)
    return {
        "p_at_least": at_least,
        "predict": {
            "patients": question.patients,
            "threshold": question.threshold,
            "pmf": pmf,
            "intervals": count_intervals(pmf),
        },
        "mean_improvement_pct": mean,
        "pih": _pih_unknown(pih) if isinstance(pih, Unknown) else pih,
        "downtime_days": _downtime(question.modality),
        "durability": _durability(question),
        "studies": _studies(usable, clinic.weights),
        "abstains": False,
        "in_words": _words(question, at_least["50"], asked, mean, pih),
    }


def _silence(question: Question, reason: Message) -> dict[str, Any]:
    """The body that abstains: every key, no value."""
    unknown = Unknown(reason.text)
    usable = synthesis.usable_arms(question.condition, question.modality, question.rater)
    weights: Mapping[str, float] = {}
    if usable:
        weights = synthesis.improvement(question.rater)[question.condition, question.modality].weights
    return {
        "p_at_least": dict.fromkeys(THRESHOLDS, unknown),
        "predict": {
            "patients": question.patients,
            "threshold": question.threshold,
            "pmf": unknown,
            "intervals": dict.fromkeys(INTERVALS, unknown),
        },
        "mean_improvement_pct": unknown,
        "pih": _pih_unknown(unknown),
        "downtime_days": unknown,
        "durability": {str(months): unknown for months in settings()["rule"]["durability_months"]},
        "studies": _studies(usable, weights),
        "abstains": reason.text,
        "in_words": [reason],
    }


def _untreated(question: Question) -> dict[str, Any]:
    """The natural course of the same condition, known where control arms were followed."""
    alone = Question(**(asdict(question) | {"modality": _UNTREATED}))
    if question.modality == _UNTREATED:
        return _silence(alone, Message("evidence.untreated-itself"))
    reason = abstention(alone)
    return _silence(alone, reason) if reason is not None else _answer(alone)


def _pih_unknown(unknown: Unknown) -> dict[str, Any]:
    return {"p": unknown, "pmf": unknown, "intervals": dict.fromkeys(INTERVALS, unknown)}


def _wanted() -> tuple[float, float, float]:
    """Probabilities of the low end, the median and the high end of every interval."""
    tail = (1.0 - settings()["rule"]["level"]) / 2.0
    return tail, 0.5, 1.0 - tail


def _estimate(law: _Law, keys: tuple[str, ...]) -> Estimate:
    low, median, high = law.quantiles(_wanted())
    return Estimate(median, low, high, settings()["rule"]["level"], "pooled", basis=keys)


def _keys(found: Sequence[Arm]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(arm.study for arm in found))


def _title(kind: Any, name: str) -> str:
    title = str(table(kind)[name]["title"])
    return title[0].lower() + title[1:]


def _reached_darkest(rows: Sequence[Arm]) -> bool:
    return any(arm.phototype and grades(arm.phototype, PHOTOTYPES)[1] == _DARKEST for arm in rows)


def _studies(found: Sequence[Arm], weights: Mapping[str, float]) -> list[dict[str, Any]]:
    """Each study once, its cohorts added up."""
    listed = []
    for study in _keys(found):
        cohorts = {arm.cohort: arm.patients or 0 for arm in found if arm.study == study}
        listed.append({"study": study, "patients": sum(cohorts.values()), "weight": weights[study]})
    return listed


def _lesions_per_patient(usable: Sequence[Arm]) -> float:
    """Mean number of lesions to a patient where lesions were counted: among these studies, else in the whole table."""
    for rows in (usable, arms()):
        per_patient = [1.0 / arm.patients_per_unit for arm in rows if arm.unit in ("lesions", "areas")]
        if per_patient:
            return sum(per_patient) / len(per_patient)
    return 1.0


def _downtime(modality: str) -> Value:
    """Days until crusts or the like are gone: printed spans of the studies as equal parts of one mixture.

    A study's span is read as uniform over its patients. Only spans of one kind are mixed, the kind that most print.
    """
    spans: dict[str, dict[str, tuple[float, float]]] = {}
    for arm in arms():
        if arm.modality == modality and arm.downtime_days and arm.downtime_days[0] < arm.downtime_days[1]:
            spans.setdefault(arm.downtime_kind, {})[arm.study] = arm.downtime_days
    most = max(spans.values(), key=len, default={})
    if len(most) < settings()["rule"]["least_studies"]:
        return Unknown(Message("evidence.no-downtime", {"modality": _title("modality", modality)}).text)
    at = np.array(sorted({end for span in most.values() for end in span}))
    cumulative = np.mean([np.interp(at, span, (0.0, 1.0)) for span in most.values()], axis=0)
    low, median, high = quantiles(at, cumulative, _wanted())
    used(*most)
    return Estimate(median, low, high, settings()["rule"]["level"], "pooled", basis=tuple(most))


def _durability(question: Question) -> dict[str, Unknown]:
    """Share of the gain kept. No row of the table prints a spread, so each is unknown, with what one study saw."""
    followed = {
        months: (arm, span, kept)
        for arm in arms()
        if arm.condition == question.condition and arm.modality == question.modality
        for span, kept in arm.gain_kept_pct.items()
        for months in map(int, span.split("-"))
    }
    found = {}
    for months in settings()["rule"]["durability_months"]:
        reason = Message("evidence.durability-none", {"months": months})
        if months in followed:
            arm, span, kept = followed[months]
            params = {"study": arm.study, "patients": arm.patients or 0, "kept_pct": kept, "at_months": span}
            reason = Message("evidence.durability-one", params)
        found[str(months)] = Unknown(reason.text)
    return found


def _words(
    question: Question, half: Estimate, asked: Estimate, mean: Estimate, pih: dict[str, Any] | Unknown
) -> list[Message]:
    """Sentences made from the numbers, through the one table of words."""
    likely, low, high = (round(100 * share) for share in (asked.median, asked.low, asked.high))
    said = [
        Message("evidence.in-words", {"who": share_in_words(half), "amount": amount_in_words(mean)}),
        Message("evidence.range", {"likely": likely, "low": low, "high": high, "threshold": question.threshold}),
    ]
    if not isinstance(pih, Unknown):
        said.append(Message("evidence.pih-words", {"who": share_in_words(pih["p"])}))
    return said


def _warnings(question: Question) -> list[dict[str, str]]:
    """What the answer does not hold, said rather than hidden."""
    usable = synthesis.usable_arms(question.condition, question.modality, question.rater)
    found: list[dict[str, str]] = []

    def warn(code: str, name: str, **params: Any) -> None:
        found.append({"code": code, "message": Message(f"evidence-warning.{name}", params).text})

    if question.not_modelled:
        warn("not-modelled", "not-modelled", given=question.not_modelled)
    if question.site and not any(question.site in arm.sites for arm in usable):
        warn("site-not-studied", "site", site=_title("site", question.site))
    if question.phototype and not any(_overlap(question.phototype, arm.phototype) for arm in usable):
        warn("phototype-not-studied", "phototype", phototype=question.phototype)
    unverified = [arm.study for arm in usable if arm.grade == "unverified"]
    if unverified:
        warn("unverified", "unverified", studies=list(dict.fromkeys(unverified)))
    combined = [arm.study for arm in usable if arm.combined_with]
    if combined:
        warn("combined-treatment", "combined", studies=list(dict.fromkeys(combined)))
    if question.unit == "lesions":
        warn("lesions-alike", "lesions", group=_lesions_per_patient(usable))
    return found


def _overlap(asked: str, studied: str) -> bool:
    if not studied:
        return False
    (low, high), (first, last) = grades(asked, PHOTOTYPES), grades(studied, PHOTOTYPES)
    return low <= last and first <= high
