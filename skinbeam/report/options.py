"""Build the option cards of a concern from the plan document."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

from skinbeam.estimate import Estimate
from skinbeam.laser.wording import light_of, named_with_light
from skinbeam.report.context import Day, Fact, Harm, Limit, OptionCard, Picture, Reason, Refused, Shown
from skinbeam.report.icons import describe
from skinbeam.report.outcomes import expected_rows, good_of, harm_name, inside, reference, worst_harm
from skinbeam.report.showing import days_shown
from skinbeam.report.shown import (
    capital,
    estimate_of,
    join,
    keys_of,
    per_100,
    percent,
    quantity,
    records,
    say,
    sentence,
    sentences,
    show,
)
from skinbeam.schema.names import table

__all__ = [
    "concern_name",
    "device_of",
    "expected_pictures",
    "option_card",
    "option_cards",
    "ranked",
    "reason",
    "refusals",
    "site_title",
    "slug",
    "title_of",
    "treated_names",
]


_DOSES = ("fluence_J_cm2", "energy_J", "energy_mJ", "power_W")


def ranked(concern: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the options of a concern in order of rank; equal ranks keep the plan's order."""
    options = concern.get("options", ())
    return sorted(options, key=lambda option: option.get("rank", len(options))) if isinstance(options, list) else []


def concern_name(concern: Mapping[str, Any]) -> str:
    """Return the concern and its site in words."""
    title = sentence(concern.get("title")) or str(concern["condition"]).replace("-", " ")
    site = site_title(str(concern["site"]))
    return title if site.lower() in title.lower() else say("concern_at_site", concern=title, site=site)


def treated_names(plan: Mapping[str, Any]) -> dict[str, str]:
    """Return what the visits of a plan treat, as the plan writes it, to the concern and its site in words."""
    known = (concern for concern in records(plan.get("concerns")) if "condition" in concern)
    return {f"{concern['condition']} at {concern['site']}": concern_name(concern) for concern in known}


def title_of(option: Mapping[str, Any]) -> str:
    """Return the name of an option."""
    return sentence(option.get("title")) or str(option["modality"]).replace("-", " ")


def expected_pictures(concern: Mapping[str, Any], option: Mapping[str, Any]) -> tuple[Picture, ...]:
    """Return what each row of an option's icon arrays shows; of whom and when stands below the last."""
    rows = expected_rows(option)
    return tuple(
        Picture(
            f"figures/expected-{slug(concern, option)}-{number}.svg",
            say("icons_alt", option=title_of(option), arrays="; ".join(map(describe, row))),
            reference(option) if number == len(rows) else "",
            "",
        )
        for number, row in enumerate(rows, 1)
    )


def option_cards(concern: Mapping[str, Any], decided: Sequence[Reason] = ()) -> tuple[OptionCard, ...]:
    """Return the options of a concern in order of rank.

    Neighbours without a device of which the same is said, but for their names, are told once: what nobody has counted
    is no longer for being repeated. Arguments as of `option_card`.
    """
    cards = [option_card(concern, option, place, decided) for place, option in enumerate(ranked(concern), 1)]
    groups = (list(group) for _, group in groupby(cards, key=_said))
    return tuple(group[0] if len(group) == 1 else _as_one(group) for group in groups)


def _said(card: OptionCard) -> OptionCard:
    """What a card says, its own name taken out; with a device each card stays for itself."""
    if card.device:
        return card
    unnamed = _renamed(card.unknowns, card.title, "")
    drawn = tuple(replace(row, file="", alt="") for row in card.expected)
    return replace(card, anchor="", rank="", title="", expected=drawn, unknowns=unnamed)


def _as_one(cards: Sequence[OptionCard]) -> OptionCard:
    """Cards that say the same as one card with all their names."""
    first, titles = cards[0], "; ".join(card.title for card in cards)
    return replace(
        first,
        rank=say("range", low=first.rank, high=cards[-1].rank),
        title=titles,
        expected=tuple(replace(row, alt=row.alt.replace(first.title, titles)) for row in first.expected),
        unknowns=_renamed(first.unknowns, first.title, say("any_of_these")),
    )


