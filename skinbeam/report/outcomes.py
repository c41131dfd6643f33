"""Good and bad outcomes of an option, of 100 people: their shares, what they are shares of, and their icon arrays."""

from skinbeam.estimate import Estimate, Unknown, Value
from skinbeam.evidence.studies.outcomes import LASTING
from skinbeam.plan.records import Nearest, Option
from skinbeam.report.icons import IconArray
from skinbeam.report.shown import capital, quantity, say, show

__all__ = [
    "expected_arrays",
    "expected_rows",
    "fault_values",
    "good_of",
    "harm_name",
    "harm_values",
    "reference",
    "worst_harm",
]

_ONLY_AFTER_A_FAULT = ("burn-if-cooling-fails", "bruise-if-glass-lifts", "injury-if-model-errs")
# How many arrays of a kind are drawn, and the improvements in per cent that as many good ones show.
_GOOD = {1: ("50",), 2: ("50", "75"), 3: ("25", "50", "75")}


def good_of(option: Option | Nearest, threshold: str = "50") -> Value:
    """Return the share of people who improve by at least `threshold` per cent, or why it is unknown."""
    return option.expected.p_at_least[threshold]


def worst_harm(option: Option) -> tuple[str, str, Value]:
    """Return key, name and probability of the most frequent known harm; without one, an unknown with its reason."""
    key, name, p = harm_values(option)[0]
    return (key, name, p) if isinstance(p, Estimate) else ("", say("harm_any"), p)


def harm_values(option: Option) -> list[tuple[str, str, Value]]:
    """Return key, name and probability of each harm: known ones first, the most frequent first, then the unknown ones.

    A harm that needs a fault of the device or model stands in the table alone. Without any harm there is one unknown.
    """
    found = [(harm.name, harm_name(harm.name), harm.p) for harm in option.harms if harm.name not in _ONLY_AFTER_A_FAULT]
    found.sort(key=lambda harm: -harm[2].median if isinstance(harm[2], Estimate) else 1.0)
    return found or [("", say("harm_any"), Unknown(say("harm_none_studied")))]


def fault_values(option: Option) -> list[tuple[str, Estimate]]:
    """Return key and probability of each known harm that needs a fault of the device or model."""
    found = ((harm.name, harm.p) for harm in option.harms if harm.name in _ONLY_AFTER_A_FAULT)
    return [(name, p) for name, p in found if isinstance(p, Estimate)]


def expected_arrays(option: Option) -> list[IconArray]:
    """Return as many good outcomes as bad ones, the good ones first; what is unknown stands among them as unknown."""
    harms = sorted(harm_values(option), key=lambda harm: (isinstance(harm[2], Unknown), harm[0] not in LASTING))
    harms = harms[: max(_GOOD)]
    good = [IconArray(say(f"icons_good_{pct}"), "good", good_of(option, pct)) for pct in _GOOD[len(harms)]]
    return [*good, *(IconArray(name, "bad", p) for _, name, p in harms)]


def expected_rows(option: Option) -> list[list[IconArray]]:
    """Return the arrays of `expected_arrays` as they are drawn: improvements above, harms below if there are several.

    Each row is a figure of its own, so that on paper a page can end between them.
    """
    arrays = expected_arrays(option)
    columns = max(2, len(arrays) // 2)
    return [arrays[start : start + columns] for start in range(0, len(arrays), columns)]


def reference(option: Option) -> str:
    """Return of whom and when the shares are and how they are drawn; without any share, that none is known."""
    if isinstance(good_of(option), Unknown) and isinstance(worst_harm(option)[2], Unknown):
        return say("icons_class_unknown")
    months = option.followup_months
    unknown = isinstance(months, Unknown)
    time = say("icons_time_unknown") if unknown else say("icons_time", months=show(months, "months").text)
    return " ".join((say("icons_class", time=time), say("icons_caption")))


def harm_name(name: str) -> str:
    """Return a harm's name in words."""
    return capital(quantity(name.replace("-", "_"))[0])
