"""Build the option cards of a concern."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import groupby

from skinbeam.document import fields_of
from skinbeam.estimate import Unknown
from skinbeam.messages import Message
from skinbeam.plan.records import Advice, CheckedLimit, ConcernPlan, HarmShare, Option
from skinbeam.plan.records import Refused as NotOffered
from skinbeam.plan.rules.reason import Reason as RuleReason
from skinbeam.plan.setup import DeviceSetting, Setup
from skinbeam.report.context import Day, Fact, Harm, Limit, OptionCard, Picture, Reason, Refused, Shown
from skinbeam.report.icons import describe
from skinbeam.report.names import device_of, lit, ranked, slug
from skinbeam.report.outcomes import expected_rows, harm_name, reference, worst_harm
from skinbeam.report.overview.lines import glance
from skinbeam.report.results import results_of
from skinbeam.report.showing import days_shown
from skinbeam.report.shown import capital, join, keys_of, parted, per_100, quantity, say, sentence, sentences, show

__all__ = ["advice", "expected_pictures", "option_card", "option_cards", "reason", "refusals", "unknown_of"]


_DOSES = ("fluence_J_cm2", "energy_mJ")


def expected_pictures(concern: ConcernPlan, option: Option) -> tuple[Picture, ...]:
    """Return what each row of an option's icon arrays shows; of whom and when stands below the last."""
    rows = expected_rows(option)
    return tuple(
        Picture(
            f"figures/expected-{slug(concern, option)}-{number}.svg",
            say("icons_alt", option=option.title, arrays="; ".join(map(describe, row))),
            reference(option) if number == len(rows) else "",
            "",
        )
        for number, row in enumerate(rows, 1)
    )


def option_cards(
    concern: ConcernPlan, decided: Sequence[Reason] = (), phototype: str | None = None
) -> tuple[OptionCard, ...]:
    """Return the options of a concern in order of rank.

    Neighbours without a device of which the same is said, but for their names, are told once. Arguments as of
    `option_card`.
    """
    cards = [option_card(concern, option, decided, phototype) for option in ranked(concern)]
    groups = (list(group) for _, group in groupby(cards, key=_said))
    return tuple(group[0] if len(group) == 1 else _as_one(group) for group in groups)


def _said(card: OptionCard) -> OptionCard:
    """What a card says, its own name taken out; with a device each card stays for itself."""
    if card.device:
        return card
    drawn = tuple(replace(row, file="", alt="") for row in card.expected)
    line = replace(card.line, anchor="", option="", name="")
    return replace(card, anchor="", rank="", title="", line=line, expected=drawn)


def _as_one(cards: Sequence[OptionCard]) -> OptionCard:
    """Cards that say the same as one card with all their names."""
    first, titles = cards[0], "; ".join(card.title for card in cards)
    return replace(
        first,
        rank=first.rank if first.rank == cards[-1].rank else say("range", low=first.rank, high=cards[-1].rank),
        title=titles,
        line=replace(first.line, option=titles, name=titles),
        expected=tuple(replace(row, alt=row.alt.replace(first.title, titles)) for row in first.expected),
    )


def unknown_of(option: Option) -> tuple[Fact, ...]:
    """Return what is unknown of an option, its harms too, each with the reason in its note."""
    harms = [_harm(one) for one in option.harms]
    uncounted = [Fact(one.name, replace(one.p, note=_with_meaning(one))) for one in harms]
    uncounted = uncounted or [Fact(say("harm_any"), show(worst_harm(option)[2]))]
    return tuple(fact for fact in (*results_of(option), *_facts(option), *uncounted) if not fact.value.known)


def _with_meaning(harm: Harm) -> str:
    """Why a harm is unknown, and what that means where it is not the same."""
    return " ".join(dict.fromkeys((harm.p.note, harm.text)))


