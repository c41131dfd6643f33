"""What trials say people see of an option, row by row."""

from skinbeam.estimate import Estimate, Unknown
from skinbeam.evidence.expectation.records import Expectation, Placed
from skinbeam.plan.records import Option
from skinbeam.plan.spans import Range
from skinbeam.report.context import Fact, Shown
from skinbeam.report.names import lit
from skinbeam.report.outcomes import good_of
from skinbeam.report.shown import per_100, percent, quantity, say, show

__all__ = ["results_of"]


def results_of(option: Option) -> list[Fact]:
    """Return the expected result of an option; values that are unknown are among the rows."""
    expected = option.expected
    rows = _improvement(expected)
    rows.append(Fact(say("result_pih"), per_100(expected.pih.p)))
    rows.append(Fact(say("result_downtime"), show(expected.downtime_days, quantity("downtime_days")[1])))
    if expected.untreated is not None:
        rows.append(Fact(say("result_untreated"), per_100(expected.untreated.p_at_least["50"])))
    rows.append(Fact(say("result_satisfied"), per_100(expected.satisfaction.p)))
    rows.append(Fact(say("result_net"), show(expected.net_of_untreated_pct, "%")))
    if isinstance(expected.dose, Placed):
        said, known = expected.dose.text.text, expected.dose.where != "unknown"
        shown = Shown(said, "", True) if known else Shown(say("unknown"), said, False)
        rows.append(Fact(lit(say("result_dose"), option.setup), shown))
    rows += [
        Fact(say("result_mind"), show(warning.message))
        for warning in expected.warnings
        if warning.code != "dose-outside-trials"  # the row above says it
    ]
    if isinstance(good_of(option), Estimate):
        rows.append(Fact(say("result_followup"), show(option.followup_months, quantity("followup_months")[1])))
    kept = [Fact(say("result_durability", months=m), percent(v)) for m, v in expected.durability.items()]
    rows += _told_once(say("result_durability_any"), kept)
    if expected.studies:
        patients = sum(study.patients for study in expected.studies)
        told = say("studies", studies=len(expected.studies), patients=patients)
        rows.append(Fact(say("result_studies"), Shown(told, "", True)))
    return rows


def _improvement(expected: Expectation) -> list[Fact]:
    """Who improves by how much, of how many people, and by how much on average."""
    at_least = [Fact(say("result_at_least", percent=p), per_100(expected.p_at_least[p])) for p in ("25", "50", "75")]
    rows = _told_once(say("result_at_least_any"), at_least)
    interval = expected.predict.intervals["80"]
    if not isinstance(interval, Unknown):
        patients = show(expected.predict.patients).text
        rows.append(Fact(say("result_predict", patients=patients), show(Range(*interval, "people"))))
    return [*rows, Fact(say("result_mean"), show(expected.mean_improvement_pct, "%"))]


def _told_once(name: str, facts: list[Fact]) -> list[Fact]:
    """One line `name` in place of `facts` that are all unknown for a reason of the same kind."""
    if not facts or any(fact.value.known for fact in facts):
        return facts
    reasons = dict.fromkeys(fact.value.note for fact in facts)
    return [Fact(name, Shown(say("unknown"), " ".join(reasons), False))]
