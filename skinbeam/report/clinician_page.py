"""Build the context of the clinician's report page from a plan."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from skinbeam.assessment.medicines import medications
from skinbeam.course.shared_pattern import list_shared_patterns
from skinbeam.model.conditions import known_conditions
from skinbeam.model.document import dataclass_fields
from skinbeam.model.estimate import Estimate, Unknown, Value
from skinbeam.model.sources import bibliography
from skinbeam.model.vocabulary import subtype_description
from skinbeam.photo.findings.finding import ConcernSuggestion, SkinFinding
from skinbeam.plan_records.plan import Assessment, ConcernPlan, Medicine, Plan
from skinbeam.preview.page import PreviewPage
from skinbeam.report.context import (
    ConcernPart,
    DecisionPart,
    DisplayValue,
    LiveFigure,
    OptionCard,
    OptionGlance,
    ReasonLine,
    ReportFact,
    ReportFault,
    ReportPage,
    ReportPicture,
    ReportReference,
)
from skinbeam.report.course import course_totals, spot_ladders, visit_lines
from skinbeam.report.formatting import (
    Displayable,
    capitalise,
    concern_name,
    concern_names,
    device_name,
    display_value,
    inline_name,
    join_items,
    leading_options,
    message_texts,
    plain_reasons,
    quantity_label,
    reference_text,
    report_text,
    section_texts,
    site_title,
    title_at_site,
    value_sentence,
)
from skinbeam.report.option_cards import (
    advice_line,
    knowledge_gaps,
    option_cards,
    placed_advice_line,
    reason_line,
    refused_options,
)
from skinbeam.report.overview import (
    are_ruled_out,
    decision_without_laser,
    empty_glance,
    leading_reasons,
    nearest_setting,
    no_laser_headline,
    option_glance,
    possible_changes,
    reason_weight,
    spoken_summary,
)
from skinbeam.suitability.table import decision_severity
from skinbeam.text import current_language, translate

if TYPE_CHECKING:  # a plan without a photograph does not load what reads one
    from skinbeam.api.analyse_photo import PhotoReport

__all__ = ["report_page"]

_OF_EARLIER = ("learned", "not-learned", "response")  # notices on earlier pulses, which are no faults


def report_page(
    plan: Plan,
    pictures: Mapping[str, Sequence[ReportPicture]],
    overlays: Sequence[ReportPicture],
    *,
    embedded_figures: Mapping[str, str],
    photo: "PhotoReport | None",
    preview: PreviewPage | None = None,
    live: Mapping[str, Sequence[LiveFigure | None]] | None = None,
) -> ReportPage:
    """Return the context of the clinician's page.

    Parameters
    ----------
    pictures : figures by concern anchor, and the calendar under `calendar`.
    overlays : overlays of the photograph.
    embedded_figures : figure file → data URI.
    photo : findings of the photograph, when there is one.
    preview : preview pictures, when there is a face to draw them on.
    live : sliders of laser options in their order, by concern anchor.
    """
    decision = _decision(plan)
    decided = (*decision.reasons, *decision.further_reasons, *decision.standing_rules)
    concerns = tuple(_concern_part(concern, pictures, live or {}, decided, plan) for concern in plan.concerns)
    references, missing = _references(plan.sources)
    names = concern_names(plan)
    course, always = visit_lines(plan.course, names)
    return ReportPage(
        language_code=current_language(),
        banner=plan.intended_use.text,
        provenance=_about_facts(plan),
        plan_sha256=plan.plan_sha256,
        decision=decision,
        glance=tuple(
            line
            for concern, part in zip(plan.concerns, concerns, strict=True)
            for line in _leading_glances(concern, part, plan.assessment)
        ),
        person=_person_facts(plan.assessment),
        risks=tuple(risk.message.text for risk in plan.assessment.risks),
        medications=tuple(map(_medication, plan.assessment.medications)),
        photo=_photo_facts(plan, photo),
        overlays=tuple(overlays),
        preview=preview,
        concerns=concerns,
        calendar=pictures["calendar"][0],
        course=course,
        recurring_steps=always,
        course_total=course_totals(plan.course_total),
        maintenance=message_texts(plan.course_total.afterwards),
        test_spots=spot_ladders(plan),
        titration=tuple(map(advice_line, plan.titration)),
        anaesthesia=tuple(map(advice_line, plan.anaesthesia)),
        photographs=tuple(map(advice_line, plan.photographs)),
        complications=tuple(map(advice_line, plan.complications)),
        consent=tuple(map(advice_line, plan.consent)),
        aftercare=tuple(placed_advice_line(advice, plan) for advice in plan.aftercare),
        call_advice=tuple(placed_advice_line(advice, plan) for advice in plan.when_to_call),
        unknowns=message_texts(plan.unknowns),
        limits=tuple(_limit_counts(part, card) for part in concerns for card in part.options if card.limits),
        methods=_methods(plan),
        earlier=tuple(warning.message.text for warning in plan.warnings if warning.code in _OF_EARLIER),
        faults=(
            *(
                ReportFault(warning.code, warning.message.text)
                for warning in plan.warnings
                if warning.code not in _OF_EARLIER
            ),
            *missing,
            *(ReportFault("overlay-missing", overlay.unknown) for overlay in overlays if overlay.unknown),
        ),
        references=references,
        words=section_texts("report"),
        embedded_figures=embedded_figures,
    )


def _about_facts(plan: Plan) -> tuple[ReportFact, ...]:
    """Return mode, version, seed and hashes."""
    names = ("mode", "version", "seed", "draws", "case_sha256", "plan_sha256")
    return tuple(ReportFact(report_text(f"about_{name}"), display_value(getattr(plan, name))) for name in names)


def _decision(plan: Plan) -> DecisionPart:
    """Return the decision with its reasons, those first that change the treatment most."""
    state = plan.suitability.decision
    key = state.replace("-", "_")
    spoke = _merge_reasons(
        is_suitable
        for _, is_suitable in sorted(
            [*_concern_reasons(plan), *_first_cautions(plan)], key=lambda weighted: weighted[0]
        )
    )
    yes = report_text("decision_word_suitable")
    careful, always = (
        [reason for reason in spoke if (reason.decision == yes) is is_suitable] for is_suitable in (False, True)
    )
    caution = report_text("decision_word_with_caution")
    first = leading_reasons([reason.lead for reason in careful], sum(reason.decision != caution for reason in careful))
    careful = [careful[place] for place in first] + [
        reason for place, reason in enumerate(careful) if place not in first
    ]
    numbered = [replace(reason, number=str(number)) for number, reason in enumerate((*careful, *always), 1)]
    none, without = decision_without_laser(plan.concerns, plan.suitability)
    meant = report_text("decision_text_suitable_but" if state == "suitable" and careful else f"decision_text_{key}")
    ahead = plan.test_spots or any(concern.first_laser is not None for concern in plan.concerns)
    more = len(careful) - len(first)
    return DecisionPart(
        state=state,
        title=none or report_text(f"decision_{key}"),
        text=report_text(
            "decision_text_ruled_out" if are_ruled_out(plan.concerns) else "decision_text_without", without=without
        )
        if none
        else " ".join(filter(None, (meant, without))),
        practice_warnings=tuple(
            report_text("decision_beyond", concern=concern_name(concern), option=device_name(option))
            for concern in plan.concerns
            for option in leading_options(concern)
            if option.beyond_practice
        ),
        refusal_reasons=plain_reasons(plan.why),
        reasons_heading=report_text("head_first" if ahead else "head_stopped"),
        reasons=tuple(numbered[: len(first)]),
        further_reasons=tuple(numbered[len(first) : len(careful)]),
        further_reasons_label=report_text("and_more", number=more) if more else "",
        standing_rules=tuple(numbered[len(careful) :]),
    )


def _concern_reasons(plan: Plan) -> Iterable[tuple[tuple[int, int], ReasonLine]]:
    """Yield the applied rules with their weight and their concern, which is named only where there are several."""
    names = concern_names(plan)
    for spoke in plan.suitability.reasons:
        yield (
            reason_weight(spoke),
            replace(reason_line(spoke), subject=names.get(spoke.about, "") if len(names) > 1 else ""),
        )


def _first_cautions(plan: Plan) -> Iterable[tuple[tuple[int, int], ReasonLine]]:
    """Yield cautions about the leading options with their weight; the decision shows them for all concerns."""
    decision_texts = {spoke.message.text for spoke in plan.suitability.reasons}
    for concern in plan.concerns:
        for option in leading_options(concern):
            option_name = join_items([option.title, device_name(option)])
            name = report_text("option_of_concern", concern=concern_name(concern), option=option_name)
            for spoke in option.reasons:
                if spoke.decision != "suitable" and spoke.message.text not in decision_texts:
                    yield reason_weight(spoke), replace(reason_line(spoke), subject=name)


def _merge_reasons(reasons: Iterable[ReasonLine]) -> tuple[ReasonLine, ...]:
    """Merge rules with the same text, with all their sources and subjects."""
    merged: dict[tuple[str, str, str, str], list[ReasonLine]] = {}
    for reason in reasons:
        merged.setdefault((reason.lead, reason.rest, reason.decision, reason.strength), []).append(reason)
    return tuple(
        ReasonLine(
            *line,
            sources=tuple(dict.fromkeys(key for reason in same for key in reason.sources)),
            subject="; ".join(dict.fromkeys(reason.subject for reason in same if reason.subject)),
        )
        for line, same in merged.items()
    )


def _concern_part(
    concern: ConcernPlan,
    pictures: Mapping[str, Sequence[ReportPicture]],
    live: Mapping[str, Sequence[LiveFigure | None]],
    decided: Sequence[ReasonLine],
    plan: Plan,
) -> ConcernPart:
    person = plan.assessment
    stops = [
        reason.message.text
        for reason in plan.suitability.reasons
        if decision_severity(reason.decision) >= decision_severity("refer")
    ]
    anchor = f"concern-{concern.condition}-{concern.site}"
    section, window = pictures[anchor]
    first_live, *further_live = live.get(anchor) or (None,)
    target = {name: value for name, value in dataclass_fields(concern.target).items() if name != "definition"}
    return ConcernPart(
        anchor=anchor,
        title=concern_name(concern),
        subtypes=_subtypes(concern),
        severity=value_sentence(concern.severity),
        spoken_summary=spoken_summary(concern),
        target=tuple(_fact(name, value) for name, value in target.items()),
        target_text=concern.target.definition.text,
        capability=concern.can.text,
        limitation=concern.cannot.text,
        section=section,
        window=window,
        live=first_live,
        options=_with_live_figures(
            option_cards(
                concern,
                decided,
                _phototype(person),
                plan.test_spots,
                list_shared_patterns(plan.concerns, plan.course),
            ),
            further_live,
        ),
        no_laser_headline=no_laser_headline(concern),
        no_laser_reasons=plain_reasons(concern.no_laser),
        nearest=nearest_setting(concern, person),
        possible_changes=possible_changes(concern, person),
        refusals=refused_options(concern.refused, stops),
        gaps=knowledge_gaps(concern),
    )


def _with_live_figures(cards: Sequence[OptionCard], further: Sequence[LiveFigure | None]) -> tuple[OptionCard, ...]:
    """Return the cards with the sliders of each laser option after the first, whose sliders stand by its figure."""
    left = iter((None, *further))
    return tuple(replace(card, live=next(left, None)) if card.device else card for card in cards)


def _subtypes(concern: ConcernPlan) -> str:
    """Return a description of each reported subtype, or that none was reported."""
    if concern.subtypes is None:
        return ""
    if isinstance(concern.subtypes, Unknown):
        return value_sentence(concern.subtypes)
    return " ".join(map(subtype_description, concern.subtypes))


def _leading_glances(concern: ConcernPlan, part: ConcernPart, person: Assessment) -> Iterable[OptionGlance]:
    """Yield the overview lines of a concern's leading options; one without options where none is compared."""
    options = leading_options(concern)
    if not options:
        yield replace(empty_glance(concern), anchor=part.anchor, no_laser_headline=part.no_laser_headline)
    for option in options:
        yield replace(
            option_glance(concern, option, _phototype(person)),
            anchor=part.anchor,
            no_laser_headline=part.no_laser_headline,
        )