def _renamed(unknowns: Iterable[Fact], title: str, name: str) -> tuple[Fact, ...]:
    """The same unknowns of an option that is called otherwise."""
    return tuple(
        replace(fact, value=replace(fact.value, note=fact.value.note.replace(title.lower(), name))) for fact in unknowns
    )


def option_card(
    concern: Mapping[str, Any], option: Mapping[str, Any], place: int, decided: Sequence[Reason] = ()
) -> OptionCard:
    """Return everything the report says about one option.

    Parameters
    ----------
    concern, option : records of the plan.
    place : place in the order, from 1.
    decided : rules that are told with the decision; what they say is not told again, they are named by number.
    """
    results, facts = _results(option), _facts(option)
    harms = _harms_once(map(_harm, records(option.get("harms"))))
    told = {one.text: one.number for one in decided}
    spoke = [reason(record) for record in records(option.get("reasons"))]
    again = [told[one.text] for one in spoke if one.text in told]
    if "device" not in option and not any(harm.p.known for harm in harms):
        # What nobody counted for a choice without a device is told in a line, not in a table of unknowns.
        facts += [Fact(harm.name, harm.p) for harm in harms] or [Fact(say("harm_any"), show(worst_harm(option)[2]))]
        harms = ()
    immediate = option.get("immediate") or {}
    return OptionCard(
        anchor=f"option-{slug(concern, option)}",
        rank=show(option.get("rank", place)).text,
        title=title_of(option),
        device=device_of(option),
        rank_reason=sentence(option.get("rank_reason")),
        expected=expected_pictures(concern, option),
        results=tuple(fact for fact in results if fact.value.known),
        settings=_settings(option),
        facts=tuple(fact for fact in facts if fact.value.known),
        unknowns=_grouped(fact for fact in (*results, *facts) if not fact.value.known),
        limits=tuple(map(_limit, records(option.get("limits")))),
        seek=sentence(immediate.get("seek") if "unknown" not in immediate else immediate),
        stop_at=sentences(immediate.get("stop_at")),
        first_pulses=sentence(immediate.get("first_pulses")),
        healing=tuple(map(_day, records(option.get("healing")))),
        harms=harms,
        reasons=tuple(one for one in spoke if one.text not in told),
        also=say("told_above", numbers=join(sorted(again, key=int))) if again else "",
    )


def refusals(options: Iterable[Mapping[str, Any]]) -> tuple[Refused, ...]:
    """Return what was refused: devices of one kind together, and kinds that were refused for the same reasons."""
    kinds: dict[tuple[str, str], dict[str, None]] = {}
    for option in options:
        whole = "unknown" not in option
        key = (title_of(option), sentence(option.get("device_title"))) if whole else (say("unknown"), "")
        reasons = sentences(option.get("reasons")) if whole else (sentence(option),)
        kinds.setdefault(key, {}).update(dict.fromkeys(reasons))
    alike: dict[tuple[tuple[str, ...], str], list[str]] = {}
    for (title, device), said in kinds.items():
        alike.setdefault((tuple(said), device), []).append(title)
    return tuple(Refused("; ".join(titles), device, reasons) for (reasons, device), titles in alike.items())


def reason(record: Mapping[str, Any] | str) -> Reason:
    """Return a rule that spoke, or any sentence with its source."""
    if isinstance(record, str):
        return Reason(record, "", "", ())
    decision = record.get("decision")
    return Reason(
        sentence(record),
        say(f"decision_word_{str(decision).replace('-', '_')}") if decision else "",
        sentence(record.get("strength")),
        keys_of(record.get("source")),
    )


def slug(concern: Mapping[str, Any], option: Mapping[str, Any]) -> str:
    """Return a name for files and anchors, the same for the same option."""
    parts = (concern["condition"], concern["site"], option["modality"], option.get("device", ""))
    return "-".join("".join(c if c.isalnum() or c == "-" else "-" for c in str(part)) for part in parts if part)


def site_title(name: str) -> str:
    """Return the site in words; a name that is not in the table stands as it is."""
    sites = table("site")
    return str(sites[name]["title"]) if name in sites else name


def device_of(option: Mapping[str, Any]) -> str:
    """Return device and wavelength in words; empty without a device."""
    if "device" not in option:
        return ""
    name = sentence(option.get("device_title", option["device"]))
    return named_with_light(name, option) if "wavelength_nm" in option else name


