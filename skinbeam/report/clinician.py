"""Build the clinician's page from the plan document."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from skinbeam.errors import InputError
from skinbeam.estimate import Estimate
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
    Visit,
)
from skinbeam.report.options import (
    concern_name,
    device_of,
    option_cards,
    ranked,
    reason,
    refusals,
    site_title,
    title_of,
    treated_names,
)
from skinbeam.report.outcomes import good_of, worst_harm
from skinbeam.report.showing import days_shown
from skinbeam.report.shown import (
    capital,
    estimate_of,
    join,
    per_100,
    plain_reasons,
    quantity,
    records,
    say,
    sentence,
    sentences,
    show,
    words,
)
from skinbeam.sources import cite

__all__ = ["report_page"]

_PERSON = ("age_years", "sex", "phototype", "ita_deg", "phototype_range", "colour_basis")


def report_page(
    plan: Mapping[str, Any],
    pictures: Mapping[str, Sequence[Picture]],
    overlays: Sequence[Picture],
    *,
    embedded: Mapping[str, str],
    photo: Mapping[str, Any] | None,
) -> ReportPage:
    """Return the page's context.

    Parameters
    ----------
    plan : a plan document.
    pictures : figures by concern anchor, and the calendar under `calendar`.
    overlays : overlays of the photograph.
    embedded : figure file → data URI.
    photo : body of the photo document, when there is a photograph.
    """
    assessment = plan.get("assessment") or {}
    decision = _decision(plan)
    concerns = tuple(_concern(concern, pictures, decision.reasons) for concern in plan.get("concerns", ()))
    references, missing = _references(plan.get("sources", ()))
    return ReportPage(
        banner=sentence(plan.get("intended_use")),
        about=_about(plan),
        plan_sha256=str(plan.get("plan_sha256", "")),
        decision=decision,
        glance=tuple(_glance(concern, part) for concern, part in zip(plan.get("concerns", ()), concerns, strict=True)),
        person=_person(assessment),
        risks=sentences(assessment.get("risks")),
        medications=tuple(map(_medication, records(assessment.get("medications")))),
        photo=_photo(assessment.get("photo"), photo),
        overlays=tuple(overlays),
        concerns=concerns,
        calendar=pictures["calendar"][0],
        course=tuple(_visit(visit, plan) for visit in records(plan.get("course"))),
        test_spots=sentences(plan.get("test_spots")),
        aftercare=tuple(map(reason, records(plan.get("aftercare")))),
        when_to_call=tuple(map(reason, records(plan.get("when_to_call")))),
        unknowns=sentences(plan.get("unknowns")),
        limits=tuple(_counted(part, card) for part in concerns for card in part.options if card.limits),
        methods=_methods(plan),
        faults=(*_faults(plan), *missing, *_lost(overlays)),
        references=references,
        words=words("report"),
        embedded=embedded,
    )


def _about(plan: Mapping[str, Any]) -> tuple[Fact, ...]:
    """Mode, version, seed and hashes."""
    rows = [
        ("mode", plan.get("mode")),
        *((name, plan.get(name)) for name in ("version", "seed", "draws", "case_sha256", "plan_sha256")),
    ]
    return tuple(Fact(say(f"about_{name}"), show(value)) for name, value in rows if value is not None)


def _decision(plan: Mapping[str, Any]) -> Decision:
    """The decision with its reasons; a plan without one counts as unknown, never as suitable."""
    suitability = plan.get("suitability") or {}
    state = str(suitability.get("decision", "unknown"))
    key = state.replace("-", "_")
    spoke = records(suitability.get("reasons"))
    reasons = _merged([*_about_concerns(spoke, plan), *_first_cautions(spoke, plan)])
    careful = state == "suitable" and any(one.decision not in ("", say("decision_word_suitable")) for one in reasons)
    return Decision(
        state=state,
        title=say(f"decision_{key}"),
        text=say("decision_text_suitable_but" if careful else f"decision_text_{key}"),
        why=plain_reasons(plan.get("why")),
        reasons=tuple(replace(one, number=str(number)) for number, one in enumerate(reasons, 1)),
    )


def _about_concerns(spoke: Iterable[Mapping[str, Any]], plan: Mapping[str, Any]) -> Iterable[Reason]:
    """Rules that spoke with the concern that each is about; one concern needs no name."""
    names = treated_names(plan)
    for record in spoke:
        name = names.get(record.get("about", ""), "") if len(names) > 1 else ""
        yield replace(reason(record), about=name)


def _first_cautions(spoke: Iterable[Mapping[str, Any]], plan: Mapping[str, Any]) -> Iterable[Reason]:
    """Cautions about the first option of a concern that the decision, which asks of all options, does not carry."""
    told = {sentence(record) for record in spoke}
    for concern in records(plan.get("concerns")):
        for option in ranked(concern)[:1]:
            option_name = join([title_of(option), device_of(option)])
            name = say("option_of_concern", concern=concern_name(concern), option=option_name)
            for record in records(option.get("reasons")):
                if record.get("decision") != "suitable" and sentence(record) not in told:
                    yield replace(reason(record), about=name)


def _merged(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    """Rules that say the same are told once, with the sources of all and all that they are about."""
    merged: dict[tuple[str, str, str], list[Reason]] = {}
    for one in reasons:
        merged.setdefault((one.text, one.decision, one.strength), []).append(one)
    return tuple(
        Reason(
            *said,
            sources=tuple(dict.fromkeys(key for one in same for key in one.sources)),
            about="; ".join(dict.fromkeys(one.about for one in same if one.about)),
        )
        for said, same in merged.items()
    )


def _concern(
    concern: Mapping[str, Any], pictures: Mapping[str, Sequence[Picture]], decided: Sequence[Reason]
) -> ConcernPart:
    """One concern with its figures and options."""
    anchor = f"concern-{concern['condition']}-{concern['site']}"
    target = concern.get("target") or {}
    shown = [name for name in target if name not in ("id", "params", "text", "source", "unknown", "definition")]
    return ConcernPart(
        anchor=anchor,
        title=concern_name(concern),
        severity=sentence(concern.get("severity")),
        target=tuple(_fact(name, target[name]) for name in shown),
        target_text=sentence(target if "text" in target or "unknown" in target else target.get("definition")),
        can=sentence(concern.get("can")),
        cannot=sentence(concern.get("cannot")),
        pictures=tuple(pictures[anchor]),
        options=option_cards(concern, decided),
        no_options=sentence(concern["options"]) if isinstance(concern.get("options"), Mapping) else "",
        no_laser=plain_reasons(concern.get("no_laser")),
        refused=refusals(records(concern.get("refused"))),
    )


def _glance(concern: Mapping[str, Any], part: ConcernPart) -> Glance:
    """The first option in one line."""
    options = ranked(concern)
    first = options[0] if options else {}
    missing = {"unknown": say("no_option")}
    _, harm, p = worst_harm(first) if options else ("", "", estimate_of(missing))
    bad = per_100(p)
    return Glance(
        anchor=part.anchor,
        concern=part.title,
        option=join([title_of(first), device_of(first)]) if options else say("no_option"),
        good=per_100(good_of(first)) if options else show(missing),
        bad=Shown(f"{harm}: {bad.text}", bad.note, True) if bad.known else bad,
        sessions=show(first.get("sessions", missing)),
        downtime=days_shown(first) if options else show(missing),
    )


def _person(assessment: Mapping[str, Any]) -> tuple[Fact, ...]:
    """Who was assessed; fields that the report does not know stand at the end."""
    shown = [name for name in _PERSON if name in assessment]
    other = [name for name in assessment if name not in (*_PERSON, "risks", "medications", "photo")]
    return tuple(_fact(name, assessment[name]) for name in (*shown, *other))


def _medication(record: Mapping[str, Any]) -> Fact:
    """A medication, when it was last taken, and the name it was read as."""
    if "unknown" in record:
        return Fact("", show(record))
    name, last = str(record.get("name", "")), record.get("last_dose_months")
    if isinstance(last, int | float):
        name = (
            say("medication_last", name=name, months=show(last, "months").text)
            if last
            else say("medication_now", name=name)
        )
    return Fact(name, _read_as(record))


def _read_as(record: Mapping[str, Any]) -> Shown:
    """What a medication was taken for; what no rule was asked about is not checked, and says so."""
    matched, parts = record.get("matched"), record.get("not_checked")
    slips = [say("medication_slip", **slip) for slip in records(record.get("taken_as"))]
    if parts:
        unread = say("medication_unread", parts=show(parts).text)
        known = show(matched).text if matched else ""
        return Shown(join([known, say("medication_not_checked")]), "; ".join([*slips, unread]), False)
    if not matched:
        return show({"unknown": say("medication_unmatched")} if parts is None else say("medication_none"))
    shown = show(matched)
    return Shown(shown.text, "; ".join(note for note in (shown.note, *slips) if note), shown.known)


def _photo(used: Any, photo: Mapping[str, Any] | None) -> tuple[Fact, ...]:
    """What the photograph said: the plan's part, then quality, scale and findings."""
    rows = []
    if isinstance(used, Mapping):
        whole = "unknown" in used or "text" in used
        rows += [Fact(say("photo_used"), show(used))] if whole else [_fact(k, v) for k, v in used.items()]
    if photo is not None:
        quality = photo.get("quality") or {}
        problems = sentences([problem.get("message", problem) for problem in records(quality.get("problems"))])
        rows.append(Fact(say("photo_quality"), show(say("photo_ok") if quality.get("ok") else join(problems))))
        if quality.get("ok") and problems:
            rows.append(Fact(say("photo_problems"), show(join(problems))))
        rows.append(
            Fact(say("photo_scale"), show(photo.get("scale_mm_per_px", {"unknown": say("not_in_plan")}), "mm/px"))
        )
        for finding in records(photo.get("findings")):
            kind = capital(quantity(str(finding.get("kind", "")).replace("-", "_"))[0])
            name = say("photo_finding", kind=kind, region=site_title(str(finding.get("region", ""))).lower())
            rows.append(Fact(name, _finding(finding)))
    return tuple(rows) or (Fact(say("photo_used"), show(say("photo_none"))),)