def _phototype(person: Assessment) -> str | None:
    return None if isinstance(person.phototype, Unknown) else person.phototype


def _person_facts(person: Assessment) -> tuple[ReportFact, ...]:
    shown = ["age_years", "sex", "phototype", "colour_basis", "keloid_decision"]
    if isinstance(person.ita_deg, Unknown):  # a known one stands in what the colour is based on
        shown.append("ita_deg")
    return tuple(_fact(name, value) for name, value in dataclass_fields(person).items() if name in shown)


def _medication(medicine: Medicine) -> ReportFact:
    """Return a medication, when it was last taken, and the name it was matched to."""
    name, last = medicine.name, medicine.last_dose_months
    if last:
        return ReportFact(
            report_text("medication_last", name=name, months=display_value(last, "months").text),
            _medication_match(medicine),
        )
    return ReportFact(report_text("medication_now", name=name), _medication_match(medicine))


def _medication_match(medicine: Medicine) -> DisplayValue:
    """Return what a medication was matched to; parts that no rule was checked for are marked as not checked."""
    slips = [report_text("medication_slip", written=slip.written, name=slip.name) for slip in medicine.taken_as]
    known = medications()
    matched = "; ".join(translate(known[name].title) if name in known else name for name in medicine.matched)
    if medicine.not_checked:
        unread = report_text("medication_unread", parts="; ".join(medicine.not_checked))
        return DisplayValue(
            join_items([matched, report_text("medication_not_checked")]), "; ".join([*slips, unread]), False
        )
    return DisplayValue(matched or report_text("medication_none"), "; ".join(slips) if matched else "", True)