def _lit(name: str, option: Mapping[str, Any]) -> str:
    """The name of a quantity with the light that it is set for: a row is read alone."""
    return say("setting_of_light", name=name, light=light_of(option)) if "wavelength_nm" in option else name


def _settings(option: Mapping[str, Any]) -> tuple[Fact, ...]:
    """Settings as a flat list; nested ones carry the name of their table."""
    settings = option.get("settings") or {}
    if "unknown" in settings:
        return (Fact(say("h_settings"), show(settings)),)
    lit = "wavelength_nm" in option and bool(settings)
    rows = [Fact(capital(quantity("wavelength_nm")[0]), Shown(light_of(option), "", True))] if lit else []
    for name, value in settings.items():
        if name == "wavelength_nm":
            continue  # told first, as the cut-off of a filter where it is one
        if name == "subpulses":
            rows.append(Fact(say("subpulses"), _trains(value, settings["subpulse_ms"])))
        elif name == "subpulse_ms":
            continue  # told with their number
        elif isinstance(value, Mapping) and estimate_of(value) is None and "low" not in value:
            outer = quantity(name)[0]
            for inner, item in value.items():
                label, unit = quantity(inner)
                label = _lit(label, option) if inner in _DOSES else label
                rows.append(Fact(say("nested", outer=capital(outer), inner=label), show(item, unit)))
        else:
            label, unit = quantity(name)
            label = _lit(label, option) if name in _DOSES else label
            rows.append(Fact(capital(label), show(value, unit)))
    return tuple(rows)


def _trains(numbers: Sequence[int], lengths_ms: Sequence[float]) -> Shown:
    """How many sub-pulses make a pulse and how long they are; all ways that are likely where it is not known."""
    ways = [
        say("subpulses_of", number=str(number), length=show(length, "ms").text)
        for number, length in zip(numbers, lengths_ms, strict=True)
    ]
    if len(ways) == 1:
        return Shown(ways[0], say("subpulses_known"), True)
    return Shown(say("either", before=join(ways[:-1]), last=ways[-1]), say("subpulses_unknown"), True)


def _results(option: Mapping[str, Any]) -> list[Fact]:
    """What trials say people see, row by row."""
    expected = option.get("expected")
    rows = _told_once(
        say("result_at_least_any"),
        [
            Fact(say("result_at_least", percent=p), per_100(inside(expected, "p_at_least", p)))
            for p in ("25", "50", "75")
        ],
    )
    interval = inside(expected, "predict", "intervals", "80")
    if isinstance(interval, Sequence) and len(interval) == 2:
        patients = show(inside(expected, "predict", "patients")).text
        rows.append(Fact(say("result_predict", patients=patients), show({"low": interval[0], "high": interval[1]})))
    rows.append(Fact(say("result_mean"), show(inside(expected, "mean_improvement_pct"), "%")))
    rows.append(Fact(say("result_pih"), per_100(inside(expected, "pih", "p"))))
    rows.append(Fact(say("result_downtime"), show(inside(expected, "downtime_days"), quantity("downtime_days")[1])))
    rows.append(Fact(say("result_untreated"), per_100(inside(expected, "untreated", "p_at_least", "50"))))
    rows.append(Fact(say("result_satisfied"), per_100(inside(expected, "satisfaction", "p"))))
    rows.append(Fact(say("result_net"), show(inside(expected, "net_of_untreated_pct"), "%")))
    dose = inside(expected, "dose")
    if isinstance(dose, Mapping) and "where" in dose:
        said, known = sentence(dose["text"]), dose["where"] != "unknown"
        shown = Shown(said, "", True) if known else Shown(say("unknown"), said, False)
        rows.append(Fact(_lit(say("result_dose"), option), shown))
    warnings = expected.get("warnings", []) if isinstance(expected, Mapping) else []
    rows += [
        Fact(say("result_mind"), Shown(warning["message"], "", True))
        for warning in warnings
        if warning["code"] != "dose-outside-trials"  # the row above says it
    ]
    if "followup_months" in option and isinstance(good_of(option), Estimate):
        rows.append(Fact(say("result_followup"), show(option["followup_months"], quantity("followup_months")[1])))
    durability = inside(expected, "durability")
    if isinstance(durability, Mapping) and "unknown" not in durability:
        kept = [Fact(say("result_durability", months=m), percent(v)) for m, v in durability.items()]
        rows += _told_once(say("result_durability_any"), kept)
    else:
        rows.append(Fact(say("result_durability_any"), show(durability)))
    studies = inside(expected, "studies")
    if isinstance(studies, list) and studies:
        patients = sum(study.get("patients", 0) for study in studies)
        rows.append(
            Fact(say("result_studies"), Shown(say("studies", studies=len(studies), patients=patients), "", True))
        )
    return rows


