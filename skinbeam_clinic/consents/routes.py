"""Consent to one choice of a plan: explained, slept on, told back, signed and sealed; void when the plan changes."""

import datetime
import json
from dataclasses import dataclass
from functools import cached_property

from fastapi.responses import Response

from skinbeam.app.clinic.course.told import stops_told
from skinbeam.app.clinic.gate import Gate
from skinbeam.app.clinic.places import option_at
from skinbeam.app.clinic.plans import Opened, opened
from skinbeam.app.clinic.visit import Visit
from skinbeam.errors import InputError
from skinbeam.messages import LANGUAGES, local, retell, speaking, spoken, text
from skinbeam.plan.records import ConcernPlan, Option, Plan
from skinbeam.records.desk.consents import SignatureKind
from skinbeam.records.faults import fault
from skinbeam.records.kept import Consent, Permissions
from skinbeam.records.store.columns import now
from skinbeam.report.consent.context import PERMISSIONS, Question, Signing, Stroke, Told
from skinbeam.report.consent.page import agreement, consent_page, cooling_off_days, tries_told
from skinbeam.report.consent.questions import teach_back
from skinbeam.report.consent.sealed import make_consent

__all__ = ["add_consents"]

_MOST_DAYS = 365
_MOST_POINTS = 3_000  # of a signature: minutes of drawing
_LONGEST_NAME = 200


@dataclass(frozen=True)
class _Form:
    """What a consent page is about."""

    plan: Opened
    place: str
    known: tuple[Consent, ...]
    language: str

    @property
    def here(self) -> str:
        """The address of the page."""
        return f"/plans/{self.plan.kept.id}/consent/{self.place}"

    @cached_property
    def told(self) -> tuple[Plan, ConcernPlan, Option]:
        """The plan, the concern and the choice in the language of the form."""
        with speaking(self.language):
            plan = retell(self.plan.records)
        return plan, *option_at(plan, self.place)

    @property
    def stopped(self) -> bool:
        """Whether a rule of the plan stops laser for now, so that nothing can be agreed to."""
        return self.plan.records.suitability.decision in ("refer", "not-suitable")

    @property
    def barred(self) -> InputError | None:
        """Why nothing can be agreed to: the plan stops laser for now, or what was recorded since speaks against it."""
        return _wrong("stopped") if self.stopped else fault("plan-outdated", "plan") if self.plan.stops else None

    @cached_property
    def questions(self) -> tuple[Question, ...]:
        """What is to be told back."""
        plan, _, option = self.told
        with speaking(self.language):
            return teach_back(plan, option)

    @property
    def current(self) -> Consent | None:
        """The consent that holds, signed or not yet."""
        return self.known[0] if self.known and self.known[0].void_reason is None else None

    def paper(self, signing: Signing | None = None) -> bytes:
        """The form as PDF."""
        with speaking(self.language):
            return make_consent(*self.told, signing)

    def told_back(self, consent: Consent) -> bool:
        """Whether everything that is asked now was told back rightly the last time."""
        last = consent.told[-1:]
        return bool(last) and not last[0].wrong and {one.id for one in self.questions} <= last[0].answers.keys()


@dataclass(frozen=True)
class _Asked:
    """A question as the page shows it: what was answered the last time, and how it went."""

    id: str
    question: str
    answers: tuple[str, ...]
    given: str
    wrong: bool
    tries: str


def add_consents(gate: Gate) -> None:
    """Open the routes of consents."""
    here = "/plans/{plan}/consent/{option}"
    gate.add("GET", here, lambda visit: _page(visit, _form_of(visit)))
    gate.add("GET", f"{here}/form.pdf", _blank)
    gate.add("POST", f"{here}/talk", _talk)
    gate.add("POST", f"{here}/told-back", _tell_back)
    gate.add("POST", f"{here}/signature", _sign)
    gate.add("POST", f"{here}/withdrawal", _withdraw)
    gate.add("GET", "/consents/{consent}/document", _document)


def _form_of(visit: Visit) -> _Form:
    """The form in the language in which it was explained, or before that in the one that was chosen here."""
    plan, place = opened(visit.desk, visit.path("plan")), visit.path("option")
    _, option = plan.option(place)
    if option.setup is None:
        raise fault("absent", "consent")
    every = visit.desk.consents.of(plan.kept.consultation_id)
    known = tuple(one for one in every if (one.plan_id, one.option) == (plan.kept.id, place))[::-1]
    holds = known[0].language if known and known[0].void_reason is None else ""
    chosen = visit.request.query_params.get("language", "")
    return _Form(plan, place, known, holds or (chosen if chosen in LANGUAGES else spoken()))


def _page(visit: Visit, form: _Form, error: InputError | None = None) -> Response:
    """The form with what was filled in; what was told back is marked where it was wrong."""
    desk, current = visit.desk, form.current
    with speaking(form.language):
        paper = consent_page(*form.told)
        said = agreement((local(current.explained_at).date(), local(now()).date()) if current else None)
        asked = _asked(form, current)
    return visit.page(
        "consent.html",
        200 if error is None else 422,
        error=error,
        form=paper,
        language=form.language,
        questions=form.questions,
        answered=dict(visit.sent),
        asked=asked,
        told_back=current is not None and form.told_back(current),
        here=form.here,
        plan=form.plan.kept,
        outdated=form.plan.outdated,
        stops=stops_told(form.plan.stops, retell(form.plan.records)),
        closed=form.plan.closed,
        stopped=form.stopped,
        patient=desk.patients.get(form.plan.consultation.patient_id),
        current=current,
        agreement=said,
        may_sign=current is not None and now() >= current.not_before,
        voided=[one for one in form.known if one.void_reason is not None],
        treatments=desk.treatments.of(form.plan.kept.consultation_id),
        permissions=PERMISSIONS,
        days=cooling_off_days(),
    )