def _photo_facts(plan: Plan, photo: "PhotoReport | None") -> tuple[ReportFact, ...]:
    """Return what the photograph showed: the plan's part, suggested concerns, then quality, scale and findings."""
    rows = [
        ReportFact(report_text("photo_used"), display_value(plan.assessment.photo)),
        *(
            ReportFact(report_text("photo_in_plan"), display_value(message))
            for message in plan.assessment.photo_told or ()
        ),
        *map(_suggestion_fact, plan.suggested or ()),
    ]
    if photo is not None:
        problems = [problem.message.text for problem in photo.quality.problems]
        usable = photo.quality.ok
        rows.append(
            ReportFact(
                report_text("photo_quality"),
                display_value(report_text("photo_ok") if usable else join_items(problems)),
            )
        )
        if usable and problems:
            rows.append(ReportFact(report_text("photo_problems"), display_value(join_items(problems))))
        scale = _translated(photo.scale_mm_per_px)
        rows.append(ReportFact(report_text("photo_scale"), display_value(scale, "mm/px")))
        for finding in () if isinstance(photo.findings, Unknown) else photo.findings:
            kind = capitalise(quantity_label(finding.kind.replace("-", "_"))[0])
            name = report_text("photo_finding", kind=kind, region=inline_name(site_title(finding.region)))
            rows.append(ReportFact(name, _finding_value(finding)))
    return tuple(rows)