def option_card(
    concern: ConcernPlan, option: Option, decided: Sequence[Reason] = (), phototype: str | None = None
) -> OptionCard:
    """Return everything the report says about one option.

    Parameters
    ----------
    decided : rules that are told with the decision; what they say is not told again, they are named by number.
    phototype : of the person, where it is known: trials of such skin are counted.
    """
    told = {(one.lead, one.rest): one.number for one in decided}
    spoke = [reason(one) for one in option.reasons]
    again = [told[one.lead, one.rest] for one in spoke if (one.lead, one.rest) in told]
    at_once = option.immediate
    seen = None if isinstance(at_once, Unknown) else at_once
    return OptionCard(
        anchor=f"option-{slug(concern, option)}",
        rank=show(option.rank).text,
        title=option.title,
        device=device_of(option),
        line=glance(concern, option, phototype),
        rank_reason=option.rank_reason.text,
        beside_trials="" if option.beside_trials is None else option.beside_trials.text,
        practice="" if option.practice is None else option.practice.text,
        expected=expected_pictures(concern, option),
        results=tuple(fact for fact in results_of(option) if fact.value.known),
        settings=() if option.setup is None else _settings(option.setup),
        facts=tuple(fact for fact in _facts(option) if fact.value.known),
        limits=tuple(map(_limit, option.limits)),
        nearly=tuple(_nearly(one) for one in option.limits if one.status != "met"),
        seek=sentence(at_once) if isinstance(at_once, Unknown) else at_once.seek.text,
        stop_at=() if seen is None else sentences(seen.stop_at),
        first_pulses="" if seen is None else seen.first_pulses.text,
        healing=tuple(Day(show(day.day).text, day.text.text) for day in option.healing),
        harms=tuple(harm for harm in map(_harm, option.harms) if harm.p.known),
        reasons=tuple(one for one in spoke if (one.lead, one.rest) not in told),
        also=say("told_above", numbers=join(sorted(again, key=int))) if again else "",
    )


def refusals(refused: Iterable[NotOffered], decided: Sequence[str] = ()) -> tuple[Refused, ...]:
    """Return what was refused: devices of one kind together, and kinds that were refused for the same reasons.

    Parameters
    ----------
    decided : sentences told with the decision; what has no reason beside them says so.
    """
    kinds: dict[str, list[Message]] = {}
    for one in refused:
        kinds.setdefault(one.title, []).extend(one.reasons)
    alike: dict[tuple[str, ...], list[str]] = {}
    for title, reasons in kinds.items():
        own = [one for one in reasons if one.text not in decided]
        told = tuple(map(_closed, _devices_together(own))) or (say("refused_above"),)
        alike.setdefault(told, []).append(title)
    return tuple(Refused("; ".join(titles), reasons) for reasons, titles in alike.items())


def _closed(said: str) -> str:
    """A sentence with its full stop, so that another can follow."""
    return said if said.endswith((".", "!", "?")) else f"{said}."


def _devices_together(reasons: Iterable[Message]) -> tuple[str, ...]:
    """The sentences of reasons, each once; what is said of several devices is said of all in one."""
    groups: dict[tuple[str, str], list[Message]] = {}
    for one in reasons:
        others = {name: value for name, value in one.params.items() if name != "device"}
        said = repr(others) if "device" in one.params else one.text
        groups.setdefault((one.id, said), []).append(one)
    return tuple(_of_all(same) for same in groups.values())


def _of_all(same: Sequence[Message]) -> str:
    devices = list(dict.fromkeys(str(one.params.get("device", "")) for one in same))
    return (
        same[0].text
        if len(devices) == 1
        else Message(same[0].id, {**same[0].params, "device": "; ".join(devices)}).text
    )


def reason(spoke: RuleReason) -> Reason:
    """Return a rule that spoke."""
    word = say(f"decision_word_{spoke.decision.replace('-', '_')}")
    return Reason(*parted(spoke.message.text), word, spoke.strength, keys_of(spoke.source))


def advice(one: Advice) -> Reason:
    """Return an advice, which decides nothing."""
    return Reason(*parted(one.message.text), "", one.strength, keys_of(one.source))


