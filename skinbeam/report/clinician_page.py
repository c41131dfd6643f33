"""Build the clinician's page from a plan."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from skinbeam.document import fields_of
from skinbeam.errors import InputError
from skinbeam.estimate import Estimate, Unknown, Value
from skinbeam.messages import retold, spoken
from skinbeam.photo.findings.suggestion import Suggestion
from skinbeam.plan.records import Assessment, ConcernPlan, Medicine, Plan
from skinbeam.plan.rules.reason import severity
from skinbeam.report.context import (
    ConcernPart,
    Decision,
    Fact,
    Fault,
    Glance,
    OptionCard,
    Picture,
    Reason,
    Reference,
    ReportPage,
    Shown,
    Strip,
)
from skinbeam.report.course import course_shown, ladder_shown, total_shown
from skinbeam.report.names import concern_name, device_of, foremost, site_title, treated_names
from skinbeam.report.options import advice, option_cards, reason, refusals
from skinbeam.report.overview.aloud import aloud
from skinbeam.report.overview.leading import led, weight
from skinbeam.report.overview.lines import glance
from skinbeam.report.overview.unknown import gaps_of
from skinbeam.report.overview.without import decided_without, headline, nearest_told, what_could_change
from skinbeam.report.shown import (
    Showable,
    capital,
    join,
    plain_reasons,
    quantity,
    say,
    sentence,
    sentences,
    show,
    within,
    words,
)
from skinbeam.schema.names import subtype_told, table
from skinbeam.sources import cite

__all__ = ["report_page"]


def report_page(
    plan: Plan,
    pictures: Mapping[str, Sequence[Picture]],
    overlays: Sequence[Picture],
    *,
    embedded: Mapping[str, str],
    photo: Mapping[str, Any] | None,
    preview: Strip | None = None,
) -> ReportPage:
    """Return the page's context.

    Parameters
    ----------
    pictures : figures by concern anchor, and the calendar under `calendar`.
    overlays : overlays of the photograph.
    embedded : figure file → data URI.
    photo : body of the photo document, when there is a photograph.
    preview : pictures of what may come, when there is a face to draw them on.
    """
    decision = _decision(plan)
    decided = (*decision.reasons, *decision.more, *decision.always)
    concerns = tuple(_concern(concern, pictures, decided, plan) for concern in plan.concerns)
    references, missing = _references(plan.sources)
    names = treated_names(plan)
    course, always = course_shown(plan.course, names)
    return ReportPage(
        spoken=spoken(),
        banner=plan.intended_use.text,
        about=_about(plan),
        plan_sha256=plan.plan_sha256,
        decision=decision,
        glance=tuple(
            line
            for concern, part in zip(plan.concerns, concerns, strict=True)
            for line in _at_a_glance(concern, part, plan.assessment)
        ),
        person=_person(plan.assessment),
        risks=tuple(risk.message.text for risk in plan.assessment.risks),
        medications=tuple(map(_medication, plan.assessment.medications)),
        photo=_photo(plan, photo),
        overlays=tuple(overlays),
        preview=preview,
        concerns=concerns,
        calendar=pictures["calendar"][0],
        course=course,
        course_always=always,
        course_total=total_shown(plan.course_total),
        afterwards=sentences(plan.course_total.afterwards),
        test_spots=tuple(map(ladder_shown, plan.test_spots)),
        titration=tuple(map(advice, plan.titration)),
        anaesthesia=tuple(map(advice, plan.anaesthesia)),
        photographs=tuple(map(advice, plan.photographs)),
        complications=tuple(map(advice, plan.complications)),
        consent=tuple(map(advice, plan.consent)),
        aftercare=tuple(map(advice, plan.aftercare)),
        when_to_call=tuple(map(advice, plan.when_to_call)),
        unknowns=sentences(plan.unknowns),
        limits=tuple(_counted(part, card) for part in concerns for card in part.options if card.limits),
        methods=_methods(plan),
        faults=(*(Fault(one.code, one.message) for one in plan.warnings), *missing, *_lost(overlays)),
        references=references,
        words=words("report"),
        embedded=embedded,
    )


def _about(plan: Plan) -> tuple[Fact, ...]:
    """Mode, version, seed and hashes."""
    return (
        Fact(say("about_mode"), show(plan.mode)),
        Fact(say("about_version"), show(plan.version)),
        Fact(say("about_seed"), show(plan.seed)),
        Fact(say("about_draws"), show(plan.draws)),
        Fact(say("about_case_sha256"), show(plan.case_sha256)),
        Fact(say("about_plan_sha256"), show(plan.plan_sha256)),
    )


def _decision(plan: Plan) -> Decision:
    """The decision with its reasons, those first that change what is done."""
    state = plan.suitability.decision
    key = state.replace("-", "_")
    spoke = _merged(
        told for _, told in sorted([*_about_concerns(plan), *_first_cautions(plan)], key=lambda one: one[0])
    )
    yes = say("decision_word_suitable")
    careful, always = ([one for one in spoke if (one.decision == yes) is told] for told in (False, True))
    caution = say("decision_word_with_caution")
    first = led([one.lead for one in careful], sum(one.decision != caution for one in careful))
    careful = [careful[place] for place in first] + [one for place, one in enumerate(careful) if place not in first]
    numbered = [replace(one, number=str(number)) for number, one in enumerate((*careful, *always), 1)]
    none, without = decided_without(plan.concerns, plan.suitability)
    meant = say("decision_text_suitable_but" if state == "suitable" and careful else f"decision_text_{key}")
    ahead = plan.test_spots or any(concern.first_laser is not None for concern in plan.concerns)
    more = len(careful) - len(first)
    return Decision(
        state=state,
        title=none or say(f"decision_{key}"),
        text=say("decision_text_without", without=without) if none else " ".join(filter(None, (meant, without))),
        beyond=tuple(
            say("decision_beyond", concern=concern_name(concern), option=device_of(option))
            for concern in plan.concerns
            for option in foremost(concern)
            if option.beyond_practice
        ),
        why=plain_reasons(plan.why),
        head=say("head_first" if ahead else "head_stopped"),
        reasons=tuple(numbered[: len(first)]),
        more=tuple(numbered[len(first) : len(careful)]),
        and_more=say("and_more", number=more) if more else "",
        always=tuple(numbered[len(careful) :]),
    )


def _about_concerns(plan: Plan) -> Iterable[tuple[tuple[int, int], Reason]]:
    """Rules that spoke by their weight, with the concern that each is about; one concern needs no name."""
    names = treated_names(plan)
    for spoke in plan.suitability.reasons:
        yield weight(spoke), replace(reason(spoke), about=names.get(spoke.about, "") if len(names) > 1 else "")


def _first_cautions(plan: Plan) -> Iterable[tuple[tuple[int, int], Reason]]:
    """Cautions by their weight about the options that are shown first: the decision asks of all of them."""
    told = {spoke.message.text for spoke in plan.suitability.reasons}
    for concern in plan.concerns:
        for option in foremost(concern):
            option_name = join([option.title, device_of(option)])
            name = say("option_of_concern", concern=concern_name(concern), option=option_name)
            for spoke in option.reasons:
                if spoke.decision != "suitable" and spoke.message.text not in told:
                    yield weight(spoke), replace(reason(spoke), about=name)


def _merged(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    """Rules that say the same are told once, with the sources of all and all that they are about."""
    merged: dict[tuple[str, str, str, str], list[Reason]] = {}
    for one in reasons:
        merged.setdefault((one.lead, one.rest, one.decision, one.strength), []).append(one)
    return tuple(
        Reason(
            *said,
            sources=tuple(dict.fromkeys(key for one in same for key in one.sources)),
            about="; ".join(dict.fromkeys(one.about for one in same if one.about)),
        )
        for said, same in merged.items()
    )


def _concern(
    concern: ConcernPlan, pictures: Mapping[str, Sequence[Picture]], decided: Sequence[Reason], plan: Plan
) -> ConcernPart:
    """One concern with its figures and options."""
    person = plan.assessment
    stops = [one.message.text for one in plan.suitability.reasons if severity(one.decision) >= severity("refer")]
    anchor = f"concern-{concern.condition}-{concern.site}"
    section, window = pictures[anchor]
    target = {name: value for name, value in fields_of(concern.target).items() if name != "definition"}
    return ConcernPart(
        anchor=anchor,
        title=concern_name(concern),
        subtypes=_subtypes(concern),
        severity=sentence(concern.severity),
        aloud=aloud(concern),
        target=tuple(_fact(name, value) for name, value in target.items()),
        target_text=concern.target.definition.text,
        can=concern.can.text,
        cannot=concern.cannot.text,
        section=section,
        window=window,
        options=option_cards(concern, decided, _phototype(person)),
        without_laser=headline(concern),
        no_laser=plain_reasons(concern.no_laser),
        nearest=nearest_told(concern, person),
        instead=what_could_change(concern, person),
        refused=refusals(concern.refused, stops),
        gaps=gaps_of(concern),
    )


def _subtypes(concern: ConcernPlan) -> str:
    """Each kind that was said with how it is told, or that none was said."""
    if concern.subtypes is None:
        return ""
    if isinstance(concern.subtypes, Unknown):
        return sentence(concern.subtypes)
    return " ".join(map(subtype_told, concern.subtypes))


def _at_a_glance(concern: ConcernPlan, part: ConcernPart, person: Assessment) -> Iterable[Glance]:
    """The options of a concern that are shown first."""
    for option in foremost(concern):
        yield replace(glance(concern, option, _phototype(person)), anchor=part.anchor, without=part.without_laser)


def _phototype(person: Assessment) -> str | None:
    return None if isinstance(person.phototype, Unknown) else person.phototype


def _person(person: Assessment) -> tuple[Fact, ...]:
    """Who was assessed."""
    shown = ("age_years", "sex", "phototype", "ita_deg", "colour_basis", "keloid_decision")
    return tuple(_fact(name, value) for name, value in fields_of(person).items() if name in shown)


def _medication(medicine: Medicine) -> Fact:
    """A medication, when it was last taken, and the name it was read as."""
    name, last = medicine.name, medicine.last_dose_months
    if last:
        return Fact(say("medication_last", name=name, months=show(last, "months").text), _read_as(medicine))
    return Fact(say("medication_now", name=name), _read_as(medicine))


def _read_as(medicine: Medicine) -> Shown:
    """What a medication was taken for; what no rule was asked about is not checked, and says so."""
    slips = [say("medication_slip", written=slip.written, name=slip.name) for slip in medicine.taken_as]
    matched = "; ".join(medicine.matched)
    if medicine.not_checked:
        unread = say("medication_unread", parts="; ".join(medicine.not_checked))
        return Shown(join([matched, say("medication_not_checked")]), "; ".join([*slips, unread]), False)
    return Shown(matched or say("medication_none"), "; ".join(slips) if matched else "", True)


def _photo(plan: Plan, photo: Mapping[str, Any] | None) -> tuple[Fact, ...]:
    """What the photograph said: the plan's part, what else it suggests, then quality, scale and findings."""
    rows = [
        Fact(say("photo_used"), show(plan.assessment.photo)),
        *(Fact(say("photo_in_plan"), show(one)) for one in plan.assessment.photo_told or ()),
        *map(_suggestion, plan.suggested or ()),
    ]
    if photo is not None:
        quality = photo["quality"]
        problems = [retold(problem["message"]) for problem in quality["problems"]]
        rows.append(Fact(say("photo_quality"), show(say("photo_ok") if quality["ok"] else join(problems))))
        if quality["ok"] and problems:
            rows.append(Fact(say("photo_problems"), show(join(problems))))
        rows.append(Fact(say("photo_scale"), show(_value(photo["scale_mm_per_px"]), "mm/px")))
        for finding in photo["findings"]:
            kind = capital(quantity(finding["kind"].replace("-", "_"))[0])
            name = say("photo_finding", kind=kind, region=within(site_title(finding["region"])))
            rows.append(Fact(name, _finding(finding)))
    return tuple(rows)