def _finding(finding: Mapping[str, Any]) -> Shown:
    """What was found, and what it cannot tell; why it is unknown where nothing could be looked for."""
    area = finding.get("area_mm2", {"unknown": say("not_in_plan")})
    if "unknown" in area:
        return show(area)
    seen = {key: finding[key] for key in ("count", "area_mm2") if "unknown" not in str(finding.get(key))}
    return Shown(show(seen).text, sentence(finding.get("note", "")), True)


def _visit(visit: Mapping[str, Any], plan: Mapping[str, Any]) -> Visit:
    """One visit; conditions are named as in the plan's concerns."""
    if "unknown" in visit:
        return Visit("", "", "", (sentence(visit),))
    names = treated_names(plan)
    treats = visit.get("treats", ())
    treated = [treats] if isinstance(treats, str) else treats
    return Visit(
        session=show(visit.get("session", "")).text,
        week=sentence(visit.get("week", {"unknown": say("not_in_plan")})),
        treats="; ".join(names.get(t) or sentence(t) for t in treated)
        if isinstance(treated, list)
        else sentence(treated),
        steps=sentences(visit.get("steps")),
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


def _methods(plan: Mapping[str, Any]) -> tuple[str, ...]:
    """How the numbers were made."""
    targets = [estimate_of(o.get("p_effective")) for c in plan.get("concerns", ()) for o in ranked(c)]
    draws = max((target.draws for target in targets if isinstance(target, Estimate)), default=0)
    return (
        say("methods_light"),
        say("methods_draws", draws=draws, seed=plan.get("seed", 0)),
        say("methods_evidence"),
        say("methods_limits"),
        say("methods_suitability"),
        say("methods_version", version=str(plan.get("version", ""))),
    )


def _faults(plan: Mapping[str, Any]) -> Iterable[Fault]:
    """Warnings of the plan."""
    return (Fault(str(w.get("code", "")), sentence(w.get("message"))) for w in records(plan.get("warnings")))


def _lost(overlays: Iterable[Picture]) -> Iterable[Fault]:
    """Overlays that should be there and are not."""
    return (Fault("overlay-missing", overlay.unknown) for overlay in overlays if overlay.unknown)


def _references(keys: Any) -> tuple[tuple[Reference, ...], list[Fault]]:
    """The sources used, in order of their keys, and a fault for each key that the bibliography lacks."""
    found, missing = [], []
    for key in sorted(map(str, keys)):
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


def _fact(name: str, value: Any) -> Fact:
    label, unit = quantity(name)
    return Fact(capital(label), show(value, unit))
