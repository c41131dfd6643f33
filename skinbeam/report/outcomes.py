"""Good and bad outcomes of an option per 100 people: shares, reference population, icon arrays, trial results."""

from skinbeam.evidence.expectation.expectation import DosePlacement, Expectation
from skinbeam.evidence.studies.outcomes import LASTING_HARMS
from skinbeam.model.estimate import Estimate, Unknown, Value
from skinbeam.plan_records.course import SourceRange
from skinbeam.plan_records.plan import NearestOption, Option
from skinbeam.report.context import DisplayValue, ReportFact
from skinbeam.report.formatting import (
    capitalise,
    display_value,
    name_with_light,
    per_100,
    percent,
    quantity_label,
    report_text,
)
from skinbeam.report.graphics.icons import IconArray

__all__ = [
    "expected_arrays",
    "expected_results",
    "expected_rows",
    "fault_values",
    "harm_name",
    "harm_values",
    "improved_share",
    "share_reference",
    "worst_harm",
]

# Number of arrays of each tone, and the improvement thresholds in per cent of that many good ones.
_GOOD = {1: ("50",), 2: ("50", "75"), 3: ("25", "50", "75")}


def improved_share(option: Option | NearestOption, threshold: str = "50") -> Value:
    """Return the share of people who improve by at least `threshold` per cent, or why it is unknown."""
    return option.expected.p_at_least[threshold]


def worst_harm(option: Option) -> tuple[str, Value]:
    """Return key and probability of the most frequent known harm; without one, "" and an unknown with its reason."""
    key, p = harm_values(option)[0]
    return (key if isinstance(p, Estimate) else "", p)


def harm_values(option: Option) -> list[tuple[str, Value]]:
    """Return key and probability of each harm: known ones by falling frequency, then the unknown ones.

    Harms that need a fault of the device or model are left out here. Without any harm there is one unknown entry.
    """
    harms = [(harm.name, harm.p) for harm in option.harms if not harm.needs_fault]
    harms.sort(key=lambda harm: -harm[1].median if isinstance(harm[1], Estimate) else 1.0)
    return harms or [("", Unknown(report_text("harm_none_studied")))]


def fault_values(option: Option) -> list[tuple[str, Estimate]]:
    """Return key and probability of each known harm that needs a fault of the device or model."""
    faults = ((harm.name, harm.p) for harm in option.harms if harm.needs_fault)
    return [(name, p) for name, p in faults if isinstance(p, Estimate)]


def expected_arrays(option: Option) -> list[IconArray]:
    """Return as many good outcomes as bad ones, the good ones first; unknown shares are included as unknown."""
    harms = sorted(harm_values(option), key=lambda harm: (isinstance(harm[1], Unknown), harm[0] not in LASTING_HARMS))
    harms = harms[: max(_GOOD)]
    good = [
        IconArray(report_text(f"icons_good_{pct}"), "good", improved_share(option, pct)) for pct in _GOOD[len(harms)]
    ]
    return [*good, *(IconArray(harm_name(key) if key else report_text("harm_any"), "bad", p) for key, p in harms)]


def expected_rows(option: Option) -> list[list[IconArray]]:
    """Return the arrays of `expected_arrays` by drawn row: improvements above, harms below if there are several.

    Each row is a separate figure, so that a page can break between them.
    """
    arrays = expected_arrays(option)
    columns = max(2, len(arrays) // 2)
    return [arrays[start : start + columns] for start in range(0, len(arrays), columns)]


def share_reference(option: Option) -> str:
    """Return the population and time that the shares refer to and how they are drawn; or that no share is known."""
    if isinstance(improved_share(option), Unknown) and isinstance(worst_harm(option)[1], Unknown):
        return report_text("icons_class_unknown")
    months = option.followup_months
    after = display_value(months, "months").text
    if isinstance(months, Unknown):
        time = report_text("icons_time_unknown")
    elif after == display_value(0.0, "months").text:
        time = report_text("icons_time_end")
    else:
        time = report_text("icons_time", months=after)
    return " ".join((report_text("icons_class", time=time), report_text("icons_caption")))


def harm_name(name: str) -> str:
    """Return a harm's name as text."""
    return capitalise(quantity_label(name.replace("-", "_"))[0])


# Expected results of an option from trials, row by row.


def expected_results(option: Option) -> list[ReportFact]:
    """Return the rows of expected results of an option, including unknown values."""
    expected = option.expected
    rows = _improvement_facts(expected)
    rows.append(ReportFact(report_text("result_pih"), per_100(expected.pih.p)))
    rows.append(
        ReportFact(
            report_text("result_downtime"), display_value(expected.downtime_days, quantity_label("downtime_days")[1])
        )
    )
    if expected.untreated is not None:
        rows.append(ReportFact(report_text("result_untreated"), per_100(expected.untreated.p_at_least["50"])))
    rows.append(ReportFact(report_text("result_satisfied"), per_100(expected.satisfaction.p)))
    rows.append(ReportFact(report_text("result_net"), display_value(expected.net_of_untreated_pct, "%")))
    if isinstance(expected.dose, DosePlacement):
        placement, known = expected.dose.text.text, expected.dose.where != "unknown"
        shown = DisplayValue(placement, "", True) if known else DisplayValue(report_text("unknown"), placement, False)
        rows.append(ReportFact(name_with_light(report_text("result_dose"), option.setup), shown))
    rows += [
        ReportFact(report_text("result_mind"), display_value(warning.message))
        for warning in expected.warnings
        if warning.code != "dose-outside-trials"  # the row above says it
    ]
    if isinstance(improved_share(option), Estimate):
        rows.append(
            ReportFact(
                report_text("result_followup"),
                display_value(option.followup_months, quantity_label("followup_months")[1]),
            )
        )
    durability = [
        ReportFact(report_text("result_durability", months=m), percent(v)) for m, v in expected.durability.items()
    ]
    rows += _merge_unknown_facts(report_text("result_durability_any"), durability)
    if expected.studies:
        patients = sum(study.patients for study in expected.studies)
        study_count = report_text("studies", studies=len(expected.studies), patients=patients)
        rows.append(ReportFact(report_text("result_studies"), DisplayValue(study_count, "", True)))
    return rows


def _improvement_facts(expected: Expectation) -> list[ReportFact]:
    """Return the shares of people who improve by each threshold, and the mean improvement."""
    at_least = [
        ReportFact(report_text("result_at_least", percent=p), per_100(expected.p_at_least[p]))
        for p in ("25", "50", "75")
    ]
    rows = _merge_unknown_facts(report_text("result_at_least_any"), at_least)
    interval = expected.predict.intervals["80"]
    if not isinstance(interval, Unknown):
        patients = display_value(expected.predict.patients).text
        rows.append(
            ReportFact(
                report_text("result_predict", patients=patients), display_value(SourceRange(*interval, "people"))
            )
        )
    return [*rows, ReportFact(report_text("result_mean"), display_value(expected.mean_improvement_pct, "%"))]


def _merge_unknown_facts(name: str, facts: list[ReportFact]) -> list[ReportFact]:
    """Merge facts that are all unknown into one line `name` with their reasons; otherwise return them unchanged."""
    if not facts or any(fact.value.is_known for fact in facts):
        return facts
    reasons = dict.fromkeys(fact.value.note for fact in facts)
    return [ReportFact(name, DisplayValue(report_text("unknown"), " ".join(reasons), False))]