def _settings(setup: Setup) -> tuple[Fact, ...]:
    """Settings as a flat list, the light first; nested ones carry the name of their table."""
    rows = [Fact(capital(quantity("wavelength_nm")[0]), Shown(setup.light, "", True))]
    for name, value in fields_of(setup.settings).items():
        if name in ("wavelength_nm", "subpulse_ms"):
            continue  # the light is told first, and the length of sub-pulses with their number
        if name == "subpulses":
            rows.append(Fact(say("subpulses"), _trains(setup.settings)))
        elif name in ("microbeam", "cooling"):
            outer = capital(quantity(name)[0])
            for inner, item in fields_of(value).items():
                label, unit = _label(inner, setup)
                rows.append(Fact(say("nested", outer=outer, inner=label), show(item, unit)))
        else:
            label, unit = _label(name, setup)
            rows.append(Fact(capital(label), show(value, unit)))
    return tuple(rows)


def _label(name: str, setup: Setup) -> tuple[str, str]:
    """The words and the unit of a setting; a dose is named with the light that it is of."""
    label, unit = quantity(name)
    return lit(label, setup) if name in _DOSES else label, unit


def _trains(settings: DeviceSetting) -> Shown:
    """How many sub-pulses make a pulse and how long they are; all ways that are likely where it is not known."""
    ways = [
        say("subpulses_of", number=str(number), length=show(length, "ms").text)
        for number, length in zip(settings.subpulses or (), settings.subpulse_ms or (), strict=True)
    ]
    if len(ways) == 1:
        return Shown(ways[0], say("subpulses_known"), True)
    return Shown(say("either", before=join(ways[:-1]), last=ways[-1]), say("subpulses_unknown"), True)


def _facts(option: Option) -> list[Fact]:
    """What one session asks of the person, and what the simulation says of it."""
    facts = [
        Fact(say("fact_p_effective"), per_100(option.p_effective)),
        Fact(say("fact_p_harm"), per_100(option.p_harm)),
    ]
    asked = {
        "sessions": option.sessions,
        "interval_weeks": option.interval_weeks,
        "minutes": option.minutes,
        "pain_0_10": option.pain_0_10,
        "downtime_days": option.downtime_days,
    }
    if option.p_purpura is not None:
        facts.append(Fact(say("fact_p_purpura"), per_100(option.p_purpura)))
    if option.purpura_days is not None:
        asked["purpura_days"] = option.purpura_days
    for name, value in asked.items():
        label, unit = quantity(name)
        facts.append(Fact(capital(label), show(value, "" if name == "sessions" else unit)))
    facts.append(Fact(say("fact_shows"), days_shown(option)))
    return facts


def _harm(harm: HarmShare) -> Harm:
    """One harm with its probability."""
    return Harm(harm_name(harm.name), per_100(harm.p), harm.text.text)


def _limit(checked: CheckedLimit) -> Limit:
    """One limit with its bounds."""
    name, unit = quantity(checked.quantity)
    bounds = (("warn", checked.warn), ("stop", checked.stop))
    required = say("limit_required", share=per_100(checked.share_required).text)
    return Limit(
        name=capital(name),
        state=checked.status,
        status=say(f"limit_status_{checked.status}"),
        value=show(checked.value, unit),
        bounds="; ".join(say(f"limit_{end}", value=show(value, unit).text) for end, value in bounds),
        share=replace(per_100(checked.share), note=required),
        text=checked.text.text,
        sources=keys_of(checked.source),
    )


def _nearly(checked: CheckedLimit) -> str:
    """A limit that is not plainly met, with its state and the share of skins that meet it."""
    name, _ = quantity(checked.quantity)
    met, required = per_100(checked.share).text, per_100(checked.share_required).text
    status = say(f"limit_status_{checked.status}")
    return say("limit_nearly", name=capital(name), status=status, share=met, required=required)
