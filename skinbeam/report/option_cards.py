"""Build the option cards of a concern, its refused options, and the list of what is unknown about its options."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import groupby

from skinbeam.course.shared_pattern import SharedPattern
from skinbeam.laser.device import describe_window
from skinbeam.model.document import dataclass_fields
from skinbeam.model.estimate import Unknown
from skinbeam.plan_records.course import DeviceSetting, DeviceSetup, TestSpotLadder
from skinbeam.plan_records.plan import Advice, ConcernPlan, HarmShare, Option, Plan, RefusedOption
from skinbeam.report.context import (
    DisplayValue,
    HarmLine,
    HealingDay,
    KnowledgeGap,
    LimitLine,
    OptionCard,
    ReasonLine,
    RefusedOptions,
    ReportFact,
    ReportPicture,
)
from skinbeam.report.formatting import (
    advised_option,
    capitalise,
    concern_name,
    device_name,
    display_value,
    join_items,
    message_texts,
    name_with_light,
    option_slug,
    per_100,
    quantity_label,
    ranked_options,
    report_text,
    showing_days,
    split_lead,
    split_source_keys,
    value_sentence,
)
from skinbeam.report.graphics.icons import describe_array
from skinbeam.report.outcomes import expected_results, expected_rows, harm_name, share_reference, worst_harm
from skinbeam.report.overview import option_glance
from skinbeam.response.records import LimitCheck
from skinbeam.suitability.table import RuleReason
from skinbeam.text import Message

__all__ = [
    "advice_line",
    "expected_pictures",
    "knowledge_gaps",
    "option_card",
    "option_cards",
    "placed_advice_line",
    "reason_line",
    "refused_options",
    "unknown_facts",
]

_DOSES = ("fluence_J_cm2", "energy_mJ")


def expected_pictures(concern: ConcernPlan, option: Option) -> tuple[ReportPicture, ...]:
    """Return a picture for each row of an option's icon arrays.

    The caption of the last row names the population and the time that the shares refer to.
    """
    rows = expected_rows(option)
    return tuple(
        ReportPicture(
            f"figures/expected-{option_slug(concern, option)}-{number}.svg",
            report_text("icons_alt", option=option.title, arrays="; ".join(map(describe_array, row))),
            share_reference(option) if number == len(rows) else "",
            "",
        )
        for number, row in enumerate(rows, 1)
    )


def option_cards(
    concern: ConcernPlan,
    decision_reasons: Sequence[ReasonLine] = (),
    phototype: str | None = None,
    ladders: Sequence[TestSpotLadder] = (),
    patterns: Sequence[SharedPattern] = (),
) -> tuple[OptionCard, ...]:
    """Return the cards of a concern's options in order of rank.

    Neighbouring options without a device whose cards differ only in their names are merged. Arguments as of
    `option_card`.
    """
    cards = [
        option_card(concern, option, decision_reasons, phototype, ladders, patterns)
        for option in ranked_options(concern)
    ]
    groups = (list(group) for _, group in groupby(cards, key=_card_content))
    return tuple(group[0] if len(group) == 1 else _merge_cards(group) for group in groups)


def _card_content(card: OptionCard) -> OptionCard:
    """Return a card without its own name, to compare cards; a card with a device is returned as it is."""
    if card.device:
        return card
    drawn = tuple(replace(row, file="", alt="") for row in card.icon_rows)
    line = replace(card.line, anchor="", option="", name="")
    return replace(card, anchor="", rank="", title="", line=line, icon_rows=drawn)


def _merge_cards(cards: Sequence[OptionCard]) -> OptionCard:
    """Merge cards with the same content into one card with all their names."""
    first, titles = cards[0], "; ".join(card.title for card in cards)
    return replace(
        first,
        rank=first.rank if first.rank == cards[-1].rank else report_text("range", low=first.rank, high=cards[-1].rank),
        title=titles,
        line=replace(first.line, option=titles, name=titles),
        icon_rows=tuple(replace(row, alt=row.alt.replace(first.title, titles)) for row in first.icon_rows),
    )


def unknown_facts(option: Option) -> tuple[ReportFact, ...]:
    """Return the unknown facts of an option, including its harms, each with the reason in its note."""
    harms = [_harm_line(harm) for harm in option.harms]
    # Why a harm is unknown and its description, which may be the same.
    notes = [" ".join(dict.fromkeys((harm.p.note, harm.text))) for harm in harms]
    uncounted = [ReportFact(harm.name, replace(harm.p, note=note)) for harm, note in zip(harms, notes, strict=True)]
    uncounted = uncounted or [ReportFact(report_text("harm_any"), display_value(worst_harm(option)[1]))]
    return tuple(
        fact for fact in (*expected_results(option), *_option_facts(option), *uncounted) if not fact.value.is_known
    )


def option_card(
    concern: ConcernPlan,
    option: Option,
    decision_reasons: Sequence[ReasonLine] = (),
    phototype: str | None = None,
    ladders: Sequence[TestSpotLadder] = (),
    patterns: Sequence[SharedPattern] = (),
) -> OptionCard:
    """Return the card with everything that the report prints about one option.

    Parameters
    ----------
    decision_reasons : rules already listed with the decision; the card refers to them by number instead of repeating
        them.
    phototype : of the person, where it is known: trials of such skin are counted.
    ladders : the test spots of the plan; the card tells those that are made only where this option is chosen.
    patterns : of the plan, each of which treats several concerns.
    """
    numbers = {(reason.lead, reason.rest): reason.number for reason in decision_reasons}
    spoke = [reason_line(reason) for reason in option.reasons]
    if option.setup is not None:
        spoke += [
            _spots_line(ladder) for ladder in ladders if ladder.when_chosen and ladder.tries(option.setup, concern.site)
        ]
    again = [numbers[reason.lead, reason.rest] for reason in spoke if (reason.lead, reason.rest) in numbers]
    at_once = option.immediate
    seen = None if isinstance(at_once, Unknown) else at_once
    return OptionCard(
        anchor=f"option-{option_slug(concern, option)}",
        rank=display_value(option.rank).text,
        title=option.title,
        device=device_name(option),
        line=option_glance(concern, option, phototype),
        rank_reason=option.rank_reason.text,
        trial_comparison="" if option.beside_trials is None else option.beside_trials.text,
        practice="" if option.practice is None else option.practice.text,
        shared_patterns=tuple(
            message.text for each in patterns if (message := each.message_on(concern, option)) is not None
        ),
        icon_rows=expected_pictures(concern, option),
        results=tuple(fact for fact in expected_results(option) if fact.value.is_known),
        settings=() if option.setup is None else _setting_facts(option.setup),
        facts=tuple(fact for fact in _option_facts(option) if fact.value.is_known),
        limits=tuple(map(_limit_line, option.limits)),
        limit_warnings=tuple(_limit_shortfall(limit) for limit in option.limits if limit.status != "met"),
        clinical_endpoint=value_sentence(at_once) if isinstance(at_once, Unknown) else at_once.seek.text,
        stop_signs=() if seen is None else message_texts(seen.stop_at),
        first_pulses="" if seen is None else seen.first_pulses.text,
        healing=tuple(HealingDay(display_value(day.day).text, day.text.text) for day in option.healing),
        harms=tuple(harm for harm in map(_harm_line, option.harms) if harm.p.is_known),
        reasons=tuple(reason for reason in spoke if (reason.lead, reason.rest) not in numbers),
        shared_rules=report_text("told_above", numbers=join_items(sorted(again, key=int))) if again else "",
    )


def refused_options(
    refused: Iterable[RefusedOption], decision_sentences: Sequence[str] = ()
) -> tuple[RefusedOptions, ...]:
    """Return the refused options, grouped by kind of treatment and then by identical reasons.

    Parameters
    ----------
    decision_sentences : sentences listed with the decision; a kind without further reasons refers to the decision.
    """
    kinds: dict[str, list[Message]] = {}
    for refusal in refused:
        kinds.setdefault(refusal.title, []).extend(refusal.reasons)
    alike: dict[tuple[str, ...], list[str]] = {}
    for title, reasons in kinds.items():
        own = [reason for reason in reasons if reason.text not in decision_sentences]
        sentences = tuple(map(_add_full_stop, _devices_together(own))) or (report_text("refused_above"),)
        alike.setdefault(sentences, []).append(title)
    return tuple(RefusedOptions("; ".join(titles), reasons) for reasons, titles in alike.items())


def _add_full_stop(sentence: str) -> str:
    """Return a sentence with its full stop, so that another can follow."""
    return sentence if sentence.endswith((".", "!", "?")) else f"{sentence}."


def _devices_together(reasons: Iterable[Message]) -> tuple[str, ...]:
    """Return the sentences of reasons without duplicates; one that holds for several devices names them all."""
    groups: dict[tuple[str, str], list[Message]] = {}
    for reason in reasons:
        others = {name: value for name, value in reason.params.items() if name != "device"}
        key = repr(others) if "device" in reason.params else reason.text
        groups.setdefault((reason.id, key), []).append(reason)
    return tuple(_for_all_devices(same) for same in groups.values())


def _for_all_devices(same: Sequence[Message]) -> str:
    devices = list(dict.fromkeys(str(reason.params.get("device", "")) for reason in same))
    return (
        same[0].text
        if len(devices) == 1
        else Message(same[0].id, {**same[0].params, "device": "; ".join(devices)}).text
    )


def reason_line(reason: RuleReason) -> ReasonLine:
    """Return the line of a rule that applied."""
    word = report_text(f"decision_word_{reason.decision.replace('-', '_')}")
    return ReasonLine(*split_lead(reason.message.text), word, reason.strength, split_source_keys(reason.source))


def _spots_line(ladder: TestSpotLadder) -> ReasonLine:
    """Return the line of the test spots that come first where an option is chosen."""
    return ReasonLine(*split_lead(ladder.message.text), "", "practice", split_source_keys(ladder.source))


def advice_line(advice: Advice) -> ReasonLine:
    """Return the line of a piece of advice, which carries no decision."""
    return ReasonLine(*split_lead(advice.message.text), "", advice.strength, split_source_keys(advice.source))


def placed_advice_line(advice: Advice, plan: Plan) -> ReasonLine:
    """Return the line of a piece of advice with the concerns that it holds for, unless it holds for all."""
    concerns = [concern for concern in plan.concerns if concern.place in (advice.treats or ())]
    subject = "; ".join(map(concern_name, concerns))  # some names have a comma before their site
    if advice.after_laser is not None:
        treatments = (advised_option(concern, after_laser=advice.after_laser) for concern in concerns)
        subject = join_items((subject, *dict.fromkeys(option.title for option in treatments)))
    return replace(advice_line(advice), subject=subject)


def _setting_facts(setup: DeviceSetup) -> tuple[ReportFact, ...]:
    """Return settings as a flat list, the light first; nested settings carry the name of their table."""
    rows = [ReportFact(capitalise(quantity_label("wavelength_nm")[0]), DisplayValue(setup.light, "", True))]
    for name, value in dataclass_fields(setup.settings).items():
        if name in ("wavelength_nm", "subpulse_ms") or (name == "spot_mm" and setup.settings.footprint_mm):
            continue  # the light is the first row; the length of sub-pulses goes with their number, a disc is no window
        if name == "footprint_mm":
            window = DisplayValue(describe_window(value), "", True)
            rows.append(ReportFact(capitalise(quantity_label(name)[0]), window))
            continue
        if name == "subpulses":
            rows.append(ReportFact(report_text("subpulses"), _subpulse_value(setup.settings)))
        elif name in ("microbeam", "cooling"):
            outer = capitalise(quantity_label(name)[0])
            for inner, item in dataclass_fields(value).items():
                label, unit = _setting_label(inner, setup)
                rows.append(ReportFact(report_text("nested", outer=outer, inner=label), display_value(item, unit)))
        else:
            label, unit = _setting_label(name, setup)
            rows.append(ReportFact(capitalise(label), display_value(value, unit)))
    return tuple(rows)


def _setting_label(name: str, setup: DeviceSetup) -> tuple[str, str]:
    """Return the label and the unit of a setting; a dose is labelled with its light."""
    label, unit = quantity_label(name)
    return name_with_light(label, setup) if name in _DOSES else label, unit


def _subpulse_value(settings: DeviceSetting) -> DisplayValue:
    """Return the number and length of sub-pulses in a pulse; all likely variants where it is not known."""
    ways = [
        report_text("subpulses_of", number=str(number), length=display_value(length, "ms").text)
        for number, length in zip(settings.subpulses or (), settings.subpulse_ms or (), strict=True)
    ]
    if len(ways) == 1:
        return DisplayValue(ways[0], report_text("subpulses_known"), True)
    return DisplayValue(
        report_text("either", before=join_items(ways[:-1]), last=ways[-1]), report_text("subpulses_unknown"), True
    )


def _option_facts(option: Option) -> list[ReportFact]:
    """Return the facts of an option: simulated probabilities, sessions, time, pain, downtime."""
    facts = [
        ReportFact(report_text("fact_p_effective"), per_100(option.p_effective)),
        ReportFact(report_text("fact_p_harm"), per_100(option.p_harm)),
    ]
    asked = {
        "sessions": option.sessions,
        "interval_weeks": option.interval_weeks,
        "minutes": option.minutes,
        "pain_0_10": option.pain_0_10,
        "downtime_days": option.downtime_days,
    }
    if option.p_purpura is not None:
        facts.append(ReportFact(report_text("fact_p_purpura"), per_100(option.p_purpura)))
    if option.purpura_days is not None:
        asked["purpura_days"] = option.purpura_days
    for name, value in asked.items():
        label, unit = quantity_label(name)
        facts.append(ReportFact(capitalise(label), display_value(value, "" if name == "sessions" else unit)))
    facts.append(ReportFact(report_text("fact_shows"), showing_days(option)))
    return facts


def _harm_line(harm: HarmShare) -> HarmLine:
    return HarmLine(harm_name(harm.name), per_100(harm.p), harm.text.text)


def _limit_line(checked: LimitCheck) -> LimitLine:
    name, unit = quantity_label(checked.quantity)
    bounds = (("warn", checked.warn), ("stop", checked.stop))
    required = report_text("limit_required", share=per_100(checked.share_required).text)
    return LimitLine(
        name=capitalise(name),
        state=checked.status,
        status=report_text(f"limit_status_{checked.status}"),
        value=display_value(checked.value, unit),
        bounds="; ".join(report_text(f"limit_{end}", value=display_value(value, unit).text) for end, value in bounds),
        share=replace(per_100(checked.share), note=required),
        text=checked.text.text,
        sources=split_source_keys(checked.source),
    )


def _limit_shortfall(checked: LimitCheck) -> str:
    """Return a sentence on a limit that is not clearly met: its status and the share of skins that meet it."""
    name, _ = quantity_label(checked.quantity)
    met, required = per_100(checked.share).text, per_100(checked.share_required).text
    params = {"name": capitalise(name), "share": met, "required": required}
    if checked.status == "warn" and checked.share < checked.share_required:  # practice has such doses
        return report_text("limit_unkept", **params)
    return report_text("limit_nearly", **params, status=report_text(f"limit_status_{checked.status}"))


# What is unknown about the options of a concern, grouped by reason.


def knowledge_gaps(concern: ConcernPlan) -> tuple[KnowledgeGap, ...]:
    """Return the reasons for unknown values, in the order of the options.

    Each reason is listed once, with the facts that it leaves unknown and the options concerned. Reasons that differ
    only in the name of the option count as the same.
    """
    asked: dict[str, dict[str, dict[str, None]]] = {}
    alone: dict[str, str] = {}
    for option in ranked_options(concern):
        for fact in unknown_facts(option):
            why = fact.value.note.strip()
            alike = why.replace(option.title.lower(), report_text("any_of_these"))
            alone.setdefault(alike, why)
            asked.setdefault(alike, {}).setdefault(option.title, {})[fact.name] = None
    return tuple(_knowledge_gap(alone[why] if len(of) == 1 else why, of) for why, of in asked.items())


def _knowledge_gap(why: str, of: dict[str, dict[str, None]]) -> KnowledgeGap:
    """Return one reason; options for which it leaves the same facts unknown are listed together."""
    same: dict[str, list[str]] = {}
    for title, names in of.items():
        same.setdefault(join_items(names), []).append(title)
    return KnowledgeGap(
        why, tuple(report_text("gap_of", names=names, options=join_items(titles)) for names, titles in same.items())
    )