def _suggestion(one: Suggestion) -> Fact:
    """A concern that the photograph suggests and the case does not have, with what was seen."""
    severity = "" if one.severity is None else sentence(one.severity)
    title = retold(str(table("condition")[one.condition]["title"]))
    name = say("concern_at_site", concern=title, site=site_title(one.site))
    seen = join(message.text for message in one.seen)
    return Fact(say("photo_suggests"), Shown(join([name, severity, seen]), say("photo_suggests_note"), True))


def _finding(finding: Mapping[str, Any]) -> Shown:
    """What was found, and what it cannot tell; why it is unknown where nothing could be looked for."""
    area = _value(finding["area_mm2"])
    if isinstance(area, Unknown):
        return show(area)
    seen = [("count", _value(finding["count"])), ("area_mm2", area)]
    known = [(quantity(name), value) for name, value in seen if not isinstance(value, Unknown)]
    told = join(f"{label} {show(value, unit).text}" for (label, unit), value in known)
    return Shown(told, retold(finding["note"]), True)


def _value(found: Any) -> Value | float:
    """A value of the photo document."""
    if not isinstance(found, Mapping):
        return float(found)
    return (
        Unknown(retold(found["unknown"]))
        if "unknown" in found
        else Estimate(**{**found, "basis": tuple(found["basis"])})
    )