def _blank(visit: Visit) -> Response:
    return _pdf(_form_of(visit).paper())


def _talk(visit: Visit) -> Response:
    """Write down that it was explained now, and how long it is slept on."""
    form, days = _form_of(visit), visit.said("days")
    if form.barred is not None:
        return _page(visit, form, form.barred)
    if not (days.isascii() and days.isdecimal()) or len(days) > len(str(_MOST_DAYS)) or int(days) > _MOST_DAYS:
        return _page(visit, form, _wrong("days", most=_MOST_DAYS))
    cooling_off = datetime.timedelta(days=int(days))
    visit.desk.consents.explain(form.plan.kept.id, option=form.place, cooling_off=cooling_off, language=form.language)
    return visit.go(form.here)


def _tell_back(visit: Visit) -> Response:
    """Keep what was told back; the page marks what was wrong, to be explained and asked again."""
    form = _form_of(visit)
    if form.barred is not None:
        return _page(visit, form, form.barred)
    given = {one.id: _given(visit, one) for one in form.questions}
    if not all(given.values()):
        return _page(visit, form, _wrong("unanswered"))
    wrong = [one.id for one in form.questions if given[one.id] != one.answers[one.right]]
    visit.desk.consents.tell_back(_waiting(form).id, given, wrong)
    return visit.go(form.here)


def _sign(visit: Visit) -> Response:
    form = _form_of(visit)
    if form.barred is not None:
        return _page(visit, form, form.barred)
    waiting = _waiting(form)
    if not form.told_back(waiting):
        raise fault("not-told-back", "consent")
    person, on = visit.said("person"), now()
    if not 0 < len(person) <= _LONGEST_NAME or not person.isprintable():
        return _page(visit, form, _wrong("person"))
    strokes = _strokes(visit.said("strokes"))
    if strokes is None:
        return _page(visit, form, _wrong("strokes"))
    allowed = frozenset(use for use in PERMISSIONS if visit.said(f"photographs.{use}") == "true")
    consultation = form.plan.consultation
    signing = Signing(
        label=visit.desk.patients.get(consultation.patient_id).pseudonym,
        person=person,
        clinician=visit.signed.member.name,
        explained=local(waiting.explained_at).date(),
        on=local(on).date(),
        told=_told(waiting),
        photographs=allowed,
        strokes=strokes,
    )
    visit.desk.consents.sign(
        waiting.id,
        answers={"photographs": sorted(allowed), "person": person},
        kind=SignatureKind.DRAWN if strokes else SignatureKind.TYPED,
        signature=(json.dumps(strokes) if strokes else person).encode(),
        document=form.paper(signing),
        signed_at=on,
    )
    permissions = Permissions(**{use: use in allowed for use in PERMISSIONS})
    for photograph in visit.desk.photographs.of(consultation.id):
        visit.desk.photographs.permit(photograph.id, permissions)
    return visit.go(form.here)


def _withdraw(visit: Visit) -> Response:
    form = _form_of(visit)
    for one in form.known:
        if one.void_reason is None:
            visit.desk.consents.withdraw(one.id)
    return visit.go(form.here)


def _document(visit: Visit) -> Response:
    return _pdf(visit.desk.consents.document(visit.path("consent")))


def _pdf(content: bytes) -> Response:
    return Response(content, media_type="application/pdf")


def _waiting(form: _Form) -> Consent:
    """The consent that holds, signed or not yet.

    Raises
    ------
    AbsentError : there is none.
    """
    waiting = form.current
    if waiting is None:
        raise fault("absent", "consent")
    return waiting


def _given(visit: Visit, question: Question) -> str:
    """What was answered, in words; empty where nothing was."""
    places = {str(place): answer for place, answer in enumerate(question.answers)}
    return places.get(visit.said(f"answer.{question.id}"), "")


def _told(consent: Consent) -> tuple[Told, ...]:
    return tuple(
        Told(local(one.told_at).date(), one.told_by, {id: one.answers[id] for id in one.wrong}) for one in consent.told
    )


def _asked(form: _Form, consent: Consent | None) -> tuple[_Asked, ...]:
    told = () if consent is None else _told(consent)
    last = consent.told[-1] if consent is not None and consent.told else None
    return tuple(
        _Asked(
            id=one.id,
            question=one.question,
            answers=one.answers,
            given="" if last is None else last.answers.get(one.id, ""),
            wrong=last is not None and one.id in last.wrong,
            tries=tries_told(one.id, told),
        )
        for one in form.questions
    )


def _strokes(written: str) -> tuple[Stroke, ...] | None:
    """The strokes of a drawn signature; none where none was drawn, None where it is no drawing."""
    if not written:
        return ()
    try:
        strokes = tuple(tuple((float(x), float(y)) for x, y in stroke) for stroke in json.loads(written))
    except (ValueError, TypeError, RecursionError):
        return None
    points = [part for stroke in strokes for point in stroke for part in point]
    return strokes if len(points) <= 2 * _MOST_POINTS and all(0 <= part <= 1 for part in points) else None


def _wrong(code: str, **about: int) -> InputError:
    message, hint = text(f"clinic-fault.{code}"), text(f"clinic-fault.{code}-hint", about)
    return InputError(f"consent-{code}", message, field=code, hint=hint)