def _told_once(name: str, facts: list[Fact]) -> list[Fact]:
    """One line `name` in place of `facts` that are all unknown for a reason of the same kind."""
    if not facts or any(fact.value.known for fact in facts):
        return facts
    reasons = dict.fromkeys(fact.value.note for fact in facts)
    return [Fact(name, Shown(say("unknown"), " ".join(reasons), False))]


def _facts(option: Mapping[str, Any]) -> list[Fact]:
    """What one session asks of the person, and what the simulation says of it."""
    facts = [Fact(say("fact_p_effective"), per_100(_value(option, "p_effective")))]
    facts.append(Fact(say("fact_p_harm"), per_100(_value(option, "p_harm"))))
    asked = ["sessions", "interval_weeks", "minutes", "pain_0_10", "downtime_days"]
    if "p_purpura" in option:
        facts.append(Fact(say("fact_p_purpura"), per_100(option["p_purpura"])))
        asked.append("purpura_days")
    for name in asked:
        label, unit = quantity(name)
        facts.append(Fact(capital(label), show(_value(option, name), "" if name == "sessions" else unit)))
    facts.append(Fact(say("fact_shows"), days_shown(option)))
    return facts


def _grouped(facts: Any) -> tuple[Fact, ...]:
    """Unknown facts with the same reason as one line."""
    groups: dict[str, list[str]] = {}
    for fact in facts:
        groups.setdefault(fact.value.note, []).append(fact.name)
    return tuple(Fact(join(names), Shown(say("unknown"), why, False)) for why, names in groups.items())


def _day(record: Mapping[str, Any]) -> Day:
    """One line of the healing calendar."""
    if "unknown" in record:
        return Day(say("unknown"), sentence(record))
    return Day(show(record.get("day", "")).text, sentence(record.get("text")))


def _harm(record: Mapping[str, Any]) -> Harm:
    """One harm with its probability."""
    if "unknown" in record:
        return Harm(say("harm_any"), show(record), "")
    return Harm(
        harm_name(record), per_100(record.get("p", {"unknown": say("not_in_plan")})), sentence(record.get("text"))
    )


def _harms_once(harms: Iterable[Harm]) -> tuple[Harm, ...]:
    """Known harms in their order, then the unknown ones, those that are unknown for the same reason as one."""
    listed = list(harms)
    groups: dict[Shown, list[Harm]] = {}
    for harm in listed:
        if not harm.p.known:
            groups.setdefault(harm.p, []).append(harm)
    unknown = (
        Harm(join(harm.name for harm in group), p, " ".join(dict.fromkeys(harm.text for harm in group if harm.text)))
        for p, group in groups.items()
    )
    return (*(harm for harm in listed if harm.p.known), *unknown)


def _limit(record: Mapping[str, Any]) -> Limit:
    """One limit with its bounds."""
    if "unknown" in record:
        return Limit(say("limit_any"), "unknown", say("limit_status_unknown"), show(record), "", show(record), "", ())
    name, unit = quantity(str(record["quantity"]))
    bounds = [say(f"limit_{end}", value=show(record[end], unit).text) for end in ("warn", "stop") if end in record]
    status = str(record["status"])
    share = per_100(record.get("share", {"unknown": say("not_in_plan")}))
    if "share_required" in record and share.known:
        share = replace(share, note=say("limit_required", share=per_100(record["share_required"]).text))
    return Limit(
        name=capital(name),
        state=status,
        status=say(f"limit_status_{status}"),
        value=show(record.get("value", {"unknown": say("not_simulated")}), unit),
        bounds="; ".join(bounds),
        share=share,
        text=sentence(record.get("text")),
        sources=keys_of(record.get("source")),
    )


def _value(option: Mapping[str, Any], name: str) -> Any:
    return option.get(name, {"unknown": say("not_in_plan")})