def _counted(part: ConcernPart, card: OptionCard) -> Fact:
    """How many limits of an option were met, warned, failed or could not be judged."""
    states = [limit.state for limit in card.limits]
    counted = [
        say(f"limits_count_{state}", count=states.count(state))
        for state in ("met", "warn", "not_met", "unknown")
        if state in states
    ]
    return Fact(f"{part.title}: {join([card.title, card.device])}", Shown(join(counted), "", True))


def _methods(plan: Plan) -> tuple[str, ...]:
    """How the numbers were made."""
    targets = [option.p_effective for concern in plan.concerns for option in concern.options]
    draws = max((target.draws for target in targets if isinstance(target, Estimate)), default=0)
    return (
        say("methods_light"),
        say("methods_draws", draws=draws, seed=plan.seed),
        say("methods_evidence"),
        say("methods_limits"),
        say("methods_suitability"),
        say("methods_version", version=plan.version),
    )


def _lost(overlays: Iterable[Picture]) -> Iterable[Fault]:
    """Overlays that should be there and are not."""
    return (Fault("overlay-missing", overlay.unknown) for overlay in overlays if overlay.unknown)


def _references(keys: Iterable[str]) -> tuple[tuple[Reference, ...], list[Fault]]:
    """The sources used, in order of their keys, and a fault for each key that the bibliography lacks."""
    found, missing = [], []
    for key in sorted(keys):
        try:
            source = cite(key)
        except InputError:
            missing.append(Fault("unknown-source", say("fault_source", key=key)))
            found.append(Reference(key, say("fault_source", key=key)))
            continue
        where = join(source.fields.get(name, "") for name in ("journal", "booktitle", "volume", "pages", "note"))
        link = source.fields.get("doi") or source.fields.get("url", "")
        whole = ". ".join(part for part in (source.short, where, link) if part)
        found.append(Reference(key, whole.translate({ord("{"): None, ord("}"): None}).replace("--", "–")))
    return tuple(found), missing


def _fact(name: str, value: Showable) -> Fact:
    label, unit = quantity(name)
    return Fact(capital(label), show(value, unit))