def _suggestion_fact(suggestion: ConcernSuggestion) -> ReportFact:
    """Return a concern that the photograph suggests and the case does not have, with the signs found."""
    severity = "" if suggestion.severity is None else value_sentence(suggestion.severity)
    title = translate(known_conditions()[suggestion.condition].title)
    name = title_at_site(title, suggestion.site)
    seen = join_items(message.text for message in suggestion.seen)
    return ReportFact(
        report_text("photo_suggests"),
        DisplayValue(join_items([name, severity, seen]), report_text("photo_suggests_note"), True),
    )


def _finding_value(finding: SkinFinding) -> DisplayValue:
    """Return a finding and its note; unknown, with the reason, where it could not be looked for."""
    area = _translated(finding.area_mm2)
    if isinstance(area, Unknown):
        return display_value(area)
    seen: list[tuple[str, Value | float]] = [("count", finding.count), ("area_mm2", area)]
    known = [(quantity_label(name), value) for name, value in seen if not isinstance(value, Unknown)]
    values = join_items(f"{label} {display_value(value, unit).text}" for (label, unit), value in known)
    return DisplayValue(values, "" if finding.note is None else finding.note.text, True)


def _translated(value: Value) -> Value:
    """Return a value whose reason, where it is unknown, is in the current language."""
    return Unknown(translate(value.reason)) if isinstance(value, Unknown) else value


def _limit_counts(part: ConcernPart, card: OptionCard) -> ReportFact:
    """Return how many limits of an option were met, warned, failed or could not be checked."""
    states = [limit.state for limit in card.limits]
    counted = [
        report_text(f"limits_count_{state}", count=states.count(state))
        for state in ("met", "warn", "not_met", "unknown")
        if state in states
    ]
    return ReportFact(
        f"{part.title}: {join_items([card.title, card.device])}", DisplayValue(join_items(counted), "", True)
    )


def _methods(plan: Plan) -> tuple[str, ...]:
    """Return sentences on how the numbers were computed."""
    targets = [option.p_effective for concern in plan.concerns for option in concern.options]
    draws = max((target.draws for target in targets if isinstance(target, Estimate)), default=0)
    return (
        report_text("methods_light"),
        report_text("methods_draws", draws=draws, seed=plan.seed),
        report_text("methods_evidence"),
        report_text("methods_limits"),
        report_text("methods_suitability"),
        report_text("methods_version", version=plan.version),
    )


def _references(keys: Iterable[str]) -> tuple[tuple[ReportReference, ...], list[ReportFault]]:
    """Return the sources used, sorted by key, and a fault for each key that the bibliography lacks."""
    found, missing = [], []
    for key in sorted(keys):
        found.append(ReportReference(key, reference_text(key)))
        if key not in bibliography():
            missing.append(ReportFault("unknown-source", reference_text(key)))
    return tuple(found), missing


def _fact(name: str, value: Displayable) -> ReportFact:
    label, unit = quantity_label(name)
    return ReportFact(capitalise(label), display_value(value, unit))
