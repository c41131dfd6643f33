"""What published trials say a new clinic would see: the body of `skinbeam.expect/1`.

Numbers come from `clinic`, words from `words`, reasons for silence from here: an answer either stands on named
studies or abstains as a whole. To abstain is to say unknown everywhere; the document keeps every key.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from skinbeam.document import document, sha256_of
from skinbeam.errors import NotAvailable
from skinbeam.estimate import Estimate, Unknown, Value
from skinbeam.evidence.answer import INTERVALS, estimate, keys, people_of, silent_counts, title
from skinbeam.evidence.arm import PHOTOTYPES, SEVERITIES, Arm, grades
from skinbeam.evidence.ask import Question, ask
from skinbeam.evidence.clinic import NewClinics, new_clinics, study_weights
from skinbeam.evidence.design import UNTREATED, Features, arms_of
from skinbeam.evidence.distributions import Rate, count_intervals, count_pmf
from skinbeam.evidence.dose import Placed, place
from skinbeam.evidence.lasting import downtime_days, durability, sun_protection
from skinbeam.evidence.posterior import posterior
from skinbeam.evidence.risk import OTHER_HARMS, pain, risk_told
from skinbeam.evidence.studies import arms, settings
from skinbeam.evidence.warn import lesions_per_patient, warnings_of
from skinbeam.evidence.words import amount_in_words, share_in_words
from skinbeam.messages import Message
from skinbeam.provenance import used

__all__ = ["SCHEMA", "abstention", "expect", "expect_document", "expect_of_setting"]

SCHEMA = "skinbeam.expect/1"
THRESHOLDS = ("25", "50", "75")
_SEVERE = SEVERITIES.index("severe")
_DARKEST = PHOTOTYPES.index("VI")


def expect(condition: str, modality: str, *, seed: int = 0, **options: Any) -> dict[str, Any]:
    """Return the body of `skinbeam.expect/1`.

    Parameters
    ----------
    condition, modality : names or everyday words.
    seed : of the new clinics that are drawn.
    options : severity, site, wavelength_nm, sessions, follow_up_months, phototype, patients=100, threshold=50, rater,
        unit="patients", and of a planned setting fluence_J_cm2, pulse_ms, microbeam_mJ; see `evidence.ask.ask`.

    Raises
    ------
    InputError : the question is wrong; the field is the option's name.
    NotAvailable : the evidence abstains; `body` holds every key with unknowns.
    """
    return _answered(ask(condition, modality, **options), seed)


def expect_document(condition: str, modality: str, *, seed: int = 0, **options: Any) -> dict[str, Any]:
    """Return the whole document `skinbeam.expect/1`; the same arguments and errors as `expect`.

    Raises
    ------
    NotAvailable : the evidence abstains; `body` is then the whole document.
    """
    question = ask(condition, modality, **options)
    said = {key: value for key, value in asdict(question).items() if value is not None}

    def whole(body: Mapping[str, Any], warnings: Sequence[Any]) -> dict[str, Any]:
        return document(SCHEMA, case_sha256=sha256_of(said), seed=seed, warnings=warnings, body=body)

    try:
        body = _answered(question, seed)
    except NotAvailable as error:
        raise NotAvailable(error.reason, body=whole(error.body, [])) from error
    return whole(body, warnings_of(question))


def expect_of_setting(condition: str, modality: str, *, seed: int = 0, **options: Any) -> dict[str, Any]:
    """Return what a plan shows of a setting: the body of `expect`, never raised away, and its `warnings`.

    Where nobody counted improvement for this condition the harms of the kind of laser are known all the same, and a
    person who weighs it has to see them. For skin that no study reached they stay unknown.
    """
    question = ask(condition, modality, **options)
    reason = abstention(question)
    body = _body(question, reason, seed) | {"untreated": _untreated(question, seed)}
    if reason is not None and reason.id in ("evidence.no-study", "evidence.none-usable"):
        body |= _told_by_counts(question, seed)
    return body | {"warnings": warnings_of(question) if reason is None else []}


def abstention(question: Question) -> Message | None:
    """Return why the evidence cannot answer, or None."""
    names = {"condition": title("condition", question.condition), "modality": title("modality", question.modality)}
    rule = settings()["rule"]
    severe = question.severity is not None and grades(question.severity, SEVERITIES)[1] == _SEVERE
    if question.condition == "dynamic-wrinkles" and severe:
        return Message("evidence.severe-dynamic")
    if question.modality == "ablative" and question.site in rule["off_face"]:
        return Message("evidence.off-face", {"site": title("site", question.site or "")})
    rows = [arm for arm in arms() if arm.condition == question.condition and arm.modality == question.modality]
    if (
        question.phototype is not None
        and grades(question.phototype, PHOTOTYPES)[1] == _DARKEST
        and not _reached_darkest(rows)
    ):
        return Message("evidence.phototype-vi", names)
    low, high = settings()["plausible_nm"].get(question.modality, (0.0, float("inf")))
    if question.wavelength_nm is not None and not low <= question.wavelength_nm <= high:
        return Message("evidence.no-such-light", names | {"wavelength_nm": question.wavelength_nm})
    if len(keys(arms_of(question.condition, question.modality))) >= rule["least_studies"]:
        return None
    if question.modality == UNTREATED:
        return Message("evidence.no-study-untreated", {"condition": names["condition"]})
    if not rows:
        return Message("evidence.no-study", names)
    reasons = [
        Message("evidence.left-out", {"study": s, "reason": r})
        for s, r in dict.fromkeys((a.study, a.excluded) for a in rows)
    ]
    return Message("evidence.none-usable", names | {"reasons": reasons})


def _answered(question: Question, seed: int) -> dict[str, Any]:
    reason = abstention(question)
    body = _body(question, reason, seed) | {"untreated": _untreated(question, seed)}
    if reason is not None:
        raise NotAvailable(reason.text, body=body)
    return body


def _body(question: Question, reason: Message | None, seed: int) -> dict[str, Any]:
    """The body without the untreated course; `reason` to abstain, or None."""
    return _answer(question, seed) if reason is None else _silence(question, reason)


def _answer(question: Question, seed: int) -> dict[str, Any]:
    """The body without the untreated course."""
    usable = arms_of(question.condition, question.modality)
    basis = keys(usable)
    used(*basis, settings()["source"])
    placed = place(question)
    clinics, untreated = _clinics(question, placed, seed)
    people = question.patients
    at_least = {t: estimate(clinics.share(float(t)), basis) for t in THRESHOLDS}
    asked = clinics.share(float(question.threshold))
    rate = Rate.of_draws(asked, people)
    if question.unit == "lesions":
        rate = rate.alike(people, 1.0 + (lesions_per_patient(usable) - 1.0) * float(posterior()["icc"].mean()))
    pmf = count_pmf(rate, people)
    mean = estimate(clinics.mean_pct, basis)
    told = _told_by_counts(question, seed)
    return {
        "p_at_least": at_least,
        "predict": {
            "patients": people,
            "threshold": question.threshold,
            "pmf": pmf,
            "intervals": count_intervals(pmf),
        },
        "mean_improvement_pct": mean,
        "net_of_untreated_pct": _net(question, clinics, untreated, basis),
        **told,
        "would_repeat": _would_repeat(question),
        "durability": durability(question),
        "sun_protection": sun_protection(),
        "dose": _dose(placed),
        "studies": _studies(usable),
        "abstains": False,
        "in_words": _words(question, at_least["50"], estimate(asked, basis), mean, told["pih"]["p"]),
    }


def _told_by_counts(question: Question, seed: int) -> dict[str, Any]:
    """What is counted after a kind of laser whatever it treats: harms, pain, satisfaction, downtime."""
    given: dict[str, Any] = {"phototype": question.phototype, "patients": question.patients, "seed": seed}

    def told(outcome: str) -> dict[str, Any]:
        return risk_told(outcome, question.modality, question.condition, **given)

    return {
        "pih": told("pih"),
        "satisfaction": told("satisfaction"),
        "harms": {harm: told(harm) for harm in OTHER_HARMS},
        "pain_0_10": pain(question.modality, seed=seed),
        "downtime_days": downtime_days(question.modality),
    }


def _clinics(question: Question, placed: Placed | None, seed: int) -> tuple[NewClinics, NewClinics | None]:
    """New clinics that treat, and the same ones that wait, where somebody followed waiting."""
    widen = 0.0 if placed is None else {"outside": 1.0, "far-outside": 2.0}.get(placed.where, 0.0)
    done = [Features.of_question(question)]
    if question.modality != UNTREATED and arms_of(question.condition, UNTREATED):
        done.append([(replace(done[0][0][0], modality=UNTREATED), 1.0)])
    clinics = new_clinics(done, seed=seed, widen=widen)
    return clinics[0], clinics[1] if len(clinics) > 1 else None


def _net(question: Question, clinics: NewClinics, untreated: NewClinics | None, basis: tuple[str, ...]) -> Value:
    """Mean improvement beyond what comes without treatment, in the same clinics."""
    if question.modality == UNTREATED:
        return Unknown(Message("evidence.untreated-itself").text)
    if untreated is None:
        return Unknown(Message("evidence.no-control", {"condition": title("condition", question.condition)}).text)
    controls = keys(arms_of(question.condition, UNTREATED))
    return estimate(clinics.mean_pct - untreated.mean_pct, tuple(dict.fromkeys((*basis, *controls))))


def _silence(question: Question, reason: Message) -> dict[str, Any]:
    """The body that abstains: every key, no value."""
    unknown = Unknown(reason.text)
    return {
        "p_at_least": dict.fromkeys(THRESHOLDS, unknown),
        "predict": {
            "patients": question.patients,
            "threshold": question.threshold,
            "pmf": unknown,
            "intervals": dict.fromkeys(INTERVALS, unknown),
        },
        "mean_improvement_pct": unknown,
        "net_of_untreated_pct": unknown,
        "pih": silent_counts(unknown),
        "harms": {harm: silent_counts(unknown) for harm in OTHER_HARMS},
        "pain_0_10": unknown,
        "satisfaction": silent_counts(unknown),
        "would_repeat": unknown,
        "downtime_days": unknown,
        "durability": {str(months): unknown for months in settings()["rule"]["durability_months"]},
        "sun_protection": unknown,
        "dose": unknown,
        "studies": _studies(arms_of(question.condition, question.modality)),
        "abstains": reason.text,
        "in_words": [reason],
    }


def _untreated(question: Question, seed: int) -> dict[str, Any]:
    """The natural course of the same condition, known where control arms were followed."""
    alone = replace(question, modality=UNTREATED, fluence_J_cm2=None, pulse_ms=None, microbeam_mJ=None)
    if question.modality == UNTREATED:
        return _silence(alone, Message("evidence.untreated-itself"))
    return _body(alone, abstention(alone), seed)


def _would_repeat(question: Question) -> Unknown:
    """No study of the table asked it."""
    return Unknown(Message("evidence.nobody-asked", {"modality": title("modality", question.modality)}).text)


def _dose(placed: Placed | None) -> Any:
    if placed is None:
        return Unknown(Message("evidence.dose-not-said").text)
    return {"where": placed.where, "text": placed.said, "studies": list(placed.studies)}


def _reached_darkest(rows: Sequence[Arm]) -> bool:
    return any(arm.phototype and grades(arm.phototype, PHOTOTYPES)[1] == _DARKEST for arm in rows)


def _studies(found: Sequence[Arm]) -> list[dict[str, Any]]:
    """Each study once, its cohorts added up, with its share of the information."""
    weights = study_weights(found) if found else {}
    return [
        {"study": study, "patients": people_of([a for a in found if a.study == study]), "weight": weights[study]}
        for study in keys(found)
    ]


def _words(
    question: Question, half: Estimate, asked: Estimate, mean: Estimate, pih: Estimate | Unknown
) -> list[Message]:
    """Sentences made from the numbers, through the one table of words."""
    likely, low, high = (round(100 * share) for share in (asked.median, asked.low, asked.high))
    said = [
        Message("evidence.in-words", {"who": share_in_words(half), "amount": amount_in_words(mean)}),
        Message("evidence.range", {"likely": likely, "low": low, "high": high, "threshold": question.threshold}),
    ]
    if not isinstance(pih, Unknown):
        said.append(Message("evidence.pih-words", {"who": share_in_words(pih)}))
    return said
